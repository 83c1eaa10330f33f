// SPDX-License-Identifier: GPL-2.0-or-later
/* Who the ends of an IKE SA are and how they prove it, see ike_proof.h. RFC 7296 2.15, 3.5. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_auth.h"
#include "bgpvpnd/ike/ike_auth_cert.h"
#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_id.h"
#include "bgpvpnd/ike/ike_int_auth.h"
#include "bgpvpnd/ike/ike_note.h"
#include "bgpvpnd/ike/ike_proof.h"
#include "bgpvpnd/ike/ike_rival.h"

/* --- identities ------------------------------------------------------------------------------------------ */

void ike_proof_local_id(const struct ike_sa *sa, const struct ike_conn_cfg *cfg, struct ike_id_cfg *id)
{
	if (cfg->local_id.type)
		*id = cfg->local_id;
	else
		ike_id_of_addr(&sa->local.addr, id);
}

bool ike_proof_remote_id(const struct ike_conn_cfg *cfg, struct ike_id_cfg *id)
{
	if (cfg->remote_id.type)
		*id = cfg->remote_id;
	else if (!IS_IPADDR_NONE(&cfg->remote))
		ike_id_of_addr(&cfg->remote, id);
	else
		return false;
	return true;
}

static bool ids_fit(const struct ike_conn *conn, const struct ike_sa *sa, const struct ike_id *idi,
		    const struct ike_id *idr)
{
	struct ike_id_cfg want, own;

	ike_proof_local_id(sa, conn->cfg, &own);
	if (idr->type && !ike_id_matches(&own, idr))
		return false;
	return !ike_proof_remote_id(conn->cfg, &want) || ike_id_matches(&want, idi);
}

bool ike_proof_suite_fits(const struct ike_conn *conn, const struct ike_sa *sa)
{
	const struct ike_sa_payload answer = {.n = 1, .proposals = {sa->hs->answer}};
	struct ike_suite suite;

	return ike_proposal_accept(IKE_PROTO_IKE, conn->cfg->ike, conn->cfg->num_ike, true, &answer,
				   &suite) == IKE_R_OK;
}

struct ike_conn *ike_proof_find_connection(struct ike_turn *turn, const struct ike_id *idi,
					   const struct ike_id *idr)
{
	/* Those of IKE_SA_INIT: whoever copies IKE_AUTH can send it from anywhere. */
	const struct ipaddr *local = &turn->sa->local.addr, *remote = &turn->sa->remote.addr;
	struct ike_conn *first = ike_conn_candidate(turn->engine, local, remote, NULL), *anyone = NULL;
	struct ike_id_cfg want;

	for (struct ike_conn *conn = first; conn;
	     conn = ike_conn_candidate(turn->engine, local, remote, conn)) {
		if (!ike_proof_suite_fits(conn, turn->sa) || !ids_fit(conn, turn->sa, idi, idr))
			continue;
		if (ike_proof_remote_id(conn->cfg, &want))
			return conn;
		anyone = anyone ? anyone : conn;
	}
	if (!anyone && first && !ike_conn_up(first) && ike_proof_remote_id(first->cfg, &want))
		ike_note_id_mismatch(first, &want, idi);
	return anyone;
}

void ike_proof_add_id(struct ike_draft *draft, uint8_t type, const struct ike_id_cfg *cfg)
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

/* --- what is proved -------------------------------------------------------------------------------------- */

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

/* --- ours ------------------------------------------------------------------------------------------------ */

enum ike_reason ike_proof_own(struct ike_sa *sa, struct ike_conn *conn, const struct ike_id_cfg *id,
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
	reason = ike_auth_sign(sa, cfg, secret_view(&octets), value, method, detail, sizeof(detail));
	secret_fini(&octets);
	if (reason != IKE_R_OK && !ike_conn_up(conn))
		ike_conn_failed(conn, reason, detail);
	return reason;
}

void ike_proof_add_auth(struct ike_draft *draft, uint8_t method, const struct secret *value)
{
	const struct ike_auth auth = {.method = method, .value = secret_view(value)};

	ike_build_payload(&draft->build, IKE_PAYLOAD_AUTH, false);
	ike_auth_encode(&draft->wr, &auth);
}

enum ike_reason ike_proof_mix_ppk(struct ike_sa *sa, const struct ike_id_cfg *id, struct secret *without)
{
	enum ike_reason reason = IKE_R_OK;
	uint8_t method;

	if (!sa->hs->ppk.agreed)
		return IKE_R_OK;
	if (!sa->cfg->ppk.required)
		reason = ike_proof_own(sa, sa->conn, id, without, &method);
	if (reason == IKE_R_OK)
		ike_ppk_mix(sa, &sa->cfg->ppk);
	return reason;
}

/* --- the peer's ------------------------------------------------------------------------------------------ */

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

enum ike_reason ike_proof_verify(const struct ike_turn *turn, const struct ike_conn_cfg *cfg,
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
	if (ike_proof_remote_id(sa->cfg, &want) && !ike_id_matches(&want, &id)) {
		ike_note_id_mismatch(sa->conn, &want, &id);
		return IKE_R_ID_MISMATCH;
	}
	reason = ike_ppk_response(turn, detail, sizeof(detail));
	if (reason == IKE_R_OK)
		reason = ike_proof_verify(turn, sa->cfg, &id, &auth, detail, sizeof(detail));
	if (reason != IKE_R_OK)
		ike_conn_failed(sa->conn, reason, detail);
	return reason;
}

/*
 * Under the IKE_SA_INIT answer that this one is from, or another that led to the same keys. But one that says otherwise of PPKs than what
 * our IKE_AUTH went by would make us go without one where both ends have it: RFC 8784 relies on AUTH for that.
 */
enum ike_reason ike_proof_of_peer(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	enum ike_reason reason = peer_authenticates(turn);
	struct ike_sa *twin = NULL;

	while (reason != IKE_R_OK && (twin = ike_rival_twin(sa, twin))) {
		if (twin->hs->ppk.agreed != sa->hs->ppk.agreed)
			continue;
		ike_rival_swap(sa, twin);
		if (peer_authenticates(turn) == IKE_R_OK)
			return IKE_R_OK;
		ike_rival_swap(sa, twin);
	}
	return reason;
}
