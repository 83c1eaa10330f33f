// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Builder: the only way the daemon puts bytes on the wire.
 *
 * It writes into a buffer that the caller owns. An overflow, or a value that does not fit its field, sets
 * `failed` and stays set; the writer goes on as if nothing had happened and the caller asks once, at the end.
 * A length field is a reservation (wr_reserve_*) that wr_close_* fills with what was written since.
 */
#ifndef BGPVPN_BASE_WR_H
#define BGPVPN_BASE_WR_H

#include "bgpvpnd/base/bytes.h"

struct wr {
	uint8_t *buf;
	size_t cap;
	size_t len;
	bool failed;
};

static inline struct wr wr_of(uint8_t *buf, size_t cap)
{
	return (struct wr){.buf = buf, .cap = cap};
}

static inline struct bytes wr_bytes_view(const struct wr *wr)
{
	return (struct bytes){wr->buf, wr->len};
}

void wr_u8(struct wr *wr, uint64_t v);
void wr_u16(struct wr *wr, uint64_t v);
void wr_u32(struct wr *wr, uint64_t v);
void wr_u64(struct wr *wr, uint64_t v);
void wr_zero(struct wr *wr, size_t n);
void wr_bytes(struct wr *wr, struct bytes b);

/* Room for n bytes that the caller fills itself; NULL when there is none (and then `failed` is set). */
uint8_t *wr_room(struct wr *wr, size_t n);

/*
 * A field to be filled later: returns its offset. wr_close_u16/u32 write `wr->len - from` into the field at
 * offset `at`. With from = the start of a structure, that is the length of the structure.
 */
size_t wr_reserve(struct wr *wr, size_t n);
void wr_close_u16(struct wr *wr, size_t at, size_t from);
void wr_close_u32(struct wr *wr, size_t at, size_t from);
void wr_patch_u8(struct wr *wr, size_t at, uint8_t v);

#endif
