// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Engine and tunnels on one side, sockets, data plane, log and clock on the other. Runs on the main thread,
 * from the handlers of the event loop and after configuration changes.
 */
#include <zebra.h>

#include "lib/log.h"
#include "lib/printfrr.h"

#include "bgpvpnd/bgpvpn_debug.h"
#include "bgpvpnd/bgpvpn_errors.h"
#include "bgpvpnd/bgpvpn_keylog.h"
#include "bgpvpnd/bgpvpn_pump.h"
#include "bgpvpnd/bgpvpn_udp.h"
#include "bgpvpnd/proto/proto.h"

/* Events of the data plane taken in one go, so that a flood of IKE leaves the vty its turn. */
#define PLANE_EVENTS_AT_ONCE 64

struct instant bgpvpn_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct instant){(int64_t)ts.tv_sec * USEC_PER_S + ts.tv_nsec / 1000};
}

const char *bgpvpn_endpoint_str(const struct endpoint *endpoint, char *buf, size_t len)
{
	if (ipaddr_is_unspecified(&endpoint->addr))
		snprintf(buf, len, "any:%u", endpoint->port);
	else if (IS_IPADDR_V6(&endpoint->addr))
		snprintfrr(buf, len, "[%pIA]:%u", &endpoint->addr, endpoint->port);
	else
		snprintfrr(buf, len, "%pIA:%u", &endpoint->addr, endpoint->port);
	return buf;
}

/* --- debug ----------------------------------------------------------------------------------------------- */

static void debug_datagram(const char *direction, const struct endpoint *local, const struct endpoint *remote,
			   struct bytes datagram)
{
	char here[ENDPOINT_STRLEN], there[ENDPOINT_STRLEN];
	struct ike_hdr hdr;
	enum ike_reason reason;

	if (!bgpvpn_debugs(&vpn_dbg_packet))
		return;
	bgpvpn_endpoint_str(local, here, sizeof(here));
	bgpvpn_endpoint_str(remote, there, sizeof(there));
	reason = ike_hdr_decode(datagram, &hdr);
	if (reason != IKE_R_OK) {
		zlog_debug("%s %s %s: %zu bytes, %s", here, direction, there, datagram.n,
			   ike_reason_info(reason)->words);
		return;
	}
	zlog_debug("%s %s %s: %s %s, message ID %u, SPIs %016" PRIx64 " %016" PRIx64
		   ", first payload %s, %zu bytes",
		   here, direction, there, iana_exchange_name(hdr.exchange),
		   hdr.flags & IKE_FLAG_RESPONSE ? "response" : "request", hdr.message_id, hdr.spi_i,
		   hdr.spi_r, iana_payload_name(hdr.next_payload), datagram.n);
}

static const char *event_name(enum ike_event_type event)
{
	switch (event) {
	case IKE_EVENT_IKE_UP:
		return "IKE SA up";
	case IKE_EVENT_IKE_DOWN:
		return "IKE SA down";
	case IKE_EVENT_CHILD_UP:
		return "Child SA up";
	case IKE_EVENT_CHILD_DOWN:
		return "Child SA down";
	case IKE_EVENT_HEARD:
		return "heard";
	}
	assert(!"unknown event");
	return "";
}

static void debug_output(const struct ike_output *out)
{
	switch (out->type) {
	case IKE_OUTPUT_DATAGRAM:
		debug_datagram("->", &out->local, &out->remote, out->datagram);
		return;
	case IKE_OUTPUT_SPAWN:
		DEBUGD(&vpn_dbg_ike, "connection %u: made for a peer of connection %u", out->conn, out->parent);
		return;
	case IKE_OUTPUT_CHILD_ADD:
		DEBUGD(&vpn_dbg_dplane,
		       "connection %u: install Child SA %u, SPIs in 0x%08x out 0x%08x, %s %u bits%s",
		       out->conn, out->child_id, out->child->in.spi, out->child->out.spi,
		       iana_encr_name(out->child->encr), out->child->encr_key_bits,
		       out->child->udp_encap ? ", in UDP" : "");
		return;
	case IKE_OUTPUT_CHILD_USE:
		DEBUGD(&vpn_dbg_dplane, "connection %u: Child SA %u sends", out->conn, out->child_id);
		return;
	case IKE_OUTPUT_CHILD_MOVE:
		DEBUGD(&vpn_dbg_dplane, "connection %u: Child SA %u goes between %pIA and %pIA", out->conn,
		       out->child_id, &out->local.addr, &out->remote.addr);
		return;
	case IKE_OUTPUT_CHILD_DELETE:
		DEBUGD(&vpn_dbg_dplane, "connection %u: remove Child SA %u", out->conn, out->child_id);
		return;
	case IKE_OUTPUT_EVENT:
		DEBUGD(&vpn_dbg_ike, "connection %u: %s, %s", out->conn, event_name(out->event),
		       ike_reason_info(out->reason)->words);
		return;
	}
	assert(!"unknown output");
}

/* --- out ------------------------------------------------------------------------------------------------- */

/*
 * Port 4500 is the data plane's, the rest goes out of our own sockets. A datagram that is lost here is
 * retransmitted by its exchange.
 */
static void send_datagram(struct bgpvpn *vpn, const struct ike_output *out)
{
	struct dplane *dp = vpn->dplane;

	if (out->local.port != IKE_NATT_PORT) {
		bgpvpn_udp_send(vpn->udp, &out->local, &out->remote, out->datagram);
		return;
	}
	if (!dp)
		vpn->counters.no_natt_plane++;
	else if (dp->ops->ike_send(dp, &out->local, &out->remote, out->datagram) != 0)
		vpn->counters.natt_send_fail++;
}

