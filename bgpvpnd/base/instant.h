// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Time as a value. An instant is microseconds of the monotonic clock since an arbitrary zero; below the shell
 * nobody reads a clock, everybody is told. Durations are plain int64_t in microseconds, named *_us.
 */
#ifndef BGPVPN_BASE_INSTANT_H
#define BGPVPN_BASE_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

struct instant {
	int64_t us;
};

#define USEC_PER_MS INT64_C(1000)
#define USEC_PER_S  INT64_C(1000000)

/* Later than everything: "no timer is set". */
#define INSTANT_NEVER ((struct instant){INT64_MAX})

static inline struct instant instant_add(struct instant t, int64_t us)
{
	return t.us == INT64_MAX ? t : (struct instant){t.us + us};
}

/* How long from `from` to `to`, in microseconds; negative when `to` came first. */
static inline int64_t instant_diff(struct instant to, struct instant from)
{
	return to.us - from.us;
}

static inline bool instant_before(struct instant a, struct instant b)
{
	return a.us < b.us;
}

static inline bool instant_reached(struct instant due, struct instant now)
{
	return now.us >= due.us;
}

static inline bool instant_is_never(struct instant t)
{
	return t.us == INT64_MAX;
}

static inline struct instant instant_min(struct instant a, struct instant b)
{
	return a.us < b.us ? a : b;
}

#endif
