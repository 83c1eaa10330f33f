// SPDX-License-Identifier: GPL-2.0-or-later
/* See xfrm_early.h. */
#include <zebra.h>

#include <linux/filter.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>

#include "lib/checksum.h"

#include "bgpvpnd/dplane/dplane_fail.h"
#include "bgpvpnd/dplane/xfrm/xfrm_early.h"

/* Of the kernel's memory for one socket, which counts about as much again for each packet. */
#define SOCKET_BUFFER (2 * LIMIT_EARLY_PACKETS * LIMIT_EARLY_BYTES)

struct way {
	int family;
	int proto;
};

static const struct way ways[XFRM_EARLY_WAYS] = {
	{AF_INET, IPPROTO_ESP},
	{AF_INET, IPPROTO_UDP},
	{AF_INET6, IPPROTO_ESP},
	{AF_INET6, IPPROTO_UDP},
};

void xfrm_early_init(struct xfrm_early *early)
{
	*early = (struct xfrm_early){.out = {-1, -1}};
	for (size_t i = 0; i < XFRM_EARLY_WAYS; i++)
		early->in[i] = -1;
	held_init(&early->held, LIMIT_EARLY_PACKETS, LIMIT_EARLY_PACKETS * LIMIT_EARLY_BYTES,
		  LIMIT_EARLY_MS * USEC_PER_MS);
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void early_close(struct xfrm_early *early)
{
	for (size_t i = 0; i < XFRM_EARLY_WAYS; i++)
		close_one(&early->in[i]);
	for (size_t i = 0; i < array_size(early->out); i++)
		close_one(&early->out[i]);
}

void xfrm_early_fini(struct xfrm_early *early)
{
	early_close(early);
	held_fini(&early->held);
}

/*
 * --- which packets ---------------------------------------------------------------------------------------
 */

/* A packet begins with the IP header in IPv4, behind it in IPv6; the SPI is the first of ESP, which in UDP comes after 8 bytes. */
struct program {
	struct sock_filter code[2 * LIMIT_EARLY_SPIS + 16];
	unsigned short n;
};

static void op(struct program *p, uint16_t code, uint32_t k)
{
	p->code[p->n++] = (struct sock_filter)BPF_STMT(code, k);
}

/* Takes the packet, or goes on with the next instruction. */
static void take_if(struct program *p, uint32_t value)
{
	p->code[p->n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	op(p, BPF_RET | BPF_K, UINT32_MAX);
}

static void leave_unless(struct program *p, uint32_t value)
{
	p->code[p->n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
	op(p, BPF_RET | BPF_K, 0);
}

static void program_make(struct program *p, const struct xfrm_early *early, const struct way *way,
			 uint16_t natt_port)
{
	uint16_t mode = way->family == AF_INET ? BPF_IND : BPF_ABS;

	p->n = 0;
	if (way->family == AF_INET)
		op(p, BPF_LDX | BPF_B | BPF_MSH, 0);
	if (way->proto == IPPROTO_UDP) {
		op(p, BPF_LD | BPF_H | mode, offsetof(struct udphdr, dest));
		leave_unless(p, natt_port);
	}
	op(p, BPF_LD | BPF_W | mode, way->proto == IPPROTO_UDP ? sizeof(struct udphdr) : 0);
	for (unsigned int i = 0; i < early->n; i++)
		take_if(p, early->spis[i]);
	op(p, BPF_RET | BPF_K, 0);
}

static int filter(const struct xfrm_early *early, const struct dplane *dp, size_t i)
{
	struct program p;
	struct sock_fprog prog = {.filter = p.code};

	program_make(&p, early, &ways[i], dp->env->natt_port);
	prog.len = p.n;
	return setsockopt(early->in[i], SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0 ? -errno : 0;
}

/*
 * --- sockets ---------------------------------------------------------------------------------------------
 */

static void in_open(struct xfrm_early *early, struct dplane *dp, size_t i)
{
	static const struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog prog = {.len = 1, .filter = (struct sock_filter *)&none};
	int fd = socket(ways[i].family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, ways[i].proto);
	int room = SOCKET_BUFFER, on = 1;

	early->in[i] = fd;
	if (fd < 0)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0) {
		close_one(&early->in[i]);
		return;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (ways[i].family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	(void)dplane_bypass(fd, ways[i].family);
}

static int out_open(int family)
{
	int fd = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW);

	if (fd >= 0)
		(void)dplane_bypass(fd, family);
	return fd;
}

/* What cannot be opened is lost as without us. */
static void early_open(struct xfrm_early *early, struct dplane *dp)
{
	dplane_privileged(dp, true);
	for (size_t i = 0; i < XFRM_EARLY_WAYS; i++)
		in_open(early, dp, i);
	early->out[0] = out_open(AF_INET);
	early->out[1] = out_open(AF_INET6);
	dplane_privileged(dp, false);
}

static void filters(struct xfrm_early *early, const struct dplane *dp)
{
	for (size_t i = 0; i < XFRM_EARLY_WAYS; i++)
		if (early->in[i] >= 0 && filter(early, dp, i) < 0)
			close_one(&early->in[i]);
}

static bool listed(const struct xfrm_early *early, uint32_t spi, unsigned int *at)
{
	for (*at = 0; *at < early->n; (*at)++)
		if (early->spis[*at] == spi)
			return true;
	return false;
}

void xfrm_early_expect(struct xfrm_early *early, struct dplane *dp, uint32_t spi)
{
	if (early->n == LIMIT_EARLY_SPIS)
		return;
	if (!early->n)
		early_open(early, dp);
	early->spis[early->n++] = spi;
	filters(early, dp);
}

void xfrm_early_forget(struct xfrm_early *early, struct dplane *dp, uint32_t spi)
{
	unsigned int at;

	if (!listed(early, spi, &at))
		return;
	early->spis[at] = early->spis[--early->n];
	if (early->n)
		filters(early, dp);
	else
		early_close(early);
}

/*
 * --- again -----------------------------------------------------------------------------------------------
 */

/* Whole packets, with their IP header; to the address that they came to, from the peer's. */
static void again4(const struct xfrm_early *early, uint8_t *packet, size_t len)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct ip *ip = (struct ip *)packet;
	struct udphdr *udp = (struct udphdr *)(packet + ip->ip_hl * 4);

	to.sin_addr = ip->ip_dst;
	if (ip->ip_p == IPPROTO_UDP)
		udp->check = 0; /* RFC 3948 2.1 */
	(void)sendto(early->out[0], packet, len, 0, (struct sockaddr *)&to, sizeof(to));
}

static void again6(const struct xfrm_early *early, uint8_t *packet, size_t len)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};
	struct ip6_hdr *ip6 = (struct ip6_hdr *)packet;
	struct udphdr *udp = (struct udphdr *)(ip6 + 1);
	struct ipv6_ph ph = {.src = ip6->ip6_src,
			     .dst = ip6->ip6_dst,
			     .ulpl = htonl(len - sizeof(*ip6)),
			     .next_hdr = ip6->ip6_nxt};

	to.sin6_addr = ip6->ip6_dst;
	if (ip6->ip6_nxt == IPPROTO_UDP) {
		/* A device may have checked it without ever having it right. */
		udp->check = 0;
		udp->check = in_cksum_with_ph6(&ph, udp, len - sizeof(*ip6));
		udp->check = udp->check ? udp->check : 0xffff;
	}
	(void)sendto(early->out[1], packet, len, 0, (struct sockaddr *)&to, sizeof(to));
}

static void again(struct xfrm_early *early, uint8_t *packet, size_t len)
{
	early->taken++;
	if (packet[0] >> 4 == 4)
		again4(early, packet, len);
	else
		again6(early, packet, len);
}

/*
 * --- what has come ---------------------------------------------------------------------------------------
 */

struct arrived {
	_Alignas(struct ip6_hdr) uint8_t packet[LIMIT_EARLY_BYTES];
	size_t len;
	uint32_t spi;
};

static uint32_t spi_at(const uint8_t *p)
{
	uint32_t spi;

	memcpy(&spi, p, sizeof(spi));
	return ntohl(spi);
}

/* The header is not handed out in IPv6; where it came to is beside it. */
static bool head6(struct msghdr *msg, size_t n, uint8_t proto, struct ip6_hdr *ip6)
{
	const struct sockaddr_in6 *from = msg->msg_name;
	struct cmsghdr *c;

	*ip6 = (struct ip6_hdr){.ip6_src = from->sin6_addr};
	ip6->ip6_vfc = 6 << 4;
	ip6->ip6_plen = htons((uint16_t)n);
	ip6->ip6_nxt = proto;
	ip6->ip6_hlim = 64;
	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			ip6->ip6_dst = info.ipi6_addr;
			return true;
		}
	return false;
}

