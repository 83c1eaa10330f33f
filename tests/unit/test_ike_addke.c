// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Additional key exchanges, RFC 9370, in IKE_INTERMEDIATE (RFC 9242) and IKE_FOLLOWUP_KE: stories between two engines in the arrows of
 * the RFCs. The KEM that two of them use is the null one, with the lengths of ML-KEM, so that they are told with every OpenSSL;
 * those of ML-KEM itself are in test_ike_mlkem.c.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_pair.h"
#include "tests/helpers/mem_live.h"
#include "tests/helpers/test_certs.h"

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/proto/proto.h"

#define IKE_PLAIN "aes128gcm16-prfsha256-curve25519"
#define IKE_ONE	  "aes128gcm16-prfsha256-curve25519-ke1_ecp256"
#define IKE_TWO	  "aes256-sha256-ecp256-ke1_curve25519-ke3_ecp384"
#define IKE_SIX                                                                                              \
	"aes256gcm16-prfsha384-curve25519-ke1_ecp256-ke2_ecp384-ke3_ecp521-ke4_modp2048-ke6_modp3072-ke7_modp4096"
#define ESP_PLAIN "aes128gcm16"
#define ESP_ONE	  "aes128gcm16-curve25519-ke1_ecp256"
#define ESP_TWO	  "aes128gcm16-curve25519-ke2_ecp256-ke7_ecp384"

static size_t live_before;

static int setup(void **state)
{
	live_before = mem_live();
	return 0;
}

static int teardown(void **state)
{
	crypto_null_enable(false);
	assert_int_equal(mem_live(), live_before);
	return 0;
}

static uint64_t half_open(const struct pair_side *side)
{
	struct ike_counters counters;

	ike_engine_counters(side->engine, &counters);
	return counters.half_open;
}

static void arrow(struct pair *p, struct pair_side *from, struct pair_side *to, uint8_t exchange,
		  bool response)
{
	struct pair_datagram d = pair_taken(from, exchange, response);

	pair_give(p, to, &d);
}

static void round_trip(struct pair *p, struct pair_side *from, struct pair_side *to, uint8_t exchange)
{
	arrow(p, from, to, exchange, false);
	arrow(p, to, from, exchange, true);
}

static void up(struct pair *p, const char *ike, const char *esp)
{
	pair_init(p, ike, esp);
	pair_initiate(p, &p->a);
	pair_run(p);
	pair_assert_up(p);
	pair_sleep(p, 2 * USEC_PER_S, true);
}

static void configure(struct pair_side *side, struct pair_side *peer, const char *ike1, const char *ike2,
		      const char *esp)
{
	struct ike_conn_cfg *cfg = pair_cfg(side, peer, ike1, esp);
	char err[256];

	if (ike2) {
		assert_true(ike_proposal_parse(IKE_PROTO_IKE, ike2, &cfg->ike[1], err, sizeof(err)));
		cfg->num_ike = 2;
	}
	ike_conn_set(side->engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

/* Both can speak on what is there now, in both directions. */
static void usable(struct pair *p)
{
	unsigned int heard_a = p->a.heard, heard_b = p->b.heard;

	assert_true(ike_probe(p->a.engine, PAIR_CONN, p->now));
	pair_drain(p, &p->a);
	pair_run(p);
	assert_true(ike_probe(p->b.engine, PAIR_CONN, p->now));
	pair_drain(p, &p->b);
	pair_run(p);
	assert_true(p->a.heard > heard_a && p->b.heard > heard_b);
}

static void rekey(struct pair *p, struct pair_side *side, bool ike)
{
	assert_true(ike ? ike_rekey_ike(side->engine, PAIR_CONN, p->now)
			: ike_rekey_child(side->engine, PAIR_CONN, p->now));
	pair_drain(p, side);
}

/* --- IKE_INTERMEDIATE ------------------------------------------------------------------------------------ */

static void test_one(void **state)
{
	struct pair p;

	pair_init(&p, IKE_ONE, ESP_PLAIN);
	pair_initiate(&p, &p.a);
	/* HDR, SAi1(.. ADDKE1), KEi, Ni, N(INTERMEDIATE_EXCHANGE_SUPPORTED) --> */
	round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_SA_INIT);
	/* HDR, SK {KEi(1)} -->   <-- HDR, SK {KEr(1)} */
	round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_INTERMEDIATE);
	assert_int_equal(half_open(&p.b), 1);
	round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_AUTH);
	pair_assert_up(&p);
	assert_int_equal(half_open(&p.b), 0);
	assert_string_equal(pair_info(&p.a).ike_proposal, IKE_ONE);
	assert_string_equal(pair_info(&p.b).ike_proposal, IKE_ONE);
	pair_settled(&p);
	usable(&p);
	pair_fini(&p);
}

static void test_two(void **state)
{
	struct pair p;

	pair_init(&p, IKE_TWO, ESP_PLAIN);
	pair_initiate(&p, &p.a);
	round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_SA_INIT);
	round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_INTERMEDIATE);
	round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_INTERMEDIATE);
	round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_AUTH);
	pair_assert_up(&p);
	assert_string_equal(pair_info(&p.b).ike_proposal, IKE_TWO);
	usable(&p);
	pair_fini(&p);
}

