// SPDX-License-Identifier: GPL-2.0-or-later
/* The network namespaces that devices of the kernel plane live in, see xfrm_dev.h. */
#include <zebra.h>

#include "lib/log.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

DECLARE_DLIST(xfrm_devs, struct xfrm_dev, item);

void xfrm_dev_ns_close(struct xfrm_dev *dev)
{
	int *fds[] = {&dev->watch, &dev->icmp4, &dev->icmp6, &dev->ns};

	for (size_t i = 0; i < array_size(fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

static void names_watch(struct xfrm_plane *plane)
{
	if (plane->names >= 0)
		return;
	plane->names = rtnl_ns_names_watch();
	xfrm_poll_add(plane, plane->names);
}

int xfrm_dev_ns_open(struct xfrm_plane *plane, struct xfrm_dev *dev)
{
	const char *netns = dev->nature.netns;
	int err = 0;

	if (!netns[0])
		return 0;
	dev->ns = rtnl_ns_open(netns);
	if (dev->ns < 0) {
		err = dev->ns;
		dev->ns = RTNL_HERE;
		return dplane_fail(&plane->dp, -err,
				   "interface %s: there is no network namespace %s: %s (`ip netns add %s`)",
				   dev->shape.name, netns, safe_strerror(-err), netns);
	}
	dev->watch = rtnl_watch_open(dev->ns);
	if (dev->watch < 0) {
		err = dev->watch;
		xfrm_dev_ns_close(dev);
		return dplane_fail(&plane->dp, -err, "interface %s: cannot enter network namespace %s: %s%s",
				   dev->shape.name, netns, safe_strerror(-err),
				   err == -EPERM ? " (the daemon lacks CAP_SYS_ADMIN)" : "");
	}
	xfrm_poll_add(plane, dev->watch);
	xfrm_probes_open_in(dev->ns, &dev->icmp4, &dev->icmp6);
	xfrm_poll_add(plane, dev->icmp4);
	xfrm_poll_add(plane, dev->icmp6);
	rtnl_routes_sweep(dev->ns);
	names_watch(plane);
	return 0;
}

bool xfrm_dev_ns_gone(const struct xfrm_dev *dev)
{
	return dev->nature.netns[0] && !rtnl_ns_is(dev->ns, dev->nature.netns);
}

void xfrm_devs_names_read(struct xfrm_plane *plane)
{
	struct xfrm_dev *dev;

	if (plane->names < 0 || !rtnl_ns_names_changed(plane->names))
		return;
	frr_each (xfrm_devs, &plane->devs, dev)
		if (xfrm_dev_ns_gone(dev))
			xfrm_dev_changed(plane, dev);
}
