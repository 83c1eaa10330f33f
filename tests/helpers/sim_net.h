// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A clock that only moves when told, and a network of datagrams between a few nodes, with delay, jitter
 * (hence reordering), loss, duplication, flipped bits, times of darkness, and NAT. Everything comes from
 * one seed; what arrives at the same instant arrives in the order in which it was sent.
 */
#ifndef BGPVPN_TESTS_SIM_NET_H
#define BGPVPN_TESTS_SIM_NET_H

#include "bgpvpnd/base/base.h"

#define SIM_NODES 8

/* A NAT shows port p as p + SIM_NAT_PORTS. */
#define SIM_NAT_PORTS 20000

/* When every network begins. */
#define SIM_NET_BEGIN ((struct instant){USEC_PER_S})

/* Whoever recorded the traffic and plays it again. */
#define SIM_STRANGER "203.0.113.66"

struct sim_net;

/* One direction between two nodes. Rates are per thousand datagrams. Dark: everything sent then is lost. */
struct sim_path {
	int64_t delay_us;
	int64_t jitter_us;
	size_t mtu; /* bytes of an IP datagram that come through, fragments of IP do not; 0: any */
	unsigned int loss;
	unsigned int dup;
	unsigned int corrupt;
	unsigned int replay; /* comes again much later, half of the time from SIM_STRANGER */
	struct instant dark_from;
	struct instant dark_until;
};

typedef void sim_receive(void *arg, const struct endpoint *src, const struct endpoint *dst,
			 struct bytes datagram);

/*
 * xorshift64*, for whoever needs a stream of his own. The state must not be 0: sim_rng_seed() sees to that.
 */
uint64_t sim_rng_seed(uint64_t seed);
uint64_t sim_rng(uint64_t *state);
unsigned int sim_rng_below(uint64_t *state, unsigned int n);

struct sim_net *sim_net_new(uint64_t seed);
void sim_net_free(struct sim_net *net);
struct instant sim_net_now(const struct sim_net *net);

/* A node with this address: its number. Paths are perfect until they are made worse. */
unsigned int sim_net_join(struct sim_net *net, const char *addr, sim_receive *receive, void *arg);
const struct ipaddr *sim_net_addr(const struct sim_net *net, unsigned int node);
struct sim_path *sim_net_path(struct sim_net *net, unsigned int from, unsigned int to);

/* From now on the node has this address: what is under way to the old one is lost. */
void sim_net_move(struct sim_net *net, unsigned int node, const char *addr);

/* Puts a node behind a NAT: others see it at `outside`, with other ports, and reach it there. */
void sim_net_nat(struct sim_net *net, unsigned int node, const char *outside);

/* An address that no node has: sent nowhere. The source need not be the node's own (spoofing). */
void sim_net_send(struct sim_net *net, unsigned int from, const struct endpoint *src,
		  const struct endpoint *dst, struct bytes datagram);

/* The same, so much later than the path's delay, and nothing else happens to it: neither loss nor jitter. */
void sim_net_send_late(struct sim_net *net, unsigned int from, const struct endpoint *src,
		       const struct endpoint *dst, struct bytes datagram, int64_t late_us);

/* Somebody on the path: sees everything that is sent, when it is sent, and can hold back nothing. */
typedef void sim_tap(void *arg, const struct endpoint *src, const struct endpoint *dst,
		     struct bytes datagram);
void sim_net_tap(struct sim_net *net, sim_tap *tap, void *arg);

/* A datagram of his: arrives after `delay_us`, at the node that has this address, as from whomever he likes. */
void sim_net_inject(struct sim_net *net, int64_t delay_us, const struct endpoint *src,
		    const struct endpoint *dst, struct bytes datagram);

/* When the next datagram arrives; INSTANT_NEVER when none is under way. */
struct instant sim_net_next(const struct sim_net *net);

/*
 * Delivers the next datagram that arrives until `limit`; else moves the clock to `limit` and returns false.
 */
bool sim_net_step(struct sim_net *net, struct instant limit);

#endif
