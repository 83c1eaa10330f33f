// SPDX-License-Identifier: GPL-2.0-or-later
/* Rival answers to one IKE_SA_INIT, see ike_rival.h. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_rival.h"

/* Each rival has so many IVs for itself: more than it sends messages in its lifetime. */
#define RIVAL_IV_SHIFT 48

static bool same_attempt(const struct ike_sa *a, const struct ike_sa *b)
{
	return a != b && a->initiator && b->initiator && a->spi_i == b->spi_i && ike_sa_is_attempt(b);
}

static struct ike_sa *root_of(struct ike_engine *engine, uint64_t spi_i)
{
	struct ike_sa key = {.initiator = true, .spi_i = spi_i};
	struct ike_sa *root = ike_sas_find(&engine->sas, &key);

	return root && root->state == IKE_SA_INIT_SENT ? root : NULL;
}

/* --- answers --------------------------------------------------------------------------------------------- */

enum ike_reason ike_rival_admit(const struct ike_turn *turn, uint8_t print[CRYPTO_SHA1_LEN])
{
	const struct ike_handshake *hs = turn->sa->hs;

	crypto_sha1(&turn->datagram, 1, print);
	for (unsigned int i = 0; i < hs->rivals; i++)
		if (memcmp(hs->tried[i], print, CRYPTO_SHA1_LEN) == 0)
			return IKE_R_OUTSIDE_WINDOW;
	return hs->rivals < LIMIT_INIT_RIVALS ? IKE_R_OK : IKE_R_RIVALS;
}

void ike_rival_tried(struct ike_handshake *hs, const uint8_t print[CRYPTO_SHA1_LEN])
{
	memcpy(hs->tried[hs->rivals++], print, CRYPTO_SHA1_LEN);
}

/* Enters it into the table of SPIs anew; who has the same SPIs, forged ones too, is told apart by `twin`. */
static void take_spis(struct ike_sa *sa, uint64_t spi_i, uint64_t spi_r)
{
	struct ike_sas_head *sas = &sa->engine->sas;

	ike_sas_del(sas, sa);
	sa->spi_i = spi_i;
	sa->spi_r = spi_r;
	while (ike_sas_find(sas, sa))
		sa->twin++;
	ike_sas_add(sas, sa);
}

struct ike_sa *ike_rival_new(struct ike_sa *root, const struct ike_turn *turn)
{
	struct ike_sa *sa = ike_sa_new(root->engine, true, turn->now);

	take_spis(sa, root->spi_i, turn->msg.hdr.spi_r);
	ike_sa_join(sa, root->conn);
	ike_conn_cfg_unref(sa->cfg);
	sa->cfg = ike_conn_cfg_ref(root->cfg);
	sa->created = root->created;
	sa->local = root->local;
	sa->remote = root->remote;
	sa->nat_pretended = root->nat_pretended;
	sa->window.next_id = root->window.next_id;
	secret_set(&sa->hs->nonce_i, secret_view(&root->hs->nonce_i));
	secret_set(&sa->hs->init_request, secret_view(&root->hs->init_request));
	sa->hs->ke_method = root->hs->ke_method;
	/* RFC 5282 3.1: rivals may come to have the same keys, and no IV may be used twice under one. */
	sa->iv_counter = (uint64_t)(root->hs->rivals - 1) << RIVAL_IV_SHIFT;
	/* RFC 7296 2.1: what is answered is not repeated. But a cookie that waits may be the true answer. */
	if (!root->hs->cookie_heard.len)
		root->window.request.next = INSTANT_NEVER;
	return sa;
}

/* --- those of the same keys ------------------------------------------------------------------------------ */

static bool same_plan(const struct ike_addke *a, const struct ike_addke *b)
{
	return a->num == b->num && memcmp(a->methods, b->methods, a->num * sizeof(a->methods[0])) == 0;
}

static bool same_keys(const struct ike_sa *a, const struct ike_sa *b)
{
	return a->spi_r == b->spi_r && b->hs && b->keys_ready &&
	       secret_equal(secret_view(&a->hs->first_ei), secret_view(&b->hs->first_ei)) &&
	       same_plan(&a->hs->addke, &b->hs->addke);
}

static struct ike_sa *twin_among(const struct ike_sa *sa, struct ike_conn *conn, const struct ike_sa *after)
{
	struct ike_sa *other;

	frr_each (ike_conn_sas, &conn->sas, other) {
		if (!after && same_attempt(sa, other) && same_keys(sa, other))
			return other;
		after = after == other ? NULL : after;
	}
	return NULL;
}

