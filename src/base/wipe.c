/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Erasing and comparing secrets.
 */
#include "base/wipe.h"

#include <stdint.h>
#include <string.h>

/* The compiler cannot know what comes out, so it cannot stop when the answer
 * is clear. */
static inline uint64_t
collect(uint64_t diff, uint64_t x, uint64_t y)
{
	diff |= x ^ y;
	__asm__ volatile("" : "+r"(diff));
	return diff;
}

bool
wipe_equal(const void *a, const void *b, size_t len)
{
	const uint8_t *p = a, *q = b;
	uint64_t diff = 0, x, y;

	for (; len >= sizeof x; len -= sizeof x) {
		memcpy(&x, p, sizeof x);
		memcpy(&y, q, sizeof y);
		diff = collect(diff, x, y);
		p += sizeof x;
		q += sizeof y;
	}
	for (size_t i = 0; i < len; i++)
		diff = collect(diff, p[i], q[i]);
	return diff == 0;
}
