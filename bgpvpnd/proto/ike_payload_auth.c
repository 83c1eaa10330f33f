// SPDX-License-Identifier: GPL-2.0-or-later
/* Authentication payload, RFC 7296 3.8 and RFC 7427 3. Called by ike/, which also verifies it. */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"

#define RESERVED_LEN 3

enum ike_reason ike_auth_decode(struct rd rd, struct ike_auth *auth)
{
	uint8_t method;

	if (!rd_u8(&rd, &method) || !rd_skip(&rd, RESERVED_LEN))
		return IKE_R_TRUNCATED;
	*auth = (struct ike_auth){.method = method, .value = rd_rest(&rd)};
	return IKE_R_OK;
}

void ike_auth_encode(struct wr *wr, const struct ike_auth *auth)
{
	wr_u8(wr, auth->method);
	wr_zero(wr, RESERVED_LEN);
	wr_bytes(wr, auth->value);
}

enum ike_reason ike_auth_sig_decode(struct rd rd, struct ike_auth_sig *sig)
{
	struct bytes alg;
	uint8_t len;

	if (!rd_u8(&rd, &len) || !rd_bytes(&rd, len, &alg))
		return IKE_R_TRUNCATED;
	*sig = (struct ike_auth_sig){.alg = alg, .value = rd_rest(&rd)};
	return IKE_R_OK;
}

void ike_auth_sig_encode(struct wr *wr, const struct ike_auth_sig *sig)
{
	wr_u8(wr, sig->alg.n);
	wr_bytes(wr, sig->alg);
	wr_bytes(wr, sig->value);
}
