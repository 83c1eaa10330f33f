// SPDX-License-Identifier: GPL-2.0-or-later
/* Sent messages, see sim_log.h. */
#include <zebra.h>

#include "lib/jhash.h"
#include "lib/memory.h"
#include "lib/typesafe.h"

#include "bgpvpnd/proto/proto.h"
#include "tests/sim/sim_log.h"

#define IV_LEN 8

PREDECL_HASH(sim_ids);
PREDECL_HASH(sim_ivs);

/* By IKE SA, direction of the exchange, message ID and number of the fragment (0: whole); and, for AEADs, by IKE SA and IV. */
struct sim_sent {
	struct sim_ids_item by_id;
	struct sim_ivs_item by_iv;
	uint64_t spi_i;
	uint64_t spi_r;
	uint32_t id;
	uint8_t flags;
	uint16_t fragment;
	bool has_iv;
	uint64_t iv;
	uint64_t rival; /* IKE_AUTH requests: the IV, for there may be several */
	size_t len;
	uint8_t data[];
};

static int id_cmp(const struct sim_sent *a, const struct sim_sent *b)
{
	if (a->spi_i != b->spi_i)
		return numcmp(a->spi_i, b->spi_i);
	if (a->spi_r != b->spi_r)
		return numcmp(a->spi_r, b->spi_r);
	if (a->rival != b->rival)
		return numcmp(a->rival, b->rival);
	if (a->id != b->id)
		return numcmp(a->id, b->id);
	return a->flags != b->flags ? numcmp(a->flags, b->flags) : numcmp(a->fragment, b->fragment);
}

static uint32_t id_hash(const struct sim_sent *s)
{
	return jhash_3words((uint32_t)s->spi_i, (uint32_t)s->spi_r, s->id, s->flags | s->fragment << 8);
}

static int iv_cmp(const struct sim_sent *a, const struct sim_sent *b)
{
	if (a->spi_i != b->spi_i)
		return numcmp(a->spi_i, b->spi_i);
	return a->spi_r != b->spi_r ? numcmp(a->spi_r, b->spi_r) : numcmp(a->iv, b->iv);
}

static uint32_t iv_hash(const struct sim_sent *s)
{
	return jhash_3words((uint32_t)s->spi_i, (uint32_t)s->spi_r, (uint32_t)s->iv, 7);
}

DECLARE_HASH(sim_ids, struct sim_sent, by_id, id_cmp, id_hash);
DECLARE_HASH(sim_ivs, struct sim_sent, by_iv, iv_cmp, iv_hash);

struct sim_log {
	struct sim_ids_head ids;
	struct sim_ivs_head ivs;
};

struct sim_log *sim_log_new(void)
{
	struct sim_log *log = XCALLOC(MTYPE_TMP, sizeof(*log));

	sim_ids_init(&log->ids);
	sim_ivs_init(&log->ivs);
	return log;
}

void sim_log_free(struct sim_log *log)
{
	struct sim_sent *sent;

	if (!log)
		return;
	while ((sent = sim_ivs_pop(&log->ivs)))
		;
	while ((sent = sim_ids_pop(&log->ids)))
		XFREE(MTYPE_TMP, sent);
	sim_ivs_fini(&log->ivs);
	sim_ids_fini(&log->ids);
	XFREE(MTYPE_TMP, log);
}

/*
 * Only what is sealed is looked at: restarts of IKE_SA_INIT and answers in clear change their bytes, as they must. So does an IKE_AUTH or IKE_INTERMEDIATE
 * when a forged answer has the SPI of the true one: both get one. But no IV comes twice, as their keys may be the same.
 */
static bool read_sealed(struct bytes datagram, struct sim_sent *sent)
{
	struct rd rd = rd_of(datagram);
	struct ike_hdr hdr;

	if (ike_hdr_decode(datagram, &hdr) != IKE_R_OK || !rd_skip(&rd, IKE_HDR_LEN + IKE_PAYLOAD_HDR_LEN))
		return false;
	if (hdr.next_payload == IKE_PAYLOAD_SKF && (!rd_u16(&rd, &sent->fragment) || !rd_skip(&rd, 2)))
		return false;
	sent->spi_i = hdr.spi_i;
	sent->spi_r = hdr.spi_r;
	sent->id = hdr.message_id;
	sent->flags = hdr.flags;
	if (hdr.exchange == IKE_EXCHANGE_SA_INIT ||
	    (hdr.next_payload != IKE_PAYLOAD_SK && hdr.next_payload != IKE_PAYLOAD_SKF) ||
	    !rd_u64(&rd, &sent->iv))
		return false;
	sent->rival = (hdr.exchange == IKE_EXCHANGE_AUTH || hdr.exchange == IKE_EXCHANGE_INTERMEDIATE) &&
				      !(hdr.flags & IKE_FLAG_RESPONSE)
			      ? sent->iv
			      : 0;
	return true;
}

static const char *remember(struct sim_log *log, const struct sim_sent *key, struct bytes datagram, bool aead)
{
	struct sim_sent *sent = XCALLOC(MTYPE_TMP, sizeof(*sent) + datagram.n);

	*sent = *key;
	sent->len = datagram.n;
	memcpy(sent->data, datagram.p, datagram.n);
	sim_ids_add(&log->ids, sent);
	sent->has_iv = aead;
	if (sent->has_iv && sim_ivs_add(&log->ivs, sent))
		return "an IV of an AEAD comes back with another message";
	return NULL;
}

const char *sim_log_sent(struct sim_log *log, struct bytes datagram, bool aead)
{
	struct sim_sent key = {};
	struct sim_sent *before;
	struct ike_hdr hdr;

	if (ike_hdr_decode(datagram, &hdr) != IKE_R_OK)
		return "a datagram that is no IKE message";
	if (!read_sealed(datagram, &key))
		return NULL;
	before = sim_ids_find(&log->ids, &key);
	if (!before)
		return remember(log, &key, datagram, aead);
	if (!bytes_equal(bytes_make(before->data, before->len), datagram))
		return "a message ID is reused with different bytes";
	return NULL;
}
