// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of the kernel's IPsec, both ways: what we build against bytes that were put together by hand from linux/xfrm.h, and what we
 * parse cut at every length.
 */
#include <zebra.h>

#include <libmnl/libmnl.h>
#include <linux/udp.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/exact.h"

#include "bgpvpnd/dplane/xfrm/xfrm_msg.h"

static _Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];

static struct endpoint at(const char *addr, uint16_t port)
{
	struct endpoint e = {.port = port};

	assert_int_equal(str2ipaddr(addr, &e.addr), 0);
	return e;
}

static struct xfrm_path path(void)
{
	return (struct xfrm_path){at("192.0.2.1", 4500), at("198.51.100.2", 1024)};
}

static struct xfrm_path path6(void)
{
	return (struct xfrm_path){at("2001:db8::1", 4500), at("2001:db8::2", 4500)};
}

static struct secret *key_of(size_t len, uint8_t seed)
{
	static struct secret keys[2];
	static int n;
	struct secret *key = &keys[n++ % 2];

	secret_fini(key);
	secret_alloc(key, len);
	memset(key->key, seed, len);
	return key;
}

static struct xfrm_sa sa_gcm(void)
{
	return (struct xfrm_sa){
		.dir = XFRM_DIR_IN,
		.path = path(),
		.spi = 0x01020304,
		.reqid = 7,
		.if_id = 9,
		.encr = IKE_ENCR_AES_GCM_16,
		.encr_key_bits = 256,
		.integ = IKE_INTEG_NONE,
		.encr_key = key_of(36, 0xaa),
		.replay_window = 64,
	};
}

/* The payload of an attribute, of exactly `len` bytes; fails when it is not there. */
static const void *attr_of(const struct nlmsghdr *nlh, size_t head, int type, size_t len)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, head)
	{
		if (mnl_attr_get_type(attr) != type)
			continue;
		assert_int_equal(mnl_attr_get_payload_len(attr), len);
		return mnl_attr_get_payload(attr);
	}
	fail_msg("attribute %d is missing", type);
	return NULL;
}

static bool has_attr(const struct nlmsghdr *nlh, size_t head, int type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, head) if (mnl_attr_get_type(attr) == type) return true;
	return false;
}

/*
 * --- SAs -------------------------------------------------------------------------------------------------
 */

/* struct xfrm_usersa_info as it lies in memory: the offsets are the kernel's ABI. */
static void test_sa_bytes(void **state)
{
	static const uint8_t src[] = {192, 0, 2, 1}, dst[] = {198, 51, 100, 2}, spi[] = {1, 2, 3, 4};
	struct xfrm_sa sa = sa_gcm();
	struct nlmsghdr *nlh = xfrm_msg_sa(buf, &sa);
	const uint8_t *p = mnl_nlmsg_get_payload(nlh);
	uint32_t reqid = 7;

	assert_int_equal(nlh->nlmsg_type, XFRM_MSG_NEWSA);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	for (int i = 0; i < 56; i++)
		assert_int_equal(p[i], 0); /* the selector: any */
	assert_memory_equal(p + 56, dst, 4);
	assert_memory_equal(p + 72, spi, 4);
	assert_int_equal(p[76], IPPROTO_ESP);
	assert_memory_equal(p + 80, src, 4);
	for (int i = 96; i < 128; i++)
		assert_int_equal(p[i], 0xff); /* no limits */
	assert_memory_equal(p + 208, &reqid, 4);
	assert_int_equal(p[212], AF_INET);
	assert_int_equal(p[214], XFRM_MODE_TUNNEL);
	assert_int_equal(p[216], XFRM_STATE_AF_UNSPEC);
	assert_int_equal(sizeof(struct xfrm_usersa_info), 224);
}

