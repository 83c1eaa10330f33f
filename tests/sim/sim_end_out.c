// SPDX-License-Identifier: GPL-2.0-or-later
/* What an engine puts out, and where it goes in a simulated end, see sim_end.h. */
#include <zebra.h>

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/proto/proto.h"
#include "tests/sim/sim_end.h"
#include "tests/sim/sim_log.h"

#define OUTPUTS_MAX 1000 /* of one call: more is a loop */

/*
 * --- the data plane
 * -----------------------------------------------------------------------------------------
 */

/* What tunnel.c does with it. */
static void take_child_add(struct sim_end *end, const struct child_sa_params *params)
{
	struct dplane *dp = &end->plane.fake.dp;
	uint32_t id = params->child_id;
	int rc = dp->ops->child_add(dp, 0, params, 1024);

	sim_end_say(end, "CHILD_ADD %u in %08x out %08x -> %d", id, params->in.spi, params->out.spi, rc);
	if (rc < 0) {
		dp->ops->spi_release(dp, params->in.spi);
		end->refused[end->num_refused++ % SIM_CHILDREN] = id;
	}
	ike_child_result(end->engine, id, rc, sim_net_now(end->net));
}

static bool was_refused(const struct sim_end *end, uint32_t id)
{
	for (unsigned int i = 0; i < SIM_CHILDREN; i++)
		if (end->refused[i] == id)
			return true;
	return false;
}

static void take_child_delete(struct sim_end *end, uint32_t id)
{
	struct dplane *dp = &end->plane.fake.dp;

	sim_end_say(end, "CHILD_DELETE %u", id);
	if (!was_refused(end, id))
		dp->ops->child_del(dp, id);
}

/*
 * --- events
 * -------------------------------------------------------------------------------------------------
 */

static void take_event(struct sim_end *end, const struct ike_output *out)
{
	struct sim_child *child = sim_plane_child(&end->plane, out->child_id);

	if (out->conn != SIM_CONN)
		sim_fail("%s: event %d for connection %u", end->name, out->event, out->conn);
	switch (out->event) {
	case IKE_EVENT_IKE_UP:
		sim_end_say(end, "IKE_UP");
		end->ike_up = true;
		return;
	case IKE_EVENT_IKE_DOWN:
		sim_end_say(end, "IKE_DOWN %s", ike_reason_info(out->reason)->name);
		if (out->reason == IKE_R_OK)
			sim_fail("%s: IKE_DOWN without a reason", end->name);
		end->ike_up = false;
		end->last_down = out->reason;
		return;
	case IKE_EVENT_CHILD_UP:
		sim_end_say(end, "CHILD_UP %u", out->child_id);
		if (!child || child->up)
			sim_fail("%s: CHILD_UP %u: not installed, or up already", end->name, out->child_id);
		child->up = true;
		end->times_up++;
		return;
	case IKE_EVENT_CHILD_DOWN:
		sim_end_say(end, "CHILD_DOWN %u %s", out->child_id, ike_reason_info(out->reason)->name);
		end->times_down++;
		return;
	case IKE_EVENT_HEARD:
		end->heard = sim_net_now(end->net);
		return;
	}
}

/*
 * --- datagrams
 * ----------------------------------------------------------------------------------------------
 */

void sim_end_describe(const struct sim_end *end, const char *what, struct bytes datagram,
		      const struct endpoint *peer)
{
	struct ike_hdr hdr;

	if (!sim_verbose || ike_hdr_decode(datagram, &hdr) != IKE_R_OK)
		return;
	sim_end_say(end, "%s %s %s id %u spi_i %016" PRIx64 " spi_r %016" PRIx64 " %zu bytes, port %u", what,
		    iana_exchange_name(hdr.exchange), hdr.flags & IKE_FLAG_RESPONSE ? "response" : "request",
		    hdr.message_id, hdr.spi_i, hdr.spi_r, datagram.n, peer->port);
}

/* A datagram that nobody has vouched for, of this direction. */
bool sim_is_clear(struct bytes datagram, bool response)
{
	struct ike_hdr hdr;

	return ike_hdr_decode(datagram, &hdr) != IKE_R_OK ||
	       (hdr.next_payload != IKE_PAYLOAD_SK && hdr.next_payload != IKE_PAYLOAD_SKF &&
		!(hdr.flags & IKE_FLAG_RESPONSE) == !response);
}

static bool uses_aead(const struct sim_end *end)
{
	const struct ike_transform_cfg *first = &end->cfg->ike[0].transforms[0];

	return crypto_encr_find(first->id, first->key_bits)->aead;
}

void sim_end_fate(struct sim_end *end, unsigned int nth, enum sim_fate fate)
{
	end->fated = nth;
	end->fate = fate;
}

