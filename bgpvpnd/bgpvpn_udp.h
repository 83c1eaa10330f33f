// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UDP port 500, IPv4 and IPv6. Port 4500 is the data plane's, as ESP arrives there too. A port that is in
 * use is tried again; meanwhile the daemon goes on with what it has.
 */
#ifndef BGPVPN_BGPVPN_UDP_H
#define BGPVPN_BGPVPN_UDP_H

#include "bgpvpnd/base/base.h"

struct bgpvpn;
struct bgpvpn_udp;

struct bgpvpn_udp *bgpvpn_udp_new(struct bgpvpn *vpn);
void bgpvpn_udp_free(struct bgpvpn_udp *udp);

/*
 * Sends from local's address, or from the one that the kernel chooses. A datagram that cannot be sent is
 * counted.
 */
void bgpvpn_udp_send(struct bgpvpn_udp *udp, const struct endpoint *local, const struct endpoint *remote,
		     struct bytes datagram);

struct bgpvpn_udp_info {
	bool v4; /* listening */
	bool v6;
	uint64_t send_errors;
	uint64_t receive_errors;
};
void bgpvpn_udp_info(const struct bgpvpn_udp *udp, struct bgpvpn_udp_info *info);

#endif
