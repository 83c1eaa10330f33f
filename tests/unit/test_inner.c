// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the user-space plane does with the packet inside: decoding, traffic selectors, ICMP of its own, MSS
 * clamp.
 */
#include <zebra.h>

#include "lib/prefix.h"

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/esp_ends.h"
#include "tests/helpers/exact.h"

#include "bgpvpnd/dplane/inside.h"
#include "bgpvpnd/dplane/tun/inner_icmp.h"
#include "bgpvpnd/dplane/tun/inner_mss.h"

/*
 * --- decoding --------------------------------------------------------------------------------------------

 */

static void test_decode_v4(void **state)
{
	uint8_t buf[100];
	struct bytes packet = esp_inner_v4(buf, sizeof(buf), 20);
	struct inner_ip ip;

	assert_true(inner_ip_decode(packet, &ip));
	assert_int_equal(ip.version, 4);
	assert_int_equal(ip.proto, IPPROTO_UDP);
	assert_int_equal(ip.dscp, 46);
	assert_true(ip.df);
	assert_false(ip.fragment);
	assert_int_equal(ip.len, 48);
	assert_true(bytes_equal(ip.src, BYTES(192, 0, 2, 1)));
	assert_true(bytes_equal(ip.dst, BYTES(198, 51, 100, 2)));
	assert_ptr_equal(ip.upper.p, buf + 20);
	assert_int_equal(ip.upper.n, 28);
}

static void test_cut_at_every_length(void **state)
{
	uint8_t buf[100];

	for (int v6 = 0; v6 < 2; v6++) {
		struct bytes packet =
			v6 ? esp_inner_v6(buf, sizeof(buf), 9) : esp_inner_v4(buf, sizeof(buf), 9);
		struct inner_ip ip;

		for (size_t n = 0; n < packet.n; n++) {
			struct bytes cut = exact_copy(bytes_make(packet.p, n));

			assert_false(inner_ip_decode(cut, &ip));
			exact_free(cut);
		}
		assert_true(inner_ip_decode(packet, &ip));
	}
}

static void test_headers_that_lie(void **state)
{
	uint8_t buf[100];
	struct bytes packet = esp_inner_v4(buf, sizeof(buf), 20);
	struct inner_ip ip;

	buf[0] = 0x44; /* header of 16 bytes */
	assert_false(inner_ip_decode(packet, &ip));
	buf[0] = 0x4f; /* of 60, more than the packet */
	assert_false(inner_ip_decode(packet, &ip));
	buf[0] = 0x55; /* version 5 */
	assert_false(inner_ip_decode(packet, &ip));
	buf[0] = 0x45;
	buf[3] = 19; /* shorter than its header */
	assert_false(inner_ip_decode(packet, &ip));
	buf[3] = 20;
	assert_true(inner_ip_decode(packet, &ip));
	assert_int_equal(ip.len, 20);
}

static void test_v6_extensions(void **state)
{
	/* hop-by-hop of 8, a fragment header at offset 0 with M, then UDP */
	uint8_t packet[40 + 8 + 8 + 8] = {0x6a, 0xc0, 0, 0, 0, 24, IPPROTO_HOPOPTS, 64};
	struct inner_ip ip;

	packet[40] = IPPROTO_FRAGMENT;
	packet[48] = IPPROTO_UDP;
	packet[51] = 1;
	assert_true(inner_ip_decode(BYTES_OF(packet), &ip));
	assert_int_equal(ip.dscp, 43);
	assert_int_equal(ip.proto, IPPROTO_UDP);
	assert_true(ip.fragment);
	assert_false(ip.later_fragment);
	assert_ptr_equal(ip.upper.p, packet + 56);

	packet[51] = 0x08; /* offset 8 bytes */
	assert_true(inner_ip_decode(BYTES_OF(packet), &ip));
	assert_true(ip.later_fragment);

	packet[41] = 255; /* a hop-by-hop header longer than the packet */
	assert_true(inner_ip_decode(BYTES_OF(packet), &ip));
	assert_int_equal(ip.proto, IPPROTO_HOPOPTS);
}

/*
 * --- traffic selectors -----------------------------------------------------------------------------------

 */

static struct ts selector(const char *start, const char *end, uint8_t proto, uint16_t from, uint16_t to)
{
	struct ts ts = {.proto = proto, .port_start = from, .port_end = to};

	assert_int_equal(str2ipaddr(start, &ts.start), 0);
	assert_int_equal(str2ipaddr(end, &ts.end), 0);
	return ts;
}

