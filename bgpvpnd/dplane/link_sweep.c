// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a killed daemon left of the interfaces that it had numbered itself. One that the configuration names is adopted by whoever names it;
 * these nobody names, and the next peers may get other numbers.
 */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/dplane/link.h"

DEFINE_MTYPE_STATIC(BGPVPN, LINK_SWEEP, "VPN interfaces of a predecessor");

struct sweep {
	const char *pattern;
	bool (*kept)(const void *arg, const char *name);
	const void *arg;
	uint32_t *ifindex;
	size_t n;
};

/* A number as we write them, in the place of %u. */
static bool fits(const char *pattern, const char *name)
{
	const char *mark = strstr(pattern, "%u");
	size_t before = mark ? (size_t)(mark - pattern) : 0, digits;

	if (!mark || strncmp(name, pattern, before) != 0)
		return false;
	name += before;
	digits = strspn(name, "0123456789");
	return digits > 0 && (name[0] != '0' || digits == 1) && strcmp(name + digits, mark + 2) == 0;
}

static void note_down(void *arg, const struct rtnl_link *link)
{
	struct sweep *sweep = arg;

	if (strcmp(link->alias, DPLANE_LINK_MARK) != 0 || !fits(sweep->pattern, link->name) ||
	    sweep->kept(sweep->arg, link->name))
		return;
	sweep->ifindex = XREALLOC(MTYPE_LINK_SWEEP, sweep->ifindex, (sweep->n + 1) * sizeof(*sweep->ifindex));
	sweep->ifindex[sweep->n++] = link->ifindex;
}

void dplane_links_sweep(struct dplane *dp, const char *netns, const char *pattern,
			bool (*kept)(const void *arg, const char *name), const void *arg)
{
	struct sweep sweep = {.pattern = pattern, .kept = kept, .arg = arg};
	int ns = RTNL_HERE;

	dplane_privileged(dp, true);
	if (netns[0])
		ns = rtnl_ns_open(netns);
	/* Without the namespace there is nothing in it. */
	if (!netns[0] || ns >= 0)
		rtnl_links_each(ns, note_down, &sweep);
	for (size_t i = 0; i < sweep.n; i++)
		rtnl_link_del(ns, sweep.ifindex[i]);
	dplane_privileged(dp, false);
	if (ns >= 0)
		close(ns);
	XFREE(MTYPE_LINK_SWEEP, sweep.ifindex);
}