static size_t upper_of(const struct arrived *a, const struct way *way)
{
	size_t ip = way->family == AF_INET ? (a->packet[0] & 0xf) * 4u : sizeof(struct ip6_hdr);

	return ip + (way->proto == IPPROTO_UDP ? sizeof(struct udphdr) : 0);
}

/* False: no more. One that cannot be used has SPI 0, which nobody has. */
static bool read_one(int fd, const struct way *way, struct arrived *a)
{
	struct sockaddr_in6 from = {};
	size_t room = way->family == AF_INET ? 0 : sizeof(struct ip6_hdr);
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct iovec iov = {.iov_base = a->packet + room, .iov_len = sizeof(a->packet) - room};
	struct msghdr msg = {.msg_name = &from,
			     .msg_namelen = sizeof(from),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (n < 0)
		return false;
	a->spi = 0;
	a->len = (size_t)n + room;
	if (msg.msg_flags & MSG_TRUNC || n == 0)
		return true;
	if (room && !head6(&msg, (size_t)n, (uint8_t)way->proto, (struct ip6_hdr *)a->packet))
		return true;
	if (a->len >= upper_of(a, way) + sizeof(uint32_t))
		a->spi = spi_at(a->packet + upper_of(a, way));
	return true;
}

/* As many at most as were to be kept. */
static void read_all(struct xfrm_early *early, size_t i, uint32_t spi, struct instant now)
{
	struct arrived a;
	unsigned int at;

	for (int n = 0; n < LIMIT_EARLY_PACKETS && read_one(early->in[i], &ways[i], &a); n++) {
		if (a.spi == spi)
			again(early, a.packet, a.len);
		else if (listed(early, a.spi, &at))
			held_keep(&early->held, a.spi, bytes_make(a.packet, a.len), now);
	}
}

/* First the filters: what is sent again comes by here again. */
void xfrm_early_arrive(struct xfrm_early *early, struct dplane *dp, uint32_t spi, struct instant now)
{
	struct held_packet *packet;
	unsigned int at;

	if (!listed(early, spi, &at))
		return;
	early->spis[at] = early->spis[--early->n];
	filters(early, dp);
	while ((packet = held_take(&early->held, spi, now))) {
		again(early, packet->bytes, packet->len);
		held_packet_free(packet);
	}
	for (size_t i = 0; i < XFRM_EARLY_WAYS; i++)
		if (early->in[i] >= 0)
			read_all(early, i, spi, now);
	if (!early->n)
		early_close(early);
}
