// SPDX-License-Identifier: GPL-2.0-or-later
/* Cookies, see ike_cookie.h. */
#include <zebra.h>

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/ike/ike_cookie.h"

#define COOKIE_SECRET_LEN 32
#define COOKIE_MAC_LEN	  (IKE_COOKIE_LEN - 1)
#define SECRET_LIFE_US	  (LIMIT_COOKIE_SECRET_S * USEC_PER_S)

static unsigned int slot_of(uint8_t number)
{
	return number & 1;
}

static bool younger_than(const struct ike_cookie_jar *jar, uint8_t number, int64_t age_us, struct instant now)
{
	unsigned int slot = slot_of(number);

	return jar->secrets[slot].len && instant_diff(now, jar->made[slot]) < age_us;
}

static void take_new_secret(struct ike_cookie_jar *jar, const struct ike_host *host, struct instant now)
{
	unsigned int slot = slot_of(++jar->current);

	secret_alloc(&jar->secrets[slot], COOKIE_SECRET_LEN);
	host->random(host->arg, jar->secrets[slot].key, COOKIE_SECRET_LEN);
	jar->made[slot] = now;
}

static void cookie_of(const struct ike_cookie_jar *jar, uint8_t number, struct bytes ni,
		      const struct endpoint *remote, uint64_t spi_i, uint8_t out[IKE_COOKIE_LEN])
{
	const struct crypto_prf *prf = crypto_prf_find(IKE_PRF_HMAC_SHA2_256);
	uint8_t spi[8];
	struct wr wr = wr_of(spi, sizeof(spi));
	struct bytes parts[] = {ni, ipaddr_bytes(&remote->addr), BYTES_OF(spi)};

	assert(prf && prf->out_len == COOKIE_MAC_LEN);
	wr_u64(&wr, spi_i);
	out[0] = number;
	crypto_prf(prf, secret_view(&jar->secrets[slot_of(number)]), parts, array_size(parts), out + 1);
}

void ike_cookie_jar_fini(struct ike_cookie_jar *jar)
{
	secret_fini(&jar->secrets[0]);
	secret_fini(&jar->secrets[1]);
}

void ike_cookie_make(struct ike_cookie_jar *jar, const struct ike_host *host, struct bytes ni,
		     const struct endpoint *remote, uint64_t spi_i, struct instant now,
		     uint8_t out[IKE_COOKIE_LEN], size_t *len)
{
	if (!younger_than(jar, jar->current, SECRET_LIFE_US, now))
		take_new_secret(jar, host, now);
	cookie_of(jar, jar->current, ni, remote, spi_i, out);
	*len = IKE_COOKIE_LEN;
}

/*
 * The number in the cookie must be one of the two that are kept: the slot alone would let 256 numbers pass.
 */
static bool number_is_ours(const struct ike_cookie_jar *jar, uint8_t number)
{
	return number == jar->current || number == (uint8_t)(jar->current - 1);
}

bool ike_cookie_valid(const struct ike_cookie_jar *jar, struct bytes cookie, struct bytes ni,
		      const struct endpoint *remote, uint64_t spi_i, struct instant now)
{
	uint8_t want[IKE_COOKIE_LEN];
	uint8_t number;

	if (cookie.n != IKE_COOKIE_LEN)
		return false;
	number = cookie.p[0];
	if (!number_is_ours(jar, number) || !younger_than(jar, number, 2 * SECRET_LIFE_US, now))
		return false;
	cookie_of(jar, number, ni, remote, spi_i, want);
	return secret_equal(cookie, BYTES_OF(want));
}
