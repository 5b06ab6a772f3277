/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Server cookies.  RFC 8915 section 6.  Those that are of one kind, under the
 * same key, are opened and sealed together.  Whatever is wrong with a cookie,
 * one AEAD open is done, so that time does not tell a stale key id from a bad
 * tag.
 */
#include "nts/cookie.h"

#include <string.h>

#include "base/bytes.h"
#include "base/wipe.h"

#define HEAD_LEN  8 /* key id, AEAD id, format */
#define NONCE_LEN (HEAD_LEN + NTS_COOKIE_RANDOM)
#define FORMAT    2

static const uint8_t purpose[] = "cookie"; /* the authenticated data */

_Static_assert(NTS_COOKIE_BLANK == NONCE_LEN + CRYPTO_AEAD_TAG_LEN + 2 * 32,
    "a cookie of AEAD 15");

void
nts_cookie_keys_init(struct nts_cookie_keys *keys)
{
	memset(keys, 0, sizeof(*keys));
}

static void
put_head(uint8_t head[HEAD_LEN], uint32_t key_id, uint16_t aead)
{
	struct bytes_out out;

	bytes_out_init(&out, head, HEAD_LEN);
	bytes_put_u32(&out, key_id);
	bytes_put_u16(&out, aead);
	bytes_put_u16(&out, FORMAT);
}

static int
load_slot(struct nts_cookie_keys *keys, unsigned idx,
    const struct nts_keyring_slot *from)
{
	struct crypto_aead **ctx = &keys->slots[idx].ctx;
	int rc;

	keys->slots[idx].aead = 0;
	keys->slots[idx].id = from->id;
	if (from->aead == 0)
		return 0;
	if (*ctx && crypto_aead_id(*ctx) != from->aead) {
		crypto_aead_free(*ctx);
		*ctx = NULL;
	}
	if (!*ctx)
		*ctx = crypto_aead_new(from->aead);
	if (!*ctx)
		return ERR_LIBRARY;
	rc = crypto_aead_set_key(
	    *ctx, from->key, crypto_aead_key_len(from->aead));
	if (rc != 0)
		return ERR_LIBRARY;
	keys->slots[idx].aead = from->aead;
	return 0;
}

int
nts_cookie_keys_load(
    struct nts_cookie_keys *keys, const struct nts_keyring *ring)
{
	uint32_t old_id = keys->slots[NTS_KEYRING_CURRENT].id;

	if (!nts_keyring_valid(ring))
		return ERR_BAD;
	for (unsigned i = 0; i < NTS_KEYRING_SLOTS; i++) {
		if (load_slot(keys, i, &ring->slots[i]) != 0) {
			nts_cookie_keys_fini(keys);
			return ERR_LIBRARY;
		}
	}
	if (keys->slots[NTS_KEYRING_CURRENT].id != old_id)
		keys->seal_cnt = 0;
	put_head(keys->blank, keys->slots[NTS_KEYRING_CURRENT].id,
	    CRYPTO_AEAD_SIV_256);
	return 0;
}

void
nts_cookie_keys_fini(struct nts_cookie_keys *keys)
{
	for (unsigned i = 0; i < NTS_KEYRING_SLOTS; i++)
		crypto_aead_free(keys->slots[i].ctx);
	memset(keys, 0, sizeof(*keys));
}

size_t
nts_cookie_len(unsigned aead)
{
	size_t key_len = crypto_aead_key_len(aead);

	if (key_len == 0)
		return 0;
	return NONCE_LEN + CRYPTO_AEAD_TAG_LEN + 2 * key_len;
}

/* ---- sealing ----------------------------------------------------------- */

/* Cookies under way: all of one AEAD's sessions. */
struct batch {
	struct crypto_aead *ctx;
	uint8_t head[HEAD_LEN];
	size_t key_len;
	size_t cnt; /* in the scratch */
	struct nts_cookie_scratch *scratch;
	struct rng *rng;
};

