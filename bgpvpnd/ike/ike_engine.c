// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine: commands, datagrams and time come in here and are passed to the right IKE SA; see ike.h for the seam. What a message
 * means is in the exchange files (ike_exch_*.c), which message may come when in their rows (ike_fsm.c).
 */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/ike/ike_ask.h"
#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_qcd.h"
#include "bgpvpnd/ike/ike_rival.h"

DEFINE_MTYPE_STATIC(BGPVPN, IKE_ENGINE, "VPN IKE engine");

/* A renewal that failed is tried again after this; the old SA still carries the traffic. */
#define RENEW_AGAIN_US (30 * USEC_PER_S)

struct ike_engine *ike_engine_new(const struct ike_host *host, struct instant now)
{
	struct ike_engine *engine = XCALLOC(MTYPE_IKE_ENGINE, sizeof(*engine));

	engine->host = host;
	engine->ration.since = now;
	ike_conns_init(&engine->conns);
	ike_conn_peers_init(&engine->peers);
	ike_spawns_init(&engine->spawns);
	ike_sas_init(&engine->sas);
	ike_half_opens_init(&engine->half_opens);
	ike_half_open_ages_init(&engine->half_open_ages);
	ike_sa_timers_init(&engine->timers);
	ike_graves_init(&engine->graves);
	child_sas_init(&engine->children);
	ike_outputs_init(&engine->outputs);
	return engine;
}

void ike_engine_free(struct ike_engine *engine)
{
	struct ike_sa *sa;

	if (!engine)
		return;
	while ((sa = ike_sas_first(&engine->sas)))
		ike_sa_bury(sa);
	ike_conns_free(engine);
	ike_sa_reap(engine);
	ike_outputs_free(engine);
	ike_cookie_jar_fini(&engine->cookies);
	secret_fini(&engine->qcd_secret);
	ike_outputs_fini(&engine->outputs);
	child_sas_fini(&engine->children);
	ike_graves_fini(&engine->graves);
	ike_sa_timers_fini(&engine->timers);
	ike_half_open_ages_fini(&engine->half_open_ages);
	ike_half_opens_fini(&engine->half_opens);
	ike_sas_fini(&engine->sas);
	ike_spawns_fini(&engine->spawns);
	ike_conn_peers_fini(&engine->peers);
	ike_conns_fini(&engine->conns);
	XFREE(MTYPE_IKE_ENGINE, engine);
}

/* --- commands -------------------------------------------------------------------------------------------- */

bool ike_initiate(struct ike_engine *engine, uint32_t id, struct instant now)
{
	struct ike_conn *conn = ike_conn_find(engine, id);
	struct endpoint local, remote;

	if (!conn || IS_IPADDR_NONE(&conn->cfg->remote) || ike_conn_up(conn) || ike_conn_attempt(conn))
		return false;
	local = (struct endpoint){conn->cfg->local, IKE_PORT};
	remote = (struct endpoint){conn->cfg->remote, IKE_PORT};
	ike_init_start(conn, &local, &remote, now);
	ike_sa_reap(engine);
	return true;
}

void ike_terminate(struct ike_engine *engine, uint32_t id, enum ike_reason reason, struct instant now)
{
	struct ike_conn *conn = ike_conn_find(engine, id);
	struct ike_sa *sa;

	if (!conn)
		return;
	while ((sa = ike_conn_sas_first(&conn->sas)))
		ike_sa_close(sa, reason, now);
	ike_sa_reap(engine);
}

bool ike_probe(struct ike_engine *engine, uint32_t id, struct instant now)
{
	struct ike_conn *conn = ike_conn_find(engine, id);
	struct ike_sa *sa = conn ? ike_conn_up(conn) : NULL;

	if (!sa)
		return false;
	if (sa->window.request.active) {
		ike_window_hurry(&sa->window);
		ike_sa_transmit_request(sa, now);
	} else {
		sa->todo_probe = true;
		ike_sa_continue(sa, now);
	}
	ike_sa_rearm(sa);
	return true;
}

