// SPDX-License-Identifier: GPL-2.0-or-later
/* Interfaces of the user-space plane, see dplane.h for what each call promises. Main thread. */
#include <zebra.h>

#include "lib/log.h"
#include "lib/memory.h"

#include "bgpvpnd/dplane/inside.h"
#include "bgpvpnd/dplane/rtnl.h"
#include "bgpvpnd/dplane/tun/tun_dev.h"
#include "bgpvpnd/dplane/tun/tun_plane.h"
#include "bgpvpnd/dplane/tun/tun_thread.h"

DEFINE_MTYPE_STATIC(BGPVPN, TUN_LINK, "VPN TUN interface");

static void link_free(struct tun_link *link)
{
	tun_port_fini(&link->port);
	close(link->port.fd);
	XFREE(MTYPE_TUN_LINK, link);
}

void tun_links_teardown(struct tun_plane *plane)
{
	struct dplane_link *link;

	while ((link = dplane_link_first(&plane->links))) {
		dplane_link_leave(&plane->links, link);
		link_free((struct tun_link *)link);
	}
	dplane_links_fini(&plane->links);
}

struct tun_link *tun_link_find(struct tun_plane *plane, uint32_t id)
{
	return (struct tun_link *)dplane_link_find(&plane->links, id);
}

static struct tun_port_cfg port_cfg(const struct dplane_link_params *params, bool running)
{
	struct tun_port_cfg cfg = {
		.mtu = params->mtu,
		.mss_v4 = params->mss_v4,
		.mss_v6 = params->mss_v6,
		.running = running,
		.self.ipa_type = IPADDR_NONE,
		.other.ipa_type = IPADDR_NONE,
		.trap = params->trap,
	};

	if (params->num_inside && !inside_other_host(&params->inside[0], &cfg.self, &cfg.other))
		cfg.self.ipa_type = IPADDR_NONE;
	inner_selectors_init(&cfg.trapped, &params->trap_local, &params->trap_remote);
	return cfg;
}

/*
 * --- add, set, del ---------------------------------------------------------------------------------------

 */

/* The descriptor of a device that is ready but for its carrier. What was made half is removed again. */
static int device_make(struct dplane *dp, const struct dplane_link_params *params, uint32_t *ifindex,
		       bool *ours)
{
	struct rtnl_link existing;
	bool adopted = rtnl_link_find(RTNL_HERE, params->name, &existing) == 0;
	int fd = tun_dev_open(dp, params->name);
	int err;

	if (fd < 0)
		return fd;
	err = dplane_link_configure(dp, params, ifindex);
	if (!err) {
		*ours = !adopted || strcmp(existing.alias, DPLANE_LINK_MARK) == 0;
		/* Without the mark it stays when a successor is done with it, and that is all. */
		if (!adopted)
			rtnl_link_set_alias(RTNL_HERE, *ifindex, DPLANE_LINK_MARK);
		return fd;
	}
	if (!adopted)
		tun_dev_set_transient(fd);
	close(fd);
	return err;
}

int tun_link_add(struct dplane *dp, const struct dplane_link_params *params, uint32_t *link)
{
	struct tun_plane *plane = tun_plane_of(dp);
	struct tun_port_cfg cfg = port_cfg(params, false);
	struct tun_msg msg = {.type = TUN_MSG_PORT_ADD};
	struct tun_link *fresh;
	uint32_t ifindex = 0;
	bool ours = false;
	int fd, err;

	err = dplane_link_params_check(dp, params, TUN_PACKET_MAX);
	if (err)
		return err;
	dplane_privileged(dp, true);
	fd = device_make(dp, params, &ifindex, &ours);
	dplane_privileged(dp, false);
	if (fd < 0)
		return fd;

	fresh = XCALLOC(MTYPE_TUN_LINK, sizeof(*fresh));
	fresh->base.id = dplane_link_id_new(&plane->links);
	fresh->base.ifindex = ifindex;
	fresh->base.ours = ours;
	fresh->base.params = *params;
	tun_port_init(&fresh->port, fd, fresh->base.id, &cfg);
	msg.port = &fresh->port;
	err = tun_worker_call(plane->worker, &msg);
	if (err) {
		link_free(fresh);
		return dplane_fail(dp, -err, "interface %s: cannot watch it: %s", params->name,
				   safe_strerror(-err));
	}
	dplane_link_enter(&plane->links, &fresh->base);
	*link = fresh->base.id;
	return 0;
}

static int port_configure(struct tun_plane *plane, struct tun_link *link)
{
	struct tun_msg msg = {.type = TUN_MSG_PORT_SET};

	msg.port_set.port = &link->port;
	msg.port_set.cfg = port_cfg(&link->base.params, link->base.running);
	return tun_worker_call(plane->worker, &msg);
}

int tun_link_set(struct dplane *dp, uint32_t id, const struct dplane_link_params *params)
{
	struct tun_plane *plane = tun_plane_of(dp);
	struct tun_link *link = tun_link_find(plane, id);
	int err;

	if (!link)
		return dplane_link_unknown(dp, id);
	err = dplane_link_reconfigure(dp, &link->base, params, TUN_PACKET_MAX);
	if (err)
		return err;
	return port_configure(plane, link);
}

int tun_link_del(struct dplane *dp, uint32_t id)
{
	struct tun_plane *plane = tun_plane_of(dp);
	struct tun_link *link = tun_link_find(plane, id);
	struct tun_msg msg = {.type = TUN_MSG_PORT_DEL};

	if (!link)
		return dplane_link_unknown(dp, id);
	tun_children_of_link_del(plane, link);
	msg.port = &link->port;
	tun_worker_call(plane->worker, &msg);
	dplane_link_leave(&plane->links, &link->base);
	/* These fail when somebody has removed it already, which is as good. */
	if (link->base.ours)
		tun_dev_set_transient(link->port.fd);
	else
		dplane_link_release(dp, &link->base);
	link_free(link);
	return 0;
}

