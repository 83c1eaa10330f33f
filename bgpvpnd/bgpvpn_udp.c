// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two IKE sockets. An answer must leave from the address that the request came to (RFC 7296 2.11), so
 * every datagram carries its own address as ancillary data (RFC 3542 6.2), in both directions.
 */
#include <zebra.h>

#include "lib/log.h"
#include "lib/memory.h"
#include "lib/network.h"
#include "lib/privs.h"

#include "bgpvpnd/bgpvpn_errors.h"
#include "bgpvpnd/bgpvpn_pump.h"
#include "bgpvpnd/bgpvpn_udp.h"
#include "bgpvpnd/bgpvpnd.h"

DEFINE_MTYPE_STATIC(BGPVPN, UDP, "VPN UDP sockets");

#define RETRY_S		  10
#define COMPLAIN_EVERY	  6 /* retries: a line a minute while a port is in use */
#define DATAGRAMS_AT_ONCE 64

struct udp_socket {
	struct bgpvpn_udp *owner;
	int family;
	int fd;		       /* -1: not open */
	unsigned int failures; /* in a row */
	struct thread *t_read;
	struct thread *t_retry;
};

struct bgpvpn_udp {
	struct bgpvpn *vpn;
	struct udp_socket v4;
	struct udp_socket v6;
	uint64_t send_errors;
	uint64_t receive_errors;
	uint8_t buf[LIMIT_IKE_MSG];
};

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* --- open ------------------------------------------------------------------------------------------------ */

static int set_options(int fd, int family)
{
	const int on = 1;

	if (family == AF_INET)
		return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)))
		return -1;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
}

static int bind_any(struct udp_socket *s, int fd)
{
	union sockunion su = {};
	socklen_t len = s->family == AF_INET ? sizeof(su.sin) : sizeof(su.sin6);
	int result = -1, error = 0;

	if (s->family == AF_INET)
		su.sin = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(IKE_PORT)};
	else
		su.sin6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(IKE_PORT)};
	frr_with_privs (s->owner->vpn->privs) {
		/* Not where the kernel has no IPsec, or we may not: then no policy of ours is in the way either. */
		(void)dplane_bypass(fd, s->family);
		result = bind(fd, &su.sa, len);
		error = errno;
	}
	errno = error;
	return result;
}

/* 0, or -errno. */
static int socket_open(struct udp_socket *s)
{
	int fd = socket(s->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
	int error;

	if (fd < 0)
		return -errno;
	if (set_options(fd, s->family) == 0 && bind_any(s, fd) == 0) {
		s->fd = fd;
		return 0;
	}
	error = errno;
	close(fd);
	return -error;
}

static const char *what_to_do(int error)
{
	if (error == EADDRINUSE)
		return "another process has it: find it with ss -ulpn 'sport = :500' and stop it (usually another IKE daemon)";
	if (error == EACCES || error == EPERM)
		return "CAP_NET_BIND_SERVICE is missing: start bgpvpnd as root";
	return "see the operating system's reason";
}

static void socket_readable(struct thread *t);
static void socket_retry(struct thread *t);

static void socket_start(struct udp_socket *s)
{
	struct thread_master *loop = s->owner->vpn->loop;
	const char *family = s->family == AF_INET ? "IPv4" : "IPv6";
	int error = -socket_open(s);

	if (error == 0) {
		if (s->failures)
			zlog_notice("UDP port %u (%s) is ours now", IKE_PORT, family);
		s->failures = 0;
		thread_add_read(loop, socket_readable, s, s->fd, &s->t_read);
		return;
	}
	if (error == EAFNOSUPPORT) {
		zlog_info("the kernel has no %s: no IKE over it", family);
		return;
	}
	/* Again with the second try: the first line may have come before the log had its place. */
	if (s->failures < 2 || s->failures % COMPLAIN_EVERY == 0)
		flog_err(EC_BGPVPN_UDP_PORT,
			 "UDP port %u (%s) cannot be bound: %s; %s; trying again every %u seconds", IKE_PORT,
			 family, safe_strerror(error), what_to_do(error), RETRY_S);
	s->failures++;
	thread_add_timer(loop, socket_retry, s, RETRY_S, &s->t_retry);
}

static void socket_retry(struct thread *t)
{
	socket_start(THREAD_ARG(t));
}

static void socket_init(struct udp_socket *s, struct bgpvpn_udp *owner, int family)
{
	*s = (struct udp_socket){.owner = owner, .family = family, .fd = -1};
	socket_start(s);
}

static void socket_fini(struct udp_socket *s)
{
	THREAD_OFF(s->t_read);
	THREAD_OFF(s->t_retry);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

struct bgpvpn_udp *bgpvpn_udp_new(struct bgpvpn *vpn)
{
	struct bgpvpn_udp *udp = XCALLOC(MTYPE_UDP, sizeof(*udp));

	udp->vpn = vpn;
	socket_init(&udp->v4, udp, AF_INET);
	socket_init(&udp->v6, udp, AF_INET6);
	return udp;
}

void bgpvpn_udp_free(struct bgpvpn_udp *udp)
{
	if (!udp)
		return;
	socket_fini(&udp->v4);
	socket_fini(&udp->v6);
	XFREE(MTYPE_UDP, udp);
}

/* --- receive --------------------------------------------------------------------------------------------- */

static struct endpoint endpoint_of(const union sockunion *su)
{
	if (su->sa.sa_family == AF_INET)
		return (struct endpoint){.addr = ipaddr_of(bytes_make(&su->sin.sin_addr, 4)),
					 .port = ntohs(su->sin.sin_port)};
	return (struct endpoint){.addr = ipaddr_of(bytes_make(&su->sin6.sin6_addr, 16)),
				 .port = ntohs(su->sin6.sin6_port)};
}

/* Where the datagram was sent to; IPADDR_NONE when the kernel does not say. */
static struct ipaddr own_address(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			return ipaddr_of(bytes_make(&info.ipi_addr, 4));
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			return ipaddr_of(bytes_make(&info.ipi6_addr, 16));
		}
	}
	return ipaddr_of((struct bytes){});
}

