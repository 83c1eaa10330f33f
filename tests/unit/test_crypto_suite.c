// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows of crypto/: names, numbers, lengths; and the null suite, which only its switch may show. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"

#include "bgpvpnd/crypto/crypto.h"

static int setup(void **state)
{
	return crypto_init();
}

static int teardown(void **state)
{
	crypto_fini();
	return 0;
}

static void encr_rows_are_found_both_ways(void **state)
{
	static const struct {
		const char *name;
		uint16_t id, bits, key, salt, iv, block, icv;
	} rows[] = {
		{"aes128gcm16", 20, 128, 16, 4, 8, 1, 16}, {"aes192gcm16", 20, 192, 24, 4, 8, 1, 16},
		{"aes256gcm16", 20, 256, 32, 4, 8, 1, 16}, {"chacha20poly1305", 28, 0, 32, 4, 8, 1, 16},
		{"aes128", 12, 128, 16, 0, 16, 16, 0},	   {"aes192", 12, 192, 24, 0, 16, 16, 0},
		{"aes256", 12, 256, 32, 0, 16, 16, 0},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		const struct crypto_encr *encr = crypto_encr_named(rows[i].name);

		assert_non_null(encr);
		assert_ptr_equal(encr, crypto_encr_find(rows[i].id, rows[i].bits));
		assert_string_equal(encr->name, rows[i].name);
		assert_int_equal(encr->aead, rows[i].salt != 0);
		assert_int_equal(encr->key_len, rows[i].key);
		assert_int_equal(encr->salt_len, rows[i].salt);
		assert_int_equal(encr->iv_len, rows[i].iv);
		assert_int_equal(encr->block_len, rows[i].block);
		assert_int_equal(encr->icv_len, rows[i].icv);
	}
}

static void integ_rows_are_found_both_ways(void **state)
{
	static const struct {
		const char *name;
		uint16_t id, key, icv;
	} rows[] = {
		{"sha1", 2, 20, 12}, {"sha256", 12, 32, 16}, {"sha384", 13, 48, 24}, {"sha512", 14, 64, 32}};

	for (size_t i = 0; i < array_size(rows); i++) {
		const struct crypto_integ *integ = crypto_integ_named(rows[i].name);

		assert_non_null(integ);
		assert_ptr_equal(integ, crypto_integ_find(rows[i].id));
		assert_int_equal(integ->key_len, rows[i].key);
		assert_int_equal(integ->icv_len, rows[i].icv);
		assert_true(integ->key_len <= CRYPTO_HASH_MAX && integ->icv_len <= CRYPTO_HASH_MAX);
	}
}

static void prf_rows_are_found_both_ways(void **state)
{
	static const struct {
		const char *name;
		uint16_t id, len;
	} rows[] = {{"prfsha1", 2, 20}, {"prfsha256", 5, 32}, {"prfsha384", 6, 48}, {"prfsha512", 7, 64}};

	for (size_t i = 0; i < array_size(rows); i++) {
		const struct crypto_prf *prf = crypto_prf_named(rows[i].name);

		assert_non_null(prf);
		assert_ptr_equal(prf, crypto_prf_find(rows[i].id));
		assert_int_equal(prf->key_len, rows[i].len);
		assert_int_equal(prf->out_len, rows[i].len);
	}
}

static void ke_rows_are_found_both_ways(void **state)
{
	static const struct {
		const char *name;
		uint16_t id, public, shared;
	} rows[] = {
		{"modp2048", 14, 256, 256}, {"modp3072", 15, 384, 384}, {"modp4096", 16, 512, 512},
		{"ecp256", 19, 64, 32},	    {"ecp384", 20, 96, 48},	{"ecp521", 21, 132, 66},
		{"curve25519", 31, 32, 32},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		const struct crypto_ke_method *method = crypto_ke_method_named(rows[i].name);

		assert_non_null(method);
		assert_ptr_equal(method, crypto_ke_method_find(rows[i].id));
		assert_int_equal(method->public_len, rows[i].public);
		assert_int_equal(method->shared_len, rows[i].shared);
		assert_true(method->public_len <= LIMIT_KE_PUBLIC);
	}
}

