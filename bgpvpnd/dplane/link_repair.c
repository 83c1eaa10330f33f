// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interfaces against what others do to them, see link.h: puts back what is ours. What an operator adds of
 * his own (further addresses, a queueing discipline) is none of our business. Main thread.
 */
#include <zebra.h>

#include "lib/log.h"
#include "lib/prefix.h"

#include "bgpvpnd/dplane/link.h"

struct repair {
	struct dplane *dp;
	const struct dplane_link *link;
	const struct dplane_link_state *state;
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
	return dplane_link_params_apply(r->dp, r->link->ifindex, params, params);
}

static int repair_running(struct repair *r)
{
	bool up = r->link->running;
	int err;

	if (r->state->shows(&r->now, up))
		return 0;
	note(r, up ? "set without carrier" : "set running");
	err = r->state->set_running(r->dp, r->link, up);
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
	err = repair_running(r);
	if (!err)
		err = repair_admin(r);
	if (!err)
		err = repair_mtu(r);
	return err ? err : repair_addresses(r);
}

int dplane_link_repair(struct dplane *dp, const struct dplane_link *link, const struct dplane_link_state *state,
		       char *changed, size_t len)
{
	struct repair r = {.dp = dp, .link = link, .state = state, .words = changed, .len = len};
	int err;

	changed[0] = '\0';
	dplane_privileged(dp, true);
	err = repair(&r);
	dplane_privileged(dp, false);
	return err;
}
