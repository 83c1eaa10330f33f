// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_AUTH, RFC 7296 1.2, 2.15: who is there, and the first Child SA.
 *
 *	Initiator                                                     Responder
 *	HDR, SK {IDi, [CERT..,] [CERTREQ,] [N(INITIAL_CONTACT),] [IDr,] AUTH, SAi2, TSi, TSr, [N(PPK..)]} -->
 *	                                 <--  HDR, SK {IDr, [CERT..,] AUTH, SAr2, TSi, TSr, [N(PPK_IDENTITY)]}
 *
 * The responder answers when its data plane has the Child SA (AUTH_HELD in between), so that what the initiator sends at
 * once does arrive; when it has not, or the Child SA was refused, the answer carries a notify instead. What becomes of an IKE SA
 * without its pair, which an initiator may also ask for by leaving out SAi2, TSi and TSr (RFC 6023), is in ike_childless.h.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_auth.h"
#include "bgpvpnd/ike/ike_auth_cert.h"
#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_id.h"
#include "bgpvpnd/ike/ike_int_auth.h"
#include "bgpvpnd/ike/ike_qcd.h"
#include "bgpvpnd/ike/ike_rival.h"
#include "bgpvpnd/ike/ike_ts.h"

/* An IKE SA that came up without its Child SA and is of no use: the initiator closes it, or we do after this. */
#define CHILDLESS_US (10 * USEC_PER_S)

/* --- both roles ------------------------------------------------------------------------------------------ */

static void local_id(const struct ike_sa *sa, const struct ike_conn_cfg *cfg, struct ike_id_cfg *id)
{
	if (cfg->local_id.type)
		*id = cfg->local_id;
	else
		ike_id_of_addr(&sa->local.addr, id);
}

/* False: any identity will do (a connection with any peer, that names none). */
static bool remote_id(const struct ike_conn_cfg *cfg, struct ike_id_cfg *id)
{
	if (cfg->remote_id.type)
		*id = cfg->remote_id;
	else if (!IS_IPADDR_NONE(&cfg->remote))
		ike_id_of_addr(&cfg->remote, id);
	else
		return false;
	return true;
}

/* The AUTH value of one side: `initiator` says whose. 2.15: own first message, the other's nonce, own SK_p and ID. */
static void auth_value(const struct ike_sa *sa, const struct ike_conn_cfg *cfg, bool initiator,
		       struct bytes id_raw, struct secret *out)
{
	const struct ike_handshake *hs = sa->hs;
	uint8_t buf[IKE_INT_AUTH_MAX];

	ike_auth_psk(sa->suite.prf, secret_view(&cfg->psk),
		     secret_view(initiator ? &hs->init_request : &hs->init_response),
		     secret_view(initiator ? &hs->nonce_r : &hs->nonce_i),
		     initiator ? &sa->keys.pi : &sa->keys.pr, id_raw, ike_int_auth(sa, buf), out);
}

/* What one side signs; as above. */
static void auth_octets(const struct ike_sa *sa, bool initiator, struct bytes id_raw, struct secret *out)
{
	const struct ike_handshake *hs = sa->hs;
	uint8_t buf[IKE_INT_AUTH_MAX];

	ike_auth_octets(sa->suite.prf, secret_view(initiator ? &hs->init_request : &hs->init_response),
			secret_view(initiator ? &hs->nonce_r : &hs->nonce_i),
			initiator ? &sa->keys.pi : &sa->keys.pr, id_raw, ike_int_auth(sa, buf), out);
}

static void add_id(struct ike_draft *draft, uint8_t type, const struct ike_id_cfg *cfg)
{
	struct ike_id id = ike_id_payload(cfg);

	ike_build_payload(&draft->build, type, false);
	ike_id_encode(&draft->wr, &id);
}

/* The body of an ID payload, for the AUTH of an identity that we send. */
static struct bytes id_raw(const struct ike_id_cfg *cfg, uint8_t *buf, size_t n)
{
	struct wr wr = wr_of(buf, n);
	struct ike_id id = ike_id_payload(cfg);

	ike_id_encode(&wr, &id);
	return wr_bytes_view(&wr);
}

static void add_auth(struct ike_draft *draft, uint8_t method, const struct secret *value)
{
	const struct ike_auth auth = {.method = method, .value = secret_view(value)};

	ike_build_payload(&draft->build, IKE_PAYLOAD_AUTH, false);
	ike_auth_encode(&draft->wr, &auth);
}

