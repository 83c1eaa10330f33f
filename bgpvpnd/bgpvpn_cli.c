// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration language: commands that edit the YANG tree, and the lines that the tree is printed as.
 *
 * Every command commits at once (nb_cli_apply_changes_clear_pending): FRR would otherwise join the lines of
 * a file into one transaction, and one bad line would cost them all.
 */
#include <zebra.h>

#include "lib/command.h"
#include "lib/debug.h"
#include "lib/northbound_cli.h"
#include "lib/vty.h"

#include "bgpvpnd/base/limits.h"
#include "bgpvpnd/bgpvpn_nb.h"
#include "bgpvpnd/bgpvpn_nodes.h"
#include "bgpvpnd/bgpvpn_show.h"

#ifndef VTYSH_EXTRACT_PL
#include "bgpvpnd/bgpvpn_cli_clippy.c"
#endif

#define VPN_STR	    "Site-to-site tunnels\n"
#define PROFILE_STR "Parameters that tunnels share\nName of the profile\n"
#define TUNNEL_STR  "A tunnel\nName of the tunnel\n"

/* --- editing --------------------------------------------------------------------------------------------- */

static int commit(struct vty *vty)
{
	return nb_cli_apply_changes_clear_pending(vty, NULL);
}

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
	result = commit(vty);
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

/* A leaf with a default; `no` gives the default back. */
static int set_or_default(struct vty *vty, const char *leaf, bool no, const char *value)
{
	nb_cli_enqueue_change(vty, leaf, NB_OP_MODIFY, no ? NULL : value);
	return commit(vty);
}

/* A leaf without one. */
static int set_or_remove(struct vty *vty, const char *leaf, bool no, const char *value)
{
	if (no)
		nb_cli_enqueue_change(vty, leaf, NB_OP_DESTROY, NULL);
	else
		nb_cli_enqueue_change(vty, leaf, NB_OP_MODIFY, value);
	return commit(vty);
}

/* libyang's own refusal of a value that is too long is no error to FRR's CLI: refuse before it. */
static bool length_ok(struct vty *vty, const char *value, size_t max)
{
	if (strlen(value) <= max)
		return true;
	vty_out(vty, "%% Longer than %zu characters\n", max);
	return false;
}

static int set_proposals(struct vty *vty, const char *leaf, struct cmd_token **argv, int argc)
{
	char *text = argv_concat(argv, argc, 2);
	int result = CMD_WARNING_CONFIG_FAILED;

	if (length_ok(vty, text, 1023))
		result = set_or_default(vty, leaf, false, text);
	XFREE(MTYPE_TMP, text);
	return result;
}

/* Names go into XPaths: what YANG would refuse is refused before. */
static bool name_ok(struct vty *vty, const char *name)
{
	size_t len = strlen(name);

	if (len <= LIMIT_NAME && isalnum((unsigned char)name[0]) &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len)
		return true;
	vty_out(vty,
		"%% A name is 1 to %d letters, digits, '.', '-' and '_', and begins with a letter or a digit\n",
		LIMIT_NAME);
	return false;
}

/*
 * A file goes on with the block of the name that was refused, up to its `exit`. Out here its lines would be
 * logged as unknown, the secret among them, and the `exit` would leave the configuration, for all that
 * follows. So they go to an entry that cannot be: no name begins with a dash.
 */
static int refuse_block(struct vty *vty, const char *list, enum node_type node)
{
	char xpath[XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath), "/frr-bgpvpn:vpn/%s[name='-']", list);
	if (vty->type == VTY_FILE)
		VTY_PUSH_XPATH(node, xpath);
	return CMD_WARNING_CONFIG_FAILED;
}

static int enter(struct vty *vty, const char *list, const char *name, enum node_type node)
{
	char xpath[XPATH_MAXLEN];
	int result;

	if (!name_ok(vty, name))
		return refuse_block(vty, list, node);
	snprintf(xpath, sizeof(xpath), "/frr-bgpvpn:vpn/%s[name='%s']", list, name);
	nb_cli_enqueue_change(vty, xpath, NB_OP_CREATE, NULL);
	result = commit(vty);
	if (result == CMD_SUCCESS)
		VTY_PUSH_XPATH(node, xpath);
	return result;
}

