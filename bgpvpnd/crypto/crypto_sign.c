// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signatures of AUTH: RFC 7296 3.8 (method 1), RFC 4754 (9, 10, 11), RFC 7427 and RFC 8420 (14). Called by IKE_AUTH.
 *
 * SHA-1 is neither made nor accepted, in method 1 either: RFC 8247 4.2 forbids it, and a collision of the transcript would do to
 * impersonate a peer.
 */
#include <zebra.h>

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "bgpvpnd/crypto/crypto_x509.h"

/* A way to sign: hash, padding and how it is written. */
struct scheme {
	int key_type;  /* EVP_PKEY_* */
	uint16_t hash; /* enum ike_sig_hash */
	bool pss;
	int salt_len; /* of PSS */
	bool raw;     /* ECDSA as r || s, RFC 4754, instead of DER */
};

static const EVP_MD *md_of(uint16_t hash)
{
	switch (hash) {
	case IKE_SIG_HASH_SHA2_256:
		return EVP_sha256();
	case IKE_SIG_HASH_SHA2_384:
		return EVP_sha384();
	case IKE_SIG_HASH_SHA2_512:
		return EVP_sha512();
	default: /* Identity: Ed25519 takes the octets as they are */
		return NULL;
	}
}

static uint16_t hash_of_nid(int nid)
{
	switch (nid) {
	case NID_sha256:
		return IKE_SIG_HASH_SHA2_256;
	case NID_sha384:
		return IKE_SIG_HASH_SHA2_384;
	case NID_sha512:
		return IKE_SIG_HASH_SHA2_512;
	default: /* OpenSSL knows many more, none of them is for us */
		return IKE_SIG_HASH_SHA1;
	}
}

static EVP_MD_CTX *start(EVP_PKEY *key, const struct scheme *scheme, bool signing)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const EVP_MD *md = md_of(scheme->hash);
	EVP_PKEY_CTX *params = NULL;
	int ok = 0;

	if (ctx)
		ok = signing ? EVP_DigestSignInit(ctx, &params, md, NULL, key)
			     : EVP_DigestVerifyInit(ctx, &params, md, NULL, key);
	if (ok > 0 && scheme->pss)
		ok = EVP_PKEY_CTX_set_rsa_padding(params, RSA_PKCS1_PSS_PADDING) > 0 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(params, scheme->salt_len) > 0;
	if (ok > 0)
		return ctx;
	EVP_MD_CTX_free(ctx);
	return NULL;
}

/* --- ECDSA: r || s, each as long as the curve's field ---------------------------------------------------- */

static int field_len(EVP_PKEY *key)
{
	return (EVP_PKEY_get_bits(key) + 7) / 8;
}

static bool raw_of_der(EVP_PKEY *key, struct secret *sig)
{
	const unsigned char *p = sig->key;
	ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &p, (long)sig->len);
	int half = field_len(key);
	struct secret raw = {};
	bool ok = false;

	secret_alloc(&raw, (size_t)half * 2);
	if (parsed)
		ok = BN_bn2binpad(ECDSA_SIG_get0_r(parsed), raw.key, half) == half &&
		     BN_bn2binpad(ECDSA_SIG_get0_s(parsed), raw.key + half, half) == half;
	ECDSA_SIG_free(parsed);
	if (ok)
		secret_move(sig, &raw);
	secret_fini(&raw);
	return ok;
}

