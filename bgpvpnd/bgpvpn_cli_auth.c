// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a tunnel's ends authenticate: the lines of pre-shared keys and certificates, see bgpvpn_cli.h. What is wrong in a line with a secret
 * must not be readable in a log.
 */
#include <zebra.h>

#include "lib/command.h"
#include "lib/debug.h"
#include "lib/northbound_cli.h"
#include "lib/vty.h"

#include "bgpvpnd/base/limits.h"
#include "bgpvpnd/bgpvpn_cli.h"
#include "bgpvpnd/bgpvpn_nb.h"
#include "bgpvpnd/bgpvpn_nodes.h"

#ifndef VTYSH_EXTRACT_PL
#include "bgpvpnd/bgpvpn_cli_auth_clippy.c"
#endif

/* --- secrets --------------------------------------------------------------------------------------------- */

/*
 * `debug northbound callbacks configuration` prints the value of every leaf that changes: a secret changes
 * while it is off. The other record of what was typed, `log commands`, is FRR's and logs every command of
 * every daemon; bgpd's passwords are in it as well.
 */
static int commit_silently(struct vty *vty)
{
	bool on[2] = {DEBUG_MODE_CHECK(&nb_dbg_cbs_config, DEBUG_MODE_TERM) != 0,
		      DEBUG_MODE_CHECK(&nb_dbg_cbs_config, DEBUG_MODE_CONF) != 0};
	int result;

	DEBUG_MODE_OFF(&nb_dbg_cbs_config, DEBUG_MODE_ALL);
	result = vpn_cli_commit(vty);
	DEBUG_MODE_SET(&nb_dbg_cbs_config, DEBUG_MODE_TERM, on[0]);
	DEBUG_MODE_SET(&nb_dbg_cbs_config, DEBUG_MODE_CONF, on[1]);
	return result;
}

/* libfrr logs a line that a configuration file has wrong, to the letter: this one must not be readable there. */
static int refuse_secret_after(struct vty *vty, size_t keep)
{
	size_t length = strlen(vty->buf);

	if (length > keep)
		memset(vty->buf + keep, '*', length - keep);
	return CMD_WARNING_CONFIG_FAILED;
}

static int refuse_secret(struct vty *vty)
{
	return refuse_secret_after(vty, strcspn(vty->buf, "-"));
}

/* --- pre-shared keys, certificates ----------------------------------------------------------------------- */

DEFPY_YANG(pre_shared_key, pre_shared_key_cmd,
	   "pre-shared-key <file$is_file PATH$path|SECRET$secret>",
	   "Secret that both sides know\n"
	   "Read it from a file that only user frr can read\n"
	   "Absolute path\n"
	   "The secret (1 to 256 bytes without blanks), or 0x and hexadecimal digits\n")
{
	if (is_file && path[0] != '/') {
		vty_out(vty, "%% %s is not an absolute path\n", path);
		return CMD_WARNING_CONFIG_FAILED;
	}
	nb_cli_enqueue_change(vty, is_file ? "./pre-shared-key" : "./pre-shared-key-file", NB_OP_DESTROY,
			      NULL);
	nb_cli_enqueue_change(vty, is_file ? "./pre-shared-key-file" : "./pre-shared-key", NB_OP_MODIFY,
			      is_file ? path : secret);
	return commit_silently(vty) == CMD_SUCCESS ? CMD_SUCCESS : refuse_secret(vty);
}

DEFPY_HIDDEN(pre_shared_key_blank, pre_shared_key_blank_cmd, "pre-shared-key SECRET LINE...",
	     "Secret that both sides know\n"
	     "The secret\n"
	     "More than one word: refused\n")
{
	vty_out(vty,
		"%% A secret is one word without blanks; put another one into a file: pre-shared-key file PATH\n");
	return refuse_secret(vty);
}

DEFPY_HIDDEN(profile_pre_shared_key, profile_pre_shared_key_cmd, "pre-shared-key LINE...",
	     "Secret that both sides know\n"
	     "Refused: a secret belongs to a tunnel\n")
{
	vty_out(vty, "%% A secret belongs to a tunnel, not to a profile\n");
	return refuse_secret(vty);
}

DEFPY_YANG(no_pre_shared_key, no_pre_shared_key_cmd,
	   "no pre-shared-key [<file PATH|SECRET>]",
	   NO_STR
	   "Secret that both sides know\n"
	   "Read it from a file that only user frr can read\n"
	   "Absolute path\n"
	   "The secret\n")
{
	nb_cli_enqueue_change(vty, "./pre-shared-key", NB_OP_DESTROY, NULL);
	nb_cli_enqueue_change(vty, "./pre-shared-key-file", NB_OP_DESTROY, NULL);
	return commit_silently(vty);
}

void vpn_secret_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " pre-shared-key %s\n", yang_dnode_get_string(dnode, NULL));
}

