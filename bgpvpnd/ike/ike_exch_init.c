// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_SA_INIT, RFC 7296 1.2, 2.6, 2.7, 2.14, 2.23: proposals, Diffie-Hellman, nonces, NAT detection, cookies; RFC 7383 2.3,
 * RFC 8784 3.
 *
 *	Initiator                       Responder
 *	HDR, [N(COOKIE),] SAi1, KEi, Ni, N(NAT..), N(FRAGMENTATION), [N(HASHES)] -->
 *	                           <--  HDR, SAr1, KEr, Nr, N(NAT..), N(FRAGMENTATION), [N(HASHES),] [CERTREQ]
 *
 * Nobody has proved anything yet: a request leaves state behind only when a connection wants it and, under load, when
 * it returned a cookie; a response that does not fit is counted, and the true one may still come.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_ask.h"
#include "bgpvpnd/ike/ike_auth_cert.h"
#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_nat.h"
#include "bgpvpnd/ike/ike_note.h"
#include "bgpvpnd/ike/ike_rival.h"

#define INIT_NEED (IKE_SET(SA) | IKE_SET(KE) | IKE_SET(NONCE))
#define INIT_MAY  (IKE_SET(NOTIFY) | IKE_SET(VENDOR) | IKE_SET(CERTREQ))

/* --- both roles ------------------------------------------------------------------------------------------ */

static void add_ke_nonce_notifies(struct ike_draft *draft, const struct secret *nonce)
{
	struct ike_sa *sa = draft->sa;

	sa->nat_pretended = sa->cfg->nat_force || IS_IPADDR_NONE(&sa->local.addr);
	ike_draft_ke(draft, sa->hs->ke, sa->hs->ke_method);
	ike_draft_nonce(draft, nonce);
	ike_nat_add(draft, &sa->local, &sa->remote, sa->nat_pretended);
	/* RFC 7383 2.3: a responder says so only to one that said so. */
	if (sa->initiator ? sa->cfg->fragmentation > 0 : sa->fragmentation)
		ike_draft_notify(draft, IKE_NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED, bytes_make(NULL, 0));
	ike_ppk_announce(draft);
	/* RFC 9370 2.2.1: who asks for additional key exchanges says that it can make them, and so does who agrees. */
	if (sa->initiator ? ike_proposals_have_addke(sa->cfg->ike, sa->cfg->num_ike) : sa->hs->addke.num)
		ike_draft_notify(draft, IKE_NOTIFY_INTERMEDIATE_EXCHANGE_SUPPORTED, bytes_make(NULL, 0));
}

static bool can_intermediate(const struct ike_turn *turn)
{
	struct ike_notify notify;

	return ike_turn_notify(turn, IKE_NOTIFY_INTERMEDIATE_EXCHANGE_SUPPORTED, &notify);
}

/* Does the peer take fragments, and do we? */
static bool fragments_agreed(const struct ike_turn *turn, const struct ike_conn_cfg *cfg)
{
	struct ike_notify notify;

	return cfg->fragmentation > 0 &&
	       ike_turn_notify(turn, IKE_NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED, &notify);
}

/* --- initiator ------------------------------------------------------------------------------------------- */

bool ike_init_send(struct ike_sa *sa, struct instant now)
{
	struct ike_handshake *hs = sa->hs;
	struct ike_sa_payload offer;
	struct ike_draft draft;

	sa->window.next_id = 0;
	ike_draft_request(&draft, sa, IKE_EXCHANGE_SA_INIT);
	if (hs->cookie.len)
		ike_draft_notify(&draft, IKE_NOTIFY_COOKIE, secret_view(&hs->cookie));
	ike_proposal_offer(IKE_PROTO_IKE, sa->cfg->ike, sa->cfg->num_ike, 0, 0, true, &offer);
	ike_draft_sa(&draft, &offer);
	add_ke_nonce_notifies(&draft, &hs->nonce_i);
	if (sa->cfg->creds || sa->cfg->trust)
		ike_auth_add_hashes(&draft);
	return ike_draft_send_request(&draft, IKE_PACE_HANDSHAKE, now);
}

