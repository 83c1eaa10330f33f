// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Proposals: spelling, offer, choice and answer. RFC 7296 2.7, 3.3; strongSwan's real offers come from
 * tests/vectors/.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_proposal.h"
#include "tests/helpers/cmocka_all.h"
#include "tests/vectors/strongswan_ike.h"

#define IKE IKE_PROTO_IKE
#define ESP IKE_PROTO_ESP

/*
 * --- stories in few words: "a, b" is a list of configured proposals
 * ------------------------------------------
 */

struct cfgs {
	struct ike_proposal_cfg list[LIMIT_PROPOSALS_CFG];
	uint8_t n;
};

static struct cfgs cfgs_of(uint8_t proto, const char *text)
{
	struct cfgs cfgs = {};
	char copy[512];
	char *rest = copy;
	char *one;

	strlcpy(copy, text, sizeof(copy));
	while ((one = strsep(&rest, ","))) {
		char err[256] = "";

		while (*one == ' ')
			one++;
		if (!ike_proposal_parse(proto, one, &cfgs.list[cfgs.n++], err, sizeof(err)))
			fail_msg("%s: %s", one, err);
	}
	return cfgs;
}

static struct ike_sa_payload offer_of(uint8_t proto, const char *text, bool with_ke)
{
	struct cfgs cfgs = cfgs_of(proto, text);
	struct ike_sa_payload offer;

	if (proto == ESP)
		ike_proposal_offer(proto, cfgs.list, cfgs.n, 0x12345678, 4, with_ke, &offer);
	else
		ike_proposal_offer(proto, cfgs.list, cfgs.n, 0, 0, with_ke, &offer);
	return offer;
}

static struct ike_transform *transform_of_type(struct ike_proposal *proposal, uint8_t type)
{
	for (unsigned int i = 0; i < proposal->num_transforms; i++)
		if (proposal->transforms[i].type == type)
			return &proposal->transforms[i];
	return NULL;
}

static void add(struct ike_proposal *proposal, uint8_t type, uint16_t id, uint16_t key_bits)
{
	proposal->transforms[proposal->num_transforms++] = (struct ike_transform){type, id, key_bits, false};
}

static void drop_type(struct ike_proposal *proposal, uint8_t type)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < proposal->num_transforms; i++)
		if (proposal->transforms[i].type != type)
			proposal->transforms[kept++] = proposal->transforms[i];
	proposal->num_transforms = (uint8_t)kept;
}

/* Our side `ours` chooses out of `offer`: the suite as text, or "" for NO_PROPOSAL. */
static const char *choice(uint8_t proto, const char *ours, const struct ike_sa_payload *offer, bool with_ke,
			  struct ike_proposal *answer)
{
	struct cfgs cfgs = cfgs_of(proto, ours);
	struct ike_suite suite;
	static char buf[128];

	if (ike_proposal_choose(proto, cfgs.list, cfgs.n, offer, with_ke, &suite, answer) == IKE_R_OK)
		return ike_suite_format(proto, &suite, buf, sizeof(buf));
	return "";
}

static void assert_chosen(uint8_t proto, const char *ours, const char *theirs, bool with_ke, unsigned int num,
			  const char *want)
{
	struct ike_sa_payload offer = offer_of(proto, theirs, with_ke);
	struct ike_proposal answer = {.num = 99};

	assert_string_equal(choice(proto, ours, &offer, with_ke, &answer), want);
	assert_int_equal(answer.num, *want ? num : 99);
}

/*
 * --- spelling
 * -----------------------------------------------------------------------------------------------
 */

/* Not memcmp: there is padding. */
static void assert_same_cfg(const struct ike_proposal_cfg *a, const struct ike_proposal_cfg *b)
{
	assert_int_equal(a->num, b->num);
	for (unsigned int i = 0; i < a->num; i++) {
		assert_int_equal(a->transforms[i].type, b->transforms[i].type);
		assert_int_equal(a->transforms[i].id, b->transforms[i].id);
		assert_int_equal(a->transforms[i].key_bits, b->transforms[i].key_bits);
	}
}

static void assert_spelled(uint8_t proto, const char *text, const char *want)
{
	struct cfgs cfgs = cfgs_of(proto, text);
	struct cfgs again;
	char buf[256];

	assert_string_equal(ike_proposal_format(proto, &cfgs.list[0], buf, sizeof(buf)), want);
	again = cfgs_of(proto, want);
	assert_same_cfg(&again.list[0], &cfgs.list[0]);
}

