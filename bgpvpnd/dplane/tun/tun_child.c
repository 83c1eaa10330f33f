// SPDX-License-Identifier: GPL-2.0-or-later
/* SPIs and Child SAs of the user-space plane, see dplane.h for what each call promises. Main thread. */
#include <zebra.h>

#include "lib/jhash.h"
#include "lib/log.h"
#include "lib/memory.h"

#include "bgpvpnd/dplane/tun/tun_plane.h"
#include "bgpvpnd/dplane/tun/tun_thread.h"

DEFINE_MTYPE_STATIC(BGPVPN, TUN_CHILD, "VPN TUN Child SA");
DEFINE_MTYPE_STATIC(BGPVPN, TUN_REF, "VPN TUN Child SA reference");

/* Main thread's index of the children by the engine's name. */
struct tun_ref {
	struct tun_refs_item item;
	uint32_t child_id;
	struct tun_link *link;
	bool encap;
	struct tun_child *child; /* lent to the tun thread */
};

static int tun_ref_compare(const struct tun_ref *a, const struct tun_ref *b)
{
	return numcmp(a->child_id, b->child_id);
}

static uint32_t tun_ref_hash(const struct tun_ref *ref)
{
	return jhash_1word(ref->child_id, 0);
}

DECLARE_HASH(tun_refs, struct tun_ref, item, tun_ref_compare, tun_ref_hash);

void tun_children_setup(struct tun_plane *plane)
{
	tun_refs_init(&plane->refs);
	spi_table_init(&plane->spis);
}

/*
 * --- SPIs ------------------------------------------------------------------------------------------------

 */

uint32_t tun_spi_reserve(struct dplane *dp)
{
	return spi_table_reserve(&tun_plane_of(dp)->spis);
}

void tun_spi_release(struct dplane *dp, uint32_t spi)
{
	spi_table_release(&tun_plane_of(dp)->spis, spi);
}

/*
 * --- children --------------------------------------------------------------------------------------------

 */

static struct tun_ref *ref_find(struct tun_plane *plane, uint32_t child_id)
{
	struct tun_ref wanted = {.child_id = child_id};

	return tun_refs_find(&plane->refs, &wanted);
}

static int no_child(struct dplane *dp, uint32_t child_id)
{
	return dplane_fail(dp, ENOENT, "the data plane has no Child SA %u", child_id);
}

static void child_free(struct tun_child *child)
{
	esp_pair_fini(&child->pair);
	XFREE(MTYPE_TUN_CHILD, child);
}

static int path_make(struct tun_plane *plane, const struct endpoint *local, const struct endpoint *remote,
		     bool encap, struct outer_path *path)
{
	struct outer_path fresh;

	if (outer_path_init(&fresh, local, remote, encap) < 0)
		return dplane_fail(&plane->dp, EINVAL, "a Child SA needs two addresses of one family");
	if (plane->socks.fd[fresh.sock] < 0)
		return dplane_fail(&plane->dp, ENOTCONN,
				   "no socket for %s over %s: see what could not be opened at start",
				   encap ? "ESP in UDP" : "raw ESP",
				   remote->addr.ipa_type == IPADDR_V4 ? "IPv4" : "IPv6");
	*path = fresh;
	return 0;
}

static int pair_fail(struct dplane *dp, const struct child_sa_params *params, int err)
{
	if (err == -EOPNOTSUPP)
		return dplane_fail(dp, EOPNOTSUPP,
				   "the user-space data plane does not do ESP with %s (%u bits), %s%s",
				   iana_encr_name(params->encr), params->encr_key_bits,
				   iana_integ_name(params->integ), params->esn ? ", ESN" : "");
	return dplane_fail(dp, -err, "ESP keys do not fit %s (%u bits), %s", iana_encr_name(params->encr),
			   params->encr_key_bits, iana_integ_name(params->integ));
}

static int add_check(struct tun_plane *plane, struct tun_link *link, const struct child_sa_params *params)
{
	if (!link)
		return dplane_fail(&plane->dp, ENODEV,
				   "a Child SA for an interface that the data plane does not have");
	if (ref_find(plane, params->child_id))
		return dplane_fail(&plane->dp, EEXIST, "Child SA %u is installed already", params->child_id);
	if (params->out.spi < SPI_MIN || !spi_table_free(&plane->spis, params->in.spi))
		return dplane_fail(&plane->dp, EEXIST, "SPI %08x is reserved or in use", params->in.spi);
	return 0;
}

static void ref_add(struct tun_plane *plane, struct tun_link *link, const struct child_sa_params *params,
		    struct tun_child *child)
{
	struct tun_ref *ref = XCALLOC(MTYPE_TUN_REF, sizeof(*ref));

	spi_table_use(&plane->spis, params->in.spi);
	ref->child_id = params->child_id;
	ref->link = link;
	ref->encap = params->udp_encap;
	ref->child = child;
	tun_refs_add(&plane->refs, ref);
}

