/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet put together field by field, also in ways that our encoder never
 * would, sealed by its own few lines.
 */
#ifndef TESTS_UNIT_NTS_PACKET_H
#define TESTS_UNIT_NTS_PACKET_H

#include "base/bytes.h"
#include "nts_rig.h"

struct pkt {
	uint8_t data[4096];
	struct bytes_out out;
};

/* How an authenticator is made; all zero but the keys is the usual one. */
struct pkt_seal {
	unsigned aead;
	const uint8_t *key;
	const void *plain;
	size_t plain_len;
	size_t nonce_len; /* 0: the usual */
	size_t padding;   /* additional */
};

static inline void
pkt_start(struct pkt *p, uint8_t first)
{
	memset(p, 0, sizeof(*p));
	bytes_out_init(&p->out, p->data, sizeof(p->data));
	bytes_put_u8(&p->out, first);
	bytes_put_zero(&p->out, 39);
	bytes_put_u64(&p->out, 0x0123456789abcdef);
}

static inline void
pkt_field(struct pkt *p, unsigned type, const void *body, size_t len)
{
	bytes_put_u16(&p->out, (uint16_t)type);
	bytes_put_u16(&p->out, (uint16_t)(4 + len));
	if (body)
		bytes_put_raw(&p->out, body, len);
	else
		bytes_put_zero(&p->out, len);
	assert_false(p->out.bad);
}

static inline void
pkt_seal(struct pkt *p, const struct pkt_seal *s)
{
	struct crypto_aead *aead = crypto_aead_new(s->aead);
	size_t nonce_len =
	    s->nonce_len ? s->nonce_len : crypto_aead_nonce_len(s->aead);
	size_t nonce_pad = (nonce_len + 3) & ~(size_t)3;
	size_t sealed_len = s->plain_len + 16;
	size_t sealed_pad = (sealed_len + 3) & ~(size_t)3;
	uint8_t nonce[64], sealed[4096];
	struct crypto_aead_msg msg = {.nonce = nonce,
	    .nonce_len = nonce_len,
	    .ad = p->data,
	    .ad_len = p->out.pos};

	assert_non_null(aead);
	memset(nonce, 0x5a, sizeof(nonce));
	assert_int_equal(
	    crypto_aead_set_key(aead, s->key, crypto_aead_key_len(s->aead)), 0);
	assert_int_equal(
	    crypto_aead_seal(aead, &msg, s->plain ? s->plain : (const void *)"",
		s->plain_len, sealed),
	    0);
	bytes_put_u16(&p->out, 0x0404);
	bytes_put_u16(
	    &p->out, (uint16_t)(8 + nonce_pad + sealed_pad + s->padding));
	bytes_put_u16(&p->out, (uint16_t)nonce_len);
	bytes_put_u16(&p->out, (uint16_t)sealed_len);
	bytes_put_raw(&p->out, nonce, nonce_len);
	bytes_put_zero(&p->out, nonce_pad - nonce_len);
	bytes_put_raw(&p->out, sealed, sealed_len);
	bytes_put_zero(&p->out, sealed_pad - sealed_len + s->padding);
	assert_false(p->out.bad);
	crypto_aead_free(aead);
}

#endif