static void test_sa_aead(void **state)
{
	struct xfrm_sa sa = sa_gcm();
	struct nlmsghdr *nlh = xfrm_msg_sa(buf, &sa);
	const size_t head = sizeof(struct xfrm_usersa_info);
	const struct xfrm_algo_aead *a = attr_of(nlh, head, XFRMA_ALG_AEAD, 64 + 4 + 4 + 36);

	assert_string_equal(a->alg_name, "rfc4106(gcm(aes))");
	assert_int_equal(a->alg_key_len, 288);
	assert_int_equal(a->alg_icv_len, 128);
	for (int i = 0; i < 36; i++)
		assert_int_equal((uint8_t)a->alg_key[i], 0xaa);
	assert_int_equal(*(const uint32_t *)attr_of(nlh, head, XFRMA_IF_ID, 4), 9);
	assert_false(has_attr(nlh, head, XFRMA_ENCAP));
	assert_false(has_attr(nlh, head, XFRMA_LTIME_VAL));

	sa.encr = IKE_ENCR_CHACHA20_POLY1305; /* IKE gives it no key length */
	sa.encr_key_bits = 0;
	a = attr_of(xfrm_msg_sa(buf, &sa), head, XFRMA_ALG_AEAD, 64 + 4 + 4 + 36);
	assert_string_equal(a->alg_name, "rfc7539esp(chacha20,poly1305)");
}

static void test_sa_cbc(void **state)
{
	static const struct {
		uint16_t integ;
		uint16_t key;
		uint16_t icv_bits;
		const char *name;
	} rows[] = {
		{IKE_INTEG_HMAC_SHA1_96, 20, 96, "hmac(sha1)"},
		{IKE_INTEG_HMAC_SHA2_256_128, 32, 128, "hmac(sha256)"},
		{IKE_INTEG_HMAC_SHA2_384_192, 48, 192, "hmac(sha384)"},
		{IKE_INTEG_HMAC_SHA2_512_256, 64, 256, "hmac(sha512)"},
	};
	const size_t head = sizeof(struct xfrm_usersa_info);

	for (size_t i = 0; i < array_size(rows); i++) {
		struct xfrm_sa sa = sa_gcm();
		const struct xfrm_algo_auth *auth;
		const struct xfrm_algo *crypt;
		struct nlmsghdr *nlh;

		sa.encr = IKE_ENCR_AES_CBC;
		sa.encr_key_bits = 128;
		sa.encr_key = key_of(16, 1);
		sa.integ = rows[i].integ;
		sa.integ_key = key_of(rows[i].key, 2);
		nlh = xfrm_msg_sa(buf, &sa);
		crypt = attr_of(nlh, head, XFRMA_ALG_CRYPT, 64 + 4 + 16);
		assert_string_equal(crypt->alg_name, "cbc(aes)");
		assert_int_equal(crypt->alg_key_len, 128);
		auth = attr_of(nlh, head, XFRMA_ALG_AUTH_TRUNC, 64 + 8 + rows[i].key);
		assert_string_equal(auth->alg_name, rows[i].name);
		assert_int_equal(auth->alg_key_len, rows[i].key * 8);
		assert_int_equal(auth->alg_trunc_len, rows[i].icv_bits);
	}
}

static void test_sa_refused(void **state)
{
	struct xfrm_sa sa = sa_gcm();

	sa.encr = 4242;
	assert_null(xfrm_msg_sa(buf, &sa));
	sa = sa_gcm();
	sa.encr_key = key_of(35, 1);
	assert_null(xfrm_msg_sa(buf, &sa));
	sa = sa_gcm();
	sa.integ = IKE_INTEG_HMAC_SHA1_96; /* an AEAD has none */
	sa.integ_key = key_of(20, 1);
	assert_null(xfrm_msg_sa(buf, &sa));
	sa = sa_gcm();
	sa.encr = IKE_ENCR_AES_CBC;
	sa.encr_key = key_of(32, 1); /* not without integrity */
	assert_null(xfrm_msg_sa(buf, &sa));
	sa.integ = IKE_INTEG_HMAC_SHA1_96;
	sa.integ_key = key_of(32, 1);
	assert_null(xfrm_msg_sa(buf, &sa));
}

static void test_sa_encap_and_limits(void **state)
{
	struct xfrm_sa sa = sa_gcm();
	const struct xfrm_encap_tmpl *encap;
	const struct xfrm_usersa_info *info;
	struct nlmsghdr *nlh;

	sa.udp_encap = true;
	sa.limits = (struct child_sa_limits){.bytes_soft = 1, .bytes_hard = 2, .packets_hard = 3};
	nlh = xfrm_msg_sa(buf, &sa);
	encap = attr_of(nlh, sizeof(*info), XFRMA_ENCAP, sizeof(*encap));
	assert_int_equal(encap->encap_type, UDP_ENCAP_ESPINUDP);
	assert_int_equal(ntohs(encap->encap_sport), 4500);
	assert_int_equal(ntohs(encap->encap_dport), 1024);
	info = mnl_nlmsg_get_payload(nlh);
	assert_true(info->lft.soft_byte_limit == 1 && info->lft.hard_byte_limit == 2);
	assert_true(info->lft.soft_packet_limit == XFRM_INF && info->lft.hard_packet_limit == 3);
}

