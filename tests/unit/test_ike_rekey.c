// SPDX-License-Identifier: GPL-2.0-or-later
/* CREATE_CHILD_SA: rekeying of Child SAs and IKE SAs, alone and against each other, in the arrows of RFC 7296 1.3, 2.8 and 2.25. */
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

static void up(struct pair *p, const char *esp)
{
	pair_init(p, IKE_DEFAULT, esp);
	pair_initiate(p, &p->a);
	pair_run(p);
	pair_assert_up(p);
	pair_sleep(p, 2 * USEC_PER_S, true);
}

static void rekey_child(struct pair *p, struct pair_side *side)
{
	assert_true(ike_rekey_child(side->engine, PAIR_CONN, p->now));
	pair_drain(p, side);
}

static void rekey_ike(struct pair *p, struct pair_side *side)
{
	assert_true(ike_rekey_ike(side->engine, PAIR_CONN, p->now));
	pair_drain(p, side);
}

static void arrow(struct pair *p, struct pair_side *from, struct pair_side *to, uint8_t exchange,
		  bool response)
{
	struct pair_datagram d;
	struct ike_hdr hdr;

	assert_true(pair_take(from, &d));
	assert_int_equal(ike_hdr_decode(bytes_make(d.data, d.len), &hdr), IKE_R_OK);
	assert_int_equal(hdr.exchange, exchange);
	assert_int_equal(!!(hdr.flags & IKE_FLAG_RESPONSE), response);
	pair_give(p, to, &d);
}

static void test_child(void **state)
{
	for (int who = 0; who < 2; who++) {
		struct pair p;
		struct pair_side *i, *r;
		uint32_t old;

		up(&p, ESP_DEFAULT);
		i = who ? &p.b : &p.a;
		r = who ? &p.a : &p.b;
		old = pair_info(i).child_spi_in;
		rekey_child(&p, i);
		/* HDR, SK {N(REKEY_SA), SA, Ni, TSi, TSr} --> */
		arrow(&p, i, r, IKE_EXCHANGE_CREATE_CHILD_SA, false);
		assert_int_equal(r->children, 2);
		assert_true(r->child.receive_only);
		assert_int_equal(r->used, 0);
		/* <-- HDR, SK {SA, Nr, TSi, TSr} */
		arrow(&p, r, i, IKE_EXCHANGE_CREATE_CHILD_SA, true);
		assert_int_equal(i->children, 2);
		assert_false(i->child.receive_only);
		/* HDR, SK {D(old)} -->: now r sends with the new one too */
		arrow(&p, i, r, IKE_EXCHANGE_INFORMATIONAL, false);
		assert_int_equal(r->used, 1);
		assert_int_equal(r->children, 2);
		/* <-- HDR, SK {D(old)} */
		arrow(&p, r, i, IKE_EXCHANGE_INFORMATIONAL, true);
		assert_int_not_equal(pair_info(i).child_spi_in, old);
		pair_settled(&p);
		pair_assert_up(&p);
		pair_fini(&p);
	}
}

static void test_child_with_pfs(void **state)
{
	static const char *const esp[] = {"aes128gcm16-curve25519", "aes256-sha256-modp2048",
					  "aes128gcm16-ecp256-ecp384"};

	for (size_t i = 0; i < array_size(esp); i++) {
		struct pair p;

		up(&p, esp[i]);
		rekey_child(&p, &p.a);
		pair_settled(&p);
		pair_assert_up(&p);
		assert_non_null(strchr(pair_info(&p.a).esp_proposal, '-'));
		rekey_child(&p, &p.b);
		pair_settled(&p);
		pair_assert_up(&p);
		pair_fini(&p);
	}
}

