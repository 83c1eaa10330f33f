// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel plane's table of nf_tables, in the world of plane_world.h: the clamp of the TCP MSS, as nft lists it and as TCP sees it, and
 * what keeps "host unreachable" from those whose packet waits. Like test_xfrm_plane it is
 * skipped where the kernel cannot: tests/guest/run finds one that can.
 */
#include <zebra.h>

#include "lib/sockunion.h"

#include "bgpvpnd/dplane/dplane.h"

#define PLANE_NEW  dplane_xfrm_new
#define PLANE_FREE dplane_xfrm_free

static const char *why_no_plane(void)
{
	static const struct dplane_env env = {.natt_port = 4500};
	static char why[256];
	struct dplane *dp = dplane_xfrm_new(&env);
	int err = system("nft -v >/dev/null 2>&1") == 0 ? dp->ops->open(dp) : -ENOENT;

	strlcpy(why, err == -ENOENT ? "no nft command" : dplane_error(dp), sizeof(why));
	if (!err)
		dp->ops->close(dp);
	dplane_xfrm_free(dp);
	return err ? why : NULL;
}

#include "tests/helpers/plane_world.h"

static bool told_changed(const struct side *s)
{
	struct dplane_event event;
	bool changed = false;

	enter(s);
	while (s->dp->ops->event_next(s->dp, &event))
		changed |= event.type == DPLANE_EVENT_LINK_CHANGED && event.link == s->link;
	return changed;
}

/* What the kernel of A clamps, as nft says it: "vpn0:1360 " of IPv4, or of IPv6. */
static const char *clamps(bool ipv6)
{
	static char text[200];
	FILE *pipe;
	size_t n;

	enter(&w.a);
	pipe = popen(
		ipv6 ? "nft -n list map inet bgpvpnd mss6 2>&1 | grep -o '\"[^\"]*\" : [0-9]*' | tr -d '\" ' | "
		       "sort | tr '\\n' ' '"
		     : "nft -n list map inet bgpvpnd mss4 2>&1 | grep -o '\"[^\"]*\" : [0-9]*' | tr -d '\" ' | "
		       "sort | tr '\\n' ' '",
		"re");
	assert_non_null(pipe);
	n = fread(text, 1, sizeof(text) - 1, pipe);
	text[n] = '\0';
	pclose(pipe);
	return text;
}

static void clamp_a(uint16_t v4, uint16_t v6)
{
	struct dplane_link_params params = w.a.params;

	params.mss_v4 = v4;
	params.mss_v6 = v6;
	enter(&w.a);
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, w.a.link, &params), 0);
}

/* What is said about a repair, "" when nothing was to do. */
static const char *repaired(void)
{
	static char what[200];

	enter(&w.a);
	assert_int_equal(w.a.dp->ops->link_repair(w.a.dp, w.a.link, what, sizeof(what)), 0);
	return what;
}

static void test_mss_follows_the_link(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = {
		.name = "vpn1",
		.mtu = 1300,
		.mss_v4 = 1260,
		.nature = {.name_in = "elsewhere", .if_id_in = 5, .if_id_out = 6},
	};
	uint32_t link;

	assert_string_equal(clamps(false), "");
	clamp_a(1360, 1340);
	assert_string_equal(clamps(false), "vpn0:1360 ");
	assert_string_equal(clamps(true), "vpn0:1340 ");
	assert_int_equal(w.a.dp->ops->link_add(w.a.dp, &params, &link), 0);
	clamp_a(1200, 1340);
	assert_string_equal(clamps(false), "elsewhere:1260 vpn0:1200 vpn1:1260 ");
	assert_string_equal(clamps(true), "vpn0:1340 ");
	clamp_a(0, 0);
	assert_string_equal(clamps(false), "elsewhere:1260 vpn1:1260 ");
	assert_int_equal(w.a.dp->ops->link_del(w.a.dp, link), 0);
	assert_string_equal(clamps(false), "");
	assert_string_equal(clamps(true), "");
}

