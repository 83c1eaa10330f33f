// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Round-trip time and retransmission time-out of one peer, as RFC 6298 2. Samples come only from requests
 * sent once (Karn).
 */
#ifndef BGPVPN_IKE_IKE_RTT_H
#define BGPVPN_IKE_IKE_RTT_H

#include <stdbool.h>
#include <stdint.h>

/* Before the first sample, and the bounds that any estimate is held to. */
#define IKE_RTO_FIRST_US INT64_C(500000)
#define IKE_RTO_MIN_US	 INT64_C(50000)
#define IKE_RTO_MAX_US	 INT64_C(2000000)

/* All zeroes: nothing measured yet. */
struct ike_rtt {
	int64_t srtt_us;
	int64_t rttvar_us;
	uint32_t bounds; /* in a row, no sample in between */
	bool rough;	 /* made of a bound: the next sample begins anew */
};

void ike_rtt_sample(struct ike_rtt *rtt, int64_t sample_us);
/*
 * The answer to a request that was repeated came so long after the first: the round trip took no longer. Karn's rule ignores it, and so
 * would never measure a path that is slower than the first retransmission; here it counts where nothing else is known, and
 * when it is all that comes.
 */
void ike_rtt_bound(struct ike_rtt *rtt, int64_t bound_us);
int64_t ike_rtt_rto(const struct ike_rtt *rtt);

#endif
