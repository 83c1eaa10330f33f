// SPDX-License-Identifier: GPL-2.0-or-later
/* Signatures: known answers, what a bent one is, and which way of signing is chosen. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/test_certs.h"

#include "bgpvpnd/crypto/crypto.h"
#include "tests/vectors/crypto_sign.h"

static enum crypto_sig_verdict check(const struct sign_vector *v, uint8_t method, struct bytes alg,
				     struct bytes value)
{
	struct crypto_cert *cert = crypto_cert_of_key(hex_bytes(v->key));
	const struct crypto_sig sig = {method, alg, value};
	enum crypto_sig_verdict verdict;

	assert_non_null(cert);
	verdict = crypto_cert_check(cert, &sig, hex_bytes(v->octets));
	crypto_cert_free(cert);
	return verdict;
}

static void test_known_answers(void **state)
{
	for (size_t i = 0; i < array_size(sign_vectors); i++) {
		const struct sign_vector *v = &sign_vectors[i];
		struct bytes sig = hex_bytes(v->sig);
		uint8_t bent[512];

		if (check(v, v->method, hex_bytes(v->alg), sig) != CRYPTO_SIG_OK)
			fail_msg("%zu, %s, method %u", i, v->source, v->method);
		memcpy(bent, sig.p, sig.n);
		bent[sig.n / 2] ^= 1;
		assert_int_equal(check(v, v->method, hex_bytes(v->alg), bytes_make(bent, sig.n)),
				 CRYPTO_SIG_WRONG);
		for (size_t n = 0; n < sig.n; n += 7)
			assert_int_equal(check(v, v->method, hex_bytes(v->alg), bytes_make(sig.p, n)),
					 CRYPTO_SIG_WRONG);
	}
}

/* The RSA row that method 1 has, with SHA-256. */
static const struct sign_vector *rsa_vector(void)
{
	for (size_t i = 0; i < array_size(sign_vectors); i++)
		if (sign_vectors[i].method == IKE_AUTH_RSA_SIGNATURE)
			return &sign_vectors[i];
	fail();
	return NULL;
}

static void test_sha1_is_refused(void **state)
{
	static const uint8_t alg_sha1[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
					   0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00};
	static const uint8_t pss_of_defaults[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
						  0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x00};
	const struct sign_vector *v = rsa_vector();
	struct bytes sig = hex_bytes(sign_sha1);

	assert_int_equal(check(v, IKE_AUTH_RSA_SIGNATURE, bytes_make(NULL, 0), sig), CRYPTO_SIG_HASH);
	assert_int_equal(check(v, IKE_AUTH_DIGITAL_SIGNATURE, BYTES_OF(alg_sha1), sig), CRYPTO_SIG_HASH);
	assert_int_equal(check(v, IKE_AUTH_DIGITAL_SIGNATURE, BYTES_OF(pss_of_defaults), sig),
			 CRYPTO_SIG_HASH);
}

