// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interfaces against what others do to them, see shape.h: puts back what is ours. What an operator adds of
 * his own (further addresses, a queueing discipline) is none of our business. Main thread.
 */
#include <zebra.h>

#include "lib/log.h"
#include "lib/prefix.h"

#include "bgpvpnd/dplane/shape.h"

struct repair {
	struct dplane *dp;
	const struct dplane_shape_held *held;
	struct rtnl_link now;
	char *words;
	size_t len;
};

static void PRINTFRR(2, 3) note(struct repair *r, const char *format, ...)
{
	size_t used = strlen(r->words);
	va_list args;

	if (used)
		used = strlcat(r->words, ", ", r->len);
	if (used >= r->len)
		return;
	va_start(args, format);
	vsnprintfrr(r->words + used, r->len - used, format, args);
	va_end(args);
}

static int refuse(struct repair *r, const char *what, int err)
{
	return dplane_fail(r->dp, -err, "interface %s was %s by somebody: cannot put it back: %s",
			   r->held->shape->name, r->words[0] ? r->words : what, safe_strerror(-err));
}

/* First of all: without it the kernel keeps no IPv6 address. */
static int repair_admin(struct repair *r)
{
	int err;

	if (r->now.up)
		return 0;
	note(r, "set down");
	err = rtnl_link_set_up(r->held->ns, r->held->ifindex, true);
	return err ? refuse(r, "set down", err) : 0;
}

/* Taken out of it or put into another it loses IPv6 addresses and routes, so it comes before those. */
static int repair_vrf(struct repair *r, const struct rtnl_link *vrf)
{
	int err;

	if (!r->held->shape->vrf[0] || r->now.master == vrf->ifindex)
		return 0;
	note(r, "taken out of VRF %s", r->held->shape->vrf);
	err = rtnl_link_set_master(r->held->ns, r->held->ifindex, vrf->ifindex);
	if (!err)
		err = r->held->state->set_running(r->dp, r->held->arg, r->held->running);
	return err ? refuse(r, "taken out of its VRF", err) : 0;
}

static int repair_mtu(struct repair *r)
{
	uint32_t mtu = r->held->shape->mtu;
	int err;

	if (r->now.mtu == mtu)
		return 0;
	note(r, "given MTU %u", r->now.mtu);
	err = rtnl_link_set_mtu(r->held->ns, r->held->ifindex, mtu);
	return err ? refuse(r, "given another MTU", err) : 0;
}

static int repair_addresses(struct repair *r)
{
	const struct dplane_shape *shape = r->held->shape;
	const struct prefix *first = NULL;
	int missing = rtnl_addresses_missing(r->held->ns, r->held->ifindex, shape->inside, shape->num_inside,
					     &first);

	if (missing < 0)
		return refuse(r, "changed", missing);
	if (!missing)
		return 0;
	if (missing == 1)
		note(r, "robbed of inside address %pFX", first);
	else
		note(r, "robbed of inside addresses (%pFX and %d more)", first, missing - 1);
	return dplane_shape_addresses_set(r->dp, r->held->ns, r->held->ifindex, shape, shape);
}

/* To add them all again says which are missing without reading a whole table. */
static int repair_routes(struct repair *r, const struct rtnl_link *vrf)
{
	const struct dplane_shape *shape = r->held->shape;
	const struct prefix *first = NULL;
	int err, missing = 0;

	for (size_t i = 0; i < shape->num_routes; i++) {
		err = dplane_shape_route_add(r->dp, r->held->ns, r->held->ifindex, vrf->table, shape,
					     &shape->routes[i]);
		if (err == -EEXIST)
			continue;
		if (err)
			return err;
		if (!missing++)
			first = &shape->routes[i];
	}
	if (missing == 1)
		note(r, "robbed of the route to %pFX", first);
	else if (missing)
		note(r, "robbed of routes (%pFX and %d more)", first, missing - 1);
	return 0;
}

static int repair_running(struct repair *r)
{
	bool up = r->held->running;
	int err;

	if (r->held->state->shows(&r->now, up))
		return 0;
	note(r, up ? "set without carrier" : "set running");
	err = r->held->state->set_running(r->dp, r->held->arg, up);
	return err ? refuse(r, "given another carrier", err) : 0;
}

static int repair_nature(struct repair *r)
{
	char words[128] = "";
	int err = 0;

	if (r->held->state->mend)
		err = r->held->state->mend(r->held->arg, &r->now, words, sizeof(words));
	if (words[0])
		note(r, "%s", words);
	return err ? refuse(r, "made another", err) : 0;
}

static int repair(struct repair *r)
{
	const struct dplane_shape *shape = r->held->shape;
	int err = rtnl_link_get(r->held->ns, r->held->ifindex, &r->now);
	struct rtnl_link vrf;

	if (err == -ENODEV)
		return dplane_fail(r->dp, ENODEV, "interface %s was removed by somebody", shape->name);
	if (err)
		return refuse(r, "changed", err);
	err = dplane_shape_vrf_find(r->dp, r->held->ns, shape, &vrf);
	if (err == -ENODEV)
		return -ENXIO;
	if (!err)
		err = repair_nature(r);
	if (!err)
		err = repair_running(r);
	if (!err)
		err = repair_vrf(r, &vrf);
	if (!err)
		err = repair_admin(r);
	if (!err)
		err = repair_mtu(r);
	if (!err)
		err = repair_addresses(r);
	return err ? err : repair_routes(r, &vrf);
}

int dplane_shape_repair(struct dplane *dp, const struct dplane_shape_held *held, char *changed, size_t len)
{
	struct repair r = {.dp = dp, .held = held, .words = changed, .len = len};

	return repair(&r);
}
