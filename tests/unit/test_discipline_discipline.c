/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole discipline through its front: what it refuses to believe, when
 * it may set the clock, what it says about it.  The clock here is exact and
 * obeys at once; hostile cases are named by letter and number.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "discipline/discipline.h"

#define S        1000000000LL
#define START_S  500

#define MIDNIGHT 2098483200LL /* 2036-07-01, in the second era */

/* True time is CLOCK_MONOTONIC here: the oscillator is perfect. */
struct bench {
	struct discipline *d;
	struct discipline_conf conf;
	double t_s;
	double err_s; /* true - clock, without the slew in progress */
	double slew_sps;
	double slew_from_s;
	double slew_until_s;
	struct clockcmd_state state;
	struct discipline_out out;
	unsigned steps;
	unsigned adjusts;
	int64_t wall_ns; /* true time at t_s = 0 */
};

static struct mono
mono_at(double t_s)
{
	return (struct mono){(START_S * S) + llrint(t_s * 1e9)};
}

static struct mono
now_of(const struct bench *b)
{
	return mono_at(b->t_s);
}

static double
err_at(const struct bench *b, double t_s)
{
	double end = fmin(t_s, b->slew_until_s);

	if (end <= b->slew_from_s)
		return b->err_s;
	return b->err_s - b->slew_sps * (end - b->slew_from_s);
}

static void
report(struct bench *b, struct discipline_out *out)
{
	double e = err_at(b, b->t_s);

	b->state.corrected.ns += llrint((b->err_s - e) * 1e9);
	b->err_s = e;
	b->slew_from_s = b->t_s;
	if (b->t_s >= b->slew_until_s)
		b->slew_sps = 0;
	b->state.as_of = now_of(b);
	b->state.slew_rate_sps = b->slew_sps;
	b->state.slew_until = mono_at(b->slew_until_s);
	discipline_clock(b->d, &b->state, now_of(b), out);
}

static void
obey(struct bench *b)
{
	struct discipline_out out = b->out, next;

	if (out.cmd == DISCIPLINE_CMD_NONE)
		return;
	report(b, &next);
	if (out.cmd == DISCIPLINE_CMD_STEP) {
		b->steps++;
		b->err_s -= tstamp_dur_to_s(out.step.offset);
		b->state.stepped.ns += out.step.offset.ns;
		b->state.corrected.ns += out.step.offset.ns;
		b->slew_sps = 0;
		b->slew_until_s = 0;
	} else {
		b->adjusts++;
		b->slew_sps = 0;
		b->slew_from_s = b->t_s;
		b->slew_until_s = b->t_s + tstamp_dur_to_s(out.adjust.duration);
		if (out.adjust.offset.ns != 0)
			b->slew_sps = (double)out.adjust.offset.ns /
			    (double)out.adjust.duration.ns;
	}
	report(b, &next);
}

static void
begin(struct bench *b, unsigned sources)
{
	struct discipline_source_conf c;

	b->d = discipline_new(&b->conf, now_of(b));
	assert_non_null(b->d);
	b->state.startup = true;
	b->state.slew_max_sps = 83333e-6;
	discipline_source_conf_init(&c);
	for (unsigned i = 0; i < sources; i++)
		assert_int_equal(discipline_open(b->d, i, &c), 0);
	report(b, &b->out);
}

static int
setup(void **state)
{
	static struct bench b;

	memset(&b, 0, sizeof b);
	discipline_conf_init(&b.conf);
	b.conf.makestep_s = 0.1;
	b.conf.makestep_limit = 3;
	*state = &b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	discipline_free(b->d);
	return 0;
}

/* What the clock shows, in seconds: good to a microsecond. */
static double
wall_of(const struct bench *b)
{
	return (double)b->wall_ns * 1e-9 + b->t_s - err_at(b, b->t_s);
}

static struct sample
honest(const struct bench *b, double delay_s)
{
	return (struct sample){
	    .at = mono_at(b->t_s - delay_s / 2),
	    .offset_s = err_at(b, b->t_s - delay_s / 2),
	    .delay_s = delay_s,
	    .stamp_error_s = 1e-6,
	    .server_time_s = 1e-5,
	    .root_dispersion_s = 1e-4,
	    .ref_id = 0x0a000001,
	    .stratum = 1,
	    .wall = {llrint((wall_of(b) - delay_s / 2) * 1e9)},
	};
}

/* An exchange with one source whose clock is off by @lie. */
static int
measure(struct bench *b, unsigned slot, double lie)
{
	double jitter = 1e-5 * fmod(b->t_s * 7.13 + slot, 3);
	struct sample s;
	int err;

	discipline_sent(b->d, slot, now_of(b));
	b->t_s += 0.01 + jitter;
	s = honest(b, 0.01 + jitter);
	s.offset_s += lie;
	err = discipline_sample(b->d, slot, &s, now_of(b), &b->out);
	obey(b);
	return err;
}

static void
wait_s(struct bench *b, double s)
{
	b->t_s += s;
}

static unsigned
state_of(struct bench *b, unsigned slot)
{
	struct discipline_source_view v;

	assert_int_equal(discipline_look_source(b->d, slot, now_of(b), &v), 0);
	return v.state;
}

static bool
synced(struct bench *b)
{
	struct discipline_view v;

	discipline_look(b->d, now_of(b), &v);
	return v.synced;
}

