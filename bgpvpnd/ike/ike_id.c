// SPDX-License-Identifier: GPL-2.0-or-later
/* Identities, see ike_id.h. */
#include <zebra.h>

#include "lib/jhash.h"
#include "lib/printfrr.h"

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/ike/ike_id.h"

#define FQDN_MAX 253

static void id_set(struct ike_id_cfg *id, uint8_t type, struct bytes value)
{
	*id = (struct ike_id_cfg){.type = type, .len = (uint16_t)value.n};
	if (value.n)
		memcpy(id->value, value.p, value.n);
}

void ike_id_of_addr(const struct ipaddr *addr, struct ike_id_cfg *out)
{
	*out = (struct ike_id_cfg){};
	if (addr->ipa_type == IPADDR_V4)
		id_set(out, IKE_ID_IPV4_ADDR, ipaddr_bytes(addr));
	else if (addr->ipa_type == IPADDR_V6)
		id_set(out, IKE_ID_IPV6_ADDR, ipaddr_bytes(addr));
}

struct ike_id ike_id_payload(const struct ike_id_cfg *cfg)
{
	return (struct ike_id){.type = cfg->type, .value = bytes_make(cfg->value, cfg->len)};
}

void ike_id_of_payload(const struct ike_id *id, struct ike_id_cfg *out)
{
	id_set(out, id->type, bytes_make(id->value.p, MIN(id->value.n, LIMIT_ID)));
}

bool ike_id_matches(const struct ike_id_cfg *configured, const struct ike_id *got)
{
	struct bytes value = bytes_make(configured->value, configured->len);

	if (configured->type == 0 || configured->type != got->type)
		return false;
	/* One name has many encodings. */
	if (configured->type == IKE_ID_DER_ASN1_DN)
		return crypto_dn_equal(value, got->value);
	if (value.n != got->value.n)
		return false;
	if (configured->type == IKE_ID_FQDN)
		return strncasecmp((const char *)configured->value, (const char *)got->value.p,
				   configured->len) == 0;
	return bytes_equal(value, got->value);
}

uint32_t ike_id_hash(const struct ike_id_cfg *id)
{
	uint8_t folded[LIMIT_ID];

	if (id->type == IKE_ID_DER_ASN1_DN)
		return crypto_dn_hash(bytes_make(id->value, id->len));
	for (size_t i = 0; i < id->len; i++)
		folded[i] = id->type == IKE_ID_FQDN ? (uint8_t)tolower(id->value[i]) : id->value[i];
	return jhash(folded, id->len, id->type);
}

/*
 * --- parsing
 * ------------------------------------------------------------------------------------------------
 */

static bool parse_address(const char *value, struct ike_id_cfg *out, char *err, size_t err_len)
{
	uint8_t addr[16];

	if (inet_pton(AF_INET, value, addr) == 1) {
		id_set(out, IKE_ID_IPV4_ADDR, bytes_make(addr, 4));
		return true;
	}
	if (inet_pton(AF_INET6, value, addr) == 1) {
		id_set(out, IKE_ID_IPV6_ADDR, bytes_make(addr, 16));
		return true;
	}
	snprintf(err, err_len, "%s is neither an IPv4 nor an IPv6 address", value);
	return false;
}

static bool all_chars(const char *text, size_t n, const char *punctuation)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr(punctuation, text[i]))
			return false;
	return true;
}

static bool is_host(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n <= FQDN_MAX && text[0] != '.' && !strstr(text, "..") && all_chars(text, n, "-_.");
}

static bool parse_fqdn(const char *value, struct ike_id_cfg *out, char *err, size_t err_len)
{
	if (!is_host(value)) {
		snprintf(err, err_len,
			 "%s is not a domain name such as vpn.example.org (1 to %d letters, digits, - _ .)",
			 value, FQDN_MAX);
		return false;
	}
	id_set(out, IKE_ID_FQDN, bytes_str(value));
	return true;
}

