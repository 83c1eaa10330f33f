// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What RFC 7296 asks of us towards a peer that is not like us: other payloads, in another order, with more in them, and wrong ones. The
 * table of all such sentences is doc/rfc/7296.md; those about SAs are in test_ike_musts_sa.c.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_craft.h"

#define UNKNOWN_PAYLOAD	 200
#define UNKNOWN_EXCHANGE 200
#define UNKNOWN_STATUS	 50000
#define UNKNOWN_ERROR	 9999

/* IKE_SA_INIT of A, its payloads from the last to the first. */
static struct pair_datagram backwards(const struct pair_datagram *d)
{
	struct pair_datagram out = *d;
	struct wr wr = wr_of(out.data, sizeof(out.data));
	struct ike_hdr hdr = pair_header(d);
	struct ike_build build;
	struct ike_msg msg;
	uint8_t bad;

	assert_int_equal(ike_msg_decode(bytes_make(d->data, d->len), &msg, &bad), IKE_R_OK);
	ike_build_start(&build, &wr, &hdr);
	for (unsigned int i = msg.outer.n; i-- > 0;) {
		ike_build_payload(&build, msg.outer.list[i].type, false);
		wr_bytes(&wr, rd_rest(&msg.outer.list[i].body));
	}
	ike_build_end(&build);
	assert_false(wr.failed);
	out.len = wr.len;
	return out;
}

/* 2.5: the order of payloads is no reason to refuse. */
static void test_payloads_in_another_order(void **state)
{
	const struct ike_delete del = {.proto = IKE_PROTO_ESP, .num_spis = 1, .spis = {0xdead0001}};
	struct pair_datagram d;
	struct ike_draft draft;
	struct opened o;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	d = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	d = backwards(&d);
	pair_give(&p, &p.b, &d);
	d = pair_taken(&p.b, IKE_EXCHANGE_SA_INIT, true);
	assert_int_not_equal(pair_header(&d).spi_r, 0);
	pair_fini(&p);

	up(&p);
	ike_draft_request(&draft, sa_up(&p.a), IKE_EXCHANGE_INFORMATIONAL);
	add_payload(&draft, IKE_PAYLOAD_VENDOR, false, bytes_str("any"));
	ike_build_payload(&draft.build, IKE_PAYLOAD_DELETE, false);
	ike_delete_encode(&draft.wr, &del);
	ike_draft_notify(&draft, UNKNOWN_STATUS, bytes_str("x"));
	ask(&p, &p.a, &draft);
	answer_of(&p, &o);
	assert_int_equal(o.list->n, 0);
	assert_non_null(sa_up(&p.b));
	pair_fini(&p);
}

/* 2.5, 3.1, 3.2: reserved bits, the version bit and the minor version mean nothing here, and the answer has none of them. */
static void test_reserved_is_ignored(void **state)
{
	struct pair_datagram d;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	d = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	d.data[17] |= 0x0f;		       /* minor version */
	d.data[19] |= 0xc7 | IKE_FLAG_VERSION; /* flags */
	d.data[IKE_HDR_LEN + 1] |= 0x7f;       /* of the first payload's header */
	pair_give(&p, &p.b, &d);
	d = pair_taken(&p.b, IKE_EXCHANGE_SA_INIT, true);
	assert_int_equal(pair_header(&d).version, IKE_VERSION);
	assert_int_equal(pair_header(&d).flags, IKE_FLAG_RESPONSE);
	assert_int_equal(d.data[IKE_HDR_LEN + 1], 0);
	assert_int_not_equal(pair_header(&d).spi_r, 0);
	pair_fini(&p);
}

/* 2.5: payloads that we do not know are passed over, those too whose numbers others know (49 to 52, RFC 6467 and 9838), and 54. */
static void test_unknown_payloads_are_skipped(void **state)
{
	static const uint8_t types[] = {49, 50, 51, 52, 54, UNKNOWN_PAYLOAD, 1};
	struct pair_datagram d;
	struct ike_draft draft;
	struct opened o;
	struct pair p;

	for (size_t i = 0; i < array_size(types); i++) {
		up(&p);
		ike_draft_request(&draft, sa_up(&p.a), IKE_EXCHANGE_INFORMATIONAL);
		add_payload(&draft, types[i], false, bytes_str("what is this"));
		ike_draft_notify(&draft, UNKNOWN_STATUS, bytes_str("x"));
		ask(&p, &p.a, &draft);
		d = answer_of(&p, &o);
		assert_int_equal(o.list->n, 0);
		assert_non_null(sa_up(&p.b));
		pair_give(&p, &p.a, &d);
		pair_assert_up(&p);
		pair_fini(&p);
	}
}

