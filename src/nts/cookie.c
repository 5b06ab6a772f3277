/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Server cookies.  RFC 8915 section 6.  Whatever is wrong with a cookie, one
 * AEAD open is done, so that time does not tell a stale key id from a bad
 * tag.
 */
#include "nts/cookie.h"

#include <string.h>

#include "base/bytes.h"
#include "base/wipe.h"

#define HEAD_LEN  8 /* key id, AEAD id, format: the authenticated data */
#define NONCE_LEN 16
#define FORMAT    1
#define PLAIN_MAX (2 * CRYPTO_AEAD_KEY_MAX)

void
nts_cookie_keys_init(struct nts_cookie_keys *keys)
{
	memset(keys, 0, sizeof(*keys));
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
	return HEAD_LEN + NONCE_LEN + CRYPTO_AEAD_TAG_LEN + 2 * key_len;
}

static struct crypto_aead_msg
cookie_msg(const uint8_t *cookie)
{
	return (struct crypto_aead_msg){
	    .nonce = cookie + HEAD_LEN,
	    .nonce_len = NONCE_LEN,
	    .ad = cookie,
	    .ad_len = HEAD_LEN,
	};
}

/* What is in front of the tag, fresh nonces for all in one go. */
static void
put_fronts(const struct nts_cookie_keys *keys, const struct nts_keys *session,
    struct rng *rng, const struct nts_cookie_room *room)
{
	uint8_t nonces[NTS_COOKIE_MANY][NONCE_LEN];

	rng_bytes(rng, nonces, room->cnt * sizeof nonces[0]);
	for (unsigned i = 0; i < room->cnt; i++) {
		struct bytes_out front;

		bytes_out_init(&front, room->first + i * room->stride,
		    HEAD_LEN + NONCE_LEN);
		bytes_put_u32(&front, keys->slots[NTS_KEYRING_CURRENT].id);
		bytes_put_u16(&front, session->aead);
		bytes_put_u16(&front, FORMAT);
		bytes_put_raw(&front, nonces[i], NONCE_LEN);
	}
}

int
nts_cookie_seal_many(struct nts_cookie_keys *keys,
    const struct nts_keys *session, struct rng *rng,
    const struct nts_cookie_room *room)
{
	size_t key_len = session->key_len;
	uint8_t plain[PLAIN_MAX];
	struct crypto_aead_boxes boxes = {room->first, HEAD_LEN, plain,
	    2 * key_len, room->first + HEAD_LEN, room->stride, room->cnt};
	int rc;

	if (!nts_keys_valid(session) || room->cnt > NTS_COOKIE_MANY)
		return ERR_BAD;
	if (keys->slots[NTS_KEYRING_CURRENT].aead == 0)
		return ERR_ABSENT;
	put_fronts(keys, session, rng, room);
	memcpy(plain, session->c2s, key_len);
	memcpy(plain + key_len, session->s2c, key_len);
	rc = crypto_aead_seal_boxes(
	    keys->slots[NTS_KEYRING_CURRENT].ctx, &boxes);
	wipe_bytes(plain, 2 * key_len);
	keys->seal_cnt += room->cnt;
	return rc;
}

int
nts_cookie_seal(struct nts_cookie_keys *keys, const struct nts_keys *session,
    struct rng *rng, uint8_t *out)
{
	struct nts_cookie_room room = {out, 0, 1};

	return nts_cookie_seal_many(keys, session, rng, &room);
}

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

int
nts_cookie_open(struct nts_cookie_keys *keys, const uint8_t *cookie, size_t len,
    struct nts_keys *session)
{
	/* What is opened in place of a cookie that cannot be ours; nobody
	 * gets a good tag on it but by guessing one. */
	static const uint8_t blank[HEAD_LEN + NONCE_LEN + CRYPTO_AEAD_TAG_LEN +
	    2 * 32] = {0, 0, 0, 0, 0, CRYPTO_AEAD_SIV_256, 0, FORMAT};
	uint16_t aead;
	int slot = find_slot(keys, cookie, len, &aead);
	bool known = slot >= 0;
	struct crypto_aead_msg msg;
	uint8_t plain[PLAIN_MAX];
	size_t key_len;
	int rc;

	session_zero(session);
	if (!known) {
		slot = NTS_KEYRING_CURRENT;
		cookie = blank;
		len = sizeof(blank);
	}
	if (keys->slots[slot].aead == 0)
		return ERR_AUTH;
	msg = cookie_msg(cookie);
	rc = crypto_aead_open(keys->slots[slot].ctx, &msg,
	    cookie + HEAD_LEN + NONCE_LEN, len - HEAD_LEN - NONCE_LEN, plain);
	if (rc == 0 && known) {
		key_len = crypto_aead_key_len(aead);
		session->aead = aead;
		session->key_len = (uint8_t)key_len;
		memcpy(session->c2s, plain, key_len);
		memcpy(session->s2c, plain + key_len, key_len);
	}
	wipe_bytes(plain, sizeof(plain));
	return rc == 0 && known ? 0 : ERR_AUTH;
}
