// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's IPsec over netlink: one request and its answers, and the socket that tells of events. Main thread. */
#ifndef BGPVPN_XFRM_XFRM_SOCK_H
#define BGPVPN_XFRM_XFRM_SOCK_H

#include "bgpvpnd/dplane/xfrm/xfrm_msg.h"

struct mnl_socket;

struct xfrm_sock {
	struct mnl_socket *nl; /* NULL: not open */
	uint32_t seq;
	uint32_t port; /* ours: what our own requests bring about has it in xfrm_news.by */
	char why[128]; /* the kernel's words about the last refusal; "" when it had none */
};

/* Inside dplane_privileged(), as the calls below. 0 or -errno. */
int xfrm_sock_open(struct xfrm_sock *sock);
void xfrm_sock_close(struct xfrm_sock *sock);

/*
 * Sends a message of xfrm_msg.h, wipes it, and gives every answer to `each` (may be NULL) until the kernel has said how it went.
 * A NULL message is -EOPNOTSUPP: a builder's refusal.
 */
int xfrm_sock_talk(struct xfrm_sock *sock, struct nlmsghdr *nlh,
		   void (*each)(void *arg, const struct xfrm_news *news), void *arg);

/* A non-blocking descriptor, readable when the kernel has news of SAs and policies; or -errno. */
int xfrm_events_open(void);

/* Gives all that is there to `each`; NULL: some word was lost. */
void xfrm_events_read(int fd, void (*each)(void *arg, const struct xfrm_news *news), void *arg);

#endif
