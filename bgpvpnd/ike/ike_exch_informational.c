// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * INFORMATIONAL, RFC 7296 1.4: liveness, DELETE, and notifies that we only skip. And what waits for the window:
 * liveness and DELETE of our own, one request at a time.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_qcd.h"

/* An IKE SA whose pair the peer has deleted is closed soon where the connection has another one. */
#define CHILDLESS_US (1 * USEC_PER_S)

static bool liveness_send(struct ike_sa *sa, struct instant now)
{
	struct ike_draft draft;

	/* HDR, SK {} --> */
	sa->todo_probe = false;
	ike_draft_request(&draft, sa, IKE_EXCHANGE_INFORMATIONAL);
	ike_mobike_add_liveness(&draft);
	return ike_draft_send_request(&draft, IKE_PACE_LIVE, now);
}

static bool delete_send(struct ike_sa *sa, struct instant now)
{
	const struct ike_delete del = {.proto = IKE_PROTO_IKE};
	struct ike_draft draft;

	/* HDR, SK {[N(AUTHENTICATION_FAILED),] D} --> */
	sa->todo_delete = false;
	ike_draft_request(&draft, sa, IKE_EXCHANGE_INFORMATIONAL);
	if (sa->refused_auth)
		ike_draft_notify(&draft, IKE_NOTIFY_AUTHENTICATION_FAILED, bytes_make(NULL, 0));
	ike_build_payload(&draft.build, IKE_PAYLOAD_DELETE, false);
	ike_delete_encode(&draft.wr, &del);
	return ike_draft_send_request(&draft, IKE_PACE_GOODBYE, now);
}

static bool child_delete_send(struct ike_sa *sa, struct child_sa *child, struct instant now)
{
	const struct ike_delete del = {.proto = IKE_PROTO_ESP, .num_spis = 1, .spis = {child->spi_in}};
	struct ike_draft draft;

	/* HDR, SK {D} --> */
	child->delete_sent = true;
	ike_draft_request(&draft, sa, IKE_EXCHANGE_INFORMATIONAL);
	ike_build_payload(&draft.build, IKE_PAYLOAD_DELETE, false);
	ike_delete_encode(&draft.wr, &del);
	return ike_draft_send_request(&draft, IKE_PACE_LIVE, now);
}

static struct child_sa *child_to_rekey(struct ike_sa *sa)
{
	struct child_sa *child;

	frr_each (ike_sa_children, &sa->children, child)
		if (child->todo_rekey && child->state == CHILD_SA_INSTALLED && !child->unconfirmed)
			return child;
	return NULL;
}

/* What an established SA has to say next; endings first, life last. */
static void say_next(struct ike_sa *sa, struct instant now)
{
	struct child_sa *child = child_sa_in_state(sa, CHILD_SA_CLOSING);

	if (ike_mobike_say(sa, now))
		return;
	if (child) {
		child_delete_send(sa, child, now);
		return;
	}
	child = child_to_rekey(sa);
	/* The peer is at it: what comes of that comes first, as only a request of ours from before would be a collision to both. */
	if (sa->pending || sa->held)
		child = NULL;
	if (sa->todo_rekey && !sa->pending && !child_sa_in_state(sa, CHILD_SA_INSTALLING) &&
	    ike_rekey_ike_send(sa, now))
		return;
	if (child && ike_create_child_send(sa, child, now))
		return;
	if (ike_childless_ask(sa, now))
		return;
	if (sa->todo_qcd && ike_qcd_send(sa, now))
		return;
	if (sa->todo_probe)
		liveness_send(sa, now);
}

void ike_sa_continue(struct ike_sa *sa, struct instant now)
{
	if (sa->window.request.active)
		return;
	if (sa->state == IKE_SA_DELETING && sa->todo_delete)
		delete_send(sa, now);
	else if (ike_sa_is_up(sa))
		say_next(sa, now);
	else if (sa->state == IKE_SA_REPLACED)
		ike_mobike_say(sa, now);
}

/* What a request asks us to delete: decoded whole before anything is done. */
struct deletion {
	bool ike_sa;
	struct ike_delete
		ours; /* SPIs of our inbound SAs that go with those of the peer: the answer, 1.4.1 */
	unsigned int num;
	struct child_sa *children[LIMIT_DELETE_SPIS];
};

static bool named_already(const struct deletion *what, const struct child_sa *child)
{
	for (unsigned int i = 0; i < what->num; i++)
		if (what->children[i] == child)
			return true;
	return false;
}

