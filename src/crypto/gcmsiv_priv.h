/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES-GCM-SIV (RFC 8452) through libcrypto, which has it since 3.2 and does
 * it right on empty plaintexts since 3.5.  Whoever makes one proves it.
 */
#ifndef CRYPTO_GCMSIV_PRIV_H
#define CRYPTO_GCMSIV_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "crypto/aead.h"

struct crypto_gcmsiv;

/**
 * crypto_gcmsiv_new - contexts for keys of key_len bytes: 16 or 32.
 * Return: owned; NULL when libcrypto does not have it.
 */
struct crypto_gcmsiv *crypto_gcmsiv_new(size_t key_len);

/**
 * crypto_gcmsiv_free - wipe and free; NULL is fine.
 */
void crypto_gcmsiv_free(struct crypto_gcmsiv *g);

/**
 * crypto_gcmsiv_set_key - use this key of key_len bytes from now on.
 */
void crypto_gcmsiv_set_key(struct crypto_gcmsiv *g, const uint8_t *key);

/**
 * crypto_gcmsiv_forget_key - wipe the key.
 */
void crypto_gcmsiv_forget_key(struct crypto_gcmsiv *g);

/**
 * crypto_gcmsiv_seal, crypto_gcmsiv_open - as crypto_aead_seal and _open.
 */
int crypto_gcmsiv_seal(struct crypto_gcmsiv *g, const struct crypto_aead_msg *m,
    const uint8_t *plain, size_t len, uint8_t *out) MUST_CHECK;
int crypto_gcmsiv_open(struct crypto_gcmsiv *g, const struct crypto_aead_msg *m,
    const uint8_t *sealed, size_t len, uint8_t *plain) MUST_CHECK;

#endif
