// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All tunnels: by name for the operator, by connection number for the engine, by time for the one timer.
 * What comes in from outside finds its tunnel here, leaves its mark, and is followed by tunnel_reconcile().
 */
#include <zebra.h>

#include "lib/jhash.h"
#include "lib/memory.h"

#include "bgpvpnd/tunnel/tunnel_private.h"

DEFINE_MTYPE_STATIC(BGPVPN, TUNNELS, "VPN tunnels");
DEFINE_MTYPE_STATIC(BGPVPN, TUNNEL, "VPN tunnel");

/* A slash comes before all that a name can hold, so that the instances of a template stand right behind it. */
static int rank(char c)
{
	return c == '\0' ? 0 : c == '/' ? 1 : 2 + (unsigned char)c;
}

int tunnel_name_cmp(const struct tunnel *a, const struct tunnel *b)
{
	const char *x = a->cfg->name, *y = b->cfg->name;

	while (*x && *x == *y) {
		x++;
		y++;
	}
	return numcmp(rank(*x), rank(*y));
}

int tunnel_conn_cmp(const struct tunnel *a, const struct tunnel *b)
{
	return numcmp(a->conn, b->conn);
}

uint32_t tunnel_conn_hash(const struct tunnel *t)
{
	return jhash_1word(t->conn, 0x70e1);
}

int tunnel_link_cmp(const struct tunnel *a, const struct tunnel *b)
{
	return numcmp(a->port.link, b->port.link);
}

uint32_t tunnel_link_hash(const struct tunnel *t)
{
	return jhash_1word(t->port.link, 0x11f0);
}

int tunnel_timer_cmp(const struct tunnel *a, const struct tunnel *b)
{
	return numcmp(a->due.us, b->due.us);
}

int tunnel_number_cmp(const struct tunnel *a, const struct tunnel *b)
{
	return numcmp(a->kin.number, b->kin.number);
}

/*
 * --- life ------------------------------------------------------------------------------------------------
 */

struct tunnels *tunnels_new(struct ike_engine *engine, struct dplane *dplane)
{
	struct tunnels *tunnels = XCALLOC(MTYPE_TUNNELS, sizeof(*tunnels));

	tunnels->engine = engine;
	tunnels->dplane = dplane;
	tunnel_names_init(&tunnels->names);
	tunnel_conns_init(&tunnels->conns);
	tunnel_ports_init(&tunnels->ports);
	tunnel_timers_init(&tunnels->timers);
	tunnel_news_init(tunnels);
	return tunnels;
}

struct tunnel *tunnel_find(const struct tunnels *tunnels, const char *name)
{
	struct tunnel_cfg cfg = {};
	const struct tunnel key = {.cfg = &cfg};

	/* Looking does not change the tree; typesafe's const find gives a const item. */
	strlcpy(cfg.name, name, sizeof(cfg.name));
	return tunnel_names_find(&((struct tunnels *)tunnels)->names, &key);
}

struct tunnel *tunnel_find_conn(struct tunnels *tunnels, uint32_t conn)
{
	const struct tunnel key = {.conn = conn};

	return tunnel_conns_find(&tunnels->conns, &key);
}

static uint32_t free_conn(struct tunnels *tunnels)
{
	do
		tunnels->last_conn = tunnels->last_conn % (IKE_CONN_SPAWNED - 1) + 1;
	while (tunnel_find_conn(tunnels, tunnels->last_conn));
	return tunnels->last_conn;
}

struct tunnel *tunnel_new(struct tunnels *tunnels, struct tunnel_cfg *cfg, uint32_t conn, struct instant now)
{
	struct tunnel *t = XCALLOC(MTYPE_TUNNEL, sizeof(*t));

	t->all = tunnels;
	t->cfg = tunnel_cfg_ref(cfg);
	t->conn = conn;
	t->due = INSTANT_NEVER;
	t->link.since = now;
	t->port.keepalive = INSTANT_NEVER;
	tunnel_instances_init(&t->kin.instances);
	tunnel_dial_init(t, now);
	tunnel_reach_configure(&t->reach, cfg->liveness_interval_s, cfg->liveness_detect_ms);
	tunnel_names_add(&tunnels->names, t);
	tunnel_conns_add(&tunnels->conns, t);
	tunnel_timers_add(&tunnels->timers, t);
	return t;
}

void tunnel_free(struct tunnel *t)
{
	tunnel_timers_del(&t->all->timers, t);
	tunnel_conns_del(&t->all->conns, t);
	if (t->port.link)
		tunnel_ports_del(&t->all->ports, t);
	tunnel_names_del(&t->all->names, t);
	tunnel_instances_fini(&t->kin.instances);
	tunnel_cfg_unref(t->cfg);
	XFREE(MTYPE_TUNNEL, t);
}

