// SPDX-License-Identifier: GPL-2.0-or-later
/* KE, Nonce, ID, AUTH, Notify, Delete, TS, SK: the pictures of RFC 7296 3, and what can lie in them. */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"
#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/exact.h"

/*
 * decode_KIND(bytes, out): decodes an exact copy and asserts that a refusal left the result untouched. What
 * *out borrows from the copy stays alive until the next call.
 */
static struct bytes block;

#define DECODE_EXACT(kind, type, decoder)                                                                    \
	static enum ike_reason decode_##kind(struct bytes body, type *out)                                   \
	{                                                                                                    \
		type result, before;                                                                         \
		enum ike_reason reason;                                                                      \
                                                                                                             \
		memset(&result, 0xa5, sizeof(result));                                                       \
		memcpy(&before, &result, sizeof(before));                                                    \
		exact_free(block);                                                                           \
		block = exact_copy(body);                                                                    \
		reason = decoder(rd_of(block), &result);                                                     \
		if (reason != IKE_R_OK)                                                                      \
			assert_memory_equal(&result, &before, sizeof(before));                               \
		else if (out)                                                                                \
			*out = result;                                                                       \
		return reason;                                                                               \
	}

DECODE_EXACT(ke, struct ike_ke, ike_ke_decode)
DECODE_EXACT(nonce, struct bytes, ike_nonce_decode)
DECODE_EXACT(id, struct ike_id, ike_id_decode)
DECODE_EXACT(auth, struct ike_auth, ike_auth_decode)
DECODE_EXACT(auth_sig, struct ike_auth_sig, ike_auth_sig_decode)
DECODE_EXACT(cert, struct ike_cert, ike_cert_decode)
DECODE_EXACT(certreq, struct ike_certreq, ike_certreq_decode)
DECODE_EXACT(notify, struct ike_notify, ike_notify_decode)
DECODE_EXACT(delete, struct ike_delete, ike_delete_decode)
DECODE_EXACT(ts, struct ts_list, ike_ts_decode)

static uint8_t out_buf[4096];
static struct wr out;

static struct wr *out_start(void)
{
	out = wr_of(out_buf, sizeof(out_buf));
	return &out;
}

static void assert_out(struct bytes want)
{
	assert_false(out.failed);
	assert_true(bytes_equal(wr_bytes_view(&out), want));
}

/* RFC 7296 3.4 */
static void test_ke(void **state)
{
	struct bytes body = BYTES(0, 20, 0, 0, 1, 2, 3, 4, 5);
	struct ike_ke ke;

	assert_int_equal(decode_ke(body, &ke), IKE_R_OK);
	assert_int_equal(ke.method, IKE_KE_ECP_384);
	assert_true(bytes_equal(ke.value, BYTES(1, 2, 3, 4, 5)));
	ike_ke_encode(out_start(), &ke);
	assert_out(body);
	for (size_t n = 0; n < 4; n++)
		assert_int_equal(decode_ke(bytes_make(body.p, n), NULL), IKE_R_TRUNCATED);
	assert_int_equal(decode_ke(bytes_make(body.p, 4), &ke), IKE_R_OK);
	assert_int_equal(ke.value.n, 0);
	assert_int_equal(decode_ke(BYTES(0, 20, 0xff, 0xff, 7), &ke), IKE_R_OK);
}

/* RFC 7296 3.9: 16 to 256 bytes */
static void test_nonce(void **state)
{
	static const uint8_t bytes[300] = {1, 2, 3};
	struct bytes nonce;

	for (size_t n = 0; n <= sizeof(bytes); n++)
		assert_int_equal(decode_nonce(bytes_make(bytes, n), NULL),
				 n >= 16 && n <= 256 ? IKE_R_OK : IKE_R_BAD_NONCE);
	assert_int_equal(decode_nonce(bytes_make(bytes, 32), &nonce), IKE_R_OK);
	assert_true(bytes_equal(nonce, bytes_make(bytes, 32)));
	ike_nonce_encode(out_start(), nonce);
	assert_out(bytes_make(bytes, 32));
}

