// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Debug records: `debug vpn ...`. Use as DEBUGD(&vpn_dbg_ike, "...") or guard costly work with
 * bgpvpn_debugs().
 */
#ifndef BGPVPN_BGPVPN_DEBUG_H
#define BGPVPN_BGPVPN_DEBUG_H

#include <zebra.h>

#include "lib/debug.h"

extern struct debug vpn_dbg_ike;	/* what the engine reports: IKE and Child SAs up and down */
extern struct debug vpn_dbg_packet;	/* every IKE datagram's header, in and out */
extern struct debug vpn_dbg_dplane;	/* what the data plane is given and reports */
extern struct debug vpn_dbg_zebra;	/* interface events from zebra */
extern struct debug vpn_dbg_northbound; /* what a configuration change does to tunnels */

static inline bool bgpvpn_debugs(struct debug *record)
{
	return DEBUG_MODE_CHECK(record, DEBUG_MODE_ALL) != 0;
}

void bgpvpn_debug_init(void);

#endif
