// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two engines, A (10.0.0.1) and B (10.0.0.2), on one table with a clock that only the test moves. Every datagram lies in a queue until the
 * test delivers, drops, copies or bends it, so that a test can be written as the arrows of RFC 7296.
 */
#ifndef BGPVPN_TESTS_IKE_PAIR_H
#define BGPVPN_TESTS_IKE_PAIR_H

#include "bgpvpnd/ike/ike.h"
#include "bgpvpnd/proto/proto.h"

#define PAIR_CONN 7

/* 2030-01-01: what the certificates of tests/vectors/certs are made for. */
#define PAIR_WALL_CLOCK_S 1893456000

struct pair_datagram {
	struct endpoint from;
	struct endpoint to;
	uint8_t data[4096];
	size_t len;
};

/* A pair of SPIs in the data plane. */
struct pair_child {
	uint32_t id; /* 0: free */
	uint32_t spi_in;
	uint32_t spi_out;
};
#define PAIR_CHILDREN 16

/* What one engine has put out: datagrams wait, the rest is remembered. */
struct pair_side {
	const char *name;
	struct ike_engine *engine;
	struct ike_host host;
	struct ipaddr addr;
	uint64_t seed;
	uint32_t next_spi;
	int spis_out;	  /* reserved and neither released nor installed */
	int refuse_child; /* errno to answer CHILD_ADD with */
	struct pair_datagram queue[64];
	unsigned int queued;
	struct child_sa_params child; /* last added */
	unsigned int children;	      /* added and not deleted */
	struct pair_child plane[PAIR_CHILDREN];
	uint32_t sender; /* which of them sends, by the rules of dplane.h; 0: none */
	unsigned int added;
	unsigned int spawned;
	uint32_t spawned_conn; /* the last */
	unsigned int used; /* CHILD_USE */
	unsigned int moved;
	struct endpoint moved_to;
	struct endpoint moved_from; /* our end of it */
	unsigned int
		blinks; /* outputs after which no child was usable though there had been one, and nobody ended it */
	bool usable; /* as of the last output */
	/* NULL, or looks at each output when it has been taken; what it begins is taken afterwards */
	void (*watch)(struct pair_side *side, const struct ike_output *out);
	unsigned int ike_up, ike_down, child_up, child_down, heard;
	enum ike_reason down_reason;
};

struct pair {
	struct instant now;
	struct pair_side a;
	struct pair_side b;
};

/* Both configured with this proposal text, the same secret and initiate to each other; nothing is sent yet. */
void pair_init(struct pair *p, const char *ike, const char *esp);
void pair_fini(struct pair *p);

/* A configuration as pair_init() makes it, to be changed and given to ike_conn_set(); the caller unrefs it. */
struct ike_conn_cfg *pair_cfg(const struct pair_side *self, const struct pair_side *peer, const char *ike,
			      const char *esp);

/* Takes all outputs of a side. Called by the functions below after everything. */
void pair_drain(struct pair *p, struct pair_side *side);

/* Moves the oldest datagram out of a side's queue; false when there is none. */
bool pair_take(struct pair_side *side, struct pair_datagram *out);

/* The same of one that must be there, and of this kind. */
struct pair_datagram pair_taken(struct pair_side *side, uint8_t exchange, bool response);

struct ike_hdr pair_header(const struct pair_datagram *datagram);

/* How often the side's engine has had this reason. */
uint64_t pair_counted(const struct pair_side *side, enum ike_reason reason);

/* Gives a datagram to `side`, as from the other one. */
void pair_give(struct pair *p, struct pair_side *side, const struct pair_datagram *datagram);

/* Delivers until both queues are empty. */
void pair_run(struct pair *p);

/* Moves the clock in steps to every expiry; what is sent stays in the queues (deliver: is delivered at once). */
void pair_sleep(struct pair *p, int64_t us, bool deliver);

void pair_initiate(struct pair *p, struct pair_side *side);
struct ike_conn_info pair_info(const struct pair_side *side);

/* Whatever an end sends with now, the other one can receive. */
void pair_assert_heard(const struct pair *p);

/* One usable Child SA on both sides, keys and SPIs crosswise equal. */
void pair_assert_up(const struct pair *p);

/* Everything settles: one pair, the same on both sides, nothing under way, and nobody went down in between. */
void pair_settled(struct pair *p);

#endif
