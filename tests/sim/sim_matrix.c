// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The matrix of collisions, RFC 7296 2.8.1, 2.8.2 and 2.25, enumerated: what A does, what B does, how many half round trips later
 * (or earlier), which message is lost, doubled or late, who restarts when. Over the real tunnel floor, with traffic.
 * Each case ends with exactly one pair, the same at both ends, and the links up; and where nobody restarted or closed anything, not one
 * packet was lost and no link went down.
 *
 *	sim_matrix [options of sim_run.h]	a case is a "seed"
 */
#include <zebra.h>

#include "tests/helpers/mem_live.h"
#include "tests/sim/sim_world.h"

#define HALF_US	    (10 * USEC_PER_MS)
#define TRAFFIC_US  (2 * USEC_PER_MS)
#define BUSY_US	    (600 * USEC_PER_MS) /* with traffic: past a first retransmission */
#define SETTLE_US   (420 * USEC_PER_S)	/* an SA that only one end has is given up after 180 s */
#define STABLE_US   (30 * USEC_PER_S)
#define OFFSETS	    7 /* B acts -3 to 3 half round trips after A */
#define MESSAGES    4 /* of each end */
#define RESTARTS    4 /* of each end: 0.5, 1.5, ... half round trips after the first act */
#define FATES	    3
#define DELAY_PAIRS 2

enum act { ACT_NONE, ACT_REKEY_CHILD, ACT_REKEY_IKE, ACT_CLEAR, ACT_REFUSE, ACT_DROP, ACTS };

static const char *const act_names[ACTS] = {
	"does nothing", "rekeys the Child SA",	   "rekeys the IKE SA",
	"clears",	"cannot install the next", "deletes the Child SA"};
static const char *const fate_names[FATES] = {"is lost", "comes twice", "comes late"};

/* What is the same for both ends and for the whole case; in `make check` each scene has one of them, with more --seeds all. */
enum variant { VARIANT_PLAIN, VARIANT_TURNED, VARIANT_BOTH_PFS, VARIANT_FRAGMENTS, VARIANTS };

static const char *const variant_names[VARIANTS] = {"plain", "B has rekeyed the IKE SA before",
						    "both initiate, with PFS", "in small fragments"};

struct scene {
	enum act act[2];
	int offset;  /* half round trips from A's to B's */
	int message; /* 0: none is disturbed; 1 ... MESSAGES: A's; then B's */
	enum sim_fate fate;
	int restart; /* 0: nobody; 1 ... RESTARTS: A; then B */
	bool lopsided;
	enum variant variant;
};

/*
 * --- numbering
 * ------------------------------------------------------------------------------------------------
 */

/* Says nothing that another case does not say. */
static bool makes_sense(const struct scene *scene)
{
	bool both = scene->act[SIM_A] != ACT_NONE && scene->act[SIM_B] != ACT_NONE;

	if (!both && scene->offset)
		return false;
	if (!scene->message && scene->fate)
		return false;
	return !scene->restart || scene->fate == SIM_FATE_LOST;
}

static unsigned int digit(uint64_t *number, unsigned int base)
{
	unsigned int d = (unsigned int)(*number % base);

	*number /= base;
	return d;
}

/* All combinations, in order; false: no such number. */
static bool combine(uint64_t number, struct scene *scene)
{
	scene->fate = digit(&number, FATES);
	scene->message = (int)digit(&number, 2 * MESSAGES + 1);
	scene->restart = (int)digit(&number, 2 * RESTARTS + 1);
	scene->offset = (int)digit(&number, OFFSETS) - OFFSETS / 2;
	scene->act[SIM_A] = digit(&number, ACTS);
	scene->act[SIM_B] = digit(&number, ACTS);
	scene->lopsided = digit(&number, DELAY_PAIRS);
	return number == 0;
}

