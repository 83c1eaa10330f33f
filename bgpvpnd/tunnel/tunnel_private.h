// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tunnel's inside, private to tunnel/. One struct tunnel has five nouns, each with a file that owns it:
 *
 *	dial	what it asks of the engine: when to initiate, back off, begin anew	tunnel_dial.c
 *	port	what it has in the data plane: interface, Child SAs			tunnel_port.c
 *	path	what a packet to the peer may measure					tunnel_path.c
 *	reach	whether the peer is there						tunnel_reach.c
 *	link	what is published of it							tunnel_reconcile.c
 *
 * tunnel_reconcile() goes through them in this order, after every change.
 *
 * One whose configuration says `many` is a template: each of its peers gets an instance, a tunnel of its own (tunnel_spawn.c).
 */
#ifndef BGPVPN_TUNNEL_TUNNEL_PRIVATE_H
#define BGPVPN_TUNNEL_TUNNEL_PRIVATE_H

#include "lib/typesafe.h"

#include "bgpvpnd/tunnel/tunnel.h"
#include "bgpvpnd/tunnel/tunnel_mtu.h"
#include "bgpvpnd/tunnel/tunnel_reach.h"

PREDECL_RBTREE_UNIQ(tunnel_names);
PREDECL_HASH(tunnel_conns);
PREDECL_HASH(tunnel_ports);
PREDECL_HEAP(tunnel_timers);
PREDECL_LIST(tunnel_news_queue);
PREDECL_RBTREE_UNIQ(tunnel_instances);

struct tunnel_dial {
	struct ike_conn_cfg *given; /* what the engine has; borrowed (the engine counts it). NULL: nothing */
	struct instant at;	    /* initiate not before; INSTANT_NEVER: not decided */
	uint32_t attempts;	    /* in a row without a Child SA */
	bool ike_up;		    /* said so */
	uint32_t said;		    /* hash of the last failure's words; 0: none */
	struct instant said_at;
};

/* `initiate on-demand`; with tunnel_dial, whose backoff it keeps. */
struct tunnel_demand {
	bool wanted;	      /* a packet waits */
	bool lost;	      /* the peer was not reachable when last looked at */
	struct instant begun; /* the last attempt of ours; counts while dial.attempts do */
	struct instant bare;  /* an IKE SA without a Child SA since then; INSTANT_NEVER: no such one */
};

struct tunnel_port {
	uint32_t link;			  /* the plane's handle; 0: none */
	struct dplane_link_params params; /* as last accepted */
	struct instant retry;		  /* not before, after a refusal */
	bool running;			  /* the plane was told so */
	bool changed;			  /* somebody did something to the interface */
	bool displaced;			  /* it is not where it should be, and cannot be put there */
	struct instant looked;		  /* at what it was, last; {0}: never */
	struct instant repaired;	  /* last; {0}: never */
	char error[320];		  /* the refusal; "" */
	uint8_t num_children;
	uint32_t children[LIMIT_CHILDREN]; /* the last one sends */
	struct dplane_child_stats gone;	   /* of those deleted */
	struct instant keepalive;	   /* the next for the NAT; INSTANT_NEVER: none */
	uint32_t worn;			   /* the data plane wants this Child SA rekeyed; 0: none */
	bool no_v4, no_v6;		   /* the last pair does not carry these inside */
	bool swept;	    /* a template's: of a predecessor's interfaces nothing is left */
	uint8_t num_routes; /* an instance's: to what is behind its peer, as of the last pair */
	struct prefix routes[LIMIT_LINK_ROUTES];
};

struct tunnel_path {
	bool known;		       /* a suite was negotiated */
	struct tunnel_mtu_outer outer; /* around its packets, path_mtu aside */
	struct ipaddr local;
	struct ipaddr remote;
	struct instant due;	 /* to be looked at again */
	struct dplane_path seen; /* mtu 0: not yet */
};

struct tunnel_link {
	bool up; /* published */
	struct instant since;
	struct instant up_allowed;
	uint32_t changes;
};

/* Templates and their instances. */
struct tunnel_kin {
	struct tunnel *parent; /* of an instance; else NULL */
	uint32_t number; /* among those of its parent, the lowest that was free; the %u of its interface */
	struct ike_id_cfg peer_id;
	struct tunnel_instances_item item;
	struct tunnel_instances_head instances; /* by number */
	uint32_t up;				/* of them, as published */
};

