// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of SAs and policies in the kernel: what comes before a SA is there, what changes under traffic, what others do to them. In
 * the world of plane_world.h; skips as test_xfrm_plane does.
 */
#include <zebra.h>

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

#include "tests/helpers/xfrm_world.h"

/*
 * --- the first packet ------------------------------------------------------------------------------------
 */

static void trap_set(struct side *s, bool on)
{
	struct dplane_link_params params = s->params;

	enter(s);
	params.trap = on;
	ts_list_any(&params.trap_local);
	ts_list_any(&params.trap_remote);
	assert_int_equal(s->dp->ops->link_set(s->dp, s->link, &params), 0);
}

static bool acquired(struct side *s)
{
	struct dplane_event event;
	bool told = false;

	enter(s);
	while (event_next(s, &event)) {
		assert_int_equal(event.type, DPLANE_EVENT_ACQUIRE);
		assert_int_equal(event.link, s->link);
		assert_false(told);
		told = true;
	}
	return told;
}

/* The other end first, as when it answers. */
static void child_pair_of_ours(uint32_t id)
{
	uint32_t spi_a = w.a.dp->ops->spi_reserve(w.a.dp), spi_b = w.b.dp->ops->spi_reserve(w.b.dp);

	enter(&w.b);
	child_install(&w.b, id, spi_b, spi_a, &w.b.outer, &w.a.outer, true);
	enter(&w.a);
	child_install(&w.a, id, spi_a, spi_b, &w.a.outer, &w.b.outer, true);
}

/* It asks, waits, and arrives; so do a few that come after it. */
static void test_first_packet_waits(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	int receiver;

	trap_set(&w.a, true);
	running(true);
	receiver = udp_on(&w.b, 7002);
	for (int round = 0; round < 2; round++) {
		assert_false(acquired(&w.a)); /* the host's own noise is no reason */
		udp_into(&w.a, &w.b, 1);
		assert_true(acquired(&w.a));
		udp_into(&w.a, &w.b, 2);
		assert_false(acquired(&w.a));
		child_pair_of_ours(1);
		for (int i = 0; i < 3; i++)
			assert_true(udp_receive(receiver, MARK, strlen(MARK)));
		assert_int_equal(stats(&w.a, 1).packets_out, 3);
		udp_across(&w.b, &w.a, 1);
		udp_into(&w.a, &w.b, 1);
		assert_true(udp_receive(receiver, MARK, strlen(MARK)));
		assert_int_equal(stats(&w.a, 1).packets_out, 4);
		assert_false(acquired(&w.a));
		assert_int_equal(w.a.dp->ops->child_del(w.a.dp, 1), 0);
		assert_int_equal(w.b.dp->ops->child_del(w.b.dp, 1), 0);
		assert_int_equal(sas(&w.a) + policies(&w.a), 0);
	}
	close(receiver);
}

static int tcp_on(const struct side *s, uint16_t port)
{
	struct sockaddr_in sin = inside_of(s, port);
	int fd;

	enter(s);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

/* That the kernel calls the host unreachable meanwhile does not end the connection that asks. */
static void test_first_packet_is_a_syn(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct sockaddr_in sin = inside_of(&w.b, 7003);
	int listener, fd, err = -1;
	socklen_t len = sizeof(err);
	struct pollfd pfd;

	trap_set(&w.a, true);
	running(true);
	listener = tcp_on(&w.b, 7003);
	assert_int_equal(listen(listener, 1), 0);
	fd = tcp_on(&w.a, 7004);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), -1);
	assert_int_equal(errno, EINPROGRESS);
	assert_true(acquired(&w.a));
	child_pair_of_ours(1);
	pfd = (struct pollfd){.fd = fd, .events = POLLOUT};
	assert_int_equal(poll(&pfd, 1, WAIT_MS), 1);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len), 0);
	assert_int_equal(err, 0);
	close(fd);
	close(listener);
}

/* Nobody's memory grows: the first ones are kept, the others lost. */
static void test_waiting_packets_are_few(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	trap_set(&w.a, true);
	running(true);
	for (int i = 0; i < 10; i++) {
		udp_into(&w.a, &w.b, 20);
		acquired(&w.a);
	}
	child_pair(1, false, true);
	assert_int_equal(stats(&w.a, 1).packets_out, LIMIT_TRAP_PACKETS);
}

