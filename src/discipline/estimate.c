/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prediction and update of a phase-frequency belief.  Q(T) = W^2 [T^3/3,
 * T^2/2; T^2/2, T] + N^2 [T, 0; 0, 0].
 */
#include "discipline/estimate.h"

#include <math.h>

#define LIKELY_SIGMAS 4.265  /* 1e-5 in one tail */
#define LIKELY_MIN    1e-250 /* what erfc still gives precisely */
#define SHRINK_MIN    1e-6   /* floor of the remaining variance */
#define PYY_REST_MIN  1e-14  /* what rounding may take */
#define PXX_MIN       1e-24  /* a picosecond: nobody knows better */
#define PYY_MIN       1e-34
#define SQRT_2PI      2.5066282746310002

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

/* Mean and variance of q on +-h with density exp(-k q); the series keeps
 * clear of the cancellation at k h = 0. */
static void
queue_moments(const struct estimate_obs *o, double *mean, double *var)
{
	double h = o->h_s, t = o->tilt * h, s;

	if (fabs(t) < 0.05) {
		*mean = -h * t / 3;
		*var = h * h * (1.0 / 3 - t * t / 15);
		return;
	}
	if (fabs(t) > 300) {
		*mean = 1 / o->tilt - copysign(h, t);
		*var = 1 / (o->tilt * o->tilt);
		return;
	}
	s = t / sinh(t);
	*mean = -h * (t / tanh(t) - 1) / t;
	*var = h * h * (1 - s * s) / (t * t);
}

double
discipline_estimate_variance(const struct estimate_obs *o)
{
	double mean, var;

	queue_moments(o, &mean, &var);
	return var + o->e2;
}

double
discipline_estimate_centre(const struct estimate_obs *o)
{
	double mean, var;

	queue_moments(o, &mean, &var);
	return o->z_s - mean;
}

/* P -= k p p', p the first column; @rest is what remains of Pxx, computed
 * without cancelling.  Where nearly all of Pyy goes, rounding must not leave
 * a negative variance. */
static void
reduce(struct estimate *e, double k, double rest)
{
	double least = fmax(e->pyy * PYY_REST_MIN, PYY_MIN);

	e->pyy -= k * e->pxy * e->pxy;
	e->pxy *= rest;
	e->pxx = fmax(e->pxx * rest, PXX_MIN);
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

/* ln of the integral of exp(-k q) over +-h. */
static double
log_norm(const struct estimate_obs *o)
{
	double t = fabs(o->tilt * o->h_s);

	if (t < 0.05)
		return log(2 * o->h_s) + t * t / 6;
	if (t > 300)
		return t - log(fabs(o->tilt));
	return log(2 * sinh(t) / fabs(o->tilt));
}

/* The interval in units of sd.  The tilt, exp(k x) seen from x, moves the
 * prior's mean by k v. */
struct window {
	double v;
	double sd;
	double a;
	double b;
	double z; /* probability within */
};

static bool
look_through(
    const struct estimate *e, const struct estimate_obs *o, struct window *w)
{
	double mean;

	w->v = e->pxx + o->e2;
	w->sd = sqrt(w->v);
	mean = e->x_s + o->tilt * w->v;
	w->a = (o->z_s - o->h_s - mean) / w->sd;
	w->b = (o->z_s + o->h_s - mean) / w->sd;
	/* Far narrower than the blur it is a point: no differences of
	 * nearly equal numbers. */
	if (w->b - w->a < 1e-3)
		return false;
	/* Too far off for the interval to say anything useful. */
	if (fabs(o->z_s - e->x_s) > o->h_s + LIKELY_SIGMAS * w->sd)
		return false;
	w->z = normal_between(w->a, w->b);
	return w->z > LIKELY_MIN;
}

static double
window_likelihood(const struct estimate *e, const struct estimate_obs *o,
    const struct window *w)
{
	double k = o->tilt;

	return log(w->z) + k * (e->x_s - o->z_s) + k * k * w->v / 2 -
	    log_norm(o);
}

double
discipline_estimate_likelihood(
    const struct estimate *e, const struct estimate_obs *o)
{
	struct window w;
	double v, nu;

	if (look_through(e, o, &w))
		return window_likelihood(e, o, &w);
	v = e->pxx + discipline_estimate_variance(o);
	nu = discipline_estimate_centre(o) - e->x_s;
	return -0.5 * (nu * nu / v + log(v)) - log(SQRT_2PI);
}

double
discipline_estimate_interval(struct estimate *e, const struct estimate_obs *o)
{
	struct window w;
	double pa, pb, u, left, l;

	if (!look_through(e, o, &w))
		return discipline_estimate_kalman(e,
		    discipline_estimate_centre(o),
		    discipline_estimate_variance(o));
	l = window_likelihood(e, o, &w);
	pa = normal_density(w.a);
	pb = normal_density(w.b);
	u = (pa - pb) / w.z;
	left = 1 + (w.a * pa - w.b * pb) / w.z - u * u;
	if (left < SHRINK_MIN)
		left = SHRINK_MIN;
	u = u / w.sd + o->tilt;
	e->x_s += e->pxx * u;
	e->y_sps += e->pxy * u;
	reduce(e, (1 - left) / w.v, (o->e2 + left * e->pxx) / w.v);
	return l;
}
