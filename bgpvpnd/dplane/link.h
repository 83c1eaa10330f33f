// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is the same of a tunnel interface in both planes: its handle, what it was given, its MTU and addresses, and that somebody
 * changed it. A plane's own struct begins with struct dplane_link. Private to the planes; main thread.
 */
#ifndef BGPVPN_DPLANE_LINK_H
#define BGPVPN_DPLANE_LINK_H

#include "lib/typesafe.h"

#include "bgpvpnd/dplane/dplane_fail.h"
#include "bgpvpnd/dplane/rtnl.h"
#include "bgpvpnd/dplane/shape.h"

PREDECL_HASH(dplane_link_ids);
PREDECL_HASH(dplane_link_indexes);

struct dplane_link {
	struct dplane_link_ids_item by_id;
	struct dplane_link_indexes_item by_index;
	uint32_t id;
	uint32_t ifindex;
	bool ours; /* made by us or a predecessor: ours to remove */
	bool running;
	bool changed; /* said so, and the event was not pulled yet */
	struct dplane_link_params params;
};

struct dplane_links {
	struct dplane_link_ids_head ids;
	struct dplane_link_indexes_head indexes;
	uint32_t last;
};

/*
 * --- the table -------------------------------------------------------------------------------------------
 */

void dplane_links_init(struct dplane_links *links);
void dplane_links_fini(struct dplane_links *links); /* empty by now */

/* A handle that no other has; before dplane_link_enter(). */
uint32_t dplane_link_id_new(struct dplane_links *links);
void dplane_link_enter(struct dplane_links *links, struct dplane_link *link);
void dplane_link_leave(struct dplane_links *links, struct dplane_link *link);

struct dplane_link *dplane_link_find(struct dplane_links *links, uint32_t id);
struct dplane_link *dplane_link_find_index(struct dplane_links *links, uint32_t ifindex);
struct dplane_link *dplane_link_first(struct dplane_links *links);
struct dplane_link *dplane_link_next(struct dplane_links *links,
				     struct dplane_link *link); /* NULL: that was the last */

/* The refusal for a handle that nobody has. */
int dplane_link_unknown(struct dplane *dp, uint32_t id);

/*
 * --- what an interface shall be --------------------------------------------------------------------------
 */

/* Tells a successor that the interface is no stranger's. An operator sees it too, in `ip link`. */
#define DPLANE_LINK_MARK "bgpvpnd"

int dplane_link_params_check(struct dplane *dp, const struct dplane_link_params *params, uint32_t mtu_max);

/* The same of an interface that has one link and was just made or adopted, found by its name; and sets it up. */
int dplane_link_configure(struct dplane *dp, const struct dplane_link_params *params, uint32_t *ifindex);

/* dplane_ops.link_set for an interface that we have; the plane's own part comes after it. */
int dplane_link_reconfigure(struct dplane *dp, struct dplane_link *link,
			    const struct dplane_link_params *params, uint32_t mtu_max);

/* dplane_ops.links_sweep of any plane; link_sweep.c. */
void dplane_links_sweep(struct dplane *dp, const char *netns, const char *pattern,
			bool (*kept)(const void *arg, const char *name), const void *arg);

/* dplane_ops.link_announce of a link, NULL: of none. */
void dplane_link_announce(struct dplane *dp, int ns, const struct dplane_link *link);

/* Somebody else made it, and may need it again: back without what was ours. */
void dplane_link_release(struct dplane *dp, const struct dplane_link *link);

/* dplane_ops.link_repair; the state's functions get the link. */
int dplane_link_repair(struct dplane *dp, struct dplane_link *link, const struct dplane_shape_state *state,
		       char *changed, size_t len);

#endif