static void test_spelling(void **state)
{
	assert_spelled(IKE, "aes256gcm16-prfsha384-ecp384", "aes256gcm16-prfsha384-ecp384");
	assert_spelled(IKE, "aes256gcm16-ecp256", "aes256gcm16-prfsha256-ecp256");
	assert_spelled(IKE, "aes256gcm16-sha512-ecp256", "aes256gcm16-prfsha512-ecp256");
	assert_spelled(IKE, "aes256-sha256-modp2048", "aes256-sha256-modp2048");
	assert_spelled(IKE, "modp2048-sha1-aes128", "aes128-sha1-modp2048");
	assert_spelled(IKE, "aes256-sha256-prfsha512-modp2048", "aes256-sha256-prfsha512-modp2048");
	assert_spelled(IKE, "aes256-sha256-prfsha256-modp2048", "aes256-sha256-modp2048");
	assert_spelled(IKE, "aes256-aes128-sha256-sha1-modp2048-ecp256",
		       "aes256-aes128-sha256-sha1-modp2048-ecp256");
	assert_spelled(IKE, "aes256-aes256-sha256-modp2048", "aes256-sha256-modp2048");
	assert_spelled(IKE, "chacha20poly1305-x25519", "chacha20poly1305-prfsha256-curve25519");
	assert_spelled(IKE, "aes-sha2_256-ecp256", "aes128-sha256-ecp256");
	assert_spelled(IKE, "aes256gcm16-aes256-sha384-ecp384", "aes256gcm16-aes256-sha384-prfsha384-ecp384");
	assert_spelled(ESP, "aes256gcm16", "aes256gcm16");
	assert_spelled(ESP, "aes256gcm128-noesn", "aes256gcm16");
	assert_spelled(ESP, "aes256gcm16-sha256-ecp256", "aes256gcm16-ecp256");
	assert_spelled(ESP, "aes128-sha1", "aes128-sha1");
	assert_spelled(ESP, "aes128-esn-sha1", "aes128-sha1-esn");
	assert_spelled(ESP, "aes256gcm16-noesn-esn-ecp256", "aes256gcm16-ecp256-noesn-esn");
}

static void test_refused(void **state)
{
	static const struct {
		uint8_t proto;
		const char *text;
		const char *word; /* that the explanation must have */
	} rows[] = {
		{IKE, "", "the empty word"},
		{IKE, "aes256--sha256-modp2048", "the empty word"},
		{IKE, "aes256-sha256-modp2048-", "the empty word"},
		{IKE, "aes257-sha256-modp2048", "aes257"},
		{IKE, "aes256-sha256-modp1024", "modp1024"},
		{IKE, "AES256-sha256-modp2048", "AES256"},
		{IKE, "aes256-modp2048", "integrity"},
		{IKE, "aes256gcm16-aes256-modp2048", "integrity"},
		{IKE, "aes256-sha256", "key exchange"},
		{IKE, "sha256-modp2048", "encryption"},
		{IKE, "aes256gcm16-noesn-ecp256", "noesn"},
		{ESP, "aes256", "integrity"},
		{ESP, "aes256gcm16-prfsha256", "no PRF"},
		{IKE, "aes256gcm16-esn-ecp256", "esn"},
		{IKE,
		 "aes128-aes192-aes256-sha1-sha256-sha384-sha512-prfsha1-prfsha256-prfsha384-prfsha512-modp2048-modp3072-"
		 "modp4096-ecp256-ecp384-ecp521",
		 "more than 16"},
		{IKE,
		 "aes128-aes192-aes256-sha1-sha256-sha384-sha512-modp2048-modp3072-modp4096-ecp256-ecp384-ecp521",
		 "more than 16"}, /* with the PRFs that it implies */
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct ike_proposal_cfg cfg = {.num = 77};
		char err[256] = "";

		assert_false(ike_proposal_parse(rows[i].proto, rows[i].text, &cfg, err, sizeof(err)));
		assert_int_equal(cfg.num, 77);
		if (!strstr(err, rows[i].word))
			fail_msg("%s: %s", rows[i].text, err);
	}
}

static void test_overlong(void **state)
{
	struct ike_proposal_cfg cfg;
	char text[1000];
	char err[256];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	assert_false(ike_proposal_parse(IKE, text, &cfg, err, sizeof(err)));
	assert_non_null(strstr(err, "255"));
}

/*
 * --- the offer
 * ----------------------------------------------------------------------------------------------
 */

static void assert_offer(uint8_t proto, const char *text, bool with_ke, const char *want)
{
	struct ike_sa_payload offer = offer_of(proto, text, with_ke);
	char buf[512];

	assert_string_equal(ike_offer_format(&offer, buf, sizeof(buf)), want);
	for (unsigned int i = 0; i < offer.n; i++) {
		assert_int_equal(offer.proposals[i].num, i + 1);
		assert_int_equal(offer.proposals[i].proto, proto);
		assert_int_equal(offer.proposals[i].spi, proto == ESP ? 0x12345678 : 0);
		assert_int_equal(offer.proposals[i].spi_len, proto == ESP ? 4 : 0);
	}
}

static void test_offer(void **state)
{
	assert_offer(IKE, "aes256-sha256-modp2048, aes128gcm16-ecp256", true,
		     "aes256-sha256-prfsha256-modp2048, aes128gcm16-prfsha256-ecp256");
	assert_offer(ESP, "aes256gcm16-ecp256, aes256-sha256", true, "aes256gcm16-ecp256, aes256-sha256");
	assert_offer(ESP, "aes256gcm16-ecp256, aes256-sha256", false, "aes256gcm16, aes256-sha256");
}

static void test_offer_divides_mixed_proposals(void **state)
{
	assert_offer(IKE, "aes256-aes256gcm16-aes128-sha384-ecp384", true,
		     "aes256-aes128-sha384-prfsha384-ecp384, aes256gcm16-prfsha384-ecp384");
	assert_offer(ESP, "aes256gcm16-aes256-sha384, chacha20poly1305", false,
		     "aes256gcm16, aes256-sha384, chacha20poly1305");
}

