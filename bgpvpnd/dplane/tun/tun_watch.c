// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interfaces against what others do to them: notices it, and puts back what is ours. What an operator adds of
 * his own (further addresses, a queueing discipline) is none of our business. Main thread.
 */
#include <zebra.h>

#include <sys/epoll.h>

#include "lib/log.h"
#include "lib/prefix.h"

#include "bgpvpnd/dplane/rtnl.h"
#include "bgpvpnd/dplane/tun/tun_plane.h"

void tun_watch_open(struct tun_plane *plane)
{
	plane->watch = rtnl_watch_open();
	if (plane->watch >= 0)
		return;
	dplane_note(&plane->dp, "cannot watch the interfaces, what others change there stays: %s",
		    safe_strerror(-plane->watch));
	plane->watch = -1;
}

void tun_watch_close(struct tun_plane *plane)
{
	if (plane->watch >= 0)
		close(plane->watch);
	plane->watch = -1;
}

static void changed_by_index(void *arg, uint32_t ifindex)
{
	tun_link_changed(arg, ifindex);
}

void tun_watch_read(struct tun_plane *plane)
{
	if (plane->watch >= 0)
		rtnl_watch_read(plane->watch, changed_by_index, plane);
}

/*
 * --- repair ----------------------------------------------------------------------------------------------

 */

struct repair {
	struct dplane *dp;
	const struct tun_link *link;
	struct rtnl_link now;
	char *words;
	size_t len;
};

static void PRINTFRR(2, 3) note(struct repair *r, const char *format, ...)
{
	size_t used = strlen(r->words);
	va_list args;

	if (used)
		used = strlcat(r->words, ", ", r->len);
	if (used >= r->len)
		return;
	va_start(args, format);
	vsnprintfrr(r->words + used, r->len - used, format, args);
	va_end(args);
}

static int refuse(struct repair *r, const char *what, int err)
{
	return dplane_fail(r->dp, -err, "interface %s was %s by somebody: cannot put it back: %s",
			   r->link->params.name, r->words[0] ? r->words : what, safe_strerror(-err));
}

/* First of all: without it the kernel keeps no IPv6 address. */
static int repair_admin(struct repair *r)
{
	int err;

	if (r->now.up)
		return 0;
	note(r, "set down");
	err = rtnl_link_set_up(r->link->ifindex, true);
	return err ? refuse(r, "set down", err) : 0;
}

static int repair_mtu(struct repair *r)
{
	int err;

	if (r->now.mtu == r->link->params.mtu)
		return 0;
	note(r, "given MTU %u", r->now.mtu);
	err = rtnl_link_set_mtu(r->link->ifindex, r->link->params.mtu);
	return err ? refuse(r, "given another MTU", err) : 0;
}

static int repair_addresses(struct repair *r)
{
	const struct dplane_link_params *params = &r->link->params;
	const struct prefix *first = NULL;
	int missing = rtnl_addresses_missing(r->link->ifindex, params->inside, params->num_inside, &first);

	if (missing < 0)
		return refuse(r, "changed", missing);
	if (!missing)
		return 0;
	if (missing == 1)
		note(r, "robbed of inside address %pFX", first);
	else
		note(r, "robbed of inside addresses (%pFX and %d more)", first, missing - 1);
	return tun_link_addresses(r->dp, r->link->ifindex, params, params);
}

/* The running flag follows the carrier, a moment later: no word of it yet is no reason to act. */
static int repair_carrier(struct repair *r)
{
	bool up = r->link->running;
	int err;

	if (r->now.carrier == up)
		return 0;
	note(r, up ? "set without carrier" : "set running");
	err = tun_link_carrier(r->dp, r->link, up);
	return err ? refuse(r, "given another carrier", err) : 0;
}

static int repair(struct repair *r)
{
	int err = rtnl_link_get(r->link->ifindex, &r->now);

	if (err == -ENODEV)
		return dplane_fail(r->dp, ENODEV, "interface %s was removed by somebody",
				   r->link->params.name);
	if (err)
		return refuse(r, "changed", err);
	err = repair_carrier(r);
	if (!err)
		err = repair_admin(r);
	if (!err)
		err = repair_mtu(r);
	return err ? err : repair_addresses(r);
}

int tun_link_repair(struct dplane *dp, uint32_t id, char *changed, size_t len)
{
	struct tun_link *link = tun_link_find(tun_plane_of(dp), id);
	struct repair r = {.dp = dp, .link = link, .words = changed, .len = len};
	int err;

	changed[0] = '\0';
	if (!link)
		return tun_link_unknown(dp, id);
	dplane_privileged(dp, true);
	err = repair(&r);
	dplane_privileged(dp, false);
	return err;
}
