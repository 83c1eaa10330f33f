// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections that a peer cannot tell apart, as of two tunnels between the same ends: the same addresses, identities and secrets. Private
 * to ike/. The peer's IKE SAs say nothing of which is which, so each goes where one is missing:
 *
 *	whose selectors are those that are asked for, before whose have something in common with them;
 *	of these the one that has none, before one that is begun from here, before that whose peer was heard least lately.
 *
 * Where both ends begin all of theirs at once, an IKE SA of one end may meet two of the other; then one of them goes (ike_sa_end.c), and
 * who has none begins again. Each time more of them have their match, and those stay.
 */
#ifndef BGPVPN_IKE_IKE_ALIKE_H
#define BGPVPN_IKE_IKE_ALIKE_H

#include "bgpvpnd/ike/ike_selectors.h"

/* Of those like `first`, the one that what the peer begins belongs to; `asked`: its selectors, NULL: none yet. */
struct ike_conn *ike_alike_choose(const struct ike_turn *turn, struct ike_conn *first,
				  const struct ike_selectors *asked);

/* Another one between the same identities is up, or being set up: RFC 7296 2.4, INITIAL_CONTACT would not be true. */
bool ike_alike_is_busy(struct ike_conn *conn);

#endif
