// SPDX-License-Identifier: GPL-2.0-or-later
/* Client of zebra: interfaces and their state come in, and decide nothing. */
#ifndef BGPVPN_BGPVPN_ZEBRA_H
#define BGPVPN_BGPVPN_ZEBRA_H

#include "bgpvpnd/bgpvpnd.h"

void bgpvpn_zebra_init(struct bgpvpn *vpn);
void bgpvpn_zebra_fini(struct bgpvpn *vpn);

/* What zebra knows of an interface, for show. */
struct bgpvpn_zebra_if {
	uint32_t ifindex; /* 0: zebra has none of this name */
	bool operative;	  /* as FRR's daemons see it: up and running */
};
void bgpvpn_zebra_if(const char *name, struct bgpvpn_zebra_if *out);

#endif
