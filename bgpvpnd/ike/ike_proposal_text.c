// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Proposals as text, in strongSwan's spelling: "aes256-sha256-modp2048". Parsing is the configuration's
 * (through ike.h); printing serves `show` and the words that explain why nothing could be chosen.
 */
#include <zebra.h>

#include "lib/printfrr.h"

#include "bgpvpnd/ike/ike_proposal.h"

#define PROPOSAL_TEXT_MAX 255

/*
 * --- words
 * --------------------------------------------------------------------------------------------------
 */

/* Other spellings of the same, as strongSwan takes them, beside those that crypto knows itself. */
static const struct {
	const char *alias;
	const char *name;
} aliases[] = {
	{"aes", "aes128"},	{"aes128gcm128", "aes128gcm16"}, {"aes256gcm128", "aes256gcm16"},
	{"sha", "sha1"},	{"sha2_256", "sha256"},		 {"sha2_384", "sha384"},
	{"sha2_512", "sha512"},
};

/*
 * What peers offer and we do not do: only to be printed. Key lengths follow the name, as in "aes192ctr" for
 * "aes%uctr".
 */
static const struct {
	uint8_t type;
	uint16_t id;
	const char *name;
} foreign[] = {
	{IKE_TRANSFORM_ENCR, 2, "des"},		{IKE_TRANSFORM_ENCR, 3, "3des"},
	{IKE_TRANSFORM_ENCR, 11, "null"},	{IKE_TRANSFORM_ENCR, 12, "aes%u"},
	{IKE_TRANSFORM_ENCR, 13, "aes%uctr"},	{IKE_TRANSFORM_ENCR, 14, "aes%uccm8"},
	{IKE_TRANSFORM_ENCR, 15, "aes%uccm12"}, {IKE_TRANSFORM_ENCR, 16, "aes%uccm16"},
	{IKE_TRANSFORM_ENCR, 18, "aes%ugcm8"},	{IKE_TRANSFORM_ENCR, 19, "aes%ugcm12"},
	{IKE_TRANSFORM_ENCR, 20, "aes%ugcm16"}, {IKE_TRANSFORM_ENCR, 23, "camellia%u"},
	{IKE_TRANSFORM_PRF, 1, "prfmd5"},	{IKE_TRANSFORM_PRF, 4, "prfaesxcbc"},
	{IKE_TRANSFORM_PRF, 8, "prfaescmac"},	{IKE_TRANSFORM_INTEG, 1, "md5"},
	{IKE_TRANSFORM_INTEG, 5, "aesxcbc"},	{IKE_TRANSFORM_INTEG, 8, "aescmac"},
	{IKE_TRANSFORM_KE, 1, "modp768"},	{IKE_TRANSFORM_KE, 2, "modp1024"},
	{IKE_TRANSFORM_KE, 5, "modp1536"},	{IKE_TRANSFORM_KE, 17, "modp6144"},
	{IKE_TRANSFORM_KE, 18, "modp8192"},	{IKE_TRANSFORM_KE, 25, "ecp192"},
	{IKE_TRANSFORM_KE, 26, "ecp224"},	{IKE_TRANSFORM_KE, 28, "ecp256bp"},
	{IKE_TRANSFORM_KE, 29, "ecp384bp"},	{IKE_TRANSFORM_KE, 30, "ecp512bp"},
	{IKE_TRANSFORM_KE, 32, "curve448"},
};

static const char *canonical_word(const char *word)
{
	for (size_t i = 0; i < array_size(aliases); i++)
		if (strcmp(word, aliases[i].alias) == 0)
			return aliases[i].name;
	return word;
}

/* strongSwan's words for the sequence numbers of ESP, 64 bits long or 32. */
static bool esn_named(const char *word, struct ike_transform_cfg *t)
{
	if (strcmp(word, "esn") == 0)
		*t = (struct ike_transform_cfg){IKE_TRANSFORM_ESN, IKE_ESN_ESN, 0};
	else if (strcmp(word, "noesn") == 0)
		*t = (struct ike_transform_cfg){IKE_TRANSFORM_ESN, IKE_ESN_NONE, 0};
	else
		return false;
	return true;
}

