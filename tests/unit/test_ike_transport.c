// SPDX-License-Identifier: GPL-2.0-or-later
/* Transport mode and host selectors, RFC 7296 1.3.1 and 2.23.1, in arrows: GRE between A and B, also where a NAT is between them. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_craft.h"

#define GRE  47
#define IPIP 4

/* --- two ends, and what may be between them -------------------------------------------------------------- */

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	assert_int_equal(str2ipaddr(text, &a), 0);
	return a;
}

static void configure(struct pair_side *self, const struct pair_side *peer, bool transport, uint8_t proto,
		      const char *esp)
{
	struct ike_conn_cfg *cfg = pair_cfg(self, peer, IKE_DEFAULT, esp);
	char err[128];

	/* Names, because a NAT changes addresses. */
	assert_true(ike_id_parse("fqdn", self->name, &cfg->local_id, err, sizeof(err)));
	assert_true(ike_id_parse("fqdn", peer->name, &cfg->remote_id, err, sizeof(err)));
	cfg->transport = transport;
	cfg->hosts_proto = proto;
	cfg->mobike = true;
	ike_conn_set(self->engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

static void both(struct pair *p, uint8_t proto_a, uint8_t proto_b, const char *esp)
{
	pair_init(p, IKE_DEFAULT, esp);
	configure(&p->a, &p->b, true, proto_a, esp);
	configure(&p->b, &p->a, true, proto_b, esp);
}

static void assert_host(const struct ts_list *list, const char *address, uint8_t proto)
{
	struct ipaddr want = addr(address);

	assert_int_equal(list->n, 1);
	assert_true(ipaddr_equal(&list->ts[0].start, &want));
	assert_true(ipaddr_equal(&list->ts[0].end, &want));
	assert_int_equal(list->ts[0].proto, proto);
	assert_int_equal(list->ts[0].port_start, 0);
	assert_int_equal(list->ts[0].port_end, UINT16_MAX);
}

static void assert_carries(const struct pair_side *side, const char *local, const char *remote)
{
	assert_true(side->child.transport);
	assert_host(&side->child.ts_local, local, GRE);
	assert_host(&side->child.ts_remote, remote, GRE);
}

static void rekey_child(struct pair *p, struct pair_side *side)
{
	pair_sleep(p, 5 * USEC_PER_S, true);
	assert_true(ike_rekey_child(side->engine, PAIR_CONN, p->now));
	pair_drain(p, side);
}

/* --- agreed ---------------------------------------------------------------------------------------------- */

/*
 * HDR, SK {IDi, .. N(USE_TRANSPORT_MODE), SAi2, TSi, TSr} -->
 *				<--  HDR, SK {IDr, .. N(USE_TRANSPORT_MODE), SAr2, TSi, TSr}
 */
static void test_agreed(void **state)
{
	struct pair_datagram d;
	struct opened o;
	struct pair p;

	both(&p, GRE, GRE, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	d = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	pair_give(&p, &p.b, &d);
	d = pair_taken(&p.b, IKE_EXCHANGE_SA_INIT, true);
	pair_give(&p, &p.a, &d);
	d = pair_taken(&p.a, IKE_EXCHANGE_AUTH, false);
	open_for(&p.b, sa_in_state(&p.b, IKE_SA_INIT_DONE), &d, &o);
	assert_true(has_notify(&o, IKE_NOTIFY_USE_TRANSPORT_MODE));
	/* RFC 4555 is for tunnel mode. */
	assert_false(has_notify(&o, IKE_NOTIFY_MOBIKE_SUPPORTED));
	pair_give(&p, &p.b, &d);
	d = pair_taken(&p.b, IKE_EXCHANGE_AUTH, true);
	open_for(&p.a, sa_in_state(&p.a, IKE_SA_AUTH_SENT), &d, &o);
	assert_true(has_notify(&o, IKE_NOTIFY_USE_TRANSPORT_MODE));
	pair_give(&p, &p.a, &d);
	pair_assert_up(&p);
	assert_carries(&p.a, "10.0.0.1", "10.0.0.2");
	assert_carries(&p.b, "10.0.0.2", "10.0.0.1");
	assert_false(pair_info(&p.a).mobike);
	pair_fini(&p);
}

/* HDR, SK {N(REKEY_SA), N(USE_TRANSPORT_MODE), SA, Ni, ..} --> and so by either end, and after the rekeying of the IKE SA. */
static void rekeyed(const char *esp)
{
	struct pair_side *sides[2];
	struct opened o;
	struct pair p;

	both(&p, GRE, GRE, esp);
	sides[0] = &p.a;
	sides[1] = &p.b;
	pair_initiate(&p, &p.a);
	pair_run(&p);
	for (unsigned int i = 0; i < 4; i++) {
		p.a.child.transport = p.b.child.transport = false;
		rekey_child(&p, sides[i % 2]);
		if (i % 2 == 0) {
			struct pair_datagram d = answer_of(&p, &o);

			assert_true(has_notify(&o, IKE_NOTIFY_USE_TRANSPORT_MODE));
			pair_give(&p, &p.a, &d);
		}
		pair_run(&p);
		pair_sleep(&p, 5 * USEC_PER_S, true);
		pair_assert_up(&p);
		assert_carries(&p.a, "10.0.0.1", "10.0.0.2");
		assert_carries(&p.b, "10.0.0.2", "10.0.0.1");
		if (i == 1) {
			assert_true(ike_rekey_ike(p.b.engine, PAIR_CONN, p.now));
			pair_drain(&p, &p.b);
			pair_run(&p);
		}
	}
	assert_int_equal(p.a.added, 5);
	pair_settled(&p);
	pair_fini(&p);
}

static void test_rekeyed(void **state)
{
	rekeyed(ESP_DEFAULT);
	rekeyed("aes128gcm16-curve25519");
	rekeyed("aes128gcm16-curve25519-ke1_ecp256");
}

/* What the peer offers more is narrowed to the two hosts, and it takes that. */
static void test_narrowed_to_the_hosts(void **state)
{
	struct pair p;

	both(&p, 0, GRE, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	pair_assert_up(&p);
	assert_carries(&p.a, "10.0.0.1", "10.0.0.2");
	assert_carries(&p.b, "10.0.0.2", "10.0.0.1");
	pair_fini(&p);
}

static void test_protocols_differ(void **state)
{
	struct pair p;

	both(&p, GRE, IPIP, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	assert_int_equal(p.a.added + p.b.added, 0);
	assert_int_equal(pair_info(&p.b).last_failure, IKE_R_TS_UNACCEPTABLE);
	assert_string_equal(pair_info(&p.b).last_failure_detail,
			    "we have 10.0.0.1/32[4]; the peer offers 10.0.0.1/32[47]");
	assert_int_equal(pair_info(&p.a).last_failure, IKE_R_PEER_TS_UNACCEPTABLE);
	pair_fini(&p);
}

/* --- not agreed ------------------------------------------------------------------------------------------ */

/* <-- HDR, SK {IDr, AUTH, SAr2, TSi, TSr}: what the peer has made in tunnel mode is deleted, each time that it does so. */
static void test_declined(void **state)
{
	struct opened o;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	configure(&p.a, &p.b, true, GRE, ESP_DEFAULT);
	configure(&p.b, &p.a, false, 0, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	for (unsigned int i = 0; i < 4; i++) {
		struct pair_datagram d;

		assert_true(pair_take(i % 2 ? &p.b : &p.a, &d));
		pair_give(&p, i % 2 ? &p.a : &p.b, &d);
	}
	assert_int_equal(p.b.children, 1);
	assert_int_equal(pair_info(&p.a).last_failure, IKE_R_TUNNEL_MODE);
	assert_int_equal(pair_counted(&p.a, IKE_R_TUNNEL_MODE), 1);
	/* HDR, SK {D} --> */
	answer_of(&p, &o);
	assert_int_equal(p.b.children, 0);
	assert_int_equal(p.b.child_down, 1);
	assert_int_equal(p.a.added, 0);
	/* The IKE SA stays, and both ask again: the one is answered in tunnel mode, the other refused. */
	pair_sleep(&p, 60 * USEC_PER_S, true);
	assert_int_equal(pair_info(&p.a).phase, IKE_PHASE_ESTABLISHED);
	assert_int_equal(p.a.ike_down + p.b.ike_down, 0);
	assert_true(p.b.added > 1);
	assert_int_equal(p.b.children, 0);
	assert_int_equal(p.a.added, 0);
	assert_true(pair_counted(&p.a, IKE_R_TUNNEL_MODE) > 2);
	pair_fini(&p);
}

/* <-- HDR, SK {IDr, AUTH, N(NO_PROPOSAL_CHOSEN)} to one who wants tunnel mode. */
static void test_refused(void **state)
{
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	configure(&p.a, &p.b, false, 0, ESP_DEFAULT);
	configure(&p.b, &p.a, true, GRE, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	assert_int_equal(p.a.added + p.b.added, 0);
	assert_int_equal(pair_counted(&p.b, IKE_R_TUNNEL_MODE), 1);
	assert_int_equal(pair_info(&p.b).last_failure, IKE_R_TUNNEL_MODE);
	assert_int_equal(pair_info(&p.a).last_failure, IKE_R_PEER_NO_PROPOSAL);
	pair_fini(&p);
}

/* In the middle of its life one end thinks of tunnel mode: what is there goes on, whoever asks. */
static void changes_its_mind(const char *esp, bool asked)
{
	unsigned int added;
	struct pair p;

	both(&p, GRE, GRE, esp);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	added = p.a.added;
	sa_up(&p.b)->cfg->transport = false;
	rekey_child(&p, asked ? &p.a : &p.b);
	pair_run(&p);
	pair_sleep(&p, 5 * USEC_PER_S, true);
	/* Who is refused tries by another IKE SA. */
	assert_int_equal(pair_counted(&p.a, IKE_R_TUNNEL_MODE), asked ? 1 : 2);
	assert_int_equal(p.a.added, added);
	assert_int_equal(p.a.children, 1);
	assert_int_equal(p.b.children, 1);
	assert_int_equal(p.a.child_down + p.b.child_down, 0);
	assert_int_equal(p.a.blinks + p.b.blinks, 0);
	pair_assert_heard(&p);
	pair_fini(&p);
}

static void test_rekeying_declined(void **state)
{
	changes_its_mind(ESP_DEFAULT, true);
	changes_its_mind("aes128gcm16-curve25519-ke1_ecp256", true);
	changes_its_mind(ESP_DEFAULT, false);
}

/* --- NAT ------------------------------------------------------------------------------------------------- */

/* Where the other end sees each of them. */
struct nat {
	struct ipaddr a, b;
};

static void cross(struct pair *p, struct pair_side *to, struct pair_datagram *d, const struct nat *nat)
{
	d->from.addr = to == &p->a ? nat->b : nat->a;
	d->to.addr = to->addr;
	pair_give(p, to, d);
}

static void run_nat(struct pair *p, const struct nat *nat)
{
	struct pair_datagram d;

	for (unsigned int quiet = 0; quiet < 2; quiet++) {
		while (pair_take(&p->a, &d)) {
			cross(p, &p->b, &d, nat);
			quiet = 0;
		}
		while (pair_take(&p->b, &d)) {
			cross(p, &p->a, &d, nat);
			quiet = 0;
		}
	}
}

static void assert_through(struct pair *p, const char *a, const char *b)
{
	pair_assert_up(p);
	assert_carries(&p->a, "10.0.0.1", b);
	assert_carries(&p->b, "10.0.0.2", a);
	assert_true(p->a.child.udp_encap && p->b.child.udp_encap);
}

/* TSi 10.0.0.1, TSr b -->	<-- TSi a, TSr 10.0.0.2: each takes its own address, and the one where it sees the other. */
static void through(const char *a, const char *b)
{
	struct nat nat = {addr(a), addr(b)};
	struct ipaddr own[2];
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	own[0] = p.a.addr;
	own[1] = p.b.addr;
	/* Each end is configured with where it sees the other. */
	p.b.addr = nat.b;
	configure(&p.a, &p.b, true, GRE, ESP_DEFAULT);
	p.b.addr = own[1];
	p.a.addr = nat.a;
	configure(&p.b, &p.a, true, GRE, ESP_DEFAULT);
	p.a.addr = own[0];
	pair_initiate(&p, &p.a);
	run_nat(&p, &nat);
	assert_through(&p, a, b);
	for (unsigned int i = 0; i < 2; i++) {
		struct pair_side *side = i ? &p.a : &p.b;

		p.now = instant_add(p.now, 10 * USEC_PER_S);
		assert_true(ike_rekey_child(side->engine, PAIR_CONN, p.now));
		pair_drain(&p, side);
		run_nat(&p, &nat);
		p.now = instant_add(p.now, 5 * USEC_PER_S);
		pair_sleep(&p, 1, false);
		run_nat(&p, &nat);
		assert_through(&p, a, b);
	}
	assert_int_equal(p.a.added, 3);
	pair_fini(&p);
}

static void test_nat(void **state)
{
	through("192.0.2.1", "10.0.0.2");
	through("10.0.0.1", "192.0.2.2");
	through("192.0.2.1", "192.0.2.2");
}

/* Another address of the NAT: what carries the old one is replaced, and the IKE SA goes on. */
static void test_nat_changes(void **state)
{
	struct nat nat = {addr("192.0.2.1"), addr("10.0.0.2")};
	struct ipaddr own;
	struct pair p;

	both(&p, GRE, GRE, ESP_DEFAULT);
	own = p.a.addr;
	p.a.addr = nat.a;
	configure(&p.b, &p.a, true, GRE, ESP_DEFAULT);
	p.a.addr = own;
	pair_initiate(&p, &p.a);
	run_nat(&p, &nat);
	assert_through(&p, "192.0.2.1", "10.0.0.2");
	p.now = instant_add(p.now, 10 * USEC_PER_S);
	nat.a = addr("192.0.2.9");
	assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	run_nat(&p, &nat);
	p.now = instant_add(p.now, 5 * USEC_PER_S);
	pair_sleep(&p, 1, false);
	run_nat(&p, &nat);
	assert_through(&p, "192.0.2.9", "10.0.0.2");
	assert_int_equal(p.a.ike_down + p.b.ike_down + p.a.child_down + p.b.child_down, 0);
	pair_fini(&p);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_agreed),	     T(test_rekeyed), T(test_narrowed_to_the_hosts), T(test_protocols_differ),
		T(test_declined),    T(test_refused), T(test_rekeying_declined),     T(test_nat),
		T(test_nat_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
