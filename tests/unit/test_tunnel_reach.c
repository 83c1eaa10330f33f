// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reachability policy in virtual time: a path with a round-trip time, flows in each direction, a peer
 * that answers liveness exchanges and inside probes or does not. Every step runs exactly when the policy
 * asks for it.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"

#include "bgpvpnd/tunnel/tunnel_reach.h"

#define MS(n) ((n)*USEC_PER_MS)
#define NEVER INT64_MAX

struct world {
	struct tunnel_reach reach;
	int64_t now;
	int64_t rtt;
	int64_t rto;
	/* The path is cut in [cut, heal), for IKE and ESP, or for ESP alone. */
	int64_t cut, heal;
	bool cut_esp_only;
	/* Packets every `out_gap` from out_from on; the peer's own every `in_gap`. 0: none. */
	int64_t out_gap, out_from, in_gap;
	bool echoes;  /* each of our packets is answered a round trip later */
	bool replies; /* each packet of the peer is answered by us at once */
	bool inside_answers;
	/* the engine */
	int64_t asked; /* first sent; NEVER: nothing outstanding */
	int64_t resend;
	int tries;
	int64_t answer_at; /* an answer is under way */
	int64_t inside_answer_at;
	/* counts */
	uint64_t out_packets;
	int64_t last_out, last_in, inside_answered;
	uint32_t probes, hurries, inside_probes;
	int64_t down_at, up_at;
};

static struct world new_world(int64_t rtt)
{
	struct world w = {
		.now = MS(100000),
		.rtt = rtt,
		.rto = MAX(MS(50), rtt * 11 / 10),
		.cut = NEVER,
		.heal = NEVER,
		.asked = NEVER,
		.resend = NEVER,
		.answer_at = NEVER,
		.inside_answer_at = NEVER,
		.inside_answers = true,
		.down_at = NEVER,
		.up_at = NEVER,
	};

	tunnel_reach_configure(&w.reach, 10, 1000);
	return w;
}

/* A packet that leaves at t, or arrives at t, gets through. */
static bool passes(const struct world *w, int64_t t, bool esp)
{
	return t < w->cut || t >= w->heal || (w->cut_esp_only && !esp);
}

static void transmit(struct world *w)
{
	w->tries++;
	w->resend = w->now + (w->tries < 5 ? w->rto : MIN(w->rto << (w->tries - 4), MS(2000)));
	if (passes(w, w->now, false) && passes(w, w->now + w->rtt, false))
		w->answer_at = MIN(w->answer_at, w->now + w->rtt);
}

/* The latest packet of a flow that arrived by now, sent every gap since `from` and on its way for `delay`. */
static int64_t latest(const struct world *w, int64_t from, int64_t gap, int64_t delay)
{
	int64_t t;

	if (!gap || w->now < from + delay)
		return 0;
	t = from + (w->now - delay - from) / gap * gap;
	while (t >= from && !(passes(w, t, true) && passes(w, t + delay, true)))
		t -= gap;
	return t >= from ? t + delay : 0;
}

static struct tunnel_reach_sample sample(struct world *w)
{
	int64_t out = w->out_gap && w->now >= w->out_from
			      ? w->out_from + (w->now - w->out_from) / w->out_gap * w->out_gap
			      : 0;
	int64_t in = latest(w, MS(100000), w->in_gap, w->rtt / 2);

	if (w->replies)
		out = MAX(out, in ? in + 1 : 0);
	if (w->echoes)
		in = MAX(in, latest(w, w->out_from, w->out_gap, w->rtt));
	if (out > w->last_out)
		w->out_packets++;
	w->last_out = MAX(w->last_out, out);
	w->last_in = MAX(MAX(w->last_in, in), w->inside_answered);
	return (struct tunnel_reach_sample){
		.last_in = {w->last_in},
		.last_out = {w->last_out},
		.packets_out = w->out_packets + w->inside_probes,
		.inside_sent = w->inside_probes,
		.inside_answered = {w->inside_answered},
		.srtt_us = w->rtt,
		.rto_us = w->rto,
		.request_since = {w->asked},
	};
}