static void expect_window(struct xfrm_sa *sa, uint32_t window, uint32_t words, bool esn)
{
	const struct xfrm_usersa_info *info;
	const struct xfrm_replay_state_esn *replay;
	struct nlmsghdr *nlh = xfrm_msg_sa(buf, sa);

	replay = attr_of(nlh, sizeof(*info), XFRMA_REPLAY_ESN_VAL, sizeof(*replay) + words * 4);
	assert_int_equal(replay->replay_window, window);
	assert_int_equal(replay->bmp_len, words);
	info = mnl_nlmsg_get_payload(nlh);
	assert_int_equal(!!(info->flags & XFRM_STATE_ESN), esn);
	assert_int_equal(info->replay_window, 0); /* the old way; both are refused together */
}

static void test_sa_window(void **state)
{
	struct xfrm_sa sa = sa_gcm();

	expect_window(&sa, 64, 2, false);
	sa.replay_window = 33;
	expect_window(&sa, 33, 2, false);
	sa.replay_window = 4096;
	sa.esn = true;
	expect_window(&sa, 4096, 128, true);
	sa.replay_window = 0; /* ESN has no place for its high half without one */
	expect_window(&sa, 32, 1, true);
	sa.esn = false;
	expect_window(&sa, 0, 1, false);
	sa.dir = XFRM_DIR_OUT;
	sa.replay_window = 4096;
	expect_window(&sa, 32, 1, false);
}

static void test_sa_goes_on(void **state)
{
	struct xfrm_replay before = {.bytes = 1000,
				     .packets = 10,
				     .add_time_s = 77,
				     .out = 5,
				     .out_high = 6,
				     .in = 7,
				     .in_high = 8,
				     .words = 2,
				     .window = {3, 4}};
	const size_t head = sizeof(struct xfrm_usersa_info);
	const struct xfrm_replay_state_esn *replay;
	const struct xfrm_lifetime_cur *counts;
	struct xfrm_sa sa = sa_gcm();
	struct nlmsghdr *nlh;

	sa.replay = &before;
	nlh = xfrm_msg_sa(buf, &sa);
	replay = attr_of(nlh, head, XFRMA_REPLAY_ESN_VAL, sizeof(*replay) + 8);
	assert_true(replay->oseq == 5 && replay->oseq_hi == 6 && replay->seq == 7 && replay->seq_hi == 8);
	assert_true(replay->bmp[0] == 3 && replay->bmp[1] == 4);
	counts = attr_of(nlh, head, XFRMA_LTIME_VAL, sizeof(*counts));
	assert_true(counts->bytes == 1000 && counts->packets == 10 && counts->add_time == 77);
}

static void test_sa_largest_fits(void **state)
{
	struct xfrm_replay before = {.words = 128};
	struct xfrm_sa sa = sa_gcm();

	sa.encr = IKE_ENCR_AES_CBC;
	sa.encr_key = key_of(32, 1);
	sa.integ = IKE_INTEG_HMAC_SHA2_512_256;
	sa.integ_key = key_of(64, 1);
	sa.replay_window = LIMIT_REPLAY_WINDOW;
	sa.udp_encap = true;
	sa.replay = &before;
	assert_true(xfrm_msg_sa(buf, &sa)->nlmsg_len <= XFRM_MSG_LEN);
}

static void test_sa_named(void **state)
{
	struct xfrm_path p6 = path6();
	struct nlmsghdr *nlh = xfrm_msg_sa_del(buf, &(struct xfrm_sa_name){.path = p6, .spi = 0x1000});
	const struct xfrm_usersa_id *id = mnl_nlmsg_get_payload(nlh);

	assert_int_equal(nlh->nlmsg_type, XFRM_MSG_DELSA);
	assert_memory_equal(&id->daddr, &p6.dst.addr.ipaddr_v6, 16);
	assert_true(ntohl(id->spi) == 0x1000 && id->family == AF_INET6 && id->proto == IPPROTO_ESP);
	assert_memory_equal(attr_of(nlh, sizeof(*id), XFRMA_SRCADDR, 16), &p6.src.addr.ipaddr_v6, 16);
	assert_int_equal(xfrm_msg_sa_get(buf, &(struct xfrm_sa_name){.path = p6, .spi = 0x1000})->nlmsg_type, XFRM_MSG_GETSA);
	assert_true(xfrm_msg_sa_dump(buf)->nlmsg_flags & NLM_F_DUMP);
}

