// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sealing and opening: the answers of RFC 7634, RFC 3602, RFC 4868, SP 800-38A and draft-mcgrew-gcm-test, in both directions;
 * and that a change of any bit of anything is noticed.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"

#include "bgpvpnd/crypto/crypto.h"
#include "tests/helpers/exact.h"
#include "tests/vectors/crypto_box.h"

static int setup(void **state)
{
	return crypto_init();
}

static int teardown(void **state)
{
	crypto_fini();
	return 0;
}

/* A vector on the heap, each part exactly as long as it is, so that a sanitizer sees one byte too many. */
struct packet {
	struct bytes aad, iv, text, tail, icv;
};

static struct packet packet_of(const struct box_vector *v, const char *text)
{
	return (struct packet){
		.aad = exact_copy(hex_bytes(v->aad)),
		.iv = exact_copy(hex_bytes(v->iv)),
		.text = exact_copy(hex_bytes(text)),
		.tail = exact_copy(hex_bytes(v->tail)),
		.icv = exact_copy(hex_bytes(v->icv)),
	};
}

static void packet_free(struct packet *packet)
{
	exact_free(packet->aad);
	exact_free(packet->iv);
	exact_free(packet->text);
	exact_free(packet->tail);
	exact_free(packet->icv);
}

static struct crypto_box_io io_of(const struct packet *packet)
{
	return (struct crypto_box_io){
		.aad = packet->aad,
		.iv = packet->iv.p,
		.text = (uint8_t *)packet->text.p,
		.text_len = packet->text.n,
		.tail = packet->tail,
		.icv = (uint8_t *)packet->icv.p,
	};
}

static struct crypto_box *box_of(const struct box_vector *v, bool sealing)
{
	const struct crypto_encr *encr = crypto_encr_find(v->encr, v->key_bits);
	const struct crypto_integ *integ = crypto_integ_find(v->integ);
	struct secret encr_key = {}, integ_key = {};
	struct crypto_box *box;

	assert_non_null(encr);
	secret_set(&encr_key, hex_bytes(v->key));
	secret_set(&integ_key, hex_bytes(v->integ_key));
	box = crypto_box_new(encr, integ, &encr_key, &integ_key, sealing);
	secret_fini(&encr_key);
	secret_fini(&integ_key);
	assert_non_null(box);
	assert_int_equal(crypto_box_iv_len(box), hex_bytes(v->iv).n);
	assert_int_equal(crypto_box_icv_len(box), hex_bytes(v->icv).n);
	assert_int_equal(crypto_box_block_len(box), encr->aead ? 1 : 16);
	return box;
}

static void check_seal(struct crypto_box *box, const struct box_vector *v)
{
	struct packet packet = packet_of(v, v->plain);
	struct crypto_box_io io = io_of(&packet);

	memset(io.icv, 0xa5, packet.icv.n);
	assert_true(crypto_box_seal(box, &io));
	assert_memory_equal(packet.text.p, hex_bytes(v->cipher).p, packet.text.n);
	assert_memory_equal(packet.icv.p, hex_bytes(v->icv).p, packet.icv.n);
	packet_free(&packet);
}

static void check_open(struct crypto_box *box, const struct box_vector *v)
{
	struct packet packet = packet_of(v, v->cipher);
	struct crypto_box_io io = io_of(&packet);

	assert_true(crypto_box_open(box, &io));
	assert_memory_equal(packet.text.p, hex_bytes(v->plain).p, packet.text.n);
	packet_free(&packet);
}

/* Three times each: the contexts are used again and must not remember. */
static void known_answers(void **state)
{
	for (size_t i = 0; i < array_size(box_vectors); i++) {
		const struct box_vector *v = &box_vectors[i];
		struct crypto_box *seal = box_of(v, true), *open = box_of(v, false);

		for (unsigned int again = 0; again < 3; again++) {
			check_seal(seal, v);
			check_open(open, v);
		}
		crypto_box_free(seal);
		crypto_box_free(open);
	}
}

static void assert_flip_noticed(struct crypto_box *box, const struct box_vector *v, size_t part, size_t bit)
{
	struct packet packet = packet_of(v, v->cipher);
	struct crypto_box_io io = io_of(&packet);
	struct bytes *parts[] = {&packet.aad, &packet.iv, &packet.text, &packet.tail, &packet.icv};
	uint8_t *byte = (uint8_t *)parts[part]->p + bit / 8;

	*byte ^= 1 << bit % 8;
	assert_false(crypto_box_open(box, &io));
	packet_free(&packet);
}

/* Every bit of additional data, IV, text, tail and ICV counts; and the box still opens the true packet. */
static void every_bit_counts(void **state)
{
	for (size_t i = 0; i < array_size(box_vectors); i++) {
		const struct box_vector *v = &box_vectors[i];
		const char *parts[] = {v->aad, v->iv, v->cipher, v->tail, v->icv};
		struct crypto_box *box = box_of(v, false);

		for (size_t part = 0; part < array_size(parts); part++)
			for (size_t bit = 0; bit < 4 * strlen(parts[part]); bit++)
				assert_flip_noticed(box, v, part, bit);
		check_open(box, v);
		crypto_box_free(box);
	}
}