static void act(struct world *w, unsigned int acts)
{
	if (acts & TUNNEL_REACH_PROBE) {
		w->probes++;
		if (w->asked == NEVER) {
			w->asked = w->now;
			w->tries = 0;
		}
		transmit(w);
		tunnel_reach_probed(&w->reach, (struct instant){w->now});
	}
	if (acts & TUNNEL_REACH_HURRY) {
		w->hurries++;
		transmit(w);
	}
	if (acts & TUNNEL_REACH_INSIDE) {
		w->inside_probes++;
		w->last_out = w->now + 20; /* for the plane an ESP packet like any other */
		if (w->inside_answers && passes(w, w->now, true) && passes(w, w->now + w->rtt, true))
			w->inside_answer_at = w->now + w->rtt;
	}
}

static void step(struct world *w)
{
	struct tunnel_reach_sample s = sample(w);
	bool was = w->reach.reachable && !w->reach.inside.dead;
	bool is;

	act(w, tunnel_reach_step(&w->reach, &s, (struct instant){w->now}));
	is = w->reach.reachable && !w->reach.inside.dead;
	if (was && !is)
		w->down_at = w->now;
	if (!was && is)
		w->up_at = w->now;
	/* Never a loop without progress. */
	assert_true(tunnel_reach_next(&w->reach).us > w->now);
}

static void run(struct world *w, int64_t until)
{
	for (;;) {
		int64_t next = MIN(MIN(w->answer_at, w->inside_answer_at), w->resend);

		next = MIN(next, tunnel_reach_next(&w->reach).us);
		if (next > until)
			break;
		w->now = next;
		if (w->answer_at <= w->now) {
			w->answer_at = w->resend = w->asked = NEVER;
			tunnel_reach_heard(&w->reach, (struct instant){w->now});
		}
		if (w->inside_answer_at <= w->now) {
			w->inside_answered = w->now;
			w->inside_answer_at = NEVER;
		}
		if (w->resend <= w->now)
			transmit(w);
		step(w);
	}
	w->now = until;
}

static void start(struct world *w)
{
	struct tunnel_reach_sample s = sample(w);

	tunnel_reach_start(&w->reach, &s, (struct instant){w->now});
	step(w);
}

/*
 * --- traces ----------------------------------------------------------------------------------------------
 */

/* Proven by the answer to a probe that goes out at once, not before. */
static void proof_first(void **state)
{
	struct world w = new_world(MS(20));

	start(&w);
	assert_int_equal(w.probes, 1);
	assert_int_equal(w.inside_probes, 1);
	assert_false(w.reach.proven);
	run(&w, w.now + MS(19));
	assert_false(w.reach.proven);
	run(&w, w.now + MS(2));
	assert_true(w.reach.proven && w.reach.reachable && w.reach.inside.proven);
}

/* A peer that asks but does not answer is not proof; each of its messages hurries our request once. */
static void request_is_no_proof(void **state)
{
	struct world w = new_world(MS(20));

	w.cut = 0;
	start(&w);
	run(&w, w.now + MS(30));
	tunnel_reach_heard(&w.reach, (struct instant){w.now});
	step(&w);
	step(&w);
	assert_false(w.reach.proven);
	assert_int_equal(w.hurries, 1);
}

static void idle(void **state)
{
	struct world w = new_world(MS(5));

	start(&w);
	run(&w, w.now + MS(100500));
	/* the proof, and one every 10 s */
	assert_in_range(w.probes, 10, 12);
	assert_int_equal(w.down_at, NEVER);
	w.cut = w.now;
	run(&w, w.now + MS(11100));
	assert_in_range(w.down_at - w.cut, 0, MS(11000));
}

