// SPDX-License-Identifier: GPL-2.0-or-later
/* The packet inside the tunnel, see inner_ip.h. */
#include <zebra.h>

#include "bgpvpnd/dplane/tun/inner_ip.h"

#define IPV4_HEADER_MIN 20
#define IPV4_DF		0x4000
#define IPV4_MF		0x2000
#define IPV4_OFFSET	0x1fff
#define IPV6_MORE	0x0001
#define IPV6_OFFSET	0xfff8

/* RFC 8200 4.1 recommends an order in which none but one comes twice; more is somebody playing. */
#define IPV6_EXTENSIONS_MAX 8

static bool ipv4_fields(struct rd *rd, struct inner_ip *ip, uint8_t *ihl)
{
	uint8_t version_ihl, tos;
	uint16_t len, offset;

	if (!rd_u8(rd, &version_ihl) || !rd_u8(rd, &tos) || !rd_u16(rd, &len) || !rd_skip(rd, 2) ||
	    !rd_u16(rd, &offset) || !rd_skip(rd, 1) || !rd_u8(rd, &ip->proto) || !rd_skip(rd, 2) ||
	    !rd_bytes(rd, 4, &ip->src) || !rd_bytes(rd, 4, &ip->dst))
		return false;
	*ihl = (version_ihl & 0xf) * 4;
	ip->dscp = tos >> 2;
	ip->len = len;
	ip->df = offset & IPV4_DF;
	ip->fragment = offset & (IPV4_MF | IPV4_OFFSET);
	ip->later_fragment = offset & IPV4_OFFSET;
	return true;
}

static bool ipv4_decode(struct bytes packet, struct inner_ip *ip)
{
	struct rd rd = rd_of(packet);
	uint8_t ihl;

	if (!ipv4_fields(&rd, ip, &ihl))
		return false;
	if (ihl < IPV4_HEADER_MIN || ip->len < ihl || ip->len > packet.n)
		return false;
	ip->upper = bytes_make(packet.p + ihl, ip->len - ihl);
	return true;
}

static bool ipv6_fragment(struct rd *rd, struct inner_ip *ip, uint8_t *next)
{
	uint16_t offset;

	if (!rd_u8(rd, next) || !rd_skip(rd, 1) || !rd_u16(rd, &offset) || !rd_skip(rd, 4))
		return false;
	ip->fragment = offset & (IPV6_OFFSET | IPV6_MORE);
	ip->later_fragment = offset & IPV6_OFFSET;
	return true;
}

static bool ipv6_options(struct rd *rd, uint8_t *next)
{
	uint8_t len;

	return rd_u8(rd, next) && rd_u8(rd, &len) && rd_skip(rd, 6 + (size_t)len * 8);
}

/*
 * Walks to the upper-layer header. A header cut short ends the walk where it is: the selectors then see its
 * own number.
 */
static void ipv6_upper(struct rd *rd, struct inner_ip *ip)
{
	for (int i = 0; i < IPV6_EXTENSIONS_MAX && !ip->later_fragment; i++) {
		struct rd at = *rd;
		uint8_t next;
		bool ok;

		if (ip->proto == IPPROTO_FRAGMENT)
			ok = ipv6_fragment(&at, ip, &next);
		else if (ip->proto == IPPROTO_HOPOPTS || ip->proto == IPPROTO_ROUTING ||
			 ip->proto == IPPROTO_DSTOPTS)
			ok = ipv6_options(&at, &next);
		else
			break;
		if (!ok)
			break;
		ip->proto = next;
		*rd = at;
	}
	ip->upper = rd_rest(rd);
}

static bool ipv6_decode(struct bytes packet, struct inner_ip *ip)
{
	struct rd rd = rd_of(packet), body;
	uint32_t first;
	uint16_t len;

	if (!rd_u32(&rd, &first) || !rd_u16(&rd, &len) || !rd_u8(&rd, &ip->proto) || !rd_skip(&rd, 1) ||
	    !rd_bytes(&rd, 16, &ip->src) || !rd_bytes(&rd, 16, &ip->dst) || !rd_sub(&rd, len, &body))
		return false;
	ip->dscp = (first >> 22) & 0x3f;
	ip->len = packet.n - rd_left(&rd);
	ipv6_upper(&body, ip);
	return true;
}

