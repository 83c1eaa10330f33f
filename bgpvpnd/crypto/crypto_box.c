// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sealing and opening, one direction of a cipher at a time: AEADs (RFC 5116; RFC 4106 and RFC 5282 for AES-GCM,
 * RFC 7634 for ChaCha20-Poly1305) and AES-CBC with HMAC (RFC 3602, RFC 4868, RFC 2404). Called by the engine for
 * the SK payload on the main thread, and for each packet by the user-space data plane on its worker.
 *
 * Keys go into the contexts once. A packet costs one re-initialisation with a nonce, and no look-up by name.
 */
#include <zebra.h>

#include <openssl/core_names.h>
#include <openssl/err.h>

#include "lib/memory.h"

#include "bgpvpnd/crypto/crypto_suite.h"

DEFINE_MTYPE_STATIC(BGPVPN, BOX, "VPN cipher");

#define AEAD_SALT_LEN  4
#define AEAD_IV_LEN    8
#define AEAD_NONCE_LEN (AEAD_SALT_LEN + AEAD_IV_LEN)

struct crypto_box {
	const struct crypto_encr *encr;
	const struct crypto_integ *integ; /* NULL for AEADs */
	bool sealing;
	uint8_t salt[AEAD_SALT_LEN];
	EVP_CIPHER_CTX *cipher; /* NULL for ENCR_NULL */
	EVP_MAC_CTX *mac;	/* with integ */
};

/* --- life ------------------------------------------------------------------------------------------------ */

static bool keys_fit(const struct crypto_encr *encr, const struct crypto_integ *integ, struct bytes encr_key,
		     struct bytes integ_key)
{
	return encr->aead == !integ && encr_key.n == (size_t)encr->key_len + encr->salt_len &&
	       integ_key.n == (integ ? integ->key_len : 0);
}

static EVP_CIPHER_CTX *cipher_keyed(const struct crypto_encr *encr, const uint8_t *key, bool sealing)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	/*
	 * Padding is the caller's (RFC 4303 2.4, RFC 7296 3.14): OpenSSL adds none. An AEAD pads nothing anyway, and
	 * OpenSSL would only repeat the setting with every packet.
	 */
	if (ctx && EVP_CipherInit_ex2(ctx, suite_cipher(encr), key, NULL, sealing, NULL) &&
	    (encr->aead || EVP_CIPHER_CTX_set_padding(ctx, 0)))
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

struct crypto_box *crypto_box_new(const struct crypto_encr *encr, const struct crypto_integ *integ,
				  const struct secret *encr_key, const struct secret *integ_key, bool sealing)
{
	struct bytes integ_bytes = integ_key ? secret_view(integ_key) : (struct bytes){};
	bool has_cipher = suite_cipher(encr);
	struct crypto_box *box;

	if (!keys_fit(encr, integ, secret_view(encr_key), integ_bytes))
		return NULL;

	box = XCALLOC(MTYPE_BOX, sizeof(*box));
	box->encr = encr;
	box->integ = integ;
	box->sealing = sealing;
	if (encr->salt_len)
		memcpy(box->salt, encr_key->key + encr->key_len, encr->salt_len);
	if (has_cipher)
		box->cipher = cipher_keyed(encr, encr_key->key, sealing);
	if (integ)
		box->mac = suite_hmac_new(suite_integ_digest(integ), integ_bytes);
	if (!box->cipher == !has_cipher && !box->mac == !integ)
		return box;
	crypto_box_free(box);
	return NULL;
}

void crypto_box_free(struct crypto_box *box)
{
	if (!box)
		return;
	EVP_CIPHER_CTX_free(box->cipher);
	EVP_MAC_CTX_free(box->mac);
	secret_wipe(box, sizeof(*box));
	XFREE(MTYPE_BOX, box);
}

size_t crypto_box_iv_len(const struct crypto_box *box)
{
	return box->encr->iv_len;
}

size_t crypto_box_icv_len(const struct crypto_box *box)
{
	return box->integ ? box->integ->icv_len : box->encr->icv_len;
}

size_t crypto_box_block_len(const struct crypto_box *box)
{
	return box->encr->block_len;
}

/* --- the cipher ------------------------------------------------------------------------------------------ */

/* Starts a packet: keeps key and direction, takes a new IV or nonce; params may carry the tag to check. */
static bool cipher_start(struct crypto_box *box, const uint8_t *iv, const OSSL_PARAM *params)
{
	return EVP_CipherInit_ex2(box->cipher, NULL, NULL, iv, -1, params);
}

/* In place. An empty text is left out: OpenSSL takes it for the end in some ciphers. */
static bool cipher_text(struct crypto_box *box, const struct crypto_box_io *io)
{
	int n = 0;

	if (io->text_len == 0)
		return true;
	if (io->text_len > INT_MAX)
		return false;
	return EVP_CipherUpdate(box->cipher, io->text, &n, io->text, (int)io->text_len) &&
	       (size_t)n == io->text_len;
}