static void
h1_insane_samples_are_refused(void **state)
{
	struct bench *b = *state;
	struct sample good, s;

	begin(b, 1);
	discipline_sent(b->d, 0, now_of(b));
	b->t_s += 1;
	good = honest(b, 0.01);
#define REFUSED(change)                                                        \
	do {                                                                   \
		s = good;                                                      \
		change;                                                        \
		assert_int_equal(                                              \
		    discipline_sample(b->d, 0, &s, now_of(b), &b->out),        \
		    ERR_BAD);                                                  \
		assert_int_equal(b->out.cmd, DISCIPLINE_CMD_NONE);             \
	} while (0)
	REFUSED(s.stratum = 0);
	REFUSED(s.stratum = 16);
	REFUSED(s.stratum = 255);
	REFUSED(s.leap = 3);
	REFUSED(s.delay_s = 0);
	REFUSED(s.delay_s = -0.1);
	REFUSED(s.delay_s = nan(""));
	REFUSED(s.offset_s = HUGE_VAL);
	REFUSED(s.offset_s = nan(""));
	REFUSED(s.root_delay_s = -1);
	REFUSED(s.root_dispersion_s = 17);
	REFUSED(s.root_dispersion_s = nan(""));
	REFUSED(s.server_time_s = -1e-6);
	REFUSED(s.server_time_s = 5);
	REFUSED(s.stamp_error_s = nan(""));
	REFUSED(s.at.ns = now_of(b).ns + 1);
#undef REFUSED
	assert_int_equal(
	    discipline_sample(b->d, 0, &good, now_of(b), &b->out), 0);
	assert_int_equal(
	    discipline_sample(b->d, 1, &good, now_of(b), &b->out), ERR_BAD);
	assert_int_equal(
	    discipline_sample(b->d, 99, &good, now_of(b), &b->out), ERR_BAD);
}

static void
h10_one_source_three_samples(void **state)
{
	struct bench *b = *state;

	b->err_s = 1000;
	begin(b, 1);
	measure(b, 0, 0);
	wait_s(b, 2);
	measure(b, 0, 0);
	assert_int_equal(b->steps + b->adjusts, 0);
	assert_false(synced(b));
	wait_s(b, 2);
	measure(b, 0, 0);
	assert_int_equal(b->steps, 1);
	assert_true(fabs(err_at(b, b->t_s)) < 1e-3);
}

static void
h10_three_sources_one_sample(void **state)
{
	struct bench *b = *state;

	b->err_s = -30;
	begin(b, 4);
	measure(b, 0, 0);
	measure(b, 1, 0);
	assert_int_equal(b->steps, 0);
	measure(b, 2, 0);
	assert_int_equal(b->steps, 1);
	assert_int_equal(b->out.step.evidence_cnt, 3);
	assert_true(fabs(err_at(b, b->t_s)) < 1e-3);
}

static void
h10_minsources_always(void **state)
{
	struct bench *b = *state;

	b->err_s = 5;
	b->conf.minsources = 2;
	begin(b, 3);
	for (int i = 0; i < 10; i++, wait_s(b, 2))
		measure(b, 0, 0);
	assert_int_equal(b->steps + b->adjusts, 0);
	measure(b, 1, 0);
	measure(b, 2, 0);
	assert_int_equal(b->steps, 1);
}

static void
no_command_before_the_clock_is_heard(void **state)
{
	struct bench *b = *state;
	struct discipline_source_conf c;

	b->d = discipline_new(&b->conf, now_of(b));
	discipline_source_conf_init(&c);
	assert_int_equal(discipline_open(b->d, 0, &c), 0);
	assert_int_equal(discipline_open(b->d, 0, &c), ERR_FULL);
	assert_int_equal(discipline_open(b->d, 64, &c), ERR_BAD);
	for (int i = 0; i < 8; i++, wait_s(b, 2)) {
		measure(b, 0, 0);
		assert_int_equal(b->out.cmd, DISCIPLINE_CMD_NONE);
	}
}

static void
rounds(struct bench *b, int n, unsigned sources, const double *lies)
{
	for (int i = 0; i < n; i++) {
		for (unsigned k = 0; k < sources; k++)
			measure(b, k, lies[k]);
		wait_s(b, 64);
	}
}

static void
h2_liar_is_a_falseticker(void **state)
{
	static const double lies[4] = {0, 0, 10, 0};
	struct bench *b = *state;
	char why[DISCIPLINE_WHY_MAX];

	begin(b, 4);
	rounds(b, 20, 4, lies);
	assert_int_equal(state_of(b, 2), DISCIPLINE_FALSETICKER);
	assert_true(fabs(err_at(b, b->t_s)) < 1e-3);
	assert_true(synced(b));
	discipline_reason(b->d, now_of(b), why);
	assert_non_null(strstr(why, "3 of 4"));
}

static void
h3_two_against_two_is_nobody(void **state)
{
	static const double lies[4] = {0, 0, 0.5, 0.5};
	struct bench *b = *state;
	char why[DISCIPLINE_WHY_MAX];

	b->err_s = 0.02;
	begin(b, 4);
	/* The liars come first, the honest ones make it a tie. */
	for (int i = 0; i < 20; i++) {
		measure(b, 0, lies[0]);
		measure(b, 2, lies[2]);
		measure(b, 1, lies[1]);
		measure(b, 3, lies[3]);
		wait_s(b, 64);
	}
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(state_of(b, i), DISCIPLINE_TIED);
	assert_false(synced(b));
	discipline_reason(b->d, now_of(b), why);
	assert_non_null(strstr(why, "3 must agree"));
	assert_int_equal(b->steps, 0);
}

static void
h5_delayed_on_one_path(void **state)
{
	struct bench *b = *state;
	struct sample s;

	begin(b, 1);
	for (int i = 0; i < 60; i++, wait_s(b, 64)) {
		if (i % 3 != 0) {
			measure(b, 0, 0);
			continue;
		}
		discipline_sent(b->d, 0, now_of(b));
		b->t_s += 0.46;
		s = honest(b, 0.46);
		s.offset_s += 0.225;
		discipline_sample(b->d, 0, &s, now_of(b), &b->out);
		obey(b);
	}
	assert_true(fabs(err_at(b, b->t_s)) < 1e-3);
}

