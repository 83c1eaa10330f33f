// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Builds struct tunnel_cfg from YANG data that has passed bgpvpn_check.c. Called by apply_finish only.
 * Defaults are the YANG module's: nothing is repeated here.
 */
#include <zebra.h>

#include "lib/log.h"
#include "lib/northbound.h"
#include "lib/prefix.h"

#include "bgpvpnd/bgpvpn_cert.h"
#include "bgpvpnd/bgpvpn_cfg.h"
#include "bgpvpnd/bgpvpn_errors.h"
#include "bgpvpnd/bgpvpn_manual.h"
#include "bgpvpnd/bgpvpn_ppk.h"
#include "bgpvpnd/bgpvpn_secret.h"
#include "bgpvpnd/bgpvpnd.h"
#include "bgpvpnd/crypto/crypto.h"

#define PROFILE_XPATH "/frr-bgpvpn:vpn/profile"

bool bgpvpn_prefix_parse(const char *text, struct prefix *p)
{
	struct prefix parsed = {};

	if (!strchr(text, '/') || !str2prefix(text, &parsed) ||
	    (parsed.family != AF_INET && parsed.family != AF_INET6))
		return false;
	*p = parsed;
	return true;
}

/* --- proposals ------------------------------------------------------------------------------------------- */

bool bgpvpn_proposals_parse(uint8_t proto, const char *text, struct ike_proposal_cfg out[LIMIT_PROPOSALS_CFG],
			    uint8_t *n, char *err, size_t err_len)
{
	struct ike_proposal_cfg parsed[LIMIT_PROPOSALS_CFG];
	char copy[1024], *rest = copy, *word;
	uint8_t num = 0;

	strlcpy(copy, text, sizeof(copy));
	while ((word = strsep(&rest, " "))) {
		if (!*word)
			continue;
		if (num == LIMIT_PROPOSALS_CFG) {
			snprintf(err, err_len, "more than %d proposals", LIMIT_PROPOSALS_CFG);
			return false;
		}
		if (!ike_proposal_parse(proto, word, &parsed[num], err, err_len))
			return false;
		num++;
	}
	if (num == 0) {
		snprintf(err, err_len, "no proposal is given");
		return false;
	}
	memcpy(out, parsed, num * sizeof(parsed[0]));
	*n = num;
	return true;
}

/* --- profile --------------------------------------------------------------------------------------------- */

/* The tunnel's profile; NULL: it uses the defaults. */
static const struct lyd_node *find_profile(const struct lyd_node *tunnel)
{
	if (!yang_dnode_exists(tunnel, "./profile"))
		return NULL;
	return yang_dnode_getf(tunnel, PROFILE_XPATH "[name='%s']",
			       yang_dnode_get_string(tunnel, "./profile"));
}

static uint32_t profile_number(const struct lyd_node *profile, const char *leaf)
{
	const char *text = profile ? yang_dnode_get_string(profile, "./%s", leaf)
				   : yang_get_default_string(PROFILE_XPATH "/%s", leaf);

	return strtoul(text, NULL, 10);
}

/* One without a default: 0 where it is not set. */
static uint64_t profile_limit(const struct lyd_node *profile, const char *leaf)
{
	return profile && yang_dnode_exists(profile, leaf)
		       ? strtoull(yang_dnode_get_string(profile, "%s", leaf), NULL, 10)
		       : 0;
}

static const char *profile_text(const struct lyd_node *profile, const char *leaf)
{
	return profile ? yang_dnode_get_string(profile, "./%s", leaf)
		       : yang_get_default_string(PROFILE_XPATH "/%s", leaf);
}

static void fill_proposals(const struct lyd_node *profile, struct ike_conn_cfg *ike)
{
	char err[256];

	if (!bgpvpn_proposals_parse(IKE_PROTO_IKE, profile_text(profile, "ike/proposals"), ike->ike,
				    &ike->num_ike, err, sizeof(err)))
		flog_err(EC_BGPVPN_CRYPTO, "IKE proposals cannot be used: %s", err);
	if (!bgpvpn_proposals_parse(IKE_PROTO_ESP, profile_text(profile, "esp/proposals"), ike->esp,
				    &ike->num_esp, err, sizeof(err)))
		flog_err(EC_BGPVPN_CRYPTO, "ESP proposals cannot be used: %s", err);
}

