// SPDX-License-Identifier: GPL-2.0-or-later
/* The reachability policy, see tunnel_reach.h. */
#include <zebra.h>

#include "bgpvpnd/tunnel/tunnel_reach.h"

/* Silence that a LAN-like path is granted before suspicion; a scheduler's hiccup stays below it. */
#define THRESHOLD_US (100 * USEC_PER_MS)

/* A burst of loss lasts this long easily: no verdict on a shorter time, unless `detect` asks for it. */
#define WINDOW_US (200 * USEC_PER_MS)

/* How often to look while traffic goes out, and otherwise. */
#define POLL_ACTIVE_US (50 * USEC_PER_MS)
#define POLL_IDLE_US   (250 * USEC_PER_MS)
#define POLL_MIN_US    (5 * USEC_PER_MS)
#define ACTIVE_US      USEC_PER_S

#define CALM_US USEC_PER_S

#define INSIDE_SPACING_US (200 * USEC_PER_MS)
#define INSIDE_SLOW_US	  USEC_PER_S /* unproven or dead */
#define INSIDE_MISSES	  4
#define INSIDE_SPAN_US	  (500 * USEC_PER_MS)

static struct instant later(struct instant a, struct instant b)
{
	return instant_before(a, b) ? b : a;
}

static int64_t clamp(int64_t v, int64_t least, int64_t most)
{
	return MIN(MAX(v, least), most);
}

/*
 * --- the four times that everything follows from ---------------------------------------------------------
 */

static int64_t poll_us(const struct tunnel_reach *r, bool active)
{
	if (active)
		return clamp(r->detect_us / 20, POLL_MIN_US, POLL_ACTIVE_US);
	return clamp(r->detect_us / 4, POLL_MIN_US, POLL_IDLE_US);
}

static int64_t start_us(const struct tunnel_reach *r)
{
	return MIN(MAX(THRESHOLD_US, r->srtt_us * 3 / 2), r->detect_us / 2 - poll_us(r, true));
}

/*
 * From a suspicious probe to the verdict: four retransmission time-outs, where `detect` leaves room for
 * them. But never less than two round trips, or a `detect` below the path's round-trip time would declare
 * every path dead.
 */
static int64_t suspicion_us(const struct tunnel_reach *r)
{
	int64_t most = MAX(r->detect_us / 2, r->srtt_us * 2 + 10 * USEC_PER_MS);

	return clamp(r->rto_us * 4, MIN(WINDOW_US, most), most);
}

/* An idle tunnel has time, and time is certainty on a lossy path. */
static int64_t window_us(const struct tunnel_reach *r)
{
	int64_t suspicion = suspicion_us(r);

	return r->suspecting ? suspicion : MAX(suspicion, MIN(r->rto_us * 8, r->detect_us));
}

static int64_t cap_us(const struct tunnel_reach *r)
{
	return MAX(start_us(r), r->detect_us - suspicion_us(r));
}

/*
 * --- facts in --------------------------------------------------------------------------------------------
 */

void tunnel_reach_configure(struct tunnel_reach *r, uint32_t interval_s, uint32_t detect_ms)
{
	r->interval_us = interval_s * USEC_PER_S;
	r->detect_us = detect_ms * USEC_PER_MS;
}

static int64_t traffic(const struct tunnel_reach_sample *s)
{
	return (int64_t)(s->packets_out - s->inside_sent);
}

void tunnel_reach_start(struct tunnel_reach *r, const struct tunnel_reach_sample *s, struct instant now)
{
	*r = (struct tunnel_reach){
		.interval_us = r->interval_us,
		.detect_us = r->detect_us,
		.active = true,
		.since = now,
		.sampled = now,
		.srtt_us = s->srtt_us,
		.rto_us = s->rto_us,
		.traffic_out = traffic(s),
		.reachable = true,
		.waiting = INSTANT_NEVER,
		.calm = now,
		.inside.waiting = INSTANT_NEVER,
	};
	r->threshold_us = start_us(r);
}

void tunnel_reach_stop(struct tunnel_reach *r)
{
	r->active = false;
	r->proven = false;
}

