// SPDX-License-Identifier: GPL-2.0-or-later
/* Delete payload, RFC 7296 3.11. Called by ike/. */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"

#define ESP_SPI_LEN 4

static bool spi_len_fits(uint8_t proto, uint8_t len)
{
	switch (proto) {
	case IKE_PROTO_IKE:
		return len == 0;
	case IKE_PROTO_AH:
	case IKE_PROTO_ESP:
		return len == ESP_SPI_LEN;
	default:
		return false;
	}
}

static enum ike_reason spis_decode(struct rd rd, uint16_t count, struct ike_delete *del)
{
	if (count > LIMIT_DELETE_SPIS)
		return IKE_R_TOO_MANY;
	for (unsigned int i = 0; i < count; i++)
		if (!rd_u32(&rd, &del->spis[i]))
			return IKE_R_TRUNCATED;
	del->num_spis = count;
	return rd_left(&rd) ? IKE_R_TRAILING_BYTES : IKE_R_OK;
}

enum ike_reason ike_delete_decode(struct rd rd, struct ike_delete *del)
{
	struct ike_delete read = {};
	enum ike_reason reason;
	uint8_t spi_len;
	uint16_t count;

	if (!rd_u8(&rd, &read.proto) || !rd_u8(&rd, &spi_len) || !rd_u16(&rd, &count))
		return IKE_R_TRUNCATED;
	/* The IKE SA's SPIs are in the header: an IKE delete lists none. */
	if (!spi_len_fits(read.proto, spi_len) || (spi_len == 0 && count != 0))
		return IKE_R_BAD_SYNTAX;
	reason = spis_decode(rd, count, &read);
	if (reason == IKE_R_OK)
		*del = read;
	return reason;
}

void ike_delete_encode(struct wr *wr, const struct ike_delete *del)
{
	wr_u8(wr, del->proto);
	wr_u8(wr, del->proto == IKE_PROTO_IKE ? 0 : ESP_SPI_LEN);
	wr_u16(wr, del->num_spis);
	for (unsigned int i = 0; i < del->num_spis; i++)
		wr_u32(wr, del->spis[i]);
}
