// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads and checks SAs with keys by hand, see bgpvpn_manual.h. Called by the northbound, to validate and to build a tunnel's snapshot. */
#include <zebra.h>

#include "lib/log.h"
#include "lib/northbound.h"

#include "bgpvpnd/bgpvpn_check_words.h"
#include "bgpvpnd/bgpvpn_errors.h"
#include "bgpvpnd/bgpvpn_manual.h"
#include "bgpvpnd/bgpvpn_secret.h"
#include "bgpvpnd/crypto/crypto.h"

/* --- algorithms ------------------------------------------------------------------------------------------ */

/* None with a counter: it would begin again under the same key, RFC 8221 3. */
static const struct algorithm {
	const char *name;
	uint16_t encr_bytes;
	uint16_t integ;
	uint16_t integ_bytes;
} algorithms[] = {
	{"aes128-sha256", 16, IKE_INTEG_HMAC_SHA2_256_128, 32},
	{"aes256-sha256", 32, IKE_INTEG_HMAC_SHA2_256_128, 32},
	{"aes256-sha384", 32, IKE_INTEG_HMAC_SHA2_384_192, 48},
	{"aes256-sha512", 32, IKE_INTEG_HMAC_SHA2_512_256, 64},
	{"aes128-sha1", 16, IKE_INTEG_HMAC_SHA1_96, 20},
	{"aes256-sha1", 32, IKE_INTEG_HMAC_SHA1_96, 20},
};

static const struct algorithm *algorithm_find(const char *name)
{
	for (size_t i = 0; i < array_size(algorithms); i++)
		if (strmatch(name, algorithms[i].name))
			return &algorithms[i];
	return NULL;
}

const char *bgpvpn_manual_algorithm(const struct child_sa_params *sa)
{
	for (size_t i = 0; i < array_size(algorithms); i++)
		if (sa->integ == algorithms[i].integ && sa->encr_key_bits == algorithms[i].encr_bytes * 8)
			return algorithms[i].name;
	return "";
}

/* --- the file -------------------------------------------------------------------------------------------- */

static const char blanks[] = " \t\r\n";

/* The next word of a text, as a key; false: it is not 0x and pairs of digits. `text` goes behind it. */
static bool key_read(char **text, struct secret *key)
{
	char *word = *text + strspn(*text, blanks), *end = word + strcspn(word, blanks), err[128];
	bool last = *end == '\0', ok;

	*end = '\0';
	ok = strncmp(word, "0x", 2) == 0 && bgpvpn_secret_from_text(word, key, err, sizeof(err));
	*text = last ? end : end + 1;
	return ok;
}

static bool both_read(char *text, struct child_sa_half *half)
{
	return key_read(&text, &half->encr_key) && key_read(&text, &half->integ_key) &&
	       text[strspn(text, blanks)] == '\0';
}

static bool length_ok(const char *path, const char *what, const struct secret *key, size_t want,
		      const char *algorithm, char *err, size_t err_len)
{
	return key->len == want || refuse(err, err_len, "%s: the %s key has %zu bytes, and %s takes %zu",
					  path, what, key->len, algorithm, want);
}

static bool lengths_ok(const char *path, const struct child_sa_half *half, const char *algorithm, char *err,
		       size_t err_len)
{
	const struct algorithm *row = algorithm_find(algorithm);

	return !row ||
	       (length_ok(path, "encryption", &half->encr_key, row->encr_bytes, algorithm, err, err_len) &&
		length_ok(path, "integrity", &half->integ_key, row->integ_bytes, algorithm, err, err_len));
}

static void half_fini(struct child_sa_half *half)
{
	secret_fini(&half->encr_key);
	secret_fini(&half->integ_key);
}

/* A file as a text that ends, in memory that will be wiped. */
static bool text_read(const char *path, struct secret *text, char *err, size_t err_len)
{
	struct secret file = {};
	bool ok = bgpvpn_file_read(path, true, &file, err, err_len);

	if (ok) {
		secret_alloc(text, file.len + 1);
		if (file.len)
			memcpy(text->key, file.key, file.len);
	}
	secret_fini(&file);
	return ok;
}

