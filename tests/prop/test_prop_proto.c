// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Properties of the codecs over random structures and random bytes: decode(encode(y)) = y, encode(decode(x))
 * = x for what an encoder wrote, and decoders that stay inside (each gets a heap block of exactly its size;
 * run with AddressSanitizer). Always the same seed; set PROP_SEED for another. A failure prints the seed of
 * its case.
 */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"
#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/exact.h"
#include "tests/helpers/proto_equal.h"

#define CASES 3000

/* --- random things ----------------------------------------------------------------------------------- */

static uint64_t rnd_state;

/* splitmix64 */
static uint64_t rnd(void)
{
	uint64_t z = rnd_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static unsigned int rnd_below(unsigned int n)
{
	return rnd() % n;
}

static uint8_t rnd_of(struct bytes choices)
{
	return choices.p[rnd_below(choices.n)];
}

static void rnd_fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = rnd();
}

/* Up to `most` random bytes; alive until the next call. */
static struct bytes rnd_bytes(unsigned int least, unsigned int most)
{
	static uint8_t buf[LIMIT_KE_PUBLIC];
	size_t n = least + rnd_below(most - least + 1);

	assert_true(n <= sizeof(buf));
	rnd_fill(buf, n);
	return bytes_make(buf, n);
}

static uint64_t rnd_spi(uint8_t len)
{
	return len == 8 ? rnd() : len == 4 ? (uint32_t)rnd() : 0;
}

static struct ike_transform rnd_transform(void)
{
	return (struct ike_transform){
		.type = rnd_below(16),
		.id = rnd(),
		.key_bits = rnd_below(2) ? rnd() : 0,
	};
}

static void rnd_proposal(struct ike_proposal *proposal, unsigned int num)
{
	proposal->num = num;
	proposal->proto = rnd_below(6);
	if (proposal->proto == IKE_PROTO_AH || proposal->proto == IKE_PROTO_ESP)
		proposal->spi_len = 4;
	else
		proposal->spi_len = rnd_below(2) ? 8 : 0;
	proposal->spi = rnd_spi(proposal->spi_len);
	proposal->num_transforms = rnd_below(LIMIT_TRANSFORMS + 1);
	for (unsigned int i = 0; i < proposal->num_transforms; i++)
		proposal->transforms[i] = rnd_transform();
}

static void rnd_sa_payload(struct ike_sa_payload *sa)
{
	sa->n = 1 + rnd_below(LIMIT_PROPOSALS);
	for (unsigned int i = 0; i < sa->n; i++)
		rnd_proposal(&sa->proposals[i], i + 1);
}

static struct ts rnd_ts(void)
{
	size_t addr_len = rnd_below(2) ? 4 : 16;
	struct ts ts = {.proto = rnd(), .port_start = rnd(), .port_end = rnd()};
	uint8_t addr[16];

	rnd_fill(addr, sizeof(addr));
	ts.start = ipaddr_of(bytes_make(addr, addr_len));
	rnd_fill(addr, sizeof(addr));
	ts.end = ipaddr_of(bytes_make(addr, addr_len));
	return ts;
}

static void rnd_ts_list(struct ts_list *list)
{
	list->n = rnd_below(LIMIT_TS + 1);
	for (unsigned int i = 0; i < list->n; i++)
		list->ts[i] = rnd_ts();
}

static struct ike_notify rnd_notify(void)
{
	static const uint8_t lengths[] = {0, 4, 8};
	struct ike_notify notify = {.spi_len = rnd_of(BYTES_OF(lengths)), .type = rnd()};

	notify.spi = rnd_spi(notify.spi_len);
	notify.proto = notify.spi_len ? rnd() : IKE_PROTO_NONE;
	notify.data = rnd_bytes(0, 64);
	return notify;
}

static void rnd_delete(struct ike_delete *del)
{
	static const uint8_t protos[] = {IKE_PROTO_IKE, IKE_PROTO_AH, IKE_PROTO_ESP};

	del->proto = rnd_of(BYTES_OF(protos));
	del->num_spis = del->proto == IKE_PROTO_IKE ? 0 : rnd_below(LIMIT_DELETE_SPIS + 1);
	for (unsigned int i = 0; i < del->num_spis; i++)
		del->spis[i] = rnd();
}

/* --- the properties ---------------------------------------------------------------------------------- */

static uint8_t wire_buf[LIMIT_IKE_MSG], again_buf[LIMIT_IKE_MSG];

/*
 * ROUND_TRIP: encode `made`, decode an exact copy of that, compare; encode the decoded, compare the bytes.
 * `argument` is how the encoder takes a value: & for structures, nothing for struct bytes.
 */
