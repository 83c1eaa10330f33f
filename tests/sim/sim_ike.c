// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The simulator: for every seed two engines, a network that is bad in some way for two minutes and then
 * good, and a story (who begins, behind a NAT or not, a crash, a data plane without memory, short
 * lifetimes, keys that differ). After every step the invariants of sim_end.c hold; in the end both sides
 * have one and the same pair, or, with different keys, none.
 *
 *	sim_ike [--seeds N] [--first N] [--seed N [--verbose]]
 */
#include <zebra.h>

#include "bgpvpnd/crypto/crypto.h"
#include "tests/helpers/mem_live.h"
#include "tests/sim/sim_end.h"

#define BAD_TIME_US    (120 * USEC_PER_S)
#define HEAL_TIME_US   (420 * USEC_PER_S) /* an SA that only one end has is given up after 180 s */
#define SETTLE_TIME_US (60 * USEC_PER_S)
#define STABLE_TIME_US (30 * USEC_PER_S)
#define STEPS_MAX      20000 /* at one instant: more is a loop */

struct story {
	bool both_initiate;
	bool nat; /* A is behind one */
	bool wrong_psk;
	bool short_life;
	unsigned int suite;
	uint16_t fragmentation_a, fragmentation_b;
	struct sim_ppk {
		const char *id; /* NULL: none */
		const char *secret;
		bool required;
	} ppk_a, ppk_b;
	struct instant crash_a, crash_b, terminate_a,
		terminate_b;		 /* the next time; again and again when `restless` */
	struct instant rekey_a, rekey_b; /* the next time; again and again, until the network is healed */
	bool restless;
	bool moves; /* A has another address now and then, B too, which comes home in the end */
	bool mobike_a, mobike_b;
	struct instant move_a, move_b;
};

struct sim {
	uint64_t rng;
	struct sim_net *net;
	struct sim_end a, b;
	struct story story;
};

/* Ours and theirs differ where that leads to another IKE_SA_INIT, or to a choice. */
static const struct {
	const char *ike_a, *ike_b, *esp_a, *esp_b;
} suites[] = {
	{"aes256gcm16-prfsha384-curve25519", "aes256gcm16-prfsha384-curve25519", "aes256gcm16",
	 "aes256gcm16"},
	{"aes128-sha256-curve25519", "aes128-sha256-curve25519", "aes128-sha256", "aes128-sha256"},
	{"aes128gcm16-curve25519-ecp256", "aes128gcm16-ecp256", "aes128gcm16-aes256gcm16", "aes256gcm16"},
	{"chacha20poly1305-prfsha256-ecp256-curve25519", "chacha20poly1305-prfsha512-prfsha256-curve25519",
	 "chacha20poly1305", "chacha20poly1305"},
	{"aes256-aes128-sha512-sha1-ecp256", "aes256-sha1-ecp256", "aes256-sha512-sha1",
	 "aes128-aes256-sha1"},
	{"aes128gcm16-curve25519-ke1_ecp256", "aes128gcm16-curve25519-ke1_ecp256",
	 "aes128gcm16-curve25519-ke1_ecp256", "aes128gcm16-curve25519-ke1_ecp256"},
	{"aes128-sha256-ecp256-ke1_curve25519-ke2_ecp384-ke2_none",
	 "aes128-sha256-ecp256-ke1_curve25519-ke2_ecp384", "aes128-sha256-curve25519-ke1_ecp256-ke2_ecp384",
	 "aes128-sha256"},
	/* each prefers the other way */
	{"aes128gcm16-curve25519-ke1_ecp256-ke1_none", "aes128gcm16-curve25519-ke1_none-ke1_ecp256",
	 "aes128gcm16-curve25519-ke1_ecp256-ke1_none", "aes128gcm16-curve25519-ke1_none-ke1_ecp256"},
	/* ML-KEM, which OpenSSL has from 3.5 on: the last ones, so that without them a seed means what it always meant */
	{"aes256gcm16-prfsha384-curve25519-ke1_mlkem768", "aes256gcm16-prfsha384-curve25519-ke1_mlkem768",
	 "aes256gcm16-curve25519-ke1_mlkem768", "aes256gcm16-curve25519-ke1_mlkem768"},
	{"aes128gcm16-mlkem512-curve25519-ke1_mlkem1024-ke1_none",
	 "aes128gcm16-curve25519-mlkem512-ke1_mlkem1024", "aes128gcm16-mlkem512", "aes128gcm16-mlkem512"},
};
#define ML_KEM_SUITES 2

