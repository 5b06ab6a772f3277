/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES-SIV under a key that the input does not know: nothing opens but what
 * was sealed, and that opens to what it was.
 */
#undef NDEBUG /* the assertions are the test */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/aead.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct crypto_aead *
object(void)
{
	static struct crypto_aead *a;
	static const uint8_t key[32] = {0x6e, 0x6f, 0x6f, 0x6e};

	if (!a)
		a = crypto_aead_new(CRYPTO_AEAD_SIV_256);
	if (!a || crypto_aead_set_key(a, key, sizeof key) < 0)
		abort();
	return a;
}

/* The first two bytes cut the rest into nonce, associated data and text. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t out[70000], back[70000];
	struct crypto_aead *a = object();
	struct crypto_aead_msg m;
	const uint8_t *text;
	size_t text_len;

	if (len < 2 || len > 65536)
		return 0;
	m.nonce_len = data[0] % (len - 1);
	m.nonce = data + 2;
	m.ad_len = data[1] % (len - 1 - m.nonce_len);
	m.ad = m.nonce + m.nonce_len;
	text = m.ad + m.ad_len;
	text_len = len - 2 - m.nonce_len - m.ad_len;

	memset(back, 0xee, text_len);
	assert(crypto_aead_open(a, &m, text, text_len, back) == ERR_AUTH);
	for (size_t i = 0; text_len > 16 && i < text_len - 16; i++)
		assert(back[i] == 0);
	assert(crypto_aead_seal(a, &m, text, text_len, out) == 0);
	assert(crypto_aead_open(a, &m, out, text_len + 16, back) == 0);
	assert(memcmp(back, text, text_len) == 0);
	out[data[0] % (text_len + 16)] ^= (uint8_t)(1 << data[1] % 8);
	assert(crypto_aead_open(a, &m, out, text_len + 16, back) == ERR_AUTH);
	return 0;
}