/* As many as there are methods without a KEM. */
static void test_six(void **state)
{
	struct pair p;

	pair_init(&p, IKE_SIX, ESP_PLAIN);
	pair_initiate(&p, &p.a);
	round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_SA_INIT);
	for (int i = 0; i < 6; i++)
		round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_INTERMEDIATE);
	round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_AUTH);
	pair_assert_up(&p);
	assert_string_equal(pair_info(&p.a).ike_proposal, IKE_SIX);
	rekey(&p, &p.b, true);
	pair_settled(&p);
	usable(&p);
	pair_fini(&p);
}

static void test_certificates(void **state)
{
	struct pair p;

	pair_init(&p, IKE_TWO, ESP_PLAIN);
	for (int i = 0; i < 2; i++) {
		struct pair_side *side = i ? &p.b : &p.a;
		struct ike_conn_cfg *cfg = pair_cfg(side, i ? &p.a : &p.b, IKE_TWO, ESP_PLAIN);
		char err[128];

		cfg->creds = test_certs_creds(i ? "b" : "a");
		cfg->trust = test_certs_trust("ca.pem", NULL);
		assert_true(ike_id_parse("fqdn", i ? "b.example.org" : "a.example.org", &cfg->local_id, err,
					 sizeof(err)));
		assert_true(ike_id_parse("fqdn", i ? "a.example.org" : "b.example.org", &cfg->remote_id, err,
					 sizeof(err)));
		ike_conn_set(side->engine, PAIR_CONN, cfg);
		ike_conn_cfg_unref(cfg);
	}
	pair_initiate(&p, &p.a);
	pair_run(&p);
	pair_assert_up(&p);
	pair_fini(&p);
}

/* RFC 8784 goes into the keys that the last one has given; and where the peer has no PPK, it is taken out of these again. */
static void test_with_ppk(void **state)
{
	for (int both = 0; both < 2; both++) {
		struct pair p;

		pair_init(&p, IKE_TWO, ESP_PLAIN);
		for (int i = 0; i <= both; i++) {
			struct pair_side *side = i ? &p.b : &p.a;
			struct ike_conn_cfg *cfg = pair_cfg(side, i ? &p.a : &p.b, IKE_TWO, ESP_PLAIN);

			cfg->ppk.id_len = 1;
			cfg->ppk.id[0] = 'k';
			secret_set(&cfg->ppk.secret,
				   bytes_str("a secret of the time after quantum computers"));
			ike_conn_set(side->engine, PAIR_CONN, cfg);
			ike_conn_cfg_unref(cfg);
		}
		pair_initiate(&p, &p.a);
		pair_run(&p);
		pair_assert_up(&p);
		assert_int_equal(pair_info(&p.a).ppk, both);
		assert_int_equal(pair_info(&p.b).ppk, both);
		rekey(&p, &p.b, true);
		pair_settled(&p);
		usable(&p);
		pair_fini(&p);
	}
}

/* Every datagram lost once, in fragments too: the request is repeated, and answered as before though the keys are others by then. */
static void handshake_without(int lost, uint16_t fragmentation, bool *there)
{
	struct pair_datagram d;
	struct pair p;
	int n = 0;

	pair_init(&p, IKE_TWO, ESP_PLAIN);
	for (int i = 0; i < 2; i++) {
		struct pair_side *side = i ? &p.b : &p.a;
		struct ike_conn_cfg *cfg = pair_cfg(side, i ? &p.a : &p.b, IKE_TWO, ESP_PLAIN);

		cfg->fragmentation = fragmentation;
		ike_conn_set(side->engine, PAIR_CONN, cfg);
		ike_conn_cfg_unref(cfg);
	}
	pair_initiate(&p, &p.a);
	for (int round = 0; round < 20; round++) {
		while (pair_take(&p.a, &d))
			if (n++ != lost)
				pair_give(&p, &p.b, &d);
		while (pair_take(&p.b, &d))
			if (n++ != lost)
				pair_give(&p, &p.a, &d);
		pair_sleep(&p, 300 * USEC_PER_MS, false);
	}
	pair_assert_up(&p);
	assert_int_equal(pair_counted(&p.a, IKE_R_INTEGRITY) + pair_counted(&p.b, IKE_R_INTEGRITY), 0);
	*there = n > lost;
	pair_fini(&p);
}

static void test_each_message_lost(void **state)
{
	static const uint16_t fragmentation[] = {1280, 170};

	for (size_t i = 0; i < array_size(fragmentation); i++) {
		bool there = true;

		for (int lost = 0; there; lost++)
			handshake_without(lost, fragmentation[i], &there);
	}
}

/* Everything comes twice, and the old once more at the end. */
static void test_each_message_twice(void **state)
{
	struct pair_datagram all[16];
	unsigned int n = 0;
	struct pair p;
	bool any = true;

	pair_init(&p, IKE_TWO, ESP_PLAIN);
	pair_initiate(&p, &p.a);
	while (any && n < array_size(all)) {
		any = pair_take(&p.a, &all[n]);
		if (any) {
			pair_give(&p, &p.b, &all[n]);
			pair_give(&p, &p.b, &all[n++]);
		}
		while (any && pair_take(&p.b, &all[n]) && n < array_size(all) - 1)
			pair_give(&p, &p.a, &all[n++]);
	}
	pair_run(&p);
	for (unsigned int i = 0; i < n; i++)
		pair_give(&p, pair_header(&all[i]).flags & IKE_FLAG_RESPONSE ? &p.a : &p.b, &all[i]);
	pair_run(&p);
	pair_assert_up(&p);
	assert_int_equal(p.a.ike_up + p.b.ike_up, 2);
	pair_fini(&p);
}

