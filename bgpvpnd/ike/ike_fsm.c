// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The driver of the state machine: finds the row of a message, opens and checks the message as the row says, calls its handler, and
 * turns the outcome into an answer, a counter, or the end of the IKE SA. It is the only place that does. RFC 7296 2.21.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_rival.h"

static const struct ike_row *const tables[] = {
	ike_init_rows,		ike_intermediate_rows, ike_auth_rows,
	ike_informational_rows, ike_create_child_rows, ike_followup_rows,
};

/* What there is of types between SA and SKF; the others are of extensions that we do not have. */
#define KNOWN                                                                                                \
	(IKE_SET(SA) | IKE_SET(KE) | IKE_SET(IDI) | IKE_SET(IDR) | IKE_SET(CERT) | IKE_SET(CERTREQ) |        \
	 IKE_SET(AUTH) | IKE_SET(NONCE) | IKE_SET(NOTIFY) | IKE_SET(DELETE) | IKE_SET(VENDOR) |              \
	 IKE_SET(TSI) | IKE_SET(TSR) | IKE_SET(SK) | IKE_SET(CP) | IKE_SET(EAP) | IKE_SET(SKF))

/* RFC 7296 lets these stand in a message more than once. */
#define REPEATABLE (IKE_SET(NOTIFY) | IKE_SET(VENDOR) | IKE_SET(DELETE) | IKE_SET(CERT) | IKE_SET(CERTREQ))

enum ike_reason ike_payloads_check(const struct ike_payloads *list, uint64_t need, uint64_t may)
{
	uint64_t present = 0;

	for (unsigned int i = 0; i < list->n; i++) {
		uint8_t type = list->list[i].type;
		uint64_t bit;

		/* RFC 7296 2.5: what we do not know and is not critical is skipped. */
		if (type < IKE_PAYLOAD_SA || type > IKE_PAYLOAD_SKF)
			continue;
		bit = UINT64_C(1) << (type - IKE_PAYLOAD_SA);
		if (!(bit & KNOWN))
			continue;
		if (present & bit & ~REPEATABLE)
			return IKE_R_PAYLOAD_UNEXPECTED;
		present |= bit;
	}
	if (need & ~present)
		return IKE_R_PAYLOAD_MISSING;
	return present & ~(need | may) ? IKE_R_PAYLOAD_UNEXPECTED : IKE_R_OK;
}

static bool row_fits(const struct ike_row *row, const struct ike_turn *turn)
{
	return row->in == turn->sa->state && row->exchange == turn->msg.hdr.exchange &&
	       row->response == ike_turn_is_response(turn);
}

static const struct ike_row *row_first(const struct ike_turn *turn)
{
	for (size_t t = 0; t < array_size(tables); t++)
		for (const struct ike_row *row = tables[t]; row->handle; row++)
			if (row_fits(row, turn))
				return row;
	return NULL;
}

/* The row of the same key whose payloads fit; rows of one key stand together. */
static enum ike_reason row_choose(const struct ike_row **row, const struct ike_turn *turn)
{
	enum ike_reason first = ike_payloads_check(turn->list, (*row)->need, (*row)->may);
	enum ike_reason reason = first;

	while (reason != IKE_R_OK && row_fits(*row + 1, turn)) {
		(*row)++;
		reason = ike_payloads_check(turn->list, (*row)->need, (*row)->may);
	}
	return reason == IKE_R_OK ? IKE_R_OK : first;
}

/*
 * RFC 7296 2.23: a peer behind a NAT is where its last new request came from. A retransmission, or an answer, moves nothing: they
 * can be played again by somebody else. With MOBIKE it is where it says to be, RFC 4555 3.8. No NAT of ours changes the family, and from our
 * address we could not answer there.
 */
static bool follow_peer(struct ike_sa *sa, const struct endpoint *remote)
{
	struct child_sa *child;
	bool elsewhere;

	if (!sa->natt || !sa->nat_remote || sa->mobike.on || !ike_sa_is_up(sa) ||
	    endpoint_equal(&sa->remote, remote) || sa->local.addr.ipa_type != remote->addr.ipa_type)
		return false;
	elsewhere = !ipaddr_equal(&sa->remote.addr, &remote->addr);
	sa->remote = *remote;
	child_sas_follow(sa);
	/* What is only for the two addresses is made anew for the new one, as soon as may be. */
	child = ike_sa_child(sa);
	if (child && elsewhere && sa->cfg->hosts_proto)
		child->todo_rekey = true;
	return true;
}

/*
 * A peer that only sends ESP is followed too: it may be long until it has a request, and meanwhile it hears nothing. Not where we are
 * behind a NAT ourselves: who can change one packet on its way would have the tunnel. What comes on a replaced pair is old.
 */
