// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An attacker on the path: sees every datagram when it is sent, can be faster than it, can write any source address, and holds back
 * nothing. He has no secret. What he sends is counted by the two ends and changes nothing.
 */
#ifndef BGPVPN_TESTS_SIM_FORGER_H
#define BGPVPN_TESTS_SIM_FORGER_H

#include "bgpvpnd/ike/ike.h"
#include "tests/helpers/sim_net.h"

struct sim_forger {
	struct sim_net *net;
	uint64_t rng;
	int64_t late_us;      /* what he sends arrives at once, or up to this much later */
	uint64_t forged;      /* datagrams so far */
	uint64_t spi_i;	      /* of the attempt that he is at */
	unsigned int answers; /* of his to its IKE_SA_INIT that look good */

	/* He can also speak IKE, as B and without the secret. */
	struct ike_host host;
	struct ike_engine *engine;
	struct endpoint b;
};

/* Taps the network; `cfg`, taken over, is what he answers A with in the name of B. */
void sim_forger_init(struct sim_forger *forger, struct sim_net *net, uint64_t seed, int64_t late_us,
		     struct ike_conn_cfg *cfg);
void sim_forger_fini(struct sim_forger *forger);

#endif
