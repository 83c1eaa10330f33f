// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CREATE_CHILD_SA for an IKE SA, RFC 7296 1.3.2, 2.8, 2.18: a new one with new keys inherits the Child SAs, the old one is
 * deleted by who began.
 *
 *	HDR, SK {SA, Ni, KEi} -->   <--  HDR, SK {SA, Nr, KEr, [N(QCD_TOKEN)]}
 *	HDR, SK {D} -->             <--  HDR, SK {}
 *	HDR, SK {[N(QCD_TOKEN)]} -->  <--  HDR, SK {}		on the new one, RFC 6290 4.3
 *
 * When both ends begin at once, two come of it (2.8.2): the one with the lowest nonce is deleted by who made it, the other
 * inherits. Until that is known, ours and the peer's are BORN: they answer a DELETE and nothing else.
 */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_qcd.h"

static struct ike_sa *born(struct ike_sa *old, bool initiator, struct instant now)
{
	struct ike_sa *sa = ike_sa_new(old->engine, initiator, now);

	sa->state = IKE_SA_BORN;
	sa->cfg = ike_conn_cfg_ref(old->cfg);
	sa->fragmentation = old->fragmentation;
	sa->parent = old;
	sa->local = old->local;
	sa->remote = old->remote;
	return sa;
}

static void add_exchange(struct ike_draft *draft, const struct ike_sa_payload *sa, const struct secret *nonce,
			 struct crypto_ke *key, uint16_t method)
{
	ike_draft_sa(draft, sa);
	ike_draft_nonce(draft, nonce);
	ike_draft_ke(draft, key, method);
}

/* --- initiator ------------------------------------------------------------------------------------------- */

static bool request_send(struct ike_sa *sa, struct instant now)
{
	struct ike_proposal_cfg cfgs[LIMIT_PROPOSALS_CFG + 1];
	struct ike_sa *fresh = sa->create->fresh;
	struct ike_handshake *hs = fresh->hs;
	struct ike_sa_payload offer;
	struct ike_draft draft;
	uint8_t n = ike_create_proposals(sa->cfg, IKE_CREATE_IKE, &sa->suite, cfgs);

	ike_proposal_offer(IKE_PROTO_IKE, cfgs, n, fresh->spi_i, 8, true, &offer);
	ike_draft_request(&draft, sa, IKE_EXCHANGE_CREATE_CHILD_SA);
	add_exchange(&draft, &offer, &hs->nonce_i, hs->ke, hs->ke_method);
	return ike_draft_send_request(&draft, IKE_PACE_LIVE, now);
}

static bool take_group(struct ike_handshake *hs, const struct crypto_ke_method *row)
{
	crypto_ke_free(hs->ke);
	hs->ke = row ? crypto_ke_new(row) : NULL;
	hs->ke_method = row ? row->id : IKE_KE_NONE;
	return hs->ke;
}

bool ike_rekey_ike_send(struct ike_sa *sa, struct instant now)
{
	struct ike_create *create;

	if (sa->create)
		return false;
	sa->todo_rekey = false;
	sa->create = create = XCALLOC(MTYPE_IKE_CREATE, sizeof(*create));
	create->kind = IKE_CREATE_IKE;
	create->fresh = born(sa, true, now);
	ike_fresh_nonce(sa->engine, &create->fresh->hs->nonce_i);
	if (take_group(create->fresh->hs, sa->suite.ke) && request_send(sa, now))
		return true;
	ike_create_abandon(sa);
	return false;
}

/* The IKE SA that stays is decided: it inherits, the old one is ours or the peer's to delete. */
static void settled(struct ike_sa *old, struct ike_sa *heir, bool ours, struct instant now)
{
	ike_sa_inherit(heir, old, now);
	ike_create_abandon(old);
	if (ours)
		ike_sa_close(old, IKE_R_REPLACED, now);
	else
		ike_sa_replaced(old, now);
	ike_sa_continue(heir, now);
	ike_sa_rearm(heir);
}

