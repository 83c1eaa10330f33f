// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CREATE_CHILD_SA for a Child SA, RFC 7296 1.3.1, 1.3.3, 2.8: the first one anew, or one in the place of another.
 *
 *	HDR, SK {[N(REKEY_SA),] SA, Ni, [KEi,] TSi, TSr} -->
 *	                           <--  HDR, SK {SA, Nr, [KEr,] TSi, TSr}
 *	HDR, SK {D(old)} -->       <--  HDR, SK {D(old)}
 *
 * When both ends rekey the same one at once, two come of it; the one with the lowest of the four nonces is deleted by who
 * made it, the old one by the other (2.8.1). Who may do what while something else is under way is 2.25.1.
 */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_ts.h"

/* After TEMPORARY_FAILURE: two to four seconds, so that both ends do not meet again (2.25). */
#define AGAIN_US (2 * USEC_PER_S)

/* A peer that can only begin anew gets a new IKE SA; should that fail too, the next try is this far. */
#define FALLBACK_US (60 * USEC_PER_S)

/* --- initiator ------------------------------------------------------------------------------------------- */

static uint16_t first_group(const struct ike_proposal_cfg *cfg)
{
	for (unsigned int i = 0; i < cfg->num; i++)
		if (cfg->transforms[i].type == IKE_TRANSFORM_KE)
			return cfg->transforms[i].id;
	return IKE_KE_NONE;
}

static bool offers_group(const struct ike_proposal_cfg *cfgs, uint8_t n, uint16_t method)
{
	for (uint8_t p = 0; p < n; p++)
		for (unsigned int i = 0; i < cfgs[p].num; i++)
			if (cfgs[p].transforms[i].type == IKE_TRANSFORM_KE &&
			    cfgs[p].transforms[i].id == method)
				return true;
	return false;
}

static bool take_group(struct ike_create *create, uint16_t method)
{
	const struct crypto_ke_method *row = crypto_ke_method_find(method);

	crypto_ke_free(create->ke);
	create->ke = row ? crypto_ke_new(row) : NULL;
	create->ke_method = method;
	return method == IKE_KE_NONE || create->ke;
}

static void add_ke(struct ike_draft *draft, struct crypto_ke *key, uint16_t method)
{
	const struct ike_ke ke = {.method = method, .value = crypto_ke_public(key)};

	ike_build_payload(&draft->build, IKE_PAYLOAD_KE, false);
	ike_ke_encode(&draft->wr, &ke);
}

static void add_sa_nonce(struct ike_draft *draft, const struct ike_sa_payload *sa, const struct secret *nonce)
{
	ike_build_payload(&draft->build, IKE_PAYLOAD_SA, false);
	ike_sa_payload_encode(&draft->wr, sa);
	ike_build_payload(&draft->build, IKE_PAYLOAD_NONCE, false);
	ike_nonce_encode(&draft->wr, secret_view(nonce));
}

static void add_ts(struct ike_draft *draft, const struct ts_list *tsi, const struct ts_list *tsr)
{
	ike_build_payload(&draft->build, IKE_PAYLOAD_TSI, false);
	ike_ts_encode(&draft->wr, tsi);
	ike_build_payload(&draft->build, IKE_PAYLOAD_TSR, false);
	ike_ts_encode(&draft->wr, tsr);
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
	struct ike_sa_payload offer;
	struct ike_draft draft;
	uint8_t n = ike_create_proposals(sa->cfg, IKE_CREATE_CHILD, &create->suite, cfgs);

	ike_proposal_offer(IKE_PROTO_ESP, cfgs, n, create->spi_in, 4, true, &offer);
	ike_draft_request(&draft, sa, IKE_EXCHANGE_CREATE_CHILD_SA);
	if (old)
		add_rekey_notify(&draft, old->spi_in);
	add_sa_nonce(&draft, &offer, &create->nonce);
	if (create->ke)
		add_ke(&draft, create->ke, create->ke_method);
	add_ts(&draft, &sa->cfg->ts_local, &sa->cfg->ts_remote);
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
	secret_alloc(&create->nonce, LIMIT_NONCE_OUT);
	host->random(host->arg, create->nonce.key, create->nonce.len);
	create->spi_in = host->spi_reserve(host->arg);
	ike_create_proposals(sa->cfg, IKE_CREATE_CHILD, &create->suite, cfgs);
	if (create->spi_in && take_group(create, first_group(&cfgs[0])) && child_request(sa, now))
		return true;
	ike_create_abandon(sa);
	return false;
}

