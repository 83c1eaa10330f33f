// SPDX-License-Identifier: GPL-2.0-or-later
/* Key derivation: two strongSwan exchanges key by key, and streams computed with Python's hmac. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_keymat.h"
#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/mem_live.h"
#include "tests/vectors/strongswan_ike.h"

static struct ike_suite suite_of(uint16_t encr, uint16_t bits, uint16_t integ, uint16_t prf)
{
	return (struct ike_suite){
		.encr = crypto_encr_find(encr, bits),
		.integ = crypto_integ_find(integ),
		.prf = crypto_prf_find(prf),
	};
}

static void assert_key(const struct secret *key, struct bytes want)
{
	assert_int_equal(key->len, want.n);
	assert_true(secret_equal(secret_view(key), want));
}

static void spis_of(const struct strongswan_exchange *e, uint64_t *spi_i, uint64_t *spi_r)
{
	struct rd rd = rd_of(e->init_response);

	assert_true(rd_u64(&rd, spi_i) && rd_u64(&rd, spi_r));
}

static void test_strongswan_ike(void **state)
{
	for (size_t i = 0; i < array_size(strongswan_exchanges); i++) {
		const struct strongswan_exchange *e = &strongswan_exchanges[i];
		struct ike_suite suite = suite_of(e->encr, e->encr_bits, e->integ, e->prf);
		struct ike_keys keys = {};
		uint64_t spi_i, spi_r;

		spis_of(e, &spi_i, &spi_r);
		ike_keymat_sa(&suite, e->ni, e->nr, e->shared, spi_i, spi_r, &keys);
		assert_key(&keys.d, e->sk_d);
		assert_key(&keys.ai, e->sk_ai);
		assert_key(&keys.ar, e->sk_ar);
		assert_key(&keys.ei, e->sk_ei);
		assert_key(&keys.er, e->sk_er);
		assert_key(&keys.pi, e->sk_pi);
		assert_key(&keys.pr, e->sk_pr);
		ike_keys_fini(&keys);
	}
	assert_int_equal(mem_live(), 0);
}

static void test_strongswan_child(void **state)
{
	for (size_t i = 0; i < array_size(strongswan_exchanges); i++) {
		const struct strongswan_exchange *e = &strongswan_exchanges[i];
		struct ike_suite suite = suite_of(e->encr, e->encr_bits, e->integ, e->prf);
		struct ike_suite esp = suite_of(e->esp_encr, e->esp_encr_bits, e->esp_integ, 0);
		struct child_sa_params child = {.in.spi = e->esp_spi_r, .out.spi = e->esp_spi_i};
		struct secret sk_d = {};

		/* as the responder, whose inbound half is from initiator to responder */
		secret_set(&sk_d, e->sk_d);
		ike_keymat_child(&suite, &esp, &sk_d, bytes_make(NULL, 0), bytes_make(NULL, 0), e->ni, e->nr,
				 &child.in, &child.out);
		assert_key(&child.in.encr_key, e->esp_encr_i);
		assert_key(&child.in.integ_key, e->esp_integ_i);
		assert_key(&child.out.encr_key, e->esp_encr_r);
		assert_key(&child.out.integ_key, e->esp_integ_r);
		assert_int_equal(child.in.spi, e->esp_spi_r);
		assert_int_equal(child.out.spi, e->esp_spi_i);
		child_sa_params_fini(&child);
		secret_fini(&sk_d);
	}
	assert_int_equal(mem_live(), 0);
}

/*
 * --- all keys in one stream, by its SHA-1
 * -------------------------------------------------------------------
 */

static void append(struct wr *wr, const struct secret *key)
{
	wr_bytes(wr, secret_view(key));
}

