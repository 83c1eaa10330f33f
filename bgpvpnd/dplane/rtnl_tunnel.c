// SPDX-License-Identifier: GPL-2.0-or-later
/* What a tunnel device of the kernel's is made of, in its messages; see rtnl_talk.h. Pure. */
#include <zebra.h>

/* <zebra.h> has the C library's structs of the same names. */
#define _LINUX_IP_H
#define _LINUX_IN6_H
#define _LINUX_IF_H

#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/ip6_tunnel.h>

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/dplane/rtnl_talk.h"

/* Of the packets around, RFC 1812 4.2.2.9's recommendation; not the inner packet's, which routing daemons set to 1. */
#define OUTER_TTL 64

#define NONE 0

/*
 * The numbers of the attributes of a kind. Those of the families are alike but for some that only one has. Ignoring the encapsulation
 * limit (RFC 2473 4.1.1) leaves out a header that ESP in transport mode would have to go behind.
 */
struct tunnel_attrs {
	const char *kind;
	uint16_t if_id;
	uint16_t iflags, oflags; /* that there are keys */
	uint16_t ikey, okey;
	uint16_t local, remote;
	uint16_t ttl, pmtudisc;
	uint16_t v6_flags;
	uint16_t table;
};

static const struct tunnel_attrs kinds[] = {
	{.kind = "xfrm", .if_id = IFLA_XFRM_IF_ID},
	{.kind = "vti",
	 .ikey = IFLA_VTI_IKEY,
	 .okey = IFLA_VTI_OKEY,
	 .local = IFLA_VTI_LOCAL,
	 .remote = IFLA_VTI_REMOTE},
	{.kind = "vti6",
	 .ikey = IFLA_VTI_IKEY,
	 .okey = IFLA_VTI_OKEY,
	 .local = IFLA_VTI_LOCAL,
	 .remote = IFLA_VTI_REMOTE},
	{.kind = "gre",
	 .iflags = IFLA_GRE_IFLAGS,
	 .oflags = IFLA_GRE_OFLAGS,
	 .ikey = IFLA_GRE_IKEY,
	 .okey = IFLA_GRE_OKEY,
	 .local = IFLA_GRE_LOCAL,
	 .remote = IFLA_GRE_REMOTE,
	 .ttl = IFLA_GRE_TTL,
	 .pmtudisc = IFLA_GRE_PMTUDISC},
	{.kind = "ip6gre",
	 .iflags = IFLA_GRE_IFLAGS,
	 .oflags = IFLA_GRE_OFLAGS,
	 .ikey = IFLA_GRE_IKEY,
	 .okey = IFLA_GRE_OKEY,
	 .local = IFLA_GRE_LOCAL,
	 .remote = IFLA_GRE_REMOTE,
	 .ttl = IFLA_GRE_TTL,
	 .v6_flags = IFLA_GRE_FLAGS},
	{.kind = "ipip",
	 .local = IFLA_IPTUN_LOCAL,
	 .remote = IFLA_IPTUN_REMOTE,
	 .ttl = IFLA_IPTUN_TTL,
	 .pmtudisc = IFLA_IPTUN_PMTUDISC},
	{.kind = "ip6tnl",
	 .local = IFLA_IPTUN_LOCAL,
	 .remote = IFLA_IPTUN_REMOTE,
	 .ttl = IFLA_IPTUN_TTL,
	 .v6_flags = IFLA_IPTUN_FLAGS},
	{.kind = "vrf", .table = IFLA_VRF_TABLE},
};