static void
h6_require_ignores_the_others(void **state)
{
	struct bench *b = *state;
	struct sample s;

	b->conf.authmode = DISCIPLINE_AUTH_REQUIRE;
	begin(b, 4);
	for (int i = 0; i < 10; i++, wait_s(b, 64)) {
		measure(b, 1, 0.3);
		measure(b, 2, 0.3);
		measure(b, 3, 0.3);
		discipline_sent(b->d, 0, now_of(b));
		b->t_s += 0.01;
		s = honest(b, 0.01);
		s.authenticated = true;
		discipline_sample(b->d, 0, &s, now_of(b), &b->out);
		obey(b);
	}
	assert_int_equal(state_of(b, 0), DISCIPLINE_SELECTED);
	assert_int_equal(state_of(b, 1), DISCIPLINE_UNTRUSTED);
	assert_true(fabs(err_at(b, b->t_s)) < 1e-3);
}

static void
h6_mix_is_not_outvoted(void **state)
{
	struct bench *b = *state;
	struct sample s;

	begin(b, 4);
	for (int i = 0; i < 10; i++, wait_s(b, 64)) {
		discipline_sent(b->d, 0, now_of(b));
		b->t_s += 0.01;
		s = honest(b, 0.01);
		s.authenticated = true;
		discipline_sample(b->d, 0, &s, now_of(b), &b->out);
		obey(b);
		for (unsigned k = 1; k < 4; k++)
			measure(b, k, 0.3);
	}
	assert_int_equal(state_of(b, 0), DISCIPLINE_SELECTED);
	assert_int_equal(state_of(b, 1), DISCIPLINE_FALSETICKER);
	assert_true(fabs(err_at(b, b->t_s)) < 1e-3);
}

static void
h8_loop_is_not_followed(void **state)
{
	struct bench *b = *state;

	begin(b, 1);
	for (int i = 0; i < 5; i++, wait_s(b, 2))
		measure(b, 0, 0);
	discipline_loop(b->d, 0);
	assert_int_equal(state_of(b, 0), DISCIPLINE_LOOP);
}

static void
h9_leap_needs_a_majority(void **state)
{
	static const uint8_t few[3] = {1, 0, 0}, most[3] = {1, 1, 0};
	struct bench *b = *state;
	struct timepage_time page;

	b->wall_ns = 1798675200 * S; /* 2026-12-31 */
	begin(b, 3);
	for (int i = 0; i < 20; i++) {
		const uint8_t *leap = i < 10 ? few : most;

		for (unsigned k = 0; k < 3; k++) {
			struct sample s;

			discipline_sent(b->d, k, now_of(b));
			b->t_s += 0.01;
			s = honest(b, 0.01);
			s.leap = leap[k];
			discipline_sample(b->d, k, &s, now_of(b), &b->out);
			obey(b);
		}
		discipline_time(b->d, now_of(b), &page);
		if (i > 2)
			assert_int_equal(page.leap, i < 10 ? 0 : 1);
		wait_s(b, 64);
	}
}

/* Three sources that announce an insertion, from a given moment on. */
static void
announce(struct bench *b, int rounds_cnt)
{
	for (int i = 0; i < rounds_cnt; i++) {
		for (unsigned k = 0; k < 3; k++) {
			struct sample s;

			discipline_sent(b->d, k, now_of(b));
			b->t_s += 0.01;
			s = honest(b, 0.01);
			s.leap = 1;
			discipline_sample(b->d, k, &s, now_of(b), &b->out);
			obey(b);
		}
		wait_s(b, 64);
	}
}

static uint8_t
leap_of(struct bench *b)
{
	struct timepage_time page;

	discipline_time(b->d, now_of(b), &page);
	return page.leap;
}

static void
h9_leap_only_at_a_months_end(void **state)
{
	static const struct {
		int64_t day;
		uint8_t leap;
	} days[] = {
	    {1798675200, 1}, /* 2026-12-31 */
	    {1798588800, 0}, /* 2026-12-30 */
	    {1798761600, 0}, /* 2027-01-01 */
	    {1835308800, 0}, /* 2028-02-28, a leap year */
	    {1835395200, 1}, /* 2028-02-29 */
	    {1782777600, 1}, /* 2026-06-30 */
	    {4107456000, 1}, /* 2100-02-28, no leap year */
	};

	for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
		struct bench *b = *state;

		setup(state);
		b->wall_ns = days[i].day * S;
		begin(b, 3);
		announce(b, 5);
		assert_int_equal(leap_of(b), days[i].leap);
		discipline_free(b->d);
		b->d = NULL;
	}
}

static void
q4_leap_list_stands_above_the_sources(void **state)
{
	struct bench *b = *state;

	b->wall_ns = 1798675200 * S;
	b->conf.leap.expires.ns = 1830000000 * S;
	begin(b, 3);
	announce(b, 5);
	assert_int_equal(leap_of(b), 0);
	discipline_free(b->d);
	setup(state);
	b->wall_ns = 1798675200 * S;
	b->conf.leap = (struct discipline_leap){.next = {1798761600 * S},
	    .expires = {1830000000 * S},
	    .tai_offset_s = 37,
	    .sense = -1};
	begin(b, 3);
	announce(b, 5);
	assert_int_equal(leap_of(b), 2);
	/* Q5: a list that has expired says nothing. */
	discipline_free(b->d);
	setup(state);
	b->wall_ns = 1798675200 * S;
	b->conf.leap.expires.ns = 1790000000 * S;
	begin(b, 3);
	announce(b, 5);
	assert_int_equal(leap_of(b), 1);
}

