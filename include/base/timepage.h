/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time pages: what this machine knows of the time, in a form that any
 * process can map and read without asking anybody.
 *
 * RUNDIR/time is written by role sync (struct timepage_time), RUNDIR/clock by
 * role clock (struct timepage_clock).  Both have the same frame: a sequence
 * lock over 64-bit words.  A reader retries a bounded number of times; an odd
 * generation left behind by a dead writer reads as ERR_AGAIN.
 *
 * true time = CLOCK_REALTIME + virtual clock (clock page, zero without -x)
 *           + what is still to be corrected (time page).
 */
#ifndef BASE_TIMEPAGE_H
#define BASE_TIMEPAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tstamp.h"

#define TIMEPAGE_MAGIC   0x6e6f6f6e65757274ULL /* "truenoon" in memory */
#define TIMEPAGE_VERSION 1
#define TIMEPAGE_SIZE    4096
#define TIMEPAGE_WORDS   60

/* The frame in shared memory.  @generation: 0 never written, odd while
 * being written. */
struct timepage {
	uint64_t magic;
	uint32_t version;
	uint32_t generation;
	uint64_t words[TIMEPAGE_WORDS];
};

enum timepage_flag {
	TIMEPAGE_SYNCED = 1U << 0,  /* the clock follows accepted sources */
	TIMEPAGE_BOUNDED = 1U << 1, /* bound_ns holds a bound */
	TIMEPAGE_VIRTUAL = 1U << 2, /* -x: the kernel clock is not touched */
	TIMEPAGE_LOCAL = 1U << 3,   /* serving by `local stratum` */
};

/* Written by sync.  Times are ns; *_sps are seconds per second. */
struct timepage_time {
	int64_t as_of_mono_ns;      /* CLOCK_MONOTONIC of the values below */
	int64_t as_of_raw_ns;       /* CLOCK_MONOTONIC_RAW at the same moment */
	int64_t as_of_boot_ns;      /* CLOCK_BOOTTIME at the same moment */
	int64_t as_of_wall_ns;      /* the disciplined clock at that moment */
	int64_t offset_ns;          /* true - disciplined clock, at as_of */
	double rate_sps;            /* how offset_ns changes while slewing... */
	int64_t rate_until_mono_ns; /* ...and until when it does */
	double freq_sps;            /* correction of the oscillator in force */
	double freq_error_sps;      /* its standard error */
	int64_t sigma_ns; /* standard error of offset_ns, an estimate */
	int64_t bound_ns; /* bound on |true - (clock + offset)| */
	double bound_growth_sps;
	int64_t ref_wall_ns; /* when the clock was last updated */
	int64_t root_delay_ns;
	int64_t root_dispersion_ns; /* at as_of */
	double root_dispersion_growth_sps;
	uint32_t ref_id; /* as a number: first wire byte most significant */
	int32_t tai_offset_s; /* TAI - UTC, 0 unknown */
	uint8_t leap;         /* 0..3 as in the NTP header */
	uint8_t stratum;      /* 16: unsynchronised */
	uint16_t flags;       /* enum timepage_flag */
	uint32_t source_cnt;  /* sources that voted for this */
	int64_t leap_mono_ns; /* CLOCK_MONOTONIC of the next leap second, if it
	                       * is announced, else of the last one seen */
	int64_t leap_expires_wall_ns; /* of the leap second list, 0: none */
	int8_t leap_sense;            /* +1 inserted, -1 deleted, 0 none */
	uint8_t pad[7];
};

/* Written by clock: what it did, and what it confirms of sync's claims. */
struct timepage_clock {
	int64_t as_of_mono_ns;
	int64_t virt_offset_ns; /* virtual clock - CLOCK_REALTIME, at as_of */
	double virt_rate_sps;   /* its growth for ever */
	double slew_rate_sps;   /* and in addition until... */
	int64_t slew_until_mono_ns;
	int64_t synced_until_boot_ns; /* confirmed synchronised until then */
	uint64_t disruption_cnt;      /* steps by others, suspends seen */
	int32_t tai_offset_s;
	uint8_t leap;
	uint8_t pad;
	uint16_t flags; /* TIMEPAGE_VIRTUAL or 0 */
};

/**
 * timepage_init - make a fresh page at p, TIMEPAGE_SIZE bytes, zeroed.
 */
void timepage_init(struct timepage *p);

/**
 * timepage_put - publish len bytes (a multiple of 8, at most
 * 8 * TIMEPAGE_WORDS).  One writer only.
 */
void timepage_put(struct timepage *p, const void *data, size_t len);

/**
 * timepage_get - a consistent copy of len bytes.
 * Return: 0; ERR_ABSENT when never written or not such a page; ERR_AGAIN when
 * no consistent copy could be had.  data is zeroed on error.
 */
int timepage_get(const struct timepage *p, void *data, size_t len) MUST_CHECK;

/**
 * timepage_virtual - virtual clock minus CLOCK_REALTIME at a moment.
 */
struct dur timepage_virtual(const struct timepage_clock *c, struct mono at);

/**
 * timepage_remaining - true time minus disciplined clock at a moment.
 */
struct dur timepage_remaining(const struct timepage_time *t, struct mono at);

/**
 * timepage_dispersion_s - root dispersion grown to a moment, seconds.
 */
double timepage_dispersion_s(const struct timepage_time *t, struct mono at);

#endif
