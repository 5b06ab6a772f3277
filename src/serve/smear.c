/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smear is a function of the time since the leap second, so that every
 * worker, and a worker started anew, serves the same.  At the leap second
 * itself the shift must appear in the same answer in which our clock has
 * jumped, whoever made it jump; that is seen from the clock.
 */
#include "serve/smear.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HALF_NS  (TSTAMP_NS_PER_S / 2)
#define FRESH_NS (1000 * TSTAMP_NS_PER_S) /* no clock drifts half a second */
#define SURE_NS  (60 * TSTAMP_NS_PER_S)   /* by then it has jumped */

void
serve_smear_init(
    struct serve_smear *s, double maxfreq_ppm, double maxwander_ppm)
{
	struct serve_smear_plan *p = &s->plan;
	double freq = maxfreq_ppm * 1e-6;

	memset(s, 0, sizeof *s);
	if (!(maxfreq_ppm > 0) || !(maxwander_ppm > 0))
		return;
	p->wander_sps2 = maxwander_ppm * 1e-6;
	p->peak_sps = fmin(sqrt(p->wander_sps2), freq);
	p->ramp_s = p->peak_sps / p->wander_sps2;
	p->flat_s = fmax(0, 1 / p->peak_sps - p->ramp_s);
}

bool
serve_smear_wanted(const struct serve_smear *s)
{
	return s->plan.ramp_s > 0;
}

double
serve_smear_length_s(const struct serve_smear_plan *p)
{
	return 2 * p->ramp_s + p->flat_s;
}

double
serve_smear_left(const struct serve_smear_plan *p, double since_s)
{
	double to_end = serve_smear_length_s(p) - since_s;

	if (since_s <= 0)
		return 1;
	if (to_end <= 0)
		return 0;
	if (since_s < p->ramp_s)
		return 1 - p->wander_sps2 * since_s * since_s / 2;
	if (to_end < p->ramp_s)
		return p->wander_sps2 * to_end * to_end / 2;
	return 1 - p->peak_sps * (since_s - p->ramp_s / 2);
}

/* Whether our clock has made the jump that is due about now. */
static bool
has_jumped(const struct serve_smear *s, int8_t sense, int64_t since_ns,
    struct mono now, struct dur ahead)
{
	int64_t moved = ahead.ns - s->before.ns;

	/* Not looked at for long: by the page alone. */
	if (!s->known || now.ns - s->before_at.ns > FRESH_NS)
		return since_ns >= 0;
	return llabs(moved + sense * TSTAMP_NS_PER_S) < HALF_NS;
}

void
serve_smear_look(struct serve_smear *s, const struct timepage_time *page,
    struct mono now, struct dur ahead)
{
	int64_t since_ns = now.ns - page->leap_mono_ns;

	s->active = false;
	s->shift.ns = 0;
	if (!serve_smear_wanted(s) || page->leap_sense == 0)
		return;
	/* A second early: the prediction is better than that. */
	if (since_ns < -TSTAMP_NS_PER_S) {
		s->known = true;
		s->before = ahead;
		s->before_at = now;
		return;
	}
	if (since_ns < SURE_NS &&
	    !has_jumped(s, page->leap_sense, since_ns, now, ahead))
		return;
	s->shift = tstamp_dur_from_s(page->leap_sense *
	    serve_smear_left(&s->plan, (double)since_ns * 1e-9));
	s->active = s->shift.ns != 0;
}
