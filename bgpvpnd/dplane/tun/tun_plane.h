// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The user-space plane as the main thread holds it; tun_ops.c, tun_link.c, tun_watch.c and tun_child.c share
 * it. Main thread.
 */
#ifndef BGPVPN_TUN_TUN_PLANE_H
#define BGPVPN_TUN_TUN_PLANE_H

#include "bgpvpnd/dplane/dplane_fail.h"
#include "bgpvpnd/dplane/tun/tun_worker.h"

PREDECL_HASH(tun_links);
PREDECL_HASH(tun_indexes);
PREDECL_HASH(tun_refs);
PREDECL_HASH(tun_reserved);

struct tun_plane {
	struct dplane dp; /* first */
	struct tun_socks socks;
	struct tun_queue *queue;
	struct tun_worker *worker; /* NULL: not open */
	struct tun_counters counters;
	uint64_t ike_send_errors;
	int watch; /* netlink: what others change; -1: none */
	int poll;  /* epoll: queue and watch */
	uint32_t last_link;
	struct tun_links_head links;
	struct tun_indexes_head indexes;
	struct tun_refs_head refs;
	struct tun_reserved_head reserved;
};

static inline struct tun_plane *tun_plane_of(struct dplane *dp)
{
	return (struct tun_plane *)dp;
}

/*
 * --- tun_link.c: interfaces ------------------------------------------------------------------------------

 */

struct tun_link {
	struct tun_links_item item;
	struct tun_indexes_item by_index;
	uint32_t id;
	uint32_t ifindex;
	bool ours; /* made by us or a predecessor: ours to remove */
	bool running;
	bool changed; /* said so, and the event was not pulled yet */
	struct dplane_link_params params;
	struct tun_port port; /* lent to the tun thread: see tun_worker.h */
};

void tun_links_setup(struct tun_plane *plane);
void tun_links_teardown(struct tun_plane *plane); /* the thread has stopped; leaves the interfaces behind */
struct tun_link *tun_link_find(struct tun_plane *plane, uint32_t id);

int tun_link_add(struct dplane *dp, const struct dplane_link_params *params, uint32_t *link);
int tun_link_set(struct dplane *dp, uint32_t link, const struct dplane_link_params *params);
int tun_link_del(struct dplane *dp, uint32_t link);
int tun_link_set_running(struct dplane *dp, uint32_t link, bool running);
int tun_link_inside_probe(struct dplane *dp, uint32_t link);
int tun_link_inside_stats(struct dplane *dp, uint32_t link, struct dplane_inside_stats *stats);

int tun_link_unknown(struct dplane *dp, uint32_t id); /* the refusal for a handle that nobody has */

/* Carrier, and word of it to everybody at once. 0 or -errno. */
int tun_link_carrier(struct dplane *dp, const struct tun_link *link, bool on);

/* Addresses as `params` has them; `before`: what the interface was given so far, NULL at first. */
int tun_link_addresses(struct dplane *dp, uint32_t ifindex, const struct dplane_link_params *params,
		       const struct dplane_link_params *before);

/* Takes note of a change; 0: of any interface. tun_link_pulled(): the event was. */
void tun_link_changed(struct tun_plane *plane, uint32_t ifindex);
void tun_link_pulled(struct tun_plane *plane, uint32_t id);

/*
 * --- tun_watch.c: interfaces against what others do to them ----------------------------------------------

 */

/* Without a watch the plane works on, and dp->error says so. */
void tun_watch_open(struct tun_plane *plane);
void tun_watch_close(struct tun_plane *plane);

/* Puts a LINK_CHANGED into the queue for every interface that was changed since. */
void tun_watch_read(struct tun_plane *plane);

int tun_link_repair(struct dplane *dp, uint32_t link, char *changed, size_t len);

/*
 * --- tun_child.c: SPIs and Child SAs ---------------------------------------------------------------------

 */

void tun_children_setup(struct tun_plane *plane);
void tun_children_teardown(struct tun_plane *plane); /* the thread has stopped */

uint32_t tun_spi_reserve(struct dplane *dp);
void tun_spi_release(struct dplane *dp, uint32_t spi);
int tun_child_add(struct dplane *dp, uint32_t link, const struct child_sa_params *params,
		  uint16_t replay_window);
int tun_child_use(struct dplane *dp, uint32_t child_id);
int tun_child_del(struct dplane *dp, uint32_t child_id);
int tun_child_stats(struct dplane *dp, uint32_t child_id, struct dplane_child_stats *stats);
int tun_child_move(struct dplane *dp, uint32_t child_id, const struct endpoint *local,
		   const struct endpoint *remote);

int tun_child_keepalive(struct dplane *dp, uint32_t child_id);

/* Deletes the children of a link that goes. */
void tun_children_of_link_del(struct tun_plane *plane, struct tun_link *link);

#endif
