// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Forged answers to the initiator: they are counted or tried, and the true one wins when it comes. RFC 7296 2.4, 2.6, 2.7, 2.21.
 *
 * M, the one in the middle, is an engine with B's address and another secret.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_forge.h"

/* Two tables; M is `b` of the second. The seed is where its SPIs come from. */
static void middle_init(struct pair *m, const char *ike, uint64_t seed)
{
	struct ike_conn_cfg *cfg;

	pair_init(m, ike, ESP_DEFAULT);
	m->b.seed = seed;
	cfg = pair_cfg(&m->b, &m->a, ike, ESP_DEFAULT);
	secret_set(&cfg->psk, bytes_str("another secret"));
	ike_conn_set(m->b.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

/* M's answer to this request. */
static struct pair_datagram middle_answer(struct pair *m, const struct pair_datagram *request)
{
	struct pair_datagram d;

	pair_give(m, &m->b, request);
	assert_true(pair_take(&m->b, &d));
	return d;
}

/* --- the initiator: answers that look good ---------------------------------------------------------------- */

/*
 * A: HDR, SAi1, KEi, Ni -->
 *		<-- M: HDR, SAr1, KEr, Nr
 *		<-- B: HDR, SAr1, KEr, Nr
 */
static void forged_success(uint64_t seed, bool forged_first)
{
	struct pair_datagram request, forged, genuine;
	struct pair p, m;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	middle_init(&m, IKE_DEFAULT, seed);
	pair_initiate(&p, &p.a);
	request = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	forged = middle_answer(&m, &request);
	pair_give(&p, &p.b, &request);
	genuine = pair_taken(&p.b, IKE_EXCHANGE_SA_INIT, true);
	/* With the seed of B, M knows the SPI of B. */
	assert_int_equal(pair_header(&forged).spi_r == pair_header(&genuine).spi_r, seed == 2);
	pair_give(&p, &p.a, forged_first ? &forged : &genuine);
	pair_give(&p, &p.a, forged_first ? &genuine : &forged);
	pair_run(&p);
	assert_up_and_clean(&p);
	pair_fini(&p);
	pair_fini(&m);
}

static void test_forged_success_before(void **state)
{
	forged_success(99, true);
}

static void test_forged_success_after(void **state)
{
	forged_success(99, false);
}

static void test_forged_success_with_the_true_spi(void **state)
{
	forged_success(2, true);
	forged_success(2, false);
}

/* ... and M goes on: <-- M: HDR, SK {N(AUTHENTICATION_FAILED)}, sealed with keys that A and M do have. */
static void test_sealed_refusal(void **state)
{
	for (uint64_t seed = 2; seed < 100; seed += 97) {
		struct pair_datagram request, d;
		struct pair p, m;

		pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
		middle_init(&m, IKE_DEFAULT, seed);
		pair_initiate(&p, &p.a);
		request = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
		d = middle_answer(&m, &request);
		pair_give(&p, &p.a, &d);
		d = pair_taken(&p.a, IKE_EXCHANGE_AUTH, false);
		d = middle_answer(&m, &d);
		pair_give(&p, &p.a, &d);
		/* The operator sees it at once, and the attempt lives. */
		assert_int_equal(pair_info(&p.a).last_failure, IKE_R_PEER_AUTH_FAILED);
		assert_int_equal(pair_info(&p.a).phase, IKE_PHASE_AUTH);
		assert_int_equal(p.a.ike_down, 0);
		pair_give(&p, &p.b, &request);
		pair_run(&p);
		assert_up_and_clean(&p);
		pair_fini(&p);
		pair_fini(&m);
	}
}

/* Nobody contradicts: believed after the grace. */
static void test_sealed_refusal_is_believed(void **state)
{
	struct pair_datagram d;
	struct pair p, m;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	middle_init(&m, IKE_DEFAULT, 99);
	pair_initiate(&p, &p.a);
	d = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	d = middle_answer(&m, &d);
	pair_give(&p, &p.a, &d);
	d = pair_taken(&p.a, IKE_EXCHANGE_AUTH, false);
	d = middle_answer(&m, &d);
	pair_give(&p, &p.a, &d);
	pair_sleep(&p, LIMIT_REFUSAL_GRACE_MS * USEC_PER_MS, false);
	assert_int_equal(p.a.ike_down, 1);
	assert_int_equal(p.a.down_reason, IKE_R_PEER_AUTH_FAILED);
	assert_int_equal(num_sas(&p.a), 0);
	pair_fini(&p);
	pair_fini(&m);
}

/* Only so many are tried; each only once. */
static void test_too_many_answers(void **state)
{
	struct pair_datagram request, d, first;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	request = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	for (unsigned int i = 0; i < LIMIT_INIT_RIVALS + 3; i++) {
		struct pair m;

		middle_init(&m, IKE_DEFAULT, 50 + i);
		d = middle_answer(&m, &request);
		first = i == 0 ? d : first;
		pair_give(&p, &p.a, &d);
		pair_give(&p, &p.a, &first);
		pair_fini(&m);
	}
	for (unsigned int i = 0; i < LIMIT_INIT_RIVALS; i++)
		pair_taken(&p.a, IKE_EXCHANGE_AUTH, false);
	assert_int_equal(p.a.queued, 0);
	assert_int_equal(num_sas(&p.a), LIMIT_INIT_RIVALS + 1);
	assert_int_equal(pair_counted(&p.a, IKE_R_RIVALS), 3);
	assert_int_equal(pair_counted(&p.a, IKE_R_OUTSIDE_WINDOW), LIMIT_INIT_RIVALS + 3);
	/* All of them silent: one end, and nothing is left. */
	for (int i = 0; i < 60; i++) {
		pair_sleep(&p, USEC_PER_S, false);
		while (pair_take(&p.a, &d))
			;
	}
	assert_int_equal(p.a.ike_down, 1);
	assert_int_equal(p.a.down_reason, IKE_R_TIMEOUT);
	assert_int_equal(num_sas(&p.a), 0);
	pair_fini(&p);
}

/* The peer is who it should be and has another ESP proposal: it has won all the same, and M is out. */
static void test_refusal_of_the_child(void **state)
{
	struct pair_datagram request, d;
	struct ike_conn_cfg *cfg;
	struct pair p, m;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	cfg = pair_cfg(&p.b, &p.a, IKE_DEFAULT, "aes256-sha256");
	ike_conn_set(p.b.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	middle_init(&m, IKE_DEFAULT, 99);
	pair_initiate(&p, &p.a);
	request = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	d = middle_answer(&m, &request);
	pair_give(&p, &p.a, &d);
	pair_give(&p, &p.b, &request);
	pair_run(&p);
	assert_int_equal(pair_info(&p.a).last_failure, IKE_R_PEER_NO_PROPOSAL);
	assert_int_equal(pair_info(&p.a).spi_r, pair_info(&p.b).spi_r);
	pair_sleep(&p, 10 * USEC_PER_S, true);
	assert_int_equal(num_sas(&p.a), num_sas(&p.b));
	pair_fini(&p);
	pair_fini(&m);
}

/* ike_terminate() amid rivals takes them all. */
static void test_terminate_amid_rivals(void **state)
{
	struct pair_datagram request, d;
	struct pair p, m;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	middle_init(&m, IKE_DEFAULT, 2);
	pair_initiate(&p, &p.a);
	request = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	d = middle_answer(&m, &request);
	pair_give(&p, &p.a, &d);
	pair_give(&p, &p.b, &request);
	arrow(&p, &p.b, IKE_EXCHANGE_SA_INIT, true);
	ike_terminate(p.a.engine, PAIR_CONN, IKE_R_DELETED_BY_US, p.now);
	pair_drain(&p, &p.a);
	pair_run(&p);
	assert_int_equal(p.a.ike_down, 1);
	assert_int_equal(p.a.down_reason, IKE_R_DELETED_BY_US);
	pair_sleep(&p, 10 * USEC_PER_S, true);
	assert_int_equal(num_sas(&p.a), 0);
	assert_int_equal(p.b.children, 0);
	pair_fini(&p);
	pair_fini(&m);
}

/*
 * No forgery: A's request comes twice and B answers twice, because the second came when the first was done with. B ends with the one
 * that A has.
 */
static void test_peer_answers_twice(void **state)
{
	struct pair_datagram request, late;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	request = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	pair_give(&p, &p.b, &request);
	arrow(&p, &p.b, IKE_EXCHANGE_SA_INIT, true);
	arrow(&p, &p.a, IKE_EXCHANGE_AUTH, false);
	late = pair_taken(&p.b, IKE_EXCHANGE_AUTH, true);
	pair_give(&p, &p.b, &request);
	arrow(&p, &p.b, IKE_EXCHANGE_SA_INIT, true);
	arrow(&p, &p.a, IKE_EXCHANGE_AUTH, false);
	pair_give(&p, &p.a, &late);
	pair_run(&p);
	pair_sleep(&p, 60 * USEC_PER_S, true);
	assert_int_equal(pair_info(&p.a).child_spi_in, pair_info(&p.b).child_spi_out);
	assert_int_equal(pair_info(&p.a).child_spi_out, pair_info(&p.b).child_spi_in);
	assert_int_equal(p.a.children, 1);
	assert_int_equal(p.b.children, 1);
	assert_int_equal(num_sas(&p.a), 1);
	assert_int_equal(num_sas(&p.b), 1);
	pair_fini(&p);
}

/*
 * <-- M: B's answer, bent where no key comes from: A has the keys of B under both, and B answers one IKE_AUTH, which may arrive before the
 * answer that it is from.
 */
static void bent_answer(bool auth_before)
{
	struct pair_datagram genuine, bent;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	arrow(&p, &p.a, IKE_EXCHANGE_SA_INIT, false);
	bent = genuine = pair_taken(&p.b, IKE_EXCHANGE_SA_INIT, true);
	bent.data[bent.len - 1] ^= 1; /* N(FRAGMENTATION) is no more */
	pair_give(&p, &p.a, &bent);
	if (auth_before) {
		pair_run(&p);
		assert_int_equal(pair_info(&p.a).last_failure, IKE_R_AUTH_FAILED);
		assert_int_equal(p.a.ike_down, 0);
	}
	pair_give(&p, &p.a, &genuine);
	/* Two IKE_AUTH under one key would be mixed up: the second waits. */
	assert_int_equal(p.a.queued, auth_before ? 0 : 1);
	pair_run(&p);
	pair_sleep(&p, USEC_PER_S, true);
	assert_up_and_clean(&p);
	pair_fini(&p);
}

static void test_bent_answer(void **state)
{
	bent_answer(false);
}

static void test_auth_before_its_init(void **state)
{
	bent_answer(true);
}

/* --- the initiator: refusals ------------------------------------------------------------------------------ */

/* <-- M: HDR, N(NO_PROPOSAL_CHOSEN)		<-- B: HDR, SAr1, KEr, Nr */
static void test_forged_refusals(void **state)
{
	static const uint16_t types[] = {IKE_NOTIFY_NO_PROPOSAL_CHOSEN, IKE_NOTIFY_INVALID_SYNTAX,
					 IKE_NOTIFY_AUTHENTICATION_FAILED, IKE_NOTIFY_INVALID_IKE_SPI};

	for (size_t i = 0; i < array_size(types); i++) {
		struct pair_datagram request, d;
		struct pair p;

		pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
		pair_initiate(&p, &p.a);
		request = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
		d = refusal(&request, types[i], bytes_make(NULL, 0));
		pair_give(&p, &p.a, &d);
		assert_int_equal(pair_info(&p.a).last_failure, i ? IKE_R_PEER_ERROR : IKE_R_PEER_NO_PROPOSAL);
		assert_int_equal(p.a.ike_down, 0);
		/* The request is lost, too: it is repeated. */
		pair_sleep(&p, 600 * USEC_PER_MS, true);
		assert_up_and_clean(&p);
		pair_fini(&p);
	}
}

/* <-- M: HDR, N(INVALID_KE_PAYLOAD, ecp256)		HDR, SAi1, KEi (ecp256), Ni -->		<-- B: HDR, SAr1, KEr (x25519), Nr */
static void test_forged_group(void **state)
{
	static const uint8_t ecp256[] = {0, IKE_KE_ECP_256};
	struct pair_datagram request, d;
	struct pair p;

	pair_init(&p, IKE_GROUPS, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	request = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	d = refusal(&request, IKE_NOTIFY_INVALID_KE_PAYLOAD, BYTES_OF(ecp256));
	pair_give(&p, &p.a, &d);
	pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	pair_give(&p, &p.b, &request);
	pair_run(&p);
	assert_up_and_clean(&p);
	assert_string_equal(pair_info(&p.a).ike_proposal, IKE_DEFAULT);
	pair_fini(&p);
}

/* M says so again and again: a bounded number of requests, and B's answer to any of them is good. */
static void test_forged_group_loop(void **state)
{
	const uint8_t groups[2][2] = {{0, IKE_KE_ECP_256}, {0, IKE_KE_CURVE25519}};
	struct pair_datagram request, d;
	struct pair p;
	unsigned int sent = 0;

	pair_init(&p, IKE_GROUPS, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	request = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	for (unsigned int i = 0; i < 20; i++) {
		d = refusal(&request, IKE_NOTIFY_INVALID_KE_PAYLOAD, BYTES_OF(groups[i % 2]));
		pair_give(&p, &p.a, &d);
		while (pair_take(&p.a, &d))
			sent++;
	}
	assert_int_equal(sent, LIMIT_INIT_RESTARTS);
	assert_true(pair_counted(&p.a, IKE_R_INIT_LOOP) > 0);
	pair_give(&p, &p.b, &request);
	pair_run(&p);
	assert_up_and_clean(&p);
	pair_fini(&p);
}

/* <-- M: HDR, N(COOKIE)		<-- B: HDR, SAr1, KEr, Nr, for the request without it */
static void test_forged_cookie(void **state)
{
	struct pair_datagram request, d;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	request = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	d = refusal(&request, IKE_NOTIFY_COOKIE, bytes_str("a cookie"));
	pair_give(&p, &p.a, &d);
	assert_int_equal(p.a.queued, 0);
	pair_sleep(&p, 100 * USEC_PER_MS, false);
	pair_give(&p, &p.b, &request);
	pair_run(&p);
	assert_up_and_clean(&p);
	pair_fini(&p);
}

/* The same, and the request was lost: it goes on with a cookie that B never baked, which B does not mind. */
static void test_forged_cookie_request_lost(void **state)
{
	struct pair_datagram request, d;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	request = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	d = refusal(&request, IKE_NOTIFY_COOKIE, bytes_str("a cookie"));
	pair_give(&p, &p.a, &d);
	pair_sleep(&p, LIMIT_COOKIE_HOLD_MS * USEC_PER_MS, true);
	assert_up_and_clean(&p);
	pair_fini(&p);
}

/* The answer to the request was lost: B, which has seen the one without the cookie, takes the one with it for another. */
static void test_forged_cookie_answer_lost(void **state)
{
	struct pair_datagram request, d;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	request = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	d = refusal(&request, IKE_NOTIFY_COOKIE, bytes_str("a cookie"));
	pair_give(&p, &p.a, &d);
	pair_give(&p, &p.b, &request);
	pair_taken(&p.b, IKE_EXCHANGE_SA_INIT, true);
	pair_sleep(&p, LIMIT_COOKIE_HOLD_MS * USEC_PER_MS, true);
	assert_up_and_clean(&p);
	pair_fini(&p);
}

/* Cookies without end: a bounded number of requests. */
static void test_forged_cookie_loop(void **state)
{
	struct pair_datagram request, d;
	unsigned int sent = 0;
	struct pair p;

	pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	request = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	for (uint8_t i = 0; i < 200; i++) {
		d = refusal(&request, IKE_NOTIFY_COOKIE, bytes_make(&i, 1));
		pair_give(&p, &p.a, &d);
		pair_sleep(&p, 10 * USEC_PER_MS, false);
		while (pair_take(&p.a, &d))
			sent++;
	}
	/* In two seconds, each half a second after the one before. */
	assert_in_range(sent, 2, LIMIT_INIT_RESTARTS);
	pair_sleep(&p, 5 * USEC_PER_S, true);
	assert_up_and_clean(&p);
	pair_fini(&p);
}

/* Takes N(FRAGMENTATION) out of an answer by giving it a type that nobody knows. */
static void hide_fragmentation(struct pair_datagram *d)
{
	static const uint8_t plain[] = {0,
					0,
					8,
					0,
					0,
					IKE_NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED >> 8,
					IKE_NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED & 0xff};
	uint8_t *at = memmem(d->data, d->len, plain, sizeof(plain));

	assert_non_null(at);
	at[sizeof(plain) - 1] ^= 1;
}

/*
 * The same where additional key exchanges follow (RFC 9370), which B does once. What A has of them counts for both answers, whichever
 * of them comes first, and when.
 */
static void bent_answer_then_exchanges(const char *ike, unsigned int done_before)
{
	struct pair_datagram genuine, bent;
	struct pair p;

	pair_init(&p, ike, ESP_DEFAULT);
	pair_initiate(&p, &p.a);
	arrow(&p, &p.a, IKE_EXCHANGE_SA_INIT, false);
	bent = genuine = pair_taken(&p.b, IKE_EXCHANGE_SA_INIT, true);
	hide_fragmentation(&bent);
	pair_give(&p, &p.a, &bent);
	for (unsigned int i = 0; i < done_before; i++) {
		arrow(&p, &p.a, IKE_EXCHANGE_INTERMEDIATE, false);
		arrow(&p, &p.b, IKE_EXCHANGE_INTERMEDIATE, true);
	}
	pair_give(&p, &p.a, &genuine);
	pair_run(&p);
	pair_sleep(&p, USEC_PER_S, true);
	assert_up_and_clean(&p);
	pair_fini(&p);
}

static void test_bent_answer_then_exchanges(void **state)
{
	for (unsigned int done = 0; done <= 1; done++)
		bent_answer_then_exchanges(IKE_DEFAULT "-ke1_ecp256", done);
	for (unsigned int done = 0; done <= 2; done++)
		bent_answer_then_exchanges(IKE_DEFAULT "-ke1_ecp256-ke2_ecp384", done);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_forged_success_before),
		T(test_forged_success_after),
		T(test_forged_success_with_the_true_spi),
		T(test_sealed_refusal),
		T(test_sealed_refusal_is_believed),
		T(test_too_many_answers),
		T(test_refusal_of_the_child),
		T(test_terminate_amid_rivals),
		T(test_peer_answers_twice),
		T(test_bent_answer),
		T(test_auth_before_its_init),
		T(test_bent_answer_then_exchanges),
		T(test_forged_refusals),
		T(test_forged_group),
		T(test_forged_group_loop),
		T(test_forged_cookie),
		T(test_forged_cookie_request_lost),
		T(test_forged_cookie_answer_lost),
		T(test_forged_cookie_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
