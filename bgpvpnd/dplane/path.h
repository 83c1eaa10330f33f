// SPDX-License-Identifier: GPL-2.0-or-later
/* dplane_ops.path, the same in both planes: what the kernel knows of the way to a peer. Private to the planes. */
#ifndef BGPVPN_DPLANE_PATH_H
#define BGPVPN_DPLANE_PATH_H

#include "bgpvpnd/dplane/link.h"

int dplane_path_look(struct dplane *dp, struct dplane_links *links, const struct ipaddr *local,
		     const struct ipaddr *remote, struct dplane_path *path);

#endif
