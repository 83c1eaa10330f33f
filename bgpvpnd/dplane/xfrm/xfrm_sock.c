// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's IPsec over netlink, see xfrm_sock.h. */
#include <zebra.h>

#include <libmnl/libmnl.h>

#include "bgpvpnd/dplane/xfrm/xfrm_sock.h"

/* Room for some messages of a dump. */
#define ANSWER_LEN 32768

/* Datagrams of events taken in one go: a storm leaves the main loop its turn. */
#define EVENTS_AT_ONCE 64

/* A burst of expiring SAs, each a message of some hundred bytes, while the main loop is busy. */
#define EVENTS_BUFFER (1 << 20)

static void option_on(struct mnl_socket *nl, int option)
{
	int on = 1;

	(void)mnl_socket_setsockopt(nl, option, &on, sizeof(on));
}

int xfrm_sock_open(struct xfrm_sock *sock)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);
	int err;

	if (!nl)
		return -errno;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		mnl_socket_close(nl);
		return err;
	}
	option_on(nl, NETLINK_EXT_ACK);
	option_on(nl, NETLINK_CAP_ACK); /* or every refusal would bring the keys back */
	*sock = (struct xfrm_sock){.nl = nl, .port = mnl_socket_get_portid(nl)};
	return 0;
}

void xfrm_sock_close(struct xfrm_sock *sock)
{
	if (sock->nl)
		mnl_socket_close(sock->nl);
	sock->nl = NULL;
}

static int send_wiping(struct xfrm_sock *sock, struct nlmsghdr *nlh)
{
	int err;

	nlh->nlmsg_seq = ++sock->seq;
	nlh->nlmsg_pid = sock->port; /* the kernel says to others what the request says of itself */
	err = mnl_socket_sendto(sock->nl, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
	secret_wipe(nlh, nlh->nlmsg_len);
	return err;
}

struct answers {
	struct xfrm_sock *sock;
	void (*each)(void *arg, const struct xfrm_news *news);
	void *arg;
	bool done;
	int err;
};

static void answer(struct answers *a, const struct nlmsghdr *nlh)
{
	struct xfrm_news news;

	if (nlh->nlmsg_seq != a->sock->seq)
		return;
	if (xfrm_msg_is_end(nlh, &a->err, a->sock->why, sizeof(a->sock->why)))
		a->done = true;
	else if (a->each && xfrm_msg_parse(nlh, &news))
		a->each(a->arg, &news);
}

int xfrm_sock_talk(struct xfrm_sock *sock, struct nlmsghdr *nlh,
		   void (*each)(void *arg, const struct xfrm_news *news), void *arg)
{
	_Alignas(uint64_t) static uint8_t buf[ANSWER_LEN];
	struct answers a = {.sock = sock, .each = each, .arg = arg};
	const struct nlmsghdr *at;
	int left;

	sock->why[0] = '\0';
	if (!nlh)
		return -EOPNOTSUPP;
	a.err = send_wiping(sock, nlh);
	if (a.err)
		return a.err;
	while (!a.done) {
		ssize_t n = mnl_socket_recvfrom(sock->nl, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		left = (int)n;
		for (at = (void *)buf; mnl_nlmsg_ok(at, left); at = mnl_nlmsg_next(at, &left))
			answer(&a, at);
		/* An answer about a SA has its keys. */
		secret_wipe(buf, (size_t)n);
	}
	return a.err;
}

/*
 * --- events ----------------------------------------------------------------------------------------------
 */

static const unsigned int groups[] = {XFRMNLGRP_EXPIRE, XFRMNLGRP_SA, XFRMNLGRP_POLICY, XFRMNLGRP_MAPPING};

static int events_join(int fd)
{
	struct sockaddr_nl any = {.nl_family = AF_NETLINK};
	int room = EVENTS_BUFFER;

	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	for (size_t i = 0; i < array_size(groups); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])) < 0)
			return -errno;
	return 0;
}

int xfrm_events_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_XFRM);
	int err;

	if (fd < 0)
		return -errno;
	err = events_join(fd);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static void events_tell(const uint8_t *buf, int n, void (*each)(void *arg, const struct xfrm_news *news),
			void *arg)
{
	const struct nlmsghdr *at = (const void *)buf;
	struct xfrm_news news;

	for (; mnl_nlmsg_ok(at, n); at = mnl_nlmsg_next(at, &n))
		if (xfrm_msg_parse(at, &news) && news.type != XFRM_NEWS_NONE)
			each(arg, &news);
}

void xfrm_events_read(int fd, void (*each)(void *arg, const struct xfrm_news *news), void *arg)
{
	_Alignas(uint64_t) static uint8_t buf[ANSWER_LEN];

	for (int i = 0; i < EVENTS_AT_ONCE; i++) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && errno != ENOBUFS)
			return;
		if (n < 0 || (size_t)n > sizeof(buf))
			each(arg, NULL);
		else
			events_tell(buf, (int)n, each, arg);
		/* Word of a new SA has its keys. */
		if (n > 0)
			secret_wipe(buf, MIN((size_t)n, sizeof(buf)));
	}
}
