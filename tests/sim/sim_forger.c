// SPDX-License-Identifier: GPL-2.0-or-later
/* The attacker on the path, see sim_forger.h. */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"
#include "tests/sim/sim_end.h"
#include "tests/sim/sim_forger.h"

/* More answers to one IKE_SA_INIT than are tried, and the true one may be the one too many: that is the limit. */
#define ANSWERS (LIMIT_INIT_RIVALS - 2)

struct sight {
	const struct endpoint *src;
	const struct endpoint *dst;
	struct bytes datagram;
	struct ike_hdr hdr;
};

static unsigned int below(struct sim_forger *forger, unsigned int n)
{
	return sim_rng_below(&forger->rng, n);
}

static void inject(struct sim_forger *forger, const struct endpoint *src, const struct endpoint *dst,
		   struct bytes datagram)
{
	int64_t delay = below(forger, 2) ? 0 : below(forger, (unsigned int)forger->late_us);

	forger->forged++;
	sim_net_inject(forger->net, delay, src, dst, datagram);
}

/* --- what he does ----------------------------------------------------------------------------------------- */

/* So many good-looking answers, and no more. */
static bool one_more_answer(struct sim_forger *forger, const struct sight *sight)
{
	if (sight->hdr.exchange != IKE_EXCHANGE_SA_INIT || sight->hdr.spi_r == 0)
		return true;
	return forger->answers++ < ANSWERS;
}

static void copy_bent(struct sim_forger *forger, const struct sight *sight)
{
	uint8_t buf[4096];
	size_t at = below(forger, (unsigned int)sight->datagram.n);

	if (sight->datagram.n > sizeof(buf) || !one_more_answer(forger, sight))
		return;
	memcpy(buf, sight->datagram.p, sight->datagram.n);
	buf[at] ^= (uint8_t)(1u << below(forger, 8));
	inject(forger, sight->src, sight->dst, bytes_make(buf, sight->datagram.n));
}

static void copy_cut_off(struct sim_forger *forger, const struct sight *sight)
{
	size_t n = below(forger, (unsigned int)sight->datagram.n);

	inject(forger, sight->src, sight->dst, bytes_make(sight->datagram.p, n));
}

static void copy_from_elsewhere(struct sim_forger *forger, const struct sight *sight)
{
	struct endpoint stranger = {.port = sight->src->port};

	str2ipaddr(SIM_STRANGER, &stranger.addr);
	inject(forger, &stranger, sight->dst, sight->datagram);
}

static void copy_again(struct sim_forger *forger, const struct sight *sight)
{
	inject(forger, sight->src, sight->dst, sight->datagram);
}

/* An answer with an SPI of his. */
static void answer_of_his(struct sim_forger *forger, const struct sight *sight)
{
	uint8_t buf[4096];
	uint64_t spi = sim_rng(&forger->rng);

	if (sight->datagram.n > sizeof(buf) || sight->hdr.exchange != IKE_EXCHANGE_SA_INIT ||
	    !one_more_answer(forger, sight))
		return;
	memcpy(buf, sight->datagram.p, sight->datagram.n);
	memcpy(buf + sizeof(spi), &spi, sizeof(spi));
	inject(forger, sight->src, sight->dst, bytes_make(buf, sight->datagram.n));
}

static void send_clear(struct sim_forger *forger, const struct endpoint *src, const struct endpoint *dst,
		       const struct ike_hdr *hdr, const struct ike_notify *notify)
{
	const struct ike_delete del = {.proto = IKE_PROTO_IKE};
	uint8_t buf[256];
	struct wr wr = wr_of(buf, sizeof(buf));
	struct ike_build build;

	ike_build_start(&build, &wr, hdr);
	ike_build_payload(&build, notify ? IKE_PAYLOAD_NOTIFY : IKE_PAYLOAD_DELETE, false);
	if (notify)
		ike_notify_encode(&wr, notify);
	else
		ike_delete_encode(&wr, &del);
	ike_build_end(&build);
	inject(forger, src, dst, wr_bytes_view(&wr));
}

/* HDR, N(...) in clear: what may stand in the answer to an IKE_SA_INIT, and what may not. */
static struct ike_notify some_notify(struct sim_forger *forger, uint8_t data[8])
{
	static const uint16_t types[] = {IKE_NOTIFY_NO_PROPOSAL_CHOSEN,
					 IKE_NOTIFY_INVALID_KE_PAYLOAD,
					 IKE_NOTIFY_COOKIE,
					 IKE_NOTIFY_INVALID_IKE_SPI,
					 IKE_NOTIFY_AUTHENTICATION_FAILED,
					 IKE_NOTIFY_INVALID_SYNTAX,
					 IKE_NOTIFY_INVALID_MAJOR_VERSION,
					 IKE_NOTIFY_INVALID_SPI};
	static const uint16_t groups[] = {IKE_KE_CURVE25519, IKE_KE_ECP_256, IKE_KE_MODP_2048};
	uint16_t type = types[below(forger, array_size(types))];
	struct wr wr = wr_of(data, 8);

