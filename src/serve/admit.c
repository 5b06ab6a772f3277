/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each taken place is in three lists, oldest first: of its stage, of its
 * address and of its network.  Addresses and networks are groups, found by a
 * keyed hash of 64 bits, which stands for them; a group lives as long as it
 * has members, so that twice as many as places are enough.  Networks are also
 * ranked, by how many places they hold.
 * Invariant: a list is ordered by the time of joining it; rank_max is the
 * greatest rank that has a network.
 */
#include "serve/admit.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"

#define NONE        SERVE_ADMIT_NONE
#define V4_HOST_LEN 4
#define V4_NET_LEN  3
#define V6_HOST_LEN 8
#define V6_NET_LEN  7

enum kind {
	BY_STAGE = 0,
	BY_HOST,
	BY_NET,
	KIND_CNT,
};

struct list {
	uint32_t first;
	uint32_t last;
};

struct link {
	uint32_t prev;
	uint32_t next;
};

struct place {
	struct link link[KIND_CNT];
	uint32_t group[KIND_CNT]; /* of BY_STAGE: the stage */
	struct mono since;        /* in this stage */
};

struct group {
	uint64_t hash;
	uint32_t next; /* in its chain, or free */
	uint32_t cnt;
	struct list members;
	struct link rank; /* networks that hold as many */
};

struct serve_admit {
	struct serve_admit_conf conf;
	uint8_t key[SIPHASH_KEY_LEN];
	uint32_t cnt;
	uint32_t free_place; /* chain through link[BY_STAGE].next */
	uint32_t free_group;
	uint64_t mask;
	struct list stages[SERVE_ADMIT_STAGE_CNT];
	struct place *places;
	struct group *groups;
	uint32_t *chains;
	uint32_t *ranks; /* by places held: one of the networks */
	uint32_t rank_max;
};

static void
list_add(struct serve_admit *a, struct list *l, enum kind k, uint32_t i)
{
	a->places[i].link[k] = (struct link){.prev = l->last, .next = NONE};
	if (l->last == NONE)
		l->first = i;
	else
		a->places[l->last].link[k].next = i;
	l->last = i;
}

static void
list_drop(struct serve_admit *a, struct list *l, enum kind k, uint32_t i)
{
	struct link at = a->places[i].link[k];

	if (at.prev == NONE)
		l->first = at.next;
	else
		a->places[at.prev].link[k].next = at.next;
	if (at.next == NONE)
		l->last = at.prev;
	else
		a->places[at.next].link[k].prev = at.prev;
}

/* The kind is hashed too: an address never meets a network. */
static uint64_t
hash_of(const struct serve_admit *a, enum kind k, const struct addr *from)
{
	uint8_t text[2 + V6_HOST_LEN] = {(uint8_t)k, from->family};
	size_t len = k == BY_HOST ? V6_HOST_LEN : V6_NET_LEN;

	if (from->family == ADDR_V4)
		len = k == BY_HOST ? V4_HOST_LEN : V4_NET_LEN;
	memcpy(text + 2, from->bytes, len);
	return siphash_24(a->key, text, sizeof text);
}

static uint32_t
group_find(const struct serve_admit *a, uint64_t hash)
{
	uint32_t g = a->chains[hash & a->mask];

	while (g != NONE && a->groups[g].hash != hash)
		g = a->groups[g].next;
	return g;
}

static void
rank_add(struct serve_admit *a, uint32_t g)
{
	uint32_t cnt = a->groups[g].cnt, first = a->ranks[cnt];

	a->groups[g].rank = (struct link){.prev = NONE, .next = first};
	if (first != NONE)
		a->groups[first].rank.prev = g;
	a->ranks[cnt] = g;
	if (cnt > a->rank_max)
		a->rank_max = cnt;
}

/* Before its number changes by one. */
static void
rank_drop(struct serve_admit *a, uint32_t g)
{
	uint32_t cnt = a->groups[g].cnt;
	struct link at = a->groups[g].rank;

	if (at.next != NONE)
		a->groups[at.next].rank.prev = at.prev;
	if (at.prev != NONE)
		a->groups[at.prev].rank.next = at.next;
	else
		a->ranks[cnt] = at.next;
	if (cnt == a->rank_max && a->ranks[cnt] == NONE)
		a->rank_max--;
}