static int leave_and_remove(struct vty *vty, const char *list, const char *name)
{
	char xpath[XPATH_MAXLEN];

	if (!name_ok(vty, name))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "/frr-bgpvpn:vpn/%s[name='%s']", list, name);
	nb_cli_enqueue_change(vty, xpath, NB_OP_DESTROY, NULL);
	return commit(vty);
}

/* --- vpn profile ----------------------------------------------------------------------------------------- */

DEFPY_YANG_NOSH(vpn_profile, vpn_profile_cmd,
		"vpn profile WORD$name",
		VPN_STR
		PROFILE_STR)
{
	return enter(vty, "profile", name, VPN_PROFILE_NODE);
}

DEFPY_YANG(no_vpn_profile, no_vpn_profile_cmd,
	   "no vpn profile WORD$name",
	   NO_STR
	   VPN_STR
	   PROFILE_STR)
{
	return leave_and_remove(vty, "profile", name);
}

void vpn_profile_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, "vpn profile %s\n", yang_dnode_get_string(dnode, "./name"));
}

void vpn_block_show_end(struct vty *vty, const struct lyd_node *dnode)
{
	vty_out(vty, "exit\n!\n");
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
	return set_or_default(vty, "./ike/proposals", true, NULL);
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
	return set_or_default(vty, "./ike/lifetime", !!no, seconds_str);
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
	return set_or_default(vty, "./esp/proposals", true, NULL);
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
	return commit(vty);
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
	return set_or_default(vty, "./esp/replay-window", !!no, packets_str);
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
	return set_or_default(vty, "./liveness/interval", !!no, seconds_str);
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
	return set_or_default(vty, "./liveness/detect", !!no, milliseconds_str);
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
	return set_or_default(vty, "./nat-traversal", !!no, mode);
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
	return set_or_default(vty, "./fragmentation", !!no, size);
}

void vpn_fragmentation_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " fragmentation %s\n", yang_dnode_get_string(dnode, NULL));
}

/* --- vpn tunnel ------------------------------------------------------------------------------------------ */

DEFPY_YANG_NOSH(vpn_tunnel, vpn_tunnel_cmd,
		"vpn tunnel WORD$name",
		VPN_STR
		TUNNEL_STR)
{
	return enter(vty, "tunnel", name, VPN_TUNNEL_NODE);
}

DEFPY_YANG(no_vpn_tunnel, no_vpn_tunnel_cmd,
	   "no vpn tunnel WORD$name",
	   NO_STR
	   VPN_STR
	   TUNNEL_STR)
{
	return leave_and_remove(vty, "tunnel", name);
}

void vpn_tunnel_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, "vpn tunnel %s\n", yang_dnode_get_string(dnode, "./name"));
}

DEFPY_YANG(tunnel_description, tunnel_description_cmd,
	   "description LINE...",
	   "Free text\n"
	   "Up to 255 characters\n")
{
	char *text = argv_concat(argv, argc, 1);
	int result = CMD_WARNING_CONFIG_FAILED;

	if (length_ok(vty, text, 255))
		result = set_or_remove(vty, "./description", false, text);
	XFREE(MTYPE_TMP, text);
	return result;
}

DEFPY_YANG(no_tunnel_description, no_tunnel_description_cmd,
	   "no description",
	   NO_STR
	   "Free text\n")
{
	return set_or_remove(vty, "./description", true, NULL);
}
ALIAS_YANG(no_tunnel_description, no_tunnel_description_line_cmd, "no description LINE...",
	   NO_STR "Free text\n"
		  "Up to 255 characters\n")

void vpn_description_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " description %s\n", yang_dnode_get_string(dnode, NULL));
}

DEFPY_YANG(tunnel_profile, tunnel_profile_cmd,
	   "[no] profile ![WORD$name]",
	   NO_STR
	   "Parameters that tunnels share (default: those of an empty profile)\n"
	   "Name of the profile\n")
{
	if (!no && !name_ok(vty, name))
		return CMD_WARNING_CONFIG_FAILED;
	return set_or_remove(vty, "./profile", !!no, name);
}

void vpn_tunnel_profile_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " profile %s\n", yang_dnode_get_string(dnode, NULL));
}

