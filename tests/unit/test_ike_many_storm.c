// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hub and many sites over a bad network, as a property: whatever is lost and comes twice, whoever rekeys, forgets or is closed, each
 * output of the hub belongs to a connection that it was told of and still has, and in the end each site has one, and there are no others.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_forge.h"
#include "tests/helpers/ike_storm.h"

#include "bgpvpnd/ike/ike_engine.h"

#define SITES 5

/* A failure prints its seed. */
#define SEEDS 12

/* The hub's owner: connections that it was told of and has not let go. More than sites there are while one comes back as another goes. */
static uint32_t owned[2 * SITES];
static uint64_t playing;

static uint32_t *owned_find(uint32_t conn)
{
	for (unsigned int i = 0; i < array_size(owned); i++)
		if (owned[i] == conn)
			return &owned[i];
	return NULL;
}

static unsigned int num_owned(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < array_size(owned); i++)
		n += owned[i] != 0;
	return n;
}

static void watch(struct pair_side *hub, const struct ike_output *out)
{
	struct ike_conn_info info;
	uint32_t *mine;

	if (out->type == IKE_OUTPUT_SPAWN) {
		mine = owned_find(0);
		assert_non_null(mine);
		assert_null(owned_find(out->conn));
		*mine = out->conn;
		return;
	}
	if (!out->conn || out->conn == PAIR_CONN)
		return;
	mine = owned_find(out->conn);
	if (!mine)
		fail_msg("seed %" PRIu64 ": output %d of connection %x, which nobody has", playing, out->type,
			 out->conn);
	if (out->type != IKE_OUTPUT_EVENT || out->event != IKE_EVENT_IKE_DOWN)
		return;
	assert_true(ike_conn_info(hub->engine, out->conn, &info));
	if (info.phase != IKE_PHASE_NONE)
		return;
	ike_conn_del(hub->engine, out->conn);
	*mine = 0;
}

static void set(struct pair_side *side, uint32_t conn, struct ike_conn_cfg *cfg)
{
	ike_conn_set(side->engine, conn, cfg);
	ike_conn_cfg_unref(cfg);
}

static void set_hub(struct pair *p)
{
	struct ike_conn_cfg *cfg = pair_cfg(&p->b, &p->a, IKE_DEFAULT, ESP_DEFAULT);

	cfg->remote = (struct ipaddr){.ipa_type = IPADDR_NONE};
	cfg->passive = true;
	cfg->many = true;
	set(&p->b, PAIR_CONN, cfg);
}

static void set_site(struct pair *p, unsigned int site)
{
	struct ike_conn_cfg *cfg = pair_cfg(&p->a, &p->b, IKE_DEFAULT, ESP_DEFAULT);

	cfg->local_id =
		(struct ike_id_cfg){.type = IKE_ID_KEY_ID, .len = 1, .value = {(uint8_t)('a' + site)}};
	set(&p->a, PAIR_CONN + site, cfg);
}

static uint32_t any_owned(struct storm *s)
{
	return owned[below(s, array_size(owned))];
}

/* Something happens at one site, or to what the hub has of it. */
static void disturb(struct storm *s, unsigned int site)
{
	struct ike_engine *a = s->p.a.engine, *b = s->p.b.engine;

	switch (below(s, 8)) {
	case 0:
		ike_rekey_ike(a, PAIR_CONN + site, s->p.now);
		break;
	case 1:
		ike_rekey_child(a, PAIR_CONN + site, s->p.now);
		break;
	case 2:
		ike_rekey_ike(b, any_owned(s), s->p.now);
		break;
	case 3:
		ike_rekey_child(b, any_owned(s), s->p.now);
		break;
	case 4:
		ike_terminate(a, PAIR_CONN + site, IKE_R_DELETED_BY_US, s->p.now);
		break;
	case 5:
		ike_terminate(b, any_owned(s), IKE_R_DELETED_BY_US, s->p.now);
		break;
	case 6: /* without a word */
		ike_conn_del(a, PAIR_CONN + site);
		pair_drain(&s->p, &s->p.a);
		set_site(&s->p, site);
		break;
	case 7:
		ike_probe(b, any_owned(s), s->p.now);
		break;
	}
	pair_drain(&s->p, &s->p.a);
	pair_drain(&s->p, &s->p.b);
}

static void tend(struct storm *s)
{
	for (unsigned int i = 0; i < SITES; i++) {
		if (!ike_initiate(s->p.a.engine, PAIR_CONN + i, s->p.now))
			ike_probe(s->p.a.engine, PAIR_CONN + i, s->p.now);
		pair_drain(&s->p, &s->p.a);
		if (s->bad && below(s, 3) == 0)
			disturb(s, i);
	}
	/* The hub asks too: who has gone without a word is found out. */
	for (unsigned int i = 0; i < array_size(owned); i++)
		if (owned[i])
			ike_probe(s->p.b.engine, owned[i], s->p.now);
	pair_drain(&s->p, &s->p.b);
	s->tend_at = instant_add(s->p.now, USEC_PER_S + below(s, USEC_PER_S));
}

static bool is_joined(const struct storm *s, unsigned int site)
{
	struct ike_conn_info a, b;

	assert_true(ike_conn_info(s->p.a.engine, PAIR_CONN + site, &a));
	for (unsigned int i = 0; i < array_size(owned); i++)
		if (owned[i] && ike_conn_info(s->p.b.engine, owned[i], &b) && a.spi_i == b.spi_i &&
		    a.spi_r == b.spi_r && a.child_id && a.child_spi_in == b.child_spi_out)
			return true;
	return false;
}

static void play(uint64_t seed)
{
	static struct storm s;

	playing = seed;
	memset(owned, 0, sizeof(owned));
	s = (struct storm){.rng = seed * UINT64_C(0x9e3779b97f4a7c15) | 1, .tend = tend, .bad = true};
	pair_init(&s.p, IKE_DEFAULT, ESP_DEFAULT);
	s.p.b.watch = watch;
	set_hub(&s.p);
	for (unsigned int i = 0; i < SITES; i++)
		set_site(&s.p, i);
	s.tend_at = s.p.now;
	run_for(&s, 30 * USEC_PER_S);
	s.bad = false;
	run_for(&s, 300 * USEC_PER_S);
	for (unsigned int i = 0; i < SITES; i++)
		if (!is_joined(&s, i))
			fail_msg("seed %" PRIu64 ": site %u has no connection at the hub", seed, i);
	assert_int_equal(num_owned(), SITES);
	assert_int_equal(ike_spawns_count(&s.p.b.engine->spawns), SITES);
	assert_int_equal(s.p.b.children, SITES);
	pair_fini(&s.p);
}

static void test_hub(void **state)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		play(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hub, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
