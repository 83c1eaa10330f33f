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
#define OUTPUTS_MAX 1000 /* of one call: more is a loop */

uint64_t sim_seed;
bool sim_verbose;

void sim_fail(const char *format, ...)
{
	va_list args;
	char words[512];

	va_start(args, format);
	vsnprintfrr(words, sizeof(words), format, args);
	va_end(args);
	fprintf(stderr, "seed %" PRIu64 ": %s\nrepeat it: --seed %" PRIu64 " --verbose\n", sim_seed, words,
		sim_seed);
	exit(1);
}

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

static uint32_t host_spi_reserve(void *arg)
{
	struct sim_end *end = arg;

	if (end->refuse_spis) {
		end->refuse_spis--;
		return 0;
	}
	if (end->next_spi == SIM_SPIS)
		sim_fail("%s: the engine reserves SPIs without end", end->name);
	end->spis[end->next_spi] = SIM_SPI_RESERVED;
	return end->spi_base + end->next_spi++;
}

static enum sim_spi_state *spi_state(struct sim_end *end, uint32_t spi)
{
	if (spi < end->spi_base || spi - end->spi_base >= end->next_spi)
		sim_fail("%s: SPI %08x was never given out", end->name, spi);
	return &end->spis[spi - end->spi_base];
}

static void host_spi_release(void *arg, uint32_t spi)
{
	struct sim_end *end = arg;
	enum sim_spi_state *state = spi_state(end, spi);

	if (*state != SIM_SPI_RESERVED)
		sim_fail("%s: SPI %08x is released but not reserved", end->name, spi);
	*state = SIM_SPI_FREE;
}

/*
 * --- the data plane
 * -----------------------------------------------------------------------------------------
 */

static struct sim_child *child_find(struct sim_end *end, uint32_t id)
{
	for (unsigned int i = 0; i < SIM_CHILDREN; i++)
		if (end->children[i].state != SIM_CHILD_NONE && end->children[i].params.child_id == id)
			return &end->children[i];
	return NULL;
}

static struct sim_child *child_room(struct sim_end *end)
{
	for (unsigned int i = 0; i < SIM_CHILDREN; i++)
		if (end->children[i].state == SIM_CHILD_NONE)
			return &end->children[i];
	sim_fail("%s: more than %d Child SAs at a time", end->name, SIM_CHILDREN);
}

static void child_forget(struct sim_child *child)
{
	child_sa_params_fini(&child->params);
	*child = (struct sim_child){};
}

static void check_new_child(struct sim_end *end, const struct child_sa_params *params)
{
	if (params->child_id == 0 || child_find(end, params->child_id))
		sim_fail("%s: CHILD_ADD %u: the number is in use", end->name, params->child_id);
	if (*spi_state(end, params->in.spi) != SIM_SPI_RESERVED)
		sim_fail("%s: CHILD_ADD with inbound SPI %08x that is not reserved", end->name,
			 params->in.spi);
	for (unsigned int i = 0; i < SIM_CHILDREN; i++)
		if (end->children[i].state == SIM_CHILD_INSTALLED &&
		    end->children[i].params.out.spi == params->out.spi)
			sim_fail("%s: outbound SPI %08x is installed twice", end->name, params->out.spi);
	if (params->in.encr_key.len == 0 || params->in.encr_key.len != params->out.encr_key.len ||
	    secret_equal(secret_view(&params->in.encr_key), secret_view(&params->out.encr_key)))
		sim_fail("%s: keys of CHILD_ADD make no sense", end->name);
}

static void take_child_add(struct sim_end *end, const struct child_sa_params *params)
{
	struct sim_child *child;
	int result = 0;

	check_new_child(end, params);
	child = child_room(end);
	child_sa_params_copy(&child->params, params);
	*spi_state(end, params->in.spi) = SIM_SPI_PLANE;
	child->state = SIM_CHILD_INSTALLED;
	if (end->refuse_adds) {
		end->refuse_adds--;
		child->state = SIM_CHILD_REFUSED;
		result = -ENOMEM;
	}
	say(end, "CHILD_ADD %u in %08x out %08x -> %d", params->child_id, params->in.spi, params->out.spi,
	    result);
	ike_child_result(end->engine, params->child_id, result, sim_net_now(end->net));
}

static void take_child_delete(struct sim_end *end, uint32_t id)
{
	struct sim_child *child = child_find(end, id);

	say(end, "CHILD_DELETE %u", id);
	if (!child)
		sim_fail("%s: CHILD_DELETE %u: there is none", end->name, id);
	child_forget(child);
}

/*
 * --- events
 * -------------------------------------------------------------------------------------------------
 */

static void take_event(struct sim_end *end, const struct ike_output *out)
{
	struct sim_child *child = child_find(end, out->child_id);

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
		if (!child || child->state != SIM_CHILD_INSTALLED || child->up)
			sim_fail("%s: CHILD_UP %u: not installed, or up already", end->name, out->child_id);
		child->up = true;
		end->times_up++;
		return;
	case IKE_EVENT_CHILD_DOWN:
		say(end, "CHILD_DOWN %u %s", out->child_id, ike_reason_info(out->reason)->name);
		end->times_down++;
		return;
	case IKE_EVENT_HEARD:
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
	sim_net_send(end->net, end->node, &local, &out->remote, out->datagram);
}

