// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key exchange, RFC 7296 1.2 and 3.4: MODP groups (RFC 3526), ECP groups (RFC 5903), Curve25519 (RFC 8031); KEMs are in
 * crypto_kem.c. Called by the engine for IKE_SA_INIT and CREATE_CHILD_SA, and what follows them (RFC 9370).
 *
 * OpenSSL's own validation of a peer's value is off (derive_set_peer_ex with 0): for safe primes it is a second
 * exponentiation, seven times the cost of the exchange, where RFC 6989 2.1 asks only for 1 < y < p-1. So each kind
 * has its test here: MODP in modp_acceptable(), ECP in the decoding of the point, X25519 on the result.
 */
#include <zebra.h>

#include <openssl/dh.h>
#include <openssl/err.h>

#include "lib/memory.h"

#include "bgpvpnd/crypto/crypto_ke.h"

DEFINE_MTYPE_STATIC(BGPVPN, KE, "VPN key exchange");

/* SEC 1 2.3.3: an uncompressed point is this byte, x, y; RFC 5903 7 sends x and y only. */
#define ECP_UNCOMPRESSED 0x04

/* --- our key pair ---------------------------------------------------------------------------------------- */

static bool ke_write_public(struct crypto_ke *ke)
{
	size_t skip = ke->suite->kind == SUITE_KE_ECP ? 1 : 0;
	unsigned char *encoded = NULL;
	size_t n = EVP_PKEY_get1_encoded_public_key(ke->pkey, &encoded);
	bool ok = n == skip + ke->suite->row.public_len && (!skip || encoded[0] == ECP_UNCOMPRESSED);

	if (ok)
		memcpy(ke->public, encoded + skip, ke->suite->row.public_len);
	OPENSSL_free(encoded);
	return ok;
}

struct crypto_ke *ke_of_pkey(const struct suite_ke *suite, EVP_PKEY *pkey)
{
	struct crypto_ke *ke = XCALLOC(MTYPE_KE, sizeof(*ke));

	ke->suite = suite;
	ke->pkey = pkey;
	if (ke_write_public(ke))
		return ke;
	crypto_ke_free(ke);
	return NULL;
}

struct crypto_ke *ke_of_null(const struct suite_ke *suite, const uint8_t private[NULL_KE_LEN])
{
	struct crypto_ke *ke = XCALLOC(MTYPE_KE, sizeof(*ke));

	ke->suite = suite;
	memcpy(ke->public, private, NULL_KE_LEN);
	return ke;
}

struct crypto_ke *crypto_ke_new(const struct crypto_ke_method *method)
{
	const struct suite_ke *suite = suite_ke_of(method);
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *pkey = NULL;

	if (suite->kind == SUITE_KE_NULL)
		/* Always the same, so that what a fuzzer found can be played again. */
		return ke_of_null(suite, (const uint8_t[NULL_KE_LEN]){1});
	if (suite->kind == SUITE_KE_KEM_NULL)
		return ke_of_null(suite, (const uint8_t[NULL_KE_LEN]){2});

	ctx = suite_ke_keygen(suite);
	if (ctx)
		EVP_PKEY_generate(ctx, &pkey);
	EVP_PKEY_CTX_free(ctx);
	return pkey ? ke_of_pkey(suite, pkey) : NULL;
}

void crypto_ke_free(struct crypto_ke *ke)
{
	if (!ke)
		return;
	EVP_PKEY_free(ke->pkey);
	secret_fini(&ke->shared);
	XFREE(MTYPE_KE, ke);
}

static bool is_kem(const struct suite_ke *suite)
{
	return suite->kind == SUITE_KE_KEM || suite->kind == SUITE_KE_KEM_NULL;
}

struct crypto_ke *crypto_ke_respond(const struct crypto_ke_method *method, struct bytes peer_public)
{
	const struct suite_ke *suite = suite_ke_of(method);
	struct crypto_ke *ke;
	bool ok;

	if (!is_kem(suite)) {
		ke = crypto_ke_new(method);
		if (ke)
			ke->answers = true;
		return ke;
	}
	if (peer_public.n != method->public_len)
		return NULL;
	ke = XCALLOC(MTYPE_KE, sizeof(*ke));
	ke->suite = suite;
	ke->answers = true;
	ok = kem_encapsulate(ke, peer_public);
	ERR_clear_error();
	if (ok)
		return ke;
	crypto_ke_free(ke);
	return NULL;
}

static size_t ke_public_len(const struct crypto_ke *ke)
{
	return ke->answers ? ke->suite->row.reply_len : ke->suite->row.public_len;
}

