// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a seed draws: a table in sim_story.c, one row for each thing that can be different. Every row has a random stream of its own, made
 * of the seed and its name, so that a new row leaves the others' draws as they were, and that a row can be left out
 * (--without NAME) while the rest of the seed stays the same.
 *
 * A new draw: its fields in struct sim_story, one function that draws them, one that puts them into the configuration where it
 * belongs there, one row.
 */
#ifndef BGPVPN_TESTS_SIM_STORY_H
#define BGPVPN_TESTS_SIM_STORY_H

#include "bgpvpnd/ike/ike.h"
#include "tests/helpers/sim_net.h"

#define SIM_BAD_TIME_US (120 * USEC_PER_S)

#define SIM_ADDR_OUTSIDE "203.0.113.1" /* of the NAT before A */

/* [0] is A's, [1] is B's; path[0] leads from A to B. */
enum { SIM_A, SIM_B };

struct sim_ppk {
	const char *id; /* NULL: none */
	const char *secret;
	bool required;
};

/* All zeroes but the times, which are INSTANT_NEVER: two ends that agree and a perfect network. */
struct sim_story {
	bool tunnel; /* policy and link of the real tunnel floor; else initiate again and again, now and then probe */
	bool ipv6; /* outside */
	bool both_initiate;
	bool nat; /* A is behind one */
	bool nat_force[2];
	bool wrong_psk; /* or a certificate of another authority */
	unsigned int suite;
	unsigned int pfs; /* row of the table of ESP groups; 0: none */
	uint16_t fragmentation[2];
	struct sim_ppk ppk[2];
	const char *certs[2]; /* NULL: by the secret */
	bool qcd; /* both have a secret that survives their crashes */
	uint32_t ike_lifetime_s[2],
		esp_lifetime_s[2];	       /* 0: as configured by default, longer than the story */
	uint64_t esp_packets[2], esp_bytes[2]; /* 0: no limit */
	int64_t traffic_us[2];		       /* an ESP packet so often; 0: none */
	struct sim_path path[2];
	unsigned int refuse_adds[2], refuse_spis[2];
	int64_t start_us[2]; /* who initiates begins so late */

	/* The next time; again and again when `restless`, rekeys until the network is healed. */
	bool restless;
	struct instant crash[2], terminate[2], rekey[2];

	/* A has another address now and then, B too, which comes home in the end. */
	bool moves;
	bool mobike[2];
	struct instant move[2];
};

/* True: it drew something else than what all zeroes mean. Later rows may look at what earlier ones drew. */
typedef bool sim_draw_fn(struct sim_story *story, uint64_t *rng);
typedef void sim_cfg_fn(const struct sim_story *story, bool is_a, struct ike_conn_cfg *cfg);

struct sim_draw {
	const char *name;
	sim_draw_fn *draw;
	sim_cfg_fn *cfg; /* NULL: it is not in the configuration */
};

/* Ends with a NULL name. */
extern const struct sim_draw sim_draws[];

/* Draws all but `without` (one bit for each row); *drawn: the rows that changed something. */
void sim_story_draw(struct sim_story *story, uint64_t seed, uint64_t without, uint64_t *drawn);

/* The address of one end. */
const char *sim_story_addr(const struct sim_story *story, bool is_a);

/* The configuration of one end, for ike_conn_set() or a tunnel. */
struct ike_conn_cfg *sim_story_cfg(const struct sim_story *story, bool is_a);

/* Both have a PPK of the same name, which then is in use. */
bool sim_story_has_ppk(const struct sim_story *story);

/* The table of RFC 8784 as ike_ppk.h has it, for either end as initiator: may this come up? */
bool sim_story_ppks_fit(const struct sim_story *story);

/* All calm, nothing drawn. */
struct sim_story sim_story_calm(void);

/* Do lifetimes or volumes end Child SAs while the story goes on? */
bool sim_story_is_short_lived(const struct sim_story *story);

/* The keys of tests/vectors/certs, read once in a process; sim_fail() when they are not there. */
void sim_certs_init(void);
void sim_certs_set(struct ike_conn_cfg *cfg, const char *name);
void sim_certs_fini(void);

#endif
