// SPDX-License-Identifier: GPL-2.0-or-later
/* Rates of addresses that proved nothing, see ike_rate.h. */
#include <zebra.h>

#include "lib/jhash.h"

#include "bgpvpnd/ike/ike_rate.h"

#define PREFIX_V6_LEN 8

bool ike_bucket_take(struct ike_bucket *bucket, unsigned int per_s, unsigned int burst, struct instant now)
{
	int64_t each = USEC_PER_S / per_s;
	struct instant filled = instant_before(bucket->filled, now) ? now : bucket->filled;

	filled = instant_add(filled, each);
	if (instant_diff(filled, now) > each * burst)
		return false;
	bucket->filled = filled;
	return true;
}

struct ike_rate_slot *ike_rate_slot(struct ike_rate *rate, const struct ike_host *host,
				    const struct ipaddr *addr)
{
	struct bytes bytes = ipaddr_bytes(addr);

	if (!rate->keyed)
		host->random(host->arg, (uint8_t *)&rate->key, sizeof(rate->key));
	rate->keyed = true;
	if (addr->ipa_type == IPADDR_V6)
		bytes.n = PREFIX_V6_LEN;
	return &rate->slots[jhash(bytes.p, bytes.n, rate->key) % IKE_RATE_SLOTS];
}

bool ike_rate_fresh(struct ike_rate *rate, const struct ike_host *host, const struct ipaddr *addr,
		    struct instant now)
{
	struct ike_rate_slot *slot = ike_rate_slot(rate, host, addr);

	return ike_bucket_take(&slot->fresh, LIMIT_INIT_PER_S_ADDR, LIMIT_INIT_BURST_ADDR, now) &&
	       ike_bucket_take(&rate->fresh, LIMIT_INIT_PER_S, LIMIT_INIT_BURST, now);
}

bool ike_rate_proved(struct ike_rate *rate, const struct ike_host *host, const struct ipaddr *addr,
		     struct instant now)
{
	struct ike_rate_slot *slot = ike_rate_slot(rate, host, addr);

	return ike_bucket_take(&slot->proved, LIMIT_INIT_PROVED_PER_S_ADDR, LIMIT_INIT_PROVED_PER_S_ADDR,
			       now);
}
