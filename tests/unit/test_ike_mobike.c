// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MOBIKE, RFC 4555, in arrows: A (10.0.0.1) begins and decides, B (10.0.0.2) follows. Where a message has to be read or forged, the
 * IKE SA has the null suite: an IV of 8 bytes, the text, and an ICV of 16 zeros.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_pair.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/proto/proto.h"

#define IKE_DEFAULT "aes128gcm16-prfsha256-curve25519"
#define ESP_DEFAULT "aes128gcm16"

#define NULL_IV	 8
#define NULL_ICV 16

static size_t live_before;

static int setup(void **state)
{
	live_before = mem_live();
	return 0;
}

static int teardown(void **state)
{
	crypto_null_enable(false);
	assert_int_equal(mem_live(), live_before);
	return 0;
}

/* --- the two ends ---------------------------------------------------------------------------------------- */

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	assert_int_equal(str2ipaddr(text, &a), 0);
	return a;
}

static void set_id(struct ike_id_cfg *id, const char *name)
{
	char err[128];

	assert_true(ike_id_parse("fqdn", name, id, err, sizeof(err)));
}

static void suite_null(struct ike_proposal_cfg *cfg)
{
	*cfg = (struct ike_proposal_cfg){
		.num = 3,
		.transforms = {{IKE_TRANSFORM_ENCR, IKE_ENCR_NULL, 0},
			       {IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256, 0},
			       {IKE_TRANSFORM_KE, CRYPTO_KE_NULL, 0}},
	};
}

enum {
	NO_MOBIKE = 1,
	LOCAL_FIXED = 2, /* has a local address */
	ANY_PEER = 4,
	NULL_SUITE = 8,
};

