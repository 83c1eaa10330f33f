// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key encapsulation, where the two sides differ: who begins sends an encapsulation key, who answers makes the secret and sends it back
 * as a ciphertext. ML-KEM (FIPS 203, draft-ietf-ipsecme-ikev2-mlkem), which OpenSSL has from 3.5 on, by functions that 3.0 has
 * too. Called by crypto_ke.c.
 *
 * OpenSSL checks a peer's key as FIPS 203 7.2 asks (that its coefficients are reduced) when it takes it over.
 */
#include <zebra.h>

#include "bgpvpnd/crypto/crypto_ke.h"

/* The null KEM: the secret is what begins the key and what begins the ciphertext, put together. */
static void null_secret(const uint8_t *a, const uint8_t *b, struct secret *shared)
{
	for (size_t i = 0; i < NULL_KE_LEN; i++)
		shared->key[i] = a[i] ^ b[i];
}

static bool null_encapsulate(struct crypto_ke *ke, struct bytes peer_public)
{
	ke->public[0] = 3;
	secret_alloc(&ke->shared, NULL_KE_LEN);
	null_secret(peer_public.p, ke->public, &ke->shared);
	return true;
}

static bool pkey_encapsulate(struct crypto_ke *ke, EVP_PKEY *peer)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, peer, NULL);
	size_t reply = ke->suite->row.reply_len, shared = ke->suite->row.shared_len;
	bool ok;

	secret_alloc(&ke->shared, shared);
	ok = ctx && EVP_PKEY_encapsulate_init(ctx, NULL) > 0 &&
	     EVP_PKEY_encapsulate(ctx, ke->public, &reply, ke->shared.key, &shared) > 0 &&
	     reply == ke->suite->row.reply_len && shared == ke->shared.len;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

bool kem_encapsulate(struct crypto_ke *ke, struct bytes peer_public)
{
	EVP_PKEY *peer;
	bool ok;

	if (ke->suite->kind == SUITE_KE_KEM_NULL)
		return null_encapsulate(ke, peer_public);
	peer = EVP_PKEY_new_raw_public_key_ex(NULL, ke->suite->type, NULL, peer_public.p, peer_public.n);
	ok = peer && pkey_encapsulate(ke, peer);
	EVP_PKEY_free(peer);
	return ok;
}

bool kem_decapsulate(const struct crypto_ke *ke, struct bytes ciphertext, struct secret *shared)
{
	EVP_PKEY_CTX *ctx;
	size_t n = shared->len;
	bool ok;

	if (ke->suite->kind == SUITE_KE_KEM_NULL) {
		null_secret(ke->public, ciphertext.p, shared);
		return true;
	}
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ke->pkey, NULL);
	ok = ctx && EVP_PKEY_decapsulate_init(ctx, NULL) > 0 &&
	     EVP_PKEY_decapsulate(ctx, shared->key, &n, ciphertext.p, ciphertext.n) > 0 && n == shared->len;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}
