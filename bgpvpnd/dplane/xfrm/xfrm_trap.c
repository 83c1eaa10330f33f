// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traps: while a link that wants one has no child that sends, a packet socket on its interface has what is sent into it. The first packet is said
 * (DPLANE_EVENT_ACQUIRE), a few are kept, and go into the interface again when there is a sender.
 *
 * The kernel's own trap would be a policy without SA: it asks by an ACQUIRE, and keeps the packet where net.core.xfrm_larval_drop is 0. But
 * that is everybody's setting in this network namespace, its larval SA keeps silent for net.core.xfrm_acq_expires seconds, and an
 * XFRM interface drops such a packet whatever the setting is (xfrmi_xmit2() looks up without XFRM_LOOKUP_QUEUE).
 *
 * The interface drops what we have kept, too, and tells its sender that the host is unreachable: nft_put.h hushes that.
 */
#include <zebra.h>

#include <linux/if_ether.h>
#include <linux/virtio_net.h>
#include <netpacket/packet.h>
#include <sys/epoll.h>

#include "lib/log.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

/* Interfaces whose traps are read in one go. */
#define TRAPS_AT_ONCE 16

/* Of the kernel's memory for one trap, which counts 1 to 2 kB a packet. */
#define SOCKET_BUFFER (2 * LIMIT_TRAP_BYTES)

/* Before each packet, with what its sender left the device to do: checksum, segmentation. It goes into the interface again with it. */
#define HEAD sizeof(struct virtio_net_hdr)

/*
 * --- which packets ---------------------------------------------------------------------------------------
 */

struct flow {
	struct ipaddr src;
	struct ipaddr dst;
	uint8_t proto;
	uint16_t sport;
	uint16_t dport;
	bool ports;
};

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP;
}

/* Behind IPv6 extension headers nobody looks: whoever selects by protocol has its first packet without. */
static bool flow_of(struct bytes packet, struct flow *flow)
{
	uint8_t version = packet.n ? packet.p[0] >> 4 : 0;
	size_t upper = version == 4 ? (packet.p[0] & 0xf) * 4u : 40;

	if ((version != 4 && version != 6) || upper < 20 || packet.n < upper)
		return false;
	*flow = (struct flow){.proto = packet.p[version == 4 ? 9 : 6]};
	flow->src = ipaddr_of(bytes_make(packet.p + (version == 4 ? 12 : 8), version == 4 ? 4 : 16));
	flow->dst = ipaddr_of(bytes_make(packet.p + (version == 4 ? 16 : 24), version == 4 ? 4 : 16));
	flow->ports = has_ports(flow->proto) && packet.n >= upper + 4;
	if (flow->ports) {
		flow->sport = be16(packet.p + upper);
		flow->dport = be16(packet.p + upper + 2);
	}
	return true;
}

static bool within(const struct ts *ts, const struct ipaddr *addr, const struct flow *flow, uint16_t port)
{
	if (ts->start.ipa_type != addr->ipa_type || ipaddr_order(&ts->start, addr) > 0 ||
	    ipaddr_order(addr, &ts->end) > 0 || (ts->proto && ts->proto != flow->proto))
		return false;
	if (ts->port_start == 0 && ts->port_end == UINT16_MAX)
		return true;
	return flow->ports && ts->port_start <= port && port <= ts->port_end;
}

/* Neighbours look for each other by multicast whenever an interface comes up: that is nobody who wants to go somewhere. */
static bool is_multicast(const struct ipaddr *addr)
{
	return addr->ipa_type == IPADDR_V4 ? IN_MULTICAST(ntohl(addr->ipaddr_v4.s_addr))
					   : IN6_IS_ADDR_MULTICAST(&addr->ipaddr_v6);
}

static bool wanted(const struct xfrm_link *link, struct bytes packet)
{
	const struct dplane_link_params *params = &link->base.params;
	struct xfrm_pairs pairs = {params->trap_local, params->trap_remote};
	struct ts local, remote;
	struct flow flow;

	if (!flow_of(packet, &flow) || is_multicast(&flow.dst))
		return false;
	EACH_PAIR(&pairs, i, local, remote)
	if (within(&local, &flow.src, &flow, flow.sport) && within(&remote, &flow.dst, &flow, flow.dport))
		return true;
	return false;
}

