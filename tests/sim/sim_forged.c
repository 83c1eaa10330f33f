// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two ends and an attacker on the path (sim_forger.h). On a path that loses nothing the first attempt comes through and the tunnel stays
 * up, through rekeyings too; on one that loses, it comes up in the end. And an address that proved nothing gets at most
 * LIMIT_AMPLIFICATION times the bytes that came from it.
 *
 *	sim_forged [--seeds N] [--first N] [--seed N [--verbose]]
 */
#include <zebra.h>

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/proto/proto.h"
#include "tests/helpers/mem_live.h"
#include "tests/sim/sim_end.h"
#include "tests/sim/sim_forger.h"

#define UP_WITHIN_US   (5 * USEC_PER_S)
#define LOSSY_TIME_US  (60 * USEC_PER_S)
#define QUIET_TIME_US  (30 * USEC_PER_S)
#define REKEY_EVERY_US (3 * USEC_PER_S)

struct story {
	struct sim_net *net;
	struct sim_end a, b;
	struct sim_forger forger;
	uint64_t rng;
	bool lossy;
	uint16_t fragmentation;
};

static struct ike_conn_cfg *cfg_of(const struct story *story, bool is_a, const char *secret)
{
	struct ike_conn_cfg *cfg = ike_conn_cfg_new();
	char err[128];

	str2ipaddr(is_a ? "192.0.2.1" : "198.51.100.1", &cfg->local);
	str2ipaddr(is_a ? "198.51.100.1" : "192.0.2.1", &cfg->remote);
	secret_set(&cfg->psk, bytes_str(secret));
	cfg->num_ike = cfg->num_esp = 1;
	cfg->fragmentation = story->fragmentation;
	if (!ike_proposal_parse(IKE_PROTO_IKE, "aes128gcm16-prfsha256-curve25519-ecp256", &cfg->ike[0], err,
				sizeof(err)) ||
	    !ike_proposal_parse(IKE_PROTO_ESP, "aes128gcm16", &cfg->esp[0], err, sizeof(err)))
		sim_fail("%s", err);
	return cfg;
}

static void check_bounds(const struct sim_end *end)
{
	if (end->clear_out > LIMIT_AMPLIFICATION * end->clear_in)
		sim_fail("%s: %" PRIu64 " bytes in clear for %" PRIu64 " received", end->name, end->clear_out,
			 end->clear_in);
}

static void run_for(struct story *story, int64_t us)
{
	struct instant limit = instant_add(sim_net_now(story->net), us);

	while (instant_before(sim_net_now(story->net), limit)) {
		struct instant next = instant_min(sim_end_next(&story->a), sim_end_next(&story->b));

		sim_net_step(story->net, instant_min(limit, next));
		if (instant_reached(sim_end_next(&story->a), sim_net_now(story->net)))
			sim_end_tick(&story->a);
		if (instant_reached(sim_end_next(&story->b), sim_net_now(story->net)))
			sim_end_tick(&story->b);
		check_bounds(&story->a);
		check_bounds(&story->b);
	}
}

static void set_loss(struct story *story, unsigned int loss)
{
	sim_net_path(story->net, story->a.node, story->b.node)->loss = loss;
	sim_net_path(story->net, story->b.node, story->a.node)->loss = loss;
}

static void init(struct story *story, uint64_t seed)
{
	int64_t delay;

	*story = (struct story){.rng = sim_rng_seed(seed)};
	story->lossy = sim_rng_below(&story->rng, 2);
	story->fragmentation = sim_rng_below(&story->rng, 2) ? 1280 : 200 + sim_rng_below(&story->rng, 300);
	delay = 1000 + sim_rng_below(&story->rng, 80 * USEC_PER_MS);
	story->net = sim_net_new(sim_rng(&story->rng));
	sim_end_init(&story->a, "A", story->net, "192.0.2.1", sim_rng(&story->rng),
		     cfg_of(story, true, "one secret"));
	sim_end_init(&story->b, "B", story->net, "198.51.100.1", sim_rng(&story->rng),
		     cfg_of(story, false, "one secret"));
	sim_net_path(story->net, story->a.node, story->b.node)->delay_us = delay;
	sim_net_path(story->net, story->b.node, story->a.node)->delay_us = delay;
	set_loss(story, story->lossy ? 150 : 0);
	sim_forger_init(&story->forger, story->net, sim_rng(&story->rng), 2 * delay,
			cfg_of(story, false, "another secret"));
	story->a.initiates = true;
	sim_end_start(&story->a);
	sim_end_start(&story->b);
}

static void check_up(const struct story *story)
{
	if (sim_end_num_children(&story->a) != 1 || sim_end_num_children(&story->b) != 1 ||
	    sim_end_info(&story->a).spi_r != sim_end_info(&story->b).spi_r)
		sim_fail("A has %u and B %u Child SAs (A: %s)", sim_end_num_children(&story->a),
			 sim_end_num_children(&story->b),
			 ike_reason_info(sim_end_info(&story->a).last_failure)->words);
}

/* What was up stays up, and is rekeyed as if nobody were there. */
static void check_stays_up(struct story *story)
{
	unsigned int down_a = story->a.times_down, down_b = story->b.times_down;

	for (unsigned int i = 0; i < 6; i++) {
		sim_end_rekey(i & 1 ? &story->a : &story->b, i % 3 == 0);
		run_for(story, REKEY_EVERY_US);
	}
	run_for(story, QUIET_TIME_US);
	check_up(story);
	if (story->a.times_down != down_a || story->b.times_down != down_b)
		sim_fail("the tunnel was down for a moment");
}

static void run_seed(uint64_t seed)
{
	size_t before = mem_live();
	struct story story;

	sim_seed = seed;
	init(&story, seed);
	if (story.lossy) {
		run_for(&story, LOSSY_TIME_US);
		set_loss(&story, 0);
		run_for(&story, 4 * LOSSY_TIME_US);
		check_up(&story);
	} else {
		run_for(&story, UP_WITHIN_US);
		check_up(&story);
		if (story.a.last_down != IKE_R_OK || story.a.times_up != 1)
			sim_fail("it took more than one attempt");
	}
	check_stays_up(&story);
	if (story.forger.forged < 20)
		sim_fail("the forger was asleep");
	sim_forger_fini(&story.forger);
	sim_end_fini(&story.a);
	sim_end_fini(&story.b);
	sim_net_free(story.net);
	if (mem_live() != before)
		sim_fail("%zu blocks of memory are left behind", mem_live() - before);
}

int main(int argc, char **argv)
{
	uint64_t seeds = 300, first = 1;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--verbose") == 0)
			sim_verbose = true;
		else if (i + 1 < argc && strcmp(argv[i], "--seeds") == 0)
			seeds = strtoull(argv[++i], NULL, 10);
		else if (i + 1 < argc && strncmp(argv[i], "--first", 7) == 0)
			first = strtoull(argv[++i], NULL, 10);
		else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0)
			first = strtoull(argv[++i], NULL, 10), seeds = 1;
		else
			return 2;
	}
	if (crypto_init() != 0)
		return 77;
	for (uint64_t i = 0; i < seeds; i++)
		run_seed(first + i);
	crypto_fini();
	printf("%" PRIu64 " seeds from %" PRIu64 ": ok\n", seeds, first);
	return 0;
}