/* A peer that negotiated the algorithm but has another key. */
static void another_key_does_not_open(void **state)
{
	for (size_t i = 0; i < array_size(box_vectors); i++) {
		const struct box_vector *v = &box_vectors[i];
		const struct crypto_encr *encr = crypto_encr_find(v->encr, v->key_bits);
		const struct crypto_integ *integ = crypto_integ_find(v->integ);
		struct packet packet = packet_of(v, v->cipher);
		struct crypto_box_io io = io_of(&packet);
		struct secret encr_key = {}, integ_key = {};
		struct secret *changed = integ ? &integ_key : &encr_key;
		struct crypto_box *box;

		secret_set(&encr_key, hex_bytes(v->key));
		secret_set(&integ_key, hex_bytes(v->integ_key));
		/* of an AEAD, the last byte is one of the salt */
		changed->key[changed->len - 1] ^= 1;
		box = crypto_box_new(encr, integ, &encr_key, &integ_key, false);
		assert_false(crypto_box_open(box, &io));
		crypto_box_free(box);
		secret_fini(&encr_key);
		secret_fini(&integ_key);
		packet_free(&packet);
	}
}

/* What one end seals the other opens, at every length to two blocks and more, and with the ICV right behind the text. */
static void lengths_round_trip(void **state)
{
	uint8_t buffer[8 + 100 + 64], iv[16] = {7};

	for (size_t i = 0; i < array_size(box_vectors); i++) {
		struct crypto_box *seal = box_of(&box_vectors[i], true),
				  *open = box_of(&box_vectors[i], false);

		for (size_t n = 0; n <= 100; n += crypto_box_block_len(seal)) {
			struct crypto_box_io io = {
				.aad = {buffer, 8},
				.iv = iv,
				.text = buffer + 8,
				.text_len = n,
				.icv = buffer + 8 + n,
			};

			iv[0]++;
			memset(buffer, 0x5a, sizeof(buffer));
			assert_true(crypto_box_seal(seal, &io));
			assert_int_equal(buffer[8 + n + crypto_box_icv_len(seal)], 0x5a);
			assert_true(crypto_box_open(open, &io));
			for (size_t at = 0; at < 8 + n; at++)
				assert_int_equal(buffer[at], 0x5a);
		}
		crypto_box_free(seal);
		crypto_box_free(open);
	}
}

/* CBC: a text that is no multiple of the block is refused on both sides, never cut. */
static void half_blocks_are_refused(void **state)
{
	const struct box_vector *v = &box_vectors[array_size(box_vectors) - 1];
	struct crypto_box *seal = box_of(v, true);
	uint8_t text[17] = {}, iv[16] = {}, icv[64];
	struct crypto_box_io io = {.iv = iv, .text = text, .text_len = sizeof(text), .icv = icv};

	assert_int_equal(v->encr, IKE_ENCR_AES_CBC);
	assert_false(crypto_box_seal(seal, &io));
	io.text_len = 15;
	assert_false(crypto_box_seal(seal, &io));
	io.text_len = 16;
	assert_true(crypto_box_seal(seal, &io));
	crypto_box_free(seal);
}

static void assert_no_box(const char *encr, size_t encr_len, const char *integ, size_t integ_len)
{
	struct secret encr_key = {}, integ_key = {};

	secret_alloc(&encr_key, encr_len);
	secret_alloc(&integ_key, integ_len);
	assert_null(crypto_box_new(crypto_encr_named(encr), integ ? crypto_integ_named(integ) : NULL,
				   &encr_key, &integ_key, true));
	secret_fini(&encr_key);
	secret_fini(&integ_key);
}

static void keys_that_do_not_fit_make_no_box(void **state)
{
	assert_no_box("aes128gcm16", 16, NULL, 0); /* salt missing */
	assert_no_box("aes128gcm16", 36, NULL, 0);
	assert_no_box("aes128gcm16", 20, NULL, 32);
	assert_no_box("aes128gcm16", 20, "sha256",
		      32); /* RFC 7296 3.3: an AEAD with integrity is no proposal */
	assert_no_box("aes128", 16, NULL, 0);
	assert_no_box("aes128", 20, "sha256", 32);
	assert_no_box("aes128", 16, "sha256", 31);
	assert_no_box("chacha20poly1305", 0, NULL, 0);
}

static void the_null_box_leaves_the_text(void **state)
{
	uint8_t text[5] = "text", iv[8] = {}, icv[16], zeros[16] = {};
	struct crypto_box_io io = {.iv = iv, .text = text, .text_len = sizeof(text), .icv = icv};
	struct secret none = {};
	struct crypto_box *seal, *open;

	crypto_null_enable(true);
	seal = crypto_box_new(crypto_encr_find(IKE_ENCR_NULL, 0), NULL, &none, &none, true);
	open = crypto_box_new(crypto_encr_find(IKE_ENCR_NULL, 0), NULL, &none, NULL, false);
	crypto_null_enable(false);
	assert_non_null(seal);
	assert_non_null(open);

	assert_int_equal(crypto_box_icv_len(seal), sizeof(icv));
	assert_int_equal(crypto_box_iv_len(seal), sizeof(iv));
	memset(icv, 0xa5, sizeof(icv));
	assert_true(crypto_box_seal(seal, &io));
	assert_memory_equal(icv, zeros, sizeof(icv));
	assert_string_equal((char *)text, "text");
	assert_true(crypto_box_open(open, &io));
	icv[15] = 1;
	assert_false(crypto_box_open(open, &io));
	crypto_box_free(seal);
	crypto_box_free(open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(another_key_does_not_open),
		cmocka_unit_test(lengths_round_trip),
		cmocka_unit_test(half_blocks_are_refused),
		cmocka_unit_test(keys_that_do_not_fit_make_no_box),
		cmocka_unit_test(the_null_box_leaves_the_text),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
