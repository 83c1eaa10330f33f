// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two planes, A and B, in two network namespaces joined by a veth, with real devices: what the tests of either plane begin with. The test
 * says which before it includes this: PLANE_NEW(env), PLANE_FREE(dp), and why_no_plane(), a reason to skip or NULL. Nothing here waits
 * for a fixed time: it waits for what must happen, at most WAIT_MS. A packet socket on the veth sees every frame between the two, and
 * no test ends before it has looked for clear text in them.
 */
#ifndef BGPVPN_TESTS_PLANE_WORLD_H
#define BGPVPN_TESTS_PLANE_WORLD_H

#include <zebra.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/esp_ends.h"
#include "tests/helpers/exact.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/dplane/dplane.h"
#include "bgpvpnd/dplane/rtnl.h"

#define WAIT_MS	      10000
#define NATT	      4500
#define AUTOMAKE_SKIP 77
#define MARK	      "clear text of the inside"

struct side {
	int ns;
	struct dplane *dp;
	const char *outer_text;
	const char *outer6_text;
	const char *inside_text;
	struct ipaddr outer;
	struct ipaddr outer6;
	struct dplane_link_params params;
	uint32_t link;
	int raised; /* privileged() calls that were not lowered */
	struct dplane_env env;
};

static struct world {
	int home; /* the namespace we came from */
	int capture;
	struct side a;
	struct side b;
	const char *skip_reason;
} w;

/*
 * --- the world -------------------------------------------------------------------------------------------

 */

static inline void enter(const struct side *s)
{
	assert_int_equal(setns(s->ns, CLONE_NEWNET), 0);
}

static inline void run(const char *format, ...)
{
	char command[300];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		fail_msg("command failed: %s", command);
}

static inline int namespace_new(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static inline void privileged(void *arg, bool raise)
{
	struct side *s = arg;

	s->raised += raise ? 1 : -1;
}

static inline void side_init(struct side *s, const char *outer, const char *outer6, const char *inside)
{
	s->outer_text = outer;
	s->outer6_text = outer6;
	s->inside_text = inside;
	assert_int_equal(str2ipaddr(outer, &s->outer), 0);
	assert_int_equal(str2ipaddr(outer6, &s->outer6), 0);
	s->params = (struct dplane_link_params){.name = "vpn0", .mtu = 1400, .num_inside = 2};
	assert_int_equal(str2prefix(inside, &s->params.inside[0]), 1);
	assert_int_equal(str2prefix(strcmp(s->inside_text, "169.254.10.1/30") == 0 ? "2001:db8:f::1/126"
										   : "2001:db8:f::2/126",
				    &s->params.inside[1]),
			 1);
	s->env = (struct dplane_env){.arg = s, .privileged = privileged, .natt_port = NATT};
}

static inline const char *why_not(void)
{
	if (geteuid() != 0)
		return "not root";
	if (system("ip -V >/dev/null 2>&1") != 0)
		return "no ip command";
	w.home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	w.b.ns = namespace_new();
	w.a.ns = namespace_new();
	if (w.a.ns < 0 || w.b.ns < 0)
		return "cannot make network namespaces";
	if (why_no_plane())
		return why_no_plane();
	if (system("ip link add va type veth peer name vb") != 0)
		return "no veth";
	return NULL;
}

static inline void capture_open(void)
{
	struct sockaddr_ll any = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};

	any.sll_ifindex = (int)if_nametoindex("vb");
	w.capture = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(w.capture >= 0);
	assert_int_equal(bind(w.capture, (struct sockaddr *)&any, sizeof(any)), 0);
}