static unsigned int num_suites(void)
{
	return array_size(suites) - (crypto_has_ml_kem() ? 0 : ML_KEM_SUITES);
}

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

/* Half of what happens, happens while the first exchanges are under way. */
static struct instant some_time(struct sim *sim)
{
	int64_t after = one_in(sim, 2) ? 300 * USEC_PER_MS : BAD_TIME_US - USEC_PER_S;

	return instant_add(sim_net_now(sim->net), up_to(sim, after));
}

static void make_path(struct sim *sim, unsigned int from, unsigned int to)
{
	struct sim_path *path = sim_net_path(sim->net, from, to);

	path->delay_us = 200 + up_to(sim, 80 * USEC_PER_MS);
	path->jitter_us = one_in(sim, 2) ? up_to(sim, 60 * USEC_PER_MS) : 0;
	path->loss = one_in(sim, 4) ? 0 : sim_rng_below(&sim->rng, 300);
	path->dup = one_in(sim, 2) ? sim_rng_below(&sim->rng, 200) : 0;
	path->corrupt = one_in(sim, 4) ? sim_rng_below(&sim->rng, 50) : 0;
	path->replay = one_in(sim, 3) ? sim_rng_below(&sim->rng, 200) : 0;
	if (one_in(sim, 3)) {
		path->dark_from = some_time(sim);
		path->dark_until = instant_add(path->dark_from, up_to(sim, 60 * USEC_PER_S));
	}
}

static void heal(struct sim *sim)
{
	struct story *story = &sim->story;

	story->crash_a = story->crash_b = story->terminate_a = story->terminate_b = INSTANT_NEVER;
	story->rekey_a = story->rekey_b = story->move_a = story->move_b = INSTANT_NEVER;
	if (story->moves)
		sim_end_move(&sim->b, "198.51.100.1");
	for (unsigned int from = 0; from < 2; from++) {
		struct sim_path *path = sim_net_path(sim->net, from, !from);

		path->loss = path->dup = path->corrupt = path->replay = 0;
		path->dark_until = sim_net_now(sim->net);
	}
	sim->a.refuse_adds = sim->b.refuse_adds = 0;
	sim->a.refuse_spis = sim->b.refuse_spis = 0;
}

static void set_proposal(uint8_t proto, const char *text, struct ike_proposal_cfg *cfg)
{
	char err[256];

	if (!ike_proposal_parse(proto, text, cfg, err, sizeof(err)))
		sim_fail("%s: %s", text, err);
}

static void set_id(const char *name, struct ike_id_cfg *id)
{
	char err[128];

	if (!ike_id_parse("fqdn", name, id, err, sizeof(err)))
		sim_fail("%s: %s", name, err);
}

static void set_ppk(const struct sim_ppk *ppk, struct ike_ppk_cfg *cfg)
{
	if (!ppk->id)
		return;
	cfg->id_len = strlen(ppk->id);
	memcpy(cfg->id, ppk->id, cfg->id_len);
	secret_set(&cfg->secret, bytes_str(ppk->secret));
	cfg->required = ppk->required;
}

static struct ike_conn_cfg *make_cfg(struct sim *sim, bool is_a)
{
	const struct story *story = &sim->story;
	struct ike_conn_cfg *cfg = ike_conn_cfg_new();

	str2ipaddr(is_a ? "192.0.2.1" : "198.51.100.1", &cfg->local);
	str2ipaddr(is_a ? "198.51.100.1" : story->nat ? "203.0.113.1" : "192.0.2.1", &cfg->remote);
	if (story->moves)
		cfg->local = (struct ipaddr){.ipa_type = IPADDR_NONE};
	if (story->moves && !is_a) {
		cfg->remote = (struct ipaddr){.ipa_type = IPADDR_NONE};
		cfg->passive = true;
	}
	cfg->mobike = is_a ? story->mobike_a : story->mobike_b;
	set_id(is_a ? "a.example.org" : "b.example.org", &cfg->local_id);
	set_id(is_a ? "b.example.org" : "a.example.org", &cfg->remote_id);
	secret_set(&cfg->psk, bytes_str(!is_a && story->wrong_psk ? "another secret" : "one secret"));
	set_ppk(is_a ? &story->ppk_a : &story->ppk_b, &cfg->ppk);
	cfg->num_ike = cfg->num_esp = 1;
	set_proposal(IKE_PROTO_IKE, is_a ? suites[story->suite].ike_a : suites[story->suite].ike_b,
		     &cfg->ike[0]);
	set_proposal(IKE_PROTO_ESP, is_a ? suites[story->suite].esp_a : suites[story->suite].esp_b,
		     &cfg->esp[0]);
	cfg->nat_force = one_in(sim, 4);
	cfg->fragmentation = is_a ? story->fragmentation_a : story->fragmentation_b;
	if (story->short_life) {
		cfg->ike_lifetime_s = 40 + sim_rng_below(&sim->rng, 60);
		cfg->esp_lifetime_s = 40 + sim_rng_below(&sim->rng, 60);
	}
	return cfg;
}

