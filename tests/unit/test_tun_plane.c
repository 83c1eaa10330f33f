// SPDX-License-Identifier: GPL-2.0-or-later
/* The user-space plane in the world of plane_world.h. Needs root and TUN; without them every test is skipped and says so. */
#include <zebra.h>

#include "bgpvpnd/dplane/dplane.h"

#define PLANE_NEW  dplane_tun_new
#define PLANE_FREE dplane_tun_free

static const char *why_no_plane(void)
{
	return access("/dev/net/tun", R_OK | W_OK) == 0 ? NULL : "no /dev/net/tun";
}

#include "tests/helpers/plane_world.h"

/*
 * --- tests: interface ------------------------------------------------------------------------------------

 */

static void test_interface(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct rtnl_link link = link_now(&w.a);

	assert_string_equal(link.kind, "tun");
	assert_int_equal(link.mtu, 1400);
	assert_true(link.up);
	assert_false(link.running);
	run("ip addr show dev vpn0 | grep -q 'inet 169.254.10.1/30'");
	run("ip addr show dev vpn0 | grep -q 'inet6 2001:db8:f::1/126'");

	running(true);
	assert_true(link_now(&w.a).running);
	running(false);
	assert_false(link_now(&w.a).running);
	assert_int_equal(link_now(&w.a).ifindex, link.ifindex);
}

/* Reads what the kernel has told about the interface so far; true when the last word was "not running". */
static bool told_not_running(int nl, uint32_t ifindex)
{
	uint8_t buf[16384];
	bool not_running = false;
	ssize_t n;

	while ((n = recv(nl, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
		struct ifinfomsg *ifi = NLMSG_DATA(nlh);

		if (nlh->nlmsg_type == RTM_NEWLINK && (uint32_t)ifi->ifi_index == ifindex)
			not_running = !(ifi->ifi_flags & IFF_RUNNING);
	}
	return not_running;
}

/*
 * Carrier losses right after one another: each is told before link_set_running() returns, not when the
 * kernel's link watch has its next turn a second later.
 */
static void test_down_is_told_at_once(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct sockaddr_nl groups = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	uint32_t ifindex = link_now(&w.a).ifindex;
	int nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	assert_int_equal(bind(nl, (struct sockaddr *)&groups, sizeof(groups)), 0);
	for (int i = 0; i < 3; i++) {
		running(true);
		told_not_running(nl, ifindex);
		enter(&w.a);
		assert_int_equal(w.a.dp->ops->link_set_running(w.a.dp, w.a.link, false), 0);
		assert_true(told_not_running(nl, ifindex));
	}
	running(true); /* dormant does not stay */
	close(nl);
}

static void test_change_in_place(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = w.a.params;
	struct rtnl_link before = link_now(&w.a);

	running(true); /* with its carrier the interface gets a link-local address */
	enter(&w.a);
	run("ip -6 addr show dev vpn0 | grep -q fe80::");
	run("ip addr add 203.0.113.1/32 dev vpn0"); /* the operator's own */
	params.mtu = 1300;
	params.num_inside = 1;
	assert_int_equal(str2prefix("169.254.20.1/30", &params.inside[0]), 1);
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, w.a.link, &params), 0);
	assert_int_equal(link_now(&w.a).mtu, 1300);
	assert_int_equal(link_now(&w.a).ifindex, before.ifindex);
	run("ip addr show dev vpn0 | grep -q 169.254.20.1/30");
	run("! ip addr show dev vpn0 | grep -q 169.254.10");
	run("! ip addr show dev vpn0 | grep -q 2001:db8:f::");
	run("ip addr show dev vpn0 | grep -q 203.0.113.1");
	run("ip addr show dev vpn0 | grep -q fe80::");

	params.mtu = 1200; /* too small for IPv6 inside */
	params.num_inside = 2;
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, w.a.link, &params), -EINVAL);
	assert_non_null(strstr(dplane_error(w.a.dp), "1280"));
}

/* The daemon goes and another comes: same interface, without carrier, stale address gone. */
static void test_successor_adopts(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct rtnl_link before = link_now(&w.a);
	struct prefix old = w.a.params.inside[0];

	running(true);
	w.a.dp->ops->close(w.a.dp);
	assert_false(link_now(&w.a).running);
	dplane_tun_free(w.a.dp);
	assert_int_equal(str2prefix("169.254.30.1/30", &w.a.params.inside[0]), 1);
	plane_start(&w.a);
	assert_int_equal(link_now(&w.a).ifindex, before.ifindex);
	assert_true(link_now(&w.a).up);
	assert_false(link_now(&w.a).running);
	run("ip addr show dev vpn0 | grep -q 169.254.30.1/30");
	run("! ip addr show dev vpn0 | grep -q 169.254.10.1");
	w.a.params.inside[0] = old;
}

