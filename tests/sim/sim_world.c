// SPDX-License-Identifier: GPL-2.0-or-later
/* Two ends on one network, see sim_world.h. */
#include <zebra.h>

#include "tests/sim/sim_world.h"

#define STEPS_MAX 20000 /* at one instant: more is a loop */

/*
 * --- life
 * ------------------------------------------------------------------------------------------------
 */

static void make_end(struct sim_world *world, struct sim_end *end, bool is_a)
{
	const struct sim_story *story = &world->story;

	sim_end_init(end, is_a ? "A" : "B", world->net, sim_story_addr(story, is_a), sim_rng(&world->rng),
		     sim_story_cfg(story, is_a));
	end->initiates = is_a || story->both_initiate;
	end->by_tunnel = story->tunnel;
	sim_plane_traffic(&end->plane, story->traffic_us[!is_a]);
	if (end->initiates || end->by_tunnel)
		end->next_initiate = instant_add(sim_net_now(world->net), story->start_us[!is_a]);
	end->plane.refuse_adds = story->refuse_adds[!is_a];
	end->plane.refuse_spis = story->refuse_spis[!is_a];
	if (story->qcd)
		secret_set(&end->qcd, bytes_str(is_a ? "what A never forgets" : "what B never forgets"));
	sim_end_start(end);
}

void sim_world_init(struct sim_world *world, const struct sim_story *story, uint64_t seed)
{
	*world = (struct sim_world){.story = *story, .rng = sim_rng_seed(seed)};
	world->net = sim_net_new(sim_rng(&world->rng));
	make_end(world, &world->a, true);
	make_end(world, &world->b, false);
	if (story->nat)
		sim_net_nat(world->net, world->a.node, SIM_ADDR_OUTSIDE);
	*sim_net_path(world->net, world->a.node, world->b.node) = story->path[SIM_A];
	*sim_net_path(world->net, world->b.node, world->a.node) = story->path[SIM_B];
}

void sim_world_fini(struct sim_world *world)
{
	sim_end_fini(&world->a);
	sim_end_fini(&world->b);
	sim_net_free(world->net);
}

/*
 * --- running
 * ------------------------------------------------------------------------------------------------
 */

/* An address that has proved nothing gets at most so many times the bytes that it sent. */
static void check_bounds(struct sim_end *end)
{
	struct ike_counters counters;

	sim_end_check(end);
	ike_engine_counters(end->engine, &counters);
	if (end->clear_out > LIMIT_AMPLIFICATION * end->clear_in)
		sim_fail("%s: %" PRIu64 " bytes in clear for %" PRIu64 " received", end->name, end->clear_out,
			 end->clear_in);
	if (counters.ike_sas > LIMIT_HALF_OPEN_MAX || sim_end_num_children(end) > LIMIT_CHILDREN)
		sim_fail("%s: %" PRIu64 " IKE SAs, %u Child SAs", end->name, counters.ike_sas,
			 sim_end_num_children(end));
}

static struct instant next_instant(const struct sim_world *world, struct instant limit,
				   const struct sim_events *events)
{
	struct instant next =
		instant_min(limit, instant_min(sim_end_next(&world->a), sim_end_next(&world->b)));

	return events ? instant_min(next, events->next(events->arg)) : next;
}

static void step(struct sim_world *world, struct instant now, const struct sim_events *events)
{
	if (instant_reached(sim_end_next(&world->a), now))
		sim_end_tick(&world->a);
	if (instant_reached(sim_end_next(&world->b), now))
		sim_end_tick(&world->b);
	if (events)
		events->fire(events->arg);
	check_bounds(&world->a);
	check_bounds(&world->b);
}

void sim_world_run_until(struct sim_world *world, struct instant limit, const struct sim_events *events)
{
	struct instant last = INSTANT_NEVER;
	unsigned int steps = 0;

	while (instant_before(sim_net_now(world->net), limit)) {
		struct instant now;

		sim_net_step(world->net, next_instant(world, limit, events));
		now = sim_net_now(world->net);
		steps = now.us == last.us ? steps + 1 : 0;
		last = now;
		if (steps > STEPS_MAX)
			sim_fail("time stands still at %" PRId64 " us", now.us);
		step(world, now, events);
	}
}

