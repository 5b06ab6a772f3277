/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time types, one struct each so that the compiler keeps them apart, and the
 * only conversions between them.  RFC 5905 section 6; eras as section 6 and
 * the pivot rule below.
 */
#ifndef BASE_TSTAMP_H
#define BASE_TSTAMP_H

#include <stdbool.h>
#include <stdint.h>

#define TSTAMP_NS_PER_S      1000000000LL
#define TSTAMP_DAY_NS        (86400 * TSTAMP_NS_PER_S)
#define TSTAMP_UNIX_OFFSET_S 2208988800LL /* 1900-01-01 to 1970-01-01 */

/* 32.32 seconds since 1900 modulo 2^32 s, as on the wire; 0 is unknown. */
struct ntp_ts {
	uint64_t v;
};

/* 16.16 seconds, unsigned: root delay and dispersion. */
struct ntp_short {
	uint32_t v;
};

/* ns UTC since 1970, of the clock that is being disciplined; may step. */
struct wall {
	int64_t ns;
};

/* ns of CLOCK_MONOTONIC. */
struct mono {
	int64_t ns;
};

/* An interval in ns. */
struct dur {
	int64_t ns;
};

/**
 * tstamp_from_wall - wall time to wire format; the era is dropped.
 */
struct ntp_ts tstamp_from_wall(struct wall t);

/**
 * tstamp_to_wall - wire format to wall time.
 * @ts:    not the unknown value 0.
 * @pivot: the result is the reading nearest to it (within 68 years): the
 *         later of build date and last known time, or our own clock.
 */
struct wall tstamp_to_wall(struct ntp_ts ts, struct wall pivot);

/**
 * tstamp_diff - a - b in two's complement, right within 68 years; ns.
 */
struct dur tstamp_diff(struct ntp_ts a, struct ntp_ts b);

/**
 * tstamp_short_from_s - seconds to 16.16, rounded up (a bound stays one),
 * clamped to the format's range.
 */
struct ntp_short tstamp_short_from_s(double s);

/**
 * tstamp_short_to_s - 16.16 to seconds.
 */
double tstamp_short_to_s(struct ntp_short v);

/**
 * tstamp_wall_diff, tstamp_mono_diff - a - b, saturating.
 */
struct dur tstamp_wall_diff(struct wall a, struct wall b);
struct dur tstamp_mono_diff(struct mono a, struct mono b);

/**
 * tstamp_wall_add, tstamp_mono_add - t + d, saturating.
 */
struct wall tstamp_wall_add(struct wall t, struct dur d);
struct mono tstamp_mono_add(struct mono t, struct dur d);

/**
 * tstamp_wall_mday - the day of the month, UTC, from 1; for times from 1970.
 */
unsigned tstamp_wall_mday(struct wall t);

/**
 * tstamp_dur_to_s, tstamp_dur_from_s - ns to seconds and back; from_s
 * rounds to nearest and saturates, NaN gives 0.
 */
double tstamp_dur_to_s(struct dur d);
struct dur tstamp_dur_from_s(double s);

#endif
