// SPDX-License-Identifier: GPL-2.0-or-later
/* Kinds of devices of the kernel plane, see xfrm_dev.h: one row each. */
#include <zebra.h>

#include "lib/log.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

static const struct xfrm_kind kinds[XFRM_KINDS] = {
	{.kind = DPLANE_KIND_XFRM,
	 .type = "xfrm",
	 .words = "an XFRM interface",
	 .missing =
		 "the kernel has no XFRM interfaces (`modprobe xfrm_interface`, or CONFIG_XFRM_INTERFACE)"},
	{.kind = DPLANE_KIND_VTI,
	 .type = "vti",
	 .words = "a VTI",
	 .missing = "the kernel has no VTI (`modprobe ip_vti`, or CONFIG_NET_IPVTI)",
	 .keyed = true,
	 .ends = true},
	{.kind = DPLANE_KIND_VTI,
	 .v6 = true,
	 .type = "vti6",
	 .words = "a VTI over IPv6",
	 .missing = "the kernel has no VTI over IPv6 (`modprobe ip6_vti`, or CONFIG_IPV6_VTI)",
	 .keyed = true,
	 .ends = true},
	{.kind = DPLANE_KIND_GRE,
	 .type = "gre",
	 .words = "a GRE interface",
	 .missing = "the kernel has no GRE (`modprobe ip_gre`, or CONFIG_NET_IPGRE)",
	 .ends = true,
	 .transport = true},
	{.kind = DPLANE_KIND_GRE,
	 .v6 = true,
	 .type = "ip6gre",
	 .words = "a GRE interface over IPv6",
	 .missing = "the kernel has no GRE over IPv6 (`modprobe ip6_gre`, or CONFIG_IPV6_GRE)",
	 .ends = true,
	 .transport = true},
	{.kind = DPLANE_KIND_IPIP,
	 .type = "ipip",
	 .words = "an IPIP interface",
	 .missing = "the kernel has no IP in IP (`modprobe ipip`, or CONFIG_NET_IPIP)",
	 .ends = true,
	 .transport = true},
	{.kind = DPLANE_KIND_IPIP,
	 .v6 = true,
	 .type = "ip6tnl",
	 .words = "an IPIP interface over IPv6",
	 .missing = "the kernel has no IP in IPv6 (`modprobe ip6_tunnel`, or CONFIG_IPV6_TUNNEL)",
	 .ends = true,
	 .transport = true},
};

static const struct xfrm_kind *row_of(enum dplane_kind kind, bool v6)
{
	for (size_t i = 0; i < array_size(kinds); i++)
		if (kinds[i].kind == kind && kinds[i].v6 == v6)
			return &kinds[i];
	return NULL;
}

static const struct xfrm_kind *row_of_type(const char *type)
{
	for (size_t i = 0; i < array_size(kinds); i++)
		if (strcmp(kinds[i].type, type) == 0)
			return &kinds[i];
	return NULL;
}

const struct xfrm_kind *xfrm_kind_of(const struct dplane_link_nature *nature)
{
	return row_of(nature->kind, IS_IPADDR_V6(&nature->local) || IS_IPADDR_V6(&nature->remote));
}

/*
 * --- natures ---------------------------------------------------------------------------------------------
 */

static struct ipaddr end_of(const struct ipaddr *addr)
{
	return ipaddr_is_unspecified(addr) ? (struct ipaddr){} : ipaddr_of(ipaddr_bytes(addr));
}

static struct dplane_link_nature nature_xfrm(const struct dplane_link_nature *given)
{
	struct dplane_link_nature nature = {
		.kind = DPLANE_KIND_XFRM,
		.if_id_in = given->if_id_in ? given->if_id_in : given->if_id_out,
		.if_id_out = given->if_id_out ? given->if_id_out : given->if_id_in,
	};

	strlcpy(nature.name_in, given->name_in, sizeof(nature.name_in));
	strlcpy(nature.netns, given->netns, sizeof(nature.netns));
	return nature;
}

struct dplane_link_nature xfrm_nature_of(const struct dplane_link_params *params)
{
	const struct dplane_link_nature *given = &params->nature;
	struct dplane_link_nature nature;

	if (given->kind == DPLANE_KIND_AUTO || given->kind == DPLANE_KIND_XFRM)
		return nature_xfrm(given);
	nature = (struct dplane_link_nature){
		.kind = given->kind, .local = end_of(&given->local), .remote = end_of(&given->remote)};
	if (given->kind == DPLANE_KIND_VTI) {
		nature.mark = given->mark;
		nature.mark_mask = given->mark_mask ? given->mark_mask : UINT32_MAX;
	}
	return nature;
}

bool xfrm_nature_shared(const struct dplane_link_nature *nature)
{
	return nature->kind == DPLANE_KIND_XFRM ||
	       (nature->kind == DPLANE_KIND_VTI && IS_IPADDR_NONE(&nature->remote));
}

