// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key material: exactly sized, owned by one struct, wiped before its memory goes back.
 *
 * A struct secret lives embedded in what owns it. All zeroes is "no secret". Never copy one by
 * assignment: secret_copy() or secret_move(). Nothing here prints one.
 */
#ifndef BGPVPN_BASE_SECRET_H
#define BGPVPN_BASE_SECRET_H

#include "bgpvpnd/base/bytes.h"

struct secret {
	uint8_t *key;
	size_t len;
};

/* Makes room for len bytes, zeroed, in place of what was held; the caller fills secret->key. */
void secret_alloc(struct secret *s, size_t len);

/* Replaces what was held by a copy of b. */
void secret_set(struct secret *s, struct bytes b);
void secret_copy(struct secret *to, const struct secret *from);

/* `to` takes over what `from` held; `from` is empty afterwards. */
void secret_move(struct secret *to, struct secret *from);

/* Wipes and frees. Takes an empty secret too. */
void secret_fini(struct secret *s);

static inline struct bytes secret_view(const struct secret *s)
{
	return (struct bytes){s->key, s->len};
}

/* Constant time in the contents (not in the length). */
bool secret_equal(struct bytes a, struct bytes b);

/* For scratch on the stack: wipes in a way the compiler keeps. */
void secret_wipe(void *p, size_t n);

#endif
