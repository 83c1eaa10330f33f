// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Quick crash detection, RFC 6290. The maker gives its peer, inside of every IKE SA, a token that is a function of a secret which
 * survives the maker's restart, and of the SPIs (5.1). When it is asked on an IKE SA that it does not know any more, it shows the
 * token in clear; to the taker that is as good as a DELETE. We are both, each for the IKE SAs that it has.
 * Private to ike/.
 */
#ifndef BGPVPN_IKE_IKE_QCD_H
#define BGPVPN_IKE_IKE_QCD_H

#include "bgpvpnd/ike/ike_engine.h"

/* N(QCD_TOKEN) for `sa`, which need not be the one that the message is of. Nothing without a secret. */
void ike_qcd_add(struct ike_draft *draft, const struct ike_sa *sa);

/* HDR, SK {N(QCD_TOKEN)} --> for an IKE SA that our rekeying made (4.3). False: not wanted, or not possible. */
bool ike_qcd_send(struct ike_sa *sa, struct instant now);

/* Keeps the token for `sa` that the message at hand carries, if it does. Only of authentic messages. */
void ike_qcd_keep(struct ike_sa *sa, const struct ike_turn *turn);

/* A sealed request of an IKE SA that we do not have: shows our token, if it may be shown. */
void ike_qcd_show(struct ike_turn *turn);

/* An answer in clear with a token for turn->sa: ends that IKE SA if it is the right one. False: it is none of these. */
bool ike_qcd_take(struct ike_turn *turn);

#endif
