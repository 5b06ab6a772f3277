/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When to ask.  For every poll interval the variance that the clock would
 * have in the steady state is predicted from what has been learned; we climb
 * while doubling the interval costs less than 2^0.75 in error.  Politeness:
 * public servers not below 6 unless configured, start burst of seven,
 * confirmation bursts of three per quarter of an hour, RATE obeyed for a day.
 */
#include <math.h>
#include <string.h>

#include "core_priv.h"

#define ELASTICITY_MAX  0.54
#define SETTLING        2.0 /* variance over that of the steady state */
#define SETTLED_AFTER   48  /* samples */
#define REVIEW_REPLIES  8   /* between predictions */
#define CLIMB_REPLIES   4
#define BURST_CNT       7
#define CONFIRM_CNT     3
#define CONFIRM_GAP_S   2.0
#define CONFIRM_AGAIN_S 900.0
#define QUICK_GAP_S     0.2
#define RATED_S         86400.0
#define MEASURED_MAX    64
#define WATCH_ALL       8 /* the first of a watch: everybody is asked sooner */

/* When the requests of the start burst go, seconds after the first. */
static const double burst_s[BURST_CNT] = {0, 2, 4, 8, 16, 32, 48};

static double
seconds(struct mono later, struct mono earlier)
{
	return tstamp_dur_to_s(tstamp_mono_diff(later, earlier));
}

int8_t
discipline_pollctl_lowest(const struct core_source *src, struct mono now)
{
	int8_t lo = src->conf.minpoll;

	if (src->poll.rated && seconds(now, src->poll.rated_at) < RATED_S)
		lo++;
	return lo;
}

static int8_t
within(const struct core_source *src, int want, struct mono now)
{
	int8_t lo = discipline_pollctl_lowest(src, now), hi = src->conf.maxpoll;

	if (want > hi)
		want = hi;
	return want < lo ? lo : (int8_t)want;
}

void
discipline_pollctl_init(struct core_source *src)
{
	memset(&src->poll, 0, sizeof src->poll);
	src->poll.log2 = src->conf.minpoll;
	src->poll.want = src->conf.minpoll;
	src->poll.start_over = !src->conf.iburst;
}

void
discipline_pollctl_sent(struct core_source *src, struct mono now)
{
	struct core_poll *p = &src->poll;

	if (src->request_cnt == 1)
		p->first_at = now;
	p->sent_at = now;
	p->answered = src->sample_cnt;
	if (!p->start_over) {
		if (++p->burst_sent >= BURST_CNT)
			p->start_over = true;
	} else if (p->confirm > 0) {
		p->confirm--;
	} else {
		p->spread = true;
	}
}

/* Return: whether there are now confirmation requests to be sent. */
bool
discipline_pollctl_confirm(struct core_source *src, struct mono now)
{
	struct core_poll *p = &src->poll;

	if (!p->start_over || p->confirm > 0)
		return true;
	if (p->confirmed_ever && seconds(now, p->confirm_at) < CONFIRM_AGAIN_S)
		return false;
	p->confirmed_ever = true;
	p->confirm_at = now;
	p->confirm = CONFIRM_CNT;
	return true;
}

/* What the poll control knows about the oscillator and the samples. */
struct outlook {
	double w2;
	double n2;
	unsigned cnt;
	double r[MEASURED_MAX];
};

static void
collect(const struct discipline *d, struct outlook *o)
{
	struct bank_wander w;
	double w2;

	discipline_bank_noise(&d->joint.bank, &w2, &o->n2);
	discipline_bank_wander(&d->joint.bank, &w);
	/* Ignorance of the wander polls faster. */
	o->w2 = pow(10, 2 * (w.log10_w + w.sd));
	o->cnt = 0;
	/* The newest of every member in turn, until there are enough. */
	for (unsigned k = 0; k < CORE_REPLAY_MAX && o->cnt < MEASURED_MAX;
	     k++) {
		for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
			const struct core_source *src = &d->source[i];

			if (!(d->joint.members >> i & 1) ||
			    k >= src->replay_cnt || o->cnt == MEASURED_MAX)
				continue;
			o->r[o->cnt++] = discipline_estimate_variance(
			    &src->replay[(src->replay_cnt - 1 - k) %
				    CORE_REPLAY_MAX]
				 .o);
		}
	}
}

/* Mean variance of the clock when asked every t seconds, in the steady
 * state: the recursion run three times over the measured variances. */
