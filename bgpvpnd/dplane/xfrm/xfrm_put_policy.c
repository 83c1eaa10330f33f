// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages about policies, see xfrm_msg.h. */
#include <zebra.h>

#include <libmnl/libmnl.h>

#include "bgpvpnd/dplane/xfrm/xfrm_put.h"

static uint8_t kernel_dir(enum xfrm_policy_dir where)
{
	switch (where) {
	case XFRM_WHERE_IN:
		return XFRM_POLICY_IN;
	case XFRM_WHERE_OUT:
		return XFRM_POLICY_OUT;
	case XFRM_WHERE_FWD:
		return XFRM_POLICY_FWD;
	}
	return XFRM_POLICY_OUT;
}

/* In transport mode there is one header, so one family. */
static uint16_t template_family(const struct xfrm_policy *policy)
{
	return xfrm_put_family(policy->transport ? &policy->from.start : &policy->path.dst.addr);
}

static void put_template(struct nlmsghdr *nlh, const struct xfrm_policy *policy)
{
	struct xfrm_user_tmpl tmpl = {
		.id.daddr = xfrm_put_addr(&policy->path.dst.addr),
		.id.spi = htonl(policy->spi),
		.id.proto = IPPROTO_ESP,
		.saddr = xfrm_put_addr(&policy->path.src.addr),
		.family = template_family(policy),
		.reqid = policy->reqid,
		.mode = policy->transport ? XFRM_MODE_TRANSPORT : XFRM_MODE_TUNNEL,
		/* Which algorithms is the SA's affair: the key exchange has seen to that. */
		.aalgos = UINT32_MAX,
		.ealgos = UINT32_MAX,
		.calgos = UINT32_MAX,
	};

	mnl_attr_put(nlh, XFRMA_TMPL, sizeof(tmpl), &tmpl);
}

static struct xfrm_lifetime_cfg forever(void)
{
	return (struct xfrm_lifetime_cfg){
		.soft_byte_limit = XFRM_INF,
		.hard_byte_limit = XFRM_INF,
		.soft_packet_limit = XFRM_INF,
		.hard_packet_limit = XFRM_INF,
	};
}

/* With the selectors and the direction these are what the kernel knows a policy by. */
static void put_place(struct nlmsghdr *nlh, const struct xfrm_policy *policy)
{
	if (policy->if_id)
		mnl_attr_put_u32(nlh, XFRMA_IF_ID, policy->if_id);
	xfrm_put_mark(nlh, policy->mark, policy->mark_mask);
}

struct nlmsghdr *xfrm_msg_policy(void *buf, const struct xfrm_policy *policy)
{
	struct nlmsghdr *nlh = xfrm_put_head(buf, XFRM_MSG_UPDPOLICY, 0);
	struct xfrm_userpolicy_info *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));

	info->sel = xfrm_put_selector(&policy->from, &policy->to);
	info->sel.user = policy->owner;
	info->lft = forever();
	info->priority = policy->priority;
	info->dir = kernel_dir(policy->where);
	info->action = policy->block ? XFRM_POLICY_BLOCK : XFRM_POLICY_ALLOW;
	if (!policy->block)
		put_template(nlh, policy);
	put_place(nlh, policy);
	return nlh;
}

static struct nlmsghdr *policy_named(void *buf, uint16_t type, const struct xfrm_policy *policy)
{
	struct nlmsghdr *nlh = xfrm_put_head(buf, type, 0);
	struct xfrm_userpolicy_id *id = mnl_nlmsg_put_extra_header(nlh, sizeof(*id));

	id->sel = xfrm_put_selector(&policy->from, &policy->to);
	id->sel.user = policy->owner;
	id->dir = kernel_dir(policy->where);
	put_place(nlh, policy);
	return nlh;
}

struct nlmsghdr *xfrm_msg_policy_del(void *buf, const struct xfrm_policy *policy)
{
	return policy_named(buf, XFRM_MSG_DELPOLICY, policy);
}

struct nlmsghdr *xfrm_msg_policy_get(void *buf, const struct xfrm_policy *policy)
{
	return policy_named(buf, XFRM_MSG_GETPOLICY, policy);
}

struct nlmsghdr *xfrm_msg_policy_dump(void *buf)
{
	return xfrm_put_head(buf, XFRM_MSG_GETPOLICY, NLM_F_DUMP);
}
