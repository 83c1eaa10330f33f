// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plane's sockets: UDP on the NAT-T port for both families (RFC 3948, shared by IKE and ESP) and raw ESP
 * (IP protocol 50). Opened by the main thread, which has the privileges; in the
 * user-space plane the tun thread reads them, and both may send.
 */
#ifndef BGPVPN_DPLANE_OUTER_SOCK_H
#define BGPVPN_DPLANE_OUTER_SOCK_H

#include <zebra.h>

#include "bgpvpnd/dplane/dplane_fail.h"

enum outer_sock {
	OUTER_UDP4,
	OUTER_UDP6,
	OUTER_ESP4,
	OUTER_ESP6,
};
#define OUTER_SOCKS 4

struct outer_socks {
	int fd[OUTER_SOCKS]; /* -1: could not be opened */
};

/*
 * Opens those that are not open; what it can't is appended to dp->error. Inside dplane_privileged(). The second only UDP, one
 * datagram a read: for a plane whose ESP is the kernel's.
 */
void outer_socks_open(struct dplane *dp, struct outer_socks *socks);
void outer_socks_open_udp(struct dplane *dp, struct outer_socks *socks);
void outer_socks_close(struct outer_socks *socks);

/* Everything sendmsg() needs to know about a way to a peer, worked out once. */
struct outer_path {
	enum outer_sock sock;
	struct sockaddr_storage to;
	socklen_t to_len;
	size_t control_len; /* of the IP_PKTINFO below; 0: let the kernel choose our address */
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/*
 * encap: in UDP to remote's port; else IP protocol 50. -EINVAL when the addresses are of different or no
 * families.
 */
int outer_path_init(struct outer_path *path, const struct endpoint *local, const struct endpoint *remote,
		  bool encap);

/* Ancillary data of one sent packet: our address and the traffic class. */
struct outer_control {
	_Alignas(struct cmsghdr)
		uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

/*
 * Addresses msg to the path, DSCP (RFC 4301 5.1.2.1) in the outer header. `control` must live as long as msg.

 */
void outer_path_apply(const struct outer_path *path, uint8_t dscp, struct msghdr *msg,
		    struct outer_control *control);

/* dplane_ops.ike_send: the non-ESP marker goes before it. What the kernel refuses is counted in *errors. */
int outer_ike_send(struct dplane *dp, const struct outer_socks *socks, const struct endpoint *local,
		   const struct endpoint *remote, struct bytes datagram, uint64_t *errors);

/* Ancillary data of one received packet, with room for all that the sockets ask for. */
struct outer_received {
	_Alignas(struct cmsghdr)
		uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

/* UDP_GRO's segment size of a received message; 0: one datagram. */
size_t outer_received_seg_len(struct msghdr *msg);

/* Whether it came from where the path leads to. */
bool outer_path_is_from(const struct outer_path *path, const struct msghdr *msg);

/* Who sent it, and to which address of ours. */
void outer_received_endpoints(struct msghdr *msg, uint16_t local_port, struct endpoint *local,
			    struct endpoint *remote);

#endif
