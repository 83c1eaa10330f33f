// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel plane puts into the kernel for the kinds of interfaces that go by outer addresses or marks instead of an if_id, and for
 * links that share one. In the world of plane_world.h; the devices are made here, so that SAs and policies are all there is to see. Skips as
 * test_xfrm_plane does.
 */
#include <zebra.h>

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

#include "tests/helpers/xfrm_world.h"

#define KEY 42

static struct xfrm_link *link_of(const struct side *s)
{
	return xfrm_link_find(xfrm_plane_of(s->dp), s->link);
}

struct sought {
	uint8_t proto; /* 0: any */
	bool block;
	int n[3];
};

static void seek(void *arg, const struct xfrm_news *news)
{
	struct sought *sought = arg;
	const struct xfrm_policy *policy = &news->policy;

	if (policy->block == sought->block && (!sought->proto || policy->from.proto == sought->proto))
		sought->n[policy->where]++;
}

/* Whether so many policies are there in each direction, of this protocol. */
static bool policies_are(const struct side *s, uint8_t proto, bool block, int in, int out, int fwd)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];
	struct sought sought = {.proto = proto, .block = block};

	enter(s);
	assert_int_equal(xfrm_ask(xfrm_plane_of(s->dp), xfrm_msg_policy_dump(buf), seek, &sought), 0);
	return sought.n[XFRM_WHERE_IN] == in && sought.n[XFRM_WHERE_OUT] == out &&
	       sought.n[XFRM_WHERE_FWD] == fwd;
}

/* The link's packets go through `dev1` from now on, a device of `type`; vpn0 is only its name. */
static void becomes(struct side *s, enum dplane_kind kind, const char *type, bool v6)
{
	struct side *other = s == &w.a ? &w.b : &w.a;
	struct xfrm_link *link = link_of(s);
	struct dplane_link_nature *nature = &link->base.params.nature;

	enter(s);
	nature->kind = kind;
	nature->local = v6 ? s->outer6 : s->outer;
	nature->remote = v6 ? other->outer6 : other->outer;
	link->transport = kind == DPLANE_KIND_GRE || kind == DPLANE_KIND_IPIP;
	link->mark = link->transport ? 0 : KEY;
	link->mark_mask = link->transport ? 0 : UINT32_MAX;
	link->if_id_in = link->if_id_out = 0;
	assert_int_equal(xfrm_guard_put(xfrm_plane_of(s->dp), &link->base.params), 0);
	run("ip link del dev1 2>/dev/null; ip addr flush dev vpn0");
	run("ip link add dev1 type %s local %s remote %s", type, v6 ? s->outer6_text : s->outer_text,
	    v6 ? other->outer6_text : other->outer_text);
	run("ip addr add %s dev dev1 && ip link set dev1 up", s->inside_text);
}

static void is_no_more(struct side *s)
{
	enter(s);
	run("ip link del dev1");
}

static void both_become(enum dplane_kind kind, const char *type, bool v6)
{
	becomes(&w.a, kind, type, v6);
	becomes(&w.b, kind, type, v6);
}

static void both_are_no_more(void)
{
	is_no_more(&w.a);
	is_no_more(&w.b);
}

static void across_both_ways(void)
{
	udp_across(&w.a, &w.b, 5);
	udp_across(&w.b, &w.a, 5);
	assert_true(stats(&w.a, 1).packets_out >= 5);
	assert_true(stats(&w.a, 1).packets_in >= 5);
}

/* Packets that must not reach the other side, nor be seen on the way: a later one that may is the sign that they are not on it. */
static void nothing_across(struct side *from, struct side *to)
{
	struct sockaddr_in sin = inside_of(to, 7002);
	int fd = udp_on(from, 7001), receiver = udp_on(to, 7002);
	char buf[100];

	for (int i = 0; i < 20; i++)
		sendto(fd, MARK, strlen(MARK), 0, (struct sockaddr *)&sin, sizeof(sin));
	ike_across(from, to, false);
	assert_int_equal(recv(receiver, buf, sizeof(buf), 0), -1);
	close(fd);
	close(receiver);
}

