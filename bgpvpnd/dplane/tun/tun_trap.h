// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The waiting room for packets of ours that no Child SA carries yet, of one interface (dplane_link_params.trap). The first ones are sent in
 * their order when one comes, so that the first packet of a tunnel on demand is not lost. Runs on the tun thread.
 */
#ifndef BGPVPN_TUN_TUN_TRAP_H
#define BGPVPN_TUN_TUN_TRAP_H

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/dplane/held.h"
#include "bgpvpnd/dplane/tun/inner_ip.h"

struct tun_trap {
	struct held held;
	uint64_t told;	      /* of held.lost */
	struct instant asked; /* an ACQUIRE went out; {0}: none yet */
};

void tun_trap_init(struct tun_trap *trap);
void tun_trap_fini(struct tun_trap *trap);

/* How many packets were lost that it has not told of yet. */
uint64_t tun_trap_lost(struct tun_trap *trap);

/*
 * What the kernel says by itself on an interface that comes up (neighbour discovery, multicast listeners): no traffic that a tunnel would
 * have to be dialed for.
 */
bool tun_trap_ignores(const struct inner_ip *ip);

/* True once a second: a Child SA is to be asked for. */
bool tun_trap_asks(struct tun_trap *trap, struct instant now);

#endif