void vpn_secret_file_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " pre-shared-key file %s\n", yang_dnode_get_string(dnode, NULL));
}

#define PPK_STR                                                                                              \
	"Post-quantum pre-shared key (RFC 8784)\n"                                                           \
	"Its name at both ends\n"                                                                            \
	"Name (1 to 64 characters)\n"
#define PPK_KEY_STR                                                                                          \
	"The secret itself\n"                                                                                \
	"32 to 256 bytes without blanks\n"                                                                   \
	"Read it from a file that only user frr can read\n"                                                  \
	"Absolute path\n"                                                                                    \
	"No IKE SA without it (default: a peer that has none is taken without)\n"

/* All behind "ppk": secrets stand anywhere in a line that is wrong. */
static int refuse_ppk(struct vty *vty)
{
	return refuse_secret_after(vty, strspn(vty->buf, " ") + strlen("ppk"));
}

static bool ppk_id_ok(struct vty *vty, const char *id)
{
	for (const char *c = id; *c; c++)
		if (!isgraph((unsigned char)*c)) {
			vty_out(vty, "%% The name is in ASCII\n");
			return false;
		}
	return vpn_cli_length_ok(vty, id, LIMIT_PPK_ID);
}

DEFPY_YANG(tunnel_ppk, tunnel_ppk_cmd,
	   "ppk id WORD$id <secret SECRET$secret|file PATH$path> [required$required]",
	   PPK_STR
	   PPK_KEY_STR)
{
	if (!ppk_id_ok(vty, id))
		return refuse_ppk(vty);
	if (path && path[0] != '/') {
		vty_out(vty, "%% %s is not an absolute path\n", path);
		return CMD_WARNING_CONFIG_FAILED;
	}
	nb_cli_enqueue_change(vty, "./ppk/id", NB_OP_MODIFY, id);
	nb_cli_enqueue_change(vty, secret ? "./ppk/file" : "./ppk/secret", NB_OP_DESTROY, NULL);
	nb_cli_enqueue_change(vty, secret ? "./ppk/secret" : "./ppk/file", NB_OP_MODIFY,
			      secret ? secret : path);
	nb_cli_enqueue_change(vty, "./ppk/required", NB_OP_MODIFY, required ? "true" : "false");
	return commit_silently(vty) == CMD_SUCCESS ? CMD_SUCCESS : refuse_ppk(vty);
}

/* Whatever else begins so: libfrr would log it as an unknown command, and the secret may be any word of it. */
DEFPY_HIDDEN(ppk_wrong, ppk_wrong_cmd, "ppk LINE...",
	     "Post-quantum pre-shared key (RFC 8784)\n"
	     "Not understood: refused\n")
{
	vty_out(vty, "%% It is: ppk id NAME <secret SECRET|file PATH> [required], of a tunnel\n");
	return refuse_ppk(vty);
}

DEFPY_HIDDEN(tunnel_ppk_blank, tunnel_ppk_blank_cmd, "ppk id WORD secret SECRET LINE...",
	     PPK_STR
	     "The secret itself\n"
	     "The secret\n"
	     "More than one word: refused\n")
{
	vty_out(vty,
		"%% A secret is one word without blanks; put another one into a file: ppk id NAME file PATH\n");
	return refuse_ppk(vty);
}

DEFPY_YANG(no_tunnel_ppk, no_tunnel_ppk_cmd,
	   "no ppk [id WORD <secret SECRET|file PATH> [required]]",
	   NO_STR
	   PPK_STR
	   PPK_KEY_STR)
{
	nb_cli_enqueue_change(vty, "./ppk/id", NB_OP_DESTROY, NULL);
	nb_cli_enqueue_change(vty, "./ppk/secret", NB_OP_DESTROY, NULL);
	nb_cli_enqueue_change(vty, "./ppk/file", NB_OP_DESTROY, NULL);
	nb_cli_enqueue_change(vty, "./ppk/required", NB_OP_MODIFY, NULL);
	return commit_silently(vty);
}

void vpn_ppk_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	bool file = yang_dnode_exists(dnode, "./file");

	if (!yang_dnode_exists(dnode, "./id") || !(file || yang_dnode_exists(dnode, "./secret")))
		return;
	vty_out(vty, " ppk id %s %s %s%s\n", yang_dnode_get_string(dnode, "./id"), file ? "file" : "secret",
		yang_dnode_get_string(dnode, file ? "./file" : "./secret"),
		yang_dnode_get_bool(dnode, "./required") ? " required" : "");
}

#define CERT_STR                                                                                             \
	"Certificate that we show the peer, instead of the pre-shared key\n"                                 \
	"Absolute path, PEM: ours, then those that lead to the peer's authority\n"                           \
	"Its private key\n"                                                                                  \
	"Absolute path, PEM without a passphrase, readable by user frr only\n"
