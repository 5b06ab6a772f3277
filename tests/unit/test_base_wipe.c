/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Secrets: erased, and compared in time that the place of the difference
 * does not change.
 */
#include "base/wipe.h"

#include <stdlib.h>
#include <time.h>

#include "hex.h"

static void
wiped(void **state)
{
	uint8_t buf[40];

	(void)state;
	memset(buf, 0xaa, sizeof buf);
	wipe_bytes(buf + 1, sizeof buf - 2);
	assert_int_equal(buf[0], 0xaa);
	assert_int_equal(buf[39], 0xaa);
	for (size_t i = 1; i < 39; i++)
		assert_int_equal(buf[i], 0);
	wipe_bytes(buf, 0);
	assert_int_equal(buf[0], 0xaa);
}

static void
equal_or_not(void **state)
{
	uint8_t a[64], b[64];

	(void)state;
	memset(a, 0x3c, sizeof a);
	memcpy(b, a, sizeof b);
	assert_true(wipe_equal(a, b, sizeof a));
	assert_true(wipe_equal(a, "x", 0));
	for (unsigned bit = 0; bit < 8 * sizeof b; bit++) {
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(wipe_equal(a, b, sizeof a));
		assert_true(wipe_equal(a, b, bit / 8));
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* Best of many short runs of a comparison that differs at one place. */
static int64_t
best_ns(const uint8_t *a, uint8_t *b, size_t len, size_t differ)
{
	int64_t best = INT64_MAX;

	b[differ] ^= 1;
	for (int run = 0; run < 200; run++) {
		struct timespec t0, t1;
		bool same = false;
		int64_t ns;

		clock_gettime(CLOCK_MONOTONIC, &t0);
		for (int i = 0; i < 4; i++)
			same |= wipe_equal(a, b, len);
		clock_gettime(CLOCK_MONOTONIC, &t1);
		assert_false(same);
		ns = (t1.tv_sec - t0.tv_sec) * 1000000000 +
		    (t1.tv_nsec - t0.tv_nsec);
		best = ns < best ? ns : best;
	}
	b[differ] ^= 1;
	return best;
}

/* B10: over 4096 bytes an early exit would be a thousand times faster. */
static void
b10_constant_time(void **state)
{
	static uint8_t a[4096], b[4096];
	int64_t first = best_ns(a, b, sizeof a, 0);
	int64_t last = best_ns(a, b, sizeof a, sizeof a - 1);

	(void)state;
	assert_true(first * 2 > last);
	assert_true(last * 2 > first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(wiped),
	    cmocka_unit_test(equal_or_not),
	    cmocka_unit_test(b10_constant_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
