// SPDX-License-Identifier: GPL-2.0-or-later
/* AUTH values, see ike_auth.h. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_auth.h"

void ike_auth_psk(const struct crypto_prf *prf, struct bytes psk, struct bytes signed_message,
		  struct bytes peer_nonce, const struct secret *sk_p, struct bytes id_raw,
		  struct bytes int_auth, struct secret *out)
{
	/* RFC 7296 2.15: 17 ASCII characters without a zero at the end */
	struct bytes pad = bytes_str("Key Pad for IKEv2");
	uint8_t maced_id[CRYPTO_HASH_MAX];
	uint8_t key[CRYPTO_HASH_MAX];
	struct bytes octets[] = {signed_message, peer_nonce, bytes_make(maced_id, prf->out_len), int_auth};

	crypto_prf(prf, secret_view(sk_p), &id_raw, 1, maced_id);
	crypto_prf(prf, psk, &pad, 1, key);
	secret_alloc(out, prf->out_len);
	crypto_prf(prf, bytes_make(key, prf->out_len), octets, array_size(octets), out->key);
	secret_wipe(key, sizeof(key));
}

void ike_auth_octets(const struct crypto_prf *prf, struct bytes signed_message, struct bytes peer_nonce,
		     const struct secret *sk_p, struct bytes id_raw, struct bytes int_auth,
		     struct secret *out)
{
	struct wr wr;

	secret_alloc(out, signed_message.n + peer_nonce.n + prf->out_len + int_auth.n);
	wr = wr_of(out->key, out->len);
	wr_bytes(&wr, signed_message);
	wr_bytes(&wr, peer_nonce);
	crypto_prf(prf, secret_view(sk_p), &id_raw, 1, wr_room(&wr, prf->out_len));
	wr_bytes(&wr, int_auth);
}
