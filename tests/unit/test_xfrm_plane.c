// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel plane in the world of plane_world.h. Needs root and a kernel with XFRM interfaces and ESP; without them every test is
 * skipped and says so: tests/guest/run finds such a kernel.
 */
#include <zebra.h>

#include "tests/helpers/xfrm_world.h"

/*
 * --- interface -------------------------------------------------------------------------------------------
 */

static void test_interface(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct rtnl_link link = link_now(&w.a);

	assert_string_equal(link.kind, "xfrm");
	assert_true(link.if_id != 0);
	assert_int_equal(link.mtu, 1400);
	assert_true(link.up);
	assert_false(link.running);
	run("ip addr show dev vpn0 | grep -q 'inet 169.254.10.1/30'");
	run("ip addr show dev vpn0 | grep -q 'inet6 2001:db8:f::1/126'");
	for (int i = 0; i < 3; i++) {
		running(true);
		running(false);
	}
	assert_int_equal(link_now(&w.a).ifindex, link.ifindex);
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

		if (nlh->nlmsg_type == RTM_NEWLINK && (!ifindex || (uint32_t)ifi->ifi_index == ifindex))
			flags |= ifi->ifi_flags;
		assert_int_not_equal(nlh->nlmsg_type, RTM_DELLINK);
	}
	return flags;
}

static int link_listener(void)
{
	struct sockaddr_nl groups = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	assert_int_equal(bind(nl, (struct sockaddr *)&groups, sizeof(groups)), 0);
	return nl;
}

/* Made, set up, given addresses: at no moment does anybody see it run. */
static void test_never_runs_by_itself(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = {.name = "vpn1", .mtu = 1300, .num_inside = 1};
	uint32_t link;
	int nl;

	enter(&w.a);
	nl = link_listener();
	assert_int_equal(str2prefix("169.254.20.1/30", &params.inside[0]), 1);
	assert_int_equal(w.a.dp->ops->link_add(w.a.dp, &params, &link), 0);
	assert_false(told_flags(nl, if_nametoindex("vpn1")) & IFF_RUNNING);
	close(nl);
	assert_int_equal(w.a.dp->ops->link_del(w.a.dp, link), 0);
	run("! ip link show vpn1 >/dev/null 2>&1");
}

/* A plane with a running link and two children in a process of its own, which is killed then. */
static void live_and_die(struct side *s)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		plane_start(s);
		child_install(s, 1, 0x1001, 0x2001, &w.a.outer, &w.b.outer, true);
		child_install(s, 2, 0x1002, 0x2002, &w.a.outer, &w.b.outer, true);
		s->dp->ops->link_set_running(s->dp, s->link, true);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The daemon is killed, and another comes: same interface, other addresses; what it had in the kernel is gone, and only that. */
static void test_successor_adopts(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct prefix old = w.a.params.inside[0];
	struct rtnl_link before;

	plane_stop(&w.a);
	live_and_die(&w.a);
	before = link_now(&w.a);
	assert_true(before.running);
	run("ip xfrm state add src 10.0.0.1 dst 10.9.9.9 proto esp spi 0x1234 reqid 7 mode tunnel "
	    "aead 'rfc4106(gcm(aes))' 0x0102030405060708090a0b0c0d0e0f1011121314 128");
	assert_int_equal(sas(&w.a), 5);
	assert_int_equal(policies(&w.a), 6);
	assert_int_equal(str2prefix("169.254.30.1/30", &w.a.params.inside[0]), 1);
	plane_start(&w.a);
	assert_int_equal(sas(&w.a), 1);
	assert_int_equal(policies(&w.a), 0);
	assert_int_equal(link_now(&w.a).ifindex, before.ifindex);
	assert_int_equal(link_now(&w.a).if_id, before.if_id);
	assert_false(link_now(&w.a).running);
	run("ip addr show dev vpn0 | grep -q 169.254.30.1/30");
	run("! ip addr show dev vpn0 | grep -q 169.254.10.1");
	run("ip xfrm state flush");
	w.a.params.inside[0] = old;
}

