// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tunnels that nobody can tell apart: several connections between the same ends, with the same identities and secret. In arrows, and then
 * as a property: whatever the network does, and whoever restarts, each of them comes to have one of the peer's, and keeps it.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_craft.h"
#include "tests/helpers/ike_storm.h"

#define TUNNELS 3

/* Seeds of the property; a failure prints its own. */
#define SEEDS 25

static void set(struct pair *p, struct pair_side *side, uint32_t conn)
{
	struct ike_conn_cfg *cfg = pair_cfg(side, side == &p->a ? &p->b : &p->a, IKE_DEFAULT, ESP_DEFAULT);

	ike_conn_set(side->engine, conn, cfg);
	ike_conn_cfg_unref(cfg);
}

static void init(struct pair *p)
{
	pair_init(p, IKE_DEFAULT, ESP_DEFAULT);
	for (uint32_t i = 1; i < TUNNELS; i++) {
		set(p, &p->a, PAIR_CONN + i);
		set(p, &p->b, PAIR_CONN + i);
	}
}

static struct ike_conn_info info_of(const struct pair_side *side, uint32_t i)
{
	struct ike_conn_info info;

	assert_true(ike_conn_info(side->engine, PAIR_CONN + i, &info));
	return info;
}

/* B's connection that has the same IKE SA and Child SA as A's number i; -1: none. */
static int match_of(const struct pair *p, uint32_t i)
{
	struct ike_conn_info a = info_of(&p->a, i);

	for (int k = 0; k < TUNNELS && a.phase == IKE_PHASE_ESTABLISHED; k++) {
		struct ike_conn_info b = info_of(&p->b, (uint32_t)k);

		if (b.phase == IKE_PHASE_ESTABLISHED && a.spi_i == b.spi_i && a.spi_r == b.spi_r &&
		    a.child_id && a.child_spi_in == b.child_spi_out && a.child_spi_out == b.child_spi_in)
			return k;
	}
	return -1;
}

static bool all_match(const struct pair *p)
{
	unsigned int seen = 0;

	for (uint32_t i = 0; i < TUNNELS; i++) {
		int k = match_of(p, i);

		if (k < 0 || seen & 1u << k)
			return false;
		seen |= 1u << k;
	}
	return p->a.children == TUNNELS && p->b.children == TUNNELS;
}

static void dial(struct pair *p, struct pair_side *side, uint32_t i)
{
	ike_initiate(side->engine, PAIR_CONN + i, p->now);
	pair_drain(p, side);
}

/* --- arrows ---------------------------------------------------------------------------------------------- */

static void test_each_has_its_own(void **state)
{
	struct pair p;

	init(&p);
	for (uint32_t i = 0; i < TUNNELS; i++) {
		dial(&p, &p.a, i);
		pair_run(&p);
	}
	assert_true(all_match(&p));
	assert_int_equal(p.a.ike_down + p.b.ike_down, 0);
	pair_fini(&p);
}

/* One of them begins again, with and without a word: it comes to where it was, and the others do not notice. */
static void test_one_restarts(void **state)
{
	struct pair p;

	for (int silent = 0; silent < 2; silent++) {
		init(&p);
		for (uint32_t i = 0; i < TUNNELS; i++) {
			dial(&p, &p.a, i);
			pair_run(&p);
		}
		pair_sleep(&p, 20 * USEC_PER_S, true);
		if (silent) {
			ike_conn_del(p.a.engine, PAIR_CONN + 1);
			pair_drain(&p, &p.a);
			set(&p, &p.a, PAIR_CONN + 1);
		} else {
			ike_terminate(p.a.engine, PAIR_CONN + 1, IKE_R_DELETED_BY_US, p.now);
			pair_drain(&p, &p.a);
			pair_run(&p);
		}
		/* Those that live are heard of now and then. */
		pair_sleep(&p, 5 * USEC_PER_S, true);
		for (uint32_t i = 0; i < TUNNELS; i += 2) {
			assert_true(ike_probe(p.a.engine, PAIR_CONN + i, p.now));
			pair_drain(&p, &p.a);
			pair_run(&p);
		}
		p.a.ike_down = p.b.ike_down = 0;
		dial(&p, &p.a, 1);
		pair_run(&p);
		pair_sleep(&p, 60 * USEC_PER_S, true);
		assert_true(all_match(&p));
		for (uint32_t i = 0; i < TUNNELS; i++)
			assert_int_equal(match_of(&p, i), i);
		assert_int_equal(p.a.ike_down + p.b.ike_down, 0);
		pair_fini(&p);
	}
}