static int64_t jittered(struct ike_sa *sa, int64_t us)
{
	const struct ike_host *host = sa->engine->host;
	uint16_t dice;

	host->random(host->arg, (uint8_t *)&dice, sizeof(dice));
	return us + us * dice / UINT16_MAX;
}

static void try_again(struct ike_sa *sa, uint32_t child_id, int64_t after_us, struct instant now)
{
	struct child_sa *child = child_sa_find(sa->engine, child_id);

	if (child && child->state == CHILD_SA_INSTALLED && !instant_is_never(child->renew))
		child->renew = instant_add(now, jittered(sa, after_us));
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

	if (!rd_u16(&rd, &method) || !offers_group(cfgs, n, method) ||
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

static enum ike_reason child_refused(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct ike_create *create = sa->create;
	uint32_t old_id = create->old_child;
	bool crossed = create->crossed;
	struct ike_notify notify;

	if (!ike_turn_error(turn, &notify))
		return IKE_R_PAYLOAD_MISSING;
	if (notify.type == IKE_NOTIFY_INVALID_KE_PAYLOAD)
		return other_group(turn, &notify);
	ike_create_abandon(sa);
	/* The peer's own rekeying did it meanwhile. */
	if (crossed)
		return IKE_R_OK;
	switch (notify.type) {
	case IKE_NOTIFY_TEMPORARY_FAILURE:
		try_again(sa, old_id, AGAIN_US, turn->now);
		break;
	case IKE_NOTIFY_CHILD_SA_NOT_FOUND:
		old_is_unknown(turn, old_id);
		break;
	default:
		ike_count(turn->engine, IKE_R_PEER_ERROR);
		try_again(sa, old_id, FALLBACK_US, turn->now);
		ike_sa_reauthenticate(sa, turn->now);
		break;
	}
	return IKE_R_OK;
}

struct child_answer {
	struct child_plan plan;
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
		reason = ike_ts_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_TSI)->body,
				       &got->plan.ts_local);
	if (reason == IKE_R_OK)
		reason = ike_ts_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_TSR)->body,
				       &got->plan.ts_remote);
	if (reason == IKE_R_OK)
		reason = answer_ke(turn, got);
	if (reason != IKE_R_OK)
		return reason;
	got->plan.spi_out = (uint32_t)answer.proposals[0].spi;
	if (answer.proposals[0].spi_len != 4 || !got->plan.spi_out)
		return IKE_R_BAD_SYNTAX;
	if (!ike_ts_within(&got->plan.ts_local, &sa->cfg->ts_local) ||
	    !ike_ts_within(&got->plan.ts_remote, &sa->cfg->ts_remote))
		return IKE_R_PEER_CHANGED_PROPOSAL;
	return IKE_R_OK;
}

static bool we_lose(const struct ike_create *create, struct bytes nr)
{
	struct bytes ours = ike_nonce_lower(secret_view(&create->nonce), nr);

	return create->crossed && ike_nonce_lower(ours, secret_view(&create->crossed_lowest)).p == ours.p;
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
	/* `create` stays until the data plane has said its word: child_installed(). */
	child_sa_install(sa, &got->plan, turn->now);
}

/* <-- HDR, SK {SA, Nr, [KEr,] TSi, TSr} */
static enum ike_reason create_child_response(struct ike_turn *turn)
{
	struct child_answer got = {};
	enum ike_reason reason;

	if (!turn->sa->create)
		return IKE_R_UNEXPECTED_EXCHANGE;
	if (turn->sa->create->kind == IKE_CREATE_IKE)
		return ike_rekey_ike_response(turn);
	if (!ike_payloads_find(turn->list, IKE_PAYLOAD_TSI) ||
	    !ike_payloads_find(turn->list, IKE_PAYLOAD_TSR))
		return IKE_R_PAYLOAD_MISSING;
	reason = child_answer_read(turn, &got);
	if (reason == IKE_R_OK)
		child_commit(turn, &got);
	secret_fini(&got.shared);
	return reason;
}

