// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The algorithms as constant rows, found by IANA number (the engine, the data plane) and by the name that an
 * operator types (the configuration). Lengths: RFC 4106 8.1, RFC 7634 2, RFC 3602 2, RFC 4868 2.6, RFC 2404 2,
 * RFC 3526, RFC 5903 7, RFC 8031 2, FIPS 203 table 3.
 *
 * crypto_init() tries every row once against the installed OpenSSL; a row that it cannot do is never found.
 */
#include <zebra.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include "lib/compiler.h"

#include "bgpvpnd/crypto/crypto_suite.h"

/* --- rows ------------------------------------------------------------------------------------------------ */

#define GCM(bits)                                                                                            \
	{                                                                                                    \
		.row = {.id = IKE_ENCR_AES_GCM_16,                                                           \
			.key_bits = bits,                                                                    \
			.name = "aes" #bits "gcm16",                                                         \
			.aead = true,                                                                        \
			.key_len = bits / 8,                                                                 \
			.salt_len = 4,                                                                       \
			.iv_len = 8,                                                                         \
			.block_len = 1,                                                                      \
			.icv_len = 16},                                                                      \
		.cipher = "AES-" #bits "-GCM",                                                               \
	}

#define CBC(bits)                                                                                            \
	{                                                                                                    \
		.row = {.id = IKE_ENCR_AES_CBC,                                                              \
			.key_bits = bits,                                                                    \
			.name = "aes" #bits,                                                                 \
			.key_len = bits / 8,                                                                 \
			.iv_len = 16,                                                                        \
			.block_len = 16},                                                                    \
		.cipher = "AES-" #bits "-CBC",                                                               \
	}

static const struct suite_encr encr_rows[] = {
	GCM(128),
	GCM(192),
	GCM(256),
	{
		/* RFC 7634 4: no Key Length attribute */
		.row = {.id = IKE_ENCR_CHACHA20_POLY1305,
			.name = "chacha20poly1305",
			.aead = true,
			.key_len = 32,
			.salt_len = 4,
			.iv_len = 8,
			.block_len = 1,
			.icv_len = 16},
		.cipher = "ChaCha20-Poly1305",
	},
	CBC(128),
	CBC(192),
	CBC(256),
};

static const struct suite_integ integ_rows[] = {
	{{IKE_INTEG_HMAC_SHA1_96, "sha1", 20, 12}, "SHA1"},
	{{IKE_INTEG_HMAC_SHA2_256_128, "sha256", 32, 16}, "SHA256"},
	{{IKE_INTEG_HMAC_SHA2_384_192, "sha384", 48, 24}, "SHA384"},
	{{IKE_INTEG_HMAC_SHA2_512_256, "sha512", 64, 32}, "SHA512"},
};

static const struct suite_prf prf_rows[] = {
	{{IKE_PRF_HMAC_SHA1, "prfsha1", 20, 20}, "SHA1"},
	{{IKE_PRF_HMAC_SHA2_256, "prfsha256", 32, 32}, "SHA256"},
	{{IKE_PRF_HMAC_SHA2_384, "prfsha384", 48, 48}, "SHA384"},
	{{IKE_PRF_HMAC_SHA2_512, "prfsha512", 64, 64}, "SHA512"},
};

