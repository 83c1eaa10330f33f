// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What FRR's vtysh is told about bgpvpnd. patches/<version>/ puts calls of these into FRR's sources and nothing else;
 * included by FRR's vtysh/vtysh.h.
 */
#ifndef BGPVPN_VTYSH_EXT_H
#define BGPVPN_VTYSH_EXT_H

/* The daemon's bit beside FRR's own in vtysh.h, far from where those grow. */
#define VTYSH_BGPVPND 0x10000000

/* Its row in vtysh's table of daemons. */
#define VTYSH_EXT_CLIENTS { .name = "bgpvpnd", .flag = VTYSH_BGPVPND },

/* Installs our nodes and all commands: ours that enter a node, and the extracted ones (vtysh_ext_cmd.c, generated). */
void vtysh_ext_init(void);
void vtysh_ext_init_cmd(void);

/* The node that a line of configuration begins, 0 for lines that are not ours. */
int vtysh_ext_config_node(const char *line);

#endif
