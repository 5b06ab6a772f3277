/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The AEAD algorithms of NTS by number, and the known answers that every
 * object is proved on before anybody gets it.  The answers were computed by
 * two implementations that share no code with this one.
 */
#include "crypto/aead.h"

#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"
#include "crypto/siv.h"
#include "gcmsiv_priv.h"

#define TAG_LEN   CRYPTO_AEAD_TAG_LEN
#define KAT_PLAIN 40
#define KAT_AD    100

struct algorithm {
	uint8_t id;
	uint8_t key_len;
	uint8_t nonce_len;
	bool siv;
	const char *name;
	/* Key 00 01 02..., associated data 100 times 07, nonce all 09: with
	 * no plaintext, and with plaintext 00 01 02... */
	uint8_t empty[TAG_LEN];
	uint8_t sealed[KAT_PLAIN + TAG_LEN];
};

static const struct algorithm algorithms[] = {
    {CRYPTO_AEAD_SIV_256, 32, 16, true, "AES-SIV-CMAC-256",
	{0x71, 0x8a, 0x1e, 0xaf, 0x2c, 0x60, 0xb5, 0xa2, 0x6b, 0xfa, 0x6f, 0xed,
	    0x92, 0xb6, 0x18, 0xdc},
	{0x8b, 0x02, 0x23, 0xee, 0x51, 0x6b, 0x98, 0xc9, 0xad, 0x1d, 0x68, 0x5c,
	    0xed, 0x8d, 0xa3, 0x56, 0xdf, 0xb6, 0xe9, 0x2f, 0xe1, 0x93, 0xad,
	    0x87, 0x11, 0xbc, 0x27, 0xad, 0x0b, 0x3d, 0x45, 0x9b, 0x1d, 0xe2,
	    0xaf, 0x60, 0xb5, 0xa0, 0x42, 0x38, 0x00, 0xf3, 0xdb, 0xa4, 0xdf,
	    0x10, 0xd7, 0x3e, 0x96, 0x02, 0x4d, 0x48, 0xae, 0x47, 0xd3, 0x59}},
    {CRYPTO_AEAD_SIV_384, 48, 16, true, "AES-SIV-CMAC-384",
	{0xfa, 0x22, 0xd2, 0x96, 0x75, 0xe4, 0x5b, 0x9b, 0xb0, 0x22, 0x73, 0xab,
	    0x46, 0x9b, 0x06, 0x45},
	{0xd5, 0x27, 0x64, 0x6a, 0xe0, 0xa9, 0x18, 0xe9, 0xd4, 0x09, 0x87, 0xd1,
	    0x5c, 0x1c, 0x68, 0x39, 0x40, 0xe7, 0x63, 0x9c, 0xdd, 0x56, 0x73,
	    0x87, 0xd5, 0x62, 0x93, 0xe3, 0xff, 0x18, 0x83, 0xc9, 0xec, 0x7c,
	    0x8b, 0x5a, 0xf1, 0xf7, 0xd8, 0x59, 0xaa, 0x90, 0x5a, 0x0a, 0x21,
	    0xc4, 0xae, 0x0a, 0x91, 0x7e, 0xd1, 0x7a, 0x7f, 0x43, 0x8c, 0x64}},
    {CRYPTO_AEAD_SIV_512, 64, 16, true, "AES-SIV-CMAC-512",
	{0x7c, 0x91, 0x17, 0xcb, 0x05, 0x2d, 0x7f, 0x8e, 0xce, 0x75, 0x6c, 0x81,
	    0x0d, 0x02, 0x4f, 0xe3},
	{0x79, 0x88, 0x3a, 0x3c, 0x60, 0xaf, 0x92, 0x2f, 0xae, 0xa3, 0x87, 0xed,
	    0x16, 0xc9, 0xd3, 0x62, 0x86, 0x15, 0x73, 0xd1, 0xcf, 0x7f, 0x1c,
	    0x00, 0xc5, 0xff, 0x57, 0x46, 0x0d, 0xe5, 0x7f, 0x9a, 0x9a, 0x86,
	    0x69, 0x79, 0x8f, 0x0c, 0xa4, 0xbf, 0xb0, 0x90, 0x08, 0x7b, 0xda,
	    0x71, 0xc9, 0x93, 0x55, 0x37, 0x9c, 0x28, 0xcf, 0x7b, 0x70, 0xa8}},
    {CRYPTO_AEAD_GCM_SIV_128, 16, 12, false, "AES-128-GCM-SIV",
	{0xc0, 0x1a, 0x26, 0xe9, 0xa1, 0x68, 0x2c, 0x83, 0x02, 0x62, 0x65, 0x30,
	    0xed, 0x69, 0xb6, 0x38},
	{0xac, 0x5c, 0xa0, 0xfc, 0xa6, 0x1e, 0x1b, 0xcf, 0x7c, 0x0f, 0x7d, 0xcb,
	    0xef, 0x3b, 0x89, 0x28, 0xd3, 0x22, 0x55, 0xd7, 0x68, 0xd7, 0x28,
	    0x99, 0x3c, 0xbb, 0x69, 0xbb, 0x28, 0x1a, 0xaa, 0x47, 0x66, 0xfb,
	    0xc5, 0x2b, 0x7e, 0xd4, 0x8b, 0xe5, 0x55, 0x9b, 0xa0, 0x5d, 0xee,
	    0xe5, 0x04, 0xb8, 0x73, 0xa9, 0x92, 0x19, 0x29, 0xa0, 0x20, 0x01}},
    {CRYPTO_AEAD_GCM_SIV_256, 32, 12, false, "AES-256-GCM-SIV",
	{0x40, 0x3d, 0x53, 0x9e, 0xa5, 0xdf, 0x0c, 0x10, 0x49, 0x11, 0x02, 0x26,
	    0x5b, 0x47, 0x1a, 0x60},
	{0x56, 0xa6, 0x4f, 0x87, 0x6f, 0xa3, 0xe6, 0xed, 0x00, 0x02, 0x85, 0x1e,
	    0x50, 0x8d, 0xcd, 0x62, 0x0a, 0x68, 0xdb, 0x6d, 0x77, 0x6d, 0xf3,
	    0x97, 0x86, 0xba, 0x37, 0x03, 0x2d, 0x59, 0xd8, 0x21, 0xe4, 0xf5,
	    0x7b, 0x51, 0xf9, 0x15, 0x46, 0x42, 0xc2, 0x92, 0xcb, 0x12, 0xf3,
	    0xc0, 0xc1, 0x52, 0x15, 0x65, 0xa8, 0x10, 0x89, 0x12, 0x85, 0xcb}},
};

