/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES-CMAC (RFC 4493) by CBC.  CBC adds its last output to the first block
 * of the next text; adding the same block beforehand cancels that, which is
 * far cheaper than a new IV.  Invariant: prev is CBC's last output, or zero
 * after a new key.
 */
#include "cmac_priv.h"

#include <string.h>

#include "base/wipe.h"

/* The CMAC of 00 01 02... under the key 00 01 02..., as computed by others. */
static const struct answer {
	uint8_t key_len;
	const char *cipher;
	uint8_t sum[BLOCK_LEN];
} answers[] = {
    {16, "AES-128-CBC",
	{0x29, 0x14, 0x6c, 0xa6, 0x2a, 0x43, 0x2a, 0xd9, 0x8f, 0x98, 0xc3, 0x4f,
	    0x23, 0xd2, 0x09, 0x1a}},
    {24, "AES-192-CBC",
	{0x8c, 0x0a, 0x63, 0xaf, 0x32, 0xcf, 0x90, 0x04, 0x76, 0xbe, 0xd1, 0xdf,
	    0x4c, 0x63, 0x81, 0x56}},
    {32, "AES-256-CBC",
	{0x7b, 0xae, 0x7a, 0x94, 0xc6, 0x24, 0xd7, 0xaa, 0x58, 0xa7, 0xd2, 0x54,
	    0x1e, 0xb8, 0x00, 0x2b}},
};

#define KAT_TEXT 40

void
crypto_cmac_fini(struct crypto_cmac *c)
{
	crypto_cipher_fini(&c->cbc);
	wipe_bytes(c, sizeof *c);
}

/* CBC of whole blocks in c->buf, the first of a text when first. */
static inline int
encrypt_many(struct crypto_cmac *c, size_t len, bool first)
{
	if (first)
		crypto_block_add(c->buf, c->prev);
	if (crypto_cipher_run(&c->cbc, c->buf, len) < 0) {
		wipe_bytes(c->buf, sizeof c->buf);
		return ERR_LIBRARY;
	}
	c->prev = crypto_block_load(c->buf + len - BLOCK_LEN);
	return 0;
}

int
crypto_cmac_set_key(struct crypto_cmac *c, const uint8_t *key)
{
	struct crypto_block b = {{0, 0}};

	c->prev = b;
	if (crypto_cipher_key(&c->cbc, key) < 0 ||
	    crypto_cmac_first(c, b, &b) < 0)
		return ERR_LIBRARY;
	c->sub_whole = crypto_block_double(b);
	c->sub_part = crypto_block_double(c->sub_whole);
	return 0;
}

int
crypto_cmac_chain(struct crypto_cmac *c, const uint8_t *data, size_t len,
    struct crypto_block *out)
{
	memmove(c->buf, data, len);
	if (encrypt_many(c, len, true) < 0)
		return ERR_LIBRARY;
	*out = c->prev;
	return 0;
}

/* Finish the last len bytes of a text, already in c->buf with room for the
 * padding: RFC 4493 section 2.4, steps 4 to 7. */
static int
finish(struct crypto_cmac *c, size_t len, bool first)
{
	size_t last = len == 0 ? 0 : (len - 1) & ~(size_t)(BLOCK_LEN - 1);

	if (len - last == BLOCK_LEN) {
		crypto_block_add(c->buf + last, c->sub_whole);
	} else {
		memset(c->buf + len, 0, BLOCK_LEN);
		c->buf[len] = 0x80;
		crypto_block_add(c->buf + last, c->sub_part);
	}
	return encrypt_many(c, last + BLOCK_LEN, first);
}

int
crypto_cmac_sum(struct crypto_cmac *c, const struct crypto_cmac_text *t,
    struct crypto_block *out)
{
	/* Two blocks stay for the last call: the end may straddle them. */
	const size_t piece = CMAC_BUF - 2 * BLOCK_LEN;
	const uint8_t *data = t->data;
	size_t len = t->len;
	bool first = true;

	for (; len > CMAC_BUF; len -= piece, data += piece) {
		memcpy(c->buf, data, piece);
		if (encrypt_many(c, piece, first) < 0)
			return ERR_LIBRARY;
		first = false;
	}
	/* memcpy of a length known to be small becomes "rep movs" on x86, which
	 * costs more than the encryption; memmove is a call. */
	if (len > 0)
		memmove(c->buf, data, len);
	if (t->end)
		crypto_block_add(c->buf + len - BLOCK_LEN, *t->end);
	if (finish(c, len, first) < 0)
		return ERR_LIBRARY;
	*out = c->prev;
	return 0;
}

/* Right again and again, whatever was summed before and under which key. */
static bool
proved(struct crypto_cmac *c, const struct answer *a)
{
	uint8_t bytes[KAT_TEXT], key[32] = {0xa5};
	struct crypto_cmac_text t = {bytes, sizeof bytes, NULL};
	struct crypto_block right = crypto_block_load(a->sum), sum;

	for (uint8_t i = 0; i < sizeof bytes; i++)
		bytes[i] = i;
	for (int i = 0; i < 4; i++) {
		bool same;

		if (crypto_cmac_set_key(c, i & 1 ? bytes : key) < 0 ||
		    crypto_cmac_sum(c, &t, &sum) < 0)
			return false;
		if (i & 1 && crypto_cmac_sum(c, &t, &sum) < 0)
			return false;
		same = memcmp(&sum, &right, sizeof sum) == 0;
		if (same != (i & 1))
			return false;
	}
	return true;
}

int
crypto_cmac_init(struct crypto_cmac *c, size_t key_len)
{
	const struct answer *a = answers;

	memset(c, 0, sizeof *c);
	while (a->key_len != key_len)
		a++;
	if (crypto_cipher_init(&c->cbc, a->cipher) < 0)
		return ERR_LIBRARY;
	if (proved(c, a))
		return 0;
	crypto_cipher_careful(&c->cbc, true);
	return proved(c, a) ? 0 : ERR_LIBRARY;
}
