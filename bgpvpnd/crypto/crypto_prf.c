// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SHA-1 for NAT detection, and the PRFs: HMAC, RFC 2104 and RFC 4868; prf+, RFC 7296 2.13. Called by the engine for
 * its keys, AUTH payloads and cookies.
 *
 * The algorithms were tried by crypto_init(), so that OpenSSL fails here only when it is out of memory: then
 * there is no safe way on, as in XMALLOC.
 */
#include <zebra.h>

#include "bgpvpnd/crypto/crypto_suite.h"

/* Seed parts of a prf+, without T(n-1) and the counter. The longest: g^ir | Ni | Nr | SK(1) ... SK(7), RFC 9370 2.2.4. */
#define PRF_PLUS_SEEDS 10

void crypto_sha1(const struct bytes *parts, size_t num_parts, uint8_t out[CRYPTO_SHA1_LEN])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx || !EVP_DigestInit_ex2(ctx, suite_sha1(), NULL))
		abort();
	for (size_t i = 0; i < num_parts; i++)
		if (!EVP_DigestUpdate(ctx, parts[i].p, parts[i].n))
			abort();
	if (!EVP_DigestFinal_ex(ctx, out, NULL))
		abort();
	EVP_MD_CTX_free(ctx);
}

static EVP_MAC_CTX *prf_keyed(const struct crypto_prf *prf, struct bytes key)
{
	EVP_MAC_CTX *ctx = suite_hmac_new(suite_prf_digest(prf), key);

	if (!ctx)
		abort();
	return ctx;
}

void crypto_prf(const struct crypto_prf *prf, struct bytes key, const struct bytes *parts, size_t num_parts,
		uint8_t *out)
{
	EVP_MAC_CTX *ctx = prf_keyed(prf, key);
	uint8_t mac[CRYPTO_HASH_MAX];

	if (!suite_hmac_run(ctx, parts, num_parts, mac))
		abort();
	memcpy(out, mac, prf->out_len);
	secret_wipe(mac, sizeof(mac));
	EVP_MAC_CTX_free(ctx);
}

/* T(n) = prf(K, T(n-1) | S | n), where T(0) is empty */
bool crypto_prf_plus(const struct crypto_prf *prf, struct bytes key, const struct bytes *seed,
		     size_t num_seed, uint8_t *out, size_t out_len)
{
	struct bytes parts[1 + PRF_PLUS_SEEDS + 1] = {};
	uint8_t t[CRYPTO_HASH_MAX];
	uint8_t round = 0;
	EVP_MAC_CTX *ctx;

	if (out_len > (size_t)UINT8_MAX * prf->out_len)
		return false;
	assert(num_seed <= PRF_PLUS_SEEDS);
	for (size_t i = 0; i < num_seed; i++)
		parts[1 + i] = seed[i];
	parts[1 + num_seed] = (struct bytes){&round, sizeof(round)};

	ctx = prf_keyed(prf, key);
	while (out_len) {
		size_t n = MIN(out_len, prf->out_len);

		round++;
		if (!suite_hmac_run(ctx, parts, num_seed + 2, t))
			abort();
		memcpy(out, t, n);
		parts[0] = (struct bytes){t, prf->out_len};
		out += n;
		out_len -= n;
	}
	secret_wipe(t, sizeof(t));
	EVP_MAC_CTX_free(ctx);
	return true;
}