/* Until a minute before midnight, then past it. */
static void
live_through_leap(struct bench *b, double utc_moves)
{
	struct discipline_view v;

	b->wall_ns = (1798675200 + 86400 - 1000) * S;
	begin(b, 3);
	announce(b, 15);
	assert_int_equal(leap_of(b), 1);
	while (b->t_s < 999.9) {
		double left = 999.9 - b->t_s;
		double next =
		    (double)(discipline_next(b->d).ns - now_of(b).ns) * 1e-9;

		wait_s(b, fmin(left, next));
		if (left > next) {
			discipline_tick(b->d, now_of(b), &b->out);
			obey(b);
		}
	}
	wait_s(b, 0.6);
	b->wall_ns -= S; /* UTC has gone back, whatever the clock did */
	b->err_s += utc_moves;
	if (utc_moves == 0)
		wait_s(b, 1.2); /* until the kernel has surely done it */
	discipline_tick(b->d, now_of(b), &b->out);
	obey(b);
	/* With a second to go the page knows it, so it is synchronised. */
	assert_int_equal(leap_of(b), 0);
	discipline_look(b->d, now_of(b), &v);
	assert_true(fabs(v.remaining_s - err_at(b, b->t_s)) < 0.01);
	for (int i = 0; i < 60; i++, wait_s(b, 64))
		for (unsigned k = 0; k < 3; k++)
			measure(b, k, 0);
	assert_true(fabs(err_at(b, b->t_s)) < 1e-3);
}

static void
q4_leap_by_the_kernel(void **state)
{
	struct bench *b = *state;
	struct clockcmd_truth truth;

	/* The kernel's clock goes back with UTC. */
	live_through_leap(b, 0);
	discipline_truth(b->d, now_of(b), &truth);
	assert_int_equal(truth.leap, 0);
}

static void
q4_leap_by_slewing(void **state)
{
	struct bench *b = *state;

	b->conf.leapmode = DISCIPLINE_LEAP_SLEW;
	b->conf.makestep_s = 0;
	live_through_leap(b, -1);
}

static void
q3_first_synchronisation_from_1970(void **state)
{
	static const double far[] = {1.8e9, -3.7e9, 4.29e9};

	for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
		struct bench *b = *state;

		setup(state);
		b->err_s = far[i];
		begin(b, 3);
		for (unsigned k = 0; k < 3; k++)
			measure(b, k, 0);
		assert_int_equal(b->steps, 1);
		for (int n = 0; n < 20; n++, wait_s(b, 64))
			for (unsigned k = 0; k < 3; k++)
				measure(b, k, 0);
		assert_true(fabs(err_at(b, b->t_s)) < 1e-4);
		assert_int_equal(b->steps, 1);
		discipline_free(b->d);
		b->d = NULL;
	}
}

static void
long_server_times_gain_no_weight(void **state)
{
	struct bench *b = *state;

	begin(b, 1);
	for (int i = 0; i < 40; i++, wait_s(b, 64))
		measure(b, 0, 0);
	/* Delayed by 40 ms on the way back, hidden in T3 - T2. */
	for (int i = 0; i < 40; i++, wait_s(b, 64)) {
		struct sample s;

		discipline_sent(b->d, 0, now_of(b));
		b->t_s += 0.05;
		s = honest(b, 0.01);
		if (i % 4 == 0) {
			s.server_time_s = 0.04;
			s.offset_s -= 0.019;
		}
		discipline_sample(b->d, 0, &s, now_of(b), &b->out);
		obey(b);
	}
	assert_true(fabs(err_at(b, b->t_s)) < 1e-3);
}

/* ---- leap seconds ---- */

/* Until the wall clock is so near midnight, with three sources that say
 * @leap. */
static void
until_midnight(struct bench *b, uint8_t leap, double before_s)
{
	while (wall_of(b) < MIDNIGHT - before_s - 64) {
		for (unsigned k = 0; k < 3; k++) {
			struct sample s;

			discipline_sent(b->d, k, now_of(b));
			b->t_s += 0.01;
			s = honest(b, 0.01);
			s.leap = leap;
			discipline_sample(b->d, k, &s, now_of(b), &b->out);
			obey(b);
		}
		wait_s(b, 16);
	}
	wait_s(b, MIDNIGHT - before_s - wall_of(b));
}

static void
tick(struct bench *b)
{
	discipline_tick(b->d, now_of(b), &b->out);
	obey(b);
}

static struct timepage_time
page_of(struct bench *b)
{
	struct timepage_time page;

	discipline_time(b->d, now_of(b), &page);
	return page;
}

/* From an hour before midnight to a tick just before the leap second, which
 * is announced by then. */
static void
to_the_leap(struct bench *b, enum discipline_leapmode mode, int8_t sense)
{
	double early_s = sense < 0 ? 1 : 0;
	struct timepage_time page;

	b->conf.leapmode = mode;
	b->wall_ns = (MIDNIGHT - 3600) * S;
	begin(b, 3);
	until_midnight(b, b->conf.leap.expires.ns ? 0 : sense > 0 ? 1 : 2, 30);
	tick(b);
	page = page_of(b);
	assert_int_equal(page.leap, sense > 0 ? 1 : 2);
	assert_int_equal(
	    page.leap_sense, mode == DISCIPLINE_LEAP_IGNORE ? 0 : sense);
	assert_true(fabs((double)(page.leap_mono_ns - now_of(b).ns) * 1e-9 -
			30 + early_s) < 1e-3);
	wait_s(b, 29 - early_s);
	tick(b);
	/* It does not wait its usual time. */
	assert_true(
	    fabs((double)(discipline_next(b->d).ns - page.leap_mono_ns)) < 2e6);
	b->steps = b->adjusts = 0;
	wait_s(b, 1.0001);
}

/* What the world and the sources do with it. */
static void
truth_leaps(struct bench *b, double by_s)
{
	b->err_s += by_s;
	b->wall_ns += llrint(by_s * 1e9);
}

static void
kernel_leaps(struct bench *b, double by_s)
{
	b->wall_ns += llrint(by_s * 1e9); /* and the clock with the truth */
}

/* Nothing more happens afterwards, and the samples agree. */
static void
stays(struct bench *b, double error_s)
{
	for (int i = 0; i < 40; i++) {
		wait_s(b, 16);
		for (unsigned k = 0; k < 3; k++)
			(void)measure(b, k, 0);
		tick(b);
		assert_int_equal(page_of(b).leap, 0);
		assert_true(page_of(b).flags & TIMEPAGE_SYNCED);
	}
	assert_true(fabs(err_at(b, b->t_s)) < error_s);
}

