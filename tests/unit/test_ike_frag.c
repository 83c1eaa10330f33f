// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages in fragments, RFC 7383, between two engines on one table. Fragments that no honest peer of ours would send are made by
 * hand, with the null suite, whose seal holds for everything that ends with zeros.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_pair.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/proto/proto.h"

#define IKE_DEFAULT "aes128gcm16-prfsha256-curve25519"
#define ESP_DEFAULT "aes128gcm16"

/* So that IKE_AUTH, about 330 bytes with AES-GCM, goes in two fragments, and in four. */
#define IN_TWO	256
#define IN_FOUR 160

#define MANY 8

struct train {
	struct pair_datagram cars[MANY];
	unsigned int n;
};

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

static void set_fragmentation(struct pair *p, struct pair_side *side, uint16_t size, bool nat)
{
	struct pair_side *peer = side == &p->a ? &p->b : &p->a;
	struct ike_conn_cfg *cfg = pair_cfg(side, peer, IKE_DEFAULT, ESP_DEFAULT);

	cfg->fragmentation = size;
	cfg->nat_force = nat;
	ike_conn_set(side->engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

static void pair_of(struct pair *p, uint16_t a, uint16_t b)
{
	pair_init(p, IKE_DEFAULT, ESP_DEFAULT);
	set_fragmentation(p, &p->a, a, false);
	set_fragmentation(p, &p->b, b, false);
}

/* HDR, SAi1, KEi, Ni -->		<-- HDR, SAr1, KEr, Nr */
static void sa_init(struct pair *p)
{
	struct pair_datagram d;

	pair_initiate(p, &p->a);
	assert_true(pair_take(&p->a, &d));
	pair_give(p, &p->b, &d);
	assert_true(pair_take(&p->b, &d));
	pair_give(p, &p->a, &d);
}

static void take_all(struct pair_side *side, struct train *train)
{
	train->n = 0;
	while (train->n < MANY && pair_take(side, &train->cars[train->n]))
		train->n++;
	assert_int_equal(side->queued, 0);
}

static void give_all(struct pair *p, struct pair_side *side, const struct train *train)
{
	for (unsigned int i = 0; i < train->n; i++)
		pair_give(p, side, &train->cars[i]);
}

static struct ike_msg message(const struct pair_datagram *d)
{
	struct ike_msg msg;
	uint8_t bad_type;

	assert_int_equal(ike_msg_decode(bytes_make(d->data, d->len), &msg, &bad_type), IKE_R_OK);
	return msg;
}

static uint8_t outer_type(const struct pair_datagram *d)
{
	return message(d).hdr.next_payload;
}

/* RFC 7383 2.5: one message ID, numbers from 1, and only the first says what is inside. */
static void assert_fragments(const struct train *train, unsigned int least, unsigned int most, size_t size)
{
	assert_in_range(train->n, least, most);
	for (unsigned int i = 0; i < train->n; i++) {
		struct ike_msg msg = message(&train->cars[i]);
		struct ike_skf skf;

		assert_int_equal(msg.hdr.message_id, message(&train->cars[0]).hdr.message_id);
		assert_int_equal(msg.outer.n, 1);
		assert_int_equal(msg.outer.list[0].type, IKE_PAYLOAD_SKF);
		assert_int_equal(!!msg.outer.list[0].next_type, i == 0);
		assert_int_equal(ike_skf_decode(msg.outer.list[0].body, &skf), IKE_R_OK);
		assert_int_equal(skf.number, i + 1);
		assert_int_equal(skf.total, train->n);
		assert_in_range(train->cars[i].len, 1, size);
	}
}

/* --- by both ends ---------------------------------------------------------------------------------------- */

static void to_ipv6(struct pair *p)
{
	assert_int_equal(str2ipaddr("2001:db8::1", &p->a.addr), 0);
	assert_int_equal(str2ipaddr("2001:db8::2", &p->b.addr), 0);
}

static void handshake_in_fragments(bool nat, bool v6, uint16_t size, unsigned int least, unsigned int most)
{
	size_t around = (v6 ? 40 : 20) + 8 + (nat ? 4 : 0);
	struct train train;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	if (v6)
		to_ipv6(&p);
	set_fragmentation(&p, &p.a, size, nat);
	set_fragmentation(&p, &p.b, size, false);
	sa_init(&p);
	take_all(&p.a, &train);
	assert_fragments(&train, least, most, size - around);
	/* What has room for more is filled. */
	assert_int_equal(train.cars[0].len, size - around);
	give_all(&p, &p.b, &train);
	take_all(&p.b, &train);
	assert_fragments(&train, least, most, size - around);
	give_all(&p, &p.a, &train);
	pair_assert_up(&p);
	/* What is small goes whole. */
	assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	take_all(&p.a, &train);
	assert_int_equal(train.n, 1);
	assert_int_equal(outer_type(&train.cars[0]), IKE_PAYLOAD_SK);
	pair_fini(&p);
}

static void test_handshake(void **state)
{
	handshake_in_fragments(false, false, IN_TWO, 2, 2);
	handshake_in_fragments(true, false, IN_TWO, 2, 2);
	handshake_in_fragments(true, true, IN_TWO, 2, 3);
	handshake_in_fragments(false, false, IN_FOUR, 3, 4);
}

/* RFC 7383 2.3: only when both said so. */
static void test_only_when_agreed(void **state)
{
	static const struct {
		uint16_t a, b;
		uint8_t from_a, from_b;
	} rows[] = {
		{0, IN_TWO, IKE_PAYLOAD_SK, IKE_PAYLOAD_SK},
		{IN_TWO, 0, IKE_PAYLOAD_SK, IKE_PAYLOAD_SK},
		{1280, 1280, IKE_PAYLOAD_SK, IKE_PAYLOAD_SK},
		{1280, IN_TWO, IKE_PAYLOAD_SK, IKE_PAYLOAD_SKF},
		{IN_TWO, 1280, IKE_PAYLOAD_SKF, IKE_PAYLOAD_SK},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct train train;
		struct pair p;

		pair_of(&p, rows[i].a, rows[i].b);
		sa_init(&p);
		take_all(&p.a, &train);
		assert_int_equal(outer_type(&train.cars[0]), rows[i].from_a);
		give_all(&p, &p.b, &train);
		take_all(&p.b, &train);
		assert_int_equal(outer_type(&train.cars[0]), rows[i].from_b);
		give_all(&p, &p.a, &train);
		pair_assert_up(&p);
		pair_fini(&p);
	}
}

static bool says_fragmentation(const struct pair_datagram *d)
{
	struct ike_msg msg = message(d);
	struct ike_notify notify;

	for (unsigned int i = 0; i < msg.outer.n; i++)
		if (msg.outer.list[i].type == IKE_PAYLOAD_NOTIFY &&
		    ike_notify_decode(msg.outer.list[i].body, &notify) == IKE_R_OK &&
		    notify.type == IKE_NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED)
			return notify.data.n == 0 && notify.spi_len == 0;
	return false;
}

static void test_who_says_so(void **state)
{
	for (int i = 0; i < 4; i++) {
		struct pair_datagram d;
		struct pair p;

		pair_of(&p, i & 1 ? 1280 : 0, i & 2 ? 1280 : 0);
		pair_initiate(&p, &p.a);
		assert_true(pair_take(&p.a, &d));
		assert_int_equal(says_fragmentation(&d), !!(i & 1));
		pair_give(&p, &p.b, &d);
		assert_true(pair_take(&p.b, &d));
		assert_int_equal(says_fragmentation(&d), i == 3);
		pair_fini(&p);
	}
}

/* One of a train is lost (none: MANY). */
static void give_but(struct pair *p, struct pair_side *side, const struct train *train, unsigned int lost)
{
	for (unsigned int i = 0; i < train->n; i++)
		if (i != lost)
			pair_give(p, side, &train->cars[i]);
}

/* Any one is lost in either direction: all come again, and what is there already is counted. False: there is no such one. */
static bool handshake_without(unsigned int lost, bool response)
{
	struct train train;
	struct pair p;
	bool any;

	pair_of(&p, IN_FOUR, IN_FOUR);
	sa_init(&p);
	take_all(&p.a, &train);
	assert_fragments(&train, 3, 4, IN_FOUR - 28);
	give_but(&p, &p.b, &train, response ? MANY : lost);
	if (response) {
		take_all(&p.b, &train);
		give_but(&p, &p.a, &train, lost);
	}
	any = lost < train.n;
	assert_int_equal(pair_info(&p.a).phase == IKE_PHASE_ESTABLISHED, !any && response);
	pair_sleep(&p, 600 * USEC_PER_MS, true);
	pair_assert_up(&p);
	/* All before the missing one came twice before there was a whole. */
	assert_int_equal(pair_counted(response ? &p.a : &p.b, IKE_R_FRAGMENT_REPEATED), any ? lost : 0);
	pair_fini(&p);
	return any;
}

static void test_each_one_lost(void **state)
{
	unsigned int lost = 0;

	while (handshake_without(lost, false))
		lost++;
	assert_in_range(lost, 3, 4);
	lost = 0;
	while (handshake_without(lost, true))
		lost++;
	assert_in_range(lost, 3, 4);
}

/* The permutation number `k` of 0..n-1. */
static void permute(unsigned int k, unsigned int n, unsigned int order[])
{
	for (unsigned int i = 0; i < n; i++)
		order[i] = i;
	for (unsigned int i = n; i > 1; i--) {
		unsigned int j = k % i, t = order[j];

		k /= i;
		order[j] = order[i - 1];
		order[i - 1] = t;
	}
}

static void test_in_every_order_and_twice(void **state)
{
	for (unsigned int k = 0; k < 24; k++) {
		unsigned int order[MANY];
		struct train train;
		struct pair p;

		pair_of(&p, IN_FOUR, IN_FOUR);
		sa_init(&p);
		take_all(&p.a, &train);
		permute(k, train.n, order);
		for (unsigned int i = 0; i < train.n; i++) {
			pair_give(&p, &p.b, &train.cars[order[i]]);
			if (i + 1 < train.n)
				pair_give(&p, &p.b, &train.cars[order[i]]);
		}
		assert_int_equal(pair_counted(&p.b, IKE_R_FRAGMENT_REPEATED), train.n - 1);
		take_all(&p.b, &train);
		permute(23 - k, train.n, order);
		for (unsigned int i = 0; i < train.n; i++)
			pair_give(&p, &p.a, &train.cars[order[i]]);
		pair_assert_up(&p);
		pair_fini(&p);
	}
}

/* RFC 7383 2.6.1: only fragment 1 of an answered request asks for the answer again. */
static void test_only_the_first_asks_again(void **state)
{
	struct train request, response, again;
	struct pair p;

	pair_of(&p, IN_FOUR, IN_FOUR);
	sa_init(&p);
	take_all(&p.a, &request);
	give_all(&p, &p.b, &request);
	take_all(&p.b, &response);
	for (unsigned int i = 1; i < request.n; i++) {
		pair_give(&p, &p.b, &request.cars[i]);
		assert_int_equal(p.b.queued, 0);
	}
	assert_int_equal(pair_counted(&p.b, IKE_R_OUTSIDE_WINDOW), request.n - 1);
	pair_give(&p, &p.b, &request.cars[0]);
	take_all(&p.b, &again);
	assert_int_equal(again.n, response.n);
	for (unsigned int i = 0; i < again.n; i++)
		assert_true(bytes_equal(bytes_make(again.cars[i].data, again.cars[i].len),
					bytes_make(response.cars[i].data, response.cars[i].len)));
	/* Bent, it asks for nothing. */
	request.cars[0].data[request.cars[0].len - 1] ^= 1;
	pair_give(&p, &p.b, &request.cars[0]);
	assert_int_equal(p.b.queued, 0);
	give_all(&p, &p.a, &again);
	pair_assert_up(&p);
	pair_fini(&p);
}

/* A fragment with any bit wrong leaves nothing behind, and the true ones still arrive. */
static void test_forged_ones_do_no_harm(void **state)
{
	uint64_t refused = 0;
	struct train train;
	struct pair p;

	pair_of(&p, IN_FOUR, IN_FOUR);
	sa_init(&p);
	take_all(&p.a, &train);
	pair_give(&p, &p.b, &train.cars[0]);
	for (size_t at = 0; at < train.cars[1].len; at++) {
		struct pair_datagram bent = train.cars[1];

		bent.data[at] ^= 0x10;
		pair_give(&p, &p.b, &bent);
		/* Another version is answered in clear, RFC 7296 2.5. */
		assert_int_equal(p.b.queued, at == 17);
		pair_take(&p.b, &bent);
	}
	for (enum ike_reason reason = IKE_R_OK + 1; reason < IKE_R_MAX; reason++)
		refused += pair_counted(&p.b, reason);
	assert_int_equal(refused, train.cars[1].len);
	/* From the numbers on, all but those that contradict what is there are for the seal to find. */
	assert_in_range(pair_counted(&p.b, IKE_R_INTEGRITY), train.cars[1].len - 40, train.cars[1].len - 28);
	pair_give(&p, &p.b, &train.cars[1]);
	for (unsigned int i = 2; i < train.n; i++)
		pair_give(&p, &p.b, &train.cars[i]);
	pair_run(&p);
	pair_assert_up(&p);
	pair_fini(&p);
}

/* Also for CREATE_CHILD_SA, and for the IKE SA that comes out of it. */
static void test_goes_on_after_a_rekey(void **state)
{
	struct train train;
	struct pair p;

	pair_of(&p, IN_FOUR, IN_FOUR);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	for (int i = 0; i < 2; i++) {
		uint64_t spi = pair_info(&p.a).spi_i;

		assert_true(ike_rekey_ike(p.a.engine, PAIR_CONN, p.now));
		pair_drain(&p, &p.a);
		take_all(&p.a, &train);
		assert_fragments(&train, 2, 3, IN_FOUR - 28);
		give_all(&p, &p.b, &train);
		pair_run(&p);
		pair_assert_up(&p);
		assert_true(pair_info(&p.a).spi_i != spi);
	}
	pair_fini(&p);
}

/* --- by hand --------------------------------------------------------------------------------------------- */

static struct ike_proposal_cfg null_proposal(bool ike)
{
	struct ike_proposal_cfg cfg = {.num = 1, .transforms = {{IKE_TRANSFORM_ENCR, IKE_ENCR_NULL}}};

	if (!ike)
		return cfg;
	cfg.num = 3;
	cfg.transforms[1] = (struct ike_transform_cfg){IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256};
	cfg.transforms[2] = (struct ike_transform_cfg){IKE_TRANSFORM_KE, CRYPTO_KE_NULL};
	return cfg;
}

static void null_cfg(struct pair *p, struct pair_side *side)
{
	struct pair_side *peer = side == &p->a ? &p->b : &p->a;
	struct ike_conn_cfg *cfg = pair_cfg(side, peer, IKE_DEFAULT, ESP_DEFAULT);

	cfg->ike[0] = null_proposal(true);
	cfg->esp[0] = null_proposal(false);
	ike_conn_set(side->engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

/* IKE_SA_INIT is done, and the whole IKE_AUTH request lies here, in text that can be read. */
struct bench {
	struct pair p;
	struct pair_datagram whole;
	struct ike_hdr hdr;
	uint8_t first;
	struct bytes text;
};

static void bench_init(struct bench *b)
{
	struct ike_sk_parts parts;
	struct ike_msg msg;

	crypto_null_enable(true);
	pair_init(&b->p, IKE_DEFAULT, ESP_DEFAULT);
	null_cfg(&b->p, &b->p.a);
	null_cfg(&b->p, &b->p.b);
	sa_init(&b->p);
	assert_true(pair_take(&b->p.a, &b->whole));
	msg = message(&b->whole);
	b->hdr = msg.hdr;
	b->first = msg.outer.list[0].next_type;
	assert_int_equal(ike_sk_split(msg.outer.list[0].body, 8, 1, 16, &parts), IKE_R_OK);
	b->text = bytes_make(parts.text.p, parts.text.n - 1);
}

/* One fragment that A's seal would hold for. */
static void give_fragment(struct bench *b, uint16_t number, uint16_t total, struct bytes text)
{
	struct pair_datagram d = {.from = b->whole.from, .to = b->whole.to};
	const struct ike_skf skf = {.number = number, .total = total};
	struct wr wr = wr_of(d.data, sizeof(d.data));
	struct ike_build build;

	ike_build_start(&build, &wr, &b->hdr);
	ike_build_payload(&build, IKE_PAYLOAD_SKF, false);
	if (number == 1)
		wr_patch_u8(&wr, build.next_at, b->first);
	build.next_at = SIZE_MAX;
	ike_skf_encode(&wr, &skf);
	wr_zero(&wr, 8);
	wr_bytes(&wr, text);
	wr_zero(&wr, 1 + 16);
	ike_build_end(&build);
	assert_false(wr.failed);
	d.len = wr.len;
	pair_give(&b->p, &b->p.b, &d);
}

/* Part `number` of the true text in `total` parts. */
static void give_part(struct bench *b, uint16_t number, uint16_t total)
{
	size_t each = (b->text.n + total - 1) / total;
	size_t at = MIN((number - 1) * each, b->text.n);

	give_fragment(b, number, total, bytes_make(b->text.p + at, MIN(each, b->text.n - at)));
}

static void assert_up_at_last(struct bench *b)
{
	pair_run(&b->p);
	pair_assert_up(&b->p);
	pair_fini(&b->p);
}

static void test_by_hand(void **state)
{
	struct bench b;

	bench_init(&b);
	for (uint16_t i = LIMIT_FRAGMENTS; i >= 1; i--)
		give_part(&b, i, LIMIT_FRAGMENTS);
	assert_up_at_last(&b);

	bench_init(&b);
	give_part(&b, 1, 1);
	assert_up_at_last(&b);
}

/* RFC 7383 2.6: a larger total begins anew, a smaller one is dropped. */
static void test_split_anew(void **state)
{
	struct bench b;

	bench_init(&b);
	give_part(&b, 1, 2);
	give_part(&b, 1, 3);
	give_part(&b, 3, 3);
	/* Of the first splitting: nothing of it counts any more. */
	give_part(&b, 2, 2);
	assert_int_equal(b.p.b.queued, 0);
	assert_int_equal(pair_counted(&b.p.b, IKE_R_BAD_FRAGMENT), 1);
	give_part(&b, 2, 3);
	assert_up_at_last(&b);
}

/* The peer tried whole first, and in fragments when it heard nothing: one answer each, to the first fragment. */
static void test_whole_first_then_fragments(void **state)
{
	struct bench b;
	struct train train;

	bench_init(&b);
	pair_give(&b.p, &b.p.b, &b.whole);
	take_all(&b.p.b, &train);
	assert_int_equal(train.n, 1);
	give_part(&b, 2, 2);
	assert_int_equal(b.p.b.queued, 0);
	give_part(&b, 1, 2);
	assert_int_equal(b.p.b.queued, 1);
	assert_up_at_last(&b);
}

/* Fragments wait, and then the whole message comes: they are forgotten. */
static void test_fragments_then_whole(void **state)
{
	struct bench b;

	bench_init(&b);
	give_part(&b, 1, 2);
	pair_give(&b.p, &b.p.b, &b.whole);
	pair_run(&b.p);
	pair_assert_up(&b.p);
	pair_sleep(&b.p, (LIMIT_FRAGMENTS_S + 1) * USEC_PER_S, true);
	assert_int_equal(pair_counted(&b.p.b, IKE_R_FRAGMENTS_LOST), 0);
	assert_up_at_last(&b);
}

static void test_more_than_is_held(void **state)
{
	static uint8_t text[1500];
	struct bench b;

	bench_init(&b);
	give_fragment(&b, 1, LIMIT_FRAGMENTS + 1, b.text);
	give_fragment(&b, LIMIT_FRAGMENTS + 1, LIMIT_FRAGMENTS + 1, b.text);
	give_fragment(&b, 1, UINT16_MAX, b.text);
	assert_int_equal(pair_counted(&b.p.b, IKE_R_TOO_MANY), 3);
	for (uint16_t i = 1; i <= LIMIT_FRAGMENT_BYTES / sizeof(text); i++)
		give_fragment(&b, i, 20, BYTES_OF(text));
	assert_int_equal(pair_counted(&b.p.b, IKE_R_TOO_MANY), 3);
	give_fragment(&b, 20, 20, BYTES_OF(text));
	assert_int_equal(pair_counted(&b.p.b, IKE_R_TOO_MANY), 4);
	/* All of it is forgotten, so that a smaller total is no contradiction. */
	give_part(&b, 1, 2);
	give_part(&b, 2, 2);
	assert_up_at_last(&b);
}

/* Never the rest: forgotten after a time, in an SA that lives. */
static void test_never_the_rest(void **state)
{
	struct bench b;

	bench_init(&b);
	pair_give(&b.p, &b.p.b, &b.whole);
	pair_run(&b.p);
	b.hdr.exchange = IKE_EXCHANGE_INFORMATIONAL;
	b.hdr.message_id++;
	give_fragment(&b, 1, 3, b.text);
	pair_sleep(&b.p, 20 * USEC_PER_S, true);
	give_fragment(&b, 2, 3, b.text);
	pair_sleep(&b.p, 20 * USEC_PER_S, true);
	assert_int_equal(pair_counted(&b.p.b, IKE_R_FRAGMENTS_LOST), 0);
	pair_sleep(&b.p, LIMIT_FRAGMENTS_S * USEC_PER_S, true);
	assert_int_equal(pair_counted(&b.p.b, IKE_R_FRAGMENTS_LOST), 1);
	/* Another exchange with the same message ID does not mix with it. */
	give_fragment(&b, 1, 2, b.text);
	b.hdr.exchange = IKE_EXCHANGE_CREATE_CHILD_SA;
	give_fragment(&b, 2, 2, b.text);
	assert_int_equal(pair_counted(&b.p.b, IKE_R_BAD_FRAGMENT), 1);
	assert_up_at_last(&b);
}

/* What fragments make up is a message like any other: nonsense in it ends the SA that sent it, and nothing else. */
static void test_nonsense_in_fragments(void **state)
{
	struct bench b;

	bench_init(&b);
	pair_give(&b.p, &b.p.b, &b.whole);
	pair_run(&b.p);
	b.hdr.exchange = IKE_EXCHANGE_INFORMATIONAL;
	b.hdr.message_id++;
	b.first = IKE_PAYLOAD_DELETE;
	give_fragment(&b, 1, 2, bytes_str("no"));
	assert_int_equal(b.p.b.ike_down, 0);
	give_fragment(&b, 2, 2, bytes_str("nsense"));
	assert_int_equal(b.p.b.ike_down, 1);
	pair_run(&b.p);
	pair_fini(&b.p);
}

/* Without the notify, not even a sealed one is taken. */
static void test_not_agreed(void **state)
{
	struct train train;
	struct pair p;

	pair_of(&p, 0, 1280);
	sa_init(&p);
	take_all(&p.a, &train);
	assert_int_equal(train.n, 1);
	/* SKF in the place of SK: number 0x0000 or whatever the IV begins with, and no seal that holds. */
	train.cars[0].data[16] = IKE_PAYLOAD_SKF;
	train.cars[0].data[IKE_HDR_LEN + IKE_PAYLOAD_HDR_LEN + 1] = 1;
	train.cars[0].data[IKE_HDR_LEN + IKE_PAYLOAD_HDR_LEN + 3] = 1;
	pair_give(&p, &p.b, &train.cars[0]);
	assert_int_equal(pair_counted(&p.b, IKE_R_BAD_FRAGMENT), 1);
	assert_int_equal(p.b.queued, 0);
	pair_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_handshake, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_when_agreed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who_says_so, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_one_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_every_order_and_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_the_first_asks_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forged_ones_do_no_harm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_goes_on_after_a_rekey, setup, teardown),
		cmocka_unit_test_setup_teardown(test_by_hand, setup, teardown),
		cmocka_unit_test_setup_teardown(test_split_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(test_whole_first_then_fragments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fragments_then_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_more_than_is_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_the_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense_in_fragments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_agreed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
