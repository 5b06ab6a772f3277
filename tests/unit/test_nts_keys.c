/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts by AEAD id, and keys that fit their algorithm.
 */
#include "nts/keys.h"
#include "nts_rig.h"

static void
contexts_exist_for_what_is_offered(void **state)
{
	struct nts_aeads set;

	(void)state;
	assert_int_equal(nts_aeads_init(&set), 0);
	for (unsigned id = 0; id < 70; id++) {
		struct crypto_aead *a = nts_aeads_get(&set, id);

		assert_int_equal(a != NULL, crypto_aead_offered(id));
		if (a)
			assert_int_equal(crypto_aead_id(a), id);
	}
	assert_non_null(nts_aeads_get(&set, 15));
	nts_aeads_fini(&set);
	assert_null(nts_aeads_get(&set, 15));
	nts_aeads_fini(&set);
}

static void
key_length_belongs_to_algorithm(void **state)
{
	static const struct {
		uint16_t aead;
		uint8_t len;
		bool ok;
	} rows[] = {
	    {15, 32, true},
	    {16, 48, true},
	    {17, 64, true},
	    {30, 16, true},
	    {31, 32, true},
	    {15, 16, false},
	    {30, 32, false},
	    {0, 0, false},
	    {15, 0, false},
	    {14, 32, false},
	    {65535, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nts_keys k = {
		    .aead = rows[i].aead, .key_len = rows[i].len};

		assert_int_equal(nts_keys_valid(&k), rows[i].ok);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(contexts_exist_for_what_is_offered),
	    cmocka_unit_test(key_length_belongs_to_algorithm),
	};

	return cmocka_run_group_tests_name("nts/keys", tests, NULL, NULL);
}
