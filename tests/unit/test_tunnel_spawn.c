// SPDX-License-Identifier: GPL-2.0-or-later
/* A hub's template and the instances of its peers: each comes with a peer, and leaves nothing behind when that goes. */
#include <zebra.h>

#include "tests/helpers/tunnel_world.h"

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static struct tunnel_cfg *hub_cfg(const char *interface)
{
	struct tunnel_cfg *cfg = cfg_new("hub", interface);

	cfg->ike->remote = (struct ipaddr){.ipa_type = IPADDR_NONE};
	cfg->ike->many = true;
	str2prefix("10.255.0.1/24", &cfg->inside[0]);
	return cfg;
}

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	assert_int_equal(str2ipaddr(text, &a), 0);
	return a;
}

static struct fake_conn *hub(void)
{
	for (int i = 0; i < FAKE_CONNS; i++)
		if (w.engine.conns[i].conn && w.engine.conns[i].conn < IKE_CONN_SPAWNED &&
		    w.engine.conns[i].cfg->many)
			return &w.engine.conns[i];
	fail();
	return NULL;
}

/* A peer of this name dials in from 192.0.2.`from`. */
static struct fake_conn *dial_in(const char *who, int from)
{
	struct ike_id_cfg id = {.type = IKE_ID_FQDN, .len = strlen(who)};
	struct fake_conn *conn;
	struct ipaddr remote;
	char text[32];

	memcpy(id.value, who, id.len);
	snprintf(text, sizeof(text), "192.0.2.%d", from);
	remote = addr(text);
	conn = fake_ike_spawn(&w.engine, hub(), &id, &remote, w.now);
	pump();
	return conn;
}

/* It answers, which proves it. */
static void answers(struct fake_conn *conn)
{
	pass(MS(3));
	fake_ike_heard(&w.engine, conn, true);
	pump();
}

static void leaves(struct fake_conn *conn)
{
	fake_ike_down(&w.engine, conn, IKE_R_DELETED_BY_PEER, "");
	pump();
}

static bool there_is(const char *name)
{
	struct tunnel_info ignored;

	return tunnels_info(w.tunnels, name, &ignored);
}

static struct tunnel_info info_of(const char *name)
{
	struct tunnel_info info;

	assert_true(tunnels_info(w.tunnels, name, &info));
	return info;
}

static struct fake_link *link_of(const char *interface)
{
	struct fake_link *link = fake_dplane_link(&w.plane, interface);

	assert_non_null(link);
	return link;
}

/* The handle of an interface that several share: of the tunnel whose child goes through it. */
static struct fake_link *link_of_child(const struct fake_conn *conn)
{
	struct fake_child *child = fake_dplane_child(&w.plane, conn->info.child_id);

	assert_non_null(child);
	for (int i = 0; i < FAKE_LINKS; i++)
		if (w.plane.links[i].handle == child->link)
			return &w.plane.links[i];
	fail();
	return NULL;
}

/*
 * --- an interface for each -------------------------------------------------------------------------------
 */