/* Nothing waits for the verdict, so a burst that would end a suspicion is waited out. */
static void idle_probe_is_patient(void **state)
{
	struct world w = new_world(MS(5));
	uint32_t probes;

	start(&w);
	run(&w, w.now + MS(5000));
	probes = w.probes;
	while (w.probes == probes)
		run(&w, w.now + MS(1));
	w.cut = w.now - MS(1);
	w.heal = w.now + MS(300);
	w.answer_at = NEVER;
	run(&w, w.now + MS(5000));
	assert_int_equal(w.down_at, NEVER);
	assert_int_equal(w.asked, NEVER);
}

static int64_t detection(struct world *w)
{
	start(w);
	run(w, w->now + MS(60000));
	assert_int_equal(w->down_at, NEVER);
	w->cut = w->now;
	run(w, w->now + MS(30000));
	assert_int_not_equal(w->down_at, NEVER);
	return w->down_at - w->cut;
}

static void two_way_cut(void **state)
{
	static const struct {
		int64_t rtt, gap, within;
	} rows[] = {
		{200, MS(1), MS(400)},	   {MS(1), MS(10), MS(400)},  {MS(1), MS(100), MS(500)},
		{MS(20), MS(10), MS(400)}, {MS(50), MS(10), MS(400)}, {MS(200), MS(10), MS(850)},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct world w = new_world(rows[i].rtt);

		w.out_gap = rows[i].gap;
		w.out_from = w.now;
		w.echoes = true;
		assert_in_range(detection(&w), MS(100), rows[i].within + rows[i].rtt);
		/* A flow with answers costs no liveness exchange but the idle ones at most. */
		assert_true(w.probes <= 9);
	}
}

/* The end that answers: its last packet is always unanswered. */
static void answering_end_cut(void **state)
{
	struct world w = new_world(MS(1));

	w.in_gap = MS(10);
	w.replies = true;
	assert_in_range(detection(&w), MS(100), MS(400));
}

/* Gaps above the first threshold: it learns them, at one exchange a second or fewer. */
static void sparse_flow(void **state)
{
	static const int64_t gaps[] = {MS(120), MS(150), MS(250), MS(400), MS(700), MS(1000), MS(3000)};

	for (size_t i = 0; i < array_size(gaps); i++) {
		struct world w = new_world(MS(1));

		w.in_gap = gaps[i];
		w.replies = true;
		start(&w);
		run(&w, w.now + MS(600000));
		assert_int_equal(w.down_at, NEVER);
		assert_true(w.probes <= 600 * 13 / 10);
	}
}

static void one_way_flow(void **state)
{
	static const int64_t rtts[] = {MS(1), MS(50), MS(200)};

	for (size_t i = 0; i < array_size(rtts); i++)
		for (int answers = 0; answers < 2; answers++) {
			struct world w = new_world(rtts[i]);

			w.out_gap = MS(2);
			w.out_from = w.now;
			w.inside_answers = answers;
			start(&w);
			run(&w, w.now + MS(600000));
			assert_int_equal(w.down_at, NEVER);
			/* one each threshold and round trip: 800 + 1, 760 + 50, 500 + 200 ms */
			assert_in_range(w.probes, 500, rtts[i] == MS(200) ? 860 : 752);
			assert_true(w.inside_probes <= w.probes + 1);
			w.cut = w.now;
			run(&w, w.now + MS(5000));
			assert_in_range(w.down_at - w.cut, 0, MS(1050));
		}
}

/* After a one-way flow the fast threshold comes back within seconds of a flow with answers. */
static void threshold_returns(void **state)
{
	struct world w = new_world(MS(1));

	w.out_gap = MS(2);
	w.out_from = w.now;
	start(&w);
	run(&w, w.now + MS(60000));
	assert_true(w.reach.threshold_us >= MS(500));
	w.echoes = true;
	run(&w, w.now + MS(5000));
	assert_int_equal(w.reach.threshold_us, MS(100));
}

