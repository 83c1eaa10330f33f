// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a tunnel asks of the engine: the connection's configuration, when to initiate, when to begin anew.
 * Level-triggered; called by tunnel_reconcile(). RFC 7296 2.4 leaves the pace of new attempts to us: about
 * one second at first, doubling, never more than 30, with jitter so that two ends that lost each other do
 * not collide forever.
 */
#include <zebra.h>

#include "lib/jhash.h"

#include "bgpvpnd/tunnel/tunnel_private.h"

#define BACKOFF_FIRST_US USEC_PER_S
#define BACKOFF_MAX_US	 (30 * USEC_PER_S)

/* Failures can be caused without a key, and of more than one kind in turn: a line of the log this often. */
#define SAY_AGAIN_US (10 * USEC_PER_S)

struct ike_conn_info tunnel_dial_info(const struct tunnel *t)
{
	struct ike_conn_info info;

	if (!t->dial.given || !ike_conn_info(t->all->engine, t->conn, &info))
		info = (struct ike_conn_info){.phase = IKE_PHASE_NONE};
	return info;
}

void tunnel_dial_init(struct tunnel *t, struct instant now)
{
	t->dial = (struct tunnel_dial){.at = now};
	tunnel_demand_init(t);
}

/*
 * 3/4 to 5/4 of the nominal time. The clock's microseconds make the two ends differ, the name two tunnels of
 * one end.
 */
static int64_t backoff_us(const struct tunnel *t, struct instant now)
{
	uint32_t doublings = t->dial.attempts > 1 ? MIN(t->dial.attempts - 1, 5U) : 0;
	int64_t nominal = MIN(BACKOFF_FIRST_US << doublings, BACKOFF_MAX_US);
	uint32_t hash = jhash(t->cfg->name, strlen(t->cfg->name), (uint32_t)now.us);

	return nominal * 3 / 4 + hash % (nominal / 2);
}

void tunnel_dial_schedule(struct tunnel *t, struct instant now)
{
	t->dial.at = instant_add(now, backoff_us(t, now));
}

static void forget_backoff(struct tunnel *t)
{
	t->dial.attempts = 0;
	t->dial.at = INSTANT_NEVER;
}

static bool dials(const struct tunnel *t)
{
	return t->dial.given && !t->cfg->ike->passive;
}

void tunnel_dial_initiate(struct tunnel *t, struct instant now)
{
	if (ike_initiate(t->all->engine, t->conn, now)) {
		t->dial.attempts++;
		t->dial.at = INSTANT_NEVER;
	} else {
		tunnel_dial_schedule(t, now);
	}
}

/*
 * An IKE SA without a Child SA serves nobody: where the engine does not see to one by itself (the data plane refused it), begin anew, but
 * later.
 */
static void childless(struct tunnel *t, struct instant now)
{
	if (t->port.num_children)
		return;
	if (tunnel_dial_info(t).childless) {
		t->dial.at = INSTANT_NEVER;
		return;
	}
	if (instant_is_never(t->dial.at)) {
		tunnel_dial_schedule(t, now);
	} else if (instant_reached(t->dial.at, now)) {
		ike_terminate(t->all->engine, t->conn, IKE_R_CHILD_DELETED_BY_PEER, now);
		if (tunnel_dial_info(t).phase == IKE_PHASE_NONE)
			tunnel_dial_initiate(t, now);
	}
}

void tunnel_dial_worn(struct tunnel *t, uint32_t child_id)
{
	t->port.worn = child_id;
}

/* When another took over meanwhile, it is no loss; else nothing is left that carries, and the tunnel begins anew. */
void tunnel_dial_spent(struct tunnel *t, uint32_t child_id, struct instant now)
{
	if (tunnel_dial_info(t).child_id == child_id)
		tunnel_dial_restart(t, IKE_R_EXPIRED, now);
}

/* The engine may be busy with something else just now: then the wish stays until it is not, or another child is in use. */
static void rekey_worn(struct tunnel *t, struct instant now)
{
	if (t->port.worn &&
	    (tunnel_dial_info(t).child_id != t->port.worn || ike_rekey_child(t->all->engine, t->conn, now)))
		t->port.worn = 0;
}

void tunnel_dial_reconcile(struct tunnel *t, struct instant now)
{
	if (!tunnel_enabled(t) || !tunnel_has_place(t) || t->cfg->manual) {
		tunnel_dial_stop(t, t->port.displaced ? IKE_R_INTERFACE_REMOVED : IKE_R_DELETED_BY_US, now);
		return;
	}
	if (t->dial.given != t->cfg->ike) {
		/* That of an instance the engine has made itself, and it stays under its configuration of then. */
		if (!t->kin.parent)
			ike_conn_set(t->all->engine, t->conn, t->cfg->ike);
		t->dial.given = t->cfg->ike;
	}
	rekey_worn(t, now);
	if (tunnel_on_demand(t))
		tunnel_demand_reconcile(t, now);
	if (!dials(t))
		return;
	switch (tunnel_dial_info(t).phase) {
	case IKE_PHASE_NONE:
		if (instant_is_never(t->dial.at))
			tunnel_dial_schedule(t, now);
		else if (instant_reached(t->dial.at, now))
			tunnel_dial_initiate(t, now);
		break;
	case IKE_PHASE_SA_INIT:
	case IKE_PHASE_AUTH:
		break;
	case IKE_PHASE_ESTABLISHED:
		childless(t, now);
		break;
	}
}

