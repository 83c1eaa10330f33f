// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets that came before their SA, see tun_early.h. Runs on the tun thread. */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/dplane/tun/tun_early.h"

DEFINE_MTYPE_STATIC(BGPVPN, TUN_EARLY, "VPN TUN early packets");

struct tun_early_slot {
	uint32_t spi; /* 0: empty */
	struct instant came;
	size_t n;
	uint8_t buf[LIMIT_EARLY_BYTES];
};

/* A ring: `next` is the oldest, and the next to be overwritten. */
struct tun_early {
	size_t next;
	struct tun_early_slot slot[LIMIT_EARLY_PACKETS];
};

struct tun_early *tun_early_new(void)
{
	return XCALLOC(MTYPE_TUN_EARLY, sizeof(struct tun_early));
}

void tun_early_free(struct tun_early **early)
{
	XFREE(MTYPE_TUN_EARLY, *early);
}

void tun_early_keep(struct tun_early *early, uint32_t spi, const struct seg *seg, struct instant now)
{
	struct tun_early_slot *slot = &early->slot[early->next];

	if (seg->n > sizeof(slot->buf))
		return;
	early->next = (early->next + 1) % LIMIT_EARLY_PACKETS;
	slot->spi = spi;
	slot->came = now;
	slot->n = seg->n;
	memcpy(slot->buf, seg->p, seg->n);
}

bool tun_early_take(struct tun_early *early, uint32_t spi, struct instant now, struct seg *seg)
{
	for (size_t i = 0; i < LIMIT_EARLY_PACKETS; i++) {
		struct tun_early_slot *slot = &early->slot[(early->next + i) % LIMIT_EARLY_PACKETS];

		if (slot->spi != spi)
			continue;
		slot->spi = 0;
		if (instant_diff(now, slot->came) > LIMIT_EARLY_MS * USEC_PER_MS)
			continue;
		*seg = (struct seg){.p = slot->buf, .n = slot->n};
		return true;
	}
	return false;
}
