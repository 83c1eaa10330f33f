// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reachability of the inside: ICMP echo between the inside addresses, sent into the interface by a raw socket (a link that is not
 * running sends and receives all the same). The other way round the kernel itself answers.
 */
#include <zebra.h>

#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <sys/random.h>

#include "lib/log.h"

#include "bgpvpnd/dplane/inside.h"
#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

/* An echo message of either family, RFC 792, RFC 4443 4.1; no payload. */
struct echo {
	uint8_t type;
	uint8_t code;
	uint16_t checksum; /* the kernel's work for ICMPv6 */
	uint16_t id;
	uint16_t seq;
};

#define PROBES_AT_ONCE 64

DECLARE_DLIST(xfrm_devs, struct xfrm_dev, item);

static void filter_v4(int fd)
{
	struct icmp_filter replies = {.data = ~(1u << ICMP_ECHOREPLY)};
	int on = 1;

	(void)setsockopt(fd, SOL_RAW, ICMP_FILTER, &replies, sizeof(replies));
	(void)setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
}

static void filter_v6(int fd)
{
	struct icmp6_filter replies;
	int on = 1;

	ICMP6_FILTER_SETBLOCKALL(&replies);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &replies);
	(void)setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &replies, sizeof(replies));
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
}

void xfrm_probes_open_in(int ns, int *icmp4, int *icmp6)
{
	const int flags = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;

	if (*icmp4 < 0)
		*icmp4 = rtnl_ns_socket(ns, AF_INET, flags, IPPROTO_ICMP);
	if (*icmp6 < 0)
		*icmp6 = rtnl_ns_socket(ns, AF_INET6, flags, IPPROTO_ICMPV6);
	if (*icmp4 >= 0)
		filter_v4(*icmp4);
	if (*icmp6 >= 0)
		filter_v6(*icmp6);
}

