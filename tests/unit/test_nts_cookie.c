/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our cookies: what is sealed opens, and nothing else does.
 */
#include "nts/cookie.h"
#include "nts_rig.h"

static const unsigned aeads[] = {15, 16, 17, 30, 31};
static const size_t lens[] = {96, 128, 160, 64, 96};

struct jig {
	uint64_t seed;
	struct rng rng;
	struct nts_keyring ring;
	struct nts_cookie_keys keys;
};

static void
jig_init(struct jig *j)
{
	j->seed = 11;
	j->rng = rig_rng(&j->seed);
	nts_keyring_init(&j->ring, (struct wall){0}, &j->rng);
	nts_cookie_keys_init(&j->keys);
	assert_int_equal(nts_cookie_keys_load(&j->keys, &j->ring), 0);
}

static void
assert_refused(struct jig *j, const uint8_t *cookie, size_t len)
{
	struct nts_keys got, zero = {.aead = 15, .key_len = 32};

	memset(&got, 0xee, sizeof(got));
	got.aead = got.key_len = 0;
	assert_int_equal(
	    nts_cookie_open(&j->keys, cookie, len, &got), ERR_AUTH);
	assert_int_equal(got.aead, 15);
	assert_int_equal(got.key_len, 32);
	assert_memory_equal(got.c2s, zero.c2s, sizeof(zero.c2s));
	assert_memory_equal(got.s2c, zero.s2c, sizeof(zero.s2c));
}

/* The lengths are for ever: clients hold such cookies. */
static void
lengths_are_fixed(void **state)
{
	(void)state;
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(nts_cookie_len(aeads[i]), lens[i]);
		assert_int_equal(lens[i] % 4, 0);
		assert_true(lens[i] <= NTS_COOKIE_OURS_MAX);
	}
	assert_int_equal(nts_cookie_len(14), 0);
	assert_int_equal(nts_cookie_len(0), 0);
}

static void
sealed_opens(void **state)
{
	struct jig j;

	(void)state;
	jig_init(&j);
	for (size_t i = 0; i < 5; i++) {
		struct nts_keys in = rig_keys(aeads[i], &j.rng), got;
		uint8_t a[NTS_COOKIE_OURS_MAX], b[NTS_COOKIE_OURS_MAX];

		assert_int_equal(nts_cookie_seal(&j.keys, &in, &j.rng, a), 0);
		assert_int_equal(nts_cookie_seal(&j.keys, &in, &j.rng, b), 0);
		assert_memory_not_equal(a + 8, b + 8, lens[i] - 8);
		assert_int_equal(nts_cookie_open(&j.keys, a, lens[i], &got), 0);
		assert_memory_equal(&got, &in, sizeof(in));
		/* D6: the same again is served. */
		assert_int_equal(nts_cookie_open(&j.keys, a, lens[i], &got), 0);
		assert_int_equal(nts_cookie_open(&j.keys, b, lens[i], &got), 0);
	}
	assert_int_equal(j.keys.seal_cnt, 10);
	nts_cookie_keys_fini(&j.keys);
}

#define MANY 8

static void
many_are_like_one(void **state)
{
	uint8_t at[MANY * (NTS_COOKIE_OURS_MAX + 4)];
	struct jig j;

	(void)state;
	jig_init(&j);
	for (size_t i = 0; i < 5; i++) {
		struct nts_keys in = rig_keys(aeads[i], &j.rng), got;
		unsigned cnt = MANY - (unsigned)i % 3;
		struct nts_cookie_room room = {&in, at, lens[i] + 4, cnt};

		memset(at, 0xee, sizeof at);
		assert_int_equal(
		    nts_cookie_seal_many(&j.keys, &room, 1, &j.rng), 0);
		for (unsigned n = 0; n < cnt; n++) {
			uint8_t *c = at + n * room.stride;

			assert_int_equal(c[lens[i]], 0xee);
			assert_int_equal(
			    nts_cookie_open(&j.keys, c, lens[i], &got), 0);
			assert_memory_equal(&got, &in, sizeof in);
			/* Nothing of one is found in another. */
			for (size_t k = 8; n > 0 && k + 16 <= lens[i]; k += 16)
				assert_memory_not_equal(
				    c + k, c + k - room.stride, 16);
		}
	}
	assert_int_equal(j.keys.seal_cnt, 8 + 7 + 6 + 8 + 7);
	nts_cookie_keys_fini(&j.keys);
}

#define BATCH NTS_COOKIE_BATCH

/* Sessions of several kinds, under two keys, some cookies spoilt, garbage:
 * each comes out as it does alone. */
