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
#include "tests/sim/sim_world.h"

#define SEEDS	       2000
#define HEAL_TIME_US   (420 * USEC_PER_S) /* an SA that only one end has is given up after 180 s */
#define HEAL_QCD_US    (60 * USEC_PER_S)  /* unless the other one says that it has lost it: RFC 6290 */
#define SETTLE_TIME_US (60 * USEC_PER_S)
#define STABLE_TIME_US (30 * USEC_PER_S)

struct sim {
	struct sim_world w;
	uint64_t drawn; /* rows of sim_draws */
};

/*
 * --- the story
 * ----------------------------------------------------------------------------------------------
 */

static bool one_in(struct sim *sim, unsigned int n)
{
	return sim_rng_below(&sim->w.rng, n) == 0;
}

static int64_t up_to(struct sim *sim, int64_t us)
{
	return us ? (int64_t)((sim_rng(&sim->w.rng) >> 11) % (uint64_t)us) : 0;
}

static void heal(struct sim *sim)
{
	struct sim_story *story = &sim->w.story;

	story->crash[SIM_A] = story->crash[SIM_B] = story->terminate[SIM_A] = story->terminate[SIM_B] =
		INSTANT_NEVER;
	story->rekey[SIM_A] = story->rekey[SIM_B] = INSTANT_NEVER;
	story->move[SIM_A] = story->move[SIM_B] = INSTANT_NEVER;
	if (story->moves)
		sim_end_move(&sim->w.b, sim_story_addr(story, false));
	for (unsigned int from = 0; from < 2; from++) {
		struct sim_path *path = sim_net_path(sim->w.net, from, !from);

		path->loss = path->dup = path->corrupt = path->replay = 0;
		path->dark_until = sim_net_now(sim->w.net);
	}
	sim->w.a.plane.refuse_adds = sim->w.b.plane.refuse_adds = 0;
	sim->w.a.plane.refuse_spis = sim->w.b.plane.refuse_spis = 0;
}

static void sim_init(struct sim *sim, uint64_t seed)
{
	struct sim_story story;

	sim_story_draw(&story, seed, sim_without, &sim->drawn);
	sim_world_init(&sim->w, &story, seed);
}

/*
 * --- running
 * ------------------------------------------------------------------------------------------------
 */

static void take_event_of_story(struct sim *sim, struct instant *when, struct sim_end *end, bool crash)
{
	struct instant now = sim_net_now(sim->w.net);

	if (!instant_reached(*when, now))
		return;
	*when = sim->w.story.restless ? instant_add(now, up_to(sim, 8 * USEC_PER_S)) : INSTANT_NEVER;
	if (!crash) {
		sim_end_terminate(end);
		return;
	}
	sim_end_crash(end);
	sim_end_start(end);
}

/*
 * A Child SA or the IKE SA, whatever is under way already; or the Child SA is deleted. Soon again, often at the very moment of the other
 * end.
 */
static void rekey_of_story(struct sim *sim, struct instant *when, struct sim_end *end)
{
	struct instant now = sim_net_now(sim->w.net);

	if (!instant_reached(*when, now))
		return;
	*when = instant_add(now, one_in(sim, 2) ? 2 * USEC_PER_S : up_to(sim, 3 * USEC_PER_S));
	if (one_in(sim, 6))
		sim_end_drop_child(end);
	else
		sim_end_rekey(end, one_in(sim, 3));
}

static void move_of_story(struct sim *sim, struct instant *when, struct sim_end *end)
{
	static const char *const addrs[2][3] = {{"192.0.2.1", "192.0.2.2", "192.0.2.3"},
						{"198.51.100.1", "198.51.100.2", "198.51.100.3"}};
	struct instant now = sim_net_now(sim->w.net);

	if (!instant_reached(*when, now))
		return;
	*when = instant_add(now,
			    one_in(sim, 3) ? up_to(sim, 100 * USEC_PER_MS) : up_to(sim, 20 * USEC_PER_S));
	sim_end_move(end, addrs[end == &sim->w.b][sim_rng_below(&sim->w.rng, 3)]);
}

static struct instant next_event(void *arg)
{
	const struct sim_story *story = &((const struct sim *)arg)->w.story;
	struct instant next = INSTANT_NEVER;

	for (int i = 0; i < 2; i++)
		next = instant_min(instant_min(instant_min(next, story->crash[i]), story->move[i]),
				   instant_min(story->rekey[i], story->terminate[i]));
	return next;
}

static void fire_events(void *arg)
{
	struct sim *sim = arg;

	for (int i = 0; i < 2; i++)
		take_event_of_story(sim, &sim->w.story.crash[i], i ? &sim->w.b : &sim->w.a, true);
	for (int i = 0; i < 2; i++)
		take_event_of_story(sim, &sim->w.story.terminate[i], i ? &sim->w.b : &sim->w.a, false);
	for (int i = 0; i < 2; i++)
		rekey_of_story(sim, &sim->w.story.rekey[i], i ? &sim->w.b : &sim->w.a);
	for (int i = 0; i < 2; i++)
		move_of_story(sim, &sim->w.story.move[i], i ? &sim->w.b : &sim->w.a);
}

static void run_for(struct sim *sim, int64_t us)
{
	const struct sim_events events = {.arg = sim, .next = next_event, .fire = fire_events};

	sim_world_run_for(&sim->w, us, &events);
}

/*
 * --- the end of the story
 * -----------------------------------------------------------------------------------
 */

