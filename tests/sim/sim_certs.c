// SPDX-License-Identifier: GPL-2.0-or-later
/* The certificates of tests/vectors/certs for the simulator: each is read once in a process, and shared by all seeds. */
#include <zebra.h>

#include "bgpvpnd/crypto/crypto.h"
#include "tests/sim/sim_end.h"
#include "tests/sim/sim_story.h"

static struct {
	const char *name;
	struct crypto_creds *creds;
} known[] = {{"a"}, {"b"}, {"ed25519"}, {"p384"}, {"chained"}, {"rsa"}, {"stranger"}};

static struct crypto_trust *authority, *another;

static struct secret read_file(const char *name, const char *suffix)
{
	const char *srcdir = getenv("srcdir");
	struct secret text = {};
	uint8_t buf[8192];
	char path[512];
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/vectors/certs/%s%s", srcdir ? srcdir : ".", name, suffix);
	file = fopen(path, "rb");
	if (file) {
		n = fread(buf, 1, sizeof(buf), file);
		fclose(file);
	}
	if (n == 0 || n == sizeof(buf))
		sim_fail("cannot read %s: name the source directory in srcdir", path);
	secret_set(&text, bytes_make(buf, n));
	return text;
}

static struct crypto_creds *read_creds(const char *name)
{
	struct secret chain = read_file(name, ".pem"), key = read_file(name, ".key");
	char err[256];
	struct crypto_creds *creds =
		crypto_creds_from_pem(secret_view(&chain), secret_view(&key), err, sizeof(err));

	secret_fini(&chain);
	secret_fini(&key);
	if (!creds)
		sim_fail("%s: %s", name, err);
	return creds;
}

static struct crypto_trust *read_trust(const char *name)
{
	struct secret ca = read_file(name, ".pem");
	char err[256];
	struct crypto_trust *trust =
		crypto_trust_from_pem(secret_view(&ca), bytes_make(NULL, 0), err, sizeof(err));

	secret_fini(&ca);
	if (!trust)
		sim_fail("%s: %s", name, err);
	return trust;
}

void sim_certs_init(void)
{
	if (authority)
		return;
	authority = read_trust("ca");
	another = read_trust("other-ca");
	for (unsigned int i = 0; i < array_size(known); i++)
		known[i].creds = read_creds(known[i].name);
}

void sim_certs_set(struct ike_conn_cfg *cfg, const char *name)
{
	unsigned int i = 0;

	while (strcmp(known[i].name, name) != 0)
		if (++i == array_size(known))
			sim_fail("certificate %s is not in the list", name);
	cfg->creds = crypto_creds_ref(known[i].creds);
	/* Neither believes the other one. */
	cfg->trust = crypto_trust_ref(strcmp(name, "stranger") == 0 ? another : authority);
}

void sim_certs_fini(void)
{
	for (unsigned int i = 0; i < array_size(known); i++) {
		crypto_creds_unref(known[i].creds);
		known[i].creds = NULL;
	}
	crypto_trust_unref(authority);
	crypto_trust_unref(another);
	authority = another = NULL;
}
