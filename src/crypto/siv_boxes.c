/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many boxes under one key.  A CMAC is a chain of blocks, each of which waits
 * for the one before; here the chains run side by side, one ECB call for a
 * step of all of them, and so do the counters.
 */
#include "siv_priv.h"

#define ROWS_MAX 32 /* at a time */

struct rows {
	size_t cnt;
	size_t blocks;         /* of each plaintext */
	struct crypto_block d; /* S2V's D, ready for the sum of the nonce */
	struct crypto_block ends[ROWS_MAX]; /* what goes onto the last block */
	uint8_t chain[ROWS_MAX]; /* which of the ends, when sealing */
};

static uint8_t *
at(struct crypto_siv *s, size_t i)
{
	return s->stream + i * BLOCK_LEN;
}

static int
sums(struct crypto_siv *s, size_t cnt)
{
	return siv_ecb(s, &s->many, s->key, cnt);
}

static int
streams(struct crypto_siv *s, size_t blocks)
{
	return siv_ecb(s, &s->ctr, s->key + s->half, blocks);
}

/* A nonce is one block: its CMAC is one call away. */
static void
put_nonce(struct crypto_siv *s, size_t i, const uint8_t *nonce)
{
	crypto_block_store(
	    crypto_block_xor(crypto_block_load(nonce), s->mac.sub_whole),
	    at(s, i));
}

/* The counters of row i, which begin at its V. */
static void
put_counters(struct crypto_siv *s, size_t i, size_t blocks, const uint8_t *box)
{
	struct crypto_block v = crypto_block_load(box + BLOCK_LEN);

	siv_counters(at(s, i * blocks), siv_counter(v), 0, blocks);
}

/* As many of those left as go at once. */
static void
take_rows(struct rows *r, size_t len, size_t left)
{
	r->blocks = len / BLOCK_LEN;
	r->cnt = SIV_ECB_BLOCKS / r->blocks;
	if (r->cnt > ROWS_MAX)
		r->cnt = ROWS_MAX;
	if (r->cnt > left)
		r->cnt = left;
}

/* ---- opening ----------------------------------------------------------- */

static int
decrypt(
    struct crypto_siv *s, const struct rows *r, const struct crypto_box_in *box)
{
	size_t len = r->blocks * BLOCK_LEN;

	for (size_t i = 0; i < r->cnt; i++)
		put_counters(s, i, r->blocks, box[i].box);
	if (streams(s, r->cnt * r->blocks) < 0)
		return ERR_LIBRARY;
	for (size_t i = 0; i < r->cnt; i++)
		siv_add_stream(box[i].plain, box[i].box + 2 * (size_t)BLOCK_LEN,
		    s->stream + i * len, len);
	return 0;
}

/* The V that each should have, into the stream buffer. */
static int
right_tags(
    struct crypto_siv *s, struct rows *r, const struct crypto_box_in *box)
{
	for (size_t i = 0; i < r->cnt; i++)
		put_nonce(s, i, box[i].box);
	if (sums(s, r->cnt) < 0)
		return ERR_LIBRARY;
	for (size_t i = 0; i < r->cnt; i++)
		r->ends[i] =
		    crypto_block_xor(r->d, crypto_block_load(at(s, i)));
	memset(s->stream, 0, r->cnt * BLOCK_LEN);
	for (size_t b = 0; b < r->blocks; b++) {
		for (size_t i = 0; i < r->cnt; i++) {
			crypto_block_add(at(s, i),
			    crypto_block_load(box[i].plain + b * BLOCK_LEN));
			if (b == r->blocks - 1)
				crypto_block_add(at(s, i), r->ends[i]);
		}
		if (sums(s, r->cnt) < 0)
			return ERR_LIBRARY;
	}
	return 0;
}

static int
open_rows(struct crypto_siv *s, struct rows *r, struct crypto_box_in *box)
{
	if (decrypt(s, r, box) < 0 || right_tags(s, r, box) < 0)
		return ERR_LIBRARY;
	for (size_t i = 0; i < r->cnt; i++) {
		box[i].err =
		    wipe_equal(at(s, i), box[i].box + BLOCK_LEN, BLOCK_LEN)
		    ? 0
		    : ERR_AUTH;
		if (box[i].err < 0)
			wipe_bytes(box[i].plain, r->blocks * BLOCK_LEN);
	}
	return 0;
}

/* ---- sealing ----------------------------------------------------------- */

/* The chains of the plaintexts but for their last blocks, then all that is
 * the same in the boxes of each. */
static int
begin_chains(
    struct crypto_siv *s, struct rows *r, const struct crypto_box_out *box)
{
	const uint8_t *plain[ROWS_MAX] = {box[0].plain};
	size_t last = (r->blocks - 1) * BLOCK_LEN, cnt = 1;