#define MODP(bits)                                                                                           \
	{                                                                                                    \
		.row = {IKE_KE_MODP_##bits, "modp" #bits, bits / 8, bits / 8, bits / 8},                     \
		.kind = SUITE_KE_MODP, .type = "DH", .group = "modp_" #bits,                                 \
		.prime = BN_get_rfc3526_prime_##bits,                                                        \
	}

/* RFC 5903 7: the public value is x || y, the shared secret is x alone. */
#define ECP(bits, len, curve)                                                                                \
	{                                                                                                    \
		.row = {IKE_KE_ECP_##bits, "ecp" #bits, 2 * (len), 2 * (len), len}, .kind = SUITE_KE_ECP,    \
		.type = "EC", .group = "P-" #bits, .nid = curve,                                             \
	}

/* draft-ietf-ipsecme-ikev2-mlkem: the encapsulation key there, the ciphertext back. OpenSSL has it from 3.5 on. */
#define ML_KEM(bits, key, ciphertext)                                                                        \
	{                                                                                                    \
		.row = {IKE_KE_ML_KEM_##bits, "mlkem" #bits, key, ciphertext, 32}, .kind = SUITE_KE_KEM,     \
		.type = "ML-KEM-" #bits,                                                                     \
	}

static const struct suite_ke ke_rows[] = {
	MODP(2048),
	MODP(3072),
	MODP(4096),
	ECP(256, 32, NID_X9_62_prime256v1),
	ECP(384, 48, NID_secp384r1),
	ECP(521, 66, NID_secp521r1),
	{.row = {IKE_KE_CURVE25519, "curve25519", 32, 32, 32}, .kind = SUITE_KE_X25519, .type = "X25519"},
	ML_KEM(512, 800, 768),
	ML_KEM(768, 1184, 1088),
	ML_KEM(1024, 1568, 1568),
};

/* Other spellings that people know. */
static const struct {
	const char *alias;
	const char *name;
} aliases[] = {
	{"aes128gcm", "aes128gcm16"},
	{"aes192gcm", "aes192gcm16"},
	{"aes256gcm", "aes256gcm16"},
	{"x25519", "curve25519"},
};

/* --- what OpenSSL has ------------------------------------------------------------------------------------ */

static struct {
	EVP_MAC *hmac;
	EVP_MD *sha1;
	EVP_CIPHER *ciphers[array_size(encr_rows)];
	bool integs[array_size(integ_rows)];
	bool prfs[array_size(prf_rows)];
	bool kes[array_size(ke_rows)];
} have;

static bool digest_works(const char *digest)
{
	const uint8_t key = 0;
	EVP_MAC_CTX *ctx = suite_hmac_new(digest, (struct bytes){&key, sizeof(key)});

	EVP_MAC_CTX_free(ctx);
	return ctx != NULL;
}

static bool ke_works(const struct suite_ke *suite)
{
	EVP_PKEY_CTX *ctx = suite_ke_keygen(suite);

	EVP_PKEY_CTX_free(ctx);
	return ctx != NULL;
}

int crypto_init(void)
{
	unsigned int encrs = 0, prfs = 0, kes = 0;

	crypto_fini();
	suite_sha256_apart();
	have.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	have.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	for (size_t i = 0; i < array_size(encr_rows); i++) {
		have.ciphers[i] = EVP_CIPHER_fetch(NULL, encr_rows[i].cipher, NULL);
		encrs += have.ciphers[i] != NULL;
	}
	for (size_t i = 0; i < array_size(integ_rows); i++)
		have.integs[i] = digest_works(integ_rows[i].digest);
	for (size_t i = 0; i < array_size(prf_rows); i++)
		prfs += have.prfs[i] = digest_works(prf_rows[i].digest);
	for (size_t i = 0; i < array_size(ke_rows); i++)
		kes += have.kes[i] = ke_works(&ke_rows[i]);
	ERR_clear_error();

	if (have.hmac && have.sha1 && encrs && prfs && kes)
		return 0;
	crypto_fini();
	return -ENOTSUP;
}

void crypto_fini(void)
{
	for (size_t i = 0; i < array_size(have.ciphers); i++)
		EVP_CIPHER_free(have.ciphers[i]);
	EVP_MD_free(have.sha1);
	EVP_MAC_free(have.hmac);
	memset(&have, 0, sizeof(have));
}

/* --- by number ------------------------------------------------------------------------------------------- */

const struct crypto_encr *crypto_encr_find(uint16_t id, uint16_t key_bits)
{
	const struct crypto_encr *null = null_encr();

	for (size_t i = 0; i < array_size(encr_rows); i++) {
		const struct crypto_encr *row = &encr_rows[i].row;

		if (row->id == id && row->key_bits == key_bits)
			return have.ciphers[i] ? row : NULL;
	}
	return null && null->id == id && null->key_bits == key_bits ? null : NULL;
}

const struct crypto_integ *crypto_integ_find(uint16_t id)
{
	for (size_t i = 0; i < array_size(integ_rows); i++)
		if (integ_rows[i].row.id == id)
			return have.integs[i] ? &integ_rows[i].row : NULL;
	return NULL;
}

const struct crypto_prf *crypto_prf_find(uint16_t id)
{
	for (size_t i = 0; i < array_size(prf_rows); i++)
		if (prf_rows[i].row.id == id)
			return have.prfs[i] ? &prf_rows[i].row : NULL;
	return NULL;
}

const struct crypto_ke_method *crypto_ke_method_find(uint16_t id)
{
	const struct crypto_ke_method *null = id == CRYPTO_KEM_NULL ? null_kem_method() : null_ke_method();

	for (size_t i = 0; i < array_size(ke_rows); i++)
		if (ke_rows[i].row.id == id)
			return have.kes[i] ? &ke_rows[i].row : NULL;
	return null && null->id == id ? null : NULL;
}

/* --- by name --------------------------------------------------------------------------------------------- */

static const char *canonical(const char *name)
{
	for (size_t i = 0; i < array_size(aliases); i++)
		if (strcmp(aliases[i].alias, name) == 0)
			return aliases[i].name;
	return name;
}

const struct crypto_encr *crypto_encr_named(const char *name)
{
	name = canonical(name);
	for (size_t i = 0; i < array_size(encr_rows); i++)
		if (strcmp(encr_rows[i].row.name, name) == 0)
			return have.ciphers[i] ? &encr_rows[i].row : NULL;
	return null_encr() && strcmp(null_encr()->name, name) == 0 ? null_encr() : NULL;
}

const struct crypto_integ *crypto_integ_named(const char *name)
{
	for (size_t i = 0; i < array_size(integ_rows); i++)
		if (strcmp(integ_rows[i].row.name, name) == 0)
			return have.integs[i] ? &integ_rows[i].row : NULL;
	return NULL;
}

const struct crypto_prf *crypto_prf_named(const char *name)
{
	for (size_t i = 0; i < array_size(prf_rows); i++)
		if (strcmp(prf_rows[i].row.name, name) == 0)
			return have.prfs[i] ? &prf_rows[i].row : NULL;
	return NULL;
}

const struct crypto_ke_method *crypto_ke_method_named(const char *name)
{
	name = canonical(name);
	for (size_t i = 0; i < array_size(ke_rows); i++)
		if (strcmp(ke_rows[i].row.name, name) == 0)
			return have.kes[i] ? &ke_rows[i].row : NULL;
	if (null_kem_method() && strcmp(null_kem_method()->name, name) == 0)
		return null_kem_method();
	return null_ke_method() && strcmp(null_ke_method()->name, name) == 0 ? null_ke_method() : NULL;
}

bool crypto_ke_method_lacking(const char *name)
{
	name = canonical(name);
	for (size_t i = 0; i < array_size(ke_rows); i++)
		if (strcmp(ke_rows[i].row.name, name) == 0)
			return !have.kes[i];
	return false;
}

bool crypto_has_ml_kem(void)
{
	for (size_t i = 0; i < array_size(ke_rows); i++)
		if (ke_rows[i].kind == SUITE_KE_KEM && !have.kes[i])
			return false;
	return true;
}

const char *crypto_openssl_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION_STRING);
}

/* --- for the other files of this folder ------------------------------------------------------------------ */

const EVP_CIPHER *suite_cipher(const struct crypto_encr *encr)
{
	const struct suite_encr *suite = container_of(encr, struct suite_encr, row);

	return suite->cipher ? have.ciphers[suite - encr_rows] : NULL;
}

const EVP_MD *suite_sha1(void)
{
	return have.sha1;
}

const char *suite_prf_digest(const struct crypto_prf *prf)
{
	return container_of(prf, struct suite_prf, row)->digest;
}

const char *suite_integ_digest(const struct crypto_integ *integ)
{
	return container_of(integ, struct suite_integ, row)->digest;
}

const struct suite_ke *suite_ke_of(const struct crypto_ke_method *method)
{
	return container_of(method, struct suite_ke, row);
}

EVP_PKEY_CTX *suite_ke_keygen(const struct suite_ke *suite)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, suite->type, NULL);

	if (ctx && EVP_PKEY_keygen_init(ctx) > 0 &&
	    (!suite->group || EVP_PKEY_CTX_set_group_name(ctx, suite->group) > 0))
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

EVP_MAC_CTX *suite_hmac_new(const char *digest, struct bytes key)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0),
		OSSL_PARAM_construct_end(),
	};
	/* OpenSSL takes a NULL key for "keep the one you have", so an empty key needs an address too. */
	const uint8_t *key_bytes = key.n ? key.p : (const uint8_t *)"";
	EVP_MAC_CTX *ctx = have.hmac ? EVP_MAC_CTX_new(have.hmac) : NULL;

	if (ctx && EVP_MAC_init(ctx, key_bytes, key.n, params))
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

bool suite_hmac_run(EVP_MAC_CTX *ctx, const struct bytes *parts, size_t num_parts,
		    uint8_t out[CRYPTO_HASH_MAX])
{
	size_t len;

	if (!EVP_MAC_init(ctx, NULL, 0, NULL))
		return false;
	for (size_t i = 0; i < num_parts; i++)
		if (parts[i].n && !EVP_MAC_update(ctx, parts[i].p, parts[i].n))
			return false;
	return EVP_MAC_final(ctx, out, &len, CRYPTO_HASH_MAX);
}
