// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Proposals as text, in strongSwan's spelling: "aes256-sha256-modp2048". Parsing is the configuration's
 * (through ike.h); printing serves `show` and the words that explain why nothing could be chosen.
 */
#include <zebra.h>

#include "lib/printfrr.h"

#include "bgpvpnd/ike/ike_proposal_words.h"

#define PROPOSAL_TEXT_MAX 255

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
	struct ike_transform_cfg t;

	if (proto == IKE_PROTO_IKE && (strcmp(given, "noesn") == 0 || strcmp(given, "esn") == 0)) {
		snprintf(err, err_len, "%s: an IKE proposal has no sequence numbers, leave it out", given);
		return false;
	}
	if (!ike_word_parse(given, &t)) {
		ike_word_explain(given, err, err_len);
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

/* RFC 9370 2.2.1: can one method of each type be chosen, all of them different? From `type` on, without those in `used`. */
static bool can_differ(const struct transform_list *list, uint8_t type, struct transform_list *used)
{
	const uint8_t next = type == IKE_TRANSFORM_KE ? IKE_TRANSFORM_ADDKE1 : type + 1;

	if (type > IKE_TRANSFORM_ADDKE7)
		return true;
	if (!list_has_type(list, type))
		return can_differ(list, next, used);
	for (unsigned int i = 0; i < list->n; i++) {
		struct ike_transform_cfg method = {.id = list->list[i].id};

		if (list->list[i].type != type || (method.id != IKE_KE_NONE && list_has(used, &method)))
			continue;
		used->list[used->n++] = method;
		if (can_differ(list, next, used))
			return true;
		used->n--;
	}
	return false;
}

static bool addkes_fit(const struct transform_list *list, char *err, size_t err_len)
{
	struct transform_list used = {};
	bool any = false;

	for (unsigned int i = 0; i < list->n; i++)
		any |= ike_transform_is_addke(list->list[i].type);
	if (any && !list_has_type(list, IKE_TRANSFORM_KE)) {
		snprintf(err, err_len,
			 "additional key exchanges without a first one: add for example ecp256");
		return false;
	}
	if (any && !can_differ(list, IKE_TRANSFORM_KE, &used)) {
		snprintf(err, err_len, "the same key exchange method twice: additional ones must be others");
		return false;
	}
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
	return addkes_fit(list, err, err_len);
}

static bool add_all(struct transform_list *to, const struct transform_list *from)
{
	for (unsigned int i = 0; i < from->n; i++)
		if (!list_add(to, from->list[i]))
			return false;
	return true;
}

static bool add_addkes(struct transform_list *to, const struct transform_list *from)
{
	for (uint8_t type = IKE_TRANSFORM_ADDKE1; type <= IKE_TRANSFORM_ADDKE7; type++) {
		struct transform_list kes = list_of_type(from, type);

		if (!add_all(to, &kes))
			return false;
	}
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
	       add_addkes(out, given) && add_all(out, &esns);
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
			ike_word_append(&t, esn_too, &first, buf, len);
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
	for (unsigned int i = 0; i < LIMIT_ADDKE; i++)
		if (suite->addke[i])
			list_add(&list, (struct ike_transform_cfg){IKE_TRANSFORM_ADDKE1 + i,
								   suite->addke[i]->id, 0});
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
			ike_word_append(&proposal->transforms[j], offers_esn(proposal), &first, buf, len);
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
