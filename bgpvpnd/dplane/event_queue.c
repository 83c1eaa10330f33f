// SPDX-License-Identifier: GPL-2.0-or-later
/* Events of a plane on their way to the main thread, see event_queue.h. */
#include <zebra.h>

#include <sys/eventfd.h>

#include "lib/frr_pthread.h"
#include "lib/memory.h"
#include "lib/typesafe.h"

#include "bgpvpnd/dplane/event_queue.h"

DEFINE_MTYPE_STATIC(BGPVPN, EVENT_QUEUE, "VPN event queue");
DEFINE_MTYPE_STATIC(BGPVPN, QUEUED_EVENT, "VPN event");

/*
 * A flood of 64 kB datagrams must not hold LIMIT_PLANE_EVENTS times 64 kB: 2 kB on average is a fragment's
 * size.
 */
#define QUEUE_BYTES_MAX (LIMIT_PLANE_EVENTS * 2048)

PREDECL_LIST(queued);

struct queued_event {
	struct queued_item item;
	struct dplane_event event;
	uint8_t datagram[];
};

DECLARE_LIST(queued, struct queued_event, item);

struct event_queue {
	pthread_mutex_t lock; /* covers the list and bytes; the eventfd is written and drained under it too */
	struct queued_head events;
	size_t bytes;
	int fd;
	struct queued_event *current; /* main thread: lent by the last pop */
};

struct event_queue *event_queue_new(void)
{
	struct event_queue *queue;
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return NULL;
	queue = XCALLOC(MTYPE_EVENT_QUEUE, sizeof(*queue));
	pthread_mutex_init(&queue->lock, NULL);
	queued_init(&queue->events);
	queue->fd = fd;
	return queue;
}

void event_queue_free(struct event_queue *queue)
{
	struct queued_event *event;

	if (!queue)
		return;
	while ((event = queued_pop(&queue->events)))
		XFREE(MTYPE_QUEUED_EVENT, event);
	XFREE(MTYPE_QUEUED_EVENT, queue->current);
	queued_fini(&queue->events);
	pthread_mutex_destroy(&queue->lock);
	close(queue->fd);
	XFREE(MTYPE_EVENT_QUEUE, queue);
}

static struct queued_event *event_copy(const struct dplane_event *event)
{
	struct queued_event *copy = XCALLOC(MTYPE_QUEUED_EVENT, sizeof(*copy) + event->datagram.n);

	copy->event = *event;
	copy->event.datagram = bytes_make(copy->datagram, event->datagram.n);
	if (event->datagram.n)
		memcpy(copy->datagram, event->datagram.p, event->datagram.n);
	return copy;
}

static bool queue_full(const struct event_queue *queue, const struct dplane_event *event)
{
	if (event->type != DPLANE_EVENT_IKE)
		return false;
	return queued_count(&queue->events) >= LIMIT_PLANE_EVENTS ||
	       queue->bytes + event->datagram.n > QUEUE_BYTES_MAX;
}

static void queue_signal(struct event_queue *queue)
{
	uint64_t one = 1;

	/* Can fail only when the counter is at its end, and then it is readable. */
	if (write(queue->fd, &one, sizeof(one)) < 0)
		return;
}

static void queue_drain_signal(struct event_queue *queue)
{
	uint64_t count;

	if (read(queue->fd, &count, sizeof(count)) < 0)
		return;
}

bool event_queue_push(struct event_queue *queue, const struct dplane_event *event)
{
	bool full;

	frr_with_mutex (&queue->lock) {
		full = queue_full(queue, event);
		if (!full) {
			if (!queued_count(&queue->events))
				queue_signal(queue);
			queued_add_tail(&queue->events, event_copy(event));
			queue->bytes += event->datagram.n;
		}
	}
	return !full;
}

int event_queue_fd(const struct event_queue *queue)
{
	return queue->fd;
}

bool event_queue_pop(struct event_queue *queue, struct dplane_event *event)
{
	XFREE(MTYPE_QUEUED_EVENT, queue->current);
	frr_with_mutex (&queue->lock) {
		queue->current = queued_pop(&queue->events);
		if (queue->current)
			queue->bytes -= queue->current->event.datagram.n;
		if (!queued_count(&queue->events))
			queue_drain_signal(queue);
	}
	if (!queue->current)
		return false;
	*event = queue->current->event;
	return true;
}