static void test_stranger_s_interface_stays(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = w.a.params;
	uint32_t link;

	enter(&w.a);
	run("ip link add mine type xfrm dev lo if_id 99");
	strlcpy(params.name, "mine", sizeof(params.name));
	assert_int_equal(str2prefix("169.254.40.1/30", &params.inside[0]), 1);
	params.num_inside = 1;
	assert_int_equal(w.a.dp->ops->link_add(w.a.dp, &params, &link), 0);
	run("ip addr show dev mine | grep -q 169.254.40.1");
	assert_int_equal(w.a.dp->ops->link_del(w.a.dp, link), 0);
	run("! ip addr show dev mine | grep -q 169.254.40.1");
	run("ip link del mine");
	run("ip link add mine type veth peer name yours");
	assert_int_equal(w.a.dp->ops->link_add(w.a.dp, &params, &link), -EEXIST);
	assert_non_null(strstr(dplane_error(w.a.dp), "veth"));
	run("ip link del mine");
}

static bool told_changed(const struct side *s)
{
	struct dplane_event event;
	bool changed = false;

	enter(s);
	while (s->dp->ops->event_next(s->dp, &event))
		changed |= event.type == DPLANE_EVENT_LINK_CHANGED && event.link == s->link;
	return changed;
}

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

	child_pair(1, false, true);
	for (int up = 0; up < 2; up++) {
		running(up);
		done_by_somebody("ip link set vpn0 mtu 1390", "given MTU 1390");
		done_by_somebody("ip addr del 169.254.10.1/30 dev vpn0",
				 "robbed of inside address 169.254.10.1/30");
		done_by_somebody("ip xfrm policy flush", "robbed of its IPsec policies");
		assert_int_equal(policies(&w.a), 6);
		assert_int_equal(link_now(&w.a).running, up);
	}
	done_by_somebody("ip link set vpn0 state dormant", "set without carrier");
	running(false);
	done_by_somebody("ip link set vpn0 state up", "set running");
	run("ip link del vpn0");
	assert_int_equal(w.a.dp->ops->link_repair(w.a.dp, w.a.link, what, sizeof(what)), -ENODEV);
}

/* As a SA that comes back would repeat its sequence numbers, it counts as used up. */
static void test_flushed_by_somebody(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_event event;

	child_pair(1, false, true);
	running(true);
	udp_across(&w.a, &w.b, 3);
	enter(&w.a);
	run("ip xfrm state flush");
	assert_true(event_wait(&w.a, &event));
	assert_int_equal(event.type, DPLANE_EVENT_HARD_EXPIRE);
	assert_int_equal(event.child_id, 1);
	assert_false(event_next(&w.a, &event));
}

/* What has a reqid of our range and is not ours goes, an operator's own stays. */
static void test_strays(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane *dp = w.a.dp;
	struct dplane_event event;
	char what[200];

	child_pair(1, false, true);
	for (uint32_t reqid = 0x76706eee; reqid; reqid = reqid == 99 ? 0 : 99) {
		enter(&w.a);
		run("ip xfrm state add src 10.0.0.2 dst 10.0.0.1 proto esp spi %u reqid %u mode tunnel "
		    "aead 'rfc4106(gcm(aes))' 0x%040d 128",
		    reqid, reqid, 7);
		run("ip xfrm policy add src 0.0.0.0/0 dst 203.0.113.0/24 dir out if_id %u "
		    "tmpl src 10.0.0.1 dst 10.0.0.2 proto esp reqid %u mode tunnel",
		    reqid, reqid);
		assert_false(event_next(&w.a, &event));
	}
	run("! ip xfrm state | grep -w 'reqid %u'", 0x76706eee);
	run("! ip xfrm policy | grep -w 'reqid %u'", 0x76706eee);
	run("ip xfrm state | grep -qw 'reqid 99' && ip xfrm policy | grep -qw 'reqid 99'");
	assert_int_equal(dp->ops->link_repair(dp, w.a.link, what, sizeof(what)), 0);
	assert_string_equal(what, "given 2 IPsec SAs or policies with reqids of ours");
	assert_int_equal(dp->ops->link_repair(dp, w.a.link, what, sizeof(what)), 0);
	assert_string_equal(what, "");
	running(true);
	udp_across(&w.a, &w.b, 3);
	enter(&w.a);
	run("ip xfrm state flush; ip xfrm policy flush");
}

