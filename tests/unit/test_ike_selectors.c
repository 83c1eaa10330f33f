// SPDX-License-Identifier: GPL-2.0-or-later
/* Configured traffic selectors, RFC 7296 2.9, from the configuration of both ends to what either installs. */
#include <zebra.h>

#include "lib/prefix.h"

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_craft.h"

#include "bgpvpnd/ike/ike_ts.h"

struct line {
	const char *prefix;
	uint8_t proto;
	uint16_t port; /* 0: any */
};

/* One end: up to four lines of each, a NULL prefix ends them. */
struct lines {
	struct line local[5];
	struct line remote[5];
};

static struct ts ts_of(const struct line *line)
{
	struct ts ts = {.proto = line->proto, .port_start = line->port, .port_end = line->port};
	struct prefix net;
	uint8_t *end;

	if (!line->port)
		ts.port_end = UINT16_MAX;
	assert_true(str2prefix(line->prefix, &net));
	ts.start = ts.end = ipaddr_of(bytes_make(&net.u, net.family == AF_INET ? 4 : 16));
	end = (uint8_t *)&ts.end.ip;
	for (unsigned int bit = net.prefixlen; bit < IPADDRSZ(&ts.end) * 8; bit++)
		end[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return ts;
}

static void fill(struct ts_list *list, const struct line *line)
{
	for (list->n = 0; line->prefix; line++)
		list->ts[list->n++] = ts_of(line);
}

static void configure(struct pair_side *self, const struct pair_side *peer, const struct lines *lines)
{
	struct ike_conn_cfg *cfg = pair_cfg(self, peer, IKE_DEFAULT, ESP_DEFAULT);

	fill(&cfg->ts_local, lines->local);
	fill(&cfg->ts_remote, lines->remote);
	ike_conn_set(self->engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

static void assert_list(const struct ts_list *list, const char *want)
{
	char buf[512];

	assert_string_equal(ike_ts_format(list, buf, sizeof(buf)), want);
}

/* A begins; then its Child SA is rekeyed by B, which comes to the same. */
static void agree(const struct lines *a, const struct lines *b, const char *of_a, const char *of_b)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	configure(&p.a, &p.b, a);
	configure(&p.b, &p.a, b);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	for (int rekeyed = 0; rekeyed < 2; rekeyed++) {
		pair_assert_up(&p);
		assert_list(&p.a.child.ts_local, of_a);
		assert_list(&p.a.child.ts_remote, of_b);
		assert_true(ike_ts_within(&p.b.child.ts_remote, &p.a.child.ts_local));
		assert_true(ike_ts_within(&p.a.child.ts_local, &p.b.child.ts_remote));
		assert_true(ike_ts_within(&p.b.child.ts_local, &p.a.child.ts_remote));
		assert_true(ike_ts_within(&p.a.child.ts_remote, &p.b.child.ts_local));
		pair_sleep(&p, 5 * USEC_PER_S, true);
		assert_true(rekeyed || ike_rekey_child(p.b.engine, PAIR_CONN, p.now));
		pair_drain(&p, &p.b);
		pair_run(&p);
		pair_sleep(&p, 5 * USEC_PER_S, true);
	}
	pair_fini(&p);
}

static void test_several(void **state)
{
	const struct lines a = {
		.local = {{"10.1.0.0/16", 0, 0}, {"10.3.0.0/16", 6, 179}, {"2001:db8:1::/48", 0, 0}},
		.remote = {{"10.2.0.0/16", 0, 0}, {"2001:db8:2::/48", 0, 0}}};
	const struct lines same = {
		.local = {{"10.2.0.0/16", 0, 0}, {"2001:db8:2::/48", 0, 0}},
		.remote = {{"10.1.0.0/16", 0, 0}, {"10.3.0.0/16", 6, 179}, {"2001:db8:1::/48", 0, 0}}};
	/* overlapping, disjoint, and with protocols of its own */
	const struct lines other = {
		.local = {{"10.2.0.0/15", 0, 0}, {"10.2.5.0/24", 0, 0}, {"2001:db8:2:7::/64", 0, 0}},
		.remote = {{"10.1.0.0/17", 17, 0}, {"10.3.0.0/24", 0, 0}, {"2001:db8:1::/48", 0, 0}}};
	const struct lines any = {.local = {{"0.0.0.0/0", 0, 0}, {"::/0", 0, 0}},
				  .remote = {{"0.0.0.0/0", 0, 0}, {"::/0", 0, 0}}};

	agree(&a, &same, "10.1.0.0/16, 10.3.0.0/16[6/179], 2001:db8:1::/48", "10.2.0.0/16, 2001:db8:2::/48");
	agree(&a, &other, "10.1.0.0/17[17], 10.3.0.0/24[6/179], 2001:db8:1::/48",
	      "10.2.0.0/16, 2001:db8:2:7::/64");
	agree(&a, &any, "10.1.0.0/16, 10.3.0.0/16[6/179], 2001:db8:1::/48", "10.2.0.0/16, 2001:db8:2::/48");
	agree(&any, &a, "10.2.0.0/16, 2001:db8:2::/48", "10.1.0.0/16, 10.3.0.0/16[6/179], 2001:db8:1::/48");
}

/* Each side alone must have something in common. */
static void test_nothing_in_common(void **state)
{
	const struct lines a = {.local = {{"10.1.0.0/16", 6, 0}}, .remote = {{"10.2.0.0/16", 0, 0}}};
	const struct lines bs[] = {
		{.local = {{"10.2.0.0/16", 0, 0}}, .remote = {{"10.1.0.0/16", 17, 0}, {"::/0", 0, 0}}},
		{.local = {{"10.3.0.0/16", 0, 0}, {"::/0", 0, 0}}, .remote = {{"10.1.0.0/16", 0, 0}}},
	};
	static const char *const words[] = {
		"we have 10.1.0.0/16[17], ::/0; the peer offers 10.1.0.0/16[6]",
		"we have 10.3.0.0/16, ::/0; the peer offers 10.2.0.0/16",
	};
	struct pair p;

	for (unsigned int i = 0; i < array_size(bs); i++) {
		pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
		configure(&p.a, &p.b, &a);
		configure(&p.b, &p.a, &bs[i]);
		pair_initiate(&p, &p.a);
		pair_run(&p);
		assert_int_equal(p.a.added + p.b.added, 0);
		assert_int_equal(pair_info(&p.b).last_failure, IKE_R_TS_UNACCEPTABLE);
		assert_string_equal(pair_info(&p.b).last_failure_detail, words[i]);
		pair_fini(&p);
	}
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_several),
		T(test_nothing_in_common),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
