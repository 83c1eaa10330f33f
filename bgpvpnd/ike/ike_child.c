// SPDX-License-Identifier: GPL-2.0-or-later
/* Life of Child SAs, see ike_child.h. RFC 7296 1.3.1, 1.4.1, 2.8, 2.17. */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/ike/ike_engine.h"

DEFINE_MTYPE_STATIC(BGPVPN, CHILD_SA, "VPN Child SA");

/* What was under way when an SA was deleted arrives within this. */
#define GONE_US (3 * USEC_PER_S)

/* The peer is to delete what it replaced; RFC 7296 2.8.1 leaves open what happens if it never does. */
#define SUPERSEDED_US (10 * USEC_PER_S)

/* The peer gives up its rekeying within this, as we would ours; one that has not confirmed it by then never will. */
#define CONFIRMED_US (180 * USEC_PER_S)

/* A rekeying that came to nothing is tried again after this. */
#define REKEY_AGAIN_US (30 * USEC_PER_S)

static uint32_t conn_id(const struct ike_sa *sa)
{
	return sa->conn ? sa->conn->id : 0;
}

/* At most LIMIT_CHILDREN of one IKE SA: one that is GONE makes room before its time. */
static void make_room(struct ike_sa *sa)
{
	struct child_sa *gone = child_sa_in_state(sa, CHILD_SA_GONE);

	if (gone && ike_sa_children_count(&sa->children) >= LIMIT_CHILDREN)
		child_sa_close(gone, IKE_R_OK);
}

bool child_sa_has_room(struct ike_sa *sa)
{
	return ike_sa_children_count(&sa->children) < LIMIT_CHILDREN || child_sa_in_state(sa, CHILD_SA_GONE);
}

static struct child_sa *child_new(struct ike_sa *sa, struct instant now)
{
	struct child_sa *child;

	make_room(sa);
	child = XCALLOC(MTYPE_CHILD_SA, sizeof(*child));
	child->sa = sa;
	child->since = now;
	child->renew = INSTANT_NEVER;
	child->close = INSTANT_NEVER;
	child->end = INSTANT_NEVER;
	child->gone = INSTANT_NEVER;
	do
		child->id = sa->engine->last_child_id =
			sa->engine->last_child_id % (IKE_CHILD_FOREIGN - 1) + 1;
	while (child_sas_find(&sa->engine->children, child));
	child_sas_add(&sa->engine->children, child);
	ike_sa_children_add_tail(&sa->children, child);
	return child;
}

/* 85 to 95 % of the hard one, so that the two ends seldom begin at the same moment. */
static uint64_t soft_limit(const struct ike_engine *engine, uint64_t hard)
{
	return hard - hard / 20 - ike_dice(engine, hard / 10);
}

static struct child_sa_limits limits_of(const struct ike_sa *sa)
{
	const struct ike_conn_cfg *cfg = ike_sa_lifetimes(sa);

	return (struct child_sa_limits){
		.bytes_soft = soft_limit(sa->engine, cfg->esp_bytes),
		.bytes_hard = cfg->esp_bytes,
		.packets_soft = soft_limit(sa->engine, cfg->esp_packets),
		.packets_hard = cfg->esp_packets,
	};
}

/*
 * RFC 7296 2.23: in UDP where there is a NAT. Port 4500 alone is no reason, MOBIKE goes there in any case (RFC 4555 3.3): each end may do as
 * it likes then, but a kernel takes ESP only as its SA has it, and other daemons have it by this rule.
 */
bool child_sas_in_udp(const struct ike_sa *sa)
{
	return sa->natt && (sa->nat_local || sa->nat_remote || sa->nat_pretended);
}

static struct endpoint esp_end(const struct ike_sa *sa, const struct endpoint *end)
{
	return (struct endpoint){.addr = end->addr, .port = child_sas_in_udp(sa) ? end->port : IKE_PORT};
}

struct child_sa *child_sa_install(struct ike_sa *sa, const struct child_plan *plan, struct instant now)
{
	struct child_sa *child = child_new(sa, now);
	struct child_sa_params params = {
		.child_id = child->id,
		.encr = plan->esp.encr->id,
		.encr_key_bits = plan->esp.encr->key_bits,
		.integ = plan->esp.integ ? plan->esp.integ->id : IKE_INTEG_NONE,
		.esn = plan->esp.esn,
		.udp_encap = child_sas_in_udp(sa),
		.transport = sa->cfg->transport, /* it is insisted on: ike_mode_check() */
		.receive_only = plan->receive_only,
		.limits = limits_of(sa),
		.local = esp_end(sa, &sa->local),
		.remote = esp_end(sa, &sa->remote),
		.ts_local = plan->ts_local,
		.ts_remote = plan->ts_remote,
	};

