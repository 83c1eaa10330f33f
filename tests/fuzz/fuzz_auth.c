// SPDX-License-Identifier: GPL-2.0-or-later
/* Authentication payload: decode; what is accepted must survive encoding and decoding again. */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"
#include "tests/fuzz/fuzz.h"
#include "tests/helpers/proto_equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = bytes_make(data, size);

	FUZZ_ROUND_TRIP(struct ike_auth, input, ike_auth_decode, ike_auth_encode, auth_equal, &);
	FUZZ_ROUND_TRIP(struct ike_auth_sig, input, ike_auth_sig_decode, ike_auth_sig_encode,
			auth_sig_equal, &);
	return 0;
}
