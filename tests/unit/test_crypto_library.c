/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How libcrypto is used: no allocation once the objects are made, and a
 * provider that cannot be called directly, or does not do then what we take it
 * to do, is noticed and worked around.
 */
#include <dlfcn.h>
#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdlib.h>

#include "crypto/aead.h"
#include "crypto/mac.h"
#include "crypto/stream.h"
#include "hex.h"

static unsigned long alloc_cnt;

/* What is wrong with the ciphers of the provider that is asked next. */
static enum wrong {
	NOTHING,
	NO_ALGORITHM,
	NOT_TO_KEEP,
	NO_WAY_TO_RUN,
	NO_CONTEXT,
	REFUSES_KEYS,
	KEEPS_THE_CHAIN,
	SAYS_ONE,
	REFUSES_TEXTS,
	ENCRYPTS_ELSE,
	WRONG_CNT
} wrong;

static OSSL_FUNC_cipher_encrypt_init_fn *real_init;
static OSSL_FUNC_cipher_cipher_fn *real_run;
static unsigned direct_cnt, asked_cnt, returned_cnt;

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

static void *
no_context(void *provider)
{
	(void)provider;
	return NULL;
}

static int
init_wrongly(void *ctx, const unsigned char *key, size_t key_len,
    const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
	unsigned char block[16] = {0};
	size_t len;

	if (wrong == REFUSES_KEYS ||
	    real_init(ctx, key, key_len, iv, iv_len, params) != 1)
		return 0;
	return wrong != KEEPS_THE_CHAIN ||
	    real_run(ctx, block, &len, sizeof block, block, sizeof block) == 1;
}

static int
run_wrongly(void *ctx, unsigned char *out, size_t *put, size_t room,
    const unsigned char *in, size_t len)
{
	int done = real_run(ctx, out, put, room, in, len);

	direct_cnt++;
	if (wrong == ENCRYPTS_ELSE)
		out[len - 1] ^= 1;
	if (wrong == SAYS_ONE)
		*put = 1;
	return wrong == REFUSES_TEXTS ? 0 : done;
}

/* A provider's table but for what is ours. */
static void
spoil(OSSL_DISPATCH *to, const OSSL_DISPATCH *from)
{
	for (; from->function_id != 0; from++) {
		*to = *from;
		if (to->function_id == OSSL_FUNC_CIPHER_ENCRYPT_INIT) {
			real_init = OSSL_FUNC_cipher_encrypt_init(from);
			to->function = (void (*)(void))init_wrongly;
		}
		if (to->function_id == OSSL_FUNC_CIPHER_CIPHER) {
			real_run = OSSL_FUNC_cipher_cipher(from);
			to->function = (void (*)(void))run_wrongly;
		}
		if (to->function_id == OSSL_FUNC_CIPHER_NEWCTX &&
		    wrong == NO_CONTEXT)
			to->function = (void (*)(void))no_context;
		to += wrong != NO_WAY_TO_RUN ||
		    to->function_id != OSSL_FUNC_CIPHER_CIPHER;
	}
	*to = (OSSL_DISPATCH){0, NULL};
}

/* AES by block, all of which shares its functions. */
static bool
is_ours(const char *names)
{
	return strncmp(names, "AES-", 4) == 0 &&
	    (strncmp(names + 7, "-ECB:", 5) == 0 ||
		strncmp(names + 7, "-CBC:", 5) == 0);
}

/* These two stand before libcrypto's own for everything linked statically. */
const OSSL_ALGORITHM *
OSSL_PROVIDER_query_operation(
    const OSSL_PROVIDER *provider, int operation, int *no_cache)
{
	enum { MAX = 8 };
	static OSSL_ALGORITHM to[MAX];
	static OSSL_DISPATCH tables[MAX][40];
	static const OSSL_ALGORITHM *(*real)(const OSSL_PROVIDER *, int, int *);
	const OSSL_ALGORITHM *from;
	size_t cnt = 0;

	if (!real)
		*(void **)&real =
		    dlsym(RTLD_NEXT, "OSSL_PROVIDER_query_operation");
	from = real(provider, operation, no_cache);
	asked_cnt++;
	if (wrong == NO_ALGORITHM)
		return NULL;
	if (wrong == NOT_TO_KEEP)
		*no_cache = 1;
	for (; from->algorithm_names; from++) {
		if (!is_ours(from->algorithm_names))
			continue;
		assert_true(cnt < MAX - 1);
		spoil(tables[cnt], from->implementation);
		to[cnt] = *from;
		to[cnt].implementation = tables[cnt];
		cnt++;
	}
	assert_int_equal(cnt, 6);
	to[cnt] = (OSSL_ALGORITHM){NULL, NULL, NULL, NULL};
	return to;
}

void
OSSL_PROVIDER_unquery_operation(const OSSL_PROVIDER *provider, int operation,
    const OSSL_ALGORITHM *algorithms)
{
	(void)provider;
	assert_int_equal(operation, OSSL_OP_CIPHER);
	assert_true(is_ours(algorithms->algorithm_names));
	returned_cnt++;
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
the_provider_is_called_directly(void **state)
{
	(void)state;
	direct_cnt = asked_cnt = returned_cnt = 0;
	all_is_right();
	assert_true(direct_cnt > 100);
	assert_true(asked_cnt > 0);
	assert_int_equal(returned_cnt, asked_cnt);
}

static void
through_evp_where_it_cannot_be(void **state)
{
	(void)state;
	for (wrong = NO_ALGORITHM; wrong <= NO_CONTEXT; wrong++) {
		direct_cnt = 0;
		all_is_right();
		assert_int_equal(direct_cnt, 0);
	}
	wrong = NOTHING;
}

static void
and_where_it_is_not_right(void **state)
{
	(void)state;
	for (wrong = REFUSES_KEYS; wrong < WRONG_CNT; wrong++)
		all_is_right();
	wrong = NOTHING;
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
	    cmocka_unit_test(the_provider_is_called_directly),
	    cmocka_unit_test(through_evp_where_it_cannot_be),
	    cmocka_unit_test(and_where_it_is_not_right),
	    cmocka_unit_test(the_error_queue_stays_empty),
	};

	if (CRYPTO_set_mem_functions(
		counted_malloc, counted_realloc, counted_free) != 1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
