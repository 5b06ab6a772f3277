/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two keys of one NTS session and the AEAD contexts that use them.
 * RFC 8915 sections 4.2, 5.1.  Contexts are made once at start, one for each
 * algorithm that libcrypto can do, and re-keyed for every packet: after
 * start nothing here allocates.
 */
#ifndef NTS_KEYS_H
#define NTS_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "crypto/aead.h"

/* @key_len: crypto_aead_key_len(aead); bytes past it are zero. */
struct nts_keys {
	uint16_t aead;
	uint8_t key_len;
	uint8_t c2s[CRYPTO_AEAD_KEY_MAX];
	uint8_t s2c[CRYPTO_AEAD_KEY_MAX];
};

#define NTS_AEAD_FIRST 15
#define NTS_AEAD_CNT   17 /* ids 15..31, most of them unused */

/* One context per algorithm; NULL where libcrypto has none. */
struct nts_aeads {
	struct crypto_aead *by_id[NTS_AEAD_CNT];
};

/**
 * nts_aeads_init - make the contexts.  Allocates: at start only.
 * Return: 0, or ERR_LIBRARY when not even AEAD 15 can be had.
 */
int nts_aeads_init(struct nts_aeads *set) MUST_CHECK;

/**
 * nts_aeads_fini - free and wipe them; a zeroed set is fine.
 */
void nts_aeads_fini(struct nts_aeads *set);

/**
 * nts_aeads_get - the context for an algorithm.
 * Return: borrowed, valid until fini; NULL when it cannot be done here.
 */
struct crypto_aead *nts_aeads_get(const struct nts_aeads *set, unsigned id);

/**
 * nts_keys_valid - whether algorithm and key length belong together.
 */
bool nts_keys_valid(const struct nts_keys *keys);

#endif