static bool out_allowed(struct ts local, struct ts remote, struct bytes packet)
{
	struct ts_list locals = {.ts = {local}, .n = 1}, remotes = {.ts = {remote}, .n = 1};
	struct inner_selectors s;
	struct inner_ip ip;

	inner_selectors_init(&s, &locals, &remotes);
	assert_true(inner_ip_decode(packet, &ip));
	assert_false(inner_selectors_allow_in(
		&s, &ip)); /* the packets of this test never fit the other way round */
	return inner_selectors_allow_out(&s, &ip);
}

/* 192.0.2.1:1000 -> 198.51.100.2:2000 */
static void test_selectors(void **state)
{
	struct ts remote = selector("198.51.100.2", "198.51.100.2", 0, 0, 65535);
	uint8_t buf[100];
	struct bytes p = esp_inner_v4(buf, sizeof(buf), 20);

	assert_true(out_allowed(selector("192.0.2.0", "192.0.2.255", 0, 0, 65535), remote, p));
	assert_true(out_allowed(selector("192.0.2.1", "192.0.2.1", 0, 0, 65535), remote, p));
	assert_false(out_allowed(selector("192.0.2.2", "192.0.2.255", 0, 0, 65535), remote, p));
	assert_false(out_allowed(selector("191.0.0.0", "192.0.2.0", 0, 0, 65535), remote, p));
	assert_true(out_allowed(selector("192.0.2.1", "192.0.2.1", IPPROTO_UDP, 0, 65535), remote, p));
	assert_false(out_allowed(selector("192.0.2.1", "192.0.2.1", IPPROTO_TCP, 0, 65535), remote, p));
	assert_true(out_allowed(selector("192.0.2.1", "192.0.2.1", IPPROTO_UDP, 1000, 1000), remote, p));
	assert_false(out_allowed(selector("192.0.2.1", "192.0.2.1", IPPROTO_UDP, 1001, 2000), remote, p));
	assert_false(out_allowed(selector("::", "ffff::", 0, 0, 65535), remote, p));

	buf[7] = 1; /* a later fragment has no ports */
	assert_true(out_allowed(selector("192.0.2.1", "192.0.2.1", IPPROTO_UDP, 0, 65535), remote, p));
	assert_false(out_allowed(selector("192.0.2.1", "192.0.2.1", IPPROTO_UDP, 1000, 1000), remote, p));
}

static void test_any_is_per_family(void **state)
{
	struct ts_list any, v4;
	struct inner_selectors s;
	struct inner_ip ip;
	uint8_t buf[100];

	ts_list_any(&any);
	v4 = any;
	v4.n = 1;
	inner_selectors_init(&s, &any, &v4);
	assert_true(s.any_v4);
	assert_false(s.any_v6);
	assert_true(inner_ip_decode(esp_inner_v6(buf, sizeof(buf), 1), &ip));
	assert_false(inner_selectors_allow_out(&s, &ip));
	assert_false(inner_selectors_allow_in(&s, &ip));
}

/*
 * --- ICMP ------------------------------------------------------------------------------------------------

 */

/* A correct checksum sums up to all ones, that is, its complement is 0. */
static void assert_checksums(struct bytes packet)
{
	struct inner_ip ip;
	uint8_t pseudo[40] = {};
	size_t n = 0;

	assert_true(inner_ip_decode(packet, &ip));
	if (ip.version == 4) {
		assert_int_equal(inner_checksum(bytes_make(packet.p, 20), BYTES()), 0);
	} else {
		memcpy(pseudo, ip.src.p, 16);
		memcpy(pseudo + 16, ip.dst.p, 16);
		pseudo[34] = (uint8_t)(ip.upper.n >> 8);
		pseudo[35] = (uint8_t)ip.upper.n;
		pseudo[39] = ip.proto;
		n = sizeof(pseudo);
	}
	assert_int_equal(inner_checksum(bytes_make(pseudo, n), ip.upper), 0);
}

