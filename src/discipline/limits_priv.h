/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the judge of limits.c and the book-keeping of limits_saved.c share:
 * the size of the budget and small sums over the state.
 */
#ifndef DISCIPLINE_LIMITS_PRIV_H
#define DISCIPLINE_LIMITS_PRIV_H

#include <math.h>

#include "discipline/limits.h"

#define NS_PER_S      1e9
#define DAY_S         86400
#define BUDGET_NS     (2 * NS_PER_S)
#define TRANCHE_NS    (0.1 * NS_PER_S)
#define LEAK_SPS      (2.0 / DAY_S)
#define HOLD_SLACK_NS 5e6
#define HOUR_NS       (3600 * TSTAMP_NS_PER_S)
#define BUCKET_MAX    16.0

static inline struct wall
clock_of(const struct limits_reading *r)
{
	return tstamp_wall_add(r->real, r->virt);
}

static inline double
elapsed(struct mono to, struct mono from)
{
	return fmax(0, (double)tstamp_mono_diff(to, from).ns);
}

static inline double
towards_zero(double v, double by)
{
	return fabs(v) <= by ? 0 : v - copysign(by, v);
}

static inline struct wall
floor_at(const struct limits *l, struct mono boot)
{
	struct dur since = tstamp_mono_diff(boot, l->floor_boot);

	return tstamp_wall_add(l->floor, since);
}

static inline double
spent(const struct limits *l, double moved_ns)
{
	return l->carried_ns + fabs(moved_ns);
}

#endif