static void send_fated(struct sim_end *end, const struct endpoint *local, const struct ike_output *out)
{
	switch (end->fate) {
	case SIM_FATE_LOST:
		sim_end_say(end, "... which is lost");
		return;
	case SIM_FATE_DOUBLED:
		sim_end_say(end, "... which is doubled");
		sim_net_send(end->net, end->node, local, &out->remote, out->datagram);
		sim_net_send(end->net, end->node, local, &out->remote, out->datagram);
		return;
	case SIM_FATE_LATE:
		sim_end_say(end, "... which is late");
		sim_net_send_late(end->net, end->node, local, &out->remote, out->datagram,
				  sim_net_path(end->net, end->node, !end->node)->delay_us * 7 / 2);
		return;
	}
}

static void take_datagram(struct sim_end *end, const struct ike_output *out)
{
	const char *wrong = sim_log_sent(end->log, out->datagram, uses_aead(end));
	struct endpoint local = out->local;

	sim_end_describe(end, "-->", out->datagram, &out->remote);
	if (wrong)
		sim_fail("%s: %s", end->name, wrong);
	if (local.port == 0 || out->remote.port == 0)
		sim_fail("%s: a datagram between ports %u and %u", end->name, local.port, out->remote.port);
	if (local.addr.ipa_type == IPADDR_NONE)
		local.addr = *sim_net_addr(end->net, end->node);
	/* The kernel refuses to send from an address that is gone. */
	if (end->moved && !ipaddr_equal(&local.addr, sim_net_addr(end->net, end->node)))
		return;
	if (sim_is_clear(out->datagram, true))
		end->clear_out += out->datagram.n;
	if (end->fated && --end->fated == 0)
		send_fated(end, &local, out);
	else
		sim_net_send(end->net, end->node, &local, &out->remote, out->datagram);
}

static void take_output(struct sim_end *end, const struct ike_output *out)
{
	struct dplane *dp = &end->plane.fake.dp;

	switch (out->type) {
	case IKE_OUTPUT_DATAGRAM:
		take_datagram(end, out);
		break;
	case IKE_OUTPUT_SPAWN: /* no story configures `many` */
		break;
	case IKE_OUTPUT_CHILD_ADD:
		take_child_add(end, out->child);
		break;
	case IKE_OUTPUT_CHILD_USE:
		dp->ops->child_use(dp, out->child_id);
		break;
	case IKE_OUTPUT_CHILD_MOVE:
		dp->ops->child_move(dp, out->child_id, &out->local, &out->remote);
		break;
	case IKE_OUTPUT_CHILD_DELETE:
		take_child_delete(end, out->child_id);
		break;
	case IKE_OUTPUT_EVENT:
		take_event(end, out);
		break;
	}
}

/* As bgpvpn_pump.c does. */
static void tell_tunnels(struct sim_end *end, const struct ike_output *out)
{
	uint32_t id = out->child_id;

	if (out->type == IKE_OUTPUT_EVENT)
		take_event(end, out);
	if (out->type == IKE_OUTPUT_CHILD_ADD)
		sim_end_say(end, "CHILD_ADD %u in %08x out %08x%s", id, out->child->in.spi,
			    out->child->out.spi, out->child->receive_only ? ", only to receive" : "");
	else if (out->type != IKE_OUTPUT_EVENT)
		sim_end_say(end, "%s %u",
			    out->type == IKE_OUTPUT_CHILD_DELETE ? "CHILD_DELETE"
			    : out->type == IKE_OUTPUT_CHILD_USE	 ? "CHILD_USE"
								 : "CHILD_MOVE",
			    id);
	tunnels_ike_output(end->tunnels, out, sim_net_now(end->net));
}

static void take_news(struct sim_end *end)
{
	struct tunnel_news news;

	while (end->tunnels && tunnels_news(end->tunnels, &news)) {
		sim_end_say(end, "%s", news.words);
		end->link_changes += news.type == TUNNEL_NEWS_LINK_UP || news.type == TUNNEL_NEWS_LINK_DOWN;
	}
}

static void take_plane_events(struct sim_end *end)
{
	struct dplane *dp = &end->plane.fake.dp;
	struct dplane_event event;

	while (end->tunnels && dp->ops->event_next(dp, &event)) {
		sim_end_say(end, "the plane says that Child SA %u is %s", event.child_id,
			    event.type == DPLANE_EVENT_SOFT_EXPIRE ? "worn" : "spent");
		tunnels_dplane_event(end->tunnels, &event, sim_net_now(end->net));
	}
}

static void pump_outputs(struct sim_end *end)
{
	struct ike_output out;
	unsigned int n = 0;

	while (ike_engine_output(end->engine, &out)) {
		end->outputs++;
		if (++n > OUTPUTS_MAX)
			sim_fail("%s: outputs without end", end->name);
		if (end->tunnels && out.type != IKE_OUTPUT_DATAGRAM)
			tell_tunnels(end, &out);
		else
			take_output(end, &out);
	}
}

void sim_end_pump(struct sim_end *end)
{
	struct ike_counters counters;

	take_plane_events(end);
	pump_outputs(end);
	take_news(end);
	ike_engine_counters(end->engine, &counters);
	end->max_half_open = MAX(end->max_half_open, counters.half_open);
}
