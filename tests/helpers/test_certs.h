// SPDX-License-Identifier: GPL-2.0-or-later
/* The certificates of tests/vectors/certs, read and ready; what cannot be read fails the test. */
#ifndef BGPVPN_TESTS_TEST_CERTS_H
#define BGPVPN_TESTS_TEST_CERTS_H

#include <stdio.h>
#include <stdlib.h>

#include "bgpvpnd/crypto/crypto.h"
#include "tests/helpers/cmocka_all.h"

/* 2030-01-01: everything is valid then, but what is called expired or old. */
#define TEST_CERTS_TIME_S 1893456000

/* "a.pem", "ca.crl", ...; NULL: nothing. The caller wipes it. */
static inline struct secret test_certs_read(const char *name)
{
	const char *srcdir = getenv("srcdir");
	struct secret text = {};
	uint8_t buf[8192];
	char path[512];
	size_t n;
	FILE *file;

	if (!name)
		return text;
	snprintf(path, sizeof(path), "%s/tests/vectors/certs/%s", srcdir ? srcdir : ".", name);
	file = fopen(path, "rb");
	assert_non_null(file);
	n = fread(buf, 1, sizeof(buf), file);
	assert_true(n > 0 && n < sizeof(buf));
	fclose(file);
	secret_set(&text, bytes_make(buf, n));
	return text;
}

static inline struct crypto_creds *test_certs_creds(const char *name)
{
	char pem[64], key[64], err[256] = "";
	struct secret chain, private;
	struct crypto_creds *creds;

	snprintf(pem, sizeof(pem), "%s.pem", name);
	snprintf(key, sizeof(key), "%s.key", name);
	chain = test_certs_read(pem);
	private = test_certs_read(key);
	creds = crypto_creds_from_pem(secret_view(&chain), secret_view(&private), err, sizeof(err));
	secret_fini(&chain);
	secret_fini(&private);
	assert_string_equal(err, "");
	assert_non_null(creds);
	return creds;
}

static inline struct crypto_trust *test_certs_trust(const char *ca, const char *crl)
{
	struct secret cas = test_certs_read(ca), crls = test_certs_read(crl);
	char err[256] = "";
	struct crypto_trust *trust =
		crypto_trust_from_pem(secret_view(&cas), secret_view(&crls), err, sizeof(err));

	secret_fini(&cas);
	secret_fini(&crls);
	assert_string_equal(err, "");
	assert_non_null(trust);
	return trust;
}

#endif
