// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tunnels between a scripted engine and a data plane that only remembers: what should be, compared with what
 * is, acts. Each test frees all and leaves no memory.
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

/* The flow over the child: `in` only if the peer answers. */
static void traffic(uint32_t child, bool in)
{
	struct fake_child *c = fake_dplane_child(&w.plane, child);

	assert_non_null(c);
	c->stats.packets_out++;
	c->stats.last_out = w.now;
	if (!in)
		return;
	c->stats.packets_in++;
	c->stats.last_in = w.now;
}

/*
 * --- life ------------------------------------------------------------------------------------------------
 */

static void comes_up(void **state)
{
	uint32_t child;

	give(cfg_new("to-b", "vpn0"));
	assert_int_equal(conn()->initiated, 1);
	assert_int_equal(vpn0()->params.num_inside, 1);
	assert_int_equal(vpn0()->params.mtu, 1406);
	assert_false(vpn0()->running);
	assert_non_null(strstr(info().link_reason, "IKE_SA_INIT with 192.0.2.2"));
	/* what happens now is told before what failed earlier, and what we did ourselves is no failure */
	conn()->info.last_failure = IKE_R_CONFIG_CHANGED;
	assert_non_null(strstr(info().link_reason, "IKE_SA_INIT with 192.0.2.2"));
	conn()->info.request_tries = 4;
	assert_non_null(strstr(info().link_reason, "no answer from 192.0.2.2, IKE_SA_INIT sent 4 times"));
	conn()->info.last_failure = IKE_R_OK;

	pass(MS(20));
	child = fake_ike_up(&w.engine, conn(), true, w.now);
	pump();
	/* installed, asked for a sign of life, but not up before it came */
	assert_non_null(fake_dplane_child(&w.plane, child));
	assert_int_equal(conn()->child_result, 0);
	assert_int_equal(conn()->probes, 1);
	assert_int_equal(vpn0()->probes, 1);
	assert_false(vpn0()->running);
	assert_int_equal(vpn0()->params.mtu, 1438);
	assert_int_equal(vpn0()->params.mss_v4, 1398);
	assert_int_equal(vpn0()->params.mss_v6, 1378);
	pass(MS(7));
	heard(false);
	assert_false(vpn0()->running);
	heard(true);
	assert_true(vpn0()->running);
	assert_true(said("IKE up with 192.0.2.2, begun by us"));
	assert_true(said("link up: peer answered, 7 ms after the Child SA was installed"));
	assert_string_equal(info().link_reason, "peer is reachable; inside probe never answered");
	assert_true(info().link_up && info().reachable && info().child_installed);
	assert_int_equal(info().mtu, 1438);
	assert_int_equal(info().link_changes, 1);
}

/* ESP from the peer on the new pair is as good as an answer. */
static void esp_proves(void **state)
{
	uint32_t child;

	give(cfg_new("to-b", "vpn0"));
	child = fake_ike_up(&w.engine, conn(), true, w.now);
	pump();
	pass(MS(20));
	fake_dplane_child(&w.plane, child)->stats.last_in = w.now;
	pass(MS(60));
	assert_true(vpn0()->running);
}

static void silent_cut_and_heal(void **state)
{
	uint32_t child = bring_up();
	struct instant cut;

	for (int i = 0; i < 100; i++) {
		traffic(child, true);
		pass(MS(10));
	}
	cut = w.now;
	while (vpn0()->running && instant_diff(w.now, cut) < MS(2000)) {
		traffic(child, false);
		pass(MS(10));
	}
	assert_in_range(instant_diff(w.now, cut), MS(100), MS(400));
	assert_true(said("link down: peer silent for"));
	assert_true(said("liveness requests unanswered"));
	assert_non_null(strstr(info().link_reason, "peer does not answer: silent for"));
	/* nothing is torn down, nothing asked again: the engine goes on by itself */
	assert_int_equal(conn()->terminated, 0);
	assert_int_equal(fake_dplane_num_children(&w.plane), 1);
	assert_int_equal(conn()->probes, 2);
	pass(MS(5000));
	assert_int_equal(conn()->probes, 2);
	heard(true);
	assert_true(vpn0()->running);
	assert_true(said("link up: peer answered after 5"));
	assert_int_equal(conn()->initiated, 1);
}

/* A flap shorter than hold-up is not published on the way up; the timer is exact. */
static void hold_up(void **state)
{
	uint32_t child = bring_up();
	struct instant down;

	while (vpn0()->running) {
		traffic(child, false);
		pass(MS(10));
	}
	down = info().link_since;
	pass(MS(100));
	heard(true);
	assert_false(vpn0()->running);
	assert_string_equal(info().link_reason, "peer is reachable, waiting for link hold-up");
	pass(instant_diff(instant_add(down, MS(1000)), w.now) - 1);
	assert_false(vpn0()->running);
	pass(1);
	assert_true(vpn0()->running);
}

