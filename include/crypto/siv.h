/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES-SIV (RFC 5297) over any vector of components: what crypto/aead gives
 * as ids 15 to 17 for the two components of NTS.  S2V is CMAC by CBC, CTR is
 * ECB of counter blocks: libcrypto's own SIV fails on an empty plaintext in
 * some versions and re-keys slowly in all.
 */
#ifndef CRYPTO_SIV_H
#define CRYPTO_SIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "crypto/box.h"

#define CRYPTO_SIV_TAG_LEN 16

struct crypto_siv;

/* One component of associated data, borrowed. */
struct crypto_siv_part {
	const uint8_t *data;
	size_t len;
};

/* The vector in order; RFC 5297 puts a nonce last. */
struct crypto_siv_ad {
	const struct crypto_siv_part *parts;
	size_t cnt;
};

/* Boxes (crypto/box.h) with a nonce of 16 bytes, V, and the ciphertext; the
 * components are ad and the nonce.  All borrowed.
 * @len: of each plaintext: 2 to CRYPTO_SIV_BOX_BLOCKS whole blocks. */
struct crypto_siv_boxes {
	struct crypto_siv_part ad;
	size_t len;
	size_t cnt;
};

#define CRYPTO_SIV_BOX_BLOCKS 64

/**
 * crypto_siv_new - contexts for keys of key_len bytes: 32, 48 or 64.
 * Return: owned; NULL for another length or when libcrypto fails.
 */
struct crypto_siv *crypto_siv_new(size_t key_len);

/**
 * crypto_siv_free - wipe and free; NULL is fine.
 */
void crypto_siv_free(struct crypto_siv *s);

/**
 * crypto_siv_set_careful - through EVP, for a provider that cannot be called
 * directly.  Off at first, where it can; takes effect at the next key.
 */
void crypto_siv_set_careful(struct crypto_siv *s, bool careful);

/**
 * crypto_siv_forget_key - wipe the key: nothing can be sealed or opened until
 * the next one.
 */
void crypto_siv_forget_key(struct crypto_siv *s);

/**
 * crypto_siv_set_key - use this key of key_len bytes from now on.
 * Return: 0 or ERR_LIBRARY, after which nothing can be sealed or opened.
 */
int crypto_siv_set_key(struct crypto_siv *s, const uint8_t *key) MUST_CHECK;

/**
 * crypto_siv_warm - do now what else the key needs for sealing.
 * Return: 0; ERR_BAD without a key; ERR_LIBRARY.
 */
int crypto_siv_warm(struct crypto_siv *s) MUST_CHECK;

/**
 * crypto_siv_seal - out is V, then the ciphertext: len + 16 bytes.
 * @plain: apart from out, or out + 16: where it stays as ciphertext.
 * Return: 0; ERR_BAD without a key; ERR_LIBRARY.  Zeroes out on failure.
 */
int crypto_siv_seal(struct crypto_siv *s, const struct crypto_siv_ad *ad,
    const uint8_t *plain, size_t len, uint8_t *out) MUST_CHECK;

/**
 * crypto_siv_seal_boxes - what crypto_siv_seal would put behind each of the
 * nonces, in a fraction of the time: all of a kind that is to be computed
 * goes through libcrypto at once, and what is the same is computed once.
 * Return: as crypto_siv_seal, for all of them; ERR_BAD for a length not
 * allowed.
 */
int crypto_siv_seal_boxes(struct crypto_siv *s,
    const struct crypto_siv_boxes *b,
    const struct crypto_box_out *boxes) MUST_CHECK;

/**
 * crypto_siv_open_boxes - what crypto_siv_open would make of each, likewise.
 * Return: 0: see the err of each; ERR_BAD and ERR_LIBRARY as crypto_siv_open,
 * for all of them.
 */
int crypto_siv_open_boxes(struct crypto_siv *s,
    const struct crypto_siv_boxes *b, struct crypto_box_in *boxes) MUST_CHECK;

/**
 * crypto_siv_open - sealed is V and ciphertext, len bytes in all; plain
 * takes len - 16 and does not overlap.
 * Return: 0; ERR_AUTH; ERR_BAD without a key; ERR_LIBRARY.  Zeroes plain on
 * failure.
 */
int crypto_siv_open(struct crypto_siv *s, const struct crypto_siv_ad *ad,
    const uint8_t *sealed, size_t len, uint8_t *plain) MUST_CHECK;

#endif
