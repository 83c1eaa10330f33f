// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets that are kept for a moment, a bounded number of them in the order of their coming. Private to the planes; each is one thread's. */
#ifndef BGPVPN_DPLANE_HELD_H
#define BGPVPN_DPLANE_HELD_H

#include <zebra.h>

#include "lib/typesafe.h"

#include "bgpvpnd/base/base.h"

PREDECL_DLIST(held_packets);

struct held_packet {
	struct held_packets_item item;
	uint32_t key;
	struct instant at;
	size_t len;
	uint8_t bytes[];
};

struct held {
	struct held_packets_head packets;
	size_t bytes;
	size_t max_packets;
	size_t max_bytes;
	int64_t max_age_us;
	uint64_t lost; /* found no room, were too old, or were cleared */
};

void held_init(struct held *held, size_t max_packets, size_t max_bytes, int64_t max_age_us);
void held_clear(struct held *held);
void held_fini(struct held *held);

/* Copies a packet; one that finds no room is not kept: the first ones are those that somebody waits for. */
void held_keep(struct held *held, uint32_t key, struct bytes packet, struct instant now);

/* The oldest with this key, NULL: no more; held_packet_free() it. */
struct held_packet *held_take(struct held *held, uint32_t key, struct instant now);
void held_packet_free(struct held_packet *packet);

#endif
