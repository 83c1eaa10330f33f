// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages that no engine of ours would send, sealed with the keys that it has, and a look into those that it did send. For the tests of
 * what RFC 7296 says about a peer that differs from us; after cmocka_all.h.
 */
#ifndef BGPVPN_TESTS_IKE_CRAFT_H
#define BGPVPN_TESTS_IKE_CRAFT_H

#include "bgpvpnd/ike/ike_engine.h"
#include "tests/helpers/ike_forge.h"

/* A sealed datagram, opened. */
struct opened {
	struct ike_turn turn;
	const struct ike_payloads *list;
};

static inline struct ike_sa *sa_up(const struct pair_side *side)
{
	struct ike_conn *conn = ike_conn_find(side->engine, PAIR_CONN);

	return conn ? ike_conn_up(conn) : NULL;
}

static inline struct ike_sa *sa_in_state(const struct pair_side *side, enum ike_sa_state state)
{
	struct ike_sa *sa;

	frr_each (ike_sas, &side->engine->sas, sa)
		if (sa->state == state)
			return sa;
	return NULL;
}

static inline void add_payload(struct ike_draft *draft, uint8_t type, bool critical, struct bytes body)
{
	ike_build_payload(&draft->build, type, critical);
	wr_bytes(&draft->wr, body);
}

/* --> HDR, SK {what the draft holds}: as the next request of `side`, in its queue. */
static inline void ask(struct pair *p, struct pair_side *side, struct ike_draft *draft)
{
	assert_true(ike_draft_send_request(draft, IKE_PACE_LIVE, p->now));
	pair_drain(p, side);
}

/* What `side`, which has the keys, finds in a datagram for it. Good until the engine is used again. */
static inline void open_for(const struct pair_side *side, struct ike_sa *sa, const struct pair_datagram *d,
			    struct opened *o)
{
	*o = (struct opened){
		.turn = {.engine = side->engine, .sa = sa, .datagram = bytes_make(d->data, d->len)}};
	assert_int_equal(ike_msg_decode(o->turn.datagram, &o->turn.msg, &o->turn.bad_type), IKE_R_OK);
	o->turn.list = &o->turn.msg.outer;
	assert_int_equal(ike_turn_open(&o->turn), IKE_R_OK);
	o->list = &o->turn.inner;
}

static inline bool has_notify(const struct opened *o, uint16_t type)
{
	struct ike_notify notify;

	return ike_turn_notify(&o->turn, type, &notify);
}

/* The request of A in its queue goes to B; B's answer, opened by A, which does not get it. */
static inline struct pair_datagram answer_of(struct pair *p, struct opened *o)
{
	struct pair_datagram d;

	assert_true(pair_take(&p->a, &d));
	pair_give(p, &p->b, &d);
	assert_true(pair_take(&p->b, &d));
	assert_true(pair_header(&d).flags & IKE_FLAG_RESPONSE);
	open_for(&p->a, sa_up(&p->a), &d, o);
	return d;
}

static inline void up(struct pair *p)
{
	pair_init(p, IKE_DEFAULT, ESP_DEFAULT);
	pair_initiate(p, &p->a);
	pair_run(p);
	pair_assert_up(p);
}

#endif