static void add_child(struct ike_draft *draft, const struct ike_sa_payload *sa, const struct ts_list *tsi,
		      const struct ts_list *tsr)
{
	ike_draft_sa(draft, sa);
	ike_draft_ts(draft, tsi, tsr);
}

/* Our AUTH for this identity: a signature where we have a certificate, else the proof of the shared key. */
static enum ike_reason own_auth(struct ike_sa *sa, struct ike_conn *conn, const struct ike_id_cfg *id,
				struct secret *value, uint8_t *method)
{
	const struct ike_conn_cfg *cfg = conn->cfg;
	uint8_t buf[4 + LIMIT_ID];
	struct bytes raw = id_raw(id, buf, sizeof(buf));
	struct secret octets = {};
	enum ike_reason reason;
	char detail[256] = "";

	if (!cfg->creds) {
		auth_value(sa, cfg, sa->initiator, raw, value);
		*method = IKE_AUTH_SHARED_KEY;
		return IKE_R_OK;
	}
	auth_octets(sa, sa->initiator, raw, &octets);
	reason = ike_auth_sign(sa, cfg->creds, secret_view(&octets), value, method, detail, sizeof(detail));
	secret_fini(&octets);
	if (reason != IKE_R_OK && !ike_conn_up(conn))
		ike_conn_failed(conn, reason, detail);
	return reason;
}

static void note_id_mismatch(struct ike_conn *conn, const struct ike_id_cfg *want, const struct ike_id *got)
{
	char wanted[96], given[96], detail[256];
	struct ike_id_cfg peer;

	ike_id_of_payload(got, &peer);
	snprintf(detail, sizeof(detail), "expected %s, the peer says %s",
		 ike_id_format(want, wanted, sizeof(wanted)), ike_id_format(&peer, given, sizeof(given)));
	ike_conn_failed(conn, IKE_R_ID_MISMATCH, detail);
}

static enum ike_reason verify_psk(const struct ike_sa *sa, const struct ike_conn_cfg *cfg,
				  const struct ike_id *id, const struct ike_auth *auth, char *words,
				  size_t len)
{
	struct secret want = {};
	bool same;

	if (auth->method != IKE_AUTH_SHARED_KEY) {
		snprintf(words, len, "we want the pre-shared key, the peer uses method %u (%s)", auth->method,
			 iana_auth_method_name(auth->method));
		return IKE_R_AUTH_METHOD;
	}
	auth_value(sa, cfg, !sa->initiator, id->raw, &want);
	same = secret_equal(secret_view(&want), auth->value);
	secret_fini(&want);
	return same ? IKE_R_OK : IKE_R_AUTH_FAILED;
}

/* In the way that the connection asks for: a signature where it has authorities, else the shared key. */
static enum ike_reason verify_peer(const struct ike_turn *turn, const struct ike_conn_cfg *cfg,
				   const struct ike_id *id, const struct ike_auth *auth, char *words,
				   size_t len)
{
	const struct ike_sa *sa = turn->sa;
	struct secret octets = {};
	enum ike_reason reason;

	words[0] = '\0';
	if (cfg->trust) {
		auth_octets(sa, !sa->initiator, id->raw, &octets);
		reason = ike_auth_cert_verify(turn, cfg->trust, id, auth, secret_view(&octets), words, len);
		secret_fini(&octets);
	} else {
		reason = verify_psk(sa, cfg, id, auth, words, len);
	}
	if (reason == IKE_R_AUTH_FAILED || reason == IKE_R_SIGNATURE)
		ike_ppk_doubt(sa, &cfg->ppk, words, len);
	return reason;
}

/* The AUTH for a responder that turns out not to have our PPK, RFC 8784 3; then the keys get it. */
static enum ike_reason mix_ppk(struct ike_sa *sa, const struct ike_id_cfg *id, struct secret *without)
{
	enum ike_reason reason = IKE_R_OK;
	uint8_t method;

	if (!sa->hs->ppk.agreed)
		return IKE_R_OK;
	if (!sa->cfg->ppk.required)
		reason = own_auth(sa, sa->conn, id, without, &method);
	if (reason == IKE_R_OK)
		ike_ppk_mix(sa, &sa->cfg->ppk);
	return reason;
}

