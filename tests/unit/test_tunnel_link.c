// SPDX-License-Identifier: GPL-2.0-or-later
/* The link rule over all combinations of its facts. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"

#include "bgpvpnd/tunnel/tunnel.h"

static const struct instant now = {5000};

/* Bits of `i` as facts. */
static struct tunnel_link_facts facts_of(unsigned int i, int64_t up_allowed)
{
	return (struct tunnel_link_facts){
		.enabled = i & 1,
		.dplane = i & 2,
		.usable_child = i & 4,
		.proven = i & 8,
		.reachable = i & 16,
		.inside_dead = i & 32,
		.published = i & 64,
		.up_allowed = {up_allowed},
	};
}

static void all_combinations(void **state)
{
	static const int64_t allowed[] = {0, 4999, 5000, 5001};

	for (unsigned int i = 0; i < 128; i++)
		for (size_t k = 0; k < array_size(allowed); k++) {
			struct tunnel_link_facts f = facts_of(i, allowed[k]);
			struct tunnel_link_verdict v = tunnel_link_wanted(&f, now);
			bool held = !(i & 64) && allowed[k] > 5000;

			assert_int_equal(v.up, (i & 63) == 31 && !held);
			assert_non_null(v.why);
			assert_true(v.up == (strcmp(v.why, "peer is reachable") == 0));
		}
}

/* The first fact that keeps it down is the one that is told. */
static void first_reason(void **state)
{
	static const struct {
		unsigned int facts;
		const char *word;
	} rows[] = {
		{0, "shut down"},	 {1, "data plane"},	      {3, "no Child SA"}, {7, "not answered"},
		{15, "does not answer"}, {63, "ESP does not arrive"}, {31, "hold-up"},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct tunnel_link_facts f = facts_of(rows[i].facts, 9000);
		struct tunnel_link_verdict v = tunnel_link_wanted(&f, now);

		assert_false(v.up);
		assert_non_null(strstr(v.why, rows[i].word));
	}
}

/* A template is up while one of its peers is, whatever is true of itself. */
static void template(void **state)
{
	for (unsigned int i = 0; i < 128; i++) {
		struct tunnel_link_facts f = facts_of(i, 9000);

		f.many = true;
		assert_false(tunnel_link_wanted(&f, now).up);
		f.peers_up = 1;
		assert_int_equal(tunnel_link_wanted(&f, now).up, (i & 3) == 3);
	}
}

/* On demand it is up before there is anything but an interface; hold-up counts as ever. */
static void waiting(void **state)
{
	for (unsigned int i = 0; i < 128; i++) {
		struct tunnel_link_facts f = facts_of(i, 9000);

		f.waiting = true;
		assert_int_equal(tunnel_link_wanted(&f, now).up, (i & 3) == 3 && i & 64);
		f.up_allowed = now;
		assert_int_equal(tunnel_link_wanted(&f, now).up, (i & 3) == 3);
	}
}

/* With manual keys nothing is known of the peer: what is installed is up, after hold-up as ever. */
static void manual(void **state)
{
	for (unsigned int i = 0; i < 128; i++) {
		struct tunnel_link_facts f = facts_of(i, 9000);

		f.manual = true;
		assert_int_equal(tunnel_link_wanted(&f, now).up, (i & 7) == 7 && i & 64);
		f.up_allowed = now;
		assert_int_equal(tunnel_link_wanted(&f, now).up, (i & 7) == 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_combinations), cmocka_unit_test(first_reason),
		cmocka_unit_test(template),	    cmocka_unit_test(waiting),
		cmocka_unit_test(manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
