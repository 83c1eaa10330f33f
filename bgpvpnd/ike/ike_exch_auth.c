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

#include "bgpvpnd/ike/ike_alike.h"
#include "bgpvpnd/ike/ike_auth_cert.h"
#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_id.h"
#include "bgpvpnd/ike/ike_note.h"
#include "bgpvpnd/ike/ike_proof.h"
#include "bgpvpnd/ike/ike_qcd.h"
#include "bgpvpnd/ike/ike_rival.h"
#include "bgpvpnd/ike/ike_selectors.h"

/* An IKE SA that came up without its Child SA and is of no use: the initiator closes it, or we do after this. */
#define CHILDLESS_US (10 * USEC_PER_S)

/* --- both roles ------------------------------------------------------------------------------------------ */

static void add_child(struct ike_draft *draft, const struct ike_sa_payload *sa, const struct ts_list *tsi,
		      const struct ts_list *tsr)
{
	ike_mode_add(draft);
	ike_draft_sa(draft, sa);
	ike_draft_ts(draft, tsi, tsr);
}

/* What both sides agreed on for the first Child SA. */
struct agreement {
	struct ike_suite esp;
	uint32_t peer_spi;
	struct ike_selectors ts;
};

/* The first Child SA goes to the data plane. spi_in is taken over from the handshake. */
static void child_install(struct ike_sa *sa, const struct agreement *agreed, struct instant now)
{
	struct ike_handshake *hs = sa->hs;
	const struct child_plan plan = {
		.esp = agreed->esp,
		.spi_in = hs->spi_in,
		.spi_out = agreed->peer_spi,
		.ts_local = agreed->ts.local,
		.ts_remote = agreed->ts.remote,
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
	struct ike_selectors ts;
	struct ike_id_cfg id, peer;
	struct ike_draft draft;
	enum ike_reason reason;
	uint8_t method;

	ike_proof_local_id(sa, sa->cfg, &id);
	reason = ike_proof_mix_ppk(sa, &id, &without_ppk);
	if (reason == IKE_R_OK)
		reason = ike_proof_own(sa, sa->conn, &id, &value, &method);
	if (reason != IKE_R_OK || !ike_rival_reserve(sa)) {
		secret_fini(&value);
		secret_fini(&without_ppk);
		return reason == IKE_R_OK ? IKE_R_INTERNAL : reason;
	}
	ike_proposal_offer(IKE_PROTO_ESP, sa->cfg->esp, sa->cfg->num_esp, hs->spi_in, 4, false, &offer);
	ike_draft_request(&draft, sa, IKE_EXCHANGE_AUTH);
	ike_proof_add_id(&draft, IKE_PAYLOAD_IDI, &id);
	ike_auth_add_certs(&draft, sa->cfg->creds);
	ike_auth_add_certreq(&draft, sa->cfg->trust);
	/* RFC 7296 2.4: only while there is no other IKE SA with this peer; with rivals there may be. */
	if (!ike_conn_up(sa->conn) && !ike_rival_has_others(sa) && !ike_alike_is_busy(sa->conn))
		ike_draft_notify(&draft, IKE_NOTIFY_INITIAL_CONTACT, bytes_make(NULL, 0));
	if (ike_proof_remote_id(sa->cfg, &peer))
		ike_proof_add_id(&draft, IKE_PAYLOAD_IDR, &peer);
	ike_proof_add_auth(&draft, method, &value);
	ike_qcd_add(&draft, sa);
	ike_selectors_of(sa, &ts);
	add_child(&draft, &offer, &ts.local, &ts.remote);
	ike_ppk_add_identity(&draft, &without_ppk);
	if (ike_mobike_wanted(sa->cfg))
		ike_mobike_add_supported(&draft);
	secret_fini(&value);
	secret_fini(&without_ppk);
	return ike_draft_send_request(&draft, IKE_PACE_HANDSHAKE, now) ? IKE_R_OK : IKE_R_INTERNAL;
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
		reason = ike_ts_decode(tsi->body, &agreed->ts.local);
	if (reason == IKE_R_OK)
		reason = ike_ts_decode(tsr->body, &agreed->ts.remote);
	if (reason != IKE_R_OK)
		return reason;
	agreed->peer_spi = (uint32_t)answer.proposals[0].spi;
	if (answer.proposals[0].spi_len != 4 || !agreed->peer_spi)
		return IKE_R_BAD_SYNTAX;
	reason = ike_mode_check(turn);
	if (reason == IKE_R_TUNNEL_MODE)
		ike_conn_failed(turn->sa->conn, reason, "");
	return reason == IKE_R_OK ? ike_selectors_accept(turn->sa, &agreed->ts) : reason;
}

/* RFC 7296 1.2: the IKE SA is there all the same. What the peer has made in another mode is deleted (1.3.1). */
static void up_without_child(struct ike_turn *turn, enum ike_reason why, uint32_t peer_spi)
{
	struct ike_handshake *hs = turn->sa->hs;

	if (why == IKE_R_TUNNEL_MODE) {
		child_sa_stillborn(turn->sa, hs->spi_in, peer_spi, turn->now);
		hs->spi_in = 0;
	}
	ike_count(turn->engine, why);
	ike_sa_handshake_done(turn->sa);
	ike_childless_refused(turn->sa, turn->now);
}

/* <-- HDR, SK {IDr, AUTH, SAr2, TSi, TSr}, or an error notify in the place of the last three */
static enum ike_reason auth_response(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct agreement agreed = {};
	enum ike_reason reason = ike_proof_of_peer(turn), child;

	if (reason != IKE_R_OK)
		return reason;
	ike_rival_won(turn);
	child = child_agreed(turn, &agreed);
	if (child != IKE_R_OK && !(ike_childless_may_pass(child) && ike_childless_is_worth(sa)))
		return child;
	if (ike_mobike_wanted(sa->cfg) && ike_mobike_offered(turn))
		ike_mobike_agreed(turn, true);
	ike_qcd_keep(sa, turn);
	ike_sa_established(sa, turn->now);
	ike_out_event(sa->engine, sa->conn->id, IKE_EVENT_IKE_UP, IKE_R_OK, 0);
	if (child == IKE_R_OK)
		child_install(sa, &agreed, turn->now);
	else
		up_without_child(turn, child, agreed.peer_spi);
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
	struct ike_selectors ts;
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
		reason = ike_ts_decode(ike_payloads_find(list, IKE_PAYLOAD_TSI)->body, &got->ts.remote);
	if (reason == IKE_R_OK)
		reason = ike_ts_decode(ike_payloads_find(list, IKE_PAYLOAD_TSR)->body, &got->ts.local);
	return reason;
}

static enum ike_reason choose_child(const struct ike_turn *turn, const struct auth_request *got,
				    struct agreement *agreed)
{
	struct ike_sa *sa = turn->sa;
	const struct ike_conn_cfg *cfg = sa->cfg;
	struct ike_proposal *answer = &sa->hs->answer;
	char detail[256] = "";
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
	reason = ike_mode_check(turn);
	if (reason == IKE_R_OK)
		reason = ike_selectors_narrow(sa, &got->ts, &agreed->ts, detail, sizeof(detail));
	if (reason != IKE_R_OK)
		ike_conn_failed(sa->conn, reason, detail);
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

	ike_proof_local_id(sa, sa->cfg, &id);
	ike_draft_response(&draft, sa, &request);
	ike_proof_add_id(&draft, IKE_PAYLOAD_IDR, &id);
	ike_auth_add_certs(&draft, sa->cfg->creds);
	ike_proof_add_auth(&draft, hs->auth_method, &hs->auth_value);
	ike_qcd_add(&draft, sa);
	if (error)
		ike_draft_notify(&draft, error, bytes_make(NULL, 0));
	if (child)
		add_child(&draft, &answer, &hs->ts_remote, &hs->ts_local);
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
	hs->ts_local = agreed->ts.local;
	hs->ts_remote = agreed->ts.remote;
	sa->state = IKE_SA_AUTH_HELD;
	child_install(sa, agreed, now);
}

/* Read and judged whole; our own AUTH, which may not be possible, is the last of it. */
static enum ike_reason auth_request_prove(struct ike_turn *turn, struct auth_request *got,
					  struct ike_conn **conn_found)
{
	struct ike_sa *sa = turn->sa;
	struct ike_id_cfg id;
	struct ike_conn *conn;
	char detail[256];
	enum ike_reason reason = auth_request_read(turn, got);

	if (reason != IKE_R_OK)
		return reason;
	*conn_found = conn = ike_proof_find_connection(turn, &got->idi, &got->idr);
	if (!conn)
		return IKE_R_ID_MISMATCH;
	*conn_found = conn = ike_alike_choose(turn, conn, got->childless ? NULL : &got->ts);
	reason = ike_ppk_request(turn, &conn->cfg->ppk, &got->auth, detail, sizeof(detail));
	if (reason == IKE_R_OK)
		reason = ike_proof_verify(turn, conn->cfg, &got->idi, &got->auth, detail, sizeof(detail));
	if (reason != IKE_R_OK) {
		ike_note_refusal(conn, reason, detail);
		return reason;
	}
	if (ike_mobike_wanted(conn->cfg) && ike_mobike_nat_unexpected(turn))
		return IKE_R_NAT_UNEXPECTED;
	ike_proof_local_id(sa, conn->cfg, &id);
	reason = ike_proof_own(sa, conn, &id, &sa->hs->auth_value, &sa->hs->auth_method);
	if (reason != IKE_R_OK || !conn->cfg->many)
		return reason;
	reason = ike_spawn(conn, &got->idi, conn_found);
	if (reason != IKE_R_OK)
		ike_note_refusal(conn, reason, "");
	return reason;
}

/* --> HDR, SK {IDi, [IDr,] AUTH, [SAi2, TSi, TSr]} */
static enum ike_reason auth_request(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct auth_request got = {};
	struct agreement agreed = {};
	struct ike_conn *conn = NULL;
	enum ike_reason reason = auth_request_prove(turn, &got, &conn);

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
	if (ike_mobike_wanted(sa->cfg) && ike_mobike_offered(turn))
		ike_mobike_agreed(turn, false);
	sa->hs->initial_contact = got.initial_contact;
	ike_qcd_keep(sa, turn);
	if (got.childless) {
		auth_respond_as_asked(sa, turn->now);
		return IKE_R_OK;
	}
	reason = choose_child(turn, &got, &agreed);
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
