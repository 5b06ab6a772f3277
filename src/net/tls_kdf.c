/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The key schedule of TLS 1.3 without the searches: libssl asks libcrypto for
 * each of some twenty secrets of a handshake by name, and libcrypto looks for
 * the digest and makes contexts for each anew, which takes longer than the
 * digests.  A provider of our own answers from contexts made once.  It is
 * asked for as an option, and only where it stands in for libcrypto's default
 * provider: an operator who asks for another one (FIPS) gets that.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>

#include "crypto/hkdf.h"
#include "tls_priv.h"

#define NAME     "truenoon"
#define OURS     NET_TLS_KDF
#define NOT_OURS "truenoon.kdf!=yes"
#define KDF      "TLS13-KDF"
#define ASK_LEN  32

/* Each by all names that libcrypto knows it by, ours first. */
static const char *const digests[][3] = {
    {"SHA2-256", "SHA256", "SHA-256"},
    {"SHA2-384", "SHA384", "SHA-384"},
};

#define DIGEST_CNT (sizeof digests / sizeof *digests)
#define NAME_CNT   (sizeof *digests / sizeof **digests)

struct provider {
	struct crypto_hkdf *hkdf[DIGEST_CNT];
};

/* What libssl asks, all in one call. */
struct question {
	int mode;
	struct crypto_hkdf *hkdf;
	struct crypto_hkdf_label l; /* secret: the key of libssl's words */
	struct crypto_hkdf_span salt;
};

/* Which digest this is, or DIGEST_CNT. */
static size_t
digest_named(const char *name)
{
	size_t i;

	for (i = 0; i < DIGEST_CNT; i++)
		for (size_t k = 0; k < NAME_CNT; k++)
			if (strcasecmp(name, digests[i][k]) == 0)
				return i;
	return i;
}

/* Contexts are made when they are first needed: while a provider is loaded
 * nothing can be asked of libcrypto. */
static struct crypto_hkdf *
hkdf_for(struct provider *p, const OSSL_PARAM *param)
{
	size_t i = DIGEST_CNT;

	if (param->data_type == OSSL_PARAM_UTF8_STRING)
		i = digest_named(param->data);
	if (i == DIGEST_CNT)
		return NULL;
	if (!p->hkdf[i])
		p->hkdf[i] = crypto_hkdf_new(digests[i][0]);
	return p->hkdf[i];
}

static void
read_span(struct question *q, const OSSL_PARAM *param)
{
	const struct {
		const char *key;
		struct crypto_hkdf_span *to;
	} spans[] = {
	    {OSSL_KDF_PARAM_KEY, &q->l.secret},
	    {OSSL_KDF_PARAM_PREFIX, &q->l.prefix},
	    {OSSL_KDF_PARAM_LABEL, &q->l.label},
	    {OSSL_KDF_PARAM_DATA, &q->l.context},
	    {OSSL_KDF_PARAM_SALT, &q->salt},
	};

	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
		if (strcmp(param->key, spans[i].key) == 0)
			*spans[i].to = (struct crypto_hkdf_span){
			    param->data, param->data_size};
}

static bool
read_question(struct provider *p, const OSSL_PARAM *param, struct question *q)
{
	bool good = true;

	memset(q, 0, sizeof *q);
	q->mode = -1;
	for (; good && param && param->key; param++) {
		if (param->data_type == OSSL_PARAM_OCTET_STRING)
			read_span(q, param);
		else if (strcmp(param->key, OSSL_KDF_PARAM_MODE) == 0)
			good = OSSL_PARAM_get_int(param, &q->mode) == 1;
		else if (strcmp(param->key, OSSL_KDF_PARAM_DIGEST) == 0)
			q->hkdf = hkdf_for(p, param);
	}
	return good && q->hkdf;
}

/* The next of the three secrets of the schedule: from what was agreed, salted
 * with what the one before is expanded to.  RFC 8446 section 7.1. */
static int
next_secret(const struct question *q, uint8_t *out)
{
	static const uint8_t zeros[CRYPTO_HKDF_LEN_MAX];
	uint8_t derived[CRYPTO_HKDF_LEN_MAX];
	size_t len = crypto_hkdf_len(q->hkdf);
	struct crypto_hkdf_span salt = {NULL, 0}, material = q->l.secret;
	struct crypto_hkdf_label l = q->l;
	int err = 0;

	if (!material.data)
		material = (struct crypto_hkdf_span){zeros, len};
	if (q->salt.data) {
		l.secret = q->salt;
		l.context = crypto_hkdf_empty(q->hkdf);
		err = crypto_hkdf_expand_label(q->hkdf, &l, derived, len);
		salt = (struct crypto_hkdf_span){derived, len};
	}
	if (err == 0)
		err = crypto_hkdf_extract(q->hkdf, salt, material, out);
	OPENSSL_cleanse(derived, sizeof derived);
	return err;
}