void tunnel_reach_heard(struct tunnel_reach *r, struct instant now)
{
	r->last_ike = later(r->last_ike, now);
	r->spoke = true;
}

/*
 * `*since` is when unanswered sending began. It lies between the last sample (or what was heard after it)
 * and last_out; the earlier bound is taken, so that detection is never late. Returns the silence that ended,
 * or lasts, in us.
 */
static int64_t await(const struct tunnel_reach *r, struct instant *since, struct instant heard,
		     struct instant now)
{
	int64_t silence = 0;

	if (!instant_is_never(*since) && instant_before(*since, heard)) {
		silence = instant_diff(heard, *since);
		*since = INSTANT_NEVER;
	}
	if (instant_is_never(*since) && instant_before(heard, r->last_out))
		*since = instant_min(later(heard, r->sampled), r->last_out);
	if (!instant_is_never(*since))
		silence = MAX(silence, instant_diff(now, *since));
	return silence;
}

static void listen_to(struct tunnel_reach *r, const struct tunnel_reach_sample *s, struct instant now)
{
	int64_t silence;

	r->srtt_us = s->srtt_us;
	r->rto_us = s->rto_us;
	r->last_in = later(r->last_in, later(s->last_in, s->inside_answered));
	r->last_heard = later(r->last_ike, r->last_in);
	if (traffic(s) > r->traffic_out)
		r->last_out = later(r->last_out, s->last_out);
	r->traffic_out = traffic(s);
	silence = await(r, &r->waiting, later(r->last_heard, r->since), now);
	r->worst_us = MAX(r->worst_us, silence);
	await(r, &r->inside.waiting, later(r->last_in, r->since), now);
}

/*
 * The threshold halves when no silence came near it. The time looked at is long enough to hold one whole
 * silence.
 */
static void calm_down(struct tunnel_reach *r, struct instant now)
{
	if (instant_diff(now, r->calm) >= MAX(CALM_US, r->threshold_us * 2)) {
		if (r->worst_us * 2 < r->threshold_us)
			r->threshold_us /= 2;
		r->worst_us = 0;
		r->calm = now;
	}
	r->threshold_us = clamp(r->threshold_us, start_us(r), cap_us(r));
}

/*
 * --- verdicts --------------------------------------------------------------------------------------------
 */

/*
 * Stronger than heard: our request arrived and its answer came back, or ESP did. A peer that sends us
 * requests proves only that its packets arrive here.
 */
static bool answered(const struct tunnel_reach *r, const struct tunnel_reach_sample *s)
{
	if (instant_before(r->probe_at, r->last_in))
		return true;
	return r->spoke && instant_before(r->probe_at, s->request_since);
}

static void judge(struct tunnel_reach *r, const struct tunnel_reach_sample *s, struct instant now)
{
	bool firm = r->proven && r->reachable;

	if (!r->probing)
		return;
	if (firm ? r->spoke || instant_before(r->probe_at, r->last_in) : answered(r, s)) {
		if (r->suspecting && r->reachable)
			r->threshold_us = MIN(r->threshold_us * 2, cap_us(r));
		r->proven = true;
		r->reachable = true;
		r->probing = false;
	} else if (r->reachable && instant_reached(instant_add(r->probe_at, window_us(r)), now)) {
		r->reachable = false;
		r->silent_since = later(r->last_heard, r->since);
	}
}

/*
 * A probe runs. While we are sure of the peer there is only the verdict to wait for; else the answer is what
 * is missing.
 */
static unsigned int ask_again(struct tunnel_reach *r, const struct tunnel_reach_sample *s, struct instant now)
{
	if (r->proven && r->reachable)
		return 0;
	/* The request is gone without an answer: its IKE SA was replaced by another. */
	if (instant_is_never(s->request_since) && instant_diff(now, r->probe_at) >= poll_us(r, true))
		return TUNNEL_REACH_PROBE;
	/* The peer speaks: do not wait for the engine's slow retransmission. */
	if (!r->spoke)
		return 0;
	r->spoke = false;
	return TUNNEL_REACH_HURRY;
}

