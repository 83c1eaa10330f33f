// SPDX-License-Identifier: GPL-2.0-or-later
/* Key material: owned once, copied deep, wiped before its memory goes back, compared whole. */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/base/memgroup.h"
#include "bgpvpnd/base/secret.h"
#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/exact.h"

/* How many blocks of the daemon's memory group are allocated. */
static size_t blocks_alive(void)
{
	size_t alive = 0;

	for (struct memtype *type = _mg_BGPVPN.types; type; type = type->next)
		alive += type->n_alloc;
	return alive;
}

/* What the next block given back must hold in its first bytes: nothing. */
static size_t watched_len;
static bool watched_clean;

/* Stands before libfrr's: the last moment at which a secret's memory is still ours to look at. */
void qfree(struct memtype *type, void *block)
{
	const uint8_t *p = block;

	watched_clean = true;
	for (size_t i = 0; p && i < watched_len; i++)
		watched_clean &= p[i] == 0;
	type->n_alloc -= block != NULL;
	free(block);
}

static void test_memory_is_wiped_before_it_goes_back(void **state)
{
	struct secret secret = {}, other = {};

	watched_len = 3;
	watched_clean = false;
	secret_set(&secret, BYTES(1, 2, 3));
	secret_fini(&secret);
	assert_true(watched_clean);

	watched_clean = false;
	secret_set(&secret, BYTES(1, 2, 3));
	secret_set(&other, BYTES(4, 5, 6));
	secret_move(&secret, &other);
	assert_true(watched_clean);

	watched_clean = false;
	secret_alloc(&secret, 8);
	assert_true(watched_clean);
	secret_fini(&secret);
	watched_len = 0;
}

static void test_set_copies_and_fini_frees(void **state)
{
	struct secret secret = {};
	uint8_t bytes[] = {1, 2, 3};

	secret_set(&secret, BYTES_OF(bytes));
	bytes[0] = 9;
	assert_true(secret_equal(secret_view(&secret), BYTES(1, 2, 3)));
	assert_int_equal(blocks_alive(), 1);
	secret_fini(&secret);
	assert_null(secret.key);
	assert_int_equal(secret.len, 0);
	assert_int_equal(blocks_alive(), 0);
	secret_fini(&secret);
}

static void test_set_replaces_what_was_held(void **state)
{
	struct secret secret = {};

	secret_set(&secret, BYTES(1, 2, 3));
	secret_set(&secret, BYTES(4));
	assert_true(secret_equal(secret_view(&secret), BYTES(4)));
	assert_int_equal(blocks_alive(), 1);
	secret_set(&secret, bytes_make(NULL, 0));
	assert_null(secret.key);
	assert_int_equal(blocks_alive(), 0);
}

/* A part of the held secret, and the whole of it, can become the secret. */
static void test_set_from_itself(void **state)
{
	struct secret secret = {};

	secret_set(&secret, BYTES(1, 2, 3, 4));
	secret_set(&secret, bytes_make(secret.key + 1, 2));
	assert_true(secret_equal(secret_view(&secret), BYTES(2, 3)));
	secret_copy(&secret, &secret);
	assert_true(secret_equal(secret_view(&secret), BYTES(2, 3)));
	secret_fini(&secret);
	assert_int_equal(blocks_alive(), 0);
}

static void test_copy_is_deep(void **state)
{
	struct secret a = {}, b = {};

	secret_set(&a, BYTES(5, 6));
	secret_copy(&b, &a);
	assert_ptr_not_equal(a.key, b.key);
	b.key[0] = 0;
	assert_true(secret_equal(secret_view(&a), BYTES(5, 6)));
	secret_fini(&a);
	secret_fini(&b);
	assert_int_equal(blocks_alive(), 0);
}

static void test_move_leaves_nothing_behind(void **state)
{
	struct secret a = {}, b = {};

	secret_set(&a, BYTES(5, 6));
	secret_set(&b, BYTES(7));
	secret_move(&b, &a);
	assert_null(a.key);
	assert_int_equal(a.len, 0);
	assert_true(secret_equal(secret_view(&b), BYTES(5, 6)));
	assert_int_equal(blocks_alive(), 1);
	secret_fini(&b);
}

static void test_alloc_is_zeroed(void **state)
{
	struct secret secret = {};

	secret_set(&secret, BYTES(1, 2, 3, 4));
	secret_alloc(&secret, 4);
	assert_true(secret_equal(secret_view(&secret), BYTES(0, 0, 0, 0)));
	secret_fini(&secret);
	assert_int_equal(blocks_alive(), 0);
}

static void test_wipe_clears_only_its_range(void **state)
{
	uint8_t bytes[4] = {1, 2, 3, 4};

	secret_wipe(bytes + 1, 2);
	assert_true(bytes_equal(BYTES_OF(bytes), BYTES(1, 0, 0, 4)));
	secret_wipe(NULL, 0);
}

/* One flipped bit anywhere must be seen: a comparison that stops early, or late, is found here. */
static void test_equal_sees_every_bit(void **state)
{
	uint8_t a[33], b[33];

	memset(a, 0xa5, sizeof(a));
	memcpy(b, a, sizeof(b));
	assert_true(secret_equal(BYTES_OF(a), BYTES_OF(b)));
	for (size_t bit = 0; bit < sizeof(b) * 8; bit++) {
		b[bit / 8] ^= 1 << bit % 8;
		assert_false(secret_equal(BYTES_OF(a), BYTES_OF(b)));
		b[bit / 8] ^= 1 << bit % 8;
	}
	assert_false(secret_equal(BYTES_OF(a), bytes_make(b, sizeof(b) - 1)));
	assert_true(secret_equal(bytes_make(NULL, 0), bytes_make(NULL, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_wiped_before_it_goes_back),
		cmocka_unit_test(test_set_copies_and_fini_frees),
		cmocka_unit_test(test_set_replaces_what_was_held),
		cmocka_unit_test(test_set_from_itself),
		cmocka_unit_test(test_copy_is_deep),
		cmocka_unit_test(test_move_leaves_nothing_behind),
		cmocka_unit_test(test_alloc_is_zeroed),
		cmocka_unit_test(test_wipe_clears_only_its_range),
		cmocka_unit_test(test_equal_sees_every_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
