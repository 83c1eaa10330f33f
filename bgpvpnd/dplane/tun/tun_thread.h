// SPDX-License-Identifier: GPL-2.0-or-later
/* What tun_worker.c, tun_rx.c and tun_tx.c share: everything here runs on the tun thread. */
#ifndef BGPVPN_TUN_TUN_THREAD_H
#define BGPVPN_TUN_TUN_THREAD_H

#include "bgpvpnd/dplane/tun/tun_early.h"
#include "bgpvpnd/dplane/tun/tun_worker.h"

/* The largest inner packet: the largest MTU that can be configured, with some air. */
#define TUN_PACKET_MAX 9216

/* Packets of one turn, so that no device and no socket starves the others. */
#define TUN_TX_BATCH 64
#define TUN_RX_BATCH 16

/* Largest UDP payload, and what UDP_GRO collects at most. */
#define TUN_RX_BUF 65536

/* Packets on their way to a socket: sealed in their slots, then sent in one system call. */
struct tun_tx_slot {
	struct iovec iov;
	struct outer_control control;
	uint8_t buf[ESP_HEADROOM + TUN_PACKET_MAX + ESP_TAILROOM];
};

struct tun_tx {
	int fd; /* of all that are waiting */
	unsigned int count;
	struct mmsghdr msg[TUN_TX_BATCH];
	struct tun_tx_slot slot[TUN_TX_BATCH];
};

struct tun_rx_slot {
	struct iovec iov;
	struct sockaddr_storage from;
	struct outer_received control;
	uint8_t buf[TUN_RX_BUF];
};

struct tun_rx {
	struct mmsghdr msg[TUN_RX_BATCH];
	struct tun_rx_slot slot[TUN_RX_BATCH];
};

/* Marks an inside probe as ours: drawn once per thread. */
struct tun_probe_mark {
	uint16_t id;
	uint8_t magic[8];
};

struct tun_thread {
	struct outer_socks socks;
	uint16_t natt_port;
	struct event_queue *queue;
	struct tun_counters *counters;
	struct instant now; /* of this turn */
	struct tun_spis_head spis;
	struct tun_early *early;
	struct tun_probe_mark mark;
	struct tun_tx tx;
	struct tun_rx rx;
};

int tun_child_spi_compare(const struct tun_child *a, const struct tun_child *b);
uint32_t tun_child_spi_hash(const struct tun_child *child);

DECLARE_HASH(tun_spis, struct tun_child, spis, tun_child_spi_compare, tun_child_spi_hash);
DECLARE_LIST(tun_siblings, struct tun_child, siblings);

/*
 * --- tun_worker.c ----------------------------------------------------------------------------------------

 */

/*
 * Before each packet, with what its direction has carried so far: tells the main thread once of each limit.
 * False: it may carry no more.
 */
bool tun_child_wear(struct tun_thread *t, struct tun_child *child, enum child_sa_wear wear);

/*
 * --- tun_tx.c --------------------------------------------------------------------------------------------

 */

void tun_tx_init(struct tun_tx *tx);

/* A batch from a TUN device, sealed and sent. False when the device is gone. */
bool tun_tx_port_readable(struct tun_thread *t, struct tun_port *port);

/* Sends an echo of our own through the port's sending child. -ENOTCONN when it has none. Needs a flush. */
int tun_tx_echo(struct tun_thread *t, struct tun_port *port, const struct inner_echo *echo);

/* What waited for a Child SA goes through the one that sends now, if there is one. */
void tun_tx_kept(struct tun_thread *t, struct tun_port *port);

/* One reachability probe, sent at once. */
int tun_tx_probe(struct tun_thread *t, struct tun_port *port);

/* Hands what is waiting to the socket. */
void tun_tx_flush(struct tun_thread *t);

/*
 * --- tun_rx.c --------------------------------------------------------------------------------------------

 */

void tun_rx_init(struct tun_rx *rx);

/* A batch from a socket. */
void tun_rx_sock_readable(struct tun_thread *t, enum outer_sock sock);

/* What came for this child before it was there. */
void tun_rx_early(struct tun_thread *t, const struct tun_child *child);

/* A packet into the device; errors are counted. */
void tun_rx_port_write(struct tun_thread *t, struct tun_port *port, struct bytes packet);

#endif