#define ROUND_TRIP(type, made, encode, decode, equal, argument)                                              \
	do {                                                                                                 \
		struct wr wire = wr_of(wire_buf, sizeof(wire_buf)),                                          \
			  again = wr_of(again_buf, sizeof(again_buf));                                       \
		struct bytes block;                                                                          \
		type back;                                                                                   \
                                                                                                             \
		encode(&wire, argument(made));                                                               \
		assert_false(wire.failed);                                                                   \
		block = exact_copy(wr_bytes_view(&wire));                                                    \
		assert_int_equal(decode(rd_of(block), &back), IKE_R_OK);                                     \
		assert_true(equal(argument(back), argument(made)));                                          \
		encode(&again, argument(back));                                                              \
		assert_false(again.failed);                                                                  \
		assert_true(bytes_equal(wr_bytes_view(&again), wr_bytes_view(&wire)));                       \
		exact_free(block);                                                                           \
	} while (0)

static void sa_round_trip(void)
{
	static struct ike_sa_payload sa;

	rnd_sa_payload(&sa);
	ROUND_TRIP(struct ike_sa_payload, sa, ike_sa_payload_encode, ike_sa_payload_decode,
		   sa_payload_equal, &);
}

static void ke_round_trip(void)
{
	struct ike_ke ke = {.method = rnd(), .value = rnd_bytes(0, LIMIT_KE_PUBLIC)};

	ROUND_TRIP(struct ike_ke, ke, ike_ke_encode, ike_ke_decode, ke_equal, &);
}

static void nonce_round_trip(void)
{
	struct bytes nonce = rnd_bytes(LIMIT_NONCE_MIN, LIMIT_NONCE_MAX);

	ROUND_TRIP(struct bytes, nonce, ike_nonce_encode, ike_nonce_decode, bytes_equal, );
}

static void id_round_trip(void)
{
	struct ike_id id = {.type = IKE_ID_DER_ASN1_DN + rnd_below(20), .value = rnd_bytes(0, LIMIT_ID)};

	ROUND_TRIP(struct ike_id, id, ike_id_encode, ike_id_decode, id_equal, &);
}

static void auth_round_trip(void)
{
	struct ike_auth auth = {.method = rnd(), .value = rnd_bytes(0, 512)};

	ROUND_TRIP(struct ike_auth, auth, ike_auth_encode, ike_auth_decode, auth_equal, &);
}

static void notify_round_trip(void)
{
	struct ike_notify notify = rnd_notify();

	ROUND_TRIP(struct ike_notify, notify, ike_notify_encode, ike_notify_decode, notify_equal, &);
}

static void delete_round_trip(void)
{
	struct ike_delete del;

	rnd_delete(&del);
	ROUND_TRIP(struct ike_delete, del, ike_delete_encode, ike_delete_decode, delete_equal, &);
}

static void ts_round_trip(void)
{
	struct ts_list list;

	rnd_ts_list(&list);
	ROUND_TRIP(struct ts_list, list, ike_ts_encode, ike_ts_decode, ts_list_equal, &);
}

/* A message of random known payloads with random bodies comes back as it was built. */
static void message_round_trip(void)
{
	struct wr wire = wr_of(wire_buf, sizeof(wire_buf)), again = wr_of(again_buf, sizeof(again_buf));
	struct ike_hdr hdr = {
		.spi_i = rnd(),
		.spi_r = rnd(),
		.version = IKE_VERSION | rnd_below(16),
		.exchange = rnd(),
		.flags = rnd(),
		.message_id = rnd(),
	};
	unsigned int n = rnd_below(LIMIT_PAYLOADS + 1);
	struct ike_build build;
	struct ike_msg msg;
	struct bytes block;
	uint8_t bad_type;

	ike_build_start(&build, &wire, &hdr);
	for (unsigned int i = 0; i < n; i++) {
		ike_build_payload(&build, IKE_PAYLOAD_SA + rnd_below(IKE_PAYLOAD_SK - IKE_PAYLOAD_SA),
				  rnd_below(2));
		wr_bytes(&wire, rnd_bytes(0, 200));
	}
	ike_build_end(&build);
	assert_false(wire.failed);
	block = exact_copy(wr_bytes_view(&wire));
	assert_int_equal(ike_msg_decode(block, &msg, &bad_type), IKE_R_OK);
	assert_int_equal(msg.outer.n, n);
	assert_int_equal(msg.hdr.next_payload, build.first);
	hdr.next_payload = msg.hdr.next_payload;
	hdr.length = block.n;
	assert_true(hdr_equal(&msg.hdr, &hdr));

	ike_build_start(&build, &again, &msg.hdr);
	for (unsigned int i = 0; i < msg.outer.n; i++) {
		ike_build_payload(&build, msg.outer.list[i].type, msg.outer.list[i].critical);
		wr_bytes(&again, rd_rest(&msg.outer.list[i].body));
	}
	ike_build_end(&build);
	assert_true(bytes_equal(wr_bytes_view(&again), block));
	exact_free(block);
}

