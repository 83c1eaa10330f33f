// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of bgpvpn_check.h. A line of the CLI is a transaction of its own: what is not said yet is never
 * an error here, only what contradicts.
 */
#include <zebra.h>

#include "lib/northbound.h"
#include "lib/prefix.h"

#include "bgpvpnd/bgpvpn_cert.h"
#include "bgpvpnd/bgpvpn_cfg.h"
#include "bgpvpnd/bgpvpn_check.h"
#include "bgpvpnd/bgpvpn_check_words.h"
#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/ike/ike.h"

bool bgpvpn_check_proposals(uint8_t proto, const struct lyd_node *dnode, char *err, size_t err_len)
{
	struct ike_proposal_cfg parsed[LIMIT_PROPOSALS_CFG];
	uint8_t n;

	return bgpvpn_proposals_parse(proto, yang_dnode_get_string(dnode, NULL), parsed, &n, err, err_len);
}

/* --- addresses ------------------------------------------------------------------------------------------- */

/* Class E, multicast, 0/8, 127/8: no host has one. */
static bool ipv4_is_host(struct in_addr addr)
{
	uint32_t a = ntohl(addr.s_addr);

	return a >> 24 != 0 && a >> 24 != 127 && a < 0xe0000000;
}

static bool ipv6_is_host(const struct in6_addr *addr)
{
	return !IN6_IS_ADDR_UNSPECIFIED(addr) && !IN6_IS_ADDR_LOOPBACK(addr) &&
	       !IN6_IS_ADDR_MULTICAST(addr) && !IN6_IS_ADDR_V4MAPPED(addr);
}

/* A remote address behind the tunnel itself would send IKE into the tunnel that IKE is to make. */
static bool check_remote_outside(const struct lyd_node *tunnel, const struct ipaddr *remote, char *err,
				 size_t err_len)
{
	struct prefix peer = {}, inside;
	const struct lyd_node *child;

	peer.family = IS_IPADDR_V4(remote) ? AF_INET : AF_INET6;
	peer.prefixlen = IS_IPADDR_V4(remote) ? IPV4_MAX_BITLEN : IPV6_MAX_BITLEN;
	memcpy(&peer.u, ipaddr_bytes(remote).p, ipaddr_bytes(remote).n);
	LY_LIST_FOR(lyd_child(tunnel), child)
	{
		if (!strmatch(child->schema->name, "inside-address") ||
		    !bgpvpn_prefix_parse(lyd_get_value(child), &inside))
			continue;
		if (inside.family == peer.family && prefix_match(&inside, &peer))
			return refuse(err, err_len,
				      "tunnel %s: remote address %pIA lies in inside address %pFX",
				      name_of(tunnel), remote, &inside);
	}
	return true;
}

static bool check_ends(const struct lyd_node *tunnel, char *err, size_t err_len)
{
	struct ipaddr local = {}, remote = {};

	if (str2ipaddr(text_of(child_of(tunnel, "remote"), "address"), &remote) != 0)
		return true;
	if (!check_remote_outside(tunnel, &remote, err, err_len))
		return false;
	if (str2ipaddr(text_of(child_of(tunnel, "local"), "address"), &local) != 0)
		return true;
	if (local.ipa_type != remote.ipa_type)
		return refuse(
			err, err_len,
			"tunnel %s: local address %pIA and remote address %pIA are of different families",
			name_of(tunnel), &local, &remote);
	if (ipaddr_equal(&local, &remote))
		return refuse(err, err_len, "tunnel %s: local and remote address are both %pIA",
			      name_of(tunnel), &local);
	return true;
}

bool bgpvpn_check_address(const struct lyd_node *dnode, char *err, size_t err_len)
{
	const char *text = yang_dnode_get_string(dnode, NULL);
	struct ipaddr addr = {};

	if (strmatch(text, "any"))
		return true;
	if (str2ipaddr(text, &addr) != 0)
		return refuse(err, err_len, "%s is not an address", text);
	if (IS_IPADDR_V4(&addr) ? !ipv4_is_host(addr.ipaddr_v4) : !ipv6_is_host(&addr.ipaddr_v6))
		return refuse(err, err_len, "%s is not a unicast address", text);
	if (IS_IPADDR_V6(&addr) && IN6_IS_ADDR_LINKLOCAL(&addr.ipaddr_v6))
		return refuse(err, err_len, "%s is link-local: a tunnel needs an address that can be routed",
			      text);
	return check_ends(tunnel_of(dnode), err, err_len);
}

bool bgpvpn_check_id(const struct lyd_node *dnode, char *err, size_t err_len)
{
	const struct lyd_node *id = lyd_parent(dnode);
	struct ike_id_cfg parsed;

	if (!yang_dnode_exists(id, "./kind") || !yang_dnode_exists(id, "./value"))
		return true;
	return ike_id_parse(yang_dnode_get_string(id, "./kind"), yang_dnode_get_string(id, "./value"),
			    &parsed, err, err_len);
}

/* --- certificates ---------------------------------------------------------------------------------------- */

bool bgpvpn_check_certificate(const struct lyd_node *dnode, char *err, size_t err_len)
{
	struct crypto_creds *creds = NULL;
	bool ok = bgpvpn_cert_load_own(lyd_parent(dnode), &creds, err, err_len);

	crypto_creds_unref(creds);
	return ok;
}

