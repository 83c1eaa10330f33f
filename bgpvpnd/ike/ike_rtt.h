// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Round-trip time and retransmission time-out of one peer, as RFC 6298 2. Samples come only from requests
 * sent once (Karn).
 */
#ifndef BGPVPN_IKE_IKE_RTT_H
#define BGPVPN_IKE_IKE_RTT_H

#include <stdint.h>

/* Before the first sample, and the bounds that any estimate is held to. */
#define IKE_RTO_FIRST_US INT64_C(500000)
#define IKE_RTO_MIN_US	 INT64_C(50000)
#define IKE_RTO_MAX_US	 INT64_C(2000000)

/* All zeroes: nothing measured yet. */
struct ike_rtt {
	int64_t srtt_us;
	int64_t rttvar_us;
};

void ike_rtt_sample(struct ike_rtt *rtt, int64_t sample_us);
int64_t ike_rtt_rto(const struct ike_rtt *rtt);

#endif