static void test_offer_of_esp_says_no_esn(void **state)
{
	struct ike_sa_payload offer = offer_of(ESP, "aes256gcm16, aes128-sha1", false);

	for (unsigned int i = 0; i < offer.n; i++) {
		struct ike_transform *esn = transform_of_type(&offer.proposals[i], IKE_TRANSFORM_ESN);

		assert_non_null(esn);
		assert_int_equal(esn->id, IKE_ESN_NONE);
	}
	offer = offer_of(IKE, "aes256gcm16-ecp256", true);
	assert_null(transform_of_type(&offer.proposals[0], IKE_TRANSFORM_ESN));
}

static void test_offer_can_be_as_large_as_it_gets(void **state)
{
	const char *mixed =
		"aes128-aes192-aes256-aes128gcm16-aes192gcm16-aes256gcm16-sha1-sha256-sha384-modp2048-ecp256-ecp384-ecp521";
	struct cfgs cfgs = {.n = LIMIT_PROPOSALS_CFG};
	struct ike_sa_payload offer;
	char err[128];

	for (unsigned int i = 0; i < cfgs.n; i++)
		assert_true(ike_proposal_parse(IKE, mixed, &cfgs.list[i], err, sizeof(err)));
	ike_proposal_offer(IKE, cfgs.list, cfgs.n, 0, 0, true, &offer);
	assert_int_equal(offer.n, 2 * LIMIT_PROPOSALS_CFG);
}

/*
 * --- the choice
 * ---------------------------------------------------------------------------------------------
 */

static void test_choice_is_by_our_order(void **state)
{
	assert_chosen(IKE, "aes256-sha256-modp2048, aes128-sha1-ecp256",
		      "aes128-sha1-ecp256, aes256-sha256-modp2048", true, 2, "aes256-sha256-modp2048");
	assert_chosen(IKE, "aes256-aes128-sha256-sha1-ecp256-modp2048",
		      "aes128-aes256-sha1-sha256-modp2048-ecp256", true, 1, "aes256-sha256-ecp256");
	assert_chosen(IKE, "aes128gcm16-ecp256", "aes256gcm16-aes128gcm16-prfsha512-prfsha256-ecp384-ecp256",
		      true, 1, "aes128gcm16-prfsha256-ecp256");
	assert_chosen(ESP, "aes256gcm16, aes128-sha1", "aes128-sha1", false, 1, "aes128-sha1");
}

static void test_choice_finds_nothing(void **state)
{
	assert_chosen(IKE, "aes256-sha256-modp2048", "aes128-sha256-modp2048", true, 0, "");
	assert_chosen(IKE, "aes256-sha256-modp2048", "aes256-sha1-modp2048", true, 0, "");
	assert_chosen(IKE, "aes256-sha256-modp2048", "aes256-sha256-prfsha1-modp2048", true, 0, "");
	assert_chosen(IKE, "aes256-sha256-modp2048", "aes256-sha256-ecp256", true, 0, "");
	/* each type in common, but never within one proposal */
	assert_chosen(IKE, "aes256-sha256-modp2048", "aes256-sha256-ecp256, aes128-sha256-modp2048", true, 0,
		      "");
	assert_chosen(ESP, "aes256gcm16", "aes256-sha256", false, 0, "");
}

static void test_answer_has_one_of_each_type(void **state)
{
	struct ike_sa_payload offer =
		offer_of(IKE, "aes128-sha1-modp2048, aes256-aes128-sha256-sha1-modp2048-ecp256", true);
	struct ike_proposal answer;

	assert_string_equal(choice(IKE, "aes256-sha256-ecp256", &offer, true, &answer),
			    "aes256-sha256-ecp256");
	assert_int_equal(answer.num, 2);
	assert_int_equal(answer.num_transforms, 4);
	assert_int_equal(transform_of_type(&answer, IKE_TRANSFORM_ENCR)->key_bits, 256);
	assert_int_equal(transform_of_type(&answer, IKE_TRANSFORM_KE)->id, IKE_KE_ECP_256);
}

static void test_answer_carries_their_spi(void **state)
{
	struct ike_sa_payload offer = offer_of(ESP, "aes256gcm16", false);
	struct ike_proposal answer;

	assert_string_equal(choice(ESP, "aes256gcm16", &offer, false, &answer), "aes256gcm16");
	assert_int_equal(answer.spi, 0x12345678);
	assert_int_equal(answer.spi_len, 4);
	assert_int_equal(answer.proto, ESP);
}

static void test_integrity_none_beside_an_aead(void **state)
{
	struct ike_sa_payload offer = offer_of(IKE, "aes256gcm16-ecp256", true);
	struct ike_proposal answer;

	add(&offer.proposals[0], IKE_TRANSFORM_INTEG, IKE_INTEG_NONE, 0);
	assert_string_equal(choice(IKE, "aes256gcm16-ecp256", &offer, true, &answer),
			    "aes256gcm16-prfsha256-ecp256");
	assert_non_null(transform_of_type(&answer, IKE_TRANSFORM_INTEG));
	assert_int_equal(answer.num_transforms, 4);

	/* an integrity algorithm is not to be had together with an AEAD, RFC 5282 8 */
	transform_of_type(&offer.proposals[0], IKE_TRANSFORM_INTEG)->id = IKE_INTEG_HMAC_SHA2_256_128;
	assert_string_equal(choice(IKE, "aes256gcm16-ecp256", &offer, true, &answer), "");
}

