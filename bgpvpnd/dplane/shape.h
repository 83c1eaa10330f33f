// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an interface shall be like, for one link or for all that share it: MTU, addresses, VRF, routes. Given to it, changed, put back when
 * somebody else has changed it, and taken away again. Private to the planes; main thread, inside dplane_privileged().
 */
#ifndef BGPVPN_DPLANE_SHAPE_H
#define BGPVPN_DPLANE_SHAPE_H

#include "bgpvpnd/dplane/dplane_fail.h"
#include "bgpvpnd/dplane/rtnl.h"

/* All zeroes: of no link yet. */
struct dplane_shape {
	char name[16];
	char vrf[16]; /* "": whatever somebody wants it to be */
	uint32_t mtu;
	size_t num_inside;
	struct prefix *inside;
	size_t num_routes;
	struct prefix *routes; /* sorted: those of a hub are many */
};

/* What one more link wants of it: the smallest MTU, the addresses and routes of all. */
void dplane_shape_merge(struct dplane_shape *shape, const struct dplane_link_params *params);
void dplane_shape_merged(struct dplane_shape *shape); /* after the last of them */
void dplane_shape_fini(struct dplane_shape *shape);

/* An interface that was just made or adopted; and sets it up. */
int dplane_shape_begin(struct dplane *dp, int ns, uint32_t ifindex, const struct dplane_shape *shape);
int dplane_shape_change(struct dplane *dp, int ns, uint32_t ifindex, const struct dplane_shape *shape,
			const struct dplane_shape *before);

/* An interface that stays without us: without what was ours. */
void dplane_shape_release(int ns, uint32_t ifindex, const struct dplane_shape *shape);

/* Its parts. vrf_find: what routes go into, with ifindex 0 and the main table when it has no VRF. */
int dplane_shape_vrf_find(struct dplane *dp, int ns, const struct dplane_shape *shape, struct rtnl_link *vrf);
int dplane_shape_addresses_set(struct dplane *dp, int ns, uint32_t ifindex, const struct dplane_shape *shape,
			       const struct dplane_shape *before);
int dplane_shape_route_add(struct dplane *dp, int ns, uint32_t ifindex, uint32_t table,
			   const struct dplane_shape *shape, const struct prefix *to);

/*
 * --- shape_repair.c: what somebody else does to it -------------------------------------------------------
 */

struct dplane_shape_state {
	/* Whether the interface shows the state that it was given, as far as one can see. */
	bool (*shows)(const struct rtnl_link *now, bool running);
	int (*set_running)(struct dplane *dp, void *arg, bool running); /* 0 or -errno */

	/* Puts back what the interface is made of, and says so in words; NULL: nobody can change that. 0 or -errno. */
	int (*mend)(void *arg, const struct rtnl_link *now, char *words, size_t len);
};

struct dplane_shape_held {
	int ns;
	uint32_t ifindex;
	bool running;
	const struct dplane_shape *shape;
	const struct dplane_shape_state *state;
	void *arg;
};

/* Appends to `changed` what it was that was put back. -ENODEV: it is not there any more. -ENXIO: its VRF is not. */
int dplane_shape_repair(struct dplane *dp, const struct dplane_shape_held *held, char *changed, size_t len);

#endif