/* Whatever a peer would see of the difference, also a narrower selector, tells them apart. */
static void test_which_are_alike(void **state)
{
	struct ike_conn_cfg *a, *b;
	char err[128];
	struct pair p;

	init(&p);
	a = pair_cfg(&p.a, &p.b, IKE_DEFAULT, ESP_DEFAULT);
	b = pair_cfg(&p.a, &p.b, IKE_DEFAULT, ESP_DEFAULT);
	b->esp_lifetime_s++;
	assert_true(ike_conns_alike(a, b));
	b->ts_remote.ts[0].proto = IPPROTO_TCP;
	assert_false(ike_conns_alike(a, b));
	assert_false(ike_conns_alike(b, a));
	b->ts_remote.ts[0].proto = 0;
	assert_true(ike_id_parse("fqdn", "two", &b->local_id, err, sizeof(err)));
	assert_false(ike_conns_alike(a, b));
	ike_conn_cfg_unref(a);
	ike_conn_cfg_unref(b);
	pair_fini(&p);
}

static bool says_initial_contact(struct pair *p, uint32_t i)
{
	struct pair_datagram d;
	struct opened o;

	dial(p, &p->a, i);
	d = pair_taken(&p->a, IKE_EXCHANGE_SA_INIT, false);
	pair_give(p, &p->b, &d);
	d = pair_taken(&p->b, IKE_EXCHANGE_SA_INIT, true);
	pair_give(p, &p->a, &d);
	d = pair_taken(&p->a, IKE_EXCHANGE_AUTH, false);
	open_for(&p->b, sa_in_state(&p->b, IKE_SA_INIT_DONE), &d, &o);
	pair_give(p, &p->b, &d);
	return has_notify(&o, IKE_NOTIFY_INITIAL_CONTACT);
}

/* 2.4: it says that this is the only one between the two identities, and that is true of the first. */
static void test_initial_contact(void **state)
{
	struct ike_conn_cfg *cfg;
	struct pair p;
	bool said;

	init(&p);
	said = says_initial_contact(&p, 0);
	assert_true(said);
	pair_run(&p);
	assert_false(says_initial_contact(&p, 1));
	pair_run(&p);
	pair_fini(&p);
	/* One that is only begun counts too. */
	init(&p);
	dial(&p, &p.a, 2);
	assert_true(p.a.queued == 1);
	p.a.queued = 0;
	assert_false(says_initial_contact(&p, 0));
	pair_run(&p);
	pair_fini(&p);
	/* Another identity is another matter. */
	init(&p);
	cfg = pair_cfg(&p.a, &p.b, IKE_DEFAULT, ESP_DEFAULT);
	cfg->local_id = (struct ike_id_cfg){.type = IKE_ID_KEY_ID, .len = 1, .value = "x"};
	ike_conn_set(p.a.engine, PAIR_CONN + 1, cfg);
	ike_conn_cfg_unref(cfg);
	dial(&p, &p.a, 0);
	pair_run(&p);
	assert_false(says_initial_contact(&p, 2));
	ike_conn_del(p.a.engine, PAIR_CONN);
	ike_conn_del(p.a.engine, PAIR_CONN + 2);
	pair_drain(&p, &p.a);
	p.a.queued = p.b.queued = 0;
	set(&p, &p.a, PAIR_CONN);
	dial(&p, &p.a, 1);
	pair_run(&p);
	said = says_initial_contact(&p, 0);
	assert_true(said);
	pair_run(&p);
	pair_fini(&p);
}

static void set_ts(struct pair *p, struct pair_side *side, uint32_t i, const char *local, const char *remote)
{
	struct ike_conn_cfg *cfg = pair_cfg(side, side == &p->a ? &p->b : &p->a, IKE_DEFAULT, ESP_DEFAULT);
	struct ts *l = &cfg->ts_local.ts[0], *r = &cfg->ts_remote.ts[0];

	cfg->ts_local.n = cfg->ts_remote.n = 1;
	assert_int_equal(str2ipaddr(local, &l->start), 0);
	assert_int_equal(str2ipaddr(remote, &r->start), 0);
	l->end = l->start;
	r->end = r->start;
	ike_conn_set(side->engine, PAIR_CONN + i, cfg);
	ike_conn_cfg_unref(cfg);
}

