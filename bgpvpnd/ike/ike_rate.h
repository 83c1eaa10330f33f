// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How much an address that has proved nothing can make us compute: RFC 7296 2.6. A table of fixed size, by the hash of an IPv4 address
 * or of an IPv6 /64; addresses that meet in one slot share its rates, and the hash is keyed so that nobody can choose
 * with whom. Called by the responder side of IKE_SA_INIT. Numbers: limits.h.
 */
#ifndef BGPVPN_IKE_IKE_RATE_H
#define BGPVPN_IKE_IKE_RATE_H

#include "bgpvpnd/ike/ike.h"

#define IKE_RATE_SLOTS 1024

/* Full when `filled` is past; each that is taken moves it on. */
struct ike_bucket {
	struct instant filled;
};

struct ike_rate_slot {
	struct ike_bucket fresh;  /* IKE_SA_INIT without a cookie */
	struct ike_bucket proved; /* with one */
	uint32_t half_open;	  /* now */
};

/* Embedded in the engine; all zeroes is a table with everything full. */
struct ike_rate {
	bool keyed;
	uint32_t key;
	struct ike_bucket fresh; /* of all addresses */
	struct ike_rate_slot slots[IKE_RATE_SLOTS];
};

/* Takes one: false when there is none. `per_s` come back each second, `burst` at most. */
bool ike_bucket_take(struct ike_bucket *bucket, unsigned int per_s, unsigned int burst, struct instant now);

struct ike_rate_slot *ike_rate_slot(struct ike_rate *rate, const struct ike_host *host,
				    const struct ipaddr *addr);

/* May an IKE_SA_INIT without a cookie be answered? False: ask for one. */
bool ike_rate_fresh(struct ike_rate *rate, const struct ike_host *host, const struct ipaddr *addr,
		    struct instant now);

/* May one with a good cookie? False: drop it. */
bool ike_rate_proved(struct ike_rate *rate, const struct ike_host *host, const struct ipaddr *addr,
		     struct instant now);

#endif
