// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The IKE SA and what hangs on it. Private to ike/.
 *
 * Ownership is a tree: engine > ike_sa > {window, handshake, child_sa}. An IKE SA belongs to at most one connection; a
 * half-open responder has none until IKE_AUTH says who is there, one that only waits for the answer to its DELETE has
 * none any more. Everything that only the first two exchanges need lives in struct ike_handshake and goes with them.
 */
#ifndef BGPVPN_IKE_IKE_SA_H
#define BGPVPN_IKE_IKE_SA_H

#include "lib/typesafe.h"

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/ike/ike.h"
#include "bgpvpnd/ike/ike_addke.h"
#include "bgpvpnd/ike/ike_childless.h"
#include "bgpvpnd/ike/ike_frag.h"
#include "bgpvpnd/ike/ike_keymat.h"
#include "bgpvpnd/ike/ike_mobike.h"
#include "bgpvpnd/ike/ike_ppk.h"
#include "bgpvpnd/ike/ike_proposal.h"
#include "bgpvpnd/ike/ike_window.h"
#include "bgpvpnd/proto/proto.h"

struct ike_conn;
struct ike_rate_slot;

PREDECL_HASH(ike_sas);
PREDECL_HASH(ike_half_opens);
PREDECL_DLIST(ike_half_open_ages);
PREDECL_DLIST(ike_conn_sas);
PREDECL_DLIST(ike_graves);
PREDECL_HEAP(ike_sa_timers);
PREDECL_DLIST(ike_sa_children);
PREDECL_HASH(child_sas);

enum ike_sa_state {
	IKE_SA_INIT_SENT, /* initiator: IKE_SA_INIT request is out */
	IKE_SA_INIT_DONE, /* responder: IKE_SA_INIT answered, half-open */
	IKE_SA_KE_SENT,	  /* initiator: IKE_INTERMEDIATE request is out */
	IKE_SA_KE_WAIT,	  /* responder: half-open too, IKE_INTERMEDIATE is to come before IKE_AUTH */
	IKE_SA_AUTH_SENT, /* initiator: IKE_AUTH request is out */
	IKE_SA_AUTH_HELD, /* responder: IKE_AUTH is good, the data plane has the word */
	IKE_SA_ESTABLISHED,
	IKE_SA_BORN,	 /* made by a rekeying that is not settled yet; belongs to no connection */
	IKE_SA_REPLACED, /* a rekeyed one took over; waits for the peer's DELETE */
	IKE_SA_DELETING, /* our DELETE is out; belongs to no connection any more */
	IKE_SA_CLOSED,	 /* answered the peer's DELETE; only repeats that answer */
	IKE_SA_DEAD,	 /* in the grave, freed at the end of the call */
};

/* An IKE_SA_INIT of ours with another group, set aside: its answer may still come. See ike_ask.h. */
struct ike_ask {
	uint16_t method;
	struct crypto_ke *ke; /* NULL: none */
	struct secret request;
};

/* What the initial exchanges need and nothing later. */
struct ike_handshake {
	struct crypto_ke *ke;
	struct secret nonce_i;
	struct secret nonce_r;
	struct secret peer_public;   /* responder: derived only when IKE_AUTH comes */
	struct secret cookie;	     /* initiator: to be returned */
	struct secret init_request;  /* RealMessage1, RFC 7296 2.15 */
	struct secret init_response; /* RealMessage2 */
	uint16_t ke_method;	     /* initiator: the group that we send a value of */
	uint8_t restarts;
	struct ike_addke addke;	  /* RFC 9370 */
	struct secret int_auth_i; /* RFC 9242 3.3.2: IntAuth_i so far */
	struct secret int_auth_r;
	struct secret first_ei; /* initiator: SK_ei of IKE_SA_INIT; who has the same has the same keys (ike_rival.h) */
	struct crypto_box
		*open_before; /* that the last IKE_INTERMEDIATE request came under; NULL: there was none */
	struct secret
		cookie_heard; /* initiator: goes with the next transmission; an answer to the last may come first */
	struct ike_ask parked[LIMIT_INIT_RESTARTS];
	uint8_t rivals; /* initiator: answers to IKE_SA_INIT that were tried, and their fingerprints */
	uint8_t tried[LIMIT_INIT_RIVALS][CRYPTO_SHA1_LEN];
	uint8_t print[CRYPTO_SHA1_LEN]; /* responder: fingerprint of the request */
	uint8_t repeats;      /* responder: how often the answer to IKE_SA_INIT was asked for again */
	uint32_t sig_hashes;  /* that the peer takes, RFC 7427; 0: it knows no RFC 7427 */
	struct ike_ppk_handshake ppk;
	enum ike_reason hint; /* an unauthenticated error, believed only when nothing better comes */
	uint32_t spi_in;      /* reserved for the first Child SA; 0: none, or handed over */
	bool proved;	      /* initiator: the peer has proved itself */
	bool peer_has_it;     /* though it has not, it has this IKE SA: a DELETE is due */
	bool spi_borrowed;    /* from a rival: see ike_rival.h */
	/* responder: what the answer to IKE_AUTH says when the data plane has the Child SA */
	struct secret auth_value;
	uint8_t auth_method;
	struct ike_proposal answer;
	struct ts_list ts_local;
	struct ts_list ts_remote;
	bool initial_contact;
};

