// SPDX-License-Identifier: GPL-2.0-or-later
/* Two ends, A and B, on one network, after a story; the loop that runs them, and what must hold. */
#ifndef BGPVPN_TESTS_SIM_WORLD_H
#define BGPVPN_TESTS_SIM_WORLD_H

#include "tests/sim/sim_end.h"
#include "tests/sim/sim_story.h"

struct sim_world {
	struct sim_net *net;
	struct sim_end a, b;
	struct sim_story story;
	uint64_t rng;
};

/* What happens beside the two ends; either NULL: nothing. */
struct sim_events {
	void *arg;
	struct instant (*next)(void *arg);
	void (*fire)(void *arg); /* after each step: what is due */
};

/* Both ends are started. */
void sim_world_init(struct sim_world *world, const struct sim_story *story, uint64_t seed);
void sim_world_fini(struct sim_world *world);

/* Runs them until then, and looks at the invariants after each step. */
void sim_world_run_until(struct sim_world *world, struct instant limit, const struct sim_events *events);
void sim_world_run_for(struct sim_world *world, int64_t us, const struct sim_events *events);

/* NULL when both ends have one usable pair, the same one, and the links are up; else what is missing. */
const char *sim_world_not_settled(struct sim_world *world);

/* Runs until it is settled; sim_fail() when it is not within this time. */
void sim_world_settle(struct sim_world *world, int64_t within_us, const struct sim_events *events);

#endif