	r->chain[0] = 0;
	for (size_t i = 1; i < r->cnt; i++) {
		if (box[i].plain != plain[cnt - 1])
			plain[cnt++] = box[i].plain;
		r->chain[i] = (uint8_t)(cnt - 1);
	}
	memset(s->stream, 0, cnt * BLOCK_LEN);
	for (size_t b = 0; cnt > 1 && b < r->blocks - 1; b++) {
		for (size_t i = 0; i < cnt; i++)
			crypto_block_add(at(s, i),
			    crypto_block_load(plain[i] + b * BLOCK_LEN));
		if (sums(s, cnt) < 0)
			return ERR_LIBRARY;
	}
	for (size_t i = 0; i < cnt; i++)
		r->ends[i] = crypto_block_load(at(s, i));
	/* A single chain is one call of CBC. */
	if (cnt == 1 &&
	    crypto_cmac_chain(&s->mac, plain[0], last, &r->ends[0]) < 0)
		return ERR_LIBRARY;
	for (size_t i = 0; i < cnt; i++)
		r->ends[i] =
		    crypto_block_xor(crypto_block_xor(r->ends[i], r->d),
			crypto_block_load(plain[i] + last));
	return 0;
}

static int
put_tags(struct crypto_siv *s, const struct rows *r,
    const struct crypto_box_out *box)
{
	for (size_t i = 0; i < r->cnt; i++)
		put_nonce(s, i, box[i].box);
	if (sums(s, r->cnt) < 0)
		return ERR_LIBRARY;
	for (size_t i = 0; i < r->cnt; i++)
		crypto_block_add(at(s, i), r->ends[r->chain[i]]);
	if (sums(s, r->cnt) < 0)
		return ERR_LIBRARY;
	for (size_t i = 0; i < r->cnt; i++)
		memcpy(box[i].box + BLOCK_LEN, at(s, i), BLOCK_LEN);
	return 0;
}

static int
encrypt(struct crypto_siv *s, const struct rows *r,
    const struct crypto_box_out *box)
{
	size_t len = r->blocks * BLOCK_LEN;

	for (size_t i = 0; i < r->cnt; i++)
		put_counters(s, i, r->blocks, box[i].box);
	if (streams(s, r->cnt * r->blocks) < 0)
		return ERR_LIBRARY;
	for (size_t i = 0; i < r->cnt; i++)
		siv_add_stream(box[i].box + 2 * (size_t)BLOCK_LEN, box[i].plain,
		    s->stream + i * len, len);
	return 0;
}

static int
seal_rows(
    struct crypto_siv *s, struct rows *r, const struct crypto_box_out *box)
{
	return begin_chains(s, r, box) < 0 || put_tags(s, r, box) < 0 ||
		encrypt(s, r, box) < 0
	    ? ERR_LIBRARY
	    : 0;
}

/* ---- all --------------------------------------------------------------- */

/* S2V adds the sum of the nonce to twice this; the last block of a CMAC
 * that is whole takes K1 besides. */
static int
prepare(struct crypto_siv *s, const struct crypto_siv_boxes *b, struct rows *r)
{
	if (!s->keyed || b->len % BLOCK_LEN != 0 ||
	    b->len < 2 * (size_t)BLOCK_LEN ||
	    b->len > CRYPTO_SIV_BOX_BLOCKS * (size_t)BLOCK_LEN)
		return ERR_BAD;
	if (crypto_siv_begin(s, &b->ad, &r->d) < 0)
		return ERR_LIBRARY;
	r->d = crypto_block_xor(crypto_block_double(r->d), s->mac.sub_whole);
	return 0;
}

/* As far as any of them went. */
static void
forget(struct crypto_siv *s, const struct crypto_siv_boxes *b)
{
	size_t len = b->len * (b->cnt < ROWS_MAX ? b->cnt : ROWS_MAX);

	wipe_bytes(s->stream, len < sizeof s->stream ? len : sizeof s->stream);
}

int
crypto_siv_seal_boxes(struct crypto_siv *s, const struct crypto_siv_boxes *b,
    const struct crypto_box_out *boxes)
{
	struct rows r;
	int err = prepare(s, b, &r);

	for (size_t i = 0; err == 0 && i < b->cnt; i += r.cnt) {
		take_rows(&r, b->len, b->cnt - i);
		err = seal_rows(s, &r, boxes + i);
	}
	forget(s, b);
	for (size_t i = 0; err < 0 && i < b->cnt; i++)
		wipe_bytes(boxes[i].box + BLOCK_LEN, BLOCK_LEN + b->len);
	return err;
}

int
crypto_siv_open_boxes(struct crypto_siv *s, const struct crypto_siv_boxes *b,
    struct crypto_box_in *boxes)
{
	struct rows r;
	int err = prepare(s, b, &r);

	for (size_t i = 0; err == 0 && i < b->cnt; i += r.cnt) {
		take_rows(&r, b->len, b->cnt - i);
		err = open_rows(s, &r, boxes + i);
	}
	/* The tags that would have been right must not leak on. */
	forget(s, b);
	for (size_t i = 0; err < 0 && i < b->cnt; i++) {
		wipe_bytes(boxes[i].plain, b->len);
		boxes[i].err = err;
	}
	return err;
}
