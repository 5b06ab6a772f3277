/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring of keys that seal cookies: one that will be used next (given out
 * a period ahead, so that every process has it before any cookie needs it),
 * the current one, and past ones that still open.  RFC 8915 section 6.
 * Plain data of fixed size: it travels by value.  Holds secrets.
 */
#ifndef NTS_KEYRING_H
#define NTS_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/tstamp.h"
#include "crypto/aead.h"

enum {
	NTS_KEYRING_NEXT = 0,
	NTS_KEYRING_CURRENT = 1,
	NTS_KEYRING_PAST = 2, /* this one and all after it */
	NTS_KEYRING_SLOTS = 5,
};

/* After so many cookies under one key it is rotated whatever its age. */
#define NTS_KEYRING_SEALS_MAX (1ULL << 40)

/* @aead: 0 marks an empty slot; else 15 or 17.  @created: when the key was
 * drawn. */
struct nts_keyring_slot {
	uint32_t id;
	uint16_t aead;
	struct wall created;
	uint8_t key[CRYPTO_AEAD_KEY_MAX];
};

/* @rotated: when slot 1 became the current one. */
struct nts_keyring {
	struct wall rotated;
	struct nts_keyring_slot slots[NTS_KEYRING_SLOTS];
};

#define NTS_KEYRING_FILE_LEN 424

/**
 * nts_keyring_init - a new ring: next and current key, nothing past.
 */
void nts_keyring_init(
    struct nts_keyring *ring, struct wall now, struct rng *rng);

/**
 * nts_keyring_rotate - next becomes current, the oldest is wiped, a new next
 * one is drawn.
 */
void nts_keyring_rotate(
    struct nts_keyring *ring, struct wall now, struct rng *rng);

/**
 * nts_keyring_due - whether to rotate now.
 * @period:   ntsrotate; 0 or less: never by age.
 * @seal_cnt: cookies sealed under the current key, 0 when not counted.
 */
bool nts_keyring_due(const struct nts_keyring *ring, struct wall now,
    struct dur period, uint64_t seal_cnt);

/**
 * nts_keyring_wait - how long from now until age makes a rotation due;
 * 0 when it is due, INT64_MAX ns when it never will be.
 */
struct dur nts_keyring_wait(
    const struct nts_keyring *ring, struct wall now, struct dur period);

/**
 * nts_keyring_catch_up - after loading a ring: one rotation for each period
 * that passed since, so that keys do not outlive their time in a file.
 * Return: how many rotations (0: the ring is unchanged).
 */
unsigned nts_keyring_catch_up(struct nts_keyring *ring, struct wall now,
    struct dur period, struct rng *rng);

/**
 * nts_keyring_find - the slot of a key id.
 * Return: its index, or ERR_ABSENT.
 */
int nts_keyring_find(const struct nts_keyring *ring, uint32_t id) MUST_CHECK;

/**
 * nts_keyring_valid - whether a ring that came in a message is sound.
 */
bool nts_keyring_valid(const struct nts_keyring *ring);

/**
 * nts_keyring_encode - the persisted form, NTS_KEYRING_FILE_LEN bytes.
 * The caller wipes buf when it is written.
 */
void nts_keyring_encode(
    const struct nts_keyring *ring, uint8_t buf[NTS_KEYRING_FILE_LEN]);

/**
 * nts_keyring_decode - read the persisted form.
 * Return: 0, or ERR_BAD (truncated, another version, damaged, not ours):
 * then make a new ring; *ring is zeroed.
 */
int nts_keyring_decode(
    struct nts_keyring *ring, const uint8_t *buf, size_t len) MUST_CHECK;

/**
 * nts_keyring_wipe - forget the keys.
 */
void nts_keyring_wipe(struct nts_keyring *ring);

#endif
