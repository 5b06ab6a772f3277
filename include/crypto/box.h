/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many short messages under one key and one associated data, each with a
 * nonce of its own in front: a nonce, then what an AEAD makes of the
 * plaintext.  Handled together they cost a fraction of what each costs alone.
 */
#ifndef CRYPTO_BOX_H
#define CRYPTO_BOX_H

#include <stdint.h>

/* To be sealed; both borrowed.  Those that hold the same plaintext come one
 * after the other and point to the same bytes: then it is read once. */
struct crypto_box_out {
	uint8_t *box; /* the nonce is there already */
	const uint8_t *plain;
};

/* To be opened; both borrowed. */
struct crypto_box_in {
	const uint8_t *box;
	uint8_t *plain; /* zeroed when it does not open */
	int err;        /* what became of it: 0, ERR_AUTH, ERR_LIBRARY */
};

#endif
