// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What RFC 7296 asks of us that nobody sees but at the beginning: SPIs, nonces, IVs, INITIAL_CONTACT; and what we do about an answer that
 * cannot be. The table of all such sentences is doc/rfc/7296.md.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_craft.h"

/* A source of randomness that says what it is told, eight bytes at a time, and then goes on. */
static void (*random_before)(void *arg, uint8_t *to, size_t n);
static const uint64_t *wanted;
static unsigned int num_wanted;

static void stubborn(void *arg, uint8_t *to, size_t n)
{
	if (n != sizeof(*wanted) || !num_wanted) {
		random_before(arg, to, n);
		return;
	}
	memcpy(to, wanted++, n);
	num_wanted--;
}

/* 2.6, 3.1: SPIs are not zero. That no two are the same is left to their 64 random bits. */
static void test_spis(void **state)
{
	static const uint64_t drawn[] = {0, 0, 7, 8, 0, 9};
	struct pair p;

	for (int initiator = 0; initiator < 2; initiator++) {
		pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
		random_before = p.a.host.random;
		p.a.host.random = stubborn;
		wanted = drawn;
		num_wanted = array_size(drawn);
		assert_int_equal(ike_sa_spi_local(ike_sa_new(p.a.engine, initiator, p.now)), 7);
		assert_int_equal(ike_sa_spi_local(ike_sa_new(p.a.engine, initiator, p.now)), 8);
		assert_int_equal(ike_sa_spi_local(ike_sa_new(p.a.engine, initiator, p.now)), 9);
		assert_int_equal(num_wanted, 0);
		pair_fini(&p);
	}
}

static struct bytes nonce_of(const struct ike_payloads *list)
{
	struct bytes nonce;

	assert_int_equal(ike_nonce_decode(ike_payloads_find(list, IKE_PAYLOAD_NONCE)->body, &nonce),
			 IKE_R_OK);
	return nonce;
}

/* 2.10, 3.9: long enough for the largest PRF, 512 bits, and another one each time. */
static void test_nonces(void **state)
{
	uint8_t seen[4][LIMIT_NONCE_MAX];
	struct pair_datagram d;
	struct opened o;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	for (unsigned int i = 0; i < array_size(seen); i++) {
		struct ike_msg msg;
		struct bytes nonce;
		uint8_t bad;

		if (i < 2) {
			pair_initiate(&p, i ? &p.b : &p.a);
			d = pair_taken(i ? &p.b : &p.a, IKE_EXCHANGE_SA_INIT, false);
			assert_int_equal(ike_msg_decode(bytes_make(d.data, d.len), &msg, &bad), IKE_R_OK);
			nonce = nonce_of(&msg.outer);
		} else {
			if (i == 2) {
				pair_fini(&p);
				up(&p);
			}
			assert_true(ike_rekey_child(p.a.engine, PAIR_CONN, p.now));
			pair_drain(&p, &p.a);
			d = pair_taken(&p.a, IKE_EXCHANGE_CREATE_CHILD_SA, false);
			open_for(&p.b, sa_up(&p.b), &d, &o);
			nonce = nonce_of(o.list);
		}
		assert_true(nonce.n >= 512 / 8 / 2);
		memcpy(seen[i], nonce.p, nonce.n);
		for (unsigned int j = 0; j < i; j++)
			assert_memory_not_equal(seen[j], seen[i], nonce.n);
		if (i == 2) {
			pair_give(&p, &p.b, &d);
			pair_run(&p);
			pair_sleep(&p, 10 * USEC_PER_S, true);
		}
	}
	pair_fini(&p);
}

/* 3.14, RFC 5282 3.1: no IV comes again. With CBC it is a random one, with an AEAD it counts, for each direction from 1 on. */
static void test_ivs(void **state)
{
	static const char *const suites[] = {"aes128-sha256-curve25519", "aes128gcm16-prfsha256-curve25519"};
	static const size_t iv_len[] = {16, 8};

	for (size_t s = 0; s < array_size(suites); s++) {
		struct pair_datagram d, seen[8];
		struct pair p;

		pair_init(&p, suites[s], ESP_DEFAULT);
		pair_initiate(&p, &p.a);
		pair_run(&p);
		for (unsigned int i = 0; i < array_size(seen); i++) {
			assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
			pair_drain(&p, &p.a);
			seen[i] = d = pair_taken(&p.a, IKE_EXCHANGE_INFORMATIONAL, false);
			pair_give(&p, &p.b, &d);
			pair_run(&p);
			for (unsigned int j = 0; j < i; j++)
				assert_memory_not_equal(seen[j].data + IKE_HDR_LEN + IKE_PAYLOAD_HDR_LEN,
							d.data + IKE_HDR_LEN + IKE_PAYLOAD_HDR_LEN,
							iv_len[s]);
		}
		if (s)
			assert_int_equal(seen[7].data[39] - seen[0].data[39], 7);
		pair_fini(&p);
	}
}