static void drain_outputs(struct bgpvpn *vpn)
{
	struct ike_output out;

	while (ike_engine_output(vpn->engine, &out)) {
		debug_output(&out);
		if (out.type == IKE_OUTPUT_CHILD_ADD)
			bgpvpn_keylog_child(&vpn->host, out.child);
		if (out.type == IKE_OUTPUT_DATAGRAM)
			send_datagram(vpn, &out);
		else
			tunnels_ike_output(vpn->tunnels, &out, bgpvpn_now());
	}
}

static void log_news(const struct tunnel_news *news)
{
	switch (news->type) {
	case TUNNEL_NEWS_LINK_UP:
	case TUNNEL_NEWS_IKE_UP:
		zlog_notice("tunnel %s: %s", news->tunnel, news->words);
		return;
	case TUNNEL_NEWS_LINK_DOWN:
	case TUNNEL_NEWS_IKE_DOWN:
	case TUNNEL_NEWS_FAILURE:
		flog_warn(EC_BGPVPN_TUNNEL, "tunnel %s: %s", news->tunnel, news->words);
		return;
	case TUNNEL_NEWS_PATH:
		zlog_info("tunnel %s: %s", news->tunnel, news->words);
		return;
	case TUNNEL_NEWS_DPLANE:
		flog_err(EC_BGPVPN_DPLANE, "tunnel %s: %s", news->tunnel, news->words);
		return;
	}
	assert(!"unknown news");
}

/* --- time ------------------------------------------------------------------------------------------------ */

static void expired(struct thread *t)
{
	struct bgpvpn *vpn = THREAD_ARG(t);
	struct instant now = bgpvpn_now();

	ike_engine_expire(vpn->engine, now);
	drain_outputs(vpn);
	tunnels_expire(vpn->tunnels, now);
	bgpvpn_pump(vpn);
}

static void arm_timer(struct bgpvpn *vpn)
{
	struct instant due =
		instant_min(ike_engine_next_expiry(vpn->engine), tunnels_next_expiry(vpn->tunnels));
	struct timeval wait = {};
	int64_t us;

	THREAD_OFF(vpn->t_expiry);
	if (instant_is_never(due))
		return;
	us = instant_diff(due, bgpvpn_now());
	if (us > 0)
		wait = (struct timeval){.tv_sec = us / USEC_PER_S, .tv_usec = us % USEC_PER_S};
	thread_add_timer_tv(vpn->loop, expired, vpn, &wait, &vpn->t_expiry);
}

void bgpvpn_pump(struct bgpvpn *vpn)
{
	struct tunnel_news news;

	drain_outputs(vpn);
	while (tunnels_news(vpn->tunnels, &news))
		log_news(&news);
	arm_timer(vpn);
}

/* --- in -------------------------------------------------------------------------------------------------- */

void bgpvpn_pump_input(struct bgpvpn *vpn, const struct endpoint *local, const struct endpoint *remote,
		       struct bytes datagram)
{
	debug_datagram("<-", local, remote, datagram);
	ike_engine_input(vpn->engine, local, remote, datagram, bgpvpn_now());
	drain_outputs(vpn);
}

static void plane_event(struct bgpvpn *vpn, const struct dplane_event *event)
{
	switch (event->type) {
	case DPLANE_EVENT_IKE:
		bgpvpn_pump_input(vpn, &event->local, &event->remote, event->datagram);
		return;
	case DPLANE_EVENT_ACQUIRE:
		DEBUGD(&vpn_dbg_dplane, "data plane: a packet waits for link %u", event->link);
		break;
	case DPLANE_EVENT_SOFT_EXPIRE:
		DEBUGD(&vpn_dbg_dplane, "data plane: Child SA %u should be rekeyed", event->child_id);
		break;
	case DPLANE_EVENT_HARD_EXPIRE:
		DEBUGD(&vpn_dbg_dplane, "data plane: Child SA %u has carried all that it may",
		       event->child_id);
		break;
	case DPLANE_EVENT_PEER_MOVED:
		DEBUGD(&vpn_dbg_dplane, "data plane: the peer of Child SA %u sends from elsewhere",
		       event->child_id);
		break;
	case DPLANE_EVENT_LINK_GONE:
		DEBUGD(&vpn_dbg_dplane, "data plane: link %u was removed by somebody else", event->link);
		break;
	case DPLANE_EVENT_LINK_CHANGED:
		DEBUGD(&vpn_dbg_dplane, "data plane: link %u was changed", event->link);
		break;
	}
	tunnels_dplane_event(vpn->tunnels, event, bgpvpn_now());
}

static void plane_readable(struct thread *t)
{
	struct bgpvpn *vpn = THREAD_ARG(t);
	struct dplane *dp = vpn->dplane;
	struct dplane_event event;

	thread_add_read(vpn->loop, plane_readable, vpn, THREAD_FD(t), &vpn->t_dplane);
	for (int i = 0; i < PLANE_EVENTS_AT_ONCE && dp->ops->event_next(dp, &event); i++)
		plane_event(vpn, &event);
	bgpvpn_pump(vpn);
}

void bgpvpn_pump_start(struct bgpvpn *vpn)
{
	int fd = vpn->dplane ? vpn->dplane->ops->fd(vpn->dplane) : -1;

	if (fd >= 0)
		thread_add_read(vpn->loop, plane_readable, vpn, fd, &vpn->t_dplane);
	bgpvpn_pump(vpn);
}

void bgpvpn_pump_stop(struct bgpvpn *vpn)
{
	THREAD_OFF(vpn->t_expiry);
	THREAD_OFF(vpn->t_dplane);
}
