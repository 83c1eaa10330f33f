// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way to the peer: what fits into a packet of it, and the MTU and TCP MSS that follow. The plane is asked when a Child SA comes or moves
 * and every few seconds, because what a router has answered with ICMP is announced by nobody; a change takes effect in
 * place, the link stays up.
 */
#include <zebra.h>

#include "bgpvpnd/tunnel/tunnel_private.h"

#define LOOK_US (5 * USEC_PER_S)

/* RFC 791: every host takes as much, whatever a route says. */
#define PATH_MIN 576

/* The kernel takes IPv6 off an interface that has less (RFC 8200 5). */
#define INNER_MIN    576
#define INNER_MIN_V6 1280

/*
 * --- words -----------------------------------------------------------------------------------------------
 */

const char *tunnel_mtu_from_name(enum tunnel_mtu_from from)
{
	switch (from) {
	case TUNNEL_MTU_CONFIGURED:
		return "configured";
	case TUNNEL_MTU_ASSUMED:
		return "assumed";
	case TUNNEL_MTU_DEVICE:
		return "device";
	case TUNNEL_MTU_ROUTE:
		return "route";
	case TUNNEL_MTU_LEARNED:
		return "icmp";
	}
	return "";
}

static void from_words(enum tunnel_mtu_from from, const char *device, char *buf, size_t len)
{
	switch (from) {
	case TUNNEL_MTU_CONFIGURED:
	case TUNNEL_MTU_ASSUMED:
		strlcpy(buf, tunnel_mtu_from_name(from), len);
		break;
	case TUNNEL_MTU_DEVICE:
		snprintf(buf, len, "by device %s", device);
		break;
	case TUNNEL_MTU_ROUTE:
		snprintf(buf, len, "by the route over %s", device);
		break;
	case TUNNEL_MTU_LEARNED:
		snprintf(buf, len, "as a router beyond %s says", device);
		break;
	}
}

void tunnel_mtu_words(const struct tunnel_info *info, char *buf, size_t len)
{
	char why[64];

	from_words(info->mtu_from, info->path_device, why, sizeof(why));
	if (info->path_mtu)
		snprintf(buf, len, "of a path of %u, %s", info->path_mtu, why);
	else
		strlcpy(buf, why, len);
}

/*
 * --- what the path is for --------------------------------------------------------------------------------
 */

void tunnel_path_take(struct tunnel *t, const struct child_sa_params *params)
{
	t->path.known = true;
	t->path.outer = (struct tunnel_mtu_outer){
		.kind = t->cfg->nature.kind,
		.encr = params->encr,
		.integ = params->integ,
	};
	tunnel_path_move(t, &params->local, &params->remote);
}

void tunnel_path_move(struct tunnel *t, const struct endpoint *local, const struct endpoint *remote)
{
	t->path.local = local->addr;
	t->path.remote = remote->addr;
	t->path.outer.ipv6 = IS_IPADDR_V6(&remote->addr);
	t->path.outer.udp = t->all->dplane->ops->always_udp || local->port != IKE_PORT;
	t->path.due = (struct instant){};
}

/*
 * --- what follows ----------------------------------------------------------------------------------------
 */

/* More than TUNNEL_MTU_PATH is only known of the first hop. */
static uint32_t usable(const struct tunnel *t)
{
	uint32_t mtu = t->path.seen.mtu ? t->path.seen.mtu : TUNNEL_MTU_PATH;

	return MAX(MIN(mtu, TUNNEL_MTU_PATH), PATH_MIN);
}

static uint32_t fits(const struct tunnel *t)
{
	struct tunnel_mtu_outer outer = t->path.outer;

	if (!t->path.known)
		return tunnel_mtu_expected(t->cfg->ike, t->cfg->nature.kind, t->all->dplane->ops->always_udp);
	outer.path_mtu = usable(t);
	return tunnel_mtu_inner(&outer);
}