#define ALGORITHM_CNT (sizeof algorithms / sizeof algorithms[0])

/* One of siv and gcmsiv is there. */
struct crypto_aead {
	const struct algorithm *alg;
	struct crypto_siv *siv;
	struct crypto_gcmsiv *gcmsiv;
};

static const struct algorithm *
find(unsigned id)
{
	for (size_t i = 0; i < ALGORITHM_CNT; i++)
		if (algorithms[i].id == id)
			return &algorithms[i];
	return NULL;
}

size_t
crypto_aead_key_len(unsigned id)
{
	const struct algorithm *alg = find(id);

	return alg ? alg->key_len : 0;
}

size_t
crypto_aead_nonce_len(unsigned id)
{
	const struct algorithm *alg = find(id);

	return alg ? alg->nonce_len : 0;
}

const char *
crypto_aead_name(unsigned id)
{
	const struct algorithm *alg = find(id);

	return alg ? alg->name : NULL;
}

unsigned
crypto_aead_id(const struct crypto_aead *a)
{
	return a->alg->id;
}

int
crypto_aead_set_key(struct crypto_aead *a, const uint8_t *key, size_t len)
{
	if (len != a->alg->key_len)
		return ERR_BAD;
	if (a->siv)
		return crypto_siv_set_key(a->siv, key);
	crypto_gcmsiv_set_key(a->gcmsiv, key);
	return 0;
}