static bool parse_email(const char *value, struct ike_id_cfg *out, char *err, size_t err_len)
{
	const char *at = strrchr(value, '@');

	if (!at || at == value || strlen(value) > LIMIT_ID || !is_host(at + 1) ||
	    !all_chars(value, (size_t)(at - value), "!#$%&'*+-/=?^_`{|}~.")) {
		snprintf(err, err_len, "%s is not a mail address such as a@example.org", value);
		return false;
	}
	id_set(out, IKE_ID_RFC822_ADDR, bytes_str(value));
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hex(const char *digits, struct wr *wr)
{
	for (; digits[0]; digits += 2) {
		int high = hex_digit(digits[0]);
		int low = high < 0 ? -1 : hex_digit(digits[1]);

		if (low < 0)
			return false;
		wr_u8(wr, (unsigned int)(high << 4 | low));
	}
	return true;
}

static bool parse_key_id(const char *value, struct ike_id_cfg *out, char *err, size_t err_len)
{
	uint8_t key[LIMIT_ID];
	struct wr wr = wr_of(key, sizeof(key));

	if (strncmp(value, "0x", 2) != 0) {
		wr_bytes(&wr, bytes_str(value));
	} else if (!parse_hex(value + 2, &wr)) {
		snprintf(err, err_len, "after 0x there must be pairs of hexadecimal digits");
		return false;
	}
	if (wr.failed || wr.len == 0) {
		snprintf(err, err_len, "a key id has 1 to %d bytes", LIMIT_ID);
		return false;
	}
	id_set(out, IKE_ID_KEY_ID, wr_bytes_view(&wr));
	return true;
}

static bool parse_dn(const char *value, struct ike_id_cfg *out, char *err, size_t err_len)
{
	uint8_t der[LIMIT_ID];
	size_t n = crypto_dn_parse(value, der, sizeof(der), err, err_len);

	if (n == 0)
		return false;
	id_set(out, IKE_ID_DER_ASN1_DN, bytes_make(der, n));
	return true;
}

bool ike_id_parse(const char *kind, const char *value, struct ike_id_cfg *out, char *err, size_t err_len)
{
	static const struct {
		const char *kind;
		bool (*parse)(const char *value, struct ike_id_cfg *out, char *err, size_t err_len);
	} kinds[] = {
		{"address", parse_address}, {"fqdn", parse_fqdn},     {"email", parse_email},
		{"dn", parse_dn},	    {"key-id", parse_key_id},
	};

	for (size_t i = 0; i < array_size(kinds); i++)
		if (strcmp(kind, kinds[i].kind) == 0)
			return kinds[i].parse(value, out, err, err_len);
	snprintf(err, err_len, "%s is not a kind of identity: use address, fqdn, email, dn or key-id", kind);
	return false;
}

/*
 * --- printing
 * -----------------------------------------------------------------------------------------------
 */

/* Would parse back to the same bytes, and cannot upset a terminal: an identity may come from a stranger. */
static bool is_plain_text(const struct ike_id_cfg *id)
{
	for (size_t i = 0; i < id->len; i++)
		if (!isgraph(id->value[i]))
			return false;
	return id->len > 0 && !(id->len >= 2 && id->value[0] == '0' && id->value[1] == 'x');
}

static const char *format_bytes(const struct ike_id_cfg *id, char *buf, size_t len)
{
	if (is_plain_text(id)) {
		snprintf(buf, len, "%.*s", (int)id->len, (const char *)id->value);
		return buf;
	}
	snprintf(buf, len, "0x");
	for (size_t i = 0; i < id->len; i++)
		csnprintfrr(buf, len, "%02x", id->value[i]);
	return buf;
}

static const char *format_addr(const struct ike_id_cfg *id, char *buf, size_t len)
{
	struct ipaddr addr = ipaddr_of(bytes_make(id->value, id->len));

	snprintfrr(buf, len, "%pIA", &addr);
	return buf;
}

static const char *format_dn(const struct ike_id_cfg *id, char *buf, size_t len)
{
	if (!crypto_dn_format(bytes_make(id->value, id->len), buf, len))
		snprintf(buf, len, "an ID_DER_ASN1_DN that cannot be read");
	return buf;
}

const char *ike_id_format(const struct ike_id_cfg *id, char *buf, size_t len)
{
	switch (id->type) {
	case 0:
		snprintf(buf, len, "none");
		return buf;
	case IKE_ID_IPV4_ADDR:
	case IKE_ID_IPV6_ADDR:
		return format_addr(id, buf, len);
	case IKE_ID_DER_ASN1_DN:
		return format_dn(id, buf, len);
	case IKE_ID_FQDN:
	case IKE_ID_RFC822_ADDR:
	case IKE_ID_KEY_ID:
		return format_bytes(id, buf, len);
	default: /* a peer's number, any octet */
		snprintf(buf, len, "an identity of type %u (%s)", id->type, iana_id_name(id->type));
		return buf;
	}
}
