// SPDX-License-Identifier: GPL-2.0-or-later
/* Vectors are written in hex, as the RFCs print them; the tests read them with this. */
#ifndef BGPVPN_TESTS_VECTORS_HEX_H
#define BGPVPN_TESTS_VECTORS_HEX_H

#include <stdlib.h>

#include "bgpvpnd/base/bytes.h"

static inline uint8_t hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	if (!at)
		abort();
	return (uint8_t)(at - digits);
}

/* The bytes of a string literal. Each is read once and lives as long as the test program. */
static inline struct bytes hex_bytes(const char *hex)
{
	static uint8_t pool[128 * 1024];
	static size_t used, num_seen;
	static struct {
		const char *hex;
		struct bytes b;
	} seen[512];
	struct bytes b = {pool + used, strlen(hex) / 2};

	for (size_t i = 0; i < num_seen; i++)
		if (seen[i].hex == hex)
			return seen[i].b;
	if (strlen(hex) % 2 || b.n > sizeof(pool) - used || num_seen == sizeof(seen) / sizeof(seen[0]))
		abort();
	for (size_t i = 0; i < b.n; i++)
		pool[used++] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
	seen[num_seen].hex = hex;
	seen[num_seen++].b = b;
	return b;
}

#endif
