// SPDX-License-Identifier: GPL-2.0-or-later
/* RFC 6298 2.1 to 2.4, see ike_rtt.h. */
#include <zebra.h>

#include "bgpvpnd/base/instant.h"
#include "bgpvpnd/ike/ike_rtt.h"

/* Clock granularity G of 2.3: timers below it mean nothing. */
#define GRANULARITY_US USEC_PER_MS

/* Loss makes an answer ambiguous now and then; three in a row are a path that has become slower. */
#define BOUNDS_IN_A_ROW 3

static void first_sample(struct ike_rtt *rtt, int64_t r)
{
	rtt->srtt_us = r;
	rtt->rttvar_us = r / 2;
}

void ike_rtt_bound(struct ike_rtt *rtt, int64_t bound_us)
{
	/* That was an outage. */
	if (bound_us > IKE_RTO_MAX_US)
		return;
	rtt->bounds++;
	if (rtt->srtt_us && (rtt->bounds < BOUNDS_IN_A_ROW || bound_us <= rtt->srtt_us))
		return;
	first_sample(rtt, MAX(bound_us, 1));
	rtt->rough = true;
}

void ike_rtt_sample(struct ike_rtt *rtt, int64_t sample_us)
{
	int64_t r = MAX(sample_us, 1);

	rtt->bounds = 0;
	if (rtt->srtt_us == 0 || rtt->rough) {
		first_sample(rtt, r);
		rtt->rough = false;
		return;
	}
	rtt->rttvar_us += (llabs(rtt->srtt_us - r) - rtt->rttvar_us) / 4;
	rtt->srtt_us += (r - rtt->srtt_us) / 8;
}

int64_t ike_rtt_rto(const struct ike_rtt *rtt)
{
	int64_t rto;

	if (rtt->srtt_us == 0)
		return IKE_RTO_FIRST_US;
	rto = rtt->srtt_us + MAX(GRANULARITY_US, 4 * rtt->rttvar_us);
	return MIN(MAX(rto, IKE_RTO_MIN_US), IKE_RTO_MAX_US);
}
