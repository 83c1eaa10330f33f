// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What MOBIKE says, RFC 4555 3.4 to 3.9, in IKE_AUTH and in INFORMATIONAL exchanges:
 *
 *	decides, its address or the path changed                follows
 *	HDR, SK {N(UPDATE_SA_ADDRESSES), N(NAT..), N(COOKIE2)} -->
 *	                               <--  HDR, SK {N(NAT..), N(COOKIE2)} | {N(UNACCEPTABLE_ADDRESSES) |
 *	                                            N(UNEXPECTED_NAT_DETECTED), N(COOKIE2)}
 *	                               <--  HDR, SK {N(COOKIE2)}		do you answer there?
 *	HDR, SK {N(COOKIE2)} -->
 *
 *	                                                         its address changed
 *	                               <--  HDR, SK {N(NO_ADDITIONAL_ADDRESSES), N(COOKIE2)}
 *	HDR, SK {N(COOKIE2)} -->	and then N(UPDATE_SA_ADDRESSES) as above
 *
 * We have no additional addresses to tell of: of several, the routing table chooses. Those of the peer are used.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_nat.h"

/* --- IKE_AUTH -------------------------------------------------------------------------------------------- */

void ike_mobike_add_supported(struct ike_draft *draft)
{
	ike_draft_notify(draft, IKE_NOTIFY_MOBIKE_SUPPORTED, bytes_make(NULL, 0));
}

bool ike_mobike_offered(const struct ike_turn *turn)
{
	struct ike_notify notify;

	return ike_turn_notify(turn, IKE_NOTIFY_MOBIKE_SUPPORTED, &notify);
}

/* 4.2.6: source address, destination address, source port, destination port. */
bool ike_mobike_nat_unexpected(const struct ike_turn *turn)
{
	struct ike_notify notify;
	uint8_t seen[16 + 16 + 2 + 2];
	struct wr wr = wr_of(seen, sizeof(seen));

	if (!ike_turn_notify(turn, IKE_NOTIFY_NO_NATS_ALLOWED, &notify))
		return false;
	wr_bytes(&wr, ipaddr_bytes(&turn->remote->addr));
	wr_bytes(&wr, ipaddr_bytes(&turn->local->addr));
	wr_u16(&wr, turn->remote->port);
	wr_u16(&wr, turn->local->port);
	return !bytes_equal(notify.data, wr_bytes_view(&wr));
}

/* --- asking ---------------------------------------------------------------------------------------------- */

static void add_cookie(struct ike_draft *draft)
{
	struct ike_sa *sa = draft->sa;
	const struct ike_host *host = sa->engine->host;

	host->random(host->arg, sa->mobike.cookie, sizeof(sa->mobike.cookie));
	ike_draft_notify(draft, IKE_NOTIFY_COOKIE2, BYTES_OF(sa->mobike.cookie));
}

static bool ask(struct ike_sa *sa, enum ike_mobike_out what, uint16_t notify, struct instant now)
{
	struct ike_draft draft;

	ike_draft_request(&draft, sa, IKE_EXCHANGE_INFORMATIONAL);
	if (notify)
		ike_draft_notify(&draft, notify, bytes_make(NULL, 0));
	if (what == IKE_MOBIKE_UPDATE)
		ike_nat_add(&draft, &sa->local, &sa->remote, sa->cfg->nat_force);
	add_cookie(&draft);
	sa->mobike.out = what;
	sa->mobike.asked_at = sa->mobike.moves;
	return ike_draft_send_request(&draft, IKE_PACE_LIVE, now);
}

