// SPDX-License-Identifier: GPL-2.0-or-later
/* ESP in tunnel mode, see esp_packet.h. */
#include <zebra.h>

#include "bgpvpnd/dplane/tun/esp_packet.h"

/* RFC 4303 2.6 */
#define NEXT_HEADER_IPV4  4
#define NEXT_HEADER_IPV6  41
#define NEXT_HEADER_DUMMY 59

/* Pad Length and Next Header end on a four-byte boundary, RFC 4303 2.4. */
#define ESP_ALIGN 4

bool esp_result_authenticated(enum esp_result result)
{
	switch (result) {
	case ESP_OK:
	case ESP_DUMMY:
	case ESP_INNER_BAD:
	case ESP_SELECTORS:
		return true;
	case ESP_TRUNCATED:
	case ESP_REPLAYED:
	case ESP_FORGED:
	case ESP_SEQ_EXHAUSTED:
	case ESP_NO_ROOM:
	case ESP_CRYPTO_FAILED:
		return false;
	}
	return false;
}

bool esp_spi(const struct seg *seg, uint32_t *spi)
{
	struct rd rd = rd_of(bytes_make(seg->p, seg->n));

	return rd_u32(&rd, spi);
}

/*
 * --- outbound --------------------------------------------------------------------------------------------

 */

static size_t pad_len(size_t n, size_t block)
{
	size_t unit = MAX(block, (size_t)ESP_ALIGN);

	return (unit - (n + 2) % unit) % unit;
}

static void trailer_write(struct wr *wr, size_t pad, uint8_t next_header)
{
	for (size_t i = 1; i <= pad; i++)
		wr_u8(wr, i);
	wr_u8(wr, pad);
	wr_u8(wr, next_header);
}

/*
 * What is authenticated beside the packet: with ESN the high half of the number, which is not sent. AEADs have it between SPI and
 * low half (RFC 4106 5, RFC 7634 2.1), a MAC behind the text (RFC 4303 2.8).
 */
struct esp_extra {
	uint8_t aad[12];
	uint8_t high[4];
};

static void extra_fill(struct esp_extra *extra, const uint8_t *header, uint64_t seq)
{
	struct wr aad = wr_of(extra->aad, sizeof(extra->aad));
	struct wr high = wr_of(extra->high, sizeof(extra->high));

	wr_bytes(&aad, bytes_make(header, 4));
	wr_u64(&aad, seq);
	wr_u32(&high, seq >> 32);
}

static void io_extra(struct crypto_box_io *io, struct esp_extra *extra, bool aead, const uint8_t *header,
		     uint64_t seq)
{
	extra_fill(extra, header, seq);
	if (aead)
		io->aad = BYTES_OF(extra->aad);
	else
		io->tail = BYTES_OF(extra->high);
}

/* Lays header, IV, trailer and ICV around the packet, which stays where it is. */
static enum esp_result seal_at(struct esp_out *out, struct wr *wr, size_t n, size_t pad, uint8_t next_header)
{
	struct crypto_box_io io = {};
	struct esp_extra extra;
	uint8_t *iv;

	wr_u32(wr, out->spi);
	wr_u32(wr, (uint32_t)out->seq);
	iv = wr_room(wr, out->lens.iv);
	io.text = wr_room(wr, n);
	trailer_write(wr, pad, next_header);
	io.icv = wr_room(wr, out->lens.icv);
	if (wr->failed)
		return ESP_NO_ROOM;
	esp_out_iv(out, iv);
	io.aad = bytes_make(wr->buf, ESP_HEADER_LEN);
	if (out->esn)
		io_extra(&io, &extra, out->counter_iv, wr->buf, out->seq);
	io.iv = iv;
	io.text_len = n + pad + 2;
	return crypto_box_seal(out->box, &io) ? ESP_OK : ESP_CRYPTO_FAILED;
}

enum esp_result esp_seal(struct esp_pair *pair, struct seg *seg, const struct inner_ip *ip)
{
	uint8_t next_header = ip->version == 4 ? NEXT_HEADER_IPV4 : NEXT_HEADER_IPV6;
	struct esp_out *out = &pair->out;
	size_t head = ESP_HEADER_LEN + out->lens.iv;
	size_t pad = pad_len(seg->n, out->lens.block);
	size_t tail = pad + 2 + out->lens.icv;
	enum esp_result result;
	struct wr wr;