static void test_trap_has_selectors(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct dplane_link_params params = w.a.params;

	params.trap = true;
	ts_list_any(&params.trap_local);
	ts_list_any(&params.trap_remote);
	for (int port = 7001; port <= 7002; port++) {
		params.trap_remote.ts[0].proto = IPPROTO_UDP;
		params.trap_remote.ts[0].port_start = params.trap_remote.ts[0].port_end = (uint16_t)port;
		enter(&w.a);
		assert_int_equal(w.a.dp->ops->link_set(w.a.dp, w.a.link, &params), 0);
		running(true);
		udp_into(&w.a, &w.b, 3);
		assert_int_equal(acquired(&w.a), port == 7002);
	}
	trap_set(&w.a, false);
	udp_into(&w.a, &w.b, 3);
	assert_false(acquired(&w.a));
}

/*
 * --- ESP before its SA -----------------------------------------------------------------------------------
 */

/* The responder sends as soon as it has answered; what it sends waits for us. */
static void comes_early(bool v6, bool encap)
{
	uint64_t early = counters(&w.a).early;
	uint32_t spi_a, spi_b, spi_other;
	int receiver;

	enter(&w.a);
	spi_a = w.a.dp->ops->spi_reserve(w.a.dp);
	spi_other = w.a.dp->ops->spi_reserve(w.a.dp);
	receiver = udp_on(&w.a, 7002);
	enter(&w.b);
	spi_b = w.b.dp->ops->spi_reserve(w.b.dp);
	child_install(&w.b, 1, spi_b, spi_a, v6 ? &w.b.outer6 : &w.b.outer, v6 ? &w.a.outer6 : &w.a.outer,
		      encap);
	child_install(&w.b, 2, 0x1234, spi_other, v6 ? &w.b.outer6 : &w.b.outer,
		      v6 ? &w.a.outer6 : &w.a.outer, encap);
	udp_into(&w.b, &w.a, 2);
	assert_int_equal(w.b.dp->ops->child_use(w.b.dp, 1), 0);
	udp_into(&w.b, &w.a, 3);
	ike_across(&w.b, &w.a, v6); /* they are all there */
	enter(&w.a);
	child_install(&w.a, 1, spi_a, spi_b, v6 ? &w.a.outer6 : &w.a.outer, v6 ? &w.b.outer6 : &w.b.outer,
		      encap);
	for (int i = 0; i < 3; i++)
		assert_true(udp_receive(receiver, MARK, strlen(MARK)));
	assert_true(stats(&w.a, 1).packets_in >= 3); /* the host has something to say by itself */
	assert_int_equal(stats(&w.a, 1).replays, 0);
	assert_true(counters(&w.a).early >= early + 3);
	close(receiver);
	udp_across(&w.b, &w.a, 1);
	/* and those of another, read along with the first, at its time */
	child_install(&w.a, 2, spi_other, 0x1234, v6 ? &w.a.outer6 : &w.a.outer,
		      v6 ? &w.b.outer6 : &w.b.outer, encap);
	WAIT_FOR(stats(&w.a, 2).packets_in >= 2);
	for (uint32_t id = 1; id <= 2; id++) {
		assert_int_equal(w.a.dp->ops->child_del(w.a.dp, id), 0);
		assert_int_equal(w.b.dp->ops->child_del(w.b.dp, id), 0);
	}
}

static void test_esp_before_its_sa(void **state)
{
	SKIP_IF_NOT_POSSIBLE();

	running(true);
	for (int i = 0; i < 4; i++)
		comes_early(i / 2, i % 2);
}

/* Nothing listens where nothing is expected. */
static void test_no_sockets_without_promise(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	uint32_t spi[LIMIT_EARLY_SPIS + 2];

	enter(&w.a);
	for (size_t i = 0; i < array_size(spi); i++)
		spi[i] = w.a.dp->ops->spi_reserve(w.a.dp);
	assert_true(xfrm_plane_of(w.a.dp)->early.in[0] >= 0);
	for (size_t i = 0; i < array_size(spi); i++)
		w.a.dp->ops->spi_release(w.a.dp, spi[i]);
	assert_int_equal(xfrm_plane_of(w.a.dp)->early.n, 0);
	assert_int_equal(xfrm_plane_of(w.a.dp)->early.in[0], -1);
	assert_int_equal(xfrm_plane_of(w.a.dp)->early.out[0], -1);
}

