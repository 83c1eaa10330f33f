// SPDX-License-Identifier: GPL-2.0-or-later
/* ICMP inside the tunnel, see inner_icmp.h. */
#include <zebra.h>

#include "bgpvpnd/dplane/tun/inner_icmp.h"

#define ICMP4_ECHO_REPLY   0
#define ICMP4_UNREACHABLE  3
#define ICMP4_FRAG_NEEDED  4
#define ICMP4_ECHO_REQUEST 8
#define ICMP6_TOO_BIG	   2
#define ICMP6_ECHO_REQUEST 128
#define ICMP6_ECHO_REPLY   129

#define HOP_LIMIT 64

/* RFC 4443 2.4 (c): as much of the packet as fits the minimum MTU; RFC 1812 4.3.2.3: not above 576. */
#define QUOTE_V4 (576 - 20 - 8)
#define QUOTE_V6 (1280 - 40 - 8)

bool inner_echo_decode(const struct inner_ip *ip, struct inner_echo *echo)
{
	uint8_t proto = ip->version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	uint8_t request = ip->version == 4 ? ICMP4_ECHO_REQUEST : ICMP6_ECHO_REQUEST;
	uint8_t reply = ip->version == 4 ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY;
	struct rd rd = rd_of(ip->upper);
	struct inner_echo found;
	uint8_t type, code;

	if (ip->proto != proto || ip->fragment)
		return false;
	if (!rd_u8(&rd, &type) || !rd_u8(&rd, &code) || !rd_skip(&rd, 2) || !rd_u16(&rd, &found.id) ||
	    !rd_u16(&rd, &found.seq))
		return false;
	if (code != 0 || (type != request && type != reply))
		return false;
	found.reply = type == reply;
	found.payload = rd_rest(&rd);
	*echo = found;
	return true;
}

static void ipv4_header(struct wr *wr, struct bytes src, struct bytes dst, size_t upper)
{
	size_t start = wr->len;
	struct wr check;
	uint16_t sum;

	wr_u8(wr, 0x45);
	wr_u8(wr, 0);
	wr_u16(wr, 20 + upper);
	wr_u32(wr, 0); /* RFC 6864: an atomic packet needs no identification */
	wr_u8(wr, HOP_LIMIT);
	wr_u8(wr, IPPROTO_ICMP);
	wr_u16(wr, 0);
	wr_bytes(wr, src);
	wr_bytes(wr, dst);
	if (wr->failed)
		return;
	sum = inner_checksum(bytes_make(wr->buf + start, wr->len - start), bytes_make(NULL, 0));
	check = wr_of(wr->buf + start + 10, 2);
	wr_u16(&check, sum);
}

static void ipv6_header(struct wr *wr, struct bytes src, struct bytes dst, size_t upper)
{
	wr_u32(wr, UINT32_C(6) << 28);
	wr_u16(wr, upper);
	wr_u8(wr, IPPROTO_ICMPV6);
	wr_u8(wr, HOP_LIMIT);
	wr_bytes(wr, src);
	wr_bytes(wr, dst);
}

static void ip_header(struct wr *wr, struct bytes src, struct bytes dst, size_t upper)
{
	if (src.n == 4)
		ipv4_header(wr, src, dst, upper);
	else
		ipv6_header(wr, src, dst, upper);
}

/* RFC 4443 2.3: ICMPv6 covers a pseudo header too; ICMP does not. */
static void checksum_fill(struct wr *wr, size_t at, struct bytes src, struct bytes dst)
{
	struct bytes message = bytes_make(wr->buf + at, wr->len - at);
	uint8_t pseudo[40];
	struct wr header = wr_of(pseudo, sizeof(pseudo));
	struct wr check = wr_of(wr->buf + at + 2, 2);

	if (wr->failed)
		return;
	if (src.n == 16) {
		wr_bytes(&header, src);
		wr_bytes(&header, dst);
		wr_u32(&header, message.n);
		wr_u32(&header, IPPROTO_ICMPV6);
	}
	wr_u16(&check, inner_checksum(wr_bytes_view(&header), message));
}

void inner_echo_encode(struct wr *wr, struct bytes src, struct bytes dst, const struct inner_echo *echo)
{
	uint8_t request = src.n == 4 ? ICMP4_ECHO_REQUEST : ICMP6_ECHO_REQUEST;
	uint8_t reply = src.n == 4 ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY;
	size_t at;

	ip_header(wr, src, dst, 8 + echo->payload.n);
	at = wr->len;
	wr_u8(wr, echo->reply ? reply : request);
	wr_u8(wr, 0);
	wr_u16(wr, 0);
	wr_u16(wr, echo->id);
	wr_u16(wr, echo->seq);
	wr_bytes(wr, echo->payload);
	checksum_fill(wr, at, src, dst);
}

void inner_too_big_encode(struct wr *wr, struct bytes packet, const struct inner_ip *ip, uint32_t mtu)
{
	bool v4 = ip->version == 4;
	struct bytes quote = bytes_make(packet.p, MIN(ip->len, (size_t)(v4 ? QUOTE_V4 : QUOTE_V6)));
	size_t at;

	ip_header(wr, ip->dst, ip->src, 8 + quote.n);
	at = wr->len;
	wr_u8(wr, v4 ? ICMP4_UNREACHABLE : ICMP6_TOO_BIG);
	wr_u8(wr, v4 ? ICMP4_FRAG_NEEDED : 0);
	wr_u16(wr, 0);
	wr_u32(wr, v4 ? MIN(mtu, (uint32_t)UINT16_MAX) : mtu); /* RFC 1191 4: the low 16 bits */
	wr_bytes(wr, quote);
	checksum_fill(wr, at, ip->dst, ip->src);
}
