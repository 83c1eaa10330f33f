// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pump between the engine, the tunnels and the world. Whoever told the engine or a tunnel something
 * calls bgpvpn_pump() afterwards: it carries outputs where they belong until there are none, writes the
 * news into the log, and arms the one timer.
 */
#ifndef BGPVPN_BGPVPN_PUMP_H
#define BGPVPN_BGPVPN_PUMP_H

#include "bgpvpnd/bgpvpnd.h"

/* The only clock of the daemon: CLOCK_MONOTONIC in microseconds. */
struct instant bgpvpn_now(void);

/* Begins to listen to the data plane; the counterpart stops timer and listening. */
void bgpvpn_pump_start(struct bgpvpn *vpn);
void bgpvpn_pump_stop(struct bgpvpn *vpn);

void bgpvpn_pump(struct bgpvpn *vpn);

/*
 * One IKE datagram into the engine, and what it causes out again, but for the news and the timer: then call
 * bgpvpn_pump().
 */
void bgpvpn_pump_input(struct bgpvpn *vpn, const struct endpoint *local, const struct endpoint *remote,
		       struct bytes datagram);

/* "192.0.2.1:500", "[2001:db8::1]:500", "any:500". Returns buf. */
#define ENDPOINT_STRLEN (INET6_ADDRSTRLEN + 8)
const char *bgpvpn_endpoint_str(const struct endpoint *endpoint, char *buf, size_t len);

#endif
