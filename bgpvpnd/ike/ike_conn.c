// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections and their configuration, see ike_conn.h and ike.h. */
#include <zebra.h>

#include "lib/jhash.h"
#include "lib/memory.h"

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_spawn.h"

DEFINE_MTYPE_STATIC(BGPVPN, IKE_CONN, "VPN IKE connection");
DEFINE_MTYPE_STATIC(BGPVPN, IKE_CONN_CFG, "VPN IKE connection configuration");

/* RFC 7383 2.5.1: what every IPv6 path carries (RFC 8200 5), and every IPv4 path that an ESP tunnel is of use on. */
#define DEFAULT_FRAGMENTATION 1280

struct ike_conn_cfg *ike_conn_cfg_new(void)
{
	struct ike_conn_cfg *cfg = XCALLOC(MTYPE_IKE_CONN_CFG, sizeof(*cfg));

	cfg->refs = 1;
	cfg->ike_lifetime_s = 28800;
	cfg->esp_lifetime_s = 3600;
	cfg->detect_ms = 1000;
	cfg->fragmentation = DEFAULT_FRAGMENTATION;
	ts_list_any(&cfg->ts_local);
	ts_list_any(&cfg->ts_remote);
	return cfg;
}

struct ike_conn_cfg *ike_conn_cfg_ref(struct ike_conn_cfg *cfg)
{
	cfg->refs++;
	return cfg;
}

struct ike_conn_cfg *ike_conn_cfg_copy(const struct ike_conn_cfg *from)
{
	struct ike_conn_cfg *cfg = XMALLOC(MTYPE_IKE_CONN_CFG, sizeof(*cfg));

	*cfg = *from;
	cfg->refs = 1;
	cfg->psk = (struct secret){};
	cfg->ppk.secret = (struct secret){};
	secret_copy(&cfg->psk, &from->psk);
	secret_copy(&cfg->ppk.secret, &from->ppk.secret);
	cfg->creds = crypto_creds_ref(from->creds);
	cfg->trust = crypto_trust_ref(from->trust);
	return cfg;
}

void ike_conn_cfg_unref(struct ike_conn_cfg *cfg)
{
	if (!cfg || --cfg->refs > 0)
		return;
	secret_fini(&cfg->psk);
	secret_fini(&cfg->ppk.secret);
	crypto_creds_unref(cfg->creds);
	crypto_trust_unref(cfg->trust);
	XFREE(MTYPE_IKE_CONN_CFG, cfg);
}

bool ike_certs_same(const struct ike_conn_cfg *a, const struct ike_conn_cfg *b)
{
	return crypto_creds_same(a->creds, b->creds) && crypto_trust_same(a->trust, b->trust);
}

int ike_conn_cmp(const struct ike_conn *a, const struct ike_conn *b)
{
	return numcmp(a->id, b->id);
}

uint32_t ike_conn_hash(const struct ike_conn *conn)
{
	return jhash_1word(conn->id, 0x1ce5a);
}

int ike_conn_peer_cmp(const struct ike_conn *a, const struct ike_conn *b)
{
	int order = ipaddr_order(&a->cfg->remote, &b->cfg->remote);

	return order ? order : numcmp(a->id, b->id);
}

struct ike_conn *ike_conn_find(const struct ike_engine *engine, uint32_t id)
{
	struct ike_conn key = {.id = id};

	/* Looking does not change the table; typesafe's const find gives a const item. */
	return ike_conns_find(&((struct ike_engine *)engine)->conns, &key);
}

struct ike_conn *ike_conn_new(struct ike_engine *engine, uint32_t id)
{
	struct ike_conn *conn = XCALLOC(MTYPE_IKE_CONN, sizeof(*conn));

	conn->engine = engine;
	conn->id = id;
	ike_conn_sas_init(&conn->sas);
	ike_conns_add(&engine->conns, conn);
	return conn;
}

