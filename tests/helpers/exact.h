// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes for tests. A decoder is given a copy in a heap block of exactly its size, so that AddressSanitizer
 * sees the first byte read outside.
 */
#ifndef BGPVPN_TESTS_EXACT_H
#define BGPVPN_TESTS_EXACT_H

#include <stdlib.h>
#include <string.h>

#include "bgpvpnd/base/bytes.h"

/* BYTES(1, 2, 3): a view of these bytes, alive until the end of the block. */
#define BYTES(...) ((struct bytes){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})

/* The caller frees ->p with exact_free(). */
static inline struct bytes exact_copy(struct bytes b)
{
	uint8_t *p = malloc(b.n);

	if (!p && b.n)
		abort();
	if (b.n)
		memcpy(p, b.p, b.n);
	return (struct bytes){p, b.n};
}

static inline void exact_free(struct bytes b)
{
	free((void *)b.p);
}

#endif
