/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The access rules as path-compressed tries.  A key is two 64-bit words,
 * IPv4 left-aligned in the first, so that a prefix is compared by a shift.
 * Every insertion takes at most two nodes of a pool sized before the first.
 * Invariant: a child's prefix is longer than its parent's and lies in it.
 */
#include "serve/access.h"

#include <stdlib.h>

#include "base/bytes.h"

#define NONE           0U /* index of no node */
#define ROOT_V4        1U
#define ROOT_V6        2U
#define FIRST_FREE     3U
#define NODES_PER_RULE 4U /* two for each family */

enum rule {
	RULE_INHERIT = 0,
	RULE_ALLOW,
	RULE_DENY,
};

struct key {
	uint64_t hi;
	uint64_t lo;
};

struct node {
	struct key key;
	uint32_t child[2];
	uint8_t bits;
	uint8_t rule; /* enum rule */
};

struct serve_access {
	size_t used;
	bool any;
	struct node nodes[];
};

static struct key
key_of(const struct addr *a)
{
	struct bytes_in in;
	struct key k;

	bytes_in_init(&in, a->bytes, sizeof a->bytes);
	k.hi = bytes_get_u64(&in);
	k.lo = bytes_get_u64(&in);
	return k;
}

/* The first bits of k, the rest zero. */
static struct key
key_cut(struct key k, unsigned bits)
{
	if (bits == 0)
		return (struct key){0, 0};
	if (bits <= 64)
		return (struct key){k.hi & UINT64_MAX << (64 - bits), 0};
	return (struct key){k.hi, k.lo & UINT64_MAX << (128 - bits)};
}

static unsigned
key_bit(struct key k, unsigned idx)
{
	uint64_t word = idx < 64 ? k.hi : k.lo;

	return (unsigned)(word >> (63 - idx % 64)) & 1;
}

/* How many leading bits a and b share. */
static unsigned
key_common(struct key a, struct key b)
{
	if (a.hi != b.hi)
		return (unsigned)__builtin_clzll(a.hi ^ b.hi);
	if (a.lo != b.lo)
		return 64 + (unsigned)__builtin_clzll(a.lo ^ b.lo);
	return 128;
}

static bool
holds(const struct node *n, struct key k)
{
	struct key cut = key_cut(k, n->bits);

	return cut.hi == n->key.hi && cut.lo == n->key.lo;
}

static uint32_t
add_node(struct serve_access *t, struct key k, unsigned bits)
{
	uint32_t at = (uint32_t)t->used++;

	t->nodes[at].key = key_cut(k, bits);
	t->nodes[at].bits = (uint8_t)bits;
	return at;
}

/* The node of exactly this prefix, made where it is missing. */
static struct node *
find_or_add(struct serve_access *t, uint32_t root, struct key k, unsigned bits)
{
	struct node *n = &t->nodes[root];

	while (n->bits < bits) {
		uint32_t *link = &n->child[key_bit(k, n->bits)];
		struct node *next = &t->nodes[*link];
		unsigned common;
		uint32_t fresh;

		if (*link == NONE) {
			*link = add_node(t, k, bits);
			return &t->nodes[*link];
		}
		common = key_common(k, next->key);
		if (common > bits)
			common = bits;
		if (common < next->bits) {
			/* The ways part before next: a node goes between. */
			fresh = add_node(t, k, common);
			t->nodes[fresh].child[key_bit(next->key, common)] =
			    *link;
			*link = fresh;
		}
		n = &t->nodes[*link];
	}
	return n;
}

static void
add_rule(struct serve_access *t, uint32_t root,
    const struct serve_access_rule *r, struct key k)
{
	struct node *n = find_or_add(t, root, k, r->prefix.bits);

	n->rule = r->allow ? RULE_ALLOW : RULE_DENY;
	if (r->all) {
		n->child[0] = NONE;
		n->child[1] = NONE;
	}
}

static bool
any_allow(const struct serve_access *t, uint32_t at)
{
	const struct node *n = &t->nodes[at];

	return at != NONE &&
	    (n->rule == RULE_ALLOW || any_allow(t, n->child[0]) ||
		any_allow(t, n->child[1]));
}

static bool
well_formed(const struct addr_prefix *p)
{
	switch (p->addr.family) {
	case ADDR_NONE:
		return true;
	case ADDR_V4:
		return p->bits <= 32;
	case ADDR_V6:
		return p->bits <= 128;
	default:
		return false;
	}
}

struct serve_access *
serve_access_new(const struct serve_access_rule *rules, size_t rule_cnt)
{
	struct serve_access *t;
	struct serve_access_rule both;

	for (size_t i = 0; i < rule_cnt; i++)
		if (!well_formed(&rules[i].prefix))
			return NULL;
	if (rule_cnt > UINT32_MAX / (2 * NODES_PER_RULE))
		return NULL;
	t = calloc(1,
	    sizeof *t +
		(FIRST_FREE + rule_cnt * NODES_PER_RULE) * sizeof t->nodes[0]);
	if (!t)
		return NULL;
	t->used = FIRST_FREE;
	for (size_t i = 0; i < rule_cnt; i++) {
		const struct serve_access_rule *r = &rules[i];

		if (r->prefix.addr.family == ADDR_NONE) {
			both = *r;
			both.prefix.bits = 0;
			add_rule(t, ROOT_V4, &both, (struct key){0, 0});
			add_rule(t, ROOT_V6, &both, (struct key){0, 0});
		} else {
			add_rule(t,
			    r->prefix.addr.family == ADDR_V4 ? ROOT_V4
							     : ROOT_V6,
			    r, key_of(&r->prefix.addr));
		}
	}
	t->any = any_allow(t, ROOT_V4) || any_allow(t, ROOT_V6);
	return t;
}

void
serve_access_free(struct serve_access *access)
{
	free(access);
}

bool
serve_access_allows(const struct serve_access *access, const struct addr *from)
{
	unsigned max = from->family == ADDR_V4 ? 32 : 128;
	uint32_t at = from->family == ADDR_V4 ? ROOT_V4 : ROOT_V6;
	struct key k = key_of(from);
	uint8_t rule = RULE_INHERIT;

	if (!access || (from->family != ADDR_V4 && from->family != ADDR_V6))
		return false;
	while (at != NONE) {
		const struct node *n = &access->nodes[at];

		if (!holds(n, k))
			break;
		if (n->rule != RULE_INHERIT)
			rule = n->rule;
		if (n->bits >= max)
			break;
		at = n->child[key_bit(k, n->bits)];
	}
	return rule == RULE_ALLOW;
}

bool
serve_access_any(const struct serve_access *access)
{
	return access && access->any;
}
