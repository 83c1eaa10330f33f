// SPDX-License-Identifier: GPL-2.0-or-later
/* The lines of a tunnel that say what its interface is and what it may carry, see bgpvpn_cli.h. */
#include <zebra.h>

#include "lib/command.h"
#include "lib/northbound_cli.h"
#include "lib/vty.h"

#include "bgpvpnd/bgpvpn_cli.h"
#include "bgpvpnd/bgpvpn_nb.h"
#include "bgpvpnd/bgpvpn_nodes.h"

#ifndef VTYSH_EXTRACT_PL
#include "bgpvpnd/bgpvpn_cli_link_clippy.c"
#endif

/* --- interface ------------------------------------------------------------------------------------------- */

#define TUNNEL_IF_STR "The tunnel interface; bgpvpnd makes it\n"
#define KIND_STR                                                                                             \
	"XFRM interface (default of the kernel data plane)\n"                                                \
	"VTI (SAs and policies with a mark)\n"                                                               \
	"GRE over ESP in transport mode\n"                                                                   \
	"IP in IP over ESP in transport mode\n"                                                              \
	"TUN (ESP in user space, default of the user-space data plane)\n"

DEFPY_YANG(tunnel_interface, tunnel_interface_cmd,
	   "interface WORD$name [kind <xfrm|vti|gre|ipip|tun>$kind]",
	   TUNNEL_IF_STR
	   "Name of the interface (up to 15 characters; %u: the number of a peer that dials in)\n"
	   "Kind of interface (default: the one of the data plane)\n"
	   KIND_STR)
{
	if (!vpn_cli_length_ok(vty, name, 15))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_enqueue_change(vty, "./interface/name", NB_OP_MODIFY, name);
	nb_cli_enqueue_change(vty, "./interface/kind", kind ? NB_OP_MODIFY : NB_OP_DESTROY, kind);
	return vpn_cli_commit(vty);
}

DEFPY_YANG(no_tunnel_interface, no_tunnel_interface_cmd,
	   "no interface [WORD [kind <xfrm|vti|gre|ipip|tun>]]",
	   NO_STR
	   TUNNEL_IF_STR
	   "Name of the interface\n"
	   "Kind of interface\n"
	   KIND_STR)
{
	nb_cli_enqueue_change(vty, "./interface/name", NB_OP_DESTROY, NULL);
	nb_cli_enqueue_change(vty, "./interface/kind", NB_OP_DESTROY, NULL);
	return vpn_cli_commit(vty);
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

/* --- what ties it to SAs --------------------------------------------------------------------------------- */

static int set_if_id(struct vty *vty, const char *in, const char *out, const char *interface)
{
	if (interface && !vpn_cli_length_ok(vty, interface, 15))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_enqueue_change(vty, "./if-id/in", in ? NB_OP_MODIFY : NB_OP_DESTROY, in);
	nb_cli_enqueue_change(vty, "./if-id/out", out ? NB_OP_MODIFY : NB_OP_DESTROY, out);
	nb_cli_enqueue_change(vty, "./if-id/interface", interface ? NB_OP_MODIFY : NB_OP_DESTROY, interface);
	return vpn_cli_commit(vty);
}

#define IF_ID_STR "Number that ties an interface of kind xfrm to its SAs (default: generated)\n"
#define IF_ID_TWO_STR                                                                                        \
	"Of packets that arrive\n"                                                                           \
	"The number\n"                                                                                       \
	"Of packets that are sent\n"                                                                         \
	"The number\n"                                                                                       \
	"Interface that packets come out of (default: none, somebody else makes it)\n"                       \
	"Name of the interface (up to 15 characters)\n"

DEFPY_YANG(tunnel_if_id, tunnel_if_id_cmd,
	   "if-id (1-4294967295)$number",
	   IF_ID_STR
	   "The number, the same for both directions\n")
{
	return set_if_id(vty, number_str, number_str, NULL);
}

DEFPY_YANG(tunnel_if_id_two, tunnel_if_id_two_cmd,
	   "if-id in (1-4294967295)$in out (1-4294967295)$out [interface WORD$interface]",
	   IF_ID_STR
	   IF_ID_TWO_STR)
{
	return set_if_id(vty, in_str, out_str, interface);
}

DEFPY_YANG(no_tunnel_if_id, no_tunnel_if_id_cmd,
	   "no if-id [(1-4294967295)]",
	   NO_STR
	   IF_ID_STR
	   "The number\n")
{
	return set_if_id(vty, NULL, NULL, NULL);
}
ALIAS_YANG(no_tunnel_if_id, no_tunnel_if_id_two_cmd,
	   "no if-id in (1-4294967295) out (1-4294967295) [interface WORD]", NO_STR IF_ID_STR IF_ID_TWO_STR)

void vpn_if_id_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	const char *in = yang_dnode_exists(dnode, "./in") ? yang_dnode_get_string(dnode, "./in") : NULL;
	const char *out = yang_dnode_exists(dnode, "./out") ? yang_dnode_get_string(dnode, "./out") : in;

	if (!out)
		return;
	if (!in || strmatch(in, out)) {
		vty_out(vty, " if-id %s\n", out);
		return;
	}
	vty_out(vty, " if-id in %s out %s", in, out);
	if (yang_dnode_exists(dnode, "./interface"))
		vty_out(vty, " interface %s", yang_dnode_get_string(dnode, "./interface"));
	vty_out(vty, "\n");
}

