// SPDX-License-Identifier: GPL-2.0-or-later
/* Sealing, opening and sending of whole messages, RFC 7296 3.1, 3.14 and RFC 5282. See ike_engine.h; fragments: ike_frag.c. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_int_auth.h"
#include "bgpvpnd/ike/ike_rival.h"

/* --- out ------------------------------------------------------------------------------------------------- */

static void draft_open(struct ike_draft *draft, struct ike_sa *sa, uint8_t exchange, uint8_t flags,
		       uint32_t id)
{
	draft->sa = sa;
	draft->sealed = sa->keys_ready && exchange != IKE_EXCHANGE_SA_INIT;
	draft->hdr = (struct ike_hdr){
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.version = IKE_VERSION,
		.exchange = exchange,
		.flags = flags | (sa->initiator ? IKE_FLAG_INITIATOR : 0),
		.message_id = id,
	};
	draft->wr = wr_of(draft->buf, sizeof(draft->buf));
	if (draft->sealed)
		ike_build_chain(&draft->build, &draft->wr);
	else
		ike_build_start(&draft->build, &draft->wr, &draft->hdr);
}

void ike_draft_request(struct ike_draft *draft, struct ike_sa *sa, uint8_t exchange)
{
	draft_open(draft, sa, exchange, 0, sa->window.next_id);
}

void ike_draft_response(struct ike_draft *draft, struct ike_sa *sa, const struct ike_hdr *request)
{
	draft_open(draft, sa, request->exchange, IKE_FLAG_RESPONSE, request->message_id);
}

void ike_draft_notify(struct ike_draft *draft, uint16_t type, struct bytes data)
{
	const struct ike_notify notify = {.type = type, .data = data};

	ike_build_payload(&draft->build, IKE_PAYLOAD_NOTIFY, false);
	ike_notify_encode(&draft->wr, &notify);
}

void ike_draft_sa(struct ike_draft *draft, const struct ike_sa_payload *payload)
{
	ike_build_payload(&draft->build, IKE_PAYLOAD_SA, false);
	ike_sa_payload_encode(&draft->wr, payload);
}

void ike_draft_ke(struct ike_draft *draft, const struct crypto_ke *key, uint16_t method)
{
	const struct ike_ke ke = {.method = method, .value = crypto_ke_public(key)};

	ike_build_payload(&draft->build, IKE_PAYLOAD_KE, false);
	ike_ke_encode(&draft->wr, &ke);
}

void ike_draft_nonce(struct ike_draft *draft, const struct secret *nonce)
{
	ike_build_payload(&draft->build, IKE_PAYLOAD_NONCE, false);
	ike_nonce_encode(&draft->wr, secret_view(nonce));
}

void ike_draft_ts(struct ike_draft *draft, const struct ts_list *tsi, const struct ts_list *tsr)
{
	ike_build_payload(&draft->build, IKE_PAYLOAD_TSI, false);
	ike_ts_encode(&draft->wr, tsi);
	ike_build_payload(&draft->build, IKE_PAYLOAD_TSR, false);
	ike_ts_encode(&draft->wr, tsr);
}

void ike_fresh_nonce(const struct ike_engine *engine, struct secret *nonce)
{
	secret_alloc(nonce, LIMIT_NONCE_OUT);
	engine->host->random(engine->host->arg, nonce->key, nonce->len);
}

static void fill_iv(struct ike_sa *sa, uint8_t *iv, size_t n)
{
	const struct ike_host *host = sa->engine->host;
	struct wr wr = wr_of(iv, n);

	/* RFC 5282 3.1: a counter never repeats; RFC 7296 3.14: CBC needs an unpredictable one. */
	if (sa->suite.encr->aead)
		wr_u64(&wr, ++sa->iv_counter);
	else
		host->random(host->arg, iv, n);
}

static void append_padded(struct wr *out, struct bytes text, size_t block)
{
	size_t pad = (block - (text.n + 1) % block) % block;

	wr_bytes(out, text);
	wr_zero(out, pad);
	wr_u8(out, pad);
}

bool ike_seal(struct ike_sa *sa, const struct ike_hdr *hdr, const struct ike_skf *skf, uint8_t first,
	      struct bytes text, struct wr *out)
{
	size_t iv_len = crypto_box_iv_len(sa->seal);
	size_t start = out->len;
	struct crypto_box_io io;
	struct ike_build outer;
	uint8_t *iv, *icv;
	size_t text_at;

