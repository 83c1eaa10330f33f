// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses of interfaces, see rtnl.h. */
#include <zebra.h>

#include <linux/if_addr.h>

#include "lib/memory.h"

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/dplane/rtnl_talk.h"

DEFINE_MTYPE_STATIC(BGPVPN, RTNL_ADDRESSES, "VPN addresses of an interface");

struct address {
	struct prefix prefix;
	bool ours; /* carries our IFA_PROTO */
};

/* As many as somebody has put there: an interface that many links share has the addresses of all. */
struct address_list {
	uint32_t ifindex;
	size_t n, room;
	struct address *address;
};

static struct address *address_new(struct address_list *list)
{
	if (list->n == list->room) {
		list->room = list->room ? list->room * 2 : 8;
		list->address =
			XREALLOC(MTYPE_RTNL_ADDRESSES, list->address, list->room * sizeof(*list->address));
	}
	return &list->address[list->n++];
}

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

	if (ifa->ifa_index != list->ifindex)
		return MNL_CB_OK;
	if (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6)
		return MNL_CB_OK;
	a.prefix.family = ifa->ifa_family;
	a.prefix.prefixlen = ifa->ifa_prefixlen;
	mnl_attr_parse(nlh, sizeof(*ifa), address_attr, &a);
	if (ifa->ifa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a.prefix.u.prefix6))
		return MNL_CB_OK;
	*address_new(list) = a;
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

int rtnl_addresses_set(int ns, uint32_t ifindex, const struct prefix *want, size_t num_want,
		       const struct prefix *before, size_t num_before, const struct prefix **failed)
{
	struct address_list have = {.ifindex = ifindex};
	struct rtnl rtnl;
	int err;

	err = rtnl_open(&rtnl, ns);
	if (err)
		return err;
	err = addresses_sync(&rtnl, &have, want, num_want, before, num_before, failed);
	mnl_socket_close(rtnl.nl);
	XFREE(MTYPE_RTNL_ADDRESSES, have.address);
	return err;
}

int rtnl_addresses_missing(int ns, uint32_t ifindex, const struct prefix *want, size_t num_want,
			   const struct prefix **first)
{
	struct address_list have = {.ifindex = ifindex};
	struct rtnl rtnl;
	int missing = 0;
	int err;

	err = rtnl_open(&rtnl, ns);
	if (err)
		return err;
	err = addresses_read(&rtnl, &have);
	mnl_socket_close(rtnl.nl);
	for (size_t i = num_want; !err && i-- > 0;) {
		if (address_present(&want[i], &have))
			continue;
		*first = &want[i];
		missing++;
	}
	XFREE(MTYPE_RTNL_ADDRESSES, have.address);
	return err ? err : missing;
}

void rtnl_addresses_announce(int ns, uint32_t ifindex, const struct prefix *addresses, size_t n)
{
	struct rtnl rtnl;

	if (rtnl_open(&rtnl, ns) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		(void)address_change(&rtnl, RTM_NEWADDR, ifindex, &addresses[i]);
	mnl_socket_close(rtnl.nl);
}
