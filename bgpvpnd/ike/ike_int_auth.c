// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IntAuth, see ike_int_auth.h. RFC 9242 3.3.2:
 *
 *	IntAuth_i1 = prf(SK_pi1, IntAuth_i1A | IntAuth_i1P)
 *	IntAuth_i2 = prf(SK_pi2, IntAuth_i1 | IntAuth_i2A | IntAuth_i2P)
 *	IntAuth    = IntAuth_iN | IntAuth_rN | IKE_AUTH_MID
 *
 * A is the header of the message and the generic header of its SK payload, P what is inside; both lengths are those of a message
 * that has nothing but A and P. The SK_p are those that the message itself was sealed with.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_int_auth.h"

static void write_headers(struct wr *wr, const struct ike_hdr *hdr, bool critical, uint8_t first,
			  size_t inner)
{
	wr_u64(wr, hdr->spi_i);
	wr_u64(wr, hdr->spi_r);
	wr_u8(wr, IKE_PAYLOAD_SK);
	wr_u8(wr, hdr->version);
	wr_u8(wr, hdr->exchange);
	wr_u8(wr, hdr->flags);
	wr_u32(wr, hdr->message_id);
	wr_u32(wr, IKE_HDR_LEN + IKE_PAYLOAD_HDR_LEN + inner);
	wr_u8(wr, first);
	wr_u8(wr, critical ? 0x80 : 0);
	wr_u16(wr, IKE_PAYLOAD_HDR_LEN + inner);
}

void ike_int_auth_add(struct ike_sa *sa, bool initiators, const struct ike_hdr *hdr, bool critical,
		      uint8_t first, struct bytes inner)
{
	const struct crypto_prf *prf = sa->suite.prf;
	struct secret *chain = initiators ? &sa->hs->int_auth_i : &sa->hs->int_auth_r;
	uint8_t headers[IKE_HDR_LEN + IKE_PAYLOAD_HDR_LEN], mac[CRYPTO_HASH_MAX];
	struct wr wr = wr_of(headers, sizeof(headers));
	struct bytes parts[] = {secret_view(chain), BYTES_OF(headers), inner};

	write_headers(&wr, hdr, critical, first, inner.n);
	crypto_prf(prf, secret_view(initiators ? &sa->keys.pi : &sa->keys.pr), parts, array_size(parts), mac);
	secret_set(chain, bytes_make(mac, prf->out_len));
}

struct bytes ike_int_auth(const struct ike_sa *sa, uint8_t buf[IKE_INT_AUTH_MAX])
{
	const struct ike_handshake *hs = sa->hs;
	struct wr wr = wr_of(buf, IKE_INT_AUTH_MAX);

	if (hs->addke.num == 0)
		return bytes_make(NULL, 0);
	wr_bytes(&wr, secret_view(&hs->int_auth_i));
	wr_bytes(&wr, secret_view(&hs->int_auth_r));
	/* IKE_SA_INIT was 0, and every IKE_INTERMEDIATE one more. */
	wr_u32(&wr, 1 + hs->addke.num);
	return wr_bytes_view(&wr);
}
