// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files about certificates and signatures share. Private to crypto/; the seam is crypto.h. */
#ifndef BGPVPN_CRYPTO_CRYPTO_X509_H
#define BGPVPN_CRYPTO_CRYPTO_X509_H

#include <openssl/x509.h>

#include "bgpvpnd/crypto/crypto.h"

#define X509_DIGEST_LEN 32

struct crypto_creds {
	uint32_t refs;
	EVP_PKEY *key;
	X509 *leaf;
	uint8_t num;
	size_t bytes; /* of all */
	struct {
		unsigned char *p;
		size_t n;
	} der[LIMIT_CERT_CHAIN];
};

struct crypto_trust {
	uint32_t refs;
	X509_STORE *store;
	uint8_t num_hashes;
	uint8_t hashes[LIMIT_CERTREQ * CRYPTO_SHA1_LEN];
	uint8_t digest[X509_DIGEST_LEN]; /* of the files it came from */
};

struct crypto_cert {
	X509 *x509;
};

/* Kinds of keys that we sign and check with; 0: another. */
enum x509_key {
	X509_KEY_NONE,
	X509_KEY_RSA,
	X509_KEY_ECDSA_256,
	X509_KEY_ECDSA_384,
	X509_KEY_ECDSA_521,
	X509_KEY_ED25519,
};
enum x509_key x509_key_of(EVP_PKEY *key);

bool x509_has_id(X509 *x509, uint8_t type, struct bytes value);

/* crypto_dn.c; borrowed by nobody, "" for an empty name */
const char *x509_name_format(const X509_NAME *name, char *buf, size_t len);

#endif