static void echo_round_trip(const char *src_text, const char *dst_text, bool reply, size_t payload)
{
	uint8_t buf[200], data[64] = {1, 2, 3};
	struct inner_echo echo = {.reply = reply,
				  .id = 0x1234,
				  .seq = 0xfffe,
				  .payload = bytes_make(data, payload)},
			  back;
	struct wr wr = wr_of(buf, sizeof(buf));
	struct ipaddr src, dst;
	struct inner_ip ip;

	assert_int_equal(str2ipaddr(src_text, &src), 0);
	assert_int_equal(str2ipaddr(dst_text, &dst), 0);
	inner_echo_encode(&wr, ipaddr_bytes(&src), ipaddr_bytes(&dst), &echo);
	assert_false(wr.failed);
	assert_checksums(wr_bytes_view(&wr));
	assert_true(inner_ip_decode(wr_bytes_view(&wr), &ip));
	assert_true(bytes_equal(ip.src, ipaddr_bytes(&src)));
	assert_true(bytes_equal(ip.dst, ipaddr_bytes(&dst)));
	assert_true(inner_echo_decode(&ip, &back));
	assert_int_equal(back.reply, reply);
	assert_int_equal(back.id, 0x1234);
	assert_int_equal(back.seq, 0xfffe);
	assert_true(bytes_equal(back.payload, echo.payload));
}

static void test_echo(void **state)
{
	for (size_t n = 0; n < 10; n++) {
		echo_round_trip("169.254.10.1", "169.254.10.2", n % 2, n);
		echo_round_trip("2001:db8::1", "2001:db8::2", n % 2, n);
	}
}

static void test_not_an_echo(void **state)
{
	uint8_t buf[200];
	struct wr wr = wr_of(buf, sizeof(buf));
	struct inner_echo echo = {}, back;
	struct inner_ip ip;

	inner_echo_encode(&wr, BYTES(10, 0, 0, 1), BYTES(10, 0, 0, 2), &echo);
	buf[20] = 3;
	assert_true(inner_ip_decode(wr_bytes_view(&wr), &ip));
	assert_false(inner_echo_decode(&ip, &back));
	buf[20] = 8;
	buf[6] = 0x20; /* more fragments */
	assert_true(inner_ip_decode(wr_bytes_view(&wr), &ip));
	assert_false(inner_echo_decode(&ip, &back));
	assert_true(inner_ip_decode(esp_inner_v4(buf, sizeof(buf), 20), &ip));
	assert_false(inner_echo_decode(&ip, &back));
}

static void test_too_big(void **state)
{
	uint8_t packet[3000], buf[1280];
	struct wr wr = wr_of(buf, sizeof(buf));
	struct bytes inner = esp_inner_v4(packet, sizeof(packet), 1600);
	struct inner_ip ip, answer;

	assert_true(inner_ip_decode(inner, &ip));
	inner_too_big_encode(&wr, inner, &ip, 1400);
	assert_false(wr.failed);
	assert_checksums(wr_bytes_view(&wr));
	assert_true(inner_ip_decode(wr_bytes_view(&wr), &answer));
	assert_int_equal(answer.len, 576);
	assert_true(bytes_equal(answer.dst, ip.src));
	assert_true(bytes_equal(bytes_make(answer.upper.p, 2), BYTES(3, 4)));
	assert_true(bytes_equal(bytes_make(answer.upper.p + 4, 4), BYTES(0, 0, 1400 >> 8, 1400 & 0xff)));
	assert_memory_equal(answer.upper.p + 8, inner.p, 548);

	wr = wr_of(buf, sizeof(buf));
	inner = esp_inner_v6(packet, sizeof(packet), 1600);
	assert_true(inner_ip_decode(inner, &ip));
	inner_too_big_encode(&wr, inner, &ip, 1400);
	assert_false(wr.failed);
	assert_checksums(wr_bytes_view(&wr));
	assert_true(inner_ip_decode(wr_bytes_view(&wr), &answer));
	assert_int_equal(answer.len, 1280);
	assert_true(bytes_equal(bytes_make(answer.upper.p, 2), BYTES(2, 0)));
}

static void other_host(const char *prefix_text, const char *want)
{
	struct ipaddr self, other, expected;
	struct prefix prefix;

	assert_int_equal(str2prefix(prefix_text, &prefix), 1);
	if (!want) {
		assert_false(inside_other_host(&prefix, &self, &other));
		return;
	}
	assert_int_equal(str2ipaddr(want, &expected), 0);
	assert_true(inside_other_host(&prefix, &self, &other));
	assert_true(ipaddr_equal(&other, &expected));
	assert_memory_equal(&self.ip, &prefix.u, ipaddr_bytes(&self).n);
}

static void test_other_host(void **state)
{
	other_host("169.254.10.1/30", "169.254.10.2");
	other_host("169.254.10.2/30", "169.254.10.1");
	other_host("169.254.10.0/30", NULL);
	other_host("169.254.10.3/30", NULL);
	other_host("169.254.10.4/31", "169.254.10.5");
	other_host("169.254.10.5/31", "169.254.10.4");
	other_host("169.254.10.1/29", NULL);
	other_host("169.254.10.1/32", NULL);
	other_host("2001:db8::1/126", "2001:db8::2");
	other_host("2001:db8::6/126", "2001:db8::5");
	other_host("2001:db8::/127", "2001:db8::1");
	other_host("2001:db8::1/64", NULL);
}

