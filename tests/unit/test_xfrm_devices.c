// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices of the kernel plane in the world of plane_world.h: kinds, sharing, namespaces, VRFs, routes. Needs what test_xfrm_plane needs,
 * and skips as it does.
 */
#include <zebra.h>

#include "bgpvpnd/dplane/dplane.h"

#define PLANE_NEW  dplane_xfrm_new
#define PLANE_FREE dplane_xfrm_free

static const char *why_no_plane(void)
{
	static const struct dplane_env env = {.natt_port = 4500};
	static char why[256];
	struct dplane *dp = dplane_xfrm_new(&env);
	int err = dp->ops->open(dp);

	strlcpy(why, dplane_error(dp), sizeof(why));
	if (!err)
		dp->ops->close(dp);
	dplane_xfrm_free(dp);
	return err ? why : NULL;
}

#include "tests/helpers/plane_world.h"

static struct dplane_link_params params_of(const char *name, enum dplane_kind kind)
{
	struct dplane_link_params params = {.mtu = 1380, .nature.kind = kind, .num_inside = 1};

	strlcpy(params.name, name, sizeof(params.name));
	assert_int_equal(str2prefix("169.254.20.1/30", &params.inside[0]), 1);
	return params;
}

static uint32_t link_add(const struct dplane_link_params *params)
{
	uint32_t link = 0;
	int err = w.a.dp->ops->link_add(w.a.dp, params, &link);

	if (err)
		fail_msg("%s", dplane_error(w.a.dp));
	return link;
}

static void link_del(uint32_t link)
{
	assert_int_equal(w.a.dp->ops->link_del(w.a.dp, link), 0);
}

static void refused(const struct dplane_link_params *params, int err, const char *words)
{
	uint32_t link = 0;

	assert_int_equal(w.a.dp->ops->link_add(w.a.dp, params, &link), err);
	if (!strstr(dplane_error(w.a.dp), words))
		fail_msg("\"%s\" lacks \"%s\"", dplane_error(w.a.dp), words);
	assert_int_equal(link, 0);
}

static struct rtnl_link now_of(const char *name)
{
	struct rtnl_link link;

	assert_int_equal(rtnl_link_find(RTNL_HERE, name, &link), 0);
	return link;
}

static void set_running(uint32_t link, bool running)
{
	assert_int_equal(w.a.dp->ops->link_set_running(w.a.dp, link, running), 0);
}

/* Takes the events that there are; whether this link was changed. */
static bool told_changed(uint32_t link)
{
	struct dplane_event event;
	bool changed = false;

	while (w.a.dp->ops->event_next(w.a.dp, &event))
		changed |= event.type == DPLANE_EVENT_LINK_CHANGED && event.link == link;
	return changed;
}

static void repaired(uint32_t link, const char *words)
{
	char what[200];

	assert_int_equal(w.a.dp->ops->link_repair(w.a.dp, link, what, sizeof(what)), 0);
	assert_string_equal(what, words);
}

static void told_both(uint32_t first, uint32_t second, bool told[2])
{
	struct dplane_event event;

	while (w.a.dp->ops->event_next(w.a.dp, &event)) {
		told[0] |= event.type == DPLANE_EVENT_LINK_CHANGED && event.link == first;
		told[1] |= event.type == DPLANE_EVENT_LINK_CHANGED && event.link == second;
	}
}

/* Somebody does this: the link is told, and mends it, once. */
static void done_by_somebody(uint32_t link, const char *command, const char *words)
{
	bool told = false;

	told_changed(link);
	run("%s", command);
	WAIT_FOR((told = told || told_changed(link)));
	repaired(link, words);
	repaired(link, "");
}

/*
 * --- sharing ---------------------------------------------------------------------------------------------
 */

static void test_shared(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = w.a.params;
	struct rtnl_link before;
	uint32_t second;

	enter(&w.a);
	before = link_now(&w.a);
	params.mtu = 1390;
	params.num_inside = 2;
	assert_int_equal(str2prefix("169.254.20.1/30", &params.inside[1]), 1);
	second = link_add(&params);
	assert_int_not_equal(second, w.a.link);
	assert_int_equal(link_now(&w.a).ifindex, before.ifindex);
	assert_int_equal(link_now(&w.a).mtu, 1390);
	run("test $(ip addr show dev vpn0 | grep -c 'inet 169') = 2");
	run("test $(ip addr show dev vpn0 | grep -c 'inet6 2001') = 1");
	assert_false(link_now(&w.a).running);
	set_running(second, true);
	assert_true(link_now(&w.a).running);
	set_running(w.a.link, true);
	set_running(second, false);
	assert_true(link_now(&w.a).running);
	set_running(w.a.link, false);
	assert_false(link_now(&w.a).running);
	params.mtu = 1300;
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, second, &params), 0);
	assert_int_equal(link_now(&w.a).mtu, 1300);
	set_running(second, true);
	link_del(second);
	assert_int_equal(link_now(&w.a).ifindex, before.ifindex);
	assert_int_equal(link_now(&w.a).mtu, 1400);
	assert_false(link_now(&w.a).running);
	run("! ip addr show dev vpn0 | grep -q 169.254.20.1");
	run("ip addr show dev vpn0 | grep -q 169.254.10.1");
}