bool ike_init_key_pair(struct ike_sa *sa, uint16_t method)
{
	const struct crypto_ke_method *row = crypto_ke_method_find(method);
	struct ike_handshake *hs = sa->hs;

	crypto_ke_free(hs->ke);
	hs->ke = row ? crypto_ke_new(row) : NULL;
	hs->ke_method = method;
	return hs->ke;
}

void ike_init_start(struct ike_conn *conn, const struct endpoint *local, const struct endpoint *remote,
		    struct instant now)
{
	struct ike_sa *sa = ike_sa_new(conn->engine, true, now);

	ike_sa_join(sa, conn);
	sa->local = *local;
	sa->remote = *remote;
	ike_fresh_nonce(sa->engine, &sa->hs->nonce_i);
	if (!ike_init_key_pair(sa, ike_proposal_first_group(&sa->cfg->ike[0])) || !ike_init_send(sa, now))
		ike_sa_fail(sa, IKE_R_INTERNAL, now);
	else
		ike_sa_rearm(sa);
}

/* What nobody vouches for may be anybody's: the request goes on, for a while, in case the true answer is another. */
static void note_hint(struct ike_turn *turn, enum ike_reason reason, const char *detail)
{
	ike_conn_failed(turn->sa->conn, reason, detail);
	ike_rival_refused(turn->sa, reason, turn->now);
}

/* Everything of the response, before anything of the SA changes. */
struct init_response {
	struct ike_suite suite;
	struct ike_ke ke;
	struct bytes nonce;
	struct ike_nat_finding nat;
	struct secret shared;
};

static enum ike_reason init_response_read(struct ike_turn *turn, struct init_response *got)
{
	const struct ike_conn_cfg *cfg = turn->sa->cfg;
	struct ike_sa_payload answer;
	enum ike_reason reason;

	if (turn->msg.hdr.spi_r == 0)
		return IKE_R_BAD_SYNTAX;
	reason = ike_sa_payload_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_SA)->body, &answer);
	if (reason == IKE_R_OK)
		reason = ike_proposal_accept(IKE_PROTO_IKE, cfg->ike, cfg->num_ike, true, &answer,
					     &got->suite);
	if (reason == IKE_R_OK)
		reason = ike_ke_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_KE)->body, &got->ke);
	if (reason == IKE_R_OK)
		reason =
			ike_nonce_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_NONCE)->body, &got->nonce);
	if (reason != IKE_R_OK)
		return reason;
	if (ike_suite_has_addke(&got->suite) && !can_intermediate(turn))
		return IKE_R_PEER_CHANGED_PROPOSAL;
	if (got->ke.method != got->suite.ke->id ||
	    (got->ke.method != turn->sa->hs->ke_method && !ike_ask_switch(turn->sa->hs, got->ke.method)))
		return IKE_R_BAD_KE;
	if (cfg->ppk.required && !ike_ppk_agreed(turn, cfg)) {
		note_hint(turn, IKE_R_PPK_REQUIRED, "no USE_PPK in its answer");
		return IKE_R_PPK_REQUIRED;
	}
	got->nat = ike_nat_detect(turn);
	return IKE_R_OK;
}

/* Only an answer that is new, and not one too many, is worth a Diffie-Hellman. */
static enum ike_reason init_response_derive(struct ike_turn *turn, struct init_response *got)
{
	struct ike_handshake *hs = turn->sa->hs;
	uint8_t print[CRYPTO_SHA1_LEN];
	enum ike_reason reason = ike_rival_admit(turn, print);

	if (reason != IKE_R_OK)
		return reason;
	ike_rival_tried(hs, print);
	return crypto_ke_derive(hs->ke, got->ke.value, &got->shared) ? IKE_R_OK : IKE_R_BAD_KE;
}

