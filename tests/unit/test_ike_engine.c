// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine from end to end, two of them on one table, told in the arrows of RFC 7296. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_pair.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/proto/proto.h"

#define IKE_DEFAULT "aes128gcm16-prfsha256-curve25519"
#define ESP_DEFAULT "aes128gcm16"

static size_t live_before;

static int setup(void **state)
{
	live_before = mem_live();
	return 0;
}

static int teardown(void **state)
{
	assert_int_equal(mem_live(), live_before);
	return 0;
}

/* The next datagram of `from`, which must be of this exchange, is given to `to`. */
static void arrow(struct pair *p, struct pair_side *from, struct pair_side *to, uint8_t exchange,
		  bool response)
{
	struct pair_datagram d;

	assert_true(pair_take(from, &d));
	assert_int_equal(pair_header(&d).exchange, exchange);
	assert_int_equal(!!(pair_header(&d).flags & IKE_FLAG_RESPONSE), response);
	pair_give(p, to, &d);
}

static void handshake(struct pair *p)
{
	/* A: HDR, SAi1, KEi, Ni --> */
	pair_initiate(p, &p->a);
	arrow(p, &p->a, &p->b, IKE_EXCHANGE_SA_INIT, false);
	/* <-- HDR, SAr1, KEr, Nr */
	arrow(p, &p->b, &p->a, IKE_EXCHANGE_SA_INIT, true);
	/* HDR, SK {IDi, AUTH, SAi2, TSi, TSr} --> */
	arrow(p, &p->a, &p->b, IKE_EXCHANGE_AUTH, false);
	/* <-- HDR, SK {IDr, AUTH, SAr2, TSi, TSr} */
	arrow(p, &p->b, &p->a, IKE_EXCHANGE_AUTH, true);
	pair_assert_up(p);
}

static void test_handshake(void **state)
{
	struct ike_conn_info info;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	handshake(&p);
	info = pair_info(&p.a);
	assert_string_equal(info.ike_proposal, IKE_DEFAULT);
	assert_string_equal(info.esp_proposal, ESP_DEFAULT);
	assert_false(info.nat_local);
	assert_false(p.a.child.udp_encap);
	assert_int_equal(info.remote.port, IKE_PORT);
	assert_int_equal(p.a.ike_up + p.b.ike_up, 2);
	assert_int_equal(p.a.child_up + p.b.child_up, 2);
	assert_int_equal(p.a.child.ts_local.n, 2);
	assert_false(ike_initiate(p.a.engine, PAIR_CONN, p.now));
	pair_fini(&p);
}

static void test_every_suite(void **state)
{
	static const char *const ike[] = {
		"aes128gcm16-prfsha1-modp2048",
		"aes256gcm16-prfsha384-ecp384",
		"chacha20poly1305-prfsha512-curve25519",
		"aes128-sha1-prfsha1-modp3072",
		"aes256-sha256-ecp256",
		"aes256-sha384-modp4096",
		"aes128-sha512-prfsha512-ecp521",
	};
	static const char *const esp[] = {
		"aes128gcm16",	 "aes256gcm16",	  "chacha20poly1305", "aes128-sha1",
		"aes256-sha256", "aes256-sha384", "aes128-sha512",
	};

	for (size_t i = 0; i < array_size(ike); i++) {
		struct pair p;

		pair_init(&p, ike[i], esp[i]);
		handshake(&p);
		pair_fini(&p);
	}
}

