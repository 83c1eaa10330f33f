// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A data plane that only remembers: links, Child SAs, what was asked of it. Tests set its statistics and
 * tell it what to refuse. Never freed, holds no memory; fake_dplane_init() begins anew.
 */
#ifndef BGPVPN_HELPERS_FAKE_DPLANE_H
#define BGPVPN_HELPERS_FAKE_DPLANE_H

#include <zebra.h>

#include "bgpvpnd/dplane/dplane.h"

#define FAKE_LINKS    8
#define FAKE_CHILDREN 32
#define FAKE_EVENTS   8

struct fake_link {
	uint32_t handle; /* 0: free */
	struct dplane_link_params params;
	bool running;
	uint32_t running_calls;
	char changed[64]; /* what somebody did to it; "": nothing */
	uint32_t repairs; /* link_repair() */
	uint32_t announced;
	uint32_t probes;  /* inside_probe() */
	struct dplane_inside_stats inside;
};

struct fake_child {
	uint32_t child_id; /* 0: free */
	uint32_t link;
	uint16_t encr;
	uint16_t integ;
	uint16_t replay_window;
	uint32_t spi_in;
	bool udp_encap;
	bool transport;
	struct endpoint remote;
	struct ts_list ts_remote;
	uint32_t keepalives;
	struct dplane_child_stats stats;
};

struct fake_dplane {
	struct dplane dp;
	struct fake_link links[FAKE_LINKS];
	struct fake_child children[FAKE_CHILDREN];
	uint32_t last_handle;
	uint32_t next_spi;
	uint32_t last_released; /* SPI; 0: none yet */
	uint32_t link_sets;
	uint32_t sent; /* ike_send() */
	struct dplane_path path; /* mtu 0: there is no way */
	uint32_t paths;		 /* asked for */
	struct dplane_event events[FAKE_EVENTS];
	uint32_t num_events;
	/* What to refuse: 0, or a negative errno. */
	int refuse_link_add;
	int refuse_link_set;
	int refuse_running;
	int refuse_repair;
	int refuse_child_add;
	int refuse_inside;

	/* links_sweep: how often, the last pattern; whether its caller keeps sweep_asks */
	int sweeps;
	char swept[16];
	char sweep_asks[16];
	bool swept_kept;
};

void fake_dplane_init(struct fake_dplane *fake);

/* NULL: not there. */
struct fake_link *fake_dplane_link(struct fake_dplane *fake, const char *name);
struct fake_child *fake_dplane_child(struct fake_dplane *fake, uint32_t child_id);
uint32_t fake_dplane_num_links(const struct fake_dplane *fake);
uint32_t fake_dplane_num_children(const struct fake_dplane *fake);

/* To be pulled by event_next(). */
void fake_dplane_event(struct fake_dplane *fake, const struct dplane_event *event);

#endif
