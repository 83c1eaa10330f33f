// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Additional key exchanges, RFC 9370: the row of those that were agreed on, done one after the other. Private to ike/. In IKE_INTERMEDIATE
 * while an IKE SA is set up (ike_exch_intermediate.c), in IKE_FOLLOWUP_KE after CREATE_CHILD_SA (ike_exch_followup.c).
 */
#ifndef BGPVPN_IKE_IKE_ADDKE_H
#define BGPVPN_IKE_IKE_ADDKE_H

#include "bgpvpnd/ike/ike_proposal.h"

struct ike_draft;
struct ike_engine;
struct ike_turn;

struct ike_addke {
	const struct crypto_ke_method *methods[LIMIT_ADDKE];
	uint8_t num;
	uint8_t done;
	struct crypto_ke *ke; /* of who asks: for methods[done] */
	struct secret more;   /* SK(1) | SK(2) ... of those that are done; IKE_INTERMEDIATE: who asks only */
	/* IKE_FOLLOWUP_KE */
	struct secret shared; /* SK(0), of CREATE_CHILD_SA; empty without a key exchange */
	struct secret link;   /* the answering side's name for the next one */
};

/* Those of the suite, none of them done yet. */
void ike_addke_plan(struct ike_addke *row, const struct ike_suite *suite);
void ike_addke_fini(struct ike_addke *row);

static inline bool ike_addke_left(const struct ike_addke *row)
{
	return row->done < row->num;
}

bool ike_suite_has_addke(const struct ike_suite *suite);

/* Who asks: a fresh key pair for the next one, and its KE payload. False: OpenSSL fails. */
bool ike_addke_ask(struct ike_draft *draft, struct ike_addke *row);

/* Who asks: the next one is done with the KE payload of the answer. BAD_KE, PAYLOAD_MISSING. */
enum ike_reason ike_addke_take(const struct ike_turn *turn, struct ike_addke *row,
			       struct secret *shared) ike_must_check;

/* Who answers: the next one is done, *reply has our part of it. INVALID_KE (turn->wanted_ke says which), BAD_KE, PAYLOAD_MISSING. */
enum ike_reason ike_addke_answer(struct ike_turn *turn, struct ike_addke *row, struct crypto_ke **reply,
				 struct secret *shared) ike_must_check;

/* SK(n) goes behind those before it. */
void ike_addke_append(struct ike_addke *row, const struct secret *shared);

/* A new link, and its notify. */
void ike_addke_add_link(struct ike_draft *draft, struct ike_addke *row);
/* The answer's link is the next request's. False: it has none. */
bool ike_addke_take_link(const struct ike_turn *turn, struct ike_addke *row);
/* Does the request name the link that we gave out last? */
bool ike_addke_is_linked(const struct ike_turn *turn, const struct ike_addke *row);

#endif
