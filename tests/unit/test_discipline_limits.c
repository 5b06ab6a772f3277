/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The limits of clock against a malicious sync (hostile cases I1-I3, I5-I7),
 * on a made-up machine whose clocks do what the commands said.  Every branch
 * of limits.c and limits_saved.c is taken (tests/lint/limits-cov.sh).
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "discipline/limits.h"

#define S    TSTAMP_NS_PER_S
#define DAY  (86400 * S)
#define MS   1000000LL
#define PPM  1e-6
#define NOW  (1795300000LL * S) /* 2026-11-21T22:26:40Z, no last of month */
#define BOOT 77ULL

/* A machine: an oscillator, a kernel clock over it, a virtual one. */
struct machine {
	struct limits l;
	struct limits_conf conf;
	double raw_ns;
	double mono_ns;
	double slept_ns;
	double real_minus_boot_ns;
	double virt_ns;
	double freq_sps;
	double slew_sps;
	double slew_left_ns; /* of mono */
	struct limits_saved disc;
	bool has_disc;
};

static struct limits_reading
look(const struct machine *m)
{
	double boot = m->mono_ns + m->slept_ns;

	return (struct limits_reading){
	    .real = {NOW + (int64_t)(boot + m->real_minus_boot_ns)},
	    .virt = {(int64_t)m->virt_ns},
	    .mono = {(int64_t)m->mono_ns},
	    .raw = {(int64_t)m->raw_ns},
	    .boot = {(int64_t)boot},
	    .spread = {1000}};
}

static struct wall
wall_of(const struct machine *m)
{
	struct limits_reading r = look(m);

	return (struct wall){r.real.ns + r.virt.ns};
}

static struct limits_conf
usual(void)
{
	return (struct limits_conf){.step_allowed = true,
	    .step_threshold = {1 * S},
	    .step_limit = 3,
	    .slew_sps = 83333.333 * PPM,
	    .later_slew_sps = DISCIPLINE_LIMITS_LATER_SLEW_SPS,
	    .drift_sps = 500 * PPM,
	    .minsources = 2,
	    .slot_cnt = 8,
	    .build_date = {1795000000LL * S},
	    .boot_id = BOOT};
}

static void
start(struct machine *m, const struct limits_conf *conf)
{
	struct limits_reading r;

	m->conf = *conf;
	r = look(m);
	discipline_limits_init(&m->l, conf, m->has_disc ? &m->disc : NULL, &r);
}

static void
boot(struct machine *m, const struct limits_conf *conf)
{
	*m = (struct machine){.mono_ns = 100e9, .raw_ns = 100e9};
	start(m, conf);
}

/* Let super write whatever is to be written; through the file's bytes. */
static bool
write_disc(struct machine *m)
{
	struct limits_reading r = look(m);
	uint8_t bytes[DISCIPLINE_LIMITS_SAVED_LEN];
	struct limits_saved s;

	if (!discipline_limits_save(&m->l, &r, &s))
		return false;
	discipline_limits_encode(&s, bytes);
	assert_int_equal(
	    discipline_limits_decode(&m->disc, bytes, sizeof(bytes)), 0);
	assert_int_equal(m->disc.spent.ns, s.spent.ns);
	m->has_disc = true;
	assert_false(discipline_limits_save(&m->l, &r, &s));
	discipline_limits_granted(&m->l, true);
	return true;
}

/* Raw time passes, the clocks run as they were told. */
static void
pass(struct machine *m, double s)
{
	double raw = s * 1e9;
	double gained = raw * m->freq_sps;
	double slewing = fmin(raw, m->slew_left_ns);

	gained += slewing * m->slew_sps;
	m->slew_left_ns -= slewing;
	m->raw_ns += raw;
	m->mono_ns += raw;
	if (m->conf.virtual_clock)
		m->virt_ns += gained;
	else
		m->mono_ns += gained;
}

static unsigned
watch(struct machine *m)
{
	struct limits_reading r = look(m);

	return discipline_limits_watch(&m->l, &r);
}

static enum clockcmd_refusal
adjust(struct machine *m, double freq_ppm, int64_t offset_ns, double over_s)
{
	struct clockcmd_adjust cmd = {.freq_sps = freq_ppm * PPM,
	    .offset = {offset_ns},
	    .duration = {(int64_t)(over_s * 1e9)}};
	struct limits_reading r = look(m);
	enum clockcmd_refusal refusal =
	    discipline_limits_adjust(&m->l, &cmd, &r);

	if (refusal != CLOCKCMD_OK)
		return refusal;
	m->freq_sps = cmd.freq_sps;
	m->slew_left_ns = over_s * 1e9;
	m->slew_sps = over_s > 0 ? (double)offset_ns / (over_s * 1e9) : 0;
	r = look(m);
	discipline_limits_adjusted(&m->l, &cmd, &r);
	return CLOCKCMD_OK;
}

/* A step with two sources that hold the target. */
static struct clockcmd_step
step_by(int64_t offset_ns)
{
	return (struct clockcmd_step){.offset = {offset_ns},
	    .evidence_cnt = 2,
	    .evidence = {{1, {offset_ns - 2 * MS}, {5 * MS}},
		{4, {offset_ns + 5 * MS}, {5 * MS}}}};
}

static enum clockcmd_refusal
step_with(struct machine *m, const struct clockcmd_step *cmd)
{
	struct limits_reading r = look(m);
	enum clockcmd_refusal refusal = discipline_limits_step(&m->l, cmd, &r);

	if (refusal != CLOCKCMD_OK)
		return refusal;
	if (m->conf.virtual_clock)
		m->virt_ns += (double)cmd->offset.ns;
	else
		m->real_minus_boot_ns += (double)cmd->offset.ns;
	m->slew_left_ns = 0;
	r = look(m);
	discipline_limits_stepped(&m->l, cmd, &r);
	return CLOCKCMD_OK;
}

static enum clockcmd_refusal
step(struct machine *m, int64_t offset_ns)
{
	struct clockcmd_step cmd = step_by(offset_ns);

	return step_with(m, &cmd);
}