static void init_response_commit(struct ike_turn *turn, const struct init_response *got)
{
	struct ike_sa *sa = turn->sa;

	sa->suite = got->suite;
	ike_addke_plan(&sa->hs->addke, &got->suite);
	sa->local.addr = turn->local->addr;
	sa->nat_local = got->nat.local;
	sa->nat_remote = got->nat.remote;
	sa->fragmentation = fragments_agreed(turn, sa->cfg);
	sa->hs->ppk.agreed = ike_ppk_agreed(turn, sa->cfg);
	ike_auth_take_hashes(sa, turn);
	secret_set(&sa->hs->nonce_r, got->nonce);
	secret_set(&sa->hs->init_response, turn->datagram);
	/* RFC 7296 2.23: from here on both sides use 4500, so that ESP finds its way too; RFC 4555 3.3: whatever NAT there is later. */
	sa->natt = sa->local.port == IKE_NATT_PORT ||
		   (got->nat.supported &&
		    (sa->nat_pretended || got->nat.local || got->nat.remote || ike_mobike_wanted(sa->cfg)));
	ike_mobike_note_mapping(turn);
	if (sa->natt && sa->local.port != IKE_NATT_PORT) {
		sa->local.port = IKE_NATT_PORT;
		sa->remote.port = IKE_NATT_PORT;
	}
}

/* <-- HDR, SAr1, KEr, Nr, N(NAT..), N(FRAGMENTATION)		HDR, SK {IDi, ...} or {KEi(1)} --> */
static enum ike_reason init_response(struct ike_turn *turn)
{
	struct init_response got = {};
	enum ike_reason reason = init_response_read(turn, &got), sent = IKE_R_INTERNAL;
	struct ike_sa *sa;

	if (reason == IKE_R_OK)
		reason = init_response_derive(turn, &got);
	if (reason == IKE_R_OK) {
		turn->sa = sa = ike_rival_new(turn->sa, turn);
		init_response_commit(turn, &got);
		if (ike_sa_keys_make(sa, secret_view(&got.shared)))
			sent = ike_intermediate_or_auth_send(sa, turn->now);
		if (sent != IKE_R_OK)
			ike_sa_fail(sa, sent, turn->now);
	}
	secret_fini(&got.shared);
	return reason;
}

static enum ike_reason take_hint(struct ike_turn *turn, const struct ike_notify *notify)
{
	bool proposal = notify->type == IKE_NOTIFY_NO_PROPOSAL_CHOSEN;
	struct ike_sa *sa = turn->sa;
	enum ike_reason reason = proposal ? IKE_R_PEER_NO_PROPOSAL : IKE_R_PEER_ERROR;
	char ours[200], detail[256];

	if (proposal)
		snprintf(detail, sizeof(detail), "we offer %s",
			 ike_proposals_format(IKE_PROTO_IKE, sa->cfg->ike, sa->cfg->num_ike, ours,
					      sizeof(ours)));
	else
		snprintf(detail, sizeof(detail), "IKE_SA_INIT is answered by %s",
			 iana_notify_name(notify->type));
	note_hint(turn, reason, detail);
	return IKE_R_OK;
}

/* <-- HDR, N(COOKIE) | N(INVALID_KE_PAYLOAD) | N(error) */
static enum ike_reason init_refused(struct ike_turn *turn)
{
	struct ike_notify notify;
	bool cookie = ike_turn_notify(turn, IKE_NOTIFY_COOKIE, &notify);

	if (!cookie && !ike_turn_error(turn, &notify))
		return IKE_R_PAYLOAD_MISSING;
	if (!cookie && notify.type != IKE_NOTIFY_INVALID_KE_PAYLOAD)
		return take_hint(turn, &notify);
	if (turn->sa->hs->restarts >= LIMIT_INIT_RESTARTS)
		return IKE_R_INIT_LOOP;
	return cookie ? ike_ask_hear_cookie(turn, &notify) : ike_ask_group(turn, &notify);
}