bool ike_rekey_child(struct ike_engine *engine, uint32_t id, struct instant now)
{
	struct ike_conn *conn = ike_conn_find(engine, id);
	struct ike_sa *sa = conn ? ike_conn_up(conn) : NULL;
	struct child_sa *child = sa ? ike_sa_child(sa) : NULL;

	if (!child || sa->create || sa->todo_rekey || child->todo_rekey || child->unconfirmed ||
	    instant_is_never(child->renew))
		return false;
	child->todo_rekey = true;
	ike_sa_continue(sa, now);
	ike_sa_rearm(sa);
	return true;
}

bool ike_rekey_ike(struct ike_engine *engine, uint32_t id, struct instant now)
{
	struct ike_conn *conn = ike_conn_find(engine, id);
	struct ike_sa *sa = conn ? ike_conn_up(conn) : NULL;

	if (!sa || sa->create || sa->todo_rekey)
		return false;
	sa->todo_rekey = true;
	ike_sa_continue(sa, now);
	ike_sa_rearm(sa);
	return true;
}

void ike_child_result(struct ike_engine *engine, uint32_t child_id, int result, struct instant now)
{
	struct child_sa *child = child_sa_find(engine, child_id);

	if (child && child->state == CHILD_SA_INSTALLING && child->sa->hs)
		ike_auth_child_result(child, result, now);
	else if (child && child->state == CHILD_SA_INSTALLING)
		ike_create_child_result(child, result, now);
	ike_sa_reap(engine);
}

/* --- datagrams ------------------------------------------------------------------------------------------- */

/* The SA that a header names, with both SPIs right, as far as we know them. */
static struct ike_sa *sa_of_header(struct ike_turn *turn)
{
	const struct ike_hdr *hdr = &turn->msg.hdr;
	struct ike_sa key = {.initiator = false, .spi_i = hdr->spi_i, .spi_r = hdr->spi_r};
	bool from_initiator = hdr->flags & IKE_FLAG_INITIATOR;
	struct ike_sa *sa = from_initiator ? ike_sas_find(&turn->engine->sas, &key) : ike_rival_find(turn);

	return sa && sa->initiator != from_initiator ? sa : NULL;
}

static bool is_new_init(const struct ike_hdr *hdr)
{
	return hdr->exchange == IKE_EXCHANGE_SA_INIT && !(hdr->flags & IKE_FLAG_RESPONSE) &&
	       hdr->spi_r == 0 && hdr->spi_i != 0;
}

static void repeat_response(struct ike_turn *turn)
{
	struct ike_window *window = &turn->sa->window;
	bool astray = !endpoint_equal(turn->remote, &turn->sa->remote);

	if (!ike_window_may_repeat(window, astray)) {
		ike_count(turn->engine, IKE_R_RATE_LIMIT);
		return;
	}
	turn->engine->counters.retransmissions++;
	ike_sa_transmit(turn->sa, turn->local, turn->remote,
			bytes_make(window->response, window->response_len));
}

/* A fragment waits for the others of its message. */
static void run(struct ike_turn *turn)
{
	if (turn->skf.total == 0 || ike_frags_take(turn))
		ike_fsm_run(turn);
}

static enum ike_window_verdict judge(struct ike_turn *turn)
{
	const struct ike_window *window = &turn->sa->window;
	uint32_t id = turn->msg.hdr.message_id;
	enum ike_window_verdict verdict;

	if (turn->skf.total == 0)
		return ike_window_judge(window, id, turn->datagram);
	verdict = ike_window_judge_fragment(window, id, turn->skf.number);
	return verdict == IKE_WINDOW_REPEAT && !ike_frag_is_genuine(turn) ? IKE_WINDOW_OUTSIDE : verdict;
}

static void take_request(struct ike_turn *turn)
{
	switch (judge(turn)) {
	case IKE_WINDOW_NEW:
		run(turn);
		return;
	case IKE_WINDOW_REPEAT:
		repeat_response(turn);
		return;
	case IKE_WINDOW_OUTSIDE:
		ike_count(turn->engine, IKE_R_OUTSIDE_WINDOW);
		return;
	}
}

static void take_response(struct ike_turn *turn)
{
	const struct ike_request *request = &turn->sa->window.request;
	const struct ike_hdr *hdr = &turn->msg.hdr;

	if (!request->active || request->message_id != hdr->message_id || request->exchange != hdr->exchange)
		ike_count(turn->engine, IKE_R_OUTSIDE_WINDOW);
	else
		run(turn);
}