void sim_end_pump(struct sim_end *end)
{
	struct ike_counters counters;
	struct ike_output out;
	unsigned int n = 0;

	while (ike_engine_output(end->engine, &out)) {
		end->outputs++;
		if (++n > OUTPUTS_MAX)
			sim_fail("%s: outputs without end", end->name);
		switch (out.type) {
		case IKE_OUTPUT_DATAGRAM:
			take_datagram(end, &out);
			break;
		case IKE_OUTPUT_CHILD_ADD:
			take_child_add(end, out.child);
			break;
		case IKE_OUTPUT_CHILD_USE:
			if (!child_find(end, out.child_id))
				sim_fail("%s: CHILD_USE %u: there is none", end->name, out.child_id);
			break;
		case IKE_OUTPUT_CHILD_MOVE:
			if (!child_find(end, out.child_id))
				sim_fail("%s: CHILD_MOVE %u: there is none", end->name, out.child_id);
			break;
		case IKE_OUTPUT_CHILD_DELETE:
			take_child_delete(end, out.child_id);
			break;
		case IKE_OUTPUT_EVENT:
			take_event(end, &out);
			break;
		}
	}
	ike_engine_counters(end->engine, &counters);
	end->max_half_open = MAX(end->max_half_open, counters.half_open);
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
	describe(end, "<--", datagram, src);
	if (is_clear(datagram, false))
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
	end->spi_base = (uint32_t)(sim_rng(&end->rng) >> 33) | 0x10000;
	end->host = (struct ike_host){.arg = end,
				      .random = host_random,
				      .spi_reserve = host_spi_reserve,
				      .spi_release = host_spi_release};
	end->node = sim_net_join(net, addr, receive, end);
	end->log = sim_log_new();
	end->next_initiate = INSTANT_NEVER;
	end->next_probe = INSTANT_NEVER;
}

void sim_end_start(struct sim_end *end)
{
	struct instant now = sim_net_now(end->net);

	say(end, "start");
	end->engine = ike_engine_new(&end->host, now);
	ike_conn_set(end->engine, SIM_CONN, end->cfg);
	if (end->qcd.len)
		ike_engine_set_qcd_secret(end->engine, secret_view(&end->qcd));
	end->next_probe = instant_add(now, PROBE_US);
	if (end->initiates && instant_is_never(end->next_initiate))
		end->next_initiate = now;
}

void sim_end_crash(struct sim_end *end)
{
	say(end, "crash");
	ike_engine_free(end->engine);
	end->engine = NULL;
	end->ike_up = false;
	for (unsigned int i = 0; i < SIM_CHILDREN; i++)
		child_forget(&end->children[i]);
	for (unsigned int i = 0; i < end->next_spi; i++)
		if (end->spis[i] == SIM_SPI_RESERVED)
			sim_fail("%s: the engine is gone and SPI %08x is still reserved", end->name,
				 end->spi_base + i);
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
	if (!end->engine)
		return INSTANT_NEVER;
	return instant_min(ike_engine_next_expiry(end->engine),
			   instant_min(end->next_initiate, end->next_probe));
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
	if (instant_reached(end->next_initiate, now)) {
		end->next_initiate = instant_add(now, INITIATE_US + sim_rng_below(&end->rng, USEC_PER_S));
		ike_initiate(end->engine, SIM_CONN, now);
		sim_end_pump(end);
	}
	if (instant_reached(end->next_probe, now)) {
		end->next_probe = instant_add(now, PROBE_US);
		ike_probe(end->engine, SIM_CONN, now);
		sim_end_pump(end);
	}
}

void sim_end_terminate(struct sim_end *end)
{
	say(end, "terminate");
	ike_terminate(end->engine, SIM_CONN, IKE_R_DELETED_BY_US, sim_net_now(end->net));
	sim_end_pump(end);
	if (sim_end_num_children(end))
		sim_fail("%s: Child SAs survive ike_terminate()", end->name);
}

void sim_end_rekey(struct sim_end *end, bool ike)
{
	struct instant now = sim_net_now(end->net);
	bool began =
		ike ? ike_rekey_ike(end->engine, SIM_CONN, now) : ike_rekey_child(end->engine, SIM_CONN, now);

	say(end, "rekey the %s: %s", ike ? "IKE SA" : "Child SA", began ? "begun" : "not now");
	sim_end_pump(end);
}

void sim_end_drop_child(struct sim_end *end)
{
	struct ike_sa *sa = ike_conn_up(ike_conn_find(end->engine, SIM_CONN));
	struct child_sa *child = sa ? ike_sa_child(sa) : NULL;

	if (!child || child->unconfirmed)
		return;
	say(end, "delete the Child SA");
	child_sa_retire(child, IKE_R_EXPIRED);
	ike_sa_continue(sa, sim_net_now(end->net));
	ike_sa_rearm(sa);
	sim_end_pump(end);
}

struct ike_conn_info sim_end_info(const struct sim_end *end)
{
	struct ike_conn_info info;

	if (!end->engine || !ike_conn_info(end->engine, SIM_CONN, &info))
		sim_fail("%s: no such connection", end->name);
	return info;
}

unsigned int sim_end_num_children(const struct sim_end *end)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < SIM_CHILDREN; i++)
		n += end->children[i].state == SIM_CHILD_INSTALLED;
	return n;
}

const struct sim_child *sim_end_only_child(const struct sim_end *end)
{
	const struct sim_child *only = NULL;

	if (sim_end_num_children(end) != 1)
		return NULL;
	for (unsigned int i = 0; i < SIM_CHILDREN; i++)
		if (end->children[i].state == SIM_CHILD_INSTALLED)
			only = &end->children[i];
	return only;
}
