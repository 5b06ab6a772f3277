/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES-256 in counter mode (NIST SP 800-38A section 6.5) as ECB of the
 * counters, in place.  Invariant: between two calls the context holds a key
 * of zeros.
 */
#include "crypto/stream.h"

#include <limits.h>
#include <stdlib.h>

#include "base/wipe.h"
#include "block_priv.h"
#include "cipher_priv.h"

struct crypto_stream {
	struct crypto_cipher ecb;
};

static const uint8_t no_key[CRYPTO_STREAM_KEY_LEN];

int
crypto_stream_fill(struct crypto_stream *s,
    const uint8_t key[CRYPTO_STREAM_KEY_LEN], uint8_t *out, size_t len)
{
	struct crypto_block counter = {{0, 0}};
	int err = 0;

	if (len % BLOCK_LEN != 0 || len > INT_MAX)
		err = ERR_BAD;
	for (size_t pos = 0; err == 0 && pos < len; pos += BLOCK_LEN) {
		counter.w[1] = htobe64(pos / BLOCK_LEN);
		crypto_block_store(counter, out + pos);
	}
	if (err == 0 && len > 0 &&
	    (crypto_cipher_key(&s->ecb, key) < 0 ||
		crypto_cipher_run(&s->ecb, out, len) < 0))
		err = ERR_LIBRARY;
	if (crypto_cipher_key(&s->ecb, no_key) < 0)
		err = ERR_LIBRARY;
	if (err < 0)
		wipe_bytes(out, len);
	return err;
}

/* Key 00 01 02..., twice, with another one in between; the second block is
 * that of counter 1. */
static bool
proved(struct crypto_stream *s)
{
	static const uint8_t right[2 * BLOCK_LEN] = {0xf2, 0x90, 0x00, 0xb6,
	    0x2a, 0x49, 0x9f, 0xd0, 0xa9, 0xf3, 0x9a, 0x6a, 0xdd, 0x2e, 0x77,
	    0x80, 0xf0, 0x5d, 0x76, 0xae, 0x4a, 0xb9, 0x9f, 0xe5, 0xa6, 0xf6,
	    0x9b, 0x31, 0x48, 0xc2, 0x36, 0x3d};
	uint8_t key[CRYPTO_STREAM_KEY_LEN], out[sizeof right];

	for (int round = 0; round < 2; round++) {
		for (uint8_t i = 0; i < sizeof key; i++)
			key[i] = i;
		if (crypto_stream_fill(s, key, out, sizeof out) < 0 ||
		    memcmp(out, right, sizeof right) != 0)
			return false;
		key[31] ^= 1;
		if (crypto_stream_fill(s, key, out, sizeof out) < 0 ||
		    memcmp(out, right, sizeof right) == 0)
			return false;
	}
	return true;
}

struct crypto_stream *
crypto_stream_new(void)
{
	struct crypto_stream *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	if (crypto_cipher_init(&s->ecb, "AES-256-ECB") < 0) {
		crypto_stream_free(s);
		return NULL;
	}
	if (proved(s))
		return s;
	crypto_cipher_careful(&s->ecb, true);
	if (proved(s))
		return s;
	crypto_stream_free(s);
	return NULL;
}

void
crypto_stream_free(struct crypto_stream *s)
{
	if (!s)
		return;
	crypto_cipher_fini(&s->ecb);
	free(s);
}
