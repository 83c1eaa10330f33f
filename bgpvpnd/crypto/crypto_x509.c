// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Our own certificates and the authorities that we trust, from PEM. Called by the shell, which reads the files, and counted from then on.
 */
#include <zebra.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/memory.h"

#include "bgpvpnd/crypto/crypto_x509.h"

DEFINE_MTYPE_STATIC(BGPVPN, CREDS, "VPN certificate");
DEFINE_MTYPE_STATIC(BGPVPN, TRUST, "VPN certification authorities");

/* RFC 8247 4.1.1: RSA of less than 2048 bits is out. The level of OpenSSL that says so asks 112 bits of all. */
#define RSA_BITS_MIN   2048
#define SECURITY_LEVEL 2

enum x509_key x509_key_of(EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		return EVP_PKEY_get_bits(key) >= RSA_BITS_MIN ? X509_KEY_RSA : X509_KEY_NONE;
	case EVP_PKEY_ED25519:
		return X509_KEY_ED25519;
	case EVP_PKEY_EC:
		break;
	default:
		return X509_KEY_NONE;
	}
	char group[32] = "";

	EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
	switch (OBJ_sn2nid(group)) {
	case NID_X9_62_prime256v1:
		return X509_KEY_ECDSA_256;
	case NID_secp384r1:
		return X509_KEY_ECDSA_384;
	case NID_secp521r1:
		return X509_KEY_ECDSA_521;
	default:
		return X509_KEY_NONE;
	}
}

static const char *openssl_words(void)
{
	const char *words = ERR_reason_error_string(ERR_peek_last_error());

	return words ? words : "unknown error";
}

