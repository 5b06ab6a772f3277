/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hard intervals: where the truth must be if a source is truthful, and the
 * hull of all points that enough sources allow (Marzullo and Owicki 1983).
 * Nothing here is an estimate: lambda = delay/2 + root delay/2 + root
 * dispersion + stamp error, growing with age at a rate that two such
 * intervals and the declared excursion of the oscillator leave open.
 */
#include <math.h>
#include <stdlib.h>

#include "core_priv.h"

#define ANCHOR_SPACING_S 900.0
#define RATE_LIMIT_SPS   500e-6 /* oscillators are made that well (B4) */

static unsigned
kept(unsigned cnt)
{
	return cnt < CORE_ANCHOR_MAX ? cnt : CORE_ANCHOR_MAX;
}

/* What is known of the rate stays true when phases are lost. */
static struct core_rate
rate_before(const struct core_source *src)
{
	if (src->rate_before.known)
		return src->rate_before;
	return (struct core_rate){false, 0, RATE_LIMIT_SPS};
}

static struct core_rate
find_rate(const struct discipline *d, const struct core_source *src)
{
	struct core_rate best = rate_before(src);
	double c = d->conf.excursion_ppm * 1e-6;

	for (unsigned i = 0; i < kept(src->recent_cnt); i++) {
		const struct core_hard *new = &src->recent[i];

		for (unsigned k = 0; k < kept(src->anchor_cnt); k++) {
			const struct core_hard *old = &src->anchor[k];
			double tau = new->raw_s - old->raw_s, half;

			if (tau <= 0)
				continue;
			half = (old->lambda_s + new->lambda_s) / tau + c;
			if (half >= best.half_sps)
				continue;
			best.known = true;
			best.half_sps = half;
			best.mid_sps = (new->z_s - old->z_s) / tau;
		}
	}
	return best;
}

void
discipline_hard_add(const struct discipline *d, struct core_source *src,
    const struct core_hard *h)
{
	struct core_hard *a;

	src->recent[src->recent_cnt++ % CORE_ANCHOR_MAX] = *h;
	if (src->anchor_cnt == 0 ||
	    h->raw_s - src->anchor_raw_s > ANCHOR_SPACING_S) {
		src->anchor[src->anchor_cnt++ % CORE_ANCHOR_MAX] = *h;
		src->anchor_raw_s = h->raw_s;
	} else {
		a = &src->anchor[(src->anchor_cnt - 1) % CORE_ANCHOR_MAX];
		if (h->lambda_s < a->lambda_s)
			*a = *h;
	}
	src->rate = find_rate(d, src);
}

/* The phases of the past say nothing any more. */
void
discipline_hard_clear(struct core_source *src)
{
	if (src->recent_cnt > 0)
		src->rate_before = src->rate;
	src->recent_cnt = 0;
	src->anchor_cnt = 0;
}

bool
discipline_hard_source(
    const struct core_source *src, double raw_s, struct core_hard *h)
{
	const struct core_rate *rate = &src->rate;
	bool any = false;

	for (unsigned i = 0; i < kept(src->recent_cnt); i++) {
		const struct core_hard *c = &src->recent[i];
		double age = raw_s > c->raw_s ? raw_s - c->raw_s : 0;
		double lambda = c->lambda_s + rate->half_sps * age;

		if (any && lambda >= h->lambda_s)
			continue;
		any = true;
		h->raw_s = raw_s;
		h->z_s = c->z_s + rate->mid_sps * age;
		h->lambda_s = lambda;
	}
	return any;
}

/* An end of an interval: where it opens (+1) or closes (-1). */
struct end {
	double at_s;
	int step;
};

static int
by_place(const void *a, const void *b)
{
	const struct end *x = a, *y = b;

	if (x->at_s != y->at_s)
		return x->at_s < y->at_s ? -1 : 1;
	return y->step - x->step;
}

static bool
hull(struct end *ends, unsigned n, int needed, double *lo_s, double *hi_s)
{
	int inside = 0;
	bool any = false;

	qsort(ends, n, sizeof *ends, by_place);
	for (unsigned i = 0; i < n; i++) {
		int before = inside;

		inside += ends[i].step;
		if (inside >= needed && before < needed && !any) {
			*lo_s = ends[i].at_s;
			any = true;
		}
		if (before >= needed && inside < needed)
			*hi_s = ends[i].at_s;
	}
	return any;
}

void
discipline_hard_bound(struct discipline *d, double raw_s)
{
	struct core_bound *b = &d->bound;
	struct end ends[2 * DISCIPLINE_SLOT_MAX];
	unsigned n = 0;
	int f = d->conf.lying_sources;

	b->raw_s = raw_s;
	b->rate_lo_sps = (double)INFINITY;
	b->rate_hi_sps = -(double)INFINITY;
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		const struct core_source *src = &d->source[i];
		const struct core_rate *rate = &src->rate;
		struct core_hard h;

		if (!(d->vote.voting >> i & 1))
			continue;
		if (!discipline_hard_source(src, raw_s, &h))
			continue;
		ends[2 * n] = (struct end){h.z_s - h.lambda_s, 1};
		ends[2 * n + 1] = (struct end){h.z_s + h.lambda_s, -1};
		n++;
		b->rate_lo_sps =
		    fmin(b->rate_lo_sps, rate->mid_sps - rate->half_sps);
		b->rate_hi_sps =
		    fmax(b->rate_hi_sps, rate->mid_sps + rate->half_sps);
	}
	if (f < 0 || f > (int)n)
		f = n > 0 ? ((int)n - 1) / 2 : 0;
	b->valid = n > 0 && hull(ends, 2 * n, (int)n - f, &b->lo_s, &b->hi_s);
}

/* Half width of an interval around phase x that holds the whole hull, at
 * raw_s not before the bound's own time; 0 when there is no bound. */
double
discipline_hard_half(const struct discipline *d, double raw_s, double x_s)
{
	const struct core_bound *b = &d->bound;
	double age = fmax(raw_s - b->raw_s, 0);

	if (!b->valid)
		return 0;
	return fmax(b->hi_s + b->rate_hi_sps * age - x_s,
	    x_s - b->lo_s - b->rate_lo_sps * age);
}
