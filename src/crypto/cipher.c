/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where in its provider a cipher is.
 */
#include "cipher_priv.h"

#include <openssl/provider.h>
#include <string.h>
#include <strings.h>

#include "base/wipe.h"

/* A provider gives all names of an algorithm in one string. */
static bool
is_named(const OSSL_ALGORITHM *a, const char *name)
{
	const char *at = a->algorithm_names;
	size_t want = strlen(name), len;

	for (; *at != '\0'; at += len + (at[len] == ':')) {
		len = strcspn(at, ":");
		if (len == want && strncasecmp(at, name, len) == 0)
			return true;
	}
	return false;
}

static void
take(struct crypto_cipher *c, const OSSL_DISPATCH *f, void *provider)
{
	OSSL_FUNC_cipher_newctx_fn *new = NULL;

	for (; f->function_id != 0; f++)
		switch (f->function_id) {
		case OSSL_FUNC_CIPHER_NEWCTX:
			new = OSSL_FUNC_cipher_newctx(f);
			break;
		case OSSL_FUNC_CIPHER_FREECTX:
			c->release = OSSL_FUNC_cipher_freectx(f);
			break;
		case OSSL_FUNC_CIPHER_ENCRYPT_INIT:
			c->init = OSSL_FUNC_cipher_encrypt_init(f);
			break;
		case OSSL_FUNC_CIPHER_CIPHER:
			c->run = OSSL_FUNC_cipher_cipher(f);
			break;
		default:
			break;
		}
	if (new && c->release && c->init && c->run)
		c->direct = new (provider);
}

/* Only what stays as it is may be called for as long as we like. */
static void
find_direct(struct crypto_cipher *c, const char *name)
{
	const OSSL_PROVIDER *p = EVP_CIPHER_get0_provider(c->method);
	const OSSL_ALGORITHM *all, *a;
	int passing = 0;

	if (!p)
		return;
	all = OSSL_PROVIDER_query_operation(p, OSSL_OP_CIPHER, &passing);
	for (a = all; a && a->algorithm_names && !is_named(a, name); a++)
		continue;
	if (a && a->algorithm_names && !passing)
		take(c, a->implementation, OSSL_PROVIDER_get0_provider_ctx(p));
	if (all)
		OSSL_PROVIDER_unquery_operation(p, OSSL_OP_CIPHER, all);
}

int
crypto_cipher_init(struct crypto_cipher *c, const char *name)
{
	memset(c, 0, sizeof *c);
	c->method = EVP_CIPHER_fetch(NULL, name, NULL);
	c->evp = EVP_CIPHER_CTX_new();
	if (!c->method || !c->evp)
		return ERR_LIBRARY;
	c->key_len = (size_t)EVP_CIPHER_get_key_length(c->method);
	c->iv_len = (size_t)EVP_CIPHER_get_iv_length(c->method);
	find_direct(c, name);
	crypto_cipher_careful(c, false);
	return c->iv_len <= EVP_MAX_IV_LENGTH ? 0 : ERR_LIBRARY;
}

void
crypto_cipher_fini(struct crypto_cipher *c)
{
	if (c->direct)
		c->release(c->direct);
	EVP_CIPHER_CTX_free(c->evp);
	EVP_CIPHER_free(c->method);
	wipe_bytes(c, sizeof *c);
}
