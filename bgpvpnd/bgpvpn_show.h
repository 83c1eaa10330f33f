// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `show vpn` says, as JSON (bgpvpn_show_json.c) and as text (bgpvpn_vty*.c), from by-value infos. No
 * secret is in anything that these functions see but the snapshot's, which they do not touch.
 */
#ifndef BGPVPN_BGPVPN_SHOW_H
#define BGPVPN_BGPVPN_SHOW_H

#include "lib/json.h"
#include "lib/vty.h"

#include "bgpvpnd/tunnel/tunnel.h"

/* "idle", "sa-init", "auth", "established". */
const char *bgpvpn_phase_name(enum ike_phase phase);

/* That, or "manual" where there is no IKE to be in a phase. */
const char *bgpvpn_ike_state(const struct tunnel_info *info);

/* Why the link is as it is; an incomplete configuration comes before everything. Borrowed from info. */
const char *bgpvpn_link_reason(const struct tunnel_info *info);

/*
 * A NAT, as far as NAT detection can tell: where we force encapsulation, our own side is not known, and a
 * peer that forces it looks like one behind a NAT.
 */
bool bgpvpn_nat_seen(const struct tunnel_info *info);

/* The last packet from the peer, IKE or ESP, in ms before now; -1: none yet. */
int64_t bgpvpn_last_inbound_ms(const struct tunnel_info *info, struct instant now);

struct json_object *bgpvpn_json_tunnel(const struct tunnel_info *info, struct instant now);

/* A tunnel that is so incomplete that tunnel/ does not have it. */
struct json_object *bgpvpn_json_incomplete(const char *reason);
struct json_object *bgpvpn_json_counters(void);
struct json_object *bgpvpn_json_dataplane(void);

/* A sentence behind a head, broken at blanks, so that no line is longer than the screen. */
void bgpvpn_out_wrapped(struct vty *vty, const char *head, const char *words);

/* --- bgpvpn_show_link.c: what a tunnel's interface is as configured, and what the tunnel carries --- */
void bgpvpn_json_link(struct json_object *json, const struct tunnel_info *info);
void bgpvpn_show_link(struct vty *vty, const struct tunnel_info *info);

/* Kind by kind: "available", or why not. */
struct json_object *bgpvpn_json_kinds(void);

/* --- bgpvpn_cli.c, bgpvpn_vty.c, bgpvpn_vty_counters.c --- */
void bgpvpn_cli_init(void);
void bgpvpn_vty_init(void);
void bgpvpn_vty_counters_init(void);

#endif
