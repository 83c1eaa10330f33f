// SPDX-License-Identifier: GPL-2.0-or-later
/* Life of IKE SAs and Child SAs, see ike_sa.h. How they end is in ike_sa_end.c. */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/ike/ike_ask.h"
#include "bgpvpnd/ike/ike_engine.h"

DEFINE_MTYPE_STATIC(BGPVPN, IKE_SA, "VPN IKE SA");
DEFINE_MTYPE_STATIC(BGPVPN, IKE_HANDSHAKE, "VPN IKE handshake");

/* RFC 7296 2.8: a successor is made after 85 to 95 % of the lifetime, so that the two ends seldom begin together. */
#define RENEW_PERCENT	     85
#define RENEW_JITTER_PERCENT 10

static uint64_t fresh_spi(struct ike_engine *engine)
{
	uint64_t spi;

	/* 0 is an SPI that is not known yet; that 64 random bits come twice is not provided for. */
	do {
		engine->host->random(engine->host->arg, (uint8_t *)&spi, sizeof(spi));
	} while (spi == 0);
	return spi;
}

struct ike_sa *ike_sa_new(struct ike_engine *engine, bool initiator, struct instant now)
{
	struct ike_sa *sa = XCALLOC(MTYPE_IKE_SA, sizeof(*sa));
	uint64_t spi = fresh_spi(engine);

	sa->engine = engine;
	sa->initiator = initiator;
	sa->state = initiator ? IKE_SA_INIT_SENT : IKE_SA_INIT_DONE;
	sa->spi_i = initiator ? spi : 0;
	sa->spi_r = initiator ? 0 : spi;
	sa->created = now;
	sa->expires = INSTANT_NEVER;
	sa->renew = INSTANT_NEVER;
	sa->retire = INSTANT_NEVER;
	sa->childless.next = INSTANT_NEVER;
	sa->hs = XCALLOC(MTYPE_IKE_HANDSHAKE, sizeof(*sa->hs));
	ike_sa_children_init(&sa->children);
	ike_sas_add(&engine->sas, sa);
	engine->counters.ike_sas++;
	return sa;
}

static void handshake_free(struct ike_sa *sa)
{
	struct ike_handshake *hs = sa->hs;

	if (!hs)
		return;
	if (hs->spi_in && !hs->spi_borrowed)
		sa->engine->host->spi_release(sa->engine->host->arg, hs->spi_in);
	crypto_ke_free(hs->ke);
	secret_fini(&hs->nonce_i);
	secret_fini(&hs->nonce_r);
	secret_fini(&hs->peer_public);
	secret_fini(&hs->cookie);
	secret_fini(&hs->cookie_heard);
	ike_asks_free(hs);
	secret_fini(&hs->init_request);
	secret_fini(&hs->init_response);
	secret_fini(&hs->auth_value);
	ike_ppk_handshake_fini(&hs->ppk);
	ike_addke_fini(&hs->addke);
	secret_fini(&hs->int_auth_i);
	secret_fini(&hs->int_auth_r);
	secret_fini(&hs->first_ei);
	crypto_box_free(hs->open_before);
	XFREE(MTYPE_IKE_HANDSHAKE, sa->hs);
}

void ike_sa_handshake_done(struct ike_sa *sa)
{
	struct secret d = {};

	ike_half_open_del(sa);
	handshake_free(sa);
	secret_move(&d, &sa->keys.d);
	ike_keys_fini(&sa->keys);
	secret_move(&sa->keys.d, &d);
}

void ike_sa_join(struct ike_sa *sa, struct ike_conn *conn)
{
	ike_sa_leave(sa);
	sa->conn = conn;
	ike_conn_sas_add_tail(&conn->sas, sa);
	ike_conn_cfg_ref(conn->cfg);
	ike_conn_cfg_unref(sa->cfg);
	sa->cfg = conn->cfg;
}

void ike_sa_leave(struct ike_sa *sa)
{
	if (!sa->conn)
		return;
	ike_conn_sas_del(&sa->conn->sas, sa);
	sa->conn = NULL;
}

void ike_sa_bury(struct ike_sa *sa)
{
	struct ike_engine *engine = sa->engine;
	struct child_sa *child;

	if (sa->state == IKE_SA_DEAD)
		return;
	while ((child = ike_sa_children_first(&sa->children)))
		child_sa_close(child, IKE_R_OK);
	ike_create_abandon(sa);
	ike_pending_free(sa);
	ike_create_forget_sa(sa);
	ike_half_open_del(sa);
	ike_sa_leave(sa);
	if (sa->timer_armed)
		ike_sa_timers_del(&engine->timers, sa);
	sa->timer_armed = false;
	ike_sas_del(&engine->sas, sa);
	engine->counters.ike_sas--;
	sa->state = IKE_SA_DEAD;
	ike_graves_add_tail(&engine->graves, sa);
}

static void ike_sa_free(struct ike_sa *sa)
{
	handshake_free(sa);
	ike_keys_fini(&sa->keys);
	crypto_box_free(sa->seal);
	crypto_box_free(sa->open);
	secret_fini(&sa->lowest_nonce);
	secret_fini(&sa->qcd_token);
	ike_window_fini(&sa->window);
	ike_frags_free(sa);
	ike_held_free(sa);
	ike_conn_cfg_unref(sa->cfg);
	ike_sa_children_fini(&sa->children);
	XFREE(MTYPE_IKE_SA, sa);
}

