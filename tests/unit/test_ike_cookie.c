// SPDX-License-Identifier: GPL-2.0-or-later
/* Cookies: what they are made of, whom they serve, how long they live. */
#include <zebra.h>

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/ike/ike_cookie.h"
#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/mem_live.h"

#define SPI UINT64_C(0x0102030405060708)

/* Each secret is 32 times the same byte: 5a, 5b, ... */
static void counted_random(void *arg, uint8_t *to, size_t n)
{
	uint8_t *next = arg;

	memset(to, (*next)++, n);
}

struct jar_test {
	uint8_t next;
	struct ike_host host;
	struct ike_cookie_jar jar;
	struct endpoint remote;
	uint8_t ni[16];
	uint8_t cookie[IKE_COOKIE_LEN];
};

static void jar_test_init(struct jar_test *t)
{
	*t = (struct jar_test){.next = 0x5a, .remote.port = 500};
	t->host = (struct ike_host){.arg = &t->next, .random = counted_random};
	assert_int_equal(str2ipaddr("192.0.2.1", &t->remote.addr), 0);
	for (size_t i = 0; i < sizeof(t->ni); i++)
		t->ni[i] = (uint8_t)i;
}

static struct instant at(int64_t seconds)
{
	return (struct instant){1000 + seconds * USEC_PER_S};
}

static void make(struct jar_test *t, struct instant now)
{
	size_t len = 0;

	ike_cookie_make(&t->jar, &t->host, BYTES_OF(t->ni), &t->remote, SPI, now, t->cookie, &len);
	assert_int_equal(len, IKE_COOKIE_LEN);
	assert_true(len <= LIMIT_COOKIE_MAX);
}

static bool valid(struct jar_test *t, struct instant now)
{
	return ike_cookie_valid(&t->jar, BYTES_OF(t->cookie), BYTES_OF(t->ni), &t->remote, SPI, now);
}

/*
 * Python: b"\1" + hmac.new(b"\x5a" * 32, bytes(range(16)) + bytes([192, 0, 2, 1]) + spi, "sha256").digest()
 */
static void test_known_answer(void **state)
{
	static const uint8_t want[] = {0x01, 0xcb, 0x8d, 0x55, 0xa4, 0x05, 0x47, 0x69, 0xc4, 0x76, 0x23,
				       0x86, 0x89, 0x17, 0x37, 0x89, 0x4b, 0x15, 0x06, 0xf2, 0xf7, 0xea,
				       0xbc, 0x19, 0xb6, 0x33, 0x61, 0x33, 0xee, 0x94, 0xc0, 0x4b, 0x5d};
	struct jar_test t;

	jar_test_init(&t);
	make(&t, at(0));
	assert_memory_equal(t.cookie, want, sizeof(want));
	assert_true(valid(&t, at(0)));
	ike_cookie_jar_fini(&t.jar);
	assert_int_equal(mem_live(), 0);
}

static void test_serves_one_initiator(void **state)
{
	struct jar_test t;
	struct endpoint stranger;

	jar_test_init(&t);
	make(&t, at(0));
	stranger = t.remote;
	assert_int_equal(str2ipaddr("192.0.2.2", &stranger.addr), 0);
	assert_false(ike_cookie_valid(&t.jar, BYTES_OF(t.cookie), BYTES_OF(t.ni), &stranger, SPI, at(0)));
	assert_false(ike_cookie_valid(&t.jar, BYTES_OF(t.cookie), BYTES_OF(t.ni), &t.remote, SPI + 1, at(0)));
	assert_false(
		ike_cookie_valid(&t.jar, BYTES_OF(t.cookie), bytes_make(t.ni, 15), &t.remote, SPI, at(0)));
	ike_cookie_jar_fini(&t.jar);
}

static void test_every_bit_counts(void **state)
{
	struct jar_test t;

	jar_test_init(&t);
	make(&t, at(0));
	for (size_t bit = 0; bit < 8 * sizeof(t.cookie); bit++) {
		t.cookie[bit / 8] ^= 1 << bit % 8;
		assert_false(valid(&t, at(0)));
		t.cookie[bit / 8] ^= 1 << bit % 8;
	}
	for (size_t n = 0; n < sizeof(t.cookie); n++)
		assert_false(ike_cookie_valid(&t.jar, bytes_make(t.cookie, n), BYTES_OF(t.ni), &t.remote, SPI,
					      at(0)));
	ike_cookie_jar_fini(&t.jar);
}

static void test_secret_lives_and_dies(void **state)
{
	struct jar_test t;
	uint8_t old[IKE_COOKIE_LEN];

	jar_test_init(&t);
	make(&t, at(0));
	memcpy(old, t.cookie, sizeof(old));
	make(&t, at(LIMIT_COOKIE_SECRET_S - 1));
	assert_memory_equal(old, t.cookie, sizeof(old));

	/* a new secret, and the old one still counts */
	make(&t, at(LIMIT_COOKIE_SECRET_S));
	assert_memory_not_equal(old, t.cookie, sizeof(old));
	assert_true(valid(&t, at(LIMIT_COOKIE_SECRET_S)));
	memcpy(t.cookie, old, sizeof(old));
	assert_true(valid(&t, at(2 * LIMIT_COOKIE_SECRET_S - 1)));
	assert_false(valid(&t, at(2 * LIMIT_COOKIE_SECRET_S)));
	ike_cookie_jar_fini(&t.jar);
	assert_int_equal(mem_live(), 0);
}

/* Nobody asked for a cookie for long: the secret is too old although no new one took its place. */
static void test_idle_jar(void **state)
{
	struct jar_test t;

	jar_test_init(&t);
	make(&t, at(0));
	assert_false(valid(&t, at(3 * LIMIT_COOKIE_SECRET_S)));
	ike_cookie_jar_fini(&t.jar);
}

static void test_empty_jar(void **state)
{
	struct jar_test t;

	jar_test_init(&t);
	for (unsigned int number = 0; number < 256; number++) {
		t.cookie[0] = (uint8_t)number;
		assert_false(valid(&t, at(0)));
	}
	ike_cookie_jar_fini(&t.jar);
}

static void test_numbers_wrap(void **state)
{
	struct jar_test t;

	jar_test_init(&t);
	for (int64_t i = 0; i < 600; i++) {
		uint8_t before[IKE_COOKIE_LEN];

		memcpy(before, t.cookie, sizeof(before));
		make(&t, at(i * LIMIT_COOKIE_SECRET_S));
		assert_true(valid(&t, at(i * LIMIT_COOKIE_SECRET_S)));
		memcpy(t.cookie, before, sizeof(before));
		assert_int_equal(valid(&t, at(i * LIMIT_COOKIE_SECRET_S)), i > 0);
		make(&t, at(i * LIMIT_COOKIE_SECRET_S));
	}
	ike_cookie_jar_fini(&t.jar);
	assert_int_equal(mem_live(), 0);
}

static int setup(void **state)
{
	return crypto_init();
}

static int teardown(void **state)
{
	crypto_fini();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answer),	 cmocka_unit_test(test_serves_one_initiator),
		cmocka_unit_test(test_every_bit_counts), cmocka_unit_test(test_secret_lives_and_dies),
		cmocka_unit_test(test_idle_jar),	 cmocka_unit_test(test_empty_jar),
		cmocka_unit_test(test_numbers_wrap),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
