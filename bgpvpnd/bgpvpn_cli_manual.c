// SPDX-License-Identifier: GPL-2.0-or-later
/* `manual-sa`: ESP SAs with keys by hand, see bgpvpn_cli.h. */
#include <zebra.h>

#include "lib/command.h"
#include "lib/northbound_cli.h"
#include "lib/vty.h"

#include "bgpvpnd/bgpvpn_cli.h"
#include "bgpvpnd/bgpvpn_nb.h"
#include "bgpvpnd/bgpvpn_nodes.h"

#ifndef VTYSH_EXTRACT_PL
#include "bgpvpnd/bgpvpn_cli_manual_clippy.c"
#endif

#define MANUAL_STR "ESP SAs with keys by hand, without IKE\n"
#define ALGORITHM_STR                                                                                        \
	"Encryption and integrity\n"                                                                         \
	"AES-CBC and HMAC-SHA-256-128 (keys of 16 and 32 bytes)\n"                                           \
	"AES-CBC and HMAC-SHA-256-128 (keys of 32 and 32 bytes)\n"                                           \
	"AES-CBC and HMAC-SHA-384-192 (keys of 32 and 48 bytes)\n"                                           \
	"AES-CBC and HMAC-SHA-512-256 (keys of 32 and 64 bytes)\n"                                           \
	"AES-CBC and HMAC-SHA-1-96 (keys of 16 and 20 bytes)\n"                                              \
	"AES-CBC and HMAC-SHA-1-96 (keys of 32 and 20 bytes)\n"

DEFPY_YANG(manual_algorithm, manual_algorithm_cmd,
	   "manual-sa algorithm <aes128-sha256|aes256-sha256|aes256-sha384|aes256-sha512|aes128-sha1|aes256-sha1>$algorithm",
	   MANUAL_STR
	   ALGORITHM_STR)
{
	return vpn_cli_set_or_remove(vty, "./manual-sa/algorithm", false, algorithm);
}

static bool has_counter(const char *algorithm)
{
	return strstr(algorithm, "gcm") || strstr(algorithm, "ccm") || strstr(algorithm, "ctr") ||
	       strstr(algorithm, "chacha20");
}

DEFPY_HIDDEN(manual_algorithm_other, manual_algorithm_other_cmd, "manual-sa algorithm WORD$algorithm",
	     MANUAL_STR
	     "Encryption and integrity\n"
	     "Another one: refused\n")
{
	if (has_counter(algorithm))
		vty_out(vty,
			"%% %s: no manual keys with counter modes (RFC 8221 3): a counter that begins again gives both texts away\n",
			algorithm);
	else
		vty_out(vty, "%% %s is none of the algorithms: aes128, aes256 with sha1 and sha256, aes256 with sha384 and sha512\n",
			algorithm);
	return CMD_WARNING_CONFIG_FAILED;
}

#define HALF_STR                                                                                             \
	"What the peer sends with\n"                                                                         \
	"What we send with\n"
#define HALF_REST_STR                                                                                        \
	"Its SPI\n"                                                                                          \
	"The number\n"                                                                                       \
	"Its keys\n"                                                                                         \
	"Read them from a file that only user frr can read\n"                                                \
	"Absolute path; in it 0x<encryption key> 0x<integrity key> in hexadecimal digits\n"

static int set_half(struct vty *vty, const char *side, const char *spi, const char *path)
{
	char xpath[XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath), "./manual-sa/%s/spi", side);
	nb_cli_enqueue_change(vty, xpath, spi ? NB_OP_MODIFY : NB_OP_DESTROY, spi);
	snprintf(xpath, sizeof(xpath), "./manual-sa/%s/key-file", side);
	nb_cli_enqueue_change(vty, xpath, path ? NB_OP_MODIFY : NB_OP_DESTROY, path);
	return vpn_cli_commit(vty);
}

DEFPY_YANG(manual_half, manual_half_cmd,
	   "manual-sa <in|out>$side spi (256-4294967295)$spi key file PATH$path",
	   MANUAL_STR
	   HALF_STR
	   HALF_REST_STR)
{
	if (path[0] != '/') {
		vty_out(vty, "%% %s is not an absolute path\n", path);
		return CMD_WARNING_CONFIG_FAILED;
	}
	return set_half(vty, side, spi_str, path);
}

DEFPY_YANG(no_manual_half, no_manual_half_cmd,
	   "no manual-sa <in|out>$side [spi (256-4294967295) key file PATH]",
	   NO_STR
	   MANUAL_STR
	   HALF_STR
	   HALF_REST_STR)
{
	return set_half(vty, side, NULL, NULL);
}

DEFPY_YANG(no_manual_algorithm, no_manual_algorithm_cmd,
	   "no manual-sa algorithm [<aes128-sha256|aes256-sha256|aes256-sha384|aes256-sha512|aes128-sha1|aes256-sha1>]",
	   NO_STR
	   MANUAL_STR
	   ALGORITHM_STR)
{
	return vpn_cli_set_or_remove(vty, "./manual-sa/algorithm", true, NULL);
}

DEFPY_YANG(no_manual, no_manual_cmd,
	   "no manual-sa",
	   NO_STR
	   MANUAL_STR)
{
	nb_cli_enqueue_change(vty, "./manual-sa/algorithm", NB_OP_DESTROY, NULL);
	nb_cli_enqueue_change(vty, "./manual-sa/in/spi", NB_OP_DESTROY, NULL);
	nb_cli_enqueue_change(vty, "./manual-sa/in/key-file", NB_OP_DESTROY, NULL);
	return set_half(vty, "out", NULL, NULL);
}

static void show_half(struct vty *vty, const struct lyd_node *dnode, const char *side)
{
	if (yang_dnode_existsf(dnode, "./%s/spi", side) && yang_dnode_existsf(dnode, "./%s/key-file", side))
		vty_out(vty, " manual-sa %s spi %s key file %s\n", side, yang_dnode_get_string(dnode, "./%s/spi", side),
			yang_dnode_get_string(dnode, "./%s/key-file", side));
}

void vpn_manual_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	if (yang_dnode_exists(dnode, "./algorithm"))
		vty_out(vty, " manual-sa algorithm %s\n", yang_dnode_get_string(dnode, "./algorithm"));
	show_half(vty, dnode, "in");
	show_half(vty, dnode, "out");
}

void bgpvpn_cli_manual_init(void)
{
	install_element(VPN_TUNNEL_NODE, &manual_algorithm_cmd);
	install_element(VPN_TUNNEL_NODE, &manual_algorithm_other_cmd);
	install_element(VPN_TUNNEL_NODE, &manual_half_cmd);
	install_element(VPN_TUNNEL_NODE, &no_manual_half_cmd);
	install_element(VPN_TUNNEL_NODE, &no_manual_algorithm_cmd);
	install_element(VPN_TUNNEL_NODE, &no_manual_cmd);
}
