// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The nodes of bgpvpnd inside vtysh. vtysh keeps its own idea of the node it is in, so the commands that enter or leave
 * one are written here a second time; all others are extracted from the daemon's sources. Called from vtysh's main
 * (init) and from its reader of the daemons' configuration (vtysh_ext_config_node).
 */
#include <zebra.h>

#include "lib/command.h"

#include "vtysh/vtysh.h"

#include "bgpvpnd/bgpvpn_nodes.h"

#define VPN_STR	     "Site-to-site tunnels\n"
#define VPN_EXIT_STR "Exit current mode and down to previous mode\n"

static struct cmd_node vpn_profile_node = {
	.name = "vpn profile",
	.node = VPN_PROFILE_NODE,
	.parent_node = CONFIG_NODE,
	.prompt = "%s(config-vpn-profile)# ",
};

static struct cmd_node vpn_tunnel_node = {
	.name = "vpn tunnel",
	.node = VPN_TUNNEL_NODE,
	.parent_node = CONFIG_NODE,
	.prompt = "%s(config-vpn-tunnel)# ",
};

DEFUNSH(VTYSH_BGPVPND, vtysh_vpn_profile, vtysh_vpn_profile_cmd, "vpn profile WORD",
	VPN_STR
	"Parameters that tunnels share\n"
	"Name of the profile\n")
{
	vty->node = VPN_PROFILE_NODE;
	return CMD_SUCCESS;
}

DEFUNSH(VTYSH_BGPVPND, vtysh_vpn_tunnel, vtysh_vpn_tunnel_cmd, "vpn tunnel WORD",
	VPN_STR
	"A tunnel\n"
	"Name of the tunnel\n")
{
	vty->node = VPN_TUNNEL_NODE;
	return CMD_SUCCESS;
}

/* Back in the configuration node, all daemons are brought there too, as vtysh does for its own nodes. */
DEFUNSH(VTYSH_BGPVPND, vtysh_vpn_exit, vtysh_vpn_exit_cmd, "exit", VPN_EXIT_STR)
{
	vty->node = CONFIG_NODE;
	vtysh_execute("end");
	vtysh_execute("configure");
	return CMD_SUCCESS;
}

ALIAS(vtysh_vpn_exit, vtysh_vpn_quit_cmd, "quit", VPN_EXIT_STR)

DEFUNSH(VTYSH_REALLYALL, vtysh_vpn_end, vtysh_vpn_end_cmd, "end", "End current mode and change to enable mode\n")
{
	vty->node = ENABLE_NODE;
	return CMD_SUCCESS;
}

/* install_element() leaves a cross reference and so wants constants: no helper can do this for both nodes. */
void vtysh_ext_init(void)
{
	install_node(&vpn_profile_node);
	install_element(CONFIG_NODE, &vtysh_vpn_profile_cmd);
	install_element(VPN_PROFILE_NODE, &vtysh_vpn_exit_cmd);
	install_element(VPN_PROFILE_NODE, &vtysh_vpn_quit_cmd);
	install_element(VPN_PROFILE_NODE, &vtysh_vpn_end_cmd);

	install_node(&vpn_tunnel_node);
	install_element(CONFIG_NODE, &vtysh_vpn_tunnel_cmd);
	install_element(VPN_TUNNEL_NODE, &vtysh_vpn_exit_cmd);
	install_element(VPN_TUNNEL_NODE, &vtysh_vpn_quit_cmd);
	install_element(VPN_TUNNEL_NODE, &vtysh_vpn_end_cmd);

	vtysh_ext_init_cmd();
}

int vtysh_ext_config_node(const char *line)
{
	if (strncmp(line, "vpn profile ", strlen("vpn profile ")) == 0)
		return VPN_PROFILE_NODE;
	if (strncmp(line, "vpn tunnel ", strlen("vpn tunnel ")) == 0)
		return VPN_TUNNEL_NODE;
	return 0;
}
