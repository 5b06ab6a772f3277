/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line through readings of a PHC.  Each reading is right within half its
 * width: that is a fact, not statistics, so a reading off the line by more
 * than the widths allow means that a clock was stepped, or that this reading
 * is false.  One such reading stops the mapping; the next says which it was.
 */
#include "discipline/phc.h"

#include <math.h>
#include <string.h>

#define WIDTH_MAX_NS  1000000 /* a reading that took longer says nothing */
#define WIDE_RATIO    3.0     /* times the least width */
#define STALE_CNT     4       /* readings missed before any is welcome */
#define WANDER_SPS    5e-7    /* of two oscillators from their line */
#define RATE_MAX_SPS  2e-3    /* between two free oscillators */
#define PRECISION_MIN 1e-9
#define PRECISION_MAX 1e-3
#define PHC_MAX_NS    (INT64_MAX / 4) /* differences of two are safe */
#define AHEAD_S       1e-4            /* a stamp is not later than now */
#define RATE_SPAN_S   0.1             /* shorter ones are mostly noise */
#define OLD_S         10.0            /* nor waits longer than this for us */

void
discipline_phc_forget(struct discipline_phc *p)
{
	struct discipline_phc_conf conf = p->conf;

	memset(p, 0, sizeof *p);
	p->conf = conf;
}

static uint32_t
within(uint32_t v, uint32_t min, uint32_t max)
{
	return v < min ? min : v > max ? max : v;
}

void
discipline_phc_pace(struct discipline_phc *p, struct dur interval)
{
	p->conf.interval = interval;
	if (interval.ns <= 0)
		p->conf.interval.ns = TSTAMP_NS_PER_S;
}

void
discipline_phc_init(
    struct discipline_phc *p, const struct discipline_phc_conf *c)
{
	p->conf = *c;
	p->conf.precision_s =
	    fmin(fmax(c->precision_s, PRECISION_MIN), PRECISION_MAX);
	p->conf.max_cnt =
	    within(c->max_cnt, DISCIPLINE_PHC_MIN, DISCIPLINE_PHC_MAX);
	p->conf.min_cnt =
	    within(c->min_cnt, DISCIPLINE_PHC_MIN, p->conf.max_cnt);
	discipline_phc_pace(p, c->interval);
	discipline_phc_forget(p);
}

static bool
in_range(int64_t ns)
{
	return ns >= 0 && ns <= PHC_MAX_NS;
}

static bool
can_be_true(const struct discipline_phc_reading *r)
{
	return in_range(r->before_ns) && in_range(r->phc_ns) &&
	    in_range(r->after_ns) && r->after_ns >= r->before_ns &&
	    r->after_ns - r->before_ns <= WIDTH_MAX_NS;
}

size_t
discipline_phc_best(const struct discipline_phc_reading *r, size_t cnt)
{
	size_t best = cnt;

	for (size_t i = 0; i < cnt; i++)
		if (can_be_true(&r[i]) &&
		    (best == cnt ||
			r[i].after_ns - r[i].before_ns <
			    r[best].after_ns - r[best].before_ns))
			best = i;
	return best;
}

static double
span_s(int64_t to_ns, int64_t from_ns)
{
	return (double)(to_ns - from_ns) * 1e-9;
}

static const struct discipline_phc_point *
newest(const struct discipline_phc *p)
{
	return &p->at[p->cnt - 1];
}

/* How far the raw clock of a point is ahead of where the newest point and
 * equal rates would have it. */
static double
gain_s(const struct discipline_phc_point *of,
    const struct discipline_phc_point *from)
{
	return (double)((of->raw_ns - from->raw_ns) -
		   (of->phc_ns - from->phc_ns)) *
	    1e-9;
}

static double
weight(const struct discipline_phc *p, const struct discipline_phc_point *q)
{
	double sigma = q->half_s + p->conf.precision_s;

	return 1 / (sigma * sigma);
}

/* Weighted least squares; variances from the residuals, but not below what
 * the precision lets us know. */