	ike_build_start(&outer, out, hdr);
	ike_build_payload(&outer, skf ? IKE_PAYLOAD_SKF : IKE_PAYLOAD_SK, false);
	wr_patch_u8(out, outer.next_at, first);
	if (skf)
		ike_skf_encode(out, skf);
	iv = wr_room(out, iv_len);
	text_at = out->len;
	append_padded(out, text, crypto_box_block_len(sa->seal));
	io.text_len = out->len - text_at;
	icv = wr_room(out, crypto_box_icv_len(sa->seal));
	outer.next_at = SIZE_MAX;
	ike_build_end(&outer);
	if (out->failed)
		return false;
	fill_iv(sa, iv, iv_len);
	io.aad = bytes_make(out->buf + start, text_at - iv_len - start);
	io.iv = iv;
	io.text = out->buf + text_at;
	io.tail = bytes_make(NULL, 0);
	io.icv = icv;
	return crypto_box_seal(sa->seal, &io);
}

static bool finish(struct ike_draft *draft, const struct endpoint *local, const struct endpoint *remote,
		   struct wr *out)
{
	ike_build_end(&draft->build);
	if (draft->wr.failed)
		return false;
	if (draft->sealed)
		return ike_frag_seal(draft, local, remote, out);
	wr_bytes(out, wr_bytes_view(&draft->wr));
	return !out->failed;
}

/* What the other side will count as well, whole as it is (RFC 9242 3.3.2). */
static void note_intermediate(const struct ike_draft *draft)
{
	struct ike_sa *sa = draft->sa;

	if (draft->hdr.exchange == IKE_EXCHANGE_INTERMEDIATE && draft->sealed && sa->hs)
		ike_int_auth_add(sa, sa->initiator, &draft->hdr, false, draft->build.first,
				 wr_bytes_view(&draft->wr));
}

static uint32_t conn_id(const struct ike_sa *sa)
{
	return sa->conn ? sa->conn->id : 0;
}

void ike_sa_transmit(struct ike_sa *sa, const struct endpoint *local, const struct endpoint *remote,
		     struct bytes datagrams)
{
	struct rd rd = rd_of(datagrams);
	struct bytes datagram;

	while (rd_left(&rd) && ike_frag_next(&rd, &datagram))
		ike_out_datagram(sa->engine, conn_id(sa), local, remote, datagram);
}

void ike_sa_transmit_request(struct ike_sa *sa, struct instant now)
{
	struct ike_request *request = &sa->window.request;
	int64_t rto = sa->conn ? ike_rtt_rto(&sa->conn->rtt) : IKE_RTO_FIRST_US;
	int64_t detect = sa->cfg ? sa->cfg->detect_ms * USEC_PER_MS : USEC_PER_S;

	if (request->tries > 0)
		sa->engine->counters.retransmissions++;
	ike_window_sent_again(&sa->window, rto, detect, now);
	ike_sa_transmit(sa, &sa->local, &sa->remote, bytes_make(request->data, request->len));
	ike_mobike_try_others(sa);
	ike_sa_rearm(sa);
}

bool ike_draft_send_request(struct ike_draft *draft, enum ike_pace pace, struct instant now)
{
	uint8_t buf[LIMIT_IKE_SEALED_OUT];
	struct wr out = wr_of(buf, sizeof(buf));
	struct ike_sa *sa = draft->sa;

	if (!finish(draft, &sa->local, &sa->remote, &out))
		return false;
	if (draft->hdr.exchange == IKE_EXCHANGE_SA_INIT)
		secret_set(&sa->hs->init_request, wr_bytes_view(&out));
	note_intermediate(draft);
	ike_window_open(&sa->window, draft->hdr.exchange, pace, wr_bytes_view(&out), now);
	if (!ike_rival_waits(sa, now))
		ike_sa_transmit_request(sa, now);
	return true;
}

