// SPDX-License-Identifier: GPL-2.0-or-later
/* One end of a simulated tunnel, see sim_end.h. */
#include <zebra.h>

#include "lib/memory.h"
#include "lib/printfrr.h"

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/proto/proto.h"
#include "tests/sim/sim_end.h"
#include "tests/sim/sim_log.h"

#define INITIATE_US (2 * USEC_PER_S)
#define PROBE_US    (5 * USEC_PER_S)
/* Nobody needs longer to take the link down: `liveness interval`, twice `liveness detect`, and a bad network's round trips. */
#define LINK_SILENCE_US (15 * USEC_PER_S)

/* 2030-01-01: what the certificates of tests/vectors/certs are made for. */
#define SIM_WALL_CLOCK_S 1893456000

#define OUTPUTS_MAX 1000 /* of one call: more is a loop */

static void say(const struct sim_end *end, const char *format, ...) PRINTFRR(2, 3);

static void say(const struct sim_end *end, const char *format, ...)
{
	va_list args;
	char words[512];

	if (!sim_verbose)
		return;
	va_start(args, format);
	vsnprintfrr(words, sizeof(words), format, args);
	va_end(args);
	printf("%10.3f %s %s\n", (double)sim_net_now(end->net).us / USEC_PER_S, end->name, words);
}

/*
 * --- the host
 * -----------------------------------------------------------------------------------------------
 */

static void host_random(void *arg, uint8_t *to, size_t n)
{
	struct sim_end *end = arg;

	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(sim_rng(&end->rng) >> 56);
}

static int64_t host_wall_clock_s(void *arg)
{
	const struct sim_end *end = arg;

	return SIM_WALL_CLOCK_S + sim_net_now(end->net).us / USEC_PER_S;
}

static uint32_t host_spi_reserve(void *arg)
{
	struct dplane *dp = &((struct sim_end *)arg)->plane.fake.dp;

	return dp->ops->spi_reserve(dp);
}

static void host_spi_release(void *arg, uint32_t spi)
{
	struct dplane *dp = &((struct sim_end *)arg)->plane.fake.dp;

	dp->ops->spi_release(dp, spi);
}

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

	say(end, "CHILD_ADD %u in %08x out %08x -> %d", id, params->in.spi, params->out.spi, rc);
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

	say(end, "CHILD_DELETE %u", id);
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
		say(end, "IKE_UP");
		end->ike_up = true;
		return;
	case IKE_EVENT_IKE_DOWN:
		say(end, "IKE_DOWN %s", ike_reason_info(out->reason)->name);
		if (out->reason == IKE_R_OK)
			sim_fail("%s: IKE_DOWN without a reason", end->name);
		end->ike_up = false;
		end->last_down = out->reason;
		return;
	case IKE_EVENT_CHILD_UP:
		say(end, "CHILD_UP %u", out->child_id);
		if (!child || child->up)
			sim_fail("%s: CHILD_UP %u: not installed, or up already", end->name, out->child_id);
		child->up = true;
		end->times_up++;
		return;
	case IKE_EVENT_CHILD_DOWN:
		say(end, "CHILD_DOWN %u %s", out->child_id, ike_reason_info(out->reason)->name);
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

static void describe(const struct sim_end *end, const char *what, struct bytes datagram,
		     const struct endpoint *peer)
{
	struct ike_hdr hdr;

	if (!sim_verbose || ike_hdr_decode(datagram, &hdr) != IKE_R_OK)
		return;
	say(end, "%s %s %s id %u spi_i %016" PRIx64 " spi_r %016" PRIx64 " %zu bytes, port %u", what,
	    iana_exchange_name(hdr.exchange), hdr.flags & IKE_FLAG_RESPONSE ? "response" : "request",
	    hdr.message_id, hdr.spi_i, hdr.spi_r, datagram.n, peer->port);
}

/* A datagram that nobody has vouched for, of this direction. */
static bool is_clear(struct bytes datagram, bool response)
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
		say(end, "... which is lost");
		return;
	case SIM_FATE_DOUBLED:
		say(end, "... which is doubled");
		sim_net_send(end->net, end->node, local, &out->remote, out->datagram);
		sim_net_send(end->net, end->node, local, &out->remote, out->datagram);
		return;
	case SIM_FATE_LATE:
		say(end, "... which is late");
		sim_net_send_late(end->net, end->node, local, &out->remote, out->datagram,
				  sim_net_path(end->net, end->node, !end->node)->delay_us * 7 / 2);
		return;
	}
}