int
crypto_aead_warm(struct crypto_aead *a)
{
	return a->siv ? crypto_siv_warm(a->siv) : 0;
}

size_t
crypto_aead_plain_at(const struct crypto_aead *a)
{
	return a->siv ? TAG_LEN : 0;
}

/* NTS order: associated data, then the nonce as the last component. */
static struct crypto_siv_ad
components(const struct crypto_aead_msg *m, struct crypto_siv_part parts[2])
{
	parts[0] = (struct crypto_siv_part){m->ad, m->ad_len};
	parts[1] = (struct crypto_siv_part){m->nonce, m->nonce_len};
	return (struct crypto_siv_ad){parts, m->nonce_len > 0 ? 2 : 1};
}

int
crypto_aead_seal(struct crypto_aead *a, const struct crypto_aead_msg *m,
    const uint8_t *plain, size_t plain_len, uint8_t *out)
{
	struct crypto_siv_part parts[2];
	struct crypto_siv_ad ad = components(m, parts);

	if (a->siv)
		return crypto_siv_seal(a->siv, &ad, plain, plain_len, out);
	return crypto_gcmsiv_seal(a->gcmsiv, m, plain, plain_len, out);
}

int
crypto_aead_open(struct crypto_aead *a, const struct crypto_aead_msg *m,
    const uint8_t *sealed, size_t sealed_len, uint8_t *plain)
{
	struct crypto_siv_part parts[2];
	struct crypto_siv_ad ad = components(m, parts);

	if (a->siv)
		return crypto_siv_open(a->siv, &ad, sealed, sealed_len, plain);
	return crypto_gcmsiv_open(a->gcmsiv, m, sealed, sealed_len, plain);
}

/* Whether it takes several at once, and gains by it.  Three that differ are
 * the fewest: their chains of blocks take a call for each step. */
static bool
at_once(
    const struct crypto_aead *a, const struct crypto_aead_boxes *b, size_t from)
{
	return a->siv && b->cnt >= from && b->plain_len >= 32 &&
	    b->plain_len % 16 == 0 &&
	    b->plain_len <= 16 * (size_t)CRYPTO_SIV_BOX_BLOCKS;
}

static struct crypto_aead_msg
box_msg(const struct crypto_aead *a, const struct crypto_aead_boxes *b,
    const uint8_t *box)
{
	return (struct crypto_aead_msg){
	    box, a->alg->nonce_len, b->ad, b->ad_len};
}

static int
seal_each(struct crypto_aead *a, const struct crypto_aead_boxes *b,
    const struct crypto_box_out *boxes)
{
	size_t nonce_len = a->alg->nonce_len;
	int err = 0;

	for (size_t i = 0; err == 0 && i < b->cnt; i++) {
		struct crypto_aead_msg m = box_msg(a, b, boxes[i].box);

		err = crypto_aead_seal(a, &m, boxes[i].plain, b->plain_len,
		    boxes[i].box + nonce_len);
	}
	for (size_t i = 0; err < 0 && i < b->cnt; i++)
		wipe_bytes(boxes[i].box + nonce_len, b->plain_len + TAG_LEN);
	return err;
}

int
crypto_aead_seal_boxes(struct crypto_aead *a, const struct crypto_aead_boxes *b,
    const struct crypto_box_out *boxes)
{
	struct crypto_siv_boxes all = {
	    {b->ad, b->ad_len}, b->plain_len, b->cnt};

	return at_once(a, b, 2) ? crypto_siv_seal_boxes(a->siv, &all, boxes)
				: seal_each(a, b, boxes);
}