static void inside_dead(void **state)
{
	uint32_t child = bring_up();
	struct instant cut;

	vpn0()->inside.answered = 1;
	vpn0()->inside.last_answered = w.now;
	pass(MS(300));
	cut = w.now;
	while (vpn0()->running && instant_diff(w.now, cut) < MS(5000)) {
		traffic(child, false);
		pass(MS(5));
		if (conn()->info.request_outstanding)
			heard(true);
	}
	assert_in_range(instant_diff(w.now, cut), MS(700), MS(2000));
	assert_true(said("link down: IKE answers but ESP does not arrive (4 inside probes unanswered"));
	for (int i = 0; i < 300; i++) {
		pass(MS(10));
		if (conn()->info.request_outstanding)
			heard(true);
	}
	assert_false(vpn0()->running);
	assert_string_equal(info().link_reason, "IKE answers but ESP does not arrive");
	vpn0()->inside.answered = 2;
	vpn0()->inside.last_answered = w.now;
	pass(MS(300));
	assert_true(vpn0()->running);
	assert_true(said("link up: ESP arrives again"));
}

/*
 * --- IKE comes and goes ----------------------------------------------------------------------------------
 */

/* Time until the next attempt. */
static int64_t next_attempt(void)
{
	uint32_t before = conn()->initiated;
	struct instant begin = w.now;

	while (conn()->initiated == before && instant_diff(w.now, begin) < MS(60000))
		pass(MS(1));
	return instant_diff(w.now, begin);
}

static void backoff(void **state)
{
	static const int64_t nominal[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};

	give(cfg_new("to-b", "vpn0"));
	for (size_t i = 0; i < array_size(nominal); i++) {
		pass(MS(20000));
		fake_ike_down(&w.engine, conn(), IKE_R_TIMEOUT, "");
		pump();
		assert_in_range(next_attempt(), MS(nominal[i] * 3 / 4), MS(nominal[i] * 5 / 4 + 1));
	}
	/* said once, not seven times */
	assert_int_equal(w.num_news, 1);
	assert_int_equal(w.news[0].type, TUNNEL_NEWS_FAILURE);
	assert_string_equal(w.news[0].words, "IKE failed with 192.0.2.2: the peer does not answer");
	assert_string_equal(w.news[0].tunnel, "to-b");
	assert_string_equal(w.news[0].interface, "vpn0");
	/* another reason is news */
	fake_ike_down(&w.engine, conn(), IKE_R_NO_PROPOSAL, "we: a, peer: b");
	pump();
	assert_true(said("no common proposal: we: a, peer: b"));
	assert_non_null(strstr(info().link_reason, "no common proposal: we: a, peer: b; trying again soon"));
	/* success forgets it all */
	next_attempt();
	fake_ike_up(&w.engine, conn(), true, w.now);
	pump();
	fake_ike_down(&w.engine, conn(), IKE_R_DELETED_BY_PEER, "");
	pump();
	assert_in_range(next_attempt(), MS(750), MS(1251));
}

/* A peer that narrows to IPv4: the link is up, and the operator of an IPv6 address inside reads why it is of no use. */
static void narrowed(void **state)
{
	struct tunnel_cfg *cfg = cfg_new("to-b", "vpn0");

	w.engine.ts.n = 1;
	bring_up();
	assert_null(strstr(info().link_reason, "the peer takes"));
	cfg->num_inside = 2;
	str2prefix("2001:db8::1/126", &cfg->inside[1]);
	give(cfg);
	assert_true(vpn0()->running);
	assert_non_null(strstr(info().link_reason, "the peer takes no IPv6 inside, it is dropped"));
	ts_list_any(&w.engine.ts);
	fake_ike_child(&w.engine, conn(), IKE_ENCR_AES_GCM_16, IKE_INTEG_NONE);
	pump();
	assert_null(strstr(info().link_reason, "the peer takes"));
}

/* The peer proved that it restarted: it is there, so nothing is waited for, however often we failed before. */
static void peer_restarted(void **state)
{
	uint32_t before;

	give(cfg_new("to-b", "vpn0"));
	for (int i = 0; i < 4; i++) {
		pass(MS(40000));
		fake_ike_down(&w.engine, conn(), IKE_R_TIMEOUT, "");
		pump();
	}
	next_attempt();
	fake_ike_up(&w.engine, conn(), false, w.now);
	pump();
	before = conn()->initiated;
	fake_ike_down(&w.engine, conn(), IKE_R_PEER_RESTARTED, "");
	pump();
	assert_true(said("the peer has lost the IKE SA, as after a restart"));
	assert_int_equal(conn()->initiated, before + 1);
}

/* Without any key a stranger can make us fail now in this way, now in that: not a line of the log each time. */
static void failures_take_turns(void **state)
{
	give(cfg_new("to-b", "vpn0"));
	for (int i = 0; i < 20; i++) {
		fake_ike_down(&w.engine, conn(), i % 2 ? IKE_R_AUTH_METHOD : IKE_R_AUTH_FAILED, "");
		pump();
	}
	assert_int_equal(w.num_news, 1);
	/* what goes on failing is told later */
	pass(MS(10000));
	fake_ike_down(&w.engine, conn(), IKE_R_AUTH_METHOD, "");
	pump();
	assert_true(said("in a way that is not configured"));
	assert_int_equal(w.num_news, 2);
}

