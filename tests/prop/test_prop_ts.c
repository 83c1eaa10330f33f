// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Narrowing is intersection: random lists over eight addresses, three protocols and eight ports, against a
 * model that asks for every single packet whether a list selects it. The seed of a failure is printed;
 * `test_prop_ts SEED` repeats it alone.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_ts.h"
#include "tests/helpers/cmocka_all.h"

#define ROUNDS 20000
#define SIDE   8 /* addresses 10.0.0.0 to 7, ports 0 to 7 */

static uint64_t first_seed = 1;
static unsigned int rounds = ROUNDS;

struct packet {
	bool v6;
	uint8_t addr, proto;
	uint16_t port;
};

static uint64_t xorshift(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static unsigned int below(uint64_t *state, unsigned int n)
{
	return (unsigned int)(xorshift(state) >> 32) % n;
}

static struct ipaddr addr_of(bool v6, uint8_t last)
{
	struct ipaddr addr;

	assert_int_equal(str2ipaddr(v6 ? "2001:db8::" : "10.0.0.0", &addr), 0);
	((uint8_t *)&addr.ip)[v6 ? 15 : 3] = last;
	return addr;
}

/* Inverted ranges come up too. */
static struct ts random_ts(uint64_t *rng)
{
	bool v6 = below(rng, 2);
	bool any_port = below(rng, 2);

	return (struct ts){
		.start = addr_of(v6, (uint8_t)below(rng, SIDE)),
		.end = addr_of(v6, (uint8_t)below(rng, SIDE)),
		.proto = (uint8_t)(below(rng, 3) * 6),
		.port_start = any_port ? 0 : (uint16_t)below(rng, SIDE),
		.port_end = any_port ? UINT16_MAX : (uint16_t)below(rng, SIDE),
	};
}

static struct ts_list random_list(uint64_t *rng)
{
	struct ts_list list = {.n = (uint8_t)below(rng, 5)};

	for (unsigned int i = 0; i < list.n; i++)
		list.ts[i] = random_ts(rng);
	return list;
}

static uint8_t last_byte(const struct ipaddr *addr)
{
	struct bytes b = ipaddr_bytes(addr);

	return b.p[b.n - 1];
}

static bool model_selects(const struct ts_list *list, struct packet p)
{
	for (unsigned int i = 0; i < list->n; i++) {
		const struct ts *ts = &list->ts[i];

		if ((ts->start.ipa_type == IPADDR_V6) == p.v6 && last_byte(&ts->start) <= p.addr &&
		    p.addr <= last_byte(&ts->end) && (ts->proto == 0 || ts->proto == p.proto) &&
		    ts->port_start <= p.port && p.port <= ts->port_end)
			return true;
	}
	return false;
}

/* Packet number n of all that there are; false behind the last. */
static bool packet_of(unsigned int n, struct packet *p)
{
	static const uint8_t protos[] = {6, 12, 99};

	p->v6 = n % 2;
	p->addr = n / 2 % SIDE;
	p->proto = protos[n / 2 / SIDE % 3];
	p->port = n / 2 / SIDE / 3 % (SIDE + 1);
	if (p->port == SIDE)
		p->port = UINT16_MAX; /* stands for all others */
	return n < 2 * SIDE * 3 * (SIDE + 1);
}

static void check_round(uint64_t seed)
{
	uint64_t rng = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	struct ts_list ours = random_list(&rng);
	struct ts_list theirs = random_list(&rng);
	struct ts_list out = {};
	bool some = ike_ts_narrow(&ours, &theirs, &out) == IKE_R_OK;
	struct packet p;

	if (some != (out.n > 0) || (some && (!ike_ts_within(&out, &ours) || !ike_ts_within(&out, &theirs))))
		fail_msg("seed %" PRIu64 ": result does not lie within both", seed);
	for (unsigned int n = 0; packet_of(n, &p); n++)
		if (model_selects(&out, p) != (model_selects(&ours, p) && model_selects(&theirs, p)))
			fail_msg("seed %" PRIu64 ": packet %u is on the wrong side", seed, n);
}

static void test_narrowing_is_intersection(void **state)
{
	for (unsigned int i = 0; i < rounds; i++)
		check_round(first_seed + i);
}

static bool has_empty(const struct ts_list *list)
{
	for (unsigned int i = 0; i < list->n; i++)
		if (last_byte(&list->ts[i].start) > last_byte(&list->ts[i].end) ||
		    list->ts[i].start.ipa_type != list->ts[i].end.ipa_type ||
		    list->ts[i].port_start > list->ts[i].port_end)
			return true;
	return list->n == 0;
}

/* The first packet that the one list selects and the other does not; -1: there is none. */
static int first_outside(const struct ts_list *inner, const struct ts_list *outer)
{
	struct packet p;

	for (unsigned int n = 0; packet_of(n, &p); n++)
		if (model_selects(inner, p) && !model_selects(outer, p))
			return (int)n;
	return -1;
}

/* What is within selects nothing that the outer list does not select, however the two are cut. */
static void test_within_is_subset(void **state)
{
	unsigned int within = 0;

	for (unsigned int i = 0; i < rounds; i++) {
		uint64_t rng = (first_seed + i) * UINT64_C(0x9e3779b97f4a7c15) | 1;
		struct ts_list inner = random_list(&rng), outer = random_list(&rng);
		bool yes = ike_ts_within(&inner, &outer);
		int outside;

		if (has_empty(&inner)) {
			assert_false(yes);
			continue;
		}
		outside = first_outside(&inner, &outer);
		within += yes;
		if (yes != (outside < 0))
			fail_msg("seed %" PRIu64 ": packet %d", first_seed + i, outside);
	}
	assert_true(within > 0 || rounds == 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_narrowing_is_intersection),
		cmocka_unit_test(test_within_is_subset),
	};

	if (argc > 1) {
		first_seed = strtoull(argv[1], NULL, 10);
		rounds = 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
