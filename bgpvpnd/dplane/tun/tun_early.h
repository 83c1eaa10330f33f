// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The waiting room for ESP packets whose SA is not there yet. A responder sends on a new SA as soon as it has answered
 * IKE_AUTH (RFC 7296 2.8 lets it), and its first packets overtake that answer: it has still to be checked, and the SA to be
 * installed. They are kept for a moment and taken up when the SA comes, so that a change to a new IKE SA loses nothing.
 *
 * Whoever sends a flood of unknown SPIs only pushes others out: it costs a copy a packet, and the memory is fixed.
 */
#ifndef BGPVPN_TUN_TUN_EARLY_H
#define BGPVPN_TUN_TUN_EARLY_H

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/dplane/tun/seg_run.h"

struct tun_early;

struct tun_early *tun_early_new(void);
void tun_early_free(struct tun_early **early);

/* Copies a packet; one that is too long is not kept. */
void tun_early_keep(struct tun_early *early, uint32_t spi, const struct seg *seg, struct instant now);

/* The next packet of that SPI, in the order in which they came; it is valid until the next keep. False: no more. */
bool tun_early_take(struct tun_early *early, uint32_t spi, struct instant now, struct seg *seg) rd_must_check;

#endif