/*
 * --- traffic ---------------------------------------------------------------------------------------------
 */

static void test_traffic_with_every_suite(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	running(true);
	for (size_t i = 0; i < ESP_SUITES; i++) {
		suite = &esp_suites[i];
		child_pair(1, i % 2, i % 3);
		udp_across(&w.a, &w.b, 5);
		udp_across(&w.b, &w.a, 5);
		assert_true(stats(&w.a, 1).packets_out >= 5);
		assert_true(stats(&w.a, 1).packets_in >= 5);
		assert_true(stats(&w.a, 1).bytes_out >= 5 * (28 + strlen(MARK)));
		assert_true(stats(&w.b, 1).bytes_in >= 5 * (28 + strlen(MARK)));
		assert_true(stats(&w.b, 1).last_in.us > 0);
		assert_int_equal(w.a.dp->ops->child_del(w.a.dp, 1), 0);
		assert_int_equal(w.b.dp->ops->child_del(w.b.dp, 1), 0);
		assert_int_equal(sas(&w.a) + policies(&w.a), 0);
	}
	suite = &esp_suites[1];
	assert_true(frames_all_sealed() >= 10 * ESP_SUITES);
}

static void esn_install(struct side *s, uint32_t in, uint32_t out, const struct side *to)
{
	struct child_sa_params params = esp_end_params(suite, in, out);

	enter(s);
	params.esn = true;
	params.udp_encap = false;
	params.local = endpoint_of(&s->outer);
	params.remote = endpoint_of(&to->outer);
	assert_int_equal(s->dp->ops->child_add(s->dp, s->link, &params, LIMIT_REPLAY_WINDOW), 0);
	child_sa_params_fini(&params);
	run("ip xfrm state | grep -q 'replay_window %u, bitmap-length %u'", LIMIT_REPLAY_WINDOW,
	    LIMIT_REPLAY_WINDOW / 32);
}

/* The last frame with ESP that came to B. */
static size_t last_esp(uint8_t *frame, size_t room)
{
	uint8_t buf[2000];
	size_t len = 0;
	ssize_t n;

	while ((n = recv(w.capture, buf, sizeof(buf), 0)) > 0) {
		bool ip = n > 34 && buf[12] == 8 && buf[13] == 0;

		if (!ip || buf[23] != IPPROTO_ESP || memcmp(buf + 30, &w.b.outer.ipaddr_v4, 4) != 0)
			continue;
		assert_true((size_t)n <= room);
		memcpy(frame, buf, (size_t)n);
		len = (size_t)n;
	}
	return len;
}

/* Somebody on the way sends it once more. */
static void once_more(const uint8_t *frame, size_t len)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	int fd;

	enter(&w.a);
	to.sll_ifindex = (int)if_nametoindex("va");
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	assert_int_equal(sendto(fd, frame, len, 0, (struct sockaddr *)&to, sizeof(to)), len);
	close(fd);
}

