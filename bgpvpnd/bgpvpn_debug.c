// SPDX-License-Identifier: GPL-2.0-or-later
/* `debug vpn ...`, `show debugging vpn`, and the lines that they leave in the configuration; `vpn capture-keys`. */
#include <zebra.h>

#include "lib/command.h"
#include "lib/debug.h"
#include "lib/vty.h"

#include "bgpvpnd/bgpvpn_debug.h"
#include "bgpvpnd/bgpvpn_keylog.h"
#include "bgpvpnd/bgpvpnd.h"

#ifndef VTYSH_EXTRACT_PL
#include "bgpvpnd/bgpvpn_debug_clippy.c"
#endif

struct debug vpn_dbg_ike = {0, "VPN IKE"};
struct debug vpn_dbg_packet = {0, "VPN IKE packets"};
struct debug vpn_dbg_dplane = {0, "VPN data plane"};
struct debug vpn_dbg_zebra = {0, "VPN zebra"};
struct debug vpn_dbg_northbound = {0, "VPN northbound"};

static const struct {
	const char *word;
	struct debug *record;
} debugs[] = {
	{"ike", &vpn_dbg_ike},	   {"packet", &vpn_dbg_packet},		{"dplane", &vpn_dbg_dplane},
	{"zebra", &vpn_dbg_zebra}, {"northbound", &vpn_dbg_northbound},
};

DEFPY(debug_vpn, debug_vpn_cmd,
      "[no] debug vpn <ike|packet|dplane|zebra|northbound>$what",
      NO_STR
      DEBUG_STR
      "Site-to-site tunnels\n"
      "IKE SAs and Child SAs coming and going\n"
      "Headers of IKE datagrams\n"
      "What the data plane is given and reports\n"
      "Interface events from zebra\n"
      "What configuration changes do to tunnels\n")
{
	for (size_t i = 0; i < array_size(debugs); i++)
		if (strmatch(what, debugs[i].word))
			DEBUG_MODE_SET(debugs[i].record, DEBUG_NODE2MODE(vty->node), !no);
	return CMD_SUCCESS;
}

DEFUN_NOSH(show_debugging_vpn, show_debugging_vpn_cmd, "show debugging [vpn]",
	   SHOW_STR DEBUG_STR "Site-to-site tunnels\n")
{
	vty_out(vty, "VPN debugging status:\n");
	for (size_t i = 0; i < array_size(debugs); i++)
		if (bgpvpn_debugs(debugs[i].record))
			vty_out(vty, "  %s debugging is on\n", debugs[i].record->desc);
	if (bgpvpn_keylog_path())
		vty_out(vty, "  keys of SAs are written to %s\n", bgpvpn_keylog_path());
	return CMD_SUCCESS;
}

/* Exec level only: a line of configuration would outlive the reason for it. */
DEFPY(vpn_capture_keys, vpn_capture_keys_cmd,
      "vpn capture-keys WORD$path",
      "Site-to-site tunnels\n"
      "Write the keys of SAs into a file, for Wireshark: whoever reads it reads the traffic\n"
      "The file, an absolute path\n")
{
	char err[MAXPATHLEN + 256];

	if (!bgpvpn_keylog_start(&bgpvpn.host, path, err, sizeof(err))) {
		vty_out(vty, "%% %s\n", err);
		return CMD_WARNING;
	}
	vty_out(vty, "WARNING: whoever reads %s from now on reads the traffic of all tunnels.\n", path);
	vty_out(vty, "It gets the keys of SAs made from now on; `vpn rekey tunnel NAME ike` makes a new IKE SA,\n");
	vty_out(vty, "`vpn rekey tunnel NAME` new ESP SAs. It ends with `no vpn capture-keys` or the daemon.\n");
	return CMD_SUCCESS;
}

DEFPY(no_vpn_capture_keys, no_vpn_capture_keys_cmd,
      "no vpn capture-keys",
      NO_STR
      "Site-to-site tunnels\n"
      "Write no more keys of SAs\n")
{
	char path[MAXPATHLEN] = "";

	if (bgpvpn_keylog_path())
		strlcpy(path, bgpvpn_keylog_path(), sizeof(path));
	if (bgpvpn_keylog_stop(&bgpvpn.host))
		vty_out(vty, "No more keys are written; %s is still there.\n", path);
	return CMD_SUCCESS;
}

static int config_write_debug(struct vty *vty)
{
	int lines = 0;

	for (size_t i = 0; i < array_size(debugs); i++) {
		if (!DEBUG_MODE_CHECK(debugs[i].record, DEBUG_MODE_CONF))
			continue;
		vty_out(vty, "debug vpn %s\n", debugs[i].word);
		lines++;
	}
	return lines;
}

static void debug_set_all(uint32_t flags, bool set)
{
	for (size_t i = 0; i < array_size(debugs); i++) {
		DEBUG_FLAGS_SET(debugs[i].record, flags, set);
		if (!bgpvpn_debugs(debugs[i].record))
			DEBUG_CLEAR(debugs[i].record);
	}
}

static struct debug_callbacks callbacks = {.debug_set_all = debug_set_all};

static struct cmd_node debug_node = {
	.name = "debug",
	.node = DEBUG_NODE,
	.prompt = "",
	.config_write = config_write_debug,
};

void bgpvpn_debug_init(void)
{
	debug_init(&callbacks);
	install_node(&debug_node);
	install_element(ENABLE_NODE, &show_debugging_vpn_cmd);
	install_element(ENABLE_NODE, &debug_vpn_cmd);
	install_element(CONFIG_NODE, &debug_vpn_cmd);
	install_element(ENABLE_NODE, &vpn_capture_keys_cmd);
	install_element(ENABLE_NODE, &no_vpn_capture_keys_cmd);
}