static enum ike_reason other_group(struct ike_turn *turn, const struct ike_notify *notify)
{
	struct ike_sa *sa = turn->sa;
	struct ike_handshake *hs = sa->create->fresh->hs;
	struct rd rd = rd_of(notify->data);
	uint16_t method;

	if (!rd_u16(&rd, &method) || !ike_proposals_have_group(sa->cfg->ike, sa->cfg->num_ike, method) ||
	    hs->restarts++ >= LIMIT_INIT_RESTARTS)
		return IKE_R_BAD_SYNTAX;
	return take_group(hs, crypto_ke_method_find(method)) && request_send(sa, turn->now) ? IKE_R_OK
											    : IKE_R_INTERNAL;
}

static enum ike_reason refused(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct ike_create *create = sa->create;
	struct ike_sa *theirs = create->crossed_sa;
	struct ike_notify notify;

	if (!ike_turn_error(turn, &notify))
		return IKE_R_PAYLOAD_MISSING;
	if (notify.type == IKE_NOTIFY_INVALID_KE_PAYLOAD && create->fresh && !create->row.num)
		return other_group(turn, &notify);
	if (theirs) {
		create->crossed_sa = NULL;
		settled(sa, theirs, false, turn->now);
		return IKE_R_OK;
	}
	ike_create_abandon(sa);
	if (notify.type == IKE_NOTIFY_TEMPORARY_FAILURE || notify.type == IKE_NOTIFY_STATE_NOT_FOUND) {
		sa->renew = instant_add(turn->now, IKE_AGAIN_US + ike_dice(sa->engine, IKE_AGAIN_US));
		return IKE_R_OK;
	}
	ike_count(turn->engine, IKE_R_PEER_ERROR);
	sa->renew = instant_add(turn->now, IKE_FALLBACK_US);
	ike_sa_reauthenticate(sa, turn->now);
	return IKE_R_OK;
}

struct answer {
	struct ike_suite suite;
	uint64_t spi_r;
	struct bytes nonce;
	struct secret shared;
};

static enum ike_reason answer_read(struct ike_turn *turn, struct answer *got)
{
	struct ike_proposal_cfg cfgs[LIMIT_PROPOSALS_CFG + 1];
	struct ike_sa *sa = turn->sa;
	const struct ike_payload *ke_payload = ike_payloads_find(turn->list, IKE_PAYLOAD_KE);
	struct ike_handshake *hs = sa->create->fresh->hs;
	uint8_t n = ike_create_proposals(sa->cfg, IKE_CREATE_IKE, &sa->suite, cfgs);
	struct ike_sa_payload answer;
	struct ike_ke ke;
	enum ike_reason reason;

	if (!ke_payload)
		return IKE_R_PAYLOAD_MISSING;
	reason = ike_sa_payload_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_SA)->body, &answer);
	if (reason == IKE_R_OK)
		reason = ike_proposal_accept(IKE_PROTO_IKE, cfgs, n, true, &answer, &got->suite);
	if (reason == IKE_R_OK)
		reason =
			ike_nonce_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_NONCE)->body, &got->nonce);
	if (reason == IKE_R_OK)
		reason = ike_ke_decode(ke_payload->body, &ke);
	if (reason != IKE_R_OK)
		return reason;
	got->spi_r = answer.proposals[0].spi;
	if (answer.proposals[0].spi_len != 8 || !got->spi_r)
		return IKE_R_BAD_SYNTAX;
	if (ke.method != hs->ke_method || got->suite.ke->id != ke.method ||
	    !crypto_ke_derive(hs->ke, ke.value, &got->shared))
		return IKE_R_BAD_KE;
	return IKE_R_OK;
}

static void fresh_answered(struct ike_sa *sa, const struct answer *got)
{
	struct ike_sa *ours = sa->create->fresh;
	struct bytes ni = secret_view(&ours->hs->nonce_i);

	ours->spi_r = got->spi_r;
	ours->suite = got->suite;
	secret_set(&ours->hs->nonce_r, got->nonce);
	secret_set(&ours->lowest_nonce, ike_nonce_lower(ni, got->nonce));
}

