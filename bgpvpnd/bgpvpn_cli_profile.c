// SPDX-License-Identifier: GPL-2.0-or-later
/* `vpn profile` and its lines, see bgpvpn_cli.h. */
#include <zebra.h>

#include "lib/command.h"
#include "lib/northbound_cli.h"
#include "lib/vty.h"

#include "bgpvpnd/base/limits.h"
#include "bgpvpnd/bgpvpn_cli.h"
#include "bgpvpnd/bgpvpn_nb.h"
#include "bgpvpnd/bgpvpn_nodes.h"

#ifndef VTYSH_EXTRACT_PL
#include "bgpvpnd/bgpvpn_cli_profile_clippy.c"
#endif

#define PROFILE_STR "Parameters that tunnels share\nName of the profile\n"

/* --- vpn profile ----------------------------------------------------------------------------------------- */

DEFPY_YANG_NOSH(vpn_profile, vpn_profile_cmd,
		"vpn profile WORD$name",
		VPN_STR
		PROFILE_STR)
{
	return vpn_cli_enter(vty, "profile", name, VPN_PROFILE_NODE);
}

DEFPY_YANG(no_vpn_profile, no_vpn_profile_cmd,
	   "no vpn profile WORD$name",
	   NO_STR
	   VPN_STR
	   PROFILE_STR)
{
	return vpn_cli_leave_and_remove(vty, "profile", name);
}

void vpn_profile_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, "vpn profile %s\n", yang_dnode_get_string(dnode, "./name"));
}

static int set_proposals(struct vty *vty, const char *leaf, struct cmd_token **argv, int argc)
{
	char *text = argv_concat(argv, argc, 2);
	int result = CMD_WARNING_CONFIG_FAILED;

	if (vpn_cli_length_ok(vty, text, 1023))
		result = vpn_cli_set_or_default(vty, leaf, false, text);
	XFREE(MTYPE_TMP, text);
	return result;
}

#define IKE_STR "The IKE SA\n"
#define ESP_STR "The ESP SAs\n"

DEFPY_YANG(ike_proposal, ike_proposal_cmd,
	   "ike proposal WORD...",
	   IKE_STR
	   "Proposals in order of preference (default aes256gcm16-prfsha384-ecp384 aes128gcm16-prfsha256-curve25519 aes256-sha256-modp2048)\n"
	   "Algorithms joined by dashes (strongSwan's spelling)\n")
{
	return set_proposals(vty, "./ike/proposals", argv, argc);
}

DEFPY_YANG(no_ike_proposal, no_ike_proposal_cmd,
	   "no ike proposal",
	   NO_STR
	   IKE_STR
	   "Proposals in order of preference\n")
{
	return vpn_cli_set_or_default(vty, "./ike/proposals", true, NULL);
}
ALIAS_YANG(no_ike_proposal, no_ike_proposal_words_cmd, "no ike proposal WORD...",
	   NO_STR IKE_STR "Proposals in order of preference\n"
			  "Algorithms joined by dashes (strongSwan's spelling)\n")

void vpn_ike_proposals_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " ike proposal %s\n", yang_dnode_get_string(dnode, NULL));
}

DEFPY_YANG(ike_lifetime, ike_lifetime_cmd,
	   "[no] ike lifetime ![(10-604800)$seconds]",
	   NO_STR
	   IKE_STR
	   "Lifetime\n"
	   "Seconds (default 28800)\n")
{
	return vpn_cli_set_or_default(vty, "./ike/lifetime", !!no, seconds_str);
}

void vpn_ike_lifetime_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " ike lifetime %s\n", yang_dnode_get_string(dnode, NULL));
}

DEFPY_YANG(esp_proposal, esp_proposal_cmd,
	   "esp proposal WORD...",
	   ESP_STR
	   "Proposals in order of preference (default aes256gcm16 aes128gcm16 aes256-sha256)\n"
	   "Algorithms joined by dashes (strongSwan's spelling)\n")
{
	return set_proposals(vty, "./esp/proposals", argv, argc);
}

DEFPY_YANG(no_esp_proposal, no_esp_proposal_cmd,
	   "no esp proposal",
	   NO_STR
	   ESP_STR
	   "Proposals in order of preference\n")
{
	return vpn_cli_set_or_default(vty, "./esp/proposals", true, NULL);
}
ALIAS_YANG(no_esp_proposal, no_esp_proposal_words_cmd, "no esp proposal WORD...",
	   NO_STR ESP_STR "Proposals in order of preference\n"
			  "Algorithms joined by dashes (strongSwan's spelling)\n")

void vpn_esp_proposals_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " esp proposal %s\n", yang_dnode_get_string(dnode, NULL));
}

#define ESP_LIMITS_CMD "[{bytes (1000000-1000000000000000)|packets (1000-1000000000000000)}]"
#define ESP_LIMITS_STR                                                                                       \
	"After so many bytes too\n"                                                                          \
	"Bytes of inner packets, in each direction (default: no limit)\n"                                    \
	"After so many packets too\n"                                                                        \
	"Packets, in each direction (default: no limit)\n"

/* One line says all of it: a limit that it does not name is taken off. */
static int set_esp_lifetime(struct vty *vty, const char *seconds, const char *bytes, const char *packets)
{
	nb_cli_enqueue_change(vty, "./esp/lifetime", NB_OP_MODIFY, seconds);
	nb_cli_enqueue_change(vty, "./esp/lifetime-bytes", bytes ? NB_OP_MODIFY : NB_OP_DESTROY, bytes);
	nb_cli_enqueue_change(vty, "./esp/lifetime-packets", packets ? NB_OP_MODIFY : NB_OP_DESTROY, packets);
	return vpn_cli_commit(vty);
}

