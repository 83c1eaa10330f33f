// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a negotiation failed, see ike_note.h. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_id.h"
#include "bgpvpnd/ike/ike_note.h"
#include "bgpvpnd/ike/ike_selectors.h"
#include "bgpvpnd/ike/ike_ts.h"

void ike_note_ike_offer(struct ike_conn *conn, const struct ike_sa_payload *offer)
{
	char ours[100], theirs[100], detail[256];

	if (ike_conn_up(conn))
		return;
	ike_proposals_format(IKE_PROTO_IKE, conn->cfg->ike, conn->cfg->num_ike, ours, sizeof(ours));
	ike_offer_format(offer, theirs, sizeof(theirs));
	snprintf(detail, sizeof(detail), "IKE: we have %s; the peer offers %s", ours, theirs);
	ike_conn_failed(conn, IKE_R_NO_PROPOSAL, detail);
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

void ike_note_id_mismatch(struct ike_conn *conn, const struct ike_id_cfg *want, const struct ike_id *got)
{
	char wanted[96], given[96], detail[256];
	struct ike_id_cfg peer;

	ike_id_of_payload(got, &peer);
	snprintf(detail, sizeof(detail), "expected %s, the peer says %s",
		 ike_id_format(want, wanted, sizeof(wanted)), ike_id_format(&peer, given, sizeof(given)));
	ike_conn_failed(conn, IKE_R_ID_MISMATCH, detail);
}

void ike_note_refusal(struct ike_conn *conn, enum ike_reason reason, const char *detail)
{
	if (ike_conn_up(conn))
		return;
	ike_conn_failed(conn, reason, detail);
	if (!ike_conn_attempt(conn))
		ike_out_event(conn->engine, conn->id, IKE_EVENT_IKE_DOWN, reason, 0);
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
	struct ike_selectors ts;
	char ours[200], detail[256];

	ike_selectors_of(sa, &ts);
	if (reason == IKE_R_PEER_NO_PROPOSAL)
		snprintf(detail, sizeof(detail), "ESP: we offer %s",
			 ike_proposals_format(IKE_PROTO_ESP, sa->cfg->esp, sa->cfg->num_esp, ours,
					      sizeof(ours)));
	else if (reason == IKE_R_PEER_TS_UNACCEPTABLE)
		snprintf(detail, sizeof(detail), "we offer %s", ike_ts_format(&ts.local, ours, sizeof(ours)));
	else
		snprintf(detail, sizeof(detail), "%s is answered by %s", exchange, iana_notify_name(type));
	if (reason == IKE_R_PEER_AUTH_FAILED)
		ike_ppk_doubt(sa, &sa->cfg->ppk, detail, sizeof(detail));
	ike_conn_failed(sa->conn, reason, detail);
	return reason;
}
