// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RFC 8784: the keys against HMACs that OpenSSL computes by hand here, every row of the table of ike_ppk.h in both roles, and what an
 * attacker on the path can make of it.
 */
#include <zebra.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_pair.h"
#include "tests/helpers/mem_live.h"
#include "tests/helpers/test_certs.h"

#include "bgpvpnd/ike/ike_keymat.h"
#include "bgpvpnd/proto/proto.h"

#define IKE_DEFAULT "aes128gcm16-prfsha256-curve25519"
#define ESP_DEFAULT "aes128gcm16"

#define KEY_ONE "0123456789abcdef0123456789abcdef"
#define KEY_TWO "an entirely different one, as long"

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

/* --- keys ------------------------------------------------------------------------------------------------ */

/* prf+(key, seed) of RFC 7296 2.13 with HMAC: T1 = prf(key, seed | 1), T2 = prf(key, T1 | seed | 2), ... */
static void hmac_plus(const EVP_MD *md, struct bytes key, struct bytes seed, uint8_t *out, size_t n)
{
	uint8_t block[64 + 64 + 1], last[64];
	unsigned int len = 0;
	uint8_t counter = 0;

	for (size_t done = 0; done < n; done += len) {
		size_t at = 0;

		memcpy(block, last, len);
		at += len;
		memcpy(block + at, seed.p, seed.n);
		at += seed.n;
		block[at++] = ++counter;
		assert_non_null(HMAC(md, key.p, (int)key.n, block, at, last, &len));
		memcpy(out + done, last, MIN(len, n - done));
	}
}

static void assert_mixed(const EVP_MD *md, struct bytes ppk, uint8_t fill, const struct secret *got)
{
	uint8_t plain[64], want[64];

	memset(plain, fill, got->len);
	hmac_plus(md, ppk, bytes_make(plain, got->len), want, got->len);
	assert_true(secret_equal(secret_view(got), bytes_make(want, got->len)));
}

static void fill_key(struct secret *key, size_t len, uint8_t fill)
{
	secret_alloc(key, len);
	memset(key->key, fill, len);
}

static void test_keys(void **state)
{
	static const struct {
		uint16_t prf;
		const EVP_MD *(*md)(void);
	} prfs[] = {
		{IKE_PRF_HMAC_SHA1, EVP_sha1},
		{IKE_PRF_HMAC_SHA2_256, EVP_sha256},
		{IKE_PRF_HMAC_SHA2_384, EVP_sha384},
		{IKE_PRF_HMAC_SHA2_512, EVP_sha512},
	};
	struct bytes ppk = bytes_str(
		"a PPK that is longer than the block of any of these hashes: it is hashed before, and "
		"the block of SHA-512 has one hundred and twenty-eight bytes");

	assert_int_equal(crypto_init(), 0);
	for (size_t i = 0; i < array_size(prfs); i++) {
		struct ike_suite suite = {.prf = crypto_prf_find(prfs[i].prf)};
		struct ike_keys keys = {};
		size_t len = suite.prf->key_len;

		for (int n = 32; n <= (int)ppk.n; n += (int)ppk.n - 32) {
			fill_key(&keys.d, len, 1);
			fill_key(&keys.pi, len, 2);
			fill_key(&keys.pr, len, 3);
			fill_key(&keys.ei, 20, 4);
			ike_keymat_ppk(&suite, bytes_make(ppk.p, n), &keys);
			assert_mixed(prfs[i].md(), bytes_make(ppk.p, n), 1, &keys.d);
			assert_mixed(prfs[i].md(), bytes_make(ppk.p, n), 2, &keys.pi);
			assert_mixed(prfs[i].md(), bytes_make(ppk.p, n), 3, &keys.pr);
			/* What protects IKE itself is not touched. */
			assert_int_equal(keys.ei.key[0], 4);
		}
		ike_keys_fini(&keys);
	}
	crypto_fini();
}

/* --- both ends ------------------------------------------------------------------------------------------- */

struct ppk {
	const char *id; /* NULL: none */
	const char *secret;
	bool required;
};