static bool transform_named(const char *word, struct ike_transform_cfg *t)
{
	const struct crypto_encr *encr = crypto_encr_named(word);
	const struct crypto_integ *integ = crypto_integ_named(word);
	const struct crypto_prf *prf = crypto_prf_named(word);
	const struct crypto_ke_method *ke = crypto_ke_method_named(word);

	if (encr)
		*t = (struct ike_transform_cfg){IKE_TRANSFORM_ENCR, encr->id, encr->key_bits};
	else if (integ)
		*t = (struct ike_transform_cfg){IKE_TRANSFORM_INTEG, integ->id, 0};
	else if (prf)
		*t = (struct ike_transform_cfg){IKE_TRANSFORM_PRF, prf->id, 0};
	else if (ke)
		*t = (struct ike_transform_cfg){IKE_TRANSFORM_KE, ke->id, 0};
	return encr || integ || prf || ke;
}

static const char *own_name(uint8_t type, uint16_t id, uint16_t key_bits)
{
	const struct crypto_encr *encr = crypto_encr_find(id, key_bits);
	const struct crypto_integ *integ = crypto_integ_find(id);
	const struct crypto_prf *prf = crypto_prf_find(id);
	const struct crypto_ke_method *ke = crypto_ke_method_find(id);

	if (type == IKE_TRANSFORM_ENCR)
		return encr ? encr->name : NULL;
	if (key_bits) /* only ciphers have lengths: with one it is something else */
		return NULL;
	if (type == IKE_TRANSFORM_INTEG)
		return integ ? integ->name : NULL;
	if (type == IKE_TRANSFORM_PRF)
		return prf ? prf->name : NULL;
	if (type == IKE_TRANSFORM_KE)
		return ke ? ke->name : NULL;
	if (type == IKE_TRANSFORM_ESN && id == IKE_ESN_ESN)
		return "esn";
	return type == IKE_TRANSFORM_ESN && id == IKE_ESN_NONE ? "noesn" : NULL;
}

static const char *foreign_name(uint8_t type, uint16_t id)
{
	for (size_t i = 0; i < array_size(foreign); i++)
		if (foreign[i].type == type && foreign[i].id == id)
			return foreign[i].name;
	return NULL;
}

/* "aes%uctr" and 192 make "aes192ctr"; a name without a place for it gets "3des_192". */
static void append_foreign(const char *name, uint16_t key_bits, char *buf, size_t len)
{
	const char *gap = strstr(name, "%u");

	if (gap)
		csnprintfrr(buf, len, "%.*s%u%s", (int)(gap - name), name, key_bits, gap + 2);
	else if (key_bits)
		csnprintfrr(buf, len, "%s_%u", name, key_bits);
	else
		csnprintfrr(buf, len, "%s", name);
}

static void append_number(const struct ike_transform *t, char *buf, size_t len)
{
	static const char *const prefixes[] = {"type0_", "encr", "prf", "integ", "ke", "esn"};

	if (t->type < array_size(prefixes))
		csnprintfrr(buf, len, "%s%u", prefixes[t->type], t->id);
	else
		csnprintfrr(buf, len, "type%u_%u", t->type, t->id);
	if (t->key_bits)
		csnprintfrr(buf, len, "_%u", t->key_bits);
}

/* NONE of integrity and key exchange, and NO_ESN where it is the only choice: what one does not write. */
static bool is_unwritten(const struct ike_transform *t, bool esn_too)
{
	return t->id == 0 && t->key_bits == 0 &&
	       (t->type == IKE_TRANSFORM_INTEG || t->type == IKE_TRANSFORM_KE ||
		(t->type == IKE_TRANSFORM_ESN && !esn_too));
}

static void append_transform(const struct ike_transform *t, bool esn_too, bool *first, char *buf, size_t len)
{
	const char *own = own_name(t->type, t->id, t->key_bits);
	const char *other = foreign_name(t->type, t->id);

	if (is_unwritten(t, esn_too))
		return;
	csnprintfrr(buf, len, "%s", *first ? "" : "-");
	*first = false;
	if (own)
		csnprintfrr(buf, len, "%s", own);
	else if (other)
		append_foreign(other, t->key_bits, buf, len);
	else
		append_number(t, buf, len);
}