static inline int world_setup(void **state)
{
	w.skip_reason = why_not();
	if (w.skip_reason)
		return 0;
	side_init(&w.a, "10.0.0.1", "2001:db8::1", "169.254.10.1/30");
	side_init(&w.b, "10.0.0.2", "2001:db8::2", "169.254.10.2/30");
	run("ip link set vb netns /proc/%d/fd/%d", (int)getpid(), w.b.ns);
	run("ip link set lo up; ip addr add 10.0.0.1/24 dev va; "
	    "ip -6 addr add 2001:db8::1/64 dev va nodad; ip link set va up");
	enter(&w.b);
	run("ip link set lo up; ip addr add 10.0.0.2/24 dev vb; ip addr add 10.0.0.3/24 dev vb; "
	    "ip -6 addr add 2001:db8::2/64 dev vb nodad; ip link set vb up");
	capture_open();
	return crypto_init();
}

static inline int world_teardown(void **state)
{
	if (w.skip_reason)
		return 0;
	setns(w.home, CLONE_NEWNET);
	close(w.capture);
	close(w.a.ns);
	close(w.b.ns);
	close(w.home);
	crypto_fini();
	return 0;
}

/* What main() gives back, from `failed` tests: a program none of whose tests ran says so to automake, its reason last. */
static inline int world_status(int failed)
{
	if (failed || !w.skip_reason)
		return failed;
	printf("%s\n", w.skip_reason);
	return AUTOMAKE_SKIP;
}

/*
 * --- waiting and looking ---------------------------------------------------------------------------------

 */

static inline int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Until the condition holds; it must before WAIT_MS have passed. */
#define WAIT_FOR(condition)                                                                                  \
	do {                                                                                                 \
		int64_t until = now_ms() + WAIT_MS;                                                          \
                                                                                                             \
		while (!(condition) && now_ms() < until)                                                     \
			usleep(500);                                                                         \
		assert_true(condition);                                                                      \
	} while (0)

static inline struct dplane_counters counters(const struct side *s)
{
	struct dplane_counters c;

	s->dp->ops->counters(s->dp, &c);
	return c;
}

static inline struct dplane_child_stats stats(const struct side *s, uint32_t child)
{
	struct dplane_child_stats st;

	assert_int_equal(s->dp->ops->child_stats(s->dp, child, &st), 0);
	return st;
}

static inline struct dplane_inside_stats inside(const struct side *s)
{
	struct dplane_inside_stats st;

	assert_int_equal(s->dp->ops->inside_stats(s->dp, s->link, &st), 0);
	return st;
}

/* Frames on the veth since the last call; none may show an inside address or the mark. */
static inline unsigned int frames_all_sealed(void)
{
	static const uint8_t a_to_b[] = {169, 254, 10, 1, 169, 254, 10, 2};
	static const uint8_t b_to_a[] = {169, 254, 10, 2, 169, 254, 10, 1};
	static const uint8_t inside_net6[] = {0x20, 0x01, 0x0d, 0xb8, 0x00, 0x0f};
	uint8_t frame[66000];
	unsigned int count = 0;
	ssize_t n;

	while ((n = recv(w.capture, frame, sizeof(frame), 0)) > 0) {
		count++;
		assert_null(memmem(frame, (size_t)n, MARK, strlen(MARK)));
		assert_null(memmem(frame, (size_t)n, a_to_b, sizeof(a_to_b)));
		assert_null(memmem(frame, (size_t)n, b_to_a, sizeof(b_to_a)));
		assert_null(memmem(frame, (size_t)n, inside_net6, sizeof(inside_net6)));
	}
	return count;
}

/*
 * --- planes ----------------------------------------------------------------------------------------------

 */

static inline void plane_start(struct side *s)
{
	enter(s);
	s->dp = PLANE_NEW(&s->env);
	assert_int_equal(s->dp->ops->open(s->dp), 0);
	assert_string_equal(dplane_error(s->dp), "");
	assert_int_equal(s->dp->ops->link_add(s->dp, &s->params, &s->link), 0);
	assert_int_equal(s->raised, 0);
}

static inline void plane_stop(struct side *s)
{
	enter(s);
	if (s->link)
		s->dp->ops->link_del(s->dp, s->link);
	s->link = 0;
	s->dp->ops->close(s->dp);
	PLANE_FREE(s->dp);
	s->dp = NULL;
	assert_int_equal(s->raised, 0);
}

