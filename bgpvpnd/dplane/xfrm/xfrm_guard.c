// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guards of GRE and IPIP interfaces, see xfrm_plane.h. A guard's selector is that of a child's policy; two policies they are by its
 * `user`, which the kernel compares when it looks for a policy to replace, but of which no packet has one. There a guard also has the name of its
 * interface: a successor of ours leaves alone what still has one.
 */
#include <zebra.h>

#include <net/if.h>

#include "lib/jhash.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

/* Behind all of ours (xfrm_rule.c), and whatever an operator may have for these packets. */
#define PRIORITY_LAST 0xfffffff0u

/* In the part of `user` that is not XFRM_OURS_MASK: the interface is in another network namespace, where we cannot look. */
#define ELSEWHERE 0x00800000u

static uint32_t owner_of(const char *name, bool elsewhere)
{
	uint32_t mask = ~XFRM_OURS_MASK & ~ELSEWHERE;

	return (XFRM_OURS & XFRM_OURS_MASK) | (jhash(name, strlen(name), 0) & mask) |
	       (elsewhere ? ELSEWHERE : 0);
}

static const enum xfrm_policy_dir directions[] = {XFRM_WHERE_OUT, XFRM_WHERE_IN};

static struct xfrm_policy guard_of(const struct dplane_link_params *params, const struct ts *local,
				   const struct ts *remote, enum xfrm_policy_dir where)
{
	bool out = where == XFRM_WHERE_OUT;

	return (struct xfrm_policy){
		.where = where,
		.from = out ? *local : *remote,
		.to = out ? *remote : *local,
		.block = true,
		.priority = PRIORITY_LAST,
		.owner = owner_of(params->name, params->nature.netns[0] != '\0'),
	};
}

/* Calls `each` for every policy of a guard, until one fails. */
static int guard_walk(struct xfrm_plane *plane, const struct dplane_link_params *params,
		      int (*each)(struct xfrm_plane *plane, const struct xfrm_policy *policy))
{
	struct xfrm_pairs pairs;
	struct ts local, remote;
	int err = 0;

	xfrm_pairs_outer(&params->nature, &pairs);
	EACH_PAIR(&pairs, i, local, remote)
	for (size_t d = 0; !err && d < array_size(directions); d++) {
		struct xfrm_policy policy = guard_of(params, &local, &remote, directions[d]);

		err = each(plane, &policy);
	}
	return err;
}

static int put(struct xfrm_plane *plane, const struct xfrm_policy *policy)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];

	return xfrm_tell(plane, xfrm_msg_policy(buf, policy));
}

/* Fails when somebody has deleted it, which is as good. */
static int drop(struct xfrm_plane *plane, const struct xfrm_policy *policy)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];

	xfrm_tell(plane, xfrm_msg_policy_del(buf, policy));
	return 0;
}

static int look(struct xfrm_plane *plane, const struct xfrm_policy *policy)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];

	return xfrm_tell(plane, xfrm_msg_policy_get(buf, policy));
}

int xfrm_guard_put(struct xfrm_plane *plane, const struct dplane_link_params *params)
{
	char what[100];
	int err = guard_walk(plane, params, put);

	if (!err)
		return 0;
	snprintf(what, sizeof(what), "the kernel does not take the policies that guard interface %s",
		 params->name);
	err = xfrm_refused(plane, err, what);
	xfrm_guard_drop(plane, params);
	return err;
}

void xfrm_guard_drop(struct xfrm_plane *plane, const struct dplane_link_params *params)
{
	guard_walk(plane, params, drop);
}

void xfrm_guard_undo(struct xfrm_plane *plane, const struct dplane_link_params *params)
{
	struct rtnl_link found;
	int err;

	dplane_privileged(&plane->dp, true);
	err = rtnl_link_find(RTNL_HERE, params->name, &found);
	dplane_privileged(&plane->dp, false);
	if (err == -ENODEV || (!err && strcmp(found.alias, DPLANE_LINK_MARK) != 0))
		xfrm_guard_drop(plane, params);
}

int xfrm_guard_repair(struct xfrm_plane *plane, const struct dplane_link_params *params)
{
	int err = guard_walk(plane, params, look);

	if (err == -ENOENT)
		err = guard_walk(plane, params, put);
	else if (!err)
		return 0;
	return err ? err : 1;
}

bool xfrm_guard_needed(const struct xfrm_policy *policy)
{
	struct if_nameindex *all, *at;
	bool found = false;

	if (!policy->block || !xfrm_is_ours(policy->owner))
		return false;
	if (policy->owner & ELSEWHERE)
		return true;
	all = if_nameindex();
	if (!all)
		return true;
	for (at = all; !found && at->if_name; at++)
		found = owner_of(at->if_name, false) == policy->owner;
	if_freenameindex(all);
	return found;
}
