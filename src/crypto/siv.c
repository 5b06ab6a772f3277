/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES-SIV: S2V (RFC 5297 section 2.4) on the CMAC core, CTR (section 2.5) as
 * ECB of counter blocks.  The second half of the key is only set up when
 * there is something to encrypt: an NTS request has no plaintext.
 */
#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"
#include "siv_priv.h"

struct crypto_siv *
crypto_siv_new(size_t key_len)
{
	const char *name = key_len == 32 ? "AES-128-ECB"
	    : key_len == 48              ? "AES-192-ECB"
					 : "AES-256-ECB";
	struct crypto_siv *s;

	if (key_len != 32 && key_len != 48 && key_len != 64)
		return NULL;
	s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->half = key_len / 2;
	if (crypto_cmac_init(&s->mac, s->half) < 0 ||
	    crypto_cipher_init(&s->ctr.cipher, name) < 0 ||
	    crypto_cipher_init(&s->many.cipher, name) < 0) {
		crypto_siv_free(s);
		return NULL;
	}
	return s;
}

void
crypto_siv_free(struct crypto_siv *s)
{
	if (!s)
		return;
	crypto_cmac_fini(&s->mac);
	crypto_cipher_fini(&s->ctr.cipher);
	crypto_cipher_fini(&s->many.cipher);
	wipe_bytes(s, sizeof *s);
	free(s);
}

void
crypto_siv_set_careful(struct crypto_siv *s, bool careful)
{
	crypto_cipher_careful(&s->mac.cbc, careful);
	crypto_cipher_careful(&s->ctr.cipher, careful);
	crypto_cipher_careful(&s->many.cipher, careful);
}

void
crypto_siv_forget_key(struct crypto_siv *s)
{
	s->keyed = s->ctr.keyed = s->many.keyed = false;
	wipe_bytes(s->key, sizeof s->key);
	wipe_bytes(&s->start, sizeof s->start);
	wipe_bytes(&s->memo_d, sizeof s->memo_d);
	s->memo_len = 0;
}

int
crypto_siv_set_key(struct crypto_siv *s, const uint8_t *key)
{
	const struct crypto_block zero = {{0, 0}};

	s->keyed = s->ctr.keyed = s->many.keyed = false;
	s->memo_len = 0;
	memcpy(s->key, key, 2 * s->half);
	if (crypto_cmac_set_key(&s->mac, key) < 0 ||
	    crypto_cmac_block(&s->mac, zero, &s->start) < 0)
		return ERR_LIBRARY;
	s->keyed = true;
	return 0;
}

/* D after one more component. */
static inline int
add_component(struct crypto_siv *s, const struct crypto_siv_part *part,
    struct crypto_block *d)
{
	struct crypto_cmac_text t = {part->data, part->len, NULL};
	struct crypto_block sum;
	int err;

	if (t.len == BLOCK_LEN) /* a nonce */
		err =
		    crypto_cmac_block(&s->mac, crypto_block_load(t.data), &sum);
	else
		err = crypto_cmac_sum(&s->mac, &t, &sum);
	*d = crypto_block_xor(crypto_block_double(*d), sum);
	return err;
}

int
crypto_siv_begin(struct crypto_siv *s, const struct crypto_siv_part *part,
    struct crypto_block *d)
{
	bool brief = part->len > 0 && part->len <= BLOCK_LEN;

	if (brief && part->len == s->memo_len &&
	    memcmp(part->data, s->memo, part->len) == 0) {
		*d = s->memo_d;
		return 0;
	}
	*d = s->start;
	if (add_component(s, part, d) < 0)
		return ERR_LIBRARY;
	if (brief) {
		memcpy(s->memo, part->data, part->len);
		s->memo_d = *d;
		s->memo_len = part->len;
	}
	return 0;
}