static int
open_each(struct crypto_aead *a, const struct crypto_aead_boxes *b,
    struct crypto_box_in *boxes)
{
	int err = 0;

	for (size_t i = 0; i < b->cnt; i++) {
		struct crypto_aead_msg m = box_msg(a, b, boxes[i].box);

		boxes[i].err =
		    crypto_aead_open(a, &m, boxes[i].box + a->alg->nonce_len,
			b->plain_len + TAG_LEN, boxes[i].plain);
		if (boxes[i].err < 0 && boxes[i].err != ERR_AUTH)
			err = boxes[i].err;
	}
	return err;
}

int
crypto_aead_open_boxes(struct crypto_aead *a, const struct crypto_aead_boxes *b,
    struct crypto_box_in *boxes)
{
	struct crypto_siv_boxes all = {
	    {b->ad, b->ad_len}, b->plain_len, b->cnt};

	return at_once(a, b, 3) ? crypto_siv_open_boxes(a->siv, &all, boxes)
				: open_each(a, b, boxes);
}

/* The object and the inputs of its known answers. */
struct proof {
	struct crypto_aead *a;
	struct crypto_aead_msg msg;
	uint8_t key[CRYPTO_AEAD_KEY_MAX];
	uint8_t nonce[CRYPTO_AEAD_NONCE_MAX];
	uint8_t ad[KAT_AD];
	uint8_t plain[KAT_PLAIN];
};

static bool
seals(const struct proof *p)
{
	const struct algorithm *alg = p->a->alg;
	uint8_t out[KAT_PLAIN + TAG_LEN];
	uint8_t *in_place = out + crypto_aead_plain_at(p->a);

	if (crypto_aead_seal(p->a, &p->msg, p->plain, 0, out) < 0 ||
	    memcmp(out, alg->empty, TAG_LEN) != 0)
		return false;
	if (crypto_aead_seal(p->a, &p->msg, p->plain, KAT_PLAIN, out) < 0 ||
	    memcmp(out, alg->sealed, sizeof out) != 0)
		return false;
	memcpy(in_place, p->plain, KAT_PLAIN);
	return crypto_aead_seal(p->a, &p->msg, in_place, KAT_PLAIN, out) == 0 &&
	    memcmp(out, alg->sealed, sizeof out) == 0;
}

/* What must verify does, what must not does not: a zero tag on an empty
 * text has been accepted by libraries that never computed one. */
static bool
opens(const struct proof *p)
{
	static const uint8_t zero[TAG_LEN];
	const struct algorithm *alg = p->a->alg;
	uint8_t out[KAT_PLAIN], bad[KAT_PLAIN + TAG_LEN];
	struct crypto_aead *a = p->a;

	memcpy(bad, alg->sealed, sizeof bad);
	bad[sizeof bad - 1] ^= 1;
	return crypto_aead_open(a, &p->msg, alg->empty, TAG_LEN, out) == 0 &&
	    crypto_aead_open(a, &p->msg, alg->sealed, sizeof bad, out) == 0 &&
	    memcmp(out, p->plain, KAT_PLAIN) == 0 &&
	    crypto_aead_open(a, &p->msg, zero, TAG_LEN, out) == ERR_AUTH &&
	    crypto_aead_open(a, &p->msg, bad, sizeof bad, out) == ERR_AUTH;
}

/* What is sealed in boxes is the same as what is sealed alone, and opens
 * again, but for the one that was changed. */
