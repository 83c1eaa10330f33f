// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the Child SAs of an IKE SA are to carry, and in which mode: RFC 7296 1.3.1, 2.9, 2.23.1. Private to ike/; called by IKE_AUTH and
 * CREATE_CHILD_SA. How lists of selectors compare is in ike_ts.h.
 *
 * In transport mode selectors are addresses that are on the outer packets, so behind a NAT each end knows others than its peer:
 *
 *	A 10.0.0.1 -- NAT 192.0.2.1 -- B 192.0.2.2
 *	TSi 10.0.0.1, TSr 192.0.2.2 -->			B takes 192.0.2.1 for TSi: where it sees A
 *	<-- TSi 192.0.2.1, TSr 192.0.2.2		A takes 10.0.0.1 for TSi: its own
 */
#ifndef BGPVPN_IKE_IKE_SELECTORS_H
#define BGPVPN_IKE_IKE_SELECTORS_H

#include "bgpvpnd/ike/ike_sa.h"

struct ike_draft;
struct ike_turn;
struct ike_conn_cfg;

struct ike_selectors {
	struct ts_list local;
	struct ts_list remote;
};

/* What we ask for: as configured, or the two ends themselves. */
void ike_selectors_of(const struct ike_sa *sa, struct ike_selectors *out);

/* The answer to what the peer asks for; TS_UNACCEPTABLE, with words, when there is nothing in common. */
enum ike_reason ike_selectors_narrow(const struct ike_sa *sa, const struct ike_selectors *offered,
				     struct ike_selectors *out, char *words, size_t len) ike_must_check;

/* The peer's answer to ours, which becomes what we install: PEER_CHANGED_PROPOSAL when it is wider than what we asked for. */
enum ike_reason ike_selectors_accept(const struct ike_sa *sa, struct ike_selectors *answer) ike_must_check;

/* How what the peer asks for fits what this connection is configured with. */
enum ike_fit {
	IKE_FIT_NONE, /* nothing in common */
	IKE_FIT_SOME,
	IKE_FIT_SAME, /* each is within the other */
};
enum ike_fit ike_selectors_fit(const struct ike_sa *sa, const struct ike_conn_cfg *cfg,
			       const struct ike_selectors *asked);

/* N(USE_TRANSPORT_MODE) where that is configured: to a request, and to the answer when the peer's had it. */
void ike_mode_add(struct ike_draft *draft);

/* TUNNEL_MODE when the message at hand is without it, though transport mode is configured. The other way round it is not taken up. */
enum ike_reason ike_mode_check(const struct ike_turn *turn) ike_must_check;

#endif