static const struct tunnel_attrs *attrs_of(const char *kind)
{
	for (size_t i = 0; i < array_size(kinds); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			return &kinds[i];
	return NULL;
}

/*
 * --- writing ---------------------------------------------------------------------------------------------
 */

static void put_address(struct nlmsghdr *nlh, uint16_t type, const struct ipaddr *addr)
{
	struct bytes b = ipaddr_bytes(addr);

	if (type != NONE && !ipaddr_is_unspecified(addr))
		mnl_attr_put(nlh, type, b.n, b.p);
}

/* A key is a string of bits for the kernel: the number's in network order. GRE has one only if it says so. */
static void put_key(struct nlmsghdr *nlh, uint16_t flags, uint16_t type, uint32_t key)
{
	if (type == NONE || !key)
		return;
	if (flags != NONE)
		mnl_attr_put_u16(nlh, flags, GRE_KEY);
	mnl_attr_put_u32(nlh, type, htonl(key));
}

static void put_data(struct nlmsghdr *nlh, const struct tunnel_attrs *a, const struct rtnl_link *want)
{
	if (a->if_id != NONE)
		mnl_attr_put_u32(nlh, a->if_id, want->if_id);
	put_key(nlh, a->iflags, a->ikey, want->ikey);
	put_key(nlh, a->oflags, a->okey, want->okey);
	put_address(nlh, a->local, &want->local);
	put_address(nlh, a->remote, &want->remote);
	if (a->ttl != NONE)
		mnl_attr_put_u8(nlh, a->ttl, OUTER_TTL);
	if (a->pmtudisc != NONE)
		mnl_attr_put_u8(nlh, a->pmtudisc, 1);
	if (a->v6_flags != NONE)
		mnl_attr_put_u32(nlh, a->v6_flags, IP6_TNL_F_IGN_ENCAP_LIMIT);
	if (strcmp(a->kind, "ip6tnl") == 0)
		mnl_attr_put_u8(nlh, IFLA_IPTUN_PROTO, 0); /* IPv4 and IPv6 inside */
}

struct ifinfomsg *rtnl_tunnel_put(struct nlmsghdr *nlh, const struct rtnl_link *want, const char *name)
{
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	const struct tunnel_attrs *a = attrs_of(want->kind);
	struct nlattr *info, *data;

	if (name) {
		mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
		mnl_attr_put_u8(nlh, IFLA_OPERSTATE, RTNL_OPER_DORMANT);
	}
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, want->kind);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	if (a)
		put_data(nlh, a, want);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return ifi;
}

/*
 * --- reading ---------------------------------------------------------------------------------------------
 */

struct tunnel_reader {
	const struct tunnel_attrs *attrs;
	struct rtnl_link *link;
};

static void read_u32(const struct nlattr *attr, uint16_t type, uint32_t *to)
{
	if (type != NONE && mnl_attr_get_type(attr) == type && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		*to = mnl_attr_get_u32(attr);
}

static void read_key(const struct nlattr *attr, uint16_t type, uint32_t *to)
{
	uint32_t key = htonl(*to);

	read_u32(attr, type, &key);
	*to = ntohl(key);
}

static void read_address(const struct nlattr *attr, uint16_t type, struct ipaddr *to)
{
	size_t n = mnl_attr_get_payload_len(attr);
	struct ipaddr addr;

	if (type == NONE || mnl_attr_get_type(attr) != type ||
	    (n != IPV4_MAX_BYTELEN && n != IPV6_MAX_BYTELEN))
		return;
	addr = ipaddr_of(bytes_make(mnl_attr_get_payload(attr), n));
	if (!ipaddr_is_unspecified(&addr))
		*to = addr;
}

static int data_attr(const struct nlattr *attr, void *arg)
{
	const struct tunnel_reader *reader = arg;
	const struct tunnel_attrs *a = reader->attrs;
	struct rtnl_link *link = reader->link;

	read_u32(attr, a->if_id, &link->if_id);
	read_u32(attr, a->table, &link->table);
	read_key(attr, a->ikey, &link->ikey);
	read_key(attr, a->okey, &link->okey);
	read_address(attr, a->local, &link->local);
	read_address(attr, a->remote, &link->remote);
	return MNL_CB_OK;
}

void rtnl_tunnel_read(const struct nlattr *data, struct rtnl_link *link)
{
	struct tunnel_reader reader = {.attrs = attrs_of(link->kind), .link = link};

	if (reader.attrs)
		mnl_attr_parse_nested(data, data_attr, &reader);
}
