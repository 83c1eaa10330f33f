// SPDX-License-Identifier: GPL-2.0-or-later
/* Identities: what may be configured, how it prints, what it matches. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_id.h"
#include "tests/helpers/cmocka_all.h"

static struct ike_id_cfg parsed(const char *kind, const char *value)
{
	struct ike_id_cfg id = {};
	char err[128] = "";

	if (!ike_id_parse(kind, value, &id, err, sizeof(err)))
		fail_msg("%s %s: %s", kind, value, err);
	return id;
}

static void test_parse_and_print(void **state)
{
	static const struct {
		const char *kind, *value, *printed;
		uint8_t type;
		uint16_t len;
	} rows[] = {
		{"address", "192.0.2.1", "192.0.2.1", IKE_ID_IPV4_ADDR, 4},
		{"address", "2001:DB8:0::1", "2001:db8::1", IKE_ID_IPV6_ADDR, 16},
		{"fqdn", "vpn.example.org", "vpn.example.org", IKE_ID_FQDN, 15},
		{"fqdn", "a_b-1", "a_b-1", IKE_ID_FQDN, 5},
		{"email", "a.b+c@example.org", "a.b+c@example.org", IKE_ID_RFC822_ADDR, 17},
		{"key-id", "site-7", "site-7", IKE_ID_KEY_ID, 6},
		{"dn", "CN=a", "CN=a", IKE_ID_DER_ASN1_DN, 14},
		{"dn", "C=CH,O=a b,CN=x", "C=CH, O=a b, CN=x", IKE_ID_DER_ASN1_DN, 41},
		{"key-id", "0x0102fF", "0x0102ff", IKE_ID_KEY_ID, 3},
		{"key-id", "0x6162", "ab", IKE_ID_KEY_ID, 2},
		{"key-id", "0x307841", "0x307841", IKE_ID_KEY_ID, 3},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct ike_id_cfg id = parsed(rows[i].kind, rows[i].value);
		char buf[128];

		assert_int_equal(id.type, rows[i].type);
		assert_int_equal(id.len, rows[i].len);
		assert_ptr_equal(ike_id_format(&id, buf, sizeof(buf)), buf);
		assert_string_equal(buf, rows[i].printed);
	}
}

static void test_printed_parses_back(void **state)
{
	static const char *const values[] = {"site-7", "0x00", "0x6162", "0x3078", "0x30", "0x20", "0x7f"};

	for (size_t i = 0; i < array_size(values); i++) {
		struct ike_id_cfg first = parsed("key-id", values[i]);
		struct ike_id_cfg again;
		char buf[128];

		again = parsed("key-id", ike_id_format(&first, buf, sizeof(buf)));
		assert_memory_equal(&first, &again, sizeof(first));
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *kind, *value, *word; /* a word that must be in the explanation */
	} rows[] = {
		{"address", "192.0.2.256", "192.0.2.256"},
		{"address", "vpn.example.org", "IPv6"},
		{"fqdn", "", "domain name"},
		{"fqdn", "a b", "domain name"},
		{"fqdn", ".a", "domain name"},
		{"fqdn", "a..b", "domain name"},
		{"fqdn", "a@b", "domain name"},
		{"email", "example.org", "mail"},
		{"email", "@example.org", "mail"},
		{"email", "a@", "mail"},
		{"email", "a b@example.org", "mail"},
		{"key-id", "", "1 to 256"},
		{"key-id", "0x", "1 to 256"},
		{"key-id", "0x1", "pairs"},
		{"key-id", "0x1g", "pairs"},
		{"dn", "a", "CN=vpn"},
		{"dn", "NOSUCH=a", "NOSUCH"},
		{"gn", "a", "key-id"},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct ike_id_cfg id = {.type = 77};
		char err[128] = "";

		assert_false(ike_id_parse(rows[i].kind, rows[i].value, &id, err, sizeof(err)));
		assert_int_equal(id.type, 77);
		if (!strstr(err, rows[i].word))
			fail_msg("%s %s: %s", rows[i].kind, rows[i].value, err);
	}
}

