// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AUTH with a pre-shared key: both directions of two strongSwan exchanges, and answers of Python's hmac for
 * other PRFs.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_auth.h"
#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/mem_live.h"
#include "tests/vectors/strongswan_ike.h"

static void assert_auth(uint16_t prf, struct bytes psk, struct bytes message, struct bytes nonce,
			struct bytes key, struct bytes id, struct bytes want)
{
	struct secret sk_p = {};
	struct secret auth = {};

	secret_set(&sk_p, key);
	ike_auth_psk(crypto_prf_find(prf), psk, message, nonce, &sk_p, id, bytes_make(NULL, 0), &auth);
	assert_true(secret_equal(secret_view(&auth), want));
	secret_fini(&auth);
	secret_fini(&sk_p);
	assert_int_equal(mem_live(), 0);
}

static void test_strongswan(void **state)
{
	for (size_t i = 0; i < array_size(strongswan_exchanges); i++) {
		const struct strongswan_exchange *e = &strongswan_exchanges[i];

		assert_auth(e->prf, e->psk, e->init_request, e->nr, e->sk_pi, e->id_i, e->auth_i);
		assert_auth(e->prf, e->psk, e->init_response, e->ni, e->sk_pr, e->id_r, e->auth_r);
	}
}

/*
 * Python: prf = lambda h, k, d: hmac.new(k, d, h).digest() prf(h, prf(h, b"secret", b"Key Pad for IKEv2"),
 * b"message" + b"nonce-nonce-nonce" + prf(h, b"\7" * 20, b"\2\0\0\0id"))
 */
static void test_known_answers(void **state)
{
	static const uint8_t sha1[] = {0x73, 0x4e, 0xcf, 0x68, 0x78, 0xa6, 0x3a, 0x9b, 0x83, 0x74,
				       0x16, 0x23, 0x6b, 0xc7, 0xec, 0x09, 0xc5, 0xc6, 0x2f, 0x97};
	static const uint8_t sha384[] = {0x43, 0x5f, 0x51, 0xa4, 0x3e, 0xf0, 0xc3, 0xd4, 0xd5, 0x8e,
					 0x15, 0xf5, 0x6a, 0x8e, 0x6e, 0xda, 0x29, 0xb8, 0x96, 0xdb,
					 0x5a, 0x68, 0x74, 0xb9, 0x2e, 0x37, 0x9a, 0x30, 0x83, 0xbb,
					 0xc5, 0x61, 0x37, 0x82, 0x20, 0x38, 0x45, 0xce, 0x90, 0x77,
					 0x14, 0xea, 0x84, 0xfc, 0x26, 0xe5, 0x2e, 0x55};
	static const uint8_t id[] = {2, 0, 0, 0, 'i', 'd'};
	uint8_t sk_p[20];

	memset(sk_p, 7, sizeof(sk_p));
	assert_auth(IKE_PRF_HMAC_SHA1, bytes_str("secret"), bytes_str("message"),
		    bytes_str("nonce-nonce-nonce"), BYTES_OF(sk_p), BYTES_OF(id), BYTES_OF(sha1));
	assert_auth(IKE_PRF_HMAC_SHA2_384, bytes_str("secret"), bytes_str("message"),
		    bytes_str("nonce-nonce-nonce"), BYTES_OF(sk_p), BYTES_OF(id), BYTES_OF(sha384));
}

static int setup(void **state)
{
	return crypto_init();
}

static int teardown(void **state)
{
	crypto_fini();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strongswan),
		cmocka_unit_test(test_known_answers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
