// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Floor 3: the tunnel, the noun that an operator configures and sees. The folder's public header.
 *
 * A tunnel compares what should be (tunnel_cfg, an immutable snapshot) with what is (the engine's connection, the data
 * plane's child, the link) after every change, and acts on the difference: level-triggered, so nothing depends on the
 * order of events. Link state is one pure function, tunnel_link_wanted(). No clock, no timer, no socket here either:
 * `now` comes in, tunnels_next_expiry() goes out.
 */
#ifndef BGPVPN_TUNNEL_TUNNEL_H
#define BGPVPN_TUNNEL_TUNNEL_H

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/dplane/dplane.h"
#include "bgpvpnd/ike/ike.h"

/* --- configuration --------------------------------------------------------------------------------------- */

enum tunnel_initiate {
	TUNNEL_INITIATE_ALWAYS,
	TUNNEL_INITIATE_ON_DEMAND, /* when a packet wants to go there */
	TUNNEL_INITIATE_NEVER,
};

/*
 * One tunnel's configuration with its profile folded in. Made by tunnel_cfg_new() with the defaults of DESIGN.md 4, filled, then
 * handed over and never changed. Counted.
 */
struct tunnel_cfg {
	uint32_t refs;
	char name[LIMIT_TUNNEL_NAME + 1]; /* of an instance: its template's, a slash, who the peer is */
	char description[256];
	char profile[LIMIT_NAME + 1];
	bool shutdown;
	char interface[16]; /* with %u in it: of each peer of ike->many its own */
	struct dplane_link_nature nature;
	char vrf[16];
	bool manual; /* no IKE: manual_sa is installed as it is, and the link is up while it is */
	struct child_sa_params manual_sa;
	uint8_t num_inside;
	struct prefix inside[LIMIT_INSIDE_PREFIXES];
	enum tunnel_initiate initiate;
	uint32_t mtu;	  /* 0: auto */
	uint32_t tcp_mss; /* 0: auto, UINT32_MAX: off */
	uint32_t hold_up_ms;
	uint32_t liveness_interval_s;
	uint32_t liveness_detect_ms;
	uint16_t replay_window;
	struct ike_conn_cfg *ike; /* owned reference; local, remote, ids, secret, proposals are in here */
};

struct tunnel_cfg *tunnel_cfg_new(const char *name);
struct tunnel_cfg *tunnel_cfg_ref(struct tunnel_cfg *cfg);
void tunnel_cfg_unref(struct tunnel_cfg *cfg);

/* How much of a running tunnel a new configuration disturbs; the table of fields is in tunnel_cfg.c. */
enum tunnel_change {
	TUNNEL_CHANGE_NONE,
	TUNNEL_CHANGE_APPLY,   /* taken over live: MTU, timers, description, addresses */
	TUNNEL_CHANGE_RESTART, /* IKE starts anew: peer, identities, secret, proposals */
};
enum tunnel_change tunnel_cfg_compare(const struct tunnel_cfg *old, const struct tunnel_cfg *new);

/* --- life ------------------------------------------------------------------------------------------------ */

struct tunnels;

/* Both borrowed, outliving it. `dplane` may be NULL: then tunnels are kept, shown, and say that there is no data plane. */
struct tunnels *tunnels_new(struct ike_engine *engine, struct dplane *dplane);

/*
 * terminate_all, when the daemon ends: tells the peers and takes the links down. The interfaces stay, without carrier, for
 * a successor: while they are there, what is routed into a tunnel goes nowhere else.
 */
void tunnels_free(struct tunnels *tunnels);
void tunnels_terminate_all(struct tunnels *tunnels, struct instant now);

/* Adds or changes the tunnel cfg->name: takes a reference. Remove, and another interface name, remove the interface. */
void tunnels_set_cfg(struct tunnels *tunnels, struct tunnel_cfg *cfg, struct instant now);
void tunnels_remove(struct tunnels *tunnels, const char *name, struct instant now);

/*
 * `clear vpn tunnel NAME`: closes it and, where it initiates, begins anew. Of a template of many peers: all of them, of an instance: that one;
 * they come again when their peer dials. False: no such tunnel.
 */
bool tunnels_clear(struct tunnels *tunnels, const char *name, struct instant now);

/*
 * `vpn rekey tunnel NAME [ike|child]`: new keys now, as at the end of a lifetime. NULL: it has begun; else why it cannot, in the
 * operator's words.
 */
const char *tunnels_rekey(struct tunnels *tunnels, const char *name, bool ike, struct instant now);

/*
 * What the kernel sends to the peer of a tunnel without local address leaves from `local` now; `gone`: the address in use is not ours
 * any more. See ike_local_moved().
 */
void tunnels_local_moved(struct tunnels *tunnels, const char *name, const struct ipaddr *local, bool gone,
			 struct instant now);

/*
 * zebra has an interface of this name now. Of its addresses it may have heard before, and then forgets them (FRR 8.4: another thread
 * reads these), so they are told again; without them bgpd takes no session over it.
 */
void tunnels_interface_known(struct tunnels *tunnels, const char *interface);

/* --- world in -------------------------------------------------------------------------------------------- */

/* Every output of the engine but DATAGRAM, and every event of the plane but IKE. */
void tunnels_ike_output(struct tunnels *tunnels, const struct ike_output *out, struct instant now);
void tunnels_dplane_event(struct tunnels *tunnels, const struct dplane_event *event, struct instant now);
void tunnels_expire(struct tunnels *tunnels, struct instant now);
struct instant tunnels_next_expiry(const struct tunnels *tunnels);

/* --- what changed, for the log: pulled like the engine's outputs ----------------------------------------- */

enum tunnel_news_type {
	TUNNEL_NEWS_LINK_UP,
	TUNNEL_NEWS_LINK_DOWN,
	TUNNEL_NEWS_IKE_UP,
	TUNNEL_NEWS_IKE_DOWN,
	TUNNEL_NEWS_FAILURE, /* an attempt failed; said once until the reason changes */
	TUNNEL_NEWS_DPLANE,  /* the data plane refused something */
	TUNNEL_NEWS_PATH,    /* the path MTU has changed */
};
struct tunnel_news {
	enum tunnel_news_type type;
	char tunnel[LIMIT_TUNNEL_NAME + 1];
	char interface[16];
	struct instant when;
	char words[384]; /* the whole sentence behind the tunnel's name */
};
bool tunnels_news(struct tunnels *tunnels, struct tunnel_news *news);

/* --- the link rule: tunnel_link.c ------------------------------------------------------------------------ */

/* Facts that decide it, and nothing else does. */
struct tunnel_link_facts {
	bool enabled;	   /* configured and not shut down */
	bool dplane;	   /* there is a data plane and it has the interface */
	bool many;	   /* a template: it carries nothing itself, its peers do */
	uint32_t peers_up; /* many: that many of them have their link up */
	bool manual;	   /* no IKE: usable_child is all that can be known */
	bool waiting; /* on demand, and what is routed into it is kept for the Child SA that it brings about */
	bool usable_child; /* an installed pair */
	bool proven;	   /* heard from the peer through this very pair or IKE SA since it was installed */
	bool reachable;	   /* not declared unreachable since */
	bool inside_dead;  /* ESP answered before and is silent now, though IKE answers */
	bool published;	   /* the link is up now */
	struct instant up_allowed; /* not up before this: hold-up */
};

struct tunnel_link_verdict {
	bool up;
	const char *why; /* the operator's words: the first fact that keeps it down, or "peer is reachable" */
};

struct tunnel_link_verdict tunnel_link_wanted(const struct tunnel_link_facts *facts, struct instant now);

/* --- show: by value -------------------------------------------------------------------------------------- */

/* What the MTU of the interface comes from. */
enum tunnel_mtu_from {
	TUNNEL_MTU_CONFIGURED,
	TUNNEL_MTU_ASSUMED, /* 1500, where nothing says less */
	TUNNEL_MTU_DEVICE,  /* the one that packets to the peer leave by */
	TUNNEL_MTU_ROUTE,
	TUNNEL_MTU_LEARNED, /* a router on the way answered so */
};

/* One word: "device". */
const char *tunnel_mtu_from_name(enum tunnel_mtu_from from);

struct tunnel_info {
	char name[LIMIT_TUNNEL_NAME + 1];
	char parent[LIMIT_NAME + 1]; /* of an instance: its template's name; else "" */
	struct ike_id_cfg peer_id;   /* of an instance: whom the peer proved to be */
	bool many; /* a template; it has `peers` instances, `peers_up` of them with their link up */
	uint32_t peers;
	uint32_t peers_up;
	const struct tunnel_cfg *cfg; /* borrowed until the next change */
	const char *dataplane;	      /* "userspace", "none" */
	bool link_up;
	char link_reason[256];
	bool waiting; /* on demand, and up so that a packet can come */
	struct instant link_since;
	uint32_t link_changes;
	struct ike_conn_info ike;
	bool child_installed;
	uint8_t num_pairs; /* in the data plane: more than one while one takes over from another */
	struct dplane_child_stats child;
	struct dplane_inside_stats inside;
	uint32_t mtu;
	enum tunnel_mtu_from mtu_from;
	uint32_t path_mtu;    /* of outer packets; 0: does not matter */
	char path_device[16]; /* that they leave by; "": not known */
	struct instant last_heard; /* {0}: never */
	bool reachable;
};

/* Why the MTU is what it is: "of a path of 1400, by device eth0". */
void tunnel_mtu_words(const struct tunnel_info *info, char *buf, size_t len);

/* In order of names, instances right behind their template; false at the end. The next of NULL is the first. */
bool tunnels_info(const struct tunnels *tunnels, const char *name, struct tunnel_info *info);
bool tunnels_info_next(const struct tunnels *tunnels, const char *after, struct tunnel_info *info);

/* The names of the tunnels on an interface, in order; the next of NULL is the first, NULL ends. */
const char *tunnels_on_interface(const struct tunnels *tunnels, const char *interface, const char *after);

/* Likewise of the others that the peer cannot tell from this one: which of its tunnels has which of them is chance. */
const char *tunnels_alike(const struct tunnels *tunnels, const char *name, const char *after);

#endif
