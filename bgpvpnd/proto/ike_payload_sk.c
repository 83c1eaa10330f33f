// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Encrypted payload, RFC 7296 3.14: where its parts lie. Called by ike/, which checks the integrity before it
 * looks at anything else, and knows the lengths from the negotiated suite. There is no encoder: ike/ writes
 * IV, text and ICV into one buffer as it encrypts.
 */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"

/* The text holds whole blocks, and at least the Pad Length byte. */
static bool text_len_fits(size_t len, size_t block_len)
{
	return len > 0 && (block_len <= 1 || len % block_len == 0);
}

enum ike_reason ike_sk_split(struct rd rd, size_t iv_len, size_t block_len, size_t icv_len,
			     struct ike_sk_parts *parts)
{
	struct ike_sk_parts split;

	if (!rd_bytes(&rd, iv_len, &split.iv) || rd_left(&rd) < icv_len)
		return IKE_R_TRUNCATED;
	if (!rd_bytes(&rd, rd_left(&rd) - icv_len, &split.text) || !rd_bytes(&rd, icv_len, &split.icv))
		return IKE_R_TRUNCATED;
	if (!text_len_fits(split.text.n, block_len))
		return IKE_R_TRUNCATED;
	*parts = split;
	return IKE_R_OK;
}