/* Selectors do tell them apart, though one takes anything. */
static void test_by_selectors(void **state)
{
	struct pair p;

	init(&p);
	set_ts(&p, &p.a, 0, "10.1.0.0", "10.2.0.0");
	set_ts(&p, &p.a, 1, "10.1.0.1", "10.2.0.1");
	set_ts(&p, &p.b, 2, "10.2.0.0", "10.1.0.0");
	set_ts(&p, &p.b, 1, "10.2.0.1", "10.1.0.1");
	for (uint32_t i = 0; i < TUNNELS; i++) {
		dial(&p, &p.a, i);
		pair_run(&p);
	}
	assert_int_equal(match_of(&p, 0), 2);
	assert_int_equal(match_of(&p, 1), 1);
	assert_int_equal(match_of(&p, 2), 0);
	/* Its own one again, though another has none. */
	ike_terminate(p.b.engine, PAIR_CONN, IKE_R_DELETED_BY_US, p.now);
	pair_drain(&p, &p.b);
	pair_run(&p);
	pair_sleep(&p, 20 * USEC_PER_S, true);
	ike_conn_del(p.a.engine, PAIR_CONN);
	pair_drain(&p, &p.a);
	set_ts(&p, &p.a, 0, "10.1.0.0", "10.2.0.0");
	dial(&p, &p.a, 0);
	pair_run(&p);
	assert_int_equal(match_of(&p, 0), 2);
	pair_fini(&p);
}

/* --- the property ---------------------------------------------------------------------------------------- */

/* When each connection is looked after. */
static struct instant dials[2][TUNNELS];

/* As the tunnel floor does: whoever has nothing begins, a little later each time; who has is asked for a sign of life. */
static void tend(struct storm *s, unsigned int end, uint32_t i)
{
	struct pair_side *side = end ? &s->p.b : &s->p.a;

	if (!instant_reached(dials[end][i], s->p.now))
		return;
	dials[end][i] = instant_add(s->p.now, USEC_PER_S + below(s, 2 * USEC_PER_S));
	if (!ike_initiate(side->engine, PAIR_CONN + i, s->p.now))
		ike_probe(side->engine, PAIR_CONN + i, s->p.now);
	pair_drain(&s->p, side);
}

static void tend_all(struct storm *s)
{
	s->tend_at = INSTANT_NEVER;
	for (unsigned int k = 0; k < 2 * TUNNELS; k++) {
		tend(s, k / TUNNELS, k % TUNNELS);
		s->tend_at = instant_min(s->tend_at, dials[k / TUNNELS][k % TUNNELS]);
	}
}

static void crash(struct storm *s)
{
	struct pair_side *a = &s->p.a;

	ike_engine_free(a->engine);
	a->children = 0;
	a->sender = 0;
	a->usable = false;
	memset(a->plane, 0, sizeof(a->plane));
	a->engine = ike_engine_new(&a->host, s->p.now);
	for (uint32_t i = 0; i < TUNNELS; i++) {
		set(&s->p, a, PAIR_CONN + i);
		dials[0][i] = s->p.now;
	}
	s->tend_at = s->p.now;
}

static void assert_settles(struct storm *s, uint64_t seed, const char *after)
{
	unsigned int downs;

	s->bad = true;
	run_for(s, 20 * USEC_PER_S);
	s->bad = false;
	run_for(s, 60 * USEC_PER_S);
	if (!all_match(&s->p))
		fail_msg("seed %" PRIu64 ": not all have their match after %s", seed, after);
	downs = s->p.a.ike_down + s->p.b.ike_down;
	run_for(s, 120 * USEC_PER_S);
	if (!all_match(&s->p) || s->p.a.ike_down + s->p.b.ike_down != downs)
		fail_msg("seed %" PRIu64 ": they do not stay up after %s", seed, after);
}

static void play(uint64_t seed)
{
	static struct storm s;

	s = (struct storm){.rng = seed * UINT64_C(0x9e3779b97f4a7c15) | 1, .tend = tend_all};
	init(&s.p);
	for (unsigned int i = 0; i < 2 * TUNNELS; i++)
		dials[i / TUNNELS][i % TUNNELS] = instant_add(s.p.now, below(&s, 2) * below(&s, 50000));
	assert_settles(&s, seed, "both began");
	crash(&s);
	assert_settles(&s, seed, "one end restarted");
	ike_terminate(s.p.b.engine, PAIR_CONN + below(&s, TUNNELS), IKE_R_DELETED_BY_US, s.p.now);
	pair_drain(&s.p, &s.p.b);
	assert_settles(&s, seed, "one was closed");
	pair_fini(&s.p);
}

static void test_all_come_up(void **state)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		play(seed);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_each_has_its_own), T(test_which_are_alike), T(test_one_restarts), T(test_initial_contact),
		T(test_by_selectors),	  T(test_all_come_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