/* Ciphers of both kinds in one proposal: what needs an integrity algorithm can be had. */
static void test_mixed_offer(void **state)
{
	struct ike_sa_payload offer = offer_of(IKE, "aes256-sha256-ecp256", true);
	struct ike_proposal answer;

	add(&offer.proposals[0], IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_16, 256);
	assert_string_equal(choice(IKE, "aes256gcm16-aes256-sha256-ecp256", &offer, true, &answer),
			    "aes256-sha256-ecp256");
	add(&offer.proposals[0], IKE_TRANSFORM_INTEG, IKE_INTEG_NONE, 0);
	assert_string_equal(choice(IKE, "aes256gcm16-aes256-sha256-ecp256", &offer, true, &answer),
			    "aes256gcm16-prfsha256-ecp256");
	assert_int_equal(transform_of_type(&answer, IKE_TRANSFORM_INTEG)->id, IKE_INTEG_NONE);
}

static void test_integrity_missing(void **state)
{
	struct ike_sa_payload offer = offer_of(ESP, "aes256-sha256", false);
	struct ike_proposal answer;

	drop_type(&offer.proposals[0], IKE_TRANSFORM_INTEG);
	assert_string_equal(choice(ESP, "aes256-sha256", &offer, false, &answer), "");
	add(&offer.proposals[0], IKE_TRANSFORM_INTEG, IKE_INTEG_NONE, 0);
	assert_string_equal(choice(ESP, "aes256-sha256", &offer, false, &answer), "");
}

static void test_perfect_forward_secrecy(void **state)
{
	struct ike_sa_payload offer = offer_of(ESP, "aes256gcm16-ecp256", true);
	struct ike_proposal answer;

	assert_string_equal(choice(ESP, "aes256gcm16-ecp256", &offer, true, &answer), "aes256gcm16-ecp256");
	assert_string_equal(choice(ESP, "aes256gcm16", &offer, true, &answer), "");
	add(&offer.proposals[0], IKE_TRANSFORM_KE, IKE_KE_NONE, 0);
	assert_string_equal(choice(ESP, "aes256gcm16", &offer, true, &answer), "aes256gcm16");
	assert_non_null(transform_of_type(&answer, IKE_TRANSFORM_KE));
	assert_int_equal(transform_of_type(&answer, IKE_TRANSFORM_KE)->id, IKE_KE_NONE);
	offer = offer_of(ESP, "aes256gcm16", true);
	assert_string_equal(choice(ESP, "aes256gcm16-ecp256", &offer, true, &answer), "");
}

/*
 * RFC 7296 1.2: in IKE_AUTH a key exchange has no place in an ESP proposal. Peers that leave it in are
 * understood.
 */
static void test_key_exchange_in_ike_auth(void **state)
{
	struct ike_sa_payload offer = offer_of(ESP, "aes256gcm16-ecp256", true);
	struct ike_proposal answer;

	assert_string_equal(choice(ESP, "aes256gcm16-ecp384", &offer, false, &answer), "aes256gcm16");
	assert_null(transform_of_type(&answer, IKE_TRANSFORM_KE));
	add(&offer.proposals[0], IKE_TRANSFORM_KE, IKE_KE_NONE, 0);
	assert_string_equal(choice(ESP, "aes256gcm16-ecp384", &offer, false, &answer), "aes256gcm16");
	assert_int_equal(transform_of_type(&answer, IKE_TRANSFORM_KE)->id, IKE_KE_NONE);
}

static void test_unknown_type_spoils_its_proposal(void **state)
{
	struct ike_sa_payload offer = offer_of(IKE, "aes256-sha256-ecp256, aes128-sha256-ecp256", true);
	struct ike_proposal answer;

	add(&offer.proposals[0], IKE_TRANSFORM_ADDKE1, 35, 0);
	assert_string_equal(choice(IKE, "aes256-sha256-ecp256, aes128-sha256-ecp256", &offer, true, &answer),
			    "aes128-sha256-ecp256");
	add(&offer.proposals[1], 0, 1, 0);
	assert_string_equal(choice(IKE, "aes256-sha256-ecp256, aes128-sha256-ecp256", &offer, true, &answer),
			    "");
}

static void test_unknown_attribute_spoils_its_transform(void **state)
{
	struct ike_sa_payload offer = offer_of(IKE, "aes256-aes128-sha256-ecp256", true);
	struct ike_proposal answer;

	offer.proposals[0].transforms[0].unknown_attribute = true;
	assert_string_equal(choice(IKE, "aes256-aes128-sha256-ecp256", &offer, true, &answer),
			    "aes128-sha256-ecp256");
	transform_of_type(&offer.proposals[0], IKE_TRANSFORM_KE)->unknown_attribute = true;
	assert_string_equal(choice(IKE, "aes256-aes128-sha256-ecp256", &offer, true, &answer), "");
}

static void test_key_length_must_be_the_same(void **state)
{
	struct ike_sa_payload offer = offer_of(IKE, "aes256-sha256-ecp256", true);
	struct ike_proposal answer;

	offer.proposals[0].transforms[0].key_bits = 0;
	assert_string_equal(choice(IKE, "aes256-sha256-ecp256", &offer, true, &answer), "");
	offer.proposals[0].transforms[0].key_bits = 256;
	transform_of_type(&offer.proposals[0], IKE_TRANSFORM_INTEG)->key_bits = 256;
	assert_string_equal(choice(IKE, "aes256-sha256-ecp256", &offer, true, &answer), "");
}