static int
s2v(struct crypto_siv *s, const struct crypto_siv_ad *ad,
    const struct crypto_siv_part *plain, struct crypto_block *v)
{
	struct crypto_cmac_text t = {plain->data, plain->len, NULL};
	struct crypto_block d = s->start;

	if (ad->cnt > 0 && crypto_siv_begin(s, &ad->parts[0], &d) < 0)
		return ERR_LIBRARY;
	for (size_t i = 1; i < ad->cnt; i++)
		if (add_component(s, &ad->parts[i], &d) < 0)
			return ERR_LIBRARY;
	if (plain->len >= BLOCK_LEN) {
		t.end = &d;
		return crypto_cmac_sum(&s->mac, &t, v);
	}
	/* Shorter than a block, empty included: padded by S2V itself. */
	d = crypto_block_xor(crypto_block_double(d),
	    crypto_block_padded(plain->data, plain->len));
	return crypto_cmac_block(&s->mac, d, v);
}

static size_t
blocks_of(size_t len)
{
	return (len + BLOCK_LEN - 1) / BLOCK_LEN;
}

static int
ctr(struct crypto_siv *s, struct crypto_block v,
    const struct crypto_siv_part *in, uint8_t *out)
{
	struct crypto_block start = siv_counter(v);
	size_t len;

	if (in->len >= (size_t)BLOCK_LEN << 31)
		return ERR_LIBRARY;
	for (size_t pos = 0; pos < in->len; pos += len) {
		len = in->len - pos;
		if (len > sizeof s->stream)
			len = sizeof s->stream;
		siv_counters(s->stream, start, (uint32_t)(pos / BLOCK_LEN),
		    blocks_of(len));
		if (siv_ecb(s, &s->ctr, s->key + s->half, blocks_of(len)) < 0)
			return ERR_LIBRARY;
		siv_add_stream(out + pos, in->data + pos, s->stream, len);
	}
	len = blocks_of(in->len) * BLOCK_LEN;
	wipe_bytes(s->stream, len < sizeof s->stream ? len : sizeof s->stream);
	return 0;
}

int
crypto_siv_warm(struct crypto_siv *s)
{
	return s->keyed ? siv_ecb_key(&s->ctr, s->key + s->half) : ERR_BAD;
}

int
crypto_siv_seal(struct crypto_siv *s, const struct crypto_siv_ad *ad,
    const uint8_t *plain, size_t len, uint8_t *out)
{
	struct crypto_siv_part text = {plain, len};
	struct crypto_block v;
	int err = s->keyed ? 0 : ERR_BAD;

	if (err == 0)
		err = s2v(s, ad, &text, &v);
	if (err == 0 && len > 0)
		err = ctr(s, v, &text, out + BLOCK_LEN);
	if (err == 0)
		crypto_block_store(v, out);
	else
		wipe_bytes(out, len + BLOCK_LEN);
	return err;
}

int
crypto_siv_open(struct crypto_siv *s, const struct crypto_siv_ad *ad,
    const uint8_t *sealed, size_t len, uint8_t *plain)
{
	struct crypto_siv_part cipher, text;
	struct crypto_block v, want;
	int err = s->keyed ? 0 : ERR_BAD;

	if (len < BLOCK_LEN)
		return err < 0 ? err : ERR_AUTH;
	cipher = (struct crypto_siv_part){sealed + BLOCK_LEN, len - BLOCK_LEN};
	text = (struct crypto_siv_part){plain, len - BLOCK_LEN};
	want = crypto_block_load(sealed);
	if (err == 0 && text.len > 0)
		err = ctr(s, want, &cipher, plain);
	if (err == 0)
		err = s2v(s, ad, &text, &v);
	if (err == 0 && !wipe_equal(&v, &want, sizeof v))
		err = ERR_AUTH;
	if (err < 0 && text.len > 0)
		wipe_bytes(plain, text.len);
	/* The tag that would have been right must not leak on. */
	wipe_bytes(&v, sizeof v);
	return err;
}