static struct limits_truth
tell(struct machine *m, bool synced, uint8_t leap, int32_t tai)
{
	struct clockcmd_truth claim = {.synced = synced,
	    .leap = leap,
	    .tai_offset_s = tai,
	    .valid = {1000 * S}};
	struct limits_reading r = look(m);
	struct limits_truth out;

	assert_int_equal(
	    discipline_limits_truth(&m->l, &claim, &r, &out), CLOCKCMD_OK);
	return out;
}

static struct clockcmd_state
report(const struct machine *m)
{
	struct clockcmd_state st = {0};

	discipline_limits_state(&m->l, &st);
	return st;
}

/* Through start-up into the rule of the budget, an hour later. */
static void
settle(struct machine *m, const struct limits_conf *conf)
{
	boot(m, conf);
	write_disc(m);
	assert_int_equal(adjust(m, 10, 0, 0), CLOCKCMD_OK);
	assert_true(tell(m, true, 0, 37).synced);
	for (int i = 0; i < 90; i++) {
		pass(m, 60);
		assert_int_equal(watch(m), 0);
		write_disc(m);
	}
}

/* ---- steps ---- */

static void
test_startup_steps(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	boot(&m, &c);
	assert_true(report(&m).startup);
	assert_int_equal(step(&m, 500 * MS), CLOCKCMD_BELOW_STEP);
	/* The first may go far, the next 10 s. */
	assert_int_equal(step(&m, 400 * DAY), CLOCKCMD_OK);
	assert_int_equal(step(&m, 11 * S), CLOCKCMD_TOO_FAR);
	assert_int_equal(step(&m, -10 * S), CLOCKCMD_OK);
	assert_true(report(&m).startup);
	assert_int_equal(adjust(&m, 5, 1 * MS, 10), CLOCKCMD_OK);
	assert_false(report(&m).startup);
	assert_int_equal(report(&m).step_cnt, 2);
	assert_int_equal(watch(&m), 0); /* all of it was ours */
}

/* I1 */
/* A second more or less is nothing special while the clock is being set. */
static void
test_startup_second(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	boot(&m, &c);
	assert_int_equal(step(&m, 1 * S), CLOCKCMD_OK);
	assert_int_equal(step(&m, -1 * S), CLOCKCMD_OK);
}

static void
test_i1_step_after_startup(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	settle(&m, &c);
	for (int i = 0; i < 3; i++) {
		pass(&m, 20);
		write_disc(&m);
		assert_int_equal(adjust(&m, 10, 1 * MS, 16), CLOCKCMD_OK);
	}
	assert_int_equal(step(&m, 2 * S), CLOCKCMD_NO_STEP_LEFT);
	assert_true(discipline_limits_is_violation(CLOCKCMD_NO_STEP_LEFT));
	c.step_allowed = false;
	boot(&m, &c);
	assert_false(report(&m).startup);
	assert_int_equal(step(&m, 2 * S), CLOCKCMD_NO_STEP_LEFT);
}

/* Synchronised early: the rest of the window allows steps of 10 s. */
static void
test_window_outlives_startup(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	boot(&m, &c);
	assert_int_equal(step(&m, 3600 * S), CLOCKCMD_OK);
	assert_true(tell(&m, true, 0, 0).synced);
	assert_int_equal(step(&m, 11 * S), CLOCKCMD_TOO_FAR);
	assert_int_equal(step(&m, 9 * S), CLOCKCMD_OK);
	assert_int_equal(watch(&m), 0);
	assert_true(report(&m).budget_left.ns == 2 * S);
}

static void
test_frequency_alone_leaves_the_window_open(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	boot(&m, &c);
	for (int i = 0; i < 5; i++)
		assert_int_equal(adjust(&m, 5, 0, 0), CLOCKCMD_OK);
	assert_int_equal(step(&m, 5 * S), CLOCKCMD_OK);
}

/* I7: 1970, 2036, 2106. */
static void
test_i7_window(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	int64_t build = c.build_date.ns;

	(void)state;
	boot(&m, &c);
	assert_int_equal(step(&m, -wall_of(&m).ns), CLOCKCMD_WINDOW);
	assert_int_equal(
	    step(&m, 4294967296LL * S - wall_of(&m).ns), CLOCKCMD_WINDOW);
	assert_int_equal(step(&m, build - wall_of(&m).ns - 1), CLOCKCMD_WINDOW);
	assert_int_equal(
	    step(&m, build + 7300 * DAY - wall_of(&m).ns + S), CLOCKCMD_WINDOW);
	/* 2036-02-07, the era's end, is inside. */
	assert_int_equal(
	    step(&m, 2085978496LL * S - wall_of(&m).ns), CLOCKCMD_OK);
	boot(&m, &c);
	assert_int_equal(step(&m, build - wall_of(&m).ns), CLOCKCMD_OK);
	/* A build that calls itself old is not believed. */
	c.build_date.ns = 0;
	boot(&m, &c);
	assert_int_equal(
	    step(&m, 1789999999LL * S - wall_of(&m).ns), CLOCKCMD_WINDOW);
	assert_int_equal(
	    step(&m, 1790000001LL * S - wall_of(&m).ns), CLOCKCMD_OK);
}

