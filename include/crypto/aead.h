/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The AEAD algorithms of NTS by their IANA numbers: AES-SIV-CMAC (RFC 5297)
 * always, AES-GCM-SIV (RFC 8452) when libcrypto has it at run time.  One
 * object holds all contexts, made once and re-keyed per message; no call but
 * _new allocates.
 */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "crypto/box.h"

enum crypto_aead_id {
	CRYPTO_AEAD_SIV_256 = 15,
	CRYPTO_AEAD_SIV_384 = 16,
	CRYPTO_AEAD_SIV_512 = 17,
	CRYPTO_AEAD_GCM_SIV_128 = 30,
	CRYPTO_AEAD_GCM_SIV_256 = 31,
};

#define CRYPTO_AEAD_KEY_MAX   64
#define CRYPTO_AEAD_TAG_LEN   16
#define CRYPTO_AEAD_NONCE_MAX 16

struct crypto_aead;

/* What is authenticated beside the plaintext.  All borrowed.
 * @nonce_len: exactly 12 for GCM-SIV.  Any length for SIV, where 0 leaves
 *             the component out (the deterministic mode of RFC 5297). */
struct crypto_aead_msg {
	const uint8_t *nonce;
	size_t nonce_len;
	const uint8_t *ad;
	size_t ad_len;
};

/**
 * crypto_aead_key_len - bytes of key; 0 for an unknown id.
 */
size_t crypto_aead_key_len(unsigned id);

/**
 * crypto_aead_nonce_len - bytes of nonce to use: 16 for SIV, 12 for GCM-SIV;
 * 0 for an unknown id.
 */
size_t crypto_aead_nonce_len(unsigned id);

/**
 * crypto_aead_name - the IANA name, for people; NULL for an unknown id.
 */
const char *crypto_aead_name(unsigned id);

/**
 * crypto_aead_offered - whether it can be used here: known, and for GCM-SIV
 * present in libcrypto and right on known answers.  Slow: ask at start.
 */
bool crypto_aead_offered(unsigned id);

/**
 * crypto_aead_new - an object for one algorithm, proved on known answers.
 * Return: owned; NULL when the algorithm is not offered, libcrypto fails or
 * computes wrongly.
 */
struct crypto_aead *crypto_aead_new(unsigned id);

/**
 * crypto_aead_free - wipe and free; NULL is fine.
 */
void crypto_aead_free(struct crypto_aead *a);

/**
 * crypto_aead_id - the algorithm it was made for.
 */
unsigned crypto_aead_id(const struct crypto_aead *a);

/**
 * crypto_aead_set_key - use this key from now on.
 * @len: must be crypto_aead_key_len.
 * Return: 0, ERR_BAD for a wrong length, ERR_LIBRARY; after an error no
 * message can be sealed or opened.
 */
int crypto_aead_set_key(
    struct crypto_aead *a, const uint8_t *key, size_t len) MUST_CHECK;

/**
 * crypto_aead_warm - do now what the key still needs for sealing, before the
 * moment when there is no time for it.
 * Return: 0; ERR_BAD without a key; ERR_LIBRARY.
 */
int crypto_aead_warm(struct crypto_aead *a) MUST_CHECK;

/**
 * crypto_aead_plain_at - where in the output the plaintext may lie: it is
 * then sealed in its place.
 */
size_t crypto_aead_plain_at(const struct crypto_aead *a);

/**
 * crypto_aead_seal - encrypt and authenticate.
 * @plain: apart from out, or at crypto_aead_plain_at in it.
 * @out: plain_len + CRYPTO_AEAD_TAG_LEN bytes.
 * Return: 0; ERR_BAD for a nonce of the wrong length or no key; ERR_LIBRARY.
 * The output is zeroed on failure.
 */
int crypto_aead_seal(struct crypto_aead *a, const struct crypto_aead_msg *m,
    const uint8_t *plain, size_t plain_len, uint8_t *out) MUST_CHECK;

/* Boxes (crypto/box.h) with a nonce of crypto_aead_nonce_len bytes, then what
 * crypto_aead_seal puts.  @plain_len: of each. */
struct crypto_aead_boxes {
	const uint8_t *ad;
	size_t ad_len;
	size_t plain_len;
	size_t cnt;
};

/**
 * crypto_aead_seal_boxes - seal what is in the boxes; many cost little more
 * than a few.
 * Return: as crypto_aead_seal; all of it is zeroed but the nonces on failure.
 */
int crypto_aead_seal_boxes(struct crypto_aead *a,
    const struct crypto_aead_boxes *b,
    const struct crypto_box_out *boxes) MUST_CHECK;

/**
 * crypto_aead_open_boxes - open them, likewise.
 * Return: 0: see the err of each; else as crypto_aead_open, for all.
 */
int crypto_aead_open_boxes(struct crypto_aead *a,
    const struct crypto_aead_boxes *b, struct crypto_box_in *boxes) MUST_CHECK;

/**
 * crypto_aead_open - verify and decrypt.
 * @plain: sealed_len - CRYPTO_AEAD_TAG_LEN bytes; may not overlap sealed.
 * Return: 0; ERR_AUTH when it does not verify (too short included), the
 * output then zeroed; ERR_BAD and ERR_LIBRARY as for seal.
 */
int crypto_aead_open(struct crypto_aead *a, const struct crypto_aead_msg *m,
    const uint8_t *sealed, size_t sealed_len, uint8_t *plain) MUST_CHECK;

/**
 * crypto_aead_selftest - known answers for every algorithm offered here;
 * start-up code refuses to run without it.
 * Return: 0 or ERR_LIBRARY.
 */
int crypto_aead_selftest(void) MUST_CHECK;

#endif