/* The caller frees *der. */
static int der_of_raw(EVP_PKEY *key, struct bytes raw, unsigned char **der)
{
	int half = field_len(key), n = 0;
	BIGNUM *r, *s;
	ECDSA_SIG *sig;

	if (raw.n != (size_t)half * 2)
		return 0;
	r = BN_bin2bn(raw.p, half, NULL);
	s = BN_bin2bn(raw.p + half, half, NULL);
	sig = ECDSA_SIG_new();
	if (r && s && sig && ECDSA_SIG_set0(sig, r, s)) {
		n = i2d_ECDSA_SIG(sig, der);
		r = s = NULL;
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return n;
}

/* --- signing --------------------------------------------------------------------------------------------- */

/* RFC 7427 A, byte for byte; PSS with the salt as long as the hash. */
#define ALG_RSA_PKCS1(hash)                                                                                  \
	{                                                                                                    \
		0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, (hash), 0x05, 0x00   \
	}
#define ALG_RSA_PSS(hash, len)                                                                               \
	{                                                                                                    \
		0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x34,    \
			0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,  \
			(hash), 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,      \
			0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,  \
			0x03, 0x04, 0x02, (hash), 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, (len)                  \
	}
#define ALG_ECDSA(hash)                                                                                      \
	{                                                                                                    \
		0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, (hash)                     \
	}

static const uint8_t alg_pkcs1_256[] = ALG_RSA_PKCS1(11);
static const uint8_t alg_pkcs1_384[] = ALG_RSA_PKCS1(12);
static const uint8_t alg_pkcs1_512[] = ALG_RSA_PKCS1(13);
static const uint8_t alg_pss_256[] = ALG_RSA_PSS(1, 32);
static const uint8_t alg_pss_384[] = ALG_RSA_PSS(2, 48);
static const uint8_t alg_pss_512[] = ALG_RSA_PSS(3, 64);
static const uint8_t alg_ecdsa_256[] = ALG_ECDSA(2);
static const uint8_t alg_ecdsa_384[] = ALG_ECDSA(3);
static const uint8_t alg_ecdsa_512[] = ALG_ECDSA(4);
static const uint8_t alg_ed25519[] = {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};

/* Ways to sign with method 14, in order of preference; `fits` is the curve whose size the hash has. */
static const struct sign_row {
	enum x509_key fits;
	struct scheme scheme;
	struct bytes alg;
} sign_rows[] = {
	{X509_KEY_RSA, {EVP_PKEY_RSA, IKE_SIG_HASH_SHA2_256, true, 32}, {alg_pss_256, sizeof(alg_pss_256)}},
	{X509_KEY_RSA, {EVP_PKEY_RSA, IKE_SIG_HASH_SHA2_384, true, 48}, {alg_pss_384, sizeof(alg_pss_384)}},
	{X509_KEY_RSA, {EVP_PKEY_RSA, IKE_SIG_HASH_SHA2_512, true, 64}, {alg_pss_512, sizeof(alg_pss_512)}},
	{X509_KEY_RSA, {EVP_PKEY_RSA, IKE_SIG_HASH_SHA2_256}, {alg_pkcs1_256, sizeof(alg_pkcs1_256)}},
	{X509_KEY_RSA, {EVP_PKEY_RSA, IKE_SIG_HASH_SHA2_384}, {alg_pkcs1_384, sizeof(alg_pkcs1_384)}},
	{X509_KEY_RSA, {EVP_PKEY_RSA, IKE_SIG_HASH_SHA2_512}, {alg_pkcs1_512, sizeof(alg_pkcs1_512)}},
	{X509_KEY_ECDSA_256, {EVP_PKEY_EC, IKE_SIG_HASH_SHA2_256}, {alg_ecdsa_256, sizeof(alg_ecdsa_256)}},
	{X509_KEY_ECDSA_384, {EVP_PKEY_EC, IKE_SIG_HASH_SHA2_384}, {alg_ecdsa_384, sizeof(alg_ecdsa_384)}},
	{X509_KEY_ECDSA_521, {EVP_PKEY_EC, IKE_SIG_HASH_SHA2_512}, {alg_ecdsa_512, sizeof(alg_ecdsa_512)}},
	{X509_KEY_ED25519, {EVP_PKEY_ED25519, IKE_SIG_HASH_IDENTITY}, {alg_ed25519, sizeof(alg_ed25519)}},
};

/* An RSA row has one padding, and the other one is not a second choice: the peer never says which of them it takes. */
static bool padding_fits(const struct scheme *scheme, bool rsa_pkcs1)
{
	return scheme->key_type != EVP_PKEY_RSA || scheme->pss != rsa_pkcs1;
}

/* The row of this key whose hash the peer takes; the curve's own hash before others. */
static const struct sign_row *sign_row_of(enum x509_key key, int key_type, uint32_t hashes, bool rsa_pkcs1)
{
	const struct sign_row *other = NULL;

	for (size_t i = 0; i < array_size(sign_rows); i++) {
		const struct sign_row *row = &sign_rows[i];

		if (row->scheme.key_type != key_type || !(hashes & 1u << row->scheme.hash) ||
		    !padding_fits(&row->scheme, rsa_pkcs1))
			continue;
		if (row->fits == key)
			return row;
		if (!other)
			other = row;
	}
	return other;
}

/* Without RFC 7427: the method says it all. */
static bool classic_of(enum x509_key key, uint8_t *method, struct scheme *scheme)
{
	switch (key) {
	case X509_KEY_RSA:
		*method = IKE_AUTH_RSA_SIGNATURE;
		*scheme = (struct scheme){EVP_PKEY_RSA, IKE_SIG_HASH_SHA2_256};
		return true;
	case X509_KEY_ECDSA_256:
		*method = IKE_AUTH_ECDSA_256;
		*scheme = (struct scheme){EVP_PKEY_EC, IKE_SIG_HASH_SHA2_256, .raw = true};
		return true;
	case X509_KEY_ECDSA_384:
		*method = IKE_AUTH_ECDSA_384;
		*scheme = (struct scheme){EVP_PKEY_EC, IKE_SIG_HASH_SHA2_384, .raw = true};
		return true;
	case X509_KEY_ECDSA_521:
		*method = IKE_AUTH_ECDSA_521;
		*scheme = (struct scheme){EVP_PKEY_EC, IKE_SIG_HASH_SHA2_512, .raw = true};
		return true;
	case X509_KEY_ED25519:
	case X509_KEY_NONE:
		break;
	}
	return false;
}

static bool make(EVP_PKEY *key, const struct scheme *scheme, struct bytes octets, struct secret *out)
{
	EVP_MD_CTX *ctx = start(key, scheme, true);
	size_t n = 0;
	bool ok = ctx && EVP_DigestSign(ctx, NULL, &n, octets.p, octets.n) > 0;

	if (ok) {
		secret_alloc(out, n);
		ok = EVP_DigestSign(ctx, out->key, &n, octets.p, octets.n) > 0;
		out->len = ok ? n : out->len; /* a DER signature may be shorter than the most it can be */
	}
	EVP_MD_CTX_free(ctx);
	return ok && (!scheme->raw || raw_of_der(key, out));
}

bool crypto_sign(const struct crypto_creds *creds, uint32_t hashes, bool rsa_pkcs1, struct bytes octets,
		 struct crypto_sig *out, struct secret *room)
{
	enum x509_key key = x509_key_of(creds->key);
	struct crypto_sig sig = {.method = IKE_AUTH_DIGITAL_SIGNATURE};
	const struct sign_row *row = NULL;
	struct scheme scheme;
	bool ok;

	if (hashes) {
		row = sign_row_of(key, EVP_PKEY_get_base_id(creds->key), hashes, rsa_pkcs1);
		ok = row != NULL;
		scheme = row ? row->scheme : (struct scheme){};
		sig.alg = row ? row->alg : sig.alg;
	} else {
		ok = classic_of(key, &sig.method, &scheme);
	}
	ok = ok && make(creds->key, &scheme, octets, room);
	ERR_clear_error();
	if (!ok)
		return false;
	sig.value = secret_view(room);
	*out = sig;
	return true;
}

/* --- checking -------------------------------------------------------------------------------------------- */

static bool holds(EVP_PKEY *key, const struct scheme *scheme, struct bytes value, struct bytes octets)
{
	EVP_MD_CTX *ctx = start(key, scheme, false);
	unsigned char *der = NULL;
	bool ok;
	int n;

	if (scheme->raw) {
		n = der_of_raw(key, value, &der);
		value = bytes_make(der, n > 0 ? (size_t)n : 0);
	}
	ok = ctx && value.n && EVP_DigestVerify(ctx, value.p, value.n, octets.p, octets.n) == 1;
	EVP_MD_CTX_free(ctx);
	OPENSSL_free(der);
	return ok;
}

/* Method 1 names no hash: the signature does, RFC 8017 9.2, but only who tries finds it. */
static bool rsa_holds(EVP_PKEY *key, struct bytes value, struct bytes octets)
{
	struct scheme scheme = {EVP_PKEY_RSA};
	bool ok = false;

	for (scheme.hash = IKE_SIG_HASH_SHA2_256; !ok && scheme.hash <= IKE_SIG_HASH_SHA2_512; scheme.hash++)
		ok = holds(key, &scheme, value, octets);
	return ok;
}

static bool is_sha1(EVP_PKEY *key, struct bytes value, struct bytes octets)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha1(), NULL, key) > 0 &&
		  EVP_DigestVerify(ctx, value.p, value.n, octets.p, octets.n) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

