// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What fits into a tunnel: the largest inner packet that leaves as one unfragmented outer packet, and the
 * TCP MSS that follows from it. Pure arithmetic over RFC 4303 2, RFC 3948 2.1 and the ciphers' own RFCs.
 * Private to tunnel/.
 */
#ifndef BGPVPN_TUNNEL_TUNNEL_MTU_H
#define BGPVPN_TUNNEL_TUNNEL_MTU_H

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/dplane/dplane.h"
#include "bgpvpnd/ike/ike.h"

/* Path MTU discovery comes later; AWS, Azure and GCP all say that 1500 is what one may rely on. */
#define TUNNEL_MTU_PATH 1500

/* What stands around the inner packet. encr and integ are IANA numbers. */
struct tunnel_mtu_outer {
	uint32_t path_mtu;
	enum dplane_kind kind;
	bool ipv6;
	bool udp;
	uint16_t encr;
	uint16_t integ;
};

/* The largest inner packet. */
uint32_t tunnel_mtu_inner(const struct tunnel_mtu_outer *outer);

/*
 * The smallest result of all ESP suites that the configuration may end up with: the MTU before one is
 * negotiated. `always_udp`: the plane's. A NAT that shows up later takes its 8 bytes before the link is up.
 */
uint32_t tunnel_mtu_expected(const struct ike_conn_cfg *cfg, enum dplane_kind kind, bool always_udp);

/* TCP payload of a full packet: the MTU less IP and TCP headers without options. */
uint16_t tunnel_mtu_mss(uint32_t mtu, bool ipv6);

#endif
