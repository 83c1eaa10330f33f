// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What RFC 7296 asks of us about exchanges and SAs, as far as no other test tells it. The table of all such sentences is doc/rfc/7296.md;
 * those about messages are in test_ike_musts.c.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_craft.h"

#define UNKNOWN_ERROR 9999

/* 2.1, 2.2: a request comes again to the letter; its answer comes again only when the request does. */
static void test_retransmissions(void **state)
{
	struct pair_datagram request, again, answer;
	struct pair p;

	up(&p);
	assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	request = pair_taken(&p.a, IKE_EXCHANGE_INFORMATIONAL, false);
	pair_give(&p, &p.b, &request);
	answer = pair_taken(&p.b, IKE_EXCHANGE_INFORMATIONAL, true);
	pair_sleep(&p, 5 * USEC_PER_S, false);
	assert_true(p.a.queued > 2);
	assert_int_equal(p.b.queued, 0);
	while (pair_take(&p.a, &again)) {
		assert_int_equal(again.len, request.len);
		assert_memory_equal(again.data, request.data, request.len);
	}
	pair_give(&p, &p.b, &request);
	assert_true(pair_take(&p.b, &again));
	assert_int_equal(again.len, answer.len);
	assert_memory_equal(again.data, answer.data, answer.len);
	pair_give(&p, &p.a, &again);
	pair_assert_up(&p);
	pair_fini(&p);
}

static struct bytes init_payload(const struct pair_datagram *d, struct ike_msg *msg, uint8_t type)
{
	const struct ike_payload *payload;
	uint8_t bad;

	assert_int_equal(ike_msg_decode(bytes_make(d->data, d->len), msg, &bad), IKE_R_OK);
	payload = ike_payloads_find(&msg->outer, type);
	assert_non_null(payload);
	return rd_rest(&payload->body);
}

static void assert_same(const struct pair_datagram *a, const struct pair_datagram *b, uint8_t type)
{
	struct ike_msg first, second;

	assert_true(bytes_equal(init_payload(a, &first, type), init_payload(b, &second, type)));
}

/* Behind the first payload of `after` comes all that `before` was. */
static void assert_all_unchanged(const struct pair_datagram *before, const struct pair_datagram *after)
{
	size_t first = (size_t)after->data[IKE_HDR_LEN + 2] << 8 | after->data[IKE_HDR_LEN + 3];

	assert_int_equal(after->len, before->len + first);
	assert_memory_equal(after->data + IKE_HDR_LEN + first, before->data + IKE_HDR_LEN,
			    before->len - IKE_HDR_LEN);
}

/* The next datagram of A after a while, and no older one. */
static struct pair_datagram after_a_while(struct pair *p)
{
	p->a.queued = 0;
	pair_sleep(p, USEC_PER_S, false);
	return pair_taken(&p->a, IKE_EXCHANGE_SA_INIT, false);
}

/*
 * 1.2, 2.2, 2.6, 2.6.1: IKE_SA_INIT with a cookie in front is else what it was, with another group it is the same offer and nonce, and
 * keeps the cookie. The message ID stays 0.
 */
static void test_init_again(void **state)
{
	for (int nat_force = 0; nat_force < 2; nat_force++) {
		struct pair_datagram first, with_cookie, with_group, no;
		struct ike_conn_cfg *cfg;
		struct pair p;

		pair_init(&p, IKE_GROUPS, ESP_DEFAULT);
		cfg = pair_cfg(&p.a, &p.b, IKE_GROUPS, ESP_DEFAULT);
		cfg->nat_force = nat_force;
		ike_conn_set(p.a.engine, PAIR_CONN, cfg);
		ike_conn_cfg_unref(cfg);
		pair_initiate(&p, &p.a);
		first = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
		no = refusal(&first, IKE_NOTIFY_COOKIE, bytes_str("a cookie"));
		pair_give(&p, &p.a, &no);
		with_cookie = after_a_while(&p);
		assert_int_equal(with_cookie.data[16], IKE_PAYLOAD_NOTIFY);
		assert_all_unchanged(&first, &with_cookie);
		no = refusal(&with_cookie, IKE_NOTIFY_INVALID_KE_PAYLOAD,
			     bytes_make((const uint8_t *)"\0\x13", 2));
		p.a.queued = 0;
		pair_give(&p, &p.a, &no);
		with_group = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
		assert_int_equal(with_group.data[16], IKE_PAYLOAD_NOTIFY);
		assert_same(&first, &with_group, IKE_PAYLOAD_SA);
		assert_same(&first, &with_group, IKE_PAYLOAD_NONCE);
		assert_int_equal(pair_header(&with_cookie).message_id, 0);
		assert_int_equal(pair_header(&with_group).message_id, 0);
		assert_int_equal(pair_header(&with_group).spi_r, 0);
		pair_fini(&p);
	}
}

