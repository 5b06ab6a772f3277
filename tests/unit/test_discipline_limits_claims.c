/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The limits of the clock: what it may be told of the time: that it is
 * synchronised, the TAI offset, and leap seconds, however they are carried
 * out.
 */
#include "limits_rig.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_synced),
	    cmocka_unit_test(test_malformed_claims),
	    cmocka_unit_test(test_tai),
	    cmocka_unit_test(test_leap),
	    cmocka_unit_test(test_kernel_leaps),
	    cmocka_unit_test(test_stepped_leaps),
	    cmocka_unit_test(test_last_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
