// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plane's sockets: UDP on the NAT-T port for both families (RFC 3948, shared by IKE and ESP) and raw ESP
 * (IP protocol 50). Opened by the main thread, which has the privileges, read by the tun thread; both may
 * send.
 */
#ifndef BGPVPN_TUN_TUN_SOCK_H
#define BGPVPN_TUN_TUN_SOCK_H

#include <zebra.h>

#include "bgpvpnd/dplane/dplane_fail.h"

enum tun_sock {
	TUN_SOCK_UDP4,
	TUN_SOCK_UDP6,
	TUN_SOCK_ESP4,
	TUN_SOCK_ESP6,
};
#define TUN_SOCKS 4

struct tun_socks {
	int fd[TUN_SOCKS]; /* -1: could not be opened */
};

/* Opens those that are not open; what it can't is appended to dp->error. Inside dplane_privileged(). */
void tun_socks_open(struct dplane *dp, struct tun_socks *socks);
void tun_socks_close(struct tun_socks *socks);

/* Everything sendmsg() needs to know about a way to a peer, worked out once. */
struct tun_path {
	enum tun_sock sock;
	struct sockaddr_storage to;
	socklen_t to_len;
	size_t control_len; /* of the IP_PKTINFO below; 0: let the kernel choose our address */
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/*
 * encap: in UDP to remote's port; else IP protocol 50. -EINVAL when the addresses are of different or no
 * families.
 */
int tun_path_init(struct tun_path *path, const struct endpoint *local, const struct endpoint *remote,
		  bool encap);

/* Ancillary data of one sent packet: our address and the traffic class. */
struct tun_control {
	_Alignas(struct cmsghdr)
		uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

/*
 * Addresses msg to the path, DSCP (RFC 4301 5.1.2.1) in the outer header. `control` must live as long as msg.

 */
void tun_path_apply(const struct tun_path *path, uint8_t dscp, struct msghdr *msg,
		    struct tun_control *control);

/* Ancillary data of one received packet, with room for all that the sockets ask for. */
struct tun_received {
	_Alignas(struct cmsghdr)
		uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

/* UDP_GRO's segment size of a received message; 0: one datagram. */
size_t tun_received_seg_len(struct msghdr *msg);

/* Whether it came from where the path leads to. */
bool tun_path_is_from(const struct tun_path *path, const struct msghdr *msg);

/* Who sent it, and to which address of ours. */
void tun_received_endpoints(struct msghdr *msg, uint16_t local_port, struct endpoint *local,
			    struct endpoint *remote);

#endif
