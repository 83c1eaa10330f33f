// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CREATE_CHILD_SA, RFC 7296 1.3. A connection has one Child SA, made with IKE_AUTH, and is renewed by a new IKE SA beside the old
 * one (ike_sa_end.c), so a request for more is refused in the words of 1.3: NO_ADDITIONAL_SAS.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"

static enum ike_reason create_child_request(struct ike_turn *turn)
{
	return turn->sa->state == IKE_SA_ESTABLISHED ? IKE_R_NO_ADDITIONAL_SAS : IKE_R_TEMPORARY;
}

#define ANYTHING                                                                                             \
	(IKE_SET(SA) | IKE_SET(NONCE) | IKE_SET(KE) | IKE_SET(TSI) | IKE_SET(TSR) | IKE_SET(NOTIFY) |        \
	 IKE_SET(VENDOR) | IKE_SET(CP))

const struct ike_row ike_create_child_rows[] = {
	{.name = "refuse another Child SA or a rekeying",
	 .in = IKE_SA_ESTABLISHED,
	 .exchange = IKE_EXCHANGE_CREATE_CHILD_SA,
	 .sealed = true,
	 .may = ANYTHING,
	 .handle = create_child_request,
	 .to = IKE_SA_ESTABLISHED},
	{.name = "refuse it while our DELETE is under way (2.25.2)",
	 .in = IKE_SA_DELETING,
	 .exchange = IKE_EXCHANGE_CREATE_CHILD_SA,
	 .sealed = true,
	 .may = ANYTHING,
	 .handle = create_child_request,
	 .to = IKE_SA_DELETING},
	{},
};