/* One more or one less in a group. */
static void
group_count(struct serve_admit *a, enum kind k, uint32_t g, int by)
{
	if (k == BY_NET && a->groups[g].cnt > 0)
		rank_drop(a, g);
	a->groups[g].cnt += (uint32_t)by;
	if (k == BY_NET && a->groups[g].cnt > 0)
		rank_add(a, g);
}

static uint32_t
group_join(struct serve_admit *a, enum kind k, const struct addr *from)
{
	uint64_t hash = hash_of(a, k, from);
	uint32_t *chain = &a->chains[hash & a->mask];
	uint32_t g = group_find(a, hash);

	if (g == NONE) {
		g = a->free_group;
		a->free_group = a->groups[g].next;
		a->groups[g] = (struct group){
		    .hash = hash, .next = *chain, .members = {NONE, NONE}};
		*chain = g;
	}
	group_count(a, k, g, 1);
	return g;
}

static void
group_part(struct serve_admit *a, enum kind k, uint32_t g)
{
	uint32_t *at = &a->chains[a->groups[g].hash & a->mask];

	group_count(a, k, g, -1);
	if (a->groups[g].cnt > 0)
		return;
	while (*at != g)
		at = &a->groups[*at].next;
	*at = a->groups[g].next;
	a->groups[g].next = a->free_group;
	a->free_group = g;
}

/* The oldest of a group that has its share already. */
static uint32_t
oldest_over(const struct serve_admit *a, enum kind k, const struct addr *from)
{
	uint32_t max = k == BY_HOST ? a->conf.host_max : a->conf.net_max;
	uint32_t g = group_find(a, hash_of(a, k, from));

	if (g == NONE || a->groups[g].cnt < max)
		return NONE;
	return a->groups[g].members.first;
}

/* How much of its time in the stage a connection has used. */
static double
used(const struct serve_admit *a, uint32_t i, struct mono now)
{
	const struct place *p = &a->places[i];
	double patience_ns = (double)a->conf.patience[p->group[BY_STAGE]].ns;

	return (double)tstamp_mono_diff(now, p->since).ns / (patience_ns + 1);
}

/* Time counts for each place that the network holds: a flood must not take
 * those who are slow for being far away. */
static double
burden(const struct serve_admit *a, uint32_t i, struct mono now)
{
	return used(a, i, now) * a->groups[a->places[i].group[BY_NET]].cnt;
}

/* The first of each list is the oldest there.  When all is taken there is
 * somebody. */
static uint32_t
greatest_burden(const struct serve_admit *a, struct mono now)
{
	uint32_t worst = a->groups[a->ranks[a->rank_max]].members.first;

	for (unsigned s = 0; s < SERVE_ADMIT_STAGE_CNT; s++) {
		uint32_t i = a->stages[s].first;

		if (i != NONE && burden(a, i, now) > burden(a, worst, now))
			worst = i;
	}
	return worst;
}

uint32_t
serve_admit_victim(
    const struct serve_admit *a, const struct addr *from, struct mono now)
{
	uint32_t i = oldest_over(a, BY_HOST, from);

	if (i == NONE)
		i = oldest_over(a, BY_NET, from);
	if (i == NONE && a->cnt == a->conf.place_cnt)
		i = greatest_burden(a, now);
	return i;
}

uint32_t
serve_admit_enter(
    struct serve_admit *a, const struct addr *from, struct mono now)
{
	uint32_t i = a->free_place;
	struct place *p;

	if (i == NONE)
		return NONE;
	p = &a->places[i];
	a->free_place = p->link[BY_STAGE].next;
	a->cnt++;
	p->since = now;
	p->group[BY_STAGE] = SERVE_ADMIT_SILENT;
	list_add(a, &a->stages[SERVE_ADMIT_SILENT], BY_STAGE, i);
	for (enum kind k = BY_HOST; k < KIND_CNT; k++) {
		p->group[k] = group_join(a, k, from);
		list_add(a, &a->groups[p->group[k]].members, k, i);
	}
	return i;
}

void
serve_admit_move(struct serve_admit *a, uint32_t place,
    enum serve_admit_stage stage, struct mono now)
{
	struct place *p = &a->places[place];

