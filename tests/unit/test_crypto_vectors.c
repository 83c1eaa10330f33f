// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whatever a proposal can name, and whatever we sign with, has a known answer in tests/vectors, printed by an RFC or by NIST, or is in the
 * list of those that nobody printed any for, with what stands in for it. So a new row of crypto_suite.c fails here until it has one.
 * That the answers hold is for test_crypto_box, _ke, _prf and _sign.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/test_certs.h"

#include "bgpvpnd/crypto/crypto.h"
#include "tests/vectors/crypto_box.h"
#include "tests/vectors/crypto_ke.h"
#include "tests/vectors/crypto_kem.h"
#include "tests/vectors/crypto_prf.h"
#include "tests/vectors/crypto_sign.h"

/* IANA's numbers are far below it; the null suite of the tests is above. */
#define IDS 1100

static int setup(void **state)
{
	return crypto_init();
}

static int teardown(void **state)
{
	crypto_fini();
	return 0;
}

/* "own" answers come from our own hand, checked by crypto_verify.py: not what a document says. */
static bool is_printed(const char *source)
{
	return strncmp(source, "own", 3) != 0;
}

/* --- ciphers and integrity ------------------------------------------------------------------------------- */

static bool box_has(uint16_t encr, uint16_t key_bits)
{
	for (size_t i = 0; i < array_size(box_vectors); i++)
		if (box_vectors[i].encr == encr && box_vectors[i].key_bits == key_bits &&
		    is_printed(box_vectors[i].source))
			return true;
	return false;
}

/* "own ICV": the document is about the cipher, and says nothing of the HMAC. */
static bool integ_has(uint16_t integ)
{
	for (size_t i = 0; i < array_size(box_vectors); i++)
		if (box_vectors[i].integ == integ && is_printed(box_vectors[i].source) &&
		    !strstr(box_vectors[i].source, "own"))
			return true;
	return false;
}

static void every_cipher(void **state)
{
	static const uint16_t bits[] = {0, 128, 192, 256};
	unsigned int offered = 0;

	for (uint16_t id = 0; id < IDS; id++)
		for (size_t b = 0; b < array_size(bits); b++) {
			const struct crypto_encr *encr = crypto_encr_find(id, bits[b]);

			offered += encr != NULL;
			if (encr && !box_has(id, bits[b]))
				fail_msg("%s has no known answer", encr->name);
		}
	assert_true(offered >= 7);
}

static void every_integrity_algorithm(void **state)
{
	unsigned int offered = 0;

	for (uint16_t id = 0; id < IDS; id++) {
		const struct crypto_integ *integ = crypto_integ_find(id);

		offered += integ != NULL;
		if (integ && !integ_has(id))
			fail_msg("%s has no known answer", integ->name);
	}
	assert_true(offered >= 4);
}

/* --- PRFs ------------------------------------------------------------------------------------------------ */

static bool prf_has(uint16_t id)
{
	for (size_t i = 0; i < array_size(prf_vectors); i++)
		if (prf_vectors[i].id == id && is_printed(prf_vectors[i].source))
			return true;
	return false;
}

static bool prf_plus_has(uint16_t id)
{
	for (size_t i = 0; i < array_size(prf_plus_vectors); i++)
		if (prf_plus_vectors[i].id == id)
			return true;
	return false;
}

static void every_prf(void **state)
{
	unsigned int offered = 0;

	for (uint16_t id = 0; id < IDS; id++) {
		const struct crypto_prf *prf = crypto_prf_find(id);

		offered += prf != NULL;
		if (prf && (!prf_has(id) || !prf_plus_has(id)))
			fail_msg("%s has no known answer", prf->name);
	}
	assert_true(offered >= 4);
}

/* --- key exchange ---------------------------------------------------------------------------------------- */

/* No document prints an exchange in the groups of RFC 3526: 2^x mod p by crypto_verify.py stands in, and for 14 NIST's g^x. */
static const uint16_t ke_nobody_printed[] = {IKE_KE_MODP_2048, IKE_KE_MODP_3072, IKE_KE_MODP_4096};

static bool ke_may_be_own(uint16_t id)
{
	for (size_t i = 0; i < array_size(ke_nobody_printed); i++)
		if (ke_nobody_printed[i] == id)
			return true;
	return false;
}

static bool ke_has(uint16_t id)
{
	for (size_t i = 0; i < array_size(kem_vectors); i++)
		if (kem_vectors[i].id == id)
			return true;
	for (size_t i = 0; i < array_size(ke_vectors); i++)
		if (ke_vectors[i].id == id && (is_printed(ke_vectors[i].source) || ke_may_be_own(id)))
			return true;
	return false;
}

static void every_key_exchange(void **state)
{
	unsigned int offered = 0;

	for (uint16_t id = 0; id < IDS; id++) {
		const struct crypto_ke_method *method = crypto_ke_method_find(id);

		offered += method != NULL;
		if (method && !ke_has(id))
			fail_msg("%s has no known answer", method->name);
	}
	assert_true(offered >= 7);
}

/* --- signatures: what we make with each kind of key, for each hash that a peer may take ------------------ */

/* PSS with a salt as long as the hash: NIST's CAVP of 186-3 has no salt, so that length is ours, and without one is NIST's. */
static bool sign_may_be_own(struct bytes alg)
{
	static const uint8_t pss[] = {0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48,
				      0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};

	return alg.n > sizeof(pss) && memcmp(alg.p, pss, sizeof(pss)) == 0;
}

static bool sign_has(const struct crypto_sig *sig)
{
	for (size_t i = 0; i < array_size(sign_vectors); i++) {
		const struct sign_vector *v = &sign_vectors[i];
		bool is_classic_rsa = sig->method == IKE_AUTH_RSA_SIGNATURE;

		/* Method 1 with SHA-256 is PKCS#1 v1.5 with SHA-256 of method 14, without its name. */
		if (is_classic_rsa && strcmp(v->alg, "300d06092a864886f70d01010b0500") == 0 &&
		    is_printed(v->source))
			return true;
		if (v->method == sig->method && bytes_equal(hex_bytes(v->alg), sig->alg) &&
		    (is_printed(v->source) || sign_may_be_own(sig->alg)))
			return true;
	}
	return false;
}

static void assert_signs_as_known(const char *name, uint32_t hashes, bool rsa_pkcs1)
{
	struct crypto_creds *creds = test_certs_creds(name);
	struct secret room = {};
	struct crypto_sig sig;

	if (crypto_sign(creds, hashes, rsa_pkcs1, bytes_str("sample"), &sig, &room) && !sign_has(&sig))
		fail_msg("%s signs with method %u in a way that has no known answer, hashes %x", name,
			 sig.method, hashes);
	secret_fini(&room);
	crypto_creds_unref(creds);
}

static void every_signature(void **state)
{
	static const char *const keys[] = {"rsa", "a", "p384", "p521", "ed25519"};

	for (size_t k = 0; k < array_size(keys); k++) {
		for (int pkcs1 = 0; pkcs1 < 2; pkcs1++) {
			assert_signs_as_known(keys[k], 0, pkcs1);
			assert_signs_as_known(keys[k], CRYPTO_SIG_HASHES, pkcs1);
			for (unsigned int hash = 0; hash < 32; hash++)
				assert_signs_as_known(keys[k], 1u << hash, pkcs1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cipher),	   cmocka_unit_test(every_integrity_algorithm),
		cmocka_unit_test(every_prf),	   cmocka_unit_test(every_key_exchange),
		cmocka_unit_test(every_signature),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
