// SPDX-License-Identifier: GPL-2.0-or-later
/* Interfaces of the kernel plane made, or found and adopted, see xfrm_dev.h. */
#include <zebra.h>

#include "lib/jhash.h"
#include "lib/log.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

DECLARE_DLIST(xfrm_devs, struct xfrm_dev, item);

/* Numbers that others have in our range are passed over; more than these are not ours to find. */
#define NUMBER_DRAWS 4096

/* An interface of another namespace is made here, under a name that nobody gives to his own. */
#define MOVING "vpn-moves"

struct rtnl_link xfrm_dev_wanted(const struct xfrm_dev *dev, bool in)
{
	struct rtnl_link want = {
		.if_id = in ? dev->if_id_in : dev->if_id_out,
		.ikey = dev->key,
		.okey = dev->key,
		.local = dev->nature.local,
		.remote = dev->nature.remote,
	};

	strlcpy(want.kind, dev->kind->type, sizeof(want.kind));
	return want;
}

/* An if_id or a key that is open fits any that there is. */
bool xfrm_dev_matches(const struct rtnl_link *found, const struct rtnl_link *want)
{
	bool xfrm = strcmp(want->kind, "xfrm") == 0, vti = strncmp(want->kind, "vti", 3) == 0;

	if (strcmp(found->kind, want->kind) != 0)
		return false;
	if (xfrm)
		return want->if_id ? found->if_id == want->if_id : found->if_id != 0;
	if (found->ikey != found->okey || !ipaddr_equal(&found->local, &want->local) ||
	    !ipaddr_equal(&found->remote, &want->remote))
		return false;
	return vti && !want->ikey ? found->ikey != 0 : found->ikey == want->ikey;
}

/*
 * --- adopt -----------------------------------------------------------------------------------------------
 */

static int key_check(struct xfrm_plane *plane, const struct xfrm_dev *dev, const char *name, uint32_t key)
{
	struct xfrm_dev *other;

	frr_each (xfrm_devs, &plane->devs, other)
		if (key && other != dev && other->key == key)
			return dplane_fail(&plane->dp, EEXIST,
					   "interface %s: mark %u is interface %s's already", name, key,
					   other->shape.name);
	return 0;
}

static int adopt(struct xfrm_plane *plane, const struct xfrm_dev *dev, const char *name,
		 const struct rtnl_link *found, const struct rtnl_link *want)
{
	char is[100], shall[100];

	if (!xfrm_dev_matches(found, want))
		return dplane_fail(
			&plane->dp, EEXIST,
			"interface %s exists already and is %s, not %s%s: remove it (`ip link del %s`), or name another",
			name, xfrm_kind_words(found, is, sizeof(is)),
			xfrm_kind_words(want, shall, sizeof(shall)),
			strcmp(found->kind, "xfrm") == 0 && !found->if_id ? " (it takes any if_id, external)"
									  : "",
			name);
	if (dev->ns != RTNL_HERE &&
	    (found->keys_nsid < 0 || found->keys_nsid != rtnl_ns_number_of_ours(dev->ns)))
		return dplane_fail(
			&plane->dp, EEXIST,
			"interface %s exists already in network namespace %s, and its keys are not here: remove it",
			name, dev->nature.netns);
	if (dev->ns == RTNL_HERE && found->keys_nsid >= 0)
		return dplane_fail(
			&plane->dp, EEXIST,
			"interface %s exists already, and its keys are in another network namespace", name);
	return dev->kind->keyed ? key_check(plane, dev, name, found->ikey) : 0;
}

/*
 * --- make ------------------------------------------------------------------------------------------------
 */

static int make_refused(struct dplane *dp, const struct xfrm_dev *dev, const char *name,
			const struct rtnl_link *want, int err)
{
	char words[100];

	if (err == EPERM)
		return dplane_fail(dp, err,
				   "no permission to create interface %s: the daemon lacks CAP_NET_ADMIN",
				   name);
	if (err == EOPNOTSUPP)
		return dplane_fail(dp, err, "cannot create interface %s: %s", name, dev->kind->missing);
	if (err == EEXIST)
		return dplane_fail(dp, err, "cannot create interface %s: another one is %s already", name,
				   xfrm_kind_words(want, words, sizeof(words)));
	return dplane_fail(dp, err, "cannot create interface %s: %s", name, safe_strerror(err));
}

