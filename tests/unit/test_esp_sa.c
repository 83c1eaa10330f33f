// SPDX-License-Identifier: GPL-2.0-or-later
/* A pair of ESP SAs: what is refused, how IVs are made, and that nothing stays behind. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/esp_ends.h"
#include "tests/helpers/mem_live.h"

static int setup(void **state)
{
	return crypto_init();
}

static int teardown(void **state)
{
	crypto_fini();
	return 0;
}

static void test_every_suite(void **state)
{
	size_t before = mem_live();

	for (size_t i = 0; i < ESP_SUITES; i++) {
		struct child_sa_params params = esp_end_params(&esp_suites[i], 0x1000, 0x2000);
		struct esp_pair pair;

		assert_int_equal(esp_pair_init(&pair, &params, 64), 0);
		assert_int_equal(pair.in.spi, 0x1000);
		assert_int_equal(pair.out.spi, 0x2000);
		assert_int_equal(pair.in.replay.window, 64);
		assert_int_equal(pair.out.counter_iv, esp_suites[i].integ == IKE_INTEG_NONE);
		assert_true(pair.selectors.any_v4 && pair.selectors.any_v6);
		assert_true(ESP_HEADER_LEN + pair.out.lens.iv <= ESP_HEADROOM);
		assert_true(pair.out.lens.block - 1 + 2 + pair.out.lens.icv <= ESP_TAILROOM);
		esp_pair_fini(&pair);
		child_sa_params_fini(&params);
	}
	assert_int_equal(mem_live(), before);
}

static int init_result(struct child_sa_params *params)
{
	struct esp_pair pair;
	int err = esp_pair_init(&pair, params, 64);

	if (!err)
		esp_pair_fini(&pair);
	child_sa_params_fini(params);
	return err;
}

static void test_refuses_what_it_cannot_do(void **state)
{
	struct child_sa_params params;

	params = esp_end_params(&esp_suites[0], 1000, 2000);
	params.encr = 9999;
	assert_int_equal(init_result(&params), -EOPNOTSUPP);

	params = esp_end_params(&esp_suites[0], 1000, 2000);
	params.integ = IKE_INTEG_HMAC_SHA2_256_128; /* with an AEAD */
	assert_int_equal(init_result(&params), -EOPNOTSUPP);

	params = esp_end_params(&esp_suites[4], 1000, 2000);
	params.integ = IKE_INTEG_NONE; /* encryption without integrity */
	assert_int_equal(init_result(&params), -EOPNOTSUPP);

	params = esp_end_params(&esp_suites[4], 1000, 2000);
	params.integ = 9999;
	assert_int_equal(init_result(&params), -EOPNOTSUPP);
}

static void test_refuses_keys_of_wrong_length(void **state)
{
	struct child_sa_params params;

	params = esp_end_params(&esp_suites[0], 1000, 2000);
	secret_alloc(&params.in.encr_key, 16); /* no salt */
	assert_int_equal(init_result(&params), -EINVAL);

	params = esp_end_params(&esp_suites[0], 1000, 2000);
	secret_alloc(&params.out.encr_key, 21);
	assert_int_equal(init_result(&params), -EINVAL);

	params = esp_end_params(&esp_suites[0], 1000, 2000);
	secret_alloc(&params.out.integ_key, 1); /* an AEAD has none */
	assert_int_equal(init_result(&params), -EINVAL);

	params = esp_end_params(&esp_suites[4], 1000, 2000);
	secret_fini(&params.in.integ_key);
	assert_int_equal(init_result(&params), -EINVAL);
}

static void test_counter_iv(void **state)
{
	static const uint8_t want[8] = {0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78};
	struct child_sa_params params = esp_end_params(&esp_suites[1], 1000, 2000);
	struct esp_pair pair;
	uint8_t iv[8];

	assert_int_equal(esp_pair_init(&pair, &params, 64), 0);
	pair.out.seq = 0x12345678;
	esp_out_iv(&pair.out, iv);
	assert_memory_equal(iv, want, sizeof(iv));
	esp_pair_fini(&pair);
	child_sa_params_fini(&params);
}

/* Random IVs: over several fills of the pool none comes twice, and two SAs have different ones. */
static void test_cbc_ivs_differ(void **state)
{
	struct child_sa_params params = esp_end_params(&esp_suites[4], 1000, 2000);
	struct esp_pair pair[2];
	uint8_t iv[200][16];

	assert_int_equal(esp_pair_init(&pair[0], &params, 64), 0);
	assert_int_equal(esp_pair_init(&pair[1], &params, 64), 0);
	for (size_t i = 0; i < array_size(iv); i++) {
		esp_out_iv(&pair[i % 2].out, iv[i]);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(iv[i], iv[j], sizeof(iv[i]));
	}
	esp_pair_fini(&pair[0]);
	esp_pair_fini(&pair[1]);
	child_sa_params_fini(&params);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_suite),
		cmocka_unit_test(test_refuses_what_it_cannot_do),
		cmocka_unit_test(test_refuses_keys_of_wrong_length),
		cmocka_unit_test(test_counter_iv),
		cmocka_unit_test(test_cbc_ivs_differ),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
