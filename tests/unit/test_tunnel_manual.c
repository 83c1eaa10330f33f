// SPDX-License-Identifier: GPL-2.0-or-later
/* Manual keys: installed while the tunnel is there, put back when they are lost, and no IKE in sight. */
#include <zebra.h>

#include "tests/helpers/tunnel_world.h"

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static void key_set(struct secret *secret, uint8_t fill)
{
	uint8_t key[32];

	memset(key, fill, sizeof(key));
	secret_set(secret, BYTES_OF(key));
}

static struct tunnel_cfg *manual_cfg(uint32_t spi_in)
{
	struct tunnel_cfg *cfg = cfg_new("to-b", "vpn0");

	cfg->manual = true;
	cfg->manual_sa.encr = IKE_ENCR_AES_CBC;
	cfg->manual_sa.encr_key_bits = 256;
	cfg->manual_sa.integ = IKE_INTEG_HMAC_SHA2_256_128;
	cfg->manual_sa.in.spi = spi_in;
	cfg->manual_sa.out.spi = 0x2000;
	key_set(&cfg->manual_sa.in.encr_key, 1);
	key_set(&cfg->manual_sa.in.integ_key, 2);
	key_set(&cfg->manual_sa.out.encr_key, 3);
	key_set(&cfg->manual_sa.out.integ_key, 4);
	ts_list_any(&cfg->ike->ts_local);
	ts_list_any(&cfg->ike->ts_remote);
	assert_int_equal(str2ipaddr("192.0.2.1", &cfg->ike->local), 0);
	return cfg;
}

static struct fake_link *vpn0(void)
{
	struct fake_link *link = fake_dplane_link(&w.plane, "vpn0");

	assert_non_null(link);
	return link;
}

/* The only one that is installed; NULL: none is. */
static struct fake_child *pair(void)
{
	struct fake_child *found = NULL;

	for (int i = 0; i < FAKE_CHILDREN; i++)
		if (w.plane.children[i].child_id) {
			assert_null(found);
			found = &w.plane.children[i];
		}
	return found;
}

static struct tunnel_info info(void)
{
	struct tunnel_info info;

	assert_true(tunnels_info(w.tunnels, "to-b", &info));
	return info;
}

static void plane_says(enum dplane_event_type type)
{
	struct dplane_event event = {.type = type};

	assert_non_null(pair());
	event.child_id = pair()->child_id;
	tunnels_dplane_event(w.tunnels, &event, w.now);
	pump();
}

static void installed(void **state)
{
	give(manual_cfg(0x1000));
	assert_non_null(pair());
	assert_true(pair()->child_id >= IKE_CHILD_FOREIGN);
	assert_int_equal(pair()->spi_in, 0x1000);
	assert_int_equal(pair()->replay_window, 0);
	/* this plane knows ESP in UDP only */
	assert_true(pair()->udp_encap);
	assert_int_equal(pair()->remote.port, 4500);
	assert_int_equal(pair()->ts_remote.n, 2);
	assert_true(vpn0()->running);
	assert_true(said("link up: manual keys are installed"));
	assert_string_equal(info().link_reason, "manual keys, no liveness but BFD's");
	assert_int_equal(info().ike.child_spi_out, 0x2000);
	assert_string_equal(info().ike.esp_proposal, "proposal of 2");
	/* nobody is asked anything, and silence is no reason */
	pair()->stats.packets_out = 5;
	pair()->stats.last_out = w.now;
	pass(MS(600000));
	assert_true(vpn0()->running);
	assert_int_equal(vpn0()->probes, 0);
	assert_int_equal(fake_ike_num_conns(&w.engine), 0);
	assert_non_null(tunnels_rekey(w.tunnels, "to-b", false, w.now));
}

static void lost(void **state)
{
	uint32_t changes;

	give(manual_cfg(0x1000));
	pass(MS(5000));
	changes = info().link_changes;
	plane_says(DPLANE_EVENT_HARD_EXPIRE);
	assert_non_null(pair());
	assert_true(said("the ESP SAs of the manual keys are gone: installed again"));
	assert_int_equal(info().link_changes, changes);
	/* by somebody who goes on: once a second, and it is not told each time */
	w.num_news = 0;
	plane_says(DPLANE_EVENT_HARD_EXPIRE);
	assert_null(pair());
	assert_false(vpn0()->running);
	pass(MS(999));
	assert_null(pair());
	pass(MS(1));
	assert_non_null(pair());
	assert_true(vpn0()->running);
	assert_false(said("the ESP SAs of the manual keys are gone"));
}