/* Flags that others were told of the interface, or-ed together, since the last call. */
static unsigned int told_flags(int nl, uint32_t ifindex)
{
	_Alignas(struct nlmsghdr) uint8_t buf[16384];
	unsigned int flags = 0;
	ssize_t n;

	while ((n = recv(nl, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
		struct ifinfomsg *ifi = NLMSG_DATA(nlh);

		if (nlh->nlmsg_type == RTM_NEWLINK && (uint32_t)ifi->ifi_index == ifindex)
			flags |= ifi->ifi_flags;
		assert_int_not_equal(nlh->nlmsg_type, RTM_DELLINK);
	}
	return flags;
}

/* Between one daemon and the next nobody sees the link run or the interface go. */
static void test_successor_without_a_flap(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct sockaddr_nl groups = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	uint32_t ifindex = link_now(&w.a).ifindex;
	int nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	running(true);
	enter(&w.a);
	assert_int_equal(w.a.dp->ops->link_set_running(w.a.dp, w.a.link, false), 0);
	assert_int_equal(bind(nl, (struct sockaddr *)&groups, sizeof(groups)), 0);
	w.a.dp->ops->close(w.a.dp);
	dplane_tun_free(w.a.dp);
	run("ip route replace 203.0.113.0/24 dev vpn0"); /* still a way into the tunnel, and only there */
	run("ip route get 203.0.113.1 | grep -q 'dev vpn0'");
	plane_start(&w.a);
	assert_false(told_flags(nl, ifindex) & IFF_RUNNING);
	run("ip route get 203.0.113.1 | grep -q 'dev vpn0'");
	assert_int_equal(link_now(&w.a).ifindex, ifindex);
	/* made by the predecessor, and ours to remove */
	assert_int_equal(w.a.dp->ops->link_del(w.a.dp, w.a.link), 0);
	w.a.link = 0;
	run("! ip link show vpn0 >/dev/null 2>&1");
	close(nl);
}

/* A TUN of the operator's own: lent, not given. */
static void test_stranger_s_tun_stays(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = w.a.params;
	uint32_t link;

	enter(&w.a);
	run("ip tuntap add mine mode tun");
	strlcpy(params.name, "mine", sizeof(params.name));
	assert_int_equal(str2prefix("169.254.40.1/30", &params.inside[0]), 1);
	params.num_inside = 1;
	assert_int_equal(w.a.dp->ops->link_add(w.a.dp, &params, &link), 0);
	run("ip addr show dev mine | grep -q 169.254.40.1");
	assert_int_equal(w.a.dp->ops->link_del(w.a.dp, link), 0);
	run("ip link show mine | grep -q NO-CARRIER");
	run("! ip addr show dev mine | grep -q 169.254.40.1");
	run("ip link del mine");
}

/*
 * --- tests: somebody else at the interface ---------------------------------------------------------------

 */

static bool told_changed(const struct side *s)
{
	struct dplane_event event;
	bool changed = false;

	while (s->dp->ops->event_next(s->dp, &event))
		changed |= event.type == DPLANE_EVENT_LINK_CHANGED && event.link == s->link;
	return changed;
}

/* What somebody does is told, and put back; `words` is what the operator reads. */
static void done_by_somebody(const char *command, const char *words)
{
	struct dplane *dp = w.a.dp;
	bool told = false;
	char what[200];

	enter(&w.a);
	told_changed(&w.a);
	run("%s", command);
	WAIT_FOR((told = told || told_changed(&w.a)));
	assert_int_equal(dp->ops->link_repair(dp, w.a.link, what, sizeof(what)), 0);
	assert_string_equal(what, words);
	assert_int_equal(dp->ops->link_repair(dp, w.a.link, what, sizeof(what)), 0);
	assert_string_equal(what, "");
	run("ip addr show dev vpn0 | grep -q 'inet 169.254.10.1/30'");
	run("ip addr show dev vpn0 | grep -q 'inet6 2001:db8:f::1/126'");
	assert_int_equal(link_now(&w.a).mtu, 1400);
	assert_true(link_now(&w.a).up);
}

static void test_changed_by_somebody(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	char what[200];

	for (int up = 0; up < 2; up++) {
		running(up);
		enter(&w.a);
		assert_int_equal(w.a.dp->ops->link_repair(w.a.dp, w.a.link, what, sizeof(what)), 0);
		assert_string_equal(what, "");
		done_by_somebody("ip link set vpn0 down",
				 "set down, robbed of inside address 2001:db8:f::1/126");
		WAIT_FOR(link_now(&w.a).running == up);
		done_by_somebody("ip link set vpn0 down; ip link set vpn0 up",
				 "robbed of inside address 2001:db8:f::1/126");
		done_by_somebody("ip addr flush dev vpn0",
				 "robbed of inside addresses (169.254.10.1/30 and 1 more)");
		done_by_somebody("ip link set vpn0 mtu 1500", "given MTU 1500");
		done_by_somebody(up ? "ip link set vpn0 carrier off" : "ip link set vpn0 carrier on",
				 up ? "set without carrier" : "set running");
		WAIT_FOR(link_now(&w.a).running == up);
	}
}

static void test_name_taken(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = w.a.params;
	uint32_t link = 77;

	enter(&w.a);
	strlcpy(params.name, "va", sizeof(params.name));
	assert_int_equal(w.a.dp->ops->link_add(w.a.dp, &params, &link), -EEXIST);
	assert_non_null(strstr(dplane_error(w.a.dp), "va exists already and is of kind veth"));
	assert_int_equal(link, 77);
	run("ip tuntap add tap7 mode tap");
	strlcpy(params.name, "tap7", sizeof(params.name));
	assert_int_equal(w.a.dp->ops->link_add(w.a.dp, &params, &link), -EEXIST);
	assert_non_null(strstr(dplane_error(w.a.dp), "tap7 exists already and is a TAP"));
	run("ip tuntap del tap7 mode tap; ip tuntap add many mode tun multi_queue");
	strlcpy(params.name, "many", sizeof(params.name));
	assert_int_equal(w.a.dp->ops->link_add(w.a.dp, &params, &link), -EEXIST);
	assert_non_null(
		strstr(dplane_error(w.a.dp), "many exists already and is a TUN made for several queues"));
	run("ip link del many");
	strlcpy(params.name, "vpn0", sizeof(params.name)); /* our own descriptor holds it */
	assert_int_equal(w.a.dp->ops->link_add(w.a.dp, &params, &link), -EBUSY);
	assert_non_null(strstr(dplane_error(w.a.dp), "vpn0 is in use"));
	assert_int_equal(w.a.raised, 0);
}

static void test_port_in_use(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane *second;

	enter(&w.a);
	second = dplane_tun_new(&w.a.env);
	assert_int_equal(second->ops->open(second), 0);
	assert_non_null(strstr(dplane_error(second), "UDP port 4500 (IPv4) is in use"));
	assert_non_null(strstr(dplane_error(second), "ss -lunp"));
	assert_int_equal(second->ops->open_again(second), -EAGAIN);
	assert_non_null(strstr(dplane_error(second), "UDP port 4500 (IPv4) is in use"));

	/* the other one stops: the port is taken with the next try, and works both ways */
	plane_stop(&w.a);
	w.a.dp = second;
	assert_int_equal(second->ops->open_again(second), 0);
	assert_string_equal(dplane_error(second), "");
	assert_int_equal(second->ops->open_again(second), 0);
	ike_across(&w.a, &w.b, false);
	ike_across(&w.b, &w.a, false);
	ike_across(&w.b, &w.a, true);
}

static void test_link_gone(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_event event = {};
	struct pollfd pfd = {.fd = w.a.dp->ops->fd(w.a.dp), .events = POLLIN};
	char words[100];

	assert_false(event_next(&w.a, &event));
	enter(&w.a);
	run("ip link del vpn0");
	assert_true(event_wait(&w.a, &event));
	assert_int_equal(event.type, DPLANE_EVENT_LINK_GONE);
	assert_int_equal(event.link, w.a.link);
	assert_false(event_next(&w.a, &event));
	assert_int_equal(poll(&pfd, 1, 0), 0);
	assert_int_equal(w.a.dp->ops->link_repair(w.a.dp, w.a.link, words, sizeof(words)), -ENODEV);
	assert_non_null(strstr(dplane_error(w.a.dp), "interface vpn0 was removed by somebody"));
	assert_int_equal(w.a.dp->ops->link_set_running(w.a.dp, w.a.link, true), -ENODEV);
	assert_int_equal(w.a.dp->ops->link_del(w.a.dp, w.a.link), 0);
	w.a.link = 0;
}

/*
 * --- tests: traffic --------------------------------------------------------------------------------------

 */

static void test_traffic_with_every_suite(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	running(true);
	for (uint32_t i = 0; i < ESP_SUITES; i++) {
		suite = &esp_suites[i];
		child_pair(i + 1, false, true);
		udp_across(&w.a, &w.b, 5);
		udp_across(&w.b, &w.a, 5);
		assert_true(stats(&w.a, i + 1).packets_out >= 5 && stats(&w.a, i + 1).packets_in >= 5);
		assert_true(stats(&w.b, i + 1).packets_out >= 5 && stats(&w.b, i + 1).packets_in >= 5);
		assert_true(stats(&w.a, i + 1).bytes_out >= 5 * strlen(MARK));
		assert_true(stats(&w.a, i + 1).last_in.us > 0 && stats(&w.a, i + 1).last_out.us > 0);
		assert_true(frames_all_sealed() >= 10);
	}
	suite = &esp_suites[1];
}

static void test_traffic_over_ipv6(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	running(true);
	child_pair(1, true, true);
	udp_across(&w.a, &w.b, 5);
	udp_across(&w.b, &w.a, 5);
	enter(&w.a);
	run("ping -6 -c 2 -i 0.01 -W 5 2001:db8:f::2 >/dev/null");
	assert_true(frames_all_sealed() >= 10);
}

static void test_raw_esp(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	running(true);
	for (uint32_t v6 = 0; v6 < 2; v6++) {
		child_pair(v6 + 1, v6, false);
		udp_across(&w.a, &w.b, 5);
		udp_across(&w.b, &w.a, 5);
		assert_true(stats(&w.a, v6 + 1).packets_in >= 5);
	}
}

/* Larger than the outer MTU with ESP around it: the outer packet goes in fragments. */
static void test_full_size_and_too_big(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	int dont_fragment = IP_PMTUDISC_DO;
	struct sockaddr_in sin = inside_of(&w.b, 7002);
	struct dplane_link_params params = w.a.params;
	char big[1400] = {};
	int fd;

	running(true);
	child_pair(1, false, true);
	params.mtu = 1500;
	enter(&w.a);
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, w.a.link, &params), 0);
	run("ping -c 1 -s 1472 -W 5 169.254.10.2 >/dev/null");

	/* the kernel believes in 1500, the plane knows better */
	params.mtu = 1300;
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, w.a.link, &params), 0);
	run("ip link set vpn0 mtu 1500");
	fd = udp_on(&w.a, 7001);
	setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &dont_fragment, sizeof(dont_fragment));
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(send(fd, big, sizeof(big), 0), sizeof(big));
	WAIT_FOR(send(fd, big, sizeof(big), 0) < 0 && errno == EMSGSIZE);
	assert_true(counters(&w.a).too_big >= 1);
	close(fd);
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, w.a.link, &w.a.params), 0);
}

