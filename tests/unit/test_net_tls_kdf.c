/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The key schedule that libcrypto is offered: it says what libcrypto's own
 * says, takes nothing half, and steps back where the operator asks for what
 * it is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>

#include "net/tls.h"

#define OURS   "truenoon.kdf=yes"
#define THEIRS "truenoon.kdf!=yes"

enum { MODE, DIGEST, KEY, SALT, PREFIX, LABEL, DATA, PART_CNT };

/* One question.  @without: the parts that are left out, a bit each. */
struct question {
	int mode;
	const char *digest;
	size_t len;
	unsigned without;
};

static uint8_t bytes[256];

static int
ask(const char *properties, const struct question *q, uint8_t *out)
{
	int mode = q->mode;
	size_t md_len = strstr(q->digest, "384") ? 48 : 32;
	OSSL_PARAM all[PART_CNT] = {
	    OSSL_PARAM_int(OSSL_KDF_PARAM_MODE, &mode),
	    OSSL_PARAM_utf8_string(
		OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)q->digest, 0),
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, bytes, md_len),
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, bytes + 50, md_len),
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PREFIX, bytes + 90, 6),
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_LABEL, bytes + 100, 7),
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_DATA, bytes + 120, md_len),
	};
	OSSL_PARAM some[PART_CNT + 1];
	size_t cnt = 0;
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS13-KDF", properties);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	int done;

	assert_non_null(ctx);
	for (size_t i = 0; i < PART_CNT; i++)
		if (!(q->without >> i & 1))
			some[cnt++] = all[i];
	some[cnt] = OSSL_PARAM_construct_end();
	done = EVP_KDF_derive(ctx, out, q->len, some);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return done;
}

/* Whoever makes a context of TLS has it offered while it lasts. */
static struct net_tls_ctx *
offer(void)
{
	struct net_tls_ctx *c = net_tls_client_new(NULL, 0, NULL);

	assert_non_null(c);
	return c;
}

static int
offered(void)
{
	return OSSL_PROVIDER_available(NULL, "truenoon");
}

static int
set_up(void **state)
{
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 11 + 3);
	*state = offer();
	return 0;
}

static int
tear_down(void **state)
{
	net_tls_ctx_free(*state);
	return 0;
}

/* In a process of its own: what it is told holds for all that follows. */
static int
offered_under(const char *properties)
{
	int status = -1;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct net_tls_ctx *c;
		int was;

		if (EVP_set_default_properties(NULL, properties) != 1)
			_exit(2);
		c = net_tls_client_new(NULL, 0, NULL);
		was = c ? offered() : 2;
		net_tls_ctx_free(c);
		_exit(was);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
where_nobody_objects(void **state)
{
	(void)state;
	assert_int_equal(offered(), 0);
	assert_int_equal(offered_under(""), 1);
	assert_int_equal(offered_under("?fips=yes"), 1);
	assert_int_equal(offered_under("provider=default"), 0);
	assert_int_equal(offered(), 0);
}

static void
says_the_same(void **state)
{
	static const struct question questions[] = {
	    {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", 32, 1 << SALT},
	    {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA256", 12,
		1 << SALT | 1 << DATA},
	    {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA-256", 100, 1 << SALT},
	    {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-384", 48, 1 << SALT},
	    {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "sha384", 64, 1 << SALT},
	    {EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-256", 32, 1 << DATA},
	    {EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-384", 48, 1 << DATA},
	    {EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-384", 48,
		1 << DATA | 1 << KEY},
	    {EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-256", 32,
		1 << DATA | 1 << KEY | 1 << SALT},
	};
	uint8_t ours[100], theirs[100];

	(void)state;
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
		assert_int_equal(ask(OURS, &questions[i], ours), 1);
		assert_int_equal(ask(THEIRS, &questions[i], theirs), 1);
		assert_memory_equal(ours, theirs, questions[i].len);
	}
}

static void
nothing_half(void **state)
{
	static const struct question questions[] = {
	    {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", 32, 1 << MODE},
	    {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", 32, 1 << DIGEST},
	    {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", 32, 1 << KEY},
	    {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", 255 * 32 + 1, 0},
	    {EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-256", 31, 0},
	    {EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-256", 33, 0},
	    {EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, "SHA2-256", 32, 0},
	    {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-512", 32, 0},
	    {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "", 32, 0},
	};
	static uint8_t out[255 * 32 + 1];

	(void)state;
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
		assert_int_equal(ask(OURS, &questions[i], out), 0);
	ERR_clear_error();
}

/* As long as there is a context, however many there were. */
static void
with_the_last_context(void **state)
{
	const struct question q = {
	    EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", 32, 0};
	struct net_tls_ctx *some[50];
	uint8_t first[32], then[32];

	(void)state;
	for (int round = 0; round < 3; round++) {
		assert_int_equal(offered(), 0);
		for (size_t i = 0; i < 50; i++)
			some[i] = offer();
		assert_int_equal(ask(OURS, &q, first), 1);
		for (size_t i = 0; i < 49; i++)
			net_tls_ctx_free(some[i]);
		assert_int_equal(offered(), 1);
		assert_int_equal(ask(OURS, &q, then), 1);
		assert_memory_equal(first, then, 32);
		net_tls_ctx_free(some[49]);
	}
	assert_int_equal(offered(), 0);
	assert_int_equal(OSSL_PROVIDER_available(NULL, "default"), 1);
	assert_int_equal(ERR_peek_error(), 0);
}

/* What must be of another kind is not ours, even where ours is preferred. */
static void
steps_back(void **state)
{
	EVP_KDF *kdf =
	    EVP_KDF_fetch(NULL, "TLS13-KDF", "provider=default,?" OURS);

	(void)state;
	assert_non_null(kdf);
	assert_string_equal(
	    OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), "default");
	EVP_KDF_free(kdf);
	kdf = EVP_KDF_fetch(NULL, "TLS13-KDF", "?" OURS);
	assert_non_null(kdf);
	assert_string_equal(
	    OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), "truenoon");
	EVP_KDF_free(kdf);
	assert_null(EVP_KDF_fetch(NULL, "TLS13-KDF", "fips=yes,?" OURS));
	ERR_clear_error();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(where_nobody_objects),
	    cmocka_unit_test_setup_teardown(says_the_same, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(nothing_half, set_up, tear_down),
	    cmocka_unit_test(with_the_last_context),
	    cmocka_unit_test_setup_teardown(steps_back, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
