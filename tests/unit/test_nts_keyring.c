/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The key ring: rotation, age, persisted form.
 */
#include "nts/keyring.h"
#include "nts_rig.h"

#define DAY_NS (86400 * TSTAMP_NS_PER_S)

static const struct wall t0 = {1800000000 * TSTAMP_NS_PER_S};
static const struct dur day = {DAY_NS};

static struct wall
at_days(double days)
{
	return tstamp_wall_add(t0, tstamp_dur_from_s(days * 86400));
}

static void
new_ring(void **state)
{
	uint64_t seed = 1;
	struct rng rng = rig_rng(&seed);
	struct nts_keyring ring;

	(void)state;
	nts_keyring_init(&ring, t0, &rng);
	assert_true(nts_keyring_valid(&ring));
	assert_int_equal(ring.rotated.ns, t0.ns);
	assert_int_not_equal(ring.slots[0].id, ring.slots[1].id);
	assert_memory_not_equal(ring.slots[0].key, ring.slots[1].key, 32);
	for (int i = NTS_KEYRING_PAST; i < NTS_KEYRING_SLOTS; i++)
		assert_int_equal(ring.slots[i].aead, 0);
	assert_int_equal(nts_keyring_find(&ring, ring.slots[0].id), 0);
	assert_int_equal(nts_keyring_find(&ring, ring.slots[1].id), 1);
	assert_int_equal(nts_keyring_find(&ring, 0), ERR_ABSENT);
	nts_keyring_wipe(&ring);
	assert_false(nts_keyring_valid(&ring));
}

/* R1: a key is seen a period before it is used, and for at least two
 * rotations after. */
static void
r1_rotation_keeps_keys(void **state)
{
	uint64_t seed = 2;
	struct rng rng = rig_rng(&seed);
	struct nts_keyring ring, old;

	(void)state;
	nts_keyring_init(&ring, t0, &rng);
	old = ring;
	for (int n = 1; n <= 10; n++) {
		uint32_t next = ring.slots[NTS_KEYRING_NEXT].id;
		uint32_t current = ring.slots[NTS_KEYRING_CURRENT].id;

		nts_keyring_rotate(&ring, at_days(n), &rng);
		assert_true(nts_keyring_valid(&ring));
		assert_int_equal(ring.slots[NTS_KEYRING_CURRENT].id, next);
		assert_int_equal(ring.slots[NTS_KEYRING_PAST].id, current);
		assert_int_equal(ring.rotated.ns, at_days(n).ns);
		/* Slot 1 of the first ring stays for three rotations. */
		assert_int_equal(
		    nts_keyring_find(&ring, old.slots[1].id) >= 0, n <= 3);
	}
}

static void
rotation_is_due_by_age_and_count(void **state)
{
	uint64_t seed = 3;
	struct rng rng = rig_rng(&seed);
	struct nts_keyring r;

	(void)state;
	nts_keyring_init(&r, t0, &rng);
	assert_false(nts_keyring_due(&r, t0, day, 0));
	assert_false(nts_keyring_due(&r, at_days(0.99), day, 0));
	assert_true(nts_keyring_due(&r, at_days(1), day, 0));
	assert_true(nts_keyring_due(&r, at_days(5), day, 0));
	/* A clock set back a little, and one that had been years ahead. */
	assert_false(nts_keyring_due(&r, at_days(-0.5), day, 0));
	assert_true(nts_keyring_due(&r, at_days(-1.5), day, 0));
	assert_false(nts_keyring_due(&r, at_days(900), (struct dur){0}, 0));
	assert_false(nts_keyring_due(&r, t0, day, NTS_KEYRING_SEALS_MAX - 1));
	assert_true(nts_keyring_due(&r, t0, day, NTS_KEYRING_SEALS_MAX));
	assert_int_equal(nts_keyring_wait(&r, t0, day).ns, DAY_NS);
	assert_int_equal(
	    nts_keyring_wait(&r, at_days(0.25), day).ns, DAY_NS / 4 * 3);
	assert_int_equal(nts_keyring_wait(&r, at_days(2), day).ns, 0);
	assert_int_equal(
	    nts_keyring_wait(&r, t0, (struct dur){0}).ns, INT64_MAX);
	assert_int_equal(nts_keyring_wait(&r, (struct wall){t0.ns - 1},
			     (struct dur){INT64_MAX})
			     .ns,
	    INT64_MAX);
}

static void
loaded_ring_catches_up(void **state)
{
	static const struct {
		double days;
		unsigned cnt;
	} cases[] = {{0.5, 0}, {1.5, 1}, {3.1, 3}, {4, 4}, {400, 5}, {-3, 0}};
	uint64_t seed = 4;
	struct rng rng = rig_rng(&seed);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nts_keyring r, before;

		nts_keyring_init(&r, t0, &rng);
		before = r;
		assert_int_equal(
		    nts_keyring_catch_up(&r, at_days(cases[i].days), day, &rng),
		    cases[i].cnt);
		assert_true(nts_keyring_valid(&r));
		assert_int_equal(nts_keyring_find(&r, before.slots[1].id) >= 0,
		    cases[i].cnt <= 3);
		assert_int_equal(
		    nts_keyring_catch_up(
			&r, at_days(cases[i].days), (struct dur){0}, &rng),
		    0);
	}
}

