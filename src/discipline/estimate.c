/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prediction and update of a phase-frequency belief.  Q(T) = W^2 [T^3/3,
 * T^2/2; T^2/2, T] + N^2 [T, 0; 0, 0].
 */
#include "discipline/estimate.h"

#include <math.h>

#define LIKELY_MIN   1e-5  /* below, the interval says nothing useful */
#define SHRINK_MIN   1e-6  /* floor of the remaining variance */
#define PYY_REST_MIN 1e-14 /* what rounding may take */
#define SQRT_2PI     2.5066282746310002

void
discipline_estimate_predict(
    struct estimate *e, double t_s, double w2, double n2)
{
	double half = t_s * t_s / 2;

	e->x_s += t_s * e->y_sps;
	e->pxx += 2 * t_s * e->pxy + t_s * t_s * e->pyy +
	    w2 * half * t_s * 2 / 3 + n2 * t_s;
	e->pxy += t_s * e->pyy + w2 * half;
	e->pyy += w2 * t_s;
}

double
discipline_estimate_variance(const struct estimate_obs *o)
{
	return o->h_s * o->h_s / 3 + o->e2;
}

/* P -= k p p', p the first column; @rest is what remains of Pxx, computed
 * without cancelling.  Where nearly all of Pyy goes, rounding must not leave
 * a negative variance. */
static void
reduce(struct estimate *e, double k, double rest)
{
	double least = e->pyy * PYY_REST_MIN;

	e->pyy -= k * e->pxy * e->pxy;
	e->pxy *= rest;
	e->pxx *= rest;
	least = fmax(least, e->pxy * e->pxy / e->pxx);
	if (!(e->pyy >= least))
		e->pyy = least;
}

double
discipline_estimate_kalman(struct estimate *e, double z_s, double r)
{
	double v = e->pxx + r, nu = z_s - e->x_s;
	double gx = e->pxx / v, gy = e->pxy / v;

	e->x_s += gx * nu;
	e->y_sps += gy * nu;
	reduce(e, 1 / v, r / v);
	return -0.5 * (nu * nu / v + log(v)) - log(SQRT_2PI);
}

/* Phi(b) - Phi(a), a < b, computed on the side where the tail is small. */
static double
normal_between(double a, double b)
{
	if (a > 0)
		return 0.5 * (erfc(a * M_SQRT1_2) - erfc(b * M_SQRT1_2));
	return 0.5 * (erfc(-b * M_SQRT1_2) - erfc(-a * M_SQRT1_2));
}

static double
normal_density(double t)
{
	return exp(-0.5 * t * t) / SQRT_2PI;
}

double
discipline_estimate_interval(struct estimate *e, const struct estimate_obs *o)
{
	double v = e->pxx + o->e2, sd = sqrt(v);
	double a = (o->z_s - o->h_s - e->x_s) / sd;
	double b = (o->z_s + o->h_s - e->x_s) / sd;
	double z, pa, pb, u, left, k;

	/* An interval far narrower than the blur is a point: no
	 * differences of nearly equal numbers. */
	if (b - a < 1e-3)
		return discipline_estimate_kalman(
		    e, o->z_s, discipline_estimate_variance(o));
	z = normal_between(a, b);
	if (z < LIKELY_MIN)
		return discipline_estimate_kalman(
		    e, o->z_s, discipline_estimate_variance(o));
	pa = normal_density(a);
	pb = normal_density(b);
	u = (pa - pb) / z;
	left = 1 + (a * pa - b * pb) / z - u * u;
	if (left < SHRINK_MIN)
		left = SHRINK_MIN;
	k = (1 - left) / v;
	e->x_s += e->pxx * u / sd;
	e->y_sps += e->pxy * u / sd;
	reduce(e, k, (o->e2 + left * e->pxx) / v);
	return log(z / (2 * o->h_s));
}
