// SPDX-License-Identifier: GPL-2.0-or-later
/* Message IDs and retransmission, see ike_window.h. */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/ike/ike_window.h"

DEFINE_MTYPE_STATIC(BGPVPN, IKE_REQUEST, "VPN IKE request");
DEFINE_MTYPE_STATIC(BGPVPN, IKE_RESPONSE, "VPN IKE response");

/* RFC 7296 2.4 leaves the numbers open and asks for exponential growth and "at least a dozen times over several minutes". */
#define HANDSHAKE_FIRST_US   (500 * USEC_PER_MS)
#define HANDSHAKE_CAP_US     (4 * USEC_PER_S)
#define HANDSHAKE_GIVE_UP_US (20 * USEC_PER_S) /* the tunnel begins anew with a pace of its own */

/*
 * A live SA: LIVE_FAST transmissions a round-trip time-out apart tell a lost packet from a dead path; then the pace doubles
 * up to a cap that decides how soon a healed path is noticed: one small packet every two seconds.
 */
#define LIVE_FAST	5
#define LIVE_CAP_US	(2 * USEC_PER_S)
#define LIVE_GIVE_UP_US (180 * USEC_PER_S)
#define LIVE_LEAST_US	(10 * USEC_PER_MS)

#define GOODBYE_GIVE_UP_US (3 * USEC_PER_S)

static void request_fini(struct ike_request *request)
{
	XFREE(MTYPE_IKE_REQUEST, request->data);
	*request = (struct ike_request){};
}

void ike_window_fini(struct ike_window *window)
{
	request_fini(&window->request);
	XFREE(MTYPE_IKE_RESPONSE, window->response);
}

static int64_t give_up_after(enum ike_pace pace)
{
	switch (pace) {
	case IKE_PACE_HANDSHAKE:
		return HANDSHAKE_GIVE_UP_US;
	case IKE_PACE_LIVE:
		return LIVE_GIVE_UP_US;
	case IKE_PACE_GOODBYE:
		return GOODBYE_GIVE_UP_US;
	}
	return 0;
}

static int64_t doubled(int64_t first, uint32_t times, int64_t cap)
{
	while (times-- > 0 && first < cap)
		first *= 2;
	return MIN(first, cap);
}

static int64_t live_delay(uint32_t tries, int64_t rto_us, int64_t detect_us)
{
	int64_t fast = MAX(LIVE_LEAST_US, MIN(rto_us, detect_us / LIVE_FAST));

	return tries < LIVE_FAST ? fast : doubled(fast, tries - LIVE_FAST + 1, LIVE_CAP_US);
}

static int64_t next_delay(const struct ike_request *request, int64_t rto_us, int64_t detect_us)
{
	switch (request->pace) {
	case IKE_PACE_LIVE:
		return live_delay(request->tries, rto_us, detect_us);
	case IKE_PACE_HANDSHAKE:
	case IKE_PACE_GOODBYE:
		break;
	}
	return doubled(HANDSHAKE_FIRST_US, request->tries - 1, HANDSHAKE_CAP_US);
}

void ike_window_open(struct ike_window *window, uint8_t exchange, enum ike_pace pace, struct bytes datagram,
		     struct instant now)
{
	struct ike_request *request = &window->request;

	request_fini(request);
	request->active = true;
	request->exchange = exchange;
	request->pace = pace;
	request->message_id = window->next_id++;
	request->data = XMALLOC(MTYPE_IKE_REQUEST, datagram.n);
	memcpy(request->data, datagram.p, datagram.n);
	request->len = datagram.n;
	request->first = now;
	request->give_up = instant_add(now, give_up_after(pace));
}

void ike_window_sent_again(struct ike_window *window, int64_t rto_us, int64_t detect_us, struct instant now)
{
	struct ike_request *request = &window->request;

	request->repeated = request->tries > 0 || request->repeated;
	request->tries++;
	request->next = instant_add(now, next_delay(request, rto_us, detect_us));
}

void ike_window_hurry(struct ike_window *window)
{
	struct ike_request *request = &window->request;

	request->repeated = request->tries > 0 || request->repeated;
	request->tries = 0;
}

int64_t ike_window_answered(struct ike_window *window, struct instant now)
{
	const struct ike_request *request = &window->request;
	int64_t rtt = !request->repeated ? MAX(1, instant_diff(now, request->first)) : 0;

	request_fini(&window->request);
	return rtt;
}

static void fingerprint(struct bytes datagram, uint8_t out[CRYPTO_SHA1_LEN])
{
	crypto_sha1(&datagram, 1, out);
}

static bool is_answered(const struct ike_window *window, uint32_t message_id)
{
	return message_id + 1 == window->expected_id && window->response;
}

enum ike_window_verdict ike_window_judge_fragment(const struct ike_window *window, uint32_t message_id,
						  uint16_t number)
{
	if (message_id == window->expected_id)
		return IKE_WINDOW_NEW;
	return is_answered(window, message_id) && number == 1 ? IKE_WINDOW_REPEAT : IKE_WINDOW_OUTSIDE;
}

enum ike_window_verdict ike_window_judge(const struct ike_window *window, uint32_t message_id,
					 struct bytes datagram)
{
	uint8_t print[CRYPTO_SHA1_LEN];

	if (message_id == window->expected_id)
		return IKE_WINDOW_NEW;
	if (!is_answered(window, message_id))
		return IKE_WINDOW_OUTSIDE;
	/* RFC 7296 2.1: a retransmission is the same to the letter; anything else is not from the peer. */
	fingerprint(datagram, print);
	if (memcmp(print, window->seen, sizeof(print)) != 0)
		return IKE_WINDOW_OUTSIDE;
	return IKE_WINDOW_REPEAT;
}

void ike_window_take(struct ike_window *window, struct bytes datagram)
{
	XFREE(MTYPE_IKE_RESPONSE, window->response);
	window->response_len = 0;
	window->expected_id++;
	fingerprint(datagram, window->seen);
}

bool ike_window_may_repeat(struct ike_window *window, bool astray)
{
	if (window->repeats >= LIMIT_REPEATS || (astray && window->astray >= LIMIT_REPEATS_ASTRAY))
		return false;
	window->repeats++;
	window->astray += astray;
	return true;
}

void ike_window_keep_response(struct ike_window *window, struct bytes datagram)
{
	window->repeats = window->astray = 0;
	XFREE(MTYPE_IKE_RESPONSE, window->response);
	window->response = XMALLOC(MTYPE_IKE_RESPONSE, datagram.n);
	memcpy(window->response, datagram.p, datagram.n);
	window->response_len = datagram.n;
}
