// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ML-KEM in IKEv2, draft-ietf-ipsecme-ikev2-mlkem: stories between two engines in the arrows of RFC 9370, with the sizes that real ones
 * have. Debian 12's OpenSSL has no ML-KEM and skips all; tests/mlkem/run has one that does.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_pair.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/proto/proto.h"

#define IKE_768	  "aes256gcm16-prfsha384-ecp384-ke1_mlkem768"
#define IKE_ALONE "aes256gcm16-prfsha384-mlkem768"
#define ESP_768	  "aes256gcm16-ecp384-ke1_mlkem768"
#define IKE_1024  "aes256gcm16-prfsha384-ecp384-ke1_mlkem1024"

static size_t live_before;

static int setup(void **state)
{
	if (crypto_init() != 0)
		return -1;
	live_before = mem_live();
	return 0;
}

static int teardown(void **state)
{
	assert_int_equal(mem_live(), live_before);
	crypto_fini();
	return 0;
}

static void needs_ml_kem(void)
{
	if (crypto_has_ml_kem())
		return;
	print_message("skipped: OpenSSL %s has no ML-KEM, which begins with 3.5\n", crypto_openssl_version());
	skip();
}

static struct pair_datagram taken(struct pair_side *from, uint8_t exchange)
{
	struct pair_datagram d;

	assert_true(pair_take(from, &d));
	assert_int_equal(pair_header(&d).exchange, exchange);
	return d;
}

/* All datagrams that wait at `from` go over, and belong to this exchange; how many they were. */
static unsigned int pass(struct pair *p, struct pair_side *from, struct pair_side *to, uint8_t exchange)
{
	struct pair_datagram d;
	unsigned int n = 0;

	for (; pair_take(from, &d); n++) {
		assert_int_equal(pair_header(&d).exchange, exchange);
		pair_give(p, to, &d);
	}
	return n;
}

static void fragmented_pair(struct pair *p, const char *ike, uint16_t fragmentation)
{
	pair_init(p, ike, ESP_768);
	for (int i = 0; i < 2; i++) {
		struct pair_side *side = i ? &p->b : &p->a;
		struct ike_conn_cfg *cfg = pair_cfg(side, i ? &p->a : &p->b, ike, ESP_768);

		cfg->fragmentation = fragmentation;
		ike_conn_set(side->engine, PAIR_CONN, cfg);
		ike_conn_cfg_unref(cfg);
	}
	pair_initiate(p, &p->a);
}

static void settled(struct pair *p)
{
	pair_run(p);
	pair_sleep(p, 60 * USEC_PER_S, true);
	pair_assert_up(p);
	assert_int_equal(p->a.ike_down + p->b.ike_down, 0);
	assert_int_equal(p->a.child_down + p->b.child_down, 0);
	assert_int_equal(p->a.blinks + p->b.blinks, 0);
	assert_int_equal(pair_counted(&p->a, IKE_R_INTEGRITY) + pair_counted(&p->b, IKE_R_INTEGRITY), 0);
}

static void test_every_size(void **state)
{
	static const char *const ike[] = {"aes256gcm16-prfsha384-ecp384-ke1_mlkem512", IKE_768,
					  "aes256gcm16-prfsha384-ecp384-ke1_mlkem1024-ke2_curve25519",
					  IKE_ALONE};
	struct pair p;

	needs_ml_kem();
	for (size_t i = 0; i < array_size(ike); i++) {
		pair_init(&p, ike[i], ESP_768);
		pair_initiate(&p, &p.a);
		settled(&p);
		assert_string_equal(pair_info(&p.a).ike_proposal, ike[i]);
		assert_true(ike_rekey_child(p.a.engine, PAIR_CONN, p.now));
		pair_drain(&p, &p.a);
		settled(&p);
		assert_true(ike_rekey_ike(p.b.engine, PAIR_CONN, p.now));
		pair_drain(&p, &p.b);
		settled(&p);
		pair_fini(&p);
	}
}

/*
 * The key of ML-KEM-768 is 1184 bytes, its ciphertext 1088; of ML-KEM-1024 both are 1568. With all that is around it the key of ML-KEM-768
 * comes to 1277 bytes of IPv4, so that it just passes in one piece, where no NAT adds the non-ESP marker.
 */
