// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine's inside: what the files of ike/ share. Private to ike/; the seam is ike.h. */
#ifndef BGPVPN_IKE_IKE_ENGINE_H
#define BGPVPN_IKE_IKE_ENGINE_H

#include "bgpvpnd/ike/ike_conn.h"
#include "bgpvpnd/ike/ike_cookie.h"
#include "bgpvpnd/ike/ike_create.h"
#include "bgpvpnd/ike/ike_output.h"
#include "bgpvpnd/ike/ike_pending.h"
#include "bgpvpnd/ike/ike_rate.h"
#include "bgpvpnd/ike/ike_sa.h"
#include "bgpvpnd/ike/ike_spawn.h"
#include "bgpvpnd/proto/proto.h"

/* Answers that an address which proved nothing can make us send: a bucket refilled once a second. */
struct ike_ration {
	struct instant since;
	uint32_t used;
};

struct ike_engine {
	const struct ike_host *host;
	struct ike_conns_head conns;
	struct ike_conn_peers_head peers;
	struct ike_spawns_head spawns;
	uint32_t last_spawned;
	struct ike_sas_head sas;
	struct ike_half_opens_head half_opens;
	struct ike_half_open_ages_head half_open_ages;
	struct ike_sa_timers_head timers;
	struct ike_graves_head graves;
	struct child_sas_head children;
	struct ike_outputs_head outputs;
	struct ike_output_item *pulled; /* the last one given out: what it borrows lives until the next */
	struct ike_cookie_jar cookies;
	struct secret qcd_secret; /* empty: no tokens are made */
	struct ike_ration ration;
	struct ike_rate rate;
	struct ike_counters counters;
	uint32_t last_child_id;
	uint8_t plain[LIMIT_IKE_MSG]; /* the opened SK payload of the message at hand */
};

/* One message at hand: everything a handler may look at. Borrows from the datagram and from engine->plain. */
struct ike_turn {
	struct ike_engine *engine;
	struct ike_sa *sa; /* NULL: none yet */
	const struct endpoint *local;
	const struct endpoint *remote;
	struct bytes datagram;
	struct ike_msg msg;
	struct ike_skf skf;		 /* total 0: not a fragment */
	uint8_t whole_first; /* what fragments were put together to, or an SK payload held: a chain in */
	size_t whole_len;    /* engine->plain, and the type of its first payload */
	struct ike_payloads inner;	 /* of the SK payload */
	const struct ike_payloads *list; /* outer or inner: the ones that count */
	struct instant now;
	uint8_t bad_type;   /* of a critical payload that we do not know */
	bool authentic;	    /* came sealed, and the seal held */
	bool proved;	    /* IKE_SA_INIT that returned a cookie of ours: the address is its sender's */
	uint16_t wanted_ke; /* with INVALID_KE: the group to say */
	struct ike_notify lost; /* with CHILD_NOT_FOUND: protocol and SPI to say */
};

static inline bool ike_turn_is_response(const struct ike_turn *turn)
{
	return turn->msg.hdr.flags & IKE_FLAG_RESPONSE;
}

static inline void ike_count(struct ike_engine *engine, enum ike_reason reason)
{
	engine->counters.reasons[reason]++;
}

/* False when this second's ration of unauthenticated answers is used up. */
bool ike_ration_take(struct ike_engine *engine, struct instant now);

/* --- ike_message.c: sealing, opening and sending --------------------------------------------------------- */

/*
 * A message under construction. ike_draft_open() prepares header or SK chain, payloads go through draft->build and draft->wr,
 * ike_draft_send_request() / _response() seal, remember in the window and output. LIMIT_IKE_MSG_OUT at most.
 */
struct ike_draft {
	struct ike_sa *sa;
	struct ike_hdr hdr;
	struct wr wr;
	struct ike_build build;
	bool sealed;
	uint8_t buf[LIMIT_IKE_MSG_OUT];
};

