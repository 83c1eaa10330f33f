// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `initiate on-demand`: the tunnel is dialed when a packet wants to go there. Without a Child SA the data plane keeps what is routed into the
 * interface and says so (ACQUIRE); what brings packets there is routing, so the link must be up while nothing is:
 *
 *	waits		nothing runs, or our attempt is young		up
 *	lags		the attempt has taken longer than PATIENCE	down, and the attempt goes on
 *	rests		it has failed, or the peer was unreachable	down until the backoff is over, then it waits again
 *	carries		as any other tunnel				tunnel_link.c
 *
 * Down as soon as it does not look good, so that traffic can take another path while the peer is dead; and back after the backoff, because
 * nothing but traffic would ever find out that the peer is there again. What was asked for meanwhile is tried at once then.
 */
#include <zebra.h>

#include "lib/printfrr.h"

#include "bgpvpnd/tunnel/tunnel_private.h"

/* Three times what an exchange takes when its first datagram is lost, and more than one with large keys to the far end of the world. */
#define PATIENCE_US (3 * USEC_PER_S)

/* An IKE SA comes some outputs before its Child SA; without one for so long it will have none by itself. */
#define BARE_US USEC_PER_S

bool tunnel_on_demand(const struct tunnel *t)
{
	const struct tunnel_cfg *cfg = t->cfg;

	return cfg->initiate == TUNNEL_INITIATE_ON_DEMAND && !cfg->ike->many && !cfg->manual &&
	       !ipaddr_is_unspecified(&cfg->ike->remote);
}

void tunnel_demand_init(struct tunnel *t)
{
	t->demand = (struct tunnel_demand){.bare = INSTANT_NEVER};
}

void tunnel_demand_acquire(struct tunnel *t)
{
	t->demand.wanted = tunnel_on_demand(t) && tunnel_enabled(t);
}

/*
 * --- the link --------------------------------------------------------------------------------------------
 */

static bool rested(const struct tunnel *t, struct instant now)
{
	return instant_is_never(t->dial.at) || instant_reached(t->dial.at, now);
}

static bool lags(const struct tunnel *t, const struct ike_conn_info *ike, struct instant now)
{
	return t->dial.attempts && ike->phase != IKE_PHASE_NONE &&
	       instant_reached(instant_add(t->demand.begun, PATIENCE_US), now);
}

bool tunnel_demand_waits(const struct tunnel *t, struct instant now)
{
	struct ike_conn_info ike = tunnel_dial_info(t);

	if (!tunnel_on_demand(t) || !rested(t, now))
		return false;
	/* It was up for the sake of its first packet: what carries that has not to bring it down to be proven. */
	if (tunnel_port_has_child(t, ike.child_id))
		return t->link.up && t->reach.active && !t->reach.proven && t->reach.reachable;
	return !lags(t, &ike, now);
}

void tunnel_demand_words(const struct tunnel *t, const struct ike_conn_info *ike, char *buf, size_t len)
{
	strlcpy(buf, "waits for the first packet", len);
	switch (ike->phase) {
	case IKE_PHASE_NONE:
		break;
	case IKE_PHASE_SA_INIT:
		snprintfrr(buf, len, "a packet waits: IKE_SA_INIT with %pIA", &ike->remote.addr);
		break;
	case IKE_PHASE_AUTH:
		snprintfrr(buf, len, "a packet waits: IKE_AUTH with %pIA", &ike->remote.addr);
		break;
	case IKE_PHASE_ESTABLISHED:
		if (t->port.num_children)
			strlcpy(buf, "peer has not answered through this tunnel yet", len);
		break;
	}
}

/*
 * --- dialing ---------------------------------------------------------------------------------------------
 */

static bool is_bare(struct tunnel *t, const struct ike_conn_info *ike, struct instant now)
{
	if (ike->phase != IKE_PHASE_ESTABLISHED || t->port.num_children) {
		t->demand.bare = INSTANT_NEVER;
		return false;
	}
	if (instant_is_never(t->demand.bare))
		t->demand.bare = now;
	return ike->childless || instant_reached(instant_add(t->demand.bare, BARE_US), now);
}

/* Whether what ends some day ends because the peer was not there: its reason says less than what we saw before. */
static void watch_peer(struct tunnel *t)
{
	if (t->reach.active && !t->reach.reachable)
		t->demand.lost = true;
	else if (t->reach.active && t->reach.proven)
		t->demand.lost = false;
	if (t->port.num_children)
		t->demand.wanted = false;
}

static void begin(struct tunnel *t, bool bare, struct instant now)
{
	/* An IKE SA that has no Child SA serves nobody, and the engine does not ask for one where it is to be passive. */
	if (bare)
		ike_terminate(t->all->engine, t->conn, IKE_R_CHILD_DELETED_BY_PEER, now);
	if (tunnel_dial_info(t).phase != IKE_PHASE_NONE)
		return;
	t->demand.wanted = false;
	t->demand.begun = now;
	tunnel_dial_initiate(t, now);
}

void tunnel_demand_reconcile(struct tunnel *t, struct instant now)
{
	struct ike_conn_info ike = tunnel_dial_info(t);
	bool bare = is_bare(t, &ike, now);

	watch_peer(t);
	if (ike.phase != IKE_PHASE_NONE && !bare)
		return;
	if ((t->dial.attempts || t->demand.lost) && instant_is_never(t->dial.at))
		tunnel_dial_schedule(t, now);
	t->demand.lost = false;
	if (t->demand.wanted && rested(t, now))
		begin(t, bare, now);
}

struct instant tunnel_demand_next(const struct tunnel *t, struct instant now)
{
	struct instant due = tunnel_sooner(INSTANT_NEVER, t->dial.at, now);

	if (!instant_is_never(t->demand.bare))
		due = tunnel_sooner(due, instant_add(t->demand.bare, BARE_US), now);
	if (t->dial.attempts)
		due = tunnel_sooner(due, instant_add(t->demand.begun, PATIENCE_US), now);
	return due;
}

/*
 * --- the data plane --------------------------------------------------------------------------------------
 */

/*
 * Always there, not only while there is no Child SA: the plane knows better than we do when the last one has gone, and what comes in that
 * moment must be kept too.
 */
void tunnel_demand_trap(const struct tunnel *t, struct dplane_link_params *params)
{
	params->trap = tunnel_on_demand(t) && tunnel_enabled(t);
	if (params->trap)
		tunnel_cfg_selectors(t->cfg, &params->trap_local, &params->trap_remote);
}
