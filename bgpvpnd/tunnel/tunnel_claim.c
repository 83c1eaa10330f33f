// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a peer that dials in says to be behind it: its side of the selectors, which is routed into its interface. It has proved who it is,
 * not what is its own, so it gets what does no harm should it lie:
 *
 * - nothing of what another such peer has, or another tunnel of the same interface: its Child SA is refused;
 * - no route to an outer address, or to what is inside another tunnel: neither IKE nor ESP goes into a tunnel, nor one's BGP into another's;
 * - no route to what is on the Internet, where the next peers may come from, unless the operator has put bounds to it himself
 *   (`traffic-selector remote`);
 * - no route to a part of a network that this host is connected to, which the data plane knows (dplane/shape.c).
 *
 * The default route is a claim of nobody's, and the operator's to set. Any to any names nobody: so a peer on an interface of its own who has
 * proved to be an address of the inside (`local id address` at its end) is routed there by that address.
 */
#include <zebra.h>

#include "lib/prefix.h"

#include "bgpvpnd/tunnel/tunnel_private.h"

/*
 * --- prefixes --------------------------------------------------------------------------------------------
 */

static bool bit(const uint8_t *bytes, unsigned int i)
{
	return bytes[i / 8] & 0x80 >> i % 8;
}

/* A range of addresses that is a whole prefix, and not all there are. */
static bool prefix_of(const struct ts *ts, struct prefix *p)
{
	struct bytes start = ipaddr_bytes(&ts->start), end = ipaddr_bytes(&ts->end);
	unsigned int len = 0, bits = start.n * 8;

	while (len < bits && bit(start.p, len) == bit(end.p, len))
		len++;
	for (unsigned int i = len; i < bits; i++)
		if (bit(start.p, i) || !bit(end.p, i))
			return false;
	*p = (struct prefix){.family = IS_IPADDR_V4(&ts->start) ? AF_INET : AF_INET6, .prefixlen = len};
	memcpy(&p->u, start.p, start.n);
	return len > 0;
}

static bool holds(const struct prefix *outer, const struct prefix *inner)
{
	return outer->family == inner->family && prefix_match(outer, inner);
}

static bool any_holds(const struct prefix *list, unsigned int n, const struct prefix *p)
{
	for (unsigned int i = 0; i < n; i++)
		if (holds(&list[i], p))
			return true;
	return false;
}

static unsigned int bits_of(int family)
{
	return family == AF_INET ? IPV4_MAX_BITLEN : IPV6_MAX_BITLEN;
}

static struct prefix host_of(const struct ipaddr *addr)
{
	struct prefix host = {.family = IS_IPADDR_V4(addr) ? AF_INET : AF_INET6};

	host.prefixlen = bits_of(host.family);
	memcpy(&host.u, ipaddr_bytes(addr).p, ipaddr_bytes(addr).n);
	return host;
}

static bool holds_address(const struct prefix *p, const struct ipaddr *addr)
{
	struct prefix host;

	if (ipaddr_is_unspecified(addr))
		return false;
	host = host_of(addr);
	return holds(p, &host);
}

/*
 * --- whose it is already ---------------------------------------------------------------------------------
 */

static bool same_netns(const struct tunnel *a, const struct tunnel *b)
{
	return strcmp(a->cfg->nature.netns, b->cfg->nature.netns) == 0;
}

static bool same_interface(const struct tunnel *a, const struct tunnel *b)
{
	return strcmp(a->cfg->interface, b->cfg->interface) == 0 && same_netns(a, b);
}

static bool same_table(const struct tunnel *a, const struct tunnel *b)
{
	return strcmp(a->cfg->vrf, b->cfg->vrf) == 0 && same_netns(a, b);
}

/* Within bounds that an operator has set, and which are not the default ones. */
static bool is_configured_for(const struct tunnel *t, const struct prefix *p)
{
	const struct ts_list *list = &t->cfg->ike->ts_remote;
	struct prefix own;

	for (unsigned int i = 0; i < list->n; i++)
		if (prefix_of(&list->ts[i], &own) && holds(&own, p))
			return true;
	return false;
}

/* The whole of p: a part of it is not taken away from who has it, the longer prefix wins. */
static bool has_claimed(const struct tunnel *other, const struct tunnel *t, const struct prefix *p)
{
	if (other->kin.parent)
		return (same_table(other, t) || same_interface(other, t)) &&
		       any_holds(other->port.routes, other->port.num_routes, p);
	return !tunnel_is_template(other) && same_interface(other, t) && is_configured_for(other, p);
}

static const struct tunnel *owner_of(const struct tunnel *t, const struct prefix *p)
{
	const struct tunnel *other;

	frr_each (tunnel_names_const, &t->all->names, other)
		if (other != t && has_claimed(other, t, p))
			return other;
	return NULL;
}

