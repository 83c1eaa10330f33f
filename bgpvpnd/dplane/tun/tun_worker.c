// SPDX-License-Identifier: GPL-2.0-or-later
/* The tun thread: its life, its loop and its messages, see tun_worker.h. */
#include <zebra.h>

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "lib/frr_pthread.h"
#include "lib/jhash.h"
#include "lib/memory.h"

#include "bgpvpnd/dplane/tun/tun_thread.h"

DEFINE_MTYPE_STATIC(BGPVPN, TUN_WORKER, "VPN TUN worker");

#define THREAD_NAME "bgpvpn_tun"

/* Descriptors served in one turn of the loop: the longest wait of the main thread for its message. */
#define TURN_EVENTS 32

/* epoll's data pointer is a struct tun_port, one of sock[], or the worker itself for the mailbox. */
struct tun_worker {
	pthread_t pthread;
	int epoll;

	/* the mailbox: one message at a time, the main thread waits */
	pthread_mutex_t lock;
	pthread_cond_t done;
	const struct tun_msg *msg; /* NULL: none, or done */
	int result;
	int wake; /* eventfd */

	/* tun thread */
	bool quit;
	enum outer_sock sock[OUTER_SOCKS]; /* epoll's names of the sockets: &sock[i] */
	struct tun_thread thread;
};

int tun_child_spi_compare(const struct tun_child *a, const struct tun_child *b)
{
	return numcmp(a->pair.in.spi, b->pair.in.spi);
}

/* Our SPIs are random numbers of our own: nobody else can choose them to collide. */
uint32_t tun_child_spi_hash(const struct tun_child *child)
{
	return jhash_1word(child->pair.in.spi, 0);
}

void tun_port_init(struct tun_port *port, int fd, uint32_t link, const struct tun_port_cfg *cfg)
{
	port->fd = fd;
	port->link = link;
	port->cfg = *cfg;
	tun_siblings_init(&port->children);
	tun_trap_init(&port->trap);
}

void tun_port_fini(struct tun_port *port)
{
	while (tun_siblings_pop(&port->children))
		; /* of a stopped thread: nobody deleted them one by one */
	tun_siblings_fini(&port->children);
	tun_trap_fini(&port->trap);
}

bool tun_child_wear(struct tun_thread *t, struct tun_child *child, enum child_sa_wear wear)
{
	struct dplane_event event = {.child_id = child->child_id};

	if (wear > child->reported) {
		event.type = wear == CHILD_SA_SPENT ? DPLANE_EVENT_HARD_EXPIRE : DPLANE_EVENT_SOFT_EXPIRE;
		child->reported = wear;
		event_queue_push(t->queue, &event);
	}
	return wear != CHILD_SA_SPENT;
}

/*
 * --- messages, on the tun thread -------------------------------------------------------------------------

 */

static int watch(struct tun_worker *w, int fd, void *what)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = what};

	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

static void unwatch(struct tun_worker *w, int fd)
{
	epoll_ctl(w->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static int port_set(struct tun_worker *w, struct tun_port *port, const struct tun_port_cfg *cfg)
{
	port->cfg = *cfg;
	if (!cfg->trap)
		held_clear(&port->trap.held);
	tun_count(&w->thread.counters->no_child, tun_trap_lost(&port->trap));
	return 0;
}

static int port_del(struct tun_worker *w, struct tun_port *port)
{
	if (tun_siblings_count(&port->children))
		return -EBUSY;
	unwatch(w, port->fd);
	return 0;
}

/* The one at the end of the list. */
static void sender_choose(struct tun_port *port)
{
	struct tun_child *child;

	port->sender = NULL;
	frr_each (tun_siblings, &port->children, child)
		port->sender = child;
}

static int child_add(struct tun_worker *w, struct tun_child *child)
{
	if (tun_spis_add(&w->thread.spis, child))
		return -EEXIST;
	if (child->receive_only)
		tun_siblings_add_head(&child->port->children, child);
	else
		tun_siblings_add_tail(&child->port->children, child);
	sender_choose(child->port);
	tun_rx_early(&w->thread, child);
	tun_tx_kept(&w->thread, child->port);
	return 0;
}

static int child_use(struct tun_worker *w, struct tun_child *child)
{
	tun_siblings_del(&child->port->children, child);
	tun_siblings_add_tail(&child->port->children, child);
	sender_choose(child->port);
	return 0;
}

static int child_del(struct tun_worker *w, struct tun_child *child)
{
	tun_spis_del(&w->thread.spis, child);
	tun_siblings_del(&child->port->children, child);
	sender_choose(child->port);
	return 0;
}

static int sock_add(struct tun_worker *w, enum outer_sock sock, int fd)
{
	int err = watch(w, fd, &w->sock[sock]);

	if (!err)
		w->thread.socks.fd[sock] = fd;
	return err;
}

static int msg_do(struct tun_worker *w, const struct tun_msg *msg)
{
	switch (msg->type) {
	case TUN_MSG_PORT_ADD:
		return watch(w, msg->port->fd, msg->port);
	case TUN_MSG_PORT_SET:
		return port_set(w, msg->port_set.port, &msg->port_set.cfg);
	case TUN_MSG_PORT_DEL:
		return port_del(w, msg->port);
	case TUN_MSG_CHILD_ADD:
		return child_add(w, msg->child);
	case TUN_MSG_CHILD_USE:
		return child_use(w, msg->child);
	case TUN_MSG_CHILD_MOVE:
		msg->child_move.child->path = msg->child_move.path;
		msg->child_move.child->seen_at = (struct endpoint){};
		return 0;
	case TUN_MSG_CHILD_DEL:
		return child_del(w, msg->child);
	case TUN_MSG_PROBE:
		return tun_tx_probe(&w->thread, msg->port);
	case TUN_MSG_SOCK_ADD:
		return sock_add(w, msg->sock_add.sock, msg->sock_add.fd);
	case TUN_MSG_QUIT:
		w->quit = true;
		return 0;
	}
	return -EINVAL;
}

static void mailbox_serve(struct tun_worker *w)
{
	uint64_t count;

	if (read(w->wake, &count, sizeof(count)) < 0)
		return;
	frr_with_mutex (&w->lock) {
		if (w->msg) {
			w->result = msg_do(w, w->msg);
			w->msg = NULL;
			pthread_cond_signal(&w->done);
		}
	}
}

/*
 * --- the loop --------------------------------------------------------------------------------------------

 */

static struct instant clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct instant){ts.tv_sec * USEC_PER_S + ts.tv_nsec / 1000};
}

