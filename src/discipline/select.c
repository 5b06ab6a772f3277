/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vote: which sources tell the same time.  Two agree when their hard
 * intervals meet; the accepted set is the largest in which all agree with
 * all, and must be more than half of those that could vote.
 */
#include <math.h>

#include "core_priv.h"

#define EXHAUSTIVE_MAX 10

/* The candidates of one vote, in slot order; of the arrays the first n. */
struct ballot {
	unsigned n;
	uint8_t slot[DISCIPLINE_SLOT_MAX];
	struct core_hard hard[DISCIPLINE_SLOT_MAX];
	uint64_t agrees[DISCIPLINE_SLOT_MAX]; /* over candidate indices */
	uint64_t authenticated;
	uint64_t before; /* accepted until now */
};

static unsigned
count(uint64_t set)
{
	return (unsigned)__builtin_popcountll(set);
}

/* Whether a source may vote at all; its state says why not. */
static bool
eligible(struct discipline *d, struct core_source *src, double raw_s)
{
	struct core_hard h;
	struct estimate e;

	if (src->conf.noselect)
		src->state = DISCIPLINE_NOSELECT;
	else if (src->reach == 0)
		src->state = src->since_reset == 0 && src->asked < 8
		    ? DISCIPLINE_WAITING
		    : DISCIPLINE_UNREACHABLE;
	else if (src->loop)
		src->state = DISCIPLINE_LOOP;
	else if (!src->primed || src->since_reset < src->conf.minsamples ||
	    !discipline_hard_source(src, raw_s, &h))
		src->state = DISCIPLINE_WAITING;
	else if (h.lambda_s > d->conf.maxdistance_s)
		src->state = DISCIPLINE_DISTANT;
	else if (d->conf.authmode == DISCIPLINE_AUTH_REQUIRE &&
	    !src->told.authenticated)
		src->state = DISCIPLINE_UNTRUSTED;
	else {
		discipline_bank_mean(&src->bank, raw_s, &e);
		if (e.pxx > d->conf.maxjitter_s * d->conf.maxjitter_s)
			src->state = DISCIPLINE_VARIABLE;
		else
			return true;
	}
	return false;
}

/* Authenticated sources alone, if authselectmode says so and there are. */
static uint64_t
prefer_authenticated(struct discipline *d, uint64_t set)
{
	uint64_t auth = 0;

	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if (set >> i & 1 && d->source[i].told.authenticated)
			auth |= 1ULL << i;
	if (d->conf.authmode != DISCIPLINE_AUTH_PREFER || auth == 0)
		return set;
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if ((set & ~auth) >> i & 1)
			d->source[i].state = DISCIPLINE_UNTRUSTED;
	return auth;
}

/* Sources that may not be outvoted by the others. */
static uint64_t
trusted(const struct discipline *d, uint64_t set)
{
	uint64_t auth = 0, trust = 0;

	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		if (!(set >> i & 1))
			continue;
		if (d->source[i].told.authenticated)
			auth |= 1ULL << i;
		if (d->source[i].conf.trust)
			trust |= 1ULL << i;
	}
	if (trust == 0 && d->conf.authmode == DISCIPLINE_AUTH_MIX)
		trust = auth;
	return trust;
}

static bool
agree(
    const struct discipline *d, const struct ballot *b, unsigned i, unsigned k)
{
	const struct core_hard *x = &b->hard[i], *y = &b->hard[k];

	return fabs(x->z_s - y->z_s) <= x->lambda_s + y->lambda_s &&
	    discipline_compare_agree(&d->compare, b->slot[i], b->slot[k]);
}

