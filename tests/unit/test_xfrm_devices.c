// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices of the kernel plane in the world of plane_world.h: kinds, sharing, namespaces, VRFs, routes. Needs what test_xfrm_plane needs,
 * and skips as it does.
 */
#include <zebra.h>

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"
#include "tests/helpers/xfrm_world.h"

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
	refused(&params, -EEXIST, "cannot route 10.0.0.0/24 into it: va is connected to that");
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

/* A hub: what one peer more or less changes is that peer's, and one look is enough for all of them. */
static void test_shared_by_many(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	enum { N = 200 };
	struct dplane_link_params params = params_of("vpn1", DPLANE_KIND_XFRM);
	struct xfrm_plane *plane = xfrm_plane_of(w.a.dp);
	uint32_t links[N], asked;

	enter(&w.a);
	params.num_routes = 2;
	assert_int_equal(str2prefix("10.78.0.0/16", &params.routes[1]), 1);
	for (unsigned int i = 0; i < N; i++) {
		assert_int_equal(str2prefix("10.77.0.0/24", &params.routes[0]), 1);
		params.routes[0].u.prefix4.s_addr |= htonl(i << 8);
		links[i] = link_add(&params);
	}
	run("test $(ip route | grep -c '^10.77.*dev vpn1') = 200");
	done_by_somebody(links[0], "ip route flush proto 118",
			 "robbed of routes (10.78.0.0/16 and 200 more)");
	asked = plane->sock.seq;
	for (unsigned int i = 1; i < N; i++)
		repaired(links[i], "");
	assert_int_equal(plane->sock.seq, asked);
	for (unsigned int i = 0; i < N - 1; i++)
		link_del(links[i]);
	run("test $(ip route | grep -c '^10.77.*dev vpn1') = 1");
	run("ip route | grep -q '^10.78.0.0/16 dev vpn1'");
	link_del(links[N - 1]);
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

/*
 * --- kinds -----------------------------------------------------------------------------------------------
 */

static const struct {
	enum dplane_kind kind;
	bool v6;
	const char *type;
	const char *words;
} kinds[] = {
	{DPLANE_KIND_VTI, false, "vti", "a VTI with key"},
	{DPLANE_KIND_VTI, true, "vti6", "a VTI over IPv6 with key"},
	{DPLANE_KIND_GRE, false, "gre", "a GRE interface from 10.0.0.1 to 10.0.0.2"},
	{DPLANE_KIND_GRE, true, "ip6gre", "a GRE interface over IPv6 from 2001:db8::1 to 2001:db8::2"},
	{DPLANE_KIND_IPIP, false, "ipip", "an IPIP interface from 10.0.0.1 to 10.0.0.2"},
	{DPLANE_KIND_IPIP, true, "ip6tnl", "an IPIP interface over IPv6 from 2001:db8::1 to 2001:db8::2"},
};

static struct dplane_link_nature nature_between(const struct side *from, const struct side *to,
						enum dplane_kind kind, bool v6)
{
	return (struct dplane_link_nature){
		.kind = kind,
		.local = v6 ? from->outer6 : from->outer,
		.remote = v6 ? to->outer6 : to->outer,
	};
}

/* vpn1 on side A as an interface of that kind to side B. */
static struct dplane_link_params params_to_b(size_t i)
{
	struct dplane_link_params params = params_of("vpn1", kinds[i].kind);

	params.nature = nature_between(&w.a, &w.b, kinds[i].kind, kinds[i].v6);
	return params;
}

static void is_made(size_t i, uint32_t link, const struct dplane_link_params *params)
{
	struct rtnl_link now = now_of("vpn1");

	assert_string_equal(now.kind, kinds[i].type);
	assert_string_equal(now.alias, "bgpvpnd");
	assert_true(ipaddr_equal(&now.local, &params->nature.local));
	assert_true(ipaddr_equal(&now.remote, &params->nature.remote));
	assert_int_equal(now.ikey, now.okey);
	assert_int_equal(now.ikey != 0, kinds[i].kind == DPLANE_KIND_VTI);
	assert_true(now.up);
	assert_false(now.running);
	set_running(link, true);
	assert_true(now_of("vpn1").running);
	done_by_somebody(link, "ip link set vpn1 mtu 1290", "given MTU 1290");
	done_by_somebody(link, "ip link set vpn1 state dormant", "set without carrier");
	set_running(link, false);
	assert_false(now_of("vpn1").running);
}

static void test_kinds(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	enter(&w.a);
	for (size_t i = 0; i < array_size(kinds); i++) {
		struct dplane_link_params params = params_to_b(i);
		struct dplane_link_params other = params;
		uint32_t link;

		assert_null(w.a.dp->ops->kind_missing(w.a.dp, kinds[i].kind));
		link = link_add(&params);
		is_made(i, link, &params);
		refused(&params, -EBUSY, kinds[i].words);
		other.nature.remote = other.nature.local;
		assert_int_equal(w.a.dp->ops->link_set(w.a.dp, link, &other), -EINVAL);
		other = params;
		other.mtu = 1300;
		assert_int_equal(w.a.dp->ops->link_set(w.a.dp, link, &other), 0);
		assert_int_equal(now_of("vpn1").mtu, 1300);
		link_del(link);
		run("! ip link show vpn1 >/dev/null 2>&1");
	}
	run("! ip link show vpn-trial >/dev/null 2>&1");
	assert_non_null(w.a.dp->ops->kind_missing(w.a.dp, DPLANE_KIND_TUN));
}

/* What a stranger has made is taken when it is the same, and stays; else it is named. */
static void test_kinds_adopted(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	enter(&w.a);
	for (size_t i = 0; i < array_size(kinds); i++) {
		struct dplane_link_params params = params_to_b(i);
		bool vti = kinds[i].kind == DPLANE_KIND_VTI, v6 = kinds[i].v6;
		uint32_t link;

		run("ip link add vpn1 type %s local %s remote %s %s", kinds[i].type,
		    v6 ? "2001:db8::1" : "10.0.0.1", v6 ? "2001:db8::2" : "10.0.0.2", vti ? "key 77" : "");
		params.nature.mark = vti ? 78 : 0;
		if (vti)
			refused(&params, -EEXIST, "exists already and is a VTI");
		params = params_to_b(i);
		link = link_add(&params);
		assert_int_equal(now_of("vpn1").ikey, vti ? 77 : 0);
		link_del(link);
		run("ip link show vpn1 >/dev/null");
		run("! ip addr show dev vpn1 | grep -q 169.254.20.1");
		params.nature.local = v6 ? w.b.outer6 : w.b.outer;
		params.nature.remote = v6 ? w.a.outer6 : w.a.outer;
		refused(&params, -EEXIST,
			v6 ? "from 2001:db8::1 to 2001:db8::2, not a" : "from 10.0.0.1 to 10.0.0.2, not a");
		run("ip link del vpn1");
	}
}

/* Both sides have such an interface, and nothing else. */
static void both_are(enum dplane_kind kind, bool v6)
{
	struct side *sides[] = {&w.a, &w.b};

	for (size_t i = 0; i < array_size(sides); i++) {
		struct side *s = sides[i];

		plane_stop(s);
		s->params.nature = (struct dplane_link_nature){};
		if (kind != DPLANE_KIND_AUTO)
			s->params.nature = nature_between(s, sides[1 - i], kind, v6);
		s->params.num_inside = kind == DPLANE_KIND_AUTO ? 2 : 1;
		plane_start(s);
	}
}

static void test_kinds_carry(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	for (size_t i = 0; i < array_size(kinds); i++) {
		both_are(kinds[i].kind, kinds[i].v6);
		child_pair(1, kinds[i].v6, false);
		running(true);
		udp_across(&w.a, &w.b, 3);
		udp_across(&w.b, &w.a, 3);
		assert_true(stats(&w.a, 1).packets_out >= 3);
		assert_true(stats(&w.a, 1).packets_in >= 3);
		assert_int_equal(w.a.dp->ops->child_del(w.a.dp, 1), 0);
		assert_int_equal(w.b.dp->ops->child_del(w.b.dp, 1), 0);
		assert_true(frames_all_sealed() >= 6);
	}
	both_are(DPLANE_KIND_AUTO, false);
}

static void test_vti(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = params_of("vpn1", DPLANE_KIND_VTI), other;
	uint32_t link, second;

	enter(&w.a);
	params.nature.mark = 42;
	params.nature.local = w.a.outer;
	link = link_add(&params);
	assert_int_equal(now_of("vpn1").ikey, 42);
	run("test $(cat /proc/sys/net/ipv4/conf/vpn1/disable_policy) = 1");
	second = link_add(&params);
	set_running(second, true);
	assert_true(now_of("vpn1").running);
	other = params;
	strlcpy(other.name, "vpn2", sizeof(other.name));
	other.nature.remote = w.b.outer;
	refused(&other, -EEXIST, "interface vpn2: mark 42 is interface vpn1's already");
	done_by_somebody(link, "ip link set vpn1 type vti key 43 local 10.0.0.1",
			 "made a VTI with key 43 from 10.0.0.1");
	link_del(second);
	assert_false(now_of("vpn1").running);
	link_del(link);
	run("! ip link show vpn1 >/dev/null 2>&1");
}

/* What is refused leaves no policy behind that keeps the packets of others from their way. */
static void test_refused_unguarded(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = params_of("vpn1", DPLANE_KIND_GRE);
	uint32_t link;

	enter(&w.a);
	params.nature = nature_between(&w.a, &w.b, DPLANE_KIND_GRE, false);
	run("ip link add vpn1 type veth peer name other");
	refused(&params, -EEXIST, "exists already and is of kind veth, not a GRE interface");
	run("! ip xfrm policy | grep -q 'action block'");
	run("ip link del vpn1");
	link = link_add(&params);
	run("test $(ip xfrm policy | grep -c 'action block') = 2");
	params.nature.remote = w.a.outer;
	refused(&params, -EBUSY, "which tunnels cannot share");
	run("test $(ip xfrm policy | grep -c 'action block') = 2");
	link_del(link);
	run("! ip xfrm policy | grep -q 'action block'");
}

static void test_kind_refusals(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = params_of("vpn1", DPLANE_KIND_GRE);

	enter(&w.a);
	params.nature.remote = w.b.outer;
	refused(&params, -EINVAL, "of kind gre needs a local address");
	params.nature.local = w.a.outer6;
	refused(&params, -EINVAL, "two families");
	params.nature.local = w.a.outer;
	params.nature.kind = DPLANE_KIND_IPIP;
	assert_int_equal(str2prefix("2001:db8:20::1/126", &params.inside[0]), 1);
	refused(&params, -EINVAL, "carries no IPv6 over IPv4");
	params.nature.kind = DPLANE_KIND_TUN;
	refused(&params, -EOPNOTSUPP, "makes none of kind tun");
	params.nature.kind = DPLANE_KIND_GRE;
	strlcpy(params.nature.netns, "blue", sizeof(params.nature.netns));
	refused(&params, -EOPNOTSUPP, "only one of kind xfrm");
	run("! ip link show vpn1 >/dev/null 2>&1");
}

/*
 * --- network namespaces ----------------------------------------------------------------------------------
 */

#define NETNS "bgpvpnd-test"

static void a_restarts(const char *netns, bool leave)
{
	if (leave)
		w.a.link = 0;
	plane_stop(&w.a);
	strlcpy(w.a.params.nature.netns, netns, sizeof(w.a.params.nature.netns));
	plane_start(&w.a);
}

static void gone(uint32_t link)
{
	char what[200];

	assert_int_equal(w.a.dp->ops->link_repair(w.a.dp, link, what, sizeof(what)), -ENODEV);
	link_del(link);
}

/* It has lost its name, or another one has it: the interface is there no more, for none of those that share it. */
static void namespace_goes(struct dplane_link_params *params)
{
	uint32_t first, second;
	bool told[2] = {};

	params->num_inside = 1;
	first = link_add(params);
	second = link_add(params);
	set_running(second, true);
	told_changed(first);
	run("ip netns del " NETNS);
	WAIT_FOR((told_both(first, second, told), told[0] && told[1]));
	gone(first);
	refused(params, -ENOENT, "there is no network namespace " NETNS);
	run("ip netns add " NETNS);
	first = link_add(params);
	run("ip -n " NETNS " link show vpn0 | grep -q 'state UP'");
	repaired(second, "");
	run("ip netns del " NETNS "; ip netns add " NETNS);
	gone(first);
	gone(second);
	run("! ip -n " NETNS " link show vpn0 >/dev/null 2>&1");
}

static void test_netns(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = w.a.params;
	struct dplane_event event;

	enter(&w.a);
	run("ip netns del " NETNS " 2>/dev/null; true");
	strlcpy(params.nature.netns, NETNS, sizeof(params.nature.netns));
	refused(&params, -ENOENT, "there is no network namespace " NETNS);
	run("ip netns add " NETNS);
	a_restarts(NETNS, false);
	run("! ip link show vpn0 >/dev/null 2>&1");
	run("ip -n " NETNS " addr show vpn0 | grep -q 169.254.10.1/30");
	child_pair(1, false, true);
	enter(&w.a);
	run("ip -n " NETNS " link show vpn0 | grep -q 'state DORMANT'");
	assert_int_equal(w.a.dp->ops->inside_probe(w.a.dp, w.a.link), 0);
	WAIT_FOR((event_next(&w.a, &event), inside(&w.a).answered == 1));
	set_running(w.a.link, true);
	run("ip -n " NETNS " link show vpn0 | grep -q 'state UP'");
	done_by_somebody(w.a.link, "ip -n " NETNS " link set vpn0 mtu 1390", "given MTU 1390");
	done_by_somebody(w.a.link, "ip -n " NETNS " link set vpn0 state dormant", "set without carrier");
	a_restarts(NETNS, true);
	run("ip -n " NETNS " link show vpn0 | grep -q 'state DORMANT'");
	a_restarts("", false);
	run("! ip -n " NETNS " link show vpn0 >/dev/null 2>&1");
	namespace_goes(&params);
	/* one whose keys are in there */
	run("ip -n " NETNS " link add vpn0 type xfrm if_id 5");
	refused(&params, -EEXIST, "its keys are not here");
	run("ip netns del " NETNS);
}

/*
 * --- VRFs and routes -------------------------------------------------------------------------------------
 */

static void test_vrf(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = params_of("vpn1", DPLANE_KIND_XFRM);
	uint32_t link, ifindex;
	bool told = false;
	char what[200];

	enter(&w.a);
	strlcpy(params.vrf, "red", sizeof(params.vrf));
	refused(&params, -ENODEV, "there is no VRF red");
	run("! ip link show vpn1 >/dev/null 2>&1");
	run("ip link add red type veth peer name other");
	refused(&params, -EINVAL, "red is no VRF");
	run("ip link del red; ip link add red type vrf table 10 && ip link set red up");
	run("ip link add green type vrf table 11 && ip link set green up");
	params.num_inside = 2;
	params.num_routes = 1;
	assert_int_equal(str2prefix("2001:db8:20::1/126", &params.inside[1]), 1);
	assert_int_equal(str2prefix("10.77.0.0/16", &params.routes[0]), 1);
	link = link_add(&params);
	ifindex = now_of("vpn1").ifindex;
	assert_int_equal(now_of("vpn1").master, now_of("red").ifindex);
	assert_false(now_of("vpn1").running);
	run("ip route show table 10 | grep -q '^10.77.0.0/16 dev vpn1 proto 118 scope link'");
	set_running(link, true);
	strlcpy(params.vrf, "green", sizeof(params.vrf));
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, link, &params), 0);
	assert_int_equal(now_of("vpn1").master, now_of("green").ifindex);
	assert_true(now_of("vpn1").running);
	repaired(link, "");
	run("ip route show table 11 | grep -q '^10.77.0.0/16 dev vpn1'");
	run("! ip route show table 10 | grep -q 10.77");
	run("ip addr show dev vpn1 | grep -q 2001:db8:20::1/126");
	done_by_somebody(link, "ip link set vpn1 nomaster",
			 "taken out of VRF green, robbed of inside address 2001:db8:20::1/126, "
			 "robbed of the route to 10.77.0.0/16");
	assert_int_equal(now_of("vpn1").master, now_of("green").ifindex);
	assert_true(now_of("vpn1").running);
	told_changed(link);
	run("ip link del green");
	WAIT_FOR((told = told || told_changed(link)));
	assert_int_equal(w.a.dp->ops->link_repair(w.a.dp, link, what, sizeof(what)), -ENXIO);
	run("ip link add green type vrf table 11 && ip link set green up");
	repaired(link, "taken out of VRF green, robbed of inside address 2001:db8:20::1/126, "
		       "robbed of the route to 10.77.0.0/16");
	assert_int_equal(now_of("vpn1").ifindex, ifindex);
	params.vrf[0] = '\0';
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, link, &params), 0);
	assert_int_equal(now_of("vpn1").master, 0);
	assert_int_equal(now_of("vpn1").ifindex, ifindex);
	run("ip route show | grep -q '^10.77.0.0/16 dev vpn1'");
	link_del(link);
	run("ip link del red; ip link del green");
}