/* Without inside addresses there may well be routes by IPv6 link-local ones. */
static bool only_ipv4(const struct tunnel_cfg *cfg)
{
	for (int i = 0; i < cfg->num_inside; i++)
		if (cfg->inside[i].family != AF_INET)
			return false;
	return cfg->num_inside > 0;
}

uint32_t tunnel_path_mtu(const struct tunnel *t)
{
	if (t->cfg->mtu)
		return t->cfg->mtu;
	return MAX(fits(t), only_ipv4(t->cfg) ? INNER_MIN : INNER_MIN_V6);
}

/* Of an interface that must have more than fits, TCP at least does without fragments. */
uint16_t tunnel_path_mss(const struct tunnel *t, bool ipv6)
{
	uint16_t mss = tunnel_mtu_mss(t->cfg->mtu ? t->cfg->mtu : fits(t), ipv6);

	if (t->cfg->tcp_mss == UINT32_MAX)
		return 0;
	return t->cfg->tcp_mss ? MIN(t->cfg->tcp_mss, mss) : mss;
}

/* The kernel's IPsec takes no packet that does not fit the path, whatever IPv6 promises. */
static bool loses_v6(const struct tunnel *t)
{
	return !t->all->dplane->ops->cuts_v6 && fits(t) < INNER_MIN_V6 && !only_ipv4(t->cfg);
}

enum tunnel_mtu_from tunnel_path_from(const struct tunnel *t)
{
	if (t->cfg->mtu)
		return TUNNEL_MTU_CONFIGURED;
	if (!t->path.seen.mtu || t->path.seen.mtu > TUNNEL_MTU_PATH)
		return TUNNEL_MTU_ASSUMED;
	switch (t->path.seen.from) {
	case DPLANE_PATH_DEVICE:
		return TUNNEL_MTU_DEVICE;
	case DPLANE_PATH_ROUTE:
		return TUNNEL_MTU_ROUTE;
	case DPLANE_PATH_LEARNED:
		return TUNNEL_MTU_LEARNED;
	}
	return TUNNEL_MTU_ASSUMED;
}

void tunnel_path_info(const struct tunnel *t, struct tunnel_info *info)
{
	info->mtu_from = tunnel_path_from(t);
	info->path_mtu = t->cfg->mtu ? 0 : usable(t);
	if (info->mtu_from != TUNNEL_MTU_CONFIGURED)
		strlcpy(info->path_device, t->path.seen.device, sizeof(info->path_device));
}

/*
 * --- looking ---------------------------------------------------------------------------------------------
 */

static bool can_look(const struct tunnel *t)
{
	return t->all->dplane && t->all->dplane->ops->path && t->port.num_children && !t->cfg->mtu;
}

static void say(struct tunnel *t, uint32_t before, struct instant now)
{
	char why[64], lost[100] = "";

	from_words(tunnel_path_from(t), t->path.seen.device, why, sizeof(why));
	if (loses_v6(t))
		snprintf(lost, sizeof(lost), "; IPv6 packets of more than %u bytes are lost (TCP is clamped)",
			 fits(t));
	tunnel_say(t, TUNNEL_NEWS_PATH, now,
		   "packets to %pIA may have %u bytes now, not %u, %s: interface %s gets MTU %u%s",
		   &t->path.remote, usable(t), before, why, t->cfg->interface, tunnel_path_mtu(t), lost);
}

void tunnel_path_reconcile(struct tunnel *t, struct instant now)
{
	struct dplane *dp = t->all->dplane;
	uint32_t before = usable(t);

	if (!can_look(t) || !instant_reached(t->path.due, now))
		return;
	t->path.due = instant_add(now, LOOK_US);
	/* While there is no way at all the last one's stays. */
	if (dp->ops->path(dp, &t->path.local, &t->path.remote, &t->path.seen) == 0 && usable(t) != before)
		say(t, before, now);
}

struct instant tunnel_path_next(const struct tunnel *t)
{
	return can_look(t) ? t->path.due : INSTANT_NEVER;
}
