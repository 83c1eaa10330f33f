// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The user-space plane as the main thread holds it; tun_ops.c, tun_link.c and tun_child.c share it. Main thread.
 */
#ifndef BGPVPN_TUN_TUN_PLANE_H
#define BGPVPN_TUN_TUN_PLANE_H

#include "bgpvpnd/dplane/link.h"
#include "bgpvpnd/dplane/spi_table.h"
#include "bgpvpnd/dplane/tun/tun_worker.h"

PREDECL_HASH(tun_refs);

struct tun_plane {
	struct dplane dp; /* first */
	struct outer_socks socks;
	struct event_queue *queue;
	struct tun_worker *worker; /* NULL: not open */
	struct tun_counters counters;
	uint64_t ike_send_errors;
	int watch; /* netlink: what others change; -1: none */
	int poll;  /* epoll: queue and watch */
	struct dplane_links links;
	struct tun_refs_head refs;
	struct spi_table spis;
};

static inline struct tun_plane *tun_plane_of(struct dplane *dp)
{
	return (struct tun_plane *)dp;
}

/*
 * --- tun_link.c: interfaces ------------------------------------------------------------------------------

 */

struct tun_link {
	struct dplane_link base; /* first */
	struct tun_port port;	 /* lent to the tun thread: see tun_worker.h */
};

void tun_links_teardown(struct tun_plane *plane); /* the thread has stopped; leaves the interfaces behind */
struct tun_link *tun_link_find(struct tun_plane *plane, uint32_t id);

int tun_link_add(struct dplane *dp, const struct dplane_link_params *params, uint32_t *link);
int tun_link_set(struct dplane *dp, uint32_t link, const struct dplane_link_params *params);
int tun_link_del(struct dplane *dp, uint32_t link);
int tun_link_set_running(struct dplane *dp, uint32_t link, bool running);
int tun_link_inside_probe(struct dplane *dp, uint32_t link);
int tun_link_inside_stats(struct dplane *dp, uint32_t link, struct dplane_inside_stats *stats);

/* Carrier, and word of it to everybody at once. 0 or -errno. */
int tun_link_carrier(struct dplane *dp, const struct tun_link *link, bool on);

/* Takes note of a change; 0: of any interface. tun_link_pulled(): the event was. */
void tun_link_changed(struct tun_plane *plane, uint32_t ifindex);
void tun_link_pulled(struct tun_plane *plane, uint32_t id);

/* Without a watch the plane works on, and dp->error says so. */
void tun_watch_open(struct tun_plane *plane);
void tun_watch_close(struct tun_plane *plane);

/* Puts a LINK_CHANGED into the queue for every interface that was changed since. */
void tun_watch_read(struct tun_plane *plane);

void tun_link_announce(struct dplane *dp, uint32_t link);
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
