// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a tunnel has in the data plane: its interface, kept as the configuration wants it, and its Child SAs.
 * Called by tunnel_reconcile() and by the engine's CHILD_ADD and CHILD_DELETE.
 */
#include <zebra.h>

#include "bgpvpnd/tunnel/tunnel_private.h"

/* After a refusal: soon enough for an operator who mends it, rare enough to cost nothing. */
#define RETRY_US (3 * USEC_PER_S)

/*
 * Somebody who changes our interface again and again makes us look this often at most. It is said once, until he has
 * left it alone for a while.
 */
#define LOOK_US	     USEC_PER_S
#define SAY_AGAIN_US (10 * USEC_PER_S)

/* RFC 3948 4, "M" */
#define KEEPALIVE_US (20 * USEC_PER_S)

void tunnel_port_refuse(struct tunnel *t, const char *words, struct instant now)
{
	t->port.retry = instant_add(now, RETRY_US);
	if (strcmp(words, t->port.error) == 0)
		return;
	strlcpy(t->port.error, words, sizeof(t->port.error));
	tunnel_say(t, TUNNEL_NEWS_DPLANE, now, "%s", words);
}

static void refused(struct tunnel *t, const char *what, int rc, struct instant now)
{
	const char *why = dplane_error(t->all->dplane);
	char words[sizeof(t->port.error)];

	snprintf(words, sizeof(words), "%s: %s", what, why[0] ? why : safe_strerror(-rc));
	tunnel_port_refuse(t, words, now);
}

/*
 * --- interface -------------------------------------------------------------------------------------------
 */

static void wanted_params(const struct tunnel *t, struct dplane_link_params *params)
{
	const struct tunnel_cfg *cfg = t->cfg;

	*params = (struct dplane_link_params){
		.nature = cfg->nature,
		.mtu = tunnel_path_mtu(t),
		.num_inside = cfg->num_inside,
	};
	strlcpy(params->name, cfg->interface, sizeof(params->name));
	strlcpy(params->vrf, cfg->vrf, sizeof(params->vrf));
	memcpy(params->inside, cfg->inside, sizeof(params->inside));
	tunnel_routes_want(t, params);
	tunnel_demand_trap(t, params);
	params->mss_v4 = tunnel_path_mss(t, false);
	params->mss_v6 = tunnel_path_mss(t, true);
}

static bool params_same(const struct dplane_link_params *a, const struct dplane_link_params *b)
{
	return strcmp(a->name, b->name) == 0 && dplane_nature_same(&a->nature, &b->nature) &&
	       strcmp(a->vrf, b->vrf) == 0 && a->trap == b->trap &&
	       tunnel_ts_same(&a->trap_local, &b->trap_local) &&
	       tunnel_ts_same(&a->trap_remote, &b->trap_remote) && a->mtu == b->mtu &&
	       a->mss_v4 == b->mss_v4 && a->mss_v6 == b->mss_v6 &&
	       tunnel_inside_same(a->routes, a->num_routes, b->routes, b->num_routes) &&
	       tunnel_inside_same(a->inside, a->num_inside, b->inside, b->num_inside);
}

void tunnel_port_close(struct tunnel *t)
{
	struct dplane *dp = t->all->dplane;

	tunnel_port_children_drop(t);
	t->port.swept = false;
	if (!t->port.link)
		return;
	dp->ops->link_del(dp, t->port.link);
	tunnel_ports_del(&t->all->ports, t);
	t->port.link = 0;
	t->port.running = false;
	t->port.changed = false;
	t->port.displaced = false;
}

/*
 * An interface is never renamed: the kernel would keep its index, and zebra everything that it knew of the
 * old name.
 */
static int apply(struct tunnel *t, const struct dplane_link_params *params)
{
	struct dplane *dp = t->all->dplane;
	int rc;

	if (t->port.link)
		return dp->ops->link_set(dp, t->port.link, params);
	rc = dp->ops->link_add(dp, params, &t->port.link);
	if (rc == 0)
		tunnel_ports_add(&t->all->ports, t);
	return rc;
}

static void adjust(struct tunnel *t, struct instant now)
{
	struct dplane_link_params params;
	bool was = t->port.link != 0;
	int rc;

	wanted_params(t, &params);
	if (was && params_same(&params, &t->port.params))
		return;
	if (!instant_reached(t->port.retry, now))
		return;
	rc = apply(t, &params);
	if (rc < 0) {
		refused(t, was ? "cannot change the interface" : "cannot create the interface", rc, now);
		return;
	}
	t->port.params = params;
	t->port.displaced = false;
	t->port.error[0] = '\0';
	t->port.retry = (struct instant){};
}

