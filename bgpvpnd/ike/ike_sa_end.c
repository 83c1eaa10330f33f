// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How IKE SAs end, and which of several stays. RFC 7296 1.4.1, 2.4, 2.8.1.
 *
 * A connection wants one usable pair. Two come about when one is renewed (the new one wins), when the peer has restarted
 * (INITIAL_CONTACT: the old one is worthless), or when both ends began at the same time: then the SA with the lowest
 * nonce goes, as RFC 7296 2.8.1 decides between rekeyings, because both ends see it alike. The one that goes stays until
 * both have surely moved to the other: `retire`. Should the one that was to stay go first, the retirement is off.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_rival.h"

/* Packets under way on the old pair arrive within this; whoever made the new SA closes the old one... */
#define RETIRE_US (1 * USEC_PER_S)
/* ...and the other end does if that never happens. */
#define RETIRE_LATE_US (10 * USEC_PER_S)

/*
 * The peer deletes what it replaced; when it does not, we do. But should our answer be lost and the path be dead for a while, it goes on asking
 * for it as long as we would, and only here it finds it.
 */
#define REPLACED_US (200 * USEC_PER_S)

/* An SA whose DELETE we answered repeats that answer for a few retransmissions of the peer. */
#define LINGER_US (5 * USEC_PER_S)

static void note_failure(struct ike_conn *conn, enum ike_reason reason)
{
	if (conn->last_failure != reason)
		ike_conn_failed(conn, reason, "");
}

static void unretire_newest(struct ike_conn *conn)
{
	struct ike_sa *up = ike_conn_up(conn);

	if (!up || !ike_sa_child(up) || instant_is_never(up->retire))
		return;
	up->retire = INSTANT_NEVER;
	ike_sa_rearm(up);
}

/* Children first, then the connection loses it; IKE_DOWN only when nothing else is up. */
static void detach(struct ike_sa *sa, enum ike_reason reason, struct instant now)
{
	struct ike_engine *engine = sa->engine;
	struct ike_conn *conn = sa->conn;
	struct child_sa *child;

	ike_create_settle(sa, now);
	ike_pending_free(sa);
	while ((child = ike_sa_children_first(&sa->children)))
		child_sa_close(child, reason);
	if (!conn)
		return;
	ike_sa_leave(sa);
	ike_rival_lost(sa, conn, reason, now);
	if (reason != IKE_R_REPLACED && !sa->noted)
		note_failure(conn, reason);
	unretire_newest(conn);
	if (!ike_conn_up(conn) && !ike_conn_attempt(conn))
		ike_out_event(engine, conn->id, IKE_EVENT_IKE_DOWN, reason, 0);
}

void ike_sa_fail(struct ike_sa *sa, enum ike_reason reason, struct instant now)
{
	detach(sa, reason, now);
	ike_sa_bury(sa);
}

void ike_sa_close(struct ike_sa *sa, enum ike_reason reason, struct instant now)
{
	struct ike_create *rekeying;
	bool peer_has_it = sa->keys_ready && (ike_sa_is_up(sa) || sa->state == IKE_SA_AUTH_SENT ||
					      sa->state == IKE_SA_BORN || sa->state == IKE_SA_REPLACED);

	rekeying = ike_create_set_aside(sa);
	detach(sa, reason, now);
	sa->create = rekeying;
	if (!peer_has_it) {
		ike_sa_bury(sa);
		return;
	}
	ike_sa_handshake_done(sa);
	sa->state = IKE_SA_DELETING;
	sa->todo_probe = false;
	sa->todo_delete = true;
	sa->refused_auth = ike_reason_info(reason)->notify == IKE_NOTIFY_AUTHENTICATION_FAILED;
	sa->renew = INSTANT_NEVER;
	sa->retire = INSTANT_NEVER;
	sa->childless.next = INSTANT_NEVER;
	sa->expires = instant_add(now, LINGER_US);
	ike_sa_continue(sa, now);
	ike_sa_rearm(sa);
}

void ike_sa_linger(struct ike_sa *sa, enum ike_reason reason, struct instant now)
{
	detach(sa, reason, now);
	ike_create_forget_sa(sa);
	sa->state = IKE_SA_CLOSED;
	sa->todo_probe = false;
	sa->todo_delete = false;
	sa->window.request.active = false;
	sa->renew = INSTANT_NEVER;
	sa->retire = INSTANT_NEVER;
	sa->childless.next = INSTANT_NEVER;
	sa->expires = instant_add(now, LINGER_US);
	ike_sa_rearm(sa);
}