/*
 * The kernel tells others of a lost carrier at most once a second over all interfaces
 * (net/core/link_watch.c), too late for us; a change of the operational state is told at once. Coming up is
 * told at once anyway, and takes dormant back. When it fails, the carrier is off all the same, and is told
 * with that delay.
 */
int tun_link_carrier(struct dplane *dp, const struct tun_link *link, bool on)
{
	int err = tun_dev_set_carrier(link->port.fd, on);

	if (err || on)
		return err;
	dplane_privileged(dp, true);
	rtnl_link_set_dormant(RTNL_HERE, link->base.ifindex);
	dplane_privileged(dp, false);
	return 0;
}

int tun_link_set_running(struct dplane *dp, uint32_t id, bool running)
{
	struct tun_plane *plane = tun_plane_of(dp);
	struct tun_link *link = tun_link_find(plane, id);
	int err;

	if (!link)
		return dplane_link_unknown(dp, id);
	err = tun_link_carrier(dp, link, running);
	if (err == -EBADFD)
		return dplane_fail(dp, ENODEV, "interface %s was removed by somebody",
				   link->base.params.name);
	if (err)
		return dplane_fail(dp, -err, "interface %s: cannot set its carrier: %s",
				   link->base.params.name, safe_strerror(-err));
	link->base.running = running;
	return port_configure(plane, link);
}

/*
 * --- changed by others -----------------------------------------------------------------------------------

 */

static void changed(struct tun_plane *plane, struct dplane_link *link)
{
	struct dplane_event event = {.type = DPLANE_EVENT_LINK_CHANGED, .link = link->id};

	if (link->changed)
		return;
	link->changed = true;
	event_queue_push(plane->queue, &event);
}

void tun_link_changed(struct tun_plane *plane, uint32_t ifindex)
{
	struct dplane_link *link;

	if (ifindex) {
		link = dplane_link_find_index(&plane->links, ifindex);
		if (link)
			changed(plane, link);
		return;
	}
	for (link = dplane_link_first(&plane->links); link; link = dplane_link_next(&plane->links, link))
		changed(plane, link);
}

void tun_link_pulled(struct tun_plane *plane, uint32_t id)
{
	struct tun_link *link = tun_link_find(plane, id);

	if (link)
		link->base.changed = false;
}

void tun_watch_open(struct tun_plane *plane)
{
	plane->watch = rtnl_watch_open(RTNL_HERE);
	if (plane->watch >= 0)
		return;
	dplane_note(&plane->dp, "cannot watch the interfaces, what others change there stays: %s",
		    safe_strerror(-plane->watch));
	plane->watch = -1;
}

void tun_watch_close(struct tun_plane *plane)
{
	if (plane->watch >= 0)
		close(plane->watch);
	plane->watch = -1;
}

static void changed_by_index(void *arg, uint32_t ifindex)
{
	tun_link_changed(arg, ifindex);
}

void tun_watch_read(struct tun_plane *plane)
{
	if (plane->watch >= 0)
		rtnl_watch_read(plane->watch, changed_by_index, plane);
}

/* The running flag follows the carrier, a moment later: no word of it yet is no reason to act. */
static bool shows(const struct rtnl_link *now, bool running)
{
	return now->carrier == running;
}

static int set_running(struct dplane *dp, void *link, bool running)
{
	return tun_link_carrier(dp, link, running);
}

void tun_link_announce(struct dplane *dp, uint32_t id)
{
	dplane_link_announce(dp, RTNL_HERE, (struct dplane_link *)tun_link_find(tun_plane_of(dp), id));
}

int tun_link_repair(struct dplane *dp, uint32_t id, char *changed, size_t len)
{
	static const struct dplane_shape_state state = {shows, set_running, NULL};
	struct tun_link *link = tun_link_find(tun_plane_of(dp), id);

	changed[0] = '\0';
	return link ? dplane_link_repair(dp, &link->base, &state, changed, len) : dplane_link_unknown(dp, id);
}

/*
 * --- reachability of the inside --------------------------------------------------------------------------

 */

int tun_link_inside_probe(struct dplane *dp, uint32_t id)
{
	struct tun_plane *plane = tun_plane_of(dp);
	struct tun_link *link = tun_link_find(plane, id);
	struct tun_msg msg = {.type = TUN_MSG_PROBE};
	int err;

	if (!link)
		return dplane_link_unknown(dp, id);
	msg.port = &link->port;
	err = tun_worker_call(plane->worker, &msg);
	if (err == -EADDRNOTAVAIL)
		return dplane_fail(dp, EADDRNOTAVAIL,
				   "interface %s: its first inside address has no other host to probe "
				   "(/30, /31, /126 or /127)",
				   link->base.params.name);
	if (err)
		return dplane_fail(
			dp, -err, "interface %s: cannot probe the inside: %s", link->base.params.name,
			err == -ENOTCONN ? "no Child SA" : "the traffic selectors do not cover it");
	return 0;
}

int tun_link_inside_stats(struct dplane *dp, uint32_t id, struct dplane_inside_stats *stats)
{
	struct tun_link *link = tun_link_find(tun_plane_of(dp), id);

	if (!link)
		return dplane_link_unknown(dp, id);
	*stats = (struct dplane_inside_stats){
		.sent = tun_counted(&link->port.probe.sent),
		.answered = tun_counted(&link->port.probe.answered),
		.last_sent = tun_stamped(&link->port.probe.last_sent),
		.last_answered = tun_stamped(&link->port.probe.last_answered),
	};
	return 0;
}
