// SPDX-License-Identifier: GPL-2.0-or-later
/* Random bytes for nonces, SPIs, IVs and cookies. */
#include <zebra.h>

#include <openssl/rand.h>

#include "bgpvpnd/crypto/crypto.h"

void crypto_random(void *to, size_t n)
{
	if (n > INT_MAX || RAND_bytes(to, (int)n) != 1)
		abort();
}