static void
fill(struct discipline *d, struct ballot *b, uint64_t set, double raw_s)
{
	b->n = 0;
	b->authenticated = b->before = 0;
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		if (!(set >> i & 1))
			continue;
		if (!discipline_hard_source(
			&d->source[i], raw_s, &b->hard[b->n]))
			continue;
		if (d->source[i].told.authenticated)
			b->authenticated |= 1ULL << b->n;
		if (d->vote.accepted >> i & 1)
			b->before |= 1ULL << b->n;
		b->slot[b->n++] = (uint8_t)i;
	}
	for (unsigned i = 0; i < b->n; i++) {
		b->agrees[i] = 0;
		for (unsigned k = 0; k < b->n; k++)
			if (i == k || agree(d, b, i, k))
				b->agrees[i] |= 1ULL << k;
	}
}

static double
distance_sum(const struct ballot *b, uint64_t set)
{
	double sum = 0;

	for (unsigned i = 0; i < b->n; i++)
		if (set >> i & 1)
			sum += b->hard[i].lambda_s;
	return sum;
}

/* Size, then authenticated, then overlap with the last set, then the sum of
 * the distances. */
static bool
better(const struct ballot *b, uint64_t x, uint64_t y)
{
	if (count(x) != count(y))
		return count(x) > count(y);
	if (count(x & b->authenticated) != count(y & b->authenticated))
		return count(x & b->authenticated) >
		    count(y & b->authenticated);
	if (count(x & b->before) != count(y & b->before))
		return count(x & b->before) > count(y & b->before);
	return distance_sum(b, x) < distance_sum(b, y);
}

static bool
is_clique(const struct ballot *b, uint64_t set)
{
	for (unsigned i = 0; i < b->n; i++)
		if (set >> i & 1 && (b->agrees[i] & set) != set)
			return false;
	return true;
}

static uint64_t
largest_exhaustive(const struct ballot *b)
{
	uint64_t best = 0;

	/* Mostly they all agree. */
	if (b->n > 0 && is_clique(b, (1ULL << b->n) - 1))
		return (1ULL << b->n) - 1;
	for (uint64_t m = 1; m < 1ULL << b->n; m++)
		if (count(m) >= count(best) && is_clique(b, m) &&
		    (best == 0 || better(b, m, best)))
			best = m;
	return best;
}

/* Many sources: from each one, take all that agree with it and throw out the
 * least agreeable until all agree. */
static uint64_t
largest_greedy(const struct ballot *b)
{
	uint64_t best = 0;

	for (unsigned from = 0; from < b->n; from++) {
		uint64_t set = b->agrees[from];

		while (!is_clique(b, set)) {
			unsigned worst = 0, worst_cnt = 65;

			for (unsigned i = 0; i < b->n; i++) {
				unsigned c = count(b->agrees[i] & set);

				if (set >> i & 1 && i != from &&
				    c < worst_cnt) {
					worst = i;
					worst_cnt = c;
				}
			}
			set &= ~(1ULL << worst);
		}
		if (best == 0 || better(b, set, best))
			best = set;
	}
	return best;
}

static uint64_t
to_slots(const struct ballot *b, uint64_t set)
{
	uint64_t slots = 0;

	for (unsigned i = 0; i < b->n; i++)
		if (set >> i & 1)
			slots |= 1ULL << b->slot[i];
	return slots;
}

static double
nearest_apart(const struct ballot *b)
{
	double least = (double)INFINITY;

	for (unsigned i = 0; i < b->n; i++)
		for (unsigned k = i + 1; k < b->n; k++)
			if (!(b->agrees[i] >> k & 1))
				least = fmin(least,
				    fabs(b->hard[i].z_s - b->hard[k].z_s));
	return isfinite(least) ? least : 0;
}

/* The others may join where they agree with every trusted one. */
static uint64_t
joiners(const struct ballot *all, uint64_t accepted)
{
	uint64_t set = 0;

	for (unsigned i = 0; i < all->n; i++)
		if (accepted >> all->slot[i] & 1)
			set |= 1ULL << i;
	for (unsigned i = 0; i < all->n; i++)
		if ((all->agrees[i] & set) == set)
			set |= 1ULL << i;
	return to_slots(all, set);
}

