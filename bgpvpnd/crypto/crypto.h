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
	uint16_t key_len;  /* bytes of keymat taken for the cipher, salt not counted */
	uint16_t salt_len; /* bytes of keymat after the key: 4 for GCM and ChaCha20-Poly1305, 0 for CBC */
	uint16_t iv_len;   /* explicit IV in the packet: 8 or 16 */
	uint16_t
		block_len; /* padding goes to a multiple of this: 16 for CBC, 1 for AEADs (callers add their own 4) */
	uint16_t icv_len; /* of the AEAD; 0 for CBC */
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
	uint16_t public_len; /* of who begins */
	uint16_t reply_len;  /* of who answers: the ciphertext of a KEM, else public_len */
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

/* A method that we know by this name and the installed OpenSSL has not got: mlkem768 before 3.5. */
bool crypto_ke_method_lacking(const char *name);

/* Has OpenSSL all of ML-KEM? And which OpenSSL is it: "3.0.15". */
bool crypto_has_ml_kem(void);
const char *crypto_openssl_version(void);

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
bool crypto_prf_plus(const struct crypto_prf *prf, struct bytes key, const struct bytes *seed,
		     size_t num_seed, uint8_t *out, size_t out_len) rd_must_check;

/* --- key exchange ---------------------------------------------------------------------------------------- */

struct crypto_ke;

/* A fresh key pair; NULL when OpenSSL fails. Owned by the caller. */
struct crypto_ke *crypto_ke_new(const struct crypto_ke_method *method);

/*
 * The answering side's part, to the other's public value. With a KEM that is where the secret is made, and crypto_ke_public() is the
 * ciphertext: NULL too when the value has the wrong length or is not acceptable. Otherwise a fresh key pair, and nothing is
 * computed before crypto_ke_derive(), which both sides call with what the other one sent.
 */
struct crypto_ke *crypto_ke_respond(const struct crypto_ke_method *method, struct bytes peer_public);

/* For known answers: a key pair from a given private value (as RFC 5903 and RFC 7748 print them; d || z of ML-KEM). */
struct crypto_ke *crypto_ke_from_private(const struct crypto_ke_method *method, struct bytes priv);
void crypto_ke_free(struct crypto_ke *ke);

/* Our public value in the form of the KE payload (public_len bytes, or reply_len of who answers); borrowed from ke. */
struct bytes crypto_ke_public(const struct crypto_ke *ke);

/*
 * The shared secret (method->shared_len bytes) from the peer's KE payload data. False, with *shared untouched, when
 * the value has the wrong length or is not acceptable: safe primes 1 < y < p-1 (RFC 6989 2.1), points off the curve
 * (2.3), an all-zero X25519 result (RFC 8031 / RFC 7748 6.1). A wrong ciphertext of ML-KEM is not seen here: it gives a secret that
 * nobody else has (FIPS 203 6.3).
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
				  const struct secret *encr_key, const struct secret *integ_key,
				  bool sealing);
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

/* --- certificates: crypto_x509.c, crypto_x509_verify.c (RFC 5280, RFC 4945) ------------------------------- */

/* Our own certificate chain with its private key. Immutable and counted; made by the shell, used by ike/. */
struct crypto_creds;

/*
 * `chain` is PEM: our certificate, then those that lead to the peer's trust anchor; `key` is the PEM private key
 * of the first: RSA of 2048 bits or more, ECDSA on P-256, P-384 or P-521, Ed25519, not encrypted. NULL with the
 * operator's words in err.
 */
struct crypto_creds *crypto_creds_from_pem(struct bytes chain, struct bytes key, char *err, size_t err_len);
struct crypto_creds *crypto_creds_ref(struct crypto_creds *creds);
void crypto_creds_unref(struct crypto_creds *creds);
bool crypto_creds_same(const struct crypto_creds *a, const struct crypto_creds *b); /* NULLs too */

/* The certificates as CERT payloads carry them, ours first; borrowed. */
unsigned int crypto_creds_num(const struct crypto_creds *creds);
struct bytes crypto_creds_der(const struct crypto_creds *creds, unsigned int i);

/* Does our certificate vouch for this identity (enum ike_id_type)? */
bool crypto_creds_has_id(const struct crypto_creds *creds, uint8_t type, struct bytes value);

/* The subject as ID_DER_ASN1_DN has it; its length, 0 when it is empty or longer than cap. */
size_t crypto_creds_subject(const struct crypto_creds *creds, uint8_t *to, size_t cap);

/* Certification authorities that a peer's chain may end at, and what they revoked. Immutable and counted. */
struct crypto_trust;

/*
 * PEM. Every certificate of `cas` is a trust anchor, self-signed or not. With `crls` (empty: none) each certificate of a
 * chain, the anchor too, needs a list of its issuer's that neither revokes it nor is out of date:
 * so the anchors must then go up to the self-signed one.
 */
struct crypto_trust *crypto_trust_from_pem(struct bytes cas, struct bytes crls, char *err, size_t err_len);
struct crypto_trust *crypto_trust_ref(struct crypto_trust *trust);
void crypto_trust_unref(struct crypto_trust *trust);
bool crypto_trust_same(const struct crypto_trust *a, const struct crypto_trust *b); /* NULLs too */

