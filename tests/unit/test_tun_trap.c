// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets that wait for a Child SA: their order, how many, how long, and which are none to wait for. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/mem_live.h"

#include "bgpvpnd/dplane/tun/tun_trap.h"

static struct tun_trap trap;

static int setup(void **state)
{
	tun_trap_init(&trap);
	return 0;
}

static int teardown(void **state)
{
	tun_trap_fini(&trap);
	return mem_live() == 0 ? 0 : -1;
}

/* How many were lost by it. */
static uint64_t keep(uint32_t number, int64_t now_us)
{
	held_keep(&trap.held, 0, bytes_make(&number, sizeof(number)), (struct instant){now_us});
	return tun_trap_lost(&trap);
}

/* The number of the next; UINT32_MAX: there is none. */
static uint32_t take(int64_t now_us)
{
	struct held_packet *kept = held_take(&trap.held, 0, (struct instant){now_us});
	uint32_t number = UINT32_MAX;

	if (kept) {
		assert_int_equal(kept->len, sizeof(number));
		memcpy(&number, kept->bytes, sizeof(number));
		held_packet_free(kept);
	}
	return number;
}

/* The first packet is the one that is not lost, however many come behind it. */
static void in_order(void **state)
{
	for (uint32_t i = 0; i < LIMIT_TRAP_PACKETS; i++)
		assert_int_equal(keep(i, i), 0);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(keep(LIMIT_TRAP_PACKETS + i, 100), 1);
	for (uint32_t i = 0; i < LIMIT_TRAP_PACKETS; i++)
		assert_int_equal(take(200), i);
	assert_int_equal(take(200), UINT32_MAX);
	assert_int_equal(tun_trap_lost(&trap), 0);
}

static void not_too_much(void **state)
{
	static const uint8_t large[LIMIT_TRAP_BYTES / 2 + 1];

	held_keep(&trap.held, 0, bytes_make(large, sizeof(large)), (struct instant){0});
	held_keep(&trap.held, 0, bytes_make(large, sizeof(large)), (struct instant){0});
	assert_int_equal(tun_trap_lost(&trap), 1);
}

static void not_for_ever(void **state)
{
	const int64_t most = LIMIT_TRAP_MS * USEC_PER_MS;

	keep(1, 0);
	keep(2, 10);
	keep(3, 11);
	assert_int_equal(take(most + 10), 2);
	assert_int_equal(tun_trap_lost(&trap), 1);
	assert_int_equal(take(most + 12), UINT32_MAX);
	assert_int_equal(tun_trap_lost(&trap), 1);
	keep(4, 0);
	held_clear(&trap.held);
	assert_int_equal(tun_trap_lost(&trap), 1);
	keep(5, 0); /* left behind: teardown counts */
}

static void asks_once_a_second(void **state)
{
	assert_true(tun_trap_asks(&trap, (struct instant){USEC_PER_S}));
	assert_false(tun_trap_asks(&trap, (struct instant){USEC_PER_S}));
	assert_false(tun_trap_asks(&trap, (struct instant){2 * USEC_PER_S - 1}));
	assert_true(tun_trap_asks(&trap, (struct instant){2 * USEC_PER_S}));
}

static bool ignores(uint8_t version, uint8_t proto, const char *dst)
{
	uint8_t addr[16];
	struct inner_ip ip = {.version = version, .proto = proto};

	assert_int_equal(inet_pton(version == 4 ? AF_INET : AF_INET6, dst, addr), 1);
	ip.dst = bytes_make(addr, version == 4 ? 4 : 16);
	return tun_trap_ignores(&ip);
}

static void chatter(void **state)
{
	assert_true(ignores(6, IPPROTO_ICMPV6, "ff02::2"));
	assert_true(ignores(6, IPPROTO_ICMPV6, "ff02::16"));
	assert_true(ignores(6, IPPROTO_ICMPV6, "ff02::1:ff00:1"));
	assert_true(ignores(4, IPPROTO_IGMP, "224.0.0.22"));
	/* somebody's ping, somebody's OSPF */
	assert_false(ignores(6, IPPROTO_ICMPV6, "2001:db8::1"));
	assert_false(ignores(6, 89, "ff02::5"));
	assert_false(ignores(4, 89, "224.0.0.5"));
	assert_false(ignores(4, IPPROTO_ICMP, "10.1.2.3"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_order),		  TEST(not_too_much), TEST(not_for_ever),
		TEST(asks_once_a_second), TEST(chatter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