static void assert_stream(const struct wr *wr, size_t len, const char *sha1)
{
	struct bytes view = wr_bytes_view(wr);
	uint8_t digest[CRYPTO_SHA1_LEN];
	char hex[2 * CRYPTO_SHA1_LEN + 1];

	assert_int_equal(view.n, len);
	crypto_sha1(&view, 1, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(hex, sha1);
}

static const struct {
	uint16_t encr, encr_bits, integ, prf;
	size_t len;
	const char *ike_sha1;
	const char *child_sha1; /* AES-CBC-128 with HMAC-SHA1, with a key exchange of its own */
} known[] = {
	{IKE_ENCR_AES_CBC, 256, IKE_INTEG_HMAC_SHA1_96, IKE_PRF_HMAC_SHA1, 164,
	 "642cf2285e3371474d1ea9a96dd24e462b38bd51", "b408382445800674d4d22713c85e7c11ef41a025"},
	{IKE_ENCR_CHACHA20_POLY1305, 0, 0, IKE_PRF_HMAC_SHA2_512, 264,
	 "a822935200314c26f4a97732cde243c7e7f307cb", "67ee76c7dac097751fd0b2e15f9e02a44f9a4be7"},
};

/*
 * Python: skeyseed = prf(ni + nr, shared); prf_plus(skeyseed, ni + nr + spi_i + spi_r), and for the child
 * prf_plus(sk_d, shared + ni + nr), with ni = bytes(range(16)), nr = bytes(range(128, 152)), shared =
 * b"\xaa" * 32.
 */
static void test_known_answers(void **state)
{
	struct ike_suite esp = suite_of(IKE_ENCR_AES_CBC, 128, IKE_INTEG_HMAC_SHA1_96, 0);
	uint8_t ni[16], nr[24], shared[32];

	for (size_t i = 0; i < sizeof(ni); i++)
		ni[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(nr); i++)
		nr[i] = (uint8_t)(0x80 + i);
	memset(shared, 0xaa, sizeof(shared));

	for (size_t i = 0; i < array_size(known); i++) {
		struct ike_suite suite =
			suite_of(known[i].encr, known[i].encr_bits, known[i].integ, known[i].prf);
		struct child_sa_params child = {};
		struct ike_keys keys = {};
		uint8_t stream[512];
		struct wr wr = wr_of(stream, sizeof(stream));

		ike_keymat_sa(&suite, BYTES_OF(ni), BYTES_OF(nr), BYTES_OF(shared),
			      UINT64_C(0x0102030405060708), UINT64_C(0xf1f2f3f4f5f6f7f8), &keys);
		append(&wr, &keys.d);
		append(&wr, &keys.ai);
		append(&wr, &keys.ar);
		append(&wr, &keys.ei);
		append(&wr, &keys.er);
		append(&wr, &keys.pi);
		append(&wr, &keys.pr);
		assert_stream(&wr, known[i].len, known[i].ike_sha1);

		wr = wr_of(stream, sizeof(stream));
		ike_keymat_child(&suite, &esp, &keys.d, BYTES_OF(shared), bytes_make(NULL, 0), BYTES_OF(ni),
				 BYTES_OF(nr), &child.out, &child.in);
		append(&wr, &child.out.encr_key);
		append(&wr, &child.out.integ_key);
		append(&wr, &child.in.encr_key);
		append(&wr, &child.in.integ_key);
		assert_stream(&wr, 2 * (16 + 20), known[i].child_sha1);
		child_sa_params_fini(&child);
		ike_keys_fini(&keys);
	}
	assert_int_equal(mem_live(), 0);
}

/* HMAC-SHA1 as RFC 2104 has it, of keys that are shorter than a block. */
static void hmac(struct bytes key, const struct bytes *parts, size_t n, uint8_t out[CRYPTO_SHA1_LEN])
{
	uint8_t pads[2][64] = {}, digest[CRYPTO_SHA1_LEN];
	struct bytes text[8] = {BYTES_OF(pads[0])};

	assert_true(key.n <= 64 && n < array_size(text));
	for (size_t i = 0; i < 64; i++) {
		pads[0][i] = (i < key.n ? key.p[i] : 0) ^ 0x36;
		pads[1][i] = (i < key.n ? key.p[i] : 0) ^ 0x5c;
	}
	memcpy(text + 1, parts, n * sizeof(*parts));
	crypto_sha1(text, 1 + n, digest);
	crypto_sha1((const struct bytes[]){BYTES_OF(pads[1]), BYTES_OF(digest)}, 2, out);
}

/* prf+ */
static void by_hand(struct bytes key, struct bytes seed, uint8_t *out, size_t n)
{
	uint8_t t[CRYPTO_SHA1_LEN];

	for (uint8_t round = 1; n; round++) {
		struct bytes parts[] = {bytes_make(t, round > 1 ? sizeof(t) : 0), seed, {&round, 1}};
		size_t take = MIN(n, sizeof(t));

		hmac(key, parts, array_size(parts), t);
		memcpy(out, t, take);
		out += take;
		n -= take;
	}
}

static void exchange(uint16_t method, struct secret *shared)
{
	struct crypto_ke *i = crypto_ke_new(crypto_ke_method_find(method));
	struct crypto_ke *r = crypto_ke_respond(crypto_ke_method_find(method), crypto_ke_public(i));

	assert_true(crypto_ke_derive(i, crypto_ke_public(r), shared));
	crypto_ke_free(i);
	crypto_ke_free(r);
}

static void assert_keys_by_hand(const struct ike_keys *keys, const uint8_t seed_key[CRYPTO_SHA1_LEN],
				struct bytes seed)
{
	const struct secret *const all[] = {&keys->d,  &keys->ai, &keys->ar, &keys->ei,
					    &keys->er, &keys->pi, &keys->pr};
	uint8_t stream[164], *p = stream;

	by_hand(bytes_make(seed_key, CRYPTO_SHA1_LEN), seed, stream, sizeof(stream));
	for (size_t i = 0; i < array_size(all); i++) {
		assert_key(all[i], bytes_make(p, all[i]->len));
		p += all[i]->len;
	}
	assert_ptr_equal(p, stream + sizeof(stream));
}

/*
 * RFC 9370 2.2.2 with ECP-256 and then Curve25519: SKEYSEED(1) = prf(SK_d(0), SK(1) | Ni | Nr), and 2.2.4: prf(SK_d, SK(0) | Ni | Nr |
 * SK(1)), against HMAC by hand.
 */
static void test_additional_key_exchanges(void **state)
{
	struct ike_suite suite = suite_of(IKE_ENCR_AES_CBC, 256, IKE_INTEG_HMAC_SHA1_96, IKE_PRF_HMAC_SHA1);
	struct bytes
		ni = bytes_str("the initiator's nonce"),
		nr = bytes_str("and the responder's"),
		seed = bytes_str(
			"the initiator's nonceand the responder's\1\2\3\4\5\6\7\10\21\22\23\24\25\26\27\30");
	const uint64_t spi_i = UINT64_C(0x0102030405060708), spi_r = UINT64_C(0x1112131415161718);
	struct ike_suite esp = suite_of(IKE_ENCR_AES_CBC, 128, IKE_INTEG_HMAC_SHA1_96, 0);
	struct secret shared[2] = {};
	struct ike_keys keys = {}, rekeyed = {};
	struct child_sa_params child = {};
	uint8_t nonces[40], d[CRYPTO_SHA1_LEN], skeyseed[CRYPTO_SHA1_LEN], text[256], stream[72];
	struct wr wr = wr_of(text, sizeof(text));

	exchange(IKE_KE_ECP_256, &shared[0]);
	exchange(IKE_KE_CURVE25519, &shared[1]);
	memcpy(nonces, seed.p, sizeof(nonces));

	ike_keymat_sa(&suite, ni, nr, secret_view(&shared[0]), spi_i, spi_r, &keys);
	hmac(BYTES_OF(nonces), (const struct bytes[]){secret_view(&shared[0])}, 1, skeyseed);
	assert_keys_by_hand(&keys, skeyseed, seed);
	memcpy(d, keys.d.key, sizeof(d));

	ike_keymat_next(&suite, ni, nr, secret_view(&shared[1]), spi_i, spi_r, &keys);
	hmac(BYTES_OF(d), (const struct bytes[]){secret_view(&shared[1]), ni, nr}, 3, skeyseed);
	assert_keys_by_hand(&keys, skeyseed, seed);
	memcpy(d, keys.d.key, sizeof(d));

	ike_keymat_rekey(&suite, &keys.d, &suite, ni, nr, secret_view(&shared[0]), secret_view(&shared[1]),
			 spi_i, spi_r, &rekeyed);
	hmac(BYTES_OF(d), (const struct bytes[]){secret_view(&shared[0]), ni, nr, secret_view(&shared[1])}, 4,
	     skeyseed);
	assert_keys_by_hand(&rekeyed, skeyseed, seed);

	ike_keymat_child(&suite, &esp, &keys.d, secret_view(&shared[0]), secret_view(&shared[1]), ni, nr,
			 &child.out, &child.in);
	wr_bytes(&wr, secret_view(&shared[0]));
	wr_bytes(&wr, BYTES_OF(nonces));
	wr_bytes(&wr, secret_view(&shared[1]));
	by_hand(BYTES_OF(d), wr_bytes_view(&wr), stream, sizeof(stream));
	assert_key(&child.out.encr_key, bytes_make(stream, 16));
	assert_key(&child.out.integ_key, bytes_make(stream + 16, 20));
	assert_key(&child.in.encr_key, bytes_make(stream + 36, 16));
	assert_key(&child.in.integ_key, bytes_make(stream + 52, 20));

	child_sa_params_fini(&child);
	ike_keys_fini(&keys);
	ike_keys_fini(&rekeyed);
	secret_fini(&shared[0]);
	secret_fini(&shared[1]);
	assert_int_equal(mem_live(), 0);
}

/* What was there before is replaced, not leaked; nonces of the largest size fit. */
static void test_again_in_place(void **state)
{
	struct ike_suite suite = suite_of(IKE_ENCR_AES_GCM_16, 128, 0, IKE_PRF_HMAC_SHA2_256);
	uint8_t nonce[LIMIT_NONCE_MAX] = {};
	struct ike_keys keys = {};

	for (int i = 0; i < 2; i++)
		ike_keymat_sa(&suite, BYTES_OF(nonce), BYTES_OF(nonce), bytes_str("shared"), 1, 2, &keys);
	assert_int_equal(keys.ei.len, 20);
	assert_int_equal(keys.ai.len, 0);
	ike_keys_fini(&keys);
	ike_keys_fini(&keys);
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
		cmocka_unit_test(test_strongswan_ike), cmocka_unit_test(test_strongswan_child),
		cmocka_unit_test(test_known_answers),  cmocka_unit_test(test_additional_key_exchanges),
		cmocka_unit_test(test_again_in_place),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
