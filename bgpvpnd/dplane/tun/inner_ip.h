// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The packet inside the tunnel, as far as the plane looks into it: pure. Used on both ways, for the traffic
 * selectors (RFC 4301 4.4.1.1, RFC 7296 3.13.1), the true length, DSCP and DF.
 */
#ifndef BGPVPN_TUN_INNER_IP_H
#define BGPVPN_TUN_INNER_IP_H

#include "bgpvpnd/base/base.h"

/* Views borrow from the packet. */
struct inner_ip {
	uint8_t version; /* 4 or 6 */
	uint8_t dscp;
	uint8_t proto;	     /* of the upper layer, behind IPv6 extension headers */
	bool df;	     /* IPv4: don't fragment */
	bool fragment;	     /* any fragment but a whole packet */
	bool later_fragment; /* not the first: no upper-layer header here */
	size_t len;	     /* by its own header; what follows is padding */
	struct bytes src;    /* 4 or 16 bytes */
	struct bytes dst;
	struct bytes upper; /* from the upper-layer header to the packet's end */
};

/* False when it is not IP, or shorter than it says. */
bool inner_ip_decode(struct bytes packet, struct inner_ip *ip) rd_must_check;

/* A pair of selector lists with the common answer ("everything of this family") worked out before. */
struct inner_selectors {
	struct ts_list local;
	struct ts_list remote;
	bool any_v4;
	bool any_v6;
};

void inner_selectors_init(struct inner_selectors *s, const struct ts_list *local,
			  const struct ts_list *remote);

/* A packet of the peer: from `remote` to `local`. */
bool inner_selectors_allow_in(const struct inner_selectors *s, const struct inner_ip *ip);

/* A packet of ours: from `local` to `remote`. */
bool inner_selectors_allow_out(const struct inner_selectors *s, const struct inner_ip *ip);

/* The Internet checksum (RFC 1071) over two runs of bytes, the first of even length. */
uint16_t inner_checksum(struct bytes a, struct bytes b);

#endif