/* 2.23: one of the two notifies is enough to see a NAT, and to move to port 4500. */
static void test_one_nat_notify(void **state)
{
	static const uint16_t types[] = {IKE_NOTIFY_NAT_DETECTION_SOURCE_IP,
					 IKE_NOTIFY_NAT_DETECTION_DESTINATION_IP};

	for (int kept = 0; kept < 2; kept++) {
		struct pair_datagram d, bent;
		struct ike_notify notify;
		struct ike_build build;
		struct ike_msg msg;
		struct ike_hdr hdr;
		struct wr wr;
		struct pair p;
		uint8_t bad;

		pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
		pair_initiate(&p, &p.a);
		arrow(&p, &p.a, IKE_EXCHANGE_SA_INIT, false);
		bent = d = pair_taken(&p.b, IKE_EXCHANGE_SA_INIT, true);
		hdr = pair_header(&d);
		assert_int_equal(ike_msg_decode(bytes_make(d.data, d.len), &msg, &bad), IKE_R_OK);
		wr = wr_of(bent.data, sizeof(bent.data));
		ike_build_start(&build, &wr, &hdr);
		for (unsigned int i = 0; i < msg.outer.n; i++) {
			const struct ike_payload *payload = &msg.outer.list[i];
			bool a_notify = payload->type == IKE_PAYLOAD_NOTIFY;

			if (a_notify)
				assert_int_equal(ike_notify_decode(payload->body, &notify), IKE_R_OK);
			if (a_notify && notify.type == types[!kept])
				continue;
			ike_build_payload(&build, payload->type, false);
			wr_bytes(&wr, rd_rest(&payload->body));
			if (a_notify && notify.type == types[kept])
				bent.data[wr.len - 1] ^= 1;
		}
		ike_build_end(&build);
		bent.len = wr.len;
		pair_give(&p, &p.a, &bent);
		d = pair_taken(&p.a, IKE_EXCHANGE_AUTH, false);
		assert_int_equal(d.from.port, IKE_NATT_PORT);
		assert_int_equal(d.to.port, IKE_NATT_PORT);
		pair_fini(&p);
	}
}

/* 2.11: the answer goes to where the request came from, and comes from where that went. */
static void test_answer_goes_back(void **state)
{
	for (int what = 0; what < 3; what++) {
		struct pair_datagram d;
		struct pair p;

		up(&p);
		if (what == 0)
			assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
		else if (what == 1)
			assert_true(ike_rekey_child(p.a.engine, PAIR_CONN, p.now));
		else
			assert_true(ike_rekey_ike(p.a.engine, PAIR_CONN, p.now));
		pair_drain(&p, &p.a);
		assert_true(pair_take(&p.a, &d));
		d.from.port = 40500;
		pair_give(&p, &p.b, &d);
		assert_true(pair_take(&p.b, &d));
		assert_int_equal(d.to.port, 40500);
		assert_int_equal(d.from.port, IKE_PORT);
		pair_fini(&p);
	}
}

