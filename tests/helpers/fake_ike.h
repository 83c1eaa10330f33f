// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A scripted stand-in for the engine: the functions of ike.h that tunnel/ calls, linked in place of
 * libike.a. It speaks to nobody; the test says what the peer does and gets the outputs that the engine would
 * give.
 */
#ifndef BGPVPN_HELPERS_FAKE_IKE_H
#define BGPVPN_HELPERS_FAKE_IKE_H

#include <zebra.h>

#include "bgpvpnd/ike/ike.h"

#define FAKE_CONNS   16
#define FAKE_OUTPUTS 64

struct fake_conn {
	uint32_t conn; /* 0: free */
	struct ike_conn_cfg *cfg;
	struct ike_conn_info info;
	uint32_t initiated; /* accepted ike_initiate() */
	uint32_t probes;
	uint32_t terminated;
	uint32_t rekeyed_child; /* accepted ike_rekey_child(), ike_rekey_ike() */
	uint32_t rekeyed_ike;
	bool refuse_rekey;
	int child_result;
	uint32_t peer_moved; /* ike_child_peer_moved() */
	uint16_t peer_port;
};

struct ike_engine {
	struct fake_conn conns[FAKE_CONNS];
	struct ike_output outputs[FAKE_OUTPUTS];
	uint32_t num_outputs;
	struct child_sa_params child; /* of the CHILD_ADD that is being given */
	uint32_t last_child;
	uint32_t last_spawned;
	struct ike_id_cfg peer_id; /* of the last SPAWN */
	bool refuse_initiate;
	struct ts_list ts; /* of the next children, both sides; ts_list_any() at first */
};

void fake_ike_init(struct ike_engine *engine);
void fake_ike_fini(struct ike_engine *engine);

/* The only connection, or the nth; asserts that there is one. */
struct fake_conn *fake_ike_conn(struct ike_engine *engine, int nth);
uint32_t fake_ike_num_conns(const struct ike_engine *engine);

/* The peer: accepts or dials (IKE_UP, CHILD_ADD, CHILD_UP), and returns the child_id. */
uint32_t fake_ike_up(struct ike_engine *engine, struct fake_conn *conn, bool initiator, struct instant now);

/* Another Child SA beside those there are. */
uint32_t fake_ike_child(struct ike_engine *engine, struct fake_conn *conn, uint16_t encr, uint16_t integ);

/* The attempt or the IKE SA ends. */
void fake_ike_down(struct ike_engine *engine, struct fake_conn *conn, enum ike_reason reason,
		   const char *detail);
void fake_ike_child_down(struct ike_engine *engine, struct fake_conn *conn, uint32_t child_id,
			 enum ike_reason reason);

/* A peer has proved to the connection `parent` who it is: SPAWN, IKE_UP, CHILD_ADD, CHILD_UP of a connection of its own, which is returned. */
struct fake_conn *fake_ike_spawn(struct ike_engine *engine, const struct fake_conn *parent,
				 const struct ike_id_cfg *peer_id, const struct ipaddr *remote,
				 struct instant now);

/* An authenticated message; `answer`: to the outstanding request. */
void fake_ike_heard(struct ike_engine *engine, struct fake_conn *conn, bool answer);

#endif