/* RFC 7296 3.5, and 2.15: the AUTH calculation takes the body as it came, reserved bytes and all. */
static void test_id(void **state)
{
	struct bytes body = BYTES(2, 0, 0, 0, 'a', '.', 'e', 'x');
	struct bytes odd = BYTES(2, 7, 8, 9, 'a');
	struct ike_id id;

	assert_int_equal(decode_id(body, &id), IKE_R_OK);
	assert_int_equal(id.type, IKE_ID_FQDN);
	assert_true(bytes_equal(id.value, bytes_str("a.ex")));
	assert_true(bytes_equal(id.raw, body));
	ike_id_encode(out_start(), &id);
	assert_out(body);
	assert_int_equal(decode_id(odd, &id), IKE_R_OK);
	assert_true(bytes_equal(id.raw, odd));
	for (size_t n = 0; n < 4; n++)
		assert_int_equal(decode_id(bytes_make(body.p, n), NULL), IKE_R_TRUNCATED);
}

static void test_id_addresses_have_their_length(void **state)
{
	uint8_t body[4 + 20] = {};

	for (size_t n = 0; n <= 20; n++) {
		body[0] = IKE_ID_IPV4_ADDR;
		assert_int_equal(decode_id(bytes_make(body, 4 + n), NULL),
				 n == 4 ? IKE_R_OK : IKE_R_BAD_SYNTAX);
		body[0] = IKE_ID_IPV6_ADDR;
		assert_int_equal(decode_id(bytes_make(body, 4 + n), NULL),
				 n == 16 ? IKE_R_OK : IKE_R_BAD_SYNTAX);
		body[0] = IKE_ID_KEY_ID;
		assert_int_equal(decode_id(bytes_make(body, 4 + n), NULL), IKE_R_OK);
		body[0] = 201;
		assert_int_equal(decode_id(bytes_make(body, 4 + n), NULL), IKE_R_OK);
	}
}

/* RFC 7296 3.8 */
static void test_auth(void **state)
{
	struct bytes body = BYTES(2, 0, 0, 0, 0xde, 0xad, 0xbe, 0xef);
	struct ike_auth auth;

	assert_int_equal(decode_auth(body, &auth), IKE_R_OK);
	assert_int_equal(auth.method, IKE_AUTH_SHARED_KEY);
	assert_true(bytes_equal(auth.value, BYTES(0xde, 0xad, 0xbe, 0xef)));
	ike_auth_encode(out_start(), &auth);
	assert_out(body);
	for (size_t n = 0; n < 4; n++)
		assert_int_equal(decode_auth(bytes_make(body.p, n), NULL), IKE_R_TRUNCATED);
}

/* RFC 7427 3 */
static void test_auth_sig(void **state)
{
	struct bytes body = BYTES(3, 0x30, 1, 2, 9, 8);
	struct ike_auth_sig sig;

	assert_int_equal(decode_auth_sig(body, &sig), IKE_R_OK);
	assert_true(bytes_equal(sig.alg, BYTES(0x30, 1, 2)));
	assert_true(bytes_equal(sig.value, BYTES(9, 8)));
	ike_auth_sig_encode(out_start(), &sig);
	assert_out(body);
	assert_int_equal(decode_auth_sig(BYTES(4, 0x30, 1, 2), NULL), IKE_R_TRUNCATED);
	assert_int_equal(decode_auth_sig(bytes_make(NULL, 0), NULL), IKE_R_TRUNCATED);
}

/* RFC 7296 3.6 */
static void test_cert(void **state)
{
	struct bytes body = BYTES(4, 0x30, 0);
	struct ike_cert cert;

	assert_int_equal(decode_cert(body, &cert), IKE_R_OK);
	assert_int_equal(cert.encoding, IKE_CERT_X509_SIGNATURE);
	assert_true(bytes_equal(cert.data, BYTES(0x30, 0)));
	ike_cert_encode(out_start(), &cert);
	assert_out(body);
	assert_int_equal(decode_cert(BYTES(4), NULL), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_cert(bytes_make(NULL, 0), NULL), IKE_R_TRUNCATED);
}