/* The peer has none configured: another proposal is found, or NO_PROPOSAL_CHOSEN with what we insist on. */
static void test_peer_without(void **state)
{
	struct pair p;

	for (int who = 0; who < 2; who++) {
		pair_init(&p, IKE_PLAIN, ESP_PLAIN);
		configure(&p.a, &p.b, IKE_ONE, IKE_PLAIN, ESP_PLAIN);
		pair_initiate(&p, who ? &p.b : &p.a);
		round_trip(&p, who ? &p.b : &p.a, who ? &p.a : &p.b, IKE_EXCHANGE_SA_INIT);
		round_trip(&p, who ? &p.b : &p.a, who ? &p.a : &p.b, IKE_EXCHANGE_AUTH);
		pair_assert_up(&p);
		assert_string_equal(pair_info(&p.a).ike_proposal, IKE_PLAIN);
		pair_fini(&p);

		pair_init(&p, IKE_PLAIN, ESP_PLAIN);
		configure(&p.a, &p.b, IKE_ONE, NULL, ESP_PLAIN);
		pair_initiate(&p, who ? &p.b : &p.a);
		pair_run(&p);
		pair_sleep(&p, 3 * USEC_PER_S, true);
		assert_int_equal(pair_info(&p.a).last_failure,
				 who ? IKE_R_NO_PROPOSAL : IKE_R_PEER_NO_PROPOSAL);
		assert_non_null(strstr(pair_info(&p.a).last_failure_detail, "ke1_ecp256"));
		pair_fini(&p);
	}
}

/* Another number in the place of N(INTERMEDIATE_EXCHANGE_SUPPORTED): 16438 is 0x4036. */
static void mute_intermediate(struct pair_datagram *d)
{
	static const uint8_t notify[] = {0, 8, 0, 0, 0x40, 0x36};

	for (size_t i = IKE_HDR_LEN; i + sizeof(notify) <= d->len; i++)
		if (memcmp(d->data + i, notify, sizeof(notify)) == 0) {
			d->data[i + 4] = 0x7f;
			return;
		}
	fail_msg("no N(INTERMEDIATE_EXCHANGE_SUPPORTED)");
}

/* RFC 9370 2.2.1: without the notify there is nothing to make them with. */
static void test_without_the_notify(void **state)
{
	struct pair_datagram d;
	struct pair p;

	pair_init(&p, IKE_ONE, ESP_PLAIN);
	pair_initiate(&p, &p.a);
	d = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	mute_intermediate(&d);
	pair_give(&p, &p.b, &d);
	assert_int_equal(pair_counted(&p.b, IKE_R_NO_PROPOSAL), 1);
	assert_int_equal(half_open(&p.b), 0);
	pair_fini(&p);

	pair_init(&p, IKE_ONE, ESP_PLAIN);
	pair_initiate(&p, &p.a);
	arrow(&p, &p.a, &p.b, IKE_EXCHANGE_SA_INIT, false);
	d = pair_taken(&p.b, IKE_EXCHANGE_SA_INIT, true);
	mute_intermediate(&d);
	pair_give(&p, &p.a, &d);
	assert_int_equal(pair_counted(&p.a, IKE_R_PEER_CHANGED_PROPOSAL), 1);
	assert_int_equal(p.a.queued, 0);
	pair_fini(&p);
}

/* --- by hand, with the null suite ------------------------------------------------------------------------ */

static void null_transform(struct ike_proposal_cfg *cfg, uint8_t type, uint16_t id)
{
	cfg->transforms[cfg->num++] = (struct ike_transform_cfg){.type = type, .id = id};
}

/* One additional key exchange, with a KEM as large as ML-KEM. */
static void null_pair(struct pair *p, uint16_t fragmentation)
{
	pair_init(p, IKE_PLAIN, ESP_PLAIN);
	crypto_null_enable(true);
	for (int i = 0; i < 2; i++) {
		struct pair_side *side = i ? &p->b : &p->a;
		struct ike_conn_cfg *cfg = pair_cfg(side, i ? &p->a : &p->b, IKE_PLAIN, ESP_PLAIN);

		cfg->ike[0].num = 0;
		null_transform(&cfg->ike[0], IKE_TRANSFORM_ENCR, IKE_ENCR_NULL);
		null_transform(&cfg->ike[0], IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA1);
		null_transform(&cfg->ike[0], IKE_TRANSFORM_KE, CRYPTO_KE_NULL);
		null_transform(&cfg->ike[0], IKE_TRANSFORM_ADDKE1, CRYPTO_KEM_NULL);
		cfg->fragmentation = fragmentation;
		ike_conn_set(side->engine, PAIR_CONN, cfg);
		ike_conn_cfg_unref(cfg);
	}
}

