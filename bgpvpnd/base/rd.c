// SPDX-License-Identifier: GPL-2.0-or-later
/* Read cursor, see rd.h. Every reader goes through rd_bytes(), the one place with a bound. */
#include "bgpvpnd/base/rd.h"

bool rd_bytes(struct rd *rd, size_t n, struct bytes *v)
{
	if (n > rd_left(rd))
		return false;
	*v = (struct bytes){rd->p, n};
	if (n)
		rd->p += n;
	return true;
}

static bool rd_uint(struct rd *rd, size_t n, uint64_t *v)
{
	struct bytes b;
	uint64_t sum = 0;

	if (!rd_bytes(rd, n, &b))
		return false;
	for (size_t i = 0; i < n; i++)
		sum = sum << 8 | b.p[i];
	*v = sum;
	return true;
}

bool rd_u8(struct rd *rd, uint8_t *v)
{
	uint64_t wide;

	if (!rd_uint(rd, sizeof(*v), &wide))
		return false;
	*v = (uint8_t)wide;
	return true;
}

bool rd_u16(struct rd *rd, uint16_t *v)
{
	uint64_t wide;

	if (!rd_uint(rd, sizeof(*v), &wide))
		return false;
	*v = (uint16_t)wide;
	return true;
}

bool rd_u32(struct rd *rd, uint32_t *v)
{
	uint64_t wide;

	if (!rd_uint(rd, sizeof(*v), &wide))
		return false;
	*v = (uint32_t)wide;
	return true;
}

bool rd_u64(struct rd *rd, uint64_t *v)
{
	return rd_uint(rd, sizeof(*v), v);
}

bool rd_skip(struct rd *rd, size_t n)
{
	struct bytes skipped;

	return rd_bytes(rd, n, &skipped);
}

bool rd_sub(struct rd *rd, size_t n, struct rd *sub)
{
	struct bytes b;

	if (!rd_bytes(rd, n, &b))
		return false;
	*sub = rd_of(b);
	return true;
}

bool rd_copy(struct rd *rd, void *to, size_t n)
{
	struct bytes b;

	if (!rd_bytes(rd, n, &b))
		return false;
	if (n)
		memcpy(to, b.p, n);
	return true;
}
