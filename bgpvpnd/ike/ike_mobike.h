// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MOBIKE, RFC 4555: an IKE SA and its Child SAs that go on when an address changes. Private to ike/.
 *
 * Off unless both ends said so in IKE_AUTH. Of the two, the one that began the first IKE SA of the line decides which addresses are
 * used (`decides`); the other follows its UPDATE_SA_ADDRESSES, and only that. The addresses of the IKE SA change at once, those
 * of the Child SAs too when only our own one is new; a new one of the peer's has to answer a COOKIE2 first (`held`), so that
 * nobody can turn our traffic on a third party by changing the addresses of a packet (3.7 asks for it by default).
 */
#ifndef BGPVPN_IKE_IKE_MOBIKE_H
#define BGPVPN_IKE_IKE_MOBIKE_H

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/ike/ike.h"

struct ike_sa;
struct ike_turn;
struct ike_draft;
struct ike_conn;

/* 4.2.5: 8 to 64 bytes. */
#define IKE_COOKIE2_LEN 16

/* What the outstanding request is for. */
enum ike_mobike_out {
	IKE_MOBIKE_NOTHING,
	IKE_MOBIKE_UPDATE,    /* UPDATE_SA_ADDRESSES: we decide */
	IKE_MOBIKE_ADDRESSES, /* our address is another: the peer decides */
	IKE_MOBIKE_CHECK,     /* does the peer answer where it says to be? */
};

struct ike_mobike {
	bool on;
	bool decides;
	bool held; /* the Child SAs wait until the peer's new address has answered */
	bool todo_update;
	bool todo_addresses;
	bool todo_check;
	enum ike_mobike_out out;
	uint32_t moves;	   /* how often an address of the IKE SA changed */
	uint32_t asked_at; /* `moves` when the outstanding request was first sent */
	uint8_t cookie[IKE_COOKIE2_LEN];
	bool mapping_known;
	uint8_t mapping[CRYPTO_SHA1_LEN]; /* hash of where the peer sees us, 3.8 */
	uint64_t heir;			  /* REPLACED: our SPI of the IKE SA that took over */
	uint8_t num_peers;
	uint8_t next_peer;
	struct ipaddr
		peers[LIMIT_MOBIKE_ADDRESSES]; /* the peer's: the one of IKE_AUTH, and the additional ones */
};

/* What a request of the peer asks for: read and judged whole before anything is done. */
struct ike_mobike_ask {
	bool update;
	bool addresses;
	uint16_t refusal; /* the notify that says why not; 0: it is done */
};

/* --- ike_mobike.c: what changes -------------------------------------------------------------------------- */

/* IKE_AUTH: both said so. The peer's further addresses are in the turn. */
void ike_mobike_agreed(struct ike_turn *turn, bool decides);

/* `sa` takes over from `old`: what was under way there begins anew here. */
void ike_mobike_inherit(struct ike_sa *sa, struct ike_sa *old);

/* The peer's addresses as this message has them: where it came from, and its ADDITIONAL_IP*_ADDRESS. */
void ike_mobike_learn(struct ike_turn *turn);

/* The decider uses another address of the peer's from now on; the Child SAs follow when it has answered. */
void ike_mobike_choose(struct ike_sa *sa, const struct ipaddr *remote, struct instant now);

/* The peer's UPDATE_SA_ADDRESSES came this way. */
void ike_mobike_follow(struct ike_turn *turn);

/* The peer's address is proven: the Child SAs may go there. */
void ike_mobike_proven(struct ike_sa *sa);

/* Path testing, 3.10: the outstanding request goes to the peer's other addresses too when it has gone without answer for long. */
void ike_mobike_try_others(struct ike_sa *sa);

/* An answer came: from an address that we tried? Then that is the one to use. Before the window forgets the request. */
void ike_mobike_answered(struct ike_turn *turn);

/* --- ike_exch_mobike.c: what is said --------------------------------------------------------------------- */

/* IKE_AUTH: MOBIKE_SUPPORTED. */
void ike_mobike_add_supported(struct ike_draft *draft);
bool ike_mobike_offered(const struct ike_turn *turn);

/* RFC 4555 1.2: it is for tunnel mode only. In transport mode addresses are what is carried: a new one is a new IKE SA. */
static inline bool ike_mobike_wanted(const struct ike_conn_cfg *cfg)
{
	return cfg->mobike && !cfg->transport;
}

/* NO_NATS_ALLOWED of the peer, 3.9: is there one that contradicts the addresses of the datagram? */
bool ike_mobike_nat_unexpected(const struct ike_turn *turn);

/* Sends what waits for the window; false when that is nothing. */
bool ike_mobike_say(struct ike_sa *sa, struct instant now);

/* A liveness request tells whether the NAT in front of us has changed, 3.8. */
void ike_mobike_add_liveness(struct ike_draft *draft);

/* The peer's hash of where it sees us becomes the one to compare with. */
void ike_mobike_note_mapping(struct ike_turn *turn);

/* The peer's INFORMATIONAL request: reads, adds to the answer, and then does it. */
struct ike_mobike_ask ike_mobike_read(const struct ike_turn *turn);
void ike_mobike_answer(struct ike_draft *draft, const struct ike_turn *turn,
		       const struct ike_mobike_ask *ask);
void ike_mobike_obey(struct ike_turn *turn, const struct ike_mobike_ask *ask);

/* The answer to an INFORMATIONAL request of ours. */
enum ike_reason ike_mobike_response(struct ike_turn *turn);

#endif
