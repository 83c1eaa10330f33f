// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The waiting room for packets of ours that no Child SA carries yet, of one interface (dplane_link_params.trap). They are sent in their order
 * when one comes, the oldest making room for new ones, so that the first packet of a tunnel on demand is not lost. Runs on the tun thread.
 */
#ifndef BGPVPN_TUN_TUN_TRAP_H
#define BGPVPN_TUN_TUN_TRAP_H

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/dplane/tun/inner_ip.h"

PREDECL_LIST(tun_kept_list);

struct tun_kept {
	struct tun_kept_list_item item;
	struct instant came;
	size_t n;
	uint8_t buf[];
};

struct tun_trap {
	struct tun_kept_list_head kept; /* the oldest first */
	struct instant asked;		/* an ACQUIRE went out; {0}: none yet */
};

void tun_trap_init(struct tun_trap *trap);

/* Forgets all, and returns how many that were. */
unsigned int tun_trap_clear(struct tun_trap *trap);
void tun_trap_fini(struct tun_trap *trap);

/*
 * What the kernel says by itself on an interface that comes up (neighbour discovery, multicast listeners): no traffic that a tunnel would
 * have to be dialed for.
 */
bool tun_trap_ignores(const struct inner_ip *ip);

/* Copies a packet. Returns how many others had to go, for there were too many. */
unsigned int tun_trap_keep(struct tun_trap *trap, struct bytes packet, struct instant now);

/* The oldest, which is the caller's to tun_kept_free(); NULL: no more. Adds to *late those that waited too long. */
struct tun_kept *tun_trap_take(struct tun_trap *trap, struct instant now, unsigned int *late) rd_must_check;
void tun_kept_free(struct tun_kept *kept);

/* True once a second: a Child SA is to be asked for. */
bool tun_trap_asks(struct tun_trap *trap, struct instant now);

#endif
