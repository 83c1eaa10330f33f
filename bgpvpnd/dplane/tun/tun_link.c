// SPDX-License-Identifier: GPL-2.0-or-later
/* Interfaces of the user-space plane, see dplane.h for what each call promises. Main thread. */
#include <zebra.h>

#include "lib/jhash.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/prefix.h"

#include "bgpvpnd/dplane/rtnl.h"
#include "bgpvpnd/dplane/tun/tun_dev.h"
#include "bgpvpnd/dplane/tun/tun_plane.h"
#include "bgpvpnd/dplane/tun/tun_thread.h"

DEFINE_MTYPE_STATIC(BGPVPN, TUN_LINK, "VPN TUN interface");

/* RFC 791: every host takes 576; below it nothing sensible fits. */
#define MTU_MIN	   576
#define MTU_MIN_V6 1280

static int tun_link_compare(const struct tun_link *a, const struct tun_link *b)
{
	return numcmp(a->id, b->id);
}

static uint32_t tun_link_hash(const struct tun_link *link)
{
	return jhash_1word(link->id, 0);
}

DECLARE_HASH(tun_links, struct tun_link, item, tun_link_compare, tun_link_hash);

static int tun_index_compare(const struct tun_link *a, const struct tun_link *b)
{
	return numcmp(a->ifindex, b->ifindex);
}

static uint32_t tun_index_hash(const struct tun_link *link)
{
	return jhash_1word(link->ifindex, 0);
}

DECLARE_HASH(tun_indexes, struct tun_link, by_index, tun_index_compare, tun_index_hash);

void tun_links_setup(struct tun_plane *plane)
{
	tun_links_init(&plane->links);
	tun_indexes_init(&plane->indexes);
}

static void link_forget(struct tun_plane *plane, struct tun_link *link)
{
	tun_links_del(&plane->links, link);
	/* Not there when its number went to a newer one, see tun_link_add(). */
	if (tun_indexes_find(&plane->indexes, link) == link)
		tun_indexes_del(&plane->indexes, link);
}

static void link_free(struct tun_link *link)
{
	tun_port_fini(&link->port);
	close(link->port.fd);
	XFREE(MTYPE_TUN_LINK, link);
}

void tun_links_teardown(struct tun_plane *plane)
{
	struct tun_link *link;

	while ((link = tun_links_first(&plane->links))) {
		link_forget(plane, link);
		link_free(link);
	}
	tun_links_fini(&plane->links);
	tun_indexes_fini(&plane->indexes);
}

struct tun_link *tun_link_find(struct tun_plane *plane, uint32_t id)
{
	struct tun_link wanted;

	wanted.id = id;
	return tun_links_find(&plane->links, &wanted);
}

int tun_link_unknown(struct dplane *dp, uint32_t id)
{
	return dplane_fail(dp, ENODEV, "the data plane has no interface with handle %u", id);
}

/*
 * --- what an interface shall be --------------------------------------------------------------------------

 */

static int params_check(struct dplane *dp, const struct dplane_link_params *params)
{
	uint32_t min = MTU_MIN;

	for (size_t i = 0; i < params->num_inside; i++)
		if (params->inside[i].family == AF_INET6)
			min = MTU_MIN_V6;
	if (params->name[0] == '\0' || params->num_inside > LIMIT_INSIDE_PREFIXES)
		return dplane_fail(dp, EINVAL, "an interface needs a name and at most %d inside addresses",
				   LIMIT_INSIDE_PREFIXES);
	if (params->mtu < min || params->mtu > TUN_PACKET_MAX)
		return dplane_fail(dp, EINVAL, "interface %s: MTU %u is outside %u-%d%s", params->name,
				   params->mtu, min, TUN_PACKET_MAX,
				   min == MTU_MIN_V6 ? " (an IPv6 inside address needs 1280)" : "");
	return 0;
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
	};

	if (params->num_inside && !inner_other_host(&params->inside[0], &cfg.self, &cfg.other))
		cfg.self.ipa_type = IPADDR_NONE;
	return cfg;
}

int tun_link_addresses(struct dplane *dp, uint32_t ifindex, const struct dplane_link_params *params,
		       const struct dplane_link_params *before)
{
	const struct prefix *failed = NULL;
	int err =
		rtnl_addresses_set(ifindex, params->inside, params->num_inside,
				   before ? before->inside : NULL, before ? before->num_inside : 0, &failed);
	char text[PREFIX_STRLEN];

	if (!err)
		return 0;
	return dplane_fail(dp, -err, "interface %s: cannot set inside address %s: %s%s", params->name,
			   failed ? prefix2str(failed, text, sizeof(text)) : "", safe_strerror(-err),
			   failed && failed->family == AF_INET6 ? " (is IPv6 disabled on this system?)" : "");
}