/* RFC 7296 3.7: 20 bytes an authority; other encodings as they are. */
static void test_certreq(void **state)
{
	uint8_t body[41] = {4}, half[31] = {4}, other[3] = {12};
	struct ike_certreq req;

	assert_int_equal(decode_certreq(BYTES_OF(body), &req), IKE_R_OK);
	assert_int_equal(req.authorities.n, 40);
	ike_certreq_encode(out_start(), &req);
	assert_out(BYTES_OF(body));
	assert_int_equal(decode_certreq(bytes_make(body, 1), &req), IKE_R_OK);
	assert_int_equal(decode_certreq(BYTES_OF(half), NULL), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_certreq(BYTES_OF(other), &req), IKE_R_OK);
}

/* RFC 7427 4 */
static void test_sig_hashes(void **state)
{
	uint32_t hashes = 7;

	assert_int_equal(ike_sig_hashes_decode(BYTES(0, 2, 0, 5, 0xff, 0xff), &hashes), IKE_R_OK);
	assert_int_equal(hashes, 1u << 2 | 1u << 5);
	ike_sig_hashes_encode(out_start(), hashes);
	assert_out(BYTES(0, 2, 0, 5));
	assert_int_equal(ike_sig_hashes_decode(BYTES(0, 2, 0), &hashes), IKE_R_BAD_SYNTAX);
	assert_int_equal(ike_sig_hashes_decode(bytes_make(NULL, 0), &hashes), IKE_R_BAD_SYNTAX);
	assert_int_equal(hashes, 1u << 2 | 1u << 5);
}

/* RFC 7296 3.10: N(REKEY_SA) of an ESP SA */
static void test_notify_with_spi(void **state)
{
	struct bytes body = BYTES(3, 4, 0x40, 0x09, 0x05, 0x23, 0x57, 0xbb, 1, 2);
	struct ike_notify notify;

	assert_int_equal(decode_notify(body, &notify), IKE_R_OK);
	assert_int_equal(notify.proto, IKE_PROTO_ESP);
	assert_int_equal(notify.spi_len, 4);
	assert_true(notify.spi == 0x052357bb);
	assert_int_equal(notify.type, IKE_NOTIFY_REKEY_SA);
	assert_true(bytes_equal(notify.data, BYTES(1, 2)));
	ike_notify_encode(out_start(), &notify);
	assert_out(body);
	for (size_t n = 0; n < 8; n++)
		assert_int_equal(decode_notify(bytes_make(body.p, n), NULL),
				 n < 4 ? IKE_R_TRUNCATED : IKE_R_BAD_LENGTH);
	assert_int_equal(decode_notify(bytes_make(body.p, 8), &notify), IKE_R_OK);
	assert_int_equal(notify.data.n, 0);
}

static void test_notify_with_ike_spi(void **state)
{
	struct bytes body = BYTES(1, 8, 0, 4, 0xf1, 2, 3, 4, 5, 6, 7, 8);
	struct ike_notify notify;

	assert_int_equal(decode_notify(body, &notify), IKE_R_OK);
	assert_true(notify.spi == UINT64_C(0xf102030405060708));
	ike_notify_encode(out_start(), &notify);
	assert_out(body);
}

/* 3.10: without an SPI the protocol is sent as zero and ignored on receipt. */
static void test_notify_without_spi_has_no_protocol(void **state)
{
	struct ike_notify notify;

	assert_int_equal(decode_notify(BYTES(1, 0, 0, 17, 0, 19), &notify), IKE_R_OK);
	assert_int_equal(notify.proto, IKE_PROTO_NONE);
	assert_true(notify.spi == 0);
	assert_int_equal(notify.type, IKE_NOTIFY_INVALID_KE_PAYLOAD);
	notify.proto = IKE_PROTO_ESP;
	ike_notify_encode(out_start(), &notify);
	assert_out(BYTES(0, 0, 0, 17, 0, 19));
}

static void test_notify_spi_sizes(void **state)
{
	uint8_t body[4 + 255] = {3};

	for (unsigned int len = 0; len <= UINT8_MAX; len++) {
		bool known = len == 0 || len == 4 || len == 8;

		body[1] = len;
		assert_int_equal(decode_notify(BYTES_OF(body), NULL), known ? IKE_R_OK : IKE_R_BAD_SYNTAX);
	}
}