/* What both sides agreed on for the first Child SA. */
struct agreement {
	struct ike_suite esp;
	uint32_t peer_spi;
	struct ts_list tsi;
	struct ts_list tsr;
};

/* The first Child SA goes to the data plane. spi_in is taken over from the handshake. */
static void child_install(struct ike_sa *sa, const struct agreement *agreed, struct instant now)
{
	struct ike_handshake *hs = sa->hs;
	const struct child_plan plan = {
		.esp = agreed->esp,
		.spi_in = hs->spi_in,
		.spi_out = agreed->peer_spi,
		.ts_local = sa->initiator ? agreed->tsi : agreed->tsr,
		.ts_remote = sa->initiator ? agreed->tsr : agreed->tsi,
		.nonce_i = secret_view(&hs->nonce_i),
		.nonce_r = secret_view(&hs->nonce_r),
		.initiator = sa->initiator,
		/* Another IKE SA's pair goes on until the initiator has this one. */
		.receive_only = !sa->initiator && ike_conn_up(sa->conn),
	};

	hs->spi_in = 0;
	child_sa_install(sa, &plan, now);
}

/* --- initiator ------------------------------------------------------------------------------------------- */

enum ike_reason ike_auth_send(struct ike_sa *sa, struct instant now)
{
	struct ike_handshake *hs = sa->hs;
	struct ike_sa_payload offer;
	struct secret value = {}, without_ppk = {};
	struct ike_id_cfg id, peer;
	struct ike_draft draft;
	enum ike_reason reason;
	uint8_t method;

	local_id(sa, sa->cfg, &id);
	reason = mix_ppk(sa, &id, &without_ppk);
	if (reason == IKE_R_OK)
		reason = own_auth(sa, sa->conn, &id, &value, &method);
	if (reason != IKE_R_OK || !ike_rival_reserve(sa)) {
		secret_fini(&value);
		secret_fini(&without_ppk);
		return reason == IKE_R_OK ? IKE_R_INTERNAL : reason;
	}
	ike_proposal_offer(IKE_PROTO_ESP, sa->cfg->esp, sa->cfg->num_esp, hs->spi_in, 4, false, &offer);
	ike_draft_request(&draft, sa, IKE_EXCHANGE_AUTH);
	add_id(&draft, IKE_PAYLOAD_IDI, &id);
	ike_auth_add_certs(&draft, sa->cfg->creds);
	ike_auth_add_certreq(&draft, sa->cfg->trust);
	/* RFC 7296 2.4: only while there is no other IKE SA with this peer; with rivals there may be. */
	if (!ike_conn_up(sa->conn) && !ike_rival_has_others(sa))
		ike_draft_notify(&draft, IKE_NOTIFY_INITIAL_CONTACT, bytes_make(NULL, 0));
	if (remote_id(sa->cfg, &peer))
		add_id(&draft, IKE_PAYLOAD_IDR, &peer);
	add_auth(&draft, method, &value);
	ike_qcd_add(&draft, sa);
	add_child(&draft, &offer, &sa->cfg->ts_local, &sa->cfg->ts_remote);
	ike_ppk_add_identity(&draft, &without_ppk);
	if (sa->cfg->mobike)
		ike_mobike_add_supported(&draft);
	secret_fini(&value);
	secret_fini(&without_ppk);
	return ike_draft_send_request(&draft, IKE_PACE_HANDSHAKE, now) ? IKE_R_OK : IKE_R_INTERNAL;
}

static enum ike_reason peer_authenticates(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct ike_id_cfg want;
	struct ike_auth auth;
	struct ike_id id;
	char detail[256];
	enum ike_reason reason = ike_id_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_IDR)->body, &id);

	if (reason == IKE_R_OK)
		reason = ike_auth_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_AUTH)->body, &auth);
	if (reason != IKE_R_OK)
		return reason;
	if (remote_id(sa->cfg, &want) && !ike_id_matches(&want, &id)) {
		note_id_mismatch(sa->conn, &want, &id);
		return IKE_R_ID_MISMATCH;
	}
	reason = ike_ppk_response(turn, detail, sizeof(detail));
	if (reason == IKE_R_OK)
		reason = verify_peer(turn, sa->cfg, &id, &auth, detail, sizeof(detail));
	if (reason != IKE_R_OK)
		ike_conn_failed(sa->conn, reason, detail);
	return reason;
}