	if (type == IKE_NOTIFY_INVALID_KE_PAYLOAD)
		wr_u16(&wr, groups[below(forger, array_size(groups))]);
	else if (type == IKE_NOTIFY_COOKIE)
		wr_u64(&wr, sim_rng(&forger->rng));
	return (struct ike_notify){.type = type, .data = wr_bytes_view(&wr)};
}

static void answer_in_clear(struct sim_forger *forger, const struct sight *sight)
{
	struct ike_hdr hdr = sight->hdr;
	uint8_t data[8];
	struct ike_notify notify = some_notify(forger, data);

	hdr.flags = (hdr.flags ^ IKE_FLAG_INITIATOR) | IKE_FLAG_RESPONSE;
	send_clear(forger, sight->dst, sight->src, &hdr, &notify);
}

static void request_in_clear(struct sim_forger *forger, const struct sight *sight)
{
	struct ike_hdr hdr = sight->hdr;
	uint8_t data[8];
	struct ike_notify notify = some_notify(forger, data);

	hdr.flags &= ~IKE_FLAG_RESPONSE;
	hdr.exchange = below(forger, 2) ? IKE_EXCHANGE_INFORMATIONAL : hdr.exchange;
	hdr.message_id = below(forger, 2) ? hdr.message_id : below(forger, 4);
	send_clear(forger, sight->src, sight->dst, &hdr, below(forger, 2) ? &notify : NULL);
}

/* What B would say to A who had another secret. */
static void speak_as_b(struct sim_forger *forger, const struct sight *sight)
{
	struct ike_output out;
	bool to_b = ipaddr_equal(&sight->dst->addr, &forger->b.addr);

	if (!to_b || (sight->hdr.exchange == IKE_EXCHANGE_SA_INIT && forger->answers++ >= ANSWERS))
		return;
	ike_engine_input(forger->engine, sight->dst, sight->src, sight->datagram, sim_net_now(forger->net));
	while (ike_engine_output(forger->engine, &out)) {
		if (out.type == IKE_OUTPUT_DATAGRAM)
			inject(forger, &out.local, &out.remote, out.datagram);
		else if (out.type == IKE_OUTPUT_CHILD_ADD)
			sim_fail("A proves itself to somebody without the secret");
	}
}

static void see(void *arg, const struct endpoint *src, const struct endpoint *dst, struct bytes datagram)
{
	static void (*const tricks[])(struct sim_forger *, const struct sight *) = {
		copy_bent,	 copy_cut_off,	   copy_from_elsewhere, copy_again, answer_of_his,
		answer_in_clear, request_in_clear, speak_as_b,		speak_as_b,
	};
	struct sight sight = {.src = src, .dst = dst, .datagram = datagram};
	struct sim_forger *forger = arg;

	if (ike_hdr_decode(datagram, &sight.hdr) != IKE_R_OK)
		return;
	if (sight.hdr.spi_i != forger->spi_i)
		forger->answers = 0;
	forger->spi_i = sight.hdr.spi_i;
	for (unsigned int n = below(forger, 4); n > 0; n--)
		tricks[below(forger, array_size(tricks))](forger, &sight);
}

/* --- life ------------------------------------------------------------------------------------------------- */

static void host_random(void *arg, uint8_t *to, size_t n)
{
	struct sim_forger *forger = arg;

	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(sim_rng(&forger->rng) >> 56);
}

static uint32_t host_spi_reserve(void *arg)
{
	return 1;
}

static void host_spi_release(void *arg, uint32_t spi)
{
}

void sim_forger_init(struct sim_forger *forger, struct sim_net *net, uint64_t seed, int64_t late_us,
		     struct ike_conn_cfg *cfg)
{
	*forger = (struct sim_forger){.net = net, .rng = sim_rng_seed(seed), .late_us = late_us};
	forger->b.addr = cfg->local;
	forger->host = (struct ike_host){.arg = forger,
					 .random = host_random,
					 .spi_reserve = host_spi_reserve,
					 .spi_release = host_spi_release};
	forger->engine = ike_engine_new(&forger->host, sim_net_now(net));
	ike_conn_set(forger->engine, SIM_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	sim_net_tap(net, see, forger);
}

void sim_forger_fini(struct sim_forger *forger)
{
	sim_net_tap(forger->net, NULL, NULL);
	ike_engine_free(forger->engine);
}