/* --- responder ------------------------------------------------------------------------------------------- */

struct init_request {
	struct bytes nonce;
	struct ike_ke ke;
	struct ike_conn *conn;
	struct ike_suite suite;
	struct ike_proposal answer;
};

static void ask_for_cookie(struct ike_turn *turn, struct bytes nonce)
{
	struct ike_engine *engine = turn->engine;
	uint8_t cookie[IKE_COOKIE_LEN];
	size_t len;

	ike_cookie_make(&engine->cookies, engine->host, nonce, turn->remote, turn->msg.hdr.spi_i, turn->now,
			cookie, &len);
	ike_answer_clear(turn, IKE_NOTIFY_COOKIE, bytes_make(cookie, len));
	engine->counters.cookies_sent++;
}

/* A cookie costs an honest initiator a round trip, a drop would cost it seconds: so too many of them are asked for one. */
static enum ike_reason check_cookie(struct ike_turn *turn, struct bytes nonce)
{
	struct ike_engine *engine = turn->engine;
	const struct ipaddr *from = &turn->remote->addr;
	struct ike_notify notify;
	bool returned = ike_turn_notify(turn, IKE_NOTIFY_COOKIE, &notify);

	turn->proved = returned && ike_cookie_valid(&engine->cookies, notify.data, nonce, turn->remote,
						    turn->msg.hdr.spi_i, turn->now);
	if (turn->proved)
		return ike_rate_proved(&engine->rate, engine->host, from, turn->now) ? IKE_R_OK
										     : IKE_R_RATE_LIMIT;
	if (engine->counters.half_open < LIMIT_HALF_OPEN_COOKIE_AT &&
	    ike_rate_fresh(&engine->rate, engine->host, from, turn->now))
		return IKE_R_OK;
	ask_for_cookie(turn, nonce);
	return returned ? IKE_R_COOKIE_WRONG : IKE_R_COOKIE_REQUIRED;
}

static enum ike_reason choose_connection(struct ike_turn *turn, struct init_request *got)
{
	struct ike_conn *first =
		ike_conn_candidate(turn->engine, &turn->local->addr, &turn->remote->addr, NULL);
	struct ike_sa_payload offer;
	enum ike_reason reason;

	reason = ike_sa_payload_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_SA)->body, &offer);
	if (reason != IKE_R_OK)
		return reason;
	if (!can_intermediate(turn))
		ike_proposals_strip_addke(&offer);
	for (struct ike_conn *conn = first; conn;
	     conn = ike_conn_candidate(turn->engine, &turn->local->addr, &turn->remote->addr, conn)) {
		reason = ike_proposal_choose(IKE_PROTO_IKE, conn->cfg->ike, conn->cfg->num_ike, &offer, true,
					     &got->suite, &got->answer);
		if (reason != IKE_R_OK)
			continue;
		got->conn = conn;
		return IKE_R_OK;
	}
	ike_note_ike_offer(first, &offer);
	return IKE_R_NO_PROPOSAL;
}

static enum ike_reason init_request_read(struct ike_turn *turn, struct init_request *got)
{
	enum ike_reason reason = ike_payloads_check(turn->list, INIT_NEED, INIT_MAY);

	if (reason != IKE_R_OK)
		return reason;
	reason = ike_nonce_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_NONCE)->body, &got->nonce);
	if (reason != IKE_R_OK)
		return reason;
	if (!ike_conn_candidate(turn->engine, &turn->local->addr, &turn->remote->addr, NULL))
		return IKE_R_NO_CONNECTION;
	reason = check_cookie(turn, got->nonce);
	if (reason == IKE_R_OK)
		reason = choose_connection(turn, got);
	if (reason == IKE_R_OK)
		reason = ike_ke_decode(ike_payloads_find(turn->list, IKE_PAYLOAD_KE)->body, &got->ke);
	if (reason != IKE_R_OK)
		return reason;
	turn->wanted_ke = got->suite.ke->id;
	if (got->ke.method != got->suite.ke->id)
		return IKE_R_INVALID_KE;
	return got->ke.value.n == got->suite.ke->public_len ? IKE_R_OK : IKE_R_BAD_KE;
}