static void take_message(struct ike_turn *turn)
{
	enum ike_reason reason = ike_frag_read(turn);

	turn->list = &turn->msg.outer;
	if (reason != IKE_R_OK) {
		ike_count(turn->engine, reason);
		return;
	}
	if (is_new_init(&turn->msg.hdr)) {
		ike_init_respond(turn);
		return;
	}
	turn->sa = sa_of_header(turn);
	if (!turn->sa) {
		ike_count(turn->engine, IKE_R_UNKNOWN_SPI);
		ike_qcd_show(turn);
	} else if (ike_qcd_take(turn)) {
		return;
	} else if (ike_turn_is_response(turn)) {
		take_response(turn);
	} else {
		take_request(turn);
	}
}

/* Not even a message: counted; a request gets the two answers that RFC 7296 2.5 has for strangers. */
static void refuse_datagram(struct ike_turn *turn, enum ike_reason reason)
{
	struct bytes data = bytes_make(NULL, 0);

	ike_count(turn->engine, reason);
	if (ike_reason_info(reason)->disposition != IKE_ANSWER || ike_turn_is_response(turn))
		return;
	if (reason == IKE_R_CRITICAL_UNKNOWN) {
		if (!is_new_init(&turn->msg.hdr))
			return;
		data = bytes_make(&turn->bad_type, sizeof(turn->bad_type));
	}
	ike_answer_clear(turn, ike_reason_info(reason)->notify, data);
}

void ike_engine_input(struct ike_engine *engine, const struct endpoint *local, const struct endpoint *remote,
		      struct bytes datagram, struct instant now)
{
	struct ike_turn turn = {
		.engine = engine, .local = local, .remote = remote, .datagram = datagram, .now = now};
	enum ike_reason reason;

	engine->counters.datagrams_in++;
	engine->counters.bytes_in += datagram.n;
	if (datagram.n > LIMIT_IKE_MSG)
		reason = IKE_R_BAD_LENGTH;
	else
		reason = ike_msg_decode(datagram, &turn.msg, &turn.bad_type);
	if (reason == IKE_R_OK)
		take_message(&turn);
	else
		refuse_datagram(&turn, reason);
	ike_sa_reap(engine);
}

/* --- time ------------------------------------------------------------------------------------------------ */

static void give_up(struct ike_sa *sa, struct instant now)
{
	if (sa->conn && ike_sa_is_attempt(sa))
		ike_rival_give_up(sa, now);
	else if (sa->conn)
		ike_sa_fail(sa, IKE_R_TIMEOUT, now);
	else
		ike_sa_bury(sa);
}

static void expired(struct ike_sa *sa, struct instant now)
{
	if (sa->state == IKE_SA_INIT_DONE || sa->state == IKE_SA_KE_WAIT)
		ike_count(sa->engine, IKE_R_TIMEOUT);
	if (ike_sa_is_up(sa) || sa->state == IKE_SA_REPLACED)
		ike_sa_close(sa, IKE_R_EXPIRED, now);
	else
		ike_sa_bury(sa);
}

static void renew(struct ike_sa *sa, struct instant now)
{
	sa->renew = instant_add(now, RENEW_AGAIN_US);
	sa->todo_rekey = true;
}

static void sa_due(struct ike_sa *sa, struct instant now)
{
	const struct ike_request *request = &sa->window.request;

	if (instant_reached(sa->expires, now))
		expired(sa, now);
	else if (instant_reached(sa->retire, now))
		ike_sa_close(sa, ike_sa_child(sa) ? IKE_R_REPLACED : IKE_R_CHILDLESS, now);
	else if (request->active && instant_reached(request->give_up, now))
		give_up(sa, now);
	else if (instant_reached(sa->childless.next, now))
		ike_childless_due(sa, now);
	else if (instant_reached(sa->renew, now))
		renew(sa, now);
	else if (request->active && instant_reached(request->next, now) && !ike_ask_return_cookie(sa, now))
		ike_sa_transmit_request(sa, now);
	ike_frags_expire(sa, now);
	ike_pending_expire(sa, now);
	child_sas_expire(sa, now);
	ike_sa_continue(sa, now);
	ike_sa_rearm(sa);
}