bool ike_mobike_say(struct ike_sa *sa, struct instant now)
{
	struct ike_mobike *mobike = &sa->mobike;

	if (mobike->todo_update) {
		mobike->todo_update = false;
		return ask(sa, IKE_MOBIKE_UPDATE, IKE_NOTIFY_UPDATE_SA_ADDRESSES, now);
	}
	if (mobike->todo_addresses) {
		mobike->todo_addresses = false;
		return ask(sa, IKE_MOBIKE_ADDRESSES, IKE_NOTIFY_NO_ADDITIONAL_ADDRESSES, now);
	}
	if (mobike->todo_check) {
		mobike->todo_check = false;
		return ask(sa, IKE_MOBIKE_CHECK, 0, now);
	}
	return false;
}

void ike_mobike_add_liveness(struct ike_draft *draft)
{
	struct ike_sa *sa = draft->sa;

	if (sa->mobike.on && sa->mobike.decides && sa->nat_local)
		ike_nat_add(draft, &sa->local, &sa->remote, sa->cfg->nat_force);
}

/* --- being asked ----------------------------------------------------------------------------------------- */

/* The address in front of which we were configured to be, if any. The peer may be wherever it proves to be. */
static bool is_acceptable(const struct ike_turn *turn)
{
	const struct ipaddr *wanted = &turn->sa->cfg->local;

	return IS_IPADDR_NONE(wanted) || ipaddr_equal(wanted, &turn->local->addr);
}

static bool has_addresses(const struct ike_turn *turn)
{
	struct ike_notify notify;

	return ike_turn_notify(turn, IKE_NOTIFY_ADDITIONAL_IP4_ADDRESS, &notify) ||
	       ike_turn_notify(turn, IKE_NOTIFY_ADDITIONAL_IP6_ADDRESS, &notify) ||
	       ike_turn_notify(turn, IKE_NOTIFY_NO_ADDITIONAL_ADDRESSES, &notify);
}

struct ike_mobike_ask ike_mobike_read(const struct ike_turn *turn)
{
	const struct ike_mobike *mobike = &turn->sa->mobike;
	struct ike_mobike_ask ask = {};
	struct ike_notify notify;

	if (!mobike->on)
		return ask;
	ask.addresses = has_addresses(turn);
	/* Who decides is not told. */
	ask.update = !mobike->decides && ike_turn_notify(turn, IKE_NOTIFY_UPDATE_SA_ADDRESSES, &notify);
	if (ask.update && ike_mobike_nat_unexpected(turn))
		ask.refusal = IKE_NOTIFY_UNEXPECTED_NAT_DETECTED;
	else if (ask.update && !is_acceptable(turn))
		ask.refusal = IKE_NOTIFY_UNACCEPTABLE_ADDRESSES;
	return ask;
}

void ike_mobike_answer(struct ike_draft *draft, const struct ike_turn *turn, const struct ike_mobike_ask *ask)
{
	struct ike_sa *sa = turn->sa;
	struct ike_notify notify;

	if (!sa->mobike.on)
		return;
	if (ask->refusal)
		ike_draft_notify(draft, ask->refusal, bytes_make(NULL, 0));
	else if (ike_turn_notify(turn, IKE_NOTIFY_NAT_DETECTION_SOURCE_IP, &notify))
		ike_nat_add(draft, turn->local, turn->remote, sa->cfg->nat_force);
	if (ike_turn_notify(turn, IKE_NOTIFY_COOKIE2, &notify) && notify.data.n <= LIMIT_COOKIE_MAX)
		ike_draft_notify(draft, IKE_NOTIFY_COOKIE2, notify.data);
}

static void take_nat(struct ike_turn *turn)
{
	struct ike_nat_finding nat = ike_nat_detect(turn);

	if (!nat.supported)
		return;
	turn->sa->nat_local = nat.local;
	turn->sa->nat_remote = nat.remote;
}

void ike_mobike_obey(struct ike_turn *turn, const struct ike_mobike_ask *ask)
{
	if (ask->update && !ask->refusal) {
		bool in_udp = child_sas_in_udp(turn->sa);

		take_nat(turn);
		ike_mobike_follow(turn);
		/* A NAT came or went, between addresses that stay. */
		if (child_sas_in_udp(turn->sa) != in_udp && !turn->sa->mobike.held)
			child_sas_follow(turn->sa);
	}
	if (ask->addresses)
		ike_mobike_learn(turn);
}

