// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NAT detection: RFC 7296 2.23. Called by IKE_SA_INIT, both to make the two notifies and to check the
 * peer's, and by MOBIKE (RFC 4555) when an address has changed.
 */
#ifndef BGPVPN_IKE_IKE_NAT_H
#define BGPVPN_IKE_IKE_NAT_H

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/crypto/crypto.h"

struct ike_conn_cfg;
struct ike_draft;
struct ike_turn;

struct ike_nat_finding {
	bool supported; /* the peer speaks of NAT at all */
	bool local;
	bool remote;
};

/*
 * SHA-1(SPIi | SPIr | address | port). SPIs as in the header of the message that carries it (SPIr 0 in the
 * first).
 */
void ike_nat_hash(uint64_t spi_i, uint64_t spi_r, const struct endpoint *endpoint,
		  uint8_t out[CRYPTO_SHA1_LEN]);

/* Both notifies of a message that goes from `local` to `remote`. `lie`: as if we were behind a NAT. */
void ike_nat_add(struct ike_draft *draft, const struct endpoint *local, const struct endpoint *remote,
		 bool lie);

/* What the peer's notifies say of the way that this message came; `nat_force` is only what we say of it. */
struct ike_nat_finding ike_nat_detect(const struct ike_turn *turn);

#endif
