/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES as ECB or CBC on texts of a few blocks, in place.  EVP's way to the
 * cipher takes longer than the cipher, above all to a new key: its provider is
 * called directly, as libcrypto documents it (provider-cipher(7)), and through
 * EVP where that is not possible or not right.
 */
#ifndef CRYPTO_CIPHER_PRIV_H
#define CRYPTO_CIPHER_PRIV_H

#include <limits.h>
#include <openssl/core_dispatch.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* @method: holds the provider, too.  @direct: the provider's own context, or
 * NULL. */
struct crypto_cipher {
	EVP_CIPHER *method;
	EVP_CIPHER_CTX *evp;
	void *direct;
	OSSL_FUNC_cipher_encrypt_init_fn *init;
	OSSL_FUNC_cipher_cipher_fn *run;
	OSSL_FUNC_cipher_freectx_fn *release;
	size_t key_len;
	size_t iv_len;
	bool careful; /* through EVP */
};

/**
 * crypto_cipher_init - contexts for the cipher of this name, without a key.
 * Whoever has them proves on known answers that they do what they should,
 * and makes them careful when they do not.
 * Return: 0 or ERR_LIBRARY; crypto_cipher_fini is due in either case.
 */
int crypto_cipher_init(struct crypto_cipher *c, const char *name) MUST_CHECK;

/**
 * crypto_cipher_fini - wipe and release; a zeroed struct is fine.
 */
void crypto_cipher_fini(struct crypto_cipher *c);

/**
 * crypto_cipher_careful - whether to go through EVP from the next key on;
 * always where there is no other way.
 */
static inline void
crypto_cipher_careful(struct crypto_cipher *c, bool careful)
{
	c->careful = careful || !c->direct;
}

/**
 * crypto_cipher_key - another key; CBC begins with an IV of zeros.
 * Return: 0 or ERR_LIBRARY.
 */
static inline int
crypto_cipher_key(struct crypto_cipher *c, const uint8_t *key)
{
	static const uint8_t zeros[EVP_MAX_IV_LENGTH];
	const uint8_t *iv = c->iv_len > 0 ? zeros : NULL;
	int done = c->careful
	    ? EVP_EncryptInit_ex2(c->evp, c->method, key, iv, NULL)
	    : c->init(c->direct, key, c->key_len, iv, c->iv_len, NULL);

	return done == 1 ? 0 : ERR_LIBRARY;
}

/**
 * crypto_cipher_run - encrypt len bytes of whole blocks; CBC goes on where
 * it was.
 * Return: 0 or ERR_LIBRARY.
 */
static inline int
crypto_cipher_run(struct crypto_cipher *c, uint8_t *text, size_t len)
{
	size_t put = 0;
	int evp_put = 0, done;

	if (c->careful) {
		done = len > INT_MAX
		    ? 0
		    : EVP_EncryptUpdate(c->evp, text, &evp_put, text, (int)len);
		put = (size_t)evp_put;
	} else {
		done = c->run(c->direct, text, &put, len, text, len);
	}
	return done == 1 && put == len ? 0 : ERR_LIBRARY;
}

#endif
