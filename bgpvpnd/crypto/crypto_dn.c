// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Distinguished names: ID_DER_ASN1_DN of RFC 7296 3.5, spelled as RFC 4514 does but in the order of the certificate. Called for
 * configured identities, for those of peers, and where a certificate is named to the operator.
 */
#include <zebra.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "bgpvpnd/crypto/crypto_x509.h"

/* Longest type and value of one part, RFC 5280's ub-* are all below. */
#define DN_TYPE_MAX  32
#define DN_VALUE_MAX 256

/* One "type=value" of the text; *text moves behind it and its comma. */
struct dn_part {
	char type[DN_TYPE_MAX + 1];
	char value[DN_VALUE_MAX + 1];
};

static void skip_blanks(const char **text)
{
	while (**text == ' ')
		(*text)++;
}

static bool part_type(const char **text, struct dn_part *part)
{
	size_t n = strcspn(*text, "=,");

	if ((*text)[n] != '=' || n == 0 || n > DN_TYPE_MAX)
		return false;
	memcpy(part->type, *text, n);
	*text += n + 1;
	while (n > 0 && part->type[n - 1] == ' ')
		n--;
	part->type[n] = '\0';
	return n > 0;
}

static bool part_value(const char **text, struct dn_part *part)
{
	size_t n = 0, kept = 0;
	const char *p = *text;

	for (; *p && *p != ','; p++) {
		bool escaped = *p == '\\' && p[1];

		if (escaped)
			p++;
		if (n == DN_VALUE_MAX)
			return false;
		part->value[n++] = *p;
		if (escaped || *p != ' ')
			kept = n; /* blanks before the comma do not belong to it */
	}
	part->value[kept] = '\0';
	*text = *p == ',' ? p + 1 : p;
	/* A comma at the end has nothing behind it. */
	return kept > 0 && (*p != ',' || p[1]);
}

static bool part_next(const char **text, struct dn_part *part)
{
	skip_blanks(text);
	if (!part_type(text, part))
		return false;
	skip_blanks(text);
	return part_value(text, part);
}

static bool parse_into(X509_NAME *name, const char *text, char *err, size_t err_len)
{
	struct dn_part part;

	do {
		if (!part_next(&text, &part)) {
			snprintf(err, err_len,
				 "a distinguished name is written like C=CH, O=Example, CN=vpn.example.org");
			return false;
		}
		if (X509_NAME_add_entry_by_txt(name, part.type, MBSTRING_UTF8, (const uint8_t *)part.value,
					       -1, -1, 0) != 1) {
			snprintf(err, err_len, "%s=%s cannot be part of a distinguished name", part.type,
				 part.value);
			return false;
		}
	} while (*text);
	return true;
}

size_t crypto_dn_parse(const char *text, uint8_t *to, size_t cap, char *err, size_t err_len)
{
	X509_NAME *name = X509_NAME_new();
	size_t len = 0;
	int n;

	if (name && parse_into(name, text, err, err_len)) {
		n = i2d_X509_NAME(name, NULL);
		if (n > 0 && (size_t)n <= cap) {
			i2d_X509_NAME(name, &to);
			len = (size_t)n;
		} else {
			snprintf(err, err_len, "a distinguished name has at most %zu bytes as DER", cap);
		}
	}
	X509_NAME_free(name);
	ERR_clear_error();
	return len;
}

static X509_NAME *name_of(struct bytes der)
{
	const unsigned char *p = der.p;
	X509_NAME *name = der.n && der.n <= LIMIT_IKE_MSG ? d2i_X509_NAME(NULL, &p, (long)der.n) : NULL;

	if (name && p == der.p + der.n)
		return name;
	X509_NAME_free(name);
	ERR_clear_error();
	return NULL;
}

/* RFC 2253 escapes control characters and everything beyond ASCII: it cannot upset a terminal. */
#define PRINT_FLAGS (ASN1_STRFLGS_RFC2253 | XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN)

const char *x509_name_format(const X509_NAME *name, char *buf, size_t len)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, PRINT_FLAGS) >= 0)
		n = BIO_read(bio, buf, (int)len - 1);
	buf[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
	return buf;
}

bool crypto_dn_format(struct bytes der, char *buf, size_t len)
{
	X509_NAME *name = name_of(der);

	buf[0] = '\0';
	if (!name)
		return false;
	x509_name_format(name, buf, len);
	X509_NAME_free(name);
	return true;
}

bool crypto_dn_equal(struct bytes a, struct bytes b)
{
	X509_NAME *x = name_of(a), *y = name_of(b);
	bool same = x && y && X509_NAME_entry_count(x) > 0 && X509_NAME_cmp(x, y) == 0;

	X509_NAME_free(x);
	X509_NAME_free(y);
	return same;
}

uint32_t crypto_dn_hash(struct bytes der)
{
	X509_NAME *name = name_of(der);
	int ok = 0;
	unsigned long hash = name ? X509_NAME_hash_ex(name, NULL, NULL, &ok) : 0;

	X509_NAME_free(name);
	return ok ? (uint32_t)hash : 0;
}
