// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A connection: what the tunnel above configured, and the IKE SAs that serve it. Private to ike/. Usually there is one SA; while one
 * is renewed, or after both ends began at the same time, there are two for a moment (ike_sa_supersede).
 */
#ifndef BGPVPN_IKE_IKE_CONN_H
#define BGPVPN_IKE_IKE_CONN_H

#include "bgpvpnd/ike/ike_rtt.h"
#include "bgpvpnd/ike/ike_sa.h"

PREDECL_HASH(ike_conns);
PREDECL_RBTREE_UNIQ(ike_conn_peers);
PREDECL_HASH(ike_spawns);

struct ike_conn {
	struct ike_conns_item by_id;
	struct ike_conn_peers_item by_peer; /* one that the caller has configured */
	struct ike_spawns_item by_identity; /* one that the engine has made: ike_spawn.h */
	struct ike_engine *engine;
	uint32_t id;
	uint32_t parent; /* whose peer this one is the connection of; 0: the caller has configured it */
	struct ike_conn_cfg *cfg;
	struct ike_conn_cfg *derived_from; /* the parent's, that cfg was made from */
	struct ike_conn_sas_head sas; /* newest last */
	struct ike_rtt rtt;	      /* of the path, so it outlives the SAs */
	enum ike_reason last_failure;
	char last_failure_detail[256];
};

/* Without a configuration, which is next. */
struct ike_conn *ike_conn_new(struct ike_engine *engine, uint32_t id);

struct ike_conn *ike_conn_find(const struct ike_engine *engine, uint32_t id);

/* The newest that is established, or NULL. */
struct ike_sa *ike_conn_up(struct ike_conn *conn);

/* The one that we began and that is not established yet, or NULL. */
struct ike_sa *ike_conn_attempt(struct ike_conn *conn);

/*
 * Connections that may speak between these addresses, those with this very remote address before those with any.
 * Begin with after = NULL; NULL at the end.
 */
struct ike_conn *ike_conn_candidate(struct ike_engine *engine, const struct ipaddr *local,
				    const struct ipaddr *remote, struct ike_conn *after);

/* One of its own, with all that the other one refers to. */
struct ike_conn_cfg *ike_conn_cfg_copy(const struct ike_conn_cfg *cfg);

void ike_conn_failed(struct ike_conn *conn, enum ike_reason reason, const char *detail);

/* The next one of the caller's behind number `after` (0: the first) that is configured with the same remote address as `conn`, or NULL. */
struct ike_conn *ike_conn_beside(const struct ike_conn *conn, uint32_t after);

/* Frees all connections; their SAs must be gone. */
void ike_conns_free(struct ike_engine *engine);

int ike_conn_cmp(const struct ike_conn *a, const struct ike_conn *b);
uint32_t ike_conn_hash(const struct ike_conn *conn);
int ike_conn_peer_cmp(const struct ike_conn *a, const struct ike_conn *b);

DECLARE_HASH(ike_conns, struct ike_conn, by_id, ike_conn_cmp, ike_conn_hash);
DECLARE_RBTREE_UNIQ(ike_conn_peers, struct ike_conn, by_peer, ike_conn_peer_cmp);

#endif