/* RFC 7296 3.7: SHA-1 of each anchor's SubjectPublicKeyInfo, one behind the other, LIMIT_CERTREQ at most; borrowed. */
struct bytes crypto_trust_key_hashes(const struct crypto_trust *trust);

enum crypto_cert_verdict {
	CRYPTO_CERT_OK,
	CRYPTO_CERT_INVALID, /* cannot be read, wrong signature, too weak, not for signing, ... */
	CRYPTO_CERT_EXPIRED, /* or not valid yet */
	CRYPTO_CERT_UNKNOWN_CA,
	CRYPTO_CERT_REVOKED,
	CRYPTO_CERT_NO_CRL, /* the list of an issuer is missing or out of date */
};

/* A peer's certificate that a trust anchor vouches for. */
struct crypto_cert;

/*
 * The peer's certificates, its own first, at this time (seconds since 1970). On OK *out is its certificate, the
 * caller's; else `words` say which certificate and what.
 */
enum crypto_cert_verdict crypto_trust_verify(const struct crypto_trust *trust, const struct bytes *chain,
					     size_t num_chain, int64_t time_s, struct crypto_cert **out,
					     char *words, size_t words_len) rd_must_check;
void crypto_cert_free(struct crypto_cert *cert);

/* For known answers: a certificate that holds nothing but this SubjectPublicKeyInfo. NULL when it is none. */
struct crypto_cert *crypto_cert_of_key(struct bytes spki);

/*
 * RFC 4945 3.1: ID_FQDN, ID_RFC822_ADDR and addresses stand in the subjectAltName, byte for byte (domains without regard to
 * case, no wildcards); ID_DER_ASN1_DN is the subject. No other identity is ever in a certificate.
 */
bool crypto_cert_has_id(const struct crypto_cert *cert, uint8_t type, struct bytes value) rd_must_check;

/* What it does vouch for, for the operator: subject and subjectAltNames. Returns buf. */
const char *crypto_cert_format(const struct crypto_cert *cert, char *buf, size_t len);

/* --- distinguished names: crypto_dn.c -------------------------------------------------------------------- */

/* "C=CH, O=Example, CN=vpn" (\\ before a comma that belongs to a value) to DER; its length, 0 with words in err. */
size_t crypto_dn_parse(const char *text, uint8_t *to, size_t cap, char *err, size_t err_len);

/* The same spelling back; what cannot be printed is escaped. False, and buf "", when it is no name. */
bool crypto_dn_format(struct bytes der, char *buf, size_t len);

/* RFC 5280 7.1: without regard to case, blanks and the kind of string. False when either is no name. */
bool crypto_dn_equal(struct bytes a, struct bytes b);

/* The same for names that are equal. */
uint32_t crypto_dn_hash(struct bytes der);

/* --- signatures: crypto_sign.c (RFC 7296 2.15, RFC 4754, RFC 7427, RFC 8420) ------------------------------ */

/* Sets of hash algorithms as RFC 7427 numbers them (enum ike_sig_hash): bit n for number n. */
#define CRYPTO_SIG_HASHES                                                                                    \
	(1u << IKE_SIG_HASH_SHA2_256 | 1u << IKE_SIG_HASH_SHA2_384 | 1u << IKE_SIG_HASH_SHA2_512 |           \
	 1u << IKE_SIG_HASH_IDENTITY)

/* A signature as AUTH carries it. */
struct crypto_sig {
	uint8_t method;	  /* enum ike_auth_method */
	struct bytes alg; /* DIGITAL_SIGNATURE: DER AlgorithmIdentifier; else empty */
	struct bytes value;
};

/*
 * Signs, with a hash that the peer takes: `hashes` is what it announced. 0 (it knows no RFC 7427) falls back to the classic
 * methods, RSA with SHA-256. `rsa_pkcs1`: an RSA key signs as RSASSA-PKCS1-v1_5 under RFC 7427, not as RSASSA-PSS; other keys do not
 * care. out->value borrows from *room, out->alg from constant memory. False: no hash in common, or OpenSSL fails.
 */
bool crypto_sign(const struct crypto_creds *creds, uint32_t hashes, bool rsa_pkcs1, struct bytes octets,
		 struct crypto_sig *out, struct secret *room) rd_must_check;

enum crypto_sig_verdict {
	CRYPTO_SIG_OK,
	CRYPTO_SIG_WRONG,
	CRYPTO_SIG_HASH,      /* made with a hash that CRYPTO_SIG_HASHES does not have: SHA-1, say */
	CRYPTO_SIG_ALGORITHM, /* not known, or not one for the key of this certificate */
};
enum crypto_sig_verdict crypto_cert_check(const struct crypto_cert *cert, const struct crypto_sig *sig,
					  struct bytes octets) rd_must_check;

/* --- for tests only -------------------------------------------------------------------------------------- */

/*
 * Makes ENCR_NULL with an all-zero 16-byte ICV and a trivial PRF-compatible key exchange findable (crypto_null.c), so that a
 * fuzzer gets behind the encryption. The daemon never calls it; nothing in a proposal can reach it otherwise.
 */
#define CRYPTO_KE_NULL	65000
#define CRYPTO_KEM_NULL 65001 /* with the lengths of ML-KEM-1024's key and ML-KEM-768's ciphertext */
void crypto_null_enable(bool enable);

#endif