static void
batch_is_like_one_by_one(void **state)
{
	static uint8_t room[BATCH][4][NTS_COOKIE_OURS_MAX];
	struct nts_keys in[BATCH], got[BATCH], alone;
	struct nts_cookie_room rooms[BATCH];
	struct nts_cookie_ask asks[BATCH];
	struct jig j;

	(void)state;
	jig_init(&j);
	for (unsigned i = 0; i < BATCH; i++) {
		in[i] = rig_keys(aeads[i * i % 3], &j.rng);
		rooms[i] = (struct nts_cookie_room){
		    &in[i], room[i][0], NTS_COOKIE_OURS_MAX, 1 + i % 4};
	}
	assert_int_equal(nts_cookie_seal_many(&j.keys, rooms, 8, &j.rng), 0);
	nts_keyring_rotate(&j.ring, (struct wall){1}, &j.rng);
	assert_int_equal(nts_cookie_keys_load(&j.keys, &j.ring), 0);
	assert_int_equal(
	    nts_cookie_seal_many(&j.keys, rooms + 8, BATCH - 8, &j.rng), 0);
	assert_int_equal(j.keys.seal_cnt, 20);
	for (unsigned i = 0; i < BATCH; i++)
		asks[i] = (struct nts_cookie_ask){room[i][i % (1 + i % 4)],
		    nts_cookie_len(in[i].aead), &got[i], 1};
	room[3][3][3] ^= 0x80; /* an unknown key */
	room[5][1][40] ^= 1;
	room[9][1][90] ^= 1;
	asks[11].len = 9;
	nts_cookie_open_many(&j.keys, asks, BATCH);
	for (unsigned i = 0; i < BATCH; i++) {
		bool bad = i == 3 || i == 5 || i == 9 || i == 11;

		assert_int_equal(asks[i].err, bad ? ERR_AUTH : 0);
		assert_int_equal(nts_cookie_open(&j.keys, asks[i].cookie,
				     asks[i].len, &alone),
		    asks[i].err);
		assert_memory_equal(&got[i], &alone, sizeof alone);
		if (!bad)
			assert_memory_equal(&got[i], &in[i], sizeof alone);
	}
	rooms[4].session = &got[3];
	got[3].key_len = 31;
	assert_int_equal(
	    nts_cookie_seal_many(&j.keys, rooms, 8, &j.rng), ERR_BAD);
	nts_cookie_keys_fini(&j.keys);
}

/* D1, D2: each bit, each length, garbage. */
static void
d1_d2_damaged(void **state)
{
	uint8_t cookie[1200] = {0};
	struct nts_keys in;
	struct jig j;

	(void)state;
	jig_init(&j);
	for (size_t i = 0; i < 5; i++) {
		in = rig_keys(aeads[i], &j.rng);
		assert_int_equal(
		    nts_cookie_seal(&j.keys, &in, &j.rng, cookie), 0);
		for (size_t bit = 0; bit < 8 * lens[i]; bit++) {
			cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_refused(&j, cookie, lens[i]);
			cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t len = 0; len <= sizeof(cookie); len++)
			if (len != lens[i])
				assert_refused(&j, cookie, len);
	}
	memset(cookie, 0, sizeof(cookie));
	assert_refused(&j, cookie, 96);
	for (int n = 0; n < 1000; n++) {
		rng_bytes(&j.rng, cookie, 96);
		assert_refused(&j, cookie, 96);
	}
	assert_refused(&j, NULL, 0);
	nts_cookie_keys_fini(&j.keys);
}

/* AEAD 15 and 31 have cookies of one length: the id is authenticated. */
static void
d2_other_algorithm(void **state)
{
	uint8_t cookie[NTS_COOKIE_OURS_MAX];
	struct nts_keys in;
	struct jig j;

	(void)state;
	jig_init(&j);
	in = rig_keys(15, &j.rng);
	assert_int_equal(nts_cookie_seal(&j.keys, &in, &j.rng, cookie), 0);
	cookie[5] = 31;
	assert_refused(&j, cookie, 96);
	nts_cookie_keys_fini(&j.keys);
}

/* D5, R1: good for three rotations, then never again; sealed ahead of us by
 * another process it opens, too. */
