// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both ends of a Child SA with every suite that the crypto floor has, and inner packets to send through it.
 * Packets lie in heap blocks of exactly their headroom, length and tailroom, so that AddressSanitizer sees
 * the first byte outside.
 */
#ifndef BGPVPN_TESTS_ESP_ENDS_H
#define BGPVPN_TESTS_ESP_ENDS_H

#include <zebra.h>

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/dplane/tun/esp_packet.h"

struct esp_suite {
	uint16_t encr;
	uint16_t bits;
	uint16_t integ;
};

static const struct esp_suite esp_suites[] = {
	{IKE_ENCR_AES_GCM_16, 128, IKE_INTEG_NONE},
	{IKE_ENCR_AES_GCM_16, 256, IKE_INTEG_NONE},
	{IKE_ENCR_CHACHA20_POLY1305, 0, IKE_INTEG_NONE},
	{IKE_ENCR_AES_CBC, 128, IKE_INTEG_HMAC_SHA1_96},
	{IKE_ENCR_AES_CBC, 256, IKE_INTEG_HMAC_SHA2_256_128},
	{IKE_ENCR_AES_CBC, 256, IKE_INTEG_HMAC_SHA2_384_192},
	{IKE_ENCR_AES_CBC, 256, IKE_INTEG_HMAC_SHA2_512_256},
};
#define ESP_SUITES (sizeof(esp_suites) / sizeof(esp_suites[0]))

static inline void esp_key_fill(struct secret *key, size_t len, uint8_t seed)
{
	secret_alloc(key, len);
	for (size_t i = 0; i < len; i++)
		key->key[i] = (uint8_t)(seed + i * 7);
}

static inline void esp_half_fill(struct child_sa_half *half, const struct esp_suite *suite, uint32_t spi)
{
	const struct crypto_encr *encr = crypto_encr_find(suite->encr, suite->bits);
	const struct crypto_integ *integ = crypto_integ_find(suite->integ);

	half->spi = spi;
	esp_key_fill(&half->encr_key, (size_t)encr->key_len + encr->salt_len, (uint8_t)spi);
	if (suite->integ != IKE_INTEG_NONE)
		esp_key_fill(&half->integ_key, integ->key_len, (uint8_t)(spi * 3));
}

/*
 * What end A installs: spi_in for what it receives. The other end is the same call with the SPIs exchanged.

 */
static inline struct child_sa_params esp_end_params(const struct esp_suite *suite, uint32_t spi_in,
						    uint32_t spi_out)
{
	struct child_sa_params params = {
		.child_id = 1,
		.encr = suite->encr,
		.encr_key_bits = suite->bits,
		.integ = suite->integ,
		.udp_encap = true,
	};

	esp_half_fill(&params.in, suite, spi_in);
	esp_half_fill(&params.out, suite, spi_out);
	ts_list_any(&params.ts_local);
	ts_list_any(&params.ts_remote);
	return params;
}

/*
 * --- packets ---------------------------------------------------------------------------------------------

 */

struct esp_block {
	uint8_t *heap;
	struct seg seg;
};

static inline struct esp_block esp_block_new(struct bytes content, size_t headroom, size_t tailroom)
{
	struct esp_block block = {.heap = malloc(headroom + content.n + tailroom)};

	block.seg = (struct seg){block.heap + headroom, content.n, headroom, tailroom};
	if (content.n)
		memcpy(block.seg.p, content.p, content.n);
	return block;
}

static inline void esp_block_free(struct esp_block *block)
{
	free(block->heap);
	block->heap = NULL;
}

static inline struct bytes esp_seg_view(const struct seg *seg)
{
	return bytes_make(seg->p, seg->n);
}

/*
 * 192.0.2.1 -> 198.51.100.2, UDP 1000 -> 2000, `payload` bytes of it; into buf, at least 28 + payload long.

 */
static inline struct bytes esp_inner_v4(uint8_t *buf, size_t cap, size_t payload)
{
	struct wr wr = wr_of(buf, cap);

	wr_u32(&wr, 0x45b80000 + 28 + payload); /* DSCP EF */
	wr_u32(&wr, 0x00004000);
	wr_u32(&wr, 64 << 24 | IPPROTO_UDP << 16);
	wr_u32(&wr, 0xc0000201);
	wr_u32(&wr, 0xc6336402);
	wr_u16(&wr, 1000);
	wr_u16(&wr, 2000);
	wr_u32(&wr, (8 + payload) << 16);
	for (size_t i = 0; i < payload; i++)
		wr_u8(&wr, i & 0xff);
	if (wr.failed)
		abort();
	return wr_bytes_view(&wr);
}

/* 2001:db8::1 -> 2001:db8::2, the same UDP; 48 + payload bytes. */
static inline struct bytes esp_inner_v6(uint8_t *buf, size_t cap, size_t payload)
{
	struct wr wr = wr_of(buf, cap);

	wr_u32(&wr, 0x60000000);
	wr_u16(&wr, 8 + payload);
	wr_u16(&wr, IPPROTO_UDP << 8 | 64);
	for (int end = 1; end <= 2; end++) {
		wr_u32(&wr, 0x20010db8);
		wr_zero(&wr, 11);
		wr_u8(&wr, end);
	}
	wr_u16(&wr, 1000);
	wr_u16(&wr, 2000);
	wr_u32(&wr, (8 + payload) << 16);
	for (size_t i = 0; i < payload; i++)
		wr_u8(&wr, i & 0xff);
	if (wr.failed)
		abort();
	return wr_bytes_view(&wr);
}

#endif
