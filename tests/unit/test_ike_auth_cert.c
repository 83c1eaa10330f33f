// SPDX-License-Identifier: GPL-2.0-or-later
/* IKE_AUTH with certificates, two engines on one table: each kind of key, who may come in, and why one may not. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_pair.h"
#include "tests/helpers/mem_live.h"
#include "tests/helpers/test_certs.h"

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/proto/proto.h"

#define IKE_DEFAULT "aes128gcm16-prfsha256-curve25519"
#define ESP_DEFAULT "aes128gcm16"

static size_t live_before;

static int setup(void **state)
{
	live_before = mem_live();
	return 0;
}

static int teardown(void **state)
{
	crypto_null_enable(false);
	assert_int_equal(mem_live(), live_before);
	return 0;
}

/* How one side authenticates: its certificate, or NULL; the authorities and lists it asks the peer for, or NULL. */
struct auth_cfg {
	const char *cert;
	const char *ca;
	const char *crl;
	const char *local_id[2]; /* kind and value; NULL: the address */
	const char *remote_id[2];
};

static void parse_id(const char *const id[2], struct ike_id_cfg *out)
{
	char err[256] = "";

	if (id[0])
		assert_true(ike_id_parse(id[0], id[1], out, err, sizeof(err)));
	assert_string_equal(err, "");
}

