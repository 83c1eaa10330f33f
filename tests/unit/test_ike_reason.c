// SPDX-License-Identifier: GPL-2.0-or-later
/* The outcome table: complete, readable, and in accord with what RFC 7296 lets each error do. */
#include <zebra.h>

#include "bgpvpnd/proto/ike_reason.h"
#include "tests/helpers/cmocka_all.h"

static void test_rows_are_complete_and_distinct(void **state)
{
	for (unsigned int i = 0; i < IKE_R_MAX; i++) {
		const struct ike_reason_info *info = ike_reason_info(i);

		assert_true(info->name[0] && info->key[0] && info->words[0]);
		for (unsigned int j = 0; j < i; j++) {
			assert_string_not_equal(info->name, ike_reason_info(j)->name);
			assert_string_not_equal(info->key, ike_reason_info(j)->key);
		}
	}
}

static void test_rows_stand_at_their_number(void **state)
{
#define X(suffix, number, what, json, text)                                                                  \
	assert_string_equal(ike_reason_info(IKE_R_##suffix)->name, #suffix);                                 \
	assert_int_equal(ike_reason_info(IKE_R_##suffix)->notify, number);                                   \
	assert_int_equal(ike_reason_info(IKE_R_##suffix)->disposition, IKE_##what);
	IKE_REASONS(X)
#undef X
}

/* JSON keys are camelCase: a small letter first, letters and digits after. */
static void test_keys_are_camel_case(void **state)
{
	for (unsigned int i = 0; i < IKE_R_MAX; i++) {
		const char *key = ike_reason_info(i)->key;

		assert_true(islower((unsigned char)key[0]));
		for (; *key; key++)
			assert_true(isalnum((unsigned char)*key));
	}
}

/* Decoders return 0 for success and test it as such. */
static void test_ok_is_zero(void **state)
{
	assert_int_equal(IKE_R_OK, 0);
	assert_int_equal(ike_reason_info(IKE_R_OK)->notify, 0);
}

/* An answer must have something to say. */
static void test_answers_carry_a_notify(void **state)
{
	for (unsigned int i = 0; i < IKE_R_MAX; i++)
		if (ike_reason_info(i)->disposition == IKE_ANSWER)
			assert_int_not_equal(ike_reason_info(i)->notify, 0);
}

/* RFC 7296 2.21 and 2.5: what these errors answer. */
static void test_notifies_of_the_rfc(void **state)
{
	assert_int_equal(ike_reason_info(IKE_R_BAD_VERSION)->notify, 5);
	assert_int_equal(ike_reason_info(IKE_R_CRITICAL_UNKNOWN)->notify, 1);
	assert_int_equal(ike_reason_info(IKE_R_BAD_SYNTAX)->notify, 7);
	assert_int_equal(ike_reason_info(IKE_R_NO_PROPOSAL)->notify, 14);
	assert_int_equal(ike_reason_info(IKE_R_INVALID_KE)->notify, 17);
	assert_int_equal(ike_reason_info(IKE_R_AUTH_FAILED)->notify, 24);
	assert_int_equal(ike_reason_info(IKE_R_TS_UNACCEPTABLE)->notify, 38);
	assert_int_equal(ike_reason_info(IKE_R_COOKIE_REQUIRED)->notify, 16390);
	assert_int_equal(ike_reason_info(IKE_R_INTEGRITY)->disposition, IKE_DROP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_complete_and_distinct),
		cmocka_unit_test(test_rows_stand_at_their_number),
		cmocka_unit_test(test_keys_are_camel_case),
		cmocka_unit_test(test_ok_is_zero),
		cmocka_unit_test(test_answers_carry_a_notify),
		cmocka_unit_test(test_notifies_of_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