/* A peer that dials us ends our waiting. */
static void peer_dials(void **state)
{
	give(cfg_new("to-b", "vpn0"));
	for (int i = 0; i < 6; i++) {
		fake_ike_down(&w.engine, conn(), IKE_R_TIMEOUT, "");
		pump();
		next_attempt();
	}
	fake_ike_down(&w.engine, conn(), IKE_R_TIMEOUT, "");
	pump();
	pass(MS(5));
	fake_ike_up(&w.engine, conn(), false, w.now);
	pump();
	assert_true(said("begun by the peer"));
	heard(true);
	assert_true(vpn0()->running);
	fake_ike_down(&w.engine, conn(), IKE_R_TIMEOUT, "");
	pump();
	assert_false(vpn0()->running);
	assert_in_range(next_attempt(), MS(750), MS(1251));
}

static void ike_deleted_by_peer(void **state)
{
	bring_up();
	fake_ike_down(&w.engine, conn(), IKE_R_DELETED_BY_PEER, "");
	pump();
	assert_false(vpn0()->running);
	assert_int_equal(fake_dplane_num_children(&w.plane), 0);
	assert_true(said("link down: no Child SA: the peer deleted the IKE SA"));
	assert_true(said("IKE down: the peer deleted the IKE SA"));
	assert_in_range(next_attempt(), MS(750), MS(1251));
}

/* Only the Child SA, and the engine asks for another: the IKE SA stays, and the reason is said. */
static void child_asked_for_again(void **state)
{
	uint32_t child = bring_up();

	conn()->info.childless = true;
	conn()->info.last_failure = IKE_R_PEER_NO_PROPOSAL;
	fake_ike_child_down(&w.engine, conn(), child, IKE_R_CHILD_DELETED_BY_PEER);
	pump();
	assert_false(vpn0()->running);
	assert_non_null(strstr(info().link_reason, "NO_PROPOSAL_CHOSEN"));
	assert_non_null(strstr(info().link_reason, "asking again soon"));
	pass(MS(100000));
	assert_int_equal(conn()->terminated, 0);
	assert_int_equal(conn()->initiated, 1);
	conn()->info.childless_by_peer = true;
	assert_non_null(strstr(info().link_reason, "RFC 6023"));
	conn()->info.childless = conn()->info.childless_by_peer = false;
	fake_ike_child(&w.engine, conn(), IKE_ENCR_AES_GCM_16, IKE_INTEG_NONE);
	pump();
	heard(true);
	assert_true(vpn0()->running);
}

/* Only the Child SA: the IKE SA alone serves nobody, so all begins anew after a moment. */
static void child_deleted_by_peer(void **state)
{
	uint32_t child = bring_up();

	fake_ike_child_down(&w.engine, conn(), child, IKE_R_CHILD_DELETED_BY_PEER);
	pump();
	assert_false(vpn0()->running);
	assert_int_equal(conn()->terminated, 0);
	assert_in_range(next_attempt(), MS(750), MS(1251));
	assert_int_equal(conn()->terminated, 1);
}

static void passive(void **state)
{
	struct tunnel_cfg *cfg = cfg_new("to-b", "vpn0");

	cfg->initiate = TUNNEL_INITIATE_NEVER;
	give(cfg);
	pass(MS(100000));
	assert_int_equal(conn()->initiated, 0);
	assert_true(conn()->cfg->passive);
	assert_string_equal(info().link_reason, "no Child SA: waiting for the peer");
	fake_ike_up(&w.engine, conn(), false, w.now);
	pump();
	heard(true);
	assert_true(vpn0()->running);
	fake_ike_down(&w.engine, conn(), IKE_R_TIMEOUT, "");
	pump();
	pass(MS(100000));
	assert_int_equal(conn()->initiated, 0);
}

/* Neither a second Child SA nor a duplicate IKE SA touches the link. */
static void rekey(void **state)
{
	uint32_t child = bring_up();
	uint32_t calls = vpn0()->running_calls;
	uint32_t second;

	traffic(child, true);
	second = fake_ike_child(&w.engine, conn(), IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_256_128);
	pump();
	assert_int_equal(fake_dplane_num_children(&w.plane), 2);
	assert_int_equal(vpn0()->params.mtu, 1422);
	pass(MS(50));
	fake_ike_child_down(&w.engine, conn(), child, IKE_R_OK);
	pump();
	traffic(second, true);
	pass(MS(500));
	assert_true(vpn0()->running);
	assert_int_equal(vpn0()->running_calls, calls);
	assert_int_equal(fake_dplane_num_children(&w.plane), 1);
	/* counted over both */
	assert_int_equal(info().child.packets_out, 2);
	assert_int_equal(info().child.packets_in, 2);
	assert_int_equal(w.num_news, 0);
}