/* Ours gets its keys; `create` lets go of it. */
static struct ike_sa *fresh_made(struct ike_sa *sa, struct bytes shared, struct bytes more)
{
	struct ike_sa *ours = sa->create->fresh;

	if (!ike_sa_keys_rekey(ours, sa, shared, more))
		return NULL;
	sa->create->fresh = NULL;
	ours->parent = NULL;
	return ours;
}

/* The peer's, which came to be at the same time: made, or with additional key exchanges to come. NULL: there is none. */
static struct ike_sa *their_sa(const struct ike_sa *sa)
{
	const struct ike_pending *pending = sa->pending;

	if (sa->create->crossed_sa)
		return sa->create->crossed_sa;
	return pending && pending->kind == IKE_CREATE_IKE ? pending->heir : NULL;
}

/* Ours is the one that goes. What the peer has not made yet it goes on with; until then the old one stays. */
static void yield_to_theirs(struct ike_sa *sa, struct instant now)
{
	struct ike_sa *theirs = sa->create->crossed_sa;

	sa->create->crossed_sa = NULL;
	if (theirs)
		settled(sa, theirs, false, now);
	else
		ike_create_abandon(sa);
}

/* RFC 9370 2.2.4: who loses has nothing to delete yet, and goes no further. */
static enum ike_reason follow_up(struct ike_turn *turn, struct answer *got)
{
	struct ike_sa *sa = turn->sa;
	struct ike_sa *theirs = their_sa(sa);

	fresh_answered(sa, got);
	if (theirs && ike_sa_nonce_is_lower(sa->create->fresh, theirs)) {
		yield_to_theirs(sa, turn->now);
		return IKE_R_OK;
	}
	ike_pending_free(sa);
	return ike_followup_begin(turn, &got->suite, &got->shared);
}

static enum ike_reason fresh_commit(struct ike_turn *turn, struct bytes shared, struct bytes more)
{
	struct ike_sa *sa = turn->sa;
	struct ike_create *create = sa->create;
	struct ike_sa *theirs = their_sa(sa), *ours = fresh_made(sa, shared, more);

	if (!ours)
		return IKE_R_INTERNAL;
	ours->todo_qcd = true;
	if (theirs && ike_sa_nonce_is_lower(ours, theirs)) {
		yield_to_theirs(sa, turn->now);
		ike_sa_close(ours, IKE_R_REPLACED, turn->now);
		return IKE_R_OK;
	}
	ike_pending_free(sa);
	theirs = create->crossed_sa;
	/* If the peer made one as well, it deletes that; we only answer. */
	create->crossed_sa = NULL;
	if (theirs) {
		theirs->parent = NULL;
		ike_sa_replaced(theirs, turn->now);
	}
	settled(sa, ours, true, turn->now);
	return IKE_R_OK;
}

static enum ike_reason answer_commit(struct ike_turn *turn, struct answer *got)
{
	ike_qcd_keep(turn->sa->create->fresh, turn);
	if (ike_suite_has_addke(&got->suite))
		return follow_up(turn, got);
	fresh_answered(turn->sa, got);
	return fresh_commit(turn, secret_view(&got->shared), bytes_make(NULL, 0));
}

enum ike_reason ike_rekey_ike_followed(struct ike_turn *turn)
{
	const struct ike_addke *row = &turn->sa->create->row;

	if (!turn->sa->create->fresh)
		return IKE_R_UNEXPECTED_EXCHANGE;
	return fresh_commit(turn, secret_view(&row->shared), secret_view(&row->more));
}

enum ike_reason ike_rekey_ike_response(struct ike_turn *turn)
{
	struct answer got = {};
	struct ike_notify error;
	enum ike_reason reason;

	if (!ike_payloads_find(turn->list, IKE_PAYLOAD_SA) || ike_turn_error(turn, &error))
		return refused(turn);
	if (!turn->sa->create->fresh)
		return IKE_R_UNEXPECTED_EXCHANGE;
	reason = answer_read(turn, &got);
	if (reason == IKE_R_OK)
		reason = answer_commit(turn, &got);
	secret_fini(&got.shared);
	return reason;
}

