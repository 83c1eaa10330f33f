// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A flood: thousands of IKE_SA_INIT requests from addresses that do not exist, each one as good as a real
 * one, while a real initiator wants to come through. The responder keeps bounded state, turns to cookies
 * (RFC 7296 2.6), sends the addresses that proved nothing no more than they sent, lets the real one in, and
 * has forgotten the flood afterwards.
 *
 *	sim_flood [SEED [--verbose]]
 */
#include <zebra.h>

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/proto/proto.h"
#include "tests/helpers/mem_live.h"
#include "tests/sim/sim_end.h"

#define FLOOD	     4000
#define FLOOD_GAP_US (2 * USEC_PER_MS)

struct flood {
	struct sim_net *net;
	struct sim_end a, b;
	uint64_t rng;
	unsigned int node; /* of the flooder */
	struct bytes pattern;
	uint8_t request[2048];
};

static struct ike_conn_cfg *cfg_of(bool is_a)
{
	struct ike_conn_cfg *cfg = ike_conn_cfg_new();
	char err[128];

	str2ipaddr(is_a ? "192.0.2.1" : "198.51.100.1", &cfg->local);
	if (is_a)
		str2ipaddr("198.51.100.1", &cfg->remote);
	cfg->passive = !is_a;
	secret_set(&cfg->psk, bytes_str("one secret"));
	cfg->num_ike = cfg->num_esp = 1;
	if (!ike_id_parse("fqdn", "a.example.org", is_a ? &cfg->local_id : &cfg->remote_id, err,
			  sizeof(err)) ||
	    !ike_proposal_parse(IKE_PROTO_IKE, "aes128gcm16-curve25519", &cfg->ike[0], err, sizeof(err)) ||
	    !ike_proposal_parse(IKE_PROTO_ESP, "aes128gcm16", &cfg->esp[0], err, sizeof(err)))
		sim_fail("%s", err);
	return cfg;
}

static void run_for(struct flood *flood, int64_t us)
{
	struct instant limit = instant_add(sim_net_now(flood->net), us);

	while (instant_before(sim_net_now(flood->net), limit)) {
		struct instant next = instant_min(sim_end_next(&flood->a), sim_end_next(&flood->b));

		sim_net_step(flood->net, instant_min(limit, next));
		if (instant_reached(sim_end_next(&flood->a), sim_net_now(flood->net)))
			sim_end_tick(&flood->a);
		if (instant_reached(sim_end_next(&flood->b), sim_net_now(flood->net)))
			sim_end_tick(&flood->b);
	}
}

/* Where the flooder listens in: the first request that A sends to anybody. */
static void listen_in(void *arg, const struct endpoint *src, const struct endpoint *dst,
		      struct bytes datagram)
{
	struct flood *flood = arg;

	if (flood->pattern.n || datagram.n > sizeof(flood->request))
		return;
	memcpy(flood->request, datagram.p, datagram.n);
	flood->pattern = bytes_make(flood->request, datagram.n);
}

/* A's own request, caught by pretending that the flooder is B. */
static void catch_request(struct flood *flood)
{
	struct sim_end decoy;
	struct ike_conn_cfg *cfg = cfg_of(true);

	str2ipaddr("203.0.113.9", &cfg->remote);
	sim_end_init(&decoy, "decoy", flood->net, "192.0.2.99", 99, cfg);
	decoy.initiates = true;
	decoy.next_initiate = sim_net_now(flood->net);
	sim_end_start(&decoy);
	sim_end_tick(&decoy);
	run_for(flood, USEC_PER_S);
	sim_end_fini(&decoy);
	if (!flood->pattern.n)
		sim_fail("the flooder caught nothing");
}

static void flood_once(struct flood *flood, unsigned int n)
{
	struct endpoint src = {.port = IKE_PORT};
	struct endpoint dst = {.addr = *sim_net_addr(flood->net, flood->b.node), .port = IKE_PORT};
	uint64_t spi = sim_rng(&flood->rng);
	char addr[32];

	snprintf(addr, sizeof(addr), "10.%u.%u.%u", n >> 16 & 255, n >> 8 & 255, n & 255);
	str2ipaddr(addr, &src.addr);
	memcpy(flood->request, &spi, sizeof(spi));
	sim_net_send(flood->net, flood->node, &src, &dst, flood->pattern);
}

static void check_bounds(struct flood *flood)
{
	struct ike_counters counters;

	ike_engine_counters(flood->b.engine, &counters);
	/* one more: the real initiator, who returned its cookie */
	if (counters.half_open > LIMIT_HALF_OPEN_COOKIE_AT + 1 ||
	    counters.ike_sas > LIMIT_HALF_OPEN_COOKIE_AT + 1)
		sim_fail("%" PRIu64 " half-open IKE SAs of %" PRIu64, counters.half_open, counters.ike_sas);
	if (flood->b.clear_out > flood->b.clear_in)
		sim_fail("%" PRIu64 " bytes sent to strangers for %" PRIu64, flood->b.clear_out,
			 flood->b.clear_in);
}

static void run(uint64_t seed)
{
	struct flood flood = {.rng = sim_rng_seed(seed)};
	struct ike_counters counters;

	sim_seed = seed;
	flood.net = sim_net_new(sim_rng(&flood.rng));
	sim_end_init(&flood.a, "A", flood.net, "192.0.2.1", sim_rng(&flood.rng), cfg_of(true));
	sim_end_init(&flood.b, "B", flood.net, "198.51.100.1", sim_rng(&flood.rng), cfg_of(false));
	flood.node = sim_net_join(flood.net, "203.0.113.9", listen_in, &flood);
	sim_net_path(flood.net, flood.a.node, flood.b.node)->delay_us = 10 * USEC_PER_MS;
	sim_net_path(flood.net, flood.b.node, flood.a.node)->delay_us = 10 * USEC_PER_MS;
	sim_end_start(&flood.a);
	sim_end_start(&flood.b);
	catch_request(&flood);

	flood.a.initiates = true;
	flood.a.next_initiate = instant_add(sim_net_now(flood.net), FLOOD / 2 * FLOOD_GAP_US);
	for (unsigned int n = 0; n < FLOOD; n++) {
		flood_once(&flood, n);
		run_for(&flood, FLOOD_GAP_US);
		check_bounds(&flood);
	}
	ike_engine_counters(flood.b.engine, &counters);
	if (counters.cookies_sent < FLOOD / 2)
		sim_fail("only %" PRIu64 " cookies", counters.cookies_sent);
	if (sim_end_num_children(&flood.a) != 1 || sim_end_num_children(&flood.b) != 1)
		sim_fail("the real initiator did not come through");
	run_for(&flood, (LIMIT_HALF_OPEN_S + 1) * USEC_PER_S);
	ike_engine_counters(flood.b.engine, &counters);
	if (counters.half_open != 0 || counters.ike_sas != 1)
		sim_fail("the flood left %" PRIu64 " IKE SAs behind", counters.ike_sas);
	sim_end_fini(&flood.a);
	sim_end_fini(&flood.b);
	sim_net_free(flood.net);
	if (mem_live() != 0)
		sim_fail("%zu blocks of memory are left behind", mem_live());
}

int main(int argc, char **argv)
{
	sim_verbose = argc > 2 && strcmp(argv[2], "--verbose") == 0;
	if (crypto_init() != 0)
		return 77;
	run(argc > 1 ? strtoull(argv[1], NULL, 10) : 1);
	crypto_fini();
	printf("%d requests of strangers: ok\n", FLOOD);
	return 0;
}
