// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key exchange: the answers of RFC 5903 8 and RFC 7748 6.1, MODP by whole numbers; and the values that a peer must not
 * get away with, RFC 6989 2 and RFC 7748 6.1.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"

#include "bgpvpnd/crypto/crypto.h"
#include "tests/helpers/exact.h"
#include "tests/vectors/crypto_ke.h"

static const uint16_t methods[] = {
	IKE_KE_MODP_2048, IKE_KE_MODP_3072, IKE_KE_MODP_4096,  IKE_KE_ECP_256,
	IKE_KE_ECP_384,	  IKE_KE_ECP_521,   IKE_KE_CURVE25519,
};

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

static void check_side(const struct ke_vector *v, const char *priv, const char *pub, const char *peer)
{
	const struct crypto_ke_method *method = crypto_ke_method_find(v->id);
	struct bytes public = exact_copy(hex_bytes(peer));
	struct secret shared = {};
	struct crypto_ke *ke;

	assert_non_null(method);
	ke = crypto_ke_from_private(method, hex_bytes(priv));
	assert_non_null(ke);
	assert_bytes_equal(crypto_ke_public(ke), hex_bytes(pub));
	assert_true(crypto_ke_derive(ke, public, &shared));
	assert_int_equal(shared.len, method->shared_len);
	assert_bytes_equal(secret_view(&shared), hex_bytes(v->shared));
	secret_fini(&shared);
	crypto_ke_free(ke);
	exact_free(public);
}

static void known_answers(void **state)
{
	for (size_t i = 0; i < array_size(ke_vectors); i++) {
		check_side(&ke_vectors[i], ke_vectors[i].priv_i, ke_vectors[i].pub_i, ke_vectors[i].pub_r);
		check_side(&ke_vectors[i], ke_vectors[i].priv_r, ke_vectors[i].pub_r, ke_vectors[i].pub_i);
	}
}

/* The vectors are worth their name only if some begin with zeros, where padding could be forgotten. */
static void known_public_values(void **state)
{
	for (size_t i = 0; i < array_size(ke_public_vectors); i++) {
		const struct crypto_ke_method *method = crypto_ke_method_find(ke_public_vectors[i].id);
		struct crypto_ke *ke = crypto_ke_from_private(method, hex_bytes(ke_public_vectors[i].priv));

		assert_non_null(ke);
		assert_bytes_equal(crypto_ke_public(ke), hex_bytes(ke_public_vectors[i].pub));
		crypto_ke_free(ke);
	}
}

static void some_vectors_begin_with_zero(void **state)
{
	unsigned int publics = 0, secrets = 0;

	for (size_t i = 0; i < array_size(ke_vectors); i++) {
		publics += strncmp(ke_vectors[i].pub_i, "00", 2) == 0;
		secrets += strncmp(ke_vectors[i].shared, "00", 2) == 0;
	}
	assert_true(publics >= 1);
	assert_true(secrets >= 2);
}

static void fresh_pairs_agree(void **state)
{
	for (size_t i = 0; i < array_size(methods); i++) {
		const struct crypto_ke_method *method = crypto_ke_method_find(methods[i]);
		struct crypto_ke *a = crypto_ke_new(method), *b = crypto_ke_new(method);
		struct secret ab = {}, ba = {};

		assert_int_equal(crypto_ke_public(a).n, method->public_len);
		assert_false(bytes_equal(crypto_ke_public(a), crypto_ke_public(b)));
		assert_true(crypto_ke_derive(a, crypto_ke_public(b), &ab));
		assert_true(crypto_ke_derive(b, crypto_ke_public(a), &ba));
		assert_bytes_equal(secret_view(&ab), secret_view(&ba));
		secret_fini(&ab);
		secret_fini(&ba);
		crypto_ke_free(a);
		crypto_ke_free(b);
	}
}

/* Refused, and what was in the secret stays. */
static void assert_refused(struct crypto_ke *ke, struct bytes value)
{
	struct bytes public = exact_copy(value);
	struct secret shared = {};

	secret_set(&shared, bytes_str("before"));
	assert_false(crypto_ke_derive(ke, public, &shared));
	assert_bytes_equal(secret_view(&shared), bytes_str("before"));
	secret_fini(&shared);
	exact_free(public);
}

