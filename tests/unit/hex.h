/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hexadecimal text to bytes, for test vectors: digits in any case, white
 * space ignored.  What does not parse or fit fails the test.
 */
#ifndef TESTS_UNIT_HEX_H
#define TESTS_UNIT_HEX_H

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Return how many bytes were written to out. */
static inline size_t
hex(uint8_t *out, size_t max, const char *text)
{
	static const char digits[] = "0123456789abcdef";
	size_t nibbles = 0;

	for (; *text != '\0'; text++) {
		const char *at;

		if (isspace((unsigned char)*text))
			continue;
		at = strchr(digits, tolower((unsigned char)*text));
		assert_non_null(at);
		assert_true(nibbles / 2 < max);
		if (nibbles % 2 == 0)
			out[nibbles / 2] = (uint8_t)((at - digits) << 4);
		else
			out[nibbles / 2] |= (uint8_t)(at - digits);
		nibbles++;
	}
	assert_int_equal(nibbles % 2, 0);
	return nibbles / 2;
}

#endif