/* `before`: what the interface was given so far, NULL at first. */
static int params_apply(struct dplane *dp, uint32_t ifindex, const struct dplane_link_params *params,
			const struct dplane_link_params *before)
{
	int err = 0;

	if (!before || before->mtu != params->mtu)
		err = rtnl_link_set_mtu(ifindex, params->mtu);
	if (err)
		return dplane_fail(dp, -err, "interface %s: cannot set MTU %u: %s", params->name, params->mtu,
				   safe_strerror(-err));
	return tun_link_addresses(dp, ifindex, params, before);
}

/*
 * --- add, set, del ---------------------------------------------------------------------------------------

 */

static int device_configure(struct dplane *dp, const struct dplane_link_params *params, uint32_t *ifindex)
{
	struct rtnl_link found;
	int err = rtnl_link_find(params->name, &found);

	if (err)
		return dplane_fail(dp, -err, "interface %s: not found after it was made: %s", params->name,
				   safe_strerror(-err));
	err = params_apply(dp, found.ifindex, params, NULL);
	if (err)
		return err;
	err = rtnl_link_set_up(found.ifindex, true);
	if (err)
		return dplane_fail(dp, -err, "interface %s: cannot set it up: %s", params->name,
				   safe_strerror(-err));
	*ifindex = found.ifindex;
	return 0;
}

/* Tells a successor that the interface is no stranger's. An operator sees it too, in `ip link`. */
#define MARK "bgpvpnd"

/* The descriptor of a device that is ready but for its carrier. What was made half is removed again. */
static int device_make(struct dplane *dp, const struct dplane_link_params *params, uint32_t *ifindex,
		       bool *ours)
{
	struct rtnl_link existing;
	bool adopted = rtnl_link_find(params->name, &existing) == 0;
	int fd = tun_dev_open(dp, params->name);
	int err;

	if (fd < 0)
		return fd;
	err = device_configure(dp, params, ifindex);
	if (!err) {
		*ours = !adopted || strcmp(existing.alias, MARK) == 0;
		/* Without the mark it stays when a successor is done with it, and that is all. */
		if (!adopted)
			rtnl_link_set_alias(*ifindex, MARK);
		return fd;
	}
	if (!adopted)
		tun_dev_set_transient(fd);
	close(fd);
	return err;
}

/* The kernel may have given the number of an interface that is gone, but whose handle is still held. */
static void index_take(struct tun_plane *plane, struct tun_link *link)
{
	struct tun_link *old = tun_indexes_find(&plane->indexes, link);

	if (old)
		tun_indexes_del(&plane->indexes, old);
	tun_indexes_add(&plane->indexes, link);
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

	err = params_check(dp, params);
	if (err)
		return err;
	dplane_privileged(dp, true);
	fd = device_make(dp, params, &ifindex, &ours);
	dplane_privileged(dp, false);
	if (fd < 0)
		return fd;

	fresh = XCALLOC(MTYPE_TUN_LINK, sizeof(*fresh));
	fresh->id = ++plane->last_link;
	fresh->ifindex = ifindex;
	fresh->ours = ours;
	fresh->params = *params;
	tun_port_init(&fresh->port, fd, fresh->id, &cfg);
	msg.port = &fresh->port;
	err = tun_worker_call(plane->worker, &msg);
	if (err) {
		link_free(fresh);
		return dplane_fail(dp, -err, "interface %s: cannot watch it: %s", params->name,
				   safe_strerror(-err));
	}
	tun_links_add(&plane->links, fresh);
	index_take(plane, fresh);
	*link = fresh->id;
	return 0;
}

static int port_configure(struct tun_plane *plane, struct tun_link *link)
{
	struct tun_msg msg = {.type = TUN_MSG_PORT_SET};

	msg.port_set.port = &link->port;
	msg.port_set.cfg = port_cfg(&link->params, link->running);
	return tun_worker_call(plane->worker, &msg);
}