struct bytes crypto_ke_public(const struct crypto_ke *ke)
{
	return (struct bytes){ke->public, ke_public_len(ke)};
}

/* --- the peer's value ------------------------------------------------------------------------------------ */

/* RFC 6989 2.1: 1 < y < p-1 */
static bool modp_acceptable(const struct suite_ke *suite, struct bytes public)
{
	BIGNUM *y = BN_bin2bn(public.p, public.n, NULL);
	BIGNUM *top = suite->prime(NULL);
	bool ok = y && top && BN_sub_word(top, 1) && BN_cmp(y, BN_value_one()) > 0 && BN_cmp(y, top) < 0;

	BN_free(y);
	BN_free(top);
	return ok;
}

/* A key in the group of ours. For ECP this refuses what is not on the curve, RFC 6989 2.3. */
static EVP_PKEY *peer_decode(const struct crypto_ke *ke, const uint8_t *encoded, size_t n)
{
	EVP_PKEY *peer = EVP_PKEY_new();

	if (peer && EVP_PKEY_copy_parameters(peer, ke->pkey) > 0 &&
	    EVP_PKEY_set1_encoded_public_key(peer, encoded, n) > 0)
		return peer;
	EVP_PKEY_free(peer);
	return NULL;
}

static EVP_PKEY *peer_of_public(const struct crypto_ke *ke, struct bytes public)
{
	uint8_t point[1 + LIMIT_KE_PUBLIC] = {ECP_UNCOMPRESSED};

	switch (ke->suite->kind) {
	case SUITE_KE_MODP:
		return modp_acceptable(ke->suite, public) ? peer_decode(ke, public.p, public.n) : NULL;
	case SUITE_KE_ECP:
		memcpy(point + 1, public.p, public.n);
		return peer_decode(ke, point, 1 + public.n);
	case SUITE_KE_X25519:
		return peer_decode(ke, public.p, public.n);
	case SUITE_KE_KEM:
	case SUITE_KE_NULL:
	case SUITE_KE_KEM_NULL:
		break;
	}
	return NULL;
}

/* --- the shared secret ----------------------------------------------------------------------------------- */

static bool pkey_derive(const struct crypto_ke *ke, EVP_PKEY *peer, struct secret *shared)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ke->pkey, NULL);
	size_t n = shared->len;
	bool ok = ctx && EVP_PKEY_derive_init(ctx) > 0;

	/* RFC 7296 2.14: g^ir is as long as the modulus, with zeros in front */
	if (ok && ke->suite->kind == SUITE_KE_MODP)
		ok = EVP_PKEY_CTX_set_dh_pad(ctx, 1) > 0;
	ok = ok && EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) > 0 &&
	     EVP_PKEY_derive(ctx, shared->key, &n) > 0 && n == shared->len;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

/* RFC 7748 6.1: a point of small order gives zero */
static bool all_zero(const struct secret *shared)
{
	static const uint8_t zeros[32];

	return secret_equal(secret_view(shared), BYTES_OF(zeros));
}

static bool ke_agree(const struct crypto_ke *ke, struct bytes public, struct secret *shared)
{
	EVP_PKEY *peer;
	bool ok;

	if (ke->suite->kind == SUITE_KE_NULL) {
		for (size_t i = 0; i < NULL_KE_LEN; i++)
			shared->key[i] = ke->public[i] ^ public.p[i];
		return true;
	}
	peer = peer_of_public(ke, public);
	ok = peer && pkey_derive(ke, peer, shared);
	EVP_PKEY_free(peer);
	return ok && !(ke->suite->kind == SUITE_KE_X25519 && all_zero(shared));
}

bool crypto_ke_derive(struct crypto_ke *ke, struct bytes peer_public, struct secret *shared)
{
	struct secret fresh = {};
	bool ok;

	if (peer_public.n != (ke->answers ? ke->suite->row.public_len : ke->suite->row.reply_len))
		return false;
	if (ke->shared.len) {
		secret_copy(shared, &ke->shared);
		return true;
	}

	secret_alloc(&fresh, ke->suite->row.shared_len);
	ok = is_kem(ke->suite) ? kem_decapsulate(ke, peer_public, &fresh) : ke_agree(ke, peer_public, &fresh);
	if (ok)
		secret_move(shared, &fresh);
	secret_fini(&fresh);
	/* What a peer sent wrong must not pile up in OpenSSL's queue. */
	ERR_clear_error();
	return ok;
}