/*
 * --- policies --------------------------------------------------------------------------------------------
 */

static struct ts ts_of(const char *start, const char *end)
{
	return (struct ts){.start = at(start, 0).addr, .end = at(end, 0).addr, .port_end = 65535};
}

static void test_selector_fits(void **state)
{
	static const struct {
		const char *start;
		const char *end;
		bool fits;
	} rows[] = {
		{"0.0.0.0", "255.255.255.255", true},
		{"10.0.0.0", "10.0.0.255", true},
		{"10.0.0.1", "10.0.0.1", true},
		{"10.0.0.0", "10.0.0.5", false},
		{"10.0.0.1", "10.0.0.2", false},
		{"10.0.0.1", "10.0.1.0", false},
		{"10.0.0.128", "10.0.0.255", true},
		{"10.0.0.0", "10.0.2.255", false},
		{"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
		{"2001:db8::", "2001:db8::ffff", true},
		{"2001:db8::", "2001:db8::fffe", false},
	};
	struct ts ts;

	for (size_t i = 0; i < array_size(rows); i++) {
		ts = ts_of(rows[i].start, rows[i].end);
		assert_int_equal(xfrm_selector_fits(&ts), rows[i].fits);
	}
	ts = ts_of("10.0.0.0", "10.0.0.255");
	ts.port_start = ts.port_end = 80;
	assert_true(xfrm_selector_fits(&ts));
	ts.port_end = 81;
	assert_false(xfrm_selector_fits(&ts));
	ts = ts_of("10.0.0.0", "::");
	assert_false(xfrm_selector_fits(&ts));
	ts = (struct ts){};
	assert_false(xfrm_selector_fits(&ts));
}

static struct xfrm_policy policy_out(void)
{
	return (struct xfrm_policy){
		.where = XFRM_WHERE_OUT,
		.from = ts_of("10.1.0.0", "10.1.255.255"),
		.to = ts_of("0.0.0.0", "255.255.255.255"),
		.path = path(),
		.reqid = 7,
		.if_id = 9,
		.spi = 0x01020304,
		.priority = 55,
	};
}

static void test_policy_bytes(void **state)
{
	struct xfrm_policy policy = policy_out();
	const struct xfrm_userpolicy_info *info;
	const struct xfrm_user_tmpl *tmpl;
	struct nlmsghdr *nlh;

	policy.from.port_start = policy.from.port_end = 179;
	policy.from.proto = policy.to.proto = IPPROTO_TCP;
	nlh = xfrm_msg_policy(buf, &policy);
	assert_int_equal(nlh->nlmsg_type, XFRM_MSG_UPDPOLICY);
	info = mnl_nlmsg_get_payload(nlh);
	assert_int_equal(info->sel.saddr.a4, htonl(0x0a010000));
	assert_true(info->sel.prefixlen_s == 16 && info->sel.prefixlen_d == 0 && info->sel.family == AF_INET);
	assert_true(info->sel.sport == htons(179) && info->sel.sport_mask == 0xffff &&
		    info->sel.dport_mask == 0);
	assert_true(info->sel.proto == IPPROTO_TCP && info->priority == 55);
	assert_true(info->dir == XFRM_POLICY_OUT && info->action == XFRM_POLICY_ALLOW);
	assert_true(info->lft.hard_byte_limit == XFRM_INF && info->lft.soft_packet_limit == XFRM_INF);
	tmpl = attr_of(nlh, sizeof(*info), XFRMA_TMPL, sizeof(*tmpl));
	assert_int_equal(tmpl->id.daddr.a4, htonl(0xc6336402));
	assert_int_equal(tmpl->saddr.a4, htonl(0xc0000201));
	assert_true(tmpl->id.spi == htonl(0x01020304) && tmpl->id.proto == IPPROTO_ESP && tmpl->reqid == 7);
	assert_true(tmpl->mode == XFRM_MODE_TUNNEL && tmpl->optional == 0 && tmpl->aalgos == UINT32_MAX);
	assert_int_equal(*(const uint32_t *)attr_of(nlh, sizeof(*info), XFRMA_IF_ID, 4), 9);
}

static void test_policy_named(void **state)
{
	static const uint8_t dirs[] = {XFRM_POLICY_IN, XFRM_POLICY_OUT, XFRM_POLICY_FWD};
	struct xfrm_policy policy = policy_out();
	const struct xfrm_userpolicy_id *id;
	struct nlmsghdr *nlh;

	for (enum xfrm_policy_dir where = XFRM_WHERE_IN; where <= XFRM_WHERE_FWD; where++) {
		policy.where = where;
		nlh = xfrm_msg_policy_del(buf, &policy);
		assert_int_equal(nlh->nlmsg_type, XFRM_MSG_DELPOLICY);
		id = mnl_nlmsg_get_payload(nlh);
		assert_true(id->dir == dirs[where] && id->sel.prefixlen_s == 16 && id->index == 0);
		assert_int_equal(*(const uint32_t *)attr_of(nlh, sizeof(*id), XFRMA_IF_ID, 4), 9);
	}
	assert_int_equal(xfrm_msg_policy_get(buf, &policy)->nlmsg_type, XFRM_MSG_GETPOLICY);
	assert_true(xfrm_msg_policy_dump(buf)->nlmsg_flags & NLM_F_DUMP);
}

/*
 * --- parsing ---------------------------------------------------------------------------------------------
 */

/* What we build reads back as it was. */
static void test_sa_comes_back(void **state)
{
	struct xfrm_replay before = {.out = 5, .in = 7, .in_high = 8, .words = 2, .window = {3, 4}};
	struct xfrm_sa sa = sa_gcm();
	struct xfrm_news news;

	sa.udp_encap = true;
	sa.replay = &before;
	assert_true(xfrm_msg_parse(xfrm_msg_sa(buf, &sa), &news));
	assert_int_equal(news.type, XFRM_NEWS_SA);
	assert_true(endpoint_equal(&news.sa.path.src, &sa.path.src) &&
		    endpoint_equal(&news.sa.path.dst, &sa.path.dst));
	assert_true(news.sa.spi == sa.spi && news.sa.reqid == 7 && news.sa.if_id == 9 &&
		    news.sa.proto == IPPROTO_ESP);
	assert_true(news.sa.replay.words == 2 && news.sa.replay.out == 5 && news.sa.replay.in_high == 8);
	assert_memory_equal(news.sa.replay.window, before.window, 8);
}

static void assert_same_ts(const struct ts *a, const struct ts *b)
{
	assert_true(ipaddr_equal(&a->start, &b->start) && ipaddr_equal(&a->end, &b->end));
	assert_true(a->proto == b->proto && a->port_start == b->port_start && a->port_end == b->port_end);
}

static void test_policy_comes_back(void **state)
{
	struct xfrm_policy policy = policy_out();
	struct xfrm_news news;

	policy.to.port_start = policy.to.port_end = 53;
	assert_true(xfrm_msg_parse(xfrm_msg_policy(buf, &policy), &news));
	assert_int_equal(news.type, XFRM_NEWS_POLICY);
	assert_same_ts(&news.policy.from, &policy.from);
	assert_same_ts(&news.policy.to, &policy.to);
	assert_true(news.policy.where == XFRM_WHERE_OUT && news.policy.reqid == 7 && news.policy.if_id == 9);
	assert_int_equal(news.policy.spi, policy.spi);
}

static struct nlmsghdr *event(uint16_t type, const void *head, size_t len)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	memcpy(mnl_nlmsg_put_extra_header(nlh, len), head, len);
	return nlh;
}

