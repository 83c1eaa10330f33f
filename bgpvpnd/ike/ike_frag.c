// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages in fragments, RFC 7383. Called where messages are sealed (ike_message.c) and where they come in (ike_engine.c).
 *
 *	HDR, SK {IDi, AUTH, ...} -->		is sent as		HDR, SKF(1/3) {IDi, AU} -->
 *									HDR, SKF(2/3) {TH, SAi} -->
 *									HDR, SKF(3/3) {2, TSr} -->
 *
 * Each fragment is a message of its own with the same message ID, sealed for itself, so a forged one is known before anything is
 * kept. What a peer with the keys can make us keep, who sends a part and never the rest, is bounded by limits.h. When all are there
 * the content goes on as that of an SK payload would (ike_turn_open).
 */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/ike/ike_engine.h"

DEFINE_MTYPE_STATIC(BGPVPN, IKE_FRAGS, "VPN IKE fragments");
DEFINE_MTYPE_STATIC(BGPVPN, IKE_FRAG_TEXT, "VPN IKE fragment content");

#define IPV4_HDR_LEN	 20
#define IPV6_HDR_LEN	 40
#define UDP_HDR_LEN	 8
#define NON_ESP_MARK_LEN 4

struct ike_frag {
	bool here;
	size_t len;
	uint8_t *text;
};

struct ike_frags {
	uint32_t message_id;
	uint8_t exchange;
	uint8_t first; /* type of the first payload, from fragment 1 */
	uint16_t total;
	uint16_t num_here;
	size_t bytes;
	struct instant until;
	struct ike_frag list[LIMIT_FRAGMENTS];
};

/* --- out ------------------------------------------------------------------------------------------------- */

/* An IKE message of at most these bytes fits the configured datagram; SIZE_MAX: any. */
static size_t message_most(const struct ike_sa *sa, const struct endpoint *local,
			   const struct endpoint *remote)
{
	size_t ip = remote->addr.ipa_type == IPADDR_V6 ? IPV6_HDR_LEN : IPV4_HDR_LEN;
	size_t udp = UDP_HDR_LEN + (local->port == IKE_NATT_PORT ? NON_ESP_MARK_LEN : 0);

	if (!sa->fragmentation || sa->cfg->fragmentation == 0)
		return SIZE_MAX;
	return MAX(sa->cfg->fragmentation, ip + udp) - ip - udp;
}

/* So much content fits into a message of this length: whole blocks, the last byte of them says how much is padding. */
static size_t content_most(const struct ike_sa *sa, size_t message, size_t outline)
{
	size_t block = crypto_box_block_len(sa->seal);
	size_t around = IKE_HDR_LEN + IKE_PAYLOAD_HDR_LEN + outline + crypto_box_iv_len(sa->seal) +
			crypto_box_icv_len(sa->seal);

	return message >= around + block ? (message - around) / block * block - 1 : 0;
}

/* RFC 7383 2.5: only the first fragment names the first payload. */
static bool seal_fragments(struct ike_draft *draft, size_t each, uint16_t total, struct wr *out)
{
	struct bytes text = wr_bytes_view(&draft->wr);

	for (uint16_t i = 0; i < total; i++) {
		const struct ike_skf skf = {.number = i + 1, .total = total};
		struct bytes part = bytes_make(text.p + i * each, MIN(each, text.n - i * each));

		if (!ike_seal(draft->sa, &draft->hdr, &skf, i ? IKE_PAYLOAD_NONE : draft->build.first, part,
			      out))
			return false;
	}
	return true;
}

bool ike_frag_seal(struct ike_draft *draft, const struct endpoint *local, const struct endpoint *remote,
		   struct wr *out)
{
	struct bytes text = wr_bytes_view(&draft->wr);
	size_t most = message_most(draft->sa, local, remote);
	size_t each = content_most(draft->sa, most, IKE_SKF_OUTLINE);
	bool whole = text.n <= content_most(draft->sa, most, 0);

	/* What cannot be split into fewer than a peer like us accepts goes whole: IP may still get it there. */
	if (whole || each == 0 || text.n > each * LIMIT_FRAGMENTS)
		return ike_seal(draft->sa, &draft->hdr, NULL, draft->build.first, text, out);
	return seal_fragments(draft, each, (text.n + each - 1) / each, out);
}

bool ike_frag_next(struct rd *rd, struct bytes *datagram)
{
	struct rd hdr = *rd;
	uint32_t len;

	return rd_skip(&hdr, IKE_HDR_LEN - sizeof(len)) && rd_u32(&hdr, &len) && len >= IKE_HDR_LEN &&
	       rd_bytes(rd, len, datagram);
}

/* --- in -------------------------------------------------------------------------------------------------- */

enum ike_reason ike_frag_read(struct ike_turn *turn)
{
	const struct ike_payloads *outer = &turn->msg.outer;

	if (outer->n != 1 || outer->list[0].type != IKE_PAYLOAD_SKF)
		return IKE_R_OK;
	return ike_skf_decode(outer->list[0].body, &turn->skf);
}

static struct ike_frags **collected(struct ike_turn *turn)
{
	return &turn->sa->frags[ike_turn_is_response(turn)];
}

