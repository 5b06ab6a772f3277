/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The discipline's front: who is called when, and in which order.  A sample
 * goes through its source, the vote, the joint estimate, the bound and the
 * control; a report of the clock only moves the books.
 */
#include "discipline/discipline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core_priv.h"

#define REFRESH_S       60.0   /* the page is rewritten at least so often */
#define REMAINING_MAX_S 0.1    /* more than this to correct: not synchronised */
#define FOREIGN_SD_S    1e-3   /* how well somebody else's step is known */
#define SUSPEND_SD_S    1.0    /* what a resumed clock may be off */
#define STEP_TOGETHER_S 1200.0 /* steps so near may be one */
#define SPACING_NS      900000000LL
#define TICK_NS         1000000LL

struct discipline *
discipline_new(const struct discipline_conf *conf, struct mono now)
{
	struct discipline *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->conf = *conf;
	d->started = now;
	d->ticked = now;
	d->vote.system = -1;
	d->control.interval_s = 16;
	discipline_timeline_init(&d->timeline, now, conf->steers_mono);
	discipline_compare_init(&d->compare);
	return d;
}

size_t
discipline_size(void)
{
	return sizeof(struct discipline);
}

void
discipline_free(struct discipline *d)
{
	free(d);
}

void
discipline_reconfigure(struct discipline *d, const struct discipline_conf *conf)
{
	struct discipline_conf old = d->conf;

	d->conf = *conf;
	d->conf.freq_sps = old.freq_sps;
	d->conf.freq_error_sps = old.freq_error_sps;
	d->conf.wander_log10 = old.wander_log10;
	d->conf.wander_error_log10 = old.wander_error_log10;
	d->conf.steers_mono = old.steers_mono;
}

static struct core_source *
open_source(struct discipline *d, unsigned slot)
{
	if (slot >= DISCIPLINE_SLOT_MAX || !d->source[slot].open)
		return NULL;
	return &d->source[slot];
}

int
discipline_open(struct discipline *d, unsigned slot,
    const struct discipline_source_conf *conf)
{
	if (slot >= DISCIPLINE_SLOT_MAX)
		return ERR_BAD;
	if (d->source[slot].open)
		return ERR_FULL;
	discipline_source_init(&d->source[slot], conf);
	return 0;
}

void
discipline_modify(struct discipline *d, unsigned slot,
    const struct discipline_source_conf *conf)
{
	struct core_source *src = open_source(d, slot);

	if (src == NULL)
		return;
	src->conf = *conf;
	if (src->poll.log2 < conf->minpoll)
		src->poll.log2 = conf->minpoll;
	if (src->poll.log2 > conf->maxpoll)
		src->poll.log2 = conf->maxpoll;
}

/* Without this slot, which may be about to vanish. */
static void
revote(struct discipline *d)
{
	struct timeline_point pt =
	    discipline_timeline_at(&d->timeline, d->ticked);

	discipline_select_vote(d, pt.raw_s);
	discipline_joint_take(d, DISCIPLINE_SLOT_MAX, NULL);
	/* With nobody left to ask the last bound goes on growing. */
	if (d->vote.voting_cnt > 0)
		discipline_hard_bound(d, pt.raw_s);
}

void
discipline_reset(struct discipline *d, unsigned slot)
{
	struct core_source *src = open_source(d, slot);

	if (src == NULL)
		return;
	discipline_compare_remove(&d->compare, slot);
	discipline_source_forget(src);
	revote(d);
}

void
discipline_close(struct discipline *d, unsigned slot)
{
	struct core_source *src = open_source(d, slot);

	if (src == NULL)
		return;
	discipline_compare_remove(&d->compare, slot);
	memset(src, 0, sizeof *src);
	revote(d);
}

void
discipline_sent(struct discipline *d, unsigned slot, struct mono now)
{
	struct core_source *src = open_source(d, slot);

	if (src == NULL)
		return;
	src->reach = (uint8_t)(src->reach << 1);
	src->request_cnt++;
	src->asked++;
	discipline_pollctl_sent(src, now);
}

void
discipline_reply(struct discipline *d, unsigned slot)
{
	struct core_source *src = open_source(d, slot);

	if (src != NULL)
		src->reach |= 1;
}