/* The same for IPv6, where nobody on the way may fragment: the sender is told (RFC 4443 3.2). */
static void test_too_big_v6(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	int dont_fragment = IPV6_PMTUDISC_DO;
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(7002)};
	struct dplane_link_params params = w.a.params;
	char big[1400] = {};
	int fd;

	running(true);
	child_pair(1, true, true);
	params.mtu = 1300;
	enter(&w.a);
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, w.a.link, &params), 0);
	run("ip link set vpn0 mtu 1500");
	assert_int_equal(inet_pton(AF_INET6, "2001:db8:f::2", &sin6.sin6_addr), 1);
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &dont_fragment, sizeof(dont_fragment));
	assert_int_equal(connect(fd, (struct sockaddr *)&sin6, sizeof(sin6)), 0);
	assert_int_equal(send(fd, big, sizeof(big), 0), sizeof(big));
	WAIT_FOR(send(fd, big, sizeof(big), 0) < 0 && errno == EMSGSIZE);
	assert_true(counters(&w.a).too_big >= 1);
	close(fd);
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, w.a.link, &w.a.params), 0);
}

static void test_mss(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct sockaddr_in sin = inside_of(&w.b, 7003);
	struct dplane_link_params params = w.a.params;
	int listener, fd, mss = 0;
	socklen_t len = sizeof(mss);

	running(true);
	child_pair(1, false, true);
	params.mss_v4 = 700; /* clamps at A, both ways */
	enter(&w.a);
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, w.a.link, &params), 0);
	enter(&w.b);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(listener, 1), 0);
	enter(&w.a);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &mss, &len), 0);
	assert_true(mss <= 700);
	close(fd);
	fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &mss, &len), 0);
	assert_true(mss <= 700);
	close(fd);
	close(listener);
}

