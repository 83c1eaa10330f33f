// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zebra tells us of interfaces, libfrr keeps its table of them, and `show vpn` puts zebra's opinion beside
 * ours: where the two differ, something is wrong between the kernel and FRR. We send zebra nothing, but the
 * kernel tells it of our addresses again once it knows the interface.
 */
#include <zebra.h>

#include "lib/if.h"
#include "lib/log.h"
#include "lib/vrf.h"
#include "lib/zclient.h"

#include "bgpvpnd/bgpvpn_debug.h"
#include "bgpvpnd/bgpvpn_zebra.h"

static int if_event(struct interface *ifp, const char *what)
{
	DEBUGD(&vpn_dbg_zebra, "zebra: interface %s %s, index %d, MTU %u, %s", ifp->name, what, ifp->ifindex,
	       ifp->mtu, if_is_operative(ifp) ? "operative" : "not operative");
	return 0;
}

static int if_created(struct interface *ifp)
{
	if (bgpvpn.tunnels)
		tunnels_interface_known(bgpvpn.tunnels, ifp->name);
	return if_event(ifp, "created or changed");
}

static int if_went_up(struct interface *ifp)
{
	return if_event(ifp, "up");
}

static int if_went_down(struct interface *ifp)
{
	return if_event(ifp, "down");
}

static int if_destroyed(struct interface *ifp)
{
	return if_event(ifp, "destroyed");
}

static void connected(struct zclient *zclient)
{
	zclient_send_reg_requests(zclient, VRF_DEFAULT);
}

void bgpvpn_zebra_init(struct bgpvpn *vpn)
{
	if_zapi_callbacks(if_created, if_went_up, if_went_down, if_destroyed);
	vpn->zclient = zclient_new(vpn->loop, &zclient_options_default, NULL, 0);
	/* The list of clients is closed; sharpd's number is the one that no packaged daemon uses. */
	zclient_init(vpn->zclient, ZEBRA_ROUTE_SHARP, 0, vpn->privs);
	vpn->zclient->zebra_connected = connected;
}

void bgpvpn_zebra_fini(struct bgpvpn *vpn)
{
	zclient_stop(vpn->zclient);
	zclient_free(vpn->zclient);
	vpn->zclient = NULL;
}

void bgpvpn_zebra_if(const char *name, struct bgpvpn_zebra_if *out)
{
	struct interface *ifp = if_lookup_by_name(name, VRF_DEFAULT);

	*out = (struct bgpvpn_zebra_if){};
	if (!ifp || ifp->ifindex == IFINDEX_INTERNAL)
		return;
	out->ifindex = ifp->ifindex;
	out->operative = if_is_operative(ifp);
}
