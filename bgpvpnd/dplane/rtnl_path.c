// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's way to an address, see rtnl.h. */
#include <zebra.h>

#include "lib/ipaddr.h"

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/dplane/rtnl_talk.h"

static int metric_attr(const struct nlattr *attr, void *arg)
{
	struct rtnl_path *path = arg;

	if (mnl_attr_get_type(attr) == RTAX_MTU && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		path->mtu = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int path_attr(const struct nlattr *attr, void *arg)
{
	struct rtnl_path *path = arg;
	struct rta_cacheinfo cache;

	if (mnl_attr_get_type(attr) == RTA_OIF && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		path->ifindex = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == RTA_METRICS)
		return mnl_attr_parse_nested(attr, metric_attr, path);
	if (mnl_attr_get_type(attr) == RTA_CACHEINFO && mnl_attr_get_payload_len(attr) >= sizeof(cache)) {
		memcpy(&cache, mnl_attr_get_payload(attr), sizeof(cache));
		path->learned = cache.rta_expires != 0;
	}
	return MNL_CB_OK;
}

static int path_message(const struct nlmsghdr *nlh, void *arg)
{
	return mnl_attr_parse(nlh, sizeof(struct rtmsg), path_attr, arg);
}

int rtnl_path_get(const struct ipaddr *from, const struct ipaddr *to, struct rtnl_path *path)
{
	struct bytes src = ipaddr_bytes(from), dst = ipaddr_bytes(to);
	struct rtnl_path found = {};
	struct nlmsghdr *nlh;
	struct rtnl rtnl;
	struct rtmsg *rtm;
	int err;

	err = rtnl_open(&rtnl, RTNL_HERE);
	if (err)
		return err;
	nlh = rtnl_request(&rtnl, RTM_GETROUTE, 0);
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = IS_IPADDR_V6(to) ? AF_INET6 : AF_INET;
	rtm->rtm_dst_len = (uint8_t)(dst.n * 8);
	mnl_attr_put(nlh, RTA_DST, dst.n, dst.p);
	if (!ipaddr_is_unspecified(from)) {
		rtm->rtm_src_len = (uint8_t)(src.n * 8);
		mnl_attr_put(nlh, RTA_SRC, src.n, src.p);
	}
	err = rtnl_once(&rtnl, nlh, path_message, &found);
	if (!err)
		*path = found;
	return err;
}