static void assert_accepted(struct crypto_ke *ke, struct bytes value)
{
	struct bytes public = exact_copy(value);
	struct secret shared = {};

	assert_true(crypto_ke_derive(ke, public, &shared));
	secret_fini(&shared);
	exact_free(public);
}

static void wrong_lengths_are_refused(void **state)
{
	uint8_t longer[LIMIT_KE_PUBLIC + 1] = {};

	for (size_t i = 0; i < array_size(methods); i++) {
		struct crypto_ke *ke = crypto_ke_new(crypto_ke_method_find(methods[i]));
		struct bytes public = crypto_ke_public(ke);

		memcpy(longer, public.p, public.n);
		assert_accepted(ke, public);
		assert_refused(ke, (struct bytes){});
		assert_refused(ke, (struct bytes){public.p, 1});
		assert_refused(ke, (struct bytes){public.p, public.n - 1});
		assert_refused(ke, (struct bytes){public.p, public.n / 2});
		assert_refused(ke, (struct bytes){longer, public.n + 1});
		crypto_ke_free(ke);
	}
}

/* y = p + add, as many bytes as p; p ends in FF, so the last byte alone changes for -255 <= add <= 0. */
static struct bytes modulus_and(struct bytes p, int add, uint8_t *to)
{
	memcpy(to, p.p, p.n);
	to[p.n - 1] = (uint8_t)(to[p.n - 1] + add);
	return (struct bytes){to, p.n};
}

static struct bytes small_number(size_t n, uint8_t value, uint8_t *to)
{
	memset(to, 0, n);
	to[n - 1] = value;
	return (struct bytes){to, n};
}

/* RFC 6989 2.1: 1 < y < p-1 */
static void modp_values_out_of_range_are_refused(void **state)
{
	uint8_t to[LIMIT_KE_PUBLIC];

	for (size_t i = 0; i < array_size(ke_primes); i++) {
		struct crypto_ke *ke = crypto_ke_new(crypto_ke_method_find(ke_primes[i].id));
		struct bytes p = hex_bytes(ke_primes[i].p);

		assert_int_equal(p.p[p.n - 1], 0xff);
		assert_refused(ke, small_number(p.n, 0, to));
		assert_refused(ke, small_number(p.n, 1, to));
		assert_accepted(ke, small_number(p.n, 2, to));
		assert_accepted(ke, modulus_and(p, -2, to));
		assert_refused(ke, modulus_and(p, -1, to));
		assert_refused(ke, p);
		memset(to, 0xff, p.n);
		assert_refused(ke, (struct bytes){to, p.n});

		/* p + 1: the carry ends where p's low 64 bits of ones end. */
		memcpy(to, p.p, p.n);
		memset(to + p.n - 8, 0, 8);
		to[p.n - 9]++;
		assert_refused(ke, (struct bytes){to, p.n});
		crypto_ke_free(ke);
	}
}

static const struct ke_vector *vector_of(uint16_t id)
{
	for (size_t i = 0; i < array_size(ke_vectors); i++)
		if (ke_vectors[i].id == id)
			return &ke_vectors[i];
	fail_msg("no vector for %u", id);
	return NULL;
}

/*
 * RFC 6989 2.3. OpenSSL's check of the peer's key is off; that decoding the point makes one is what this shows. The
 * x of each of these is a good one, so that only the curve's equation can tell.
 */
static void points_off_the_curve_are_refused(void **state)
{
	static const uint16_t curves[] = {IKE_KE_ECP_256, IKE_KE_ECP_384, IKE_KE_ECP_521};
	uint8_t to[LIMIT_KE_PUBLIC];

	for (size_t i = 0; i < array_size(curves); i++) {
		struct crypto_ke *ke = crypto_ke_new(crypto_ke_method_find(curves[i]));
		struct bytes point = hex_bytes(vector_of(curves[i])->pub_i);
		struct bytes off = {to, point.n};

		assert_accepted(ke, point);
		for (size_t bit = 0; bit < 8; bit++) {
			memcpy(to, point.p, point.n);
			to[point.n - 1] ^= 1 << bit;
			assert_refused(ke, off);
		}
		/* x instead of y, y instead of x */
		memcpy(to, point.p + point.n / 2, point.n / 2);
		memcpy(to + point.n / 2, point.p, point.n / 2);
		assert_refused(ke, off);
		/* (0,0), which some take for infinity; (1,1); coordinates beyond the field */
		memset(to, 0, point.n);
		assert_refused(ke, off);
		to[point.n / 2 - 1] = to[point.n - 1] = 1;
		assert_refused(ke, off);
		memset(to, 0xff, point.n);
		assert_refused(ke, off);
		crypto_ke_free(ke);
	}
}

