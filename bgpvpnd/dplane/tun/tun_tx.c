// SPDX-License-Identifier: GPL-2.0-or-later
/* TUN to sockets, see tun_worker.h. Runs on the tun thread. */
#include <zebra.h>

#include "bgpvpnd/dplane/tun/inner_mss.h"
#include "bgpvpnd/dplane/tun/tun_thread.h"

/* "Too big" answers of one port are at least this far apart: each costs the sender's stack one lookup. */
#define TOO_BIG_INTERVAL_US (10 * USEC_PER_MS)

void tun_tx_init(struct tun_tx *tx)
{
	tx->fd = -1;
	tx->count = 0;
	for (size_t i = 0; i < TUN_TX_BATCH; i++) {
		tx->msg[i].msg_hdr.msg_iov = &tx->slot[i].iov;
		tx->msg[i].msg_hdr.msg_iovlen = 1;
	}
}

void tun_tx_flush(struct tun_thread *t)
{
	struct tun_tx *tx = &t->tx;
	unsigned int done = 0;

	while (done < tx->count) {
		int n = sendmmsg(tx->fd, tx->msg + done, tx->count - done, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			/* The first of the rest failed: a full socket drops it as a full link would. */
			tun_count(&t->counters->socket_errors, 1);
			n = 1;
		}
		done += (unsigned int)n;
	}
	tx->count = 0;
}

/* A free slot's buffer as a run of one empty segment. */
static struct seg_run tx_slot_run(struct tun_thread *t, size_t n)
{
	struct tun_tx_slot *slot;

	if (t->tx.count == TUN_TX_BATCH)
		tun_tx_flush(t);
	slot = &t->tx.slot[t->tx.count];
	return seg_run_one(slot->buf, sizeof(slot->buf), ESP_HEADROOM, n);
}

/* The sealed segment lies in the next free slot. */
static void tx_push(struct tun_thread *t, const struct outer_path *path, const struct seg *seg, uint8_t dscp)
{
	struct tun_tx *tx = &t->tx;
	struct tun_tx_slot *slot = &tx->slot[tx->count];

	slot->iov = (struct iovec){.iov_base = seg->p, .iov_len = seg->n};
	outer_path_apply(path, dscp, &tx->msg[tx->count].msg_hdr, &slot->control);
	tx->fd = t->socks.fd[path->sock];
	tx->count++;
}

/*
 * Packets of two sockets never wait together. Asked before a slot is filled, so that the slot stays the next
 * free one.
 */
static void tx_prepare(struct tun_thread *t, const struct outer_path *path)
{
	if (t->tx.count && t->tx.fd != t->socks.fd[path->sock])
		tun_tx_flush(t);
}

static enum child_sa_wear wear_out(const struct tun_child *child)
{
	enum child_sa_wear wear = child_sa_wear(&child->limits, tun_counted(&child->stats.packets_out),
						tun_counted(&child->stats.bytes_out));

	/* Sequence numbers are packets too; at their own end esp_seal() refuses. */
	return wear == CHILD_SA_FRESH && child->pair.out.seq >= child->pair.out.seq_soft ? CHILD_SA_WORN
											 : wear;
}

static void count_refusal(struct tun_thread *t, enum esp_result result)
{
	switch (result) {
	case ESP_SELECTORS:
		tun_count(&t->counters->selectors, 1);
		break;
	case ESP_SEQ_EXHAUSTED: /* as good as no SA */
	case ESP_CRYPTO_FAILED:
		tun_count(&t->counters->no_child, 1);
		break;
	case ESP_NO_ROOM:
		tun_count(&t->counters->too_big, 1);
		break;
	case ESP_OK:
	case ESP_TRUNCATED:
	case ESP_REPLAYED:
	case ESP_FORGED:
	case ESP_DUMMY:
	case ESP_INNER_BAD:
		break;
	}
}

/* Seals the segment of the next free slot and queues it. False when it was refused, and counted. */
static bool child_send(struct tun_thread *t, struct tun_child *child, struct seg *seg,
		       const struct inner_ip *ip)
{
	size_t inner_len = seg->n;
	uint8_t dscp = ip->dscp;
	enum esp_result result;

	if (!tun_child_wear(t, child, wear_out(child))) {
		tun_count(&t->counters->expired, 1);
		return false;
	}
	result = esp_seal(&child->pair, seg, ip);
	if (result != ESP_OK) {
		count_refusal(t, result);
		return false;
	}
	tun_count(&child->stats.packets_out, 1);
	tun_count(&child->stats.bytes_out, inner_len);
	tun_stamp(&child->stats.last_out, t->now);
	tx_push(t, &child->path, seg, dscp);
	return true;
}

/*
 * --- from the device -------------------------------------------------------------------------------------

 */

static bool multicast(const struct inner_ip *ip)
{
	return ip->version == 4 ? (ip->dst.p[0] & 0xf0) == 0xe0 : ip->dst.p[0] == 0xff;
}

/* RFC 1812 4.3.2.7, RFC 4443 2.4 (e): not about later fragments, multicast or ICMP, and not too often. */
static void too_big_answer(struct tun_thread *t, struct tun_port *port, struct bytes packet,
			   const struct inner_ip *ip)
{
	uint8_t buf[1280];
	struct wr wr = wr_of(buf, sizeof(buf));

	if (ip->later_fragment || multicast(ip) ||
	    instant_diff(t->now, port->too_big_answered) < TOO_BIG_INTERVAL_US)
		return;
	port->too_big_answered = t->now;
	inner_too_big_encode(&wr, packet, ip, port->cfg.mtu);
	if (!wr.failed)
		tun_rx_port_write(t, port, wr_bytes_view(&wr));
}