static void test_nothing_in_the_clear(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	running(true);
	udp_into(&w.a, &w.b, 20);
	WAIT_FOR(counters(&w.a).no_child >= 20);
	child_pair(1, false, true);
	udp_across(&w.a, &w.b, 3);
	assert_int_equal(w.a.dp->ops->child_del(w.a.dp, 1), 0);
	udp_into(&w.a, &w.b, 20);
	WAIT_FOR(counters(&w.a).no_child >= 40);
	assert_true(frames_all_sealed() >= 3);
}

/* The new SA sends, the old one still receives; nothing is lost while only one end has changed over. */
static void test_make_before_break(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	uint32_t in, out;

	child_pair(1, false, true);
	running(true);
	udp_across(&w.a, &w.b, 3);
	in = w.a.dp->ops->spi_reserve(w.a.dp);
	out = w.b.dp->ops->spi_reserve(w.b.dp);
	child_install(&w.b, 2, out, in, &w.b.outer, &w.a.outer, true); /* the responder first */
	udp_across(&w.a, &w.b, 3);				       /* still on the old one */
	child_install(&w.a, 2, in, out, &w.a.outer, &w.b.outer, true);
	udp_across(&w.a, &w.b, 3);
	udp_across(&w.b, &w.a, 3);
	assert_true(stats(&w.a, 2).packets_out >= 3 && stats(&w.b, 2).packets_out >= 3);
	assert_int_equal(w.a.dp->ops->child_del(w.a.dp, 1), 0);
	assert_int_equal(w.b.dp->ops->child_del(w.b.dp, 1), 0);
	udp_across(&w.a, &w.b, 3);
	udp_across(&w.b, &w.a, 3);
	/* the one that sends goes: the older one takes over again */
	child_pair(3, false, true);
	udp_across(&w.a, &w.b, 3);
	assert_int_equal(w.a.dp->ops->child_del(w.a.dp, 3), 0);
	udp_across(&w.a, &w.b, 3);
	assert_int_equal(counters(&w.a).no_child, 0);
}

