// SPDX-License-Identifier: GPL-2.0-or-later
/* SPIs of 0, 4 or 8 bytes, as SA and Notify payloads carry them (RFC 7296 3.3.1, 3.10). Private to proto/. */
#ifndef BGPVPN_PROTO_IKE_SPI_H
#define BGPVPN_PROTO_IKE_SPI_H

#include "bgpvpnd/base/rd.h"
#include "bgpvpnd/base/wr.h"

static inline bool ike_spi_len_known(uint8_t len)
{
	return len == 0 || len == 4 || len == 8;
}

/* False when there are not that many bytes. No bytes: the SPI is 0. */
static inline bool ike_spi_decode(struct rd *rd, uint8_t len, uint64_t *spi)
{
	uint32_t narrow = 0;

	if (len == 8)
		return rd_u64(rd, spi);
	if (len == 4 && !rd_u32(rd, &narrow))
		return false;
	*spi = narrow;
	return true;
}

static inline void ike_spi_encode(struct wr *wr, uint8_t len, uint64_t spi)
{
	if (len == 8)
		wr_u64(wr, spi);
	else if (len == 4)
		wr_u32(wr, spi);
}

#endif
