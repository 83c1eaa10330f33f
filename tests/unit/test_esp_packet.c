// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ESP packets: round trips with every suite, the packet of RFC 7634 appendix A, every byte bent, every length
 * cut, and what an authentic peer may put inside that still must not come through.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/esp_ends.h"
#include "tests/helpers/exact.h"
#include "tests/helpers/mem_live.h"
#include "tests/vectors/hex.h"

#define SPI_A 0xa0000001
#define SPI_B 0xb0000002

struct ends {
	struct esp_pair a; /* sends */
	struct esp_pair b; /* receives */
};

static void ends_init(struct ends *ends, const struct esp_suite *suite)
{
	struct child_sa_params a = esp_end_params(suite, SPI_A, SPI_B);
	struct child_sa_params b = esp_end_params(suite, SPI_B, SPI_A);

	assert_int_equal(esp_pair_init(&ends->a, &a, 64), 0);
	assert_int_equal(esp_pair_init(&ends->b, &b, 64), 0);
	child_sa_params_fini(&a);
	child_sa_params_fini(&b);
}

static void ends_fini(struct ends *ends)
{
	esp_pair_fini(&ends->a);
	esp_pair_fini(&ends->b);
}

static struct esp_block seal(struct esp_pair *pair, struct bytes inner)
{
	struct esp_block block = esp_block_new(inner, ESP_HEADROOM, ESP_TAILROOM);
	struct inner_ip ip;

	assert_true(inner_ip_decode(inner, &ip));
	assert_int_equal(esp_seal(pair, &block.seg, &ip), ESP_OK);
	return block;
}

/* On a copy of exactly the packet's size; what came out is compared with `want` when that is not NULL. */
static enum esp_result open_copy(struct esp_pair *pair, struct bytes packet, const struct bytes *want)
{
	struct esp_block block = esp_block_new(packet, 0, 0);
	struct inner_ip ip;
	enum esp_result result = esp_open(pair, &block.seg, &ip);

	if (result == ESP_OK && want)
		assert_true(bytes_equal(esp_seg_view(&block.seg), *want));
	esp_block_free(&block);
	return result;
}

/* RFC 4304: 64-bit numbers of which the low half is sent; every suite, over the edge of 32 bits. */
static void test_extended_numbers(void **state)
{
	uint8_t buf[2000];

	for (size_t i = 0; i < ESP_SUITES; i++) {
		struct child_sa_params a = esp_end_params(&esp_suites[i], SPI_A, SPI_B);
		struct child_sa_params b = esp_end_params(&esp_suites[i], SPI_B, SPI_A);
		struct bytes inner = esp_inner_v4(buf, sizeof(buf), 100);
		struct esp_block early, forged;
		struct ends ends;

		a.esn = b.esn = true;
		assert_int_equal(esp_pair_init(&ends.a, &a, 64), 0);
		assert_int_equal(esp_pair_init(&ends.b, &b, 64), 0);
		ends.a.out.seq = UINT64_C(0x1fffffff0);
		ends.b.in.replay.top = ends.a.out.seq;
		early = seal(&ends.a, inner);
		for (int n = 0; n < 40; n++) {
			struct esp_block block = seal(&ends.a, inner);

			assert_int_equal(open_copy(&ends.b, esp_seg_view(&block.seg), &inner), ESP_OK);
			assert_int_equal(open_copy(&ends.b, esp_seg_view(&block.seg), &inner), ESP_REPLAYED);
			esp_block_free(&block);
		}
		assert_int_equal(ends.b.in.replay.top >> 32, 2);
		/* One from before the edge, late but inside the window. */
		assert_int_equal(open_copy(&ends.b, esp_seg_view(&early.seg), &inner), ESP_OK);
		esp_block_free(&early);
		/* The high half is authenticated though it is not sent. */
		ends.a.out.seq += UINT64_C(1) << 32;
		forged = seal(&ends.a, inner);
		assert_int_equal(open_copy(&ends.b, esp_seg_view(&forged.seg), &inner), ESP_FORGED);
		esp_block_free(&forged);
		child_sa_params_fini(&a);
		child_sa_params_fini(&b);
		ends_fini(&ends);
	}
}

