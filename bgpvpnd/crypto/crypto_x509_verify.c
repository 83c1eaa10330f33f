// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A peer's certificates: do they lead to an authority that we trust (RFC 5280 6), and do they speak of the identity that the peer claims
 * (RFC 4945 3.1)? Called by IKE_AUTH. The time is an argument: below the shell nobody reads a clock.
 */
#include <zebra.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "lib/memory.h"

#include "bgpvpnd/crypto/crypto_x509.h"

DEFINE_MTYPE_STATIC(BGPVPN, CERT, "VPN certificate of a peer");

/* --- the chain ------------------------------------------------------------------------------------------- */

static X509 *x509_of_der(struct bytes der)
{
	const unsigned char *p = der.p;
	X509 *x509 = der.n <= LIMIT_IKE_MSG ? d2i_X509(NULL, &p, (long)der.n) : NULL;

	if (x509 && p == der.p + der.n)
		return x509;
	X509_free(x509);
	return NULL;
}

static enum crypto_cert_verdict verdict_of(int error)
{
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return CRYPTO_CERT_EXPIRED;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_CERT_UNTRUSTED:
		return CRYPTO_CERT_UNKNOWN_CA;
	case X509_V_ERR_CERT_REVOKED:
		return CRYPTO_CERT_REVOKED;
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_CRL_NOT_YET_VALID:
		return CRYPTO_CERT_NO_CRL;
	default:
		return CRYPTO_CERT_INVALID;
	}
}

static void say(const X509 *x509, const char *what, char *words, size_t len)
{
	char subject[128], issuer[128];

	if (!x509) {
		snprintf(words, len, "%s", what);
		return;
	}
	snprintf(words, len, "%s, issued by %s: %s",
		 x509_name_format(X509_get_subject_name(x509), subject, sizeof(subject)),
		 x509_name_format(X509_get_issuer_name(x509), issuer, sizeof(issuer)), what);
}

static enum crypto_cert_verdict verify(X509_STORE_CTX *ctx, X509 *leaf, char *words, size_t len)
{
	int error;

	if (X509_verify_cert(ctx) <= 0) {
		error = X509_STORE_CTX_get_error(ctx);
		say(X509_STORE_CTX_get_current_cert(ctx), X509_verify_cert_error_string(error), words, len);
		return verdict_of(error);
	}
	/* RFC 4945 5.1.3.2: a certificate that says what it is for must be for signatures. */
	if (!(X509_get_key_usage(leaf) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION))) {
		say(leaf, "not for signatures (key usage)", words, len);
		return CRYPTO_CERT_INVALID;
	}
	return CRYPTO_CERT_OK;
}

static enum crypto_cert_verdict verify_at(const struct crypto_trust *trust, X509 *leaf,
					  STACK_OF(X509) * others, int64_t time_s, char *words, size_t len)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	enum crypto_cert_verdict verdict = CRYPTO_CERT_INVALID;

	if (ctx && X509_STORE_CTX_init(ctx, trust->store, leaf, others)) {
		X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), (time_t)time_s);
		verdict = verify(ctx, leaf, words, len);
	} else {
		say(NULL, "OpenSSL has no memory", words, len);
	}
	X509_STORE_CTX_free(ctx);
	return verdict;
}

/* Those behind the first; NULL when one cannot be read. */
static STACK_OF(X509) * others_of(const struct bytes *chain, size_t num_chain)
{
	STACK_OF(X509) *others = sk_X509_new_null();

	for (size_t i = 1; others && i < num_chain; i++) {
		X509 *x509 = x509_of_der(chain[i]);

		if (x509 && sk_X509_push(others, x509))
			continue;
		X509_free(x509);
		sk_X509_pop_free(others, X509_free);
		return NULL;
	}
	return others;
}

enum crypto_cert_verdict crypto_trust_verify(const struct crypto_trust *trust, const struct bytes *chain,
					     size_t num_chain, int64_t time_s, struct crypto_cert **out,
					     char *words, size_t words_len)
{
	X509 *leaf = num_chain ? x509_of_der(chain[0]) : NULL;
	STACK_OF(X509) *others = leaf ? others_of(chain, num_chain) : NULL;
	enum crypto_cert_verdict verdict = CRYPTO_CERT_INVALID;

	if (others)
		verdict = verify_at(trust, leaf, others, time_s, words, words_len);
	else
		say(NULL, "it cannot be read", words, words_len);
	if (verdict == CRYPTO_CERT_OK) {
		*out = XCALLOC(MTYPE_CERT, sizeof(**out));
		(*out)->x509 = leaf;
		leaf = NULL;
	}
	sk_X509_pop_free(others, X509_free);
	X509_free(leaf);
	ERR_clear_error();
	return verdict;
}

