// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CREATE_CHILD_SA for a Child SA, the side that asks; see ike_exch_create_child.c for the exchange and its rows. RFC 7296 1.3.1,
 * 1.3.3, 2.8.1, 2.25.
 */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_note.h"
#include "bgpvpnd/ike/ike_selectors.h"

static bool take_group(struct ike_create *create, uint16_t method)
{
	const struct crypto_ke_method *row = crypto_ke_method_find(method);

	crypto_ke_free(create->ke);
	create->ke = row ? crypto_ke_new(row) : NULL;
	create->ke_method = method;
	return method == IKE_KE_NONE || create->ke;
}

static void add_rekey_notify(struct ike_draft *draft, uint32_t spi)
{
	const struct ike_notify notify = {
		.proto = IKE_PROTO_ESP, .spi_len = 4, .spi = spi, .type = IKE_NOTIFY_REKEY_SA};

	ike_build_payload(&draft->build, IKE_PAYLOAD_NOTIFY, false);
	ike_notify_encode(&draft->wr, &notify);
}

static bool child_request(struct ike_sa *sa, struct instant now)
{
	struct ike_proposal_cfg cfgs[LIMIT_PROPOSALS_CFG + 1];
	struct ike_create *create = sa->create;
	struct child_sa *old = child_sa_find(sa->engine, create->old_child);
	struct ike_selectors ts;
	struct ike_sa_payload offer;
	struct ike_draft draft;
	uint8_t n = ike_create_proposals(sa->cfg, IKE_CREATE_CHILD, &create->suite, cfgs);

	ike_proposal_offer(IKE_PROTO_ESP, cfgs, n, create->spi_in, 4, true, &offer);
	ike_draft_request(&draft, sa, IKE_EXCHANGE_CREATE_CHILD_SA);
	if (old)
		add_rekey_notify(&draft, old->spi_in);
	ike_mode_add(&draft);
	ike_draft_sa(&draft, &offer);
	ike_draft_nonce(&draft, &create->nonce);
	if (create->ke)
		ike_draft_ke(&draft, create->ke, create->ke_method);
	ike_selectors_of(sa, &ts);
	ike_draft_ts(&draft, &ts.local, &ts.remote);
	return ike_draft_send_request(&draft, IKE_PACE_LIVE, now);
}

bool ike_create_child_send(struct ike_sa *sa, struct child_sa *old, struct instant now)
{
	const struct ike_host *host = sa->engine->host;
	struct ike_proposal_cfg cfgs[LIMIT_PROPOSALS_CFG + 1];
	struct ike_create *create;

	if (sa->create || !child_sa_has_room(sa))
		return false;
	create = XCALLOC(MTYPE_IKE_CREATE, sizeof(*create));
	sa->create = create;
	create->kind = IKE_CREATE_CHILD;
	if (old) {
		old->todo_rekey = false;
		create->old_child = old->id;
		create->suite = old->suite;
	}
	ike_fresh_nonce(sa->engine, &create->nonce);
	create->spi_in = host->spi_reserve(host->arg);
	ike_create_proposals(sa->cfg, IKE_CREATE_CHILD, &create->suite, cfgs);
	if (create->spi_in && take_group(create, ike_proposal_first_group(&cfgs[0])) &&
	    child_request(sa, now))
		return true;
	ike_create_abandon(sa);
	return false;
}

static void try_again(struct ike_sa *sa, uint32_t child_id, int64_t after_us, struct instant now)
{
	struct child_sa *child = child_sa_find(sa->engine, child_id);

	if (child && child->state == CHILD_SA_INSTALLED && !instant_is_never(child->renew))
		child->renew = instant_add(now, after_us + ike_dice(sa->engine, after_us));
}

void ike_sa_reauthenticate(struct ike_sa *sa, struct instant now)
{
	if (!sa->cfg->passive && !ike_conn_attempt(sa->conn))
		ike_init_start(sa->conn, &sa->local, &sa->remote, now);
}

static enum ike_reason other_group(struct ike_turn *turn, const struct ike_notify *notify)
{
	struct ike_proposal_cfg cfgs[LIMIT_PROPOSALS_CFG + 1];
	struct ike_sa *sa = turn->sa;
	struct ike_create *create = sa->create;
	struct rd rd = rd_of(notify->data);
	uint8_t n = ike_create_proposals(sa->cfg, IKE_CREATE_CHILD, &create->suite, cfgs);
	uint16_t method;