/* RFC 3948 4: every 20 seconds without ESP of ours, and only behind a NAT. */
static void nat_keepalive(void **state)
{
	uint32_t child = bring_up();
	struct fake_child *c = fake_dplane_child(&w.plane, child);

	pass(MS(60000));
	assert_int_equal(c->keepalives, 0);
	conn()->info.nat_local = true;
	heard(true);
	assert_int_equal(c->keepalives, 1); /* silent for so long already */
	pass(MS(19999));
	assert_int_equal(c->keepalives, 1);
	pass(MS(1));
	assert_int_equal(c->keepalives, 2);
	pass(MS(10000));
	traffic(child, true);
	pass(MS(19999));
	assert_int_equal(c->keepalives, 2);
	pass(MS(1));
	assert_int_equal(c->keepalives, 3);
	fake_ike_child_down(&w.engine, conn(), child, IKE_R_CHILD_DELETED_BY_PEER);
	pump();
	pass(MS(60000));
}

/* That we speak of a NAT, as the user-space plane always does, is no reason to keep silent where there is one. */
static void nat_keepalive_when_forced_too(void **state)
{
	struct tunnel_cfg *cfg = cfg_new("to-b", "vpn0");
	uint32_t child;

	cfg->ike->nat_force = true;
	give(cfg);
	child = fake_ike_up(&w.engine, conn(), true, w.now);
	conn()->info.nat_local = true;
	pump();
	pass(MS(60000));
	assert_int_equal(fake_dplane_child(&w.plane, child)->keepalives, 3);
}

/*
 * --- configuration ---------------------------------------------------------------------------------------
 */

static void change_applied_live(void **state)
{
	struct tunnel_cfg *cfg = cfg_new("to-b", "vpn0");

	bring_up();
	cfg->mtu = 1300;
	cfg->tcp_mss = 1200;
	cfg->liveness_interval_s = 1;
	cfg->liveness_detect_ms = 500;
	give(cfg);
	assert_int_equal(vpn0()->params.mtu, 1300);
	assert_int_equal(vpn0()->params.mss_v4, 1200);
	assert_int_equal(vpn0()->params.mss_v6, 1200);
	assert_true(vpn0()->running);
	assert_int_equal(conn()->terminated, 0);
	assert_int_equal(conn()->cfg->detect_ms, 500);
	assert_int_equal(conn()->probes, 1);
	pass(MS(1100));
	assert_int_equal(conn()->probes, 2);
	/* the same again changes nothing, above all not the interface */
	cfg = cfg_new("to-b", "vpn0");
	give(cfg);
	cfg = cfg_new("to-b", "vpn0");
	w.plane.link_sets = 0;
	give(cfg);
	assert_int_equal(w.plane.link_sets, 0);
}

static void mss_off_and_too_large(void **state)
{
	struct tunnel_cfg *cfg = cfg_new("to-b", "vpn0");

	cfg->tcp_mss = UINT32_MAX;
	give(cfg);
	assert_int_equal(vpn0()->params.mss_v4, 0);
	assert_int_equal(vpn0()->params.mss_v6, 0);
	cfg = cfg_new("to-b", "vpn0");
	cfg->tcp_mss = 8960;
	cfg->mtu = 1400;
	give(cfg);
	assert_int_equal(vpn0()->params.mss_v4, 1360);
	assert_int_equal(vpn0()->params.mss_v6, 1340);
}

static void change_that_restarts(void **state)
{
	struct tunnel_cfg *cfg = cfg_new("to-b", "vpn0");

	bring_up();
	secret_set(&cfg->ike->psk, bytes_str("other"));
	give(cfg);
	assert_int_equal(conn()->terminated, 1);
	assert_int_equal(conn()->initiated, 2);
	assert_ptr_equal(conn()->cfg, cfg->ike);
	assert_int_equal(fake_dplane_num_children(&w.plane), 0);
	assert_false(vpn0()->running);
}

static void interface_moves(void **state)
{
	bring_up();
	give(cfg_new("to-b", "vpn7"));
	assert_null(fake_dplane_link(&w.plane, "vpn0"));
	assert_non_null(fake_dplane_link(&w.plane, "vpn7"));
	assert_int_equal(conn()->initiated, 2);
	assert_true(said("link down"));
}

static void shutdown_and_back(void **state)
{
	struct tunnel_cfg *cfg = cfg_new("to-b", "vpn0");

	bring_up();
	cfg->shutdown = true;
	give(cfg);
	/* the interface stays, the engine does not know the peer any more */
	assert_false(vpn0()->running);
	assert_int_equal(fake_ike_num_conns(&w.engine), 0);
	assert_int_equal(fake_dplane_num_children(&w.plane), 0);
	assert_true(said("link down: shut down"));
	assert_true(said("IKE down: closed by the operator"));
	assert_string_equal(info().link_reason, "shut down");
	pass(MS(60000));
	assert_int_equal(fake_ike_num_conns(&w.engine), 0);
	give(cfg_new("to-b", "vpn0"));
	assert_int_equal(conn()->initiated, 1);
}