struct ike_sa *ike_rival_twin(const struct ike_sa *sa, const struct ike_sa *after)
{
	return twin_among(sa, sa->conn, after);
}

/* It waits for the additional key exchanges of its leader. */
static bool follows(const struct ike_sa *sa)
{
	return sa->state == IKE_SA_KE_SENT && !sa->window.request.active;
}

struct ike_sa *ike_rival_leader(const struct ike_sa *sa)
{
	struct ike_sa *twin = ike_rival_twin(sa, NULL);

	while (twin && !twin->window.request.active)
		twin = ike_rival_twin(sa, twin);
	return twin;
}

/* What the leader says of its outstanding IKE_INTERMEDIATE is in its IntAuth already: that of the last time counts. */
bool ike_rival_catch_up(struct ike_sa *sa, const struct ike_sa *leader)
{
	const struct ike_addke *theirs = &leader->hs->addke;
	struct ike_addke *row = &sa->hs->addke;
	struct rd rd = rd_of(secret_view(&theirs->more));
	struct bytes shared;

	for (uint8_t i = 0; i < theirs->done; i++) {
		if (!rd_bytes(&rd, theirs->methods[i]->shared_len, &shared))
			return false;
		if (i < row->done)
			continue;
		if (!ike_sa_keys_next(sa, shared))
			return false;
		row->done++;
	}
	secret_copy(&row->more, &theirs->more);
	secret_copy(&sa->hs->int_auth_i, &leader->hs->int_auth_i);
	secret_copy(&sa->hs->int_auth_r, &leader->hs->int_auth_r);
	sa->window.next_id = 1 + row->done;
	return true;
}

void ike_rival_lead(const struct ike_sa *sa, struct instant now)
{
	struct ike_sa *twin = ike_rival_twin(sa, NULL), *next;

	for (; twin; twin = next) {
		next = ike_rival_twin(sa, twin);
		if (follows(twin) && ike_intermediate_or_auth_send(twin, now) != IKE_R_OK)
			ike_sa_bury(twin);
	}
}

static void bury_followers(const struct ike_sa *sa)
{
	struct ike_sa *twin = ike_rival_twin(sa, NULL), *next;

	for (; twin; twin = next) {
		next = ike_rival_twin(sa, twin);
		if (follows(twin))
			ike_sa_bury(twin);
	}
}

/* --- whose is a message ---------------------------------------------------------------------------------- */

static bool opens(struct ike_turn *turn, struct ike_sa *sa)
{
	const struct ike_payloads *outer = &turn->msg.outer;
	struct bytes text;
	bool good;

	if (!sa->keys_ready || outer->n != 1 || (turn->skf.total && !sa->fragmentation))
		return false;
	turn->sa = sa;
	if (turn->skf.total)
		good = ike_turn_unseal(turn, turn->skf.sealed, &text) == IKE_R_OK;
	else
		good = outer->list[0].type == IKE_PAYLOAD_SK &&
		       ike_turn_unseal(turn, rd_rest(&outer->list[0].body), &text) == IKE_R_OK;
	turn->sa = NULL;
	return good;
}

struct ike_sa *ike_rival_find(struct ike_turn *turn)
{
	const struct ike_hdr *hdr = &turn->msg.hdr;
	struct ike_sa key = {.initiator = true, .spi_i = hdr->spi_i, .spi_r = hdr->spi_r};
	struct ike_sa *first = NULL, *sa = NULL;

	if (hdr->exchange == IKE_EXCHANGE_SA_INIT && ike_turn_is_response(turn))
		sa = root_of(turn->engine, hdr->spi_i);
	if (sa)
		return sa;
	for (; key.twin <= LIMIT_INIT_RIVALS; key.twin++) {
		sa = ike_sas_find(&turn->engine->sas, &key);
		if (sa && (ike_sa_is_up(sa) || (!follows(sa) && opens(turn, sa))))
			return sa;
		first = first ? first : sa;
	}
	return first;
}

bool ike_rival_reserve(struct ike_sa *sa)
{
	const struct ike_host *host = sa->engine->host;
	const struct ike_sa *twin = ike_rival_twin(sa, NULL);

	sa->hs->spi_borrowed = twin && twin->hs->spi_in;
	sa->hs->spi_in = sa->hs->spi_borrowed ? twin->hs->spi_in : host->spi_reserve(host->arg);
	return sa->hs->spi_in;
}