static unsigned int ask(struct tunnel_reach *r, const struct tunnel_reach_sample *s, struct instant now)
{
	struct instant quiet = later(later(r->last_heard, r->probe_at), r->since);

	if (r->probing)
		return ask_again(r, s, now);
	r->suspecting = r->proven && !instant_is_never(r->waiting) &&
			instant_reached(instant_add(r->waiting, r->threshold_us), now);
	if (!r->proven || r->suspecting || instant_reached(instant_add(quiet, r->interval_us), now))
		return TUNNEL_REACH_PROBE;
	return 0;
}

void tunnel_reach_probed(struct tunnel_reach *r, struct instant now)
{
	r->probing = true;
	r->spoke = false;
	r->probe_at = now;
}

/*
 * --- the inside ------------------------------------------------------------------------------------------
 */

static int64_t inside_spacing_us(const struct tunnel_reach *r)
{
	if (!r->inside.proven || r->inside.dead)
		return INSIDE_SLOW_US;
	return MAX(INSIDE_SPACING_US, r->rto_us);
}

/*
 * A series runs: `misses` probes went out. Only where the inside once answered does its silence mean
 * anything.
 */
static bool inside_series(struct tunnel_reach *r, struct instant now)
{
	struct tunnel_reach_inside *in = &r->inside;

	if (!instant_reached(instant_add(in->last, inside_spacing_us(r)), now))
		return false;
	if (!in->proven)
		return instant_before(in->last, r->last_out);
	if (in->misses >= INSIDE_MISSES && instant_diff(now, in->first) >= INSIDE_SPAN_US)
		in->dead = true;
	return true;
}

static unsigned int inside(struct tunnel_reach *r, const struct tunnel_reach_sample *s, bool probing,
			   struct instant now)
{
	struct tunnel_reach_inside *in = &r->inside;
	bool send;

	if (instant_before(r->since, s->inside_answered))
		in->proven = true;
	if (instant_before(in->first, r->last_in)) {
		in->misses = 0;
		in->dead = false;
	}
	if (!r->reachable)
		return 0;
	if (in->misses)
		send = inside_series(r, now);
	else
		send = (probing && (r->suspecting || !r->proven)) ||
		       instant_reached(instant_add(in->waiting, INSIDE_SLOW_US), now);
	if (!send)
		return 0;
	if (!in->misses)
		in->first = now;
	in->misses++;
	in->last = now;
	return TUNNEL_REACH_INSIDE;
}

unsigned int tunnel_reach_step(struct tunnel_reach *r, const struct tunnel_reach_sample *s,
			       struct instant now)
{
	unsigned int acts;

	if (!r->active)
		return 0;
	listen_to(r, s, now);
	calm_down(r, now);
	judge(r, s, now);
	acts = ask(r, s, now);
	acts |= inside(r, s, acts & TUNNEL_REACH_PROBE, now);
	r->sampled = now;
	return acts;
}

/* What was due at the last step was done then, or could not be; so only later times count. */
static struct instant sooner(const struct tunnel_reach *r, struct instant due, struct instant t)
{
	return instant_before(r->sampled, t) ? instant_min(due, t) : due;
}

struct instant tunnel_reach_next(const struct tunnel_reach *r)
{
	struct instant quiet = later(later(r->last_heard, r->probe_at), r->since);
	bool active = instant_diff(r->sampled, r->last_out) < ACTIVE_US && r->last_out.us;
	struct instant due;

	if (!r->active)
		return INSTANT_NEVER;
	due = instant_add(r->sampled, poll_us(r, (active || r->probing) && r->reachable));
	if (r->probing && r->reachable)
		due = sooner(r, due, instant_add(r->probe_at, window_us(r)));
	if (!r->probing) {
		due = sooner(r, due, instant_add(r->waiting, r->threshold_us));
		due = sooner(r, due, instant_add(quiet, r->interval_us));
	}
	if (r->inside.misses && r->inside.proven && r->reachable)
		due = sooner(r, due, instant_add(r->inside.last, inside_spacing_us(r)));
	return due;
}