static void replay_is_dropped(void)
{
	int receiver = udp_on(&w.b, 7002);
	uint64_t before = stats(&w.b, 1).replays;
	uint8_t frame[2000];
	size_t len;

	last_esp(frame, sizeof(frame));
	udp_into(&w.a, &w.b, 1);
	assert_true(udp_receive(receiver, MARK, strlen(MARK)));
	len = last_esp(frame, sizeof(frame));
	assert_true(len > 0);
	once_more(frame, len);
	WAIT_FOR(stats(&w.b, 1).replays == before + 1);
	assert_int_equal(recv(receiver, frame, sizeof(frame), 0), -1);
	assert_int_equal(stats(&w.b, 1).integrity_failures, 0);
	close(receiver);
}

static void test_esn_with_every_suite(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	running(true);
	for (size_t i = 0; i < ESP_SUITES; i++) {
		suite = &esp_suites[i];
		esn_install(&w.a, 0x1001, 0x2001, &w.b);
		esn_install(&w.b, 0x2001, 0x1001, &w.a);
		udp_across(&w.a, &w.b, 5);
		udp_across(&w.b, &w.a, 5);
		replay_is_dropped();
		udp_across(&w.a, &w.b, 5);
		assert_int_equal(w.a.dp->ops->child_del(w.a.dp, 1), 0);
		assert_int_equal(w.b.dp->ops->child_del(w.b.dp, 1), 0);
	}
	suite = &esp_suites[1];
}

/* 20 packets into a link without a child, and what is left of one that had one: no frame in the clear. */
static void test_nothing_in_the_clear(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct sockaddr_in sin = inside_of(&w.b, 7002);
	int fd;

	running(true);
	fd = udp_on(&w.a, 7001);
	for (int i = 0; i < 20; i++)
		sendto(fd, MARK, strlen(MARK), 0, (struct sockaddr *)&sin, sizeof(sin));
	child_pair(1, false, true);
	enter(&w.a);
	for (int i = 0; i < 20; i++)
		sendto(fd, MARK, strlen(MARK), 0, (struct sockaddr *)&sin, sizeof(sin));
	assert_int_equal(w.a.dp->ops->child_del(w.a.dp, 1), 0);
	for (int i = 0; i < 20; i++)
		sendto(fd, MARK, strlen(MARK), 0, (struct sockaddr *)&sin, sizeof(sin));
	close(fd);
	assert_int_equal(sas(&w.a), 0);
	frames_all_sealed();
}

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
	assert_true(stats(&w.a, 1).packets_out >= 6);
	assert_true(stats(&w.a, 2).packets_out >= 3);
	assert_true(stats(&w.b, 2).packets_out >= 3);
	assert_int_equal(w.a.dp->ops->child_del(w.a.dp, 1), 0);
	assert_int_equal(w.b.dp->ops->child_del(w.b.dp, 1), 0);
	udp_across(&w.a, &w.b, 3);
	udp_across(&w.b, &w.a, 3);
	/* the one that sends goes: the older one takes over again */
	child_pair(3, false, true);
	udp_across(&w.a, &w.b, 3);
	assert_int_equal(w.a.dp->ops->child_del(w.a.dp, 3), 0);
	udp_across(&w.a, &w.b, 3);
	assert_int_equal(sas(&w.a), 2);
}

/* receive_only: the old one sends until it is told otherwise, whatever the kernel's taste for new ones. */
static void test_use(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct child_sa_params params;
	uint32_t in, out;
	uint64_t old;

	running(true);
	child_pair(1, false, true);
	in = w.a.dp->ops->spi_reserve(w.a.dp);
	out = w.b.dp->ops->spi_reserve(w.b.dp);
	child_install(&w.b, 2, out, in, &w.b.outer, &w.a.outer, true);
	enter(&w.a);
	params = esp_end_params(suite, in, out);
	params.child_id = 2;
	params.receive_only = true;
	params.local = endpoint_of(&w.a.outer);
	params.remote = endpoint_of(&w.b.outer);
	assert_int_equal(w.a.dp->ops->child_add(w.a.dp, w.a.link, &params, 64), 0);
	child_sa_params_fini(&params);
	udp_across(&w.a, &w.b, 3);
	udp_across(&w.b, &w.a, 3);
	assert_int_equal(stats(&w.a, 2).packets_out, 0);
	assert_true(stats(&w.a, 2).packets_in >= 3);
	assert_int_equal(w.a.dp->ops->child_use(w.a.dp, 2), 0);
	old = stats(&w.a, 1).packets_out;
	udp_across(&w.a, &w.b, 3);
	assert_int_equal(stats(&w.a, 1).packets_out, old);
	assert_true(old >= 3 && stats(&w.a, 2).packets_out >= 3);
}

