// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel plane behind dplane_ops: its life, IKE on the NAT-T port, events and counters. Interfaces are in xfrm_link.c, Child SAs in
 * xfrm_child.c, policies in xfrm_rule.c.
 */
#include <zebra.h>

#include <linux/udp.h>
#include <sys/epoll.h>

#include "lib/log.h"
#include "lib/memory.h"

#include "bgpvpnd/dplane/path.h"
#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

DEFINE_MTYPE_STATIC(BGPVPN, XFRM_PLANE, "VPN XFRM data plane");

DECLARE_DLIST(xfrm_devs, struct xfrm_dev, item);

struct instant xfrm_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct instant){ts.tv_sec * USEC_PER_S + ts.tv_nsec / 1000};
}

int xfrm_ask(struct xfrm_plane *plane, struct nlmsghdr *nlh,
	     void (*each)(void *arg, const struct xfrm_news *news), void *arg)
{
	int err;

	dplane_privileged(&plane->dp, true);
	err = xfrm_sock_talk(&plane->sock, nlh, each, arg);
	dplane_privileged(&plane->dp, false);
	return err;
}

int xfrm_tell(struct xfrm_plane *plane, struct nlmsghdr *nlh)
{
	return xfrm_ask(plane, nlh, NULL, NULL);
}

int xfrm_refused(struct xfrm_plane *plane, int err, const char *what)
{
	const char *why = plane->sock.why;

	return dplane_fail(&plane->dp, -err, "%s: %s%s%s", what, safe_strerror(-err), why[0] ? ": " : "",
			   why);
}

/*
 * --- sockets ---------------------------------------------------------------------------------------------
 */

/* From now on the kernel takes ESP out of it, and leaves us IKE (RFC 3948 2.2). */
static void encap_on(struct dplane *dp, int *fd, int family)
{
	int encap = UDP_ENCAP_ESPINUDP;

	if (*fd < 0)
		return;
	(void)dplane_bypass(*fd, family);
	if (setsockopt(*fd, IPPROTO_UDP, UDP_ENCAP, &encap, sizeof(encap)) == 0)
		return;
	dplane_note(dp, "no ESP in UDP over %s: %s", family == AF_INET ? "IPv4" : "IPv6",
		    safe_strerror(errno));
}

static void open_what_can_be(struct xfrm_plane *plane)
{
	struct outer_socks before = plane->socks;
	int *fd = plane->socks.fd;

	dplane_privileged(&plane->dp, true);
	outer_socks_open_udp(&plane->dp, &plane->socks);
	if (fd[OUTER_UDP4] != before.fd[OUTER_UDP4])
		encap_on(&plane->dp, &fd[OUTER_UDP4], AF_INET);
	if (fd[OUTER_UDP6] != before.fd[OUTER_UDP6])
		encap_on(&plane->dp, &fd[OUTER_UDP6], AF_INET6);
	xfrm_probes_open(plane);
	xfrm_mss_open(plane);
	if (plane->watch < 0)
		plane->watch = rtnl_watch_open(RTNL_HERE);
	dplane_privileged(&plane->dp, false);
	if (plane->watch < 0)
		dplane_note(&plane->dp, "cannot watch the interfaces, what others change there stays: %s",
			    safe_strerror(-plane->watch));
}

int xfrm_poll_add(struct xfrm_plane *plane, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN};

	return fd < 0 || epoll_ctl(plane->poll, EPOLL_CTL_ADD, fd, &ev) == 0 || errno == EEXIST ? 0 : -errno;
}

static int poll_all(struct xfrm_plane *plane)
{
	const int fds[] = {plane->events,
			   plane->watch,
			   plane->icmp4,
			   plane->icmp6,
			   plane->mss.events,
			   plane->traps,
			   plane->socks.fd[OUTER_UDP4],
			   plane->socks.fd[OUTER_UDP6],
			   event_queue_fd(plane->queue)};
	int err = 0;

	for (size_t i = 0; !err && i < array_size(fds); i++)
		err = xfrm_poll_add(plane, fds[i]);
	return err;
}

/*
 * --- life ------------------------------------------------------------------------------------------------
 */

