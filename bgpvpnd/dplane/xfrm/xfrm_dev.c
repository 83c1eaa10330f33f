// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices of the kernel plane: whose they are, their life and their state; see xfrm_dev.h. */
#include <zebra.h>

#include "lib/log.h"
#include "lib/memory.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

DEFINE_MTYPE_STATIC(BGPVPN, XFRM_DEV, "VPN kernel device");

DECLARE_DLIST(xfrm_devs, struct xfrm_dev, item);
DECLARE_DLIST(xfrm_sharers, struct xfrm_link, sharer);

/*
 * --- which one -------------------------------------------------------------------------------------------
 */

/* That has this name in this namespace, for packets in or out. */
static struct xfrm_dev *dev_find(struct xfrm_plane *plane, const char *name, const char *netns)
{
	struct xfrm_dev *dev;

	frr_each (xfrm_devs, &plane->devs, dev)
		if (strcmp(dev->nature.netns, netns) == 0 &&
		    (strcmp(dev->shape.name, name) == 0 || strcmp(dev->nature.name_in, name) == 0))
			return dev;
	return NULL;
}

static int in_use(struct xfrm_plane *plane, const char *name, const struct xfrm_dev *dev)
{
	struct rtnl_link is = xfrm_dev_wanted(dev, strcmp(name, dev->shape.name) != 0);
	bool shared = xfrm_nature_shared(&dev->nature);
	char words[100];

	return dplane_fail(&plane->dp, EBUSY, "interface %s is in use by another tunnel as %s%s", name,
			   xfrm_kind_words(&is, words, sizeof(words)),
			   shared ? "" : ", which tunnels cannot share");
}

static int vrf_check(struct xfrm_plane *plane, const struct xfrm_dev *dev, const struct xfrm_link *link,
		     const struct dplane_link_params *params)
{
	const struct xfrm_link *other;

	frr_each (xfrm_sharers_const, &dev->links, other)
		if (other != link && strcmp(other->base.params.vrf, params->vrf) != 0)
			return dplane_fail(&plane->dp, EBUSY,
					   "interface %s is in use by another tunnel in %s%s", params->name,
					   other->base.params.vrf[0] ? "VRF " : "no VRF",
					   other->base.params.vrf);
	return 0;
}

/* The device that a link joins, NULL: a new one. */
static int dev_for(struct xfrm_plane *plane, const struct dplane_link_params *params,
		   const struct dplane_link_nature *nature, struct xfrm_dev **dev)
{
	struct xfrm_dev *found = dev_find(plane, params->name, nature->netns);
	struct xfrm_dev *in = nature->name_in[0] ? dev_find(plane, nature->name_in, nature->netns) : NULL;

	if (in && in != found)
		return in_use(plane, nature->name_in, in);
	if (found && (strcmp(found->shape.name, params->name) != 0 || !xfrm_nature_shared(nature) ||
		      !dplane_nature_same(&found->nature, nature)))
		return in_use(plane, params->name, found);
	*dev = found;
	return found ? vrf_check(plane, found, NULL, params) : 0;
}

/*
 * --- what it shall be like -------------------------------------------------------------------------------
 */

static struct dplane_shape shape_of(const struct xfrm_dev *dev)
{
	struct dplane_shape shape = {};
	const struct xfrm_link *link;

	frr_each (xfrm_sharers_const, &dev->links, link)
		dplane_shape_merge(&shape, &link->base.params);
	dplane_shape_merged(&shape);
	return shape;
}

/* The one that packets come out of has no addresses and no routes. */
struct dplane_shape xfrm_dev_shape_in(const struct xfrm_dev *dev, const struct dplane_shape *shape)
{
	struct dplane_shape in = {.mtu = shape->mtu};

	strlcpy(in.name, dev->nature.name_in, sizeof(in.name));
	strlcpy(in.vrf, shape->vrf, sizeof(in.vrf));
	return in;
}

static void shape_take(struct xfrm_dev *dev, struct dplane_shape *shape)
{
	dplane_shape_fini(&dev->shape);
	dev->shape = *shape;
}

/*
 * --- its state -------------------------------------------------------------------------------------------
 */

