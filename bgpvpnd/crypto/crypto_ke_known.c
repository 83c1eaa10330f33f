// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key pairs from given private values, so that the tests can hold the answers of RFC 5903 8, RFC 7748 6.1 and of ML-KEM
 * against us. The daemon never calls it.
 */
#include <zebra.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include "bgpvpnd/crypto/crypto_ke.h"

static EVP_PKEY *pkey_of_params(const char *type, OSSL_PARAM_BLD *builder)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (params && ctx && EVP_PKEY_fromdata_init(ctx) > 0)
		EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return pkey;
}

/* y = 2^x mod p */
static EVP_PKEY *modp_pkey(const struct suite_ke *suite, const BIGNUM *x, OSSL_PARAM_BLD *builder)
{
	BIGNUM *p = suite->prime(NULL), *g = BN_new(), *y = BN_new();
	BN_CTX *work = BN_CTX_new();
	EVP_PKEY *pkey = NULL;

	if (p && g && y && work && BN_set_word(g, 2) && BN_mod_exp(y, g, x, p, work) &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PUB_KEY, y))
		pkey = pkey_of_params(suite->type, builder);
	BN_CTX_free(work);
	BN_free(y);
	BN_free(g);
	BN_free(p);
	return pkey;
}

/* Q = x G */
static EVP_PKEY *ecp_pkey(const struct suite_ke *suite, const BIGNUM *x, OSSL_PARAM_BLD *builder)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(suite->nid);
	EC_POINT *q = group ? EC_POINT_new(group) : NULL;
	unsigned char *encoded = NULL;
	EVP_PKEY *pkey = NULL;
	size_t n = 0;

	if (q && EC_POINT_mul(group, q, x, NULL, NULL, NULL))
		n = EC_POINT_point2buf(group, q, POINT_CONVERSION_UNCOMPRESSED, &encoded, NULL);
	if (n && OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, encoded, n))
		pkey = pkey_of_params(suite->type, builder);
	OPENSSL_free(encoded);
	EC_POINT_free(q);
	EC_GROUP_free(group);
	return pkey;
}

static EVP_PKEY *group_pkey(const struct suite_ke *suite, struct bytes priv)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *x = BN_bin2bn(priv.p, priv.n, NULL);
	EVP_PKEY *pkey = NULL;

	if (builder && x &&
	    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, suite->group, 0) &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, x))
		pkey = suite->kind == SUITE_KE_MODP ? modp_pkey(suite, x, builder)
						    : ecp_pkey(suite, x, builder);
	BN_clear_free(x);
	OSSL_PARAM_BLD_free(builder);
	return pkey;
}

/* FIPS 203 7.1: both keys follow from d || z. "seed" is OpenSSL 3.5's name for it, which the headers of 3.0 have not got. */
static EVP_PKEY *kem_pkey(const struct suite_ke *suite, struct bytes seed)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY *pkey = NULL;

	if (builder && OSSL_PARAM_BLD_push_octet_string(builder, "seed", seed.p, seed.n))
		pkey = pkey_of_params(suite->type, builder);
	OSSL_PARAM_BLD_free(builder);
	return pkey;
}

struct crypto_ke *crypto_ke_from_private(const struct crypto_ke_method *method, struct bytes priv)
{
	const struct suite_ke *suite = suite_ke_of(method);
	EVP_PKEY *pkey = NULL;

	switch (suite->kind) {
	case SUITE_KE_MODP:
	case SUITE_KE_ECP:
		pkey = group_pkey(suite, priv);
		break;
	case SUITE_KE_X25519:
		pkey = EVP_PKEY_new_raw_private_key_ex(NULL, suite->type, NULL, priv.p, priv.n);
		break;
	case SUITE_KE_KEM:
		pkey = kem_pkey(suite, priv);
		break;
	case SUITE_KE_KEM_NULL:
		break;
	case SUITE_KE_NULL:
		return priv.n == NULL_KE_LEN ? ke_of_null(suite, priv.p) : NULL;
	}
	return pkey ? ke_of_pkey(suite, pkey) : NULL;
}
