// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel plane: ESP and its policies in the kernel, a link for each tunnel, which may share its interface (xfrm_dev.h). The xfrm_*.c of this folder that are no builders or
 * parsers share it. Main thread; there is no other.
 *
 * A link has an if_id, which its interface carries, and a reqid of our range. Everything of it in the kernel has both, so that neither
 * an operator's own SAs are ever touched nor one of ours is left behind.
 *
 * The outbound policies name the SPI of the child that sends: which SA a packet takes is never the kernel's choice, and changes from
 * one packet to the next. The inbound and forward policies take any SA of the reqid.
 */
#ifndef BGPVPN_XFRM_XFRM_PLANE_H
#define BGPVPN_XFRM_XFRM_PLANE_H

#include "bgpvpnd/dplane/event_queue.h"
#include "bgpvpnd/dplane/held.h"
#include "bgpvpnd/dplane/link.h"
#include "bgpvpnd/dplane/outer_sock.h"
#include "bgpvpnd/dplane/spi_table.h"
#include "bgpvpnd/dplane/xfrm/nft_table.h"
#include "bgpvpnd/dplane/xfrm/xfrm_dev.h"
#include "bgpvpnd/dplane/xfrm/xfrm_early.h"
#include "bgpvpnd/dplane/xfrm/xfrm_sock.h"
#include "bgpvpnd/dplane/xfrm/xfrm_stat.h"

/* Numbers from here on are ours, as many as there can be links: reqids always, if_ids of the interfaces that we make. */
#define XFRM_OURS      0x76706e00u
#define XFRM_OURS_MASK 0xff000000u

static inline bool xfrm_is_ours(uint32_t reqid)
{
	return (reqid & XFRM_OURS_MASK) == (XFRM_OURS & XFRM_OURS_MASK);
}

PREDECL_HASH(xfrm_children);
PREDECL_DLIST(xfrm_siblings);
PREDECL_DLIST(xfrm_rules);

struct xfrm_plane {
	struct dplane dp; /* first */
	struct outer_socks socks;
	struct xfrm_sock sock;
	int events; /* -1: none, as below */
	int watch;
	int names; /* of network namespaces, as they come and go; opened with the first interface in one */
	int icmp4;
	int icmp6;
	int poll; /* epoll of all that can be read */
	int traps; /* and in it, of those sockets */
	struct event_queue *queue;
	struct dplane_links links;
	struct xfrm_devs_head devs;
	enum xfrm_tried tried[XFRM_KINDS];
	struct xfrm_children_head children;
	struct spi_table spis;
	struct xfrm_early early;
	struct xfrm_child *moving;     /* NULL, or not to be looked for just now */
	struct xfrm_sa_seen *farewell; /* NULL, or what its SA in was at its end */
	struct nft_table mss;
	struct xfrm_stat since; /* at open */
	uint64_t socket_errors;
	uint64_t ike_malformed;
	unsigned int strays; /* removed, see xfrm_sweep_one(), and not told yet */
	uint16_t probe_id;
	uint8_t datagram[LIMIT_IKE_MSG];
};

/* A pair of selectors of a link, in the kernel as a policy in and one forward, and one out when the sender has it. */
struct xfrm_rule {
	struct xfrm_rules_item item;
	struct ts local;
	struct ts remote;
	unsigned int users; /* children */
	bool out;	    /* the policy out is there */
};

struct xfrm_link {
	struct dplane_link base; /* first */
	struct xfrm_dev *dev;
	struct xfrm_sharers_item sharer;
	uint32_t if_id_in; /* 0: of no XFRM interface */
	uint32_t if_id_out;
	uint32_t mark; /* mask 0: none */
	uint32_t mark_mask;
	bool transport; /* GRE and IPIP: ESP in transport mode, whatever was agreed with the peer (RFC 3884) */
	uint32_t reqid;
	struct xfrm_rules_head rules;
	struct xfrm_siblings_head children; /* in the order of their coming */
	struct xfrm_child *sender;
	bool robbed; /* of policies, perhaps: the next repair asks the kernel for each */
	int trap;    /* -1: closed */
	struct held trapped;
	struct instant acquired; /* said last; {0}: never */
	uint16_t probe_seq;
	struct dplane_inside_stats probe;
};

