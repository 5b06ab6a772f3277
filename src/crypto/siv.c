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

#define ECB_BLOCKS 64 /* per libcrypto call: the cookies of an answer */

_Static_assert(CRYPTO_SIV_TAG_LEN == BLOCK_LEN, "V is one CMAC");
_Static_assert(CRYPTO_SIV_BOX_BLOCKS <= ECB_BLOCKS, "a box in one call");

/* A context for single blocks, with one half of the key once it is needed. */
struct ecb {
	EVP_CIPHER_CTX *ctx;
	bool keyed;
};

struct crypto_siv {
	struct crypto_cmac mac;
	EVP_CIPHER *cipher;
	struct ecb ctr;
	struct ecb many; /* CMACs of several texts of one block */
	size_t half;     /* bytes of each of the two keys */
	bool keyed;
	struct crypto_block start; /* CMAC of the zero block: S2V's first D */
	/* D after a short first component: that of cookies is always the same,
	 * and public. */
	size_t memo_len; /* 0: nothing remembered */
	uint8_t memo[BLOCK_LEN];
	struct crypto_block memo_d;
	uint8_t key[64];
	uint8_t stream[ECB_BLOCKS * BLOCK_LEN];
};

static bool
ecb_init(struct crypto_siv *s, struct ecb *e)
{
	static const uint8_t key[32];

	e->ctx = EVP_CIPHER_CTX_new();
	return e->ctx &&
	    EVP_EncryptInit_ex2(e->ctx, s->cipher, key, NULL, NULL) == 1;
}

/* Encrypt the first blocks of the stream buffer, which is wiped when that
 * fails.  The key is set when it is used first. */