	child->suite = plan->esp;
	child->spi_in = plan->spi_in;
	child->spi_out = plan->spi_out;
	child->unused = plan->receive_only;
	child->unconfirmed = plan->unconfirmed;
	child->in_plane = true;
	params.in.spi = child->spi_in;
	params.out.spi = child->spi_out;
	ike_keymat_child(&sa->suite, &plan->esp, &sa->keys.d, plan->shared, plan->more, plan->nonce_i,
			 plan->nonce_r, plan->initiator ? &params.out : &params.in,
			 plan->initiator ? &params.in : &params.out);
	ike_out_child_add(sa->engine, conn_id(sa), &params);
	return child;
}

struct child_sa *child_sa_stillborn(struct ike_sa *sa, uint32_t spi_in, uint32_t spi_out, struct instant now)
{
	struct child_sa *child = child_new(sa, now);

	child->spi_in = spi_in;
	child->spi_out = spi_out;
	child->state = CHILD_SA_CLOSING;
	return child;
}

void child_sa_installed(struct child_sa *child, struct instant now)
{
	struct ike_sa *sa = child->sa;
	uint32_t lifetime_s = ike_sa_lifetimes(sa)->esp_lifetime_s;

	child->state = CHILD_SA_INSTALLED;
	child->since = now;
	child->renew = instant_add(now, ike_renew_after(sa->engine, lifetime_s));
	child->close = instant_add(now, lifetime_s * USEC_PER_S);
	child->end = child->close;
	ike_childless_over(sa, now);
	ike_out_event(sa->engine, conn_id(sa), IKE_EVENT_CHILD_UP, IKE_R_OK, child->id);
}

void child_sa_close(struct child_sa *child, enum ike_reason reason)
{
	struct ike_sa *sa = child->sa;
	const struct ike_host *host = sa->engine->host;

	if (child->in_plane)
		ike_out_child_delete(sa->engine, conn_id(sa), child->id);
	else if (!child->ended)
		host->spi_release(host->arg, child->spi_in);
	if (reason != IKE_R_OK && child->state == CHILD_SA_INSTALLED)
		ike_out_event(sa->engine, conn_id(sa), IKE_EVENT_CHILD_DOWN, reason, child->id);
	ike_sa_children_del(&sa->children, child);
	child_sas_del(&sa->engine->children, child);
	XFREE(MTYPE_CHILD_SA, child);
}

static void still(struct child_sa *child)
{
	child->todo_rekey = false;
	child->renew = INSTANT_NEVER;
	child->close = INSTANT_NEVER;
}

static void down_unless_another(struct child_sa *child, bool was_usable, enum ike_reason reason)
{
	struct ike_sa *sa = child->sa;

	if (was_usable && !ike_sa_child(sa))
		ike_out_event(sa->engine, conn_id(sa), IKE_EVENT_CHILD_DOWN, reason, child->id);
}

void child_sa_retire(struct child_sa *child, enum ike_reason reason)
{
	bool usable = child->state == CHILD_SA_INSTALLED;

	if (child->state == CHILD_SA_CLOSING || child->state == CHILD_SA_GONE)
		return;
	child->state = CHILD_SA_CLOSING;
	still(child);
	down_unless_another(child, usable, reason);
}

/* From now on this one sends, and no other one does. */
static void sends_alone(struct child_sa *child)
{
	struct child_sa *other;

	frr_each (ike_sa_children, &child->sa->children, other)
		other->unused = other != child;
}

static void use(struct child_sa *child)
{
	if (child->unused)
		ike_out_child_use(child->sa->engine, conn_id(child->sa), child->id);
	sends_alone(child);
}

void child_sa_gone(struct child_sa *child, struct instant now)
{
	bool usable = child->state == CHILD_SA_INSTALLED;
	struct child_sa *heir;

	if (!child->in_plane) {
		child_sa_close(child, IKE_R_OK);
		return;
	}
	child->state = CHILD_SA_GONE;
	still(child);
	child->gone = instant_add(now, GONE_US);
	heir = ike_sa_child(child->sa);
	if (heir)
		use(heir);
	down_unless_another(child, usable, IKE_R_CHILD_DELETED_BY_PEER);
	if (!heir)
		child_sa_close(child, IKE_R_OK);
}