static void limit_event(enum dplane_event_type type, struct side *s)
{
	struct dplane_event event;

	enter(s);
	assert_true(event_wait(s, &event));
	assert_int_equal(event.type, type);
	assert_int_equal(event.child_id, 1);
}

static void test_limits(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_event event;

	running(true);
	limits = (struct child_sa_limits){.packets_soft = 4, .packets_hard = 20};
	child_pair(1, false, true);
	limits = (struct child_sa_limits){};
	udp_across(&w.a, &w.b, 5);
	limit_event(DPLANE_EVENT_SOFT_EXPIRE, &w.a);
	limit_event(DPLANE_EVENT_SOFT_EXPIRE, &w.b);
	enter(&w.a);
	for (int i = 0; i < 20; i++) {
		struct sockaddr_in sin = inside_of(&w.b, 7002);
		int fd = udp_on(&w.a, 7001);

		sendto(fd, MARK, strlen(MARK), 0, (struct sockaddr *)&sin, sizeof(sin));
		close(fd);
	}
	limit_event(DPLANE_EVENT_HARD_EXPIRE, &w.a);
	assert_false(event_next(&w.a, &event));
}

/* Both ends follow; nobody's sequence numbers or window begin anew. */
static void test_moves(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct endpoint a = endpoint_of(&w.a.outer), b3 = endpoint_of(&w.b.outer),
			a6 = endpoint_of(&w.a.outer6), b6 = endpoint_of(&w.b.outer6);

	running(true);
	child_pair(1, false, true);
	udp_across(&w.a, &w.b, 3);
	udp_across(&w.b, &w.a, 3);
	assert_int_equal(str2ipaddr("10.0.0.3", &b3.addr), 0);
	enter(&w.a);
	assert_int_equal(w.a.dp->ops->child_move(w.a.dp, 1, &a, &b3), 0);
	enter(&w.b);
	assert_int_equal(w.b.dp->ops->child_move(w.b.dp, 1, &b3, &a), 0);
	udp_across(&w.a, &w.b, 3);
	udp_across(&w.b, &w.a, 3);
	enter(&w.a);
	assert_int_equal(w.a.dp->ops->child_move(w.a.dp, 1, &a6, &b6), 0);
	enter(&w.b);
	assert_int_equal(w.b.dp->ops->child_move(w.b.dp, 1, &b6, &a6), 0);
	udp_across(&w.a, &w.b, 3);
	udp_across(&w.b, &w.a, 3);
	assert_true(stats(&w.a, 1).packets_in >= 9);
	assert_true(stats(&w.a, 1).packets_out >= 9);
	assert_true(stats(&w.b, 1).packets_in >= 9);
	assert_int_equal(stats(&w.b, 1).replays, 0);
	assert_int_equal(sas(&w.a), 2);
	/* each move passed over 65536 numbers */
	enter(&w.a);
	run("ip -s xfrm state | grep -q 'oseq 0x0*200[0-9a-f][0-9a-f]$'");
}

static void both_move(const struct endpoint *a, const struct endpoint *b)
{
	enter(&w.a);
	assert_int_equal(w.a.dp->ops->child_move(w.a.dp, 1, a, b), 0);
	enter(&w.b);
	assert_int_equal(w.b.dp->ops->child_move(w.b.dp, 1, b, a), 0);
	udp_across(&w.a, &w.b, 3);
	udp_across(&w.b, &w.a, 3);
	enter(&w.a);
}

