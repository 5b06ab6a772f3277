/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conversions between time types.  All differences are taken on integers
 * before anything becomes a double, so that no precision is lost.
 */
#include "base/tstamp.h"

#include <math.h>

static int64_t
add_sat(int64_t a, int64_t b)
{
	int64_t r;

	if (__builtin_add_overflow(a, b, &r))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return r;
}

static int64_t
sub_sat(int64_t a, int64_t b)
{
	int64_t r;

	if (__builtin_sub_overflow(a, b, &r))
		return b < 0 ? INT64_MAX : INT64_MIN;
	return r;
}

struct ntp_ts
tstamp_from_wall(struct wall t)
{
	int64_t sec = t.ns / TSTAMP_NS_PER_S;
	int64_t rest = t.ns % TSTAMP_NS_PER_S;
	uint64_t frac;

	if (rest < 0) {
		rest += TSTAMP_NS_PER_S;
		sec--;
	}
	frac = ((uint64_t)rest << 32) / (uint64_t)TSTAMP_NS_PER_S;
	sec += TSTAMP_UNIX_OFFSET_S;
	return (struct ntp_ts){(uint64_t)sec << 32 | frac};
}

struct dur
tstamp_diff(struct ntp_ts a, struct ntp_ts b)
{
	int64_t d = (int64_t)(a.v - b.v);
	int64_t sec = d >> 32; /* floor: the fraction is never negative */
	int64_t frac = d & 0xffffffffLL;

	return (struct dur){sec * TSTAMP_NS_PER_S +
	    ((frac * TSTAMP_NS_PER_S + (1LL << 31)) >> 32)};
}

struct wall
tstamp_to_wall(struct ntp_ts ts, struct wall pivot)
{
	struct ntp_ts at = tstamp_from_wall(pivot);

	/* from_wall rounds down: take the part it lost from the pivot, so
	 * that a time written and read back is the same to the ns. */
	int64_t sec = (int64_t)(uint32_t)(ts.v >> 32);
	int64_t pivot_sec = (int64_t)(uint32_t)(at.v >> 32);
	int32_t apart = (int32_t)((uint32_t)sec - (uint32_t)pivot_sec);
	int64_t pivot_ns = pivot.ns % TSTAMP_NS_PER_S;
	int64_t frac = (int64_t)(ts.v & 0xffffffffU);

	if (pivot_ns < 0)
		pivot_ns += TSTAMP_NS_PER_S;
	frac = (frac * TSTAMP_NS_PER_S + (1LL << 31)) >> 32;
	return (struct wall){
	    add_sat(pivot.ns - pivot_ns, apart * TSTAMP_NS_PER_S + frac)};
}

struct ntp_short
tstamp_short_from_s(double s)
{
	double v = ceil(s * 65536.0);

	if (!(v > 0))
		return (struct ntp_short){0};
	if (v >= 4294967295.0)
		return (struct ntp_short){UINT32_MAX};
	return (struct ntp_short){(uint32_t)v};
}

double
tstamp_short_to_s(struct ntp_short v)
{
	return v.v / 65536.0;
}

struct dur
tstamp_wall_diff(struct wall a, struct wall b)
{
	return (struct dur){sub_sat(a.ns, b.ns)};
}

struct dur
tstamp_mono_diff(struct mono a, struct mono b)
{
	return (struct dur){sub_sat(a.ns, b.ns)};
}

struct wall
tstamp_wall_add(struct wall t, struct dur d)
{
	return (struct wall){add_sat(t.ns, d.ns)};
}

struct mono
tstamp_mono_add(struct mono t, struct dur d)
{
	return (struct mono){add_sat(t.ns, d.ns)};
}

double
tstamp_dur_to_s(struct dur d)
{
	return (double)d.ns * 1e-9;
}

struct dur
tstamp_dur_from_s(double s)
{
	double ns = s * 1e9;

	if (isnan(ns))
		return (struct dur){0};
	if (ns >= 9.2233720368547e18)
		return (struct dur){INT64_MAX};
	if (ns <= -9.2233720368547e18)
		return (struct dur){INT64_MIN};
	return (struct dur){llrint(ns)};
}

/* Proleptic Gregorian calendar, counted in years that begin in March. */
unsigned
tstamp_wall_mday(struct wall t)
{
	int64_t d = t.ns / TSTAMP_DAY_NS + 719468; /* since 0000-03-01 */
	int64_t in_era, year, in_year, month;

	in_era = d % 146097;
	year =
	    (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	in_year = in_era - (365 * year + year / 4 - year / 100);
	month = (5 * in_year + 2) / 153;
	return (unsigned)(in_year - (153 * month + 2) / 5 + 1);
}