static void port_gone(struct tun_worker *w, struct tun_port *port)
{
	struct dplane_event event = {.type = DPLANE_EVENT_LINK_GONE, .link = port->link};

	if (port->gone)
		return;
	port->gone = true;
	unwatch(w, port->fd);
	event_queue_push(w->thread.queue, &event);
}

static bool is_sock(const struct tun_worker *w, const void *what)
{
	return (const char *)what >= (const char *)w->sock &&
	       (const char *)what < (const char *)(w->sock + OUTER_SOCKS);
}

static void serve(struct tun_worker *w, const struct epoll_event *ev)
{
	if (ev->data.ptr == w)
		return; /* the mailbox comes last */
	if (is_sock(w, ev->data.ptr)) {
		tun_rx_sock_readable(&w->thread, *(enum outer_sock *)ev->data.ptr);
		return;
	}
	/* EPOLLERR of a TUN: unregistered */
	if ((ev->events & (EPOLLERR | EPOLLHUP)) || !tun_tx_port_readable(&w->thread, ev->data.ptr))
		port_gone(w, ev->data.ptr);
}

/*
 * A message may take a port away, so it is served when the events of this turn are done: what the next
 * epoll_wait() returns belongs to living ports.
 */
static void turn(struct tun_worker *w)
{
	struct epoll_event ev[TURN_EVENTS];
	bool mail = false;
	int n;

	n = epoll_wait(w->epoll, ev, TURN_EVENTS, -1);
	w->thread.now = clock_now();
	for (int i = 0; i < n; i++) {
		if (ev[i].data.ptr == w)
			mail = true;
		serve(w, &ev[i]);
	}
	if (mail)
		mailbox_serve(w);
}

static void *thread_main(void *arg)
{
	struct tun_worker *w = arg;

	while (!w->quit)
		turn(w);
	return NULL;
}

/*
 * --- main thread -----------------------------------------------------------------------------------------

 */

int tun_worker_call(struct tun_worker *w, const struct tun_msg *msg)
{
	uint64_t one = 1;
	int result;

	frr_with_mutex (&w->lock) {
		w->msg = msg;
		/* An eventfd fails only when it is readable already. */
		if (write(w->wake, &one, sizeof(one)) < 0 && errno != EAGAIN)
			abort();
		while (w->msg)
			pthread_cond_wait(&w->done, &w->lock);
		result = w->result;
	}
	return result;
}

static int watch_all(struct tun_worker *w)
{
	int err = watch(w, w->wake, w);

	for (size_t i = 0; !err && i < OUTER_SOCKS; i++) {
		w->sock[i] = (enum outer_sock)i;
		if (w->thread.socks.fd[i] >= 0)
			err = watch(w, w->thread.socks.fd[i], &w->sock[i]);
	}
	return err;
}

/* Signals are the main thread's. */
static int thread_start(struct tun_worker *w)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&w->pthread, NULL, thread_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		pthread_setname_np(w->pthread, THREAD_NAME);
	return -err;
}

static void worker_dispose(struct tun_worker *w)
{
	while (tun_spis_pop(&w->thread.spis))
		; /* the children are the main thread's again */
	tun_spis_fini(&w->thread.spis);
	tun_early_free(&w->thread.early);
	pthread_cond_destroy(&w->done);
	pthread_mutex_destroy(&w->lock);
	if (w->wake >= 0)
		close(w->wake);
	if (w->epoll >= 0)
		close(w->epoll);
	XFREE(MTYPE_TUN_WORKER, w);
}

static void thread_init(struct tun_thread *t)
{
	tun_spis_init(&t->spis);
	tun_tx_init(&t->tx);
	tun_rx_init(&t->rx);
	t->early = tun_early_new();
	crypto_random(&t->mark, sizeof(t->mark));
}

int tun_worker_new(const struct outer_socks *socks, uint16_t natt_port, struct event_queue *queue,
		   struct tun_counters *counters, struct tun_worker **worker)
{
	struct tun_worker *w = XCALLOC(MTYPE_TUN_WORKER, sizeof(*w));
	int err;

	thread_init(&w->thread);
	w->thread.socks = *socks;
	w->thread.natt_port = natt_port;
	w->thread.queue = queue;
	w->thread.counters = counters;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->done, NULL);
	w->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	err = w->wake < 0 || w->epoll < 0 ? -errno : watch_all(w);
	if (!err)
		err = thread_start(w);
	if (err) {
		worker_dispose(w);
		return err;
	}
	*worker = w;
	return 0;
}

void tun_worker_free(struct tun_worker *w)
{
	struct tun_msg msg = {.type = TUN_MSG_QUIT};

	if (!w)
		return;
	tun_worker_call(w, &msg);
	pthread_join(w->pthread, NULL);
	worker_dispose(w);
}