static void make_end(struct sim *sim, struct sim_end *end, bool is_a)
{
	sim_end_init(end, is_a ? "A" : "B", sim->net, is_a ? "192.0.2.1" : "198.51.100.1", sim_rng(&sim->rng),
		     make_cfg(sim, is_a));
	end->initiates = is_a || sim->story.both_initiate;
	if (end->initiates)
		end->next_initiate = instant_add(sim_net_now(sim->net),
						 one_in(sim, 2) ? 0 : up_to(sim, 200 * USEC_PER_MS));
	if (one_in(sim, 4))
		end->refuse_adds = 1 + sim_rng_below(&sim->rng, 3);
	if (one_in(sim, 8))
		end->refuse_spis = 1 + sim_rng_below(&sim->rng, 2);
	sim_end_start(end);
}

/* Off, the default, and so small that IKE_AUTH goes in two to five fragments. */
static uint16_t some_fragmentation(struct sim *sim)
{
	if (one_in(sim, 6))
		return 0;
	return one_in(sim, 2) ? 1280 : 200 + sim_rng_below(&sim->rng, 300);
}

/* None, or one of two names; the same name with another secret is rare. */
static struct sim_ppk some_ppk(struct sim *sim)
{
	if (one_in(sim, 2))
		return (struct sim_ppk){};
	return (struct sim_ppk){
		.id = one_in(sim, 6) ? "two" : "one",
		.secret = one_in(sim, 10) ? "what only one of them has got" : "what both of them have got",
		.required = one_in(sim, 6),
	};
}

/* The table of RFC 8784 as ike_ppk.h has it, for either end as initiator: may this come up, and with a PPK? */
static bool ppks_same_id(const struct story *story)
{
	return story->ppk_a.id && story->ppk_b.id && strcmp(story->ppk_a.id, story->ppk_b.id) == 0;
}

static bool ppks_fit(const struct story *story)
{
	if (ppks_same_id(story))
		return strcmp(story->ppk_a.secret, story->ppk_b.secret) == 0;
	return !story->ppk_a.required && !story->ppk_b.required;
}

/* May they come up at all? */
static bool strangers(const struct story *story)
{
	return story->wrong_psk || !ppks_fit(story);
}

/* Who moves has MOBIKE mostly; it does no harm to those who stay. B moves only where A follows it. */
static void some_moves(struct sim *sim)
{
	struct story *story = &sim->story;

	story->moves = !story->nat && one_in(sim, 3);
	story->mobike_a = !one_in(sim, 4);
	story->mobike_b = !one_in(sim, 4);
	story->move_a = story->moves ? some_time(sim) : INSTANT_NEVER;
	story->move_b = story->moves && one_in(sim, 2) ? some_time(sim) : INSTANT_NEVER;
}

