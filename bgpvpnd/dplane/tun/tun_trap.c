// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets that wait for a Child SA, see tun_trap.h. Runs on the tun thread. */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/dplane/tun/tun_trap.h"

DEFINE_MTYPE_STATIC(BGPVPN, TUN_KEPT, "VPN TUN waiting packet");

DECLARE_LIST(tun_kept_list, struct tun_kept, item);

#define ASK_AGAIN_US USEC_PER_S

void tun_trap_init(struct tun_trap *trap)
{
	*trap = (struct tun_trap){};
	tun_kept_list_init(&trap->kept);
}

void tun_kept_free(struct tun_kept *kept)
{
	XFREE(MTYPE_TUN_KEPT, kept);
}

unsigned int tun_trap_clear(struct tun_trap *trap)
{
	struct tun_kept *kept;
	unsigned int n = 0;

	while ((kept = tun_kept_list_pop(&trap->kept))) {
		tun_kept_free(kept);
		n++;
	}
	return n;
}

void tun_trap_fini(struct tun_trap *trap)
{
	tun_trap_clear(trap);
	tun_kept_list_fini(&trap->kept);
}

bool tun_trap_ignores(const struct inner_ip *ip)
{
	if (ip->version == 4)
		return ip->proto == IPPROTO_IGMP;
	return ip->proto == IPPROTO_ICMPV6 && ip->dst.p[0] == 0xff && ip->dst.p[1] == 0x02;
}

unsigned int tun_trap_keep(struct tun_trap *trap, struct bytes packet, struct instant now)
{
	struct tun_kept *kept = XMALLOC(MTYPE_TUN_KEPT, sizeof(*kept) + packet.n);
	unsigned int dropped = 0;

	memset(kept, 0, sizeof(*kept));
	kept->came = now;
	kept->n = packet.n;
	memcpy(kept->buf, packet.p, packet.n);
	if (tun_kept_list_count(&trap->kept) >= LIMIT_TRAP_PACKETS) {
		tun_kept_free(tun_kept_list_pop(&trap->kept));
		dropped++;
	}
	tun_kept_list_add_tail(&trap->kept, kept);
	return dropped;
}

struct tun_kept *tun_trap_take(struct tun_trap *trap, struct instant now, unsigned int *late)
{
	struct tun_kept *kept;

	while ((kept = tun_kept_list_pop(&trap->kept))) {
		if (instant_diff(now, kept->came) <= LIMIT_TRAP_MS * USEC_PER_MS)
			return kept;
		tun_kept_free(kept);
		++*late;
	}
	return NULL;
}

bool tun_trap_asks(struct tun_trap *trap, struct instant now)
{
	if (trap->asked.us && instant_diff(now, trap->asked) < ASK_AGAIN_US)
		return false;
	trap->asked = now;
	return true;
}