void ike_engine_expire(struct ike_engine *engine, struct instant now)
{
	struct ike_sa *sa;

	while ((sa = ike_sa_timers_first(&engine->timers)) && instant_reached(sa->due, now))
		sa_due(sa, now);
	ike_sa_reap(engine);
}

struct instant ike_engine_next_expiry(const struct ike_engine *engine)
{
	const struct ike_sa *sa = ike_sa_timers_const_first(&engine->timers);

	return sa ? sa->due : INSTANT_NEVER;
}

/* --- looking in ------------------------------------------------------------------------------------------ */

static enum ike_phase phase_of(const struct ike_sa *sa)
{
	switch (sa->state) {
	case IKE_SA_INIT_SENT:
	case IKE_SA_INIT_DONE:
	case IKE_SA_KE_SENT:
	case IKE_SA_KE_WAIT:
		return IKE_PHASE_SA_INIT;
	case IKE_SA_AUTH_SENT:
	case IKE_SA_AUTH_HELD:
		return IKE_PHASE_AUTH;
	case IKE_SA_ESTABLISHED:
		return IKE_PHASE_ESTABLISHED;
	case IKE_SA_BORN:
	case IKE_SA_REPLACED:
	case IKE_SA_DELETING:
	case IKE_SA_CLOSED:
	case IKE_SA_DEAD:
		break;
	}
	return IKE_PHASE_NONE;
}

/* An IKE SA that takes over from another is there a moment before its Child SA: until then the other's is the usable one. */
static struct child_sa *usable_child(struct ike_sa *sa)
{
	struct child_sa *child = ike_sa_child(sa);
	struct ike_sa *other;

	if (child || !sa->conn)
		return child;
	frr_each (ike_conn_sas, &sa->conn->sas, other) {
		child = ike_sa_is_up(other) ? ike_sa_child(other) : NULL;
		if (child)
			return child;
	}
	return NULL;
}

static void child_info(struct ike_sa *sa, struct ike_conn_info *info)
{
	struct child_sa *child = usable_child(sa);

	if (!child)
		return;
	info->child_id = child->id;
	info->child_spi_in = child->spi_in;
	info->child_spi_out = child->spi_out;
	info->child_since = child->since;
	strlcpy(info->esp_proposal, ike_suite_text(IKE_PROTO_ESP, &child->suite, &child->suite_text),
		sizeof(info->esp_proposal));
}

static void sa_info(struct ike_sa *sa, struct ike_conn_info *info)
{
	const struct ike_request *request = &sa->window.request;

	info->phase = phase_of(sa);
	info->initiator = sa->initiator;
	info->local = sa->local;
	info->remote = sa->remote;
	info->spi_i = sa->spi_i;
	info->spi_r = sa->spi_r;
	info->nat_local = sa->nat_local;
	info->nat_remote = sa->nat_remote;
	info->childless = sa->childless.on && ike_sa_is_up(sa);
	info->childless_by_peer = info->childless && sa->childless.by_peer;
	info->ppk = sa->ppk && ike_sa_is_up(sa);
	info->mobike = sa->mobike.on;
	info->established = sa->established;
	if (sa->suite.encr)
		strlcpy(info->ike_proposal, ike_suite_text(IKE_PROTO_IKE, &sa->suite, &sa->suite_text),
			sizeof(info->ike_proposal));
	info->request_outstanding = request->active;
	info->request_since = request->first;
	info->request_tries = request->tries;
	child_info(sa, info);
}

bool ike_conn_info(const struct ike_engine *engine, uint32_t id, struct ike_conn_info *info)
{
	struct ike_conn *conn = ike_conn_find(engine, id);
	struct ike_sa *sa;

	if (!conn)
		return false;
	*info = (struct ike_conn_info){
		.local.addr = conn->cfg->local,
		.remote.addr = conn->cfg->remote,
		.srtt_us = conn->rtt.srtt_us,
		.rto_us = ike_rtt_rto(&conn->rtt),
		.last_failure = conn->last_failure,
	};
	strlcpy(info->last_failure_detail, conn->last_failure_detail, sizeof(info->last_failure_detail));
	sa = ike_conn_up(conn);
	if (!sa)
		sa = ike_conn_attempt(conn);
	if (sa)
		sa_info(sa, info);
	return true;
}

void ike_engine_counters(const struct ike_engine *engine, struct ike_counters *counters)
{
	*counters = engine->counters;
}
