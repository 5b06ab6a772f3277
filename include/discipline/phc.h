/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the clock of a network interface (PHC) to the system's, so that a
 * hardware time stamp can be told on CLOCK_REALTIME and CLOCK_MONOTONIC.
 *
 * The line is fitted between two clocks that nobody steers, the PHC and
 * CLOCK_MONOTONIC_RAW, from readings of the PHC between two of the other.
 * What the discipline does to the system clock, slews and steps, therefore
 * costs nothing: the raw time of a stamp becomes system time by a reading of
 * all system clocks at the moment of use, which is soon after the stamp.
 */
#ifndef DISCIPLINE_PHC_H
#define DISCIPLINE_PHC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tstamp.h"

#define DISCIPLINE_PHC_MAX 64 /* readings kept */
#define DISCIPLINE_PHC_MIN 3  /* fewer are no check of each other */

/* The PHC, read between two readings of another clock (a cross timestamp of
 * the hardware: both the same). */
struct discipline_phc_reading {
	int64_t before_ns;
	int64_t phc_ns;
	int64_t after_ns;
};

/* The system's clocks at one moment. */
struct discipline_phc_now {
	int64_t raw_ns; /* CLOCK_MONOTONIC_RAW */
	struct wall real;
	struct mono mono;
	struct dur spread; /* how long reading them took */
};

struct discipline_phc_conf {
	double precision_s;  /* assumed of one reading */
	uint32_t min_cnt;    /* readings before stamps are mapped */
	uint32_t max_cnt;    /* readings kept, at most DISCIPLINE_PHC_MAX */
	struct dur interval; /* between readings */
};

/* What came of a reading. */
enum discipline_phc_news {
	DISCIPLINE_PHC_KEPT = 0,
	DISCIPLINE_PHC_WIDE,    /* left out: took much longer than others */
	DISCIPLINE_PHC_BAD,     /* left out: cannot be true */
	DISCIPLINE_PHC_DOUBT,   /* off the line: no stamps until the next */
	DISCIPLINE_PHC_STEPPED, /* the PHC was stepped: a new line begins */
};

/* Fields are phc.c's own. */
struct discipline_phc_point {
	int64_t phc_ns;
	int64_t raw_ns;
	double half_s; /* half the width of the reading */
};

struct discipline_phc {
	struct discipline_phc_conf conf;
	struct discipline_phc_point at[DISCIPLINE_PHC_MAX]; /* oldest first */
	uint32_t cnt;
	bool doubt;
	struct discipline_phc_point odd; /* what is doubted */
	/* raw - phc, from the newest point, over phc time from it */
	double offset_s;
	double rate_sps;
	double mean_x_s; /* where the line is known best */
	double var_offset;
	double var_rate;
	double least_half_s;
	struct discipline_phc_now last; /* clocks at the newest reading */
	double system_sps; /* rate of the system's over the raw one then */
};

/* A stamp on the system's clocks. */
struct discipline_phc_stamp {
	struct wall real;
	struct mono mono;
	double error_s; /* estimate of its bound */
};

/**
 * discipline_phc_init - no reading yet.  What is out of range in the
 * settings is brought to the nearest that is in it.
 */
void discipline_phc_init(
    struct discipline_phc *p, const struct discipline_phc_conf *c);

/**
 * discipline_phc_pace - readings come at another interval from now on; not
 * above 0: every second.
 */
void discipline_phc_pace(struct discipline_phc *p, struct dur interval);

/**
 * discipline_phc_forget - all readings, not the settings.
 */
void discipline_phc_forget(struct discipline_phc *p);

/**
 * discipline_phc_best - the quickest of several readings made in a row.
 * Return: its index; cnt when none can be true.
 */
size_t discipline_phc_best(const struct discipline_phc_reading *r, size_t cnt);

/**
 * discipline_phc_add - one reading more.
 * @r:   before and after on CLOCK_REALTIME.
 * @now: all clocks, read right after it.  A step of CLOCK_REALTIME between
 *       the two is noticed as a doubtful reading.
 * Return: enum discipline_phc_news.
 */
unsigned discipline_phc_add(struct discipline_phc *p,
    const struct discipline_phc_reading *r,
    const struct discipline_phc_now *now);

/**
 * discipline_phc_ready - whether stamps can be mapped.
 */
bool discipline_phc_ready(const struct discipline_phc *p);

/**
 * discipline_phc_map - a hardware stamp on the system's clocks.
 * @now: all clocks, read at the moment of use.
 * Return: 0; ERR_AGAIN when there is no line (yet), or one in doubt;
 * ERR_BAD when the stamp is not from the time that the readings are of, or
 * is of the future.
 */
int discipline_phc_map(const struct discipline_phc *p, int64_t phc_ns,
    const struct discipline_phc_now *now,
    struct discipline_phc_stamp *out) MUST_CHECK;

#endif