static void
test_evidence(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	struct clockcmd_step cmd;

	(void)state;
	boot(&m, &c);
	cmd = step_by(3 * S);
	cmd.evidence_cnt = 1;
	assert_int_equal(step_with(&m, &cmd), CLOCKCMD_EVIDENCE);
	cmd = step_by(3 * S);
	cmd.evidence[1].offset.ns += 1; /* now outside its interval */
	assert_int_equal(step_with(&m, &cmd), CLOCKCMD_EVIDENCE);
	cmd = step_by(3 * S);
	cmd.evidence[0].offset.ns -= 3 * MS + 1;
	assert_int_equal(step_with(&m, &cmd), CLOCKCMD_EVIDENCE);
	cmd = step_by(3 * S);
	cmd.evidence[0].slot = 8; /* super gave no such slot */
	assert_int_equal(step_with(&m, &cmd), CLOCKCMD_EVIDENCE);
	cmd = step_by(3 * S);
	cmd.evidence[1].slot = cmd.evidence[0].slot;
	assert_int_equal(step_with(&m, &cmd), CLOCKCMD_MALFORMED);
	cmd = step_by(3 * S);
	cmd.evidence[1].root_distance.ns = -1;
	assert_int_equal(step_with(&m, &cmd), CLOCKCMD_MALFORMED);
	cmd = step_by(3 * S);
	cmd.evidence_cnt = CLOCKCMD_EVIDENCE_MAX + 1;
	assert_int_equal(step_with(&m, &cmd), CLOCKCMD_MALFORMED);
	assert_int_equal(step(&m, 0), CLOCKCMD_MALFORMED);
	assert_int_equal(step(&m, 3 * S), CLOCKCMD_OK);
	/* minsources 0 still asks for one. */
	c.minsources = 0;
	boot(&m, &c);
	cmd = step_by(3 * S);
	cmd.evidence_cnt = 0;
	assert_int_equal(step_with(&m, &cmd), CLOCKCMD_EVIDENCE);
}

static void
test_step_after_suspend(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	settle(&m, &c);
	for (int i = 0; i < 3; i++) {
		pass(&m, 20);
		write_disc(&m);
		assert_int_equal(adjust(&m, 10, 1 * MS, 16), CLOCKCMD_OK);
	}
	/* Eight hours of sleep, in two naps: 5 s + 5.76 s. */
	m.slept_ns += 4.0 * 3600e9;
	assert_int_equal(watch(&m), LIMITS_SUSPEND);
	m.slept_ns += 4.0 * 3600e9;
	assert_int_equal(watch(&m), LIMITS_SUSPEND);
	assert_int_equal(watch(&m), 0);
	assert_int_equal(step(&m, 500 * MS), CLOCKCMD_BELOW_STEP);
	assert_int_equal(step(&m, 10761 * MS), CLOCKCMD_TOO_FAR);
	assert_int_equal(step(&m, -10759 * MS), CLOCKCMD_OK);
	assert_int_equal(step(&m, 2 * S), CLOCKCMD_NO_STEP_LEFT);
	/* The sleep's step cost nothing of the budget. */
	assert_true(report(&m).budget_left.ns > 1800 * MS);
}

/* A suspend during start-up: the far first step is still there. */
static void
test_suspend_during_startup(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	boot(&m, &c);
	m.slept_ns += 3600e9;
	assert_int_equal(watch(&m), LIMITS_SUSPEND);
	assert_int_equal(step(&m, 100 * S), CLOCKCMD_OK);
	/* That step did not use up what the sleep allows. */
	assert_int_equal(adjust(&m, 5, 1 * MS, 10), CLOCKCMD_OK);
	assert_int_equal(adjust(&m, 5, 1 * MS, 10), CLOCKCMD_OK);
	assert_int_equal(step(&m, 5 * S), CLOCKCMD_OK);
	assert_int_equal(step(&m, 5 * S), CLOCKCMD_NO_STEP_LEFT);
}

/* makestep 1 -1: later steps are charged to the budget. */
static void
test_endless_makestep(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	enum clockcmd_refusal r;
	int64_t moved = 0;

	(void)state;
	c.step_limit = -1;
	settle(&m, &c);
	assert_true(report(&m).startup);
	for (int i = 0; i < 20; i++) {
		pass(&m, 10);
		r = step(&m, 1 * S);
		if (r == CLOCKCMD_OK)
			moved += S;
		else
			assert_true(
			    r == CLOCKCMD_RESERVE || r == CLOCKCMD_BUDGET);
		write_disc(&m);
	}
	assert_int_equal(moved, 2 * S);
	assert_false(discipline_limits_is_violation(CLOCKCMD_BUDGET));
	assert_false(discipline_limits_is_violation(CLOCKCMD_REFUSAL_CNT));
}

static void
test_operator(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	struct limits_reading r;

	(void)state;
	c.step_allowed = false;
	boot(&m, &c);
	r = look(&m);
	discipline_limits_confirm(&m.l, &r);
	discipline_limits_permit(&m.l, r.boot);
	pass(&m, 61);
	assert_int_equal(step(&m, -2 * DAY), CLOCKCMD_NO_STEP_LEFT);
	r = look(&m);
	discipline_limits_permit(&m.l, r.boot);
	assert_int_equal(step(&m, -5 * DAY), CLOCKCMD_WINDOW);
	assert_int_equal(step(&m, -2 * DAY), CLOCKCMD_OK);
	assert_int_equal(step(&m, 2 * DAY), CLOCKCMD_NO_STEP_LEFT);
	/* Also once the budget rules: the operator's step is not charged. */
	settle(&m, &c);
	r = look(&m);
	discipline_limits_permit(&m.l, r.boot);
	assert_int_equal(step(&m, 3600 * S), CLOCKCMD_OK);
	assert_int_equal(watch(&m), 0);
}

