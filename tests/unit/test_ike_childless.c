// SPDX-License-Identifier: GPL-2.0-or-later
/* IKE SAs without a Child SA: RFC 6023 as responder, Child SAs that are refused or deleted and asked for again, by one end or by both. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_pair.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/ike/ike_auth.h"
#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_id.h"

#define IKE_DEFAULT "aes128gcm16-prfsha256-curve25519"
/* More than one suite, so that the request is the longer one. */
#define IKE_LONGER  "aes256gcm16-aes128gcm16-prfsha256-curve25519"
#define ESP_DEFAULT "aes128gcm16"
#define ESP_OTHER   "aes256-sha256"

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

static struct ike_sa *sa_of(const struct pair_side *side)
{
	struct ike_conn *conn = ike_conn_find(side->engine, PAIR_CONN);
	struct ike_sa *sa = ike_conn_up(conn);

	return sa ? sa : ike_conn_attempt(conn);
}

static void set_esp(struct ike_conn_cfg *cfg, const char *esp)
{
	char err[256];

	assert_true(ike_proposal_parse(IKE_PROTO_ESP, esp, &cfg->esp[0], err, sizeof(err)));
}

/* A and B have nothing in common for ESP; `passive` ends never begin anything but this. Returns B's configuration, with a reference. */
static struct ike_conn_cfg *start(struct pair *p, bool a_passive, bool b_passive)
{
	struct ike_conn_cfg *cfg;