static void test_shared_refusals(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = w.a.params;

	enter(&w.a);
	params.nature.if_id_in = params.nature.if_id_out = 7;
	refused(&params, -EBUSY, "vpn0 is in use by another tunnel as an XFRM interface with if_id");
	params = w.a.params;
	params.nature.kind = DPLANE_KIND_VTI;
	refused(&params, -EBUSY, "vpn0 is in use by another tunnel as an XFRM interface");
	params = w.a.params;
	strlcpy(params.vrf, "red", sizeof(params.vrf));
	refused(&params, -EBUSY, "no VRF");
	/* All or nothing: what the refused one wanted is not there. */
	params = w.a.params;
	params.mtu = 1300;
	params.num_routes = 2;
	assert_int_equal(str2prefix("10.77.0.0/16", &params.routes[0]), 1);
	assert_int_equal(str2prefix("10.0.0.0/24", &params.routes[1]), 1);
	refused(&params, -EEXIST, "cannot route 10.0.0.0/24 into it: somebody else has a route there");
	assert_int_equal(link_now(&w.a).mtu, 1400);
	run("! ip route | grep -q 10.77");
}

/* Deleted by somebody: every link is told; the first that comes back makes it for all, in the state that they want. */
static void test_shared_and_removed(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = params_of("vpn1", DPLANE_KIND_XFRM);
	struct rtnl_link before;
	uint32_t first, second;
	bool told[2] = {};
	char what[200];

	enter(&w.a);
	first = link_add(&params);
	second = link_add(&params);
	before = now_of("vpn1");
	set_running(second, true);
	told_changed(first);
	run("ip link del vpn1");
	WAIT_FOR((told_both(first, second, told), told[0] && told[1]));
	assert_int_equal(w.a.dp->ops->link_repair(w.a.dp, first, what, sizeof(what)), -ENODEV);
	link_del(first);
	first = link_add(&params);
	assert_int_equal(now_of("vpn1").if_id, before.if_id);
	assert_true(now_of("vpn1").running);
	repaired(second, "");
	run("ip addr show dev vpn1 | grep -q 169.254.20.1");
	link_del(first);
	assert_true(now_of("vpn1").running);
	link_del(second);
	run("! ip link show vpn1 >/dev/null 2>&1");
}

/*
 * --- if_ids ----------------------------------------------------------------------------------------------
 */

static void test_if_ids(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = params_of("vpn1", DPLANE_KIND_XFRM);
	uint32_t link, other;

	enter(&w.a);
	params.nature.if_id_in = params.nature.if_id_out = 7;
	link = link_add(&params);
	assert_int_equal(now_of("vpn1").if_id, 7);
	done_by_somebody(link, "ip link set vpn1 type xfrm if_id 8", "made an XFRM interface with if_id 8");
	assert_int_equal(now_of("vpn1").if_id, 7);
	strlcpy(params.name, "vpn2", sizeof(params.name));
	refused(&params, -EEXIST, "another one is an XFRM interface with if_id 7 already");
	params.nature.if_id_in = 9;
	params.nature.if_id_out = 8;
	other = link_add(&params);
	assert_int_equal(now_of("vpn2").if_id, 8);
	link_del(other);
	link_del(link);
	run("ip link add vpn1 type xfrm if_id 70");
	params = params_of("vpn1", DPLANE_KIND_XFRM);
	params.nature.if_id_in = params.nature.if_id_out = 7;
	refused(&params, -EEXIST, "is an XFRM interface with if_id 70, not an XFRM interface with if_id 7");
	params.nature.if_id_in = params.nature.if_id_out = 70;
	link = link_add(&params);
	link_del(link);
	run("ip link del vpn1");
}

static void test_two_interfaces(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = params_of("vpn1", DPLANE_KIND_XFRM);
	uint32_t link;

	enter(&w.a);
	params.nature.if_id_in = 5;
	params.nature.if_id_out = 6;
	strlcpy(params.nature.name_in, "vpn1in", sizeof(params.nature.name_in));
	link = link_add(&params);
	assert_int_equal(now_of("vpn1").if_id, 6);
	assert_int_equal(now_of("vpn1in").if_id, 5);
	assert_int_equal(now_of("vpn1in").mtu, params.mtu);
	assert_true(now_of("vpn1in").up);
	assert_false(now_of("vpn1in").running);
	set_running(link, true);
	assert_true(now_of("vpn1").running);
	assert_true(now_of("vpn1in").running);
	done_by_somebody(link, "ip link set vpn1in mtu 1290", "given MTU 1290");
	set_running(link, false);
	assert_false(now_of("vpn1in").running);
	strlcpy(params.name, "vpn2", sizeof(params.name));
	refused(&params, -EBUSY, "vpn1in is in use by another tunnel as an XFRM interface with if_id 5");
	link_del(link);
	run("! ip link show vpn1in >/dev/null 2>&1");
	/* one of the two cannot be: the other is not there either */
	run("ip link add vpn1in type veth peer name other");
	strlcpy(params.name, "vpn1", sizeof(params.name));
	refused(&params, -EEXIST,
		"vpn1in exists already and is of kind veth, not an XFRM interface with if_id 5");
	run("! ip link show vpn1 >/dev/null 2>&1");
	run("ip link del vpn1in");
}

#define PLANE_TEST(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANE_TEST(test_shared),
		PLANE_TEST(test_shared_refusals),
		PLANE_TEST(test_shared_and_removed),
		PLANE_TEST(test_if_ids),
		PLANE_TEST(test_two_interfaces),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