struct xfrm_child {
	struct xfrm_children_item item;
	struct xfrm_siblings_item sibling;
	struct xfrm_link *link;
	struct child_sa_params params; /* with the keys: a SA that moves is a new one for the kernel */
	uint16_t replay_window;
	enum child_sa_wear told;
	struct endpoint seen_at;    /* told: where the peer is, unlike params.remote */
	struct endpoint before;	    /* params.remote when a move was told and counted */
	struct instant moves_since; /* LIMIT_PEER_MOVES_PER_S counts from then */
	unsigned int moves;
	struct dplane_child_stats stats; /* as last asked for */
};

static inline struct xfrm_plane *xfrm_plane_of(struct dplane *dp)
{
	return (struct xfrm_plane *)dp;
}

/* The monotonic clock. */
struct instant xfrm_now(void);

/* Around a message of xfrm_msg.h: with the privileges, the keys wiped. */
int xfrm_tell(struct xfrm_plane *plane, struct nlmsghdr *nlh);
int xfrm_ask(struct xfrm_plane *plane, struct nlmsghdr *nlh,
	     void (*each)(void *arg, const struct xfrm_news *news), void *arg);

/* dplane_fail() with the kernel's reason of the last refusal. */
int xfrm_refused(struct xfrm_plane *plane, int err, const char *what);

/* Whether this kernel can do all that we need; else -errno, and dp->error says what is missing. Leaves nothing behind. */
int xfrm_try(struct xfrm_plane *plane);

/* xfrm_sweep.c: removes what has a reqid of ours and no owner; of all, or one that was told of. */
void xfrm_sweep(struct xfrm_plane *plane);
void xfrm_sweep_one(struct xfrm_plane *plane, const struct xfrm_news *news);

/* Has the plane's descriptor tell of this one too, until it is closed; nothing for a negative one. 0 or -errno. */
int xfrm_poll_add(struct xfrm_plane *plane, int fd);

/*
 * --- xfrm_link.c -----------------------------------------------------------------------------------------
 */

void xfrm_links_teardown(struct xfrm_plane *plane); /* leaves the interfaces behind, dormant */
struct xfrm_link *xfrm_link_find(struct xfrm_plane *plane, uint32_t id);
void xfrm_link_changed(struct xfrm_plane *plane, struct dplane_link *link);
void xfrm_links_robbed(struct xfrm_plane *plane, uint32_t if_id);    /* a policy is gone; 0: any */
void xfrm_link_pulled(struct xfrm_plane *plane, uint32_t id);

int xfrm_link_add(struct dplane *dp, const struct dplane_link_params *params, uint32_t *link);
int xfrm_link_set(struct dplane *dp, uint32_t link, const struct dplane_link_params *params);
int xfrm_link_del(struct dplane *dp, uint32_t link);
int xfrm_link_set_running(struct dplane *dp, uint32_t link, bool running);
void xfrm_link_announce(struct dplane *dp, uint32_t link);
int xfrm_link_repair(struct dplane *dp, uint32_t link, char *changed, size_t len);

/*
 * --- xfrm_pair.c: selectors ------------------------------------------------------------------------------
 */

/* Each of `local` with each of `remote` that goes with it. */
struct xfrm_pairs {
	struct ts_list local;
	struct ts_list remote;
};

/* IP protocols that an interface's own packets have between its outer addresses: GRE and IPIP; else none. How many. */
unsigned int xfrm_outer_protos(const struct dplane_link_nature *nature, uint8_t protos[2]);
void xfrm_pairs_outer(const struct dplane_link_nature *nature, struct xfrm_pairs *pairs);

