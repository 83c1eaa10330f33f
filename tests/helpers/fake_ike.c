// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted engine, see fake_ike.h. */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/base/memgroup.h"
#include "tests/helpers/fake_ike.h"

DEFINE_MTYPE_STATIC(BGPVPN, FAKE_CONN_CFG, "fake IKE connection configuration");

/*
 * --- script ----------------------------------------------------------------------------------------------
 */

void fake_ike_init(struct ike_engine *engine)
{
	*engine = (struct ike_engine){};
	ts_list_any(&engine->ts);
}

void fake_ike_fini(struct ike_engine *engine)
{
	for (int i = 0; i < FAKE_CONNS; i++)
		if (engine->conns[i].conn)
			ike_conn_del(engine, engine->conns[i].conn);
}

struct fake_conn *fake_ike_conn(struct ike_engine *engine, int nth)
{
	for (int i = 0; i < FAKE_CONNS; i++)
		if (engine->conns[i].conn && nth-- == 0)
			return &engine->conns[i];
	assert(!"no such connection in the engine");
}

uint32_t fake_ike_num_conns(const struct ike_engine *engine)
{
	uint32_t n = 0;

	for (int i = 0; i < FAKE_CONNS; i++)
		n += engine->conns[i].conn != 0;
	return n;
}

static struct ike_output *append(struct ike_engine *engine, const struct fake_conn *conn,
				 enum ike_output_type type)
{
	struct ike_output *out;

	assert(engine->num_outputs < FAKE_OUTPUTS);
	out = &engine->outputs[engine->num_outputs++];
	*out = (struct ike_output){.type = type, .conn = conn->conn};
	return out;
}

static struct ike_output *event(struct ike_engine *engine, const struct fake_conn *conn,
				enum ike_event_type type)
{
	struct ike_output *out = append(engine, conn, IKE_OUTPUT_EVENT);

	out->event = type;
	return out;
}

uint32_t fake_ike_child(struct ike_engine *engine, struct fake_conn *conn, uint16_t encr, uint16_t integ)
{
	struct ike_output *out = append(engine, conn, IKE_OUTPUT_CHILD_ADD);

	out->child_id = ++engine->last_child;
	engine->child = (struct child_sa_params){
		.child_id = out->child_id,
		.encr = encr,
		.integ = integ,
		.udp_encap = true,
		.remote = conn->info.remote,
		.in.spi = 0x1000 + out->child_id,
		.ts_local = engine->ts,
		.ts_remote = engine->ts,
	};
	out->child = &engine->child;
	conn->info.child_id = out->child_id;
	event(engine, conn, IKE_EVENT_CHILD_UP)->child_id = out->child_id;
	return out->child_id;
}

uint32_t fake_ike_up(struct ike_engine *engine, struct fake_conn *conn, bool initiator, struct instant now)
{
	conn->info.phase = IKE_PHASE_ESTABLISHED;
	conn->info.initiator = initiator;
	if (conn->cfg->remote.ipa_type != IPADDR_NONE)
		conn->info.remote.addr = conn->cfg->remote;
	conn->info.established = now;
	event(engine, conn, IKE_EVENT_IKE_UP);
	return fake_ike_child(engine, conn, IKE_ENCR_AES_GCM_16, IKE_INTEG_NONE);
}

struct fake_conn *fake_ike_spawn(struct ike_engine *engine, const struct fake_conn *parent,
				 const struct ike_id_cfg *peer_id, const struct ipaddr *remote,
				 struct instant now)
{
	uint32_t id = IKE_CONN_SPAWNED + engine->last_spawned++;
	struct fake_conn *conn = NULL;
	struct ike_output *out;

	ike_conn_set(engine, id, parent->cfg);
	for (int i = 0; i < FAKE_CONNS; i++)
		if (engine->conns[i].conn == id)
			conn = &engine->conns[i];
	conn->info.remote.addr = *remote;
	engine->peer_id = *peer_id;
	out = append(engine, conn, IKE_OUTPUT_SPAWN);
	out->parent = parent->conn;
	out->peer_id = &engine->peer_id;
	fake_ike_up(engine, conn, false, now);
	return conn;
}

