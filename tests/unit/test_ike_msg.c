// SPDX-License-Identifier: GPL-2.0-or-later
/* Header, chain and the builder of both: a whole IKE_SA_INIT request, then all that can lie in it. */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"
#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/exact.h"

/* clang-format off */
/* HDR, SAi1, KEi, Ni, N(IKEV2_FRAGMENTATION_SUPPORTED): AES-GCM-16 256, PRF SHA-384, Curve25519. */
static const uint8_t sa_init[] = {
	/* header: SPIi, SPIr, next SA, 2.0, IKE_SA_INIT, initiator, message ID 0, 156 bytes */
	0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0,
	33, 0x20, 34, 0x08, 0, 0, 0, 0, 0, 0, 0, 156,
	/* SA, next KE, 40 bytes: one proposal of 36, number 1, IKE, no SPI, 3 transforms */
	34, 0, 0, 40,
	0, 0, 0, 36, 1, 1, 0, 3,
	3, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 1, 0,
	3, 0, 0, 8, 2, 0, 0, 6,
	0, 0, 0, 8, 4, 0, 0, 31,
	/* KE, next Nonce, 40 bytes: method 31 */
	40, 0, 0, 40, 0, 31, 0, 0,
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
	17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
	/* Nonce, next N, 40 bytes */
	41, 0, 0, 40,
	0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
	0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf,
	0xc0, 0xc1, 0xc2, 0xc3,
	/* N, the last, 8 bytes: no SPI, 16430 */
	0, 0, 0, 8, 0, 0, 0x40, 0x2e,
};
/* clang-format on */

enum { AT_NEXT = 16, AT_VERSION = 17, AT_FLAGS = 19, AT_LENGTH = 24, AT_SA = 28, AT_NOTIFY = 148 };

/* A copy that a test may damage; its header tells the truth about its length unless the test changes that. */
struct draft {
	uint8_t bytes[LIMIT_IKE_MSG + 64];
	size_t n;
};

static struct draft draft;

static void draft_init(void)
{
	memcpy(draft.bytes, sa_init, sizeof(sa_init));
	draft.n = sizeof(sa_init);
}

static void draft_length(uint32_t len)
{
	struct wr wr = wr_of(draft.bytes + AT_LENGTH, 4);

	wr_u32(&wr, len);
}

/* Decodes the draft; `msg` and `bad_type` may be NULL. */
static enum ike_reason draft_decode(struct ike_msg *msg, uint8_t *bad_type)
{
	static struct bytes block;
	struct ike_msg unused;
	uint8_t unused_type;

	exact_free(block);
	block = exact_copy(bytes_make(draft.bytes, draft.n));
	return ike_msg_decode(block, msg ? msg : &unused, bad_type ? bad_type : &unused_type);
}

static void test_sa_init_decodes(void **state)
{
	static const uint8_t types[] = {IKE_PAYLOAD_SA, IKE_PAYLOAD_KE, IKE_PAYLOAD_NONCE,
					IKE_PAYLOAD_NOTIFY};
	static const size_t sizes[] = {36, 36, 36, 4};
	struct ike_msg msg;

	draft_init();
	assert_int_equal(draft_decode(&msg, NULL), IKE_R_OK);
	assert_true(msg.hdr.spi_i == UINT64_C(0x1032547698badcfe));
	assert_true(msg.hdr.spi_r == 0);
	assert_int_equal(msg.hdr.next_payload, IKE_PAYLOAD_SA);
	assert_int_equal(msg.hdr.version, IKE_VERSION);
	assert_int_equal(msg.hdr.exchange, IKE_EXCHANGE_SA_INIT);
	assert_int_equal(msg.hdr.flags, IKE_FLAG_INITIATOR);
	assert_int_equal(msg.hdr.message_id, 0);
	assert_int_equal(msg.hdr.length, sizeof(sa_init));
	assert_int_equal(msg.datagram.n, sizeof(sa_init));
	assert_int_equal(msg.outer.n, 4);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(msg.outer.list[i].type, types[i]);
		assert_int_equal(rd_left(&msg.outer.list[i].body), sizes[i]);
		assert_false(msg.outer.list[i].critical);
	}
}

static void test_truncated_at_every_length(void **state)
{
	draft_init();
	for (size_t n = 0; n < sizeof(sa_init); n++) {
		draft.n = n;
		assert_int_equal(draft_decode(NULL, NULL),
				 n < IKE_HDR_LEN ? IKE_R_TRUNCATED : IKE_R_BAD_LENGTH);
	}
}