static void own_interfaces(void **state)
{
	struct fake_conn *a, *b;

	give(hub_cfg("vpn-spoke%u"));
	/* the template has none, and knows nobody yet */
	assert_int_equal(fake_dplane_num_links(&w.plane), 0);
	assert_int_equal(fake_ike_num_conns(&w.engine), 1);
	assert_string_equal(info_of("hub").link_reason, "no peer has dialed in");
	assert_true(info_of("hub").many && !info_of("hub").link_up);

	a = dial_in("a.example", 10);
	b = dial_in("b.example", 11);
	assert_int_equal(a->child_result, 0);
	assert_string_equal(info_of("hub/a.example").cfg->interface, "vpn-spoke0");
	assert_string_equal(info_of("hub/b.example").cfg->interface, "vpn-spoke1");
	assert_string_equal(info_of("hub/a.example").parent, "hub");
	assert_int_equal(info_of("hub/a.example").peer_id.type, IKE_ID_FQDN);
	assert_int_equal(link_of("vpn-spoke0")->params.num_inside, 1);
	assert_string_equal(info_of("hub").link_reason, "0 of 2 peers are up");
	answers(a);
	assert_true(link_of("vpn-spoke0")->running);
	assert_false(link_of("vpn-spoke1")->running);
	assert_true(info_of("hub").link_up);
	assert_string_equal(info_of("hub").link_reason, "1 of 2 peers are up");
	answers(b);
	assert_int_equal(info_of("hub").peers_up, 2);
	leaves(a);
	assert_false(there_is("hub/a.example"));
	assert_null(fake_dplane_link(&w.plane, "vpn-spoke0"));
	assert_true(said("link down: no Child SA: the peer deleted the IKE SA"));
	assert_true(said("IKE down: the peer deleted the IKE SA"));
	assert_int_equal(fake_ike_num_conns(&w.engine), 2);
	assert_string_equal(info_of("hub").link_reason, "1 of 1 peers are up");
	leaves(b);
	assert_false(info_of("hub").link_up);
	assert_int_equal(fake_dplane_num_links(&w.plane), 0);
	assert_int_equal(fake_ike_num_conns(&w.engine), 1);
	/* nobody dials them */
	pass(MS(60000));
	assert_int_equal(hub()->initiated, 0);
}

/* The lowest number that nobody has, neither a sibling nor a tunnel that an operator gave such an interface. */
static void lowest_free_number(void **state)
{
	struct fake_conn *a;

	give(cfg_new("by-hand", "vpn1"));
	give(hub_cfg("vpn%u"));
	a = dial_in("a", 10);
	dial_in("b", 11);
	dial_in("c", 12);
	assert_string_equal(info_of("hub/a").cfg->interface, "vpn0");
	assert_string_equal(info_of("hub/b").cfg->interface, "vpn2");
	assert_string_equal(info_of("hub/c").cfg->interface, "vpn3");
	leaves(a);
	dial_in("d", 13);
	assert_string_equal(info_of("hub/d").cfg->interface, "vpn0");
}

/* What a killed daemon has left of a template's interfaces goes before the first peer, once; not what an operator names. */
static void leftovers(void **state)
{
	struct tunnel_cfg *cfg = hub_cfg("vpn%u");

	give(cfg_new("by-hand", "vpn1"));
	assert_int_equal(w.plane.sweeps, 0);
	strlcpy(w.plane.sweep_asks, "vpn1", sizeof(w.plane.sweep_asks));
	give(hub_cfg("vpn%u"));
	assert_string_equal(w.plane.swept, "vpn%u");
	assert_true(w.plane.swept_kept);
	dial_in("a", 10);
	cfg->mtu = 1300;
	give(cfg);
	pass(MS(60000));
	assert_int_equal(w.plane.sweeps, 1);
	/* another name */
	strlcpy(w.plane.sweep_asks, "vpn0", sizeof(w.plane.sweep_asks));
	give(hub_cfg("spoke%u"));
	assert_int_equal(w.plane.sweeps, 2);
	assert_string_equal(w.plane.swept, "spoke%u");
	assert_false(w.plane.swept_kept);
}

/* Fifteen letters are all that an interface's name has: the peer is sent away, and the log says why. */
static void number_does_not_fit(void **state)
{
	char name[32];

	w.plane.refuse_link_add = -EPERM;
	for (int i = 0; i < 100; i++) {
		struct tunnel_cfg *cfg;

		snprintf(name, sizeof(name), "abcdefghijklm%d", i);
		cfg = cfg_new(name, name);
		cfg->shutdown = true;
		give(cfg);
	}
	w.plane.refuse_link_add = 0;
	while (tunnels_news(w.tunnels, &w.news[0]))
		;
	w.num_news = 0;
	give(hub_cfg("abcdefghijklm%u"));
	dial_in("a", 10);
	assert_true(said("a peer is refused: interface name abcdefghijklm%u has no room for its number"));
	assert_false(there_is("hub/a"));
	assert_int_equal(fake_ike_num_conns(&w.engine), 1);
	/* a gap */
	tunnels_remove(w.tunnels, "abcdefghijklm42", w.now);
	answers(dial_in("a", 10));
	assert_true(link_of("abcdefghijklm42")->running);
}

