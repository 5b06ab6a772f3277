/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole discipline through its front: how the clock comes through a leap
 * second in each mode, in the second era too, and what is said of it
 * afterwards (Q4).
 */
#include "discipline_rig.h"

#include <stdlib.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(q4_leap_by_the_kernel),
	    CASE(q4_leap_stepped),
	    CASE(q4_leap_step_refused),
	    CASE(q4_leap_slewed),
	    CASE(q4_leap_ignored),
	    CASE(q4_leap_of_the_list),
	    CASE(q4_leap_of_the_past),
	    CASE(q4_leap_by_the_kernel_after_2036),
	    CASE(q4_leap_by_slewing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
