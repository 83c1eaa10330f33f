// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections of peers that nobody configured one by one, see ike_spawn.h. */
#include <zebra.h>

#include "lib/jhash.h"

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_id.h"
#include "bgpvpnd/ike/ike_spawn.h"

/* One name has many spellings: so this is for equality only where it says 0. */
int ike_spawn_cmp(const struct ike_conn *a, const struct ike_conn *b)
{
	const struct ike_id id = ike_id_payload(&b->cfg->remote_id);

	if (a->parent != b->parent)
		return numcmp(a->parent, b->parent);
	return ike_id_matches(&a->cfg->remote_id, &id) ? 0 : 1;
}

uint32_t ike_spawn_hash(const struct ike_conn *conn)
{
	return jhash_2words(conn->parent, ike_id_hash(&conn->cfg->remote_id), 0x5ea4);
}

static unsigned int num_of(struct ike_engine *engine, uint32_t parent)
{
	struct ike_conn *conn;
	unsigned int n = 0;

	frr_each (ike_spawns, &engine->spawns, conn)
		n += conn->parent == parent;
	return n;
}

static uint32_t fresh_number(struct ike_engine *engine)
{
	uint32_t id;

	do
		id = IKE_CONN_SPAWNED | engine->last_spawned++;
	while (ike_conn_find(engine, id));
	return id;
}

static struct ike_conn_cfg *derive(const struct ike_conn_cfg *parent, const struct ike_id_cfg *id)
{
	struct ike_conn_cfg *cfg = ike_conn_cfg_copy(parent);

	cfg->remote_id = *id;
	cfg->many = false;
	return cfg;
}

/* What runs keeps the configuration that it was negotiated under. */
static void follow_parent(struct ike_conn *conn, struct ike_conn *parent)
{
	const struct ike_id_cfg id = conn->cfg->remote_id;

	if (conn->derived_from == parent->cfg)
		return;
	ike_conn_cfg_unref(conn->cfg);
	conn->cfg = derive(parent->cfg, &id);
	ike_conn_cfg_unref(conn->derived_from);
	conn->derived_from = ike_conn_cfg_ref(parent->cfg);
}

static struct ike_conn *spawn_new(struct ike_conn *parent, const struct ike_id_cfg *id)
{
	struct ike_engine *engine = parent->engine;
	struct ike_conn *conn = ike_conn_new(engine, fresh_number(engine));

	conn->parent = parent->id;
	conn->cfg = derive(parent->cfg, id);
	conn->derived_from = ike_conn_cfg_ref(parent->cfg);
	ike_spawns_add(&engine->spawns, conn);
	ike_out_spawn(engine, conn->id, parent->id, id);
	return conn;
}

/* Not one that we would have to cut, or that is not even itself (a name that cannot be read). */
static bool is_identity(const struct ike_id_cfg *cfg, const struct ike_id *id)
{
	return id->value.n > 0 && ike_id_matches(cfg, id);
}

enum ike_reason ike_spawn(struct ike_conn *parent, const struct ike_id *id, struct ike_conn **out)
{
	struct ike_engine *engine = parent->engine;
	struct ike_conn_cfg cfg = {};
	struct ike_conn key = {.parent = parent->id, .cfg = &cfg};
	struct ike_conn *conn;

	ike_id_of_payload(id, &cfg.remote_id);
	if (!is_identity(&cfg.remote_id, id))
		return IKE_R_ID_MISMATCH;
	conn = ike_spawns_find(&engine->spawns, &key);
	if (conn)
		follow_parent(conn, parent);
	else if (num_of(engine, parent->id) < LIMIT_SPAWNED)
		conn = spawn_new(parent, &cfg.remote_id);
	else
		return IKE_R_PEERS_LIMIT;
	*out = conn;
	return IKE_R_OK;
}

void ike_spawn_forget(struct ike_conn *conn)
{
	ike_spawns_del(&conn->engine->spawns, conn);
	ike_conn_cfg_unref(conn->derived_from);
}
