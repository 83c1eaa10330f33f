// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Half-open responder SAs: an IKE_SA_INIT was answered, nobody proved anything yet. They are few by decree
 * (LIMIT_HALF_OPEN_*), short-lived (LIMIT_HALF_OPEN_S), and found by what a retransmission repeats. RFC 7296 2.1, 2.6.
 */
#include <zebra.h>

#include "lib/jhash.h"

#include "bgpvpnd/ike/ike_engine.h"

static int endpoint_cmp(const struct endpoint *a, const struct endpoint *b)
{
	return a->port != b->port ? numcmp(a->port, b->port) : ipaddr_order(&a->addr, &b->addr);
}

int ike_half_open_cmp(const struct ike_sa *a, const struct ike_sa *b)
{
	return a->spi_i != b->spi_i ? numcmp(a->spi_i, b->spi_i) : endpoint_cmp(&a->remote, &b->remote);
}

uint32_t ike_half_open_hash(const struct ike_sa *sa)
{
	struct bytes addr = ipaddr_bytes(&sa->remote.addr);

	return jhash(addr.p, addr.n,
		     jhash_2words((uint32_t)sa->spi_i, (uint32_t)(sa->spi_i >> 32), sa->remote.port));
}

struct ike_sa *ike_half_open_find(struct ike_engine *engine, uint64_t spi_i, const struct endpoint *remote)
{
	struct ike_sa key = {.spi_i = spi_i, .remote = *remote};

	return ike_half_opens_find(&engine->half_opens, &key);
}

void ike_half_open_del(struct ike_sa *sa)
{
	struct ike_engine *engine = sa->engine;

	if (!sa->half_open)
		return;
	sa->half_open = false;
	ike_half_opens_del(&engine->half_opens, sa);
	ike_half_open_ages_del(&engine->half_open_ages, sa);
	engine->counters.half_open--;
}

void ike_half_open_add(struct ike_sa *sa)
{
	struct ike_engine *engine = sa->engine;

	if (engine->counters.half_open >= LIMIT_HALF_OPEN_MAX) {
		ike_count(engine, IKE_R_HALF_OPEN_LIMIT);
		ike_sa_bury(ike_half_open_ages_first(&engine->half_open_ages));
	}
	sa->half_open = true;
	ike_half_opens_add(&engine->half_opens, sa);
	ike_half_open_ages_add_tail(&engine->half_open_ages, sa);
	engine->counters.half_open++;
}
