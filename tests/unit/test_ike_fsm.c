// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows: which payloads a message must and may have, and that no row hides behind another. */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"

#include "bgpvpnd/ike/ike_engine.h"

static struct ike_payloads payloads(const uint8_t *types)
{
	struct ike_payloads list = {};

	for (; *types; types++)
		list.list[list.n++].type = *types;
	return list;
}

#define CHECK(need, may, ...)                                                                                \
	({                                                                                                   \
		struct ike_payloads list = payloads((const uint8_t[]){__VA_ARGS__, 0});                      \
		ike_payloads_check(&list, need, may);                                                        \
	})

static void test_payloads_check(void **state)
{
	uint64_t need = IKE_SET(SA) | IKE_SET(NONCE);
	uint64_t may = IKE_SET(NOTIFY);

	assert_int_equal(CHECK(need, may, IKE_PAYLOAD_SA, IKE_PAYLOAD_NONCE), IKE_R_OK);
	assert_int_equal(
		CHECK(need, may, IKE_PAYLOAD_NONCE, IKE_PAYLOAD_NOTIFY, IKE_PAYLOAD_SA, IKE_PAYLOAD_NOTIFY),
		IKE_R_OK);
	assert_int_equal(CHECK(need, may, IKE_PAYLOAD_SA), IKE_R_PAYLOAD_MISSING);
	assert_int_equal(CHECK(need, may, IKE_PAYLOAD_SA, IKE_PAYLOAD_NONCE, IKE_PAYLOAD_AUTH),
			 IKE_R_PAYLOAD_UNEXPECTED);
	assert_int_equal(CHECK(need, may, IKE_PAYLOAD_SA, IKE_PAYLOAD_NONCE, IKE_PAYLOAD_SA),
			 IKE_R_PAYLOAD_UNEXPECTED);
	/* Types that we do not know are skipped, RFC 7296 2.5. */
	assert_int_equal(CHECK(need, may, IKE_PAYLOAD_SA, 200, IKE_PAYLOAD_NONCE, 200), IKE_R_OK);
}

static bool same_key(const struct ike_row *a, const struct ike_row *b)
{
	return a->in == b->in && a->exchange == b->exchange && a->response == b->response;
}

static void check_table(const struct ike_row *table)
{
	for (const struct ike_row *row = table; row->handle; row++) {
		assert_non_null(row->name);
		assert_int_equal(row->need & row->may, 0);
		assert_int_equal(row->sealed, row->exchange != IKE_EXCHANGE_SA_INIT);
		for (const struct ike_row *later = row + 1; later->handle; later++) {
			if (!same_key(row, later))
				continue;
			/* Rows of one key stand together, and a later one asks for what an earlier one does not have. */
			assert_true(same_key(later - 1, later));
			assert_int_not_equal(row->need & ~(later->need | later->may), 0);
		}
	}
}

static void test_rows(void **state)
{
	check_table(ike_init_rows);
	check_table(ike_auth_rows);
	check_table(ike_informational_rows);
	check_table(ike_create_child_rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_payloads_check),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
