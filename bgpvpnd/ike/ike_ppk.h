// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Post-quantum pre-shared keys, RFC 8784: a secret that both ends have beside everything else goes into the keys of the IKE SA, so that
 * who stores the traffic today and breaks the key exchange one day still lacks it. Private to ike/. Who may do without:
 *
 *	                          initiator: optional                initiator: required
 *	responder: none           without (NO_PPK_AUTH, or no        the initiator gives up
 *	                          USE_PPK in the answer)
 *	responder: optional       with; another id: without          with; another id: refused
 *	responder: required       with; another id: refused          with; another id: refused
 *
 * An initiator without one is refused by a responder that requires it. The same id with other secrets is refused always.
 */
#ifndef BGPVPN_IKE_IKE_PPK_H
#define BGPVPN_IKE_IKE_PPK_H

#include "bgpvpnd/ike/ike.h"

struct ike_draft;
struct ike_sa;
struct ike_turn;

struct ike_ppk_handshake {
	bool agreed;				   /* both said USE_PPK */
	struct secret plain_d, plain_pi, plain_pr; /* initiator: SK_d', ... before the PPK went in */
};
void ike_ppk_handshake_fini(struct ike_ppk_handshake *ppk);

/* N(USE_PPK): the initiator where it has one, the responder to one who said it. */
void ike_ppk_announce(struct ike_draft *draft);

/* Does the peer say USE_PPK, and have we one? A responder does not know yet who it is: any connection will do. */
bool ike_ppk_agreed(const struct ike_turn *turn, const struct ike_conn_cfg *cfg);
bool ike_ppk_agreed_by_any(const struct ike_turn *turn);

/* Into SK_d, SK_pi and SK_pr; what they were is kept. */
void ike_ppk_mix(struct ike_sa *sa, const struct ike_ppk_cfg *ppk);

/* The initiator's N(PPK_IDENTITY), and N(NO_PPK_AUTH) unless `without` is empty. Nothing when no PPK was agreed on. */
void ike_ppk_add_identity(struct ike_draft *draft, const struct secret *without);

/*
 * Which one the peer's IKE_AUTH speaks of: afterwards sa->ppk says whether it counts, and the keys fit. The responder's may replace the
 * AUTH value by that of NO_PPK_AUTH. Else the reason, with the operator's words.
 */
enum ike_reason ike_ppk_response(struct ike_turn *turn, char *words, size_t len);
enum ike_reason ike_ppk_request(struct ike_turn *turn, const struct ike_ppk_cfg *ppk, struct ike_auth *auth,
				char *words, size_t len);

/* Why authentication may have failed, when this one is in the keys; else `words` stays. */
void ike_ppk_doubt(const struct ike_sa *sa, const struct ike_ppk_cfg *ppk, char *words, size_t len);

#endif