void child_sa_superseded(struct child_sa *child, struct instant now)
{
	child->todo_rekey = false;
	child->renew = INSTANT_NEVER;
	child->close = instant_min(child->close, instant_add(now, SUPERSEDED_US));
}

void child_sas_confirmed(struct ike_sa *sa)
{
	struct child_sa *child;

	frr_each (ike_sa_children, &sa->children, child)
		child->unconfirmed = false;
}

void child_sas_use_newest(struct ike_sa *sa)
{
	struct child_sa *newest = NULL;
	struct child_sa *child;

	frr_each (ike_sa_children, &sa->children, child)
		if (child->state == CHILD_SA_INSTALLED && !child->unconfirmed)
			newest = child;
	if (newest)
		use(newest);
}

void child_sas_follow(struct ike_sa *sa)
{
	struct endpoint local = esp_end(sa, &sa->local), remote = esp_end(sa, &sa->remote);
	struct child_sa *child;

	frr_each (ike_sa_children, &sa->children, child)
		if (child->in_plane && child->state != CHILD_SA_INSTALLING)
			ike_out_child_move(sa->engine, conn_id(sa), child->id, &local, &remote);
}

void child_sas_move(struct ike_sa *from, struct ike_sa *to)
{
	struct child_sa *child;

	while ((child = ike_sa_children_pop(&from->children))) {
		child->sa = to;
		/* A DELETE that is out on the old IKE SA is answered there, or never. */
		child->delete_sent = false;
		ike_sa_children_add_tail(&to->children, child);
	}
}

struct child_sa *child_sa_find(struct ike_engine *engine, uint32_t id)
{
	struct child_sa key = {.id = id};

	return child_sas_find(&engine->children, &key);
}

struct child_sa *ike_sa_child(struct ike_sa *sa)
{
	struct child_sa *newest = NULL;
	struct child_sa *child;

	frr_each (ike_sa_children, &sa->children, child)
		if (child->state == CHILD_SA_INSTALLED)
			newest = child;
	return newest;
}

struct child_sa *child_sa_by_peer_spi(struct ike_sa *sa, uint32_t spi)
{
	struct child_sa *child;

	frr_each (ike_sa_children, &sa->children, child)
		if (child->spi_out == spi && child->state != CHILD_SA_GONE)
			return child;
	return NULL;
}

struct child_sa *child_sa_in_state(struct ike_sa *sa, enum child_sa_state state)
{
	struct child_sa *child;

	frr_each (ike_sa_children, &sa->children, child)
		if (child->state == state)
			return child;
	return NULL;
}

struct instant child_sas_due(struct ike_sa *sa)
{
	struct instant due = INSTANT_NEVER;
	struct child_sa *child;

	frr_each (ike_sa_children, &sa->children, child) {
		due = instant_min(due, instant_min(child->renew, child->close));
		due = instant_min(due, instant_min(child->gone, child->end));
	}
	return due;
}

/* Its place is taken by one that the peer may not have yet: then it is the peer's turn, for as long as that takes. */
static void close_due(struct child_sa *child, struct instant now)
{
	const struct child_sa *newest = ike_sa_child(child->sa);

	if (newest && newest != child && newest->unconfirmed &&
	    instant_diff(now, newest->since) < CONFIRMED_US)
		child->close = instant_add(now, SUPERSEDED_US);
	else
		child_sa_retire(child, IKE_R_EXPIRED);
}

/* RFC 4301 4.4.2.1: that is the end, whatever the peer says. It is told when it listens: the SPIs stay known for the DELETE. */
static void child_end(struct child_sa *child)
{
	struct ike_sa *sa = child->sa;

	child->end = INSTANT_NEVER;
	child_sa_retire(child, IKE_R_EXPIRED);
	if (!child->in_plane)
		return;
	child->in_plane = false;
	child->ended = true;
	ike_out_child_delete(sa->engine, conn_id(sa), child->id);
}

static void child_expire(struct child_sa *child, struct instant now)
{
	if (instant_reached(child->gone, now)) {
		child_sa_close(child, IKE_R_OK);
		return;
	}
	if (instant_reached(child->end, now))
		child_end(child);
	if (instant_reached(child->close, now))
		close_due(child, now);
	if (instant_reached(child->renew, now)) {
		child->renew = instant_add(now, REKEY_AGAIN_US);
		child->todo_rekey = true;
	}
}

void child_sas_expire(struct ike_sa *sa, struct instant now)
{
	struct child_sa *child;

	frr_each_safe (ike_sa_children, &sa->children, child)
		child_expire(child, now);
}
