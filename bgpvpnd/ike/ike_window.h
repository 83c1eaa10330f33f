// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Message IDs and retransmission, RFC 7296 2.1 to 2.3. Private to ike/. The window is one message in each direction:
 *
 *	              next_id          request                expected_id     response
 *	idle          the next one     none                   the next one    of expected_id - 1
 *	waiting       same + 1         kept, retransmitted    (the two directions know nothing of each other)
 *	answered      unchanged        none
 *
 * A message that went in fragments (RFC 7383) is kept as one run of bytes, its datagrams one behind the other: the length in
 * the header of each says where the next begins. So a repetition repeats all of them.
 */
#ifndef BGPVPN_IKE_IKE_WINDOW_H
#define BGPVPN_IKE_IKE_WINDOW_H

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/ike/ike.h"

/* How a request is repeated. */
enum ike_pace {
	IKE_PACE_HANDSHAKE, /* from half a second, doubling */
	IKE_PACE_LIVE,	    /* by the round-trip time first, then doubling to a cap, for minutes */
	IKE_PACE_GOODBYE,   /* a few times: nobody waits for the answer */
};

struct ike_request {
	bool active;
	uint8_t exchange;
	enum ike_pace pace;
	uint32_t message_id;
	uint32_t tries;	 /* how often it went out since the pace began */
	uint32_t chased; /* how often it was sent at once to where the peer had moved */
	bool repeated;	 /* went out more than once: its answer tells no round-trip time (Karn) */
	uint8_t *data;
	size_t len;
	struct instant first;
	struct instant next;	/* retransmit then */
	struct instant give_up; /* or end it then */
};

struct ike_window {
	uint32_t next_id;
	struct ike_request request;
	uint32_t expected_id;
	uint8_t seen[CRYPTO_SHA1_LEN]; /* fingerprint of request expected_id - 1 */
	uint8_t *response;	       /* the answer to it; NULL: not answered yet */
	size_t response_len;
	uint8_t repeats; /* of the response */
	uint8_t astray;	 /* so many of them to another address than the peer's */
};

void ike_window_fini(struct ike_window *window);

/* Takes a copy of the datagram, or datagrams, as the outstanding request, as sent once at `now`. */
void ike_window_open(struct ike_window *window, uint8_t exchange, enum ike_pace pace, struct bytes datagram,
		     struct instant now);

/* The outstanding request was answered: forgets it. Its round-trip time in us, or 0 when it was repeated (Karn). */
int64_t ike_window_answered(struct ike_window *window, struct instant now);

/*
 * Counts one transmission more and sets the time of the next. rto_us: what the estimator says; detect_us bounds the fast
 * phase of IKE_PACE_LIVE.
 */
void ike_window_sent_again(struct ike_window *window, int64_t rto_us, int64_t detect_us, struct instant now);

/* Begins the pace of the outstanding request anew. */
void ike_window_hurry(struct ike_window *window);

enum ike_window_verdict {
	IKE_WINDOW_NEW,	   /* the request that we expect */
	IKE_WINDOW_REPEAT, /* the one before, to the letter: repeat the answer */
	IKE_WINDOW_OUTSIDE,
};
enum ike_window_verdict ike_window_judge(const struct ike_window *window, uint32_t message_id,
					 struct bytes datagram);

/*
 * The same for fragment `number` of a request, RFC 7383 2.6.1: only the first one asks for the answer again. It may be another than the
 * one that came (split anew), so the caller makes sure that it is genuine.
 */
enum ike_window_verdict ike_window_judge_fragment(const struct ike_window *window, uint32_t message_id,
						  uint16_t number);

/*
 * May the answer be repeated once more? Whoever saw the request can send it again from anywhere, and the first fragment asks for all of the
 * answer's.
 */
bool ike_window_may_repeat(struct ike_window *window, bool astray);

/* The expected request was taken (authenticated): the next one is expected, its answer is not there yet. */
void ike_window_take(struct ike_window *window, struct bytes datagram);
void ike_window_keep_response(struct ike_window *window, struct bytes datagram);

#endif