/* RFC 7296 3.11 */
static void test_delete_esp(void **state)
{
	struct bytes body = BYTES(3, 4, 0, 2, 1, 2, 3, 4, 0xf5, 6, 7, 8);
	struct ike_delete del;

	assert_int_equal(decode_delete(body, &del), IKE_R_OK);
	assert_int_equal(del.proto, IKE_PROTO_ESP);
	assert_int_equal(del.num_spis, 2);
	assert_int_equal(del.spis[0], 0x01020304);
	assert_int_equal(del.spis[1], 0xf5060708);
	ike_delete_encode(out_start(), &del);
	assert_out(body);
	for (size_t n = 0; n < body.n; n++)
		assert_int_equal(decode_delete(bytes_make(body.p, n), NULL), IKE_R_TRUNCATED);
}

static void test_delete_ike_lists_no_spis(void **state)
{
	struct ike_delete del;

	assert_int_equal(decode_delete(BYTES(1, 0, 0, 0), &del), IKE_R_OK);
	assert_int_equal(del.proto, IKE_PROTO_IKE);
	assert_int_equal(del.num_spis, 0);
	ike_delete_encode(out_start(), &del);
	assert_out(BYTES(1, 0, 0, 0));
	assert_int_equal(decode_delete(BYTES(1, 0, 0, 1), NULL), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_delete(BYTES(1, 0, 0xff, 0xff), NULL), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_delete(BYTES(1, 8, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8), NULL), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_delete(BYTES(1, 0, 0, 0, 9), NULL), IKE_R_TRAILING_BYTES);
}

static void test_delete_counts_and_sizes_lie(void **state)
{
	uint8_t many[4 + 4 * (LIMIT_DELETE_SPIS + 1)] = {3, 4, 0, LIMIT_DELETE_SPIS};

	assert_int_equal(decode_delete(bytes_make(many, sizeof(many) - 4), NULL), IKE_R_OK);
	many[3]++;
	assert_int_equal(decode_delete(BYTES_OF(many), NULL), IKE_R_TOO_MANY);
	assert_int_equal(decode_delete(BYTES(3, 4, 0xff, 0xff), NULL), IKE_R_TOO_MANY);
	assert_int_equal(decode_delete(BYTES(3, 4, 0, 1, 1, 2, 3, 4, 5), NULL), IKE_R_TRAILING_BYTES);
	assert_int_equal(decode_delete(BYTES(3, 0, 0, 1), NULL), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_delete(BYTES(3, 8, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8), NULL), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_delete(BYTES(9, 4, 0, 1, 1, 2, 3, 4), NULL), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_delete(BYTES(3, 4, 0, 0), NULL), IKE_R_OK);
}

/* clang-format off */
/* RFC 7296 3.13.1: 192.0.2.0/24 UDP 53, and ::/0 */
static const uint8_t two_selectors[] = {
	2, 0, 0, 0,
	7, 17, 0, 16, 0, 53, 0, 53, 192, 0, 2, 0, 192, 0, 2, 255,
	8, 0, 0, 40, 0, 0, 0xff, 0xff,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};
/* clang-format on */

static void test_ts(void **state)
{
	struct ts_list list, any;

	assert_int_equal(decode_ts(BYTES_OF(two_selectors), &list), IKE_R_OK);
	assert_int_equal(list.n, 2);
	assert_int_equal(list.ts[0].proto, 17);
	assert_int_equal(list.ts[0].port_start, 53);
	assert_int_equal(list.ts[0].port_end, 53);
	assert_true(bytes_equal(ipaddr_bytes(&list.ts[0].start), BYTES(192, 0, 2, 0)));
	assert_true(bytes_equal(ipaddr_bytes(&list.ts[0].end), BYTES(192, 0, 2, 255)));
	ts_list_any(&any);
	assert_int_equal(list.ts[1].start.ipa_type, IPADDR_V6);
	assert_true(ipaddr_equal(&list.ts[1].start, &any.ts[1].start));
	assert_true(ipaddr_equal(&list.ts[1].end, &any.ts[1].end));
	assert_int_equal(list.ts[1].port_end, UINT16_MAX);
	ike_ts_encode(out_start(), &list);
	assert_out(BYTES_OF(two_selectors));
}

