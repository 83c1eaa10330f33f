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

int rtnl_open(struct rtnl *rtnl, int ns);
struct nlmsghdr *rtnl_request(struct rtnl *rtnl, uint16_t type, uint16_t flags);

/*
 * Sends, and gives every answer to `each` until the kernel has acknowledged. Consumes the buffer with the
 * request.
 */
int rtnl_talk(struct rtnl *rtnl, struct nlmsghdr *nlh, mnl_cb_t each, void *arg);

/* The same, and closes: for calls that need one request. */
int rtnl_once(struct rtnl *rtnl, struct nlmsghdr *nlh, mnl_cb_t each, void *arg);

/*
 * --- rtnl_tunnel.c: what a tunnel device is made of; pure ------------------------------------------------
 */

/* A link message that makes one, dormant from its first moment on; or gives it its parameters again (no name). Returns its header. */
struct ifinfomsg *rtnl_tunnel_put(struct nlmsghdr *nlh, const struct rtnl_link *want, const char *name);

/* IFLA_INFO_DATA of a link whose kind is known. */
void rtnl_tunnel_read(const struct nlattr *data, struct rtnl_link *link);

/*
 * --- rtnl_ns.c -------------------------------------------------------------------------------------------
 */

/* Into a namespace and back; between the two nothing but opening sockets. enter: -errno when it stays here. */
int rtnl_ns_enter(int ns, int *home);
void rtnl_ns_leave(int home);

/* Marks addresses (IFA_PROTO) and routes as ours: any number that nobody has; daemons of FRR stay above 180. */
#define RTNL_PROTO_OURS 0x76

#endif
