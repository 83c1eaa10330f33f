// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows of Wireshark's tables ikev2_decryption_table and esp_sa, see bgpvpn_keylog.h. The algorithms' names are Wireshark's own. */
#include <zebra.h>

#include "lib/printfrr.h"

#include "bgpvpnd/bgpvpn_keylog.h"

struct name {
	uint16_t id;
	uint16_t key_bits; /* 0: any */
	const char *name;
};

static const struct name ike_encr[] = {
	{IKE_ENCR_AES_GCM_16, 128, "AES-GCM-128 with 16 octet ICV [RFC5282]"},
	{IKE_ENCR_AES_GCM_16, 192, "AES-GCM-192 with 16 octet ICV [RFC5282]"},
	{IKE_ENCR_AES_GCM_16, 256, "AES-GCM-256 with 16 octet ICV [RFC5282]"},
	{IKE_ENCR_AES_CBC, 128, "AES-CBC-128 [RFC3602]"},
	{IKE_ENCR_AES_CBC, 192, "AES-CBC-192 [RFC3602]"},
	{IKE_ENCR_AES_CBC, 256, "AES-CBC-256 [RFC3602]"},
	{},
};

static const struct name ike_integ[] = {
	{IKE_INTEG_NONE, 0, "NONE [RFC4306]"},
	{IKE_INTEG_HMAC_SHA1_96, 0, "HMAC_SHA1_96 [RFC2404]"},
	{IKE_INTEG_HMAC_SHA2_256_128, 0, "HMAC_SHA2_256_128 [RFC4868]"},
	{IKE_INTEG_HMAC_SHA2_384_192, 0, "HMAC_SHA2_384_192 [RFC4868]"},
	{IKE_INTEG_HMAC_SHA2_512_256, 0, "HMAC_SHA2_512_256 [RFC4868]"},
	{},
};

static const struct name esp_encr[] = {
	{IKE_ENCR_AES_GCM_16, 0, "AES-GCM with 16 octet ICV [RFC4106]"},
	{IKE_ENCR_CHACHA20_POLY1305, 0, "ChaCha20 with Poly1305 [RFC7634]"},
	{IKE_ENCR_AES_CBC, 0, "AES-CBC [RFC3602]"},
	{},
};

static const struct name esp_integ[] = {
	{IKE_INTEG_NONE, 0, "NULL"},
	{IKE_INTEG_HMAC_SHA1_96, 0, "HMAC-SHA-1-96 [RFC2404]"},
	{IKE_INTEG_HMAC_SHA2_256_128, 0, "HMAC-SHA-256-128 [RFC4868]"},
	{IKE_INTEG_HMAC_SHA2_384_192, 0, "HMAC-SHA-384-192 [RFC4868]"},
	{IKE_INTEG_HMAC_SHA2_512_256, 0, "HMAC-SHA-512-256 [RFC4868]"},
	{},
};

static const char *name_of(const struct name *names, uint16_t id, uint16_t key_bits)
{
	for (; names->name; names++)
		if (names->id == id && (!names->key_bits || names->key_bits == key_bits))
			return names->name;
	return NULL;
}

struct text {
	char *at;
	size_t room;
};

static void add(struct text *text, const char *words)
{
	size_t n = strlcpy(text->at, words, text->room);

	assert(n < text->room);
	text->at += n;
	text->room -= n;
}

static void add_hex(struct text *text, struct bytes key)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < key.n; i++)
		add(text, (char[]){digits[key.p[i] >> 4], digits[key.p[i] & 15], '\0'});
}

void bgpvpn_keylog_ike_line(const struct ike_key_log *keys, char *line)
{
	struct text text = {line, BGPVPN_KEYLOG_LINE};
	const char *encr = name_of(ike_encr, keys->encr, keys->encr_key_bits);
	const char *integ = name_of(ike_integ, keys->integ, 0);
	char spis[64];

	snprintf(spis, sizeof(spis), "%016" PRIx64 ",%016" PRIx64, keys->spi_i, keys->spi_r);
	if (!encr || !integ) {
		add(&text, "# Wireshark has no name for the algorithms of the IKE SA ");
		add(&text, spis);
		add(&text, "\n");
		return;
	}
	add(&text, spis);
	add(&text, ",");
	add_hex(&text, keys->ei);
	add(&text, ",");
	add_hex(&text, keys->er);
	add(&text, ",\"");
	add(&text, encr);
	add(&text, "\",");
	add_hex(&text, keys->ai);
	add(&text, ",");
	add_hex(&text, keys->ar);
	add(&text, ",\"");
	add(&text, integ);
	add(&text, "\"\n");
}

static void add_key(struct text *text, const struct secret *key)
{
	add(text, "\",\"");
	if (key->len)
		add(text, "0x");
	add_hex(text, secret_view(key));
}

/* Addresses are left open: a NAT shows others on its far side, and MOBIKE brings new ones. */
void bgpvpn_keylog_esp_line(const struct child_sa_params *child, bool in, char *line)
{
	const struct child_sa_half *half = in ? &child->in : &child->out;
	const char *encr = name_of(esp_encr, child->encr, 0), *integ = name_of(esp_integ, child->integ, 0);
	struct text text = {line, BGPVPN_KEYLOG_LINE};
	char spi[16];

	snprintf(spi, sizeof(spi), "0x%08x", half->spi);
	if (!encr || !integ) {
		add(&text, "# Wireshark has no name for the algorithms of the ESP SA ");
		add(&text, spi);
		add(&text, "\n");
		return;
	}
	/* Wireshark 4.0 stops reading there. */
	if (child->encr == IKE_ENCR_CHACHA20_POLY1305)
		add(&text, "# for a Wireshark that has this algorithm: ");
	add(&text, IS_IPADDR_V6(&child->remote.addr) ? "\"IPv6" : "\"IPv4");
	add(&text, "\",\"*\",\"*\",\"");
	add(&text, spi);
	add(&text, "\",\"");
	add(&text, encr);
	add_key(&text, &half->encr_key);
	add(&text, "\",\"");
	add(&text, integ);
	add_key(&text, &half->integ_key);
	add(&text, "\"\n");
}
