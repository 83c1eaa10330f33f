// SPDX-License-Identifier: GPL-2.0-or-later
/* What a seed draws, see sim_story.h: the functions, and the table at the end. */
#include <zebra.h>

#include "lib/jhash.h"

#include "bgpvpnd/crypto/crypto.h"
#include "tests/sim/sim_end.h"
#include "tests/sim/sim_story.h"

/* Ours and theirs differ where that leads to another IKE_SA_INIT, or to a choice. */
static const struct {
	const char *ike_a, *ike_b, *esp_a, *esp_b;
} suites[] = {
	{"aes256gcm16-prfsha384-curve25519", "aes256gcm16-prfsha384-curve25519", "aes256gcm16",
	 "aes256gcm16"},
	{"aes128-sha256-curve25519", "aes128-sha256-curve25519", "aes128-sha256", "aes128-sha256"},
	{"aes128gcm16-curve25519-ecp256", "aes128gcm16-ecp256", "aes128gcm16-aes256gcm16", "aes256gcm16"},
	{"chacha20poly1305-prfsha256-ecp256-curve25519", "chacha20poly1305-prfsha512-prfsha256-curve25519",
	 "chacha20poly1305", "chacha20poly1305"},
	{"aes256-aes128-sha512-sha1-ecp256", "aes256-sha1-ecp256", "aes256-sha512-sha1",
	 "aes128-aes256-sha1"},
	{"aes128gcm16-curve25519-ke1_ecp256", "aes128gcm16-curve25519-ke1_ecp256",
	 "aes128gcm16-curve25519-ke1_ecp256", "aes128gcm16-curve25519-ke1_ecp256"},
	{"aes128-sha256-ecp256-ke1_curve25519-ke2_ecp384-ke2_none",
	 "aes128-sha256-ecp256-ke1_curve25519-ke2_ecp384", "aes128-sha256-curve25519-ke1_ecp256-ke2_ecp384",
	 "aes128-sha256"},
	/* each prefers the other way */
	{"aes128gcm16-curve25519-ke1_ecp256-ke1_none", "aes128gcm16-curve25519-ke1_none-ke1_ecp256",
	 "aes128gcm16-curve25519-ke1_ecp256-ke1_none", "aes128gcm16-curve25519-ke1_none-ke1_ecp256"},
	{"aes192gcm16-prfsha512-curve25519", "aes192gcm16-prfsha512-curve25519", "aes192gcm16-esn-noesn",
	 "aes192gcm16-esn"},
	/* ML-KEM, which OpenSSL has from 3.5 on: the last ones, so that without them a seed means what it always meant */
	{"aes256gcm16-prfsha384-curve25519-ke1_mlkem768", "aes256gcm16-prfsha384-curve25519-ke1_mlkem768",
	 "aes256gcm16-curve25519-ke1_mlkem768", "aes256gcm16-curve25519-ke1_mlkem768"},
	{"aes128gcm16-mlkem512-curve25519-ke1_mlkem1024-ke1_none",
	 "aes128gcm16-curve25519-mlkem512-ke1_mlkem1024", "aes128gcm16-mlkem512", "aes128gcm16-mlkem512"},
};
#define ML_KEM_SUITES 2

static unsigned int num_suites(void)
{
	return array_size(suites) - (crypto_has_ml_kem() ? 0 : ML_KEM_SUITES);
}

/* Perfect forward secrecy of Child SAs: none, agreed, with another group at first (INVALID_KE_PAYLOAD), only at one end. */
static const struct {
	const char *a, *b;
} pfs_groups[] = {
	{"", ""},
	{"-curve25519", "-curve25519"},
	{"-ecp256", "-ecp256"},
	{"-curve25519-ecp256", "-ecp256-curve25519"},
	{"-curve25519-ecp256", "-ecp256"},
	{"-curve25519", ""},
	{"", "-curve25519"},
};

static bool one_in(uint64_t *rng, unsigned int n)
{
	return sim_rng_below(rng, n) == 0;
}

