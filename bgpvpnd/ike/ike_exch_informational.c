// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * INFORMATIONAL, RFC 7296 1.4: liveness, DELETE, and notifies that we only skip. And what waits for the window:
 * liveness and DELETE of our own, one request at a time.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"

/* A connection is one pair; an IKE SA whose pair the peer has deleted is closed soon, and the tunnel begins anew. */
#define CHILDLESS_US (1 * USEC_PER_S)

bool ike_liveness_send(struct ike_sa *sa, struct instant now)
{
	struct ike_draft draft;

	/* HDR, SK {} --> */
	sa->todo_probe = false;
	ike_draft_request(&draft, sa, IKE_EXCHANGE_INFORMATIONAL);
	return ike_draft_send_request(&draft, IKE_PACE_LIVE, now);
}

bool ike_delete_send(struct ike_sa *sa, struct instant now)
{
	const struct ike_delete del = {.proto = IKE_PROTO_IKE};
	struct ike_draft draft;

	/* HDR, SK {D} --> */
	sa->todo_delete = false;
	ike_draft_request(&draft, sa, IKE_EXCHANGE_INFORMATIONAL);
	ike_build_payload(&draft.build, IKE_PAYLOAD_DELETE, false);
	ike_delete_encode(&draft.wr, &del);
	return ike_draft_send_request(&draft, IKE_PACE_GOODBYE, now);
}

void ike_sa_continue(struct ike_sa *sa, struct instant now)
{
	if (sa->window.request.active)
		return;
	if (sa->state == IKE_SA_DELETING && sa->todo_delete)
		ike_delete_send(sa, now);
	else if (ike_sa_is_up(sa) && sa->todo_probe)
		ike_liveness_send(sa, now);
}

static struct child_sa *child_by_peer_spi(struct ike_sa *sa, uint32_t spi)
{
	struct child_sa *child;

	frr_each (ike_sa_children, &sa->children, child)
		if (child->spi_out == spi)
			return child;
	return NULL;
}

/* What a request asks us to delete: decoded whole before anything is done. */
struct deletion {
	bool ike_sa;
	struct ike_delete
		ours; /* SPIs of our inbound SAs that go with those of the peer: the answer, 1.4.1 */
	struct child_sa *children[LIMIT_DELETE_SPIS];
};

static bool named_already(const struct deletion *what, const struct child_sa *child)
{
	for (unsigned int i = 0; i < what->ours.num_spis; i++)
		if (what->children[i] == child)
			return true;
	return false;
}

static void deletion_add(struct deletion *what, struct ike_sa *sa, const struct ike_delete *del)
{
	for (unsigned int i = 0; i < del->num_spis; i++) {
		struct child_sa *child = child_by_peer_spi(sa, del->spis[i]);

		if (!child || named_already(what, child) || what->ours.num_spis == LIMIT_DELETE_SPIS)
			continue;
		what->children[what->ours.num_spis] = child;
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

static void deletion_do(struct ike_turn *turn, const struct deletion *what)
{
	struct ike_sa *sa = turn->sa;

	if (what->ike_sa) {
		ike_sa_linger(sa, IKE_R_DELETED_BY_PEER, turn->now);
		return;
	}
	for (unsigned int i = 0; i < what->ours.num_spis; i++)
		child_sa_close(what->children[i], IKE_R_CHILD_DELETED_BY_PEER);
	if (what->ours.num_spis && !ike_sa_children_count(&sa->children))
		sa->retire = instant_min(sa->retire, instant_add(turn->now, CHILDLESS_US));
}

/* <-- HDR, SK {[N,] [D,] ...}		HDR, SK {[D]} --> */
static enum ike_reason informational_request(struct ike_turn *turn)
{
	struct deletion what;
	struct ike_draft draft;
	enum ike_reason reason = deletion_read(turn, &what);

	if (reason != IKE_R_OK)
		return reason;
	ike_draft_response(&draft, turn->sa, &turn->msg.hdr);
	if (!what.ike_sa && what.ours.num_spis) {
		ike_build_payload(&draft.build, IKE_PAYLOAD_DELETE, false);
		ike_delete_encode(&draft.wr, &what.ours);
	}
	if (!ike_draft_send_response(&draft, turn->local, turn->remote))
		return IKE_R_INTERNAL;
	deletion_do(turn, &what);
	return IKE_R_OK;
}

/* That it came is all it says; take_authentic() has told the tunnel. But 2.21.3: these two say that the peer has no SA any more. */
static enum ike_reason informational_response(struct ike_turn *turn)
{
	struct ike_notify notify;

	if (ike_turn_notify(turn, IKE_NOTIFY_INVALID_SYNTAX, &notify) ||
	    ike_turn_notify(turn, IKE_NOTIFY_AUTHENTICATION_FAILED, &notify))
		ike_sa_fail(turn->sa, IKE_R_PEER_ERROR);
	return IKE_R_OK;
}

static enum ike_reason delete_response(struct ike_turn *turn)
{
	if (!turn->sa->todo_delete)
		ike_sa_bury(turn->sa);
	return IKE_R_OK;
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
	{},
};