/* HMAC-SHA1 as RFC 2104 has it. */
static void hmac(struct bytes key, struct bytes text, uint8_t out[CRYPTO_SHA1_LEN])
{
	uint8_t inner[64] = {}, outer[64] = {}, digest[CRYPTO_SHA1_LEN];

	if (key.n > 64) {
		crypto_sha1(&key, 1, digest);
		key = BYTES_OF(digest);
	}
	memcpy(inner, key.p, key.n);
	memcpy(outer, key.p, key.n);
	for (int i = 0; i < 64; i++) {
		inner[i] ^= 0x36;
		outer[i] ^= 0x5c;
	}
	crypto_sha1((const struct bytes[]){BYTES_OF(inner), text}, 2, digest);
	crypto_sha1((const struct bytes[]){BYTES_OF(outer), BYTES_OF(digest)}, 2, out);
}

/* What a side sent of one message, its content put together from the fragments; the next payload of the first of them. */
struct heard {
	struct pair_datagram last;
	uint8_t first;
	uint8_t text[4096];
	size_t len;
};

/* Of a datagram with the null suite: 8 bytes of IV, the text, the length of no padding, 16 bytes of ICV. */
static bool hear(struct heard *h, const struct pair_datagram *d)
{
	bool fragment = pair_header(d).next_payload == IKE_PAYLOAD_SKF;
	size_t head = IKE_HDR_LEN + IKE_PAYLOAD_HDR_LEN + (fragment ? 4 : 0) + 8;
	const uint8_t *numbers = d->data + IKE_HDR_LEN + IKE_PAYLOAD_HDR_LEN;

	h->last = *d;
	if (!fragment || numbers[1] == 1)
		h->first = d->data[IKE_HDR_LEN];
	memcpy(h->text + h->len, d->data + head, d->len - head - 17);
	h->len += d->len - head - 17;
	return !fragment || numbers[1] == numbers[3];
}

/* All fragments of the next message go to the other side. */
static void pass(struct pair *p, struct pair_side *from, struct pair_side *to, struct heard *h)
{
	struct pair_datagram d;
	bool whole = false;

	h->len = 0;
	while (!whole) {
		assert_true(pair_take(from, &d));
		whole = hear(h, &d);
		pair_give(p, to, &d);
	}
}

static struct bytes payload(const struct heard *h, uint8_t type)
{
	struct ike_payloads list;
	uint8_t bad;

	assert_int_equal(ike_payloads_walk(h->first, rd_of(bytes_make(h->text, h->len)), &list, &bad),
			 IKE_R_OK);
	assert_non_null(ike_payloads_find(&list, type));
	return rd_rest(&ike_payloads_find(&list, type)->body);
}

static struct bytes init_payload(const struct pair_datagram *d, uint8_t type)
{
	struct ike_msg msg;
	uint8_t bad;

	assert_int_equal(ike_msg_decode(bytes_make(d->data, d->len), &msg, &bad), IKE_R_OK);
	return rd_rest(&ike_payloads_find(&msg.outer, type)->body);
}

/* SK_d, SK_pi, SK_pr of a null suite: no other key has a length. */
struct hand {
	struct bytes ni, nr, spis;
	uint8_t d[CRYPTO_SHA1_LEN], pi[CRYPTO_SHA1_LEN], pr[CRYPTO_SHA1_LEN];
};

static void hand_keys(struct hand *k, const uint8_t seed[CRYPTO_SHA1_LEN])
{
	uint8_t *const out[] = {k->d, k->pi, k->pr};
	uint8_t text[512];

	for (uint8_t i = 0; i < 3; i++) {
		struct wr wr = wr_of(text, sizeof(text));

		if (i)
			wr_bytes(&wr, bytes_make(out[i - 1], CRYPTO_SHA1_LEN));
		wr_bytes(&wr, k->ni);
		wr_bytes(&wr, k->nr);
		wr_bytes(&wr, k->spis);
		wr_u8(&wr, i + 1);
		hmac(bytes_make(seed, CRYPTO_SHA1_LEN), wr_bytes_view(&wr), out[i]);
	}
}

/* Both secrets of the null suite are the exclusive or of the first 32 bytes of the two values. */
static void hand_secret(struct bytes kei, struct bytes ker, uint8_t out[32])
{
	for (int i = 0; i < 32; i++)
		out[i] = kei.p[4 + i] ^ ker.p[4 + i];
}

static void hand_int_auth(struct bytes sk_p, const struct heard *h, uint8_t out[CRYPTO_SHA1_LEN])
{
	uint8_t text[4096];
	struct wr wr = wr_of(text, sizeof(text));

	/* IntAuth_*A: the header with SK as next payload and the adjusted length, the generic header; IntAuth_*P */
	wr_bytes(&wr, bytes_make(h->last.data, 16));
	wr_u8(&wr, IKE_PAYLOAD_SK);
	wr_bytes(&wr, bytes_make(h->last.data + 17, 7));
	wr_u32(&wr, 32 + h->len);
	wr_u8(&wr, h->first);
	wr_u8(&wr, 0);
	wr_u16(&wr, 4 + h->len);
	wr_bytes(&wr, bytes_make(h->text, h->len));
	assert_false(wr.failed);
	hmac(sk_p, wr_bytes_view(&wr), out);
}

static void hand_auth(const struct pair_datagram *message, struct bytes nonce, struct bytes sk_p,
		      struct bytes id, struct bytes int_auth, uint8_t out[CRYPTO_SHA1_LEN])
{
	uint8_t text[4096], maced[CRYPTO_SHA1_LEN], key[CRYPTO_SHA1_LEN];
	struct wr wr = wr_of(text, sizeof(text));

