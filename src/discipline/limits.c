/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The judge over commands to the clock: see the header for the rules and for
 * how role clock uses it.
 *
 * Invariants: whatever is asked, carried_ns + |moved_ns| stays within
 * reserved_ns for phase commands, reserved_ns never exceeds BUDGET_NS, and no
 * count of this boot ever goes down.
 */
#include "discipline/limits.h"

#include <math.h>
#include <stdlib.h>

#include "limits_priv.h"

#define EXCURSION       15e-6 /* of a good oscillator about its long-term rate */
#define LONG_MOVE_PH    1e-6  /* the long-term frequency, per hour */

#define STARTUP_MAX_NS  HOUR_NS /* start-up ends, synchronised or not */
#define SETTLE_NS       HOUR_NS /* then the long-term frequency follows */
#define LATER_STEP_NS   (10 * NS_PER_S)
#define PERMIT_NS       (60 * NS_PER_S)
#define REST_STEP_NS    (5 * NS_PER_S)
#define REST_STEP_SPS   200e-6
#define SUSPEND_MIN_NS  100000000
#define FOREIGN_MIN_NS  1000000
#define LEAP_SLACK_NS   10000000
#define LEAP_EARLY_NS   (TSTAMP_NS_PER_S + LEAP_SLACK_NS)
#define LEAP_LATE_NS    (60 * TSTAMP_NS_PER_S)
#define FLOOR_MARGIN_NS (10 * TSTAMP_NS_PER_S)
#define VALID_MAX_NS    (DAY_S * TSTAMP_NS_PER_S)
#define WINDOW_NS       (20LL * 365 * DAY_S * TSTAMP_NS_PER_S)
#define RATE_TOLERANCE  1e-6 /* of rounding to ns; relative */
#define BUCKET_RATE     4.0
#define TAI_MIN         10
#define TAI_MAX         100
#define RECKONED_MAX_NS 4e18 /* beyond: no sum of such can be trusted */

/* The source was not older than this when it was compiled, whatever the
 * build says of itself: 2026-09-21. */
#define BUILD_FLOOR_NS (1790000000LL * TSTAMP_NS_PER_S)

static double
magnitude(struct dur d)
{
	return fabs((double)d.ns);
}

/* ---- the absolute window ---- */

static struct wall
build_date(const struct limits *l)
{
	struct wall floor = {BUILD_FLOOR_NS};

	return l->conf.build_date.ns > floor.ns ? l->conf.build_date : floor;
}

static bool
in_window(const struct limits *l, struct wall t, struct mono boot)
{
	struct wall low = build_date(l);

	if (t.ns < low.ns || tstamp_wall_diff(t, low).ns > WINDOW_NS)
		return false;
	return !l->has_floor || t.ns >= floor_at(l, boot).ns;
}

/* ---- the budget ---- */

static void
leak(struct limits *l, double boot_ns, double raw_ns)
{
	double by = LEAK_SPS * boot_ns;

	l->moved_ns = towards_zero(l->moved_ns, by + EXCURSION * raw_ns);
	l->carried_ns = towards_zero(l->carried_ns, by);
	l->reserved_ns = towards_zero(l->reserved_ns, by);
	l->asked_ns = towards_zero(l->asked_ns, by);
}

/* May the clock be displaced by so much more? */
static enum clockcmd_refusal
judge_budget(struct limits *l, double more_ns)
{
	double after = spent(l, l->moved_ns + more_ns);

	/* Back towards where the clock was is always right. */
	if (fabs(l->moved_ns + more_ns) <= fabs(l->moved_ns))
		return CLOCKCMD_OK;
	if (after > BUDGET_NS) {
		l->held = true;
		return CLOCKCMD_BUDGET;
	}
	if (after <= l->reserved_ns)
		return CLOCKCMD_OK;
	l->need_ns = fmax(l->need_ns, fabs(more_ns));
	return CLOCKCMD_RESERVE;
}

/* ---- what the clocks say ---- */

static void
end_startup(struct limits *l, struct mono boot)
{
	l->over = true;
	l->over_boot = boot;
	l->long_sps = l->freq_sps;
	l->has_freq = true;
	l->moved_ns = 0;
	l->dirty = true;
}

static void
follow_frequency(struct limits *l, struct mono boot, double raw_ns)
{
	double most = LONG_MOVE_PH * raw_ns / (double)HOUR_NS;
	double off = l->freq_sps - l->long_sps;

	/* What the first samples said of the oscillator was a guess. */
	if (elapsed(boot, l->over_boot) < (double)SETTLE_NS)
		most = fabs(off);
	l->long_sps += copysign(fmin(fabs(off), most), off);
}