int tun_child_add(struct dplane *dp, uint32_t link_id, const struct child_sa_params *params,
		  uint16_t replay_window)
{
	struct tun_plane *plane = tun_plane_of(dp);
	struct tun_link *link = tun_link_find(plane, link_id);
	struct tun_msg msg = {.type = TUN_MSG_CHILD_ADD};
	struct outer_path path;
	int err;

	err = add_check(plane, link, params);
	if (!err)
		err = path_make(plane, &params->local, &params->remote, params->udp_encap, &path);
	if (err)
		return err;

	msg.child = XCALLOC(MTYPE_TUN_CHILD, sizeof(*msg.child));
	err = esp_pair_init(&msg.child->pair, params, replay_window);
	if (err) {
		XFREE(MTYPE_TUN_CHILD, msg.child);
		return pair_fail(dp, params, err);
	}
	msg.child->child_id = params->child_id;
	msg.child->receive_only = params->receive_only;
	msg.child->limits = params->limits;
	msg.child->port = &link->port;
	msg.child->path = path;
	err = tun_worker_call(plane->worker, &msg);
	if (err) {
		child_free(msg.child);
		return dplane_fail(dp, -err, "cannot install Child SA %u: %s", params->child_id,
				   safe_strerror(-err));
	}
	ref_add(plane, link, params, msg.child);
	return 0;
}

static void ref_free(struct tun_plane *plane, struct tun_ref *ref)
{
	tun_refs_del(&plane->refs, ref);
	spi_table_unuse(&plane->spis, ref->child->pair.in.spi);
	child_free(ref->child);
	XFREE(MTYPE_TUN_REF, ref);
}

static void ref_del(struct tun_plane *plane, struct tun_ref *ref)
{
	struct tun_msg msg = {.type = TUN_MSG_CHILD_DEL, .child = ref->child};

	tun_worker_call(plane->worker, &msg);
	ref_free(plane, ref);
}

int tun_child_use(struct dplane *dp, uint32_t child_id)
{
	struct tun_plane *plane = tun_plane_of(dp);
	struct tun_ref *ref = ref_find(plane, child_id);
	struct tun_msg msg = {.type = TUN_MSG_CHILD_USE};

	if (!ref)
		return no_child(dp, child_id);
	msg.child = ref->child;
	return tun_worker_call(plane->worker, &msg);
}

int tun_child_del(struct dplane *dp, uint32_t child_id)
{
	struct tun_plane *plane = tun_plane_of(dp);
	struct tun_ref *ref = ref_find(plane, child_id);

	if (!ref)
		return no_child(dp, child_id);
	ref_del(plane, ref);
	return 0;
}

void tun_children_of_link_del(struct tun_plane *plane, struct tun_link *link)
{
	struct tun_ref *ref;

	frr_each_safe (tun_refs, &plane->refs, ref)
		if (ref->link == link)
			ref_del(plane, ref);
}

void tun_children_teardown(struct tun_plane *plane)
{
	struct tun_ref *ref;

	frr_each_safe (tun_refs, &plane->refs, ref)
		ref_free(plane, ref);
	tun_refs_fini(&plane->refs);
	spi_table_fini(&plane->spis);
}

int tun_child_stats(struct dplane *dp, uint32_t child_id, struct dplane_child_stats *stats)
{
	struct tun_ref *ref = ref_find(tun_plane_of(dp), child_id);
	const struct tun_child_stats *now;

	if (!ref)
		return no_child(dp, child_id);
	now = &ref->child->stats;
	*stats = (struct dplane_child_stats){
		.packets_in = tun_counted(&now->packets_in),
		.packets_out = tun_counted(&now->packets_out),
		.bytes_in = tun_counted(&now->bytes_in),
		.bytes_out = tun_counted(&now->bytes_out),
		.replays = tun_counted(&now->replays),
		.integrity_failures = tun_counted(&now->integrity_failures),
		.last_in = tun_stamped(&now->last_in),
		.last_out = tun_stamped(&now->last_out),
	};
	return 0;
}

int tun_child_move(struct dplane *dp, uint32_t child_id, const struct endpoint *local,
		   const struct endpoint *remote)
{
	struct tun_plane *plane = tun_plane_of(dp);
	struct tun_ref *ref = ref_find(plane, child_id);
	struct tun_msg msg = {.type = TUN_MSG_CHILD_MOVE};
	int err;

	if (!ref)
		return no_child(dp, child_id);
	msg.child_move.child = ref->child;
	err = path_make(plane, local, remote, ref->encap, &msg.child_move.path);
	if (err)
		return err;
	return tun_worker_call(plane->worker, &msg);
}

int tun_child_keepalive(struct dplane *dp, uint32_t child_id)
{
	struct tun_plane *plane = tun_plane_of(dp);
	struct tun_ref *ref = ref_find(plane, child_id);
	uint8_t keepalive = 0xff;
	struct iovec iov = {.iov_base = &keepalive, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct outer_control control;

	if (!ref)
		return no_child(dp, child_id);
	if (!ref->encap)
		return 0;
	/* The tun thread changes the path only while the main thread waits for it. */
	outer_path_apply(&ref->child->path, 0, &msg, &control);
	return sendmsg(plane->socks.fd[ref->child->path.sock], &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}
