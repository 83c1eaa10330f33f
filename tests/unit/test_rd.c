// SPDX-License-Identifier: GPL-2.0-or-later
/* The read cursor: what it reads, and that a read which does not fit changes nothing. */
#include <zebra.h>

#include "bgpvpnd/base/rd.h"
#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/exact.h"

static void test_integers_are_big_endian(void **state)
{
	struct rd rd = rd_of(BYTES(0x01, 0x02, 0x03, 0x84, 0x05, 0x06, 0x07, 0xf8, 0x09, 0x0a, 0x0b, 0x0c,
				   0x0d, 0x0e, 0xff));
	uint8_t u8 = 0;
	uint16_t u16 = 0;
	uint32_t u32 = 0;
	uint64_t u64 = 0;

	assert_true(rd_u8(&rd, &u8) && rd_u16(&rd, &u16) && rd_u32(&rd, &u32) && rd_u64(&rd, &u64));
	assert_int_equal(u8, 0x01);
	assert_int_equal(u16, 0x0203);
	assert_int_equal(u32, 0x84050607);
	assert_true(u64 == UINT64_C(0xf8090a0b0c0d0eff));
	assert_int_equal(rd_left(&rd), 0);
}

/* Tries every reader on a cursor with `left` bytes; those that want more must leave all alone. */
static void refuse_at(size_t left)
{
	static const uint8_t zeroes[8];
	struct bytes block = exact_copy(bytes_make(zeroes, left));
	struct rd start = rd_of(block), rd = start, sub = rd_of(BYTES_OF(zeroes));
	struct bytes view = BYTES_OF(zeroes);
	uint64_t u64 = 0x5555;
	uint32_t u32 = 0x5555;
	uint16_t u16 = 0x5555;
	uint8_t u8 = 0x55, copy[9] = {0x55};

	assert_true(rd_u8(&rd, &u8) == (left >= 1));
	assert_int_equal(u8, left >= 1 ? 0 : 0x55);
	rd = start;
	assert_true(rd_u16(&rd, &u16) == (left >= 2));
	assert_int_equal(u16, left >= 2 ? 0 : 0x5555);
	rd = start;
	assert_true(rd_u32(&rd, &u32) == (left >= 4));
	assert_int_equal(u32, left >= 4 ? 0 : 0x5555);
	rd = start;
	assert_true(rd_u64(&rd, &u64) == (left >= 8));
	assert_int_equal(u64, left >= 8 ? 0 : 0x5555);

	rd = start;
	assert_false(rd_skip(&rd, left + 1));
	assert_false(rd_bytes(&rd, left + 1, &view));
	assert_false(rd_sub(&rd, left + 1, &sub));
	assert_false(rd_copy(&rd, copy, left + 1));
	assert_false(rd_skip(&rd, SIZE_MAX));
	assert_ptr_equal(rd.p, start.p);
	assert_ptr_equal(rd.end, start.end);
	assert_ptr_equal(view.p, zeroes);
	assert_ptr_equal(sub.p, zeroes);
	assert_int_equal(copy[0], 0x55);
	exact_free(block);
}

static void test_short_reads_change_nothing(void **state)
{
	for (size_t left = 0; left <= 8; left++)
		refuse_at(left);
}

static void test_a_failed_integer_leaves_the_cursor(void **state)
{
	struct rd rd = rd_of(BYTES(1, 2, 3));
	uint32_t u32;
	uint16_t u16;

	assert_false(rd_u32(&rd, &u32));
	assert_int_equal(rd_left(&rd), 3);
	assert_true(rd_u16(&rd, &u16));
	assert_int_equal(u16, 0x0102);
}

static void test_sub_is_bounded_and_parent_moves_on(void **state)
{
	struct rd rd = rd_of(BYTES(1, 2, 3, 4)), sub;
	struct bytes view;
	uint8_t first, copy[2];

	assert_true(rd_sub(&rd, 2, &sub));
	assert_int_equal(rd_left(&sub), 2);
	assert_int_equal(rd_left(&rd), 2);
	assert_false(rd_skip(&sub, 3));
	assert_true(rd_u8(&sub, &first));
	assert_int_equal(first, 1);
	assert_true(bytes_equal(rd_rest(&rd), BYTES(3, 4)));
	assert_int_equal(rd_left(&rd), 2);
	assert_true(rd_copy(&rd, copy, 2));
	assert_int_equal(copy[0], 3);
	assert_int_equal(copy[1], 4);
	assert_true(rd_bytes(&sub, 1, &view));
	assert_true(bytes_equal(view, BYTES(2)));
}

static void test_nothing_can_be_read_from_nothing(void **state)
{
	struct rd rd = rd_of(bytes_make(NULL, 0)), sub;
	struct bytes view;

	assert_int_equal(rd_left(&rd), 0);
	assert_true(rd_skip(&rd, 0) && rd_bytes(&rd, 0, &view) && rd_sub(&rd, 0, &sub) &&
		    rd_copy(&rd, NULL, 0));
	assert_false(rd_skip(&rd, 1));
	assert_int_equal(rd_rest(&sub).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_are_big_endian),
		cmocka_unit_test(test_short_reads_change_nothing),
		cmocka_unit_test(test_a_failed_integer_leaves_the_cursor),
		cmocka_unit_test(test_sub_is_bounded_and_parent_moves_on),
		cmocka_unit_test(test_nothing_can_be_read_from_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
