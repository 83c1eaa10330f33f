// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The message as a whole: its fixed header and the chain of payloads behind it, RFC 7296 3.1 and 3.2. Called
 * by ike/ for every datagram, and once more for what an SK payload held.
 */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"

static bool hdr_read(struct rd *rd, struct ike_hdr *hdr)
{
	return rd_u64(rd, &hdr->spi_i) && rd_u64(rd, &hdr->spi_r) && rd_u8(rd, &hdr->next_payload) &&
	       rd_u8(rd, &hdr->version) && rd_u8(rd, &hdr->exchange) && rd_u8(rd, &hdr->flags) &&
	       rd_u32(rd, &hdr->message_id) && rd_u32(rd, &hdr->length);
}

enum ike_reason ike_hdr_decode(struct bytes datagram, struct ike_hdr *hdr)
{
	struct rd rd = rd_of(datagram);
	struct ike_hdr read;

	if (!hdr_read(&rd, &read))
		return IKE_R_TRUNCATED;
	/* RFC 7296 2.5: the minor version is ignored on receipt. */
	if (read.version >> 4 != IKE_VERSION >> 4) {
		*hdr = read;
		return IKE_R_BAD_VERSION;
	}
	if (read.length != datagram.n || datagram.n > LIMIT_IKE_MSG)
		return IKE_R_BAD_LENGTH;
	*hdr = read;
	return IKE_R_OK;
}

/* RFC 7296 2.5 and 3.2: the critical bit of a type that we know means nothing. */
static bool payload_known(uint8_t type)
{
	switch (type) {
#define X(suffix, number, text) case number:
		IANA_PAYLOAD(X)
#undef X
		return true;
	default:
		return false;
	}
}

/* RFC 7296 3.14, RFC 7383 2.5: the next-payload field of these names what is inside; nothing comes behind. */
static bool payload_ends_chain(uint8_t type)
{
	return type == IKE_PAYLOAD_SK || type == IKE_PAYLOAD_SKF;
}

static enum ike_reason payload_read(uint8_t type, struct rd *rd, struct ike_payload *payload)
{
	uint8_t next, flags;
	uint16_t len;
	struct rd body;

	if (!rd_u8(rd, &next) || !rd_u8(rd, &flags) || !rd_u16(rd, &len))
		return IKE_R_TRUNCATED;
	if (len < IKE_PAYLOAD_HDR_LEN || !rd_sub(rd, len - IKE_PAYLOAD_HDR_LEN, &body))
		return IKE_R_BAD_LENGTH;
	*payload = (struct ike_payload){
		.type = type,
		.critical = flags & 0x80,
		.body = body,
		.next_type = next,
	};
	return IKE_R_OK;
}

static void payloads_copy(struct ike_payloads *to, const struct ike_payloads *from)
{
	memcpy(to->list, from->list, from->n * sizeof(from->list[0]));
	to->n = from->n;
}

/* Every turn reads at least a generic header, so the chain cannot be longer than the datagram. */
enum ike_reason ike_payloads_walk(uint8_t first, struct rd rd, struct ike_payloads *out, uint8_t *bad_type)
{
	struct ike_payloads walked;
	uint8_t type = first;

	for (walked.n = 0; type != IKE_PAYLOAD_NONE; walked.n++) {
		struct ike_payload *payload = &walked.list[walked.n];
		enum ike_reason reason;

		if (walked.n == LIMIT_PAYLOADS)
			return IKE_R_TOO_MANY;
		reason = payload_read(type, &rd, payload);
		if (reason != IKE_R_OK)
			return reason;
		if (payload->critical && !payload_known(type)) {
			*bad_type = type;
			return IKE_R_CRITICAL_UNKNOWN;
		}
		type = payload_ends_chain(type) ? IKE_PAYLOAD_NONE : payload->next_type;
	}
	if (rd_left(&rd))
		return IKE_R_TRAILING_BYTES;
	payloads_copy(out, &walked);
	return IKE_R_OK;
}

enum ike_reason ike_msg_decode(struct bytes datagram, struct ike_msg *msg, uint8_t *bad_type)
{
	struct rd rd = rd_of(datagram);
	enum ike_reason reason;

	reason = ike_hdr_decode(datagram, &msg->hdr);
	if (reason != IKE_R_OK)
		return reason;
	if (!rd_skip(&rd, IKE_HDR_LEN))
		return IKE_R_TRUNCATED;
	reason = ike_payloads_walk(msg->hdr.next_payload, rd, &msg->outer, bad_type);
	if (reason != IKE_R_OK)
		return reason;
	msg->datagram = datagram;
	return IKE_R_OK;
}

const struct ike_payload *ike_payloads_find(const struct ike_payloads *list, uint8_t type)
{
	for (unsigned int i = 0; i < list->n; i++)
		if (list->list[i].type == type)
			return &list->list[i];
	return NULL;
}