bool ike_draft_send_response(struct ike_draft *draft, const struct endpoint *local,
			     const struct endpoint *remote)
{
	uint8_t buf[LIMIT_IKE_SEALED_OUT];
	struct wr out = wr_of(buf, sizeof(buf));
	struct ike_sa *sa = draft->sa;

	if (!finish(draft, local, remote, &out))
		return false;
	if (draft->hdr.exchange == IKE_EXCHANGE_SA_INIT)
		secret_set(&sa->hs->init_response, wr_bytes_view(&out));
	note_intermediate(draft);
	ike_window_keep_response(&sa->window, wr_bytes_view(&out));
	ike_sa_transmit(sa, local, remote, wr_bytes_view(&out));
	return true;
}

bool ike_ration_take(struct ike_engine *engine, struct instant now)
{
	struct ike_ration *ration = &engine->ration;

	if (instant_diff(now, ration->since) >= USEC_PER_S)
		*ration = (struct ike_ration){.since = now};
	if (ration->used >= LIMIT_UNAUTH_ANSWERS_PER_S) {
		ike_count(engine, IKE_R_RATE_LIMIT);
		return false;
	}
	ration->used++;
	return true;
}

void ike_answer_clear(struct ike_turn *turn, uint16_t type, struct bytes data)
{
	const struct ike_hdr *request = &turn->msg.hdr;
	const struct ike_notify notify = {.type = type, .data = data};
	struct ike_hdr hdr = {
		.spi_i = request->spi_i,
		.spi_r = request->spi_r,
		.version = IKE_VERSION,
		.exchange = request->exchange,
		.flags = IKE_FLAG_RESPONSE,
		.message_id = request->message_id,
	};
	uint8_t buf[IKE_HDR_LEN + IKE_PAYLOAD_HDR_LEN + 64 + LIMIT_COOKIE_MAX];
	struct wr wr = wr_of(buf, sizeof(buf));
	struct ike_build build;

	/* A cookie is smaller than what asked for it, and real initiators depend on it: not rationed. Nor is who returned one. */
	if (type != IKE_NOTIFY_COOKIE && !turn->proved && !ike_ration_take(turn->engine, turn->now))
		return;
	ike_build_start(&build, &wr, &hdr);
	ike_build_payload(&build, IKE_PAYLOAD_NOTIFY, false);
	ike_notify_encode(&wr, &notify);
	ike_build_end(&build);
	if (!wr.failed)
		ike_out_datagram(turn->engine, 0, turn->local, turn->remote, wr_bytes_view(&wr));
}

void ike_answer_sealed(struct ike_turn *turn, enum ike_reason reason)
{
	uint16_t type = ike_reason_info(reason)->notify;
	struct ike_notify notify = {};
	struct ike_draft draft;
	uint8_t group[2];
	struct wr wr = wr_of(group, sizeof(group));

	/* RFC 7296 2.5: the notify names the payload type; 2.25: the SPI. */
	if (reason == IKE_R_CRITICAL_UNKNOWN)
		notify.data = bytes_make(&turn->bad_type, sizeof(turn->bad_type));
	wr_u16(&wr, turn->wanted_ke);
	if (reason == IKE_R_INVALID_KE)
		notify.data = wr_bytes_view(&wr);
	if (reason == IKE_R_CHILD_NOT_FOUND)
		notify = turn->lost;
	notify.type = type ? type : IKE_NOTIFY_INVALID_SYNTAX;
	ike_draft_response(&draft, turn->sa, &turn->msg.hdr);
	ike_build_payload(&draft.build, IKE_PAYLOAD_NOTIFY, false);
	ike_notify_encode(&draft.wr, &notify);
	ike_draft_send_response(&draft, turn->local, turn->remote);
}

/* --- in -------------------------------------------------------------------------------------------------- */

static enum ike_reason unseal(struct ike_turn *turn, struct crypto_box *box, struct bytes sealed,
			      struct bytes *text)
{
	uint8_t icv[CRYPTO_HASH_MAX];
	struct ike_sk_parts parts;
	struct crypto_box_io io;
	enum ike_reason reason;