static int ends_check(struct dplane *dp, const struct dplane_link_params *params,
		      const struct dplane_link_nature *nature, const struct xfrm_kind *kind)
{
	const char *word = dplane_kind_name(kind->kind);
	bool local = !IS_IPADDR_NONE(&nature->local), remote = !IS_IPADDR_NONE(&nature->remote);

	if (local && remote && nature->local.ipa_type != nature->remote.ipa_type)
		return dplane_fail(dp, EINVAL, "interface %s: its outer addresses are of two families",
				   params->name);
	if (kind->transport && (!local || !remote))
		return dplane_fail(dp, EINVAL, "interface %s of kind %s needs a %s address", params->name,
				   word, local ? "remote" : "local");
	for (size_t i = 0; i < params->num_inside; i++)
		if (kind->kind == DPLANE_KIND_IPIP && !kind->v6 && params->inside[i].family == AF_INET6)
			return dplane_fail(
				dp, EINVAL,
				"interface %s of kind ipip carries no IPv6 over IPv4: kind gre does",
				params->name);
	return 0;
}

static int two_ifs_check(struct dplane *dp, const struct dplane_link_params *params,
			 const struct dplane_link_nature *nature)
{
	if (!nature->name_in[0])
		return 0;
	if (nature->if_id_in == nature->if_id_out || strcmp(nature->name_in, params->name) == 0)
		return dplane_fail(dp, EINVAL,
				   "interface %s: one that packets come out of needs an if_id of its own",
				   params->name);
	return 0;
}

int xfrm_nature_check(struct dplane *dp, const struct dplane_link_params *params)
{
	const struct dplane_link_nature nature = xfrm_nature_of(params);
	const struct xfrm_kind *kind = xfrm_kind_of(&nature);
	int err;

	if (nature.kind == DPLANE_KIND_TUN || !kind)
		return dplane_fail(dp, EOPNOTSUPP,
				   "interface %s: the kernel data plane makes none of kind %s", params->name,
				   dplane_kind_name(nature.kind));
	if (params->nature.netns[0] && nature.kind != DPLANE_KIND_XFRM)
		return dplane_fail(
			dp, EOPNOTSUPP,
			"interface %s: only one of kind xfrm can be in another network namespace than its keys",
			params->name);
	err = two_ifs_check(dp, params, &nature);
	return err || !kind->ends ? err : ends_check(dp, params, &nature, kind);
}

/*
 * --- words -----------------------------------------------------------------------------------------------
 */

const char *xfrm_kind_words(const struct rtnl_link *link, char *buf, size_t len)
{
	const struct xfrm_kind *kind = row_of_type(link->kind);
	size_t n;

	if (!kind) {
		snprintf(buf, len, "%s%s", link->kind[0] ? "of kind " : "a hardware interface", link->kind);
		return buf;
	}
	n = (size_t)snprintf(buf, len, "%s", kind->words);
	if (link->if_id)
		n += (size_t)snprintf(buf + n, len - n, " with if_id %u", link->if_id);
	if (link->ikey)
		n += (size_t)snprintf(buf + n, len - n, " with key %u", link->ikey);
	if (!IS_IPADDR_NONE(&link->local))
		n += (size_t)snprintfrr(buf + n, len - n, " from %pIA", &link->local);
	if (!IS_IPADDR_NONE(&link->remote))
		snprintfrr(buf + n, len - n, " to %pIA", &link->remote);
	return buf;
}

/*
 * --- what a kernel lacks ---------------------------------------------------------------------------------
 */

/* if_id 0 is no interface's: the kernel refuses it, but only if it knows the kind at all. The others are between loopback addresses. */
int xfrm_kind_try(const struct xfrm_kind *kind)
{
	static const char name[] = "vpn-trial";
	struct rtnl_link want = {.ikey = kind->keyed ? XFRM_OURS : 0}, made;
	int err;

	want.okey = want.ikey;
	strlcpy(want.kind, kind->type, sizeof(want.kind));
	if (kind->ends) {
		str2ipaddr(kind->v6 ? "::1" : "127.0.0.1", &want.local);
		str2ipaddr(kind->v6 ? "100::1" : "127.0.0.2", &want.remote); /* RFC 6666: discarded */
	}
	err = rtnl_link_add(&want, name);
	if (err == 0 && rtnl_link_find(RTNL_HERE, name, &made) == 0)
		rtnl_link_del(RTNL_HERE, made.ifindex);
	return err == -EOPNOTSUPP || err == -EPERM ? err : 0;
}

/* The outer family of a tunnel is not known here: a kernel that has a kind over IPv4 alone says so when the interface is made. */
const char *xfrm_kind_missing(struct dplane *dp, enum dplane_kind kind)
{
	struct xfrm_plane *plane = xfrm_plane_of(dp);
	const struct xfrm_kind *row = row_of(kind == DPLANE_KIND_AUTO ? DPLANE_KIND_XFRM : kind, false);
	enum xfrm_tried *tried;
	int err;

	if (!row)
		return "the kernel data plane makes no interfaces of this kind";
	tried = &plane->tried[row - kinds];
	if (*tried == XFRM_UNTRIED) {
		dplane_privileged(dp, true);
		err = xfrm_kind_try(row);
		dplane_privileged(dp, false);
		if (err == -EPERM)
			return "no permission to create interfaces: the daemon lacks CAP_NET_ADMIN";
		*tried = err ? XFRM_CANNOT : XFRM_CAN;
	}
	return *tried == XFRM_CAN ? NULL : row->missing;
}
