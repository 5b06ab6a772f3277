/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The estimate's prediction and its two updates against closed forms, brute
 * force integration and the steady state of the Riccati equation.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "discipline/estimate.h"

static void
close_to(double got, double want, double relative)
{
	if (!(fabs(got - want) <= relative * fabs(want)))
		fail_msg("got %.9g, want %.9g", got, want);
}

static void
prediction_composes(void **state)
{
	struct estimate a = {1, 2e-6, 3e-6, 1e-9, 4e-12}, b = a;

	(void)state;
	discipline_estimate_predict(&a, 50, 1e-16, 1e-18);
	for (int i = 0; i < 50; i++)
		discipline_estimate_predict(&b, 1, 1e-16, 1e-18);
	close_to(a.x_s, b.x_s, 1e-12);
	close_to(a.pxx, b.pxx, 1e-12);
	close_to(a.pxy, b.pxy, 1e-12);
	close_to(a.pyy, b.pyy, 1e-12);
}

/* Moments of prior x likelihood by brute force. */
static void
integrate(const struct estimate *e, const struct estimate_obs *o,
    struct estimate *out, double *likelihood)
{
	double v = e->pxx, sd = sqrt(v), step = sd / 2000;
	double w = 0, m = 0, m2 = 0;

	for (double x = e->x_s - 9 * sd; x < e->x_s + 9 * sd; x += step) {
		double t = (x - e->x_s) / sd, s = sqrt(o->e2);
		double l = 0.5 *
		    (erf((o->z_s + o->h_s - x) / s / M_SQRT2) -
			erf((o->z_s - o->h_s - x) / s / M_SQRT2)) /
		    (2 * o->h_s);
		double p = exp(-t * t / 2) / sqrt(2 * M_PI) / sd * l * step;

		w += p;
		m += p * x;
		m2 += p * x * x;
	}
	m /= w;
	*likelihood = w;
	out->x_s = m;
	out->pxx = m2 / w - m * m;
	out->y_sps = e->y_sps + e->pxy / v * (m - e->x_s);
	out->pyy = e->pyy - e->pxy * e->pxy / v * (1 - out->pxx / v);
	out->pxy = e->pxy * out->pxx / v;
}

