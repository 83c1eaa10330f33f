// SPDX-License-Identifier: GPL-2.0-or-later
/* Inside addresses: who is at the other end. Private to the planes. */
#ifndef BGPVPN_DPLANE_INSIDE_H
#define BGPVPN_DPLANE_INSIDE_H

#include <zebra.h>

#include "lib/prefix.h"

#include "bgpvpnd/base/base.h"

/* The other host of a point-to-point prefix (.1/.2 of a /30 or /126; /31 and /127 by RFC 3021, RFC 6164). */
bool inside_other_host(const struct prefix *inside, struct ipaddr *self, struct ipaddr *other) rd_must_check;

#endif
