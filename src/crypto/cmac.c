/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES-CMAC (RFC 4493) by CBC.  CBC adds its last output to the first block
 * of the next text; adding the same block beforehand cancels that, which is
 * far cheaper than a new IV.  Invariant: prev is CBC's last output, or zero
 * after a new key.
 */
#include "cmac_priv.h"

#include <endian.h>
#include <string.h>

#include "base/wipe.h"

static const uint8_t zero_iv[CMAC_LEN];

void
crypto_cmac_xor(uint8_t a[CMAC_LEN], const uint8_t b[CMAC_LEN])
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof x);
	memcpy(y, b, sizeof y);
	x[0] ^= y[0];
	x[1] ^= y[1];
	memcpy(a, x, sizeof x);
}

void
crypto_cmac_double(uint8_t a[CMAC_LEN])
{
	uint64_t x[2], carry;

	memcpy(x, a, sizeof x);
	x[0] = be64toh(x[0]);
	x[1] = be64toh(x[1]);
	carry = x[0] >> 63;
	x[0] = htobe64(x[0] << 1 | x[1] >> 63);
	x[1] = htobe64(x[1] << 1 ^ (0x87 & -carry));
	memcpy(a, x, sizeof x);
}

int
crypto_cmac_init(struct crypto_cmac *c, size_t key_len)
{
	static const uint8_t key[32];
	const char *name = key_len == 16 ? "AES-128-CBC"
	    : key_len == 24              ? "AES-192-CBC"
					 : "AES-256-CBC";

	memset(c, 0, sizeof *c);
	c->cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	c->cbc = EVP_CIPHER_CTX_new();
	if (!c->cipher || !c->cbc)
		return ERR_LIBRARY;
	/* The only initialisation with an IV: later ones return to it. */
	if (EVP_EncryptInit_ex2(c->cbc, c->cipher, key, zero_iv, NULL) != 1)
		return ERR_LIBRARY;
	return 0;
}

void
crypto_cmac_fini(struct crypto_cmac *c)
{
	EVP_CIPHER_CTX_free(c->cbc);
	EVP_CIPHER_free(c->cipher);
	wipe_bytes(c, sizeof *c);
}

/* Encrypt whole blocks of c->buf in place, the first of a text when first. */
static int
absorb(struct crypto_cmac *c, size_t len, bool first)
{
	int put = 0;

	if (first)
		crypto_cmac_xor(c->buf, c->prev);
	if (EVP_EncryptUpdate(c->cbc, c->buf, &put, c->buf, (int)len) != 1 ||
	    (size_t)put != len) {
		wipe_bytes(c->buf, sizeof c->buf);
		return ERR_LIBRARY;
	}
	memcpy(c->prev, c->buf + len - CMAC_LEN, CMAC_LEN);
	return 0;
}

int
crypto_cmac_set_key(struct crypto_cmac *c, const uint8_t *key)
{
	int done = c->careful
	    ? EVP_EncryptInit_ex2(c->cbc, c->cipher, key, zero_iv, NULL)
	    : EVP_EncryptInit_ex2(c->cbc, NULL, key, NULL, NULL);

	if (done != 1)
		return ERR_LIBRARY;
	memset(c->prev, 0, CMAC_LEN);
	memset(c->buf, 0, CMAC_LEN);
	if (absorb(c, CMAC_LEN, true) < 0)
		return ERR_LIBRARY;
	memcpy(c->sub_whole, c->prev, CMAC_LEN);
	crypto_cmac_double(c->sub_whole);
	memcpy(c->sub_part, c->sub_whole, CMAC_LEN);
	crypto_cmac_double(c->sub_part);
	return 0;
}

/* Finish the last len bytes of a text, already in c->buf with room for the
 * padding: RFC 4493 section 2.4, steps 4 to 7. */
static int
finish(struct crypto_cmac *c, size_t len, bool first)
{
	size_t last = len == 0 ? 0 : (len - 1) & ~(size_t)(CMAC_LEN - 1);
	size_t have = len - last;

	if (have == CMAC_LEN) {
		crypto_cmac_xor(c->buf + last, c->sub_whole);
	} else {
		c->buf[len] = 0x80;
		memset(c->buf + len + 1, 0, CMAC_LEN - have - 1);
		crypto_cmac_xor(c->buf + last, c->sub_part);
	}
	return absorb(c, last + CMAC_LEN, first);
}

int
crypto_cmac_sum(struct crypto_cmac *c, const struct crypto_cmac_text *t,
    uint8_t out[CMAC_LEN])
{
	/* Two blocks stay for the last call: the end may straddle them. */
	const size_t piece = CMAC_BUF - 2 * CMAC_LEN;
	const uint8_t *data = t->data;
	size_t len = t->len;
	bool first = true;

	for (; len > CMAC_BUF; len -= piece, data += piece) {
		memcpy(c->buf, data, piece);
		if (absorb(c, piece, first) < 0)
			return ERR_LIBRARY;
		first = false;
	}
	/* memcpy of a length known to be small becomes "rep movs" on x86, which
	 * costs more than the encryption; memmove is a call. */
	if (len > 0)
		memmove(c->buf, data, len);
	if (t->end)
		crypto_cmac_xor(c->buf + len - CMAC_LEN, t->end);
	if (finish(c, len, first) < 0)
		return ERR_LIBRARY;
	memcpy(out, c->prev, CMAC_LEN);
	return 0;
}
