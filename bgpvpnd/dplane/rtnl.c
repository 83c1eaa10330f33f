// SPDX-License-Identifier: GPL-2.0-or-later
/* rtnetlink for both planes, see rtnl.h. */
#include <zebra.h>

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "bgpvpnd/dplane/rtnl_talk.h"

/*
 * Marks the addresses as ours (IFA_PROTO); any number that nobody has: rtnetlink.h reserves up to 3, routing
 * daemons of FRR stay above 180.
 */
#define RTNL_PROTO_OURS 0x76

/* Addresses on one interface that we look at: ours are LIMIT_INSIDE_PREFIXES, a stale set as many again. */
#define RTNL_ADDRESSES_MAX 32

/*
 * --- links -----------------------------------------------------------------------------------------------

 */

static int link_data_attr(const struct nlattr *attr, void *arg)
{
	struct rtnl_link *link = arg;

	if (mnl_attr_get_type(attr) == IFLA_XFRM_IF_ID && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		link->if_id = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

/* The kind comes before the data that only it explains. */
static int link_kind_attr(const struct nlattr *attr, void *arg)
{
	struct rtnl_link *link = arg;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		strlcpy(link->kind, mnl_attr_get_str(attr), sizeof(link->kind));
	if (mnl_attr_get_type(attr) == IFLA_INFO_DATA && strcmp(link->kind, "xfrm") == 0)
		return mnl_attr_parse_nested(attr, link_data_attr, link);
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

struct link_change {
	uint32_t ifindex;
	unsigned int flags;
	unsigned int mask;
	uint32_t mtu;	   /* 0: as it is */
	uint8_t operstate; /* RTNL_OPER_UNKNOWN: as it is */
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
	if (change->operstate != RTNL_OPER_UNKNOWN)
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
	return rtnl_link_change(&(struct link_change){.ifindex = ifindex, .operstate = RTNL_OPER_DORMANT});
}

int rtnl_link_set_operative(uint32_t ifindex)
{
	return rtnl_link_change(&(struct link_change){.ifindex = ifindex, .operstate = RTNL_OPER_UP});
}

int rtnl_link_del(uint32_t ifindex)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh;
	struct rtnl rtnl;
	int err;

	err = rtnl_open(&rtnl);
	if (err)
		return err;
	nlh = rtnl_request(&rtnl, RTM_DELLINK, 0);
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = (int)ifindex;
	return rtnl_once(&rtnl, nlh, NULL, NULL);
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

void rtnl_addresses_announce(uint32_t ifindex, const struct prefix *addresses, size_t n)
{
	struct rtnl rtnl;

	if (rtnl_open(&rtnl) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		(void)address_change(&rtnl, RTM_NEWADDR, ifindex, &addresses[i]);
	mnl_socket_close(rtnl.nl);
}
