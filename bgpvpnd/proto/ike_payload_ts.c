// SPDX-License-Identifier: GPL-2.0-or-later
/* Traffic Selector payloads TSi and TSr, RFC 7296 3.13. Called by ike/, which narrows them (2.9). */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"

#define RESERVED_LEN 3

/* Type, protocol and length: what selectors of every type have in common. */
#define TS_HDR_LEN 4

/* Bytes of an address of this selector type; 0: a type that we do not know. */
static size_t ts_addr_len(uint8_t type)
{
	switch (type) {
	case IKE_TS_IPV4_ADDR_RANGE:
		return 4;
	case IKE_TS_IPV6_ADDR_RANGE:
		return 16;
	default:
		return 0;
	}
}

/* What is behind the length of an address range. */
static enum ike_reason range_decode(struct rd rd, size_t addr_len, struct ts *ts)
{
	struct bytes start, end;

	if (!rd_u16(&rd, &ts->port_start) || !rd_u16(&rd, &ts->port_end) ||
	    !rd_bytes(&rd, addr_len, &start) || !rd_bytes(&rd, addr_len, &end) || rd_left(&rd))
		return IKE_R_BAD_SYNTAX;
	ts->start = ipaddr_of(start);
	ts->end = ipaddr_of(end);
	return IKE_R_OK;
}

/* One selector; appended to the list when it is of a type that we know. */
static enum ike_reason selector_decode(struct rd *rd, struct ts_list *list)
{
	uint8_t type, proto;
	uint16_t len;
	struct rd body;
	struct ts ts = {};
	enum ike_reason reason;

	if (!rd_u8(rd, &type) || !rd_u8(rd, &proto) || !rd_u16(rd, &len))
		return IKE_R_TRUNCATED;
	if (len < TS_HDR_LEN || !rd_sub(rd, len - TS_HDR_LEN, &body))
		return IKE_R_BAD_LENGTH;
	if (!ts_addr_len(type))
		return IKE_R_OK;
	if (list->n == LIMIT_TS)
		return IKE_R_TOO_MANY;
	ts.proto = proto;
	reason = range_decode(body, ts_addr_len(type), &ts);
	if (reason == IKE_R_OK)
		list->ts[list->n++] = ts;
	return reason;
}

enum ike_reason ike_ts_decode(struct rd rd, struct ts_list *list)
{
	struct ts_list read = {};
	uint8_t count;

	if (!rd_u8(&rd, &count) || !rd_skip(&rd, RESERVED_LEN))
		return IKE_R_TRUNCATED;
	for (unsigned int i = 0; i < count; i++) {
		enum ike_reason reason = selector_decode(&rd, &read);

		if (reason != IKE_R_OK)
			return reason;
	}
	if (rd_left(&rd))
		return IKE_R_TRAILING_BYTES;
	*list = read;
	return IKE_R_OK;
}

static void selector_encode(struct wr *wr, const struct ts *ts)
{
	size_t start = wr->len, len_at;

	wr_u8(wr, ts->start.ipa_type == IPADDR_V4 ? IKE_TS_IPV4_ADDR_RANGE : IKE_TS_IPV6_ADDR_RANGE);
	wr_u8(wr, ts->proto);
	len_at = wr_reserve(wr, 2);
	wr_u16(wr, ts->port_start);
	wr_u16(wr, ts->port_end);
	wr_bytes(wr, ipaddr_bytes(&ts->start));
	wr_bytes(wr, ipaddr_bytes(&ts->end));
	wr_close_u16(wr, len_at, start);
}

void ike_ts_encode(struct wr *wr, const struct ts_list *list)
{
	wr_u8(wr, list->n);
	wr_zero(wr, RESERVED_LEN);
	for (unsigned int i = 0; i < list->n; i++)
		selector_encode(wr, &list->ts[i]);
}
