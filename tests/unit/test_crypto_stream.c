/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The key stream against libcrypto's own counter mode, and what is refused.
 */
#include "crypto/stream.h"

#include <openssl/evp.h>

#include "hex.h"

static void
reference(const uint8_t *key, uint8_t *out, size_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t iv[16] = {0};
	int put = 0;

	memset(out, 0, len);
	assert_int_equal(
	    EVP_EncryptInit_ex(ctx, EVP_aes_256_ctr(), NULL, key, iv), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, out, &put, out, (int)len), 1);
	assert_int_equal(put, len);
	EVP_CIPHER_CTX_free(ctx);
}

static void
as_the_counter_mode(void **state)
{
	struct crypto_stream *s = crypto_stream_new();
	static uint8_t want[8192], got[8192 + 1];
	uint8_t key[CRYPTO_STREAM_KEY_LEN] = {7};

	(void)state;
	assert_non_null(s);
	for (size_t len = 0; len <= sizeof want; len += 16 * (1 + len / 64)) {
		key[31]++;
		got[len] = 0xee;
		reference(key, want, len);
		assert_int_equal(crypto_stream_fill(s, key, got, len), 0);
		assert_memory_equal(got, want, len);
		assert_int_equal(got[len], 0xee);
	}
	crypto_stream_free(s);
	crypto_stream_free(NULL);
}

static void
each_bit_of_the_key_counts(void **state)
{
	struct crypto_stream *s = crypto_stream_new();
	uint8_t key[CRYPTO_STREAM_KEY_LEN] = {0}, first[32], other[32];

	(void)state;
	assert_int_equal(crypto_stream_fill(s, key, first, sizeof first), 0);
	for (size_t bit = 0; bit < 8 * sizeof key; bit++) {
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(
		    crypto_stream_fill(s, key, other, sizeof other), 0);
		assert_memory_not_equal(first, other, 16);
		assert_memory_not_equal(first + 16, other + 16, 16);
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	crypto_stream_free(s);
}

static void
parts_of_blocks_are_refused(void **state)
{
	struct crypto_stream *s = crypto_stream_new();
	uint8_t key[CRYPTO_STREAM_KEY_LEN] = {1}, out[32];

	(void)state;
	for (size_t len = 1; len < sizeof out; len++) {
		memset(out, 0xee, sizeof out);
		assert_int_equal(crypto_stream_fill(s, key, out, len),
		    len % 16 == 0 ? 0 : ERR_BAD);
		for (size_t i = 0; len % 16 != 0 && i < len; i++)
			assert_int_equal(out[i], 0);
		assert_int_equal(out[len], 0xee);
	}
	crypto_stream_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(as_the_counter_mode),
	    cmocka_unit_test(each_bit_of_the_key_counts),
	    cmocka_unit_test(parts_of_blocks_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
