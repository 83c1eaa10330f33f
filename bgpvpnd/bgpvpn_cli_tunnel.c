// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `vpn tunnel` and its lines, less those of authentication (bgpvpn_cli_auth.c) and of what its interface is (bgpvpn_cli_link.c), see
 * bgpvpn_cli.h.
 */
#include <zebra.h>

#include "lib/command.h"
#include "lib/northbound_cli.h"
#include "lib/vty.h"

#include "bgpvpnd/base/limits.h"
#include "bgpvpnd/bgpvpn_cli.h"
#include "bgpvpnd/bgpvpn_nb.h"
#include "bgpvpnd/bgpvpn_nodes.h"

#ifndef VTYSH_EXTRACT_PL
#include "bgpvpnd/bgpvpn_cli_tunnel_clippy.c"
#endif

#define TUNNEL_STR "A tunnel\nName of the tunnel\n"

/* --- vpn tunnel ------------------------------------------------------------------------------------------ */

DEFPY_YANG_NOSH(vpn_tunnel, vpn_tunnel_cmd,
		"vpn tunnel WORD$name",
		VPN_STR
		TUNNEL_STR)
{
	return vpn_cli_enter(vty, "tunnel", name, VPN_TUNNEL_NODE);
}

DEFPY_YANG(no_vpn_tunnel, no_vpn_tunnel_cmd,
	   "no vpn tunnel WORD$name",
	   NO_STR
	   VPN_STR
	   TUNNEL_STR)
{
	return vpn_cli_leave_and_remove(vty, "tunnel", name);
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

	if (vpn_cli_length_ok(vty, text, 255))
		result = vpn_cli_set_or_remove(vty, "./description", false, text);
	XFREE(MTYPE_TMP, text);
	return result;
}

DEFPY_YANG(no_tunnel_description, no_tunnel_description_cmd,
	   "no description",
	   NO_STR
	   "Free text\n")
{
	return vpn_cli_set_or_remove(vty, "./description", true, NULL);
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
	if (!no && !vpn_cli_name_ok(vty, name))
		return CMD_WARNING_CONFIG_FAILED;
	return vpn_cli_set_or_remove(vty, "./profile", !!no, name);
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
	return vpn_cli_set_or_remove(vty, "./local/address", !!no, address_str);
}

void vpn_local_address_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " local address %s\n", yang_dnode_get_string(dnode, NULL));
}

static int set_id(struct vty *vty, bool no, const char *kind_leaf, const char *kind, const char *value_leaf,
		  const char *value)
{
	enum nb_operation op = no ? NB_OP_DESTROY : NB_OP_MODIFY;

	if (!no && !vpn_cli_length_ok(vty, value, 512))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_enqueue_change(vty, kind_leaf, op, kind);
	nb_cli_enqueue_change(vty, value_leaf, op, value);
	return vpn_cli_commit(vty);
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
	   "Whoever proves the remote identity, or everybody who can prove one; only answers\n")
{
	return vpn_cli_set_or_remove(vty, "./remote/address", !!no, address);
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

DEFPY_YANG(inside_address, inside_address_cmd,
	   "[no] inside address <A.B.C.D/M|X:X::X:X/M>$prefix",
	   NO_STR
	   "Inside of the tunnel\n"
	   "Address of the interface (up to four)\n"
	   "IPv4 address and prefix length\n"
	   "IPv6 address and prefix length\n")
{
	nb_cli_enqueue_change(vty, "./inside-address", no ? NB_OP_DESTROY : NB_OP_CREATE, prefix_str);
	return vpn_cli_commit(vty);
}

void vpn_inside_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " inside address %s\n", yang_dnode_get_string(dnode, NULL));
}

DEFPY_YANG(tunnel_initiate, tunnel_initiate_cmd,
	   "[no] initiate ![<always|on-demand|never>$when]",
	   NO_STR
	   "Whether and when we begin\n"
	   "At once and again whenever there is no IKE SA (default)\n"
	   "When a packet is routed into the interface\n"
	   "Only answer\n")
{
	return vpn_cli_set_or_default(vty, "./initiate", !!no, when);
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
	return vpn_cli_set_or_default(vty, "./mobike", false, no ? "false" : "true");
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
	return vpn_cli_set_or_remove(vty, "./mtu", no || strmatch(bytes, "auto"), bytes);
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
	return vpn_cli_set_or_remove(vty, "./tcp-mss", no || strmatch(mss, "auto"), mss);
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
	return vpn_cli_set_or_default(vty, "./link/hold-up", !!no, milliseconds_str);
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
	return vpn_cli_set_or_default(vty, "./shutdown", false, no ? "false" : "true");
}

void vpn_shutdown_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " %sshutdown\n", yang_dnode_get_bool(dnode, NULL) ? "" : "no ");
}

/* --- nodes ----------------------------------------------------------------------------------------------- */

void bgpvpn_cli_tunnel_init(void)
{
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
	install_element(VPN_TUNNEL_NODE, &inside_address_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_initiate_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_mobike_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_mtu_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_tcp_mss_cmd);
	install_element(VPN_TUNNEL_NODE, &link_hold_up_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_shutdown_cmd);
}
