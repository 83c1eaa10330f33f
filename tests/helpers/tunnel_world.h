// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tunnels between a scripted engine and a data plane that only remembers: what the tests of the tunnel floor begin with. Time passes by
 * pass() alone, with every expiry exactly when it is due.
 */
#ifndef BGPVPN_HELPERS_TUNNEL_WORLD_H
#define BGPVPN_HELPERS_TUNNEL_WORLD_H

#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/fake_dplane.h"
#include "tests/helpers/fake_ike.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/tunnel/tunnel.h"

/* No test needs all of them. */
#define WORLD_FN __attribute__((unused))

#define MS(n) ((n)*USEC_PER_MS)

static struct world {
	struct ike_engine engine;
	struct fake_dplane plane;
	struct tunnels *tunnels;
	struct instant now;
	struct tunnel_news news[32]; /* all that came, oldest first */
	int num_news;
} w;

static WORLD_FN int setup(void **state)
{
	w = (struct world){.now = {MS(100000)}};
	fake_ike_init(&w.engine);
	fake_dplane_init(&w.plane);
	w.tunnels = tunnels_new(&w.engine, &w.plane.dp);
	return 0;
}

static WORLD_FN int teardown(void **state)
{
	tunnels_free(w.tunnels);
	fake_ike_fini(&w.engine);
	return mem_live() == 0 ? 0 : -1;
}

static WORLD_FN void pump(void)
{
	struct ike_output out;

	while (ike_engine_output(&w.engine, &out))
		tunnels_ike_output(w.tunnels, &out, w.now);
	while (w.num_news < (int)array_size(w.news) && tunnels_news(w.tunnels, &w.news[w.num_news]))
		w.num_news++;
}

/* Lets time pass, with every expiry exactly when it is due. */
static WORLD_FN void pass(int64_t us)
{
	struct instant end = instant_add(w.now, us);

	for (;;) {
		struct instant next = tunnels_next_expiry(w.tunnels);

		if (instant_before(end, next))
			break;
		assert_true(instant_before(w.now, next));
		w.now = next;
		tunnels_expire(w.tunnels, w.now);
		pump();
	}
	w.now = end;
}

static WORLD_FN bool said(const char *words)
{
	for (int i = 0; i < w.num_news; i++)
		if (strstr(w.news[i].words, words))
			return true;
	return false;
}

static WORLD_FN struct tunnel_cfg *cfg_new(const char *name, const char *interface)
{
	struct tunnel_cfg *cfg = tunnel_cfg_new(name);

	strlcpy(cfg->interface, interface, sizeof(cfg->interface));
	cfg->num_inside = 1;
	str2prefix("169.254.10.1/30", &cfg->inside[0]);
	cfg->ike->remote.ipa_type = IPADDR_V4;
	inet_pton(AF_INET, "192.0.2.2", &cfg->ike->remote.ipaddr_v4);
	secret_set(&cfg->ike->psk, bytes_str("swordfish"));
	return cfg;
}

/* Hands it over and forgets it. */
static WORLD_FN void give(struct tunnel_cfg *cfg)
{
	tunnels_set_cfg(w.tunnels, cfg, w.now);
	tunnel_cfg_unref(cfg);
	pump();
}

#endif
