// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Building a message or a chain: the header, the generic payload headers, and the lengths and next-payload
 * types that can be filled in only later, RFC 7296 3.1 and 3.2. Called by ike/; the bodies come from the
 * encoders beside this file.
 */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"

#define NOWHERE SIZE_MAX

/* Where the fields lie that are patched: in the header, and in a generic payload header. */
#define HDR_NEXT_AT	  16
#define HDR_LENGTH_AT	  24
#define PAYLOAD_NEXT_AT	  0
#define PAYLOAD_LENGTH_AT 2

void ike_build_chain(struct ike_build *build, struct wr *wr)
{
	*build = (struct ike_build){
		.wr = wr,
		.hdr_at = NOWHERE,
		.next_at = NOWHERE,
		.payload_at = NOWHERE,
		.first = IKE_PAYLOAD_NONE,
	};
}

void ike_build_start(struct ike_build *build, struct wr *wr, const struct ike_hdr *hdr)
{
	ike_build_chain(build, wr);
	build->hdr_at = wr->len;
	build->next_at = wr->len + HDR_NEXT_AT;
	wr_u64(wr, hdr->spi_i);
	wr_u64(wr, hdr->spi_r);
	wr_u8(wr, IKE_PAYLOAD_NONE);
	wr_u8(wr, hdr->version);
	wr_u8(wr, hdr->exchange);
	wr_u8(wr, hdr->flags);
	wr_u32(wr, hdr->message_id);
	wr_reserve(wr, 4);
}

static void payload_close(struct ike_build *build)
{
	if (build->payload_at != NOWHERE)
		wr_close_u16(build->wr, build->payload_at + PAYLOAD_LENGTH_AT, build->payload_at);
	build->payload_at = NOWHERE;
}

void ike_build_payload(struct ike_build *build, uint8_t type, bool critical)
{
	payload_close(build);
	if (build->next_at != NOWHERE)
		wr_patch_u8(build->wr, build->next_at, type);
	if (build->first == IKE_PAYLOAD_NONE)
		build->first = type;
	build->payload_at = build->wr->len;
	build->next_at = build->wr->len + PAYLOAD_NEXT_AT;
	wr_u8(build->wr, IKE_PAYLOAD_NONE);
	wr_u8(build->wr, critical ? 0x80 : 0);
	wr_reserve(build->wr, 2);
}

void ike_build_end(struct ike_build *build)
{
	payload_close(build);
	if (build->hdr_at != NOWHERE)
		wr_close_u32(build->wr, build->hdr_at + HDR_LENGTH_AT, build->hdr_at);
}
