// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /proc/net/xfrm_stat of the kernels 6.1, 6.12 and 7.2, with numbers put in: every name has its words, what we sum up of it is right, and
 * what is no such file does no harm.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/exact.h"

#include "bgpvpnd/dplane/xfrm/xfrm_stat.h"

/* As the kernel prints them: the name in 24 columns, a tab, the number. */
#define LINE(name, number) name "\t" number "\n"

#define OF_6_1                                                                                               \
	LINE("XfrmInError             ", "1")                                                                \
	LINE("XfrmInBufferError       ", "2")                                                                \
	LINE("XfrmInHdrError          ", "4")                                                                \
	LINE("XfrmInNoStates          ", "8")                                                                \
	LINE("XfrmInStateProtoError   ", "16")                                                               \
	LINE("XfrmInStateModeError    ", "0")                                                                \
	LINE("XfrmInStateSeqError     ", "0")                                                                \
	LINE("XfrmInStateExpired      ", "32")                                                               \
	LINE("XfrmInStateMismatch     ", "0")                                                                \
	LINE("XfrmInStateInvalid      ", "0")                                                                \
	LINE("XfrmInTmplMismatch      ", "64")                                                               \
	LINE("XfrmInNoPols            ", "128")                                                              \
	LINE("XfrmInPolBlock          ", "256")                                                              \
	LINE("XfrmInPolError          ", "0")                                                                \
	LINE("XfrmOutError            ", "0")                                                                \
	LINE("XfrmOutBundleGenError   ", "512")                                                              \
	LINE("XfrmOutBundleCheckError ", "0")                                                                \
	LINE("XfrmOutNoStates         ", "1024")                                                             \
	LINE("XfrmOutStateProtoError  ", "0")                                                                \
	LINE("XfrmOutStateModeError   ", "0")                                                                \
	LINE("XfrmOutStateSeqError    ", "0")                                                                \
	LINE("XfrmOutStateExpired     ", "2048")                                                             \
	LINE("XfrmOutPolBlock         ", "0")                                                                \
	LINE("XfrmOutPolDead          ", "0")                                                                \
	LINE("XfrmOutPolError         ", "0")                                                                \
	LINE("XfrmFwdHdrError         ", "0")                                                                \
	LINE("XfrmOutStateInvalid     ", "0")                                                                \
	LINE("XfrmAcquireError        ", "18446744073709551615")

#define OF_6_12                                                                                              \
	OF_6_1                                                                                               \
	LINE("XfrmOutStateDirError    ", "3")                                                                \
	LINE("XfrmInStateDirError     ", "5")

#define OF_7_2                                                                                               \
	OF_6_12                                                                                              \
	LINE("XfrmInIptfsError        ", "7")                                                                \
	LINE("XfrmOutNoQueueSpace     ", "9")

static struct dplane_kernel_counters parsed(const char *text)
{
	struct dplane_kernel_counters counters = {.n = 99};
	struct bytes copy = exact_copy(bytes_str(text));

	xfrm_stat_parse(copy, &counters);
	exact_free(copy);
	return counters;
}

static void check_kernel(const char *text, unsigned int names)
{
	struct dplane_kernel_counters counters = parsed(text);

	assert_int_equal(counters.n, names);
	for (unsigned int i = 0; i < counters.n; i++)
		if (!dplane_kernel_counter_words(counters.counter[i].name))
			fail_msg("no words for %s", counters.counter[i].name);
	assert_string_equal(counters.counter[3].name, "XfrmInNoStates");
	assert_int_equal(counters.counter[3].value, 8);
	assert_true(counters.counter[27].value == UINT64_MAX);
}

static void test_every_name_of_three_kernels_has_words(void **state)
{
	check_kernel(OF_6_1, 28);
	check_kernel(OF_6_12, 30);
	check_kernel(OF_7_2, 32);
}

static void test_sums(void **state)
{
	struct dplane_kernel_counters counters = parsed(OF_7_2);
	struct xfrm_stat stat = {.no_sa = 99};

	xfrm_stat_sum(&counters, &stat);
	assert_int_equal(stat.no_sa, 8);
	assert_int_equal(stat.malformed, 2 + 4);
	assert_int_equal(stat.selectors, 64 + 128 + 256);
	assert_int_equal(stat.no_child, 512 + 1024);
	assert_int_equal(stat.expired, 32 + 2048);
}

/* It is kept with its number, and nobody invents words. */
static void test_a_name_of_a_later_kernel(void **state)
{
	struct dplane_kernel_counters counters = parsed(LINE("XfrmInFooError          ", "11"));

	assert_int_equal(counters.n, 1);
	assert_string_equal(counters.counter[0].name, "XfrmInFooError");
	assert_int_equal(counters.counter[0].value, 11);
	assert_null(dplane_kernel_counter_words("XfrmInFooError"));
	assert_null(dplane_kernel_counter_words(""));
}

static void test_what_is_no_counter_is_skipped(void **state)
{
	struct dplane_kernel_counters counters = parsed("\n"
							"XfrmInError\n"
							"XfrmInHdrError many\n"
							"XfrmInHdrError -1\n"
							"XfrmInHdrError 1 2\n"
							"ANameThatIsLongerThanEveryNameOfThisKernel 1\n"
							"XfrmInNoPols 12\n"
							"XfrmInPolError 13");

	assert_int_equal(counters.n, 2);
	assert_string_equal(counters.counter[0].name, "XfrmInNoPols");
	assert_string_equal(counters.counter[1].name, "XfrmInPolError");
	assert_int_equal(counters.counter[1].value, 13);
	assert_int_equal(parsed("").n, 0);
}

static void test_more_than_there_is_room_for(void **state)
{
	char text[(DPLANE_KERNEL_COUNTERS + 9) * 16] = "";

	for (int i = 0; i < DPLANE_KERNEL_COUNTERS + 8; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "Xfrm%d %d\n", i, i);
	assert_int_equal(parsed(text).n, DPLANE_KERNEL_COUNTERS);
}

/* This kernel, when it counts: everything that it has can be parsed and is known, or somebody should add its words. */
static void test_this_kernel(void **state)
{
	struct dplane_kernel_counters counters = {};

	if (!dplane_kernel_counters(&counters)) {
		assert_int_equal(access("/proc/net/xfrm_stat", R_OK), -1);
		return;
	}
	assert_true(counters.n >= 28);
	assert_string_equal(counters.counter[0].name, "XfrmInError");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_name_of_three_kernels_has_words),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_a_name_of_a_later_kernel),
		cmocka_unit_test(test_what_is_no_counter_is_skipped),
		cmocka_unit_test(test_more_than_there_is_room_for),
		cmocka_unit_test(test_this_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
