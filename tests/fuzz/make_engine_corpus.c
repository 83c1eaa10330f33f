// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the corpus of fuzz_engine: a true handshake, liveness and DELETE between two engines with the null suite, as each side
 * receives it: plain, with what is large in fragments, with a PPK, with additional key exchanges, and with two
 * moves. Run by hand when messages change: make_engine_corpus DIRECTORY.
 */
#include <zebra.h>

#include "tests/fuzz/engine_world.h"

struct side {
	bool initiator;
	struct world world;
	struct ike_host host;
	struct ike_engine *engine;
	FILE *file;
	struct endpoint local, remote;
	uint32_t conn;
};

static const struct instant now = {USEC_PER_S};

static void side_init(struct side *s, const char *dir, bool initiator, uint8_t flags)
{
	uint8_t role = flags | (initiator ? WORLD_ROLE_INITIATOR : 0);
	char path[PATH_MAX];

	s->initiator = initiator;
	s->host = (struct ike_host){&s->world, world_random, world_spi_reserve, world_spi_release,
				    world_wall_clock};
	s->local = world_endpoint(initiator, IKE_PORT);
	s->remote = world_endpoint(!initiator, IKE_PORT);
	s->engine = world_engine(&s->host, role, now);
	s->conn = WORLD_CONN;
	snprintf(path, sizeof(path), "%s/%s%s%s%s%s%s%s", dir, initiator ? "initiator" : "responder",
		 flags & WORLD_ROLE_FRAGMENTS ? "-fragments" : "", flags & WORLD_ROLE_PPK ? "-ppk" : "",
		 flags & WORLD_ROLE_ADDKE ? "-addke" : "", flags & WORLD_ROLE_MOBIKE ? "-mobike" : "",
		 flags & WORLD_ROLE_TRANSPORT ? "-transport" : "", flags & WORLD_ROLE_MANY ? "-many" : "");
	s->file = fopen(path, "w");
	fputc(role, s->file);
}

static void give(struct side *to, struct bytes datagram)
{
	fprintf(to->file, "%c%c%c", WORLD_DATAGRAM, (int)(datagram.n >> 8), (int)(datagram.n & 0xff));
	fwrite(datagram.p, 1, datagram.n, to->file);
	ike_engine_input(to->engine, &to->local, &to->remote, datagram, now);
}

static bool pass_on(struct side *from, struct side *to)
{
	struct ike_output out;
	bool any = false;

	while (ike_engine_output(from->engine, &out)) {
		any = true;
		if (out.type == IKE_OUTPUT_DATAGRAM)
			give(to, out.datagram);
		else if (out.type == IKE_OUTPUT_SPAWN)
			from->conn = out.conn;
		else if (out.type == IKE_OUTPUT_CHILD_ADD)
			ike_child_result(from->engine, out.child_id, 0, now);
	}
	return any;
}

static void settle(struct side *a, struct side *b)
{
	while (pass_on(a, b) || pass_on(b, a))
		;
}

/* The initiator has another address, and the responder sees it come from there. */
static void move(struct side *a, struct side *b, uint8_t host)
{
	fprintf(a->file, "%c%c", WORLD_MOVE, host);
	fprintf(b->file, "%c%c", WORLD_MOVE, host | 1);
	world_move(&a->local, host);
	world_move(&b->remote, host | 1);
	ike_local_moved(a->engine, WORLD_CONN, &a->local.addr, true, now);
	settle(a, b);
}

static int story(const char *dir, uint8_t flags)
{
	struct side a = {}, b = {};

	side_init(&a, dir, true, flags);
	side_init(&b, dir, false, flags);
	ike_initiate(a.engine, WORLD_CONN, now);
	settle(&a, &b);
	fputc(WORLD_PROBE, a.file);
	ike_probe(a.engine, WORLD_CONN, now);
	settle(&a, &b);
	if (flags & WORLD_ROLE_MOBIKE) {
		move(&a, &b, 10);
		move(&a, &b, 22);
	}
	for (int turn = 0; turn < 2; turn++) {
		struct side *side = turn ? &b : &a;

		fputc(WORLD_REKEY_CHILD, side->file);
		ike_rekey_child(side->engine, side->conn, now);
		settle(&a, &b);
		fputc(WORLD_REKEY_IKE, side->file);
		ike_rekey_ike(side->engine, side->conn, now);
		settle(&a, &b);
	}
	/* Both at once. */
	fputc(WORLD_REKEY_CHILD, a.file);
	fputc(WORLD_REKEY_CHILD, b.file);
	ike_rekey_child(a.engine, WORLD_CONN, now);
	ike_rekey_child(b.engine, b.conn, now);
	settle(&a, &b);
	fputc(WORLD_REKEY_IKE, a.file);
	fputc(WORLD_REKEY_IKE, b.file);
	ike_rekey_ike(a.engine, WORLD_CONN, now);
	ike_rekey_ike(b.engine, b.conn, now);
	settle(&a, &b);
	fputc(WORLD_TERMINATE, a.file);
	ike_terminate(a.engine, WORLD_CONN, IKE_R_DELETED_BY_US, now);
	settle(&a, &b);
	ike_engine_free(a.engine);
	ike_engine_free(b.engine);
	return fclose(a.file) | fclose(b.file);
}

int main(int argc, char **argv)
{
	if (argc != 2 || crypto_init())
		return 1;
	crypto_null_enable(true);
	return story(argv[1], 0) | story(argv[1], WORLD_ROLE_FRAGMENTS) | story(argv[1], WORLD_ROLE_PPK) |
	       story(argv[1], WORLD_ROLE_ADDKE) | story(argv[1], WORLD_ROLE_MOBIKE) |
	       story(argv[1], WORLD_ROLE_TRANSPORT) | story(argv[1], WORLD_ROLE_MANY);
}
