// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A Child SA between other addresses or ports (NAT, RFC 4555). Other ports the kernel takes in place. With other addresses it is another
 * SA: it takes over the keys, sequence numbers and window of the old one. The same number must never be sent twice (RFC 4106 3), so the
 * new one begins far behind what the old one may have sent meanwhile; a receiver's window does not mind. Nor must one be taken
 * twice: the window taken over is that of the old one's end, and what came between the two is put in once more. Only a packet that another
 * processor has in its hands at that very moment is lost.
 */
#include <zebra.h>

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

/* More than any machine sends between two system calls. Of 2^32 numbers without ESN a move costs one part in 65536. */
#define NUMBERS_SKIPPED 65536u

static bool skip(struct xfrm_replay *replay, bool esn)
{
	uint32_t out = replay->out + NUMBERS_SKIPPED;

	if (out < replay->out && !esn)
		return false;
	replay->out_high += out < replay->out;
	replay->out = out;
	return true;
}

static bool same_name(const struct child_sa_params *a, const struct child_sa_params *b, enum xfrm_dir dir)
{
	struct xfrm_path pa = dir == XFRM_DIR_IN ? xfrm_path_in(a) : xfrm_path_out(a);
	struct xfrm_path pb = dir == XFRM_DIR_IN ? xfrm_path_in(b) : xfrm_path_out(b);

	return ipaddr_equal(&pa.dst.addr, &pb.dst.addr);
}

/* The kernel has said what it was at its end before it answers; unless that was lost, then `seen` stays. */
static void remove_in(struct xfrm_plane *plane, struct xfrm_child *child, struct xfrm_sa_seen *seen)
{
	plane->moving = child;
	plane->farewell = seen;
	xfrm_child_remove(plane, child, &child->params, XFRM_DIR_IN);
	xfrm_events_read(plane->events, xfrm_event_news, plane);
	plane->farewell = NULL;
	plane->moving = NULL;
}

/* A SA's name is its destination and SPI: where that stays, the old one has to go first. */
static int move_in_place(struct xfrm_plane *plane, struct xfrm_child *child, const struct child_sa_params *to,
			 struct xfrm_sa_seen *seen)
{
	uint32_t spi = child->params.in.spi;
	int err;

	xfrm_early_expect(&plane->early, &plane->dp, spi);
	remove_in(plane, child, seen);
	err = xfrm_child_install(plane, child, to, XFRM_DIR_IN, &seen->replay);
	xfrm_early_arrive(&plane->early, &plane->dp, spi, xfrm_now());
	return err;
}

static int move_in(struct xfrm_plane *plane, struct xfrm_child *child, const struct child_sa_params *to)
{
	struct xfrm_sa_seen seen;
	int err = xfrm_child_read(plane, child, &child->params, XFRM_DIR_IN, &seen);

	if (err)
		return err;
	if (same_name(&child->params, to, XFRM_DIR_IN))
		return move_in_place(plane, child, to, &seen);
	err = xfrm_child_install(plane, child, to, XFRM_DIR_IN, &seen.replay);
	if (!err)
		xfrm_child_remove(plane, child, &child->params, XFRM_DIR_IN);
	return err;
}

/* While there is no SA there must be no policy that leads to it, see child_del(). */
static int move_out(struct xfrm_plane *plane, struct xfrm_child *child, const struct child_sa_params *to)
{
	bool sends = child->link->sender == child, same = same_name(&child->params, to, XFRM_DIR_OUT);
	struct child_sa_params from = child->params;
	struct xfrm_sa_seen seen;
	int err = xfrm_child_read(plane, child, &from, XFRM_DIR_OUT, &seen);

	if (!err && !skip(&seen.replay, from.esn))
		err = -EOVERFLOW;
	if (err)
		return err;
	if (same && sends)
		xfrm_rules_send(plane, child->link, NULL);
	if (same)
		xfrm_child_remove(plane, child, &from, XFRM_DIR_OUT);
	err = xfrm_child_install(plane, child, to, XFRM_DIR_OUT, &seen.replay);
	if (err)
		return err;
	child->params.local = to->local;
	child->params.remote = to->remote;
	child->params.udp_encap = to->udp_encap;
	if (sends)
		err = xfrm_rules_send(plane, child->link, child);
	if (!same)
		xfrm_child_remove(plane, child, &from, XFRM_DIR_OUT);
	return err;
}

/* Nothing happens to the numbers, and no packet finds it gone. */
static int move_ports(struct xfrm_plane *plane, struct xfrm_child *child, const struct child_sa_params *to)
{
	int err = xfrm_child_ports(plane, child, to, XFRM_DIR_IN);

	if (!err)
		err = xfrm_child_ports(plane, child, to, XFRM_DIR_OUT);
	if (err)
		return err;
	child->params.local = to->local;
	child->params.remote = to->remote;
	return 0;
}

/* To other addresses, into UDP or out of it. */
static int move_otherwise(struct xfrm_plane *plane, struct xfrm_child *child,
			  const struct child_sa_params *to)
{
	int err = move_in(plane, child, to);

	return err ? err : move_out(plane, child, to);
}

int xfrm_child_move(struct dplane *dp, uint32_t child_id, const struct endpoint *local,
		    const struct endpoint *remote)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	struct xfrm_child *child = xfrm_child_find(plane, child_id);
	struct child_sa_params to;
	int err;

	if (!child)
		return xfrm_no_child(dp, child_id);
	if (endpoint_equal(local, &child->params.local) && endpoint_equal(remote, &child->params.remote))
		return 0;
	if (ipaddr_is_unspecified(&local->addr) || local->addr.ipa_type != remote->addr.ipa_type)
		return dplane_fail(dp, EINVAL, "a Child SA needs two addresses of one family");
	err = xfrm_ends_check(plane, child->link, &local->addr, &remote->addr);
	if (err)
		return err;
	to = child->params; /* the keys are lent */
	to.local = *local;
	to.remote = *remote;
	to.udp_encap = local->port != IKE_PORT;
	if (to.udp_encap == child->params.udp_encap &&
	    ipaddr_equal(&local->addr, &child->params.local.addr) &&
	    ipaddr_equal(&remote->addr, &child->params.remote.addr))
		err = move_ports(plane, child, &to);
	else
		err = move_otherwise(plane, child, &to);
	if (!err)
		return 0;
	/* Half of it has moved: of no use, and its keys must not begin anew. */
	xfrm_child_wear(plane, child, CHILD_SA_SPENT);
	return xfrm_refused(plane, err, "the kernel does not let a Child SA move");
}
