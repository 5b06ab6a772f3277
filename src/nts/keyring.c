/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring of cookie keys and its persisted form.  RFC 8915 section 6.
 *
 *	magic 8 | rotated 8 | slots 5 x (id 4, aead 2, 0 2, created 8, key 64)
 *	| checksum 8
 *
 * The checksum finds accidents; the file's permissions keep intruders out.
 */
#include "nts/keyring.h"

#include <string.h>

#include "base/siphash.h"
#include "base/wipe.h"

#define KEY_AEAD     CRYPTO_AEAD_SIV_256 /* of new keys: the fastest */
#define CHECKSUM_LEN 8

static const uint8_t magic[8] = "TNRING\0\1"; /* the version is last */
static const uint8_t checksum_key[SIPHASH_KEY_LEN] = "nts key ring v1";

static bool
id_is_used(const struct nts_keyring *ring, uint32_t id)
{
	return nts_keyring_find(ring, id) >= 0;
}

static void
draw_key(
    struct nts_keyring *ring, unsigned idx, struct wall now, struct rng *rng)
{
	struct nts_keyring_slot *s = &ring->slots[idx];
	uint32_t id;

	do
		id = (uint32_t)rng_u64(rng);
	while (id == 0 || id_is_used(ring, id));
	wipe_bytes(s, sizeof(*s));
	s->id = id;
	s->aead = KEY_AEAD;
	s->created = now;
	rng_bytes(rng, s->key, crypto_aead_key_len(KEY_AEAD));
}

void
nts_keyring_init(struct nts_keyring *ring, struct wall now, struct rng *rng)
{
	memset(ring, 0, sizeof(*ring));
	draw_key(ring, NTS_KEYRING_CURRENT, now, rng);
	draw_key(ring, NTS_KEYRING_NEXT, now, rng);
	ring->rotated = now;
}

void
nts_keyring_rotate(struct nts_keyring *ring, struct wall now, struct rng *rng)
{
	wipe_bytes(&ring->slots[NTS_KEYRING_SLOTS - 1], sizeof(ring->slots[0]));
	for (unsigned i = NTS_KEYRING_SLOTS - 1; i > 0; i--)
		ring->slots[i] = ring->slots[i - 1];
	wipe_bytes(&ring->slots[NTS_KEYRING_NEXT], sizeof(ring->slots[0]));
	draw_key(ring, NTS_KEYRING_NEXT, now, rng);
	ring->rotated = now;
}

/* A rotation that lies more than a period ahead was stamped by a clock that
 * was wrong: waiting for it could take for ever. */
struct dur
nts_keyring_wait(
    const struct nts_keyring *ring, struct wall now, struct dur period)
{
	struct dur age = tstamp_wall_diff(now, ring->rotated);

	if (period.ns <= 0)
		return (struct dur){INT64_MAX};
	if (age.ns >= period.ns || age.ns < -period.ns)
		return (struct dur){0};
	if (age.ns < 0 && period.ns > INT64_MAX + age.ns)
		return (struct dur){INT64_MAX};
	return (struct dur){period.ns - age.ns};
}

bool
nts_keyring_due(const struct nts_keyring *ring, struct wall now,
    struct dur period, uint64_t seal_cnt)
{
	return seal_cnt >= NTS_KEYRING_SEALS_MAX ||
	    nts_keyring_wait(ring, now, period).ns == 0;
}

unsigned
nts_keyring_catch_up(struct nts_keyring *ring, struct wall now,
    struct dur period, struct rng *rng)
{
	struct dur age = tstamp_wall_diff(now, ring->rotated);
	int64_t cnt = 0;

	if (period.ns > 0 && age.ns > 0)
		cnt = age.ns / period.ns;
	if (cnt > NTS_KEYRING_SLOTS)
		cnt = NTS_KEYRING_SLOTS;
	for (int64_t i = 0; i < cnt; i++)
		nts_keyring_rotate(ring, now, rng);
	return (unsigned)cnt;
}