static bool
boxes_are_the_same(const struct proof *p)
{
	enum { LEN = 32, CNT = 3, BOX = CRYPTO_AEAD_NONCE_MAX + LEN + TAG_LEN };
	size_t nonce_len = p->a->alg->nonce_len;
	uint8_t room[CNT][BOX] = {{1}, {2}, {3}}, one[LEN + TAG_LEN];
	uint8_t back[CNT][LEN];
	struct crypto_aead_boxes all = {p->ad, sizeof p->ad, LEN, CNT};
	struct crypto_box_out out[CNT];
	struct crypto_box_in in[CNT];
	bool same;

	for (int i = 0; i < CNT; i++) {
		out[i] = (struct crypto_box_out){room[i], p->plain + i};
		in[i] = (struct crypto_box_in){room[i], back[i], ERR_BAD};
	}
	same = crypto_aead_seal_boxes(p->a, &all, out) == 0;
	for (int i = 0; i < CNT; i++) {
		struct crypto_aead_msg m = p->msg;

		m.nonce = room[i];
		same = same &&
		    crypto_aead_seal(p->a, &m, p->plain + i, LEN, one) == 0 &&
		    memcmp(one, room[i] + nonce_len, sizeof one) == 0;
	}
	room[1][nonce_len] ^= 1;
	return same && crypto_aead_open_boxes(p->a, &all, in) == 0 &&
	    in[0].err == 0 && memcmp(back[0], p->plain, LEN) == 0 &&
	    in[1].err == ERR_AUTH && in[2].err == 0 &&
	    memcmp(back[2], p->plain + 2, LEN) == 0;
}

/* The contexts must come back clean from a message under another key. */
static bool
prove(struct crypto_aead *a)
{
	struct proof p = {.a = a};
	size_t key_len = a->alg->key_len;
	bool good;

	p.msg = (struct crypto_aead_msg){
	    p.nonce, a->alg->nonce_len, p.ad, sizeof p.ad};
	memset(p.nonce, 9, sizeof p.nonce);
	memset(p.ad, 7, sizeof p.ad);
	for (uint8_t i = 0; i < KAT_PLAIN; i++)
		p.plain[i] = i;
	memset(p.key, 0xa5, sizeof p.key);
	good = crypto_aead_set_key(a, p.key, key_len) == 0 && !seals(&p);
	for (uint8_t i = 0; i < sizeof p.key; i++)
		p.key[i] = i;
	for (int i = 0; good && i < 2; i++)
		good = crypto_aead_set_key(a, p.key, key_len) == 0 &&
		    seals(&p) && opens(&p) && boxes_are_the_same(&p);
	return good;
}

void
crypto_aead_free(struct crypto_aead *a)
{
	if (!a)
		return;
	crypto_siv_free(a->siv);
	crypto_gcmsiv_free(a->gcmsiv);
	free(a);
}

struct crypto_aead *
crypto_aead_new(unsigned id)
{
	const struct algorithm *alg = find(id);
	struct crypto_aead *a = alg ? calloc(1, sizeof *a) : NULL;
	bool good;

	if (!a)
		return NULL;
	a->alg = alg;
	if (alg->siv)
		a->siv = crypto_siv_new(alg->key_len);
	else
		a->gcmsiv = crypto_gcmsiv_new(alg->key_len);
	good = (a->siv || a->gcmsiv) && prove(a);
	if (!good && a->siv) {
		/* Calling the provider directly may be what is wrong. */
		crypto_siv_set_careful(a->siv, true);
		good = prove(a);
	}
	if (!good) {
		crypto_aead_free(a);
		return NULL;
	}
	/* Nothing may be sealed under the key of the proof by mistake. */
	if (a->siv)
		crypto_siv_forget_key(a->siv);
	else
		crypto_gcmsiv_forget_key(a->gcmsiv);
	return a;
}

bool
crypto_aead_offered(unsigned id)
{
	struct crypto_aead *a = crypto_aead_new(id);
	bool good = a != NULL;

	crypto_aead_free(a);
	return good;
}

int
crypto_aead_selftest(void)
{
	/* GCM-SIV may be absent, and is not offered when it is wrong. */
	for (size_t i = 0; i < ALGORITHM_CNT; i++)
		if (algorithms[i].siv && !crypto_aead_offered(algorithms[i].id))
			return ERR_LIBRARY;
	return 0;
}
