// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_INTERMEDIATE, RFC 9242, with an additional key exchange in each, RFC 9370 2.2.2: between IKE_SA_INIT, which agreed on them, and
 * IKE_AUTH, which authenticates them.
 *
 *	Initiator                       Responder
 *	HDR, SK {KEi(n)} -->       <--  HDR, SK {KEr(n)}
 *
 * Each is sealed with the keys before it, and gives new ones to both ends. The peer has proved nothing yet but its part of the key
 * exchanges so far: there are as many as were agreed on, and the half-open SA does not live longer for them.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_int_auth.h"
#include "bgpvpnd/ike/ike_rival.h"

/* --- both roles ------------------------------------------------------------------------------------------ */

/* The message at hand, which came from the other side. */
static void note_received(const struct ike_turn *turn)
{
	const struct ike_payload *sk = &turn->msg.outer.list[0];

	ike_int_auth_add(turn->sa, !turn->sa->initiator, &turn->msg.hdr, sk->critical, turn->whole_first,
			 bytes_make(turn->engine->plain, turn->whole_len));
}

/* --- initiator ------------------------------------------------------------------------------------------- */

static bool ke_send(struct ike_sa *sa, struct instant now)
{
	struct ike_draft draft;

	ike_draft_request(&draft, sa, IKE_EXCHANGE_INTERMEDIATE);
	return ike_addke_ask(&draft, &sa->hs->addke) &&
	       ike_draft_send_request(&draft, IKE_PACE_HANDSHAKE, now);
}

enum ike_reason ike_intermediate_or_auth_send(struct ike_sa *sa, struct instant now)
{
	const struct ike_sa *leader = ike_rival_leader(sa);

	if (leader && !ike_rival_catch_up(sa, leader))
		return IKE_R_INTERNAL;
	if (!ike_addke_left(&sa->hs->addke)) {
		sa->state = IKE_SA_AUTH_SENT;
		return ike_auth_send(sa, now);
	}
	sa->state = IKE_SA_KE_SENT;
	return leader || ke_send(sa, now) ? IKE_R_OK : IKE_R_INTERNAL;
}

/* <-- HDR, SK {KEr(n)}		HDR, SK {KEi(n + 1)} or {IDi, ...} --> */
static enum ike_reason intermediate_response(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct secret shared = {};
	enum ike_reason reason = ike_addke_take(turn, &sa->hs->addke, &shared), sent = IKE_R_INTERNAL;

	if (reason == IKE_R_OK) {
		note_received(turn);
		ike_addke_append(&sa->hs->addke, &shared);
		if (ike_sa_keys_next(sa, secret_view(&shared)))
			sent = ike_intermediate_or_auth_send(sa, turn->now);
		if (sent == IKE_R_OK)
			ike_rival_lead(sa, turn->now);
		else
			ike_sa_fail(sa, sent, turn->now);
	}
	secret_fini(&shared);
	return reason;
}

/* <-- HDR, SK {N(error)} */
static enum ike_reason intermediate_refused(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct ike_notify notify;
	char detail[128];

	if (!ike_turn_error(turn, &notify))
		return IKE_R_PAYLOAD_MISSING;
	snprintf(detail, sizeof(detail), "IKE_INTERMEDIATE is answered by %s", iana_notify_name(notify.type));
	ike_conn_failed(sa->conn, IKE_R_PEER_ERROR, detail);
	ike_sa_fail(sa, IKE_R_PEER_ERROR, turn->now);
	return IKE_R_OK;
}

/* --- responder ------------------------------------------------------------------------------------------- */

static bool answer_send(struct ike_turn *turn, const struct crypto_ke *reply, uint16_t method)
{
	struct ike_draft draft;

	ike_draft_response(&draft, turn->sa, &turn->msg.hdr);
	ike_draft_ke(&draft, reply, method);
	return ike_draft_send_response(&draft, turn->local, turn->remote);
}

/* --> HDR, SK {KEi(n)}		<-- HDR, SK {KEr(n)} */
static enum ike_reason intermediate_request(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct ike_addke *row = &sa->hs->addke;
	struct crypto_ke *reply = NULL;
	struct secret shared = {};
	enum ike_reason reason = ike_addke_answer(turn, row, &reply, &shared);

	if (reason == IKE_R_OK) {
		note_received(turn);
		if (!answer_send(turn, reply, turn->wanted_ke))
			reason = IKE_R_INTERNAL;
		else if (!ike_sa_keys_next(sa, secret_view(&shared)))
			ike_sa_bury(sa);
		else if (!ike_addke_left(row))
			sa->state = IKE_SA_INIT_DONE;
	}
	crypto_ke_free(reply);
	secret_fini(&shared);
	/* Which one comes when was agreed on: another one is no guess to be corrected. */
	return reason == IKE_R_INVALID_KE ? IKE_R_BAD_KE : reason;
}

#define EXTRA (IKE_SET(NOTIFY) | IKE_SET(VENDOR))

const struct ike_row ike_intermediate_rows[] = {
	{.name = "responder: an additional key exchange",
	 .in = IKE_SA_KE_WAIT,
	 .exchange = IKE_EXCHANGE_INTERMEDIATE,
	 .sealed = true,
	 .need = IKE_SET(KE),
	 .may = EXTRA,
	 .handle = intermediate_request,
	 .to = IKE_SA_KE_WAIT},
	{.name = "initiator: it is answered, send the next one or IKE_AUTH",
	 .in = IKE_SA_KE_SENT,
	 .exchange = IKE_EXCHANGE_INTERMEDIATE,
	 .response = true,
	 .sealed = true,
	 .need = IKE_SET(KE),
	 .may = EXTRA,
	 .handle = intermediate_response,
	 .to = IKE_SA_KE_SENT},
	{.name = "initiator: the peer refuses it",
	 .in = IKE_SA_KE_SENT,
	 .exchange = IKE_EXCHANGE_INTERMEDIATE,
	 .response = true,
	 .sealed = true,
	 .need = IKE_SET(NOTIFY),
	 .may = IKE_SET(VENDOR),
	 .handle = intermediate_refused,
	 .to = IKE_SA_KE_SENT},
	{},
};
