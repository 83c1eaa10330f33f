// SPDX-License-Identifier: GPL-2.0-or-later
/* TCP maximum segment size of SYNs that cross the tunnel (RFC 9293 3.7.1): pure. */
#ifndef BGPVPN_TUN_INNER_MSS_H
#define BGPVPN_TUN_INNER_MSS_H

#include "bgpvpnd/dplane/tun/inner_ip.h"

/*
 * Lowers the MSS option of a TCP SYN to `mss` and mends the checksum, in place in `packet` (which `ip` was
 * decoded from). Packets that are no SYN, that carry no such option or a smaller one stay as they are. True
 * when it changed something.
 */
bool inner_mss_clamp(uint8_t *packet, const struct inner_ip *ip, uint16_t mss);

#endif