/* Under the IKE_SA_INIT answer that this one is from, or another that led to the same keys. */
static enum ike_reason peer_proves_itself(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	enum ike_reason reason = peer_authenticates(turn);
	struct ike_sa *twin = NULL;

	while (reason != IKE_R_OK && (twin = ike_rival_twin(sa, twin))) {
		ike_rival_swap(sa, twin);
		if (peer_authenticates(turn) == IKE_R_OK)
			return IKE_R_OK;
		ike_rival_swap(sa, twin);
	}
	return reason;
}

static enum ike_reason reason_of_error(uint16_t type)
{
	switch (type) {
	case IKE_NOTIFY_AUTHENTICATION_FAILED:
		return IKE_R_PEER_AUTH_FAILED;
	case IKE_NOTIFY_NO_PROPOSAL_CHOSEN:
		return IKE_R_PEER_NO_PROPOSAL;
	case IKE_NOTIFY_TS_UNACCEPTABLE:
		return IKE_R_PEER_TS_UNACCEPTABLE;
	default:
		return IKE_R_PEER_ERROR;
	}
}

enum ike_reason ike_note_peer_error(struct ike_sa *sa, const char *exchange, uint16_t type)
{
	enum ike_reason reason = reason_of_error(type);
	char ours[200], detail[256];

	if (reason == IKE_R_PEER_NO_PROPOSAL)
		snprintf(detail, sizeof(detail), "ESP: we offer %s",
			 ike_proposals_format(IKE_PROTO_ESP, sa->cfg->esp, sa->cfg->num_esp, ours,
					      sizeof(ours)));
	else if (reason == IKE_R_PEER_TS_UNACCEPTABLE)
		snprintf(detail, sizeof(detail), "we offer %s",
			 ike_ts_format(&sa->cfg->ts_local, ours, sizeof(ours)));
	else
		snprintf(detail, sizeof(detail), "%s is answered by %s", exchange, iana_notify_name(type));
	if (reason == IKE_R_PEER_AUTH_FAILED)
		ike_ppk_doubt(sa, &sa->cfg->ppk, detail, sizeof(detail));
	ike_conn_failed(sa->conn, reason, detail);
	return reason;
}

/* The peer is who it should be, but there is no Child SA: why? */
static enum ike_reason child_refused(struct ike_turn *turn)
{
	struct ike_notify notify;

	if (!ike_turn_error(turn, &notify))
		return IKE_R_PAYLOAD_MISSING;
	return ike_note_peer_error(turn->sa, "IKE_AUTH", notify.type);
}

static enum ike_reason child_agreed(struct ike_turn *turn, struct agreement *agreed)
{
	const struct ike_conn_cfg *cfg = turn->sa->cfg;
	const struct ike_payload *sa = ike_payloads_find(turn->list, IKE_PAYLOAD_SA);
	const struct ike_payload *tsi = ike_payloads_find(turn->list, IKE_PAYLOAD_TSI);
	const struct ike_payload *tsr = ike_payloads_find(turn->list, IKE_PAYLOAD_TSR);
	struct ike_sa_payload answer;
	enum ike_reason reason;

	if (!sa || !tsi || !tsr)
		return child_refused(turn);
	reason = ike_sa_payload_decode(sa->body, &answer);
	if (reason == IKE_R_OK)
		reason = ike_proposal_accept(IKE_PROTO_ESP, cfg->esp, cfg->num_esp, false, &answer,
					     &agreed->esp);
	if (reason == IKE_R_OK)
		reason = ike_ts_decode(tsi->body, &agreed->tsi);
	if (reason == IKE_R_OK)
		reason = ike_ts_decode(tsr->body, &agreed->tsr);
	if (reason != IKE_R_OK)
		return reason;
	agreed->peer_spi = (uint32_t)answer.proposals[0].spi;
	if (answer.proposals[0].spi_len != 4 || !agreed->peer_spi)
		return IKE_R_BAD_SYNTAX;
	/* RFC 7296 2.9: the answer is a subset of what we offered. */
	if (!ike_ts_within(&agreed->tsi, &cfg->ts_local) || !ike_ts_within(&agreed->tsr, &cfg->ts_remote))
		return IKE_R_PEER_CHANGED_PROPOSAL;
	return IKE_R_OK;
}