static enum crypto_sig_verdict check_classic(EVP_PKEY *key, const struct crypto_sig *sig, struct bytes octets)
{
	struct scheme scheme;
	uint8_t method;

	if (!classic_of(x509_key_of(key), &method, &scheme) || method != sig->method)
		return CRYPTO_SIG_ALGORITHM;
	if (method != IKE_AUTH_RSA_SIGNATURE)
		return holds(key, &scheme, sig->value, octets) ? CRYPTO_SIG_OK : CRYPTO_SIG_WRONG;
	if (rsa_holds(key, sig->value, octets))
		return CRYPTO_SIG_OK;
	return is_sha1(key, sig->value, octets) ? CRYPTO_SIG_HASH : CRYPTO_SIG_WRONG;
}

static int nid_of(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *object;

	X509_ALGOR_get0(&object, NULL, NULL, alg);
	return OBJ_obj2nid(object);
}

static uint16_t mgf_hash(const X509_ALGOR *mgf)
{
	const ASN1_OBJECT *object;
	X509_ALGOR *inner;
	const void *value;
	uint16_t hash = IKE_SIG_HASH_SHA1;
	int type;

	X509_ALGOR_get0(&object, &type, &value, mgf);
	if (OBJ_obj2nid(object) != NID_mgf1 || type != V_ASN1_SEQUENCE)
		return hash;
	inner = ASN1_item_unpack(value, ASN1_ITEM_rptr(X509_ALGOR));
	if (inner)
		hash = hash_of_nid(nid_of(inner));
	X509_ALGOR_free(inner);
	return hash;
}

