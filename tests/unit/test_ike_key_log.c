// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys for whoever reads a capture: shown only where the host asks for them, and they open what was sent. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_pair.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/ike/ike_engine.h"

/* What one end has shown last. */
struct shown {
	unsigned int times;
	struct ike_key_log keys; /* its bytes are those below */
	struct secret ei, er, ai, ar;
};
static struct shown by_a, by_b;

static void keep(struct shown *shown, const struct ike_key_log *keys)
{
	shown->times++;
	shown->keys = *keys;
	secret_set(&shown->ei, keys->ei);
	secret_set(&shown->er, keys->er);
	secret_set(&shown->ai, keys->ai);
	secret_set(&shown->ar, keys->ar);
}

static void key_log(void *arg, const struct ike_key_log *keys)
{
	const struct pair_side *side = arg;

	keep(side->name[0] == 'A' ? &by_a : &by_b, keys);
}

static void forget(struct shown *shown)
{
	secret_fini(&shown->ei);
	secret_fini(&shown->er);
	secret_fini(&shown->ai);
	secret_fini(&shown->ar);
	*shown = (struct shown){};
}

static void assert_same_shown(unsigned int times)
{
	assert_int_equal(by_a.times, times);
	assert_int_equal(by_b.times, times);
	assert_int_equal(by_a.keys.spi_i, by_b.keys.spi_i);
	assert_int_equal(by_a.keys.spi_r, by_b.keys.spi_r);
	assert_true(secret_equal(secret_view(&by_a.ei), secret_view(&by_b.ei)));
	assert_true(secret_equal(secret_view(&by_a.er), secret_view(&by_b.er)));
	assert_true(secret_equal(secret_view(&by_a.ai), secret_view(&by_b.ai)));
	assert_true(secret_equal(secret_view(&by_a.ar), secret_view(&by_b.ar)));
}

/* Nothing but what was shown opens a message of the initiator. */
static void assert_opens(const struct pair *p, const struct shown *shown, const struct pair_datagram *d)
{
	const struct ike_key_log *k = &shown->keys;
	struct ike_sa reader = {.keys_ready = true};
	struct ike_turn turn = {
		.engine = p->a.engine, .sa = &reader, .datagram = bytes_make(d->data, d->len)};
	struct bytes text;
	uint8_t bad;

	assert_int_equal(ike_msg_decode(turn.datagram, &turn.msg, &bad), IKE_R_OK);
	assert_int_equal(turn.msg.hdr.spi_i, k->spi_i);
	assert_int_equal(turn.msg.hdr.spi_r, k->spi_r);
	reader.open = crypto_box_new(crypto_encr_find(k->encr, k->encr_key_bits), crypto_integ_find(k->integ),
				     &shown->ei, &shown->ai, false);
	assert_non_null(reader.open);
	assert_int_equal(ike_turn_unseal(&turn, rd_rest(&turn.msg.outer.list[0].body), &text), IKE_R_OK);
	crypto_box_free(reader.open);
}

static void begin(struct pair *p, const char *ike)
{
	pair_init(p, ike, "aes128gcm16");
	p->a.host.key_log = p->b.host.key_log = key_log;
	pair_initiate(p, &p->a);
}

static void end(struct pair *p)
{
	pair_fini(p);
	forget(&by_a);
	forget(&by_b);
	assert_int_equal(mem_live(), 0);
}

static struct pair_datagram auth_request(struct pair *p)
{
	struct pair_datagram d = pair_taken(&p->a, IKE_EXCHANGE_SA_INIT, false);

	pair_give(p, &p->b, &d);
	d = pair_taken(&p->b, IKE_EXCHANGE_SA_INIT, true);
	pair_give(p, &p->a, &d);
	d = pair_taken(&p->a, IKE_EXCHANGE_AUTH, false);
	pair_give(p, &p->b, &d);
	return d;
}

static void opens_with(const char *ike, uint16_t encr, uint16_t bits, uint16_t integ, size_t integ_len)
{
	struct pair_datagram d;
	struct pair p;

	begin(&p, ike);
	d = auth_request(&p);
	assert_same_shown(1);
	assert_int_equal(by_a.keys.encr, encr);
	assert_int_equal(by_a.keys.encr_key_bits, bits);
	assert_int_equal(by_a.keys.integ, integ);
	assert_int_equal(by_a.ai.len, integ_len);
	assert_int_equal(by_a.ar.len, integ_len);
	assert_opens(&p, &by_a, &d);
	end(&p);
}

static void test_opens_what_was_sent(void **state)
{
	opens_with("aes128gcm16-prfsha256-curve25519", IKE_ENCR_AES_GCM_16, 128, IKE_INTEG_NONE, 0);
	opens_with("aes256-sha256-curve25519", IKE_ENCR_AES_CBC, 256, IKE_INTEG_HMAC_SHA2_256_128, 32);
}

/* A rekeyed one has other SPIs and other keys, which are shown before they are used. */
static void test_rekeyed(void **state)
{
	struct secret before = {};
	uint64_t spi_i;
	struct pair p;

	begin(&p, "aes128gcm16-prfsha256-curve25519");
	pair_run(&p);
	pair_assert_up(&p);
	secret_copy(&before, &by_a.ei);
	spi_i = by_a.keys.spi_i;
	assert_true(ike_rekey_ike(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	pair_run(&p);
	assert_same_shown(2);
	assert_int_not_equal(by_a.keys.spi_i, spi_i);
	assert_int_equal(by_a.keys.spi_i, pair_info(&p.a).spi_i);
	assert_false(secret_equal(secret_view(&before), secret_view(&by_a.ei)));
	secret_fini(&before);
	end(&p);
}

/* RFC 9370: the same SPIs come again with the keys of the additional exchange, under which IKE_AUTH is. */
static void test_additional_exchange(void **state)
{
	struct pair_datagram d;
	struct pair p;

	begin(&p, "aes128gcm16-prfsha256-curve25519-ke1_ecp256");
	d = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	pair_give(&p, &p.b, &d);
	d = pair_taken(&p.b, IKE_EXCHANGE_SA_INIT, true);
	pair_give(&p, &p.a, &d);
	d = pair_taken(&p.a, IKE_EXCHANGE_INTERMEDIATE, false);
	assert_opens(&p, &by_a, &d);
	pair_give(&p, &p.b, &d);
	d = pair_taken(&p.b, IKE_EXCHANGE_INTERMEDIATE, true);
	pair_give(&p, &p.a, &d);
	d = pair_taken(&p.a, IKE_EXCHANGE_AUTH, false);
	assert_same_shown(2);
	assert_opens(&p, &by_a, &d);
	end(&p);
}

static void test_nobody_asks(void **state)
{
	struct pair p;

	pair_init(&p, "aes128gcm16-prfsha256-curve25519", "aes128gcm16");
	pair_initiate(&p, &p.a);
	pair_run(&p);
	pair_assert_up(&p);
	assert_int_equal(by_a.times + by_b.times, 0);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens_what_was_sent),
		cmocka_unit_test(test_rekeyed),
		cmocka_unit_test(test_additional_exchange),
		cmocka_unit_test(test_nobody_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