static void
test_floor(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	struct limits_reading r;
	struct limits_saved s;

	(void)state;
	boot(&m, &c);
	r = look(&m);
	discipline_limits_confirm(&m.l, &r);
	discipline_limits_confirm(&m.l, &r); /* once in a run */
	write_disc(&m);
	assert_true(m.disc.has_floor);
	assert_int_equal(m.disc.floor.ns, r.real.ns - 10 * S);
	/* It moves with boot time, asleep or awake. */
	pass(&m, 50);
	m.slept_ns += 50e9;
	assert_int_equal(watch(&m), LIMITS_SUSPEND);
	assert_int_equal(step(&m, -11 * S), CLOCKCMD_WINDOW);
	assert_int_equal(step(&m, -9 * S), CLOCKCMD_OK);
	/* After a restart it is there; a lower one does not replace it. */
	pass(&m, 100);
	(void)watch(&m);
	write_disc(&m);
	start(&m, &c);
	m.real_minus_boot_ns -= 5e9;
	r = look(&m);
	discipline_limits_confirm(&m.l, &r); /* below the floor: ignored */
	(void)watch(&m);
	m.real_minus_boot_ns += 6e9;
	r = look(&m);
	discipline_limits_confirm(&m.l, &r); /* its margin is below it */
	(void)watch(&m);
	assert_true(discipline_limits_save(&m.l, &r, &s));
	assert_true(s.floor.ns > r.real.ns - 10 * S);
	/* A clock outside the window confirms nothing. */
	boot(&m, &c);
	m.real_minus_boot_ns = -400.0 * 86400e9;
	r = look(&m);
	discipline_limits_confirm(&m.l, &r);
	assert_true(discipline_limits_save(&m.l, &r, &s));
	assert_false(s.has_floor);
	/* And an old floor is raised. */
	boot(&m, &c);
	m.disc = (struct limits_saved){
	    .boot_id = 1, .has_floor = true, .floor = {NOW - 100 * DAY}};
	m.has_disc = true;
	start(&m, &c);
	r = look(&m);
	discipline_limits_confirm(&m.l, &r);
	assert_true(discipline_limits_save(&m.l, &r, &s));
	assert_int_equal(s.floor.ns, r.real.ns - 10 * S);
}

/* ---- adjustments ---- */

/* I3 */
static void
test_i3_absurd_numbers(void **state)
{
	static const struct {
		double freq_sps;
		int64_t offset;
		int64_t duration;
		enum clockcmd_refusal want;
	} cases[] = {
	    {(double)NAN, 0, 0, CLOCKCMD_MALFORMED},
	    {(double)INFINITY, 0, 0, CLOCKCMD_MALFORMED},
	    {0, 1, 0, CLOCKCMD_MALFORMED},
	    {0, 1, -1, CLOCKCMD_MALFORMED},
	    {0, 0, INT64_MIN, CLOCKCMD_MALFORMED},
	    {0, 1, INT64_MAX, CLOCKCMD_MALFORMED},
	    {0, INT64_MIN, S, CLOCKCMD_SLEW_RATE},
	    {0, INT64_MAX, S, CLOCKCMD_SLEW_RATE},
	    {1, 0, 0, CLOCKCMD_FREQUENCY},
	    {-1, 0, 0, CLOCKCMD_FREQUENCY},
	    {501e-6, 0, 0, CLOCKCMD_FREQUENCY},
	    {500e-6, 0, 0, CLOCKCMD_OK},
	};
	static const int64_t steps[] = {INT64_MIN, INT64_MAX};
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	boot(&m, &c);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct clockcmd_adjust cmd = {
		    cases[i].freq_sps, {cases[i].offset}, {cases[i].duration}};
		struct limits_reading r = look(&m);

		assert_int_equal(
		    discipline_limits_adjust(&m.l, &cmd, &r), cases[i].want);
		pass(&m, 1);
	}
	for (size_t i = 0; i < 2; i++) {
		struct clockcmd_step cmd = {.offset = {steps[i]}};

		assert_int_equal(step_with(&m, &cmd), CLOCKCMD_MALFORMED);
	}
}

static void
test_slew_rates(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	boot(&m, &c);
	assert_int_equal(adjust(&m, 5, 833 * MS, 10), CLOCKCMD_OK);
	assert_int_equal(adjust(&m, 5, -834 * MS, 10), CLOCKCMD_SLEW_RATE);
	settle(&m, &c);
	assert_int_equal(adjust(&m, 10, 10 * MS, 10), CLOCKCMD_OK);
	assert_int_equal(adjust(&m, 10, -10100000, 10), CLOCKCMD_SLEW_LATER);
	assert_int_equal(adjust(&m, 10, -834 * MS, 10), CLOCKCMD_SLEW_RATE);
	assert_false(discipline_limits_is_violation(CLOCKCMD_SLEW_LATER));
	assert_true(discipline_limits_is_violation(CLOCKCMD_SLEW_RATE));
}

/* A fast slew in progress keeps start-up open; an hour ends it anyway. */
static void
test_end_of_startup(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	boot(&m, &c);
	assert_int_equal(adjust(&m, 5, 800 * MS, 10), CLOCKCMD_OK);
	assert_true(tell(&m, true, 0, 0).synced);
	assert_int_equal(adjust(&m, 5, 400 * MS, 10), CLOCKCMD_OK);
	pass(&m, 11);
	assert_true(tell(&m, true, 0, 0).synced);
	assert_int_equal(adjust(&m, 5, 400 * MS, 10), CLOCKCMD_SLEW_LATER);
	boot(&m, &c);
	pass(&m, 7200);
	assert_int_equal(watch(&m), 0);
	assert_int_equal(adjust(&m, 5, 400 * MS, 10), CLOCKCMD_OK);
	pass(&m, 3599);
	assert_int_equal(watch(&m), 0);
	assert_int_equal(adjust(&m, 5, 400 * MS, 10), CLOCKCMD_OK);
	pass(&m, 10);
	(void)watch(&m);
	assert_int_equal(adjust(&m, 5, 400 * MS, 10), CLOCKCMD_SLEW_LATER);
}

/* ---- the budget ---- */

/* I2: a thousand displacements of 0.1 s within a day. */
static void
test_i2_budget_trips(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	double from;
	unsigned refused = 0;

	(void)state;
	settle(&m, &c);
	from = m.mono_ns - m.raw_ns;
	for (int i = 0; i < 300; i++) {
		if (adjust(&m, 10, 100 * MS, 250) != CLOCKCMD_OK)
			refused++;
		pass(&m, 250);
		(void)watch(&m);
		write_disc(&m);
	}
	/* 2 s at once, 2 s a day and 15 ppm of the time. */
	assert_true(refused > 200);
	from = m.mono_ns - m.raw_ns - from - 10 * PPM * 75000e9;
	assert_true(from < 2e9 + 75000e9 * (15 * PPM + 2.0 / 86400));
	assert_true(from > 2e9);
	/* Back is always allowed, and the clock counts as synchronised. */
	assert_int_equal(adjust(&m, 10, 100 * MS, 250), CLOCKCMD_BUDGET);
	assert_false(tell(&m, true, 0, 37).synced);
	assert_int_equal(adjust(&m, 10, -100 * MS, 250), CLOCKCMD_OK);
	assert_true(tell(&m, true, 0, 37).synced);
}

