// SPDX-License-Identifier: GPL-2.0-or-later
/* What is the same of a tunnel interface in both planes, see link.h. */
#include <zebra.h>

#include "lib/jhash.h"
#include "lib/log.h"
#include "lib/prefix.h"

#include "bgpvpnd/dplane/link.h"

/* RFC 791: every host takes 576; below it nothing sensible fits. */
#define MTU_MIN	   576
#define MTU_MIN_V6 1280

/*
 * --- the table -------------------------------------------------------------------------------------------
 */

static int id_compare(const struct dplane_link *a, const struct dplane_link *b)
{
	return numcmp(a->id, b->id);
}

static uint32_t id_hash(const struct dplane_link *link)
{
	return jhash_1word(link->id, 0);
}

DECLARE_HASH(dplane_link_ids, struct dplane_link, by_id, id_compare, id_hash);

static int index_compare(const struct dplane_link *a, const struct dplane_link *b)
{
	return numcmp(a->ifindex, b->ifindex);
}

static uint32_t index_hash(const struct dplane_link *link)
{
	return jhash_1word(link->ifindex, 0);
}

DECLARE_HASH(dplane_link_indexes, struct dplane_link, by_index, index_compare, index_hash);

void dplane_links_init(struct dplane_links *links)
{
	dplane_link_ids_init(&links->ids);
	dplane_link_indexes_init(&links->indexes);
}

void dplane_links_fini(struct dplane_links *links)
{
	dplane_link_ids_fini(&links->ids);
	dplane_link_indexes_fini(&links->indexes);
}

uint32_t dplane_link_id_new(struct dplane_links *links)
{
	return ++links->last;
}

/* The kernel may have given the number of an interface that is gone, but whose handle is still held. */
static void index_take(struct dplane_links *links, struct dplane_link *link)
{
	struct dplane_link *old = dplane_link_indexes_find(&links->indexes, link);

	if (old)
		dplane_link_indexes_del(&links->indexes, old);
	dplane_link_indexes_add(&links->indexes, link);
}

void dplane_link_enter(struct dplane_links *links, struct dplane_link *link)
{
	dplane_link_ids_add(&links->ids, link);
	index_take(links, link);
}

void dplane_link_leave(struct dplane_links *links, struct dplane_link *link)
{
	dplane_link_ids_del(&links->ids, link);
	/* Not there when its number went to a newer one, see index_take(). */
	if (dplane_link_indexes_find(&links->indexes, link) == link)
		dplane_link_indexes_del(&links->indexes, link);
}

struct dplane_link *dplane_link_find(struct dplane_links *links, uint32_t id)
{
	struct dplane_link wanted;

	wanted.id = id;
	return dplane_link_ids_find(&links->ids, &wanted);
}

struct dplane_link *dplane_link_find_index(struct dplane_links *links, uint32_t ifindex)
{
	struct dplane_link wanted;

	wanted.ifindex = ifindex;
	return dplane_link_indexes_find(&links->indexes, &wanted);
}

struct dplane_link *dplane_link_first(struct dplane_links *links)
{
	return dplane_link_ids_first(&links->ids);
}

struct dplane_link *dplane_link_next(struct dplane_links *links, struct dplane_link *link)
{
	return dplane_link_ids_next(&links->ids, link);
}

int dplane_link_unknown(struct dplane *dp, uint32_t id)
{
	return dplane_fail(dp, ENODEV, "the data plane has no interface with handle %u", id);
}

/*
 * --- what an interface shall be --------------------------------------------------------------------------
 */

int dplane_link_params_check(struct dplane *dp, const struct dplane_link_params *params, uint32_t mtu_max)
{
	uint32_t min = MTU_MIN;

	for (size_t i = 0; i < params->num_inside; i++)
		if (params->inside[i].family == AF_INET6)
			min = MTU_MIN_V6;
	if (params->name[0] == '\0' || params->num_inside > LIMIT_INSIDE_PREFIXES)
		return dplane_fail(dp, EINVAL, "an interface needs a name and at most %d inside addresses",
				   LIMIT_INSIDE_PREFIXES);
	if (params->mtu < min || params->mtu > mtu_max)
		return dplane_fail(dp, EINVAL, "interface %s: MTU %u is outside %u-%u%s", params->name,
				   params->mtu, min, mtu_max,
				   min == MTU_MIN_V6 ? " (an IPv6 inside address needs 1280)" : "");
	return 0;
}

static struct dplane_shape shape_of(const struct dplane_link_params *params)
{
	struct dplane_shape shape = {};

	dplane_shape_merge(&shape, params);
	dplane_shape_merged(&shape);
	return shape;
}

int dplane_link_configure(struct dplane *dp, const struct dplane_link_params *params, uint32_t *ifindex)
{
	struct rtnl_link found;
	struct dplane_shape shape;
	int err = rtnl_link_find(RTNL_HERE, params->name, &found);

	if (err)
		return dplane_fail(dp, -err, "interface %s: not found after it was made: %s", params->name,
				   safe_strerror(-err));
	shape = shape_of(params);
	err = dplane_shape_begin(dp, RTNL_HERE, found.ifindex, &shape);
	dplane_shape_fini(&shape);
	if (!err)
		*ifindex = found.ifindex;
	return err;
}

int dplane_link_reconfigure(struct dplane *dp, struct dplane_link *link,
			    const struct dplane_link_params *params, uint32_t mtu_max)
{
	struct dplane_shape shape, before;
	int err = dplane_link_params_check(dp, params, mtu_max);

	if (err)
		return err;
	if (strcmp(params->name, link->params.name) != 0)
		return dplane_fail(dp, EINVAL, "interface %s cannot be renamed to %s", link->params.name,
				   params->name);
	shape = shape_of(params);
	before = shape_of(&link->params);
	dplane_privileged(dp, true);
	err = dplane_shape_change(dp, RTNL_HERE, link->ifindex, &shape, &before);
	dplane_privileged(dp, false);
	dplane_shape_fini(&shape);
	dplane_shape_fini(&before);
	if (!err)
		link->params = *params;
	return err;
}

void dplane_link_release(struct dplane *dp, const struct dplane_link *link)
{
	struct dplane_shape shape = shape_of(&link->params);

	dplane_privileged(dp, true);
	dplane_shape_release(RTNL_HERE, link->ifindex, &shape);
	dplane_privileged(dp, false);
	dplane_shape_fini(&shape);
}

int dplane_link_repair(struct dplane *dp, struct dplane_link *link, const struct dplane_shape_state *state,
		       char *changed, size_t len)
{
	struct dplane_shape shape = shape_of(&link->params);
	const struct dplane_shape_held held = {
		.ns = RTNL_HERE,
		.ifindex = link->ifindex,
		.running = link->running,
		.shape = &shape,
		.state = state,
		.arg = link,
	};
	int err;

	dplane_privileged(dp, true);
	err = dplane_shape_repair(dp, &held, changed, len);
	dplane_privileged(dp, false);
	dplane_shape_fini(&shape);
	return err;
}

/* An address that could not be told again is one that the next repair finds. */
void dplane_link_announce(struct dplane *dp, int ns, const struct dplane_link *link)
{
	if (!link)
		return;
	dplane_privileged(dp, true);
	rtnl_addresses_announce(ns, link->ifindex, link->params.inside, link->params.num_inside);
	dplane_privileged(dp, false);
}