/* The same in front of the SK payload, where the seal covers it too. */
static void test_unknown_payload_before_the_sealed_one(void **state)
{
	for (int type = 0; type < 2; type++) {
		uint8_t buf[LIMIT_IKE_MSG_OUT];
		struct wr wr = wr_of(buf, sizeof(buf));
		struct pair_datagram d = {};
		struct ike_draft draft;
		struct crypto_box_io io = {};
		struct ike_build build;
		struct ike_sa *sa;
		size_t iv_at, text_at;
		struct pair p;

		up(&p);
		sa = sa_up(&p.a);
		ike_draft_request(&draft, sa, IKE_EXCHANGE_INFORMATIONAL);
		ike_build_start(&build, &wr, &draft.hdr);
		ike_build_payload(&build, type ? IKE_PAYLOAD_VENDOR : UNKNOWN_PAYLOAD, false);
		wr_bytes(&wr, bytes_str("in clear"));
		ike_build_payload(&build, IKE_PAYLOAD_SK, false);
		iv_at = wr.len;
		wr_u64(&wr, ++sa->iv_counter);
		text_at = wr.len;
		wr_u8(&wr, 0);
		io.text_len = 1;
		io.icv = wr_room(&wr, crypto_box_icv_len(sa->seal));
		ike_build_end(&build);
		assert_false(wr.failed);
		io.aad = bytes_make(buf, iv_at);
		io.iv = buf + iv_at;
		io.text = buf + text_at;
		assert_true(crypto_box_seal(sa->seal, &io));
		d.from = sa->local;
		d.from.addr = p.a.addr;
		d.to = sa->remote;
		d.len = wr.len;
		memcpy(d.data, buf, wr.len);
		pair_give(&p, &p.b, &d);
		/* What we do know has no business there. */
		assert_int_equal(p.b.queued, type ? 0 : 1);
		assert_int_equal(pair_counted(&p.b, IKE_R_NOT_ENCRYPTED), type);
		pair_fini(&p);
	}
}

/* 2.5: the answer names the payload, and nothing else of the message was done. */
static void test_unknown_critical_payload(void **state)
{
	const struct ike_delete del = {.proto = IKE_PROTO_IKE};
	struct ike_notify notify;
	struct ike_draft draft;
	struct opened o;
	struct pair p;

	up(&p);
	ike_draft_request(&draft, sa_up(&p.a), IKE_EXCHANGE_INFORMATIONAL);
	ike_build_payload(&draft.build, IKE_PAYLOAD_DELETE, false);
	ike_delete_encode(&draft.wr, &del);
	add_payload(&draft, UNKNOWN_PAYLOAD, true, bytes_str("!"));
	ask(&p, &p.a, &draft);
	answer_of(&p, &o);
	assert_int_equal(o.list->n, 1);
	assert_true(ike_turn_notify(&o.turn, IKE_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD, &notify));
	assert_int_equal(notify.data.n, 1);
	assert_int_equal(notify.data.p[0], UNKNOWN_PAYLOAD);
	assert_false(o.list->list[0].critical);
	assert_non_null(sa_up(&p.b));
	pair_fini(&p);
}

