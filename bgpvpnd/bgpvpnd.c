// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Life of the root object: what is made in which order, and taken apart in which. Called by bgpvpn_main.c,
 * after the fork (a data plane has a thread) and before the configuration is read.
 */
#include <zebra.h>

#include "lib/log.h"
#include "lib/network.h"

#include "bgpvpnd/bgpvpn_errors.h"
#include "bgpvpnd/bgpvpn_keylog.h"
#include "bgpvpnd/bgpvpn_pump.h"
#include "bgpvpnd/bgpvpn_qcd.h"
#include "bgpvpnd/bgpvpn_source.h"
#include "bgpvpnd/bgpvpn_udp.h"
#include "bgpvpnd/bgpvpnd.h"
#include "bgpvpnd/crypto/crypto.h"

struct bgpvpn bgpvpn;

static void host_random(void *arg, uint8_t *to, size_t n)
{
	crypto_random(to, n);
}

static uint32_t host_spi_reserve(void *arg)
{
	struct bgpvpn *vpn = arg;

	return vpn->dplane ? vpn->dplane->ops->spi_reserve(vpn->dplane) : 0;
}

static void host_spi_release(void *arg, uint32_t spi)
{
	struct bgpvpn *vpn = arg;

	if (vpn->dplane)
		vpn->dplane->ops->spi_release(vpn->dplane, spi);
}

static int64_t host_wall_clock_s(void *arg)
{
	return time(NULL);
}

static void plane_privileged(void *arg, bool raise)
{
	static struct zebra_privs_t *raised;
	struct bgpvpn *vpn = arg;

	if (raise)
		raised = _zprivs_raise(vpn->privs, __func__);
	else
		_zprivs_lower(&raised);
}

static void dplane_free(struct dplane *dp, bool kernel)
{
	if (kernel)
		dplane_xfrm_free(dp);
	else
		dplane_tun_free(dp);
}

static bool dplane_open(struct bgpvpn *vpn, bool kernel)
{
	struct dplane *dp = kernel ? dplane_xfrm_new(&vpn->dplane_env) : dplane_tun_new(&vpn->dplane_env);
	int result = dp->ops->open(dp);

	strlcpy(vpn->dplane_error, dplane_error(dp), sizeof(vpn->dplane_error));
	if (result == 0) {
		vpn->dplane = dp;
		vpn->dplane_kernel = kernel;
		return true;
	}
	if (!vpn->dplane_error[0])
		strlcpy(vpn->dplane_error, safe_strerror(-result), sizeof(vpn->dplane_error));
	dplane_free(dp, kernel);
	return false;
}

/* What the kernel cannot do is no error then, but the reason. */
static void dplane_open_either(struct bgpvpn *vpn)
{
	if (dplane_open(vpn, true)) {
		strlcpy(vpn->dplane_why, "the kernel has XFRM interfaces and ESP", sizeof(vpn->dplane_why));
		return;
	}
	snprintf(vpn->dplane_why, sizeof(vpn->dplane_why), "not kernel: %s", vpn->dplane_error);
	dplane_open(vpn, false);
}

void bgpvpn_report_dplane(const struct bgpvpn *vpn)
{
	if (!vpn->dplane)
		flog_err(EC_BGPVPN_DPLANE, "no data plane, tunnels stay down: %s", vpn->dplane_error);
	else if (vpn->dplane_error[0])
		flog_err(EC_BGPVPN_DPLANE, "data plane %s: %s", bgpvpn_dplane_name(vpn), vpn->dplane_error);
}

#define OPEN_AGAIN_S 5

static void dplane_watch(struct bgpvpn *vpn);

/* What is missing still is said when it becomes another thing. */
static void open_again(struct thread *t)
{
	struct bgpvpn *vpn = THREAD_ARG(t);
	struct dplane *dp = vpn->dplane;
	bool all = dp->ops->open_again(dp) == 0;
	bool same = strcmp(vpn->dplane_error, dplane_error(dp)) == 0;

	strlcpy(vpn->dplane_error, dplane_error(dp), sizeof(vpn->dplane_error));
	if (all)
		zlog_notice("data plane %s: has everything now that it could not open before",
			    bgpvpn_dplane_name(vpn));
	else if (!same)
		bgpvpn_report_dplane(vpn);
	dplane_watch(vpn);
}