void
discipline_rate(struct discipline *d, unsigned slot, struct mono now)
{
	struct core_source *src = open_source(d, slot);

	if (src == NULL)
		return;
	src->poll.rated = true;
	src->poll.rated_at = now;
	src->poll.confirm = 0;
	src->poll.start_over = true;
	if (src->poll.log2 < discipline_pollctl_lowest(src, now))
		src->poll.log2 = discipline_pollctl_lowest(src, now);
}

void
discipline_loop(struct discipline *d, unsigned slot)
{
	struct core_source *src = open_source(d, slot);

	if (src == NULL)
		return;
	src->reach |= 1;
	src->loop = true;
	revote(d);
}

static double
remaining(const struct discipline *d, struct mono now)
{
	struct timeline_point pt = discipline_timeline_at(&d->timeline, now);
	struct estimate e;

	if (!d->joint.primed)
		return 0;
	discipline_bank_mean(&d->joint.bank, pt.raw_s, &e);
	return e.x_s - pt.corr_s;
}

/* The leap second's own command, if it is to be stepped, else the usual. */
static void
decide(struct discipline *d, struct mono now, struct discipline_out *out)
{
	if (!d->leapsec.step || discipline_control_leap(d, now, out) < 0)
		discipline_control_decide(d, now, out);
	d->leapsec.step = false;
}

/* The first claim of being synchronised ends the time of fast slews: the
 * clock refuses them from then on, so none may be asked for or running. */
static bool
slews_fast(const struct discipline *d, struct mono now)
{
	double most = d->conf.slewrate_synced_ppm * 1e-6;
	struct mono until;

	if (d->control.settled)
		return false;
	if (d->control.asked && d->control.asked_rate > most)
		return true;
	return discipline_timeline_slewing(&d->timeline, now, &until) != 0 &&
	    fabs(discipline_timeline_slew(&d->timeline)) > most;
}

/* Synchronised: set at least once, near where it should be, and bounded.
 * Without sources it stays so as long as the bound allows. */
static void
judge(struct discipline *d, struct mono now)
{
	struct timeline_point pt = discipline_timeline_at(&d->timeline, now);
	bool tied = d->vote.voting_cnt > 0 && d->vote.accepted_cnt == 0;
	double left = fabs(remaining(d, now));
	bool leapt = discipline_leap_slewing(d, left);

	if (d->vote.voting_cnt > 0)
		discipline_hard_bound(d, pt.raw_s);
	/* Alone, a server that contradicts itself bounds nothing. */
	if (d->vote.voting_cnt == 1 && d->vote.system >= 0 &&
	    d->source[d->vote.system].contradicts)
		d->bound.valid = false;
	d->holdover = d->vote.accepted_cnt == 0 && d->control.updates > 0;
	if (d->vote.system >= 0) {
		d->last_stratum = d->source[d->vote.system].told.stratum;
		d->last_ref_id = d->source[d->vote.system].told.ref_id;
	}
	d->synced = d->control.updates > 0 && !d->control.panic &&
	    d->joint.primed && (!d->control.stepping || leapt) &&
	    !slews_fast(d, now) && (left < REMAINING_MAX_S || leapt) &&
	    d->bound.valid && !tied &&
	    discipline_hard_half(d, pt.raw_s, pt.corr_s) <
		d->conf.maxdistance_s;
	if (d->synced)
		d->control.settled = true;
	discipline_leap_judge(d, now);
}

static void
note_interval(struct discipline *d, double raw_s)
{
	struct core_control *c = &d->control;
	double t = raw_s - c->last_raw_s;

	if (c->last_raw_s > 0 && t > 0)
		c->interval_s += 0.25 * (t - c->interval_s);
	c->last_raw_s = raw_s;
}

/* Whether two sources have lately moved by the same step. */
static bool
same_step(
    const struct core_source *a, const struct core_source *b, double raw_s)
{
	const struct core_surprise *x = &a->surprise, *y = &b->surprise;
	double apart = fabs(x->step_s - y->step_s);

	return a->open && b->open && x->stepped && y->stepped &&
	    raw_s - x->step_raw < STEP_TOGETHER_S &&
	    raw_s - y->step_raw < STEP_TOGETHER_S &&
	    apart <= a->told.lambda_s + b->told.lambda_s &&
	    apart < 0.5 * fabs(x->step_s);
}