enum child_sa_state {
	CHILD_SA_INSTALLING, /* CHILD_ADD is out */
	CHILD_SA_INSTALLED,
	CHILD_SA_CLOSING, /* our DELETE waits for the window, or is out */
	CHILD_SA_GONE,	  /* deleted on both ends; its inbound side still takes what was under way */
};

struct child_sa {
	struct child_sas_item by_id;
	struct ike_sa_children_item in_sa;
	struct ike_sa *sa;
	uint32_t id;
	uint32_t spi_in;
	uint32_t spi_out;
	enum child_sa_state state;
	struct ike_suite suite;
	struct ike_suite_text suite_text; /* of show and of the tunnel's many looks */
	struct instant since;
	bool in_plane;	      /* the data plane has it */
	bool ended;	      /* had it, and has it no more */
	bool unused;	  /* receive only: another one sends */
	bool unconfirmed; /* ours is the answer that made it, and the peer may not have got that: not to be rekeyed */
	bool anew;	      /* made by us where there was none */
	bool todo_rekey;      /* wanted, when the window is free again */
	bool delete_sent;     /* CLOSING: the DELETE is out */
	struct instant renew; /* a successor is made then */
	struct instant
		close; /* DELETE it then: lifetime is over, or a successor is there and the peer has not deleted it */
	struct instant end;  /* of its lifetime: leaves the data plane then, in whatever state */
	struct instant gone; /* GONE: leaves the data plane then */
};

struct ike_sa {
	struct ike_sas_item by_spi;
	struct ike_half_opens_item half_open_item;
	struct ike_half_open_ages_item half_open_age;
	struct ike_conn_sas_item in_conn;
	struct ike_graves_item in_grave;
	struct ike_sa_timers_item timer;
	struct instant due; /* the heap's key: the earliest of the times below */

	struct ike_engine *engine;
	struct ike_conn *conn;	  /* NULL: see above */
	struct ike_conn_cfg *cfg; /* the one it is negotiated under; a reference */
	enum ike_sa_state state;
	bool initiator;
	bool timer_armed;
	struct ike_rate_slot *half_open; /* that its address counts in; NULL: it is none */
	uint64_t spi_i;
	uint64_t spi_r;
	uint64_t before_i; /* SPIs of the one that this one took over from; 0: of none */
	uint64_t before_r;
	uint8_t twin; /* tells SAs of the same SPIs apart: see ike_rival.c */
	struct endpoint local;
	struct endpoint remote;
	bool nat_local;
	bool nat_remote;
	bool nat_pretended; /* we have said that there is one, and the peer goes by that */
	struct ike_mobike mobike;
	bool natt; /* moved to port 4500 */

	struct ike_suite suite;
	struct ike_suite_text suite_text; /* of show and of the tunnel's many looks */
	struct ike_keys keys; /* after the handshake only SK_d is left */
	struct crypto_box *seal;
	struct crypto_box *open;
	uint64_t iv_counter; /* AEAD IVs: never repeats under one key */
	bool keys_ready;
	bool ppk;	    /* a post-quantum pre-shared key is in the keys */
	bool fragmentation; /* both ends said so in IKE_SA_INIT, or in that of the SA that this one replaces */

	struct ike_window window;
	struct ike_frags *frags[IKE_FRAG_DIRECTIONS]; /* NULL: no message is being collected */
	struct ike_handshake *hs;
	struct ike_create *create; /* our CREATE_CHILD_SA under way */
	struct ike_pending *pending; /* the peer's, while additional key exchanges are to come */
	struct ike_held *held;	   /* the peer's, while the data plane has the word */
	struct ike_sa *parent;	   /* BORN: the one that is being rekeyed */
	struct ike_sa_children_head children;
	struct secret
		qcd_token; /* what the peer shows when it has lost this SA, RFC 6290; empty: it gave none */
	struct secret
		lowest_nonce; /* decides between two SAs that were made at the same time, as RFC 7296 2.8.1 does */

	bool todo_probe; /* wanted, when the window is free again */
	bool todo_delete;
	bool refused_auth; /* that DELETE says why, RFC 7296 2.21.2 */
	bool todo_rekey;
	bool todo_qcd; /* the peer has no token of ours yet */
	bool noted; /* IKE_AUTH was answered without a Child SA: why is noted already */
	struct ike_childless childless;
	struct instant created;
	struct instant established;
	struct instant heard; /* the last authentic message of the peer */
	struct instant
		origin; /* when the first of its line was: rekeying changes neither this nor lowest_nonce */
	struct instant expires; /* half-open, deleting and closed ones: gone then */
	struct instant renew;	/* lifetime: time for a successor */
	struct instant retire;	/* a successor is there: close with a DELETE then */
};

