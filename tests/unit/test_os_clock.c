/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The books of the disciplined clock on the recording back end, against what
 * that machine's clocks really did, and the virtual clock against its page.
 * The kernel's clock is only read.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "os/clock.h"

#define MS    1000000LL
#define S     TSTAMP_NS_PER_S
#define START (1790000000 * S)

static struct os_clock c;
static struct os_clock_record rec;

static void
pass(int64_t ns)
{
	os_clock_record_pass(&rec, (struct dur){ns});
}

static struct clockcmd_state
state_now(void)
{
	struct clockcmd_state st = {0};

	os_clock_state(&c, &st);
	return st;
}

static void
begin(void)
{
	os_clock_init_record(&c, &rec, (struct wall){START});
}

static void
nothing_before_the_first_command(void **state)
{
	struct dur step;

	(void)state;
	begin();
	pass(S);
	assert_int_equal(os_clock_watch(&c, &step), 0);
	state_now();
	assert_int_equal(os_clock_end_slew(&c), 0);
	assert_int_equal(rec.call_cnt, 0);
	assert_int_equal(os_clock_set_base(&c, 1e-5), 0);
	assert_int_equal(rec.call_cnt, 2);
	assert_int_equal(rec.calls[0].kind, OS_CLOCK_CALL_TAKE);
	assert_int_equal(rec.calls[1].kind, OS_CLOCK_CALL_RATE);
	assert_true(rec.calls[1].rate_sps == 1e-5);
	assert_int_equal(os_clock_set_base(&c, 2e-5), 0);
	assert_int_equal(rec.call_cnt, 3);
}

/* A timer that is on time gives exactly what was asked for, at any speed;
 * a late one more, and the books say how much. */
static void
slews_are_measured(void **state)
{
	static const int64_t offsets[] = {
	    1, 5000, -5000, 10 * MS, 83333333, -83333333};

	(void)state;
	for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
		struct clockcmd_state st;
		double rate, left;

		begin();
		assert_int_equal(os_clock_set_base(&c, 123e-6), 0);
		pass(7 * S);
		assert_int_equal(os_clock_slew(&c, (struct dur){offsets[i]},
				     (struct dur){S}, &rate),
		    0);
		assert_true(fabs(rate - (double)offsets[i] / 1e9) < 1e-15);
		left = (double)(c.slew_until.ns - state_now().as_of.ns);
		assert_true(fabs(left - 1e9) < 2);
		os_clock_record_pass(
		    &rec, (struct dur){llrint(left / (1 + rec.rate_sps))});
		st = state_now();
		assert_true(llabs(st.corrected.ns - offsets[i]) <= 2);
		pass(30 * MS); /* the timer is late */
		assert_int_equal(os_clock_end_slew(&c), 0);
		st = state_now();
		assert_true(fabs((double)(st.corrected.ns - offsets[i]) -
				rate * 30e6 * (1 + rec.rate_sps + rate)) <
		    3 + fabs(rate * rate * 30e6));
		assert_true(st.slew_rate_sps == 0);
		pass(100 * S);
		assert_int_equal(state_now().corrected.ns, st.corrected.ns);
		assert_true(rec.rate_sps == 123e-6);
	}
}

/* Against the machine: real time minus what the base frequency alone would
 * have given is what the books call corrected. */
static void
books_agree_with_the_machine(void **state)
{
	double alone = 0, base = 0;
	int64_t start;

	(void)state;
	begin();
	start = rec.real_off_ns;
	for (int i = 0; i < 200; i++) {
		struct clockcmd_state st;
		double before = rec.raw_ns;
		int64_t real;

		if (i % 3 == 0) {
			base = (i % 7 - 3) * 40e-6;
			assert_int_equal(os_clock_set_base(&c, base), 0);
		}
		if (i % 4 == 1)
			assert_int_equal(
			    os_clock_slew(&c, (struct dur){(i - 90) * 10000},
				(struct dur){S / 2}, NULL),
			    0);
		if (i % 11 == 5)
			assert_int_equal(
			    os_clock_step(&c, (struct dur){(100 - i) * MS}), 0);
		pass(100 * MS + i * 1000);
		if (i % 4 == 3)
			assert_int_equal(os_clock_end_slew(&c), 0);
		alone += (rec.raw_ns - before) * (1 + base);
		st = state_now();
		real = llrint(rec.mono_ns) + rec.real_off_ns - start;
		assert_true(
		    fabs((double)real - alone - (double)st.corrected.ns) < 100);
	}
	assert_int_equal(os_clock_watch(&c, NULL), 0);
}