static double
predicted(const struct outlook *o, double t)
{
	struct estimate e = {.pxx = 1e-2, .pyy = 1e-8};
	double sum = 0;

	for (unsigned k = 0; k < 3 * o->cnt; k++) {
		double v = e.pxx + o->r[k % o->cnt];
		double gx = e.pxx / v, gy = e.pxy / v;

		e.pyy -= gy * e.pxy;
		e.pxy *= 1 - gx;
		e.pxx *= 1 - gx;
		if (k >= 2 * o->cnt)
			sum += e.pxx + e.pxy * t + e.pyy * t * t / 3 +
			    o->w2 * t * t * t / 12 + o->n2 * t / 2;
		discipline_estimate_predict(&e, t, o->w2, o->n2);
	}
	return sum / o->cnt;
}

static int
choose(const struct discipline *d, const struct outlook *o, int lo, int hi)
{
	double target = d->conf.targeterror_s;
	double last = predicted(o, ldexp(1, lo));
	struct estimate e;
	int p = lo;

	discipline_bank_mean(&d->joint.bank, d->joint.bank.at_s, &e);
	for (; p < hi; p++) {
		double t = ldexp(1, p + 1), next = predicted(o, t);

		/* Still converging: the steady state is not now. */
		if (d->joint.fed < SETTLED_AFTER &&
		    e.pxx + e.pxy * t + e.pyy * t * t / 3 > SETTLING * next)
			break;
		if (target > 0 ? next > target * target
			       : log2(next / last) / 2 > ELASTICITY_MAX)
			break;
		last = next;
	}
	return p;
}

static bool
move(struct core_source *src, struct mono now)
{
	struct core_poll *p = &src->poll;
	int8_t to = within(src, p->want, now);

	if (to > p->log2) {
		if (++p->since_climb < CLIMB_REPLIES)
			return false;
		to = (int8_t)(p->log2 + 1);
	}
	p->since_climb = 0;
	if (to == p->log2)
		return false;
	p->log2 = to;
	return true;
}

/* After a sample of @slot.  Return: the slots whose next request moves. */
uint64_t
discipline_pollctl_review(struct discipline *d, unsigned slot, struct mono now)
{
	struct core_source *src = &d->source[slot];
	unsigned n = d->vote.accepted_cnt > 0 ? d->vote.accepted_cnt : 1;
	uint64_t moved = 1ULL << slot;
	struct outlook o;
	int spread = (int)lrint(log2(n));
	int lo = src->conf.minpoll - spread, hi = src->conf.maxpoll - spread;

	if (!src->poll.start_over)
		return moved;
	if (!(d->joint.members >> slot & 1) || !d->synced) {
		src->poll.want = src->conf.minpoll;
	} else if (src->sample_cnt % REVIEW_REPLIES == 0) {
		collect(d, &o);
		if (o.cnt >= 4)
			src->poll.want =
			    (int8_t)(choose(d, &o, lo, hi) + spread);
	}
	if (src->poll.watch > 0) {
		if (src->poll.watch-- == WATCH_ALL)
			moved = UINT64_MAX;
		src->poll.log2 = discipline_pollctl_lowest(src, now);
		src->poll.since_climb = 0;
		return moved;
	}
	move(src, now);
	return moved;
}

/* While it may be far off, the first answers come fast. */
static double
start_gap(const struct discipline *d, const struct core_source *src)
{
	const struct core_poll *p = &src->poll;
	unsigned sent = p->burst_sent;

	if (sent == 0)
		return 0;
	if (src->sample_cnt == 0 && sent < 3)
		return QUICK_GAP_S;
	if (src->sample_cnt > 0 && src->sample_cnt < 3 && sent < 3 &&
	    !d->synced && d->conf.makestep_s > 0 &&
	    fabs(src->told.z_s) > d->conf.makestep_s)
		return QUICK_GAP_S;
	return fmax(
	    burst_s[sent] - seconds(p->sent_at, p->first_at), QUICK_GAP_S);
}

double
discipline_pollctl_interval(
    const struct discipline *d, unsigned slot, struct mono now, bool *burst)
{
	const struct core_source *src = &d->source[slot];
	const struct core_poll *p = &src->poll;
	double t = ldexp(
	    1, p->watch > 0 ? discipline_pollctl_lowest(src, now) : p->log2);
	unsigned rank = 0, open = 0;

	*burst = true;
	if (!p->start_over)
		return start_gap(d, src);
	if (p->confirm > 0)
		return CONFIRM_GAP_S;
	*burst = false;
	if (p->spread)
		return src->request_cnt == 0 ? 0 : t;
	/* The first steady interval puts the sources out of phase. */
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		if (!d->source[i].open)
			continue;
		rank += i < slot;
		open++;
	}
	if (src->request_cnt == 0)
		return 0;
	return t * (rank + 0.5) / open;
}
