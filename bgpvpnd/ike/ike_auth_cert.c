// SPDX-License-Identifier: GPL-2.0-or-later
/* Authentication by certificates, see ike_auth_cert.h. What a certificate says and whether a signature holds is crypto/'s. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_auth_cert.h"
#include "bgpvpnd/ike/ike_id.h"

/* --- out ------------------------------------------------------------------------------------------------- */

void ike_auth_add_hashes(struct ike_draft *draft)
{
	uint8_t data[32];
	struct wr wr = wr_of(data, sizeof(data));

	ike_sig_hashes_encode(&wr, CRYPTO_SIG_HASHES);
	ike_draft_notify(draft, IKE_NOTIFY_SIGNATURE_HASH_ALGORITHMS, wr_bytes_view(&wr));
}

void ike_auth_add_certreq(struct ike_draft *draft, const struct crypto_trust *trust)
{
	struct ike_certreq req = {.encoding = IKE_CERT_X509_SIGNATURE};

	if (!trust)
		return;
	req.authorities = crypto_trust_key_hashes(trust);
	ike_build_payload(&draft->build, IKE_PAYLOAD_CERTREQ, false);
	ike_certreq_encode(&draft->wr, &req);
}

void ike_auth_add_certs(struct ike_draft *draft, const struct crypto_creds *creds)
{
	unsigned int num = creds ? crypto_creds_num(creds) : 0;

	for (unsigned int i = 0; i < num; i++) {
		const struct ike_cert cert = {IKE_CERT_X509_SIGNATURE, crypto_creds_der(creds, i)};

		ike_build_payload(&draft->build, IKE_PAYLOAD_CERT, false);
		ike_cert_encode(&draft->wr, &cert);
	}
}

/* "SHA2-256 SHA2-384": what a set of RFC 7427 holds. */
static const char *hashes_format(uint32_t hashes, char *buf, size_t len)
{
	buf[0] = '\0';
	for (unsigned int n = IKE_SIG_HASH_SHA1; n <= IKE_SIG_HASH_IDENTITY; n++) {
		if (!(hashes & 1u << n))
			continue;
		if (buf[0])
			strlcat(buf, " ", len);
		strlcat(buf, iana_sig_hash_name(n), len);
	}
	return buf;
}

static void sig_write(const struct crypto_sig *sig, struct secret *value)
{
	const struct ike_auth_sig auth = {sig->alg, sig->value};
	struct wr wr;

	secret_alloc(value, 1 + sig->alg.n + sig->value.n);
	wr = wr_of(value->key, value->len);
	ike_auth_sig_encode(&wr, &auth);
}

enum ike_reason ike_auth_sign(const struct ike_sa *sa, const struct ike_conn_cfg *cfg, struct bytes octets,
			      struct secret *value, uint8_t *method, char *words, size_t len)
{
	struct secret room = {};
	struct crypto_sig sig;
	char theirs[100];
	bool ok = crypto_sign(cfg->creds, sa->hs->sig_hashes, cfg->rsa_pkcs1, octets, &sig, &room);

	if (ok && sig.method == IKE_AUTH_DIGITAL_SIGNATURE)
		sig_write(&sig, value);
	else if (ok)
		secret_set(value, sig.value);
	else
		snprintf(words, len, "the peer takes %s, our key cannot be used with it",
			 sa->hs->sig_hashes ? hashes_format(sa->hs->sig_hashes, theirs, sizeof(theirs))
					    : "no digital signatures of RFC 7427");
	if (ok)
		*method = sig.method;
	secret_fini(&room);
	return ok ? IKE_R_OK : IKE_R_CANNOT_SIGN;
}

/* --- in -------------------------------------------------------------------------------------------------- */

bool ike_auth_take_hashes(struct ike_sa *sa, const struct ike_turn *turn)
{
	struct ike_notify notify;

	return ike_turn_notify(turn, IKE_NOTIFY_SIGNATURE_HASH_ALGORITHMS, &notify) &&
	       ike_sig_hashes_decode(notify.data, &sa->hs->sig_hashes) == IKE_R_OK;
}

/* The X.509 certificates of the message, in its order; other encodings are skipped. */
static enum ike_reason chain_read(const struct ike_turn *turn, struct bytes chain[LIMIT_CERT_CHAIN],
				  size_t *num)
{
	enum ike_reason reason;
	struct ike_cert cert;
	size_t n = 0;

	for (unsigned int i = 0; i < turn->list->n; i++) {
		if (turn->list->list[i].type != IKE_PAYLOAD_CERT)
			continue;
		reason = ike_cert_decode(turn->list->list[i].body, &cert);
		if (reason != IKE_R_OK)
			return reason;
		if (cert.encoding != IKE_CERT_X509_SIGNATURE)
			continue;
		if (n == LIMIT_CERT_CHAIN)
			return IKE_R_CERT_INVALID;
		chain[n++] = cert.data;
	}
	*num = n;
	return n ? IKE_R_OK : IKE_R_CERT_MISSING;
}

