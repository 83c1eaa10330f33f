// SPDX-License-Identifier: GPL-2.0-or-later
/* `initiate on-demand`: what a packet starts, and what the link says meanwhile and afterwards. */
#include <zebra.h>

#include "tests/helpers/tunnel_world.h"

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static struct tunnel_cfg *demand_cfg(void)
{
	struct tunnel_cfg *cfg = cfg_new("to-b", "vpn0");

	cfg->initiate = TUNNEL_INITIATE_ON_DEMAND;
	ts_list_any(&cfg->ike->ts_local);
	ts_list_any(&cfg->ike->ts_remote);
	return cfg;
}

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

static struct tunnel_info info(void)
{
	struct tunnel_info info;

	assert_true(tunnels_info(w.tunnels, "to-b", &info));
	return info;
}

/* The data plane has a packet that no Child SA carries. */
static void packet(void)
{
	struct dplane_event event = {.type = DPLANE_EVENT_ACQUIRE, .link = vpn0()->handle};

	tunnels_dplane_event(w.tunnels, &event, w.now);
	pump();
}

static void accepted(void)
{
	fake_ike_up(&w.engine, conn(), true, w.now);
	pump();
}

static void heard(void)
{
	fake_ike_heard(&w.engine, conn(), true);
	pump();
}

static void fails(enum ike_reason reason)
{
	fake_ike_down(&w.engine, conn(), reason, "");
	pump();
}

/* Waits, dialed by a packet, proven. */
static void bring_up(void)
{
	give(demand_cfg());
	packet();
	accepted();
	pass(MS(3));
	heard();
	assert_true(vpn0()->running && !info().waiting);
	w.num_news = 0;
}

/* How often the link was published since; the first call in a test gives the beginning. */
static uint32_t changes(void)
{
	return info().link_changes;
}

static void first_packet(void **state)
{
	give(demand_cfg());
	assert_true(conn()->cfg->passive);
	assert_true(vpn0()->params.trap);
	assert_int_equal(vpn0()->params.trap_remote.n, 2);
	assert_true(vpn0()->running && info().waiting);
	assert_true(said("link up: waits for the first packet"));
	assert_string_equal(info().link_reason, "waits for the first packet");
	pass(MS(100000));
	assert_int_equal(conn()->initiated, 0);
	packet();
	assert_int_equal(conn()->initiated, 1);
	assert_string_equal(info().link_reason, "a packet waits: IKE_SA_INIT with 192.0.2.2");
	/* the next ones change nothing */
	packet();
	assert_int_equal(conn()->initiated, 1);
	pass(MS(200));
	accepted();
	assert_true(vpn0()->running);
	assert_string_equal(info().link_reason, "peer has not answered through this tunnel yet");
	pass(MS(3));
	heard();
	assert_true(vpn0()->running && !info().waiting);
	assert_non_null(strstr(info().link_reason, "peer is reachable"));
	assert_int_equal(changes(), 1);
	pass(MS(1000));
	assert_int_equal(conn()->initiated, 1);
}

static void back_to_waiting(void **state)
{
	uint32_t before;

	bring_up();
	before = changes();
	fails(IKE_R_DELETED_BY_PEER);
	assert_true(vpn0()->running && info().waiting);
	assert_int_equal(changes(), before);
	pass(MS(100000));
	assert_int_equal(conn()->initiated, 1);
	packet();
	assert_int_equal(conn()->initiated, 2);
}

/* No answer: after three seconds traffic may take another path. The engine gives up; after the backoff it waits again. */
static void attempt_fails(void **state)
{
	give(demand_cfg());
	packet();
	pass(MS(2999));
	assert_true(vpn0()->running);
	pass(MS(1));
	assert_false(vpn0()->running);
	assert_false(info().waiting);
	pass(MS(60000));
	assert_false(vpn0()->running);
	assert_int_equal(conn()->terminated, 0);
	fails(IKE_R_TIMEOUT);
	assert_false(vpn0()->running);
	assert_non_null(strstr(info().link_reason, "the peer does not answer; waits for packets again soon"));
	pass(MS(749));
	assert_false(vpn0()->running);
	pass(MS(502));
	assert_true(vpn0()->running && info().waiting);
	assert_int_equal(conn()->initiated, 1);
	/* and once more, with twice the backoff */
	packet();
	assert_int_equal(conn()->initiated, 2);
	fails(IKE_R_NO_PROPOSAL);
	assert_false(vpn0()->running);
	pass(MS(1499));
	assert_false(vpn0()->running);
	pass(MS(1002));
	assert_true(vpn0()->running);
}

