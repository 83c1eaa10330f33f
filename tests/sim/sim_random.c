// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * OpenSSL's own random numbers (key exchanges, ECDSA, PSS salts) come from the seed as well: else a signature is a byte longer now and
 * then, a message has a fragment more, and the seed does not replay.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <zebra.h>

#include <openssl/rand.h>

#include "tests/helpers/sim_net.h"
#include "tests/sim/sim_run.h"

static uint64_t state = 1;

static int give(unsigned char *to, int n)
{
	for (int i = 0; i < n; i++)
		to[i] = (unsigned char)(sim_rng(&state) >> 56);
	return 1;
}

static int ready(void)
{
	return 1;
}

void sim_random_seed(uint64_t seed)
{
	static const RAND_METHOD method = {.bytes = give, .pseudorand = give, .status = ready};

	state = sim_rng_seed(seed);
	RAND_set_rand_method(&method);
}
