// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which inside families a Child SA carries. We offer both, always; many a peer narrows to the one that it knows (RFC 7296 2.9), and what
 * is of the other one is dropped by the selectors. No reason to keep the link down, but one to tell, where an address is configured.
 */
#include <zebra.h>

#include "bgpvpnd/tunnel/tunnel_private.h"

static bool list_has(const struct ts_list *list, enum ipaddr_type_t family)
{
	for (unsigned int i = 0; i < list->n; i++)
		if (list->ts[i].start.ipa_type == family)
			return true;
	return false;
}

static bool carries(const struct child_sa_params *params, enum ipaddr_type_t family)
{
	return list_has(&params->ts_local, family) && list_has(&params->ts_remote, family);
}

void tunnel_family_take(struct tunnel *t, const struct child_sa_params *params)
{
	t->port.no_v4 = !carries(params, IPADDR_V4);
	t->port.no_v6 = !carries(params, IPADDR_V6);
}

static bool inside_has(const struct tunnel_cfg *cfg, int family)
{
	for (int i = 0; i < cfg->num_inside; i++)
		if (cfg->inside[i].family == family)
			return true;
	return false;
}

const char *tunnel_family_words(const struct tunnel *t)
{
	if (!t->port.num_children)
		return "";
	if (t->port.no_v4 && inside_has(t->cfg, AF_INET))
		return "; the peer takes no IPv4 inside, it is dropped";
	if (t->port.no_v6 && inside_has(t->cfg, AF_INET6))
		return "; the peer takes no IPv6 inside, it is dropped";
	return "";
}