void fake_ike_child_down(struct ike_engine *engine, struct fake_conn *conn, uint32_t child_id,
			 enum ike_reason reason)
{
	struct ike_output *out;

	append(engine, conn, IKE_OUTPUT_CHILD_DELETE)->child_id = child_id;
	out = event(engine, conn, IKE_EVENT_CHILD_DOWN);
	out->child_id = child_id;
	out->reason = reason;
	if (conn->info.child_id == child_id)
		conn->info.child_id = 0;
}

void fake_ike_down(struct ike_engine *engine, struct fake_conn *conn, enum ike_reason reason,
		   const char *detail)
{
	if (conn->info.child_id)
		fake_ike_child_down(engine, conn, conn->info.child_id, reason);
	conn->info.phase = IKE_PHASE_NONE;
	conn->info.request_outstanding = false;
	conn->info.last_failure = reason;
	strlcpy(conn->info.last_failure_detail, detail, sizeof(conn->info.last_failure_detail));
	event(engine, conn, IKE_EVENT_IKE_DOWN)->reason = reason;
}

void fake_ike_heard(struct ike_engine *engine, struct fake_conn *conn, bool answer)
{
	if (answer)
		conn->info.request_outstanding = false;
	event(engine, conn, IKE_EVENT_HEARD);
}

/*
 * --- ike.h -----------------------------------------------------------------------------------------------
 */

struct ike_conn_cfg *ike_conn_cfg_new(void)
{
	struct ike_conn_cfg *cfg = XCALLOC(MTYPE_FAKE_CONN_CFG, sizeof(*cfg));

	cfg->refs = 1;
	return cfg;
}

struct ike_conn_cfg *ike_conn_cfg_ref(struct ike_conn_cfg *cfg)
{
	cfg->refs++;
	return cfg;
}

void ike_conn_cfg_unref(struct ike_conn_cfg *cfg)
{
	if (!cfg || --cfg->refs > 0)
		return;
	secret_fini(&cfg->psk);
	secret_fini(&cfg->ppk.secret);
	XFREE(MTYPE_FAKE_CONN_CFG, cfg);
}

const char *ike_proposal_format(uint8_t proto, const struct ike_proposal_cfg *proposal, char *buf, size_t len)
{
	snprintf(buf, len, "proposal of %u", proposal->num);
	return buf;
}

/* The octets themselves. */
const char *ike_id_format(const struct ike_id_cfg *id, char *buf, size_t len)
{
	snprintf(buf, len, "%.*s", id->len, (const char *)id->value);
	return buf;
}

bool ike_conns_alike(const struct ike_conn_cfg *a, const struct ike_conn_cfg *b)
{
	return false;
}

bool ike_certs_same(const struct ike_conn_cfg *a, const struct ike_conn_cfg *b)
{
	return a->creds == b->creds && a->trust == b->trust;
}

static struct fake_conn *find(const struct ike_engine *engine, uint32_t conn)
{
	for (int i = 0; i < FAKE_CONNS; i++)
		if (conn && engine->conns[i].conn == conn)
			return (struct fake_conn *)&engine->conns[i];
	return NULL;
}

void ike_conn_set(struct ike_engine *engine, uint32_t conn, struct ike_conn_cfg *cfg)
{
	struct fake_conn *c = find(engine, conn);

	for (int i = 0; !c && i < FAKE_CONNS; i++)
		if (!engine->conns[i].conn)
			c = &engine->conns[i];
	assert(c && conn);
	ike_conn_cfg_ref(cfg);
	ike_conn_cfg_unref(c->cfg);
	c->cfg = cfg;
	c->conn = conn;
	c->info.srtt_us = 1000;
	c->info.rto_us = 50000;
}

void ike_conn_del(struct ike_engine *engine, uint32_t conn)
{
	struct fake_conn *c = find(engine, conn);

	if (!c)
		return;
	ike_conn_cfg_unref(c->cfg);
	*c = (struct fake_conn){};
}