static void test_routes(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = params_of("vpn1", DPLANE_KIND_XFRM);
	uint32_t link;

	enter(&w.a);
	params.num_routes = 2;
	assert_int_equal(str2prefix("10.77.0.0/16", &params.routes[0]), 1);
	assert_int_equal(str2prefix("2001:db8:77::/48", &params.routes[1]), 1);
	link = link_add(&params);
	run("ip route add 10.88.0.0/16 dev vpn1");
	done_by_somebody(link, "ip route del 10.77.0.0/16", "robbed of the route to 10.77.0.0/16");
	done_by_somebody(link, "ip -6 route del 2001:db8:77::/48", "robbed of the route to 2001:db8:77::/48");
	assert_int_equal(str2prefix("10.78.0.0/16", &params.routes[0]), 1);
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, link, &params), 0);
	run("! ip route | grep -q 10.77");
	run("ip route | grep -q '^10.78.0.0/16 dev vpn1'");
	run("ip route | grep -q '^10.88.0.0/16 dev vpn1'");
	params.num_routes = 0;
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, link, &params), 0);
	run("! ip route | grep -q 10.78");
	run("! ip -6 route | grep -q 2001:db8:77::");
	run("ip route | grep -q '^10.88.0.0/16 dev vpn1'");
	link_del(link);
}