/* A packet that comes while it rests is tried after the backoff, by itself, and not earlier. */
static void packet_while_resting(void **state)
{
	give(demand_cfg());
	packet();
	fails(IKE_R_AUTH_FAILED);
	for (int i = 0; i < 7; i++) {
		packet();
		assert_int_equal(conn()->initiated, 1);
		pass(MS(100));
	}
	pass(MS(552));
	assert_int_equal(conn()->initiated, 2);
	/* it is not tried for ever without one */
	fails(IKE_R_AUTH_FAILED);
	pass(MS(100000));
	assert_int_equal(conn()->initiated, 2);
	assert_true(vpn0()->running);
}

/* The peer dies under traffic: down as any tunnel, and not back up in the moment when its IKE SA is given up. */
static void peer_dies(void **state)
{
	struct fake_child *child;
	uint32_t before;

	bring_up();
	child = fake_dplane_child(&w.plane, conn()->info.child_id);
	for (int i = 0; i < 300 && vpn0()->running; i++) {
		child->stats.packets_out++;
		child->stats.last_out = w.now;
		pass(MS(10));
	}
	assert_false(vpn0()->running);
	assert_non_null(strstr(info().link_reason, "peer does not answer"));
	pass(MS(30000));
	before = changes();
	fails(IKE_R_TIMEOUT);
	assert_int_equal(changes(), before);
	assert_false(vpn0()->running);
	pass(MS(1251));
	assert_true(vpn0()->running && info().waiting);
}

/* Accepted, but no answer comes through it. */
static void never_proven(void **state)
{
	give(demand_cfg());
	packet();
	accepted();
	assert_true(vpn0()->running);
	pass(MS(5000));
	assert_false(vpn0()->running);
	heard();
	assert_true(vpn0()->running);
}

/* The peer dials first; the link does not go down for being proven. While it rests, nothing comes up before it is. */
static void peer_dials(void **state)
{
	give(demand_cfg());
	fake_ike_up(&w.engine, conn(), false, w.now);
	pump();
	assert_true(vpn0()->running);
	pass(MS(3));
	heard();
	assert_int_equal(changes(), 1);
	fails(IKE_R_DELETED_BY_PEER);
	packet();
	fails(IKE_R_TIMEOUT);
	assert_false(vpn0()->running);
	pass(MS(10));
	fake_ike_up(&w.engine, conn(), false, w.now);
	pump();
	assert_false(vpn0()->running);
	heard();
	pass(MS(1000));
	assert_true(vpn0()->running);
	assert_false(info().waiting);
}

/* Only the Child SA goes: the next packet brings all anew, as the engine asks for none where it is passive. */
static void child_deleted(void **state)
{
	bring_up();
	conn()->info.childless = true;
	fake_ike_child_down(&w.engine, conn(), conn()->info.child_id, IKE_R_CHILD_DELETED_BY_PEER);
	pump();
	assert_true(vpn0()->running && info().waiting);
	pass(MS(10000));
	assert_int_equal(conn()->terminated, 0);
	packet();
	assert_int_equal(conn()->terminated, 1);
	assert_int_equal(conn()->initiated, 2);
}

/* The IKE SA came up, its Child SA was refused. The same packet each second does not make one each second. */
static void child_refused(void **state)
{
	give(demand_cfg());
	w.plane.refuse_child_add = -EINVAL;
	packet();
	accepted();
	assert_int_equal(conn()->child_result, -EINVAL);
	assert_true(vpn0()->running);
	pass(MS(1000));
	assert_false(vpn0()->running);
	assert_true(said("cannot install the Child SA"));
	w.plane.refuse_child_add = 0;
	packet();
	assert_int_equal(conn()->initiated, 1);
	pass(MS(1251));
	assert_int_equal(conn()->initiated, 2);
	assert_int_equal(conn()->terminated, 1);
}