/* A NAT that comes or goes, between addresses that stay: ESP is in UDP, or not, at both ends. */
static void test_moves_into_udp(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct endpoint a = endpoint_of(&w.a.outer), b = endpoint_of(&w.b.outer);
	struct endpoint bare_a = {a.addr, IKE_PORT}, bare_b = {b.addr, IKE_PORT};

	running(true);
	child_pair(1, false, true);
	run("ip xfrm state | grep -q espinudp");
	both_move(&bare_a, &bare_b);
	run("! ip xfrm state | grep -q espinudp");
	both_move(&a, &b);
	run("ip xfrm state | grep -q espinudp");
	assert_true(stats(&w.a, 1).packets_in >= 6);
	assert_true(stats(&w.a, 1).packets_out >= 6);
}

/* The peer's NAT has another port: told once, with where it is. */
static void test_peer_is_seen_elsewhere(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct endpoint a = endpoint_of(&w.a.outer), b = endpoint_of(&w.b.outer), elsewhere = b;
	struct dplane_event event;

	running(true);
	child_pair(1, false, true);
	assert_int_equal(str2ipaddr("10.0.0.3", &elsewhere.addr), 0);
	enter(&w.b);
	assert_int_equal(w.b.dp->ops->child_move(w.b.dp, 1, &elsewhere, &a), 0);
	udp_across(&w.b, &w.a, 5);
	enter(&w.a);
	assert_true(event_wait(&w.a, &event));
	assert_int_equal(event.type, DPLANE_EVENT_PEER_MOVED);
	assert_int_equal(event.child_id, 1);
	assert_true(endpoint_equal(&event.remote, &elsewhere));
	assert_false(event_next(&w.a, &event));
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
	for (unsigned int i = 0; i < 100; i++) {
		other.port = (uint16_t)(20000 + i);
		enter(&w.b);
		assert_int_equal(w.b.dp->ops->child_move(w.b.dp, 1, &local, &other), 0);
		udp_into(&w.a, &w.b, 1);
		WAIT_FOR(stats(&w.b, 1).packets_in > i);
		while (event_next(&w.b, &event))
			told += event.type == DPLANE_EVENT_PEER_MOVED;
	}
	assert_in_range(told, 1, LIMIT_PEER_MOVES_PER_S * (time(NULL) - start + 2));
}

static void test_probe_before_the_link_is_up(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_event event;

	enter(&w.a);
	assert_int_equal(w.a.dp->ops->inside_probe(w.a.dp, w.a.link), -ENOTCONN);
	child_pair(1, false, true);
	enter(&w.a);
	assert_int_equal(w.a.dp->ops->inside_probe(w.a.dp, w.a.link), 0);
	WAIT_FOR((event_next(&w.a, &event), inside(&w.a).answered == 1));
	running(true);
	enter(&w.a);
	assert_int_equal(w.a.dp->ops->inside_probe(w.a.dp, w.a.link), 0);
	WAIT_FOR((event_next(&w.a, &event), inside(&w.a).answered == 2));
	assert_int_equal(inside(&w.a).sent, 2);
	assert_true(inside(&w.a).last_answered.us >= inside(&w.a).last_sent.us);
}

/*
 * --- IKE -------------------------------------------------------------------------------------------------
 */

static void test_ike(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	ike_across(&w.a, &w.b, false);
	ike_across(&w.b, &w.a, false);
	ike_across(&w.a, &w.b, true);
	ike_across(&w.b, &w.a, true);
}

/*
 * --- refusals --------------------------------------------------------------------------------------------
 */

