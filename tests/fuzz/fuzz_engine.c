// SPDX-License-Identifier: GPL-2.0-or-later
/* The whole engine behind the encryption: datagrams, time and commands as the input says. See engine_world.h. */
#include <zebra.h>

#include "tests/fuzz/engine_world.h"

/* An input may ask for more; then it only gets slower. */
#define MOST_OPS 256

struct fuzz {
	struct ike_engine *engine;
	struct instant now;
	bool initiator;
	bool refuse;
	uint32_t conn; /* of the peer */
	struct endpoint local, remote;
};

/* A connection that the engine has made goes with its last IKE SA. */
static void let_go(struct fuzz *f, const struct ike_output *out)
{
	struct ike_conn_info info;

	if (out->event == IKE_EVENT_IKE_DOWN && out->conn >= IKE_CONN_SPAWNED &&
	    ike_conn_info(f->engine, out->conn, &info) && info.phase == IKE_PHASE_NONE)
		ike_conn_del(f->engine, out->conn);
}

static void drain(struct fuzz *f)
{
	struct ike_output out;

	while (ike_engine_output(f->engine, &out)) {
		if (out.type == IKE_OUTPUT_SPAWN)
			f->conn = out.conn;
		else if (out.type == IKE_OUTPUT_CHILD_ADD)
			ike_child_result(f->engine, out.child_id, f->refuse ? -ENOMEM : 0, f->now);
		else if (out.type == IKE_OUTPUT_EVENT)
			let_go(f, &out);
	}
}

static bool datagram(struct fuzz *f, struct rd *rd)
{
	struct bytes data;
	uint16_t len;

	if (!rd_u16(rd, &len) || !rd_bytes(rd, MIN(len, rd_left(rd)), &data))
		return false;
	ike_engine_input(f->engine, &f->local, &f->remote, data, f->now);
	return true;
}

static bool op_sleep(struct fuzz *f, struct rd *rd)
{
	uint8_t tenths;

	if (!rd_u8(rd, &tenths))
		return false;
	f->now = instant_add(f->now, tenths * USEC_PER_S / 10);
	ike_engine_expire(f->engine, f->now);
	return true;
}

static bool op_move(struct fuzz *f, struct rd *rd)
{
	uint8_t host;

	if (!rd_u8(rd, &host))
		return false;
	world_move(host & 1 ? &f->remote : &f->local, host);
	if (!(host & 1))
		ike_local_moved(f->engine, f->conn, &f->local.addr, host & 2, f->now);
	return true;
}

static bool step(struct fuzz *f, struct rd *rd)
{
	uint8_t op;

	if (!rd_u8(rd, &op))
		return false;
	switch (op % WORLD_OPS) {
	case WORLD_DATAGRAM:
		return datagram(f, rd);
	case WORLD_SLEEP:
		return op_sleep(f, rd);
	case WORLD_PROBE:
		ike_probe(f->engine, f->conn, f->now);
		return true;
	case WORLD_TERMINATE:
		ike_terminate(f->engine, f->conn, IKE_R_DELETED_BY_US, f->now);
		return true;
	case WORLD_REKEY_CHILD:
		ike_rekey_child(f->engine, f->conn, f->now);
		return true;
	case WORLD_REKEY_IKE:
		ike_rekey_ike(f->engine, f->conn, f->now);
		return true;
	case WORLD_MOVE:
		return op_move(f, rd);
	case WORLD_REFUSE:
		f->refuse = true;
		return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct world world = {};
	struct ike_host host = {&world, world_random, world_spi_reserve, world_spi_release, world_wall_clock};
	struct rd rd = rd_of(bytes_make(data, size));
	struct fuzz f = {.now = {USEC_PER_S}, .conn = WORLD_CONN};
	struct ike_counters counters;
	uint8_t role;

	if (!ready)
		crypto_init();
	ready = true;
	crypto_null_enable(true);
	if (!rd_u8(&rd, &role))
		return 0;
	f.initiator = role & 1;
	f.local = world_endpoint(f.initiator, IKE_PORT);
	f.remote = world_endpoint(!f.initiator, IKE_PORT);
	f.engine = world_engine(&host, role, f.now);
	if (f.initiator)
		ike_initiate(f.engine, WORLD_CONN, f.now);
	drain(&f);
	for (unsigned int i = 0; i < MOST_OPS && step(&f, &rd); i++) {
		drain(&f);
		ike_engine_counters(f.engine, &counters);
		assert(counters.half_open <= LIMIT_HALF_OPEN_MAX);
	}
	ike_engine_free(f.engine);
	return 0;
}