bool ike_rival_waits(struct ike_sa *sa, struct instant now)
{
	if (!sa->hs || !sa->hs->spi_borrowed)
		return false;
	sa->window.request.next = instant_add(now, LIMIT_TWIN_HOLD_MS * USEC_PER_MS);
	ike_sa_rearm(sa);
	return true;
}

void ike_rival_swap(struct ike_sa *a, struct ike_sa *b)
{
	struct secret response = {};
	bool fragmentation = a->fragmentation;

	secret_move(&response, &a->hs->init_response);
	secret_move(&a->hs->init_response, &b->hs->init_response);
	secret_move(&b->hs->init_response, &response);
	a->fragmentation = b->fragmentation;
	b->fragmentation = fragmentation;
}

/* --- endings --------------------------------------------------------------------------------------------- */

static struct ike_sa *next_rival(const struct ike_sa *sa)
{
	struct ike_sa *other;

	frr_each (ike_conn_sas, &sa->conn->sas, other)
		if (same_attempt(sa, other))
			return other;
	return NULL;
}

static void end_rival(const struct ike_sa *sa, struct ike_sa *other, struct instant now)
{
	if (other->hs->spi_in == sa->hs->spi_in)
		other->hs->spi_in = 0;
	/* The genuine peer may have answered twice, when our request came twice: it hears that only one is left. */
	if (other->spi_r && other->spi_r != sa->spi_r)
		ike_sa_close(other, IKE_R_REPLACED, now);
	else
		ike_sa_bury(other);
}

void ike_rival_won(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct ike_sa *other;

	sa->hs->proved = true;
	ike_window_answered(&sa->window, turn->now);
	if (ike_rival_twin(sa, NULL)) {
		/* Which of two IKE_AUTH was it that the peer has answered? The one that went out where the answer came in. */
		sa->local.port = turn->local->port;
		sa->remote.port = turn->remote->port;
		sa->natt = sa->local.port == IKE_NATT_PORT;
	}
	while ((other = next_rival(sa)))
		end_rival(sa, other, turn->now);
	sa->hs->spi_borrowed = false;
}

bool ike_rival_has_others(const struct ike_sa *sa)
{
	struct ike_sa *other;

	frr_each (ike_conn_sas, &sa->conn->sas, other)
		if (same_attempt(sa, other) && other->spi_r)
			return true;
	return false;
}

static bool remains(const struct ike_sa *sa)
{
	return sa->conn && next_rival(sa);
}

void ike_rival_refused(struct ike_sa *sa, enum ike_reason reason, struct instant now)
{
	struct ike_request *request = &sa->window.request;
	struct instant grace = instant_add(now, LIMIT_REFUSAL_GRACE_MS * USEC_PER_MS);

	sa->hs->hint = reason;
	request->give_up = instant_min(request->give_up, grace);
	ike_sa_rearm(sa);
}

bool ike_rival_unproved(const struct ike_sa *sa)
{
	return sa->state == IKE_SA_AUTH_SENT && sa->hs && !sa->hs->proved;
}

void ike_rival_doubt(struct ike_sa *sa, enum ike_reason reason, bool peer_has_it, struct instant now)
{
	struct ike_sa *root = root_of(sa->engine, sa->spi_i);

	if (sa->conn->last_failure != reason)
		ike_conn_failed(sa->conn, reason, "");
	sa->hs->peer_has_it = peer_has_it;
	ike_rival_refused(sa, reason, now);
	if (root)
		ike_rival_refused(root, reason, now);
}

void ike_rival_give_up(struct ike_sa *sa, struct instant now)
{
	enum ike_reason reason = sa->hs->hint != IKE_R_OK ? sa->hs->hint : IKE_R_TIMEOUT;

	bury_followers(sa);
	if (sa->hs->peer_has_it) {
		ike_window_answered(&sa->window, now);
		ike_sa_close(sa, reason, now);
	} else if (remains(sa)) {
		ike_sa_bury(sa);
	} else {
		ike_sa_fail(sa, reason, now);
	}
}

void ike_rival_lost(const struct ike_sa *sa, struct ike_conn *conn, enum ike_reason reason,
		    struct instant now)
{
	struct ike_sa *root = sa->initiator && ike_sa_is_attempt(sa) ? root_of(sa->engine, sa->spi_i) : NULL;
	struct ike_sa *other;

	if (root && root != sa)
		ike_rival_refused(root, reason, now);
	/* Not frr_each_safe: the next one may go along. */
	while (ike_sa_is_attempt(sa) && (other = twin_among(sa, conn, NULL)))
		ike_sa_bury(other);
}