/* A responder sends as soon as it has answered: its first packets are here before its answer was checked. */
static void test_packets_before_their_sa(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	uint32_t in = w.b.dp->ops->spi_reserve(w.b.dp), out = w.a.dp->ops->spi_reserve(w.a.dp);
	int receiver = udp_on(&w.b, 7002);

	running(true);
	child_install(&w.a, 1, out, in, &w.a.outer, &w.b.outer, true);
	udp_into(&w.a, &w.b, 3);
	WAIT_FOR(counters(&w.b).no_sa >= 3);
	child_install(&w.b, 1, in, out, &w.b.outer, &w.a.outer, true);
	for (int i = 0; i < 3; i++)
		assert_true(udp_receive(receiver, MARK, strlen(MARK)));
	assert_true(counters(&w.b).early >= 3 && counters(&w.b).early <= counters(&w.b).no_sa);
	udp_into(&w.a, &w.b, 1);
	assert_true(udp_receive(receiver, MARK, strlen(MARK)));
	close(receiver);
}

/* What is routed into a tunnel on demand waits for its Child SA, and none of it is lost. */
static void test_first_packets_wait(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = w.a.params;
	int receiver = udp_on(&w.b, 7002);
	struct dplane_event event;

	params.trap = true;
	ts_list_any(&params.trap_local);
	ts_list_any(&params.trap_remote);
	enter(&w.a);
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, w.a.link, &params), 0);
	running(true);
	udp_into(&w.a, &w.b, 5);
	assert_true(event_wait(&w.a, &event));
	assert_int_equal(event.type, DPLANE_EVENT_ACQUIRE);
	assert_int_equal(event.link, w.a.link);
	child_pair(1, false, true);
	for (int i = 0; i < 5; i++)
		assert_true(udp_receive(receiver, MARK, strlen(MARK)));
	assert_int_equal(w.a.dp->ops->child_del(w.a.dp, 1), 0);
	/* not within its selectors */
	params.trap_remote.n = 1;
	params.trap_remote.ts[0].end = params.trap_remote.ts[0].start;
	enter(&w.a);
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, w.a.link, &params), 0);
	udp_into(&w.a, &w.b, 5);
	WAIT_FOR(counters(&w.a).no_child >= 5);
	close(receiver);
	assert_true(frames_all_sealed() >= 5);
}

/* Child 1 at both ends, with limits of one. */
static void limited_pair(struct side *limited, const struct child_sa_limits *of)
{
	struct side *other = limited == &w.a ? &w.b : &w.a;
	uint32_t in = limited->dp->ops->spi_reserve(limited->dp),
		 out = other->dp->ops->spi_reserve(other->dp);

	limits = *of;
	child_install(limited, 1, in, out, &limited->outer, &other->outer, true);
	limits = (struct child_sa_limits){};
	child_install(other, 1, out, in, &other->outer, &limited->outer, true);
}

static void assert_event(struct side *s, enum dplane_event_type type)
{
	struct dplane_event event;

	/* That the interface came up may be told in between. */
	do
		assert_true(s->dp->ops->event_next(s->dp, &event));
	while (event.type == DPLANE_EVENT_LINK_CHANGED);
	assert_int_equal(event.type, type);
	assert_int_equal(event.child_id, 1);
}

/* Each expiry is told once; that the interface came up may be told as well. */
static void assert_no_more_expiries(struct dplane *dp)
{
	struct dplane_event event;

	while (dp->ops->event_next(dp, &event))
		assert_int_equal(event.type, DPLANE_EVENT_LINK_CHANGED);
}

/* Said once at the soft limit, once at the hard one, and not a packet more. The kernel may send a few of its own in between. */
static void test_limit_out(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	static const struct child_sa_limits of = {.packets_soft = 10, .packets_hard = 20};

	limited_pair(&w.a, &of);
	running(true);
	udp_into(&w.a, &w.b, 60);
	WAIT_FOR(counters(&w.a).expired >= 40);
	WAIT_FOR(stats(&w.b, 1).packets_in == 20);
	assert_int_equal(stats(&w.a, 1).packets_out, 20);
	assert_event(&w.a, DPLANE_EVENT_SOFT_EXPIRE);
	assert_event(&w.a, DPLANE_EVENT_HARD_EXPIRE);
	assert_no_more_expiries(w.a.dp);
	assert_no_more_expiries(w.b.dp);
}

