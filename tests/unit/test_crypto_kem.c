// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key encapsulation. Of ML-KEM (FIPS 203): known answers, what wrong ciphertexts give (6.3) and the keys that a peer must not get away
 * with (7.2). Debian 12's OpenSSL has no ML-KEM and skips these; tests/mlkem/run has one that does.
 */
#include <zebra.h>

#include <openssl/evp.h>
#include <openssl/params.h>

#include "tests/helpers/cmocka_all.h"

#include "bgpvpnd/crypto/crypto.h"
#include "tests/helpers/exact.h"
#include "tests/vectors/crypto_kem.h"

/* d, z and m of one round of the known answers */
#define SEED_LEN  64
#define COINS_LEN 32
/* FIPS 203: q, the coefficients of one polynomial; a key ends in 32 bytes that are none */
#define MODULUS 3329
#define RHO_LEN 32

static int setup(void **state)
{
	return crypto_init();
}

static int teardown(void **state)
{
	crypto_fini();
	return 0;
}

static void assert_bytes_equal(struct bytes a, struct bytes b)
{
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.p, b.p, b.n);
}

static void needs_ml_kem(void)
{
	if (crypto_has_ml_kem())
		return;
	print_message("skipped: OpenSSL %s has no ML-KEM, which begins with 3.5\n", crypto_openssl_version());
	skip();
}

static bool respond_refuses(const struct crypto_ke_method *method, struct bytes value)
{
	struct bytes public = exact_copy(value);
	struct crypto_ke *ke = crypto_ke_respond(method, public);
	bool refused = !ke;

	crypto_ke_free(ke);
	exact_free(public);
	return refused;
}

/* The lengths of both sides differ, and a ciphertext is no key. */
static void kem_agrees(const struct crypto_ke_method *method)
{
	struct crypto_ke *i = crypto_ke_new(method), *r;
	struct secret si = {}, sr = {};

	assert_non_null(i);
	assert_int_equal(crypto_ke_public(i).n, method->public_len);
	r = crypto_ke_respond(method, crypto_ke_public(i));
	assert_non_null(r);
	assert_int_equal(crypto_ke_public(r).n, method->reply_len);
	assert_true(crypto_ke_derive(r, crypto_ke_public(i), &sr));
	assert_true(crypto_ke_derive(i, crypto_ke_public(r), &si));
	assert_int_equal(si.len, method->shared_len);
	assert_bytes_equal(secret_view(&si), secret_view(&sr));
	assert_false(crypto_ke_derive(i, bytes_make(crypto_ke_public(r).p, method->reply_len - 1), &si));
	assert_bytes_equal(secret_view(&si), secret_view(&sr));
	assert_true(respond_refuses(method, bytes_make(crypto_ke_public(i).p, method->public_len - 1)));
	assert_true(respond_refuses(method, (struct bytes){}));
	secret_fini(&si);
	secret_fini(&sr);
	crypto_ke_free(i);
	crypto_ke_free(r);
}

static void null_kem_agrees(void **state)
{
	assert_null(crypto_ke_method_find(CRYPTO_KEM_NULL));
	crypto_null_enable(true);
	kem_agrees(crypto_ke_method_find(CRYPTO_KEM_NULL));
	crypto_null_enable(false);
}

static void what_openssl_lacks_is_known(void **state)
{
	assert_int_equal(crypto_ke_method_lacking("mlkem768"), !crypto_has_ml_kem());
	assert_int_equal(!crypto_ke_method_find(IKE_KE_ML_KEM_768), !crypto_has_ml_kem());
	assert_false(crypto_ke_method_lacking("ecp256"));
}

static void ml_kem_agrees(void **state)
{
	needs_ml_kem();
	for (size_t i = 0; i < array_size(kem_vectors); i++) {
		const struct crypto_ke_method *method = crypto_ke_method_find(kem_vectors[i].id);

		assert_int_equal(method->public_len, kem_vectors[i].public_len);
		assert_int_equal(method->reply_len, kem_vectors[i].reply_len);
		assert_int_equal(method->shared_len, 32);
		for (int times = 0; times < 4; times++)
			kem_agrees(method);
	}
}

/* --- known answers --------------------------------------------------------------------------------------- */

static void absorb(EVP_MD_CTX *hash, struct bytes b)
{
	assert_true(EVP_DigestUpdate(hash, b.p, b.n));
}