static void
sample(struct nts_keyring *ring, unsigned rotations)
{
	uint64_t seed = 5;
	struct rng rng = rig_rng(&seed);

	nts_keyring_init(ring, t0, &rng);
	for (unsigned i = 0; i < rotations; i++)
		nts_keyring_rotate(ring, at_days(i + 1), &rng);
}

/* R2: what is written is what is read. */
static void
r2_persisted_form(void **state)
{
	uint8_t buf[NTS_KEYRING_FILE_LEN], again[NTS_KEYRING_FILE_LEN];
	struct nts_keyring a, b;

	(void)state;
	for (unsigned n = 0; n < 6; n++) {
		sample(&a, n);
		if (n == 5) {
			a.slots[1].aead = CRYPTO_AEAD_SIV_512;
			memset(a.slots[1].key, 0x55, 64);
		}
		nts_keyring_encode(&a, buf);
		assert_int_equal(nts_keyring_decode(&b, buf, sizeof(buf)), 0);
		assert_int_equal(b.rotated.ns, a.rotated.ns);
		for (int i = 0; i < NTS_KEYRING_SLOTS; i++) {
			assert_int_equal(b.slots[i].id, a.slots[i].id);
			assert_int_equal(b.slots[i].aead, a.slots[i].aead);
			assert_int_equal(
			    b.slots[i].created.ns, a.slots[i].created.ns);
			assert_memory_equal(b.slots[i].key, a.slots[i].key, 64);
		}
		nts_keyring_encode(&b, again);
		assert_memory_equal(buf, again, sizeof(buf));
	}
}

static void
assert_refused(const uint8_t *buf, size_t len)
{
	static const struct nts_keyring zero;
	struct nts_keyring ring;

	memset(&ring, 0xff, sizeof(ring));
	assert_int_equal(nts_keyring_decode(&ring, buf, len), ERR_BAD);
	assert_memory_equal(&ring, &zero, sizeof(ring));
}

/* K4: truncated anywhere, longer, one bit wrong anywhere, foreign. */
static void
k4_damaged_file(void **state)
{
	uint8_t buf[NTS_KEYRING_FILE_LEN + 8] = {0};
	struct nts_keyring ring;

	(void)state;
	sample(&ring, 2);
	nts_keyring_encode(&ring, buf);
	for (size_t len = 0; len < NTS_KEYRING_FILE_LEN; len++)
		assert_refused(buf, len);
	assert_refused(buf, NTS_KEYRING_FILE_LEN + 1);
	for (size_t bit = 0; bit < 8 * NTS_KEYRING_FILE_LEN; bit++) {
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_refused(buf, NTS_KEYRING_FILE_LEN);
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	memset(buf, 0, sizeof(buf));
	assert_refused(buf, NTS_KEYRING_FILE_LEN);
	memset(buf, 'A', sizeof(buf));
	assert_refused(buf, NTS_KEYRING_FILE_LEN);
}

/* The checksum is right, the content is not. */
static void
k4_unsound_content(void **state)
{
	uint8_t buf[NTS_KEYRING_FILE_LEN];
	struct nts_keyring good, ring;

	(void)state;
	sample(&good, 3);
	for (int what = 0; what < 7; what++) {
		ring = good;
		switch (what) {
		case 0:
			ring.slots[3].id = ring.slots[1].id;
			break;
		case 1:
			memset(&ring.slots[0], 0, sizeof(ring.slots[0]));
			break;
		case 2:
			memset(&ring.slots[1], 0, sizeof(ring.slots[1]));
			break;
		case 3:
			ring.slots[2].aead = CRYPTO_AEAD_GCM_SIV_128;
			break;
		case 4:
			ring.slots[2].key[40] = 1;
			break;
		case 5:
			memset(ring.slots[2].key, 0, 64);
			break;
		default:
			ring.slots[2].id = 0;
		}
		assert_false(nts_keyring_valid(&ring));
		nts_keyring_encode(&ring, buf);
		assert_refused(buf, sizeof(buf));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(new_ring),
	    cmocka_unit_test(r1_rotation_keeps_keys),
	    cmocka_unit_test(rotation_is_due_by_age_and_count),
	    cmocka_unit_test(loaded_ring_catches_up),
	    cmocka_unit_test(r2_persisted_form),
	    cmocka_unit_test(k4_damaged_file),
	    cmocka_unit_test(k4_unsound_content),
	};

	return cmocka_run_group_tests_name("nts/keyring", tests, NULL, NULL);
}