static void test_limit_in(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	static const struct child_sa_limits of = {.bytes_soft = 1000, .bytes_hard = 2000};

	limited_pair(&w.b, &of);
	running(true);
	udp_into(&w.a, &w.b, 60);
	WAIT_FOR(counters(&w.b).expired >= 1 && stats(&w.a, 1).packets_out >= 60);
	/* the packet that passes the limit is the last */
	assert_in_range(stats(&w.b, 1).bytes_in, 2000, 2000 + 1400);
	WAIT_FOR(counters(&w.b).expired + stats(&w.b, 1).packets_in == stats(&w.a, 1).packets_out);
	assert_event(&w.b, DPLANE_EVENT_SOFT_EXPIRE);
	assert_event(&w.b, DPLANE_EVENT_HARD_EXPIRE);
	assert_no_more_expiries(w.b.dp);
}

static void test_peer_moves(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct ipaddr elsewhere;
	struct endpoint local = endpoint_of(&w.a.outer), remote;
	struct sockaddr_in sin = {.sin_family = AF_INET};

	assert_int_equal(str2ipaddr("10.0.0.3", &elsewhere), 0);
	remote = endpoint_of(&elsewhere);
	running(true);
	child_pair(1, false, true);
	udp_across(&w.a, &w.b, 3);
	frames_all_sealed();
	assert_int_equal(w.a.dp->ops->child_move(w.a.dp, 1, &local, &remote), 0);
	udp_into(&w.a, &w.b, 3);
	WAIT_FOR(stats(&w.b, 1).packets_in >= 6);
	sin.sin_addr = elsewhere.ipaddr_v4;
	{
		uint8_t frame[2000];
		bool seen = false;
		ssize_t n;

		while ((n = recv(w.capture, frame, sizeof(frame), 0)) > 0)
			seen |= n > 34 && frame[12] == 8 && frame[13] == 0 &&
				memcmp(frame + 30, &sin.sin_addr, 4) == 0;
		assert_true(seen);
	}
}

/* What comes from elsewhere than the child's packets go to is told once, with where that is. */
static void test_peer_is_seen_elsewhere(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct endpoint local = endpoint_of(&w.b.outer), true_one = endpoint_of(&w.a.outer), other = true_one;
	struct dplane_event event;

	other.port = 61234;
	running(true);
	child_pair(1, false, true);
	udp_across(&w.a, &w.b, 3);
	assert_false(event_next(&w.b, &event));
	assert_int_equal(w.b.dp->ops->child_move(w.b.dp, 1, &local, &other), 0);
	udp_into(&w.a, &w.b, 3);
	WAIT_FOR(stats(&w.b, 1).packets_in >= 6);
	assert_event(&w.b, DPLANE_EVENT_PEER_MOVED);
	assert_false(event_next(&w.b, &event));
	assert_int_equal(w.b.dp->ops->child_move(w.b.dp, 1, &local, &other), 0);
	udp_into(&w.a, &w.b, 3);
	assert_true(event_wait(&w.b, &event));
	assert_int_equal(event.type, DPLANE_EVENT_PEER_MOVED);
	assert_true(endpoint_equal(&event.remote, &true_one));
	assert_int_equal(w.b.dp->ops->child_move(w.b.dp, 1, &local, &true_one), 0);
	WAIT_FOR(stats(&w.b, 1).packets_in >= 9);
	udp_across(&w.a, &w.b, 3);
	assert_false(event_next(&w.b, &event));
}

/* The peer is seen elsewhere with every packet: the main thread is told now and then. */
static void test_peer_is_seen_everywhere(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct endpoint local = endpoint_of(&w.b.outer), other = endpoint_of(&w.a.outer);
	time_t start = time(NULL);
	struct dplane_event event;
	long told = 0;

	running(true);
	child_pair(1, false, true);
	for (unsigned int i = 0; i < 300; i++) {
		other.port = (uint16_t)(20000 + i);
		assert_int_equal(w.b.dp->ops->child_move(w.b.dp, 1, &local, &other), 0);
		udp_into(&w.a, &w.b, 1);
		WAIT_FOR(stats(&w.b, 1).packets_in > i);
		while (event_next(&w.b, &event))
			told += event.type == DPLANE_EVENT_PEER_MOVED;
	}
	assert_in_range(told, 1, LIMIT_PEER_MOVES_PER_S * (time(NULL) - start + 2));
}

/*
 * --- tests: reachability ---------------------------------------------------------------------------------

 */

static void test_probe_before_the_link_is_up(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	assert_int_equal(w.a.dp->ops->inside_probe(w.a.dp, w.a.link), -ENOTCONN);
	assert_int_equal(inside(&w.a).sent, 0);
	child_pair(1, false, true);
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(w.a.dp->ops->inside_probe(w.a.dp, w.a.link), 0);
		WAIT_FOR(inside(&w.a).answered == i);
	}
	assert_int_equal(inside(&w.a).sent, 3);
	assert_true(inside(&w.a).last_answered.us >= inside(&w.a).last_sent.us);
	assert_int_equal(inside(&w.b).answered, 0);
}

