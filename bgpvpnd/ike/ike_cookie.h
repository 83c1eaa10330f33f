// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stateless cookies against floods of IKE_SA_INIT: RFC 7296 2.6. A cookie is the number of the secret and
 * prf(secret, Ni | IPi | SPIi). Called by the responder side of IKE_SA_INIT.
 */
#ifndef BGPVPN_IKE_IKE_COOKIE_H
#define BGPVPN_IKE_IKE_COOKIE_H

#include "bgpvpnd/ike/ike.h"

#define IKE_COOKIE_LEN 33

/* The secret in use and the one before. Embedded in the engine; all zeroes is a jar without secrets. */
struct ike_cookie_jar {
	struct secret secrets[2]; /* by the lowest bit of their number */
	struct instant made[2];
	uint8_t current; /* number of the secret in use */
};

void ike_cookie_jar_fini(struct ike_cookie_jar *jar);

/*
 * Makes a cookie, after taking a new secret from host->random when the one in use is LIMIT_COOKIE_SECRET_S
 * old.
 */
void ike_cookie_make(struct ike_cookie_jar *jar, const struct ike_host *host, struct bytes ni,
		     const struct endpoint *remote, uint64_t spi_i, struct instant now,
		     uint8_t out[IKE_COOKIE_LEN], size_t *len);

/*
 * Is it one of ours, for this initiator, from a secret less than twice LIMIT_COOKIE_SECRET_S old? In
 * constant time.
 */
bool ike_cookie_valid(const struct ike_cookie_jar *jar, struct bytes cookie, struct bytes ni,
		      const struct endpoint *remote, uint64_t spi_i, struct instant now);

#endif
