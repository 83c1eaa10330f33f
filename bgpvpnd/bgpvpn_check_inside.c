// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inside networks of all tunnels against each other, see bgpvpn_check.h: two interfaces with one network make a route that leads nowhere,
 * unless they are in different VRFs or network namespaces. It looks at all tunnels at every change, so it sorts.
 */
#include <zebra.h>

#include "lib/memory.h"
#include "lib/prefix.h"

#include "bgpvpnd/bgpvpn_cfg.h"
#include "bgpvpnd/bgpvpn_check.h"
#include "bgpvpnd/bgpvpn_check_words.h"

struct inside_net {
	struct prefix at; /* the address with its length */
	struct prefix net;
	const struct link_words *by;
};

/* Those of one place together, the wider one before those that are in it. */
static int net_order(const void *x, const void *y)
{
	const struct inside_net *a = x, *b = y;
	int order = strcmp(a->by->netns, b->by->netns);

	if (!order)
		order = strcmp(a->by->vrf, b->by->vrf);
	if (!order)
		order = numcmp(a->net.family, b->net.family);
	if (!order)
		order = memcmp(&a->net.u, &b->net.u, a->net.family == AF_INET ? 4 : 16);
	return order ? order : numcmp(a->net.prefixlen, b->net.prefixlen);
}

static bool same_place(const struct inside_net *a, const struct inside_net *b)
{
	return strmatch(a->by->netns, b->by->netns) && strmatch(a->by->vrf, b->by->vrf);
}

static bool holds(const struct inside_net *wide, const struct inside_net *narrow)
{
	return same_place(wide, narrow) && wide->net.family == narrow->net.family &&
	       prefix_match(&wide->net, &narrow->net);
}

/* Host prefixes may repeat: one address on several tunnels is a way to number them. */
static size_t nets_of(const struct lyd_node *tunnel, const struct link_words *by, struct inside_net *nets)
{
	const struct lyd_node *child;
	size_t n = 0;

	LY_LIST_FOR(lyd_child(tunnel), child)
	{
		struct prefix p = {};

		if (n == LIMIT_INSIDE_PREFIXES || !strmatch(child->schema->name, "inside-address") ||
		    !bgpvpn_prefix_parse(lyd_get_value(child), &p) || is_host_route(&p))
			continue;
		nets[n] = (struct inside_net){.at = p, .net = p, .by = by};
		apply_mask(&nets[n++].net);
	}
	return n;
}

/* Open: all that hold the one at hand, each in the one before it; they are of one interface, or it would have ended there. */
static bool nets_disjoint(const struct inside_net *nets, size_t n, char *err, size_t err_len)
{
	const struct inside_net **open = XCALLOC(MTYPE_TMP, (n + 1) * sizeof(*open));
	size_t depth = 0;
	bool ok = true;

	for (size_t i = 0; i < n && ok; i++) {
		while (depth && !holds(open[depth - 1], &nets[i]))
			depth--;
		if (depth && !strmatch(open[depth - 1]->by->interface, nets[i].by->interface))
			ok = refuse(err, err_len,
				    "%pFX of tunnel %s overlaps with inside address %pFX of tunnel %s",
				    &nets[i].at, nets[i].by->tunnel, &open[depth - 1]->at,
				    open[depth - 1]->by->tunnel);
		open[depth++] = &nets[i];
	}
	XFREE(MTYPE_TMP, open);
	return ok;
}

bool link_words_inside(const struct lyd_node *const *tunnels, const struct link_words *words, size_t n,
		       char *err, size_t err_len)
{
	struct inside_net *nets = XCALLOC(MTYPE_TMP, (n * LIMIT_INSIDE_PREFIXES + 1) * sizeof(*nets));
	size_t num = 0;
	bool ok;

	/* One without an interface has no network yet. */
	for (size_t i = 0; i < n; i++)
		if (words[i].interface[0])
			num += nets_of(tunnels[i], &words[i], nets + num);
	qsort(nets, num, sizeof(*nets), net_order);
	ok = nets_disjoint(nets, num, err, err_len);
	XFREE(MTYPE_TMP, nets);
	return ok;
}
