/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bank: l_i <- forget l_i + ln L_i, less the greatest, not below -18.
 */
#include "discipline/bank.h"

#include <math.h>
#include <string.h>

#define LOG_FLOOR (-18.0)

/* Variances per second of frequency and phase random walk. */
struct model {
	double log10_w;
	double w2;
	double n2;
};

static const struct model models[DISCIPLINE_BANK_MODELS] = {
    {-12.5, 1e-25, 0},
    {-12.0, 1e-24, 0},
    {-11.5, 1e-23, 0},
    {-11.0, 1e-22, 0},
    {-10.5, 1e-21, 0},
    {-10.0, 1e-20, 0},
    {-9.5, 1e-19, 0},
    {-9.0, 1e-18, 0},
    {-8.5, 1e-17, 0},
    {-8.0, 1e-16, 0},
    {-7.5, 1e-15, 0},
    {-7.0, 1e-14, 0},
    {-6.5, 1e-13, 0},
    {-6.0, 1e-12, 0},
    {-11.0, 1e-22, 1e-20},
    {-10.0, 1e-20, 1e-18},
    {-9.0, 1e-18, 1e-16},
};

static void
level(struct discipline_bank *b)
{
	double top = b->l[0], sum = 0;

	for (int i = 1; i < DISCIPLINE_BANK_MODELS; i++)
		top = fmax(top, b->l[i]);
	for (int i = 0; i < DISCIPLINE_BANK_MODELS; i++) {
		b->l[i] = fmax(b->l[i] - top, LOG_FLOOR);
		sum += b->w[i] = exp(b->l[i]);
	}
	for (int i = 0; i < DISCIPLINE_BANK_MODELS; i++)
		b->w[i] /= sum;
}

void
discipline_bank_init(struct discipline_bank *b, double at_s,
    const struct estimate *e, const struct bank_wander *w, double forget)
{
	b->at_s = at_s;
	b->forget = forget;
	for (int i = 0; i < DISCIPLINE_BANK_MODELS; i++) {
		double far = (models[i].log10_w - w->log10_w) / w->sd;

		b->e[i] = *e;
		b->l[i] = -far * far / 2;
		/* White frequency noise is the exception. */
		if (models[i].n2 > 0)
			b->l[i] -= 2;
	}
	level(b);
}

void
discipline_bank_update(
    struct discipline_bank *b, double at_s, const struct estimate_obs *o)
{
	double t_s = fmax(at_s - b->at_s, 0);
	double back_s = fmax(b->at_s - at_s, 0);

	b->at_s += t_s;
	for (int i = 0; i < DISCIPLINE_BANK_MODELS; i++) {
		struct estimate *e = &b->e[i];
		struct estimate_obs then = *o;

		discipline_estimate_predict(e, t_s, models[i].w2, models[i].n2);
		/* An older sample meets the belief at its own time; the
		 * wander since then makes it say less. */
		then.e2 += models[i].w2 * back_s * back_s * back_s / 3 +
		    models[i].n2 * back_s;
		discipline_estimate_predict(e, -back_s, 0, 0);
		b->l[i] = b->l[i] * b->forget +
		    discipline_estimate_interval(e, &then);
		discipline_estimate_predict(e, back_s, 0, 0);
	}
	level(b);
}

void
discipline_bank_mean(
    const struct discipline_bank *b, double at_s, struct estimate *e)
{
	const double *w = b->w;
	double w2 = 0, n2 = 0;

	memset(e, 0, sizeof *e);
	for (int i = 0; i < DISCIPLINE_BANK_MODELS; i++) {
		e->x_s += w[i] * b->e[i].x_s;
		e->y_sps += w[i] * b->e[i].y_sps;
		w2 += w[i] * models[i].w2;
		n2 += w[i] * models[i].n2;
	}
	for (int i = 0; i < DISCIPLINE_BANK_MODELS; i++) {
		double dx = b->e[i].x_s - e->x_s;
		double dy = b->e[i].y_sps - e->y_sps;

		e->pxx += w[i] * (b->e[i].pxx + dx * dx);
		e->pxy += w[i] * (b->e[i].pxy + dx * dy);
		e->pyy += w[i] * (b->e[i].pyy + dy * dy);
	}
	discipline_estimate_predict(e, fmax(at_s - b->at_s, 0), w2, n2);
}

void
discipline_bank_wander(const struct discipline_bank *b, struct bank_wander *out)
{
	const double *w = b->w;
	double mean = 0, square = 0;

	for (int i = 0; i < DISCIPLINE_BANK_MODELS; i++) {
		mean += w[i] * models[i].log10_w;
		square += w[i] * models[i].log10_w * models[i].log10_w;
	}
	out->log10_w = mean;
	out->sd = sqrt(fmax(square - mean * mean, 0));
}

void
discipline_bank_noise(const struct discipline_bank *b, double *w2, double *n2)
{
	const double *w = b->w;

	*w2 = *n2 = 0;
	for (int i = 0; i < DISCIPLINE_BANK_MODELS; i++) {
		*w2 += w[i] * models[i].w2;
		*n2 += w[i] * models[i].n2;
	}
}

void
discipline_bank_shift(struct discipline_bank *b, double dx_s)
{
	for (int i = 0; i < DISCIPLINE_BANK_MODELS; i++)
		b->e[i].x_s += dx_s;
}

void
discipline_bank_unsettle(struct discipline_bank *b)
{
	for (int i = 0; i < DISCIPLINE_BANK_MODELS; i++)
		b->l[i] /= 2;
	level(b);
}

void
discipline_bank_blur(struct discipline_bank *b, double pxx)
{
	for (int i = 0; i < DISCIPLINE_BANK_MODELS; i++)
		b->e[i].pxx += pxx;
}

void
discipline_bank_rephase(
    struct discipline_bank *b, double at_s, double x_s, double pxx)
{
	double t_s = fmax(at_s - b->at_s, 0);

	b->at_s += t_s;
	for (int i = 0; i < DISCIPLINE_BANK_MODELS; i++) {
		discipline_estimate_predict(
		    &b->e[i], t_s, models[i].w2, models[i].n2);
		b->e[i].x_s = x_s;
		b->e[i].pxx = pxx;
		b->e[i].pxy = 0;
	}
}
