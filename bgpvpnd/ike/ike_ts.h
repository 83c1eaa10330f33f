// SPDX-License-Identifier: GPL-2.0-or-later
/* Traffic selectors: narrowing and containment, RFC 7296 2.9. Called by IKE_AUTH and CREATE_CHILD_SA. */
#ifndef BGPVPN_IKE_IKE_TS_H
#define BGPVPN_IKE_IKE_TS_H

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/proto/ike_reason.h"

/*
 * The responder's answer: what `configured` and `offered` have in common, never wider than either. Empty
 * selectors (start after end) and those within another of the result are left out; beyond LIMIT_TS the rest
 * is dropped. TS_UNACCEPTABLE when nothing is left.
 */
enum ike_reason ike_ts_narrow(const struct ts_list *configured, const struct ts_list *offered,
			      struct ts_list *out) ike_must_check;

/*
 * The initiator's check of an answer: there is a selector, none is empty, and none selects a packet that `outer` does not. Two of
 * `outer` may be one in the answer (10.0.0.0/25 and 10.0.0.128/25 are 10.0.0.0/24): 2.9 speaks of the traffic, not of how it is written.
 */
bool ike_ts_within(const struct ts_list *inner, const struct ts_list *outer);

/* "10.0.0.0/24, 10.1.0.1-10.1.0.9[17/500]". Returns buf. */
const char *ike_ts_format(const struct ts_list *list, char *buf, size_t len);

#endif