static void configure(struct pair_side *self, const struct pair_side *peer, int how)
{
	struct ike_conn_cfg *cfg = pair_cfg(self, peer, IKE_DEFAULT, ESP_DEFAULT);

	cfg->mobike = !(how & NO_MOBIKE);
	if (!(how & LOCAL_FIXED))
		cfg->local = (struct ipaddr){.ipa_type = IPADDR_NONE};
	if (how & ANY_PEER) {
		cfg->remote = (struct ipaddr){.ipa_type = IPADDR_NONE};
		cfg->passive = true;
	}
	if (how & NULL_SUITE)
		suite_null(&cfg->ike[0]);
	set_id(&cfg->local_id, self->name);
	set_id(&cfg->remote_id, peer->name);
	ike_conn_set(self->engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

static void start(struct pair *p, int how_a, int how_b)
{
	crypto_null_enable(how_a & NULL_SUITE);
	pair_init(p, IKE_DEFAULT, ESP_DEFAULT);
	configure(&p->a, &p->b, how_a);
	configure(&p->b, &p->a, how_b);
	pair_initiate(p, &p->a);
	pair_run(p);
	pair_assert_up(p);
}

static void move(struct pair *p, struct pair_side *side, const char *to, bool gone)
{
	struct ipaddr a = addr(to);

	side->addr = a;
	ike_local_moved(side->engine, PAIR_CONN, &a, gone, p->now);
	pair_drain(p, side);
}

static struct pair_datagram take(struct pair_side *side)
{
	struct pair_datagram d;

	assert_true(pair_take(side, &d));
	return d;
}

static void assert_at_port(const struct endpoint *e, const char *text, uint16_t port)
{
	struct ipaddr a = addr(text);

	assert_true(ipaddr_equal(&e->addr, &a));
	assert_int_equal(e->port, port);
}

static void assert_at(const struct endpoint *e, const char *text)
{
	assert_at_port(e, text, IKE_NATT_PORT);
}

/* No NAT was found there, so ESP is not in UDP: that it has no ports is said by this one. */
static void assert_esp_at(const struct endpoint *e, const char *text)
{
	assert_at_port(e, text, IKE_PORT);
}

/* ESP and IKE go between these, the pair is the one that was there, and nobody was down. */
static void assert_moved(const struct pair *p, const char *a, const char *b, const struct ike_conn_info *was)
{
	struct ike_conn_info info_a = pair_info(&p->a), info_b = pair_info(&p->b);

	pair_assert_up(p);
	assert_at(&info_a.local, a);
	assert_at(&info_a.remote, b);
	assert_at(&info_b.local, b);
	assert_at(&info_b.remote, a);
	assert_esp_at(&p->a.moved_from, a);
	assert_esp_at(&p->a.moved_to, b);
	assert_esp_at(&p->b.moved_from, b);
	assert_esp_at(&p->b.moved_to, a);
	assert_int_equal(info_a.child_spi_in, was->child_spi_in);
	assert_int_equal(p->a.child_down + p->b.child_down + p->a.ike_down + p->b.ike_down, 0);
}

/* --- agreeing -------------------------------------------------------------------------------------------- */

static void agrees(int how_a, int how_b, bool mobike, uint16_t port)
{
	struct pair p;

	start(&p, how_a | LOCAL_FIXED, how_b | LOCAL_FIXED);
	assert_int_equal(pair_info(&p.a).mobike, mobike);
	assert_int_equal(pair_info(&p.b).mobike, mobike);
	assert_int_equal(pair_info(&p.a).remote.port, port);
	assert_int_equal(pair_info(&p.b).remote.port, port);
	/* RFC 7296 2.23: of the port alone nothing follows for ESP, and there is no NAT. */
	assert_false(p.a.child.udp_encap || p.b.child.udp_encap);
	assert_int_equal(p.a.child.local.port, IKE_PORT);
	pair_fini(&p);
}

/* 3.2, 3.3: only where both say so; then IKE_AUTH goes to port 4500, NAT or not. */
static void test_both_must_say_so(void **state)
{
	agrees(0, 0, true, IKE_NATT_PORT);
	agrees(0, NO_MOBIKE, false, IKE_NATT_PORT);
	agrees(NO_MOBIKE, 0, false, IKE_PORT);
	agrees(NO_MOBIKE, NO_MOBIKE, false, IKE_PORT);
}

/* --- the decider moves ----------------------------------------------------------------------------------- */

static void test_move(void **state)
{
	struct ike_conn_info was;
	struct pair_datagram d;
	struct pair p;

	start(&p, 0, 0);
	was = pair_info(&p.a);
	move(&p, &p.a, "10.0.0.9", true);
	/* What A sends goes from there at once. */
	assert_at(&p.a.moved_from, "10.0.0.9");
	/* HDR, SK {N(UPDATE_SA_ADDRESSES), N(NAT..), N(COOKIE2)} --> */
	d = take(&p.a);
	assert_at(&d.from, "10.0.0.9");
	pair_give(&p, &p.b, &d);
	/* <-- HDR, SK {N(NAT..), N(COOKIE2)} */
	d = take(&p.b);
	assert_at(&d.to, "10.0.0.9");
	assert_true(pair_header(&d).flags & IKE_FLAG_RESPONSE);
	pair_give(&p, &p.a, &d);
	/* <-- HDR, SK {N(COOKIE2)}: B's ESP waits for the answer. */
	d = take(&p.b);
	assert_at(&d.to, "10.0.0.9");
	assert_int_equal(p.b.moved, 0);
	pair_give(&p, &p.a, &d);
	/* HDR, SK {N(COOKIE2)} --> */
	d = take(&p.a);
	pair_give(&p, &p.b, &d);
	assert_int_equal(p.b.moved, 1);
	assert_false(pair_take(&p.a, &d));
	assert_false(pair_take(&p.b, &d));
	assert_moved(&p, "10.0.0.9", "10.0.0.2", &was);
	pair_fini(&p);
}

/* What is the same already is no move; what another engine's connection does is none of ours. */
static void test_no_move(void **state)
{
	struct ipaddr none = {.ipa_type = IPADDR_NONE}, v6 = addr("2001:db8::1");
	struct pair p;

	start(&p, 0, 0);
	move(&p, &p.a, "10.0.0.1", false);
	ike_local_moved(p.a.engine, PAIR_CONN, &none, true, p.now);
	ike_local_moved(p.a.engine, PAIR_CONN, &v6, true, p.now);
	ike_local_moved(p.a.engine, PAIR_CONN + 1, &v6, true, p.now);
	pair_drain(&p, &p.a);
	assert_int_equal(p.a.queued, 0);
	assert_int_equal(p.a.moved, 0);
	pair_fini(&p);
}

static void test_update_is_lost(void **state)
{
	struct ike_conn_info was;
	struct pair p;

	start(&p, 0, 0);
	was = pair_info(&p.a);
	move(&p, &p.a, "10.0.0.9", true);
	take(&p.a);
	pair_sleep(&p, 2 * USEC_PER_S, true);
	assert_moved(&p, "10.0.0.9", "10.0.0.2", &was);
	pair_fini(&p);
}

static void test_answer_is_lost(void **state)
{
	struct ike_conn_info was;
	struct pair_datagram d;
	struct pair p;

	start(&p, 0, 0);
	was = pair_info(&p.a);
	move(&p, &p.a, "10.0.0.9", true);
	d = take(&p.a);
	pair_give(&p, &p.b, &d);
	while (pair_take(&p.b, &d))
		;
	pair_sleep(&p, 2 * USEC_PER_S, true);
	assert_moved(&p, "10.0.0.9", "10.0.0.2", &was);
	assert_int_equal(p.b.moved, 1);
	pair_fini(&p);
}

/* An answer is known by its SPIs and its message ID; where it comes from moves nothing. */
static void test_answer_from_elsewhere(void **state)
{
	struct ike_conn_info was;
	struct pair_datagram d;
	struct pair p;

	start(&p, 0, 0);
	was = pair_info(&p.a);
	move(&p, &p.a, "10.0.0.9", true);
	d = take(&p.a);
	pair_give(&p, &p.b, &d);
	d = take(&p.b);
	d.from.addr = addr("10.0.0.77");
	d.to.addr = addr("10.0.0.1");
	pair_give(&p, &p.a, &d);
	pair_run(&p);
	assert_moved(&p, "10.0.0.9", "10.0.0.2", &was);
	pair_fini(&p);
}

/* The first UPDATE has not arrived yet: what A repeats comes from its newest address, then there is another UPDATE. */
static void test_two_moves(void **state)
{
	struct ike_conn_info was;
	struct pair p;

	start(&p, 0, 0);
	was = pair_info(&p.a);
	move(&p, &p.a, "10.0.0.9", true);
	take(&p.a);
	move(&p, &p.a, "10.0.0.10", true);
	pair_run(&p);
	assert_moved(&p, "10.0.0.10", "10.0.0.2", &was);
	pair_fini(&p);
}

/* The answer to the first UPDATE comes when A has moved again: it settles nothing. */
static void test_answer_after_another_move(void **state)
{
	struct pair_datagram d, late;
	struct ike_conn_info was;
	struct pair p;

	start(&p, 0, 0);
	was = pair_info(&p.a);
	move(&p, &p.a, "10.0.0.9", true);
	d = take(&p.a);
	pair_give(&p, &p.b, &d);
	late = take(&p.b);
	take(&p.b); /* B's question, to where A is not any more */
	move(&p, &p.a, "10.0.0.10", true);
	pair_give(&p, &p.a, &late);
	pair_run(&p);
	pair_sleep(&p, 5 * USEC_PER_S, true);
	assert_moved(&p, "10.0.0.10", "10.0.0.2", &was);
	pair_fini(&p);
}

/* 3.7: B's question has gone to two addresses, so the answer to it proves neither; B asks once more. */
static void test_question_went_to_two(void **state)
{
	struct pair_datagram d, question;
	struct ike_conn_info was;
	struct pair p;

	start(&p, 0, 0);
	was = pair_info(&p.a);
	move(&p, &p.a, "10.0.0.9", true);
	d = take(&p.a);
	pair_give(&p, &p.b, &d);
	d = take(&p.b);
	pair_give(&p, &p.a, &d);
	question = take(&p.b);
	move(&p, &p.a, "10.0.0.10", true);
	d = take(&p.a);
	pair_give(&p, &p.b, &d);
	pair_give(&p, &p.a, &question);
	d = take(&p.a);
	pair_give(&p, &p.b, &d);
	assert_int_equal(p.b.moved, 0);
	pair_run(&p);
	assert_int_equal(p.b.moved, 1);
	assert_moved(&p, "10.0.0.10", "10.0.0.2", &was);
	pair_fini(&p);
}

/* --- nobody else moves it -------------------------------------------------------------------------------- */

static void test_forged(void **state)
{
	struct pair_datagram d, bad;
	struct pair p;

	start(&p, 0, 0);
	move(&p, &p.a, "10.0.0.9", true);
	d = take(&p.a);
	for (size_t i = IKE_HDR_LEN; i < d.len; i++) {
		bad = d;
		bad.data[i] ^= 0x10;
		bad.from.addr = addr("10.0.0.66");
		pair_give(&p, &p.b, &bad);
		assert_at(&(struct endpoint){pair_info(&p.b).remote.addr, IKE_NATT_PORT}, "10.0.0.1");
	}
	assert_int_equal(p.b.moved, 0);
	assert_int_equal(p.b.queued, 0);
	pair_fini(&p);
}

/* Neither an older UPDATE nor the newest one again, from wherever, moves B back. */
static void test_played_again(void **state)
{
	struct pair_datagram first, second;
	struct ike_conn_info was;
	struct pair p;

	start(&p, 0, 0);
	was = pair_info(&p.a);
	move(&p, &p.a, "10.0.0.9", true);
	first = take(&p.a);
	pair_give(&p, &p.b, &first);
	pair_run(&p);
	move(&p, &p.a, "10.0.0.10", true);
	second = take(&p.a);
	pair_give(&p, &p.b, &second);
	pair_run(&p);
	pair_give(&p, &p.b, &first);
	assert_int_equal(p.b.queued, 0);
	second.from.addr = addr("10.0.0.66");
	pair_give(&p, &p.b, &second);
	pair_run(&p);
	assert_moved(&p, "10.0.0.10", "10.0.0.2", &was);
	assert_int_equal(p.b.moved, 2);
	pair_fini(&p);
}

/* Somebody on the way gave the UPDATE another source: B's ESP stays where it was, for nobody answers there. */
static void test_does_not_answer_there(void **state)
{
	struct pair_datagram d;
	struct pair p;

	start(&p, 0, 0);
	move(&p, &p.a, "10.0.0.9", true);
	d = take(&p.a);
	d.from.addr = addr("10.0.0.66");
	pair_give(&p, &p.b, &d);
	while (pair_take(&p.b, &d))
		;
	for (int i = 0; i < 20; i++) {
		pair_sleep(&p, USEC_PER_S, false);
		while (pair_take(&p.a, &d) || pair_take(&p.b, &d))
			;
	}
	assert_int_equal(p.b.moved, 0);
	pair_fini(&p);
}

/* With MOBIKE an INFORMATIONAL exchange from elsewhere proves nothing and moves nothing, 3.8. */
static void test_liveness_moves_nothing(void **state)
{
	struct pair_datagram d;
	struct pair p;

	start(&p, 0, 0);
	assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	d = take(&p.a);
	d.from.addr = addr("10.0.0.9");
	pair_give(&p, &p.b, &d);
	assert_at(&(struct endpoint){pair_info(&p.b).remote.addr, IKE_NATT_PORT}, "10.0.0.1");
	assert_int_equal(p.b.moved, 0);
	/* The answer goes where the question came from. */
	d = take(&p.b);
	assert_at(&d.to, "10.0.0.9");
	pair_fini(&p);
}

/* --- rekeying in between --------------------------------------------------------------------------------- */

static void crossing(bool ike, bool a_rekeys, bool lose_request)
{
	struct pair_side *asks, *answers;
	struct pair_datagram d;
	struct pair p;

	start(&p, 0, 0);
	asks = a_rekeys ? &p.a : &p.b;
	answers = a_rekeys ? &p.b : &p.a;
	assert_true(ike ? ike_rekey_ike(asks->engine, PAIR_CONN, p.now)
			: ike_rekey_child(asks->engine, PAIR_CONN, p.now));
	pair_drain(&p, asks);
	d = take(asks);
	if (!lose_request) {
		pair_give(&p, answers, &d);
		while (pair_take(answers, &d))
			;
	}
	move(&p, &p.a, "10.0.0.9", true);
	for (int i = 0; i < 80; i++) {
		/* Nothing arrives any more where A was. */
		while (pair_take(&p.b, &d))
			if (d.to.addr.ipaddr_v4.s_addr != addr("10.0.0.1").ipaddr_v4.s_addr)
				pair_give(&p, &p.a, &d);
		while (pair_take(&p.a, &d))
			pair_give(&p, &p.b, &d);
		pair_sleep(&p, 250 * USEC_PER_MS, false);
	}
	pair_assert_up(&p);
	assert_at(&(struct endpoint){pair_info(&p.a).local.addr, IKE_NATT_PORT}, "10.0.0.9");
	assert_at(&(struct endpoint){pair_info(&p.b).remote.addr, IKE_NATT_PORT}, "10.0.0.9");
	assert_int_equal(p.a.ike_down + p.b.ike_down + p.a.child_down + p.b.child_down, 0);
	assert_int_equal(p.a.blinks + p.b.blinks, 0);
	pair_fini(&p);
}

static void test_crossing_rekey(void **state)
{
	for (int i = 0; i < 8; i++)
		crossing(i & 1, i & 2, i & 4);
}

/* --- without MOBIKE -------------------------------------------------------------------------------------- */

/* A new IKE SA at once, when the address is gone and not before. */
static void test_peer_without(void **state)
{
	struct ike_conn_info was;
	struct pair p;

	start(&p, 0, NO_MOBIKE | ANY_PEER);
	was = pair_info(&p.a);
	pair_sleep(&p, USEC_PER_S, true);
	move(&p, &p.a, "10.0.0.9", false);
	assert_int_equal(p.a.queued, 0);
	move(&p, &p.a, "10.0.0.10", true);
	assert_int_equal(p.a.child_down, 1);
	assert_int_equal(p.a.ike_down, 0);
	pair_run(&p);
	pair_assert_up(&p);
	assert_at(&(struct endpoint){pair_info(&p.a).local.addr, IKE_NATT_PORT}, "10.0.0.10");
	assert_int_not_equal(pair_info(&p.a).child_spi_in, was.child_spi_in);
	pair_fini(&p);
}

/* One that must not begin says that it is down. */
static void test_passive_without(void **state)
{
	struct pair p;

	start(&p, NO_MOBIKE, NO_MOBIKE | ANY_PEER);
	move(&p, &p.b, "10.0.0.9", true);
	assert_int_equal(p.b.ike_down, 1);
	assert_int_equal(p.b.down_reason, IKE_R_LOCAL_GONE);
	assert_int_equal(p.b.queued, 0);
	pair_fini(&p);
}

/* In the midst of IKE_AUTH: that attempt is over, MOBIKE or not. */
static void test_attempt(void **state)
{
	struct pair_datagram d;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	configure(&p.a, &p.b, 0);
	configure(&p.b, &p.a, ANY_PEER);
	pair_initiate(&p, &p.a);
	d = take(&p.a);
	pair_give(&p, &p.b, &d);
	d = take(&p.b);
	pair_give(&p, &p.a, &d);
	move(&p, &p.a, "10.0.0.9", true);
	assert_int_equal(p.a.ike_down, 1);
	assert_int_equal(p.a.down_reason, IKE_R_LOCAL_GONE);
	pair_fini(&p);
}

/* --- the other one moves --------------------------------------------------------------------------------- */

/* 3.6: it says where it is, and A decides to use that. */
static void test_follower_moves(void **state)
{
	struct ike_conn_info was;
	struct pair_datagram d;
	struct pair p;

	start(&p, 0, 0);
	was = pair_info(&p.a);
	move(&p, &p.b, "10.0.0.22", true);
	/* <-- HDR, SK {N(NO_ADDITIONAL_ADDRESSES), N(COOKIE2)} */
	d = take(&p.b);
	assert_at(&d.from, "10.0.0.22");
	pair_give(&p, &p.a, &d);
	/* A's ESP waits until B has answered there. */
	assert_int_equal(p.a.moved, 0);
	pair_run(&p);
	assert_moved(&p, "10.0.0.1", "10.0.0.22", &was);
	pair_fini(&p);
}

/* --- messages made by hand ------------------------------------------------------------------------------- */

struct by_hand {
	struct pair_datagram d;
	struct wr wr;
	struct ike_build build;
};

/* A request or an answer from `from`, to be filled with notifies. */
static void hand_open(struct by_hand *h, const struct pair_side *from, bool response, uint32_t id)
{
	struct ike_conn_info info = pair_info(from);
	struct ike_hdr hdr = {
		.spi_i = info.spi_i,
		.spi_r = info.spi_r,
		.version = IKE_VERSION,
		.exchange = IKE_EXCHANGE_INFORMATIONAL,
		.flags = (info.initiator ? IKE_FLAG_INITIATOR : 0) | (response ? IKE_FLAG_RESPONSE : 0),
		.message_id = id,
	};

	h->d = (struct pair_datagram){.from = info.local, .to = info.remote};
	h->wr = wr_of(h->d.data, sizeof(h->d.data));
	ike_build_start(&h->build, &h->wr, &hdr);
	ike_build_payload(&h->build, IKE_PAYLOAD_SK, false);
	wr_zero(&h->wr, NULL_IV);
	h->build.payload_at = SIZE_MAX; /* the SK payload is closed in hand_close() */
}

static void hand_notify(struct by_hand *h, uint16_t type, struct bytes data)
{
	const struct ike_notify notify = {.type = type, .data = data};

	ike_build_payload(&h->build, IKE_PAYLOAD_NOTIFY, false);
	ike_notify_encode(&h->wr, &notify);
}

static const struct pair_datagram *hand_close(struct by_hand *h)
{
	/* The last payload, then padding length and ICV, then the lengths of SK and of the message. */
	if (h->build.payload_at != SIZE_MAX)
		wr_close_u16(&h->wr, h->build.payload_at + 2, h->build.payload_at);
	wr_zero(&h->wr, 1 + NULL_ICV);
	wr_close_u16(&h->wr, IKE_HDR_LEN + 2, IKE_HDR_LEN);
	h->d.len = h->wr.len;
	h->d.data[24] = h->d.data[25] = 0;
	h->d.data[26] = (uint8_t)(h->d.len >> 8);
	h->d.data[27] = (uint8_t)h->d.len;
	assert_false(h->wr.failed);
	return &h->d;
}

/* The notify of this type in a message of the null suite. */
static bool says(const struct pair_datagram *d, uint16_t type, struct ike_notify *notify)
{
	size_t at = IKE_HDR_LEN + IKE_PAYLOAD_HDR_LEN + NULL_IV;
	struct bytes text = bytes_make(d->data + at, d->len - at - NULL_ICV - 1);
	struct ike_payloads list = {};
	uint8_t bad;

	assert_int_equal(d->data[16], IKE_PAYLOAD_SK);
	if (ike_payloads_walk(d->data[IKE_HDR_LEN], rd_of(text), &list, &bad) != IKE_R_OK)
		return false;
	for (unsigned int i = 0; i < list.n; i++)
		if (list.list[i].type == IKE_PAYLOAD_NOTIFY &&
		    ike_notify_decode(list.list[i].body, notify) == IKE_R_OK && notify->type == type)
			return true;
	return false;
}

/* What an UPDATE says, and its answer; COOKIE2 comes back as it was. */
static void test_what_is_said(void **state)
{
	struct ike_notify notify, back;
	struct pair_datagram d, answer;
	struct pair p;

	start(&p, NULL_SUITE, NULL_SUITE);
	move(&p, &p.a, "10.0.0.9", true);
	d = take(&p.a);
	assert_true(says(&d, IKE_NOTIFY_UPDATE_SA_ADDRESSES, &notify));
	assert_int_equal(notify.data.n, 0);
	assert_true(says(&d, IKE_NOTIFY_NAT_DETECTION_SOURCE_IP, &notify));
	assert_true(says(&d, IKE_NOTIFY_NAT_DETECTION_DESTINATION_IP, &notify));
	assert_true(says(&d, IKE_NOTIFY_COOKIE2, &notify));
	assert_in_range(notify.data.n, 8, 64);
	pair_give(&p, &p.b, &d);
	answer = take(&p.b);
	assert_true(says(&answer, IKE_NOTIFY_NAT_DETECTION_SOURCE_IP, &back));
	assert_true(says(&answer, IKE_NOTIFY_NAT_DETECTION_DESTINATION_IP, &back));
	assert_true(says(&answer, IKE_NOTIFY_COOKIE2, &back));
	assert_true(bytes_equal(notify.data, back.data));
	pair_fini(&p);
}

/* 3.7: an answer with another COOKIE2, or without one, closes the IKE SA. */
static void test_cookie_is_wrong(void **state)
{
	for (int with = 0; with < 2; with++) {
		struct pair_datagram d;
		struct by_hand h;
		struct pair p;

		start(&p, NULL_SUITE, NULL_SUITE);
		move(&p, &p.a, "10.0.0.9", true);
		d = take(&p.a);
		pair_give(&p, &p.b, &d);
		take(&p.b);
		d = take(&p.b);
		hand_open(&h, &p.a, true, pair_header(&d).message_id);
		if (with)
			hand_notify(&h, IKE_NOTIFY_COOKIE2, bytes_str("another one"));
		pair_give(&p, &p.b, hand_close(&h));
		assert_int_equal(p.b.ike_down, 1);
		assert_int_equal(p.b.down_reason, IKE_R_COOKIE2_WRONG);
		assert_int_equal(p.b.children, 0);
		pair_fini(&p);
	}
}

static void no_nats(struct pair *p, uint32_t id, const char *source, bool right)
{
	const uint8_t ours[] = {10, 0, 0, 2}, ports[] = {0x11, 0x94, 0x11, 0x94};
	struct ipaddr said = addr(source);
	struct pair_datagram answer;
	struct ike_notify notify;
	uint8_t data[12];
	struct by_hand h;

	memcpy(data, ipaddr_bytes(&said).p, 4);
	memcpy(data + 4, ours, 4);
	memcpy(data + 8, ports, 4);
	hand_open(&h, &p->a, false, id);
	h.d.from.addr = addr("10.0.0.9");
	hand_notify(&h, IKE_NOTIFY_UPDATE_SA_ADDRESSES, bytes_make(NULL, 0));
	hand_notify(&h, IKE_NOTIFY_NO_NATS_ALLOWED, BYTES_OF(data));
	hand_notify(&h, IKE_NOTIFY_COOKIE2, bytes_str("12345678"));
	pair_give(p, &p->b, hand_close(&h));
	answer = take(&p->b);
	assert_int_equal(says(&answer, IKE_NOTIFY_UNEXPECTED_NAT_DETECTED, &notify), !right);
	assert_true(says(&answer, IKE_NOTIFY_COOKIE2, &notify));
	assert_at(&(struct endpoint){pair_info(&p->b).remote.addr, IKE_NATT_PORT},
		  right ? "10.0.0.9" : "10.0.0.1");
}

/* 3.9: a packet that a NAT has changed is refused when the peer allows none. */
static void test_no_nats_allowed(void **state)
{
	struct pair p;

	start(&p, NULL_SUITE, NULL_SUITE);
	no_nats(&p, 2, "192.168.1.1", false);
	assert_int_equal(p.b.queued, 0);
	no_nats(&p, 3, "10.0.0.9", true);
	pair_fini(&p);
}

/* B has a local address, and only that: refused elsewhere, and A begins anew. */
static void test_unacceptable(void **state)
{
	struct pair_datagram d;
	struct ike_notify notify;
	struct pair p;

	start(&p, NULL_SUITE, NULL_SUITE | LOCAL_FIXED);
	move(&p, &p.a, "10.0.0.9", true);
	d = take(&p.a);
	d.to.addr = addr("10.0.0.3");
	pair_give(&p, &p.b, &d);
	d = take(&p.b);
	assert_true(says(&d, IKE_NOTIFY_UNACCEPTABLE_ADDRESSES, &notify));
	assert_int_equal(p.b.queued, 0);
	assert_at(&(struct endpoint){pair_info(&p.b).remote.addr, IKE_NATT_PORT}, "10.0.0.1");
	pair_give(&p, &p.a, &d);
	d = take(&p.a);
	assert_int_equal(pair_header(&d).exchange, IKE_EXCHANGE_SA_INIT);
	pair_fini(&p);
}

/* Many more than are remembered, of wrong lengths too; then B's first address dies. */
static void tell_additional(struct pair *p)
{
	const uint8_t other[] = {10, 0, 0, 33};
	struct by_hand h;

	hand_open(&h, &p->b, false, 0);
	hand_notify(&h, IKE_NOTIFY_ADDITIONAL_IP4_ADDRESS, BYTES_OF(other));
	hand_notify(&h, IKE_NOTIFY_ADDITIONAL_IP6_ADDRESS, BYTES_OF(other));
	for (uint8_t i = 0; i < 30; i++) {
		const uint8_t more[] = {10, 9, 9, i};

		hand_notify(&h, IKE_NOTIFY_ADDITIONAL_IP4_ADDRESS, BYTES_OF(more));
	}
	pair_give(p, &p->a, hand_close(&h));
	take(&p->a);
	assert_int_equal(p->a.queued, 0);
}

/* 3.4, 3.10: A tries them when nothing else answers, and takes the one that does. */
static void test_additional_addresses(void **state)
{
	struct ipaddr dead = addr("10.0.0.2"), other = addr("10.0.0.33");
	struct pair_datagram d;
	bool found = false;
	struct pair p;

	start(&p, NULL_SUITE, NULL_SUITE);
	tell_additional(&p);
	assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	for (int i = 0; i < 200 && !found; i++) {
		pair_sleep(&p, 100 * USEC_PER_MS, false);
		while (pair_take(&p.a, &d)) {
			assert_true(ipaddr_equal(&d.to.addr, &dead) || d.to.addr.ipaddr_v4.s_addr);
			if (!ipaddr_equal(&d.to.addr, &other))
				continue;
			found = true;
			pair_give(&p, &p.b, &d);
		}
	}
	assert_true(found);
	/* The answer comes from there; ESP waits until UPDATE_SA_ADDRESSES is answered too. */
	d = take(&p.b);
	pair_give(&p, &p.a, &d);
	assert_int_equal(p.a.moved, 0);
	pair_run(&p);
	assert_esp_at(&p.a.moved_to, "10.0.0.33");
	assert_esp_at(&p.b.moved_from, "10.0.0.33");
	pair_assert_up(&p);
	pair_fini(&p);
}

/* --- NAT ------------------------------------------------------------------------------------------------- */

/* Delivers all, A seen at this port. */
static void run_behind_nat(struct pair *p, uint16_t port)
{
	struct pair_datagram d;
	bool any;

	do {
		any = false;
		while (pair_take(&p->a, &d)) {
			d.from.port = port;
			pair_give(p, &p->b, &d);
			any = true;
		}
		while (pair_take(&p->b, &d)) {
			d.to.port = d.to.port == port ? IKE_NATT_PORT : 0;
			if (d.to.port)
				pair_give(p, &p->a, &d);
			any = true;
		}
	} while (any);
}

/* 3.8: the NAT in front of A forgets; A notices by its own liveness exchange and says so, B follows that and nothing else. */
static void test_nat_mapping_changes(void **state)
{
	struct pair_datagram d;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	configure(&p.a, &p.b, 0);
	configure(&p.b, &p.a, 0);
	pair_initiate(&p, &p.a);
	d = take(&p.a);
	d.from.port = 40000;
	pair_give(&p, &p.b, &d);
	d = take(&p.b);
	d.to.port = IKE_PORT;
	pair_give(&p, &p.a, &d);
	run_behind_nat(&p, 40001);
	assert_true(pair_info(&p.a).nat_local);
	assert_int_equal(pair_info(&p.b).remote.port, 40001);
	for (int i = 0; i < 3; i++) {
		p.now = instant_add(p.now, USEC_PER_S);
		ike_probe(p.a.engine, PAIR_CONN, p.now);
		pair_drain(&p, &p.a);
		run_behind_nat(&p, 50002);
	}
	assert_int_equal(pair_info(&p.b).remote.port, 50002);
	assert_int_equal(p.b.moved_to.port, 50002);
	assert_int_equal(pair_counted(&p.b, IKE_R_OUTSIDE_WINDOW), 0);
	pair_fini(&p);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_both_must_say_so),
		T(test_move),
		T(test_no_move),
		T(test_update_is_lost),
		T(test_answer_is_lost),
		T(test_answer_from_elsewhere),
		T(test_two_moves),
		T(test_answer_after_another_move),
		T(test_question_went_to_two),
		T(test_forged),
		T(test_played_again),
		T(test_does_not_answer_there),
		T(test_liveness_moves_nothing),
		T(test_crossing_rekey),
		T(test_peer_without),
		T(test_passive_without),
		T(test_attempt),
		T(test_follower_moves),
		T(test_what_is_said),
		T(test_cookie_is_wrong),
		T(test_no_nats_allowed),
		T(test_unacceptable),
		T(test_additional_addresses),
		T(test_nat_mapping_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
