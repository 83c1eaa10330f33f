// SPDX-License-Identifier: GPL-2.0-or-later
/* What the policies of a link are about: pairs of selectors, see xfrm_plane.h. */
#include <zebra.h>

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

#define PORT_MAX 65535

/* Of IPv4 addresses, so that a prefix of it is worth as much as one of IPv6. */
#define ADDR_BITS 128

unsigned int xfrm_outer_protos(const struct dplane_link_nature *nature, uint8_t protos[2])
{
	switch (nature->kind) {
	case DPLANE_KIND_AUTO:
	case DPLANE_KIND_TUN:
	case DPLANE_KIND_XFRM:
	case DPLANE_KIND_VTI:
		return 0;
	case DPLANE_KIND_GRE:
		protos[0] = IPPROTO_GRE;
		return 1;
	case DPLANE_KIND_IPIP:
		protos[0] = IPPROTO_IPIP;
		protos[1] = IPPROTO_IPV6;
		return 2;
	}
	return 0;
}

static struct ts host(const struct ipaddr *addr, uint8_t proto)
{
	return (struct ts){.start = *addr, .end = *addr, .proto = proto, .port_end = PORT_MAX};
}

void xfrm_pairs_outer(const struct dplane_link_nature *nature, struct xfrm_pairs *pairs)
{
	uint8_t protos[2];
	unsigned int n = xfrm_outer_protos(nature, protos);

	*pairs = (struct xfrm_pairs){};
	for (unsigned int i = 0; i < n; i++) {
		pairs->local.ts[pairs->local.n++] = host(&nature->local, protos[i]);
		pairs->remote.ts[pairs->remote.n++] = host(&nature->remote, protos[i]);
	}
}

void xfrm_pairs_of(const struct xfrm_link *link, const struct child_sa_params *params,
		   struct xfrm_pairs *pairs)
{
	if (link->transport) {
		xfrm_pairs_outer(&link->base.params.nature, pairs);
		return;
	}
	pairs->local = params->ts_local;
	pairs->remote = params->ts_remote;
}

/* One of a family; what only one of both says of the protocol is true of both. */
static bool together(struct ts *local, struct ts *remote)
{
	if (local->start.ipa_type != remote->start.ipa_type)
		return false;
	if (local->proto && remote->proto && local->proto != remote->proto)
		return false;
	local->proto = remote->proto = local->proto ? local->proto : remote->proto;
	return true;
}

bool xfrm_pairs_next(const struct xfrm_pairs *pairs, unsigned int *i, struct ts *local, struct ts *remote)
{
	unsigned int all = pairs->local.n * pairs->remote.n;

	for (; *i < all; (*i)++) {
		struct ts l = pairs->local.ts[*i / pairs->remote.n],
			  r = pairs->remote.ts[*i % pairs->remote.n];

		if (!together(&l, &r))
			continue;
		*local = l;
		*remote = r;
		(*i)++;
		return true;
	}
	return false;
}

bool xfrm_ts_equal(const struct ts *a, const struct ts *b)
{
	return ipaddr_equal(&a->start, &b->start) && ipaddr_equal(&a->end, &b->end) && a->proto == b->proto &&
	       a->port_start == b->port_start && a->port_end == b->port_end;
}

bool xfrm_pair_in(const struct xfrm_pairs *pairs, const struct ts *local, const struct ts *remote)
{
	struct ts l, r;

	EACH_PAIR(pairs, i, l, r)
	if (xfrm_ts_equal(&l, local) && xfrm_ts_equal(&r, remote))
		return true;
	return false;
}

/*
 * --- which one of two ------------------------------------------------------------------------------------
 */

/* Bits that an address within may differ in; of a prefix. */
static unsigned int wide(const struct ts *ts)
{
	struct bytes start = ipaddr_bytes(&ts->start), end = ipaddr_bytes(&ts->end);
	unsigned int bits = 0;

	for (size_t i = 0; i < start.n; i++)
		bits += (unsigned int)__builtin_popcount(start.p[i] ^ end.p[i]);
	return bits * (start.n == 4 ? ADDR_BITS / 32 : 1);
}

static bool any_port(const struct ts *ts)
{
	return ts->port_start != ts->port_end;
}

uint32_t xfrm_pair_width(const struct ts *local, const struct ts *remote)
{
	return (wide(local) + wide(remote)) * 4 + !local->proto + any_port(local) + any_port(remote);
}

/*
 * --- in words --------------------------------------------------------------------------------------------
 */

static void ts_words(char *to, size_t len, const struct ts *ts)
{
	unsigned int bits = wide(ts) / (ts->start.ipa_type == IPADDR_V4 ? ADDR_BITS / 32 : 1);
	unsigned int all = ts->start.ipa_type == IPADDR_V4 ? 32 : ADDR_BITS;

	snprintfrr(to, len, "%pIA/%u", &ts->start, all - bits);
	if (!any_port(ts))
		snprintfrr(to + strlen(to), len - strlen(to), "[%u]", ts->port_start);
}

void xfrm_pair_words(char *to, size_t len, const struct ts *local, const struct ts *remote)
{
	char l[80], r[80];

	ts_words(l, sizeof(l), local);
	ts_words(r, sizeof(r), remote);
	snprintf(to, len, "%s - %s", l, r);
	if (local->proto)
		snprintf(to + strlen(to), len - strlen(to), " protocol %u", local->proto);
}
