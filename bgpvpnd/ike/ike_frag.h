// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages in fragments, RFC 7383, see ike_frag.c. Private to ike/. */
#ifndef BGPVPN_IKE_IKE_FRAG_H
#define BGPVPN_IKE_IKE_FRAG_H

#include "bgpvpnd/ike/ike.h"

struct ike_draft;
struct ike_sa;
struct ike_turn;

/* One message can be collected in each direction: a request of the peer, and the response to ours. */
#define IKE_FRAG_DIRECTIONS 2

struct ike_frags;

/* --- out ------------------------------------------------------------------------------------------------- */

/*
 * Seals the draft's content into `out`: one message, or, where both ends agreed on it and the datagram would be too large for
 * the configuration, its fragments one behind the other.
 */
bool ike_frag_seal(struct ike_draft *draft, const struct endpoint *local, const struct endpoint *remote,
		   struct wr *out);

/* The next of the datagrams that stand one behind the other. */
bool ike_frag_next(struct rd *rd, struct bytes *datagram) rd_must_check;

/* --- in -------------------------------------------------------------------------------------------------- */

/* Reads the numbers of a fragment into turn->skf; OK and total 0 for a message that is none. */
enum ike_reason ike_frag_read(struct ike_turn *turn) ike_must_check;

/*
 * Keeps a genuine fragment, or counts why not. True when it was the last one missing: turn->whole_* and engine->plain are
 * then the message's content, and nothing is kept any more.
 */
bool ike_frags_take(struct ike_turn *turn);

/* Does its seal hold? */
bool ike_frag_is_genuine(struct ike_turn *turn);

/* Forgets what was collected: in one direction, and in both. */
void ike_frags_drop(struct ike_sa *sa, bool response);
void ike_frags_free(struct ike_sa *sa);

/* When what is collected is forgotten, and the forgetting. */
struct instant ike_frags_due(const struct ike_sa *sa);
void ike_frags_expire(struct ike_sa *sa, struct instant now);

#endif
