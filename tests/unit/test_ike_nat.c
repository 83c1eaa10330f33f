// SPDX-License-Identifier: GPL-2.0-or-later
/* NAT detection: strongSwan's hashes, and one over IPv6 from Python's hashlib. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_nat.h"
#include "tests/helpers/cmocka_all.h"
#include "tests/vectors/strongswan_ike.h"

static struct endpoint endpoint_of(const char *addr, uint16_t port)
{
	struct endpoint endpoint = {.port = port};

	assert_int_equal(str2ipaddr(addr, &endpoint.addr), 0);
	return endpoint;
}

static void test_strongswan(void **state)
{
	struct endpoint initiator = endpoint_of("192.0.2.1", 500);
	struct endpoint responder = endpoint_of("192.0.2.2", 500);

	for (size_t i = 0; i < array_size(strongswan_exchanges); i++) {
		const struct strongswan_exchange *e = &strongswan_exchanges[i];
		struct rd rd = rd_of(e->init_request);
		uint8_t hash[CRYPTO_SHA1_LEN];
		uint64_t spi_i;

		assert_true(rd_u64(&rd, &spi_i));
		ike_nat_hash(spi_i, 0, &initiator, hash);
		assert_true(bytes_equal(BYTES_OF(hash), e->natd_source));
		ike_nat_hash(spi_i, 0, &responder, hash);
		assert_true(bytes_equal(BYTES_OF(hash), e->natd_destination));
	}
}

/* hashlib.sha1(0102030405060708 || 00 * 8 || 2001:db8::1 || 4500) */
static void test_ipv6(void **state)
{
	static const uint8_t want[] = {0x98, 0xc7, 0x54, 0x83, 0xdb, 0x80, 0x16, 0x86, 0x97, 0x63,
				       0x5a, 0xa7, 0x84, 0x45, 0x04, 0x96, 0x3e, 0x87, 0xde, 0x33};
	struct endpoint endpoint = endpoint_of("2001:db8::1", 4500);
	uint8_t hash[CRYPTO_SHA1_LEN];

	ike_nat_hash(UINT64_C(0x0102030405060708), 0, &endpoint, hash);
	assert_memory_equal(hash, want, sizeof(want));
}

static void test_every_part_counts(void **state)
{
	struct endpoint a = endpoint_of("192.0.2.1", 500);
	struct endpoint b = endpoint_of("192.0.2.1", 501);
	uint8_t first[CRYPTO_SHA1_LEN], second[CRYPTO_SHA1_LEN];

	ike_nat_hash(1, 2, &a, first);
	ike_nat_hash(1, 2, &b, second);
	assert_memory_not_equal(first, second, sizeof(first));
	ike_nat_hash(2, 1, &a, second);
	assert_memory_not_equal(first, second, sizeof(first));
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
		cmocka_unit_test(test_strongswan),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_every_part_counts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