/* RFC 7296 1.2: the IKE SA is there all the same. */
static void up_without_child(struct ike_turn *turn)
{
	ike_count(turn->engine, turn->sa->conn->last_failure);
	ike_sa_handshake_done(turn->sa);
	ike_childless_refused(turn->sa, turn->now);
}

/* <-- HDR, SK {IDr, AUTH, SAr2, TSi, TSr}, or an error notify in the place of the last three */
static enum ike_reason auth_response(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct agreement agreed = {};
	enum ike_reason reason = peer_proves_itself(turn), child;

	if (reason != IKE_R_OK)
		return reason;
	ike_rival_won(turn);
	child = child_agreed(turn, &agreed);
	if (child != IKE_R_OK && !(ike_childless_may_pass(child) && ike_childless_is_worth(sa)))
		return child;
	if (sa->cfg->mobike && ike_mobike_offered(turn))
		ike_mobike_agreed(turn, true);
	ike_qcd_keep(sa, turn);
	ike_sa_established(sa, turn->now);
	ike_out_event(sa->engine, sa->conn->id, IKE_EVENT_IKE_UP, IKE_R_OK, 0);
	if (child == IKE_R_OK)
		child_install(sa, &agreed, turn->now);
	else
		up_without_child(turn);
	return IKE_R_OK;
}

/* <-- HDR, SK {N(AUTHENTICATION_FAILED)}: who says so keeps nothing, so there is nothing to delete. */
static enum ike_reason auth_refused(struct ike_turn *turn)
{
	struct ike_notify notify;
	enum ike_reason reason;

	if (!ike_turn_error(turn, &notify))
		return IKE_R_PAYLOAD_MISSING;
	reason = ike_note_peer_error(turn->sa, "IKE_AUTH", notify.type);
	ike_rival_doubt(turn->sa, reason, false, turn->now);
	return IKE_R_OK;
}

/* --- responder ------------------------------------------------------------------------------------------- */

struct auth_request {
	struct ike_id idi;
	struct ike_id idr; /* type 0: not given */
	struct ike_auth auth;
	struct ike_sa_payload offer;
	struct ts_list tsi;
	struct ts_list tsr;
	bool childless; /* RFC 6023: the last three are not there */
	bool initial_contact;
};

static enum ike_reason auth_request_read(struct ike_turn *turn, struct auth_request *got)
{
	const struct ike_payloads *list = turn->list;
	const struct ike_payload *idr = ike_payloads_find(list, IKE_PAYLOAD_IDR);
	const struct ike_payload *auth = ike_payloads_find(list, IKE_PAYLOAD_AUTH);
	struct ike_notify notify;
	enum ike_reason reason;

	/* No AUTH asks for EAP, RFC 7296 2.16. */
	if (!auth)
		return IKE_R_AUTH_METHOD;
	reason = ike_id_decode(ike_payloads_find(list, IKE_PAYLOAD_IDI)->body, &got->idi);
	if (reason == IKE_R_OK && idr)
		reason = ike_id_decode(idr->body, &got->idr);
	if (reason == IKE_R_OK)
		reason = ike_auth_decode(auth->body, &got->auth);
	got->initial_contact = ike_turn_notify(turn, IKE_NOTIFY_INITIAL_CONTACT, &notify);
	got->childless = !ike_payloads_find(list, IKE_PAYLOAD_SA);
	if (reason != IKE_R_OK || got->childless)
		return reason;
	reason = ike_sa_payload_decode(ike_payloads_find(list, IKE_PAYLOAD_SA)->body, &got->offer);
	if (reason == IKE_R_OK)
		reason = ike_ts_decode(ike_payloads_find(list, IKE_PAYLOAD_TSI)->body, &got->tsi);
	if (reason == IKE_R_OK)
		reason = ike_ts_decode(ike_payloads_find(list, IKE_PAYLOAD_TSR)->body, &got->tsr);
	return reason;
}

/* Would this connection have accepted what IKE_SA_INIT settled under another one's configuration? */
static bool suite_fits(const struct ike_conn *conn, const struct ike_sa *sa)
{
	const struct ike_sa_payload answer = {.n = 1, .proposals = {sa->hs->answer}};
	struct ike_suite suite;

	return ike_proposal_accept(IKE_PROTO_IKE, conn->cfg->ike, conn->cfg->num_ike, true, &answer,
				   &suite) == IKE_R_OK;
}

