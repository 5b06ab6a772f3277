/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How libcrypto is used: no allocation once the objects are made, and a
 * libcrypto whose key-only initialisation keeps the chain, or whose short way
 * to encrypt is not what we take it for, is noticed and worked around.
 */
#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "crypto/aead.h"
#include "crypto/mac.h"
#include "crypto/stream.h"
#include "hex.h"

static unsigned long alloc_cnt;
static bool keeps_the_chain;
static enum { AS_IS, SAYS_ONE, ENCRYPTS_ELSE } short_way;

static void *
counted_malloc(size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	alloc_cnt++;
	return malloc(len);
}

static void *
counted_realloc(void *p, size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	alloc_cnt++;
	return realloc(p, len);
}

static void
counted_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* Stands before libcrypto's own for everything linked statically. */
int
EVP_EncryptInit_ex2(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher,
    const unsigned char *key, const unsigned char *iv,
    const OSSL_PARAM params[])
{
	static int (*real)(EVP_CIPHER_CTX *, const EVP_CIPHER *,
	    const unsigned char *, const unsigned char *, const OSSL_PARAM[]);
	unsigned char block[16] = {0};
	int len;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "EVP_EncryptInit_ex2");
	if (real(ctx, cipher, key, iv, params) != 1)
		return 0;
	if (keeps_the_chain && !cipher)
		return EVP_EncryptUpdate(ctx, block, &len, block, 16);
	return 1;
}

int
EVP_Cipher(EVP_CIPHER_CTX *ctx, unsigned char *out, const unsigned char *in,
    unsigned len)
{
	static int (*real)(
	    EVP_CIPHER_CTX *, unsigned char *, const unsigned char *, unsigned);
	int put;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "EVP_Cipher");
	put = real(ctx, out, in, len);
	if (short_way == ENCRYPTS_ELSE)
		out[len - 1] ^= 1;
	return short_way == SAYS_ONE ? 1 : put;
}

/* One request and one answer under this key. */
static void
exchange(struct crypto_aead *a, uint8_t first)
{
	uint8_t key[32] = {first}, nonce[16] = {2}, ad[188] = {3};
	uint8_t plain[104] = {4}, sealed[120], back[104];
	struct crypto_aead_msg m = {nonce, sizeof nonce, ad, sizeof ad};
	uint8_t room[3][96] = {{1}, {2}, {3}};
	struct crypto_aead_boxes boxes = {ad, 8, 64, 3};
	struct crypto_box_out out[3] = {
	    {room[0], plain}, {room[1], plain}, {room[2], plain + 8}};
	uint8_t texts[3][64];
	struct crypto_box_in in[3] = {{room[0], texts[0], 1},
	    {room[1], texts[1], 1}, {room[2], texts[2], 1}};

	assert_int_equal(crypto_aead_set_key(a, key, sizeof key), 0);
	assert_int_equal(crypto_aead_seal(a, &m, NULL, 0, sealed), 0);
	assert_int_equal(crypto_aead_open(a, &m, sealed, 16, NULL), 0);
	assert_int_equal(
	    crypto_aead_seal(a, &m, plain, sizeof plain, sealed), 0);
	assert_int_equal(
	    crypto_aead_open(a, &m, sealed, sizeof sealed, back), 0);
	assert_memory_equal(back, plain, sizeof plain);
	sealed[0] ^= 1;
	assert_int_equal(
	    crypto_aead_open(a, &m, sealed, sizeof sealed, back), ERR_AUTH);
	assert_int_equal(crypto_aead_seal_boxes(a, &boxes, out), 0);
	assert_int_equal(crypto_aead_open_boxes(a, &boxes, in), 0);
	assert_int_equal(in[0].err | in[1].err | in[2].err, 0);
}

static void
aead_does_not_allocate(void **state)
{
	struct crypto_aead *a = crypto_aead_new(CRYPTO_AEAD_SIV_256);
	unsigned long before;

	(void)state;
	assert_non_null(a);
	before = alloc_cnt;
	assert_true(before > 0); /* the counter counts */
	for (unsigned i = 0; i < 100; i++)
		exchange(a, (uint8_t)i);
	assert_int_equal(alloc_cnt, before);
	crypto_aead_free(a);
}

/* libcrypto 3.0 remakes the state of a digest at each use: once, and freed at
 * the next; CMAC never. */
