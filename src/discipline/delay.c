/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delay statistics of one source and the test for changed routes.  The
 * hierarchy of 64 recent delays and 15 block minima stands for the last 1024.
 */
#include "discipline/delay.h"

#include <math.h>
#include <string.h>

#define ROUTE_LOG_P    (-20.0) /* so unlikely that the path has changed */
#define ROUTE_SEEN_MIN 20
#define JITTER_RISE    1.5
#define FALL_JITTERS   1.5
#define TAIL_MEDIANS   6.0
#define GAP            1.2533 /* sqrt(pi / 2) */
#define GAP_SD         0.52

/* fmin minds NaN and is a call. */
static inline double
lesser(double a, double b)
{
	return a < b ? a : b;
}

void
discipline_delay_init(struct discipline_delay *dl)
{
	memset(dl, 0, sizeof *dl);
	for (int i = 0; i < DISCIPLINE_DELAY_DAY; i++)
		dl->hour[i] = (double)INFINITY;
	dl->day_s = (double)INFINITY;
	dl->filling = (double)INFINITY;
}

void
discipline_delay_known(struct discipline_delay *dl, double least_s)
{
	dl->block[0] = least_s;
	dl->block_cnt = 1;
	dl->least_s = least_s;
}

static unsigned
recent_cnt(const struct discipline_delay *dl)
{
	return dl->seen < DISCIPLINE_DELAY_RECENT ? dl->seen
						  : DISCIPLINE_DELAY_RECENT;
}

/* The k-th newest delay, 0 the newest. */
static double
newest(const struct discipline_delay *dl, unsigned k)
{
	return dl->recent[(dl->seen - 1 - k) % DISCIPLINE_DELAY_RECENT];
}

static double
least_of_newest(const struct discipline_delay *dl, unsigned k)
{
	double m = (double)INFINITY;

	for (unsigned i = 0; i < k; i++)
		m = lesser(m, newest(dl, i));
	return m;
}

static void
refresh_least(struct discipline_delay *dl)
{
	unsigned n = dl->block_cnt < DISCIPLINE_DELAY_BLOCKS
	    ? dl->block_cnt
	    : DISCIPLINE_DELAY_BLOCKS;

	dl->least_s = least_of_newest(dl, recent_cnt(dl));
	for (unsigned i = 0; i < n; i++)
		dl->least_s = lesser(dl->least_s, dl->block[i]);
}

/* Insertion sort: at most 64, and mostly in no order. */
static unsigned
sorted(const struct discipline_delay *dl, double out[DISCIPLINE_DELAY_RECENT])
{
	unsigned n = recent_cnt(dl);

	for (unsigned i = 0; i < n; i++) {
		double v = newest(dl, i);
		unsigned k = i;

		for (; k > 0 && out[k - 1] > v; k--)
			out[k] = out[k - 1];
		out[k] = v;
	}
	return n;
}

/* Half the mean excess of the recent delays, without the far tail. */
static double
measure_jitter(const struct discipline_delay *dl)
{
	double v[DISCIPLINE_DELAY_RECENT], sum = 0, limit;
	unsigned n = sorted(dl, v), used = 0;

	if (n < 2)
		return dl->least_s / 4;
	limit = TAIL_MEDIANS * (v[n / 2] - v[0]);
	for (; used < n && v[used] - dl->least_s <= limit + 1e-12; used++)
		sum += v[used] - dl->least_s;
	sum /= 2.0 * (used > 0 ? used : 1);
	if (n >= 4)
		return sum * (1 + 0.6 / sqrt(n));
	/* Two or three may all have been lucky alike. */
	return lesser(fmax(4 * sum, dl->least_s / 50), dl->least_s / 4);
}

/* Begin anew with the k newest delays. */
static void
restart_route(struct discipline_delay *dl, unsigned k)
{
	double keep[DISCIPLINE_DELAY_RECENT];

	for (unsigned i = 0; i < k; i++)
		keep[k - 1 - i] = newest(dl, i);
	memcpy(dl->recent, keep, k * sizeof keep[0]);
	memset(dl->jitter, 0, sizeof dl->jitter);
	dl->seen = k;
	dl->block_cnt = 0;
	dl->filling = least_of_newest(dl, k);
	dl->route_cnt++;
	refresh_least(dl);
}