/* What this host is connected to is not to be had, nor what an operator has routed elsewhere himself. */
static void test_routes_of_others(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	static const char *const connected[] = {"10.0.0.128/25", "10.0.0.1/32", "2001:db8::8/125", "10.91.3.0/24"};
	struct dplane_link_params params = params_of("vpn1", DPLANE_KIND_XFRM);
	uint32_t link;

	enter(&w.a);
	link = link_add(&params);
	run("ip route add 10.90.0.0/16 via 10.0.0.2; ip route add 10.91.0.0/16 dev va");
	params.num_routes = 1;
	for (size_t i = 0; i < array_size(connected); i++) {
		assert_int_equal(str2prefix(connected[i], &params.routes[0]), 1);
		assert_int_equal(w.a.dp->ops->link_set(w.a.dp, link, &params), -EEXIST);
		assert_non_null(strstr(dplane_error(w.a.dp), "va is connected to that"));
		run("! ip route show proto 118 | grep -q .");
	}
	assert_int_equal(str2prefix("10.90.1.0/24", &params.routes[0]), 1);
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, link, &params), 0);
	run("ip route get 10.90.1.1 | grep -q 'dev vpn1'");
	run("ip route add 10.90.1.0/24 via 10.0.0.3 metric 20");
	run("ip route get 10.90.1.1 | grep -q 'via 10.0.0.3'");
	repaired(link, "");
	/* connected since: what is there stays, and is put back */
	run("ip addr add 10.90.1.77/20 dev va");
	done_by_somebody(link, "ip route flush proto 118", "robbed of the route to 10.90.1.0/24");
	link_del(link);
}