#define CA_STR                                                                                               \
	"Authorities that the peer's certificate may come from; it must have one then\n"                     \
	"Absolute path, PEM\n"                                                                               \
	"Certificates that the authorities revoked\n"                                                        \
	"Absolute path, PEM\n"

static bool path_ok(struct vty *vty, const char *path)
{
	if (!path || path[0] == '/')
		return true;
	vty_out(vty, "%% %s is not an absolute path\n", path);
	return false;
}

/* NULL removes. */
static void enqueue_path(struct vty *vty, const char *leaf, const char *path)
{
	nb_cli_enqueue_change(vty, leaf, path ? NB_OP_MODIFY : NB_OP_DESTROY, path);
}

static int set_ca(struct vty *vty, const char *ca, const char *crl)
{
	enqueue_path(vty, "./authentication/ca", ca);
	enqueue_path(vty, "./authentication/crl", crl);
	return vpn_cli_commit(vty);
}

DEFPY_YANG(tunnel_certificate, tunnel_certificate_cmd,
	   "certificate PATH$cert private-key PATH$key [ca PATH$ca [crl PATH$crl]]",
	   CERT_STR
	   CA_STR)
{
	if (!path_ok(vty, cert) || !path_ok(vty, key) || !path_ok(vty, ca) || !path_ok(vty, crl))
		return CMD_WARNING_CONFIG_FAILED;
	enqueue_path(vty, "./authentication/certificate", cert);
	enqueue_path(vty, "./authentication/private-key", key);
	return set_ca(vty, ca, crl);
}

DEFPY_YANG(no_tunnel_certificate, no_tunnel_certificate_cmd,
	   "no certificate [PATH private-key PATH [ca PATH [crl PATH]]]",
	   NO_STR
	   CERT_STR
	   CA_STR)
{
	enqueue_path(vty, "./authentication/certificate", NULL);
	enqueue_path(vty, "./authentication/private-key", NULL);
	return set_ca(vty, NULL, NULL);
}

DEFPY_YANG(tunnel_ca, tunnel_ca_cmd,
	   "ca PATH$ca [crl PATH$crl]",
	   CA_STR)
{
	if (!path_ok(vty, ca) || !path_ok(vty, crl))
		return CMD_WARNING_CONFIG_FAILED;
	return set_ca(vty, ca, crl);
}

DEFPY_YANG(no_tunnel_ca, no_tunnel_ca_cmd,
	   "no ca [PATH [crl PATH]]",
	   NO_STR
	   CA_STR)
{
	return set_ca(vty, NULL, NULL);
}

void vpn_authentication_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	bool own = yang_dnode_exists(dnode, "./certificate") && yang_dnode_exists(dnode, "./private-key");
	bool ca = yang_dnode_exists(dnode, "./ca");

	if (own)
		vty_out(vty, " certificate %s private-key %s", yang_dnode_get_string(dnode, "./certificate"),
			yang_dnode_get_string(dnode, "./private-key"));
	if (ca)
		vty_out(vty, " ca %s", yang_dnode_get_string(dnode, "./ca"));
	if (ca && yang_dnode_exists(dnode, "./crl"))
		vty_out(vty, " crl %s", yang_dnode_get_string(dnode, "./crl"));
	if (own || ca)
		vty_out(vty, "\n");
}

DEFPY_YANG(tunnel_rsa_signature, tunnel_rsa_signature_cmd,
	   "[no] rsa-signature ![<pss|pkcs1>$padding]",
	   NO_STR
	   "How an RSA key of ours signs for a peer that does RFC 7427\n"
	   "RSASSA-PSS (default)\n"
	   "RSASSA-PKCS1-v1_5, for a peer that insists on it\n")
{
	return vpn_cli_set_or_default(vty, "./authentication/rsa-signature", !!no, padding);
}

void vpn_rsa_signature_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " rsa-signature %s\n", yang_dnode_get_string(dnode, NULL));
}

/* --- nodes ----------------------------------------------------------------------------------------------- */

void bgpvpn_cli_auth_init(void)
{
	install_element(VPN_PROFILE_NODE, &profile_pre_shared_key_cmd);
	install_element(VPN_PROFILE_NODE, &ppk_wrong_cmd);
	install_element(VPN_TUNNEL_NODE, &pre_shared_key_cmd);
	install_element(VPN_TUNNEL_NODE, &pre_shared_key_blank_cmd);
	install_element(VPN_TUNNEL_NODE, &no_pre_shared_key_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_ppk_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_ppk_blank_cmd);
	install_element(VPN_TUNNEL_NODE, &ppk_wrong_cmd);
	install_element(VPN_TUNNEL_NODE, &no_tunnel_ppk_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_certificate_cmd);
	install_element(VPN_TUNNEL_NODE, &no_tunnel_certificate_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_ca_cmd);
	install_element(VPN_TUNNEL_NODE, &no_tunnel_ca_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_rsa_signature_cmd);
}
