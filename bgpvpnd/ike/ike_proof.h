// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who the two ends of an IKE SA say they are, and how they prove it: by the pre-shared key or by a signature. Private to ike/; called by
 * IKE_AUTH. What is computed: ike_auth.h; certificates: ike_auth_cert.h.
 */
#ifndef BGPVPN_IKE_IKE_PROOF_H
#define BGPVPN_IKE_IKE_PROOF_H

#include "bgpvpnd/ike/ike_sa.h"

struct ike_conn;
struct ike_draft;
struct ike_turn;

void ike_proof_local_id(const struct ike_sa *sa, const struct ike_conn_cfg *cfg, struct ike_id_cfg *id);

/* False: any identity will do (a connection with any peer, that names none). */
bool ike_proof_remote_id(const struct ike_conn_cfg *cfg, struct ike_id_cfg *id);

/*
 * Responder: the connection of the one who says so (`idr` of type 0: not given), one that names him before one for anybody; NULL, with
 * the mismatch noted, when the identities are nobody's.
 */
struct ike_conn *ike_proof_find_connection(struct ike_turn *turn, const struct ike_id *idi,
					   const struct ike_id *idr);

/* Would this connection have accepted what IKE_SA_INIT settled under another one's configuration? */
bool ike_proof_suite_fits(const struct ike_conn *conn, const struct ike_sa *sa);

/* Our AUTH for this identity: a signature where we have a certificate, else the proof of the shared key. */
enum ike_reason ike_proof_own(struct ike_sa *sa, struct ike_conn *conn, const struct ike_id_cfg *id,
			      struct secret *value, uint8_t *method);

/* The AUTH for a responder that turns out not to have our PPK, RFC 8784 3; then the keys get it. */
enum ike_reason ike_proof_mix_ppk(struct ike_sa *sa, const struct ike_id_cfg *id, struct secret *without);

void ike_proof_add_id(struct ike_draft *draft, uint8_t type, const struct ike_id_cfg *cfg);
void ike_proof_add_auth(struct ike_draft *draft, uint8_t method, const struct secret *value);

/* In the way that the connection asks for: a signature where it has authorities, else the shared key. */
enum ike_reason ike_proof_verify(const struct ike_turn *turn, const struct ike_conn_cfg *cfg,
				 const struct ike_id *id, const struct ike_auth *auth, char *words,
				 size_t len);

/* Initiator: is the answer to IKE_AUTH from the peer that the connection is with? What is wrong is noted. */
enum ike_reason ike_proof_of_peer(struct ike_turn *turn);

#endif