static void
fit(struct discipline_phc *p)
{
	const struct discipline_phc_point *from = newest(p);
	double w = 0, x = 0, y = 0, xx = 0, xy = 0, rest = 0;

	p->least_half_s = from->half_s;
	for (uint32_t i = 0; i < p->cnt; i++) {
		double wi = weight(p, &p->at[i]);

		w += wi;
		x += wi * span_s(p->at[i].phc_ns, from->phc_ns);
		y += wi * gain_s(&p->at[i], from);
		p->least_half_s = fmin(p->least_half_s, p->at[i].half_s);
	}
	x /= w;
	y /= w;
	for (uint32_t i = 0; i < p->cnt; i++) {
		double wi = weight(p, &p->at[i]);
		double dx = span_s(p->at[i].phc_ns, from->phc_ns) - x;

		xx += wi * dx * dx;
		xy += wi * dx * (gain_s(&p->at[i], from) - y);
	}
	p->rate_sps = xx > 0 ? xy / xx : 0;
	for (uint32_t i = 0; i < p->cnt; i++) {
		double dx = span_s(p->at[i].phc_ns, from->phc_ns) - x;
		double dy = gain_s(&p->at[i], from) - y - p->rate_sps * dx;

		rest += weight(p, &p->at[i]) * dy * dy;
	}
	/* Unit weight: the variance relative to that of the weights. */
	rest = p->cnt > 2 ? rest / (p->cnt - 2) : 1;
	rest = fmax(rest, 1e-2);
	p->mean_x_s = x;
	p->offset_s = y - p->rate_sps * x;
	p->var_offset = rest / w;
	p->var_rate = xx > 0 ? rest / xx : RATE_MAX_SPS * RATE_MAX_SPS;
}

/* What the line does not know at this place, beyond the readings' width. */
static double
unsure_s(const struct discipline_phc *p, double x)
{
	double dx = x - p->mean_x_s;
	double beyond = x > 0 ? x : 0;

	return 3 * sqrt(p->var_offset + p->var_rate * dx * dx) +
	    WANDER_SPS * beyond;
}

/* Whether a point can follow another, as far as two points can tell. */
static bool
can_follow(const struct discipline_phc *p, const struct discipline_phc_point *q,
    const struct discipline_phc_point *from)
{
	double dt = span_s(q->phc_ns, from->phc_ns);

	return q->phc_ns > from->phc_ns && q->raw_ns > from->raw_ns &&
	    fabs(gain_s(q, from)) <=
	    q->half_s + from->half_s + p->conf.precision_s + RATE_MAX_SPS * dt;
}

static bool
on_line(const struct discipline_phc *p, const struct discipline_phc_point *q)
{
	const struct discipline_phc_point *from = newest(p);
	double x = span_s(q->phc_ns, from->phc_ns);
	double off;

	if (!can_follow(p, q, from))
		return false;
	if (p->cnt < 2)
		return true;
	off = gain_s(q, from) - p->offset_s - p->rate_sps * x;
	return fabs(off) <=
	    q->half_s + p->least_half_s + p->conf.precision_s + unsure_s(p, x);
}

static void
append(struct discipline_phc *p, const struct discipline_phc_point *q)
{
	if (p->cnt == p->conf.max_cnt) {
		memmove(p->at, p->at + 1, (p->cnt - 1) * sizeof p->at[0]);
		p->cnt--;
	}
	p->at[p->cnt++] = *q;
	fit(p);
}

static bool
too_wide(const struct discipline_phc *p, const struct discipline_phc_point *q)
{
	double age_s = span_s(q->raw_ns, newest(p)->raw_ns);

	return p->cnt >= p->conf.min_cnt &&
	    age_s < STALE_CNT * tstamp_dur_to_s(p->conf.interval) &&
	    q->half_s > WIDE_RATIO * p->least_half_s + p->conf.precision_s;
}

/* A second reading off the line: the first was false, or this is, or the
 * clock was stepped before both. */
