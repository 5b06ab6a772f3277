/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One block of AES as two words, and what CMAC, S2V and CTR do with it.  The
 * words are in memory order: most significant byte first, whatever the
 * machine.  All of it is in constant time, and in line: every packet does a
 * lot of it.
 */
#ifndef CRYPTO_BLOCK_PRIV_H
#define CRYPTO_BLOCK_PRIV_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BLOCK_LEN 16

struct crypto_block {
	uint64_t w[2];
};

static inline struct crypto_block
crypto_block_load(const uint8_t from[BLOCK_LEN])
{
	struct crypto_block b;

	memcpy(b.w, from, sizeof b.w);
	return b;
}

static inline void
crypto_block_store(struct crypto_block b, uint8_t to[BLOCK_LEN])
{
	memcpy(to, b.w, sizeof b.w);
}

static inline struct crypto_block
crypto_block_xor(struct crypto_block a, struct crypto_block b)
{
	return (struct crypto_block){{a.w[0] ^ b.w[0], a.w[1] ^ b.w[1]}};
}

/* Add b onto the 16 bytes at p. */
static inline void
crypto_block_add(uint8_t p[BLOCK_LEN], struct crypto_block b)
{
	crypto_block_store(crypto_block_xor(crypto_block_load(p), b), p);
}

/* Times x in GF(2^128): RFC 4493 section 2.3, RFC 5297 section 2.3. */
static inline struct crypto_block
crypto_block_double(struct crypto_block b)
{
	uint64_t high = be64toh(b.w[0]), low = be64toh(b.w[1]);
	uint64_t carry = high >> 63;

	return (struct crypto_block){{htobe64(high << 1 | low >> 63),
	    htobe64(low << 1 ^ (0x87 & -carry))}};
}

/* The first len bytes, fewer than 16, then a one bit and zeros. */
static inline struct crypto_block
crypto_block_padded(const uint8_t *from, size_t len)
{
	uint8_t bytes[BLOCK_LEN] = {0};

	if (len > 0)
		memcpy(bytes, from, len);
	bytes[len] = 0x80;
	return crypto_block_load(bytes);
}

#endif
