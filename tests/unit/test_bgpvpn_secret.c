// SPDX-License-Identifier: GPL-2.0-or-later
/* Secrets as the operator writes them, RFC 7296 2.15. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/bgpvpn_secret.h"

static void is(const char *text, const void *key, size_t n)
{
	struct secret secret = {};
	char err[256] = "";

	assert_true(bgpvpn_secret_from_text(text, &secret, err, sizeof(err)));
	assert_int_equal(secret.len, n);
	assert_memory_equal(secret.key, key, n);
	assert_string_equal(err, "");
	secret_fini(&secret);
}

static void is_refused(const char *text, const char *words)
{
	struct secret secret = {};
	char err[256] = "";

	assert_false(bgpvpn_secret_from_text(text, &secret, err, sizeof(err)));
	assert_int_equal(secret.len, 0);
	assert_non_null(strstr(err, words));
}

static void test_text(void **state)
{
	char longest[LIMIT_PSK + 2];

	is("a", "a", 1);
	is("0", "0", 1);
	is("0X41", "0X41", 4);
	is("x0x41", "x0x41", 5);
	memset(longest, 'k', sizeof(longest));
	longest[64] = '\0';
	is(longest, longest, 64);
	longest[64] = 'k';
	longest[LIMIT_PSK] = '\0';
	is(longest, longest, LIMIT_PSK);
	longest[LIMIT_PSK] = 'k';
	longest[LIMIT_PSK + 1] = '\0';
	is_refused(longest, "longer than 256");
	is_refused("", "empty");
}

static void test_hexadecimal(void **state)
{
	char digits[2 + 2 * (LIMIT_PSK + 1) + 1];
	uint8_t bytes[LIMIT_PSK];
	size_t live = mem_live();

	is("0x00", "\0", 1);
	is("0x0aFf00Bc", "\x0a\xff\x00\xbc", 4);
	memset(digits, '5', sizeof(digits));
	memcpy(digits, "0x", 2);
	memset(bytes, 0x55, sizeof(bytes));
	digits[2 + 2 * LIMIT_PSK] = '\0';
	is(digits, bytes, sizeof(bytes));
	digits[2 + 2 * LIMIT_PSK] = '5';
	digits[sizeof(digits) - 1] = '\0';
	is_refused(digits, "longer than 256");
	is_refused("0x", "empty");
	is_refused("0x5", "empty");
	is_refused("0x123", "pairs of hexadecimal digits");
	is_refused("0xabcg", "pairs of hexadecimal digits");
	is_refused("0x 12", "pairs of hexadecimal digits");
	assert_int_equal(mem_live(), live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_hexadecimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
