/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain digests for cold paths: MD5 where RFC 5905 section 7.3 wants it for
 * the reference id of an IPv6 source, and never for security.
 */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CRYPTO_DIGEST_MD5_LEN    16
#define CRYPTO_DIGEST_SHA256_LEN 32

/**
 * crypto_digest_md5 - MD5 of len bytes.
 * Return: 0; ERR_ABSENT where libcrypto's policy forbids it, out is zeroed.
 */
int crypto_digest_md5(const void *data, size_t len,
    uint8_t out[CRYPTO_DIGEST_MD5_LEN]) MUST_CHECK;

/**
 * crypto_digest_sha256 - SHA-256 of len bytes.
 * Return: 0 or ERR_ABSENT, out is zeroed.
 */
int crypto_digest_sha256(const void *data, size_t len,
    uint8_t out[CRYPTO_DIGEST_SHA256_LEN]) MUST_CHECK;

#endif