/* The next event but those of changes, which our own leave behind too, some a while later. */
static inline bool event_next(struct side *s, struct dplane_event *event)
{
	while (s->dp->ops->event_next(s->dp, event))
		if (event->type != DPLANE_EVENT_LINK_CHANGED)
			return true;
	return false;
}

static inline bool event_wait(struct side *s, struct dplane_event *event)
{
	int64_t until = now_ms() + WAIT_MS;

	while (now_ms() < until) {
		struct pollfd pfd = {.fd = s->dp->ops->fd(s->dp), .events = POLLIN};

		if (event_next(s, event))
			return true;
		poll(&pfd, 1, (int)(until - now_ms()));
	}
	return false;
}

static size_t live_before;

static inline int test_setup(void **state)
{
	if (w.skip_reason)
		return 0;
	live_before = mem_live();
	frames_all_sealed();
	plane_start(&w.a);
	plane_start(&w.b);
	return 0;
}

static inline int test_teardown(void **state)
{
	if (w.skip_reason)
		return 0;
	plane_stop(&w.a);
	plane_stop(&w.b);
	frames_all_sealed();
	return mem_live() == live_before ? 0 : -1;
}

#define SKIP_IF_NOT_POSSIBLE()                                                                               \
	do {                                                                                                 \
		if (w.skip_reason)                                                                           \
			skip();                                                                              \
	} while (0)

static const struct esp_suite *suite = &esp_suites[1];

static inline struct endpoint endpoint_of(const struct ipaddr *addr)
{
	return (struct endpoint){.addr = *addr, .port = NATT};
}

/* Of the children that are installed next. */
static struct child_sa_limits limits;

static inline void child_install(struct side *s, uint32_t id, uint32_t in, uint32_t out,
				 const struct ipaddr *local, const struct ipaddr *remote, bool encap)
{
	struct child_sa_params params = esp_end_params(suite, in, out);

	params.limits = limits;
	params.child_id = id;
	params.udp_encap = encap;
	params.local = endpoint_of(local);
	params.remote = endpoint_of(remote);
	if (s->dp->ops->child_add(s->dp, s->link, &params, 64) != 0)
		fail_msg("%s", dplane_error(s->dp));
	child_sa_params_fini(&params);
}

/* One Child SA on both ends under the same id, as IKE would have made it. */
static inline void child_pair(uint32_t id, bool v6, bool encap)
{
	uint32_t spi_a = w.a.dp->ops->spi_reserve(w.a.dp), spi_b = w.b.dp->ops->spi_reserve(w.b.dp);

	assert_true(spi_a >= 256 && spi_b >= 256);
	child_install(&w.a, id, spi_a, spi_b, v6 ? &w.a.outer6 : &w.a.outer, v6 ? &w.b.outer6 : &w.b.outer,
		      encap);
	child_install(&w.b, id, spi_b, spi_a, v6 ? &w.b.outer6 : &w.b.outer, v6 ? &w.a.outer6 : &w.a.outer,
		      encap);
}

static inline struct rtnl_link link_now(const struct side *s)
{
	struct rtnl_link link;

	enter(s);
	assert_int_equal(rtnl_link_find(RTNL_HERE, s->params.name, &link), 0);
	return link;
}

/* The kernel opens the device for packets a moment after its carrier has come. */
static inline void running(bool up)
{
	enter(&w.a);
	assert_int_equal(w.a.dp->ops->link_set_running(w.a.dp, w.a.link, up), 0);
	enter(&w.b);
	assert_int_equal(w.b.dp->ops->link_set_running(w.b.dp, w.b.link, up), 0);
	WAIT_FOR(link_now(&w.a).running == up && link_now(&w.b).running == up);
}

