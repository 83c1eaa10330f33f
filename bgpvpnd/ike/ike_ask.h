// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_SA_INIT asked again because somebody says so, RFC 7296 1.2, 2.6, 2.6.1, 2.7: with a cookie, or with another group. Nobody vouches
 * for that, so what was asked before stays as good. Private to ike/; initiator only.
 *
 *	group	each has its private value and its request; the answer's KE says which it is for
 *	cookie	the answer does not say whether it is for the request with it, and our AUTH covers the request; so that one waits
 *		until an answer to the one without it would have been here
 */
#ifndef BGPVPN_IKE_IKE_ASK_H
#define BGPVPN_IKE_IKE_ASK_H

#include "bgpvpnd/ike/ike_sa.h"

struct ike_turn;

/* <-- HDR, N(COOKIE): kept for the next transmission, which comes soon. */
enum ike_reason ike_ask_hear_cookie(struct ike_turn *turn, const struct ike_notify *notify);

/* The request is due again: sent with the cookie that came meanwhile, if one did. */
bool ike_ask_return_cookie(struct ike_sa *sa, struct instant now);

/* <-- HDR, N(INVALID_KE_PAYLOAD): asked with that group, if it is one of ours. */
enum ike_reason ike_ask_group(struct ike_turn *turn, const struct ike_notify *notify);

/* Makes the request with this group the current one, if there was one. */
bool ike_ask_switch(struct ike_handshake *hs, uint16_t method);

void ike_asks_free(struct ike_handshake *hs);

#endif
