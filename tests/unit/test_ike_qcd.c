// SPDX-License-Identifier: GPL-2.0-or-later
/* Quick crash detection, RFC 6290, in its arrows: who restarts shows the token, and the other one believes nothing else. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_pair.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/proto/proto.h"

#define IKE_DEFAULT "aes128gcm16-prfsha256-curve25519"
#define ESP_DEFAULT "aes128gcm16"
#define SECRET_A    "the secret of A, that survives"
#define SECRET_B    "the secret of B, that survives"

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

static void give_secret(struct pair_side *side, const char *secret)
{
	ike_engine_set_qcd_secret(side->engine, bytes_str(secret));
}

static void configure(struct pair_side *side, const struct pair_side *peer)
{
	struct ike_conn_cfg *cfg = pair_cfg(side, peer, IKE_DEFAULT, ESP_DEFAULT);

	ike_conn_set(side->engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

static void start(struct pair *p)
{
	pair_init(p, IKE_DEFAULT, ESP_DEFAULT);
	give_secret(&p->a, SECRET_A);
	give_secret(&p->b, SECRET_B);
}

static void up(struct pair *p)
{
	start(p);
	pair_initiate(p, &p->a);
	pair_run(p);
	pair_assert_up(p);
	pair_sleep(p, 2 * USEC_PER_S, true);
}

/* kill -9, and a new start. */
static void restart(struct pair *p, struct pair_side *side, const struct pair_side *peer, const char *secret)
{
	ike_engine_free(side->engine);
	side->engine = ike_engine_new(&side->host, p->now);
	side->children = 0;
	side->usable = false;
	side->queued = 0;
	if (secret)
		give_secret(side, secret);
	configure(side, peer);
}

static struct ike_counters counters(const struct pair_side *side)
{
	struct ike_counters c;

	ike_engine_counters(side->engine, &c);
	return c;
}

static uint64_t reasons(const struct pair_side *side, enum ike_reason reason)
{
	return counters(side).reasons[reason];
}

static void probe(struct pair *p, struct pair_side *side, struct pair_datagram *request)
{
	assert_true(ike_probe(side->engine, PAIR_CONN, p->now));
	pair_drain(p, side);
	assert_true(pair_take(side, request));
}

static void rekey_ike(struct pair *p, struct pair_side *side)
{
	assert_true(ike_rekey_ike(side->engine, PAIR_CONN, p->now));
	pair_drain(p, side);
	pair_run(p);
	pair_sleep(p, 2 * USEC_PER_S, true);
}

/* `side`, which has the SA, asks; the other one, restarted, shows the token: one round trip, and the SA is gone. */
static void tells(struct pair *p, struct pair_side *side, struct pair_side *restarted)
{
	struct pair_datagram request, answer;
	struct instant asked = p->now;

	probe(p, side, &request);
	pair_give(p, restarted, &request);
	assert_true(pair_take(restarted, &answer));
	assert_int_equal(restarted->queued, 0);
	pair_give(p, side, &answer);
	assert_int_equal(side->ike_down, 1);
	assert_int_equal(side->down_reason, IKE_R_PEER_RESTARTED);
	assert_int_equal(side->children, 0);
	assert_int_equal(pair_info(side).phase, IKE_PHASE_NONE);
	assert_int_equal(pair_info(side).last_failure, IKE_R_PEER_RESTARTED);
	assert_int_equal(side->queued, 0);
	assert_int_equal(p->now.us, asked.us);
	pair_initiate(p, side);
	pair_run(p);
	pair_assert_up(p);
}

/*
 *	A				B (has restarted)
 *	HDR, SK {}		-->
 *				<--	HDR, N(INVALID_IKE_SPI), N(QCD_TOKEN)
 */
static void responder_restarts(void **state)
{
	struct pair p;

	up(&p);
	restart(&p, &p.b, &p.a, SECRET_B);
	tells(&p, &p.a, &p.b);
	assert_int_equal(counters(&p.b).qcd_shown, 1);
	assert_int_equal(reasons(&p.a, IKE_R_PEER_RESTARTED), 1);
	pair_fini(&p);
}

