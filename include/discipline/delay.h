/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the delays of one source say: the least delay of the route in use, the
 * mean queueing J per direction, and for each sample how far its delay lies
 * above the base.  The sum of two exponential queues has P(S < s) = s^2 /
 * (2 J^2) near 0, so the least of n delays lies above the base by about
 * 1.2533 J / sqrt(n), give or take 0.52 of that: without this the luckiest
 * sample would be believed without limit.
 */
#ifndef DISCIPLINE_DELAY_H
#define DISCIPLINE_DELAY_H

#include <stdbool.h>
#include <stdint.h>

#define DISCIPLINE_DELAY_RECENT 64
#define DISCIPLINE_DELAY_BLOCKS 15 /* minima of 64 older ones each */
#define DISCIPLINE_DELAY_DAY    24 /* minima per hour, for asymmetry doubt */

struct discipline_delay {
	double recent[DISCIPLINE_DELAY_RECENT]; /* ring */
	double jitter[DISCIPLINE_DELAY_RECENT]; /* J after each of them */
	double block[DISCIPLINE_DELAY_BLOCKS];  /* ring of block minima */
	double filling; /* least of the block that recent[] is filling */
	uint32_t seen;  /* on this route */
	uint32_t block_cnt;
	double least_s;         /* m */
	double before_jitter_s; /* J before the last sample */
	double before_s;        /* m less 8 J, before the last sample */
	double jitter_s;        /* J; 0 while unknown */
	double hour[DISCIPLINE_DELAY_DAY];
	double day_s; /* least of these */
	double hour_at_s;
	unsigned hour_idx;
	uint32_t route_cnt; /* changes of route noticed */
};

/* How one sample stands. */
struct delay_excess {
	double s_s;  /* S: estimated queueing, both ways */
	double sd_s; /* standard deviation of the base delay's estimate */
	bool rerouted;
};

void discipline_delay_init(struct discipline_delay *dl);

/**
 * discipline_delay_known - the least delay of an earlier run, before the first
 * sample; a change of route forgets it.
 */
void discipline_delay_known(struct discipline_delay *dl, double least_s);

/**
 * discipline_delay_add - take in a delay.
 * @at_s: when, seconds, never decreasing.
 * @x:    what it means for this sample.
 */
void discipline_delay_add(struct discipline_delay *dl, double at_s,
    double delay_s, struct delay_excess *x);

/**
 * discipline_delay_detour - half of what the least delay lies above that of
 * the last 24 hours: how far asymmetry may have changed unseen.
 */
double discipline_delay_detour(const struct discipline_delay *dl);

/**
 * discipline_delay_doubt - standard deviation of the base delay's estimate.
 */
double discipline_delay_doubt(const struct discipline_delay *dl);

/**
 * discipline_delay_quantile - of the recent delays, q in 0..1; 0 if none.
 */
double discipline_delay_quantile(const struct discipline_delay *dl, double q);

#endif
