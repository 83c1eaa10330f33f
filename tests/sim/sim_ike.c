// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The simulator: for every seed two engines, a network that is bad in some way for two minutes and then
 * good, and a story (who begins, behind a NAT or not, a crash, a data plane without memory, short
 * lifetimes, keys that differ). After every step the invariants of sim_end.c hold; in the end both sides
 * have one and the same pair, or, with different keys, none.
 *
 *	sim_ike [options of sim_run.h]
 */
#include <zebra.h>

#include "bgpvpnd/crypto/crypto.h"
#include "tests/helpers/mem_live.h"
#include "tests/sim/sim_end.h"
#include "tests/sim/sim_story.h"

#define SEEDS	       50
#define HEAL_TIME_US   (420 * USEC_PER_S) /* an SA that only one end has is given up after 180 s */
#define SETTLE_TIME_US (60 * USEC_PER_S)
#define STABLE_TIME_US (30 * USEC_PER_S)
#define STEPS_MAX      20000 /* at one instant: more is a loop */

struct sim {
	uint64_t rng;
	struct sim_net *net;
	struct sim_end a, b;
	struct sim_story story;
	uint64_t drawn; /* rows of sim_draws */
};

/*
 * --- the story
 * ----------------------------------------------------------------------------------------------
 */

static bool one_in(struct sim *sim, unsigned int n)
{
	return sim_rng_below(&sim->rng, n) == 0;
}

static int64_t up_to(struct sim *sim, int64_t us)
{
	return us ? (int64_t)((sim_rng(&sim->rng) >> 11) % (uint64_t)us) : 0;
}

static void heal(struct sim *sim)
{
	struct sim_story *story = &sim->story;

	story->crash[SIM_A] = story->crash[SIM_B] = story->terminate[SIM_A] = story->terminate[SIM_B] =
		INSTANT_NEVER;
	story->rekey[SIM_A] = story->rekey[SIM_B] = INSTANT_NEVER;
	for (unsigned int from = 0; from < 2; from++) {
		struct sim_path *path = sim_net_path(sim->net, from, !from);

		path->loss = path->dup = path->corrupt = path->replay = 0;
		path->dark_until = sim_net_now(sim->net);
	}
	sim->a.plane.refuse_adds = sim->b.plane.refuse_adds = 0;
	sim->a.plane.refuse_spis = sim->b.plane.refuse_spis = 0;
}

static void make_end(struct sim *sim, struct sim_end *end, bool is_a)
{
	const struct sim_story *story = &sim->story;

	sim_end_init(end, is_a ? "A" : "B", sim->net, is_a ? SIM_ADDR_A : SIM_ADDR_B, sim_rng(&sim->rng),
		     sim_story_cfg(story, is_a));
	end->initiates = is_a || story->both_initiate;
	end->by_tunnel = story->tunnel;
	end->plane.traffic_us = story->traffic_us[!is_a];
	sim_plane_restart(&end->plane);
	if (end->initiates || end->by_tunnel)
		end->next_initiate = instant_add(sim_net_now(sim->net), story->start_us[!is_a]);
	end->plane.refuse_adds = story->refuse_adds[!is_a];
	end->plane.refuse_spis = story->refuse_spis[!is_a];
	sim_end_start(end);
}

static void sim_init(struct sim *sim, uint64_t seed)
{
	*sim = (struct sim){.rng = sim_rng_seed(seed)};
	sim->net = sim_net_new(sim_rng(&sim->rng));
	sim_story_draw(&sim->story, seed, sim_without, &sim->drawn);
	make_end(sim, &sim->a, true);
	make_end(sim, &sim->b, false);
	if (sim->story.nat)
		sim_net_nat(sim->net, sim->a.node, SIM_ADDR_OUTSIDE);
	*sim_net_path(sim->net, sim->a.node, sim->b.node) = sim->story.path[SIM_A];
	*sim_net_path(sim->net, sim->b.node, sim->a.node) = sim->story.path[SIM_B];
}

/*
 * --- running
 * ------------------------------------------------------------------------------------------------
 */

static void take_event_of_story(struct sim *sim, struct instant *when, struct sim_end *end, bool crash)
{
	struct instant now = sim_net_now(sim->net);

	if (!instant_reached(*when, now))
		return;
	*when = sim->story.restless ? instant_add(now, up_to(sim, 8 * USEC_PER_S)) : INSTANT_NEVER;
	if (!crash) {
		sim_end_terminate(end);
		return;
	}
	sim_end_crash(end);
	sim_end_start(end);
}

/* A Child SA or the IKE SA, whatever is under way already; soon again, often at the very moment of the other end. */
static void rekey_of_story(struct sim *sim, struct instant *when, struct sim_end *end)
{
	struct instant now = sim_net_now(sim->net);

	if (!instant_reached(*when, now))
		return;
	*when = instant_add(now, one_in(sim, 2) ? 2 * USEC_PER_S : up_to(sim, 3 * USEC_PER_S));
	sim_end_rekey(end, one_in(sim, 3));
}

