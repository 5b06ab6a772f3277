/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MACs of symmetric keys: AES-CMAC (RFC 8573) and H(key || data) (RFC 5905
 * section 7.3).  One context per type, so that none is remade per packet.
 */
#include "crypto/mac.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/wipe.h"
#include "cmac_priv.h"

/* @aes_len: the key length of a CMAC, 0 for a digest. */
struct mac_type {
	const char *name;
	const char *digest;
	uint8_t aes_len;
	uint8_t mac_len;
};

static const struct mac_type types[CRYPTO_MAC_TYPE_CNT] = {
    [CRYPTO_MAC_NONE] = {"none", NULL, 0, 0},
    [CRYPTO_MAC_MD5] = {"MD5", "MD5", 0, 16},
    [CRYPTO_MAC_SHA1] = {"SHA1", "SHA1", 0, 20},
    [CRYPTO_MAC_SHA256] = {"SHA256", "SHA256", 0, 20},
    [CRYPTO_MAC_SHA384] = {"SHA384", "SHA384", 0, 20},
    [CRYPTO_MAC_SHA512] = {"SHA512", "SHA512", 0, 20},
    [CRYPTO_MAC_SHA3_224] = {"SHA3-224", "SHA3-224", 0, 20},
    [CRYPTO_MAC_SHA3_256] = {"SHA3-256", "SHA3-256", 0, 20},
    [CRYPTO_MAC_SHA3_384] = {"SHA3-384", "SHA3-384", 0, 20},
    [CRYPTO_MAC_SHA3_512] = {"SHA3-512", "SHA3-512", 0, 20},
    [CRYPTO_MAC_AES128] = {"AES128", NULL, 16, 16},
    [CRYPTO_MAC_AES256] = {"AES256", NULL, 32, 16},
};

/* @key: what is set in it, so that the answer to a request needs no second
 * setting. */
struct keyed_cmac {
	struct crypto_cmac cmac;
	bool keyed;
	uint8_t key[32];
};

/* md and ctx are NULL for the CMACs and for what libcrypto lacks. */
struct crypto_mac {
	EVP_MD *md[CRYPTO_MAC_TYPE_CNT];
	EVP_MD_CTX *ctx[CRYPTO_MAC_TYPE_CNT];
	struct keyed_cmac aes128;
	struct keyed_cmac aes256;
};

enum crypto_mac_type
crypto_mac_type_parse(const char *name)
{
	for (unsigned i = 1; i < CRYPTO_MAC_TYPE_CNT; i++)
		if (strcasecmp(types[i].name, name) == 0)
			return (enum crypto_mac_type)i;
	return CRYPTO_MAC_NONE;
}

const char *
crypto_mac_type_name(unsigned type)
{
	return types[type < CRYPTO_MAC_TYPE_CNT ? type : 0].name;
}

size_t
crypto_mac_type_len(unsigned type)
{
	return types[type < CRYPTO_MAC_TYPE_CNT ? type : 0].mac_len;
}

int
crypto_mac_key_check(const struct crypto_mac_key *key)
{
	const struct mac_type *t;

	if (key->id == 0 || crypto_mac_type_len(key->type) == 0 ||
	    key->len == 0 || key->len > CRYPTO_MAC_KEY_MAX)
		return ERR_BAD;
	t = &types[key->type];
	return t->aes_len == 0 || t->aes_len == key->len ? 0 : ERR_BAD;
}

struct crypto_mac *
crypto_mac_new(void)
{
	struct crypto_mac *m = calloc(1, sizeof *m);
	int err;

	if (!m)
		return NULL;
	ERR_set_mark();
	for (unsigned i = 1; i < CRYPTO_MAC_TYPE_CNT; i++) {
		if (!types[i].digest)
			continue;
		m->md[i] = EVP_MD_fetch(NULL, types[i].digest, NULL);
		m->ctx[i] = m->md[i] ? EVP_MD_CTX_new() : NULL;
		/* The first initialisation allocates, the others do not. */
		if (m->ctx[i])
			(void)EVP_DigestInit_ex2(m->ctx[i], m->md[i], NULL);
	}
	ERR_pop_to_mark();
	err = crypto_cmac_init(&m->aes128.cmac, 16);
	if (crypto_cmac_init(&m->aes256.cmac, 32) < 0 || err < 0) {
		crypto_mac_free(m);
		return NULL;
	}
	return m;
}