static void say_repaired(struct tunnel *t, const char *what, struct instant now)
{
	bool again = t->port.repaired.us && instant_diff(now, t->port.repaired) < SAY_AGAIN_US;

	t->port.repaired = now;
	if (!again)
		tunnel_say(
			t, TUNNEL_NEWS_DPLANE, now,
			"interface %s was %s by somebody: put back (`shutdown` of the tunnel takes it down)",
			t->port.params.name, what);
}

/* Not before, after a look or a refusal. */
static struct instant look_due(const struct tunnel *t)
{
	struct instant due = t->port.looked.us ? instant_add(t->port.looked, LOOK_US) : t->port.looked;

	return instant_before(due, t->port.retry) ? t->port.retry : due;
}

static void look_after(struct tunnel *t, struct instant now)
{
	struct dplane *dp = t->all->dplane;
	char what[128];
	int rc;

	if (!t->port.link || !t->port.changed || !instant_reached(look_due(t), now))
		return;
	t->port.looked = now;
	rc = dp->ops->link_repair(dp, t->port.link, what, sizeof(what));
	if (rc == -ENODEV) {
		tunnel_port_lost(t, now);
		return;
	}
	t->port.displaced = rc == -ENXIO;
	if (rc < 0) {
		refused(t, "cannot mend the interface", rc, now);
		return;
	}
	t->port.changed = false;
	t->port.retry = (struct instant){};
	if (!what[0])
		return;
	t->port.error[0] = '\0';
	say_repaired(t, what, now);
}

/* Half typed in, an interface between two addresses lacks one. */
static bool can_be_made(const struct dplane_link_nature *nature)
{
	switch (nature->kind) {
	case DPLANE_KIND_AUTO:
	case DPLANE_KIND_TUN:
	case DPLANE_KIND_XFRM:
	case DPLANE_KIND_VTI:
		return true;
	case DPLANE_KIND_GRE:
	case DPLANE_KIND_IPIP:
		return !ipaddr_is_unspecified(&nature->local) && !ipaddr_is_unspecified(&nature->remote);
	}
	return true;
}

void tunnel_port_reconcile(struct tunnel *t, struct instant now)
{
	if (!t->all->dplane || t->closing || !t->cfg->interface[0] || !can_be_made(&t->cfg->nature))
		return;
	if (tunnel_has_no_interface(t)) {
		tunnel_template_sweep(t);
		return;
	}
	look_after(t, now);
	adjust(t, now);
}

struct instant tunnel_port_next(const struct tunnel *t)
{
	struct instant retry = t->port.retry.us ? t->port.retry : INSTANT_NEVER;

	if (!t->all->dplane)
		return INSTANT_NEVER;
	return t->port.changed ? instant_min(retry, look_due(t)) : retry;
}

void tunnel_port_changed(struct tunnel *t)
{
	t->port.changed = true;
}

void tunnel_port_lost(struct tunnel *t, struct instant now)
{
	tunnel_say(t, TUNNEL_NEWS_DPLANE, now, "somebody removed interface %s; it is made again",
		   t->cfg->interface);
	tunnel_dial_restart(t, IKE_R_INTERFACE_REMOVED, now);
	/* Frees the handle; the interface itself is gone. */
	tunnel_port_close(t);
}

int tunnel_port_set_running(struct tunnel *t, bool running, struct instant now)
{
	struct dplane *dp = t->all->dplane;
	int rc;

	if (!t->port.link)
		return 0;
	rc = dp->ops->link_set_running(dp, t->port.link, running);
	if (rc < 0)
		refused(t, "cannot set the link state", rc, now);
	if (rc < 0)
		return rc;
	if (!t->port.displaced)
		t->port.error[0] = '\0';
	t->port.running = running;
	return 0;
}

/*
 * --- Child SAs -------------------------------------------------------------------------------------------
 */

int tunnel_port_child_add(struct tunnel *t, const struct child_sa_params *params, struct instant now)
{
	struct dplane *dp = t->all->dplane;
	char words[sizeof(t->port.error)];
	int rc;

	if (!tunnel_enabled(t))
		return -ESHUTDOWN;
	if (!t->port.link)
		return -ENODEV;
	if (t->port.num_children == LIMIT_CHILDREN)
		return -ENOSPC;
	if (tunnel_claim_refused(t, params, words, sizeof(words))) {
		tunnel_port_refuse(t, words, now);
		return -EADDRINUSE;
	}
	rc = dp->ops->child_add(dp, t->port.link, params, t->cfg->manual ? 0 : t->cfg->replay_window);
	if (rc < 0) {
		refused(t, "cannot install the Child SA", rc, now);
		return rc;
	}
	if (!t->port.num_children)
		t->child_since = now;
	t->port.children[t->port.num_children++] = params->child_id;
	tunnel_path_take(t, params);
	tunnel_family_take(t, params);
	tunnel_routes_take(t, params);
	t->port.error[0] = '\0';
	return 0;
}

