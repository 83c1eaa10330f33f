// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The user-space plane behind dplane_ops: its life, IKE on the NAT-T port, events and counters. Interfaces
 * are in tun_link.c, Child SAs in tun_child.c. Main thread; open() starts the tun thread, so it comes after
 * the daemon has forked.
 */
#include <zebra.h>

#include <sys/epoll.h>

#include "lib/log.h"
#include "lib/memory.h"

#include "bgpvpnd/dplane/path.h"
#include "bgpvpnd/dplane/tun/tun_dev.h"
#include "bgpvpnd/dplane/tun/tun_plane.h"

DEFINE_MTYPE_STATIC(BGPVPN, TUN_PLANE, "VPN TUN data plane");

static int worker_start(struct tun_plane *plane)
{
	int err;

	plane->queue = event_queue_new();
	if (!plane->queue)
		return dplane_fail(&plane->dp, errno, "cannot start the data plane: %s",
				   safe_strerror(errno));
	err = tun_worker_new(&plane->socks, plane->dp.env->natt_port, plane->queue, &plane->counters,
			     &plane->worker);
	if (err)
		return dplane_fail(&plane->dp, -err, "cannot start the data plane's thread: %s",
				   safe_strerror(-err));
	return 0;
}

static int poll_add(struct tun_plane *plane, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN};

	return fd >= 0 ? epoll_ctl(plane->poll, EPOLL_CTL_ADD, fd, &ev) : 0;
}

/* One descriptor for the shell, readable when the queue or the watch is. */
static int poll_start(struct tun_plane *plane)
{
	plane->poll = epoll_create1(EPOLL_CLOEXEC);
	if (plane->poll >= 0 && poll_add(plane, event_queue_fd(plane->queue)) == 0 &&
	    poll_add(plane, plane->watch) == 0)
		return 0;
	return dplane_fail(&plane->dp, errno, "cannot start the data plane: %s", safe_strerror(errno));
}

static void poll_stop(struct tun_plane *plane)
{
	if (plane->poll >= 0)
		close(plane->poll);
	plane->poll = -1;
}

/*
 * Without TUN or with the port taken the plane still opens: the daemon serves what it can, and says what it
 * can't.
 */
static int tun_open(struct dplane *dp)
{
	struct tun_plane *plane = tun_plane_of(dp);
	int err;

	dp->error[0] = '\0';
	dplane_privileged(dp, true);
	outer_socks_open(dp, &plane->socks);
	tun_dev_probe(dp);
	dplane_privileged(dp, false);
	dplane_links_init(&plane->links);
	tun_children_setup(plane);
	tun_watch_open(plane);
	err = worker_start(plane);
	if (!err)
		err = poll_start(plane);
	if (err)
		dp->ops->close(dp);
	return err;
}

static void sock_hand_over(struct tun_plane *plane, enum outer_sock sock)
{
	struct tun_msg msg = {.type = TUN_MSG_SOCK_ADD};
	int err;

	msg.sock_add.sock = sock;
	msg.sock_add.fd = plane->socks.fd[sock];
	err = tun_worker_call(plane->worker, &msg);
	if (!err)
		return;
	dplane_note(&plane->dp, "cannot read from a socket: %s", safe_strerror(-err));
	close(plane->socks.fd[sock]);
	plane->socks.fd[sock] = -1;
}

static void watch_again(struct tun_plane *plane)
{
	if (plane->watch >= 0)
		return;
	tun_watch_open(plane);
	if (poll_add(plane, plane->watch) < 0)
		tun_watch_close(plane);
}

/* A port that another program had, a TUN module that was not loaded: they may be there by now. */
static int tun_open_again(struct dplane *dp)
{
	struct tun_plane *plane = tun_plane_of(dp);
	struct outer_socks before = plane->socks;

	dp->error[0] = '\0';
	dplane_privileged(dp, true);
	outer_socks_open(dp, &plane->socks);
	tun_dev_probe(dp);
	dplane_privileged(dp, false);
	for (size_t i = 0; i < OUTER_SOCKS; i++)
		if (plane->socks.fd[i] != before.fd[i])
			sock_hand_over(plane, (enum outer_sock)i);
	watch_again(plane);
	return dp->error[0] ? -EAGAIN : 0;
}

/*
 * The interfaces stay behind without carrier (the kernel takes it when the descriptor closes), for a
 * successor to adopt.
 */
