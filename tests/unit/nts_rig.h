/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of nts share: repeatable randomness and hexadecimal.
 */
#ifndef TESTS_UNIT_NTS_RIG_H
#define TESTS_UNIT_NTS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "crypto/aead.h"
#include "nts/keys.h"

static inline void
rig_fill(void *ctx, void *buf, size_t len)
{
	uint64_t *s = ctx;
	uint8_t *p = buf;

	for (size_t i = 0; i < len; i++) {
		*s = *s * 6364136223846793005u + 1442695040888963407u;
		p[i] = (uint8_t)(*s >> 33);
	}
}

static inline struct rng
rig_rng(uint64_t *state)
{
	return (struct rng){.fill = rig_fill, .ctx = state};
}

static inline struct nts_keys
rig_keys(unsigned aead, struct rng *rng)
{
	struct nts_keys k = {.aead = (uint16_t)aead};

	k.key_len = (uint8_t)crypto_aead_key_len(aead);
	rng_bytes(rng, k.c2s, k.key_len);
	rng_bytes(rng, k.s2c, k.key_len);
	return k;
}

/* Return: bytes written; text that is not hexadecimal fails the test. */
static inline size_t
rig_hex(uint8_t *out, size_t max, const char *text)
{
	size_t len = strlen(text) / 2;

	assert_true(len <= max && strlen(text) % 2 == 0);
	for (size_t i = 0; i < len; i++) {
		char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
		char *end;

		out[i] = (uint8_t)strtoul(pair, &end, 16);
		assert_ptr_equal(end, pair + 2);
	}
	return len;
}

#endif
