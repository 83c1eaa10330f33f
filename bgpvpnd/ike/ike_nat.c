// SPDX-License-Identifier: GPL-2.0-or-later
/* NAT detection, see ike_nat.h. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_nat.h"

void ike_nat_hash(uint64_t spi_i, uint64_t spi_r, const struct endpoint *endpoint,
		  uint8_t out[CRYPTO_SHA1_LEN])
{
	uint8_t hashed[8 + 8 + 16 + 2];
	struct wr wr = wr_of(hashed, sizeof(hashed));
	struct bytes view;

	wr_u64(&wr, spi_i);
	wr_u64(&wr, spi_r);
	wr_bytes(&wr, ipaddr_bytes(&endpoint->addr));
	wr_u16(&wr, endpoint->port);
	view = wr_bytes_view(&wr);
	crypto_sha1(&view, 1, out);
}

static void add_notify(struct ike_draft *draft, uint16_t type, const struct endpoint *endpoint, bool lie)
{
	uint8_t hash[CRYPTO_SHA1_LEN];

	/*
	 * The hash of no address makes the peer see a NAT, and encapsulate: RFC 7296 2.23 expects just that. The same each time: with a
	 * cookie the request is else unchanged, 2.6.
	 */
	ike_nat_hash(draft->hdr.spi_i, draft->hdr.spi_r, lie ? &(struct endpoint){} : endpoint, hash);
	ike_draft_notify(draft, type, BYTES_OF(hash));
}

void ike_nat_add(struct ike_draft *draft, const struct endpoint *local, const struct endpoint *remote,
		 bool lie)
{
	add_notify(draft, IKE_NOTIFY_NAT_DETECTION_SOURCE_IP, local, lie);
	add_notify(draft, IKE_NOTIFY_NAT_DETECTION_DESTINATION_IP, remote, false);
}

/* Does any notify of this type hash the address that we see? There may be several sources, RFC 7296 2.23. */
static bool hash_seen(const struct ike_turn *turn, uint16_t type, const struct endpoint *endpoint,
		      bool *present)
{
	const struct ike_hdr *hdr = &turn->msg.hdr;
	struct ike_notify notify;
	uint8_t hash[CRYPTO_SHA1_LEN];
	bool same = false;

	ike_nat_hash(hdr->spi_i, hdr->spi_r, endpoint, hash);
	for (unsigned int i = 0; i < turn->list->n; i++) {
		const struct ike_payload *payload = &turn->list->list[i];

		if (payload->type != IKE_PAYLOAD_NOTIFY ||
		    ike_notify_decode(payload->body, &notify) != IKE_R_OK || notify.type != type)
			continue;
		*present = true;
		same |= bytes_equal(notify.data, BYTES_OF(hash));
	}
	return same;
}

struct ike_nat_finding ike_nat_detect(const struct ike_turn *turn)
{
	bool source = false, destination = false;
	bool source_same = hash_seen(turn, IKE_NOTIFY_NAT_DETECTION_SOURCE_IP, turn->remote, &source);
	bool destination_same =
		hash_seen(turn, IKE_NOTIFY_NAT_DETECTION_DESTINATION_IP, turn->local, &destination);

	return (struct ike_nat_finding){
		.supported = source || destination,
		.local = destination && !destination_same,
		.remote = source && !source_same,
	};
}