void ike_draft_request(struct ike_draft *draft, struct ike_sa *sa, uint8_t exchange);
void ike_draft_response(struct ike_draft *draft, struct ike_sa *sa, const struct ike_hdr *request);
void ike_draft_notify(struct ike_draft *draft, uint16_t type, struct bytes data);
void ike_draft_sa(struct ike_draft *draft, const struct ike_sa_payload *payload);
void ike_draft_ke(struct ike_draft *draft, const struct crypto_ke *key, uint16_t method);
void ike_draft_nonce(struct ike_draft *draft, const struct secret *nonce);
void ike_draft_ts(struct ike_draft *draft, const struct ts_list *tsi, const struct ts_list *tsr);

/* A nonce of LIMIT_NONCE_OUT bytes. */
void ike_fresh_nonce(const struct ike_engine *engine, struct secret *nonce);
bool ike_draft_send_request(struct ike_draft *draft, enum ike_pace pace, struct instant now);
bool ike_draft_send_response(struct ike_draft *draft, const struct endpoint *local,
			     const struct endpoint *remote);

/* Answers the request at hand with nothing but this error. */
void ike_answer_sealed(struct ike_turn *turn, enum ike_reason reason);

/* The outstanding request goes out, the first time or again. */
void ike_sa_transmit_request(struct ike_sa *sa, struct instant now);

/* A clear-text notify to somebody who proved nothing: rationed. Only for requests. */
void ike_answer_clear(struct ike_turn *turn, uint16_t notify, struct bytes data);

/* Opens the SK payload of the turn into engine->plain and walks it; what ike_frags_take() put together is open already. */
enum ike_reason ike_turn_open(struct ike_turn *turn);

/*
 * The text of `sealed`, the body of an SK payload or what is behind the numbers of an SKF one, into engine->plain if the seal holds:
 * at least a byte, padding included, which ike_text_unpad() takes off (BAD_SYNTAX). `_again`: of the last request that was taken.
 */
enum ike_reason ike_turn_unseal(struct ike_turn *turn, struct bytes sealed, struct bytes *text);
enum ike_reason ike_turn_unseal_again(struct ike_turn *turn, struct bytes sealed, struct bytes *text);
enum ike_reason ike_text_unpad(struct bytes *text);

/* Appends a whole message to `out`, its content in an SK payload, or in the SKF payload `skf`. `first` is the type of its first payload. */
bool ike_seal(struct ike_sa *sa, const struct ike_hdr *hdr, const struct ike_skf *skf, uint8_t first,
	      struct bytes text, struct wr *out);

/* The datagrams of one message, as the window keeps them. */
void ike_sa_transmit(struct ike_sa *sa, const struct endpoint *local, const struct endpoint *remote,
		     struct bytes datagrams);

/* First notify of this type; false when there is none (or it cannot be decoded). */
bool ike_turn_notify(const struct ike_turn *turn, uint16_t type, struct ike_notify *notify);
/* The first error notify (below IKE_NOTIFY_STATUS_FIRST). */
bool ike_turn_error(const struct ike_turn *turn, struct ike_notify *notify);

DECLARE_MTYPE(IKE_CREATE);
DECLARE_MTYPE(IKE_HELD);

/* --- half-open responders: ike_half_open.c ------------------------------------------------------------- */

/* Counts it among the half-open ones; beyond LIMIT_HALF_OPEN_MAX one of the address that has most makes room. */
void ike_half_open_add(struct ike_sa *sa, struct bytes request);
void ike_half_open_del(struct ike_sa *sa);

/* The one that this very request made already, or NULL. */
struct ike_sa *ike_half_open_find(struct ike_engine *engine, struct bytes request,
				  const struct endpoint *remote);

/* --- the machine: ike_fsm.c ------------------------------------------------------------------------------ */

/* A set of payload types, 33 (SA) to 53 (SKF). */
#define IKE_SET(type) (UINT64_C(1) << (IKE_PAYLOAD_##type - IKE_PAYLOAD_SA))

/*
 * One line of the protocol: in this state, a message of this exchange and direction, with these payloads, is handled so
 * and leads there. Rows of one state, exchange and direction are tried in order; the first that the payloads fit is taken.
 */