/*
 * --- a configured proposal: defaults
 * ------------------------------------------------------------------------
 */

static uint16_t prf_of_integ(uint16_t integ)
{
	switch ((enum ike_integ)integ) {
	case IKE_INTEG_HMAC_SHA1_96:
		return IKE_PRF_HMAC_SHA1;
	case IKE_INTEG_HMAC_SHA2_256_128:
		return IKE_PRF_HMAC_SHA2_256;
	case IKE_INTEG_HMAC_SHA2_384_192:
		return IKE_PRF_HMAC_SHA2_384;
	case IKE_INTEG_HMAC_SHA2_512_256:
		return IKE_PRF_HMAC_SHA2_512;
	case IKE_INTEG_NONE:
		break;
	}
	return IKE_PRF_HMAC_SHA2_256;
}

/* A list of transforms that refuses what it has already, and more than it can hold. */
struct transform_list {
	struct ike_transform_cfg list[IKE_CFG_TRANSFORMS];
	unsigned int n;
};

static bool list_has(const struct transform_list *list, const struct ike_transform_cfg *t)
{
	for (unsigned int i = 0; i < list->n; i++)
		if (list->list[i].type == t->type && list->list[i].id == t->id &&
		    list->list[i].key_bits == t->key_bits)
			return true;
	return false;
}

static bool list_has_type(const struct transform_list *list, uint8_t type)
{
	for (unsigned int i = 0; i < list->n; i++)
		if (list->list[i].type == type)
			return true;
	return false;
}

/* False only when it is full. */
static bool list_add(struct transform_list *list, struct ike_transform_cfg t)
{
	if (list_has(list, &t))
		return true;
	if (list->n == IKE_CFG_TRANSFORMS)
		return false;
	list->list[list->n++] = t;
	return true;
}

static struct transform_list list_of_type(const struct transform_list *from, uint8_t type)
{
	struct transform_list list = {};

	for (unsigned int i = 0; i < from->n; i++)
		if (from->list[i].type == type)
			list.list[list.n++] = from->list[i];
	return list;
}

static struct transform_list list_of_cfg(const struct ike_proposal_cfg *cfg)
{
	struct transform_list list = {};

	list.n = cfg->num;
	memcpy(list.list, cfg->transforms, list.n * sizeof(list.list[0]));
	return list;
}

static struct transform_list default_prfs(const struct transform_list *from)
{
	struct transform_list integs = list_of_type(from, IKE_TRANSFORM_INTEG);
	struct transform_list prfs = {};

	for (unsigned int i = 0; i < integs.n; i++)
		prfs.list[prfs.n++] = (struct ike_transform_cfg){.type = IKE_TRANSFORM_PRF,
								 .id = prf_of_integ(integs.list[i].id)};
	if (prfs.n == 0)
		prfs.list[prfs.n++] =
			(struct ike_transform_cfg){.type = IKE_TRANSFORM_PRF, .id = IKE_PRF_HMAC_SHA2_256};
	return prfs;
}

static bool has_cipher(const struct transform_list *list, bool aead)
{
	for (unsigned int i = 0; i < list->n; i++) {
		const struct crypto_encr *encr = crypto_encr_find(list->list[i].id, list->list[i].key_bits);

		if (list->list[i].type == IKE_TRANSFORM_ENCR && encr && encr->aead == aead)
			return true;
	}
	return false;
}

/*
 * --- parsing
 * ------------------------------------------------------------------------------------------------
 */

static bool add_word(uint8_t proto, const char *given, struct transform_list *list, char *err, size_t err_len)
{
	const char *word = canonical_word(given);
	struct ike_transform_cfg t;

	if (proto == IKE_PROTO_IKE && (strcmp(word, "noesn") == 0 || strcmp(word, "esn") == 0)) {
		snprintf(err, err_len, "%s: an IKE proposal has no sequence numbers, leave it out", given);
		return false;
	}
	if (!esn_named(word, &t) && !transform_named(word, &t)) {
		snprintf(
			err, err_len,
			"%s is not a known algorithm: write for example aes256gcm16-prfsha384-ecp384 or aes256-sha256-modp2048",
			*given ? given : "the empty word");
		return false;
	}
	if (proto == IKE_PROTO_ESP && t.type == IKE_TRANSFORM_PRF) {
		snprintf(err, err_len, "%s: an ESP proposal has no PRF, leave it out", given);
		return false;
	}
	if (!list_add(list, t)) {
		snprintf(err, err_len, "more than %d algorithms: divide them over several proposals",
			 IKE_CFG_TRANSFORMS);
		return false;
	}
	return true;
}