/* An algorithm that is none, or another key's. */
static void test_algorithms_that_do_not_fit(void **state)
{
	static const uint8_t ecdsa[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
					0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
	static const uint8_t behind[] = {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x00};
	const struct sign_vector *v = rsa_vector();
	struct bytes sig = hex_bytes(v->sig), none = bytes_make(NULL, 0);

	assert_int_equal(check(v, IKE_AUTH_DIGITAL_SIGNATURE, BYTES_OF(ecdsa), sig), CRYPTO_SIG_ALGORITHM);
	assert_int_equal(check(v, IKE_AUTH_DIGITAL_SIGNATURE, BYTES_OF(behind), sig), CRYPTO_SIG_ALGORITHM);
	assert_int_equal(check(v, IKE_AUTH_DIGITAL_SIGNATURE, none, sig), CRYPTO_SIG_ALGORITHM);
	assert_int_equal(check(v, IKE_AUTH_ECDSA_256, none, sig), CRYPTO_SIG_ALGORITHM);
	assert_int_equal(check(v, IKE_AUTH_DSS_SIGNATURE, none, sig), CRYPTO_SIG_ALGORITHM);
}

static struct crypto_cert *cert_of(const struct crypto_creds *creds)
{
	struct crypto_trust *trust = test_certs_trust("ca.pem", NULL);
	struct bytes der = crypto_creds_der(creds, 0);
	struct crypto_cert *cert = NULL;
	char words[256];

	assert_int_equal(crypto_trust_verify(trust, &der, 1, TEST_CERTS_TIME_S, &cert, words, sizeof(words)),
			 CRYPTO_CERT_OK);
	crypto_trust_unref(trust);
	return cert;
}

/* What this key signs for a peer that takes these hashes, holds; returns the method, 0: it cannot. `alg`: the AlgorithmIdentifier, or its end. */
static uint8_t signs_as(const char *name, uint32_t hashes, bool rsa_pkcs1, struct bytes alg)
{
	struct crypto_creds *creds = test_certs_creds(name);
	struct crypto_cert *cert = cert_of(creds);
	struct bytes octets = bytes_str("octets");
	struct crypto_sig sig = {};
	struct secret room = {};

	if (crypto_sign(creds, hashes, rsa_pkcs1, octets, &sig, &room)) {
		assert_int_equal(crypto_cert_check(cert, &sig, octets), CRYPTO_SIG_OK);
		assert_int_equal(crypto_cert_check(cert, &sig, bytes_str("octet")), CRYPTO_SIG_WRONG);
		assert_true(!sig.alg.n || sig.alg.n >= alg.n);
		if (sig.alg.n)
			assert_memory_equal(sig.alg.p + sig.alg.n - alg.n, alg.p, alg.n);
	}
	secret_fini(&room);
	crypto_cert_free(cert);
	crypto_creds_unref(creds);
	return sig.method;
}

static uint8_t signs(const char *name, uint32_t hashes, uint8_t last_of_alg)
{
	return signs_as(name, hashes, false, bytes_make(&last_of_alg, 1));
}

#define HASH(name) (1u << IKE_SIG_HASH_##name)

static void test_choice_of_hash(void **state)
{
	const uint32_t all = CRYPTO_SIG_HASHES;

	assert_int_equal(signs("rsa", all, 32), IKE_AUTH_DIGITAL_SIGNATURE);
	assert_int_equal(signs("rsa", HASH(SHA2_512), 64), IKE_AUTH_DIGITAL_SIGNATURE);
	assert_int_equal(signs("b", all, 2), IKE_AUTH_DIGITAL_SIGNATURE);
	assert_int_equal(signs("p384", all, 3), IKE_AUTH_DIGITAL_SIGNATURE);
	assert_int_equal(signs("p521", all, 4), IKE_AUTH_DIGITAL_SIGNATURE);
	assert_int_equal(signs("p521", HASH(SHA2_256), 2), IKE_AUTH_DIGITAL_SIGNATURE);
	assert_int_equal(signs("ed25519", all, 0x70), IKE_AUTH_DIGITAL_SIGNATURE);
	assert_int_equal(signs("ed25519", HASH(SHA2_256), 0), 0);
	assert_int_equal(signs("rsa", HASH(SHA1), 0), 0);
	assert_int_equal(signs("rsa", HASH(IDENTITY), 0), 0);
}

/* RSASSA-PKCS1-v1_5 where it is asked for: RFC 7427 A.1, whole. Other keys do not care. */
static void test_rsa_pkcs1(void **state)
{
	uint8_t alg[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
			 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00};
	static const uint8_t ecdsa_sha256 = 2, ed25519 = 0x70;
	const uint32_t all = CRYPTO_SIG_HASHES;

	assert_int_equal(signs_as("rsa", all, true, BYTES_OF(alg)), IKE_AUTH_DIGITAL_SIGNATURE);
	alg[12] = 0x0c;
	assert_int_equal(signs_as("rsa", HASH(SHA2_384) | HASH(SHA2_512), true, BYTES_OF(alg)),
			 IKE_AUTH_DIGITAL_SIGNATURE);
	alg[12] = 0x0d;
	assert_int_equal(signs_as("rsa", HASH(SHA2_512), true, BYTES_OF(alg)), IKE_AUTH_DIGITAL_SIGNATURE);
	assert_int_equal(signs_as("rsa", HASH(SHA1), true, BYTES_OF(alg)), 0);
	assert_int_equal(signs_as("rsa", 0, true, BYTES_OF(alg)), IKE_AUTH_RSA_SIGNATURE);
	assert_int_equal(signs_as("b", all, true, bytes_make(&ecdsa_sha256, 1)), IKE_AUTH_DIGITAL_SIGNATURE);
	assert_int_equal(signs_as("ed25519", all, true, bytes_make(&ed25519, 1)), IKE_AUTH_DIGITAL_SIGNATURE);
}

static void test_classic_methods(void **state)
{
	assert_int_equal(signs("rsa", 0, 0), IKE_AUTH_RSA_SIGNATURE);
	assert_int_equal(signs("b", 0, 0), IKE_AUTH_ECDSA_256);
	assert_int_equal(signs("p384", 0, 0), IKE_AUTH_ECDSA_384);
	assert_int_equal(signs("p521", 0, 0), IKE_AUTH_ECDSA_521);
	assert_int_equal(signs("ed25519", 0, 0), 0);
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
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_sha1_is_refused),
		cmocka_unit_test(test_algorithms_that_do_not_fit),
		cmocka_unit_test(test_choice_of_hash),
		cmocka_unit_test(test_rsa_pkcs1),
		cmocka_unit_test(test_classic_methods),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