static void test_lengths(void **state)
{
	char text[2 * LIMIT_ID + 8];
	struct ike_id_cfg id;
	char err[128];

	memset(text, 'a', sizeof(text));
	text[LIMIT_ID] = 0;
	assert_true(ike_id_parse("key-id", text, &id, err, sizeof(err)));
	assert_int_equal(id.len, LIMIT_ID);
	text[LIMIT_ID] = 'a';
	text[LIMIT_ID + 1] = 0;
	assert_false(ike_id_parse("key-id", text, &id, err, sizeof(err)));
	text[254] = 0;
	assert_false(ike_id_parse("fqdn", text, &id, err, sizeof(err)));
	text[253] = 0;
	assert_true(ike_id_parse("fqdn", text, &id, err, sizeof(err)));
	memcpy(text, "0x", 2);
	memset(text + 2, '1', 2 * LIMIT_ID);
	text[2 + 2 * LIMIT_ID] = 0;
	assert_true(ike_id_parse("key-id", text, &id, err, sizeof(err)));
	assert_int_equal(id.len, LIMIT_ID);
}

static struct ike_id payload(uint8_t type, struct bytes value)
{
	return (struct ike_id){.type = type, .value = value};
}

static void test_matches(void **state)
{
	struct ike_id_cfg fqdn = parsed("fqdn", "VPN.example.org");
	struct ike_id_cfg key = parsed("key-id", "Site");
	struct ike_id_cfg none = {};
	struct ike_id got;

	got = payload(IKE_ID_FQDN, bytes_str("vpn.EXAMPLE.org"));
	assert_true(ike_id_matches(&fqdn, &got));
	got = payload(IKE_ID_FQDN, bytes_str("vpn.example.or"));
	assert_false(ike_id_matches(&fqdn, &got));
	got = payload(IKE_ID_FQDN, bytes_str("vpn.example.orgx"));
	assert_false(ike_id_matches(&fqdn, &got));
	got = payload(IKE_ID_KEY_ID, bytes_str("VPN.example.org"));
	assert_false(ike_id_matches(&fqdn, &got));
	got = payload(IKE_ID_KEY_ID, bytes_str("Site"));
	assert_true(ike_id_matches(&key, &got));
	got = payload(IKE_ID_KEY_ID, bytes_str("site"));
	assert_false(ike_id_matches(&key, &got));
	got = payload(0, bytes_make(NULL, 0));
	assert_false(ike_id_matches(&none, &got));
}

/* Text that goes on behind a zero byte is another identity. */
static void test_zero_byte_is_no_end(void **state)
{
	static const uint8_t value[] = "vpn.example.org\0.evil.example";
	struct ike_id_cfg cfg = parsed("fqdn", "vpn.example.org");
	struct ike_id got = payload(IKE_ID_FQDN, bytes_make(value, sizeof(value) - 1));
	struct ike_id_cfg copy;
	char buf[128];

	assert_false(ike_id_matches(&cfg, &got));
	ike_id_of_payload(&got, &copy);
	ike_id_format(&copy, buf, sizeof(buf));
	assert_int_equal(strncmp(buf, "0x76706e", 8), 0);
}

static void test_of_address(void **state)
{
	struct ipaddr addr;
	struct ike_id_cfg id;
	struct ike_id got;
	uint8_t raw[] = {192, 0, 2, 1};

	assert_int_equal(str2ipaddr("192.0.2.1", &addr), 0);
	ike_id_of_addr(&addr, &id);
	got = payload(IKE_ID_IPV4_ADDR, BYTES_OF(raw));
	assert_true(ike_id_matches(&id, &got));
	got = ike_id_payload(&id);
	assert_int_equal(got.type, IKE_ID_IPV4_ADDR);
	assert_memory_equal(got.value.p, raw, sizeof(raw));
	addr.ipa_type = IPADDR_NONE;
	ike_id_of_addr(&addr, &id);
	assert_int_equal(id.type, 0);
}

static void test_prints_strangers(void **state)
{
	struct ike_id_cfg id = {.type = IKE_ID_DER_ASN1_DN, .len = 2, .value = {1, 2}};
	char buf[64];

	assert_non_null(strstr(ike_id_format(&id, buf, sizeof(buf)), "ID_DER_ASN1_DN"));
	id.type = 200;
	assert_non_null(strstr(ike_id_format(&id, buf, sizeof(buf)), "200"));
	id = (struct ike_id_cfg){.type = IKE_ID_KEY_ID, .len = 256};
	assert_int_equal(strlen(ike_id_format(&id, buf, sizeof(buf))), sizeof(buf) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_and_print), cmocka_unit_test(test_printed_parses_back),
		cmocka_unit_test(test_refused),		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_matches),		cmocka_unit_test(test_zero_byte_is_no_end),
		cmocka_unit_test(test_of_address),	cmocka_unit_test(test_prints_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