/* A leap second happens once: none is taken for an hour, though the clock
 * may show the end of the month again. */
static void
end_leap(struct limits *l, struct mono boot)
{
	l->truth.leap = 0;
	l->leap_changed = true;
	l->leap_boot = boot;
}

/* An unexplained jump of CLOCK_REALTIME: the announced leap second, or
 * somebody else. */
static void
note_jump(struct limits *l, int64_t jump, struct dur spread, struct mono boot)
{
	int64_t leap = 0;

	if (llabs(jump) <= FOREIGN_MIN_NS + spread.ns)
		return;
	if (l->truth.leap != 0)
		leap = l->truth.leap == 1 ? -TSTAMP_NS_PER_S : TSTAMP_NS_PER_S;
	if (leap != 0 && llabs(jump - leap) <= LEAP_SLACK_NS) {
		end_leap(l, boot);
		l->events |= LIMITS_LEAP;
		return;
	}
	l->events |= LIMITS_FOREIGN;
}

static void
note_suspend(struct limits *l, int64_t slept)
{
	if (slept <= SUSPEND_MIN_NS)
		return;
	l->rest_ns = (double)slept + (l->rested ? l->rest_ns : 0);
	l->rested = true;
	l->events |= LIMITS_SUSPEND;
}

/* Book what the clocks did since the last reading.  @step: what of it was a
 * step that we carried out. */
static void
advance(struct limits *l, const struct limits_reading *now, struct dur step)
{
	const struct limits_reading *was = &l->last;
	int64_t real = tstamp_wall_diff(now->real, was->real).ns;
	int64_t mono = tstamp_mono_diff(now->mono, was->mono).ns;
	int64_t boot = tstamp_mono_diff(now->boot, was->boot).ns;
	double raw = elapsed(now->raw, was->raw);
	int64_t virt = now->virt.ns - was->virt.ns;
	int64_t jump = real - boot;
	double gained = (double)virt;

	/* Steps of the kernel's clock alone set it apart from BOOTTIME. */
	if (!l->conf.virtual_clock) {
		jump -= step.ns;
		gained = (double)mono - raw;
	} else {
		gained -= (double)step.ns;
	}
	note_jump(
	    l, jump, (struct dur){now->spread.ns + was->spread.ns}, now->boot);
	note_suspend(l, boot - mono);
	leak(l, elapsed(now->boot, was->boot), raw);
	if (l->over) {
		l->moved_ns += gained - raw * l->long_sps;
		follow_frequency(l, now->boot, raw);
	} else if (l->begun &&
	    elapsed(now->boot, l->begun_boot) > (double)STARTUP_MAX_NS) {
		end_startup(l, now->boot);
	}
	l->last = *now;
}

/* ---- judging ---- */

static bool
take_token(struct limits_bucket *b, struct mono now)
{
	b->tokens += elapsed(now, b->at) / NS_PER_S * BUCKET_RATE;
	b->tokens = fmin(b->tokens, BUCKET_MAX);
	b->at = now;
	if (b->tokens < 1)
		return false;
	b->tokens -= 1;
	return true;
}

static bool
adjust_is_sane(const struct clockcmd_adjust *cmd)
{
	const int64_t longest = DISCIPLINE_LIMITS_SLEW_MAX_S * TSTAMP_NS_PER_S;

	if (!isfinite(cmd->freq_sps) || cmd->duration.ns < 0 ||
	    cmd->duration.ns > longest)
		return false;
	return cmd->offset.ns == 0 || cmd->duration.ns > 0;
}

static bool
slew_is_within(const struct clockcmd_adjust *cmd, double most_sps)
{
	return magnitude(cmd->offset) <=
	    most_sps * (1 + RATE_TOLERANCE) * (double)cmd->duration.ns + 1;
}

/* With the budget spent, frequency may only go back. */
static bool
frequency_spends(const struct limits *l, double freq_sps)
{
	return spent(l, l->moved_ns) >= BUDGET_NS &&
	    (freq_sps - l->long_sps) * l->moved_ns > 0;
}

