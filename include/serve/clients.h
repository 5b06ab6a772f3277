/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table of clients and what they asked.  A client is an IPv4 address or an
 * IPv6 /64.  The table has a fixed size; a keyed hash says where in it a
 * client may stand.  Where there is no room a newcomer wears down whoever
 * asked least there, and takes the place of one worn out: who asks often
 * outlasts a flood of those who ask once.
 */
#ifndef SERVE_CLIENTS_H
#define SERVE_CLIENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/report.h"
#include "base/rng.h"
#include "base/tstamp.h"

struct serve_clients;

/**
 * serve_clients_new - the only allocation; untouched until somebody asks.
 * @len: bytes, of which the largest power of two of places is used.
 * @rng: borrowed for the call: the key of the hash.
 * Return: owned, or NULL without memory.
 */
struct serve_clients *serve_clients_new(size_t len, struct rng *rng);

/**
 * serve_clients_free - NULL is fine.
 */
void serve_clients_free(struct serve_clients *t);

/**
 * serve_clients_hash - what stands for a client here.
 */
uint64_t serve_clients_hash(
    const struct serve_clients *t, const struct addr *from);

/**
 * serve_clients_add - add up what a client did.
 * @what: its @addr any of the client's addresses.
 * @hash: of that address.
 */
void serve_clients_add(struct serve_clients *t, uint64_t hash,
    const struct report_client *what, struct mono now);

/**
 * serve_clients_next - the next known client, from *pos on, first 0; *pos
 * moves on.
 * Return: borrowed; NULL at the end.
 */
const struct report_seen *serve_clients_next(
    const struct serve_clients *t, size_t *pos);

/**
 * serve_clients_clear - forget all.
 */
void serve_clients_clear(struct serve_clients *t);

#endif