bool bgpvpn_check_ca(const struct lyd_node *dnode, char *err, size_t err_len)
{
	struct crypto_trust *trust = NULL;
	bool ok = bgpvpn_cert_load_ca(lyd_parent(dnode), &trust, err, err_len);

	crypto_trust_unref(trust);
	return ok;
}

/* --- inside ---------------------------------------------------------------------------------------------- */

static bool inside_is_host(const struct prefix *p, char *err, size_t err_len)
{
	struct prefix network = *p;
	uint32_t host_mask;

	if (p->family == AF_INET6) {
		if (p->prefixlen == 0 || !ipv6_is_host(&p->u.prefix6))
			return refuse(err, err_len, "%pFX cannot be the address of an interface", p);
		return true;
	}
	if (p->prefixlen == 0 || !ipv4_is_host(p->u.prefix4))
		return refuse(err, err_len, "%pFX cannot be the address of an interface", p);
	if (p->prefixlen > 30)
		return true;
	apply_mask(&network);
	host_mask = ~0u >> p->prefixlen;
	if ((ntohl(p->u.prefix4.s_addr) & host_mask) == 0)
		return refuse(err, err_len, "%pFX is the network itself, not the address of a host in it", p);
	if ((ntohl(p->u.prefix4.s_addr) & host_mask) == host_mask)
		return refuse(err, err_len, "%pFX is the broadcast address of %pFX", p, &network);
	return true;
}

/* dnode, an inside-address, against the others of its tunnel. Networks of other tunnels: bgpvpn_check_inside.c. */
static bool inside_fits(const struct lyd_node *dnode, const struct prefix *p, const struct lyd_node *tunnel,
			char *err, size_t err_len)
{
	const struct lyd_node *child;
	unsigned int count = 0;
	struct prefix other;

	LY_LIST_FOR(lyd_child(tunnel), child)
	{
		if (!strmatch(child->schema->name, "inside-address"))
			continue;
		count++;
		if (child == dnode || !bgpvpn_prefix_parse(lyd_get_value(child), &other) ||
		    other.family != p->family || is_host_route(p) || is_host_route(&other))
			continue;
		if (prefix_match(p, &other) || prefix_match(&other, p))
			return refuse(err, err_len, "%pFX overlaps with inside address %pFX of tunnel %s", p,
				      &other, name_of(tunnel));
	}
	if (count > LIMIT_INSIDE_PREFIXES)
		return refuse(err, err_len, "more than %d inside addresses", LIMIT_INSIDE_PREFIXES);
	return true;
}

/* RFC 8200 5: a link with less does not carry IPv6, and the kernel takes the address from such an interface. */
#define IPV6_MTU_MIN 1280

static bool mtu_carries(const struct lyd_node *tunnel, const struct prefix *inside, char *err, size_t err_len)
{
	const char *mtu = text_of(tunnel, "mtu");

	if (inside->family != AF_INET6 || !mtu[0] || strtoul(mtu, NULL, 10) >= IPV6_MTU_MIN)
		return true;
	return refuse(err, err_len, "tunnel %s: inside address %pFX needs an MTU of at least %d, not %s",
		      name_of(tunnel), inside, IPV6_MTU_MIN, mtu);
}

bool bgpvpn_check_mtu(const struct lyd_node *dnode, char *err, size_t err_len)
{
	const struct lyd_node *tunnel = tunnel_of(dnode), *child;
	struct prefix inside;

	LY_LIST_FOR(lyd_child(tunnel), child)
	{
		if (strmatch(child->schema->name, "inside-address") &&
		    bgpvpn_prefix_parse(lyd_get_value(child), &inside) &&
		    !mtu_carries(tunnel, &inside, err, err_len))
			return false;
	}
	return true;
}

bool bgpvpn_check_inside(const struct lyd_node *dnode, char *err, size_t err_len)
{
	const struct lyd_node *tunnel = tunnel_of(dnode);
	const char *text = yang_dnode_get_string(dnode, NULL);
	struct prefix p;

	if (!bgpvpn_prefix_parse(text, &p))
		return refuse(err, err_len, "%s is not an address with a prefix length", text);
	if (!inside_is_host(&p, err, err_len) || !mtu_carries(tunnel, &p, err, err_len))
		return false;
	return inside_fits(dnode, &p, tunnel, err, err_len) && check_ends(tunnel, err, err_len);
}

/* --- profile --------------------------------------------------------------------------------------------- */

static bool profile_exists(const struct lyd_node *vpn, const char *name)
{
	const struct lyd_node *child;

	LY_LIST_FOR(lyd_child(vpn), child)
	if (strmatch(child->schema->name, "profile") && strmatch(name_of(child), name))
		return true;
	return false;
}

bool bgpvpn_check_profile(const struct lyd_node *tunnel, char *err, size_t err_len)
{
	const char *profile = text_of(tunnel, "profile");

	if (!profile[0] || profile_exists(lyd_parent(tunnel), profile))
		return true;
	return refuse(err, err_len, "profile %s does not exist, and tunnel %s uses it", profile,
		      name_of(tunnel));
}
