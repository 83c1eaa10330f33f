// SPDX-License-Identifier: GPL-2.0-or-later
/* Auto MTU and MSS, see tunnel_mtu.h. */
#include <zebra.h>

#include "bgpvpnd/tunnel/tunnel_mtu.h"

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define UDP_HEADER  8
#define TCP_HEADER  20
#define GRE_HEADER  4 /* RFC 2784 2, neither checksum nor key */
#define ESP_HEADER  8 /* SPI and sequence number */
#define ESP_TRAILER 2 /* pad length and next header, inside the encryption */

struct overhead {
	uint16_t id;
	uint8_t iv;
	uint8_t block; /* RFC 4303 2.4: at least 4, so that the ICV is aligned */
	uint8_t icv;
};

static const struct overhead encrs[] = {
	{IKE_ENCR_NULL, 0, 4, 0},
	{IKE_ENCR_AES_CBC, 16, 16, 0},
	{IKE_ENCR_AES_GCM_16, 8, 4, 16},
	{IKE_ENCR_CHACHA20_POLY1305, 8, 4, 16},
};

static const struct overhead integs[] = {
	{IKE_INTEG_NONE, 0, 0, 0},
	{IKE_INTEG_HMAC_SHA1_96, 0, 0, 12},
	{IKE_INTEG_HMAC_SHA2_256_128, 0, 0, 16},
	{IKE_INTEG_HMAC_SHA2_384_192, 0, 0, 24},
	{IKE_INTEG_HMAC_SHA2_512_256, 0, 0, 32},
};

/* For a number that is not in the table: as large as any, so that the result is never too big. */
static const struct overhead largest = {0, 16, 16, 32};

static const struct overhead *find(const struct overhead *rows, size_t n, uint16_t id)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].id == id)
			return &rows[i];
	return &largest;
}

/*
 * Between ESP and the inner packet. In transport mode ESP leaves GRE's or IPIP's outer header where it is, in
 * tunnel mode it makes one: as many bytes (RFC 3884). Of GRE its own header is left.
 */
static uint32_t between(enum dplane_kind kind)
{
	switch (kind) {
	case DPLANE_KIND_GRE:
		return GRE_HEADER;
	case DPLANE_KIND_AUTO:
	case DPLANE_KIND_TUN:
	case DPLANE_KIND_XFRM:
	case DPLANE_KIND_VTI:
	case DPLANE_KIND_IPIP:
		break;
	}
	return 0;
}

uint32_t tunnel_mtu_inner(const struct tunnel_mtu_outer *outer)
{
	const struct overhead *encr = find(encrs, array_size(encrs), outer->encr);
	const struct overhead *integ = find(integs, array_size(integs), outer->integ);
	uint32_t around = (outer->ipv6 ? IPV6_HEADER : IPV4_HEADER) + (outer->udp ? UDP_HEADER : 0) +
			  ESP_HEADER + encr->iv + encr->icv + integ->icv;
	uint32_t encrypted = outer->path_mtu - around;

	return encrypted - encrypted % encr->block - ESP_TRAILER - between(outer->kind);
}

/*
 * An AEAD stands alone; a proposal with both kinds is configured as two, so each cipher meets each ICV here.
 */
static uint32_t smallest_with(struct tunnel_mtu_outer outer, const struct ike_proposal_cfg *proposal)
{
	uint32_t smallest;

	outer.integ = IKE_INTEG_NONE;
	smallest = tunnel_mtu_inner(&outer);
	for (int i = 0; i < proposal->num; i++) {
		if (proposal->transforms[i].type != IKE_TRANSFORM_INTEG)
			continue;
		outer.integ = proposal->transforms[i].id;
		smallest = MIN(smallest, tunnel_mtu_inner(&outer));
	}
	return smallest;
}

static uint32_t smallest_of(struct tunnel_mtu_outer outer, const struct ike_proposal_cfg *proposal)
{
	uint32_t smallest = outer.path_mtu;

	for (int i = 0; i < proposal->num; i++) {
		if (proposal->transforms[i].type != IKE_TRANSFORM_ENCR)
			continue;
		outer.encr = proposal->transforms[i].id;
		smallest = MIN(smallest, smallest_with(outer, proposal));
	}
	return smallest;
}

/* Of a peer with any address, and us with any too, nothing is known: then the larger header. */
static bool may_be_ipv6(const struct ike_conn_cfg *cfg)
{
	return !IS_IPADDR_V4(&cfg->remote) && !IS_IPADDR_V4(&cfg->local);
}

uint32_t tunnel_mtu_expected(const struct ike_conn_cfg *cfg, enum dplane_kind kind, bool always_udp)
{
	struct tunnel_mtu_outer outer = {
		.path_mtu = TUNNEL_MTU_PATH,
		.kind = kind,
		.ipv6 = may_be_ipv6(cfg),
		.udp = always_udp || cfg->nat_force,
	};
	uint32_t smallest = outer.path_mtu;

	for (int i = 0; i < cfg->num_esp; i++)
		smallest = MIN(smallest, smallest_of(outer, &cfg->esp[i]));
	if (smallest < outer.path_mtu)
		return smallest;
	outer.encr = UINT16_MAX; /* nothing configured: the engine's own list, so anything */
	return tunnel_mtu_inner(&outer);
}

uint16_t tunnel_mtu_mss(uint32_t mtu, bool ipv6)
{
	return mtu - (ipv6 ? IPV6_HEADER : IPV4_HEADER) - TCP_HEADER;
}
