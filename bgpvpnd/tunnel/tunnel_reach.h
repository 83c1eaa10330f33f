// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is the peer there? DESIGN.md "Reachability", RFC 7296 2.4. Pure policy: facts and the time go in, "probe
 * now" comes out. Private to tunnel/; tunnel_reconcile.c feeds it whenever a Child SA is installed.
 *
 *	ESP goes out, nothing comes back                waiting
 *	... for `threshold`                             suspicion: a liveness exchange, and an inside probe with it
 *	... anything comes within `window`              false alarm: the threshold doubles, up to a cap
 *	... nothing does                                unreachable, until our request is answered or ESP arrives
 *	no silence came near the threshold for a while  it halves, down to its start
 *
 * The doubling and halving makes each tunnel learn how long its healthy silences are: a flow that only goes
 * out costs about one exchange a second, a flow with answers keeps the fast start, and threshold + window <=
 * detect always.
 */
#ifndef BGPVPN_TUNNEL_TUNNEL_REACH_H
#define BGPVPN_TUNNEL_TUNNEL_REACH_H

#include "bgpvpnd/base/base.h"

/* What is known from outside, taken fresh before every step. */
struct tunnel_reach_sample {
	struct instant last_in; /* ESP of the installed Child SAs; {0}: never */
	struct instant last_out;
	uint64_t packets_out; /* ever: tells our own inside probes from traffic */
	uint64_t inside_sent; /* ever */
	struct instant inside_answered;
	int64_t srtt_us; /* 0: not measured */
	int64_t rto_us;
	struct instant request_since; /* the engine's outstanding request; INSTANT_NEVER: none */
};

struct tunnel_reach_inside {
	bool proven;	 /* a probe was answered since the start */
	bool dead;	 /* and now they are not */
	uint32_t misses; /* probes since `first`, none answered */
	struct instant first;
	struct instant last;
	struct instant waiting; /* ESP out and no ESP in since; INSTANT_NEVER: not so */
};

struct tunnel_reach {
	int64_t interval_us;
	int64_t detect_us;
	bool active;
	struct instant since;	/* active since then */
	struct instant sampled; /* the last step */
	int64_t srtt_us;
	int64_t rto_us;

	struct instant last_ike;
	struct instant last_in;
	struct instant last_heard; /* the later of both */
	struct instant last_out;   /* traffic, without inside probes */
	int64_t traffic_out;

	bool proven;
	bool reachable;
	struct instant silent_since; /* last heard before it was unreachable; {0}: never was */

	struct instant waiting; /* nothing heard since, though ESP went out; INSTANT_NEVER: not so */
	int64_t threshold_us;
	int64_t worst_us; /* longest silence since `calm` */
	struct instant calm;

	bool probing;
	bool suspecting; /* the probe comes from suspicion, not from idleness or as first proof */
	struct instant probe_at;
	bool spoke; /* IKE was heard since the probe, or since it was hurried: by order, not by the clock */

	struct tunnel_reach_inside inside;
};

/* May be called at any time; takes effect at once. */
void tunnel_reach_configure(struct tunnel_reach *reach, uint32_t interval_s, uint32_t detect_ms);

/* A first Child SA is installed; the last one is gone. */
void tunnel_reach_start(struct tunnel_reach *reach, const struct tunnel_reach_sample *sample,
			struct instant now);
void tunnel_reach_stop(struct tunnel_reach *reach);

/* The engine heard an authenticated message. */
void tunnel_reach_heard(struct tunnel_reach *reach, struct instant now);

enum tunnel_reach_act {
	TUNNEL_REACH_PROBE = 1 << 0,  /* start a liveness exchange; say so with tunnel_reach_probed() */
	TUNNEL_REACH_HURRY = 1 << 1,  /* repeat the outstanding one at once: the peer is heard again */
	TUNNEL_REACH_INSIDE = 1 << 2, /* send an inside probe */
};

/* Returns a set of tunnel_reach_act. */
unsigned int tunnel_reach_step(struct tunnel_reach *reach, const struct tunnel_reach_sample *sample,
			       struct instant now);
void tunnel_reach_probed(struct tunnel_reach *reach, struct instant now);

/* When the next step is due; always later than the last one. */
struct instant tunnel_reach_next(const struct tunnel_reach *reach);

#endif
