/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our server's cookies: the session's keys, sealed under the key ring.
 * RFC 8915 section 6.
 *
 *	key id 4 | AEAD id 2 | format 2 | random 8 | V 16, C2S | S2C
 *
 * What comes before V is the nonce, and so authenticated.  Two cookies of the
 * same keys with the same random part would be the same cookie, which tells
 * who sees both of them whose they are: no more, and hardly ever.  The length
 * for an AEAD never grows and is a multiple of 4: a server that lengthened its
 * cookies could not answer the old ones within their requests.
 */
#ifndef NTS_COOKIE_H
#define NTS_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "crypto/aead.h"
#include "nts/keyring.h"
#include "nts/keys.h"

#define NTS_COOKIE_RANDOM   8
#define NTS_COOKIE_OURS_MAX 160 /* our longest, AEAD 17 */
#define NTS_COOKIE_BLANK    96  /* AEAD 15 */
#define NTS_COOKIE_BATCH    16  /* sessions at a time */
#define NTS_COOKIE_BOXES    32  /* cookies of theirs that are sealed at once */

/* A cookie as it is opened: what was sent, or the blank in its place. */
struct nts_cookie_opening {
	const uint8_t *cookie;
	size_t len;
	int slot;
	bool known; /* it is not a blank */
	bool taken; /* into the boxes */
};

/* What a batch needs while it is under way; kept, since on the stack it would
 * be zeroed for each request.  Secrets in it are wiped after use. */
struct nts_cookie_scratch {
	uint8_t plains[NTS_COOKIE_BATCH][2 * CRYPTO_AEAD_KEY_MAX];
	uint8_t random[NTS_COOKIE_BOXES][NTS_COOKIE_RANDOM];
	struct crypto_box_out sealed[NTS_COOKIE_BOXES];
	struct crypto_box_in opened[NTS_COOKIE_BATCH];
	uint8_t which[NTS_COOKIE_BATCH]; /* of the openings */
	struct nts_cookie_opening openings[NTS_COOKIE_BATCH];
};

/*
 * The ring with one keyed context per slot, so that opening and sealing
 * never re-key.  Private to cookie.c, but for @seal_cnt: cookies sealed
 * under the current key.  @blank: what is opened in place of a cookie that
 * cannot be ours; it looks like one of the current key.
 */
struct nts_cookie_keys {
	struct nts_cookie_scratch scratch;
	uint64_t seal_cnt;
	uint8_t blank[NTS_COOKIE_BLANK];
	struct {
		uint32_t id;
		uint16_t aead; /* 0: empty */
		struct crypto_aead *ctx;
	} slots[NTS_KEYRING_SLOTS];
};

/* Cookies of one session, to be made.  @first: where they are put:
 * nts_cookie_len(session->aead) bytes for each, the next one stride bytes
 * later.  Borrowed. */
struct nts_cookie_room {
	const struct nts_keys *session;
	uint8_t *first;
	size_t stride;
	unsigned cnt;
};

/* A cookie to be opened.  Borrowed; @err as of nts_cookie_open. */
struct nts_cookie_ask {
	const uint8_t *cookie; /* any bytes at all */
	size_t len;
	struct nts_keys *session;
	int err;
};

/**
 * nts_cookie_keys_init - no keys yet.
 */
void nts_cookie_keys_init(struct nts_cookie_keys *keys);

/**
 * nts_cookie_keys_load - take over a ring, at start and at each rotation.
 * Allocates, so never on a stranger's word.
 * @ring: copied into the contexts, not kept.
 * Return: 0; ERR_BAD an unsound ring; ERR_LIBRARY: then no cookie opens.
 */
int nts_cookie_keys_load(
    struct nts_cookie_keys *keys, const struct nts_keyring *ring) MUST_CHECK;

/**
 * nts_cookie_keys_fini - free the contexts.
 */
void nts_cookie_keys_fini(struct nts_cookie_keys *keys);

/**
 * nts_cookie_len - length of our cookies for sessions of an AEAD.
 * Return: a multiple of 4 (96 for AEAD 15); 0 for an unknown id.
 */
size_t nts_cookie_len(unsigned aead);

/**
 * nts_cookie_seal - make a cookie under the current key.
 * @out: nts_cookie_len(session->aead) bytes.
 * Return: 0; ERR_BAD bad session keys; ERR_ABSENT no current key;
 * ERR_LIBRARY.
 */
int nts_cookie_seal(struct nts_cookie_keys *keys,
    const struct nts_keys *session, struct rng *rng, uint8_t *out) MUST_CHECK;

/**
 * nts_cookie_seal_many - cookies of up to NTS_COOKIE_BATCH sessions, many for
 * little more than the price of some.
 * Return: as nts_cookie_seal, for all of them.
 */
int nts_cookie_seal_many(struct nts_cookie_keys *keys,
    const struct nts_cookie_room *rooms, size_t cnt,
    struct rng *rng) MUST_CHECK;

/**
 * nts_cookie_open - the session keys inside a cookie.
 * @cookie:  any bytes at all.
 * @session: zeroed on failure, but for @aead, which is then some algorithm
 *           that works, so that the caller may go through the same steps.
 * Return: 0, or ERR_AUTH.
 */
int nts_cookie_open(struct nts_cookie_keys *keys, const uint8_t *cookie,
    size_t len, struct nts_keys *session) MUST_CHECK;

/**
 * nts_cookie_open_many - up to NTS_COOKIE_BATCH of them, likewise.
 */
void nts_cookie_open_many(
    struct nts_cookie_keys *keys, struct nts_cookie_ask *asks, size_t cnt);

#endif
