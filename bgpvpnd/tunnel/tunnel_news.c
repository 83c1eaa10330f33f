// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the log hears of tunnels: a bounded queue of sentences in the operator's words, filled by tunnel/ and
 * pulled by the shell after every call.
 */
#include <zebra.h>

#include "lib/memory.h"
#include "lib/printfrr.h"

#include "bgpvpnd/tunnel/tunnel_private.h"

DEFINE_MTYPE_STATIC(BGPVPN, TUNNEL_NEWS, "VPN tunnel news");

/*
 * Pulled after every call, so only one call's worth gathers: terminate_all with thousands of tunnels is the
 * largest.
 */
#define NEWS_MAX 16384

struct tunnel_news_entry {
	struct tunnel_news_queue_item item;
	struct tunnel_news news;
};

DECLARE_LIST(tunnel_news_queue, struct tunnel_news_entry, item);

void tunnel_say(struct tunnel *t, enum tunnel_news_type type, struct instant now, const char *fmt, ...)
{
	struct tunnel_news_entry *entry;
	va_list ap;

	if (tunnel_news_queue_count(&t->all->news) >= NEWS_MAX)
		return;
	entry = XCALLOC(MTYPE_TUNNEL_NEWS, sizeof(*entry));
	entry->news.type = type;
	entry->news.when = now;
	strlcpy(entry->news.tunnel, t->cfg->name, sizeof(entry->news.tunnel));
	strlcpy(entry->news.interface, t->cfg->interface, sizeof(entry->news.interface));
	va_start(ap, fmt);
	vsnprintfrr(entry->news.words, sizeof(entry->news.words), fmt, ap);
	va_end(ap);
	tunnel_news_queue_add_tail(&t->all->news, entry);
}

bool tunnels_news(struct tunnels *tunnels, struct tunnel_news *news)
{
	struct tunnel_news_entry *entry = tunnel_news_queue_pop(&tunnels->news);

	if (!entry)
		return false;
	*news = entry->news;
	XFREE(MTYPE_TUNNEL_NEWS, entry);
	return true;
}

void tunnel_news_init(struct tunnels *tunnels)
{
	tunnel_news_queue_init(&tunnels->news);
}

void tunnel_news_fini(struct tunnels *tunnels)
{
	struct tunnel_news ignored;

	while (tunnels_news(tunnels, &ignored))
		;
	tunnel_news_queue_fini(&tunnels->news);
}

/*
 * --- link ------------------------------------------------------------------------------------------------
 */

static int64_t ms_since(struct instant t, struct instant now)
{
	return instant_diff(now, t) / USEC_PER_MS;
}

static void say_up(struct tunnel *t, struct instant now)
{
	if (t->cfg->manual)
		tunnel_say(t, TUNNEL_NEWS_LINK_UP, now, "link up: manual keys are installed");
	else if (tunnel_demand_waits(t, now))
		tunnel_say(t, TUNNEL_NEWS_LINK_UP, now, "link up: waits for the first packet");
	else if (t->reach.silent_since.us)
		tunnel_say(t, TUNNEL_NEWS_LINK_UP, now, "link up: peer answered after %" PRId64 " ms",
			   ms_since(t->reach.silent_since, now));
	else if (t->link.changes == 0 || !instant_before(t->child_since, t->link.since))
		tunnel_say(t, TUNNEL_NEWS_LINK_UP, now,
			   "link up: peer answered, %" PRId64 " ms after the Child SA was installed",
			   ms_since(t->child_since, now));
	else
		tunnel_say(t, TUNNEL_NEWS_LINK_UP, now, "link up: ESP arrives again, after %" PRId64 " ms",
			   ms_since(t->link.since, now));
}

static void say_silent(struct tunnel *t, struct instant now)
{
	struct ike_conn_info info = tunnel_dial_info(t);

	tunnel_say(t, TUNNEL_NEWS_LINK_DOWN, now,
		   "link down: peer silent for %" PRId64 " ms (%u liveness requests unanswered)",
		   ms_since(t->reach.silent_since, now), info.request_tries);
}

static void say_dead_inside(struct tunnel *t, struct instant now)
{
	tunnel_say(t, TUNNEL_NEWS_LINK_DOWN, now,
		   "link down: IKE answers but ESP does not arrive (%u inside probes unanswered in %" PRId64
		   " ms)",
		   t->reach.inside.misses - 1, ms_since(t->reach.inside.first, now));
}

void tunnel_say_link(struct tunnel *t, const struct tunnel_link_verdict *verdict, struct instant now)
{
	struct ike_conn_info info = tunnel_dial_info(t);
	char reason[256];

	if (verdict->up) {
		say_up(t, now);
	} else if (t->reach.active && !t->reach.reachable) {
		say_silent(t, now);
	} else if (t->reach.active && t->reach.inside.dead) {
		say_dead_inside(t, now);
	} else {
		tunnel_link_reason(t, &info, reason, sizeof(reason));
		tunnel_say(t, TUNNEL_NEWS_LINK_DOWN, now, "link down: %s", reason);
	}
}