/* Total loss for 100 ms, at every phase of the polling, with each kind of flow. */
static void burst_loss(void **state)
{
	for (int kind = 0; kind < 3; kind++)
		for (int64_t phase = 0; phase < 60; phase += 3) {
			struct world w = new_world(MS(2));

			w.out_gap = kind < 2 ? MS(5) : 0;
			w.out_from = w.now;
			w.echoes = kind == 0;
			w.in_gap = kind == 2 ? MS(5) : 0;
			w.replies = kind == 2;
			start(&w);
			for (int i = 0; i < 20; i++) {
				run(&w, w.now + MS(2000 + phase));
				w.cut = w.now;
				w.heal = w.now + MS(100);
				run(&w, w.now + MS(500));
			}
			assert_int_equal(w.down_at, NEVER);
		}
}

/* The first packets after a long idle time meet a path that is dead. */
static void wakes_to_dead_path(void **state)
{
	for (int64_t phase = 0; phase < 250; phase += 10) {
		struct world w = new_world(MS(1));

		start(&w);
		run(&w, w.now + MS(4000 + phase));
		w.cut = w.now;
		w.out_from = w.now;
		w.out_gap = MS(200);
		w.echoes = true;
		run(&w, w.now + MS(3000));
		assert_in_range(w.down_at - w.cut, MS(100), MS(650));
	}
}

/* Reachable as soon as an answer comes: the engine's slow retransmission, at most two seconds. */
static void heals(void **state)
{
	struct world w = new_world(MS(10));
	uint32_t probes;

	w.out_gap = MS(10);
	w.out_from = w.now;
	w.echoes = true;
	start(&w);
	run(&w, w.now + MS(5000));
	w.cut = w.now;
	w.heal = w.now + MS(20000);
	run(&w, w.now + MS(5000));
	probes = w.probes;
	w.out_gap = 0; /* the link is down: no traffic */
	run(&w, w.cut + MS(19990));
	assert_int_equal(w.probes, probes);
	assert_int_equal(w.up_at, NEVER);
	run(&w, w.heal + MS(2100));
	assert_in_range(w.up_at - w.heal, MS(10), MS(2020));
	/* ESP alone proves it too, at the next slow look */
	w.out_gap = MS(10);
	w.out_from = w.now;
	w.cut = w.now;
	w.heal = INT64_MAX;
	run(&w, w.now + MS(3000));
	assert_false(w.reach.reachable);
	w.last_in = w.now + 1;
	run(&w, w.now + MS(260));
	assert_true(w.reach.reachable);
}

/* The peer's requests arrive, our answers and requests do not: heard is not enough to come back. */
static void hearing_only_one_way(void **state)
{
	struct world w = new_world(MS(10));

	w.out_gap = MS(10);
	w.out_from = w.now;
	start(&w);
	run(&w, w.now + MS(3000));
	w.cut = w.now;
	run(&w, w.now + MS(3000));
	assert_false(w.reach.reachable);
	for (int i = 0; i < 10; i++) {
		tunnel_reach_heard(&w.reach, (struct instant){w.now});
		step(&w);
		run(&w, w.now + MS(1000));
		assert_false(w.reach.reachable);
	}
	assert_int_equal(w.hurries, 10);
}

/* The IKE SA with our request was replaced: a new request goes out on the new one. */
static void request_vanished(void **state)
{
	struct world w = new_world(MS(10));

	w.out_gap = MS(10);
	w.out_from = w.now;
	start(&w);
	run(&w, w.now + MS(3000));
	w.cut = w.now;
	run(&w, w.now + MS(3000));
	assert_false(w.reach.reachable);
	w.asked = w.resend = NEVER;
	run(&w, w.now + MS(300));
	assert_false(w.reach.reachable);
	w.heal = w.now;
	w.asked = w.resend = NEVER;
	run(&w, w.now + MS(300));
	assert_true(w.reach.reachable);
}

