// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The null suite, for tests only: a cipher that leaves the text as it is, with an ICV of zeros, and a key exchange
 * whose secret is public. A fuzzer or a simulation switches it on; then what it wrote is what the engine
 * reads. Its cipher number is that of ENCR_NULL, RFC 2410, but the shape is an AEAD's (8-byte IV, 16-byte ICV), so
 * that messages keep the usual outline.
 */
#include <zebra.h>

#include "bgpvpnd/crypto/crypto_suite.h"

static const struct suite_encr encr_null = {
	.row = {.id = IKE_ENCR_NULL,
		.name = "null",
		.aead = true,
		.iv_len = 8,
		.block_len = 1,
		.icv_len = 16},
};

static const struct suite_ke ke_null = {
	.row = {CRYPTO_KE_NULL, "kenull", NULL_KE_LEN, NULL_KE_LEN, NULL_KE_LEN},
	.kind = SUITE_KE_NULL,
};

static const struct suite_ke kem_null = {
	.row = {CRYPTO_KEM_NULL, "kemnull", 1568, 1088, NULL_KE_LEN},
	.kind = SUITE_KE_KEM_NULL,
};

static bool enabled;

void crypto_null_enable(bool enable)
{
	enabled = enable;
}

const struct crypto_encr *null_encr(void)
{
	return enabled ? &encr_null.row : NULL;
}

const struct crypto_ke_method *null_ke_method(void)
{
	return enabled ? &ke_null.row : NULL;
}

const struct crypto_ke_method *null_kem_method(void)
{
	return enabled ? &kem_null.row : NULL;
}
