// SPDX-License-Identifier: GPL-2.0-or-later
/* The queue of outputs, filled by the exchanges and pulled by the caller of the engine. Private to ike/. */
#ifndef BGPVPN_IKE_IKE_OUTPUT_H
#define BGPVPN_IKE_IKE_OUTPUT_H

#include "lib/typesafe.h"

#include "bgpvpnd/ike/ike.h"

PREDECL_LIST(ike_outputs);

struct ike_output_item {
	struct ike_outputs_item item;
	struct ike_output out;
	struct child_sa_params child; /* owned: wiped with the item */
	uint8_t *datagram;	      /* owned */
	struct ike_id_cfg *peer_id;   /* owned */
};

void ike_out_datagram(struct ike_engine *engine, uint32_t conn, const struct endpoint *local,
		      const struct endpoint *remote, struct bytes datagram);

void ike_out_spawn(struct ike_engine *engine, uint32_t conn, uint32_t parent,
		   const struct ike_id_cfg *peer_id);

/* Takes over what *params holds. */
void ike_out_child_add(struct ike_engine *engine, uint32_t conn, struct child_sa_params *params);
void ike_out_child_use(struct ike_engine *engine, uint32_t conn, uint32_t child_id);
void ike_out_child_move(struct ike_engine *engine, uint32_t conn, uint32_t child_id,
			const struct endpoint *local, const struct endpoint *remote);
void ike_out_child_delete(struct ike_engine *engine, uint32_t conn, uint32_t child_id);
void ike_out_event(struct ike_engine *engine, uint32_t conn, enum ike_event_type event,
		   enum ike_reason reason, uint32_t child_id);

void ike_outputs_free(struct ike_engine *engine);

DECLARE_LIST(ike_outputs, struct ike_output_item, item);

#endif
