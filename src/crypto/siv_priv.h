/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of AES-SIV, and the steps that single messages (siv.c) and many
 * boxes (siv_boxes.c) share.
 */
#ifndef CRYPTO_SIV_PRIV_H
#define CRYPTO_SIV_PRIV_H

#include <endian.h>
#include <string.h>

#include "base/wipe.h"
#include "cmac_priv.h"
#include "crypto/siv.h"

#define SIV_ECB_BLOCKS 128 /* per libcrypto call: the cookies of some answers */

_Static_assert(CRYPTO_SIV_TAG_LEN == BLOCK_LEN, "V is one CMAC");
_Static_assert(CRYPTO_SIV_BOX_BLOCKS <= SIV_ECB_BLOCKS, "a box in one call");

/* A context for single blocks, with one half of the key once it is needed. */
struct siv_ecb {
	struct crypto_cipher cipher;
	bool keyed;
};

struct crypto_siv {
	struct crypto_cmac mac;
	struct siv_ecb ctr;
	struct siv_ecb many; /* CMACs of several texts side by side */
	size_t half;         /* bytes of each of the two keys */
	bool keyed;
	struct crypto_block start; /* CMAC of the zero block: S2V's first D */
	/* D after a short first component: that of cookies is always the same,
	 * and public. */
	size_t memo_len; /* 0: nothing remembered */
	uint8_t memo[BLOCK_LEN];
	struct crypto_block memo_d;
	uint8_t key[64];
	uint8_t stream[SIV_ECB_BLOCKS * BLOCK_LEN];
};

/**
 * siv_ecb_key - set the key of a context that has none yet.
 * Return: 0 or ERR_LIBRARY.
 */
static inline int
siv_ecb_key(struct siv_ecb *e, const uint8_t *key)
{
	if (!e->keyed)
		e->keyed = crypto_cipher_key(&e->cipher, key) == 0;
	return e->keyed ? 0 : ERR_LIBRARY;
}

/**
 * siv_ecb - encrypt the first blocks of the stream buffer, which is wiped
 * when that fails.
 * Return: 0 or ERR_LIBRARY.
 */
static inline int
siv_ecb(
    struct crypto_siv *s, struct siv_ecb *e, const uint8_t *key, size_t blocks)
{
	if (siv_ecb_key(e, key) == 0 &&
	    crypto_cipher_run(&e->cipher, s->stream, blocks * BLOCK_LEN) == 0)
		return 0;
	wipe_bytes(s->stream, sizeof s->stream);
	return ERR_LIBRARY;
}

/**
 * siv_counter - where the counters of a message begin.  Its last word has
 * its top bit clear, so that adding to this word alone never carries out.
 */
static inline struct crypto_block
siv_counter(struct crypto_block v)
{
	v.w[1] &= htobe64(0x7fffffff7fffffff);
	return v;
}

/**
 * siv_counters - fill cnt counter blocks from number first on.
 */
static inline void
siv_counters(uint8_t *to, struct crypto_block start, uint32_t first, size_t cnt)
{
	uint64_t low = be64toh(start.w[1]) + first;

	for (size_t i = 0; i < cnt; i++, to += BLOCK_LEN) {
		start.w[1] = htobe64(low + i);
		crypto_block_store(start, to);
	}
}

/**
 * siv_add_stream - out is in with the key stream added; out may be in.
 */
static inline void
siv_add_stream(
    uint8_t *out, const uint8_t *in, const uint8_t *stream, size_t len)
{
	uint32_t a, b; /* NTS has everything in multiples of 4 */
	size_t i = 0;

	for (; i + BLOCK_LEN <= len; i += BLOCK_LEN)
		crypto_block_store(crypto_block_xor(crypto_block_load(in + i),
				       crypto_block_load(stream + i)),
		    out + i);
	for (; i + sizeof a <= len; i += sizeof a) {
		memcpy(&a, in + i, sizeof a);
		memcpy(&b, stream + i, sizeof b);
		a ^= b;
		memcpy(out + i, &a, sizeof a);
	}
	for (; i < len; i++)
		out[i] = in[i] ^ stream[i];
}

/**
 * crypto_siv_begin - S2V's D after the first component.
 * Return: 0 or ERR_LIBRARY.
 */
int crypto_siv_begin(struct crypto_siv *s, const struct crypto_siv_part *part,
    struct crypto_block *d) MUST_CHECK;

#endif