void ike_conn_set(struct ike_engine *engine, uint32_t id, struct ike_conn_cfg *cfg)
{
	struct ike_conn *conn = ike_conn_find(engine, id);

	assert(id && id < IKE_CONN_SPAWNED);
	if (conn)
		ike_conn_peers_del(&engine->peers, conn);
	else
		conn = ike_conn_new(engine, id);
	ike_conn_cfg_ref(cfg);
	ike_conn_cfg_unref(conn->cfg);
	conn->cfg = cfg;
	ike_conn_peers_add(&engine->peers, conn);
}

static void conn_free(struct ike_engine *engine, struct ike_conn *conn)
{
	struct ike_sa *sa;

	while ((sa = ike_conn_sas_first(&conn->sas)))
		ike_sa_bury(sa);
	ike_conn_sas_fini(&conn->sas);
	if (conn->parent)
		ike_spawn_forget(conn);
	else
		ike_conn_peers_del(&engine->peers, conn);
	ike_conns_del(&engine->conns, conn);
	ike_conn_cfg_unref(conn->cfg);
	XFREE(MTYPE_IKE_CONN, conn);
}

void ike_conn_del(struct ike_engine *engine, uint32_t id)
{
	struct ike_conn *conn = ike_conn_find(engine, id);

	if (conn)
		conn_free(engine, conn);
	ike_sa_reap(engine);
}

void ike_conns_free(struct ike_engine *engine)
{
	struct ike_conn *conn;

	while ((conn = ike_conns_first(&engine->conns)))
		conn_free(engine, conn);
}

struct ike_sa *ike_conn_up(struct ike_conn *conn)
{
	struct ike_sa *newest = NULL;
	struct ike_sa *sa;

	frr_each (ike_conn_sas, &conn->sas, sa)
		if (ike_sa_is_up(sa) && instant_is_never(sa->retire))
			newest = sa;
	if (newest)
		return newest;
	frr_each (ike_conn_sas, &conn->sas, sa)
		if (ike_sa_is_up(sa))
			newest = sa;
	return newest;
}

struct ike_sa *ike_conn_attempt(struct ike_conn *conn)
{
	struct ike_sa *newest = NULL;
	struct ike_sa *sa;

	frr_each (ike_conn_sas, &conn->sas, sa)
		if (ike_sa_is_attempt(sa))
			newest = sa;
	return newest;
}

static bool local_fits(const struct ike_conn *conn, const struct ipaddr *local)
{
	return IS_IPADDR_NONE(&conn->cfg->local) || ipaddr_equal(&conn->cfg->local, local);
}

/* The connections with this remote address behind `after`; 0 is no connection's number, so the walk begins with it. */
static struct ike_conn *next_with_remote(struct ike_engine *engine, const struct ipaddr *remote,
					 uint32_t after)
{
	struct ike_conn_cfg cfg = {.remote = *remote};
	struct ike_conn key = {.id = after + 1, .cfg = &cfg};
	struct ike_conn *conn = ike_conn_peers_find_gteq(&engine->peers, &key);

	return conn && ipaddr_equal(&conn->cfg->remote, remote) ? conn : NULL;
}

struct ike_conn *ike_conn_beside(const struct ike_conn *conn, uint32_t after)
{
	return next_with_remote(conn->engine, &conn->cfg->remote, after);
}

struct ike_conn *ike_conn_candidate(struct ike_engine *engine, const struct ipaddr *local,
				    const struct ipaddr *remote, struct ike_conn *after)
{
	const struct ipaddr any = {.ipa_type = IPADDR_NONE};
	bool exact = !after || !IS_IPADDR_NONE(&after->cfg->remote);
	uint32_t id = after ? after->id : 0;
	struct ike_conn *conn;

	if (exact) {
		for (conn = next_with_remote(engine, remote, id); conn;
		     conn = next_with_remote(engine, remote, conn->id))
			if (local_fits(conn, local))
				return conn;
		id = 0;
	}
	for (conn = next_with_remote(engine, &any, id); conn; conn = next_with_remote(engine, &any, conn->id))
		if (local_fits(conn, local))
			return conn;
	return NULL;
}

void ike_conn_failed(struct ike_conn *conn, enum ike_reason reason, const char *detail)
{
	conn->last_failure = reason;
	strlcpy(conn->last_failure_detail, detail, sizeof(conn->last_failure_detail));
}
