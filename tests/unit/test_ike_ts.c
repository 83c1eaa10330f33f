// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traffic selectors: examples. That narrowing is intersection at large is shown by
 * tests/prop/test_prop_ts.c.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_ts.h"
#include "tests/helpers/cmocka_all.h"

static struct ts ts_of(const char *start, const char *end, uint8_t proto, uint16_t port_start,
		       uint16_t port_end)
{
	struct ts ts = {.proto = proto, .port_start = port_start, .port_end = port_end};

	assert_int_equal(str2ipaddr(start, &ts.start), 0);
	assert_int_equal(str2ipaddr(end, &ts.end), 0);
	return ts;
}

static struct ts range(const char *start, const char *end)
{
	return ts_of(start, end, 0, 0, UINT16_MAX);
}

static struct ts_list any(void)
{
	struct ts_list list;

	ts_list_any(&list);
	return list;
}

static void assert_narrows(struct ts_list ours, struct ts_list theirs, const char *want)
{
	struct ts_list out = {};
	char buf[512];

	assert_int_equal(ike_ts_narrow(&ours, &theirs, &out), IKE_R_OK);
	assert_string_equal(ike_ts_format(&out, buf, sizeof(buf)), want);
	assert_true(ike_ts_within(&out, &ours));
	assert_true(ike_ts_within(&out, &theirs));
}

static void assert_nothing_common(struct ts_list ours, struct ts_list theirs)
{
	struct ts_list out = {.n = 99};

	assert_int_equal(ike_ts_narrow(&ours, &theirs, &out), IKE_R_TS_UNACCEPTABLE);
	assert_int_equal(out.n, 99);
}

#define LIST(...)                                                                                            \
	((struct ts_list){.ts = {__VA_ARGS__}, .n = sizeof((struct ts[]){__VA_ARGS__}) / sizeof(struct ts)})

static void test_any_and_any(void **state)
{
	assert_narrows(any(), any(), "0.0.0.0/0, ::/0");
}

static void test_families_apart(void **state)
{
	assert_narrows(any(), LIST(range("0.0.0.0", "255.255.255.255")), "0.0.0.0/0");
	assert_nothing_common(LIST(range("::", "::ffff:ffff")), LIST(range("0.0.0.0", "255.255.255.255")));
}

static void test_ranges(void **state)
{
	assert_narrows(LIST(range("10.0.0.0", "10.0.0.255")), LIST(range("10.0.0.128", "10.0.3.255")),
		       "10.0.0.128/25");
	assert_narrows(LIST(range("10.0.0.0", "10.0.0.9")), LIST(range("10.0.0.3", "10.0.0.20")),
		       "10.0.0.3-10.0.0.9");
	assert_narrows(LIST(range("10.0.0.9", "10.0.0.9")), any(), "10.0.0.9/32");
	assert_nothing_common(LIST(range("10.0.0.0", "10.0.0.255")), LIST(range("10.0.1.0", "10.0.1.255")));
	/* bytes compare without a sign, and the first byte first */
	assert_narrows(LIST(range("10.0.0.200", "10.200.0.0")), any(), "10.0.0.200-10.200.0.0");
	assert_narrows(LIST(range("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")), any(),
		       "2001:db8::/32");
}

static void test_protocols_and_ports(void **state)
{
	struct ts tcp = ts_of("10.0.0.0", "10.0.0.255", 6, 80, 90);

	assert_narrows(any(), LIST(tcp), "10.0.0.0/24[6/80-90]");
	assert_narrows(LIST(ts_of("10.0.0.0", "10.0.0.255", 0, 85, 85)), LIST(tcp), "10.0.0.0/24[6/85]");
	assert_narrows(LIST(ts_of("10.0.0.1", "10.0.0.1", 17, 0, UINT16_MAX)), any(), "10.0.0.1/32[17]");
	assert_nothing_common(LIST(ts_of("10.0.0.0", "10.0.0.255", 17, 80, 90)), LIST(tcp));
	assert_nothing_common(LIST(ts_of("10.0.0.0", "10.0.0.255", 6, 91, 99)), LIST(tcp));
}

/*
 * A first selector from the packet that asked for the SA (RFC 7296 2.9) lies within the second: one is
 * enough.
 */
static void test_drops_what_is_within_another(void **state)
{
	assert_narrows(any(), LIST(ts_of("10.0.0.7", "10.0.0.7", 6, 22, 22), range("10.0.0.0", "10.0.0.255")),
		       "10.0.0.0/24");
	assert_narrows(any(), LIST(range("10.0.0.0", "10.0.0.255"), range("10.0.0.0", "10.0.0.255")),
		       "10.0.0.0/24");
}

static void test_empty_selectors(void **state)
{
	struct ts inverted = range("10.0.0.9", "10.0.0.1");
	struct ts opaque = ts_of("10.0.0.0", "10.0.0.255", 6, UINT16_MAX, 0);
	struct ts_list nothing = {};

	assert_nothing_common(any(), LIST(inverted));
	assert_nothing_common(LIST(inverted), any());
	assert_nothing_common(any(), LIST(opaque));
	assert_nothing_common(any(), nothing);
	assert_nothing_common(nothing, any());
	assert_narrows(any(), LIST(inverted, range("10.0.0.1", "10.0.0.1")), "10.0.0.1/32");
}

