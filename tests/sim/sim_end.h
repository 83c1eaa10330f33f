// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One end of a simulated tunnel: an engine with a fake host, a simulated data plane that may refuse, and a policy: the real
 * tunnel floor with its link, or a simple one that disturbs the engine more (initiate again and again, probe
 * now and then). It watches every output of its engine and every call of it; what must never happen ends the program with
 * the seed (sim_fail).
 */
#ifndef BGPVPN_TESTS_SIM_END_H
#define BGPVPN_TESTS_SIM_END_H

#include "bgpvpnd/ike/ike.h"
#include "bgpvpnd/tunnel/tunnel.h"
#include "tests/helpers/sim_net.h"
#include "tests/sim/sim_plane.h"
#include "tests/sim/sim_run.h"

#define SIM_CONN   1
#define SIM_TUNNEL "t"

struct sim_log;

enum sim_fate { SIM_FATE_LOST, SIM_FATE_DOUBLED, SIM_FATE_LATE };

struct sim_end {
	const char *name;
	struct sim_net *net;
	unsigned int node;
	struct ike_engine *engine;
	struct ike_host host;
	struct ike_conn_cfg *cfg;
	struct secret qcd; /* what a crash does not take: the secret of RFC 6290; empty: none */
	uint64_t rng; /* of the host: independent of the network's */

	struct sim_plane plane;
	uint32_t refused
		[SIM_CHILDREN]; /* the last CHILD_ADDs that it refused: their CHILD_DELETE may still come */
	unsigned int num_refused;

	/* policy: that of the tunnel floor, or a simple one */
	bool by_tunnel;
	struct tunnels *tunnels; /* NULL: simple */
	bool initiates;
	bool moved;
	struct instant next_initiate;
	struct instant next_probe;

	/* watching */
	struct sim_log *log;
	bool ike_up;
	unsigned int times_up;	 /* CHILD_UP events */
	unsigned int times_down; /* CHILD_DOWN events */
	enum ike_reason last_down;
	uint64_t clear_in; /* bytes of requests in clear received, of responses in clear sent */
	uint64_t clear_out;
	uint64_t max_half_open;
	uint64_t outputs;
	uint64_t checked;	   /* `outputs` when sim_end_check() looked last */
	struct instant heard;	   /* the last proof of the peer, in IKE or in ESP */
	unsigned int link_changes; /* of the tunnel */

	/* One message of IKE, counted from now on, goes its own way (sim_end_fate()). */
	unsigned int fated; /* 0: none; 1: the next */
	enum sim_fate fate;
};

/* Joins the network; the configuration is taken over. sim_end_start() makes the engine. */
void sim_end_init(struct sim_end *end, const char *name, struct sim_net *net, const char *addr, uint64_t seed,
		  struct ike_conn_cfg *cfg);
void sim_end_start(struct sim_end *end);

/* The engine goes without a word, as in a crash; the data plane is emptied. */
void sim_end_crash(struct sim_end *end);
void sim_end_fini(struct sim_end *end);

/* When the end wants to be called, and the call. */
struct instant sim_end_next(const struct sim_end *end);
void sim_end_tick(struct sim_end *end);

void sim_end_terminate(struct sim_end *end);
void sim_end_rekey(struct sim_end *end, bool ike);

/* The end deletes its Child SA and keeps the IKE SA, as other daemons do when they are told to; the engine has no command for it. */
void sim_end_drop_child(struct sim_end *end);

/* Its address is this one now, and the old one is gone. */
void sim_end_move(struct sim_end *end, const char *addr);

/* The nth IKE message that it sends from now on is lost, doubled, or comes `late_us` late. */
void sim_end_fate(struct sim_end *end, unsigned int nth, enum sim_fate fate);

/* For good: the peer is told, the link goes down, nothing begins anew. */
void sim_end_close(struct sim_end *end);

/* What holds at any time, looked at after each step. */
void sim_end_check(struct sim_end *end);

/* Takes what the engine has to give: after a command of one's own. */
void sim_end_pump(struct sim_end *end);

/* The connection's info; the only installed child (NULL when there are none or several). */
struct ike_conn_info sim_end_info(const struct sim_end *end);
const struct sim_child *sim_end_only_child(const struct sim_end *end);
unsigned int sim_end_num_children(const struct sim_end *end);
bool sim_end_link_is_up(struct sim_end *end);

/* With --verbose: the time, the end, the words; the header of a datagram. */
void sim_end_say(const struct sim_end *end, const char *format, ...) PRINTFRR(2, 3);
void sim_end_describe(const struct sim_end *end, const char *what, struct bytes datagram,
		      const struct endpoint *peer);

/* A datagram that nobody has vouched for, of this direction. */
bool sim_is_clear(struct bytes datagram, bool response);

#endif
