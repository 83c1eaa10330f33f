// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The simulators' command line, and what happens when one fails: the seed, the smallest set of draws that still fails, the command
 * that plays it again, and then that very play, with every arrow.
 *
 *	--seeds N --first N	so many seeds, or cases, from this one on
 *	--seed N		only this one
 *	--without NAME,NAME	leave rows of sim_draws[] out
 *	--verbose		say what happens
 *	--plain			do not play a failure again (the shrinking itself runs so)
 */
#ifndef BGPVPN_TESTS_SIM_RUN_H
#define BGPVPN_TESTS_SIM_RUN_H

#include "bgpvpnd/base/base.h"

struct sim_run {
	const char *name; /* of the program, for tests/sim/run */
	const char *noun; /* "seed", "case" */
	uint64_t seeds;	  /* how many without --seeds */
	void (*one)(uint64_t seed);
	uint64_t (*drawn)(
		void); /* rows that the current seed drew, to be left out in turn; NULL: nothing to shrink */
};

extern uint64_t sim_seed;    /* the one that runs */
extern uint64_t sim_without; /* rows of sim_draws[] left out */
extern bool sim_verbose;

/* Runs them all; the exit status of main(). Under sanitizers a tenth of run->seeds, spread over all of them. */
int sim_run(const struct sim_run *run, int argc, char **argv);

void sim_fail(const char *format, ...) PRINTFRR(1, 2) __attribute__((noreturn));

/* OpenSSL's random numbers come from this seed. sim_run() does it for each seed. */
void sim_random_seed(uint64_t seed);

#endif
