// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A peer that has the key and says what no honest peer says (tests/helpers/ike_hostile.h), thousands of times, to an engine that it may
 * bring down to nothing but its own tunnel: what the engine holds for it stays within bounds, and is gone a while after it falls
 * silent. `test_prop_hostile SEED [MESSAGES]` repeats one world, or makes it longer.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_hostile.h"
#include "tests/helpers/ike_pair.h"
#include "tests/helpers/mem_live.h"

#define MESSAGES 400
#define WORLDS	 16

/* IKE SAs that are up, as many that each of them has replaced, is making or has closed, and what an attempt of a moment ago leaves. */
#define MOST_SAS      (8 * LIMIT_CONN_SAS)
#define MOST_CHILDREN (LIMIT_CONN_SAS * LIMIT_CHILDREN)

static uint64_t first_seed = 1;
static unsigned int worlds = WORLDS, messages = MESSAGES;

struct end {
	struct ike_host host;
	struct ike_engine *engine;
	struct endpoint at;
	uint64_t rng;
	uint32_t next_spi;
	uint32_t spi_in, spi_out;
	int children;
	struct pair_datagram queue[256]; /* the newest */
	unsigned int queued;
};

struct world {
	uint64_t seed;
	struct instant now;
	struct end peer, us;
	struct hostile h;
	struct ike_hdr asked; /* the last request of ours that the peer has got */
	unsigned int begun;
	uint64_t most_sas;
	int most_children;
};

static void end_random(void *arg, uint8_t *to, size_t n)
{
	struct end *end = arg;

	for (size_t i = 0; i < n; i++) {
		end->rng = end->rng * 6364136223846793005u + 1442695040888963407u;
		to[i] = (uint8_t)(end->rng >> 56);
	}
}

static uint32_t end_spi_reserve(void *arg)
{
	return ((struct end *)arg)->next_spi++;
}

static void end_spi_release(void *arg, uint32_t spi)
{
}

static int64_t end_wall_clock(void *arg)
{
	return PAIR_WALL_CLOCK_S;
}

/* --- the two ends ---------------------------------------------------------------------------------------- */

static void use_null_suite(struct ike_conn_cfg *cfg, bool addke)
{
	cfg->ike[0] = (struct ike_proposal_cfg){.num = 3,
						.transforms = {{IKE_TRANSFORM_ENCR, IKE_ENCR_NULL, 0},
							       {IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256, 0},
							       {IKE_TRANSFORM_KE, CRYPTO_KE_NULL, 0}}};
	cfg->esp[0] =
		(struct ike_proposal_cfg){.num = 1, .transforms = {{IKE_TRANSFORM_ENCR, IKE_ENCR_NULL, 0}}};
	if (!addke)
		return;
	cfg->ike[0].transforms[cfg->ike[0].num++] =
		(struct ike_transform_cfg){IKE_TRANSFORM_ADDKE1, CRYPTO_KEM_NULL, 0};
	cfg->esp[0].transforms[cfg->esp[0].num++] =
		(struct ike_transform_cfg){IKE_TRANSFORM_KE, CRYPTO_KE_NULL, 0};
	cfg->esp[0].transforms[cfg->esp[0].num++] =
		(struct ike_transform_cfg){IKE_TRANSFORM_ADDKE1, CRYPTO_KEM_NULL, 0};
}