/* 2.3: one request at a time, and meanwhile the peer's are answered. */
static void test_window_of_one(void **state)
{
	struct pair_datagram d;
	struct pair p;

	up(&p);
	assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	d = pair_taken(&p.a, IKE_EXCHANGE_INFORMATIONAL, false);
	assert_true(ike_rekey_child(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	assert_int_equal(p.a.queued, 0);
	assert_true(ike_probe(p.b.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.b);
	arrow(&p, &p.b, IKE_EXCHANGE_INFORMATIONAL, false);
	arrow(&p, &p.a, IKE_EXCHANGE_INFORMATIONAL, true);
	assert_int_equal(p.b.heard, 1);
	pair_give(&p, &p.b, &d);
	arrow(&p, &p.b, IKE_EXCHANGE_INFORMATIONAL, true);
	d = pair_taken(&p.a, IKE_EXCHANGE_CREATE_CHILD_SA, false);
	pair_fini(&p);
}

/* 1.3.2, 2.2, 2.8, 2.18: new SPIs, message IDs from 0; the DELETE is the last that the old one says. */
static void test_new_ike_sa_begins_at_zero(void **state)
{
	struct ike_conn_info before;
	struct pair_datagram d;
	struct pair p;

	up(&p);
	before = pair_info(&p.a);
	assert_true(ike_rekey_ike(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	arrow(&p, &p.a, IKE_EXCHANGE_CREATE_CHILD_SA, false);
	arrow(&p, &p.b, IKE_EXCHANGE_CREATE_CHILD_SA, true);
	d = pair_taken(&p.a, IKE_EXCHANGE_INFORMATIONAL, false);
	assert_int_equal(pair_header(&d).spi_i, before.spi_i);
	assert_int_equal(pair_header(&d).message_id, 3);
	pair_give(&p, &p.b, &d);
	pair_run(&p);
	assert_int_not_equal(pair_info(&p.a).spi_i, before.spi_i);
	assert_int_not_equal(pair_info(&p.a).spi_r, before.spi_r);
	for (int who = 0; who < 2; who++) {
		struct pair_side *side = who ? &p.b : &p.a;

		assert_true(ike_probe(side->engine, PAIR_CONN, p.now));
		pair_drain(&p, side);
		d = pair_taken(side, IKE_EXCHANGE_INFORMATIONAL, false);
		assert_int_equal(pair_header(&d).message_id, 0);
		assert_int_equal(pair_header(&d).spi_i, pair_info(&p.a).spi_i);
		assert_int_equal(!!(pair_header(&d).flags & IKE_FLAG_INITIATOR), who == 0);
		pair_give(&p, who ? &p.a : &p.b, &d);
		pair_run(&p);
	}
	pair_fini(&p);
}

/* A CREATE_CHILD_SA request for a Child SA as A would send it, with more in it; its first half. */
static void draft_child(struct pair *p, struct ike_draft *draft)
{
	struct ike_sa *sa = sa_up(&p->a);

	ike_draft_request(draft, sa, IKE_EXCHANGE_CREATE_CHILD_SA);
}

static void draft_child_rest(struct ike_draft *draft)
{
	const struct ike_conn_cfg *cfg = draft->sa->cfg;
	struct ike_sa_payload offer;
	struct secret nonce = {};

	ike_fresh_nonce(draft->sa->engine, &nonce);
	ike_proposal_offer(IKE_PROTO_ESP, cfg->esp, cfg->num_esp, 0x7e57ab1e, 4, true, &offer);
	ike_draft_sa(draft, &offer);
	ike_draft_nonce(draft, &nonce);
	ike_draft_ts(draft, &cfg->ts_local, &cfg->ts_remote);
	secret_fini(&nonce);
}

/* 1.3.1, 2.22: what is wished beside the Child SA is declined by silence: tunnel mode, no compression. */
static void test_wishes_are_declined(void **state)
{
	struct ike_draft draft;
	struct opened o;
	struct pair p;

	up(&p);
	pair_sleep(&p, 10 * USEC_PER_S, true);
	draft_child(&p, &draft);
	ike_draft_notify(&draft, IKE_NOTIFY_USE_TRANSPORT_MODE, bytes_make(NULL, 0));
	ike_draft_notify(&draft, IKE_NOTIFY_IPCOMP_SUPPORTED, bytes_str("\1\1\2"));
	ike_draft_notify(&draft, IKE_NOTIFY_NON_FIRST_FRAGMENTS_ALSO, bytes_make(NULL, 0));
	draft_child_rest(&draft);
	ask(&p, &p.a, &draft);
	answer_of(&p, &o);
	assert_non_null(ike_payloads_find(o.list, IKE_PAYLOAD_SA));
	assert_null(ike_payloads_find(o.list, IKE_PAYLOAD_NOTIFY));
	pair_fini(&p);
}

/* 2.25, 3.10: the answer names the SPI that the request named. */
static void test_child_not_found(void **state)
{
	const struct ike_notify rekey = {
		.proto = IKE_PROTO_ESP, .spi_len = 4, .spi = 0xdeadbeef, .type = IKE_NOTIFY_REKEY_SA};
	struct ike_notify notify;
	struct ike_draft draft;
	struct opened o;
	struct pair p;

	up(&p);
	draft_child(&p, &draft);
	ike_build_payload(&draft.build, IKE_PAYLOAD_NOTIFY, false);
	ike_notify_encode(&draft.wr, &rekey);
	draft_child_rest(&draft);
	ask(&p, &p.a, &draft);
	answer_of(&p, &o);
	assert_int_equal(o.list->n, 1);
	assert_true(ike_turn_notify(&o.turn, IKE_NOTIFY_CHILD_SA_NOT_FOUND, &notify));
	assert_int_equal(notify.proto, IKE_PROTO_ESP);
	assert_int_equal(notify.spi_len, 4);
	assert_int_equal(notify.spi, 0xdeadbeef);
	assert_non_null(sa_up(&p.b));
	pair_fini(&p);
}

/* 3.10.1: an error in an answer means that nothing came of the request, whatever else the answer holds. */
static void test_error_beside_an_answer(void **state)
{
	struct pair_datagram d;
	struct ike_draft draft;
	struct ike_hdr hdr;
	uint32_t before;
	struct pair p;

	up(&p);
	pair_sleep(&p, 10 * USEC_PER_S, true);
	before = pair_info(&p.a).child_id;
	assert_true(ike_rekey_child(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	d = pair_taken(&p.a, IKE_EXCHANGE_CREATE_CHILD_SA, false);
	hdr = pair_header(&d);
	ike_draft_response(&draft, sa_up(&p.b), &hdr);
	draft_child_rest(&draft);
	ike_draft_notify(&draft, UNKNOWN_ERROR, bytes_make(NULL, 0));
	assert_true(ike_draft_send_response(&draft, &sa_up(&p.b)->local, &sa_up(&p.b)->remote));
	pair_drain(&p, &p.b);
	arrow(&p, &p.b, IKE_EXCHANGE_CREATE_CHILD_SA, true);
	assert_int_equal(p.a.added, 1);
	assert_int_equal(pair_info(&p.a).child_id, before);
	pair_fini(&p);
}

static void delete_request(struct ike_draft *draft, uint8_t proto, uint32_t spi)
{
	const struct ike_delete del = {.proto = proto, .num_spis = 1, .spis = {spi}};

	ike_build_payload(&draft->build, IKE_PAYLOAD_DELETE, false);
	ike_delete_encode(&draft->wr, &del);
}

/* 1.4.1, 2.25.1: the answer has the other half of what was deleted, once, and nothing of what was not there. */
static void test_delete_is_answered_by_halves(void **state)
{
	struct ike_conn_info info;
	struct ike_draft draft;
	struct ike_delete del;
	struct opened o;
	struct pair p;

	up(&p);
	info = pair_info(&p.a);
	ike_draft_request(&draft, sa_up(&p.a), IKE_EXCHANGE_INFORMATIONAL);
	delete_request(&draft, IKE_PROTO_ESP, 0xdead0001);
	delete_request(&draft, IKE_PROTO_AH, info.child_spi_in);
	delete_request(&draft, IKE_PROTO_ESP, info.child_spi_in);
	delete_request(&draft, IKE_PROTO_ESP, info.child_spi_in);
	ask(&p, &p.a, &draft);
	answer_of(&p, &o);
	assert_int_equal(o.list->n, 1);
	assert_int_equal(ike_delete_decode(o.list->list[0].body, &del), IKE_R_OK);
	assert_int_equal(del.proto, IKE_PROTO_ESP);
	assert_int_equal(del.num_spis, 1);
	assert_int_equal(del.spis[0], info.child_spi_out);
	assert_int_equal(p.b.children, 0);
	pair_fini(&p);
}

/* 1.4.1: both delete the same pair, the requests cross: no answer has a DELETE. */
static void test_deletes_cross(void **state)
{
	struct pair_datagram from_a, from_b;
	struct opened o;
	struct pair p;

	up(&p);
	child_sa_retire(ike_sa_child(sa_up(&p.a)), IKE_R_EXPIRED);
	child_sa_retire(ike_sa_child(sa_up(&p.b)), IKE_R_EXPIRED);
	ike_sa_continue(sa_up(&p.a), p.now);
	ike_sa_continue(sa_up(&p.b), p.now);
	pair_drain(&p, &p.a);
	pair_drain(&p, &p.b);
	from_a = pair_taken(&p.a, IKE_EXCHANGE_INFORMATIONAL, false);
	from_b = pair_taken(&p.b, IKE_EXCHANGE_INFORMATIONAL, false);
	pair_give(&p, &p.a, &from_b);
	pair_give(&p, &p.b, &from_a);
	from_a = pair_taken(&p.a, IKE_EXCHANGE_INFORMATIONAL, true);
	from_b = pair_taken(&p.b, IKE_EXCHANGE_INFORMATIONAL, true);
	open_for(&p.a, sa_up(&p.a), &from_b, &o);
	assert_int_equal(o.list->n, 0);
	open_for(&p.b, sa_up(&p.b), &from_a, &o);
	assert_int_equal(o.list->n, 0);
	pair_give(&p, &p.a, &from_b);
	pair_give(&p, &p.b, &from_a);
	assert_int_equal(p.a.children + p.b.children, 0);
	pair_fini(&p);
}

/* 2.25: TEMPORARY_FAILURE is not asked again at once, but in two seconds or more. */
static void test_temporary_failure_waits(void **state)
{
	struct pair_datagram d;
	struct ike_draft draft;
	struct ike_hdr hdr;
	struct pair p;

	for (int ike = 0; ike < 2; ike++) {
		up(&p);
		pair_sleep(&p, 10 * USEC_PER_S, true);
		assert_true((ike ? ike_rekey_ike : ike_rekey_child)(p.a.engine, PAIR_CONN, p.now));
		pair_drain(&p, &p.a);
		d = pair_taken(&p.a, IKE_EXCHANGE_CREATE_CHILD_SA, false);
		hdr = pair_header(&d);
		/* B has not seen it: it is to come again. */
		ike_draft_response(&draft, sa_up(&p.b), &hdr);
		ike_draft_notify(&draft, IKE_NOTIFY_TEMPORARY_FAILURE, bytes_make(NULL, 0));
		assert_true(ike_draft_send_response(&draft, &sa_up(&p.b)->local, &sa_up(&p.b)->remote));
		sa_up(&p.b)->window.expected_id++;
		pair_drain(&p, &p.b);
		arrow(&p, &p.b, IKE_EXCHANGE_CREATE_CHILD_SA, true);
		assert_int_equal(p.a.queued, 0);
		pair_sleep(&p, 19 * USEC_PER_S / 10, false);
		assert_int_equal(p.a.queued, 0);
		pair_sleep(&p, 4 * USEC_PER_S, false);
		pair_taken(&p.a, IKE_EXCHANGE_CREATE_CHILD_SA, false);
		pair_fini(&p);
	}
}

/* 2.8: past its lifetime an SA carries nothing, even if the peer that has rekeyed it never deletes it and is never heard again. */
static void test_expired_is_not_used(void **state)
{
	struct ike_conn_cfg *cfg;
	struct child_sa *child;
	struct pair_datagram d;
	uint32_t old;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	cfg = pair_cfg(&p.a, &p.b, IKE_DEFAULT, ESP_DEFAULT);
	cfg->esp_lifetime_s = 3600;
	ike_conn_set(p.a.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	old = pair_info(&p.a).child_spi_in;
	pair_sleep(&p, 3000 * USEC_PER_S, true);
	assert_int_equal(pair_info(&p.a).child_spi_in, old);
	assert_true(ike_rekey_child(p.b.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.b);
	d = pair_taken(&p.b, IKE_EXCHANGE_CREATE_CHILD_SA, false);
	pair_give(&p, &p.a, &d);
	assert_int_equal(p.a.children, 2);
	assert_int_equal(p.a.used, 0);
	for (int i = 0; i < 90; i++) {
		p.now = instant_add(p.now, 10 * USEC_PER_S);
		ike_engine_expire(p.a.engine, p.now);
		pair_drain(&p, &p.a);
		/* B answers what A asks, but asks nothing itself. */
		while (pair_take(&p.a, &d)) {
			pair_give(&p, &p.b, &d);
			while (pair_take(&p.b, &d))
				if (pair_header(&d).flags & IKE_FLAG_RESPONSE)
					pair_give(&p, &p.a, &d);
		}
	}
	assert_non_null(sa_up(&p.a));
	frr_each (ike_sa_children, &sa_up(&p.a)->children, child)
		assert_false(child->spi_in == old && child->state == CHILD_SA_INSTALLED);
	pair_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_retransmissions),	T(test_init_again),
		T(test_one_nat_notify),		T(test_answer_goes_back),
		T(test_window_of_one),		T(test_new_ike_sa_begins_at_zero),
		T(test_wishes_are_declined),	T(test_child_not_found),
		T(test_error_beside_an_answer), T(test_delete_is_answered_by_halves),
		T(test_deletes_cross),		T(test_temporary_failure_waits),
		T(test_expired_is_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