static enum ike_reason create_refused(struct ike_turn *turn)
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
	if (old)
		child_sa_retire(old, IKE_R_REPLACED);
	if (crossed)
		child_sa_superseded(crossed, now);
	ike_create_abandon(sa);
}

/* --- responder ------------------------------------------------------------------------------------------- */

struct child_ask {
	struct child_sa *old; /* NULL: a new one */
	struct bytes nonce;
	struct ike_suite esp;
	struct ike_proposal answer;
	struct ike_ke ke;
	struct ts_list tsi;
	struct ts_list tsr;
};

/* RFC 7296 2.25.1 and 2.25.2. */
static enum ike_reason may_create(struct ike_turn *turn, struct child_ask *ask)
{
	struct ike_sa *sa = turn->sa;
	struct ike_notify notify;

	if (sa->create && sa->create->kind == IKE_CREATE_IKE)
		return IKE_R_TEMPORARY;
	if (!child_sa_has_room(sa))
		return IKE_R_NO_ADDITIONAL_SAS;
	/* One that is new takes over from the one that is there: a connection is one pair. */
	ask->old = ike_sa_child(sa);
	if (!ike_turn_notify(turn, IKE_NOTIFY_REKEY_SA, &notify))
		return IKE_R_OK;
	ask->old = notify.proto == IKE_PROTO_ESP ? child_sa_by_peer_spi(sa, (uint32_t)notify.spi) : NULL;
	if (!ask->old)
		return IKE_R_CHILD_NOT_FOUND;
	return ask->old->state == CHILD_SA_INSTALLED ? IKE_R_OK : IKE_R_TEMPORARY;
}

/* Groups that the peer may use though none is configured: PFS that nobody asked for does no harm, a refused rekeying does. */
static void allow_any_group(struct ike_proposal_cfg *cfgs, uint8_t n, uint16_t offered)
{
	for (uint8_t i = 0; i < n; i++)
		if (first_group(&cfgs[i]) == IKE_KE_NONE && cfgs[i].num < IKE_CFG_TRANSFORMS &&
		    crypto_ke_method_find(offered))
			cfgs[i].transforms[cfgs[i].num++] =
				(struct ike_transform_cfg){.type = IKE_TRANSFORM_KE, .id = offered};
}

static enum ike_reason ask_choose(struct ike_turn *turn, struct child_ask *ask)
{
	const struct ike_payload *ke = ike_payloads_find(turn->list, IKE_PAYLOAD_KE);
	const struct ike_conn_cfg *cfg = turn->sa->cfg;
	struct ike_proposal_cfg cfgs[LIMIT_PROPOSALS_CFG];
	struct ike_sa_payload offer;
	enum ike_reason reason =
		ike_sa_payload_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_SA)->body, &offer);

	if (reason == IKE_R_OK && ke)
		reason = ike_ke_decode(ke->body, &ask->ke);
	if (reason != IKE_R_OK)
		return reason;
	memcpy(cfgs, cfg->esp, sizeof(cfgs));
	if (ke)
		allow_any_group(cfgs, cfg->num_esp, ask->ke.method);
	reason =
		ike_proposal_choose(IKE_PROTO_ESP, cfgs, cfg->num_esp, &offer, true, &ask->esp, &ask->answer);
	if (reason != IKE_R_OK)
		return reason;
	turn->wanted_ke = ask->esp.ke ? ask->esp.ke->id : IKE_KE_NONE;
	if (ask->esp.ke && (!ke || ask->ke.method != ask->esp.ke->id))
		return IKE_R_INVALID_KE;
	return ask->answer.spi_len == 4 && ask->answer.spi ? IKE_R_OK : IKE_R_BAD_SYNTAX;
}

static enum ike_reason ask_read(struct ike_turn *turn, struct child_ask *ask)
{
	const struct ike_conn_cfg *cfg = turn->sa->cfg;
	struct ts_list tsi, tsr;
	enum ike_reason reason = may_create(turn, ask);