DEFPY_YANG(esp_lifetime, esp_lifetime_cmd,
	   "esp lifetime (10-604800)$seconds " ESP_LIMITS_CMD,
	   ESP_STR
	   "Lifetime\n"
	   "Seconds (default 3600)\n"
	   ESP_LIMITS_STR)
{
	return set_esp_lifetime(vty, seconds_str, bytes_str, packets_str);
}

DEFPY_YANG(no_esp_lifetime, no_esp_lifetime_cmd,
	   "no esp lifetime [(10-604800)$seconds " ESP_LIMITS_CMD "]",
	   NO_STR
	   ESP_STR
	   "Lifetime\n"
	   "Seconds\n"
	   ESP_LIMITS_STR)
{
	return set_esp_lifetime(vty, NULL, NULL, NULL);
}

/* The line stands for all of its leaves: it is printed by their container. */
void vpn_esp_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	bool bytes = yang_dnode_exists(dnode, "./lifetime-bytes");
	bool packets = yang_dnode_exists(dnode, "./lifetime-packets");

	if (!defaults && !bytes && !packets && yang_dnode_is_default(dnode, "./lifetime"))
		return;
	vty_out(vty, " esp lifetime %s", yang_dnode_get_string(dnode, "./lifetime"));
	if (bytes)
		vty_out(vty, " bytes %s", yang_dnode_get_string(dnode, "./lifetime-bytes"));
	if (packets)
		vty_out(vty, " packets %s", yang_dnode_get_string(dnode, "./lifetime-packets"));
	vty_out(vty, "\n");
}

DEFPY_YANG(esp_replay_window, esp_replay_window_cmd,
	   "[no] esp replay-window ![(0-4096)$packets]",
	   NO_STR
	   ESP_STR
	   "Anti-replay window\n"
	   "Packets (default 1024); 0 switches the check off\n")
{
	return vpn_cli_set_or_default(vty, "./esp/replay-window", !!no, packets_str);
}

void vpn_replay_window_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " esp replay-window %s\n", yang_dnode_get_string(dnode, NULL));
}

#define LIVENESS_STR "How a dead peer or path is noticed\n"

DEFPY_YANG(liveness_interval, liveness_interval_cmd,
	   "[no] liveness interval ![(1-3600)$seconds]",
	   NO_STR
	   LIVENESS_STR
	   "How often an idle peer is asked for a sign of life\n"
	   "Seconds (default 10)\n")
{
	return vpn_cli_set_or_default(vty, "./liveness/interval", !!no, seconds_str);
}

void vpn_liveness_interval_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " liveness interval %s\n", yang_dnode_get_string(dnode, NULL));
}

DEFPY_YANG(liveness_detect, liveness_detect_cmd,
	   "[no] liveness detect ![(50-60000)$milliseconds]",
	   NO_STR
	   LIVENESS_STR
	   "Upper bound of the time until a silent path is declared dead\n"
	   "Milliseconds (default 1000)\n")
{
	return vpn_cli_set_or_default(vty, "./liveness/detect", !!no, milliseconds_str);
}

void vpn_liveness_detect_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " liveness detect %s\n", yang_dnode_get_string(dnode, NULL));
}

DEFPY_YANG(nat_traversal, nat_traversal_cmd,
	   "[no] nat-traversal ![<auto|force>$mode]",
	   NO_STR
	   "ESP in UDP\n"
	   "Where a NAT is found or the data plane wants it (default)\n"
	   "Always; the peer is made to do it too\n")
{
	return vpn_cli_set_or_default(vty, "./nat-traversal", !!no, mode);
}

void vpn_nat_traversal_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " nat-traversal %s\n", yang_dnode_get_string(dnode, NULL));
}

DEFPY_YANG(fragmentation, fragmentation_cmd,
	   "[no] fragmentation ![<off|(576-65535)>$size]",
	   NO_STR
	   "IKE messages that are too large for one datagram are sent in fragments of their own\n"
	   "Never; IP fragments them\n"
	   "Bytes of the largest IP datagram (default 1280)\n")
{
	return vpn_cli_set_or_default(vty, "./fragmentation", !!no, size);
}

void vpn_fragmentation_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " fragmentation %s\n", yang_dnode_get_string(dnode, NULL));
}

/* --- nodes ----------------------------------------------------------------------------------------------- */

void bgpvpn_cli_profile_init(void)
{
	install_element(CONFIG_NODE, &vpn_profile_cmd);
	install_element(CONFIG_NODE, &no_vpn_profile_cmd);
	install_element(VPN_PROFILE_NODE, &ike_proposal_cmd);
	install_element(VPN_PROFILE_NODE, &no_ike_proposal_cmd);
	install_element(VPN_PROFILE_NODE, &no_ike_proposal_words_cmd);
	install_element(VPN_PROFILE_NODE, &ike_lifetime_cmd);
	install_element(VPN_PROFILE_NODE, &esp_proposal_cmd);
	install_element(VPN_PROFILE_NODE, &no_esp_proposal_cmd);
	install_element(VPN_PROFILE_NODE, &no_esp_proposal_words_cmd);
	install_element(VPN_PROFILE_NODE, &esp_lifetime_cmd);
	install_element(VPN_PROFILE_NODE, &no_esp_lifetime_cmd);
	install_element(VPN_PROFILE_NODE, &esp_replay_window_cmd);
	install_element(VPN_PROFILE_NODE, &liveness_interval_cmd);
	install_element(VPN_PROFILE_NODE, &liveness_detect_cmd);
	install_element(VPN_PROFILE_NODE, &nat_traversal_cmd);
	install_element(VPN_PROFILE_NODE, &fragmentation_cmd);
}