static bool add_words(uint8_t proto, const char *text, struct transform_list *list, char *err, size_t err_len)
{
	char copy[PROPOSAL_TEXT_MAX + 1];
	char *rest = copy;
	char *word;

	if (strlcpy(copy, text, sizeof(copy)) >= sizeof(copy)) {
		snprintf(err, err_len, "a proposal has at most %d characters", PROPOSAL_TEXT_MAX);
		return false;
	}
	while ((word = strsep(&rest, "-")))
		if (!add_word(proto, word, list, err, err_len))
			return false;
	return true;
}

static bool is_complete(uint8_t proto, const struct transform_list *list, char *err, size_t err_len)
{
	if (!list_has_type(list, IKE_TRANSFORM_ENCR)) {
		snprintf(err, err_len, "no encryption algorithm: add for example aes256gcm16");
		return false;
	}
	if (has_cipher(list, false) && !list_has_type(list, IKE_TRANSFORM_INTEG)) {
		snprintf(err, err_len,
			 "no integrity algorithm beside a cipher that needs one: add for example sha256");
		return false;
	}
	if (proto == IKE_PROTO_IKE && !list_has_type(list, IKE_TRANSFORM_KE)) {
		snprintf(err, err_len, "no key exchange method: add for example ecp256 or modp2048");
		return false;
	}
	return true;
}

static bool add_all(struct transform_list *to, const struct transform_list *from)
{
	for (unsigned int i = 0; i < from->n; i++)
		if (!list_add(to, from->list[i]))
			return false;
	return true;
}

/*
 * Sorted by type, with the PRF that goes without saying; an integrity algorithm beside nothing but AEADs
 * has only named the PRF ("aes256gcm16-sha384-ecp384") and goes.
 */
static bool completed(uint8_t proto, const struct transform_list *given, struct transform_list *out)
{
	struct transform_list encrs = list_of_type(given, IKE_TRANSFORM_ENCR);
	struct transform_list integs = list_of_type(given, IKE_TRANSFORM_INTEG);
	struct transform_list prfs = list_of_type(given, IKE_TRANSFORM_PRF);
	struct transform_list kes = list_of_type(given, IKE_TRANSFORM_KE);
	struct transform_list esns = list_of_type(given, IKE_TRANSFORM_ESN);

	/* 32 bits alone is what goes without saying. */
	if (esns.n == 1 && esns.list[0].id == IKE_ESN_NONE)
		esns.n = 0;
	if (proto == IKE_PROTO_IKE && prfs.n == 0)
		prfs = default_prfs(given);
	if (!has_cipher(given, false))
		integs.n = 0;
	return add_all(out, &encrs) && add_all(out, &integs) && add_all(out, &prfs) && add_all(out, &kes) &&
	       add_all(out, &esns);
}

bool ike_proposal_parse(uint8_t proto, const char *text, struct ike_proposal_cfg *out, char *err,
			size_t err_len)
{
	struct transform_list given = {};
	struct transform_list full = {};

	if (!add_words(proto, text, &given, err, err_len) || !is_complete(proto, &given, err, err_len))
		return false;
	if (!completed(proto, &given, &full)) {
		snprintf(err, err_len, "more than %d algorithms: divide them over several proposals",
			 IKE_CFG_TRANSFORMS);
		return false;
	}
	*out = (struct ike_proposal_cfg){.num = (uint8_t)full.n};
	memcpy(out->transforms, full.list, full.n * sizeof(full.list[0]));
	return true;
}

/*
 * --- printing
 * -----------------------------------------------------------------------------------------------
 */