bool tunnel_claim_refused(const struct tunnel *t, const struct child_sa_params *params, char *words,
			  size_t len)
{
	const struct tunnel *owner;
	struct prefix p;

	for (unsigned int i = 0; t->kin.parent && i < params->ts_remote.n; i++) {
		if (!prefix_of(&params->ts_remote.ts[i], &p))
			continue;
		owner = owner_of(t, &p);
		if (!owner)
			continue;
		snprintfrr(words, len, "the peer says that %pFX is behind it, which is behind %s", &p,
			   owner->cfg->name);
		return true;
	}
	return false;
}

/*
 * --- routes ----------------------------------------------------------------------------------------------
 */

/* Not of the Internet: RFC 1918, 6598, 5737, 2544, 4193, 3849. Not 169.254/16: clouds have their own services there. */
static const char *const private[] = {
	"10.0.0.0/8",	   "172.16.0.0/12",  "192.168.0.0/16", "100.64.0.0/10", "192.0.2.0/24",
	"198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15",  "fc00::/7",	"2001:db8::/32",
};

static bool is_private(const struct prefix *p)
{
	struct prefix range;

	for (size_t i = 0; i < array_size(private); i++)
		if (str2prefix(private[i], &range) && holds(&range, p))
			return true;
	return false;
}

/* Outer addresses are not in the table of a VRF, nor in another namespace. */
static bool takes_outer(const struct prefix *p, const struct tunnel *t, const struct tunnel *other)
{
	if (t->cfg->vrf[0] || t->cfg->nature.netns[0])
		return false;
	return holds_address(p, &other->cfg->ike->local) || holds_address(p, &other->cfg->ike->remote) ||
	       holds_address(p, &other->path.local) || holds_address(p, &other->path.remote);
}

static bool has_own_interface(const struct tunnel *t)
{
	return t->kin.parent && tunnel_has_no_interface(t->kin.parent);
}

/* The inside of a template's interfaces is where all of its peers are. */
static bool takes_inside(const struct prefix *p, const struct tunnel *t, const struct tunnel *other)
{
	if (has_own_interface(t) && (other == t->kin.parent || other->kin.parent == t->kin.parent))
		return false;
	return same_table(t, other) && any_holds(other->cfg->inside, other->cfg->num_inside, p);
}

static bool takes_from_others(const struct prefix *p, const struct tunnel *t)
{
	const struct tunnel *other;

	frr_each (tunnel_names_const, &t->all->names, other)
		if (takes_outer(p, t, other) || takes_inside(p, t, other))
			return true;
	return false;
}

static bool worth_a_route(const struct tunnel *t, const struct prefix *p)
{
	for (int i = 0; i < t->port.num_routes; i++)
		if (prefix_same(&t->port.routes[i], p))
			return false;
	return (is_configured_for(t, p) || is_private(p)) && !takes_from_others(p, t);
}

static void route_add(struct tunnel *t, const struct prefix *p)
{
	if (t->port.num_routes < LIMIT_LINK_ROUTES && worth_a_route(t, p))
		t->port.routes[t->port.num_routes++] = *p;
}

static bool carries(const struct ts_list *list, const struct ipaddr *addr)
{
	struct bytes b = ipaddr_bytes(addr);

	for (unsigned int i = 0; i < list->n; i++)
		if (list->ts[i].start.ipa_type == addr->ipa_type &&
		    memcmp(ipaddr_bytes(&list->ts[i].start).p, b.p, b.n) <= 0 &&
		    memcmp(b.p, ipaddr_bytes(&list->ts[i].end).p, b.n) <= 0)
			return true;
	return false;
}

static void take_identity(struct tunnel *t, const struct child_sa_params *params)
{
	const struct ike_id_cfg *id = &t->kin.peer_id;
	size_t n = id->type == IKE_ID_IPV4_ADDR ? IPV4_MAX_BYTELEN : IPV6_MAX_BYTELEN;
	struct ipaddr addr;
	struct prefix p;

	if (!has_own_interface(t) || (id->type != IKE_ID_IPV4_ADDR && id->type != IKE_ID_IPV6_ADDR) ||
	    id->len != n)
		return;
	addr = ipaddr_of(bytes_make(id->value, n));
	p = host_of(&addr);
	if (carries(&params->ts_remote, &addr) && any_holds(t->cfg->inside, t->cfg->num_inside, &p) &&
	    !owner_of(t, &p))
		route_add(t, &p);
}

/* After tunnel_path_take(): the peer's own address is one of the outer ones. */
void tunnel_routes_take(struct tunnel *t, const struct child_sa_params *params)
{
	struct prefix p;

	if (!t->kin.parent)
		return;
	t->port.num_routes = 0;
	/* What is in transport mode is of the two ends themselves. */
	if (params->transport)
		return;
	take_identity(t, params);
	for (unsigned int i = 0; i < params->ts_remote.n; i++)
		if (prefix_of(&params->ts_remote.ts[i], &p))
			route_add(t, &p);
}

void tunnel_routes_want(const struct tunnel *t, struct dplane_link_params *params)
{
	if (t->link.up) {
		params->num_routes = t->port.num_routes;
		memcpy(params->routes, t->port.routes, sizeof(params->routes));
	}
	for (int i = 0; has_own_interface(t) && i < params->num_inside; i++)
		params->inside[i].prefixlen = bits_of(params->inside[i].family);
}