	hmac(sk_p, id, maced);
	hmac(bytes_str("a shared secret"), bytes_str("Key Pad for IKEv2"), key);
	wr_bytes(&wr, bytes_make(message->data, message->len));
	wr_bytes(&wr, nonce);
	wr_bytes(&wr, BYTES_OF(maced));
	wr_bytes(&wr, int_auth);
	hmac(BYTES_OF(key), wr_bytes_view(&wr), out);
}

static void assert_auth(const struct heard *h, const uint8_t want[CRYPTO_SHA1_LEN])
{
	struct bytes auth = payload(h, IKE_PAYLOAD_AUTH);

	assert_int_equal(auth.n, 4 + CRYPTO_SHA1_LEN);
	assert_memory_equal(auth.p + 4, want, CRYPTO_SHA1_LEN);
}

/*
 * Keys and both AUTH values of a handshake with one additional key exchange, from what is on the wire and nothing of ours but SHA-1; the
 * fragments, if any, are put together, as IntAuth is over the whole (RFC 9242 3.3.2).
 */
static void auth_by_hand(uint16_t fragmentation)
{
	struct pair_datagram init_i, init_r;
	struct heard inter_i = {}, inter_r = {}, auth_i = {}, auth_r = {};
	uint8_t nonces[64], shared[32], seed_text[96], seed[CRYPTO_SHA1_LEN], int_auth[44],
		want[CRYPTO_SHA1_LEN];
	struct wr wr = wr_of(nonces, sizeof(nonces));
	struct hand k;
	struct pair p;

	null_pair(&p, fragmentation);
	pair_initiate(&p, &p.a);
	init_i = pair_taken(&p.a, IKE_EXCHANGE_SA_INIT, false);
	pair_give(&p, &p.b, &init_i);
	init_r = pair_taken(&p.b, IKE_EXCHANGE_SA_INIT, true);
	pair_give(&p, &p.a, &init_r);
	pass(&p, &p.a, &p.b, &inter_i);
	assert_int_equal(pair_header(&inter_i.last).next_payload,
			 fragmentation ? IKE_PAYLOAD_SKF : IKE_PAYLOAD_SK);
	pass(&p, &p.b, &p.a, &inter_r);
	pass(&p, &p.a, &p.b, &auth_i);
	pass(&p, &p.b, &p.a, &auth_r);
	pair_assert_up(&p);

	/* SKEYSEED = prf(Ni | Nr, g^ir) */
	k.ni = init_payload(&init_i, IKE_PAYLOAD_NONCE);
	k.nr = init_payload(&init_r, IKE_PAYLOAD_NONCE);
	k.spis = bytes_make(init_r.data, 16);
	wr_bytes(&wr, k.ni);
	wr_bytes(&wr, k.nr);
	hand_secret(init_payload(&init_i, IKE_PAYLOAD_KE), init_payload(&init_r, IKE_PAYLOAD_KE), shared);
	hmac(wr_bytes_view(&wr), BYTES_OF(shared), seed);
	hand_keys(&k, seed);

	/* IntAuth_i1 | IntAuth_r1 | IKE_AUTH_MID, with the keys before the exchange */
	hand_int_auth(BYTES_OF(k.pi), &inter_i, int_auth);
	hand_int_auth(BYTES_OF(k.pr), &inter_r, int_auth + CRYPTO_SHA1_LEN);
	memcpy(int_auth + 40, (const uint8_t[4]){0, 0, 0, 2}, 4);

	/* SKEYSEED(1) = prf(SK_d(0), SK(1) | Ni | Nr) */
	assert_int_equal(payload(&inter_i, IKE_PAYLOAD_KE).n, 4 + 1568);
	assert_int_equal(payload(&inter_r, IKE_PAYLOAD_KE).n, 4 + 1088);
	hand_secret(payload(&inter_i, IKE_PAYLOAD_KE), payload(&inter_r, IKE_PAYLOAD_KE), shared);
	wr = wr_of(seed_text, sizeof(seed_text));
	wr_bytes(&wr, BYTES_OF(shared));
	wr_bytes(&wr, k.ni);
	wr_bytes(&wr, k.nr);
	hmac(BYTES_OF(k.d), wr_bytes_view(&wr), seed);
	hand_keys(&k, seed);

	hand_auth(&init_i, k.nr, BYTES_OF(k.pi), payload(&auth_i, IKE_PAYLOAD_IDI), BYTES_OF(int_auth), want);
	assert_auth(&auth_i, want);
	hand_auth(&init_r, k.ni, BYTES_OF(k.pr), payload(&auth_r, IKE_PAYLOAD_IDR), BYTES_OF(int_auth), want);
	assert_auth(&auth_r, want);
	pair_fini(&p);
}

static void test_auth_by_hand(void **state)
{
	auth_by_hand(0);
}

static void test_auth_by_hand_in_fragments(void **state)
{
	auth_by_hand(600);
}