/* What somebody who listens to the kernel hears of the addresses of an interface: a bit for each family. */
static inline unsigned int told_families(int nl, uint32_t ifindex)
{
	_Alignas(struct nlmsghdr) uint8_t buf[16384];
	unsigned int families = 0;
	ssize_t n = recv(nl, buf, sizeof(buf), MSG_DONTWAIT);

	for (; n > 0; n = recv(nl, buf, sizeof(buf), MSG_DONTWAIT)) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
		struct ifaddrmsg *ifa = NLMSG_DATA(nlh);

		if (nlh->nlmsg_type == RTM_NEWADDR && ifa->ifa_index == ifindex)
			families |= ifa->ifa_family == AF_INET ? 1 : 2;
	}
	return families;
}

/* zebra may have heard of the addresses before it heard of the interface. */
static inline void addresses_are_told_again(void)
{
	struct sockaddr_nl groups = {.nl_family = AF_NETLINK,
				     .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
	uint32_t ifindex = link_now(&w.a).ifindex;
	int nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	assert_int_equal(bind(nl, (struct sockaddr *)&groups, sizeof(groups)), 0);
	w.a.dp->ops->link_announce(w.a.dp, w.a.link);
	assert_int_equal(told_families(nl, ifindex), 3);
	w.a.dp->ops->link_announce(w.a.dp, w.a.link + 1000);
	assert_int_equal(told_families(nl, ifindex), 0);
	close(nl);
}

/*
 * --- inside traffic --------------------------------------------------------------------------------------

 */

static inline struct sockaddr_in inside_of(const struct side *s, uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};

	sin.sin_addr = s->params.inside[0].u.prefix4;
	return sin;
}

static inline int udp_on(const struct side *s, uint16_t port)
{
	struct sockaddr_in sin = inside_of(s, port);
	int fd;

	enter(s);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

static inline bool udp_receive(int fd, const char *want, size_t len)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	char buf[2000];

	if (poll(&pfd, 1, WAIT_MS) != 1)
		return false;
	return recv(fd, buf, sizeof(buf), 0) == (ssize_t)len && memcmp(buf, want, len) == 0;
}

static inline void udp_across(const struct side *from, const struct side *to, unsigned int count)
{
	int sender = udp_on(from, 7001), receiver = udp_on(to, 7002);
	struct sockaddr_in sin = inside_of(to, 7002);
	char text[64];

	for (unsigned int i = 0; i < count; i++) {
		int len = snprintf(text, sizeof(text), MARK " %u", i);

		assert_int_equal(sendto(sender, text, (size_t)len, 0, (struct sockaddr *)&sin, sizeof(sin)),
				 len);
		assert_true(udp_receive(receiver, text, (size_t)len));
	}
	close(sender);
	close(receiver);
}

/* Lets the kernel of `s` put packets into its TUN that nobody is to see. */
static inline void udp_into(const struct side *s, const struct side *to, unsigned int count)
{
	struct sockaddr_in sin = inside_of(to, 7002);
	int fd = udp_on(s, 7001);

	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(sendto(fd, MARK, strlen(MARK), 0, (struct sockaddr *)&sin, sizeof(sin)),
				 strlen(MARK));
	close(fd);
}

static inline void ike_across(struct side *from, struct side *to, bool v6)
{
	struct endpoint local = endpoint_of(v6 ? &from->outer6 : &from->outer);
	struct endpoint remote = endpoint_of(v6 ? &to->outer6 : &to->outer);
	static uint8_t datagram[5000];
	struct dplane_event event;

	for (size_t i = 0; i < sizeof(datagram); i++)
		datagram[i] = (uint8_t)i;
	assert_int_equal(from->dp->ops->ike_send(from->dp, &local, &remote, BYTES_OF(datagram)), 0);
	assert_true(event_wait(to, &event));
	assert_int_equal(event.type, DPLANE_EVENT_IKE);
	assert_true(bytes_equal(event.datagram, BYTES_OF(datagram)));
	assert_true(endpoint_equal(&event.local, &remote));
	assert_true(endpoint_equal(&event.remote, &local));
	assert_false(event_next(to, &event));
}

#endif