enum clockcmd_refusal
discipline_limits_adjust(struct limits *l, const struct clockcmd_adjust *cmd,
    const struct limits_reading *now)
{
	enum clockcmd_refusal refusal = CLOCKCMD_OK;

	advance(l, now, (struct dur){0});
	if (!adjust_is_sane(cmd))
		return CLOCKCMD_MALFORMED;
	if (!take_token(&l->commands, now->mono))
		return CLOCKCMD_RATE;
	if (fabs(cmd->freq_sps) > l->conf.drift_sps)
		return CLOCKCMD_FREQUENCY;
	if (!slew_is_within(cmd, l->conf.slew_sps))
		return CLOCKCMD_SLEW_RATE;
	/* sync may not yet have heard that start-up is over. */
	if (l->over && !slew_is_within(cmd, l->conf.later_slew_sps))
		return CLOCKCMD_SLEW_LATER;
	if (l->over && frequency_spends(l, cmd->freq_sps)) {
		l->held = true;
		return CLOCKCMD_BUDGET;
	}
	if (l->over)
		refusal = judge_budget(l, (double)cmd->offset.ns);
	if (refusal == CLOCKCMD_OK)
		l->held = false;
	return refusal;
}

static bool
step_is_sane(const struct clockcmd_step *cmd)
{
	if (cmd->offset.ns == 0 || magnitude(cmd->offset) > RECKONED_MAX_NS ||
	    cmd->evidence_cnt > CLOCKCMD_EVIDENCE_MAX)
		return false;
	for (size_t i = 0; i < cmd->evidence_cnt; i++) {
		if (cmd->evidence[i].root_distance.ns < 0)
			return false;
		for (size_t k = 0; k < i; k++) {
			if (cmd->evidence[k].slot == cmd->evidence[i].slot)
				return false;
		}
	}
	return true;
}

/* A consistency check, no proof: sync could invent all of it. */
static bool
evidence_holds(const struct limits *l, const struct clockcmd_step *cmd)
{
	unsigned cnt = 0;

	for (size_t i = 0; i < cmd->evidence_cnt; i++) {
		const struct clockcmd_evidence *e = &cmd->evidence[i];
		struct dur off = tstamp_mono_diff(
		    (struct mono){e->offset.ns}, (struct mono){cmd->offset.ns});

		if (e->slot >= l->conf.slot_cnt)
			return false;
		if (off.ns <= e->root_distance.ns &&
		    off.ns >= -e->root_distance.ns)
			cnt++;
	}
	return cnt >= 1 && cnt >= l->conf.minsources;
}

bool
discipline_limits_startup(const struct limits *l)
{
	if (!l->conf.step_allowed)
		return false;
	return l->conf.step_limit < 0 ||
	    l->phase_cnt < (uint32_t)l->conf.step_limit;
}

/* Start-up is over, but makestep has no end. */
static bool
is_endless(const struct limits *l)
{
	return l->over && l->conf.step_limit < 0;
}

static bool
is_permitted(const struct limits *l)
{
	return l->permitted &&
	    elapsed(l->last.boot, l->permit_boot) <= PERMIT_NS;
}

/* The leap second that was announced, stepped as leapsecmode says: one
 * second, within a minute of the month's end. */
static bool
is_leap_step(const struct limits *l, struct dur offset)
{
	struct wall t = clock_of(&l->last);
	struct wall soon = {t.ns + LEAP_EARLY_NS};

	if (l->truth.leap == 0 ||
	    offset.ns !=
		(l->truth.leap == 1 ? -TSTAMP_NS_PER_S : TSTAMP_NS_PER_S))
		return false;
	/* A second to be left out goes before midnight. */
	if (l->truth.leap == 2)
		t = soon;
	return tstamp_wall_mday(t) == 1 && t.ns % TSTAMP_DAY_NS < LEAP_LATE_NS;
}

/* An honest sync may believe a leap second that we could not: refused, but
 * no violation. */
static bool
looks_like_leap(const struct limits *l, struct dur offset)
{
	struct wall t = {clock_of(&l->last).ns + LEAP_LATE_NS};

	return (offset.ns == TSTAMP_NS_PER_S ||
		   offset.ns == -TSTAMP_NS_PER_S) &&
	    l->over && tstamp_wall_mday(t) == 1 &&
	    t.ns % TSTAMP_DAY_NS < 2 * LEAP_LATE_NS;
}

static enum clockcmd_refusal
judge_occasion(struct limits *l, struct dur offset)
{
	double size = magnitude(offset);

	if (is_permitted(l) || is_leap_step(l, offset))
		return CLOCKCMD_OK;
	if (looks_like_leap(l, offset))
		return CLOCKCMD_TOO_FAR;
	if (!l->conf.step_allowed)
		return CLOCKCMD_NO_STEP_LEFT;
	if (!discipline_limits_startup(l) && !l->rested)
		return CLOCKCMD_NO_STEP_LEFT;
	if (size < magnitude(l->conf.step_threshold))
		return CLOCKCMD_BELOW_STEP;
	if (l->rested && size <= REST_STEP_NS + REST_STEP_SPS * l->rest_ns)
		return CLOCKCMD_OK;
	if (!discipline_limits_startup(l))
		return CLOCKCMD_TOO_FAR;
	if (l->step_cnt > 0 && size > LATER_STEP_NS)
		return CLOCKCMD_TOO_FAR;
	/* makestep without an end must not be a way around the budget. */
	return is_endless(l) ? judge_budget(l, (double)offset.ns) : CLOCKCMD_OK;
}

