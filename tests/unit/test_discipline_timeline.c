/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The books of the corrections against a clock that is simulated in small
 * steps, with and without CLOCK_MONOTONIC being steered, and a clock that
 * loses its sums.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "discipline/timeline.h"

#define S 1000000000LL

/* What really happens: raw seconds, corrections, CLOCK_MONOTONIC. */
struct truth {
	double raw;
	double corr;
	double slewed;
	double mono;
	double freq;
	double k; /* slew per raw second */
	bool steers;
};

static void
run(struct truth *t, double raw)
{
	t->raw += raw;
	t->corr += raw * (t->freq + t->k);
	t->slewed += raw * t->k;
	t->mono += t->steers ? raw * (1 + t->freq + t->k) : raw;
}

static struct mono
mono_of(const struct truth *t)
{
	return (struct mono){5 * S + llrint(t->mono * 1e9)};
}

static struct clockcmd_state
report(const struct truth *t, double until_raw)
{
	struct clockcmd_state st = {0};
	double per = t->steers ? 1 + t->freq + t->k : 1;

	st.as_of = mono_of(t);
	st.freq_sps = t->freq;
	st.slew_rate_sps = t->k / per;
	st.slew_until.ns = st.as_of.ns + llrint(until_raw * per * 1e9);
	st.corrected.ns = llrint(t->slewed * 1e9);
	return st;
}

static void
check(const struct discipline_timeline *tl, const struct truth *t)
{
	struct timeline_point p = discipline_timeline_at(tl, mono_of(t));

	if (fabs(p.corr_s - t->corr) > 3e-9 || fabs(p.raw_s - t->raw) > 3e-9)
		fail_msg("corr %.10f not %.10f, raw %.10f not %.10f", p.corr_s,
		    t->corr, p.raw_s, t->raw);
}

static void
follow(bool steers)
{
	struct truth t = {.freq = 40e-6, .steers = steers}, middle;
	struct discipline_timeline tl;
	struct clockcmd_state st;

	discipline_timeline_init(&tl, (struct mono){5 * S}, steers);
	st = report(&t, 0);
	discipline_timeline_book(&tl, &st);
	run(&t, 100);
	check(&tl, &t);
	/* A fast slew: 0.08 s/s, where small errors would show. */
	t.freq = -300e-6;
	t.k = 0.08;
	st = report(&t, 12);
	discipline_timeline_book(&tl, &st);
	run(&t, 5);
	check(&tl, &t);
	middle = t;
	run(&t, 7);
	check(&tl, &t);
	t.k = 0;
	run(&t, 50);
	check(&tl, &t);
	/* Once booked, the past is still known. */
	t.freq = 1e-6;
	st = report(&t, 0);
	discipline_timeline_book(&tl, &st);
	run(&t, 1000);
	check(&tl, &t);
	check(&tl, &middle);
	/* An overtaken report changes nothing. */
	st = report(&middle, 0);
	discipline_timeline_book(&tl, &st);
	check(&tl, &t);
}

static void
steered_monotonic(void **state)
{
	(void)state;
	follow(true);
}

static void
virtual_clock(void **state)
{
	(void)state;
	follow(false);
}

static void
slew_cut_short(void **state)
{
	struct truth t = {.steers = true};
	struct discipline_timeline tl;
	struct clockcmd_state st;

	(void)state;
	discipline_timeline_init(&tl, (struct mono){5 * S}, true);
	st = report(&t, 0);
	discipline_timeline_book(&tl, &st);
	t.k = 1e-4;
	st = report(&t, 1000);
	discipline_timeline_book(&tl, &st);
	run(&t, 10);
	/* The clock stopped slewing long before its time and says so. */
	t.k = 0;
	st = report(&t, 0);
	discipline_timeline_book(&tl, &st);
	check(&tl, &t);
	run(&t, 500);
	check(&tl, &t);
}

static void
restarted_clock(void **state)
{
	struct truth t = {.freq = 10e-6, .steers = true};
	struct discipline_timeline tl;
	struct clockcmd_state st;

	(void)state;
	discipline_timeline_init(&tl, (struct mono){5 * S}, true);
	t.slewed = 0.7;
	t.corr = 0;
	st = report(&t, 0);
	discipline_timeline_book(&tl, &st);
	run(&t, 10);
	discipline_timeline_restart(&tl, mono_of(&t));
	run(&t, 1);
	t.slewed = 0;
	st = report(&t, 0);
	discipline_timeline_book(&tl, &st);
	run(&t, 10);
	check(&tl, &t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(steered_monotonic),
	    cmocka_unit_test(virtual_clock),
	    cmocka_unit_test(slew_cut_short),
	    cmocka_unit_test(restarted_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