static void
steps_of_others_are_seen(void **state)
{
	struct clockcmd_state st;
	struct dur step;

	(void)state;
	begin();
	assert_int_equal(os_clock_step(&c, (struct dur){-3 * S}), 0);
	assert_int_equal(os_clock_watch(&c, &step), 0);
	assert_int_equal(step.ns, 0);
	rec.real_off_ns += 200 * MS; /* O1 */
	pass(S);
	assert_int_equal(os_clock_watch(&c, &step), OS_CLOCK_STEPPED);
	assert_int_equal(step.ns, 200 * MS);
	assert_int_equal(os_clock_watch(&c, &step), 0);
	rec.real_off_ns -= 86400 * S;
	assert_int_equal(os_clock_watch(&c, &step), OS_CLOCK_STEPPED);
	rec.slept_ns += 8 * 3600 * S; /* O2: sleep is no step */
	assert_int_equal(os_clock_watch(&c, &step), OS_CLOCK_SUSPENDED);
	assert_int_equal(step.ns, 0);
	rec.rate_sps += 1e-6;
	assert_int_equal(os_clock_watch(&c, NULL), OS_CLOCK_RETUNED);
	st = state_now();
	assert_int_equal(st.foreign.ns, 200 * MS - 86400 * S);
	assert_int_equal(st.stepped.ns, -3 * S);
	assert_int_equal(st.corrected.ns, -3 * S);
	assert_int_equal(st.suspended.ns, 8 * 3600 * S);
	assert_int_equal(st.step_cnt, 1);
}

/* Our own rates and slews, ended late or not, are nobody else's. */
static void
own_rates_are_not_strange(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < 3000; i++) {
		if (i % 64 == 0)
			assert_int_equal(
			    os_clock_set_base(&c, (i % 7 - 3) * 1e-4), 0);
		if (i % 50 == 7)
			assert_int_equal(
			    os_clock_slew(&c, (struct dur){(i % 9 - 4) * MS},
				(struct dur){4 * S}, NULL),
			    0);
		if (i % 50 == 12)
			assert_int_equal(os_clock_end_slew(&c), 0);
		pass(S);
		assert_int_equal(os_clock_watch(&c, NULL), 0);
	}
	assert_int_equal(state_now().foreign.ns, 0);
}

/* O1: moved together with CLOCK_MONOTONIC, as adjtime(3), another daemon or
 * the master of a virtual machine do it; only RAW tells. */
static void
slews_of_others_are_seen(void **state)
{
	int64_t sum = 0, before;
	struct dur step;

	(void)state;
	begin();
	assert_int_equal(os_clock_set_base(&c, 3e-5), 0);
	pass(S);
	assert_int_equal(os_clock_watch(&c, &step), 0);
	rec.mono_ns += 200e6;
	pass(S);
	assert_int_equal(os_clock_watch(&c, &step), OS_CLOCK_STRAYED);
	assert_true(llabs(step.ns - 200 * MS) < 2);
	assert_int_equal(os_clock_watch(&c, &step), 0);
	assert_int_equal(step.ns, 0);
	/* 500 ppm, as adjtime(3) does it: each second. */
	for (int i = 0; i < 10; i++) {
		rec.mono_ns += 500e3;
		pass(S);
		assert_int_equal(os_clock_watch(&c, &step), OS_CLOCK_STRAYED);
		sum += step.ns;
	}
	assert_true(llabs(sum - 5 * MS) < 20);
	/* 20 ppm: within seconds. */
	sum = 0;
	for (int i = 0; i < 12; i++) {
		rec.mono_ns += 20e3;
		pass(S);
		os_clock_watch(&c, &step);
		sum += step.ns;
	}
	assert_true(llabs(sum - 12 * 20000) < 20);
	/* While we slew: his part is his, ours is ours. */
	before = state_now().foreign.ns;
	assert_int_equal(
	    os_clock_slew(&c, (struct dur){MS}, (struct dur){10 * S}, NULL), 0);
	for (int i = 0; i < 10; i++) {
		rec.mono_ns += 300e3;
		pass(S);
		assert_int_equal(os_clock_watch(&c, NULL), OS_CLOCK_STRAYED);
	}
	assert_int_equal(os_clock_end_slew(&c), 0);
	assert_true(llabs(state_now().foreign.ns - before - 3 * MS) < 20);
	assert_true(llabs(state_now().corrected.ns - MS) < 2000);
	assert_true(c.disruption_cnt > 20);
}

