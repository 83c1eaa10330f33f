// SPDX-License-Identifier: GPL-2.0-or-later
/* IKE_SA_INIT asked again, see ike_ask.h. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_ask.h"
#include "bgpvpnd/ike/ike_engine.h"

static bool park(struct ike_handshake *hs)
{
	for (unsigned int i = 0; i < array_size(hs->parked); i++) {
		struct ike_ask *ask = &hs->parked[i];

		if (ask->ke)
			continue;
		ask->method = hs->ke_method;
		ask->ke = hs->ke;
		secret_move(&ask->request, &hs->init_request);
		hs->ke = NULL;
		return true;
	}
	return false;
}

bool ike_ask_switch(struct ike_handshake *hs, uint16_t method)
{
	for (unsigned int i = 0; i < array_size(hs->parked); i++) {
		struct ike_ask *ask = &hs->parked[i];
		struct secret request = {};
		struct crypto_ke *ke = ask->ke;

		if (!ke || ask->method != method)
			continue;
		secret_move(&request, &ask->request);
		ask->method = hs->ke_method;
		ask->ke = hs->ke;
		secret_move(&ask->request, &hs->init_request);
		hs->ke_method = method;
		hs->ke = ke;
		secret_move(&hs->init_request, &request);
		return true;
	}
	return false;
}

void ike_asks_free(struct ike_handshake *hs)
{
	for (unsigned int i = 0; i < array_size(hs->parked); i++) {
		crypto_ke_free(hs->parked[i].ke);
		secret_fini(&hs->parked[i].request);
	}
}

static void send_new(struct ike_sa *sa, struct instant now)
{
	sa->hs->restarts++;
	ike_window_answered(&sa->window, now);
	if (!ike_init_send(sa, now))
		ike_sa_fail(sa, IKE_R_INTERNAL, now);
}

/* The request of before, to the letter. */
static void send_old(struct ike_sa *sa, struct instant now)
{
	sa->hs->restarts++;
	ike_window_answered(&sa->window, now);
	sa->window.next_id = 0;
	ike_window_open(&sa->window, IKE_EXCHANGE_SA_INIT, IKE_PACE_HANDSHAKE,
			secret_view(&sa->hs->init_request), now);
	ike_sa_transmit_request(sa, now);
}

/*
 * Our AUTH covers the request, RFC 7296 2.15, and an answer does not say whether it is for the one with the cookie; so that one waits
 * until an answer to the one without would have been here. Of two cookies chance takes one: whoever forges them can be
 * first, or last, but not both.
 */
enum ike_reason ike_ask_hear_cookie(struct ike_turn *turn, const struct ike_notify *notify)
{
	struct ike_sa *sa = turn->sa;
	struct ike_handshake *hs = sa->hs;
	int64_t hold = MIN(ike_rtt_rto(&sa->conn->rtt), LIMIT_COOKIE_HOLD_MS * USEC_PER_MS);
	uint8_t coin;

	if (notify->data.n == 0 || notify->data.n > LIMIT_COOKIE_MAX)
		return IKE_R_BAD_SYNTAX;
	if (bytes_equal(notify->data, secret_view(&hs->cookie)) ||
	    bytes_equal(notify->data, secret_view(&hs->cookie_heard)))
		return IKE_R_OUTSIDE_WINDOW;
	sa->engine->host->random(sa->engine->host->arg, &coin, sizeof(coin));
	if (hs->cookie_heard.len == 0 || coin & 1)
		secret_set(&hs->cookie_heard, notify->data);
	sa->window.request.next = instant_min(sa->window.request.next, instant_add(turn->now, hold));
	return IKE_R_OK;
}

bool ike_ask_return_cookie(struct ike_sa *sa, struct instant now)
{
	struct ike_handshake *hs = sa->hs;

	if (sa->state != IKE_SA_INIT_SENT || hs->cookie_heard.len == 0)
		return false;
	secret_move(&hs->cookie, &hs->cookie_heard);
	send_new(sa, now);
	return true;
}

/* A group that we asked with before goes on with the request of then, so that its answer, which may be under way, is good. */
enum ike_reason ike_ask_group(struct ike_turn *turn, const struct ike_notify *notify)
{
	struct ike_sa *sa = turn->sa;
	struct rd rd = rd_of(notify->data);
	uint16_t method, old;

	if (!rd_u16(&rd, &method) || method == sa->hs->ke_method ||
	    !ike_proposals_have_group(sa->cfg->ike, sa->cfg->num_ike, method))
		return IKE_R_BAD_SYNTAX;
	if (ike_ask_switch(sa->hs, method)) {
		send_old(sa, turn->now);
		return IKE_R_OK;
	}
	old = sa->hs->ke_method;
	if (!park(sa->hs))
		return IKE_R_INIT_LOOP;
	if (!ike_init_key_pair(sa, method)) {
		ike_ask_switch(sa->hs, old);
		return IKE_R_INTERNAL;
	}
	send_new(sa, turn->now);
	return IKE_R_OK;
}
