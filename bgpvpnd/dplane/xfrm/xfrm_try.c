// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether this kernel can be the data plane, tried rather than read out of files. Trying also loads the modules.
 */
#include <zebra.h>

#include "lib/log.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

/* A SA to nobody: both ends are this host's loopback. */
#define TRIAL_SPI 0x76706e76

static void trial_make(struct child_sa_params *params, bool v6)
{
	*params = (struct child_sa_params){
		.encr = IKE_ENCR_AES_GCM_16, .encr_key_bits = 128, .integ = IKE_INTEG_NONE};
	str2ipaddr(v6 ? "::1" : "127.0.0.1", &params->local.addr);
	params->remote = params->local;
	params->out.spi = TRIAL_SPI;
	secret_alloc(&params->out.encr_key, 20);
}

static int try_esp(struct xfrm_plane *plane, bool v6)
{
	struct xfrm_link link = {.reqid = XFRM_OURS, .if_id_in = XFRM_OURS, .if_id_out = XFRM_OURS};
	struct xfrm_child child = {.link = &link};
	int err;

	trial_make(&child.params, v6);
	xfrm_child_remove(plane, &child, &child.params, XFRM_DIR_OUT);
	err = xfrm_child_install(plane, &child, &child.params, XFRM_DIR_OUT, NULL);
	xfrm_child_remove(plane, &child, &child.params, XFRM_DIR_OUT);
	child_sa_params_fini(&child.params);
	return err;
}

int xfrm_try(struct xfrm_plane *plane)
{
	struct dplane *dp = &plane->dp;
	const char *missing = xfrm_kind_missing(dp, DPLANE_KIND_XFRM);
	int err;

	if (missing)
		return dplane_fail(dp, EOPNOTSUPP, "%s", missing);
	err = try_esp(plane, false);
	if (err)
		return xfrm_refused(plane, err,
				    "the kernel has no ESP (`modprobe esp4`, or CONFIG_INET_ESP)");
	err = try_esp(plane, true);
	if (err)
		dplane_note(dp, "no ESP over IPv6 (`modprobe esp6`, or CONFIG_INET6_ESP): %s",
			    safe_strerror(-err));
	return 0;
}