static void child_gone(void)
{
	assert_int_equal(w.a.dp->ops->child_del(w.a.dp, 1), 0);
	assert_int_equal(w.b.dp->ops->child_del(w.b.dp, 1), 0);
	assert_int_equal(sas(&w.a), 0);
}

/*
 * --- over outer addresses --------------------------------------------------------------------------------
 */

static void goes_in_transport_mode(enum dplane_kind kind, const char *type, bool v6)
{
	uint8_t proto[2];
	unsigned int protos = xfrm_outer_protos(&(struct dplane_link_nature){.kind = kind}, proto);

	both_become(kind, type, v6);
	for (int encap = 0; encap < 2; encap++) {
		nothing_across(&w.a, &w.b);
		frames_all_sealed();
		child_pair(1, v6, encap);
		across_both_ways();
		assert_true(frames_all_sealed() >= 10);
		enter(&w.a);
		run("test $(ip xfrm state | grep -c 'mode transport') = 2");
		run("! ip xfrm state | grep if_id");
		for (unsigned int i = 0; i < protos; i++) {
			assert_true(policies_are(&w.a, proto[i], false, 1, 1, 0));
			assert_true(policies_are(&w.a, proto[i], true, 1, 1, 0));
		}
		child_gone();
		nothing_across(&w.a, &w.b);
		nothing_across(&w.b, &w.a);
		frames_all_sealed();
	}
	both_are_no_more();
}

static void test_gre(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	goes_in_transport_mode(DPLANE_KIND_GRE, "gre", false);
}

static void test_gre_over_ipv6(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	goes_in_transport_mode(DPLANE_KIND_GRE, "ip6gre", true);
}

static void test_ipip(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	goes_in_transport_mode(DPLANE_KIND_IPIP, "ipip", false);
}

/* RFC 3884: IPIP in transport mode here, tunnel mode there, and neither sees that the other is different. */
static void test_ipip_and_tunnel_mode(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	becomes(&w.a, DPLANE_KIND_IPIP, "ipip", false);
	running(true);
	child_pair(1, false, false);
	across_both_ways();
	assert_true(frames_all_sealed() >= 10);
	is_no_more(&w.a);
}

/* What the peer, or who pretends to be, sends in the clear does not come in, child or not. */
static void test_gre_in_the_clear_stays_out(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct sockaddr_in sin = inside_of(&w.a, 7002);
	int fd, receiver;
	char buf[100];

	both_become(DPLANE_KIND_GRE, "gre", false);
	enter(&w.b);
	run("ip xfrm policy flush");
	for (int child = 0; child < 2; child++) {
		receiver = udp_on(&w.a, 7002);
		if (child)
			child_install(&w.a, 1, 0x1001, 0x2001, &w.a.outer, &w.b.outer, false);
		fd = udp_on(&w.b, 7001);
		for (int i = 0; i < 20; i++)
			assert_true(sendto(fd, "clear", 5, 0, (struct sockaddr *)&sin, sizeof(sin)) > 0);
		ike_across(&w.b, &w.a, false);
		assert_int_equal(recv(receiver, buf, sizeof(buf), 0), -1);
		close(fd);
		close(receiver);
	}
	while (recv(w.capture, buf, sizeof(buf), 0) > 0)
		; /* this once it is meant to be seen */
	both_are_no_more();
}

static void test_other_ends_are_refused(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct child_sa_params params = esp_end_params(suite, 0x1000, 0x2000);
	struct endpoint elsewhere = endpoint_of(&w.b.outer), a = endpoint_of(&w.a.outer);

	becomes(&w.a, DPLANE_KIND_GRE, "gre", false);
	params.local = endpoint_of(&w.a.outer);
	params.remote = endpoint_of(&w.b.outer);
	assert_int_equal(str2ipaddr("10.0.0.3", &params.remote.addr), 0);
	assert_int_equal(w.a.dp->ops->child_add(w.a.dp, w.a.link, &params, 64), -EADDRNOTAVAIL);
	assert_non_null(strstr(dplane_error(w.a.dp), "from 10.0.0.1 to 10.0.0.2"));
	assert_int_equal(sas(&w.a), 0);
	params.remote.addr = w.b.outer;
	assert_int_equal(w.a.dp->ops->child_add(w.a.dp, w.a.link, &params, 64), 0);
	elsewhere.addr = w.b.outer6;
	assert_int_equal(str2ipaddr("10.0.0.3", &elsewhere.addr), 0);
	assert_int_equal(w.a.dp->ops->child_move(w.a.dp, 1, &a, &elsewhere), -EADDRNOTAVAIL);
	elsewhere.addr = w.b.outer;
	elsewhere.port = 33333;
	assert_int_equal(w.a.dp->ops->child_move(w.a.dp, 1, &a, &elsewhere), 0);
	child_sa_params_fini(&params);
	is_no_more(&w.a);
}