	if (p->group[BY_STAGE] == stage)
		return;
	list_drop(a, &a->stages[p->group[BY_STAGE]], BY_STAGE, place);
	p->group[BY_STAGE] = stage;
	p->since = now;
	list_add(a, &a->stages[stage], BY_STAGE, place);
}

void
serve_admit_leave(struct serve_admit *a, uint32_t place)
{
	struct place *p = &a->places[place];

	list_drop(a, &a->stages[p->group[BY_STAGE]], BY_STAGE, place);
	for (enum kind k = BY_HOST; k < KIND_CNT; k++) {
		list_drop(a, &a->groups[p->group[k]].members, k, place);
		group_part(a, k, p->group[k]);
	}
	/* The one just left is still in the cache. */
	p->link[BY_STAGE].next = a->free_place;
	a->free_place = place;
	a->cnt--;
}

enum serve_admit_stage
serve_admit_stage(const struct serve_admit *a, uint32_t place)
{
	return (enum serve_admit_stage)a->places[place].group[BY_STAGE];
}

static struct mono
deadline(const struct serve_admit *a, uint32_t i)
{
	const struct place *p = &a->places[i];

	return tstamp_mono_add(p->since, a->conf.patience[p->group[BY_STAGE]]);
}

/* Return: the place that is late first, or NONE. */
static uint32_t
first_due(const struct serve_admit *a)
{
	uint32_t due = NONE;

	for (unsigned s = 0; s < SERVE_ADMIT_STAGE_CNT; s++) {
		uint32_t i = a->stages[s].first;

		if (i != NONE &&
		    (due == NONE || deadline(a, i).ns < deadline(a, due).ns))
			due = i;
	}
	return due;
}

uint32_t
serve_admit_late(const struct serve_admit *a, struct mono now)
{
	uint32_t i = first_due(a);

	return i != NONE && deadline(a, i).ns <= now.ns ? i : NONE;
}

bool
serve_admit_next(const struct serve_admit *a, struct mono *at)
{
	uint32_t i = first_due(a);

	if (i != NONE)
		*at = deadline(a, i);
	return i != NONE;
}

uint32_t
serve_admit_cnt(const struct serve_admit *a)
{
	return a->cnt;
}

void
serve_admit_free(struct serve_admit *a)
{
	if (!a)
		return;
	free(a->places);
	free(a->groups);
	free(a->chains);
	free(a->ranks);
	free(a);
}

static void
make_empty(struct serve_admit *a)
{
	uint32_t n = a->conf.place_cnt;

	for (uint32_t i = 0; i < n; i++)
		a->places[i].link[BY_STAGE].next = i + 1 < n ? i + 1 : NONE;
	for (uint32_t i = 0; i < 2 * n; i++)
		a->groups[i].next = i + 1 < 2 * n ? i + 1 : NONE;
	for (uint64_t i = 0; i <= a->mask; i++)
		a->chains[i] = NONE;
	for (uint32_t i = 0; i <= n; i++)
		a->ranks[i] = NONE;
	for (unsigned s = 0; s < SERVE_ADMIT_STAGE_CNT; s++)
		a->stages[s] = (struct list){NONE, NONE};
}

struct serve_admit *
serve_admit_new(const struct serve_admit_conf *conf, struct rng *rng)
{
	struct serve_admit *a = calloc(1, sizeof *a);
	uint64_t chain_cnt = 1;

	if (!a)
		return NULL;
	a->conf = *conf;
	while (chain_cnt < 2 * (uint64_t)conf->place_cnt)
		chain_cnt *= 2;
	a->mask = chain_cnt - 1;
	a->places = calloc(conf->place_cnt, sizeof *a->places);
	a->groups = calloc(2 * (size_t)conf->place_cnt, sizeof *a->groups);
	a->chains = calloc(chain_cnt, sizeof *a->chains);
	a->ranks = calloc(conf->place_cnt + (size_t)1, sizeof *a->ranks);
	if (!a->places || !a->groups || !a->chains || !a->ranks) {
		serve_admit_free(a);
		return NULL;
	}
	rng_bytes(rng, a->key, sizeof a->key);
	make_empty(a);
	return a;
}