static void
q4_leap_by_the_kernel_after_2036(void **state)
{
	struct bench *b = *state;

	to_the_leap(b, DISCIPLINE_LEAP_SYSTEM, 1);
	kernel_leaps(b, -1);
	tick(b);
	/* Not too early: the kernel would not do it any more. */
	assert_int_equal(page_of(b).leap, 1);
	wait_s(b, 1.5);
	tick(b);
	assert_int_equal(b->steps, 0);
	assert_true(page_of(b).flags & TIMEPAGE_SYNCED);
	assert_int_equal(page_of(b).leap, 0);
	assert_int_equal(page_of(b).leap_sense, 1);
	stays(b, 1e-3);
	assert_int_equal(b->steps, 0);
}

static void
q4_leap_stepped(void **state)
{
	struct bench *b = *state;

	for (int8_t sense = -1; sense <= 1; sense += 2) {
		teardown(state);
		setup(state);
		to_the_leap(b, DISCIPLINE_LEAP_STEP, sense);
		truth_leaps(b, -sense);
		discipline_tick(b->d, now_of(b), &b->out);
		assert_int_equal(b->out.cmd, DISCIPLINE_CMD_STEP);
		assert_int_equal(b->out.step.offset.ns, -sense * S);
		assert_int_equal(b->out.step.evidence_cnt, 3);
		/* The page knows at once, and nobody is told otherwise. */
		assert_true(page_of(b).flags & TIMEPAGE_SYNCED);
		assert_true(
		    fabs((double)page_of(b).offset_ns * 1e-9 + sense) < 1e-3);
		obey(b);
		assert_true(llabs(page_of(b).offset_ns) < 1000000);
		stays(b, 1e-3);
		assert_int_equal(b->steps, 1);
	}
}

/* Refused, it is slewed. */
static void
q4_leap_step_refused(void **state)
{
	struct bench *b = *state;

	to_the_leap(b, DISCIPLINE_LEAP_STEP, 1);
	truth_leaps(b, -1);
	discipline_tick(b->d, now_of(b), &b->out);
	assert_int_equal(b->out.cmd, DISCIPLINE_CMD_STEP);
	b->state.refusal = CLOCKCMD_NO_STEP_LEFT;
	wait_s(b, 1);
	discipline_clock(b->d, &b->state, now_of(b), &b->out);
	b->state.refusal = CLOCKCMD_OK;
	assert_int_equal(b->out.cmd, DISCIPLINE_CMD_ADJUST);
	obey(b);
	for (int i = 0; i < 5; i++)
		stays(b, 2);
	stays(b, 1e-3);
	assert_int_equal(b->steps, 0);
}

static void
q4_leap_slewed(void **state)
{
	struct bench *b = *state;
	struct timepage_time page;

	for (int8_t sense = -1; sense <= 1; sense += 2) {
		teardown(state);
		setup(state);
		to_the_leap(b, DISCIPLINE_LEAP_SLEW, sense);
		truth_leaps(b, -sense);
		discipline_tick(b->d, now_of(b), &b->out);
		assert_int_equal(b->out.cmd, DISCIPLINE_CMD_ADJUST);
		assert_true(b->out.adjust.offset.ns * sense < 0);
		obey(b);
		page = page_of(b);
		assert_true(page.flags & TIMEPAGE_SYNCED);
		assert_true(fabs((double)page.offset_ns * 1e-9 + sense) < 1e-3);
		/* 500 ppm at most: half an hour and more. */
		for (int i = 0; i < 5; i++)
			stays(b, 2);
		stays(b, 1e-3);
		assert_int_equal(b->steps, 0);
	}
}

/* The clock goes on, and learns from its sources that it is off. */
static void
q4_leap_ignored(void **state)
{
	struct bench *b = *state;

	to_the_leap(b, DISCIPLINE_LEAP_IGNORE, 1);
	b->state.startup = false; /* makestep has had its time */
	report(b, &b->out);
	truth_leaps(b, -1);
	tick(b);
	assert_int_equal(b->steps, 0);
	assert_true(llabs(page_of(b).offset_ns) < 1000000);
	for (int i = 0; i < 400; i++) {
		wait_s(b, 16);
		for (unsigned k = 0; k < 3; k++)
			(void)measure(b, k, 0);
		tick(b);
	}
	assert_true(fabs(err_at(b, b->t_s)) < 1e-2);
	assert_int_equal(b->steps, 0);
}

/* The list stands above the sources, knows the TAI offset, and the leap
 * second comes once though the clock shows midnight twice. */
static void
q4_leap_of_the_list(void **state)
{
	struct bench *b = *state;

	b->conf.leap = (struct discipline_leap){
	    .next = {MIDNIGHT * S},
	    .expires = {(MIDNIGHT + 86400) * S},
	    .tai_offset_s = 37,
	    .sense = 1,
	};
	to_the_leap(b, DISCIPLINE_LEAP_STEP, 1);
	assert_int_equal(page_of(b).tai_offset_s, 37);
	truth_leaps(b, -1);
	tick(b);
	assert_int_equal(page_of(b).tai_offset_s, 38);
	for (int i = 0; i < 8; i++) {
		wait_s(b, 0.3);
		tick(b);
		assert_int_equal(page_of(b).leap, 0);
	}
	assert_int_equal(b->steps, 1);
	stays(b, 1e-3);
	assert_int_equal(b->steps, 1);
}

/* A smear is served by when the leap second was.  A daemon that is started in
 * the middle of it knows that from the list, to the same moment; whether the
 * clock has been moved by the second yet does not matter. */