static void deletion_add(struct deletion *what, struct ike_sa *sa, const struct ike_delete *del)
{
	for (unsigned int i = 0; i < del->num_spis; i++) {
		struct child_sa *child = child_sa_by_peer_spi(sa, del->spis[i]);

		if (!child || named_already(what, child) || what->num == LIMIT_DELETE_SPIS)
			continue;
		what->children[what->num++] = child;
		/* RFC 7296 2.25.1: one that we are deleting as well is not in the answer. */
		if (child->state != CHILD_SA_CLOSING)
			what->ours.spis[what->ours.num_spis++] = child->spi_in;
	}
}

static enum ike_reason deletion_read(const struct ike_turn *turn, struct deletion *what)
{
	struct ike_delete del;

	*what = (struct deletion){.ours.proto = IKE_PROTO_ESP};
	for (unsigned int i = 0; i < turn->list->n; i++) {
		enum ike_reason reason;

		if (turn->list->list[i].type != IKE_PAYLOAD_DELETE)
			continue;
		reason = ike_delete_decode(turn->list->list[i].body, &del);
		if (reason != IKE_R_OK)
			return reason;
		if (del.proto == IKE_PROTO_IKE)
			what->ike_sa = true;
		else if (del.proto == IKE_PROTO_ESP)
			deletion_add(what, turn->sa, &del);
	}
	return IKE_R_OK;
}

/* Nothing to carry and nothing under way to make it. */
static void note_if_childless(struct ike_sa *sa, enum ike_reason why, struct instant now)
{
	if (!ike_sa_is_up(sa) || ike_sa_child(sa) || sa->create || child_sa_in_state(sa, CHILD_SA_INSTALLING))
		return;
	if (ike_childless_is_worth(sa)) {
		ike_childless_deleted(sa, why, now);
		return;
	}
	sa->retire = instant_min(sa->retire, instant_add(now, CHILDLESS_US));
}

/* 2.21.2, 2.21.3: these two end the IKE SA without a DELETE. With the first, an initiator refuses what IKE_AUTH answered. */
static enum ike_reason ending_of(const struct ike_turn *turn, const struct deletion *what)
{
	struct ike_notify notify;

	if (ike_turn_notify(turn, IKE_NOTIFY_AUTHENTICATION_FAILED, &notify))
		return IKE_R_PEER_AUTH_FAILED;
	if (ike_turn_notify(turn, IKE_NOTIFY_INVALID_SYNTAX, &notify))
		return IKE_R_PEER_ERROR;
	return what->ike_sa ? IKE_R_DELETED_BY_PEER : IKE_R_OK;
}

static void deletion_do(struct ike_turn *turn, const struct deletion *what)
{
	enum ike_reason ending = ending_of(turn, what);
	struct ike_sa *sa = turn->sa;

	if (ending != IKE_R_OK) {
		ike_sa_linger(sa, ending, turn->now);
		return;
	}
	for (unsigned int i = 0; i < what->num; i++)
		child_sa_gone(what->children[i], turn->now);
	if (what->num)
		note_if_childless(sa, IKE_R_CHILD_DELETED_BY_PEER, turn->now);
}

/* <-- HDR, SK {[N,] [D,] ...}		HDR, SK {[D]} --> */
static enum ike_reason informational_request(struct ike_turn *turn)
{
	struct deletion what;
	struct ike_mobike_ask ask = ike_mobike_read(turn);
	struct ike_draft draft;
	enum ike_reason reason = deletion_read(turn, &what);

	if (reason != IKE_R_OK)
		return reason;
	ike_qcd_keep(turn->sa, turn);
	ike_draft_response(&draft, turn->sa, &turn->msg.hdr);
	if (!what.ike_sa && what.ours.num_spis) {
		ike_build_payload(&draft.build, IKE_PAYLOAD_DELETE, false);
		ike_delete_encode(&draft.wr, &what.ours);
	}
	ike_mobike_answer(&draft, turn, &ask);
	if (!ike_draft_send_response(&draft, turn->local, turn->remote))
		return IKE_R_INTERNAL;
	ike_mobike_obey(turn, &ask);
	deletion_do(turn, &what);
	return IKE_R_OK;
}

/*
 * That it came is all that a liveness exchange says; take_authentic() has told the tunnel. But 2.21.3: these two notifies say that
 * the peer has no SA any more.
 */
static enum ike_reason informational_response(struct ike_turn *turn)
{
	struct ike_notify notify;
	struct child_sa *child;
	bool child_deleted = false;