#define LOCAL_STR  "Our side\n"
#define REMOTE_STR "The peer\n"
#define ID_STR                                                                                               \
	"Identity (default: the address)\n"                                                                  \
	"IPv4 or IPv6 address\n"                                                                             \
	"Domain name\n"                                                                                      \
	"Mail address\n"                                                                                     \
	"Text or 0x with hexadecimal digits\n"                                                               \
	"The identity\n"

DEFPY_YANG(local_address, local_address_cmd,
	   "[no] local address ![<A.B.C.D|X:X::X:X>$address]",
	   NO_STR
	   LOCAL_STR
	   "Address that IKE and ESP are sent from (default: what the routing table chooses)\n"
	   "IPv4 address\n"
	   "IPv6 address\n")
{
	return set_or_remove(vty, "./local/address", !!no, address_str);
}

void vpn_local_address_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " local address %s\n", yang_dnode_get_string(dnode, NULL));
}

static int set_id(struct vty *vty, bool no, const char *kind_leaf, const char *kind, const char *value_leaf,
		  const char *value)
{
	enum nb_operation op = no ? NB_OP_DESTROY : NB_OP_MODIFY;

	if (!no && !length_ok(vty, value, 512))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_enqueue_change(vty, kind_leaf, op, kind);
	nb_cli_enqueue_change(vty, value_leaf, op, value);
	return commit(vty);
}

DEFPY_YANG(local_id, local_id_cmd,
	   "[no] local id ![<address|fqdn|email|key-id>$kind WORD$value]",
	   NO_STR
	   LOCAL_STR
	   ID_STR)
{
	return set_id(vty, !!no, "./local/id/kind", kind, "./local/id/value", value);
}

#define ID_DN_STR                                                                                            \
	"Identity (default: the address)\n"                                                                  \
	"Distinguished name\n"                                                                               \
	"Written like C=CH, O=Example, CN=vpn.example.org\n"

static int set_dn(struct vty *vty, const char *kind_leaf, const char *value_leaf, struct cmd_token **argv,
		  int argc)
{
	char *value = argv_concat(argv, argc, 3);
	int result = set_id(vty, false, kind_leaf, "dn", value_leaf, value);

	XFREE(MTYPE_TMP, value);
	return result;
}

DEFPY_YANG(local_id_dn, local_id_dn_cmd,
	   "local id dn LINE...",
	   LOCAL_STR
	   ID_DN_STR)
{
	return set_dn(vty, "./local/id/kind", "./local/id/value", argv, argc);
}

DEFPY_YANG(remote_id_dn, remote_id_dn_cmd,
	   "remote id dn LINE...",
	   REMOTE_STR
	   ID_DN_STR)
{
	return set_dn(vty, "./remote/id/kind", "./remote/id/value", argv, argc);
}

DEFPY_YANG(no_id_dn, no_id_dn_cmd,
	   "no <local$local|remote> id dn LINE...",
	   NO_STR
	   LOCAL_STR
	   REMOTE_STR
	   ID_DN_STR)
{
	return local ? set_id(vty, true, "./local/id/kind", NULL, "./local/id/value", NULL)
		     : set_id(vty, true, "./remote/id/kind", NULL, "./remote/id/value", NULL);
}

static void show_id(struct vty *vty, const struct lyd_node *id, const char *side)
{
	if (yang_dnode_exists(id, "./kind") && yang_dnode_exists(id, "./value"))
		vty_out(vty, " %s id %s %s\n", side, yang_dnode_get_string(id, "./kind"),
			yang_dnode_get_string(id, "./value"));
}

void vpn_local_id_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	show_id(vty, dnode, "local");
}

DEFPY_YANG(remote_address, remote_address_cmd,
	   "[no] remote address ![<A.B.C.D|X:X::X:X|any>$address]",
	   NO_STR
	   REMOTE_STR
	   "Its address\n"
	   "IPv4 address\n"
	   "IPv6 address\n"
	   "Whoever proves the remote identity; only answers\n")
{
	return set_or_remove(vty, "./remote/address", !!no, address);
}

void vpn_remote_address_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " remote address %s\n", yang_dnode_get_string(dnode, NULL));
}

DEFPY_YANG(remote_id, remote_id_cmd,
	   "[no] remote id ![<address|fqdn|email|key-id>$kind WORD$value]",
	   NO_STR
	   REMOTE_STR
	   ID_STR)
{
	return set_id(vty, !!no, "./remote/id/kind", kind, "./remote/id/value", value);
}

