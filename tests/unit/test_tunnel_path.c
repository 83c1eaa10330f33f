// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The path MTU between a scripted engine and a data plane that only remembers: the interface follows it, in place.
 */
#include <zebra.h>

#include "tests/helpers/tunnel_world.h"

static struct fake_conn *conn(void)
{
	return fake_ike_conn(&w.engine, 0);
}

static struct fake_link *vpn0(void)
{
	struct fake_link *link = fake_dplane_link(&w.plane, "vpn0");

	assert_non_null(link);
	return link;
}

static void heard(bool answer)
{
	fake_ike_heard(&w.engine, conn(), answer);
	pump();
}

/* A configured tunnel, its peer accepted, answered, link up. Returns the child. */
static uint32_t bring_up(void)
{
	uint32_t child;

	give(cfg_new("to-b", "vpn0"));
	pass(MS(10));
	child = fake_ike_up(&w.engine, conn(), true, w.now);
	pump();
	pass(MS(3));
	heard(true);
	assert_true(vpn0()->running);
	w.num_news = 0;
	return child;
}

static struct tunnel_info info(void)
{
	struct tunnel_info info;

	assert_true(tunnels_info(w.tunnels, "to-b", &info));
	return info;
}

/*
 * --- following -------------------------------------------------------------------------------------------
 */

/* GCM in UDP over IPv4 takes 62 bytes, and leaves a multiple of 4 less 2. */
#define AROUND 62

static void path_is(uint32_t mtu, enum dplane_path_from from)
{
	w.plane.path = (struct dplane_path){.mtu = mtu, .from = from, .device = "eth0"};
}

static void path_becomes(uint32_t mtu, enum dplane_path_from from)
{
	path_is(mtu, from);
	w.num_news = 0;
	heard(true);
	pass(MS(5000));
}

static void before_the_link_is_up(void **state)
{
	path_is(1400, DPLANE_PATH_DEVICE);
	give(cfg_new("to-b", "vpn0"));
	pass(MS(10));
	assert_int_equal(w.plane.paths, 0);
	fake_ike_up(&w.engine, conn(), true, w.now);
	pump();
	assert_false(vpn0()->running);
	assert_int_equal(vpn0()->params.mtu, 1400 - AROUND);
	assert_int_equal(vpn0()->params.mss_v4, 1400 - AROUND - 40);
	assert_int_equal(vpn0()->params.mss_v6, 1400 - AROUND - 60);
	assert_true(said("packets to 192.0.2.2 may have 1400 bytes now, not 1500, by device eth0"));
}

/* Down and up again within seconds, said once each, and the link does not notice. */
static void follows_in_place(void **state)
{
	uint32_t calls;

	bring_up();
	calls = vpn0()->running_calls;
	assert_int_equal(vpn0()->params.mtu, 1438);
	assert_int_equal(info().mtu_from, TUNNEL_MTU_ASSUMED);
	assert_int_equal(info().path_mtu, 1500);
	path_becomes(1400, DPLANE_PATH_LEARNED);
	assert_int_equal(vpn0()->params.mtu, 1338);
	assert_int_equal(w.num_news, 1);
	assert_true(said("as a router beyond eth0 says: interface vpn0 gets MTU 1338"));
	assert_int_equal(info().mtu, 1338);
	assert_int_equal(info().mtu_from, TUNNEL_MTU_LEARNED);
	assert_int_equal(info().path_mtu, 1400);
	assert_string_equal(info().path_device, "eth0");
	path_becomes(1400, DPLANE_PATH_ROUTE);
	assert_int_equal(w.num_news, 0);
	path_becomes(1500, DPLANE_PATH_DEVICE);
	assert_int_equal(vpn0()->params.mtu, 1438);
	assert_int_equal(info().mtu_from, TUNNEL_MTU_DEVICE);
	assert_int_equal(vpn0()->running_calls, calls);
	assert_true(vpn0()->running);
}

/* Jumbo frames on the first hop say nothing of the others. */
static void never_above_what_the_internet_takes(void **state)
{
	bring_up();
	path_becomes(9001, DPLANE_PATH_DEVICE);
	assert_int_equal(vpn0()->params.mtu, 1438);
	assert_int_equal(info().mtu_from, TUNNEL_MTU_ASSUMED);
	assert_int_equal(w.num_news, 0);
}

/* While there is no way the last one's stays. */
static void no_way(void **state)
{
	bring_up();
	path_becomes(1400, DPLANE_PATH_DEVICE);
	path_becomes(0, DPLANE_PATH_DEVICE);
	assert_int_equal(vpn0()->params.mtu, 1338);
}