/* --- the answer ------------------------------------------------------------------------------------------ */

static bool mapping_of(const struct ike_turn *turn, struct bytes *hash)
{
	struct ike_notify notify;

	if (!ike_turn_notify(turn, IKE_NOTIFY_NAT_DETECTION_DESTINATION_IP, &notify) ||
	    notify.data.n != CRYPTO_SHA1_LEN)
		return false;
	*hash = notify.data;
	return true;
}

void ike_mobike_note_mapping(struct ike_turn *turn)
{
	struct ike_mobike *mobike = &turn->sa->mobike;
	struct bytes hash;

	mobike->mapping_known = mapping_of(turn, &hash);
	if (mobike->mapping_known)
		memcpy(mobike->mapping, hash.p, sizeof(mobike->mapping));
}

/* 3.8: the peer sees us elsewhere than before; it does not follow until it is told. */
static void compare_mapping(struct ike_turn *turn)
{
	struct ike_mobike *mobike = &turn->sa->mobike;
	struct bytes hash;

	if (mobike->decides && mobike->mapping_known && mapping_of(turn, &hash) &&
	    !bytes_equal(hash, BYTES_OF(mobike->mapping)))
		mobike->todo_update = true;
}

static bool cookie_came_back(const struct ike_turn *turn)
{
	struct ike_notify notify;

	return ike_turn_notify(turn, IKE_NOTIFY_COOKIE2, &notify) &&
	       bytes_equal(notify.data, BYTES_OF(turn->sa->mobike.cookie));
}

/* The new addresses are no good there. 3.5 leaves it to us: as without MOBIKE, a new IKE SA takes over. */
static bool refused(struct ike_turn *turn)
{
	struct ike_sa *sa = turn->sa;
	struct ike_notify notify;

	if (!ike_turn_error(turn, &notify))
		return false;
	ike_count(turn->engine, IKE_R_PEER_ERROR);
	if (sa->conn)
		ike_sa_reauthenticate(sa, turn->now);
	return true;
}

/* An answer from elsewhere has not come by the way that it is about. */
static bool is_from_there(const struct ike_turn *turn)
{
	const struct ike_sa *sa = turn->sa;

	return endpoint_equal(turn->remote, &sa->remote) && ipaddr_equal(&turn->local->addr, &sa->local.addr);
}

static void updated(struct ike_turn *turn)
{
	if (refused(turn))
		return;
	if (is_from_there(turn))
		take_nat(turn);
	turn->sa->nat_pretended = turn->sa->cfg->nat_force;
	ike_mobike_note_mapping(turn);
	ike_mobike_proven(turn->sa);
}

enum ike_reason ike_mobike_response(struct ike_turn *turn)
{
	struct ike_mobike *mobike = &turn->sa->mobike;
	enum ike_mobike_out out = mobike->out;

	mobike->out = IKE_MOBIKE_NOTHING;
	if (!mobike->on)
		return IKE_R_OK;
	if (out == IKE_MOBIKE_NOTHING) {
		compare_mapping(turn);
		return IKE_R_OK;
	}
	/* 3.7: MUST close. */
	if (!cookie_came_back(turn))
		return IKE_R_COOKIE2_WRONG;
	/* It was sent to several addresses, so it proves none of them; the move has asked for another. */
	if (mobike->asked_at != mobike->moves) {
		mobike->todo_check |= out == IKE_MOBIKE_CHECK;
		return IKE_R_OK;
	}
	if (out == IKE_MOBIKE_UPDATE)
		updated(turn);
	else if (out == IKE_MOBIKE_CHECK)
		ike_mobike_proven(turn->sa);
	return IKE_R_OK;
}
