// SPDX-License-Identifier: GPL-2.0-or-later
/* The queue of outputs, see ike_output.h. */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/ike/ike_engine.h"

DEFINE_MTYPE_STATIC(BGPVPN, IKE_OUTPUT, "VPN IKE output");
DEFINE_MTYPE_STATIC(BGPVPN, IKE_OUTPUT_DATA, "VPN IKE output datagram");
DEFINE_MTYPE_STATIC(BGPVPN, IKE_OUTPUT_ID, "VPN IKE output identity");

static struct ike_output_item *append(struct ike_engine *engine, enum ike_output_type type, uint32_t conn)
{
	struct ike_output_item *item = XCALLOC(MTYPE_IKE_OUTPUT, sizeof(*item));

	item->out.type = type;
	item->out.conn = conn;
	ike_outputs_add_tail(&engine->outputs, item);
	return item;
}

void ike_out_datagram(struct ike_engine *engine, uint32_t conn, const struct endpoint *local,
		      const struct endpoint *remote, struct bytes datagram)
{
	struct ike_output_item *item = append(engine, IKE_OUTPUT_DATAGRAM, conn);

	item->datagram = XMALLOC(MTYPE_IKE_OUTPUT_DATA, datagram.n);
	memcpy(item->datagram, datagram.p, datagram.n);
	item->out.local = *local;
	item->out.remote = *remote;
	item->out.datagram = bytes_make(item->datagram, datagram.n);
	engine->counters.datagrams_out++;
	engine->counters.bytes_out += datagram.n;
}

void ike_out_spawn(struct ike_engine *engine, uint32_t conn, uint32_t parent,
		   const struct ike_id_cfg *peer_id)
{
	struct ike_output_item *item = append(engine, IKE_OUTPUT_SPAWN, conn);

	item->peer_id = XMALLOC(MTYPE_IKE_OUTPUT_ID, sizeof(*item->peer_id));
	*item->peer_id = *peer_id;
	item->out.parent = parent;
	item->out.peer_id = item->peer_id;
}

void ike_out_child_add(struct ike_engine *engine, uint32_t conn, struct child_sa_params *params)
{
	struct ike_output_item *item = append(engine, IKE_OUTPUT_CHILD_ADD, conn);

	item->child = *params;
	*params = (struct child_sa_params){};
	item->out.child = &item->child;
	item->out.child_id = item->child.child_id;
}

void ike_out_child_use(struct ike_engine *engine, uint32_t conn, uint32_t child_id)
{
	append(engine, IKE_OUTPUT_CHILD_USE, conn)->out.child_id = child_id;
}

void ike_out_child_move(struct ike_engine *engine, uint32_t conn, uint32_t child_id,
			const struct endpoint *local, const struct endpoint *remote)
{
	struct ike_output_item *item = append(engine, IKE_OUTPUT_CHILD_MOVE, conn);

	item->out.child_id = child_id;
	item->out.local = *local;
	item->out.remote = *remote;
}

void ike_out_child_delete(struct ike_engine *engine, uint32_t conn, uint32_t child_id)
{
	append(engine, IKE_OUTPUT_CHILD_DELETE, conn)->out.child_id = child_id;
}

void ike_out_event(struct ike_engine *engine, uint32_t conn, enum ike_event_type event,
		   enum ike_reason reason, uint32_t child_id)
{
	struct ike_output_item *item = append(engine, IKE_OUTPUT_EVENT, conn);

	item->out.event = event;
	item->out.reason = reason;
	item->out.child_id = child_id;
}

static void item_free(struct ike_output_item *item)
{
	if (!item)
		return;
	child_sa_params_fini(&item->child);
	XFREE(MTYPE_IKE_OUTPUT_DATA, item->datagram);
	XFREE(MTYPE_IKE_OUTPUT_ID, item->peer_id);
	XFREE(MTYPE_IKE_OUTPUT, item);
}

bool ike_engine_output(struct ike_engine *engine, struct ike_output *out)
{
	item_free(engine->pulled);
	engine->pulled = ike_outputs_pop(&engine->outputs);
	if (!engine->pulled)
		return false;
	*out = engine->pulled->out;
	return true;
}

void ike_outputs_free(struct ike_engine *engine)
{
	struct ike_output_item *item;

	item_free(engine->pulled);
	engine->pulled = NULL;
	while ((item = ike_outputs_pop(&engine->outputs)))
		item_free(item);
}
