// SPDX-License-Identifier: GPL-2.0-or-later
/* One end of a simulated tunnel, see sim_end.h. */
#include <zebra.h>

#include "lib/memory.h"
#include "lib/printfrr.h"

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/proto/proto.h"
#include "tests/sim/sim_end.h"
#include "tests/sim/sim_log.h"

#define INITIATE_US (2 * USEC_PER_S)
#define PROBE_US    (5 * USEC_PER_S)
/* Nobody needs longer to take the link down: `liveness interval`, twice `liveness detect`, and a bad network's round trips. */
#define LINK_SILENCE_US (15 * USEC_PER_S)

/* 2030-01-01: what the certificates of tests/vectors/certs are made for. */
#define SIM_WALL_CLOCK_S 1893456000

void sim_end_say(const struct sim_end *end, const char *format, ...)
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

static uint64_t qcd_shown(const struct sim_end *end)
{
	struct ike_counters counters;

	ike_engine_counters(end->engine, &counters);
	return counters.qcd_shown;
}

static void receive(void *arg, const struct endpoint *src, const struct endpoint *dst, struct bytes datagram)
{
	struct sim_end *end = arg;
	uint64_t shown;

	if (!end->engine)
		return;
	if (dst->port == SIM_ESP_PORT) {
		sim_plane_receive(&end->plane, datagram);
		end->heard.us = MAX(end->heard.us, end->plane.last_in.us);
		sim_end_pump(end);
		return;
	}
	sim_end_describe(end, "<--", datagram, src);
	if (sim_is_clear(datagram, false))
		end->clear_in += datagram.n;
	shown = qcd_shown(end);
	ike_engine_input(end->engine, dst, src, datagram, sim_net_now(end->net));
	/* Sealed under keys that are lost is as good as clear. */
	if (qcd_shown(end) > shown)
		end->clear_in += datagram.n;
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

	sim_end_say(end, "start");
	end->engine = ike_engine_new(&end->host, now);
	if (end->by_tunnel) {
		end->tunnels = tunnels_new(end->engine, &end->plane.fake.dp);
		if (instant_is_never(end->next_initiate))
			end->next_initiate = now;
		return;
	}
	ike_conn_set(end->engine, SIM_CONN, end->cfg);
	if (end->qcd.len)
		ike_engine_set_qcd_secret(end->engine, secret_view(&end->qcd));
	end->next_probe = instant_add(now, PROBE_US);
	if (end->initiates && instant_is_never(end->next_initiate))
		end->next_initiate = now;
}

void sim_end_crash(struct sim_end *end)
{
	sim_end_say(end, "crash");
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
	secret_fini(&end->qcd);
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

	sim_end_say(end, "terminate");
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
	sim_end_say(end, "close");
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

	sim_end_say(end, "rekey the %s: %s", ike ? "IKE SA" : "Child SA", began ? "begun" : "not now");
	sim_end_pump(end);
}

void sim_end_drop_child(struct sim_end *end)
{
	struct ike_conn *conn = ike_conn_find(end->engine, SIM_CONN);
	struct ike_sa *sa = conn ? ike_conn_up(conn) : NULL;
	struct child_sa *child = sa ? ike_sa_child(sa) : NULL;

	if (!child || child->unconfirmed)
		return;
	sim_end_say(end, "delete the Child SA");
	child_sa_retire(child, IKE_R_EXPIRED);
	ike_sa_continue(sa, sim_net_now(end->net));
	ike_sa_rearm(sa);
	sim_end_pump(end);
}

void sim_end_move(struct sim_end *end, const char *addr)
{
	struct instant now = sim_net_now(end->net);

	sim_end_say(end, "moves to %s", addr);
	end->moved = true;
	sim_net_move(end->net, end->node, addr);
	if (end->tunnels)
		tunnels_local_moved(end->tunnels, SIM_TUNNEL, sim_net_addr(end->net, end->node), true, now);
	else
		ike_local_moved(end->engine, SIM_CONN, sim_net_addr(end->net, end->node), true, now);
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