void vpn_remote_id_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	show_id(vty, dnode, "remote");
}

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
	return length_ok(vty, id, LIMIT_PPK_ID);
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
	return commit(vty);
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

DEFPY_YANG(tunnel_interface, tunnel_interface_cmd,
	   "interface WORD$name [kind tun$kind]",
	   "The tunnel interface; bgpvpnd makes it\n"
	   "Name of the interface (up to 15 characters)\n"
	   "Kind of interface (default: the one of the data plane)\n"
	   "TUN (ESP in user space)\n")
{
	if (!length_ok(vty, name, 15))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_enqueue_change(vty, "./interface/name", NB_OP_MODIFY, name);
	nb_cli_enqueue_change(vty, "./interface/kind", kind ? NB_OP_MODIFY : NB_OP_DESTROY, kind);
	return commit(vty);
}

DEFPY_YANG(no_tunnel_interface, no_tunnel_interface_cmd,
	   "no interface [WORD [kind tun]]",
	   NO_STR
	   "The tunnel interface; bgpvpnd makes it\n"
	   "Name of the interface\n"
	   "Kind of interface\n"
	   "TUN (ESP in user space)\n")
{
	nb_cli_enqueue_change(vty, "./interface/name", NB_OP_DESTROY, NULL);
	nb_cli_enqueue_change(vty, "./interface/kind", NB_OP_DESTROY, NULL);
	return commit(vty);
}

void vpn_interface_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	if (!yang_dnode_exists(dnode, "./name"))
		return;
	vty_out(vty, " interface %s", yang_dnode_get_string(dnode, "./name"));
	if (yang_dnode_exists(dnode, "./kind"))
		vty_out(vty, " kind %s", yang_dnode_get_string(dnode, "./kind"));
	vty_out(vty, "\n");
}

DEFPY_YANG(inside_address, inside_address_cmd,
	   "[no] inside address <A.B.C.D/M|X:X::X:X/M>$prefix",
	   NO_STR
	   "Inside of the tunnel\n"
	   "Address of the interface (up to four)\n"
	   "IPv4 address and prefix length\n"
	   "IPv6 address and prefix length\n")
{
	nb_cli_enqueue_change(vty, "./inside-address", no ? NB_OP_DESTROY : NB_OP_CREATE, prefix_str);
	return commit(vty);
}

void vpn_inside_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " inside address %s\n", yang_dnode_get_string(dnode, NULL));
}

DEFPY_YANG(tunnel_initiate, tunnel_initiate_cmd,
	   "[no] initiate ![<always|never>$when]",
	   NO_STR
	   "Whether we begin\n"
	   "At once and again whenever there is no IKE SA (default)\n"
	   "Only answer\n")
{
	return set_or_default(vty, "./initiate", !!no, when);
}

void vpn_initiate_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " initiate %s\n", yang_dnode_get_string(dnode, NULL));
}

DEFPY_YANG(tunnel_mobike, tunnel_mobike_cmd,
	   "[no] mobike",
	   NO_STR
	   "Go on when an outer address changes, where the peer does so too (default: not)\n")
{
	return set_or_default(vty, "./mobike", false, no ? "false" : "true");
}

void vpn_mobike_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " %smobike\n", yang_dnode_get_bool(dnode, NULL) ? "" : "no ");
}

DEFPY_YANG(tunnel_mtu, tunnel_mtu_cmd,
	   "[no] mtu ![<auto|(576-9000)>$bytes]",
	   NO_STR
	   "MTU of the interface\n"
	   "1500 less what the negotiated algorithms need (default)\n"
	   "Bytes\n")
{
	return set_or_remove(vty, "./mtu", no || strmatch(bytes, "auto"), bytes);
}

void vpn_mtu_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " mtu %s\n", yang_dnode_get_string(dnode, NULL));
}

DEFPY_YANG(tunnel_tcp_mss, tunnel_tcp_mss_cmd,
	   "[no] tcp-mss ![<auto|off|(400-8960)>$mss]",
	   NO_STR
	   "Upper bound written into TCP SYNs\n"
	   "What fits the MTU (default)\n"
	   "Leave SYNs alone\n"
	   "Bytes\n")
{
	return set_or_remove(vty, "./tcp-mss", no || strmatch(mss, "auto"), mss);
}

