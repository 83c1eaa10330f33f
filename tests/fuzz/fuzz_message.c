// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A whole datagram: header and chain, then each payload by its type, inside an SK payload too (as if nothing
 * had been encrypted). What is accepted is built again and must decode to the same message.
 */
#include <zebra.h>

#include "bgpvpnd/proto/proto.h"
#include "tests/fuzz/fuzz.h"
#include "tests/helpers/proto_equal.h"

static void payloads_decode(const struct ike_payloads *payloads, bool inside);

/* The parts of AES-GCM; its text read as a chain, Pad Length and all. */
static void sk_decode(const struct ike_payload *payload, bool inside)
{
	struct ike_payloads payloads;
	struct ike_sk_parts parts;
	uint8_t bad_type;

	if (ike_sk_split(payload->body, 8, 1, 16, &parts) != IKE_R_OK || inside)
		return;
	if (ike_payloads_walk(payload->next_type, rd_of(parts.text), &payloads, &bad_type) == IKE_R_OK)
		payloads_decode(&payloads, true);
}

static void payload_decode(const struct ike_payload *payload, bool inside)
{
	union {
		struct ike_sa_payload sa;
		struct ike_ke ke;
		struct bytes nonce;
		struct ike_id id;
		struct ike_auth auth;
		struct ike_notify notify;
		struct ike_delete del;
		struct ts_list ts;
	} out;
	enum ike_reason reason = IKE_R_OK;

	switch (payload->type) {
	case IKE_PAYLOAD_SA:
		reason = ike_sa_payload_decode(payload->body, &out.sa);
		break;
	case IKE_PAYLOAD_KE:
		reason = ike_ke_decode(payload->body, &out.ke);
		break;
	case IKE_PAYLOAD_IDI:
	case IKE_PAYLOAD_IDR:
		reason = ike_id_decode(payload->body, &out.id);
		break;
	case IKE_PAYLOAD_AUTH:
		reason = ike_auth_decode(payload->body, &out.auth);
		break;
	case IKE_PAYLOAD_NONCE:
		reason = ike_nonce_decode(payload->body, &out.nonce);
		break;
	case IKE_PAYLOAD_NOTIFY:
		reason = ike_notify_decode(payload->body, &out.notify);
		break;
	case IKE_PAYLOAD_DELETE:
		reason = ike_delete_decode(payload->body, &out.del);
		break;
	case IKE_PAYLOAD_TSI:
	case IKE_PAYLOAD_TSR:
		reason = ike_ts_decode(payload->body, &out.ts);
		break;
	case IKE_PAYLOAD_SK:
		sk_decode(payload, inside);
		break;
	}
	FUZZ_REQUIRE(reason < IKE_R_MAX);
}

static void payloads_decode(const struct ike_payloads *payloads, bool inside)
{
	for (unsigned int i = 0; i < payloads->n; i++) {
		FUZZ_REQUIRE(ike_payloads_find(payloads, payloads->list[i].type) <= &payloads->list[i]);
		payload_decode(&payloads->list[i], inside);
	}
}

static void msg_build(struct wr *wr, const struct ike_msg *msg)
{
	struct ike_build build;

	ike_build_start(&build, wr, &msg->hdr);
	for (unsigned int i = 0; i < msg->outer.n; i++) {
		const struct ike_payload *payload = &msg->outer.list[i];

		ike_build_payload(&build, payload->type, payload->critical);
		/* The last one's is its own: NONE, or what is inside an SK. */
		wr_patch_u8(wr, build.next_at, payload->next_type);
		wr_bytes(wr, rd_rest(&payload->body));
	}
	ike_build_end(&build);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[LIMIT_IKE_MSG];
	struct wr wr = wr_of(buf, sizeof(buf));
	struct ike_msg msg, again;
	uint8_t bad_type;

	if (ike_msg_decode(bytes_make(data, size), &msg, &bad_type) != IKE_R_OK)
		return 0;
	payloads_decode(&msg.outer, false);
	msg_build(&wr, &msg);
	FUZZ_REQUIRE(!wr.failed);
	FUZZ_REQUIRE(ike_msg_decode(wr_bytes_view(&wr), &again, &bad_type) == IKE_R_OK);
	FUZZ_REQUIRE(hdr_equal(&msg.hdr, &again.hdr));
	FUZZ_REQUIRE(payloads_equal(&msg.outer, &again.outer));
	return 0;
}