/* It was our clock: all of them stand where they stood, except against it.
 * Those not heard since say nothing until they are. */
static void
step_together(struct discipline *d, uint64_t moved, double step_s)
{
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		struct core_source *src = &d->source[i];

		if (!src->open)
			continue;
		if (moved >> i & 1) {
			src->bar = 0;
			src->surprise.stepped = false;
			continue;
		}
		discipline_source_shift(src, step_s);
		discipline_bank_blur(&src->bank, FOREIGN_SD_S * FOREIGN_SD_S);
		discipline_hard_clear(src);
	}
	discipline_compare_realign(d, step_s);
	discipline_bank_shift(&d->joint.bank, step_s);
	discipline_bank_blur(&d->joint.bank, FOREIGN_SD_S * FOREIGN_SD_S);
	d->bound.valid = false;
}

/* A source has moved.  If it is alone it is followed, frequency kept; if
 * most have moved alike, it was our clock; else it stays barred.  Ask the
 * others at once. */
static void
weigh_step(struct discipline *d, unsigned slot, const struct core_replay *r,
    struct discipline_out *out)
{
	struct core_source *src = &d->source[slot];
	unsigned n = 0, alike = 0;
	uint64_t moved = 0;

	if (!src->surprise.stepped || src->surprise.step_raw != r->raw_s ||
	    !d->joint.primed)
		return;
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		if (!discipline_source_reachable(&d->source[i]) ||
		    d->source[i].conf.noselect)
			continue;
		n++;
		if (!same_step(src, &d->source[i], r->raw_s))
			continue;
		alike++;
		moved |= 1ULL << i;
	}
	if (n <= 1) {
		discipline_bank_rephase(&d->joint.bank, r->raw_s, r->o.z_s,
		    discipline_estimate_variance(&r->o));
		return;
	}
	if (2 * alike > n) {
		step_together(d, moved, src->surprise.step_s);
		return;
	}
	discipline_burst(d, d->ticked, UINT64_MAX);
	out->repoll = UINT64_MAX;
}

void
discipline_shift(struct discipline *d, double dx_s)
{
	discipline_bank_shift(&d->joint.bank, dx_s);
	discipline_compare_shift(&d->compare, dx_s, 0);
	d->bound.lo_s += dx_s;
	d->bound.hi_s += dx_s;
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if (d->source[i].open)
			discipline_source_shift(&d->source[i], dx_s);
}

void
discipline_disturbed(struct discipline *d, double sd_s, struct mono now)
{
	discipline_bank_blur(&d->joint.bank, sd_s * sd_s);
	discipline_compare_shift(&d->compare, 0, sd_s * sd_s);
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		struct core_source *src = &d->source[i];

		if (!src->open)
			continue;
		discipline_bank_blur(&src->bank, sd_s * sd_s);
		discipline_traits_restart(&src->traits);
		src->replay_cnt = 0;
		discipline_hard_clear(src);
		discipline_pollctl_confirm(src, now);
	}
	d->bound.valid = false;
}

int
discipline_sample(struct discipline *d, unsigned slot, const struct sample *s,
    struct mono now, struct discipline_out *out)
{
	struct core_source *src = open_source(d, slot);
	struct core_replay r;
	struct timeline_point pt;
	int err;

	memset(out, 0, sizeof *out);
	if (src == NULL)
		return ERR_BAD;
	d->ticked = now;
	discipline_leap_pass(d, now);
	if (discipline_leap_close(d, now)) {
		src->dropped_cnt++;
		if (d->control.wanted)
			decide(d, now, out);
		judge(d, now);
		out->publish = true;
		return ERR_DENIED;
	}
	err = discipline_source_take(d, slot, s, &r);
	out->repoll = 1ULL << slot;
	if (err == ERR_AGAIN) {
		judge(d, now);
		out->publish = true;
		return 0;
	}
	if (err < 0)
		return err;
	pt = discipline_timeline_at(&d->timeline, now);
	weigh_step(d, slot, &r, out);
	discipline_compare_take(d, slot, &r);
	discipline_select_vote(d, pt.raw_s);
	discipline_joint_take(d, slot, &r);
	discipline_leap_see(d, s->wall, s->at);
	if (d->joint.members >> slot & 1) {
		note_interval(d, r.raw_s);
		d->control.ref_wall = s->wall;
	}
	decide(d, now, out);
	judge(d, now);
	out->repoll |= discipline_pollctl_review(d, slot, now);
	out->publish = true;
	return 0;
}

