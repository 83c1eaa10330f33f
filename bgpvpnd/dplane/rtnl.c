// SPDX-License-Identifier: GPL-2.0-or-later
/* rtnetlink for both planes, see rtnl.h. */
#include <zebra.h>

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "bgpvpnd/dplane/rtnl.h"

/*
 * Marks the addresses as ours (IFA_PROTO); any number that nobody has: rtnetlink.h reserves up to 3, routing
 * daemons of FRR stay above 180.
 */
#define RTNL_PROTO_OURS 0x76

/* Addresses on one interface that we look at: ours are LIMIT_INSIDE_PREFIXES, a stale set as many again. */
#define RTNL_ADDRESSES_MAX 32

/* Large enough for one message of a dump (libmnl's own recommendation is at most this). */
#define RTNL_BUF 16384

struct rtnl {
	struct mnl_socket *nl;
	uint32_t seq;
	char buf[RTNL_BUF];
};

/* The kernel then dumps the addresses of the interface that is asked for only; one before 4.20 dumps all. */
static void rtnl_strict(struct rtnl *rtnl)
{
	int on = 1;

	(void)mnl_socket_setsockopt(rtnl->nl, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
}

static int rtnl_open(struct rtnl *rtnl)
{
	rtnl->seq = 0;
	rtnl->nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!rtnl->nl)
		return -errno;
	if (mnl_socket_bind(rtnl->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int err = -errno;

		mnl_socket_close(rtnl->nl);
		return err;
	}
	rtnl_strict(rtnl);
	return 0;
}

static struct nlmsghdr *rtnl_request(struct rtnl *rtnl, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(rtnl->buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = ++rtnl->seq;
	return nlh;
}

/*
 * Sends, and gives every answer to `each` until the kernel has acknowledged. Consumes the buffer with the
 * request.
 */
static int rtnl_talk(struct rtnl *rtnl, struct nlmsghdr *nlh, mnl_cb_t each, void *arg)
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

/* The same, and closes: for calls that need one request. */
static int rtnl_once(struct rtnl *rtnl, struct nlmsghdr *nlh, mnl_cb_t each, void *arg)
{
	int ret = rtnl_talk(rtnl, nlh, each, arg);

	mnl_socket_close(rtnl->nl);
	return ret;
}

/*
 * --- links -----------------------------------------------------------------------------------------------

 */

static int link_kind_attr(const struct nlattr *attr, void *arg)
{
	struct rtnl_link *link = arg;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		strlcpy(link->kind, mnl_attr_get_str(attr), sizeof(link->kind));
	return MNL_CB_OK;
}

static int link_attr(const struct nlattr *attr, void *arg)
{
	struct rtnl_link *link = arg;

	if (mnl_attr_get_type(attr) == IFLA_MTU && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		link->mtu = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == IFLA_CARRIER && mnl_attr_validate(attr, MNL_TYPE_U8) >= 0)
		link->carrier = mnl_attr_get_u8(attr);
	if (mnl_attr_get_type(attr) == IFLA_IFALIAS && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		strlcpy(link->alias, mnl_attr_get_str(attr), sizeof(link->alias));
	if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
		return mnl_attr_parse_nested(attr, link_kind_attr, link);
	return MNL_CB_OK;
}

static int link_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct rtnl_link *link = arg;

	link->ifindex = (uint32_t)ifi->ifi_index;
	link->up = ifi->ifi_flags & IFF_UP;
	link->running = ifi->ifi_flags & IFF_RUNNING;
	link->ethernet = ifi->ifi_type == ARPHRD_ETHER;
	return mnl_attr_parse(nlh, sizeof(*ifi), link_attr, link);
}

/* By name, or by index when there is none. */
static int link_ask(const char *name, uint32_t ifindex, struct rtnl_link *link)
{
	struct rtnl_link found = {};
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh;
	struct rtnl rtnl;
	int err;

	err = rtnl_open(&rtnl);
	if (err)
		return err;
	nlh = rtnl_request(&rtnl, RTM_GETLINK, 0);
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = (int)ifindex;
	if (name)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	err = rtnl_once(&rtnl, nlh, link_message, &found);
	if (!err)
		*link = found;
	return err;
}

int rtnl_link_find(const char *name, struct rtnl_link *link)
{
	return link_ask(name, 0, link);
}

int rtnl_link_get(uint32_t ifindex, struct rtnl_link *link)
{
	return link_ask(NULL, ifindex, link);
}

/* IF_OPER_DORMANT of linux/if.h, which does not go together with net/if.h. */
#define OPERSTATE_NONE	  0
#define OPERSTATE_DORMANT 5

struct link_change {
	uint32_t ifindex;
	unsigned int flags;
	unsigned int mask;
	uint32_t mtu;	   /* 0: as it is */
	uint8_t operstate; /* OPERSTATE_NONE: as it is */
	const char *alias; /* NULL: as it is */
};

static int rtnl_link_change(const struct link_change *change)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh;
	struct rtnl rtnl;
	int err;

	err = rtnl_open(&rtnl);
	if (err)
		return err;
	nlh = rtnl_request(&rtnl, RTM_NEWLINK, 0);
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = (int)change->ifindex;
	ifi->ifi_flags = change->flags;
	ifi->ifi_change = change->mask;
	if (change->mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, change->mtu);
	if (change->operstate != OPERSTATE_NONE)
		mnl_attr_put_u8(nlh, IFLA_OPERSTATE, change->operstate);
	if (change->alias)
		mnl_attr_put_strz(nlh, IFLA_IFALIAS, change->alias);
	return rtnl_once(&rtnl, nlh, NULL, NULL);
}

int rtnl_link_set_up(uint32_t ifindex, bool up)
{
	return rtnl_link_change(
		&(struct link_change){.ifindex = ifindex, .flags = up ? IFF_UP : 0, .mask = IFF_UP});
}

int rtnl_link_set_mtu(uint32_t ifindex, uint32_t mtu)
{
	return rtnl_link_change(&(struct link_change){.ifindex = ifindex, .mtu = mtu});
}

int rtnl_link_set_alias(uint32_t ifindex, const char *alias)
{
	return rtnl_link_change(&(struct link_change){.ifindex = ifindex, .alias = alias});
}

int rtnl_link_set_dormant(uint32_t ifindex)
{
	return rtnl_link_change(&(struct link_change){.ifindex = ifindex, .operstate = OPERSTATE_DORMANT});
}

/*
 * --- addresses -------------------------------------------------------------------------------------------

 */

struct address {
	struct prefix prefix;
	bool ours; /* carries our IFA_PROTO */
};

struct address_list {
	uint32_t ifindex;
	size_t n;
	struct address address[RTNL_ADDRESSES_MAX];
};

static int address_attr(const struct nlattr *attr, void *arg)
{
	struct address *a = arg;
	size_t size = a->prefix.family == AF_INET ? IPV4_MAX_BYTELEN : IPV6_MAX_BYTELEN;
	uint16_t type = mnl_attr_get_type(attr);

	/*
	 * IFA_LOCAL is the address where there is a peer, and comes after IFA_ADDRESS; IPv6 has only the
	 * latter.
	 */
	if ((type == IFA_ADDRESS || type == IFA_LOCAL) && mnl_attr_get_payload_len(attr) == size)
		memcpy(&a->prefix.u, mnl_attr_get_payload(attr), size);
	if (type == IFA_PROTO && mnl_attr_get_payload_len(attr) == 1)
		a->ours = mnl_attr_get_u8(attr) == RTNL_PROTO_OURS;
	return MNL_CB_OK;
}

static int address_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct address_list *list = arg;
	struct address a = {};

	if (ifa->ifa_index != list->ifindex || list->n == array_size(list->address))
		return MNL_CB_OK;
	if (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6)
		return MNL_CB_OK;
	a.prefix.family = ifa->ifa_family;
	a.prefix.prefixlen = ifa->ifa_prefixlen;
	mnl_attr_parse(nlh, sizeof(*ifa), address_attr, &a);
	if (ifa->ifa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a.prefix.u.prefix6))
		return MNL_CB_OK;
	list->address[list->n++] = a;
	return MNL_CB_OK;
}