/* The frequency alone runs away: hold, and only the way back is open. */
static void
test_frequency_runs_into_the_budget(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	unsigned events = 0;
	int minutes;

	(void)state;
	settle(&m, &c);
	assert_int_equal(adjust(&m, 510 - 10, 0, 0), CLOCKCMD_OK);
	for (minutes = 0; minutes < 200 && events == 0; minutes++) {
		pass(&m, 60);
		events = watch(&m);
		write_disc(&m);
	}
	assert_int_equal(events, LIMITS_HOLD);
	/* 490 ppm beyond the long-term rate, less 38 ppm of leaks: 74 min. */
	assert_in_range(minutes, 70, 80);
	assert_int_equal(watch(&m), 0); /* said once */
	assert_true(m.l.freq_sps == discipline_limits_hold_freq(&m.l));
	assert_int_equal(adjust(&m, 400, 0, 0), CLOCKCMD_BUDGET);
	assert_int_equal(report(&m).budget_left.ns, 0);
	/* What clock does then by itself. */
	assert_true(discipline_limits_hold_freq(&m.l) < 13 * PPM);
	assert_int_equal(adjust(&m, 8, 0, 0), CLOCKCMD_OK);
}

/* With no answer from super nothing is spent. */
static void
test_no_grant_no_slew(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	struct limits_reading r;
	struct limits_saved s;

	(void)state;
	boot(&m, &c);
	assert_int_equal(adjust(&m, 10, 0, 0), CLOCKCMD_OK);
	assert_true(tell(&m, true, 0, 0).synced);
	assert_int_equal(adjust(&m, 10, 1 * MS, 10), CLOCKCMD_RESERVE);
	r = look(&m);
	assert_true(discipline_limits_save(&m.l, &r, &s));
	assert_int_equal(adjust(&m, 10, 1 * MS, 10), CLOCKCMD_RESERVE);
	assert_false(discipline_limits_save(&m.l, &r, &s));
	discipline_limits_granted(&m.l, false);
	assert_int_equal(adjust(&m, 10, 1 * MS, 10), CLOCKCMD_RESERVE);
	assert_true(discipline_limits_save(&m.l, &r, &s));
	discipline_limits_granted(&m.l, true);
	discipline_limits_granted(&m.l, true); /* unasked: nothing */
	assert_int_equal(adjust(&m, 10, 1 * MS, 10), CLOCKCMD_OK);
	assert_false(discipline_limits_is_violation(CLOCKCMD_RESERVE));
}

/* I6: fifty restarts, each spending all it can. */
static void
test_i6_restarts_refill_nothing(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	double from;

	(void)state;
	settle(&m, &c);
	from = m.mono_ns - m.raw_ns;
	for (int i = 0; i < 50; i++) {
		start(&m, &c);
		for (int k = 0; k < 4; k++) {
			write_disc(&m);
			(void)adjust(&m, 10, 100 * MS, 200);
			pass(&m, 200);
			(void)watch(&m);
		}
	}
	/* 40000 s: 2 s and what leaks in that time. */
	from = m.mono_ns - m.raw_ns - from - 10 * PPM * 40000e9;
	assert_true(from < 2e9 + 40000e9 * (15 * PPM + 2.0 / 86400));
	assert_false(report(&m).startup && m.l.phase_cnt < 3);
}

/* An orderly stop gives back what was only reserved. */
static void
test_release(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	struct limits_reading r;

	(void)state;
	settle(&m, &c);
	for (int i = 0; i < 50; i++) {
		r = look(&m);
		discipline_limits_release(&m.l, &r, &m.disc);
		start(&m, &c);
		write_disc(&m);
	}
	assert_true(report(&m).budget_left.ns > 1999 * MS);
}

/* Another boot: the counts begin anew, the budget does not. */
static void
test_reboot(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	settle(&m, &c);
	m.disc.spent.ns = 1900 * MS;
	c.boot_id = BOOT + 1;
	m.mono_ns = m.raw_ns = 10e9;
	m.real_minus_boot_ns = (double)(m.disc.wall.ns - NOW) + 43200e9;
	start(&m, &c);
	/* Half a day has leaked one second. */
	assert_in_range(report(&m).budget_left.ns, 1090 * MS, 1110 * MS);
	assert_int_equal(m.l.phase_cnt, 0);
	assert_true(
	    fabs(discipline_limits_hold_freq(&m.l) - 10 * PPM) < 1 * PPM);
	/* A clock that went back leaks nothing. */
	m.real_minus_boot_ns -= 86400e9;
	start(&m, &c);
	assert_in_range(report(&m).budget_left.ns, 99 * MS, 101 * MS);
	/* No frequency known: what is in force. */
	m.disc.has_freq = false;
	m.disc.freq_sps = 0;
	start(&m, &c);
	assert_int_equal(adjust(&m, 7, 0, 0), CLOCKCMD_OK);
	assert_true(discipline_limits_hold_freq(&m.l) == 7 * PPM);
}

/* An honest oscillator that wanders by a few ppm never meets the budget. */
static void
test_honest_wander_is_free(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	settle(&m, &c);
	for (int i = 0; i < 4 * 24 * 15; i++) {
		double ppm = 10 + 5 * sin(i / 100.0);
		int64_t noise = (i % 2 != 0 ? 8 : -8) * MS;

		assert_int_equal(adjust(&m, ppm, noise, 230), CLOCKCMD_OK);
		pass(&m, 240);
		assert_int_equal(watch(&m), 0);
		write_disc(&m);
	}
	assert_true(report(&m).budget_left.ns > 1800 * MS);
}

