// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses that change, RFC 4555, see ike_mobike.h; also what becomes of a connection without MOBIKE then. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_nat.h"

/* Transmissions without an answer before the peer's other addresses are tried: the fast ones of a liveness exchange. */
#define TRY_OTHERS_AFTER 5

/* --- the peer's addresses -------------------------------------------------------------------------------- */

static bool is_unicast(const struct ipaddr *addr)
{
	if (ipaddr_is_unspecified(addr))
		return false;
	if (IS_IPADDR_V4(addr))
		return !IN_MULTICAST(ntohl(addr->ipaddr_v4.s_addr)) &&
		       addr->ipaddr_v4.s_addr != INADDR_BROADCAST;
	return !IN6_IS_ADDR_MULTICAST(&addr->ipaddr_v6);
}

static bool knows(const struct ike_mobike *mobike, const struct ipaddr *addr)
{
	for (unsigned int i = 0; i < mobike->num_peers; i++)
		if (ipaddr_equal(&mobike->peers[i], addr))
			return true;
	return false;
}

static void remember(struct ike_mobike *mobike, const struct ipaddr *addr)
{
	if (mobike->num_peers < LIMIT_MOBIKE_ADDRESSES && is_unicast(addr) && !knows(mobike, addr))
		mobike->peers[mobike->num_peers++] = *addr;
}

/* IPADDR_NONE for any other notify, and for one of the wrong length. */
static struct ipaddr additional(const struct ike_notify *notify)
{
	if (notify->type == IKE_NOTIFY_ADDITIONAL_IP4_ADDRESS && notify->data.n == 4)
		return ipaddr_of(notify->data);
	if (notify->type == IKE_NOTIFY_ADDITIONAL_IP6_ADDRESS && notify->data.n == 16)
		return ipaddr_of(notify->data);
	return (struct ipaddr){.ipa_type = IPADDR_NONE};
}

static void learn(struct ike_turn *turn, const struct ipaddr *primary)
{
	struct ike_mobike *mobike = &turn->sa->mobike;
	struct ike_notify notify;

	mobike->num_peers = mobike->next_peer = 0;
	remember(mobike, primary);
	for (unsigned int i = 0; i < turn->list->n; i++) {
		const struct ike_payload *payload = &turn->list->list[i];
		struct ipaddr addr;

		if (payload->type != IKE_PAYLOAD_NOTIFY ||
		    ike_notify_decode(payload->body, &notify) != IKE_R_OK)
			continue;
		addr = additional(&notify);
		remember(mobike, &addr);
	}
}

void ike_mobike_learn(struct ike_turn *turn)
{
	struct ike_mobike *mobike = &turn->sa->mobike;

	learn(turn, &turn->remote->addr);
	if (mobike->decides && !knows(mobike, &turn->sa->remote.addr))
		ike_mobike_choose(turn->sa, &turn->remote->addr, turn->now);
}

void ike_mobike_agreed(struct ike_turn *turn, bool decides)
{
	struct ike_mobike *mobike = &turn->sa->mobike;

	mobike->on = true;
	mobike->decides = decides;
	learn(turn, &turn->sa->remote.addr);
}

/* --- moving ---------------------------------------------------------------------------------------------- */

static void follow_unless_held(struct ike_sa *sa)
{
	if (!sa->mobike.held)
		child_sas_follow(sa);
}

/* What is outstanding goes to the new place at once, as if it were new (3.5). */
static void transmit_there(struct ike_sa *sa, struct instant now)
{
	if (sa->window.request.active) {
		ike_window_hurry(&sa->window);
		ike_sa_transmit_request(sa, now);
	}
	ike_sa_continue(sa, now);
	ike_sa_rearm(sa);
}

static void moved(struct ike_sa *sa)
{
	struct ike_mobike *mobike = &sa->mobike;

	mobike->moves++;
	if (mobike->decides)
		mobike->todo_update = true;
	else
		mobike->todo_addresses = true;
}

void ike_mobike_proven(struct ike_sa *sa)
{
	sa->mobike.todo_check = false;
	sa->mobike.held = false;
	child_sas_follow(sa);
}

void ike_mobike_choose(struct ike_sa *sa, const struct ipaddr *remote, struct instant now)
{
	sa->remote.addr = *remote;
	sa->remote.port = sa->local.port;
	sa->mobike.held = true;
	moved(sa);
	transmit_there(sa, now);
}

void ike_mobike_follow(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	bool elsewhere = !ipaddr_equal(&sa->remote.addr, &turn->remote->addr);

	if (endpoint_equal(&sa->local, turn->local) && endpoint_equal(&sa->remote, turn->remote))
		return;
	sa->local = *turn->local;
	sa->remote = *turn->remote;
	sa->mobike.moves++;
	if (elsewhere)
		sa->mobike.held = sa->mobike.todo_check = true;
	follow_unless_held(sa);
	/* After that many moves during one request it goes on at its pace: nobody has proved that he is there. */
	if (sa->window.request.active && sa->window.request.chased++ < LIMIT_MOBIKE_CHASES)
		transmit_there(sa, turn->now);
}

