/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES-CMAC (RFC 4493) on one CBC context that lives for ever: the core of
 * both the symmetric keys and S2V.  A sum is one libcrypto call, a new key
 * another.
 */
#ifndef CRYPTO_CMAC_PRIV_H
#define CRYPTO_CMAC_PRIV_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CMAC_LEN 16
#define CMAC_BUF 1280 /* bytes per libcrypto call: an NTS packet is one */

/* @prev: the block that CBC will add to the next one, known so that it can
 * be cancelled without a new IV.  @buf is scratch. */
struct crypto_cmac {
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *cbc;
	bool careful;
	uint8_t prev[CMAC_LEN];
	uint8_t sub_whole[CMAC_LEN]; /* K1: the last block is whole */
	uint8_t sub_part[CMAC_LEN];  /* K2: it had to be padded */
	uint8_t buf[CMAC_BUF];
};

/**
 * crypto_cmac_init - contexts for keys of 16, 24 or 32 bytes.
 * Return: 0 or ERR_LIBRARY; crypto_cmac_fini is due in either case.
 */
int crypto_cmac_init(struct crypto_cmac *c, size_t key_len) MUST_CHECK;

/**
 * crypto_cmac_fini - wipe and release; a zeroed struct is fine.
 */
void crypto_cmac_fini(struct crypto_cmac *c);

/**
 * crypto_cmac_set_key - a new key and its subkeys.
 */
int crypto_cmac_set_key(struct crypto_cmac *c, const uint8_t *key) MUST_CHECK;

/* What is summed.  @end: NULL, or 16 bytes to be added onto the last 16 of
 * data (S2V's xorend); len is then at least 16. */
struct crypto_cmac_text {
	const uint8_t *data;
	size_t len;
	const uint8_t *end;
};

/**
 * crypto_cmac_sum - the CMAC of a text.
 */
int crypto_cmac_sum(struct crypto_cmac *c, const struct crypto_cmac_text *t,
    uint8_t out[CMAC_LEN]) MUST_CHECK;

/**
 * crypto_cmac_xor - a ^= b, one block.
 */
void crypto_cmac_xor(uint8_t a[CMAC_LEN], const uint8_t b[CMAC_LEN]);

/**
 * crypto_cmac_double - a *= x in GF(2^128), in constant time.
 */
void crypto_cmac_double(uint8_t a[CMAC_LEN]);

#endif