static void
interval_update_has_the_true_moments(void **state)
{
	static const struct estimate_obs obs[] = {
	    {0.5, 1, 1e-4, 0, 1},
	    {0.5, 1, 1, 0, 1},
	    {-3, 1, 0.3, 0, 1},
	    {3, 1, 0.3, 0, 1},
	    {0.1, 0.05, 0.01, 0, 1},
	    {0, 6, 0.01, 0, 6},
	    {-2.5, 1.5, 0.04, 0, 1.5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof obs / sizeof obs[0]; i++) {
		struct estimate e = {0.2, 1e-3, 1, 0.01, 0.002}, want = {0};
		double l, got;

		integrate(&e, &obs[i], &want, &l);
		got = discipline_estimate_interval(&e, &obs[i]);
		close_to(exp(got), l, 2e-3);
		close_to(e.x_s, want.x_s, 5e-3);
		close_to(e.y_sps, want.y_sps, 5e-3);
		close_to(e.pxx, want.pxx, 5e-3);
		close_to(e.pxy, want.pxy, 5e-3);
		close_to(e.pyy, want.pyy, 5e-3);
	}
}

/* Likelihood of x for a tilted queueing error, by brute force over it. */
static double
tilted(const struct estimate_obs *o, double x)
{
	double sum = 0, norm = 0;

	for (int i = 0; i < 400; i++) {
		double q = o->h_s * ((i + 0.5) / 200 - 1);
		double e = o->z_s - x - q, w = exp(-o->tilt * q);

		norm += w;
		sum += w * exp(-e * e / o->e2 / 2) / sqrt(2 * M_PI * o->e2);
	}
	return sum / norm;
}

static void
tilted_update_has_the_true_moments(void **state)
{
	static const struct estimate_obs obs[] = {
	    {0.5, 1, 0.04, 1.5, 1},
	    {0.5, 1, 0.04, -1.5, 1},
	    {-0.4, 0.6, 0.1, 6, 0.6},
	    {0.3, 1, 0.04, 0.01, 1},
	    {1.5, 1, 0.2, -3, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof obs / sizeof obs[0]; i++) {
		struct estimate e = {0.2, 1e-3, 1, 0.01, 0.002}, was = e;
		double w = 0, m = 0, m2 = 0, got, before;

		for (double x = -8; x < 8; x += 0.005) {
			double t = x - e.x_s;
			double p = 0.005 * exp(-t * t / 2) / sqrt(2 * M_PI) *
			    tilted(&obs[i], x);

			w += p;
			m += p * x;
			m2 += p * x * x;
		}
		m /= w;
		before = discipline_estimate_likelihood(&e, &obs[i]);
		got = discipline_estimate_interval(&e, &obs[i]);
		assert_true(before == got);
		close_to(exp(got), w, 2e-3);
		close_to(e.x_s, m, 5e-3);
		close_to(e.pxx, m2 / w - m * m, 5e-3);
		close_to(e.y_sps, was.y_sps + 0.01 * (m - 0.2), 5e-3);
	}
}

static void
tilted_error_as_a_gaussian(void **state)
{
	static const double tilts[] = {0, 0.01, -0.04, 0.06, -2, 30, 500};

	(void)state;
	for (size_t i = 0; i < sizeof tilts / sizeof tilts[0]; i++) {
		struct estimate_obs o = {3, 0.7, 0, tilts[i], 0.7};
		double w = 0, m = 0, m2 = 0;

		for (int k = 0; k < 20000; k++) {
			double q = 0.7 * ((k + 0.5) / 10000 - 1);
			double e = exp(-tilts[i] * q - 0.7 * fabs(tilts[i]));

			w += e;
			m += e * q;
			m2 += e * q * q;
		}
		m /= w;
		assert_true(
		    fabs(discipline_estimate_centre(&o) - (3 - m)) < 1e-4);
		close_to(
		    discipline_estimate_variance(&o), m2 / w - m * m, 1e-2);
	}
}

static void
interval_far_away_is_a_gaussian(void **state)
{
	struct estimate a = {0, 0, 1, 0.1, 0.1}, b = a;
	struct estimate_obs o = {50, 1, 0.1, 0, 1};

	(void)state;
	discipline_estimate_interval(&a, &o);
	discipline_estimate_kalman(&b, o.z_s, discipline_estimate_variance(&o));
	assert_true(a.x_s == b.x_s && a.pxx == b.pxx && a.pyy == b.pyy);
}

static void
variances_stay_positive(void **state)
{
	struct estimate e = {0, 0, 1, 0, 2.5e-7};

	(void)state;
	for (int i = 0; i < 100000; i++) {
		double lucky = i % 7 == 0 ? 1e-12 : 1e-4;
		struct estimate_obs o = {1e-5 * sin(i), lucky, 1e-24, 0, lucky};

		discipline_estimate_predict(&e, 16, 1e-24, 0);
		discipline_estimate_interval(&e, &o);
		assert_true(e.pxx > 0 && e.pyy > 0);
		assert_true(e.pxy * e.pxy <= e.pxx * e.pyy * (1 + 1e-9));
		assert_true(isfinite(e.x_s) && isfinite(e.y_sps));
	}
}

/* Samples without end and without time passing between them. */
static void
certainty_has_an_end(void **state)
{
	struct estimate e = {0, 0, 1, 0, 2.5e-7};
	struct estimate_obs o = {1e-3, 1e-3, 0, 0, 1e-3};

	(void)state;
	for (int i = 0; i < 10000; i++) {
		o.h_s *= 0.9;
		discipline_estimate_interval(&e, &o);
		assert_true(e.pxx > 0 && e.pyy > 0 && isfinite(e.x_s));
		discipline_estimate_kalman(&e, 1e-3, 1e-40);
		assert_true(e.pxx > 0 && e.pyy > 0 && isfinite(e.y_sps));
	}
}

/* The steady state of the recursion is known in closed form: with measuring
 * interval T, noise R and random walk W in frequency, a filter of fixed
 * gains (Kalata 1984, tracking index) has, for index l = T^2 W sqrt(T/3)
 * ... ; checked here through its defining equation instead: the discrete
 * Riccati equation must hold for the covariance that the filter ends at. */
static void
steady_state_solves_riccati(void **state)
{
	const double t = 64, w2 = 1e-18, r = 1e-8 / 2;
	struct estimate e = {.pxx = 1, .pyy = 1e-7}, p;
	double a, b, c, v;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		discipline_estimate_predict(&e, t, w2, 0);
		p = e;
		discipline_estimate_kalman(&e, 0, r);
	}
	/* P = F (P - P H' H P / (Pxx + R)) F' + Q, written out. */
	v = p.pxx + r;
	a = p.pxx - p.pxx * p.pxx / v;
	b = p.pxy - p.pxx * p.pxy / v;
	c = p.pyy - p.pxy * p.pxy / v;
	close_to(p.pxx, a + 2 * t * b + t * t * c + w2 * t * t * t / 3, 1e-9);
	close_to(p.pxy, b + t * c + w2 * t * t / 2, 1e-9);
	close_to(p.pyy, c + w2 * t, 1e-9);
	/* For T far below (sqrt(R) / W)^(2/3) the continuous filter's
	 * closed form holds: Pxx = sqrt2 q^(1/4) Rc^(3/4), q = W^2,
	 * Rc = R T; Pyy = sqrt2 q^(3/4) Rc^(1/4). */
	{
		double rc = r * t;

		close_to((p.pxx + e.pxx) / 2,
		    M_SQRT2 * pow(w2, 0.25) * pow(rc, 0.75), 0.03);
		close_to((p.pyy + e.pyy) / 2,
		    M_SQRT2 * pow(w2, 0.75) * pow(rc, 0.25), 0.03);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(prediction_composes),
	    cmocka_unit_test(interval_update_has_the_true_moments),
	    cmocka_unit_test(tilted_update_has_the_true_moments),
	    cmocka_unit_test(tilted_error_as_a_gaussian),
	    cmocka_unit_test(interval_far_away_is_a_gaussian),
	    cmocka_unit_test(variances_stay_positive),
	    cmocka_unit_test(certainty_has_an_end),
	    cmocka_unit_test(steady_state_solves_riccati),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
