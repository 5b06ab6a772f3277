/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The limits of the clock: how fast it may be slewed, and how far in a day:
 * the budget of displacement, what is charged to it and what is free (I2).
 */
#include "limits_rig.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_slew_rates),
	    cmocka_unit_test(test_end_of_startup),
	    cmocka_unit_test(test_i2_budget_trips),
	    cmocka_unit_test(test_frequency_runs_into_the_budget),
	    cmocka_unit_test(test_no_grant_no_slew),
	    cmocka_unit_test(test_release),
	    cmocka_unit_test(test_honest_wander_is_free),
	    cmocka_unit_test(test_long_term_frequency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
