// SPDX-License-Identifier: GPL-2.0-or-later
/* Post-quantum pre-shared keys, see bgpvpn_ppk.h. Called by the northbound, to validate and to build a tunnel's snapshot. */
#include <zebra.h>

#include "lib/log.h"
#include "lib/northbound.h"

#include "bgpvpnd/bgpvpn_errors.h"
#include "bgpvpnd/bgpvpn_ppk.h"
#include "bgpvpnd/bgpvpn_secret.h"

bool bgpvpn_ppk_read(const struct lyd_node *ppk, struct secret *out, char *err, size_t err_len)
{
	struct secret secret = {};
	bool ok;

	if (yang_dnode_exists(ppk, "./file"))
		ok = bgpvpn_secret_from_file(yang_dnode_get_string(ppk, "./file"), &secret, err, err_len);
	else
		ok = bgpvpn_secret_from_text(yang_dnode_get_string(ppk, "./secret"), &secret, err, err_len);
	if (ok && secret.len < LIMIT_PPK_MIN) {
		snprintf(
			err, err_len,
			"the post-quantum pre-shared key has %zu bytes; with fewer than %d it cannot resist a quantum computer (RFC 8784)",
			secret.len, LIMIT_PPK_MIN);
		ok = false;
	}
	if (ok)
		secret_move(out, &secret);
	secret_fini(&secret);
	return ok;
}

bool bgpvpn_ppk_fill(const struct lyd_node *tunnel, const struct tunnel_cfg *old, struct tunnel_cfg *cfg)
{
	const struct lyd_node *node = yang_dnode_get(tunnel, "./ppk");
	struct ike_ppk_cfg *ppk = &cfg->ike->ppk;
	const char *id;
	char err[512];

	if (!node || !yang_dnode_exists(node, "./id") ||
	    !(yang_dnode_exists(node, "./secret") || yang_dnode_exists(node, "./file")))
		return true;
	id = yang_dnode_get_string(node, "./id");
	ppk->id_len = MIN(strlen(id), LIMIT_PPK_ID);
	memcpy(ppk->id, id, ppk->id_len);
	ppk->required = yang_dnode_get_bool(node, "./required");
	if (bgpvpn_ppk_read(node, &ppk->secret, err, sizeof(err)))
		return true;
	if (!old || !old->ike || old->shutdown || old->ike->ppk.secret.len == 0) {
		flog_err(EC_BGPVPN_SECRET_FILE, "tunnel %s: %s", cfg->name, err);
		return false;
	}
	flog_warn(EC_BGPVPN_SECRET_FILE, "tunnel %s: %s; the secret read before stays in use", cfg->name,
		  err);
	secret_copy(&ppk->secret, &old->ike->ppk.secret);
	return true;
}