static void take_datagram(struct sim_end *end, const struct ike_output *out)
{
	const char *wrong = sim_log_sent(end->log, out->datagram, uses_aead(end));
	struct endpoint local = out->local;

	describe(end, "-->", out->datagram, &out->remote);
	if (wrong)
		sim_fail("%s: %s", end->name, wrong);
	if (local.port == 0 || out->remote.port == 0)
		sim_fail("%s: a datagram between ports %u and %u", end->name, local.port, out->remote.port);
	if (local.addr.ipa_type == IPADDR_NONE)
		local.addr = *sim_net_addr(end->net, end->node);
	if (is_clear(out->datagram, true))
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
		say(end, "CHILD_ADD %u in %08x out %08x%s", id, out->child->in.spi, out->child->out.spi,
		    out->child->receive_only ? ", only to receive" : "");
	else if (out->type != IKE_OUTPUT_EVENT)
		say(end, "%s %u",
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
		say(end, "%s", news.words);
		end->link_changes += news.type == TUNNEL_NEWS_LINK_UP || news.type == TUNNEL_NEWS_LINK_DOWN;
	}
}

static void take_plane_events(struct sim_end *end)
{
	struct dplane *dp = &end->plane.fake.dp;
	struct dplane_event event;

	while (end->tunnels && dp->ops->event_next(dp, &event)) {
		say(end, "the plane says that Child SA %u is %s", event.child_id,
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

static void receive(void *arg, const struct endpoint *src, const struct endpoint *dst, struct bytes datagram)
{
	struct sim_end *end = arg;

	if (!end->engine)
		return;
	if (dst->port == SIM_ESP_PORT) {
		sim_plane_receive(&end->plane, datagram);
		end->heard.us = MAX(end->heard.us, end->plane.last_in.us);
		sim_end_pump(end);
		return;
	}
	describe(end, "<--", datagram, src);
	if (is_clear(datagram, false))
		end->clear_in += datagram.n;
	ike_engine_input(end->engine, dst, src, datagram, sim_net_now(end->net));
	sim_end_pump(end);
}

/*
 * --- life
 * ---------------------------------------------------------------------------------------------------
 */

void sim_end_init(struct sim_end *end, const char *name, struct sim_net *net, const char *addr, uint64_t seed,
		  struct ike_conn_cfg *cfg)
{
	*end = (struct sim_end){.name = name, .net = net, .cfg = cfg, .rng = sim_rng_seed(seed)};
	end->host = (struct ike_host){.arg = end,
				      .random = host_random,
				      .spi_reserve = host_spi_reserve,
				      .spi_release = host_spi_release,
				      .wall_clock_s = host_wall_clock_s};
	end->node = sim_net_join(net, addr, receive, end);
	sim_plane_init(&end->plane, name, net, end->node, (uint32_t)(sim_rng(&end->rng) >> 33) | 0x10000);
	end->log = sim_log_new();
	end->next_initiate = INSTANT_NEVER;
	end->next_probe = INSTANT_NEVER;
}

/* The tunnel floor's configuration around the engine's. */
static void set_tunnel(struct sim_end *end)
{
	struct tunnel_cfg *cfg = tunnel_cfg_new(SIM_TUNNEL);

	ike_conn_cfg_unref(cfg->ike);
	cfg->ike = ike_conn_cfg_ref(end->cfg);
	strlcpy(cfg->interface, SIM_LINK, sizeof(cfg->interface));
	cfg->initiate = end->initiates ? TUNNEL_INITIATE_ALWAYS : TUNNEL_INITIATE_NEVER;
	cfg->num_inside = str2prefix(end->node ? "169.254.1.2/30" : "169.254.1.1/30", &cfg->inside[0]);
	tunnels_set_cfg(end->tunnels, cfg, sim_net_now(end->net));
	tunnel_cfg_unref(cfg);
}

void sim_end_start(struct sim_end *end)
{
	struct instant now = sim_net_now(end->net);

	say(end, "start");
	end->engine = ike_engine_new(&end->host, now);
	if (end->by_tunnel) {
		end->tunnels = tunnels_new(end->engine, &end->plane.fake.dp);
		if (instant_is_never(end->next_initiate))
			end->next_initiate = now;
		return;
	}
	ike_conn_set(end->engine, SIM_CONN, end->cfg);
	end->next_probe = instant_add(now, PROBE_US);
	if (end->initiates && instant_is_never(end->next_initiate))
		end->next_initiate = now;
}

void sim_end_crash(struct sim_end *end)
{
	say(end, "crash");
	tunnels_free(end->tunnels);
	end->tunnels = NULL;
	ike_engine_free(end->engine);
	end->engine = NULL;
	end->ike_up = false;
	end->num_refused = 0;
	memset(end->refused, 0, sizeof(end->refused));
	sim_plane_restart(&end->plane);
	sim_plane_check_released(&end->plane);
}

void sim_end_fini(struct sim_end *end)
{
	if (end->engine)
		sim_end_crash(end);
	sim_log_free(end->log);
	ike_conn_cfg_unref(end->cfg);
}

struct instant sim_end_next(const struct sim_end *end)
{
	struct instant next;

	if (!end->engine)
		return INSTANT_NEVER;
	next = instant_min(ike_engine_next_expiry(end->engine),
			   instant_min(end->next_initiate, end->next_probe));
	next = instant_min(next, sim_plane_next(&end->plane));
	return end->tunnels ? instant_min(next, tunnels_next_expiry(end->tunnels)) : next;
}

static void begin(struct sim_end *end, struct instant now)
{
	if (end->tunnels) {
		end->next_initiate = INSTANT_NEVER;
		set_tunnel(end);
	} else {
		end->next_initiate = instant_add(now, INITIATE_US + sim_rng_below(&end->rng, USEC_PER_S));
		ike_initiate(end->engine, SIM_CONN, now);
	}
	sim_end_pump(end);
}

static void tick_tunnels(struct sim_end *end, struct instant now)
{
	tunnels_expire(end->tunnels, now);
	sim_end_pump(end);
	if (instant_reached(tunnels_next_expiry(end->tunnels), now))
		sim_fail("%s: the tunnel is due again at the instant when it expired", end->name);
}

void sim_end_tick(struct sim_end *end)
{
	struct instant now = sim_net_now(end->net);

	if (instant_reached(ike_engine_next_expiry(end->engine), now)) {
		ike_engine_expire(end->engine, now);
		sim_end_pump(end);
		if (instant_reached(ike_engine_next_expiry(end->engine), now))
			sim_fail("%s: a timer is due again at the instant when it expired", end->name);
	}
	if (end->tunnels && instant_reached(tunnels_next_expiry(end->tunnels), now))
		tick_tunnels(end, now);
	if (instant_reached(end->next_initiate, now))
		begin(end, now);
	if (instant_reached(end->next_probe, now)) {
		end->next_probe = instant_add(now, PROBE_US);
		ike_probe(end->engine, SIM_CONN, now);
		sim_end_pump(end);
	}
	if (instant_reached(sim_plane_next(&end->plane), now)) {
		sim_plane_tick(&end->plane);
		sim_end_pump(end);
	}
}

/*
 * --- commands
 * ---------------------------------------------------------------------------------------------------
 */

void sim_end_terminate(struct sim_end *end)
{
	struct instant now = sim_net_now(end->net);

	say(end, "terminate");
	if (end->tunnels)
		tunnels_clear(end->tunnels, SIM_TUNNEL, now);
	else
		ike_terminate(end->engine, SIM_CONN, IKE_R_DELETED_BY_US, now);
	sim_end_pump(end);
	if (sim_end_num_children(end))
		sim_fail("%s: Child SAs survive ike_terminate()", end->name);
}

void sim_end_close(struct sim_end *end)
{
	if (!end->tunnels) {
		sim_end_terminate(end);
		return;
	}
	say(end, "close");
	tunnels_terminate_all(end->tunnels, sim_net_now(end->net));
	sim_end_pump(end);
	if (sim_end_num_children(end) || sim_end_link_is_up(end))
		sim_fail("%s: Child SAs or the link survive the end of the tunnel", end->name);
}

void sim_end_rekey(struct sim_end *end, bool ike)
{
	struct instant now = sim_net_now(end->net);
	bool began = end->tunnels ? !tunnels_rekey(end->tunnels, SIM_TUNNEL, ike, now)
		     : ike	  ? ike_rekey_ike(end->engine, SIM_CONN, now)
				  : ike_rekey_child(end->engine, SIM_CONN, now);

	say(end, "rekey the %s: %s", ike ? "IKE SA" : "Child SA", began ? "begun" : "not now");
	sim_end_pump(end);
}

/*
 * --- looking in
 * ---------------------------------------------------------------------------------------------------
 */

struct ike_conn_info sim_end_info(const struct sim_end *end)
{
	struct ike_conn_info info = {};

	if (!end->engine || (!ike_conn_info(end->engine, SIM_CONN, &info) && !end->tunnels))
		sim_fail("%s: no such connection", end->name);
	return info;
}

unsigned int sim_end_num_children(const struct sim_end *end)
{
	return sim_plane_num_children(&end->plane);
}

const struct sim_child *sim_end_only_child(const struct sim_end *end)
{
	if (sim_end_num_children(end) != 1)
		return NULL;
	for (unsigned int i = 0; i < SIM_CHILDREN; i++)
		if (end->plane.children[i].installed)
			return &end->plane.children[i];
	return NULL;
}

bool sim_end_link_is_up(struct sim_end *end)
{
	return sim_plane_running(&end->plane);
}

void sim_end_check(struct sim_end *end)
{
	if (!end->tunnels || !sim_end_link_is_up(end))
		return;
	if (end->checked != end->outputs && !sim_plane_child(&end->plane, sim_end_info(end).child_id))
		sim_fail("%s: the link is up without a usable pair", end->name);
	end->checked = end->outputs;
	if (instant_diff(sim_net_now(end->net), end->heard) > LINK_SILENCE_US)
		sim_fail("%s: the link is up, and nothing was heard for %" PRId64 " ms", end->name,
			 instant_diff(sim_net_now(end->net), end->heard) / USEC_PER_MS);
}
