// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel plane's interfaces need of nf_tables, see nft_put.h: the TCP MSS of what goes through them, and silence while they wait. */
#include <zebra.h>

#include "lib/log.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

static uint16_t lower(uint16_t a, uint16_t b)
{
	return a && b ? MIN(a, b) : MAX(a, b);
}

/*
 * Of links that share the interface the one with the least room. The table is that of our own namespace: in another one the name may be
 * another's, and what passes there is not clamped.
 */
static struct nft_link wanted(struct xfrm_plane *plane, const char *ifname)
{
	struct nft_link of = {};

	for (struct dplane_link *link = dplane_link_first(&plane->links); link;
	     link = dplane_link_next(&plane->links, link)) {
		const struct dplane_link_params *params = &link->params;

		if (params->nature.netns[0])
			continue;
		if (strcmp(params->name, ifname) != 0 && strcmp(params->nature.name_in, ifname) != 0)
			continue;
		of.mss_v4 = lower(of.mss_v4, params->mss_v4);
		of.mss_v6 = lower(of.mss_v6, params->mss_v6);
		of.trapped |= ((struct xfrm_link *)link)->trap >= 0;
	}
	return of;
}

static void follow(struct xfrm_plane *plane, const char *ifname)
{
	struct nft_link of = wanted(plane, ifname);
	int err;

	dplane_privileged(&plane->dp, true);
	err = nft_table_set(&plane->mss, ifname, &of);
	dplane_privileged(&plane->dp, false);
	if (err)
		xfrm_links_robbed(plane, 0);
}

void xfrm_mss_follow(struct xfrm_plane *plane, const struct dplane_link_params *params)
{
	follow(plane, params->name);
	if (params->nature.name_in[0])
		follow(plane, params->nature.name_in);
}

void xfrm_mss_open(struct xfrm_plane *plane)
{
	int err = nft_table_open(&plane->mss);

	if (err == -EOPNOTSUPP || err == -EPROTONOSUPPORT || err == -ENOENT)
		dplane_note(&plane->dp,
			    "TCP MSS is not clamped: the kernel has no nf_tables (`modprobe nf_tables`, or "
			    "CONFIG_NF_TABLES_INET)");
	else if (err)
		dplane_note(&plane->dp, "TCP MSS is not clamped: nf_tables: %s", safe_strerror(-err));
}

void xfrm_mss_events(struct xfrm_plane *plane)
{
	if (nft_table_events(&plane->mss))
		xfrm_links_robbed(plane, 0);
}

int xfrm_mss_repair(struct xfrm_plane *plane, char *changed, size_t len)
{
	bool robbed = plane->mss.robbed;
	int err;

	dplane_privileged(&plane->dp, true);
	err = nft_table_repair(&plane->mss);
	dplane_privileged(&plane->dp, false);
	if (err)
		return dplane_fail(&plane->dp, -err, "TCP MSS is not clamped: nf_tables: %s",
				   safe_strerror(-err));
	if (!robbed)
		return 0;
	if (changed[0])
		strlcat(changed, ", ", len);
	strlcat(changed, "robbed of its TCP MSS clamp", len);
	return 0;
}