static void cleared(void **state)
{
	bring_up();
	assert_false(tunnels_clear(w.tunnels, "nobody", w.now));
	assert_true(tunnels_clear(w.tunnels, "to-b", w.now));
	pump();
	assert_false(vpn0()->running);
	assert_int_equal(conn()->terminated, 1);
	assert_int_equal(conn()->initiated, 2);
	assert_true(said("IKE down: closed by the operator"));
}

static void removed(void **state)
{
	struct tunnel_info none;

	bring_up();
	tunnels_remove(w.tunnels, "nobody", w.now);
	tunnels_remove(w.tunnels, "to-b", w.now);
	pump();
	assert_int_equal(fake_dplane_num_links(&w.plane), 0);
	assert_int_equal(fake_dplane_num_children(&w.plane), 0);
	assert_int_equal(fake_ike_num_conns(&w.engine), 0);
	assert_false(tunnels_info(w.tunnels, "to-b", &none));
	assert_true(instant_is_never(tunnels_next_expiry(w.tunnels)));
}

/* The engine is told of the tunnel's own connection; a tunnel that is not there any more has none. */
static void local_moved(void **state)
{
	struct ipaddr to;

	str2ipaddr("192.0.2.77", &to);
	bring_up();
	tunnels_local_moved(w.tunnels, "nobody", &to, true, w.now);
	assert_false(ipaddr_equal(&conn()->info.local.addr, &to));
	tunnels_local_moved(w.tunnels, "to-b", &to, true, w.now);
	assert_true(ipaddr_equal(&conn()->info.local.addr, &to));
	assert_true(vpn0()->running);
}

static void terminated(void **state)
{
	bring_up();
	tunnels_terminate_all(w.tunnels, w.now);
	pump();
	/* for a successor: a route into it must not become a way around it */
	assert_false(vpn0()->running);
	assert_int_equal(fake_dplane_num_children(&w.plane), 0);
	assert_int_equal(fake_ike_num_conns(&w.engine), 0);
	pass(MS(60000));
	assert_false(vpn0()->running);
	assert_int_equal(fake_ike_num_conns(&w.engine), 0);
	tunnels_free(w.tunnels);
	assert_int_equal(fake_dplane_num_links(&w.plane), 1);
	w.tunnels = tunnels_new(&w.engine, NULL);
}

/*
 * --- new keys --------------------------------------------------------------------------------------------
 */

static void rekeyed_by_operator(void **state)
{
	assert_string_equal(tunnels_rekey(w.tunnels, "to-b", false, w.now), "there is no such tunnel");
	give(cfg_new("to-b", "vpn0"));
	assert_non_null(strstr(tunnels_rekey(w.tunnels, "to-b", false, w.now), "no IKE SA"));
	assert_non_null(strstr(tunnels_rekey(w.tunnels, "to-b", true, w.now), "no IKE SA"));
	fake_ike_up(&w.engine, conn(), true, w.now);
	pump();
	assert_null(tunnels_rekey(w.tunnels, "to-b", false, w.now));
	assert_null(tunnels_rekey(w.tunnels, "to-b", true, w.now));
	assert_int_equal(conn()->rekeyed_child, 1);
	assert_int_equal(conn()->rekeyed_ike, 1);
	conn()->refuse_rekey = true;
	assert_non_null(strstr(tunnels_rekey(w.tunnels, "to-b", false, w.now), "rekeying already"));
	fake_ike_child_down(&w.engine, conn(), conn()->info.child_id, IKE_R_CHILD_DELETED_BY_PEER);
	pump();
	assert_non_null(strstr(tunnels_rekey(w.tunnels, "to-b", false, w.now), "no ESP SAs"));
}

static void plane_says(enum dplane_event_type type, uint32_t child)
{
	const struct dplane_event event = {.type = type, .child_id = child};

	tunnels_dplane_event(w.tunnels, &event, w.now);
	pump();
}

static void worn_is_rekeyed(void **state)
{
	uint32_t child = bring_up();

	plane_says(DPLANE_EVENT_SOFT_EXPIRE, child);
	assert_int_equal(conn()->rekeyed_child, 1);
	assert_true(vpn0()->running);
	heard(false);
	assert_int_equal(conn()->rekeyed_child, 1);
	/* nobody's */
	plane_says(DPLANE_EVENT_SOFT_EXPIRE, child + 99);
	plane_says(DPLANE_EVENT_HARD_EXPIRE, child + 99);
	assert_int_equal(conn()->rekeyed_child, 1);
	assert_int_equal(conn()->terminated, 0);
}

