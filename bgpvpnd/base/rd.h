// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Read cursor: the only way the daemon looks into bytes that came from outside.
 *
 * A cursor moves forward and never past its end. Every reader returns false and leaves the cursor and
 * the out parameter untouched when there are not enough bytes, so a decoder reads straight down with &&.
 * Integers are big-endian, as on the wire.
 */
#ifndef BGPVPN_BASE_RD_H
#define BGPVPN_BASE_RD_H

#include "bgpvpnd/base/bytes.h"

#define rd_must_check __attribute__((warn_unused_result))

struct rd {
	const uint8_t *p;
	const uint8_t *end;
};

static inline struct rd rd_of(struct bytes b)
{
	/* NULL + 0 is undefined in C, and an empty view may well be NULL. */
	return (struct rd){b.p, b.n ? b.p + b.n : b.p};
}

static inline size_t rd_left(const struct rd *rd)
{
	return (size_t)(rd->end - rd->p);
}

/* What is left, without moving the cursor. */
static inline struct bytes rd_rest(const struct rd *rd)
{
	return (struct bytes){rd->p, rd_left(rd)};
}

bool rd_u8(struct rd *rd, uint8_t *v) rd_must_check;
bool rd_u16(struct rd *rd, uint16_t *v) rd_must_check;
bool rd_u32(struct rd *rd, uint32_t *v) rd_must_check;
bool rd_u64(struct rd *rd, uint64_t *v) rd_must_check;
bool rd_skip(struct rd *rd, size_t n) rd_must_check;

/* The next n bytes as a borrowed view. */
bool rd_bytes(struct rd *rd, size_t n, struct bytes *v) rd_must_check;

/* The next n bytes as a cursor of their own; the parent moves past them. */
bool rd_sub(struct rd *rd, size_t n, struct rd *sub) rd_must_check;

/* Copies exactly n bytes out. */
bool rd_copy(struct rd *rd, void *to, size_t n) rd_must_check;

#endif