static int64_t up_to(uint64_t *rng, int64_t us)
{
	return us ? (int64_t)((sim_rng(rng) >> 11) % (uint64_t)us) : 0;
}

/* Half of what happens, happens while the first exchanges are under way. */
static struct instant some_time(uint64_t *rng)
{
	int64_t after = one_in(rng, 2) ? 300 * USEC_PER_MS : SIM_BAD_TIME_US - USEC_PER_S;

	return instant_add(SIM_NET_BEGIN, up_to(rng, after));
}

/*
 * --- who they are and what they have
 * ---------------------------------------------------------------------------------------------------
 */

static bool draw_tunnel(struct sim_story *story, uint64_t *rng)
{
	return story->tunnel = one_in(rng, 2);
}

static bool draw_nat(struct sim_story *story, uint64_t *rng)
{
	return story->nat = one_in(rng, 4);
}

static bool draw_ipv6(struct sim_story *story, uint64_t *rng)
{
	return story->ipv6 = !story->nat && one_in(rng, 4);
}

static bool draw_both_initiate(struct sim_story *story, uint64_t *rng)
{
	return story->both_initiate = !story->nat && one_in(rng, 2);
}

static bool draw_start(struct sim_story *story, uint64_t *rng)
{
	for (int i = 0; i < 2; i++)
		story->start_us[i] = one_in(rng, 2) ? 0 : up_to(rng, 200 * USEC_PER_MS);
	return story->start_us[0] || story->start_us[1];
}

static bool draw_nat_force(struct sim_story *story, uint64_t *rng)
{
	for (int i = 0; i < 2; i++)
		story->nat_force[i] = one_in(rng, 4);
	return story->nat_force[0] || story->nat_force[1];
}

static void cfg_nat_force(const struct sim_story *story, bool is_a, struct ike_conn_cfg *cfg)
{
	cfg->nat_force = story->nat_force[!is_a];
}

static bool draw_wrong_psk(struct sim_story *story, uint64_t *rng)
{
	return story->wrong_psk = one_in(rng, 10);
}

static void cfg_wrong_psk(const struct sim_story *story, bool is_a, struct ike_conn_cfg *cfg)
{
	secret_set(&cfg->psk, bytes_str(!is_a && story->wrong_psk ? "another secret" : "one secret"));
}

static bool draw_certs(struct sim_story *story, uint64_t *rng)
{
	static const char *const of_b[] = {"b", "ed25519", "p384", "chained", "rsa"};

	if (!one_in(rng, 4))
		return false;
	story->certs[SIM_A] = "a";
	story->certs[SIM_B] = story->wrong_psk ? "stranger" : of_b[sim_rng_below(rng, array_size(of_b))];
	return true;
}

static void cfg_certs(const struct sim_story *story, bool is_a, struct ike_conn_cfg *cfg)
{
	if (story->certs[!is_a])
		sim_certs_set(cfg, story->certs[!is_a]);
}

/* None, or one of two names; the same name with another secret is rare. */
static bool draw_ppk(struct sim_story *story, uint64_t *rng)
{
	for (int i = 0; i < 2; i++) {
		if (one_in(rng, 2))
			continue;
		story->ppk[i] = (struct sim_ppk){
			.id = one_in(rng, 6) ? "two" : "one",
			.secret = one_in(rng, 10) ? "what only one of them has got"
						  : "what both of them have got",
			.required = one_in(rng, 6),
		};
	}
	return story->ppk[0].id || story->ppk[1].id;
}

static void cfg_ppk(const struct sim_story *story, bool is_a, struct ike_conn_cfg *cfg)
{
	const struct sim_ppk *ppk = &story->ppk[!is_a];

	if (!ppk->id)
		return;
	cfg->ppk.id_len = strlen(ppk->id);
	memcpy(cfg->ppk.id, ppk->id, cfg->ppk.id_len);
	secret_set(&cfg->ppk.secret, bytes_str(ppk->secret));
	cfg->ppk.required = ppk->required;
}

