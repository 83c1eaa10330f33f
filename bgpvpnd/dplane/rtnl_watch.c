// SPDX-License-Identifier: GPL-2.0-or-later
/* Interfaces and addresses as they change, see rtnl.h. */
#include <zebra.h>

#include "bgpvpnd/dplane/rtnl_talk.h"

/* Datagrams taken in one go: a storm of changes leaves the main loop its turn. */
#define WATCH_AT_ONCE 64

int rtnl_watch_open(void)
{
	struct sockaddr_nl groups = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
	int err;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&groups, sizeof(groups)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

struct watch_reader {
	void (*changed)(void *arg, uint32_t ifindex);
	void *arg;
};

static int watch_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct watch_reader *reader = arg;
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(*ifi))
			reader->changed(reader->arg, (uint32_t)ifi->ifi_index);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(*ifa))
			reader->changed(reader->arg, ifa->ifa_index);
		break;
	default: /* a number of the kernel's, not an enum of ours */
		break;
	}
	return MNL_CB_OK;
}

void rtnl_watch_read(int fd, void (*changed)(void *arg, uint32_t ifindex), void *arg)
{
	struct watch_reader reader = {.changed = changed, .arg = arg};
	_Alignas(struct nlmsghdr) char buf[RTNL_BUF];

	for (int i = 0; i < WATCH_AT_ONCE; i++) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && errno != ENOBUFS)
			return;
		if (n < 0 || (size_t)n > sizeof(buf))
			changed(arg, 0);
		else
			mnl_cb_run(buf, (size_t)n, 0, 0, watch_message, &reader);
	}
}