static bool ids_fit(const struct ike_conn *conn, const struct ike_sa *sa, const struct auth_request *got)
{
	struct ike_id_cfg want, own;

	local_id(sa, conn->cfg, &own);
	if (got->idr.type && !ike_id_matches(&own, &got->idr))
		return false;
	return !remote_id(conn->cfg, &want) || ike_id_matches(&want, &got->idi);
}

/* The connection of this peer; NULL, with the mismatch noted, when the identities are nobody's. */
static struct ike_conn *find_connection(struct ike_turn *turn, const struct auth_request *got)
{
	/* Those of IKE_SA_INIT: whoever copies IKE_AUTH can send it from anywhere. */
	const struct ipaddr *local = &turn->sa->local.addr, *remote = &turn->sa->remote.addr;
	struct ike_conn *first = ike_conn_candidate(turn->engine, local, remote, NULL);
	struct ike_id_cfg want;

	for (struct ike_conn *conn = first; conn;
	     conn = ike_conn_candidate(turn->engine, local, remote, conn))
		if (suite_fits(conn, turn->sa) && ids_fit(conn, turn->sa, got))
			return conn;
	if (first && !ike_conn_up(first) && remote_id(first->cfg, &want))
		note_id_mismatch(first, &want, &got->idi);
	return NULL;
}

/* A peer that has our keys but not our trust: said where the operator looks, unless the connection is up anyway. */
static void note_refusal(struct ike_conn *conn, enum ike_reason reason, const char *detail)
{
	if (ike_conn_up(conn))
		return;
	ike_conn_failed(conn, reason, detail);
	if (!ike_conn_attempt(conn))
		ike_out_event(conn->engine, conn->id, IKE_EVENT_IKE_DOWN, reason, 0);
}

void ike_note_esp_offer(struct ike_conn *conn, const struct ike_conn_cfg *cfg,
			const struct ike_sa_payload *offer)
{
	char ours[100], theirs[100], detail[256];

	snprintf(detail, sizeof(detail), "ESP: we have %s; the peer offers %s",
		 ike_proposals_format(IKE_PROTO_ESP, cfg->esp, cfg->num_esp, ours, sizeof(ours)),
		 ike_offer_format(offer, theirs, sizeof(theirs)));
	ike_conn_failed(conn, IKE_R_NO_PROPOSAL, detail);
}

static enum ike_reason choose_child(struct ike_sa *sa, const struct auth_request *got,
				    struct agreement *agreed)
{
	const struct ike_conn_cfg *cfg = sa->cfg;
	struct ike_proposal *answer = &sa->hs->answer;
	char ours[100], theirs[100], detail[256];
	enum ike_reason reason;

	reason = ike_proposal_choose(IKE_PROTO_ESP, cfg->esp, cfg->num_esp, &got->offer, false, &agreed->esp,
				     answer);
	if (reason != IKE_R_OK) {
		ike_note_esp_offer(sa->conn, cfg, &got->offer);
		return reason;
	}
	agreed->peer_spi = (uint32_t)answer->spi;
	if (answer->spi_len != 4 || !agreed->peer_spi)
		return IKE_R_BAD_SYNTAX;
	reason = ike_ts_narrow(&cfg->ts_remote, &got->tsi, &agreed->tsi);
	if (reason == IKE_R_OK)
		reason = ike_ts_narrow(&cfg->ts_local, &got->tsr, &agreed->tsr);
	if (reason != IKE_R_OK) {
		snprintf(detail, sizeof(detail), "we have %s; the peer offers %s",
			 ike_ts_format(&cfg->ts_remote, ours, sizeof(ours)),
			 ike_ts_format(&got->tsi, theirs, sizeof(theirs)));
		ike_conn_failed(sa->conn, reason, detail);
	}
	return reason;
}

