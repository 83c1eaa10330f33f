// SPDX-License-Identifier: GPL-2.0-or-later
/* What makes a tunnel device of each kind, byte by byte, and read back. */
#include <zebra.h>

#define _LINUX_IP_H
#define _LINUX_IN6_H
#define _LINUX_IF_H

#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/ip6_tunnel.h>

#include "tests/helpers/cmocka_all.h"

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/dplane/rtnl_talk.h"

static _Alignas(struct nlmsghdr) uint8_t buf[1024];

static const struct nlmsghdr *made(const struct rtnl_link *want, const char *name)
{
	struct nlmsghdr *nlh;

	memset(buf, 0xaa, sizeof(buf));
	nlh = mnl_nlmsg_put_header(buf);
	rtnl_tunnel_put(nlh, want, name);
	return nlh;
}

static const struct nlattr *attr_of(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh,
			  sizeof(struct ifinfomsg)) if (mnl_attr_get_type(attr) == type) return attr;
	return NULL;
}

static const struct nlattr *nested(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	assert_non_null(nest);
	mnl_attr_for_each_nested(attr, nest) if (mnl_attr_get_type(attr) == type) return attr;
	return NULL;
}

static const struct nlattr *data_of(const struct nlmsghdr *nlh)
{
	const struct nlattr *data = nested(attr_of(nlh, IFLA_LINKINFO), IFLA_INFO_DATA);

	assert_non_null(data);
	return data;
}

static void holds(const struct nlattr *data, uint16_t type, const void *value, size_t n)
{
	const struct nlattr *attr = nested(data, type);

	if (!attr)
		fail_msg("no attribute %u", type);
	assert_int_equal(mnl_attr_get_payload_len(attr), n);
	assert_memory_equal(mnl_attr_get_payload(attr), value, n);
}

static unsigned int count(const struct nlattr *data)
{
	const struct nlattr *attr;
	unsigned int n = 0;

	mnl_attr_for_each_nested(attr, data) n++;
	return n;
}

static struct rtnl_link between(const char *kind, const char *local, const char *remote)
{
	struct rtnl_link want = {};

	strlcpy(want.kind, kind, sizeof(want.kind));
	if (local)
		assert_int_equal(str2ipaddr(local, &want.local), 0);
	if (remote)
		assert_int_equal(str2ipaddr(remote, &want.remote), 0);
	return want;
}

static const uint8_t a4[] = {10, 0, 0, 1}, b4[] = {10, 0, 0, 2}, ttl = 64, one = 1, zero;
static const uint8_t a6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, b6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 2};
static const uint8_t key[] = {0x12, 0x34, 0x56, 0x78}; /* network order */
static const uint32_t no_limit = IP6_TNL_F_IGN_ENCAP_LIMIT;

static void test_envelope(void **state)
{
	struct rtnl_link want = {.kind = "xfrm", .if_id = 7};
	const struct nlmsghdr *nlh = made(&want, "vpn1");
	const uint32_t seven = 7;

	assert_string_equal(mnl_attr_get_str(attr_of(nlh, IFLA_IFNAME)), "vpn1");
	assert_int_equal(mnl_attr_get_u8(attr_of(nlh, IFLA_OPERSTATE)), RTNL_OPER_DORMANT);
	assert_string_equal(mnl_attr_get_str(nested(attr_of(nlh, IFLA_LINKINFO), IFLA_INFO_KIND)), "xfrm");
	holds(data_of(nlh), IFLA_XFRM_IF_ID, &seven, 4);
	assert_int_equal(count(data_of(nlh)), 1);
	/* one that is there already keeps its name and its state */
	nlh = made(&want, NULL);
	assert_null(attr_of(nlh, IFLA_IFNAME));
	assert_null(attr_of(nlh, IFLA_OPERSTATE));
}

static void test_vti(void **state)
{
	struct rtnl_link want = between("vti", "10.0.0.1", "10.0.0.2");
	const struct nlattr *data;

	want.ikey = want.okey = 0x12345678;
	data = data_of(made(&want, "vpn1"));
	holds(data, IFLA_VTI_IKEY, key, 4);
	holds(data, IFLA_VTI_OKEY, key, 4);
	holds(data, IFLA_VTI_LOCAL, a4, 4);
	holds(data, IFLA_VTI_REMOTE, b4, 4);
	assert_int_equal(count(data), 4);
	want.remote = want.local = (struct ipaddr){};
	assert_int_equal(count(data_of(made(&want, "vpn1"))), 2);
	want = between("vti6", "2001:db8::1", "2001:db8::2");
	data = data_of(made(&want, "vpn1"));
	holds(data, IFLA_VTI_LOCAL, a6, 16);
	holds(data, IFLA_VTI_REMOTE, b6, 16);
}