static void
q4_leap_of_the_past(void **state)
{
	struct bench *b = *state;
	struct timepage_time before, after;

	for (int i = 0; i < 2; i++) {
		b->conf.leap = (struct discipline_leap){
		    .next = {MIDNIGHT * S},
		    .expires = {(MIDNIGHT + 8640000) * S},
		    .tai_offset_s = 37,
		    .sense = 1,
		};
		to_the_leap(
		    b, i == 0 ? DISCIPLINE_LEAP_STEP : DISCIPLINE_LEAP_SLEW, 1);
		truth_leaps(b, -1);
		tick(b);
		before = page_of(b);
		assert_int_equal(before.leap_sense, 1);
		/* Started again, with the list as it is now. */
		discipline_free(b->d);
		wait_s(b, 100);
		b->slew_sps = 0;
		b->conf.leap = (struct discipline_leap){
		    .expires = {(MIDNIGHT + 8640000) * S},
		    .last = {MIDNIGHT * S},
		    .tai_offset_s = 38,
		    .last_sense = 1,
		};
		begin(b, 3);
		for (int k = 0; k < 10; k++) {
			for (unsigned j = 0; j < 3; j++)
				assert_int_equal(measure(b, j, 0), 0);
			wait_s(b, 16);
			tick(b);
		}
		after = page_of(b);
		assert_int_equal(after.leap_sense, 1);
		assert_true(
		    llabs(after.leap_mono_ns - before.leap_mono_ns) < 1000000);
		assert_int_equal(after.leap, 0);
		/* Once upon a time. */
		wait_s(b, 32 * 86400.0);
		tick(b);
		assert_int_equal(page_of(b).leap_sense, 0);
		teardown(state);
		setup(state);
	}
	begin(b, 1);
}

/* A list that says no is believed, one that has expired is not asked. */
static void
q5_h9_who_is_believed(void **state)
{
	static const struct {
		int64_t expires_s;
		double wall_s;
		uint8_t leap;
	} cases[] = {
	    {MIDNIGHT + 86400, MIDNIGHT - 7200, 0},
	    {MIDNIGHT - 86400, MIDNIGHT - 7200, 1},
	    {0, MIDNIGHT - 7200, 1},
	    {0, MIDNIGHT - 86400 - 7200, 0}, /* not the last day */
	    {0, MIDNIGHT + 7200, 0},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		teardown(state);
		setup(state);
		b->conf.leap.expires.ns = cases[i].expires_s * S;
		b->wall_ns = llrint(cases[i].wall_s * 1e9);
		begin(b, 3);
		for (int k = 0; k < 30; k++) {
			for (unsigned j = 0; j < 3; j++) {
				struct sample s;

				discipline_sent(b->d, j, now_of(b));
				b->t_s += 0.01;
				s = honest(b, 0.01);
				s.leap = 1;
				discipline_sample(
				    b->d, j, &s, now_of(b), &b->out);
				obey(b);
			}
			wait_s(b, 16);
		}
		assert_true(page_of(b).flags & TIMEPAGE_SYNCED);
		if (page_of(b).leap != cases[i].leap)
			fail_msg("case %zu", i);
	}
}

static void
preferred_sources_carry_the_estimate(void **state)
{
	static const double lies[3] = {0, 2e-4, -2e-4};
	struct bench *b = *state;
	struct discipline_source_conf c;
	struct discipline_source_view v;

	begin(b, 3);
	discipline_source_conf_init(&c);
	c.prefer = true;
	discipline_modify(b->d, 1, &c);
	rounds(b, 30, 3, lies);
	assert_int_equal(state_of(b, 0), DISCIPLINE_AGREEING);
	assert_int_equal(state_of(b, 1), DISCIPLINE_SELECTED);
	assert_true(fabs(err_at(b, b->t_s) + 2e-4) < 5e-5);
	assert_int_equal(discipline_look_source(b->d, 1, now_of(b), &v), 0);
	assert_true(v.weight == 1);
	/* And without, nobody has more than half of it. */
	c.prefer = false;
	discipline_modify(b->d, 1, &c);
	rounds(b, 30, 3, lies);
	assert_true(state_of(b, 0) <= DISCIPLINE_COMBINED);
	assert_true(fabs(err_at(b, b->t_s)) < 2e-4);
}

static void
combinelimit_zero_takes_the_best_alone(void **state)
{
	static const double lies[3] = {0, 0, 0};
	struct bench *b = *state;
	unsigned selected = 0;

	b->conf.combinelimit = 0;
	begin(b, 3);
	rounds(b, 10, 3, lies);
	for (unsigned i = 0; i < 3; i++) {
		unsigned st = state_of(b, i);

		assert_true(
		    st == DISCIPLINE_SELECTED || st == DISCIPLINE_AGREEING);
		selected += st == DISCIPLINE_SELECTED;
	}
	assert_int_equal(selected, 1);
}

static void
closed_and_reset_sources_are_forgotten(void **state)
{
	static const double lies[3] = {0, 0, 0};
	struct bench *b = *state;
	struct discipline_source_view v;

	begin(b, 3);
	rounds(b, 10, 3, lies);
	discipline_close(b->d, 1);
	assert_int_equal(
	    discipline_look_source(b->d, 1, now_of(b), &v), ERR_BAD);
	discipline_reset(b->d, 2);
	assert_int_equal(state_of(b, 2), DISCIPLINE_WAITING);
	assert_int_equal(state_of(b, 0), DISCIPLINE_SELECTED);
	for (int i = 0; i < 5; i++, wait_s(b, 64)) {
		measure(b, 0, 0);
		measure(b, 2, 0);
	}
	assert_true(state_of(b, 2) <= DISCIPLINE_COMBINED);
	assert_true(synced(b));
}

static void
holdover_stays_synchronised_and_bounded(void **state)
{
	static const double lies[3] = {0, 0, 0};
	struct bench *b = *state;
	struct discipline_view v;
	char why[DISCIPLINE_WHY_MAX];
	double before;

	begin(b, 3);
	rounds(b, 30, 3, lies);
	discipline_look(b->d, now_of(b), &v);
	before = v.bound_s;
	for (int i = 0; i < 200; i++, wait_s(b, 64)) {
		for (unsigned k = 0; k < 3; k++)
			discipline_sent(b->d, k, now_of(b));
		discipline_tick(b->d, now_of(b), &b->out);
		obey(b);
	}
	discipline_look(b->d, now_of(b), &v);
	assert_true(v.synced && v.bounded && v.holdover);
	/* Four hours at c and a little more. */
	assert_true(v.bound_s > before + 12800 * 15e-6);
	assert_true(v.bound_s < before + 12800 * 60e-6);
	assert_int_equal(state_of(b, 0), DISCIPLINE_UNREACHABLE);
	discipline_reason(b->d, now_of(b), why);
	assert_non_null(strstr(why, "holding over"));
}

