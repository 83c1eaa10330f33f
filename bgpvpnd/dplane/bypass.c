// SPDX-License-Identifier: GPL-2.0-or-later
/* See dplane_bypass() in dplane.h. */
#include <zebra.h>

#include <linux/xfrm.h>

#include "bgpvpnd/dplane/dplane.h"

int dplane_bypass(int fd, int family)
{
	struct xfrm_userpolicy_info policy = {.sel.family = (uint16_t)family, .action = XFRM_POLICY_ALLOW};
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int option = family == AF_INET ? IP_XFRM_POLICY : IPV6_XFRM_POLICY;

	for (uint8_t dir = XFRM_POLICY_IN; dir <= XFRM_POLICY_OUT; dir++) {
		policy.dir = dir;
		if (setsockopt(fd, level, option, &policy, sizeof(policy)) < 0)
			return -errno;
	}
	return 0;
}