static bool
requirements_met(const struct discipline *d, uint64_t accepted)
{
	bool required = false, met = false;

	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		const struct core_source *src = &d->source[i];

		if (!src->open || !src->conf.require)
			continue;
		required = true;
		met = met || accepted >> i & 1;
	}
	return !required || met;
}

static uint64_t
elect(struct discipline *d, uint64_t electors, uint64_t barred, double raw_s)
{
	struct core_vote *v = &d->vote;
	struct ballot b;
	uint64_t best;

	fill(d, &b, electors & ~barred, raw_s);
	best =
	    b.n <= EXHAUSTIVE_MAX ? largest_exhaustive(&b) : largest_greedy(&b);
	v->elector_cnt = count(electors);
	v->barred_cnt = count(electors & barred);
	v->needed = v->elector_cnt / 2 + 1;
	v->apart_s = nearest_apart(&b);
	if (count(best) < v->needed)
		return 0;
	return to_slots(&b, best);
}

/* Those who may carry the estimate: the preferred, if there are any. */
static uint64_t
bearers(const struct discipline *d, uint64_t accepted)
{
	uint64_t preferred = 0;

	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if (accepted >> i & 1 && d->source[i].conf.prefer)
			preferred |= 1ULL << i;
	return preferred != 0 ? preferred : accepted;
}

/* The system peer: who brings most; the last one stays until another brings
 * twice as much, so that what we announce does not flap. */
static int
system_peer(const struct discipline *d, uint64_t set)
{
	int best = d->vote.system;
	double most = 0;

	if (best >= 0 && set >> best & 1)
		most = 2 * d->source[best].info;
	else
		best = -1;
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		if (!(set >> i & 1) || (best >= 0 && d->source[i].info <= most))
			continue;
		most = d->source[i].info;
		best = (int)i;
	}
	return best;
}

static uint8_t
state_in(const struct discipline *d, unsigned slot)
{
	const struct core_vote *v = &d->vote;

	if (v->accepted == 0)
		return DISCIPLINE_TIED;
	if (!(v->accepted >> slot & 1))
		return d->source[slot].bar > 0 ? DISCIPLINE_BARRED
					       : DISCIPLINE_FALSETICKER;
	if ((int)slot == v->system)
		return DISCIPLINE_SELECTED;
	return v->members >> slot & 1 ? DISCIPLINE_COMBINED
				      : DISCIPLINE_AGREEING;
}

static void
label(struct discipline *d)
{
	struct core_vote *v = &d->vote;

	v->members = bearers(d, v->accepted);
	v->system = system_peer(d, v->members);
	/* combinelimit 0: the best alone. */
	if (d->conf.combinelimit <= 0 && v->system >= 0)
		v->members = 1ULL << v->system;
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if (v->voting >> i & 1)
			d->source[i].state = state_in(d, i);
}

void
discipline_select_vote(struct discipline *d, double raw_s)
{
	struct core_vote *v = &d->vote;
	uint64_t set = 0, trust, barred = 0, accepted;
	struct ballot all;

	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if (d->source[i].open && eligible(d, &d->source[i], raw_s))
			set |= 1ULL << i;
	set = prefer_authenticated(d, set);
	v->voting = set;
	v->voting_cnt = count(set);
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if (set >> i & 1 && d->source[i].bar > 0)
			barred |= 1ULL << i;
	/* Alone it is followed; bars only mean something among several. */
	if (v->voting_cnt == 1)
		barred = 0;
	trust = trusted(d, set);
	if (trust != 0) {
		accepted = elect(d, trust, barred, raw_s);
		if (accepted != 0) {
			fill(d, &all, set & ~barred, raw_s);
			accepted = joiners(&all, accepted);
		}
	} else {
		accepted = elect(d, set, barred, raw_s);
	}
	v->unmet = accepted != 0 && !requirements_met(d, accepted);
	if (v->unmet)
		accepted = 0;
	v->accepted = accepted;
	v->accepted_cnt = count(accepted);
	label(d);
}