struct instant tunnel_dial_next(const struct tunnel *t, struct instant now)
{
	if (t->dial.given && tunnel_on_demand(t))
		return tunnel_demand_next(t, now);
	return dials(t) ? t->dial.at : INSTANT_NEVER;
}

void tunnel_dial_restart(struct tunnel *t, enum ike_reason reason, struct instant now)
{
	if (!t->dial.given)
		return;
	ike_terminate(t->all->engine, t->conn, reason, now);
	tunnel_port_children_drop(t);
	t->dial.attempts = 0;
	t->dial.at = now;
	t->dial.said = 0;
	tunnel_demand_init(t);
}

void tunnel_dial_stop(struct tunnel *t, enum ike_reason reason, struct instant now)
{
	if (!t->dial.given)
		return;
	tunnel_dial_restart(t, reason, now);
	ike_conn_del(t->all->engine, t->conn);
	t->dial.given = NULL;
}

/*
 * --- events: words, and success that ends a backoff ------------------------------------------------------
 */

static void say_up(struct tunnel *t, const struct ike_conn_info *info, struct instant now)
{
	if (t->dial.ike_up)
		return;
	t->dial.ike_up = true;
	tunnel_say(t, TUNNEL_NEWS_IKE_UP, now, "IKE up with %pIA, begun by %s: %s", &info->remote.addr,
		   info->initiator ? "us" : "the peer", info->ike_proposal);
}

/* The same failure again and again is one line, until it is another one or something succeeded. */
static void say_failure(struct tunnel *t, const char *words, const char *detail, struct instant now)
{
	uint32_t hash = jhash(detail, strlen(detail), jhash(words, strlen(words), 1));

	if (hash == t->dial.said || (t->dial.said && instant_diff(now, t->dial.said_at) < SAY_AGAIN_US))
		return;
	t->dial.said = hash;
	t->dial.said_at = now;
	tunnel_say(t, TUNNEL_NEWS_FAILURE, now, "IKE failed with %pIA: %s%s%s", &t->cfg->ike->remote, words,
		   detail[0] ? ": " : "", detail);
}

/* Of our own doing, and said elsewhere: no failure of IKE. */
static bool by_us(enum ike_reason reason)
{
	return reason == IKE_R_DELETED_BY_US || reason == IKE_R_CONFIG_CHANGED || reason == IKE_R_REPLACED ||
	       reason == IKE_R_INTERFACE_REMOVED;
}

static void say_down(struct tunnel *t, const struct ike_conn_info *info, enum ike_reason reason,
		     struct instant now)
{
	const char *words = ike_reason_info(reason)->words;
	const char *detail = info->last_failure == reason ? info->last_failure_detail : "";

	/* One of several: the tunnel still has an IKE SA. */
	if (info->phase == IKE_PHASE_ESTABLISHED)
		return;
	if (t->dial.ike_up)
		tunnel_say(t, TUNNEL_NEWS_IKE_DOWN, now, "IKE down: %s%s%s", words, detail[0] ? ": " : "",
			   detail);
	else if (!by_us(reason))
		say_failure(t, words, detail, now);
	t->dial.ike_up = false;
}

/* The peer is there, and has proved that it lost everything: nothing is to be waited for. */
static void again_at_once(struct tunnel *t, struct instant now)
{
	t->dial.attempts = 0;
	t->dial.at = now;
}

void tunnel_dial_event(struct tunnel *t, const struct ike_output *out, struct instant now)
{
	struct ike_conn_info info = tunnel_dial_info(t);

	switch (out->event) {
	case IKE_EVENT_IKE_UP:
		/*
		 * A peer that dials us is there: whatever we waited for, wait no longer than the first time.
		 */
		if (!info.initiator)
			forget_backoff(t);
		say_up(t, &info, now);
		break;
	case IKE_EVENT_IKE_DOWN:
		say_down(t, &info, out->reason, now);
		if (out->reason == IKE_R_PEER_RESTARTED)
			again_at_once(t, now);
		break;
	case IKE_EVENT_CHILD_UP:
		forget_backoff(t);
		t->dial.said = 0;
		break;
	case IKE_EVENT_CHILD_DOWN:
		break;
	case IKE_EVENT_HEARD:
		tunnel_reach_heard(&t->reach, now);
		break;
	}
}
