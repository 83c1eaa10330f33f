// SPDX-License-Identifier: GPL-2.0-or-later
/* Builder, see wr.h. Every writer goes through wr_room(), the one place with a bound. */
#include "bgpvpnd/base/wr.h"

uint8_t *wr_room(struct wr *wr, size_t n)
{
	uint8_t *room;

	if (wr->failed || n > wr->cap - wr->len) {
		wr->failed = true;
		return NULL;
	}
	room = wr->buf + wr->len;
	wr->len += n;
	return room;
}

static void put_uint(uint8_t *to, size_t n, uint64_t v)
{
	for (size_t i = n; i > 0; i--, v >>= 8)
		to[i - 1] = (uint8_t)v;
}

static bool fits(size_t n, uint64_t v)
{
	return n == sizeof(v) || v >> (8 * n) == 0;
}

static void wr_uint(struct wr *wr, size_t n, uint64_t v)
{
	uint8_t *room;

	if (!fits(n, v)) {
		wr->failed = true;
		return;
	}
	room = wr_room(wr, n);
	if (room)
		put_uint(room, n, v);
}

void wr_u8(struct wr *wr, uint64_t v)
{
	wr_uint(wr, 1, v);
}

void wr_u16(struct wr *wr, uint64_t v)
{
	wr_uint(wr, 2, v);
}

void wr_u32(struct wr *wr, uint64_t v)
{
	wr_uint(wr, 4, v);
}

void wr_u64(struct wr *wr, uint64_t v)
{
	wr_uint(wr, 8, v);
}

void wr_zero(struct wr *wr, size_t n)
{
	uint8_t *room = wr_room(wr, n);

	if (room)
		memset(room, 0, n);
}

void wr_bytes(struct wr *wr, struct bytes b)
{
	uint8_t *room = wr_room(wr, b.n);

	if (room && b.n)
		memcpy(room, b.p, b.n);
}

size_t wr_reserve(struct wr *wr, size_t n)
{
	size_t at = wr->len;

	wr_zero(wr, n);
	return at;
}

static void wr_close(struct wr *wr, size_t at, size_t n, size_t from)
{
	uint64_t v = wr->len - from;

	if (wr->failed)
		return;
	if (!fits(n, v)) {
		wr->failed = true;
		return;
	}
	put_uint(wr->buf + at, n, v);
}

void wr_close_u16(struct wr *wr, size_t at, size_t from)
{
	wr_close(wr, at, 2, from);
}

void wr_close_u32(struct wr *wr, size_t at, size_t from)
{
	wr_close(wr, at, 4, from);
}

void wr_patch_u8(struct wr *wr, size_t at, uint8_t v)
{
	if (!wr->failed)
		wr->buf[at] = v;
}
