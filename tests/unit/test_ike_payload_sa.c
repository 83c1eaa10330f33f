// SPDX-License-Identifier: GPL-2.0-or-later
/* SA payload: proposals as peers send them, and every count, marker, number and length that can lie. */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"
#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/exact.h"
#include "tests/helpers/proto_equal.h"

/* clang-format off */
/* The layout of RFC 7296 3.3: ESP with AES-CBC 128/256, SHA2-256 and no ESN, or AES-GCM-16 256 and no ESN. */
static const uint8_t esp[] = {
	/* proposal 1, more follow, 52 bytes, ESP, 4-byte SPI, 4 transforms */
	2, 0, 0, 52, 1, 3, 4, 4, 0x05, 0x23, 0x57, 0xbb,
	3, 0, 0, 12, 1, 0, 0, 12, 0x80, 14, 0, 128,
	3, 0, 0, 12, 1, 0, 0, 12, 0x80, 14, 1, 0,
	3, 0, 0, 8, 3, 0, 0, 12,
	0, 0, 0, 8, 5, 0, 0, 0,
	/* proposal 2, the last, 32 bytes, ESP, 4-byte SPI, 2 transforms */
	0, 0, 0, 32, 2, 3, 4, 2, 0x35, 0xa1, 0xd6, 0xf2,
	3, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 1, 0,
	0, 0, 0, 8, 5, 0, 0, 0,
};
/* clang-format on */

enum {
	AT_LEN = 2,
	AT_NUM = 4,
	AT_PROTO = 5,
	AT_SPI_LEN = 6,
	AT_COUNT = 7,
	AT_TRANSFORM = 12,
	AT_LAST_TRANSFORM = 44,
	AT_SECOND = 52,
};

/* Decodes an exact copy; a refusal must leave *sa alone. */
static enum ike_reason decode(struct bytes body, struct ike_sa_payload *sa)
{
	struct bytes block = exact_copy(body);
	static struct ike_sa_payload untouched, before;
	enum ike_reason reason;

	memset(&untouched, 0xa5, sizeof(untouched));
	memcpy(&before, &untouched, sizeof(before));
	reason = ike_sa_payload_decode(rd_of(block), &untouched);
	if (reason != IKE_R_OK)
		assert_memory_equal(&untouched, &before, sizeof(before));
	else if (sa)
		*sa = untouched;
	exact_free(block);
	return reason;
}

/* The payload above with one byte changed. */
static enum ike_reason decode_with(size_t at, uint8_t value)
{
	uint8_t body[sizeof(esp)];

	memcpy(body, esp, sizeof(esp));
	body[at] = value;
	return decode(BYTES_OF(body), NULL);
}

static void assert_encodes_to(const struct ike_sa_payload *sa, struct bytes want)
{
	static uint8_t buf[LIMIT_IKE_MSG];
	struct wr wr = wr_of(buf, sizeof(buf));

	ike_sa_payload_encode(&wr, sa);
	assert_false(wr.failed);
	assert_true(bytes_equal(wr_bytes_view(&wr), want));
}

static void test_esp_offer(void **state)
{
	static const struct ike_transform first[] = {
		{.type = IKE_TRANSFORM_ENCR, .id = IKE_ENCR_AES_CBC, .key_bits = 128},
		{.type = IKE_TRANSFORM_ENCR, .id = IKE_ENCR_AES_CBC, .key_bits = 256},
		{.type = IKE_TRANSFORM_INTEG, .id = IKE_INTEG_HMAC_SHA2_256_128},
		{.type = IKE_TRANSFORM_ESN, .id = IKE_ESN_NONE},
	};
	struct ike_sa_payload sa;

	assert_int_equal(decode(BYTES_OF(esp), &sa), IKE_R_OK);
	assert_int_equal(sa.n, 2);
	assert_int_equal(sa.proposals[0].num, 1);
	assert_int_equal(sa.proposals[0].proto, IKE_PROTO_ESP);
	assert_int_equal(sa.proposals[0].spi_len, 4);
	assert_true(sa.proposals[0].spi == 0x052357bb);
	assert_int_equal(sa.proposals[0].num_transforms, 4);
	for (unsigned int i = 0; i < 4; i++)
		assert_true(transform_equal(&sa.proposals[0].transforms[i], &first[i]));
	assert_int_equal(sa.proposals[1].num, 2);
	assert_true(sa.proposals[1].spi == 0x35a1d6f2);
	assert_int_equal(sa.proposals[1].num_transforms, 2);
	assert_encodes_to(&sa, BYTES_OF(esp));
}