void
discipline_clock(struct discipline *d, const struct clockcmd_state *state,
    struct mono now, struct discipline_out *out)
{
	const struct clockcmd_state *old = &d->control.state;
	struct dur own = {0}, foreign = {0}, slept = {0};

	memset(out, 0, sizeof *out);
	d->ticked = now;
	if (d->control.heard) {
		own.ns = state->stepped.ns - old->stepped.ns;
		foreign.ns = state->foreign.ns - old->foreign.ns;
		slept.ns = state->suspended.ns - old->suspended.ns;
	}
	discipline_timeline_book(&d->timeline, state);
	if (own.ns != 0 || foreign.ns != 0)
		discipline_shift(
		    d, -tstamp_dur_to_s((struct dur){own.ns + foreign.ns}));
	if (slept.ns > 0)
		discipline_disturbed(d, SUSPEND_SD_S, now);
	else if (foreign.ns != 0)
		discipline_disturbed(d, FOREIGN_SD_S, now);
	if (slept.ns > 0 || foreign.ns != 0)
		out->repoll = UINT64_MAX;
	discipline_leap_moved(
	    d, (struct dur){own.ns + foreign.ns + slept.ns}, slept.ns > 0);
	discipline_leap_pass(d, now);
	discipline_control_heard(d, state, now);
	if (d->control.wanted)
		decide(d, now, out);
	judge(d, now);
	out->publish = true;
}

void
discipline_tick(
    struct discipline *d, struct mono now, struct discipline_out *out)
{
	memset(out, 0, sizeof *out);
	d->ticked = now;
	discipline_leap_pass(d, now);
	if (d->control.wanted)
		decide(d, now, out);
	revote(d);
	judge(d, now);
	out->publish = true;
}

struct mono
discipline_next(const struct discipline *d)
{
	struct dur gap = tstamp_dur_from_s(REFRESH_S);
	struct mono next = tstamp_mono_add(d->ticked, gap), until, leap;
	int8_t sense;

	if (!d->synced &&
	    discipline_timeline_slewing(&d->timeline, d->ticked, &until) != 0 &&
	    until.ns < next.ns)
		next = until;
	if (d->control.wanted && d->control.updates > 0) {
		struct mono soon = {d->control.last_at.ns + SPACING_NS};

		if (soon.ns < next.ns)
			next = soon;
	}
	if (next.ns < d->ticked.ns + SPACING_NS)
		next.ns = d->ticked.ns + SPACING_NS;
	/* Waiting for a leap second ends on time. */
	leap = discipline_leap_when(d, d->ticked, &sense);
	if (d->leapsec.due.ns != 0 && leap.ns < next.ns)
		next.ns = leap.ns > d->ticked.ns + TICK_NS
		    ? leap.ns
		    : d->ticked.ns + TICK_NS;
	return next;
}

void
discipline_reselect(
    struct discipline *d, struct mono now, struct discipline_out *out)
{
	d->vote.accepted = 0;
	discipline_tick(d, now, out);
}

void
discipline_burst(struct discipline *d, struct mono now, uint64_t slots)
{
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if (slots >> i & 1 && d->source[i].open)
			discipline_pollctl_confirm(&d->source[i], now);
}

int
discipline_makestep(
    struct discipline *d, struct mono now, struct discipline_out *out)
{
	memset(out, 0, sizeof *out);
	d->ticked = now;
	if (!d->joint.primed || d->vote.accepted == 0)
		return ERR_ABSENT;
	return discipline_control_step(d, now, out);
}

void
discipline_clock_lost(struct discipline *d, struct mono now)
{
	d->ticked = now;
	discipline_control_lost(d, now);
}

int
discipline_poll(const struct discipline *d, unsigned slot, struct mono now,
    struct discipline_poll *poll)
{
	memset(poll, 0, sizeof *poll);
	if (slot >= DISCIPLINE_SLOT_MAX || !d->source[slot].open)
		return ERR_BAD;
	poll->poll_log2 = d->source[slot].poll.log2;
	poll->interval_s =
	    discipline_pollctl_interval(d, slot, now, &poll->burst);
	return 0;
}
