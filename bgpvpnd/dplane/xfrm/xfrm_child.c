// SPDX-License-Identifier: GPL-2.0-or-later
/* SPIs and Child SAs of the kernel plane, see dplane.h for what each call promises. */
#include <zebra.h>

#include "lib/jhash.h"
#include "lib/log.h"
#include "lib/memory.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

DEFINE_MTYPE_STATIC(BGPVPN, XFRM_CHILD, "VPN XFRM Child SA");

static int xfrm_child_compare(const struct xfrm_child *a, const struct xfrm_child *b)
{
	return numcmp(a->params.child_id, b->params.child_id);
}

static uint32_t xfrm_child_hash(const struct xfrm_child *child)
{
	return jhash_1word(child->params.child_id, 0);
}

DECLARE_HASH(xfrm_children, struct xfrm_child, item, xfrm_child_compare, xfrm_child_hash);
DECLARE_DLIST(xfrm_siblings, struct xfrm_child, sibling);

void xfrm_children_setup(struct xfrm_plane *plane)
{
	xfrm_children_init(&plane->children);
	spi_table_init(&plane->spis);
	xfrm_early_init(&plane->early);
}

struct xfrm_child *xfrm_child_find(struct xfrm_plane *plane, uint32_t child_id)
{
	struct xfrm_child wanted;

	wanted.params.child_id = child_id;
	return xfrm_children_find(&plane->children, &wanted);
}

int xfrm_no_child(struct dplane *dp, uint32_t child_id)
{
	return dplane_fail(dp, ENOENT, "the data plane has no Child SA %u", child_id);
}

/* Events are rare enough to look at all. */
struct xfrm_child *xfrm_child_of_spi(struct xfrm_plane *plane, uint32_t spi)
{
	struct xfrm_child *child;

	frr_each (xfrm_children, &plane->children, child)
		if (child->params.in.spi == spi || child->params.out.spi == spi)
			return child;
	return NULL;
}

/*
 * --- one SA ----------------------------------------------------------------------------------------------
 */

struct xfrm_path xfrm_path_in(const struct child_sa_params *params)
{
	return (struct xfrm_path){.src = params->remote, .dst = params->local};
}

struct xfrm_path xfrm_path_out(const struct child_sa_params *params)
{
	return (struct xfrm_path){.src = params->local, .dst = params->remote};
}

static struct xfrm_path path_of(const struct child_sa_params *params, enum xfrm_dir dir)
{
	return dir == XFRM_DIR_IN ? xfrm_path_in(params) : xfrm_path_out(params);
}

static const struct child_sa_half *half_of(const struct child_sa_params *params, enum xfrm_dir dir)
{
	return dir == XFRM_DIR_IN ? &params->in : &params->out;
}

static struct xfrm_sa sa_of(const struct xfrm_child *child, const struct child_sa_params *params,
			    enum xfrm_dir dir, const struct xfrm_replay *replay)
{
	const struct child_sa_half *half = half_of(params, dir);

	return (struct xfrm_sa){
		.dir = dir,
		.path = path_of(params, dir),
		.spi = half->spi,
		.reqid = child->link->reqid,
		.if_id = dir == XFRM_DIR_IN ? child->link->if_id_in : child->link->if_id_out,
		.mark = child->link->mark,
		.mark_mask = child->link->mark_mask,
		.transport = child->link->transport,
		.encr = params->encr,
		.encr_key_bits = params->encr_key_bits,
		.integ = params->integ,
		.encr_key = &half->encr_key,
		.integ_key = &half->integ_key,
		.esn = params->esn,
		.udp_encap = params->udp_encap,
		.replay_window = child->replay_window,
		.limits = params->limits,
		.replay = replay,
	};
}

int xfrm_child_install(struct xfrm_plane *plane, const struct xfrm_child *child,
		       const struct child_sa_params *params, enum xfrm_dir dir,
		       const struct xfrm_replay *replay)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];
	struct xfrm_sa sa = sa_of(child, params, dir, replay);

	return xfrm_tell(plane, xfrm_msg_sa(buf, &sa));
}

int xfrm_child_ports(struct xfrm_plane *plane, const struct xfrm_child *child,
		     const struct child_sa_params *params, enum xfrm_dir dir)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];
	struct xfrm_sa sa = sa_of(child, params, dir, NULL);

	return xfrm_tell(plane, xfrm_msg_sa_ports(buf, &sa));
}

static struct xfrm_sa_name name_of(const struct xfrm_child *child, const struct child_sa_params *params,
				   enum xfrm_dir dir)
{
	return (struct xfrm_sa_name){
		.path = path_of(params, dir),
		.spi = half_of(params, dir)->spi,
		.mark = child->link->mark,
		.mark_mask = child->link->mark_mask,
	};
}

/* Fails when it has expired, or somebody has deleted it, which is as good. */
void xfrm_child_remove(struct xfrm_plane *plane, const struct xfrm_child *child,
		       const struct child_sa_params *params, enum xfrm_dir dir)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];
	struct xfrm_sa_name name = name_of(child, params, dir);

	xfrm_tell(plane, xfrm_msg_sa_del(buf, &name));
}