static const struct ppk none = {NULL, NULL, false};
static const struct ppk optional = {"k1", KEY_ONE, false};
static const struct ppk required = {"k1", KEY_ONE, true};
static const struct ppk other_id = {"k2", KEY_ONE, false};
static const struct ppk other_id_required = {"k2", KEY_ONE, true};
static const struct ppk other_key = {"k1", KEY_TWO, false};

static struct ike_conn_cfg *cfg_with(struct pair *p, struct pair_side *side, const struct ppk *ppk)
{
	struct ike_conn_cfg *cfg = pair_cfg(side, side == &p->a ? &p->b : &p->a, IKE_DEFAULT, ESP_DEFAULT);

	if (ppk->id) {
		cfg->ppk.id_len = strlen(ppk->id);
		memcpy(cfg->ppk.id, ppk->id, cfg->ppk.id_len);
		secret_set(&cfg->ppk.secret, bytes_str(ppk->secret));
		cfg->ppk.required = ppk->required;
	}
	return cfg;
}

static void start(struct pair *p, const struct ppk *a, const struct ppk *b)
{
	struct ike_conn_cfg *cfg;

	pair_init(p, IKE_DEFAULT, ESP_DEFAULT);
	cfg = cfg_with(p, &p->a, a);
	ike_conn_set(p->a.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	cfg = cfg_with(p, &p->b, b);
	ike_conn_set(p->b.engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

static void assert_words(const struct pair_side *side, enum ike_reason reason, const char *word)
{
	struct ike_conn_info info = pair_info(side);

	assert_int_equal(info.last_failure, reason);
	if (!strstr(info.last_failure_detail, word))
		fail_msg("\"%s\" is not in \"%s\"", word, info.last_failure_detail);
}

static void test_rows_that_come_up(void **state)
{
	static const struct {
		const struct ppk *i, *r;
		bool used;
	} rows[] = {
		{&none, &none, false},	      {&none, &optional, false},     {&optional, &none, false},
		{&optional, &optional, true}, {&optional, &required, true},  {&required, &optional, true},
		{&required, &required, true}, {&optional, &other_id, false},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct pair p;

		start(&p, rows[i].i, rows[i].r);
		pair_initiate(&p, &p.a);
		pair_run(&p);
		pair_assert_up(&p);
		assert_int_equal(pair_info(&p.a).ppk, rows[i].used);
		assert_int_equal(pair_info(&p.b).ppk, rows[i].used);
		assert_int_equal(pair_info(&p.a).last_failure, IKE_R_OK);
		assert_int_equal(pair_info(&p.b).last_failure, IKE_R_OK);
		pair_fini(&p);
	}
}

static void test_rows_that_are_refused(void **state)
{
	static const struct {
		const struct ppk *i, *r;
		enum ike_reason at_i, at_r;
		const char *words_i, *words_r;
	} rows[] = {
		/* No USE_PPK in the request: the responder insists. */
		{&none, &required, IKE_R_PEER_AUTH_FAILED, IKE_R_PPK_REQUIRED, "AUTHENTICATION_FAILED",
		 "we have k1, the peer none"},
		/* No USE_PPK in the answer: the initiator insists. */
		{&required, &none, IKE_R_PPK_REQUIRED, IKE_R_OK, "USE_PPK", ""},
		/* Two names. */
		{&required, &other_id, IKE_R_PEER_AUTH_FAILED, IKE_R_PPK_UNKNOWN, "k1 differ",
		 "we have k2, the peer k1"},
		{&optional, &other_id_required, IKE_R_PEER_AUTH_FAILED, IKE_R_PPK_REQUIRED, "k1 differ",
		 "we have k2, the peer k1"},
		{&required, &other_id_required, IKE_R_PEER_AUTH_FAILED, IKE_R_PPK_REQUIRED, "k1 differ",
		 "we have k2, the peer k1"},
		/* One name, two secrets: never without. */
		{&optional, &other_key, IKE_R_PEER_AUTH_FAILED, IKE_R_AUTH_FAILED, "k1 differ", "k1 differ"},
		{&required, &other_key, IKE_R_PEER_AUTH_FAILED, IKE_R_AUTH_FAILED, "k1 differ", "k1 differ"},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct pair p;

		start(&p, rows[i].i, rows[i].r);
		pair_initiate(&p, &p.a);
		pair_run(&p);
		pair_sleep(&p, 2 * USEC_PER_S, true);
		assert_words(&p.a, rows[i].at_i, rows[i].words_i);
		assert_words(&p.b, rows[i].at_r, rows[i].words_r);
		assert_int_equal(pair_info(&p.a).phase, IKE_PHASE_NONE);
		assert_int_equal(pair_info(&p.b).phase, IKE_PHASE_NONE);
		assert_int_equal(p.a.added + p.b.added, 0);
		assert_false(pair_info(&p.a).ppk);
		pair_fini(&p);
	}
}

/* With certificates on both sides the same: what is signed holds SK_p. */
static void test_certificates(void **state)
{
	static const struct {
		const struct ppk *b;
		int used; /* -1: refused */
	} rows[] = {{&optional, 1}, {&other_id, 0}, {&none, 0}, {&other_key, -1}};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct ike_conn_cfg *cfg;
		struct pair p;

		start(&p, &optional, rows[i].b);
		cfg = cfg_with(&p, &p.a, &optional);
		cfg->creds = test_certs_creds("a");
		cfg->trust = test_certs_trust("ca.pem", NULL);
		ike_conn_set(p.a.engine, PAIR_CONN, cfg);
		ike_conn_cfg_unref(cfg);
		cfg = cfg_with(&p, &p.b, rows[i].b);
		cfg->creds = test_certs_creds("b");
		cfg->trust = test_certs_trust("ca.pem", NULL);
		ike_conn_set(p.b.engine, PAIR_CONN, cfg);
		ike_conn_cfg_unref(cfg);
		pair_initiate(&p, &p.a);
		pair_run(&p);
		if (rows[i].used < 0) {
			assert_words(&p.b, IKE_R_SIGNATURE, "k1 differ");
		} else {
			pair_assert_up(&p);
			assert_int_equal(pair_info(&p.a).ppk, rows[i].used);
		}
		pair_fini(&p);
	}
}

/* RFC 8784 3: rekeying goes on from SK_d, which has it; nobody asks for it again, and it still counts. */
static void test_rekeyed(void **state)
{
	struct pair p;

	start(&p, &required, &required);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	for (int i = 0; i < 4; i++) {
		struct pair_side *side = i & 1 ? &p.a : &p.b;

		assert_true(i & 2 ? ike_rekey_child(side->engine, PAIR_CONN, p.now)
				  : ike_rekey_ike(side->engine, PAIR_CONN, p.now));
		pair_drain(&p, side);
		pair_run(&p);
		pair_sleep(&p, 5 * USEC_PER_S, true);
		pair_assert_up(&p);
		assert_true(pair_info(&p.a).ppk);
		assert_true(pair_info(&p.b).ppk);
	}
	pair_fini(&p);
}

/* The connection is known by its identity only: one that has no PPK of several with the same address is taken without it. */
static void test_other_connection(void **state)
{
	struct ike_conn_cfg *cfg;
	char err[128];
	struct pair p;

	start(&p, &optional, &none);
	cfg = cfg_with(&p, &p.b, &optional);
	assert_true(ike_id_parse("fqdn", "somebody.example", &cfg->remote_id, err, sizeof(err)));
	ike_conn_set(p.b.engine, PAIR_CONN - 1, cfg);
	ike_conn_cfg_unref(cfg);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	pair_assert_up(&p);
	assert_false(pair_info(&p.a).ppk);
	pair_fini(&p);
}

/* --- on the path ----------------------------------------------------------------------------------------- */

/* Takes the notify out of a clear message by giving it a type that nobody knows. */
static bool hide_notify(struct pair_datagram *d, uint16_t type)
{
	const uint8_t plain[] = {0, 0, 0, 8, 0, 0, type >> 8, type & 0xff};

	for (size_t i = IKE_HDR_LEN; i + sizeof(plain) <= d->len; i++)
		/* The first byte, the type of the next payload, is anything. */
		if (memcmp(d->data + i + 1, plain + 1, sizeof(plain) - 1) == 0) {
			d->data[i + 6] = 0xff;
			return true;
		}
	return false;
}

/*
 * USE_PPK taken out of either message: AUTH covers both, so nobody stays up without. The initiator's AUTH does not cover the answer,
 * hence a responder may believe for a moment that it is up; the initiator never does.
 */
static void test_downgrade(void **state)
{
	for (int which = 0; which < 2; which++) {
		struct pair_datagram d;
		struct pair p;

		start(&p, &optional, &optional);
		pair_initiate(&p, &p.a);
		assert_true(pair_take(&p.a, &d));
		if (which == 0)
			assert_true(hide_notify(&d, IKE_NOTIFY_USE_PPK));
		pair_give(&p, &p.b, &d);
		assert_true(pair_take(&p.b, &d));
		if (which == 1)
			assert_true(hide_notify(&d, IKE_NOTIFY_USE_PPK));
		pair_give(&p, &p.a, &d);
		pair_run(&p);
		/* A waits for the true answer. */
		pair_sleep(&p, LIMIT_REFUSAL_GRACE_MS * USEC_PER_MS, true);
		assert_int_equal(p.a.added, 0);
		assert_int_equal(p.b.children, 0);
		assert_int_equal(pair_info(&p.a).last_failure,
				 which ? IKE_R_AUTH_FAILED : IKE_R_PEER_AUTH_FAILED);
		assert_int_equal(pair_info(&p.b).phase, IKE_PHASE_NONE);
		pair_fini(&p);
	}
}

/*
 * The true answer behind the one without USE_PPK: both lead to the same keys, and B's AUTH is good under the true one; but what A then has is
 * without a PPK, where B's answer offers one. Never that.
 */
static void test_downgrade_amid_rivals(void **state)
{
	struct pair_datagram genuine, bent;
	struct pair p;

	start(&p, &optional, &optional);
	pair_initiate(&p, &p.a);
	assert_true(pair_take(&p.a, &genuine));
	pair_give(&p, &p.b, &genuine);
	assert_true(pair_take(&p.b, &genuine));
	bent = genuine;
	assert_true(hide_notify(&bent, IKE_NOTIFY_USE_PPK));
	pair_give(&p, &p.a, &bent);
	pair_give(&p, &p.a, &genuine);
	pair_run(&p);
	pair_sleep(&p, LIMIT_REFUSAL_GRACE_MS * USEC_PER_MS, true);
	assert_int_equal(p.a.added, 0);
	assert_int_equal(p.b.children, 0);
	pair_fini(&p);
}

/* An answer without USE_PPK from anybody does not end an attempt that needs it: the true one still wins. */
static void test_forged_answer(void **state)
{
	struct pair_datagram answer, forged;
	struct ike_counters counters;
	struct pair p;

	start(&p, &required, &required);
	pair_initiate(&p, &p.a);
	assert_true(pair_take(&p.a, &answer));
	pair_give(&p, &p.b, &answer);
	assert_true(pair_take(&p.b, &answer));
	forged = answer;
	assert_true(hide_notify(&forged, IKE_NOTIFY_USE_PPK));
	pair_give(&p, &p.a, &forged);
	assert_int_equal(p.a.ike_down, 0);
	ike_engine_counters(p.a.engine, &counters);
	assert_int_equal(counters.reasons[IKE_R_PPK_REQUIRED], 1);
	pair_give(&p, &p.a, &answer);
	pair_run(&p);
	pair_assert_up(&p);
	assert_true(pair_info(&p.a).ppk);
	pair_fini(&p);
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_keys),
		T(test_rows_that_come_up),
		T(test_rows_that_are_refused),
		T(test_certificates),
		T(test_rekeyed),
		T(test_other_connection),
		T(test_downgrade),
		T(test_downgrade_amid_rivals),
		T(test_forged_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
