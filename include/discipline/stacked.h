/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One filter over the phases and frequencies of all sources at once, driven
 * by the oscillator they have in common and by a little noise of each one's
 * own.  The oscillator cancels in the difference of two sources, so a server
 * that drifts by parts in 10^8 shows long before its offset does.
 */
#ifndef DISCIPLINE_STACKED_H
#define DISCIPLINE_STACKED_H

#include <stdbool.h>
#include <stdint.h>

#include "discipline/estimate.h"

#define DISCIPLINE_STACKED_MAX 12 /* sources; further ones are not compared */

struct discipline_stacked {
	double at_s;
	double own_w2; /* wander of each server, squared */
	unsigned cnt;
	double m[2 * DISCIPLINE_STACKED_MAX];
	double p[2 * DISCIPLINE_STACKED_MAX][2 * DISCIPLINE_STACKED_MAX];
};

/**
 * discipline_stacked_init - no sources.
 * @own_w: wander supposed of each server's own clock, s/s/sqrt(s).
 */
void discipline_stacked_init(struct discipline_stacked *f, double own_w);

/**
 * discipline_stacked_add - a further source, with its first sample.
 * Return: its index, or -1 when full.
 */
int discipline_stacked_add(struct discipline_stacked *f, double at_s,
    const struct estimate_obs *o, double y_sps, double pyy);

/**
 * discipline_stacked_remove - forget one; those behind it move up.
 */
void discipline_stacked_remove(struct discipline_stacked *f, unsigned idx);

/**
 * discipline_stacked_update - a sample of one source.
 * @at_s: earlier than those of others is fine.
 * @w2: the oscillator's wander, squared.
 * Return: false if it was beyond what the filter can explain; the source's
 * states were then begun anew from it.
 */
bool discipline_stacked_update(struct discipline_stacked *f, unsigned idx,
    double at_s, const struct estimate_obs *o, double w2);

/**
 * discipline_stacked_apart - frequency of i less that of k.
 * @sd: its standard deviation.
 */
double discipline_stacked_apart(
    const struct discipline_stacked *f, unsigned i, unsigned k, double *sd);

/**
 * discipline_stacked_bias - phase of i less the weighted mean of all.
 * @w:   a weight per index, their sum 1.
 * @var: its variance.
 */
double discipline_stacked_bias(const struct discipline_stacked *f, unsigned i,
    const double *w, double *var);

/**
 * discipline_stacked_shift - add to every phase, with a variance that all of
 * them share.
 */
void discipline_stacked_shift(
    struct discipline_stacked *f, double dx_s, double pxx);

#endif
