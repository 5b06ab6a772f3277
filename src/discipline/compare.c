/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparing the sources' frequencies: two stacked filters, one that expects
 * servers to keep their rate (finds slow drifts), one that expects them to
 * change it (finds onsets), and what follows from suspicion.
 */
#include <math.h>

#include "core_priv.h"

#define STEADY_W           1e-10
#define FICKLE_W           1e-8
#define FREQ_TOLERANCE_SPS 2e-8
#define PROVED_SIGMAS      4.0
#define SUSPECT_SIGMAS     2.0
#define SUSPECT_REPLIES    2 /* in a row, before all are asked faster */
#define WATCH_REPLIES      8
#define DILUTE_MAX         1e4
#define JUMP_BAR           8
#define BIAS_SIGNIFICANT   4.0 /* variances; less than two sigma is chance */

void
discipline_compare_init(struct core_compare *c)
{
	discipline_stacked_init(&c->filter[0], STEADY_W);
	discipline_stacked_init(&c->filter[1], FICKLE_W);
	for (int i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		c->idx[i] = -1;
}

void
discipline_compare_remove(struct core_compare *c, unsigned slot)
{
	int gone = c->idx[slot];

	if (gone < 0)
		return;
	discipline_stacked_remove(&c->filter[0], (unsigned)gone);
	discipline_stacked_remove(&c->filter[1], (unsigned)gone);
	c->idx[slot] = -1;
	for (int i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if (c->idx[i] > gone)
			c->idx[i]--;
}

/* By how many sigmas beyond the tolerance two sources' rates differ. */
static double
rate_gap(const struct core_compare *c, unsigned i, unsigned k)
{
	double worst = 0;

	if (c->idx[i] < 0 || c->idx[k] < 0)
		return 0;
	for (int f = 0; f < 2; f++) {
		double sd,
		    apart = discipline_stacked_apart(&c->filter[f],
			(unsigned)c->idx[i], (unsigned)c->idx[k], &sd);

		worst = fmax(worst,
		    (fabs(apart) - FREQ_TOLERANCE_SPS) / fmax(sd, 1e-15));
	}
	return worst;
}

bool
discipline_compare_agree(const struct core_compare *c, unsigned i, unsigned k)
{
	return rate_gap(c, i, k) <= PROVED_SIGMAS;
}

/* A pair that drifts apart by more than chance: look closer, all of us. */
static void
suspect(struct discipline *d, unsigned slot)
{
	struct core_source *src = &d->source[slot];
	double worst = 0;

	for (unsigned k = 0; k < DISCIPLINE_SLOT_MAX; k++)
		if (k != slot && d->vote.accepted >> slot & 1 &&
		    d->vote.accepted >> k & 1)
			worst = fmax(worst, rate_gap(&d->compare, slot, k));
	if (worst <= SUSPECT_SIGMAS) {
		src->suspect = 0;
		return;
	}
	if (src->suspect < SUSPECT_REPLIES)
		src->suspect++;
	if (src->suspect < SUSPECT_REPLIES)
		return;
	for (unsigned k = 0; k < DISCIPLINE_SLOT_MAX; k++)
		if (d->source[k].open)
			d->source[k].poll.watch = WATCH_REPLIES;
}

void
discipline_compare_take(
    struct discipline *d, unsigned slot, const struct core_replay *r)
{
	struct core_compare *c = &d->compare;
	struct core_source *src = &d->source[slot];
	double w2 = 1e-18, n2, pyy = d->conf.freq_error_sps;
	bool fits = true;

	if (c->idx[slot] < 0) {
		c->idx[slot] = discipline_stacked_add(&c->filter[0], r->raw_s,
		    &r->o, d->conf.freq_sps, pyy * pyy);
		discipline_stacked_add(&c->filter[1], r->raw_s, &r->o,
		    d->conf.freq_sps, pyy * pyy);
		return;
	}
	if (d->joint.primed)
		discipline_bank_noise(&d->joint.bank, &w2, &n2);
	for (int f = 0; f < 2; f++)
		fits &= discipline_stacked_update(
		    &c->filter[f], (unsigned)c->idx[slot], r->raw_s, &r->o, w2);
	if (!fits && src->since_reset > 8)
		src->bar = JUMP_BAR;
	suspect(d, slot);
}

/* Weights in the mean of the phases: by information and, as far as the
 * sources are seen to differ, by how far each may be off, which goes with
 * its delay.  Nobody has more than half while there are three. */
static void
weigh(struct discipline *d, uint64_t members, double scatter2)
{
	double sum = 0, most = 0;
	unsigned n = 0, who = 0;

	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		const struct core_source *src = &d->source[i];
		struct core_share *s = &d->joint.share[i];
		double base = src->delay.least_s;
		double detour = discipline_delay_detour(&src->delay);

		s->weight = 0;
		s->dilute = 1;
		if (!(members >> i & 1) || src->info <= 0)
			continue;
		s->weight = 1 /
		    (scatter2 * base * base + 1 / src->info +
			detour * detour / 3);
		sum += s->weight;
		n++;
		if (s->weight > most) {
			most = s->weight;
			who = i;
		}
	}
	if (n >= 3 && most > sum - most) {
		double rest = fmax(sum - most, most / DILUTE_MAX);

		d->joint.share[who].dilute = most / rest;
		d->joint.share[who].weight = rest;
		sum += rest - most;
	}
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX && sum > 0; i++)
		d->joint.share[i].weight /= sum;
}