/* The same, with a header that tells of the shorter length: now the chain itself is cut. */
static void test_chain_cut_at_every_length(void **state)
{
	draft_init();
	for (size_t n = IKE_HDR_LEN; n < sizeof(sa_init); n++) {
		enum ike_reason reason;

		draft.n = n;
		draft_length(n);
		reason = draft_decode(NULL, NULL);
		assert_true(reason == IKE_R_TRUNCATED || reason == IKE_R_BAD_LENGTH);
	}
}

static void test_length_of_the_header_lies(void **state)
{
	static const uint32_t lies[] = {0, IKE_HDR_LEN - 1, sizeof(sa_init) - 1, sizeof(sa_init) + 1,
					UINT32_MAX};

	draft_init();
	for (size_t i = 0; i < array_size(lies); i++) {
		draft_length(lies[i]);
		assert_int_equal(draft_decode(NULL, NULL), IKE_R_BAD_LENGTH);
	}
}

static void test_longer_than_udp_can_carry(void **state)
{
	memset(&draft, 0, sizeof(draft));
	draft_init();
	draft.n = LIMIT_IKE_MSG + 1;
	draft_length(draft.n);
	assert_int_equal(draft_decode(NULL, NULL), IKE_R_BAD_LENGTH);
}

static void test_payload_lengths_lie(void **state)
{
	for (unsigned int len = 0; len < IKE_PAYLOAD_HDR_LEN; len++) {
		draft_init();
		draft.bytes[AT_SA + 3] = len;
		assert_int_equal(draft_decode(NULL, NULL), IKE_R_BAD_LENGTH);
	}
	draft_init();
	draft.bytes[AT_SA + 2] = 0xff;
	assert_int_equal(draft_decode(NULL, NULL), IKE_R_BAD_LENGTH);
	draft_init();
	draft.bytes[AT_NOTIFY + 3]++;
	assert_int_equal(draft_decode(NULL, NULL), IKE_R_BAD_LENGTH);
	draft_init();
	draft.bytes[AT_NOTIFY + 3]--;
	assert_int_equal(draft_decode(NULL, NULL), IKE_R_TRAILING_BYTES);
}

static void test_bytes_behind_the_last_payload(void **state)
{
	draft_init();
	draft.bytes[draft.n++] = 0;
	draft_length(draft.n);
	assert_int_equal(draft_decode(NULL, NULL), IKE_R_TRAILING_BYTES);
	draft_init();
	draft.bytes[AT_NEXT] = IKE_PAYLOAD_NONE;
	assert_int_equal(draft_decode(NULL, NULL), IKE_R_TRAILING_BYTES);
}

/* RFC 7296 2.5: only the major version counts, and the refused header is needed for the answer. */
static void test_versions(void **state)
{
	struct ike_msg msg = {};

	for (unsigned int version = 0; version <= UINT8_MAX; version++) {
		draft_init();
		draft.bytes[AT_VERSION] = version;
		assert_int_equal(draft_decode(&msg, NULL), version >> 4 == 2 ? IKE_R_OK : IKE_R_BAD_VERSION);
		assert_int_equal(msg.hdr.version, version);
		assert_int_equal(msg.hdr.exchange, IKE_EXCHANGE_SA_INIT);
	}
}

/* A header of another version may count its length otherwise: the version is judged first. */
static void test_bad_version_comes_before_bad_length(void **state)
{
	draft_init();
	draft.bytes[AT_VERSION] = 0x30;
	draft_length(1);
	assert_int_equal(draft_decode(NULL, NULL), IKE_R_BAD_VERSION);
}

static void test_reserved_bits_are_ignored(void **state)
{
	struct ike_msg msg;

	draft_init();
	draft.bytes[AT_FLAGS] = 0xff;
	draft.bytes[AT_SA + 1] = 0x7f;
	assert_int_equal(draft_decode(&msg, NULL), IKE_R_OK);
	assert_false(msg.outer.list[0].critical);
}

/* Turns the notify into a payload of this type, by the next-payload byte before it. */
static void last_payload_becomes(uint8_t type, bool critical)
{
	draft_init();
	draft.bytes[108] = type;
	draft.bytes[AT_NOTIFY + 1] = critical ? 0x80 : 0;
}