static void dplane_watch(struct bgpvpn *vpn)
{
	if (vpn->dplane && vpn->dplane_error[0])
		thread_add_timer(vpn->loop, open_again, vpn, OPEN_AGAIN_S, &vpn->t_again);
}

static void dplane_start(struct bgpvpn *vpn)
{
	vpn->dplane_env = (struct dplane_env){
		.arg = vpn,
		.privileged = plane_privileged,
		.natt_port = IKE_NATT_PORT,
	};
	snprintf(vpn->dplane_why, sizeof(vpn->dplane_why), "started with --dataplane %s",
		 bgpvpn_dplane_choice_name(vpn->dplane_choice));
	switch (vpn->dplane_choice) {
	case BGPVPN_DPLANE_AUTO:
		dplane_open_either(vpn);
		break;
	case BGPVPN_DPLANE_KERNEL:
		dplane_open(vpn, true);
		break;
	case BGPVPN_DPLANE_USERSPACE:
		dplane_open(vpn, false);
		break;
	case BGPVPN_DPLANE_NONE:
		strlcpy(vpn->dplane_error, "switched off with --dataplane none", sizeof(vpn->dplane_error));
		break;
	}
	dplane_watch(vpn);
}

static void dplane_stop(struct bgpvpn *vpn)
{
	if (!vpn->dplane)
		return;
	THREAD_OFF(vpn->t_again);
	vpn->dplane->ops->close(vpn->dplane);
	dplane_free(vpn->dplane, vpn->dplane_kernel);
	vpn->dplane = NULL;
}

/* RFC 6290. Without a secret that lasts we only cannot tell our peers; nothing else depends on it. */
static void qcd_start(struct bgpvpn *vpn)
{
	struct secret secret = {};
	char path[MAXPATHLEN], err[MAXPATHLEN + 128];

	bgpvpn_qcd_path(path, sizeof(path));
	if (bgpvpn_qcd_secret(path, &secret, err, sizeof(err)))
		ike_engine_set_qcd_secret(vpn->engine, secret_view(&secret));
	else
		flog_warn(
			EC_BGPVPN_SECRET_FILE,
			"quick crash detection is off, peers will take longer to notice a crash of ours: %s",
			err);
	secret_fini(&secret);
}

void bgpvpn_start(struct bgpvpn *vpn, bool dry)
{
	if (crypto_init() != 0)
		flog_err(EC_BGPVPN_CRYPTO,
			 "OpenSSL offers none of the algorithms that IKEv2 needs; no tunnel can come up");
	vpn->host = (struct ike_host){
		.arg = vpn,
		.random = host_random,
		.spi_reserve = host_spi_reserve,
		.spi_release = host_spi_release,
		.wall_clock_s = host_wall_clock_s,
	};
	vpn->engine = ike_engine_new(&vpn->host, bgpvpn_now());
	if (!dry) {
		dplane_start(vpn);
		vpn->udp = bgpvpn_udp_new(vpn);
		qcd_start(vpn);
	}
	vpn->tunnels = tunnels_new(vpn->engine, vpn->dplane);
	if (!dry)
		vpn->source = bgpvpn_source_new(vpn);
	bgpvpn_pump_start(vpn);
}

void bgpvpn_stop(struct bgpvpn *vpn)
{
	if (!vpn->engine)
		return;
	tunnels_terminate_all(vpn->tunnels, bgpvpn_now());
	bgpvpn_pump(vpn);
	bgpvpn_pump_stop(vpn);
	bgpvpn_source_free(vpn->source);
	vpn->source = NULL;
	tunnels_free(vpn->tunnels);
	vpn->tunnels = NULL;
	bgpvpn_keylog_stop(&vpn->host);
	ike_engine_free(vpn->engine);
	vpn->engine = NULL;
	bgpvpn_udp_free(vpn->udp);
	vpn->udp = NULL;
	dplane_stop(vpn);
	crypto_fini();
}

const char *bgpvpn_dplane_name(const struct bgpvpn *vpn)
{
	return vpn->dplane ? vpn->dplane->ops->name : "none";
}

const char *bgpvpn_dplane_choice_name(enum bgpvpn_dplane_choice choice)
{
	switch (choice) {
	case BGPVPN_DPLANE_AUTO:
		return "auto";
	case BGPVPN_DPLANE_KERNEL:
		return "kernel";
	case BGPVPN_DPLANE_USERSPACE:
		return "userspace";
	case BGPVPN_DPLANE_NONE:
		return "none";
	}
	assert(!"unknown choice");
	return "";
}
