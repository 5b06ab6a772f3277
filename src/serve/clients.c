/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of places, as in a cache.  What a client has asked is also its
 * credit, up to a bound; that of the poorest in a set pays for newcomers.
 * Invariant: a place without an address is empty.
 */
#include "serve/clients.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"

#define WAYS       8
#define CREDIT_MAX 256
#define V4_LEN     4
#define V6_LEN     8
#define SETS_MAX   (1U << 16)

struct place {
	struct report_seen seen;
	uint32_t credit;
};

struct set {
	struct place at[WAYS];
};

struct serve_clients {
	uint8_t key[SIPHASH_KEY_LEN];
	uint64_t mask;
	size_t used; /* places that are taken */
	struct set sets[];
};

static size_t
host_len(const struct addr *a)
{
	return a->family == ADDR_V4 ? V4_LEN : V6_LEN;
}

uint64_t
serve_clients_hash(const struct serve_clients *t, const struct addr *from)
{
	uint8_t text[1 + V6_LEN] = {from->family};

	memcpy(text + 1, from->bytes, host_len(from));
	return siphash_24(t->key, text, sizeof text);
}

static bool
is_of(const struct place *p, const struct addr *from)
{
	return p->seen.sum.addr.family == from->family &&
	    memcmp(p->seen.sum.addr.bytes, from->bytes, host_len(from)) == 0;
}

/* The client's own place, an empty one, or that of the poorest. */
static struct place *
find(struct set *s, const struct addr *from, bool *own)
{
	struct place *poorest = &s->at[0];

	*own = true;
	for (unsigned i = 0; i < WAYS; i++) {
		struct place *p = &s->at[i];

		if (is_of(p, from))
			return p;
		if (p->credit < poorest->credit ||
		    (p->credit == poorest->credit &&
			p->seen.last.ns < poorest->seen.last.ns))
			poorest = p;
	}
	*own = false;
	return poorest;
}

static void
take(struct place *p, const struct addr *from, struct mono now)
{
	memset(p, 0, sizeof *p);
	p->seen.sum.addr.family = from->family;
	memcpy(p->seen.sum.addr.bytes, from->bytes, host_len(from));
	p->seen.first = now;
}

void
serve_clients_add(struct serve_clients *t, uint64_t hash,
    const struct report_client *what, struct mono now)
{
	uint64_t weight = what->ask_cnt + what->ke_cnt;
	struct report_client *sum;
	struct place *p;
	bool own;

	if (what->addr.family != ADDR_V4 && what->addr.family != ADDR_V6)
		return;
	p = find(&t->sets[hash & t->mask], &what->addr, &own);
	if (!own && p->credit > weight) {
		p->credit -= (uint32_t)weight;
		return;
	}
	if (!own) {
		t->used += p->seen.sum.addr.family == ADDR_NONE;
		take(p, &what->addr, now);
	}
	sum = &p->seen.sum;
	sum->ask_cnt += what->ask_cnt;
	sum->drop_cnt += what->drop_cnt;
	sum->nts_cnt += what->nts_cnt;
	sum->ke_cnt += what->ke_cnt;
	p->seen.last = now;
	weight += p->credit;
	p->credit = weight < CREDIT_MAX ? (uint32_t)weight : CREDIT_MAX;
}

const struct report_seen *
serve_clients_next(const struct serve_clients *t, size_t *pos)
{
	size_t all = (t->mask + 1) * WAYS;

	while (*pos < all) {
		const struct place *p = &t->sets[*pos / WAYS].at[*pos % WAYS];

		(*pos)++;
		if (p->seen.sum.addr.family != ADDR_NONE)
			return &p->seen;
	}
	return NULL;
}

/* What is empty is not touched. */
void
serve_clients_clear(struct serve_clients *t)
{
	if (t->used > 0)
		memset(t->sets, 0, (t->mask + 1) * sizeof t->sets[0]);
	t->used = 0;
}

void
serve_clients_free(struct serve_clients *t)
{
	free(t);
}

struct serve_clients *
serve_clients_new(size_t len, struct rng *rng)
{
	struct serve_clients *t;
	size_t sets = 1;

	while (sets < SETS_MAX && 2 * sets * sizeof t->sets[0] <= len)
		sets *= 2;
	t = calloc(1, sizeof *t + sets * sizeof t->sets[0]);
	if (!t)
		return NULL;
	rng_bytes(rng, t->key, sizeof t->key);
	t->mask = sets - 1;
	return t;
}