static void test_critical_bit(void **state)
{
	static const uint8_t known[] = {33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 53};

	for (unsigned int type = 1; type <= UINT8_MAX; type++) {
		bool is_known = memchr(known, type, sizeof(known));
		struct ike_msg msg;
		uint8_t bad_type = 0;

		last_payload_becomes(type, true);
		assert_int_equal(draft_decode(&msg, &bad_type), is_known ? IKE_R_OK : IKE_R_CRITICAL_UNKNOWN);
		assert_int_equal(bad_type, is_known ? 0 : type);
		last_payload_becomes(type, false);
		assert_int_equal(draft_decode(&msg, &bad_type), IKE_R_OK);
		assert_int_equal(msg.outer.n, 4);
		assert_int_equal(msg.outer.list[3].type, type);
	}
}

static void test_refused_chain_leaves_the_header_only(void **state)
{
	struct ike_msg msg = {.outer.n = 77};

	last_payload_becomes(200, true);
	assert_int_equal(draft_decode(&msg, NULL), IKE_R_CRITICAL_UNKNOWN);
	assert_int_equal(msg.hdr.exchange, IKE_EXCHANGE_SA_INIT);
	assert_int_equal(msg.outer.n, 77);
	assert_null(msg.datagram.p);
}

static void test_empty_message(void **state)
{
	struct ike_msg msg;

	draft_init();
	draft.n = IKE_HDR_LEN;
	draft_length(IKE_HDR_LEN);
	draft.bytes[AT_NEXT] = IKE_PAYLOAD_NONE;
	assert_int_equal(draft_decode(&msg, NULL), IKE_R_OK);
	assert_int_equal(msg.outer.n, 0);
	assert_null(ike_payloads_find(&msg.outer, IKE_PAYLOAD_SA));
}

/* RFC 7296 3.14: the next-payload of SK speaks of the inside; behind SK there is nothing. */
static void test_sk_ends_the_chain(void **state)
{
	static const uint8_t types[] = {IKE_PAYLOAD_SK, IKE_PAYLOAD_SKF};

	for (size_t i = 0; i < array_size(types); i++) {
		struct rd rd = rd_of(BYTES(IKE_PAYLOAD_IDI, 0, 0, 6, 1, 2));
		struct rd more = rd_of(BYTES(IKE_PAYLOAD_IDI, 0, 0, 6, 1, 2, 0, 0, 0, 4));
		struct ike_payloads list;
		uint8_t bad_type;

		assert_int_equal(ike_payloads_walk(types[i], rd, &list, &bad_type), IKE_R_OK);
		assert_int_equal(list.n, 1);
		assert_int_equal(list.list[0].next_type, IKE_PAYLOAD_IDI);
		assert_int_equal(ike_payloads_walk(types[i], more, &list, &bad_type), IKE_R_TRAILING_BYTES);
	}
}

/* A chain of `n` empty notifies (their bodies are not looked at here). */
static enum ike_reason walk_repeated(unsigned int n, struct ike_payloads *list)
{
	uint8_t buf[4 * (LIMIT_PAYLOADS + 1)], bad_type;
	struct wr wr = wr_of(buf, sizeof(buf));
	struct ike_build build;
	struct bytes block;
	enum ike_reason reason;

	ike_build_chain(&build, &wr);
	for (unsigned int i = 0; i < n; i++)
		ike_build_payload(&build, IKE_PAYLOAD_NOTIFY, false);
	ike_build_end(&build);
	block = exact_copy(wr_bytes_view(&wr));
	reason = ike_payloads_walk(build.first, rd_of(block), list, &bad_type);
	exact_free(block);
	return reason;
}

static void test_repeated_payloads_are_kept_up_to_the_limit(void **state)
{
	struct ike_payloads list;

	assert_int_equal(walk_repeated(0, &list), IKE_R_OK);
	assert_int_equal(list.n, 0);
	assert_int_equal(walk_repeated(LIMIT_PAYLOADS, &list), IKE_R_OK);
	assert_int_equal(list.n, LIMIT_PAYLOADS);
	assert_null(ike_payloads_find(&list, IKE_PAYLOAD_SA));
	assert_ptr_equal(ike_payloads_find(&list, IKE_PAYLOAD_NOTIFY), &list.list[0]);
	assert_int_equal(walk_repeated(LIMIT_PAYLOADS + 1, &list), IKE_R_TOO_MANY);
	assert_int_equal(list.n, LIMIT_PAYLOADS);
}

