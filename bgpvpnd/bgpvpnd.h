// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one root object: what the daemon consists of. The shell's files (bgpvpn_*) reach everything through
 * it; nothing below the shell knows it. Main thread only.
 */
#ifndef BGPVPN_BGPVPND_H
#define BGPVPN_BGPVPND_H

#include <zebra.h>

#include "lib/privs.h"
#include "lib/thread.h"

#include "bgpvpnd/dplane/dplane.h"
#include "bgpvpnd/ike/ike.h"
#include "bgpvpnd/tunnel/tunnel.h"

struct bgpvpn_source;
struct bgpvpn_udp;
struct zclient;

/* --dataplane */
enum bgpvpn_dplane_choice {
	BGPVPN_DPLANE_AUTO,
	BGPVPN_DPLANE_KERNEL,
	BGPVPN_DPLANE_USERSPACE,
	BGPVPN_DPLANE_NONE,
};

/* What the pump refused to lose silently. */
struct bgpvpn_counters {
	uint64_t no_natt_plane;	 /* IKE for port 4500 without a data plane that owns the port */
	uint64_t natt_send_fail; /* the data plane could not send it */
};

struct bgpvpn {
	struct thread_master *loop;
	struct zebra_privs_t *privs;

	struct ike_host host;
	struct ike_engine *engine;
	struct tunnels *tunnels;

	enum bgpvpn_dplane_choice dplane_choice;
	struct dplane_env dplane_env;
	struct dplane *dplane;	/* NULL: there is none */
	bool dplane_kernel;	/* which it is */
	char dplane_error[256]; /* why there is none, or what one could not open; "" */
	char dplane_why[300];	/* why it is this one */

	struct bgpvpn_udp *udp;
	struct bgpvpn_source *source;
	struct zclient *zclient;

	struct thread *t_expiry; /* the one timer of engine and tunnels */
	struct thread *t_dplane; /* the data plane's descriptor */
	struct thread *t_again;	 /* another try of what the data plane could not open */
	struct bgpvpn_counters counters;
};

extern struct bgpvpn bgpvpn;

/* Makes engine, data plane, tunnels and sockets. `dry`: nothing that touches the system. */
void bgpvpn_start(struct bgpvpn *vpn, bool dry);

/* Tells the peers, leaves the interfaces behind without carrier, frees everything. */
void bgpvpn_stop(struct bgpvpn *vpn);

/* Logs what the data plane could not open, if anything. */
void bgpvpn_report_dplane(const struct bgpvpn *vpn);

/* "kernel", "userspace" or "none". */
const char *bgpvpn_dplane_name(const struct bgpvpn *vpn);

/* "auto", "kernel", "userspace", "none": as on the command line. */
const char *bgpvpn_dplane_choice_name(enum bgpvpn_dplane_choice choice);

#endif
