// SPDX-License-Identifier: GPL-2.0-or-later
/* What others do to devices of the kernel plane, heard of and put back; see xfrm_dev.h. */
#include <zebra.h>

#include "lib/log.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

DECLARE_DLIST(xfrm_devs, struct xfrm_dev, item);
DECLARE_DLIST(xfrm_sharers, struct xfrm_link, sharer);

void xfrm_dev_changed(struct xfrm_plane *plane, struct xfrm_dev *dev)
{
	struct xfrm_link *link;

	dev->changed = true;
	frr_each (xfrm_sharers, &dev->links, link)
		xfrm_link_changed(plane, &link->base);
}

void xfrm_devs_changed(struct xfrm_plane *plane, int ns, uint32_t ifindex)
{
	struct xfrm_dev *dev;

	frr_each (xfrm_devs, &plane->devs, dev)
		if (dev->ns == ns &&
		    (!ifindex || dev->iface.ifindex == ifindex || dev->iface_in.ifindex == ifindex))
			xfrm_dev_changed(plane, dev);
}

struct watched {
	struct xfrm_plane *plane;
	int ns;
};

static void changed_by_index(void *arg, uint32_t ifindex)
{
	const struct watched *watched = arg;

	xfrm_devs_changed(watched->plane, watched->ns, ifindex);
}

void xfrm_devs_watch_read(struct xfrm_plane *plane)
{
	struct watched here = {plane, RTNL_HERE};
	struct xfrm_dev *dev;

	if (plane->watch >= 0)
		rtnl_watch_read(plane->watch, changed_by_index, &here);
	xfrm_devs_names_read(plane);
	frr_each (xfrm_devs, &plane->devs, dev)
		if (dev->watch >= 0)
			rtnl_watch_read(dev->watch, changed_by_index, &(struct watched){plane, dev->ns});
}

/* Set down by the administrator it shows neither state. */
static bool shows(const struct rtnl_link *now, bool running)
{
	if (running)
		return now->operstate != RTNL_OPER_DORMANT && now->operstate != RTNL_OPER_TESTING;
	return now->operstate != RTNL_OPER_UP && now->operstate != RTNL_OPER_UNKNOWN;
}

struct mended {
	const struct xfrm_dev *dev;
	bool in;
};

static int set_state(struct dplane *dp, void *arg, bool running)
{
	const struct mended *held = arg;

	return xfrm_dev_iface_state(held->dev, held->in, running);
}

static int mend(void *arg, const struct rtnl_link *now, char *words, size_t len)
{
	const struct mended *held = arg;
	struct rtnl_link want = xfrm_dev_wanted(held->dev, held->in);
	char made[100];

	if (xfrm_dev_matches(now, &want))
		return 0;
	snprintf(words, len, "made %s", xfrm_kind_words(now, made, sizeof(made)));
	return rtnl_link_mend(held->dev->ns, &want, now->ifindex);
}

static int repair(struct xfrm_plane *plane, struct xfrm_dev *dev, bool in, const struct dplane_shape *shape,
		  char *changed, size_t len)
{
	static const struct dplane_shape_state state = {shows, set_state, mend};
	struct mended arg = {dev, in};
	const struct dplane_shape_held held = {
		.ns = dev->ns,
		.ifindex = in ? dev->iface_in.ifindex : dev->iface.ifindex,
		.running = dev->running,
		.shape = shape,
		.state = &state,
		.arg = &arg,
	};

	return dplane_shape_repair(&plane->dp, &held, changed, len);
}

static int look_after(struct xfrm_plane *plane, struct xfrm_dev *dev, char *changed, size_t len)
{
	struct dplane_shape in = xfrm_dev_shape_in(dev, &dev->shape);
	int err;

	if (!dev->iface.ifindex || xfrm_dev_ns_gone(dev))
		return dplane_fail(&plane->dp, ENODEV, "interface %s was removed by somebody",
				   dev->shape.name);
	err = repair(plane, dev, false, &dev->shape, changed, len);
	return err || !dev->iface_in.ifindex ? err : repair(plane, dev, true, &in, changed, len);
}

/* All links of it are told, and each comes here: the first look is enough for all. */
int xfrm_dev_repair(struct xfrm_plane *plane, struct xfrm_dev *dev, char *changed, size_t len)
{
	bool watched = dev->ns == RTNL_HERE ? plane->watch >= 0 : dev->watch >= 0;
	int err;

	xfrm_devs_watch_read(plane);
	if (watched && !dev->changed)
		return 0;
	dev->changed = false;
	err = look_after(plane, dev, changed, len);
	if (err)
		dev->changed = true;
	return err;
}