/* The long-term frequency follows by 1 ppm an hour. */
static void
test_long_term_frequency(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	double f;

	(void)state;
	settle(&m, &c);
	assert_int_equal(adjust(&m, 30, 0, 0), CLOCKCMD_OK);
	for (int i = 0; i < 600; i++) {
		pass(&m, 60);
		assert_int_equal(watch(&m), 0);
		write_disc(&m);
	}
	f = discipline_limits_hold_freq(&m.l);
	assert_true(fabs(f - 20 * PPM) < 0.1 * PPM);
	for (int i = 0; i < 900; i++) {
		pass(&m, 60);
		(void)watch(&m);
	}
	assert_true(
	    fabs(discipline_limits_hold_freq(&m.l) - 30 * PPM) < 0.01 * PPM);
}

/* ---- others at the clock, leap seconds ---- */

static void
test_foreign_step(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	settle(&m, &c);
	m.real_minus_boot_ns += 1e6 + 1000; /* within the noise of reading */
	assert_int_equal(watch(&m), 0);
	m.real_minus_boot_ns -= 86400e9;
	assert_int_equal(watch(&m), LIMITS_FOREIGN);
	assert_int_equal(watch(&m), 0);
	/* Seen by another call, told by the next watch; never charged. */
	m.real_minus_boot_ns += 86400e9;
	(void)tell(&m, true, 0, 0);
	assert_int_equal(watch(&m), LIMITS_FOREIGN);
	assert_true(report(&m).budget_left.ns > 1800 * MS);
}

/* 2026-11-30T23:00:00Z: a last day of a month. */
static void
to_last_day(struct machine *m)
{
	m->real_minus_boot_ns += (double)(1796079600LL * S - wall_of(m).ns);
	(void)watch(m);
}

static void
test_leap(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	settle(&m, &c);
	/* On any other day: no. */
	assert_int_equal(tell(&m, true, 1, 0).leap, 0);
	to_last_day(&m);
	assert_int_equal(tell(&m, true, 1, 0).leap, 1);
	assert_int_equal(tell(&m, true, 1, 0).leap, 1);
	/* It does not flap. */
	assert_int_equal(tell(&m, true, 2, 0).leap, 1);
	assert_int_equal(tell(&m, true, 0, 0).leap, 0);
	assert_int_equal(tell(&m, true, 1, 0).leap, 0);
	pass(&m, 3599);
	assert_int_equal(tell(&m, true, 2, 0).leap, 0);
	/* The day is over: the month is, too. */
	pass(&m, 2);
	assert_int_equal(tell(&m, true, 2, 0).leap, 0);
	/* Not synchronised: no leap. */
	settle(&m, &c);
	to_last_day(&m);
	assert_int_equal(tell(&m, true, 2, 0).leap, 2);
	assert_int_equal(tell(&m, false, 2, 0).leap, 0);
}

static void
test_kernel_leaps(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	for (int leap = 1; leap <= 2; leap++) {
		settle(&m, &c);
		to_last_day(&m);
		(void)watch(&m);
		assert_int_equal(tell(&m, true, (uint8_t)leap, 0).leap, leap);
		pass(&m, 3600);
		m.real_minus_boot_ns += leap == 1 ? -1001e6 : 1001e6;
		assert_int_equal(watch(&m), LIMITS_LEAP);
		/* Once. */
		m.real_minus_boot_ns += leap == 1 ? -1e9 : 1e9;
		assert_int_equal(watch(&m), LIMITS_FOREIGN);
	}
	/* The wrong way, both ways. */
	for (int leap = 1; leap <= 2; leap++) {
		settle(&m, &c);
		to_last_day(&m);
		(void)watch(&m);
		assert_int_equal(tell(&m, true, (uint8_t)leap, 0).leap, leap);
		m.real_minus_boot_ns += leap == 1 ? 1e9 : -1e9;
		assert_int_equal(watch(&m), LIMITS_FOREIGN);
	}
}

/* leapsecmode step: as announced, once, at its time, outside of makestep. */
static void
test_stepped_leaps(void **state)
{
	static const struct {
		uint8_t leap;
		double after_s; /* 23:00 */
		int64_t by_ns;
		bool ok;
	} cases[] = {
	    {1, 3600.5, -S, true}, {1, 3659, -S, true},
	    {1, 3661, -S, false}, /* too late */
	    {1, 3599, -S, false}, /* too early */
	    {1, 3601, S, false},  /* the wrong way */
	    {1, 3601, -S - 1, false}, {2, 3599.5, S, true},
	    {2, 3600.5, S, true}, {2, 3598.5, S, false}, {2, 3599.5, -S, false},
	    {0, 3601, -S, false}, /* not announced */
	};
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	c.step_allowed = false;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dur left;
		unsigned refusal;

		settle(&m, &c);
		to_last_day(&m);
		assert_int_equal(
		    tell(&m, true, cases[i].leap, 0).leap, cases[i].leap);
		pass(&m, cases[i].after_s);
		left = report(&m).budget_left;
		refusal = step(&m, cases[i].by_ns);
		if ((refusal == CLOCKCMD_OK) != cases[i].ok)
			fail_msg(
			    "case %zu: %s", i, clockcmd_refusal_text(refusal));
		if (!cases[i].ok)
			continue;
		/* It costs nothing, and comes once: not again by saying so,
		 * not even when the month ends once more. */
		assert_true(report(&m).budget_left.ns >= left.ns - MS);
		assert_int_equal(watch(&m), 0);
		assert_int_not_equal(step(&m, cases[i].by_ns), CLOCKCMD_OK);
		assert_int_equal(tell(&m, true, cases[i].leap, 0).leap, 0);
		pass(&m, 1);
		assert_int_not_equal(step(&m, cases[i].by_ns), CLOCKCMD_OK);
	}
}

