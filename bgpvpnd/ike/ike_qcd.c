// SPDX-License-Identifier: GPL-2.0-or-later
/* Quick crash detection, see ike_qcd.h. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_qcd.h"

/* RFC 6290 5: at least 128 bits. No more, so that what shows it is hardly larger than what asks for it. */
#define TOKEN_LEN LIMIT_QCD_TOKEN_MIN

/* HDR, N(INVALID_IKE_SPI), N(QCD_TOKEN): a notify has four bytes behind its payload header. */
#define SHOWN_LEN (IKE_HDR_LEN + 2 * (IKE_PAYLOAD_HDR_LEN + 4) + TOKEN_LEN)

void ike_engine_set_qcd_secret(struct ike_engine *engine, struct bytes secret)
{
	secret_set(&engine->qcd_secret, secret);
}

/* --- maker ----------------------------------------------------------------------------------------------- */

static bool makes_tokens(const struct ike_engine *engine)
{
	return engine->qcd_secret.len > 0;
}

static void token_make(const struct ike_engine *engine, uint64_t spi_i, uint64_t spi_r,
		       uint8_t token[TOKEN_LEN])
{
	const struct crypto_prf *prf = crypto_prf_find(IKE_PRF_HMAC_SHA2_256);
	uint8_t spis[16], mac[CRYPTO_HASH_MAX];
	struct wr wr = wr_of(spis, sizeof(spis));
	struct bytes parts[] = {BYTES_OF(spis)};

	assert(prf && prf->out_len >= TOKEN_LEN);
	wr_u64(&wr, spi_i);
	wr_u64(&wr, spi_r);
	crypto_prf(prf, secret_view(&engine->qcd_secret), parts, array_size(parts), mac);
	memcpy(token, mac, TOKEN_LEN);
	secret_wipe(mac, sizeof(mac));
}

static void token_encode(struct ike_build *build, struct wr *wr, const uint8_t token[TOKEN_LEN])
{
	/* 4.1: the protocol is named although there is no SPI. */
	const struct ike_notify notify = {.proto = IKE_PROTO_IKE,
					  .type = IKE_NOTIFY_QUICK_CRASH_DETECTION,
					  .data = bytes_make(token, TOKEN_LEN)};

	ike_build_payload(build, IKE_PAYLOAD_NOTIFY, false);
	ike_notify_encode(wr, &notify);
}

void ike_qcd_add(struct ike_draft *draft, const struct ike_sa *sa)
{
	uint8_t token[TOKEN_LEN];

	if (!makes_tokens(sa->engine))
		return;
	token_make(sa->engine, sa->spi_i, sa->spi_r, token);
	token_encode(&draft->build, &draft->wr, token);
	secret_wipe(token, sizeof(token));
}

bool ike_qcd_send(struct ike_sa *sa, struct instant now)
{
	struct ike_draft draft;

	sa->todo_qcd = false;
	if (!makes_tokens(sa->engine))
		return false;
	/* It is a sign of life as well. */
	sa->todo_probe = false;
	ike_draft_request(&draft, sa, IKE_EXCHANGE_INFORMATIONAL);
	ike_qcd_add(&draft, sa);
	return ike_draft_send_request(&draft, IKE_PACE_LIVE, now);
}

/*
 * 9.2: a token in clear for an IKE SA that is there would let anybody end it. So what has these SPIs is ours, whatever role the header
 * claims for it, and whichever of several answers to our IKE_SA_INIT (ike_rival.h) it belongs to. As long as we wait for such answers, any
 * SPI of the peer's may be in the next one, and who sees it on the path may be here before it.
 */
static bool may_be_ours(struct ike_engine *engine, const struct ike_hdr *hdr)
{
	struct ike_sa begun = {.initiator = true, .spi_i = hdr->spi_i, .spi_r = hdr->spi_r};
	const struct ike_sa asked = {.initiator = true, .spi_i = hdr->spi_i};
	const struct ike_sa answered = {.initiator = false, .spi_i = hdr->spi_i, .spi_r = hdr->spi_r};

	for (; begun.twin <= LIMIT_INIT_RIVALS; begun.twin++)
		if (ike_sas_find(&engine->sas, &begun))
			return true;
	return ike_sas_find(&engine->sas, &asked) || ike_sas_find(&engine->sas, &answered);
}