static void configure(struct pair_side *side, struct pair_side *peer, const char *esp)
{
	struct ike_conn_cfg *cfg = pair_cfg(side, peer, IKE_DEFAULT, esp);

	ike_conn_set(side->engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

/* One end asks for PFS, the other has none configured: hours after a good start that must not be the end. */
static void test_child_with_pfs_on_one_side(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	configure(&p.a, &p.b, "aes128gcm16-curve25519");
	pair_initiate(&p, &p.a);
	pair_run(&p);
	rekey_child(&p, &p.a);
	pair_settled(&p);
	assert_string_equal(pair_info(&p.b).esp_proposal, "aes128gcm16-curve25519");
	pair_fini(&p);
}

/* <-- HDR, SK {N(INVALID_KE_PAYLOAD)}: once more, with the group that the peer wants. */
static void test_child_with_another_group(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	configure(&p.a, &p.b, "aes128gcm16-curve25519-ecp256");
	configure(&p.b, &p.a, "aes128gcm16-ecp256");
	pair_initiate(&p, &p.a);
	pair_run(&p);
	rekey_child(&p, &p.a);
	pair_settled(&p);
	assert_string_equal(pair_info(&p.b).esp_proposal, "aes128gcm16-ecp256");
	pair_fini(&p);
}

/* <-- HDR, SK {N(NO_PROPOSAL_CHOSEN)}, for good: a new IKE SA beside the old one, and at no moment nothing that carries. */
static void test_child_refused_for_good(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	configure(&p.b, &p.a, "aes128gcm16-curve25519");
	pair_initiate(&p, &p.a);
	pair_run(&p);
	pair_sleep(&p, 2 * USEC_PER_S, true);
	rekey_child(&p, &p.a);
	pair_run(&p);
	pair_sleep(&p, 60 * USEC_PER_S, true);
	assert_int_equal(p.a.ike_up, 2);
	assert_int_equal(p.a.added, 2);
	assert_int_equal(p.a.children + p.b.children, 2);
	assert_int_equal(p.a.ike_down + p.b.ike_down, 0);
	assert_int_equal(p.a.blinks + p.b.blinks, 0);
	pair_assert_up(&p);
	pair_fini(&p);
}

/* With PFS that only the peer wants, a pair that it has rekeyed is rekeyed by us as it was: with its group. */
static void test_child_with_the_group_in_use(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	configure(&p.b, &p.a, "aes128gcm16-curve25519");
	pair_initiate(&p, &p.a);
	pair_run(&p);
	rekey_child(&p, &p.b);
	pair_run(&p);
	pair_sleep(&p, 5 * USEC_PER_S, true);
	rekey_child(&p, &p.a);
	pair_settled(&p);
	assert_int_equal(p.a.added, 3);
	assert_string_equal(pair_info(&p.a).esp_proposal, "aes128gcm16-curve25519");
	pair_fini(&p);
}

/* As many proposals as can be configured, and the one in use before them. */
static void test_full_list_of_proposals(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	for (int i = 0; i < 2; i++) {
		struct pair_side *side = i ? &p.b : &p.a;
		struct ike_conn_cfg *cfg = pair_cfg(side, i ? &p.a : &p.b, IKE_DEFAULT, ESP_DEFAULT);

		for (cfg->num_ike = 1; cfg->num_ike < LIMIT_PROPOSALS_CFG; cfg->num_ike++)
			cfg->ike[cfg->num_ike] = cfg->ike[0];
		for (cfg->num_esp = 1; cfg->num_esp < LIMIT_PROPOSALS_CFG; cfg->num_esp++)
			cfg->esp[cfg->num_esp] = cfg->esp[0];
		ike_conn_set(side->engine, PAIR_CONN, cfg);
		ike_conn_cfg_unref(cfg);
	}
	pair_initiate(&p, &p.a);
	pair_run(&p);
	rekey_child(&p, &p.a);
	pair_settled(&p);
	rekey_ike(&p, &p.b);
	pair_settled(&p);
	pair_fini(&p);
}

static void test_esn(void **state)
{
	struct pair p;

	up(&p, "aes128gcm16-esn-noesn");
	assert_true(p.a.child.esn && p.b.child.esn);
	assert_string_equal(pair_info(&p.a).esp_proposal, "aes128gcm16-esn");
	rekey_child(&p, &p.b);
	pair_settled(&p);
	assert_true(p.a.child.esn && p.b.child.esn);
	pair_fini(&p);
}

static void test_ike(void **state)
{
	for (int who = 0; who < 2; who++) {
		struct pair p;
		struct pair_side *i, *r;
		uint64_t old;
		uint32_t child;

		up(&p, ESP_DEFAULT);
		i = who ? &p.b : &p.a;
		r = who ? &p.a : &p.b;
		old = pair_info(i).spi_i;
		child = pair_info(i).child_spi_in;
		rekey_ike(&p, i);
		/* HDR, SK {SA, Ni, KEi} -->   <-- HDR, SK {SA, Nr, KEr} */
		arrow(&p, i, r, IKE_EXCHANGE_CREATE_CHILD_SA, false);
		arrow(&p, r, i, IKE_EXCHANGE_CREATE_CHILD_SA, true);
		/* HDR, SK {D} -->   <-- HDR, SK {} */
		arrow(&p, i, r, IKE_EXCHANGE_INFORMATIONAL, false);
		arrow(&p, r, i, IKE_EXCHANGE_INFORMATIONAL, true);
		assert_int_not_equal(pair_info(i).spi_i, old);
		assert_true(pair_info(i).initiator);
		assert_false(pair_info(r).initiator);
		/* The Child SA is still the same. */
		assert_int_equal(pair_info(i).child_spi_in, child);
		pair_settled(&p);
		/* Message IDs begin at 0 on the new one, and both ends can speak on it. */
		assert_true(ike_probe(i->engine, PAIR_CONN, p.now));
		pair_drain(&p, i);
		pair_run(&p);
		rekey_child(&p, r);
		pair_settled(&p);
		pair_fini(&p);
	}
}

/* Both rekey the same Child SA at the same moment (2.8.1). */
static void test_children_cross(void **state)
{
	for (int seed = 0; seed < 16; seed++) {
		struct pair p;

		up(&p, ESP_DEFAULT);
		p.a.seed += (uint64_t)seed * 977;
		rekey_child(&p, &p.a);
		rekey_child(&p, &p.b);
		pair_settled(&p);
		assert_int_equal(p.a.child_up + p.b.child_up, 2 + 3);
		pair_fini(&p);
	}
}

/* Only one end notices: B's request comes when A has done with the old one already. */
static void test_children_cross_late(void **state)
{
	struct pair_datagram late;
	struct pair p;

	up(&p, ESP_DEFAULT);
	rekey_child(&p, &p.b);
	assert_true(pair_take(&p.b, &late));
	rekey_child(&p, &p.a);
	pair_run(&p);
	pair_give(&p, &p.a, &late);
	pair_settled(&p);
	pair_fini(&p);
}

/* Both rekey the IKE SA at the same moment (2.8.2). */
static void test_ikes_cross(void **state)
{
	for (int seed = 0; seed < 16; seed++) {
		struct pair p;

		up(&p, ESP_DEFAULT);
		p.a.seed += (uint64_t)seed * 977;
		rekey_ike(&p, &p.a);
		rekey_ike(&p, &p.b);
		pair_settled(&p);
		rekey_child(&p, &p.a);
		pair_settled(&p);
		pair_fini(&p);
	}
}

static void test_ikes_cross_late(void **state)
{
	struct pair_datagram late;
	struct pair p;

	up(&p, ESP_DEFAULT);
	rekey_ike(&p, &p.b);
	assert_true(pair_take(&p.b, &late));
	rekey_ike(&p, &p.a);
	pair_run(&p);
	pair_give(&p, &p.a, &late);
	pair_settled(&p);
	pair_fini(&p);
}

/* One rekeys the IKE SA, the other the Child SA (2.25.2): TEMPORARY_FAILURE, and a second try. */
static void test_ike_crosses_child(void **state)
{
	for (int who = 0; who < 2; who++) {
		struct pair p;
		uint64_t ike;
		uint32_t child;

		up(&p, ESP_DEFAULT);
		ike = pair_info(&p.a).spi_i;
		child = pair_info(&p.a).child_spi_in;
		rekey_ike(&p, who ? &p.b : &p.a);
		rekey_child(&p, who ? &p.a : &p.b);
		pair_settled(&p);
		assert_int_not_equal(pair_info(&p.a).spi_i, ike);
		assert_int_not_equal(pair_info(&p.a).child_spi_in, child);
		pair_fini(&p);
	}
}

/* Rekeying against the end: whoever closes wins, nothing is left behind. */
static void test_delete_crosses(void **state)
{
	for (int what = 0; what < 4; what++) {
		struct pair p;

		up(&p, ESP_DEFAULT);
		if (what & 1)
			rekey_ike(&p, &p.a);
		else
			rekey_child(&p, &p.a);
		ike_terminate((what & 2 ? &p.a : &p.b)->engine, PAIR_CONN, IKE_R_DELETED_BY_US, p.now);
		pair_drain(&p, &p.a);
		pair_drain(&p, &p.b);
		pair_run(&p);
		pair_sleep(&p, 300 * USEC_PER_S, true);
		assert_int_equal(pair_info(&p.a).phase, IKE_PHASE_NONE);
		assert_int_equal(pair_info(&p.b).phase, IKE_PHASE_NONE);
		assert_int_equal(p.a.children + p.b.children, 0);
		assert_true(instant_is_never(ike_engine_next_expiry(p.a.engine)));
		assert_true(instant_is_never(ike_engine_next_expiry(p.b.engine)));
		pair_fini(&p);
	}
}

/* Each datagram of each rekeying lost once. */
static void test_each_message_lost(void **state)
{
	for (int what = 0; what < 2; what++)
		for (int lost = 0; lost < 4; lost++) {
			struct pair_datagram d;
			struct pair p;
			int n = 0;

			up(&p, ESP_DEFAULT);
			if (what)
				rekey_ike(&p, &p.a);
			else
				rekey_child(&p, &p.a);
			for (int round = 0; round < 30; round++) {
				while (pair_take(&p.a, &d))
					if (n++ != lost)
						pair_give(&p, &p.b, &d);
				while (pair_take(&p.b, &d))
					if (n++ != lost)
						pair_give(&p, &p.a, &d);
				pair_sleep(&p, 300 * USEC_PER_MS, false);
			}
			pair_settled(&p);
			pair_fini(&p);
		}
}

/* Lifetimes: new pairs and new IKE SAs for an hour, and never without one. */
static void test_lifetimes(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	for (int i = 0; i < 2; i++) {
		struct pair_side *side = i ? &p.b : &p.a;
		struct ike_conn_cfg *cfg = pair_cfg(side, i ? &p.a : &p.b, IKE_DEFAULT, ESP_DEFAULT);

		cfg->esp_lifetime_s = 60;
		cfg->ike_lifetime_s = 300;
		ike_conn_set(side->engine, PAIR_CONN, cfg);
		ike_conn_cfg_unref(cfg);
	}
	pair_initiate(&p, &p.a);
	pair_run(&p);
	for (int i = 0; i < 3600; i++) {
		pair_sleep(&p, USEC_PER_S, true);
		assert_in_range(p.a.children, 1, 3);
		assert_in_range(p.b.children, 1, 3);
	}
	assert_in_range(p.a.added, 60, 90);
	pair_settled(&p);
	pair_fini(&p);
}

/* RFC 4301 4.4.2.1: the end of its lifetime is the end of a SA, though the peer says nothing; the DELETE is for when it does. */
static void test_lifetime_of_the_silent(void **state)
{
	struct ike_conn_cfg *cfg;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	cfg = pair_cfg(&p.a, &p.b, IKE_DEFAULT, ESP_DEFAULT);
	cfg->esp_lifetime_s = 60;
	ike_conn_set(p.a.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	pair_sleep(&p, 59 * USEC_PER_S, false);
	assert_int_equal(p.a.children, 1);
	assert_int_equal(p.a.child_down, 0);
	pair_sleep(&p, 2 * USEC_PER_S, false);
	assert_int_equal(p.a.children, 0);
	assert_int_equal(p.a.child_down, 1);
	assert_int_equal(p.b.children, 1);
	pair_sleep(&p, 30 * USEC_PER_S, true);
	assert_int_equal(p.a.children, 1);
	assert_int_equal(p.b.children, 1);
	assert_int_equal(pair_info(&p.a).child_spi_in, pair_info(&p.b).child_spi_out);
	assert_int_equal(pair_info(&p.a).child_spi_out, pair_info(&p.b).child_spi_in);
	pair_fini(&p);
}

/* Limits in bytes and packets: none unless configured, soft ones at 85 to 95 %, not always at the same. */
static void test_limits(void **state)
{
	struct ike_conn_cfg *cfg;
	struct pair p;
	uint64_t first = 0;
	bool differs = false;

	up(&p, ESP_DEFAULT);
	assert_int_equal(p.a.child.limits.bytes_hard + p.a.child.limits.packets_hard, 0);
	assert_int_equal(p.a.child.limits.bytes_soft + p.a.child.limits.packets_soft, 0);
	pair_fini(&p);
	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	cfg = pair_cfg(&p.a, &p.b, IKE_DEFAULT, ESP_DEFAULT);
	cfg->esp_bytes = UINT64_C(1000000000000000);
	cfg->esp_packets = 1000;
	ike_conn_set(p.a.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	for (int i = 0; i < 20; i++) {
		const struct child_sa_limits *limits = &p.a.child.limits;

		assert_int_equal(limits->bytes_hard, UINT64_C(1000000000000000));
		assert_in_range(limits->bytes_soft, UINT64_C(850000000000000), UINT64_C(950000000000000));
		assert_int_equal(limits->packets_hard, 1000);
		assert_in_range(limits->packets_soft, 850, 950);
		first = first ? first : limits->packets_soft;
		differs |= limits->packets_soft != first;
		pair_sleep(&p, 5 * USEC_PER_S, true);
		rekey_child(&p, &p.a);
		pair_run(&p);
	}
	assert_true(differs);
	pair_settled(&p);
	pair_fini(&p);
}

/* Lifetimes that were changed meanwhile: what is made from now on has the new ones, though the IKE SA keeps all else. */
static void test_lifetimes_changed(void **state)
{
	struct ike_conn_cfg *cfg;
	struct pair p;

	up(&p, ESP_DEFAULT);
	cfg = pair_cfg(&p.a, &p.b, IKE_DEFAULT, ESP_DEFAULT);
	cfg->esp_packets = 1000;
	cfg->esp_lifetime_s = 100;
	cfg->ike_lifetime_s = 1000;
	ike_conn_set(p.a.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	rekey_child(&p, &p.a);
	pair_run(&p);
	assert_int_equal(p.a.child.limits.packets_hard, 1000);
	assert_int_equal(p.a.added, 2);
	pair_sleep(&p, 100 * USEC_PER_S, true);
	assert_int_equal(p.a.added, 3);
	rekey_ike(&p, &p.a);
	pair_run(&p);
	for (int i = 0; i < 4; i++) {
		uint64_t spi = pair_info(&p.a).spi_i;

		pair_sleep(&p, 1000 * USEC_PER_S, true);
		assert_int_not_equal(pair_info(&p.a).spi_i, spi);
	}
	pair_settled(&p);
	pair_fini(&p);
}

/*
 * A wants a new Child SA but its window is taken, then another IKE SA takes over by the peer's DELETE; when B rekeys the very Child SA
 * first, A must not begin its own while the data plane has not yet said yes to B's.
 */
static void test_child_waits_for_the_peers(void **state)
{
	struct pair_datagram d;
	struct pair p;

	up(&p, ESP_DEFAULT);
	assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	rekey_child(&p, &p.a);
	rekey_ike(&p, &p.a);
	arrow(&p, &p.a, &p.b, IKE_EXCHANGE_INFORMATIONAL, false);
	arrow(&p, &p.b, &p.a, IKE_EXCHANGE_INFORMATIONAL, true);
	/* HDR, SK {SA, Ni, KEi} --> is lost, B's own is not */
	assert_true(pair_take(&p.a, &d));
	rekey_ike(&p, &p.b);
	arrow(&p, &p.b, &p.a, IKE_EXCHANGE_CREATE_CHILD_SA, false);
	arrow(&p, &p.a, &p.b, IKE_EXCHANGE_CREATE_CHILD_SA, true);
	arrow(&p, &p.b, &p.a, IKE_EXCHANGE_INFORMATIONAL, false);
	rekey_child(&p, &p.b);
	pair_settled(&p);
	pair_assert_up(&p);
	pair_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_child),
		T(test_child_with_pfs),
		T(test_child_with_pfs_on_one_side),
		T(test_child_with_another_group),
		T(test_child_refused_for_good),
		T(test_child_with_the_group_in_use),
		T(test_full_list_of_proposals),
		T(test_esn),
		T(test_ike),
		T(test_children_cross),
		T(test_children_cross_late),
		T(test_ikes_cross),
		T(test_ikes_cross_late),
		T(test_ike_crosses_child),
		T(test_delete_crosses),
		T(test_each_message_lost),
		T(test_lifetimes),
		T(test_lifetime_of_the_silent),
		T(test_limits),
		T(test_lifetimes_changed),
		T(test_child_waits_for_the_peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