enum clockcmd_refusal
discipline_limits_step(struct limits *l, const struct clockcmd_step *cmd,
    const struct limits_reading *now)
{
	struct wall target = tstamp_wall_add(clock_of(now), cmd->offset);
	enum clockcmd_refusal refusal;

	advance(l, now, (struct dur){0});
	if (!step_is_sane(cmd))
		return CLOCKCMD_MALFORMED;
	if (!take_token(&l->commands, now->mono))
		return CLOCKCMD_RATE;
	if (!evidence_holds(l, cmd))
		return CLOCKCMD_EVIDENCE;
	refusal = judge_occasion(l, cmd->offset);
	if (refusal != CLOCKCMD_OK)
		return refusal;
	if (!in_window(l, target, now->boot))
		return CLOCKCMD_WINDOW;
	l->held = false;
	return CLOCKCMD_OK;
}

/* ---- booking ---- */

static void
note_command(struct limits *l, struct mono boot, bool phase)
{
	if (!l->begun) {
		l->begun = true;
		l->begun_boot = boot;
		l->dirty = true;
	}
	if (!phase)
		return;
	/* Once the window is closed the count has nothing more to say. */
	if (discipline_limits_startup(l))
		l->dirty = true;
	if (l->phase_cnt < UINT32_MAX)
		l->phase_cnt++;
}

void
discipline_limits_adjusted(struct limits *l, const struct clockcmd_adjust *cmd,
    const struct limits_reading *now)
{
	advance(l, now, (struct dur){0});
	note_command(l, now->boot, cmd->offset.ns != 0);
	l->freq_sps = cmd->freq_sps;
	l->slew_sps = 0;
	l->slew_until = now->mono;
	if (cmd->offset.ns != 0) {
		l->slew_sps = (double)cmd->offset.ns / (double)cmd->duration.ns;
		l->slew_until = tstamp_mono_add(now->mono, cmd->duration);
	}
}

/* Which of its reasons allowed this step?  Only that one is used up. */
static bool
step_is_charged(struct limits *l, struct dur offset)
{
	double rest = REST_STEP_NS + REST_STEP_SPS * l->rest_ns;

	if (is_leap_step(l, offset)) {
		end_leap(l, l->last.boot);
		return false;
	}
	if (is_permitted(l)) {
		l->permitted = false;
		return false;
	}
	if (l->rested && magnitude(offset) <= rest) {
		l->rested = false;
		return false;
	}
	return is_endless(l);
}

void
discipline_limits_stepped(struct limits *l, const struct clockcmd_step *cmd,
    const struct limits_reading *now)
{
	bool charged = step_is_charged(l, cmd->offset);

	advance(l, now, cmd->offset);
	note_command(l, now->boot, true);
	if (charged)
		l->moved_ns += (double)cmd->offset.ns;
	l->slew_sps = 0;
	l->slew_until = now->mono;
	if (l->step_cnt < UINT32_MAX)
		l->step_cnt++;
	l->dirty = true;
}

void
discipline_limits_confirm(struct limits *l, const struct limits_reading *now)
{
	struct wall t = clock_of(now);
	struct wall low = tstamp_wall_add(t, (struct dur){-FLOOR_MARGIN_NS});

	if (l->confirmed || !in_window(l, t, now->boot))
		return;
	l->confirmed = true;
	if (l->has_floor && floor_at(l, now->boot).ns >= low.ns)
		return;
	l->has_floor = true;
	l->floor = low;
	l->floor_boot = now->boot;
	l->dirty = true;
}

void
discipline_limits_permit(struct limits *l, struct mono boot)
{
	l->permitted = true;
	l->permit_boot = boot;
	l->has_floor = false;
	l->confirmed = false;
	l->dirty = true;
}

/* ---- truth ---- */

/* Only called for times inside the window, so they are after 1970. */
static bool
is_last_of_month(struct wall t)
{
	return tstamp_wall_mday((struct wall){t.ns + TSTAMP_DAY_NS}) == 1;
}

