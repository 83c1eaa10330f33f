// SPDX-License-Identifier: GPL-2.0-or-later
/* IANA's numbers: spot values of each registry as IANA prints them, and a name for every number. */
#include <zebra.h>

#include "bgpvpnd/base/iana.h"
#include "tests/helpers/cmocka_all.h"

/* The values are written as numbers on purpose: an enum that moved must fail here. */
static const struct {
	const char *(*name)(unsigned int n);
	unsigned int number;
	const char *text;
} rows[] = {
	{iana_exchange_name, 34, "IKE_SA_INIT"},
	{iana_exchange_name, 37, "INFORMATIONAL"},
	{iana_payload_name, 33, "SA"},
	{iana_payload_name, 46, "SK"},
	{iana_payload_name, 53, "SKF"},
	{iana_proto_name, 1, "IKE"},
	{iana_proto_name, 3, "ESP"},
	{iana_transform_name, 1, "encryption"},
	{iana_transform_name, 5, "ESN"},
	{iana_encr_name, 12, "AES_CBC"},
	{iana_encr_name, 20, "AES_GCM_16"},
	{iana_encr_name, 28, "CHACHA20_POLY1305"},
	{iana_prf_name, 2, "PRF_HMAC_SHA1"},
	{iana_prf_name, 6, "PRF_HMAC_SHA2_384"},
	{iana_integ_name, 2, "HMAC_SHA1_96"},
	{iana_integ_name, 14, "HMAC_SHA2_512_256"},
	{iana_ke_name, 14, "MODP_2048"},
	{iana_ke_name, 20, "ECP_384"},
	{iana_ke_name, 31, "CURVE25519"},
	{iana_esn_name, 0, "NO_ESN"},
	{iana_id_name, 2, "ID_FQDN"},
	{iana_id_name, 11, "ID_KEY_ID"},
	{iana_auth_method_name, 2, "shared key"},
	{iana_auth_method_name, 14, "digital signature"},
	{iana_ts_name, 7, "TS_IPV4_ADDR_RANGE"},
	{iana_ts_name, 8, "TS_IPV6_ADDR_RANGE"},
	{iana_notify_name, 14, "NO_PROPOSAL_CHOSEN"},
	{iana_notify_name, 24, "AUTHENTICATION_FAILED"},
	{iana_notify_name, 16384, "INITIAL_CONTACT"},
	{iana_notify_name, 16388, "NAT_DETECTION_SOURCE_IP"},
	{iana_notify_name, 16390, "COOKIE"},
	{iana_notify_name, 16393, "REKEY_SA"},
	{iana_notify_name, 16430, "IKEV2_FRAGMENTATION_SUPPORTED"},
};

static void test_names_are_ianas(void **state)
{
	for (size_t i = 0; i < array_size(rows); i++)
		assert_string_equal(rows[i].name(rows[i].number), rows[i].text);
}

static void test_every_number_has_a_name(void **state)
{
	for (size_t i = 0; i < array_size(rows); i++) {
		for (unsigned int n = 0; n <= UINT16_MAX; n++)
			assert_non_null(rows[i].name(n));
		assert_string_equal(rows[i].name(UINT16_MAX), "unknown");
		assert_string_equal(rows[i].name(UINT_MAX), "unknown");
	}
}

static void test_enums_follow_the_lists(void **state)
{
#define X(suffix, number, text) assert_string_equal(iana_payload_name(IKE_PAYLOAD_##suffix), text);
	IANA_PAYLOAD(X)
#undef X
#define X(suffix, number, text) assert_string_equal(iana_notify_name(IKE_NOTIFY_##suffix), text);
	IANA_NOTIFY(X)
#undef X
}

/* RFC 7296 3.10.1: what stands for a failure, and what informs. */
static void test_errors_are_below_status(void **state)
{
	assert_true(IKE_NOTIFY_CHILD_SA_NOT_FOUND < IKE_NOTIFY_STATUS_FIRST);
	assert_true(IKE_NOTIFY_INITIAL_CONTACT >= IKE_NOTIFY_STATUS_FIRST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_ianas),
		cmocka_unit_test(test_every_number_has_a_name),
		cmocka_unit_test(test_enums_follow_the_lists),
		cmocka_unit_test(test_errors_are_below_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
