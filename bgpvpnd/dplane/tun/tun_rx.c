// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets to TUN, see tun_worker.h. Runs on the tun thread. */
#include <zebra.h>

#include "bgpvpnd/dplane/tun/inner_mss.h"
#include "bgpvpnd/dplane/tun/tun_thread.h"

/* RFC 3948 2.2 and 2.3: where a SPI would be, zero says IKE; a NAT keepalive is the one byte 0xff. */
#define NON_ESP_MARKER	   0
#define NON_ESP_MARKER_LEN 4
#define NAT_KEEPALIVE	   0xff

void tun_rx_init(struct tun_rx *rx)
{
	for (size_t i = 0; i < TUN_RX_BATCH; i++) {
		struct tun_rx_slot *slot = &rx->slot[i];
		struct msghdr *hdr = &rx->msg[i].msg_hdr;

		slot->iov = (struct iovec){.iov_base = slot->buf, .iov_len = sizeof(slot->buf)};
		hdr->msg_iov = &slot->iov;
		hdr->msg_iovlen = 1;
		hdr->msg_name = &slot->from;
		hdr->msg_control = slot->control.bytes;
	}
}

void tun_rx_port_write(struct tun_thread *t, struct tun_port *port, struct bytes packet)
{
	if (port->gone || write(port->fd, packet.p, packet.n) != (ssize_t)packet.n)
		tun_count(&t->counters->tun_errors, 1);
}

/*
 * --- echoes between the inside addresses -----------------------------------------------------------------

 */

static bool from_other_host(const struct tun_port *port, const struct inner_ip *ip)
{
	return bytes_equal(ip->src, ipaddr_bytes(&port->cfg.other)) &&
	       bytes_equal(ip->dst, ipaddr_bytes(&port->cfg.self));
}

static bool probe_answer(const struct tun_thread *t, const struct inner_echo *echo)
{
	return echo->reply && echo->id == t->mark.id && bytes_equal(echo->payload, BYTES_OF(t->mark.magic));
}

/* True when the packet was for the plane itself and goes no further. */
static bool echo_taken(struct tun_thread *t, struct tun_port *port, const struct inner_ip *ip)
{
	struct inner_echo echo;

	if (port->cfg.self.ipa_type == IPADDR_NONE || !inner_echo_decode(ip, &echo) ||
	    !from_other_host(port, ip))
		return false;
	if (probe_answer(t, &echo)) {
		tun_count(&port->probe.answered, 1);
		tun_stamp(&port->probe.last_answered, t->now);
		return true;
	}
	/* While the carrier is off the kernel could not answer: its reply would have no way out. */
	if (echo.reply || port->cfg.running)
		return false;
	echo.reply = true;
	if (tun_tx_echo(t, port, &echo) == -ENOTCONN)
		tun_count(&t->counters->no_child, 1);
	return true;
}

/*
 * --- ESP -------------------------------------------------------------------------------------------------

 */

static struct tun_child *child_find(struct tun_thread *t, uint32_t spi)
{
	struct tun_child wanted;

	wanted.pair.in.spi = spi;
	return tun_spis_find(&t->spis, &wanted);
}

static void count_result(struct tun_thread *t, struct tun_child *child, enum esp_result result)
{
	switch (result) {
	case ESP_TRUNCATED:
	case ESP_INNER_BAD:
		tun_count(&t->counters->malformed, 1);
		break;
	case ESP_REPLAYED:
		tun_count(&child->stats.replays, 1);
		break;
	case ESP_FORGED:
		tun_count(&child->stats.integrity_failures, 1);
		break;
	case ESP_SELECTORS:
		tun_count(&t->counters->selectors, 1);
		break;
	case ESP_OK:
	case ESP_DUMMY:
	case ESP_SEQ_EXHAUSTED:
	case ESP_NO_ROOM:
	case ESP_CRYPTO_FAILED:
		break;
	}
}

static void port_deliver(struct tun_thread *t, struct tun_port *port, const struct seg *seg,
			 const struct inner_ip *ip)
{
	uint16_t mss = ip->version == 4 ? port->cfg.mss_v4 : port->cfg.mss_v6;

	if (echo_taken(t, port, ip))
		return;
	if (mss)
		inner_mss_clamp(seg->p, ip, mss);
	tun_rx_port_write(t, port, bytes_make(seg->p, seg->n));
}

static enum child_sa_wear wear_in(const struct tun_child *child)
{
	return child_sa_wear(&child->limits, tun_counted(&child->stats.packets_in),
			     tun_counted(&child->stats.bytes_in));
}

/* So that one who sends copies of the peer's packets from other places gets as far as the limit, but the peer always comes back. */
static bool may_tell(struct tun_thread *t, struct tun_child *child, const struct msghdr *msg)
{
	if (outer_path_is_from(&child->before, msg))
		return true;
	if (instant_diff(t->now, child->moves_since) >= USEC_PER_S) {
		child->moves_since = t->now;
		child->moves = 0;
	}
	if (child->moves >= LIMIT_PEER_MOVES_PER_S)
		return false;
	child->moves++;
	child->before = child->path;
	return true;
}

/*
 * RFC 7296 2.23: a peer behind a NAT is where its newest authentic packet came from. One that was overtaken says nothing. Whether
 * that is to be believed is the engine's to say.
 */
