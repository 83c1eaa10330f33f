// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Forged messages to a responder, to one who waits for IKE_AUTH, and to an established IKE SA: they are counted, nothing changes, and
 * the true one is taken when it comes. RFC 7296 2.1, 2.21, 2.23; RFC 7383 2.6.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_forge.h"

/* --- the responder ---------------------------------------------------------------------------------------- */

/* M's HDR, SAi1, KEi, Ni with the SPI and from the address of A comes first. */
static void test_forged_request_before(void **state)
{
	struct pair_datagram request, forged;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	request = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	forged = request;
	forged.data[forged.len - 1] ^= 1; /* in the hash of an address */
	forged.data[IKE_HDR_LEN + 60] ^= 1;
	pair_give(&p, &p.b, &forged);
	pair_give(&p, &p.b, &request);
	pair_run(&p);
	assert_up_and_clean(&p);
	pair_fini(&p);
}

/* Everything that is not A's IKE_AUTH, with the right SPIs, before it. */
static void test_forged_auth(void **state)
{
	const struct ike_notify failed = {.type = IKE_NOTIFY_AUTHENTICATION_FAILED};
	struct pair_datagram genuine, d;
	struct ike_hdr hdr;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	arrow(&p, &p.a, IKE_EXCHANGE_SA_INIT, false);
	arrow(&p, &p.b, IKE_EXCHANGE_SA_INIT, true);
	genuine = pair_taken(&p.a, IKE_EXCHANGE_AUTH, false);

	/* HDR, SK {garbage} --> */
	d = genuine;
	d.data[d.len - 1] ^= 1;
	pair_give(&p, &p.b, &d);
	assert_int_equal(pair_counted(&p.b, IKE_R_INTEGRITY), 1);
	/* cut off --> */
	d = genuine;
	d.len -= 20;
	pair_give(&p, &p.b, &d);
	assert_int_equal(pair_counted(&p.b, IKE_R_BAD_LENGTH), 1);
	/* HDR, N(AUTHENTICATION_FAILED) --> in clear, as IKE_AUTH and as INFORMATIONAL; HDR, D --> */
	hdr = pair_header(&genuine);
	d = clear_message(&genuine, &hdr, IKE_PAYLOAD_NOTIFY, &failed);
	pair_give(&p, &p.b, &d);
	assert_int_equal(pair_counted(&p.b, IKE_R_NOT_ENCRYPTED), 1);
	hdr.exchange = IKE_EXCHANGE_INFORMATIONAL;
	for (hdr.message_id = 0; hdr.message_id < 3; hdr.message_id++) {
		d = clear_message(&genuine, &hdr, IKE_PAYLOAD_NOTIFY, &failed);
		pair_give(&p, &p.b, &d);
		d = clear_message(&genuine, &hdr, IKE_PAYLOAD_DELETE, NULL);
		pair_give(&p, &p.b, &d);
	}
	assert_int_equal(
		pair_counted(&p.b, IKE_R_UNEXPECTED_EXCHANGE) + pair_counted(&p.b, IKE_R_OUTSIDE_WINDOW), 6);
	assert_int_equal(p.b.queued, 0);

	pair_give(&p, &p.b, &genuine);
	pair_run(&p);
	assert_up_and_clean(&p);
	pair_fini(&p);
}