bool sim_story_has_ppk(const struct sim_story *story)
{
	return story->ppk[SIM_A].id && story->ppk[SIM_B].id &&
	       strcmp(story->ppk[SIM_A].id, story->ppk[SIM_B].id) == 0;
}

bool sim_story_ppks_fit(const struct sim_story *story)
{
	if (sim_story_has_ppk(story))
		return strcmp(story->ppk[SIM_A].secret, story->ppk[SIM_B].secret) == 0;
	return !story->ppk[SIM_A].required && !story->ppk[SIM_B].required;
}

/* It is the engine's, not of a connection: sim_world.c. */
static bool draw_qcd(struct sim_story *story, uint64_t *rng)
{
	return story->qcd = !one_in(rng, 3);
}

static bool draw_suite(struct sim_story *story, uint64_t *rng)
{
	story->suite = sim_rng_below(rng, num_suites());
	return story->suite != 0;
}

static bool draw_pfs(struct sim_story *story, uint64_t *rng)
{
	/* Suites with additional key exchanges bring their own. */
	if (strstr(suites[story->suite].esp_a, "-ke1_") || strstr(suites[story->suite].esp_a, "-mlkem"))
		return false;
	story->pfs = one_in(rng, 2) ? 0 : sim_rng_below(rng, array_size(pfs_groups));
	return story->pfs != 0;
}

static void set_proposal(uint8_t proto, const char *text, struct ike_proposal_cfg *cfg)
{
	char err[256];

	if (!ike_proposal_parse(proto, text, cfg, err, sizeof(err)))
		sim_fail("%s: %s", text, err);
}

static void cfg_suite(const struct sim_story *story, bool is_a, struct ike_conn_cfg *cfg)
{
	const char *esp = is_a ? suites[story->suite].esp_a : suites[story->suite].esp_b;
	const char *groups = is_a ? pfs_groups[story->pfs].a : pfs_groups[story->pfs].b;
	char text[128];

	cfg->num_ike = cfg->num_esp = 1;
	set_proposal(IKE_PROTO_IKE, is_a ? suites[story->suite].ike_a : suites[story->suite].ike_b,
		     &cfg->ike[0]);
	snprintf(text, sizeof(text), "%s%s", esp, groups);
	set_proposal(IKE_PROTO_ESP, text, &cfg->esp[0]);
}

/* Off, the default, and so small that IKE_AUTH goes in two to five fragments. */
static bool draw_fragmentation(struct sim_story *story, uint64_t *rng)
{
	for (int i = 0; i < 2; i++) {
		if (one_in(rng, 6))
			story->fragmentation[i] = 0;
		else
			story->fragmentation[i] =
				one_in(rng, 2) ? 1280 : (uint16_t)(200 + sim_rng_below(rng, 300));
	}
	return story->fragmentation[0] || story->fragmentation[1];
}

static void cfg_fragmentation(const struct sim_story *story, bool is_a, struct ike_conn_cfg *cfg)
{
	cfg->fragmentation = story->fragmentation[!is_a];
}

/*
 * --- how long keys last
 * ---------------------------------------------------------------------------------------------------
 */

static bool draw_lifetime(struct sim_story *story, uint64_t *rng)
{
	if (!one_in(rng, 4))
		return false;
	for (int i = 0; i < 2; i++) {
		story->ike_lifetime_s[i] = 40 + sim_rng_below(rng, 60);
		story->esp_lifetime_s[i] = 40 + sim_rng_below(rng, 60);
	}
	return true;
}

static void cfg_lifetime(const struct sim_story *story, bool is_a, struct ike_conn_cfg *cfg)
{
	if (story->ike_lifetime_s[!is_a])
		cfg->ike_lifetime_s = story->ike_lifetime_s[!is_a];
	if (story->esp_lifetime_s[!is_a])
		cfg->esp_lifetime_s = story->esp_lifetime_s[!is_a];
}

