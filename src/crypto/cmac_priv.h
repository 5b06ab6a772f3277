/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES-CMAC (RFC 4493) on one CBC context that lives for ever: the core of
 * both the symmetric keys and S2V.  A sum is one libcrypto call, a new key
 * another.
 */
#ifndef CRYPTO_CMAC_PRIV_H
#define CRYPTO_CMAC_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "block_priv.h"
#include "cipher_priv.h"

#define CMAC_BUF 1280 /* bytes per libcrypto call: an NTS packet is one */

/* @prev: the block that CBC will add to the next one, known so that it can
 * be cancelled without a new IV.  @buf is scratch. */
struct crypto_cmac {
	struct crypto_cipher cbc;
	struct crypto_block prev;
	struct crypto_block sub_whole; /* K1: the last block is whole */
	struct crypto_block sub_part;  /* K2: it had to be padded */
	uint8_t buf[CMAC_BUF + BLOCK_LEN];
};

/**
 * crypto_cmac_first - a text's first block alone through CBC.
 */
static inline int
crypto_cmac_first(
    struct crypto_cmac *c, struct crypto_block in, struct crypto_block *out)
{
	crypto_block_store(crypto_block_xor(in, c->prev), c->buf);
	if (crypto_cipher_run(&c->cbc, c->buf, BLOCK_LEN) < 0)
		return ERR_LIBRARY;
	*out = c->prev = crypto_block_load(c->buf);
	return 0;
}

/**
 * crypto_cmac_init - contexts for keys of 16, 24 or 32 bytes, proved on known
 * answers; careful when it is wrong otherwise.
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

/**
 * crypto_cmac_block - the CMAC of a single block; out may be in.
 */
static inline int
crypto_cmac_block(
    struct crypto_cmac *c, struct crypto_block in, struct crypto_block *out)
{
	return crypto_cmac_first(c, crypto_block_xor(in, c->sub_whole), out);
}

/**
 * crypto_cmac_chain - CBC of whole blocks from the start of a text, without
 * what makes the last one of a CMAC.
 * @len: at most CMAC_BUF, not 0.
 */
int crypto_cmac_chain(struct crypto_cmac *c, const uint8_t *data, size_t len,
    struct crypto_block *out) MUST_CHECK;

/* What is summed.  @end: NULL, or what to add onto the last 16 bytes of data
 * (S2V's xorend); len is then at least 16. */
struct crypto_cmac_text {
	const uint8_t *data;
	size_t len;
	const struct crypto_block *end;
};

/**
 * crypto_cmac_sum - the CMAC of a text.
 */
int crypto_cmac_sum(struct crypto_cmac *c, const struct crypto_cmac_text *t,
    struct crypto_block *out) MUST_CHECK;

#endif
