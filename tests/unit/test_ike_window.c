// SPDX-License-Identifier: GPL-2.0-or-later
/* Message IDs and the pace of retransmissions, RFC 7296 2.1 to 2.4. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/ike/ike_window.h"

#define DETECT_US USEC_PER_S

static const struct bytes request = {(const uint8_t *)"request", 7};
static const struct bytes other = {(const uint8_t *)"sequest", 7};
static const struct bytes answer = {(const uint8_t *)"answer", 6};

static int setup(void **state)
{
	return crypto_init();
}

static int teardown(void **state)
{
	crypto_fini();
	return mem_live() ? -1 : 0;
}

static void test_requests_of_the_peer(void **state)
{
	struct ike_window w = {};

	assert_int_equal(ike_window_judge(&w, 0, request), IKE_WINDOW_NEW);
	assert_int_equal(ike_window_judge(&w, 1, request), IKE_WINDOW_OUTSIDE);
	assert_int_equal(ike_window_judge(&w, UINT32_MAX, request), IKE_WINDOW_OUTSIDE);
	ike_window_take(&w, request);
	/* Taken and not answered yet: there is nothing to repeat. */
	assert_int_equal(ike_window_judge(&w, 0, request), IKE_WINDOW_OUTSIDE);
	ike_window_keep_response(&w, answer);
	assert_int_equal(ike_window_judge(&w, 0, request), IKE_WINDOW_REPEAT);
	assert_int_equal(w.response_len, answer.n);
	/* The same message ID with other bytes is not a retransmission. */
	assert_int_equal(ike_window_judge(&w, 0, other), IKE_WINDOW_OUTSIDE);
	assert_int_equal(ike_window_judge(&w, 1, other), IKE_WINDOW_NEW);
	ike_window_take(&w, other);
	assert_int_equal(ike_window_judge(&w, 0, request), IKE_WINDOW_OUTSIDE);
	ike_window_fini(&w);
}

/* RFC 7383 2.6.1 */
static void test_fragments_of_the_peers_request(void **state)
{
	struct ike_window w = {};

	assert_int_equal(ike_window_judge_fragment(&w, 0, 1), IKE_WINDOW_NEW);
	assert_int_equal(ike_window_judge_fragment(&w, 0, 2), IKE_WINDOW_NEW);
	assert_int_equal(ike_window_judge_fragment(&w, 1, 1), IKE_WINDOW_OUTSIDE);
	ike_window_take(&w, request);
	assert_int_equal(ike_window_judge_fragment(&w, 0, 1), IKE_WINDOW_OUTSIDE);
	ike_window_keep_response(&w, answer);
	assert_int_equal(ike_window_judge_fragment(&w, 0, 1), IKE_WINDOW_REPEAT);
	assert_int_equal(ike_window_judge_fragment(&w, 0, 2), IKE_WINDOW_OUTSIDE);
	assert_int_equal(ike_window_judge_fragment(&w, 1, 2), IKE_WINDOW_NEW);
	assert_int_equal(ike_window_judge_fragment(&w, UINT32_MAX, 1), IKE_WINDOW_OUTSIDE);
	ike_window_fini(&w);
}

static void test_ids_never_come_again(void **state)
{
	struct instant now = {USEC_PER_S};
	struct ike_window w = {};

	for (uint32_t id = 0; id < 5; id++) {
		ike_window_open(&w, IKE_EXCHANGE_INFORMATIONAL, IKE_PACE_LIVE, request, now);
		assert_int_equal(w.request.message_id, id);
		ike_window_sent_again(&w, 50 * USEC_PER_MS, DETECT_US, now);
		ike_window_answered(&w, now);
		assert_false(w.request.active);
	}
	ike_window_fini(&w);
}

static void test_round_trip_only_of_what_went_once(void **state)
{
	struct instant now = {USEC_PER_S};
	struct ike_window w = {};

	ike_window_open(&w, IKE_EXCHANGE_INFORMATIONAL, IKE_PACE_LIVE, request, now);
	ike_window_sent_again(&w, 50 * USEC_PER_MS, DETECT_US, now);
	assert_int_equal(ike_window_answered(&w, instant_add(now, 1234)), 1234);

	ike_window_open(&w, IKE_EXCHANGE_INFORMATIONAL, IKE_PACE_LIVE, request, now);
	ike_window_sent_again(&w, 50 * USEC_PER_MS, DETECT_US, now);
	ike_window_sent_again(&w, 50 * USEC_PER_MS, DETECT_US, now);
	assert_int_equal(ike_window_answered(&w, instant_add(now, 1234)), 0);

	/* Beginning the pace anew does not make it a first transmission. */
	ike_window_open(&w, IKE_EXCHANGE_INFORMATIONAL, IKE_PACE_LIVE, request, now);
	ike_window_sent_again(&w, 50 * USEC_PER_MS, DETECT_US, now);
	ike_window_hurry(&w);
	ike_window_sent_again(&w, 50 * USEC_PER_MS, DETECT_US, now);
	assert_int_equal(ike_window_answered(&w, instant_add(now, 1234)), 0);
	ike_window_fini(&w);
}

/* Milliseconds between the transmissions of a request that nobody answers, up to its end. */
static unsigned int gaps(enum ike_pace pace, int64_t rto_ms, int64_t out[], unsigned int max)
{
	struct instant now = {USEC_PER_S};
	struct ike_window w = {};
	unsigned int n = 0;

	ike_window_open(&w, IKE_EXCHANGE_INFORMATIONAL, pace, request, now);
	while (instant_before(now, w.request.give_up) && n < max) {
		ike_window_sent_again(&w, rto_ms * USEC_PER_MS, DETECT_US, now);
		out[n++] = instant_diff(w.request.next, now) / USEC_PER_MS;
		now = w.request.next;
	}
	ike_window_fini(&w);
	return n;
}

static void test_pace_of_a_handshake(void **state)
{
	static const int64_t want[] = {500, 1000, 2000, 4000, 4000, 4000, 4000, 4000};
	int64_t got[32];

	assert_in_range(gaps(IKE_PACE_HANDSHAKE, 50, got, array_size(got)), 7, 8);
	assert_memory_equal(got, want, 7 * sizeof(want[0]));
}

static void test_pace_of_a_live_sa(void **state)
{
	static const int64_t want[] = {50, 50, 50, 50, 100, 200, 400, 800, 1600, 2000, 2000};
	int64_t got[256];
	unsigned int n = gaps(IKE_PACE_LIVE, 50, got, array_size(got));

	assert_memory_equal(got, want, sizeof(want));
	/* RFC 7296 2.4: at least a dozen times over at least several minutes. */
	assert_in_range(n, 80, 110);
}

static void test_detect_bounds_the_fast_phase(void **state)
{
	int64_t got[8];

	gaps(IKE_PACE_LIVE, 900, got, array_size(got));
	for (int i = 0; i < 4; i++)
		assert_int_equal(got[i], 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_of_the_peer),
		cmocka_unit_test(test_fragments_of_the_peers_request),
		cmocka_unit_test(test_ids_never_come_again),
		cmocka_unit_test(test_round_trip_only_of_what_went_once),
		cmocka_unit_test(test_pace_of_a_handshake),
		cmocka_unit_test(test_pace_of_a_live_sa),
		cmocka_unit_test(test_detect_bounds_the_fast_phase),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