static void sim_init(struct sim *sim, uint64_t seed)
{
	*sim = (struct sim){.rng = sim_rng_seed(seed)};
	sim->net = sim_net_new(sim_rng(&sim->rng));
	sim->story = (struct story){
		.nat = one_in(sim, 4),
		.both_initiate = one_in(sim, 2),
		.wrong_psk = one_in(sim, 10),
		.short_life = one_in(sim, 4),
		.restless = one_in(sim, 8),
		.suite = sim_rng_below(&sim->rng, num_suites()),
		.crash_a = one_in(sim, 5) ? some_time(sim) : INSTANT_NEVER,
		.crash_b = one_in(sim, 5) ? some_time(sim) : INSTANT_NEVER,
		.terminate_a = one_in(sim, 5) ? some_time(sim) : INSTANT_NEVER,
		.terminate_b = one_in(sim, 5) ? some_time(sim) : INSTANT_NEVER,
		.rekey_a = one_in(sim, 2) ? some_time(sim) : INSTANT_NEVER,
	};
	sim->story.rekey_b = one_in(sim, 2)   ? sim->story.rekey_a
			     : one_in(sim, 2) ? some_time(sim)
					      : INSTANT_NEVER;
	sim->story.fragmentation_a = some_fragmentation(sim);
	sim->story.fragmentation_b = some_fragmentation(sim);
	sim->story.ppk_a = some_ppk(sim);
	sim->story.ppk_b = some_ppk(sim);
	some_moves(sim);
	if (sim->story.nat || sim->story.moves)
		sim->story.both_initiate = false;
	make_end(sim, &sim->a, true);
	make_end(sim, &sim->b, false);
	if (sim->story.nat)
		sim_net_nat(sim->net, sim->a.node, "203.0.113.1");
	make_path(sim, sim->a.node, sim->b.node);
	make_path(sim, sim->b.node, sim->a.node);
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

/* A Child SA or the IKE SA, whatever is under way already; or the Child SA is deleted. Soon again, often at the very moment of the other end. */
static void rekey_of_story(struct sim *sim, struct instant *when, struct sim_end *end)
{
	struct instant now = sim_net_now(sim->net);

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
	struct instant now = sim_net_now(sim->net);

	if (!instant_reached(*when, now))
		return;
	*when = instant_add(now,
			    one_in(sim, 3) ? up_to(sim, 100 * USEC_PER_MS) : up_to(sim, 20 * USEC_PER_S));
	sim_end_move(end, addrs[end == &sim->b][sim_rng_below(&sim->rng, 3)]);
}

static struct instant next_instant(const struct sim *sim, struct instant limit)
{
	const struct story *story = &sim->story;
	struct instant next = instant_min(limit, instant_min(sim_end_next(&sim->a), sim_end_next(&sim->b)));

	next = instant_min(next, instant_min(story->crash_a, story->crash_b));
	next = instant_min(next, instant_min(story->rekey_a, story->rekey_b));
	next = instant_min(next, instant_min(story->move_a, story->move_b));
	return instant_min(next, instant_min(story->terminate_a, story->terminate_b));
}

/* An address that has proved nothing gets at most so many times the bytes that it sent. */
static void check_bounds(const struct sim_end *end)
{
	struct ike_counters counters;

	ike_engine_counters(end->engine, &counters);
	if (end->clear_out > LIMIT_AMPLIFICATION * end->clear_in)
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
		take_event_of_story(sim, &sim->story.crash_a, &sim->a, true);
		take_event_of_story(sim, &sim->story.crash_b, &sim->b, true);
		take_event_of_story(sim, &sim->story.terminate_a, &sim->a, false);
		take_event_of_story(sim, &sim->story.terminate_b, &sim->b, false);
		rekey_of_story(sim, &sim->story.rekey_a, &sim->a);
		rekey_of_story(sim, &sim->story.rekey_b, &sim->b);
		move_of_story(sim, &sim->story.move_a, &sim->a);
		move_of_story(sim, &sim->story.move_b, &sim->b);
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

static bool goes_elsewhere(const struct child_sa_params *child, const struct ike_conn_info *info)
{
	return !endpoint_equal(&child->local, &info->local) || !endpoint_equal(&child->remote, &info->remote);
}

/* NULL when both ends have one usable pair, the same one; else what is missing. */
static const char *not_settled(const struct sim *sim)
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
	    !ipaddr_equal(&info_b.remote.addr,
			  sim->story.moves ? sim_net_addr(sim->net, sim->a.node) : &sim->b.cfg->remote))
		return "an end speaks to a stranger";
	if (info_a.mobike != info_b.mobike || info_a.mobike != (sim->story.mobike_a && sim->story.mobike_b))
		return "MOBIKE where not both have it, or not where both have it";
	if (goes_elsewhere(&a->params, &info_a) || goes_elsewhere(&b->params, &info_b))
		return "ESP goes elsewhere than IKE";
	if (info_a.child_id != a->params.child_id || info_b.child_id != b->params.child_id)
		return "ike_conn_info() knows another Child SA than the data plane";
	if (info_a.child_spi_in != a->params.in.spi || info_a.child_spi_out != a->params.out.spi)
		return "ike_conn_info() knows other SPIs than the data plane";
	if (info_a.ppk != ppks_same_id(&sim->story) || info_b.ppk != info_a.ppk)
		return "a PPK is not in use though both have it, or one is";
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
	if (sim->story.short_life)
		return;
	spi = sim_end_info(&sim->a).child_spi_in;
	run_for(sim, STABLE_TIME_US);
	if (not_settled(sim) || sim_end_info(&sim->a).child_spi_in != spi)
		sim_fail("was settled, and is not any more: %s",
			 not_settled(sim) ? not_settled(sim) : "another Child SA");
}