static void initiator_restarts(void **state)
{
	struct pair p;

	up(&p);
	restart(&p, &p.a, &p.b, SECRET_A);
	tells(&p, &p.b, &p.a);
	pair_fini(&p);
}

/* Header, two notifies; the I flag is the maker's own, and nothing is repeated of what was asked but SPIs, exchange and ID. */
static void bytes_of_the_answer(void **state)
{
	static const uint8_t notifies[] = {41, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 24, 1, 0, 0x40, 0x23};
	struct pair_datagram request, answer;
	struct pair p;

	up(&p);
	restart(&p, &p.a, &p.b, SECRET_A);
	probe(&p, &p.b, &request);
	pair_give(&p, &p.a, &request);
	assert_true(pair_take(&p.a, &answer));
	assert_int_equal(request.len, LIMIT_QCD_REQUEST);
	assert_int_equal(answer.len, 60);
	assert_memory_equal(answer.data, request.data, 16);
	assert_int_equal(answer.data[16], IKE_PAYLOAD_NOTIFY);
	assert_int_equal(answer.data[18], request.data[18]);
	assert_int_equal(answer.data[19], IKE_FLAG_RESPONSE | IKE_FLAG_INITIATOR);
	assert_memory_equal(answer.data + 20, request.data + 20, 4);
	assert_memory_equal(answer.data + 28, notifies, sizeof(notifies));
	pair_fini(&p);
}

/* Counted, and that is all: the SA goes on, and the true answer to what was asked still counts. */
static void wrong_token(void **state)
{
	struct pair_datagram request, answer, forged;
	struct pair p;

	up(&p);
	probe(&p, &p.a, &request);
	restart(&p, &p.b, &p.a, SECRET_B);
	pair_give(&p, &p.b, &request);
	assert_true(pair_take(&p.b, &answer));
	for (size_t at = answer.len - 16; at < answer.len; at++) {
		forged = answer;
		forged.data[at] ^= 1;
		pair_give(&p, &p.a, &forged);
	}
	assert_int_equal(reasons(&p.a, IKE_R_QCD_WRONG), 16);
	assert_int_equal(pair_info(&p.a).phase, IKE_PHASE_ESTABLISHED);
	assert_int_equal(p.a.ike_down + p.a.child_down, 0);
	pair_give(&p, &p.a, &answer);
	assert_int_equal(p.a.ike_down, 1);
	pair_fini(&p);
}

/* 4.5: only beside INVALID_IKE_SPI, and only in a response. */
static void token_alone(void **state)
{
	struct pair_datagram request, answer, bent;
	struct pair p;

	up(&p);
	restart(&p, &p.b, &p.a, SECRET_B);
	probe(&p, &p.a, &request);
	pair_give(&p, &p.b, &request);
	assert_true(pair_take(&p.b, &answer));
	bent = answer;
	bent.data[35] = IKE_NOTIFY_INVALID_SYNTAX;
	pair_give(&p, &p.a, &bent);
	bent = answer;
	bent.data[19] &= ~IKE_FLAG_RESPONSE;
	pair_give(&p, &p.a, &bent);
	assert_int_equal(p.a.ike_down, 0);
	pair_give(&p, &p.a, &answer);
	assert_int_equal(p.a.ike_down, 1);
	pair_fini(&p);
}

/* 9.2. Whatever is bent in a header with the SPIs of a live IKE SA, the token of that SA is not shown. */
static void live_sa_is_never_told(void **state)
{
	struct pair_datagram request, bent;
	struct pair p;

	up(&p);
	probe(&p, &p.a, &request);
	for (unsigned int flags = 0; flags < 256; flags++) {
		bent = request;
		bent.data[19] = (uint8_t)flags;
		pair_give(&p, &p.b, &bent);
		pair_give(&p, &p.a, &bent);
	}
	assert_int_equal(counters(&p.a).qcd_shown, 0);
	assert_int_equal(counters(&p.b).qcd_shown, 0);
	/* The token of other SPIs is of no use to anybody. */
	for (unsigned int at = 0; at < 16; at++) {
		bent = request;
		bent.data[at] ^= 1;
		pair_give(&p, at < 8 ? &p.b : &p.a, &bent);
		for (p.a.queued = 0; pair_take(&p.b, &bent);) {
			memcpy(bent.data, request.data, 16);
			pair_give(&p, &p.a, &bent);
		}
	}
	assert_int_equal(p.a.ike_down, 0);
	pair_assert_up(&p);
	pair_fini(&p);
}

