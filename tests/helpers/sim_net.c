// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual clock and network, see sim_net.h. */
#include <zebra.h>

#include "lib/memory.h"
#include "lib/typesafe.h"

#include "tests/helpers/sim_net.h"

/* IP and UDP */
#define HEADERS_V4 28
#define HEADERS_V6 48

/* A replayed datagram comes up to this much later. */
#define REPLAY_US (60 * USEC_PER_S)

PREDECL_HEAP(sim_packets);

struct sim_packet {
	struct sim_packets_item item;
	struct instant arrives;
	uint64_t order;
	unsigned int to;
	struct endpoint src;
	struct endpoint dst;
	size_t len;
	uint8_t data[];
};

static int packet_cmp(const struct sim_packet *a, const struct sim_packet *b)
{
	return a->arrives.us != b->arrives.us ? numcmp(a->arrives.us, b->arrives.us)
					      : numcmp(a->order, b->order);
}

DECLARE_HEAP(sim_packets, struct sim_packet, item, packet_cmp);

struct sim_node {
	struct ipaddr addr;
	struct ipaddr outside; /* IPADDR_NONE: no NAT */
	sim_receive *receive;
	void *arg;
};

struct sim_net {
	struct instant now;
	uint64_t rng;
	uint64_t sent;
	unsigned int num_nodes;
	struct sim_node nodes[SIM_NODES];
	struct sim_path paths[SIM_NODES][SIM_NODES];
	struct sim_packets_head packets;
	sim_tap *tap;
	void *tap_arg;
};

/*
 * --- random
 * -------------------------------------------------------------------------------------------------
 */

/* splitmix64: neighbouring seeds give streams that have nothing to do with each other. */
uint64_t sim_rng_seed(uint64_t seed)
{
	uint64_t z = seed + UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return z ? z : 1;
}

