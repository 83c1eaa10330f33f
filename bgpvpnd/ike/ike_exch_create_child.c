// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CREATE_CHILD_SA for a Child SA, RFC 7296 1.3.1, 1.3.3, 2.8: the first one anew, or one in the place of another.
 *
 *	HDR, SK {[N(REKEY_SA),] SA, Ni, [KEi,] TSi, TSr} -->
 *	                           <--  HDR, SK {SA, Nr, [KEr,] TSi, TSr}
 *	HDR, SK {D(old)} -->       <--  HDR, SK {D(old)}
 *
 * When both ends rekey the same one at once, or ask for one where there is none, two come of it; the one with the lowest of the four nonces is deleted by who
 * made it, the old one by the other (2.8.1). Who may do what while something else is under way is 2.25.1.
 */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_note.h"
#include "bgpvpnd/ike/ike_selectors.h"

/* As long as a request that crossed may be under way. */
#define CROSSED_US (5 * USEC_PER_S)

struct child_ask {
	struct child_sa *old; /* NULL: a new one */
	struct bytes nonce;
	struct ike_suite esp;
	struct ike_proposal answer;
	struct ike_ke ke;
	struct ike_selectors ts;
};

/* Ours was made where there was none, and the peer asked for one too before it had that answered: two would come of it. */
static bool crossed_late(const struct child_sa *child, struct instant now)
{
	return child && child->anew && instant_diff(now, child->since) < CROSSED_US;
}

/* RFC 9370 2.2.4: ours, of the same one, is past the exchange that would have settled a collision. */
static bool following_up(const struct ike_sa *sa, const struct child_sa *old)
{
	const struct ike_create *create = sa->create;

	return create && create->row.num && create->old_child == (old ? old->id : 0);
}

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
		return crossed_late(ask->old, turn->now) || following_up(sa, ask->old) ? IKE_R_TEMPORARY
											: IKE_R_OK;
	turn->lost = (struct ike_notify){.proto = notify.proto, .spi_len = notify.spi_len, .spi = notify.spi};
	ask->old = notify.proto == IKE_PROTO_ESP ? child_sa_by_peer_spi(sa, (uint32_t)notify.spi) : NULL;
	if (!ask->old)
		return IKE_R_CHILD_NOT_FOUND;
	if (following_up(sa, ask->old))
		return IKE_R_TEMPORARY;
	return ask->old->state == CHILD_SA_INSTALLED ? IKE_R_OK : IKE_R_TEMPORARY;
}

/* Groups that the peer may use though none is configured: PFS that nobody asked for does no harm, a refused rekeying does. */
static void allow_any_group(struct ike_proposal_cfg *cfgs, uint8_t n, uint16_t offered)
{
	for (uint8_t i = 0; i < n; i++)
		if (ike_proposal_first_group(&cfgs[i]) == IKE_KE_NONE && cfgs[i].num < IKE_CFG_TRANSFORMS &&
		    crypto_ke_method_find(offered))
			cfgs[i].transforms[cfgs[i].num++] =
				(struct ike_transform_cfg){.type = IKE_TRANSFORM_KE, .id = offered};
}

/* The same for additional key exchanges: those of the offer, where we have a method for them. */
static void allow_any_addke(struct ike_proposal_cfg *cfgs, uint8_t n, const struct ike_sa_payload *offer)
{
	const struct ike_proposal *first = &offer->proposals[0];

	if (ike_proposals_have_addke(cfgs, n))
		return;
	for (unsigned int t = 0; t < first->num_transforms; t++)
		for (uint8_t i = 0; i < n; i++)
			if (ike_transform_is_addke(first->transforms[t].type) &&
			    crypto_ke_method_find(first->transforms[t].id) &&
			    cfgs[i].num < IKE_CFG_TRANSFORMS)
				cfgs[i].transforms[cfgs[i].num++] = (struct ike_transform_cfg){
					first->transforms[t].type, first->transforms[t].id, 0};
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
	if (ke)
		allow_any_addke(cfgs, cfg->num_esp, &offer);
	reason =
		ike_proposal_choose(IKE_PROTO_ESP, cfgs, cfg->num_esp, &offer, true, &ask->esp, &ask->answer);
	if (reason == IKE_R_NO_PROPOSAL && turn->sa->childless.on)
		ike_note_esp_offer(turn->sa->conn, cfg, &offer);
	if (reason != IKE_R_OK)
		return reason;
	turn->wanted_ke = ask->esp.ke ? ask->esp.ke->id : IKE_KE_NONE;
	if (ask->esp.ke && (!ke || ask->ke.method != ask->esp.ke->id))
		return IKE_R_INVALID_KE;
	return ask->answer.spi_len == 4 && ask->answer.spi ? IKE_R_OK : IKE_R_BAD_SYNTAX;
}

static enum ike_reason ask_read(struct ike_turn *turn, struct child_ask *ask)
{
	struct ike_selectors offered;
	char words[256];
	enum ike_reason reason = may_create(turn, ask);