/* SHAKE-128 of nothing, so much of it that every round is served. The caller frees it. */
static uint8_t *random_bytes(size_t n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t *to = malloc(n);

	assert_non_null(to);
	assert_true(EVP_DigestInit_ex(ctx, EVP_shake128(), NULL));
	assert_true(EVP_DigestFinalXOF(ctx, to, n));
	EVP_MD_CTX_free(ctx);
	return to;
}

/* The key pair once more, beside ours: for the private key, and for a ciphertext with a known m. */
static EVP_PKEY *reference_key(const char *type, const uint8_t *seed)
{
	OSSL_PARAM params[] = {OSSL_PARAM_octet_string("seed", (void *)seed, SEED_LEN), OSSL_PARAM_END};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	assert_true(EVP_PKEY_fromdata_init(ctx) > 0);
	assert_true(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) > 0);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static void absorb_private(EVP_MD_CTX *hash, EVP_PKEY *pkey)
{
	uint8_t private[4096];
	size_t n = sizeof(private);

	assert_true(EVP_PKEY_get_raw_private_key(pkey, private, &n) > 0);
	absorb(hash, bytes_make(private, n));
}

static void encapsulate(EVP_PKEY *pkey, const uint8_t *coins, uint8_t *ciphertext, size_t n,
			uint8_t shared[32])
{
	OSSL_PARAM params[] = {OSSL_PARAM_octet_string("ikme", (void *)coins, COINS_LEN), OSSL_PARAM_END};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	size_t shared_len = 32;

	assert_true(EVP_PKEY_encapsulate_init(ctx, params) > 0);
	assert_true(EVP_PKEY_encapsulate(ctx, ciphertext, &n, shared, &shared_len) > 0);
	EVP_PKEY_CTX_free(ctx);
}

static void absorb_secret(EVP_MD_CTX *hash, struct crypto_ke *ke, struct bytes ciphertext,
			  const uint8_t *expected)
{
	struct secret shared = {};

	assert_true(crypto_ke_derive(ke, ciphertext, &shared));
	if (expected)
		assert_bytes_equal(secret_view(&shared), bytes_make(expected, 32));
	absorb(hash, secret_view(&shared));
	secret_fini(&shared);
}

static void one_round(EVP_MD_CTX *hash, const struct crypto_ke_method *method, const char *type,
		      const uint8_t *drawn)
{
	struct crypto_ke *ke = crypto_ke_from_private(method, bytes_make(drawn, SEED_LEN));
	const uint8_t *coins = drawn + SEED_LEN, *random = coins + COINS_LEN;
	EVP_PKEY *reference = reference_key(type, drawn);
	uint8_t ciphertext[LIMIT_KE_PUBLIC], shared[32];

	assert_non_null(ke);
	encapsulate(reference, coins, ciphertext, method->reply_len, shared);
	absorb(hash, crypto_ke_public(ke));
	absorb_private(hash, reference);
	absorb(hash, bytes_make(ciphertext, method->reply_len));
	absorb_secret(hash, ke, bytes_make(ciphertext, method->reply_len), shared);
	absorb_secret(hash, ke, bytes_make(random, method->reply_len), NULL);
	EVP_PKEY_free(reference);
	crypto_ke_free(ke);
}

static void rounds(size_t which, unsigned int num, const char *expected)
{
	const struct crypto_ke_method *method = crypto_ke_method_find(kem_vectors[which].id);
	size_t each = SEED_LEN + COINS_LEN + method->reply_len;
	uint8_t *drawn = random_bytes(num * each), out[32];
	EVP_MD_CTX *hash = EVP_MD_CTX_new();

	assert_true(EVP_DigestInit_ex(hash, EVP_shake128(), NULL));
	for (unsigned int i = 0; i < num; i++)
		one_round(hash, method, kem_vectors[which].type, drawn + i * each);
	assert_true(EVP_DigestFinalXOF(hash, out, sizeof(out)));
	assert_bytes_equal(BYTES_OF(out), hex_bytes(expected));
	EVP_MD_CTX_free(hash);
	free(drawn);
}

/* BGPVPN_KEM_LONG in the environment: all of CCTV's rounds, ten seconds of them. */
static void known_answers(void **state)
{
	bool all = getenv("BGPVPN_KEM_LONG");

	needs_ml_kem();
	for (size_t i = 0; i < array_size(kem_vectors); i++)
		rounds(i, all ? 10000 : 100, all ? kem_vectors[i].after_10000 : kem_vectors[i].after_100);
}

/* --- what a peer sent wrong ------------------------------------------------------------------------------ */

