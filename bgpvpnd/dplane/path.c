// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How large a packet to a peer may be, see path.h. The kernel keeps it together: the MTU of the device, what a route was given, and what a
 * router on the way answered with ICMP (RFC 1191, RFC 8201), to ESP or UDP of this host, until it forgets that again.
 */
#include <zebra.h>

#include "bgpvpnd/dplane/path.h"

static int look(const struct ipaddr *local, const struct ipaddr *remote, struct rtnl_path *way,
		struct rtnl_link *device)
{
	int err = rtnl_path_get(local, remote, way);

	return err ? err : rtnl_link_get(RTNL_HERE, way->ifindex, device);
}

/* By its name: the number of one that lives in another namespace says nothing here. */
static bool is_tunnel(struct dplane_links *links, const struct rtnl_link *device)
{
	for (struct dplane_link *link = dplane_link_first(links); link; link = dplane_link_next(links, link))
		if (!link->params.nature.netns[0] && strcmp(link->params.name, device->name) == 0)
			return true;
	return false;
}

int dplane_path_look(struct dplane *dp, struct dplane_links *links, const struct ipaddr *local,
		     const struct ipaddr *remote, struct dplane_path *path)
{
	struct rtnl_link device;
	struct rtnl_path way;
	int err;

	if (ipaddr_is_unspecified(remote))
		return -EDESTADDRREQ;
	dplane_privileged(dp, true);
	err = look(local, remote, &way, &device);
	dplane_privileged(dp, false);
	if (err)
		return err;
	/* A mistake of routing that would make the tunnel smaller and smaller. */
	if (is_tunnel(links, &device))
		return -ELOOP;
	*path = (struct dplane_path){.mtu = device.mtu, .from = DPLANE_PATH_DEVICE};
	strlcpy(path->device, device.name, sizeof(path->device));
	if (way.mtu && way.mtu < device.mtu) {
		path->mtu = way.mtu;
		path->from = way.learned ? DPLANE_PATH_LEARNED : DPLANE_PATH_ROUTE;
	}
	return 0;
}
