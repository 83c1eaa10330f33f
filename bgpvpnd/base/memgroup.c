// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>

#include "bgpvpnd/base/memgroup.h"

DEFINE_MGROUP(BGPVPN, "bgpvpnd");
