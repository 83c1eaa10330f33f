// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files behind rtnl.h share: a socket, a request, the answers. Private to them. */
#ifndef BGPVPN_DPLANE_RTNL_TALK_H
#define BGPVPN_DPLANE_RTNL_TALK_H

#include <zebra.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "bgpvpnd/dplane/rtnl.h"

/* Large enough for one message of a dump (libmnl's own recommendation is at most this). */
#define RTNL_BUF 16384

struct rtnl {
	struct mnl_socket *nl;
	uint32_t seq;
	char buf[RTNL_BUF];
};

int rtnl_open(struct rtnl *rtnl);
struct nlmsghdr *rtnl_request(struct rtnl *rtnl, uint16_t type, uint16_t flags);

/*
 * Sends, and gives every answer to `each` until the kernel has acknowledged. Consumes the buffer with the
 * request.
 */
int rtnl_talk(struct rtnl *rtnl, struct nlmsghdr *nlh, mnl_cb_t each, void *arg);

/* The same, and closes: for calls that need one request. */
int rtnl_once(struct rtnl *rtnl, struct nlmsghdr *nlh, mnl_cb_t each, void *arg);

#endif
