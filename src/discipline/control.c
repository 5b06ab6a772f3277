/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the joint estimate to one clock command.  The frequency asked for is
 * the estimated one, the phase is slewed on top of it over a small part of
 * the time to the next sample: the clock then stands where the estimate says
 * and the frequency error that the slewing costs stays small.
 */
#include <math.h>
#include <string.h>

#include "core_priv.h"

#define ANSWER_MAX_S  3.0  /* a clock that says nothing for so long */
#define SPACING_S     0.9  /* between commands */
#define SLEW_SHARE    0.02 /* of the interval, times corrtimeratio */
#define SLEW_MIN_S    1.0
#define SLEW_MAX_S    100.0
#define START_SAMPLES 3 /* of one source, before the first command */
#define START_SOURCES 3 /* or so many that agree */
#define OFFSET_MEMORY 0.05

void
discipline_control_heard(
    struct discipline *d, const struct clockcmd_state *state, struct mono now)
{
	struct core_control *c = &d->control;

	c->heard = true;
	c->asked = false;
	if (c->stepping && state->refusal != CLOCKCMD_OK)
		c->refused_step = true;
	c->stepping = false;
	c->state = *state;
	c->next = now;
}

/* Hostile case H10: one false reply must not set the clock. */
static bool
enough_to_begin(const struct discipline *d)
{
	unsigned most = 0;

	if (d->vote.accepted_cnt < d->conf.minsources)
		return false;
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if (d->joint.members >> i & 1 &&
		    d->source[i].since_reset > most)
			most = d->source[i].since_reset;
	return most >= START_SAMPLES || d->vote.accepted_cnt >= START_SOURCES;
}

static bool
may_step(const struct discipline *d, double offset_s)
{
	const struct core_control *c = &d->control;

	if (d->conf.makestep_s <= 0 || fabs(offset_s) <= d->conf.makestep_s)
		return false;
	return !c->refused_step &&
	    (d->conf.makestep_limit < 0 || c->state.startup);
}

/* maxchange: too much to believe.  Stay up, say so, touch nothing. */
static bool
too_much(struct discipline *d, double offset_s)
{
	struct core_control *c = &d->control;

	c->panic = false;
	if (d->conf.maxchange_s <= 0 || fabs(offset_s) <= d->conf.maxchange_s ||
	    c->changes < d->conf.maxchange_delay)
		return false;
	if (d->conf.maxchange_ignore < 0 ||
	    c->ignored < d->conf.maxchange_ignore) {
		c->ignored++;
		return false;
	}
	c->panic = true;
	c->panic_s = offset_s;
	return true;
}

static void
ask_step(struct discipline *d, double raw_s, double corr_s, double offset_s,
    struct discipline_out *out)
{
	struct clockcmd_step *s = &out->step;

	out->cmd = DISCIPLINE_CMD_STEP;
	s->offset = tstamp_dur_from_s(offset_s);
	s->evidence_cnt = 0;
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		struct core_hard h;

		if (!(d->vote.accepted >> i & 1) ||
		    s->evidence_cnt == CLOCKCMD_EVIDENCE_MAX ||
		    !discipline_hard_source(d, &d->source[i], raw_s, &h))
			continue;
		s->evidence[s->evidence_cnt++] = (struct clockcmd_evidence){
		    (uint16_t)i, tstamp_dur_from_s(h.z_s - corr_s),
		    tstamp_dur_from_s(h.lambda_s)};
	}
	d->control.stepping = true;
}

static double
slew_rate_max(const struct discipline *d)
{
	double ppm = d->conf.maxslewrate_ppm;

	if (!d->control.state.startup && d->conf.slewrate_synced_ppm < ppm)
		ppm = d->conf.slewrate_synced_ppm;
	return ppm * 0.99e-6;
}

static double
clamp(double v, double lo, double hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static void
ask_adjust(struct discipline *d, const struct estimate *e, double offset_s,
    struct discipline_out *out)
{
	double drift = d->conf.maxdrift_ppm * 1e-6;
	double t = SLEW_SHARE * d->conf.corrtimeratio * d->control.interval_s;

	out->cmd = DISCIPLINE_CMD_ADJUST;
	out->adjust.freq_sps = discipline_timeline_freq(&d->timeline);
	if (sqrt(e->pyy) <= d->conf.maxupdateskew_ppm * 1e-6)
		out->adjust.freq_sps = clamp(e->y_sps, -drift, drift);
	t = clamp(t, SLEW_MIN_S, SLEW_MAX_S);
	t = fmax(t, fabs(offset_s) / slew_rate_max(d));
	out->adjust.offset = tstamp_dur_from_s(offset_s);
	out->adjust.duration = tstamp_dur_from_s(t);
}

static void
note_update(struct discipline *d, double offset_s, struct mono now)
{
	struct core_control *c = &d->control;
	double o2 = offset_s * offset_s;

	c->changes++;
	c->updates++;
	c->last_offset_s = offset_s;
	c->square_offset = c->updates == 1
	    ? o2
	    : c->square_offset + OFFSET_MEMORY * (o2 - c->square_offset);
	c->ref_at = now;
	c->asked = true;
	c->asked_at = now;
	c->last_at = now;
}

static double
seconds(struct mono later, struct mono earlier)
{
	return tstamp_dur_to_s(tstamp_mono_diff(later, earlier));
}

static bool
ready(struct discipline *d, struct mono now)
{
	struct core_control *c = &d->control;

	if (!c->heard || !d->joint.primed || d->vote.accepted == 0)
		return false;
	if (c->asked && seconds(now, c->asked_at) < ANSWER_MAX_S)
		return false;
	if (c->updates > 0 && seconds(now, c->last_at) < SPACING_S)
		return false;
	return d->synced || enough_to_begin(d);
}

void
discipline_control_decide(
    struct discipline *d, struct mono now, struct discipline_out *out)
{
	struct timeline_point pt = discipline_timeline_at(&d->timeline, now);
	struct core_control *c = &d->control;
	struct estimate e;
	double offset_s;

	c->wanted = true;
	if (!ready(d, now))
		return;
	c->wanted = false;
	discipline_bank_mean(&d->joint.bank, pt.raw_s, &e);
	offset_s = e.x_s - pt.corr_s;
	if (too_much(d, offset_s))
		return;
	if (may_step(d, offset_s) && enough_to_begin(d))
		ask_step(d, pt.raw_s, pt.corr_s, offset_s, out);
	else
		ask_adjust(d, &e, offset_s, out);
	note_update(d, offset_s, now);
}

/* The operator's word stands above makestep's threshold, and the clock's
 * limits above his. */
void
discipline_control_step(
    struct discipline *d, struct mono now, struct discipline_out *out)
{
	struct timeline_point pt = discipline_timeline_at(&d->timeline, now);
	struct estimate e;
	double offset_s;

	discipline_bank_mean(&d->joint.bank, pt.raw_s, &e);
	offset_s = e.x_s - pt.corr_s;
	d->control.refused_step = false;
	ask_step(d, pt.raw_s, pt.corr_s, offset_s, out);
	note_update(d, offset_s, now);
}
