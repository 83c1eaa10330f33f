// SPDX-License-Identifier: GPL-2.0-or-later
/* Key material, see secret.h. */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/base/memgroup.h"
#include "bgpvpnd/base/secret.h"

DEFINE_MTYPE_STATIC(BGPVPN, SECRET, "VPN key material");

void secret_wipe(void *p, size_t n)
{
	if (n)
		explicit_bzero(p, n);
}

void secret_fini(struct secret *s)
{
	secret_wipe(s->key, s->len);
	XFREE(MTYPE_SECRET, s->key);
	s->len = 0;
}

void secret_alloc(struct secret *s, size_t len)
{
	secret_fini(s);
	if (len)
		s->key = XCALLOC(MTYPE_SECRET, len);
	s->len = len;
}

void secret_set(struct secret *s, struct bytes b)
{
	struct secret fresh = {};

	secret_alloc(&fresh, b.n);
	if (b.n)
		memcpy(fresh.key, b.p, b.n);
	secret_move(s, &fresh);
}

void secret_copy(struct secret *to, const struct secret *from)
{
	secret_set(to, secret_view(from));
}

void secret_move(struct secret *to, struct secret *from)
{
	secret_fini(to);
	to->key = from->key;
	to->len = from->len;
	from->key = NULL;
	from->len = 0;
}

bool secret_equal(struct bytes a, struct bytes b)
{
	volatile uint8_t differ = 0;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		differ |= a.p[i] ^ b.p[i];
	return differ == 0;
}
