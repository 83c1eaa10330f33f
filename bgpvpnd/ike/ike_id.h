// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Identities: RFC 7296 3.5. Parsing and printing are declared in ike.h. Called by IKE_AUTH and the lookup
 * of connections.
 */
#ifndef BGPVPN_IKE_IKE_ID_H
#define BGPVPN_IKE_IKE_ID_H

#include "bgpvpnd/ike/ike.h"
#include "bgpvpnd/proto/proto.h"

/*
 * Same type and value; FQDNs without regard to case. A `configured` of type 0 matches nothing: fill it in
 * first.
 */
bool ike_id_matches(const struct ike_id_cfg *configured, const struct ike_id *got);

/* The same for those that match each other. */
uint32_t ike_id_hash(const struct ike_id_cfg *id);

/* The identity of one who has configured none: the address. */
void ike_id_of_addr(const struct ipaddr *addr, struct ike_id_cfg *out);

/*
 * A configured identity as a payload to encode, and a received one to print. The first borrows; longer than
 * LIMIT_ID is cut.
 */
struct ike_id ike_id_payload(const struct ike_id_cfg *cfg);
void ike_id_of_payload(const struct ike_id *id, struct ike_id_cfg *out);

#endif
