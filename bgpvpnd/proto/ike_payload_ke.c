// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key Exchange payload, RFC 7296 3.4 (with the method numbers of RFC 9370). Called by ike/. Whether the value
 * suits the method is the crypto floor's to say: a method that we do not have is answered, not dropped (1.2).
 */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"

#define RESERVED_LEN 2

enum ike_reason ike_ke_decode(struct rd rd, struct ike_ke *ke)
{
	uint16_t method;

	if (!rd_u16(&rd, &method) || !rd_skip(&rd, RESERVED_LEN))
		return IKE_R_TRUNCATED;
	*ke = (struct ike_ke){.method = method, .value = rd_rest(&rd)};
	return IKE_R_OK;
}

void ike_ke_encode(struct wr *wr, const struct ike_ke *ke)
{
	wr_u16(wr, ke->method);
	wr_zero(wr, RESERVED_LEN);
	wr_bytes(wr, ke->value);
}
