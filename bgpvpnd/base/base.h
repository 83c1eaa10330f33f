// SPDX-License-Identifier: GPL-2.0-or-later
/* Floor 0 in one include: cursor, builder, secrets, time, numbers, limits, and the words all floors share. */
#ifndef BGPVPN_BASE_BASE_H
#define BGPVPN_BASE_BASE_H

#include "bgpvpnd/base/bytes.h"
#include "bgpvpnd/base/iana.h"
#include "bgpvpnd/base/instant.h"
#include "bgpvpnd/base/ipsec_types.h"
#include "bgpvpnd/base/limits.h"
#include "bgpvpnd/base/memgroup.h"
#include "bgpvpnd/base/rd.h"
#include "bgpvpnd/base/secret.h"
#include "bgpvpnd/base/wr.h"

#endif