	if (!rd_u16(&rd, &method) || !ike_proposals_have_group(cfgs, n, method) ||
	    create->restarts++ >= LIMIT_INIT_RESTARTS)
		return IKE_R_BAD_SYNTAX;
	return take_group(create, method) && child_request(sa, turn->now) ? IKE_R_OK : IKE_R_INTERNAL;
}

/* The peer does not know the one that we rekey: it has lost it, so have we (2.25.1); a new one is made. */
static void old_is_unknown(struct ike_turn *turn, uint32_t old_id)
{
	struct ike_sa *sa = turn->sa;
	struct child_sa *old = child_sa_find(sa->engine, old_id);

	if (old)
		child_sa_close(old, IKE_R_CHILD_DELETED_BY_PEER);
	if (!ike_sa_child(sa))
		ike_create_child_send(sa, NULL, turn->now);
}

/* One where there is none: NO_ADDITIONAL_SAS is a peer that makes them with the IKE SA only (1.3); the others may change their mind. */
static void none_comes(struct ike_sa *sa, enum ike_reason reason, struct instant now)
{
	ike_count(sa->engine, reason);
	if (ike_childless_may_pass(reason) && ike_childless_is_worth(sa) && !ike_childless_in_vain(sa))
		ike_childless_refused(sa, now);
	else
		ike_sa_close(sa, reason, now);
}

static void new_one_refused(struct ike_turn *turn, uint16_t type)
{
	struct ike_sa *sa = turn->sa;

	if (ike_sa_child(sa))
		return;
	if (type == IKE_NOTIFY_TEMPORARY_FAILURE || type == IKE_NOTIFY_STATE_NOT_FOUND) {
		ike_childless_refused(sa, turn->now);
		return;
	}
	none_comes(sa, ike_note_peer_error(sa, "CREATE_CHILD_SA", type), turn->now);
}

static enum ike_reason child_refused(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct ike_create *create = sa->create;
	uint32_t old_id = create->old_child;
	bool crossed = create->crossed;
	struct ike_notify notify;

	if (!ike_turn_error(turn, &notify))
		return IKE_R_PAYLOAD_MISSING;
	if (notify.type == IKE_NOTIFY_INVALID_KE_PAYLOAD && !create->row.num)
		return other_group(turn, &notify);
	ike_create_abandon(sa);
	/* The peer's own rekeying did it meanwhile. */
	if (crossed)
		return IKE_R_OK;
	if (!old_id) {
		new_one_refused(turn, notify.type);
		return IKE_R_OK;
	}
	switch (notify.type) {
	case IKE_NOTIFY_TEMPORARY_FAILURE:
	case IKE_NOTIFY_STATE_NOT_FOUND:
		try_again(sa, old_id, IKE_AGAIN_US, turn->now);
		break;
	case IKE_NOTIFY_CHILD_SA_NOT_FOUND:
		old_is_unknown(turn, old_id);
		break;
	default:
		ike_count(turn->engine, IKE_R_PEER_ERROR);
		try_again(sa, old_id, IKE_FALLBACK_US, turn->now);
		ike_sa_reauthenticate(sa, turn->now);
		break;
	}
	return IKE_R_OK;
}

struct child_answer {
	struct child_plan plan;
	struct ike_selectors ts;
	struct secret shared;
};

static enum ike_reason answer_ke(struct ike_turn *turn, struct child_answer *got)
{
	const struct ike_payload *payload = ike_payloads_find(turn->list, IKE_PAYLOAD_KE);
	struct ike_create *create = turn->sa->create;
	struct ike_ke ke;
	enum ike_reason reason;

	if (!got->plan.esp.ke)
		return IKE_R_OK;
	if (!payload || !create->ke)
		return IKE_R_PAYLOAD_MISSING;
	reason = ike_ke_decode(payload->body, &ke);
	if (reason != IKE_R_OK)
		return reason;
	if (ke.method != create->ke_method || got->plan.esp.ke->id != ke.method ||
	    !crypto_ke_derive(create->ke, ke.value, &got->shared))
		return IKE_R_BAD_KE;
	got->plan.shared = secret_view(&got->shared);
	return IKE_R_OK;
}