static void check_settles(struct sim *sim)
{
	unsigned int changes;
	uint32_t spi;

	sim_world_settle(&sim->w, SETTLE_TIME_US, NULL);
	if (sim_story_is_short_lived(&sim->w.story))
		return;
	spi = sim_end_info(&sim->w.a).child_spi_in;
	changes = sim->w.a.link_changes + sim->w.b.link_changes;
	run_for(sim, STABLE_TIME_US);
	if (sim_world_not_settled(&sim->w) || sim_end_info(&sim->w.a).child_spi_in != spi)
		sim_fail("was settled, and is not any more: %s", sim_world_not_settled(&sim->w)
									 ? sim_world_not_settled(&sim->w)
									 : "another Child SA");
	if (sim->w.a.link_changes + sim->w.b.link_changes != changes)
		sim_fail("was settled, and then a link went down");
}

static bool about_keys(enum ike_reason reason)
{
	return reason == IKE_R_PEER_AUTH_FAILED || reason == IKE_R_AUTH_FAILED ||
	       reason == IKE_R_CERT_UNKNOWN_CA;
}

/*
 * The initiator's AUTH does not cover the answer to IKE_SA_INIT: where that lost its USE_PPK on the way, a responder that needs no PPK is
 * up until the initiator has looked at its AUTH.
 */
static bool never_up(const struct sim_end *end, const struct sim_ppk *ppk, const struct sim_story *story)
{
	return (!end->times_up && !end->link_changes) || (!story->wrong_psk && !ppk->required);
}

static void check_strangers(const struct sim *sim)
{
	const struct sim_story *story = &sim->w.story;

	if (!never_up(&sim->w.a, &story->ppk[SIM_A], story) ||
	    !never_up(&sim->w.b, &story->ppk[SIM_B], story) || sim_end_num_children(&sim->w.a) ||
	    sim_end_num_children(&sim->w.b))
		sim_fail("keys differ, and yet there was a Child SA");
	if (story->wrong_psk && sim_story_ppks_fit(story) &&
	    !about_keys(sim_end_info(&sim->w.a).last_failure))
		sim_fail("keys differ, and A says: %s",
			 ike_reason_info(sim_end_info(&sim->w.a).last_failure)->words);
}

/*
 * ike_terminate() at one end takes the pair away at both, unless the other was about to renew it: then both
 * have the new one.
 */
static void check_ends_together(struct sim *sim)
{
	sim->w.a.next_initiate = sim->w.b.next_initiate = INSTANT_NEVER;
	sim_end_close(&sim->w.a);
	run_for(sim, 20 * USEC_PER_S);
	if (!sim_end_num_children(&sim->w.a) && !sim_end_num_children(&sim->w.b) &&
	    (sim->w.story.tunnel || sim_end_info(&sim->w.b).phase == IKE_PHASE_NONE) &&
	    !sim_end_link_is_up(&sim->w.b))
		return;
	if (!sim_story_is_short_lived(&sim->w.story) || sim_world_not_settled(&sim->w))
		sim_fail("A was terminated, and now A has %u and B %u Child SAs",
			 sim_end_num_children(&sim->w.a), sim_end_num_children(&sim->w.b));
}

/* The same in the midst of the first exchanges. */
static void check_ends_together_midway(struct sim *sim)
{
	const struct sim_path *there = sim_net_path(sim->w.net, sim->w.a.node, sim->w.b.node);
	const struct sim_path *back = sim_net_path(sim->w.net, sim->w.b.node, sim->w.a.node);

	for (int i = 0; i < 4; i++) {
		ike_initiate(sim->w.a.engine, SIM_CONN, sim_net_now(sim->w.net));
		sim_end_pump(&sim->w.a);
		run_for(sim, up_to(sim, 4 * (there->delay_us + back->delay_us)));
		check_ends_together(sim);
	}
}

/*
 * Who crashed says so, to whom he had given a token. A rekeyed IKE SA that only the responder has yet, is one that the initiator could not
 * make a token for; and a token goes to the address that the other one has left.
 */
static int64_t heal_time(const struct sim_story *story, bool rekeys)
{
	bool tokens = story->qcd && !rekeys && !sim_story_is_short_lived(story) && !story->moves;

	return tokens ? HEAL_QCD_US : HEAL_TIME_US;
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
	bool rekeys;

	sim_certs_init();
	before = mem_live();
	sim_init(&sim, seed);
	rekeys = !instant_is_never(sim.w.story.rekey[SIM_A]) || !instant_is_never(sim.w.story.rekey[SIM_B]);
	if (sim_verbose)
		say_drawn(&sim);
	run_for(&sim, SIM_BAD_TIME_US);
	heal(&sim);
	run_for(&sim, heal_time(&sim.w.story, rekeys));
	if (sim.w.story.wrong_psk || !sim_story_ppks_fit(&sim.w.story)) {
		check_strangers(&sim);
	} else {
		check_settles(&sim);
		check_ends_together(&sim);
		if (!sim.w.story.tunnel)
			check_ends_together_midway(&sim);
	}
	sim_world_fini(&sim.w);
	if (mem_live() != before)
		sim_fail("%zu blocks of memory are left behind", mem_live() - before);
}

int main(int argc, char **argv)
{
	static const struct sim_run run = {
		.name = "sim_ike", .noun = "seed", .seeds = SEEDS, .one = run_seed, .drawn = drawn};

	int status = sim_run(&run, argc, argv);

	sim_certs_fini();
	return status;
}