/* The plane sees the peer elsewhere: the engine says what comes of it. */
static void peer_elsewhere(void **state)
{
	struct dplane_event event = {
		.type = DPLANE_EVENT_PEER_MOVED, .child_id = bring_up(), .remote = {.port = 61234}};

	tunnels_dplane_event(w.tunnels, &event, w.now);
	pump();
	assert_int_equal(conn()->peer_moved, 1);
	assert_int_equal(conn()->peer_port, 61234);
	assert_true(vpn0()->running);
}

/* The engine is busy when the plane says so: the wish is kept, for this child only. */
static void worn_while_busy(void **state)
{
	uint32_t child = bring_up();

	conn()->refuse_rekey = true;
	plane_says(DPLANE_EVENT_SOFT_EXPIRE, child);
	conn()->refuse_rekey = false;
	heard(false);
	assert_int_equal(conn()->rekeyed_child, 1);
	conn()->refuse_rekey = true;
	plane_says(DPLANE_EVENT_SOFT_EXPIRE, child);
	fake_ike_child(&w.engine, conn(), IKE_ENCR_AES_GCM_16, IKE_INTEG_NONE);
	pump();
	conn()->refuse_rekey = false;
	heard(false);
	assert_int_equal(conn()->rekeyed_child, 1);
}

/* One that may carry no more while nothing has taken over carries nothing: the link says so, and the tunnel begins anew. */
static void spent(void **state)
{
	uint32_t child = bring_up();
	uint32_t next;

	next = fake_ike_child(&w.engine, conn(), IKE_ENCR_AES_GCM_16, IKE_INTEG_NONE);
	pump();
	plane_says(DPLANE_EVENT_HARD_EXPIRE, child);
	assert_int_equal(conn()->terminated, 0);
	assert_true(vpn0()->running);
	plane_says(DPLANE_EVENT_HARD_EXPIRE, next);
	assert_int_equal(conn()->terminated, 1);
	assert_false(vpn0()->running);
	assert_int_equal(fake_dplane_num_children(&w.plane), 0);
	pass(MS(100));
	assert_int_equal(conn()->initiated, 2);
}

/*
 * --- refusals --------------------------------------------------------------------------------------------
 */

static void no_dplane(void **state)
{
	tunnels_free(w.tunnels);
	w.tunnels = tunnels_new(&w.engine, NULL);
	give(cfg_new("to-b", "vpn0"));
	pass(MS(60000));
	assert_string_equal(info().link_reason, "no data plane");
	assert_string_equal(info().dataplane, "none");
	assert_int_equal(fake_ike_num_conns(&w.engine), 0);
	tunnels_remove(w.tunnels, "to-b", w.now);
}

static void interface_refused(void **state)
{
	w.plane.refuse_link_add = -EPERM;
	give(cfg_new("to-b", "vpn0"));
	pass(MS(10000));
	assert_int_equal(w.num_news, 1);
	assert_int_equal(w.news[0].type, TUNNEL_NEWS_DPLANE);
	assert_string_equal(info().link_reason,
			    "cannot create the interface: fake plane refuses the interface");
	assert_int_equal(fake_ike_num_conns(&w.engine), 0);
	w.plane.refuse_link_add = 0;
	pass(MS(3000));
	assert_int_equal(conn()->initiated, 1);
}

/* Half typed in: nobody is asked for what cannot be, and nobody complains. */
static void interface_without_ends(void **state)
{
	struct tunnel_cfg *cfg = cfg_new("to-b", "vpn0");

	cfg->shutdown = true;
	cfg->nature.kind = DPLANE_KIND_GRE;
	cfg->nature.remote = cfg->ike->remote;
	w.plane.refuse_link_add = -EINVAL;
	give(cfg);
	pass(MS(10000));
	assert_int_equal(w.num_news, 0);
	assert_int_equal(fake_dplane_num_links(&w.plane), 0);
	w.plane.refuse_link_add = 0;
	cfg = cfg_new("to-b", "vpn0");
	cfg->nature = (struct dplane_link_nature){.kind = DPLANE_KIND_GRE, .remote = cfg->ike->remote};
	str2ipaddr("192.0.2.1", &cfg->nature.local);
	give(cfg);
	assert_int_equal(conn()->initiated, 1);
	assert_int_equal(vpn0()->params.nature.kind, DPLANE_KIND_GRE);
}

static void child_refused(void **state)
{
	w.plane.refuse_child_add = -ENOBUFS;
	give(cfg_new("to-b", "vpn0"));
	fake_ike_up(&w.engine, conn(), true, w.now);
	pump();
	assert_int_equal(conn()->child_result, -ENOBUFS);
	assert_int_equal(w.plane.last_released, w.engine.child.in.spi);
	assert_non_null(strstr(info().link_reason, "cannot install the Child SA"));
	heard(true);
	assert_false(vpn0()->running);
	w.plane.refuse_child_add = 0;
	assert_in_range(next_attempt(), MS(750), MS(1251));
}

