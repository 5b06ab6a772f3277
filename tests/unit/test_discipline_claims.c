/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole discipline through its front: what it says of the clock, on the
 * time page, in holdover and in words, is so.
 */
#include "discipline_rig.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(page_holds_the_truth),
	    CASE(holdover_stays_synchronised_and_bounded),
	    cmocka_unit_test(states_have_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
