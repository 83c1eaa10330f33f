// SPDX-License-Identifier: GPL-2.0-or-later
/* Log references: what `show error CODE` explains about the daemon's warnings and errors. */
#ifndef BGPVPN_BGPVPN_ERRORS_H
#define BGPVPN_BGPVPN_ERRORS_H

#include "lib/ferr.h"

/* A range that lib/ferr.h gives to nobody. */
#define BGPVPN_FERR_START 0x21000001
#define BGPVPN_FERR_END	  0x21FFFFFF

enum bgpvpn_log_refs {
	EC_BGPVPN_CAPABILITY = BGPVPN_FERR_START,
	EC_BGPVPN_CRYPTO,
	EC_BGPVPN_DPLANE,
	EC_BGPVPN_UDP_PORT,
	EC_BGPVPN_SECRET_FILE,
	EC_BGPVPN_TUNNEL,
	EC_BGPVPN_CAPTURE_KEYS,
};

void bgpvpn_errors_init(void);

#endif
