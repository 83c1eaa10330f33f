// SPDX-License-Identifier: GPL-2.0-or-later
/* What `show vpn` prints, by value, and the one sentence that says why a tunnel is not up. */
#include <zebra.h>

#include "lib/printfrr.h"

#include "bgpvpnd/tunnel/tunnel_private.h"

/*
 * --- why -------------------------------------------------------------------------------------------------
 */

static void no_dplane(const struct tunnel *t, char *buf, size_t len)
{
	if (!t->all->dplane)
		strlcpy(buf, "no data plane", len);
	else if (t->port.error[0])
		strlcpy(buf, t->port.error, len);
	else if (!t->cfg->interface[0])
		strlcpy(buf, "no interface configured", len);
	else
		strlcpy(buf, "no interface in the data plane", len);
}

/* The data plane says more than the engine hears of it. */
static void failed(const struct tunnel *t, const struct ike_conn_info *ike, const char *next, char *buf,
		   size_t len)
{
	const char *detail = ike->last_failure_detail;

	if (ike->last_failure == IKE_R_DATAPLANE && t->port.error[0]) {
		snprintf(buf, len, "no Child SA: %s; %s", t->port.error, next);
		return;
	}
	snprintf(buf, len, "no Child SA: %s%s%s; %s", ike_reason_info(ike->last_failure)->words,
		 detail[0] ? ": " : "", detail, next);
}

/* What we did ourselves is no failure to tell about. */
static bool has_failed(const struct ike_conn_info *ike)
{
	switch ((int)ike->last_failure) {
	case IKE_R_OK:
	case IKE_R_CONFIG_CHANGED:
	case IKE_R_DELETED_BY_US:
	case IKE_R_REPLACED:
		return false;
	default:
		return true;
	}
}

static void no_child(const struct tunnel *t, const struct ike_conn_info *ike, char *buf, size_t len)
{
	bool passive = t->cfg->ike->passive, demand = tunnel_on_demand(t);

	switch (ike->phase) {
	case IKE_PHASE_NONE:
		if (has_failed(ike))
			failed(t, ike,
			       demand	 ? "waits for packets again soon"
			       : passive ? "waiting for the peer"
					 : "trying again soon",
			       buf, len);
		else
			snprintf(buf, len, "no Child SA: %s",
				 passive ? "waiting for the peer" : "connecting soon");
		break;
	case IKE_PHASE_SA_INIT:
		if (ike->request_tries > 1)
			snprintfrr(buf, len, "no Child SA: no answer from %pIA, IKE_SA_INIT sent %u times",
				   &ike->remote.addr, ike->request_tries);
		else if (has_failed(ike))
			failed(t, ike, "trying again", buf, len);
		else
			snprintfrr(buf, len, "no Child SA: IKE_SA_INIT with %pIA", &ike->remote.addr);
		break;
	case IKE_PHASE_AUTH:
		snprintfrr(buf, len, "no Child SA: IKE_AUTH with %pIA", &ike->remote.addr);
		break;
	case IKE_PHASE_ESTABLISHED:
		if (t->port.error[0])
			snprintf(buf, len, "no Child SA: %s", t->port.error);
		else if (ike->childless_by_peer)
			strlcpy(buf, "no Child SA: the peer has begun without one (RFC 6023)", len);
		else if (ike->childless && has_failed(ike))
			failed(t, ike, passive ? "waiting for the peer" : "asking again soon", buf, len);
		else
			strlcpy(buf, "no Child SA: the IKE SA has none (refused or deleted by the peer)",
				len);
		break;
	}
}

static void unreachable(const struct tunnel *t, const struct ike_conn_info *ike, char *buf, size_t len)
{
	snprintf(buf, len, "peer does not answer: silent for %" PRId64 " ms, %u liveness requests unanswered",
		 instant_diff(t->seen, t->reach.silent_since) / USEC_PER_MS, ike->request_tries);
}

static const char *inside_words(const struct tunnel *t)
{
	struct dplane_inside_stats inside;

	tunnel_port_inside(t, &inside);
	return inside.sent && !inside.answered ? "; inside probe never answered" : "";
}

static void peers_words(const struct tunnel *t, char *buf, size_t len)
{
	uint32_t peers = tunnel_instances_count(&t->kin.instances);

	if (peers)
		snprintf(buf, len, "%u of %u peers are up", t->kin.up, peers);
	else
		strlcpy(buf, "no peer has dialed in", len);
}