bool inner_ip_decode(struct bytes packet, struct inner_ip *ip)
{
	struct rd rd = rd_of(packet);
	struct inner_ip found = {};
	uint8_t first;
	bool ok = false;

	if (!rd_u8(&rd, &first))
		return false;
	found.version = first >> 4;
	if (found.version == 4)
		ok = ipv4_decode(packet, &found);
	else if (found.version == 6)
		ok = ipv6_decode(packet, &found);
	if (ok)
		*ip = found;
	return ok;
}

/*
 * --- traffic selectors -----------------------------------------------------------------------------------

 */

static bool bytes_all(const struct ipaddr *a, uint8_t value)
{
	struct bytes b = ipaddr_bytes(a);

	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] != value)
			return false;
	return true;
}

static bool ts_any_port(const struct ts *ts)
{
	return ts->port_start == 0 && ts->port_end == UINT16_MAX;
}

static bool list_has_any(const struct ts_list *list, enum ipaddr_type_t family)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct ts *ts = &list->ts[i];

		if (ts->start.ipa_type == family && ts->proto == 0 && ts_any_port(ts) &&
		    bytes_all(&ts->start, 0) && bytes_all(&ts->end, 0xff))
			return true;
	}
	return false;
}

void inner_selectors_init(struct inner_selectors *s, const struct ts_list *local,
			  const struct ts_list *remote)
{
	s->local = *local;
	s->remote = *remote;
	s->any_v4 = list_has_any(local, IPADDR_V4) && list_has_any(remote, IPADDR_V4);
	s->any_v6 = list_has_any(local, IPADDR_V6) && list_has_any(remote, IPADDR_V6);
}

/* RFC 7296 3.13.1: for ICMP the "port" is type and code. False: the packet has none (a later fragment). */
static bool port_of(const struct inner_ip *ip, bool source, uint16_t *port)
{
	struct rd rd = rd_of(ip->upper);
	uint16_t first, second;

	if (ip->later_fragment || !rd_u16(&rd, &first))
		return false;
	switch (ip->proto) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		*port = first;
		return true;
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		if (!rd_u16(&rd, &second))
			return false;
		*port = source ? first : second;
		return true;
	default: /* not an enum of ours: other protocols have no ports */
		return false;
	}
}

static bool ts_allows(const struct ts *ts, const struct inner_ip *ip, bool source)
{
	struct bytes start = ipaddr_bytes(&ts->start), end = ipaddr_bytes(&ts->end);
	struct bytes addr = source ? ip->src : ip->dst;
	uint16_t port;

	if (start.n != addr.n || end.n != addr.n)
		return false;
	if (memcmp(addr.p, start.p, addr.n) < 0 || memcmp(addr.p, end.p, addr.n) > 0)
		return false;
	if (ts->proto && ts->proto != ip->proto)
		return false;
	if (ts_any_port(ts))
		return true;
	return port_of(ip, source, &port) && port >= ts->port_start && port <= ts->port_end;
}

static bool list_allows(const struct ts_list *list, const struct inner_ip *ip, bool source)
{
	for (size_t i = 0; i < list->n; i++)
		if (ts_allows(&list->ts[i], ip, source))
			return true;
	return false;
}

static bool any(const struct inner_selectors *s, const struct inner_ip *ip)
{
	return ip->version == 4 ? s->any_v4 : s->any_v6;
}

bool inner_selectors_allow_in(const struct inner_selectors *s, const struct inner_ip *ip)
{
	return any(s, ip) || (list_allows(&s->remote, ip, true) && list_allows(&s->local, ip, false));
}

bool inner_selectors_allow_out(const struct inner_selectors *s, const struct inner_ip *ip)
{
	return any(s, ip) || (list_allows(&s->local, ip, true) && list_allows(&s->remote, ip, false));
}

/*
 * --- checksum --------------------------------------------------------------------------------------------

 */

static uint64_t sum16(struct bytes b)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < b.n; i += 2)
		sum += (uint64_t)b.p[i] << 8 | b.p[i + 1];
	if (i < b.n)
		sum += (uint64_t)b.p[i] << 8;
	return sum;
}

uint16_t inner_checksum(struct bytes a, struct bytes b)
{
	uint64_t sum = sum16(a) + sum16(b);

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