static void tun_close(struct dplane *dp)
{
	struct tun_plane *plane = tun_plane_of(dp);

	tun_worker_free(plane->worker);
	plane->worker = NULL;
	tun_children_teardown(plane);
	tun_links_teardown(plane);
	poll_stop(plane);
	tun_watch_close(plane);
	event_queue_free(plane->queue);
	plane->queue = NULL;
	outer_socks_close(&plane->socks);
}

/*
 * --- IKE on the NAT-T port -------------------------------------------------------------------------------

 */

static int tun_ike_send(struct dplane *dp, const struct endpoint *local, const struct endpoint *remote,
			struct bytes datagram)
{
	struct tun_plane *plane = tun_plane_of(dp);

	return outer_ike_send(dp, &plane->socks, local, remote, datagram, &plane->ike_send_errors);
}

/*
 * --- events and counters ---------------------------------------------------------------------------------

 */

static int tun_fd(struct dplane *dp)
{
	struct tun_plane *plane = tun_plane_of(dp);

	return plane->poll;
}

static bool tun_event_next(struct dplane *dp, struct dplane_event *event)
{
	struct tun_plane *plane = tun_plane_of(dp);

	if (!plane->queue)
		return false;
	tun_watch_read(plane);
	if (!event_queue_pop(plane->queue, event))
		return false;
	if (event->type == DPLANE_EVENT_LINK_CHANGED)
		tun_link_pulled(plane, event->link);
	return true;
}

static void tun_counters_read(struct dplane *dp, struct dplane_counters *counters)
{
	struct tun_plane *plane = tun_plane_of(dp);
	const struct tun_counters *now = &plane->counters;

	*counters = (struct dplane_counters){
		.no_sa = tun_counted(&now->no_sa),
		.early = tun_counted(&now->early),
		.malformed = tun_counted(&now->malformed),
		.selectors = tun_counted(&now->selectors),
		.no_child = tun_counted(&now->no_child),
		.queue_full = tun_counted(&now->queue_full),
		.tun_errors = tun_counted(&now->tun_errors),
		.socket_errors = tun_counted(&now->socket_errors) + plane->ike_send_errors,
		.too_big = tun_counted(&now->too_big),
		.expired = tun_counted(&now->expired),
	};
}

static const char *tun_kind_missing(struct dplane *dp, enum dplane_kind kind)
{
	return kind == DPLANE_KIND_AUTO || kind == DPLANE_KIND_TUN
		       ? NULL
		       : "the user-space data plane makes TUN interfaces only: `show vpn dataplane` says why it is in use";
}

static int tun_path(struct dplane *dp, const struct ipaddr *local, const struct ipaddr *remote,
		    struct dplane_path *path)
{
	return dplane_path_look(dp, &tun_plane_of(dp)->links, local, remote, path);
}

static const struct dplane_ops tun_ops = {
	.name = "userspace",
	.always_udp = true,
	.cuts_v6 = true,
	.open = tun_open,
	.close = tun_close,
	.open_again = tun_open_again,
	.kind_missing = tun_kind_missing,
	.link_add = tun_link_add,
	.link_set = tun_link_set,
	.link_del = tun_link_del,
	.link_set_running = tun_link_set_running,
	.link_repair = tun_link_repair,
	.link_announce = tun_link_announce,
	.links_sweep = dplane_links_sweep,
	.spi_reserve = tun_spi_reserve,
	.spi_release = tun_spi_release,
	.child_add = tun_child_add,
	.child_use = tun_child_use,
	.child_del = tun_child_del,
	.child_stats = tun_child_stats,
	.child_move = tun_child_move,
	.child_keepalive = tun_child_keepalive,
	.inside_probe = tun_link_inside_probe,
	.inside_stats = tun_link_inside_stats,
	.path = tun_path,
	.ike_send = tun_ike_send,
	.fd = tun_fd,
	.event_next = tun_event_next,
	.counters = tun_counters_read,
};

struct dplane *dplane_tun_new(const struct dplane_env *env)
{
	struct tun_plane *plane = XCALLOC(MTYPE_TUN_PLANE, sizeof(*plane));

	plane->dp.ops = &tun_ops;
	plane->dp.env = env;
	plane->watch = -1;
	plane->poll = -1;
	for (size_t i = 0; i < OUTER_SOCKS; i++)
		plane->socks.fd[i] = -1;
	return &plane->dp;
}

void dplane_tun_free(struct dplane *dp)
{
	struct tun_plane *plane;

	if (!dp)
		return;
	plane = tun_plane_of(dp);
	XFREE(MTYPE_TUN_PLANE, plane);
}
