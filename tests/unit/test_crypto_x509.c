// SPDX-License-Identifier: GPL-2.0-or-later
/* Certificates and names: what can be loaded, whose chain is believed when, and which identities a certificate vouches for. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/mem_live.h"
#include "tests/helpers/test_certs.h"

#include "bgpvpnd/crypto/crypto.h"

/* --- loading --------------------------------------------------------------------------------------------- */

static void assert_not_loaded(const char *pem, const char *key, const char *word)
{
	struct secret chain = test_certs_read(pem), private = test_certs_read(key);
	char err[256] = "";

	assert_null(crypto_creds_from_pem(secret_view(&chain), secret_view(&private), err, sizeof(err)));
	if (!strstr(err, word))
		fail_msg("\"%s\" is not in \"%s\"", word, err);
	secret_fini(&chain);
	secret_fini(&private);
}

static void test_what_cannot_be_loaded(void **state)
{
	size_t before = mem_live();

	assert_not_loaded("a.pem", "b.key", "does not belong");
	assert_not_loaded("a.pem", "a.pem", "no private key");
	assert_not_loaded("a.pem", NULL, "no private key");
	assert_not_loaded("a.key", "a.key", "no certificate");
	assert_not_loaded(NULL, "a.key", "no certificate");
	assert_not_loaded("a.pem", "encrypted.key", "passphrase");
	assert_not_loaded("small.pem", "small.key", "RSA of 2048 bits or more");
	assert_int_equal(mem_live(), before);
}

static void assert_not_trusted(const char *ca, const char *crl, const char *word)
{
	struct secret cas = test_certs_read(ca), crls = test_certs_read(crl);
	char err[256] = "";

	assert_null(crypto_trust_from_pem(secret_view(&cas), secret_view(&crls), err, sizeof(err)));
	if (!strstr(err, word))
		fail_msg("\"%s\" is not in \"%s\"", word, err);
	secret_fini(&cas);
	secret_fini(&crls);
}

static void test_what_cannot_be_trusted(void **state)
{
	assert_not_trusted("a.pem", NULL, "not one of a certification authority");
	assert_not_trusted("ca.crl", NULL, "no certificate");
	assert_not_trusted("ca.pem", "ca.pem", "no revocation list");
}

static void test_counted_and_compared(void **state)
{
	size_t before = mem_live();
	struct crypto_creds *a = test_certs_creds("a"), *again = test_certs_creds("a"),
			    *b = test_certs_creds("b");
	struct crypto_trust *ca = test_certs_trust("ca.pem", NULL),
			    *with = test_certs_trust("ca.pem", "ca.crl");

	assert_ptr_equal(crypto_creds_ref(a), a);
	crypto_creds_unref(a);
	assert_true(crypto_creds_same(a, again));
	assert_false(crypto_creds_same(a, b));
	assert_false(crypto_creds_same(a, NULL));
	assert_true(crypto_creds_same(NULL, NULL));
	assert_true(crypto_trust_same(ca, ca));
	assert_false(crypto_trust_same(ca, with));
	assert_false(crypto_trust_same(NULL, with));
	crypto_creds_unref(a);
	crypto_creds_unref(again);
	crypto_creds_unref(b);
	crypto_trust_unref(ca);
	crypto_trust_unref(with);
	assert_int_equal(mem_live(), before);
}

/* --- chains ---------------------------------------------------------------------------------------------- */

static enum crypto_cert_verdict verdict(const char *cert, const char *ca, const char *crl, int64_t time_s)
{
	struct crypto_creds *creds = test_certs_creds(cert);
	struct crypto_trust *trust = test_certs_trust(ca, crl);
	struct bytes chain[LIMIT_CERT_CHAIN];
	struct crypto_cert *out = NULL;
	enum crypto_cert_verdict result;
	char words[256] = "";

	for (unsigned int i = 0; i < crypto_creds_num(creds); i++)
		chain[i] = crypto_creds_der(creds, i);
	result = crypto_trust_verify(trust, chain, crypto_creds_num(creds), time_s, &out, words,
				     sizeof(words));
	assert_true((result == CRYPTO_CERT_OK) == (out != NULL));
	assert_true((result == CRYPTO_CERT_OK) == (words[0] == '\0'));
	crypto_cert_free(out);
	crypto_trust_unref(trust);
	crypto_creds_unref(creds);
	return result;
}

