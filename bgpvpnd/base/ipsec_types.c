// SPDX-License-Identifier: GPL-2.0-or-later
/* Shared IPsec words, see ipsec_types.h. */
#include <zebra.h>

#include "bgpvpnd/base/ipsec_types.h"

static void child_sa_half_fini(struct child_sa_half *half)
{
	secret_fini(&half->encr_key);
	secret_fini(&half->integ_key);
}

void child_sa_params_fini(struct child_sa_params *params)
{
	child_sa_half_fini(&params->in);
	child_sa_half_fini(&params->out);
}

static void child_sa_half_copy(struct child_sa_half *to, const struct child_sa_half *from)
{
	to->spi = from->spi;
	to->encr_key = (struct secret){};
	to->integ_key = (struct secret){};
	secret_copy(&to->encr_key, &from->encr_key);
	secret_copy(&to->integ_key, &from->integ_key);
}

void child_sa_params_copy(struct child_sa_params *to, const struct child_sa_params *from)
{
	*to = *from;
	child_sa_half_copy(&to->in, &from->in);
	child_sa_half_copy(&to->out, &from->out);
}

enum child_sa_wear child_sa_wear(const struct child_sa_limits *limits, uint64_t packets, uint64_t bytes)
{
	if ((limits->packets_hard && packets >= limits->packets_hard) ||
	    (limits->bytes_hard && bytes >= limits->bytes_hard))
		return CHILD_SA_SPENT;
	if ((limits->packets_soft && packets >= limits->packets_soft) ||
	    (limits->bytes_soft && bytes >= limits->bytes_soft))
		return CHILD_SA_WORN;
	return CHILD_SA_FRESH;
}

struct bytes ipaddr_bytes(const struct ipaddr *a)
{
	switch (a->ipa_type) {
	case IPADDR_V4:
		return bytes_make(&a->ipaddr_v4, sizeof(a->ipaddr_v4));
	case IPADDR_V6:
		return bytes_make(&a->ipaddr_v6, sizeof(a->ipaddr_v6));
	case IPADDR_NONE:
		break;
	}
	return bytes_make(NULL, 0);
}

struct ipaddr ipaddr_of(struct bytes b)
{
	struct ipaddr a = {.ipa_type = IPADDR_NONE};

	if (b.n == sizeof(a.ipaddr_v4)) {
		a.ipa_type = IPADDR_V4;
		memcpy(&a.ipaddr_v4, b.p, b.n);
	} else if (b.n == sizeof(a.ipaddr_v6)) {
		a.ipa_type = IPADDR_V6;
		memcpy(&a.ipaddr_v6, b.p, b.n);
	}
	return a;
}

bool ipaddr_equal(const struct ipaddr *a, const struct ipaddr *b)
{
	return a->ipa_type == b->ipa_type && bytes_equal(ipaddr_bytes(a), ipaddr_bytes(b));
}

int ipaddr_order(const struct ipaddr *a, const struct ipaddr *b)
{
	struct bytes ba = ipaddr_bytes(a);
	struct bytes bb = ipaddr_bytes(b);

	if (ba.n != bb.n)
		return numcmp(ba.n, bb.n);
	return ba.n ? memcmp(ba.p, bb.p, ba.n) : 0;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && ipaddr_equal(&a->addr, &b->addr);
}

bool ipaddr_is_unspecified(const struct ipaddr *a)
{
	struct bytes b = ipaddr_bytes(a);

	for (size_t i = 0; i < b.n; i++)
		if (b.p[i])
			return false;
	return true;
}

static struct ts ts_any(enum ipaddr_type_t family)
{
	struct ts ts = {.port_end = UINT16_MAX};

	ts.start.ipa_type = family;
	ts.end.ipa_type = family;
	memset(&ts.end.ip, 0xff, IPADDRSZ(&ts.end));
	return ts;
}

void ts_list_any(struct ts_list *list)
{
	list->ts[0] = ts_any(IPADDR_V4);
	list->ts[1] = ts_any(IPADDR_V6);
	list->n = 2;
}