static void test_never_overflows(void **state)
{
	struct ts_list ours = {.n = LIMIT_TS};
	struct ts_list theirs = {.n = LIMIT_TS};
	struct ts_list out;

	for (unsigned int i = 0; i < LIMIT_TS; i++) {
		ours.ts[i] =
			ts_of("10.0.0.0", "10.255.255.255", 0, (uint16_t)(100 * i), (uint16_t)(100 * i + 5));
		theirs.ts[i] = ts_of("10.0.0.0", "10.255.255.255", 0, 0, UINT16_MAX);
		theirs.ts[i].start.ipaddr_v4.s_addr = htonl(0x0a000000 + 2 * i);
		theirs.ts[i].end.ipaddr_v4.s_addr = htonl(0x0a000000 + 2 * i);
	}
	assert_int_equal(ike_ts_narrow(&ours, &theirs, &out), IKE_R_OK);
	assert_int_equal(out.n, LIMIT_TS);
	assert_true(ike_ts_within(&out, &ours));
	assert_true(ike_ts_within(&out, &theirs));
}

static void test_within(void **state)
{
	struct ts_list outer = LIST(range("10.0.0.0", "10.0.0.255"), range("10.9.0.0", "10.9.0.255"));
	struct ts_list inner;

	inner = LIST(range("10.9.0.5", "10.9.0.5"), range("10.0.0.0", "10.0.0.255"));
	assert_true(ike_ts_within(&inner, &outer));
	inner = LIST(range("10.9.0.5", "10.9.0.5"), range("10.0.0.0", "10.0.1.0"));
	assert_false(ike_ts_within(&inner, &outer));
	inner = LIST(range("10.0.0.0", "10.9.0.255"));
	assert_false(ike_ts_within(&inner, &outer));
	inner = LIST(ts_of("10.0.0.0", "10.0.0.255", 6, 0, UINT16_MAX));
	assert_true(ike_ts_within(&inner, &outer));
	assert_false(ike_ts_within(&outer, &inner));
	inner = LIST(range("10.0.0.9", "10.0.0.1"));
	assert_false(ike_ts_within(&inner, &outer));
	inner.n = 0;
	assert_false(ike_ts_within(&inner, &outer));
}

/* Several together cover what none of them does: halves of addresses, of ports, of both families; but not of protocols. */
static void test_within_several(void **state)
{
	struct ts_list outer =
		LIST(range("10.0.0.0", "10.0.0.127"), range("2001:db8::", "2001:db8::ffff"),
		     range("10.0.0.128", "10.0.0.255"), range("2001:db8::1:0", "2001:db8::1:9"));
	struct ts_list inner = LIST(range("10.0.0.0", "10.0.0.255"), range("2001:db8::", "2001:db8::1:9"));

	assert_true(ike_ts_within(&inner, &outer));
	inner = LIST(range("10.0.0.0", "10.0.1.0"));
	assert_false(ike_ts_within(&inner, &outer));
	inner = LIST(range("0.0.0.0", "255.255.255.255"));
	outer = LIST(range("0.0.0.0", "127.255.255.255"), range("128.0.0.0", "255.255.255.255"));
	assert_true(ike_ts_within(&inner, &outer));
	outer = LIST(range("0.0.0.0", "127.255.255.255"), range("128.0.0.1", "255.255.255.255"));
	assert_false(ike_ts_within(&inner, &outer));
	outer = LIST(ts_of("10.0.0.0", "10.0.0.9", 6, 0, 99),
		     ts_of("10.0.0.0", "10.0.0.4", 0, 100, UINT16_MAX),
		     ts_of("10.0.0.5", "10.0.0.9", 6, 100, UINT16_MAX));
	inner = LIST(ts_of("10.0.0.0", "10.0.0.9", 6, 0, UINT16_MAX));
	assert_true(ike_ts_within(&inner, &outer));
	inner = LIST(range("10.0.0.0", "10.0.0.9"));
	assert_false(ike_ts_within(&inner, &outer));
}

static void test_format(void **state)
{
	struct ts_list list = LIST(range("10.0.0.1", "10.0.0.2"), ts_of("::", "::", 58, 32768, 32768));
	char buf[128], small[12];

	assert_string_equal(ike_ts_format(&list, buf, sizeof(buf)), "10.0.0.1-10.0.0.2, ::/128[58/32768]");
	assert_string_equal(ike_ts_format(&list, small, sizeof(small)), "10.0.0.1-10");
	list.n = 0;
	assert_string_equal(ike_ts_format(&list, buf, sizeof(buf)), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_and_any),
		cmocka_unit_test(test_families_apart),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_protocols_and_ports),
		cmocka_unit_test(test_drops_what_is_within_another),
		cmocka_unit_test(test_empty_selectors),
		cmocka_unit_test(test_never_overflows),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_within_several),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