/* Between an IKE SA of the peer and its Child SA lie some outputs, and a packet may come just then. */
static void packet_between_outputs(void **state)
{
	struct dplane_event event = {.type = DPLANE_EVENT_ACQUIRE};
	struct ike_output out;

	give(demand_cfg());
	event.link = vpn0()->handle;
	fake_ike_up(&w.engine, conn(), false, w.now);
	assert_true(ike_engine_output(&w.engine, &out));
	assert_int_equal(out.type, IKE_OUTPUT_EVENT);
	tunnels_ike_output(w.tunnels, &out, w.now);
	tunnels_dplane_event(w.tunnels, &event, w.now);
	pump();
	heard();
	assert_int_equal(conn()->terminated, 0);
	assert_int_equal(conn()->initiated, 0);
	assert_int_equal(changes(), 1);
}

static void operator(void **state)
{
	struct tunnel_cfg *cfg = demand_cfg();

	bring_up();
	assert_true(tunnels_clear(w.tunnels, "to-b", w.now));
	pump();
	assert_true(vpn0()->running && info().waiting);
	assert_int_equal(conn()->initiated, 1);
	cfg->shutdown = true;
	give(cfg);
	assert_false(vpn0()->running || vpn0()->params.trap);
	packet();
	assert_int_equal(fake_ike_num_conns(&w.engine), 0);
	give(demand_cfg());
	pass(MS(1000));
	assert_true(vpn0()->running && vpn0()->params.trap);
	/* now it dials by itself; the trap goes */
	give(cfg_new("to-b", "vpn0"));
	assert_int_equal(conn()->initiated, 1);
	assert_false(vpn0()->params.trap);
	assert_false(vpn0()->running);
}

static void selectors(void **state)
{
	struct tunnel_cfg *cfg = demand_cfg();
	const struct dplane_link_params *params;

	cfg->ike->hosts_proto = IPPROTO_GRE;
	give(cfg);
	params = &vpn0()->params;
	assert_int_equal(params->trap_remote.n, 1);
	assert_true(ipaddr_equal(&params->trap_remote.ts[0].start, &cfg->ike->remote));
	assert_int_equal(params->trap_remote.ts[0].proto, IPPROTO_GRE);
	/* our address is the kernel's choice, and any is as good */
	assert_int_equal(params->trap_local.n, 2);
	assert_int_equal(params->trap_local.ts[1].proto, IPPROTO_GRE);
	cfg = demand_cfg();
	cfg->ike->ts_remote.n = 1;
	give(cfg);
	assert_int_equal(vpn0()->params.trap_remote.n, 1);
	assert_int_equal(vpn0()->params.trap_remote.ts[0].proto, 0);
}

/* Nobody to dial: on demand means no more than never. */
static void any_remote(void **state)
{
	struct tunnel_cfg *cfg = demand_cfg();

	cfg->ike->remote = (struct ipaddr){.ipa_type = IPADDR_NONE};
	give(cfg);
	packet();
	assert_false(vpn0()->running || vpn0()->params.trap);
	assert_int_equal(conn()->initiated, 0);
}

/* Another interface, or the same made again: it waits there. */
static void interface_comes_anew(void **state)
{
	struct dplane_event gone = {.type = DPLANE_EVENT_LINK_GONE};
	struct tunnel_cfg *cfg = demand_cfg();

	give(demand_cfg());
	gone.link = vpn0()->handle;
	tunnels_dplane_event(w.tunnels, &gone, w.now);
	pump();
	assert_true(vpn0()->running && vpn0()->params.trap);
	strlcpy(cfg->interface, "vpn7", sizeof(cfg->interface));
	give(cfg);
	assert_true(fake_dplane_link(&w.plane, "vpn7")->running);
	assert_int_equal(fake_dplane_num_links(&w.plane), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(first_packet),  TEST(back_to_waiting),
		TEST(attempt_fails), TEST(packet_while_resting),
		TEST(peer_dies),     TEST(never_proven),
		TEST(peer_dials),    TEST(child_deleted),
		TEST(child_refused), TEST(packet_between_outputs),
		TEST(operator),	     TEST(selectors),
		TEST(any_remote),    TEST(interface_comes_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