/* With the Child SA that the handshake holds, with an error in its place, or (0) with neither. */
static void auth_respond(struct ike_sa *sa, bool child, uint16_t error, struct instant now)
{
	const struct ike_hdr request = {.exchange = IKE_EXCHANGE_AUTH,
					.message_id = sa->window.expected_id - 1};
	struct ike_handshake *hs = sa->hs;
	struct ike_sa_payload answer = {.n = 1, .proposals = {hs->answer}};
	struct ike_id_cfg id;
	struct ike_draft draft;

	local_id(sa, sa->cfg, &id);
	ike_draft_response(&draft, sa, &request);
	add_id(&draft, IKE_PAYLOAD_IDR, &id);
	ike_auth_add_certs(&draft, sa->cfg->creds);
	add_auth(&draft, hs->auth_method, &hs->auth_value);
	ike_qcd_add(&draft, sa);
	if (error)
		ike_draft_notify(&draft, error, bytes_make(NULL, 0));
	if (child)
		add_child(&draft, &answer, &hs->ts_local, &hs->ts_remote);
	/* RFC 8784 3: empty, it says that we use it too. */
	if (sa->ppk)
		ike_draft_notify(&draft, IKE_NOTIFY_PPK_IDENTITY, bytes_make(NULL, 0));
	if (sa->mobike.on)
		ike_mobike_add_supported(&draft);
	ike_draft_send_response(&draft, &sa->local, &sa->remote);
	ike_sa_established(sa, now);
	ike_out_event(sa->engine, sa->conn->id, IKE_EVENT_IKE_UP, IKE_R_OK, 0);
}

/* Authenticated, but no Child SA comes of it. */
static void auth_respond_childless(struct ike_sa *sa, enum ike_reason reason, struct instant now)
{
	uint16_t notify = ike_reason_info(reason)->notify;

	ike_count(sa->engine, reason);
	if (sa->conn->last_failure != reason)
		ike_conn_failed(sa->conn, reason, "");
	auth_respond(sa, false, notify ? notify : IKE_NOTIFY_NO_ADDITIONAL_SAS, now);
	sa->noted = true;
	ike_sa_handshake_done(sa);
	if (ike_childless_may_pass(reason) && ike_childless_is_worth(sa)) {
		ike_childless_refused(sa, now);
		return;
	}
	sa->retire = instant_add(now, CHILDLESS_US);
	ike_sa_rearm(sa);
}

/* RFC 6023: as the initiator wants it. */
static void auth_respond_as_asked(struct ike_sa *sa, struct instant now)
{
	bool initial_contact = sa->hs->initial_contact;

	auth_respond(sa, false, 0, now);
	ike_sa_handshake_done(sa);
	ike_childless_by_peer(sa, initial_contact, now);
}

static void child_hold(struct ike_sa *sa, const struct agreement *agreed, struct instant now)
{
	struct ike_handshake *hs = sa->hs;

	hs->spi_in = sa->engine->host->spi_reserve(sa->engine->host->arg);
	if (!hs->spi_in) {
		auth_respond_childless(sa, IKE_R_DATAPLANE, now);
		return;
	}
	hs->answer.spi = hs->spi_in;
	hs->ts_local = agreed->tsi;
	hs->ts_remote = agreed->tsr;
	sa->state = IKE_SA_AUTH_HELD;
	child_install(sa, agreed, now);
}

/* --> HDR, SK {IDi, [IDr,] AUTH, [SAi2, TSi, TSr]} */
static enum ike_reason auth_request(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct auth_request got = {};
	struct agreement agreed = {};
	struct ike_id_cfg id;
	struct ike_conn *conn;
	char detail[256];
	enum ike_reason reason = auth_request_read(turn, &got);

	if (reason != IKE_R_OK)
		return reason;
	conn = find_connection(turn, &got);
	if (!conn)
		return IKE_R_ID_MISMATCH;
	reason = ike_ppk_request(turn, &conn->cfg->ppk, &got.auth, detail, sizeof(detail));
	if (reason == IKE_R_OK)
		reason = verify_peer(turn, conn->cfg, &got.idi, &got.auth, detail, sizeof(detail));
	if (reason != IKE_R_OK) {
		note_refusal(conn, reason, detail);
		return reason;
	}
	if (conn->cfg->mobike && ike_mobike_nat_unexpected(turn))
		return IKE_R_NAT_UNEXPECTED;
	local_id(sa, conn->cfg, &id);
	reason = own_auth(sa, conn, &id, &sa->hs->auth_value, &sa->hs->auth_method);
	if (reason != IKE_R_OK)
		return reason;
	sa->local = *turn->local;
	/* To port 4500, or where a NAT says; without one the address stays, whoever has copied the datagram. */
	sa->remote.port = turn->remote->port;
	if (sa->nat_remote)
		sa->remote.addr = turn->remote->addr;
	sa->natt = turn->local->port == IKE_NATT_PORT;
	ike_sa_join(sa, conn);
	ike_sa_make_room(sa, turn->now);
	if (sa->cfg->mobike && ike_mobike_offered(turn))
		ike_mobike_agreed(turn, false);
	sa->hs->initial_contact = got.initial_contact;
	ike_qcd_keep(sa, turn);
	if (got.childless) {
		auth_respond_as_asked(sa, turn->now);
		return IKE_R_OK;
	}
	reason = choose_child(sa, &got, &agreed);
	if (reason == IKE_R_OK)
		child_hold(sa, &agreed, turn->now);
	else
		auth_respond_childless(sa, reason, turn->now);
	return IKE_R_OK;
}

