/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that libcrypto gets again: whole, its own, of the length it asked
 * for; and what is kept of a flood is bounded.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/crypto.h>

#include "net/tls.h"

#define PIECES 600
#define TURNS  200000
#define KEPT   (8U << 20)
#define HEADS  (1U << 20) /* the C library's own */

struct piece {
	uint8_t *at;
	size_t len;
	uint8_t mark;
};

static uint64_t
dice(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 33;
}

/* Small ones mostly, as libcrypto's are; some beyond what is kept. */
static size_t
length(uint64_t *seed)
{
	static const size_t most[] = {64, 200, 1000, 5000, 20000, 40000};

	return 1 + dice(seed) % most[dice(seed) % 6];
}

static void
assert_whole(const struct piece *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p->at[i] != p->mark)
			fail_msg("byte %zu of %zu is another's", i, p->len);
}

/* Each of many holds what was written to it until it is freed, whatever
 * becomes of the others; and grows or shrinks with what it holds. */
static void
nobody_elses(void **state)
{
	static struct piece pieces[PIECES];
	uint64_t seed = 1;

	(void)state;
	for (int turn = 0; turn < TURNS; turn++) {
		struct piece *p = &pieces[dice(&seed) % PIECES];
		size_t len = length(&seed), old = p->len < len ? p->len : len;

		if (p->at && dice(&seed) % 4 > 0) {
			assert_whole(p, p->len);
			OPENSSL_free(p->at);
			*p = (struct piece){0};
			continue;
		}
		p->at = OPENSSL_realloc(p->at, len);
		assert_non_null(p->at);
		assert_int_equal((uintptr_t)p->at % 16, 0);
		assert_whole(p, old);
		p->len = len;
		p->mark = (uint8_t)turn;
		memset(p->at, p->mark, len);
	}
	for (size_t i = 0; i < PIECES; i++)
		OPENSSL_free(pieces[i].at);
}

/* Not so under a sanitizer. */
static bool kept;

/* The very piece that was freed, for the same length. */
static void
given_again(void **state)
{
	(void)state;
	if (!kept) {
		print_message("nothing is kept under a sanitizer\n");
		skip();
	}
	for (size_t len = 16; len <= 32000; len += 1 + len / 7) {
		void *first = OPENSSL_malloc(len), *second;

		OPENSSL_free(first);
		second = OPENSSL_malloc(len);
		assert_ptr_equal(first, second);
		OPENSSL_free(second);
	}
	assert_null(OPENSSL_malloc(0));
	OPENSSL_free(NULL);
}

/* A flood's memory goes back but for what there is room for. */
static void
bounded(void **state)
{
	static void *at[4096];
	size_t before = mallinfo2().uordblks;

	(void)state;
	for (size_t len = 24; len < 32768; len = len * 9 / 8) {
		for (size_t i = 0; i < 4096; i++)
			at[i] = OPENSSL_malloc(len);
		for (size_t i = 0; i < 4096; i++)
			OPENSSL_free(at[i]);
	}
	assert_in_range(mallinfo2().uordblks, 0, before + KEPT + HEADS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nobody_elses),
	    cmocka_unit_test(given_again),
	    cmocka_unit_test(bounded),
	};
	int err = net_tls_keep_freed(); /* before libcrypto is asked */

	if (err == ERR_LIBRARY)
		return 1;
	kept = err == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