struct ike_row {
	const char *name;
	enum ike_sa_state in;
	uint8_t exchange;
	bool response;
	bool sealed;
	uint64_t need;
	uint64_t may;
	enum ike_reason (*handle)(struct ike_turn *turn);
	enum ike_sa_state to;
};

extern const struct ike_row ike_init_rows[];
extern const struct ike_row ike_intermediate_rows[];
extern const struct ike_row ike_auth_rows[];
extern const struct ike_row ike_informational_rows[];
extern const struct ike_row ike_create_child_rows[];
extern const struct ike_row ike_followup_rows[];

/* Are these payloads all there, no others, and none twice that may not be? */
enum ike_reason ike_payloads_check(const struct ike_payloads *list, uint64_t need, uint64_t may);

/* Takes the message of turn->sa through its row. */
void ike_fsm_run(struct ike_turn *turn);

/* --- exchanges ------------------------------------------------------------------------------------------- */

/* Begins a new IKE SA for the connection, towards this peer. ike_exch_init.c */
void ike_init_start(struct ike_conn *conn, const struct endpoint *local, const struct endpoint *remote,
		    struct instant now);
/* Derives the keys of a half-open responder, once, when IKE_AUTH comes. */
bool ike_init_derive(struct ike_sa *sa);
void ike_init_respond(struct ike_turn *turn);
/* The next additional key exchange, or IKE_AUTH when they are done; with the state that belongs to it. ike_exch_intermediate.c */
enum ike_reason ike_intermediate_or_auth_send(struct ike_sa *sa, struct instant now);
/* IKE_SA_INIT as the handshake has it, and a private value of this group for it: for ike_ask.c. */
bool ike_init_send(struct ike_sa *sa, struct instant now);
bool ike_init_key_pair(struct ike_sa *sa, uint16_t method);
enum ike_reason ike_auth_send(struct ike_sa *sa, struct instant now); /* ike_exch_auth.c */
void ike_auth_child_result(struct child_sa *child, int result, struct instant now);

/* Sends what waited for the window. */
void ike_sa_continue(struct ike_sa *sa, struct instant now);

static inline int ike_sa_due_cmp(const struct ike_sa *a, const struct ike_sa *b)
{
	return numcmp(a->due.us, b->due.us);
}

/* One IKE_SA_INIT of ours may have several answers, so ours alone does not say which SA it is (ike_rival.h). */
static inline int ike_sa_spi_cmp(const struct ike_sa *a, const struct ike_sa *b)
{
	if (a->spi_i != b->spi_i)
		return numcmp(a->spi_i, b->spi_i);
	return a->spi_r != b->spi_r ? numcmp(a->spi_r, b->spi_r) : numcmp(a->twin, b->twin);
}

/* SPIs of our side are random: their own bits are the hash. */
static inline uint32_t ike_sa_spi_hash(const struct ike_sa *sa)
{
	return (uint32_t)ike_sa_spi_local(sa);
}

static inline int child_sa_cmp(const struct child_sa *a, const struct child_sa *b)
{
	return numcmp(a->id, b->id);
}

static inline uint32_t child_sa_hash(const struct child_sa *child)
{
	return child->id * 2654435761u;
}

int ike_half_open_cmp(const struct ike_sa *a, const struct ike_sa *b);
uint32_t ike_half_open_hash(const struct ike_sa *sa);

DECLARE_HEAP(ike_sa_timers, struct ike_sa, timer, ike_sa_due_cmp);
DECLARE_HASH(ike_sas, struct ike_sa, by_spi, ike_sa_spi_cmp, ike_sa_spi_hash);
DECLARE_HASH(ike_half_opens, struct ike_sa, half_open_item, ike_half_open_cmp, ike_half_open_hash);
DECLARE_DLIST(ike_half_open_ages, struct ike_sa, half_open_age);
DECLARE_DLIST(ike_graves, struct ike_sa, in_grave);
DECLARE_HASH(child_sas, struct child_sa, by_id, child_sa_cmp, child_sa_hash);

#endif
