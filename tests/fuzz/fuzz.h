// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What fuzz targets share. A target is one function over bytes; libFuzzer drives it, and so does
 * replay_main.c over the corpus in `make check`. Both hand it a heap block of exactly `size` bytes.
 */
#ifndef BGPVPN_TESTS_FUZZ_H
#define BGPVPN_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Like assert(), and never compiled away. */
#define FUZZ_REQUIRE(condition)                                                                              \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);              \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

/*
 * Decodes the input; what was accepted is encoded, decoded again and compared. `argument` is how the encoder
 * takes a value: & for structures, nothing for struct bytes.
 */
#define FUZZ_ROUND_TRIP(type, input, decode, encode, equal, argument)                                        \
	do {                                                                                                 \
		static uint8_t buf[LIMIT_IKE_MSG];                                                           \
		struct wr wr = wr_of(buf, sizeof(buf));                                                      \
		type first, second;                                                                          \
                                                                                                             \
		if ((input).n > sizeof(buf) || decode(rd_of(input), &first) != IKE_R_OK)                     \
			break;                                                                               \
		encode(&wr, argument(first));                                                                \
		FUZZ_REQUIRE(!wr.failed);                                                                    \
		FUZZ_REQUIRE(decode(rd_of(wr_bytes_view(&wr)), &second) == IKE_R_OK);                        \
		FUZZ_REQUIRE(equal(argument(first), argument(second)));                                      \
	} while (0)

#endif
