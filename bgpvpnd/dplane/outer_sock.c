// SPDX-License-Identifier: GPL-2.0-or-later
/* The plane's sockets, see outer_sock.h. */
#include <zebra.h>

#include <netinet/udp.h>

#include "lib/log.h"

#include "bgpvpnd/dplane/outer_sock.h"

/* A burst of a fast peer while the thread is not scheduled for some milliseconds. */
#define SOCK_BUFFER (8 << 20)

static void set_option(int fd, int level, int option, int value)
{
	/* Only for options that make things faster or nicer: an old kernel may refuse. */
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

/* The FORCE forms pass the system's limit and need CAP_NET_ADMIN. */
static void set_buffers(int fd)
{
	set_option(fd, SOL_SOCKET, SO_RCVBUF, SOCK_BUFFER);
	set_option(fd, SOL_SOCKET, SO_SNDBUF, SOCK_BUFFER);
	set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCK_BUFFER);
	set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCK_BUFFER);
}

/* Without IP_PMTUDISC_DONT Linux sets DF on UDP; the outer packet may be fragmented (RFC 4301 8.1). */
static void set_family_options(int fd, int family)
{
	if (family == AF_INET) {
		set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
		set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	} else {
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	}
}

static int bind_any(int fd, int family, uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (family == AF_INET)
		return bind(fd, (struct sockaddr *)&sin, sizeof(sin));
	return bind(fd, (struct sockaddr *)&sin6, sizeof(sin6));
}

static const char *family_words(int family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

/* A host without IPv6 is no failure to talk about. */
static bool family_missing(int family, int err)
{
	return family == AF_INET6 && (err == EAFNOSUPPORT || err == EADDRNOTAVAIL);
}

static void udp_note(struct dplane *dp, int family, uint16_t port, int err)
{
	if (family_missing(family, err))
		return;
	if (err == EADDRINUSE)
		dplane_note(
			dp,
			"UDP port %u (%s) is in use by another program: find it with `ss -lunp sport = :%u` and stop it",
			port, family_words(family), port);
	else
		dplane_note(dp, "cannot open UDP port %u (%s): %s", port, family_words(family),
			    safe_strerror(err));
}

static int udp_open(struct dplane *dp, int family)
{
	uint16_t port = dp->env->natt_port;
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		udp_note(dp, family, port, errno);
		return -1;
	}
	set_family_options(fd, family);
	if (bind_any(fd, family, port) < 0) {
		udp_note(dp, family, port, errno);
		close(fd);
		return -1;
	}
	set_buffers(fd);
	/* RFC 6935 5: without a checksum the kernel would drop it; ESP, and IKE, have their own. */
	if (family == AF_INET6)
		set_option(fd, IPPROTO_UDP, UDP_NO_CHECK6_RX, 1);
	return fd;
}

static int esp_open_raw(struct dplane *dp, int family)
{
	int fd = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ESP);

	if (fd < 0) {
		int err = errno;

		if (!family_missing(family, err))
			dplane_note(dp, "no raw ESP over %s, only ESP in UDP (%s)", family_words(family),
				    err == EPERM ? "the daemon lacks CAP_NET_RAW" : safe_strerror(err));
		return -1;
	}
	set_family_options(fd, family);
	set_buffers(fd);
	return fd;
}

void outer_socks_open_udp(struct dplane *dp, struct outer_socks *socks)
{
	int *fd = socks->fd;

	if (fd[OUTER_UDP4] < 0)
		fd[OUTER_UDP4] = udp_open(dp, AF_INET);
	if (fd[OUTER_UDP6] < 0)
		fd[OUTER_UDP6] = udp_open(dp, AF_INET6);
}

void outer_socks_open(struct dplane *dp, struct outer_socks *socks)
{
	int *fd = socks->fd;

	outer_socks_open_udp(dp, socks);
	for (enum outer_sock sock = OUTER_UDP4; sock <= OUTER_UDP6; sock++)
		set_option(fd[sock], IPPROTO_UDP, UDP_GRO, 1);
	if (fd[OUTER_ESP4] < 0)
		fd[OUTER_ESP4] = esp_open_raw(dp, AF_INET);
	if (fd[OUTER_ESP6] < 0)
		fd[OUTER_ESP6] = esp_open_raw(dp, AF_INET6);
}

void outer_socks_close(struct outer_socks *socks)
{
	for (size_t i = 0; i < OUTER_SOCKS; i++) {
		if (socks->fd[i] >= 0)
			close(socks->fd[i]);
		socks->fd[i] = -1;
	}
}

/*
 * --- sending ---------------------------------------------------------------------------------------------

 */

static size_t control_put(uint8_t *at, int level, int type, const void *value, size_t n)
{
	struct cmsghdr header = {.cmsg_len = CMSG_LEN(n), .cmsg_level = level, .cmsg_type = type};

	memset(at, 0, CMSG_SPACE(n));
	memcpy(at, &header, sizeof(header));
	memcpy(at + CMSG_LEN(0), value, n);
	return CMSG_SPACE(n);
}