/* Without DF an IPv4 packet may be carried in fragments of the outer packet. */
static bool too_big(const struct tun_port *port, const struct inner_ip *ip)
{
	return ip->len > port->cfg.mtu && (ip->version == 6 || ip->df);
}

/* Until a Child SA comes, and the main thread is told that one is wanted. False: it is not of those. */
static bool trapped(struct tun_thread *t, struct tun_port *port, const struct seg *seg,
		    const struct inner_ip *ip)
{
	struct dplane_event event = {.type = DPLANE_EVENT_ACQUIRE, .link = port->link};

	if (!port->cfg.trap || tun_trap_ignores(ip) || !inner_selectors_allow_out(&port->cfg.trapped, ip))
		return false;
	held_keep(&port->trap.held, 0, bytes_make(seg->p, ip->len), t->now);
	tun_count(&t->counters->no_child, tun_trap_lost(&port->trap));
	if (tun_trap_asks(&port->trap, t->now))
		event_queue_push(t->queue, &event);
	return true;
}

static void seg_from_port(struct tun_thread *t, struct tun_port *port, struct seg *seg)
{
	struct bytes packet = bytes_make(seg->p, seg->n);
	struct inner_ip ip;
	uint16_t mss;

	if (!inner_ip_decode(packet, &ip)) {
		tun_count(&t->counters->malformed, 1);
		return;
	}
	if (!port->sender) {
		if (!trapped(t, port, seg, &ip))
			tun_count(&t->counters->no_child, 1);
		return;
	}
	if (too_big(port, &ip)) {
		tun_count(&t->counters->too_big, 1);
		too_big_answer(t, port, packet, &ip);
		return;
	}
	mss = ip.version == 4 ? port->cfg.mss_v4 : port->cfg.mss_v6;
	if (mss)
		inner_mss_clamp(seg->p, &ip, mss);
	seg->tailroom += seg->n - ip.len;
	seg->n = ip.len;
	child_send(t, port->sender, seg, &ip);
}

static void run_from_port(struct tun_thread *t, struct tun_port *port, const struct seg_run *run)
{
	for (unsigned int i = 0; i < run->count; i++) {
		struct seg seg = seg_run_at(run, i);

		seg_from_port(t, port, &seg);
	}
}

void tun_tx_kept(struct tun_thread *t, struct tun_port *port)
{
	struct held_packet *kept;

	while (port->sender && (kept = held_take(&port->trap.held, 0, t->now))) {
		struct seg_run run;

		tx_prepare(t, &port->sender->path);
		run = tx_slot_run(t, kept->len);
		memcpy(run.base, kept->bytes, kept->len);
		run_from_port(t, port, &run);
		held_packet_free(kept);
	}
	tun_count(&t->counters->no_child, tun_trap_lost(&port->trap));
	tun_tx_flush(t);
}

bool tun_tx_port_readable(struct tun_thread *t, struct tun_port *port)
{
	bool alive = true;

	for (int i = 0; i < TUN_TX_BATCH; i++) {
		struct seg_run run;
		ssize_t n;

		if (port->sender)
			tx_prepare(t, &port->sender->path);
		run = tx_slot_run(t, TUN_PACKET_MAX);
		n = read(port->fd, run.base, TUN_PACKET_MAX);
		if (n <= 0) {
			/* EBADFD: the device is no more; ENETDOWN and the like pass. */
			alive = n == 0 || errno != EBADFD;
			break;
		}
		run.tailroom += run.last_len - (size_t)n;
		run.seg_len = run.last_len = (size_t)n;
		run_from_port(t, port, &run);
	}
	tun_tx_flush(t);
	return alive;
}

/*
 * --- echoes of our own -----------------------------------------------------------------------------------

 */

int tun_tx_echo(struct tun_thread *t, struct tun_port *port, const struct inner_echo *echo)
{
	struct inner_ip ip;
	struct seg_run run;
	struct seg seg;
	struct wr wr;

	if (!port->sender)
		return -ENOTCONN;
	tx_prepare(t, &port->sender->path);
	run = tx_slot_run(t, TUN_PACKET_MAX);
	seg = seg_run_at(&run, 0);
	wr = wr_of(seg.p, seg.n);
	inner_echo_encode(&wr, ipaddr_bytes(&port->cfg.self), ipaddr_bytes(&port->cfg.other), echo);
	if (wr.failed || !inner_ip_decode(wr_bytes_view(&wr), &ip))
		return -EMSGSIZE;
	seg.tailroom += seg.n - wr.len;
	seg.n = wr.len;
	return child_send(t, port->sender, &seg, &ip) ? 0 : -EHOSTUNREACH;
}

int tun_tx_probe(struct tun_thread *t, struct tun_port *port)
{
	struct inner_echo echo = {
		.id = t->mark.id,
		.seq = ++port->probe_seq,
		.payload = BYTES_OF(t->mark.magic),
	};
	int err;

	if (port->cfg.self.ipa_type == IPADDR_NONE)
		return -EADDRNOTAVAIL;
	err = tun_tx_echo(t, port, &echo);
	if (err)
		return err;
	tun_tx_flush(t);
	tun_count(&port->probe.sent, 1);
	tun_stamp(&port->probe.last_sent, t->now);
	return 0;
}