/* The old one is closed meanwhile: what the answer made is deleted as well. */
enum ike_reason ike_rekey_ike_response_late(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct answer got = {};
	struct ike_sa *ours = NULL;

	if (ike_payloads_find(turn->list, IKE_PAYLOAD_SA) &&
	    ike_payloads_find(turn->list, IKE_PAYLOAD_NONCE) && answer_read(turn, &got) == IKE_R_OK &&
	    !ike_suite_has_addke(&got.suite)) {
		fresh_answered(sa, &got);
		ours = fresh_made(sa, secret_view(&got.shared), bytes_make(NULL, 0));
	}
	secret_fini(&got.shared);
	if (ours)
		ike_sa_close(ours, IKE_R_REPLACED, turn->now);
	ike_create_abandon(sa);
	return IKE_R_OK;
}

/* The same with the last additional key exchange; with any other the peer has nothing that it would not forget. */
enum ike_reason ike_rekey_ike_followed_late(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct ike_addke *row = &sa->create->row;
	struct ike_sa *ours = NULL;

	if (row->ke && ike_followup_take(turn) == IKE_R_OK && !ike_addke_left(row))
		ours = fresh_made(sa, secret_view(&row->shared), secret_view(&row->more));
	if (ours)
		ike_sa_close(ours, IKE_R_REPLACED, turn->now);
	ike_create_abandon(sa);
	return IKE_R_OK;
}

/* --- responder ------------------------------------------------------------------------------------------- */

struct ask {
	struct ike_suite suite;
	struct ike_proposal answer;
	struct bytes nonce;
	struct ike_ke ke;
};

/* RFC 7296 2.25.2: not while a Child SA is being made, rekeyed or deleted. */
static bool busy_with_a_child(struct ike_sa *sa)
{
	return (sa->create && sa->create->kind == IKE_CREATE_CHILD) ||
	       child_sa_in_state(sa, CHILD_SA_INSTALLING) || child_sa_in_state(sa, CHILD_SA_CLOSING);
}

static enum ike_reason ask_read(struct ike_turn *turn, struct ask *ask)
{
	const struct ike_conn_cfg *cfg = turn->sa->cfg;
	struct ike_sa_payload offer;
	enum ike_reason reason;

	if (busy_with_a_child(turn->sa) ||
	    (turn->sa->create && (turn->sa->create->crossed_sa || turn->sa->create->row.num)))
		return IKE_R_TEMPORARY;
	reason = ike_sa_payload_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_SA)->body, &offer);
	if (reason == IKE_R_OK)
		reason = ike_proposal_choose(IKE_PROTO_IKE, cfg->ike, cfg->num_ike, &offer, true, &ask->suite,
					     &ask->answer);
	if (reason == IKE_R_OK)
		reason =
			ike_nonce_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_NONCE)->body, &ask->nonce);
	if (reason == IKE_R_OK)
		reason = ike_ke_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_KE)->body, &ask->ke);
	if (reason != IKE_R_OK)
		return reason;
	turn->wanted_ke = ask->suite.ke->id;
	if (ask->ke.method != ask->suite.ke->id)
		return IKE_R_INVALID_KE;
	return ask->answer.spi_len == 8 && ask->answer.spi ? IKE_R_OK : IKE_R_BAD_SYNTAX;
}

/* A new IKE SA, or NULL: with its keys, or, when additional key exchanges are to come, without, and the secret goes to `shared`. */
static struct ike_sa *heir_make(struct ike_turn *turn, const struct ask *ask, struct secret *shared)
{
	struct ike_sa *heir = born(turn->sa, false, turn->now);
	struct ike_handshake *hs = heir->hs;
	bool good;