/* The same for A, who waits for B's: <-- HDR, SK {garbage}, cut off, in clear */
static void test_forged_auth_answer(void **state)
{
	const struct ike_notify failed = {.type = IKE_NOTIFY_AUTHENTICATION_FAILED};
	struct pair_datagram genuine, d;
	struct ike_hdr hdr;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	arrow(&p, &p.a, IKE_EXCHANGE_SA_INIT, false);
	arrow(&p, &p.b, IKE_EXCHANGE_SA_INIT, true);
	arrow(&p, &p.a, IKE_EXCHANGE_AUTH, false);
	genuine = pair_taken(&p.b, IKE_EXCHANGE_AUTH, true);
	d = genuine;
	d.data[d.len - 1] ^= 1;
	pair_give(&p, &p.a, &d);
	assert_int_equal(pair_counted(&p.a, IKE_R_INTEGRITY), 1);
	d = genuine;
	d.len -= 20;
	pair_give(&p, &p.a, &d);
	assert_int_equal(pair_counted(&p.a, IKE_R_BAD_LENGTH), 1);
	hdr = pair_header(&genuine);
	d = clear_message(&genuine, &hdr, IKE_PAYLOAD_NOTIFY, &failed);
	pair_give(&p, &p.a, &d);
	assert_int_equal(pair_counted(&p.a, IKE_R_NOT_ENCRYPTED), 1);
	assert_int_equal(p.a.ike_down, 0);
	pair_give(&p, &p.a, &genuine);
	pair_run(&p);
	assert_up_and_clean(&p);
	pair_fini(&p);
}