static int kernel_open(struct xfrm_plane *plane)
{
	int err;

	dplane_privileged(&plane->dp, true);
	err = xfrm_sock_open(&plane->sock);
	if (!err)
		plane->events = xfrm_events_open();
	dplane_privileged(&plane->dp, false);
	if (!err && plane->events < 0)
		err = plane->events;
	if (err == -EPROTONOSUPPORT)
		return dplane_fail(&plane->dp, -err, "the kernel has no IPsec (CONFIG_XFRM_USER)");
	return err ? dplane_fail(&plane->dp, -err, "cannot talk to the kernel's IPsec: %s",
				 safe_strerror(-err))
		   : 0;
}

static int loop_open(struct xfrm_plane *plane)
{
	int err;

	plane->queue = event_queue_new();
	plane->poll = plane->queue ? epoll_create1(EPOLL_CLOEXEC) : -1;
	plane->traps = plane->queue ? epoll_create1(EPOLL_CLOEXEC) : -1;
	err = plane->poll < 0 || plane->traps < 0 ? -errno : poll_all(plane);
	return err ? dplane_fail(&plane->dp, -err, "cannot start the data plane: %s", safe_strerror(-err))
		   : 0;
}

static void routes_sweep(struct xfrm_plane *plane)
{
	dplane_privileged(&plane->dp, true);
	rtnl_routes_sweep(RTNL_HERE);
	dplane_privileged(&plane->dp, false);
}

/* With the port taken the plane still opens: the daemon serves what it can, and says what it can't. */
static int xfrm_open(struct dplane *dp)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	int err;

	dp->error[0] = '\0';
	dplane_links_init(&plane->links);
	xfrm_devs_init(&plane->devs);
	xfrm_children_setup(plane);
	nft_table_init(&plane->mss);
	err = kernel_open(plane);
	if (!err)
		err = xfrm_try(plane);
	if (!err) {
		xfrm_sweep(plane);
		routes_sweep(plane);
		xfrm_stat_read(&plane->since);
		open_what_can_be(plane);
		err = loop_open(plane);
	}
	if (err)
		dp->ops->close(dp);
	return err;
}

static int xfrm_open_again(struct dplane *dp)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);

	dp->error[0] = '\0';
	open_what_can_be(plane);
	if (poll_all(plane) < 0)
		dplane_note(dp, "cannot read from a socket: %s", safe_strerror(errno));
	return dp->error[0] ? -EAGAIN : 0;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void xfrm_close(struct dplane *dp)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);

	xfrm_links_teardown(plane);
	xfrm_devs_fini(&plane->devs);
	xfrm_children_teardown(plane);
	dplane_privileged(dp, true);
	nft_table_close(&plane->mss);
	dplane_privileged(dp, false);
	nft_table_fini(&plane->mss);
	close_one(&plane->poll);
	close_one(&plane->traps);
	event_queue_free(plane->queue);
	plane->queue = NULL;
	xfrm_probes_close(plane);
	outer_socks_close(&plane->socks);
	close_one(&plane->watch);
	close_one(&plane->names);
	close_one(&plane->events);
	xfrm_sock_close(&plane->sock);
}

static uint32_t xfrm_spi_reserve(struct dplane *dp)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	uint32_t spi = spi_table_reserve(&plane->spis);

	if (spi)
		xfrm_early_expect(&plane->early, dp, spi);
	return spi;
}

static void xfrm_spi_release(struct dplane *dp, uint32_t spi)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);

	spi_table_release(&plane->spis, spi);
	xfrm_early_forget(&plane->early, dp, spi);
}

/*
 * --- IKE on the NAT-T port -------------------------------------------------------------------------------
 */

#define MARKER_LEN 4 /* RFC 3948 2.2 */

static int xfrm_ike_send(struct dplane *dp, const struct endpoint *local, const struct endpoint *remote,
			 struct bytes datagram)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);

	return outer_ike_send(dp, &plane->socks, local, remote, datagram, &plane->socket_errors);
}

/* What the kernel left us that is no IKE (a short or a strange ESP) is counted. */
static bool ike_of(struct xfrm_plane *plane, struct msghdr *msg, size_t n, struct dplane_event *event)
{
	static const uint8_t marker[MARKER_LEN];

	if (n < MARKER_LEN || memcmp(plane->datagram, marker, MARKER_LEN) != 0) {
		plane->ike_malformed++;
		return false;
	}
	*event = (struct dplane_event){
		.type = DPLANE_EVENT_IKE,
		.datagram = bytes_make(plane->datagram + MARKER_LEN, n - MARKER_LEN),
	};
	outer_received_endpoints(msg, plane->dp.env->natt_port, &event->local, &event->remote);
	return true;
}

