// SPDX-License-Identifier: GPL-2.0-or-later
/* What waits for additional key exchanges, see ike_pending.h. */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/ike/ike_engine.h"

DEFINE_MTYPE_STATIC(BGPVPN, IKE_PENDING, "VPN IKE_FOLLOWUP_KE to come");

struct ike_pending *ike_pending_new(struct ike_sa *sa, enum ike_create_kind kind, struct instant now)
{
	struct ike_pending *pending = XCALLOC(MTYPE_IKE_PENDING, sizeof(*pending));

	ike_pending_free(sa);
	sa->pending = pending;
	pending->kind = kind;
	ike_pending_go_on(pending, now);
	return pending;
}

void ike_pending_free(struct ike_sa *sa)
{
	struct ike_pending *pending = sa->pending;
	const struct ike_host *host = sa->engine->host;

	if (!pending)
		return;
	sa->pending = NULL;
	if (pending->heir) {
		pending->heir->parent = NULL;
		ike_sa_bury(pending->heir);
	}
	if (pending->spi_in)
		host->spi_release(host->arg, pending->spi_in);
	ike_addke_fini(&pending->row);
	secret_fini(&pending->nonce_i);
	secret_fini(&pending->nonce_r);
	XFREE(MTYPE_IKE_PENDING, pending);
}

void ike_pending_go_on(struct ike_pending *pending, struct instant now)
{
	pending->until = instant_add(now, LIMIT_FOLLOWUP_S * USEC_PER_S);
}

void ike_pending_give_up(struct ike_sa *sa, struct instant now)
{
	ike_pending_free(sa);
	if (ike_sa_is_up(sa) && sa->childless.on && !ike_sa_child(sa) && !sa->create)
		ike_childless_refused(sa, now);
}

struct instant ike_pending_due(const struct ike_sa *sa)
{
	return sa->pending ? sa->pending->until : INSTANT_NEVER;
}

void ike_pending_expire(struct ike_sa *sa, struct instant now)
{
	if (sa->pending && instant_reached(sa->pending->until, now))
		ike_pending_give_up(sa, now);
}
