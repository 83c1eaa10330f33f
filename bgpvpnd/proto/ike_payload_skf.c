// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Encrypted Fragment payload, RFC 7383 2.5: which part of how many, in front of what an SK payload holds. Called by
 * ike/, which writes IV, text and ICV behind it as it encrypts, and checks the integrity before it believes the numbers.
 */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"

enum ike_reason ike_skf_decode(struct rd rd, struct ike_skf *skf)
{
	struct ike_skf read;

	if (!rd_u16(&rd, &read.number) || !rd_u16(&rd, &read.total))
		return IKE_R_TRUNCATED;
	/* RFC 7383 2.6: neither is zero, and no number is beyond the total. */
	if (read.number == 0 || read.number > read.total)
		return IKE_R_BAD_FRAGMENT;
	read.sealed = rd_rest(&rd);
	*skf = read;
	return IKE_R_OK;
}

void ike_skf_encode(struct wr *wr, const struct ike_skf *skf)
{
	wr_u16(wr, skf->number);
	wr_u16(wr, skf->total);
	wr_bytes(wr, skf->sealed);
}