	if (reason == IKE_R_OK)
		reason = ike_mode_check(turn);
	if (reason == IKE_R_OK)
		reason =
			ike_nonce_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_NONCE)->body, &ask->nonce);
	if (reason == IKE_R_OK)
		reason = ike_ts_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_TSI)->body, &offered.remote);
	if (reason == IKE_R_OK)
		reason = ike_ts_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_TSR)->body, &offered.local);
	if (reason == IKE_R_OK)
		reason = ask_choose(turn, ask);
	if (reason == IKE_R_OK)
		reason = ike_selectors_narrow(turn->sa, &offered, &ask->ts, words, sizeof(words));
	return reason;
}

/* `child`: the peer's; 0: it is not made yet. */
static void note_crossing(struct ike_sa *sa, uint32_t old_child, uint32_t child, struct bytes ni,
			  struct bytes nr)
{
	struct ike_create *create = sa->create;

	/* Of the same old one, or both where there was none. */
	if (!create || create->kind != IKE_CREATE_CHILD || create->old_child != old_child)
		return;
	create->crossed = true;
	create->crossed_child = child;
	secret_set(&create->crossed_lowest, ike_nonce_lower(ni, nr));
}

static enum ike_reason hold(struct ike_turn *turn, const struct child_ask *ask, struct secret *shared)
{
	struct ike_sa *sa = turn->sa;
	const struct ike_host *host = sa->engine->host;
	struct child_plan plan = {.esp = ask->esp,
				  .spi_out = (uint32_t)ask->answer.spi,
				  .ts_local = ask->ts.local,
				  .ts_remote = ask->ts.remote,
				  .nonce_i = ask->nonce,
				  .unconfirmed = true,
				  .receive_only = ask->old != NULL};
	struct crypto_ke *ke = ask->esp.ke ? crypto_ke_respond(ask->esp.ke, ask->ke.value) : NULL;
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
	held->local = *turn->local;
	held->remote = *turn->remote;
	held->ke = ke;
	held->ke_method = ke ? ask->esp.ke->id : IKE_KE_NONE;
	held->answer = ask->answer;
	held->answer.spi = plan.spi_in;
	held->tsi = ask->ts.remote;
	held->tsr = ask->ts.local;
	held->old_child = ask->old ? ask->old->id : 0;
	ike_fresh_nonce(sa->engine, &held->nonce);
	plan.nonce_r = secret_view(&held->nonce);
	plan.shared = secret_view(shared);
	held->child_id = child_sa_install(sa, &plan, turn->now)->id;
	note_crossing(sa, held->old_child, held->child_id, ask->nonce, secret_view(&held->nonce));
	return IKE_R_OK;
}

/* <-- HDR, SK {SA, Nr, KEr, TSi, TSr, N(ADDITIONAL_KEY_EXCHANGE)} */
static bool pending_answer(struct ike_turn *turn, const struct child_ask *ask, const struct crypto_ke *ke)
{
	struct ike_pending *pending = turn->sa->pending;
	struct ike_sa_payload chosen = {.n = 1, .proposals = {ask->answer}};
	struct ike_draft draft;

	chosen.proposals[0].spi = pending->spi_in;
	ike_draft_response(&draft, turn->sa, &turn->msg.hdr);
	ike_mode_add(&draft);
	ike_draft_sa(&draft, &chosen);
	ike_draft_nonce(&draft, &pending->nonce_r);
	ike_draft_ke(&draft, ke, ask->esp.ke->id);
	ike_draft_ts(&draft, &ask->ts.remote, &ask->ts.local);
	ike_addke_add_link(&draft, &pending->row);
	return ike_draft_send_response(&draft, turn->local, turn->remote);
}

/* With additional key exchanges it is made after the last of them (ike_create_child_pending_done). */
static enum ike_reason pend(struct ike_turn *turn, const struct child_ask *ask, struct secret *shared)
{
	struct ike_sa *sa = turn->sa;
	const struct ike_host *host = sa->engine->host;
	struct crypto_ke *ke = crypto_ke_respond(ask->esp.ke, ask->ke.value);
	struct ike_pending *pending;
	enum ike_reason reason = IKE_R_OK;

	if (!ke || !crypto_ke_derive(ke, ask->ke.value, shared)) {
		crypto_ke_free(ke);
		return IKE_R_BAD_KE;
	}
	pending = ike_pending_new(sa, IKE_CREATE_CHILD, turn->now);
	pending->old_child = ask->old ? ask->old->id : 0;
	pending->spi_in = host->spi_reserve(host->arg);
	pending->spi_out = (uint32_t)ask->answer.spi;
	pending->esp = ask->esp;
	pending->tsi = ask->ts.remote;
	pending->tsr = ask->ts.local;
	secret_set(&pending->nonce_i, ask->nonce);
	ike_fresh_nonce(sa->engine, &pending->nonce_r);
	secret_move(&pending->row.shared, shared);
	ike_addke_plan(&pending->row, &ask->esp);
	if (!pending->spi_in)
		reason = IKE_R_DATAPLANE;
	else if (!pending_answer(turn, ask, ke))
		reason = IKE_R_INTERNAL;
	crypto_ke_free(ke);
	if (reason == IKE_R_OK)
		note_crossing(sa, pending->old_child, 0, ask->nonce, secret_view(&pending->nonce_r));
	else
		ike_pending_free(sa);
	return reason;
}

