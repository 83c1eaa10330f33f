// SPDX-License-Identifier: GPL-2.0-or-later
/* HMAC PRFs, prf+ and SHA-1 against the answers of RFC 2202, RFC 4231, NIST CAVP and RFC 3174. */
#include <zebra.h>

#include "lib/sha256.h"

#include "tests/helpers/cmocka_all.h"

#include "bgpvpnd/crypto/crypto.h"
#include "tests/vectors/crypto_prf.h"

static int setup(void **state)
{
	return crypto_init();
}

static int teardown(void **state)
{
	crypto_fini();
	return 0;
}

static void sha1_of_rfc3174(void **state)
{
	struct bytes abc[] = {bytes_str("a"), bytes_str(""), bytes_str("bc")};
	uint8_t out[CRYPTO_SHA1_LEN];

	crypto_sha1(abc, array_size(abc), out);
	assert_memory_equal(out, hex_bytes("a9993e364706816aba3e25717850c26c9cd0d89d").p, sizeof(out));
	crypto_sha1(NULL, 0, out);
	assert_memory_equal(out, hex_bytes("da39a3ee5e6b4b0d3255bfef95601890afd80709").p, sizeof(out));
}

static void prf_has_known_answers(void **state)
{
	for (size_t i = 0; i < array_size(prf_vectors); i++) {
		const struct prf_vector *v = &prf_vectors[i];
		const struct crypto_prf *prf = crypto_prf_find(v->id);
		struct bytes data = hex_bytes(v->data), mac = hex_bytes(v->mac);
		uint8_t out[CRYPTO_HASH_MAX + 1];

		assert_non_null(prf);
		assert_int_equal(mac.n, prf->out_len);
		out[mac.n] = 0xa5;
		crypto_prf(prf, hex_bytes(v->key), &data, 1, out);
		assert_memory_equal(out, mac.p, mac.n);
		assert_int_equal(out[mac.n], 0xa5);
	}
}

/* The same in three parts, one of them empty. */
static void prf_takes_parts(void **state)
{
	const struct prf_vector *v = &prf_vectors[0];
	struct bytes data = hex_bytes(v->data);
	struct bytes parts[] = {{data.p, 1}, {NULL, 0}, {data.p + 1, data.n - 1}};
	uint8_t out[CRYPTO_HASH_MAX];

	crypto_prf(crypto_prf_find(v->id), hex_bytes(v->key), parts, array_size(parts), out);
	assert_memory_equal(out, hex_bytes(v->mac).p, hex_bytes(v->mac).n);
}

static void prf_takes_an_empty_key(void **state)
{
	const struct crypto_prf *prf = crypto_prf_named("prfsha256");
	struct bytes text = bytes_str("Hi There");
	uint8_t none[CRYPTO_HASH_MAX], zero[CRYPTO_HASH_MAX];

	/* RFC 2104 2: a short key is filled up with zeros */
	crypto_prf(prf, (struct bytes){}, &text, 1, none);
	crypto_prf(prf, (struct bytes){(const uint8_t *)"", 1}, &text, 1, zero);
	assert_memory_equal(none, zero, prf->out_len);
}

static void prf_plus_has_known_answers(void **state)
{
	for (size_t i = 0; i < array_size(prf_plus_vectors); i++) {
		const struct prf_plus_vector *v = &prf_plus_vectors[i];
		const struct crypto_prf *prf = crypto_prf_find(v->id);
		struct bytes seed = hex_bytes(v->seed), want = hex_bytes(v->out);
		struct bytes parts[] = {
			{seed.p, 8}, {seed.p + 8, 8}, {seed.p + 16, 8}, {seed.p + 24, seed.n - 24}};

		/* Each length is a prefix of the next: whole rounds, and parts of one. */
		for (size_t n = 0; n <= want.n; n++) {
			uint8_t out[256] = {};

			out[n] = 0xa5;
			assert_true(
				crypto_prf_plus(prf, hex_bytes(v->key), parts, array_size(parts), out, n));
			assert_memory_equal(out, want.p, n);
			assert_int_equal(out[n], 0xa5);
		}
	}
}

static void prf_plus_ends_after_255_rounds(void **state)
{
	const struct crypto_prf *prf = crypto_prf_named("prfsha1");
	static uint8_t out[255 * 20 + 1];
	struct bytes seed = bytes_str("seed"), last[3];
	uint8_t counter = 255, want[20];

	out[0] = 0xa5;
	assert_false(crypto_prf_plus(prf, seed, &seed, 1, out, sizeof(out)));
	assert_int_equal(out[0], 0xa5);

	assert_true(crypto_prf_plus(prf, seed, &seed, 1, out, sizeof(out) - 1));
	last[0] = (struct bytes){out + 253 * 20, 20};
	last[1] = seed;
	last[2] = (struct bytes){&counter, 1};
	crypto_prf(prf, seed, last, array_size(last), want);
	assert_memory_equal(out + 254 * 20, want, sizeof(want));
}

/*
 * libfrr and libcrypto export functions of the same names (crypto_sha256.c): the tests above show that OpenSSL gets its
 * own, this one that libfrr does. The answer is of RFC 7914 11.
 */
static void libfrr_keeps_its_own_sha256(void **state)
{
	struct bytes want = hex_bytes("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
				      "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
	uint8_t out[64];

	PBKDF2_SHA256((const uint8_t *)"passwd", 6, (const uint8_t *)"salt", 4, 1, out, sizeof(out));
	assert_memory_equal(out, want.p, want.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha1_of_rfc3174),
		cmocka_unit_test(prf_has_known_answers),
		cmocka_unit_test(prf_takes_parts),
		cmocka_unit_test(prf_takes_an_empty_key),
		cmocka_unit_test(prf_plus_has_known_answers),
		cmocka_unit_test(prf_plus_ends_after_255_rounds),
		cmocka_unit_test(libfrr_keeps_its_own_sha256),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
