// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NAT detection: RFC 7296 2.23. Called by IKE_SA_INIT, both to make the two notifies and to check the
 * peer's.
 */
#ifndef BGPVPN_IKE_IKE_NAT_H
#define BGPVPN_IKE_IKE_NAT_H

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/crypto/crypto.h"

/*
 * SHA-1(SPIi | SPIr | address | port). SPIs as in the header of the message that carries it (SPIr 0 in the
 * first).
 */
void ike_nat_hash(uint64_t spi_i, uint64_t spi_r, const struct endpoint *endpoint,
		  uint8_t out[CRYPTO_SHA1_LEN]);

#endif
