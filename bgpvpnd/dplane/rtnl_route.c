// SPDX-License-Identifier: GPL-2.0-or-later
/* Routes into interfaces of ours, see rtnl.h. */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/dplane/rtnl_talk.h"

DEFINE_MTYPE_STATIC(BGPVPN, RTNL_ROUTES, "VPN routes of a predecessor");

/* To zebra the highest byte is an administrative distance: an operator's own routes win. */
#define METRIC (15u << 24)

struct route {
	struct prefix to;
	uint32_t ifindex;
	uint32_t table;
};

static int route_change(struct rtnl *rtnl, uint16_t type, const struct route *route)
{
	uint16_t flags = type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_EXCL : 0;
	struct nlmsghdr *nlh = rtnl_request(rtnl, type, flags);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = route->to.family;
	rtm->rtm_dst_len = (uint8_t)route->to.prefixlen;
	rtm->rtm_protocol = RTNL_PROTO_OURS;
	rtm->rtm_scope = RT_SCOPE_LINK;
	rtm->rtm_type = RTN_UNICAST;
	mnl_attr_put(nlh, RTA_DST, prefix_blen(&route->to), &route->to.u);
	mnl_attr_put_u32(nlh, RTA_OIF, route->ifindex);
	mnl_attr_put_u32(nlh, RTA_TABLE, route->table);
	if (type == RTM_NEWROUTE)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, METRIC);
	return rtnl_talk(rtnl, nlh, NULL, NULL);
}

static int route_once(int ns, uint16_t type, const struct route *route)
{
	struct rtnl rtnl;
	int err = rtnl_open(&rtnl, ns);

	if (err)
		return err;
	err = route_change(&rtnl, type, route);
	mnl_socket_close(rtnl.nl);
	return err;
}

int rtnl_route_add(int ns, uint32_t ifindex, uint32_t table, const struct prefix *to)
{
	return route_once(ns, RTM_NEWROUTE, &(struct route){.to = *to, .ifindex = ifindex, .table = table});
}

int rtnl_route_del(int ns, uint32_t ifindex, uint32_t table, const struct prefix *to)
{
	return route_once(ns, RTM_DELROUTE, &(struct route){.to = *to, .ifindex = ifindex, .table = table});
}

/*
 * --- connected -------------------------------------------------------------------------------------------
 */

struct match {
	uint32_t ifindex;
	unsigned int len;
	bool gateway;
};

static int match_attr(const struct nlattr *attr, void *arg)
{
	struct match *match = arg;

	if (mnl_attr_get_type(attr) == RTA_OIF && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		match->ifindex = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == RTA_GATEWAY || mnl_attr_get_type(attr) == RTA_VIA)
		match->gateway = true;
	return MNL_CB_OK;
}

static int match_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct match *match = arg;

	match->len = rtm->rtm_dst_len;
	return mnl_attr_parse(nlh, sizeof(*rtm), match_attr, match);
}

static int match_of(int ns, uint32_t vrf, uint8_t family, const void *addr, struct match *match)
{
	size_t len = family == AF_INET ? 4 : 16;
	struct nlmsghdr *nlh;
	struct rtnl rtnl;
	struct rtmsg *rtm;
	int err = rtnl_open(&rtnl, ns);

	if (err)
		return err;
	*match = (struct match){};
	nlh = rtnl_request(&rtnl, RTM_GETROUTE, 0);
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = family;
	rtm->rtm_dst_len = (uint8_t)(len * 8);
	rtm->rtm_flags = RTM_F_FIB_MATCH;
	mnl_attr_put(nlh, RTA_DST, len, addr);
	if (vrf)
		mnl_attr_put_u32(nlh, RTA_OIF, vrf);
	return rtnl_once(&rtnl, nlh, match_message, match);
}

/* Its first and its last address: a longer prefix may have the first, but hardly both. */
uint32_t rtnl_route_connected(int ns, uint32_t vrf, uint32_t ifindex, const struct prefix *to)
{
	struct prefix last = *to;
	struct match match;

	for (unsigned int i = to->prefixlen; i < prefix_blen(to) * 8u; i++)
		((uint8_t *)&last.u)[i / 8] |= (uint8_t)(0x80 >> i % 8);
	for (int i = 0; i < 2; i++) {
		if (match_of(ns, vrf, to->family, i ? &last.u : &to->u, &match) == 0 && match.ifindex &&
		    match.ifindex != ifindex && !match.gateway && match.len && match.len <= to->prefixlen)
			return match.ifindex;
	}
	return 0;
}

/*
 * --- sweep -----------------------------------------------------------------------------------------------
 */

struct routes {
	struct route *route;
	size_t n, room;
};

static int route_attr(const struct nlattr *attr, void *arg)
{
	struct route *route = arg;

	if (mnl_attr_get_type(attr) == RTA_DST && mnl_attr_get_payload_len(attr) == prefix_blen(&route->to))
		memcpy(&route->to.u, mnl_attr_get_payload(attr), prefix_blen(&route->to));
	if (mnl_attr_get_type(attr) == RTA_OIF && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		route->ifindex = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == RTA_TABLE && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		route->table = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int route_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct routes *routes = arg;
	struct route route = {.table = rtm->rtm_table};

	/* A kernel before 4.20 lists all there are. */
	if (rtm->rtm_protocol != RTNL_PROTO_OURS ||
	    (rtm->rtm_family != AF_INET && rtm->rtm_family != AF_INET6))
		return MNL_CB_OK;
	route.to.family = rtm->rtm_family;
	route.to.prefixlen = rtm->rtm_dst_len;
	mnl_attr_parse(nlh, sizeof(*rtm), route_attr, &route);
	if (routes->n == routes->room) {
		routes->room = routes->room ? routes->room * 2 : 16;
		routes->route =
			XREALLOC(MTYPE_RTNL_ROUTES, routes->route, routes->room * sizeof(*routes->route));
	}
	routes->route[routes->n++] = route;
	return MNL_CB_OK;
}

static int sweep_family(struct rtnl *rtnl, uint8_t family)
{
	struct nlmsghdr *nlh = rtnl_request(rtnl, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	struct routes routes = {};
	int err;

	rtm->rtm_family = family;
	rtm->rtm_protocol = RTNL_PROTO_OURS;
	err = rtnl_talk(rtnl, nlh, route_message, &routes);
	/* Gone already is as good. */
	for (size_t i = 0; i < routes.n; i++)
		route_change(rtnl, RTM_DELROUTE, &routes.route[i]);
	XFREE(MTYPE_RTNL_ROUTES, routes.route);
	return err;
}

int rtnl_routes_sweep(int ns)
{
	struct rtnl rtnl;
	int err = rtnl_open(&rtnl, ns);

	if (err)
		return err;
	err = sweep_family(&rtnl, AF_INET);
	if (!err)
		err = sweep_family(&rtnl, AF_INET6);
	mnl_socket_close(rtnl.nl);
	return err;
}