DEFPY_YANG(tunnel_mark, tunnel_mark_cmd,
	   "[no] mark ![(1-4294967295)$mark]",
	   NO_STR
	   "Key of an interface of kind vti and mark of its SAs (default: generated)\n"
	   "The mark\n")
{
	return vpn_cli_set_or_remove(vty, "./mark", !!no, mark_str);
}

void vpn_vti_mark_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " mark %s\n", yang_dnode_get_string(dnode, NULL));
}

/* --- where it lives -------------------------------------------------------------------------------------- */

DEFPY_YANG(tunnel_netns, tunnel_netns_cmd,
	   "[no] netns ![WORD$name]",
	   NO_STR
	   "Network namespace that the interface lives in (default: that of bgpvpnd)\n"
	   "Name of the network namespace (see ip-netns(8))\n")
{
	if (!no && !vpn_cli_length_ok(vty, name, 63))
		return CMD_WARNING_CONFIG_FAILED;
	return vpn_cli_set_or_remove(vty, "./netns", !!no, name);
}

void vpn_netns_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " netns %s\n", yang_dnode_get_string(dnode, NULL));
}

DEFPY_YANG(tunnel_vrf, tunnel_vrf_cmd,
	   "[no] vrf ![WORD$name]",
	   NO_STR
	   "VRF that the interface is put into (default: none)\n"
	   "Name of the VRF\n")
{
	if (!no && !vpn_cli_length_ok(vty, name, 15))
		return CMD_WARNING_CONFIG_FAILED;
	return vpn_cli_set_or_remove(vty, "./vrf", !!no, name);
}

void vpn_vrf_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " vrf %s\n", yang_dnode_get_string(dnode, NULL));
}

/* --- what it carries ------------------------------------------------------------------------------------- */

DEFPY_YANG(tunnel_selector, tunnel_selector_cmd,
	   "[no] traffic-selector <local|remote>$side <A.B.C.D/M|X:X::X:X/M>$prefix [protocol (1-255)$protocol [port (0-65535)$port]]",
	   NO_STR
	   "What the tunnel carries (default: everything)\n"
	   "Our side\n"
	   "The peer's side\n"
	   "IPv4 prefix (up to 16 lines for each side)\n"
	   "IPv6 prefix (up to 16 lines for each side)\n"
	   "IP protocol (default: any)\n"
	   "Number of the protocol\n"
	   "Port on this side (default: any)\n"
	   "Number of the port\n")
{
	char xpath[XPATH_MAXLEN];

	snprintfrr(xpath, sizeof(xpath),
		   "./traffic-selector[side='%s'][prefix='%pFX'][protocol='%s'][port='%s']", side, prefix,
		   protocol_str ? protocol_str : "0", port_str ? port_str : "any");
	nb_cli_enqueue_change(vty, xpath, no ? NB_OP_DESTROY : NB_OP_CREATE, NULL);
	return vpn_cli_commit(vty);
}

void vpn_selector_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	const char *protocol = yang_dnode_get_string(dnode, "./protocol");
	const char *port = yang_dnode_get_string(dnode, "./port");

	vty_out(vty, " traffic-selector %s %s", yang_dnode_get_string(dnode, "./side"),
		yang_dnode_get_string(dnode, "./prefix"));
	if (!strmatch(protocol, "0"))
		vty_out(vty, " protocol %s", protocol);
	if (!strmatch(port, "any"))
		vty_out(vty, " port %s", port);
	vty_out(vty, "\n");
}

DEFPY_YANG(tunnel_encapsulation, tunnel_encapsulation_cmd,
	   "[no] encapsulation ![<tunnel|transport>$mode]",
	   NO_STR
	   "Mode of ESP below an interface of kind ipip, the same bytes on the wire\n"
	   "Tunnel mode, everything to everything\n"
	   "Transport mode (default)\n")
{
	return vpn_cli_set_or_default(vty, "./encapsulation", !!no, mode);
}

void vpn_encapsulation_show(struct vty *vty, const struct lyd_node *dnode, bool defaults)
{
	vty_out(vty, " encapsulation %s\n", yang_dnode_get_string(dnode, NULL));
}

/* --- nodes ----------------------------------------------------------------------------------------------- */

void bgpvpn_cli_link_init(void)
{
	install_element(VPN_TUNNEL_NODE, &tunnel_interface_cmd);
	install_element(VPN_TUNNEL_NODE, &no_tunnel_interface_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_if_id_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_if_id_two_cmd);
	install_element(VPN_TUNNEL_NODE, &no_tunnel_if_id_cmd);
	install_element(VPN_TUNNEL_NODE, &no_tunnel_if_id_two_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_mark_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_netns_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_vrf_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_selector_cmd);
	install_element(VPN_TUNNEL_NODE, &tunnel_encapsulation_cmd);
}