/*
 * --- MSS -------------------------------------------------------------------------------------------------

 */

/* A SYN with these options over IPv4, with a right checksum. */
static struct bytes syn(uint8_t *buf, size_t cap, struct bytes options, uint8_t flags)
{
	struct wr wr = wr_of(buf, cap), check;
	uint8_t pseudo[12] = {10, 0, 0, 1, 10, 0, 0, 2, 0, IPPROTO_TCP, 0, (uint8_t)(20 + options.n)};

	wr_u32(&wr, 0x45000000 + 40 + options.n);
	wr_u32(&wr, 0);
	wr_u32(&wr, 64 << 24 | IPPROTO_TCP << 16);
	wr_u32(&wr, 0x0a000001);
	wr_u32(&wr, 0x0a000002);
	wr_u32(&wr, 0x00500051);
	wr_u64(&wr, 0);
	wr_u8(&wr, ((20 + options.n) / 4) << 4);
	wr_u8(&wr, flags);
	wr_u16(&wr, 0xffff);
	wr_u32(&wr, 0);
	wr_bytes(&wr, options);
	assert_false(wr.failed);
	check = wr_of(buf + 36, 2);
	wr_u16(&check, inner_checksum(BYTES_OF(pseudo), bytes_make(buf + 20, 20 + options.n)));
	return wr_bytes_view(&wr);
}

static bool clamp(uint8_t *buf, struct bytes packet, uint16_t mss)
{
	uint8_t pseudo[12] = {10, 0, 0, 1, 10, 0, 0, 2, 0, IPPROTO_TCP, 0, (uint8_t)(packet.n - 20)};
	struct inner_ip ip;
	bool changed;

	assert_true(inner_ip_decode(packet, &ip));
	changed = inner_mss_clamp(buf, &ip, mss);
	assert_int_equal(inner_checksum(BYTES_OF(pseudo), bytes_make(buf + 20, packet.n - 20)), 0);
	return changed;
}

static void test_mss(void **state)
{
	uint8_t buf[100];

	/* 1460 -> 1360; smaller and equal stay */
	assert_true(clamp(buf, syn(buf, sizeof(buf), BYTES(2, 4, 5, 0xb4), 0x02), 1360));
	assert_true(bytes_equal(bytes_make(buf + 42, 2), BYTES(5, 0x50)));
	assert_false(clamp(buf, syn(buf, sizeof(buf), BYTES(2, 4, 5, 0xb4), 0x12), 1460));
	assert_false(clamp(buf, syn(buf, sizeof(buf), BYTES(2, 4, 2, 0), 0x02), 1360));
	/* at an odd place, behind a NOP, on a SYN ACK */
	assert_true(clamp(buf, syn(buf, sizeof(buf), BYTES(1, 2, 4, 0xff, 0xff, 0, 0, 0), 0x12), 1360));
	assert_true(bytes_equal(bytes_make(buf + 43, 2), BYTES(5, 0x50)));
	/* behind another option */
	assert_true(clamp(buf, syn(buf, sizeof(buf), BYTES(8, 4, 9, 9, 2, 4, 0x23, 0), 0x02), 536));
	/* no SYN, no option, options that lie */
	assert_false(clamp(buf, syn(buf, sizeof(buf), BYTES(2, 4, 5, 0xb4), 0x10), 1360));
	assert_false(clamp(buf, syn(buf, sizeof(buf), BYTES(), 0x02), 1360));
	assert_false(clamp(buf, syn(buf, sizeof(buf), BYTES(8, 0, 2, 4), 0x02), 1360));
	assert_false(clamp(buf, syn(buf, sizeof(buf), BYTES(0, 2, 4, 255), 0x02), 100));
	assert_false(clamp(buf, syn(buf, sizeof(buf), BYTES(1, 1, 2, 4), 0x02), 100));
	assert_false(clamp(buf, syn(buf, sizeof(buf), BYTES(1, 1, 8, 200), 0x02), 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode_v4),
		cmocka_unit_test(test_cut_at_every_length),
		cmocka_unit_test(test_headers_that_lie),
		cmocka_unit_test(test_v6_extensions),
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_any_is_per_family),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_not_an_echo),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_other_host),
		cmocka_unit_test(test_mss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