bool ike_child_peer_moved(struct ike_engine *engine, uint32_t child_id, const struct endpoint *remote)
{
	const struct child_sa *child = child_sa_find(engine, child_id);

	return child && !child->sa->nat_local && ike_sa_child(child->sa) == child &&
	       follow_peer(child->sa, remote);
}

static void take_rtt(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	int64_t bound = instant_diff(turn->now, sa->window.request.first);
	int64_t rtt = ike_window_answered(&sa->window, turn->now);

	if (!sa->conn || turn->msg.hdr.exchange != IKE_EXCHANGE_INFORMATIONAL)
		return;
	if (rtt > 0)
		ike_rtt_sample(&sa->conn->rtt, rtt);
	else
		ike_rtt_bound(&sa->conn->rtt, bound);
}

/*
 * Somebody who has the keys sent it: the window moves, whatever the message then says. But whoever has answered our IKE_SA_INIT has them, so
 * until the peer has proved itself nothing moves.
 */
static void take_authentic(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;

	ike_frags_drop(sa, ike_turn_is_response(turn));
	if (ike_rival_unproved(sa))
		return;
	if (ike_turn_is_response(turn)) {
		ike_mobike_answered(turn);
		take_rtt(turn);
	} else {
		ike_window_take(&sa->window, turn->datagram);
		child_sas_confirmed(sa);
		follow_peer(turn->sa, turn->remote);
	}
	sa->heard = turn->now;
	if (ike_sa_is_up(sa) && sa->conn)
		ike_out_event(turn->engine, sa->conn->id, IKE_EVENT_HEARD, IKE_R_OK, 0);
}

/* RFC 7296 2.21.3: an answer of INVALID_SYNTAX ends the IKE SA at both ends; what has no notify of its own is answered so too. */
static bool ends_sa(enum ike_reason reason)
{
	const struct ike_reason_info *info = ike_reason_info(reason);

	return info->disposition == IKE_FATAL || !info->notify || info->notify == IKE_NOTIFY_INVALID_SYNTAX;
}

static void refuse_request(struct ike_turn *turn, enum ike_reason reason)
{
	ike_answer_sealed(turn, reason);
	/* 2.21.2: what comes before the SA is authenticated has one try. */
	if (ends_sa(reason) || turn->sa->half_open)
		ike_sa_linger(turn->sa, reason, turn->now);
}

static void refuse_response(struct ike_turn *turn, enum ike_reason reason)
{
	if (ike_rival_unproved(turn->sa))
		ike_rival_doubt(turn->sa, reason, true, turn->now);
	else
		ike_sa_close(turn->sa, reason, turn->now);
}

static enum ike_reason row_run(struct ike_turn *turn, const struct ike_row *row)
{
	enum ike_reason reason = IKE_R_OK;

	if (row->sealed)
		reason = ike_turn_open(turn);
	if (turn->authentic)
		take_authentic(turn);
	if (reason == IKE_R_OK)
		reason = row_choose(&row, turn);
	if (reason == IKE_R_OK)
		reason = row->handle(turn);
	if (reason == IKE_R_OK && turn->sa->state == row->in)
		turn->sa->state = row->to;
	return reason;
}

/* 2.21.3: with an authenticated IKE SA every request has an answer, that of an exchange too that we do not know. But IKE_SA_INIT is of none. */
static enum ike_reason rowless(struct ike_turn *turn)
{
	enum ike_reason reason = IKE_R_OK;
	bool init = turn->msg.hdr.exchange == IKE_EXCHANGE_SA_INIT;

	if (!init && !ike_turn_is_response(turn) && ike_sa_is_up(turn->sa))
		reason = ike_turn_open(turn);
	if (turn->authentic)
		take_authentic(turn);
	return reason == IKE_R_OK ? IKE_R_UNEXPECTED_EXCHANGE : reason;
}

void ike_fsm_run(struct ike_turn *turn)
{
	const struct ike_row *row = row_first(turn);
	struct ike_sa *sa = turn->sa;
	enum ike_reason reason = row ? row_run(turn, row) : rowless(turn);

	if (reason != IKE_R_OK) {
		ike_count(turn->engine, reason);
		/* What nobody vouches for is only counted: nothing unauthenticated ends or changes an SA. */
		if (turn->authentic && ike_turn_is_response(turn))
			refuse_response(turn, reason);
		else if (turn->authentic)
			refuse_request(turn, reason);
	}
	if (turn->authentic && !ike_turn_is_response(turn))
		child_sas_use_newest(sa);
	ike_sa_continue(sa, turn->now);
	ike_sa_rearm(sa);
}
