// SPDX-License-Identifier: GPL-2.0-or-later
/* Traffic Selector payload: decode; what is accepted must survive encoding and decoding again. */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"
#include "tests/fuzz/fuzz.h"
#include "tests/helpers/proto_equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = bytes_make(data, size);

	FUZZ_ROUND_TRIP(struct ts_list, input, ike_ts_decode, ike_ts_encode, ts_list_equal, &);
	return 0;
}
