// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ESP that comes before its SA: a responder sends as soon as it has answered (RFC 7296 2.8 lets it), and the kernel drops what it has no SA
 * for. While SPIs are promised to a peer and not installed, raw sockets filtered for just these have a copy of such packets; when the SA is there
 * they are sent to ourselves again. Nobody reads them before: how much is kept is the sockets' buffers. Main thread.
 */
#ifndef BGPVPN_XFRM_XFRM_EARLY_H
#define BGPVPN_XFRM_XFRM_EARLY_H

#include "bgpvpnd/dplane/held.h"

struct dplane;

#define XFRM_EARLY_WAYS 4

struct xfrm_early {
	int in[XFRM_EARLY_WAYS]; /* -1: closed */
	int out[2];		 /* IPv4, IPv6 */
	uint32_t spis[LIMIT_EARLY_SPIS];
	unsigned int n;
	uint64_t taken; /* packets that were sent again */
	struct held held; /* read already, for another SPI than was asked for */
};

void xfrm_early_init(struct xfrm_early *early);
void xfrm_early_fini(struct xfrm_early *early);

/* A SPI is promised; it is not any more. */
void xfrm_early_expect(struct xfrm_early *early, struct dplane *dp, uint32_t spi);
void xfrm_early_forget(struct xfrm_early *early, struct dplane *dp, uint32_t spi);

/* Its SA is there: what came before comes again. */
void xfrm_early_arrive(struct xfrm_early *early, struct dplane *dp, uint32_t spi, struct instant now);

#endif
