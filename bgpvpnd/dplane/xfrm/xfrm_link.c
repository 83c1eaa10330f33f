// SPDX-License-Identifier: GPL-2.0-or-later
/* Links of the kernel plane, see dplane.h for what each call promises, and xfrm_plane.h. Their interfaces are in xfrm_dev.c. */
#include <zebra.h>

#include "lib/log.h"
#include "lib/memory.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

DEFINE_MTYPE_STATIC(BGPVPN, XFRM_LINK, "VPN XFRM interface");

DECLARE_DLIST(xfrm_rules, struct xfrm_rule, item);
DECLARE_DLIST(xfrm_siblings, struct xfrm_child, sibling);

/* As the user-space plane's: an IP packet with its length in 16 bits. */
#define MTU_MAX 65535

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
 * --- add, set, del ---------------------------------------------------------------------------------------
 */

static int params_check(struct dplane *dp, const struct dplane_link_params *params)
{
	int err = dplane_link_params_check(dp, params, MTU_MAX);

	return err ? err : xfrm_nature_check(dp, params);
}

static struct xfrm_link *link_new(struct xfrm_plane *plane, const struct dplane_link_params *params)
{
	struct xfrm_link *link = XCALLOC(MTYPE_XFRM_LINK, sizeof(*link));

	link->base.id = dplane_link_id_new(&plane->links);
	link->base.params = *params;
	link->reqid = XFRM_OURS + link->base.id % (XFRM_OURS_MASK ^ UINT32_MAX);
	xfrm_rules_init(&link->rules);
	xfrm_siblings_init(&link->children);
	held_init(&link->trapped, LIMIT_TRAP_PACKETS, LIMIT_TRAP_BYTES, LIMIT_TRAP_MS * USEC_PER_MS);
	link->trap = -1;
	return link;
}

int xfrm_link_add(struct dplane *dp, const struct dplane_link_params *params, uint32_t *id)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	struct xfrm_link *link;
	int err = params_check(dp, params);

	if (err)
		return err;
	err = xfrm_dev_check(plane, params);
	if (!err)
		err = xfrm_guard_put(plane, params);
	if (err)
		return err;
	link = link_new(plane, params);
	dplane_privileged(dp, true);
	err = xfrm_dev_join(plane, link);
	dplane_privileged(dp, false);
	if (err) {
		xfrm_guard_undo(plane, params);
		link_free(link);
		return err;
	}
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
	err = params_check(dp, params);
	if (err)
		return err;
	if (strcmp(params->name, link->base.params.name) != 0)
		return dplane_fail(dp, EINVAL, "interface %s cannot be renamed to %s", link->base.params.name,
				   params->name);
	dplane_privileged(dp, true);
	err = xfrm_dev_reshape(plane, link, params);
	dplane_privileged(dp, false);
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
	dplane_privileged(dp, true);
	xfrm_dev_leave(plane, link);
	dplane_privileged(dp, false);
	xfrm_guard_drop(plane, &link->base.params);
	link_free(link);
	return 0;
}

void xfrm_links_teardown(struct xfrm_plane *plane)
{
	struct dplane_link *base;

	while ((base = dplane_link_first(&plane->links))) {
		struct xfrm_link *link = (struct xfrm_link *)base;

		xfrm_children_of_link_del(plane, link);
		dplane_privileged(&plane->dp, true);
		xfrm_dev_abandon(plane, link);
		dplane_privileged(&plane->dp, false);
		dplane_link_leave(&plane->links, base);
		link_free(link);
	}
	dplane_links_fini(&plane->links);
}

int xfrm_link_set_running(struct dplane *dp, uint32_t id, bool running)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	struct xfrm_link *link = xfrm_link_find(plane, id);
	int err;

	if (!link)
		return dplane_link_unknown(dp, id);
	dplane_privileged(dp, true);
	err = xfrm_dev_set_running(plane, link, running);
	dplane_privileged(dp, false);
	return err;
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

void xfrm_links_robbed(struct xfrm_plane *plane, uint32_t if_id)
{
	struct dplane_link *link;

	for (link = dplane_link_first(&plane->links); link; link = dplane_link_next(&plane->links, link)) {
		struct xfrm_link *of = (struct xfrm_link *)link;

		if (if_id && of->if_id_in != if_id && of->if_id_out != if_id)
			continue;
		of->robbed = true;
		xfrm_link_changed(plane, link);
	}
}

void xfrm_link_pulled(struct xfrm_plane *plane, uint32_t id)
{
	struct xfrm_link *link = xfrm_link_find(plane, id);

	if (link)
		link->base.changed = false;
}

/* An interface that many share is looked at for each of them whenever one comes or goes: that alone asks for no policies. */
static int repair_policies(struct xfrm_plane *plane, struct xfrm_link *link, char *changed, size_t len)
{
	int missing;

	xfrm_events_read(plane->events, xfrm_event_news, plane);
	missing = link->robbed ? xfrm_rules_repair(plane, link) : 0;
	if (missing < 0)
		return xfrm_refused(plane, missing, "cannot put policies back that somebody removed");
	link->robbed = false;
	if (!missing)
		return 0;
	if (changed[0])
		strlcat(changed, ", ", len);
	strlcat(changed, "robbed of its IPsec policies", len);
	return 0;
}

static void say_strays(struct xfrm_plane *plane, char *changed, size_t len)
{
	size_t used = strlen(changed);

	if (plane->strays)
		snprintf(changed + used, len - used, "%sgiven %u IPsec SAs or policies with reqids of ours",
			 used ? ", " : "", plane->strays);
	plane->strays = 0;
}

void xfrm_link_announce(struct dplane *dp, uint32_t id)
{
	struct xfrm_link *link = xfrm_link_find(xfrm_plane_of(dp), id);

	if (link)
		dplane_link_announce(dp, link->dev->ns, &link->base);
}

int xfrm_link_repair(struct dplane *dp, uint32_t id, char *changed, size_t len)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	struct xfrm_link *link = xfrm_link_find(plane, id);
	int err;

	changed[0] = '\0';
	if (!link)
		return dplane_link_unknown(dp, id);
	dplane_privileged(dp, true);
	err = xfrm_dev_repair(plane, link->dev, changed, len);
	dplane_privileged(dp, false);
	if (!err)
		err = repair_policies(plane, link, changed, len);
	say_strays(plane, changed, len);
	return err ? err : xfrm_mss_repair(plane, changed, len);
}
