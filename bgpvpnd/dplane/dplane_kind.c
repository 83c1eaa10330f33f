// SPDX-License-Identifier: GPL-2.0-or-later
/* What kind of device a tunnel interface is, in words and compared; see dplane.h. */
#include <zebra.h>

#include "bgpvpnd/dplane/dplane.h"

const char *dplane_kind_name(enum dplane_kind kind)
{
	switch (kind) {
	case DPLANE_KIND_AUTO:
		return "";
	case DPLANE_KIND_TUN:
		return "tun";
	case DPLANE_KIND_XFRM:
		return "xfrm";
	case DPLANE_KIND_VTI:
		return "vti";
	case DPLANE_KIND_GRE:
		return "gre";
	case DPLANE_KIND_IPIP:
		return "ipip";
	}
	return "";
}

bool dplane_nature_same(const struct dplane_link_nature *a, const struct dplane_link_nature *b)
{
	return a->kind == b->kind && strcmp(a->name_in, b->name_in) == 0 && strcmp(a->netns, b->netns) == 0 &&
	       a->if_id_in == b->if_id_in && a->if_id_out == b->if_id_out && a->mark == b->mark &&
	       a->mark_mask == b->mark_mask && ipaddr_equal(&a->local, &b->local) &&
	       ipaddr_equal(&a->remote, &b->remote);
}
