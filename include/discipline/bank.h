/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bank of estimates that differ in what they suppose of the oscillator
 * (Magill 1965): each sees every sample, and how well each predicted decides
 * how much it is believed.  This is how the wander is learned: nobody tells
 * it to us, and a single filter that adapts is several times worse where it
 * starts far off.
 */
#ifndef DISCIPLINE_BANK_H
#define DISCIPLINE_BANK_H

#include "discipline/estimate.h"

#define DISCIPLINE_BANK_WANDERS 14 /* 10^-12.5 to 10^-6 in half decades */
#define DISCIPLINE_BANK_MODELS  17 /* and three with white frequency noise */

struct discipline_bank {
	double at_s; /* raw time of the estimates */
	double forget;
	struct estimate e[DISCIPLINE_BANK_MODELS];
	double l[DISCIPLINE_BANK_MODELS]; /* log weights, greatest 0 */
	double w[DISCIPLINE_BANK_MODELS]; /* weights, their sum 1 */
};

/* The wander believed in: log10 of W and its standard deviation. */
struct bank_wander {
	double log10_w;
	double sd;
};

/**
 * discipline_bank_init - every model begins with the same belief.
 * @forget: factor on the log weights at each sample.
 */
void discipline_bank_init(struct discipline_bank *b, double at_s,
    const struct estimate *e, const struct bank_wander *w, double forget);

/**
 * discipline_bank_update - move on to a sample and take it in.
 * @at_s: its raw time; earlier than the bank's is fine, interleaved samples
 *        (RFC 9769) of one source come later than the others'.
 */
void discipline_bank_update(
    struct discipline_bank *b, double at_s, const struct estimate_obs *o);

/**
 * discipline_bank_mean - mean and moment-matched covariance of all models,
 * moved on to @at_s.
 */
void discipline_bank_mean(
    const struct discipline_bank *b, double at_s, struct estimate *e);

/**
 * discipline_bank_wander - what has been learned of W.
 * discipline_bank_noise  - effective W^2 and N^2, to predict with.
 */
void discipline_bank_wander(
    const struct discipline_bank *b, struct bank_wander *w);
void discipline_bank_noise(
    const struct discipline_bank *b, double *w2, double *n2);

/**
 * discipline_bank_shift   - add to every phase (the clock was stepped).
 * discipline_bank_unsettle - after a surprise: halve the log weights.
 * discipline_bank_blur     - add variance to the phase.
 * discipline_bank_rephase - phase x with variance pxx, frequency kept.
 */
void discipline_bank_shift(struct discipline_bank *b, double dx_s);
void discipline_bank_unsettle(struct discipline_bank *b);
void discipline_bank_blur(struct discipline_bank *b, double pxx);
void discipline_bank_rephase(
    struct discipline_bank *b, double at_s, double x_s, double pxx);

#endif
