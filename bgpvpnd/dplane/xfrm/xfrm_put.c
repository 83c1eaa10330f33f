// SPDX-License-Identifier: GPL-2.0-or-later
/* What the builders share, see xfrm_put.h. */
#include <zebra.h>

#include <libmnl/libmnl.h>

#include "bgpvpnd/dplane/xfrm/xfrm_put.h"

#define PORT_MAX 65535

struct nlmsghdr *xfrm_put_head(void *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return nlh;
}

xfrm_address_t xfrm_put_addr(const struct ipaddr *addr)
{
	struct bytes bytes = ipaddr_bytes(addr);
	xfrm_address_t to = {};

	if (bytes.n) /* else any */
		memcpy(&to, bytes.p, bytes.n);
	return to;
}

uint16_t xfrm_put_family(const struct ipaddr *addr)
{
	return addr->ipa_type == IPADDR_V6 ? AF_INET6 : AF_INET;
}

/* Of a range that is a prefix: how many bits both ends have in common; -1 when it is none. */
static int prefix_bits(const struct ts *ts)
{
	struct bytes start = ipaddr_bytes(&ts->start), end = ipaddr_bytes(&ts->end);
	int bits = (int)start.n * 8;
	bool host_part = false;

	for (int i = 0; i < (int)start.n * 8; i++) {
		bool s = start.p[i / 8] >> (7 - i % 8) & 1, e = end.p[i / 8] >> (7 - i % 8) & 1;

		if (!host_part && s == e)
			continue;
		if (!host_part)
			bits = i;
		host_part = true;
		if (s || !e)
			return -1;
	}
	return bits;
}

static bool ports_fit(const struct ts *ts)
{
	return ts->port_start == ts->port_end || (ts->port_start == 0 && ts->port_end == PORT_MAX);
}

bool xfrm_selector_fits(const struct ts *ts)
{
	return ts->start.ipa_type == ts->end.ipa_type && ts->start.ipa_type != IPADDR_NONE &&
	       prefix_bits(ts) >= 0 && ports_fit(ts);
}

static uint16_t port_mask(const struct ts *ts)
{
	return ts->port_start == ts->port_end ? htons(PORT_MAX) : 0;
}

struct xfrm_selector xfrm_put_selector(const struct ts *from, const struct ts *to)
{
	return (struct xfrm_selector){
		.saddr = xfrm_put_addr(&from->start),
		.daddr = xfrm_put_addr(&to->start),
		.prefixlen_s = (uint8_t)prefix_bits(from),
		.prefixlen_d = (uint8_t)prefix_bits(to),
		.sport = htons(from->port_start) & port_mask(from),
		.sport_mask = port_mask(from),
		.dport = htons(to->port_start) & port_mask(to),
		.dport_mask = port_mask(to),
		.proto = from->proto,
		.family = xfrm_put_family(&from->start),
	};
}

void xfrm_put_mark(struct nlmsghdr *nlh, uint32_t mark, uint32_t mask)
{
	struct xfrm_mark m = {.v = mark, .m = mask};

	if (mask)
		mnl_attr_put(nlh, XFRMA_MARK, sizeof(m), &m);
}