static inline uint64_t ike_sa_spi_local(const struct ike_sa *sa)
{
	return sa->initiator ? sa->spi_i : sa->spi_r;
}

static inline bool ike_sa_is_up(const struct ike_sa *sa)
{
	return sa->state == IKE_SA_ESTABLISHED;
}

static inline bool ike_sa_is_attempt(const struct ike_sa *sa)
{
	return sa->state == IKE_SA_INIT_SENT || sa->state == IKE_SA_KE_SENT || sa->state == IKE_SA_AUTH_SENT;
}

/* A new one with a fresh SPI on our side, in no connection yet. */
struct ike_sa *ike_sa_new(struct ike_engine *engine, bool initiator, struct instant now);

/* Takes it out of everything and frees it at the end of the current call (ike_sa_reap). Says nothing to anyone. */
void ike_sa_bury(struct ike_sa *sa);
void ike_sa_reap(struct ike_engine *engine);

void ike_sa_join(struct ike_sa *sa, struct ike_conn *conn);
void ike_sa_leave(struct ike_sa *sa);

/* Recomputes `due`; after every change of a time or of the window. */
void ike_sa_rearm(struct ike_sa *sa);

/*
 * Where the lifetimes of what is made now come from: the connection's configuration of today, also when the SA keeps an older one
 * for all else.
 */
const struct ike_conn_cfg *ike_sa_lifetimes(const struct ike_sa *sa);

/* How long after its birth an SA with this lifetime gets a successor, in us: a margin with jitter. */
int64_t ike_renew_after(const struct ike_engine *engine, uint32_t lifetime_s);

/* By chance, evenly: from 0 to `most`. */
int64_t ike_dice(const struct ike_engine *engine, int64_t most);

/* Both ends are authenticated: state, lifetimes. The handshake may still be needed for the answer. */
void ike_sa_established(struct ike_sa *sa, struct instant now);

/* Forgets what only the handshake needed, keys included. */
void ike_sa_handshake_done(struct ike_sa *sa);

/* SKEYSEED and all SK_*, the two boxes and lowest_nonce; from now on messages can be sealed. False: OpenSSL fails. */
bool ike_sa_keys_make(struct ike_sa *sa, struct bytes shared);

/* The next ones, after an additional key exchange of the handshake (RFC 9370 2.2.2). */
bool ike_sa_keys_next(struct ike_sa *sa, struct bytes shared);

/* The same for one that replaces `old`, from its SK_d; `more` of additional key exchanges. */
bool ike_sa_keys_rekey(struct ike_sa *sa, const struct ike_sa *old, struct bytes shared, struct bytes more);

/* --- endings: ike_sa_end.c ------------------------------------------------------------------------------- */

/* A rekeyed IKE SA takes over: connection, configuration, path, Child SAs. `old` belongs to nobody afterwards. */
void ike_sa_inherit(struct ike_sa *sa, struct ike_sa *old, struct instant now);

/* Waits for the peer's DELETE of the one that was replaced. */
void ike_sa_replaced(struct ike_sa *sa, struct instant now);

/* An attempt or an IKE SA that came to nothing: children closed, reason kept, IKE_DOWN where the connection has no other. */
void ike_sa_fail(struct ike_sa *sa, enum ike_reason reason, struct instant now);

/* The same, and the peer is told by a DELETE; the SA stays behind, without a connection, until that is answered. */
void ike_sa_close(struct ike_sa *sa, enum ike_reason reason, struct instant now);

/* After the answer to the peer's DELETE: keeps only that answer, for retransmissions. */
void ike_sa_linger(struct ike_sa *sa, enum ike_reason reason, struct instant now);

/* Has this the lower nonces, as RFC 7296 2.8.1 compares them? Then it is the one that goes. */
bool ike_sa_nonce_is_lower(const struct ike_sa *a, const struct ike_sa *b);

/* Nonces as octets, the lower one; a prefix is lower. */
struct bytes ike_nonce_lower(struct bytes a, struct bytes b);

/* The peer has begun this one: of the connection's others that are up, LIMIT_CONN_SAS - 1 stay. */
void ike_sa_make_room(struct ike_sa *sa, struct instant now);

/* This one is new and usable: settles what happens to the connection's others. */
void ike_sa_supersede(struct ike_sa *sa, bool initial_contact, struct instant now);

DECLARE_DLIST(ike_sa_children, struct child_sa, in_sa);
DECLARE_DLIST(ike_conn_sas, struct ike_sa, in_conn);

#endif
