// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a plane has to tell the main thread: IKE datagrams and rare events, through a bounded queue
 * with an eventfd that is readable while there is something. The lock is taken once per event, never per ESP
 * packet.
 */
#ifndef BGPVPN_DPLANE_EVENT_QUEUE_H
#define BGPVPN_DPLANE_EVENT_QUEUE_H

#include "bgpvpnd/dplane/dplane.h"

struct event_queue;

/* NULL when the system has no descriptor left. */
struct event_queue *event_queue_new(void);
void event_queue_free(struct event_queue *queue);

/*
 * --- from any thread --------------------------------------------------------------------------------------

 */

/*
 * Copies the event with its datagram. False when an IKE datagram finds the queue full; other events always go
 * in: each child and link has one of a kind, or one a second, so they are bounded by themselves.
 */
bool event_queue_push(struct event_queue *queue, const struct dplane_event *event);

/*
 * --- main thread -----------------------------------------------------------------------------------------

 */

int event_queue_fd(const struct event_queue *queue);

/* The oldest event; its datagram lives until the next call. */
bool event_queue_pop(struct event_queue *queue, struct dplane_event *event);

#endif