static enum ike_reason child_answer_read(struct ike_turn *turn, struct child_answer *got)
{
	struct ike_proposal_cfg cfgs[LIMIT_PROPOSALS_CFG + 1];
	struct ike_sa *sa = turn->sa;
	uint8_t n = ike_create_proposals(sa->cfg, IKE_CREATE_CHILD, &sa->create->suite, cfgs);
	struct ike_sa_payload answer;
	enum ike_reason reason;

	reason = ike_sa_payload_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_SA)->body, &answer);
	if (reason == IKE_R_OK)
		reason = ike_proposal_accept(IKE_PROTO_ESP, cfgs, n, true, &answer, &got->plan.esp);
	if (reason == IKE_R_OK)
		reason = ike_nonce_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_NONCE)->body,
					  &got->plan.nonce_r);
	if (reason == IKE_R_OK)
		reason = ike_ts_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_TSI)->body, &got->ts.local);
	if (reason == IKE_R_OK)
		reason = ike_ts_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_TSR)->body, &got->ts.remote);
	if (reason == IKE_R_OK)
		reason = answer_ke(turn, got);
	if (reason != IKE_R_OK)
		return reason;
	got->plan.spi_out = (uint32_t)answer.proposals[0].spi;
	if (answer.proposals[0].spi_len != 4 || !got->plan.spi_out)
		return IKE_R_BAD_SYNTAX;
	reason = ike_mode_check(turn);
	if (reason == IKE_R_OK)
		reason = ike_selectors_accept(sa, &got->ts);
	got->plan.ts_local = got->ts.local;
	got->plan.ts_remote = got->ts.remote;
	return reason;
}

static bool we_lose(const struct ike_create *create, struct bytes nr)
{
	struct bytes ours = ike_nonce_lower(secret_view(&create->nonce), nr);

	return create->crossed && ike_nonce_lower(ours, secret_view(&create->crossed_lowest)).p == ours.p;
}

/*
 * The peer has made it in a mode that is not configured: it is deleted, RFC 7296 1.3.1. With additional key exchanges to come there is none yet.
 * The old one goes on as long as it may.
 */
static void wrong_mode(struct ike_turn *turn, const struct child_answer *got)
{
	struct ike_sa *sa = turn->sa;
	struct ike_create *create = sa->create;
	uint32_t old_id = create->old_child;
	bool crossed = create->crossed;

	if (!ike_suite_has_addke(&got->plan.esp)) {
		child_sa_stillborn(sa, create->spi_in, got->plan.spi_out, turn->now);
		create->spi_in = 0;
	}
	ike_create_abandon(sa);
	if (old_id || crossed || ike_sa_child(sa)) {
		ike_count(turn->engine, IKE_R_TUNNEL_MODE);
		try_again(sa, old_id, IKE_FALLBACK_US, turn->now);
		return;
	}
	ike_conn_failed(sa->conn, IKE_R_TUNNEL_MODE, "");
	none_comes(sa, IKE_R_TUNNEL_MODE, turn->now);
}

static void child_commit(struct ike_turn *turn, struct child_answer *got)
{
	struct ike_sa *sa = turn->sa;
	struct ike_create *create = sa->create;

	got->plan.spi_in = create->spi_in;
	got->plan.nonce_i = secret_view(&create->nonce);
	got->plan.initiator = true;
	create->spi_in = 0;
	if (we_lose(create, got->plan.nonce_r)) {
		child_sa_stillborn(sa, got->plan.spi_in, got->plan.spi_out, turn->now);
		ike_create_abandon(sa);
		return;
	}
	if (create->crossed)
		ike_pending_free(sa);
	/* `create` stays until the data plane has said its word: child_installed(). */
	child_sa_install(sa, &got->plan, turn->now);
}

/*
 * Additional key exchanges come before it is made, RFC 9370 2.2.4. Who loses a collision has nothing to delete yet: it goes no
 * further. Who wins does not wait for what the other one began.
 */
static enum ike_reason child_follow_up(struct ike_turn *turn, struct child_answer *got)
{
	struct ike_sa *sa = turn->sa;
	struct ike_create *create = sa->create;