static void test_expire(void **state)
{
	struct xfrm_user_expire expire = {
		.state = {.id = {.spi = htonl(0x1000), .proto = IPPROTO_ESP}, .reqid = 7, .family = AF_INET}};
	struct xfrm_news news;

	assert_true(xfrm_msg_parse(event(XFRM_MSG_EXPIRE, &expire, sizeof(expire)), &news));
	assert_true(news.type == XFRM_NEWS_SOFT_EXPIRE && news.sa.spi == 0x1000 && news.sa.reqid == 7);
	expire.hard = 1;
	assert_true(xfrm_msg_parse(event(XFRM_MSG_EXPIRE, &expire, sizeof(expire)), &news));
	assert_int_equal(news.type, XFRM_NEWS_HARD_EXPIRE);
}

static void test_mapping(void **state)
{
	struct xfrm_user_mapping m = {
		.id = {.spi = htonl(0x1000), .family = AF_INET, .proto = IPPROTO_ESP},
		.old_saddr.a4 = htonl(0xc0000201),
		.old_sport = htons(4500),
		.new_saddr.a4 = htonl(0xc0000207),
		.new_sport = htons(61000),
	};
	struct endpoint moved = at("192.0.2.7", 61000);
	struct xfrm_news news;

	assert_true(xfrm_msg_parse(event(XFRM_MSG_MAPPING, &m, sizeof(m)), &news));
	assert_true(news.type == XFRM_NEWS_MAPPING && news.sa.spi == 0x1000);
	assert_true(endpoint_equal(&news.moved, &moved));
}