int tun_link_set(struct dplane *dp, uint32_t id, const struct dplane_link_params *params)
{
	struct tun_plane *plane = tun_plane_of(dp);
	struct tun_link *link = tun_link_find(plane, id);
	int err;

	if (!link)
		return tun_link_unknown(dp, id);
	err = params_check(dp, params);
	if (err)
		return err;
	if (strcmp(params->name, link->params.name) != 0)
		return dplane_fail(dp, EINVAL, "interface %s cannot be renamed to %s", link->params.name,
				   params->name);
	dplane_privileged(dp, true);
	err = params_apply(dp, link->ifindex, params, &link->params);
	dplane_privileged(dp, false);
	if (err)
		return err;
	link->params = *params;
	return port_configure(plane, link);
}

/* Somebody else made it, and may need it again: back without our addresses. */
static void link_release(struct dplane *dp, const struct tun_link *link)
{
	dplane_privileged(dp, true);
	rtnl_addresses_set(link->ifindex, NULL, 0, link->params.inside, link->params.num_inside, NULL);
	dplane_privileged(dp, false);
}

int tun_link_del(struct dplane *dp, uint32_t id)
{
	struct tun_plane *plane = tun_plane_of(dp);
	struct tun_link *link = tun_link_find(plane, id);
	struct tun_msg msg = {.type = TUN_MSG_PORT_DEL};

	if (!link)
		return tun_link_unknown(dp, id);
	tun_children_of_link_del(plane, link);
	msg.port = &link->port;
	tun_worker_call(plane->worker, &msg);
	link_forget(plane, link);
	/* These fail when somebody has removed it already, which is as good. */
	if (link->ours)
		tun_dev_set_transient(link->port.fd);
	else
		link_release(dp, link);
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
	rtnl_link_set_dormant(link->ifindex);
	dplane_privileged(dp, false);
	return 0;
}

int tun_link_set_running(struct dplane *dp, uint32_t id, bool running)
{
	struct tun_plane *plane = tun_plane_of(dp);
	struct tun_link *link = tun_link_find(plane, id);
	int err;

	if (!link)
		return tun_link_unknown(dp, id);
	err = tun_link_carrier(dp, link, running);
	if (err == -EBADFD)
		return dplane_fail(dp, ENODEV, "interface %s was removed by somebody", link->params.name);
	if (err)
		return dplane_fail(dp, -err, "interface %s: cannot set its carrier: %s", link->params.name,
				   safe_strerror(-err));
	link->running = running;
	return port_configure(plane, link);
}

/*
 * --- changed by others -----------------------------------------------------------------------------------

 */

static void changed(struct tun_plane *plane, struct tun_link *link)
{
	struct dplane_event event = {.type = DPLANE_EVENT_LINK_CHANGED, .link = link->id};

	if (link->changed)
		return;
	link->changed = true;
	tun_queue_push(plane->queue, &event);
}

void tun_link_changed(struct tun_plane *plane, uint32_t ifindex)
{
	struct tun_link wanted, *link;

	wanted.ifindex = ifindex;
	if (ifindex) {
		link = tun_indexes_find(&plane->indexes, &wanted);
		if (link)
			changed(plane, link);
		return;
	}
	frr_each (tun_links, &plane->links, link)
		changed(plane, link);
}

void tun_link_pulled(struct tun_plane *plane, uint32_t id)
{
	struct tun_link *link = tun_link_find(plane, id);

	if (link)
		link->changed = false;
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
		return tun_link_unknown(dp, id);
	msg.port = &link->port;
	err = tun_worker_call(plane->worker, &msg);
	if (err == -EADDRNOTAVAIL)
		return dplane_fail(dp, EADDRNOTAVAIL,
				   "interface %s: its first inside address has no other host to probe "
				   "(/30, /31, /126 or /127)",
				   link->params.name);
	if (err)
		return dplane_fail(dp, -err, "interface %s: cannot probe the inside: %s", link->params.name,
				   err == -ENOTCONN ? "no Child SA"
						    : "the traffic selectors do not cover it");
	return 0;
}

int tun_link_inside_stats(struct dplane *dp, uint32_t id, struct dplane_inside_stats *stats)
{
	struct tun_link *link = tun_link_find(tun_plane_of(dp), id);

	if (!link)
		return tun_link_unknown(dp, id);
	*stats = (struct dplane_inside_stats){
		.sent = tun_counted(&link->port.probe.sent),
		.answered = tun_counted(&link->port.probe.answered),
		.last_sent = tun_stamped(&link->port.probe.last_sent),
		.last_answered = tun_stamped(&link->port.probe.last_answered),
	};
	return 0;
}
