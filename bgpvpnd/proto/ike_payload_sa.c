// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Security Association payload: proposals, their transforms, and the transforms' attributes, RFC 7296 3.3.
 * Decode first, encode below, each in the order of the RFC's pictures read from the inside out. Called by
 * ike/.
 */
#include <zebra.h>

#include "bgpvpnd/proto/ike_spi.h"
#include "bgpvpnd/proto/proto.h"

/* The "Last Substruc" markers, 3.3.1 and 3.3.2: zero when nothing follows, else left-overs of ISAKMP. */
#define LAST	       0
#define MORE_PROPOSAL  2
#define MORE_TRANSFORM 3

/* Their fixed parts; both lengths count from the start of the structure. */
#define PROPOSAL_HDR_LEN  8
#define TRANSFORM_HDR_LEN 8
#define LENGTH_END	  4 /* behind the length field */

/* 3.3.5: the bit that says "the value is in these two bytes, there is no length". */
#define ATTRIBUTE_SHORT 0x8000

static enum ike_reason attribute_decode(struct rd *rd, struct ike_transform *transform)
{
	uint16_t type, value;

	if (!rd_u16(rd, &type) || !rd_u16(rd, &value))
		return IKE_R_TRUNCATED;
	/* A key length of zero, or a second one, says nothing that could be chosen. */
	if (type == (ATTRIBUTE_SHORT | IKE_ATTRIBUTE_KEY_LENGTH) && value && !transform->key_bits) {
		transform->key_bits = value;
		return IKE_R_OK;
	}
	transform->unknown_attribute = true;
	if (!(type & ATTRIBUTE_SHORT) && !rd_skip(rd, value))
		return IKE_R_BAD_LENGTH;
	return IKE_R_OK;
}

/* `more`: another transform is to follow in this proposal. */
static enum ike_reason transform_decode(struct rd *rd, bool more, struct ike_transform *transform)
{
	uint8_t last;
	uint16_t len;
	struct rd attributes;

	*transform = (struct ike_transform){};
	if (!rd_u8(rd, &last) || !rd_skip(rd, 1) || !rd_u16(rd, &len) || !rd_u8(rd, &transform->type) ||
	    !rd_skip(rd, 1) || !rd_u16(rd, &transform->id))
		return IKE_R_TRUNCATED;
	if (last != (more ? MORE_TRANSFORM : LAST))
		return IKE_R_BAD_SYNTAX;
	if (len < TRANSFORM_HDR_LEN || !rd_sub(rd, len - TRANSFORM_HDR_LEN, &attributes))
		return IKE_R_BAD_LENGTH;
	while (rd_left(&attributes)) {
		enum ike_reason reason = attribute_decode(&attributes, transform);

		if (reason != IKE_R_OK)
			return reason;
	}
	return IKE_R_OK;
}

static enum ike_reason transforms_decode(struct rd rd, uint8_t count, struct ike_proposal *proposal)
{
	if (count > LIMIT_TRANSFORMS)
		return IKE_R_TOO_MANY;
	for (unsigned int i = 0; i < count; i++) {
		enum ike_reason reason;

		if (!rd_left(&rd))
			return IKE_R_BAD_SYNTAX;
		reason = transform_decode(&rd, i + 1 < count, &proposal->transforms[i]);
		if (reason != IKE_R_OK)
			return reason;
	}
	proposal->num_transforms = count;
	return rd_left(&rd) ? IKE_R_BAD_SYNTAX : IKE_R_OK;
}

/* 3.3.1: IKE has an 8-byte SPI, or none while the header carries it; AH and ESP have 4 bytes. */
static bool spi_len_fits(uint8_t proto, uint8_t len)
{
	switch (proto) {
	case IKE_PROTO_IKE:
		return len == 0 || len == 8;
	case IKE_PROTO_AH:
	case IKE_PROTO_ESP:
		return len == 4;
	default:
		return ike_spi_len_known(len);
	}
}

/* What is behind the length field of a proposal. */
static enum ike_reason proposal_body_decode(struct rd rd, struct ike_proposal *proposal)
{
	uint8_t count;

