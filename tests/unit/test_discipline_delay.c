/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delay statistics: what the least of n exponential queues says of the base,
 * jitter, routes that change, bursts that do not change them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "discipline/delay.h"

#define BASE 0.02
#define J    1e-3

static double
unit(uint64_t *s)
{
	*s = *s * 6364136223846793005ULL + 1442695040888963407ULL;
	return ((double)(*s >> 11) + 0.5) / 9007199254740992.0;
}

static double
queue(uint64_t *s, double mean)
{
	return -mean * (log(unit(s)) + log(unit(s)));
}

static void
excess_is_unbiased(void **state)
{
	double error = 0, square = 0, sd = 0;
	int runs = 400;

	(void)state;
	for (int k = 1; k <= runs; k++) {
		uint64_t s = (uint64_t)k;
		struct discipline_delay dl;
		struct delay_excess x = {0};
		double q = 0;

		discipline_delay_init(&dl);
		for (int i = 0; i < 200; i++) {
			q = queue(&s, J);
			discipline_delay_add(&dl, i * 64.0, BASE + q, &x);
		}
		error += x.s_s - q;
		square += (x.s_s - q) * (x.s_s - q);
		sd += x.sd_s;
	}
	error /= runs;
	sd /= runs;
	/* Without bias, and as uncertain as it says. */
	assert_true(fabs(error) < 0.2 * sd);
	assert_true(sqrt(square / runs) > 0.7 * sd);
	assert_true(sqrt(square / runs) < 1.4 * sd);
}

static void
jitter_is_found(void **state)
{
	uint64_t s = 7;
	struct discipline_delay dl;
	struct delay_excess x;
	double sum = 0;

	(void)state;
	discipline_delay_init(&dl);
	assert_true(discipline_delay_doubt(&dl) == 0);
	for (int i = 0; i < 3000; i++) {
		discipline_delay_add(&dl, i * 64.0, BASE + queue(&s, J), &x);
		assert_true(x.s_s > 0 && x.sd_s > 0);
		assert_true(discipline_delay_doubt(&dl) == x.sd_s);
		if (i >= 1000)
			sum += dl.jitter_s / 2000;
	}
	assert_true(fabs(sum / J - 1.05) < 0.15);
	assert_int_equal(dl.route_cnt, 0);
	assert_true(dl.least_s >= BASE && dl.least_s < BASE + 0.2 * J);
}

static void
route_change_is_seen(double by, int within)
{
	uint64_t s = 3;
	struct discipline_delay dl;
	struct delay_excess x;
	int i;

	discipline_delay_init(&dl);
	for (i = 0; i < 300; i++)
		discipline_delay_add(&dl, i * 64.0, BASE + queue(&s, J), &x);
	for (; i < 300 + within && !x.rerouted; i++)
		discipline_delay_add(
		    &dl, i * 64.0, BASE + by + queue(&s, J), &x);
	assert_true(x.rerouted);
	for (; i < 600; i++)
		discipline_delay_add(
		    &dl, i * 64.0, BASE + by + queue(&s, J), &x);
	assert_true(fabs(dl.least_s - BASE - by) < 0.5 * J);
	assert_true(dl.jitter_s < 1.6 * J);
}

static void
routes_that_change(void **state)
{
	(void)state;
	route_change_is_seen(4e-3, 16);
	route_change_is_seen(20e-3, 8);
	route_change_is_seen(2.5e-3, 64);
	route_change_is_seen(-15e-3, 3);
}

static void
short_bursts_are_no_route(void **state)
{
	uint64_t s = 11;
	struct discipline_delay dl;
	struct delay_excess x;

	(void)state;
	discipline_delay_init(&dl);
	for (int i = 0; i < 1000; i++) {
		double mean = i % 28 < 5 ? 100 * J : J;

		discipline_delay_add(&dl, i * 64.0, BASE + queue(&s, mean), &x);
	}
	assert_int_equal(dl.route_cnt, 0);
	assert_true(dl.jitter_s < 4 * J);
}

static void
detour_is_remembered_a_day(void **state)
{
	struct discipline_delay dl;
	struct delay_excess x;
	double t = 0;

	(void)state;
	discipline_delay_init(&dl);
	for (; t < 7200; t += 64)
		discipline_delay_add(&dl, t, 0.010 + 1e-6 * fmod(t, 7), &x);
	for (; t < 80000; t += 64)
		discipline_delay_add(&dl, t, 0.014 + 1e-6 * fmod(t, 7), &x);
	assert_true(fabs(discipline_delay_detour(&dl) - 0.002) < 1e-5);
	for (; t < 2 * 86400; t += 64)
		discipline_delay_add(&dl, t, 0.014 + 1e-6 * fmod(t, 7), &x);
	assert_true(discipline_delay_detour(&dl) < 1e-5);
}

static void
quantiles(void **state)
{
	struct discipline_delay dl;
	struct delay_excess x;

	(void)state;
	discipline_delay_init(&dl);
	assert_true(discipline_delay_quantile(&dl, 0.5) == 0);
	for (int i = 0; i < 11; i++)
		discipline_delay_add(&dl, i, 0.01 * (1 + (i * 7) % 11), &x);
	assert_true(fabs(discipline_delay_quantile(&dl, 0) - 0.01) < 1e-9);
	assert_true(fabs(discipline_delay_quantile(&dl, 0.5) - 0.06) < 1e-9);
	assert_true(fabs(discipline_delay_quantile(&dl, 1) - 0.11) < 1e-9);
}

/* With the least delay of an earlier run the first sample of this one shows
 * its queueing at once; a shorter way takes over. */
static void
a_known_base_is_believed(void **state)
{
	struct discipline_delay dl;
	struct delay_excess x;

	(void)state;
	discipline_delay_init(&dl);
	discipline_delay_known(&dl, 10e-3);
	discipline_delay_add(&dl, 0, 14e-3, &x);
	assert_true(dl.least_s == 10e-3);
	assert_true(x.s_s >= 4e-3);
	discipline_delay_add(&dl, 1, 8e-3, &x);
	assert_true(dl.least_s == 8e-3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_known_base_is_believed),
	    cmocka_unit_test(excess_is_unbiased),
	    cmocka_unit_test(jitter_is_found),
	    cmocka_unit_test(routes_that_change),
	    cmocka_unit_test(short_bursts_are_no_route),
	    cmocka_unit_test(detour_is_remembered_a_day),
	    cmocka_unit_test(quantiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
