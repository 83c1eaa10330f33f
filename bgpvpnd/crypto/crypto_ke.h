// SPDX-License-Identifier: GPL-2.0-or-later
/* Inside of the crypto folder only: a key pair, shared by crypto_ke.c and crypto_ke_known.c. */
#ifndef BGPVPN_CRYPTO_CRYPTO_KE_H
#define BGPVPN_CRYPTO_CRYPTO_KE_H

#include "bgpvpnd/crypto/crypto_suite.h"

struct crypto_ke {
	const struct suite_ke *suite;
	EVP_PKEY *pkey; /* NULL for the null method */
	bool answers;
	struct secret shared; /* a KEM's, of who answers, until it is asked for */
	uint8_t public[LIMIT_KE_PUBLIC];
};

/* crypto_kem.c: encapsulation to the peer's key, into ke->public and ke->shared; and decapsulation. */
bool kem_encapsulate(struct crypto_ke *ke, struct bytes peer_public);
bool kem_decapsulate(const struct crypto_ke *ke, struct bytes ciphertext, struct secret *shared);

/*
 * Takes over pkey and writes its public value in the form of the KE payload. NULL, with pkey freed, when OpenSSL
 * does not hand it out in the length of the method.
 */
struct crypto_ke *ke_of_pkey(const struct suite_ke *suite, EVP_PKEY *pkey);

/* The null method's key pair: the public value is the private one. */
struct crypto_ke *ke_of_null(const struct suite_ke *suite, const uint8_t private[NULL_KE_LEN]);

#endif
