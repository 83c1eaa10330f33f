// SPDX-License-Identifier: GPL-2.0-or-later
/* What an interface shall be like, see shape.h. */
#include <zebra.h>

#include <linux/rtnetlink.h>

#include "lib/log.h"
#include "lib/memory.h"
#include "lib/prefix.h"

#include "bgpvpnd/dplane/shape.h"

DEFINE_MTYPE_STATIC(BGPVPN, SHAPE, "VPN interface addresses and routes");

/*
 * --- of one link, of several -----------------------------------------------------------------------------
 */

static bool listed(const struct prefix *p, const struct prefix *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (prefix_same(p, &list[i]))
			return true;
	return false;
}

static void append(struct prefix **list, size_t *n, const struct prefix *p)
{
	*list = XREALLOC(MTYPE_SHAPE, *list, (*n + 1) * sizeof(**list));
	(*list)[(*n)++] = *p;
}

void dplane_shape_merge(struct dplane_shape *shape, const struct dplane_link_params *params)
{
	strlcpy(shape->name, params->name, sizeof(shape->name));
	if (params->vrf[0])
		strlcpy(shape->vrf, params->vrf, sizeof(shape->vrf));
	if (!shape->mtu || params->mtu < shape->mtu)
		shape->mtu = params->mtu;
	/* In their order: the first of a network is its primary address. */
	for (size_t i = 0; i < params->num_inside; i++)
		if (!listed(&params->inside[i], shape->inside, shape->num_inside))
			append(&shape->inside, &shape->num_inside, &params->inside[i]);
	for (size_t i = 0; i < params->num_routes; i++) {
		struct prefix to = params->routes[i];

		apply_mask(&to);
		append(&shape->routes, &shape->num_routes, &to);
	}
}

static int prefix_order(const void *a, const void *b)
{
	return prefix_cmp(a, b);
}

void dplane_shape_merged(struct dplane_shape *shape)
{
	size_t n = 0;

	if (shape->num_routes)
		qsort(shape->routes, shape->num_routes, sizeof(*shape->routes), prefix_order);
	for (size_t i = 0; i < shape->num_routes; i++)
		if (!n || !prefix_same(&shape->routes[n - 1], &shape->routes[i]))
			shape->routes[n++] = shape->routes[i];
	shape->num_routes = n;
}

static bool has_route(const struct dplane_shape *shape, const struct prefix *to)
{
	return shape->num_routes &&
	       bsearch(to, shape->routes, shape->num_routes, sizeof(*to), prefix_order) != NULL;
}

void dplane_shape_fini(struct dplane_shape *shape)
{
	XFREE(MTYPE_SHAPE, shape->inside);
	XFREE(MTYPE_SHAPE, shape->routes);
}

/*
 * --- VRF -------------------------------------------------------------------------------------------------
 */

int dplane_shape_vrf_find(struct dplane *dp, int ns, const struct dplane_shape *shape, struct rtnl_link *vrf)
{
	int err;

	*vrf = (struct rtnl_link){.table = RT_TABLE_MAIN};
	if (!shape->vrf[0])
		return 0;
	err = rtnl_link_find(ns, shape->vrf, vrf);
	if (err == -ENODEV)
		return dplane_fail(dp, ENODEV,
				   "interface %s: there is no VRF %s: `ip link add %s type vrf table N`",
				   shape->name, shape->vrf, shape->vrf);
	if (err)
		return dplane_fail(dp, -err, "interface %s: cannot find VRF %s: %s", shape->name, shape->vrf,
				   safe_strerror(-err));
	if (strcmp(vrf->kind, "vrf") != 0)
		return dplane_fail(dp, EINVAL, "interface %s: %s is no VRF", shape->name, shape->vrf);
	return 0;
}

/* Without one an interface is left where it is, but for the one that we put it into. */
static int vrf_set(struct dplane *dp, int ns, uint32_t ifindex, const struct dplane_shape *shape,
		   const struct dplane_shape *before, const struct rtnl_link *vrf)
{
	struct rtnl_link now;
	int err;

	if (!shape->vrf[0] && (!before || !before->vrf[0]))
		return 0;
	err = rtnl_link_get(ns, ifindex, &now);
	if (!err && now.master != vrf->ifindex)
		err = rtnl_link_set_master(ns, ifindex, vrf->ifindex);
	return err ? dplane_fail(dp, -err, "interface %s: cannot put it into VRF %s: %s", shape->name,
				 shape->vrf[0] ? shape->vrf : "default", safe_strerror(-err))
		   : 0;
}

/*
 * --- MTU, addresses --------------------------------------------------------------------------------------
 */

static int mtu_set(struct dplane *dp, int ns, uint32_t ifindex, const struct dplane_shape *shape)
{
	int err = rtnl_link_set_mtu(ns, ifindex, shape->mtu);

	return err ? dplane_fail(dp, -err, "interface %s: cannot set MTU %u: %s", shape->name, shape->mtu,
				 safe_strerror(-err))
		   : 0;
}

