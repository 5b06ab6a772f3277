/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The references: filters that are told W, N, the queues' means, the base
 * delay and the stamp noise, and see the same packets.  0 is reference A,
 * the delay-weighted Kalman filter; 1 is reference B, the interval update;
 * the rest are A with fixed wanders, of which the best in hindsight counts
 * where temperature makes no single wander true.
 */
#include <math.h>
#include <string.h>

#include "sim.h"

static double
hindsight_w(int i)
{
	return pow(10, -10.5 + 0.25 * i);
}

void
sim_ref_init(struct sim_ref *r, const struct sim_oscillator *osc)
{
	memset(r, 0, sizeof *r);
	r->w2 = osc->wander * osc->wander;
	r->n2 = osc->white * osc->white;
	for (int i = 0; i < 2 + SIM_HINDSIGHT; i++) {
		r->kf[i].a = 1;
		r->kf[i].c = 2.5e-7;
	}
}

static void
predict(struct sim_ref *r, int i, double t)
{
	double w2 = i < 2 ? r->w2 : pow(hindsight_w(i - 2), 2);

	r->kf[i].x += t * r->kf[i].y;
	r->kf[i].a += 2 * t * r->kf[i].b + t * t * r->kf[i].c +
	    w2 * t * t * t / 3 + r->n2 * t;
	r->kf[i].b += t * r->kf[i].c + w2 * t * t / 2;
	r->kf[i].c += w2 * t;
}

static void
kalman(struct sim_ref *r, int i, double z, double var)
{
	double v = r->kf[i].a + var, nu = z - r->kf[i].x;
	double g = r->kf[i].a / v, h = r->kf[i].b / v;

	r->kf[i].x += g * nu;
	r->kf[i].y += h * nu;
	r->kf[i].c -= h * r->kf[i].b;
	r->kf[i].b *= 1 - g;
	r->kf[i].a *= 1 - g;
}

/* Moments of the queueing error given its sum s: uniform on +-s/2, weighed
 * by exp(-(1/up - 1/down) u) where the queues differ. */
static void
queue_moments(double s, const double mean_s[2], double *m, double *v)
{
	double k = 1 / mean_s[0] - 1 / mean_s[1], w = 0, a = 0, b = 0;

	*m = 0;
	*v = s * s / 12;
	if (mean_s[0] == mean_s[1])
		return;
	for (int i = 0; i < 64; i++) {
		double u = s * (i + 0.5) / 64, e = exp(-k * u);
		double q = u - s / 2;

		w += e;
		a += e * q;
		b += e * q * q;
	}
	*m = a / w;
	*v = b / w - *m * *m;
}

/* The exact posterior's first two moments for a Gaussian prior and that
 * likelihood, by quadrature over the queueing error. */
static void
interval(struct sim_ref *r, double z, double s, const double mean_s[2],
    double stamp_var)
{
	double k = 1 / mean_s[0] - 1 / mean_s[1];
	double a = r->kf[1].a, sd, w = 0, m1 = 0, m2 = 0, v = a + stamp_var;
	int n = 200;

	sd = sqrt(v);
	if (s < 1e-3 * sd) {
		kalman(r, 1, z, s * s / 12 + stamp_var);
		return;
	}
	/* Integrate over the part of the interval within 8 sigma. */
	{
		double lo = fmax(z - s / 2, r->kf[1].x - 8 * sd);
		double hi = fmin(z + s / 2, r->kf[1].x + 8 * sd);

		if (hi <= lo) {
			kalman(r, 1, z, s * s / 12 + stamp_var);
			return;
		}
		for (int i = 0; i < n; i++) {
			double x = lo + (hi - lo) * (i + 0.5) / n;
			double q = z - x, t = (x - r->kf[1].x) / sd;
			double e = exp(-t * t / 2 - k * q);

			w += e;
			m1 += e * t;
			m2 += e * t * t;
		}
	}
	if (!(w > 1e-9)) {
		kalman(r, 1, z, s * s / 12 + stamp_var);
		return;
	}
	m1 /= w;
	m2 = fmax(m2 / w - m1 * m1, 1e-6);
	{
		double b = r->kf[1].b, g = (1 - m2) / v;

		r->kf[1].x += a * m1 / sd;
		r->kf[1].y += b * m1 / sd;
		r->kf[1].c -= b * b * g;
		r->kf[1].b -= a * b * g;
		r->kf[1].a -= a * a * g;
	}
}

void
sim_ref_update(struct sim_ref *r, double t_s, double z_s, double excess_s,
    const double mean_s[2], double stamp_var)
{
	double m, v, t = t_s - r->at_s;

	if (!r->started || t < 0)
		t = 0;
	r->started = true;
	r->at_s += t;
	if (r->at_s < t_s)
		r->at_s = t_s;
	queue_moments(excess_s, mean_s, &m, &v);
	for (int i = 0; i < 2 + SIM_HINDSIGHT; i++) {
		predict(r, i, t);
		if (i == 1)
			interval(r, z_s, excess_s, mean_s, stamp_var);
		else
			kalman(r, i, z_s - m, v + stamp_var + 1e-24);
	}
}

void
sim_ref_score(struct sim_ref *r, double t_s, double x_s)
{
	double t = t_s - r->at_s;

	for (int i = 0; i < 2 + SIM_HINDSIGHT; i++) {
		double e = r->kf[i].x + t * r->kf[i].y - x_s;

		r->sum[i] += e * e;
	}
}
