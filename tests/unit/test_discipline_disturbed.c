/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole discipline through its front, when the clock is not what it was
 * left as: stepped by somebody else, suspended, paused within a measurement
 * (O1, O2, O4), or without its sums.
 */
#include "discipline_rig.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(o1_foreign_step_is_booked_at_once),
	    CASE(o2_suspend_keeps_the_rate_only),
	    CASE(o4_pause_within_a_measurement),
	    CASE(clock_that_loses_its_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