int xfrm_dev_iface_state(const struct xfrm_dev *dev, bool in, bool running)
{
	uint32_t ifindex = in ? dev->iface_in.ifindex : dev->iface.ifindex;

	if (!ifindex)
		return 0;
	return running ? rtnl_link_set_operative(dev->ns, ifindex) : rtnl_link_set_dormant(dev->ns, ifindex);
}

static int dev_state(const struct xfrm_dev *dev, bool running)
{
	int err = xfrm_dev_iface_state(dev, false, running);

	return err ? err : xfrm_dev_iface_state(dev, true, running);
}

static bool wanted_state(const struct xfrm_dev *dev)
{
	const struct xfrm_link *link;

	frr_each (xfrm_sharers_const, &dev->links, link)
		if (link->base.running)
			return true;
	return false;
}

static int state_apply(struct xfrm_plane *plane, struct xfrm_dev *dev)
{
	bool running = wanted_state(dev);
	int err = dev_state(dev, running);

	if (err == -ENODEV)
		return dplane_fail(&plane->dp, ENODEV, "interface %s was removed by somebody",
				   dev->shape.name);
	if (err)
		return dplane_fail(&plane->dp, -err, "interface %s: cannot set its operational state: %s",
				   dev->shape.name, safe_strerror(-err));
	dev->running = running;
	return 0;
}

int xfrm_dev_set_running(struct xfrm_plane *plane, struct xfrm_link *link, bool running)
{
	bool before = link->base.running;
	int err;

	link->base.running = running;
	err = state_apply(plane, link->dev);
	if (err)
		link->base.running = before;
	return err;
}

/*
 * --- its life --------------------------------------------------------------------------------------------
 */

/* A VTI gives the same packet to the policies twice; the second time, without its mark, there is none for it. */
static int vti_policies_off(struct xfrm_plane *plane, const struct xfrm_dev *dev)
{
	char path[64];
	int err;

	if (dev->kind->kind != DPLANE_KIND_VTI)
		return 0;
	snprintf(path, sizeof(path), "ipv4/conf/%s/disable_policy", dev->shape.name);
	err = rtnl_sysctl(path, "1");
	if (err)
		return dplane_fail(&plane->dp, -err, "interface %s: cannot write net.%s: %s", dev->shape.name,
				   path, safe_strerror(-err));
	snprintf(path, sizeof(path), "ipv6/conf/%s/disable_policy", dev->shape.name);
	(void)rtnl_sysctl(path, "1"); /* IPv6 may be off */
	return 0;
}

/* Down-linked before anything else, and again after the administrator's up, which an older kernel takes for more. */
static int dev_begin(struct xfrm_plane *plane, struct xfrm_dev *dev, const struct dplane_shape *shape)
{
	struct dplane *dp = &plane->dp;
	struct dplane_shape in = xfrm_dev_shape_in(dev, shape);
	int err = dev_state(dev, false);

	if (err)
		return dplane_fail(dp, -err, "interface %s: cannot set it dormant: %s", dev->shape.name,
				   safe_strerror(-err));
	err = vti_policies_off(plane, dev);
	if (!err)
		err = dplane_shape_begin(dp, dev->ns, dev->iface.ifindex, shape);
	if (!err && dev->iface_in.ifindex)
		err = dplane_shape_begin(dp, dev->ns, dev->iface_in.ifindex, &in);
	return err ? err : state_apply(plane, dev);
}

static void iface_unmake(const struct xfrm_dev *dev, struct xfrm_iface *iface)
{
	if (iface->made)
		rtnl_link_del(dev->ns, iface->ifindex);
	*iface = (struct xfrm_iface){};
}

static int dev_open(struct xfrm_plane *plane, struct xfrm_dev *dev, struct dplane_shape *shape)
{
	int err;

	dev->iface = dev->iface_in = (struct xfrm_iface){};
	err = xfrm_dev_make(plane, dev);
	if (err)
		return err;
	err = dev_begin(plane, dev, shape);
	if (!err) {
		shape_take(dev, shape);
		return 0;
	}
	iface_unmake(dev, &dev->iface_in);
	iface_unmake(dev, &dev->iface);
	return err;
}

