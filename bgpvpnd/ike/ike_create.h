// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A CREATE_CHILD_SA exchange under way, in either role. Private to ike/. At most one of ours per IKE SA (the window is one), and at most
 * one of the peer's, while the data plane has the word.
 */
#ifndef BGPVPN_IKE_IKE_CREATE_H
#define BGPVPN_IKE_IKE_CREATE_H

#include "bgpvpnd/ike/ike_child.h"

struct ike_turn;

/* After TEMPORARY_FAILURE: two to four seconds, so that both ends do not meet again (RFC 7296 2.25). */
#define IKE_AGAIN_US (2 * USEC_PER_S)

/* After a refusal for good, when a new IKE SA was begun instead: should that fail too, the next try is this far. */
#define IKE_FALLBACK_US (60 * USEC_PER_S)

enum ike_create_kind {
	IKE_CREATE_CHILD,
	IKE_CREATE_IKE,
};

/* Ours. `crossed`: the peer rekeys the same SA at the same time, and we have answered that (RFC 7296 2.8.1, 2.8.2). */
struct ike_create {
	enum ike_create_kind kind;
	uint32_t old_child;	/* the one being rekeyed; 0: a new one */
	struct ike_suite suite; /* of that one: offered first */
	struct crypto_ke *ke;	/* NULL: without a key exchange of its own */
	uint16_t ke_method;
	struct secret nonce;
	uint32_t spi_in; /* reserved; 0: handed over */
	uint8_t restarts;
	struct ike_addke row; /* to come, or under way, when the answer is there: RFC 9370; num 0 before */
	struct ike_suite esp; /* CHILD: what the answer said, for then */
	uint32_t spi_out;
	struct ts_list ts_local;
	struct ts_list ts_remote;
	struct secret nonce_r;
	bool crossed;
	struct secret crossed_lowest; /* CHILD: the lower nonce of the peer's exchange */
	uint32_t crossed_child;
	struct ike_sa *fresh;	   /* IKE: ours, BORN */
	struct ike_sa *crossed_sa; /* IKE: the peer's, BORN; NULL: there is none */
};

/* The peer's: what the answer says when the data plane has the Child SA. */
struct ike_held {
	struct endpoint local; /* where the request came in, and from: RFC 7296 2.11 */
	struct endpoint remote;
	struct ike_proposal answer;
	struct secret nonce;
	struct crypto_ke *ke; /* NULL: without a key exchange of its own */
	uint16_t ke_method;
	struct ts_list tsi;
	struct ts_list tsr;
	bool followup; /* the answer to IKE_FOLLOWUP_KE: `ke` alone */
	uint32_t child_id;
	uint32_t old_child;
};

/* Ours is over, whatever came of it: frees it with all that nobody took over. */
void ike_create_abandon(struct ike_sa *sa);

/* The IKE SA ends: if the peer's rekeyed one is there, it takes over. */
void ike_create_settle(struct ike_sa *sa, struct instant now);

/*
 * Our rekeying of an IKE SA that is being closed: taken off the SA, so that it can be put back afterwards. The peer may have its end
 * of the new one already; when the answer comes, that is deleted too. NULL when there is none to wait for.
 */
struct ike_create *ike_create_set_aside(struct ike_sa *sa);

/* This BORN SA dies: whoever is rekeyed into it forgets it. */
void ike_create_forget_sa(struct ike_sa *sa);

void ike_held_free(struct ike_sa *sa);

/* The configured proposals behind one that offers just what is in use. Returns how many (LIMIT_PROPOSALS_CFG + 1 at most). */
uint8_t ike_create_proposals(const struct ike_conn_cfg *cfg, enum ike_create_kind kind,
			     const struct ike_suite *used,
			     struct ike_proposal_cfg out[LIMIT_PROPOSALS_CFG + 1]);

/* Begins the exchange; false when there is one already, or nothing to rekey. ike_exch_create_child.c, ike_exch_rekey_ike.c */
bool ike_create_child_send(struct ike_sa *sa, struct child_sa *old, struct instant now);
bool ike_rekey_ike_send(struct ike_sa *sa, struct instant now);

/* The data plane's word on a Child SA of either exchange. */
void ike_create_child_result(struct child_sa *child, int result, struct instant now);

/* The asking side of a Child SA: ike_exch_create_child_ask.c. `done`: the data plane's word on ours. */
void ike_create_child_done(struct child_sa *child, int result, struct instant now);
enum ike_reason ike_create_child_response(struct ike_turn *turn);
enum ike_reason ike_create_refused(struct ike_turn *turn);

/*
 * IKE_FOLLOWUP_KE, who asks: ike_exch_followup.c. `begin` sends the first one of those that the suite has, after an answer with a link,
 * and takes over the secret SK(0); `take` does with an answer of it what comes before anything else.
 */
enum ike_reason ike_followup_begin(struct ike_turn *turn, const struct ike_suite *suite,
				   struct secret *shared);
enum ike_reason ike_followup_take(struct ike_turn *turn);

/* The last one is done: of ours, and of the peer's, whose answer is to carry `reply` (taken over: NULL then). */
enum ike_reason ike_create_child_followed(struct ike_turn *turn);
enum ike_reason ike_rekey_ike_followed(struct ike_turn *turn);
enum ike_reason ike_create_child_pending_done(struct ike_turn *turn, struct crypto_ke **reply);
enum ike_reason ike_rekey_ike_pending_done(struct ike_turn *turn, const struct crypto_ke *reply);

/* The rekeying of an IKE SA: ike_exch_rekey_ike.c. */
enum ike_reason ike_rekey_ike_request(struct ike_turn *turn);
enum ike_reason ike_rekey_ike_response(struct ike_turn *turn);
enum ike_reason ike_rekey_ike_response_late(struct ike_turn *turn);
enum ike_reason ike_rekey_ike_followed_late(struct ike_turn *turn);

/* A new IKE SA beside this one, where the peer refuses to rekey: it takes over when it is up. */
void ike_sa_reauthenticate(struct ike_sa *sa, struct instant now);

#endif
