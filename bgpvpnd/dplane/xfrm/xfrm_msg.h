// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages to and from the kernel's IPsec (linux/xfrm.h), built and parsed: pure functions over a buffer, no socket. Who sends
 * them is xfrm_sock.c.
 *
 * A builder writes one whole message, header included, into `buf` of XFRM_MSG_LEN bytes, aligned for a uint64_t, and returns it; the caller adds
 * sequence number and flags. Keys are in the buffer then: the caller wipes it.
 */
#ifndef BGPVPN_XFRM_XFRM_MSG_H
#define BGPVPN_XFRM_XFRM_MSG_H

#include <zebra.h>

#include <linux/netlink.h>
#include <linux/xfrm.h>

#include "bgpvpnd/base/base.h"

/* The largest: a SA with two algorithms of 64-byte keys, a replay window of 4096 packets, encapsulation. */
#define XFRM_MSG_LEN 2048

/* --- SAs ------------------------------------------------------------------------------------------------- */

enum xfrm_dir {
	XFRM_DIR_IN,
	XFRM_DIR_OUT,
};

/* Two sides of a packet on the underlay, as the kernel has them: not ours and theirs, but where it comes from and goes to. */
struct xfrm_path {
	struct endpoint src;
	struct endpoint dst;
};

/* Sequence numbers, window and counts of a SA that goes on under another name; of a SA as the kernel has it. */
struct xfrm_replay {
	uint64_t bytes;
	uint64_t packets;
	uint64_t add_time_s;
	uint32_t out;
	uint32_t out_high; /* ESN */
	uint32_t in;
	uint32_t in_high;
	uint32_t words; /* of the window, 32 packets each */
	uint32_t window[LIMIT_REPLAY_WINDOW / 32];
};

/* One ESP SA. */
struct xfrm_sa {
	enum xfrm_dir dir;
	struct xfrm_path path;
	uint32_t spi;
	uint32_t reqid;
	uint32_t if_id;
	uint32_t mark; /* out: the packets that it takes; mask 0: any */
	uint32_t mark_mask;
	bool transport; /* else tunnel mode */
	uint16_t encr;	/* IANA numbers, as struct child_sa_params */
	uint16_t encr_key_bits;
	uint16_t integ;
	const struct secret *encr_key; /* borrowed */
	const struct secret *integ_key;
	bool esn;
	bool udp_encap;
	uint16_t replay_window; /* packets, 0: off */
	struct child_sa_limits limits;
	const struct xfrm_replay *replay; /* borrowed; NULL: a fresh one */
};

/*
 * Adds a SA. NULL for algorithms that the kernel has no name for, or keys of a wrong length.
 */
struct nlmsghdr *xfrm_msg_sa(void *buf, const struct xfrm_sa *sa);

/* Makes the ports of one that is there, and its limits, these: nothing else of it changes. */
struct nlmsghdr *xfrm_msg_sa_ports(void *buf, const struct xfrm_sa *sa);

/* A SA is named by destination, SPI, protocol and mark. */
struct xfrm_sa_name {
	struct xfrm_path path;
	uint32_t spi;
	uint32_t mark;
	uint32_t mark_mask;
};
struct nlmsghdr *xfrm_msg_sa_del(void *buf, const struct xfrm_sa_name *name);
struct nlmsghdr *xfrm_msg_sa_get(void *buf, const struct xfrm_sa_name *name);
struct nlmsghdr *xfrm_msg_sa_dump(void *buf);

/* --- policies -------------------------------------------------------------------------------------------- */

enum xfrm_policy_dir {
	XFRM_WHERE_IN,
	XFRM_WHERE_OUT,
	XFRM_WHERE_FWD,
};

/*
 * What goes through the interface `if_id` and matches the selectors needs an SA of this reqid and path; in and forward any path will do
 * (IPADDR_NONE).
 */
struct xfrm_policy {
	enum xfrm_policy_dir where;
	struct ts from; /* a whole prefix: xfrm_selector_fits() */
	struct ts to;
	struct xfrm_path path;
	uint32_t reqid;
	uint32_t if_id;
	uint32_t mark; /* of the packets that it is about; mask 0: any */
	uint32_t mark_mask;
	bool transport;
	bool block;	   /* such packets go nowhere: no path, no reqid */
	uint32_t spi;	   /* 0: any SA of that reqid */
	uint32_t priority; /* the lower wins */
	uint32_t
		owner; /* the selector's `user`: no packet has it, but policies that differ in it are two to the kernel */
};

/* The kernel's selectors are prefixes and single ports: true when this pair can be said so. */
bool xfrm_selector_fits(const struct ts *ts);

/* Adds a policy, or puts it in the place of the one with the same selector, direction and if_id. */
struct nlmsghdr *xfrm_msg_policy(void *buf, const struct xfrm_policy *policy);
struct nlmsghdr *xfrm_msg_policy_del(void *buf, const struct xfrm_policy *policy);
struct nlmsghdr *xfrm_msg_policy_get(void *buf, const struct xfrm_policy *policy);
struct nlmsghdr *xfrm_msg_policy_dump(void *buf);

/* --- what the kernel says -------------------------------------------------------------------------------- */

/* A SA as the kernel has it, of a dump, an answer or an event. */
struct xfrm_sa_seen {
	struct xfrm_path path; /* ports: of the encapsulation, 0 without */
	uint8_t proto;
	uint32_t spi;
	uint32_t reqid;
	uint32_t if_id;
	uint32_t mark;
	uint32_t mark_mask;
	bool transport;
	uint64_t bytes;
	uint64_t packets;
	uint64_t use_time_s; /* wall clock of the last packet, where the kernel tells it; 0: none */
	uint32_t replays;
	uint32_t integrity_failures;
	struct xfrm_replay replay; /* words 0: not told */
};

/* From and to are prefixes: it can be deleted as it is. The path is not told. */

enum xfrm_news_type {
	XFRM_NEWS_NONE,	       /* a message that says nothing to us */
	XFRM_NEWS_SA,	       /* sa */
	XFRM_NEWS_POLICY,      /* policy */
	XFRM_NEWS_SOFT_EXPIRE, /* sa */
	XFRM_NEWS_HARD_EXPIRE, /* sa */
	XFRM_NEWS_MAPPING,     /* sa, moved: the peer's NAT has another port or address */
	XFRM_NEWS_SA_GONE,     /* sa, as it was at its end: somebody deleted it */
	XFRM_NEWS_POLICY_GONE, /* policy: no more than its if_id */
	XFRM_NEWS_FLUSHED,     /* all SAs or all policies are gone */
};

struct xfrm_news {
	enum xfrm_news_type type;
	union {
		struct xfrm_sa_seen sa;
		struct xfrm_policy policy;
	};
	struct endpoint moved;
	uint32_t by; /* port of the netlink socket whose request made it so; 0: the kernel itself, or one that does not say, as iproute2 */
};

/* False for a message that is too short or inconsistent; a type that we don't know is XFRM_NEWS_NONE. */
bool xfrm_msg_parse(const struct nlmsghdr *nlh, struct xfrm_news *news);

/*
 * Whether this is the last message of an answer: how it went, 0 or -errno, and the kernel's own words about a refusal ("extended
 * acknowledgement"), "" when it has none.
 */
bool xfrm_msg_is_end(const struct nlmsghdr *nlh, int *err, char *why, size_t len);

#endif
