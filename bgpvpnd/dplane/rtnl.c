// SPDX-License-Identifier: GPL-2.0-or-later
/* rtnetlink for both planes, see rtnl.h. */
#include <zebra.h>

#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "bgpvpnd/dplane/rtnl_talk.h"

/* The kind comes before the data that only it explains. */
static int link_kind_attr(const struct nlattr *attr, void *arg)
{
	struct rtnl_link *link = arg;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		strlcpy(link->kind, mnl_attr_get_str(attr), sizeof(link->kind));
	if (mnl_attr_get_type(attr) == IFLA_INFO_DATA)
		rtnl_tunnel_read(attr, link);
	return MNL_CB_OK;
}

static int link_attr(const struct nlattr *attr, void *arg)
{
	struct rtnl_link *link = arg;

	if (mnl_attr_get_type(attr) == IFLA_IFNAME && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		strlcpy(link->name, mnl_attr_get_str(attr), sizeof(link->name));
	if (mnl_attr_get_type(attr) == IFLA_MTU && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		link->mtu = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == IFLA_CARRIER && mnl_attr_validate(attr, MNL_TYPE_U8) >= 0)
		link->carrier = mnl_attr_get_u8(attr);
	if (mnl_attr_get_type(attr) == IFLA_OPERSTATE && mnl_attr_validate(attr, MNL_TYPE_U8) >= 0)
		link->operstate = mnl_attr_get_u8(attr);
	if (mnl_attr_get_type(attr) == IFLA_MASTER && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		link->master = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == IFLA_LINK_NETNSID && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		link->keys_nsid = (int)mnl_attr_get_u32(attr);
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
static int link_ask(int ns, const char *name, uint32_t ifindex, struct rtnl_link *link)
{
	struct rtnl_link found = {.keys_nsid = RTNL_HERE};
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh;
	struct rtnl rtnl;
	int err;

	err = rtnl_open(&rtnl, ns);
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

int rtnl_link_find(int ns, const char *name, struct rtnl_link *link)
{
	return link_ask(ns, name, 0, link);
}

int rtnl_link_get(int ns, uint32_t ifindex, struct rtnl_link *link)
{
	return link_ask(ns, NULL, ifindex, link);
}

struct links_each {
	void (*each)(void *arg, const struct rtnl_link *link);
	void *arg;
};

static int links_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct links_each *each = arg;
	struct rtnl_link link = {.keys_nsid = RTNL_HERE};
	int rc = link_message(nlh, &link);

	if (rc == MNL_CB_OK)
		each->each(each->arg, &link);
	return rc;
}

int rtnl_links_each(int ns, void (*each)(void *arg, const struct rtnl_link *link), void *arg)
{
	struct links_each all = {.each = each, .arg = arg};
	struct nlmsghdr *nlh;
	struct rtnl rtnl;
	int err = rtnl_open(&rtnl, ns);

	if (err)
		return err;
	nlh = rtnl_request(&rtnl, RTM_GETLINK, NLM_F_DUMP);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	return rtnl_once(&rtnl, nlh, links_message, &all);
}

struct link_change {
	uint32_t ifindex;
	unsigned int flags;
	unsigned int mask;
	uint32_t mtu;	   /* 0: as it is */
	uint8_t operstate; /* RTNL_OPER_UNKNOWN: as it is */
	const char *alias; /* NULL: as it is */
	bool change_master;
	uint32_t master; /* 0: none */
};

static int rtnl_link_change(int ns, const struct link_change *change)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh;
	struct rtnl rtnl;
	int err;

	err = rtnl_open(&rtnl, ns);
	if (err)
		return err;
	nlh = rtnl_request(&rtnl, RTM_NEWLINK, 0);
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = (int)change->ifindex;
	ifi->ifi_flags = change->flags;
	ifi->ifi_change = change->mask;
	if (change->mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, change->mtu);
	if (change->operstate != RTNL_OPER_UNKNOWN)
		mnl_attr_put_u8(nlh, IFLA_OPERSTATE, change->operstate);
	if (change->alias)
		mnl_attr_put_strz(nlh, IFLA_IFALIAS, change->alias);
	if (change->change_master)
		mnl_attr_put_u32(nlh, IFLA_MASTER, change->master);
	return rtnl_once(&rtnl, nlh, NULL, NULL);
}

int rtnl_link_set_up(int ns, uint32_t ifindex, bool up)
{
	return rtnl_link_change(
		ns, &(struct link_change){.ifindex = ifindex, .flags = up ? IFF_UP : 0, .mask = IFF_UP});
}

int rtnl_link_set_mtu(int ns, uint32_t ifindex, uint32_t mtu)
{
	return rtnl_link_change(ns, &(struct link_change){.ifindex = ifindex, .mtu = mtu});
}

int rtnl_link_set_alias(int ns, uint32_t ifindex, const char *alias)
{
	return rtnl_link_change(ns, &(struct link_change){.ifindex = ifindex, .alias = alias});
}

int rtnl_link_set_master(int ns, uint32_t ifindex, uint32_t master)
{
	return rtnl_link_change(
		ns, &(struct link_change){.ifindex = ifindex, .change_master = true, .master = master});
}

int rtnl_link_set_dormant(int ns, uint32_t ifindex)
{
	return rtnl_link_change(ns,
				&(struct link_change){.ifindex = ifindex, .operstate = RTNL_OPER_DORMANT});
}

int rtnl_link_set_operative(int ns, uint32_t ifindex)
{
	return rtnl_link_change(ns, &(struct link_change){.ifindex = ifindex, .operstate = RTNL_OPER_UP});
}

int rtnl_link_del(int ns, uint32_t ifindex)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh;
	struct rtnl rtnl;
	int err;

	err = rtnl_open(&rtnl, ns);
	if (err)
		return err;
	nlh = rtnl_request(&rtnl, RTM_DELLINK, 0);
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = (int)ifindex;
	return rtnl_once(&rtnl, nlh, NULL, NULL);
}

int rtnl_link_add(const struct rtnl_link *want, const char *name)
{
	struct nlmsghdr *nlh;
	struct rtnl rtnl;
	int err;

	err = rtnl_open(&rtnl, RTNL_HERE);
	if (err)
		return err;
	nlh = rtnl_request(&rtnl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_tunnel_put(nlh, want, name);
	return rtnl_once(&rtnl, nlh, NULL, NULL);
}

int rtnl_link_mend(int ns, const struct rtnl_link *want, uint32_t ifindex)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh;
	struct rtnl rtnl;
	int err;

	err = rtnl_open(&rtnl, ns);
	if (err)
		return err;
	nlh = rtnl_request(&rtnl, RTM_NEWLINK, 0);
	ifi = rtnl_tunnel_put(nlh, want, NULL);
	ifi->ifi_index = (int)ifindex;
	return rtnl_once(&rtnl, nlh, NULL, NULL);
}

int rtnl_link_move(uint32_t ifindex, const char *name, int ns)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh;
	struct rtnl rtnl;
	int err;

	err = rtnl_open(&rtnl, RTNL_HERE);
	if (err)
		return err;
	nlh = rtnl_request(&rtnl, RTM_NEWLINK, 0);
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = (int)ifindex;
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)ns);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return rtnl_once(&rtnl, nlh, NULL, NULL);
}
