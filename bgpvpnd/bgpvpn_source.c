// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tunnel without `local address` leaves the choice of it to the kernel. The choice changes when an address comes or goes (DHCP), or
 * when another way to the peer becomes the best. rtnetlink says that something happened; what it was does not matter: the
 * kernel is asked anew for every such tunnel, and the engine is told of what differs (MOBIKE, or a new IKE SA).
 *
 * Not from zebra: it says nothing of routes that it does not redistribute, and it may be gone.
 */
#include <zebra.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "lib/log.h"
#include "lib/memory.h"
#include "lib/printfrr.h"

#include "bgpvpnd/bgpvpn_pump.h"
#include "bgpvpnd/bgpvpn_source.h"

DEFINE_MTYPE_STATIC(BGPVPN, SOURCE, "VPN source address watch");

/* What belongs together (address gone, address there, route there) comes within this. */
#define GATHER_MS 20
/* A table full of routes that change must not keep us busy: a rest after each look, of 50 ms and twenty times what the look took. */
#define GAP_US	  (50 * USEC_PER_MS)
#define GAP_LOOKS 20

#define GROUPS (RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE)

struct bgpvpn_source {
	struct bgpvpn *vpn;
	int fd;
	struct instant rested; /* not looked again before */
	struct thread *t_read;
	struct thread *t_look;
};

/* --- the kernel's choice --------------------------------------------------------------------------------- */

static socklen_t sockunion_of(const struct ipaddr *addr, uint16_t port, union sockunion *su)
{
	memset(su, 0, sizeof(*su));
	if (IS_IPADDR_V4(addr)) {
		su->sin = (struct sockaddr_in){
			.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = addr->ipaddr_v4};
		return sizeof(su->sin);
	}
	su->sin6 = (struct sockaddr_in6){
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = addr->ipaddr_v6};
	return sizeof(su->sin6);
}

static int open_for(const struct ipaddr *addr)
{
	return socket(IS_IPADDR_V6(addr) ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
}

/* IPADDR_NONE: there is no way to the peer just now. */
static struct ipaddr source_for(const struct ipaddr *remote)
{
	struct ipaddr source = {.ipa_type = IPADDR_NONE};
	union sockunion su;
	socklen_t len = sockunion_of(remote, IKE_PORT, &su);
	int fd = open_for(remote);

	if (fd < 0)
		return source;
	if (connect(fd, &su.sa, len) == 0 && getsockname(fd, &su.sa, &len) == 0)
		source = IS_IPADDR_V4(remote) ? ipaddr_of(bytes_make(&su.sin.sin_addr, 4))
					      : ipaddr_of(bytes_make(&su.sin6.sin6_addr, 16));
	close(fd);
	return source;
}

static bool is_ours(const struct ipaddr *addr)
{
	union sockunion su;
	socklen_t len = sockunion_of(addr, 0, &su);
	int fd = open_for(addr);
	bool ours;

	if (fd < 0)
		return true;
	ours = bind(fd, &su.sa, len) == 0;
	close(fd);
	return ours;
}

/* The way to the peer would lead into a tunnel of ours: a mistake of routing, and none to follow. */
static bool is_inside(const struct bgpvpn *vpn, const struct ipaddr *addr)
{
	struct tunnel_info info;
	bool more;

	for (more = tunnels_info_next(vpn->tunnels, NULL, &info); more;
	     more = tunnels_info_next(vpn->tunnels, info.name, &info))
		for (unsigned int i = 0; i < info.cfg->num_inside; i++) {
			const struct prefix *p = &info.cfg->inside[i];
			struct ipaddr inside = ipaddr_of(bytes_make(&p->u, prefix_blen(p)));

			if (ipaddr_equal(&inside, addr))
				return true;
		}
	return false;
}

/* --- looking --------------------------------------------------------------------------------------------- */

static void look_at(struct bgpvpn *vpn, const struct tunnel_info *info)
{
	const struct ike_conn_info *ike = &info->ike;
	struct ipaddr source;
	bool gone;

	if (!IS_IPADDR_NONE(&info->cfg->ike->local) || ike->phase == IKE_PHASE_NONE ||
	    ipaddr_is_unspecified(&ike->local.addr) || ipaddr_is_unspecified(&ike->remote.addr))
		return;
	source = source_for(&ike->remote.addr);
	if (ipaddr_is_unspecified(&source) || ipaddr_equal(&source, &ike->local.addr) ||
	    is_inside(vpn, &source))
		return;
	gone = !is_ours(&ike->local.addr);
	zlog_info("tunnel %s: packets to %pIA leave from %pIA now, not from %pIA%s", info->name,
		  &ike->remote.addr, &source, &ike->local.addr, gone ? ", which is gone" : "");
	tunnels_local_moved(vpn->tunnels, info->name, &source, gone, bgpvpn_now());
}

static void watch_again(struct bgpvpn_source *source);

static void look(struct thread *t)
{
	struct bgpvpn_source *source = THREAD_ARG(t);
	struct bgpvpn *vpn = source->vpn;
	struct tunnel_info info;
	struct instant begun = bgpvpn_now();
	bool more;

	watch_again(source);
	for (more = tunnels_info_next(vpn->tunnels, NULL, &info); more;
	     more = tunnels_info_next(vpn->tunnels, info.name, &info))
		look_at(vpn, &info);
	source->rested = instant_add(bgpvpn_now(), GAP_US + GAP_LOOKS * instant_diff(bgpvpn_now(), begun));
	bgpvpn_pump(vpn);
}

/* Until we have looked nothing more is read: what overflows meanwhile (ENOBUFS) is news as well. */
static void readable(struct thread *t)
{
	struct bgpvpn_source *source = THREAD_ARG(t);
	int64_t rest_ms = instant_diff(source->rested, bgpvpn_now()) / USEC_PER_MS;

	thread_add_timer_msec(source->vpn->loop, look, source, MAX(GATHER_MS, rest_ms),
			      &source->t_look);
}

static void watch_again(struct bgpvpn_source *source)
{
	uint8_t ignored[8192];
	ssize_t n;

	do
		n = recv(source->fd, ignored, sizeof(ignored), MSG_DONTWAIT);
	while (n > 0 || (n < 0 && (errno == ENOBUFS || errno == EINTR)));
	thread_add_read(source->vpn->loop, readable, source, source->fd, &source->t_read);
}

/* --- life ------------------------------------------------------------------------------------------------ */

static int open_watch(void)
{
	const struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = GROUPS};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	zlog_warn("rtnetlink cannot be watched: %s; a changed address of ours will be noticed late",
		  safe_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

struct bgpvpn_source *bgpvpn_source_new(struct bgpvpn *vpn)
{
	struct bgpvpn_source *source = XCALLOC(MTYPE_SOURCE, sizeof(*source));

	source->vpn = vpn;
	source->fd = open_watch();
	if (source->fd >= 0)
		thread_add_read(vpn->loop, readable, source, source->fd, &source->t_read);
	return source;
}

void bgpvpn_source_free(struct bgpvpn_source *source)
{
	if (!source)
		return;
	THREAD_OFF(source->t_read);
	THREAD_OFF(source->t_look);
	if (source->fd >= 0)
		close(source->fd);
	XFREE(MTYPE_SOURCE, source);
}