/*
 * --- guards ----------------------------------------------------------------------------------------------
 */

static void restart_without_link(struct side *s)
{
	enter(s);
	s->dp->ops->close(s->dp);
	PLANE_FREE(s->dp);
	s->link = 0;
	s->dp = PLANE_NEW(&s->env);
	assert_int_equal(s->dp->ops->open(s->dp), 0);
}

/* The end of a daemon does not end its guards, the end of the interface does; and flushed ones come back. */
static void test_guard_outlives_us(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	char what[200];

	becomes(&w.a, DPLANE_KIND_GRE, "gre", false);
	run("ip xfrm policy flush");
	assert_int_equal(w.a.dp->ops->link_repair(w.a.dp, w.a.link, what, sizeof(what)), 0);
	assert_non_null(strstr(what, "robbed of its IPsec policies"));
	child_install(&w.a, 1, 0x1001, 0x2001, &w.a.outer, &w.b.outer, false);
	restart_without_link(&w.a);
	enter(&w.a);
	assert_true(policies_are(&w.a, IPPROTO_GRE, true, 1, 1, 0));
	assert_true(policies_are(&w.a, IPPROTO_GRE, false, 0, 0, 0));
	assert_int_equal(sas(&w.a), 0);
	nothing_across(&w.a, &w.b);
	is_no_more(&w.a);
	enter(&w.a);
	run("ip link del vpn0");
	restart_without_link(&w.a);
	enter(&w.a);
	assert_true(policies_are(&w.a, IPPROTO_GRE, true, 0, 0, 0));
}

/*
 * --- over marks ------------------------------------------------------------------------------------------
 */

static void goes_by_mark(const char *type, bool v6)
{
	both_become(DPLANE_KIND_VTI, type, v6);
	for (int encap = 0; encap < 2; encap++) {
		nothing_across(&w.a, &w.b);
		child_pair(1, v6, encap);
		across_both_ways();
		assert_true(frames_all_sealed() >= 10);
		enter(&w.a);
		run("test $(ip xfrm state | grep -c 'mark 0x2a/0xffffffff') = 2");
		run("! ip xfrm state | grep if_id");
		child_gone();
		nothing_across(&w.a, &w.b);
		nothing_across(&w.b, &w.a);
		frames_all_sealed();
	}
	both_are_no_more();
}

static void test_vti(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	goes_by_mark("vti key 42", false);
}

static void test_vti_over_ipv6(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	goes_by_mark("vti6 key 42", true);
}

/*
 * --- shared ----------------------------------------------------------------------------------------------
 */

static struct ts net(const char *text)
{
	struct prefix p;
	struct ts ts = {.port_end = UINT16_MAX};
	struct ipaddr *end = &ts.end;

	assert_int_equal(str2prefix(text, &p), 1);
	ts.start.ipa_type = ts.end.ipa_type = IPADDR_V4;
	ts.start.ipaddr_v4 = end->ipaddr_v4 = p.u.prefix4;
	end->ipaddr_v4.s_addr |= htonl(p.prefixlen ? (1ull << (32 - p.prefixlen)) - 1 : UINT32_MAX);
	return ts;
}

