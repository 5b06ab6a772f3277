/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzz targets of nts share: repeatable randomness, one server with
 * its key ring, and the cookies it has given out.
 */
#ifndef TESTS_FUZZ_NTS_FIXTURE_H
#define TESTS_FUZZ_NTS_FIXTURE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "nts/ef.h"

#define FIXTURE_AEADS 5

static const uint16_t fixture_aeads[FIXTURE_AEADS] = {15, 16, 17, 30, 31};

struct fixture {
	uint64_t seed;
	struct rng rng;
	struct nts_keyring ring;
	struct nts_server_ctx server;
	struct nts_keys keys[FIXTURE_AEADS];
	uint8_t cookies[FIXTURE_AEADS][NTS_COOKIE_OURS_MAX];
};

static inline void
need(int ok)
{
	if (!ok)
		abort();
}

static inline void
fixture_fill(void *ctx, void *buf, size_t len)
{
	uint64_t *s = ctx;
	uint8_t *p = buf;

	for (size_t i = 0; i < len; i++) {
		*s = *s * 6364136223846793005u + 1442695040888963407u;
		p[i] = (uint8_t)(*s >> 33);
	}
}

/* Return: the one fixture, the same in every run. */
static inline struct fixture *
fixture_get(void)
{
	static struct fixture f;

	if (f.rng.fill)
		return &f;
	f.seed = 42;
	f.rng = (struct rng){.fill = fixture_fill, .ctx = &f.seed};
	nts_keyring_init(&f.ring, (struct wall){0}, &f.rng);
	nts_keyring_rotate(&f.ring, (struct wall){1}, &f.rng);
	need(nts_server_init(&f.server, &f.rng) == 0);
	need(nts_cookie_keys_load(&f.server.cookies, &f.ring) == 0);
	for (int i = 0; i < FIXTURE_AEADS; i++) {
		struct nts_keys *k = &f.keys[i];

		k->aead = fixture_aeads[i];
		k->key_len = (uint8_t)crypto_aead_key_len(k->aead);
		rng_bytes(&f.rng, k->c2s, k->key_len);
		rng_bytes(&f.rng, k->s2c, k->key_len);
		need(nts_cookie_seal(
			 &f.server.cookies, k, &f.rng, f.cookies[i]) == 0);
	}
	return &f;
}

/* Append an authenticator over all of out and plain, any length. */
static inline void
fixture_seal(struct bytes_out *out, const uint8_t *key, const uint8_t *plain,
    size_t plain_len)
{
	struct fixture *f = fixture_get();
	struct crypto_aead *aead = nts_aeads_get(&f->server.aeads, 15);
	static const uint8_t nonce[16] = {7};
	struct crypto_aead_msg msg = {.nonce = nonce,
	    .nonce_len = 16,
	    .ad = out->data,
	    .ad_len = out->pos};
	size_t padding = (4 - plain_len % 4) % 4;
	uint8_t *sealed;

	bytes_put_u16(out, 0x0404);
	bytes_put_u16(out, (uint16_t)(8 + 32 + plain_len + padding));
	bytes_put_u16(out, 16);
	bytes_put_u16(out, (uint16_t)(16 + plain_len));
	bytes_put_raw(out, nonce, 16);
	sealed = bytes_reserve(out, 16 + plain_len);
	bytes_put_zero(out, padding);
	need(sealed && !out->bad);
	need(crypto_aead_set_key(aead, key, 32) == 0);
	need(crypto_aead_seal(aead, &msg, plain, plain_len, sealed) == 0);
}

#endif