/* The random parts of all of them come in one go. */
static int
flush(struct batch *b)
{
	uint8_t(*random)[NTS_COOKIE_RANDOM] = b->scratch->random;
	struct crypto_box_out *boxes = b->scratch->sealed;
	struct crypto_aead_boxes all = {
	    purpose, sizeof purpose, 2 * b->key_len, b->cnt};

	b->cnt = 0;
	if (all.cnt == 0)
		return 0;
	rng_bytes(b->rng, random, all.cnt * sizeof random[0]);
	for (size_t i = 0; i < all.cnt; i++) {
		memcpy(boxes[i].box, b->head, HEAD_LEN);
		memcpy(boxes[i].box + HEAD_LEN, random[i], sizeof random[i]);
	}
	return crypto_aead_seal_boxes(b->ctx, &all, boxes);
}

static int
add_room(
    struct batch *b, const struct nts_cookie_room *room, const uint8_t *plain)
{
	int err = 0;

	if (b->cnt + room->cnt > NTS_COOKIE_BOXES)
		err = flush(b);
	for (unsigned i = 0; err == 0 && i < room->cnt; i++)
		b->scratch->sealed[b->cnt++] = (struct crypto_box_out){
		    room->first + i * room->stride, plain};
	return err;
}

static bool
rooms_good(const struct nts_cookie_room *rooms, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		if (!nts_keys_valid(rooms[i].session) ||
		    rooms[i].cnt > NTS_COOKIE_BOXES)
			return false;
	return cnt <= NTS_COOKIE_BATCH;
}

/* All sessions of the AEAD of the first of them. */
static int
seal_kind(struct nts_cookie_keys *keys, const struct nts_cookie_room *rooms,
    size_t cnt, struct rng *rng)
{
	struct batch b = {.ctx = keys->slots[NTS_KEYRING_CURRENT].ctx,
	    .scratch = &keys->scratch,
	    .rng = rng};
	uint16_t aead = rooms[0].session->aead;
	int err = 0;

	b.key_len = rooms[0].session->key_len;
	put_head(b.head, keys->slots[NTS_KEYRING_CURRENT].id, aead);
	for (size_t i = 0; err == 0 && i < cnt; i++) {
		const struct nts_keys *session = rooms[i].session;
		uint8_t *plain;

		if (session->aead != aead)
			continue;
		plain = keys->scratch.plains[i];
		memcpy(plain, session->c2s, b.key_len);
		memcpy(plain + b.key_len, session->s2c, b.key_len);
		err = add_room(&b, &rooms[i], plain);
		keys->seal_cnt += rooms[i].cnt;
	}
	if (err == 0)
		err = flush(&b);
	wipe_bytes(keys->scratch.plains, cnt * sizeof keys->scratch.plains[0]);
	return err;
}

int
nts_cookie_seal_many(struct nts_cookie_keys *keys,
    const struct nts_cookie_room *rooms, size_t cnt, struct rng *rng)
{
	int err = 0;

	if (!rooms_good(rooms, cnt))
		return ERR_BAD;
	if (keys->slots[NTS_KEYRING_CURRENT].aead == 0)
		return ERR_ABSENT;
	for (size_t i = 0; err == 0 && i < cnt; i++) {
		bool done = false;

		for (size_t j = 0; j < i && !done; j++)
			done = rooms[j].session->aead == rooms[i].session->aead;
		if (!done)
			err = seal_kind(keys, rooms + i, cnt - i, rng);
	}
	return err;
}

int
nts_cookie_seal(struct nts_cookie_keys *keys, const struct nts_keys *session,
    struct rng *rng, uint8_t *out)
{
	struct nts_cookie_room room = {session, out, 0, 1};

	return nts_cookie_seal_many(keys, &room, 1, rng);
}

/* ---- opening ----------------------------------------------------------- */

/* Return: the slot that opens this cookie, or -1. */
static int
find_slot(const struct nts_cookie_keys *keys, const uint8_t *cookie, size_t len,
    uint16_t *aead)
{
	struct bytes_in in;
	uint16_t format;
	uint32_t id;

	bytes_in_init(&in, cookie, len);
	id = bytes_get_u32(&in);
	*aead = bytes_get_u16(&in);
	format = bytes_get_u16(&in);
	if (in.bad || format != FORMAT || len != nts_cookie_len(*aead))
		return -1;
	for (int i = 0; i < NTS_KEYRING_SLOTS; i++)
		if (keys->slots[i].aead != 0 && keys->slots[i].id == id)
			return i;
	return -1;
}

