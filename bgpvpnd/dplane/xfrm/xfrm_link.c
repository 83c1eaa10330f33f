// SPDX-License-Identifier: GPL-2.0-or-later
/* Interfaces of the kernel plane, see dplane.h for what each call promises, and xfrm_plane.h. */
#include <zebra.h>

#include "lib/log.h"
#include "lib/memory.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

DEFINE_MTYPE_STATIC(BGPVPN, XFRM_LINK, "VPN XFRM interface");

DECLARE_DLIST(xfrm_rules, struct xfrm_rule, item);
DECLARE_DLIST(xfrm_siblings, struct xfrm_child, sibling);

/* As the user-space plane's: an IP packet with its length in 16 bits. */
#define MTU_MAX 65535

/* if_ids that others have in our range are passed over; more than these are not ours to find. */
#define IF_ID_DRAWS 4096

struct xfrm_link *xfrm_link_find(struct xfrm_plane *plane, uint32_t id)
{
	return (struct xfrm_link *)dplane_link_find(&plane->links, id);
}

static void link_free(struct xfrm_link *link)
{
	xfrm_trap_off(link);
	held_fini(&link->trapped);
	xfrm_rules_fini(&link->rules);
	xfrm_siblings_fini(&link->children);
	XFREE(MTYPE_XFRM_LINK, link);
}

/*
 * --- the device ------------------------------------------------------------------------------------------
 */

static int make_refused(struct dplane *dp, const char *name, int err)
{
	if (err == EPERM)
		return dplane_fail(dp, err,
				   "no permission to create interface %s: the daemon lacks CAP_NET_ADMIN",
				   name);
	if (err == EOPNOTSUPP)
		return dplane_fail(
			dp, err,
			"cannot create interface %s: the kernel has no XFRM interfaces: `modprobe xfrm_interface`, "
			"or a kernel with CONFIG_XFRM_INTERFACE",
			name);
	return dplane_fail(dp, err, "cannot create interface %s: %s", name, safe_strerror(err));
}

/* The kernel has each if_id once in a network namespace. */
static int device_make(struct xfrm_plane *plane, const char *name, struct rtnl_link *found)
{
	int err = -EEXIST;

	for (uint32_t i = 1; err == -EEXIST && i <= IF_ID_DRAWS; i++)
		err = rtnl_link_add_xfrm(name,
					 XFRM_OURS + (plane->links.last + i) % (XFRM_OURS_MASK ^ UINT32_MAX));
	if (err)
		return make_refused(&plane->dp, name, -err);
	err = rtnl_link_find(name, found);
	return err ? make_refused(&plane->dp, name, -err) : 0;
}

static int device_adopt(struct dplane *dp, const char *name, const struct rtnl_link *found)
{
	if (strcmp(found->kind, "xfrm") != 0)
		return dplane_fail(
			dp, EEXIST,
			"interface %s exists already and is %s%s, not an XFRM interface: remove it (`ip link del %s`), "
			"or name another interface",
			name, found->kind[0] ? "of kind " : "a hardware interface", found->kind, name);
	if (!found->if_id)
		return dplane_fail(
			dp, EEXIST,
			"interface %s takes packets of any if_id (external): name another interface", name);
	return 0;
}

static int hold_down(struct dplane *dp, const char *name, uint32_t ifindex)
{
	int err = rtnl_link_set_dormant(ifindex);

	return err ? dplane_fail(dp, -err, "interface %s: cannot set it dormant: %s", name,
				 safe_strerror(-err))
		   : 0;
}

/* Down-linked before anything else, and again after the administrator's up, which an older kernel takes for more. */
static int device_ready(struct dplane *dp, const struct dplane_link_params *params, uint32_t ifindex)
{
	int err = hold_down(dp, params->name, ifindex);

	if (!err)
		err = dplane_link_configure(dp, params, &ifindex);
	return err ? err : hold_down(dp, params->name, ifindex);
}