void ike_sa_reap(struct ike_engine *engine)
{
	struct ike_sa *sa;

	while ((sa = ike_graves_pop(&engine->graves)))
		ike_sa_free(sa);
}

static struct instant earliest(struct ike_sa *sa)
{
	const struct ike_request *request = &sa->window.request;
	struct instant due = instant_min(sa->expires, instant_min(sa->renew, sa->retire));

	due = instant_min(due, sa->childless.next);
	if (request->active)
		due = instant_min(due, instant_min(request->next, request->give_up));
	due = instant_min(due, ike_pending_due(sa));
	return instant_min(instant_min(due, ike_frags_due(sa)), child_sas_due(sa));
}

void ike_sa_rearm(struct ike_sa *sa)
{
	struct ike_sa_timers_head *timers = &sa->engine->timers;

	if (sa->state == IKE_SA_DEAD)
		return;
	if (sa->timer_armed)
		ike_sa_timers_del(timers, sa);
	sa->due = earliest(sa);
	sa->timer_armed = !instant_is_never(sa->due);
	if (sa->timer_armed)
		ike_sa_timers_add(timers, sa);
}

/* RFC 7296 2.8.1 compares octets; a shorter nonce that is a prefix is the lower one. */
struct bytes ike_nonce_lower(struct bytes a, struct bytes b)
{
	int order = memcmp(a.p, b.p, MIN(a.n, b.n));

	return order < 0 || (order == 0 && a.n <= b.n) ? a : b;
}

static void log_keys(const struct ike_sa *sa)
{
	const struct ike_host *host = sa->engine->host;
	const struct ike_key_log keys = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.encr = sa->suite.encr->id,
		.encr_key_bits = sa->suite.encr->key_bits,
		.integ = sa->suite.integ ? sa->suite.integ->id : IKE_INTEG_NONE,
		.ei = secret_view(&sa->keys.ei),
		.er = secret_view(&sa->keys.er),
		.ai = secret_view(&sa->keys.ai),
		.ar = secret_view(&sa->keys.ar),
	};

	if (host->key_log)
		host->key_log(host->arg, &keys);
}

static bool boxes_make(struct ike_sa *sa)
{
	struct ike_keys *k = &sa->keys;
	bool i = sa->initiator;

	sa->seal = crypto_box_new(sa->suite.encr, sa->suite.integ, i ? &k->ei : &k->er, i ? &k->ai : &k->ar,
				  true);
	sa->open = crypto_box_new(sa->suite.encr, sa->suite.integ, i ? &k->er : &k->ei, i ? &k->ar : &k->ai,
				  false);
	sa->keys_ready = sa->seal && sa->open;
	log_keys(sa);
	return sa->keys_ready;
}

bool ike_sa_keys_make(struct ike_sa *sa, struct bytes shared)
{
	struct bytes ni = secret_view(&sa->hs->nonce_i);
	struct bytes nr = secret_view(&sa->hs->nonce_r);

	ike_keymat_sa(&sa->suite, ni, nr, shared, sa->spi_i, sa->spi_r, &sa->keys);
	secret_set(&sa->lowest_nonce, ike_nonce_lower(ni, nr));
	if (sa->initiator)
		secret_copy(&sa->hs->first_ei, &sa->keys.ei);
	return boxes_make(sa);
}

bool ike_sa_keys_next(struct ike_sa *sa, struct bytes shared)
{
	struct ike_handshake *hs = sa->hs;

	ike_keymat_next(&sa->suite, secret_view(&hs->nonce_i), secret_view(&hs->nonce_r), shared, sa->spi_i,
			sa->spi_r, &sa->keys);
	crypto_box_free(sa->seal);
	crypto_box_free(hs->open_before);
	hs->open_before = sa->open;
	return boxes_make(sa);
}

bool ike_sa_keys_rekey(struct ike_sa *sa, const struct ike_sa *old, struct bytes shared, struct bytes more)
{
	struct bytes ni = secret_view(&sa->hs->nonce_i);
	struct bytes nr = secret_view(&sa->hs->nonce_r);

	ike_keymat_rekey(&old->suite, &old->keys.d, &sa->suite, ni, nr, shared, more, sa->spi_i, sa->spi_r,
			 &sa->keys);
	secret_set(&sa->lowest_nonce, ike_nonce_lower(ni, nr));
	return boxes_make(sa);
}

const struct ike_conn_cfg *ike_sa_lifetimes(const struct ike_sa *sa)
{
	return sa->conn ? sa->conn->cfg : sa->cfg;
}

int64_t ike_dice(const struct ike_engine *engine, int64_t most)
{
	uint16_t dice;

	engine->host->random(engine->host->arg, (uint8_t *)&dice, sizeof(dice));
	return most / UINT16_MAX * dice + most % UINT16_MAX * dice / UINT16_MAX;
}

int64_t ike_renew_after(const struct ike_engine *engine, uint32_t lifetime_s)
{
	int64_t life = lifetime_s * USEC_PER_S;

	return life / 100 * RENEW_PERCENT + ike_dice(engine, life / 100 * RENEW_JITTER_PERCENT);
}

void ike_sa_established(struct ike_sa *sa, struct instant now)
{
	uint32_t lifetime_s = ike_sa_lifetimes(sa)->ike_lifetime_s;

	sa->state = IKE_SA_ESTABLISHED;
	sa->established = now;
	sa->heard = now;
	sa->origin = now;
	sa->expires = instant_add(now, lifetime_s * USEC_PER_S);
	sa->renew = instant_add(now, ike_renew_after(sa->engine, lifetime_s));
}
