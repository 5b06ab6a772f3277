/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SipHash-2-4 (Aumasson, Bernstein 2012): the keyed hash of every table that
 * a stranger can fill, so that its slots cannot be aimed at.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_LEN 16

/**
 * siphash_24 - the 64-bit hash of len bytes under a 16-byte secret key.
 */
uint64_t siphash_24(
    const uint8_t key[SIPHASH_KEY_LEN], const void *data, size_t len);

#endif