static void test_chains(void **state)
{
	const int64_t now = TEST_CERTS_TIME_S;

	assert_int_equal(verdict("a", "ca.pem", NULL, now), CRYPTO_CERT_OK);
	assert_int_equal(verdict("chained", "ca.pem", NULL, now), CRYPTO_CERT_OK);
	assert_int_equal(verdict("chained", "middle-ca.pem", NULL, now), CRYPTO_CERT_OK);
	assert_int_equal(verdict("a", "middle-ca.pem", NULL, now), CRYPTO_CERT_UNKNOWN_CA);
	assert_int_equal(verdict("stranger", "ca.pem", NULL, now), CRYPTO_CERT_UNKNOWN_CA);
	assert_int_equal(verdict("expired", "ca.pem", NULL, now), CRYPTO_CERT_EXPIRED);
	/* 2000: nothing is valid yet. */
	assert_int_equal(verdict("a", "ca.pem", NULL, 946684800), CRYPTO_CERT_EXPIRED);
	assert_int_equal(verdict("revoked", "ca.pem", "ca.crl", now), CRYPTO_CERT_REVOKED);
	assert_int_equal(verdict("a", "ca.pem", "ca.crl", now), CRYPTO_CERT_OK);
	assert_int_equal(verdict("a", "ca.pem", "old.crl", now), CRYPTO_CERT_NO_CRL);
	assert_int_equal(verdict("a", "ca.pem", "middle.crl", now), CRYPTO_CERT_NO_CRL);
	assert_int_equal(verdict("chained", "middle-ca.pem", "middle.crl", now), CRYPTO_CERT_NO_CRL);
	assert_int_equal(verdict("chained", "ca.pem", "all.crl", now), CRYPTO_CERT_OK);
}

/* Every byte that a stranger can bend: never believed, never more than words. */
static void test_bent_certificates(void **state)
{
	struct crypto_creds *creds = test_certs_creds("a");
	struct crypto_trust *trust = test_certs_trust("ca.pem", NULL);
	struct bytes der = crypto_creds_der(creds, 0), bent;
	struct crypto_cert *out = NULL;
	uint8_t copy[2048];
	char words[256];

	for (size_t i = 0; i < der.n; i++) {
		memcpy(copy, der.p, der.n);
		copy[i] ^= 0x01;
		bent = bytes_make(copy, der.n);
		assert_int_not_equal(
			crypto_trust_verify(trust, &bent, 1, TEST_CERTS_TIME_S, &out, words, sizeof(words)),
			CRYPTO_CERT_OK);
		bent = bytes_make(der.p, i);
		assert_int_equal(
			crypto_trust_verify(trust, &bent, 1, TEST_CERTS_TIME_S, &out, words, sizeof(words)),
			CRYPTO_CERT_INVALID);
	}
	crypto_trust_unref(trust);
	crypto_creds_unref(creds);
}

/* --- identities ------------------------------------------------------------------------------------------ */

