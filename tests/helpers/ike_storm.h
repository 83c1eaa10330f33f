// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two engines of ike_pair.h with a bad network between them instead of a test that delivers by hand: datagrams take up to 60 ms, so
 * they overtake each other, and while it is `bad` one in eight is lost and one in eight comes twice. For properties; after cmocka_all.h.
 */
#ifndef BGPVPN_TESTS_IKE_STORM_H
#define BGPVPN_TESTS_IKE_STORM_H

#include "tests/helpers/ike_pair.h"

#define IN_FLIGHT 512

struct flight {
	struct instant at;
	bool to_a;
	struct pair_datagram d; /* len 0: free */
};

struct storm {
	struct pair p;
	uint64_t rng;
	bool bad;
	struct flight air[IN_FLIGHT];
	struct instant tend_at; /* tend() is called then, and sets it anew */
	void (*tend)(struct storm *storm);
};

static inline unsigned int below(struct storm *s, unsigned int n)
{
	s->rng ^= s->rng << 13;
	s->rng ^= s->rng >> 7;
	s->rng ^= s->rng << 17;
	return (unsigned int)(s->rng >> 32) % n;
}

static inline void fly(struct storm *s, const struct pair_datagram *d, bool to_a)
{
	for (unsigned int i = 0; i < IN_FLIGHT; i++) {
		if (s->air[i].d.len)
			continue;
		s->air[i] = (struct flight){instant_add(s->p.now, 1000 + below(s, 60000)), to_a, *d};
		return;
	}
	fail_msg("too many datagrams are under way");
}

static inline void send_all(struct storm *s)
{
	struct pair_datagram d;

	for (int b = 0; b < 2; b++)
		while (pair_take(b ? &s->p.b : &s->p.a, &d)) {
			unsigned int luck = s->bad ? below(s, 8) : 7;

			if (luck > 0)
				fly(s, &d, b);
			if (luck == 1)
				fly(s, &d, b);
		}
}

static inline struct instant next_of(const struct storm *s)
{
	struct instant next =
		instant_min(ike_engine_next_expiry(s->p.a.engine), ike_engine_next_expiry(s->p.b.engine));

	for (unsigned int i = 0; i < IN_FLIGHT; i++)
		if (s->air[i].d.len)
			next = instant_min(next, s->air[i].at);
	return instant_min(next, s->tend_at);
}

static inline void land(struct storm *s)
{
	for (unsigned int i = 0; i < IN_FLIGHT; i++) {
		struct pair_datagram d = s->air[i].d;

		if (!d.len || !instant_reached(s->air[i].at, s->p.now))
			continue;
		s->air[i].d.len = 0;
		pair_give(&s->p, s->air[i].to_a ? &s->p.a : &s->p.b, &d);
	}
}

static inline void run_for(struct storm *s, int64_t us)
{
	struct instant end = instant_add(s->p.now, us);

	while (instant_before(s->p.now, end)) {
		send_all(s);
		s->p.now = instant_min(end, next_of(s));
		ike_engine_expire(s->p.a.engine, s->p.now);
		pair_drain(&s->p, &s->p.a);
		ike_engine_expire(s->p.b.engine, s->p.now);
		pair_drain(&s->p, &s->p.b);
		land(s);
		if (instant_reached(s->tend_at, s->p.now))
			s->tend(s);
	}
}

#endif