/* The calendar: every last day of a month over 20 years. */
static void
test_last_days(void **state)
{
	static const int len[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	struct machine m;
	struct limits_conf c = usual();
	int month = 11; /* December 2026 */
	int year = 2026;
	int day = 1;

	(void)state;
	settle(&m, &c);
	m.real_minus_boot_ns += (double)(1796126400LL * S - wall_of(&m).ns);
	for (int i = 0; i < 7000; i++) {
		bool leap_year = year % 4 == 0; /* 2100 is out of reach */
		int last = len[month] + (month == 1 && leap_year);

		assert_int_equal(tell(&m, true, 1, 0).leap, day == last);
		(void)tell(&m, true, 0, 0);
		m.slept_ns += 86400e9;
		pass(&m, 1);
		m.slept_ns -= 1e9;
		if (day++ == last) {
			day = 1;
			month = (month + 1) % 12;
			year += month == 0;
		}
	}
}

static void
test_tai(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	boot(&m, &c);
	assert_int_equal(adjust(&m, 10, 0, 0), CLOCKCMD_OK);
	assert_int_equal(tell(&m, true, 0, 9).tai_offset_s, 0);
	assert_int_equal(tell(&m, true, 0, 101).tai_offset_s, 0);
	assert_int_equal(tell(&m, true, 0, 37).tai_offset_s, 37);
	assert_int_equal(tell(&m, true, 0, 39).tai_offset_s, 37);
	assert_int_equal(tell(&m, true, 0, 35).tai_offset_s, 37);
	assert_int_equal(tell(&m, true, 0, 38).tai_offset_s, 37);
	assert_int_equal(tell(&m, true, 0, 0).tai_offset_s, 0);
	assert_int_equal(tell(&m, true, 0, 37).tai_offset_s, 37);
	pass(&m, 86401);
	assert_int_equal(tell(&m, true, 0, 38).tai_offset_s, 38);
	pass(&m, 86401);
	assert_int_equal(tell(&m, true, 0, 37).tai_offset_s, 37);
}

static void
test_synced(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	struct clockcmd_truth claim = {.synced = true, .valid = {1000 * S}};
	struct limits_truth out;
	struct limits_reading r;

	(void)state;
	boot(&m, &c);
	/* Before any command the clock is what it was: nobody's word. */
	assert_false(tell(&m, true, 0, 0).synced);
	assert_int_equal(adjust(&m, 10, 0, 0), CLOCKCMD_OK);
	r = look(&m);
	out = tell(&m, true, 0, 0);
	assert_true(out.synced);
	assert_int_equal(out.synced_until_boot.ns, r.boot.ns + 1000 * S);
	assert_false(tell(&m, false, 0, 0).synced);
	claim.valid.ns = INT64_MAX;
	assert_int_equal(
	    discipline_limits_truth(&m.l, &claim, &r, &out), CLOCKCMD_OK);
	assert_int_equal(out.synced_until_boot.ns, r.boot.ns + DAY);
	claim.valid.ns = 0;
	assert_int_equal(
	    discipline_limits_truth(&m.l, &claim, &r, &out), CLOCKCMD_OK);
	assert_false(out.synced);
	/* A clock outside the window is not synchronised, whoever says so. */
	m.real_minus_boot_ns -= 4000.0 * 86400e9;
	assert_false(tell(&m, true, 0, 0).synced);
}

static void
test_malformed_claims(void **state)
{
	static const struct clockcmd_truth bad[] = {
	    {.leap = 3, .valid = {1}},
	    {.max_error = {-1}},
	    {.est_error = {-1}},
	    {.valid = {INT64_MIN}},
	};
	struct machine m;
	struct limits_conf c = usual();
	struct limits_reading r;
	struct limits_truth out;

	(void)state;
	boot(&m, &c);
	r = look(&m);
	assert_int_equal(adjust(&m, 10, 0, 0), CLOCKCMD_OK);
	assert_true(tell(&m, true, 0, 37).synced);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(
		    discipline_limits_truth(&m.l, &bad[i], &r, &out),
		    CLOCKCMD_MALFORMED);
		assert_true(out.synced && out.tai_offset_s == 37);
	}
}

/* I5: a flood is cut to four a second after sixteen. */
static void
test_i5_flood(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	struct clockcmd_truth claim = {0};
	struct limits_truth out;
	unsigned adjusts = 0, steps = 0, claims = 0;

	(void)state;
	boot(&m, &c);
	for (int i = 0; i < 10000; i++) {
		struct limits_reading r = look(&m);

		adjusts += adjust(&m, 1, 0, 0) == CLOCKCMD_OK;
		steps += step(&m, 1) != CLOCKCMD_RATE;
		claims += discipline_limits_truth(&m.l, &claim, &r, &out) ==
		    CLOCKCMD_OK;
		pass(&m, 1e-3);
	}
	assert_in_range(adjusts + steps, 54, 58);
	assert_in_range(claims, 54, 58);
}

/* ---- the virtual clock ---- */

static void
test_virtual(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	double from;

	(void)state;
	c.virtual_clock = true;
	c.step_limit = -1;
	settle(&m, &c);
	from = m.virt_ns;
	assert_int_equal(step(&m, 2 * S), CLOCKCMD_RESERVE);
	write_disc(&m);
	for (int i = 0; i < 300; i++) {
		(void)adjust(&m, 10, 100 * MS, 250);
		pass(&m, 250);
		(void)watch(&m);
		write_disc(&m);
	}
	from = m.virt_ns - from - 10 * PPM * 75000e9;
	assert_true(from < 2e9 + 75000e9 * (15 * PPM + 2.0 / 86400));
	assert_true(from > 2e9);
	/* Steps of the virtual clock are ours, those below it are not. */
	boot(&m, &c);
	assert_int_equal(step(&m, 100 * DAY), CLOCKCMD_OK);
	assert_int_equal(watch(&m), 0);
	m.real_minus_boot_ns += 5e9;
	assert_int_equal(watch(&m), LIMITS_FOREIGN);
}

/* ---- configuration and file ---- */

