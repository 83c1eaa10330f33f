// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keeps libfrr and libcrypto out of each other's SHA-256.
 *
 * libfrr exports SHA256_Init, SHA256_Update and SHA256_Final (its lib/sha256.c), and libcrypto calls its own functions of
 * these names through the dynamic linker, which binds both libraries to the one it finds first. With libfrr first,
 * OpenSSL's SHA-256 fails, since libfrr's returns nothing. With libcrypto first, libfrr's contexts, 8 bytes smaller, are
 * overrun while the program loads (its lib/xref.c).
 *
 * A program's own symbols come before those of any library. So the program has these three, and they hand each call to
 * the library that it came from.
 */
#include <zebra.h>

#include <dlfcn.h>

#include "bgpvpnd/crypto/crypto_suite.h"

/* Out of <openssl/sha.h>, where they are deprecated for programs. */
int SHA256_Init(void *ctx);
int SHA256_Update(void *ctx, const void *text, size_t n);
int SHA256_Final(uint8_t *hash, void *ctx);

static struct {
	int (*init)(void *ctx);
	int (*update)(void *ctx, const void *text, size_t n);
	int (*final)(uint8_t *hash, void *ctx);
} of_libcrypto;

static struct {
	const char *
		start; /* where it is mapped; NULL when there is no such library, or no such function in it */
	const char *end;
	void (*init)(void *ctx);
	void (*update)(void *ctx, const void *text, size_t n);
	void (*final)(uint8_t *hash, void *ctx);
} of_libfrr;

static void find_libcrypto(void)
{
	void *lib = dlopen("libcrypto.so.3", RTLD_LAZY | RTLD_NOLOAD);

	if (!lib)
		abort();
	of_libcrypto.init = dlsym(lib, "SHA256_Init");
	of_libcrypto.update = dlsym(lib, "SHA256_Update");
	of_libcrypto.final = dlsym(lib, "SHA256_Final");
}

static void find_libfrr(void)
{
	void *lib = dlopen("libfrr.so.0", RTLD_LAZY | RTLD_NOLOAD);
	struct dl_find_object object;

	if (!lib)
		return;
	of_libfrr.init = dlsym(lib, "SHA256_Init");
	of_libfrr.update = dlsym(lib, "SHA256_Update");
	of_libfrr.final = dlsym(lib, "SHA256_Final");
	if (of_libfrr.init && _dl_find_object((void *)of_libfrr.init, &object) == 0) {
		of_libfrr.start = object.dlfo_map_start;
		of_libfrr.end = object.dlfo_map_end;
	}
}

/* libfrr's constructors get here first, long before there is a second thread. */
void suite_sha256_apart(void)
{
	if (of_libcrypto.init)
		return;
	find_libfrr();
	find_libcrypto();
}

static bool from_libfrr(const char *caller)
{
	suite_sha256_apart();
	return caller >= of_libfrr.start && caller < of_libfrr.end;
}

int SHA256_Init(void *ctx)
{
	if (!from_libfrr(__builtin_return_address(0)))
		return of_libcrypto.init(ctx);
	of_libfrr.init(ctx);
	return 1;
}

int SHA256_Update(void *ctx, const void *text, size_t n)
{
	if (!from_libfrr(__builtin_return_address(0)))
		return of_libcrypto.update(ctx, text, n);
	of_libfrr.update(ctx, text, n);
	return 1;
}

int SHA256_Final(uint8_t *hash, void *ctx)
{
	if (!from_libfrr(__builtin_return_address(0)))
		return of_libcrypto.final(hash, ctx);
	of_libfrr.final(hash, ctx);
	return 1;
}