static void set_fragmentation(struct pair *p, struct pair_side *side, uint16_t size)
{
	struct ike_conn_cfg *cfg = pair_cfg(side, side == &p->a ? &p->b : &p->a, IKE_DEFAULT, ESP_DEFAULT);

	cfg->fragmentation = size;
	ike_conn_set(side->engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

/* HDR, SKF(n/m) {garbage} --> before each true fragment: nothing of it stays. */
static void test_forged_fragments(void **state)
{
	struct pair_datagram d, bad;
	unsigned int n = 0;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	set_fragmentation(&p, &p.a, 200);
	set_fragmentation(&p, &p.b, 200);
	pair_initiate(&p, &p.a);
	arrow(&p, &p.a, IKE_EXCHANGE_SA_INIT, false);
	arrow(&p, &p.b, IKE_EXCHANGE_SA_INIT, true);
	for (; pair_take(&p.a, &d); n++) {
		assert_int_equal(pair_header(&d).next_payload, IKE_PAYLOAD_SKF);
		bad = d;
		bad.data[bad.len - 1] ^= 1;
		pair_give(&p, &p.b, &bad);
		bad = d;
		bad.data[IKE_HDR_LEN + IKE_PAYLOAD_HDR_LEN + 3]++; /* the total */
		pair_give(&p, &p.b, &bad);
		pair_give(&p, &p.b, &d);
	}
	assert_true(n > 1);
	assert_int_equal(pair_counted(&p.b, IKE_R_INTEGRITY), 2 * n);
	pair_run(&p);
	assert_up_and_clean(&p);
	pair_fini(&p);
}

/* --- established ------------------------------------------------------------------------------------------ */

static void handshake(struct pair *p)
{
	pair_init(p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(p, &p->a);
	pair_run(p);
	pair_assert_up(p);
}

static void assert_a_is_where_it_was(const struct pair *p)
{
	struct ike_conn_info info = pair_info(&p->b);

	assert_true(ipaddr_equal(&info.remote.addr, &p->a.addr));
}

/* In clear, with the right SPIs, as request and as answer to the one that is out: D, and every error of RFC 7296 3.10.1. */
static void test_clear_messages_to_an_established_sa(void **state)
{
	static const uint8_t exchanges[] = {IKE_EXCHANGE_INFORMATIONAL, IKE_EXCHANGE_CREATE_CHILD_SA,
					    IKE_EXCHANGE_AUTH};
	struct pair_datagram probe, d;
	unsigned int n = 0;
	struct pair p;

	handshake(&p);
	assert_true(ike_probe(p.b.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.b);
	probe = pair_taken(&p.b, IKE_EXCHANGE_INFORMATIONAL, false);
	for (unsigned int i = 0; i < 2 * array_size(exchanges); i++) {
		struct pair_datagram back = turned(&probe);
		struct ike_hdr hdr = pair_header(&probe);

		hdr.exchange = exchanges[i / 2];
		hdr.flags = IKE_FLAG_INITIATOR | (i & 1 ? IKE_FLAG_RESPONSE : 0);
		hdr.message_id = i & 1 ? hdr.message_id : 2;
		d = clear_message(&back, &hdr, IKE_PAYLOAD_DELETE, NULL);
		pair_give(&p, &p.b, &d);
		n++;
		for (uint16_t type = 1; type < 48; type++, n++) {
			const struct ike_notify notify = {.type = type};

			d = clear_message(&back, &hdr, IKE_PAYLOAD_NOTIFY, &notify);
			pair_give(&p, &p.b, &d);
		}
	}
	assert_int_equal(p.b.queued, 0);
	assert_int_equal(pair_counted(&p.b, IKE_R_NOT_ENCRYPTED) + pair_counted(&p.b, IKE_R_OUTSIDE_WINDOW) +
				 pair_counted(&p.b, IKE_R_UNEXPECTED_EXCHANGE),
			 n);
	assert_true(pair_info(&p.b).request_outstanding);
	pair_give(&p, &p.a, &probe);
	pair_run(&p);
	assert_false(pair_info(&p.b).request_outstanding);
	assert_int_equal(p.b.child_down + p.b.ike_down, 0);
	pair_assert_up(&p);
	pair_fini(&p);
}

/* HDR, SK {IDi, AUTH, ...} copied and sent from elsewhere, first. Without a NAT the peer is where it was. */
static void test_copied_auth_moves_nothing(void **state)
{
	struct pair_datagram genuine, copy;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	arrow(&p, &p.a, IKE_EXCHANGE_SA_INIT, false);
	arrow(&p, &p.b, IKE_EXCHANGE_SA_INIT, true);
	copy = genuine = pair_taken(&p.a, IKE_EXCHANGE_AUTH, false);
	assert_int_equal(str2ipaddr("203.0.113.66", &copy.from.addr), 0);
	pair_give(&p, &p.b, &copy);
	assert_a_is_where_it_was(&p);
	assert_true(ipaddr_equal(&p.b.child.remote.addr, &p.a.addr));
	pair_give(&p, &p.b, &genuine);
	pair_run(&p);
	assert_up_and_clean(&p);
	pair_fini(&p);
}

/* A's last request, again and again from elsewhere: a few answers, and nothing moves. */
static void test_replays_from_elsewhere(void **state)
{
	struct pair_datagram genuine, copy, d;
	unsigned int answers = 0;
	struct pair p;

	handshake(&p);
	assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	copy = genuine = pair_taken(&p.a, IKE_EXCHANGE_INFORMATIONAL, false);
	pair_give(&p, &p.b, &genuine);
	pair_taken(&p.b, IKE_EXCHANGE_INFORMATIONAL, true);
	assert_int_equal(str2ipaddr("203.0.113.66", &copy.from.addr), 0);
	for (int i = 0; i < 100; i++) {
		pair_give(&p, &p.b, &copy);
		while (pair_take(&p.b, &d))
			answers++;
	}
	assert_int_equal(answers, LIMIT_REPEATS_ASTRAY);
	assert_int_equal(pair_counted(&p.b, IKE_R_RATE_LIMIT), 100 - LIMIT_REPEATS_ASTRAY);
	assert_int_equal(p.b.moved, 0);
	assert_a_is_where_it_was(&p);
	/* A itself is answered, for as long as a liveness exchange lasts. */
	for (int i = 0; i < 300; i++) {
		pair_give(&p, &p.b, &genuine);
		while (pair_take(&p.b, &d))
			answers++;
	}
	assert_int_equal(answers, LIMIT_REPEATS);
	pair_fini(&p);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_forged_request_before),
		T(test_forged_auth),
		T(test_forged_auth_answer),
		T(test_forged_fragments),
		T(test_clear_messages_to_an_established_sa),
		T(test_copied_auth_moves_nothing),
		T(test_replays_from_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
