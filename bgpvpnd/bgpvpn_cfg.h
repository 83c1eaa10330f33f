// SPDX-License-Identifier: GPL-2.0-or-later
/* From the configuration tree to a tunnel's immutable snapshot, with its profile folded in. */
#ifndef BGPVPN_BGPVPN_CFG_H
#define BGPVPN_BGPVPN_CFG_H

#include "lib/yang.h"

#include "bgpvpnd/tunnel/tunnel.h"

/* Words separated by blanks, in order of preference. False with words in err; *out and *n untouched. */
bool bgpvpn_proposals_parse(uint8_t proto, const char *text, struct ike_proposal_cfg out[LIMIT_PROPOSALS_CFG],
			    uint8_t *n, char *err, size_t err_len);

/* A prefix as inside-address holds it. */
bool bgpvpn_prefix_parse(const char *text, struct prefix *p);

/* The kind that the operator's word names; DPLANE_KIND_AUTO for another word. */
enum dplane_kind bgpvpn_kind_of(const char *word);

/*
 * bgpvpn_cfg_link.c: what the interface is, and what the tunnel carries; after the ends are filled. `missing`: what it needs for that,
 * or NULL.
 */
void bgpvpn_cfg_link(const struct lyd_node *tunnel, struct tunnel_cfg *cfg);
const char *bgpvpn_cfg_link_missing(const struct lyd_node *tunnel, const struct tunnel_cfg *cfg);

/*
 * Snapshot of a validated tunnel; the caller owns the reference. When something is missing that a tunnel
 * needs, it says so in missing ("" otherwise), and the snapshot is shut down, with a secret that nobody
 * has. `old` is the snapshot before, or NULL: its secret is kept when the secret's file cannot be read any
 * more.
 */
struct tunnel_cfg *bgpvpn_cfg_build(const struct lyd_node *tunnel, const struct tunnel_cfg *old,
				    char *missing, size_t len);

#endif