/* At most some hundred packets a minute: it is only a simulation. */
static bool draw_traffic(struct sim_story *story, uint64_t *rng)
{
	for (int i = 0; i < 2; i++)
		story->traffic_us[i] = one_in(rng, 3) ? 0 : 100 * USEC_PER_MS + up_to(rng, 2 * USEC_PER_S);
	return story->traffic_us[0] || story->traffic_us[1];
}

/* The tunnel floor is who acts on it. */
static bool draw_volume(struct sim_story *story, uint64_t *rng)
{
	bool any = false;

	for (int i = 0; i < 2 && story->tunnel; i++) {
		if (one_in(rng, 4))
			story->esp_packets[i] = 50 + sim_rng_below(rng, 200);
		if (one_in(rng, 4))
			story->esp_bytes[i] = 5000 + sim_rng_below(rng, 20000);
		any = any || story->esp_packets[i] || story->esp_bytes[i];
	}
	return any;
}

static void cfg_volume(const struct sim_story *story, bool is_a, struct ike_conn_cfg *cfg)
{
	cfg->esp_packets = story->esp_packets[!is_a];
	cfg->esp_bytes = story->esp_bytes[!is_a];
}

/*
 * --- what happens
 * ---------------------------------------------------------------------------------------------------
 */

static bool draw_restless(struct sim_story *story, uint64_t *rng)
{
	return story->restless = one_in(rng, 8);
}

static bool draw_times(struct instant when[2], uint64_t *rng)
{
	for (int i = 0; i < 2; i++)
		when[i] = one_in(rng, 5) ? some_time(rng) : INSTANT_NEVER;
	return !instant_is_never(when[0]) || !instant_is_never(when[1]);
}

static bool draw_crash(struct sim_story *story, uint64_t *rng)
{
	return draw_times(story->crash, rng);
}

static bool draw_terminate(struct sim_story *story, uint64_t *rng)
{
	return draw_times(story->terminate, rng);
}

/* Often at the very same moment. */
static bool draw_rekey(struct sim_story *story, uint64_t *rng)
{
	if (one_in(rng, 2))
		story->rekey[SIM_A] = some_time(rng);
	if (one_in(rng, 2))
		story->rekey[SIM_B] = story->rekey[SIM_A];
	else if (one_in(rng, 2))
		story->rekey[SIM_B] = some_time(rng);
	return !instant_is_never(story->rekey[SIM_A]) || !instant_is_never(story->rekey[SIM_B]);
}

/* Who moves has MOBIKE mostly. B moves only where A follows it. */
static bool draw_moves(struct sim_story *story, uint64_t *rng)
{
	story->moves = !story->nat && !story->ipv6 && !story->both_initiate && one_in(rng, 3);
	if (!story->moves)
		return false;
	story->mobike[SIM_A] = !one_in(rng, 4);
	story->mobike[SIM_B] = !one_in(rng, 4);
	story->move[SIM_A] = some_time(rng);
	if (one_in(rng, 2))
		story->move[SIM_B] = some_time(rng);
	return true;
}

static void cfg_moves(const struct sim_story *story, bool is_a, struct ike_conn_cfg *cfg)
{
	cfg->mobike = story->mobike[!is_a];
	if (!story->moves)
		return;
	cfg->local = (struct ipaddr){.ipa_type = IPADDR_NONE};
	if (is_a)
		return;
	cfg->remote = (struct ipaddr){.ipa_type = IPADDR_NONE};
	cfg->passive = true;
}

/* It does no harm to those who stay. */
static bool draw_mobike(struct sim_story *story, uint64_t *rng)
{
	if (story->moves)
		return false;
	for (int i = 0; i < 2; i++)
		story->mobike[i] = one_in(rng, 2);
	return story->mobike[0] || story->mobike[1];
}