bool ike_initiate(struct ike_engine *engine, uint32_t conn, struct instant now)
{
	struct fake_conn *c = find(engine, conn);

	if (engine->refuse_initiate || !c || c->info.phase != IKE_PHASE_NONE)
		return false;
	c->info.phase = IKE_PHASE_SA_INIT;
	c->info.remote.addr = c->cfg->remote;
	c->initiated++;
	return true;
}

void ike_terminate(struct ike_engine *engine, uint32_t conn, enum ike_reason reason, struct instant now)
{
	struct fake_conn *c = find(engine, conn);

	if (!c || c->info.phase == IKE_PHASE_NONE)
		return;
	c->terminated++;
	fake_ike_down(engine, c, reason, "");
}

bool ike_probe(struct ike_engine *engine, uint32_t conn, struct instant now)
{
	struct fake_conn *c = find(engine, conn);

	if (!c || c->info.phase != IKE_PHASE_ESTABLISHED)
		return false;
	c->probes++;
	c->info.request_tries++;
	if (c->info.request_outstanding)
		return true;
	c->info.request_outstanding = true;
	c->info.request_since = now;
	c->info.request_tries = 1;
	return true;
}

bool ike_rekey_child(struct ike_engine *engine, uint32_t conn, struct instant now)
{
	struct fake_conn *c = find(engine, conn);

	if (!c || !c->info.child_id || c->refuse_rekey)
		return false;
	c->rekeyed_child++;
	return true;
}

void ike_local_moved(struct ike_engine *engine, uint32_t conn, const struct ipaddr *local, bool gone,
		     struct instant now)
{
	struct fake_conn *c = find(engine, conn);

	assert(c);
	c->info.local.addr = *local;
}

bool ike_rekey_ike(struct ike_engine *engine, uint32_t conn, struct instant now)
{
	struct fake_conn *c = find(engine, conn);

	if (!c || c->info.phase != IKE_PHASE_ESTABLISHED || c->refuse_rekey)
		return false;
	c->rekeyed_ike++;
	return true;
}

bool ike_child_peer_moved(struct ike_engine *engine, uint32_t child_id, const struct endpoint *remote)
{
	for (int i = 0; i < FAKE_CONNS; i++) {
		struct fake_conn *c = &engine->conns[i];

		if (!c->conn || c->info.child_id != child_id)
			continue;
		c->peer_moved++;
		c->peer_port = remote->port;
		return true;
	}
	return false;
}

/* A pair that was not installed does not come up. */
static void no_child_up(struct ike_engine *engine, uint32_t child_id)
{
	for (uint32_t i = 0; i < engine->num_outputs; i++) {
		struct ike_output *out = &engine->outputs[i];

		if (out->type == IKE_OUTPUT_EVENT && out->event == IKE_EVENT_CHILD_UP &&
		    out->child_id == child_id)
			out->event = IKE_EVENT_CHILD_DOWN;
	}
}

void ike_child_result(struct ike_engine *engine, uint32_t child_id, int result, struct instant now)
{
	for (int i = 0; i < FAKE_CONNS; i++) {
		struct fake_conn *c = &engine->conns[i];

		if (!c->conn || c->info.child_id != child_id)
			continue;
		c->child_result = result;
		if (result >= 0)
			continue;
		c->info.child_id = 0;
		no_child_up(engine, child_id);
	}
}

bool ike_engine_output(struct ike_engine *engine, struct ike_output *out)
{
	if (!engine->num_outputs)
		return false;
	*out = engine->outputs[0];
	engine->num_outputs--;
	memmove(&engine->outputs[0], &engine->outputs[1], engine->num_outputs * sizeof(engine->outputs[0]));
	return true;
}

bool ike_conn_info(const struct ike_engine *engine, uint32_t conn, struct ike_conn_info *info)
{
	struct fake_conn *c = find(engine, conn);

	if (!c)
		return false;
	*info = c->info;
	return true;
}
