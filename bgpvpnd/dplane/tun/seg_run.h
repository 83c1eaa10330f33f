// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The buffer of the user-space plane: a run of segments. Everything that moves packets takes a run, so that
 * offloads (a TSO packet of the TUN, UDP_SEGMENT, UDP_GRO) only make runs longer. ESP works in place: each
 * segment has room before it for the ESP header and room after it for the trailer.
 */
#ifndef BGPVPN_TUN_SEG_RUN_H
#define BGPVPN_TUN_SEG_RUN_H

#include <stddef.h>
#include <stdint.h>

struct seg_run {
	uint8_t *base;	 /* first byte of the first segment */
	size_t seg_len;	 /* of every segment but the last */
	size_t last_len; /* of the last: 1 to seg_len */
	size_t stride;	 /* from one segment to the next, at least seg_len */
	unsigned int count;
	size_t headroom; /* writable bytes before each segment */
	size_t tailroom; /* writable bytes after each */
};

/* One segment: a packet that grows and shrinks at both ends. */
struct seg {
	uint8_t *p;
	size_t n;
	size_t headroom;
	size_t tailroom;
};

static inline struct seg seg_run_at(const struct seg_run *run, unsigned int i)
{
	return (struct seg){
		.p = run->base + i * run->stride,
		.n = i + 1 == run->count ? run->last_len : run->seg_len,
		.headroom = run->headroom,
		.tailroom = run->tailroom,
	};
}

/* A run of one segment, `cap` bytes of buffer with the segment at `headroom`. */
static inline struct seg_run seg_run_one(uint8_t *buf, size_t cap, size_t headroom, size_t n)
{
	return (struct seg_run){
		.base = buf + headroom,
		.seg_len = n,
		.last_len = n,
		.stride = n,
		.count = 1,
		.headroom = headroom,
		.tailroom = cap - headroom - n,
	};
}

/*
 * What one receive call put into buf: datagrams of seg_len bytes one after another, the last may be shorter.

 */
static inline struct seg_run seg_run_received(uint8_t *buf, size_t n, size_t seg_len)
{
	size_t each = seg_len && seg_len < n ? seg_len : n;
	unsigned int count = n ? (unsigned int)((n + each - 1) / each) : 0;

	return (struct seg_run){
		.base = buf,
		.seg_len = each,
		.last_len = count ? n - (count - 1) * each : 0,
		.stride = each,
		.count = count,
	};
}

#endif
