// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An IKE SA that is up and has no Child SA. Private to ike/. How it comes to that, and what follows:
 *
 *	the peer left it out of IKE_AUTH (RFC 6023)      the peer makes one by CREATE_CHILD_SA; after a while we ask
 *	it was refused in IKE_AUTH (RFC 7296 2.21.2)     it is asked for again by CREATE_CHILD_SA, at a slowing pace
 *	the last one was deleted                         the same, soon
 *
 * Both ends ask; when they do so at once, that is settled as between rekeyings (2.8.1). An end that never begins anything waits instead,
 * and closes the IKE SA when nothing comes, unless the peer wanted it so. An IKE SA that is not the only one of its connection is not
 * worth it: that is closed.
 */
#ifndef BGPVPN_IKE_IKE_CHILDLESS_H
#define BGPVPN_IKE_IKE_CHILDLESS_H

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/proto/ike_reason.h"

struct ike_sa;

struct ike_childless {
	bool on;
	bool had; /* there was one: IKE_AUTH agrees on what CREATE_CHILD_SA may not (1.2: there is no key exchange) */
	bool by_peer;	/* RFC 6023: it was the peer's wish */
	bool unsettled; /* what becomes of the connection's other SAs is decided when a Child SA is there */
	bool todo;	/* to be asked for when the window is free */
	uint8_t asks;	/* in vain */
	struct instant next; /* ask, or give up, then */
};

/* Is it the connection's only one, so that it is worth to go on with? */
bool ike_childless_is_worth(const struct ike_sa *sa);

/* The Child SA was refused, by us or by the peer, and may be granted later? Else the IKE SA is of no use. */
bool ike_childless_may_pass(enum ike_reason reason);

void ike_childless_refused(struct ike_sa *sa, struct instant now);

/* There was one, and it was asked for again and again: only another IKE_AUTH helps, where no group for PFS can be in the way. */
bool ike_childless_in_vain(const struct ike_sa *sa);
/* `why` is kept for the operator, unless it is IKE_R_OK. */
void ike_childless_deleted(struct ike_sa *sa, enum ike_reason why, struct instant now);
void ike_childless_by_peer(struct ike_sa *sa, bool initial_contact, struct instant now);

/* `next` is reached. */
void ike_childless_due(struct ike_sa *sa, struct instant now);

/* Asks where that is due and the window free; false when there is nothing to ask. */
bool ike_childless_ask(struct ike_sa *sa, struct instant now);

/* The peer asks for one, whatever comes of it. */
void ike_childless_asked(struct ike_sa *sa, struct instant now);

/* There is one now. */
void ike_childless_over(struct ike_sa *sa, struct instant now);

#endif
