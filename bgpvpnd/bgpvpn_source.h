// SPDX-License-Identifier: GPL-2.0-or-later
/* Which address our packets leave from, where the configuration leaves it to the kernel. Main thread only. */
#ifndef BGPVPN_BGPVPN_SOURCE_H
#define BGPVPN_BGPVPN_SOURCE_H

#include "bgpvpnd/bgpvpnd.h"

struct bgpvpn_source;

struct bgpvpn_source *bgpvpn_source_new(struct bgpvpn *vpn);
void bgpvpn_source_free(struct bgpvpn_source *source);

#endif
