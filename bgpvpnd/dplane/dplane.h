// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Floor 2: data planes. The folder's public header: what a data plane is asked to do, in argument structs, and what it
 * reports. Two implementations stand behind it: tun/ (ESP in user space over a TUN) and xfrm/ (ESP in the kernel); tests bring a third that only remembers.
 *
 * Everything here is called from the main thread. A plane offers file descriptors and never schedules: the shell polls
 * dplane_fd() and then pulls events until there are none. Functions return 0 or a negative errno; where an errno
 * is not enough for an operator, dplane_error() says more.
 */
#ifndef BGPVPN_DPLANE_DPLANE_H
#define BGPVPN_DPLANE_DPLANE_H

#include <zebra.h>

#include "lib/prefix.h"

#include "bgpvpnd/base/base.h"

struct dplane; /* one opened plane */

/* What the shell lends a plane. Borrowed: outlives it. */
struct dplane_env {
	void *arg;
	/* Raises (true) and lowers (false) CAP_NET_ADMIN and CAP_NET_RAW around privileged calls; may be NULL in tests. */
	void (*privileged)(void *arg, bool raise);
	uint16_t natt_port; /* 4500, other values in tests only */
};

/* What kind of device a tunnel interface is. */
enum dplane_kind {
	DPLANE_KIND_AUTO, /* the plane's own: TUN in user space, XFRM in the kernel */
	DPLANE_KIND_TUN,
	DPLANE_KIND_XFRM,
	DPLANE_KIND_VTI,
	DPLANE_KIND_GRE,  /* over ESP in transport mode */
	DPLANE_KIND_IPIP, /* likewise */
};

#define DPLANE_NETNS 64 /* bytes of a network namespace's name, as `ip netns` has it */

/* What an interface is from its beginning to its end: with another of these it is another interface. All zeroes: the plane's own choice. */
struct dplane_link_nature {
	enum dplane_kind kind;
	char name_in[16];      /* XFRM with two if_ids: the interface that packets come out of; "": not ours to make */
	char netns[DPLANE_NETNS]; /* the interface lives there, the keys stay here; "": here too */
	uint32_t if_id_in;     /* XFRM; 0: the plane chooses one, the same for both */
	uint32_t if_id_out;
	uint32_t mark;	       /* VTI: its key, the mark of its SAs and policies; 0: the plane chooses */
	uint32_t mark_mask;
	struct ipaddr local;   /* VTI, GRE, IPIP: where its packets go between; IPADDR_NONE: any (VTI only) */
	struct ipaddr remote;
};

bool dplane_nature_same(const struct dplane_link_nature *a, const struct dplane_link_nature *b);

/* The operator's word of a kind, "xfrm"; "" for DPLANE_KIND_AUTO. */
const char *dplane_kind_name(enum dplane_kind kind);

/* The tunnel interface. */
struct dplane_link_params {
	char name[16]; /* IFNAMSIZ; links of one name share the interface, where the plane can do so and they are of one nature */
	struct dplane_link_nature nature;
	char vrf[16]; /* its master; "": none */
	bool trap;    /* without a Child SA a packet is kept, and asked for by DPLANE_EVENT_ACQUIRE */
	struct ts_list trap_local; /* trap: packets within these */
	struct ts_list trap_remote;
	uint8_t num_routes;
	struct prefix routes[LIMIT_LINK_ROUTES]; /* the plane routes these into the interface */
	uint32_t mtu;
	uint8_t num_inside;
	struct prefix inside[LIMIT_INSIDE_PREFIXES]; /* address with its length: 169.254.10.1/30 */
	uint16_t mss_v4; /* clamp TCP MSS of SYNs to this; 0: leave alone */
	uint16_t mss_v6;
};

/* What an outer packet to a peer may measure, by what says so. */
enum dplane_path_from {
	DPLANE_PATH_DEVICE,  /* the one that it leaves by */
	DPLANE_PATH_ROUTE,   /* the route was given a MTU */
	DPLANE_PATH_LEARNED, /* a router on the way answered so (ICMP); it is forgotten after some minutes */
};
struct dplane_path {
	uint32_t mtu;
	enum dplane_path_from from;
	char device[16];
};

struct dplane_child_stats {
	uint64_t packets_in;
	uint64_t packets_out;
	uint64_t bytes_in; /* inner bytes */
	uint64_t bytes_out;
	uint64_t replays;	 /* dropped by the window, RFC 4303 3.4.3 */
	uint64_t integrity_failures;
	struct instant last_in;  /* last authenticated ESP packet; {0}: none yet */
	struct instant last_out; /* last packet sent; {0}: none yet */
};