static void test_probe_of_a_running_link(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	running(true);
	child_pair(1, false, true);
	assert_int_equal(w.b.dp->ops->inside_probe(w.b.dp, w.b.link), 0);
	WAIT_FOR(inside(&w.b).answered == 1); /* by the kernel of A */
	enter(&w.a);
	run("ping -c 2 -i 0.01 -W 5 169.254.10.2 >/dev/null"); /* not swallowed: not our mark */
	assert_int_equal(inside(&w.a).answered, 0);
}

static void test_probe_without_other_host(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = w.a.params;

	enter(&w.a);
	assert_int_equal(str2prefix("169.254.10.1/24", &params.inside[0]), 1);
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, w.a.link, &params), 0);
	child_pair(1, false, true);
	assert_int_equal(w.a.dp->ops->inside_probe(w.a.dp, w.a.link), -EADDRNOTAVAIL);
}

/*
 * --- tests: what comes from outside ----------------------------------------------------------------------

 */

static int stranger(void)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(NATT), .sin_addr = w.b.outer.ipaddr_v4};
	int fd;

	enter(&w.a);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void say(int fd, struct bytes datagram)
{
	assert_int_equal(send(fd, datagram.p, datagram.n, 0), datagram.n);
}

/* A keepalive frame of A on the veth: Ethernet, IPv4, UDP with one byte 0xff. */
static bool keepalive_seen(void)
{
	uint8_t frame[2000];
	ssize_t n;

	while ((n = recv(w.capture, frame, sizeof(frame), 0)) > 0)
		if (n >= 43 && frame[23] == IPPROTO_UDP && frame[39] == 9 && frame[42] == 0xff)
			return true;
	return false;
}

/* RFC 3948 4 */
static void test_nat_keepalive(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane *dp = w.a.dp;
	bool seen = false;

	child_pair(1, false, true);
	assert_int_equal(dp->ops->child_keepalive(dp, 1), 0);
	WAIT_FOR((seen = seen || keepalive_seen()));
	child_pair(2, false, false); /* raw ESP passes no NAT */
	assert_int_equal(dp->ops->child_keepalive(dp, 2), 0);
	assert_int_equal(dp->ops->child_keepalive(dp, 3), -ENOENT);
	assert_int_equal(counters(&w.b).malformed, 0);
}

static void test_strangers(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	uint8_t esp[60] = {0x12, 0x34, 0x56, 0x78, 0, 0, 0, 1};
	struct dplane_event event;
	struct wr wr = wr_of(esp, 4);
	uint32_t spi, other;
	int fd = stranger();

	say(fd, BYTES(0xff)); /* a NAT keepalive: silence */
	say(fd, BYTES());
	say(fd, BYTES(1, 2));
	say(fd, BYTES_OF(esp));
	WAIT_FOR(counters(&w.b).no_sa == 1);
	assert_int_equal(counters(&w.b).malformed, 1);

	spi = w.b.dp->ops->spi_reserve(w.b.dp);
	other = w.a.dp->ops->spi_reserve(w.a.dp);
	child_install(&w.b, 1, spi, other, &w.b.outer, &w.a.outer, true);
	wr_u32(&wr, spi);
	say(fd, BYTES_OF(esp));
	WAIT_FOR(stats(&w.b, 1).integrity_failures == 1);
	say(fd, bytes_make(esp, 20));
	WAIT_FOR(counters(&w.b).malformed == 2);
	assert_int_equal(stats(&w.b, 1).last_in.us, 0);
	assert_int_equal(stats(&w.b, 1).packets_in, 0);
	assert_false(event_next(&w.b, &event));
	close(fd);
}