static void force_nat(struct pair *p, struct pair_side *side, struct pair_side *peer)
{
	struct ike_conn_cfg *cfg = pair_cfg(side, peer, IKE_DEFAULT, ESP_DEFAULT);

	cfg->nat_force = true;
	ike_conn_set(side->engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

static void test_moves_to_4500(void **state)
{
	struct pair p;

	for (int who = 0; who < 2; who++) {
		pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
		if (who == 0)
			force_nat(&p, &p.a, &p.b);
		else
			force_nat(&p, &p.b, &p.a);
		handshake(&p);
		assert_int_equal(pair_info(&p.a).remote.port, IKE_NATT_PORT);
		assert_int_equal(pair_info(&p.b).local.port, IKE_NATT_PORT);
		assert_true(p.a.child.udp_encap);
		assert_true(p.b.child.udp_encap);
		pair_fini(&p);
	}
}

/* That we say so is no NAT of ours; a NAT in front of A, which says so too, is one: keepalives hang on that. */
static void test_nat_that_is_there(void **state)
{
	struct pair_datagram d;
	struct pair p;

	for (int there = 0; there < 2; there++) {
		pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
		force_nat(&p, &p.a, &p.b);
		assert_true(ike_initiate(p.a.engine, PAIR_CONN, p.now));
		pair_drain(&p, &p.a);
		assert_true(pair_take(&p.a, &d));
		d.from.port = there ? 20500 : d.from.port;
		pair_give(&p, &p.b, &d);
		assert_true(pair_take(&p.b, &d));
		assert_int_equal(d.to.port, there ? 20500 : IKE_PORT);
		d.to.port = IKE_PORT;
		pair_give(&p, &p.a, &d);
		assert_int_equal(pair_info(&p.a).nat_local, there);
		assert_false(pair_info(&p.a).nat_remote);
		pair_run(&p);
		pair_assert_up(&p);
		assert_true(pair_info(&p.b).nat_remote);
		assert_false(pair_info(&p.b).nat_local);
		assert_true(p.a.child.udp_encap);
		pair_fini(&p);
	}
}

/* Every datagram lost once: the retransmission, to the letter, does it. */
static void test_each_message_lost(void **state)
{
	for (int lost = 0; lost < 4; lost++) {
		struct pair_datagram d;
		struct pair p;
		int n = 0;

		pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
		pair_initiate(&p, &p.a);
		for (int round = 0; round < 20; round++) {
			while (pair_take(&p.a, &d))
				if (n++ != lost)
					pair_give(&p, &p.b, &d);
			while (pair_take(&p.b, &d))
				if (n++ != lost)
					pair_give(&p, &p.a, &d);
			pair_sleep(&p, 300 * USEC_PER_MS, false);
		}
		pair_assert_up(&p);
		assert_int_equal(p.a.added, 1);
		assert_int_equal(p.b.added, 1);
		pair_fini(&p);
	}
}

static void test_nobody_answers(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	pair_sleep(&p, 60 * USEC_PER_S, false);
	assert_int_equal(p.a.ike_down, 1);
	assert_int_equal(p.a.down_reason, IKE_R_TIMEOUT);
	assert_int_equal(pair_info(&p.a).phase, IKE_PHASE_NONE);
	assert_in_range(p.a.queued, 4, 12);
	assert_true(instant_is_never(ike_engine_next_expiry(p.a.engine)));
	pair_fini(&p);
}

static void test_wrong_secret(void **state)
{
	struct ike_conn_cfg *cfg;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	cfg = pair_cfg(&p.b, &p.a, IKE_DEFAULT, ESP_DEFAULT);
	secret_set(&cfg->psk, bytes_str("another secret"));
	ike_conn_set(p.b.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	assert_int_equal(pair_info(&p.a).last_failure, IKE_R_PEER_AUTH_FAILED);
	/* Anybody could have said so: A goes on for a while. */
	assert_int_equal(p.a.ike_down, 0);
	pair_sleep(&p, LIMIT_REFUSAL_GRACE_MS * USEC_PER_MS, true);
	assert_int_equal(p.a.down_reason, IKE_R_PEER_AUTH_FAILED);
	assert_int_equal(p.b.down_reason, IKE_R_AUTH_FAILED);
	assert_int_equal(p.a.added + p.b.added, 0);
	assert_int_equal(pair_counted(&p.b, IKE_R_AUTH_FAILED), 1);
	pair_fini(&p);
}

static void test_wrong_identity(void **state)
{
	struct ike_conn_cfg *cfg;
	char err[128];
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	cfg = pair_cfg(&p.b, &p.a, IKE_DEFAULT, ESP_DEFAULT);
	assert_true(ike_id_parse("fqdn", "site-a.example.org", &cfg->remote_id, err, sizeof(err)));
	ike_conn_set(p.b.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	assert_int_equal(pair_info(&p.b).last_failure, IKE_R_ID_MISMATCH);
	assert_non_null(strstr(pair_info(&p.b).last_failure_detail, "site-a.example.org"));
	assert_non_null(strstr(pair_info(&p.b).last_failure_detail, "10.0.0.1"));
	pair_sleep(&p, LIMIT_REFUSAL_GRACE_MS * USEC_PER_MS, true);
	assert_int_equal(p.a.down_reason, IKE_R_PEER_AUTH_FAILED);
	pair_fini(&p);
}

static void set_proposals(struct pair *p, struct pair_side *side, struct pair_side *peer, const char *ike,
			  const char *esp)
{
	struct ike_conn_cfg *cfg = pair_cfg(side, peer, ike, esp);

	ike_conn_set(side->engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

static void test_no_common_ike_proposal(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	set_proposals(&p, &p.b, &p.a, "aes256-sha256-modp2048", ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	/* An error in clear is only a hint: A goes on for a while. */
	assert_int_equal(p.a.ike_down, 0);
	pair_sleep(&p, 2 * USEC_PER_S, true);
	assert_int_equal(p.a.down_reason, IKE_R_PEER_NO_PROPOSAL);
	assert_int_equal(pair_info(&p.b).last_failure, IKE_R_NO_PROPOSAL);
	assert_non_null(strstr(pair_info(&p.b).last_failure_detail, IKE_DEFAULT));
	assert_non_null(strstr(pair_info(&p.b).last_failure_detail, "aes256-sha256"));
	pair_fini(&p);
}

static void test_no_common_esp_proposal(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	set_proposals(&p, &p.b, &p.a, IKE_DEFAULT, "aes256-sha256");
	pair_initiate(&p, &p.a);
	pair_run(&p);
	/* What follows is told by test_ike_childless. */
	assert_int_equal(pair_info(&p.a).last_failure, IKE_R_PEER_NO_PROPOSAL);
	assert_int_equal(pair_info(&p.b).last_failure, IKE_R_NO_PROPOSAL);
	assert_int_equal(p.a.added + p.b.added, 0);
	pair_fini(&p);
}

/*
 * Both begin, ESP has nothing in common: B has an IKE SA without a Child SA, to be closed soon, and an attempt of its own
 * that is refused. The end of the attempt must not make the other stay.
 */
static void test_childless_goes(void **state)
{
	struct pair_datagram d, from_a, from_b;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	set_proposals(&p, &p.b, &p.a, IKE_DEFAULT, "aes256-sha256");
	pair_initiate(&p, &p.a);
	pair_initiate(&p, &p.b);
	for (int i = 0; i < 2; i++) {
		assert_true(pair_take(&p.a, &from_a));
		assert_true(pair_take(&p.b, &from_b));
		pair_give(&p, &p.b, &from_a);
		pair_give(&p, &p.a, &from_b);
		if (i == 1)
			break;
		assert_true(pair_take(&p.a, &from_a));
		assert_true(pair_take(&p.b, &from_b));
		pair_give(&p, &p.b, &from_a);
		pair_give(&p, &p.a, &from_b);
	}
	/* A refuses B's attempt; from here on A is silent. */
	assert_true(pair_take(&p.a, &from_a));
	pair_give(&p, &p.b, &from_a);
	for (int i = 0; i < 600; i++) {
		pair_sleep(&p, USEC_PER_S / 10, false);
		while (pair_take(&p.a, &d) || pair_take(&p.b, &d))
			;
	}
	assert_int_equal(pair_info(&p.b).phase, IKE_PHASE_NONE);
	pair_fini(&p);
}

/* <-- HDR, N(INVALID_KE_PAYLOAD, ecp256): A begins again with the group that B wants. */
static void test_invalid_ke(void **state)
{
	struct pair p;

	pair_init(&p, "aes128gcm16-prfsha256-curve25519-ecp256", ESP_DEFAULT);
	set_proposals(&p, &p.b, &p.a, "aes128gcm16-prfsha256-ecp256", ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	pair_assert_up(&p);
	assert_int_equal(pair_counted(&p.b, IKE_R_INVALID_KE), 1);
	assert_string_equal(pair_info(&p.a).ike_proposal, "aes128gcm16-prfsha256-ecp256");
	pair_fini(&p);
}

/* A forged INVALID_KE_PAYLOAD asks for a group that A never offered: counted, and nothing else. */
static void test_forged_group_is_ignored(void **state)
{
	struct pair_datagram d, forged;
	struct ike_build build;
	struct ike_notify notify = {.type = IKE_NOTIFY_INVALID_KE_PAYLOAD,
				    .data = {(const uint8_t *)"\0\x0e", 2}};
	struct ike_hdr hdr;
	struct wr wr;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	assert_true(pair_take(&p.a, &d));
	hdr = pair_header(&d);
	hdr.flags = IKE_FLAG_RESPONSE;
	forged = (struct pair_datagram){.from = d.to, .to = d.from};
	wr = wr_of(forged.data, sizeof(forged.data));
	ike_build_start(&build, &wr, &hdr);
	ike_build_payload(&build, IKE_PAYLOAD_NOTIFY, false);
	ike_notify_encode(&wr, &notify);
	ike_build_end(&build);
	forged.len = wr.len;
	pair_give(&p, &p.a, &forged);
	assert_int_equal(p.a.queued, 0);
	assert_int_equal(pair_counted(&p.a, IKE_R_BAD_SYNTAX), 1);
	pair_give(&p, &p.b, &d);
	pair_run(&p);
	pair_assert_up(&p);
	pair_fini(&p);
}

static void flood(struct pair *p, unsigned int n)
{
	struct pair_datagram init;

	pair_initiate(p, &p->a);
	assert_true(pair_take(&p->a, &init));
	for (unsigned int i = 0; i < n; i++) {
		struct pair_datagram d = init;

		d.data[0] = 0xf0;
		d.data[1] = (uint8_t)(i >> 8);
		d.data[2] = (uint8_t)i;
		pair_give(p, &p->b, &d);
		while (pair_take(&p->b, &d))
			;
	}
	pair_give(p, &p->b, &init);
}

/* <-- HDR, N(COOKIE)   HDR, N(COOKIE), SAi1, KEi, Ni --> */
static void test_cookie_under_load(void **state)
{
	struct ike_counters counters;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	flood(&p, 3000);
	ike_engine_counters(p.b.engine, &counters);
	assert_int_equal(counters.half_open, LIMIT_HALF_OPEN_COOKIE_AT);
	assert_in_range(counters.cookies_sent, 2900, 3000);
	pair_run(&p);
	pair_sleep(&p, LIMIT_COOKIE_HOLD_MS * USEC_PER_MS, true);
	pair_assert_up(&p);
	pair_sleep(&p, (LIMIT_HALF_OPEN_S + 1) * USEC_PER_S, true);
	ike_engine_counters(p.b.engine, &counters);
	assert_int_equal(counters.half_open, 0);
	assert_int_equal(counters.ike_sas, 1);
	pair_fini(&p);
}

static void test_liveness(void **state)
{
	struct pair_datagram d;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	handshake(&p);
	assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	/* HDR, SK {} --> */
	assert_true(pair_take(&p.a, &d));
	pair_give(&p, &p.b, &d);
	p.now = instant_add(p.now, 3 * USEC_PER_MS);
	/* <-- HDR, SK {} */
	arrow(&p, &p.b, &p.a, IKE_EXCHANGE_INFORMATIONAL, true);
	assert_int_equal(p.a.heard, 1);
	assert_int_equal(p.b.heard, 1);
	assert_int_equal(pair_info(&p.a).srtt_us, 3 * USEC_PER_MS);
	/* The same request again gets the same answer and proves nothing new. */
	pair_give(&p, &p.b, &d);
	assert_int_equal(p.b.heard, 1);
	assert_int_equal(p.b.queued, 1);
	pair_fini(&p);
}

/* The same, but A has nothing to ask: B follows its ESP. A, behind the NAT, believes in no such thing, nor do two without any NAT. */
static void test_nat_mapping_changes_under_esp(void **state)
{
	struct endpoint elsewhere;
	struct pair p;

	for (int natted = 0; natted < 2; natted++) {
		pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
		if (natted)
			force_nat(&p, &p.a, &p.b);
		handshake(&p);
		elsewhere = pair_info(&p.b).remote;
		assert_false(ike_child_peer_moved(p.b.engine, p.b.child.child_id, &elsewhere));
		elsewhere.port = 61234;
		assert_false(ike_child_peer_moved(p.b.engine, p.b.child.child_id + 1, &elsewhere));
		assert_int_equal(ike_child_peer_moved(p.b.engine, p.b.child.child_id, &elsewhere), natted);
		assert_false(ike_child_peer_moved(p.a.engine, p.a.child.child_id, &elsewhere));
		pair_drain(&p, &p.b);
		assert_int_equal(p.b.moved, natted);
		assert_int_equal(pair_info(&p.b).remote.port == 61234, natted);
		pair_run(&p);
		pair_fini(&p);
	}
}

/* The NAT in front of A gives it another port: B follows A's next request, but not what somebody plays again. */
static void test_nat_mapping_changes(void **state)
{
	struct pair_datagram d, again;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	force_nat(&p, &p.a, &p.b);
	handshake(&p);
	assert_int_equal(pair_info(&p.b).remote.port, IKE_NATT_PORT);
	assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	assert_true(pair_take(&p.a, &d));
	again = d;
	d.from.port = 61234;
	pair_give(&p, &p.b, &d);
	assert_int_equal(pair_info(&p.b).remote.port, 61234);
	assert_int_equal(p.b.moved, 1);
	assert_int_equal(p.b.moved_to.port, 61234);
	again.from.port = 666;
	pair_give(&p, &p.b, &again);
	assert_int_equal(pair_info(&p.b).remote.port, 61234);
	assert_int_equal(p.b.moved, 1);
	pair_run(&p);
	pair_fini(&p);
}

static void test_liveness_pace(void **state)
{
	unsigned int fast;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	handshake(&p);
	ike_probe(p.a.engine, PAIR_CONN, p.now);
	pair_drain(&p, &p.a);
	pair_run(&p);
	/* The path dies: five transmissions by the round-trip time, then slower and slower, then the end. */
	ike_probe(p.a.engine, PAIR_CONN, p.now);
	pair_drain(&p, &p.a);
	pair_sleep(&p, 250 * USEC_PER_MS, false);
	fast = p.a.queued;
	assert_int_equal(fast, 5);
	p.a.queued = 0;
	pair_sleep(&p, 10 * USEC_PER_S, false);
	assert_in_range(p.a.queued, 6, 12);
	p.a.queued = 0;
	for (int i = 0; i < 20; i++) {
		pair_sleep(&p, 10 * USEC_PER_S, false);
		p.a.queued = 0;
	}
	assert_int_equal(p.a.down_reason, IKE_R_TIMEOUT);
	assert_int_equal(p.a.children, 0);
	assert_int_equal(pair_info(&p.a).phase, IKE_PHASE_NONE);
	pair_fini(&p);
}

static void test_delete(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	handshake(&p);
	ike_terminate(p.a.engine, PAIR_CONN, IKE_R_DELETED_BY_US, p.now);
	pair_drain(&p, &p.a);
	assert_int_equal(p.a.children, 0);
	/* HDR, SK {D} -->   <-- HDR, SK {} */
	arrow(&p, &p.a, &p.b, IKE_EXCHANGE_INFORMATIONAL, false);
	assert_int_equal(p.b.children, 0);
	assert_int_equal(p.b.down_reason, IKE_R_DELETED_BY_PEER);
	arrow(&p, &p.b, &p.a, IKE_EXCHANGE_INFORMATIONAL, true);
	pair_sleep(&p, 30 * USEC_PER_S, true);
	assert_true(instant_is_never(ike_engine_next_expiry(p.a.engine)));
	assert_true(instant_is_never(ike_engine_next_expiry(p.b.engine)));
	pair_fini(&p);
}

/* Both begin at the same moment: one pair is left, the same on both ends. */
static void test_simultaneous(void **state)
{
	for (int seed = 0; seed < 16; seed++) {
		struct pair p;

		pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
		p.a.seed += (uint64_t)seed * 1000;
		pair_initiate(&p, &p.a);
		pair_initiate(&p, &p.b);
		pair_run(&p);
		pair_sleep(&p, 60 * USEC_PER_S, true);
		assert_int_equal(pair_info(&p.a).phase, IKE_PHASE_ESTABLISHED);
		assert_int_equal(pair_info(&p.a).spi_i, pair_info(&p.b).spi_i);
		assert_int_equal(p.a.children, 1);
		assert_int_equal(p.b.children, 1);
		assert_int_equal(p.a.ike_down + p.b.ike_down, 0);
		pair_fini(&p);
	}
}

/* B restarts without a word and comes back: INITIAL_CONTACT makes A forget the old pair at once. */
static void test_restart(void **state)
{
	struct ike_conn_cfg *cfg;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	handshake(&p);
	pair_sleep(&p, 5 * USEC_PER_S, true);
	ike_engine_free(p.b.engine);
	p.b.children = 0;
	p.b.engine = ike_engine_new(&p.b.host, p.now);
	cfg = pair_cfg(&p.b, &p.a, IKE_DEFAULT, ESP_DEFAULT);
	ike_conn_set(p.b.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	pair_initiate(&p, &p.b);
	pair_run(&p);
	pair_assert_up(&p);
	assert_int_equal(p.a.added, 2);
	assert_int_equal(p.a.ike_down, 0);
	pair_fini(&p);
}

static void test_dataplane_refuses(void **state)
{
	struct pair p;

	for (int who = 0; who < 2; who++) {
		pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
		(who ? &p.a : &p.b)->refuse_child = ENOMEM;
		pair_initiate(&p, &p.a);
		pair_run(&p);
		pair_sleep(&p, 30 * USEC_PER_S, true);
		assert_int_equal(pair_info(&p.a).phase, IKE_PHASE_NONE);
		assert_int_equal(pair_info(&p.b).phase, IKE_PHASE_NONE);
		assert_int_equal(p.a.children + p.b.children, 0);
		pair_fini(&p);
	}
}

/* Every byte of every message of the handshake bent, one by one: never accepted, never fatal; the true one still wins. */
static void test_bent_bytes(void **state)
{
	for (int message = 1; message < 4; message++) {
		struct pair_datagram d;
		struct pair_side *to;
		struct pair p;

		pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
		pair_initiate(&p, &p.a);
		for (int i = 0; i < message; i++) {
			struct pair_side *from = i % 2 ? &p.b : &p.a;

			assert_true(pair_take(from, &d));
			pair_give(&p, i % 2 ? &p.a : &p.b, &d);
		}
		assert_true(pair_take(message % 2 ? &p.b : &p.a, &d));
		to = message % 2 ? &p.a : &p.b;
		/* IKE_SA_INIT's answer is not protected; everything sealed is. */
		for (size_t i = 0; message > 1 && i < d.len; i++) {
			struct pair_datagram bent = d;

			bent.data[i] ^= 0x40;
			pair_give(&p, to, &bent);
			assert_int_equal(to->added, 0);
		}
		for (size_t n = 0; n < d.len; n++) {
			struct pair_datagram cut = d;

			cut.len = n;
			pair_give(&p, to, &cut);
			assert_int_equal(to->added, 0);
		}
		to->queued = 0;
		pair_give(&p, to, &d);
		pair_run(&p);
		pair_assert_up(&p);
		pair_fini(&p);
	}
}

/* Major version 3, RFC 7296 2.5: one answer each, but only so many a second. */
static void test_wrong_version(void **state)
{
	struct pair_datagram d;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	assert_true(pair_take(&p.a, &d));
	d.data[17] = 0x30;
	for (int i = 0; i < 1000; i++) {
		struct pair_datagram answer;

		pair_give(&p, &p.b, &d);
		if (!pair_take(&p.b, &answer))
			continue;
		assert_int_equal(answer.data[17], IKE_VERSION);
		assert_true(answer.len <= d.len);
	}
	assert_int_equal(pair_counted(&p.b, IKE_R_BAD_VERSION), 1000);
	assert_int_equal(pair_counted(&p.b, IKE_R_RATE_LIMIT), 1000 - LIMIT_UNAUTH_ANSWERS_PER_S);
	pair_fini(&p);
}

/* Somebody whom no connection knows. */
static void test_stranger(void **state)
{
	struct pair_datagram d;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	assert_true(pair_take(&p.a, &d));
	str2ipaddr("192.0.2.99", &d.from.addr);
	pair_give(&p, &p.b, &d);
	assert_int_equal(pair_counted(&p.b, IKE_R_NO_CONNECTION), 1);
	assert_int_equal(p.b.queued, 1);
	pair_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_handshake),
		T(test_every_suite),
		T(test_moves_to_4500),
		T(test_each_message_lost),
		T(test_nobody_answers),
		T(test_wrong_secret),
		T(test_wrong_identity),
		T(test_no_common_ike_proposal),
		T(test_no_common_esp_proposal),
		T(test_childless_goes),
		T(test_invalid_ke),
		T(test_forged_group_is_ignored),
		T(test_cookie_under_load),
		T(test_liveness),
		T(test_nat_that_is_there),
		T(test_nat_mapping_changes),
		T(test_nat_mapping_changes_under_esp),
		T(test_liveness_pace),
		T(test_delete),
		T(test_simultaneous),
		T(test_restart),
		T(test_dataplane_refuses),
		T(test_bent_bytes),
		T(test_wrong_version),
		T(test_stranger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
