// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is in the kernel with a number of ours, and nobody's: of a predecessor that was killed, or of somebody who took our numbers. It goes:
 * such a SA or policy could take packets that are meant for one of ours.
 */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

DEFINE_MTYPE_STATIC(BGPVPN, XFRM_SWEEP, "VPN XFRM leftovers");

/* One kind of leftovers at a time: all are read before the first is removed. */
struct leftovers {
	struct xfrm_plane *plane;
	struct xfrm_news *news;
	size_t n;
	size_t room;
};

static bool owned(struct xfrm_plane *plane, const struct xfrm_news *news)
{
	const struct xfrm_child *child;

	if (news->type == XFRM_NEWS_POLICY)
		return xfrm_guard_needed(&news->policy) || xfrm_rules_own(plane, &news->policy);
	child = xfrm_child_of_spi(plane, news->sa.spi);
	return child && child->link->reqid == news->sa.reqid;
}

static bool worth_removing(struct xfrm_plane *plane, const struct xfrm_news *news)
{
	bool ours = false;

	if (news->type == XFRM_NEWS_SA)
		ours = xfrm_is_ours(news->sa.reqid);
	else if (news->type == XFRM_NEWS_POLICY)
		ours = xfrm_is_ours(news->policy.reqid) || xfrm_is_ours(news->policy.owner);
	return ours && !owned(plane, news);
}

static void note_down(void *arg, const struct xfrm_news *news)
{
	struct leftovers *left = arg;

	if (!worth_removing(left->plane, news))
		return;
	if (left->n == left->room) {
		left->room = left->room ? left->room * 2 : 16;
		left->news = XREALLOC(MTYPE_XFRM_SWEEP, left->news, left->room * sizeof(*left->news));
	}
	left->news[left->n++] = *news;
}

static void sweep_out(struct xfrm_plane *plane, const struct xfrm_news *news)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];

	const struct xfrm_sa_name name = {
		.path = news->sa.path,
		.spi = news->sa.spi,
		.mark = news->sa.mark,
		.mark_mask = news->sa.mark_mask,
	};

	if (news->type == XFRM_NEWS_SA)
		xfrm_tell(plane, xfrm_msg_sa_del(buf, &name));
	else
		xfrm_tell(plane, xfrm_msg_policy_del(buf, &news->policy));
}

static void sweep_kind(struct xfrm_plane *plane, struct nlmsghdr *dump)
{
	struct leftovers left = {.plane = plane};

	xfrm_ask(plane, dump, note_down, &left);
	for (size_t i = 0; i < left.n; i++)
		sweep_out(plane, &left.news[i]);
	XFREE(MTYPE_XFRM_SWEEP, left.news);
}

/* Policies first, see child_del(). */
void xfrm_sweep(struct xfrm_plane *plane)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];

	sweep_kind(plane, xfrm_msg_policy_dump(buf));
	sweep_kind(plane, xfrm_msg_sa_dump(buf));
}

/* Said by the next look after a link. */
void xfrm_sweep_one(struct xfrm_plane *plane, const struct xfrm_news *news)
{
	struct dplane_link *link = dplane_link_first(&plane->links);

	if (!worth_removing(plane, news))
		return;
	sweep_out(plane, news);
	plane->strays++;
	if (link)
		xfrm_link_changed(plane, link);
}