/* A bit of IKE_INTERMEDIATE changed on the way is found out by AUTH, as the null suite's seal does not. */
static void test_intermediate_is_authenticated(void **state)
{
	for (int response = 0; response < 2; response++) {
		struct pair_datagram d;
		struct pair p;

		null_pair(&p, 0);
		pair_initiate(&p, &p.a);
		round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_SA_INIT);
		d = pair_taken(&p.a, IKE_EXCHANGE_INTERMEDIATE, false);
		if (!response)
			d.data[d.len - 18] ^= 1; /* the end of KEi(1): no part of this KEM's secret */
		pair_give(&p, &p.b, &d);
		d = pair_taken(&p.b, IKE_EXCHANGE_INTERMEDIATE, true);
		if (response)
			d.data[d.len - 18] ^= 1;
		pair_give(&p, &p.a, &d);
		pair_run(&p);
		assert_int_equal(pair_counted(&p.b, IKE_R_AUTH_FAILED), 1);
		assert_int_equal(p.a.ike_up + p.b.ike_up, 0);
		pair_fini(&p);
	}
}

/* IKE_AUTH before its time, and one IKE_INTERMEDIATE too many: neither is opened even. */
static void test_order(void **state)
{
	struct pair_datagram d, early;
	struct pair p;

	null_pair(&p, 0);
	pair_initiate(&p, &p.a);
	round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_SA_INIT);
	d = early = pair_taken(&p.a, IKE_EXCHANGE_INTERMEDIATE, false);
	early.data[18] = IKE_EXCHANGE_AUTH;
	pair_give(&p, &p.b, &early);
	assert_int_equal(pair_counted(&p.b, IKE_R_UNEXPECTED_EXCHANGE), 1);
	pair_give(&p, &p.b, &d);
	arrow(&p, &p.b, &p.a, IKE_EXCHANGE_INTERMEDIATE, true);
	d.data[23] = 2; /* the next message ID */
	pair_give(&p, &p.b, &d);
	assert_int_equal(pair_counted(&p.b, IKE_R_UNEXPECTED_EXCHANGE), 2);
	pair_run(&p);
	pair_assert_up(&p);
	pair_fini(&p);
}

/* A method that was not agreed on, or a value that is none: INVALID_SYNTAX, and it is over. */
static void test_bad_value(void **state)
{
	for (int what = 0; what < 2; what++) {
		struct pair_datagram d;
		struct pair p;
		size_t ke = IKE_HDR_LEN + IKE_PAYLOAD_HDR_LEN + 8;

		null_pair(&p, 0);
		pair_initiate(&p, &p.a);
		round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_SA_INIT);
		d = pair_taken(&p.a, IKE_EXCHANGE_INTERMEDIATE, false);
		if (what)
			d.data[ke + 5] ^= 1; /* the method */
		else
			d.data[ke + 3]--; /* the length: a byte is left over, and the value too short */
		pair_give(&p, &p.b, &d);
		pair_run(&p);
		assert_int_equal(pair_counted(&p.b, what ? IKE_R_BAD_KE : IKE_R_TRUNCATED) +
					 pair_counted(&p.b, IKE_R_TRAILING_BYTES),
				 1);
		pair_sleep(&p, 60 * USEC_PER_S, true);
		assert_int_equal(p.a.ike_down, 1);
		assert_int_equal(half_open(&p.b), 0);
		pair_fini(&p);
	}
}

/* The half-open SA does not live longer for its IKE_INTERMEDIATE. */
static void test_half_open_is_short(void **state)
{
	struct pair p;

	pair_init(&p, IKE_TWO, ESP_PLAIN);
	pair_initiate(&p, &p.a);
	round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_SA_INIT);
	p.now = instant_add(p.now, (LIMIT_HALF_OPEN_S - 1) * USEC_PER_S);
	arrow(&p, &p.a, &p.b, IKE_EXCHANGE_INTERMEDIATE, false);
	assert_int_equal(half_open(&p.b), 1);
	p.now = instant_add(p.now, USEC_PER_S);
	ike_engine_expire(p.b.engine, p.now);
	assert_int_equal(half_open(&p.b), 0);
	pair_fini(&p);
}

/* Closed in the midst of it. */
static void test_terminate_midway(void **state)
{
	struct pair p;

	pair_init(&p, IKE_TWO, ESP_PLAIN);
	pair_initiate(&p, &p.a);
	round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_SA_INIT);
	ike_terminate(p.a.engine, PAIR_CONN, IKE_R_DELETED_BY_US, p.now);
	pair_drain(&p, &p.a);
	pair_run(&p);
	pair_sleep(&p, 60 * USEC_PER_S, true);
	assert_true(instant_is_never(ike_engine_next_expiry(p.a.engine)));
	assert_true(instant_is_never(ike_engine_next_expiry(p.b.engine)));
	pair_fini(&p);
}

static void test_both_initiate(void **state)
{
	for (int seed = 0; seed < 8; seed++) {
		struct pair p;

		pair_init(&p, IKE_TWO, ESP_PLAIN);
		p.a.seed += (uint64_t)seed * 977;
		pair_initiate(&p, &p.a);
		pair_initiate(&p, &p.b);
		pair_run(&p);
		pair_sleep(&p, 60 * USEC_PER_S, true);
		assert_int_equal(pair_info(&p.a).spi_i, pair_info(&p.b).spi_i);
		assert_int_equal(pair_info(&p.a).child_spi_in, pair_info(&p.b).child_spi_out);
		assert_int_equal(p.a.children + p.b.children, 2);
		assert_int_equal(p.a.ike_down + p.b.ike_down, 0);
		usable(&p);
		pair_fini(&p);
	}
}

/* --- IKE_FOLLOWUP_KE ------------------------------------------------------------------------------------- */

