// SPDX-License-Identifier: GPL-2.0-or-later
/* The two ends of an inside prefix, see inside.h. */
#include <zebra.h>

#include "bgpvpnd/dplane/inside.h"

bool inside_other_host(const struct prefix *inside, struct ipaddr *self, struct ipaddr *other)
{
	size_t n = inside->family == AF_INET ? IPV4_MAX_BYTELEN : IPV6_MAX_BYTELEN;
	unsigned int host_bits = (unsigned int)(n * 8) - inside->prefixlen;
	uint8_t address[IPV6_MAX_BYTELEN];
	uint8_t *last = &address[n - 1];

	memcpy(address, &inside->u, n);
	if (host_bits == 2) {
		/* .0 and .3 are the network and its broadcast */
		if ((*last & 3) == 0 || (*last & 3) == 3)
			return false;
		*last ^= 3;
	} else if (host_bits == 1) {
		*last ^= 1;
	} else {
		return false;
	}
	*self = ipaddr_of(bytes_make(&inside->u, n));
	*other = ipaddr_of(bytes_make(address, n));
	return true;
}
