// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Auto MTU and MSS against the table that AWS publishes for its Site-to-Site VPN, and against packing by
 * hand.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"

#include "bgpvpnd/tunnel/tunnel_mtu.h"

#define GCM  IKE_ENCR_AES_GCM_16, IKE_INTEG_NONE
#define SHA1 IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA1_96
#define S256 IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_256_128
#define S384 IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_384_192
#define S512 IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_512_256

/*
 * The outer packet that an inner one of n bytes becomes, packed as RFC 4303 2 draws it. In transport mode
 * the outer header is IPIP's or GRE's own.
 */
static uint32_t outer_len(const struct tunnel_mtu_outer *o, uint32_t n)
{
	bool cbc = o->encr == IKE_ENCR_AES_CBC;
	uint32_t block = cbc ? 16 : 4;
	uint32_t iv = cbc ? 16 : 8;
	uint32_t icv = cbc ? 0 : 16;
	uint32_t text = n + (o->kind == DPLANE_KIND_GRE ? 4 : 0);

	while ((text + 2) % block)
		text++;
	if (o->integ == IKE_INTEG_HMAC_SHA1_96)
		icv = 12;
	if (o->integ == IKE_INTEG_HMAC_SHA2_256_128)
		icv = 16;
	if (o->integ == IKE_INTEG_HMAC_SHA2_384_192)
		icv = 24;
	if (o->integ == IKE_INTEG_HMAC_SHA2_512_256)
		icv = 32;
	return (o->ipv6 ? 40 : 20) + (o->udp ? 8 : 0) + 8 + iv + text + 2 + icv;
}

/*
 * The table of AWS's user guide ("your customer gateway device"), for a path of 1500. AWS rounds nothing: each
 * of its numbers is what RFC 4303 packs into 1500 bytes, and one byte more is too many. Its last column is
 * IPv6 inside of IPv4.
 */
static void aws_table(void **state)
{
	static const struct {
		uint16_t encr, integ;
		bool udp;
		uint32_t mtu;
		uint16_t mss_v4, mss_v6;
	} rows[] = {
		{GCM, false, 1446, 1406, 1386},	 {GCM, true, 1438, 1398, 1378},
		{SHA1, false, 1438, 1398, 1378}, {SHA1, true, 1422, 1382, 1362},
		{S256, false, 1438, 1398, 1378}, {S256, true, 1422, 1382, 1362},
		{S384, false, 1422, 1382, 1362}, {S384, true, 1422, 1382, 1362},
		{S512, false, 1422, 1382, 1362}, {S512, true, 1406, 1366, 1346},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct tunnel_mtu_outer outer = {.path_mtu = 1500, .udp = rows[i].udp};

		outer.encr = rows[i].encr;
		outer.integ = rows[i].integ;
		assert_int_equal(tunnel_mtu_inner(&outer), rows[i].mtu);
		assert_true(outer_len(&outer, rows[i].mtu) <= 1500);
		assert_true(outer_len(&outer, rows[i].mtu + 1) > 1500);
		assert_int_equal(tunnel_mtu_mss(rows[i].mtu, false), rows[i].mss_v4);
		assert_int_equal(tunnel_mtu_mss(rows[i].mtu, true), rows[i].mss_v6);
	}
}

/* The result fits, and one byte more does not. */
static void exact_for_every_path(void **state)
{
	static const uint16_t suites[][2] = {
		{GCM}, {SHA1}, {S384}, {S512}, {IKE_ENCR_CHACHA20_POLY1305, IKE_INTEG_NONE}};

	for (uint32_t path = 576; path < 1600; path++)
		for (unsigned int i = 0; i < 8 * array_size(suites); i++) {
			struct tunnel_mtu_outer outer = {.path_mtu = path, .ipv6 = i & 1, .udp = i & 2};
			uint32_t mtu;

			outer.kind = i & 4 ? DPLANE_KIND_GRE : DPLANE_KIND_IPIP;
			outer.encr = suites[i / 8][0];
			outer.integ = suites[i / 8][1];
			mtu = tunnel_mtu_inner(&outer);
			assert_true(outer_len(&outer, mtu) <= path);
			assert_true(outer_len(&outer, mtu + 1) > path);
		}
}

static void propose(struct ike_conn_cfg *cfg, uint16_t encr, uint16_t integ)
{
	struct ike_proposal_cfg *p = &cfg->esp[cfg->num_esp++];

	p->transforms[p->num++] = (struct ike_transform_cfg){.type = IKE_TRANSFORM_ENCR, .id = encr};
	if (integ)
		p->transforms[p->num++] =
			(struct ike_transform_cfg){.type = IKE_TRANSFORM_INTEG, .id = integ};
}

/* GRE and IPIP over ESP in transport mode: of the same length outside as tunnel mode, less GRE's own header inside. */
static void kinds(void **state)
{
	struct tunnel_mtu_outer outer = {.path_mtu = 1500, .encr = IKE_ENCR_AES_GCM_16};

	for (outer.kind = DPLANE_KIND_AUTO; outer.kind <= DPLANE_KIND_IPIP; outer.kind++)
		assert_int_equal(tunnel_mtu_inner(&outer), outer.kind == DPLANE_KIND_GRE ? 1442 : 1446);
	outer.kind = DPLANE_KIND_GRE;
	outer.ipv6 = true;
	assert_int_equal(tunnel_mtu_inner(&outer), 1422);
}

static uint32_t before(const struct ike_conn_cfg *cfg)
{
	return tunnel_mtu_expected(cfg, DPLANE_KIND_AUTO, true);
}

/* Before negotiation: no proposal may turn out smaller. */
static void expected(void **state)
{
	struct ike_conn_cfg cfg = {.remote.ipa_type = IPADDR_V4};

	assert_int_equal(before(&cfg), 1406);
	propose(&cfg, GCM);
	assert_int_equal(before(&cfg), 1438);
	propose(&cfg, S256);
	assert_int_equal(before(&cfg), 1422);
	propose(&cfg, S512);
	assert_int_equal(before(&cfg), 1406);
	cfg.remote.ipa_type = IPADDR_V6;
	assert_int_equal(before(&cfg), 1390);
	/* any peer: it may come over IPv6, unless our own address says that it cannot */
	cfg.remote.ipa_type = IPADDR_NONE;
	assert_int_equal(before(&cfg), 1390);
	cfg.local.ipa_type = IPADDR_V4;
	assert_int_equal(before(&cfg), 1406);
	/* a plane whose ESP is in UDP only behind a NAT, or when told so */
	assert_int_equal(tunnel_mtu_expected(&cfg, DPLANE_KIND_AUTO, false), 1422);
	assert_int_equal(tunnel_mtu_expected(&cfg, DPLANE_KIND_GRE, false), 1418);
	cfg.nat_force = true;
	assert_int_equal(tunnel_mtu_expected(&cfg, DPLANE_KIND_AUTO, false), 1406);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aws_table),
		cmocka_unit_test(exact_for_every_path),
		cmocka_unit_test(kinds),
		cmocka_unit_test(expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
