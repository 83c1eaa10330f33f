// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A CREATE_CHILD_SA of the peer's that we have answered, and that additional key exchanges are to follow (RFC 9370 2.2.4). Nothing is
 * made yet; when the peer does not go on it is forgotten. Private to ike/. At most one of an IKE SA: the peer's next CREATE_CHILD_SA says
 * that it has given this one up.
 */
#ifndef BGPVPN_IKE_IKE_PENDING_H
#define BGPVPN_IKE_IKE_PENDING_H

#include "bgpvpnd/ike/ike_create.h"

struct ike_pending {
	enum ike_create_kind kind;
	struct ike_addke row;
	struct instant until;
	struct ike_sa *heir; /* IKE: BORN, without keys */
	/* CHILD */
	uint32_t old_child; /* 0: there was none */
	uint32_t spi_in;    /* reserved; 0: handed over */
	uint32_t spi_out;
	struct ike_suite esp;
	struct ts_list tsi;
	struct ts_list tsr;
	struct secret nonce_i;
	struct secret nonce_r;
};

struct ike_pending *ike_pending_new(struct ike_sa *sa, enum ike_create_kind kind, struct instant now);
void ike_pending_free(struct ike_sa *sa);

struct instant ike_pending_due(const struct ike_sa *sa);
void ike_pending_expire(struct ike_sa *sa, struct instant now);

/* The peer does not go on, or cannot: forgets it. Where it was to be the only Child SA, that is asked for again. */
void ike_pending_give_up(struct ike_sa *sa, struct instant now);

/* Another one of the row is done, the next has as long again. */
void ike_pending_go_on(struct ike_pending *pending, struct instant now);

#endif