	if (!inner_selectors_allow_out(&pair->selectors, ip))
		return ESP_SELECTORS;
	if (seg->headroom < head || seg->tailroom < tail)
		return ESP_NO_ROOM;
	if (out->seq >= out->seq_max)
		return ESP_SEQ_EXHAUSTED;
	out->seq++;
	wr = wr_of(seg->p - head, head + seg->n + tail);
	result = seal_at(out, &wr, seg->n, pad, next_header);
	if (result == ESP_OK) {
		seg->p -= head;
		seg->n += head + tail;
		seg->headroom -= head;
		seg->tailroom -= tail;
	}
	return result;
}

/*
 * --- inbound ---------------------------------------------------------------------------------------------

 */

struct esp_parts {
	uint32_t low; /* of the sequence number, as sent */
	uint64_t seq;
	struct bytes aad;
	struct bytes iv;
	struct bytes text;
	struct bytes icv;
};

static bool parts_decode(const struct esp_in *in, struct bytes packet, struct esp_parts *parts)
{
	struct rd rd = rd_of(packet), header;

	if (!rd_bytes(&rd, ESP_HEADER_LEN, &parts->aad) || !rd_bytes(&rd, in->lens.iv, &parts->iv))
		return false;
	header = rd_of(parts->aad);
	if (!rd_skip(&header, 4) || !rd_u32(&header, &parts->low))
		return false;
	if (rd_left(&rd) < in->lens.icv + 2)
		return false;
	if (!rd_bytes(&rd, rd_left(&rd) - in->lens.icv, &parts->text) ||
	    !rd_bytes(&rd, in->lens.icv, &parts->icv))
		return false;
	return parts->text.n % in->lens.block == 0;
}

static bool parts_authentic(struct esp_in *in, const struct seg *seg, const struct esp_parts *parts)
{
	struct crypto_box_io io = {
		.aad = parts->aad,
		.iv = parts->iv.p,
		.text = seg->p + (parts->text.p - seg->p),
		.text_len = parts->text.n,
		.icv = seg->p + (parts->icv.p - seg->p),
	};
	struct esp_extra extra;

	if (in->esn)
		io_extra(&io, &extra, in->aead, parts->aad.p, parts->seq);
	return crypto_box_open(in->box, &io);
}

/* RFC 4303 2.4: default padding counts 1, 2, 3..., and the receiver should look. */
static bool trailer_read(struct bytes text, struct bytes *payload, uint8_t *next_header)
{
	struct rd rd = rd_of(text);
	struct bytes before, padding;
	uint8_t pad;

	if (text.n < 2 || !rd_bytes(&rd, text.n - 2, &before) || !rd_u8(&rd, &pad) ||
	    !rd_u8(&rd, next_header))
		return false;
	rd = rd_of(before);
	if (pad > before.n || !rd_bytes(&rd, before.n - pad, payload) || !rd_bytes(&rd, pad, &padding))
		return false;
	for (size_t i = 0; i < padding.n; i++)
		if (padding.p[i] != i + 1)
			return false;
	return true;
}

static enum esp_result payload_decode(struct bytes text, struct inner_ip *ip, struct bytes *payload)
{
	uint8_t next_header;

	if (!trailer_read(text, payload, &next_header))
		return ESP_INNER_BAD;
	if (next_header == NEXT_HEADER_DUMMY)
		return ESP_DUMMY;
	if (!inner_ip_decode(*payload, ip))
		return ESP_INNER_BAD;
	if (next_header != (ip->version == 4 ? NEXT_HEADER_IPV4 : NEXT_HEADER_IPV6))
		return ESP_INNER_BAD;
	return ESP_OK;
}

static void seg_cut(struct seg *seg, struct bytes to)
{
	size_t head = (size_t)(to.p - seg->p);

	seg->headroom += head;
	seg->tailroom += seg->n - head - to.n;
	seg->p += head;
	seg->n = to.n;
}

enum esp_result esp_open(struct esp_pair *pair, struct seg *seg, struct inner_ip *ip)
{
	struct esp_in *in = &pair->in;
	struct esp_parts parts;
	struct inner_ip found;
	struct bytes payload;
	enum esp_result result;

	if (!parts_decode(in, bytes_make(seg->p, seg->n), &parts))
		return ESP_TRUNCATED;
	parts.seq = in->esn ? esp_replay_infer(&in->replay, parts.low) : parts.low;
	if (!esp_replay_check(&in->replay, parts.seq))
		return ESP_REPLAYED;
	if (!parts_authentic(in, seg, &parts))
		return ESP_FORGED;
	esp_replay_advance(&in->replay, parts.seq);

	result = payload_decode(parts.text, &found, &payload);
	if (result != ESP_OK)
		return result;
	if (!inner_selectors_allow_in(&pair->selectors, &found))
		return ESP_SELECTORS;
	payload.n = found.len;
	seg_cut(seg, payload);
	*ip = found;
	return ESP_OK;
}