/*
 * --- one interface for all -------------------------------------------------------------------------------
 */

static void shared_interface(void **state)
{
	struct fake_conn *a, *b;
	uint32_t parents;

	give(hub_cfg("vpn0"));
	parents = link_of("vpn0")->handle;
	a = dial_in("a", 10);
	b = dial_in("b", 11);
	answers(a);
	answers(b);
	assert_int_equal(fake_dplane_num_links(&w.plane), 3);
	assert_string_equal(info_of("hub/b").cfg->interface, "vpn0");
	/* the template's own part of it never runs: it outlives them, dormant */
	assert_false(link_of("vpn0")->running);
	assert_true(link_of_child(a)->running && link_of_child(b)->running);
	leaves(a);
	leaves(b);
	assert_int_equal(fake_dplane_num_links(&w.plane), 1);
	assert_int_equal(link_of("vpn0")->handle, parents);
	assert_false(info_of("hub").link_up);
}

static void agree_on(const char *const ranges[][2], size_t n)
{
	w.engine.ts.n = n;
	for (size_t i = 0; i < n; i++)
		w.engine.ts.ts[i] = (struct ts){addr(ranges[i][0]), addr(ranges[i][1]), 0, 0, UINT16_MAX};
}

static void assert_routes(const struct fake_link *link, const char *const expected[], size_t n)
{
	struct prefix p;

	assert_int_equal(link->params.num_routes, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(str2prefix(expected[i], &p), 1);
		assert_true(prefix_same(&p, &link->params.routes[i]));
	}
}

