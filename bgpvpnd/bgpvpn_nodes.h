// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CLI nodes of the daemon, for itself and for vtysh. FRR's enum node_type is closed, but nothing in libfrr
 * uses NODE_TYPE_MAX as the size of an array, so numbers behind it are free. vtysh's extract.pl wants the
 * bare words.
 */
#ifndef BGPVPN_BGPVPN_NODES_H
#define BGPVPN_BGPVPN_NODES_H

#ifndef VTYSH_EXTRACT_PL
#define VPN_PROFILE_NODE ((enum node_type)(NODE_TYPE_MAX + 1))
#define VPN_TUNNEL_NODE	 ((enum node_type)(NODE_TYPE_MAX + 2))
#endif

#endif