static struct ike_sa *half_open_new(struct ike_turn *turn, const struct init_request *got)
{
	struct ike_sa *sa = ike_sa_new(turn->engine, false, turn->now);
	struct ike_nat_finding nat;

	sa->spi_i = turn->msg.hdr.spi_i;
	sa->local = *turn->local;
	sa->remote = *turn->remote;
	sa->cfg = ike_conn_cfg_ref(got->conn->cfg);
	sa->suite = got->suite;
	ike_addke_plan(&sa->hs->addke, &got->suite);
	if (ike_addke_left(&sa->hs->addke))
		sa->state = IKE_SA_KE_WAIT;
	nat = ike_nat_detect(turn);
	sa->nat_local = nat.local;
	sa->nat_remote = nat.remote;
	sa->fragmentation = fragments_agreed(turn, sa->cfg);
	sa->hs->ppk.agreed = ike_ppk_agreed_by_any(turn);
	sa->hs->answer = got->answer;
	secret_set(&sa->hs->nonce_i, got->nonce);
	ike_fresh_nonce(sa->engine, &sa->hs->nonce_r);
	secret_set(&sa->hs->peer_public, got->ke.value);
	secret_set(&sa->hs->init_request, turn->datagram);
	sa->expires = instant_add(turn->now, LIMIT_HALF_OPEN_S * USEC_PER_S);
	ike_half_open_add(sa, turn->datagram);
	ike_window_take(&sa->window, turn->datagram);
	return sa;
}

/* Who it is comes with IKE_AUTH: the authorities are those of the first connection that it may be and that has any. */
static const struct crypto_trust *trust_for(struct ike_turn *turn)
{
	const struct ipaddr *local = &turn->local->addr, *remote = &turn->remote->addr;
	struct ike_conn *conn = ike_conn_candidate(turn->engine, local, remote, NULL);

	while (conn && !conn->cfg->trust)
		conn = ike_conn_candidate(turn->engine, local, remote, conn);
	return conn ? conn->cfg->trust : NULL;
}

/*
 * RFC 6023 3: IKE_AUTH may go without a Child SA. The one notify that answers none of the initiator's, so it must not make the answer longer
 * than the request: that goes to an address that has proved nothing. Who offers more than one suite has it.
 */
static void announce_childless(const struct ike_turn *turn, struct ike_draft *draft)
{
	const size_t notify_len = 8;

	if (draft->wr.len + notify_len <= turn->datagram.n)
		ike_draft_notify(draft, IKE_NOTIFY_CHILDLESS_IKEV2_SUPPORTED, bytes_make(NULL, 0));
}

/* <-- HDR, SAr1, KEr, Nr, N(NAT..), N(FRAGMENTATION), [N(HASHES),] [N(CHILDLESS),] [CERTREQ] */
static enum ike_reason init_answer(struct ike_turn *turn, const struct init_request *got)
{
	struct ike_sa *sa = half_open_new(turn, got);
	struct ike_sa_payload answer = {.n = 1, .proposals = {got->answer}};
	struct ike_draft draft;