/* The jitter to judge the last k by: they may have raised it themselves. */
static double
jitter_before(const struct discipline_delay *dl, unsigned k)
{
	double before =
	    dl->jitter[(dl->seen - 1 - k) % DISCIPLINE_DELAY_RECENT];

	return before > 0 ? lesser(dl->jitter_s, JITTER_RISE * before)
			  : dl->jitter_s;
}

/* Have the last k delays all been too long to be luck, for some k?  A single
 * k misses jumps of a few J; less than 8 is set off by short bursts. */
static bool
route_rose(struct discipline_delay *dl)
{
	if (dl->seen < ROUTE_SEEN_MIN || dl->jitter_s <= 0)
		return false;
	for (unsigned k = 8; k <= 32 && k < dl->seen / 2; k *= 2) {
		double s = (least_of_newest(dl, k) - dl->least_s) /
		    jitter_before(dl, k);

		if (k * (log1p(s) - s) >= ROUTE_LOG_P)
			continue;
		restart_route(dl, k);
		return true;
	}
	return false;
}

static void
remember_hour(struct discipline_delay *dl, double at_s, double delay_s)
{
	double *slot = &dl->hour[dl->hour_idx % DISCIPLINE_DELAY_DAY];

	if (at_s - dl->hour_at_s >= 3600) {
		dl->hour_at_s = at_s;
		slot = &dl->hour[++dl->hour_idx % DISCIPLINE_DELAY_DAY];
		*slot = dl->day_s = delay_s;
		for (int i = 0; i < DISCIPLINE_DELAY_DAY; i++)
			dl->day_s = lesser(dl->day_s, dl->hour[i]);
	}
	*slot = lesser(*slot, delay_s);
	dl->day_s = lesser(dl->day_s, delay_s);
}

static void
remember(struct discipline_delay *dl, double delay_s)
{
	dl->recent[dl->seen % DISCIPLINE_DELAY_RECENT] = delay_s;
	dl->seen++;
	dl->filling = lesser(dl->filling, delay_s);
	if (dl->seen % DISCIPLINE_DELAY_RECENT == 0) {
		dl->block[dl->block_cnt % DISCIPLINE_DELAY_BLOCKS] =
		    dl->filling;
		dl->block_cnt++;
		dl->filling = (double)INFINITY;
	}
}

/* A route that became much shorter: what was longer says nothing any more.
 * Two in a row, so that one false stamp does not erase the past. */
static bool
route_fell(const struct discipline_delay *dl, double below)
{
	return dl->seen >= ROUTE_SEEN_MIN && newest(dl, 0) < below &&
	    newest(dl, 1) < below;
}

/* How far the least of so many delays lies above the base. */
static double
gap(const struct discipline_delay *dl)
{
	return GAP * dl->jitter_s / sqrt(dl->seen < 1024 ? dl->seen : 1024);
}

double
discipline_delay_doubt(const struct discipline_delay *dl)
{
	return dl->seen > 0 ? GAP_SD * gap(dl) : 0;
}

void
discipline_delay_add(struct discipline_delay *dl, double at_s, double delay_s,
    struct delay_excess *x)
{
	double below = dl->before_s, jitter = dl->jitter_s;

	dl->before_s = dl->least_s - FALL_JITTERS * jitter;
	remember(dl, delay_s);
	remember_hour(dl, at_s, delay_s);
	refresh_least(dl);
	x->rerouted = route_rose(dl);
	if (!x->rerouted && route_fell(dl, below)) {
		restart_route(dl, 2);
		dl->before_s = 0;
		dl->jitter_s = dl->before_jitter_s;
		x->rerouted = true;
	}
	/* With few on a new route the jitter of the old one still serves. */
	if (dl->seen > 8 || dl->route_cnt == 0 || dl->jitter_s <= 0)
		dl->jitter_s = measure_jitter(dl);
	dl->before_jitter_s = jitter;
	dl->jitter[(dl->seen - 1) % DISCIPLINE_DELAY_RECENT] = dl->jitter_s;
	x->sd_s = discipline_delay_doubt(dl);
	x->s_s = delay_s - dl->least_s + gap(dl);
}

double
discipline_delay_detour(const struct discipline_delay *dl)
{
	return (dl->least_s - lesser(dl->least_s, dl->day_s)) / 2;
}

double
discipline_delay_quantile(const struct discipline_delay *dl, double q)
{
	double v[DISCIPLINE_DELAY_RECENT];
	unsigned n = sorted(dl, v);

	if (n == 0)
		return 0;
	q = lesser(fmax(q, 0), 1);
	return v[(unsigned)(q * (n - 1) + 0.5)];
}
