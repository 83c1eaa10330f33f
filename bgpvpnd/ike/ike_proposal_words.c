// SPDX-License-Identifier: GPL-2.0-or-later
/* The words that a proposal is made of, see ike_proposal_words.h. */
#include <zebra.h>

#include "lib/printfrr.h"

#include "bgpvpnd/ike/ike_proposal_words.h"

/* --- parsing --------------------------------------------------------------------------------------------- */

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
	{IKE_TRANSFORM_KE, 32, "curve448"},	{IKE_TRANSFORM_KE, 35, "mlkem512"},
	{IKE_TRANSFORM_KE, 36, "mlkem768"},	{IKE_TRANSFORM_KE, 37, "mlkem1024"},
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

/* "ke1_mlkem768", "ke7_none": strongSwan 6's words for RFC 9370. NULL in *method for any other word. */
static uint8_t addke_type(const char *word, const char **method)
{
	bool is = strncmp(word, "ke", 2) == 0 && word[2] >= '1' && word[2] < '1' + LIMIT_ADDKE &&
		  word[3] == '_';

	*method = is ? word + 4 : NULL;
	return is ? IKE_TRANSFORM_ADDKE1 + word[2] - '1' : 0;
}

static bool addke_named(const char *word, struct ike_transform_cfg *t)
{
	const char *method;
	uint8_t type = addke_type(word, &method);
	const struct crypto_ke_method *ke = method ? crypto_ke_method_named(method) : NULL;

	if (!ke && (!method || strcmp(method, "none") != 0))
		return false;
	*t = (struct ike_transform_cfg){type, ke ? ke->id : IKE_KE_NONE, 0};
	return true;
}

bool ike_word_parse(const char *given, struct ike_transform_cfg *t)
{
	const char *word = canonical_word(given);

	return esn_named(word, t) || addke_named(word, t) || transform_named(word, t);
}

void ike_word_explain(const char *given, char *err, size_t err_len)
{
	const char *word = canonical_word(given);
	const char *method;

	addke_type(word, &method);
	if (crypto_ke_method_lacking(method ? method : word))
		snprintf(err, err_len, "%s: OpenSSL %s, which runs here, has not got it%s", given,
			 crypto_openssl_version(), strstr(word, "mlkem") ? ": ML-KEM begins with 3.5" : "");
	else
		snprintf(
			err, err_len,
			"%s is not a known algorithm: write for example aes256gcm16-prfsha384-ecp384 or aes256-sha256-modp2048",
			*given ? given : "the empty word");
}

/* --- printing -------------------------------------------------------------------------------------------- */

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
	if (ike_transform_is_addke(type) && id == IKE_KE_NONE)
		return "none";
	if (type == IKE_TRANSFORM_KE || ike_transform_is_addke(type))
		return ke ? ke->name : NULL;
	if (type == IKE_TRANSFORM_ESN && id == IKE_ESN_ESN)
		return "esn";
	return type == IKE_TRANSFORM_ESN && id == IKE_ESN_NONE ? "noesn" : NULL;
}

static const char *foreign_name(uint8_t type, uint16_t id)
{
	if (ike_transform_is_addke(type))
		type = IKE_TRANSFORM_KE;
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
	else if (ike_transform_is_addke(t->type))
		csnprintfrr(buf, len, "%u", t->id);
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

void ike_word_append(const struct ike_transform *t, bool esn_too, bool *first, char *buf, size_t len)
{
	const char *own = own_name(t->type, t->id, t->key_bits);
	const char *other = foreign_name(t->type, t->id);

	if (is_unwritten(t, esn_too))
		return;
	csnprintfrr(buf, len, "%s", *first ? "" : "-");
	*first = false;
	if (ike_transform_is_addke(t->type))
		csnprintfrr(buf, len, "ke%d_", t->type - IKE_TRANSFORM_ADDKE1 + 1);
	if (own)
		csnprintfrr(buf, len, "%s", own);
	else if (other)
		append_foreign(other, t->key_bits, buf, len);
	else
		append_number(t, buf, len);
}