static void test_round_trips(void **state)
{
	uint8_t buf[2000];

	for (size_t i = 0; i < ESP_SUITES; i++) {
		struct ends ends;

		ends_init(&ends, &esp_suites[i]);
		for (size_t n = 0; n < 1500; n += n < 40 ? 1 : 97) {
			struct bytes inner =
				n % 2 ? esp_inner_v4(buf, sizeof(buf), n) : esp_inner_v6(buf, sizeof(buf), n);
			struct esp_block block = seal(&ends.a, inner);
			struct inner_ip ip;

			assert_int_equal(
				(block.seg.n - ESP_HEADER_LEN - ends.a.out.lens.iv - ends.a.out.lens.icv) % 4,
				0);
			assert_int_equal(esp_open(&ends.b, &block.seg, &ip), ESP_OK);
			assert_true(bytes_equal(esp_seg_view(&block.seg), inner));
			assert_int_equal(ip.len, inner.n);
			assert_int_equal(block.seg.headroom, ESP_HEADROOM);
			assert_int_equal(block.seg.tailroom, ESP_TAILROOM);
			esp_block_free(&block);
		}
		ends_fini(&ends);
	}
}

/* What is on the wire: SPI, the sequence number from 1 on, and nothing of the inside. */
static void test_header(void **state)
{
	uint8_t buf[200];
	struct bytes inner = esp_inner_v4(buf, sizeof(buf), 100);
	struct ends ends;

	ends_init(&ends, &esp_suites[0]);
	for (uint32_t seq = 1; seq < 4; seq++) {
		struct esp_block block = seal(&ends.a, inner);
		struct rd rd = rd_of(esp_seg_view(&block.seg));
		uint32_t v;

		assert_true(rd_u32(&rd, &v) && v == SPI_B);
		assert_true(rd_u32(&rd, &v) && v == seq);
		assert_null(memmem(block.seg.p, block.seg.n, inner.p + 12, 8));
		esp_block_free(&block);
	}
	ends_fini(&ends);
}

static void test_replays(void **state)
{
	uint8_t buf[100];
	struct bytes inner = esp_inner_v4(buf, sizeof(buf), 10);
	struct esp_block first, second;
	struct ends ends;

	ends_init(&ends, &esp_suites[2]);
	first = seal(&ends.a, inner);
	second = seal(&ends.a, inner);
	assert_int_equal(open_copy(&ends.b, esp_seg_view(&second.seg), &inner), ESP_OK);
	assert_int_equal(open_copy(&ends.b, esp_seg_view(&first.seg), &inner), ESP_OK);
	assert_int_equal(open_copy(&ends.b, esp_seg_view(&first.seg), NULL), ESP_REPLAYED);
	assert_int_equal(open_copy(&ends.b, esp_seg_view(&second.seg), NULL), ESP_REPLAYED);
	esp_block_free(&first);
	esp_block_free(&second);
	ends_fini(&ends);
}

/*
 * Every bit of every byte; the forged packet must not move the window, so the honest one gets through
 * afterwards.
 */
