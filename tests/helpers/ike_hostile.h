// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a peer that has the keys may say: messages sealed as they should be, made of payloads that exist, in combinations, numbers and lengths
 * that no honest peer sends, and some with bytes bent at random. Random, but the same for the same seed.
 */
#ifndef BGPVPN_TESTS_IKE_HOSTILE_H
#define BGPVPN_TESTS_IKE_HOSTILE_H

#include "bgpvpnd/ike/ike_engine.h"

struct hostile {
	uint64_t rng;
	uint32_t spi_out; /* an SPI that the other end receives with, or 0 */
	uint32_t spi_in;  /* one that it sends with */
};

unsigned int hostile_below(struct hostile *h, unsigned int n);

/* A request of `sa` with its next message ID, whole or in fragments: an output of its engine. */
void hostile_request(struct hostile *h, struct ike_sa *sa, struct instant now);

/* An answer to this request of the other end. */
void hostile_response(struct hostile *h, struct ike_sa *sa, const struct ike_hdr *request);

/* A few fragments that make no message, or one that says what it should not. */
void hostile_fragments(struct hostile *h, struct ike_sa *sa);

#endif
