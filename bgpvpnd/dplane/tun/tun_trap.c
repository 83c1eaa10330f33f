// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets that wait for a Child SA, see tun_trap.h. Runs on the tun thread. */
#include <zebra.h>

#include "bgpvpnd/dplane/tun/tun_trap.h"

#define ASK_AGAIN_US USEC_PER_S

void tun_trap_init(struct tun_trap *trap)
{
	*trap = (struct tun_trap){};
	held_init(&trap->held, LIMIT_TRAP_PACKETS, LIMIT_TRAP_BYTES, LIMIT_TRAP_MS * USEC_PER_MS);
}

void tun_trap_fini(struct tun_trap *trap)
{
	held_fini(&trap->held);
}

uint64_t tun_trap_lost(struct tun_trap *trap)
{
	uint64_t lost = trap->held.lost - trap->told;

	trap->told = trap->held.lost;
	return lost;
}

bool tun_trap_ignores(const struct inner_ip *ip)
{
	if (ip->version == 4)
		return ip->proto == IPPROTO_IGMP;
	return ip->proto == IPPROTO_ICMPV6 && ip->dst.p[0] == 0xff && ip->dst.p[1] == 0x02;
}

bool tun_trap_asks(struct tun_trap *trap, struct instant now)
{
	if (trap->asked.us && instant_diff(now, trap->asked) < ASK_AGAIN_US)
		return false;
	trap->asked = now;
	return true;
}
