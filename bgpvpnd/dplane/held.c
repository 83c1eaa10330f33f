// SPDX-License-Identifier: GPL-2.0-or-later
/* See held.h. */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/base/memgroup.h"
#include "bgpvpnd/dplane/held.h"

DEFINE_MTYPE_STATIC(BGPVPN, HELD_PACKET, "VPN packet that waits");

DECLARE_DLIST(held_packets, struct held_packet, item);

void held_init(struct held *held, size_t max_packets, size_t max_bytes, int64_t max_age_us)
{
	*held = (struct held){.max_packets = max_packets, .max_bytes = max_bytes, .max_age_us = max_age_us};
	held_packets_init(&held->packets);
}

void held_packet_free(struct held_packet *packet)
{
	XFREE(MTYPE_HELD_PACKET, packet);
}

static void leave(struct held *held, struct held_packet *packet)
{
	held_packets_del(&held->packets, packet);
	held->bytes -= packet->len;
}

static void forget(struct held *held, struct held_packet *packet)
{
	leave(held, packet);
	held_packet_free(packet);
	held->lost++;
}

void held_clear(struct held *held)
{
	struct held_packet *packet;

	while ((packet = held_packets_first(&held->packets)))
		forget(held, packet);
}

void held_fini(struct held *held)
{
	held_clear(held);
	held_packets_fini(&held->packets);
}

static void forget_old(struct held *held, struct instant now)
{
	struct held_packet *packet;

	while ((packet = held_packets_first(&held->packets)) &&
	       instant_diff(now, packet->at) > held->max_age_us)
		forget(held, packet);
}

void held_keep(struct held *held, uint32_t key, struct bytes bytes, struct instant now)
{
	struct held_packet *packet;

	forget_old(held, now);
	if (held_packets_count(&held->packets) >= held->max_packets ||
	    held->bytes + bytes.n > held->max_bytes) {
		held->lost++;
		return;
	}
	packet = XCALLOC(MTYPE_HELD_PACKET, sizeof(*packet) + bytes.n);
	packet->key = key;
	packet->at = now;
	packet->len = bytes.n;
	memcpy(packet->bytes, bytes.p, bytes.n);
	held_packets_add_tail(&held->packets, packet);
	held->bytes += bytes.n;
}

struct held_packet *held_take(struct held *held, uint32_t key, struct instant now)
{
	struct held_packet *packet;

	forget_old(held, now);
	frr_each (held_packets, &held->packets, packet) {
		if (packet->key != key)
			continue;
		leave(held, packet);
		return packet;
	}
	return NULL;
}
