/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Randomness from the kernel, each time anew: nothing is kept in this
 * process that a fork or a snapshot could double.
 */
#ifndef OS_RANDOM_H
#define OS_RANDOM_H

#include "base/err.h"
#include "base/rng.h"

/**
 * os_random_init - back r by getrandom(2).  Once this has succeeded a later
 * failure ends the process rather than return something predictable.
 * Return: 0, or ERR_SYSTEM where there is no such call: refuse to start.
 */
int os_random_init(struct rng *r) MUST_CHECK;

/**
 * os_random_bytes - len bytes straight from the kernel, or the process ends.
 */
void os_random_bytes(void *buf, size_t len);

#endif
