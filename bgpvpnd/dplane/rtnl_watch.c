// SPDX-License-Identifier: GPL-2.0-or-later
/* Interfaces, addresses and routes as they change, see rtnl.h. */
#include <zebra.h>

#include <linux/filter.h>

#include "bgpvpnd/dplane/rtnl_talk.h"

/* Datagrams taken in one go: a storm of changes leaves the main loop its turn. */
#define WATCH_AT_ONCE 64

/*
 * A full table of BGP passes through the same groups: the kernel gives us only the routes of ours. The numbers of a header are in
 * the order of bytes of this machine, and the filter reads in the network's.
 */
static void ours_only(int fd)
{
	const unsigned int type = offsetof(struct nlmsghdr, nlmsg_type);
	const unsigned int protocol = NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_protocol);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, type),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, protocol),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTNL_PROTO_OURS, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = {.len = array_size(code), .filter = code};

	(void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

int rtnl_watch_open(int ns)
{
	struct sockaddr_nl groups = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
			     RTMGRP_IPV6_ROUTE,
	};
	int fd = rtnl_ns_socket(ns, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
	int err;

	if (fd < 0)
		return fd;
	ours_only(fd);
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

static int route_attr(const struct nlattr *attr, void *arg)
{
	uint32_t *ifindex = arg;

	if (mnl_attr_get_type(attr) == RTA_OIF && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		*ifindex = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

/* Without an interface it may be of any. */
static void route_message(const struct nlmsghdr *nlh, const struct watch_reader *reader)
{
	uint32_t ifindex = 0;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct rtmsg))
		return;
	mnl_attr_parse(nlh, sizeof(struct rtmsg), route_attr, &ifindex);
	reader->changed(reader->arg, ifindex);
}

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
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		route_message(nlh, reader);
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
