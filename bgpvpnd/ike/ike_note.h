// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why a negotiation failed, in the operator's words and with what both sides said, kept in the connection for `show`. Private to ike/.
 */
#ifndef BGPVPN_IKE_IKE_NOTE_H
#define BGPVPN_IKE_IKE_NOTE_H

#include "bgpvpnd/ike/ike.h"
#include "bgpvpnd/proto/proto.h"

struct ike_conn;
struct ike_sa;

/* NO_PROPOSAL for the IKE SA, unless the connection is up; and for a Child SA. */
void ike_note_ike_offer(struct ike_conn *conn, const struct ike_sa_payload *offer);
void ike_note_esp_offer(struct ike_conn *conn, const struct ike_conn_cfg *cfg,
			const struct ike_sa_payload *offer);

void ike_note_id_mismatch(struct ike_conn *conn, const struct ike_id_cfg *want, const struct ike_id *got);

/* A peer that has our keys but not our trust: said where the operator looks, unless the connection is up anyway. */
void ike_note_refusal(struct ike_conn *conn, enum ike_reason reason, const char *detail);

/* What an error notify of the peer means. */
enum ike_reason ike_note_peer_error(struct ike_sa *sa, const char *exchange, uint16_t type);

#endif
