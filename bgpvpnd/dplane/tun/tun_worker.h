// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tun thread: moves packets between the TUN devices and the sockets. It alone walks the SA table. The
 * main thread talks to it by typed messages and waits for each to be done, which takes no longer than the
 * batch of packets in hand; the thread talks to the main thread by struct event_queue. Counters are atomics
 * that the thread writes and the main thread reads.
 *
 * tun_worker.c: thread, loop, messages. tun_rx.c: sockets to TUN. tun_tx.c: TUN to sockets.
 */
#ifndef BGPVPN_TUN_TUN_WORKER_H
#define BGPVPN_TUN_TUN_WORKER_H

#include <zebra.h>

#include <stdatomic.h>

#include "lib/typesafe.h"

#include "bgpvpnd/dplane/tun/esp_packet.h"
#include "bgpvpnd/dplane/tun/inner_icmp.h"
#include "bgpvpnd/dplane/event_queue.h"
#include "bgpvpnd/dplane/outer_sock.h"
#include "bgpvpnd/dplane/tun/tun_trap.h"

/*
 * --- counters: written by the tun thread only, so that no locked instruction is needed -------------------

 */

typedef _Atomic uint64_t tun_counter;
typedef _Atomic int64_t tun_time; /* struct instant's microseconds */

static inline void tun_count(tun_counter *counter, uint64_t n)
{
	uint64_t v = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, v + n, memory_order_relaxed);
}

static inline uint64_t tun_counted(const tun_counter *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void tun_stamp(tun_time *time, struct instant now)
{
	atomic_store_explicit(time, now.us, memory_order_relaxed);
}

static inline struct instant tun_stamped(const tun_time *time)
{
	return (struct instant){atomic_load_explicit(time, memory_order_relaxed)};
}

/* As struct dplane_child_stats, dplane_counters, dplane_inside_stats. */
struct tun_child_stats {
	tun_counter packets_in;
	tun_counter packets_out;
	tun_counter bytes_in;
	tun_counter bytes_out;
	tun_counter replays;
	tun_counter integrity_failures;
	tun_time last_in;
	tun_time last_out;
};

struct tun_counters {
	tun_counter no_sa;
	tun_counter early;
	tun_counter malformed;
	tun_counter selectors;
	tun_counter no_child;
	tun_counter queue_full;
	tun_counter tun_errors;
	tun_counter socket_errors;
	tun_counter too_big;
	tun_counter expired;
};

struct tun_probe_stats {
	tun_counter sent;
	tun_counter answered;
	tun_time last_sent;
	tun_time last_answered;
};

/*
 * --- what the thread works on ----------------------------------------------------------------------------

 */

PREDECL_HASH(tun_spis);
PREDECL_LIST(tun_siblings);

struct tun_port;

/*
 * A Child SA. The main thread makes it, hands it over with TUN_MSG_CHILD_ADD and has it back when
 * TUN_MSG_CHILD_DEL is done; in between it reads only `stats`.
 */
struct tun_child {
	struct tun_spis_item spis;
	struct tun_siblings_item siblings;
	struct tun_port *port;
	uint32_t child_id;
	bool receive_only; /* when added: others send on */
	struct esp_pair pair;
	struct outer_path path;
	struct endpoint seen_at;    /* told to the main thread: where the peer is, unlike `path` */
	struct outer_path before;	    /* `path` when a move was told and counted */
	struct instant moves_since; /* LIMIT_PEER_MOVES_PER_S counts from then */
	unsigned int moves;
	struct child_sa_limits limits;
	enum child_sa_wear reported;
	struct tun_child_stats stats;
};

/* What can be changed of a port while it runs. */
struct tun_port_cfg {
	uint32_t mtu;
	uint16_t mss_v4;
	uint16_t mss_v6;
	bool running;
	struct ipaddr self; /* the two ends of inside[0]; IPADDR_NONE when its prefix has no other host */
	struct ipaddr other;
	bool trap;
	struct inner_selectors trapped; /* trap: packets within these */
};

/* The thread's side of an interface; ownership as with a child (TUN_MSG_PORT_ADD, TUN_MSG_PORT_DEL). */
struct tun_port {
	int fd;
	uint32_t link; /* the plane's handle, for events */
	struct tun_port_cfg cfg;
	struct tun_siblings_head children; /* the one at the end sends */
	struct tun_child *sender;
	struct tun_trap trap;
	bool gone; /* somebody removed the device */
	uint16_t probe_seq;
	struct instant too_big_answered;
	struct tun_probe_stats probe;
};

/*
 * --- messages --------------------------------------------------------------------------------------------

 */

enum tun_msg_type {
	TUN_MSG_PORT_ADD,
	TUN_MSG_PORT_SET,
	TUN_MSG_PORT_DEL, /* after its children */
	TUN_MSG_CHILD_ADD,
	TUN_MSG_CHILD_USE,
	TUN_MSG_CHILD_MOVE,
	TUN_MSG_CHILD_DEL,
	TUN_MSG_PROBE,
	TUN_MSG_SOCK_ADD, /* one that could not be opened before */
	TUN_MSG_QUIT,
};

struct tun_msg {
	enum tun_msg_type type;
	union {
		struct tun_port *port; /* PORT_ADD, PORT_DEL, PROBE */
		struct {
			struct tun_port *port;
			struct tun_port_cfg cfg;
		} port_set;
		struct tun_child *child; /* CHILD_ADD, CHILD_DEL */
		struct {
			struct tun_child *child;
			struct outer_path path;
		} child_move;
		struct {
			enum outer_sock sock;
			int fd;
		} sock_add;
	};
};

/*
 * --- main thread -----------------------------------------------------------------------------------------

 */

struct tun_worker;

/*
 * Starts the thread. It borrows the sockets, the queue and the counters until tun_worker_free(). -errno when
 * the system has no thread or descriptor left.
 */
int tun_worker_new(const struct outer_socks *socks, uint16_t natt_port, struct event_queue *queue,
		   struct tun_counters *counters, struct tun_worker **worker);

/* Stops the thread and waits for it. Ports and children are the caller's again. */
void tun_worker_free(struct tun_worker *worker);

/* Does it on the tun thread and returns its result: 0 or -errno. */
int tun_worker_call(struct tun_worker *worker, const struct tun_msg *msg);

void tun_port_init(struct tun_port *port, int fd, uint32_t link, const struct tun_port_cfg *cfg);
void tun_port_fini(struct tun_port *port);

#endif