static void test_ike_rekey_has_an_8_byte_spi(void **state)
{
	struct bytes body =
		BYTES(0, 0, 0, 24, 1, 1, 8, 1, 0xf1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 8, 4, 0, 0, 31);
	struct ike_sa_payload sa;

	assert_int_equal(decode(body, &sa), IKE_R_OK);
	assert_true(sa.proposals[0].spi == UINT64_C(0xf102030405060708));
	assert_encodes_to(&sa, body);
}

/* An answer repeats the number of the proposal it chose. */
static void test_single_proposal_keeps_its_number(void **state)
{
	struct ike_sa_payload sa;

	assert_int_equal(decode(BYTES(0, 0, 0, 16, 7, 1, 0, 1, 0, 0, 0, 8, 4, 0, 0, 31), &sa), IKE_R_OK);
	assert_int_equal(sa.proposals[0].num, 7);
	assert_int_equal(decode(BYTES(0, 0, 0, 16, 0, 1, 0, 1, 0, 0, 0, 8, 4, 0, 0, 31), NULL),
			 IKE_R_BAD_SYNTAX);
}

static void test_truncated_at_every_length(void **state)
{
	for (size_t n = 0; n < sizeof(esp); n++)
		assert_int_not_equal(decode(bytes_make(esp, n), NULL), IKE_R_OK);
	assert_int_equal(decode(bytes_make(esp, 0), NULL), IKE_R_TRUNCATED);
	assert_int_equal(decode(bytes_make(esp, 3), NULL), IKE_R_TRUNCATED);
	assert_int_equal(decode(bytes_make(esp, AT_SECOND - 1), NULL), IKE_R_BAD_LENGTH);
}

static void test_bytes_behind_the_last_proposal(void **state)
{
	uint8_t body[sizeof(esp) + 1] = {};

	memcpy(body, esp, sizeof(esp));
	assert_int_equal(decode(BYTES_OF(body), NULL), IKE_R_BAD_SYNTAX);
}

static void test_proposal_lengths_lie(void **state)
{
	for (unsigned int len = 0; len < UINT8_MAX; len++)
		if (len != esp[AT_LEN + 1])
			assert_int_not_equal(decode_with(AT_LEN + 1, len), IKE_R_OK);
	assert_int_equal(decode_with(AT_LEN + 1, 0), IKE_R_BAD_LENGTH);
	assert_int_equal(decode_with(AT_LEN + 1, 7), IKE_R_BAD_LENGTH);
	assert_int_equal(decode_with(AT_LEN, 0xff), IKE_R_BAD_LENGTH);
	assert_int_equal(decode_with(AT_SECOND + AT_LEN + 1, 33), IKE_R_BAD_LENGTH);
}

static void test_transform_lengths_lie(void **state)
{
	for (unsigned int len = 0; len < UINT8_MAX; len++)
		if (len != esp[AT_TRANSFORM + AT_LEN + 1])
			assert_int_not_equal(decode_with(AT_TRANSFORM + AT_LEN + 1, len), IKE_R_OK);
	assert_int_equal(decode_with(AT_TRANSFORM + AT_LEN + 1, 0), IKE_R_BAD_LENGTH);
	assert_int_equal(decode_with(AT_LAST_TRANSFORM + AT_LEN + 1, 9), IKE_R_BAD_LENGTH);
}

