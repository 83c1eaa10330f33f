// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Floor 1: cryptography, all of it OpenSSL's. This is the only folder that includes <openssl/...>.
 *
 * Algorithms are constant rows found by their IANA number (crypto_suite.c). A row that the installed OpenSSL
 * cannot do is not found. Functions are synchronous, keep no global state but OpenSSL's fetched algorithms
 * (made once by crypto_init), and may be used from the main thread and from one worker, on different objects.
 */
#ifndef BGPVPN_CRYPTO_CRYPTO_H
#define BGPVPN_CRYPTO_CRYPTO_H

#include "bgpvpnd/base/base.h"

/* Longest PRF output, PRF key, integrity key and ICV of all rows, in bytes. */
#define CRYPTO_HASH_MAX 64

struct crypto_encr {
	uint16_t id;	   /* IANA: enum ike_encr */
	uint16_t key_bits; /* the Key Length attribute; 0 where the transform has none (ChaCha20) */
	const char *name;  /* as configured: "aes256gcm16" */
	bool aead;
	uint16_t key_len;   /* bytes of keymat taken for the cipher, salt not counted */
	uint16_t salt_len;  /* bytes of keymat after the key: 4 for GCM and ChaCha20-Poly1305, 0 for CBC */
	uint16_t iv_len;    /* explicit IV in the packet: 8 or 16 */
	uint16_t block_len; /* padding goes to a multiple of this: 16 for CBC, 1 for AEADs (callers add their own 4) */
	uint16_t icv_len;   /* of the AEAD; 0 for CBC */
};

struct crypto_integ {
	uint16_t id;
	const char *name; /* "sha256" */
	uint16_t key_len;
	uint16_t icv_len;
};

struct crypto_prf {
	uint16_t id;
	const char *name; /* "prfsha256" */
	uint16_t key_len; /* preferred key size, RFC 7296 2.13: equals the output size for the HMACs */
	uint16_t out_len;
};

struct crypto_ke_method {
	uint16_t id;
	const char *name; /* "ecp256", "modp2048", "curve25519" */
	uint16_t public_len;
	uint16_t shared_len;
};

/* Fetches OpenSSL's algorithms once. 0, or -ENOTSUP where OpenSSL has none of what we need. */
int crypto_init(void);
void crypto_fini(void);

/* Rows by IANA number; NULL when unknown or not available. key_bits 0 asks for a transform without the attribute. */
const struct crypto_encr *crypto_encr_find(uint16_t id, uint16_t key_bits);
const struct crypto_integ *crypto_integ_find(uint16_t id);
const struct crypto_prf *crypto_prf_find(uint16_t id);
const struct crypto_ke_method *crypto_ke_method_find(uint16_t id);

/* Rows by the name an operator types (whole word). */
const struct crypto_encr *crypto_encr_named(const char *name);
const struct crypto_integ *crypto_integ_named(const char *name);
const struct crypto_prf *crypto_prf_named(const char *name);
const struct crypto_ke_method *crypto_ke_method_named(const char *name);

/* --- random ---------------------------------------------------------------------------------------------- */

/* Cryptographically strong. Aborts the process when the generator fails: there is no safe way on. */
void crypto_random(void *to, size_t n);

/* --- hashes and PRFs ------------------------------------------------------------------------------------- */

/* SHA-1 over the parts; 20 bytes. NAT detection needs it (RFC 7296 2.23); nothing secret depends on it. */
#define CRYPTO_SHA1_LEN 20
void crypto_sha1(const struct bytes *parts, size_t num_parts, uint8_t out[CRYPTO_SHA1_LEN]);

/* prf(key, parts...) -> prf->out_len bytes at out. Any key length. */
void crypto_prf(const struct crypto_prf *prf, struct bytes key, const struct bytes *parts, size_t num_parts,
		uint8_t *out);

/* RFC 7296 2.13 prf+; false when out_len needs more than 255 rounds. */
bool crypto_prf_plus(const struct crypto_prf *prf, struct bytes key, const struct bytes *seed, size_t num_seed,
		     uint8_t *out, size_t out_len) rd_must_check;

/* --- key exchange ---------------------------------------------------------------------------------------- */

struct crypto_ke;

/* A fresh key pair; NULL when OpenSSL fails. Owned by the caller. */
struct crypto_ke *crypto_ke_new(const struct crypto_ke_method *method);

/* For known answers: a key pair from a given private value (as RFC 5903 and RFC 7748 print them). */
struct crypto_ke *crypto_ke_from_private(const struct crypto_ke_method *method, struct bytes priv);
void crypto_ke_free(struct crypto_ke *ke);

/* Our public value in the form of the KE payload (method->public_len bytes); borrowed from ke. */
struct bytes crypto_ke_public(const struct crypto_ke *ke);

/*
 * The shared secret (method->shared_len bytes) from the peer's KE payload data. False, with *shared untouched, when
 * the value has the wrong length or is not acceptable: safe primes 1 < y < p-1 (RFC 6989 2.1), points off the curve
 * (2.3), an all-zero X25519 result (RFC 8031 / RFC 7748 6.1).
 */
bool crypto_ke_derive(struct crypto_ke *ke, struct bytes peer_public, struct secret *shared) rd_must_check;

/* --- sealing: encryption with integrity, the same for the SK payload and for ESP ------------------------- */

/*
 * One direction of a cipher with its keys, kept ready (contexts and parameters are prepared once). Used for the SK
 * payload (RFC 7296 3.14, RFC 5282) and for ESP (RFC 4303, 4106, 7634, 3602).
 *
 * AEAD: `aad` is the additional data, `tail` must be empty; the nonce is salt || iv.
 * CBC + HMAC: the ICV covers aad || iv || text || tail, truncated to icv_len (`tail` is ESN's high half in ESP).
 */
struct crypto_box;

/* encr_key is the key followed by the salt (key_len + salt_len bytes); integ is NULL and integ_key empty for an AEAD. */
struct crypto_box *crypto_box_new(const struct crypto_encr *encr, const struct crypto_integ *integ,
				  const struct secret *encr_key, const struct secret *integ_key, bool sealing);
void crypto_box_free(struct crypto_box *box);

/* What the box adds to a packet, in bytes. */
size_t crypto_box_iv_len(const struct crypto_box *box);
size_t crypto_box_icv_len(const struct crypto_box *box);
size_t crypto_box_block_len(const struct crypto_box *box);

struct crypto_box_io {
	struct bytes aad;
	const uint8_t *iv; /* crypto_box_iv_len() bytes */
	uint8_t *text;	   /* encrypted or decrypted in place */
	size_t text_len;   /* a multiple of the block length */
	struct bytes tail;
	uint8_t *icv; /* written by seal, read by open: crypto_box_icv_len() bytes */
};

/* False only when OpenSSL fails. The caller chooses the IV and never repeats it (a counter for AEADs). */
bool crypto_box_seal(struct crypto_box *box, const struct crypto_box_io *io) rd_must_check;

/* False when the ICV does not fit (constant-time compare); the text is then garbage and must not be used. */
bool crypto_box_open(struct crypto_box *box, const struct crypto_box_io *io) rd_must_check;

/* --- for tests only -------------------------------------------------------------------------------------- */

/*
 * Makes ENCR_NULL with an all-zero 16-byte ICV and a trivial PRF-compatible key exchange findable (crypto_null.c), so that a
 * fuzzer gets behind the encryption. The daemon never calls it; nothing in a proposal can reach it otherwise.
 */
#define CRYPTO_KE_NULL 65000
void crypto_null_enable(bool enable);

#endif
