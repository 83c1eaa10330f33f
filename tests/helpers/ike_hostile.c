// SPDX-License-Identifier: GPL-2.0-or-later
/* Hostile messages with good seals, see ike_hostile.h. */
#include <zebra.h>

#include "tests/helpers/ike_hostile.h"

static uint64_t xorshift(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

unsigned int hostile_below(struct hostile *h, unsigned int n)
{
	return (unsigned int)(xorshift(&h->rng) >> 32) % n;
}

static bool once_in(struct hostile *h, unsigned int n)
{
	return hostile_below(h, n) == 0;
}

/* --- payloads -------------------------------------------------------------------------------------------- */

static struct bytes noise(struct hostile *h, uint8_t *buf, unsigned int most)
{
	unsigned int n = hostile_below(h, most + 1);

	for (unsigned int i = 0; i < n; i++)
		buf[i] = (uint8_t)xorshift(&h->rng);
	return bytes_make(buf, n);
}

static uint16_t notify_type(struct hostile *h)
{
	static const uint16_t types[] = {
#define X(s, n, t) n,
		IANA_NOTIFY(X)
#undef X
	};

	return once_in(h, 20) ? (uint16_t)xorshift(&h->rng) : types[hostile_below(h, array_size(types))];
}

/* Where it may end everything it seldom comes, or nothing else would be tried. */
static bool ends_all(uint16_t type)
{
	return type == IKE_NOTIFY_INVALID_SYNTAX || type == IKE_NOTIFY_AUTHENTICATION_FAILED;
}

static uint32_t some_spi(struct hostile *h)
{
	switch (hostile_below(h, 4)) {
	case 0:
		return (uint32_t)xorshift(&h->rng);
	case 1:
		return h->spi_out;
	default:
		return h->spi_in;
	}
}

static unsigned int usual_len(struct hostile *h, uint16_t type)
{
	static const unsigned int lens[] = {0, 1, 2, 4, 8, 16, 20, 64, 65, 128, 300};

	if (type == IKE_NOTIFY_ADDITIONAL_IP4_ADDRESS && !once_in(h, 4))
		return 4;
	if (type == IKE_NOTIFY_ADDITIONAL_IP6_ADDRESS && !once_in(h, 4))
		return 16;
	return lens[hostile_below(h, array_size(lens))];
}

static void add_notify(struct hostile *h, struct ike_draft *draft, uint16_t type)
{
	uint8_t buf[300];
	struct ike_notify notify = {.type = type};
	unsigned int len = usual_len(h, type);

	for (unsigned int i = 0; i < len; i++)
		buf[i] = (uint8_t)xorshift(&h->rng);
	notify.data = bytes_make(buf, len);
	if (type == IKE_NOTIFY_REKEY_SA || once_in(h, 10)) {
		notify.proto = once_in(h, 10) ? IKE_PROTO_IKE : IKE_PROTO_ESP;
		notify.spi_len = once_in(h, 10) ? 8 : 4;
		notify.spi = some_spi(h);
		notify.data.n = once_in(h, 4) ? len : 0;
	}
	ike_build_payload(&draft->build, IKE_PAYLOAD_NOTIFY, once_in(h, 20));
	ike_notify_encode(&draft->wr, &notify);
}

static void add_notifies(struct hostile *h, struct ike_draft *draft, unsigned int most)
{
	for (unsigned int n = hostile_below(h, most + 1); n > 0; n--) {
		uint16_t type = notify_type(h);

		if (!ends_all(type) || once_in(h, 40))
			add_notify(h, draft, type);
	}
}

static void add_delete(struct hostile *h, struct ike_draft *draft)
{
	struct ike_delete del = {.proto = once_in(h, 100) ? IKE_PROTO_IKE : IKE_PROTO_ESP};

	if (del.proto == IKE_PROTO_ESP)
		del.num_spis = hostile_below(h, once_in(h, 10) ? LIMIT_DELETE_SPIS + 1 : 3);
	for (unsigned int i = 0; i < del.num_spis; i++)
		del.spis[i] = some_spi(h);
	ike_build_payload(&draft->build, IKE_PAYLOAD_DELETE, false);
	ike_delete_encode(&draft->wr, &del);
}

static void add_noise(struct hostile *h, struct ike_draft *draft)
{
	uint8_t buf[200];
	uint8_t type = once_in(h, 2) ? IKE_PAYLOAD_VENDOR : (uint8_t)(33 + hostile_below(h, 22));

	ike_build_payload(&draft->build, type, once_in(h, 10));
	wr_bytes(&draft->wr, noise(h, buf, sizeof(buf)));
}

static void bend_transform(struct hostile *h, struct ike_transform *transform)
{
	switch (hostile_below(h, 3)) {
	case 0:
		transform->id = (uint16_t)hostile_below(h, 40);
		return;
	case 1:
		transform->type = (uint8_t)hostile_below(h, 14);
		return;
	default:
		transform->key_bits = (uint16_t)hostile_below(h, 513);
		return;
	}
}

static void add_sa(struct hostile *h, struct ike_draft *draft, bool ike)
{
	const struct ike_conn_cfg *cfg = draft->sa->cfg;
	struct ike_sa_payload sa;

	ike_proposal_offer(ike ? IKE_PROTO_IKE : IKE_PROTO_ESP, ike ? cfg->ike : cfg->esp,
			   ike ? cfg->num_ike : cfg->num_esp, xorshift(&h->rng) | 0x10000, ike ? 8 : 4,
			   !once_in(h, 4), &sa);
	for (unsigned int i = 0; i < sa.n; i++)
		if (!ike)
			sa.proposals[i].spi &= UINT32_MAX;
	if (once_in(h, 3) && sa.proposals[0].num_transforms)
		bend_transform(h,
			       &sa.proposals[0].transforms[hostile_below(h, sa.proposals[0].num_transforms)]);
	ike_build_payload(&draft->build, IKE_PAYLOAD_SA, false);
	ike_sa_payload_encode(&draft->wr, &sa);
}

static void add_ke(struct hostile *h, struct ike_draft *draft)
{
	static const uint16_t methods[] = {14, 19, 20, 21, 31, 35, 36, 37, CRYPTO_KE_NULL, CRYPTO_KEM_NULL};
	uint8_t buf[LIMIT_KE_PUBLIC + 1] = {};
	struct ike_ke ke = {.method = methods[hostile_below(h, array_size(methods))]};
	const struct crypto_ke_method *row = draft->sa->suite.ke;
	struct crypto_ke *good = !once_in(h, 3) && row ? crypto_ke_new(row) : NULL;

	ke.value = noise(h, buf, once_in(h, 4) ? sizeof(buf) : 32);
	ike_build_payload(&draft->build, IKE_PAYLOAD_KE, false);
	if (good)
		ke = (struct ike_ke){.method = row->id, .value = crypto_ke_public(good)};
	ike_ke_encode(&draft->wr, &ke);
	crypto_ke_free(good);
}

static void add_nonce(struct hostile *h, struct ike_draft *draft)
{
	uint8_t buf[LIMIT_NONCE_MAX + 1] = {};
	struct bytes nonce = once_in(h, 5) ? noise(h, buf, sizeof(buf)) : bytes_make(buf, 32);

	ike_build_payload(&draft->build, IKE_PAYLOAD_NONCE, false);
	ike_nonce_encode(&draft->wr, nonce);
}

static void add_ts(struct hostile *h, struct ike_draft *draft)
{
	struct ts_list tsi, tsr;

	ts_list_any(&tsi);
	ts_list_any(&tsr);
	if (once_in(h, 3)) {
		tsi.ts[0].proto = (uint8_t)hostile_below(h, 256);
		tsr.ts[0].port_start = (uint16_t)xorshift(&h->rng);
		tsr.ts[0].end = tsr.ts[0].start;
	}
	ike_draft_ts(draft, &tsi, &tsr);
}

/* --- messages -------------------------------------------------------------------------------------------- */

static void fill_create(struct hostile *h, struct ike_draft *draft)
{
	bool ike = once_in(h, 3);

	if (!ike && !once_in(h, 3))
		add_notify(h, draft, IKE_NOTIFY_REKEY_SA);
	add_notifies(h, draft, once_in(h, 4) ? 3 : 0);
	add_sa(h, draft, ike);
	if (!once_in(h, 30))
		add_nonce(h, draft);
	if (ike || once_in(h, 2))
		add_ke(h, draft);
	if (!ike || once_in(h, 10))
		add_ts(h, draft);
}

static void fill_informational(struct hostile *h, struct ike_draft *draft)
{
	if (once_in(h, 3))
		add_notify(h, draft, IKE_NOTIFY_UPDATE_SA_ADDRESSES);
	if (once_in(h, 4))
		add_notify(h, draft, IKE_NOTIFY_ADDITIONAL_IP4_ADDRESS);
	add_notifies(h, draft, once_in(h, 10) ? 60 : 4);
	if (once_in(h, 4))
		add_delete(h, draft);
	if (once_in(h, 30))
		add_noise(h, draft);
}

static void fill_followup(struct hostile *h, struct ike_draft *draft)
{
	if (!once_in(h, 10))
		add_ke(h, draft);
	add_notify(h, draft, IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE);
	add_notifies(h, draft, 2);
}

static void fill(struct hostile *h, struct ike_draft *draft)
{
	switch (draft->hdr.exchange) {
	case IKE_EXCHANGE_CREATE_CHILD_SA:
		fill_create(h, draft);
		break;
	case IKE_EXCHANGE_FOLLOWUP_KE:
	case IKE_EXCHANGE_INTERMEDIATE:
		fill_followup(h, draft);
		break;
	default:
		fill_informational(h, draft);
		break;
	}
	ike_build_end(&draft->build);
	for (unsigned int n = once_in(h, 30) ? hostile_below(h, 4) : 0; n > 0 && draft->wr.len; n--)
		draft->buf[hostile_below(h, draft->wr.len)] ^= (uint8_t)(1u << hostile_below(h, 8));
	/* Only once: what is closed stays closed. */
	draft->build.next_at = draft->build.payload_at = SIZE_MAX;
}

static uint8_t some_exchange(struct hostile *h)
{
	static const uint8_t exchanges[] = {
		IKE_EXCHANGE_INFORMATIONAL,   IKE_EXCHANGE_INFORMATIONAL,
		IKE_EXCHANGE_CREATE_CHILD_SA, IKE_EXCHANGE_FOLLOWUP_KE,
		IKE_EXCHANGE_CREATE_CHILD_SA, IKE_EXCHANGE_INFORMATIONAL,
		IKE_EXCHANGE_INTERMEDIATE,    IKE_EXCHANGE_AUTH,
	};

	return exchanges[hostile_below(h, array_size(exchanges))];
}

static void seal_and_send(struct hostile *h, struct ike_draft *draft)
{
	uint8_t buf[LIMIT_IKE_SEALED_OUT];
	struct wr out = wr_of(buf, sizeof(buf));

	fill(h, draft);
	if (!draft->wr.failed && ike_frag_seal(draft, &draft->sa->local, &draft->sa->remote, &out))
		ike_sa_transmit(draft->sa, &draft->sa->local, &draft->sa->remote, wr_bytes_view(&out));
}

void hostile_request(struct hostile *h, struct ike_sa *sa, struct instant now)
{
	struct ike_draft draft;

	ike_draft_request(&draft, sa, some_exchange(h));
	seal_and_send(h, &draft);
}

void hostile_response(struct hostile *h, struct ike_sa *sa, const struct ike_hdr *request)
{
	struct ike_draft draft;

	ike_draft_response(&draft, sa, request);
	seal_and_send(h, &draft);
}

static void fragment(struct hostile *h, struct ike_draft *draft, uint16_t number, uint16_t total)
{
	uint8_t text[1500], buf[2048];
	const struct ike_skf skf = {.number = number, .total = total};
	struct wr out = wr_of(buf, sizeof(buf));

	if (ike_seal(draft->sa, &draft->hdr, &skf, (uint8_t)(33 + hostile_below(h, 22)),
		     noise(h, text, once_in(h, 3) ? sizeof(text) : 20), &out))
		ike_sa_transmit(draft->sa, &draft->sa->local, &draft->sa->remote, wr_bytes_view(&out));
}

void hostile_fragments(struct hostile *h, struct ike_sa *sa)
{
	static const uint16_t totals[] = {1, 2, 3, 10, LIMIT_FRAGMENTS, LIMIT_FRAGMENTS + 1, UINT16_MAX};
	uint16_t total = totals[hostile_below(h, array_size(totals))];
	struct ike_draft draft;

	ike_draft_request(&draft, sa, some_exchange(h));
	for (unsigned int n = hostile_below(h, 10); n > 0; n--) {
		fragment(h, &draft, once_in(h, 30) ? 0 : (uint16_t)(1 + hostile_below(h, MIN(total, 200))),
			 total);
		total += total < UINT16_MAX && once_in(h, 10);
	}
}
