/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HKDF (RFC 5869) with the labels of TLS 1.3 (RFC 8446 section 7.1): what its
 * key schedule, and with it the export of NTS keys, consists of.
 */
#ifndef CRYPTO_HKDF_H
#define CRYPTO_HKDF_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CRYPTO_HKDF_LEN_MAX   48  /* bytes of a secret: SHA-384 */
#define CRYPTO_HKDF_LABEL_MAX 255 /* bytes of prefix and label; of a context */

/* Bytes, borrowed.  @data: NULL where len is 0. */
struct crypto_hkdf_span {
	const uint8_t *data;
	size_t len;
};

/* What HKDF-Expand-Label is asked.  @prefix: "tls13 ". */
struct crypto_hkdf_label {
	struct crypto_hkdf_span secret;
	struct crypto_hkdf_span prefix;
	struct crypto_hkdf_span label;
	struct crypto_hkdf_span context;
};

struct crypto_hkdf;

/**
 * crypto_hkdf_new - for one digest; used by one thread at a time.
 * @digest: SHA2-256 or SHA2-384.
 * Return: owned, NULL for another digest or where libcrypto has it not.
 */
struct crypto_hkdf *crypto_hkdf_new(const char *digest);

/**
 * crypto_hkdf_free - NULL is fine.
 */
void crypto_hkdf_free(struct crypto_hkdf *h);

/**
 * crypto_hkdf_len - bytes of a secret.
 */
size_t crypto_hkdf_len(const struct crypto_hkdf *h);

/**
 * crypto_hkdf_extract - HKDF-Extract.
 * @salt: not longer than a secret.
 * @out:  a secret; zeroed on failure.
 * Return: 0, ERR_BAD or ERR_LIBRARY.
 */
int crypto_hkdf_extract(struct crypto_hkdf *h, struct crypto_hkdf_span salt,
    struct crypto_hkdf_span material, uint8_t *out) MUST_CHECK;

/**
 * crypto_hkdf_expand_label - HKDF-Expand-Label.
 * @out: len bytes, up to 255 secrets; zeroed on failure.
 * Return: 0; ERR_BAD for what does not fit its field, or a secret that is
 * longer than one of this digest; ERR_LIBRARY.
 */
int crypto_hkdf_expand_label(struct crypto_hkdf *h,
    const struct crypto_hkdf_label *l, uint8_t *out, size_t len) MUST_CHECK;

/**
 * crypto_hkdf_empty - the digest of no bytes: of the messages so far, where
 * the schedule goes from one secret to the next.
 */
struct crypto_hkdf_span crypto_hkdf_empty(const struct crypto_hkdf *h);

#endif