/* Of the name, so that it is the same one after each start. */
static uint32_t number_of(const char *name, uint32_t draw)
{
	uint32_t hash = jhash(name, (uint32_t)strlen(name), 0) + draw;

	return (XFRM_OURS & XFRM_OURS_MASK) + 1 + hash % ((XFRM_OURS_MASK ^ UINT32_MAX) - 1);
}

static bool key_taken(struct xfrm_plane *plane, uint32_t key)
{
	struct xfrm_dev *other;

	frr_each (xfrm_devs, &plane->devs, other)
		if (other->key == key)
			return true;
	return false;
}

/* The kernel has each if_id once in a network namespace. */
static int add_with_if_id(struct rtnl_link *want, const char *as, const char *name)
{
	int err = -EEXIST;

	if (want->if_id)
		return rtnl_link_add(want, as);
	for (uint32_t i = 0; err == -EEXIST && i < NUMBER_DRAWS; i++) {
		want->if_id = number_of(name, i);
		err = rtnl_link_add(want, as);
	}
	return err;
}

static int add(struct xfrm_plane *plane, const struct xfrm_dev *dev, struct rtnl_link *want, const char *as,
	       const char *name)
{
	if (dev->kind->kind == DPLANE_KIND_XFRM)
		return add_with_if_id(want, as, name);
	for (uint32_t i = 0; dev->kind->keyed && !want->ikey && i < NUMBER_DRAWS; i++)
		if (!key_taken(plane, number_of(name, i)))
			want->ikey = want->okey = number_of(name, i);
	return rtnl_link_add(want, as);
}

/* A daemon that was killed in the middle may have left one on its way. */
static int add_elsewhere(struct xfrm_plane *plane, const struct xfrm_dev *dev, struct rtnl_link *want,
			 const char *name)
{
	struct rtnl_link moving;
	int err;

	if (rtnl_link_find(RTNL_HERE, MOVING, &moving) == 0)
		rtnl_link_del(RTNL_HERE, moving.ifindex);
	err = add(plane, dev, want, MOVING, name);
	if (!err)
		err = rtnl_link_find(RTNL_HERE, MOVING, &moving);
	if (err)
		return err;
	err = rtnl_link_move(moving.ifindex, name, dev->ns);
	if (err)
		rtnl_link_del(RTNL_HERE, moving.ifindex);
	return err;
}

static int make(struct xfrm_plane *plane, const struct xfrm_dev *dev, const char *name,
		struct rtnl_link *want, struct rtnl_link *found)
{
	int err = want->ikey ? key_check(plane, dev, name, want->ikey) : 0;

	if (err)
		return err;
	err = dev->ns == RTNL_HERE ? add(plane, dev, want, name, name)
				   : add_elsewhere(plane, dev, want, name);
	if (!err)
		err = rtnl_link_find(dev->ns, name, found);
	return err ? make_refused(&plane->dp, dev, name, want, -err) : 0;
}

/*
 * --- both ------------------------------------------------------------------------------------------------
 */

static int iface_open(struct xfrm_plane *plane, struct xfrm_dev *dev, const char *name, bool in,
		      struct rtnl_link *found)
{
	struct xfrm_iface *iface = in ? &dev->iface_in : &dev->iface;
	struct rtnl_link want = xfrm_dev_wanted(dev, in);
	bool there = rtnl_link_find(dev->ns, name, found) == 0;
	int err = there ? adopt(plane, dev, name, found, &want) : make(plane, dev, name, &want, found);

	if (err)
		return err;
	*iface = (struct xfrm_iface){
		.ifindex = found->ifindex,
		.ours = !there || strcmp(found->alias, DPLANE_LINK_MARK) == 0,
		.made = !there,
	};
	/* Without the mark it stays when a successor is done with it, and that is all. */
	if (!there)
		rtnl_link_set_alias(dev->ns, found->ifindex, DPLANE_LINK_MARK);
	return 0;
}

int xfrm_dev_make(struct xfrm_plane *plane, struct xfrm_dev *dev)
{
	struct rtnl_link found;
	int err = iface_open(plane, dev, dev->shape.name, false, &found);

	if (err)
		return err;
	if (dev->nature.name_in[0])
		err = iface_open(plane, dev, dev->nature.name_in, true, &(struct rtnl_link){});
	if (err) {
		if (dev->iface.made)
			rtnl_link_del(dev->ns, dev->iface.ifindex);
		return err;
	}
	dev->key = found.ikey;
	if (!dev->if_id_out)
		dev->if_id_in = dev->if_id_out = found.if_id;
	return 0;
}