/* Sequence numbers end where a counter does; with manual keys they begin again. */
static void worn(void **state)
{
	uint32_t changes;

	give(manual_cfg(0x1000));
	pass(MS(5000));
	changes = info().link_changes;
	pair()->stats.packets_out = 100;
	w.num_news = 0;
	plane_says(DPLANE_EVENT_SOFT_EXPIRE);
	assert_non_null(pair());
	assert_int_equal(pair()->stats.packets_out, 0);
	assert_int_equal(info().child.packets_out, 100);
	assert_int_equal(info().link_changes, changes);
	assert_int_equal(w.num_news, 0);
}

static void changed(void **state)
{
	struct tunnel_cfg *cfg = manual_cfg(0x1001);

	give(manual_cfg(0x1000));
	give(cfg);
	assert_int_equal(pair()->spi_in, 0x1001);
	cfg = manual_cfg(0x1001);
	key_set(&cfg->manual_sa.out.integ_key, 9);
	pair()->stats.packets_out = 1;
	give(cfg);
	assert_int_equal(pair()->stats.packets_out, 0);
	/* the same again is left alone */
	cfg = manual_cfg(0x1001);
	key_set(&cfg->manual_sa.out.integ_key, 9);
	pair()->stats.packets_out = 1;
	give(cfg);
	assert_int_equal(pair()->stats.packets_out, 1);
	/* there is IKE now */
	give(cfg_new("to-b", "vpn0"));
	assert_null(pair());
	assert_false(vpn0()->running);
	assert_int_equal(fake_ike_conn(&w.engine, 0)->initiated, 1);
	fake_ike_up(&w.engine, fake_ike_conn(&w.engine, 0), true, w.now);
	pump();
	assert_true(pair()->child_id < IKE_CHILD_FOREIGN);
	/* and no more */
	give(manual_cfg(0x1000));
	assert_true(pair()->child_id >= IKE_CHILD_FOREIGN);
	assert_int_equal(fake_ike_num_conns(&w.engine), 0);
}

static void operator(void **state)
{
	struct tunnel_cfg *cfg = manual_cfg(0x1000);

	give(manual_cfg(0x1000));
	pair()->stats.packets_out = 1;
	assert_true(tunnels_clear(w.tunnels, "to-b", w.now));
	assert_int_equal(pair()->stats.packets_out, 0);
	assert_true(vpn0()->running);
	cfg->shutdown = true;
	give(cfg);
	assert_null(pair());
	assert_false(vpn0()->running);
	give(manual_cfg(0x1000));
	assert_non_null(pair());
	tunnels_terminate_all(w.tunnels, w.now);
	pump();
	assert_null(pair());
	tunnels_remove(w.tunnels, "to-b", w.now);
	assert_int_equal(fake_dplane_num_links(&w.plane), 0);
}

static void refusals(void **state)
{
	struct tunnel_cfg *cfg = manual_cfg(0x1000);

	cfg->ike->local = (struct ipaddr){.ipa_type = IPADDR_NONE};
	give(cfg);
	assert_null(pair());
	assert_true(said("manual keys need `local address`"));
	assert_non_null(strstr(info().link_reason, "manual keys need `local address`"));
	w.plane.refuse_child_add = -EEXIST;
	give(manual_cfg(0x1000));
	assert_true(said("cannot install the Child SA: fake plane refuses the Child SA"));
	assert_false(vpn0()->running);
	assert_non_null(strstr(info().link_reason, "fake plane refuses the Child SA"));
	w.plane.refuse_child_add = 0;
	pass(MS(3000));
	assert_non_null(pair());
	assert_true(vpn0()->running);
}

/* For GRE over ESP: the ends themselves, in transport mode. */
static void transport(void **state)
{
	struct tunnel_cfg *cfg = manual_cfg(0x1000);

	cfg->ike->transport = true;
	cfg->ike->hosts_proto = IPPROTO_GRE;
	give(cfg);
	assert_true(pair()->transport);
	assert_int_equal(pair()->ts_remote.n, 1);
	assert_true(ipaddr_equal(&pair()->ts_remote.ts[0].start, &cfg->ike->remote));
	assert_int_equal(pair()->ts_remote.ts[0].proto, IPPROTO_GRE);
}

/* The interface comes back, and the keys with it. */
static void interface_vanishes(void **state)
{
	struct dplane_event gone = {.type = DPLANE_EVENT_LINK_GONE};

	give(manual_cfg(0x1000));
	gone.link = vpn0()->handle;
	tunnels_dplane_event(w.tunnels, &gone, w.now);
	pump();
	assert_non_null(pair());
	pass(MS(1000));
	assert_true(vpn0()->running);
	assert_int_equal(pair()->link, vpn0()->handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(installed), TEST(lost),	 TEST(worn),	  TEST(changed),
		TEST(operator),	 TEST(refusals), TEST(transport), TEST(interface_vanishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