static void test_types_that_must_or_must_not_be(void **state)
{
	struct ike_sa_payload offer = offer_of(ESP, "aes256gcm16", false);
	struct ike_proposal answer;

	drop_type(&offer.proposals[0], IKE_TRANSFORM_ESN);
	assert_string_equal(choice(ESP, "aes256gcm16", &offer, false, &answer), "");
	add(&offer.proposals[0], IKE_TRANSFORM_ESN, IKE_ESN_ESN, 0);
	assert_string_equal(choice(ESP, "aes256gcm16", &offer, false, &answer), "");
	add(&offer.proposals[0], IKE_TRANSFORM_ESN, IKE_ESN_NONE, 0);
	assert_string_equal(choice(ESP, "aes256gcm16", &offer, false, &answer), "aes256gcm16");
	add(&offer.proposals[0], IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA1, 0);
	assert_string_equal(choice(ESP, "aes256gcm16", &offer, false, &answer), "");

	offer = offer_of(IKE, "aes256gcm16-ecp256", true);
	drop_type(&offer.proposals[0], IKE_TRANSFORM_PRF);
	assert_string_equal(choice(IKE, "aes256gcm16-ecp256", &offer, true, &answer), "");
	offer = offer_of(IKE, "aes256gcm16-ecp256", true);
	drop_type(&offer.proposals[0], IKE_TRANSFORM_KE);
	assert_string_equal(choice(IKE, "aes256gcm16-ecp256", &offer, true, &answer), "");
	offer = offer_of(IKE, "aes256gcm16-ecp256", true);
	add(&offer.proposals[0], IKE_TRANSFORM_ESN, IKE_ESN_NONE, 0);
	assert_string_equal(choice(IKE, "aes256gcm16-ecp256", &offer, true, &answer), "");
}

static void test_protocol_and_spi(void **state)
{
	struct ike_sa_payload offer = offer_of(ESP, "aes256gcm16", false);
	struct ike_proposal answer;

	offer.proposals[0].proto = IKE_PROTO_AH;
	assert_string_equal(choice(ESP, "aes256gcm16", &offer, false, &answer), "");
	offer.proposals[0].proto = ESP;
	offer.proposals[0].spi_len = 8;
	assert_string_equal(choice(ESP, "aes256gcm16", &offer, false, &answer), "");
	offer.proposals[0].spi_len = 4;
	offer.proposals[0].spi = 255;
	assert_string_equal(choice(ESP, "aes256gcm16", &offer, false, &answer), "");
	offer.proposals[0].spi = 256;
	assert_string_equal(choice(ESP, "aes256gcm16", &offer, false, &answer), "aes256gcm16");
	offer.n = 0;
	assert_string_equal(choice(ESP, "aes256gcm16", &offer, false, &answer), "");
}

/*
 * --- the answer
 * ---------------------------------------------------------------------------------------------
 */

static enum ike_reason accepted(uint8_t proto, const char *ours, bool with_ke,
				const struct ike_sa_payload *answer, const char *want)
{
	struct cfgs cfgs = cfgs_of(proto, ours);
	struct ike_suite suite = {};
	enum ike_reason reason = ike_proposal_accept(proto, cfgs.list, cfgs.n, with_ke, answer, &suite);
	char buf[128];

	if (reason == IKE_R_OK)
		assert_string_equal(ike_suite_format(proto, &suite, buf, sizeof(buf)), want);
	else
		assert_null(suite.encr);
	return reason;
}

/* What a responder of ours answers, an initiator of ours accepts, and both mean the same. */
static void test_choice_is_accepted(void **state)
{
	static const struct {
		uint8_t proto;
		bool with_ke;
		const char *initiator, *responder, *want;
	} rows[] = {
		{IKE, true, "aes256-sha256-modp2048, aes128gcm16-ecp256",
		 "aes128gcm16-aes256gcm16-ecp256-ecp384", "aes128gcm16-prfsha256-ecp256"},
		{IKE, true, "aes256gcm16-aes128-aes256-sha256-modp2048-ecp256", "aes256-sha256-ecp256",
		 "aes256-sha256-ecp256"},
		{ESP, false, "aes256gcm16-ecp256, aes128-sha1", "aes128-sha1, aes256gcm16-modp2048",
		 "aes128-sha1"},
		{ESP, true, "aes256gcm16-ecp256", "aes256gcm16-ecp256", "aes256gcm16-ecp256"},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct ike_sa_payload offer = offer_of(rows[i].proto, rows[i].initiator, rows[i].with_ke);
		struct ike_sa_payload answer = {.n = 1};

		assert_string_equal(choice(rows[i].proto, rows[i].responder, &offer, rows[i].with_ke,
					   &answer.proposals[0]),
				    rows[i].want);
		assert_int_equal(
			accepted(rows[i].proto, rows[i].initiator, rows[i].with_ke, &answer, rows[i].want),
			IKE_R_OK);
	}
}

