// SPDX-License-Identifier: GPL-2.0-or-later
/* SK payload: three bytes say what cipher it is for; the parts must be the body, whole and in order. */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd rd = rd_of(bytes_make(data, size));
	uint8_t iv_len, block_len, icv_len;
	struct ike_sk_parts parts;
	struct bytes body;

	if (!rd_u8(&rd, &iv_len) || !rd_u8(&rd, &block_len) || !rd_u8(&rd, &icv_len))
		return 0;
	body = rd_rest(&rd);
	if (ike_sk_split(rd, iv_len, block_len, icv_len, &parts) != IKE_R_OK)
		return 0;
	FUZZ_REQUIRE(parts.iv.p == body.p && parts.iv.n == iv_len);
	FUZZ_REQUIRE(parts.text.p == parts.iv.p + parts.iv.n && parts.text.n > 0);
	FUZZ_REQUIRE(block_len == 0 || parts.text.n % block_len == 0);
	FUZZ_REQUIRE(parts.icv.p == parts.text.p + parts.text.n && parts.icv.n == icv_len);
	FUZZ_REQUIRE(parts.iv.n + parts.text.n + parts.icv.n == body.n);
	return 0;
}