static int
derive(void *ctx, unsigned char *out, size_t len, const OSSL_PARAM params[])
{
	struct question q;

	if (!read_question(ctx, params, &q))
		return 0;
	if (q.mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY && q.l.secret.data)
		return crypto_hkdf_expand_label(q.hkdf, &q.l, out, len) == 0;
	if (q.mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY &&
	    len == crypto_hkdf_len(q.hkdf))
		return next_secret(&q, out) == 0;
	return 0;
}

/* A question is put whole, so that nothing is kept from call to call: all
 * share the provider's contexts, in a process of one thread. */
static void *
begin(void *provider)
{
	return provider;
}

static void
nothing(void *ctx)
{
	(void)ctx;
}

static const OSSL_ALGORITHM *
query(void *provider, int operation, int *no_cache)
{
	static const OSSL_DISPATCH functions[] = {
	    {OSSL_FUNC_KDF_NEWCTX, (void (*)(void))begin},
	    {OSSL_FUNC_KDF_FREECTX, (void (*)(void))nothing},
	    {OSSL_FUNC_KDF_RESET, (void (*)(void))nothing},
	    {OSSL_FUNC_KDF_DERIVE, (void (*)(void))derive},
	    {0, NULL},
	};
	static const OSSL_ALGORITHM kdfs[] = {
	    {KDF, OURS, functions, "TLS 1.3 key schedule"},
	    {NULL, NULL, NULL, NULL},
	};

	(void)provider;
	*no_cache = 0;
	return operation == OSSL_OP_KDF ? kdfs : NULL;
}

static void
teardown(void *provider)
{
	struct provider *p = provider;

	for (size_t i = 0; i < DIGEST_CNT; i++)
		crypto_hkdf_free(p->hkdf[i]);
	free(p);
}

static int
start(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core,
    const OSSL_DISPATCH **out, void **provider)
{
	static const OSSL_DISPATCH functions[] = {
	    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
	    {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown},
	    {0, NULL},
	};

	(void)handle;
	(void)core;
	*out = functions;
	*provider = calloc(1, sizeof(struct provider));
	return *provider != NULL;
}

/* One secret from the KDF with these properties.  Return: whether it was had,
 * and from this provider. */
static bool
ask(const char *properties, const char *provider, const char *digest,
    uint8_t out[ASK_LEN])
{
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	uint8_t key[] = "some secret", label[] = "label";
	char name[16];
	OSSL_PARAM params[] = {
	    OSSL_PARAM_int(OSSL_KDF_PARAM_MODE, &mode),
	    OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, name, 0),
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, key, sizeof key),
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PREFIX, label, 0),
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_LABEL, label, sizeof label),
	    OSSL_PARAM_END,
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, KDF, properties);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	bool good;

	snprintf(name, sizeof name, "%s", digest);
	good = ctx && EVP_KDF_derive(ctx, out, ASK_LEN, params) == 1 &&
	    strcmp(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)),
		provider) == 0;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return good;
}

/* Whether ours can be had, and says what libcrypto's own says. */
static bool
agrees(void)
{
	uint8_t ours[ASK_LEN], theirs[ASK_LEN];

	for (size_t i = 0; i < DIGEST_CNT; i++)
		if (!ask(OURS, NAME, digests[i][0], ours) ||
		    !ask(NOT_OURS, "default", digests[i][0], theirs) ||
		    memcmp(ours, theirs, sizeof ours) != 0)
			return false;
	return true;
}

OSSL_PROVIDER *
net_tls_kdf(void)
{
	bool proved = OSSL_PROVIDER_available(NULL, NAME) == 1;
	OSSL_PROVIDER *p = NULL;

	ERR_set_mark();
	if (proved || OSSL_PROVIDER_add_builtin(NULL, NAME, start) == 1)
		p = OSSL_PROVIDER_try_load(NULL, NAME, 1);
	if (p && !proved && !agrees()) {
		OSSL_PROVIDER_unload(p);
		p = NULL;
	}
	ERR_pop_to_mark();
	return p;
}