/*
 * --- IKE -------------------------------------------------------------------------------------------------
 */

static bool goes_out(int fd)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(500), .sin_addr = w.b.outer.ipaddr_v4};

	return sendto(fd, "ike", 3, 0, (struct sockaddr *)&to, sizeof(to)) == 3;
}

/* An operator's policies, or ours of another tunnel, do not stand in the way of IKE; of either port. */
static void test_policies_do_not_stop_ike(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	int fd;

	enter(&w.a);
	for (int out = 0; out < 2; out++)
		run("ip xfrm policy add src 10.0.0.0/24 dst 10.0.0.0/24 dir %s action block",
		    out ? "out" : "in");
	ike_across(&w.a, &w.b, false);
	ike_across(&w.b, &w.a, false);
	enter(&w.a);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_false(goes_out(fd));
	assert_int_equal(dplane_bypass(fd, AF_INET), 0);
	assert_true(goes_out(fd));
	close(fd);
	run("ip xfrm policy flush");
}

/*
 * --- what others do --------------------------------------------------------------------------------------
 */

/* What follows from news that come: whether the link is to be looked at, and the child has had its day. */
static void pull(struct side *s, bool *changed, bool *spent)
{
	struct dplane_event event;

	enter(s);
	while (s->dp->ops->event_next(s->dp, &event)) {
		*changed |= event.type == DPLANE_EVENT_LINK_CHANGED;
		*spent |= event.type == DPLANE_EVENT_HARD_EXPIRE && event.child_id == 1;
	}
}

/* A storm of news, more than the socket holds: then all is looked at. */
static void test_lost_words(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct xfrm_plane *plane = xfrm_plane_of(w.a.dp);
	bool changed = false, spent = false;
	int least = 1;
	char what[200];

	child_pair(1, false, true);
	pull(&w.a, &changed, &spent);
	changed = false;
	assert_int_equal(setsockopt(plane->events, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	run("for i in 1 2 3 4 5 6 7 8 9; do ip xfrm policy add src 192.0.2.$i dst 192.0.2.99 dir out; done");
	run("ip xfrm policy flush; ip xfrm state flush");
	pull(&w.a, &changed, &spent);
	assert_true(changed && spent);
	assert_int_equal(w.a.dp->ops->link_repair(w.a.dp, w.a.link, what, sizeof(what)), 0);
	assert_string_equal(what, "robbed of its IPsec policies");
	assert_int_equal(policies(&w.a), 6);
}

#define STRAY "aead 'rfc4106(gcm(aes))' 0x0102030405060708090a0b0c0d0e0f1011121314 128"

/* What has a number of ours and no owner goes, and nothing else. */
static void test_strays_go(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	bool changed = false, spent = false;

	child_pair(1, false, true);
	enter(&w.a);
	run("ip xfrm state add src 10.0.0.1 dst 10.9.9.9 proto esp spi 0x5678 reqid %u mode tunnel " STRAY,
	    XFRM_OURS + 77);
	run("ip xfrm state add src 10.0.0.1 dst 10.9.9.9 proto esp spi 0x1234 reqid 7 mode tunnel " STRAY);
	run("ip xfrm policy add src 192.0.2.1 dst 192.0.2.2 dir out tmpl src 10.0.0.1 dst 10.9.9.9 proto esp "
	    "reqid %u mode tunnel",
	    XFRM_OURS + 77);
	WAIT_FOR((pull(&w.a, &changed, &spent), sas(&w.a) == 3));
	run("ip xfrm state | grep -q 0x00001234");
	run("! ip xfrm policy | grep 192.0.2");
	assert_false(spent);
	assert_int_equal(policies(&w.a), 6);
	running(true);
	udp_across(&w.a, &w.b, 3);
	enter(&w.a);
	run("ip xfrm state delete src 10.0.0.1 dst 10.9.9.9 proto esp spi 0x1234");
}

/* Not gone, but of no use any more. */
static void test_policy_is_replaced(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	bool changed = false, spent = false;
	char what[200];

	child_pair(1, false, true);
	enter(&w.a);
	pull(&w.a, &changed, &spent);
	changed = false;
	run("ip xfrm policy update src 0.0.0.0/0 dst 0.0.0.0/0 dir out if_id %u action allow",
	    link_now(&w.a).if_id);
	pull(&w.a, &changed, &spent);
	assert_true(changed && !spent);
	assert_int_equal(w.a.dp->ops->link_repair(w.a.dp, w.a.link, what, sizeof(what)), 0);
	assert_string_equal(what, "robbed of its IPsec policies");
	running(true);
	udp_across(&w.a, &w.b, 3);
}

/*
 * --- other addresses and ports, under traffic ------------------------------------------------------------
 */

#define STREAM 2000

/* Numbered packets, in a process of its own. */
static pid_t stream(const struct side *from, const struct side *to)
{
	struct sockaddr_in sin = inside_of(to, 7002);
	int fd = udp_on(from, 7001);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		for (uint32_t i = 0; i < STREAM; i++) {
			(void)sendto(fd, &i, sizeof(i), 0, (struct sockaddr *)&sin, sizeof(sin));
			usleep(300);
		}
		_exit(0);
	}
	close(fd);
	return pid;
}

static int stream_receiver(const struct side *s)
{
	int fd = udp_on(s, 7002), room = 1 << 22;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), 0);
	return fd;
}