struct crypto_cert *crypto_cert_of_key(struct bytes spki)
{
	const unsigned char *p = spki.p;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.n);
	X509 *x509 = X509_new();
	struct crypto_cert *cert = NULL;

	if (key && x509 && X509_set_pubkey(x509, key)) {
		cert = XCALLOC(MTYPE_CERT, sizeof(*cert));
		cert->x509 = x509;
		x509 = NULL;
	}
	X509_free(x509);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return cert;
}

void crypto_cert_free(struct crypto_cert *cert)
{
	if (!cert)
		return;
	X509_free(cert->x509);
	XFREE(MTYPE_CERT, cert);
}

/* --- the identity ---------------------------------------------------------------------------------------- */

static struct bytes bytes_of(const ASN1_STRING *string)
{
	return bytes_make(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
}

static bool same_domain(struct bytes a, struct bytes b)
{
	return a.n == b.n && a.n > 0 && strncasecmp((const char *)a.p, (const char *)b.p, a.n) == 0 &&
	       !memchr(a.p, 0, a.n);
}

static bool name_is(const GENERAL_NAME *name, uint8_t type, struct bytes value)
{
	switch (type) {
	case IKE_ID_FQDN:
		return name->type == GEN_DNS && same_domain(bytes_of(name->d.dNSName), value);
	case IKE_ID_RFC822_ADDR:
		return name->type == GEN_EMAIL && value.n > 0 &&
		       bytes_equal(bytes_of(name->d.rfc822Name), value);
	case IKE_ID_IPV4_ADDR:
	case IKE_ID_IPV6_ADDR:
		return name->type == GEN_IPADD && value.n == (type == IKE_ID_IPV4_ADDR ? 4 : 16) &&
		       bytes_equal(bytes_of(name->d.iPAddress), value);
	default: /* a peer's number, any octet */
		return false;
	}
}

static bool subject_is(X509 *x509, struct bytes dn)
{
	unsigned char *der = NULL;
	int n = i2d_X509_NAME(X509_get_subject_name(x509), &der);
	bool same = n > 0 && crypto_dn_equal(bytes_make(der, (size_t)n), dn);

	OPENSSL_free(der);
	return same;
}

bool x509_has_id(X509 *x509, uint8_t type, struct bytes value)
{
	GENERAL_NAMES *names;
	bool found = false;

	if (type == IKE_ID_DER_ASN1_DN)
		return subject_is(x509, value);
	names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		found = found || name_is(sk_GENERAL_NAME_value(names, i), type, value);
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return found;
}

bool crypto_cert_has_id(const struct crypto_cert *cert, uint8_t type, struct bytes value)
{
	return x509_has_id(cert->x509, type, value);
}

/* Text of a stranger's: what cannot be printed becomes a question mark. */
static void append_text(char *buf, size_t len, const char *kind, const ASN1_STRING *string)
{
	struct bytes text = bytes_of(string);
	size_t at = strlen(buf) + (size_t)snprintf(NULL, 0, ", %s ", kind);

	if (at + text.n + 1 > len)
		return;
	snprintf(buf + strlen(buf), len - strlen(buf), ", %s ", kind);
	for (size_t i = 0; i < text.n; i++)
		buf[at + i] = isgraph(text.p[i]) ? (char)text.p[i] : '?';
	buf[at + text.n] = '\0';
}

static void append_address(char *buf, size_t len, const ASN1_STRING *string)
{
	struct bytes addr = bytes_of(string);
	char text[INET6_ADDRSTRLEN];

	if ((addr.n == 4 || addr.n == 16) &&
	    inet_ntop(addr.n == 4 ? AF_INET : AF_INET6, addr.p, text, sizeof(text)))
		snprintf(buf + strlen(buf), len - strlen(buf), ", address %s", text);
}

const char *crypto_cert_format(const struct crypto_cert *cert, char *buf, size_t len)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert->x509, NID_subject_alt_name, NULL, NULL);

	x509_name_format(X509_get_subject_name(cert->x509), buf, len);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DNS)
			append_text(buf, len, "fqdn", name->d.dNSName);
		else if (name->type == GEN_EMAIL)
			append_text(buf, len, "email", name->d.rfc822Name);
		else if (name->type == GEN_IPADD)
			append_address(buf, len, name->d.iPAddress);
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return buf;
}