/*
 * --- packets that come -----------------------------------------------------------------------------------
 */

static void tell(struct xfrm_plane *plane, struct xfrm_link *link, struct instant now)
{
	struct dplane_event event = {.type = DPLANE_EVENT_ACQUIRE, .link = link->base.id};

	if (link->acquired.us && instant_diff(now, link->acquired) < USEC_PER_S)
		return;
	link->acquired = now;
	event_queue_push(plane->queue, &event);
}

/* All that the socket has; true when one of them is wanted. */
static bool take_in(struct xfrm_link *link, struct instant now)
{
	static uint8_t buf[LIMIT_TRAP_BYTES];
	struct sockaddr_ll from;
	bool any = false;

	for (int i = 0; i < LIMIT_TRAP_PACKETS; i++) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(link->trap, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC,
				     (struct sockaddr *)&from, &len);

		if (n < 0)
			break;
		if ((size_t)n > sizeof(buf) || (size_t)n <= HEAD || from.sll_pkttype != PACKET_OUTGOING ||
		    !wanted(link, bytes_make(buf + HEAD, (size_t)n - HEAD)))
			continue;
		held_keep(&link->trapped, 0, bytes_make(buf, (size_t)n), now);
		any = true;
	}
	return any;
}

void xfrm_traps_read(struct xfrm_plane *plane)
{
	struct epoll_event ready[TRAPS_AT_ONCE];
	int n = epoll_wait(plane->traps, ready, TRAPS_AT_ONCE, 0);
	struct instant now = xfrm_now();

	for (int i = 0; i < n; i++) {
		struct xfrm_link *link = xfrm_link_find(plane, ready[i].data.u32);

		if (link && link->trap >= 0 && take_in(link, now))
			tell(plane, link, now);
	}
}

/*
 * --- on and off ------------------------------------------------------------------------------------------
 */

static int trap_open(const struct xfrm_link *link)
{
	struct sockaddr_ll any = {.sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)link->base.ifindex};
	int fd = rtnl_ns_socket(link->dev->ns, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int room = SOCKET_BUFFER, on = 1, err;

	if (fd < 0)
		return fd;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) == 0 &&
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void trap_on(struct xfrm_plane *plane, struct xfrm_link *link)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = link->base.id};

	dplane_privileged(&plane->dp, true);
	link->trap = trap_open(link);
	dplane_privileged(&plane->dp, false);
	if (link->trap >= 0 && epoll_ctl(plane->traps, EPOLL_CTL_ADD, link->trap, &ev) == 0)
		return;
	dplane_note(&plane->dp, "interface %s: packets that could bring its tunnel up are not seen: %s",
		    link->base.params.name, safe_strerror(link->trap < 0 ? -link->trap : errno));
	xfrm_trap_off(link);
}

void xfrm_trap_off(struct xfrm_link *link)
{
	if (link->trap >= 0)
		close(link->trap);
	link->trap = -1;
}

/* A socket does not see what it sends itself. */
static void let_go(struct xfrm_link *link)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)link->base.ifindex};
	struct instant now = xfrm_now();
	struct held_packet *packet;

	while (take_in(link, now))
		;
	while ((packet = held_take(&link->trapped, 0, now))) {
		to.sll_protocol = htons(packet->bytes[HEAD] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6);
		/* One that is not taken now is lost, as any packet may be. */
		(void)sendto(link->trap, packet->bytes, packet->len, MSG_DONTWAIT, (struct sockaddr *)&to,
			     sizeof(to));
		held_packet_free(packet);
	}
}

void xfrm_trap_look(struct xfrm_plane *plane, struct xfrm_link *link)
{
	bool on = link->base.params.trap && !link->sender;

	if (on == (link->trap >= 0))
		return;
	if (on) {
		trap_on(plane, link);
	} else {
		if (link->sender)
			let_go(link);
		link->acquired = (struct instant){};
		xfrm_trap_off(link);
	}
	xfrm_mss_follow(plane, &link->base.params);
}