static void configure(const struct world *w, struct end *end, const struct end *other)
{
	struct ike_conn_cfg *cfg = ike_conn_cfg_new();
	bool real = w->seed % 4 == 0;
	char err[128];

	cfg->remote = other->at.addr;
	cfg->local = end->at.addr;
	if (w->seed & 1)
		cfg->local = (struct ipaddr){.ipa_type = IPADDR_NONE};
	secret_set(&cfg->psk, bytes_str("a shared secret"));
	cfg->num_ike = cfg->num_esp = 1;
	cfg->mobike = w->seed & 1;
	cfg->nat_force = end == &w->peer && w->seed & 8;
	cfg->fragmentation = w->seed % 3 ? 600 : 0;
	if (real) {
		assert_true(ike_proposal_parse(IKE_PROTO_IKE, "aes128gcm16-prfsha256-curve25519",
					       &cfg->ike[0], err, sizeof(err)));
		assert_true(ike_proposal_parse(IKE_PROTO_ESP, "aes128gcm16", &cfg->esp[0], err, sizeof(err)));
	} else {
		use_null_suite(cfg, w->seed & 2);
	}
	ike_conn_set(end->engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

static void end_init(struct world *w, struct end *end, const char *addr, uint64_t rng)
{
	end->rng = rng;
	end->next_spi = 0x1000 * (uint32_t)(1 + rng % 9);
	end->at.port = IKE_PORT;
	assert_int_equal(str2ipaddr(addr, &end->at.addr), 0);
	end->host = (struct ike_host){end, end_random, end_spi_reserve, end_spi_release, end_wall_clock};
	end->engine = ike_engine_new(&end->host, w->now);
	ike_engine_set_qcd_secret(end->engine, bytes_str("survives"));
}

static void keep_datagram(struct end *end, const struct ike_output *out)
{
	struct pair_datagram *d = &end->queue[end->queued % array_size(end->queue)];

	if (out->datagram.n > sizeof(d->data))
		return;
	d->from = out->local;
	if (IS_IPADDR_NONE(&d->from.addr))
		d->from.addr = end->at.addr;
	d->to = out->remote;
	d->len = out->datagram.n;
	memcpy(d->data, out->datagram.p, d->len);
	end->queued++;
}

static void drain(struct world *w, struct end *end)
{
	struct ike_output out;

	while (ike_engine_output(end->engine, &out)) {
		if (out.type == IKE_OUTPUT_DATAGRAM)
			keep_datagram(end, &out);
		if (out.type == IKE_OUTPUT_CHILD_DELETE)
			end->children--;
		if (out.type != IKE_OUTPUT_CHILD_ADD)
			continue;
		end->children++;
		end->spi_in = out.child->in.spi;
		end->spi_out = out.child->out.spi;
		ike_child_result(end->engine, out.child_id, 0, w->now);
	}
}

static void note_request(struct world *w)
{
	const struct end *us = &w->us;
	struct ike_hdr hdr;

	for (unsigned int i = 0; i < MIN(us->queued, array_size(us->queue)); i++)
		if (ike_hdr_decode(bytes_make(us->queue[i].data, us->queue[i].len), &hdr) == IKE_R_OK &&
		    !(hdr.flags & IKE_FLAG_RESPONSE))
			w->asked = hdr;
}

static void deliver(struct world *w, struct end *from, struct end *to)
{
	unsigned int n = MIN(from->queued, array_size(from->queue));

	for (unsigned int i = 0; i < n; i++) {
		const struct pair_datagram *d = &from->queue[i];

		ike_engine_input(to->engine, &d->to, &d->from, bytes_make(d->data, d->len), w->now);
		drain(w, to);
	}
	from->queued = 0;
}

/* As honest peers do. */
static void run(struct world *w)
{
	for (unsigned int i = 0; i < 20 && w->peer.queued + w->us.queued; i++) {
		deliver(w, &w->peer, &w->us);
		deliver(w, &w->us, &w->peer);
	}
}

/* --- the peer -------------------------------------------------------------------------------------------- */

static struct ike_sa *sa_of(struct end *end)
{
	struct ike_conn *conn = ike_conn_find(end->engine, PAIR_CONN);

	return conn ? ike_conn_up(conn) : NULL;
}

/* It forgets all, and begins, or has us begin, anew. */
static void begin(struct world *w)
{
	w->begun++;
	ike_engine_free(w->peer.engine);
	w->peer.engine = ike_engine_new(&w->peer.host, w->now);
	w->peer.queued = w->us.queued = 0;
	configure(w, &w->peer, &w->us);
	w->now = instant_add(w->now, 50 * USEC_PER_MS);
	if (sa_of(&w->us) || hostile_below(&w->h, 2) || !ike_initiate(w->us.engine, PAIR_CONN, w->now))
		ike_initiate(w->peer.engine, PAIR_CONN, w->now);
	drain(w, &w->us);
	drain(w, &w->peer);
	run(w);
}

static struct ike_sa *same_sa(struct world *w, const struct ike_sa *sa)
{
	const struct ike_sa key = {.spi_i = sa->spi_i, .spi_r = sa->spi_r};

	return ike_sas_find(&w->us.engine->sas, &key);
}

static void move(struct world *w)
{
	struct hostile *h = &w->h;

	for (unsigned int i = 0; i < MIN(w->peer.queued, array_size(w->peer.queue)); i++) {
		struct endpoint *from = &w->peer.queue[i].from;

		from->port = (uint16_t)(hostile_below(h, 4) ? from->port : hostile_below(h, 65536));
		if (hostile_below(h, 4) == 0)
			from->addr.ipaddr_v4.s_addr = htonl(0x0a000000 + hostile_below(h, 20));
	}
}

static void our_turn(struct world *w)
{
	struct ike_engine *engine = w->us.engine;
	struct endpoint elsewhere = w->peer.at;

	switch (hostile_below(&w->h, 12)) {
	case 0:
		ike_probe(engine, PAIR_CONN, w->now);
		break;
	case 1:
		ike_rekey_child(engine, PAIR_CONN, w->now);
		break;
	case 2:
		ike_rekey_ike(engine, PAIR_CONN, w->now);
		break;
	case 3:
		elsewhere.port = (uint16_t)hostile_below(&w->h, 65536);
		ike_child_peer_moved(engine, hostile_below(&w->h, 30), &elsewhere);
		break;
	case 4:
		ike_local_moved(engine, PAIR_CONN, &w->us.at.addr, false, w->now);
		break;
	case 5:
		w->now = instant_add(w->now, hostile_below(&w->h, 3000) * USEC_PER_MS);
		ike_engine_expire(engine, w->now);
		break;
	}
	drain(w, &w->us);
}

static void say(struct world *w, struct ike_sa *sa, const struct ike_sa *ours)
{
	struct hostile *h = &w->h;

	w->h.spi_out = w->us.spi_in;
	w->h.spi_in = w->us.spi_out;
	sa->window.next_id = ours->window.expected_id;
	if (hostile_below(h, 3) == 0 && w->asked.spi_i == sa->spi_i)
		hostile_response(h, sa, &w->asked);
	else if (hostile_below(h, 10) == 0)
		hostile_fragments(h, sa);
	else
		hostile_request(h, sa, w->now);
	drain(w, &w->peer);
	if (hostile_below(h, 10) == 0)
		move(w);
}

static void note_sizes(struct world *w)
{
	struct ike_counters counters;

	ike_engine_counters(w->us.engine, &counters);
	w->most_sas = MAX(w->most_sas, counters.ike_sas);
	w->most_children = MAX(w->most_children, w->us.children);
	if (counters.ike_sas > MOST_SAS || w->us.children > MOST_CHILDREN)
		fail_msg("seed %" PRIu64 ": %" PRIu64 " IKE SAs, %d Child SAs", w->seed, counters.ike_sas,
			 w->us.children);
}

static void step(struct world *w)
{
	struct ike_sa *sa = sa_of(&w->peer);
	struct ike_sa *ours = sa ? same_sa(w, sa) : NULL;

	if (!ours || !ike_sa_is_up(ours)) {
		begin(w);
		return;
	}
	if (hostile_below(&w->h, 40) == 0) {
		/* For once it is honest. */
		drain(w, &w->peer);
		run(w);
		return;
	}
	say(w, sa, ours);
	w->us.queued = 0;
	deliver(w, &w->peer, &w->us);
	our_turn(w);
	note_request(w);
	note_sizes(w);
}

static void print_sizes(const struct world *w)
{
	struct ike_counters counters;

	ike_engine_counters(w->us.engine, &counters);
	print_message("begun %u times, at most %" PRIu64 " IKE SAs, %d Child SAs\n", w->begun, w->most_sas,
		      w->most_children);
	for (enum ike_reason r = 0; r < array_size(counters.reasons); r++)
		if (counters.reasons[r])
			print_message("%8" PRIu64 " %s\n", counters.reasons[r], ike_reason_info(r)->words);
}

/* The peer is gone. */
static void silence(struct world *w)
{
	struct instant end = instant_add(w->now, 600 * USEC_PER_S);
	struct ike_counters counters;

	while (instant_before(ike_engine_next_expiry(w->us.engine), end)) {
		w->now = ike_engine_next_expiry(w->us.engine);
		ike_engine_expire(w->us.engine, w->now);
		drain(w, &w->us);
		w->us.queued = 0;
		ike_probe(w->us.engine, PAIR_CONN, w->now);
		drain(w, &w->us);
	}
	ike_engine_counters(w->us.engine, &counters);
	assert_in_range(counters.ike_sas, 0, 1);
	assert_in_range(w->us.children, 0, 1);
}

static void play(uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));

	w->seed = seed;
	w->now = (struct instant){USEC_PER_S};
	w->h.rng = seed * 0x9e3779b97f4a7c15u + 1;
	end_init(w, &w->peer, "10.0.0.1", seed * 2 + 1);
	end_init(w, &w->us, "10.0.0.2", seed * 2 + 2);
	configure(w, &w->us, &w->peer);
	begin(w);
	for (unsigned int i = 0; i < messages; i++)
		step(w);
	if (worlds == 1)
		print_sizes(w);
	silence(w);
	ike_engine_free(w->peer.engine);
	ike_engine_free(w->us.engine);
	free(w);
}

static void test_hostile(void **state)
{
	size_t live = mem_live();

	assert_int_equal(crypto_init(), 0);
	crypto_null_enable(true);
	for (uint64_t seed = first_seed; seed < first_seed + worlds; seed++) {
		print_message("seed %" PRIu64 "\n", seed);
		play(seed);
	}
	crypto_null_enable(false);
	crypto_fini();
	assert_int_equal(mem_live(), live);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_hostile)};

	if (argc > 1) {
		first_seed = strtoull(argv[1], NULL, 10);
		worlds = 1;
	}
	if (argc > 2)
		messages = strtoul(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
