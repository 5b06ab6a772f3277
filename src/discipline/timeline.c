/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The books of the corrections.  With dm seconds of CLOCK_MONOTONIC of which
 * ds came from slewing, and base frequency f, the oscillator has counted
 * dr = (dm - ds)/(1 + f) and the corrections are dm - dr: exact also at the
 * highest slew rates, where f * dm would be wrong by a millisecond.
 */
#include "discipline/timeline.h"

#include <string.h>

void
discipline_timeline_init(
    struct discipline_timeline *tl, struct mono origin, bool steers_mono)
{
	memset(tl, 0, sizeof *tl);
	tl->origin = origin;
	tl->steers_mono = steers_mono;
	tl->cnt = 1;
}

static struct timeline_point
advance(const struct discipline_timeline *tl, const struct timeline_part *p,
    double dm, double ds)
{
	struct timeline_point pt;

	if (tl->steers_mono) {
		double dr = (dm - ds) / (1 + p->freq_sps);

		pt.raw_s = p->raw_s + dr;
		pt.corr_s = p->corr_s + (dm - dr);
	} else {
		pt.raw_s = p->raw_s + dm;
		pt.corr_s = p->corr_s + p->freq_sps * dm + ds;
	}
	return pt;
}

static double
since_origin(const struct discipline_timeline *tl, struct mono at)
{
	return tstamp_dur_to_s(tstamp_mono_diff(at, tl->origin));
}

static const struct timeline_part *
last_part(const struct discipline_timeline *tl)
{
	return &tl->part[(tl->cnt - 1) % DISCIPLINE_TIMELINE_MAX];
}

static struct timeline_point
extrapolate(const struct discipline_timeline *tl, const struct timeline_part *p,
    double at_s)
{
	double end = at_s < p->slew_until_s ? at_s : p->slew_until_s;
	double ds = end > p->at_s ? (end - p->at_s) * p->slew_sps : 0;

	return advance(tl, p, at_s - p->at_s, ds);
}

struct timeline_point
discipline_timeline_at(const struct discipline_timeline *tl, struct mono at)
{
	double at_s = since_origin(tl, at);
	const struct timeline_part *p = last_part(tl);
	unsigned kept = tl->cnt < DISCIPLINE_TIMELINE_MAX
	    ? tl->cnt
	    : DISCIPLINE_TIMELINE_MAX;

	for (unsigned i = 2; i <= kept && p->at_s > at_s; i++)
		p = &tl->part[(tl->cnt - i) % DISCIPLINE_TIMELINE_MAX];
	return extrapolate(tl, p, at_s);
}

void
discipline_timeline_book(
    struct discipline_timeline *tl, const struct clockcmd_state *state)
{
	const struct timeline_part *last = last_part(tl);
	struct timeline_part next;
	struct timeline_point pt;
	struct dur slewed = {state->corrected.ns - state->stepped.ns};
	double at_s = since_origin(tl, state->as_of);

	/* A report from before the last one has been overtaken. */
	if (tl->started && at_s < last->at_s)
		return;
	if (!tl->started || tl->forgotten)
		tl->slewed = slewed;
	tl->forgotten = false;
	pt = advance(tl, last, at_s - last->at_s,
	    tstamp_dur_to_s((struct dur){slewed.ns - tl->slewed.ns}));
	next.at_s = at_s;
	next.raw_s = pt.raw_s;
	next.corr_s = pt.corr_s;
	next.freq_sps = state->freq_sps;
	next.slew_sps = state->slew_rate_sps;
	next.slew_until_s = since_origin(tl, state->slew_until);
	tl->slewed = slewed;
	if (tl->started)
		tl->cnt++;
	tl->started = true;
	tl->part[(tl->cnt - 1) % DISCIPLINE_TIMELINE_MAX] = next;
}

void
discipline_timeline_restart(struct discipline_timeline *tl, struct mono now)
{
	struct timeline_point pt = discipline_timeline_at(tl, now);
	struct timeline_part part = *last_part(tl);

	part.at_s = since_origin(tl, now);
	part.raw_s = pt.raw_s;
	part.corr_s = pt.corr_s;
	part.slew_sps = 0;
	tl->cnt++;
	tl->part[(tl->cnt - 1) % DISCIPLINE_TIMELINE_MAX] = part;
	tl->forgotten = true;
}

double
discipline_timeline_freq(const struct discipline_timeline *tl)
{
	return last_part(tl)->freq_sps;
}

double
discipline_timeline_slew(const struct discipline_timeline *tl)
{
	return last_part(tl)->slew_sps;
}

double
discipline_timeline_slewing(
    const struct discipline_timeline *tl, struct mono at, struct mono *until)
{
	const struct timeline_part *p = last_part(tl);
	double at_s = since_origin(tl, at);

	*until =
	    tstamp_mono_add(tl->origin, tstamp_dur_from_s(p->slew_until_s));
	if (at_s < p->at_s)
		at_s = p->at_s;
	if (p->slew_sps == 0 || at_s >= p->slew_until_s)
		return 0;
	return p->slew_sps * (p->slew_until_s - at_s);
}
