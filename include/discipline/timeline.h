/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What our corrections have done to the clock, second by second, so that
 * every sample can be expressed against the free-running oscillator, which
 * no command of ours disturbs.  Booked only from what the clock reports.
 *
 * raw time r: seconds of the oscillator since the timeline began.
 * correction C: what frequency and slews have added to the clock since then.
 * Steps are no part of C: the caller shifts its phases by them instead.
 */
#ifndef DISCIPLINE_TIMELINE_H
#define DISCIPLINE_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clockcmd.h"
#include "base/tstamp.h"

/* Samples may lie some minutes back (RFC 9769). */
#define DISCIPLINE_TIMELINE_MAX 512

/* From @at_s on (seconds of CLOCK_MONOTONIC since the origin) until the
 * next one begins. */
struct timeline_part {
	double at_s;
	double raw_s;
	double corr_s;
	double freq_sps;
	double slew_sps;
	double slew_until_s;
};

struct discipline_timeline {
	struct mono origin;
	bool steers_mono;
	bool started;      /* the clock has been heard of */
	unsigned cnt;      /* parts ever begun; a ring */
	bool forgotten;    /* its sums begin anew with the next report */
	struct dur slewed; /* the clock's running sum at the last part */
	struct timeline_part part[DISCIPLINE_TIMELINE_MAX];
};

/* A moment on the timeline. */
struct timeline_point {
	double raw_s;
	double corr_s;
};

/**
 * discipline_timeline_init - begin at a moment, with nothing corrected.
 * @steers_mono: the corrections steer CLOCK_MONOTONIC too.
 */
void discipline_timeline_init(
    struct discipline_timeline *tl, struct mono origin, bool steers_mono);

/**
 * discipline_timeline_book - take over a report of the clock.
 */
void discipline_timeline_book(
    struct discipline_timeline *tl, const struct clockcmd_state *state);

/**
 * discipline_timeline_restart - the clock lost its sums; until it reports
 * again it is supposed to keep the base frequency without slewing.
 */
void discipline_timeline_restart(
    struct discipline_timeline *tl, struct mono now);

/**
 * discipline_timeline_at - where the oscillator and the corrections were (or,
 * if nothing new is commanded, will be) at a moment.
 */
struct timeline_point discipline_timeline_at(
    const struct discipline_timeline *tl, struct mono at);

/**
 * discipline_timeline_freq, _slew - base frequency and slew rate booked last.
 * discipline_timeline_slewing - what is left of a slew after a moment, and
 * when it ends.
 */
double discipline_timeline_freq(const struct discipline_timeline *tl);
double discipline_timeline_slew(const struct discipline_timeline *tl);
double discipline_timeline_slewing(
    const struct discipline_timeline *tl, struct mono at, struct mono *until);

#endif