static inline int
ecb_run(struct crypto_siv *s, struct ecb *e, const uint8_t *key, size_t blocks)
{
	const EVP_CIPHER *cipher = s->mac.careful ? s->cipher : NULL;

	if (!e->keyed)
		e->keyed =
		    EVP_EncryptInit_ex2(e->ctx, cipher, key, NULL, NULL) == 1;
	if (e->keyed &&
	    crypto_cmac_encrypt(
		e->ctx, s->mac.careful, s->stream, blocks * BLOCK_LEN) == 0)
		return 0;
	wipe_bytes(s->stream, sizeof s->stream);
	return ERR_LIBRARY;
}

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
	s->cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	if (crypto_cmac_init(&s->mac, s->half) < 0 || !s->cipher ||
	    !ecb_init(s, &s->ctr) || !ecb_init(s, &s->many)) {
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
	EVP_CIPHER_CTX_free(s->ctr.ctx);
	EVP_CIPHER_CTX_free(s->many.ctx);
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

/* D after the first component. */
static inline int
begin(struct crypto_siv *s, const struct crypto_siv_part *part,
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

	if (ad->cnt > 0 && begin(s, &ad->parts[0], &d) < 0)
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

/* Where the counters of a message begin.  Its last word has its top bit
 * clear, so that adding to this word alone never carries out. */
static struct crypto_block
counter(struct crypto_block v)
{
	v.w[1] &= htobe64(0x7fffffff7fffffff);
	return v;
}

/* Fill cnt counter blocks from number first on. */
static inline void
counters(uint8_t *to, struct crypto_block start, uint32_t first, size_t cnt)
{
	uint64_t low = be64toh(start.w[1]) + first;

	for (size_t i = 0; i < cnt; i++, to += BLOCK_LEN) {
		start.w[1] = htobe64(low + i);
		crypto_block_store(start, to);
	}
}

static inline void
add_stream(uint8_t *out, const uint8_t *in, const uint8_t *stream, size_t len)
{
	uint32_t a, b; /* NTS has everything in multiples of 4 */
	size_t i = 0;

	for (; i + BLOCK_LEN <= len; i += BLOCK_LEN)
		crypto_block_store(crypto_block_xor(crypto_block_load(in + i),
				       crypto_block_load(stream + i)),
		    out + i);
	for (; i + sizeof a <= len; i += sizeof a) {
		memcpy(&a, in + i, sizeof a);
		memcpy(&b, stream + i, sizeof b);
		a ^= b;
		memcpy(out + i, &a, sizeof a);
	}
	for (; i < len; i++)
		out[i] = in[i] ^ stream[i];
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
	struct crypto_block start = counter(v);
	size_t len;

	if (in->len >= (size_t)BLOCK_LEN << 31)
		return ERR_LIBRARY;
	for (size_t pos = 0; pos < in->len; pos += len) {
		len = in->len - pos;
		if (len > sizeof s->stream)
			len = sizeof s->stream;
		counters(s->stream, start, (uint32_t)(pos / BLOCK_LEN),
		    blocks_of(len));
		if (ecb_run(s, &s->ctr, s->key + s->half, blocks_of(len)) < 0)
			return ERR_LIBRARY;
		add_stream(out + pos, in->data + pos, s->stream, len);
	}
	len = blocks_of(in->len) * BLOCK_LEN;
	wipe_bytes(s->stream, len < sizeof s->stream ? len : sizeof s->stream);
	return 0;
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

/* The V of cnt boxes, into the stream buffer and the boxes.  @end: what is
 * added to the sum of a nonce to make the last block of its CMAC. */
static int
box_tags(struct crypto_siv *s, const struct crypto_siv_boxes *b, uint8_t *box,
    size_t cnt, struct crypto_block end)
{
	uint8_t *at = s->stream;

	for (size_t i = 0; i < cnt; i++)
		crypto_block_store(
		    crypto_block_xor(crypto_block_load(box + i * b->stride),
			s->mac.sub_whole),
		    at + i * BLOCK_LEN);
	if (ecb_run(s, &s->many, s->key, cnt) < 0)
		return ERR_LIBRARY;
	for (size_t i = 0; i < cnt; i++)
		crypto_block_add(at + i * BLOCK_LEN, end);
	if (ecb_run(s, &s->many, s->key, cnt) < 0)
		return ERR_LIBRARY;
	for (size_t i = 0; i < cnt; i++)
		memcpy(box + i * b->stride + BLOCK_LEN, at + i * BLOCK_LEN,
		    BLOCK_LEN);
	return 0;
}

static int
box_texts(struct crypto_siv *s, const struct crypto_siv_boxes *b, uint8_t *box,
    size_t cnt)
{
	size_t len = b->plain.len, blocks = len / BLOCK_LEN;

	for (size_t i = 0; i < cnt; i++) {
		const uint8_t *v = box + i * b->stride + BLOCK_LEN;

		counters(s->stream + i * len, counter(crypto_block_load(v)), 0,
		    blocks);
	}
	if (ecb_run(s, &s->ctr, s->key + s->half, cnt * blocks) < 0)
		return ERR_LIBRARY;
	for (size_t i = 0; i < cnt; i++)
		add_stream(box + i * b->stride + 2 * (size_t)BLOCK_LEN,
		    b->plain.data, s->stream + i * len, len);
	return 0;
}

/* V is the CMAC of the plaintext with D added to its last block, and only
 * the last part of D, the sum of the nonce, is not the same in all boxes. */
static int
box_end(struct crypto_siv *s, const struct crypto_siv_boxes *b,
    struct crypto_block *end)
{
	size_t rest = b->plain.len - BLOCK_LEN;
	struct crypto_block last = crypto_block_load(b->plain.data + rest);
	struct crypto_block d, chain;

	if (begin(s, &b->ad, &d) < 0 ||
	    crypto_cmac_chain(&s->mac, b->plain.data, rest, &chain) < 0)
		return ERR_LIBRARY;
	d = crypto_block_xor(crypto_block_double(d), s->mac.sub_whole);
	*end = crypto_block_xor(crypto_block_xor(chain, last), d);
	return 0;
}

int
crypto_siv_seal_boxes(struct crypto_siv *s, const struct crypto_siv_boxes *b)
{
	size_t blocks = b->plain.len / BLOCK_LEN, cnt;
	struct crypto_block end;
	int err = 0;

	if (!s->keyed || b->plain.len % BLOCK_LEN != 0 || blocks < 2 ||
	    blocks > CRYPTO_SIV_BOX_BLOCKS)
		err = ERR_BAD;
	if (err == 0)
		err = box_end(s, b, &end);
	for (size_t done = 0; err == 0 && done < b->cnt; done += cnt) {
		uint8_t *box = b->first + done * b->stride;

		cnt = ECB_BLOCKS / blocks;
		if (cnt > b->cnt - done)
			cnt = b->cnt - done;
		err = box_tags(s, b, box, cnt, end);
		if (err == 0)
			err = box_texts(s, b, box, cnt);
	}
	wipe_bytes(s->stream, sizeof s->stream);
	for (size_t i = 0; err < 0 && i < b->cnt; i++)
		wipe_bytes(b->first + i * b->stride + BLOCK_LEN,
		    BLOCK_LEN + b->plain.len);
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
