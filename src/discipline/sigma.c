/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The estimate as people are told it.  The filters are careful where they do
 * not know better, so that they never follow a sample too far; sigma is to be
 * as large as the error is.
 */
#include <math.h>

#include "core_priv.h"

/* What sigma owes to caution.  Every interval is wider than the queueing at
 * both ends, by c = half the doubt about the base delay.  An interval +-h
 * holds the truth evenly, sd h / sqrt(3), whether one decides or the ends of
 * many: sigma is c / sqrt(3) too large.  The estimate owes it nothing: the
 * base delay is one constant for all samples and both ends move alike, except
 * where the queues of one direction make one end decide. */
static double
caution(const struct core_source *src)
{
	double doubt = discipline_delay_doubt(&src->delay);

	if (src->conf.mindelay_s > 0 &&
	    src->conf.mindelay_s <= src->delay.least_s)
		return 0;
	return doubt / 2 / sqrt(3) * discipline_traits_even(&src->traits);
}

/* The estimate for people: the bank's, with the caution taken off sigma.  By
 * how much the intervals really were too wide is doubtful by as much again, so
 * that stays; sigma becomes at most 0.71 of what it was. */
static void
look_bank(const struct discipline_bank *b, double raw_s, double caution_s,
    struct estimate *e)
{
	double w2, n2, sd, k;

	discipline_bank_mean(b, b->at_s, e);
	discipline_bank_noise(b, &w2, &n2);
	sd = sqrt(e->pxx);
	k = hypot(sd - caution_s, caution_s) / sd;
	k = fmin(k, 1);
	e->pxx *= k * k;
	e->pxy *= k;
	discipline_estimate_predict(e, fmax(raw_s - b->at_s, 0), w2, n2);
}

/* Of all members, weighted by what they bring. */
static double
joint_caution(const struct discipline *d)
{
	double sum = 0, info = 0;

	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		const struct core_source *src = &d->source[i];

		if (!(d->joint.members >> i & 1) || !src->open)
			continue;
		sum += src->info * caution(src);
		info += src->info;
	}
	return info > 0 ? sum / info : 0;
}

void
discipline_sigma_joint(
    const struct discipline *d, double raw_s, struct estimate *e)
{
	look_bank(&d->joint.bank, raw_s, joint_caution(d), e);
	e->pxx += d->joint.bias_var;
}

void
discipline_sigma_source(
    const struct core_source *src, double raw_s, struct estimate *e)
{
	look_bank(&src->bank, raw_s, caution(src), e);
}
