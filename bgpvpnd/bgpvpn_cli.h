// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration language: commands that edit the YANG tree, and the lines that the tree is printed as. In bgpvpn_cli_profile.c,
 * bgpvpn_cli_tunnel.c, bgpvpn_cli_link.c, bgpvpn_cli_manual.c and bgpvpn_cli_auth.c; what they share is in bgpvpn_cli.c. vtysh knows
 * their commands by vtysh-ext/subdir.am.
 *
 * Every command commits at once (nb_cli_apply_changes_clear_pending): FRR would otherwise join the lines of
 * a file into one transaction, and one bad line would cost them all.
 */
#ifndef BGPVPN_BGPVPN_CLI_H
#define BGPVPN_BGPVPN_CLI_H

#include "lib/command.h"

#define VPN_STR "Site-to-site tunnels\n"

int vpn_cli_commit(struct vty *vty);

/* A leaf with a default, which `no` gives back; and one without. */
int vpn_cli_set_or_default(struct vty *vty, const char *leaf, bool no, const char *value);
int vpn_cli_set_or_remove(struct vty *vty, const char *leaf, bool no, const char *value);

/* libyang's own refusal of a value that is too long is no error to FRR's CLI: refuse before it. */
bool vpn_cli_length_ok(struct vty *vty, const char *value, size_t max);

/* Names go into XPaths: what YANG would refuse is refused before. */
bool vpn_cli_name_ok(struct vty *vty, const char *name);

/* The block of this name in `list`: made and entered; left and removed. */
int vpn_cli_enter(struct vty *vty, const char *list, const char *name, enum node_type node);
int vpn_cli_leave_and_remove(struct vty *vty, const char *list, const char *name);

void bgpvpn_cli_profile_init(void);
void bgpvpn_cli_tunnel_init(void);
void bgpvpn_cli_auth_init(void);
void bgpvpn_cli_link_init(void);
void bgpvpn_cli_manual_init(void);

#endif