/* --- the data plane's word ------------------------------------------------------------------------------- */

static void child_up(struct child_sa *child, struct instant now)
{
	struct ike_sa *sa = child->sa;
	bool initial_contact = sa->hs->initial_contact;

	if (sa->state == IKE_SA_AUTH_HELD)
		auth_respond(sa, true, 0, now);
	child_sa_installed(child, now);
	ike_sa_handshake_done(sa);
	ike_sa_supersede(sa, initial_contact, now);
	ike_sa_continue(sa, now);
}

static void child_failed(struct child_sa *child, int error, struct instant now)
{
	struct ike_sa *sa = child->sa;
	char detail[128];

	snprintf(detail, sizeof(detail), "%s", safe_strerror(-error));
	ike_conn_failed(sa->conn, IKE_R_DATAPLANE, detail);
	child_sa_close(child, IKE_R_DATAPLANE);
	if (sa->state == IKE_SA_AUTH_HELD)
		auth_respond_childless(sa, IKE_R_DATAPLANE, now);
	else
		ike_sa_close(sa, IKE_R_DATAPLANE, now);
}

void ike_auth_child_result(struct child_sa *child, int result, struct instant now)
{
	struct ike_sa *sa = child->sa;

	if (result == 0)
		child_up(child, now);
	else
		child_failed(child, result, now);
	ike_sa_rearm(sa);
}

#define AUTH_EXTRA (IKE_SET(NOTIFY) | IKE_SET(VENDOR) | IKE_SET(CERT) | IKE_SET(CERTREQ) | IKE_SET(CP))

const struct ike_row ike_auth_rows[] = {
	{.name = "responder: IKE_AUTH, the data plane gets the Child SA",
	 .in = IKE_SA_INIT_DONE,
	 .exchange = IKE_EXCHANGE_AUTH,
	 .sealed = true,
	 .need = IKE_SET(IDI) | IKE_SET(SA) | IKE_SET(TSI) | IKE_SET(TSR),
	 .may = IKE_SET(AUTH) | IKE_SET(IDR) | AUTH_EXTRA,
	 .handle = auth_request,
	 .to = IKE_SA_AUTH_HELD},
	{.name = "responder: IKE_AUTH that wants no Child SA yet (RFC 6023)",
	 .in = IKE_SA_INIT_DONE,
	 .exchange = IKE_EXCHANGE_AUTH,
	 .sealed = true,
	 .need = IKE_SET(IDI) | IKE_SET(AUTH),
	 .may = IKE_SET(IDR) | AUTH_EXTRA,
	 .handle = auth_request,
	 .to = IKE_SA_ESTABLISHED},
	{.name = "initiator: the peer is authenticated, the data plane gets the Child SA",
	 .in = IKE_SA_AUTH_SENT,
	 .exchange = IKE_EXCHANGE_AUTH,
	 .response = true,
	 .sealed = true,
	 .need = IKE_SET(IDR) | IKE_SET(AUTH),
	 .may = IKE_SET(SA) | IKE_SET(TSI) | IKE_SET(TSR) | AUTH_EXTRA,
	 .handle = auth_response,
	 .to = IKE_SA_ESTABLISHED},
	{.name = "initiator: the peer refuses us",
	 .in = IKE_SA_AUTH_SENT,
	 .exchange = IKE_EXCHANGE_AUTH,
	 .response = true,
	 .sealed = true,
	 .need = IKE_SET(NOTIFY),
	 .may = IKE_SET(VENDOR),
	 .handle = auth_refused,
	 .to = IKE_SA_AUTH_SENT},
	{},
};
