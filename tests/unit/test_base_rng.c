/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shapes of randomness on a source that the test controls.
 */
#include "base/rng.h"

#include "hex.h"

struct source {
	uint8_t value;
	size_t given;
};

static void
fill(void *ctx, void *buf, size_t len)
{
	struct source *s = ctx;

	memset(buf, s->value, len);
	s->given += len;
}

static void
bytes_come_from_the_source(void **state)
{
	struct source s = {.value = 0x5a};
	struct rng r = {fill, &s};
	uint8_t buf[8] = {0};

	(void)state;
	rng_bytes(&r, buf, 5);
	assert_memory_equal(buf, "\x5a\x5a\x5a\x5a\x5a\0\0\0", 8);
	assert_int_equal(s.given, 5);
	assert_true(rng_u64(&r) == 0x5a5a5a5a5a5a5a5aULL);
	assert_int_equal(s.given, 13);
}

static void
unit_is_half_open(void **state)
{
	struct source s = {.value = 0};
	struct rng r = {fill, &s};

	(void)state;
	assert_true(rng_unit(&r) == 0.0);
	s.value = 0xff;
	assert_true(rng_unit(&r) < 1.0);
	assert_true(rng_unit(&r) > 0.9999999999999998);
	s.value = 0x80;
	assert_true(rng_unit(&r) > 0.5 && rng_unit(&r) < 0.51);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_come_from_the_source),
	    cmocka_unit_test(unit_is_half_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