/* Our table is one of many: its end, and a predecessor's, harm nobody. */
static void test_mss_table_is_ours_alone(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	enter(&w.a);
	run("nft add table inet mine; nft add chain inet mine forward '{ type filter hook forward priority -150; }'");
	clamp_a(1360, 1340);
	plane_stop(&w.a);
	run("! nft list table inet bgpvpnd 2>/dev/null");
	run("nft add table inet bgpvpnd; nft add chain inet bgpvpnd rubbish; nft add map inet bgpvpnd mss4 "
	    "'{ type ifname : inet_service; elements = { \"old\" : 1 }; }'");
	plane_start(&w.a);
	clamp_a(1360, 1340);
	assert_string_equal(clamps(false), "vpn0:1360 ");
	run("! nft list chain inet bgpvpnd rubbish 2>/dev/null");
	run("nft list chain inet mine forward >/dev/null");
	run("nft delete table inet mine");
}

/* Someone loads a new ruleset: said, and put back; our own changes are no robbery. */
static void test_mss_is_put_back(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	bool told = false;
	char what[200];

	clamp_a(1360, 1340);
	told_changed(&w.a);
	assert_string_equal(repaired(), "");
	enter(&w.a);
	run("nft flush ruleset");
	WAIT_FOR((told = told || told_changed(&w.a)));
	strlcpy(what, repaired(), sizeof(what));
	assert_string_equal(what, "robbed of its TCP MSS clamp");
	assert_string_equal(clamps(false), "vpn0:1360 ");
	assert_string_equal(clamps(true), "vpn0:1340 ");
	assert_string_equal(repaired(), "");
	/* changed by us before we have heard of it */
	enter(&w.a);
	run("nft flush map inet bgpvpnd mss4");
	clamp_a(1300, 1280);
	assert_string_equal(clamps(false), "vpn0:1300 ");
	assert_string_equal(clamps(true), "vpn0:1280 ");
}

/* Many at once, as after a flush with many tunnels. */
static void test_mss_of_many(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	enum { N = 100 };
	uint32_t link[N];
	bool told = false;

	enter(&w.a);
	for (int i = 0; i < N; i++) {
		struct dplane_link_params params = {.mtu = 1300, .mss_v4 = 1000 + i, .mss_v6 = 1280};

		snprintf(params.name, sizeof(params.name), "many%d", i);
		assert_int_equal(w.a.dp->ops->link_add(w.a.dp, &params, &link[i]), 0);
	}
	run("nft flush ruleset");
	WAIT_FOR((told = told || told_changed(&w.a)));
	repaired();
	run("test $(nft list map inet bgpvpnd mss4 | grep -o many | wc -l) = %d", N);
	run("test $(nft list map inet bgpvpnd mss6 | grep -o many | wc -l) = %d", N);
	for (int i = 0; i < N; i++)
		assert_int_equal(w.a.dp->ops->link_del(w.a.dp, link[i]), 0);
	assert_string_equal(clamps(false), "");
}

/*
 * --- TCP -------------------------------------------------------------------------------------------------
 */

struct sides_mss {
	int near; /* of the host behind A: from the SYN-ACK that comes out of the tunnel */
	int far;  /* of B: from the SYN that went into it */
};

static int host; /* a network namespace behind A */

static void host_behind_a(void)
{
	host = namespace_new();
	enter(&w.a);
	run("ip link add ha type veth peer name hb; ip link set hb netns /proc/%d/fd/%d", (int)getpid(),
	    host);
	run("ip addr add 10.77.0.1/24 dev ha; ip -6 addr add 2001:db8:77::1/64 dev ha nodad; ip link set ha up");
	run("echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
	enter(&w.b);
	run("ip route add 10.77.0.0/24 dev vpn0; ip -6 route add 2001:db8:77::/64 dev vpn0");
	assert_int_equal(setns(host, CLONE_NEWNET), 0);
	run("ip addr add 10.77.0.2/24 dev hb; ip -6 addr add 2001:db8:77::2/64 dev hb nodad; ip link set hb up");
	run("ip route add default via 10.77.0.1; ip -6 route add default via 2001:db8:77::1");
}

static void host_gone(void)
{
	enter(&w.a);
	run("ip link del ha");
	close(host);
}

static int mss_of(int fd)
{
	socklen_t len = sizeof(int);
	int mss;

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &mss, &len), 0);
	close(fd);
	return mss;
}