/* Nor is it forgotten when the engine has given up that IKE SA. */
static void child_refused_and_ike_ended(void **state)
{
	w.plane.refuse_child_add = -EEXIST;
	give(cfg_new("to-b", "vpn0"));
	fake_ike_up(&w.engine, conn(), true, w.now);
	pump();
	fake_ike_down(&w.engine, conn(), IKE_R_DATAPLANE, "File exists");
	pump();
	assert_non_null(
		strstr(info().link_reason, "no Child SA: cannot install the Child SA: fake plane refuses"));
	assert_non_null(strstr(info().link_reason, "trying again soon"));
}

static void running_refused(void **state)
{
	w.plane.refuse_running = -EIO;
	give(cfg_new("to-b", "vpn0"));
	fake_ike_up(&w.engine, conn(), true, w.now);
	pump();
	pass(MS(1));
	heard(true);
	assert_true(said("cannot set the link state"));
	assert_false(info().link_up);
	assert_non_null(strstr(info().link_reason, "cannot set the link state"));
	w.plane.refuse_running = 0;
	pass(MS(3100));
	assert_true(vpn0()->running && info().link_up);
}

static void unknown_connection(void **state)
{
	struct child_sa_params params = {.child_id = 9};
	struct ike_output out = {.type = IKE_OUTPUT_CHILD_ADD, .conn = 77, .child_id = 9, .child = &params};

	give(cfg_new("to-b", "vpn0"));
	conn()->info.child_id = 9;
	tunnels_ike_output(w.tunnels, &out, w.now);
	assert_int_equal(conn()->child_result, -ENOENT);
	assert_int_equal(fake_dplane_num_children(&w.plane), 0);
}

static void interface_vanishes(void **state)
{
	struct dplane_event event = {.type = DPLANE_EVENT_LINK_GONE};

	bring_up();
	event.link = vpn0()->handle;
	tunnels_dplane_event(w.tunnels, &event, w.now);
	pump();
	assert_true(said("somebody removed interface vpn0"));
	assert_true(said("IKE down: somebody removed the tunnel interface"));
	assert_true(said("link down: no Child SA: somebody removed the tunnel interface"));
	assert_false(said("could not install"));
	assert_false(vpn0()->running);
	assert_int_not_equal(vpn0()->handle, event.link);
	assert_int_equal(conn()->initiated, 2);
	tunnels_dplane_event(w.tunnels, &event, w.now);
	assert_int_equal(conn()->initiated, 2);
}

/*
 * --- somebody else at the interface ----------------------------------------------------------------------
 */

static void changed_event(void)
{
	struct dplane_event event = {.type = DPLANE_EVENT_LINK_CHANGED, .link = vpn0()->handle};

	tunnels_dplane_event(w.tunnels, &event, w.now);
	pump();
}

static void somebody(const char *what)
{
	strlcpy(vpn0()->changed, what, sizeof(vpn0()->changed));
	changed_event();
}

static void interface_changed(void **state)
{
	bring_up();
	changed_event(); /* one of our own making: a look, nothing to say */
	assert_int_equal(vpn0()->repairs, 1);
	assert_int_equal(w.num_news, 0);
	pass(MS(5000));
	assert_int_equal(vpn0()->repairs, 1);
	somebody("set down");
	assert_int_equal(vpn0()->repairs, 2);
	assert_true(said("interface vpn0 was set down by somebody: put back"));
	assert_true(vpn0()->running && info().link_up);
	assert_int_equal(conn()->terminated, 0);
}

static void interface_known(void **state)
{
	bring_up();
	tunnels_interface_known(w.tunnels, "vpn7");
	assert_int_equal(vpn0()->announced, 0);
	tunnels_interface_known(w.tunnels, "vpn0");
	assert_int_equal(vpn0()->announced, 1);
}

/* Once a second and one line, whatever he does. */
static void interface_fought_over(void **state)
{
	uint32_t repairs;

	bring_up();
	for (int i = 0; i < 5000; i++) {
		somebody("robbed of inside address 169.254.10.1/30");
		pass(MS(1));
	}
	assert_in_range(vpn0()->repairs, 5, 6);
	pass(MS(1000));
	assert_string_equal(vpn0()->changed, ""); /* the last one is not forgotten */
	assert_int_equal(w.num_news, 1);
	repairs = vpn0()->repairs;
	pass(MS(20000));
	assert_int_equal(vpn0()->repairs, repairs);
	w.num_news = 0;
	somebody("set down");
	assert_true(said("set down by somebody"));
}

static void repair_refused(void **state)
{
	bring_up();
	w.plane.refuse_repair = -EACCES;
	somebody("set down");
	pass(MS(10000));
	assert_in_range(vpn0()->repairs, 3, 5);
	assert_int_equal(w.num_news, 1);
	assert_true(said("cannot mend the interface: fake plane refuses the repair"));
	w.plane.refuse_repair = 0;
	pass(MS(3000));
	assert_string_equal(vpn0()->changed, "");
	assert_true(said("set down by somebody: put back"));
}