static void test_answers_refused(void **state)
{
	const char *ours = "aes256-aes128-sha256-modp2048";
	const enum ike_reason refused = IKE_R_PEER_CHANGED_PROPOSAL;
	struct ike_sa_payload good = offer_of(IKE, "aes256-sha256-modp2048", true);
	struct ike_sa_payload answer = good;

	assert_int_equal(accepted(IKE, ours, true, &answer, "aes256-sha256-modp2048"), IKE_R_OK);
	answer.n = 0;
	assert_int_equal(accepted(IKE, ours, true, &answer, ""), refused);
	answer.n = 2;
	answer.proposals[1] = answer.proposals[0];
	assert_int_equal(accepted(IKE, ours, true, &answer, ""), refused);
	answer = good; /* two of one type, both of them offered */
	add(&answer.proposals[0], IKE_TRANSFORM_ENCR, IKE_ENCR_AES_CBC, 128);
	assert_int_equal(accepted(IKE, ours, true, &answer, ""), refused);
	answer = good; /* the same twice */
	add(&answer.proposals[0], IKE_TRANSFORM_ENCR, IKE_ENCR_AES_CBC, 256);
	assert_int_equal(accepted(IKE, ours, true, &answer, ""), refused);
	answer = good; /* weaker than any offer */
	transform_of_type(&answer.proposals[0], IKE_TRANSFORM_INTEG)->id = IKE_INTEG_HMAC_SHA1_96;
	assert_int_equal(accepted(IKE, ours, true, &answer, ""), refused);
	answer = good;
	drop_type(&answer.proposals[0], IKE_TRANSFORM_INTEG);
	assert_int_equal(accepted(IKE, ours, true, &answer, ""), refused);
	answer = good;
	drop_type(&answer.proposals[0], IKE_TRANSFORM_PRF);
	assert_int_equal(accepted(IKE, ours, true, &answer, ""), refused);
	answer = good;
	transform_of_type(&answer.proposals[0], IKE_TRANSFORM_ENCR)->key_bits = 192;
	assert_int_equal(accepted(IKE, ours, true, &answer, ""), refused);
	answer = good;
	add(&answer.proposals[0], IKE_TRANSFORM_ADDKE1, IKE_KE_CURVE25519, 0);
	assert_int_equal(accepted(IKE, ours, true, &answer, ""), refused);
	answer = good;
	add(&answer.proposals[0], IKE_TRANSFORM_ADDKE7 + 1, 0, 0);
	assert_int_equal(accepted(IKE, ours, true, &answer, ""), refused);
}

/* RFC 9370 2.2.1: by our order, all different, NONE only where both can do without. */
static void test_additional_key_exchanges(void **state)
{
	static const struct {
		const char *ours, *theirs, *chosen;
	} rows[] = {
		{"ecp256-ke1_x25519", "ecp256-ke1_x25519", "ecp256-ke1_curve25519"},
		{"ecp256-ke1_x25519-ke1_ecp384", "ecp256-ke1_ecp384-ke1_x25519", "ecp256-ke1_curve25519"},
		{"ecp256-ke1_x25519-ke2_ecp384", "ecp256-ke2_ecp384-ke1_x25519",
		 "ecp256-ke1_curve25519-ke2_ecp384"},
		{"ecp256-ke3_x25519", "ecp256-ke3_x25519", "ecp256-ke3_curve25519"},
		/* what is preferred is taken already, or would be missing for the next */
		{"ecp256-ke1_x25519-ke1_ecp384-ke2_x25519", "ecp256-ke1_x25519-ke1_ecp384-ke2_x25519",
		 "ecp256-ke1_ecp384-ke2_curve25519"},
		{"x25519-ecp256-ke1_x25519", "x25519-ecp256-ke1_x25519", "ecp256-ke1_curve25519"},
		{"ecp256-ke1_x25519-ke2_none-ke2_x25519", "ecp256-ke1_x25519-ke2_x25519-ke2_none",
		 "ecp256-ke1_curve25519"},
		/* one end does without */
		{"ecp256-ke1_x25519-ke1_none", "ecp256", "ecp256"},
		{"ecp256", "ecp256-ke1_x25519-ke1_none", "ecp256"},
		{"ecp256-ke1_none-ke1_x25519", "ecp256-ke1_x25519-ke1_none", "ecp256"},
		{"ecp256-ke1_x25519", "ecp256", ""},
		{"ecp256", "ecp256-ke1_x25519", ""},
		{"ecp256-ke1_x25519", "ecp256-ke1_ecp384", ""},
		{"ecp256-ke1_x25519", "ecp256-ke2_x25519", ""},
		{"x25519-ecp384-ke1_x25519", "x25519-ecp521-ke1_x25519-ke1_modp2048", ""},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		char ours[128], theirs[128], chosen[128];
		struct ike_sa_payload offer, answer = {.n = 1};

		snprintf(ours, sizeof(ours), "aes256-sha256-%s", rows[i].ours);
		snprintf(theirs, sizeof(theirs), "aes256-sha256-%s", rows[i].theirs);
		snprintf(chosen, sizeof(chosen), "aes256-sha256-%s", rows[i].chosen);
		offer = offer_of(IKE, theirs, true);
		assert_string_equal(choice(IKE, ours, &offer, true, &answer.proposals[0]),
				    rows[i].chosen[0] ? chosen : "");
		if (rows[i].chosen[0])
			assert_int_equal(accepted(IKE, theirs, true, &answer, chosen), IKE_R_OK);
	}
}