static bool draw_refuse_adds(struct sim_story *story, uint64_t *rng)
{
	for (int i = 0; i < 2; i++)
		story->refuse_adds[i] = one_in(rng, 4) ? 1 + sim_rng_below(rng, 3) : 0;
	return story->refuse_adds[0] || story->refuse_adds[1];
}

static bool draw_refuse_spis(struct sim_story *story, uint64_t *rng)
{
	for (int i = 0; i < 2; i++)
		story->refuse_spis[i] = one_in(rng, 8) ? 1 + sim_rng_below(rng, 2) : 0;
	return story->refuse_spis[0] || story->refuse_spis[1];
}

/*
 * --- the network: each direction for itself
 * ---------------------------------------------------------------------------------------------------
 */

static bool draw_delay(struct sim_story *story, uint64_t *rng)
{
	for (int i = 0; i < 2; i++)
		story->path[i].delay_us = 200 + up_to(rng, (one_in(rng, 8) ? 400 : 80) * USEC_PER_MS);
	return true;
}

static bool draw_jitter(struct sim_story *story, uint64_t *rng)
{
	for (int i = 0; i < 2; i++)
		story->path[i].jitter_us = one_in(rng, 2) ? up_to(rng, 60 * USEC_PER_MS) : 0;
	return story->path[0].jitter_us || story->path[1].jitter_us;
}

static bool draw_loss(struct sim_story *story, uint64_t *rng)
{
	for (int i = 0; i < 2; i++)
		story->path[i].loss = one_in(rng, 4) ? 0 : sim_rng_below(rng, 300);
	return story->path[0].loss || story->path[1].loss;
}

static bool draw_dup(struct sim_story *story, uint64_t *rng)
{
	for (int i = 0; i < 2; i++)
		story->path[i].dup = one_in(rng, 2) ? sim_rng_below(rng, 200) : 0;
	return story->path[0].dup || story->path[1].dup;
}

static bool draw_corrupt(struct sim_story *story, uint64_t *rng)
{
	for (int i = 0; i < 2; i++)
		story->path[i].corrupt = one_in(rng, 4) ? sim_rng_below(rng, 50) : 0;
	return story->path[0].corrupt || story->path[1].corrupt;
}

static bool draw_replay(struct sim_story *story, uint64_t *rng)
{
	for (int i = 0; i < 2; i++)
		story->path[i].replay = one_in(rng, 3) ? sim_rng_below(rng, 200) : 0;
	return story->path[0].replay || story->path[1].replay;
}

static bool draw_dark(struct sim_story *story, uint64_t *rng)
{
	bool any = false;

	for (int i = 0; i < 2; i++) {
		if (!one_in(rng, 3))
			continue;
		story->path[i].dark_from = some_time(rng);
		story->path[i].dark_until =
			instant_add(story->path[i].dark_from, up_to(rng, 60 * USEC_PER_S));
		any = true;
	}
	return any;
}

/*
 * A path that loses what is larger, which is what IKE's own fragments are for (RFC 7383). IKE_SA_INIT cannot have any, so it is never
 * so small.
 */
static bool draw_mtu(struct sim_story *story, uint64_t *rng)
{
	bool fragments = story->fragmentation[SIM_A] && story->fragmentation[SIM_B];

	if (!fragments || !one_in(rng, 2))
		return false;
	for (int i = 0; i < 2; i++)
		story->path[i].mtu = MAX(MAX(story->fragmentation[SIM_A], story->fragmentation[SIM_B]),
					 strstr(suites[story->suite].ike_a, "-mlkem") ? 1280 : 700);
	return true;
}

/*
 * --- the table
 * ---------------------------------------------------------------------------------------------------
 */

