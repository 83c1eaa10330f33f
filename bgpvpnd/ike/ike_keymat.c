// SPDX-License-Identifier: GPL-2.0-or-later
/* Key derivation, see ike_keymat.h. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_keymat.h"

/* The keys of one derivation, taken from prf+ in the order in which they stand here. */
struct key_slot {
	struct secret *key;
	size_t len;
};

static size_t encr_key_len(const struct ike_suite *suite)
{
	return suite->encr->key_len + suite->encr->salt_len;
}

static size_t integ_key_len(const struct ike_suite *suite)
{
	return suite->integ ? suite->integ->key_len : 0;
}

static void take_keys(const struct crypto_prf *prf, struct bytes key, const struct bytes *seed,
		      size_t num_seed, const struct key_slot *slots, size_t num_slots)
{
	struct secret stream = {};
	size_t len = 0;
	struct rd rd;
	bool ok;

	for (size_t i = 0; i < num_slots; i++)
		len += slots[i].len;
	secret_alloc(&stream, len);
	ok = crypto_prf_plus(prf, key, seed, num_seed, stream.key, len);
	assert(ok); /* seven keys of 64 bytes are far from 255 rounds */
	rd = rd_of(secret_view(&stream));
	for (size_t i = 0; i < num_slots; i++) {
		secret_alloc(slots[i].key, slots[i].len);
		ok = rd_copy(&rd, slots[i].key->key, slots[i].len);
		assert(ok);
	}
	secret_fini(&stream);
}

/*
 * RFC 7296 2.14: SKEYSEED = prf(Ni | Nr, g^ir), the whole nonces, as all our PRFs take keys of any length.
 */
static void skeyseed(const struct crypto_prf *prf, struct bytes ni, struct bytes nr, struct bytes shared,
		     uint8_t *out)
{
	uint8_t nonces[2 * LIMIT_NONCE_MAX];
	struct wr wr = wr_of(nonces, sizeof(nonces));

	wr_bytes(&wr, ni);
	wr_bytes(&wr, nr);
	assert(!wr.failed);
	crypto_prf(prf, wr_bytes_view(&wr), &shared, 1, out);
}

/* All SK_* from SKEYSEED. */
static void keys_of_seed(const struct ike_suite *suite, struct bytes seed_key, struct bytes ni,
			 struct bytes nr, uint64_t spi_i, uint64_t spi_r, struct ike_keys *out)
{
	const struct crypto_prf *prf = suite->prf;
	size_t integ_len = integ_key_len(suite);
	size_t encr_len = encr_key_len(suite);
	uint8_t spis[16];
	struct wr wr = wr_of(spis, sizeof(spis));
	struct bytes seed[] = {ni, nr, BYTES_OF(spis)};
	const struct key_slot slots[] = {
		{&out->d, prf->key_len},  {&out->ai, integ_len}, {&out->ar, integ_len},
		{&out->ei, encr_len},	  {&out->er, encr_len},	 {&out->pi, prf->key_len},
		{&out->pr, prf->key_len},
	};

	wr_u64(&wr, spi_i);
	wr_u64(&wr, spi_r);
	take_keys(prf, seed_key, seed, array_size(seed), slots, array_size(slots));
}

void ike_keymat_sa(const struct ike_suite *suite, struct bytes ni, struct bytes nr, struct bytes shared,
		   uint64_t spi_i, uint64_t spi_r, struct ike_keys *out)
{
	uint8_t seed_key[CRYPTO_HASH_MAX];

	skeyseed(suite->prf, ni, nr, shared, seed_key);
	keys_of_seed(suite, bytes_make(seed_key, suite->prf->out_len), ni, nr, spi_i, spi_r, out);
	secret_wipe(seed_key, sizeof(seed_key));
}

void ike_keymat_rekey(const struct ike_suite *old, const struct secret *old_d, const struct ike_suite *suite,
		      struct bytes ni, struct bytes nr, struct bytes shared, struct bytes more,
		      uint64_t spi_i, uint64_t spi_r, struct ike_keys *out)
{
	const struct bytes parts[] = {shared, ni, nr, more};
	uint8_t seed_key[CRYPTO_HASH_MAX];

	crypto_prf(old->prf, secret_view(old_d), parts, array_size(parts), seed_key);
	keys_of_seed(suite, bytes_make(seed_key, old->prf->out_len), ni, nr, spi_i, spi_r, out);
	secret_wipe(seed_key, sizeof(seed_key));
}

static void mix(const struct crypto_prf *prf, struct bytes ppk, struct secret *key)
{
	struct secret plain = {};
	struct bytes seed;
	struct key_slot slot = {key, key->len};

	secret_move(&plain, key);
	seed = secret_view(&plain);
	take_keys(prf, ppk, &seed, 1, &slot, 1);
	secret_fini(&plain);
}

void ike_keymat_ppk(const struct ike_suite *suite, struct bytes ppk, struct ike_keys *keys)
{
	mix(suite->prf, ppk, &keys->d);
	mix(suite->prf, ppk, &keys->pi);
	mix(suite->prf, ppk, &keys->pr);
}

void ike_keymat_next(const struct ike_suite *suite, struct bytes ni, struct bytes nr, struct bytes shared,
		     uint64_t spi_i, uint64_t spi_r, struct ike_keys *keys)
{
	ike_keymat_rekey(suite, &keys->d, suite, ni, nr, shared, bytes_make(NULL, 0), spi_i, spi_r, keys);
}

void ike_keymat_child(const struct ike_suite *ike_suite, const struct ike_suite *esp,
		      const struct secret *sk_d, struct bytes shared, struct bytes more, struct bytes ni,
		      struct bytes nr, struct child_sa_half *initiator_to_responder,
		      struct child_sa_half *responder_to_initiator)
{
	struct bytes seed[] = {shared, ni, nr, more};
	const struct key_slot slots[] = {
		{&initiator_to_responder->encr_key, encr_key_len(esp)},
		{&initiator_to_responder->integ_key, integ_key_len(esp)},
		{&responder_to_initiator->encr_key, encr_key_len(esp)},
		{&responder_to_initiator->integ_key, integ_key_len(esp)},
	};

	take_keys(ike_suite->prf, secret_view(sk_d), seed, array_size(seed), slots, array_size(slots));
}

void ike_keys_fini(struct ike_keys *keys)
{
	secret_fini(&keys->d);
	secret_fini(&keys->ai);
	secret_fini(&keys->ar);
	secret_fini(&keys->ei);
	secret_fini(&keys->er);
	secret_fini(&keys->pi);
	secret_fini(&keys->pr);
}
