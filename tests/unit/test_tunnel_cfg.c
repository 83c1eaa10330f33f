// SPDX-License-Identifier: GPL-2.0-or-later
/* Defaults of DESIGN.md 4, and how much each field's change disturbs. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/test_certs.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/tunnel/tunnel.h"

static void defaults(void **state)
{
	struct tunnel_cfg *cfg = tunnel_cfg_new("to-b");

	assert_string_equal(cfg->name, "to-b");
	assert_string_equal(cfg->ike->name, "to-b");
	assert_int_equal(cfg->initiate, TUNNEL_INITIATE_ALWAYS);
	assert_int_equal(cfg->mtu, 0);
	assert_int_equal(cfg->tcp_mss, 0);
	assert_int_equal(cfg->hold_up_ms, 1000);
	assert_int_equal(cfg->liveness_interval_s, 10);
	assert_int_equal(cfg->liveness_detect_ms, 1000);
	assert_false(cfg->shutdown);
	tunnel_cfg_unref(cfg);
	tunnel_cfg_unref(NULL);
}

static void counted(void **state)
{
	struct tunnel_cfg *cfg = tunnel_cfg_new("t");

	assert_ptr_equal(tunnel_cfg_ref(cfg), cfg);
	tunnel_cfg_unref(cfg);
	assert_string_equal(cfg->name, "t");
	tunnel_cfg_unref(cfg);
}

static struct tunnel_cfg *sample(void)
{
	struct tunnel_cfg *cfg = tunnel_cfg_new("t");

	strlcpy(cfg->interface, "vpn0", sizeof(cfg->interface));
	cfg->num_inside = 1;
	assert_int_equal(str2prefix("169.254.10.1/30", &cfg->inside[0]), 1);
	cfg->ike->remote.ipa_type = IPADDR_V4;
	inet_pton(AF_INET, "192.0.2.2", &cfg->ike->remote.ipaddr_v4);
	secret_set(&cfg->ike->psk, bytes_str("swordfish"));
	cfg->ike->num_esp = 1;
	cfg->ike->esp[0].num = 1;
	cfg->ike->esp[0].transforms[0] =
		(struct ike_transform_cfg){IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_16, 256};
	return cfg;
}

#define CHANGES(X)                                                                                           \
	X(APPLY, strlcpy(c->description, "x", sizeof(c->description)))                                       \
	X(APPLY, strlcpy(c->profile, "p", sizeof(c->profile)))                                               \
	X(APPLY, c->shutdown = true)                                                                         \
	X(RESTART, strlcpy(c->interface, "vpn1", sizeof(c->interface)))                                      \
	X(APPLY, str2prefix("169.254.10.2/30", &c->inside[0]))                                               \
	X(APPLY, c->num_inside = 0)                                                                          \
	X(APPLY, c->initiate = TUNNEL_INITIATE_NEVER)                                                        \
	X(APPLY, c->mtu = 1400)                                                                              \
	X(APPLY, c->tcp_mss = UINT32_MAX)                                                                    \
	X(APPLY, c->hold_up_ms = 0)                                                                          \
	X(APPLY, c->liveness_interval_s = 1)                                                                 \
	X(APPLY, c->liveness_detect_ms = 50)                                                                 \
	X(APPLY, c->replay_window = 0)                                                                       \
	X(RESTART, c->ike->local = c->ike->remote)                                                           \
	X(RESTART, inet_pton(AF_INET, "192.0.2.3", &c->ike->remote.ipaddr_v4))                               \
	X(RESTART, c->ike->local_id.type = IKE_ID_FQDN)                                                      \
	X(RESTART, (c->ike->remote_id.type = IKE_ID_KEY_ID, c->ike->remote_id.len = 1))                      \
	X(RESTART, secret_set(&c->ike->psk, bytes_str("Swordfish")))                                         \
	X(RESTART, secret_set(&c->ike->psk, bytes_str("swordfish2")))                                        \
	X(RESTART, secret_set(&c->ike->ppk.secret, bytes_str("swordfish")))                                  \
	X(RESTART, c->ike->ppk.required = true)                                                              \
	X(RESTART, c->ike->ppk.id_len = 1)                                                                   \
	X(RESTART, c->ike->creds = test_certs_creds("a"))                                                    \
	X(RESTART, c->ike->rsa_pkcs1 = true)                                                                 \
	X(RESTART, c->ike->trust = test_certs_trust("ca.pem", NULL))                                         \
	X(RESTART, c->ike->num_ike = 1)                                                                      \
	X(RESTART, c->ike->num_esp = 0)                                                                      \
	X(RESTART, c->ike->esp[0].transforms[0].key_bits = 128)                                              \
	X(RESTART, c->ike->ts_local.n++)                                                                     \
	X(RESTART, c->ike->ts_remote.n++)                                                                    \
	X(APPLY, c->ike->ike_lifetime_s = 60)                                                                \
	X(APPLY, c->ike->esp_lifetime_s = 60)                                                                \
	X(APPLY, c->ike->fragmentation = 0)                                                                  \
	X(APPLY, c->ike->esp_bytes = 1000000)                                                                \
	X(APPLY, c->ike->esp_packets = 1000)                                                                 \
	X(RESTART, c->ike->mobike = true)                                                                    \
	X(RESTART, c->ike->nat_force = true)

static void one_field(void **state)
{
	struct tunnel_cfg *old = sample();
	struct tunnel_cfg *c = sample();

	assert_int_equal(tunnel_cfg_compare(old, c), TUNNEL_CHANGE_NONE);
	tunnel_cfg_unref(c);
#define X(expected, statement)                                                                               \
	c = sample();                                                                                        \
	(void)(statement);                                                                                   \
	if (tunnel_cfg_compare(old, c) != TUNNEL_CHANGE_##expected)                                          \
		fail_msg("%s is not %s", #statement, #expected);                                             \
	tunnel_cfg_unref(c);
	CHANGES(X)
#undef X
	tunnel_cfg_unref(old);
}

/* What stands behind the end of a text or a list is not compared; the strongest change wins. */
static void residue_and_both(void **state)
{
	struct tunnel_cfg *old = sample();
	struct tunnel_cfg *new = sample();

	strlcpy(new->description, "longer", sizeof(new->description));
	strlcpy(new->description, "", sizeof(new->description));
	new->ike->esp[1].num = 3;
	new->inside[1].prefixlen = 9;
	assert_int_equal(tunnel_cfg_compare(old, new), TUNNEL_CHANGE_NONE);
	new->mtu = 1300;
	assert_int_equal(tunnel_cfg_compare(old, new), TUNNEL_CHANGE_APPLY);
	new->ike->nat_force = true;
	assert_int_equal(tunnel_cfg_compare(old, new), TUNNEL_CHANGE_RESTART);
	tunnel_cfg_unref(old);
	tunnel_cfg_unref(new);
}

static int nothing_left(void **state)
{
	crypto_fini();
	return mem_live() == 0 ? 0 : -1;
}

static int setup(void **state)
{
	return crypto_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(counted),
		cmocka_unit_test(one_field),
		cmocka_unit_test(residue_and_both),
	};

	return cmocka_run_group_tests(tests, setup, nothing_left);
}
