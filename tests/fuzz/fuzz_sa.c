// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SA payload: decode; what is accepted must survive encoding and decoding again, except transforms with an
 * unknown attribute, which the encoder must refuse.
 */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"
#include "tests/fuzz/fuzz.h"
#include "tests/helpers/proto_equal.h"

static bool has_unknown_attribute(const struct ike_sa_payload *sa)
{
	for (unsigned int i = 0; i < sa->n; i++)
		for (unsigned int j = 0; j < sa->proposals[i].num_transforms; j++)
			if (sa->proposals[i].transforms[j].unknown_attribute)
				return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[LIMIT_IKE_MSG];
	struct wr wr = wr_of(buf, sizeof(buf));
	struct ike_sa_payload first, second;

	if (size > sizeof(buf) || ike_sa_payload_decode(rd_of(bytes_make(data, size)), &first) != IKE_R_OK)
		return 0;
	ike_sa_payload_encode(&wr, &first);
	FUZZ_REQUIRE(wr.failed == has_unknown_attribute(&first));
	if (wr.failed)
		return 0;
	/* Nothing that is kept can be written longer than it was. */
	FUZZ_REQUIRE(wr.len <= size);
	FUZZ_REQUIRE(ike_sa_payload_decode(rd_of(wr_bytes_view(&wr)), &second) == IKE_R_OK);
	FUZZ_REQUIRE(sa_payload_equal(&first, &second));
	return 0;
}