static void fill_from_profile(const struct lyd_node *profile, struct tunnel_cfg *cfg)
{
	struct ike_conn_cfg *ike = cfg->ike;

	fill_proposals(profile, ike);
	ike->ike_lifetime_s = profile_number(profile, "ike/lifetime");
	ike->esp_lifetime_s = profile_number(profile, "esp/lifetime");
	ike->esp_bytes = profile_limit(profile, "./esp/lifetime-bytes");
	ike->esp_packets = profile_limit(profile, "./esp/lifetime-packets");
	/* Where the plane always encapsulates, saying so makes the peer do it too (RFC 7296 2.23). */
	ike->nat_force = (bgpvpn.dplane && bgpvpn.dplane->ops->always_udp) || strmatch(profile_text(profile, "nat-traversal"), "force");
	/* "off" is no number, so it reads as 0, which means the same. */
	ike->fragmentation = profile_number(profile, "fragmentation");
	cfg->replay_window = profile_number(profile, "esp/replay-window");
	cfg->liveness_interval_s = profile_number(profile, "liveness/interval");
	cfg->liveness_detect_ms = profile_number(profile, "liveness/detect");
}

/* --- tunnel ---------------------------------------------------------------------------------------------- */

static void fill_text(const struct lyd_node *tunnel, const char *leaf, char *to, size_t len)
{
	to[0] = '\0';
	if (yang_dnode_exists(tunnel, leaf))
		strlcpy(to, yang_dnode_get_string(tunnel, "%s", leaf), len);
}

static uint32_t number_or(const struct lyd_node *tunnel, const char *leaf, uint32_t otherwise)
{
	return yang_dnode_exists(tunnel, leaf) ? strtoul(yang_dnode_get_string(tunnel, "%s", leaf), NULL, 10)
					       : otherwise;
}

static enum tunnel_initiate initiate_of(const char *word)
{
	if (strmatch(word, "never"))
		return TUNNEL_INITIATE_NEVER;
	return strmatch(word, "on-demand") ? TUNNEL_INITIATE_ON_DEMAND : TUNNEL_INITIATE_ALWAYS;
}

static void fill_inside(const struct lyd_node *tunnel, struct tunnel_cfg *cfg)
{
	const struct lyd_node *child;

	cfg->num_inside = 0;
	LY_LIST_FOR(lyd_child(tunnel), child)
	if (strmatch(child->schema->name, "inside-address") && cfg->num_inside < LIMIT_INSIDE_PREFIXES &&
	    bgpvpn_prefix_parse(yang_dnode_get_string(child, NULL), &cfg->inside[cfg->num_inside]))
		cfg->num_inside++;
}

static void fill_interface(const struct lyd_node *tunnel, struct tunnel_cfg *cfg)
{
	fill_text(tunnel, "./interface/name", cfg->interface, sizeof(cfg->interface));
	fill_inside(tunnel, cfg);
	cfg->mtu = number_or(tunnel, "./mtu", 0);
	if (yang_dnode_exists(tunnel, "./tcp-mss") &&
	    strmatch(yang_dnode_get_string(tunnel, "./tcp-mss"), "off"))
		cfg->tcp_mss = UINT32_MAX;
	else
		cfg->tcp_mss = number_or(tunnel, "./tcp-mss", 0);
	cfg->hold_up_ms = yang_dnode_get_uint32(tunnel, "./link/hold-up");
}

static struct ipaddr address_of(const struct lyd_node *tunnel, const char *leaf)
{
	struct ipaddr addr = {.ipa_type = IPADDR_NONE};

	if (yang_dnode_exists(tunnel, leaf) && !strmatch(yang_dnode_get_string(tunnel, "%s", leaf), "any"))
		str2ipaddr(yang_dnode_get_string(tunnel, "%s", leaf), &addr);
	return addr;
}

static void fill_id(const struct lyd_node *tunnel, const char *side, struct ike_id_cfg *id)
{
	char err[256];

	if (!yang_dnode_existsf(tunnel, "./%s/id/kind", side) ||
	    !yang_dnode_existsf(tunnel, "./%s/id/value", side))
		return;
	if (!ike_id_parse(yang_dnode_get_string(tunnel, "./%s/id/kind", side),
			  yang_dnode_get_string(tunnel, "./%s/id/value", side), id, err, sizeof(err)))
		flog_err(EC_BGPVPN_TUNNEL, "%s identity cannot be used: %s", side, err);
}

static void fill_peer(const struct lyd_node *tunnel, struct tunnel_cfg *cfg)
{
	struct ike_conn_cfg *ike = cfg->ike;

	strlcpy(ike->name, cfg->name, sizeof(ike->name));
	ike->local = address_of(tunnel, "./local/address");
	ike->remote = address_of(tunnel, "./remote/address");
	ike->mobike = yang_dnode_get_bool(tunnel, "./mobike");
	ike->rsa_pkcs1 = strmatch(yang_dnode_get_string(tunnel, "./authentication/rsa-signature"), "pkcs1");
	fill_id(tunnel, "local", &ike->local_id);
	fill_id(tunnel, "remote", &ike->remote_id);
}