static struct instant next_instant(const struct sim *sim, struct instant limit)
{
	const struct sim_story *story = &sim->story;
	struct instant next = instant_min(limit, instant_min(sim_end_next(&sim->a), sim_end_next(&sim->b)));

	next = instant_min(next, instant_min(story->crash[SIM_A], story->crash[SIM_B]));
	next = instant_min(next, instant_min(story->rekey[SIM_A], story->rekey[SIM_B]));
	return instant_min(next, instant_min(story->terminate[SIM_A], story->terminate[SIM_B]));
}

/* An address that has proved nothing gets at most three times the bytes that it sent, as in RFC 9000 8. */
static void check_bounds(struct sim_end *end)
{
	struct ike_counters counters;

	sim_end_check(end);
	ike_engine_counters(end->engine, &counters);
	if (end->clear_out > 3 * end->clear_in)
		sim_fail("%s: %" PRIu64 " bytes in clear for %" PRIu64 " received", end->name, end->clear_out,
			 end->clear_in);
	if (counters.ike_sas > LIMIT_HALF_OPEN_MAX || sim_end_num_children(end) > LIMIT_CHILDREN)
		sim_fail("%s: %" PRIu64 " IKE SAs, %u Child SAs", end->name, counters.ike_sas,
			 sim_end_num_children(end));
}

static void run_until(struct sim *sim, struct instant limit)
{
	struct instant last = INSTANT_NEVER;
	unsigned int steps = 0;

	while (instant_before(sim_net_now(sim->net), limit)) {
		struct instant now;

		sim_net_step(sim->net, next_instant(sim, limit));
		now = sim_net_now(sim->net);
		steps = now.us == last.us ? steps + 1 : 0;
		last = now;
		if (steps > STEPS_MAX)
			sim_fail("time stands still at %" PRId64 " us", now.us);
		if (instant_reached(sim_end_next(&sim->a), now))
			sim_end_tick(&sim->a);
		if (instant_reached(sim_end_next(&sim->b), now))
			sim_end_tick(&sim->b);
		take_event_of_story(sim, &sim->story.crash[SIM_A], &sim->a, true);
		take_event_of_story(sim, &sim->story.crash[SIM_B], &sim->b, true);
		take_event_of_story(sim, &sim->story.terminate[SIM_A], &sim->a, false);
		take_event_of_story(sim, &sim->story.terminate[SIM_B], &sim->b, false);
		rekey_of_story(sim, &sim->story.rekey[SIM_A], &sim->a);
		rekey_of_story(sim, &sim->story.rekey[SIM_B], &sim->b);
		check_bounds(&sim->a);
		check_bounds(&sim->b);
	}
}

static void run_for(struct sim *sim, int64_t us)
{
	run_until(sim, instant_add(sim_net_now(sim->net), us));
}

/*
 * --- the end of the story
 * -----------------------------------------------------------------------------------
 */

static bool crosswise(const struct child_sa_half *out, const struct child_sa_half *in)
{
	return out->spi == in->spi && secret_equal(secret_view(&out->encr_key), secret_view(&in->encr_key)) &&
	       secret_equal(secret_view(&out->integ_key), secret_view(&in->integ_key));
}

static const char *pair_differs(const struct child_sa_params *a, const struct child_sa_params *b)
{
	if (!crosswise(&a->out, &b->in) || !crosswise(&b->out, &a->in))
		return "SPIs or keys are not the same crosswise";
	if (a->encr != b->encr || a->encr_key_bits != b->encr_key_bits || a->integ != b->integ ||
	    a->esn != b->esn)
		return "algorithms differ";
	if (a->ts_local.n != b->ts_remote.n || a->ts_remote.n != b->ts_local.n)
		return "traffic selectors differ";
	return NULL;
}

/* NULL when both ends have one usable pair, the same one; else what is missing. */
static const char *not_settled(struct sim *sim)
{
	const struct sim_child *a = sim_end_only_child(&sim->a), *b = sim_end_only_child(&sim->b);
	struct ike_conn_info info_a = sim_end_info(&sim->a), info_b = sim_end_info(&sim->b);

	if (!a || !b)
		return "not exactly one Child SA at both ends";
	if (!a->up || !b->up)
		return "a Child SA was not said to be up";
	if (info_a.phase != IKE_PHASE_ESTABLISHED || info_b.phase != IKE_PHASE_ESTABLISHED)
		return "no IKE SA";
	if (info_a.spi_i != info_b.spi_i || info_a.spi_r != info_b.spi_r ||
	    info_a.initiator == info_b.initiator)
		return "not the same IKE SA";
	if (!ipaddr_equal(&info_a.remote.addr, &sim->a.cfg->remote) ||
	    !ipaddr_equal(&info_b.remote.addr, &sim->b.cfg->remote))
		return "an end speaks to a stranger";
	if (info_a.child_id != a->params.child_id || info_b.child_id != b->params.child_id)
		return "ike_conn_info() knows another Child SA than the data plane";
	if (sim->story.tunnel && (!sim_end_link_is_up(&sim->a) || !sim_end_link_is_up(&sim->b)))
		return "a link is down though there is a usable pair";
	if (info_a.child_spi_in != a->params.in.spi || info_a.child_spi_out != a->params.out.spi)
		return "ike_conn_info() knows other SPIs than the data plane";
	return pair_differs(&a->params, &b->params);
}