/* Named refusals of the whole plane, for show and for the telemetry of the next issues. */
struct dplane_counters {
	uint64_t no_sa;	      /* ESP with a SPI that nobody has, or has yet */
	uint64_t early;	      /* of these: taken up when their SA came a moment later */
	uint64_t malformed;   /* too short, wrong padding, inner packet that is not IP */
	uint64_t selectors;   /* inner packet outside the traffic selectors */
	uint64_t no_child;    /* packet into a link that has no outbound SA: dropped, never in the clear */
	uint64_t queue_full;  /* IKE datagrams dropped: LIMIT_PLANE_EVENTS */
	uint64_t tun_errors;
	uint64_t socket_errors;
	uint64_t too_big;     /* above the MTU */
	uint64_t expired;     /* its Child SA has reached a hard limit */
};

/* Reachability of the inside, DESIGN.md "Reachability": an ICMP echo between the inside addresses. */
struct dplane_inside_stats {
	uint64_t sent;
	uint64_t answered;
	struct instant last_sent;     /* {0}: never */
	struct instant last_answered; /* {0}: never */
};

enum dplane_event_type {
	DPLANE_EVENT_IKE,	  /* a datagram on port 4500 with the non-ESP marker, marker removed */
	DPLANE_EVENT_SOFT_EXPIRE, /* a Child SA should be rekeyed: packets, bytes or sequence numbers */
	DPLANE_EVENT_HARD_EXPIRE, /* a Child SA carries no more: what it may carry is used up */
	DPLANE_EVENT_PEER_MOVED,  /* the newest packet of a child, in UDP, is not from where its packets go to */
	DPLANE_EVENT_ACQUIRE,	  /* a packet waits for a Child SA of this link; not more than once a second */
	DPLANE_EVENT_LINK_GONE,	  /* somebody removed the interface */
	DPLANE_EVENT_LINK_CHANGED, /* somebody (we, perhaps) changed the interface: time for a link_repair() */
};

struct dplane_event {
	enum dplane_event_type type;
	struct endpoint local; /* IKE */
	struct endpoint remote; /* IKE, PEER_MOVED */
	struct bytes datagram; /* IKE: valid until the next dplane_event_next() */
	uint32_t link;	       /* LINK_GONE, LINK_CHANGED, ACQUIRE */
	uint32_t child_id;     /* SOFT_EXPIRE, HARD_EXPIRE, PEER_MOVED; each once for a child (and endpoint) */
};

/*
 * `link` is the plane's handle of an interface, given by link_add, never 0. A child belongs to one link; on one link, the child
 * added last is the one that sends, unless it was added receive_only and others are there: then child_use makes it so. The
 * others go on receiving until they are deleted (make before break); when the one that sends is deleted, the last of the rest does.
 */
struct dplane_ops {
	const char *name; /* "userspace", "kernel" */
	bool always_udp;  /* its ESP goes in UDP, NAT or not */
	bool cuts_v6; /* an IPv6 packet that is too large for the path goes in fragments outside, not nowhere */

	/* 0, or -errno with dplane_error() set. Opens what it can; what it can't is in dplane_error(). */
	int (*open)(struct dplane *dp);
	void (*close)(struct dplane *dp);

	/*
	 * Tries again what open() could not; every few seconds while it returns something but 0. dplane_error() is what is
	 * missing still.
	 */
	int (*open_again)(struct dplane *dp);

	/*
	 * NULL when this plane, on this kernel, can make interfaces of this kind; else why not, in the operator's words (which module).
	 */
	const char *(*kind_missing)(struct dplane *dp, enum dplane_kind kind);

	/*
	 * Creates or adopts the interface, down-linked (not running), admin up, with these addresses and this MTU.
	 * link_set changes them in place. link_del removes the interface, or leaves it behind without our addresses when
	 * neither we nor a predecessor made it, or when other links share it; link_set refuses another nature. An interface that is shared
	 * is running while one of its links is. close leaves those that are there behind, without carrier, for a successor.
	 */
	int (*link_add)(struct dplane *dp, const struct dplane_link_params *params, uint32_t *link);
	int (*link_set)(struct dplane *dp, uint32_t link, const struct dplane_link_params *params);
	int (*link_del)(struct dplane *dp, uint32_t link);
	int (*link_set_running)(struct dplane *dp, uint32_t link, bool running);

	/*
	 * Looks whether the interface still is what link_add, link_set and link_set_running made of it, and puts back
	 * what somebody has changed. `changed` says what that was, "" when nothing was. -ENODEV: it is not there any more.
	 * -ENXIO: its VRF is not, so that it is in another, and has no business to run.
	 */
	int (*link_repair)(struct dplane *dp, uint32_t link, char *changed, size_t len);

