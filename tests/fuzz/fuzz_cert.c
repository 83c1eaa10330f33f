// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificates of a stranger: the payloads, then what is in them, up to the signature of AUTH. The input is a CERT payload, and again
 * a CERTREQ, a name, and a signature with its algorithm.
 */
#include <zebra.h>

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/proto/proto.h"
#include "tests/fuzz/fuzz.h"
#include "tests/helpers/proto_equal.h"

/* tests/vectors/certs/ca.pem */
static const char authority[] = "-----BEGIN CERTIFICATE-----\n"
				"MIIB4TCCAYegAwIBAgIUO8Nqf38tvuBViK5lwd14StcqS5wwCgYIKoZIzj0EAwIw\n"
				"PTELMAkGA1UEBhMCWFgxFTATBgNVBAoMDGJncHZwbmQgdGVzdDEXMBUGA1UEAwwO\n"
				"dGVzdCBhdXRob3JpdHkwIBcNMjYxMTIwMjE1ODU3WhgPMjEyNjEwMjcyMTU4NTda\n"
				"MD0xCzAJBgNVBAYTAlhYMRUwEwYDVQQKDAxiZ3B2cG5kIHRlc3QxFzAVBgNVBAMM\n"
				"DnRlc3QgYXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1qeOl2nK\n"
				"EOqsOS2qCuEVfiFr2XpI0hF0cZkE5tfROnlZUUxPdPKcryr9dhg30wldbs4BxyqR\n"
				"sT4tZ1f1V+uCnaNjMGEwHQYDVR0OBBYEFMO6I5gtcuQKw2QCWB9mrhKbv9IDMB8G\n"
				"A1UdIwQYMBaAFMO6I5gtcuQKw2QCWB9mrhKbv9IDMA8GA1UdEwEB/wQFMAMBAf8w\n"
				"DgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49BAMCA0gAMEUCIQDxdo1nysfBpGDbGV3i\n"
				"UaOmlVZjO3IvyBdf9MFyfrFNawIgMtgvCzS5RazIxVlA0rfWEmFKvsGjtQyRScV7\n"
				"UehiHOc=\n"
				"-----END CERTIFICATE-----\n";

#define TIME_S 1893456000 /* 2030-01-01 */

static void hashes(struct bytes input)
{
	uint32_t first, second;
	uint8_t buf[64];
	struct wr wr = wr_of(buf, sizeof(buf));

	if (ike_sig_hashes_decode(input, &first) != IKE_R_OK || !first)
		return;
	ike_sig_hashes_encode(&wr, first);
	FUZZ_REQUIRE(!wr.failed);
	FUZZ_REQUIRE(ike_sig_hashes_decode(wr_bytes_view(&wr), &second) == IKE_R_OK && first == second);
}

static void names(struct bytes input)
{
	char small[16], buf[256], err[256], text[256];
	uint8_t der[LIMIT_ID];
	size_t n = MIN(input.n, sizeof(text) - 1);

	crypto_dn_format(input, small, sizeof(small));
	FUZZ_REQUIRE(strlen(small) < sizeof(small));
	if (crypto_dn_format(input, buf, sizeof(buf)))
		for (const char *p = buf; *p; p++)
			FUZZ_REQUIRE(*p >= ' ' && *p <= '~');
	crypto_dn_equal(input, input);
	if (n)
		memcpy(text, input.p, n);
	text[n] = '\0';
	n = crypto_dn_parse(text, der, sizeof(der), err, sizeof(err));
	if (n)
		FUZZ_REQUIRE(crypto_dn_equal(bytes_make(der, n), bytes_make(der, n)));
}

static void use(const struct crypto_cert *cert, struct bytes der)
{
	const struct crypto_sig sig = {IKE_AUTH_DIGITAL_SIGNATURE, der, der};
	char buf[128];

	crypto_cert_format(cert, buf, sizeof(buf));
	FUZZ_REQUIRE(strlen(buf) < sizeof(buf));
	if (crypto_cert_has_id(cert, IKE_ID_FQDN, bytes_str("a.example.org")))
		FUZZ_REQUIRE(!crypto_cert_has_id(cert, IKE_ID_KEY_ID, bytes_str("a.example.org")));
	FUZZ_REQUIRE(crypto_cert_check(cert, &sig, der) != CRYPTO_SIG_OK);
}

static void certificate(struct bytes input)
{
	static struct crypto_trust *trust;
	struct crypto_cert *cert = NULL;
	struct bytes chain[2] = {input, input};
	struct ike_cert payload;
	char words[256];

	if (!trust)
		trust = crypto_trust_from_pem(bytes_str(authority), bytes_make(NULL, 0), words,
					      sizeof(words));
	FUZZ_REQUIRE(trust);
	if (ike_cert_decode(rd_of(input), &payload) == IKE_R_OK)
		chain[0] = chain[1] = payload.data;
	if (crypto_trust_verify(trust, chain, 2, TIME_S, &cert, words, sizeof(words)) == CRYPTO_CERT_OK)
		use(cert, input);
	crypto_cert_free(cert);
}

static void signature(struct bytes input)
{
	static const uint8_t spki[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
				       0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
	struct crypto_sig sig = {.method = IKE_AUTH_DIGITAL_SIGNATURE};
	uint8_t key[sizeof(spki) + 32] = {};
	struct ike_auth_sig parts;
	struct crypto_cert *cert;

	memcpy(key, spki, sizeof(spki));
	cert = crypto_cert_of_key(BYTES_OF(key));
	FUZZ_REQUIRE(cert);
	if (ike_auth_sig_decode(rd_of(input), &parts) == IKE_R_OK) {
		sig.alg = parts.alg;
		sig.value = parts.value;
		(void)!crypto_cert_check(cert, &sig, input);
	}
	crypto_cert_free(cert);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = bytes_make(data, size);
	static bool ready;

	if (!ready)
		crypto_init();
	ready = true;
	if (size > LIMIT_IKE_MSG)
		return 0;
	FUZZ_ROUND_TRIP(struct ike_cert, input, ike_cert_decode, ike_cert_encode, cert_equal, &);
	FUZZ_ROUND_TRIP(struct ike_certreq, input, ike_certreq_decode, ike_certreq_encode, certreq_equal, &);
	hashes(input);
	names(input);
	certificate(input);
	signature(input);
	return 0;
}
