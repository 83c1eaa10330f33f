// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What somebody on the path, who sees every datagram and can send any but hold back none, may put between the arrows of ike_pair.h. For
 * the tests of what is forged; after cmocka_all.h.
 */
#ifndef BGPVPN_TESTS_IKE_FORGE_H
#define BGPVPN_TESTS_IKE_FORGE_H

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/proto/proto.h"
#include "tests/helpers/ike_pair.h"
#include "tests/helpers/mem_live.h"

#define IKE_DEFAULT "aes128gcm16-prfsha256-curve25519"
#define IKE_GROUPS  "aes128gcm16-prfsha256-curve25519-ecp256"
#define ESP_DEFAULT "aes128gcm16"

static size_t live_before;

static inline int setup(void **state)
{
	live_before = mem_live();
	return 0;
}

static inline int teardown(void **state)
{
	assert_int_equal(mem_live(), live_before);
	return 0;
}

static inline uint64_t num_sas(const struct pair_side *side)
{
	struct ike_counters counters;

	ike_engine_counters(side->engine, &counters);
	return counters.ike_sas;
}

static inline void arrow(struct pair *p, struct pair_side *from, uint8_t exchange, bool response)
{
	struct pair_datagram d = pair_taken(from, exchange, response);

	pair_give(p, from == &p->a ? &p->b : &p->a, &d);
}

/* A message in clear with one payload: as the answer to `to`, or as a message of its sender. */
static inline struct pair_datagram clear_message(const struct pair_datagram *like, const struct ike_hdr *hdr,
						 uint8_t type, const struct ike_notify *notify)
{
	const struct ike_delete del = {.proto = IKE_PROTO_IKE};
	struct pair_datagram d = *like;
	struct wr wr = wr_of(d.data, sizeof(d.data));
	struct ike_build build;

	ike_build_start(&build, &wr, hdr);
	ike_build_payload(&build, type, false);
	if (notify)
		ike_notify_encode(&wr, notify);
	else
		ike_delete_encode(&wr, &del);
	ike_build_end(&build);
	d.len = wr.len;
	return d;
}

static inline struct pair_datagram turned(const struct pair_datagram *d)
{
	struct pair_datagram back = *d;

	back.from = d->to;
	back.to = d->from;
	return back;
}

/* <-- HDR, N(type), as from the one who got `request` */
static inline struct pair_datagram refusal(const struct pair_datagram *request, uint16_t type,
					   struct bytes data)
{
	const struct ike_notify notify = {.type = type, .data = data};
	struct pair_datagram back = turned(request);
	struct ike_hdr hdr = pair_header(request);

	hdr.flags = IKE_FLAG_RESPONSE;
	return clear_message(&back, &hdr, IKE_PAYLOAD_NOTIFY, &notify);
}

static inline void assert_up_and_clean(struct pair *p)
{
	pair_assert_up(p);
	pair_sleep(p, 10 * USEC_PER_S, true);
	pair_assert_up(p);
	assert_int_equal(num_sas(&p->a), 1);
	assert_int_equal(p->a.ike_up, 1);
	assert_int_equal(p->a.ike_down + p->b.ike_down, 0);
	assert_int_equal(p->a.added, 1);
	assert_int_equal(p->b.added, 1);
}

#endif