int dplane_shape_addresses_set(struct dplane *dp, int ns, uint32_t ifindex, const struct dplane_shape *shape,
			       const struct dplane_shape *before)
{
	const struct prefix *failed = NULL;
	int err =
		rtnl_addresses_set(ns, ifindex, shape->inside, shape->num_inside,
				   before ? before->inside : NULL, before ? before->num_inside : 0, &failed);
	char text[PREFIX_STRLEN];

	if (!err)
		return 0;
	return dplane_fail(dp, -err, "interface %s: cannot set inside address %s: %s%s", shape->name,
			   failed ? prefix2str(failed, text, sizeof(text)) : "", safe_strerror(-err),
			   failed && failed->family == AF_INET6 ? " (is IPv6 disabled on this system?)" : "");
}

/*
 * --- routes ----------------------------------------------------------------------------------------------
 */

int dplane_shape_route_add(struct dplane *dp, int ns, uint32_t ifindex, uint32_t table,
			   const struct dplane_shape *shape, const struct prefix *to)
{
	int err = rtnl_route_add(ns, ifindex, table, to);
	char text[PREFIX_STRLEN];

	return err ? dplane_fail(dp, -err, "interface %s: cannot route %s into it: %s", shape->name,
				 prefix2str(to, text, sizeof(text)),
				 err == -EEXIST ? "somebody else has a route there" : safe_strerror(-err))
		   : 0;
}

/* A longer prefix would take from a network that is connected what goes there. */
static int route_check(struct dplane *dp, int ns, uint32_t ifindex, const struct dplane_shape *shape,
		       const struct rtnl_link *vrf, const struct prefix *to)
{
	uint32_t by = rtnl_route_connected(ns, vrf->ifindex, ifindex, to);
	char text[PREFIX_STRLEN];
	struct rtnl_link other;

	if (!by || rtnl_link_get(ns, by, &other) < 0)
		return 0;
	return dplane_fail(dp, EEXIST, "interface %s: cannot route %s into it: %s is connected to that",
			   shape->name, prefix2str(to, text, sizeof(text)), other.name);
}

/* In another VRF than before the kernel has removed them with the change. */
static int routes_set(struct dplane *dp, int ns, uint32_t ifindex, const struct dplane_shape *shape,
		      const struct dplane_shape *before, const struct rtnl_link *vrf)
{
	bool stayed = before && strcmp(before->vrf, shape->vrf) == 0;
	int err = 0;

	for (size_t i = 0; stayed && i < before->num_routes; i++)
		if (!has_route(shape, &before->routes[i]))
			rtnl_route_del(ns, ifindex, vrf->table, &before->routes[i]);
	for (size_t i = 0; !err && i < shape->num_routes; i++) {
		if (stayed && has_route(before, &shape->routes[i]))
			continue;
		err = route_check(dp, ns, ifindex, shape, vrf, &shape->routes[i]);
		if (!err)
			err = dplane_shape_route_add(dp, ns, ifindex, vrf->table, shape, &shape->routes[i]);
	}
	return err;
}

/*
 * --- all of it -------------------------------------------------------------------------------------------
 */

/* The VRF first: the kernel takes an interface down for a moment on its way there, and with it IPv6 addresses and routes. */
int dplane_shape_begin(struct dplane *dp, int ns, uint32_t ifindex, const struct dplane_shape *shape)
{
	struct rtnl_link vrf;
	int err = dplane_shape_vrf_find(dp, ns, shape, &vrf);

	if (!err)
		err = vrf_set(dp, ns, ifindex, shape, NULL, &vrf);
	if (!err)
		err = mtu_set(dp, ns, ifindex, shape);
	if (!err)
		err = dplane_shape_addresses_set(dp, ns, ifindex, shape, NULL);
	if (err)
		return err;
	err = rtnl_link_set_up(ns, ifindex, true);
	if (err)
		return dplane_fail(dp, -err, "interface %s: cannot set it up: %s", shape->name,
				   safe_strerror(-err));
	return routes_set(dp, ns, ifindex, shape, NULL, &vrf);
}

int dplane_shape_change(struct dplane *dp, int ns, uint32_t ifindex, const struct dplane_shape *shape,
			const struct dplane_shape *before)
{
	struct rtnl_link vrf;
	int err = dplane_shape_vrf_find(dp, ns, shape, &vrf);

	if (!err)
		err = vrf_set(dp, ns, ifindex, shape, before, &vrf);
	if (!err && shape->mtu != before->mtu)
		err = mtu_set(dp, ns, ifindex, shape);
	if (!err)
		err = dplane_shape_addresses_set(dp, ns, ifindex, shape, before);
	return err ? err : routes_set(dp, ns, ifindex, shape, before, &vrf);
}

void dplane_shape_release(int ns, uint32_t ifindex, const struct dplane_shape *shape)
{
	struct rtnl_link now, vrf = {.table = RT_TABLE_MAIN};

	if (shape->vrf[0] && rtnl_link_find(ns, shape->vrf, &vrf) < 0)
		vrf.table = RT_TABLE_MAIN;
	for (size_t i = 0; i < shape->num_routes; i++)
		rtnl_route_del(ns, ifindex, vrf.table, &shape->routes[i]);
	rtnl_addresses_set(ns, ifindex, NULL, 0, shape->inside, shape->num_inside, NULL);
	if (shape->vrf[0] && rtnl_link_get(ns, ifindex, &now) == 0 && now.master == vrf.ifindex)
		rtnl_link_set_master(ns, ifindex, 0);
}