static void aliases_lead_to_the_same_row(void **state)
{
	assert_ptr_equal(crypto_encr_named("aes128gcm"), crypto_encr_named("aes128gcm16"));
	assert_ptr_equal(crypto_encr_named("aes256gcm"), crypto_encr_named("aes256gcm16"));
	assert_ptr_equal(crypto_ke_method_named("x25519"), crypto_ke_method_named("curve25519"));
	assert_string_equal(crypto_encr_named("aes256gcm")->name, "aes256gcm16");
}

static void what_is_not_there_is_not_found(void **state)
{
	/* the Key Length attribute counts: missing, odd, or where none belongs (RFC 7634 4) */
	assert_null(crypto_encr_find(IKE_ENCR_AES_GCM_16, 0));
	assert_null(crypto_encr_find(IKE_ENCR_AES_CBC, 129));
	assert_null(crypto_encr_find(IKE_ENCR_CHACHA20_POLY1305, 256));
	assert_null(crypto_encr_find(3 /* 3DES */, 0));
	assert_null(crypto_integ_find(IKE_INTEG_NONE));
	assert_null(crypto_prf_find(4));
	assert_null(crypto_ke_method_find(2));
	assert_null(crypto_ke_method_find(IKE_KE_NONE));

	assert_null(crypto_encr_named(""));
	assert_null(crypto_encr_named("aes"));
	assert_null(crypto_encr_named("aes128gcm16x"));
	assert_null(crypto_encr_named("AES128"));
	assert_null(crypto_integ_named("prfsha256"));
	assert_null(crypto_prf_named("sha256"));
	assert_null(crypto_ke_method_named("ecp"));
}

static void nothing_is_found_before_init(void **state)
{
	crypto_fini();
	assert_null(crypto_encr_find(IKE_ENCR_AES_GCM_16, 128));
	assert_null(crypto_prf_named("prfsha256"));
	assert_null(crypto_integ_named("sha256"));
	assert_null(crypto_ke_method_find(IKE_KE_CURVE25519));
	assert_int_equal(crypto_init(), 0);
	assert_non_null(crypto_encr_find(IKE_ENCR_AES_GCM_16, 128));
}

static void the_null_suite_needs_its_switch(void **state)
{
	assert_null(crypto_encr_find(IKE_ENCR_NULL, 0));
	assert_null(crypto_encr_named("null"));
	assert_null(crypto_ke_method_find(CRYPTO_KE_NULL));
	assert_null(crypto_ke_method_named("kenull"));

	crypto_null_enable(true);
	assert_non_null(crypto_encr_find(IKE_ENCR_NULL, 0));
	assert_null(crypto_encr_find(IKE_ENCR_NULL, 128));
	assert_ptr_equal(crypto_encr_named("null"), crypto_encr_find(IKE_ENCR_NULL, 0));
	assert_non_null(crypto_ke_method_find(CRYPTO_KE_NULL));

	crypto_null_enable(false);
	assert_null(crypto_encr_find(IKE_ENCR_NULL, 0));
	assert_null(crypto_ke_method_find(CRYPTO_KE_NULL));
}

static void random_fills_all_and_differs(void **state)
{
	uint8_t a[64] = {}, b[64] = {}, zeros[32] = {};

	crypto_random(a, sizeof(a));
	crypto_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, zeros, sizeof(zeros));
	assert_memory_not_equal(a + 32, zeros, sizeof(zeros));
	crypto_random(a, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encr_rows_are_found_both_ways),
		cmocka_unit_test(integ_rows_are_found_both_ways),
		cmocka_unit_test(prf_rows_are_found_both_ways),
		cmocka_unit_test(ke_rows_are_found_both_ways),
		cmocka_unit_test(aliases_lead_to_the_same_row),
		cmocka_unit_test(what_is_not_there_is_not_found),
		cmocka_unit_test(nothing_is_found_before_init),
		cmocka_unit_test(the_null_suite_needs_its_switch),
		cmocka_unit_test(random_fills_all_and_differs),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