void
crypto_mac_free(struct crypto_mac *m)
{
	if (!m)
		return;
	for (unsigned i = 0; i < CRYPTO_MAC_TYPE_CNT; i++) {
		EVP_MD_CTX_free(m->ctx[i]);
		EVP_MD_free(m->md[i]);
	}
	crypto_cmac_fini(&m->aes128.cmac);
	crypto_cmac_fini(&m->aes256.cmac);
	wipe_bytes(m, sizeof *m);
	free(m);
}

static int
use_key(struct keyed_cmac *c, const struct crypto_mac_key *key)
{
	if (c->keyed && wipe_equal(c->key, key->key, key->len))
		return 0;
	c->keyed = crypto_cmac_set_key(&c->cmac, key->key) == 0;
	memcpy(c->key, key->key, key->len);
	return c->keyed ? 0 : ERR_LIBRARY;
}

static int
cmac(struct keyed_cmac *c, const struct crypto_mac_key *key, const void *data,
    size_t len, uint8_t out[BLOCK_LEN])
{
	struct crypto_cmac_text t = {data, len, NULL};
	struct crypto_block sum;

	if (use_key(c, key) < 0 || crypto_cmac_sum(&c->cmac, &t, &sum) < 0) {
		c->keyed = false; /* begin anew */
		return ERR_LIBRARY;
	}
	crypto_block_store(sum, out);
	return 0;
}

/* Return: bytes put, or negative. */
static int
digest(struct crypto_mac *m, const struct crypto_mac_key *key, const void *data,
    size_t len, uint8_t out[CRYPTO_MAC_WHOLE_MAX])
{
	EVP_MD_CTX *ctx = m->ctx[key->type];
	unsigned put = 0;

	if (!ctx)
		return ERR_ABSENT;
	if (EVP_DigestInit_ex2(ctx, NULL, NULL) != 1 ||
	    EVP_DigestUpdate(ctx, key->key, key->len) != 1 ||
	    EVP_DigestUpdate(ctx, data, len) != 1 ||
	    EVP_DigestFinal_ex(ctx, out, &put) != 1 ||
	    put < types[key->type].mac_len)
		return ERR_LIBRARY;
	return (int)put;
}

int
crypto_mac_compute_whole(struct crypto_mac *m, const struct crypto_mac_key *key,
    const void *data, size_t len, uint8_t out[CRYPTO_MAC_WHOLE_MAX])
{
	int err = crypto_mac_key_check(key);

	memset(out, 0, CRYPTO_MAC_WHOLE_MAX);
	if (err < 0)
		return err;
	if (key->type == CRYPTO_MAC_AES128)
		err = cmac(&m->aes128, key, data, len, out);
	else if (key->type == CRYPTO_MAC_AES256)
		err = cmac(&m->aes256, key, data, len, out);
	else
		return digest(m, key, data, len, out);
	return err < 0 ? err : BLOCK_LEN;
}

int
crypto_mac_compute(struct crypto_mac *m, const struct crypto_mac_key *key,
    const void *data, size_t len, uint8_t out[CRYPTO_MAC_MAX])
{
	uint8_t whole[CRYPTO_MAC_WHOLE_MAX];
	int got = crypto_mac_compute_whole(m, key, data, len, whole);

	memset(out, 0, CRYPTO_MAC_MAX);
	if (got > CRYPTO_MAC_MAX)
		got = CRYPTO_MAC_MAX;
	if (got > 0)
		memcpy(out, whole, (size_t)got);
	wipe_bytes(whole, sizeof whole);
	return got;
}

int
crypto_mac_verify(struct crypto_mac *m, const struct crypto_mac_key *key,
    const void *data, size_t len, struct crypto_mac_tag tag)
{
	uint8_t right[CRYPTO_MAC_WHOLE_MAX];
	int got = crypto_mac_compute_whole(m, key, data, len, right);
	int err = got < 0 ? got : 0;

	if (got >= 0 &&
	    ((tag.len != (size_t)got &&
		 tag.len != crypto_mac_type_len(key->type)) ||
		!wipe_equal(tag.data, right, tag.len)))
		err = ERR_AUTH;
	wipe_bytes(right, sizeof right);
	return err;
}