static bool list_equal(const struct transform_list *a, const struct transform_list *b)
{
	for (unsigned int i = 0; i < a->n && i < b->n; i++)
		if (a->list[i].type != b->list[i].type || a->list[i].id != b->list[i].id)
			return false;
	return a->n == b->n;
}

/* The PRF of the integrity algorithm goes without saying; beside an AEAD it is always written. */
static bool prf_goes_without_saying(const struct transform_list *list)
{
	struct transform_list prfs = list_of_type(list, IKE_TRANSFORM_PRF);
	struct transform_list defaults = default_prfs(list);

	return !has_cipher(list, true) && list_equal(&prfs, &defaults);
}

static const char *format_list(const struct transform_list *list, char *buf, size_t len)
{
	bool skip_prf = prf_goes_without_saying(list);
	bool esn_too = list_has(list, &(struct ike_transform_cfg){IKE_TRANSFORM_ESN, IKE_ESN_ESN, 0});
	bool first = true;

	snprintf(buf, len, "%s", "");
	for (unsigned int i = 0; i < list->n; i++) {
		struct ike_transform t = {list->list[i].type, list->list[i].id, list->list[i].key_bits,
					  false};

		if (!(skip_prf && t.type == IKE_TRANSFORM_PRF))
			append_transform(&t, esn_too, &first, buf, len);
	}
	return buf;
}

const char *ike_proposal_format(uint8_t proto, const struct ike_proposal_cfg *proposal, char *buf, size_t len)
{
	struct transform_list list = list_of_cfg(proposal);

	return format_list(&list, buf, len);
}

const char *ike_suite_format(uint8_t proto, const struct ike_suite *suite, char *buf, size_t len)
{
	struct transform_list list = {};

	if (suite->encr)
		list_add(&list, (struct ike_transform_cfg){IKE_TRANSFORM_ENCR, suite->encr->id,
							   suite->encr->key_bits});
	if (suite->integ)
		list_add(&list, (struct ike_transform_cfg){IKE_TRANSFORM_INTEG, suite->integ->id, 0});
	if (suite->prf && proto == IKE_PROTO_IKE)
		list_add(&list, (struct ike_transform_cfg){IKE_TRANSFORM_PRF, suite->prf->id, 0});
	if (suite->ke)
		list_add(&list, (struct ike_transform_cfg){IKE_TRANSFORM_KE, suite->ke->id, 0});
	if (suite->esn)
		list_add(&list, (struct ike_transform_cfg){IKE_TRANSFORM_ESN, IKE_ESN_ESN, 0});
	return format_list(&list, buf, len);
}

const char *ike_suite_text(uint8_t proto, const struct ike_suite *suite, struct ike_suite_text *kept)
{
	if (!kept->text[0] || memcmp(&kept->of, suite, sizeof(*suite)) != 0) {
		memcpy(&kept->of, suite, sizeof(*suite));
		ike_suite_format(proto, suite, kept->text, sizeof(kept->text));
	}
	return kept->text;
}

static bool offers_esn(const struct ike_proposal *proposal)
{
	for (unsigned int i = 0; i < proposal->num_transforms; i++)
		if (proposal->transforms[i].type == IKE_TRANSFORM_ESN &&
		    proposal->transforms[i].id == IKE_ESN_ESN)
			return true;
	return false;
}

const char *ike_offer_format(const struct ike_sa_payload *sa, char *buf, size_t len)
{
	snprintf(buf, len, "%s", sa->n ? "" : "nothing");
	for (unsigned int i = 0; i < sa->n; i++) {
		const struct ike_proposal *proposal = &sa->proposals[i];
		bool first = true;

		csnprintfrr(buf, len, "%s", i ? ", " : "");
		for (unsigned int j = 0; j < proposal->num_transforms; j++)
			append_transform(&proposal->transforms[j], offers_esn(proposal), &first, buf, len);
	}
	return buf;
}

const char *ike_proposals_format(uint8_t proto, const struct ike_proposal_cfg *cfgs, uint8_t n, char *buf,
				 size_t len)
{
	struct ike_sa_payload offer;

	ike_proposal_offer(proto, cfgs, n, 0, 0, true, &offer);
	return ike_offer_format(&offer, buf, len);
}