/* The one that it replaces, or that which came in its place meanwhile. */
static struct child_sa *old_of(struct ike_sa *sa, const struct ike_pending *pending)
{
	struct child_sa *old = child_sa_find(sa->engine, pending->old_child);

	return old && old->sa == sa ? old : ike_sa_child(sa);
}

enum ike_reason ike_create_child_pending_done(struct ike_turn *turn, struct crypto_ke **reply)
{
	struct ike_sa *sa = turn->sa;
	struct ike_pending *pending = sa->pending;
	struct child_sa *old = old_of(sa, pending);
	const struct child_plan plan = {.esp = pending->esp,
					.spi_in = pending->spi_in,
					.spi_out = pending->spi_out,
					.ts_local = pending->tsr,
					.ts_remote = pending->tsi,
					.nonce_i = secret_view(&pending->nonce_i),
					.nonce_r = secret_view(&pending->nonce_r),
					.shared = secret_view(&pending->row.shared),
					.more = secret_view(&pending->row.more),
					.unconfirmed = true,
					.receive_only = old != NULL};
	struct ike_held *held;

	if (!child_sa_has_room(sa))
		return IKE_R_NO_ADDITIONAL_SAS;
	ike_held_free(sa);
	sa->held = held = XCALLOC(MTYPE_IKE_HELD, sizeof(*held));
	held->local = *turn->local;
	held->remote = *turn->remote;
	held->followup = true;
	held->ke = *reply;
	*reply = NULL;
	held->ke_method = turn->wanted_ke;
	held->old_child = old ? old->id : 0;
	pending->spi_in = 0;
	held->child_id = child_sa_install(sa, &plan, turn->now)->id;
	note_crossing(sa, pending->old_child, held->child_id, plan.nonce_i, plan.nonce_r);
	ike_pending_free(sa);
	return IKE_R_OK;
}

/* --> HDR, SK {[N(REKEY_SA),] SA, Ni, [KEi,] TSi, TSr} */
static enum ike_reason create_child_request(struct ike_turn *turn)
{
	struct child_ask ask = {};
	struct secret shared = {};
	enum ike_reason reason;

	ike_held_free(turn->sa);
	ike_childless_asked(turn->sa, turn->now);
	ike_pending_free(turn->sa);
	reason = ask_read(turn, &ask);
	if (reason == IKE_R_OK)
		reason =
			ike_suite_has_addke(&ask.esp) ? pend(turn, &ask, &shared) : hold(turn, &ask, &shared);
	secret_fini(&shared);
	return reason;
}

static void answer(struct ike_sa *sa, uint16_t error)
{
	struct ike_held *held = sa->held;
	const struct ike_hdr request = {.exchange = held->followup ? IKE_EXCHANGE_FOLLOWUP_KE
								   : IKE_EXCHANGE_CREATE_CHILD_SA,
					.message_id = sa->window.expected_id - 1};
	struct ike_sa_payload chosen = {.n = 1, .proposals = {held->answer}};
	struct ike_draft draft;

	ike_draft_response(&draft, sa, &request);
	if (error) {
		ike_draft_notify(&draft, error, bytes_make(NULL, 0));
	} else if (held->followup) {
		ike_draft_ke(&draft, held->ke, held->ke_method);
	} else {
		ike_mode_add(&draft);
		ike_draft_sa(&draft, &chosen);
		ike_draft_nonce(&draft, &held->nonce);
		if (held->ke)
			ike_draft_ke(&draft, held->ke, held->ke_method);
		ike_draft_ts(&draft, &held->tsi, &held->tsr);
	}
	ike_draft_send_response(&draft, &held->local, &held->remote);
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

static void held_failed(struct child_sa *child, struct instant now)
{
	struct ike_sa *sa = child->sa;

	ike_count(sa->engine, IKE_R_DATAPLANE);
	/* Nothing of it is with the peer: the SPIs are forgotten, the old one goes on. */
	answer(sa, IKE_NOTIFY_NO_ADDITIONAL_SAS);
	child_sa_close(child, IKE_R_DATAPLANE);
	ike_held_free(sa);
}

void ike_create_child_result(struct child_sa *child, int result, struct instant now)
{
	struct ike_sa *sa = child->sa;
	bool held = sa->held && sa->held->child_id == child->id;

	if (!held && !sa->create)
		return;
	if (held && result == 0)
		held_installed(child, now);
	else if (held)
		held_failed(child, now);
	else
		ike_create_child_done(child, result, now);
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
	 .handle = ike_create_child_response,
	 .to = IKE_SA_ESTABLISHED},
	{.name = "ours is refused",
	 .in = IKE_SA_ESTABLISHED,
	 .exchange = IKE_EXCHANGE_CREATE_CHILD_SA,
	 .response = true,
	 .sealed = true,
	 .need = IKE_SET(NOTIFY),
	 .may = IKE_SET(VENDOR),
	 .handle = ike_create_refused,
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