static void test_build_rebuilds_sa_init(void **state)
{
	uint8_t buf[sizeof(sa_init)];
	struct wr wr = wr_of(buf, sizeof(buf));
	struct ike_build build;
	struct ike_msg msg;

	draft_init();
	assert_int_equal(draft_decode(&msg, NULL), IKE_R_OK);
	msg.hdr.length = 0;
	msg.hdr.next_payload = 0;
	ike_build_start(&build, &wr, &msg.hdr);
	for (unsigned int i = 0; i < msg.outer.n; i++) {
		ike_build_payload(&build, msg.outer.list[i].type, msg.outer.list[i].critical);
		wr_bytes(&wr, rd_rest(&msg.outer.list[i].body));
	}
	ike_build_end(&build);
	assert_false(wr.failed);
	assert_true(bytes_equal(wr_bytes_view(&wr), BYTES_OF(sa_init)));
}

static void test_build_of_nothing_is_a_header(void **state)
{
	struct ike_hdr hdr = {.spi_i = 1, .version = IKE_VERSION, .exchange = IKE_EXCHANGE_INFORMATIONAL},
		       back;
	uint8_t buf[IKE_HDR_LEN];
	struct wr wr = wr_of(buf, sizeof(buf));
	struct ike_build build;

	ike_build_start(&build, &wr, &hdr);
	ike_build_end(&build);
	assert_false(wr.failed);
	assert_int_equal(ike_hdr_decode(wr_bytes_view(&wr), &back), IKE_R_OK);
	assert_int_equal(back.length, IKE_HDR_LEN);
	assert_int_equal(back.next_payload, IKE_PAYLOAD_NONE);
}

static void test_build_behind_other_bytes(void **state)
{
	struct ike_hdr hdr = {.version = IKE_VERSION};
	uint8_t buf[4 + IKE_HDR_LEN + 5] = {};
	struct wr wr = wr_of(buf, sizeof(buf));
	struct ike_build build;
	struct ike_msg msg;
	uint8_t bad_type;

	wr_zero(&wr, 4); /* the non-ESP marker, RFC 3948 2.2 */
	ike_build_start(&build, &wr, &hdr);
	ike_build_payload(&build, 77, true);
	wr_u8(&wr, 9);
	ike_build_end(&build);
	assert_false(wr.failed);
	assert_int_equal(ike_msg_decode(bytes_make(buf + 4, sizeof(buf) - 4), &msg, &bad_type),
			 IKE_R_CRITICAL_UNKNOWN);
	assert_int_equal(bad_type, 77);
}

static void test_build_in_a_small_buffer_fails_at_every_size(void **state)
{
	for (size_t cap = 0; cap < sizeof(sa_init); cap++) {
		struct ike_hdr hdr = {.version = IKE_VERSION};
		uint8_t *buf = malloc(cap);
		struct wr wr = wr_of(buf, cap);
		struct ike_build build;

		ike_build_start(&build, &wr, &hdr);
		ike_build_payload(&build, IKE_PAYLOAD_NONCE, false);
		wr_zero(&wr, 60);
		ike_build_payload(&build, IKE_PAYLOAD_NONCE, false);
		wr_zero(&wr, 60);
		ike_build_end(&build);
		assert_true(wr.failed);
		free(buf);
	}
}

static void test_build_refuses_a_payload_over_64k(void **state)
{
	static uint8_t buf[UINT16_MAX + 64];
	struct wr wr = wr_of(buf, sizeof(buf));
	struct ike_build build;

	ike_build_chain(&build, &wr);
	ike_build_payload(&build, IKE_PAYLOAD_VENDOR, false);
	wr_zero(&wr, UINT16_MAX - IKE_PAYLOAD_HDR_LEN + 1);
	ike_build_end(&build);
	assert_true(wr.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sa_init_decodes),
		cmocka_unit_test(test_truncated_at_every_length),
		cmocka_unit_test(test_chain_cut_at_every_length),
		cmocka_unit_test(test_length_of_the_header_lies),
		cmocka_unit_test(test_longer_than_udp_can_carry),
		cmocka_unit_test(test_payload_lengths_lie),
		cmocka_unit_test(test_bytes_behind_the_last_payload),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_bad_version_comes_before_bad_length),
		cmocka_unit_test(test_reserved_bits_are_ignored),
		cmocka_unit_test(test_critical_bit),
		cmocka_unit_test(test_refused_chain_leaves_the_header_only),
		cmocka_unit_test(test_empty_message),
		cmocka_unit_test(test_sk_ends_the_chain),
		cmocka_unit_test(test_repeated_payloads_are_kept_up_to_the_limit),
		cmocka_unit_test(test_build_rebuilds_sa_init),
		cmocka_unit_test(test_build_of_nothing_is_a_header),
		cmocka_unit_test(test_build_behind_other_bytes),
		cmocka_unit_test(test_build_in_a_small_buffer_fails_at_every_size),
		cmocka_unit_test(test_build_refuses_a_payload_over_64k),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