static int device_open(struct xfrm_plane *plane, const struct dplane_link_params *params,
		       struct rtnl_link *found, bool *ours)
{
	bool adopted = rtnl_link_find(params->name, found) == 0;
	int err = adopted ? device_adopt(&plane->dp, params->name, found)
			  : device_make(plane, params->name, found);

	if (err)
		return err;
	*ours = !adopted || strcmp(found->alias, DPLANE_LINK_MARK) == 0;
	err = device_ready(&plane->dp, params, found->ifindex);
	if (err && !adopted)
		rtnl_link_del(found->ifindex);
	/* Without the mark it stays when a successor is done with it, and that is all. */
	if (!err && !adopted)
		rtnl_link_set_alias(found->ifindex, DPLANE_LINK_MARK);
	return err;
}

/*
 * --- add, set, del ---------------------------------------------------------------------------------------
 */

int xfrm_link_add(struct dplane *dp, const struct dplane_link_params *params, uint32_t *id)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	struct rtnl_link found = {};
	struct xfrm_link *link;
	bool ours = false;
	int err;

	err = dplane_link_params_check(dp, params, MTU_MAX);
	if (err)
		return err;
	err = xfrm_guard_put(plane, params);
	if (err)
		return err;
	dplane_privileged(dp, true);
	err = device_open(plane, params, &found, &ours);
	dplane_privileged(dp, false);
	if (err) {
		xfrm_guard_undo(plane, params);
		return err;
	}
	link = XCALLOC(MTYPE_XFRM_LINK, sizeof(*link));
	link->base.id = dplane_link_id_new(&plane->links);
	link->base.ifindex = found.ifindex;
	link->base.ours = ours;
	link->base.params = *params;
	link->if_id_in = link->if_id_out = found.if_id;
	link->reqid = XFRM_OURS + link->base.id % (XFRM_OURS_MASK ^ UINT32_MAX);
	xfrm_rules_init(&link->rules);
	xfrm_siblings_init(&link->children);
	held_init(&link->trapped, LIMIT_TRAP_PACKETS, LIMIT_TRAP_BYTES, LIMIT_TRAP_MS * USEC_PER_MS);
	link->trap = -1;
	dplane_link_enter(&plane->links, &link->base);
	xfrm_mss_follow(plane, params);
	xfrm_trap_look(plane, link);
	*id = link->base.id;
	return 0;
}

int xfrm_link_set(struct dplane *dp, uint32_t id, const struct dplane_link_params *params)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	struct xfrm_link *link = xfrm_link_find(plane, id);
	int err;

	if (!link)
		return dplane_link_unknown(dp, id);
	err = dplane_link_reconfigure(dp, &link->base, params, MTU_MAX);
	if (!err)
		xfrm_mss_follow(plane, params);
	if (!err)
		xfrm_trap_look(plane, link);
	return err;
}

int xfrm_link_del(struct dplane *dp, uint32_t id)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	struct xfrm_link *link = xfrm_link_find(plane, id);

	if (!link)
		return dplane_link_unknown(dp, id);
	xfrm_children_of_link_del(plane, link);
	dplane_link_leave(&plane->links, &link->base);
	xfrm_mss_follow(plane, &link->base.params);
	/* These fail when somebody has removed it already, which is as good. */
	if (link->base.ours) {
		dplane_privileged(dp, true);
		rtnl_link_del(link->base.ifindex);
		dplane_privileged(dp, false);
	} else {
		dplane_link_release(dp, &link->base);
	}
	xfrm_guard_drop(plane, &link->base.params);
	link_free(link);
	return 0;
}

void xfrm_links_teardown(struct xfrm_plane *plane)
{
	struct dplane_link *link;

	while ((link = dplane_link_first(&plane->links))) {
		xfrm_children_of_link_del(plane, (struct xfrm_link *)link);
		dplane_privileged(&plane->dp, true);
		rtnl_link_set_dormant(link->ifindex);
		dplane_privileged(&plane->dp, false);
		dplane_link_leave(&plane->links, link);
		link_free((struct xfrm_link *)link);
	}
	dplane_links_fini(&plane->links);
}