void xfrm_probes_open(struct xfrm_plane *plane)
{
	if (!plane->probe_id && getrandom(&plane->probe_id, sizeof(plane->probe_id), 0) < 0)
		plane->probe_id = (uint16_t)getpid();
	xfrm_probes_open_in(RTNL_HERE, &plane->icmp4, &plane->icmp6);
	if (plane->icmp4 < 0)
		dplane_note(&plane->dp, "the inside of tunnels cannot be probed: %s",
			    safe_strerror(-plane->icmp4));
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void xfrm_probes_close(struct xfrm_plane *plane)
{
	close_one(&plane->icmp4);
	close_one(&plane->icmp6);
}

/*
 * --- asking ----------------------------------------------------------------------------------------------
 */

static uint16_t checksum(const struct echo *echo)
{
	uint16_t words[sizeof(*echo) / 2];
	uint32_t sum = 0;

	memcpy(words, echo, sizeof(words));
	for (size_t i = 0; i < array_size(words); i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

union control {
	struct cmsghdr align;
	uint8_t room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void control_put(struct msghdr *msg, int level, int type, const void *value, size_t n)
{
	struct cmsghdr *c = msg->msg_control;

	msg->msg_controllen = CMSG_SPACE(n);
	*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(n), .cmsg_level = level, .cmsg_type = type};
	memcpy(CMSG_DATA(c), value, n);
}

static int send_v4(int fd, uint32_t ifindex, const struct echo *echo, const struct ipaddr *self,
		   const struct ipaddr *other)
{
	struct in_pktinfo info = {.ipi_ifindex = (int)ifindex, .ipi_spec_dst = self->ipaddr_v4};
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct iovec iov = {.iov_base = (void *)echo, .iov_len = sizeof(*echo)};
	union control control = {};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};

	sin.sin_addr = other->ipaddr_v4;
	msg.msg_name = &sin;
	msg.msg_namelen = sizeof(sin);
	control_put(&msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	return sendmsg(fd, &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int send_v6(int fd, uint32_t ifindex, const struct echo *echo, const struct ipaddr *self,
		   const struct ipaddr *other)
{
	struct in6_pktinfo info = {.ipi6_ifindex = ifindex, .ipi6_addr = self->ipaddr_v6};
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6};
	struct iovec iov = {.iov_base = (void *)echo, .iov_len = sizeof(*echo)};
	union control control = {};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};

	sin6.sin6_addr = other->ipaddr_v6;
	msg.msg_name = &sin6;
	msg.msg_namelen = sizeof(sin6);
	control_put(&msg, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	return sendmsg(fd, &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* Of several links that share an interface, too, one knows its answers. */
static uint16_t probe_id(const struct xfrm_plane *plane, const struct xfrm_link *link)
{
	return (uint16_t)(plane->probe_id + link->base.id);
}

static int probe_send(struct xfrm_plane *plane, struct xfrm_link *link, const struct ipaddr *self,
		      const struct ipaddr *other)
{
	const struct xfrm_dev *dev = link->dev;
	bool here = dev->ns == RTNL_HERE, v6 = IS_IPADDR_V6(self);
	struct echo echo = {
		.type = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO,
		.id = probe_id(plane, link),
		.seq = htons(++link->probe_seq),
	};

	if (v6)
		return send_v6(here ? plane->icmp6 : dev->icmp6, link->base.ifindex, &echo, self, other);
	echo.checksum = checksum(&echo);
	return send_v4(here ? plane->icmp4 : dev->icmp4, link->base.ifindex, &echo, self, other);
}

int xfrm_inside_probe(struct dplane *dp, uint32_t id)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	struct xfrm_link *link = xfrm_link_find(plane, id);
	const struct dplane_link_params *params;
	struct ipaddr self, other;
	int err;

	if (!link)
		return dplane_link_unknown(dp, id);
	params = &link->base.params;
	if (!params->num_inside || !inside_other_host(&params->inside[0], &self, &other))
		return dplane_fail(dp, EADDRNOTAVAIL,
				   "interface %s: its first inside address has no other host to probe "
				   "(/30, /31, /126 or /127)",
				   params->name);
	if (!link->sender)
		return dplane_fail(dp, ENOTCONN, "interface %s: cannot probe the inside: no Child SA",
				   params->name);
	err = probe_send(plane, link, &self, &other);
	if (err)
		return dplane_fail(dp, -err, "interface %s: cannot probe the inside: %s", params->name,
				   safe_strerror(-err));
	link->probe.sent++;
	link->probe.last_sent = xfrm_now();
	return 0;
}

/*
 * --- hearing ---------------------------------------------------------------------------------------------
 */

static uint32_t ifindex_of(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct in_pktinfo v4;
		struct in6_pktinfo v6;

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(c), sizeof(v4));
			return (uint32_t)v4.ipi_ifindex;
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(c), sizeof(v6));
			return v6.ipi6_ifindex;
		}
	}
	return 0;
}

/* A raw IPv4 socket reads the IP header too. */
static bool echo_of(const uint8_t *p, size_t n, bool v4, struct echo *echo)
{
	size_t skip = v4 && n ? (size_t)(p[0] & 15) * 4 : 0;

	if (n < skip + sizeof(*echo))
		return false;
	memcpy(echo, p + skip, sizeof(*echo));
	return true;
}

/* Packets may come out of another interface than they go into. */
static bool comes_from(const struct xfrm_dev *dev, uint32_t ifindex)
{
	return dev->iface.ifindex == ifindex || dev->if_id_in != dev->if_id_out;
}

/* Ours by our number, and no older than the window of 16 bits says: an answer that comes late still proves the way. */
static void answered(struct xfrm_plane *plane, int ns, uint32_t ifindex, const struct echo *echo)
{
	struct dplane_link *base;

	for (base = dplane_link_first(&plane->links); base; base = dplane_link_next(&plane->links, base)) {
		struct xfrm_link *link = (struct xfrm_link *)base;

		if (link->dev->ns != ns || !comes_from(link->dev, ifindex) ||
		    echo->id != probe_id(plane, link))
			continue;
		link->probe.answered++;
		link->probe.last_answered = xfrm_now();
		return;
	}
}

static void read_from(struct xfrm_plane *plane, int ns, int fd, bool v4)
{
	for (int i = 0; fd >= 0 && i < PROBES_AT_ONCE; i++) {
		uint8_t buf[256];
		union control control;
		struct iovec iov = {.iov_base = buf, .iov_len = sizeof(buf)};
		struct msghdr msg = {.msg_iov = &iov,
				     .msg_iovlen = 1,
				     .msg_control = &control,
				     .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);
		struct echo echo;

		if (n < 0)
			return;
		if (echo_of(buf, (size_t)n, v4, &echo))
			answered(plane, ns, ifindex_of(&msg), &echo);
	}
}

void xfrm_probes_read(struct xfrm_plane *plane)
{
	struct xfrm_dev *dev;

	read_from(plane, RTNL_HERE, plane->icmp4, true);
	read_from(plane, RTNL_HERE, plane->icmp6, false);
	frr_each (xfrm_devs, &plane->devs, dev) {
		read_from(plane, dev->ns, dev->icmp4, true);
		read_from(plane, dev->ns, dev->icmp6, false);
	}
}

int xfrm_inside_stats(struct dplane *dp, uint32_t id, struct dplane_inside_stats *stats)
{
	struct xfrm_link *link = xfrm_link_find(xfrm_plane_of(dp), id);

	if (!link)
		return dplane_link_unknown(dp, id);
	*stats = link->probe;
	return 0;
}