static void test_additional_key_exchanges_of_esp(void **state)
{
	struct ike_sa_payload offer = offer_of(ESP, "aes256gcm16-ecp384-ke1_x25519", true);
	struct ike_proposal answer;

	assert_string_equal(choice(ESP, "aes256gcm16-ecp384-ke1_x25519", &offer, true, &answer),
			    "aes256gcm16-ecp384-ke1_curve25519");
	/* not in IKE_AUTH */
	assert_string_equal(choice(ESP, "aes256gcm16-ecp384-ke1_x25519", &offer, false, &answer),
			    "aes256gcm16");
	offer = offer_of(ESP, "aes256gcm16-ecp384-ke1_x25519", false);
	assert_null(transform_of_type(&offer.proposals[0], IKE_TRANSFORM_ADDKE1));
}

/* Nothing but what insists on one goes. */
static void test_additional_key_exchanges_stripped(void **state)
{
	struct ike_sa_payload offer = offer_of(
		IKE, "aes256-sha256-ecp256-ke1_x25519, aes128-sha256-ecp256-ke1_x25519-ke1_none", true);
	struct ike_proposal answer;

	ike_proposals_strip_addke(&offer);
	assert_string_equal(
		choice(IKE, "aes256-sha256-ecp256-ke1_x25519, aes128-sha256-ecp256-ke1_x25519-ke1_none",
		       &offer, true, &answer),
		"aes128-sha256-ecp256");
}

static void test_additional_key_exchanges_refused(void **state)
{
	static const struct {
		uint8_t proto;
		const char *text, *words;
	} rows[] = {
		{IKE, "aes256-sha256-ecp256-ke0_x25519", "not a known algorithm"},
		{IKE, "aes256-sha256-ecp256-ke8_x25519", "not a known algorithm"},
		{IKE, "aes256-sha256-ecp256-ke1_sha256", "not a known algorithm"},
		{IKE, "aes256-sha256-ecp256-ke1_", "not a known algorithm"},
		{IKE, "aes256-sha256-none-ke1_x25519", "not a known algorithm"},
		{IKE, "aes256-sha256-ke1_x25519", "no key exchange method"},
		{ESP, "aes256gcm16-ke1_x25519", "without a first one"},
		{IKE, "aes256-sha256-ecp256-ke1_ecp256", "twice"},
		{IKE, "aes256-sha256-ecp256-ke1_x25519-ke4_x25519", "twice"},
	};
	struct ike_proposal_cfg cfg;

	for (size_t i = 0; i < array_size(rows); i++) {
		char err[256] = "";

		assert_false(ike_proposal_parse(rows[i].proto, rows[i].text, &cfg, err, sizeof(err)));
		assert_non_null(strstr(err, rows[i].words));
	}
}

/* A method that OpenSSL lacks is refused with that as the reason; where it has it, it is a method like any other. */
static void test_ml_kem(void **state)
{
	static const char *const texts[] = {"aes256gcm16-ecp384-ke1_mlkem768", "aes256gcm16-mlkem512",
					    "aes256gcm16-prfsha384-ecp384-ke1_mlkem1024-ke2_none"};

	for (size_t i = 0; i < array_size(texts); i++) {
		struct ike_proposal_cfg cfg;
		char err[256] = "";
		bool good = ike_proposal_parse(IKE, texts[i], &cfg, err, sizeof(err));

		assert_int_equal(good, crypto_has_ml_kem());
		if (!good) {
			assert_non_null(strstr(err, "ML-KEM begins with 3.5"));
			assert_non_null(strstr(err, crypto_openssl_version()));
		}
	}
}

/* Each transform was offered, but not in one proposal. */
static void test_answer_across_proposals(void **state)
{
	struct ike_sa_payload answer = offer_of(IKE, "aes256-sha256-ecp256", true);

	assert_int_equal(accepted(IKE, "aes256-sha256-modp2048, aes128-sha256-ecp256", true, &answer, ""),
			 IKE_R_PEER_CHANGED_PROPOSAL);
}

static void test_answer_with_key_exchange_in_ike_auth(void **state)
{
	struct ike_sa_payload answer = offer_of(ESP, "aes256gcm16-ecp256", true);

	assert_int_equal(accepted(ESP, "aes256gcm16-ecp256", false, &answer, ""),
			 IKE_R_PEER_CHANGED_PROPOSAL);
	transform_of_type(&answer.proposals[0], IKE_TRANSFORM_KE)->id = IKE_KE_NONE;
	assert_int_equal(accepted(ESP, "aes256gcm16-ecp256", false, &answer, "aes256gcm16"), IKE_R_OK);
}

/*
 * --- words for the operator
 * ---------------------------------------------------------------------------------
 */

