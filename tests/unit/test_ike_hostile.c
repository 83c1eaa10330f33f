// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a peer that has the key, or somebody on the path who may send what he likes but hold nothing back, cannot have: memory without end,
 * our packets in somebody else's mailbox, the end of an IKE SA.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_forge.h"

#include "bgpvpnd/ike/ike_engine.h"

#define SPI_R_AT 8
#define FLAGS_AT 19

static struct endpoint endpoint_of(const char *addr, uint16_t port)
{
	struct endpoint endpoint = {.port = port};

	assert_int_equal(str2ipaddr(addr, &endpoint.addr), 0);
	return endpoint;
}

/* A behind what looks like a NAT. */
static void up_behind_nat(struct pair *p)
{
	struct ike_conn_cfg *cfg;

	pair_init(p, IKE_DEFAULT, ESP_DEFAULT);
	cfg = pair_cfg(&p->a, &p->b, IKE_DEFAULT, ESP_DEFAULT);
	cfg->nat_force = true;
	ike_conn_set(p->a.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	pair_initiate(p, &p->a);
	pair_run(p);
	pair_assert_up(p);
	assert_true(pair_info(&p->b).nat_remote);
}

/*
 * A true ESP packet, or a true request, comes over IPv6 where the IKE SA is over IPv4. A NAT does not do that, and from an IPv4 address nothing
 * can be sent there: B must not follow, or it is deaf and dumb from then on.
 */
static void test_other_family(void **state)
{
	const struct endpoint there = endpoint_of("2001:db8::1", IKE_NATT_PORT);
	const struct endpoint here = endpoint_of("2001:db8::2", IKE_NATT_PORT);
	struct pair_datagram d;
	struct pair p;

	up_behind_nat(&p);
	assert_false(ike_child_peer_moved(p.b.engine, p.b.child.child_id, &there));
	assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	d = pair_taken(&p.a, IKE_EXCHANGE_INFORMATIONAL, false);
	d.from = there;
	d.to = here;
	pair_give(&p, &p.b, &d);
	assert_int_equal(p.b.moved, 0);
	assert_int_equal(pair_info(&p.b).remote.addr.ipa_type, IPADDR_V4);
	pair_fini(&p);
}

/*
 * RFC 6290 9.2: the answer to A's IKE_SA_INIT is seen on the path before A has it, so its SPIs are those of an IKE SA that will be there in a
 * moment. A must not say its token to who asks before.
 */
static void test_token_of_what_will_be(void **state)
{
	struct pair_datagram init, answer, ask;
	struct ike_counters counters;
	struct pair p;

	up_behind_nat(&p);
	assert_true(ike_probe(p.b.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.b);
	ask = pair_taken(&p.b, IKE_EXCHANGE_INFORMATIONAL, false);
	pair_fini(&p);

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	ike_engine_set_qcd_secret(p.a.engine, bytes_str("the secret of A, that survives"));
	pair_initiate(&p, &p.a);
	init = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	pair_give(&p, &p.b, &init);
	answer = pair_taken(&p.b, IKE_EXCHANGE_SA_INIT, true);
	/* --> HDR(SPIs of `answer`), SK {?}, as from B */
	memcpy(ask.data, answer.data, SPI_R_AT + 8);
	for (unsigned int role = 0; role < 2; role++) {
		ask.data[FLAGS_AT] = role ? IKE_FLAG_INITIATOR : 0;
		pair_give(&p, &p.a, &ask);
	}
	ike_engine_counters(p.a.engine, &counters);
	assert_int_equal(counters.qcd_shown, 0);
	pair_give(&p, &p.a, &answer);
	pair_run(&p);
	pair_assert_up(&p);
	pair_fini(&p);
}

/* HDR, SK {SA, Ni, KEi} --> <-- HDR, SK {SA, Nr, KEr}, and no DELETE of the old one, again and again. */
static void test_rekeyed_without_end(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	for (unsigned int i = 0; i < 100; i++) {
		assert_true(ike_rekey_ike(p.a.engine, PAIR_CONN, p.now));
		pair_drain(&p, &p.a);
		arrow(&p, &p.a, IKE_EXCHANGE_CREATE_CHILD_SA, false);
		arrow(&p, &p.b, IKE_EXCHANGE_CREATE_CHILD_SA, true);
		p.a.queued = p.b.queued = 0;
	}
	pair_assert_up(&p);
	assert_in_range(num_sas(&p.b), 1, LIMIT_CONN_SAS);
	pair_fini(&p);
}

static void begin_another(struct pair *p)
{
	struct ike_conn *conn = ike_conn_find(p->a.engine, PAIR_CONN);

	ike_sa_reauthenticate(ike_conn_up(conn), p->now);
	pair_drain(p, &p->a);
	arrow(p, &p->a, IKE_EXCHANGE_SA_INIT, false);
	arrow(p, &p->b, IKE_EXCHANGE_SA_INIT, true);
	arrow(p, &p->a, IKE_EXCHANGE_AUTH, false);
	arrow(p, &p->b, IKE_EXCHANGE_AUTH, true);
	/* A closes the one before in a second, but its DELETE never comes to B. */
	p->now = instant_add(p->now, 200 * USEC_PER_MS);
	ike_engine_expire(p->a.engine, p->now);
	pair_drain(p, &p->a);
	p->a.queued = p->b.queued = 0;
}

/* A new IKE SA, without INITIAL_CONTACT and without a DELETE of the one before, again and again. */
static void test_begun_without_end(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	for (unsigned int i = 0; i < 40; i++)
		begin_another(&p);
	assert_in_range(p.b.children, 1, LIMIT_CONN_SAS);
	assert_in_range(num_sas(&p.b), 1, LIMIT_CONN_SAS);
	assert_int_equal(p.b.blinks, 0);
	assert_int_equal(p.b.ike_down, 0);
	assert_int_equal(pair_info(&p.a).child_spi_in, pair_info(&p.b).child_spi_out);
	pair_fini(&p);
}

static void use_mobike(struct pair_side *self, const struct pair_side *peer)
{
	struct ike_conn_cfg *cfg = pair_cfg(self, peer, IKE_DEFAULT, ESP_DEFAULT);

	cfg->mobike = true;
	cfg->local = (struct ipaddr){.ipa_type = IPADDR_NONE};
	ike_conn_set(self->engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

/* --> HDR, SK {N(UPDATE_SA_ADDRESSES)}, from this address: that somebody else has, as far as B knows. */
static void update_from(struct pair *p, unsigned int host)
{
	struct ike_sa *sa = ike_conn_up(ike_conn_find(p->a.engine, PAIR_CONN));
	struct ike_draft draft;
	struct pair_datagram d;

	ike_draft_request(&draft, sa, IKE_EXCHANGE_INFORMATIONAL);
	ike_draft_notify(&draft, IKE_NOTIFY_UPDATE_SA_ADDRESSES, bytes_make(NULL, 0));
	assert_true(ike_draft_send_request(&draft, IKE_PACE_LIVE, p->now));
	pair_drain(p, &p->a);
	d = pair_taken(&p->a, IKE_EXCHANGE_INFORMATIONAL, false);
	d.from.addr.ipaddr_v4.s_addr = htonl(0xc0000200 + host);
	pair_give(p, &p->b, &d);
}

/*
 * B's request, large with its proposals and never answered, goes where the peer says to be (RFC 4555 3.5), but not with each of its moves: it
 * would be a way to send many bytes to others for few.
 */
static void test_moves_without_end(void **state)
{
	unsigned int requests = 0, answers = 0;
	struct pair_datagram d;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	use_mobike(&p.a, &p.b);
	use_mobike(&p.b, &p.a);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	assert_true(ike_rekey_ike(p.b.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.b);
	for (unsigned int i = 0; i < 50; i++) {
		update_from(&p, 1 + i);
		while (pair_take(&p.b, &d)) {
			requests += pair_header(&d).exchange == IKE_EXCHANGE_CREATE_CHILD_SA;
			answers += pair_header(&d).exchange == IKE_EXCHANGE_INFORMATIONAL;
		}
	}
	assert_int_equal(answers, 50);
	assert_in_range(requests, 2, 1 + LIMIT_MOBIKE_CHASES);
	pair_fini(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_other_family, setup, teardown),
		cmocka_unit_test_setup_teardown(test_token_of_what_will_be, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rekeyed_without_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_begun_without_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moves_without_end, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
