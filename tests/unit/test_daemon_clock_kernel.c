/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role clock and the clock below it: a kernel that refuses, another that slews
 * it, and leap seconds, by the kernel and by a step of ours (hostile cases I9,
 * O1, Q4).
 */
#include "clock_rig.h"

#include <errno.h>

static void
i9_kernel_refuses(void **state)
{
	static const int errs[] = {EPERM, EINVAL, ERANGE};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof errs / sizeof errs[0]; i++) {
		uint32_t calls = machine.call_cnt;

		machine.fail_errno = errs[i];
		assert_int_equal(adjust(r, FREQ, 0, 0), CLOCKCMD_SYSTEM);
		assert_int_equal(step(r, S), CLOCKCMD_SYSTEM);
		assert_true(machine.call_cnt - calls < 8); /* no spinning */
		assert_int_equal(r->quit, 0);
	}
	machine.fail_errno = 0;
	assert_int_equal(adjust(r, FREQ, 0, 0), CLOCKCMD_OK);
	assert_near(machine.rate_sps, FREQ, 1e-12);
}

/* What the kernel was told of a leap second last. */
static uint8_t
kernel_leap(void)
{
	uint8_t leap = 0;

	for (uint32_t i = 0; i < machine.call_cnt; i++)
		if (machine.calls[i].kind == OS_CLOCK_CALL_TELL)
			leap = machine.calls[i].truth.leap;
	return leap;
}

static void
claim_leap(struct rig *r, uint8_t leap, int32_t tai)
{
	union ipc_any msg = {.clock_truth = {.confirmed = false}};

	msg.clock_truth.truth.synced = true;
	msg.clock_truth.truth.leap = leap;
	msg.clock_truth.truth.tai_offset_s = tai;
	msg.clock_truth.truth.valid.ns = 3600 * S;
	r->ops->message(r->role, IPC_CLOCK_TRUTH, &msg);
	super_answers(r);
}

/* Synchronised, at a moment of the last day of 2037. */
static void
to_last_day(struct rig *r, double before_midnight_s)
{
	int64_t end = 2145916800LL * S; /* 2038-01-01 */
	int64_t now = (int64_t)machine.mono_ns + machine.slept_ns;

	machine.real_off_ns = end - (int64_t)(before_midnight_s * 1e9) - now;
	turn(r);
}

static struct timepage_clock
page_of(struct rig *r)
{
	struct timepage_clock page;

	assert_int_equal(timepage_get(r->page, &page, sizeof page), 0);
	return page;
}

/* leapsecmode system: the kernel is told, carries it out, and is told that
 * it is over; the TAI offset goes with it. */
static void
q4_kernel_leap(void **state)
{
	struct rig *r = *state;
	union ipc_any msg = {.clock_conf = r->conf};
	int64_t foreign;

	settle(r);
	msg.clock_conf.kernel_leap = true;
	r->ops->message(r->role, IPC_CLOCK_CONF, &msg);
	to_last_day(r, 7200);
	claim_leap(r, 1, 37);
	assert_int_equal(kernel_leap(), 1);
	assert_int_equal(page_of(r).leap, 1);
	assert_int_equal(page_of(r).tai_offset_s, 37);
	turn(r);
	foreign = r->state.state.foreign.ns;
	pass(r, 7200 * S + S / 2);
	machine.real_off_ns -= S; /* as the kernel does at midnight */
	claim_leap(r, 0, 38);
	turn(r);
	assert_int_equal(kernel_leap(), 0);
	assert_int_equal(page_of(r).leap, 0);
	assert_int_equal(r->state.state.foreign.ns, foreign);
	assert_int_equal(r->state.state.step_cnt, 0);
	/* Once: the second is shown again, and is no leap second again. */
	claim_leap(r, 1, 37);
	assert_int_equal(kernel_leap(), 0);
	assert_int_equal(r->quit, 0);
}

/* The other modes: the kernel hears nothing of it, the readers of the page
 * do; a step is taken once. */
static void
q4_own_leap(void **state)
{
	struct rig *r = *state;

	settle(r);
	r->seq = 100;
	to_last_day(r, 7200);
	claim_leap(r, 1, 0);
	assert_int_equal(kernel_leap(), 0);
	assert_int_equal(page_of(r).leap, 1);
	to_last_day(r, 5);
	assert_int_equal(step(r, -S), CLOCKCMD_TOO_FAR); /* too early */
	to_last_day(r, 0.5);
	claim_leap(r, 1, 0);
	assert_int_equal(step(r, -S), CLOCKCMD_OK); /* a second later */
	assert_int_equal(page_of(r).leap, 0);
	assert_int_equal(r->state.state.stepped.ns, -S);
	assert_int_equal(step(r, -S), CLOCKCMD_TOO_FAR);
	claim_leap(r, 1, 0);
	assert_int_equal(step(r, -S), CLOCKCMD_TOO_FAR);
	assert_int_equal(r->state.state.stepped.ns, -S);
	assert_int_equal(r->quit, 0);
	/* Nowhere near the end of a month it is what it looks like. */
	pass(r, 120 * S);
	assert_int_equal(step(r, -S), CLOCKCMD_NO_STEP_LEFT);
	assert_int_equal(r->quit, DAEMON_EXIT_VIOLATION);
}

/* O1: somebody slews the clock, or moves CLOCK_MONOTONIC with it.  No step,
 * so no timer is cancelled; seen within a second all the same, in every mode,
 * and ended. */
static void
o1_slewed_by_another(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < 2; i++) {
		int64_t before = r->state.state.foreign.ns;

		cancellable = i > 0;
		restart(r);
		settle(r);
		assert_int_equal(r->state.state.foreign.ns, i > 0 ? 0 : before);
		machine.mono_ns += 200e6;
		machine.rate_sps = -100 * PPM;
		pass(r, S);
		claim(r, true); /* a message does not put the look off */
		turn(r);
		assert_near(
		    (double)r->state.state.foreign.ns, 200e6 - 2 * 120e3, 20e3);
		assert_near(machine.rate_sps, FREQ, 1e-12);
		assert_int_equal(r->quit, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(i9_kernel_refuses),
	    TEST(o1_slewed_by_another),
	    TEST(q4_kernel_leap),
	    TEST(q4_own_leap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
