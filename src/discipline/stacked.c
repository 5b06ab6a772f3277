/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stacked filter.  State 2i is source i's phase, 2i + 1 its frequency.
 * Process noise: Q(W) in every block (i, k), Q(own) in the blocks (i, i).
 */
#include "discipline/stacked.h"

#include <math.h>
#include <string.h>

#define GATE_SIGMAS 6.0
#define AGAIN_PYY   2.5e-11 /* after a jump: 5 ppm */

void
discipline_stacked_init(struct discipline_stacked *f, double own_w)
{
	memset(f, 0, sizeof *f);
	f->own_w2 = own_w * own_w;
}

static void
isolate(struct discipline_stacked *f, unsigned i)
{
	for (unsigned k = 0; k < 2 * f->cnt; k++)
		f->p[i][k] = f->p[k][i] = 0;
}

static void
predict(struct discipline_stacked *f, double at_s, double w2)
{
	unsigned n = 2 * f->cnt;
	double t = at_s - f->at_s;
	double q0, q1 = t * t / 2;

	if (t <= 0)
		return;
	q0 = q1 * t * 2 / 3;
	f->at_s = at_s;
	for (unsigned i = 0; i < n; i += 2) {
		f->m[i] += t * f->m[i + 1];
		for (unsigned k = 0; k < n; k++)
			f->p[i][k] += t * f->p[i + 1][k];
	}
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < n; k += 2)
			f->p[i][k] += t * f->p[i][k + 1];
	for (unsigned i = 0; i < n; i += 2) {
		for (unsigned k = 0; k < n; k += 2) {
			double q = w2 + (i == k ? f->own_w2 : 0);

			f->p[i][k] += q * q0;
			f->p[i][k + 1] += q * q1;
			f->p[i + 1][k] += q * q1;
			f->p[i + 1][k + 1] += q * t;
		}
	}
}

int
discipline_stacked_add(struct discipline_stacked *f, double at_s,
    const struct estimate_obs *o, double y_sps, double pyy)
{
	unsigned i = 2 * f->cnt;

	if (f->cnt == DISCIPLINE_STACKED_MAX)
		return -1;
	if (f->cnt == 0 || at_s > f->at_s)
		predict(f, at_s, 0);
	f->at_s = fmax(f->at_s, at_s);
	f->cnt++;
	isolate(f, i);
	isolate(f, i + 1);
	f->m[i] = discipline_estimate_centre(o);
	f->m[i + 1] = y_sps;
	f->p[i][i] = discipline_estimate_variance(o);
	f->p[i + 1][i + 1] = pyy;
	return (int)f->cnt - 1;
}

void
discipline_stacked_remove(struct discipline_stacked *f, unsigned idx)
{
	unsigned n = 2 * f->cnt;

	for (unsigned i = 2 * idx; i + 2 < n; i++) {
		f->m[i] = f->m[i + 2];
		memcpy(f->p[i], f->p[i + 2], sizeof f->p[i]);
	}
	for (unsigned i = 0; i + 2 < n; i++)
		memmove(&f->p[i][2 * idx], &f->p[i][2 * idx + 2],
		    (n - 2 * idx - 2) * sizeof f->p[i][0]);
	f->cnt--;
}

bool
discipline_stacked_update(struct discipline_stacked *f, unsigned idx,
    double at_s, const struct estimate_obs *o, double w2)
{
	unsigned n = 2 * f->cnt, i = 2 * idx;
	double row[2 * DISCIPLINE_STACKED_MAX], v, nu, x_s, pxx;
	double back_s = fmax(f->at_s - at_s, 0);

	predict(f, at_s, w2);
	/* The phase at the sample's own time, which may lie back. */
	for (unsigned a = 0; a < n; a++)
		row[a] = f->p[i][a] - back_s * f->p[i + 1][a];
	x_s = f->m[i] - back_s * f->m[i + 1];
	pxx = row[i] - back_s * row[i + 1];
	nu = o->z_s - x_s;
	if (fabs(nu) > o->reach_s + GATE_SIGMAS * sqrt(pxx + o->e2)) {
		isolate(f, i);
		isolate(f, i + 1);
		f->m[i] += nu;
		f->p[i][i] = 4 * o->reach_s * o->reach_s + o->e2;
		f->p[i + 1][i + 1] = AGAIN_PYY;
		return false;
	}
	nu = discipline_estimate_centre(o) - x_s;
	v = pxx + discipline_estimate_variance(o);
	for (unsigned a = 0; a < n; a++) {
		double g = row[a] / v;

		f->m[a] += g * nu;
		for (unsigned b = 0; b < n; b++)
			f->p[a][b] -= g * row[b];
	}
	return true;
}

double
discipline_stacked_apart(
    const struct discipline_stacked *f, unsigned i, unsigned k, double *sd)
{
	unsigned a = 2 * i + 1, b = 2 * k + 1;
	double var = f->p[a][a] + f->p[b][b] - 2 * f->p[a][b];

	*sd = sqrt(fmax(var, 0));
	return f->m[a] - f->m[b];
}

double
discipline_stacked_bias(const struct discipline_stacked *f, unsigned i,
    const double *w, double *var)
{
	double mean = 0, v = 0;

	for (unsigned a = 0; a < f->cnt; a++) {
		double wa = (a == i ? 1 : 0) - w[a];

		mean += wa * f->m[2 * a];
		for (unsigned b = 0; b < f->cnt; b++)
			v +=
			    wa * ((b == i ? 1 : 0) - w[b]) * f->p[2 * a][2 * b];
	}
	*var = fmax(v, 0);
	return mean;
}

void
discipline_stacked_shift(struct discipline_stacked *f, double dx_s, double pxx)
{
	for (unsigned i = 0; i < 2 * f->cnt; i += 2) {
		f->m[i] += dx_s;
		for (unsigned k = 0; k < 2 * f->cnt; k += 2)
			f->p[i][k] += pxx;
	}
}