static int child_to(struct side *s, uint32_t link, uint32_t id, const char *remote)
{
	struct child_sa_params params = esp_end_params(suite, 0x3000 + id, 0x4000 + id);
	int err;

	params.child_id = id;
	params.local = endpoint_of(&w.a.outer);
	params.remote = endpoint_of(&w.b.outer);
	params.ts_local.n = params.ts_remote.n = 1;
	params.ts_remote.ts[0] = net(remote);
	err = s->dp->ops->child_add(s->dp, link, &params, 64);
	child_sa_params_fini(&params);
	return err;
}

/* The second link of an interface, as far as SAs and policies are concerned. */
static uint32_t sharing_link(struct side *s)
{
	struct dplane_link_params params = {.name = "vpn1", .mtu = 1400};
	struct xfrm_link *link;
	uint32_t id;

	enter(s);
	assert_int_equal(s->dp->ops->link_add(s->dp, &params, &id), 0);
	link = xfrm_link_find(xfrm_plane_of(s->dp), id);
	link->if_id_in = link_of(s)->if_id_in;
	link->if_id_out = link_of(s)->if_id_out;
	return id;
}

static void test_shared_selectors_are_refused(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	uint32_t second = sharing_link(&w.a);
	struct dplane *dp = w.a.dp;

	assert_int_equal(child_to(&w.a, w.a.link, 1, "0.0.0.0/0"), 0);
	assert_int_equal(child_to(&w.a, second, 2, "0.0.0.0/0"), -EEXIST);
	assert_string_equal(dplane_error(dp), "the selectors 0.0.0.0/0 - 0.0.0.0/0 on interface vpn0 are "
					      "another tunnel's already");
	assert_int_equal(sas(&w.a), 2);
	assert_int_equal(policies(&w.a), 3);
	assert_int_equal(child_to(&w.a, second, 2, "10.1.0.0/16"), 0);
	assert_int_equal(child_to(&w.a, w.a.link, 3, "10.1.0.0/16"), -EEXIST);
	assert_int_equal(policies(&w.a), 6);
	/* its own it may have again, to renew them */
	assert_int_equal(child_to(&w.a, second, 3, "10.1.0.0/16"), 0);
	assert_int_equal(dp->ops->child_del(dp, 1), 0);
	assert_int_equal(child_to(&w.a, second, 4, "0.0.0.0/0"), 0);
	assert_int_equal(dp->ops->link_del(dp, second), 0);
	assert_int_equal(sas(&w.a), 0);
}

/* Of two that match, the narrower, whichever came first. */
static void test_narrower_selectors_win(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane *dp = w.a.dp;
	uint32_t second;

	running(true);
	second = sharing_link(&w.a);
	for (int wide_first = 0; wide_first < 2; wide_first++) {
		assert_int_equal(child_to(&w.a, wide_first ? w.a.link : second, 1,
					  wide_first ? "0.0.0.0/0" : "169.254.10.2/32"),
				 0);
		assert_int_equal(child_to(&w.a, wide_first ? second : w.a.link, 2,
					  wide_first ? "169.254.10.2/32" : "0.0.0.0/0"),
				 0);
		udp_into(&w.a, &w.b, 3);
		WAIT_FOR(stats(&w.a, wide_first ? 2 : 1).packets_out == 3);
		assert_int_equal(stats(&w.a, wide_first ? 1 : 2).packets_out, 0);
		assert_int_equal(dp->ops->child_del(dp, 1), 0);
		assert_int_equal(dp->ops->child_del(dp, 2), 0);
	}
	assert_int_equal(dp->ops->link_del(dp, second), 0);
}

#define PLANE_TEST(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANE_TEST(test_gre),
		PLANE_TEST(test_gre_over_ipv6),
		PLANE_TEST(test_ipip),
		PLANE_TEST(test_ipip_and_tunnel_mode),
		PLANE_TEST(test_gre_in_the_clear_stays_out),
		PLANE_TEST(test_other_ends_are_refused),
		PLANE_TEST(test_guard_outlives_us),
		PLANE_TEST(test_vti),
		PLANE_TEST(test_vti_over_ipv6),
		PLANE_TEST(test_shared_selectors_are_refused),
		PLANE_TEST(test_narrower_selectors_win),
	};

	return world_status(cmocka_run_group_tests(tests, world_setup, world_teardown));
}