static void test_gone_and_flushed(void **state)
{
	struct xfrm_usersa_id id = {.spi = htonl(0x1000), .family = AF_INET6, .proto = IPPROTO_ESP};
	struct xfrm_usersa_info info = {.family = AF_INET6};
	union {
		struct xfrm_replay_state_esn state;
		uint32_t words[sizeof(struct xfrm_replay_state_esn) / 4 + 1]; /* and a window of one */
	} replay = {.state = {.bmp_len = 1, .seq = 77, .replay_window = 32}};
	struct xfrm_userpolicy_id policy = {.index = 8};
	struct xfrm_usersa_flush flush = {.proto = IPPROTO_ESP};
	struct xfrm_news news;
	struct nlmsghdr *nlh;

	replay.words[array_size(replay.words) - 1] = 5;
	assert_true(xfrm_msg_parse(event(XFRM_MSG_DELSA, &id, sizeof(id)), &news));
	assert_true(news.type == XFRM_NEWS_SA_GONE && news.sa.spi == 0x1000 &&
		    IS_IPADDR_V6(&news.sa.path.dst.addr));
	assert_int_equal(news.sa.replay.words, 0);
	nlh = event(XFRM_MSG_DELSA, &id, sizeof(id));
	mnl_attr_put(nlh, XFRMA_SA, sizeof(info), &info);
	mnl_attr_put(nlh, XFRMA_REPLAY_ESN_VAL, sizeof(replay), &replay);
	assert_true(xfrm_msg_parse(nlh, &news));
	assert_true(news.type == XFRM_NEWS_SA_GONE && news.sa.spi == 0x1000 && news.sa.proto == IPPROTO_ESP &&
		    IS_IPADDR_V6(&news.sa.path.dst.addr));
	assert_true(news.sa.replay.words == 1 && news.sa.replay.in == 77 && news.sa.replay.window[0] == 5);
	nlh = event(XFRM_MSG_DELPOLICY, &policy, sizeof(policy));
	mnl_attr_put_u32(nlh, XFRMA_IF_ID, 9);
	assert_true(xfrm_msg_parse(nlh, &news));
	assert_true(news.type == XFRM_NEWS_POLICY_GONE && news.policy.if_id == 9);
	assert_true(xfrm_msg_parse(event(XFRM_MSG_FLUSHSA, &flush, sizeof(flush)), &news));
	assert_int_equal(news.type, XFRM_NEWS_FLUSHED);
	assert_true(xfrm_msg_parse(event(XFRM_MSG_FLUSHPOLICY, &flush, 0), &news));
	assert_int_equal(news.type, XFRM_NEWS_FLUSHED);
	assert_true(
		xfrm_msg_parse(event(XFRM_MSG_NEWSPDINFO, &flush, sizeof(flush)), &news)); /* a type that we don't know */
	assert_int_equal(news.type, XFRM_NEWS_NONE);
}

/* Each message with its fixed part cut at every length: too short is refused, and read not one byte further (ASan). */
static void test_too_short(void **state)
{
	static const struct {
		uint16_t type;
		size_t len;
	} rows[] = {
		{XFRM_MSG_NEWSA, sizeof(struct xfrm_usersa_info)},
		{XFRM_MSG_UPDSA, sizeof(struct xfrm_usersa_info)},
		{XFRM_MSG_NEWPOLICY, sizeof(struct xfrm_userpolicy_info)},
		{XFRM_MSG_UPDPOLICY, sizeof(struct xfrm_userpolicy_info)},
		{XFRM_MSG_EXPIRE, sizeof(struct xfrm_user_expire)},
		{XFRM_MSG_MAPPING, sizeof(struct xfrm_user_mapping)},
		{XFRM_MSG_DELSA, sizeof(struct xfrm_usersa_id)},
		{XFRM_MSG_DELPOLICY, sizeof(struct xfrm_userpolicy_id)},
	};
	struct xfrm_news news;

	for (size_t i = 0; i < array_size(rows); i++) {
		for (size_t n = 0; n <= rows[i].len; n++) {
			size_t size = MNL_NLMSG_HDRLEN + n;
			struct nlmsghdr *nlh = calloc(1, size);

			nlh->nlmsg_len = (uint32_t)size;
			nlh->nlmsg_type = rows[i].type;
			assert_int_equal(xfrm_msg_parse(nlh, &news), n == rows[i].len);
			free(nlh);
		}
	}
}