static void test_gre(void **state)
{
	struct rtnl_link want = between("gre", "10.0.0.1", "10.0.0.2");
	const struct nlattr *data = data_of(made(&want, "vpn1"));

	holds(data, IFLA_GRE_LOCAL, a4, 4);
	holds(data, IFLA_GRE_REMOTE, b4, 4);
	holds(data, IFLA_GRE_TTL, &ttl, 1);
	holds(data, IFLA_GRE_PMTUDISC, &one, 1);
	assert_int_equal(count(data), 4);
	want = between("ip6gre", "2001:db8::1", "2001:db8::2");
	data = data_of(made(&want, "vpn1"));
	holds(data, IFLA_GRE_LOCAL, a6, 16);
	holds(data, IFLA_GRE_REMOTE, b6, 16);
	holds(data, IFLA_GRE_TTL, &ttl, 1);
	holds(data, IFLA_GRE_FLAGS, &no_limit, 4);
	assert_int_equal(count(data), 4);
}

static void test_ipip(void **state)
{
	struct rtnl_link want = between("ipip", "10.0.0.1", "10.0.0.2");
	const struct nlattr *data = data_of(made(&want, "vpn1"));

	holds(data, IFLA_IPTUN_LOCAL, a4, 4);
	holds(data, IFLA_IPTUN_REMOTE, b4, 4);
	holds(data, IFLA_IPTUN_TTL, &ttl, 1);
	holds(data, IFLA_IPTUN_PMTUDISC, &one, 1);
	assert_int_equal(count(data), 4);
	want = between("ip6tnl", "2001:db8::1", "2001:db8::2");
	data = data_of(made(&want, "vpn1"));
	holds(data, IFLA_IPTUN_LOCAL, a6, 16);
	holds(data, IFLA_IPTUN_REMOTE, b6, 16);
	holds(data, IFLA_IPTUN_TTL, &ttl, 1);
	holds(data, IFLA_IPTUN_FLAGS, &no_limit, 4);
	holds(data, IFLA_IPTUN_PROTO, &zero, 1);
	assert_int_equal(count(data), 5);
}

static void test_read_back(void **state)
{
	static const char *const kinds[] = {"xfrm", "vti", "vti6", "gre", "ip6gre", "ipip", "ip6tnl"};

	for (size_t i = 0; i < array_size(kinds); i++) {
		bool v6 = strchr(kinds[i], '6'), xfrm = strcmp(kinds[i], "xfrm") == 0;
		struct rtnl_link want = between(kinds[i],
						xfrm ? NULL
						: v6 ? "2001:db8::1"
						     : "10.0.0.1",
						xfrm ? NULL
						: v6 ? "2001:db8::2"
						     : "10.0.0.2");
		struct rtnl_link read = {};

		want.if_id = xfrm ? 7 : 0;
		want.ikey = strncmp(kinds[i], "vti", 3) == 0 ? 5 : 0;
		want.okey = strncmp(kinds[i], "vti", 3) == 0 ? 6 : 0;
		strlcpy(read.kind, kinds[i], sizeof(read.kind));
		rtnl_tunnel_read(data_of(made(&want, "vpn1")), &read);
		assert_int_equal(read.if_id, want.if_id);
		assert_int_equal(read.ikey, want.ikey);
		assert_int_equal(read.okey, want.okey);
		assert_true(ipaddr_equal(&read.local, &want.local));
		assert_true(ipaddr_equal(&read.remote, &want.remote));
	}
}

/* A kernel says "any" by zeroes; lengths that no address has, and kinds that we do not know, say nothing. */
static void test_read_strange(void **state)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtnl_link read = {.kind = "vti"};
	struct nlattr *data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);

	mnl_attr_put_u32(nlh, IFLA_VTI_LOCAL, 0);
	mnl_attr_put(nlh, IFLA_VTI_REMOTE, 5, a6);
	mnl_attr_put_u16(nlh, IFLA_VTI_IKEY, 5);
	mnl_attr_nest_end(nlh, data);
	rtnl_tunnel_read(data, &read);
	assert_true(IS_IPADDR_NONE(&read.local));
	assert_true(IS_IPADDR_NONE(&read.remote));
	assert_int_equal(read.ikey, 0);
	strlcpy(read.kind, "veth", sizeof(read.kind));
	rtnl_tunnel_read(data, &read);
	assert_int_equal(read.if_id, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelope),  cmocka_unit_test(test_vti),
		cmocka_unit_test(test_gre),	  cmocka_unit_test(test_ipip),
		cmocka_unit_test(test_read_back), cmocka_unit_test(test_read_strange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