/* --- AEADs ----------------------------------------------------------------------------------------------- */

/* RFC 4106 4, RFC 7634 2: the nonce is salt || IV */
static bool aead_start(struct crypto_box *box, const struct crypto_box_io *io, const OSSL_PARAM *params)
{
	uint8_t nonce[AEAD_NONCE_LEN];
	int n;

	memcpy(nonce, box->salt, AEAD_SALT_LEN);
	memcpy(nonce + AEAD_SALT_LEN, io->iv, AEAD_IV_LEN);
	if (io->aad.n > INT_MAX || !cipher_start(box, nonce, params))
		return false;
	return io->aad.n == 0 || EVP_CipherUpdate(box->cipher, NULL, &n, io->aad.p, (int)io->aad.n);
}

static bool aead_finish(struct crypto_box *box)
{
	uint8_t nothing[EVP_MAX_BLOCK_LENGTH];
	int n;

	return EVP_CipherFinal_ex(box->cipher, nothing, &n);
}

static bool aead_seal(struct crypto_box *box, const struct crypto_box_io *io)
{
	OSSL_PARAM tag[] = {
		OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, io->icv, box->encr->icv_len),
		OSSL_PARAM_construct_end(),
	};

	return aead_start(box, io, NULL) && cipher_text(box, io) && aead_finish(box) &&
	       EVP_CIPHER_CTX_get_params(box->cipher, tag);
}

static bool aead_open(struct crypto_box *box, const struct crypto_box_io *io)
{
	const OSSL_PARAM tag[] = {
		OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, io->icv, box->encr->icv_len),
		OSSL_PARAM_construct_end(),
	};

	return aead_start(box, io, tag) && cipher_text(box, io) && aead_finish(box);
}

/* --- CBC with HMAC --------------------------------------------------------------------------------------- */

/* RFC 4303 2.8, RFC 7296 3.14: over everything up to the ICV, after encryption */
static bool hmac_icv(struct crypto_box *box, const struct crypto_box_io *io, uint8_t icv[CRYPTO_HASH_MAX])
{
	const struct bytes covered[] = {
		io->aad,
		{io->iv, box->encr->iv_len},
		{io->text, io->text_len},
		io->tail,
	};

	return suite_hmac_run(box->mac, covered, array_size(covered), icv);
}

static bool cbc_crypt(struct crypto_box *box, const struct crypto_box_io *io)
{
	return io->text_len % box->encr->block_len == 0 && cipher_start(box, io->iv, NULL) &&
	       cipher_text(box, io);
}

static bool cbc_seal(struct crypto_box *box, const struct crypto_box_io *io)
{
	uint8_t icv[CRYPTO_HASH_MAX];

	if (!cbc_crypt(box, io) || !hmac_icv(box, io, icv))
		return false;
	memcpy(io->icv, icv, box->integ->icv_len);
	return true;
}

static bool cbc_open(struct crypto_box *box, const struct crypto_box_io *io)
{
	uint8_t icv[CRYPTO_HASH_MAX];
	bool fits = hmac_icv(box, io, icv) && secret_equal((struct bytes){icv, box->integ->icv_len},
							   (struct bytes){io->icv, box->integ->icv_len});

	/* The right ICV of a forged packet is worth hiding. */
	secret_wipe(icv, sizeof(icv));
	return fits && cbc_crypt(box, io);
}

/* --- ENCR_NULL ------------------------------------------------------------------------------------------- */

static bool null_seal(struct crypto_box *box, const struct crypto_box_io *io)
{
	memset(io->icv, 0, box->encr->icv_len);
	return true;
}

static bool null_open(struct crypto_box *box, const struct crypto_box_io *io)
{
	for (size_t i = 0; i < box->encr->icv_len; i++)
		if (io->icv[i])
			return false;
	return true;
}

/* --- all ------------------------------------------------------------------------------------------------- */

bool crypto_box_seal(struct crypto_box *box, const struct crypto_box_io *io)
{
	assert(box->sealing);
	if (box->integ)
		return cbc_seal(box, io);
	assert(io->tail.n == 0);
	return box->cipher ? aead_seal(box, io) : null_seal(box, io);
}

bool crypto_box_open(struct crypto_box *box, const struct crypto_box_io *io)
{
	bool ok;

	assert(!box->sealing);
	if (box->integ)
		return cbc_open(box, io);
	assert(io->tail.n == 0);
	if (!box->cipher)
		return null_open(box, io);
	ok = aead_open(box, io);
	if (!ok)
		/* Forged packets must not pile up in OpenSSL's queue. */
		ERR_clear_error();
	return ok;
}