/* These fail when somebody has removed it already, which is as good. */
static void iface_close(const struct xfrm_dev *dev, const struct xfrm_iface *iface,
			const struct dplane_shape *shape)
{
	if (!iface->ifindex)
		return;
	if (iface->ours)
		rtnl_link_del(dev->ns, iface->ifindex);
	else
		dplane_shape_release(dev->ns, iface->ifindex, shape);
}

static void dev_free(struct xfrm_plane *plane, struct xfrm_dev *dev)
{
	xfrm_dev_ns_close(dev);
	xfrm_devs_del(&plane->devs, dev);
	xfrm_sharers_fini(&dev->links);
	dplane_shape_fini(&dev->shape);
	XFREE(MTYPE_XFRM_DEV, dev);
}

static void ifaces_close(struct xfrm_dev *dev)
{
	struct dplane_shape in = xfrm_dev_shape_in(dev, &dev->shape);

	iface_close(dev, &dev->iface, &dev->shape);
	iface_close(dev, &dev->iface_in, &in);
	dev->iface = dev->iface_in = (struct xfrm_iface){};
}

static void dev_close(struct xfrm_plane *plane, struct xfrm_dev *dev)
{
	ifaces_close(dev);
	dev_free(plane, dev);
}

static struct xfrm_dev *dev_new(struct xfrm_plane *plane, const struct dplane_link_params *params)
{
	struct xfrm_dev *dev = XCALLOC(MTYPE_XFRM_DEV, sizeof(*dev));

	dev->nature = xfrm_nature_of(params);
	dev->kind = xfrm_kind_of(&dev->nature);
	dev->if_id_in = dev->nature.if_id_in;
	dev->if_id_out = dev->nature.if_id_out;
	dev->key = dev->nature.mark;
	dev->ns = RTNL_HERE;
	dev->watch = dev->icmp4 = dev->icmp6 = -1;
	strlcpy(dev->shape.name, params->name, sizeof(dev->shape.name));
	xfrm_sharers_init(&dev->links);
	xfrm_devs_add_tail(&plane->devs, dev);
	return dev;
}

/*
 * --- join, reshape, leave --------------------------------------------------------------------------------
 */

/* What the SAs and policies of a link go by. */
static void link_follow(struct xfrm_plane *plane, struct xfrm_dev *dev, struct xfrm_link *link)
{
	bool entered = dplane_link_find(&plane->links, link->base.id) != NULL;

	if (entered)
		dplane_link_leave(&plane->links, &link->base);
	link->base.ifindex = dev->iface.ifindex;
	if (entered)
		dplane_link_enter(&plane->links, &link->base);
	link->if_id_in = dev->if_id_in;
	link->if_id_out = dev->if_id_out;
	link->mark = dev->key;
	link->mark_mask = dev->kind->keyed ? dev->nature.mark_mask : 0;
	link->transport = dev->kind->transport;
}

static void links_follow(struct xfrm_plane *plane, struct xfrm_dev *dev)
{
	struct xfrm_link *link;

	frr_each (xfrm_sharers, &dev->links, link) {
		link_follow(plane, dev, link);
		link->robbed = true;
	}
}

static bool is_gone(const struct xfrm_dev *dev)
{
	struct rtnl_link now;

	return !dev->iface.ifindex || xfrm_dev_ns_gone(dev) ||
	       rtnl_link_get(dev->ns, dev->iface.ifindex, &now) == -ENODEV ||
	       (dev->iface_in.ifindex && rtnl_link_get(dev->ns, dev->iface_in.ifindex, &now) == -ENODEV);
}

/* In the namespace that has the name now. */
static int open_again(struct xfrm_plane *plane, struct xfrm_dev *dev, struct dplane_shape *shape)
{
	int err = 0;

	if (xfrm_dev_ns_gone(dev)) {
		ifaces_close(dev);
		xfrm_dev_ns_close(dev);
		err = xfrm_dev_ns_open(plane, dev);
	}
	return err ? err : dev_open(plane, dev, shape);
}

static int change(struct xfrm_plane *plane, struct xfrm_dev *dev, const struct dplane_shape *shape)
{
	struct dplane_shape in = xfrm_dev_shape_in(dev, shape),
			    in_before = xfrm_dev_shape_in(dev, &dev->shape);
	bool moved = strcmp(shape->vrf, dev->shape.vrf) != 0;
	int err = dplane_shape_change(&plane->dp, dev->ns, dev->iface.ifindex, shape, &dev->shape);

	if (!err && dev->iface_in.ifindex)
		err = dplane_shape_change(&plane->dp, dev->ns, dev->iface_in.ifindex, &in, &in_before);
	/* The kernel has taken it down and up on its way. */
	return err || !moved ? err : dev_state(dev, dev->running);
}