struct tunnel {
	struct tunnel_names_item by_name;
	struct tunnel_conns_item by_conn;
	struct tunnel_ports_item by_link; /* in the hash while port.link is not 0 */
	struct tunnel_timers_item timer;
	struct tunnels *all;
	struct tunnel_cfg *cfg; /* counted */
	uint32_t conn;
	bool closing;
	struct instant due;  /* key of the heap */
	struct instant seen; /* the last reconcile */
	struct instant child_since;
	struct tunnel_dial dial;
	struct tunnel_demand demand;
	struct tunnel_port port;
	struct tunnel_path path;
	struct tunnel_reach reach;
	struct tunnel_link link;
	struct tunnel_kin kin;
};

struct tunnels {
	struct ike_engine *engine; /* borrowed */
	struct dplane *dplane;	   /* borrowed; may be NULL */
	uint32_t last_conn;
	struct tunnel_names_head names;
	struct tunnel_conns_head conns;
	struct tunnel_ports_head ports;
	struct tunnel_timers_head timers;
	struct tunnel_news_queue_head news;
};

int tunnel_name_cmp(const struct tunnel *a, const struct tunnel *b);
int tunnel_conn_cmp(const struct tunnel *a, const struct tunnel *b);
uint32_t tunnel_conn_hash(const struct tunnel *t);
int tunnel_link_cmp(const struct tunnel *a, const struct tunnel *b);
uint32_t tunnel_link_hash(const struct tunnel *t);
int tunnel_timer_cmp(const struct tunnel *a, const struct tunnel *b);
int tunnel_number_cmp(const struct tunnel *a, const struct tunnel *b);

DECLARE_RBTREE_UNIQ(tunnel_names, struct tunnel, by_name, tunnel_name_cmp);
DECLARE_HASH(tunnel_conns, struct tunnel, by_conn, tunnel_conn_cmp, tunnel_conn_hash);
DECLARE_HASH(tunnel_ports, struct tunnel, by_link, tunnel_link_cmp, tunnel_link_hash);
DECLARE_HEAP(tunnel_timers, struct tunnel, timer, tunnel_timer_cmp);
DECLARE_RBTREE_UNIQ(tunnel_instances, struct tunnel, kin.item, tunnel_number_cmp);

static inline bool tunnel_enabled(const struct tunnel *t)
{
	return !t->closing && !t->cfg->shutdown;
}

/* It can be reached, and what it carries has an interface to come out of. */
bool tunnel_has_place(const struct tunnel *t);

struct tunnel *tunnel_find(const struct tunnels *tunnels, const char *name);
struct tunnel *tunnel_find_conn(struct tunnels *tunnels, uint32_t conn);

/* A new one with this connection number, in all containers but its parent's; free takes it out of them. */
struct tunnel *tunnel_new(struct tunnels *tunnels, struct tunnel_cfg *cfg, uint32_t conn, struct instant now);
void tunnel_free(struct tunnel *t);

/* Takes the new snapshot for the old one, without looking what differs. */
void tunnel_cfg_swap(struct tunnel *t, struct tunnel_cfg *cfg, struct instant now);

/*
 * --- tunnel_cfg.c ----------------------------------------------------------------------------------------
 */

/* Fills in what the engine's part repeats of the tunnel's. */
void tunnel_cfg_seal(struct tunnel_cfg *cfg);
/* What is offered, and carried without IKE: the configured selectors, or the ends themselves (ike_conn_cfg.hosts_proto). */
void tunnel_cfg_selectors(const struct tunnel_cfg *cfg, struct ts_list *local, struct ts_list *remote);

/* A snapshot that differs in these two, with one reference. */
struct tunnel_cfg *tunnel_cfg_instance(const struct tunnel_cfg *cfg, const char *name, const char *interface);
bool tunnel_ts_same(const struct ts_list *a, const struct ts_list *b);
bool tunnel_inside_same(const struct prefix *a, uint8_t num_a, const struct prefix *b, uint8_t num_b);

/*
 * --- tunnel_reconcile.c ----------------------------------------------------------------------------------
 */

void tunnel_reconcile(struct tunnel *t, struct instant now);

/* Brings the link down and tells the peer; for good. The interface stays until tunnel_port_close(). */
void tunnel_close(struct tunnel *t, struct instant now);