static void check_settles(struct sim *sim)
{
	struct instant limit = instant_add(sim_net_now(sim->net), SETTLE_TIME_US);
	uint32_t spi;

	while (not_settled(sim) && instant_before(sim_net_now(sim->net), limit))
		run_for(sim, 500 * USEC_PER_MS);
	if (not_settled(sim))
		sim_fail("does not settle: %s (A %u, B %u Child SAs; A %s, B %s)", not_settled(sim),
			 sim_end_num_children(&sim->a), sim_end_num_children(&sim->b),
			 ike_reason_info(sim_end_info(&sim->a).last_failure)->words,
			 ike_reason_info(sim_end_info(&sim->b).last_failure)->words);
	if (sim_story_is_short_lived(&sim->story))
		return;
	spi = sim_end_info(&sim->a).child_spi_in;
	run_for(sim, STABLE_TIME_US);
	if (not_settled(sim) || sim_end_info(&sim->a).child_spi_in != spi)
		sim_fail("was settled, and is not any more: %s",
			 not_settled(sim) ? not_settled(sim) : "another Child SA");
}

static bool about_keys(enum ike_reason reason)
{
	return reason == IKE_R_PEER_AUTH_FAILED || reason == IKE_R_AUTH_FAILED ||
	       reason == IKE_R_CERT_UNKNOWN_CA;
}

static void check_strangers(const struct sim *sim)
{
	if (sim->a.link_changes || sim->b.link_changes)
		sim_fail("keys differ, and yet the link was up");
	if (sim->a.times_up || sim->b.times_up || sim_end_num_children(&sim->a) ||
	    sim_end_num_children(&sim->b))
		sim_fail("keys differ, and yet there was a Child SA");
	if (!about_keys(sim_end_info(&sim->a).last_failure))
		sim_fail("keys differ, and A says: %s",
			 ike_reason_info(sim_end_info(&sim->a).last_failure)->words);
}

/*
 * ike_terminate() at one end takes the pair away at both, unless the other was about to renew it: then both
 * have the new one.
 */
static void check_ends_together(struct sim *sim)
{
	sim->a.next_initiate = sim->b.next_initiate = INSTANT_NEVER;
	sim_end_close(&sim->a);
	run_for(sim, 20 * USEC_PER_S);
	if (!sim_end_num_children(&sim->a) && !sim_end_num_children(&sim->b) &&
	    (sim->story.tunnel || sim_end_info(&sim->b).phase == IKE_PHASE_NONE) &&
	    !sim_end_link_is_up(&sim->b))
		return;
	if (!sim_story_is_short_lived(&sim->story) || not_settled(sim))
		sim_fail("A was terminated, and now A has %u and B %u Child SAs",
			 sim_end_num_children(&sim->a), sim_end_num_children(&sim->b));
}

/* The same in the midst of the first exchanges. */
static void check_ends_together_midway(struct sim *sim)
{
	const struct sim_path *there = sim_net_path(sim->net, sim->a.node, sim->b.node);
	const struct sim_path *back = sim_net_path(sim->net, sim->b.node, sim->a.node);

	for (int i = 0; i < 4; i++) {
		ike_initiate(sim->a.engine, SIM_CONN, sim_net_now(sim->net));
		sim_end_pump(&sim->a);
		run_for(sim, up_to(sim, 4 * (there->delay_us + back->delay_us)));
		check_ends_together(sim);
	}
}

static void say_drawn(const struct sim *sim)
{
	for (unsigned int i = 0; sim_draws[i].name; i++)
		if (sim->drawn >> i & 1)
			printf("%s ", sim_draws[i].name);
	printf("\n");
}

static struct sim sim; /* of the seed that runs */

static uint64_t drawn(void)
{
	return sim.drawn;
}

static void run_seed(uint64_t seed)
{
	size_t before;

	sim_certs_init();
	before = mem_live();
	sim_init(&sim, seed);
	if (sim_verbose)
		say_drawn(&sim);
	run_for(&sim, SIM_BAD_TIME_US);
	heal(&sim);
	run_for(&sim, HEAL_TIME_US);
	if (sim.story.wrong_psk) {
		check_strangers(&sim);
	} else {
		check_settles(&sim);
		check_ends_together(&sim);
		if (!sim.story.tunnel)
			check_ends_together_midway(&sim);
	}
	sim_end_fini(&sim.a);
	sim_end_fini(&sim.b);
	sim_net_free(sim.net);
	if (mem_live() != before)
		sim_fail("%zu blocks of memory are left behind", mem_live() - before);
}

int main(int argc, char **argv)
{
	static const struct sim_run run = {.noun = "seed", .seeds = SEEDS, .one = run_seed, .drawn = drawn};

	int status = sim_run(&run, argc, argv);

	sim_certs_fini();
	return status;
}
