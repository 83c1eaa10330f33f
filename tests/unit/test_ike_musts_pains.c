// SPDX-License-Identifier: GPL-2.0-or-later
/* What peers do that other daemons could not bear, doc/pains.md, as far as no other test tells it. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_craft.h"

/* A CREATE_CHILD_SA request of A that its engine knows nothing of; `old`: the SPI that it rekeys, or 0. */
static void draft_child(struct pair *p, struct ike_draft *draft, uint32_t old, uint32_t spi, bool cp)
{
	static const uint8_t request[] = {1, 0, 0, 0, 0, 1, 0, 0};
	const struct ike_notify rekey = {
		.proto = IKE_PROTO_ESP, .spi_len = 4, .spi = old, .type = IKE_NOTIFY_REKEY_SA};
	struct ike_sa *sa = sa_up(&p->a);
	struct ike_sa_payload offer;
	struct secret nonce = {};

	ike_draft_request(draft, sa, IKE_EXCHANGE_CREATE_CHILD_SA);
	if (old) {
		ike_build_payload(&draft->build, IKE_PAYLOAD_NOTIFY, false);
		ike_notify_encode(&draft->wr, &rekey);
	}
	if (cp)
		add_payload(draft, IKE_PAYLOAD_CP, false, BYTES_OF(request));
	ike_fresh_nonce(sa->engine, &nonce);
	ike_proposal_offer(IKE_PROTO_ESP, sa->cfg->esp, sa->cfg->num_esp, spi, 4, true, &offer);
	ike_draft_sa(draft, &offer);
	ike_draft_nonce(draft, &nonce);
	ike_draft_ts(draft, &sa->cfg->ts_local, &sa->cfg->ts_remote);
	secret_fini(&nonce);
}

/* Sent, answered, and the answer kept from A's engine, whose window goes on. */
static void asked(struct pair *p, struct ike_draft *draft, struct opened *o)
{
	ask(p, &p->a, draft);
	answer_of(p, o);
	ike_window_answered(&sa_up(&p->a)->window, p->now);
}

static void end(struct pair *p)
{
	ike_terminate(p->b.engine, PAIR_CONN, IKE_R_DELETED_BY_US, p->now);
	pair_drain(p, &p->b);
	assert_int_equal(p->b.children, 0);
	pair_fini(p);
}

/* The same SA rekeyed twice, one after the other: each has an answer, and one pair is usable all the time. */
static void test_two_rekeyings_of_one(void **state)
{
	struct ike_draft draft;
	struct opened o;
	struct pair p;
	uint32_t old;

	up(&p);
	pair_sleep(&p, 10 * USEC_PER_S, true);
	old = pair_info(&p.a).child_spi_in;
	for (uint32_t i = 1; i <= 3; i++) {
		draft_child(&p, &draft, old, 0x10000 * i, false);
		asked(&p, &draft, &o);
		assert_true(o.list->n >= 1);
		assert_int_not_equal(pair_info(&p.b).child_id, 0);
	}
	assert_int_equal(p.b.blinks + p.b.child_down, 0);
	pair_sleep(&p, 60 * USEC_PER_S, false);
	assert_int_not_equal(pair_info(&p.b).child_id, 0);
	end(&p);
}

/* One new pair after the other, never a DELETE: bounded, and the last one has an answer too. */
static void test_many_new_ones(void **state)
{
	struct ike_draft draft;
	struct opened o;
	struct pair p;
	bool refused = false;

	up(&p);
	pair_sleep(&p, 10 * USEC_PER_S, true);
	for (uint32_t i = 1; i <= 3 * LIMIT_CHILDREN; i++) {
		draft_child(&p, &draft, 0, 0x10000 * i, false);
		asked(&p, &draft, &o);
		refused |= has_notify(&o, IKE_NOTIFY_NO_ADDITIONAL_SAS);
		assert_true(p.b.children <= LIMIT_CHILDREN);
	}
	assert_true(refused);
	assert_int_not_equal(pair_info(&p.b).child_id, 0);
	assert_int_equal(p.b.blinks + p.b.child_down, 0);
	end(&p);
}

static void test_configuration_payload_in_a_rekeying(void **state)
{
	struct ike_draft draft;
	struct opened o;
	struct pair p;

	up(&p);
	pair_sleep(&p, 10 * USEC_PER_S, true);
	draft_child(&p, &draft, pair_info(&p.a).child_spi_in, 0x10000, true);
	asked(&p, &draft, &o);
	assert_non_null(ike_payloads_find(o.list, IKE_PAYLOAD_SA));
	assert_null(ike_payloads_find(o.list, IKE_PAYLOAD_CP));
	assert_int_equal(p.b.added, 2);
	end(&p);
}

/* Nothing passes for two minutes, at any moment of a rekeying, one-sided or of both ends: afterwards it goes on, with the same peers. */
static void test_rekeying_outlives_an_outage(void **state)
{
	for (int what = 0; what < 4; what++)
		for (int passed = 0; passed < 6; passed++) {
			struct pair_datagram d;
			struct pair p;
			uint64_t before;

			up(&p);
			pair_sleep(&p, 10 * USEC_PER_S, true);
			before = pair_info(&p.a).spi_i;
			for (int who = 0; who <= what / 2; who++) {
				struct pair_side *side = who ? &p.b : &p.a;

				assert_true((what % 2 ? ike_rekey_ike : ike_rekey_child)(side->engine,
											 PAIR_CONN, p.now));
				pair_drain(&p, side);
			}
			for (int i = 0; i < passed; i++) {
				struct pair_side *from = i % 2 ? &p.b : &p.a;

				if (pair_take(from, &d))
					pair_give(&p, i % 2 ? &p.a : &p.b, &d);
			}
			for (int s = 0; s < 120; s++) {
				p.a.queued = p.b.queued = 0;
				pair_sleep(&p, USEC_PER_S, false);
			}
			p.a.queued = p.b.queued = 0;
			pair_sleep(&p, 120 * USEC_PER_S, true);
			assert_int_equal(p.a.ike_down + p.b.ike_down, 0);
			assert_int_equal(pair_info(&p.a).spi_i, pair_info(&p.b).spi_i);
			assert_int_equal(pair_info(&p.a).child_spi_in, pair_info(&p.b).child_spi_out);
			assert_int_equal(pair_info(&p.a).child_spi_out, pair_info(&p.b).child_spi_in);
			assert_int_equal(p.a.children, 1);
			assert_int_equal(p.b.children, 1);
			if (what % 2)
				assert_int_not_equal(pair_info(&p.a).spi_i, before);
			pair_fini(&p);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_two_rekeyings_of_one),
		T(test_many_new_ones),
		T(test_configuration_payload_in_a_rekeying),
		T(test_rekeying_outlives_an_outage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