/* What was due by now has been done, or waits for an event: only later times count. */
static inline struct instant tunnel_sooner(struct instant due, struct instant t, struct instant now)
{
	return instant_reached(t, now) ? due : instant_min(due, t);
}

struct tunnel_link_facts tunnel_link_facts(const struct tunnel *t, struct instant now);

/*
 * --- tunnel_spawn.c --------------------------------------------------------------------------------------
 */

/* Carries nothing itself: each peer has an instance. One with %u in its interface's name does not have an interface either. */
bool tunnel_is_template(const struct tunnel *t);
bool tunnel_has_no_interface(const struct tunnel *t);

/* Before the first of its interfaces: what a predecessor has left of them goes. */
void tunnel_template_sweep(struct tunnel *t);

/* IKE_OUTPUT_SPAWN. */
void tunnel_spawn(struct tunnels *tunnels, const struct ike_output *out, struct instant now);

/*
 * tunnel_reconcile() for whoever does not need `t` any more: an instance whose last IKE SA has gone is freed, with its interface where that
 * is its own. After IKE_DOWN, not before: the engine's outputs lag behind what it says of itself, and the log wants all of them.
 */
void tunnel_settle(struct tunnel *t, struct instant now);

/* Ends all of a template's at once, or closes them, so that they end by IKE_DOWN. */
void tunnel_instances_end(struct tunnel *parent, enum ike_reason reason, struct instant now);
void tunnel_instances_close(struct tunnel *parent, struct instant now);

/* The template has a new snapshot that nobody has to begin anew for. */
void tunnel_instances_change(struct tunnel *parent, struct instant now);

/* The link of an instance was published as up, or as down. */
void tunnel_instance_published(struct tunnel *t, struct instant now);

/*
 * --- tunnel_claim.c --------------------------------------------------------------------------------------
 */

/* Whether the peer of an instance wants what is another's; then in words. */
bool tunnel_claim_refused(const struct tunnel *t, const struct child_sa_params *params, char *words,
			  size_t len);

/* Remembers what lies behind the peer of an instance, by its newest pair. */
void tunnel_routes_take(struct tunnel *t, const struct child_sa_params *params);

/*
 * What the plane is to route into the interface now. Where that is one of %u it has the inside addresses for itself: their network is where
 * the peers of all are.
 */
void tunnel_routes_want(const struct tunnel *t, struct dplane_link_params *params);

/*
 * --- tunnel_dial.c ---------------------------------------------------------------------------------------
 */

void tunnel_dial_init(struct tunnel *t, struct instant now);
void tunnel_dial_reconcile(struct tunnel *t, struct instant now);
struct instant tunnel_dial_next(const struct tunnel *t, struct instant now);

/* The data plane says that this Child SA has carried nearly all that it may, or all. */
void tunnel_dial_worn(struct tunnel *t, uint32_t child_id);
void tunnel_dial_spent(struct tunnel *t, uint32_t child_id, struct instant now);
void tunnel_dial_event(struct tunnel *t, const struct ike_output *out, struct instant now);

/* An attempt now; the next one not before its backoff is over. */
void tunnel_dial_initiate(struct tunnel *t, struct instant now);
void tunnel_dial_schedule(struct tunnel *t, struct instant now);

/* Closes what runs and begins anew at once; stop makes the engine forget the connection too. */
void tunnel_dial_restart(struct tunnel *t, enum ike_reason reason, struct instant now);
void tunnel_dial_stop(struct tunnel *t, enum ike_reason reason, struct instant now);

/* All zeroes, IKE_PHASE_NONE, when the engine does not have the connection. */
struct ike_conn_info tunnel_dial_info(const struct tunnel *t);

/*
 * --- tunnel_demand.c -------------------------------------------------------------------------------------
 */

bool tunnel_on_demand(const struct tunnel *t);
void tunnel_demand_init(struct tunnel *t);
void tunnel_demand_reconcile(struct tunnel *t, struct instant now);
struct instant tunnel_demand_next(const struct tunnel *t, struct instant now);

/* A packet waits in the data plane. */
void tunnel_demand_acquire(struct tunnel *t);

/* Up, so that a packet can come or because one is on its way; and why, in words. */
bool tunnel_demand_waits(const struct tunnel *t, struct instant now);
void tunnel_demand_words(const struct tunnel *t, const struct ike_conn_info *ike, char *buf, size_t len);

