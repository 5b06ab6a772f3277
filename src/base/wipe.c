/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Erasing and comparing secrets.
 */
#include "base/wipe.h"

#include <stdint.h>
#include <string.h>

void
wipe_bytes(void *p, size_t len)
{
	explicit_bzero(p, len);
}

bool
wipe_equal(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t diff = 0;

	for (size_t i = 0; i < len; i++)
		diff |= x[i] ^ y[i];
	return diff == 0;
}
