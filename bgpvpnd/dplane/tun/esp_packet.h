// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ESP in tunnel mode, in place (RFC 4303 2 and 3): pure. The segment is a whole inner packet on one side and
 * a whole ESP packet (SPI to ICV) on the other; what is outside of that, UDP or IP, is the socket's business.
 */
#ifndef BGPVPN_TUN_ESP_PACKET_H
#define BGPVPN_TUN_ESP_PACKET_H

#include "bgpvpnd/dplane/tun/esp_sa.h"
#include "bgpvpnd/dplane/tun/seg_run.h"

/* SPI and sequence number; they are also the additional data, RFC 4303 2, RFC 4106 5. */
#define ESP_HEADER_LEN 8

/* Enough for every row of the crypto floor: header and IV; padding of a block of 16, two bytes, ICV of 32. */
#define ESP_HEADROOM (ESP_HEADER_LEN + 16)
#define ESP_TAILROOM (15 + 2 + CRYPTO_HASH_MAX)

enum esp_result {
	ESP_OK,
	ESP_TRUNCATED,	   /* too short for this SA, or no multiple of the block: not authenticated */
	ESP_REPLAYED,	   /* seen before, or left of the window: not authenticated */
	ESP_FORGED,	   /* the ICV does not fit */
	ESP_DUMMY,	   /* authenticated; next header 59, RFC 4303 2.6: nothing inside */
	ESP_INNER_BAD,	   /* authenticated, but the padding is wrong or what is inside is not IP */
	ESP_SELECTORS,	   /* authenticated IP that the traffic selectors don't cover */
	ESP_SEQ_EXHAUSTED, /* outbound: the counter must not cycle */
	ESP_NO_ROOM,	   /* outbound: headroom or tailroom too small */
	ESP_CRYPTO_FAILED, /* outbound: OpenSSL refused */
};

/* Whether an inbound result proves that the peer sent it. */
bool esp_result_authenticated(enum esp_result result);

/* The SPI of an ESP packet; false when it has none. */
bool esp_spi(const struct seg *seg, uint32_t *spi) rd_must_check;

/* Inner packet (decoded into *ip before) to ESP packet. On failure the segment's contents are undefined. */
enum esp_result esp_seal(struct esp_pair *pair, struct seg *seg, const struct inner_ip *ip) rd_must_check;

/* ESP packet to inner packet, cut to its own length (RFC 4303 2.7) and decoded into *ip. */
enum esp_result esp_open(struct esp_pair *pair, struct seg *seg, struct inner_ip *ip) rd_must_check;

#endif
