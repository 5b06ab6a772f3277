/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The limits of the clock: which steps are carried out, at start-up, after
 * suspension and for the operator, and which are not: after start-up, out of
 * the window, without evidence, without end (I1, I7).
 */
#include "limits_rig.h"

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
	    cmocka_unit_test(test_foreign_step),
	    cmocka_unit_test(test_virtual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
