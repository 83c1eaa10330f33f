// SPDX-License-Identifier: GPL-2.0-or-later
/* IKE SAs without a Child SA, see ike_childless.h. RFC 6023, RFC 7296 1.4.1, 2.21.2. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"

/* The first time after a DELETE, after a refusal, and after an IKE_AUTH that was to have none; then twice as long each time. */
#define DELETED_US (1 * USEC_PER_S)
#define REFUSED_US (5 * USEC_PER_S)
#define BY_PEER_US (10 * USEC_PER_S)
#define SLOWEST_US (60 * USEC_PER_S)

/* One that was there once, and is refused so often, is refused for ever. */
#define ASKS_IN_VAIN 3

/* Who began the IKE SA asks first, so that the two ends seldom ask together. */
#define SECOND_US (3 * USEC_PER_S)

/* An end that only answers waits longer than the slowest pace of the other. */
#define PATIENCE_US (150 * USEC_PER_S)

bool ike_childless_is_worth(const struct ike_sa *sa)
{
	const struct ike_sa *other;

	frr_each (ike_conn_sas_const, &sa->conn->sas, other)
		if (other != sa && (ike_sa_is_up(other) || ike_sa_is_attempt(other)))
			return false;
	return instant_is_never(sa->retire);
}

bool ike_childless_may_pass(enum ike_reason reason)
{
	return reason == IKE_R_PEER_NO_PROPOSAL || reason == IKE_R_PEER_TS_UNACCEPTABLE ||
	       reason == IKE_R_NO_PROPOSAL || reason == IKE_R_TS_UNACCEPTABLE || reason == IKE_R_TUNNEL_MODE;
}

static int64_t pace_us(const struct ike_sa *sa, int64_t first_us)
{
	int64_t us = MIN(first_us << MIN(sa->childless.asks, 6), SLOWEST_US);

	return us + ike_dice(sa->engine, us / 4) + (sa->initiator ? 0 : SECOND_US);
}

static void wait_for_it(struct ike_sa *sa, int64_t first_us, struct instant now)
{
	struct ike_childless *c = &sa->childless;

	c->on = true;
	c->todo = false;
	if (!sa->cfg->passive)
		c->next = instant_add(now, pace_us(sa, first_us));
	else
		c->next = c->by_peer ? INSTANT_NEVER : instant_add(now, PATIENCE_US);
	ike_sa_rearm(sa);
}

void ike_childless_refused(struct ike_sa *sa, struct instant now)
{
	wait_for_it(sa, REFUSED_US, now);
}

bool ike_childless_in_vain(const struct ike_sa *sa)
{
	return sa->childless.had && sa->childless.asks >= ASKS_IN_VAIN;
}

void ike_childless_deleted(struct ike_sa *sa, enum ike_reason why, struct instant now)
{
	if (why != IKE_R_OK)
		ike_conn_failed(sa->conn, why, "");
	sa->childless.had = true;
	wait_for_it(sa, DELETED_US, now);
}

void ike_childless_by_peer(struct ike_sa *sa, bool initial_contact, struct instant now)
{
	sa->childless.by_peer = true;
	/* RFC 7296 2.4: what the peer has forgotten goes at once; what may still carry, when this one does. */
	if (initial_contact)
		ike_sa_supersede(sa, true, now);
	else
		sa->childless.unsettled = true;
	wait_for_it(sa, BY_PEER_US, now);
}

void ike_childless_asked(struct ike_sa *sa, struct instant now)
{
	if (sa->childless.on && sa->cfg->passive)
		wait_for_it(sa, REFUSED_US, now);
}

void ike_childless_due(struct ike_sa *sa, struct instant now)
{
	struct ike_childless *c = &sa->childless;

	c->next = INSTANT_NEVER;
	if (sa->cfg->passive)
		ike_sa_close(sa, IKE_R_CHILDLESS, now);
	else
		c->todo = true;
}

bool ike_childless_ask(struct ike_sa *sa, struct instant now)
{
	struct ike_childless *c = &sa->childless;

	if (!c->todo || sa->create || sa->pending || child_sa_in_state(sa, CHILD_SA_INSTALLING))
		return false;
	c->todo = false;
	if (c->asks < UINT8_MAX)
		c->asks++;
	if (ike_create_child_send(sa, NULL, now))
		return true;
	wait_for_it(sa, REFUSED_US, now);
	return false;
}

void ike_childless_over(struct ike_sa *sa, struct instant now)
{
	bool unsettled = sa->childless.unsettled;

	sa->childless = (struct ike_childless){.next = INSTANT_NEVER};
	if (unsettled)
		ike_sa_supersede(sa, false, now);
}
