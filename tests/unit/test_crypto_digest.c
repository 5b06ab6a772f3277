/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Digests against the vectors of RFC 1321 and FIPS 180.
 */
#include "crypto/digest.h"

#include "hex.h"

static void
md5_vectors(void **state)
{
	uint8_t want[16], got[16];

	(void)state;
	hex(want, sizeof want, "d41d8cd98f00b204e9800998ecf8427e");
	assert_int_equal(crypto_digest_md5("", 0, got), 0);
	assert_memory_equal(got, want, 16);
	hex(want, sizeof want, "f96b697d7cb7938d525a2f31aaf161d0");
	assert_int_equal(crypto_digest_md5("message digest", 14, got), 0);
	assert_memory_equal(got, want, 16);
}

static void
sha256_vector(void **state)
{
	uint8_t want[32], got[32];

	(void)state;
	hex(want, sizeof want,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(crypto_digest_sha256("abc", 3, got), 0);
	assert_memory_equal(got, want, 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(md5_vectors),
	    cmocka_unit_test(sha256_vector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