	reason = ike_sk_split(rd_of(sealed), crypto_box_iv_len(box), crypto_box_block_len(box),
			      crypto_box_icv_len(box), &parts);
	if (reason != IKE_R_OK)
		return reason;
	io = (struct crypto_box_io){
		.aad = bytes_make(turn->datagram.p, (size_t)(sealed.p - turn->datagram.p)),
		.iv = parts.iv.p,
		.text = turn->engine->plain,
		.text_len = parts.text.n,
		.icv = icv,
	};
	memcpy(turn->engine->plain, parts.text.p, parts.text.n);
	memcpy(icv, parts.icv.p, parts.icv.n);
	if (!crypto_box_open(box, &io))
		return IKE_R_INTEGRITY;
	*text = bytes_make(turn->engine->plain, parts.text.n);
	return IKE_R_OK;
}

enum ike_reason ike_turn_unseal(struct ike_turn *turn, struct bytes sealed, struct bytes *text)
{
	struct ike_sa *sa = turn->sa;

	if (!sa->keys_ready && !ike_init_derive(sa))
		return IKE_R_BAD_KE;
	return unseal(turn, sa->open, sealed, text);
}

/* After IKE_INTERMEDIATE there are new keys, but its request comes again as it was. */
enum ike_reason ike_turn_unseal_again(struct ike_turn *turn, struct bytes sealed, struct bytes *text)
{
	const struct ike_sa *sa = turn->sa;
	bool before = sa->hs && sa->hs->open_before &&
		      (sa->state == IKE_SA_KE_WAIT || sa->state == IKE_SA_INIT_DONE);

	return before ? unseal(turn, sa->hs->open_before, sealed, text) : ike_turn_unseal(turn, sealed, text);
}

enum ike_reason ike_text_unpad(struct bytes *text)
{
	uint8_t pad = text->p[text->n - 1];

	if (pad >= text->n)
		return IKE_R_BAD_SYNTAX;
	text->n -= 1 + pad;
	return IKE_R_OK;
}

/* The SK payload, the last; NULL: there is none, or something before it that is to be sealed. What we do not know is skipped, 2.5. */
static const struct ike_payload *sealed_payload(const struct ike_payloads *outer)
{
	if (outer->n == 0 || outer->list[outer->n - 1].type != IKE_PAYLOAD_SK)
		return NULL;
	return ike_payloads_check(outer, IKE_SET(SK), 0) == IKE_R_OK ? &outer->list[outer->n - 1] : NULL;
}

static enum ike_reason open_sk(struct ike_turn *turn, const struct ike_payload *sk, struct bytes *text)
{
	enum ike_reason reason;

	if (!sk)
		return IKE_R_NOT_ENCRYPTED;
	reason = ike_turn_unseal(turn, rd_rest(&sk->body), text);
	if (reason != IKE_R_OK)
		return reason;
	turn->authentic = true;
	return ike_text_unpad(text);
}

enum ike_reason ike_turn_open(struct ike_turn *turn)
{
	const struct ike_payload *sk = sealed_payload(&turn->msg.outer);
	uint8_t first = sk ? sk->next_type : IKE_PAYLOAD_NONE;
	struct bytes text = bytes_make(turn->engine->plain, turn->whole_len);
	enum ike_reason reason;

	if (turn->skf.total) {
		/* Every fragment was opened before it was kept. */
		turn->authentic = true;
		first = turn->whole_first;
	} else {
		reason = open_sk(turn, sk, &text);
		if (reason != IKE_R_OK)
			return reason;
		turn->whole_first = first;
		turn->whole_len = text.n;
	}
	turn->list = &turn->inner;
	turn->inner.n = 0;
	return ike_payloads_walk(first, rd_of(text), &turn->inner, &turn->bad_type);
}

static bool notify_where(const struct ike_turn *turn, uint16_t type, bool any_error, struct ike_notify *out)
{
	struct ike_notify notify;

	for (unsigned int i = 0; i < turn->list->n; i++) {
		const struct ike_payload *payload = &turn->list->list[i];

		if (payload->type != IKE_PAYLOAD_NOTIFY ||
		    ike_notify_decode(payload->body, &notify) != IKE_R_OK)
			continue;
		if (any_error ? notify.type < IKE_NOTIFY_STATUS_FIRST : notify.type == type) {
			*out = notify;
			return true;
		}
	}
	return false;
}

bool ike_turn_notify(const struct ike_turn *turn, uint16_t type, struct ike_notify *notify)
{
	return notify_where(turn, type, false, notify);
}

bool ike_turn_error(const struct ike_turn *turn, struct ike_notify *notify)
{
	return notify_where(turn, 0, true, notify);
}
