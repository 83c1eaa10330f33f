// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices of the kernel plane: a device is what a link's interface is in the kernel. Links that name the same interface share one. It runs
 * while one of them does, has the addresses and routes of all and the smallest MTU, and goes with the last. Main thread, inside
 * dplane_privileged().
 */
#ifndef BGPVPN_XFRM_XFRM_DEV_H
#define BGPVPN_XFRM_XFRM_DEV_H

#include "lib/typesafe.h"

#include "bgpvpnd/dplane/shape.h"

struct xfrm_plane;
struct xfrm_link;

PREDECL_DLIST(xfrm_devs);
PREDECL_DLIST(xfrm_sharers);

/*
 * --- xfrm_kind.c: kinds of devices, and what a kernel may lack -------------------------------------------
 */

struct xfrm_kind {
	enum dplane_kind kind;
	bool v6;	     /* of the outer addresses; XFRM has none */
	const char *type;    /* the kernel's word */
	const char *words;   /* the operator's, with its article */
	const char *missing; /* what to do where the kernel has none */
	bool keyed;	     /* a mark leads to it */
	bool ends;	     /* is between two addresses */
	bool transport;	     /* ESP around it is in transport mode */
};

/* As many as there are rows of struct xfrm_kind. */
#define XFRM_KINDS 7

enum xfrm_tried { XFRM_UNTRIED, XFRM_CAN, XFRM_CANNOT };

/* The row of a nature that xfrm_nature_check() has passed. */
const struct xfrm_kind *xfrm_kind_of(const struct dplane_link_nature *nature);

/* What the plane makes of the nature in params: nothing left open that it decides, nothing said that the kind does not have. */
struct dplane_link_nature xfrm_nature_of(const struct dplane_link_params *params);
int xfrm_nature_check(struct dplane *dp, const struct dplane_link_params *params);

/* Whether several links may have one interface of this nature. */
bool xfrm_nature_shared(const struct dplane_link_nature *nature);

/* "a VTI with key 7", of what the kernel has, or shall have. */
const char *xfrm_kind_words(const struct rtnl_link *link, char *buf, size_t len);

/* dplane_ops.kind_missing. */
const char *xfrm_kind_missing(struct dplane *dp, enum dplane_kind kind);

/* Tries it: 0, -EOPNOTSUPP when the kernel has none of that kind, -EPERM. */
int xfrm_kind_try(const struct xfrm_kind *kind);

/*
 * --- the device ------------------------------------------------------------------------------------------
 */

/* One interface of the kernel's. */
struct xfrm_iface {
	uint32_t ifindex;
	bool ours; /* made by us or a predecessor */
	bool made; /* by the call that is going on */
};

struct xfrm_dev {
	struct xfrm_devs_item item;
	struct xfrm_sharers_head links;
	struct dplane_link_nature nature; /* xfrm_nature_of() */
	const struct xfrm_kind *kind;
	struct dplane_shape shape; /* as it was given last */
	int ns;			   /* where it lives */
	int watch;		   /* of that namespace, when it is not ours; -1: none */
	int icmp4;		   /* likewise: probes of the inside */
	int icmp6;
	struct xfrm_iface iface;
	struct xfrm_iface iface_in; /* nature.name_in; ifindex 0: none */
	uint32_t if_id_in;
	uint32_t if_id_out;
	uint32_t key; /* of a VTI */
	bool running;
	bool changed; /* by somebody, or by us, since we looked */
};

/* xfrm_dev_make.c: both interfaces, made or adopted; they are dormant and nothing else yet. What was made half is removed again. */
int xfrm_dev_make(struct xfrm_plane *plane, struct xfrm_dev *dev);

/* What the kernel shall have it made of. */
struct rtnl_link xfrm_dev_wanted(const struct xfrm_dev *dev, bool in);
bool xfrm_dev_matches(const struct rtnl_link *found, const struct rtnl_link *want);

/*
 * xfrm_dev.c. check: whether what others have leaves room for one more. join: link->base.params say what it wants; all or nothing.
 * reshape: it wants these now; what it wanted before is put back when that fails.
 */
int xfrm_dev_check(struct xfrm_plane *plane, const struct dplane_link_params *params);
int xfrm_dev_join(struct xfrm_plane *plane, struct xfrm_link *link);
int xfrm_dev_reshape(struct xfrm_plane *plane, struct xfrm_link *link,
		     const struct dplane_link_params *params);
void xfrm_dev_leave(struct xfrm_plane *plane, struct xfrm_link *link);
int xfrm_dev_set_running(struct xfrm_plane *plane, struct xfrm_link *link, bool running);

/* Leaves the interfaces behind for a successor, dormant. */
void xfrm_dev_abandon(struct xfrm_plane *plane, struct xfrm_link *link);

/* The one that packets come out of has no addresses and no routes. Borrows nothing. */
struct dplane_shape xfrm_dev_shape_in(const struct xfrm_dev *dev, const struct dplane_shape *shape);
int xfrm_dev_iface_state(const struct xfrm_dev *dev, bool in, bool running);

/*
 * xfrm_dev_ns.c: the namespace that the device lives in, by its name. gone: the name is nobody's, or another one's; what we hold open keeps
 * the old one alive, unseen. names_read: tells the links of the devices for which that came true.
 */
int xfrm_dev_ns_open(struct xfrm_plane *plane, struct xfrm_dev *dev);
void xfrm_dev_ns_close(struct xfrm_dev *dev);
bool xfrm_dev_ns_gone(const struct xfrm_dev *dev);
void xfrm_devs_names_read(struct xfrm_plane *plane);

/* xfrm_dev_repair.c */
void xfrm_dev_changed(struct xfrm_plane *plane, struct xfrm_dev *dev);
int xfrm_dev_repair(struct xfrm_plane *plane, struct xfrm_dev *dev, char *changed, size_t len);

/* Tells all links of what others have changed; ifindex 0: any. */
void xfrm_devs_changed(struct xfrm_plane *plane, int ns, uint32_t ifindex);
void xfrm_devs_watch_read(struct xfrm_plane *plane);

#endif
