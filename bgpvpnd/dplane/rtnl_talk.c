// SPDX-License-Identifier: GPL-2.0-or-later
/* One question to rtnetlink and its answers, see rtnl_talk.h. */
#include <zebra.h>

#include "bgpvpnd/dplane/rtnl_talk.h"

/* The kernel then dumps the addresses of the interface that is asked for only; one before 4.20 dumps all. */
static void rtnl_strict(struct rtnl *rtnl)
{
	int on = 1;

	(void)mnl_socket_setsockopt(rtnl->nl, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
}

static int open_in(struct rtnl *rtnl, int ns)
{
	int home, err = rtnl_ns_enter(ns, &home);

	if (err)
		return err;
	rtnl->nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	err = rtnl->nl ? 0 : -errno;
	rtnl_ns_leave(home);
	return err;
}

int rtnl_open(struct rtnl *rtnl, int ns)
{
	int failed = open_in(rtnl, ns);

	rtnl->seq = 0;
	if (failed)
		return failed;
	if (mnl_socket_bind(rtnl->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int err = -errno;

		mnl_socket_close(rtnl->nl);
		return err;
	}
	rtnl_strict(rtnl);
	return 0;
}

struct nlmsghdr *rtnl_request(struct rtnl *rtnl, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(rtnl->buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = ++rtnl->seq;
	return nlh;
}

int rtnl_talk(struct rtnl *rtnl, struct nlmsghdr *nlh, mnl_cb_t each, void *arg)
{
	unsigned int port = mnl_socket_get_portid(rtnl->nl);
	ssize_t n;
	int ret;

	if (mnl_socket_sendto(rtnl->nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(rtnl->nl, rtnl->buf, sizeof(rtnl->buf));
		if (n < 0)
			return -errno;
		ret = mnl_cb_run(rtnl->buf, (size_t)n, rtnl->seq, port, each, arg);
	} while (ret > MNL_CB_STOP);
	return ret < 0 ? -errno : 0;
}

int rtnl_once(struct rtnl *rtnl, struct nlmsghdr *nlh, mnl_cb_t each, void *arg)
{
	int ret = rtnl_talk(rtnl, nlh, each, arg);

	mnl_socket_close(rtnl->nl);
	return ret;
}
