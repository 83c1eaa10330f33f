// SPDX-License-Identifier: GPL-2.0-or-later
/* NAT detection, see ike_nat.h. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_nat.h"

void ike_nat_hash(uint64_t spi_i, uint64_t spi_r, const struct endpoint *endpoint,
		  uint8_t out[CRYPTO_SHA1_LEN])
{
	uint8_t hashed[8 + 8 + 16 + 2];
	struct wr wr = wr_of(hashed, sizeof(hashed));
	struct bytes view;

	wr_u64(&wr, spi_i);
	wr_u64(&wr, spi_r);
	wr_bytes(&wr, ipaddr_bytes(&endpoint->addr));
	wr_u16(&wr, endpoint->port);
	view = wr_bytes_view(&wr);
	crypto_sha1(&view, 1, out);
}
