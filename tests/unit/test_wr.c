// SPDX-License-Identifier: GPL-2.0-or-later
/* The builder: what it writes, that it never writes past its buffer, and that failure sticks. */
#include <zebra.h>

#include "bgpvpnd/base/wr.h"
#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/exact.h"

static void write_everything(struct wr *wr)
{
	wr_u8(wr, 0x01);
	wr_u16(wr, 0x0203);
	wr_u32(wr, 0x04050607);
	wr_u64(wr, UINT64_C(0x08090a0b0c0d0e0f));
	wr_zero(wr, 2);
	wr_bytes(wr, BYTES(0xaa, 0xbb));
}

static void test_integers_are_big_endian(void **state)
{
	uint8_t buf[19];
	struct wr wr = wr_of(buf, sizeof(buf));

	write_everything(&wr);
	assert_false(wr.failed);
	assert_true(bytes_equal(wr_bytes_view(&wr),
				BYTES(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0xaa, 0xbb)));
}

/* In a buffer of every size that is too small: failed, and nothing written behind the end (ASan watches). */
static void test_a_small_buffer_fails_at_every_size(void **state)
{
	for (size_t cap = 0; cap < 19; cap++) {
		uint8_t *buf = malloc(cap);
		struct wr wr = wr_of(buf, cap);

		write_everything(&wr);
		assert_true(wr.failed);
		assert_true(wr.len <= cap);
		free(buf);
	}
}

static void test_failure_sticks(void **state)
{
	uint8_t buf[4];
	struct wr wr = wr_of(buf, sizeof(buf));

	wr_u64(&wr, 1);
	assert_true(wr.failed);
	wr_u8(&wr, 1);
	assert_int_equal(wr.len, 0);
	assert_null(wr_room(&wr, 1));
	assert_true(wr.failed);
}

static void test_values_that_do_not_fit_fail(void **state)
{
	static void (*const writers[])(struct wr *, uint64_t) = {wr_u8, wr_u16, wr_u32};
	static const uint64_t most[] = {UINT8_MAX, UINT16_MAX, UINT32_MAX};

	for (size_t i = 0; i < array_size(writers); i++) {
		uint8_t buf[8];
		struct wr wr = wr_of(buf, sizeof(buf));

		writers[i](&wr, most[i]);
		assert_false(wr.failed);
		writers[i](&wr, most[i] + 1);
		assert_true(wr.failed);
	}
}

static void test_lengths_close_over_what_was_written(void **state)
{
	uint8_t buf[16];
	struct wr wr = wr_of(buf, sizeof(buf));
	size_t outer = wr_reserve(&wr, 4), start = wr.len, inner = wr_reserve(&wr, 2);

	wr_bytes(&wr, BYTES(1, 2, 3));
	wr_close_u16(&wr, inner, start);
	wr_close_u32(&wr, outer, 0);
	wr_patch_u8(&wr, start + 2, 9);
	assert_false(wr.failed);
	assert_true(bytes_equal(wr_bytes_view(&wr), BYTES(0, 0, 0, 9, 0, 5, 9, 2, 3)));
}

static void test_a_length_over_16_bits_fails(void **state)
{
	static uint8_t buf[UINT16_MAX + 16];
	struct wr wr = wr_of(buf, sizeof(buf));
	size_t at = wr_reserve(&wr, 2);

	wr_zero(&wr, UINT16_MAX - 2);
	wr_close_u16(&wr, at, 0);
	assert_false(wr.failed);
	assert_int_equal(buf[0], 0xff);
	assert_int_equal(buf[1], 0xff);
	wr_zero(&wr, 1);
	wr_close_u16(&wr, at, 0);
	assert_true(wr.failed);
}

static void test_closing_a_failed_builder_writes_nothing(void **state)
{
	uint8_t buf[2] = {7, 7};
	struct wr wr = wr_of(buf, sizeof(buf));
	size_t at = wr_reserve(&wr, 4);

	assert_true(wr.failed);
	wr_close_u32(&wr, at, at);
	wr_patch_u8(&wr, 3, 1);
	assert_int_equal(buf[0], 7);
	assert_int_equal(buf[1], 7);
}

static void test_room_is_the_callers(void **state)
{
	uint8_t buf[3];
	struct wr wr = wr_of(buf, sizeof(buf));
	uint8_t *room = wr_room(&wr, 3);

	assert_ptr_equal(room, buf);
	assert_int_equal(wr.len, 3);
	wr_bytes(&wr, bytes_make(NULL, 0));
	assert_false(wr.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_are_big_endian),
		cmocka_unit_test(test_a_small_buffer_fails_at_every_size),
		cmocka_unit_test(test_failure_sticks),
		cmocka_unit_test(test_values_that_do_not_fit_fail),
		cmocka_unit_test(test_lengths_close_over_what_was_written),
		cmocka_unit_test(test_a_length_over_16_bits_fails),
		cmocka_unit_test(test_closing_a_failed_builder_writes_nothing),
		cmocka_unit_test(test_room_is_the_callers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
