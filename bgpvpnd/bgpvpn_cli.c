// SPDX-License-Identifier: GPL-2.0-or-later
/* What all lines of configuration share, and the nodes that they are in, see bgpvpn_cli.h. */
#include <zebra.h>

#include "lib/command.h"
#include "lib/northbound_cli.h"
#include "lib/vty.h"

#include "bgpvpnd/base/limits.h"
#include "bgpvpnd/bgpvpn_cli.h"
#include "bgpvpnd/bgpvpn_nb.h"
#include "bgpvpnd/bgpvpn_nodes.h"
#include "bgpvpnd/bgpvpn_show.h"

/* --- editing --------------------------------------------------------------------------------------------- */

int vpn_cli_commit(struct vty *vty)
{
	return nb_cli_apply_changes_clear_pending(vty, NULL);
}

int vpn_cli_set_or_default(struct vty *vty, const char *leaf, bool no, const char *value)
{
	nb_cli_enqueue_change(vty, leaf, NB_OP_MODIFY, no ? NULL : value);
	return vpn_cli_commit(vty);
}

int vpn_cli_set_or_remove(struct vty *vty, const char *leaf, bool no, const char *value)
{
	if (no)
		nb_cli_enqueue_change(vty, leaf, NB_OP_DESTROY, NULL);
	else
		nb_cli_enqueue_change(vty, leaf, NB_OP_MODIFY, value);
	return vpn_cli_commit(vty);
}

bool vpn_cli_length_ok(struct vty *vty, const char *value, size_t max)
{
	if (strlen(value) <= max)
		return true;
	vty_out(vty, "%% Longer than %zu characters\n", max);
	return false;
}

bool vpn_cli_name_ok(struct vty *vty, const char *name)
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

int vpn_cli_enter(struct vty *vty, const char *list, const char *name, enum node_type node)
{
	char xpath[XPATH_MAXLEN];
	int result;

	if (!vpn_cli_name_ok(vty, name))
		return refuse_block(vty, list, node);
	snprintf(xpath, sizeof(xpath), "/frr-bgpvpn:vpn/%s[name='%s']", list, name);
	nb_cli_enqueue_change(vty, xpath, NB_OP_CREATE, NULL);
	result = vpn_cli_commit(vty);
	if (result == CMD_SUCCESS)
		VTY_PUSH_XPATH(node, xpath);
	return result;
}

int vpn_cli_leave_and_remove(struct vty *vty, const char *list, const char *name)
{
	char xpath[XPATH_MAXLEN];

	if (!vpn_cli_name_ok(vty, name))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "/frr-bgpvpn:vpn/%s[name='%s']", list, name);
	nb_cli_enqueue_change(vty, xpath, NB_OP_DESTROY, NULL);
	return vpn_cli_commit(vty);
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

void vpn_block_show_end(struct vty *vty, const struct lyd_node *dnode)
{
	vty_out(vty, "exit\n!\n");
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

void bgpvpn_cli_init(void)
{
	profile_node.node = VPN_PROFILE_NODE;
	install_node(&profile_node);
	install_default(VPN_PROFILE_NODE);
	tunnel_node.node = VPN_TUNNEL_NODE;
	install_node(&tunnel_node);
	install_default(VPN_TUNNEL_NODE);
	bgpvpn_cli_profile_init();
	bgpvpn_cli_tunnel_init();
	bgpvpn_cli_auth_init();
	bgpvpn_cli_link_init();
	bgpvpn_cli_manual_init();
}
