// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What should be against what is: interface, IKE, reachability, link, in this order, after every change.
 * Each step looks at levels and acts on the difference, so it does not matter in which order events came or
 * how many of them were lost.
 */
#include <zebra.h>

#include "bgpvpnd/tunnel/tunnel_private.h"

/*
 * --- reachability ----------------------------------------------------------------------------------------
 */

static struct tunnel_reach_sample sample(const struct tunnel *t)
{
	struct ike_conn_info info = tunnel_dial_info(t);
	struct dplane_child_stats child;
	struct dplane_inside_stats inside;

	tunnel_port_stats(t, &child);
	tunnel_port_inside(t, &inside);
	return (struct tunnel_reach_sample){
		.last_in = child.last_in,
		.last_out = child.last_out,
		.packets_out = child.packets_out,
		.inside_sent = inside.sent,
		.inside_answered = inside.last_answered,
		.srtt_us = info.srtt_us,
		.rto_us = info.rto_us,
		.request_since = info.request_outstanding ? info.request_since : INSTANT_NEVER,
	};
}

static void probe(struct tunnel *t, struct instant now)
{
	struct tunnel_reach_sample s;
	unsigned int acts;

	/* Nobody answers requests where there is no IKE. */
	if (!t->port.num_children || t->cfg->manual) {
		tunnel_reach_stop(&t->reach);
		return;
	}
	s = sample(t);
	if (!t->reach.active)
		tunnel_reach_start(&t->reach, &s, now);
	acts = tunnel_reach_step(&t->reach, &s, now);
	if (acts & TUNNEL_REACH_PROBE && ike_probe(t->all->engine, t->conn, now))
		tunnel_reach_probed(&t->reach, now);
	if (acts & TUNNEL_REACH_HURRY)
		ike_probe(t->all->engine, t->conn, now);
	if (acts & TUNNEL_REACH_INSIDE)
		tunnel_port_inside_probe(t);
}

/*
 * --- link ------------------------------------------------------------------------------------------------
 */

struct tunnel_link_facts tunnel_link_facts(const struct tunnel *t, struct instant now)
{
	return (struct tunnel_link_facts){
		.enabled = tunnel_enabled(t),
		.dplane = tunnel_has_place(t),
		.many = tunnel_is_template(t),
		.peers_up = t->kin.up,
		.waiting = tunnel_demand_waits(t, now),
		.manual = t->cfg->manual,
		.usable_child =
			tunnel_manual_installed(t) || tunnel_port_has_child(t, tunnel_dial_info(t).child_id),
		.proven = t->reach.active && t->reach.proven,
		.reachable = t->reach.active && t->reach.reachable,
		.inside_dead = t->reach.active && t->reach.inside.dead,
		.published = t->link.up,
		.up_allowed = t->link.up_allowed,
	};
}

/*
 * A template's own interface never runs: those of its instances do, or the one that they share while one of them is up. The log hears of each.
 */
static bool show_link(struct tunnel *t, const struct tunnel_link_verdict *verdict, struct instant now)
{
	if (tunnel_is_template(t))
		return true;
	if (tunnel_port_set_running(t, verdict->up, now) < 0)
		return false;
	tunnel_say_link(t, verdict, now);
	return true;
}

static void publish(struct tunnel *t, struct instant now)
{
	struct tunnel_link_facts facts = tunnel_link_facts(t, now);
	struct tunnel_link_verdict verdict = tunnel_link_wanted(&facts, now);

	/* The interface was made anew, and what keeps the link up did not need it: manual keys, a packet to wait for. */
	if (verdict.up && t->link.up && t->port.link && !t->port.running && !facts.many)
		tunnel_port_set_running(t, true, now);
	if (verdict.up == t->link.up || !show_link(t, &verdict, now))
		return;
	if (verdict.up)
		t->reach.silent_since = (struct instant){};
	t->link.up = verdict.up;
	t->link.since = now;
	t->link.changes++;
	if (!verdict.up)
		t->link.up_allowed = instant_add(now, t->cfg->hold_up_ms * USEC_PER_MS);
	if (t->kin.parent) {
		/* What is behind the peer comes and goes with the link. */
		tunnel_port_reconcile(t, now);
		tunnel_instance_published(t, now);
	}
}

/*
 * --- all of it -------------------------------------------------------------------------------------------
 */

static void arm(struct tunnel *t, struct instant now)
{
	struct instant due = INSTANT_NEVER;

	due = tunnel_sooner(due, tunnel_port_next(t), now);
	due = tunnel_sooner(due, tunnel_path_next(t), now);
	due = tunnel_sooner(due, t->port.keepalive, now);
	due = tunnel_sooner(due, tunnel_dial_next(t, now), now);
	due = tunnel_sooner(due, tunnel_reach_next(&t->reach), now);
	if (!t->link.up)
		due = tunnel_sooner(due, t->link.up_allowed, now);
	t->seen = now;
	if (due.us == t->due.us)
		return;
	tunnel_timers_del(&t->all->timers, t);
	t->due = due;
	tunnel_timers_add(&t->all->timers, t);
}

void tunnel_reconcile(struct tunnel *t, struct instant now)
{
	tunnel_path_reconcile(t, now);
	tunnel_port_reconcile(t, now);
	tunnel_dial_reconcile(t, now);
	tunnel_manual_reconcile(t, now);
	probe(t, now);
	tunnel_port_keepalive(t, tunnel_dial_info(t).nat_local, now);
	publish(t, now);
	arm(t, now);
}

void tunnel_close(struct tunnel *t, struct instant now)
{
	t->closing = true;
	tunnel_reconcile(t, now);
}
