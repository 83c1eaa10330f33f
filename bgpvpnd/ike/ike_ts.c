// SPDX-License-Identifier: GPL-2.0-or-later
/* Traffic selectors, see ike_ts.h. A selector is a box: addresses by ports, for one protocol or any. */
#include <zebra.h>

#include "lib/printfrr.h"

#include "bgpvpnd/ike/ike_ts.h"

static int addr_cmp(const struct ipaddr *a, const struct ipaddr *b)
{
	struct bytes first = ipaddr_bytes(a);
	struct bytes second = ipaddr_bytes(b);

	assert(first.n == second.n);
	return memcmp(first.p, second.p, first.n);
}

static bool is_address(const struct ipaddr *a)
{
	return a->ipa_type == IPADDR_V4 || a->ipa_type == IPADDR_V6;
}

/* A start after the end is an empty selector; OPAQUE ports (65535-0, RFC 7296 3.13.1) are among these. */
static bool ts_empty(const struct ts *ts)
{
	return !is_address(&ts->start) || ts->start.ipa_type != ts->end.ipa_type ||
	       addr_cmp(&ts->start, &ts->end) > 0 || ts->port_start > ts->port_end;
}

static bool ts_contains(const struct ts *outer, const struct ts *inner)
{
	return outer->start.ipa_type == inner->start.ipa_type &&
	       (outer->proto == 0 || outer->proto == inner->proto) &&
	       addr_cmp(&outer->start, &inner->start) <= 0 && addr_cmp(&inner->end, &outer->end) <= 0 &&
	       outer->port_start <= inner->port_start && inner->port_end <= outer->port_end;
}

/* Both are not empty. False when they have nothing in common. */
static bool ts_intersect(const struct ts *a, const struct ts *b, struct ts *out)
{
	struct ts common = *a;

	if (a->start.ipa_type != b->start.ipa_type || (a->proto && b->proto && a->proto != b->proto))
		return false;
	if (addr_cmp(&b->start, &a->start) > 0)
		common.start = b->start;
	if (addr_cmp(&b->end, &a->end) < 0)
		common.end = b->end;
	common.proto = a->proto ? a->proto : b->proto;
	common.port_start = MAX(a->port_start, b->port_start);
	common.port_end = MIN(a->port_end, b->port_end);
	if (ts_empty(&common))
		return false;
	*out = common;
	return true;
}

static bool list_contains(const struct ts_list *list, const struct ts *ts)
{
	for (unsigned int i = 0; i < list->n; i++)
		if (ts_contains(&list->ts[i], ts))
			return true;
	return false;
}

/* Keeps the list free of selectors that lie within another; beyond its room the new one is dropped. */
static void list_add(struct ts_list *list, const struct ts *ts)
{
	unsigned int kept = 0;

	if (list_contains(list, ts))
		return;
	for (unsigned int i = 0; i < list->n; i++)
		if (!ts_contains(ts, &list->ts[i]))
			list->ts[kept++] = list->ts[i];
	list->n = (uint8_t)kept;
	if (list->n < LIMIT_TS)
		list->ts[list->n++] = *ts;
}

static void add_common(const struct ts *configured, const struct ts_list *offered, struct ts_list *out)
{
	struct ts common;

	for (unsigned int i = 0; i < offered->n; i++)
		if (!ts_empty(&offered->ts[i]) && ts_intersect(configured, &offered->ts[i], &common))
			list_add(out, &common);
}

enum ike_reason ike_ts_narrow(const struct ts_list *configured, const struct ts_list *offered,
			      struct ts_list *out)
{
	struct ts_list narrowed = {};

	for (unsigned int i = 0; i < configured->n; i++)
		if (!ts_empty(&configured->ts[i]))
			add_common(&configured->ts[i], offered, &narrowed);
	if (narrowed.n == 0)
		return IKE_R_TS_UNACCEPTABLE;
	*out = narrowed;
	return IKE_R_OK;
}

/* The next address, or the one before; not beyond the ends. */
static struct ipaddr addr_step(struct ipaddr addr, bool up)
{
	uint8_t *b = (uint8_t *)&addr.ip;
	size_t i = ipaddr_bytes(&addr).n;