static void read_answer(void *arg, const struct xfrm_news *news)
{
	struct xfrm_sa_seen *seen = arg;

	if (news->type == XFRM_NEWS_SA)
		*seen = news->sa;
}

int xfrm_child_read(struct xfrm_plane *plane, const struct xfrm_child *child,
		    const struct child_sa_params *params, enum xfrm_dir dir, struct xfrm_sa_seen *seen)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];
	struct xfrm_sa_name name = name_of(child, params, dir);

	*seen = (struct xfrm_sa_seen){};
	return xfrm_ask(plane, xfrm_msg_sa_get(buf, &name), read_answer, seen);
}

/*
 * --- add -------------------------------------------------------------------------------------------------
 */

static int add_check(struct xfrm_plane *plane, const struct xfrm_link *link,
		     const struct child_sa_params *params)
{
	if (!link)
		return dplane_fail(&plane->dp, ENODEV,
				   "a Child SA for an interface that the data plane does not have");
	if (xfrm_child_find(plane, params->child_id))
		return dplane_fail(&plane->dp, EEXIST, "Child SA %u is installed already", params->child_id);
	if (params->out.spi < SPI_MIN || !spi_table_free(&plane->spis, params->in.spi))
		return dplane_fail(&plane->dp, EEXIST, "SPI %08x is reserved or in use", params->in.spi);
	if (ipaddr_is_unspecified(&params->local.addr) ||
	    params->local.addr.ipa_type != params->remote.addr.ipa_type)
		return dplane_fail(&plane->dp, EINVAL, "a Child SA needs two addresses of one family");
	return xfrm_rules_check(plane, link, params);
}

static int suite_refused(struct xfrm_plane *plane, const struct child_sa_params *params, int err)
{
	char what[160];

	snprintf(what, sizeof(what), "the kernel does not take ESP with %s (%u bits), %s%s",
		 iana_encr_name(params->encr), params->encr_key_bits, iana_integ_name(params->integ),
		 params->esn ? ", ESN" : "");
	return xfrm_refused(plane, err, what);
}

static bool shall_send(const struct xfrm_child *child)
{
	return !child->params.receive_only || !child->link->sender;
}

/* The peer may send from the moment on that it has our answer, so what receives comes first. */
static int install(struct xfrm_plane *plane, struct xfrm_child *child)
{
	struct child_sa_params *params = &child->params;
	struct xfrm_link *link = child->link;
	int err = xfrm_child_install(plane, child, params, XFRM_DIR_IN, NULL);

	if (err)
		return suite_refused(plane, params, err);
	err = xfrm_child_install(plane, child, params, XFRM_DIR_OUT, NULL);
	if (err) {
		err = suite_refused(plane, params, err);
		goto no_out;
	}
	err = xfrm_rules_hold(plane, link, params);
	if (err) {
		err = xfrm_refused(plane, err, "the kernel does not take the policies of a Child SA");
		goto no_rules;
	}
	if (!shall_send(child))
		return 0;
	err = xfrm_rules_send(plane, link, child);
	if (!err) {
		link->sender = child;
		return 0;
	}
	err = xfrm_refused(plane, err, "the kernel does not take the policy that sends");
	xfrm_rules_send(plane, link, link->sender);
	xfrm_rules_drop(plane, link, params);
no_rules:
	xfrm_child_remove(plane, child, params, XFRM_DIR_OUT);
no_out:
	xfrm_child_remove(plane, child, params, XFRM_DIR_IN);
	return err;
}

static void child_free(struct xfrm_child *child)
{
	child_sa_params_fini(&child->params);
	XFREE(MTYPE_XFRM_CHILD, child);
}

int xfrm_child_add(struct dplane *dp, uint32_t link_id, const struct child_sa_params *params,
		   uint16_t replay_window)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	struct xfrm_link *link = xfrm_link_find(plane, link_id);
	struct xfrm_child *child;
	int err = add_check(plane, link, params);

	if (err)
		return err;
	child = XCALLOC(MTYPE_XFRM_CHILD, sizeof(*child));
	child_sa_params_copy(&child->params, params);
	child->replay_window = MIN(replay_window, LIMIT_REPLAY_WINDOW);
	child->link = link;
	err = install(plane, child);
	if (err) {
		child_free(child);
		return err;
	}
	spi_table_use(&plane->spis, params->in.spi);
	xfrm_children_add(&plane->children, child);
	xfrm_siblings_add_tail(&link->children, child);
	xfrm_trap_look(plane, link);
	xfrm_early_arrive(&plane->early, dp, params->in.spi, xfrm_now());
	return 0;
}

int xfrm_child_use(struct dplane *dp, uint32_t child_id)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	struct xfrm_child *child = xfrm_child_find(plane, child_id);
	int err;

	if (!child)
		return xfrm_no_child(dp, child_id);
	err = xfrm_rules_send(plane, child->link, child);
	if (err)
		return xfrm_refused(plane, err, "the kernel does not take the policy that sends");
	child->link->sender = child;
	xfrm_trap_look(plane, child->link);
	return 0;
}