/* What a child's policies are about: what was agreed with the peer, or in transport mode the interface's outer packets. */
void xfrm_pairs_of(const struct xfrm_link *link, const struct child_sa_params *params,
		   struct xfrm_pairs *pairs);

/* The next pair, from *i on, both with the protocol of the pair. */
bool xfrm_pairs_next(const struct xfrm_pairs *pairs, unsigned int *i, struct ts *local, struct ts *remote);
#define EACH_PAIR(pairs, i, local, remote)                                                                   \
	for (unsigned int i = 0; xfrm_pairs_next(pairs, &i, &local, &remote);)

bool xfrm_ts_equal(const struct ts *a, const struct ts *b);
bool xfrm_pair_in(const struct xfrm_pairs *pairs, const struct ts *local, const struct ts *remote);

/* The wider a pair, the more: of two that match a packet, the narrower is meant. Prefixes; below 4096. */
uint32_t xfrm_pair_width(const struct ts *local, const struct ts *remote);

/* "10.0.0.0/8 - 0.0.0.0/0 protocol 6" */
void xfrm_pair_words(char *to, size_t len, const struct ts *local, const struct ts *remote);

/*
 * --- xfrm_rule.c: policies -------------------------------------------------------------------------------
 */

/* In transport mode what the interface sends has to be what the SA takes; else -EADDRNOTAVAIL with words. */
int xfrm_ends_check(struct xfrm_plane *plane, const struct xfrm_link *link, const struct ipaddr *local,
		    const struct ipaddr *remote);

/* Whether the kernel can say these selectors, and no other link's policies are the same to it; else -errno with words. */
int xfrm_rules_check(struct xfrm_plane *plane, const struct xfrm_link *link,
		     const struct child_sa_params *params);

/* The policies in and forward of a child; all of them or none. */
int xfrm_rules_hold(struct xfrm_plane *plane, struct xfrm_link *link, const struct child_sa_params *params);
void xfrm_rules_drop(struct xfrm_plane *plane, struct xfrm_link *link, const struct child_sa_params *params);

/* Makes the policies out those of this child, NULL: none. The one that was stays when it fails. */
int xfrm_rules_send(struct xfrm_plane *plane, struct xfrm_link *link, struct xfrm_child *sender);

/* Whether it is one of ours. */
bool xfrm_rules_own(struct xfrm_plane *plane, const struct xfrm_policy *policy);

/* How many policies were missing, and are back; or -errno. */
int xfrm_rules_repair(struct xfrm_plane *plane, struct xfrm_link *link);

/*
 * --- xfrm_guard.c ----------------------------------------------------------------------------------------
 */

/*
 * Nothing of a GRE or IPIP interface leaves or comes in the clear: policies that block its outer packets, behind those of a
 * child. They are there before the interface is up and until it is removed, whether we live or not. Others need none: their kinds drop what no
 * policy of theirs asks for.
 */
int xfrm_guard_put(struct xfrm_plane *plane, const struct dplane_link_params *params);
void xfrm_guard_drop(struct xfrm_plane *plane, const struct dplane_link_params *params);
void xfrm_guard_undo(struct xfrm_plane *plane,
		     const struct dplane_link_params *params); /* unless there is such an interface of ours */

/* How many of its policies were missing, and are back; or -errno. */
int xfrm_guard_repair(struct xfrm_plane *plane, const struct dplane_link_params *params);

/* Whether the kernel's policy is a guard whose interface is still there. */
bool xfrm_guard_needed(const struct xfrm_policy *policy);

/*
 * --- xfrm_child.c, xfrm_move.c ---------------------------------------------------------------------------
 */

void xfrm_children_setup(struct xfrm_plane *plane);
void xfrm_children_teardown(struct xfrm_plane *plane);
void xfrm_children_of_link_del(struct xfrm_plane *plane, struct xfrm_link *link);