static uint8_t
believe_leap(struct limits *l, uint8_t leap, const struct limits_reading *now)
{
	if (leap == l->truth.leap)
		return leap;
	if (leap == 0)
		return 0;
	if (l->leap_changed &&
	    elapsed(now->boot, l->leap_boot) < (double)HOUR_NS)
		return l->truth.leap;
	l->leap_changed = true;
	l->leap_boot = now->boot;
	return leap;
}

static int32_t
believe_tai(struct limits *l, int32_t tai, struct mono boot)
{
	if (tai == 0 || tai == l->tai_last)
		return tai;
	if (tai < TAI_MIN || tai > TAI_MAX)
		return l->truth.tai_offset_s;
	if (l->tai_last != 0 &&
	    (tai > l->tai_last + 1 || tai < l->tai_last - 1 ||
		elapsed(boot, l->tai_boot) < (double)VALID_MAX_NS))
		return l->truth.tai_offset_s;
	l->tai_last = tai;
	l->tai_boot = boot;
	return tai;
}

static bool
claim_is_sane(const struct clockcmd_truth *c)
{
	return c->leap <= 2 && c->max_error.ns >= 0 && c->est_error.ns >= 0 &&
	    c->valid.ns >= 0;
}

static double
slew_in_force(const struct limits *l, struct mono now)
{
	return now.ns < l->slew_until.ns ? fabs(l->slew_sps) : 0;
}

static void
believe(struct limits *l, const struct clockcmd_truth *claim,
    const struct limits_reading *now)
{
	struct wall t = clock_of(now);
	uint8_t leap = claim->leap;

	l->truth.synced = claim->synced && claim->valid.ns > 0 && l->begun &&
	    !l->held && in_window(l, t, now->boot);
	l->truth.synced_until_boot = now->boot;
	if (!l->truth.synced) {
		l->truth.leap = 0;
		return;
	}
	if (claim->valid.ns < VALID_MAX_NS)
		l->truth.synced_until_boot =
		    tstamp_mono_add(now->boot, claim->valid);
	else
		l->truth.synced_until_boot =
		    tstamp_mono_add(now->boot, (struct dur){VALID_MAX_NS});
	if (!is_last_of_month(t))
		leap = 0;
	l->truth.leap = believe_leap(l, leap, now);
	l->truth.tai_offset_s = believe_tai(l, claim->tai_offset_s, now->boot);
	if (!l->over && slew_in_force(l, now->mono) <= l->conf.later_slew_sps)
		end_startup(l, now->boot);
}

enum clockcmd_refusal
discipline_limits_truth(struct limits *l, const struct clockcmd_truth *claim,
    const struct limits_reading *now, struct limits_truth *out)
{
	enum clockcmd_refusal refusal = CLOCKCMD_OK;

	advance(l, now, (struct dur){0});
	if (!claim_is_sane(claim))
		refusal = CLOCKCMD_MALFORMED;
	else if (!take_token(&l->claims, now->mono))
		refusal = CLOCKCMD_RATE;
	else
		believe(l, claim, now);
	*out = l->truth;
	return refusal;
}

/* ---- watching ---- */

unsigned
discipline_limits_watch(struct limits *l, const struct limits_reading *now)
{
	unsigned events;

	advance(l, now, (struct dur){0});
	events = l->events;
	l->events = 0;
	if (l->over && !l->held &&
	    spent(l, l->moved_ns) > l->reserved_ns + HOLD_SLACK_NS) {
		l->held = true;
		l->freq_sps = l->long_sps;
		l->slew_sps = 0;
		events |= LIMITS_HOLD;
	}
	if (l->held)
		l->truth.synced = false;
	return events;
}

double
discipline_limits_hold_freq(const struct limits *l)
{
	return l->has_freq ? l->long_sps : l->freq_sps;
}

void
discipline_limits_state(const struct limits *l, struct clockcmd_state *out)
{
	double left = BUDGET_NS - spent(l, l->moved_ns);

	out->budget_left = (struct dur){(int64_t)fmax(0, left)};
	out->step_cnt = l->step_cnt;
	out->startup = discipline_limits_startup(l);
	out->slew_max_sps = l->over ? l->conf.later_slew_sps : l->conf.slew_sps;
}

bool
discipline_limits_is_violation(enum clockcmd_refusal refusal)
{
	static const bool violations[CLOCKCMD_REFUSAL_CNT] = {
	    [CLOCKCMD_NO_STEP_LEFT] = true,
	    [CLOCKCMD_SLEW_RATE] = true,
	    [CLOCKCMD_FREQUENCY] = true,
	    [CLOCKCMD_MALFORMED] = true,
	};

	return refusal < CLOCKCMD_REFUSAL_CNT && violations[refusal];
}
