// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificate and Certificate Request payloads, RFC 7296 3.6 and 3.7, and the hash algorithms of RFC 7427 4. Called by
 * IKE_SA_INIT and IKE_AUTH; what is in a certificate is crypto/'s.
 */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"

/* RFC 7296 3.7: authorities are named by SHA-1. */
#define AUTHORITY_LEN 20

/* A set is 32 bits; IANA has given out fewer than ten. */
#define HASHES_MAX 31

enum ike_reason ike_cert_decode(struct rd rd, struct ike_cert *cert)
{
	uint8_t encoding;

	if (!rd_u8(&rd, &encoding))
		return IKE_R_TRUNCATED;
	if (!rd_left(&rd))
		return IKE_R_BAD_SYNTAX;
	*cert = (struct ike_cert){.encoding = encoding, .data = rd_rest(&rd)};
	return IKE_R_OK;
}

void ike_cert_encode(struct wr *wr, const struct ike_cert *cert)
{
	wr_u8(wr, cert->encoding);
	wr_bytes(wr, cert->data);
}

enum ike_reason ike_certreq_decode(struct rd rd, struct ike_certreq *req)
{
	uint8_t encoding;

	if (!rd_u8(&rd, &encoding))
		return IKE_R_TRUNCATED;
	if (encoding == IKE_CERT_X509_SIGNATURE && rd_left(&rd) % AUTHORITY_LEN)
		return IKE_R_BAD_SYNTAX;
	*req = (struct ike_certreq){.encoding = encoding, .authorities = rd_rest(&rd)};
	return IKE_R_OK;
}

void ike_certreq_encode(struct wr *wr, const struct ike_certreq *req)
{
	wr_u8(wr, req->encoding);
	wr_bytes(wr, req->authorities);
}

enum ike_reason ike_sig_hashes_decode(struct bytes data, uint32_t *hashes)
{
	struct rd rd = rd_of(data);
	uint32_t set = 0;
	uint16_t number;

	if (data.n == 0 || data.n % 2)
		return IKE_R_BAD_SYNTAX;
	while (rd_u16(&rd, &number))
		if (number <= HASHES_MAX)
			set |= UINT32_C(1) << number;
	*hashes = set;
	return IKE_R_OK;
}

void ike_sig_hashes_encode(struct wr *wr, uint32_t hashes)
{
	for (unsigned int number = 0; number <= HASHES_MAX; number++)
		if (hashes & UINT32_C(1) << number)
			wr_u16(wr, number);
}