static void
d5_r1_rotations(void **state)
{
	uint8_t cookie[NTS_COOKIE_OURS_MAX], ahead[NTS_COOKIE_OURS_MAX];
	struct nts_keys in, got;
	struct jig j, other;

	(void)state;
	jig_init(&j);
	other = j;
	nts_cookie_keys_init(&other.keys);
	other.rng.ctx = &other.seed;
	nts_keyring_rotate(&other.ring, (struct wall){1}, &other.rng);
	assert_int_equal(nts_cookie_keys_load(&other.keys, &other.ring), 0);
	in = rig_keys(15, &j.rng);
	assert_int_equal(
	    nts_cookie_seal(&other.keys, &in, &other.rng, ahead), 0);
	assert_int_equal(nts_cookie_open(&j.keys, ahead, 96, &got), 0);
	assert_int_equal(nts_cookie_seal(&j.keys, &in, &j.rng, cookie), 0);
	for (int n = 1; n <= 6; n++) {
		int rc;

		nts_keyring_rotate(&j.ring, (struct wall){n}, &j.rng);
		assert_int_equal(nts_cookie_keys_load(&j.keys, &j.ring), 0);
		assert_int_equal(j.keys.seal_cnt, 0);
		rc = nts_cookie_open(&j.keys, cookie, 96, &got);
		assert_int_equal(rc, n <= 3 ? 0 : ERR_AUTH);
	}
	nts_cookie_keys_fini(&j.keys);
	nts_cookie_keys_fini(&other.keys);
}

/* R2, R3: the same ring elsewhere opens them, another ring does not. */
static void
r2_r3_rings(void **state)
{
	uint8_t cookie[NTS_COOKIE_OURS_MAX];
	struct nts_cookie_keys twin;
	struct nts_keyring foreign;
	struct nts_keys in, got;
	struct jig j;

	(void)state;
	jig_init(&j);
	in = rig_keys(17, &j.rng);
	assert_int_equal(nts_cookie_seal(&j.keys, &in, &j.rng, cookie), 0);
	nts_cookie_keys_init(&twin);
	assert_int_equal(nts_cookie_keys_load(&twin, &j.ring), 0);
	assert_int_equal(nts_cookie_open(&twin, cookie, 160, &got), 0);
	assert_memory_equal(&got, &in, sizeof(in));
	nts_keyring_init(&foreign, (struct wall){0}, &j.rng);
	assert_int_equal(nts_cookie_keys_load(&twin, &foreign), 0);
	assert_int_equal(nts_cookie_open(&twin, cookie, 160, &got), ERR_AUTH);
	nts_cookie_keys_fini(&twin);
	nts_cookie_keys_fini(&j.keys);
}

static void
reload_counts_and_keeps_length(void **state)
{
	uint8_t cookie[NTS_COOKIE_OURS_MAX];
	struct nts_keys in, got;
	struct jig j;

	(void)state;
	jig_init(&j);
	in = rig_keys(15, &j.rng);
	assert_int_equal(nts_cookie_seal(&j.keys, &in, &j.rng, cookie), 0);
	assert_int_equal(nts_cookie_keys_load(&j.keys, &j.ring), 0);
	assert_int_equal(j.keys.seal_cnt, 1);
	/* A ring key of another algorithm: the same cookie length. */
	j.ring.slots[1].aead = CRYPTO_AEAD_SIV_512;
	rng_bytes(&j.rng, j.ring.slots[1].key, 64);
	assert_int_equal(nts_cookie_keys_load(&j.keys, &j.ring), 0);
	assert_int_equal(nts_cookie_seal(&j.keys, &in, &j.rng, cookie), 0);
	assert_int_equal(nts_cookie_open(&j.keys, cookie, 96, &got), 0);
	assert_memory_equal(&got, &in, sizeof(in));
	nts_cookie_keys_fini(&j.keys);
}

static void
no_keys_no_cookies(void **state)
{
	uint8_t cookie[NTS_COOKIE_OURS_MAX] = {0};
	struct nts_keys in, bad;
	struct jig j;

	(void)state;
	jig_init(&j);
	in = rig_keys(15, &j.rng);
	bad = in;
	bad.key_len = 16;
	assert_int_equal(
	    nts_cookie_seal(&j.keys, &bad, &j.rng, cookie), ERR_BAD);
	assert_int_equal(nts_cookie_seal(&j.keys, &in, &j.rng, cookie), 0);
	nts_cookie_keys_fini(&j.keys);
	assert_refused(&j, cookie, 96);
	assert_int_equal(
	    nts_cookie_seal(&j.keys, &in, &j.rng, cookie), ERR_ABSENT);
	j.ring.slots[0].aead = 0;
	assert_int_equal(nts_cookie_keys_load(&j.keys, &j.ring), ERR_BAD);
	nts_cookie_keys_fini(&j.keys);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lengths_are_fixed),
	    cmocka_unit_test(sealed_opens),
	    cmocka_unit_test(many_are_like_one),
	    cmocka_unit_test(batch_is_like_one_by_one),
	    cmocka_unit_test(d1_d2_damaged),
	    cmocka_unit_test(d2_other_algorithm),
	    cmocka_unit_test(d5_r1_rotations),
	    cmocka_unit_test(r2_r3_rings),
	    cmocka_unit_test(reload_counts_and_keeps_length),
	    cmocka_unit_test(no_keys_no_cookies),
	};

	return cmocka_run_group_tests_name("nts/cookie", tests, NULL, NULL);
}