static void test_ts_truncated_at_every_length(void **state)
{
	for (size_t n = 0; n < sizeof(two_selectors); n++) {
		enum ike_reason reason = decode_ts(bytes_make(two_selectors, n), NULL);

		assert_true(reason == IKE_R_TRUNCATED || reason == IKE_R_BAD_LENGTH);
	}
}

/* two_selectors with one byte changed */
static enum ike_reason decode_ts_with(size_t at, uint8_t value)
{
	uint8_t body[sizeof(two_selectors)];

	memcpy(body, two_selectors, sizeof(body));
	body[at] = value;
	return decode_ts(BYTES_OF(body), NULL);
}

static void test_ts_counts_and_lengths_lie(void **state)
{
	for (unsigned int count = 0; count <= UINT8_MAX; count++) {
		enum ike_reason want = count < 2   ? IKE_R_TRAILING_BYTES
				       : count > 2 ? IKE_R_TRUNCATED
						   : IKE_R_OK;

		assert_int_equal(decode_ts_with(0, count), want);
	}
	for (unsigned int len = 0; len <= UINT8_MAX; len++)
		if (len != 16)
			assert_int_not_equal(decode_ts_with(7, len), IKE_R_OK);
	assert_int_equal(decode_ts_with(7, 3), IKE_R_BAD_LENGTH);
	assert_int_equal(decode_ts_with(7, 4), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_ts_with(7, 17), IKE_R_BAD_SYNTAX);
	assert_int_equal(decode_ts_with(6, 0xff), IKE_R_BAD_LENGTH);
	assert_int_equal(decode_ts_with(4, 8), IKE_R_BAD_SYNTAX);
}

/* A type we do not know (9 is TS_FC_ADDR_RANGE, 10 TS_SECLABEL) is passed over, whatever it holds. */
static void test_ts_of_unknown_types_are_skipped(void **state)
{
	struct bytes body = BYTES(3, 0, 0, 0, 9, 0, 0, 4, 7, 0, 0, 16, 0, 0, 0xff, 0xff, 1, 1, 1, 1, 2, 2, 2,
				  2, 10, 0, 0, 6, 1, 2);
	struct ts_list list;

	assert_int_equal(decode_ts(body, &list), IKE_R_OK);
	assert_int_equal(list.n, 1);
	assert_true(bytes_equal(ipaddr_bytes(&list.ts[0].end), BYTES(2, 2, 2, 2)));
	assert_int_equal(decode_ts(BYTES(1, 0, 0, 0, 9, 0, 0, 3), NULL), IKE_R_BAD_LENGTH);
}

/* Start after end, and 3.13.1's OPAQUE ports 65535-0, are kept as they stand. */
static void test_ts_ranges_are_not_judged(void **state)
{
	struct bytes body = BYTES(1, 0, 0, 0, 7, 1, 0, 16, 0xff, 0xff, 0, 0, 9, 9, 9, 9, 1, 1, 1, 1);
	struct ts_list list;

	assert_int_equal(decode_ts(body, &list), IKE_R_OK);
	assert_int_equal(list.ts[0].port_start, UINT16_MAX);
	assert_int_equal(list.ts[0].port_end, 0);
	ike_ts_encode(out_start(), &list);
	assert_out(body);
}

/* `n` IPv4 selectors and `skipped` of an unknown type */
static enum ike_reason decode_many_ts(unsigned int n, unsigned int skipped, struct ts_list *list)
{
	struct wr *wr = out_start();

	wr_u8(wr, n + skipped);
	wr_zero(wr, 3);
	for (unsigned int i = 0; i < skipped; i++)
		wr_bytes(wr, BYTES(9, 0, 0, 4));
	for (unsigned int i = 0; i < n; i++)
		wr_bytes(wr, BYTES(7, 0, 0, 16, 0, 0, 0xff, 0xff, 1, 1, 1, 1, 2, 2, 2, 2));
	assert_false(wr->failed);
	return decode_ts(wr_bytes_view(wr), list);
}