	/*
	 * Removes the interfaces that a predecessor of ours, who was killed, had made for the peers of a template, in the namespace
	 * `netns` ("": here): those of its name with any number in the place of %u, but for those that `kept` says somebody has.
	 */
	void (*links_sweep)(struct dplane *dp, const char *netns, const char *pattern,
			    bool (*kept)(const void *arg, const char *name), const void *arg);

	/* Tells whoever listens to the kernel of the inside addresses once more. */
	void (*link_announce)(struct dplane *dp, uint32_t link);

	/* A SPI that no other inbound SA of this plane has; not below 256. 0 on failure. release gives an unused one back. */
	uint32_t (*spi_reserve)(struct dplane *dp);
	void (*spi_release)(struct dplane *dp, uint32_t spi);

	/* Both directions or none. Takes copies. replay_window in packets, 0: off. */
	int (*child_add)(struct dplane *dp, uint32_t link, const struct child_sa_params *params, uint16_t replay_window);
	int (*child_use)(struct dplane *dp, uint32_t child_id);
	int (*child_del)(struct dplane *dp, uint32_t child_id);
	int (*child_stats)(struct dplane *dp, uint32_t child_id, struct dplane_child_stats *stats);

	/*
	 * The peer's address or port changed, or a NAT came or went (MOBIKE): the child's endpoints follow. ESP is in UDP from then on if the
	 * local port is another one than IKE_PORT.
	 */
	int (*child_move)(struct dplane *dp, uint32_t child_id, const struct endpoint *local, const struct endpoint *remote);

	/* One NAT keepalive (RFC 3948 4) to where the child's ESP goes; nothing where that is not in UDP. */
	int (*child_keepalive)(struct dplane *dp, uint32_t child_id);

	/*
	 * Sends one ICMP echo request from inside[0] to the other host of its prefix through the sending child, and counts
	 * answers to it; while the link is not running the plane itself answers such requests of the peer, so that two
	 * of us can prove the inside before the link is up.
	 */
	int (*inside_probe)(struct dplane *dp, uint32_t link);
	int (*inside_stats)(struct dplane *dp, uint32_t link, struct dplane_inside_stats *stats);

	/* The way of packets from local (may be IPADDR_NONE) to remote as of now. May be NULL: nobody knows. */
	int (*path)(struct dplane *dp, const struct ipaddr *local, const struct ipaddr *remote, struct dplane_path *path);

	/* IKE on the NAT-T port, which the plane may own; adds the non-ESP marker (RFC 3948 2.2). */
	int (*ike_send)(struct dplane *dp, const struct endpoint *local, const struct endpoint *remote, struct bytes datagram);

	/* Readable when dplane_event_next() has something. -1: never. */
	int (*fd)(struct dplane *dp);
	bool (*event_next)(struct dplane *dp, struct dplane_event *event);

	void (*counters)(struct dplane *dp, struct dplane_counters *counters);
};

/* A plane's private struct begins with this. */
struct dplane {
	const struct dplane_ops *ops;
	const struct dplane_env *env;
	char error[256]; /* the last failure in the operator's words, with what to do; "" when there was none */
};

static inline const char *dplane_error(const struct dplane *dp)
{
	return dp->error;
}

/*
 * What this socket sends and receives is no affair of the kernel's IPsec policies, whoever made them: IKE never goes into a tunnel. Needs
 * CAP_NET_ADMIN. 0 or -errno; -ENOPROTOOPT and -EOPNOTSUPP where the kernel has no IPsec, which is as good.
 */
int dplane_bypass(int fd, int family);

/* The user-space plane, not opened yet; dplane_tun_free() after close. */
struct dplane *dplane_tun_new(const struct dplane_env *env);
void dplane_tun_free(struct dplane *dp);

/* The kernel plane, the same. Its open() fails, with words, on a kernel that lacks a piece. */
struct dplane *dplane_xfrm_new(const struct dplane_env *env);
void dplane_xfrm_free(struct dplane *dp);

/* --- what the kernel's IPsec dropped, whichever plane is open ----------------------------------------------- */

/* Kernels of today have 32. */
#define DPLANE_KERNEL_COUNTERS 64

struct dplane_kernel_counter {
	char name[40]; /* the kernel's, "XfrmInNoStates" */
	uint64_t value;
};

struct dplane_kernel_counters {
	unsigned int n;
	struct dplane_kernel_counter counter[DPLANE_KERNEL_COUNTERS];
};

/* Of this network namespace, ours or not. False: the kernel does not count (CONFIG_XFRM_STATISTICS). */
bool dplane_kernel_counters(struct dplane_kernel_counters *out);

/* What one of them means and what to do about it; NULL: nobody here knows the name. */
const char *dplane_kernel_counter_words(const char *name);

#endif