/* One server and a step of it: three further replies to be sure, and then not
 * a minute until the clock is there. */
static void
a_lone_server_that_steps_is_followed_soon(void **state)
{
	struct bench *b = *state;

	begin(b, 1);
	for (int i = 0; i < 30; i++) {
		measure(b, 0, 0);
		wait_s(b, 64);
	}
	assert_true(synced(b));
	for (int i = 0; i < 3; i++) {
		assert_true(fabs(err_at(b, b->t_s)) < 1e-4);
		measure(b, 0, 0.05);
		wait_s(b, 2);
	}
	assert_true(b->slew_sps > 900e-6 && b->slew_sps < 1000e-6);
	assert_true(fabs(err_at(b, b->t_s + 55) + 0.05) < 1e-3);
	assert_int_equal(b->steps, 0);
}

static void
maxchange_is_panic(void **state)
{
	struct bench *b = *state;
	char why[DISCIPLINE_WHY_MAX];
	double before;

	b->conf.maxchange_s = 0.5;
	b->conf.maxchange_delay = 1;
	b->conf.maxchange_ignore = 0;
	begin(b, 3);
	for (int i = 0; i < 10; i++, wait_s(b, 64))
		for (unsigned k = 0; k < 3; k++)
			measure(b, k, 0);
	assert_true(synced(b));
	before = b->err_s;
	for (int i = 0; i < 20; i++, wait_s(b, 64))
		for (unsigned k = 0; k < 3; k++)
			measure(b, k, 2);
	assert_false(synced(b));
	assert_true(fabs(b->err_s - before) < 0.01);
	discipline_reason(b->d, now_of(b), why);
	assert_non_null(strstr(why, "maxchange"));
}

static void
o1_foreign_step_is_booked_at_once(void **state)
{
	struct bench *b = *state;
	struct discipline_poll poll;
	struct discipline_view v;

	begin(b, 1);
	b->state.startup = false;
	for (int i = 0; i < 30; i++, wait_s(b, 64))
		measure(b, 0, 0);
	assert_true(synced(b));
	b->err_s -= 1;
	b->state.foreign.ns += S;
	report(b, &b->out);
	obey(b);
	discipline_look(b->d, now_of(b), &v);
	assert_false(v.bounded);
	assert_false(v.synced);
	assert_true(fabs(v.remaining_s + 1) < 0.01);
	/* Measured again at once, not at the next poll. */
	assert_int_equal(discipline_poll(b->d, 0, now_of(b), &poll), 0);
	assert_true(poll.interval_s <= 2);
	for (int i = 0; i < 4; i++, wait_s(b, 2))
		measure(b, 0, 0);
	discipline_look(b->d, now_of(b), &v);
	assert_true(v.bounded);
	wait_s(b, 3000);
	assert_true(fabs(err_at(b, b->t_s)) < 1e-3);
}

static void
o2_suspend_keeps_the_rate_only(void **state)
{
	struct bench *b = *state;
	struct discipline_view v;

	begin(b, 1);
	for (int i = 0; i < 30; i++, wait_s(b, 64))
		measure(b, 0, 0);
	b->err_s += 0.4;
	b->state.suspended.ns += 8 * 3600 * S;
	b->state.startup = false;
	report(b, &b->out);
	obey(b);
	discipline_look(b->d, now_of(b), &v);
	assert_false(v.synced);
	assert_false(v.bounded);
	for (int i = 0; i < 5; i++, wait_s(b, 2))
		measure(b, 0, 0);
	assert_int_equal(b->steps, 1);
	assert_true(fabs(err_at(b, b->t_s)) < 5e-3);
}

static void
o4_pause_within_a_measurement(void **state)
{
	struct bench *b = *state;
	struct sample s;

	begin(b, 1);
	for (int i = 0; i < 30; i++, wait_s(b, 64))
		measure(b, 0, 0);
	discipline_sent(b->d, 0, now_of(b));
	b->t_s += 10;
	s = honest(b, 10);
	s.offset_s += 4.99;
	assert_int_equal(
	    discipline_sample(b->d, 0, &s, now_of(b), &b->out), ERR_DENIED);
	assert_int_equal(b->out.cmd, DISCIPLINE_CMD_NONE);
}

static void
clock_that_loses_its_sums(void **state)
{
	struct bench *b = *state;
	struct discipline_view v;

	begin(b, 1);
	b->err_s = 0.05;
	for (int i = 0; i < 30; i++, wait_s(b, 64))
		measure(b, 0, 0);
	discipline_clock_lost(b->d, now_of(b));
	b->state.corrected.ns = b->state.stepped.ns = 0;
	report(b, &b->out);
	discipline_look(b->d, now_of(b), &v);
	assert_true(fabs(v.remaining_s) < 1e-4);
	for (int i = 0; i < 5; i++, wait_s(b, 64))
		measure(b, 0, 0);
	assert_true(fabs(err_at(b, b->t_s)) < 1e-4);
}