	pair_init(p, IKE_DEFAULT, ESP_DEFAULT);
	cfg = pair_cfg(&p->a, &p->b, IKE_DEFAULT, ESP_DEFAULT);
	cfg->passive = a_passive;
	ike_conn_set(p->a.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	cfg = pair_cfg(&p->b, &p->a, IKE_DEFAULT, ESP_OTHER);
	cfg->passive = b_passive;
	ike_conn_set(p->b.engine, PAIR_CONN, cfg);
	return cfg;
}

static void assert_childless(const struct pair *p, uint64_t spi_i)
{
	assert_int_equal(pair_info(&p->a).phase, IKE_PHASE_ESTABLISHED);
	assert_int_equal(pair_info(&p->b).phase, IKE_PHASE_ESTABLISHED);
	assert_int_equal(pair_info(&p->a).spi_i, spi_i);
	assert_true(pair_info(&p->a).childless);
	assert_true(pair_info(&p->b).childless);
	assert_int_equal(p->a.children + p->b.children, 0);
}

/*
 * PFS with groups that have nothing in common: IKE_AUTH, where there is no key exchange, agrees (1.2), CREATE_CHILD_SA never does. When the
 * Child SA is deleted, only another IKE SA brings one.
 */
static void test_pfs_differs(void **state)
{
	struct ike_conn_cfg *cfg;
	struct child_sa *child;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	cfg = pair_cfg(&p.b, &p.a, IKE_DEFAULT, ESP_DEFAULT "-ecp256");
	cfg->passive = true;
	ike_conn_set(p.b.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	cfg = pair_cfg(&p.a, &p.b, IKE_DEFAULT, ESP_DEFAULT "-curve25519");
	ike_conn_set(p.a.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	pair_assert_up(&p);
	child = ike_sa_child(sa_of(&p.a));
	child_sa_retire(child, IKE_R_EXPIRED);
	ike_sa_continue(sa_of(&p.a), p.now);
	ike_sa_rearm(sa_of(&p.a));
	pair_drain(&p, &p.a);
	pair_sleep(&p, 120 * USEC_PER_S, true);
	assert_int_equal(p.a.ike_down, 1);
	assert_int_equal(pair_info(&p.a).phase, IKE_PHASE_NONE);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	assert_int_equal(p.a.children, 1);
	pair_fini(&p);
}

/* Refused in IKE_AUTH, and again, at a pace; then the peer's operator mends it, and it comes up on the same IKE SA. */
static void test_refused(void **state)
{
	for (int passive = 0; passive < 3; passive++) {
		struct ike_conn_cfg *cfg;
		struct ike_counters counters;
		uint64_t spi_i, asked;
		struct pair p;

		cfg = start(&p, passive == 1, passive == 2);
		pair_initiate(&p, &p.a);
		pair_run(&p);
		spi_i = pair_info(&p.a).spi_i;
		assert_childless(&p, spi_i);
		assert_int_equal(pair_info(&p.a).last_failure, IKE_R_PEER_NO_PROPOSAL);
		assert_int_equal(pair_info(&p.b).last_failure, IKE_R_NO_PROPOSAL);
		assert_non_null(strstr(pair_info(&p.b).last_failure_detail, ESP_OTHER));
		pair_sleep(&p, 600 * USEC_PER_S, true);
		assert_childless(&p, spi_i);
		ike_engine_counters((passive == 1 ? &p.b : &p.a)->engine, &counters);
		asked = counters.reasons[IKE_R_PEER_NO_PROPOSAL];
		/* 5 s, 10 s, ... 60 s and a quarter at most. */
		assert_in_range(asked, 8, 14);
		set_esp(cfg, ESP_DEFAULT);
		pair_sleep(&p, 80 * USEC_PER_S, true);
		pair_assert_up(&p);
		assert_int_equal(pair_info(&p.a).spi_i, spi_i);
		assert_false(pair_info(&p.a).childless);
		assert_false(pair_info(&p.b).childless);
		ike_conn_cfg_unref(cfg);
		pair_fini(&p);
	}
}

static void test_selectors_refused(void **state)
{
	struct ike_conn_cfg *cfg;
	struct pair p;

	cfg = start(&p, false, true);
	set_esp(cfg, ESP_DEFAULT);
	assert_int_equal(str2ipaddr("192.0.2.1", &cfg->ts_local.ts[0].start), 0);
	cfg->ts_local.ts[0].end = cfg->ts_local.ts[0].start;
	cfg->ts_local.n = 1;
	cfg->ts_remote = cfg->ts_local;
	pair_initiate(&p, &p.a);
	/* A has other selectors than what B offers a way to narrow to. */
	ike_conn_find(p.a.engine, PAIR_CONN)->cfg->ts_local = (struct ts_list){};
	assert_int_equal(str2ipaddr("198.51.100.1", &sa_of(&p.a)->cfg->ts_local.ts[0].start), 0);
	sa_of(&p.a)->cfg->ts_local.ts[0].end = sa_of(&p.a)->cfg->ts_local.ts[0].start;
	sa_of(&p.a)->cfg->ts_local.ts[0].port_end = UINT16_MAX;
	sa_of(&p.a)->cfg->ts_local.n = 1;
	pair_run(&p);
	assert_childless(&p, pair_info(&p.a).spi_i);
	assert_int_equal(pair_info(&p.a).last_failure, IKE_R_PEER_TS_UNACCEPTABLE);
	ts_list_any(&cfg->ts_local);
	ts_list_any(&cfg->ts_remote);
	pair_sleep(&p, 10 * USEC_PER_S, true);
	pair_assert_up(&p);
	ike_conn_cfg_unref(cfg);
	pair_fini(&p);
}

/* Renewed in the meantime: the new IKE SA goes on asking. */
static void test_rekeyed_meanwhile(void **state)
{
	struct ike_conn_cfg *cfg;
	struct pair p;

	for (int who = 0; who < 2; who++) {
		cfg = start(&p, false, true);
		pair_initiate(&p, &p.a);
		pair_run(&p);
		assert_true(ike_rekey_ike((who ? &p.b : &p.a)->engine, PAIR_CONN, p.now));
		pair_drain(&p, who ? &p.b : &p.a);
		pair_run(&p);
		pair_sleep(&p, 40 * USEC_PER_S, true);
		assert_childless(&p, pair_info(&p.a).spi_i);
		set_esp(cfg, ESP_DEFAULT);
		pair_sleep(&p, 80 * USEC_PER_S, true);
		pair_assert_up(&p);
		ike_conn_cfg_unref(cfg);
		pair_fini(&p);
	}
}

/* Two that only answer: nobody asks, so it is closed. */
static void test_nobody_asks(void **state)
{
	struct pair p;

	ike_conn_cfg_unref(start(&p, true, true));
	pair_initiate(&p, &p.a);
	pair_run(&p);
	assert_childless(&p, pair_info(&p.a).spi_i);
	pair_sleep(&p, 300 * USEC_PER_S, true);
	assert_int_equal(pair_info(&p.a).phase, IKE_PHASE_NONE);
	assert_int_equal(pair_info(&p.b).phase, IKE_PHASE_NONE);
	pair_fini(&p);
}

/* The tunnel is renewed beside one that carries: an IKE SA whose Child SA is refused then is closed, and the other stays. */
static void test_beside_another(void **state)
{
	struct ike_conn_cfg *cfg;
	struct endpoint local, remote;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	pair_assert_up(&p);
	cfg = pair_cfg(&p.b, &p.a, IKE_DEFAULT, ESP_OTHER);
	ike_conn_set(p.b.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	local = (struct endpoint){p.a.addr, IKE_PORT};
	remote = (struct endpoint){p.b.addr, IKE_PORT};
	ike_init_start(ike_conn_find(p.a.engine, PAIR_CONN), &local, &remote, p.now);
	pair_drain(&p, &p.a);
	pair_run(&p);
	pair_sleep(&p, 30 * USEC_PER_S, true);
	pair_assert_up(&p);
	assert_int_equal(p.a.child_down + p.b.child_down, 0);
	pair_fini(&p);
}

static void delete_last(struct pair *p, struct pair_side *side)
{
	struct ike_sa *sa = sa_of(side);

	child_sa_retire(ike_sa_child(sa), IKE_R_EXPIRED);
	ike_sa_continue(sa, p->now);
	ike_sa_rearm(sa);
	pair_drain(p, side);
	pair_run(p);
}

/* HDR, SK {D(last)} -->, from either end: soon there is another, on the same IKE SA. */
static void test_last_is_deleted(void **state)
{
	for (int who = 0; who < 2; who++) {
		uint64_t spi_i;
		struct pair p;

		pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
		pair_initiate(&p, &p.a);
		pair_run(&p);
		spi_i = pair_info(&p.a).spi_i;
		delete_last(&p, who ? &p.b : &p.a);
		assert_childless(&p, spi_i);
		assert_int_equal(pair_info(who ? &p.a : &p.b).last_failure, IKE_R_CHILD_DELETED_BY_PEER);
		pair_sleep(&p, 10 * USEC_PER_S, true);
		pair_assert_up(&p);
		assert_int_equal(pair_info(&p.a).spi_i, spi_i);
		assert_int_equal(p.a.added, 2);
		pair_fini(&p);
	}
}

/* A peer that makes Child SAs only with the IKE SA says NO_ADDITIONAL_SAS: begin anew. */
static void test_no_additional(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	delete_last(&p, &p.b);
	p.b.refuse_child = ENOMEM;
	pair_sleep(&p, 2 * USEC_PER_S, true);
	assert_int_equal(pair_info(&p.a).phase, IKE_PHASE_NONE);
	assert_int_equal(p.a.ike_down, 1);
	pair_sleep(&p, 20 * USEC_PER_S, true);
	assert_int_equal(pair_info(&p.b).phase, IKE_PHASE_NONE);
	pair_fini(&p);
}

/* Our own data plane refuses it for a while: the peer is told, and it is asked for again. */
static void test_own_dataplane(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	delete_last(&p, &p.b);
	p.a.refuse_child = ENOMEM;
	pair_sleep(&p, 2 * USEC_PER_S, true);
	assert_int_equal(pair_info(&p.a).last_failure, IKE_R_DATAPLANE);
	assert_true(pair_info(&p.a).childless);
	p.a.refuse_child = 0;
	pair_sleep(&p, 30 * USEC_PER_S, true);
	pair_assert_up(&p);
	pair_fini(&p);
}

static void ask_now(struct pair *p, struct pair_side *side)
{
	struct ike_sa *sa = sa_of(side);

	ike_childless_due(sa, p->now);
	ike_sa_continue(sa, p->now);
	ike_sa_rearm(sa);
	pair_drain(p, side);
}

static void give_next(struct pair *p, struct pair_side *from, struct pair_side *to)
{
	struct pair_datagram d;

	assert_true(pair_take(from, &d));
	pair_give(p, to, &d);
}

/* Both ask at once, and the four datagrams come in every order that there is: one pair is left, the same at both ends. */
static void test_both_ask(void **state)
{
	for (int order = 0; order < 4; order++) {
		struct pair p;

		pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
		pair_initiate(&p, &p.a);
		pair_run(&p);
		delete_last(&p, &p.b);
		ask_now(&p, &p.a);
		ask_now(&p, &p.b);
		if (order == 0) {
			/* A's request is slow: B has its own answered already. */
			struct pair_datagram slow;

			assert_true(pair_take(&p.a, &slow));
			give_next(&p, &p.b, &p.a);
			give_next(&p, &p.a, &p.b);
			pair_give(&p, &p.b, &slow);
		} else if (order == 1) {
			struct pair_datagram slow;

			assert_true(pair_take(&p.b, &slow));
			give_next(&p, &p.a, &p.b);
			give_next(&p, &p.b, &p.a);
			pair_give(&p, &p.a, &slow);
		} else {
			/* Both requests first, then the answers. */
			struct pair_datagram a, b;

			assert_true(pair_take(&p.a, &a));
			assert_true(pair_take(&p.b, &b));
			pair_give(&p, order == 2 ? &p.b : &p.a, order == 2 ? &a : &b);
			pair_give(&p, order == 2 ? &p.a : &p.b, order == 2 ? &b : &a);
		}
		pair_run(&p);
		pair_sleep(&p, 60 * USEC_PER_S, true);
		pair_assert_up(&p);
		pair_fini(&p);
	}
}

/* --- RFC 6023 -------------------------------------------------------------------------------------------- */

/* A's IKE_AUTH as one that wants no Child SA has it: written here, as our initiator never does so. */
static void auth_without_child(struct pair *p)
{
	struct ike_sa *sa = sa_of(&p->a);
	struct ike_handshake *hs = sa->hs;
	uint8_t raw[64];
	struct wr wr = wr_of(raw, sizeof(raw));
	struct secret value = {};
	struct ike_auth auth = {.method = IKE_AUTH_SHARED_KEY};
	struct ike_id_cfg cfg;
	struct ike_draft draft;
	struct ike_id id;

	ike_id_of_addr(&p->a.addr, &cfg);
	id = ike_id_payload(&cfg);
	ike_id_encode(&wr, &id);
	ike_auth_psk(sa->suite.prf, secret_view(&sa->cfg->psk), secret_view(&hs->init_request),
		     secret_view(&hs->nonce_r), &sa->keys.pi, wr_bytes_view(&wr), bytes_make(NULL, 0), &value);
	auth.value = secret_view(&value);
	sa->window.request.active = false;
	sa->window.next_id = 1;
	ike_draft_request(&draft, sa, IKE_EXCHANGE_AUTH);
	ike_build_payload(&draft.build, IKE_PAYLOAD_IDI, false);
	ike_id_encode(&draft.wr, &id);
	ike_build_payload(&draft.build, IKE_PAYLOAD_AUTH, false);
	ike_auth_encode(&draft.wr, &auth);
	assert_true(ike_draft_send_request(&draft, IKE_PACE_HANDSHAKE, p->now));
	secret_fini(&value);
}

/* A takes the answer as such an initiator would. */
static void a_is_up(struct pair *p)
{
	struct ike_sa *sa = sa_of(&p->a);

	ike_window_answered(&sa->window, p->now);
	ike_sa_established(sa, p->now);
	ike_sa_handshake_done(sa);
	ike_sa_rearm(sa);
}

static bool announces(const struct pair_datagram *d, uint16_t type)
{
	const uint8_t notify[] = {0, 0, 8, 0, 0, type >> 8, type & 0xff};

	return memmem(d->data, d->len, notify, sizeof(notify)) != NULL;
}

/* B has announced it, and is up without a Child SA. */
static void up_childless(struct pair *p)
{
	struct ike_conn_cfg *cfg = pair_cfg(&p->a, &p->b, IKE_LONGER, ESP_DEFAULT);
	struct pair_datagram d;

	ike_conn_set(p->a.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	pair_initiate(p, &p->a);
	give_next(p, &p->a, &p->b);
	assert_true(pair_take(&p->b, &d));
	assert_true(announces(&d, IKE_NOTIFY_CHILDLESS_IKEV2_SUPPORTED));
	ike_engine_input(p->a.engine, &d.to, &d.from, bytes_make(d.data, d.len), p->now);
	auth_without_child(p);
	pair_drain(p, &p->a);
	/* What our initiator had sent is not delivered. */
	assert_true(pair_take(&p->a, &d));
	give_next(p, &p->a, &p->b);
	assert_true(pair_take(&p->b, &d));
	assert_int_equal(p->b.ike_up, 1);
	assert_int_equal(p->b.added, 0);
	assert_true(pair_info(&p->b).childless_by_peer);
	a_is_up(p);
}

/* An answer is not longer than its request, to an address that has proved nothing. */
static void test_announced_where_there_is_room(void **state)
{
	struct pair_datagram request, answer;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	assert_true(pair_take(&p.a, &request));
	pair_give(&p, &p.b, &request);
	assert_true(pair_take(&p.b, &answer));
	assert_true(answer.len <= request.len);
	assert_false(announces(&answer, IKE_NOTIFY_CHILDLESS_IKEV2_SUPPORTED));
	pair_fini(&p);
}

/* The peer makes it, whenever it likes. */
static void test_peer_makes_it_later(void **state)
{
	struct ike_conn_cfg *cfg;
	struct pair p;

	cfg = start(&p, false, true);
	set_esp(cfg, ESP_DEFAULT);
	up_childless(&p);
	pair_sleep(&p, 3600 * USEC_PER_S, true);
	assert_int_equal(pair_info(&p.b).phase, IKE_PHASE_ESTABLISHED);
	assert_true(ike_create_child_send(sa_of(&p.a), NULL, p.now));
	pair_drain(&p, &p.a);
	pair_run(&p);
	pair_assert_up(&p);
	assert_false(pair_info(&p.b).childless);
	ike_conn_cfg_unref(cfg);
	pair_fini(&p);
}

/* It does not, and we are one that begins: then we ask. */
static void test_we_ask_then(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	up_childless(&p);
	pair_sleep(&p, 5 * USEC_PER_S, true);
	assert_int_equal(p.b.added, 0);
	pair_sleep(&p, 20 * USEC_PER_S, true);
	pair_assert_up(&p);
	pair_fini(&p);
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_refused),
		T(test_pfs_differs),
		T(test_selectors_refused),
		T(test_nobody_asks),
		T(test_rekeyed_meanwhile),
		T(test_beside_another),
		T(test_last_is_deleted),
		T(test_no_additional),
		T(test_own_dataplane),
		T(test_both_ask),
		T(test_announced_where_there_is_room),
		T(test_peer_makes_it_later),
		T(test_we_ask_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