	if (reason == IKE_R_OK)
		reason =
			ike_nonce_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_NONCE)->body, &ask->nonce);
	if (reason == IKE_R_OK)
		reason = ike_ts_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_TSI)->body, &tsi);
	if (reason == IKE_R_OK)
		reason = ike_ts_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_TSR)->body, &tsr);
	if (reason == IKE_R_OK)
		reason = ask_choose(turn, ask);
	if (reason == IKE_R_OK)
		reason = ike_ts_narrow(&cfg->ts_remote, &tsi, &ask->tsi);
	if (reason == IKE_R_OK)
		reason = ike_ts_narrow(&cfg->ts_local, &tsr, &ask->tsr);
	return reason;
}

static void note_crossing(struct ike_sa *sa, const struct ike_held *held, struct bytes ni)
{
	struct ike_create *create = sa->create;

	if (!create || create->kind != IKE_CREATE_CHILD || !held->old_child ||
	    create->old_child != held->old_child)
		return;
	create->crossed = true;
	create->crossed_child = held->child_id;
	secret_set(&create->crossed_lowest, ike_nonce_lower(ni, secret_view(&held->nonce)));
}

static enum ike_reason hold(struct ike_turn *turn, const struct child_ask *ask, struct secret *shared)
{
	struct ike_sa *sa = turn->sa;
	const struct ike_host *host = sa->engine->host;
	struct child_plan plan = {.esp = ask->esp,
				  .spi_out = (uint32_t)ask->answer.spi,
				  .ts_local = ask->tsr,
				  .ts_remote = ask->tsi,
				  .nonce_i = ask->nonce,
				  .unconfirmed = true,
				  .receive_only = ask->old != NULL};
	struct crypto_ke *ke = ask->esp.ke ? crypto_ke_new(ask->esp.ke) : NULL;
	struct ike_held *held;

	if (ask->esp.ke && (!ke || !crypto_ke_derive(ke, ask->ke.value, shared))) {
		crypto_ke_free(ke);
		return IKE_R_BAD_KE;
	}
	plan.spi_in = host->spi_reserve(host->arg);
	if (!plan.spi_in) {
		crypto_ke_free(ke);
		return IKE_R_DATAPLANE;
	}
	sa->held = held = XCALLOC(MTYPE_IKE_HELD, sizeof(*held));
	held->ke = ke;
	held->ke_method = ke ? ask->esp.ke->id : IKE_KE_NONE;
	held->answer = ask->answer;
	held->answer.spi = plan.spi_in;
	held->tsi = ask->tsi;
	held->tsr = ask->tsr;
	held->old_child = ask->old ? ask->old->id : 0;
	secret_alloc(&held->nonce, LIMIT_NONCE_OUT);
	host->random(host->arg, held->nonce.key, held->nonce.len);
	plan.nonce_r = secret_view(&held->nonce);
	plan.shared = secret_view(shared);
	held->child_id = child_sa_install(sa, &plan, turn->now)->id;
	note_crossing(sa, held, ask->nonce);
	return IKE_R_OK;
}

/* --> HDR, SK {[N(REKEY_SA),] SA, Ni, [KEi,] TSi, TSr} */
static enum ike_reason create_child_request(struct ike_turn *turn)
{
	struct child_ask ask = {};
	struct secret shared = {};
	enum ike_reason reason;

	ike_held_free(turn->sa);
	reason = ask_read(turn, &ask);
	if (reason == IKE_R_OK)
		reason = hold(turn, &ask, &shared);
	secret_fini(&shared);
	return reason;
}

static void answer(struct ike_sa *sa, uint16_t error)
{
	const struct ike_hdr request = {.exchange = IKE_EXCHANGE_CREATE_CHILD_SA,
					.message_id = sa->window.expected_id - 1};
	struct ike_held *held = sa->held;
	struct ike_sa_payload chosen = {.n = 1, .proposals = {held->answer}};
	struct ike_draft draft;

	ike_draft_response(&draft, sa, &request);
	if (error) {
		ike_draft_notify(&draft, error, bytes_make(NULL, 0));
	} else {
		add_sa_nonce(&draft, &chosen, &held->nonce);
		if (held->ke)
			add_ke(&draft, held->ke, held->ke_method);
		add_ts(&draft, &held->tsi, &held->tsr);
	}
	ike_draft_send_response(&draft, &sa->local, &sa->remote);
}

static void held_installed(struct child_sa *child, struct instant now)
{
	struct ike_sa *sa = child->sa;
	struct child_sa *old = child_sa_find(sa->engine, sa->held->old_child);

	answer(sa, 0);
	child_sa_installed(child, now);
	if (old)
		child_sa_superseded(old, now);
	ike_held_free(sa);
}

