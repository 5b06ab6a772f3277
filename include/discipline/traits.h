/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the samples of one source show of their own errors: how unlike the
 * queues of the two directions are or how like each other in every exchange,
 * and how noisy the stamps are really.  For a few shapes of the queueing error
 * there is a filter each, which sees every
 * sample: phase and asymmetry can stand for one another, so a value may only
 * be judged by an estimate that believes in it.
 */
#ifndef DISCIPLINE_TRAITS_H
#define DISCIPLINE_TRAITS_H

#include "discipline/estimate.h"

#define DISCIPLINE_TRAITS_SHAPES 9
#define DISCIPLINE_TRAITS_BLURS  4

struct discipline_traits {
	double shape[DISCIPLINE_TRAITS_SHAPES]; /* log weights */
	double blur[DISCIPLINE_TRAITS_BLURS];
	struct estimate e[DISCIPLINE_TRAITS_SHAPES];
	double at_s;
	bool primed;
};

/* How far the error of a sample is known beforehand. */
struct traits_noise {
	double jitter_s; /* mean queueing per direction */
	double stamp2;   /* greatest variance of the stamps */
	double base2;    /* variance from not knowing the base delay */
};

void discipline_traits_init(struct discipline_traits *t);

/**
 * discipline_traits_apply - put what is believed into an observation.
 * @o: its tilt and e2 are written, its h_s is narrowed.
 */
void discipline_traits_apply(const struct discipline_traits *t,
    struct estimate_obs *o, const struct traits_noise *n);

/**
 * discipline_traits_learn - hold the values against a sample.
 * @e:  the source's estimate, to begin from.
 * @w2, @n2: the oscillator's noise as in discipline_estimate_predict.
 */
void discipline_traits_learn(struct discipline_traits *t, double at_s,
    const struct estimate *e, const struct estimate_obs *o,
    const struct traits_noise *n, double w2);

/**
 * discipline_traits_even - how much of the half-width of an observation
 * belongs to shapes in which both ends of the interval count alike.
 */
double discipline_traits_even(const struct discipline_traits *t);

/**
 * discipline_traits_restart - the phase was lost: begin from the next
 * estimate, keep what was learned.
 * discipline_traits_shift   - add to every phase.
 */
void discipline_traits_restart(struct discipline_traits *t);
void discipline_traits_shift(struct discipline_traits *t, double dx_s);

#endif
