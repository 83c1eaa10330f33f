// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's memory group: every MTYPE belongs to it, and `show memory` lists them under its name. */
#ifndef BGPVPN_BASE_MEMGROUP_H
#define BGPVPN_BASE_MEMGROUP_H

#include "lib/memory.h"

DECLARE_MGROUP(BGPVPN);

#endif