void ike_sa_inherit(struct ike_sa *sa, struct ike_sa *old, struct instant now)
{
	struct ike_conn_cfg *cfg = ike_conn_cfg_ref(old->cfg);

	sa->parent = NULL;
	sa->before_i = old->spi_i;
	sa->before_r = old->spi_r;
	sa->local = old->local;
	sa->remote = old->remote;
	sa->natt = old->natt;
	sa->nat_local = old->nat_local;
	sa->nat_remote = old->nat_remote;
	sa->nat_pretended = old->nat_pretended;
	sa->ppk = old->ppk;
	sa->childless = old->childless;
	ike_mobike_inherit(sa, old);
	ike_sa_join(sa, old->conn);
	/* What runs keeps its own configuration, also when the connection has a newer one by now. */
	ike_conn_cfg_unref(sa->cfg);
	sa->cfg = cfg;
	ike_sa_established(sa, now);
	ike_sa_handshake_done(sa);
	/* What decides between it and others of the connection stays what it was, so that both ends go on to see it alike. */
	sa->origin = old->origin;
	sa->retire = old->retire;
	secret_move(&sa->lowest_nonce, &old->lowest_nonce);
	child_sas_move(old, sa);
	ike_sa_leave(old);
	ike_sa_rearm(sa);
}

/* A peer that has got so far as to replace the successor will not come back to delete this one; or it never would. */
static void forget_before(const struct ike_sa *sa)
{
	struct ike_sa key = {.spi_i = sa->before_i, .spi_r = sa->before_r};
	struct ike_sa *before = sa->before_i ? ike_sas_find(&sa->engine->sas, &key) : NULL;

	if (before && before->state == IKE_SA_REPLACED)
		ike_sa_bury(before);
}

void ike_sa_replaced(struct ike_sa *sa, struct instant now)
{
	forget_before(sa);
	sa->state = IKE_SA_REPLACED;
	sa->todo_probe = false;
	sa->todo_rekey = false;
	sa->renew = INSTANT_NEVER;
	sa->retire = INSTANT_NEVER;
	sa->childless.next = INSTANT_NEVER;
	sa->expires = instant_add(now, REPLACED_US);
	ike_sa_rearm(sa);
}

static void retire(struct ike_sa *sa, int64_t after_us, struct instant now)
{
	sa->renew = INSTANT_NEVER;
	sa->retire = instant_min(sa->retire, instant_add(now, after_us));
	ike_sa_rearm(sa);
}

static bool made_at_the_same_time(const struct ike_sa *older, const struct ike_sa *newer)
{
	return !instant_before(older->origin, newer->created);
}

bool ike_sa_nonce_is_lower(const struct ike_sa *a, const struct ike_sa *b)
{
	struct bytes na = secret_view(&a->lowest_nonce);
	struct bytes nb = secret_view(&b->lowest_nonce);

	return ike_nonce_lower(na, nb).p == na.p;
}

static void settle(struct ike_sa *sa, struct ike_sa *other, bool initial_contact, struct instant now)
{
	if ((other->state == IKE_SA_INIT_SENT || other->state == IKE_SA_KE_SENT) && !sa->initiator) {
		ike_sa_bury(other);
		return;
	}
	if (!ike_sa_is_up(other))
		return;
	if (made_at_the_same_time(other, sa)) {
		retire(ike_sa_nonce_is_lower(sa, other) ? sa : other, RETIRE_US, now);
		return;
	}
	if (initial_contact && !sa->initiator) {
		ike_sa_fail(other, IKE_R_REPLACED, now);
		return;
	}
	retire(other, sa->initiator ? RETIRE_US : RETIRE_LATE_US, now);
}

/* Of those that are up beside `sa`: one without a Child SA before one that leaves anyway, before the oldest. */
static struct ike_sa *most_dispensable(const struct ike_sa *sa, unsigned int *num)
{
	struct ike_sa *childless = NULL, *leaving = NULL, *oldest = NULL;
	struct ike_sa *other;

	*num = 0;
	frr_each (ike_conn_sas, &sa->conn->sas, other) {
		if (other == sa || !ike_sa_is_up(other))
			continue;
		(*num)++;
		oldest = oldest ? oldest : other;
		if (!childless && !ike_sa_child(other))
			childless = other;
		if (!leaving && !instant_is_never(other->retire))
			leaving = other;
	}
	return childless ? childless : leaving ? leaving : oldest;
}

void ike_sa_make_room(struct ike_sa *sa, struct instant now)
{
	unsigned int others;
	struct ike_sa *victim = most_dispensable(sa, &others);

	if (others >= LIMIT_CONN_SAS - 1)
		ike_sa_fail(victim, IKE_R_REPLACED, now);
}

void ike_sa_supersede(struct ike_sa *sa, bool initial_contact, struct instant now)
{
	struct ike_sa *other;

	frr_each_safe (ike_conn_sas, &sa->conn->sas, other)
		if (other != sa)
			settle(sa, other, initial_contact, now);
}