/* RFC 6935: a tunnel over IPv6 may leave out the UDP checksum, as RFC 3948 wants it over IPv4; ESP has its own. */
static void test_udp6_without_checksum(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct sockaddr_in6 to = {
		.sin6_family = AF_INET6, .sin6_port = htons(NATT), .sin6_addr = w.b.outer6.ipaddr_v6};
	uint8_t esp[60] = {0x12, 0x34, 0x56, 0x78, 0, 0, 0, 1};
	int fd, on = 1;

	enter(&w.a);
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(fd, IPPROTO_UDP, UDP_NO_CHECK6_TX, &on, sizeof(on)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	say(fd, BYTES_OF(esp));
	WAIT_FOR(counters(&w.b).no_sa == 1);
	close(fd);
}

static void test_ike(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	ike_across(&w.a, &w.b, false);
	ike_across(&w.a, &w.b, true);
}

/* The main thread does not look: the queue keeps LIMIT_PLANE_EVENTS and counts the rest. */
static void test_ike_flood(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	uint8_t ike[40] = {};
	struct dplane_event event;
	unsigned int kept = 0;
	int fd = stranger();

	/* in small steps, so that the socket's own buffer drops none */
	for (unsigned int i = 1; i <= LIMIT_PLANE_EVENTS + 10; i++) {
		say(fd, BYTES_OF(ike));
		if (i > LIMIT_PLANE_EVENTS)
			WAIT_FOR(counters(&w.b).queue_full == i - LIMIT_PLANE_EVENTS);
	}
	while (event_next(&w.b, &event)) {
		assert_int_equal(event.datagram.n, sizeof(ike) - 4);
		kept++;
	}
	assert_int_equal(kept, LIMIT_PLANE_EVENTS);
	close(fd);
}

/*
 * --- tests: children -------------------------------------------------------------------------------------

 */

static int child_try(struct side *s, uint32_t id, uint32_t in, struct child_sa_params *params)
{
	int err;

	params->child_id = id;
	params->in.spi = in;
	err = s->dp->ops->child_add(s->dp, s->link, params, 64);
	return err;
}

static void test_child_refusals(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct child_sa_params params = esp_end_params(suite, 1000, 2000);
	struct dplane_child_stats st;
	struct dplane *dp = w.a.dp;
	struct endpoint v6 = endpoint_of(&w.a.outer6);

	params.local = endpoint_of(&w.a.outer);
	params.remote = endpoint_of(&w.b.outer);
	assert_int_equal(child_try(&w.a, 1, 1000, &params), 0);
	assert_int_equal(child_try(&w.a, 1, 1001, &params), -EEXIST);
	assert_int_equal(child_try(&w.a, 2, 1000, &params), -EEXIST);
	assert_int_equal(child_try(&w.a, 2, 255, &params), -EEXIST);
	params.encr_key_bits = 1;
	assert_int_equal(child_try(&w.a, 2, 1001, &params), -EOPNOTSUPP);
	assert_non_null(strstr(dplane_error(dp), "1 bits"));
	params.encr_key_bits = suite->bits;
	params.local = v6;
	assert_int_equal(child_try(&w.a, 2, 1001, &params), -EINVAL);
	assert_int_equal(dp->ops->child_add(dp, 999, &params, 64), -ENODEV);
	assert_int_equal(dp->ops->child_stats(dp, 2, &st), -ENOENT);
	assert_int_equal(dp->ops->child_del(dp, 2), -ENOENT);
	assert_int_equal(dp->ops->child_move(dp, 1, &v6, &params.remote), -EINVAL);
	assert_int_equal(dp->ops->child_del(dp, 1), 0);
	params.local = endpoint_of(&w.a.outer);
	assert_int_equal(child_try(&w.a, 2, 1000, &params), 0);
	child_sa_params_fini(&params);
	/* teardown deletes the link with its child still there */
}

static void test_spis(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane *dp = w.a.dp;
	uint32_t spi[200];

	for (size_t i = 0; i < array_size(spi); i++) {
		spi[i] = dp->ops->spi_reserve(dp);
		assert_true(spi[i] >= 256);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(spi[i], spi[j]);
	}
	for (size_t i = 0; i < array_size(spi); i += 2)
		dp->ops->spi_release(dp, spi[i]);
	dp->ops->spi_release(dp, 12345); /* nobody's */
}

#define PLANE_TEST(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

static void test_addresses_are_told_again(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	addresses_are_told_again();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANE_TEST(test_interface),
		PLANE_TEST(test_down_is_told_at_once),
		PLANE_TEST(test_change_in_place),
		PLANE_TEST(test_successor_adopts),
		PLANE_TEST(test_successor_without_a_flap),
		PLANE_TEST(test_stranger_s_tun_stays),
		PLANE_TEST(test_changed_by_somebody),
		PLANE_TEST(test_addresses_are_told_again),
		PLANE_TEST(test_name_taken),
		PLANE_TEST(test_port_in_use),
		PLANE_TEST(test_link_gone),
		PLANE_TEST(test_traffic_with_every_suite),
		PLANE_TEST(test_traffic_over_ipv6),
		PLANE_TEST(test_raw_esp),
		PLANE_TEST(test_full_size_and_too_big),
		PLANE_TEST(test_too_big_v6),
		PLANE_TEST(test_mss),
		PLANE_TEST(test_nothing_in_the_clear),
		PLANE_TEST(test_make_before_break),
		PLANE_TEST(test_packets_before_their_sa),
		PLANE_TEST(test_first_packets_wait),
		PLANE_TEST(test_limit_out),
		PLANE_TEST(test_limit_in),
		PLANE_TEST(test_peer_moves),
		PLANE_TEST(test_peer_is_seen_elsewhere),
		PLANE_TEST(test_peer_is_seen_everywhere),
		PLANE_TEST(test_probe_before_the_link_is_up),
		PLANE_TEST(test_probe_of_a_running_link),
		PLANE_TEST(test_probe_without_other_host),
		PLANE_TEST(test_nat_keepalive),
		PLANE_TEST(test_strangers),
		PLANE_TEST(test_udp6_without_checksum),
		PLANE_TEST(test_ike),
		PLANE_TEST(test_ike_flood),
		PLANE_TEST(test_child_refusals),
		PLANE_TEST(test_spis),
	};

	return world_status(cmocka_run_group_tests(tests, world_setup, world_teardown));
}
