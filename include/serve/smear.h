/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The leap second, smeared: where our own time goes back or forward by a
 * second at once, the time that is served runs on and comes to meet it
 * smoothly.  Its rate changes by at most maxwander per second and is off by at
 * most maxfreq, so that clients can follow: three stretches of constant
 * change in rate, as chrony's smoothtime has them.  BCP 223 section 3.7.1: for
 * clients of our own only.
 */
#ifndef SERVE_SMEAR_H
#define SERVE_SMEAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timepage.h"
#include "base/tstamp.h"

/* How a second is made up: the rate grows for ramp_s to peak_sps, stays for
 * flat_s, and falls for ramp_s.  @ramp_s 0: no smear is wanted. */
struct serve_smear_plan {
	double wander_sps2; /* s/s per second */
	double peak_sps;
	double ramp_s;
	double flat_s;
};

/* A smear; @before is what our clock had ahead of CLOCK_MONOTONIC while the
 * leap second was still to come, which tells whether it has come. */
struct serve_smear {
	struct serve_smear_plan plan;
	bool known;
	struct dur before;
	struct mono before_at;
	bool active;      /* the time served is not ours */
	struct dur shift; /* served minus ours */
};

/**
 * serve_smear_init - no leap second known; both 0: no smear is wanted.
 */
void serve_smear_init(
    struct serve_smear *s, double maxfreq_ppm, double maxwander_ppm);

/**
 * serve_smear_wanted - whether leap seconds are smeared at all.
 */
bool serve_smear_wanted(const struct serve_smear *s);

/**
 * serve_smear_left - what is left of a second, 1 to 0, so long after it; and
 * how long it takes.
 */
double serve_smear_left(const struct serve_smear_plan *p, double since_s);
double serve_smear_length_s(const struct serve_smear_plan *p);

/**
 * serve_smear_look - set active and shift for a moment.
 * @ahead: our time, all corrections included, minus CLOCK_MONOTONIC.
 */
void serve_smear_look(struct serve_smear *s, const struct timepage_time *page,
    struct mono now, struct dur ahead);

#endif