/* No more PEM blocks of this kind: the end of a file, not an error. */
static bool no_more(void)
{
	unsigned long error = ERR_peek_last_error();

	return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static BIO *bio_of(struct bytes pem)
{
	ERR_clear_error();
	return BIO_new_mem_buf(pem.n ? (const void *)pem.p : "", (int)pem.n);
}

/* --- ours ------------------------------------------------------------------------------------------------ */

static bool creds_add(struct crypto_creds *creds, X509 *x509)
{
	int n = i2d_X509(x509, &creds->der[creds->num].p);

	if (n <= 0 || (creds->bytes += (size_t)n) > LIMIT_CERT_BYTES) {
		OPENSSL_free(creds->der[creds->num].p);
		return false;
	}
	creds->der[creds->num++].n = (size_t)n;
	if (!creds->leaf) {
		X509_up_ref(x509);
		creds->leaf = x509;
	}
	return true;
}

static bool creds_read_chain(struct crypto_creds *creds, struct bytes pem, char *err, size_t err_len)
{
	BIO *bio = bio_of(pem);
	X509 *x509 = NULL;
	bool ok = true;

	while (ok && (x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		ok = creds->num < LIMIT_CERT_CHAIN && creds_add(creds, x509);
		X509_free(x509);
	}
	BIO_free(bio);
	if (!ok)
		snprintf(err, err_len, "more than %d certificates, or more than %d bytes of them",
			 LIMIT_CERT_CHAIN, LIMIT_CERT_BYTES);
	else if (!creds->num || !no_more())
		snprintf(err, err_len, "no certificate in PEM: %s", openssl_words());
	return ok && creds->num && no_more();
}

/* A key with a passphrase would make OpenSSL ask for it at the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	bool *asked = arg;

	*asked = true;
	return -1;
}

static bool creds_read_key(struct crypto_creds *creds, struct bytes pem, char *err, size_t err_len)
{
	BIO *bio = bio_of(pem);
	bool asked = false;

	creds->key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
	BIO_free(bio);
	if (!creds->key && asked)
		snprintf(err, err_len, "the private key is encrypted; store it without a passphrase");
	else if (!creds->key)
		snprintf(err, err_len, "no private key in PEM: %s", openssl_words());
	else if (x509_key_of(creds->key) == X509_KEY_NONE)
		snprintf(err, err_len,
			 "the key is not RSA of %d bits or more, ECDSA P-256, P-384, P-521 or Ed25519",
			 RSA_BITS_MIN);
	else if (X509_check_private_key(creds->leaf, creds->key) != 1)
		snprintf(err, err_len, "the private key does not belong to the first certificate");
	else
		return true;
	return false;
}

struct crypto_creds *crypto_creds_from_pem(struct bytes chain, struct bytes key, char *err, size_t err_len)
{
	struct crypto_creds *creds = XCALLOC(MTYPE_CREDS, sizeof(*creds));
	bool ok;

	creds->refs = 1;
	ok = creds_read_chain(creds, chain, err, err_len) && creds_read_key(creds, key, err, err_len);
	ERR_clear_error();
	if (ok)
		return creds;
	crypto_creds_unref(creds);
	return NULL;
}

struct crypto_creds *crypto_creds_ref(struct crypto_creds *creds)
{
	if (creds)
		creds->refs++;
	return creds;
}

void crypto_creds_unref(struct crypto_creds *creds)
{
	if (!creds || --creds->refs > 0)
		return;
	for (unsigned int i = 0; i < creds->num; i++)
		OPENSSL_free(creds->der[i].p);
	X509_free(creds->leaf);
	EVP_PKEY_free(creds->key);
	XFREE(MTYPE_CREDS, creds);
}

/* The key belongs to the first certificate, so it is the same when that is. */
bool crypto_creds_same(const struct crypto_creds *a, const struct crypto_creds *b)
{
	if (!a || !b)
		return a == b;
	if (a->num != b->num)
		return false;
	for (unsigned int i = 0; i < a->num; i++)
		if (!bytes_equal(crypto_creds_der(a, i), crypto_creds_der(b, i)))
			return false;
	return true;
}

unsigned int crypto_creds_num(const struct crypto_creds *creds)
{
	return creds->num;
}

struct bytes crypto_creds_der(const struct crypto_creds *creds, unsigned int i)
{
	return bytes_make(creds->der[i].p, creds->der[i].n);
}

bool crypto_creds_has_id(const struct crypto_creds *creds, uint8_t type, struct bytes value)
{
	return x509_has_id(creds->leaf, type, value);
}

size_t crypto_creds_subject(const struct crypto_creds *creds, uint8_t *to, size_t cap)
{
	X509_NAME *subject = X509_get_subject_name(creds->leaf);
	int n = X509_NAME_entry_count(subject) ? i2d_X509_NAME(subject, NULL) : 0;

	if (n <= 0 || (size_t)n > cap)
		return 0;
	i2d_X509_NAME(subject, &to);
	return (size_t)n;
}

/* --- those that we trust --------------------------------------------------------------------------------- */

static void trust_note_key(struct crypto_trust *trust, X509 *ca)
{
	uint8_t *to = trust->hashes + trust->num_hashes * CRYPTO_SHA1_LEN;
	unsigned char *der = NULL;
	struct bytes spki;
	int n;

	if (trust->num_hashes == LIMIT_CERTREQ)
		return;
	n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(ca), &der);
	spki = bytes_make(der, n > 0 ? (size_t)n : 0);
	crypto_sha1(&spki, 1, to);
	OPENSSL_free(der);
	trust->num_hashes++;
}

static bool trust_read_cas(struct crypto_trust *trust, struct bytes pem, char *err, size_t err_len)
{
	BIO *bio = bio_of(pem);
	unsigned int found = 0;
	bool ok = true, end;
	X509 *ca;

	while (ok && (ca = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		ok = X509_check_ca(ca) != 0;
		if (!ok)
			snprintf(err, err_len, "certificate %u is not one of a certification authority",
				 found + 1);
		else if (X509_STORE_add_cert(trust->store, ca))
			trust_note_key(trust, ca);
		found++;
		X509_free(ca);
	}
	end = no_more();
	BIO_free(bio);
	if (ok && (!found || !end))
		snprintf(err, err_len, "no certificate in PEM: %s", openssl_words());
	return ok && found && end;
}

static bool trust_read_crls(struct crypto_trust *trust, struct bytes pem, char *err, size_t err_len)
{
	BIO *bio = bio_of(pem);
	unsigned int found = 0;
	X509_CRL *crl;
	bool end;

	while ((crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL))) {
		X509_STORE_add_crl(trust->store, crl);
		X509_CRL_free(crl);
		found++;
	}
	end = no_more();
	BIO_free(bio);
	if (!found || !end)
		snprintf(err, err_len, "no revocation list in PEM: %s", openssl_words());
	return found && end;
}

/* Anchors need not be self-signed; nothing weaker than 112 bits anywhere in a chain. */
static void trust_set_rules(struct crypto_trust *trust, bool crls)
{
	X509_VERIFY_PARAM *rules = X509_STORE_get0_param(trust->store);
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;

	if (crls)
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
	X509_VERIFY_PARAM_set_flags(rules, flags);
	X509_VERIFY_PARAM_set_auth_level(rules, SECURITY_LEVEL);
}

static void trust_set_digest(struct crypto_trust *trust, struct bytes cas, struct bytes crls)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t place = 0;

	if (!ctx || EVP_DigestInit(ctx, EVP_sha256()) <= 0 || EVP_DigestUpdate(ctx, cas.p, cas.n) <= 0 ||
	    EVP_DigestUpdate(ctx, &place, 1) <= 0 || EVP_DigestUpdate(ctx, crls.p, crls.n) <= 0 ||
	    EVP_DigestFinal(ctx, trust->digest, NULL) <= 0)
		abort();
	EVP_MD_CTX_free(ctx);
}

struct crypto_trust *crypto_trust_from_pem(struct bytes cas, struct bytes crls, char *err, size_t err_len)
{
	struct crypto_trust *trust = XCALLOC(MTYPE_TRUST, sizeof(*trust));
	bool ok;

	trust->refs = 1;
	trust->store = X509_STORE_new();
	ok = trust->store && trust_read_cas(trust, cas, err, err_len) &&
	     (!crls.n || trust_read_crls(trust, crls, err, err_len));
	ERR_clear_error();
	if (!ok) {
		crypto_trust_unref(trust);
		return NULL;
	}
	trust_set_rules(trust, crls.n > 0);
	trust_set_digest(trust, cas, crls);
	return trust;
}

struct crypto_trust *crypto_trust_ref(struct crypto_trust *trust)
{
	if (trust)
		trust->refs++;
	return trust;
}

void crypto_trust_unref(struct crypto_trust *trust)
{
	if (!trust || --trust->refs > 0)
		return;
	X509_STORE_free(trust->store);
	XFREE(MTYPE_TRUST, trust);
}

bool crypto_trust_same(const struct crypto_trust *a, const struct crypto_trust *b)
{
	if (!a || !b)
		return a == b;
	return memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

struct bytes crypto_trust_key_hashes(const struct crypto_trust *trust)
{
	return bytes_make(trust->hashes, (size_t)trust->num_hashes * CRYPTO_SHA1_LEN);
}