/* How many have come; none twice. */
static unsigned int streamed(int fd)
{
	static bool seen[STREAM];
	unsigned int n = 0;
	uint32_t i;

	memset(seen, 0, sizeof(seen));
	while (recv(fd, &i, sizeof(i), 0) == sizeof(i)) {
		assert_true(i < STREAM && !seen[i]);
		seen[i] = true;
		n++;
	}
	return n;
}

/* A's idea of where B is changes all the time, as a NAT's does; its packets to B and B's to A do not notice. */
static void moves_under_traffic(const struct endpoint *elsewhere, const struct side *from,
				const struct side *to, unsigned int may_lose)
{
	struct endpoint a = endpoint_of(&w.a.outer), b = endpoint_of(&w.b.outer);
	struct dplane_event event;
	int fd, status;
	pid_t pid;

	child_pair(1, false, true);
	fd = stream_receiver(to);
	pid = stream(from, to);
	enter(&w.a);
	for (int i = 0; waitpid(pid, &status, WNOHANG) == 0; i++) {
		assert_int_equal(w.a.dp->ops->child_move(w.a.dp, 1, &a, i % 2 ? &b : elsewhere), 0);
		while (event_next(&w.a, &event))
			assert_int_equal(event.type, DPLANE_EVENT_PEER_MOVED);
	}
	ike_across(&w.b, &w.a, false); /* all have arrived */
	assert_in_range(streamed(fd), STREAM - may_lose, STREAM);
	close(fd);
	assert_int_equal(w.a.dp->ops->child_del(w.a.dp, 1), 0);
	assert_int_equal(w.b.dp->ops->child_del(w.b.dp, 1), 0);
	assert_int_equal(sas(&w.a), 0);
}

static void test_ports_move_under_traffic(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct endpoint elsewhere = endpoint_of(&w.b.outer);

	elsewhere.port = 4501;
	running(true);
	moves_under_traffic(&elsewhere, &w.b, &w.a, 0);
}

static void test_addresses_move_under_traffic(void **state)
{
	SKIP_IF_NOT_POSSIBLE();
	struct endpoint elsewhere = endpoint_of(&w.b.outer);

	assert_int_equal(str2ipaddr("10.0.0.3", &elsewhere.addr), 0);
	running(true);
	/* those that another processor had in its hands */
	moves_under_traffic(&elsewhere, &w.b, &w.a, STREAM / 50);
}

#define PLANE_TEST(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANE_TEST(test_first_packet_waits),
		PLANE_TEST(test_first_packet_is_a_syn),
		PLANE_TEST(test_waiting_packets_are_few),
		PLANE_TEST(test_trap_has_selectors),
		PLANE_TEST(test_esp_before_its_sa),
		PLANE_TEST(test_no_sockets_without_promise),
		PLANE_TEST(test_policies_do_not_stop_ike),
		PLANE_TEST(test_ports_move_under_traffic),
		PLANE_TEST(test_addresses_move_under_traffic),
		PLANE_TEST(test_lost_words),
		PLANE_TEST(test_strays_go),
		PLANE_TEST(test_policy_is_replaced),
	};

	return world_status(cmocka_run_group_tests(tests, world_setup, world_teardown));
}