static int addresses_read(struct rtnl *rtnl, struct address_list *list)
{
	struct nlmsghdr *nlh = rtnl_request(rtnl, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = AF_UNSPEC;
	ifa->ifa_index = list->ifindex;
	return rtnl_talk(rtnl, nlh, address_message, list);
}

static int address_change(struct rtnl *rtnl, uint16_t type, uint32_t ifindex, const struct prefix *p)
{
	size_t size = p->family == AF_INET ? IPV4_MAX_BYTELEN : IPV6_MAX_BYTELEN;
	uint16_t flags = type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_REPLACE : 0;
	struct nlmsghdr *nlh = rtnl_request(rtnl, type, flags);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = p->family;
	ifa->ifa_prefixlen = (uint8_t)p->prefixlen;
	ifa->ifa_index = ifindex;
	/* Nobody else is on this link who could have the address: usable at once. */
	ifa->ifa_flags = p->family == AF_INET6 ? IFA_F_NODAD : 0;
	mnl_attr_put(nlh, IFA_LOCAL, size, &p->u);
	mnl_attr_put(nlh, IFA_ADDRESS, size, &p->u);
	if (type == RTM_NEWADDR)
		mnl_attr_put_u8(nlh, IFA_PROTO, RTNL_PROTO_OURS);
	return rtnl_talk(rtnl, nlh, NULL, NULL);
}

static bool prefix_listed(const struct prefix *p, const struct prefix *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (prefix_same(p, &list[i]))
			return true;
	return false;
}

static bool address_present(const struct prefix *p, const struct address_list *have)
{
	for (size_t i = 0; i < have->n; i++)
		if (prefix_same(p, &have->address[i].prefix))
			return true;
	return false;
}

static void addresses_remove_stale(struct rtnl *rtnl, const struct address_list *have,
				   const struct prefix *want, size_t num_want, const struct prefix *before,
				   size_t num_before)
{
	for (size_t i = 0; i < have->n; i++) {
		const struct address *a = &have->address[i];

		if (prefix_listed(&a->prefix, want, num_want))
			continue;
		/* Gone already (a secondary goes with its primary) is as good. */
		if (a->ours || prefix_listed(&a->prefix, before, num_before))
			address_change(rtnl, RTM_DELADDR, have->ifindex, &a->prefix);
	}
}

static int addresses_sync(struct rtnl *rtnl, struct address_list *have, const struct prefix *want,
			  size_t num_want, const struct prefix *before, size_t num_before,
			  const struct prefix **failed)
{
	int err = addresses_read(rtnl, have);

	if (err)
		return err;
	addresses_remove_stale(rtnl, have, want, num_want, before, num_before);
	have->n = 0;
	err = addresses_read(rtnl, have);
	for (size_t i = 0; !err && i < num_want; i++) {
		if (address_present(&want[i], have))
			continue;
		err = address_change(rtnl, RTM_NEWADDR, have->ifindex, &want[i]);
		if (err && failed)
			*failed = &want[i];
	}
	return err;
}

int rtnl_addresses_set(uint32_t ifindex, const struct prefix *want, size_t num_want,
		       const struct prefix *before, size_t num_before, const struct prefix **failed)
{
	struct address_list have = {.ifindex = ifindex};
	struct rtnl rtnl;
	int err;

	err = rtnl_open(&rtnl);
	if (err)
		return err;
	err = addresses_sync(&rtnl, &have, want, num_want, before, num_before, failed);
	mnl_socket_close(rtnl.nl);
	return err;
}

int rtnl_addresses_missing(uint32_t ifindex, const struct prefix *want, size_t num_want,
			   const struct prefix **first)
{
	struct address_list have = {.ifindex = ifindex};
	struct rtnl rtnl;
	int missing = 0;
	int err;

	err = rtnl_open(&rtnl);
	if (err)
		return err;
	err = addresses_read(&rtnl, &have);
	mnl_socket_close(rtnl.nl);
	if (err)
		return err;
	for (size_t i = num_want; i-- > 0;) {
		if (address_present(&want[i], &have))
			continue;
		*first = &want[i];
		missing++;
	}
	return missing;
}

/*
 * --- the watch -------------------------------------------------------------------------------------------

 */

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