static void path_v4(struct outer_path *path, const struct endpoint *local, const struct endpoint *remote,
		    bool encap)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = encap ? htons(remote->port) : 0};
	struct in_pktinfo info = {.ipi_spec_dst = local->addr.ipaddr_v4};

	sin.sin_addr = remote->addr.ipaddr_v4;
	memcpy(&path->to, &sin, sizeof(sin));
	path->to_len = sizeof(sin);
	path->sock = encap ? OUTER_UDP4 : OUTER_ESP4;
	if (!ipaddr_is_unspecified(&local->addr))
		path->control_len = control_put(path->control, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static void path_v6(struct outer_path *path, const struct endpoint *local, const struct endpoint *remote,
		    bool encap)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = encap ? htons(remote->port) : 0};
	struct in6_pktinfo info = {.ipi6_addr = local->addr.ipaddr_v6};

	sin6.sin6_addr = remote->addr.ipaddr_v6;
	memcpy(&path->to, &sin6, sizeof(sin6));
	path->to_len = sizeof(sin6);
	path->sock = encap ? OUTER_UDP6 : OUTER_ESP6;
	if (!ipaddr_is_unspecified(&local->addr))
		path->control_len =
			control_put(path->control, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

int outer_path_init(struct outer_path *path, const struct endpoint *local, const struct endpoint *remote,
		  bool encap)
{
	struct outer_path fresh = {};

	if (!ipaddr_is_unspecified(&local->addr) && local->addr.ipa_type != remote->addr.ipa_type)
		return -EINVAL;
	switch (remote->addr.ipa_type) {
	case IPADDR_V4:
		path_v4(&fresh, local, remote, encap);
		break;
	case IPADDR_V6:
		path_v6(&fresh, local, remote, encap);
		break;
	case IPADDR_NONE:
		return -EINVAL;
	}
	*path = fresh;
	return 0;
}

void outer_path_apply(const struct outer_path *path, uint8_t dscp, struct msghdr *msg,
		    struct outer_control *control)
{
	int tclass = dscp << 2; /* the ECN bits stay 0: not ECN-capable, RFC 6040 compatibility mode */
	bool v4 = path->to.ss_family == AF_INET;
	size_t n = path->control_len;

	msg->msg_name = (void *)&path->to;
	msg->msg_namelen = path->to_len;
	if (!tclass) {
		msg->msg_control = n ? (void *)path->control : NULL;
		msg->msg_controllen = n;
		return;
	}
	memcpy(control->bytes, path->control, n);
	n += control_put(control->bytes + n, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS,
			 &tclass, sizeof(tclass));
	msg->msg_control = control->bytes;
	msg->msg_controllen = n;
}

static int send_marked(const struct outer_socks *socks, const struct outer_path *path, struct bytes datagram)
{
	uint8_t non_esp_marker[4] = {}; /* RFC 3948 2.2 */
	struct iovec iov[2] = {
		{.iov_base = non_esp_marker, .iov_len = sizeof(non_esp_marker)},
		{.iov_base = (void *)datagram.p, .iov_len = datagram.n},
	};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	struct outer_control control;

	outer_path_apply(path, 0, &msg, &control);
	return sendmsg(socks->fd[path->sock], &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

int outer_ike_send(struct dplane *dp, const struct outer_socks *socks, const struct endpoint *local,
		   const struct endpoint *remote, struct bytes datagram, uint64_t *errors)
{
	struct outer_path path;
	int err = outer_path_init(&path, local, remote, true);

	if (err)
		return dplane_fail(dp, -err, "an IKE datagram needs two addresses of one family");
	if (socks->fd[path.sock] < 0)
		return dplane_fail(dp, ENOTCONN,
				   "UDP port %u is not open: see what could not be opened at start",
				   dp->env->natt_port);
	err = send_marked(socks, &path, datagram);
	if (!err)
		return 0;
	(*errors)++;
	return dplane_fail(dp, -err, "cannot send IKE from UDP port %u: %s", dp->env->natt_port,
			   safe_strerror(-err));
}

/*
 * --- receiving -------------------------------------------------------------------------------------------

 */

size_t outer_received_seg_len(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		int size;

		if (c->cmsg_level != IPPROTO_UDP || c->cmsg_type != UDP_GRO)
			continue;
		memcpy(&size, CMSG_DATA(c), sizeof(size));
		return size > 0 ? (size_t)size : 0;
	}
	return 0;
}

static struct ipaddr received_on(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct in_pktinfo v4;
		struct in6_pktinfo v6;

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(c), sizeof(v4));
			return ipaddr_of(bytes_make(&v4.ipi_addr, sizeof(v4.ipi_addr)));
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(c), sizeof(v6));
			return ipaddr_of(bytes_make(&v6.ipi6_addr, sizeof(v6.ipi6_addr)));
		}
	}
	return (struct ipaddr){.ipa_type = IPADDR_NONE};
}

bool outer_path_is_from(const struct outer_path *path, const struct msghdr *msg)
{
	const struct sockaddr_storage *from = msg->msg_name;
	struct sockaddr_in6 a6, b6;
	struct sockaddr_in a, b;

	if (from->ss_family != path->to.ss_family)
		return false;
	if (from->ss_family == AF_INET) {
		memcpy(&a, from, sizeof(a));
		memcpy(&b, &path->to, sizeof(b));
		return a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr;
	}
	memcpy(&a6, from, sizeof(a6));
	memcpy(&b6, &path->to, sizeof(b6));
	return a6.sin6_port == b6.sin6_port && IPV6_ADDR_SAME(&a6.sin6_addr, &b6.sin6_addr);
}

void outer_received_endpoints(struct msghdr *msg, uint16_t local_port, struct endpoint *local,
			    struct endpoint *remote)
{
	const struct sockaddr_storage *from = msg->msg_name;
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;

	*local = (struct endpoint){.addr = received_on(msg), .port = local_port};
	*remote = (struct endpoint){};
	if (from->ss_family == AF_INET) {
		memcpy(&sin, from, sizeof(sin));
		remote->addr = ipaddr_of(bytes_make(&sin.sin_addr, sizeof(sin.sin_addr)));
		remote->port = ntohs(sin.sin_port);
	} else if (from->ss_family == AF_INET6) {
		memcpy(&sin6, from, sizeof(sin6));
		remote->addr = ipaddr_of(bytes_make(&sin6.sin6_addr, sizeof(sin6.sin6_addr)));
		remote->port = ntohs(sin6.sin6_port);
	}
}