	heir->spi_i = ask->answer.spi;
	heir->suite = ask->suite;
	secret_set(&hs->nonce_i, ask->nonce);
	ike_fresh_nonce(heir->engine, &hs->nonce_r);
	secret_set(&heir->lowest_nonce, ike_nonce_lower(ask->nonce, secret_view(&hs->nonce_r)));
	hs->ke = crypto_ke_respond(ask->suite.ke, ask->ke.value);
	hs->ke_method = ask->suite.ke->id;
	good = hs->ke && crypto_ke_derive(hs->ke, ask->ke.value, shared) &&
	       (ike_suite_has_addke(&ask->suite) ||
		ike_sa_keys_rekey(heir, turn->sa, secret_view(shared), bytes_make(NULL, 0)));
	if (good)
		return heir;
	ike_sa_bury(heir);
	return NULL;
}

static bool answer_send(struct ike_turn *turn, const struct ask *ask, const struct ike_sa *heir)
{
	struct ike_sa_payload chosen = {.n = 1, .proposals = {ask->answer}};
	struct ike_draft draft;

	chosen.proposals[0].spi = heir->spi_r;
	ike_draft_response(&draft, turn->sa, &turn->msg.hdr);
	add_exchange(&draft, &chosen, &heir->hs->nonce_r, heir->hs->ke, heir->hs->ke_method);
	if (turn->sa->pending)
		ike_addke_add_link(&draft, &turn->sa->pending->row);
	ike_qcd_add(&draft, heir);
	return ike_draft_send_response(&draft, turn->local, turn->remote);
}

static void pend(struct ike_turn *turn, const struct ask *ask, struct ike_sa *heir, struct secret *shared)
{
	struct ike_pending *pending = ike_pending_new(turn->sa, IKE_CREATE_IKE, turn->now);

	ike_addke_plan(&pending->row, &ask->suite);
	secret_move(&pending->row.shared, shared);
	pending->heir = heir;
}

/* The peer has its end of it with our answer. */
static void heir_made(struct ike_sa *sa, struct ike_sa *heir, struct instant now)
{
	if (sa->create)
		sa->create->crossed_sa = heir;
	else
		settled(sa, heir, false, now);
}

/* <-- HDR, SK {KEr(n)}, of the last additional key exchange */
enum ike_reason ike_rekey_ike_pending_done(struct ike_turn *turn, const struct crypto_ke *reply)
{
	struct ike_sa *sa = turn->sa;
	struct ike_pending *pending = sa->pending;
	struct ike_sa *heir = pending->heir;
	struct ike_draft draft;

	if (!heir)
		return IKE_R_STATE_NOT_FOUND;
	if (busy_with_a_child(sa))
		return IKE_R_TEMPORARY;
	ike_draft_response(&draft, sa, &turn->msg.hdr);
	ike_draft_ke(&draft, reply, turn->wanted_ke);
	if (!ike_sa_keys_rekey(heir, sa, secret_view(&pending->row.shared),
			       secret_view(&pending->row.more)) ||
	    !ike_draft_send_response(&draft, turn->local, turn->remote))
		return IKE_R_INTERNAL;
	pending->heir = NULL;
	ike_pending_free(sa);
	heir_made(sa, heir, turn->now);
	return IKE_R_OK;
}

/* --> HDR, SK {SA, Ni, KEi} */
enum ike_reason ike_rekey_ike_request(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct ask ask = {};
	struct secret shared = {};
	struct ike_sa *heir;
	enum ike_reason reason;

	ike_pending_free(sa);
	reason = ask_read(turn, &ask);
	if (reason != IKE_R_OK)
		return reason;
	heir = heir_make(turn, &ask, &shared);
	if (heir && ike_suite_has_addke(&ask.suite))
		pend(turn, &ask, heir, &shared);
	secret_fini(&shared);
	if (!heir)
		return IKE_R_BAD_KE;
	if (!answer_send(turn, &ask, heir)) {
		ike_sa_bury(heir);
		return IKE_R_INTERNAL;
	}
	if (!sa->pending)
		heir_made(sa, heir, turn->now);
	return IKE_R_OK;
}