static void frags_free(struct ike_frags **frags)
{
	if (!*frags)
		return;
	for (unsigned int i = 0; i < (*frags)->total; i++)
		XFREE(MTYPE_IKE_FRAG_TEXT, (*frags)->list[i].text);
	XFREE(MTYPE_IKE_FRAGS, *frags);
}

static bool is_of(const struct ike_frags *frags, const struct ike_turn *turn)
{
	return frags && frags->message_id == turn->msg.hdr.message_id;
}

/* RFC 7383 2.6: what can be said before the seal is looked at. */
static enum ike_reason check_numbers(struct ike_turn *turn)
{
	const struct ike_frags *frags = *collected(turn);
	const struct ike_skf *skf = &turn->skf;

	if (!turn->sa->fragmentation)
		return IKE_R_BAD_FRAGMENT;
	if (skf->total > LIMIT_FRAGMENTS)
		return IKE_R_TOO_MANY;
	if (!is_of(frags, turn))
		return IKE_R_OK;
	if (frags->exchange != turn->msg.hdr.exchange || skf->total < frags->total)
		return IKE_R_BAD_FRAGMENT;
	if (skf->total == frags->total && frags->list[skf->number - 1].here)
		return IKE_R_FRAGMENT_REPEATED;
	return IKE_R_OK;
}

/* The collection that this fragment is for. A larger total says that the peer split the message anew. */
static struct ike_frags *frags_for(struct ike_turn *turn)
{
	struct ike_frags **frags = collected(turn);

	if (!is_of(*frags, turn) || turn->skf.total > (*frags)->total)
		frags_free(frags);
	if (*frags)
		return *frags;
	*frags = XCALLOC(MTYPE_IKE_FRAGS, sizeof(**frags));
	(*frags)->message_id = turn->msg.hdr.message_id;
	(*frags)->exchange = turn->msg.hdr.exchange;
	(*frags)->total = turn->skf.total;
	return *frags;
}

static enum ike_reason keep(struct ike_turn *turn, struct bytes text)
{
	struct ike_frags *frags = frags_for(turn);
	struct ike_frag *frag = &frags->list[turn->skf.number - 1];

	if (text.n > LIMIT_FRAGMENT_BYTES - frags->bytes) {
		frags_free(collected(turn));
		return IKE_R_TOO_MANY;
	}
	frag->here = true;
	frag->len = text.n;
	frag->text = XMALLOC(MTYPE_IKE_FRAG_TEXT, MAX(text.n, 1));
	memcpy(frag->text, text.p, text.n);
	if (turn->skf.number == 1)
		frags->first = turn->msg.outer.list[0].next_type;
	frags->num_here++;
	frags->bytes += text.n;
	frags->until = instant_add(turn->now, LIMIT_FRAGMENTS_S * USEC_PER_S);
	return IKE_R_OK;
}

static enum ike_reason take(struct ike_turn *turn)
{
	enum ike_reason reason = check_numbers(turn);
	struct bytes text;

	if (reason == IKE_R_OK)
		reason = ike_turn_unseal(turn, turn->skf.sealed, &text);
	if (reason == IKE_R_OK)
		reason = ike_text_unpad(&text);
	return reason == IKE_R_OK ? keep(turn, text) : reason;
}

static void put_together(struct ike_turn *turn)
{
	struct ike_frags **frags = collected(turn);
	struct wr wr = wr_of(turn->engine->plain, sizeof(turn->engine->plain));

	for (unsigned int i = 0; i < (*frags)->total; i++)
		wr_bytes(&wr, bytes_make((*frags)->list[i].text, (*frags)->list[i].len));
	turn->whole_first = (*frags)->first;
	turn->whole_len = wr.len;
	frags_free(frags);
}

bool ike_frags_take(struct ike_turn *turn)
{
	enum ike_reason reason = take(turn);
	struct ike_frags *frags = *collected(turn);
	bool complete = reason == IKE_R_OK && frags->num_here == frags->total;

	if (reason != IKE_R_OK)
		ike_count(turn->engine, reason);
	if (complete)
		put_together(turn);
	ike_sa_rearm(turn->sa);
	return complete;
}

bool ike_frag_is_genuine(struct ike_turn *turn)
{
	struct bytes text;

	return turn->sa->fragmentation && ike_turn_unseal_again(turn, turn->skf.sealed, &text) == IKE_R_OK;
}

/* --- forgetting ------------------------------------------------------------------------------------------ */

void ike_frags_drop(struct ike_sa *sa, bool response)
{
	frags_free(&sa->frags[response]);
}

void ike_frags_free(struct ike_sa *sa)
{
	for (unsigned int i = 0; i < IKE_FRAG_DIRECTIONS; i++)
		frags_free(&sa->frags[i]);
}

struct instant ike_frags_due(const struct ike_sa *sa)
{
	struct instant due = INSTANT_NEVER;

	for (unsigned int i = 0; i < IKE_FRAG_DIRECTIONS; i++)
		if (sa->frags[i])
			due = instant_min(due, sa->frags[i]->until);
	return due;
}

void ike_frags_expire(struct ike_sa *sa, struct instant now)
{
	for (unsigned int i = 0; i < IKE_FRAG_DIRECTIONS; i++) {
		if (!sa->frags[i] || !instant_reached(sa->frags[i]->until, now))
			continue;
		ike_count(sa->engine, IKE_R_FRAGMENTS_LOST);
		frags_free(&sa->frags[i]);
	}
}