static void test_fragments(void **state)
{
	static const struct {
		const char *ike;
		uint16_t fragmentation;
		unsigned int key, ciphertext;
	} rows[] = {
		{"aes256gcm16-prfsha384-ecp384-ke1_mlkem512", 1280, 1, 1},
		{IKE_768, 1280, 1, 1},
		{IKE_768, 1276, 2, 1},
		{IKE_768, 576, 3, 3},
		{IKE_1024, 1280, 2, 2},
	};
	struct pair p;

	needs_ml_kem();
	for (size_t i = 0; i < array_size(rows); i++) {
		fragmented_pair(&p, rows[i].ike, rows[i].fragmentation);
		assert_int_equal(pass(&p, &p.a, &p.b, IKE_EXCHANGE_SA_INIT), 1);
		assert_int_equal(pass(&p, &p.b, &p.a, IKE_EXCHANGE_SA_INIT), 1);
		/* HDR, SK or SKF {KEi(1)} -->   <-- HDR, SK or SKF {KEr(1)} */
		assert_int_equal(pass(&p, &p.a, &p.b, IKE_EXCHANGE_INTERMEDIATE), rows[i].key);
		assert_int_equal(pass(&p, &p.b, &p.a, IKE_EXCHANGE_INTERMEDIATE), rows[i].ciphertext);
		assert_int_equal(pass(&p, &p.a, &p.b, IKE_EXCHANGE_AUTH), 1);
		assert_int_equal(pass(&p, &p.b, &p.a, IKE_EXCHANGE_AUTH), 1);
		settled(&p);
		pair_fini(&p);
	}
}

static bool up_without(int lost)
{
	struct pair_datagram d;
	struct pair p;
	int n = 0;

	fragmented_pair(&p, IKE_1024, 1280);
	for (int round = 0; round < 20; round++) {
		while (pair_take(&p.a, &d))
			if (n++ != lost)
				pair_give(&p, &p.b, &d);
		while (pair_take(&p.b, &d))
			if (n++ != lost)
				pair_give(&p, &p.a, &d);
		pair_sleep(&p, 300 * USEC_PER_MS, false);
	}
	settled(&p);
	pair_fini(&p);
	return n > lost;
}

/* A request that comes again gets the same ciphertext: encapsulating anew would give other keys. */
static void test_each_datagram_lost(void **state)
{
	int lost = 0;

	needs_ml_kem();
	while (up_without(lost))
		lost++;
	/* one and one, two and two, one and one */
	assert_true(lost >= 8);
}

static uint8_t *ke_value(struct pair_datagram *d)
{
	struct ike_msg msg;
	uint8_t bad;

	assert_int_equal(ike_msg_decode(bytes_make(d->data, d->len), &msg, &bad), IKE_R_OK);
	return d->data + (rd_rest(&ike_payloads_find(&msg.outer, IKE_PAYLOAD_KE)->body).p - d->data) + 4;
}

/* FIPS 203 7.2 in IKE_SA_INIT, which anybody may send: counted, and nothing is kept or answered. */
static void test_key_not_reduced(void **state)
{
	struct pair_datagram d;
	struct pair p;

	needs_ml_kem();
	pair_init(&p, IKE_ALONE, ESP_768);
	pair_initiate(&p, &p.a);
	d = taken(&p.a, IKE_EXCHANGE_SA_INIT);
	memset(ke_value(&d), 0xff, 3);
	pair_give(&p, &p.b, &d);
	assert_int_equal(pair_counted(&p.b, IKE_R_BAD_KE), 1);
	assert_false(pair_take(&p.b, &d));
	pair_sleep(&p, 10 * USEC_PER_S, true);
	settled(&p);
	pair_fini(&p);
}

/* FIPS 203 6.3: a wrong ciphertext is not seen, it only gives other keys. So nothing of IKE_AUTH can be opened. */
static void test_wrong_ciphertext(void **state)
{
	struct pair_datagram d;
	struct pair p;

	needs_ml_kem();
	pair_init(&p, IKE_ALONE, ESP_768);
	pair_initiate(&p, &p.a);
	assert_int_equal(pass(&p, &p.a, &p.b, IKE_EXCHANGE_SA_INIT), 1);
	d = taken(&p.b, IKE_EXCHANGE_SA_INIT);
	*ke_value(&d) ^= 1;
	pair_give(&p, &p.a, &d);
	assert_int_equal(pass(&p, &p.a, &p.b, IKE_EXCHANGE_AUTH), 1);
	assert_int_equal(pair_counted(&p.b, IKE_R_INTEGRITY), 1);
	assert_false(pair_take(&p.b, &d));
	pair_sleep(&p, 60 * USEC_PER_S, false);
	assert_int_equal(p.a.ike_up + p.b.ike_up, 0);
	pair_fini(&p);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(test_every_size),	     STORY(test_fragments),	   STORY(test_each_datagram_lost),
		STORY(test_key_not_reduced), STORY(test_wrong_ciphertext),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