/*
 * What its links want now; the interface that somebody removed is made again for all of them. A change that fails halfway is
 * taken back as far as that goes.
 */
static int reshape(struct xfrm_plane *plane, struct xfrm_dev *dev)
{
	struct dplane_shape shape = shape_of(dev), old;
	int err;

	if (is_gone(dev)) {
		err = open_again(plane, dev, &shape);
		links_follow(plane, dev);
	} else {
		err = change(plane, dev, &shape);
		if (!err)
			shape_take(dev, &shape);
	}
	if (!err)
		return 0;
	old = dev->shape;
	dev->shape = shape;
	if (dev->iface.ifindex) {
		char why[DPLANE_WORDS_MAX];

		strlcpy(why, plane->dp.error, sizeof(why));
		change(plane, dev, &old);
		strlcpy(plane->dp.error, why, sizeof(plane->dp.error));
	}
	dev->shape = old;
	dplane_shape_fini(&shape);
	return err;
}

static int open_new(struct xfrm_plane *plane, struct xfrm_dev *dev)
{
	struct dplane_shape shape = shape_of(dev);
	int err = xfrm_dev_ns_open(plane, dev);

	if (!err)
		err = dev_open(plane, dev, &shape);
	if (err)
		dplane_shape_fini(&shape);
	return err;
}

int xfrm_dev_check(struct xfrm_plane *plane, const struct dplane_link_params *params)
{
	const struct dplane_link_nature nature = xfrm_nature_of(params);
	struct xfrm_dev *dev;

	return dev_for(plane, params, &nature, &dev);
}

int xfrm_dev_join(struct xfrm_plane *plane, struct xfrm_link *link)
{
	const struct dplane_link_params *params = &link->base.params;
	const struct dplane_link_nature nature = xfrm_nature_of(params);
	struct xfrm_dev *dev = NULL;
	int err = dev_for(plane, params, &nature, &dev);
	bool fresh = !dev;

	if (err)
		return err;
	if (fresh)
		dev = dev_new(plane, params);
	xfrm_sharers_add_tail(&dev->links, link);
	err = fresh ? open_new(plane, dev) : reshape(plane, dev);
	if (err) {
		xfrm_sharers_del(&dev->links, link);
		if (fresh)
			dev_free(plane, dev);
		return err;
	}
	link->dev = dev;
	link_follow(plane, dev, link);
	return 0;
}

int xfrm_dev_reshape(struct xfrm_plane *plane, struct xfrm_link *link,
		     const struct dplane_link_params *params)
{
	const struct dplane_link_nature nature = xfrm_nature_of(params);
	struct dplane_link_params before = link->base.params;
	int err = vrf_check(plane, link->dev, link, params);

	if (err)
		return err;
	if (!dplane_nature_same(&nature, &link->dev->nature))
		return dplane_fail(&plane->dp, EINVAL,
				   "interface %s cannot be made another kind of interface", params->name);
	link->base.params = *params;
	err = reshape(plane, link->dev);
	if (err)
		link->base.params = before;
	return err;
}

void xfrm_dev_leave(struct xfrm_plane *plane, struct xfrm_link *link)
{
	struct xfrm_dev *dev = link->dev;

	xfrm_sharers_del(&dev->links, link);
	if (!xfrm_sharers_count(&dev->links)) {
		dev_close(plane, dev);
		return;
	}
	/* Gone, or changed by somebody: then the others' own look tells. */
	if (is_gone(dev))
		return;
	reshape(plane, dev);
	state_apply(plane, dev);
}

void xfrm_dev_abandon(struct xfrm_plane *plane, struct xfrm_link *link)
{
	struct xfrm_dev *dev = link->dev;

	xfrm_sharers_del(&dev->links, link);
	if (xfrm_sharers_count(&dev->links))
		return;
	dev_state(dev, false);
	dev_free(plane, dev);
}