void tunnels_free(struct tunnels *tunnels)
{
	struct tunnel *t;

	if (!tunnels)
		return;
	while ((t = tunnel_names_first(&tunnels->names))) {
		while (tunnel_instances_pop(&t->kin.instances))
			; /* their turn comes */
		tunnel_free(t);
	}
	tunnel_names_fini(&tunnels->names);
	tunnel_conns_fini(&tunnels->conns);
	tunnel_ports_fini(&tunnels->ports);
	tunnel_timers_fini(&tunnels->timers);
	tunnel_news_fini(tunnels);
	XFREE(MTYPE_TUNNELS, tunnels);
}

void tunnels_terminate_all(struct tunnels *tunnels, struct instant now)
{
	struct tunnel *t;

	frr_each (tunnel_names, &tunnels->names, t)
		tunnel_close(t, now);
}

/*
 * --- configuration ---------------------------------------------------------------------------------------
 */

void tunnel_cfg_swap(struct tunnel *t, struct tunnel_cfg *cfg, struct instant now)
{
	tunnel_cfg_ref(cfg);
	tunnel_cfg_unref(t->cfg);
	t->cfg = cfg;
	tunnel_reach_configure(&t->reach, cfg->liveness_interval_s, cfg->liveness_detect_ms);
	t->port.retry = now;
}

static void change_cfg(struct tunnel *t, struct tunnel_cfg *cfg, struct instant now)
{
	enum tunnel_change change = tunnel_cfg_compare(t->cfg, cfg);
	bool moves = strcmp(t->cfg->interface, cfg->interface) != 0 ||
		     !dplane_nature_same(&t->cfg->nature, &cfg->nature);

	switch (change) {
	case TUNNEL_CHANGE_NONE:
		return;
	case TUNNEL_CHANGE_APPLY:
		break;
	case TUNNEL_CHANGE_RESTART:
		tunnel_instances_end(t, IKE_R_CONFIG_CHANGED, now);
		tunnel_dial_restart(t, IKE_R_CONFIG_CHANGED, now);
		tunnel_port_children_drop(t);
		break;
	}
	if (cfg->shutdown)
		tunnel_instances_end(t, IKE_R_DELETED_BY_US, now);
	tunnel_cfg_swap(t, cfg, now);
	tunnel_instances_change(t, now);
	if (moves)
		tunnel_port_close(t);
}

void tunnels_set_cfg(struct tunnels *tunnels, struct tunnel_cfg *cfg, struct instant now)
{
	struct tunnel *t = tunnel_find(tunnels, cfg->name);

	tunnel_cfg_seal(cfg);
	if (t)
		change_cfg(t, cfg, now);
	else
		t = tunnel_new(tunnels, cfg, free_conn(tunnels), now);
	tunnel_reconcile(t, now);
}

void tunnels_remove(struct tunnels *tunnels, const char *name, struct instant now)
{
	struct tunnel *t = tunnel_find(tunnels, name);

	if (!t)
		return;
	tunnel_instances_end(t, IKE_R_DELETED_BY_US, now);
	tunnel_close(t, now);
	tunnel_port_close(t);
	tunnel_free(t);
}

bool tunnels_clear(struct tunnels *tunnels, const char *name, struct instant now)
{
	struct tunnel *t = tunnel_find(tunnels, name);

	if (!t)
		return false;
	tunnel_instances_close(t, now);
	tunnel_dial_restart(t, IKE_R_DELETED_BY_US, now);
	tunnel_port_children_drop(t);
	tunnel_reconcile(t, now);
	return true;
}

static bool rekey(struct tunnel *t, bool ike, struct instant now)
{
	return ike ? ike_rekey_ike(t->all->engine, t->conn, now)
		   : ike_rekey_child(t->all->engine, t->conn, now);
}

const char *tunnels_rekey(struct tunnels *tunnels, const char *name, bool ike, struct instant now)
{
	struct tunnel *t = tunnel_find(tunnels, name);
	struct ike_conn_info info;

	if (!t)
		return "there is no such tunnel";
	if (t->cfg->manual)
		return "its keys are manual, nobody rekeys them";
	info = tunnel_dial_info(t);
	if (info.phase != IKE_PHASE_ESTABLISHED)
		return "there is no IKE SA, nothing to rekey";
	if (!ike && !info.child_id)
		return "there are no ESP SAs, nothing to rekey";
	if (!rekey(t, ike, now))
		return "the peer and we are rekeying already, try again in a moment";
	tunnel_reconcile(t, now);
	return NULL;
}

void tunnels_local_moved(struct tunnels *tunnels, const char *name, const struct ipaddr *local, bool gone,
			 struct instant now)
{
	struct tunnel *t = tunnel_find(tunnels, name);

	if (!t)
		return;
	ike_local_moved(tunnels->engine, t->conn, local, gone, now);
	tunnel_reconcile(t, now);
}