/*
 * --- delete ----------------------------------------------------------------------------------------------
 */

/* First the policies lead elsewhere: a policy without its SA would leave a larval one behind. */
static void child_del(struct xfrm_plane *plane, struct xfrm_child *child)
{
	struct xfrm_link *link = child->link;

	xfrm_siblings_del(&link->children, child);
	xfrm_children_del(&plane->children, child);
	if (link->sender == child) {
		link->sender = xfrm_siblings_last(&link->children);
		xfrm_rules_send(plane, link, link->sender);
	}
	xfrm_rules_drop(plane, link, &child->params);
	xfrm_child_remove(plane, child, &child->params, XFRM_DIR_OUT);
	xfrm_child_remove(plane, child, &child->params, XFRM_DIR_IN);
	spi_table_unuse(&plane->spis, child->params.in.spi);
	child_free(child);
	xfrm_trap_look(plane, link);
}

int xfrm_child_del(struct dplane *dp, uint32_t child_id)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	struct xfrm_child *child = xfrm_child_find(plane, child_id);

	if (!child)
		return xfrm_no_child(dp, child_id);
	child_del(plane, child);
	return 0;
}

void xfrm_children_of_link_del(struct xfrm_plane *plane, struct xfrm_link *link)
{
	struct xfrm_child *child;

	while ((child = xfrm_siblings_first(&link->children)))
		child_del(plane, child);
}

void xfrm_children_teardown(struct xfrm_plane *plane)
{
	xfrm_children_fini(&plane->children);
	spi_table_fini(&plane->spis);
	xfrm_early_fini(&plane->early);
}

/*
 * --- what they carry -------------------------------------------------------------------------------------
 */

static struct instant moved_at(uint64_t before, uint64_t now, struct instant last, struct instant asked)
{
	return now > before ? asked : last;
}

/* The kernel's own time of the last packet is in seconds: that a counter has grown since the last look says it better. */
int xfrm_child_stats(struct dplane *dp, uint32_t child_id, struct dplane_child_stats *stats)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	struct xfrm_child *child = xfrm_child_find(plane, child_id);
	struct dplane_child_stats *last;
	struct xfrm_sa_seen in, out;
	struct instant now = xfrm_now();

	if (!child)
		return xfrm_no_child(dp, child_id);
	last = &child->stats;
	if (xfrm_child_read(plane, child, &child->params, XFRM_DIR_IN, &in) == 0) {
		last->last_in = moved_at(last->packets_in, in.packets, last->last_in, now);
		last->packets_in = in.packets;
		last->bytes_in = in.bytes;
		last->replays = in.replays;
		last->integrity_failures = in.integrity_failures;
	}
	if (xfrm_child_read(plane, child, &child->params, XFRM_DIR_OUT, &out) == 0) {
		last->last_out = moved_at(last->packets_out, out.packets, last->last_out, now);
		last->packets_out = out.packets;
		last->bytes_out = out.bytes;
	}
	*stats = *last;
	return 0;
}

void xfrm_child_wear(struct xfrm_plane *plane, struct xfrm_child *child, enum child_sa_wear wear)
{
	struct dplane_event event = {
		.type = wear == CHILD_SA_SPENT ? DPLANE_EVENT_HARD_EXPIRE : DPLANE_EVENT_SOFT_EXPIRE,
		.child_id = child->params.child_id,
	};

	if (wear <= child->told)
		return;
	child->told = wear;
	event_queue_push(plane->queue, &event);
}

/* One that is gone cannot come back: its sequence numbers would begin anew under the same key. So it counts as used up. */
static void look(struct xfrm_plane *plane, struct xfrm_child *child)
{
	struct xfrm_sa_seen seen;

	if (child == plane->moving)
		return;
	if (xfrm_child_read(plane, child, &child->params, XFRM_DIR_IN, &seen) == -ESRCH ||
	    xfrm_child_read(plane, child, &child->params, XFRM_DIR_OUT, &seen) == -ESRCH)
		xfrm_child_wear(plane, child, CHILD_SA_SPENT);
}

void xfrm_children_look(struct xfrm_plane *plane, struct xfrm_child *child)
{
	if (child) {
		look(plane, child);
		return;
	}
	frr_each (xfrm_children, &plane->children, child)
		look(plane, child);
}

int xfrm_child_keepalive(struct dplane *dp, uint32_t child_id)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	struct xfrm_child *child = xfrm_child_find(plane, child_id);
	uint8_t keepalive = 0xff;
	struct iovec iov = {.iov_base = &keepalive, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct outer_control control;
	struct outer_path path;

	if (!child)
		return xfrm_no_child(dp, child_id);
	if (!child->params.udp_encap)
		return 0;
	if (outer_path_init(&path, &child->params.local, &child->params.remote, true) < 0)
		return -EINVAL;
	outer_path_apply(&path, 0, &msg, &control);
	return sendmsg(plane->socks.fd[path.sock], &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}
