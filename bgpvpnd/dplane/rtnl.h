// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The few things that both planes ask of rtnetlink: find an interface, its MTU, up and down, its addresses.
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

struct rtnl_link {
	uint32_t ifindex;
	char name[16];
	uint32_t mtu;
	bool up;      /* IFF_UP: the administrator's wish */
	bool running; /* IFF_RUNNING: what zebra goes by */
	bool carrier; /* what the driver says, whatever the administrator wishes */
	uint8_t operstate;
	uint32_t if_id; /* of an XFRM interface */
	char kind[16];	/* "tun" (a TAP too), "xfrm", "veth"; "" for hardware and lo */
	char alias[32]; /* IFLA_IFALIAS, cut; "" for none */
	bool ethernet;	/* a TAP, where a TUN is not */
};

/* 0, -ENODEV when there is none of that name, or another negative errno. */
int rtnl_link_find(const char *name, struct rtnl_link *link);
int rtnl_link_get(uint32_t ifindex, struct rtnl_link *link);

/* The way that packets to an address take. */
struct rtnl_path {
	uint32_t ifindex;
	uint32_t mtu; /* 0: the device's */
	bool learned; /* from a router's answer */
};
int rtnl_path_get(const struct ipaddr *from, const struct ipaddr *to, struct rtnl_path *path);

int rtnl_link_set_up(uint32_t ifindex, bool up);
int rtnl_link_set_mtu(uint32_t ifindex, uint32_t mtu);
int rtnl_link_set_alias(uint32_t ifindex, const char *alias);

/*
 * Operational state dormant (RFC 2863): not running, told to everybody before this returns. Nothing when it
 * is not running.
 */
int rtnl_link_set_dormant(uint32_t ifindex);

/* Takes dormant back. An XFRM interface has no carrier: this and dormant are its link state. */
int rtnl_link_set_operative(uint32_t ifindex);

int rtnl_link_del(uint32_t ifindex);

/* -EEXIST: the name, or the if_id, is another's. -EOPNOTSUPP: the kernel has none of that kind. */
int rtnl_link_add_xfrm(const char *name, uint32_t if_id);

/*
 * Makes `want` the addresses of ours on the interface: adds what is missing, removes what an earlier call (or
 * an earlier run of the daemon) had put there and is no longer wanted. Ours carry IFA_PROTO (kernel 5.18);
 * addresses of others and IPv6 link-local ones stay. On older kernels only those in `before` are known as
 * ours. *failed, when not NULL, is the address that an error is about.
 */
int rtnl_addresses_set(uint32_t ifindex, const struct prefix *want, size_t num_want,
		       const struct prefix *before, size_t num_before, const struct prefix **failed);

/* The kernel says once more to all that listen that the interface has these addresses, and gives it those that it has not. */
void rtnl_addresses_announce(uint32_t ifindex, const struct prefix *addresses, size_t n);

/* How many of `want` the interface does not have, *first being the first of them; or a negative errno. */
int rtnl_addresses_missing(uint32_t ifindex, const struct prefix *want, size_t num_want,
			   const struct prefix **first);

/*
 * Interfaces and addresses as they change: a non-blocking descriptor that is readable then, or a negative
 * errno. rtnl_watch_read() takes what is there and names each interface, more than once if need be; 0: some
 * word was lost, it may be any.
 */
int rtnl_watch_open(void);
void rtnl_watch_read(int fd, void (*changed)(void *arg, uint32_t ifindex), void *arg);

#endif