static uint64_t cases; /* that make sense; number 1 ... VARIANTS * cases */
static uint32_t
	numbers[FATES * (2 * MESSAGES + 1) * (2 * RESTARTS + 1) * OFFSETS * ACTS * ACTS * DELAY_PAIRS];

static void count_cases(void)
{
	struct scene scene;

	for (uint32_t number = 0; combine(number, &scene); number++)
		if (makes_sense(&scene))
			numbers[cases++] = number;
}

static void scene_of(uint64_t number, struct scene *scene)
{
	if (number == 0 || number > cases * VARIANTS)
		sim_fail("there are cases 1 to %" PRIu64, cases * VARIANTS);
	combine(numbers[(number - 1) % cases], scene);
	scene->variant = (enum variant)((number - 1 + (number - 1) / cases) % VARIANTS);
}

static void say_scene(const struct scene *scene)
{
	printf("A %s; B %s, %d half round trips later", act_names[scene->act[SIM_A]],
	       act_names[scene->act[SIM_B]], scene->offset);
	if (scene->message)
		printf("; message %d of %s %s", (scene->message - 1) % MESSAGES + 1,
		       scene->message > MESSAGES ? "B" : "A", fate_names[scene->fate]);
	if (scene->restart)
		printf("; %s restarts after %d.5 half round trips", scene->restart > RESTARTS ? "B" : "A",
		       (scene->restart - 1) % RESTARTS);
	printf("%s; %s\n", scene->lopsided ? "; the way back is slow" : "", variant_names[scene->variant]);
}

/*
 * --- a case
 * ------------------------------------------------------------------------------------------------
 */

static struct sim_world world;

static void act(struct sim_end *end, enum act act)
{
	switch (act) {
	case ACT_REKEY_CHILD:
	case ACT_REKEY_IKE:
		sim_end_rekey(end, act == ACT_REKEY_IKE);
		break;
	case ACT_CLEAR:
		sim_end_terminate(end);
		break;
	case ACT_REFUSE:
		end->plane.refuse_adds = 1;
		break;
	case ACT_DROP:
		sim_end_drop_child(end);
		break;
	case ACT_NONE:
	case ACTS:
		break;
	}
}

static void restart(struct sim_end *end)
{
	sim_end_crash(end);
	sim_end_start(end);
}

struct plan {
	struct instant act[2], restart[2];
	const struct scene *scene;
};

static struct instant next_of_plan(void *arg)
{
	const struct plan *plan = arg;

	return instant_min(instant_min(plan->act[SIM_A], plan->act[SIM_B]),
			   instant_min(plan->restart[SIM_A], plan->restart[SIM_B]));
}

static void fire_plan(void *arg)
{
	struct instant now = sim_net_now(world.net);
	struct plan *plan = arg;

	for (int i = 0; i < 2; i++) {
		struct sim_end *end = i ? &world.b : &world.a;

		if (instant_reached(plan->act[i], now)) {
			plan->act[i] = INSTANT_NEVER;
			act(end, plan->scene->act[i]);
		}
		if (instant_reached(plan->restart[i], now)) {
			plan->restart[i] = INSTANT_NEVER;
			restart(end);
		}
	}
}

static struct plan make_plan(const struct scene *scene, struct instant begin)
{
	struct plan plan = {{begin, begin}, {INSTANT_NEVER, INSTANT_NEVER}, scene};

	plan.act[scene->offset < 0 ? SIM_A : SIM_B] = instant_add(begin, abs(scene->offset) * HALF_US);
	if (scene->restart)
		plan.restart[scene->restart > RESTARTS] =
			instant_add(begin, (scene->restart - 1) % RESTARTS * HALF_US + HALF_US / 2);
	if (scene->message)
		sim_end_fate(scene->message > MESSAGES ? &world.b : &world.a,
			     (unsigned int)(scene->message - 1) % MESSAGES + 1, scene->fate);
	return plan;
}

static void traffic(int64_t every_us)
{
	sim_plane_traffic(&world.a.plane, every_us);
	sim_plane_traffic(&world.b.plane, every_us);
}

