// SPDX-License-Identifier: GPL-2.0-or-later
/* Notify payload, RFC 7296 3.10. Called by ike/; what the data means depends on the type. */
#include <zebra.h>

#include "bgpvpnd/proto/ike_spi.h"
#include "bgpvpnd/proto/proto.h"

enum ike_reason ike_notify_decode(struct rd rd, struct ike_notify *notify)
{
	struct ike_notify read;

	if (!rd_u8(&rd, &read.proto) || !rd_u8(&rd, &read.spi_len) || !rd_u16(&rd, &read.type))
		return IKE_R_TRUNCATED;
	if (!ike_spi_len_known(read.spi_len))
		return IKE_R_BAD_SYNTAX;
	if (!ike_spi_decode(&rd, read.spi_len, &read.spi))
		return IKE_R_BAD_LENGTH;
	/* 3.10: without an SPI the protocol must be ignored; peers do send IKE here. */
	if (!read.spi_len)
		read.proto = IKE_PROTO_NONE;
	read.data = rd_rest(&rd);
	*notify = read;
	return IKE_R_OK;
}

void ike_notify_encode(struct wr *wr, const struct ike_notify *notify)
{
	/* RFC 7296 3.10: zero without an SPI; RFC 6290 4.1 has the one exception. */
	wr_u8(wr, notify->spi_len || notify->type == IKE_NOTIFY_QUICK_CRASH_DETECTION ? notify->proto
										      : IKE_PROTO_NONE);
	wr_u8(wr, notify->spi_len);
	wr_u16(wr, notify->type);
	ike_spi_encode(wr, notify->spi_len, notify->spi);
	wr_bytes(wr, notify->data);
}