void sim_world_run_for(struct sim_world *world, int64_t us, const struct sim_events *events)
{
	sim_world_run_until(world, instant_add(sim_net_now(world->net), us), events);
}

/*
 * --- one pair, the same on both ends
 * ------------------------------------------------------------------------------------------------
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

/* ESP that is not in UDP has no ports, which IKE_PORT says. */
static bool is_elsewhere(const struct endpoint *esp, const struct endpoint *ike)
{
	return !ipaddr_equal(&esp->addr, &ike->addr) || (esp->port != IKE_PORT && esp->port != ike->port);
}

static bool goes_elsewhere(const struct child_sa_params *params, const struct ike_conn_info *info)
{
	return is_elsewhere(&params->local, &info->local) || is_elsewhere(&params->remote, &info->remote);
}

/* NULL when both ends have one usable pair, the same one; else what is missing. */
const char *sim_world_not_settled(struct sim_world *world)
{
	const struct sim_child *a = sim_end_only_child(&world->a), *b = sim_end_only_child(&world->b);
	struct ike_conn_info info_a = sim_end_info(&world->a), info_b = sim_end_info(&world->b);

	if (!a || !b)
		return "not exactly one Child SA at both ends";
	if (!a->up || !b->up)
		return "a Child SA was not said to be up";
	if (info_a.phase != IKE_PHASE_ESTABLISHED || info_b.phase != IKE_PHASE_ESTABLISHED)
		return "no IKE SA";
	if (info_a.spi_i != info_b.spi_i || info_a.spi_r != info_b.spi_r ||
	    info_a.initiator == info_b.initiator)
		return "not the same IKE SA";
	if (!ipaddr_equal(&info_a.remote.addr, &world->a.cfg->remote) ||
	    !ipaddr_equal(&info_b.remote.addr, world->story.moves ? sim_net_addr(world->net, world->a.node)
								  : &world->b.cfg->remote))
		return "an end speaks to a stranger";
	if (info_a.child_id != a->params.child_id || info_b.child_id != b->params.child_id)
		return "ike_conn_info() knows another Child SA than the data plane";
	if (world->story.tunnel && (!sim_end_link_is_up(&world->a) || !sim_end_link_is_up(&world->b)))
		return "a link is down though there is a usable pair";
	if (info_a.child_spi_in != a->params.in.spi || info_a.child_spi_out != a->params.out.spi)
		return "ike_conn_info() knows other SPIs than the data plane";
	if (info_a.ppk != sim_story_has_ppk(&world->story) || info_b.ppk != info_a.ppk)
		return "a PPK is not in use though both have it, or one is";
	if (info_a.mobike != info_b.mobike ||
	    info_a.mobike != (world->story.mobike[SIM_A] && world->story.mobike[SIM_B]))
		return "MOBIKE where not both have it, or not where both have it";
	if (goes_elsewhere(&a->params, &info_a) || goes_elsewhere(&b->params, &info_b))
		return "ESP goes elsewhere than IKE";
	if ((a->params.local.port == IKE_PORT) != (b->params.local.port == IKE_PORT))
		return "one end has its ESP in UDP, the other has not";
	return pair_differs(&a->params, &b->params);
}

void sim_world_settle(struct sim_world *world, int64_t within_us, const struct sim_events *events)
{
	struct instant limit = instant_add(sim_net_now(world->net), within_us);

	while (sim_world_not_settled(world) && instant_before(sim_net_now(world->net), limit))
		sim_world_run_for(world, 500 * USEC_PER_MS, events);
	if (sim_world_not_settled(world))
		sim_fail("does not settle: %s (A %u, B %u Child SAs; A %s, B %s)",
			 sim_world_not_settled(world), sim_end_num_children(&world->a),
			 sim_end_num_children(&world->b),
			 ike_reason_info(sim_end_info(&world->a).last_failure)->words,
			 ike_reason_info(sim_end_info(&world->b).last_failure)->words);
}