bool bgpvpn_manual_keys(const char *path, const char *algorithm, struct child_sa_half *half, char *err,
			size_t err_len)
{
	struct child_sa_half read = {.spi = half->spi};
	struct secret text = {};
	bool ok = text_read(path, &text, err, err_len);

	if (ok && !both_read((char *)text.key, &read))
		ok = refuse(
			err, err_len,
			"%s does not hold two keys, for encryption and for integrity, each 0x and hexadecimal digits",
			path);
	ok = ok && lengths_ok(path, &read, algorithm, err, err_len);
	if (ok) {
		secret_move(&half->encr_key, &read.encr_key);
		secret_move(&half->integ_key, &read.integ_key);
	}
	half_fini(&read);
	secret_fini(&text);
	return ok;
}

/* --- check ----------------------------------------------------------------------------------------------- */

static bool side_check(const struct lyd_node *manual, const char *side, char *err, size_t err_len)
{
	const char *path = text_of(child_of(manual, side), "key-file");
	struct child_sa_half half = {};
	bool ok = !path[0] || bgpvpn_manual_keys(path, text_of(manual, "algorithm"), &half, err, err_len);

	half_fini(&half);
	return ok;
}

bool bgpvpn_manual_check(const struct lyd_node *dnode, char *err, size_t err_len)
{
	const struct lyd_node *manual = child_of(tunnel_of(dnode), "manual-sa");

	return side_check(manual, "in", err, err_len) && side_check(manual, "out", err, err_len);
}

/* --- fill ------------------------------------------------------------------------------------------------ */

static void fill_half(const struct lyd_node *manual, const char *side, const char *tunnel,
		      const struct child_sa_half *old, struct child_sa_half *half)
{
	const char *path = text_of(child_of(manual, side), "key-file");
	char err[512];

	half->spi = strtoul(text_of(child_of(manual, side), "spi"), NULL, 10);
	if (!path[0] || bgpvpn_manual_keys(path, text_of(manual, "algorithm"), half, err, sizeof(err)))
		return;
	if (!old || !old->encr_key.len) {
		flog_err(EC_BGPVPN_SECRET_FILE, "tunnel %s: %s", tunnel, err);
		return;
	}
	flog_warn(EC_BGPVPN_SECRET_FILE, "tunnel %s: %s; the keys read before stay in use", tunnel, err);
	secret_copy(&half->encr_key, &old->encr_key);
	secret_copy(&half->integ_key, &old->integ_key);
}

/* No IKE: should any begin in spite of that, nobody has the secret. */
static void lock_ike(const struct tunnel_cfg *old, struct tunnel_cfg *cfg)
{
	secret_alloc(&cfg->ike->psk, 32);
	crypto_random(cfg->ike->psk.key, cfg->ike->psk.len);
	if (old && old->manual && old->ike->psk.len)
		secret_copy(&cfg->ike->psk, &old->ike->psk);
}

void bgpvpn_manual_fill(const struct lyd_node *tunnel, const struct tunnel_cfg *old, struct tunnel_cfg *cfg)
{
	const struct lyd_node *manual = child_of(tunnel, "manual-sa");
	struct child_sa_params *sa = &cfg->manual_sa;
	const struct algorithm *algorithm;
	struct link_words words;

	link_words_read(tunnel, &words);
	if (!words.manual)
		return;
	cfg->manual = true;
	lock_ike(old, cfg);
	/* Its sequence numbers begin anew with each start of the daemon, RFC 4303 3.3.3. */
	cfg->replay_window = 0;
	algorithm = algorithm_find(text_of(manual, "algorithm"));
	if (algorithm) {
		sa->encr = IKE_ENCR_AES_CBC;
		sa->encr_key_bits = algorithm->encr_bytes * 8;
		sa->integ = algorithm->integ;
	}
	if (old && (!old->manual || old->manual_sa.encr_key_bits != sa->encr_key_bits ||
		    old->manual_sa.integ != sa->integ))
		old = NULL;
	fill_half(manual, "in", cfg->name, old ? &old->manual_sa.in : NULL, &sa->in);
	fill_half(manual, "out", cfg->name, old ? &old->manual_sa.out : NULL, &sa->out);
	sa->udp_encap = cfg->ike->nat_force;
}

const char *bgpvpn_manual_missing(const struct lyd_node *tunnel, const struct tunnel_cfg *cfg)
{
	const struct child_sa_params *sa = &cfg->manual_sa;

	if (!sa->encr)
		return "manual-sa algorithm missing";
	if (!sa->in.spi)
		return "manual-sa in missing";
	if (!sa->out.spi)
		return "manual-sa out missing";
	if (!sa->in.encr_key.len || !sa->out.encr_key.len)
		return "key file of manual-sa cannot be used";
	if (ipaddr_is_unspecified(&cfg->ike->local))
		return "local address missing, manual-sa needs it";
	return NULL;
}