uint64_t sim_rng(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

unsigned int sim_rng_below(uint64_t *state, unsigned int n)
{
	return n ? (unsigned int)((sim_rng(state) >> 32) % n) : 0;
}

/*
 * --- nodes
 * --------------------------------------------------------------------------------------------------
 */

struct sim_net *sim_net_new(uint64_t seed)
{
	struct sim_net *net = XCALLOC(MTYPE_TMP, sizeof(*net));

	net->rng = sim_rng_seed(seed);
	net->now = SIM_NET_BEGIN;
	sim_packets_init(&net->packets);
	return net;
}

void sim_net_free(struct sim_net *net)
{
	struct sim_packet *packet;

	while ((packet = sim_packets_pop(&net->packets)))
		XFREE(MTYPE_TMP, packet);
	sim_packets_fini(&net->packets);
	XFREE(MTYPE_TMP, net);
}

struct instant sim_net_now(const struct sim_net *net)
{
	return net->now;
}

static struct ipaddr addr_of(const char *text)
{
	struct ipaddr addr;

	if (str2ipaddr(text, &addr) != 0)
		abort();
	return addr;
}

unsigned int sim_net_join(struct sim_net *net, const char *addr, sim_receive *receive, void *arg)
{
	assert(net->num_nodes < SIM_NODES);
	net->nodes[net->num_nodes] = (struct sim_node){.addr = addr_of(addr), .receive = receive, .arg = arg};
	return net->num_nodes++;
}

const struct ipaddr *sim_net_addr(const struct sim_net *net, unsigned int node)
{
	return &net->nodes[node].addr;
}

struct sim_path *sim_net_path(struct sim_net *net, unsigned int from, unsigned int to)
{
	return &net->paths[from][to];
}

void sim_net_move(struct sim_net *net, unsigned int node, const char *addr)
{
	net->nodes[node].addr = addr_of(addr);
}

void sim_net_nat(struct sim_net *net, unsigned int node, const char *outside)
{
	net->nodes[node].outside = addr_of(outside);
}

static bool has_nat(const struct sim_node *node)
{
	return node->outside.ipa_type != IPADDR_NONE;
}

static struct endpoint seen_from_outside(const struct sim_node *node, const struct endpoint *src)
{
	struct endpoint seen = *src;

	if (has_nat(node) && ipaddr_equal(&src->addr, &node->addr)) {
		seen.addr = node->outside;
		seen.port = (uint16_t)(src->port + SIM_NAT_PORTS);
	}
	return seen;
}

/* Which node an address leads to, and how that node sees it; SIM_NODES when nowhere. */
static unsigned int node_at(const struct sim_net *net, struct endpoint *dst)
{
	for (unsigned int i = 0; i < net->num_nodes; i++) {
		const struct sim_node *node = &net->nodes[i];

		if (!has_nat(node) && ipaddr_equal(&dst->addr, &node->addr))
			return i;
		if (has_nat(node) && ipaddr_equal(&dst->addr, &node->outside) && dst->port >= SIM_NAT_PORTS) {
			dst->addr = node->addr;
			dst->port = (uint16_t)(dst->port - SIM_NAT_PORTS);
			return i;
		}
	}
	return SIM_NODES;
}

/*
 * --- datagrams
 * ----------------------------------------------------------------------------------------------
 */

static bool chance(struct sim_net *net, unsigned int per_thousand)
{
	return sim_rng_below(&net->rng, 1000) < per_thousand;
}

static bool is_dark(const struct sim_net *net, const struct sim_path *path)
{
	return !instant_before(net->now, path->dark_from) && instant_before(net->now, path->dark_until);
}

static struct sim_packet *send_after(struct sim_net *net, int64_t delay_us, unsigned int to,
				     const struct endpoint *src, const struct endpoint *dst,
				     struct bytes datagram)
{
	struct sim_packet *packet = XCALLOC(MTYPE_TMP, sizeof(*packet) + datagram.n);

	packet->arrives = instant_add(net->now, delay_us);
	packet->order = net->sent++;
	packet->to = to;
	packet->src = *src;
	packet->dst = *dst;
	packet->len = datagram.n;
	memcpy(packet->data, datagram.p, datagram.n);
	sim_packets_add(&net->packets, packet);
	return packet;
}

static void send_once(struct sim_net *net, const struct sim_path *path, unsigned int to,
		      const struct endpoint *src, const struct endpoint *dst, struct bytes datagram)
{
	int64_t delay = path->delay_us + sim_rng_below(&net->rng, (unsigned int)path->jitter_us + 1);
	struct sim_packet *packet = send_after(net, delay, to, src, dst, datagram);

	if (datagram.n && chance(net, path->corrupt))
		packet->data[sim_rng_below(&net->rng, (unsigned int)datagram.n)] ^=
			(uint8_t)(1u << sim_rng_below(&net->rng, 8));
}

static void replay(struct sim_net *net, unsigned int to, const struct endpoint *src,
		   const struct endpoint *dst, struct bytes datagram)
{
	struct endpoint stranger = {.addr = addr_of(SIM_STRANGER), .port = src->port};

	send_after(net, sim_rng_below(&net->rng, REPLAY_US), to, chance(net, 500) ? &stranger : src, dst,
		   datagram);
}

void sim_net_send(struct sim_net *net, unsigned int from, const struct endpoint *src,
		  const struct endpoint *dst, struct bytes datagram)
{
	struct endpoint outer_src = seen_from_outside(&net->nodes[from], src);
	struct endpoint inner_dst = *dst;
	unsigned int to = node_at(net, &inner_dst);
	const struct sim_path *path;

	if (to == SIM_NODES)
		return;
	if (net->tap)
		net->tap(net->tap_arg, &outer_src, dst, datagram);
	path = &net->paths[from][to];
	if (path->mtu && datagram.n + (IS_IPADDR_V6(&dst->addr) ? HEADERS_V6 : HEADERS_V4) > path->mtu)
		return;
	if (is_dark(net, path) || chance(net, path->loss))
		return;
	send_once(net, path, to, &outer_src, &inner_dst, datagram);
	if (chance(net, path->dup))
		send_once(net, path, to, &outer_src, &inner_dst, datagram);
	if (chance(net, path->replay))
		replay(net, to, &outer_src, &inner_dst, datagram);
}

void sim_net_send_late(struct sim_net *net, unsigned int from, const struct endpoint *src,
		       const struct endpoint *dst, struct bytes datagram, int64_t late_us)
{
	struct endpoint outer_src = seen_from_outside(&net->nodes[from], src);
	struct endpoint inner_dst = *dst;
	unsigned int to = node_at(net, &inner_dst);

	if (to != SIM_NODES)
		send_after(net, net->paths[from][to].delay_us + late_us, to, &outer_src, &inner_dst,
			   datagram);
}

void sim_net_tap(struct sim_net *net, sim_tap *tap, void *arg)
{
	net->tap = tap;
	net->tap_arg = arg;
}

void sim_net_inject(struct sim_net *net, int64_t delay_us, const struct endpoint *src,
		    const struct endpoint *dst, struct bytes datagram)
{
	struct endpoint inner_dst = *dst;
	unsigned int to = node_at(net, &inner_dst);

	if (to != SIM_NODES)
		send_after(net, delay_us, to, src, &inner_dst, datagram);
}

struct instant sim_net_next(const struct sim_net *net)
{
	const struct sim_packet *packet = sim_packets_const_first(&net->packets);

	return packet ? packet->arrives : INSTANT_NEVER;
}

bool sim_net_step(struct sim_net *net, struct instant limit)
{
	const struct sim_node *node;
	struct sim_packet *packet;

	if (instant_before(limit, sim_net_next(net))) {
		net->now = limit;
		return false;
	}
	packet = sim_packets_pop(&net->packets);
	if (!packet) {
		net->now = limit;
		return false;
	}
	net->now = packet->arrives;
	node = &net->nodes[packet->to];
	if (ipaddr_equal(&packet->dst.addr, &node->addr))
		node->receive(node->arg, &packet->src, &packet->dst, bytes_make(packet->data, packet->len));
	XFREE(MTYPE_TMP, packet);
	return true;
}
