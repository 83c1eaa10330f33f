// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loads the certificates of a tunnel. Called by the northbound: to validate a line, and to build a snapshot. Files are read here and
 * nowhere below.
 */
#include <zebra.h>

#include "lib/log.h"

#include "bgpvpnd/bgpvpn_cert.h"
#include "bgpvpnd/bgpvpn_errors.h"
#include "bgpvpnd/bgpvpn_secret.h"
#include "bgpvpnd/crypto/crypto.h"

static const char *path_of(const struct lyd_node *auth, const char *leaf)
{
	return yang_dnode_existsf(auth, "./%s", leaf) ? yang_dnode_get_string(auth, "./%s", leaf) : NULL;
}

/* Words of crypto/ do not know the file: put its name before them. */
static void name_file(const char *path, char *err, size_t err_len)
{
	char words[256];

	strlcpy(words, err, sizeof(words));
	snprintf(err, err_len, "%s: %s", path, words);
}

bool bgpvpn_cert_load_own(const struct lyd_node *auth, struct crypto_creds **out, char *err, size_t err_len)
{
	const char *cert = path_of(auth, "certificate"), *key = path_of(auth, "private-key");
	struct secret chain = {}, private = {};
	struct crypto_creds *creds = NULL;
	bool ok;

	if (!cert || !key) {
		*out = NULL;
		return true;
	}
	ok = bgpvpn_file_read(cert, false, &chain, err, err_len) &&
	     bgpvpn_file_read(key, true, &private, err, err_len);
	if (ok) {
		creds = crypto_creds_from_pem(secret_view(&chain), secret_view(&private), err, err_len);
		ok = creds != NULL;
		if (!ok)
			name_file(cert, err, err_len);
	}
	secret_fini(&chain);
	secret_fini(&private);
	if (ok)
		*out = creds;
	return ok;
}

bool bgpvpn_cert_load_ca(const struct lyd_node *auth, struct crypto_trust **out, char *err, size_t err_len)
{
	const char *ca = path_of(auth, "ca"), *crl = path_of(auth, "crl");
	struct secret cas = {}, crls = {};
	struct crypto_trust *trust = NULL;
	bool ok;

	if (!ca) {
		*out = NULL;
		return true;
	}
	ok = bgpvpn_file_read(ca, false, &cas, err, err_len) &&
	     (!crl || bgpvpn_file_read(crl, false, &crls, err, err_len));
	if (ok && crl && !crls.len) {
		snprintf(err, err_len, "%s is empty", crl);
		ok = false;
	} else if (ok) {
		trust = crypto_trust_from_pem(secret_view(&cas), secret_view(&crls), err, err_len);
		ok = trust != NULL;
		if (!ok)
			name_file(ca, err, err_len);
	}
	secret_fini(&cas);
	secret_fini(&crls);
	if (ok)
		*out = trust;
	return ok;
}

/* Who has no identity is who the certificate says: an address is seldom in one. */
static void default_id(struct ike_conn_cfg *ike)
{
	struct ike_id_cfg *id = &ike->local_id;

	if (!ike->creds || id->type)
		return;
	id->len = (uint16_t)crypto_creds_subject(ike->creds, id->value, sizeof(id->value));
	id->type = id->len ? IKE_ID_DER_ASN1_DN : 0;
}

static void complain(const char *tunnel, const char *err, bool kept)
{
	if (kept)
		flog_warn(EC_BGPVPN_SECRET_FILE, "tunnel %s: %s; what was read before stays in use", tunnel,
			  err);
	else
		flog_err(EC_BGPVPN_SECRET_FILE, "tunnel %s: %s", tunnel, err);
}

bool bgpvpn_cert_fill(const struct lyd_node *tunnel, const struct tunnel_cfg *old, struct tunnel_cfg *cfg)
{
	const struct ike_conn_cfg *before = old && !old->shutdown ? old->ike : NULL;
	const struct lyd_node *auth = yang_dnode_get(tunnel, "./authentication");
	struct ike_conn_cfg *ike = cfg->ike;
	bool own = true, ca = true;
	char err[512];

	if (!auth)
		return true;
	if (!bgpvpn_cert_load_own(auth, &ike->creds, err, sizeof(err))) {
		ike->creds = crypto_creds_ref(before ? before->creds : NULL);
		own = ike->creds != NULL;
		complain(cfg->name, err, own);
	}
	if (!bgpvpn_cert_load_ca(auth, &ike->trust, err, sizeof(err))) {
		ike->trust = crypto_trust_ref(before ? before->trust : NULL);
		ca = ike->trust != NULL;
		complain(cfg->name, err, ca);
	}
	default_id(ike);
	return own && ca;
}
