/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HKDF (RFC 5869) over HMAC (RFC 2104), from the digest alone: the two blocks
 * of a key are written out each time, so that a key costs no context of its
 * own.  A handshake derives some twenty secrets.
 */
#include "crypto/hkdf.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"

#define BLOCK_MAX 128 /* of SHA-384 */
#define INNER     0x36
#define OUTER     0x5c
#define INFO_MAX  (2 + 2 * (1 + CRYPTO_HKDF_LABEL_MAX))
#define TURNS_MAX 255

struct crypto_hkdf {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
	size_t len;
	size_t block_len;
	uint8_t empty[CRYPTO_HKDF_LEN_MAX];
};

static const struct {
	const char *name;
	size_t len;
	size_t block_len;
} digests[] = {
    {"SHA2-256", 32, 64},
    {"SHA2-384", 48, 128},
};

/* The digest of a block of the key and of what follows it. */
static bool
half(struct crypto_hkdf *h, const uint8_t *block,
    const struct crypto_hkdf_span *parts, size_t cnt, uint8_t *out)
{
	if (EVP_DigestInit_ex2(h->ctx, h->md, NULL) != 1 ||
	    EVP_DigestUpdate(h->ctx, block, h->block_len) != 1)
		return false;
	for (size_t i = 0; i < cnt; i++)
		if (EVP_DigestUpdate(h->ctx, parts[i].data, parts[i].len) != 1)
			return false;
	return EVP_DigestFinal_ex(h->ctx, out, NULL) == 1;
}

/* HMAC with a key of one block at most. */
static bool
hmac(struct crypto_hkdf *h, struct crypto_hkdf_span key,
    const struct crypto_hkdf_span *parts, size_t cnt, uint8_t *out)
{
	uint8_t block[BLOCK_MAX], inner[CRYPTO_HKDF_LEN_MAX];
	struct crypto_hkdf_span text = {inner, h->len};
	bool done;

	memset(block, INNER, h->block_len);
	for (size_t i = 0; i < key.len; i++)
		block[i] ^= key.data[i];
	done = half(h, block, parts, cnt, inner);
	for (size_t i = 0; i < h->block_len; i++)
		block[i] ^= INNER ^ OUTER;
	done = done && half(h, block, &text, 1, out);
	wipe_bytes(block, sizeof block);
	wipe_bytes(inner, sizeof inner);
	return done;
}

struct crypto_hkdf *
crypto_hkdf_new(const char *digest)
{
	struct crypto_hkdf *h = calloc(1, sizeof *h);

	for (size_t i = 0; h && i < sizeof digests / sizeof *digests; i++) {
		if (strcmp(digests[i].name, digest) != 0)
			continue;
		h->len = digests[i].len;
		h->block_len = digests[i].block_len;
		h->md = EVP_MD_fetch(NULL, digest, NULL);
		h->ctx = EVP_MD_CTX_new();
	}
	if (!h || !h->md || !h->ctx ||
	    EVP_DigestInit_ex2(h->ctx, h->md, NULL) != 1 ||
	    EVP_DigestFinal_ex(h->ctx, h->empty, NULL) != 1) {
		crypto_hkdf_free(h);
		return NULL;
	}
	return h;
}

void
crypto_hkdf_free(struct crypto_hkdf *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	EVP_MD_free(h->md);
	free(h);
}

size_t
crypto_hkdf_len(const struct crypto_hkdf *h)
{
	return h->len;
}

struct crypto_hkdf_span
crypto_hkdf_empty(const struct crypto_hkdf *h)
{
	return (struct crypto_hkdf_span){h->empty, h->len};
}

int
crypto_hkdf_extract(struct crypto_hkdf *h, struct crypto_hkdf_span salt,
    struct crypto_hkdf_span material, uint8_t *out)
{
	int err = salt.len <= h->len ? 0 : ERR_BAD;

	if (err == 0 && !hmac(h, salt, &material, 1, out))
		err = ERR_LIBRARY;
	if (err < 0)
		memset(out, 0, h->len);
	return err;
}

/* The first len bytes of HKDF-Expand. */
static bool
expand(struct crypto_hkdf *h, struct crypto_hkdf_span secret,
    struct crypto_hkdf_span info, uint8_t *out, size_t len)
{
	uint8_t turn[CRYPTO_HKDF_LEN_MAX], nr = 0;
	struct crypto_hkdf_span parts[] = {{turn, 0}, info, {&nr, 1}};
	bool done = true;

	for (size_t pos = 0, n; done && pos < len; pos += n) {
		n = len - pos < h->len ? len - pos : h->len;
		nr++;
		done = hmac(h, secret, parts, 3, turn);
		memcpy(out + pos, turn, n);
		parts[0].len = h->len;
	}
	wipe_bytes(turn, sizeof turn);
	return done;
}

static size_t
put(uint8_t *to, struct crypto_hkdf_span s)
{
	if (s.len > 0)
		memcpy(to, s.data, s.len);
	return s.len;
}

/* HkdfLabel.  Return: its bytes. */
static size_t
write_info(const struct crypto_hkdf_label *l, size_t len, uint8_t *info)
{
	size_t pos = 0;

	info[pos++] = (uint8_t)(len >> 8);
	info[pos++] = (uint8_t)len;
	info[pos++] = (uint8_t)(l->prefix.len + l->label.len);
	pos += put(info + pos, l->prefix);
	pos += put(info + pos, l->label);
	info[pos++] = (uint8_t)l->context.len;
	return pos + put(info + pos, l->context);
}

int
crypto_hkdf_expand_label(struct crypto_hkdf *h,
    const struct crypto_hkdf_label *l, uint8_t *out, size_t len)
{
	uint8_t info[INFO_MAX];
	int err = ERR_BAD;

	if (l->secret.len <= h->len && len <= TURNS_MAX * h->len &&
	    l->prefix.len <= CRYPTO_HKDF_LABEL_MAX &&
	    l->label.len <= CRYPTO_HKDF_LABEL_MAX - l->prefix.len &&
	    l->context.len <= CRYPTO_HKDF_LABEL_MAX) {
		struct crypto_hkdf_span text = {info, write_info(l, len, info)};

		err = expand(h, l->secret, text, out, len) ? 0 : ERR_LIBRARY;
	}
	if (err < 0)
		memset(out, 0, len);
	return err;
}