/* Moved into another namespace, it is gone for us, but nobody says so. */
static void gone_at_a_look(void **state)
{
	uint32_t before;

	bring_up();
	before = vpn0()->handle;
	w.plane.refuse_repair = -ENODEV;
	changed_event();
	w.plane.refuse_repair = 0;
	assert_true(said("somebody removed interface vpn0"));
	assert_int_not_equal(vpn0()->handle, before);
	assert_int_equal(conn()->initiated, 2);
	assert_int_equal(fake_dplane_num_children(&w.plane), 0);
}

/* Its VRF went away: what is in it now is not what it is for. */
static void not_in_its_place(void **state)
{
	uint32_t before;

	bring_up();
	before = vpn0()->handle;
	w.plane.refuse_repair = -ENXIO;
	somebody("taken out of VRF red");
	assert_false(vpn0()->running || info().link_up);
	assert_int_equal(fake_dplane_num_children(&w.plane), 0);
	assert_non_null(
		strstr(info().link_reason, "cannot mend the interface: fake plane refuses the repair"));
	w.num_news = 0;
	pass(MS(10000));
	assert_int_equal(w.num_news, 0);
	assert_int_equal(fake_ike_num_conns(&w.engine), 0);
	w.plane.refuse_repair = 0;
	pass(MS(5000));
	assert_int_equal(vpn0()->handle, before);
	assert_int_equal(conn()->initiated, 1);
}

static void initiate_refused(void **state)
{
	w.engine.refuse_initiate = true;
	give(cfg_new("to-b", "vpn0"));
	pass(MS(3000));
	w.engine.refuse_initiate = false;
	pass(MS(1300));
	assert_int_equal(conn()->initiated, 1);
}

/*
 * --- many ------------------------------------------------------------------------------------------------
 */

static void in_order_of_names(void **state)
{
	struct tunnel_info info;

	assert_false(tunnels_info_next(w.tunnels, NULL, &info));
	give(cfg_new("c", "vpn2"));
	give(cfg_new("a", "vpn0"));
	give(cfg_new("b", "vpn1"));
	assert_true(tunnels_info_next(w.tunnels, NULL, &info));
	assert_string_equal(info.name, "a");
	assert_true(tunnels_info_next(w.tunnels, "a", &info));
	assert_string_equal(info.name, "b");
	/* one that is gone in between */
	assert_true(tunnels_info_next(w.tunnels, "bb", &info));
	assert_string_equal(info.name, "c");
	assert_false(tunnels_info_next(w.tunnels, "c", &info));
}

static void earliest_of_many(void **state)
{
	struct instant first = INSTANT_NEVER;

	give(cfg_new("a", "vpn0"));
	give(cfg_new("b", "vpn1"));
	give(cfg_new("c", "vpn2"));
	assert_true(instant_is_never(tunnels_next_expiry(w.tunnels)));
	for (int i = 0; i < 3; i++) {
		fake_ike_down(&w.engine, fake_ike_conn(&w.engine, i), IKE_R_TIMEOUT, "");
		pump();
		first = instant_min(first, tunnels_next_expiry(w.tunnels));
		assert_int_equal(tunnels_next_expiry(w.tunnels).us, first.us);
		pass(MS(100));
	}
	pass(instant_diff(first, w.now) - 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(fake_ike_conn(&w.engine, i)->initiated, 1);
	pass(1);
	assert_int_equal(fake_ike_conn(&w.engine, 0)->initiated + fake_ike_conn(&w.engine, 1)->initiated +
				 fake_ike_conn(&w.engine, 2)->initiated,
			 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(comes_up),
		TEST(esp_proves),
		TEST(silent_cut_and_heal),
		TEST(hold_up),
		TEST(inside_dead),
		TEST(backoff),
		TEST(peer_restarted),
		TEST(narrowed),
		TEST(failures_take_turns),
		TEST(peer_dials),
		TEST(ike_deleted_by_peer),
		TEST(child_asked_for_again),
		TEST(child_deleted_by_peer),
		TEST(passive),
		TEST(rekey),
		TEST(nat_keepalive),
		TEST(nat_keepalive_when_forced_too),
		TEST(change_applied_live),
		TEST(mss_off_and_too_large),
		TEST(change_that_restarts),
		TEST(interface_moves),
		TEST(shutdown_and_back),
		TEST(cleared),
		TEST(removed),
		TEST(local_moved),
		TEST(terminated),
		TEST(rekeyed_by_operator),
		TEST(worn_is_rekeyed),
		TEST(worn_while_busy),
		TEST(spent),
		TEST(peer_elsewhere),
		TEST(no_dplane),
		TEST(interface_refused),
		TEST(interface_without_ends),
		TEST(child_refused),
		TEST(child_refused_and_ike_ended),
		TEST(running_refused),
		TEST(unknown_connection),
		TEST(interface_vanishes),
		TEST(interface_changed),
		TEST(interface_known),
		TEST(interface_fought_over),
		TEST(repair_refused),
		TEST(gone_at_a_look),
		TEST(not_in_its_place),
		TEST(initiate_refused),
		TEST(in_order_of_names),
		TEST(earliest_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