static void create_failed(struct child_sa *child, bool held, struct instant now)
{
	struct ike_sa *sa = child->sa;
	uint32_t old_id = held ? 0 : sa->create->old_child;

	ike_count(sa->engine, IKE_R_DATAPLANE);
	if (held) {
		/* Nothing of it is with the peer: the SPIs are forgotten, the old one goes on. */
		answer(sa, IKE_NOTIFY_NO_ADDITIONAL_SAS);
		child_sa_close(child, IKE_R_DATAPLANE);
		ike_held_free(sa);
		return;
	}
	ike_create_abandon(sa);
	/* The peer has it: it is deleted with the peer, and the rekeying begins anew later. */
	child_sa_retire(child, IKE_R_DATAPLANE);
	try_again(sa, old_id, AGAIN_US, now);
}

void ike_create_child_result(struct child_sa *child, int result, struct instant now)
{
	struct ike_sa *sa = child->sa;
	bool held = sa->held && sa->held->child_id == child->id;

	if (!held && !sa->create)
		return;
	if (result != 0)
		create_failed(child, held, now);
	else if (held)
		held_installed(child, now);
	else
		child_installed(child, now);
	ike_sa_continue(sa, now);
	ike_sa_rearm(sa);
}

static enum ike_reason create_temporary(struct ike_turn *turn)
{
	return IKE_R_TEMPORARY;
}

#define MAKE	 (IKE_SET(SA) | IKE_SET(NONCE))
#define TS	 (IKE_SET(TSI) | IKE_SET(TSR))
#define EXTRA	 (IKE_SET(NOTIFY) | IKE_SET(VENDOR))
#define ANYTHING (MAKE | TS | EXTRA | IKE_SET(KE) | IKE_SET(CP))

const struct ike_row ike_create_child_rows[] = {
	{.name = "make a Child SA, or one in the place of another",
	 .in = IKE_SA_ESTABLISHED,
	 .exchange = IKE_EXCHANGE_CREATE_CHILD_SA,
	 .sealed = true,
	 .need = MAKE | TS,
	 .may = EXTRA | IKE_SET(KE) | IKE_SET(CP),
	 .handle = create_child_request,
	 .to = IKE_SA_ESTABLISHED},
	{.name = "make an IKE SA in the place of this one",
	 .in = IKE_SA_ESTABLISHED,
	 .exchange = IKE_EXCHANGE_CREATE_CHILD_SA,
	 .sealed = true,
	 .need = MAKE | IKE_SET(KE),
	 .may = EXTRA,
	 .handle = ike_rekey_ike_request,
	 .to = IKE_SA_ESTABLISHED},
	{.name = "ours is answered: a Child SA or an IKE SA",
	 .in = IKE_SA_ESTABLISHED,
	 .exchange = IKE_EXCHANGE_CREATE_CHILD_SA,
	 .response = true,
	 .sealed = true,
	 .need = MAKE,
	 .may = EXTRA | TS | IKE_SET(KE),
	 .handle = create_child_response,
	 .to = IKE_SA_ESTABLISHED},
	{.name = "ours is refused",
	 .in = IKE_SA_ESTABLISHED,
	 .exchange = IKE_EXCHANGE_CREATE_CHILD_SA,
	 .response = true,
	 .sealed = true,
	 .need = IKE_SET(NOTIFY),
	 .may = IKE_SET(VENDOR),
	 .handle = create_refused,
	 .to = IKE_SA_ESTABLISHED},
	{.name = "not while our DELETE is under way (2.25.2)",
	 .in = IKE_SA_DELETING,
	 .exchange = IKE_EXCHANGE_CREATE_CHILD_SA,
	 .sealed = true,
	 .may = ANYTHING,
	 .handle = create_temporary,
	 .to = IKE_SA_DELETING},
	{.name = "nor when another IKE SA took over",
	 .in = IKE_SA_REPLACED,
	 .exchange = IKE_EXCHANGE_CREATE_CHILD_SA,
	 .sealed = true,
	 .may = ANYTHING,
	 .handle = create_temporary,
	 .to = IKE_SA_REPLACED},
	{},
};