static void
what_others_began_is_ended(void **state)
{
	uint32_t calls;

	(void)state;
	begin();
	assert_int_equal(os_clock_reclaim(&c), 0); /* not ours */
	assert_int_equal(rec.call_cnt, 0);
	assert_int_equal(os_clock_set_base(&c, 3e-5), 0);
	calls = rec.call_cnt;
	rec.rate_sps = -2e-4;
	pass(S);
	assert_int_equal(
	    os_clock_watch(&c, NULL), OS_CLOCK_RETUNED | OS_CLOCK_STRAYED);
	assert_int_equal(os_clock_reclaim(&c), 0);
	assert_int_equal(rec.calls[calls].kind, OS_CLOCK_CALL_TAKE);
	assert_true(rec.rate_sps == 3e-5);
	assert_true(llabs(state_now().foreign.ns + 230000) < 20);
	pass(S);
	assert_int_equal(os_clock_watch(&c, NULL), 0);
}

/* Under a virtual clock the kernel's is somebody else's, and may run at any
 * rate as long as it keeps it. */
static void
virtual_clock_follows_its_host(void **state)
{
	struct os_clock_backend ops;
	int64_t sum = 0;
	struct dur step;

	(void)state;
	begin();
	ops = *c.ops;
	ops.is_virtual = true;
	os_clock_init_with(&c, &ops, &rec);
	assert_int_equal(os_clock_set_base(&c, 0), 0);
	rec.rate_sps = 2e-4;
	for (int i = 0; i < 5; i++) {
		pass(S);
		assert_int_equal(os_clock_watch(&c, &step), 0);
	}
	/* It slews for ten seconds, then goes on as before. */
	rec.rate_sps += 1e-2;
	for (int i = 0; i < 10; i++) {
		pass(S);
		assert_int_equal(os_clock_watch(&c, &step), OS_CLOCK_STRAYED);
		sum += step.ns;
	}
	rec.rate_sps -= 1e-2;
	pass(S);
	assert_int_equal(os_clock_watch(&c, &step), 0);
	assert_true(llabs(sum - 100 * MS) < 1000);
	/* Another rate for good is believed after a while. */
	rec.rate_sps -= 4e-4;
	for (int i = 0; i < 70; i++) {
		pass(S);
		(void)os_clock_watch(&c, NULL);
	}
	assert_int_equal(os_clock_watch(&c, &step), 0);
	pass(S);
	assert_int_equal(os_clock_watch(&c, &step), 0);
}

static void
leap_second_is_no_foreign_step(void **state)
{
	struct clockcmd_truth truth = {.synced = true, .leap = 1};
	int64_t midnight = (START / (86400 * S) + 1) * 86400 * S;

	(void)state;
	begin();
	assert_int_equal(os_clock_tell(&c, &truth), 0);
	pass(midnight - START + 10 * MS);
	rec.real_off_ns -= S;
	assert_int_equal(os_clock_watch(&c, NULL), OS_CLOCK_LEAPT);
	rec.real_off_ns -= S + 5 * MS; /* not quite one */
	assert_int_equal(os_clock_watch(&c, NULL), OS_CLOCK_STEPPED);
}

static void
refusals_leave_the_books(void **state)
{
	struct clockcmd_state st;

	(void)state; /* I9 */
	begin();
	rec.fail_errno = EPERM;
	assert_int_equal(os_clock_step(&c, (struct dur){S}), ERR_DENIED);
	rec.fail_errno = EINVAL;
	assert_int_equal(
	    os_clock_slew(&c, (struct dur){S}, (struct dur){S}, NULL), ERR_BAD);
	assert_int_equal(
	    os_clock_slew(&c, (struct dur){MS}, (struct dur){S}, NULL),
	    ERR_SYSTEM);
	assert_int_equal(
	    os_clock_slew(&c, (struct dur){MS}, (struct dur){0}, NULL),
	    ERR_BAD);
	assert_int_equal(os_clock_set_base(&c, (double)NAN), ERR_BAD);
	assert_int_equal(os_clock_set_base(&c, (double)INFINITY), ERR_BAD);
	pass(S);
	st = state_now();
	assert_int_equal(st.corrected.ns, 0);
	assert_int_equal(st.step_cnt, 0);
	assert_true(st.slew_rate_sps == 0 && st.freq_sps == 0);
	rec.fail_errno = 0;
	assert_int_equal(os_clock_step(&c, (struct dur){S}), 0);
}

