/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES-SIV: S2V (RFC 5297 section 2.4) on the CMAC core, CTR (section 2.5) as
 * ECB of counter blocks.  The second half of the key is only set up when
 * there is something to encrypt: an NTS request has no plaintext.
 */
#include "crypto/siv.h"

#include <endian.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"
#include "cmac_priv.h"

#define BLOCK      16
#define CTR_BLOCKS 32 /* per libcrypto call */

_Static_assert(CRYPTO_SIV_TAG_LEN == CMAC_LEN, "V is one CMAC");

struct crypto_siv {
	struct crypto_cmac mac;
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *ecb;
	size_t half; /* bytes of each of the two keys */
	bool keyed;
	bool ctr_keyed;
	uint8_t start[BLOCK]; /* CMAC of the zero block: S2V's first D */
	/* D after a short first component: that of cookies is always the same,
	 * and public. */
	size_t memo_len; /* 0: nothing remembered */
	uint8_t memo[BLOCK];
	uint8_t memo_d[BLOCK];
	uint8_t ctr_key[32];
	uint8_t stream[CTR_BLOCKS * BLOCK];
};

struct crypto_siv *
crypto_siv_new(size_t key_len)
{
	static const uint8_t key[32];
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
	s->cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	s->ecb = EVP_CIPHER_CTX_new();
	if (crypto_cmac_init(&s->mac, s->half) < 0 || !s->cipher || !s->ecb ||
	    EVP_EncryptInit_ex2(s->ecb, s->cipher, key, NULL, NULL) != 1) {
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
	EVP_CIPHER_CTX_free(s->ecb);
	EVP_CIPHER_free(s->cipher);
	wipe_bytes(s, sizeof *s);
	free(s);
}

void
crypto_siv_set_careful(struct crypto_siv *s, bool careful)
{
	s->mac.careful = careful;
}

void
crypto_siv_forget_key(struct crypto_siv *s)
{
	s->keyed = s->ctr_keyed = false;
	wipe_bytes(s->ctr_key, sizeof s->ctr_key);
	wipe_bytes(s->start, sizeof s->start);
	wipe_bytes(s->memo_d, sizeof s->memo_d);
	s->memo_len = 0;
}

int
crypto_siv_set_key(struct crypto_siv *s, const uint8_t *key)
{
	static const uint8_t zero[BLOCK];
	struct crypto_cmac_text t = {zero, sizeof zero, NULL};

	s->keyed = s->ctr_keyed = false;
	s->memo_len = 0;
	memcpy(s->ctr_key, key + s->half, s->half);
	if (crypto_cmac_set_key(&s->mac, key) < 0 ||
	    crypto_cmac_sum(&s->mac, &t, s->start) < 0)
		return ERR_LIBRARY;
	s->keyed = true;
	return 0;
}

/* D after one more component. */
static int
add_component(
    struct crypto_siv *s, const struct crypto_siv_part *part, uint8_t d[BLOCK])
{
	struct crypto_cmac_text t = {part->data, part->len, NULL};
	uint8_t sum[BLOCK];

	if (crypto_cmac_sum(&s->mac, &t, sum) < 0)
		return ERR_LIBRARY;
	crypto_cmac_double(d);
	crypto_cmac_xor(d, sum);
	return 0;
}

/* D after the first component. */
static int
begin(
    struct crypto_siv *s, const struct crypto_siv_part *part, uint8_t d[BLOCK])
{
	bool brief = part->len > 0 && part->len <= BLOCK;

	if (brief && part->len == s->memo_len &&
	    memcmp(part->data, s->memo, part->len) == 0) {
		memcpy(d, s->memo_d, BLOCK);
		return 0;
	}
	memcpy(d, s->start, BLOCK);
	if (add_component(s, part, d) < 0)
		return ERR_LIBRARY;
	if (brief) {
		memcpy(s->memo, part->data, part->len);
		memcpy(s->memo_d, d, BLOCK);
		s->memo_len = part->len;
	}
	return 0;
}

static int
s2v(struct crypto_siv *s, const struct crypto_siv_ad *ad,
    const struct crypto_siv_part *plain, uint8_t v[BLOCK])
{
	struct crypto_cmac_text t;
	uint8_t d[BLOCK];

	memcpy(d, s->start, BLOCK);
	for (size_t i = 0; i < ad->cnt; i++)
		if ((i == 0 ? begin(s, &ad->parts[i], d)
			    : add_component(s, &ad->parts[i], d)) < 0)
			return ERR_LIBRARY;
	if (plain->len >= BLOCK) {
		t = (struct crypto_cmac_text){plain->data, plain->len, d};
		return crypto_cmac_sum(&s->mac, &t, v);
	}
	/* Shorter than a block, empty included: padded by S2V itself. */
	crypto_cmac_double(d);
	for (size_t i = 0; i < plain->len; i++)
		d[i] ^= plain->data[i];
	d[plain->len] ^= 0x80;
	t = (struct crypto_cmac_text){d, BLOCK, NULL};
	return crypto_cmac_sum(&s->mac, &t, v);
}

/* Fill cnt counter blocks from number first on.  The top bit of the last
 * word is clear, so that adding to this word alone never carries out. */
static void
counters(uint8_t *to, const uint8_t start[BLOCK], uint32_t first, size_t cnt)
{
	uint64_t block[2], low;

	memcpy(block, start, sizeof block);
	low = be64toh(block[1]) + first;
	for (size_t i = 0; i < cnt; i++, to += BLOCK, low++) {
		block[1] = htobe64(low);
		memcpy(to, block, sizeof block);
	}
}

static void
add_stream(uint8_t *out, const uint8_t *in, const uint8_t *stream, size_t len)
{
	size_t i = 0;

	for (; i + BLOCK <= len; i += BLOCK) {
		uint8_t block[BLOCK];

		memcpy(block, in + i, BLOCK);
		crypto_cmac_xor(block, stream + i);
		memcpy(out + i, block, BLOCK);
	}
	for (; i < len; i++)
		out[i] = in[i] ^ stream[i];
}

static int
key_ctr(struct crypto_siv *s)
{
	int done = 1;

	if (s->ctr_keyed)
		return 0;
	if (s->mac.careful)
		done = EVP_EncryptInit_ex2(
		    s->ecb, s->cipher, s->ctr_key, NULL, NULL);
	else
		done =
		    EVP_EncryptInit_ex2(s->ecb, NULL, s->ctr_key, NULL, NULL);
	s->ctr_keyed = done == 1;
	return s->ctr_keyed ? 0 : ERR_LIBRARY;
}

static int
ctr(struct crypto_siv *s, const uint8_t v[BLOCK],
    const struct crypto_siv_part *in, uint8_t *out)
{
	uint8_t start[BLOCK];
	size_t pos = 0, used = 0;

	if (in->len == 0)
		return 0;
	if (in->len >= (size_t)BLOCK << 31 || key_ctr(s) < 0)
		return ERR_LIBRARY;
	memcpy(start, v, BLOCK);
	start[8] &= 0x7f;
	start[12] &= 0x7f;
	while (pos < in->len) {
		size_t left = in->len - pos;
		size_t len = left < sizeof s->stream ? left : sizeof s->stream;
		size_t blocks = (len + BLOCK - 1) / BLOCK;
		int want = (int)(blocks * BLOCK), put = 0;

		counters(s->stream, start, (uint32_t)(pos / BLOCK), blocks);
		if (EVP_EncryptUpdate(
			s->ecb, s->stream, &put, s->stream, want) != 1 ||
		    put != want)
			return ERR_LIBRARY;
		add_stream(out + pos, in->data + pos, s->stream, len);
		used = used > (size_t)want ? used : (size_t)want;
		pos += len;
	}
	wipe_bytes(s->stream, used);
	return 0;
}

int
crypto_siv_seal(struct crypto_siv *s, const struct crypto_siv_ad *ad,
    const uint8_t *plain, size_t len, uint8_t *out)
{
	struct crypto_siv_part text = {plain, len};
	int err = s->keyed ? 0 : ERR_BAD;

	if (err == 0)
		err = s2v(s, ad, &text, out);
	if (err == 0)
		err = ctr(s, out, &text, out + BLOCK);
	if (err < 0)
		wipe_bytes(out, len + BLOCK);
	return err;
}

int
crypto_siv_open(struct crypto_siv *s, const struct crypto_siv_ad *ad,
    const uint8_t *sealed, size_t len, uint8_t *plain)
{
	struct crypto_siv_part cipher, text;
	uint8_t v[BLOCK];
	int err = s->keyed ? 0 : ERR_BAD;

	if (len < BLOCK)
		return err < 0 ? err : ERR_AUTH;
	cipher = (struct crypto_siv_part){sealed + BLOCK, len - BLOCK};
	text = (struct crypto_siv_part){plain, len - BLOCK};
	if (err == 0)
		err = ctr(s, sealed, &cipher, plain);
	if (err == 0)
		err = s2v(s, ad, &text, v);
	if (err == 0 && !wipe_equal(v, sealed, BLOCK))
		err = ERR_AUTH;
	if (err < 0 && text.len > 0)
		wipe_bytes(plain, text.len);
	/* The tag that would have been right must not leak on. */
	wipe_bytes(v, sizeof v);
	return err;
}