/* A half-open one is not established, but may be in a moment. */
static void half_open_sa_is_never_told(void **state)
{
	struct pair_datagram d;
	struct pair p;

	start(&p);
	pair_initiate(&p, &p.a);
	assert_true(pair_take(&p.a, &d));
	pair_give(&p, &p.b, &d);
	assert_true(pair_take(&p.b, &d));
	pair_give(&p, &p.a, &d);
	assert_true(pair_take(&p.a, &d));
	d.data[19] &= ~IKE_FLAG_INITIATOR;
	pair_give(&p, &p.b, &d);
	assert_int_equal(counters(&p.b).qcd_shown, 0);
	pair_fini(&p);
}

static void stranger_is_not_told(void **state)
{
	struct pair_datagram request;
	struct pair p;

	up(&p);
	restart(&p, &p.b, &p.a, SECRET_B);
	probe(&p, &p.a, &request);
	request.from.addr.ipaddr_v4.s_addr = htonl(0xcb007142);
	pair_give(&p, &p.b, &request);
	assert_int_equal(p.b.queued, 0);
	assert_int_equal(reasons(&p.b, IKE_R_UNKNOWN_SPI), 1);
	pair_fini(&p);
}

/* Of a flood, as many are answered in a second as the ration allows; too small ones never. */
static void flood(void **state)
{
	struct pair_datagram request, dropped;
	struct pair p;

	up(&p);
	restart(&p, &p.b, &p.a, SECRET_B);
	probe(&p, &p.a, &request);
	for (unsigned int i = 0; i < 3 * LIMIT_UNAUTH_ANSWERS_PER_S; i++) {
		request.data[15] = (uint8_t)i;
		pair_give(&p, &p.b, &request);
		pair_take(&p.b, &dropped);
	}
	assert_int_equal(counters(&p.b).qcd_shown, LIMIT_UNAUTH_ANSWERS_PER_S);
	assert_int_equal(reasons(&p.b, IKE_R_RATE_LIMIT), 2 * LIMIT_UNAUTH_ANSWERS_PER_S);
	assert_true(counters(&p.b).bytes_out < counters(&p.b).bytes_in);
	pair_sleep(&p, USEC_PER_S, false);
	request.len -= 1;
	request.data[27] -= 1;
	request.data[31] -= 1;
	pair_give(&p, &p.b, &request);
	assert_int_equal(counters(&p.b).qcd_shown, LIMIT_UNAUTH_ANSWERS_PER_S);
	pair_fini(&p);
}

/*
 * 4.3, responder of the rekeying: in its answer.  Initiator: by an INFORMATIONAL of its own, behind it.  The old token is of no
 * use any more, for the old IKE SA is gone.
 */
static void rekeyed(void **state)
{
	struct pair p;

	for (int who = 0; who < 2; who++) {
		up(&p);
		rekey_ike(&p, who ? &p.a : &p.b);
		restart(&p, &p.b, &p.a, SECRET_B);
		tells(&p, &p.a, &p.b);
		pair_fini(&p);
	}
}

/* RFC 9370: the token is in the answer to CREATE_CHILD_SA, the IKE SA comes of the exchanges behind it. */
static void rekeyed_with_additional_key_exchanges(void **state)
{
	struct pair p;

	for (int who = 0; who < 2; who++) {
		pair_init(&p, IKE_DEFAULT "-ke1_ecp256", ESP_DEFAULT);
		give_secret(&p.a, SECRET_A);
		give_secret(&p.b, SECRET_B);
		pair_initiate(&p, &p.a);
		pair_run(&p);
		pair_assert_up(&p);
		rekey_ike(&p, who ? &p.a : &p.b);
		restart(&p, &p.b, &p.a, SECRET_B);
		probe(&p, &p.a, &(struct pair_datagram){});
		pair_sleep(&p, 3 * USEC_PER_S, true);
		assert_int_equal(p.a.ike_down, 1);
		assert_int_equal(p.a.down_reason, IKE_R_PEER_RESTARTED);
		pair_fini(&p);
	}
}