static void test_identities(void **state)
{
	static const uint8_t ip4[] = {10, 0, 0, 1}, ip4_other[] = {10, 0, 0, 2};
	static const uint8_t ip6[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
	struct crypto_creds *a = test_certs_creds("a");
	uint8_t dn[LIMIT_ID];
	char err[256];
	size_t n;

	assert_true(crypto_creds_has_id(a, IKE_ID_FQDN, bytes_str("a.example.org")));
	assert_true(crypto_creds_has_id(a, IKE_ID_FQDN, bytes_str("A.Example.ORG")));
	assert_false(crypto_creds_has_id(a, IKE_ID_FQDN, bytes_str(".example.org")));
	assert_false(crypto_creds_has_id(a, IKE_ID_FQDN, bytes_str("b.example.org")));
	assert_false(crypto_creds_has_id(a, IKE_ID_FQDN, bytes_str("")));
	assert_false(crypto_creds_has_id(a, IKE_ID_FQDN, bytes_str("a")));
	assert_true(crypto_creds_has_id(a, IKE_ID_RFC822_ADDR, bytes_str("ops@a.example.org")));
	assert_false(crypto_creds_has_id(a, IKE_ID_RFC822_ADDR, bytes_str("a.example.org")));
	assert_true(crypto_creds_has_id(a, IKE_ID_IPV4_ADDR, BYTES_OF(ip4)));
	assert_false(crypto_creds_has_id(a, IKE_ID_IPV4_ADDR, BYTES_OF(ip4_other)));
	assert_true(crypto_creds_has_id(a, IKE_ID_IPV6_ADDR, BYTES_OF(ip6)));
	assert_false(crypto_creds_has_id(a, IKE_ID_IPV4_ADDR, BYTES_OF(ip6)));
	assert_false(crypto_creds_has_id(a, IKE_ID_KEY_ID, bytes_str("a.example.org")));
	n = crypto_dn_parse("C=XX, O=bgpvpnd test, CN=a", dn, sizeof(dn), err, sizeof(err));
	assert_true(crypto_creds_has_id(a, IKE_ID_DER_ASN1_DN, bytes_make(dn, n)));
	n = crypto_dn_parse("C=XX, O=bgpvpnd test, CN=b", dn, sizeof(dn), err, sizeof(err));
	assert_false(crypto_creds_has_id(a, IKE_ID_DER_ASN1_DN, bytes_make(dn, n)));
	crypto_creds_unref(a);
}

/* --- names ----------------------------------------------------------------------------------------------- */

static void assert_dn(const char *text, const char *back)
{
	uint8_t der[LIMIT_ID];
	char err[256] = "", buf[256];
	size_t n = crypto_dn_parse(text, der, sizeof(der), err, sizeof(err));

	assert_string_equal(err, "");
	assert_true(crypto_dn_format(bytes_make(der, n), buf, sizeof(buf)));
	assert_string_equal(buf, back);
}

static void test_names(void **state)
{
	static const char *const bad[] = {"",	   "CN",       "CN=",	    "=x",
					  "CN=a,", "NOSUCH=a", "CN=a,,O=b", "C=SWEDEN"};
	uint8_t der[LIMIT_ID];
	char err[256];

	assert_dn("C=CH, O=Linux strongSwan, CN=moon.strongswan.org",
		  "C=CH, O=Linux strongSwan, CN=moon.strongswan.org");
	assert_dn("CN=a,O=b", "CN=a, O=b");
	assert_dn("CN = a  , O= b", "CN=a, O=b");
	assert_dn("O=Example\\, Inc., CN=x", "O=Example\\, Inc., CN=x");
	assert_dn("emailAddress=a@example.org", "emailAddress=a@example.org");
	for (size_t i = 0; i < array_size(bad); i++) {
		err[0] = '\0';
		assert_int_equal(crypto_dn_parse(bad[i], der, sizeof(der), err, sizeof(err)), 0);
		assert_int_not_equal(err[0], '\0');
	}
	assert_int_equal(crypto_dn_parse("CN=a", der, 4, err, sizeof(err)), 0);
}

/* Names that are equal hash alike, in whatever case and kind of string. */
static void test_hash_of_names(void **state)
{
	uint8_t a[LIMIT_ID], b[LIMIT_ID];
	char err[256];
	struct bytes x =
		bytes_make(a, crypto_dn_parse("C=XX, O=Some  body, CN=a", a, sizeof(a), err, sizeof(err)));
	struct bytes y =
		bytes_make(b, crypto_dn_parse("C=xx, O=SOME body, CN=A", b, sizeof(b), err, sizeof(err)));

	assert_false(bytes_equal(x, y));
	assert_true(crypto_dn_equal(x, y));
	assert_int_equal(crypto_dn_hash(x), crypto_dn_hash(y));
	y = bytes_make(b, crypto_dn_parse("C=XX, O=Some  body, CN=b", b, sizeof(b), err, sizeof(err)));
	assert_int_not_equal(crypto_dn_hash(x), crypto_dn_hash(y));
}

static void test_name_of_rubbish(void **state)
{
	char buf[64] = "x";

	assert_false(crypto_dn_format(bytes_str("rubbish"), buf, sizeof(buf)));
	assert_string_equal(buf, "");
	assert_false(crypto_dn_equal(bytes_str("rubbish"), bytes_str("rubbish")));
	assert_int_equal(crypto_dn_hash(bytes_str("rubbish")), 0);
	/* an empty name is nobody's */
	assert_false(crypto_dn_equal(bytes_make("\x30\x00", 2), bytes_make("\x30\x00", 2)));
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
		cmocka_unit_test(test_what_cannot_be_loaded),
		cmocka_unit_test(test_what_cannot_be_trusted),
		cmocka_unit_test(test_counted_and_compared),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_bent_certificates),
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_name_of_rubbish),
		cmocka_unit_test(test_hash_of_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
