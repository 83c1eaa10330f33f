// SPDX-License-Identifier: GPL-2.0-or-later
/* Nonce payload, RFC 7296 3.9. Called by ike/. */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"

enum ike_reason ike_nonce_decode(struct rd rd, struct bytes *nonce)
{
	struct bytes value = rd_rest(&rd);

	if (value.n < LIMIT_NONCE_MIN || value.n > LIMIT_NONCE_MAX)
		return IKE_R_BAD_NONCE;
	*nonce = value;
	return IKE_R_OK;
}

void ike_nonce_encode(struct wr *wr, struct bytes nonce)
{
	wr_bytes(wr, nonce);
}