static void add_counts(struct dplane_child_stats *sum, const struct dplane_child_stats *one)
{
	sum->packets_in += one->packets_in;
	sum->packets_out += one->packets_out;
	sum->bytes_in += one->bytes_in;
	sum->bytes_out += one->bytes_out;
	sum->replays += one->replays;
	sum->integrity_failures += one->integrity_failures;
}

static void child_drop(struct tunnel *t, int i)
{
	struct dplane *dp = t->all->dplane;
	struct tunnel_port *port = &t->port;
	struct dplane_child_stats last;

	if (dp->ops->child_stats(dp, port->children[i], &last) == 0)
		add_counts(&port->gone, &last);
	dp->ops->child_del(dp, port->children[i]);
	port->num_children--;
	memmove(&port->children[i], &port->children[i + 1],
		(port->num_children - i) * sizeof(port->children[0]));
}

void tunnel_port_child_use(struct tunnel *t, uint32_t child_id)
{
	struct dplane *dp = t->all->dplane;

	if (tunnel_port_has_child(t, child_id))
		dp->ops->child_use(dp, child_id);
}

void tunnel_port_child_move(struct tunnel *t, const struct ike_output *out)
{
	struct dplane *dp = t->all->dplane;

	if (!tunnel_port_has_child(t, out->child_id))
		return;
	dp->ops->child_move(dp, out->child_id, &out->local, &out->remote);
	tunnel_path_move(t, &out->local, &out->remote);
}

bool tunnel_port_has_child(const struct tunnel *t, uint32_t child_id)
{
	for (int i = 0; i < t->port.num_children; i++)
		if (t->port.children[i] == child_id)
			return true;
	return false;
}

void tunnel_port_child_del(struct tunnel *t, uint32_t child_id)
{
	for (int i = 0; i < t->port.num_children; i++)
		if (t->port.children[i] == child_id) {
			child_drop(t, i);
			return;
		}
}

void tunnel_port_children_drop(struct tunnel *t)
{
	while (t->port.num_children)
		child_drop(t, t->port.num_children - 1);
}

void tunnel_port_stats(const struct tunnel *t, struct dplane_child_stats *stats)
{
	struct dplane *dp = t->all->dplane;
	struct dplane_child_stats one;

	*stats = t->port.gone;
	for (int i = 0; i < t->port.num_children; i++) {
		if (dp->ops->child_stats(dp, t->port.children[i], &one) < 0)
			continue;
		add_counts(stats, &one);
		stats->last_in.us = MAX(stats->last_in.us, one.last_in.us);
		stats->last_out.us = MAX(stats->last_out.us, one.last_out.us);
	}
}

/*
 * RFC 3948 4: after 20 seconds without a packet to the peer. IKE to the same port counts as none here; one byte
 * too many now and then harms nobody.
 */
void tunnel_port_keepalive(struct tunnel *t, bool natted, struct instant now)
{
	struct dplane *dp = t->all->dplane;
	struct dplane_child_stats stats;
	struct instant due;

	if (!natted || !t->port.num_children) {
		t->port.keepalive = INSTANT_NEVER;
		return;
	}
	tunnel_port_stats(t, &stats);
	due = instant_add(stats.last_out.us > t->child_since.us ? stats.last_out : t->child_since,
			  KEEPALIVE_US);
	if (!instant_is_never(t->port.keepalive) && instant_before(due, t->port.keepalive))
		due = t->port.keepalive;
	if (instant_reached(due, now)) {
		dp->ops->child_keepalive(dp, t->port.children[t->port.num_children - 1]);
		due = instant_add(now, KEEPALIVE_US);
	}
	t->port.keepalive = due;
}

/*
 * --- the inside ------------------------------------------------------------------------------------------
 */

void tunnel_port_inside(const struct tunnel *t, struct dplane_inside_stats *stats)
{
	struct dplane *dp = t->all->dplane;

	*stats = (struct dplane_inside_stats){};
	if (t->port.link && dp->ops->inside_stats(dp, t->port.link, stats) < 0)
		*stats = (struct dplane_inside_stats){};
}

/* Without an inside address there is nobody to ask: the plane refuses, and its counters say so. */
void tunnel_port_inside_probe(const struct tunnel *t)
{
	struct dplane *dp = t->all->dplane;

	if (t->port.link)
		dp->ops->inside_probe(dp, t->port.link);
}