/* What a killed daemon has routed into an interface is gone with the next one, and nothing else. */
static void test_routes_swept(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	plane_stop(&w.a);
	w.a.params.num_routes = 1;
	assert_int_equal(str2prefix("10.77.0.0/16", &w.a.params.routes[0]), 1);
	plane_start(&w.a);
	run("ip route add 10.88.0.0/16 dev vpn0");
	w.a.params.num_routes = 0;
	a_restarts("", true);
	run("! ip route | grep -q 10.77");
	run("ip route | grep -q '^10.88.0.0/16 dev vpn0'");
}

#define PLANE_TEST(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANE_TEST(test_shared),
		PLANE_TEST(test_shared_refusals),
		PLANE_TEST(test_shared_and_removed),
		PLANE_TEST(test_shared_by_many),
		PLANE_TEST(test_if_ids),
		PLANE_TEST(test_two_interfaces),
		PLANE_TEST(test_kinds),
		PLANE_TEST(test_kinds_adopted),
		PLANE_TEST(test_kinds_carry),
		PLANE_TEST(test_vti),
		PLANE_TEST(test_kind_refusals),
		PLANE_TEST(test_refused_unguarded),
		PLANE_TEST(test_netns),
		PLANE_TEST(test_vrf),
		PLANE_TEST(test_routes),
		PLANE_TEST(test_routes_of_others),
		PLANE_TEST(test_routes_swept),
	};

	return world_status(cmocka_run_group_tests(tests, world_setup, world_teardown));
}
