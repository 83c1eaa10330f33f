// SPDX-License-Identifier: GPL-2.0-or-later
/* Delete payload: decode; what is accepted must survive encoding and decoding again. */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"
#include "tests/fuzz/fuzz.h"
#include "tests/helpers/proto_equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = bytes_make(data, size);

	FUZZ_ROUND_TRIP(struct ike_delete, input, ike_delete_decode, ike_delete_encode, delete_equal, &);
	return 0;
}