/* ESP is blocked, IKE is not; the inside once answered. */
static void inside_dies(void **state)
{
	struct world w = new_world(MS(1));
	uint32_t probes;

	w.out_gap = MS(10);
	w.out_from = w.now;
	w.echoes = true;
	start(&w);
	run(&w, w.now + MS(5000));
	assert_true(w.reach.inside.proven);
	w.cut_esp_only = true;
	w.cut = w.now;
	w.heal = w.now + MS(30000);
	run(&w, w.now + MS(10000));
	assert_true(w.reach.inside.dead);
	assert_true(w.reach.reachable);
	assert_in_range(w.down_at - w.cut, MS(500), MS(1500));
	w.out_gap = 0;
	probes = w.inside_probes;
	run(&w, w.cut + MS(29999));
	assert_in_range(w.inside_probes - probes, 19, 21);
	run(&w, w.heal + MS(1010));
	assert_false(w.reach.inside.dead);
	assert_in_range(w.up_at - w.heal, MS(1), MS(1005));
}

/*
 * Where it never answered, its silence means nothing, and costs one packet a second, and none when nothing
 * is sent.
 */
static void inside_never_answered(void **state)
{
	struct world w = new_world(MS(1));
	uint32_t probes;

	w.inside_answers = false;
	w.out_gap = MS(10);
	w.out_from = w.now;
	start(&w);
	run(&w, w.now + MS(60000));
	assert_false(w.reach.inside.dead);
	assert_int_equal(w.down_at, NEVER);
	assert_in_range(w.inside_probes, 30, 62);
	w.out_gap = 0;
	run(&w, w.now + MS(2000));
	probes = w.inside_probes;
	run(&w, w.now + MS(60000));
	assert_int_equal(w.inside_probes, probes);
}

static void lowest_detect(void **state)
{
	struct world w = new_world(MS(1));

	tunnel_reach_configure(&w.reach, 10, 50);
	w.out_gap = MS(1);
	w.out_from = w.now;
	w.echoes = true;
	assert_in_range(detection(&w), MS(5), MS(60));
	/* below the round-trip time it stays alive all the same */
	w = new_world(MS(120));
	tunnel_reach_configure(&w.reach, 10, 50);
	w.out_gap = MS(10);
	w.out_from = w.now;
	start(&w);
	run(&w, w.now + MS(60000));
	assert_int_equal(w.down_at, NEVER);
}

static void highest_detect(void **state)
{
	struct world w = new_world(MS(1));

	tunnel_reach_configure(&w.reach, 3600, 60000);
	w.out_gap = MS(10);
	w.out_from = w.now;
	start(&w);
	run(&w, w.now + MS(600000));
	assert_int_equal(w.down_at, NEVER);
	assert_true(w.probes < 600);
	w.cut = w.now;
	run(&w, w.now + MS(70000));
	assert_in_range(w.down_at - w.cut, 0, MS(60000));
}

static void stopped(void **state)
{
	struct world w = new_world(MS(1));
	struct tunnel_reach_sample s;

	assert_true(instant_is_never(tunnel_reach_next(&w.reach)));
	start(&w);
	tunnel_reach_stop(&w.reach);
	s = sample(&w);
	assert_int_equal(tunnel_reach_step(&w.reach, &s, (struct instant){w.now + MS(20000)}), 0);
	assert_true(instant_is_never(tunnel_reach_next(&w.reach)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proof_first),
		cmocka_unit_test(request_is_no_proof),
		cmocka_unit_test(idle),
		cmocka_unit_test(idle_probe_is_patient),
		cmocka_unit_test(two_way_cut),
		cmocka_unit_test(answering_end_cut),
		cmocka_unit_test(sparse_flow),
		cmocka_unit_test(one_way_flow),
		cmocka_unit_test(threshold_returns),
		cmocka_unit_test(burst_loss),
		cmocka_unit_test(wakes_to_dead_path),
		cmocka_unit_test(heals),
		cmocka_unit_test(hearing_only_one_way),
		cmocka_unit_test(request_vanished),
		cmocka_unit_test(inside_dies),
		cmocka_unit_test(inside_never_answered),
		cmocka_unit_test(lowest_detect),
		cmocka_unit_test(highest_detect),
		cmocka_unit_test(stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