static enum ike_reason reason_of_cert(enum crypto_cert_verdict verdict)
{
	switch (verdict) {
	case CRYPTO_CERT_OK:
		return IKE_R_OK;
	case CRYPTO_CERT_INVALID:
		return IKE_R_CERT_INVALID;
	case CRYPTO_CERT_EXPIRED:
		return IKE_R_CERT_EXPIRED;
	case CRYPTO_CERT_UNKNOWN_CA:
		return IKE_R_CERT_UNKNOWN_CA;
	case CRYPTO_CERT_REVOKED:
		return IKE_R_CERT_REVOKED;
	case CRYPTO_CERT_NO_CRL:
		return IKE_R_CERT_NO_CRL;
	}
	assert(!"unknown verdict");
	return IKE_R_INTERNAL;
}

static enum ike_reason reason_of_sig(enum crypto_sig_verdict verdict)
{
	switch (verdict) {
	case CRYPTO_SIG_OK:
		return IKE_R_OK;
	case CRYPTO_SIG_WRONG:
		return IKE_R_SIGNATURE;
	case CRYPTO_SIG_HASH:
		return IKE_R_SIGNATURE_HASH;
	case CRYPTO_SIG_ALGORITHM:
		return IKE_R_SIGNATURE_ALGORITHM;
	}
	assert(!"unknown verdict");
	return IKE_R_INTERNAL;
}

static enum ike_reason check_id(const struct crypto_cert *cert, const struct ike_id *id, char *words,
				size_t len)
{
	char given[96], holds[200];
	struct ike_id_cfg peer;

	if (crypto_cert_has_id(cert, id->type, id->value))
		return IKE_R_OK;
	ike_id_of_payload(id, &peer);
	snprintf(words, len, "the peer says %s, its certificate is for %s",
		 ike_id_format(&peer, given, sizeof(given)), crypto_cert_format(cert, holds, sizeof(holds)));
	return IKE_R_CERT_ID;
}

static enum ike_reason check_signature(const struct crypto_cert *cert, const struct ike_auth *auth,
				       struct bytes octets, char *words, size_t len)
{
	struct crypto_sig sig = {.method = auth->method, .value = auth->value};
	enum ike_reason reason = IKE_R_OK;
	struct ike_auth_sig parts;
	char holds[200];

	if (auth->method == IKE_AUTH_DIGITAL_SIGNATURE) {
		reason = ike_auth_sig_decode(rd_of(auth->value), &parts);
		if (reason == IKE_R_OK) {
			sig.alg = parts.alg;
			sig.value = parts.value;
		}
	}
	if (reason == IKE_R_OK)
		reason = reason_of_sig(crypto_cert_check(cert, &sig, octets));
	if (reason != IKE_R_OK)
		snprintf(words, len, "%s by %s", iana_auth_method_name(auth->method),
			 crypto_cert_format(cert, holds, sizeof(holds)));
	return reason;
}

static enum ike_reason check_method(uint8_t method, char *words, size_t len)
{
	switch (method) {
	case IKE_AUTH_RSA_SIGNATURE:
	case IKE_AUTH_ECDSA_256:
	case IKE_AUTH_ECDSA_384:
	case IKE_AUTH_ECDSA_521:
	case IKE_AUTH_DIGITAL_SIGNATURE:
		return IKE_R_OK;
	default: /* a peer's number, any octet */
		snprintf(words, len, "we want a certificate and its signature, the peer uses method %u (%s)",
			 method, iana_auth_method_name(method));
		return IKE_R_AUTH_METHOD;
	}
}

enum ike_reason ike_auth_cert_verify(const struct ike_turn *turn, const struct crypto_trust *trust,
				     const struct ike_id *id, const struct ike_auth *auth,
				     struct bytes octets, char *words, size_t len)
{
	const struct ike_host *host = turn->engine->host;
	struct bytes chain[LIMIT_CERT_CHAIN];
	struct crypto_cert *cert = NULL;
	size_t num;
	enum ike_reason reason = check_method(auth->method, words, len);

	if (reason == IKE_R_OK)
		reason = chain_read(turn, chain, &num);
	if (reason == IKE_R_OK)
		reason = reason_of_cert(crypto_trust_verify(trust, chain, num, host->wall_clock_s(host->arg),
							    &cert, words, len));
	if (reason == IKE_R_OK)
		reason = check_id(cert, id, words, len);
	if (reason == IKE_R_OK)
		reason = check_signature(cert, auth, octets, words, len);
	crypto_cert_free(cert);
	return reason;
}
