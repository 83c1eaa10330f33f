// SPDX-License-Identifier: GPL-2.0-or-later
/* MSS clamp, see inner_mss.h. */
#include <zebra.h>

#include "bgpvpnd/dplane/tun/inner_mss.h"

#define TCP_HEADER_MIN	20
#define TCP_SYN		0x02
#define TCP_OPTION_END	0
#define TCP_OPTION_NOP	1
#define TCP_OPTION_MSS	2
#define TCP_CHECKSUM_AT 16

struct tcp_syn {
	struct rd options;
	uint16_t checksum;
};

static bool tcp_syn_decode(const struct inner_ip *ip, struct tcp_syn *syn)
{
	struct rd rd = rd_of(ip->upper);
	uint8_t offset, flags;

	if (ip->proto != IPPROTO_TCP || ip->later_fragment)
		return false;
	if (!rd_skip(&rd, 12) || !rd_u8(&rd, &offset) || !rd_u8(&rd, &flags) || !rd_skip(&rd, 2) ||
	    !rd_u16(&rd, &syn->checksum) || !rd_skip(&rd, 2))
		return false;
	if (!(flags & TCP_SYN) || (offset >> 4) * 4 < TCP_HEADER_MIN)
		return false;
	return rd_sub(&rd, (size_t)(offset >> 4) * 4 - TCP_HEADER_MIN, &syn->options);
}

/* The two value bytes of the MSS option. */
static bool mss_option(struct rd options, struct bytes *value)
{
	uint8_t kind, len;

	while (rd_u8(&options, &kind) && kind != TCP_OPTION_END) {
		if (kind == TCP_OPTION_NOP)
			continue;
		if (!rd_u8(&options, &len) || len < 2)
			return false;
		if (kind == TCP_OPTION_MSS && len == 4)
			return rd_bytes(&options, 2, value);
		if (!rd_skip(&options, len - 2))
			return false;
	}
	return false;
}

/* RFC 1624 (eqn. 3): HC' = ~(~HC + ~m + m'). */
static uint16_t checksum_update(uint16_t checksum, uint16_t from, uint16_t to)
{
	uint32_t sum = (uint16_t)~checksum + (uint32_t)(uint16_t)~from + to;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* A 16-bit value that starts at an odd offset weighs the other way round in the sum. */
static uint16_t weigh(uint16_t v, bool odd)
{
	return odd ? (uint16_t)(v << 8 | v >> 8) : v;
}

static void put_u16(uint8_t *at, uint16_t v)
{
	struct wr wr = wr_of(at, 2);

	wr_u16(&wr, v);
}

bool inner_mss_clamp(uint8_t *packet, const struct inner_ip *ip, uint16_t mss)
{
	size_t tcp = (size_t)(ip->upper.p - packet);
	struct tcp_syn syn;
	struct bytes value;
	uint16_t old;
	struct rd rd;
	bool odd;

	if (!tcp_syn_decode(ip, &syn) || !mss_option(syn.options, &value))
		return false;
	rd = rd_of(value);
	if (!rd_u16(&rd, &old) || old <= mss)
		return false;
	odd = (value.p - ip->upper.p) & 1;
	put_u16(packet + (value.p - packet), mss);
	put_u16(packet + tcp + TCP_CHECKSUM_AT,
		checksum_update(syn.checksum, weigh(old, odd), weigh(mss, odd)));
	return true;
}