static const char *const many_ranges[][2] = {
	{"10.1.0.0", "10.1.255.255"},
	{"0.0.0.0", "255.255.255.255"},
	{"10.255.0.7", "10.255.0.7"},
	{"10.2.0.0", "10.2.0.6"},
	{"192.0.2.0", "192.0.2.255"},
	{"10.3.0.1", "10.3.0.1"},
	{"10.1.0.0", "10.1.255.255"},
	{"2001:db8::", "2001:db8::ffff"},
	{"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
};

/* What is agreed on as the peer's side is routed into its interface, but no default route, and not the peer itself. */
static void routes(void **state)
{
	static const char *const expected[] = {"10.1.0.0/16", "10.255.0.7/32", "10.3.0.1/32",
					       "2001:db8::/112"};
	struct fake_conn *conn;

	agree_on(many_ranges, array_size(many_ranges));
	give(hub_cfg("vpn%u"));
	conn = dial_in("a", 10);
	assert_int_equal(link_of("vpn0")->params.num_routes, 0);
	answers(conn);
	assert_routes(link_of("vpn0"), expected, array_size(expected));
	/* with the link they go; the next pair says what is next */
	fake_ike_child_down(&w.engine, conn, conn->info.child_id, IKE_R_CHILD_DELETED_BY_PEER);
	pump();
	assert_int_equal(link_of("vpn0")->params.num_routes, 0);
	w.engine.ts.n = 1;
	fake_ike_child(&w.engine, conn, IKE_ENCR_AES_GCM_16, IKE_INTEG_NONE);
	pass(MS(2000));
	answers(conn);
	assert_routes(link_of("vpn0"), expected, 1);
}

/* On the interface of all, the inside is a network that is there already. */
static void routes_shared(void **state)
{
	static const char *const expected[] = {"10.1.0.0/16", "10.3.0.1/32", "2001:db8::/112"};
	struct fake_conn *conn;

	agree_on(many_ranges, array_size(many_ranges));
	give(hub_cfg("vpn0"));
	conn = dial_in("a", 10);
	answers(conn);
	assert_routes(link_of_child(conn), expected, array_size(expected));
	assert_int_equal(link_of_child(conn)->params.inside[0].prefixlen, 24);
}

/* A peer who is known by an address. */
static struct fake_link *known_by(const char *address, const char *interface)
{
	struct ipaddr is = addr(address), remote = addr("192.0.2.10");
	struct ike_id_cfg id = {.type = IS_IPADDR_V4(&is) ? IKE_ID_IPV4_ADDR : IKE_ID_IPV6_ADDR};
	struct fake_conn *conn;

	id.len = (uint16_t)ipaddr_bytes(&is).n;
	memcpy(id.value, ipaddr_bytes(&is).p, id.len);
	conn = fake_ike_spawn(&w.engine, hub(), &id, &remote, w.now);
	pump();
	answers(conn);
	return link_of(interface);
}

/* Any to any says nothing of where the peer is: its identity may, where that is an address of the inside. */
static void route_to_identity(void **state)
{
	static const char *const expected[] = {"10.255.0.11/32"}, *const claimed[] = {"10.255.0.7/32"};

	agree_on(&many_ranges[1], 1);
	give(hub_cfg("vpn%u"));
	assert_routes(known_by("10.255.0.11", "vpn0"), expected, 1);
	/* we are alone on it */
	assert_int_equal(link_of("vpn0")->params.inside[0].prefixlen, 32);
	/* not of the inside, not of the family that is carried */
	assert_int_equal(known_by("10.254.0.11", "vpn1")->params.num_routes, 0);
	assert_int_equal(known_by("2001:db8::1", "vpn2")->params.num_routes, 0);
	/* not what is not carried at all, nor what another has already */
	agree_on(&many_ranges[2], 1);
	assert_routes(known_by("10.255.0.12", "vpn3"), claimed, 1);
	agree_on(&many_ranges[1], 1);
	assert_int_equal(known_by("10.255.0.7", "vpn4")->params.num_routes, 0);
}

static void offers(const char *const prefixes[], size_t n)
{
	w.engine.ts.n = n;
	for (size_t i = 0; i < n; i++) {
		struct prefix p, last;

		assert_int_equal(str2prefix(prefixes[i], &p), 1);
		last = p;
		for (unsigned int b = p.prefixlen; b < 8u * prefix_blen(&p); b++)
			((uint8_t *)&last.u)[b / 8] |= 0x80 >> b % 8;
		w.engine.ts.ts[i] = (struct ts){.port_end = UINT16_MAX};
		w.engine.ts.ts[i].start = ipaddr_of(bytes_make((uint8_t *)&p.u, prefix_blen(&p)));
		w.engine.ts.ts[i].end = ipaddr_of(bytes_make((uint8_t *)&last.u, prefix_blen(&last)));
	}
}

#define OFFERS(...)                                                                                          \
	offers((const char *const[]){__VA_ARGS__}, array_size(((const char *const[]){__VA_ARGS__})))

static uint8_t num_routes(const char *name)
{
	answers(fake_ike_conn(&w.engine, 2));
	return link_of(info_of(name).cfg->interface)->params.num_routes;
}

/* Somebody who says that all of the Internet is behind him, in pieces. */
static void routes_of_a_liar(void **state)
{
	struct tunnel_cfg *cfg = hub_cfg("vpn%u"), *other = cfg_new("to-b", "other");

	/* another tunnel's outer and inside addresses */
	give(other);
	give(cfg);
	OFFERS("0.0.0.0/1", "128.0.0.0/1", "8.0.0.0/8", "2000::/3", "169.254.169.254/32", "224.0.0.0/4",
	       "192.0.2.2/32", "169.254.10.2/32", "192.0.2.0/24", "fe80::/10");
	dial_in("liar", 10);
	assert_int_equal(num_routes("hub/liar"), 0);
	leaves(fake_ike_conn(&w.engine, 2));
	OFFERS("192.168.7.0/24", "fd00:7::/48", "192.0.2.128/25");
	dial_in("liar", 10);
	assert_int_equal(num_routes("hub/liar"), 3);
	/* where the outer address of another site is already */
	OFFERS("10.5.0.0/24");
	dial_in("b", 77);
	leaves(fake_ike_conn(&w.engine, 2));
	OFFERS("192.0.2.64/28", "192.0.2.76/30");
	dial_in("liar", 10);
	assert_int_equal(num_routes("hub/liar"), 0);
}

/* The operator knows what is behind his sites, on the Internet too; but not that an outer address of his is. */
static void routes_within_bounds(void **state)
{
	struct tunnel_cfg *cfg = hub_cfg("vpn%u");
	struct ts_list *bounds = &cfg->ike->ts_remote;

	give(cfg_new("to-b", "other"));
	bounds->n = 1;
	bounds->ts[0].start = addr("192.0.0.0");
	bounds->ts[0].end = addr("195.255.255.255");
	give(cfg);
	OFFERS("192.0.0.0/7", "194.0.0.0/8", "0.0.0.0/0");
	dial_in("a", 10);
	assert_int_equal(num_routes("hub/a"), 1);
}

static void refused_claim(const char *interface)
{
	struct fake_conn *b;

	give(hub_cfg(interface));
	OFFERS("10.1.0.0/24", "0.0.0.0/0");
	answers(dial_in("a", 10));
	/* a host out of another's network, so that its packets came to us */
	OFFERS("10.2.0.0/24", "10.1.0.5/32");
	b = dial_in("b", 11);
	assert_int_equal(b->child_result, -EADDRINUSE);
	assert_true(said("the peer says that 10.1.0.5/32 is behind it, which is behind hub/a"));
	OFFERS("10.1.0.0/24");
	assert_int_equal(dial_in("c", 12)->child_result, -EADDRINUSE);
	/* what is around it leaves it alone, and the first one may have it again */
	OFFERS("10.1.0.0/16");
	assert_int_equal(dial_in("d", 13)->child_result, 0);
}

static void claims(void **state)
{
	refused_claim("vpn%u");
}

static void claims_on_a_shared_interface(void **state)
{
	struct tunnel_cfg *cfg = cfg_new("by-hand", "vpn0");

	cfg->ike->ts_remote.n = 1;
	cfg->ike->ts_remote.ts[0].start = addr("10.9.0.0");
	cfg->ike->ts_remote.ts[0].end = addr("10.9.255.255");
	give(cfg);
	refused_claim("vpn0");
	OFFERS("10.9.3.0/24");
	assert_int_equal(dial_in("e", 14)->child_result, -EADDRINUSE);
	assert_true(said("which is behind by-hand"));
}

static void claims_once_more(void **state)
{
	struct fake_conn *a;

	give(hub_cfg("vpn%u"));
	OFFERS("10.1.0.0/24");
	a = dial_in("a", 10);
	fake_ike_child(&w.engine, a, IKE_ENCR_AES_GCM_16, IKE_INTEG_NONE);
	pump();
	assert_int_equal(a->child_result, 0);
	leaves(a);
	assert_int_equal(dial_in("b", 11)->child_result, 0);
}

/* A tunnel to one peer has the routes of its operator, and of nobody else. */
static void no_routes_of_others(void **state)
{
	w.engine.ts.n = 1;
	w.engine.ts.ts[0] = (struct ts){addr("10.1.0.0"), addr("10.1.255.255"), 0, 0, UINT16_MAX};
	give(cfg_new("to-b", "vpn0"));
	fake_ike_up(&w.engine, fake_ike_conn(&w.engine, 0), true, w.now);
	pump();
	assert_int_equal(link_of("vpn0")->params.num_routes, 0);
}

/*
 * --- names -----------------------------------------------------------------------------------------------
 */

static void names(void **state)
{
	static const char *const order[] = {"hub", "hub/a", "hub/a~2", "hub/b_c__"};
	struct tunnel_info info;
	char longest[LIMIT_TUNNEL_NAME + 1], longer[201];

	give(hub_cfg("vpn%u"));
	give(cfg_new("hub-2", "other"));
	dial_in("a", 10);
	dial_in("a", 11);
	dial_in("b c?|", 12);
	assert_true(there_is("hub/a") && there_is("hub/a~2") && there_is("hub/b_c__"));
	/* right behind their template, before other names that begin alike */
	assert_true(tunnels_info_next(w.tunnels, NULL, &info));
	for (size_t i = 0; i < array_size(order); i++) {
		assert_string_equal(info.name, order[i]);
		assert_true(tunnels_info_next(w.tunnels, info.name, &info));
	}
	assert_string_equal(info.name, "hub-2");
	assert_false(tunnels_info_next(w.tunnels, info.name, &info));
	/* two long ones that begin alike */
	memset(longer, 'x', 200);
	longer[200] = '\0';
	dial_in(longer, 13);
	dial_in(longer, 14);
	strlcpy(longest, "hub/", sizeof(longest));
	strlcat(longest, longer, sizeof(longest));
	assert_true(there_is(longest));
	memcpy(longest + LIMIT_TUNNEL_NAME - 2, "~2", 2);
	assert_true(there_is(longest));
}

/*
 * --- the operator ----------------------------------------------------------------------------------------
 */

static void cleared(void **state)
{
	struct fake_conn *a, *b;

	give(hub_cfg("vpn%u"));
	a = dial_in("a", 10);
	b = dial_in("b", 11);
	answers(a);
	answers(b);
	assert_true(tunnels_clear(w.tunnels, "hub/a", w.now));
	pump();
	assert_false(there_is("hub/a"));
	assert_true(there_is("hub/b"));
	assert_true(said("IKE down: closed by the operator"));
	assert_int_equal(fake_ike_num_conns(&w.engine), 2);
	assert_true(tunnels_clear(w.tunnels, "hub", w.now));
	pump();
	assert_false(there_is("hub/b"));
	assert_int_equal(fake_dplane_num_links(&w.plane), 0);
	assert_int_equal(fake_dplane_num_children(&w.plane), 0);
	/* they may come again */
	a = dial_in("a", 10);
	answers(a);
	assert_true(info_of("hub/a").link_up);
}

static void changed(void **state)
{
	struct tunnel_cfg *cfg = hub_cfg("vpn%u");
	struct fake_conn *a;

	give(hub_cfg("vpn%u"));
	a = dial_in("a", 10);
	answers(a);
	/* applied live: to the instance as well */
	cfg->mtu = 1300;
	give(cfg);
	assert_int_equal(link_of("vpn0")->params.mtu, 1300);
	assert_true(link_of("vpn0")->running);
	assert_int_equal(info_of("hub/a").cfg->mtu, 1300);
	/* another secret: nobody stays */
	cfg = hub_cfg("vpn%u");
	secret_set(&cfg->ike->psk, bytes_str("other"));
	give(cfg);
	assert_false(there_is("hub/a"));
	assert_int_equal(fake_dplane_num_links(&w.plane), 0);
	assert_int_equal(fake_ike_num_conns(&w.engine), 1);
}

static void shut_down(void **state)
{
	struct tunnel_cfg *cfg = hub_cfg("vpn%u");

	give(hub_cfg("vpn%u"));
	answers(dial_in("a", 10));
	cfg->shutdown = true;
	give(cfg);
	assert_false(there_is("hub/a"));
	assert_int_equal(fake_ike_num_conns(&w.engine), 0);
	assert_int_equal(fake_dplane_num_links(&w.plane), 0);
	assert_string_equal(info_of("hub").link_reason, "shut down");
}

static void removed(void **state)
{
	give(hub_cfg("vpn0"));
	answers(dial_in("a", 10));
	dial_in("b", 11);
	tunnels_remove(w.tunnels, "hub", w.now);
	pump();
	assert_false(there_is("hub") || there_is("hub/a") || there_is("hub/b"));
	assert_int_equal(fake_dplane_num_links(&w.plane), 0);
	assert_int_equal(fake_dplane_num_children(&w.plane), 0);
	assert_int_equal(fake_ike_num_conns(&w.engine), 0);
	assert_true(instant_is_never(tunnels_next_expiry(w.tunnels)));
}

/* The daemon ends with peers there: they are told, and what was theirs is gone with them. */
static void terminated(void **state)
{
	give(hub_cfg("vpn%u"));
	answers(dial_in("a", 10));
	dial_in("b", 11);
	tunnels_terminate_all(w.tunnels, w.now);
	pump();
	assert_int_equal(fake_dplane_num_children(&w.plane), 0);
	assert_int_equal(fake_ike_num_conns(&w.engine), 0);
}

/* The outputs of one call: the template may be gone before the engine's SPAWN is read. */
static void template_gone(void **state)
{
	struct ike_id_cfg id = {.type = IKE_ID_FQDN, .len = 1, .value = {'a'}};
	struct ipaddr remote = addr("192.0.2.10");

	give(hub_cfg("vpn%u"));
	fake_ike_spawn(&w.engine, hub(), &id, &remote, w.now);
	tunnels_remove(w.tunnels, "hub", w.now);
	pump();
	assert_int_equal(fake_ike_num_conns(&w.engine), 0);
	assert_int_equal(fake_dplane_num_children(&w.plane), 0);
	/* and so may be the IKE SA */
	give(hub_cfg("vpn%u"));
	leaves(fake_ike_spawn(&w.engine, hub(), &id, &remote, w.now));
	assert_false(there_is("hub/a"));
	assert_int_equal(fake_dplane_num_links(&w.plane), 0);
	assert_int_equal(fake_ike_num_conns(&w.engine), 1);
}

/*
 * --- others ----------------------------------------------------------------------------------------------
 */

/* Without its interface a peer is of no use: it goes, and may dial in again. */
static void interface_refused(void **state)
{
	give(hub_cfg("vpn%u"));
	w.plane.refuse_link_add = -EPERM;
	dial_in("a", 10);
	assert_true(said("cannot create the interface: fake plane refuses the interface"));
	assert_false(there_is("hub/a"));
	assert_int_equal(fake_ike_num_conns(&w.engine), 1);
	w.plane.refuse_link_add = 0;
	answers(dial_in("a", 10));
	assert_true(info_of("hub/a").link_up);
}

static void interface_vanishes(void **state)
{
	struct dplane_event gone = {.type = DPLANE_EVENT_LINK_GONE};
	struct fake_conn *a;

	give(hub_cfg("vpn%u"));
	a = dial_in("a", 10);
	answers(a);
	gone.link = link_of("vpn0")->handle;
	tunnels_dplane_event(w.tunnels, &gone, w.now);
	pump();
	assert_false(there_is("hub/a"));
	assert_int_equal(info_of("hub").peers_up, 0);
	assert_int_equal(fake_ike_num_conns(&w.engine), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(own_interfaces),
		TEST(lowest_free_number),
		TEST(leftovers),
		TEST(number_does_not_fit),
		TEST(shared_interface),
		TEST(routes),
		TEST(routes_shared),
		TEST(route_to_identity),
		TEST(routes_of_a_liar),
		TEST(routes_within_bounds),
		TEST(no_routes_of_others),
		TEST(claims),
		TEST(claims_on_a_shared_interface),
		TEST(claims_once_more),
		TEST(names),
		TEST(cleared),
		TEST(changed),
		TEST(shut_down),
		TEST(removed),
		TEST(terminated),
		TEST(template_gone),
		TEST(interface_refused),
		TEST(interface_vanishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
