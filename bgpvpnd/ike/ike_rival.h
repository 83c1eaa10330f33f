// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rival answers to one IKE_SA_INIT, RFC 7296 2.4: anybody who sees our request can answer it before the genuine peer does, so every
 * answer that could be the true one gets an IKE SA of its own, and the first whose IKE_AUTH proves the peer wins. Private to ike/.
 *
 *	root	INIT_SENT, spi_r 0, has our nonce and private values	as long as the attempt may begin anew
 *	rival	AUTH_SENT, spi_r of its answer				one for each answer, LIMIT_INIT_RIVALS in all
 *
 * Rivals of the same keys (twins) differ in what no key comes from. The peer takes one message of each ID, so one of them, the leader, makes
 * the additional key exchanges, and their IKE_AUTH go one after the other; what the peer answers is checked under the answer of each. Whose
 * message went first still counts where the answers differ in what it says: one without USE_PPK costs the attempt, never the PPK.
 *
 * A refusal, in clear or sealed under keys that anybody may have agreed on with us, is remembered and believed only when
 * nothing better came in LIMIT_REFUSAL_GRACE_MS.
 */
#ifndef BGPVPN_IKE_IKE_RIVAL_H
#define BGPVPN_IKE_IKE_RIVAL_H

#include "bgpvpnd/ike/ike_sa.h"

struct ike_turn;

/* An answer to the root's IKE_SA_INIT: OK when it is a new one, and not one too many. `print`: its fingerprint. */
enum ike_reason ike_rival_admit(const struct ike_turn *turn, uint8_t print[CRYPTO_SHA1_LEN]);

/* It costs a Diffie-Hellman now, and not again when it is repeated. */
void ike_rival_tried(struct ike_handshake *hs, const uint8_t print[CRYPTO_SHA1_LEN]);

/* The IKE SA for the answer at hand, as `root` was before it. The root goes on listening, and no longer asks. */
struct ike_sa *ike_rival_new(struct ike_sa *root, const struct ike_turn *turn);

/* The SA of ours that a response is for: with SPIs that several rivals share, the one whose keys open it. */
struct ike_sa *ike_rival_find(struct ike_turn *turn);

/*
 * An answer bent where no key comes from, such as a notify, leads to the keys of the true one: the peer cannot tell the two IKE_AUTH that
 * follow apart and answers the first, but its AUTH covers its own answer. So that one is tried with every rival of these keys: the
 * first, or the one after `after`; NULL: no more.
 */
struct ike_sa *ike_rival_twin(const struct ike_sa *sa, const struct ike_sa *after);

/*
 * Additional key exchanges (RFC 9370) are done once for all rivals of the same keys, as the peer does them once: by the leader, the twin
 * whose request is out. NULL: there is none, `sa` is it.
 */
struct ike_sa *ike_rival_leader(const struct ike_sa *sa);

/* `sa` has what the leader has done so far. False: OpenSSL fails. */
bool ike_rival_catch_up(struct ike_sa *sa, const struct ike_sa *leader) ike_must_check;

/* The leader has one more: those that wait for it go on too. */
void ike_rival_lead(const struct ike_sa *sa, struct instant now);

/*
 * Reserves an inbound SPI for the first Child SA. Rivals of the same keys have the same one, so that it does not matter which of their
 * IKE_AUTH the peer takes. False: there is none to be had.
 */
bool ike_rival_reserve(struct ike_sa *sa);

/*
 * Does the IKE_AUTH of this one wait a moment, because one under the same keys is out? The peer would put fragments of the two
 * together.
 */
bool ike_rival_waits(struct ike_sa *sa, struct instant now);

/* Exchanges the answers that they are from, and what those say and is of use later. */
void ike_rival_swap(struct ike_sa *a, struct ike_sa *b);

/* The peer has proved itself in the turn's: root and rivals go. */
void ike_rival_won(struct ike_turn *turn);

/* This one of `conn` came to nothing, and so did those with its keys: the root waits a moment for the true answer. */
void ike_rival_lost(const struct ike_sa *sa, struct ike_conn *conn, enum ike_reason reason,
		    struct instant now);

/* Are there others besides the root? */
bool ike_rival_has_others(const struct ike_sa *sa);

/* Refused, in clear: remembered, and the root's time ends soon. */
void ike_rival_refused(struct ike_sa *root, enum ike_reason reason, struct instant now);

/* IKE_AUTH is out, and nobody has proved anything yet. */
bool ike_rival_unproved(const struct ike_sa *sa);

/*
 * Its IKE_AUTH has an answer, sealed, that proves nothing: remembered. It is asked again for a moment, and so long other answers to
 * IKE_SA_INIT are welcome: with one of them this answer may be good. peer_has_it: in the end there is something to delete.
 */
void ike_rival_doubt(struct ike_sa *sa, enum ike_reason reason, bool peer_has_it, struct instant now);

/* The time of an attempt's SA is over. */
void ike_rival_give_up(struct ike_sa *sa, struct instant now);

#endif