static bool ike_read(struct xfrm_plane *plane, int fd, struct dplane_event *event)
{
	while (fd >= 0) {
		struct sockaddr_storage from;
		struct outer_received control;
		struct iovec iov = {.iov_base = plane->datagram, .iov_len = sizeof(plane->datagram)};
		struct msghdr msg = {.msg_name = &from,
				     .msg_namelen = sizeof(from),
				     .msg_iov = &iov,
				     .msg_iovlen = 1,
				     .msg_control = &control,
				     .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return false;
		if (n < 0) {
			/* An ICMP error of an earlier datagram; the next read is another. */
			plane->socket_errors++;
			return false;
		}
		if (ike_of(plane, &msg, (size_t)n, event))
			return true;
	}
	return false;
}

/*
 * --- events and counters ---------------------------------------------------------------------------------
 */

static int xfrm_fd(struct dplane *dp)
{
	return xfrm_plane_of(dp)->poll;
}

static bool xfrm_event_next(struct dplane *dp, struct dplane_event *event)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);

	if (!plane->queue)
		return false;
	xfrm_probes_read(plane);
	xfrm_traps_read(plane);
	xfrm_events_read(plane->events, xfrm_event_news, plane);
	xfrm_mss_events(plane);
	xfrm_devs_watch_read(plane);
	if (event_queue_pop(plane->queue, event)) {
		if (event->type == DPLANE_EVENT_LINK_CHANGED)
			xfrm_link_pulled(plane, event->link);
		return true;
	}
	return ike_read(plane, plane->socks.fd[OUTER_UDP4], event) ||
	       ike_read(plane, plane->socks.fd[OUTER_UDP6], event);
}

static void xfrm_counters_read(struct dplane *dp, struct dplane_counters *counters)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	const struct xfrm_stat *since = &plane->since;
	struct xfrm_stat now;

	xfrm_stat_read(&now);
	*counters = (struct dplane_counters){
		.no_sa = now.no_sa - since->no_sa,
		.early = plane->early.taken,
		.malformed = now.malformed - since->malformed + plane->ike_malformed,
		.selectors = now.selectors - since->selectors,
		.no_child = now.no_child - since->no_child,
		.expired = now.expired - since->expired,
		.socket_errors = plane->socket_errors,
	};
}

static int xfrm_path(struct dplane *dp, const struct ipaddr *local, const struct ipaddr *remote,
		    struct dplane_path *path)
{
	return dplane_path_look(dp, &xfrm_plane_of(dp)->links, local, remote, path);
}

static const struct dplane_ops xfrm_ops = {
	.name = "kernel",
	.open = xfrm_open,
	.close = xfrm_close,
	.open_again = xfrm_open_again,
	.kind_missing = xfrm_kind_missing,
	.link_add = xfrm_link_add,
	.link_set = xfrm_link_set,
	.link_del = xfrm_link_del,
	.link_set_running = xfrm_link_set_running,
	.link_repair = xfrm_link_repair,
	.link_announce = xfrm_link_announce,
	.links_sweep = dplane_links_sweep,
	.spi_reserve = xfrm_spi_reserve,
	.spi_release = xfrm_spi_release,
	.child_add = xfrm_child_add,
	.child_use = xfrm_child_use,
	.child_del = xfrm_child_del,
	.child_stats = xfrm_child_stats,
	.child_move = xfrm_child_move,
	.child_keepalive = xfrm_child_keepalive,
	.inside_probe = xfrm_inside_probe,
	.inside_stats = xfrm_inside_stats,
	.path = xfrm_path,
	.ike_send = xfrm_ike_send,
	.fd = xfrm_fd,
	.event_next = xfrm_event_next,
	.counters = xfrm_counters_read,
};

struct dplane *dplane_xfrm_new(const struct dplane_env *env)
{
	struct xfrm_plane *plane = XCALLOC(MTYPE_XFRM_PLANE, sizeof(*plane));

	plane->dp.ops = &xfrm_ops;
	plane->dp.env = env;
	plane->events = plane->watch = plane->names = plane->icmp4 = plane->icmp6 = plane->poll = plane->traps = -1;
	for (size_t i = 0; i < OUTER_SOCKS; i++)
		plane->socks.fd[i] = -1;
	return &plane->dp;
}

void dplane_xfrm_free(struct dplane *dp)
{
	struct xfrm_plane *plane;

	if (!dp)
		return;
	plane = xfrm_plane_of(dp);
	XFREE(MTYPE_XFRM_PLANE, plane);
}