/* What of a source's distance from the mean is more than chance. */
static double
measure_biases(struct discipline *d, uint64_t members)
{
	const struct core_compare *c = &d->compare;
	double w[DISCIPLINE_STACKED_MAX] = {0}, scatter = 0, weight = 0;

	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if (members >> i & 1 && c->idx[i] >= 0)
			w[c->idx[i]] = d->joint.share[i].weight;
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		struct core_share *s = &d->joint.share[i];
		double base = d->source[i].delay.least_s;
		double far, var, real;

		s->bias_s = 0;
		if (!(members >> i & 1) || c->idx[i] < 0)
			continue;
		far = discipline_stacked_bias(
		    &c->filter[0], (unsigned)c->idx[i], w, &var);
		real = fmax(far * far - BIAS_SIGNIFICANT * var, 0);
		if (real <= 0)
			continue;
		s->bias_s = far * real / (far * far);
		scatter += s->weight * real / fmax(base * base, 1e-18);
		weight += s->weight;
	}
	return weight > 0 ? scatter / weight : 0;
}

void
discipline_compare_share(struct discipline *d, uint64_t members)
{
	double scatter2 = 0;

	weigh(d, members, 0);
	scatter2 = measure_biases(d, members);
	if (scatter2 > 0) {
		weigh(d, members, scatter2);
		measure_biases(d, members);
	}
	d->joint.bias_var = 0;
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		double w = d->joint.share[i].weight;
		double base = d->source[i].delay.least_s;
		double detour = discipline_delay_detour(&d->source[i].delay);

		if (w > 0)
			d->joint.bias_var += w * w *
			    (scatter2 * base * base + detour * detour / 3);
	}
}

void
discipline_compare_shift(struct core_compare *c, double dx_s, double pxx)
{
	discipline_stacked_shift(&c->filter[0], dx_s, pxx);
	discipline_stacked_shift(&c->filter[1], dx_s, pxx);
}

/* After a step that all have seen: those whose states have not followed yet
 * are moved. */
void
discipline_compare_realign(struct discipline *d, double step_s)
{
	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++) {
		const struct discipline_bank *b = &d->source[i].bank;
		int idx = d->compare.idx[i];
		struct estimate e;

		for (int k = 0; idx >= 0 && k < 2; k++) {
			struct discipline_stacked *f = &d->compare.filter[k];
			double at = fmax(f->at_s, b->at_s), x;

			discipline_bank_mean(b, at, &e);
			x = f->m[2 * idx] + f->m[2 * idx + 1] * (at - f->at_s);
			if (fabs(e.x_s - x) > fabs(step_s) / 2)
				f->m[2 * idx] += step_s;
		}
	}
}
