// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What addresses that proved nothing can make us send, compute and hold: the numbers of limits.h, each reached and not passed.
 * RFC 7296 2.6. B answers; requests are A's, with other SPIs and from other addresses.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_pair.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/ike/ike_rate.h"
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

static struct ike_counters counters(const struct pair_side *side)
{
	struct ike_counters counters;

	ike_engine_counters(side->engine, &counters);
	return counters;
}

/* B answers anybody. */
static struct pair_datagram init_open(struct pair *p)
{
	struct pair_datagram request;
	struct ike_conn_cfg *cfg;

	pair_init(p, IKE_DEFAULT, ESP_DEFAULT);
	cfg = pair_cfg(&p->b, &p->a, IKE_DEFAULT, ESP_DEFAULT);
	cfg->remote = (struct ipaddr){.ipa_type = IPADDR_NONE};
	ike_conn_set(p->b.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	pair_initiate(p, &p->a);
	assert_true(pair_take(&p->a, &request));
	return request;
}

/* The same request with another SPI, from address number `addr` of 10.0.0.0/8. */
static struct pair_datagram another(const struct pair_datagram *request, uint32_t spi, uint32_t addr)
{
	struct pair_datagram d = *request;

	d.data[0] = 0xf0;
	memcpy(d.data + 1, &spi, sizeof(spi));
	d.from.addr.ipaddr_v4.s_addr = htonl(0x0a000000u | addr);
	return d;
}

/* Bytes that B sends for it; `answer` is the last datagram. */
static size_t answered(struct pair *p, const struct pair_datagram *request, struct pair_datagram *answer)
{
	size_t sent = 0;

	pair_give(p, &p->b, request);
	while (pair_take(&p->b, answer))
		sent += answer->len;
	return sent;
}

/* Asks, and asks again with the cookie if one is asked for. What B answered in the end. */
static bool ask_with_cookie(struct pair *p, const struct pair_datagram *request)
{
	struct pair_datagram d = *request, answer;
	uint8_t *first = d.data + IKE_HDR_LEN;
	struct wr wr;

	if (!answered(p, request, &answer))
		return false;
	if (answer.data[16] != IKE_PAYLOAD_NOTIFY)
		return true;
	/* The body of the answer is the N(COOKIE) that goes first in the request. */
	memmove(first + answer.len - IKE_HDR_LEN, first, d.len - IKE_HDR_LEN);
	memcpy(first, answer.data + IKE_HDR_LEN, answer.len - IKE_HDR_LEN);
	first[0] = d.data[16];
	d.data[16] = IKE_PAYLOAD_NOTIFY;
	d.len += answer.len - IKE_HDR_LEN;
	wr = wr_of(d.data + 24, 4);
	wr_u32(&wr, (uint32_t)d.len);
	return answered(p, &d, &answer) && answer.data[16] != IKE_PAYLOAD_NOTIFY;
}

/* --- the bucket ------------------------------------------------------------------------------------------- */

static void test_bucket(void **state)
{
	struct ike_bucket bucket = {};
	struct instant now = {USEC_PER_S};

	for (int i = 0; i < 20; i++)
		assert_int_equal(ike_bucket_take(&bucket, 10, 20, now), true);
	assert_false(ike_bucket_take(&bucket, 10, 20, now));
	/* One comes back each tenth of a second. */
	now = instant_add(now, USEC_PER_S / 10);
	assert_true(ike_bucket_take(&bucket, 10, 20, now));
	assert_false(ike_bucket_take(&bucket, 10, 20, now));
	/* Never more than the burst. */
	now = instant_add(now, 3600 * USEC_PER_S);
	for (int i = 0; i < 20; i++)
		assert_true(ike_bucket_take(&bucket, 10, 20, now));
	assert_false(ike_bucket_take(&bucket, 10, 20, now));
}

static void no_random(void *arg, uint8_t *to, size_t n)
{
	memset(to, 7, n);
}

/* An IPv6 address is its /64: everybody has that many. */
static void test_prefix_of_an_address(void **state)
{
	static struct ike_rate rate;
	const struct ike_host host = {.random = no_random};
	struct ipaddr a, b, c;

	assert_int_equal(str2ipaddr("2001:db8:1:2::1", &a), 0);
	assert_int_equal(str2ipaddr("2001:db8:1:2:ffff:ffff::2", &b), 0);
	assert_int_equal(str2ipaddr("2001:db8:1:3::1", &c), 0);
	assert_ptr_equal(ike_rate_slot(&rate, &host, &a), ike_rate_slot(&rate, &host, &b));
	assert_ptr_not_equal(ike_rate_slot(&rate, &host, &a), ike_rate_slot(&rate, &host, &c));
}

/* --- what is computed ------------------------------------------------------------------------------------- */

/* One address: LIMIT_INIT_BURST_ADDR requests are answered, then a cookie is asked for, and others do not notice. */
static void test_rate_of_an_address(void **state)
{
	struct pair_datagram request, answer, d;
	unsigned int plain = 0;
	struct pair p;

	request = init_open(&p);
	for (uint32_t i = 0; i < 3 * LIMIT_INIT_BURST_ADDR; i++) {
		/* Half-open ones are done with before their number asks for cookies. */
		if (i % 32 == 0)
			pair_sleep(&p, 0, false);
		d = another(&request, i, 1);
		answered(&p, &d, &answer);
		plain += answer.data[16] != IKE_PAYLOAD_NOTIFY;
	}
	assert_in_range(plain, LIMIT_HALF_OPEN_COOKIE_AT, LIMIT_INIT_BURST_ADDR);
	/* A cookie is a round trip, not a refusal. */
	d = another(&request, 1000000, 1);
	assert_true(ask_with_cookie(&p, &d));
	pair_fini(&p);
}

/* Requests that lead to no half-open SA cost as well: the same limits, for one address and for all. */
static unsigned int plain_refusals(struct pair *p, const struct pair_datagram *request, bool one_address)
{
	const uint64_t before = counters(&p->b).reasons[IKE_R_NO_PROPOSAL];
	struct pair_datagram d, answer;

	for (uint32_t i = 0; i < 3 * LIMIT_INIT_BURST; i++) {
		d = another(request, i, one_address ? 1 : i);
		answered(p, &d, &answer);
	}
	return counters(&p->b).reasons[IKE_R_NO_PROPOSAL] - before;
}

static void test_rates_without_state(void **state)
{
	struct pair_datagram request, answer, d;
	struct ike_conn_cfg *cfg;
	struct pair p;

	request = init_open(&p);
	cfg = pair_cfg(&p.b, &p.a, "aes256-sha256-modp2048", ESP_DEFAULT);
	cfg->remote = (struct ipaddr){.ipa_type = IPADDR_NONE};
	ike_conn_set(p.b.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	assert_int_equal(plain_refusals(&p, &request, true), LIMIT_INIT_BURST_ADDR);
	/* Another address is answered as ever. */
	d = another(&request, 5, 77);
	answered(&p, &d, &answer);
	assert_int_equal(counters(&p.b).reasons[IKE_R_NO_PROPOSAL], LIMIT_INIT_BURST_ADDR + 1);
	/* All together, the hundred and one of before included: those came back within two seconds. */
	pair_sleep(&p, 2 * USEC_PER_S, false);
	assert_int_equal(plain_refusals(&p, &request, false), LIMIT_INIT_BURST);
	assert_true(counters(&p.b).cookies_sent > LIMIT_INIT_BURST);
	pair_fini(&p);
}

/* With cookies: LIMIT_INIT_PROVED_PER_S_ADDR of one address, the others wait for their next retransmission. */
static void test_rate_with_cookies(void **state)
{
	struct pair_datagram request, d;
	unsigned int good = 0;
	struct pair p;

	request = init_open(&p);
	for (uint32_t i = 0; i < 2 * LIMIT_INIT_PROVED_PER_S_ADDR; i++) {
		d = another(&request, i, 1);
		good += ask_with_cookie(&p, &d);
	}
	assert_in_range(good, LIMIT_INIT_PROVED_PER_S_ADDR,
			LIMIT_INIT_PROVED_PER_S_ADDR + LIMIT_INIT_BURST_ADDR);
	assert_true(counters(&p.b).reasons[IKE_R_RATE_LIMIT] > 0);
	d = another(&request, 5, 2);
	assert_true(ask_with_cookie(&p, &d));
	pair_sleep(&p, USEC_PER_S, false);
	d = another(&request, 1000000, 1);
	assert_true(ask_with_cookie(&p, &d));
	pair_fini(&p);
}

/* Ten thousand sites after a power cut, each from an address of its own: none is refused. */
static void test_power_cut(void **state)
{
	struct pair_datagram request, d;
	struct pair p;

	request = init_open(&p);
	for (uint32_t i = 0; i < 10000; i++) {
		d = another(&request, i, i + 1);
		assert_true(ask_with_cookie(&p, &d));
	}
	assert_int_equal(counters(&p.b).half_open, LIMIT_HALF_OPEN_MAX);
	pair_fini(&p);
}

/* --- what is held ------------------------------------------------------------------------------------------ */

/* An address that returns cookies by the thousand takes nothing from the one that wants just one tunnel. */
static void test_nobody_is_pushed_out(void **state)
{
	struct pair_datagram request, init_response, d;
	struct pair p;

	request = init_open(&p);
	pair_give(&p, &p.b, &request);
	assert_true(pair_take(&p.b, &init_response));
	for (uint32_t i = 0; i < 4 * LIMIT_HALF_OPEN_MAX; i++) {
		if (i % LIMIT_HALF_OPEN_MAX == 0)
			pair_sleep(&p, USEC_PER_S, false);
		/* from four addresses, none of them 10.0.0.1 */
		d = another(&request, i, 0x10000 + i % 4);
		ask_with_cookie(&p, &d);
	}
	assert_int_equal(counters(&p.b).half_open, LIMIT_HALF_OPEN_MAX);
	assert_true(counters(&p.b).reasons[IKE_R_HALF_OPEN_LIMIT] > LIMIT_HALF_OPEN_MAX);
	while (pair_take(&p.a, &d))
		;
	pair_give(&p, &p.a, &init_response);
	pair_run(&p);
	assert_int_equal(pair_info(&p.a).phase, IKE_PHASE_ESTABLISHED);
	assert_int_equal(p.a.children, 1);
	pair_fini(&p);
}

/* --- what is sent ------------------------------------------------------------------------------------------ */

/* HDR, SAi1, KEi, Ni --> of this proposal and no more, the shortest that can be answered. */
static struct pair_datagram shortest(const struct pair_datagram *like)
{
	const struct pair_datagram full = *like;
	struct pair_datagram d = *like;
	struct ike_build build;
	struct ike_msg msg;
	uint8_t bad_type;
	struct wr wr = wr_of(d.data, sizeof(d.data));

	assert_int_equal(ike_msg_decode(bytes_make(full.data, full.len), &msg, &bad_type), IKE_R_OK);
	ike_build_start(&build, &wr, &msg.hdr);
	for (unsigned int i = 0; i < 3; i++) {
		struct bytes body = rd_rest(&msg.outer.list[i].body);

		ike_build_payload(&build, msg.outer.list[i].type, false);
		wr_bytes(&wr, msg.outer.list[i].type == IKE_PAYLOAD_NONCE
				      ? bytes_make(body.p, LIMIT_NONCE_MIN)
				      : body);
	}
	ike_build_end(&build);
	d.len = wr.len;
	return d;
}

static void test_amplification(void **state)
{
	struct pair_datagram request, d, answer;
	size_t sent;
	struct pair p;

	request = init_open(&p);
	sent = answered(&p, &request, &answer);
	assert_in_range(sent, 1, LIMIT_AMPLIFICATION * request.len);
	/* The same without anything that can be left out. */
	d = another(&request, 1, 2);
	d = shortest(&d);
	sent = answered(&p, &d, &answer);
	assert_in_range(sent, 1, LIMIT_AMPLIFICATION * d.len);
	/* A cookie, an unknown version, and a request cut off, are answered with less than that, or not at all. */
	d = another(&request, 2, 3);
	d.data[17] = 0x30;
	sent = answered(&p, &d, &answer);
	assert_in_range(sent, 1, LIMIT_AMPLIFICATION * d.len);
	for (d.len = 0; d.len < request.len; d.len++)
		assert_in_range(answered(&p, &d, &answer), 0, LIMIT_AMPLIFICATION * d.len);
	pair_fini(&p);
}

/* The same request from the same address: answered so often and no more. */
static void test_repeats(void **state)
{
	struct pair_datagram request, answer;
	unsigned int answers = 0;
	struct pair p;

	request = init_open(&p);
	for (int i = 0; i < 100; i++)
		answers += answered(&p, &request, &answer) > 0;
	assert_int_equal(answers, 1 + LIMIT_INIT_REPEATS);
	assert_int_equal(counters(&p.b).reasons[IKE_R_RATE_LIMIT], 99 - LIMIT_INIT_REPEATS);
	assert_int_equal(counters(&p.b).half_open, 1);
	/* From another port it is somebody else's. */
	request.from.port++;
	assert_true(answered(&p, &request, &answer) > 0);
	assert_int_equal(counters(&p.b).half_open, 2);
	pair_fini(&p);
}

/* Answers to what is no IKE_SA_INIT that could lead anywhere: so many each second. */
static void test_answers_each_second(void **state)
{
	struct pair_datagram request, d, answer;
	unsigned int answers = 0;
	struct pair p;

	request = init_open(&p);
	for (uint32_t i = 0; i < 1000; i++) {
		d = another(&request, i, i);
		d.data[17] = 0x30;
		answers += answered(&p, &d, &answer) > 0;
	}
	assert_int_equal(answers, LIMIT_UNAUTH_ANSWERS_PER_S);
	pair_sleep(&p, USEC_PER_S, false);
	d = another(&request, 1, 1);
	d.data[17] = 0x30;
	assert_true(answered(&p, &d, &answer) > 0);
	pair_fini(&p);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_bucket),
		T(test_prefix_of_an_address),
		T(test_rate_of_an_address),
		T(test_rates_without_state),
		T(test_rate_with_cookies),
		T(test_power_cut),
		T(test_nobody_is_pushed_out),
		T(test_amplification),
		T(test_repeats),
		T(test_answers_each_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