static void test_markers_lie(void **state)
{
	static const size_t places[] = {0, AT_SECOND, AT_TRANSFORM, AT_LAST_TRANSFORM,
					AT_SECOND + AT_TRANSFORM};

	for (size_t i = 0; i < array_size(places); i++)
		for (unsigned int marker = 0; marker <= UINT8_MAX; marker++)
			assert_int_equal(decode_with(places[i], marker),
					 marker == esp[places[i]] ? IKE_R_OK : IKE_R_BAD_SYNTAX);
}

static void test_transform_count_lies(void **state)
{
	for (unsigned int count = 0; count <= UINT8_MAX; count++) {
		enum ike_reason want = count > LIMIT_TRANSFORMS ? IKE_R_TOO_MANY : IKE_R_BAD_SYNTAX;

		assert_int_equal(decode_with(AT_COUNT, count), count == esp[AT_COUNT] ? IKE_R_OK : want);
	}
}

static void test_proposal_numbers_have_no_gaps(void **state)
{
	assert_int_equal(decode_with(AT_NUM, 0), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_with(AT_NUM, 2), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_with(AT_SECOND + AT_NUM, 1), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_with(AT_SECOND + AT_NUM, 3), IKE_R_BAD_SYNTAX);
}

static void test_spi_size_is_the_protocols(void **state)
{
	assert_int_equal(decode_with(AT_PROTO, IKE_PROTO_AH), IKE_R_OK);
	assert_int_equal(decode_with(AT_PROTO, IKE_PROTO_IKE), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_with(AT_SPI_LEN, 0), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_with(AT_SPI_LEN, 8), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_with(AT_SPI_LEN, 255), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode(BYTES(0, 0, 0, 8, 1, 1, 8, 0), NULL), IKE_R_BAD_LENGTH);
}

/* A protocol that we do not know is skipped by ike/, not refused here: the next proposal may suit. */
static void test_unknown_protocol_and_transform_are_kept(void **state)
{
	struct ike_sa_payload sa;

	assert_int_equal(decode(BYTES(0, 0, 0, 16, 1, 99, 0, 1, 0, 0, 0, 8, 241, 0, 0x12, 0x34), &sa),
			 IKE_R_OK);
	assert_int_equal(sa.proposals[0].proto, 99);
	assert_int_equal(sa.proposals[0].transforms[0].type, 241);
	assert_int_equal(sa.proposals[0].transforms[0].id, 0x1234);
}

/* One AES-CBC transform with these attribute bytes. */
static enum ike_reason decode_attributes(struct bytes attributes, struct ike_transform *transform)
{
	uint8_t buf[64];
	struct wr wr = wr_of(buf, sizeof(buf));
	struct ike_sa_payload sa = {};
	enum ike_reason reason;

	wr_bytes(&wr, BYTES(0, 0, 0));
	wr_u8(&wr, 16 + attributes.n);
	wr_bytes(&wr, BYTES(1, 1, 0, 1, 0, 0, 0));
	wr_u8(&wr, 8 + attributes.n);
	wr_bytes(&wr, BYTES(1, 0, 0, 12));
	wr_bytes(&wr, attributes);
	assert_false(wr.failed);
	reason = decode(wr_bytes_view(&wr), &sa);
	*transform = sa.proposals[0].transforms[0];
	return reason;
}

