// SPDX-License-Identifier: GPL-2.0-or-later
/* From shared secret and nonces to keys: RFC 7296 2.14 (IKE SA), 2.17 (Child SA), RFC 5282 7 (salts). */
#ifndef BGPVPN_IKE_IKE_KEYMAT_H
#define BGPVPN_IKE_IKE_KEYMAT_H

#include "bgpvpnd/ike/ike_proposal.h"

/* SK_d, SK_ai, ... of RFC 7296 2.14. ei and er are key and salt; ai and ar are empty with an AEAD. */
struct ike_keys {
	struct secret d, ai, ar, ei, er, pi, pr;
};

/* Takes all zeroes too. */
void ike_keys_fini(struct ike_keys *keys);

/* Replaces what *out holds (all zeroes at first). */
void ike_keymat_sa(const struct ike_suite *suite, struct bytes ni, struct bytes nr, struct bytes shared,
		   uint64_t spi_i, uint64_t spi_r, struct ike_keys *out);

/*
 * The same for an IKE SA that replaces another, RFC 7296 2.18: SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr) with the old
 * PRF, everything else with the new suite. `more`: the secrets of additional key exchanges, SK(1) | SK(2) ..., go behind Nr (RFC 9370
 * 2.2.4).
 */
void ike_keymat_rekey(const struct ike_suite *old, const struct secret *old_d, const struct ike_suite *suite,
		      struct bytes ni, struct bytes nr, struct bytes shared, struct bytes more,
		      uint64_t spi_i, uint64_t spi_r, struct ike_keys *out);

/*
 * After an additional key exchange of an IKE SA that is being set up, RFC 9370 2.2.2: SKEYSEED(n) = prf(SK_d(n-1), SK(n) | Ni | Nr), and
 * all keys from that.
 */
void ike_keymat_next(const struct ike_suite *suite, struct bytes ni, struct bytes nr, struct bytes shared,
		     uint64_t spi_i, uint64_t spi_r, struct ike_keys *keys);

/*
 * RFC 8784 3: a post-quantum pre-shared key goes into SK_d, SK_pi and SK_pr of a first IKE SA, each prf+(PPK, SK').
 */
void ike_keymat_ppk(const struct ike_suite *suite, struct bytes ppk, struct ike_keys *keys);

/*
 * Keys of a Child SA: encr_key (with salt) and integ_key of the two directions are replaced, SPIs
 * untouched. Initiator and responder are those of the exchange that makes the Child SA. `shared` is empty
 * without a key exchange of its own, `more` as above.
 */
void ike_keymat_child(const struct ike_suite *ike_suite, const struct ike_suite *esp,
		      const struct secret *sk_d, struct bytes shared, struct bytes more, struct bytes ni,
		      struct bytes nr, struct child_sa_half *initiator_to_responder,
		      struct child_sa_half *responder_to_initiator);

#endif