void vpn_tcp_mss_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " tcp-mss %s\n", yang_dnode_get_string(dnode, NULL));
}

DEFPY_YANG(link_hold_up, link_hold_up_cmd,
	   "[no] link hold-up ![(0-60000)$milliseconds]",
	   NO_STR
	   "Link state of the interface\n"
	   "How long the link stays down at least after it went down\n"
	   "Milliseconds (default 1000)\n")
{
	return set_or_default(vty, "./link/hold-up", !!no, milliseconds_str);
}

void vpn_hold_up_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " link hold-up %s\n", yang_dnode_get_string(dnode, NULL));
}

DEFPY_YANG(tunnel_shutdown, tunnel_shutdown_cmd,
	   "[no] shutdown",
	   NO_STR
	   "Close the tunnel and keep it closed (default: not)\n")
{
	return set_or_default(vty, "./shutdown", false, no ? "false" : "true");
}

void vpn_shutdown_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " %sshutdown\n", yang_dnode_get_bool(dnode, NULL) ? "" : "no ");
}

/* --- nodes ----------------------------------------------------------------------------------------------- */

/* Profiles before the tunnels that name them. */
static int write_list(struct vty *vty, const char *list)
{
	const struct lyd_node *vpn = yang_dnode_get(running_config->dnode, "/frr-bgpvpn:vpn"), *child;
	int blocks = 0;

	if (!vpn)
		return 0;
	LY_LIST_FOR(lyd_child(vpn), child)
	{
		if (!strmatch(child->schema->name, list))
			continue;
		nb_cli_show_dnode_cmds(vty, child, false);
		blocks++;
	}
	return blocks;
}

static int profile_config_write(struct vty *vty)
{
	return write_list(vty, "profile");
}

static int tunnel_config_write(struct vty *vty)
{
	return write_list(vty, "tunnel");
}

static struct cmd_node profile_node = {
	.name = "vpn profile",
	.parent_node = CONFIG_NODE,
	.prompt = "%s(config-vpn-profile)# ",
	.config_write = profile_config_write,
};

static struct cmd_node tunnel_node = {
	.name = "vpn tunnel",
	.parent_node = CONFIG_NODE,
	.prompt = "%s(config-vpn-tunnel)# ",
	.config_write = tunnel_config_write,
};

static void install_profile(void)
{
	profile_node.node = VPN_PROFILE_NODE;
	install_node(&profile_node);
	install_default(VPN_PROFILE_NODE);
	install_element(VPN_PROFILE_NODE, &profile_pre_shared_key_cmd);
	install_element(VPN_PROFILE_NODE, &ppk_wrong_cmd);
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

static void install_tunnel(void)
{
	tunnel_node.node = VPN_TUNNEL_NODE;
	install_node(&tunnel_node);
	install_default(VPN_TUNNEL_NODE);
	install_element(CONFIG_NODE, &vpn_tunnel_cmd);
	install_element(CONFIG_NODE, &no_vpn_tunnel_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_description_cmd);
	install_element(VPN_TUNNEL_NODE, &no_tunnel_description_cmd);
	install_element(VPN_TUNNEL_NODE, &no_tunnel_description_line_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_profile_cmd);
	install_element(VPN_TUNNEL_NODE, &local_address_cmd);
	install_element(VPN_TUNNEL_NODE, &local_id_cmd);
	install_element(VPN_TUNNEL_NODE, &local_id_dn_cmd);
	install_element(VPN_TUNNEL_NODE, &remote_id_dn_cmd);
	install_element(VPN_TUNNEL_NODE, &no_id_dn_cmd);
	install_element(VPN_TUNNEL_NODE, &remote_address_cmd);
	install_element(VPN_TUNNEL_NODE, &remote_id_cmd);
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
	install_element(VPN_TUNNEL_NODE, &tunnel_interface_cmd);
	install_element(VPN_TUNNEL_NODE, &no_tunnel_interface_cmd);
	install_element(VPN_TUNNEL_NODE, &inside_address_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_initiate_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_mobike_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_mtu_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_tcp_mss_cmd);
	install_element(VPN_TUNNEL_NODE, &link_hold_up_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_shutdown_cmd);
}

void bgpvpn_cli_init(void)
{
	install_profile();
	install_tunnel();
}
