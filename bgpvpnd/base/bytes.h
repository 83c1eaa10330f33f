// SPDX-License-Identifier: GPL-2.0-or-later
/* A borrowed run of bytes: whoever made it owns the memory, and it dies with that. */
#ifndef BGPVPN_BASE_BYTES_H
#define BGPVPN_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *p;
	size_t n;
};

/* View of an array whose size the compiler knows. */
#define BYTES_OF(array) ((struct bytes){(array), sizeof(array)})

static inline struct bytes bytes_make(const void *p, size_t n)
{
	return (struct bytes){p, n};
}

static inline struct bytes bytes_str(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* Not constant time: never for secrets, see secret.h. */
static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

#endif
