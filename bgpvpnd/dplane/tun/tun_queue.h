// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tun thread has to tell the main thread: IKE datagrams and rare events, through a bounded queue
 * with an eventfd that is readable while there is something. The lock is taken once per event, never per ESP
 * packet.
 */
#ifndef BGPVPN_TUN_TUN_QUEUE_H
#define BGPVPN_TUN_TUN_QUEUE_H

#include "bgpvpnd/dplane/dplane.h"

struct tun_queue;

/* NULL when the system has no descriptor left. */
struct tun_queue *tun_queue_new(void);
void tun_queue_free(struct tun_queue *queue);

/*
 * --- tun thread ------------------------------------------------------------------------------------------

 */

/*
 * Copies the event with its datagram. False when an IKE datagram finds the queue full; other events always go
 * in: each child and link has one of a kind, so they are bounded by themselves.
 */
bool tun_queue_push(struct tun_queue *queue, const struct dplane_event *event);

/*
 * --- main thread -----------------------------------------------------------------------------------------

 */

int tun_queue_fd(const struct tun_queue *queue);

/* The oldest event; its datagram lives until the next call. */
bool tun_queue_pop(struct tun_queue *queue, struct dplane_event *event);

#endif