static bool is_sealed_request(const struct ike_turn *turn)
{
	const struct ike_hdr *hdr = &turn->msg.hdr;
	const struct ike_payloads *outer = &turn->msg.outer;

	return !ike_turn_is_response(turn) && hdr->spi_i && hdr->spi_r &&
	       hdr->exchange != IKE_EXCHANGE_SA_INIT && outer->n == 1 &&
	       (outer->list[0].type == IKE_PAYLOAD_SK || outer->list[0].type == IKE_PAYLOAD_SKF) &&
	       turn->datagram.n >= LIMIT_QCD_REQUEST;
}

static void token_show(struct ike_turn *turn)
{
	const struct ike_notify unknown = {.type = IKE_NOTIFY_INVALID_IKE_SPI};
	const struct ike_hdr *request = &turn->msg.hdr;
	bool by_initiator = request->flags & IKE_FLAG_INITIATOR;
	struct ike_hdr hdr = *request;
	uint8_t token[TOKEN_LEN], buf[SHOWN_LEN];
	struct wr wr = wr_of(buf, sizeof(buf));
	struct ike_build build;

	hdr.version = IKE_VERSION;
	hdr.flags = IKE_FLAG_RESPONSE | (by_initiator ? 0 : IKE_FLAG_INITIATOR);
	token_make(turn->engine, hdr.spi_i, hdr.spi_r, token);
	ike_build_start(&build, &wr, &hdr);
	ike_build_payload(&build, IKE_PAYLOAD_NOTIFY, false);
	ike_notify_encode(&wr, &unknown);
	token_encode(&build, &wr, token);
	ike_build_end(&build);
	assert(!wr.failed);
	ike_out_datagram(turn->engine, 0, turn->local, turn->remote, wr_bytes_view(&wr));
	turn->engine->counters.qcd_shown++;
}

void ike_qcd_show(struct ike_turn *turn)
{
	struct ike_engine *engine = turn->engine;

	/* 9.3: nobody who is no peer of ours can have had an IKE SA with us. */
	if (!makes_tokens(engine) || !is_sealed_request(turn) || may_be_ours(engine, &turn->msg.hdr) ||
	    !ike_conn_candidate(engine, &turn->local->addr, &turn->remote->addr, NULL))
		return;
	if (ike_ration_take(engine, turn->now))
		token_show(turn);
}

/* --- taker ----------------------------------------------------------------------------------------------- */

/* The token of a payload; false when it is none, or none that can be. */
static bool token_decode(const struct ike_payload *payload, struct bytes *token)
{
	struct ike_notify notify;

	if (payload->type != IKE_PAYLOAD_NOTIFY || ike_notify_decode(payload->body, &notify) != IKE_R_OK ||
	    notify.type != IKE_NOTIFY_QUICK_CRASH_DETECTION || notify.data.n < LIMIT_QCD_TOKEN_MIN ||
	    notify.data.n > LIMIT_QCD_TOKEN_MAX)
		return false;
	*token = notify.data;
	return true;
}

void ike_qcd_keep(struct ike_sa *sa, const struct ike_turn *turn)
{
	struct bytes token;

	for (unsigned int i = 0; i < turn->list->n; i++)
		if (token_decode(&turn->list->list[i], &token))
			secret_set(&sa->qcd_token, token);
}

/* 4.5: a maker that does not know which of its secrets was the one shows several tokens. */
static bool shows_ours(const struct ike_turn *turn, bool *any)
{
	const struct ike_payloads *list = &turn->msg.outer;
	bool right = false;
	struct bytes token;

	*any = false;
	for (unsigned int i = 0; i < list->n; i++) {
		if (!token_decode(&list->list[i], &token))
			continue;
		*any = true;
		right |= secret_equal(secret_view(&turn->sa->qcd_token), token);
	}
	return right;
}

bool ike_qcd_take(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct ike_notify unknown;
	bool right, any;

	if (!ike_turn_is_response(turn) || !sa->qcd_token.len ||
	    !ike_turn_notify(turn, IKE_NOTIFY_INVALID_IKE_SPI, &unknown))
		return false;
	right = shows_ours(turn, &any);
	if (!any)
		return false;
	ike_count(turn->engine, right ? IKE_R_PEER_RESTARTED : IKE_R_QCD_WRONG);
	if (right && sa->conn)
		ike_sa_fail(sa, IKE_R_PEER_RESTARTED, turn->now);
	else if (right)
		ike_sa_bury(sa);
	return true;
}