static void peer_seen(struct tun_thread *t, struct tun_child *child, struct msghdr *msg)
{
	struct dplane_event event = {.type = DPLANE_EVENT_PEER_MOVED, .child_id = child->child_id};

	if (outer_path_is_from(&child->path, msg))
		return;
	outer_received_endpoints(msg, t->natt_port, &event.local, &event.remote);
	if (!endpoint_equal(&event.remote, &child->seen_at) && may_tell(t, child, msg) &&
	    event_queue_push(t->queue, &event))
		child->seen_at = event.remote;
}

/* udp: what it came in, NULL when it was not UDP or is not known any more. */
static void esp_input(struct tun_thread *t, struct seg *seg, struct msghdr *udp)
{
	struct tun_child *child;
	struct inner_ip ip;
	enum esp_result result;
	uint64_t newest;
	uint32_t spi;

	if (!esp_spi(seg, &spi)) {
		tun_count(&t->counters->malformed, 1);
		return;
	}
	child = child_find(t, spi);
	if (!child) {
		tun_count(&t->counters->no_sa, 1);
		tun_early_keep(t->early, spi, seg, t->now);
		return;
	}
	if (!tun_child_wear(t, child, wear_in(child))) {
		tun_count(&t->counters->expired, 1);
		return;
	}
	newest = child->pair.in.replay.top;
	result = esp_open(&child->pair, seg, &ip);
	count_result(t, child, result);
	if (esp_result_authenticated(result))
		tun_stamp(&child->stats.last_in, t->now);
	if (udp && child->pair.in.replay.top > newest)
		peer_seen(t, child, udp);
	if (result != ESP_OK)
		return;
	tun_count(&child->stats.packets_in, 1);
	tun_count(&child->stats.bytes_in, seg->n);
	port_deliver(t, child->port, seg, &ip);
}

void tun_rx_early(struct tun_thread *t, const struct tun_child *child)
{
	struct seg seg;

	while (tun_early_take(t->early, child->pair.in.spi, t->now, &seg)) {
		tun_count(&t->counters->early, 1);
		esp_input(t, &seg, NULL);
	}
	tun_tx_flush(t);
}

/*
 * --- sockets ---------------------------------------------------------------------------------------------

 */

static void ike_input(struct tun_thread *t, struct msghdr *msg, struct bytes datagram)
{
	struct dplane_event event = {.type = DPLANE_EVENT_IKE, .datagram = datagram};

	outer_received_endpoints(msg, t->natt_port, &event.local, &event.remote);
	if (!event_queue_push(t->queue, &event))
		tun_count(&t->counters->queue_full, 1);
}

static void udp_input(struct tun_thread *t, struct msghdr *msg, struct seg *seg)
{
	struct rd rd = rd_of(bytes_make(seg->p, seg->n));
	uint32_t first;

	if (seg->n == 1 && seg->p[0] == NAT_KEEPALIVE)
		return;
	if (rd_u32(&rd, &first) && first == NON_ESP_MARKER)
		ike_input(t, msg, rd_rest(&rd));
	else
		esp_input(t, seg, msg);
}

/* A raw IPv4 socket shows the IP header, a raw IPv6 socket does not. */
static void raw4_input(struct tun_thread *t, struct seg *seg)
{
	struct inner_ip outer;

	if (!inner_ip_decode(bytes_make(seg->p, seg->n), &outer)) {
		tun_count(&t->counters->malformed, 1);
		return;
	}
	*seg = (struct seg){.p = seg->p + (outer.upper.p - seg->p), .n = outer.upper.n};
	esp_input(t, seg, NULL);
}

static void run_from_sock(struct tun_thread *t, enum outer_sock sock, struct msghdr *msg,
			  const struct seg_run *run)
{
	for (unsigned int i = 0; i < run->count; i++) {
		struct seg seg = seg_run_at(run, i);

		switch (sock) {
		case OUTER_UDP4:
		case OUTER_UDP6:
			udp_input(t, msg, &seg);
			break;
		case OUTER_ESP4:
			raw4_input(t, &seg);
			break;
		case OUTER_ESP6:
			esp_input(t, &seg, NULL);
			break;
		}
	}
}

/* recvmmsg() wrote into these. */
static void rx_rearm(struct tun_rx *rx)
{
	for (size_t i = 0; i < TUN_RX_BATCH; i++) {
		rx->msg[i].msg_hdr.msg_namelen = sizeof(rx->slot[i].from);
		rx->msg[i].msg_hdr.msg_controllen = sizeof(rx->slot[i].control.bytes);
	}
}

void tun_rx_sock_readable(struct tun_thread *t, enum outer_sock sock)
{
	struct tun_rx *rx = &t->rx;
	int n;

	rx_rearm(rx);
	n = recvmmsg(t->socks.fd[sock], rx->msg, TUN_RX_BATCH, MSG_DONTWAIT, NULL);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			tun_count(&t->counters->socket_errors, 1);
		return;
	}
	for (int i = 0; i < n; i++) {
		struct msghdr *msg = &rx->msg[i].msg_hdr;
		struct seg_run run =
			seg_run_received(rx->slot[i].buf, rx->msg[i].msg_len, outer_received_seg_len(msg));

		run_from_sock(t, sock, msg, &run);
	}
	tun_tx_flush(t);
}