/* The virtual clock and its page tell the same time, also after its end. */
static void
virtual_page_agrees(void **state)
{
	struct timepage_clock p = {0};
	struct clockcmd_state st;
	int64_t want;

	(void)state;
	os_clock_init_virtual(&c);
	assert_int_equal(os_clock_set_base(&c, 50e-6), 0);
	assert_int_equal(os_clock_step(&c, (struct dur){5 * S}), 0);
	assert_int_equal(os_clock_slew(&c, (struct dur){2 * MS},
			     (struct dur){20 * MS}, NULL),
	    0);
	for (int i = 0; i < 8; i++) {
		struct timespec nap = {0, 5 * MS};
		struct wall wall;
		struct mono at;

		os_clock_page(&c, &p);
		assert_int_equal(p.flags, TIMEPAGE_VIRTUAL);
		wall = os_clock_wall(&c);
		at = os_clock_mono();
		want = os_clock_real().ns + timepage_virtual(&p, at).ns;
		assert_true(llabs(want - wall.ns) < 2 * MS);
		st = state_now();
		assert_true(st.corrected.ns >= 5 * S &&
		    st.corrected.ns <= 5 * S + 2 * MS);
		nanosleep(&nap, NULL);
	}
	st = state_now();
	assert_int_equal(st.corrected.ns, 5 * S + 2 * MS);
	assert_true(st.slew_rate_sps == 0);
	os_clock_page(&c, &p);
	assert_true(p.slew_rate_sps == 0 && p.virt_rate_sps == 50e-6);
	/* A new base after the end must not begin the slew again. */
	assert_int_equal(os_clock_set_base(&c, 0), 0);
	assert_int_equal(os_clock_end_slew(&c), 0);
	os_clock_page(&c, &p);
	want = p.virt_offset_ns - 5 * S - 2 * MS;
	assert_true(want >= 0 && want < 2 * S * 50 / 1000000);
	st = state_now();
	assert_int_equal(st.corrected.ns, 5 * S + 2 * MS);
}

static void
kernel_is_only_read(void **state)
{
	struct os_clock_reading r;
	struct clockcmd_state st = {0};
	struct wall wall;

	(void)state;
	assert_int_equal(os_clock_init_kernel(&c, true), 0);
	os_clock_state(&c, &st);
	assert_true(fabs(st.freq_sps) < 0.11);
	assert_int_equal(st.corrected.ns, 0);
	assert_int_equal(os_clock_watch(&c, NULL) & OS_CLOCK_STEPPED, 0);
	wall = os_clock_wall(&c);
	os_clock_read(&r);
	assert_true(llabs(r.real.ns - wall.ns) < S);
	assert_true(r.spread.ns >= 0 && r.spread.ns < 100 * MS);
	assert_true(llabs(os_clock_mono_of(os_clock_real()).ns -
			os_clock_mono().ns) < 100 * MS);
	assert_true(os_clock_boot_ns() >= r.mono.ns);
	assert_true(os_clock_raw_ns() != 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_before_the_first_command),
	    cmocka_unit_test(slews_are_measured),
	    cmocka_unit_test(books_agree_with_the_machine),
	    cmocka_unit_test(steps_of_others_are_seen),
	    cmocka_unit_test(own_rates_are_not_strange),
	    cmocka_unit_test(slews_of_others_are_seen),
	    cmocka_unit_test(what_others_began_is_ended),
	    cmocka_unit_test(virtual_clock_follows_its_host),
	    cmocka_unit_test(leap_second_is_no_foreign_step),
	    cmocka_unit_test(refusals_leave_the_books),
	    cmocka_unit_test(virtual_page_agrees),
	    cmocka_unit_test(kernel_is_only_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