static void
macs_hardly_allocate(void **state)
{
	struct crypto_mac *m = crypto_mac_new();
	struct crypto_mac_key key = {.id = 1};
	uint8_t out[CRYPTO_MAC_MAX];

	(void)state;
	for (unsigned i = 0; i < 10 * CRYPTO_MAC_TYPE_CNT; i++) {
		unsigned long before = alloc_cnt;
		bool aes;

		key.type = (uint8_t)(i % CRYPTO_MAC_TYPE_CNT);
		key.len = key.type == CRYPTO_MAC_AES256 ? 32 : 16;
		aes = key.type == CRYPTO_MAC_AES128 ||
		    key.type == CRYPTO_MAC_AES256;
		assert_int_equal(
		    crypto_mac_compute(m, &key, "noon", 4, out) > 0,
		    key.type != CRYPTO_MAC_NONE);
		assert_true(alloc_cnt - before <= (aes ? 0 : 1));
	}
	crypto_mac_free(m);
}

/* RFC 4493 section 4, examples 1 and 3: nothing, and 40 bytes. */
static void
cmac_is_right(struct crypto_mac *m)
{
	struct crypto_mac_key key = {
	    .id = 1, .type = CRYPTO_MAC_AES128, .len = 16};
	uint8_t text[40], want[16], got[CRYPTO_MAC_MAX];

	hex(key.key, sizeof key.key, "2b7e151628aed2a6abf7158809cf4f3c");
	hex(text, sizeof text,
	    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
	    "30c81c46a35ce411");
	for (int i = 0; i < 3; i++) {
		hex(want, sizeof want, "bb1d6929e95937287fa37d129b756746");
		assert_int_equal(crypto_mac_compute(m, &key, text, 0, got), 16);
		assert_memory_equal(got, want, sizeof want);
		hex(want, sizeof want, "dfa66747de9ae63030ca32611497c827");
		assert_int_equal(
		    crypto_mac_compute(m, &key, text, sizeof text, got), 16);
		assert_memory_equal(got, want, sizeof want);
	}
}

static void
stream_is_right(struct crypto_stream *s)
{
	uint8_t key[CRYPTO_STREAM_KEY_LEN] = {3}, got[48], want[48] = {0};
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t iv[16] = {0};
	int put;

	assert_int_equal(
	    EVP_EncryptInit_ex(ctx, EVP_aes_256_ctr(), NULL, key, iv), 1);
	assert_int_equal(
	    EVP_EncryptUpdate(ctx, want, &put, want, sizeof want), 1);
	EVP_CIPHER_CTX_free(ctx);
	assert_int_equal(crypto_stream_fill(s, key, got, sizeof got), 0);
	assert_memory_equal(got, want, sizeof want);
}

static void
all_is_right(void)
{
	struct crypto_aead *a = crypto_aead_new(CRYPTO_AEAD_SIV_256);
	struct crypto_mac *m = crypto_mac_new();
	struct crypto_stream *s = crypto_stream_new();

	assert_non_null(a);
	assert_non_null(m);
	assert_non_null(s);
	exchange(a, 1);
	assert_int_equal(crypto_aead_selftest(), 0);
	cmac_is_right(m);
	stream_is_right(s);
	crypto_stream_free(s);
	crypto_aead_free(a);
	crypto_mac_free(m);
}

static void
a_kept_chain_is_worked_around(void **state)
{
	(void)state;
	all_is_right();
	keeps_the_chain = true;
	all_is_right();
	keeps_the_chain = false;
}

static void
so_is_another_short_way(void **state)
{
	(void)state;
	for (short_way = SAYS_ONE; short_way <= ENCRYPTS_ELSE; short_way++)
		all_is_right();
	short_way = AS_IS;
}

/* What is absent or does not verify leaves nothing behind that TLS code of
 * the same thread would take for its own failure. */
static void
the_error_queue_stays_empty(void **state)
{
	struct crypto_aead *a = crypto_aead_new(CRYPTO_AEAD_SIV_256);

	(void)state;
	ERR_clear_error();
	for (unsigned id = 0; id < 40; id++)
		(void)crypto_aead_offered(id);
	exchange(a, 1);
	crypto_mac_free(crypto_mac_new());
	assert_int_equal(ERR_peek_error(), 0);
	crypto_aead_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(aead_does_not_allocate),
	    cmocka_unit_test(macs_hardly_allocate),
	    cmocka_unit_test(a_kept_chain_is_worked_around),
	    cmocka_unit_test(so_is_another_short_way),
	    cmocka_unit_test(the_error_queue_stays_empty),
	};

	if (CRYPTO_set_mem_functions(
		counted_malloc, counted_realloc, counted_free) != 1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
