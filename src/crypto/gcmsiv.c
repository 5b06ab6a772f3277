/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES-GCM-SIV (RFC 8452) through EVP.  libcrypto takes the associated data
 * and the plaintext in one call each, the tag before decryption, and derives
 * its keys from key and nonce at every initialisation.
 */
#include "gcmsiv_priv.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"

#define NONCE_LEN 12
#define TAG_LEN   CRYPTO_AEAD_TAG_LEN

struct crypto_gcmsiv {
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *ctx;
	size_t key_len;
	bool keyed;
	uint8_t key[32];
};

struct crypto_gcmsiv *
crypto_gcmsiv_new(size_t key_len)
{
	const char *name =
	    key_len == 16 ? "AES-128-GCM-SIV" : "AES-256-GCM-SIV";
	struct crypto_gcmsiv *g;

	if (key_len != 16 && key_len != 32)
		return NULL;
	g = calloc(1, sizeof *g);
	if (!g)
		return NULL;
	g->key_len = key_len;
	/* That it is absent must not stay behind in libcrypto's error queue,
	 * where a TLS connection of this thread would find it. */
	ERR_set_mark();
	g->cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	ERR_pop_to_mark();
	g->ctx = EVP_CIPHER_CTX_new();
	if (!g->cipher || !g->ctx) {
		crypto_gcmsiv_free(g);
		return NULL;
	}
	return g;
}

void
crypto_gcmsiv_free(struct crypto_gcmsiv *g)
{
	if (!g)
		return;
	EVP_CIPHER_CTX_free(g->ctx);
	EVP_CIPHER_free(g->cipher);
	wipe_bytes(g, sizeof *g);
	free(g);
}

void
crypto_gcmsiv_set_key(struct crypto_gcmsiv *g, const uint8_t *key)
{
	memcpy(g->key, key, g->key_len);
	g->keyed = true;
}

void
crypto_gcmsiv_forget_key(struct crypto_gcmsiv *g)
{
	wipe_bytes(g->key, sizeof g->key);
	g->keyed = false;
}

static int
begin(struct crypto_gcmsiv *g, const struct crypto_aead_msg *m, size_t len,
    int enc)
{
	if (!g->keyed || m->nonce_len != NONCE_LEN || len > INT_MAX ||
	    m->ad_len > INT_MAX)
		return ERR_BAD;
	if (EVP_CipherInit_ex2(
		g->ctx, g->cipher, g->key, m->nonce, enc, NULL) != 1)
		return ERR_LIBRARY;
	return 0;
}

/* Associated data, then the text: in must not be NULL, which would mean the
 * end, nor out, which would mean associated data. */
static bool
feed(struct crypto_gcmsiv *g, const struct crypto_aead_msg *m,
    const uint8_t *in, size_t len, uint8_t *out)
{
	static const uint8_t nothing[1];
	uint8_t none[1];
	int put = 0;

	if (m->ad_len > 0 &&
	    EVP_CipherUpdate(g->ctx, NULL, &put, m->ad, (int)m->ad_len) != 1)
		return false;
	return EVP_CipherUpdate(g->ctx, len > 0 ? out : none, &put,
		   len > 0 ? in : nothing, (int)len) == 1 &&
	    put == (int)len;
}

int
crypto_gcmsiv_seal(struct crypto_gcmsiv *g, const struct crypto_aead_msg *m,
    const uint8_t *plain, size_t len, uint8_t *out)
{
	uint8_t none[TAG_LEN];
	int put = 0;
	int err = begin(g, m, len, 1);

	if (err == 0 &&
	    (!feed(g, m, plain, len, out) ||
		EVP_EncryptFinal_ex(g->ctx, none, &put) != 1 ||
		EVP_CIPHER_CTX_ctrl(
		    g->ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, out + len) != 1))
		err = ERR_LIBRARY;
	if (err < 0)
		wipe_bytes(out, len + TAG_LEN);
	return err;
}

int
crypto_gcmsiv_open(struct crypto_gcmsiv *g, const struct crypto_aead_msg *m,
    const uint8_t *sealed, size_t len, uint8_t *plain)
{
	uint8_t none[TAG_LEN], tag[TAG_LEN];
	size_t plain_len;
	int put = 0;
	int err = begin(g, m, len, 0);

	if (len < TAG_LEN)
		return err < 0 ? err : ERR_AUTH;
	plain_len = len - TAG_LEN;
	memcpy(tag, sealed + plain_len, TAG_LEN);
	ERR_set_mark();
	if (err == 0 &&
	    EVP_CIPHER_CTX_ctrl(g->ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) !=
		1)
		err = ERR_LIBRARY;
	if (err == 0 &&
	    (!feed(g, m, sealed, plain_len, plain) ||
		EVP_DecryptFinal_ex(g->ctx, none, &put) != 1))
		err = ERR_AUTH;
	ERR_pop_to_mark();
	if (err < 0 && plain_len > 0)
		wipe_bytes(plain, plain_len);
	return err;
}