/* Nobody asked for an interruption. */
static bool is_smooth(const struct scene *scene)
{
	for (int i = 0; i < 2; i++)
		if (scene->act[i] == ACT_CLEAR || scene->act[i] == ACT_DROP)
			return false;
	return !scene->restart;
}

static void check_smooth(void)
{
	const struct sim_plane *a = &world.a.plane, *b = &world.b.plane;

	if (a->esp_lost || b->esp_lost || a->esp_out != b->esp_in || b->esp_out != a->esp_in)
		sim_fail("packets are lost: A sent %" PRIu64 ", B has %" PRIu64 "; B sent %" PRIu64
			 ", A has %" PRIu64,
			 a->esp_out, b->esp_in, b->esp_out, a->esp_in);
	if (world.a.link_changes || world.b.link_changes)
		sim_fail("a link went down");
}

static void play(const struct scene *scene)
{
	struct plan plan = make_plan(scene, instant_add(sim_net_now(world.net), HALF_US));
	const struct sim_events events = {.arg = &plan, .next = next_of_plan, .fire = fire_plan};

	traffic(TRAFFIC_US);
	sim_world_run_for(&world, BUSY_US, &events);
	traffic(0);
	sim_end_fate(&world.a, 0, SIM_FATE_LOST);
	sim_end_fate(&world.b, 0, SIM_FATE_LOST);
	sim_world_settle(&world, SETTLE_US, NULL);
	sim_world_run_for(&world, STABLE_US, NULL);
	if (sim_world_not_settled(&world))
		sim_fail("was settled, and is not any more: %s", sim_world_not_settled(&world));
	if (is_smooth(scene))
		check_smooth();
}

static struct sim_story story_of(const struct scene *scene)
{
	struct sim_story story = sim_story_calm();

	story.tunnel = true;
	story.path[SIM_A].delay_us = scene->lopsided ? HALF_US / 4 : HALF_US;
	story.path[SIM_B].delay_us = scene->lopsided ? HALF_US * 7 / 4 : HALF_US;
	switch (scene->variant) {
	case VARIANT_BOTH_PFS:
		story.both_initiate = true;
		story.pfs = 1;
		break;
	case VARIANT_FRAGMENTS:
		story.fragmentation[SIM_A] = story.fragmentation[SIM_B] = 250;
		break;
	case VARIANT_PLAIN:
	case VARIANT_TURNED:
	case VARIANTS:
		break;
	}
	return story;
}

/* The links are up, and what was sent before the other end was ready is forgotten. */
static void come_up(const struct scene *scene)
{
	sim_world_settle(&world, 10 * USEC_PER_S, NULL);
	if (scene->variant == VARIANT_TURNED) {
		sim_end_rekey(&world.b, true);
		sim_world_run_for(&world, USEC_PER_S, NULL);
		sim_world_settle(&world, 10 * USEC_PER_S, NULL);
	}
	world.a.plane.esp_out = world.a.plane.esp_in = world.a.plane.esp_lost = 0;
	world.b.plane.esp_out = world.b.plane.esp_in = world.b.plane.esp_lost = 0;
	world.a.link_changes = world.b.link_changes = 0;
}

static void run_case(uint64_t number)
{
	size_t before = mem_live();
	struct sim_story story;
	struct scene scene;

	scene_of(number, &scene);
	story = story_of(&scene);
	sim_world_init(&world, &story, number);
	if (sim_verbose)
		say_scene(&scene);
	come_up(&scene);
	play(&scene);
	sim_world_fini(&world);
	if (mem_live() != before)
		sim_fail("%zu blocks of memory are left behind", mem_live() - before);
}

int main(int argc, char **argv)
{
	struct sim_run run = {.name = "sim_matrix", .noun = "case", .one = run_case};

	count_cases();
	run.seeds = cases;
	return sim_run(&run, argc, argv);
}
