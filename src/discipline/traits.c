/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Weighing a few values of the queues' asymmetry and of the stamps' noise.
 */
#include "discipline/traits.h"

#include <math.h>

#define FORGET       0.995
#define LOG_FLOOR    (-18.0)
#define JITTER_MIN_S 1e-9

/* Shapes of the queueing error over +-h.  tilt: J (1/up - 1/down), 1.5 is a
 * ratio of 3.3 between the queues' means.  width: errors that keep to the
 * middle, as when both queues grow together or stamps are noisy; without
 * these such errors pass for a tilt. */
static const struct {
	double tilt;
	double width;
	double prior;
} shapes[DISCIPLINE_TRAITS_SHAPES] = {
    {-4, 1, -5},
    {-1.5, 1, -3},
    {-0.6, 1, -2},
    {0, 1, 0},
    {0.6, 1, -2},
    {1.5, 1, -3},
    {4, 1, -5},
    {0, 0.6, -2},
    {0, 0.35, -3},
};
/* Variance of the stamps over its bound's. */
static const double blurs[DISCIPLINE_TRAITS_BLURS] = {0.01, 0.1, 0.3, 1};
static const double blur_prior[DISCIPLINE_TRAITS_BLURS] = {-2, -1, 0, 0};

void
discipline_traits_init(struct discipline_traits *t)
{
	t->primed = false;
	for (int i = 0; i < DISCIPLINE_TRAITS_SHAPES; i++)
		t->shape[i] = shapes[i].prior;
	for (int i = 0; i < DISCIPLINE_TRAITS_BLURS; i++)
		t->blur[i] = blur_prior[i];
}

void
discipline_traits_apply(const struct discipline_traits *t,
    struct estimate_obs *o, const struct traits_noise *n)
{
	double tilt = 0, width = 0, sum = 0, blur = 0, blur_sum = 0;

	for (int i = 0; i < DISCIPLINE_TRAITS_SHAPES; i++) {
		double w = exp(t->shape[i]);

		tilt += w * shapes[i].tilt;
		width += w * shapes[i].width;
		sum += w;
	}
	for (int i = 0; i < DISCIPLINE_TRAITS_BLURS; i++) {
		double w = exp(t->blur[i]);

		blur += w * blurs[i];
		blur_sum += w;
	}
	o->tilt = tilt / sum / fmax(n->jitter_s, JITTER_MIN_S);
	o->h_s *= width / sum;
	o->e2 = n->base2 + n->stamp2 * blur / blur_sum;
}

/* Forget towards the prior, add the news, keep the best at 0. */
static void
weigh(double *l, const double *news, const double *prior, int n)
{
	double top = -(double)INFINITY;

	for (int i = 0; i < n; i++) {
		l[i] = FORGET * l[i] + (1 - FORGET) * prior[i] + news[i];
		top = fmax(top, l[i]);
	}
	for (int i = 0; i < n; i++)
		l[i] = fmax(l[i] - top, LOG_FLOOR);
}

static void
learn_shape(struct discipline_traits *t, double at_s,
    const struct estimate_obs *o, const struct traits_noise *n, double w2)
{
	double news[DISCIPLINE_TRAITS_SHAPES], prior[DISCIPLINE_TRAITS_SHAPES];
	double t_s = fmax(at_s - t->at_s, 0);
	struct estimate_obs one = *o;

	t->at_s += t_s;
	for (int i = 0; i < DISCIPLINE_TRAITS_SHAPES; i++) {
		discipline_estimate_predict(&t->e[i], t_s, w2, 0);
		one.tilt = shapes[i].tilt / fmax(n->jitter_s, JITTER_MIN_S);
		one.h_s = o->reach_s * shapes[i].width;
		news[i] = discipline_estimate_interval(&t->e[i], &one);
		prior[i] = shapes[i].prior;
	}
	weigh(t->shape, news, prior, DISCIPLINE_TRAITS_SHAPES);
}

static void
learn_blur(struct discipline_traits *t, const struct estimate *e,
    const struct estimate_obs *o, const struct traits_noise *n)
{
	double news[DISCIPLINE_TRAITS_BLURS];
	struct estimate_obs one = *o;

	for (int i = 0; i < DISCIPLINE_TRAITS_BLURS; i++) {
		one.e2 = n->base2 + n->stamp2 * blurs[i];
		news[i] = discipline_estimate_likelihood(e, &one);
	}
	weigh(t->blur, news, blur_prior, DISCIPLINE_TRAITS_BLURS);
}

void
discipline_traits_learn(struct discipline_traits *t, double at_s,
    const struct estimate *e, const struct estimate_obs *o,
    const struct traits_noise *n, double w2)
{
	if (!t->primed) {
		for (int i = 0; i < DISCIPLINE_TRAITS_SHAPES; i++)
			t->e[i] = *e;
		t->at_s = at_s;
		t->primed = true;
	}
	learn_shape(t, at_s, o, n, w2);
	learn_blur(t, e, o, n);
}

double
discipline_traits_even(const struct discipline_traits *t)
{
	double even = 0, sum = 0;

	for (int i = 0; i < DISCIPLINE_TRAITS_SHAPES; i++) {
		double w = exp(t->shape[i]);

		sum += w;
		if (shapes[i].tilt == 0)
			even += w * shapes[i].width;
	}
	return even / sum;
}

void
discipline_traits_restart(struct discipline_traits *t)
{
	t->primed = false;
}

void
discipline_traits_shift(struct discipline_traits *t, double dx_s)
{
	for (int i = 0; i < DISCIPLINE_TRAITS_SHAPES; i++)
		t->e[i].x_s += dx_s;
}
