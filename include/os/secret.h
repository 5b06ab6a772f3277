/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for secrets: locked against swapping, left out of core dumps,
 * empty in a forked child, wiped when given back.
 */
#ifndef OS_SECRET_H
#define OS_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/**
 * os_secret_alloc - len zeroed bytes.
 * @locked: whether the lock was granted (RLIMIT_MEMLOCK); may be NULL.
 * Return: the memory, to be given to os_secret_free, or NULL.
 */
void *os_secret_alloc(size_t len, bool *locked) MUST_CHECK;

/**
 * os_secret_free - wipe and give back; NULL is fine.
 */
void os_secret_free(void *p, size_t len);

#endif
