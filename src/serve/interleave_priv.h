/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a server remembers for interleaved clients, RFC 9769 section 2: when
 * the answer really left that told a client of a receive time.
 *
 * A table of fixed size, in sets by a keyed hash of the client's address, so
 * that one address can only push out itself and nobody can aim at another;
 * the entry with the oldest receive time gives way.  Its tag holds the whole
 * hash and how the client authenticated: what was made for an authenticated
 * client is not spent by a stranger who saw its packets.  Ports are left out
 * since clients change them.  Invariant: an entry is used at most once.
 */
#ifndef SERVE_INTERLEAVE_PRIV_H
#define SERVE_INTERLEAVE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rng.h"
#include "base/tstamp.h"

#define SERVE_INTERLEAVE_WAYS 16   /* answers remembered of one address */
#define SERVE_INTERLEAVE_SETS 2048 /* a power of two */

struct serve_interleave;

/**
 * serve_interleave_new - an empty table with a fresh key.
 * Return: owned, NULL without memory.
 */
struct serve_interleave *serve_interleave_new(struct rng *rng);

/**
 * serve_interleave_free - wipe and give back; NULL is fine.
 */
void serve_interleave_free(struct serve_interleave *t);

/**
 * serve_interleave_tag - whose entries.
 * @auth: how the client authenticated, any small number.
 */
uint64_t serve_interleave_tag(
    const struct serve_interleave *t, const struct addr *from, unsigned auth);

/**
 * serve_interleave_take - the time of the answer that told of rx; the entry
 * is gone then.
 * Return: false when there is none, or its time never became known.
 */
bool serve_interleave_take(struct serve_interleave *t, uint64_t tag,
    struct ntp_ts rx, struct ntp_ts *tx);

/**
 * serve_interleave_put - an answer with this receive time is about to leave.
 * Return: false if this client has an entry with that time: choose another.
 */
bool serve_interleave_put(
    struct serve_interleave *t, uint64_t tag, struct ntp_ts rx);

/**
 * serve_interleave_stamp - when it left.  Only the last few hundred answers
 * are looked for.
 * Return: whether it is one of ours.
 */
bool serve_interleave_stamp(
    struct serve_interleave *t, struct ntp_ts rx, struct ntp_ts tx);

#endif
