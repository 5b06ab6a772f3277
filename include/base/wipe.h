/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Secrets: erasing them for certain and comparing them in constant time.
 */
#ifndef BASE_WIPE_H
#define BASE_WIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/**
 * wipe_bytes - zero len bytes at p; the compiler may not leave it out, since
 * for all it knows somebody looks at them then.  In line: a request does it
 * several times.
 */
static inline void
wipe_bytes(void *p, size_t len)
{
	memset(p, 0, len);
	__asm__ volatile("" : : "r"(p) : "memory");
}

/**
 * wipe_equal - whether len bytes are the same, in time that does not depend
 * on where they differ.
 */
bool wipe_equal(const void *a, const void *b, size_t len);

#endif
