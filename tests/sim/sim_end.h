// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One end of a simulated tunnel: an engine with a fake host, a fake data plane that may refuse, and a
 * policy as simple as that of the real tunnel (initiate again and again, probe now and then). It watches
 * every output of its engine and every call of it; what must never happen ends the program with the seed
 * (sim_fail).
 */
#ifndef BGPVPN_TESTS_SIM_END_H
#define BGPVPN_TESTS_SIM_END_H

#include "bgpvpnd/ike/ike.h"
#include "tests/helpers/sim_net.h"

#define SIM_CONN     1
#define SIM_CHILDREN 16
#define SIM_SPIS     4096

struct sim_log;

enum sim_spi_state {
	SIM_SPI_FREE,	  /* never given out, or released */
	SIM_SPI_RESERVED, /* the engine has it */
	SIM_SPI_PLANE,	  /* the data plane has it, or had it: never to be seen again */
};

enum sim_child_state {
	SIM_CHILD_NONE,
	SIM_CHILD_INSTALLED,
	SIM_CHILD_REFUSED, /* the plane said no; its CHILD_DELETE may still come */
};

struct sim_child {
	enum sim_child_state state;
	bool up; /* CHILD_UP was seen */
	struct child_sa_params params;
};

struct sim_end {
	const char *name;
	struct sim_net *net;
	unsigned int node;
	struct ike_engine *engine;
	struct ike_host host;
	struct ike_conn_cfg *cfg;
	struct secret qcd; /* what a crash does not take: the secret of RFC 6290; empty: none */
	uint64_t rng; /* of the host: independent of the network's */

	/* the fake data plane */
	struct sim_child children[SIM_CHILDREN];
	enum sim_spi_state spis[SIM_SPIS];
	uint32_t next_spi;
	uint32_t spi_base;	  /* the two ends never have the same SPI by chance */
	unsigned int refuse_adds; /* so many CHILD_ADDs are answered -ENOMEM */
	unsigned int refuse_spis; /* so many reservations fail */

	/* policy */
	bool initiates;
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
};

extern uint64_t sim_seed;
extern bool sim_verbose;

void sim_fail(const char *format, ...) PRINTFRR(1, 2) __attribute__((noreturn));

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

/* Takes what the engine has to give: after a command of one's own. */
void sim_end_pump(struct sim_end *end);

/* The connection's info; the only installed child (NULL when there are none or several). */
/* The end deletes its Child SA and keeps the IKE SA, as other daemons do when they are told to; the engine has no command for it. */
void sim_end_drop_child(struct sim_end *end);
struct ike_conn_info sim_end_info(const struct sim_end *end);
const struct sim_child *sim_end_only_child(const struct sim_end *end);
unsigned int sim_end_num_children(const struct sim_end *end);

#endif