/* An attribute of a wrong length is none. */
static void test_short_attributes(void **state)
{
	static const int types[] = {XFRMA_IF_ID, XFRMA_LASTUSED, XFRMA_ENCAP, XFRMA_REPLAY_ESN_VAL};
	struct xfrm_usersa_info info = {.family = AF_INET};
	struct xfrm_replay_state_esn replay = {.bmp_len = 129, .oseq = 5};
	struct xfrm_news news;
	struct nlmsghdr *nlh;

	for (size_t i = 0; i < array_size(types); i++)
		for (uint16_t len = 0; len < 4; len++) {
			nlh = event(XFRM_MSG_NEWSA, &info, sizeof(info));
			mnl_attr_put(nlh, (uint16_t)types[i], len, "\xff\xff\xff\xff");
			assert_true(xfrm_msg_parse(nlh, &news));
			assert_true(news.sa.if_id == 0 && news.sa.use_time_s == 0 &&
				    news.sa.path.src.port == 0);
			assert_int_equal(news.sa.replay.words, 0);
		}
	for (uint32_t words = 1; words <= 129; words += 128) { /* more words than are there, than we hold */
		replay.bmp_len = words;
		nlh = event(XFRM_MSG_NEWSA, &info, sizeof(info));
		mnl_attr_put(nlh, XFRMA_REPLAY_ESN_VAL, sizeof(replay), &replay);
		assert_true(xfrm_msg_parse(nlh, &news));
		assert_int_equal(news.sa.replay.words, 0);
	}
}

/*
 * --- the end of an answer --------------------------------------------------------------------------------
 */

static void test_end(void **state)
{
	struct nlmsgerr error = {.error = -ENOENT};
	struct nlmsghdr *nlh = event(NLMSG_ERROR, &error, sizeof(error));
	char why[64] = "before";
	int err = 1;

	assert_true(xfrm_msg_is_end(nlh, &err, why, sizeof(why)));
	assert_int_equal(err, -ENOENT);
	assert_string_equal(why, "");
	nlh->nlmsg_flags = NLM_F_ACK_TLVS | NLM_F_CAPPED;
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "no such thing");
	assert_true(xfrm_msg_is_end(nlh, &err, why, sizeof(why)));
	assert_string_equal(why, "no such thing");
	nlh = event(NLMSG_DONE, &err, 0);
	assert_true(xfrm_msg_is_end(nlh, &err, why, sizeof(why)));
	assert_int_equal(err, 0);
	nlh = event(NLMSG_ERROR, &error, 8); /* too short: no end */
	assert_false(xfrm_msg_is_end(nlh, &err, why, sizeof(why)));
	nlh = event(XFRM_MSG_NEWSA, &error, 4);
	assert_false(xfrm_msg_is_end(nlh, &err, why, sizeof(why)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sa_bytes),
		cmocka_unit_test(test_sa_aead),
		cmocka_unit_test(test_sa_cbc),
		cmocka_unit_test(test_sa_refused),
		cmocka_unit_test(test_sa_encap_and_limits),
		cmocka_unit_test(test_sa_window),
		cmocka_unit_test(test_sa_goes_on),
		cmocka_unit_test(test_sa_largest_fits),
		cmocka_unit_test(test_sa_named),
		cmocka_unit_test(test_selector_fits),
		cmocka_unit_test(test_policy_bytes),
		cmocka_unit_test(test_policy_named),
		cmocka_unit_test(test_sa_comes_back),
		cmocka_unit_test(test_policy_comes_back),
		cmocka_unit_test(test_expire),
		cmocka_unit_test(test_mapping),
		cmocka_unit_test(test_gone_and_flushed),
		cmocka_unit_test(test_too_short),
		cmocka_unit_test(test_short_attributes),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
