// SPDX-License-Identifier: GPL-2.0-or-later
/* RFC 6298: the estimator, with values worked out by hand. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_rtt.h"
#include "tests/helpers/cmocka_all.h"

static void test_before_the_first_sample(void **state)
{
	struct ike_rtt rtt = {};

	assert_int_equal(ike_rtt_rto(&rtt), 500000);
}

static void test_first_sample(void **state)
{
	struct ike_rtt rtt = {};

	ike_rtt_sample(&rtt, 100000);
	assert_int_equal(rtt.srtt_us, 100000);
	assert_int_equal(rtt.rttvar_us, 50000);
	assert_int_equal(ike_rtt_rto(&rtt), 300000);
}

/*
 * RTTVAR = 3/4 * 50 + 1/4 * |100 - 180| = 57.5 ms, SRTT = 7/8 * 100 + 1/8 * 180 = 110 ms, RTO = 110 + 4 *
 * 57.5
 */
static void test_second_sample(void **state)
{
	struct ike_rtt rtt = {};

	ike_rtt_sample(&rtt, 100000);
	ike_rtt_sample(&rtt, 180000);
	assert_int_equal(rtt.rttvar_us, 57500);
	assert_int_equal(rtt.srtt_us, 110000);
	assert_int_equal(ike_rtt_rto(&rtt), 340000);
}

/*
 * Karn's rule alone would never measure a path whose round trip is longer than the first retransmission waits. An answer to a
 * request that was repeated bounds the time from above: enough when nothing else is known, and when it happens again and again.
 */
static void test_ambiguous_answers(void **state)
{
	struct ike_rtt rtt = {};

	ike_rtt_bound(&rtt, 700000);
	assert_int_equal(rtt.srtt_us, 700000);
	/* The first real sample begins anew. */
	ike_rtt_sample(&rtt, 20000);
	assert_int_equal(rtt.srtt_us, 20000);

	/* A lost packet now and then says nothing. */
	for (int i = 0; i < 20; i++) {
		ike_rtt_bound(&rtt, 300000);
		ike_rtt_bound(&rtt, 300000);
		ike_rtt_sample(&rtt, 20000);
	}
	assert_int_equal(rtt.srtt_us, 20000);
	for (int i = 0; i < 20; i++)
		ike_rtt_bound(&rtt, 60 * INT64_C(1000000));
	assert_int_equal(rtt.srtt_us, 20000);

	/* The path has changed. */
	for (int i = 0; i < 3; i++)
		ike_rtt_bound(&rtt, 700000);
	assert_int_equal(rtt.srtt_us, 700000);
}

static void test_bounds(void **state)
{
	struct ike_rtt near = {};
	struct ike_rtt far = {};
	struct ike_rtt zero = {};

	for (int i = 0; i < 100; i++)
		ike_rtt_sample(&near, 200);
	assert_int_equal(ike_rtt_rto(&near), 50000);
	ike_rtt_sample(&far, 9000000);
	assert_int_equal(ike_rtt_rto(&far), 2000000);
	ike_rtt_sample(&zero, 0);
	assert_true(zero.srtt_us > 0);
	assert_int_equal(ike_rtt_rto(&zero), 50000);
}

static void test_steady_path_converges(void **state)
{
	struct ike_rtt rtt = {};

	ike_rtt_sample(&rtt, 900000);
	for (int i = 0; i < 100; i++)
		ike_rtt_sample(&rtt, 200000);
	assert_in_range(rtt.srtt_us, 199990, 200010);
	assert_in_range(ike_rtt_rto(&rtt), 200900, 201100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_the_first_sample),
		cmocka_unit_test(test_first_sample),
		cmocka_unit_test(test_second_sample),
		cmocka_unit_test(test_ambiguous_answers),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_steady_path_converges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