static void given(uint32_t mtu, uint32_t tcp_mss, const char *inside6)
{
	struct tunnel_cfg *cfg = cfg_new("to-b", "vpn0");

	cfg->mtu = mtu;
	cfg->tcp_mss = tcp_mss;
	if (inside6)
		assert_int_equal(str2prefix(inside6, &cfg->inside[cfg->num_inside++]), 1);
	give(cfg);
}

/* What the operator has fixed is not looked for; what he takes back is, at once. */
static void fixed(void **state)
{
	uint32_t asked;

	bring_up();
	given(1300, 0, NULL);
	asked = w.plane.paths;
	path_becomes(1200, DPLANE_PATH_DEVICE);
	pass(MS(60000));
	assert_int_equal(w.plane.paths, asked);
	assert_int_equal(vpn0()->params.mtu, 1300);
	assert_int_equal(vpn0()->params.mss_v4, 1260);
	assert_int_equal(info().mtu_from, TUNNEL_MTU_CONFIGURED);
	assert_int_equal(info().path_mtu, 0);
	given(0, UINT32_MAX, NULL);
	assert_int_equal(vpn0()->params.mtu, 1200 - AROUND);
	assert_int_equal(vpn0()->params.mss_v4, 0);
	given(0, 1000, NULL);
	assert_int_equal(vpn0()->params.mss_v4, 1000);
	path_becomes(1000, DPLANE_PATH_DEVICE);
	assert_int_equal(vpn0()->params.mss_v4, 1000 - AROUND - 40);
}

/* Below 1280 there is no IPv6 on an interface: packets are cut outside then, but not those of TCP. Nonsense is bounded. */
static void small(void **state)
{
	bring_up();
	path_becomes(1300, DPLANE_PATH_LEARNED);
	assert_int_equal(vpn0()->params.mtu, 1300 - AROUND);
	path_becomes(70, DPLANE_PATH_ROUTE);
	assert_int_equal(vpn0()->params.mtu, 576);
	path_becomes(1300, DPLANE_PATH_LEARNED);
	given(0, 0, "2001:db8:f::1/126");
	assert_int_equal(vpn0()->params.mtu, 1280);
	assert_int_equal(vpn0()->params.mss_v4, 1300 - AROUND - 40);
	assert_int_equal(vpn0()->params.mss_v6, 1300 - AROUND - 60);
}

/* A plane that has no fragments outside: the operator is told what that means. */
static void small_and_whole(void **state)
{
	struct dplane_ops ops = *w.plane.dp.ops;

	ops.cuts_v6 = false;
	w.plane.dp.ops = &ops;
	bring_up();
	given(0, 0, "2001:db8:f::1/126");
	path_becomes(1344, DPLANE_PATH_LEARNED);
	assert_int_equal(vpn0()->params.mtu, 1282);
	assert_false(said("IPv6 packets"));
	path_becomes(1300, DPLANE_PATH_LEARNED);
	assert_true(said("gets MTU 1280; IPv6 packets of more than 1238 bytes are lost (TCP is clamped)"));
	given(0, 0, NULL);
	path_becomes(1290, DPLANE_PATH_LEARNED);
	assert_false(said("IPv6 packets"));
}

/* The pair goes another way, here with 20 bytes more outside: looked at anew, at once. */
static void moves(void **state)
{
	struct ike_output out = {.type = IKE_OUTPUT_CHILD_MOVE, .child_id = bring_up()};

	path_becomes(1500, DPLANE_PATH_DEVICE);
	path_is(1480, DPLANE_PATH_DEVICE);
	out.conn = conn()->conn;
	assert_int_equal(str2ipaddr("2001:db8::1", &out.local.addr), 0);
	assert_int_equal(str2ipaddr("2001:db8::2", &out.remote.addr), 0);
	tunnels_ike_output(w.tunnels, &out, w.now);
	assert_int_equal(vpn0()->params.mtu, 1480 - 20 - AROUND);
}

/* Nobody is asked without need. */
static void only_with_a_child(void **state)
{
	uint32_t asked;

	bring_up();
	fake_ike_down(&w.engine, conn(), IKE_R_TIMEOUT, "");
	pump();
	asked = w.plane.paths;
	pass(MS(60000));
	assert_int_equal(w.plane.paths, asked);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(before_the_link_is_up),
		TEST(follows_in_place),
		TEST(never_above_what_the_internet_takes),
		TEST(no_way),
		TEST(fixed),
		TEST(small),
		TEST(small_and_whole),
		TEST(moves),
		TEST(only_with_a_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
