/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bank learns the wander it is fed with, and the stacked filter sees two
 * servers drift apart behind an oscillator that wanders far more.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "discipline/bank.h"
#include "discipline/stacked.h"

static double
unit(uint64_t *s)
{
	*s = *s * 6364136223846793005ULL + 1442695040888963407ULL;
	return ((double)(*s >> 11) + 0.5) / 9007199254740992.0;
}

static double
normal(uint64_t *s)
{
	return sqrt(-2 * log(unit(s))) * cos(2 * M_PI * unit(s));
}

static void
start(struct discipline_bank *b)
{
	struct estimate e = {.pxx = 1, .pyy = 2.5e-7};
	struct bank_wander w = {-9, 1.5};

	discipline_bank_init(b, 0, &e, &w, 0.995);
}

/* 64 s apart, queueing of 100 us, for a wander of w. */
static double
learn(double w, uint64_t seed, double *off)
{
	struct discipline_bank b;
	struct bank_wander got;
	struct estimate e;
	uint64_t s = seed;
	double x = 0, y = 1e-6;

	start(&b);
	for (int i = 1; i < 1500; i++) {
		double up, down;

		for (int k = 0; k < 64; k++) {
			y += w * normal(&s);
			x += y;
		}
		up = -1e-4 * log(unit(&s));
		down = -1e-4 * log(unit(&s));
		discipline_bank_update(&b, 64.0 * i,
		    &(struct estimate_obs){x + (up - down) / 2,
			(up + down) / 2 + 1e-6, 1e-14, 0, 1});
	}
	discipline_bank_mean(&b, b.at_s, &e);
	*off = (e.x_s - x) / sqrt(e.pxx);
	discipline_bank_wander(&b, &got);
	return got.log10_w;
}

static void
wander_is_learned(void **state)
{
	(void)state;
	for (double w = -11; w <= -7; w += 1) {
		double off, got = learn(pow(10, w), 5, &off);

		if (fabs(got - w) > 0.4)
			fail_msg("learned %.2f for %.2f", got, w);
		assert_true(fabs(off) < 4);
	}
}

static void
shifting_and_rephasing(void **state)
{
	struct discipline_bank b;
	struct estimate e, was;

	(void)state;
	start(&b);
	discipline_bank_update(
	    &b, 10, &(struct estimate_obs){0.1, 1e-3, 1e-12, 0, 1e-3});
	discipline_bank_mean(&b, 10, &was);
	discipline_bank_shift(&b, -5);
	discipline_bank_mean(&b, 10, &e);
	assert_true(fabs(e.x_s - was.x_s + 5) < 1e-12);
	assert_true(e.pxx == was.pxx);
	discipline_bank_rephase(&b, 20, 7, 1e-6);
	discipline_bank_mean(&b, 20, &e);
	assert_true(fabs(e.x_s - 7) < 1e-12 && fabs(e.pxx - 1e-6) < 1e-12);
	assert_true(fabs(e.y_sps - was.y_sps) < 1e-9);
	/* A sample from before the bank's time moves nothing back. */
	discipline_bank_update(
	    &b, 15, &(struct estimate_obs){7, 1e-3, 1e-12, 0, 1e-3});
	assert_true(b.at_s == 20);
}

/* Three servers, the third drifting by 5e-8 behind a wander of 1e-8. */
static void
drifting_server_is_seen(void **state)
{
	struct discipline_stacked f;
	uint64_t s = 9;
	double x = 0, y = 0, sd, apart;

	(void)state;
	discipline_stacked_init(&f, 1e-10);
	for (int i = 0; i < 900; i++) {
		unsigned who = (unsigned)i % 3;
		double q = 1e-4 * normal(&s), t = 21.0 * i;
		struct estimate_obs o = {
		    x + q + (who == 2 ? 5e-8 * t : 0), 2e-4, 1e-12, 0, 2e-4};

		if (i < 3)
			assert_int_equal(
			    discipline_stacked_add(&f, t, &o, 0, 2.5e-7), i);
		else
			assert_true(
			    discipline_stacked_update(&f, who, t, &o, 1e-16));
		for (int k = 0; k < 21; k++) {
			y += 1e-8 * normal(&s);
			x += y;
		}
	}
	apart = discipline_stacked_apart(&f, 0, 1, &sd);
	assert_true(fabs(apart) < 4 * sd && sd < 2e-8);
	apart = discipline_stacked_apart(&f, 2, 1, &sd);
	assert_true(fabs(apart - 5e-8) < 4 * sd && apart > 4 * sd);
	/* The others stand where they stood when one is removed. */
	{
		double before = discipline_stacked_apart(&f, 2, 1, &sd), sd2;

		discipline_stacked_remove(&f, 0);
		assert_int_equal(f.cnt, 2);
		assert_true(discipline_stacked_apart(&f, 1, 0, &sd2) == before);
		assert_true(sd == sd2);
	}
}

