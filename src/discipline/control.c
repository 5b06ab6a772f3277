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

#define ANSWER_MAX_S  10.0 /* a clock that says nothing for so long */
#define SPACING_S     0.9  /* between commands */
#define SLEW_SHARE    0.02 /* of the interval, times corrtimeratio */
#define SLEW_MIN_S    1.0
#define SLEW_EASY_S   100.0
#define SLEW_MAX_S    3600.0 /* what the clock takes in one command */
#define START_SAMPLES 3      /* of one source, before the first command */
#define START_SOURCES 3      /* or so many that agree */
#define REST_STEP_S   4.9    /* what the clock allows after a suspend... */
#define REST_STEP_SPS 195e-6 /* ...and per second of it */
#define OFFSET_MEMORY 0.05

void
discipline_control_heard(
    struct discipline *d, const struct clockcmd_state *state, struct mono now)
{
	struct core_control *c = &d->control;

	if (c->heard && state->suspended.ns > c->state.suspended.ns) {
		double slept = tstamp_dur_to_s(
		    (struct dur){state->suspended.ns - c->state.suspended.ns});

		c->rested = true;
		c->rest_step_s = REST_STEP_S + REST_STEP_SPS * slept;
	}
	if (state->stepped.ns != c->state.stepped.ns)
		c->rested = false;
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
	if (d->leapsec.slewing)
		return false; /* leapsecmode says how */
	if (c->rested && fabs(offset_s) <= c->rest_step_s)
		return !c->refused_step;
	return !c->refused_step && c->state.startup;
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

/* A step needs the word of minsources sources whose intervals hold where it
 * goes; without, the offset is slewed. */
static bool
ask_step(struct discipline *d, const struct timeline_point *pt, double offset_s,
    struct discipline_out *out)
{
	struct clockcmd_step *s = &out->step;

	s->offset = tstamp_dur_from_s(offset_s);
	s->evidence_cnt = 0;
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		struct core_hard h;

		if (!(d->vote.accepted >> i & 1) ||
		    s->evidence_cnt == CLOCKCMD_EVIDENCE_MAX ||
		    !discipline_hard_source(&d->source[i], pt->raw_s, &h) ||
		    fabs(h.z_s - pt->corr_s - offset_s) >= h.lambda_s)
			continue;
		s->evidence[s->evidence_cnt++] = (struct clockcmd_evidence){
		    (uint16_t)i, tstamp_dur_from_s(h.z_s - pt->corr_s),
		    tstamp_dur_from_s(h.lambda_s)};
	}
	if (s->evidence_cnt == 0 || s->evidence_cnt < d->conf.minsources)
		return false;
	out->cmd = DISCIPLINE_CMD_STEP;
	d->control.asked_rate = 0;
	d->control.stepping = true;
	return true;
}

/* What the clock allows, and not more than the configuration says once it
 * has been synchronised: the clock treats a breach as an attack. */
static double
slew_rate_max(const struct discipline *d)
{
	double most = d->conf.maxslewrate_ppm * 1e-6;

	if (d->control.settled)
		most = fmin(most, d->conf.slewrate_synced_ppm * 1e-6);
	return 0.99 * fmin(most, d->control.state.slew_max_sps);
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
	double most;

	out->cmd = DISCIPLINE_CMD_ADJUST;
	out->adjust.freq_sps = discipline_timeline_freq(&d->timeline);
	if (sqrt(e->pyy) <= d->conf.maxupdateskew_ppm * 1e-6)
		out->adjust.freq_sps = clamp(e->y_sps, -drift, drift);
	t = clamp(t, SLEW_MIN_S, SLEW_EASY_S);
	most = slew_rate_max(d);
	if (most <= 0) {
		offset_s = 0;
	} else {
		t = fmin(fmax(t, fabs(offset_s) / most), SLEW_MAX_S);
		offset_s = clamp(offset_s, -most * t, most * t);
	}
	out->adjust.offset = tstamp_dur_from_s(offset_s);
	out->adjust.duration = tstamp_dur_from_s(t);
	d->control.asked_rate = fabs(offset_s) / t;
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
	if (!may_step(d, offset_s) || !enough_to_begin(d) ||
	    !ask_step(d, &pt, offset_s, out))
		ask_adjust(d, &e, offset_s, out);
	note_update(d, offset_s, now);
}

/* The operator's word stands above makestep's threshold, and the clock's
 * limits above his. */
int
discipline_control_step(
    struct discipline *d, struct mono now, struct discipline_out *out)
{
	struct timeline_point pt = discipline_timeline_at(&d->timeline, now);
	struct estimate e;
	double offset_s;

	discipline_bank_mean(&d->joint.bank, pt.raw_s, &e);
	offset_s = e.x_s - pt.corr_s;
	d->control.refused_step = false;
	if (!ask_step(d, &pt, offset_s, out))
		return ERR_DENIED;
	note_update(d, offset_s, now);
	return 0;
}

/* A leap second has come and the clock shall be stepped by it: exactly one
 * second, which is what the clock allows on that occasion. */
int
discipline_control_leap(
    struct discipline *d, struct mono now, struct discipline_out *out)
{
	struct timeline_point pt = discipline_timeline_at(&d->timeline, now);
	double by_s = d->leapsec.done_sense > 0 ? -1 : 1;

	if (!d->control.heard || !d->joint.primed ||
	    !ask_step(d, &pt, by_s, out))
		return ERR_DENIED;
	d->control.wanted = true;
	note_update(d, by_s, now);
	return 0;
}

/* The clock was restarted: its sums begin anew, and nobody knows how much of
 * a slew it still did. */
void
discipline_control_lost(struct discipline *d, struct mono now)
{
	struct core_control *c = &d->control;
	struct mono until;
	double left = discipline_timeline_slewing(&d->timeline, now, &until);

	discipline_timeline_restart(&d->timeline, now);
	discipline_bank_blur(&d->joint.bank, left * left);
	c->heard = false;
	c->asked = false;
	c->stepping = false;
}