	if (!rd_u8(&rd, &proposal->num) || !rd_u8(&rd, &proposal->proto) || !rd_u8(&rd, &proposal->spi_len) ||
	    !rd_u8(&rd, &count))
		return IKE_R_TRUNCATED;
	if (!spi_len_fits(proposal->proto, proposal->spi_len))
		return IKE_R_BAD_SYNTAX;
	if (!ike_spi_decode(&rd, proposal->spi_len, &proposal->spi))
		return IKE_R_BAD_LENGTH;
	return transforms_decode(rd, count, proposal);
}

static enum ike_reason proposal_decode(struct rd *rd, struct ike_proposal *proposal)
{
	uint8_t last;
	uint16_t len;
	struct rd body;

	if (!rd_u8(rd, &last) || !rd_skip(rd, 1) || !rd_u16(rd, &len))
		return IKE_R_TRUNCATED;
	if (len < PROPOSAL_HDR_LEN || !rd_sub(rd, len - LENGTH_END, &body))
		return IKE_R_BAD_LENGTH;
	if (last != (rd_left(rd) ? MORE_PROPOSAL : LAST))
		return IKE_R_BAD_SYNTAX;
	return proposal_body_decode(body, proposal);
}

/* 3.3.1: numbered from 1 without gaps; the single one of an answer keeps the number it had in the request. */
static bool proposal_numbers_fit(const struct ike_sa_payload *sa)
{
	if (sa->n == 1)
		return sa->proposals[0].num != 0;
	for (unsigned int i = 0; i < sa->n; i++)
		if (sa->proposals[i].num != i + 1)
			return false;
	return true;
}

static void sa_payload_copy(struct ike_sa_payload *to, const struct ike_sa_payload *from)
{
	memcpy(to->proposals, from->proposals, from->n * sizeof(from->proposals[0]));
	to->n = from->n;
}

/* An empty payload is TRUNCATED: there is at least one proposal. */
enum ike_reason ike_sa_payload_decode(struct rd rd, struct ike_sa_payload *sa)
{
	struct ike_sa_payload decoded;

	decoded.n = 0;
	do {
		enum ike_reason reason;

		if (decoded.n == LIMIT_PROPOSALS)
			return IKE_R_TOO_MANY;
		reason = proposal_decode(&rd, &decoded.proposals[decoded.n]);
		if (reason != IKE_R_OK)
			return reason;
		decoded.n++;
	} while (rd_left(&rd));
	if (!proposal_numbers_fit(&decoded))
		return IKE_R_BAD_SYNTAX;
	sa_payload_copy(sa, &decoded);
	return IKE_R_OK;
}

static void transform_encode(struct wr *wr, const struct ike_transform *transform, bool more)
{
	size_t start = wr->len, len_at;

	wr_u8(wr, more ? MORE_TRANSFORM : LAST);
	wr_zero(wr, 1);
	len_at = wr_reserve(wr, 2);
	wr_u8(wr, transform->type);
	wr_zero(wr, 1);
	wr_u16(wr, transform->id);
	if (transform->key_bits) {
		wr_u16(wr, ATTRIBUTE_SHORT | IKE_ATTRIBUTE_KEY_LENGTH);
		wr_u16(wr, transform->key_bits);
	}
	if (transform->unknown_attribute)
		wr->failed = true;
	wr_close_u16(wr, len_at, start);
}

static void proposal_encode(struct wr *wr, const struct ike_proposal *proposal, bool more)
{
	size_t start = wr->len, len_at;

	wr_u8(wr, more ? MORE_PROPOSAL : LAST);
	wr_zero(wr, 1);
	len_at = wr_reserve(wr, 2);
	wr_u8(wr, proposal->num);
	wr_u8(wr, proposal->proto);
	wr_u8(wr, proposal->spi_len);
	wr_u8(wr, proposal->num_transforms);
	ike_spi_encode(wr, proposal->spi_len, proposal->spi);
	for (unsigned int i = 0; i < proposal->num_transforms; i++)
		transform_encode(wr, &proposal->transforms[i], i + 1U < proposal->num_transforms);
	wr_close_u16(wr, len_at, start);
}

void ike_sa_payload_encode(struct wr *wr, const struct ike_sa_payload *sa)
{
	for (unsigned int i = 0; i < sa->n; i++)
		proposal_encode(wr, &sa->proposals[i], i + 1U < sa->n);
}