static void test_bent(void **state)
{
	uint8_t buf[100];
	struct bytes inner = esp_inner_v4(buf, sizeof(buf), 21);

	for (size_t i = 0; i < ESP_SUITES; i++) {
		struct esp_block block;
		struct ends ends;

		ends_init(&ends, &esp_suites[i]);
		block = seal(&ends.a, inner);
		for (size_t bit = 0; bit < block.seg.n * 8; bit++) {
			block.seg.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
			enum esp_result result = open_copy(&ends.b, esp_seg_view(&block.seg), NULL);

			/* sequence number 1 with its lowest bit bent is 0 */
			assert_true(result == ESP_FORGED || (result == ESP_REPLAYED && bit == 7 * 8));
			block.seg.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(open_copy(&ends.b, esp_seg_view(&block.seg), &inner), ESP_OK);
		esp_block_free(&block);
		ends_fini(&ends);
	}
}

static void test_cut_and_longer(void **state)
{
	uint8_t buf[100];
	struct bytes inner = esp_inner_v6(buf, sizeof(buf), 5);

	for (size_t i = 0; i < ESP_SUITES; i++) {
		struct esp_block block;
		struct ends ends;

		ends_init(&ends, &esp_suites[i]);
		block = seal(&ends.a, inner);
		for (size_t n = 0; n < block.seg.n; n++)
			assert_false(esp_result_authenticated(
				open_copy(&ends.b, bytes_make(block.seg.p, n), NULL)));
		/* inside its block: the bytes after the packet are tailroom */
		for (size_t n = block.seg.n + 1; n <= block.seg.n + block.seg.tailroom; n++)
			assert_false(esp_result_authenticated(
				open_copy(&ends.b, bytes_make(block.seg.p, n), NULL)));
		assert_int_equal(open_copy(&ends.b, esp_seg_view(&block.seg), &inner), ESP_OK);
		esp_block_free(&block);
		ends_fini(&ends);
	}
}

static void test_no_room(void **state)
{
	uint8_t buf[100];
	struct bytes inner = esp_inner_v4(buf, sizeof(buf), 10);
	struct inner_ip ip;

	assert_true(inner_ip_decode(inner, &ip));
	for (size_t i = 0; i < ESP_SUITES; i++) {
		struct esp_block full, tight;
		struct ends ends;
		size_t head, tail;

		ends_init(&ends, &esp_suites[i]);
		full = seal(&ends.a, inner);
		head = ESP_HEADROOM - full.seg.headroom;
		tail = ESP_TAILROOM - full.seg.tailroom;
		tight = esp_block_new(inner, head, tail - 1);
		assert_int_equal(esp_seal(&ends.a, &tight.seg, &ip), ESP_NO_ROOM);
		esp_block_free(&tight);
		tight = esp_block_new(inner, head - 1, tail);
		assert_int_equal(esp_seal(&ends.a, &tight.seg, &ip), ESP_NO_ROOM);
		esp_block_free(&tight);
		tight = esp_block_new(inner, head, tail);
		assert_int_equal(esp_seal(&ends.a, &tight.seg, &ip), ESP_OK);
		esp_block_free(&tight);
		esp_block_free(&full);
		ends_fini(&ends);
	}
}

/* RFC 4303 3.3.3: number 2^32 - 1 is the last one. */
static void test_sequence_ends(void **state)
{
	uint8_t buf[100];
	struct bytes inner = esp_inner_v4(buf, sizeof(buf), 10);
	struct esp_block block;
	struct inner_ip ip;
	struct ends ends;

	ends_init(&ends, &esp_suites[0]);
	ends.a.out.seq = ESP_SEQ_MAX - 1;
	block = seal(&ends.a, inner);
	assert_int_equal(open_copy(&ends.b, esp_seg_view(&block.seg), &inner), ESP_OK);
	esp_block_free(&block);
	block = esp_block_new(inner, ESP_HEADROOM, ESP_TAILROOM);
	assert_true(inner_ip_decode(inner, &ip));
	assert_int_equal(esp_seal(&ends.a, &block.seg, &ip), ESP_SEQ_EXHAUSTED);
	esp_block_free(&block);
	ends_fini(&ends);
}

/*
 * --- what an authentic peer may say ----------------------------------------------------------------------

 */

/* A packet of A to B with just this text (payload, padding, pad length, next header). */
static struct esp_block craft(struct esp_pair *a, struct bytes text)
{
	size_t n = ESP_HEADER_LEN + a->out.lens.iv + text.n + a->out.lens.icv;
	struct esp_block block = esp_block_new(bytes_make(NULL, 0), 0, n);
	struct wr wr = wr_of(block.heap, n);
	struct crypto_box_io io = {};

	wr_u32(&wr, a->out.spi);
	wr_u32(&wr, ++a->out.seq);
	io.iv = wr_room(&wr, a->out.lens.iv);
	esp_out_iv(&a->out, (uint8_t *)io.iv);
	io.text = block.heap + wr.len;
	io.text_len = text.n;
	wr_bytes(&wr, text);
	io.icv = wr_room(&wr, a->out.lens.icv);
	io.aad = bytes_make(block.heap, ESP_HEADER_LEN);
	assert_false(wr.failed);
	assert_true(crypto_box_seal(a->out.box, &io));
	block.seg.n = n;
	block.seg.tailroom = 0;
	return block;
}

static enum esp_result crafted_result(struct bytes text)
{
	enum esp_result result;
	struct esp_block block;
	struct ends ends;

	ends_init(&ends, &esp_suites[0]);
	block = craft(&ends.a, text);
	result = open_copy(&ends.b, esp_seg_view(&block.seg), NULL);
	assert_true(esp_result_authenticated(result));
	/* authentic, so it has moved the window whatever is inside */
	assert_int_equal(open_copy(&ends.b, esp_seg_view(&block.seg), NULL), ESP_REPLAYED);
	esp_block_free(&block);
	ends_fini(&ends);
	return result;
}

/* The inner packet, `tfc` bytes of traffic flow confidentiality, then this trailer. */
static enum esp_result trailer_result(struct bytes inner, size_t tfc, struct bytes trailer)
{
	uint8_t text[400];
	struct wr wr = wr_of(text, sizeof(text));

	wr_bytes(&wr, inner);
	wr_zero(&wr, tfc);
	wr_bytes(&wr, trailer);
	assert_false(wr.failed);
	return crafted_result(wr_bytes_view(&wr));
}

static void test_trailers(void **state)
{
	uint8_t buf[100], buf6[100];
	struct bytes v4 = esp_inner_v4(buf, sizeof(buf), 10), v6 = esp_inner_v6(buf6, sizeof(buf6), 10);

	assert_int_equal(trailer_result(v4, 0, BYTES(0, 4)), ESP_OK);
	assert_int_equal(trailer_result(v4, 0, BYTES(1, 2, 3, 3, 4)), ESP_OK);
	assert_int_equal(trailer_result(v6, 0, BYTES(1, 2, 2, 41)), ESP_OK);
	assert_int_equal(trailer_result(v4, 200, BYTES(1, 2, 2, 4)), ESP_OK);

	assert_int_equal(trailer_result(v4, 0, BYTES(1, 3, 2, 4)), ESP_INNER_BAD);
	assert_int_equal(trailer_result(v4, 0, BYTES(0, 0, 2, 4)), ESP_INNER_BAD);
	assert_int_equal(trailer_result(v4, 0, BYTES(0, 41)), ESP_INNER_BAD);
	assert_int_equal(trailer_result(v6, 0, BYTES(0, 4)), ESP_INNER_BAD);
	assert_int_equal(trailer_result(v4, 0, BYTES(0, 6)), ESP_INNER_BAD);
	assert_int_equal(trailer_result(v4, 0, BYTES(255, 4)), ESP_INNER_BAD);
	assert_int_equal(trailer_result(bytes_make(v4.p, v4.n - 1), 0, BYTES(0, 4)), ESP_INNER_BAD);
	assert_int_equal(trailer_result(BYTES(), 0, BYTES(0, 4)), ESP_INNER_BAD);
	assert_int_equal(trailer_result(BYTES(), 0, BYTES(1, 4)), ESP_INNER_BAD);
	assert_int_equal(trailer_result(BYTES(), 0, BYTES(0, 59)), ESP_DUMMY);
	assert_int_equal(trailer_result(BYTES(), 100, BYTES(1, 2, 2, 59)), ESP_DUMMY);
}

/* The TFC padding is not delivered. */
static void test_tfc_is_cut(void **state)
{
	uint8_t buf[100], text[200];
	struct bytes inner = esp_inner_v4(buf, sizeof(buf), 10);
	struct wr wr = wr_of(text, sizeof(text));
	struct esp_block block;
	struct ends ends;

	ends_init(&ends, &esp_suites[0]);
	wr_bytes(&wr, inner);
	wr_zero(&wr, 50);
	wr_u16(&wr, 4);
	block = craft(&ends.a, wr_bytes_view(&wr));
	assert_int_equal(open_copy(&ends.b, esp_seg_view(&block.seg), &inner), ESP_OK);
	esp_block_free(&block);
	ends_fini(&ends);
}

static void ts_v4(struct ts_list *list, const char *start, const char *end)
{
	*list = (struct ts_list){.n = 1};
	list->ts[0].port_end = UINT16_MAX;
	assert_int_equal(str2ipaddr(start, &list->ts[0].start), 0);
	assert_int_equal(str2ipaddr(end, &list->ts[0].end), 0);
}

/* Both ends keep to the selectors: the sender does not send, and the receiver does not deliver. */
static void test_selectors(void **state)
{
	struct child_sa_params a = esp_end_params(&esp_suites[0], SPI_A, SPI_B);
	uint8_t buf[100];
	struct bytes inner = esp_inner_v4(buf, sizeof(buf), 10);
	struct ends any;
	struct esp_pair strict;
	struct esp_block block;
	struct inner_ip ip;

	ends_init(&any, &esp_suites[0]);
	ts_v4(&a.ts_local, "192.0.2.0", "192.0.2.255");
	ts_v4(&a.ts_remote, "10.0.0.0", "10.255.255.255");
	assert_int_equal(esp_pair_init(&strict, &a, 64), 0);

	block = esp_block_new(inner, ESP_HEADROOM, ESP_TAILROOM);
	assert_true(inner_ip_decode(inner, &ip));
	assert_int_equal(esp_seal(&strict, &block.seg, &ip), ESP_SELECTORS);
	assert_true(bytes_equal(esp_seg_view(&block.seg), inner));
	esp_block_free(&block);

	block = seal(&any.b, inner);
	assert_int_equal(open_copy(&strict, esp_seg_view(&block.seg), NULL), ESP_SELECTORS);
	esp_block_free(&block);

	esp_pair_fini(&strict);
	child_sa_params_fini(&a);
	ends_fini(&any);
}

/* RFC 7634 appendix A, the whole packet. */
static void test_rfc7634(void **state)
{
	static const struct esp_suite suite = {IKE_ENCR_CHACHA20_POLY1305, 0, IKE_INTEG_NONE};
	struct bytes packet = hex_bytes(
		"0102030400000005101112131415161724039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6"
		"14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da"
		"9165b82829f641e076aaa8266b7fb0f7b11b369907e1ad43");
	struct bytes inner = hex_bytes(
		"45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f10111213"
		"1415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637");
	struct child_sa_params params = esp_end_params(&suite, 0x01020304, SPI_B);
	struct esp_pair pair;

	secret_set(&params.in.encr_key,
		   hex_bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3"));
	assert_int_equal(esp_pair_init(&pair, &params, 64), 0);
	assert_int_equal(open_copy(&pair, packet, &inner), ESP_OK);
	assert_int_equal(pair.in.replay.top, 5);
	esp_pair_fini(&pair);
	child_sa_params_fini(&params);
}

static size_t live;

static int setup(void **state)
{
	live = mem_live();
	return crypto_init();
}

static int teardown(void **state)
{
	crypto_fini();
	return mem_live() == live ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips), cmocka_unit_test(test_extended_numbers),
		cmocka_unit_test(test_header),	    cmocka_unit_test(test_replays),
		cmocka_unit_test(test_bent),	    cmocka_unit_test(test_cut_and_longer),
		cmocka_unit_test(test_no_room),	    cmocka_unit_test(test_sequence_ends),
		cmocka_unit_test(test_trailers),    cmocka_unit_test(test_tfc_is_cut),
		cmocka_unit_test(test_selectors),   cmocka_unit_test(test_rfc7634),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