/*
 * The initiator's AUTH does not cover the answer to IKE_SA_INIT: where that lost its USE_PPK on the way, a responder that needs no PPK is
 * up until the initiator has looked at its AUTH.
 */
static bool never_up(const struct sim_end *end, const struct sim_ppk *ppk, const struct story *story)
{
	return !end->times_up || (!story->wrong_psk && !ppk->required);
}

static void check_strangers(const struct sim *sim)
{
	if (!never_up(&sim->a, &sim->story.ppk_a, &sim->story) ||
	    !never_up(&sim->b, &sim->story.ppk_b, &sim->story) || sim_end_num_children(&sim->a) ||
	    sim_end_num_children(&sim->b))
		sim_fail("keys differ, and yet there was a Child SA");
	if (sim->story.wrong_psk && ppks_fit(&sim->story) &&
	    sim_end_info(&sim->a).last_failure != IKE_R_PEER_AUTH_FAILED &&
	    sim_end_info(&sim->a).last_failure != IKE_R_AUTH_FAILED)
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
	sim_end_terminate(&sim->a);
	run_for(sim, 20 * USEC_PER_S);
	if (!sim_end_num_children(&sim->a) && !sim_end_num_children(&sim->b) &&
	    sim_end_info(&sim->b).phase == IKE_PHASE_NONE)
		return;
	if (!sim->story.short_life || not_settled(sim))
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

static void run_seed(uint64_t seed)
{
	size_t before = mem_live();
	struct sim sim;

	sim_seed = seed;
	sim_init(&sim, seed);
	if (sim_verbose)
		printf("suite %u, fragments of %u and %u bytes, PPKs %s and %s%s%s%s%s%s%s%s\n",
		       sim.story.suite, sim.story.fragmentation_a, sim.story.fragmentation_b,
		       sim.story.ppk_a.id ? sim.story.ppk_a.id : "none",
		       sim.story.ppk_b.id ? sim.story.ppk_b.id : "none",
		       sim.story.both_initiate ? ", both initiate" : "", sim.story.nat ? ", NAT" : "",
		       sim.story.wrong_psk ? ", keys differ" : "",
		       sim.story.short_life ? ", short lifetimes" : "", sim.story.moves ? ", moves" : "",
		       sim.story.mobike_a ? ", MOBIKE at A" : "", sim.story.mobike_b ? ", MOBIKE at B" : "");
	run_for(&sim, BAD_TIME_US);
	heal(&sim);
	run_for(&sim, HEAL_TIME_US);
	if (strangers(&sim.story)) {
		check_strangers(&sim);
	} else {
		check_settles(&sim);
		check_ends_together(&sim);
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
	uint64_t seeds = 50, first = 1;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--verbose") == 0) {
			sim_verbose = true;
		} else if (i + 1 < argc && strcmp(argv[i], "--seeds") == 0) {
			seeds = strtoull(argv[++i], NULL, 10);
		} else if (i + 1 < argc && strcmp(argv[i], "--first") == 0) {
			first = strtoull(argv[++i], NULL, 10);
		} else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0) {
			first = strtoull(argv[++i], NULL, 10);
			seeds = 1;
		} else {
			fprintf(stderr, "usage: %s [--seeds N] [--first N] [--seed N] [--verbose]\n",
				argv[0]);
			return 2;
		}
	}
	if (crypto_init() != 0)
		return 77;
	for (uint64_t i = 0; i < seeds; i++)
		run_seed(first + i);
	crypto_fini();
	printf("%" PRIu64 " seeds from %" PRIu64 ": ok\n", seeds, first);
	return 0;
}
