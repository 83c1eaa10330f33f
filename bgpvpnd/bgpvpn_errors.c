// SPDX-License-Identifier: GPL-2.0-or-later
/* The text behind each EC_BGPVPN_*: what it means and what to do about it. */
#include <zebra.h>

#include "lib/ferr.h"

#include "bgpvpnd/bgpvpn_errors.h"

static struct log_ref refs[] = {
	{
		.code = EC_BGPVPN_CAPABILITY,
		.title = "A Linux capability is missing",
		.description =
			"bgpvpnd needs CAP_NET_ADMIN for tunnel interfaces, CAP_NET_RAW for ESP without UDP, and CAP_NET_BIND_SERVICE for UDP port 500",
		.suggestion =
			"Start bgpvpnd as root (it drops what it does not need), or give its service and its container these capabilities",
	},
	{
		.code = EC_BGPVPN_CRYPTO,
		.title = "No usable cryptography",
		.description = "The installed OpenSSL cannot provide the algorithms of IKEv2 and ESP",
		.suggestion = "Check the installation of OpenSSL 3 and the providers that openssl.cnf loads",
	},
	{
		.code = EC_BGPVPN_DPLANE,
		.title = "Data plane failure",
		.description = "The data plane could not be opened, or refused an interface or an ESP SA",
		.suggestion =
			"See `show vpn dataplane`; load the tun module (modprobe tun), check /dev/net/tun and CAP_NET_ADMIN, and that no other IPsec daemon uses UDP port 4500",
	},
	{
		.code = EC_BGPVPN_UDP_PORT,
		.title = "UDP port cannot be used",
		.description = "IKE listens on UDP port 500, and could not bind it",
		.suggestion =
			"Find the process that holds the port (ss -ulpn 'sport = :500') and stop it, usually another IKE daemon; bgpvpnd tries again every ten seconds",
	},
	{
		.code = EC_BGPVPN_SECRET_FILE,
		.title = "File of a tunnel cannot be used",
		.description =
			"A file that holds a pre-shared key or certificates is gone or cannot be used any more",
		.suggestion =
			"Make the file readable for the user frr, a secret one for nobody else, and enter the line again",
	},
	{
		.code = EC_BGPVPN_TUNNEL,
		.title = "Tunnel down",
		.description = "A tunnel went down, or an attempt to bring it up failed; the line says why",
		.suggestion = "See `show vpn tunnel NAME detail`",
	},
	{
		.code = EC_BGPVPN_CAPTURE_KEYS,
		.title = "Keys are written to a file",
		.description =
			"An operator entered `vpn capture-keys`: whoever can read the file can read the traffic of all tunnels made since",
		.suggestion = "Enter `no vpn capture-keys` as soon as the capture is made, and remove the file",
	},
	{
		.code = END_FERR,
	},
};

void bgpvpn_errors_init(void)
{
	log_ref_add(refs);
}
