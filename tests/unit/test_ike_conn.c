// SPDX-License-Identifier: GPL-2.0-or-later
/* Which connection a peer may belong to: those with its address first, then those with any. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/ike/ike_engine.h"

static struct ipaddr addr(const char *text)
{
	struct ipaddr a = {.ipa_type = IPADDR_NONE};

	if (text)
		assert_int_equal(str2ipaddr(text, &a), 0);
	return a;
}

static void add(struct ike_engine *engine, uint32_t id, const char *local, const char *remote)
{
	struct ike_conn_cfg *cfg = ike_conn_cfg_new();

	cfg->local = addr(local);
	cfg->remote = addr(remote);
	ike_conn_set(engine, id, cfg);
	ike_conn_cfg_unref(cfg);
}

/* The ids of all candidates, in order, as one number: 321 is 3, 2, 1. */
static unsigned int order(struct ike_engine *engine, const char *local, const char *remote)
{
	struct ipaddr l = addr(local), r = addr(remote);
	unsigned int digits = 0;

	for (struct ike_conn *c = ike_conn_candidate(engine, &l, &r, NULL); c;
	     c = ike_conn_candidate(engine, &l, &r, c))
		digits = digits * 10 + c->id;
	return digits;
}

static void test_candidates(void **state)
{
	const struct ike_host host = {};
	struct ike_engine *engine = ike_engine_new(&host, (struct instant){0});

	assert_int_equal(order(engine, "10.0.0.1", "10.0.0.2"), 0);
	add(engine, 5, NULL, NULL);
	add(engine, 1, "10.0.0.9", NULL);
	add(engine, 4, "10.0.0.1", "10.0.0.2");
	add(engine, 3, NULL, "10.0.0.2");
	add(engine, 2, "10.0.0.1", "10.0.0.3");
	add(engine, 6, "2001:db8::1", "2001:db8::2");
	assert_int_equal(order(engine, "10.0.0.1", "10.0.0.2"), 345);
	assert_int_equal(order(engine, "10.0.0.9", "10.0.0.2"), 315);
	assert_int_equal(order(engine, "10.0.0.1", "10.0.0.3"), 25);
	assert_int_equal(order(engine, "10.0.0.1", "192.0.2.1"), 5);
	assert_int_equal(order(engine, "2001:db8::1", "2001:db8::2"), 65);
	/* A changed configuration is found where it is now, a removed one nowhere. */
	add(engine, 4, "10.0.0.1", "10.0.0.3");
	ike_conn_del(engine, 5);
	assert_int_equal(order(engine, "10.0.0.1", "10.0.0.2"), 3);
	assert_int_equal(order(engine, "10.0.0.1", "10.0.0.3"), 24);
	ike_engine_free(engine);
	assert_int_equal(mem_live(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_candidates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
