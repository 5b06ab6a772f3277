/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SipHash-2-4 against the paper's appendix A, the authors' table and another
 * implementation.
 */
#include "base/siphash.h"

#include "hex.h"

static void
vectors(void **state)
{
	static const struct {
		size_t len;
		uint64_t hash;
	} want[] = {
	    /* appendix A of the paper */
	    {15, 0xa129ca6149be45e5ULL},
	    {0, 0x726fdb47dd0e0e31ULL},
	    {1, 0x74f839c593dc67fdULL},
	    {2, 0x0d6c8009d9a94f5aULL},
	    {3, 0x85676696d7fb7e2dULL},
	    {4, 0xcf2794e0277187b7ULL},
	    {5, 0x18765564cd99a68dULL},
	    {6, 0xcbc9466e58fee3ceULL},
	    {7, 0xab0200f58b01d137ULL},
	    {8, 0x93f5f5799a932462ULL},
	    {9, 0x9e0082df0ba9e4b0ULL},
	    {16, 0x3f2acc7f57c29bdbULL},
	    {17, 0x699ae9f52cbe4794ULL},
	    {63, 0x958a324ceb064572ULL},
	    {255, 0xa9c169fec74db21aULL},
	    {256, 0x999d0526d2a7bfd7ULL},
	    {1000, 0xdb9b3ed69e31c9a6ULL},
	};
	uint8_t key[SIPHASH_KEY_LEN], data[1000];

	(void)state;
	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
		assert_true(siphash_24(key, data, want[i].len) == want[i].hash);
}

static void
every_key_bit_matters(void **state)
{
	uint8_t key[SIPHASH_KEY_LEN] = {0};
	uint64_t base = siphash_24(key, "noon", 4);

	(void)state;
	for (unsigned bit = 0; bit < 128; bit++) {
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(siphash_24(key, "noon", 4) != base);
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(vectors),
	    cmocka_unit_test(every_key_bit_matters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
