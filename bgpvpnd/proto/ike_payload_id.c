// SPDX-License-Identifier: GPL-2.0-or-later
/* Identification payloads IDi and IDr, RFC 7296 3.5. Called by ike/. */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"

#define RESERVED_LEN 3

/* Only addresses have a length of their own; names and keys are compared as they are. */
static bool id_len_fits(uint8_t type, size_t len)
{
	switch (type) {
	case IKE_ID_IPV4_ADDR:
		return len == 4;
	case IKE_ID_IPV6_ADDR:
		return len == 16;
	default:
		return true;
	}
}

enum ike_reason ike_id_decode(struct rd rd, struct ike_id *id)
{
	struct bytes raw = rd_rest(&rd);
	uint8_t type;

	if (!rd_u8(&rd, &type) || !rd_skip(&rd, RESERVED_LEN))
		return IKE_R_TRUNCATED;
	if (!id_len_fits(type, rd_left(&rd)))
		return IKE_R_BAD_SYNTAX;
	*id = (struct ike_id){.type = type, .value = rd_rest(&rd), .raw = raw};
	return IKE_R_OK;
}

void ike_id_encode(struct wr *wr, const struct ike_id *id)
{
	wr_u8(wr, id->type);
	wr_zero(wr, RESERVED_LEN);
	wr_bytes(wr, id->value);
}