static bool says_initial_contact(struct pair *p)
{
	struct pair_datagram d;
	struct opened o;
	bool says;

	arrow(p, &p->a, IKE_EXCHANGE_SA_INIT, false);
	arrow(p, &p->b, IKE_EXCHANGE_SA_INIT, true);
	d = pair_taken(&p->a, IKE_EXCHANGE_AUTH, false);
	open_for(&p->b, sa_in_state(&p->b, IKE_SA_INIT_DONE), &d, &o);
	says = has_notify(&o, IKE_NOTIFY_INITIAL_CONTACT);
	pair_give(p, &p->b, &d);
	d = pair_taken(&p->b, IKE_EXCHANGE_AUTH, true);
	pair_give(p, &p->a, &d);
	return says;
}

/* 2.4: only while it is true that there is no other IKE SA. */
static void test_initial_contact(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	assert_true(says_initial_contact(&p));
	pair_run(&p);
	pair_assert_up(&p);
	ike_sa_reauthenticate(sa_up(&p.a), p.now);
	pair_drain(&p, &p.a);
	assert_false(says_initial_contact(&p));
	pair_fini(&p);
}

/* 2.21: an answer that makes no sense is not answered, but the IKE SA is deleted with the peer. */
static void test_bad_answer(void **state)
{
	struct pair_datagram d;
	struct ike_draft draft;
	struct ike_delete del;
	struct ike_sa *before;
	struct ike_hdr hdr;
	struct opened o;
	struct pair p;

	up(&p);
	before = sa_up(&p.b);
	assert_true(ike_rekey_child(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	d = pair_taken(&p.a, IKE_EXCHANGE_CREATE_CHILD_SA, false);
	hdr = pair_header(&d);
	ike_draft_response(&draft, before, &hdr);
	add_payload(&draft, IKE_PAYLOAD_SA, false, bytes_str("no proposal"));
	add_payload(&draft, IKE_PAYLOAD_NONCE, false, bytes_str("0123456789abcdef"));
	assert_true(ike_draft_send_response(&draft, &before->local, &before->remote));
	before->window.expected_id++;
	pair_drain(&p, &p.b);
	arrow(&p, &p.b, IKE_EXCHANGE_CREATE_CHILD_SA, true);
	assert_null(sa_up(&p.a));
	d = pair_taken(&p.a, IKE_EXCHANGE_INFORMATIONAL, false);
	open_for(&p.b, before, &d, &o);
	assert_int_equal(o.list->n, 1);
	assert_int_equal(ike_delete_decode(o.list->list[0].body, &del), IKE_R_OK);
	assert_int_equal(del.proto, IKE_PROTO_IKE);
	pair_fini(&p);
}

/* 2.25.1: what is being closed is not rekeyed. */
static void test_rekeying_of_what_is_closed(void **state)
{
	struct pair_datagram from_a, from_b;
	struct opened o;
	struct pair p;

	up(&p);
	pair_sleep(&p, 10 * USEC_PER_S, true);
	child_sa_retire(ike_sa_child(sa_up(&p.b)), IKE_R_EXPIRED);
	ike_sa_continue(sa_up(&p.b), p.now);
	pair_drain(&p, &p.b);
	from_b = pair_taken(&p.b, IKE_EXCHANGE_INFORMATIONAL, false);
	assert_true(ike_rekey_child(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	from_a = pair_taken(&p.a, IKE_EXCHANGE_CREATE_CHILD_SA, false);
	pair_give(&p, &p.b, &from_a);
	from_a = pair_taken(&p.b, IKE_EXCHANGE_CREATE_CHILD_SA, true);
	open_for(&p.a, sa_up(&p.a), &from_a, &o);
	assert_int_equal(o.list->n, 1);
	assert_true(has_notify(&o, IKE_NOTIFY_TEMPORARY_FAILURE));
	pair_give(&p, &p.a, &from_b);
	pair_give(&p, &p.a, &from_a);
	pair_run(&p);
	pair_sleep(&p, 60 * USEC_PER_S, true);
	pair_assert_up(&p);
	pair_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_spis),	    T(test_nonces),
		T(test_ivs),	    T(test_initial_contact),
		T(test_bad_answer), T(test_rekeying_of_what_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
