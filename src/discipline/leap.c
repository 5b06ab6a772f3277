/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leap seconds: what the accepted sources announce, by majority, unless a
 * leap second list says it with more authority; announced on the last day of
 * a UTC month only (RFC 5905 section 7.3; hostile case H9).  What happens at
 * its instant is the kernel's with `leapsecmode system`; else UTC moves
 * against a clock that counts on, and we book that.
 */
#include "core_priv.h"

#define DAY_S     86400LL
#define KERNEL_NS 1500000000LL

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Whether a day, counted from 1970, is followed by the first of a month.
 * Days are counted from the first of March, as in the usual arithmetic of the
 * Gregorian calendar. */
static bool
ends_month(int64_t day)
{
	int64_t z = day + 1 + 719468;
	int64_t in_era = z - floor_div(z, 146097) * 146097;
	int64_t year =
	    (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * in_year + 2) / 153;

	return in_year == (153 * month + 2) / 5;
}

static uint8_t
announced(const struct discipline *d)
{
	unsigned said[3] = {0, 0, 0};

	for (unsigned i = 0; i < DISCIPLINE_SLOT_MAX; i++)
		if (d->vote.accepted >> i & 1)
			said[d->source[i].told.leap % 3]++;
	for (uint8_t leap = 1; leap <= 2; leap++)
		if (2 * said[leap] > d->vote.accepted_cnt)
			return leap;
	return 0;
}

static uint8_t
listed(const struct discipline_leap *list, int64_t wall_ns)
{
	int64_t left = list->next.ns - wall_ns;

	if (list->sense == 0 || left <= 0 || left > DAY_S * TSTAMP_NS_PER_S)
		return 0;
	return list->sense > 0 ? 1 : 2;
}

int64_t
discipline_leap_wall(const struct discipline *d, struct mono now)
{
	return d->control.ref_wall.ns + (now.ns - d->control.ref_wall_at.ns);
}

uint8_t
discipline_leap_vote(const struct discipline *d, struct mono now)
{
	const struct discipline_leap *list = &d->conf.leap;
	int64_t wall = discipline_leap_wall(d, now);
	int64_t day = floor_div(wall, DAY_S * TSTAMP_NS_PER_S);

	if (d->control.ref_wall.ns == 0)
		return 0;
	if (list->expires.ns > wall)
		return listed(list, wall);
	return ends_month(day) ? announced(d) : 0;
}

/* Remember when it comes; forget it when nobody says so any more. */
void
discipline_leap_plan(struct discipline *d, struct mono now)
{
	struct core_leap *l = &d->leap_plan;
	int64_t day_ns = DAY_S * TSTAMP_NS_PER_S;
	int64_t wall = discipline_leap_wall(d, now);

	if (l->sense != 0 && wall >= l->at_ns)
		return;
	l->sense = d->leap == 1 ? 1 : d->leap == 2 ? -1 : 0;
	l->at_ns = (floor_div(wall, day_ns) + 1) * day_ns;
	if (l->sense < 0)
		l->at_ns -= TSTAMP_NS_PER_S;
}

/* Has it come?  The kernel is told a moment longer, until it has surely done
 * its part. */
bool
discipline_leap_due(struct discipline *d, struct mono now)
{
	struct core_leap *l = &d->leap_plan;
	bool kernel = d->conf.leapmode == DISCIPLINE_LEAP_SYSTEM;
	int64_t wait = kernel ? KERNEL_NS : 0;

	if (l->sense == 0 || discipline_leap_wall(d, now) < l->at_ns + wait)
		return false;
	if (d->conf.leap.tai_offset_s != 0)
		d->conf.leap.tai_offset_s += l->sense;
	l->moved_s = kernel ? 0 : -l->sense;
	l->sense = 0;
	d->leap = 0;
	return true;
}
