// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Half-open responder SAs: an IKE_SA_INIT was answered, nobody proved anything yet. They are few by decree
 * (LIMIT_HALF_OPEN_*), short-lived (LIMIT_HALF_OPEN_S), and found by the fingerprint of their request: a retransmission is the same
 * to the letter, and whatever differs from it, though it has the same SPI and address, may be forged and gets one of its own beside it.
 * RFC 7296 2.1, 2.6.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"

static int endpoint_cmp(const struct endpoint *a, const struct endpoint *b)
{
	return a->port != b->port ? numcmp(a->port, b->port) : ipaddr_order(&a->addr, &b->addr);
}

int ike_half_open_cmp(const struct ike_sa *a, const struct ike_sa *b)
{
	int order = memcmp(a->hs->print, b->hs->print, sizeof(a->hs->print));

	return order ? order : endpoint_cmp(&a->remote, &b->remote);
}

uint32_t ike_half_open_hash(const struct ike_sa *sa)
{
	uint32_t hash;

	memcpy(&hash, sa->hs->print, sizeof(hash));
	return hash;
}

struct ike_sa *ike_half_open_find(struct ike_engine *engine, struct bytes request,
				  const struct endpoint *remote)
{
	struct ike_handshake hs = {};
	struct ike_sa key = {.remote = *remote, .hs = &hs};

	crypto_sha1(&request, 1, hs.print);
	return ike_half_opens_find(&engine->half_opens, &key);
}

void ike_half_open_del(struct ike_sa *sa)
{
	struct ike_engine *engine = sa->engine;

	if (!sa->half_open)
		return;
	sa->half_open->half_open--;
	sa->half_open = NULL;
	ike_half_opens_del(&engine->half_opens, sa);
	ike_half_open_ages_del(&engine->half_open_ages, sa);
	engine->counters.half_open--;
}

/*
 * Who makes room: the oldest of the address that has most of them. So one address, or a few, may use what is free, as a NAT with
 * hundreds of tunnels behind it does, but never what others need.
 */
static struct ike_sa *one_too_many(struct ike_engine *engine)
{
	struct ike_sa *victim = NULL;
	struct ike_sa *sa;

	frr_each (ike_half_open_ages, &engine->half_open_ages, sa)
		if (!victim || sa->half_open->half_open > victim->half_open->half_open)
			victim = sa;
	return victim;
}

void ike_half_open_add(struct ike_sa *sa, struct bytes request)
{
	struct ike_engine *engine = sa->engine;

	if (engine->counters.half_open >= LIMIT_HALF_OPEN_MAX) {
		ike_count(engine, IKE_R_HALF_OPEN_LIMIT);
		ike_sa_bury(one_too_many(engine));
	}
	crypto_sha1(&request, 1, sa->hs->print);
	sa->half_open = ike_rate_slot(&engine->rate, engine->host, &sa->remote.addr);
	sa->half_open->half_open++;
	ike_half_opens_add(&engine->half_opens, sa);
	ike_half_open_ages_add_tail(&engine->half_open_ages, sa);
	engine->counters.half_open++;
}