	if (ike_turn_notify(turn, IKE_NOTIFY_INVALID_SYNTAX, &notify) ||
	    ike_turn_notify(turn, IKE_NOTIFY_AUTHENTICATION_FAILED, &notify)) {
		ike_sa_fail(turn->sa, IKE_R_PEER_ERROR, turn->now);
		return IKE_R_OK;
	}
	frr_each_safe (ike_sa_children, &turn->sa->children, child)
		if (child->state == CHILD_SA_CLOSING && child->delete_sent) {
			/* One that never was leaves nothing behind. */
			child_deleted |= child->in_plane;
			child_sa_gone(child, turn->now);
		}
	if (!turn->sa->childless.on || child_deleted)
		note_if_childless(turn->sa, IKE_R_OK, turn->now);
	return ike_mobike_response(turn);
}

static enum ike_reason delete_response(struct ike_turn *turn)
{
	if (!turn->sa->todo_delete)
		ike_sa_bury(turn->sa);
	return IKE_R_OK;
}

static enum ike_reason create_response_late(struct ike_turn *turn)
{
	if (turn->sa->create && turn->msg.hdr.exchange == IKE_EXCHANGE_FOLLOWUP_KE)
		ike_rekey_ike_followed_late(turn);
	else if (turn->sa->create)
		ike_rekey_ike_response_late(turn);
	return delete_response(turn);
}

#define EVERYTHING (~UINT64_C(0))
#define ANYTHING   (IKE_SET(NOTIFY) | IKE_SET(DELETE) | IKE_SET(VENDOR) | IKE_SET(CP))

const struct ike_row ike_informational_rows[] = {
	{.name = "answer liveness, DELETE, notifies",
	 .in = IKE_SA_ESTABLISHED,
	 .exchange = IKE_EXCHANGE_INFORMATIONAL,
	 .sealed = true,
	 .may = ANYTHING,
	 .handle = informational_request,
	 .to = IKE_SA_ESTABLISHED},
	{.name = "our request is answered",
	 .in = IKE_SA_ESTABLISHED,
	 .exchange = IKE_EXCHANGE_INFORMATIONAL,
	 .response = true,
	 .sealed = true,
	 .may = ANYTHING,
	 .handle = informational_response,
	 .to = IKE_SA_ESTABLISHED},
	{.name = "a rekeying is not settled yet: it may be deleted as the one too many",
	 .in = IKE_SA_BORN,
	 .exchange = IKE_EXCHANGE_INFORMATIONAL,
	 .sealed = true,
	 .may = ANYTHING,
	 .handle = informational_request,
	 .to = IKE_SA_BORN},
	{.name = "another IKE SA took over: this one is deleted",
	 .in = IKE_SA_REPLACED,
	 .exchange = IKE_EXCHANGE_INFORMATIONAL,
	 .sealed = true,
	 .may = ANYTHING,
	 .handle = informational_request,
	 .to = IKE_SA_REPLACED},
	{.name = "another IKE SA took over: the peer has heard that we moved",
	 .in = IKE_SA_REPLACED,
	 .exchange = IKE_EXCHANGE_INFORMATIONAL,
	 .response = true,
	 .sealed = true,
	 .may = ANYTHING,
	 .handle = ike_mobike_response,
	 .to = IKE_SA_REPLACED},
	{.name = "answer while our DELETE is under way",
	 .in = IKE_SA_DELETING,
	 .exchange = IKE_EXCHANGE_INFORMATIONAL,
	 .sealed = true,
	 .may = ANYTHING,
	 .handle = informational_request,
	 .to = IKE_SA_DELETING},
	{.name = "a request from before our DELETE, or the DELETE, is answered",
	 .in = IKE_SA_DELETING,
	 .exchange = IKE_EXCHANGE_INFORMATIONAL,
	 .response = true,
	 .sealed = true,
	 .may = ANYTHING,
	 .handle = delete_response,
	 .to = IKE_SA_DELETING},
	{.name = "IKE_AUTH is answered, but we have closed meanwhile: now the DELETE can go",
	 .in = IKE_SA_DELETING,
	 .exchange = IKE_EXCHANGE_AUTH,
	 .response = true,
	 .sealed = true,
	 .may = EVERYTHING,
	 .handle = delete_response,
	 .to = IKE_SA_DELETING},
	{.name = "so is CREATE_CHILD_SA",
	 .in = IKE_SA_DELETING,
	 .exchange = IKE_EXCHANGE_CREATE_CHILD_SA,
	 .response = true,
	 .sealed = true,
	 .may = EVERYTHING,
	 .handle = create_response_late,
	 .to = IKE_SA_DELETING},
	{.name = "and IKE_FOLLOWUP_KE",
	 .in = IKE_SA_DELETING,
	 .exchange = IKE_EXCHANGE_FOLLOWUP_KE,
	 .response = true,
	 .sealed = true,
	 .may = EVERYTHING,
	 .handle = create_response_late,
	 .to = IKE_SA_DELETING},
	{},
};