	while (i-- > 0 && (up ? ++b[i] == 0 : b[i]-- == 0))
		;
	return addr;
}

static bool covered(const struct ts *box, const struct ts_list *outer, unsigned int from);

/* What `taken` leaves of the box it is a part of, in at most four boxes: is each of them covered? */
static bool rest_covered(const struct ts *box, const struct ts *taken, const struct ts_list *outer,
			 unsigned int from)
{
	struct ts below = *box, above = *box, left = *taken, right = *taken;

	below.end = addr_step(taken->start, false);
	above.start = addr_step(taken->end, true);
	left.proto = right.proto = box->proto;
	left.port_start = box->port_start;
	left.port_end = (uint16_t)(taken->port_start - 1);
	right.port_start = (uint16_t)(taken->port_end + 1);
	right.port_end = box->port_end;
	return (addr_cmp(&box->start, &taken->start) == 0 || covered(&below, outer, from)) &&
	       (addr_cmp(&box->end, &taken->end) == 0 || covered(&above, outer, from)) &&
	       (box->port_start == taken->port_start || covered(&left, outer, from)) &&
	       (box->port_end == taken->port_end || covered(&right, outer, from));
}

/* By those of the list from this one on, together. */
static bool covered(const struct ts *box, const struct ts_list *outer, unsigned int from)
{
	struct ts common;

	for (unsigned int i = from; i < outer->n; i++) {
		const struct ts *ts = &outer->ts[i];

		if (!ts_empty(ts) && (ts->proto == 0 || ts->proto == box->proto) &&
		    ts_intersect(box, ts, &common))
			return rest_covered(box, &common, outer, i + 1);
	}
	return false;
}

bool ike_ts_within(const struct ts_list *inner, const struct ts_list *outer)
{
	for (unsigned int i = 0; i < inner->n; i++)
		if (ts_empty(&inner->ts[i]) || !covered(&inner->ts[i], outer, 0))
			return false;
	return inner->n > 0;
}

/*
 * --- printing
 * -----------------------------------------------------------------------------------------------
 */

static bool bit_of(struct bytes b, unsigned int bit)
{
	return b.p[bit / 8] >> (7 - bit % 8) & 1;
}

/* The prefix length when the range is a prefix, else -1: common bits first, then all 0 up to all 1. */
static int prefix_len(const struct ts *ts)
{
	struct bytes start = ipaddr_bytes(&ts->start);
	struct bytes end = ipaddr_bytes(&ts->end);
	unsigned int bits = (unsigned int)start.n * 8;
	unsigned int common = 0;

	while (common < bits && bit_of(start, common) == bit_of(end, common))
		common++;
	for (unsigned int i = common; i < bits; i++)
		if (bit_of(start, i) || !bit_of(end, i))
			return -1;
	return (int)common;
}

static void append_addresses(const struct ts *ts, char *buf, size_t len)
{
	int prefix = ts_empty(ts) ? -1 : prefix_len(ts);

	if (prefix >= 0)
		csnprintfrr(buf, len, "%pIA/%d", &ts->start, prefix);
	else
		csnprintfrr(buf, len, "%pIA-%pIA", &ts->start, &ts->end);
}

static void append_ports(const struct ts *ts, char *buf, size_t len)
{
	if (ts->proto == 0 && ts->port_start == 0 && ts->port_end == UINT16_MAX)
		return;
	csnprintfrr(buf, len, "[%u", ts->proto);
	if (ts->port_start == ts->port_end)
		csnprintfrr(buf, len, "/%u", ts->port_start);
	else if (ts->port_start != 0 || ts->port_end != UINT16_MAX)
		csnprintfrr(buf, len, "/%u-%u", ts->port_start, ts->port_end);
	csnprintfrr(buf, len, "]");
}

const char *ike_ts_format(const struct ts_list *list, char *buf, size_t len)
{
	snprintf(buf, len, "%s", list->n ? "" : "none");
	for (unsigned int i = 0; i < list->n; i++) {
		csnprintfrr(buf, len, "%s", i ? ", " : "");
		append_addresses(&list->ts[i], buf, len);
		append_ports(&list->ts[i], buf, len);
	}
	return buf;
}