const struct sim_draw sim_draws[] = {
	{"tunnel", draw_tunnel, NULL},
	{"nat", draw_nat, NULL},
	{"ipv6", draw_ipv6, NULL},
	{"both-initiate", draw_both_initiate, NULL},
	{"start", draw_start, NULL},
	{"nat-force", draw_nat_force, cfg_nat_force},
	{"wrong-psk", draw_wrong_psk, cfg_wrong_psk},
	{"certs", draw_certs, cfg_certs},
	{"ppk", draw_ppk, cfg_ppk},
	{"qcd", draw_qcd, NULL},
	{"suite", draw_suite, cfg_suite},
	{"pfs", draw_pfs, NULL}, /* the proposal is cfg_suite()'s */
	{"fragmentation", draw_fragmentation, cfg_fragmentation},
	{"lifetime", draw_lifetime, cfg_lifetime},
	{"traffic", draw_traffic, NULL},
	{"volume", draw_volume, cfg_volume},
	{"restless", draw_restless, NULL},
	{"crash", draw_crash, NULL},
	{"terminate", draw_terminate, NULL},
	{"rekey", draw_rekey, NULL},
	{"moves", draw_moves, cfg_moves},
	{"mobike", draw_mobike, NULL}, /* cfg_moves() sets it */
	{"refuse-adds", draw_refuse_adds, NULL},
	{"refuse-spis", draw_refuse_spis, NULL},
	{"delay", draw_delay, NULL},
	{"jitter", draw_jitter, NULL},
	{"loss", draw_loss, NULL},
	{"dup", draw_dup, NULL},
	{"corrupt", draw_corrupt, NULL},
	{"replay", draw_replay, NULL},
	{"dark", draw_dark, NULL},
	{"mtu", draw_mtu, NULL},
	{},
};

struct sim_story sim_story_calm(void)
{
	return (struct sim_story){
		.fragmentation = {1280, 1280},
		.crash = {INSTANT_NEVER, INSTANT_NEVER},
		.terminate = {INSTANT_NEVER, INSTANT_NEVER},
		.rekey = {INSTANT_NEVER, INSTANT_NEVER},
		.move = {INSTANT_NEVER, INSTANT_NEVER},
		.path = {{.delay_us = 10 * USEC_PER_MS}, {.delay_us = 10 * USEC_PER_MS}},
	};
}

void sim_story_draw(struct sim_story *story, uint64_t seed, uint64_t without, uint64_t *drawn)
{
	*story = sim_story_calm();
	*drawn = 0;
	for (unsigned int i = 0; sim_draws[i].name; i++) {
		const char *name = sim_draws[i].name;
		uint64_t rng = sim_rng_seed(seed ^ (uint64_t)jhash(name, strlen(name), 7) << 32);

		if (!(without >> i & 1) && sim_draws[i].draw(story, &rng))
			*drawn |= UINT64_C(1) << i;
	}
}

static void set_id(const char *name, struct ike_id_cfg *id)
{
	char err[128];

	if (!ike_id_parse("fqdn", name, id, err, sizeof(err)))
		sim_fail("%s: %s", name, err);
}

const char *sim_story_addr(const struct sim_story *story, bool is_a)
{
	if (story->ipv6)
		return is_a ? "2001:db8:1::1" : "2001:db8:2::1";
	return is_a ? "192.0.2.1" : "198.51.100.1";
}

struct ike_conn_cfg *sim_story_cfg(const struct sim_story *story, bool is_a)
{
	struct ike_conn_cfg *cfg = ike_conn_cfg_new();

	str2ipaddr(sim_story_addr(story, is_a), &cfg->local);
	str2ipaddr(!is_a && story->nat ? SIM_ADDR_OUTSIDE : sim_story_addr(story, !is_a), &cfg->remote);
	set_id(is_a ? "a.example.org" : "b.example.org", &cfg->local_id);
	set_id(is_a ? "b.example.org" : "a.example.org", &cfg->remote_id);
	for (const struct sim_draw *draw = sim_draws; draw->name; draw++)
		if (draw->cfg)
			draw->cfg(story, is_a, cfg);
	return cfg;
}

bool sim_story_is_short_lived(const struct sim_story *story)
{
	return story->ike_lifetime_s[0] || story->esp_packets[0] || story->esp_packets[1] ||
	       story->esp_bytes[0] || story->esp_bytes[1];
}
