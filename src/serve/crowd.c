/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sampling with a random gap, so that nobody knows which requests count; and
 * a direct-mapped table of tags of known addresses, under a keyed hash.
 * Invariant: a request that is passed over costs a few instructions.
 */
#include "serve/crowd.h"

#include <stdlib.h>

#include "serve/clients.h"
#include "serve/serve.h"

#define KNOWN_CNT   (1U << 16)
#define LIST_LEN    (48U << 10)
#define DENSE_CNT   64   /* requests of a period that all count */
#define SPARSE_CNT  8192 /* from here on fewer still */
#define WEIGHT_MANY 128
#define WEIGHT_MOST 512

struct serve_crowd {
	uint32_t left;   /* requests up to the next that counts */
	uint32_t weight; /* for how many it counts */
	uint32_t period_cnt;
	bool listed;
	struct rng *rng;
	struct serve_clients *clients;
	uint16_t known[KNOWN_CNT]; /* tags; 0: none */
};

static uint16_t
tag_of(uint64_t hash)
{
	uint16_t tag = (uint16_t)(hash >> 48);

	return tag ? tag : 1;
}

static size_t
slot_of(uint64_t hash)
{
	return hash >> 32 & (KNOWN_CNT - 1);
}

/* Gaps of 1 to 2 * weight - 1, weight on average. */
static void
plan_next(struct serve_crowd *c)
{
	uint32_t dice;

	c->weight = 1;
	if (c->period_cnt >= DENSE_CNT)
		c->weight =
		    c->period_cnt < SPARSE_CNT ? WEIGHT_MANY : WEIGHT_MOST;
	dice = (uint32_t)(rng_u64(c->rng) >> 32);
	c->left = 1 + (uint32_t)(((uint64_t)dice * (2 * c->weight - 1)) >> 32);
}

/* Apart, so that the way past it stays short. */
static void __attribute__((noinline)) sample(struct serve_crowd *c,
    const struct addr *from, unsigned verdict, bool learn, struct mono now)
{
	uint64_t hash = serve_clients_hash(c->clients, from);
	struct report_client what = {
	    .addr = *from,
	    .ask_cnt = c->weight,
	    .drop_cnt = verdict >= SERVE_DROP_SHORT ? c->weight : 0,
	    .nts_cnt = verdict == SERVE_ANSWERED_NTS ? c->weight : 0,
	};

	c->period_cnt += c->weight;
	if (learn)
		c->known[slot_of(hash)] = tag_of(hash);
	if (c->listed)
		serve_clients_add(c->clients, hash, &what, now);
	plan_next(c);
}

void
serve_crowd_note(struct serve_crowd *c, const struct addr *from,
    unsigned verdict, bool learn, struct mono now)
{
	if (c && --c->left == 0)
		sample(
		    c, from, verdict, learn && verdict < SERVE_DROP_SHORT, now);
}

bool
serve_crowd_knows(const struct serve_crowd *c, const struct addr *from)
{
	uint64_t hash = serve_clients_hash(c->clients, from);

	return c->known[slot_of(hash)] == tag_of(hash);
}

struct serve_clients *
serve_crowd_clients(struct serve_crowd *c)
{
	return c->clients;
}

void
serve_crowd_period(struct serve_crowd *c)
{
	c->period_cnt = 0;
	c->weight = 1;
	c->left = 1;
}

void
serve_crowd_free(struct serve_crowd *c)
{
	if (!c)
		return;
	serve_clients_free(c->clients);
	free(c);
}

struct serve_crowd *
serve_crowd_new(bool listed, struct rng *rng)
{
	struct serve_crowd *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->listed = listed;
	c->rng = rng;
	c->clients = serve_clients_new(LIST_LEN, rng);
	if (!c->clients) {
		serve_crowd_free(c);
		return NULL;
	}
	serve_crowd_period(c);
	return c;
}