/* What the plane is to keep. */
void tunnel_demand_trap(const struct tunnel *t, struct dplane_link_params *params);

/*
 * --- tunnel_manual.c -------------------------------------------------------------------------------------
 */

void tunnel_manual_reconcile(struct tunnel *t, struct instant now);
bool tunnel_manual_installed(const struct tunnel *t);

/* The data plane says that the pair has no sequence numbers left soon, or that it is not there any more. */
void tunnel_manual_worn(struct tunnel *t, struct instant now);
void tunnel_manual_lost(struct tunnel *t, struct instant now);

/* What the engine says of the Child SAs of others. */
void tunnel_manual_info(const struct tunnel *t, struct ike_conn_info *info);

/*
 * --- tunnel_port.c ---------------------------------------------------------------------------------------
 */

void tunnel_port_reconcile(struct tunnel *t, struct instant now);
struct instant tunnel_port_next(const struct tunnel *t);
void tunnel_port_close(struct tunnel *t);

/* What cannot be done, for show and for the log; not tried again for a while. */
void tunnel_port_refuse(struct tunnel *t, const char *words, struct instant now);

/* Somebody removed the interface, or did something else to it. */
void tunnel_port_lost(struct tunnel *t, struct instant now);
void tunnel_port_changed(struct tunnel *t);
int tunnel_port_set_running(struct tunnel *t, bool running, struct instant now);

int tunnel_port_child_add(struct tunnel *t, const struct child_sa_params *params, struct instant now);
void tunnel_port_child_use(struct tunnel *t, uint32_t child_id);
void tunnel_port_child_move(struct tunnel *t, const struct ike_output *out);
bool tunnel_port_has_child(const struct tunnel *t, uint32_t child_id);
void tunnel_port_child_del(struct tunnel *t, uint32_t child_id);
void tunnel_port_children_drop(struct tunnel *t);

/* Sends the NAT keepalive that is due; `natted`: a NAT is between us and the peer, on our side. */
void tunnel_port_keepalive(struct tunnel *t, bool natted, struct instant now);

/* Sums over all Child SAs that ever were; last_in and last_out of those installed now. */
void tunnel_port_stats(const struct tunnel *t, struct dplane_child_stats *stats);
void tunnel_port_inside(const struct tunnel *t, struct dplane_inside_stats *stats);
void tunnel_port_inside_probe(const struct tunnel *t);

/*
 * --- tunnel_path.c ---------------------------------------------------------------------------------------
 */

void tunnel_path_reconcile(struct tunnel *t, struct instant now);
struct instant tunnel_path_next(const struct tunnel *t);

/* What goes around the packets of the pair that was installed last, and between which addresses they go. */
void tunnel_path_take(struct tunnel *t, const struct child_sa_params *params);
void tunnel_path_move(struct tunnel *t, const struct endpoint *local, const struct endpoint *remote);

/* Of the interface. */
uint32_t tunnel_path_mtu(const struct tunnel *t);
uint16_t tunnel_path_mss(const struct tunnel *t, bool ipv6); /* 0: not clamped */

enum tunnel_mtu_from tunnel_path_from(const struct tunnel *t);
void tunnel_path_info(const struct tunnel *t, struct tunnel_info *info);

/*
 * --- tunnel_family.c -------------------------------------------------------------------------------------
 */

/* Remembers which families the pair that is installed carries. */
void tunnel_family_take(struct tunnel *t, const struct child_sa_params *params);

/* "" when it carries those of the inside addresses; else words to be put behind others. */
const char *tunnel_family_words(const struct tunnel *t);

/*
 * --- tunnel_news.c ---------------------------------------------------------------------------------------
 */

void tunnel_say(struct tunnel *t, enum tunnel_news_type type, struct instant now, const char *fmt, ...)
	PRINTFRR(4, 5);
void tunnel_news_init(struct tunnels *tunnels);
void tunnel_news_fini(struct tunnels *tunnels);

/* The sentence for a link that goes up or down now. */
void tunnel_say_link(struct tunnel *t, const struct tunnel_link_verdict *verdict, struct instant now);

/*
 * --- tunnel_show.c ---------------------------------------------------------------------------------------
 */

/* Why the link is as it is, as of the last reconcile. */
void tunnel_link_reason(const struct tunnel *t, const struct ike_conn_info *ike, char *buf, size_t len);

#endif