static bool fill_secret_file(const struct lyd_node *tunnel, const struct tunnel_cfg *old,
			     struct tunnel_cfg *cfg)
{
	const char *path = yang_dnode_get_string(tunnel, "./pre-shared-key-file");
	char err[512];

	if (bgpvpn_secret_from_file(path, &cfg->ike->psk, err, sizeof(err)))
		return true;
	if (!old || !old->ike || old->shutdown || old->ike->psk.len == 0) {
		flog_err(EC_BGPVPN_SECRET_FILE, "tunnel %s: %s", cfg->name, err);
		return false;
	}
	flog_warn(EC_BGPVPN_SECRET_FILE, "tunnel %s: %s; the secret read before stays in use", cfg->name,
		  err);
	secret_copy(&cfg->ike->psk, &old->ike->psk);
	return true;
}

static bool fill_secret(const struct lyd_node *tunnel, const struct tunnel_cfg *old, struct tunnel_cfg *cfg)
{
	char err[256];

	if (yang_dnode_exists(tunnel, "./pre-shared-key"))
		return bgpvpn_secret_from_text(yang_dnode_get_string(tunnel, "./pre-shared-key"),
					       &cfg->ike->psk, err, sizeof(err));
	if (yang_dnode_exists(tunnel, "./pre-shared-key-file"))
		return fill_secret_file(tunnel, old, cfg);
	return false;
}

/* A tunnel that is not complete must not be entered by anybody, whatever else becomes of it. */
static void lock_out(struct tunnel_cfg *cfg)
{
	uint8_t nobody_has[32];

	crypto_random(nobody_has, sizeof(nobody_has));
	secret_set(&cfg->ike->psk, BYTES_OF(nobody_has));
	secret_wipe(nobody_has, sizeof(nobody_has));
	cfg->shutdown = true;
}

/* The key is needed on each side that no certificate stands for. */
static bool needs_secret(const struct lyd_node *tunnel)
{
	return !yang_dnode_exists(tunnel, "./authentication/certificate") ||
	       !yang_dnode_exists(tunnel, "./authentication/ca");
}

static const char *what_is_missing(const struct lyd_node *tunnel, const struct tunnel_cfg *cfg, bool secret,
				   bool certs, bool ppk)
{
	if (!yang_dnode_exists(tunnel, "./remote/address"))
		return "remote address missing";
	if (!cfg->interface[0])
		return "interface missing";
	if (bgpvpn_cfg_link_missing(tunnel, cfg))
		return bgpvpn_cfg_link_missing(tunnel, cfg);
	if (cfg->manual)
		return bgpvpn_manual_missing(tunnel, cfg);
	if (!ppk)
		return "file of the post-quantum pre-shared key cannot be used";
	if (!certs)
		return "certificate, private key, authority or revocation list cannot be used";
	if (cfg->ike->creds && cfg->ike->local_id.type &&
	    !crypto_creds_has_id(cfg->ike->creds, cfg->ike->local_id.type,
				 bytes_make(cfg->ike->local_id.value, cfg->ike->local_id.len)))
		return "local id is not in the certificate";
	if (!needs_secret(tunnel))
		return NULL;
	if (!secret && yang_dnode_exists(tunnel, "./pre-shared-key-file"))
		return "pre-shared key file cannot be read";
	if (!secret)
		return "pre-shared key missing";
	return NULL;
}

struct tunnel_cfg *bgpvpn_cfg_build(const struct lyd_node *tunnel, const struct tunnel_cfg *old,
				    char *missing, size_t len)
{
	struct tunnel_cfg *cfg = tunnel_cfg_new(yang_dnode_get_string(tunnel, "./name"));
	const char *what;
	bool secret, certs, ppk;

	if (!cfg->ike)
		cfg->ike = ike_conn_cfg_new();
	fill_text(tunnel, "./description", cfg->description, sizeof(cfg->description));
	fill_text(tunnel, "./profile", cfg->profile, sizeof(cfg->profile));
	cfg->shutdown = yang_dnode_get_bool(tunnel, "./shutdown");
	cfg->initiate = initiate_of(yang_dnode_get_string(tunnel, "./initiate"));
	fill_interface(tunnel, cfg);
	fill_peer(tunnel, cfg);
	bgpvpn_cfg_link(tunnel, cfg);
	fill_from_profile(find_profile(tunnel), cfg);
	secret = fill_secret(tunnel, old, cfg);
	certs = bgpvpn_cert_fill(tunnel, old, cfg);
	ppk = bgpvpn_ppk_fill(tunnel, old, cfg);
	bgpvpn_manual_fill(tunnel, old, cfg);
	what = what_is_missing(tunnel, cfg, secret, certs, ppk);
	missing[0] = '\0';
	if (what) {
		snprintf(missing, len, "incomplete: %s", what);
		lock_out(cfg);
	}
	return cfg;
}
