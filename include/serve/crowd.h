/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who asks one worker: every request while there are few, one in 128, then one
 * in 512 of many, at random, counted for all of them.  From it come the table
 * of clients, and which addresses have asked before, for when there is more
 * than the worker can answer.
 */
#ifndef SERVE_CROWD_H
#define SERVE_CROWD_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/rng.h"
#include "base/tstamp.h"

struct serve_clients;
struct serve_crowd;

/**
 * serve_crowd_new - the only allocation.
 * @listed: whether clients are to be listed at all.
 * @rng:    borrowed for as long as the object lives.
 * Return: owned, or NULL without memory.
 */
struct serve_crowd *serve_crowd_new(bool listed, struct rng *rng);

/**
 * serve_crowd_free - NULL is fine.
 */
void serve_crowd_free(struct serve_crowd *c);

/**
 * serve_crowd_note - somebody asked.
 * @c:       NULL does nothing.
 * @verdict: enum serve_verdict, what became of it.
 * @learn:   whether this makes its address a known one.
 */
void serve_crowd_note(struct serve_crowd *c, const struct addr *from,
    unsigned verdict, bool learn, struct mono now);

/**
 * serve_crowd_knows - whether somebody at that address was noted before and
 * has not been pushed out by others since.  Of strangers one in 65536 is
 * taken for known.
 */
bool serve_crowd_knows(const struct serve_crowd *c, const struct addr *from);

/**
 * serve_crowd_clients - who asked in this period; empty unless listed.
 */
struct serve_clients *serve_crowd_clients(struct serve_crowd *c);

/**
 * serve_crowd_period - a new period begins, of about a second: sampling
 * starts densely again.
 */
void serve_crowd_period(struct serve_crowd *c);

#endif