static void test_ts_limit(void **state)
{
	struct ts_list list;

	assert_int_equal(decode_many_ts(0, 0, &list), IKE_R_OK);
	assert_int_equal(list.n, 0);
	assert_int_equal(decode_many_ts(LIMIT_TS, 0, &list), IKE_R_OK);
	assert_int_equal(list.n, LIMIT_TS);
	assert_int_equal(decode_many_ts(LIMIT_TS, 200, &list), IKE_R_OK);
	assert_int_equal(decode_many_ts(LIMIT_TS + 1, 0, &list), IKE_R_TOO_MANY);
}

static enum ike_reason split(size_t n, size_t iv_len, size_t block_len, size_t icv_len,
			     struct ike_sk_parts *parts)
{
	static const uint8_t zeroes[128];

	exact_free(block);
	block = exact_copy(bytes_make(zeroes, n));
	return ike_sk_split(rd_of(block), iv_len, block_len, icv_len, parts);
}

/* RFC 7296 3.14, RFC 5282: AES-GCM has 8 bytes of IV and 16 of ICV, and any length of text */
static void test_sk_aead(void **state)
{
	for (size_t n = 0; n < 64; n++) {
		struct ike_sk_parts parts = {};

		if (n < 8 + 1 + 16) {
			assert_int_equal(split(n, 8, 1, 16, &parts), IKE_R_TRUNCATED);
			assert_null(parts.iv.p);
			continue;
		}
		assert_int_equal(split(n, 8, 1, 16, &parts), IKE_R_OK);
		assert_ptr_equal(parts.iv.p, block.p);
		assert_int_equal(parts.iv.n, 8);
		assert_ptr_equal(parts.text.p, block.p + 8);
		assert_int_equal(parts.text.n, n - 24);
		assert_ptr_equal(parts.icv.p, block.p + n - 16);
		assert_int_equal(parts.icv.n, 16);
	}
}

/* AES-CBC with HMAC-SHA1-96: whole blocks only */
static void test_sk_cbc(void **state)
{
	for (size_t n = 0; n < 128; n++) {
		struct ike_sk_parts parts;
		bool whole = n >= 16 + 16 + 12 && (n - 28) % 16 == 0;

		assert_int_equal(split(n, 16, 16, 12, &parts), whole ? IKE_R_OK : IKE_R_TRUNCATED);
	}
}

static void test_sk_lengths_beyond_the_body(void **state)
{
	struct ike_sk_parts parts;

	assert_int_equal(split(100, SIZE_MAX, 1, 1, &parts), IKE_R_TRUNCATED);
	assert_int_equal(split(100, 1, 1, SIZE_MAX, &parts), IKE_R_TRUNCATED);
	assert_int_equal(split(100, SIZE_MAX, 1, SIZE_MAX, &parts), IKE_R_TRUNCATED);
	assert_int_equal(split(100, 1, SIZE_MAX, 1, &parts), IKE_R_TRUNCATED);
	assert_int_equal(split(100, 0, 0, 0, &parts), IKE_R_OK);
	assert_int_equal(split(0, 0, 1, 0, &parts), IKE_R_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ke),
		cmocka_unit_test(test_nonce),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_id_addresses_have_their_length),
		cmocka_unit_test(test_auth),
		cmocka_unit_test(test_auth_sig),
		cmocka_unit_test(test_cert),
		cmocka_unit_test(test_certreq),
		cmocka_unit_test(test_sig_hashes),
		cmocka_unit_test(test_notify_with_spi),
		cmocka_unit_test(test_notify_with_ike_spi),
		cmocka_unit_test(test_notify_without_spi_has_no_protocol),
		cmocka_unit_test(test_notify_spi_sizes),
		cmocka_unit_test(test_delete_esp),
		cmocka_unit_test(test_delete_ike_lists_no_spis),
		cmocka_unit_test(test_delete_counts_and_sizes_lie),
		cmocka_unit_test(test_ts),
		cmocka_unit_test(test_ts_truncated_at_every_length),
		cmocka_unit_test(test_ts_counts_and_lengths_lie),
		cmocka_unit_test(test_ts_of_unknown_types_are_skipped),
		cmocka_unit_test(test_ts_ranges_are_not_judged),
		cmocka_unit_test(test_ts_limit),
		cmocka_unit_test(test_sk_aead),
		cmocka_unit_test(test_sk_cbc),
		cmocka_unit_test(test_sk_lengths_beyond_the_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