void tunnels_interface_known(struct tunnels *tunnels, const char *interface)
{
	struct dplane *dp = tunnels->dplane;
	struct tunnel *t;

	frr_each (tunnel_names, &tunnels->names, t)
		if (t->port.link && strcmp(t->port.params.name, interface) == 0)
			dp->ops->link_announce(dp, t->port.link);
}

/*
 * --- world in --------------------------------------------------------------------------------------------
 */

static void child_add(struct tunnels *tunnels, struct tunnel *t, const struct ike_output *out,
		      struct instant now)
{
	uint32_t child_id = out->child_id;
	struct dplane *dp = tunnels->dplane;
	/* *out->child dies with the next call into the engine, so the plane comes first. */
	int rc = t ? tunnel_port_child_add(t, out->child, now) : -ENOENT;

	/* The engine has handed the SPI over: one that was not installed is ours to give back. */
	if (rc < 0 && dp)
		dp->ops->spi_release(dp, out->child->in.spi);
	ike_child_result(tunnels->engine, child_id, rc, now);
}

void tunnels_ike_output(struct tunnels *tunnels, const struct ike_output *out, struct instant now)
{
	struct tunnel *t = tunnel_find_conn(tunnels, out->conn);

	switch (out->type) {
	case IKE_OUTPUT_DATAGRAM:
		return;
	case IKE_OUTPUT_SPAWN:
		tunnel_spawn(tunnels, out, now);
		return;
	case IKE_OUTPUT_CHILD_ADD:
		child_add(tunnels, t, out, now);
		break;
	case IKE_OUTPUT_CHILD_USE:
		if (t)
			tunnel_port_child_use(t, out->child_id);
		break;
	case IKE_OUTPUT_CHILD_MOVE:
		if (t)
			tunnel_port_child_move(t, out);
		break;
	case IKE_OUTPUT_CHILD_DELETE:
		if (t)
			tunnel_port_child_del(t, out->child_id);
		break;
	case IKE_OUTPUT_EVENT:
		if (t)
			tunnel_dial_event(t, out, now);
		break;
	}
	if (t && out->type == IKE_OUTPUT_EVENT && out->event == IKE_EVENT_IKE_DOWN)
		tunnel_settle(t, now);
	else if (t)
		tunnel_reconcile(t, now);
}

static struct tunnel *find_link(struct tunnels *tunnels, uint32_t link)
{
	const struct tunnel key = {.port.link = link};

	return tunnel_ports_find(&tunnels->ports, &key);
}

/* Seldom enough to look at all. */
static struct tunnel *find_child(struct tunnels *tunnels, uint32_t child_id)
{
	struct tunnel *t;

	frr_each (tunnel_names, &tunnels->names, t)
		if (tunnel_port_has_child(t, child_id))
			return t;
	return NULL;
}

void tunnels_dplane_event(struct tunnels *tunnels, const struct dplane_event *event, struct instant now)
{
	struct tunnel *t = NULL;

	switch (event->type) {
	case DPLANE_EVENT_IKE:
		return; /* the shell's */
	case DPLANE_EVENT_ACQUIRE:
		t = event->link ? find_link(tunnels, event->link) : NULL;
		if (t)
			tunnel_demand_acquire(t);
		break;
	case DPLANE_EVENT_SOFT_EXPIRE:
		t = find_child(tunnels, event->child_id);
		if (t && t->cfg->manual)
			tunnel_manual_worn(t, now);
		else if (t)
			tunnel_dial_worn(t, event->child_id);
		break;
	case DPLANE_EVENT_HARD_EXPIRE:
		t = find_child(tunnels, event->child_id);
		if (t && t->cfg->manual)
			tunnel_manual_lost(t, now);
		else if (t)
			tunnel_dial_spent(t, event->child_id, now);
		break;
	case DPLANE_EVENT_PEER_MOVED:
		ike_child_peer_moved(tunnels->engine, event->child_id, &event->remote);
		break;
	case DPLANE_EVENT_LINK_GONE:
		t = event->link ? find_link(tunnels, event->link) : NULL;
		if (t)
			tunnel_port_lost(t, now);
		break;
	case DPLANE_EVENT_LINK_CHANGED:
		t = event->link ? find_link(tunnels, event->link) : NULL;
		if (t)
			tunnel_port_changed(t);
		break;
	}
	if (t)
		tunnel_reconcile(t, now);
}

void tunnels_expire(struct tunnels *tunnels, struct instant now)
{
	struct tunnel *t;

	/* Ends: tunnel_reconcile() leaves only times after `now`. */
	while ((t = tunnel_timers_first(&tunnels->timers)) && instant_reached(t->due, now))
		tunnel_settle(t, now);
}

struct instant tunnels_next_expiry(const struct tunnels *tunnels)
{
	const struct tunnel *t = tunnel_timers_const_first(&tunnels->timers);

	return t ? t->due : INSTANT_NEVER;
}
