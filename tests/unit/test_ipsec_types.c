// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses, endpoints, the "any" selectors, and Child SA parameters that own their keys. */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/base/ipsec_types.h"
#include "bgpvpnd/base/memgroup.h"
#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/exact.h"

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	assert_int_equal(str2ipaddr(text, &a), 0);
	return a;
}

static size_t blocks_alive(void)
{
	size_t alive = 0;

	for (struct memtype *type = _mg_BGPVPN.types; type; type = type->next)
		alive += type->n_alloc;
	return alive;
}

static void test_address_from_bytes_and_back(void **state)
{
	struct ipaddr v4 = ipaddr_of(BYTES(192, 0, 2, 1));
	struct ipaddr v6 = ipaddr_of(BYTES(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));
	struct ipaddr want4 = addr("192.0.2.1"), want6 = addr("2001:db8::1");

	assert_true(ipaddr_equal(&v4, &want4));
	assert_true(ipaddr_equal(&v6, &want6));
	assert_true(bytes_equal(ipaddr_bytes(&v4), BYTES(192, 0, 2, 1)));
	assert_int_equal(ipaddr_bytes(&v6).n, 16);
}

static void test_other_lengths_are_no_address(void **state)
{
	uint8_t zeroes[17] = {};

	for (size_t n = 0; n <= sizeof(zeroes); n++) {
		struct ipaddr a = ipaddr_of(bytes_make(zeroes, n));

		if (n == 4 || n == 16)
			continue;
		assert_int_equal(a.ipa_type, IPADDR_NONE);
		assert_int_equal(ipaddr_bytes(&a).n, 0);
	}
}

static void test_addresses_of_two_families_differ(void **state)
{
	struct ipaddr any4 = addr("0.0.0.0"), any6 = addr("::"), none = {.ipa_type = IPADDR_NONE};

	assert_false(ipaddr_equal(&any4, &any6));
	assert_false(ipaddr_equal(&any4, &none));
	assert_true(ipaddr_equal(&none, &none));
	assert_true(ipaddr_is_unspecified(&any4));
	assert_true(ipaddr_is_unspecified(&any6));
	assert_true(ipaddr_is_unspecified(&none));
}

static void test_one_set_bit_is_specified(void **state)
{
	struct ipaddr v4 = addr("0.0.0.1"), v6 = addr("::1");

	assert_false(ipaddr_is_unspecified(&v4));
	assert_false(ipaddr_is_unspecified(&v6));
}

static void test_endpoints_compare_address_and_port(void **state)
{
	struct endpoint a = {addr("192.0.2.1"), IKE_PORT}, b = a;

	assert_true(endpoint_equal(&a, &b));
	b.port = IKE_NATT_PORT;
	assert_false(endpoint_equal(&a, &b));
	b = (struct endpoint){addr("192.0.2.2"), IKE_PORT};
	assert_false(endpoint_equal(&a, &b));
}

static void test_any_covers_both_families(void **state)
{
	struct ipaddr last4 = addr("255.255.255.255"),
		      last6 = addr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	struct ts_list list;

	memset(&list, 0xa5, sizeof(list));
	ts_list_any(&list);
	assert_int_equal(list.n, 2);
	for (unsigned int i = 0; i < list.n; i++) {
		assert_true(ipaddr_is_unspecified(&list.ts[i].start));
		assert_int_equal(list.ts[i].proto, 0);
		assert_int_equal(list.ts[i].port_start, 0);
		assert_int_equal(list.ts[i].port_end, UINT16_MAX);
	}
	assert_true(ipaddr_equal(&list.ts[0].end, &last4));
	assert_true(ipaddr_equal(&list.ts[1].end, &last6));
}

static void test_child_sa_params_own_their_keys(void **state)
{
	struct child_sa_params a = {.child_id = 7, .in.spi = 0x11111111, .out.spi = 0x22222222}, b;

	secret_set(&a.in.encr_key, BYTES(1));
	secret_set(&a.in.integ_key, BYTES(2));
	secret_set(&a.out.encr_key, BYTES(3));
	secret_set(&a.out.integ_key, BYTES(4));
	memset(&b, 0xa5, sizeof(b));
	child_sa_params_copy(&b, &a);
	child_sa_params_fini(&a);
	assert_int_equal(b.child_id, 7);
	assert_int_equal(b.in.spi, 0x11111111);
	assert_int_equal(b.out.spi, 0x22222222);
	assert_true(secret_equal(secret_view(&b.in.encr_key), BYTES(1)));
	assert_true(secret_equal(secret_view(&b.in.integ_key), BYTES(2)));
	assert_true(secret_equal(secret_view(&b.out.encr_key), BYTES(3)));
	assert_true(secret_equal(secret_view(&b.out.integ_key), BYTES(4)));
	assert_int_equal(blocks_alive(), 4);
	child_sa_params_fini(&b);
	assert_int_equal(blocks_alive(), 0);
}

static void test_wear(void **state)
{
	const struct child_sa_limits none = {};
	const struct child_sa_limits both = {
		.bytes_soft = 900, .bytes_hard = 1000, .packets_soft = 9, .packets_hard = 10};

	assert_int_equal(child_sa_wear(&none, UINT64_MAX, UINT64_MAX), CHILD_SA_FRESH);
	assert_int_equal(child_sa_wear(&both, 8, 899), CHILD_SA_FRESH);
	assert_int_equal(child_sa_wear(&both, 9, 0), CHILD_SA_WORN);
	assert_int_equal(child_sa_wear(&both, 0, 900), CHILD_SA_WORN);
	assert_int_equal(child_sa_wear(&both, 9, 999), CHILD_SA_WORN);
	assert_int_equal(child_sa_wear(&both, 10, 0), CHILD_SA_SPENT);
	assert_int_equal(child_sa_wear(&both, 0, 1000), CHILD_SA_SPENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address_from_bytes_and_back),
		cmocka_unit_test(test_other_lengths_are_no_address),
		cmocka_unit_test(test_addresses_of_two_families_differ),
		cmocka_unit_test(test_one_set_bit_is_specified),
		cmocka_unit_test(test_endpoints_compare_address_and_port),
		cmocka_unit_test(test_any_covers_both_families),
		cmocka_unit_test(test_child_sa_params_own_their_keys),
		cmocka_unit_test(test_wear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