	answer.proposals[0].spi_len = 0;
	ike_draft_response(&draft, sa, &turn->msg.hdr);
	ike_draft_sa(&draft, &answer);
	sa->hs->ke = crypto_ke_respond(got->suite.ke, got->ke.value);
	sa->hs->ke_method = got->suite.ke->id;
	if (sa->hs->ke) {
		add_ke_nonce_notifies(&draft, &sa->hs->nonce_r);
		if (ike_auth_take_hashes(sa, turn))
			ike_auth_add_hashes(&draft);
		announce_childless(turn, &draft);
		/* A peer may send its certificate only to one who asks. */
		ike_auth_add_certreq(&draft, trust_for(turn));
		if (!turn->proved && draft.wr.len > LIMIT_AMPLIFICATION * turn->datagram.n) {
			ike_sa_bury(sa);
			ask_for_cookie(turn, got->nonce);
			return IKE_R_COOKIE_REQUIRED;
		}
		if (ike_draft_send_response(&draft, turn->local, turn->remote)) {
			ike_sa_rearm(sa);
			return IKE_R_OK;
		}
	}
	ike_sa_bury(sa);
	return sa->hs->ke ? IKE_R_INTERNAL : IKE_R_BAD_KE;
}

static bool answer_repeat(struct ike_turn *turn)
{
	struct ike_sa *sa = ike_half_open_find(turn->engine, turn->datagram, turn->remote);

	if (!sa)
		return false;
	if (sa->hs->repeats >= LIMIT_INIT_REPEATS || !sa->window.response || sa->window.expected_id != 1) {
		ike_count(turn->engine, IKE_R_RATE_LIMIT);
		return true;
	}
	sa->hs->repeats++;
	turn->engine->counters.retransmissions++;
	ike_out_datagram(turn->engine, 0, turn->local, turn->remote,
			 bytes_make(sa->window.response, sa->window.response_len));
	return true;
}

void ike_init_respond(struct ike_turn *turn)
{
	struct init_request got = {};
	enum ike_reason reason;
	uint8_t group[2];
	struct wr wr = wr_of(group, sizeof(group));

	if (answer_repeat(turn))
		return;
	turn->list = &turn->msg.outer;
	reason = turn->msg.hdr.message_id == 0 && turn->msg.hdr.flags & IKE_FLAG_INITIATOR
			 ? init_request_read(turn, &got)
			 : IKE_R_UNEXPECTED_EXCHANGE;
	if (reason == IKE_R_OK)
		reason = init_answer(turn, &got);
	if (reason == IKE_R_OK)
		return;
	ike_count(turn->engine, reason);
	wr_u16(&wr, turn->wanted_ke);
	if (reason == IKE_R_INVALID_KE)
		ike_answer_clear(turn, IKE_NOTIFY_INVALID_KE_PAYLOAD, wr_bytes_view(&wr));
	else if (reason == IKE_R_NO_CONNECTION || reason == IKE_R_NO_PROPOSAL)
		ike_answer_clear(turn, IKE_NOTIFY_NO_PROPOSAL_CHOSEN, bytes_make(NULL, 0));
}

bool ike_init_derive(struct ike_sa *sa)
{
	struct secret shared = {};
	bool good;

	if (sa->initiator || !sa->hs || !sa->hs->peer_public.len)
		return false;
	good = crypto_ke_derive(sa->hs->ke, secret_view(&sa->hs->peer_public), &shared) &&
	       ike_sa_keys_make(sa, secret_view(&shared));
	secret_fini(&shared);
	/* Once: a value that leads nowhere is not tried again with every datagram. */
	secret_fini(&sa->hs->peer_public);
	return good;
}

const struct ike_row ike_init_rows[] = {
	{.name = "initiator: IKE_SA_INIT is answered, send IKE_AUTH",
	 .in = IKE_SA_INIT_SENT,
	 .exchange = IKE_EXCHANGE_SA_INIT,
	 .response = true,
	 .need = INIT_NEED,
	 .may = INIT_MAY,
	 .handle = init_response,
	 .to = IKE_SA_AUTH_SENT},
	{.name = "initiator: IKE_SA_INIT is refused, or to be repeated with a cookie or another group",
	 .in = IKE_SA_INIT_SENT,
	 .exchange = IKE_EXCHANGE_SA_INIT,
	 .response = true,
	 .need = IKE_SET(NOTIFY),
	 .may = IKE_SET(VENDOR),
	 .handle = init_refused,
	 .to = IKE_SA_INIT_SENT},
	{},
};
