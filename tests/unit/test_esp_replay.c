// SPDX-License-Identifier: GPL-2.0-or-later
/* Anti-replay window: the corners by hand, then everything against a model too simple to be wrong. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"

#include "bgpvpnd/dplane/tun/esp_replay.h"

/* As the plane does it. */
static bool take(struct esp_replay *replay, uint64_t seq)
{
	if (!esp_replay_check(replay, seq))
		return false;
	esp_replay_advance(replay, seq);
	return true;
}

static void test_in_order(void **state)
{
	struct esp_replay replay;

	esp_replay_init(&replay, 64);
	for (uint64_t seq = 1; seq < 10000; seq++) {
		assert_true(take(&replay, seq));
		assert_false(take(&replay, seq));
	}
}

static void test_zero_never_comes_first(void **state)
{
	struct esp_replay replay;

	esp_replay_init(&replay, 64);
	assert_false(take(&replay, 0));
	assert_true(take(&replay, 1));
	assert_false(take(&replay, 0));
}

static void test_edges(void **state)
{
	static const uint32_t windows[] = {1, 2, 31, 32, 33, 63, 64, 65, 128, 1000, 4095, 4096};

	for (size_t i = 0; i < array_size(windows); i++) {
		uint32_t w = windows[i];
		struct esp_replay replay;

		esp_replay_init(&replay, w);
		assert_true(take(&replay, 100000));
		assert_false(take(&replay, 100000 - w)); /* just left of the window */
		assert_int_equal(take(&replay, 100000 - w + 1),
				 w != 1); /* its last place; of one packet: the top itself */
		assert_false(take(&replay, 100000 - w + 1));
		assert_true(take(&replay, 100000 + w)); /* moves all of it out */
		assert_false(take(&replay, 100000));
		assert_int_equal(take(&replay, 100001), w != 1);
	}
}

static void test_backwards_fills_the_window(void **state)
{
	struct esp_replay replay;

	esp_replay_init(&replay, LIMIT_REPLAY_WINDOW);
	for (uint64_t seq = LIMIT_REPLAY_WINDOW; seq > 0; seq--)
		assert_true(take(&replay, seq));
	for (uint64_t seq = LIMIT_REPLAY_WINDOW; seq > 0; seq--)
		assert_false(take(&replay, seq));
}

/* A jump over more than the ring must leave nothing of the old window behind in it. */
static void test_far_jumps(void **state)
{
	static const uint64_t steps[] = {
		1, 63, 64, 65, 4095, 4096, 8191, 8192, 8193, 100000, UINT64_C(1) << 40};
	struct esp_replay replay;
	uint64_t seq = 1;

	esp_replay_init(&replay, LIMIT_REPLAY_WINDOW);
	for (size_t i = 0; i < array_size(steps); i++) {
		assert_true(take(&replay, seq));
		seq += steps[i];
		assert_true(take(&replay, seq));
		for (uint64_t back = 1; back < MIN(steps[i], (uint64_t)LIMIT_REPLAY_WINDOW); back++)
			assert_true(take(&replay, seq - back));
		seq += 1;
	}
}

static void test_top_of_32_and_64_bits(void **state)
{
	struct esp_replay replay;

	esp_replay_init(&replay, 64);
	assert_true(take(&replay, UINT32_MAX - 1));
	assert_true(take(&replay, UINT32_MAX));
	assert_true(take(&replay, UINT64_C(1) + UINT32_MAX));
	assert_true(take(&replay, UINT64_MAX - 1));
	assert_true(take(&replay, UINT64_MAX));
	assert_false(take(&replay, UINT64_MAX));
	assert_true(take(&replay, UINT64_MAX - 63));
	assert_false(take(&replay, UINT64_MAX - 64));
}

static void test_off(void **state)
{
	struct esp_replay replay;

	esp_replay_init(&replay, 0);
	for (int i = 0; i < 3; i++)
		assert_true(take(&replay, 5));
}

static void test_too_large_is_the_largest(void **state)
{
	struct esp_replay replay;

	esp_replay_init(&replay, 1000000);
	assert_int_equal(replay.window, LIMIT_REPLAY_WINDOW);
}

