// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The link rule, DESIGN.md "Link rule": the one place that decides whether a tunnel's interface is up. Pure,
 * and a function of levels only; called by tunnel_reconcile.c after every change and by tunnel_show.c for
 * its words.
 */
#include <zebra.h>

#include "bgpvpnd/tunnel/tunnel.h"

static struct tunnel_link_verdict down(const char *why)
{
	return (struct tunnel_link_verdict){.up = false, .why = why};
}

static struct tunnel_link_verdict up(const char *why)
{
	return (struct tunnel_link_verdict){.up = true, .why = why};
}

static bool held(const struct tunnel_link_facts *facts, struct instant now)
{
	return !facts->published && !instant_reached(facts->up_allowed, now);
}

struct tunnel_link_verdict tunnel_link_wanted(const struct tunnel_link_facts *facts, struct instant now)
{
	if (!facts->enabled)
		return down("shut down");
	if (!facts->dplane)
		return down("no interface in the data plane");
	if (facts->many)
		return facts->peers_up ? up("peers are up") : down("no peer is up");
	if (facts->manual && !facts->usable_child)
		return down("manual keys are not installed");
	if (facts->manual && !held(facts, now))
		return up("manual keys, no liveness but BFD's");
	if (facts->manual)
		return down("manual keys are installed, waiting for link hold-up");
	if (facts->waiting && !held(facts, now))
		return up("waits for the first packet");
	if (facts->waiting)
		return down("waits for link hold-up, then for the first packet");
	if (!facts->usable_child)
		return down("no Child SA");
	if (!facts->proven)
		return down("peer has not answered through this tunnel yet");
	if (!facts->reachable)
		return down("peer does not answer");
	if (facts->inside_dead)
		return down("IKE answers but ESP does not arrive");
	if (held(facts, now))
		return down("peer is reachable, waiting for link hold-up");
	return up("peer is reachable");
}
