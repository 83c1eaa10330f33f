// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel tells of SAs and policies, turned into the events of dplane.h. */
#include <zebra.h>

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

/* As in the user-space plane: whoever copies the peer's packets gets as far as the limit, but the peer always comes back. */
static bool may_tell(struct xfrm_child *child, const struct endpoint *moved, struct instant now)
{
	if (endpoint_equal(moved, &child->before))
		return true;
	if (instant_diff(now, child->moves_since) >= USEC_PER_S) {
		child->moves_since = now;
		child->moves = 0;
	}
	if (child->moves >= LIMIT_PEER_MOVES_PER_S)
		return false;
	child->moves++;
	child->before = child->params.remote;
	return true;
}

/* The kernel says it with every packet until the SA has moved. */
static void moved(struct xfrm_plane *plane, const struct xfrm_news *news)
{
	struct xfrm_child *child = xfrm_child_of_spi(plane, news->sa.spi);
	struct dplane_event event = {.type = DPLANE_EVENT_PEER_MOVED, .remote = news->moved};

	if (!child || endpoint_equal(&news->moved, &child->params.remote) ||
	    endpoint_equal(&news->moved, &child->seen_at) || !may_tell(child, &news->moved, xfrm_now()))
		return;
	child->seen_at = news->moved;
	event.child_id = child->params.child_id;
	event_queue_push(plane->queue, &event);
}

static void worn(struct xfrm_plane *plane, const struct xfrm_news *news, enum child_sa_wear wear)
{
	struct xfrm_child *child =
		xfrm_is_ours(news->sa.reqid) ? xfrm_child_of_spi(plane, news->sa.spi) : NULL;

	if (child)
		xfrm_child_wear(plane, child, wear);
}

/* A look tells: another may have taken its place already. */
static void gone(struct xfrm_plane *plane, const struct xfrm_news *news)
{
	struct xfrm_child *child = xfrm_child_of_spi(plane, news->sa.spi);

	if (child)
		xfrm_children_look(plane, child);
}

static void anything(struct xfrm_plane *plane)
{
	xfrm_children_look(plane, NULL);
	xfrm_links_robbed(plane, 0);
}

/* Somebody has made something with a number of ours, or in the place of one of ours. */
static void appeared(struct xfrm_plane *plane, const struct xfrm_news *news)
{
	if (news->type == XFRM_NEWS_POLICY && news->policy.if_id)
		xfrm_links_robbed(plane, news->policy.if_id);
	xfrm_sweep_one(plane, news);
}

/* What we did ourselves is no news, but for a SA that moves. */
static void own(struct xfrm_plane *plane, const struct xfrm_news *news)
{
	if (news->type == XFRM_NEWS_SA_GONE && plane->farewell && news->sa.replay.words &&
	    news->sa.spi == plane->moving->params.in.spi)
		*plane->farewell = news->sa;
}

void xfrm_event_news(void *arg, const struct xfrm_news *news)
{
	struct xfrm_plane *plane = arg;

	if (!news) {
		xfrm_sweep(plane);
		anything(plane);
		return;
	}
	if (news->by == plane->sock.port) {
		own(plane, news);
		return;
	}
	switch (news->type) {
	case XFRM_NEWS_SA:
	case XFRM_NEWS_POLICY:
		appeared(plane, news);
		break;
	case XFRM_NEWS_NONE:
		break;
	case XFRM_NEWS_SOFT_EXPIRE:
		worn(plane, news, CHILD_SA_WORN);
		break;
	case XFRM_NEWS_HARD_EXPIRE:
		worn(plane, news, CHILD_SA_SPENT);
		break;
	case XFRM_NEWS_MAPPING:
		moved(plane, news);
		break;
	case XFRM_NEWS_SA_GONE:
		gone(plane, news);
		break;
	case XFRM_NEWS_POLICY_GONE:
		xfrm_links_robbed(plane, news->policy.if_id);
		break;
	case XFRM_NEWS_FLUSHED:
		anything(plane);
		break;
	}
}
