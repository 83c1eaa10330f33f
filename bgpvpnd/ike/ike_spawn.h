// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections that the engine makes itself: one for each peer that has proved an identity to a connection with `many`. Private to ike/.
 * Such a one is found by that identity only, never by addresses: what a peer begins comes to the parent first, always.
 */
#ifndef BGPVPN_IKE_IKE_SPAWN_H
#define BGPVPN_IKE_IKE_SPAWN_H

#include "bgpvpnd/ike/ike_conn.h"
#include "bgpvpnd/proto/proto.h"

/*
 * The connection of this peer, who has proved to be `id` to `parent`: what it has already, or a new one, which is told first. Either goes
 * by the parent's configuration of today. PEERS_LIMIT when there are too many; ID_MISMATCH for what is no identity to go by.
 */
enum ike_reason ike_spawn(struct ike_conn *parent, const struct ike_id *id, struct ike_conn **out);

/* It leaves the table; for ike_conn.c. */
void ike_spawn_forget(struct ike_conn *conn);

int ike_spawn_cmp(const struct ike_conn *a, const struct ike_conn *b);
uint32_t ike_spawn_hash(const struct ike_conn *conn);

DECLARE_HASH(ike_spawns, struct ike_conn, by_identity, ike_spawn_cmp, ike_spawn_hash);

#endif