static void test_attributes(void **state)
{
	const struct {
		struct bytes attributes;
		enum ike_reason reason;
		uint16_t key_bits;
		bool unknown;
	} rows[] = {
		{{}, IKE_R_OK, 0, false},
		{BYTES(0x80, 14, 0, 192), IKE_R_OK, 192, false},
		/* another attribute, short and long, alone and beside the key length: RFC 7296 3.3.6 */
		{BYTES(0x80, 15, 0, 1), IKE_R_OK, 0, true},
		{BYTES(0x00, 15, 0, 3, 1, 2, 3), IKE_R_OK, 0, true},
		{BYTES(0x00, 15, 0, 0, 0x80, 14, 0, 128), IKE_R_OK, 128, true},
		{BYTES(0x80, 14, 0, 128, 0x80, 99, 0, 0), IKE_R_OK, 128, true},
		/* a key length that cannot be: in the long form, zero, twice */
		{BYTES(0x00, 14, 0, 2, 0, 128), IKE_R_OK, 0, true},
		{BYTES(0x80, 14, 0, 0), IKE_R_OK, 0, true},
		{BYTES(0x80, 14, 0, 128, 0x80, 14, 1, 0), IKE_R_OK, 128, true},
		/* cut, and a length that lies */
		{BYTES(0x80), IKE_R_TRUNCATED},
		{BYTES(0x80, 14, 0), IKE_R_TRUNCATED},
		{BYTES(0x80, 14, 0, 128, 0), IKE_R_TRUNCATED},
		{BYTES(0x00, 15, 0, 4, 1, 2, 3), IKE_R_BAD_LENGTH},
		{BYTES(0x00, 15, 0xff, 0xff), IKE_R_BAD_LENGTH},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct ike_transform transform;

		assert_int_equal(decode_attributes(rows[i].attributes, &transform), rows[i].reason);
		if (rows[i].reason != IKE_R_OK)
			continue;
		assert_int_equal(transform.key_bits, rows[i].key_bits);
		assert_int_equal(transform.unknown_attribute, rows[i].unknown);
	}
}

static void test_unknown_attribute_cannot_be_written_back(void **state)
{
	struct ike_sa_payload sa = {.n = 1,
				    .proposals[0] = {.num = 1, .proto = IKE_PROTO_IKE, .num_transforms = 1}};
	uint8_t buf[64];
	struct wr wr = wr_of(buf, sizeof(buf));

	sa.proposals[0].transforms[0].unknown_attribute = true;
	ike_sa_payload_encode(&wr, &sa);
	assert_true(wr.failed);
}

/* `n` proposals of `m` transforms each. */
static enum ike_reason decode_many(unsigned int n, unsigned int m)
{
	static uint8_t buf[LIMIT_IKE_MSG];
	struct wr wr = wr_of(buf, sizeof(buf));

	for (unsigned int i = 0; i < n; i++) {
		wr_u8(&wr, i + 1 < n ? 2 : 0);
		wr_zero(&wr, 1);
		wr_u16(&wr, 8 + 8 * m);
		wr_u8(&wr, i + 1);
		wr_u8(&wr, IKE_PROTO_IKE);
		wr_u8(&wr, 0);
		wr_u8(&wr, m);
		for (unsigned int j = 0; j < m; j++)
			wr_bytes(&wr,
				 j + 1 < m ? BYTES(3, 0, 0, 8, 4, 0, 0, 31) : BYTES(0, 0, 0, 8, 4, 0, 0, 31));
	}
	assert_false(wr.failed);
	return decode(wr_bytes_view(&wr), NULL);
}

static void test_limits(void **state)
{
	assert_int_equal(decode_many(LIMIT_PROPOSALS, LIMIT_TRANSFORMS), IKE_R_OK);
	assert_int_equal(decode_many(LIMIT_PROPOSALS + 1, 1), IKE_R_TOO_MANY);
	assert_int_equal(decode_many(1, LIMIT_TRANSFORMS + 1), IKE_R_TOO_MANY);
	assert_int_equal(decode_many(255, 31), IKE_R_TOO_MANY);
	assert_int_equal(decode_many(1, 0), IKE_R_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_esp_offer),
		cmocka_unit_test(test_ike_rekey_has_an_8_byte_spi),
		cmocka_unit_test(test_single_proposal_keeps_its_number),
		cmocka_unit_test(test_truncated_at_every_length),
		cmocka_unit_test(test_bytes_behind_the_last_proposal),
		cmocka_unit_test(test_proposal_lengths_lie),
		cmocka_unit_test(test_transform_lengths_lie),
		cmocka_unit_test(test_markers_lie),
		cmocka_unit_test(test_transform_count_lies),
		cmocka_unit_test(test_proposal_numbers_have_no_gaps),
		cmocka_unit_test(test_spi_size_is_the_protocols),
		cmocka_unit_test(test_unknown_protocol_and_transform_are_kept),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_unknown_attribute_cannot_be_written_back),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
