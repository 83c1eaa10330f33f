// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The few things that both planes ask of rtnetlink: find or make an interface, its MTU, up and down, its addresses and routes.
 * Each call opens a socket, asks, waits for the kernel's answer and closes: they are rare, and a socket
 * opened while the privileges are raised keeps nothing for later. Only the watch, which tells of what others
 * change, stays open. Main thread, inside dplane_privileged().
 */
#ifndef BGPVPN_DPLANE_RTNL_H
#define BGPVPN_DPLANE_RTNL_H

#include <zebra.h>

#include "lib/ipaddr.h"
#include "lib/prefix.h"

/* IF_OPER_* of linux/if.h, which does not go together with net/if.h. RFC 2863 "ifOperStatus". */
#define RTNL_OPER_UNKNOWN 0
#define RTNL_OPER_TESTING 4
#define RTNL_OPER_DORMANT 5
#define RTNL_OPER_UP	  6

/* Which network namespace: a descriptor of one, or ours. */
#define RTNL_HERE (-1)

struct rtnl_link {
	uint32_t ifindex;
	char name[16];
	uint32_t mtu;
	bool up;      /* IFF_UP: the administrator's wish */
	bool running; /* IFF_RUNNING: what zebra goes by */
	bool carrier; /* what the driver says, whatever the administrator wishes */
	uint8_t operstate;
	char alias[32]; /* IFLA_IFALIAS, cut; "" for none */
	bool ethernet;	/* a TAP, where a TUN is not */
	uint32_t master; /* the VRF (or bridge) that it belongs to; 0: none */
	int keys_nsid; /* the number of the namespace that its packets and keys are in; RTNL_HERE: where it is itself */

	/* What it is made of: rtnl_tunnel.c reads and writes it. What its kind does not have is 0. */
	char kind[16];	/* "tun" (a TAP too), "xfrm", "vti6", "veth"; "" for hardware and lo */
	uint32_t if_id; /* of an XFRM interface */
	uint32_t ikey;	/* of a VTI or GRE, as numbers */
	uint32_t okey;
	struct ipaddr local; /* of a VTI, GRE or IPIP; IPADDR_NONE: any */
	struct ipaddr remote;
	uint32_t table; /* of a VRF */
};

/* 0, -ENODEV when there is none of that name, or another negative errno. */
int rtnl_link_find(int ns, const char *name, struct rtnl_link *link);
int rtnl_link_get(int ns, uint32_t ifindex, struct rtnl_link *link);

/* Each one that there is. Nothing may be asked of rtnetlink from within. */
int rtnl_links_each(int ns, void (*each)(void *arg, const struct rtnl_link *link), void *arg);

int rtnl_link_set_up(int ns, uint32_t ifindex, bool up);
int rtnl_link_set_mtu(int ns, uint32_t ifindex, uint32_t mtu);
int rtnl_link_set_alias(int ns, uint32_t ifindex, const char *alias);
int rtnl_link_set_master(int ns, uint32_t ifindex, uint32_t master); /* 0: none */

/* The way that packets to an address take; in our namespace, where the outer ones are. */
struct rtnl_path {
	uint32_t ifindex;
	uint32_t mtu; /* 0: the device's */
	bool learned; /* from a router's answer */
};
int rtnl_path_get(const struct ipaddr *from, const struct ipaddr *to, struct rtnl_path *path);

/*
 * Operational state dormant (RFC 2863): not running, told to everybody before this returns. Nothing when it
 * is not running.
 */
int rtnl_link_set_dormant(int ns, uint32_t ifindex);

/* Takes dormant back. A tunnel device of the kernel's has no carrier: this and dormant are its link state. */
int rtnl_link_set_operative(int ns, uint32_t ifindex);

int rtnl_link_del(int ns, uint32_t ifindex);

/* Makes one of want's kind, here, dormant. -EEXIST: the name, or what it is made of, is another's. -EOPNOTSUPP: no such kind. */
int rtnl_link_add(const struct rtnl_link *want, const char *name);

/* Gives one of that kind what it is made of again. */
int rtnl_link_mend(int ns, const struct rtnl_link *want, uint32_t ifindex);

/* From here into another namespace, under this name; its number may be another there. */
int rtnl_link_move(uint32_t ifindex, const char *name, int ns);

/* A descriptor of the namespace that `ip netns` knows by this name, or a negative errno. */
int rtnl_ns_open(const char *name);

/* Whether that name is (still) the namespace's. */
bool rtnl_ns_is(int ns, const char *name);

/* A descriptor that is readable when a name was taken away, or -errno; changed reads what there is. */
int rtnl_ns_names_watch(void);
bool rtnl_ns_names_changed(int fd);

/* The number by which `ns` knows the namespace that we are in; negative: by none. */
int rtnl_ns_number_of_ours(int ns);

/* socket(2) in that namespace, or -errno. We ourselves stay where we are. */
int rtnl_ns_socket(int ns, int domain, int type, int protocol);

/* Writes into a file of /proc/sys/net of our namespace. */
int rtnl_sysctl(const char *path, const char *value);

/*
 * Makes `want` the addresses of ours on the interface: adds what is missing, removes what an earlier call (or
 * an earlier run of the daemon) had put there and is no longer wanted. Ours carry IFA_PROTO (kernel 5.18);
 * addresses of others and IPv6 link-local ones stay. On older kernels only those in `before` are known as
 * ours. *failed, when not NULL, is the address that an error is about.
 */
int rtnl_addresses_set(int ns, uint32_t ifindex, const struct prefix *want, size_t num_want,
		       const struct prefix *before, size_t num_before, const struct prefix **failed);

/* The kernel says once more to all that listen that the interface has these addresses, and gives it those that it has not. */
void rtnl_addresses_announce(int ns, uint32_t ifindex, const struct prefix *addresses, size_t n);

/* How many of `want` the interface does not have, *first being the first of them; or a negative errno. */
int rtnl_addresses_missing(int ns, uint32_t ifindex, const struct prefix *want, size_t num_want,
			   const struct prefix **first);

/*
 * Routes into an interface that are ours by their protocol number, in that table. add: -EEXIST when there is one to the same prefix,
 * ours or another's. sweep removes all of ours, of any interface: a predecessor's.
 */
int rtnl_route_add(int ns, uint32_t ifindex, uint32_t table, const struct prefix *to);
int rtnl_route_del(int ns, uint32_t ifindex, uint32_t table, const struct prefix *to);
int rtnl_routes_sweep(int ns);

/* Another interface, of that VRF (0: of none), whose hosts are to be found where `to` is, without a gateway; 0: none. */
uint32_t rtnl_route_connected(int ns, uint32_t vrf, uint32_t ifindex, const struct prefix *to);

/*
 * Interfaces, addresses and routes of ours as they change: a non-blocking descriptor that is readable then, or a negative
 * errno. rtnl_watch_read() takes what is there and names each interface, more than once if need be; 0: some
 * word was lost, it may be any.
 */
int rtnl_watch_open(int ns);
void rtnl_watch_read(int fd, void (*changed)(void *arg, uint32_t ifindex), void *arg);

#endif