/* Both at once: whichever stays, both ends have the other's token for it. */
static void rekeyed_by_both(void **state)
{
	struct pair p;

	up(&p);
	assert_true(ike_rekey_ike(p.a.engine, PAIR_CONN, p.now));
	assert_true(ike_rekey_ike(p.b.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	pair_drain(&p, &p.b);
	pair_run(&p);
	pair_sleep(&p, 20 * USEC_PER_S, true);
	pair_assert_up(&p);
	restart(&p, &p.b, &p.a, SECRET_B);
	tells(&p, &p.a, &p.b);
	pair_sleep(&p, 20 * USEC_PER_S, true);
	p.b.ike_down = 0;
	restart(&p, &p.a, &p.b, SECRET_A);
	tells(&p, &p.b, &p.a);
	pair_fini(&p);
}

/* The file is lost and another one was made: the token is wrong, and recovery takes as long as without. */
static void lost_secret(void **state)
{
	struct pair_datagram request, answer;
	struct pair p;

	up(&p);
	restart(&p, &p.b, &p.a, "another secret, just made");
	probe(&p, &p.a, &request);
	pair_give(&p, &p.b, &request);
	assert_true(pair_take(&p.b, &answer));
	pair_give(&p, &p.a, &answer);
	assert_int_equal(p.a.ike_down, 0);
	assert_int_equal(reasons(&p.a, IKE_R_QCD_WRONG), 1);
	pair_sleep(&p, 200 * USEC_PER_S, true);
	assert_int_equal(p.a.ike_down, 1);
	assert_int_equal(p.a.down_reason, IKE_R_TIMEOUT);
	pair_fini(&p);
}

/* Without a secret nothing is given and nothing is shown; the peer's tokens are believed. */
static void no_secret(void **state)
{
	struct pair_datagram request;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	give_secret(&p.b, SECRET_B);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	pair_assert_up(&p);
	restart(&p, &p.b, &p.a, SECRET_B);
	tells(&p, &p.a, &p.b);
	restart(&p, &p.a, &p.b, NULL);
	probe(&p, &p.b, &request);
	pair_give(&p, &p.a, &request);
	assert_int_equal(p.a.queued, 0);
	pair_fini(&p);
}

/* A DELETE of ours that the peer never got: asked, it is told that the IKE SA is no more. */
static void delete_was_lost(void **state)
{
	struct pair_datagram d;
	struct pair p;

	up(&p);
	ike_terminate(p.b.engine, PAIR_CONN, IKE_R_DELETED_BY_US, p.now);
	pair_drain(&p, &p.b);
	while (pair_take(&p.b, &d))
		;
	pair_sleep(&p, 10 * USEC_PER_S, false);
	while (pair_take(&p.b, &d))
		;
	tells(&p, &p.a, &p.b);
	pair_fini(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(responder_restarts, setup, teardown),
		cmocka_unit_test_setup_teardown(initiator_restarts, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_of_the_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_token, setup, teardown),
		cmocka_unit_test_setup_teardown(token_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(live_sa_is_never_told, setup, teardown),
		cmocka_unit_test_setup_teardown(half_open_sa_is_never_told, setup, teardown),
		cmocka_unit_test_setup_teardown(stranger_is_not_told, setup, teardown),
		cmocka_unit_test_setup_teardown(flood, setup, teardown),
		cmocka_unit_test_setup_teardown(rekeyed, setup, teardown),
		cmocka_unit_test_setup_teardown(rekeyed_with_additional_key_exchanges, setup, teardown),
		cmocka_unit_test_setup_teardown(rekeyed_by_both, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_secret, setup, teardown),
		cmocka_unit_test_setup_teardown(no_secret, setup, teardown),
		cmocka_unit_test_setup_teardown(delete_was_lost, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