/* A good point of another curve of the same size: the generator of brainpoolP256r1, RFC 5639 3.4. */
static void points_of_another_curve_are_refused(void **state)
{
	struct crypto_ke *ke = crypto_ke_new(crypto_ke_method_find(IKE_KE_ECP_256));

	assert_refused(ke, hex_bytes("8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262"
				     "547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997"));
	crypto_ke_free(ke);
}

static void x25519_small_order_is_refused(void **state)
{
	for (size_t i = 0; i < array_size(ke_x25519_small); i++) {
		struct crypto_ke *ke = crypto_ke_new(crypto_ke_method_find(IKE_KE_CURVE25519));

		assert_refused(ke, hex_bytes(ke_x25519_small[i]));
		crypto_ke_free(ke);
	}
}

/* RFC 7748 5: the highest bit is ignored, and values from p to 2^255-1 are taken modulo p. */
static void x25519_takes_every_other_value(void **state)
{
	struct crypto_ke *ke = crypto_ke_new(crypto_ke_method_find(IKE_KE_CURVE25519));
	uint8_t value[32];

	memset(value, 0xff, sizeof(value));
	assert_accepted(ke, BYTES_OF(value));
	memset(value, 0, sizeof(value));
	value[0] = 9;
	assert_accepted(ke, BYTES_OF(value));
	crypto_ke_free(ke);
}

static void a_refused_value_does_not_spoil_the_pair(void **state)
{
	const struct ke_vector *v = vector_of(IKE_KE_ECP_256);
	struct crypto_ke *ke = crypto_ke_from_private(crypto_ke_method_find(v->id), hex_bytes(v->priv_i));
	uint8_t zeros[64] = {};
	struct secret shared = {};

	assert_refused(ke, BYTES_OF(zeros));
	assert_true(crypto_ke_derive(ke, hex_bytes(v->pub_r), &shared));
	assert_bytes_equal(secret_view(&shared), hex_bytes(v->shared));
	secret_fini(&shared);
	crypto_ke_free(ke);
}

static void the_null_method_is_xor(void **state)
{
	uint8_t a[32] = {1, 2, 3}, b[32] = {3, 3, 3};
	struct crypto_ke *ke, *fresh;
	struct secret shared = {};

	crypto_null_enable(true);
	ke = crypto_ke_from_private(crypto_ke_method_find(CRYPTO_KE_NULL), BYTES_OF(a));
	fresh = crypto_ke_new(crypto_ke_method_find(CRYPTO_KE_NULL));
	crypto_null_enable(false);

	assert_bytes_equal(crypto_ke_public(ke), BYTES_OF(a));
	assert_int_equal(crypto_ke_public(fresh).n, 32);
	assert_true(crypto_ke_derive(ke, BYTES_OF(b), &shared));
	assert_int_equal(shared.len, 32);
	assert_int_equal(shared.key[0], 2);
	assert_int_equal(shared.key[1], 1);
	assert_int_equal(shared.key[2], 0);
	assert_refused(ke, (struct bytes){b, 31});
	secret_fini(&shared);
	crypto_ke_free(ke);
	crypto_ke_free(fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(known_public_values),
		cmocka_unit_test(some_vectors_begin_with_zero),
		cmocka_unit_test(fresh_pairs_agree),
		cmocka_unit_test(wrong_lengths_are_refused),
		cmocka_unit_test(modp_values_out_of_range_are_refused),
		cmocka_unit_test(points_off_the_curve_are_refused),
		cmocka_unit_test(points_of_another_curve_are_refused),
		cmocka_unit_test(x25519_small_order_is_refused),
		cmocka_unit_test(x25519_takes_every_other_value),
		cmocka_unit_test(a_refused_value_does_not_spoil_the_pair),
		cmocka_unit_test(the_null_method_is_xor),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
