// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_FOLLOWUP_KE, RFC 9370 2.2.4: the additional key exchanges of a CREATE_CHILD_SA. What was agreed on there is made when the last of
 * them is done.
 *
 *	HDR(CREATE_CHILD_SA), SK {SA, Ni, KEi, ..} -->
 *	                           <--  HDR(CREATE_CHILD_SA), SK {SA, Nr, KEr, .., N(ADDITIONAL_KEY_EXCHANGE)(link1)}
 *	HDR(IKE_FOLLOWUP_KE), SK {KEi(1), N(ADDITIONAL_KEY_EXCHANGE)(link1)} -->
 *	                           <--  HDR(IKE_FOLLOWUP_KE), SK {KEr(1), N(ADDITIONAL_KEY_EXCHANGE)(link2)}
 *	HDR(IKE_FOLLOWUP_KE), SK {KEi(2), N(ADDITIONAL_KEY_EXCHANGE)(link2)} -->
 *	                           <--  HDR(IKE_FOLLOWUP_KE), SK {KEr(2)}
 *
 * Who loses a collision in CREATE_CHILD_SA does not begin with these; who has begun refuses the other's CREATE_CHILD_SA.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"

/* --- initiator ------------------------------------------------------------------------------------------- */

static bool followup_send(struct ike_sa *sa, struct instant now)
{
	struct ike_addke *row = &sa->create->row;
	struct ike_draft draft;

	ike_draft_request(&draft, sa, IKE_EXCHANGE_FOLLOWUP_KE);
	if (!ike_addke_ask(&draft, row))
		return false;
	ike_draft_notify(&draft, IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE, secret_view(&row->link));
	return ike_draft_send_request(&draft, IKE_PACE_LIVE, now);
}

enum ike_reason ike_followup_begin(struct ike_turn *turn, const struct ike_suite *suite,
				   struct secret *shared)
{
	struct ike_addke *row = &turn->sa->create->row;

	if (!ike_addke_take_link(turn, row))
		return IKE_R_PAYLOAD_MISSING;
	ike_addke_plan(row, suite);
	secret_move(&row->shared, shared);
	return followup_send(turn->sa, turn->now) ? IKE_R_OK : IKE_R_INTERNAL;
}

enum ike_reason ike_followup_take(struct ike_turn *turn)
{
	struct ike_addke *row = &turn->sa->create->row;
	struct secret shared = {};
	enum ike_reason reason = ike_addke_take(turn, row, &shared);

	if (reason == IKE_R_OK)
		ike_addke_append(row, &shared);
	secret_fini(&shared);
	return reason;
}

/* <-- HDR, SK {KEr(n) [, N(ADDITIONAL_KEY_EXCHANGE)]} */
static enum ike_reason followup_response(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct ike_create *create = sa->create;
	enum ike_reason reason;

	if (!create || !create->row.ke)
		return IKE_R_UNEXPECTED_EXCHANGE;
	reason = ike_followup_take(turn);
	if (reason != IKE_R_OK)
		return reason;
	if (ike_addke_left(&create->row)) {
		if (!ike_addke_take_link(turn, &create->row))
			return IKE_R_PAYLOAD_MISSING;
		return followup_send(sa, turn->now) ? IKE_R_OK : IKE_R_INTERNAL;
	}
	if (create->kind == IKE_CREATE_CHILD)
		return ike_create_child_followed(turn);
	return ike_rekey_ike_followed(turn);
}

/* --- responder ------------------------------------------------------------------------------------------- */

/* <-- HDR, SK {KEr(n), N(ADDITIONAL_KEY_EXCHANGE)}: there are more to come. */
static enum ike_reason answer_and_wait(struct ike_turn *turn, const struct crypto_ke *reply)
{
	struct ike_pending *pending = turn->sa->pending;
	struct ike_draft draft;

	ike_draft_response(&draft, turn->sa, &turn->msg.hdr);
	ike_draft_ke(&draft, reply, turn->wanted_ke);
	ike_addke_add_link(&draft, &pending->row);
	ike_pending_go_on(pending, turn->now);
	return ike_draft_send_response(&draft, turn->local, turn->remote) ? IKE_R_OK : IKE_R_INTERNAL;
}

static enum ike_reason next_done(struct ike_turn *turn, struct crypto_ke **reply)
{
	struct ike_pending *pending = turn->sa->pending;

	if (ike_addke_left(&pending->row))
		return answer_and_wait(turn, *reply);
	if (pending->kind == IKE_CREATE_CHILD)
		return ike_create_child_pending_done(turn, reply);
	return ike_rekey_ike_pending_done(turn, *reply);
}

/* --> HDR, SK {KEi(n), N(ADDITIONAL_KEY_EXCHANGE)} */
static enum ike_reason followup_request(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct ike_pending *pending = sa->pending;
	struct crypto_ke *reply = NULL;
	struct secret shared = {};
	enum ike_reason reason;

	if (!pending || !ike_addke_is_linked(turn, &pending->row))
		return IKE_R_STATE_NOT_FOUND;
	reason = ike_addke_answer(turn, &pending->row, &reply, &shared);
	if (reason == IKE_R_OK) {
		ike_addke_append(&pending->row, &shared);
		reason = next_done(turn, &reply);
	}
	if (reason != IKE_R_OK)
		ike_pending_give_up(sa, turn->now);
	crypto_ke_free(reply);
	secret_fini(&shared);
	return reason;
}

static enum ike_reason followup_temporary(struct ike_turn *turn)
{
	return IKE_R_TEMPORARY;
}

#define EXTRA (IKE_SET(NOTIFY) | IKE_SET(VENDOR))

const struct ike_row ike_followup_rows[] = {
	{.name = "an additional key exchange of the peer's CREATE_CHILD_SA",
	 .in = IKE_SA_ESTABLISHED,
	 .exchange = IKE_EXCHANGE_FOLLOWUP_KE,
	 .sealed = true,
	 .need = IKE_SET(KE),
	 .may = EXTRA,
	 .handle = followup_request,
	 .to = IKE_SA_ESTABLISHED},
	{.name = "one of ours is answered: the next, or it is made",
	 .in = IKE_SA_ESTABLISHED,
	 .exchange = IKE_EXCHANGE_FOLLOWUP_KE,
	 .response = true,
	 .sealed = true,
	 .need = IKE_SET(KE),
	 .may = EXTRA,
	 .handle = followup_response,
	 .to = IKE_SA_ESTABLISHED},
	{.name = "one of ours is refused",
	 .in = IKE_SA_ESTABLISHED,
	 .exchange = IKE_EXCHANGE_FOLLOWUP_KE,
	 .response = true,
	 .sealed = true,
	 .need = IKE_SET(NOTIFY),
	 .may = IKE_SET(VENDOR),
	 .handle = ike_create_refused,
	 .to = IKE_SA_ESTABLISHED},
	{.name = "not while our DELETE is under way",
	 .in = IKE_SA_DELETING,
	 .exchange = IKE_EXCHANGE_FOLLOWUP_KE,
	 .sealed = true,
	 .may = EXTRA | IKE_SET(KE),
	 .handle = followup_temporary,
	 .to = IKE_SA_DELETING},
	{.name = "nor when another IKE SA took over",
	 .in = IKE_SA_REPLACED,
	 .exchange = IKE_EXCHANGE_FOLLOWUP_KE,
	 .sealed = true,
	 .may = EXTRA | IKE_SET(KE),
	 .handle = followup_temporary,
	 .to = IKE_SA_REPLACED},
	{},
};
