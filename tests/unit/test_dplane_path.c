// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel knows of the way to a peer, in the world of plane_world.h. Both planes ask alike; here it is the user-space one, which
 * any kernel can have.
 */
#include <zebra.h>

#include <netinet/ip_icmp.h>

#include "lib/checksum.h"

#include "bgpvpnd/dplane/dplane.h"

#define PLANE_NEW  dplane_tun_new
#define PLANE_FREE dplane_tun_free

static const char *why_no_plane(void)
{
	return access("/dev/net/tun", R_OK | W_OK) == 0 ? NULL : "no /dev/net/tun";
}

#include "tests/helpers/plane_world.h"

static int look(const struct ipaddr *from, const struct ipaddr *to, struct dplane_path *path)
{
	enter(&w.a);
	return w.a.dp->ops->path(w.a.dp, from, to, path);
}

static void assert_path_to(const struct ipaddr *from, const struct ipaddr *to, uint32_t mtu,
			   enum dplane_path_from says)
{
	struct dplane_path path;

	assert_int_equal(look(from, to, &path), 0);
	assert_int_equal(path.mtu, mtu);
	assert_int_equal(path.from, says);
	assert_string_equal(path.device, "va");
	assert_int_equal(w.a.raised, 0);
}

static void assert_path(uint32_t mtu, enum dplane_path_from says)
{
	static const struct ipaddr any = {.ipa_type = IPADDR_NONE};

	assert_path_to(&w.a.outer, &w.b.outer, mtu, says);
	assert_path_to(&any, &w.b.outer, mtu, says);
	assert_path_to(&w.a.outer6, &w.b.outer6, mtu, says);
}

static void test_device_and_route(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	assert_path(1500, DPLANE_PATH_DEVICE);
	run("ip link set va mtu 1400");
	assert_path(1400, DPLANE_PATH_DEVICE);
	run("ip route add 10.0.0.2 dev va mtu 1350; ip -6 route add 2001:db8::2 dev va mtu 1350");
	assert_path(1350, DPLANE_PATH_ROUTE);
	run("ip route change 10.0.0.2 dev va mtu 9000; ip -6 route change 2001:db8::2 dev va mtu 9000");
	assert_path(1400, DPLANE_PATH_DEVICE);
	run("ip route del 10.0.0.2; ip -6 route del 2001:db8::2; ip link set va mtu 1500");
	assert_path(1500, DPLANE_PATH_DEVICE);
}

/* What A sent from its NAT-T port to B's, as a router on the way would quote it: "fragmentation needed", RFC 1191 4. */
static void router_says(uint16_t mtu)
{
	struct {
		struct icmphdr icmp;
		struct iphdr ip;
		struct udphdr udp;
	} __attribute__((packed)) said = {
		.icmp = {.type = ICMP_DEST_UNREACH, .code = ICMP_FRAG_NEEDED},
		.ip = {.version = 4, .ihl = 5, .ttl = 60, .protocol = IPPROTO_UDP, .tot_len = htons(1500)},
		.udp = {.source = htons(NATT), .dest = htons(NATT), .len = htons(1480)},
	};
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr = w.a.outer.ipaddr_v4};
	int fd;

	said.icmp.un.frag.mtu = htons(mtu);
	said.ip.saddr = w.a.outer.ipaddr_v4.s_addr;
	said.ip.daddr = w.b.outer.ipaddr_v4.s_addr;
	said.icmp.checksum = in_cksum(&said, sizeof(said));
	enter(&w.b);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, &said, sizeof(said), 0, (struct sockaddr *)&sin, sizeof(sin)),
			 sizeof(said));
	close(fd);
}

static uint32_t mtu_now(void)
{
	struct dplane_path path;

	assert_int_equal(look(&w.a.outer, &w.b.outer, &path), 0);
	return path.mtu;
}

static void test_router_says(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	router_says(1320);
	WAIT_FOR(mtu_now() == 1320);
	assert_path_to(&w.a.outer, &w.b.outer, 1320, DPLANE_PATH_LEARNED);
	/* forgotten */
	run("ip route flush cache");
	assert_path_to(&w.a.outer, &w.b.outer, 1500, DPLANE_PATH_DEVICE);
}

/* Through the tunnel itself the way would get narrower each time it is looked at. */
static void test_not_through_ourselves(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_path path = {.mtu = 7};

	running(true);
	enter(&w.a);
	run("ip route add 10.0.0.2 dev vpn0");
	assert_int_equal(look(&w.a.outer, &w.b.outer, &path), -ELOOP);
	run("ip route change unreachable 10.0.0.2 || ip route replace unreachable 10.0.0.2");
	assert_true(look(&w.a.outer, &w.b.outer, &path) < 0);
	assert_int_equal(path.mtu, 7);
	run("ip route del unreachable 10.0.0.2");
	assert_path(1500, DPLANE_PATH_DEVICE);
}

#define PLANE_TEST(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANE_TEST(test_device_and_route),
		PLANE_TEST(test_router_says),
		PLANE_TEST(test_not_through_ourselves),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