static void move_local(struct ike_sa *sa, const struct ipaddr *local, struct instant now)
{
	sa->local.addr = *local;
	moved(sa);
	follow_unless_held(sa);
	transmit_there(sa, now);
}

/*
 * The peer may not know yet that `sa` took over, if our answer to its rekeying was lost: it must learn of the move on the old one, or
 * it would repeat its request to where we were.
 */
static void move_predecessor(struct ike_sa *sa, const struct ipaddr *local, struct instant now)
{
	struct ike_sa *old;

	frr_each (ike_sas, &sa->engine->sas, old)
		if (old->state == IKE_SA_REPLACED && old->mobike.on &&
		    old->mobike.heir == ike_sa_spi_local(sa))
			move_local(old, local, now);
}

void ike_mobike_inherit(struct ike_sa *sa, struct ike_sa *old)
{
	struct ike_mobike *mobike = &sa->mobike;

	*mobike = old->mobike;
	mobike->todo_update |= mobike->out == IKE_MOBIKE_UPDATE;
	mobike->todo_addresses |= mobike->out == IKE_MOBIKE_ADDRESSES;
	mobike->todo_check |= mobike->out == IKE_MOBIKE_CHECK;
	mobike->out = IKE_MOBIKE_NOTHING;
	old->mobike.heir = ike_sa_spi_local(sa);
}

/* --- path testing ---------------------------------------------------------------------------------------- */

static bool tries_others(const struct ike_sa *sa)
{
	return sa->mobike.on && sa->mobike.decides && ike_sa_is_up(sa) && sa->window.request.active &&
	       sa->window.request.tries > TRY_OTHERS_AFTER;
}

void ike_mobike_try_others(struct ike_sa *sa)
{
	const struct ike_request *request = &sa->window.request;
	struct ike_mobike *mobike = &sa->mobike;
	struct endpoint other = {.port = sa->local.port};

	if (!tries_others(sa) || mobike->num_peers == 0)
		return;
	other.addr = mobike->peers[mobike->next_peer++ % mobike->num_peers];
	mobike->next_peer %= mobike->num_peers;
	if (!ipaddr_equal(&other.addr, &sa->remote.addr) && other.addr.ipa_type == sa->local.addr.ipa_type)
		ike_sa_transmit(sa, &sa->local, &other, bytes_make(request->data, request->len));
}

void ike_mobike_answered(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;

	if (!tries_others(sa) || ipaddr_equal(&turn->remote->addr, &sa->remote.addr) ||
	    !knows(&sa->mobike, &turn->remote->addr))
		return;
	sa->remote = *turn->remote;
	sa->mobike.held = true;
	moved(sa);
}

/* --- our address ----------------------------------------------------------------------------------------- */

/* Nobody told the peer of another address: this IKE SA is of no use any more. A new one, if we may begin. */
static void begin_anew(struct ike_sa *sa, const struct ipaddr *local, struct instant now)
{
	struct ike_conn *conn = sa->conn;
	const struct endpoint here = {*local, IKE_PORT}, there = {conn->cfg->remote, IKE_PORT};

	if (!conn->cfg->passive && !IS_IPADDR_NONE(&there.addr) && !ike_conn_attempt(conn))
		ike_init_start(conn, &here, &there, now);
	ike_sa_fail(sa, IKE_R_LOCAL_GONE, now);
}

static void local_moved(struct ike_sa *sa, const struct ipaddr *local, bool gone, struct instant now)
{
	if (IS_IPADDR_NONE(&sa->local.addr) || ipaddr_equal(&sa->local.addr, local) ||
	    local->ipa_type != sa->remote.addr.ipa_type)
		return;
	if (ike_sa_is_up(sa) && sa->mobike.on) {
		move_local(sa, local, now);
		move_predecessor(sa, local, now);
	} else if (ike_sa_is_up(sa) && gone) {
		begin_anew(sa, local, now);
	}
}

/* Its next message would leave from the old address. All that belongs to the attempt goes with it. */
static bool attempt_is_stuck(struct ike_conn *conn, const struct ipaddr *local)
{
	struct ike_sa *sa;

	frr_each (ike_conn_sas, &conn->sas, sa)
		if (ike_sa_is_attempt(sa) && !IS_IPADDR_NONE(&sa->local.addr) &&
		    !ipaddr_equal(&sa->local.addr, local) && sa->remote.addr.ipa_type == local->ipa_type)
			return true;
	return false;
}

void ike_local_moved(struct ike_engine *engine, uint32_t id, const struct ipaddr *local, bool gone,
		     struct instant now)
{
	struct ike_conn *conn = ike_conn_find(engine, id);
	struct ike_sa *sa;

	if (!conn || ipaddr_is_unspecified(local))
		return;
	if (gone && attempt_is_stuck(conn, local))
		while ((sa = ike_conn_attempt(conn)))
			ike_sa_fail(sa, IKE_R_LOCAL_GONE, now);
	frr_each_safe (ike_conn_sas, &conn->sas, sa)
		local_moved(sa, local, gone, now);
	ike_sa_reap(engine);
}
