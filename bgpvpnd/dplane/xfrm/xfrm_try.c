// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether this kernel can be the data plane, tried rather than read out of files, and what a predecessor has left in it. Trying also
 * loads the modules.
 */
#include <zebra.h>

#include "lib/log.h"
#include "lib/memory.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

DEFINE_MTYPE_STATIC(BGPVPN, XFRM_SWEEP, "VPN XFRM leftovers");

/* A SA to nobody: both ends are this host's loopback. */
#define TRIAL_SPI 0x76706e76

static void trial_make(struct child_sa_params *params, bool v6)
{
	*params = (struct child_sa_params){
		.encr = IKE_ENCR_AES_GCM_16, .encr_key_bits = 128, .integ = IKE_INTEG_NONE};
	str2ipaddr(v6 ? "::1" : "127.0.0.1", &params->local.addr);
	params->remote = params->local;
	params->out.spi = TRIAL_SPI;
	secret_alloc(&params->out.encr_key, 20);
}

static int try_esp(struct xfrm_plane *plane, bool v6)
{
	struct xfrm_link link = {.reqid = XFRM_OURS, .if_id_in = XFRM_OURS, .if_id_out = XFRM_OURS};
	struct xfrm_child child = {.link = &link};
	int err;

	trial_make(&child.params, v6);
	xfrm_child_remove(plane, &child, &child.params, XFRM_DIR_OUT);
	err = xfrm_child_install(plane, &child, &child.params, XFRM_DIR_OUT, NULL);
	xfrm_child_remove(plane, &child, &child.params, XFRM_DIR_OUT);
	child_sa_params_fini(&child.params);
	return err;
}

int xfrm_try(struct xfrm_plane *plane)
{
	struct dplane *dp = &plane->dp;
	const char *missing = xfrm_kind_missing(dp, DPLANE_KIND_XFRM);
	int err;

	if (missing)
		return dplane_fail(dp, EOPNOTSUPP, "%s", missing);
	err = try_esp(plane, false);
	if (err)
		return xfrm_refused(plane, err,
				    "the kernel has no ESP (`modprobe esp4`, or CONFIG_INET_ESP)");
	err = try_esp(plane, true);
	if (err)
		dplane_note(dp, "no ESP over IPv6 (`modprobe esp6`, or CONFIG_INET6_ESP): %s",
			    safe_strerror(-err));
	return 0;
}

/*
 * --- what a predecessor left -----------------------------------------------------------------------------
 */

/* One kind of leftovers at a time: all are read before the first is removed. */
struct leftovers {
	struct xfrm_news *news;
	size_t n;
	size_t room;
};

static bool worth_removing(const struct xfrm_news *news)
{
	if (news->type == XFRM_NEWS_SA)
		return xfrm_is_ours(news->sa.reqid);
	return news->type == XFRM_NEWS_POLICY &&
	       (xfrm_is_ours(news->policy.reqid) || xfrm_is_ours(news->policy.owner)) &&
	       !xfrm_guard_needed(&news->policy);
}

static void note_down(void *arg, const struct xfrm_news *news)
{
	struct leftovers *left = arg;

	if (!worth_removing(news))
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
	struct leftovers left = {};

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

/* One of the same name as ours has taken its place: a look puts that back. */
void xfrm_stray(struct xfrm_plane *plane, const struct xfrm_news *news)
{
	struct dplane_link *link = dplane_link_first(&plane->links);

	if (!worth_removing(news))
		return;
	sweep_out(plane, news);
	plane->strays++;
	if (link)
		xfrm_link_changed(plane, link);
	if (news->type == XFRM_NEWS_POLICY && news->policy.if_id)
		xfrm_links_robbed(plane, news->policy.if_id);
}