static struct sides_mss tcp_across(int from, const char *to)
{
	union sockunion su;
	struct sides_mss mss;
	int listener, fd;
	socklen_t len;

	assert_int_equal(str2sockunion(to, &su), 0);
	*(su.sa.sa_family == AF_INET ? &su.sin.sin_port : &su.sin6.sin6_port) = htons(7003);
	len = su.sa.sa_family == AF_INET ? sizeof(su.sin) : sizeof(su.sin6);
	enter(&w.b);
	listener = socket(su.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
	assert_int_equal(bind(listener, &su.sa, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(setns(from, CLONE_NEWNET), 0);
	fd = socket(su.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, &su.sa, len), 0);
	mss.far = mss_of(accept(listener, NULL, NULL));
	mss.near = mss_of(fd);
	close(listener);
	return mss;
}

/* TCP_MAXSEG is less by the options that every segment carries, of 12 bytes. */
static void assert_clamped(struct sides_mss mss, int to)
{
	assert_in_range(mss.near, to - 12, to);
	assert_in_range(mss.far, to - 12, to);
}

/* Either way, of either family; never raised, and left alone when there is no clamp. */
static void tcp_is_clamped(int from)
{
	clamp_a(0, 0);
	assert_clamped(tcp_across(from, "169.254.10.2"), 1400 - 40);
	assert_clamped(tcp_across(from, "2001:db8:f::2"), 1400 - 60);
	clamp_a(700, 800);
	assert_clamped(tcp_across(from, "169.254.10.2"), 700);
	assert_clamped(tcp_across(from, "2001:db8:f::2"), 800);
	clamp_a(9000, 9000);
	assert_clamped(tcp_across(from, "169.254.10.2"), 1400 - 40);
	assert_clamped(tcp_across(from, "2001:db8:f::2"), 1400 - 60);
}

static void test_forwarded_tcp(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	running(true);
	child_pair(1, false, false);
	host_behind_a();
	tcp_is_clamped(host);
	host_gone();
}

/* BGP's. */
static void test_own_tcp(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	running(true);
	child_pair(1, false, false);
	tcp_is_clamped(w.a.ns);
}

/*
 * --- who waits is not told that the host is unreachable --------------------------------------------------
 */

static void trap_a(bool on)
{
	struct dplane_link_params params = w.a.params;

	params.trap = on;
	ts_list_any(&params.trap_local);
	ts_list_any(&params.trap_remote);
	enter(&w.a);
	assert_int_equal(w.a.dp->ops->link_set(w.a.dp, w.a.link, &params), 0);
}

/* Of the host: a connection that is being made, and answers something within 300 ms, or never does. */
static int connecting(const char *to)
{
	union sockunion su;
	int fd;

	assert_int_equal(str2sockunion(to, &su), 0);
	*(su.sa.sa_family == AF_INET ? &su.sin.sin_port : &su.sin6.sin6_port) = htons(7003);
	assert_int_equal(setns(host, CLONE_NEWNET), 0);
	fd = socket(su.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(fd, &su.sa, su.sa.sa_family == AF_INET ? sizeof(su.sin) : sizeof(su.sin6)),
			 -1);
	assert_int_equal(errno, EINPROGRESS);
	return fd;
}

/* 0: connected; -1: neither within the time. */
static int outcome(int fd, int ms)
{
	struct pollfd pfd = {.fd = fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int err;

	if (poll(&pfd, 1, ms) == 0)
		return -1;
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len), 0);
	return err;
}

static bool told_acquire(const struct side *s)
{
	struct dplane_event event;
	bool told = false;

	enter(s);
	while (s->dp->ops->event_next(s->dp, &event))
		told |= event.type == DPLANE_EVENT_ACQUIRE && event.link == s->link;
	return told;
}

/* The SYN of a host behind us is kept; an ICMP error would make its connect() fail meanwhile. */
static void host_waits(const char *to, uint32_t child)
{
	bool told = false;
	int fd = connecting(to);

	WAIT_FOR((told = told || told_acquire(&w.a)));
	assert_int_equal(outcome(fd, 300), -1);
	child_pair(child, false, true);
	/* Nobody listens there: that it says so has come back through the tunnel. */
	assert_int_equal(outcome(fd, WAIT_MS), ECONNREFUSED);
	close(fd);
	assert_int_equal(w.a.dp->ops->child_del(w.a.dp, child), 0);
	assert_int_equal(w.b.dp->ops->child_del(w.b.dp, child), 0);
}

static void test_host_is_not_told(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	int fd;

	running(true);
	host_behind_a();
	trap_a(true);
	host_waits("169.254.10.2", 1);
	host_waits("2001:db8:f::2", 2);
	/* Without the trap nobody keeps anything, and it is true. */
	trap_a(false);
	fd = connecting("169.254.10.2");
	assert_int_equal(outcome(fd, WAIT_MS), EHOSTUNREACH);
	close(fd);
	host_gone();
}

/* Of others, that they are unreachable is said as ever: here, that nobody answers ARP. */
static void test_others_are_told(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	int fd;

	running(true);
	host_behind_a();
	trap_a(true);
	enter(&w.a);
	run("ip link add wa type veth peer name wb; ip addr add 10.78.0.1/24 dev wa; ip link set wb up; ip link set wa up");
	run("echo 100 >/proc/sys/net/ipv4/neigh/wa/retrans_time_ms");
	fd = connecting("10.78.0.2");
	assert_int_equal(outcome(fd, WAIT_MS), EHOSTUNREACH);
	close(fd);
	enter(&w.a);
	run("ip link del wa");
	host_gone();
}

/* The chains cost every packet something: there are none while nobody waits, and they come back like the rest. */
static void test_hush_comes_and_goes(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	bool told = false;
	char what[200];

	enter(&w.a);
	run("! nft list table inet bgpvpnd | grep -q chain.trap");
	for (int round = 0; round < 2; round++) {
		trap_a(true);
		run("nft list set inet bgpvpnd trapped | grep -q vpn0");
		run("nft list chain inet bgpvpnd hush | grep -q 'host-unreachable.*drop'");
		told_changed(&w.a);
		if (round) {
			run("nft flush ruleset");
			WAIT_FOR((told = told || told_changed(&w.a)));
			strlcpy(what, repaired(), sizeof(what));
			assert_string_equal(what, "robbed of its TCP MSS clamp");
			run("nft list set inet bgpvpnd trapped | grep -q vpn0");
			run("nft list chain inet bgpvpnd trap | grep -q waits6");
		}
		child_pair(1, false, true);
		run("! nft list table inet bgpvpnd | grep -q -e chain.trap -e chain.hush");
		run("! nft list set inet bgpvpnd trapped | grep -q vpn0");
		assert_int_equal(w.a.dp->ops->child_del(w.a.dp, 1), 0);
		assert_int_equal(w.b.dp->ops->child_del(w.b.dp, 1), 0);
		trap_a(false);
		run("! nft list table inet bgpvpnd | grep -q -e chain.trap -e chain.hush");
	}
	clamp_a(0, 0);
}

#define PLANE_TEST(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANE_TEST(test_mss_follows_the_link), PLANE_TEST(test_mss_table_is_ours_alone),
		PLANE_TEST(test_mss_is_put_back),      PLANE_TEST(test_mss_of_many),
		PLANE_TEST(test_forwarded_tcp),	       PLANE_TEST(test_own_tcp),
		PLANE_TEST(test_host_is_not_told),     PLANE_TEST(test_others_are_told),
		PLANE_TEST(test_hush_comes_and_goes),
	};

	return world_status(cmocka_run_group_tests(tests, world_setup, world_teardown));
}
