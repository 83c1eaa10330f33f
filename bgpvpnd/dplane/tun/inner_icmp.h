// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ICMP that the plane itself speaks inside the tunnel: echo between the inside addresses (RFC 792, RFC
 * 4443 4) as proof of reachability, and "too big" back to the sender (RFC 1191, RFC 4443 3.2). Pure.
 */
#ifndef BGPVPN_TUN_INNER_ICMP_H
#define BGPVPN_TUN_INNER_ICMP_H

#include <zebra.h>

#include "lib/prefix.h"

#include "bgpvpnd/dplane/tun/inner_ip.h"

struct inner_echo {
	bool reply; /* else a request */
	uint16_t id;
	uint16_t seq;
	struct bytes payload; /* borrowed */
};

/* False when the packet is not an unfragmented ICMP or ICMPv6 echo. */
bool inner_echo_decode(const struct inner_ip *ip, struct inner_echo *echo) rd_must_check;

/* Appends a whole packet to wr, src and dst of one family (4 or 16 bytes). */
void inner_echo_encode(struct wr *wr, struct bytes src, struct bytes dst, const struct inner_echo *echo);

/*
 * Appends the answer to a packet above the MTU: "fragmentation needed" or "packet too big". Its source is the
 * packet's own destination: no address of ours would pass the reverse-path filter of the kernel that reads
 * it.
 */
void inner_too_big_encode(struct wr *wr, struct bytes packet, const struct inner_ip *ip, uint32_t mtu);

#endif