static bool inside(struct bytes part, struct bytes whole)
{
	return part.n <= whole.n && part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

/* Every decoder on the same bytes; what they give out must be borrowed from these bytes. */
static void decode_all(struct bytes body)
{
	static struct ike_sa_payload sa;
	struct ike_payloads list;
	struct ike_ke ke;
	struct bytes nonce;
	struct ike_id id;
	struct ike_auth auth;
	struct ike_notify notify;
	struct ike_delete del;
	struct ts_list ts;
	struct ike_sk_parts parts;
	struct ike_skf skf;
	struct rd rd = rd_of(body);
	uint8_t bad_type;

	if (ike_sa_payload_decode(rd, &sa) == IKE_R_OK)
		assert_in_range(sa.n, 1, LIMIT_PROPOSALS);
	if (ike_ke_decode(rd, &ke) == IKE_R_OK)
		assert_true(inside(ke.value, body));
	if (ike_nonce_decode(rd, &nonce) == IKE_R_OK)
		assert_true(inside(nonce, body));
	if (ike_id_decode(rd, &id) == IKE_R_OK)
		assert_true(inside(id.value, body) && inside(id.raw, body));
	if (ike_auth_decode(rd, &auth) == IKE_R_OK)
		assert_true(inside(auth.value, body));
	if (ike_notify_decode(rd, &notify) == IKE_R_OK)
		assert_true(inside(notify.data, body));
	if (ike_delete_decode(rd, &del) == IKE_R_OK)
		assert_in_range(del.num_spis, 0, LIMIT_DELETE_SPIS);
	if (ike_ts_decode(rd, &ts) == IKE_R_OK)
		assert_in_range(ts.n, 0, LIMIT_TS);
	if (ike_skf_decode(rd, &skf) == IKE_R_OK)
		assert_true(inside(skf.sealed, body));
	if (ike_sk_split(rd, rnd_below(24), 1 + rnd_below(16), rnd_below(40), &parts) == IKE_R_OK)
		assert_true(inside(parts.iv, body) && inside(parts.text, body) && inside(parts.icv, body) &&
			    parts.iv.n + parts.text.n + parts.icv.n == body.n);
	if (ike_payloads_walk(rnd(), rd, &list, &bad_type) == IKE_R_OK)
		for (unsigned int i = 0; i < list.n; i++)
			assert_true(inside(rd_rest(&list.list[i].body), body));
}

static void random_bytes_stay_inside(void)
{
	struct bytes block = exact_copy(rnd_bytes(0, 300));

	decode_all(block);
	exact_free(block);
}

/* Random bytes seldom get past the first check; a good payload with a few bytes changed gets far. */
static void damaged_payloads_stay_inside(void)
{
	static struct ike_sa_payload sa;
	struct wr wire = wr_of(wire_buf, sizeof(wire_buf));
	struct ts_list ts;
	struct bytes block;

	rnd_sa_payload(&sa);
	rnd_ts_list(&ts);
	if (rnd_below(2))
		ike_sa_payload_encode(&wire, &sa);
	else
		ike_ts_encode(&wire, &ts);
	for (unsigned int i = rnd_below(4); i > 0; i--)
		wire_buf[rnd_below(wire.len)] = rnd();
	block = exact_copy(bytes_make(wire_buf, rnd_below(4) ? wire.len : rnd_below(wire.len + 1)));
	decode_all(block);
	exact_free(block);
}

/* --- running them ------------------------------------------------------------------------------------ */

static uint64_t case_seed;
static bool case_running;

static void for_all(void (*property)(void))
{
	const char *chosen = getenv("PROP_SEED");
	uint64_t seed = chosen ? strtoull(chosen, NULL, 0) : 1;

	for (unsigned int i = 0; i < CASES; i++) {
		case_seed = seed + i;
		case_running = true;
		rnd_state = case_seed;
		property();
	}
	case_running = false;
}

/* cmocka leaves a failing test by longjmp; this runs behind it. */
static int print_failed_case(void **state)
{
	if (case_running)
		print_error("failed at PROP_SEED=%" PRIu64 "\n", case_seed);
	case_running = false;
	return 0;
}

#define PROPERTY(name)                                                                                       \
	static void test_##name(void **state)                                                                \
	{                                                                                                    \
		for_all(name);                                                                               \
	}
#define PROPERTIES(X)                                                                                        \
	X(sa_round_trip)                                                                                     \
	X(ke_round_trip)                                                                                     \
	X(nonce_round_trip)                                                                                  \
	X(id_round_trip)                                                                                     \
	X(auth_round_trip)                                                                                   \
	X(notify_round_trip)                                                                                 \
	X(delete_round_trip)                                                                                 \
	X(ts_round_trip)                                                                                     \
	X(message_round_trip)                                                                                \
	X(random_bytes_stay_inside)                                                                          \
	X(damaged_payloads_stay_inside)

PROPERTIES(PROPERTY)

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(test_##name, print_failed_case),
	const struct CMUnitTest tests[] = {PROPERTIES(TEST)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