/* False when there is nothing more to read. */
static bool receive_one(struct udp_socket *s)
{
	struct bgpvpn_udp *udp = s->owner;
	union sockunion from = {};
	union control control;
	struct iovec iov = {.iov_base = udp->buf, .iov_len = sizeof(udp->buf)};
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct endpoint local = {.port = IKE_PORT}, remote;
	ssize_t n = recvmsg(s->fd, &msg, 0);

	if (n < 0) {
		if (ERRNO_IO_RETRY(errno))
			return false;
		udp->receive_errors++; /* an ICMP error of an earlier datagram: there may be more behind it */
		return true;
	}
	local.addr = own_address(&msg);
	remote = endpoint_of(&from);
	bgpvpn_pump_input(udp->vpn, &local, &remote, bytes_make(udp->buf, n));
	return true;
}

static void socket_readable(struct thread *t)
{
	struct udp_socket *s = THREAD_ARG(t);
	struct bgpvpn *vpn = s->owner->vpn;

	thread_add_read(vpn->loop, socket_readable, s, s->fd, &s->t_read);
	for (int i = 0; i < DATAGRAMS_AT_ONCE && receive_one(s); i++)
		;
	bgpvpn_pump(vpn);
}

/* --- send ------------------------------------------------------------------------------------------------ */

static socklen_t sockunion_of(const struct endpoint *endpoint, union sockunion *su)
{
	memset(su, 0, sizeof(*su));
	if (IS_IPADDR_V4(&endpoint->addr)) {
		su->sin = (struct sockaddr_in){
			.sin_family = AF_INET,
			.sin_port = htons(endpoint->port),
			.sin_addr = endpoint->addr.ipaddr_v4,
		};
		return sizeof(su->sin);
	}
	su->sin6 = (struct sockaddr_in6){
		.sin6_family = AF_INET6,
		.sin6_port = htons(endpoint->port),
		.sin6_addr = endpoint->addr.ipaddr_v6,
	};
	return sizeof(su->sin6);
}

/* Writes the source address into the ancillary data. */
static void set_source(struct msghdr *msg, union control *control, const struct ipaddr *source)
{
	struct in_pktinfo info4 = {.ipi_spec_dst = source->ipaddr_v4};
	struct in6_pktinfo info6 = {.ipi6_addr = source->ipaddr_v6};
	bool v4 = IS_IPADDR_V4(source);
	struct cmsghdr *c;

	memset(control, 0, sizeof(*control));
	msg->msg_control = control;
	msg->msg_controllen = v4 ? CMSG_SPACE(sizeof(info4)) : CMSG_SPACE(sizeof(info6));
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
	c->cmsg_type = v4 ? IP_PKTINFO : IPV6_PKTINFO;
	c->cmsg_len = v4 ? CMSG_LEN(sizeof(info4)) : CMSG_LEN(sizeof(info6));
	if (v4)
		memcpy(CMSG_DATA(c), &info4, sizeof(info4));
	else
		memcpy(CMSG_DATA(c), &info6, sizeof(info6));
}

void bgpvpn_udp_send(struct bgpvpn_udp *udp, const struct endpoint *local, const struct endpoint *remote,
		     struct bytes datagram)
{
	struct udp_socket *s;
	union sockunion to;
	union control control;
	struct iovec iov = {.iov_base = (void *)datagram.p, .iov_len = datagram.n};
	struct msghdr msg = {.msg_name = &to, .msg_iov = &iov, .msg_iovlen = 1};

	if (!udp)
		return;
	s = IS_IPADDR_V6(&remote->addr) ? &udp->v6 : &udp->v4;
	msg.msg_namelen = sockunion_of(remote, &to);
	if (local->addr.ipa_type == remote->addr.ipa_type && !ipaddr_is_unspecified(&local->addr))
		set_source(&msg, &control, &local->addr);
	if (s->fd < 0 || sendmsg(s->fd, &msg, 0) < 0)
		udp->send_errors++;
}

void bgpvpn_udp_info(const struct bgpvpn_udp *udp, struct bgpvpn_udp_info *info)
{
	*info = (struct bgpvpn_udp_info){};
	if (!udp)
		return;
	info->v4 = udp->v4.fd >= 0;
	info->v6 = udp->v6.fd >= 0;
	info->send_errors = udp->send_errors;
	info->receive_errors = udp->receive_errors;
}
