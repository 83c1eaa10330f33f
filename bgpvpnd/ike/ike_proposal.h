// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Choosing algorithms: what we offer, what we accept of an offer, and what we accept of an answer.
 * RFC 7296 2.7, 3.3; RFC 5282 8 (AEADs in IKE); RFC 9370 2.2.1. Called by the exchanges that carry an SA payload.
 */
#ifndef BGPVPN_IKE_IKE_PROPOSAL_H
#define BGPVPN_IKE_IKE_PROPOSAL_H

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/ike/ike.h"
#include "bgpvpnd/proto/proto.h"

/* What was agreed. Rows are crypto's constants: a suite may be copied and outlives everything. */
struct ike_suite {
	const struct crypto_encr *encr;
	const struct crypto_integ *integ;  /* NULL with an AEAD */
	const struct crypto_prf *prf;	   /* NULL for ESP */
	const struct crypto_ke_method *ke; /* NULL: no key exchange (ESP without PFS) */
	const struct crypto_ke_method
		*addke[LIMIT_ADDKE]; /* RFC 9370, in this order; NULL: none at this place */
	bool esn;
};

/*
 * Our offer: the configured proposals in their order, numbered from 1, all with this SPI. AEAD and other
 * ciphers never share a wire proposal (RFC 7296 3.3.3): a mixed one becomes two, that of its first cipher
 * first. `with_ke` false leaves key exchange transforms out, as the ESP proposals of IKE_AUTH need (1.2);
 * IKE proposals always want true.
 */
void ike_proposal_offer(uint8_t proto, const struct ike_proposal_cfg *cfgs, uint8_t n, uint64_t spi,
			uint8_t spi_len, bool with_ke, struct ike_sa_payload *out);

/*
 * The responder's choice, by our order of preference over the peer's. *answer is the proposal to send back:
 * the offer's number, one transform of each type that it had; its spi is still the peer's, for the caller
 * to read and then to replace by ours. NO_PROPOSAL when there is nothing in common.
 */
enum ike_reason ike_proposal_choose(uint8_t proto, const struct ike_proposal_cfg *cfgs, uint8_t n,
				    const struct ike_sa_payload *offered, bool with_ke,
				    struct ike_suite *chosen, struct ike_proposal *answer) ike_must_check;

/*
 * The initiator's check: exactly one proposal, one transform of each type, all of it out of one proposal
 * that ike_proposal_offer() made of the same arguments; else PEER_CHANGED_PROPOSAL. The peer's SPI is
 * answer->proposals[0].spi.
 */
enum ike_reason ike_proposal_accept(uint8_t proto, const struct ike_proposal_cfg *cfgs, uint8_t n,
				    bool with_ke, const struct ike_sa_payload *answer,
				    struct ike_suite *chosen) ike_must_check;

/* Is this one of the types ADDKE1 to ADDKE7? */
static inline bool ike_transform_is_addke(uint8_t type)
{
	return type >= IKE_TRANSFORM_ADDKE1 && type <= IKE_TRANSFORM_ADDKE7;
}

/* Do any of them ask for additional key exchanges, so that IKE_INTERMEDIATE has to be offered? */
bool ike_proposals_have_addke(const struct ike_proposal_cfg *cfgs, uint8_t n);

/* Takes all additional key exchanges out of an offer, as its sender cannot make them; what insists on one is nothing then. */
void ike_proposals_strip_addke(struct ike_sa_payload *offer);

/* The first key exchange method of a configured proposal; IKE_KE_NONE: it has none. */
uint16_t ike_proposal_first_group(const struct ike_proposal_cfg *cfg);

/* Does any of them have this key exchange method? */
bool ike_proposals_have_group(const struct ike_proposal_cfg *cfgs, uint8_t n, uint16_t method);

/* In the operator's spelling, "aes256-sha256-modp2048". Returns buf. */
const char *ike_suite_format(uint8_t proto, const struct ike_suite *suite, char *buf, size_t len);

/* The same text kept, for who asks again and again. */
struct ike_suite_text {
	struct ike_suite of;
	char text[192]; /* as in struct ike_conn_info */
};
const char *ike_suite_text(uint8_t proto, const struct ike_suite *suite, struct ike_suite_text *kept);

/*
 * A whole SA payload as the operator would spell it, proposals separated by ", ", unknown numbers as
 * "encr23". Returns buf.
 */
const char *ike_offer_format(const struct ike_sa_payload *sa, char *buf, size_t len);

/* Configured proposals the same way, for "we have ..., the peer offers ...". Returns buf. */
const char *ike_proposals_format(uint8_t proto, const struct ike_proposal_cfg *cfgs, uint8_t n, char *buf,
				 size_t len);

#endif