static void
stacked_jump_begins_anew(void **state)
{
	struct discipline_stacked f;
	struct estimate_obs o = {0, 1e-4, 1e-12, 0, 1e-4};

	(void)state;
	discipline_stacked_init(&f, 1e-10);
	discipline_stacked_add(&f, 0, &o, 0, 1e-12);
	for (int i = 1; i < 50; i++)
		assert_true(
		    discipline_stacked_update(&f, 0, 16.0 * i, &o, 1e-18));
	o.z_s = 0.05;
	assert_false(discipline_stacked_update(&f, 0, 800, &o, 1e-18));
	assert_true(discipline_stacked_update(&f, 0, 816, &o, 1e-18));
}

/* A clock that runs off by 50 ppm, seen through 1 us. */
static struct estimate_obs
fast_clock(double at_s)
{
	return (struct estimate_obs){
	    .z_s = 50e-6 * at_s, .h_s = 1e-6, .reach_s = 1e-6, .e2 = 1e-12};
}

/* Two sources of the same clock, one of which tells a minute later what it
 * saw: the frequency makes 3 ms of that, and neither estimate may suffer. */
static void
late_samples(void **state)
{
	struct discipline_stacked f;
	struct discipline_bank b;
	struct estimate e;
	struct estimate_obs o = fast_clock(0);

	(void)state;
	start(&b);
	discipline_stacked_init(&f, 1e-11);
	discipline_stacked_add(&f, 0, &o, 0, 2.5e-7);
	discipline_stacked_add(&f, 0, &o, 0, 2.5e-7);
	for (int i = 1; i < 200; i++) {
		double at_s = 16.0 * i, then_s = at_s - 60;

		o = fast_clock(at_s);
		discipline_bank_update(&b, at_s, &o);
		assert_true(discipline_stacked_update(&f, 0, at_s, &o, 1e-20));
		if (then_s <= 0)
			continue;
		o = fast_clock(then_s);
		discipline_bank_update(&b, then_s, &o);
		assert_true(
		    discipline_stacked_update(&f, 1, then_s, &o, 1e-20));
	}
	discipline_bank_mean(&b, 16.0 * 199, &e);
	assert_true(fabs(e.x_s - 50e-6 * 16 * 199) < 2e-6);
	assert_true(fabs(e.y_sps - 50e-6) < 1e-8);
	assert_true(fabs(f.m[0] - f.m[2]) < 2e-6);
	assert_true(fabs(f.m[1] - f.m[3]) < 1e-8);
}

static void
stacked_is_bounded(void **state)
{
	struct discipline_stacked f;
	struct estimate_obs o = {0, 1e-4, 1e-12, 0, 1e-4};

	(void)state;
	discipline_stacked_init(&f, 1e-10);
	for (int i = 0; i < DISCIPLINE_STACKED_MAX; i++)
		assert_int_equal(
		    discipline_stacked_add(&f, 0, &o, 0, 1e-12), i);
	assert_int_equal(discipline_stacked_add(&f, 0, &o, 0, 1e-12), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(wander_is_learned),
	    cmocka_unit_test(shifting_and_rephasing),
	    cmocka_unit_test(drifting_server_is_seen),
	    cmocka_unit_test(stacked_jump_begins_anew),
	    cmocka_unit_test(stacked_is_bounded),
	    cmocka_unit_test(late_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
