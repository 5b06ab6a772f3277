/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Token buckets, each as one number: when it will be full again (a "debt"
 * against now, in ticks of 1/1024 interval).  A bucket that is full says as
 * much as none, so its place is free for another without any loss.
 * Invariant: an allowed request leaves a debt of at most burst intervals;
 * what claims more is older than the clock of 32 bits can say.  (Once round,
 * a client that comes in the very interval may be limited for one burst.)
 */
#include "serve/limit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"

#define WAYS        8 /* buckets of a set: one cache line */
#define TICKS       1024U
#define NET_SHARE   64U /* clients' worth that a network may have */
#define TABLE_MIN   4096U
#define TABLE_MAX   (1U << 30)
#define ALIGNMENT   64U
#define V4_HOST_LEN 4
#define V4_NET_LEN  3
#define V6_HOST_LEN 8
#define V6_NET_LEN  7

struct bucket {
	uint32_t tag; /* 0: never used */
	uint32_t full_at;
};

struct set {
	struct bucket at[WAYS];
};

struct table {
	struct set *sets;
	uint64_t mask;
};

struct serve_limit {
	struct serve_limit_conf conf;
	struct rng *rng;
	double ticks_per_ns;
	uint8_t key[SIPHASH_KEY_LEN];
	struct table clients;
	struct table networks;
	void *room;
};

/* So many octets of an address. */
static uint64_t
hash_of(const struct serve_limit *l, const struct addr *a, size_t len)
{
	uint8_t text[2 + V6_HOST_LEN] = {(uint8_t)len, a->family};

	memcpy(text + 2, a->bytes, len);
	return siphash_24(l->key, text, sizeof text);
}

static uint64_t
host_hash(const struct serve_limit *l, const struct addr *a)
{
	return hash_of(l, a, a->family == ADDR_V4 ? V4_HOST_LEN : V6_HOST_LEN);
}

static struct set *
set_of(const struct table *t, uint64_t hash)
{
	return &t->sets[hash & t->mask];
}

static uint32_t
debt_of(const struct bucket *b, uint32_t now, uint32_t most)
{
	uint32_t debt = b->full_at - now;

	return debt > most ? 0 : debt;
}

/* A request that asks for cost more ticks. */
struct charge {
	uint64_t hash;
	uint32_t tag; /* with the kind: none meets another's buckets */
	uint32_t now;
	uint32_t cost;
	uint32_t most;
};

static uint32_t
tag_of(uint64_t hash, unsigned kind)
{
	return (uint32_t)(hash >> 32) << 4 | kind << 1 | 1;
}

/* The client's own bucket, or the one that is nearest to full. */
static struct bucket *
look_up(const struct table *t, const struct charge *c, bool *found)
{
	struct set *s = set_of(t, c->hash);
	struct bucket *best = &s->at[0];
	uint32_t least = UINT32_MAX;

	*found = true;
	for (unsigned i = 0; i < WAYS; i++) {
		struct bucket *b = &s->at[i];
		uint32_t debt = b->tag ? debt_of(b, c->now, c->most) : 0;

		if (b->tag == c->tag)
			return b;
		if (debt < least) {
			best = b;
			least = debt;
		}
	}
	*found = false;
	return best;
}

static bool
pay(struct bucket *b, const struct charge *c, bool fresh)
{
	uint32_t debt = fresh ? 0 : debt_of(b, c->now, c->most);

	if (debt + c->cost > c->most)
		return false;
	b->tag = c->tag;
	b->full_at = c->now + debt + c->cost;
	return true;
}

static bool
network_pays(
    const struct serve_limit *l, const struct addr *from, struct charge c)
{
	size_t len = from->family == ADDR_V4 ? V4_NET_LEN : V6_NET_LEN;
	struct bucket *b;
	bool found;

	c.hash = hash_of(l, from, len);
	c.tag = tag_of(c.hash, 0);
	c.cost = TICKS / NET_SHARE;
	b = look_up(&l->networks, &c, &found);
	return pay(b, &c, !found);
}

static bool
pays(const struct serve_limit *l, enum serve_limit_kind kind,
    const struct addr *from, struct mono now)
{
	uint64_t hash = host_hash(l, from);
	struct charge c = {
	    .hash = hash,
	    .tag = tag_of(hash, kind),
	    .now = (uint32_t)(uint64_t)((double)now.ns * l->ticks_per_ns),
	    .cost = TICKS,
	    .most = TICKS * l->conf.burst,
	};
	bool found;
	struct bucket *b = look_up(&l->clients, &c, &found);

	/* Who has shown a cookie is no invention. */
	if (!found && kind == SERVE_LIMIT_PLAIN && b->tag != 0 &&
	    debt_of(b, c.now, c.most) > 0 && !network_pays(l, from, c))
		return false;
	return pay(b, &c, !found);
}

/* True once in 2^log2 on average. */
static bool
chance(uint64_t random, unsigned log2)
{
	return (random & ((UINT64_C(1) << log2) - 1)) == 0;
}

void
serve_limit_expect(const struct serve_limit *l, const struct addr *from)
{
	if (l)
		__builtin_prefetch(set_of(&l->clients, host_hash(l, from)), 1);
}

enum serve_limit_verdict
serve_limit_charge(struct serve_limit *l, enum serve_limit_kind kind,
    const struct addr *from, struct mono now)
{
	uint64_t random;

	if (!l || pays(l, kind, from, now))
		return SERVE_LIMIT_PASS;
	random = rng_u64(l->rng);
	if (chance(random, l->conf.leak_log2))
		return SERVE_LIMIT_PASS;
	if (l->conf.kod_log2 > 0 && chance(random >> 32, l->conf.kod_log2))
		return SERVE_LIMIT_KISS;
	return SERVE_LIMIT_DROP;
}

/* Return: the largest power of two of sets in so many bytes. */
static size_t
sets_in(size_t len)
{
	size_t cnt = 1;

	while (cnt * 2 * sizeof(struct set) <= len)
		cnt *= 2;
	return cnt;
}

static int
make_tables(struct serve_limit *l)
{
	size_t len = l->conf.table_len;
	size_t clients, networks;
	uintptr_t at;

	len = len < TABLE_MIN ? TABLE_MIN : len > TABLE_MAX ? TABLE_MAX : len;
	clients = sets_in(len);
	networks = clients / 4;
	/* Zero pages until somebody asks: calloc, not memset. */
	l->room =
	    calloc((clients + networks) * sizeof(struct set) + ALIGNMENT, 1);
	if (!l->room)
		return ERR_FULL;
	at = (uintptr_t)l->room % ALIGNMENT;
	l->clients.sets =
	    (struct set *)(void *)((uint8_t *)l->room + ALIGNMENT - at);
	l->clients.mask = clients - 1;
	l->networks.sets = l->clients.sets + clients;
	l->networks.mask = networks - 1;
	return 0;
}

void
serve_limit_free(struct serve_limit *l)
{
	if (!l)
		return;
	free(l->room);
	free(l);
}

struct serve_limit *
serve_limit_new(const struct serve_limit_conf *conf, struct rng *rng)
{
	struct serve_limit *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->conf = *conf;
	if (l->conf.burst == 0)
		l->conf.burst = 1;
	l->rng = rng;
	l->ticks_per_ns = ldexp(TICKS * 1e-9, -conf->interval_log2s);
	rng_bytes(rng, l->key, sizeof l->key);
	if (make_tables(l) < 0) {
		serve_limit_free(l);
		return NULL;
	}
	return l;
}
