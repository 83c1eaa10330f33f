// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inside of the crypto folder only: each public row together with what OpenSSL calls it, and the algorithms
 * that crypto_init() fetched.
 */
#ifndef BGPVPN_CRYPTO_CRYPTO_SUITE_H
#define BGPVPN_CRYPTO_CRYPTO_SUITE_H

#include <openssl/bn.h>
#include <openssl/evp.h>

#include "bgpvpnd/crypto/crypto.h"

struct suite_encr {
	struct crypto_encr row;
	const char *cipher; /* NULL: ENCR_NULL */
};

struct suite_integ {
	struct crypto_integ row;
	const char *digest;
};

struct suite_prf {
	struct crypto_prf row;
	const char *digest;
};

enum suite_ke_kind {
	SUITE_KE_MODP,
	SUITE_KE_ECP,
	SUITE_KE_X25519,
	SUITE_KE_KEM,
	SUITE_KE_NULL,
	SUITE_KE_KEM_NULL,
};

struct suite_ke {
	struct crypto_ke_method row;
	enum suite_ke_kind kind;
	const char *type;	      /* OpenSSL's key type */
	const char *group;	      /* and its group; NULL where the type says it all */
	BIGNUM *(*prime)(BIGNUM *bn); /* MODP: the modulus, RFC 3526 */
	int nid;		      /* ECP: the curve */
};

/* NULL for ENCR_NULL. Borrowed. */
const EVP_CIPHER *suite_cipher(const struct crypto_encr *encr);
const EVP_MD *suite_sha1(void);
const char *suite_prf_digest(const struct crypto_prf *prf);
const char *suite_integ_digest(const struct crypto_integ *integ);
const struct suite_ke *suite_ke_of(const struct crypto_ke_method *method);

/* A context that is about to generate keys of this method; NULL when OpenSSL has not got it. */
EVP_PKEY_CTX *suite_ke_keygen(const struct suite_ke *suite);

/* HMAC with a key, to be used again and again by suite_hmac_run(). NULL when OpenSSL fails. */
EVP_MAC_CTX *suite_hmac_new(const char *digest, struct bytes key);

/* One whole HMAC over the parts: writes its full length, at most CRYPTO_HASH_MAX. */
bool suite_hmac_run(EVP_MAC_CTX *ctx, const struct bytes *parts, size_t num_parts,
		    uint8_t out[CRYPTO_HASH_MAX]) rd_must_check;

/* crypto_sha256.c: makes sure that libcrypto and libfrr each use their own SHA-256. */
void suite_sha256_apart(void);

/* crypto_null.c: the rows of the null suite, NULL unless crypto_null_enable() was called. */
const struct crypto_encr *null_encr(void);
const struct crypto_ke_method *null_ke_method(void);
const struct crypto_ke_method *null_kem_method(void);
#define NULL_KE_LEN 32

#endif
