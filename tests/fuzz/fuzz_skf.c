// SPDX-License-Identifier: GPL-2.0-or-later
/* SKF payload: decode; what is accepted must make sense, and survive encoding and decoding again. */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"
#include "tests/fuzz/fuzz.h"
#include "tests/helpers/proto_equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = bytes_make(data, size);
	struct ike_skf skf;

	if (ike_skf_decode(rd_of(input), &skf) != IKE_R_OK)
		return 0;
	FUZZ_REQUIRE(skf.number >= 1 && skf.number <= skf.total);
	FUZZ_REQUIRE(skf.sealed.p == data + IKE_SKF_OUTLINE && skf.sealed.n == size - IKE_SKF_OUTLINE);
	FUZZ_ROUND_TRIP(struct ike_skf, input, ike_skf_decode, ike_skf_encode, skf_equal, &);
	return 0;
}
