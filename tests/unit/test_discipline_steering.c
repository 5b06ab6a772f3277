/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole discipline through its front: when it may set the clock and on
 * whose word (H10), from the first sample of a clock of 1970 (Q3) to the
 * change that is too large to be made.
 */
#include "discipline_rig.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(h10_one_source_three_samples),
	    CASE(h10_three_sources_one_sample),
	    CASE(h10_minsources_always),
	    CASE(no_command_before_the_clock_is_heard),
	    CASE(q3_first_synchronisation_from_1970),
	    CASE(a_lone_server_that_steps_is_followed_soon),
	    CASE(maxchange_is_panic),
	    CASE(drift_file_begins_where_it_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
