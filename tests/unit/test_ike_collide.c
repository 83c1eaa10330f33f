// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Collisions in CREATE_CHILD_SA that the simulator found, in the arrows of RFC 7296 2.8.1: who sends with which pair while two
 * rekeyings cross and one answer is late.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_pair.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/proto/proto.h"

#define IKE_DEFAULT "aes128gcm16-prfsha256-curve25519"
#define ESP_DEFAULT "aes128gcm16"

static size_t live_before;

static int setup(void **state)
{
	live_before = mem_live();
	return 0;
}

static int teardown(void **state)
{
	assert_int_equal(mem_live(), live_before);
	return 0;
}

static void up(struct pair *p)
{
	pair_init(p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(p, &p->a);
	pair_run(p);
	pair_assert_up(p);
	pair_sleep(p, 2 * USEC_PER_S, true);
}

static void rekey_child(struct pair *p, struct pair_side *side)
{
	assert_true(ike_rekey_child(side->engine, PAIR_CONN, p->now));
	pair_drain(p, side);
}

static void arrow(struct pair *p, struct pair_side *from, struct pair_side *to)
{
	struct pair_datagram d;

	assert_true(pair_take(from, &d));
	pair_give(p, to, &d);
	pair_assert_heard(p);
}

/*
 *	B: HDR, SK {N(REKEY_SA), SA, Ni, TSi, TSr} --> A	whose answer is late
 *	A: HDR, SK {N(REKEY_SA), SA, Ni, TSi, TSr} --> B, and is answered
 *	A: knows both, and that its own is the one too many: HDR, SK {D(its own)} -->
 *
 * A never installed it, so B must not send with it, though A's request shows that A has got B's answer.
 */
static void test_the_one_too_many_never_sends(void **state)
{
	unsigned int lost_by_a = 0;

	for (int seed = 0; seed < 16; seed++) {
		struct pair_datagram late;
		struct pair p;

		up(&p);
		p.a.seed += (uint64_t)seed * 977;
		rekey_child(&p, &p.b);
		rekey_child(&p, &p.a);
		arrow(&p, &p.b, &p.a);
		arrow(&p, &p.a, &p.b);
		assert_true(pair_take(&p.a, &late));
		arrow(&p, &p.b, &p.a);
		lost_by_a += p.a.children == 2;
		/* A's DELETE of the old pair, or of its own new one */
		arrow(&p, &p.a, &p.b);
		assert_true(p.b.used <= 1);
		pair_run(&p);
		pair_give(&p, &p.b, &late);
		pair_assert_heard(&p);
		pair_run(&p);
		pair_sleep(&p, 60 * USEC_PER_S, true);
		pair_assert_heard(&p);
		assert_int_equal(p.a.children, 1);
		assert_int_equal(p.b.children, 1);
		pair_fini(&p);
	}
	/* Chance decides who loses: both happen. */
	assert_true(lost_by_a > 0 && lost_by_a < 16);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_the_one_too_many_never_sends),
	};
	int failed;

	if (crypto_init() != 0)
		return 77;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	crypto_fini();
	return failed;
}