/* RFC 4055 3.1. What is left out means SHA-1, and a salt of its size. */
static enum crypto_sig_verdict pss_fill(const RSA_PSS_PARAMS *params, struct scheme *scheme)
{
	long salt = params->saltLength ? ASN1_INTEGER_get(params->saltLength) : 20;

	if (!params->hashAlgorithm || !params->maskGenAlgorithm)
		return CRYPTO_SIG_HASH;
	scheme->hash = hash_of_nid(nid_of(params->hashAlgorithm));
	if (scheme->hash == IKE_SIG_HASH_SHA1)
		return CRYPTO_SIG_HASH;
	if (mgf_hash(params->maskGenAlgorithm) != scheme->hash || salt < 0 || salt > CRYPTO_HASH_MAX ||
	    (params->trailerField && ASN1_INTEGER_get(params->trailerField) != 1))
		return CRYPTO_SIG_ALGORITHM;
	scheme->pss = true;
	scheme->salt_len = (int)salt;
	return CRYPTO_SIG_OK;
}

static enum crypto_sig_verdict pss_of(const void *value, int type, struct scheme *scheme)
{
	enum crypto_sig_verdict verdict = CRYPTO_SIG_ALGORITHM;
	RSA_PSS_PARAMS *params = NULL;

	if (type == V_ASN1_SEQUENCE)
		params = ASN1_item_unpack(value, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
	if (params)
		verdict = pss_fill(params, scheme);
	RSA_PSS_PARAMS_free(params);
	return verdict;
}

static enum crypto_sig_verdict plain_of(int nid, int type, struct scheme *scheme)
{
	int md, pkey;

	if (!OBJ_find_sigid_algs(nid, &md, &pkey) || (type != V_ASN1_UNDEF && type != V_ASN1_NULL))
		return CRYPTO_SIG_ALGORITHM;
	scheme->key_type = pkey;
	scheme->hash = pkey == EVP_PKEY_ED25519 ? IKE_SIG_HASH_IDENTITY : hash_of_nid(md);
	return scheme->hash == IKE_SIG_HASH_SHA1 ? CRYPTO_SIG_HASH : CRYPTO_SIG_OK;
}

static enum crypto_sig_verdict scheme_of(struct bytes der, struct scheme *scheme)
{
	const unsigned char *p = der.p;
	X509_ALGOR *alg = der.n ? d2i_X509_ALGOR(NULL, &p, (long)der.n) : NULL;
	enum crypto_sig_verdict verdict = CRYPTO_SIG_ALGORITHM;
	const ASN1_OBJECT *object;
	const void *value;
	int type;

	*scheme = (struct scheme){.key_type = EVP_PKEY_RSA};
	if (alg && p == der.p + der.n) {
		X509_ALGOR_get0(&object, &type, &value, alg);
		verdict = OBJ_obj2nid(object) == NID_rsassaPss ? pss_of(value, type, scheme)
							       : plain_of(OBJ_obj2nid(object), type, scheme);
	}
	X509_ALGOR_free(alg);
	return verdict;
}

static enum crypto_sig_verdict check(EVP_PKEY *key, const struct crypto_sig *sig, struct bytes octets)
{
	enum crypto_sig_verdict verdict;
	struct scheme scheme;

	if (sig->method != IKE_AUTH_DIGITAL_SIGNATURE)
		return check_classic(key, sig, octets);
	verdict = scheme_of(sig->alg, &scheme);
	if (verdict != CRYPTO_SIG_OK)
		return verdict;
	if (x509_key_of(key) == X509_KEY_NONE || scheme.key_type != EVP_PKEY_get_base_id(key))
		return CRYPTO_SIG_ALGORITHM;
	return holds(key, &scheme, sig->value, octets) ? CRYPTO_SIG_OK : CRYPTO_SIG_WRONG;
}

enum crypto_sig_verdict crypto_cert_check(const struct crypto_cert *cert, const struct crypto_sig *sig,
					  struct bytes octets)
{
	EVP_PKEY *key = X509_get0_pubkey(cert->x509);
	enum crypto_sig_verdict verdict = key ? check(key, sig, octets) : CRYPTO_SIG_ALGORITHM;

	ERR_clear_error();
	return verdict;
}