/* RFC 4303 3.4.3: until the packet is authentic, nothing moves. */
/* Every number within half a space of the top that the window can tell apart is inferred from its low half. */
static void test_infer(void **state)
{
	static const uint64_t tops[] = {1,	     63,	   64,		1000,
					0xffffffc0,  0xffffffff,   0x100000000, 0x10000003f,
					0x100000040, 0x7ffffffff0, 0x8000000010};
	static const uint32_t windows[] = {1, 64, 4096};

	for (size_t t = 0; t < array_size(tops); t++)
		for (size_t w = 0; w < array_size(windows); w++) {
			struct esp_replay r;

			esp_replay_init(&r, windows[w]);
			r.top = tops[t];
			for (uint64_t back = 0; back < windows[w] && back < tops[t]; back++)
				assert_int_equal(esp_replay_infer(&r, (uint32_t)(tops[t] - back)),
						 tops[t] - back);
			for (uint64_t ahead = 1; ahead < UINT32_MAX - windows[w]; ahead = ahead * 3 + 1)
				assert_int_equal(esp_replay_infer(&r, (uint32_t)(tops[t] + ahead)),
						 tops[t] + ahead);
		}
}

/* Without a window the top is still followed, and the nearer of two numbers is meant. */
static void test_infer_without_window(void **state)
{
	struct esp_replay r;

	esp_replay_init(&r, 0);
	esp_replay_advance(&r, 0x1fffffff0);
	assert_int_equal(r.top, 0x1fffffff0);
	assert_int_equal(esp_replay_infer(&r, 5), 0x200000005);
	assert_int_equal(esp_replay_infer(&r, 0xfffffff1), 0x1fffffff1);
	assert_int_equal(esp_replay_infer(&r, 0xff000000), 0x1ff000000);
}

static void test_check_changes_nothing(void **state)
{
	struct esp_replay replay, before;

	esp_replay_init(&replay, 64);
	take(&replay, 10);
	memcpy(&before, &replay, sizeof(before));
	assert_true(esp_replay_check(&replay, 1000000));
	assert_true(esp_replay_check(&replay, 9));
	assert_memory_equal(&before, &replay, sizeof(before));
}

/*
 * --- the model: remembers every number --------------------------------------------------------------------

 */

#define MODEL_MAX 40000

struct model {
	bool seen[MODEL_MAX];
	uint64_t top;
	uint32_t window;
};

static bool model_take(struct model *m, uint64_t seq)
{
	if (seq == 0 || m->seen[seq] || seq + m->window <= m->top)
		return false;
	m->seen[seq] = true;
	m->top = MAX(m->top, seq);
	return true;
}

static uint64_t draw(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

/* Mostly forward by little, sometimes back, sometimes far forward. */
static uint64_t next_seq(uint64_t *seed, uint64_t top, uint32_t window)
{
	uint64_t kind = draw(seed) % 100;
	uint64_t back = draw(seed) % (2 * (uint64_t)window + 4);

	if (kind < 50)
		return top + 1 + draw(seed) % 3;
	if (kind < 97)
		return top > back ? top - back : 0;
	return top + draw(seed) % (3 * (uint64_t)window + 300);
}

static void test_against_model(void **state)
{
	static const uint32_t windows[] = {1, 2, 7, 32, 63, 64, 65, 100, 127, 128, 129, 1024, 4000, 4096};
	static struct model model;
	uint64_t seed = 1;

	for (size_t i = 0; i < array_size(windows); i++) {
		struct esp_replay replay;

		esp_replay_init(&replay, windows[i]);
		model = (struct model){.window = windows[i]};
		for (int n = 0; n < 20000; n++) {
			uint64_t seq = next_seq(&seed, model.top, windows[i]);

			if (seq >= MODEL_MAX)
				break;
			assert_int_equal(take(&replay, seq), model_take(&model, seq));
		}
		assert_true(model.top > windows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_zero_never_comes_first),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_backwards_fills_the_window),
		cmocka_unit_test(test_far_jumps),
		cmocka_unit_test(test_top_of_32_and_64_bits),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_too_large_is_the_largest),
		cmocka_unit_test(test_check_changes_nothing),
		cmocka_unit_test(test_infer),
		cmocka_unit_test(test_infer_without_window),
		cmocka_unit_test(test_against_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