static void
test_reload(void **state)
{
	struct machine m;
	struct limits_conf c = usual();
	struct clockcmd_step cmd = step_by(3 * S);

	(void)state;
	boot(&m, &c);
	c.slot_cnt = 2;
	c.drift_sps = 10 * PPM;
	discipline_limits_set_conf(&m.l, &c);
	assert_int_equal(adjust(&m, 11, 0, 0), CLOCKCMD_FREQUENCY);
	assert_int_equal(step_with(&m, &cmd), CLOCKCMD_OK);
	c.slot_cnt = 20;
	discipline_limits_set_conf(&m.l, &c);
	cmd.evidence[0].slot = 19;
	assert_int_equal(step_with(&m, &cmd), CLOCKCMD_OK);
}

static void
test_saved_bytes(void **state)
{
	struct limits_saved s = {.boot_id = 5,
	    .boot = {6},
	    .wall = {-7},
	    .spent = {8},
	    .phase_cnt = 9,
	    .step_cnt = 10,
	    .begun = true,
	    .has_freq = true,
	    .begun_boot = {11},
	    .over_boot = {12},
	    .freq_sps = -123.456e-6,
	    .floor = {13}};
	struct limits_saved t;
	uint8_t b[DISCIPLINE_LIMITS_SAVED_LEN + 1];

	(void)state;
	for (int i = 0; i < 2; i++) {
		discipline_limits_encode(&s, b);
		assert_int_equal(
		    discipline_limits_decode(&t, b, sizeof(b) - 1), 0);
		assert_int_equal(t.boot_id, 5);
		assert_int_equal(t.boot.ns, 6);
		assert_int_equal(t.wall.ns, -7);
		assert_int_equal(t.spent.ns, 8);
		assert_int_equal(t.phase_cnt, 9);
		assert_int_equal(t.step_cnt, 10);
		assert_int_equal(t.begun, s.begun);
		assert_int_equal(t.over, s.over);
		assert_int_equal(t.has_freq, s.has_freq);
		assert_int_equal(t.has_floor, s.has_floor);
		assert_int_equal(t.begun_boot.ns, 11);
		assert_int_equal(t.over_boot.ns, 12);
		assert_true(fabs(t.freq_sps - s.freq_sps) < 1e-14);
		assert_int_equal(t.floor.ns, 13);
		s.begun = s.has_freq = false;
		s.over = s.has_floor = true;
	}
	/* K2, K4: truncated, longer, damaged anywhere. */
	for (size_t len = 0; len < sizeof(b) - 1; len++)
		assert_int_equal(discipline_limits_decode(&t, b, len), ERR_BAD);
	assert_int_equal(discipline_limits_decode(&t, b, sizeof(b)), ERR_BAD);
	for (size_t i = 0; i < sizeof(b) - 1; i++) {
		b[i] ^= 0x10;
		assert_int_equal(
		    discipline_limits_decode(&t, b, sizeof(b) - 1), ERR_BAD);
		assert_int_equal(t.phase_cnt, 0);
		b[i] ^= 0x10;
	}
	s.spent.ns = -1;
	discipline_limits_encode(&s, b);
	assert_int_equal(
	    discipline_limits_decode(&t, b, sizeof(b) - 1), ERR_BAD);
	s.spent.ns = 0;
	s.freq_sps = 2;
	discipline_limits_encode(&s, b);
	assert_int_equal(
	    discipline_limits_decode(&t, b, sizeof(b) - 1), ERR_BAD);
}

/* Counts that cannot grow any more stay where they are. */
static void
test_counts_saturate(void **state)
{
	struct machine m;
	struct limits_conf c = usual();

	(void)state;
	c.step_limit = -1;
	boot(&m, &c);
	m.disc = (struct limits_saved){.boot_id = BOOT,
	    .boot = look(&m).boot,
	    .phase_cnt = UINT32_MAX,
	    .step_cnt = UINT32_MAX,
	    .spent = {INT64_MAX}};
	m.has_disc = true;
	start(&m, &c);
	assert_int_equal(report(&m).budget_left.ns, 0);
	assert_int_equal(step(&m, 2 * S), CLOCKCMD_OK);
	assert_int_equal(m.l.phase_cnt, UINT32_MAX);
	assert_int_equal(m.l.step_cnt, UINT32_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_startup_steps),
	    cmocka_unit_test(test_startup_second),
	    cmocka_unit_test(test_i1_step_after_startup),
	    cmocka_unit_test(test_window_outlives_startup),
	    cmocka_unit_test(test_frequency_alone_leaves_the_window_open),
	    cmocka_unit_test(test_i7_window),
	    cmocka_unit_test(test_evidence),
	    cmocka_unit_test(test_step_after_suspend),
	    cmocka_unit_test(test_suspend_during_startup),
	    cmocka_unit_test(test_endless_makestep),
	    cmocka_unit_test(test_operator),
	    cmocka_unit_test(test_floor),
	    cmocka_unit_test(test_i3_absurd_numbers),
	    cmocka_unit_test(test_slew_rates),
	    cmocka_unit_test(test_end_of_startup),
	    cmocka_unit_test(test_i2_budget_trips),
	    cmocka_unit_test(test_frequency_runs_into_the_budget),
	    cmocka_unit_test(test_no_grant_no_slew),
	    cmocka_unit_test(test_i6_restarts_refill_nothing),
	    cmocka_unit_test(test_release),
	    cmocka_unit_test(test_reboot),
	    cmocka_unit_test(test_honest_wander_is_free),
	    cmocka_unit_test(test_long_term_frequency),
	    cmocka_unit_test(test_foreign_step),
	    cmocka_unit_test(test_leap),
	    cmocka_unit_test(test_kernel_leaps),
	    cmocka_unit_test(test_stepped_leaps),
	    cmocka_unit_test(test_last_days),
	    cmocka_unit_test(test_tai),
	    cmocka_unit_test(test_synced),
	    cmocka_unit_test(test_malformed_claims),
	    cmocka_unit_test(test_i5_flood),
	    cmocka_unit_test(test_virtual),
	    cmocka_unit_test(test_reload),
	    cmocka_unit_test(test_saved_bytes),
	    cmocka_unit_test(test_counts_saturate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