static void test_offer_in_words(void **state)
{
	struct ike_sa_payload offer = {.n = 2};
	char buf[256];

	add(&offer.proposals[0], IKE_TRANSFORM_ENCR, 3, 0);
	add(&offer.proposals[0], IKE_TRANSFORM_ENCR, 13, 192);
	add(&offer.proposals[0], IKE_TRANSFORM_ENCR, 77, 0);
	add(&offer.proposals[0], IKE_TRANSFORM_ENCR, 78, 128);
	add(&offer.proposals[0], IKE_TRANSFORM_PRF, 1, 0);
	add(&offer.proposals[0], IKE_TRANSFORM_INTEG, 99, 0);
	add(&offer.proposals[0], IKE_TRANSFORM_KE, 2, 0);
	add(&offer.proposals[0], IKE_TRANSFORM_KE, 1234, 0);
	add(&offer.proposals[1], IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_16, 256);
	add(&offer.proposals[1], IKE_TRANSFORM_INTEG, IKE_INTEG_NONE, 0);
	add(&offer.proposals[1], IKE_TRANSFORM_ESN, IKE_ESN_ESN, 0);
	add(&offer.proposals[1], IKE_TRANSFORM_ESN, IKE_ESN_NONE, 0);
	add(&offer.proposals[1], IKE_TRANSFORM_ADDKE1, 36, 0);
	add(&offer.proposals[1], 13, 1, 0);
	assert_string_equal(
		ike_offer_format(&offer, buf, sizeof(buf)),
		"3des-aes192ctr-encr77-encr78_128-prfmd5-integ99-modp1024-ke1234, aes256gcm16-esn-noesn-ke1_mlkem768-type13_1");
	offer.n = 0;
	assert_string_equal(ike_offer_format(&offer, buf, sizeof(buf)), "nothing");
}

static void test_words_are_cut_not_overrun(void **state)
{
	struct ike_sa_payload offer = offer_of(IKE, "aes256-sha256-modp2048, aes128-sha1-ecp256", true);
	char buf[16];

	memset(buf, 'x', sizeof(buf));
	ike_offer_format(&offer, buf, 10);
	assert_string_equal(buf, "aes256-sh");
	assert_int_equal(buf[10], 'x');
}

static void test_our_list_in_words(void **state)
{
	struct cfgs cfgs = cfgs_of(IKE, "aes256-sha256-modp2048, aes128gcm16-ecp256");
	char buf[256];

	assert_string_equal(ike_proposals_format(IKE, cfgs.list, cfgs.n, buf, sizeof(buf)),
			    "aes256-sha256-prfsha256-modp2048, aes128gcm16-prfsha256-ecp256");
}

/*
 * --- what strongSwan really sends
 * ----------------------------------------------------------------------------
 */

static struct ike_sa_payload sa_of(struct bytes datagram)
{
	struct ike_msg msg;
	struct ike_sa_payload sa;
	uint8_t bad_type;

	assert_int_equal(ike_msg_decode(datagram, &msg, &bad_type), IKE_R_OK);
	assert_non_null(ike_payloads_find(&msg.outer, IKE_PAYLOAD_SA));
	assert_int_equal(ike_sa_payload_decode(ike_payloads_find(&msg.outer, IKE_PAYLOAD_SA)->body, &sa),
			 IKE_R_OK);
	return sa;
}

static void test_strongswan(void **state)
{
	static const char *const suites[] = {"aes256-sha256-modp2048", "aes256gcm16-prfsha384-ecp256"};

	for (size_t i = 0; i < array_size(strongswan_exchanges); i++) {
		struct ike_sa_payload offer = sa_of(strongswan_exchanges[i].init_request);
		struct ike_sa_payload answer = sa_of(strongswan_exchanges[i].init_response);
		struct ike_proposal ours;

		assert_string_equal(choice(IKE, suites[i], &offer, true, &ours), suites[i]);
		assert_int_equal(ours.num_transforms, answer.proposals[0].num_transforms);
		assert_int_equal(accepted(IKE, suites[i], true, &answer, suites[i]), IKE_R_OK);
		assert_int_equal(accepted(IKE, suites[!i], true, &answer, ""), IKE_R_PEER_CHANGED_PROPOSAL);
	}
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
		cmocka_unit_test(test_spelling),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_overlong),
		cmocka_unit_test(test_offer),
		cmocka_unit_test(test_offer_divides_mixed_proposals),
		cmocka_unit_test(test_offer_of_esp_says_no_esn),
		cmocka_unit_test(test_offer_can_be_as_large_as_it_gets),
		cmocka_unit_test(test_choice_is_by_our_order),
		cmocka_unit_test(test_choice_finds_nothing),
		cmocka_unit_test(test_answer_has_one_of_each_type),
		cmocka_unit_test(test_answer_carries_their_spi),
		cmocka_unit_test(test_integrity_none_beside_an_aead),
		cmocka_unit_test(test_mixed_offer),
		cmocka_unit_test(test_integrity_missing),
		cmocka_unit_test(test_perfect_forward_secrecy),
		cmocka_unit_test(test_key_exchange_in_ike_auth),
		cmocka_unit_test(test_unknown_type_spoils_its_proposal),
		cmocka_unit_test(test_additional_key_exchanges),
		cmocka_unit_test(test_additional_key_exchanges_of_esp),
		cmocka_unit_test(test_additional_key_exchanges_stripped),
		cmocka_unit_test(test_additional_key_exchanges_refused),
		cmocka_unit_test(test_ml_kem),
		cmocka_unit_test(test_unknown_attribute_spoils_its_transform),
		cmocka_unit_test(test_key_length_must_be_the_same),
		cmocka_unit_test(test_types_that_must_or_must_not_be),
		cmocka_unit_test(test_protocol_and_spi),
		cmocka_unit_test(test_choice_is_accepted),
		cmocka_unit_test(test_answers_refused),
		cmocka_unit_test(test_answer_across_proposals),
		cmocka_unit_test(test_answer_with_key_exchange_in_ike_auth),
		cmocka_unit_test(test_offer_in_words),
		cmocka_unit_test(test_words_are_cut_not_overrun),
		cmocka_unit_test(test_our_list_in_words),
		cmocka_unit_test(test_strongswan),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