/* FIPS 203 6.3: each wrong ciphertext has a secret of its own, always the same, and nobody is told. */
static void wrong_ciphertexts_give_other_secrets(void **state)
{
	needs_ml_kem();
	for (size_t i = 0; i < array_size(kem_vectors); i++) {
		const struct crypto_ke_method *method = crypto_ke_method_find(kem_vectors[i].id);
		struct crypto_ke *a = crypto_ke_new(method),
				 *b = crypto_ke_respond(method, crypto_ke_public(a));
		struct bytes wrong = exact_copy(crypto_ke_public(b));
		struct secret right = {}, other = {}, again = {};

		assert_true(crypto_ke_derive(a, crypto_ke_public(b), &right));
		for (size_t at = 0; at < wrong.n; at += wrong.n / 16) {
			((uint8_t *)wrong.p)[at] ^= 1;
			assert_true(crypto_ke_derive(a, wrong, &again));
			assert_false(secret_equal(secret_view(&again), secret_view(&right)));
			assert_false(secret_equal(secret_view(&again), secret_view(&other)));
			assert_true(crypto_ke_derive(a, wrong, &other));
			assert_true(secret_equal(secret_view(&again), secret_view(&other)));
		}
		assert_true(crypto_ke_derive(a, crypto_ke_public(b), &again));
		assert_true(secret_equal(secret_view(&again), secret_view(&right)));
		secret_fini(&right);
		secret_fini(&other);
		secret_fini(&again);
		exact_free(wrong);
		crypto_ke_free(a);
		crypto_ke_free(b);
	}
}

/* ByteEncode12: coefficient number `at` of the key, two in three bytes. */
static void set_coefficient(uint8_t *key, size_t at, unsigned int value)
{
	uint8_t *p = key + at / 2 * 3;

	if (at % 2 == 0) {
		p[0] = (uint8_t)value;
		p[1] = (uint8_t)((p[1] & 0xf0) | value >> 8);
	} else {
		p[1] = (uint8_t)((p[1] & 0x0f) | value << 4);
		p[2] = (uint8_t)(value >> 4);
	}
}

/* FIPS 203 7.2: one coefficient that is not reduced, wherever it is. */
static void keys_that_are_not_reduced_are_refused(void **state)
{
	needs_ml_kem();
	for (size_t i = 0; i < array_size(kem_vectors); i++) {
		const struct crypto_ke_method *method = crypto_ke_method_find(kem_vectors[i].id);
		struct crypto_ke *ke = crypto_ke_new(method);
		uint8_t key[LIMIT_KE_PUBLIC];

		for (size_t at = 0; at < (method->public_len - RHO_LEN) / 3 * 2u; at++) {
			memcpy(key, crypto_ke_public(ke).p, method->public_len);
			set_coefficient(key, at, MODULUS - 1);
			assert_false(respond_refuses(method, bytes_make(key, method->public_len)));
			set_coefficient(key, at, MODULUS);
			assert_true(respond_refuses(method, bytes_make(key, method->public_len)));
			set_coefficient(key, at, 0xfff);
			assert_true(respond_refuses(method, bytes_make(key, method->public_len)));
		}
		crypto_ke_free(ke);
	}
}

/* Ciphertexts and keys of another parameter set. */
static void lengths_of_the_others_are_refused(void **state)
{
	needs_ml_kem();
	for (size_t i = 0; i < array_size(kem_vectors); i++) {
		const struct crypto_ke_method *method = crypto_ke_method_find(kem_vectors[i].id);
		struct crypto_ke *ke = crypto_ke_new(method);
		uint8_t zeros[LIMIT_KE_PUBLIC] = {};
		struct secret shared = {};

		for (size_t j = 0; j < array_size(kem_vectors); j++) {
			struct bytes other = bytes_make(zeros, kem_vectors[j].reply_len);

			assert_int_equal(crypto_ke_derive(ke, other, &shared), i == j);
			other.n = kem_vectors[j].public_len;
			assert_int_equal(respond_refuses(method, other), i != j);
		}
		secret_fini(&shared);
		crypto_ke_free(ke);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(null_kem_agrees),
		cmocka_unit_test(what_openssl_lacks_is_known),
		cmocka_unit_test(ml_kem_agrees),
		cmocka_unit_test(known_answers),
		cmocka_unit_test(wrong_ciphertexts_give_other_secrets),
		cmocka_unit_test(keys_that_are_not_reduced_are_refused),
		cmocka_unit_test(lengths_of_the_others_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