static void rekeyed(const char *ike, const char *esp, bool what, unsigned int followups)
{
	for (int who = 0; who < 2; who++) {
		struct pair_side *i, *r;
		uint64_t old_ike;
		uint32_t old_child;
		struct pair p;

		up(&p, ike, esp);
		i = who ? &p.b : &p.a;
		r = who ? &p.a : &p.b;
		old_ike = pair_info(i).spi_i;
		old_child = pair_info(i).child_spi_in;
		rekey(&p, i, what);
		round_trip(&p, i, r, IKE_EXCHANGE_CREATE_CHILD_SA);
		for (unsigned int n = 0; n < followups; n++) {
			assert_int_equal(r->children, 1);
			round_trip(&p, i, r, IKE_EXCHANGE_FOLLOWUP_KE);
		}
		/* HDR, SK {D(old)} --> */
		round_trip(&p, i, r, IKE_EXCHANGE_INFORMATIONAL);
		if (what)
			assert_int_not_equal(pair_info(i).spi_i, old_ike);
		else
			assert_int_not_equal(pair_info(i).child_spi_in, old_child);
		pair_settled(&p);
		if (!what)
			pair_assert_up(&p);
		usable(&p);
		/* and again, by the other one */
		rekey(&p, r, what);
		pair_settled(&p);
		rekey(&p, i, !what);
		pair_settled(&p);
		usable(&p);
		assert_string_equal(pair_info(&p.a).ike_proposal, ike);
		assert_string_equal(pair_info(&p.b).esp_proposal, esp);
		pair_fini(&p);
	}
}

static void test_child(void **state)
{
	rekeyed(IKE_PLAIN, ESP_ONE, false, 1);
	rekeyed(IKE_ONE, ESP_TWO, false, 2);
}

static void test_ike(void **state)
{
	rekeyed(IKE_ONE, ESP_ONE, true, 1);
	rekeyed(IKE_TWO, ESP_TWO, true, 2);
}

/* Only one end has them configured for ESP: PFS that the other one did not ask for. */
static void test_child_on_one_side(void **state)
{
	struct pair p;

	pair_init(&p, IKE_PLAIN, ESP_PLAIN);
	configure(&p.a, &p.b, IKE_PLAIN, NULL, ESP_TWO);
	pair_initiate(&p, &p.a);
	pair_run(&p);
	rekey(&p, &p.a, false);
	pair_settled(&p);
	assert_string_equal(pair_info(&p.b).esp_proposal, ESP_TWO);
	/* and the other one rekeys it as it is */
	rekey(&p, &p.b, false);
	pair_settled(&p);
	assert_string_equal(pair_info(&p.b).esp_proposal, ESP_TWO);
	pair_fini(&p);
}

static void test_cross(void **state)
{
	for (int what = 0; what < 2; what++)
		for (int seed = 0; seed < 16; seed++) {
			struct pair p;

			up(&p, IKE_ONE, ESP_TWO);
			p.a.seed += (uint64_t)seed * 977;
			rekey(&p, &p.a, what);
			rekey(&p, &p.b, what);
			pair_settled(&p);
			usable(&p);
			/* RFC 9370 2.2.4: the one that loses makes nothing. */
			if (!what)
				assert_int_equal(p.a.child_up + p.b.child_up, 2 + 2);
			rekey(&p, &p.a, what);
			pair_settled(&p);
			pair_fini(&p);
		}
}

/* Each prefers another proposal, so that one of the two exchanges has additional ones, and the other has not. */
static void test_unequal_ones_cross(void **state)
{
	for (int what = 0; what < 2; what++)
		for (int seed = 0; seed < 16; seed++) {
			struct pair p;

			pair_init(&p, IKE_PLAIN, ESP_PLAIN);
			configure(&p.a, &p.b, IKE_ONE, IKE_PLAIN,
				  "aes128gcm16-curve25519-ke1_ecp256-ke1_none");
			configure(&p.b, &p.a, IKE_PLAIN, IKE_ONE,
				  "aes128gcm16-curve25519-ke1_none-ke1_ecp256");
			p.a.seed += (uint64_t)seed * 977;
			pair_initiate(&p, &p.a);
			pair_run(&p);
			pair_sleep(&p, 2 * USEC_PER_S, true);
			rekey(&p, &p.a, what);
			rekey(&p, &p.b, what);
			pair_settled(&p);
			usable(&p);
			rekey(&p, &p.b, what);
			pair_settled(&p);
			pair_fini(&p);
		}
}

/* The other's request was lost, and comes when ours is past CREATE_CHILD_SA: TEMPORARY_FAILURE (RFC 9370 2.2.4). */
static void test_cross_late(void **state)
{
	for (int what = 0; what < 2; what++)
		for (int when = 0; when < 3; when++) {
			struct pair_datagram late;
			struct pair p;

			up(&p, IKE_TWO, ESP_TWO);
			rekey(&p, &p.b, what);
			assert_true(pair_take(&p.b, &late));
			rekey(&p, &p.a, what);
			round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_CREATE_CHILD_SA);
			for (int n = 0; n < when; n++)
				round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_FOLLOWUP_KE);
			pair_give(&p, &p.a, &late);
			if (when < 2)
				assert_int_equal(pair_counted(&p.a, IKE_R_TEMPORARY), 1);
			pair_settled(&p);
			usable(&p);
			pair_fini(&p);
		}
}