static void configure(struct pair *p, struct pair_side *side, const struct auth_cfg *auth)
{
	struct pair_side *peer = side == &p->a ? &p->b : &p->a;
	struct ike_conn_cfg *cfg = pair_cfg(side, peer, IKE_DEFAULT, ESP_DEFAULT);

	if (auth->cert)
		cfg->creds = test_certs_creds(auth->cert);
	if (auth->ca)
		cfg->trust = test_certs_trust(auth->ca, auth->crl);
	if (cfg->creds && cfg->trust)
		secret_fini(&cfg->psk);
	parse_id(auth->local_id, &cfg->local_id);
	parse_id(auth->remote_id, &cfg->remote_id);
	ike_conn_set(side->engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

static void start(struct pair *p, const struct auth_cfg *a, const struct auth_cfg *b)
{
	pair_init(p, IKE_DEFAULT, ESP_DEFAULT);
	configure(p, &p->a, a);
	configure(p, &p->b, b);
}

/* B's certificate, with A as initiator and as responder. */
static void assert_comes_up(const struct auth_cfg *a, const struct auth_cfg *b)
{
	struct pair p;

	for (int turn = 0; turn < 2; turn++) {
		start(&p, a, b);
		pair_initiate(&p, turn ? &p.b : &p.a);
		pair_run(&p);
		pair_assert_up(&p);
		pair_fini(&p);
	}
}

/* A does not let B in, whoever begins; `word` stands in what A's operator reads. */
static void assert_refused(const struct auth_cfg *a, const struct auth_cfg *b, enum ike_reason reason,
			   const char *word)
{
	struct ike_conn_info info;
	struct pair p;

	for (int turn = 0; turn < 2; turn++) {
		start(&p, a, b);
		pair_initiate(&p, turn ? &p.b : &p.a);
		pair_run(&p);
		info = pair_info(&p.a);
		assert_int_equal(info.last_failure, reason);
		if (!strstr(info.last_failure_detail, word))
			fail_msg("\"%s\" is not in \"%s\"", word, info.last_failure_detail);
		assert_int_equal(p.a.children, 0);
		assert_int_not_equal(info.phase, IKE_PHASE_ESTABLISHED);
		/* Who is refused hears why, from an initiator once its doubts are over: RFC 7296 2.21.2. */
		pair_sleep(&p, 2 * LIMIT_REFUSAL_GRACE_MS * USEC_PER_MS, true);
		assert_int_equal(pair_info(&p.b).last_failure, IKE_R_PEER_AUTH_FAILED);
		pair_fini(&p);
	}
}

static const struct auth_cfg side_a = {.cert = "a", .ca = "ca.pem"};

static void test_every_kind_of_key(void **state)
{
	static const char *const certs[] = {"b", "p384", "p521", "rsa", "ed25519", "chained"};

	for (size_t i = 0; i < array_size(certs); i++)
		assert_comes_up(&side_a, &(struct auth_cfg){.cert = certs[i], .ca = "ca.pem"});
}

static void test_identities(void **state)
{
	const struct auth_cfg b = {.cert = "b",
				   .ca = "ca.pem",
				   .local_id = {"fqdn", "b.example.org"},
				   .remote_id = {"email", "ops@a.example.org"}};
	const struct auth_cfg a = {.cert = "a",
				   .ca = "ca.pem",
				   .local_id = {"email", "ops@a.example.org"},
				   .remote_id = {"fqdn", "B.example.org"}};
	const struct auth_cfg dn_b = {
		.cert = "b", .ca = "ca.pem", .local_id = {"dn", "C=XX, O=bgpvpnd test, CN=b"}};
	const struct auth_cfg dn_a = {
		.cert = "a", .ca = "ca.pem", .remote_id = {"dn", "C=xx,O=BGPVPND  test,CN=B"}};

	assert_comes_up(&a, &b);
	assert_comes_up(&dn_a, &dn_b);
}

/* Each side in its own way: A signs and wants the key, B has the key and wants a signature. */
static void test_mixed(void **state)
{
	assert_comes_up(&(struct auth_cfg){.cert = "a"}, &(struct auth_cfg){.ca = "ca.pem"});
}

static void test_revocation_lists(void **state)
{
	const struct auth_cfg strict = {.cert = "a", .ca = "ca.pem", .crl = "ca.crl"};
	const struct auth_cfg old = {.cert = "a", .ca = "ca.pem", .crl = "old.crl"};

	assert_comes_up(&strict, &(struct auth_cfg){.cert = "b", .ca = "ca.pem"});
	assert_comes_up(&side_a, &(struct auth_cfg){.cert = "revoked", .ca = "ca.pem"});
	assert_refused(&strict, &(struct auth_cfg){.cert = "revoked", .ca = "ca.pem"}, IKE_R_CERT_REVOKED,
		       "CN=revoked");
	assert_refused(&old, &(struct auth_cfg){.cert = "b", .ca = "ca.pem"}, IKE_R_CERT_NO_CRL, "CN=b");
	assert_refused(&strict, &(struct auth_cfg){.cert = "chained", .ca = "ca.pem"}, IKE_R_CERT_NO_CRL,
		       "middle authority");
}

static void test_refusals(void **state)
{
	const struct auth_cfg any_fqdn = {
		.cert = "a", .ca = "ca.pem", .remote_id = {"fqdn", "b.example.org"}};

	assert_refused(&side_a, &(struct auth_cfg){.cert = "expired", .ca = "ca.pem"}, IKE_R_CERT_EXPIRED,
		       "CN=expired");
	assert_refused(&side_a, &(struct auth_cfg){.cert = "stranger", .ca = "ca.pem"}, IKE_R_CERT_UNKNOWN_CA,
		       "another authority");
	assert_refused(&side_a, &(struct auth_cfg){.cert = "wrong-san", .ca = "ca.pem"}, IKE_R_CERT_ID,
		       "c.example.org");
	assert_refused(&any_fqdn,
		       &(struct auth_cfg){
			       .cert = "wrong-san", .ca = "ca.pem", .local_id = {"fqdn", "b.example.org"}},
		       IKE_R_CERT_ID, "c.example.org");
	assert_refused(&side_a, &(struct auth_cfg){.ca = "ca.pem"}, IKE_R_AUTH_METHOD, "shared key");
	assert_refused(&(struct auth_cfg){.cert = "a"}, &(struct auth_cfg){.cert = "b", .ca = "ca.pem"},
		       IKE_R_AUTH_METHOD, "digital signature");
}

/* The peer knows no RFC 7427 (its notify is renamed on the way): the classic methods, where the key has one. */
static void hide_hashes(struct pair_datagram *d)
{
	static const uint8_t notify[] = {IKE_NOTIFY_SIGNATURE_HASH_ALGORITHMS >> 8,
					 IKE_NOTIFY_SIGNATURE_HASH_ALGORITHMS & 0xff};
	uint8_t *found = memmem(d->data, d->len, notify, sizeof(notify));

	assert_non_null(found);
	found[1]++;
}

/*
 * A initiates; B is an old peer that says nothing of hashes. The message that A signs is its own, which nobody bends, and B's AUTH signs
 * a message that A got bent: so it is A's signature, by B, that is looked at.
 */
static void old_peer(const char *cert, bool good)
{
	const struct auth_cfg b = {.cert = "b", .ca = "ca.pem"};
	const struct auth_cfg a = {.cert = cert, .ca = "ca.pem", .local_id = {"address", "10.0.0.2"}};
	struct ike_counters counters;
	struct pair_datagram d;
	struct pair p;

	start(&p, &a, &(struct auth_cfg){.cert = b.cert, .ca = b.ca, .remote_id = {"address", "10.0.0.2"}});
	pair_initiate(&p, &p.a);
	assert_true(pair_take(&p.a, &d));
	pair_give(&p, &p.b, &d);
	assert_true(pair_take(&p.b, &d));
	hide_hashes(&d);
	pair_give(&p, &p.a, &d);
	pair_run(&p);
	ike_engine_counters(p.b.engine, &counters);
	assert_int_equal(p.b.ike_up, good ? 1 : 0);
	assert_int_equal(counters.reasons[IKE_R_SIGNATURE], 0);
	assert_int_equal(pair_info(&p.a).last_failure, good ? IKE_R_SIGNATURE : IKE_R_CANNOT_SIGN);
	pair_fini(&p);
}

static void test_peer_without_rfc7427(void **state)
{
	old_peer("b", true);
	old_peer("p384", true);
	old_peer("p521", true);
	old_peer("rsa", true);
	old_peer("ed25519", false);
}

/* A signature over another first message is none: the notify in IKE_SA_INIT is protected by AUTH. */
static void test_bent_init_is_noticed(void **state)
{
	struct pair_datagram d;
	struct pair p;

	start(&p, &side_a, &(struct auth_cfg){.cert = "rsa", .ca = "ca.pem"});
	pair_initiate(&p, &p.a);
	assert_true(pair_take(&p.a, &d));
	hide_hashes(&d);
	pair_give(&p, &p.b, &d);
	pair_run(&p);
	assert_int_equal(pair_info(&p.b).last_failure, IKE_R_SIGNATURE);
	assert_int_equal(p.b.children, 0);
	pair_fini(&p);
}

/* --- RSA: PSS or PKCS#1 v1.5 ----------------------------------------------------------------------------- */

/* What can be read on the way: no encryption, no fragments. */
static void configure_rsa(struct pair *p, struct pair_side *side, const char *cert, bool pkcs1)
{
	struct pair_side *peer = side == &p->a ? &p->b : &p->a;
	struct ike_conn_cfg *cfg = pair_cfg(side, peer, IKE_DEFAULT, ESP_DEFAULT);

	cfg->ike[0] = (struct ike_proposal_cfg){
		.num = 3,
		.transforms = {{IKE_TRANSFORM_ENCR, IKE_ENCR_NULL, 0},
			       {IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256, 0},
			       {IKE_TRANSFORM_KE, CRYPTO_KE_NULL, 0}},
	};
	cfg->fragmentation = 0;
	cfg->rsa_pkcs1 = pkcs1;
	cfg->creds = test_certs_creds(cert);
	cfg->trust = test_certs_trust("ca.pem", NULL);
	secret_fini(&cfg->psk);
	ike_conn_set(side->engine, PAIR_CONN, cfg);
	ike_conn_cfg_unref(cfg);
}

static int deliver_and_look(struct pair *p, struct pair_side *from, struct bytes what)
{
	struct pair_datagram d;
	int found = 0;

	while (pair_take(from, &d)) {
		found += memmem(d.data, d.len, what.p, what.n) != NULL;
		pair_give(p, from == &p->a ? &p->b : &p->a, &d);
	}
	return found;
}

/* AUTH of B, whoever begins, holds `auth`, and A takes it. A has the word as well, and a key that it says nothing of. */
static void assert_auth_is(const char *cert, bool pkcs1, struct bytes auth)
{
	struct pair p;
	int found;

	for (int turn = 0; turn < 2; turn++) {
		crypto_null_enable(true);
		pair_init(&p, IKE_DEFAULT, ESP_DEFAULT);
		configure_rsa(&p, &p.a, "a", true);
		configure_rsa(&p, &p.b, cert, pkcs1);
		pair_initiate(&p, turn ? &p.b : &p.a);
		for (found = 0; p.a.queued || p.b.queued;) {
			found += deliver_and_look(&p, &p.b, auth);
			deliver_and_look(&p, &p.a, auth);
		}
		assert_int_equal(found, 1);
		pair_assert_up(&p);
		pair_fini(&p);
		crypto_null_enable(false);
	}
}

/* RFC 7427 3: method 14, three octets of zero, the length of the AlgorithmIdentifier, and it, as in appendix A. */
static void test_rsa_padding(void **state)
{
	static const uint8_t pkcs1[] = {14,   0,    0,	  0,	15,   0x30, 0x0d, 0x06, 0x09, 0x2a,
					0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00};
	static const uint8_t pss[] = {14,   0,	  0,	0,    67,   0x30, 0x41, 0x06, 0x09,
				      0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};
	static const uint8_t ecdsa[] = {14,   0,    0,	  0,	12,   0x30, 0x0a, 0x06, 0x08,
					0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

	assert_auth_is("rsa", false, BYTES_OF(pss));
	assert_auth_is("rsa", true, BYTES_OF(pkcs1));
	assert_auth_is("b", true, BYTES_OF(ecdsa));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_kind_of_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_identities, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mixed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_revocation_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_peer_without_rfc7427, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bent_init_is_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rsa_padding, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