void tunnel_link_reason(const struct tunnel *t, const struct ike_conn_info *ike, char *buf, size_t len)
{
	struct tunnel_link_facts facts = tunnel_link_facts(t, t->seen);
	struct tunnel_link_verdict verdict = tunnel_link_wanted(&facts, t->seen);

	if (facts.many && facts.enabled && facts.dplane)
		peers_words(t, buf, len);
	else if (verdict.up && !t->link.up && t->port.error[0])
		strlcpy(buf, t->port.error, len);
	else if (verdict.up && facts.waiting)
		tunnel_demand_words(t, ike, buf, len);
	else if (verdict.up)
		snprintf(buf, len, "%s%s%s", verdict.why, inside_words(t), tunnel_family_words(t));
	else if (facts.enabled && !facts.dplane)
		no_dplane(t, buf, len);
	else if (facts.manual && !verdict.up && t->port.error[0])
		strlcpy(buf, t->port.error, len);
	else if (facts.enabled && !facts.usable_child && !facts.waiting && !facts.manual)
		no_child(t, ike, buf, len);
	else if (facts.enabled && facts.proven && !facts.reachable)
		unreachable(t, ike, buf, len);
	else
		strlcpy(buf, verdict.why, len);
}

/*
 * --- by value --------------------------------------------------------------------------------------------
 */

static void fill(const struct tunnel *t, struct tunnel_info *info)
{
	*info = (struct tunnel_info){
		.cfg = t->cfg,
		.waiting = t->link.up && tunnel_demand_waits(t, t->seen),
		.peer_id = t->kin.peer_id,
		.many = tunnel_is_template(t),
		.peers = tunnel_instances_count(&t->kin.instances),
		.peers_up = t->kin.up,
		.dataplane = t->all->dplane ? t->all->dplane->ops->name : "none",
		.link_up = t->link.up,
		.link_since = t->link.since,
		.link_changes = t->link.changes,
		.ike = tunnel_dial_info(t),
		.child_installed = t->port.num_children > 0,
		.num_pairs = t->port.num_children,
		.mtu = t->port.link ? t->port.params.mtu : 0,
		.last_heard = t->reach.last_heard,
		.reachable = t->reach.active && t->reach.proven && t->reach.reachable,
	};
	tunnel_manual_info(t, &info->ike);
	strlcpy(info->name, t->cfg->name, sizeof(info->name));
	if (t->kin.parent)
		strlcpy(info->parent, t->kin.parent->cfg->name, sizeof(info->parent));
	tunnel_path_info(t, info);
	tunnel_link_reason(t, &info->ike, info->link_reason, sizeof(info->link_reason));
	tunnel_port_stats(t, &info->child);
	tunnel_port_inside(t, &info->inside);
}

bool tunnels_info(const struct tunnels *tunnels, const char *name, struct tunnel_info *info)
{
	const struct tunnel *t = tunnel_find(tunnels, name);

	if (!t)
		return false;
	fill(t, info);
	return true;
}

/* The one behind `after`; the first behind NULL. */
static const struct tunnel *next_of(const struct tunnels *tunnels, const char *after)
{
	struct tunnel_cfg cfg = {};
	const struct tunnel key = {.cfg = &cfg};
	const struct tunnel *t;

	if (!after)
		return tunnel_names_const_first(&tunnels->names);
	strlcpy(cfg.name, after, sizeof(cfg.name));
	t = tunnel_names_const_find_gteq(&tunnels->names, &key);
	if (t && strcmp(t->cfg->name, after) == 0)
		t = tunnel_names_const_next(&tunnels->names, t);
	return t;
}

bool tunnels_info_next(const struct tunnels *tunnels, const char *after, struct tunnel_info *info)
{
	const struct tunnel *t = next_of(tunnels, after);

	if (!t)
		return false;
	fill(t, info);
	return true;
}

const char *tunnels_on_interface(const struct tunnels *tunnels, const char *interface, const char *after)
{
	const struct tunnel *t = next_of(tunnels, after);

	while (t && strcmp(t->cfg->interface, interface) != 0)
		t = tunnel_names_const_next(&tunnels->names, t);
	return t ? t->cfg->name : NULL;
}

static bool is_alike(const struct tunnel *a, const struct tunnel *b)
{
	return a != b && !a->cfg->manual && !b->cfg->manual && !a->kin.parent && !b->kin.parent &&
	       ike_conns_alike(a->cfg->ike, b->cfg->ike);
}

const char *tunnels_alike(const struct tunnels *tunnels, const char *name, const char *after)
{
	const struct tunnel *self = tunnel_find(tunnels, name), *t = next_of(tunnels, after);

	while (self && t && !is_alike(self, t))
		t = tunnel_names_const_next(&tunnels->names, t);
	return self && t ? t->cfg->name : NULL;
}