/* One that has this SPI in or out; NULL: none of ours. */
struct xfrm_child *xfrm_child_of_spi(struct xfrm_plane *plane, uint32_t spi);

/* Tells of children whose SAs somebody has deleted; of one, or of all (NULL). */
void xfrm_children_look(struct xfrm_plane *plane, struct xfrm_child *child);
void xfrm_child_wear(struct xfrm_plane *plane, struct xfrm_child *child, enum child_sa_wear wear);

struct xfrm_path xfrm_path_in(const struct child_sa_params *params);
struct xfrm_path xfrm_path_out(const struct child_sa_params *params);

/* The SA of one direction; `replay`: of the one whose place it takes, or NULL. */
int xfrm_child_install(struct xfrm_plane *plane, const struct xfrm_child *child,
		       const struct child_sa_params *params, enum xfrm_dir dir,
		       const struct xfrm_replay *replay);

/* Ports of `params` in place of those that it has, at the same addresses. */
int xfrm_child_ports(struct xfrm_plane *plane, const struct xfrm_child *child,
		     const struct child_sa_params *params, enum xfrm_dir dir);
void xfrm_child_remove(struct xfrm_plane *plane, const struct xfrm_child *child,
		       const struct child_sa_params *params, enum xfrm_dir dir);

/* A SA as the kernel has it; -ESRCH: it has not. */
int xfrm_child_read(struct xfrm_plane *plane, const struct xfrm_child *child,
		    const struct child_sa_params *params, enum xfrm_dir dir, struct xfrm_sa_seen *seen);

int xfrm_child_add(struct dplane *dp, uint32_t link, const struct child_sa_params *params,
		   uint16_t replay_window);
int xfrm_child_use(struct dplane *dp, uint32_t child_id);
int xfrm_child_del(struct dplane *dp, uint32_t child_id);
int xfrm_child_stats(struct dplane *dp, uint32_t child_id, struct dplane_child_stats *stats);
int xfrm_child_move(struct dplane *dp, uint32_t child_id, const struct endpoint *local,
		    const struct endpoint *remote);
int xfrm_child_keepalive(struct dplane *dp, uint32_t child_id);

struct xfrm_child *xfrm_child_find(struct xfrm_plane *plane, uint32_t child_id);
int xfrm_no_child(struct dplane *dp, uint32_t child_id);

/*
 * --- xfrm_mss.c: TCP MSS ---------------------------------------------------------------------------------
 */

void xfrm_mss_open(struct xfrm_plane *plane); /* inside dplane_privileged(); notes what it cannot */
void xfrm_mss_events(struct xfrm_plane *plane);

/* A link with these has come, changed or gone. */
void xfrm_mss_follow(struct xfrm_plane *plane, const struct dplane_link_params *params);
int xfrm_mss_repair(struct xfrm_plane *plane, char *changed, size_t len);

/*
 * --- xfrm_trap.c: the first packet brings a link up ------------------------------------------------------
 */

/* After every change of what the link wants or who sends: opens its trap, or lets go what it has caught and closes it. */
void xfrm_trap_look(struct xfrm_plane *plane, struct xfrm_link *link);
void xfrm_trap_off(struct xfrm_link *link);
void xfrm_traps_read(struct xfrm_plane *plane);

/*
 * --- xfrm_event.c, xfrm_probe.c --------------------------------------------------------------------------
 */

void xfrm_event_news(void *arg, const struct xfrm_news *news);

void xfrm_probes_open(struct xfrm_plane *plane); /* inside dplane_privileged() */
void xfrm_probes_open_in(int ns, int *icmp4, int *icmp6); /* likewise; -1 what cannot be opened */
void xfrm_probes_close(struct xfrm_plane *plane);
void xfrm_probes_read(struct xfrm_plane *plane);
int xfrm_inside_probe(struct dplane *dp, uint32_t link);
int xfrm_inside_stats(struct dplane *dp, uint32_t link, struct dplane_inside_stats *stats);

#endif
