/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The traits of a source's errors: unequal queues are found and with the right
 * sign, noise that keeps to the middle is not taken for them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "discipline/traits.h"

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

/* 64 s apart, mean queues as given, stamps with that deviation.  Gives the
 * tilt learned in units of 1/J and by how much intervals are narrowed. */
static double
learn(double up_s, double down_s, double stamp_s, double *width, double *even)
{
	struct traits_noise n = {
	    (up_s + down_s) / 2, 1e-14 + 3 * stamp_s * stamp_s, 1e-14};
	struct estimate e = {.pxx = 1e-4, .pyy = 1e-12};
	struct discipline_traits t;
	struct estimate_obs o;
	uint64_t s = 17;

	discipline_traits_init(&t);
	for (int i = 0; i < 2000; i++) {
		double u = -up_s * log(unit(&s));
		double d = -down_s * log(unit(&s));
		double n1 = stamp_s * normal(&s), n4 = stamp_s * normal(&s);

		discipline_estimate_predict(&e, 64, 1e-18, 0);
		o = (struct estimate_obs){.z_s = (u - d) / 2 + (n4 - n1) / 2,
		    .h_s = fabs(u + d + n1 + n4 + 3 * stamp_s) / 2 + 1e-7};
		o.reach_s = o.h_s;
		discipline_traits_apply(&t, &o, &n);
		discipline_traits_learn(&t, 64.0 * i, &e, &o, &n, 1e-18);
		discipline_estimate_interval(&e, &o);
	}
	*width = o.h_s / o.reach_s;
	*even = discipline_traits_even(&t);
	assert_true(fabs(e.x_s) < 6 * sqrt(e.pxx));
	return o.tilt * n.jitter_s;
}

static void
unequal_queues_are_found(void **state)
{
	double width, even;

	(void)state;
	assert_true(fabs(learn(1e-3, 1e-3, 0, &width, &even)) < 0.3);
	assert_true(width > 0.95);
	assert_true(even > 0.6 && even <= 1);
	assert_true(learn(1e-3, 3e-3, 0, &width, &even) > 0.8);
	assert_true(even < 0.1);
	assert_true(learn(3e-3, 1e-3, 0, &width, &even) < -0.8);
}

static void
noise_is_no_tilt(void **state)
{
	double width, even;

	(void)state;
	assert_true(fabs(learn(1e-5, 1e-5, 1e-5, &width, &even)) < 0.5);
	assert_true(width < 0.9);
}

static void
restart_keeps_what_was_learned(void **state)
{
	struct traits_noise n = {1e-3, 1e-12, 1e-12};
	struct estimate e = {.x_s = 5, .pxx = 1e-8, .pyy = 1e-14};
	struct discipline_traits t;
	struct estimate_obs o = {.z_s = 5, .h_s = 1e-3, .reach_s = 1e-3};

	(void)state;
	discipline_traits_init(&t);
	discipline_traits_learn(&t, 0, &e, &o, &n, 1e-18);
	t.shape[1] = 0;
	discipline_traits_shift(&t, -2);
	assert_true(fabs(t.e[0].x_s - 3) < 1e-2);
	discipline_traits_restart(&t);
	discipline_traits_learn(&t, 64, &e, &o, &n, 1e-18);
	assert_true(fabs(t.e[0].x_s - 5) < 1e-2);
	assert_true(t.shape[1] > -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(unequal_queues_are_found),
	    cmocka_unit_test(noise_is_no_tilt),
	    cmocka_unit_test(restart_keeps_what_was_learned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