	if (we_lose(create, got->plan.nonce_r)) {
		ike_create_abandon(sa);
		return IKE_R_OK;
	}
	if (create->crossed)
		ike_pending_free(sa);
	create->esp = got->plan.esp;
	create->spi_out = got->plan.spi_out;
	create->ts_local = got->plan.ts_local;
	create->ts_remote = got->plan.ts_remote;
	secret_set(&create->nonce_r, got->plan.nonce_r);
	return ike_followup_begin(turn, &got->plan.esp, &got->shared);
}

enum ike_reason ike_create_child_followed(struct ike_turn *turn)
{
	struct ike_create *create = turn->sa->create;
	const struct child_plan plan = {.esp = create->esp,
					.spi_in = create->spi_in,
					.spi_out = create->spi_out,
					.ts_local = create->ts_local,
					.ts_remote = create->ts_remote,
					.nonce_i = secret_view(&create->nonce),
					.nonce_r = secret_view(&create->nonce_r),
					.shared = secret_view(&create->row.shared),
					.more = secret_view(&create->row.more),
					.initiator = true};

	create->spi_in = 0;
	child_sa_install(turn->sa, &plan, turn->now);
	return IKE_R_OK;
}

/* <-- HDR, SK {SA, Nr, [KEr,] TSi, TSr [, N(ADDITIONAL_KEY_EXCHANGE)]} */
enum ike_reason ike_create_child_response(struct ike_turn *turn)
{
	struct child_answer got = {};
	struct ike_notify error;
	enum ike_reason reason;

	if (!turn->sa->create)
		return IKE_R_UNEXPECTED_EXCHANGE;
	/* RFC 7296 3.10.1: an error, known or not, means that all of the request has failed. */
	if (ike_turn_error(turn, &error))
		return ike_create_refused(turn);
	if (turn->sa->create->kind == IKE_CREATE_IKE)
		return ike_rekey_ike_response(turn);
	if (!ike_payloads_find(turn->list, IKE_PAYLOAD_TSI) ||
	    !ike_payloads_find(turn->list, IKE_PAYLOAD_TSR))
		return IKE_R_PAYLOAD_MISSING;
	reason = child_answer_read(turn, &got);
	if (reason == IKE_R_TUNNEL_MODE) {
		wrong_mode(turn, &got);
		reason = IKE_R_OK;
	} else if (reason == IKE_R_OK && ike_suite_has_addke(&got.plan.esp))
		reason = child_follow_up(turn, &got);
	else if (reason == IKE_R_OK)
		child_commit(turn, &got);
	secret_fini(&got.shared);
	return reason;
}

enum ike_reason ike_create_refused(struct ike_turn *turn)
{
	if (!turn->sa->create)
		return IKE_R_UNEXPECTED_EXCHANGE;
	return turn->sa->create->kind == IKE_CREATE_IKE ? ike_rekey_ike_response(turn) : child_refused(turn);
}

/* Ours is in the data plane and sends: now the old one may go, and so may the peer's, if it made one too. */
static void child_installed(struct child_sa *child, struct instant now)
{
	struct ike_sa *sa = child->sa;
	struct child_sa *old = child_sa_find(sa->engine, sa->create->old_child);
	struct child_sa *crossed = child_sa_find(sa->engine, sa->create->crossed_child);

	child_sa_installed(child, now);
	child->anew = !sa->create->old_child;
	if (old)
		child_sa_retire(old, IKE_R_REPLACED);
	if (crossed)
		child_sa_superseded(crossed, now);
	ike_create_abandon(sa);
}

/* The peer has it and we do not: it is deleted with the peer, and the rekeying begins anew later. */
static void child_failed(struct child_sa *child, struct instant now)
{
	struct ike_sa *sa = child->sa;
	uint32_t old_id = sa->create->old_child;

	ike_count(sa->engine, IKE_R_DATAPLANE);
	if (!old_id)
		ike_conn_failed(sa->conn, IKE_R_DATAPLANE, "");
	ike_create_abandon(sa);
	child_sa_retire(child, IKE_R_DATAPLANE);
	try_again(sa, old_id, IKE_AGAIN_US, now);
}

void ike_create_child_done(struct child_sa *child, int result, struct instant now)
{
	if (result == 0)
		child_installed(child, now);
	else
		child_failed(child, now);
}
