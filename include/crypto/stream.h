/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What makes many random bytes of one key: the key stream of AES-256 in
 * counter mode, from counter zero.  Whoever uses it draws the key, takes the
 * next one from what comes out and forgets this one; nothing of a key stays
 * here between two calls.
 */
#ifndef CRYPTO_STREAM_H
#define CRYPTO_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CRYPTO_STREAM_KEY_LEN 32

struct crypto_stream;

/**
 * crypto_stream_new - a context, proved on a known answer.
 * Return: owned; NULL when libcrypto fails or computes wrongly.
 */
struct crypto_stream *crypto_stream_new(void);

/**
 * crypto_stream_free - wipe and free; NULL is fine.
 */
void crypto_stream_free(struct crypto_stream *s);

/**
 * crypto_stream_fill - the first len bytes under a key.
 * @out: may not overlap key.
 * @len: a multiple of 16.
 * Return: 0; ERR_BAD for another length; ERR_LIBRARY.  out is zeroed on
 * failure.
 */
int crypto_stream_fill(struct crypto_stream *s,
    const uint8_t key[CRYPTO_STREAM_KEY_LEN], uint8_t *out,
    size_t len) MUST_CHECK;

#endif
