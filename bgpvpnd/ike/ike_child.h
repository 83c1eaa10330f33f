// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Child SAs: how one is made, takes over from another, and goes. Private to ike/.
 *
 *	INSTALLING --data plane has it--> INSTALLED --DELETE wanted--> CLOSING --answered--> GONE --a few seconds--> freed
 *
 * Make before break, RFC 7296 2.8: the side that began the exchange sends with the new one at once, because the other has it
 * already; the other side only receives with it until the peer's next request (usually the DELETE of the old one) shows
 * that our answer has arrived: the window is one.
 */
#ifndef BGPVPN_IKE_IKE_CHILD_H
#define BGPVPN_IKE_IKE_CHILD_H

#include "bgpvpnd/ike/ike_sa.h"

/* What an exchange agreed on. Nonces and `shared` are borrowed for the call. */
struct child_plan {
	struct ike_suite esp;
	uint32_t spi_in;
	uint32_t spi_out;
	struct ts_list ts_local;
	struct ts_list ts_remote;
	struct bytes nonce_i;
	struct bytes nonce_r;
	struct bytes shared; /* empty without a key exchange of its own */
	struct bytes more;   /* of additional key exchanges, RFC 9370 2.2.4 */
	bool initiator;	     /* of that exchange, not of the IKE SA */
	bool receive_only;
	bool unconfirmed; /* see struct child_sa */
};

/* Makes it with its keys and hands it to the data plane: INSTALLING until ike_child_result(). */
struct child_sa *child_sa_install(struct ike_sa *sa, const struct child_plan *plan, struct instant now);

/* One that is to be deleted at once and never reaches the data plane: it only carries the SPIs for the DELETE. */
struct child_sa *child_sa_stillborn(struct ike_sa *sa, uint32_t spi_in, uint32_t spi_out, struct instant now);

/* Is there room for one more, LIMIT_CHILDREN? Ask before an exchange makes one. */
bool child_sa_has_room(struct ike_sa *sa);

/* The data plane has it. */
void child_sa_installed(struct child_sa *child, struct instant now);

/* CHILD_DELETE, and CHILD_DOWN with this reason where it was usable; frees it. */
void child_sa_close(struct child_sa *child, enum ike_reason reason);

/* To be deleted with the peer: a DELETE goes out when the window is free. CHILD_DOWN when no other one is usable. */
void child_sa_retire(struct child_sa *child, enum ike_reason reason);

/* Deleted on both ends: forgotten by the protocol, and a little later by the data plane. */
void child_sa_gone(struct child_sa *child, struct instant now);

/* Somebody else took its place; the peer is to delete it, and we do if it has not by then. */
void child_sa_superseded(struct child_sa *child, struct instant now);

/* The peer has got our last answer. */
void child_sas_confirmed(struct ike_sa *sa);

/*
 * The newest one of which the peer has our answer sends from now on. After its request was taken, not before: that may be the
 * DELETE of this very one (2.8.1), which the peer never installed.
 */
void child_sas_use_newest(struct ike_sa *sa);

/* The IKE SA's endpoints have changed: so have those of its Child SAs. */
void child_sas_follow(struct ike_sa *sa);

/* Whether their ESP goes in UDP, as things are now. */
bool child_sas_in_udp(const struct ike_sa *sa);

/* Moves all Child SAs, RFC 7296 2.8: a rekeyed IKE SA inherits them. */
void child_sas_move(struct ike_sa *from, struct ike_sa *to);

struct child_sa *child_sa_find(struct ike_engine *engine, uint32_t id);

/* The newest usable one, or NULL. */
struct child_sa *ike_sa_child(struct ike_sa *sa);

/* The one that the peer names by its own inbound SPI, or NULL; not one that is GONE. */
struct child_sa *child_sa_by_peer_spi(struct ike_sa *sa, uint32_t spi);

/* The first in this state, or NULL. */
struct child_sa *child_sa_in_state(struct ike_sa *sa, enum child_sa_state state);

struct instant child_sas_due(struct ike_sa *sa);
void child_sas_expire(struct ike_sa *sa, struct instant now);

#endif