/*
 * --- link state ------------------------------------------------------------------------------------------
 */

static int set_state(struct dplane *dp, const struct dplane_link *link, bool running)
{
	return running ? rtnl_link_set_operative(link->ifindex) : rtnl_link_set_dormant(link->ifindex);
}

int xfrm_link_set_running(struct dplane *dp, uint32_t id, bool running)
{
	struct xfrm_link *link = xfrm_link_find(xfrm_plane_of(dp), id);
	int err;

	if (!link)
		return dplane_link_unknown(dp, id);
	dplane_privileged(dp, true);
	err = set_state(dp, &link->base, running);
	dplane_privileged(dp, false);
	if (err == -ENODEV)
		return dplane_fail(dp, ENODEV, "interface %s was removed by somebody",
				   link->base.params.name);
	if (err)
		return dplane_fail(dp, -err, "interface %s: cannot set its operational state: %s",
				   link->base.params.name, safe_strerror(-err));
	link->base.running = running;
	return 0;
}

/*
 * --- changed by others -----------------------------------------------------------------------------------
 */

void xfrm_link_changed(struct xfrm_plane *plane, struct dplane_link *link)
{
	struct dplane_event event = {.type = DPLANE_EVENT_LINK_CHANGED, .link = link->id};

	if (link->changed)
		return;
	link->changed = true;
	event_queue_push(plane->queue, &event);
}

void xfrm_links_changed(struct xfrm_plane *plane, uint32_t ifindex)
{
	struct dplane_link *link = ifindex ? dplane_link_find_index(&plane->links, ifindex) : NULL;

	if (link)
		xfrm_link_changed(plane, link);
	if (ifindex)
		return;
	for (link = dplane_link_first(&plane->links); link; link = dplane_link_next(&plane->links, link))
		xfrm_link_changed(plane, link);
}

void xfrm_links_robbed(struct xfrm_plane *plane, uint32_t if_id)
{
	struct dplane_link *link;

	for (link = dplane_link_first(&plane->links); link; link = dplane_link_next(&plane->links, link))
		if (!if_id || ((struct xfrm_link *)link)->if_id_in == if_id ||
		    ((struct xfrm_link *)link)->if_id_out == if_id)
			xfrm_link_changed(plane, link);
}

void xfrm_link_pulled(struct xfrm_plane *plane, uint32_t id)
{
	struct xfrm_link *link = xfrm_link_find(plane, id);

	if (link)
		link->base.changed = false;
}

/* Set down by the administrator it shows neither state. */
static bool shows(const struct rtnl_link *now, bool running)
{
	if (running)
		return now->operstate != RTNL_OPER_DORMANT && now->operstate != RTNL_OPER_TESTING;
	return now->operstate != RTNL_OPER_UP && now->operstate != RTNL_OPER_UNKNOWN;
}

static int repair_policies(struct xfrm_plane *plane, struct xfrm_link *link, char *changed, size_t len)
{
	int missing = xfrm_rules_repair(plane, link);

	if (missing < 0)
		return xfrm_refused(plane, missing, "cannot put policies back that somebody removed");
	if (!missing)
		return 0;
	if (changed[0])
		strlcat(changed, ", ", len);
	strlcat(changed, "robbed of its IPsec policies", len);
	return 0;
}

void xfrm_link_announce(struct dplane *dp, uint32_t id)
{
	dplane_link_announce(dp, (struct dplane_link *)xfrm_link_find(xfrm_plane_of(dp), id));
}

int xfrm_link_repair(struct dplane *dp, uint32_t id, char *changed, size_t len)
{
	static const struct dplane_link_state state = {shows, set_state};
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	struct xfrm_link *link = xfrm_link_find(plane, id);
	int err;

	changed[0] = '\0';
	if (!link)
		return dplane_link_unknown(dp, id);
	err = dplane_link_repair(dp, &link->base, &state, changed, len);
	if (!err)
		err = repair_policies(plane, link, changed, len);
	return err ? err : xfrm_mss_repair(plane, changed, len);
}
