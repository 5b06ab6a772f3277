/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Are the references what they claim to be?  Reference A must settle where
 * the Riccati equation says, and must have the errors that are known for
 * three sets of conditions.
 */
#include <math.h>

#include "sim.h"

#define PARTS 8 /* of an interval, where the error is scored */

/* In continuous time Pxx = sqrt2 W^(1/2) (R T)^(3/4); at T far below
 * (sqrt(R) / W)^(2/3) the mean of before and after an update is that. */
static bool
settles_where_riccati_says(void)
{
	const double w = 1e-9, t = 64, s = 3e-4, mean[2] = {1e-4, 1e-4};
	struct sim_oscillator osc = {.wander = w};
	struct sim_ref r;
	double want, before, at = 0;

	sim_ref_init(&r, &osc);
	for (int i = 0; i < 20000; i++, at += t)
		sim_ref_update(&r, at, 0, s, mean, 0);
	before = r.kf[0].a + 2 * t * r.kf[0].b + t * t * r.kf[0].c +
	    w * w * t * t * t / 3;
	want = M_SQRT2 * sqrt(w) * pow(s * s / 12 * t, 0.75);
	printf("reference A, variance at 64 s: %.4g, closed form %.4g\n",
	    (before + r.kf[0].a) / 2, want);
	return fabs((before + r.kf[0].a) / 2 / want - 1) < 0.03;
}

static bool
errs_as_known(double t, double queue_s, double want_s)
{
	const double w = 1e-9, dt = t / PARTS, mean[2] = {queue_s, queue_s};
	struct sim_oscillator osc = {.wander = w};
	struct sim_rng g;
	struct sim_ref r;
	double x = 0, y = 0, at = 0, rms;
	long n = 0;

	sim_rng_seed(&g, 1);
	sim_ref_init(&r, &osc);
	for (long i = 0; i < 40000; i++) {
		double u = sim_rng_exp(&g, queue_s);
		double d = sim_rng_exp(&g, queue_s);

		sim_ref_update(&r, at, x + (u - d) / 2, u + d, mean, 0);
		for (int k = 0; k < PARTS; k++, at += dt) {
			/* One step of the exact discrete process. */
			double a = sim_rng_normal(&g), b = sim_rng_normal(&g);

			if (i > 1000) {
				sim_ref_score(&r, at, x);
				n++;
			}
			x +=
			    y * dt + w * dt * sqrt(dt) * (a / 2 + b / sqrt(12));
			y += w * sqrt(dt) * a;
		}
	}
	rms = sqrt(r.sum[0] / (double)n);
	printf("reference A, %g s, %g us of queueing: %.3g us, known %.3g\n", t,
	    queue_s * 1e6, rms * 1e6, want_s * 1e6);
	return fabs(rms / want_s - 1) < 0.1;
}

bool
sim_ref_check(void)
{
	return settles_where_riccati_says() & errs_as_known(64, 1e-4, 12.7e-6) &
	    errs_as_known(63, 1e-5, 2.8e-6) & errs_as_known(809, 1e-3, 212e-6);
}
