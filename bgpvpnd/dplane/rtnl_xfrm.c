// SPDX-License-Identifier: GPL-2.0-or-later
/* XFRM interfaces, see rtnl.h. */
#include <zebra.h>

#include <linux/if_link.h>

#include "bgpvpnd/dplane/rtnl_talk.h"

/* Dormant from its first moment on: nobody ever sees it run. */
int rtnl_link_add_xfrm(const char *name, uint32_t if_id)
{
	struct nlattr *info, *data;
	struct nlmsghdr *nlh;
	struct rtnl rtnl;
	int err;

	err = rtnl_open(&rtnl);
	if (err)
		return err;
	nlh = rtnl_request(&rtnl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u8(nlh, IFLA_OPERSTATE, RTNL_OPER_DORMANT);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "xfrm");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u32(nlh, IFLA_XFRM_IF_ID, if_id);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return rtnl_once(&rtnl, nlh, NULL, NULL);
}