static void
session_zero(struct nts_keys *session)
{
	wipe_bytes(session, sizeof(*session));
	session->aead = CRYPTO_AEAD_SIV_256;
	session->key_len = (uint8_t)crypto_aead_key_len(CRYPTO_AEAD_SIV_256);
}

static void
look_at(const struct nts_cookie_keys *keys, const struct nts_cookie_ask *ask,
    struct nts_cookie_opening *o)
{
	uint16_t aead;

	*o =
	    (struct nts_cookie_opening){.cookie = ask->cookie, .len = ask->len};
	o->slot = find_slot(keys, ask->cookie, ask->len, &aead);
	o->known = o->slot >= 0;
	if (!o->known)
		*o = (struct nts_cookie_opening){.cookie = keys->blank,
		    .len = sizeof keys->blank,
		    .slot = NTS_KEYRING_CURRENT};
}

static void
take_session(const struct nts_cookie_opening *o, const uint8_t *plain,
    struct nts_cookie_ask *ask)
{
	struct nts_keys *session = ask->session;
	struct bytes_in in;

	bytes_in_init(&in, o->cookie, HEAD_LEN);
	(void)bytes_get_u32(&in);
	session->aead = bytes_get_u16(&in);
	session->key_len = (uint8_t)crypto_aead_key_len(session->aead);
	memcpy(session->c2s, plain, session->key_len);
	memcpy(session->s2c, plain + session->key_len, session->key_len);
	ask->err = 0;
}

/* All that are like the first: one head, so one key and one length. */
static void
open_kind(struct nts_cookie_keys *keys, struct nts_cookie_opening *o,
    struct nts_cookie_ask *asks, size_t cnt)
{
	struct nts_cookie_scratch *s = &keys->scratch;
	struct crypto_aead_boxes all = {.ad = purpose,
	    .ad_len = sizeof purpose,
	    .plain_len = o->len - NONCE_LEN - CRYPTO_AEAD_TAG_LEN};

	for (size_t i = 0; i < cnt; i++) {
		if (o[i].taken || o[i].slot != o->slot || o[i].len != o->len ||
		    memcmp(o[i].cookie, o->cookie, HEAD_LEN) != 0)
			continue;
		o[i].taken = true;
		s->which[all.cnt] = (uint8_t)i;
		s->opened[all.cnt] = (struct crypto_box_in){
		    o[i].cookie, s->plains[all.cnt], ERR_AUTH};
		all.cnt++;
	}
	if (keys->slots[o->slot].aead == 0 ||
	    crypto_aead_open_boxes(keys->slots[o->slot].ctx, &all, s->opened) <
		0)
		return;
	for (size_t i = 0; i < all.cnt; i++)
		if (s->opened[i].err == 0 && o[s->which[i]].known)
			take_session(
			    &o[s->which[i]], s->plains[i], &asks[s->which[i]]);
	wipe_bytes(s->plains, all.cnt * sizeof s->plains[0]);
}

void
nts_cookie_open_many(
    struct nts_cookie_keys *keys, struct nts_cookie_ask *asks, size_t cnt)
{
	struct nts_cookie_opening *o = keys->scratch.openings;

	for (size_t i = 0; i < cnt; i++) {
		session_zero(asks[i].session);
		asks[i].err = ERR_AUTH;
		look_at(keys, &asks[i], &o[i]);
	}
	for (size_t i = 0; i < cnt; i++)
		if (!o[i].taken)
			open_kind(keys, o + i, asks + i, cnt - i);
}

int
nts_cookie_open(struct nts_cookie_keys *keys, const uint8_t *cookie, size_t len,
    struct nts_keys *session)
{
	struct nts_cookie_ask ask = {cookie, len, session, 0};

	nts_cookie_open_many(keys, &ask, 1);
	return ask.err;
}