static void test_child_refusals(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct child_sa_params params = esp_end_params(suite, 0x1000, 0x2000);
	struct dplane *dp = w.a.dp;
	struct dplane_child_stats st;

	enter(&w.a);
	params.local = endpoint_of(&w.a.outer);
	params.remote = endpoint_of(&w.b.outer);
	assert_int_equal(dp->ops->child_add(dp, 4711, &params, 64), -ENODEV);
	params.remote = endpoint_of(&w.b.outer6);
	assert_int_equal(dp->ops->child_add(dp, w.a.link, &params, 64), -EINVAL);
	params.remote = endpoint_of(&w.b.outer);
	params.encr = 4242;
	assert_int_equal(dp->ops->child_add(dp, w.a.link, &params, 64), -EOPNOTSUPP);
	params.encr = suite->encr;
	params.ts_local.ts[0].end = params.ts_local.ts[0].start;
	params.ts_local.ts[0].end.ipaddr_v4.s_addr = htonl(5);
	assert_int_equal(dp->ops->child_add(dp, w.a.link, &params, 64), -EOPNOTSUPP);
	ts_list_any(&params.ts_local);
	/* all or nothing: the second SA is somebody else's already */
	run("ip xfrm state add src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x2000 reqid 7 mode tunnel "
	    "aead 'rfc4106(gcm(aes))' 0x0102030405060708090a0b0c0d0e0f1011121314 128");
	assert_int_equal(dp->ops->child_add(dp, w.a.link, &params, 64), -EEXIST);
	assert_int_equal(sas(&w.a), 1);
	assert_int_equal(policies(&w.a), 0);
	run("ip xfrm state flush");
	assert_int_equal(dp->ops->child_add(dp, w.a.link, &params, 64), 0);
	assert_int_equal(dp->ops->child_add(dp, w.a.link, &params, 64), -EEXIST);
	params.child_id = 2;
	assert_int_equal(dp->ops->child_add(dp, w.a.link, &params, 64), -EEXIST);
	assert_int_equal(sas(&w.a), 2);
	assert_int_equal(dp->ops->child_use(dp, 99), -ENOENT);
	assert_int_equal(dp->ops->child_del(dp, 99), -ENOENT);
	assert_int_equal(dp->ops->child_stats(dp, 99, &st), -ENOENT);
	child_sa_params_fini(&params);
}

static void test_thousand(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	enum { N = 500 };

	for (uint32_t i = 1; i <= N; i++)
		child_install(&w.a, i, 0x10000 + i, 0x20000 + i, &w.a.outer, &w.b.outer, i % 2);
	assert_int_equal(sas(&w.a), 2 * N);
	for (uint32_t i = 1; i <= N; i++)
		assert_int_equal(w.a.dp->ops->child_del(w.a.dp, i), 0);
	assert_int_equal(sas(&w.a), 0);
	assert_int_equal(policies(&w.a), 0);
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
		PLANE_TEST(test_never_runs_by_itself),
		PLANE_TEST(test_successor_adopts),
		PLANE_TEST(test_stranger_s_interface_stays),
		PLANE_TEST(test_changed_by_somebody),
		PLANE_TEST(test_addresses_are_told_again),
		PLANE_TEST(test_flushed_by_somebody),
		PLANE_TEST(test_strays),
		PLANE_TEST(test_traffic_with_every_suite),
		PLANE_TEST(test_esn_with_every_suite),
		PLANE_TEST(test_nothing_in_the_clear),
		PLANE_TEST(test_make_before_break),
		PLANE_TEST(test_use),
		PLANE_TEST(test_limits),
		PLANE_TEST(test_moves),
		PLANE_TEST(test_moves_into_udp),
		PLANE_TEST(test_peer_is_seen_elsewhere),
		PLANE_TEST(test_peer_is_seen_everywhere),
		PLANE_TEST(test_probe_before_the_link_is_up),
		PLANE_TEST(test_ike),
		PLANE_TEST(test_child_refusals),
		PLANE_TEST(test_thousand),
	};

	return world_status(cmocka_run_group_tests(tests, world_setup, world_teardown));
}
