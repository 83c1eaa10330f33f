// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The AUTH payload's value: RFC 7296 2.15, RFC 9242 3.3.2. Called by IKE_AUTH, once for what we send and once for what we
 * must receive.
 */
#ifndef BGPVPN_IKE_IKE_AUTH_H
#define BGPVPN_IKE_IKE_AUTH_H

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/crypto/crypto.h"

/*
 * With a shared key. `signed_message` is the signer's whole first message (RealMessage1 or 2), `peer_nonce`
 * the other side's nonce, `sk_p` SK_pi for the initiator's AUTH and SK_pr for the responder's, `id_raw` the
 * body of the signer's ID payload, `int_auth` what IKE_INTERMEDIATE adds (ike_int_auth.h), empty without one. Compare with secret_equal().
 */
void ike_auth_psk(const struct crypto_prf *prf, struct bytes psk, struct bytes signed_message,
		  struct bytes peer_nonce, const struct secret *sk_p, struct bytes id_raw,
		  struct bytes int_auth, struct secret *out);

/*
 * What a signature signs, RFC 7296 2.15: the arguments as above, the octets one behind the other.
 */
void ike_auth_octets(const struct crypto_prf *prf, struct bytes signed_message, struct bytes peer_nonce,
		     const struct secret *sk_p, struct bytes id_raw, struct bytes int_auth,
		     struct secret *out);

#endif