static void test_ike_crosses_child(void **state)
{
	for (int who = 0; who < 2; who++) {
		uint64_t ike;
		uint32_t child;
		struct pair p;

		up(&p, IKE_TWO, ESP_TWO);
		ike = pair_info(&p.a).spi_i;
		child = pair_info(&p.a).child_spi_in;
		rekey(&p, who ? &p.b : &p.a, true);
		rekey(&p, who ? &p.a : &p.b, false);
		pair_settled(&p);
		assert_int_not_equal(pair_info(&p.a).spi_i, ike);
		assert_int_not_equal(pair_info(&p.a).child_spi_in, child);
		pair_fini(&p);
	}
}

static void test_each_followup_lost(void **state)
{
	for (int what = 0; what < 2; what++)
		for (int lost = 0; lost < 8; lost++) {
			struct pair_datagram d;
			struct pair p;
			int n = 0;

			up(&p, IKE_TWO, ESP_TWO);
			rekey(&p, &p.a, what);
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
			usable(&p);
			assert_true(n > lost);
			pair_fini(&p);
		}
}

/* Nothing comes for too long: the peer has forgotten, says STATE_NOT_FOUND, and a second try does it. */
static void test_forgotten(void **state)
{
	for (int what = 0; what < 2; what++) {
		struct pair p;
		uint64_t ike;
		uint32_t child;

		up(&p, IKE_TWO, ESP_TWO);
		ike = pair_info(&p.a).spi_i;
		child = pair_info(&p.a).child_spi_in;
		rekey(&p, &p.a, what);
		round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_CREATE_CHILD_SA);
		round_trip(&p, &p.a, &p.b, IKE_EXCHANGE_FOLLOWUP_KE);
		p.now = instant_add(p.now, LIMIT_FOLLOWUP_S * USEC_PER_S);
		ike_engine_expire(p.b.engine, p.now);
		pair_run(&p);
		assert_int_equal(pair_counted(&p.b, IKE_R_STATE_NOT_FOUND), 1);
		assert_int_equal(p.a.children + p.b.children, 2);
		pair_settled(&p);
		assert_true(what ? pair_info(&p.a).spi_i != ike : pair_info(&p.a).child_spi_in != child);
		pair_fini(&p);
	}
}

/* The end comes at any point of a rekeying, from either side: nothing is left behind. */
static void test_delete_midway(void **state)
{
	for (int what = 0; what < 4; what++)
		for (int steps = 0; steps < 9; steps++) {
			struct pair_datagram d;
			struct pair p;

			up(&p, IKE_TWO, ESP_TWO);
			rekey(&p, &p.a, what & 1);
			for (int n = 0; n < steps; n++)
				if (pair_take(n & 1 ? &p.b : &p.a, &d))
					pair_give(&p, n & 1 ? &p.a : &p.b, &d);
			ike_terminate((what & 2 ? &p.a : &p.b)->engine, PAIR_CONN, IKE_R_DELETED_BY_US,
				      p.now);
			pair_drain(&p, &p.a);
			pair_drain(&p, &p.b);
			pair_run(&p);
			pair_sleep(&p, 300 * USEC_PER_S, true);
			assert_int_equal(p.a.children + p.b.children, 0);
			assert_int_equal(pair_info(&p.a).phase, IKE_PHASE_NONE);
			assert_int_equal(pair_info(&p.b).phase, IKE_PHASE_NONE);
			assert_true(instant_is_never(ike_engine_next_expiry(p.a.engine)));
			assert_true(instant_is_never(ike_engine_next_expiry(p.b.engine)));
			pair_fini(&p);
		}
}

/* The data plane refuses what the last exchange makes. */
static void test_plane_refuses(void **state)
{
	for (int who = 0; who < 2; who++) {
		struct pair p;

		up(&p, IKE_PLAIN, ESP_TWO);
		(who ? &p.b : &p.a)->refuse_child = ENOMEM;
		rekey(&p, &p.a, false);
		pair_run(&p);
		(who ? &p.b : &p.a)->refuse_child = 0;
		pair_sleep(&p, 300 * USEC_PER_S, true);
		assert_int_equal(p.a.child_down + p.b.child_down, 0);
		assert_int_equal(pair_info(&p.a).child_spi_in, pair_info(&p.b).child_spi_out);
		pair_fini(&p);
	}
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(test_one),
		STORY(test_two),
		STORY(test_six),
		STORY(test_certificates),
		STORY(test_with_ppk),
		STORY(test_each_message_lost),
		STORY(test_each_message_twice),
		STORY(test_peer_without),
		STORY(test_without_the_notify),
		STORY(test_auth_by_hand),
		STORY(test_auth_by_hand_in_fragments),
		STORY(test_intermediate_is_authenticated),
		STORY(test_order),
		STORY(test_bad_value),
		STORY(test_half_open_is_short),
		STORY(test_terminate_midway),
		STORY(test_both_initiate),
		STORY(test_child),
		STORY(test_ike),
		STORY(test_child_on_one_side),
		STORY(test_cross),
		STORY(test_unequal_ones_cross),
		STORY(test_cross_late),
		STORY(test_ike_crosses_child),
		STORY(test_each_followup_lost),
		STORY(test_forgotten),
		STORY(test_delete_midway),
		STORY(test_plane_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
