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

#define PLANE_TEST(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANE_TEST(test_first_packet_waits),
		PLANE_TEST(test_first_packet_is_a_syn),
		PLANE_TEST(test_waiting_packets_are_few),
		PLANE_TEST(test_trap_has_selectors),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
