// SPDX-License-Identifier: GPL-2.0-or-later
/* What IKE_INTERMEDIATE adds to the octets that AUTH is about: RFC 9242 3.3.2. Private to ike/. */
#ifndef BGPVPN_IKE_IKE_INT_AUTH_H
#define BGPVPN_IKE_IKE_INT_AUTH_H

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/proto/proto.h"

struct ike_sa;

/* IntAuth_i | IntAuth_r | IKE_AUTH_MID */
#define IKE_INT_AUTH_MAX (2 * CRYPTO_HASH_MAX + 4)

/*
 * A message of IKE_INTERMEDIATE, the initiator's or the responder's, before the keys change: its header, the critical bit of its SK
 * payload, and the payloads inside in clear, the first of type `first`. However it went, it counts as if it had gone whole.
 */
void ike_int_auth_add(struct ike_sa *sa, bool initiators, const struct ike_hdr *hdr, bool critical,
		      uint8_t first, struct bytes inner);

/* IntAuth, in buf; empty when there was no IKE_INTERMEDIATE. */
struct bytes ike_int_auth(const struct ike_sa *sa, uint8_t buf[IKE_INT_AUTH_MAX]);

#endif
