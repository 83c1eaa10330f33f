// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Authentication by certificates and signatures: RFC 7296 2.15, 3.6, 3.7, RFC 7427, RFC 8420. Called by IKE_SA_INIT (what we
 * accept) and IKE_AUTH (what we send, what we get).
 *
 * Each side authenticates in the way that it has: a certificate where `creds` is configured, else the pre-shared key. What it wants
 * of the other side is a signature where `trust` is configured, else the pre-shared key.
 */
#ifndef BGPVPN_IKE_IKE_AUTH_CERT_H
#define BGPVPN_IKE_IKE_AUTH_CERT_H

#include "bgpvpnd/ike/ike_engine.h"

/* --- out ------------------------------------------------------------------------------------------------- */

/* The hash algorithms that we take in a signature, RFC 7427 4. */
void ike_auth_add_hashes(struct ike_draft *draft);

/* CERTREQ with the authorities of `trust`; nothing without one. */
void ike_auth_add_certreq(struct ike_draft *draft, const struct crypto_trust *trust);

/* CERT payloads, ours first; nothing without `creds`. */
void ike_auth_add_certs(struct ike_draft *draft, const struct crypto_creds *creds);

/*
 * The value of AUTH and its method, signed with cfg->creds and a hash that the peer announced. CANNOT_SIGN, with words, when there is
 * none.
 */
enum ike_reason ike_auth_sign(const struct ike_sa *sa, const struct ike_conn_cfg *cfg, struct bytes octets,
			      struct secret *value, uint8_t *method, char *words, size_t len) ike_must_check;

/* --- in -------------------------------------------------------------------------------------------------- */

/* Remembers the hash algorithms that the peer takes, of its IKE_SA_INIT. False: it says nothing of them. */
bool ike_auth_take_hashes(struct ike_sa *sa, const struct ike_turn *turn);

/*
 * Is the peer, by the certificates of this message and the signature of AUTH, who it says that it is? `octets` are those
 * that it must have signed. Anything but OK comes with words for the operator.
 */
enum ike_reason ike_auth_cert_verify(const struct ike_turn *turn, const struct crypto_trust *trust,
				     const struct ike_id *id, const struct ike_auth *auth,
				     struct bytes octets, char *words, size_t len) ike_must_check;

#endif