/* A draft in the place of A's IKE_AUTH request. */
static void draft_auth(struct pair *p, struct ike_draft *draft)
{
	struct ike_sa *sa;

	pair_init(p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(p, &p->a);
	arrow(p, &p->a, IKE_EXCHANGE_SA_INIT, false);
	arrow(p, &p->b, IKE_EXCHANGE_SA_INIT, true);
	pair_taken(&p->a, IKE_EXCHANGE_AUTH, false);
	sa = sa_in_state(&p->a, IKE_SA_AUTH_SENT);
	assert_non_null(sa);
	sa->window.next_id = 1;
	ike_draft_request(draft, sa, IKE_EXCHANGE_AUTH);
}

static void auth_is_refused(struct pair *p, struct ike_draft *draft, uint16_t notify)
{
	struct pair_datagram d;
	struct opened o;

	ask(p, &p->a, draft);
	arrow(p, &p->a, IKE_EXCHANGE_AUTH, false);
	d = pair_taken(&p->b, IKE_EXCHANGE_AUTH, true);
	open_for(&p->a, sa_in_state(&p->a, IKE_SA_AUTH_SENT), &d, &o);
	assert_int_equal(o.list->n, 1);
	assert_true(has_notify(&o, notify));
	assert_null(sa_in_state(&p->b, IKE_SA_INIT_DONE));
	assert_int_equal(p->b.ike_up + p->b.added, 0);
	pair_fini(p);
}

/* 2.21.2: in IKE_AUTH these two end the IKE SA without a DELETE; 2.16: who leaves out AUTH wants EAP, which we do not have. */
static void test_auth_refused(void **state)
{
	static const uint8_t id[] = {IKE_ID_IPV4_ADDR, 0, 0, 0, 10, 0, 0, 1};
	struct ike_sa_payload offer;
	struct ike_draft draft;
	struct ike_sa *sa;
	struct pair p;

	draft_auth(&p, &draft);
	add_payload(&draft, UNKNOWN_PAYLOAD, true, bytes_str("!"));
	auth_is_refused(&p, &draft, IKE_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD);

	draft_auth(&p, &draft);
	add_payload(&draft, IKE_PAYLOAD_IDI, false, BYTES_OF(id));
	auth_is_refused(&p, &draft, IKE_NOTIFY_INVALID_SYNTAX);

	draft_auth(&p, &draft);
	sa = draft.sa;
	add_payload(&draft, IKE_PAYLOAD_IDI, false, BYTES_OF(id));
	ike_proposal_offer(IKE_PROTO_ESP, sa->cfg->esp, sa->cfg->num_esp, 0x12345678, 4, false, &offer);
	ike_draft_sa(&draft, &offer);
	ike_draft_ts(&draft, &sa->cfg->ts_local, &sa->cfg->ts_remote);
	auth_is_refused(&p, &draft, IKE_NOTIFY_AUTHENTICATION_FAILED);
}

/* 2.21.3: what we cannot read, or do not know, is answered, and INVALID_SYNTAX is the end at both ends without a DELETE. */
static void test_invalid_syntax_ends_it(void **state)
{
	static const uint8_t no_delete[] = {IKE_PROTO_ESP, 4, 0, 9};
	static const uint8_t exchanges[] = {IKE_EXCHANGE_INFORMATIONAL, UNKNOWN_EXCHANGE, IKE_EXCHANGE_AUTH,
					    IKE_EXCHANGE_INTERMEDIATE};

	for (size_t i = 0; i < array_size(exchanges); i++) {
		struct pair_datagram d;
		struct ike_draft draft;
		struct opened o;
		struct pair p;

		up(&p);
		ike_draft_request(&draft, sa_up(&p.a), exchanges[i]);
		if (exchanges[i] == IKE_EXCHANGE_INFORMATIONAL)
			add_payload(&draft, IKE_PAYLOAD_DELETE, false, BYTES_OF(no_delete));
		ask(&p, &p.a, &draft);
		d = answer_of(&p, &o);
		assert_int_equal(pair_header(&d).exchange, exchanges[i]);
		assert_int_equal(o.list->n, 1);
		assert_true(has_notify(&o, IKE_NOTIFY_INVALID_SYNTAX));
		assert_null(sa_up(&p.b));
		assert_int_equal(p.b.children, 0);
		if (exchanges[i] == IKE_EXCHANGE_INFORMATIONAL) {
			pair_give(&p, &p.a, &d);
			assert_null(sa_up(&p.a));
			assert_int_equal(p.a.queued + p.b.queued, 0);
		}
		pair_fini(&p);
	}
}

/* IKE_SA_INIT is in the clear (1.2): a sealed one is no request of any IKE SA, whoever has its keys. */
static void test_sealed_init(void **state)
{
	struct pair_datagram d = {};
	struct wr out = wr_of(d.data, sizeof(d.data));
	struct ike_draft draft;
	struct ike_sa *sa;
	struct pair p;

	up(&p);
	sa = sa_up(&p.a);
	ike_draft_request(&draft, sa, IKE_EXCHANGE_SA_INIT);
	assert_true(ike_seal(sa, &draft.hdr, NULL, IKE_PAYLOAD_NONE, bytes_make(NULL, 0), &out));
	d.from = sa->local;
	d.to = sa->remote;
	d.len = out.len;
	pair_give(&p, &p.b, &d);
	assert_int_equal(pair_counted(&p.b, IKE_R_UNEXPECTED_EXCHANGE), 1);
	assert_int_equal(p.b.queued, 0);
	/* the number that it had is the next one's still */
	assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	pair_run(&p);
	assert_false(sa->window.request.active);
	pair_fini(&p);
}

/* 3.1: no SK payload in an SK payload. */
static void test_sealed_within_sealed(void **state)
{
	struct ike_draft draft;
	struct opened o;
	struct pair p;

	up(&p);
	ike_draft_request(&draft, sa_up(&p.a), IKE_EXCHANGE_INFORMATIONAL);
	add_payload(&draft, IKE_PAYLOAD_SK, false, bytes_str("0123456789abcdef0123456789abcdef"));
	ask(&p, &p.a, &draft);
	answer_of(&p, &o);
	assert_true(has_notify(&o, IKE_NOTIFY_INVALID_SYNTAX));
	pair_fini(&p);
}

/* 2.21.4, 3.1: an answer is never answered: not one for an IKE SA that nobody knows, and not one that nobody asked for. */
static void test_answers_are_not_answered(void **state)
{
	struct pair_datagram d, stray;
	struct pair p;

	up(&p);
	assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	arrow(&p, &p.a, IKE_EXCHANGE_INFORMATIONAL, false);
	d = pair_taken(&p.b, IKE_EXCHANGE_INFORMATIONAL, true);
	stray = d;
	stray.data[0] ^= 1;
	pair_give(&p, &p.a, &stray);
	assert_int_equal(pair_counted(&p.a, IKE_R_UNKNOWN_SPI), 1);
	pair_give(&p, &p.a, &d);
	pair_give(&p, &p.a, &d);
	assert_int_equal(pair_counted(&p.a, IKE_R_OUTSIDE_WINDOW), 1);
	assert_int_equal(p.a.queued, 0);
	pair_assert_up(&p);
	pair_fini(&p);
}

/* 2: 1280 octets must pass, 3000 should. */
static void test_long_messages(void **state)
{
	static uint8_t filling[3000 - 80];
	static const size_t sizes[] = {1280 - 80, sizeof(filling)};
	struct pair_datagram d;
	struct ike_draft draft;
	struct pair p;

	up(&p);
	sa_up(&p.a)->fragmentation = false;
	for (size_t i = 0; i < array_size(sizes); i++) {
		ike_draft_request(&draft, sa_up(&p.a), IKE_EXCHANGE_INFORMATIONAL);
		add_payload(&draft, IKE_PAYLOAD_VENDOR, false, bytes_make(filling, sizes[i]));
		ask(&p, &p.a, &draft);
		arrow(&p, &p.a, IKE_EXCHANGE_INFORMATIONAL, false);
		d = pair_taken(&p.b, IKE_EXCHANGE_INFORMATIONAL, true);
		pair_give(&p, &p.a, &d);
	}
	assert_int_equal(p.a.heard, 2);
	pair_fini(&p);
}

/* 2.19, 2.20, 3.15: we hand out neither addresses nor our version; 3.10.1, 3.12: what we do not know is passed over. */
static void test_what_we_do_not_offer(void **state)
{
	static const uint8_t cp[] = {1, 0, 0, 0, 0, 7,
				     0, 0, 0, 5, 0, 0}; /* APPLICATION_VERSION, and number 5 */
	struct pair_datagram d;
	struct ike_draft draft;
	struct opened o;
	struct pair p;

	up(&p);
	ike_draft_request(&draft, sa_up(&p.a), IKE_EXCHANGE_INFORMATIONAL);
	add_payload(&draft, IKE_PAYLOAD_CP, false, BYTES_OF(cp));
	add_payload(&draft, IKE_PAYLOAD_VENDOR, false, bytes_str("somebody's"));
	ike_draft_notify(&draft, UNKNOWN_ERROR, bytes_str("x"));
	ike_draft_notify(&draft, UNKNOWN_STATUS, bytes_str("x"));
	ike_draft_notify(&draft, IKE_NOTIFY_SET_WINDOW_SIZE, bytes_str("abcd"));
	ask(&p, &p.a, &draft);
	d = answer_of(&p, &o);
	assert_int_equal(o.list->n, 0);
	pair_give(&p, &p.a, &d);
	pair_assert_up(&p);
	pair_fini(&p);
}

/* 3.14: any padding that aligns. */
static void test_any_padding(void **state)
{
	uint8_t buf[256] = {};

	for (unsigned int pad = 0; pad < sizeof(buf); pad++) {
		struct bytes text = BYTES_OF(buf);

		buf[sizeof(buf) - 1] = (uint8_t)pad;
		assert_int_equal(ike_text_unpad(&text), IKE_R_OK);
		assert_int_equal(text.n, sizeof(buf) - 1 - pad);
	}
	for (unsigned int n = 1; n < 20; n++) {
		struct bytes text = bytes_make(buf, n);

		buf[n - 1] = (uint8_t)n;
		assert_int_equal(ike_text_unpad(&text), IKE_R_BAD_SYNTAX);
		assert_int_equal(text.n, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_payloads_in_another_order),
		T(test_reserved_is_ignored),
		T(test_unknown_payloads_are_skipped),
		T(test_unknown_payload_before_the_sealed_one),
		T(test_unknown_critical_payload),
		T(test_auth_refused),
		T(test_invalid_syntax_ends_it),
		T(test_sealed_init),
		T(test_sealed_within_sealed),
		T(test_answers_are_not_answered),
		T(test_long_messages),
		T(test_what_we_do_not_offer),
		T(test_any_padding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