static void
page_holds_the_truth(void **state)
{
	struct bench *b = *state;
	struct timepage_time p;

	b->err_s = 0.05;
	begin(b, 3);
	discipline_time(b->d, now_of(b), &p);
	assert_int_equal(p.stratum, 16);
	assert_int_equal(p.leap, 3);
	assert_int_equal(p.flags, 0);
	for (int i = 0; i < 100; i++) {
		for (unsigned k = 0; k < 3; k++)
			measure(b, k, 0);
		discipline_time(b->d, now_of(b), &p);
		if (p.flags & TIMEPAGE_BOUNDED) {
			double e = err_at(b, b->t_s) * 1e9;

			assert_true(fabs(e - (double)p.offset_ns) <=
			    (double)p.bound_ns);
			/* B2 for those who follow us. */
			assert_true(
			    p.root_delay_ns / 2 + p.root_dispersion_ns >=
			    p.bound_ns);
		}
		wait_s(b, 16);
	}
	assert_int_equal(p.stratum, 2);
	assert_int_equal(p.ref_id, 0x0a000001);
	assert_true(p.flags & TIMEPAGE_SYNCED);
	assert_true(p.bound_ns < 6000000);
}

static void
polls_are_polite(void **state)
{
	struct bench *b = *state;
	struct discipline_poll poll;
	struct discipline_source_conf c;
	double first = 0, sent = 0;

	begin(b, 1);
	discipline_source_conf_init(&c);
	c.iburst = true;
	assert_int_equal(discipline_open(b->d, 1, &c), 0);
	for (int i = 0; i < 7; i++) {
		assert_int_equal(discipline_poll(b->d, 1, now_of(b), &poll), 0);
		if (i > 0) {
			assert_true(poll.burst);
			b->t_s = sent + poll.interval_s;
		}
		sent = b->t_s;
		first = i == 0 ? sent : first;
		measure(b, 1, 0);
	}
	assert_true(fabs(sent - first - 48) < 1e-6);
	assert_int_equal(discipline_poll(b->d, 1, now_of(b), &poll), 0);
	assert_false(poll.burst);
	assert_true(poll.interval_s <= 64);
	/* RATE counts for a day. */
	discipline_rate(b->d, 1, now_of(b));
	measure(b, 1, 0);
	assert_int_equal(discipline_poll(b->d, 1, now_of(b), &poll), 0);
	assert_true(poll.poll_log2 >= 7);
	assert_int_equal(discipline_poll(b->d, 9, now_of(b), &poll), ERR_BAD);
}

static void
confirmation_bursts_are_rare(void **state)
{
	struct bench *b = *state;
	struct discipline_poll poll;
	unsigned asked = 0;

	begin(b, 1);
	for (int i = 0; i < 30; i++, wait_s(b, 64))
		measure(b, 0, 0);
	/* A server that jumps about cannot make us ask without end. */
	for (int i = 0; i < 200; i++) {
		measure(b, 0, i % 2 ? 0.1 * i : -0.1 * i);
		assert_int_equal(discipline_poll(b->d, 0, now_of(b), &poll), 0);
		asked += poll.burst;
		wait_s(b, 4);
	}
	assert_in_range(asked, 1, 6);
}

static void
drift_file_begins_where_it_ended(void **state)
{
	struct bench *b = *state;
	struct discipline_learned l;

	b->conf.freq_sps = 12e-6;
	b->conf.freq_error_sps = 1e-7;
	begin(b, 1);
	discipline_learned(b->d, &l);
	assert_false(l.valid);
	measure(b, 0, 0);
	for (int i = 0; i < 4; i++, wait_s(b, 2))
		measure(b, 0, 0);
	discipline_learned(b->d, &l);
	assert_true(l.valid);
	assert_true(fabs(l.freq_sps - 12e-6) < 2e-6);
}

static void
states_have_letters(void **state)
{
	(void)state;
	assert_int_equal(discipline_state_char(DISCIPLINE_SELECTED), '*');
	assert_int_equal(discipline_state_char(DISCIPLINE_FALSETICKER), 'x');
	assert_int_equal(discipline_state_char(999), '?');
	for (unsigned i = 0; i < DISCIPLINE_STATE_CNT; i++)
		assert_true(strlen(discipline_state_text(i)) > 3);
	assert_string_equal(discipline_state_text(999), "unknown");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(h1_insane_samples_are_refused),
	    CASE(h10_one_source_three_samples),
	    CASE(h10_three_sources_one_sample),
	    CASE(h10_minsources_always),
	    CASE(no_command_before_the_clock_is_heard),
	    CASE(h2_liar_is_a_falseticker),
	    CASE(h3_two_against_two_is_nobody),
	    CASE(h5_delayed_on_one_path),
	    CASE(h6_require_ignores_the_others),
	    CASE(h6_mix_is_not_outvoted),
	    CASE(h8_loop_is_not_followed),
	    CASE(h9_leap_needs_a_majority),
	    CASE(h9_leap_only_at_a_months_end),
	    CASE(q4_leap_list_stands_above_the_sources),
	    CASE(q4_leap_by_the_kernel),
	    CASE(q4_leap_stepped),
	    CASE(q4_leap_step_refused),
	    CASE(q4_leap_slewed),
	    CASE(q4_leap_ignored),
	    CASE(q4_leap_of_the_list),
	    CASE(q4_leap_of_the_past),
	    CASE(q5_h9_who_is_believed),
	    CASE(q4_leap_by_the_kernel_after_2036),
	    CASE(q4_leap_by_slewing),
	    CASE(q3_first_synchronisation_from_1970),
	    CASE(long_server_times_gain_no_weight),
	    CASE(preferred_sources_carry_the_estimate),
	    CASE(combinelimit_zero_takes_the_best_alone),
	    CASE(closed_and_reset_sources_are_forgotten),
	    CASE(holdover_stays_synchronised_and_bounded),
	    CASE(a_lone_server_that_steps_is_followed_soon),
	    CASE(maxchange_is_panic),
	    CASE(o1_foreign_step_is_booked_at_once),
	    CASE(o2_suspend_keeps_the_rate_only),
	    CASE(o4_pause_within_a_measurement),
	    CASE(clock_that_loses_its_sums),
	    CASE(page_holds_the_truth),
	    CASE(polls_are_polite),
	    CASE(confirmation_bursts_are_rare),
	    CASE(drift_file_begins_where_it_ended),
	    cmocka_unit_test(states_have_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