static unsigned
doubt(struct discipline_phc *p, const struct discipline_phc_point *q)
{
	struct discipline_phc_point first = p->odd;

	if (!p->doubt || !can_follow(p, q, &first)) {
		p->doubt = true;
		p->odd = *q;
		return DISCIPLINE_PHC_DOUBT;
	}
	discipline_phc_forget(p);
	append(p, &first);
	append(p, q);
	return DISCIPLINE_PHC_STEPPED;
}

/* How much faster CLOCK_MONOTONIC, and CLOCK_REALTIME with it, has run than
 * the raw clock since the last reading; too soon after it, the rate before. */
static double
system_rate(
    const struct discipline_phc *p, const struct discipline_phc_now *now)
{
	double raw_s = span_s(now->raw_ns, p->last.raw_ns);
	double gain = (double)((now->mono.ns - p->last.mono.ns) -
			  (now->raw_ns - p->last.raw_ns)) *
	    1e-9;

	return raw_s >= RATE_SPAN_S ? gain / raw_s : p->system_sps;
}

unsigned
discipline_phc_add(struct discipline_phc *p,
    const struct discipline_phc_reading *r,
    const struct discipline_phc_now *now)
{
	struct discipline_phc_point q;
	int64_t width_ns, middle_ns;
	unsigned news = DISCIPLINE_PHC_KEPT;

	if (!can_be_true(r) || !in_range(now->real.ns) ||
	    !in_range(now->raw_ns) || now->spread.ns < 0 ||
	    now->spread.ns > WIDTH_MAX_NS)
		return DISCIPLINE_PHC_BAD;
	width_ns = r->after_ns - r->before_ns;
	middle_ns = r->before_ns + width_ns / 2;
	q.phc_ns = r->phc_ns;
	q.raw_ns = now->raw_ns - (now->real.ns - middle_ns);
	q.half_s = (double)(width_ns + now->spread.ns) * 0.5e-9;
	if (p->cnt > 0 && !on_line(p, &q)) {
		news = doubt(p, &q);
	} else {
		p->doubt = false;
		if (p->cnt > 0 && too_wide(p, &q))
			return DISCIPLINE_PHC_WIDE;
		append(p, &q);
	}
	if (news == DISCIPLINE_PHC_DOUBT)
		return news;
	p->system_sps = p->cnt > 1 ? system_rate(p, now) : 0;
	p->last = *now;
	return news;
}

bool
discipline_phc_ready(const struct discipline_phc *p)
{
	return p->cnt >= p->conf.min_cnt && !p->doubt;
}

int
discipline_phc_map(const struct discipline_phc *p, int64_t phc_ns,
    const struct discipline_phc_now *now, struct discipline_phc_stamp *out)
{
	const struct discipline_phc_point *to;
	double x, ago, rate, reach;
	struct dur ago_ns;

	memset(out, 0, sizeof *out);
	if (!discipline_phc_ready(p))
		return ERR_AGAIN;
	if (!in_range(phc_ns))
		return ERR_BAD;
	to = newest(p);
	x = span_s(phc_ns, to->phc_ns);
	reach = STALE_CNT * tstamp_dur_to_s(p->conf.interval);
	if (x > reach || x < span_s(p->at[0].phc_ns, to->phc_ns) - reach)
		return ERR_BAD;
	/* Raw time from the stamp to now. */
	ago =
	    span_s(now->raw_ns, to->raw_ns) - x - p->offset_s - p->rate_sps * x;
	if (ago < -AHEAD_S || ago > OLD_S)
		return ERR_BAD;
	rate = system_rate(p, now);
	ago_ns.ns = llrint(ago * (1 + rate) * -1e9);
	out->real = tstamp_wall_add(now->real, ago_ns);
	out->mono = tstamp_mono_add(now->mono, ago_ns);
	out->error_s = p->least_half_s + p->conf.precision_s + unsure_s(p, x) +
	    fabs(ago) * fabs(rate) + tstamp_dur_to_s(now->spread) / 2;
	return 0;
}
