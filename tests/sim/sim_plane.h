// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The data plane of a simulated end: the links of tests/helpers/fake_dplane.h, and Child SAs that carry simulated ESP over the
 * simulated network: with sequence numbers and a replay window, an integrity check that only the very keys pass, limits of
 * volume, and inside probes. It may refuse; a broken rule of dplane.h ends the program (sim_fail).
 */
#ifndef BGPVPN_TESTS_SIM_PLANE_H
#define BGPVPN_TESTS_SIM_PLANE_H

#include "bgpvpnd/dplane/tun/esp_replay.h"
#include "tests/helpers/fake_dplane.h"
#include "tests/helpers/sim_net.h"

#define SIM_CHILDREN 16
#define SIM_SPIS     4096
#define SIM_LINK     "vpn0"

/* ESP is told from IKE by its own port here, one above IKE's; the NAT of sim_net.h keeps that distance. */
#define SIM_ESP_PORT (IKE_NATT_PORT + 1)

enum sim_spi_state {
	SIM_SPI_FREE,	  /* never given out, or released */
	SIM_SPI_RESERVED, /* the engine has it */
	SIM_SPI_PLANE,	  /* the data plane has it, or had it: never to be seen again */
};

struct sim_child {
	bool installed;
	bool up; /* CHILD_UP was seen */
	struct child_sa_params params;
	struct dplane_child_stats stats;
	struct esp_replay replay;
	enum child_sa_wear wear; /* as told */
};

struct sim_plane {
	struct fake_dplane fake;
	struct dplane_ops ops;
	const char *name; /* of the end */
	struct sim_net *net;
	unsigned int node;

	struct sim_child children[SIM_CHILDREN];
	uint32_t sender; /* child_id; 0: none */
	enum sim_spi_state spis[SIM_SPIS];
	uint32_t next_spi;
	uint32_t spi_base;	  /* the two ends never have the same SPI by chance */
	unsigned int refuse_adds; /* so many child_add()s are answered -ENOMEM */
	unsigned int refuse_spis; /* so many reservations fail */

	int64_t traffic_us; /* a packet so often; 0: none */
	struct instant next_packet;
	uint64_t esp_out, esp_in, esp_lost; /* lost: of no SA that is here */
	struct instant last_in;
};

/* `spi_base` random. The node is the end's; sim_plane_restart() forgets all but the SPIs. */
void sim_plane_init(struct sim_plane *plane, const char *name, struct sim_net *net, unsigned int node,
		    uint32_t spi_base);
void sim_plane_restart(struct sim_plane *plane);

/* A datagram to SIM_ESP_PORT. */
void sim_plane_receive(struct sim_plane *plane, struct bytes datagram);

/* From now on a packet so often; 0: none. */
void sim_plane_traffic(struct sim_plane *plane, int64_t every_us);

/* One packet of traffic through the child that sends, when it is time. */
struct instant sim_plane_next(const struct sim_plane *plane);
void sim_plane_tick(struct sim_plane *plane);

bool sim_plane_running(struct sim_plane *plane);
struct sim_child *sim_plane_child(struct sim_plane *plane, uint32_t id);
unsigned int sim_plane_num_children(const struct sim_plane *plane);

/* No SPI is with an engine any more. */
void sim_plane_check_released(const struct sim_plane *plane);

#endif