int
nts_keyring_find(const struct nts_keyring *ring, uint32_t id)
{
	for (int i = 0; i < NTS_KEYRING_SLOTS; i++)
		if (ring->slots[i].aead != 0 && ring->slots[i].id == id)
			return i;
	return ERR_ABSENT;
}

static bool
is_zero(const uint8_t *p, size_t len)
{
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= p[i];
	return any == 0;
}

static bool
slot_valid(const struct nts_keyring_slot *s)
{
	size_t len = crypto_aead_key_len(s->aead);

	if (s->aead == 0)
		return s->id == 0 && is_zero(s->key, sizeof(s->key));
	if (s->aead != CRYPTO_AEAD_SIV_256 && s->aead != CRYPTO_AEAD_SIV_512)
		return false;
	return s->id != 0 && !is_zero(s->key, len) &&
	    is_zero(s->key + len, sizeof(s->key) - len);
}

bool
nts_keyring_valid(const struct nts_keyring *ring)
{
	for (int i = 0; i < NTS_KEYRING_SLOTS; i++) {
		const struct nts_keyring_slot *s = &ring->slots[i];

		if (!slot_valid(s))
			return false;
		if (s->aead != 0 && nts_keyring_find(ring, s->id) != i)
			return false;
	}
	return ring->slots[NTS_KEYRING_NEXT].aead != 0 &&
	    ring->slots[NTS_KEYRING_CURRENT].aead != 0;
}

void
nts_keyring_encode(
    const struct nts_keyring *ring, uint8_t buf[NTS_KEYRING_FILE_LEN])
{
	struct bytes_out out;

	bytes_out_init(&out, buf, NTS_KEYRING_FILE_LEN);
	bytes_put_raw(&out, magic, sizeof(magic));
	bytes_put_u64(&out, (uint64_t)ring->rotated.ns);
	for (int i = 0; i < NTS_KEYRING_SLOTS; i++) {
		const struct nts_keyring_slot *s = &ring->slots[i];

		bytes_put_u32(&out, s->id);
		bytes_put_u16(&out, s->aead);
		bytes_put_u16(&out, 0);
		bytes_put_u64(&out, (uint64_t)s->created.ns);
		bytes_put_raw(&out, s->key, sizeof(s->key));
	}
	bytes_put_u64(&out, siphash_24(checksum_key, buf, out.pos));
}

static bool
decode_slots(struct nts_keyring *ring, struct bytes_in *in)
{
	bool ok = true;

	for (int i = 0; i < NTS_KEYRING_SLOTS; i++) {
		struct nts_keyring_slot *s = &ring->slots[i];

		s->id = bytes_get_u32(in);
		s->aead = bytes_get_u16(in);
		ok = bytes_get_u16(in) == 0 && ok;
		s->created.ns = (int64_t)bytes_get_u64(in);
		bytes_get_raw(in, s->key, sizeof(s->key));
	}
	return ok;
}

int
nts_keyring_decode(struct nts_keyring *ring, const uint8_t *buf, size_t len)
{
	size_t body_len = NTS_KEYRING_FILE_LEN - CHECKSUM_LEN;
	struct bytes_in in;
	bool ok;

	memset(ring, 0, sizeof(*ring));
	if (len != NTS_KEYRING_FILE_LEN)
		return ERR_BAD;
	bytes_in_init(&in, buf, len);
	ok = memcmp(bytes_take(&in, sizeof(magic)), magic, sizeof(magic)) == 0;
	ring->rotated.ns = (int64_t)bytes_get_u64(&in);
	ok = decode_slots(ring, &in) && ok;
	ok =
	    bytes_get_u64(&in) == siphash_24(checksum_key, buf, body_len) && ok;
	if (ok && nts_keyring_valid(ring))
		return 0;
	nts_keyring_wipe(ring);
	return ERR_BAD;
}

void
nts_keyring_wipe(struct nts_keyring *ring)
{
	wipe_bytes(ring, sizeof(*ring));
}
